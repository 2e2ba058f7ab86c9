//! All cuts of one update on one part.

use flash_model::{CutPoint, Log, Part, Tear};

use super::device::Places;
use super::known::{Known, Spent};
use super::ledger::Ledger;
use super::{Device, Policy, Update};

/// How much is cut.
#[derive(Debug, Clone)]
pub struct Effort {
    /// What a torn operation leaves, one cut each; the cut before it comes on top.
    pub tears: Vec<Tear>,
    /// One of so many cuts is tried, beginning with the first: 1 for all.
    pub every: usize,
    /// One of so many recoveries is cut a second time.
    pub second_of: u64,
    /// Places where each of those is cut, beside its first operations.
    pub second_cuts: usize,
    /// Seed of the sample.
    pub seed: u64,
    /// Whether each recovery is run to its end, also where it has become one that was.
    pub to_the_end: bool,
    /// Threads.
    pub jobs: usize,
}

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// Operations of the uncut run.
    pub operations: usize,
    /// Cuts tried.
    pub cuts: u64,
    /// Recoveries that were run to their end; the others came to where one of these was.
    pub to_the_end: u64,
    /// Second cuts tried, during a recovery.
    pub second_cuts: u64,
    /// Most patch bytes sent twice after one cut, the header not counted.
    pub resent: u32,
    /// Most that are declared.
    pub declared: u32,
    /// Bytes of the header, which is always sent again.
    pub header: usize,
    /// Most pages of the target erased again after one cut: the one that was unfinished.
    pub erased_again: u32,
    /// Most erases of any page of the staging slot, first run and recovery together.
    pub wear: u32,
}

/// Cuts every operation of `update` on a `P`.
///
/// # Errors
/// The first cut after which something was not as it must be, in words.
pub fn sweep<P: Part>(
    update: &Update,
    policy: Policy,
    effort: &Effort,
) -> Result<Findings, String> {
    let device = Device::<P>::new(update);
    let mut known = Known::new();
    device.flash.record();
    let before = device.flash.stats().operations();
    let (traffic, run, touched) = device
        .run_known(update, policy, &mut known, false)
        .map_err(|error| format!("uncut: {error:?}"))?;
    if before != 0 || !device.is_updated(update) {
        return Err("uncut: another target or base".to_owned());
    }
    run.ended(&device.flash, touched);
    let log = device.flash.take_log().ok_or("nothing was logged")?;
    let ledger = Ledger::new(&device, update, &log, traffic);
    let declared = match policy {
        Policy::Never => u32::MAX,
        Policy::Kept => update.header.body_len,
        Policy::Logged => LOG_INTERVAL,
        Policy::Snapshots | Policy::Resets => {
            update.interval(P::GEOMETRY.erase_bytes()) + LOOKAHEAD_BYTES
        }
    };
    let sweep =
        Sweep { update, policy, effort, places: device.places(), ledger: &ledger, declared };
    let all = effort
        .share(&log, &known, |point, nth, known, found| sweep.recover(point, nth, known, found))?;
    Ok(Findings { declared, header: update.header_len, ..all })
}

/// Cuts in a row that one thread tries, so that it meets what it knows.
const SHARE: usize = 512;

impl Effort {
    /// Lets threads `recover` from their shares of all cuts of `log`, each with what is `known` so far.
    pub(super) fn share<P: Part>(
        &self,
        log: &Log<P>,
        known: &Known<P>,
        recover: impl Fn(CutPoint<P>, u64, &mut Known<P>, &mut Findings) -> Result<(), String> + Sync,
    ) -> Result<Findings, String> {
        let (jobs, every) = (self.jobs.max(1), self.every.max(1));
        let parts: Vec<Result<Findings, String>> = std::thread::scope(|scope| {
            let start = |job: usize| {
                let (log, mut known, recover) = (log.clone(), known.clone(), &recover);
                scope.spawn(move || {
                    let mut found = Findings::default();
                    for (nth, point) in log.cut_points(&self.tears).enumerate() {
                        if nth.is_multiple_of(every) && nth / every / SHARE % jobs == job {
                            recover(point, nth as u64, &mut known, &mut found)?;
                            known.next();
                        }
                    }
                    Ok(found)
                })
            };
            let threads: Vec<_> = (0..jobs).map(start).collect();
            let lost = |_| Err("a thread panicked".to_owned());
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
        });
        let mut all = Findings { operations: log.operations().len(), ..Findings::default() };
        for part in parts {
            all.merge(part?);
        }
        Ok(all)
    }

    /// Whether the `nth` recovery is cut again.
    pub(super) fn samples(&self, nth: u64) -> bool {
        self.second_of > 0 && scramble(nth ^ self.seed).is_multiple_of(self.second_of)
    }
}

/// What a log that is cut may lose.
const LOG_INTERVAL: u32 = 60;

/// Bytes that a decoder may have taken and not decoded.
const LOOKAHEAD_BYTES: u32 = 104;

const _: () = assert!(LOOKAHEAD_BYTES as usize == 2 * patcher_core::stream::MAX_STEP_BYTES);

impl Findings {
    /// Adds what another sweep, or a part of one, found.
    pub fn merge(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.to_the_end += other.to_the_end;
        self.second_cuts += other.second_cuts;
        self.resent = self.resent.max(other.resent);
        self.erased_again = self.erased_again.max(other.erased_again);
        self.wear = self.wear.max(other.wear);
    }
}

struct Sweep<'a> {
    update: &'a Update,
    policy: Policy,
    effort: &'a Effort,
    places: Places,
    ledger: &'a Ledger,
    declared: u32,
}

impl Sweep<'_> {
    /// Goes on after a cut, and judges.
    fn recover<P: Part>(
        &self,
        point: CutPoint<P>,
        nth: u64,
        known: &mut Known<P>,
        found: &mut Findings,
    ) -> Result<(), String> {
        let CutPoint { index, cut, flash } = point;
        let place = format!("{cut:?} of operation {index}, {}", self.policy.name());
        let device = Device::with(self.places, flash);
        let worn = Spent::of(&device.flash);
        let sampled = self.effort.samples(nth);
        if sampled {
            device.flash.record();
        }
        let may_meet = !sampled && !self.effort.to_the_end;
        let (traffic, run, touched) = device
            .run_known(self.update, self.policy, known, may_meet)
            .map_err(|error| format!("{place}: {error}"))?;
        let has_met = run.has_met();
        if !has_met && !device.is_updated(self.update) {
            return Err(format!("{place}: another target or base"));
        }
        let spent = run.ended(&device.flash, touched);
        if spent.refusals > worn.refusals {
            return Err(format!("{place}: flash refused an operation"));
        }

        let finished = self.ledger.finished(index, cut);
        let mut erased_again = 0;
        let first = self.ledger.first_page();
        for page in 0..self.ledger.pages() {
            let (before, after) = (worn.wear[first + page], spent.wear[first + page]);
            let erases = after - before;
            let allowed = u32::from(page >= finished || self.policy == Policy::Never);
            if erases > allowed {
                return Err(format!(
                    "{place}: page {page} of the target erased {erases} times, {finished} are finished"
                ));
            }
            erased_again += u32::from(erases > 0 && before > 0);
            found.wear = found.wear.max(after);
        }
        if self.policy != Policy::Never && erased_again > 1 {
            return Err(format!("{place}: {erased_again} pages erased again"));
        }
        found.erased_again = found.erased_again.max(erased_again);

        if self.policy != Policy::Kept {
            let resent = self.ledger.received(index).saturating_sub(traffic.resumed_at);
            if resent > self.declared {
                let declared = self.declared;
                return Err(format!("{place}: {resent} bytes sent again, declared are {declared}"));
            }
            found.resent = found.resent.max(resent);
        }
        found.cuts += 1;
        found.to_the_end += u64::from(!has_met);
        if sampled {
            self.cut_again(&device, &place, nth, found)?;
        }
        Ok(())
    }

    /// Cuts a recovery that was recorded, at its first operations and at some others.
    fn cut_again<P: Part>(
        &self,
        device: &Device<P>,
        place: &str,
        nth: u64,
        found: &mut Findings,
    ) -> Result<(), String> {
        let log = device.flash.take_log().ok_or("nothing was logged")?;
        let tears = [Tear::Seeded(nth)];
        let points = log.operations().len() as u64 * 2 + 1;
        let first = self.effort.second_cuts as u64 / 2;
        let stride = (points / (self.effort.second_cuts as u64 / 2 + 1)).max(1);
        let offset = scramble(nth) % stride;
        for (step, point) in (0u64..).zip(log.cut_points(&tears)) {
            if step >= first && step % stride != offset {
                continue;
            }
            let (index, cut) = (point.index, point.cut);
            let again = Device::with(self.places, point.flash);
            let place = || format!("{place}, then {cut:?} of operation {index} of the recovery");
            let run = again.run(self.update, self.policy);
            run.map_err(|error| format!("{}: {error}", place()))?;
            if !again.is_updated(self.update) {
                return Err(format!("{}: another target or base", place()));
            }
            found.second_cuts += 1;
        }
        Ok(())
    }
}

/// A number that looks like nothing (SplitMix64).
pub(super) fn scramble(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

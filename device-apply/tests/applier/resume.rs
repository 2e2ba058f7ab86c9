//! Going on after a cut: what a sweep over all cuts (`benches/tests/cuts.rs`) does not ask.

use device_apply::apply::Open;
use device_apply::resume::{Kept, LOG_INTERVAL_BYTES, Logged, Marks, Resume};
use device_apply::{Applier, ApplyError, Class, Progress, Stage};
use flash_model::{Cut, FlashModel, Part, Slot, Stm32L4, Stm32U5, Tear};
use patcher_core::container::header::STATE_BYTES;
use patcher_core::reference;

use crate::support::{Failure, Options, Patch, Script, noise};

/// Base slot, staging slot with slack, a region for marks.
struct Bench {
    flash: FlashModel<Stm32L4>,
}

const SLOT: u32 = 0x1_0000;
const REGION: u32 = 0x8000;

type Flash<'f> = Slot<'f, Stm32L4>;

/// How the server sends.
#[derive(Clone, Copy)]
enum Send {
    /// From where the device says.
    Missing,
    /// All of it, whatever the device has.
    All,
}

impl Bench {
    fn new(base: &[u8]) -> Self {
        let flash = FlashModel::<Stm32L4>::with_size(2 * SLOT + REGION);
        flash.slot(0..SLOT).load(base);
        flash.protect(0..SLOT);
        Self { flash }
    }

    fn region(&self) -> Flash<'_> {
        self.flash.slot(2 * SLOT..2 * SLOT + REGION)
    }

    fn staging(&self) -> Flash<'_> {
        self.flash.slot(SLOT..2 * SLOT)
    }

    /// Applies `patch` with the policy that `policy` makes; also returns what the device had when its base was checked.
    fn run<'s, R: Resume<Flash<'s>, Open>>(
        &'s self,
        patch: &Patch,
        policy: R,
        send: Send,
    ) -> (u32, Result<Progress, Failure>) {
        let mut workspace = vec![0; patch.header.workspace_words()];
        let (base, staging) = (self.flash.slot(0..SLOT), self.staging());
        let applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
        let mut applier = applier.resuming(policy);
        let (mut header, mut rest) = patch.bytes.split_at(patch.header_len);
        while matches!(applier.progress().stage, Stage::Header | Stage::Base { .. }) {
            if let Err(error) = applier.push(&mut header) {
                return (0, Err(error));
            }
        }
        let resumed_at = applier.progress().patch_done;
        if let Send::Missing = send {
            applier.seek(resumed_at).unwrap();
            rest = &patch.bytes[resumed_at as usize..];
        }
        (resumed_at, self.serve(&mut applier, rest))
    }

    fn serve<'s, R: Resume<Flash<'s>, Open>>(
        &self,
        applier: &mut Applier<'_, Flash<'s>, Flash<'s>, Open, R>,
        rest: &[u8],
    ) -> Result<Progress, Failure> {
        for mut chunk in rest.chunks(20) {
            while !chunk.is_empty() {
                applier.push(&mut chunk)?;
            }
        }
        loop {
            let progress = applier.finish()?;
            if let Stage::Done { .. } = progress.stage {
                return Ok(progress);
            }
        }
    }

    /// Cuts a run with `policy` inside the `operation`-th operation.
    fn cut<'s, R: Resume<Flash<'s>, Open>>(&'s self, patch: &Patch, policy: R, operation: u64) {
        self.flash.cut_after(operation, Cut::Inside(Tear::Mixed(operation)));
        let (_, result) = self.run(patch, policy, Send::Missing);
        assert_eq!(result.unwrap_err().class(), Class::Flash);
        self.flash.power_on();
    }

    #[track_caller]
    fn holds(&self, patch: &Patch) {
        assert_eq!(self.staging().dump(patch.target.len()).unwrap(), patch.target);
    }
}

/// Two updates of the same base, with marks every 2 KiB: the second differs from the first from its first page on.
fn patches(reset: bool) -> [Patch; 2] {
    let base = noise(1, 12_000);
    let options = Options { epoch_log2: 11, reset, ..Options::default() };
    let update = |seed, new| {
        let script = Script::new(&base, options).literal(&noise(seed, new));
        script.diff(0, 5_000, 0).literal(&noise(seed + 1, 700)).diff(5_000, 6_000, 50).build()
    };
    [update(2, 60), update(5, 90)]
}

#[test]
fn a_server_that_sends_all_again_is_understood() {
    for reset in [false, true] {
        let [patch, _] = patches(reset);
        let done = Stage::Done { target_len: patch.target_len() };
        for send in [Send::Missing, Send::All] {
            let check = |bench: &Bench, (at, result): (u32, Result<Progress, Failure>)| {
                assert!(at as usize > patch.header_len + 100, "{at}");
                let progress = result.unwrap();
                assert_eq!(progress.stage, done);
                assert_eq!(progress.patch_done as usize, patch.bytes.len());
                bench.holds(&patch);
            };
            let bench = Bench::new(&patch.base);
            bench.cut(&patch, Logged::new(), 1_200);
            check(&bench, bench.run(&patch, Logged::new(), send));
            let bench = Bench::new(&patch.base);
            bench.cut(&patch, Marks::snapshots(bench.region()), 3_000);
            check(&bench, bench.run(&patch, Marks::snapshots(bench.region()), send));
        }
    }
}

#[test]
fn a_full_image_goes_on_too() {
    let options = Options { kind: patcher_core::Kind::Full, epoch_log2: 11, ..Options::default() };
    let script = Script::new(&[], options).literal(&noise(3, 7_000)).copy_back(2_000, 500);
    let patch = script.build();
    let bench = Bench::new(&[]);
    bench.cut(&patch, Logged::new(), 1_000);
    let (at, result) = bench.run(&patch, Logged::new(), Send::All);
    assert!(at > 2_000 && result.is_ok(), "{at} {result:?}");
    bench.holds(&patch);
    let bench = Bench::new(&[]);
    bench.cut(&patch, Marks::snapshots(bench.region()), 1_500);
    let (at, result) = bench.run(&patch, Marks::snapshots(bench.region()), Send::All);
    assert!(at > 2_000 && result.is_ok(), "{at} {result:?}");
    bench.holds(&patch);
}

#[test]
fn one_may_go_back_before_the_base_is_checked() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    bench.cut(&patch, Logged::new(), 1_200);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (bench.flash.slot(0..SLOT), bench.staging());
    let mut applier =
        Applier::new(base, staging, &mut workspace, &reference::ALL).resuming(Logged::new());
    applier.push(&mut &patch.bytes[..patch.header_len]).unwrap();
    assert!(matches!(applier.progress().stage, Stage::Base { .. }));
    // From here on the sender begins again, byte by byte.
    applier.seek(0).unwrap();
    let done = bench.serve(&mut applier, &patch.bytes).unwrap();
    assert_eq!(done.patch_done as usize, patch.bytes.len());
    bench.holds(&patch);
}

#[test]
fn a_stored_patch_that_is_applied_twice_costs_no_operation() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    bench.run(&patch, Kept::new(), Send::Missing).1.unwrap();
    let before = bench.flash.stats();
    bench.run(&patch, Kept::new(), Send::Missing).1.unwrap();
    assert_eq!(bench.flash.stats().since(&before).operations(), 0);
}

#[test]
fn a_log_that_is_whole_needs_nothing_but_the_header() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    bench.run(&patch, Logged::new(), Send::Missing).1.unwrap();
    let before = bench.flash.stats();
    for send in [Send::Missing, Send::All] {
        let (at, result) = bench.run(&patch, Logged::new(), send);
        assert_eq!(at as usize, patch.bytes.len());
        assert_eq!(result.unwrap().stage, Stage::Done { target_len: patch.target_len() });
    }
    assert_eq!(bench.flash.stats().since(&before).operations(), 0);
}

#[test]
fn another_patch_starts_afresh_and_so_does_the_first_after_it() {
    let [first, second] = patches(true);
    let header = |patch: &Patch| u32::try_from(patch.header_len).unwrap();
    type Make = for<'f> fn(&'f Bench) -> Marks<Flash<'f>>;
    // Two snapshots of the first patch, one in each area, and less than one of the second: one of the first is left.
    let cases: [(Make, u64, u64); 2] = [
        (|b| Marks::snapshots(b.region()), 1_500, 500),
        (|b| Marks::resets(b.region()), 1_000, 1_000),
    ];
    for (make, first_cut, second_cut) in cases {
        let bench = Bench::new(&first.base);
        bench.cut(&first, make(&bench), first_cut);
        let erased = bench.flash.snapshot();
        let (at, _) = bench.run(&first, make(&bench), Send::Missing);
        assert!(at > header(&first) + 60, "there is a record");
        bench.flash.restore(&erased);
        bench.cut(&second, make(&bench), second_cut);
        let (at, result) = bench.run(&first, make(&bench), Send::Missing);
        assert_eq!(at, header(&first));
        assert!(result.is_ok(), "{result:?}");
        bench.holds(&first);
    }
    let bench = Bench::new(&first.base);
    bench.cut(&first, Logged::new(), 1_000);
    let (at, result) = bench.run(&second, Logged::new(), Send::Missing);
    assert_eq!((at, result.is_ok()), (header(&second), true));
    bench.holds(&second);
}

#[test]
fn what_was_damaged_on_its_way_is_not_decoded_for_ever() {
    let [patch, _] = patches(true);
    let mut damaged = patches(true)[0].bytes.clone();
    damaged[patch.header_len + 400] ^= 4;
    let damaged = Patch { bytes: damaged, ..patches(true)[0].clone() };
    let header = u32::try_from(patch.header_len).unwrap();
    let good = |bench: &Bench, (at, result): (u32, Result<Progress, Failure>)| {
        assert_eq!((at, result.is_ok()), (header, true), "{result:?}");
        bench.holds(&patch);
    };
    let bad = |(_, result): (u32, Result<Progress, Failure>)| {
        assert_eq!(result.unwrap_err().class(), Class::Malformed);
    };
    let bench = Bench::new(&patch.base);
    bad(bench.run(&damaged, Logged::new(), Send::Missing));
    good(&bench, bench.run(&patch, Logged::new(), Send::Missing));
    let bench = Bench::new(&patch.base);
    bad(bench.run(&damaged, Marks::snapshots(bench.region()), Send::Missing));
    good(&bench, bench.run(&patch, Marks::snapshots(bench.region()), Send::Missing));
}

/// Changes one bit of a random byte of `range`, which is readable.
fn flip(flash: &FlashModel<Stm32L4>, range: core::ops::Range<u32>, seed: u32) {
    let [a, b, c, bit] = seed.wrapping_mul(0x9E37_79B9).to_be_bytes();
    let at = range.start + u32::from_be_bytes([0, a, b, c]) % (range.end - range.start);
    let unit = at / 8 * 8;
    if let Ok(mut bytes) = flash.dump(unit..unit + 8) {
        bytes[(at % 8) as usize] ^= 1 << (bit % 8);
        flash.load(unit, &bytes);
    }
}

#[test]
fn flash_that_changed_since_the_cut_is_noticed() {
    let [patch, _] = patches(true);
    type Make = for<'f> fn(&'f Bench) -> Marks<Flash<'f>>;
    let makes: [Make; 2] = [|b| Marks::snapshots(b.region()), |b| Marks::resets(b.region())];
    let bench = Bench::new(&patch.base);
    let erased = bench.flash.snapshot();
    for seed in 0..60u32 {
        let cut = u64::from(seed) * 47;
        for make in makes {
            bench.flash.restore(&erased);
            bench.flash.cut_after(cut, Cut::Inside(Tear::Seeded(cut)));
            let _ = bench.run(&patch, make(&bench), Send::Missing);
            bench.flash.power_on();
            flip(&bench.flash, SLOT..SLOT + 12_000, seed);
            flip(&bench.flash, 2 * SLOT..2 * SLOT + 4 * 2_048, seed + 1);
            let (_, result) = bench.run(&patch, make(&bench), Send::Missing);
            assert!(result.is_ok(), "seed {seed}: {result:?}");
            bench.holds(&patch);
        }
        bench.flash.restore(&erased);
        bench.flash.cut_after(cut, Cut::Inside(Tear::Seeded(cut)));
        let _ = bench.run(&patch, Logged::new(), Send::Missing);
        bench.flash.power_on();
        flip(&bench.flash, SLOT..SLOT + 12_000, seed);
        flip(&bench.flash, SLOT + 7 * 2_048..SLOT + 8 * 2_048, seed + 1);
        let (_, result) = bench.run(&patch, Logged::new(), Send::Missing);
        assert!(result.is_ok(), "seed {seed}: {result:?}");
        bench.holds(&patch);
    }
}

#[test]
fn a_stream_that_ended_too_soon_goes_on_where_it_did() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    let part = Patch { bytes: patch.bytes[..900].to_vec(), ..patches(false)[0].clone() };
    let (_, result) = bench.run(&part, Logged::new(), Send::Missing);
    assert_eq!(result.unwrap_err(), ApplyError::Decode(patcher_core::DecodeError::Truncated));
    let (at, result) = bench.run(&patch, Logged::new(), Send::Missing);
    let interval = u32::try_from(LOG_INTERVAL_BYTES).unwrap();
    assert!((900 - interval..=900).contains(&at), "{at}");
    assert!(result.is_ok());
    bench.holds(&patch);
}

#[test]
fn a_gap_is_refused_and_does_no_harm() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (bench.flash.slot(0..SLOT), bench.staging());
    let mut applier =
        Applier::new(base, staging, &mut workspace, &reference::ALL).resuming(Logged::new());
    let (mut start, rest) = patch.bytes.split_at(700);
    while !start.is_empty() {
        applier.push(&mut start).unwrap();
    }
    let gap = ApplyError::Gap { expected: 700, got: 701 };
    assert_eq!(applier.seek(701), Err(gap));
    assert_eq!(gap.class(), Class::Bug);
    // Back over what it has, and on.
    applier.seek(690).unwrap();
    let repeated = [&patch.bytes[690..700], rest].concat();
    let done = bench.serve(&mut applier, &repeated).unwrap();
    assert_eq!(done.patch_done as usize, patch.bytes.len());
    bench.holds(&patch);
}

#[test]
fn without_a_policy_nothing_is_sought() {
    let [patch, _] = patches(false);
    let bench = Bench::new(&patch.base);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (bench.flash.slot(0..SLOT), bench.staging());
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    assert_eq!(applier.seek(0), Ok(()));
    applier.push(&mut &patch.bytes[..10]).unwrap();
    assert_eq!(applier.seek(10), Ok(()));
    assert_eq!(applier.seek(9), Err(ApplyError::Gap { expected: 10, got: 9 }));
}

#[test]
fn too_little_room_is_told_before_anything_is_erased() {
    let [patch, _] = patches(true);
    let bench = Bench::new(&patch.base);
    let refused = |(_, result): (u32, Result<Progress, Failure>)| {
        let error = result.unwrap_err();
        assert_eq!(error.class(), Class::Limit);
        assert_eq!(bench.flash.stats().operations(), 0);
        error
    };
    // A state of 4 KiB takes three pages, twice.
    let marks = Marks::snapshots(bench.region());
    let least = marks.region_bytes(&patch.header);
    let state = 47 + 2 * u32::try_from(patch.header.workspace_words()).unwrap();
    assert_eq!(least, 2 * (state + 44).next_multiple_of(2_048));
    let short = bench.flash.slot(2 * SLOT..2 * SLOT + least - 2_048);
    let error = refused(bench.run(&patch, Marks::snapshots(short), Send::Missing));
    assert_eq!(error, ApplyError::JournalTooShort { expected: least, got: least - 2_048 });
    let enough = bench.flash.slot(2 * SLOT..2 * SLOT + least);
    assert!(bench.run(&patch, Marks::snapshots(enough), Send::Missing).1.is_ok());
}

#[test]
fn a_slot_without_slack_takes_no_policy() {
    let [patch, _] = patches(false);
    let pages = patch.target_len().next_multiple_of(2_048);
    let flash = FlashModel::<Stm32L4>::with_size(2 * SLOT);
    flash.slot(0..SLOT).load(&patch.base);
    let run = |slot: u32, logged: bool| {
        let mut workspace = vec![0; patch.header.workspace_words()];
        let staging = flash.slot(SLOT..SLOT + slot);
        let applier = Applier::new(flash.slot(0..SLOT), staging, &mut workspace, &reference::ALL);
        let (mut kept, mut log);
        let mut rest = &patch.bytes[..];
        let push: &mut dyn FnMut(&mut &[u8]) -> Result<Progress, Failure> = if logged {
            log = applier.resuming(Logged::new());
            &mut |rest| log.push(rest)
        } else {
            kept = applier.resuming(Kept::new());
            &mut |rest| kept.push(rest)
        };
        while !rest.is_empty() {
            push(&mut rest)?;
        }
        Ok::<(), Failure>(())
    };
    let expected = pages + 2_048;
    assert_eq!(run(pages, false), Err(ApplyError::TargetTooLong { expected, got: pages }));
    assert_eq!(flash.stats().operations(), 0);
    let payload = u32::try_from(patch.bytes.len() - patch.header_len).unwrap();
    let log = payload.div_ceil(60) * 64;
    assert_eq!(run(expected, true), Err(ApplyError::LogTooShort { expected: log, got: 0 }));
    assert_eq!(flash.stats().operations(), 0);
    assert_eq!(run(expected, false), Ok(()));
    assert_eq!(run(expected + log.next_multiple_of(2_048), true), Ok(()));
}

#[test]
fn marks_within_a_page_are_passed_over() {
    let base = noise(1, 20_000);
    let options = Options { epoch_log2: 11, ..Options::default() };
    let patch = Script::new(&base, options).literal(&noise(2, 300)).diff(0, 19_000, 70).build();
    let flash = FlashModel::<Stm32U5>::with_size(16 * Stm32U5::GEOMETRY.erase_bytes());
    let page = Stm32U5::GEOMETRY.erase_bytes();
    flash.slot(0..4 * page).load(&patch.base);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (staging, region) = (flash.slot(4 * page..8 * page), flash.slot(8 * page..16 * page));
    let mut applier =
        Applier::new(flash.slot(0..4 * page), staging, &mut workspace, &reference::ALL)
            .resuming(Marks::snapshots(region));
    let mut rest = &patch.bytes[..];
    while !rest.is_empty() {
        applier.push(&mut rest).unwrap();
    }
    while !matches!(applier.finish().unwrap().stage, Stage::Done { .. }) {}
    // Marks at 8 and 16 KiB count, the seven others do not.
    let state = 47 + 2 * patch.header.workspace_words() + 44;
    let records = flash.stats().programs - u64::from(patch.target_len().div_ceil(16));
    assert_eq!(records, 2 * (state as u64).div_ceil(16));
}

#[test]
fn policies_take_the_ram_that_they_say_and_leave_the_applier_s_alone() {
    const NEVER: usize = Applier::<Flash<'_>, Flash<'_>>::STATE_BYTES;
    const LOGGED: usize = Applier::<Flash<'_>, Flash<'_>, Open, Logged>::STATE_BYTES;
    const MARKS: usize = Applier::<Flash<'_>, Flash<'_>, Open, Marks<Flash<'_>>>::STATE_BYTES;
    const { assert!(NEVER <= STATE_BYTES + 64 && LOGGED <= NEVER + 8 && MARKS <= NEVER + 8) };
    assert_eq!(Kept::STATE_BYTES, 8);
    const { assert!(Logged::STATE_BYTES <= 128 && Marks::<Flash<'_>>::STATE_BYTES <= 96) };
}

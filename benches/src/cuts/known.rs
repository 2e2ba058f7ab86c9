//! Where recoveries meet.
//!
//! What an applier does next depends on what it holds in RAM and on what it reads from flash, on nothing else. A recovery that has
//! reached a page's end with both of them as an earlier run had them there will end as that run ended, and need not be run to
//! its end. RAM is compared as the applier prints itself, `Debug` of all its fields, its workspace included; flash byte by byte and
//! write unit by write unit, torn ones included. One range is not compared, the spare page, whose bytes depend on where the cut was: a
//! state counts only if the rest of its run did not look at that range.

use core::fmt::{self, Debug, Write as _};
use core::hash::Hasher as _;
use core::ops::Range;
use std::collections::HashMap;
use std::hash::DefaultHasher;

use flash_model::{FlashModel, Part, Snapshot};

/// Cuts after which a state that no recovery met is forgotten.
const KEPT_FOR: u64 = 4096;

/// States from which runs have ended as they must.
#[derive(Debug, Clone)]
pub(super) struct Known<P> {
    /// By what was in RAM.
    states: HashMap<[u64; 2], Vec<State<P>>>,
    turn: u64,
}

#[derive(Debug, Clone)]
struct State<P> {
    flash: Snapshot<P>,
    rest: Spent,
    met: u64,
}

/// What flash went through: erases of each page, operations refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) wear: Vec<u32>,
    pub(super) refusals: u64,
}

impl Spent {
    /// All that `flash` has seen.
    pub(super) fn of<P: Part>(flash: &FlashModel<P>) -> Self {
        Self { wear: flash.wear(), refusals: flash.stats().refusals }
    }

    fn combined(&self, other: &Self, with: impl Fn(u32, u32) -> u32) -> Vec<u32> {
        self.wear.iter().zip(&other.wear).map(|(&ours, &theirs)| with(ours, theirs)).collect()
    }

    fn since(&self, earlier: &Self) -> Self {
        let wear = self.combined(earlier, |now, before| now - before);
        Self { wear, refusals: self.refusals - earlier.refusals }
    }

    fn and(&self, rest: &Self) -> Self {
        let wear = self.combined(rest, |before, more| before + more);
        Self { wear, refusals: self.refusals + rest.refusals }
    }
}

impl<P: Part> Known<P> {
    pub(super) fn new() -> Self {
        Self { states: HashMap::new(), turn: 0 }
    }

    fn meet(&mut self, ram: [u64; 2], flash: &Snapshot<P>, unseen: &[Range<u32>]) -> Option<Spent> {
        let states = self.states.get_mut(&ram)?;
        let same = |state: &&mut State<P>| {
            unseen.iter().all(|range| state.flash.same_in(flash, range.clone()))
        };
        let state = states.iter_mut().find(same)?;
        state.met = self.turn;
        Some(state.rest.clone())
    }

    /// Begins the next recovery, and forgets what none met for long.
    pub(super) fn next(&mut self) {
        self.turn += 1;
        if self.turn.is_multiple_of(KEPT_FOR) {
            let oldest = self.turn - KEPT_FOR;
            self.states.retain(|_, states| {
                states.retain(|state| state.met >= oldest);
                !states.is_empty()
            });
        }
    }
}

/// A run that is compared with those before it.
#[derive(Debug)]
pub(super) struct Run<'k, P> {
    known: &'k mut Known<P>,
    /// Ranges of flash that are compared.
    compared: Vec<Range<u32>>,
    /// Whether it may end where it meets another.
    may_meet: bool,
    operations: u64,
    pages: u32,
    passed: Vec<Passed<P>>,
    rest: Option<Spent>,
}

#[derive(Debug)]
struct Passed<P> {
    ram: [u64; 2],
    flash: Snapshot<P>,
    spent: Spent,
    touched: u64,
}

impl<'k, P: Part> Run<'k, P> {
    /// A run on `flash` as it is now; `unseen` is the range that is not compared.
    pub(super) fn new(
        known: &'k mut Known<P>,
        flash: &FlashModel<P>,
        unseen: Range<u32>,
        may_meet: bool,
    ) -> Self {
        let operations = flash.stats().operations();
        let compared = vec![0..unseen.start, unseen.end..flash.size()];
        Self { known, compared, may_meet, operations, pages: 0, passed: Vec::new(), rest: None }
    }

    /// Tells that a call of the applier has ended, with `pages` finished and the range not compared accessed `touched` times; whether
    /// the rest is known.
    pub(super) fn meets(
        &mut self,
        flash: &FlashModel<P>,
        pages: u32,
        touched: u64,
        applier: &dyn Debug,
    ) -> bool {
        let before = core::mem::replace(&mut self.pages, pages);
        if before == pages || flash.stats().operations() == self.operations {
            return false;
        }
        let (ram, snapshot) = (fingerprint(applier), flash.snapshot());
        if self.may_meet {
            self.rest = self.known.meet(ram, &snapshot, &self.compared);
        }
        if self.rest.is_none() {
            let spent = Spent::of(flash);
            self.passed.push(Passed { ram, flash: snapshot, spent, touched });
        }
        self.rest.is_some()
    }

    /// Whether it met another.
    pub(super) fn has_met(&self) -> bool {
        self.rest.is_some()
    }

    /// Takes down a run that ended as it must, or met one that did; returns what all of it took.
    pub(super) fn ended(self, flash: &FlashModel<P>, touched: u64) -> Spent {
        let spent = Spent::of(flash);
        let spent = self.rest.as_ref().map_or(spent.clone(), |rest| spent.and(rest));
        for passed in self.passed {
            if passed.touched == touched {
                let (rest, met) = (spent.since(&passed.spent), self.known.turn);
                let state = State { flash: passed.flash, rest, met };
                self.known.states.entry(passed.ram).or_default().push(state);
            }
        }
        spent
    }
}

/// Two hashes of all that `value` prints.
fn fingerprint(value: &dyn Debug) -> [u64; 2] {
    struct Hashes([DefaultHasher; 2]);

    impl fmt::Write for Hashes {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for hash in &mut self.0 {
                hash.write(text.as_bytes());
            }
            Ok(())
        }
    }

    let mut hashes = Hashes([DefaultHasher::new(), DefaultHasher::new()]);
    hashes.0[1].write_u8(1);
    // Hashing does not fail.
    let _ = write!(hashes, "{value:?}");
    hashes.0.map(|hash| hash.finish())
}

//! The images as extras see them, whole: what a planner looks for copies in.

use super::{Diff, Plan};
use crate::container::header::Header;
use crate::reference::map::{AddressMap, ENTRY_WORDS};
use crate::reference::{self, call};
use core::ops::Range;

/// Both images as extras see them: what copies read, and what tokens of extras must make.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What copies read in the base.
    pub base: Vec<u8>,
    /// What copies read in the target, once all around it is there.
    pub target: Vec<u8>,
    /// What extras make: a call that is not in one extra as a whole stays as it is.
    pub extras: Vec<u8>,
    /// Where the calls of the target start.
    calls: Vec<u32>,
}

impl Seen {
    /// The images of `header` with the map and the diffs of `plan`.
    #[must_use]
    pub fn new(header: &Header, base: &[u8], target: &[u8], plan: &Plan) -> Self {
        let mut seen = Self::plain(base, target);
        let Some(isa) = reference::ALL.iter().find(|isa| isa.id() == header.isa).copied() else {
            return seen;
        };
        let mut words = vec![0; plan.map.len() * ENTRY_WORDS];
        let mut map = AddressMap::new(&mut words);
        for &entry in &plan.map {
            map.push(entry);
        }
        let calls = core::cell::RefCell::new(Vec::new());
        let views = call::Views { isa, base: &header.base_regions, target: &header.target_regions };
        views.of_base(&map, 0, &mut seen.base);
        views.of_target(0, &mut seen.target, |offset| calls.borrow_mut().push(offset));
        for extra in extras(header, target.len(), &plan.diffs) {
            let start = u32::try_from(extra.start).unwrap_or(u32::MAX);
            views.of_target(start, &mut seen.extras[extra], |_| {});
        }
        seen.calls = calls.into_inner();
        seen
    }

    /// The images as they are.
    #[must_use]
    pub fn plain(base: &[u8], target: &[u8]) -> Self {
        Self { base: base.to_vec(), target: target.to_vec(), extras: target.to_vec(), calls: Vec::new() }
    }

    /// How much of `len` bytes from `source` of the target a copy inside `extra` can read: a call that the extra begins or
    /// ends in the middle of is not what it will be.
    #[must_use]
    pub fn readable(&self, extra: &Range<usize>, source: usize, len: usize) -> usize {
        let mut len = len;
        for edge in [extra.start, extra.end] {
            let before = self.calls.partition_point(|&call| (call as usize) < edge);
            let Some(&call) = before.checked_sub(1).and_then(|last| self.calls.get(last)) else { continue };
            let call = call as usize;
            let torn = call..call + call::LEN;
            if torn.contains(&edge) && source < torn.end && source + len > torn.start {
                len = torn.start.saturating_sub(source);
            }
        }
        len
    }
}

/// What lies between diffs, cut at restart marks.
fn extras(header: &Header, target_len: usize, diffs: &[Diff]) -> Vec<Range<usize>> {
    let epoch = header.epoch().map_or(usize::MAX, |epoch| epoch as usize);
    let mut extras = Vec::new();
    let mut at = 0;
    let ends = diffs.iter().map(|diff| (diff.target as usize, diff.len as usize));
    for (end, len) in ends.chain([(target_len, 0)]) {
        while at < end {
            let mark = (at / epoch).saturating_add(1).saturating_mul(epoch);
            extras.push(at..end.min(mark));
            at = end.min(mark);
        }
        at = end + len;
    }
    extras
}

//! The images as extras see them, whole: what a planner looks for copies in.

use super::{Copy, Diff, Plan};
use crate::container::header::{Header, Kind};
use crate::container::self_digest::SelfDigests;
use crate::reference::call::{self, View, Views};
use crate::reference::halfword::Halfwords;
use crate::reference::inside::Inside;
use crate::reference::map::{AddressMap, ENTRY_WORDS};
use crate::reference::{self, Isa};
use crate::stream::{MAX_COPIED, MIN_COPY};
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
    /// Where each byte of the target stands, 0..4: in an instruction if that is known, else in a word.
    pub places: Vec<u8>,
    /// Whether copies begin at even offsets of the target, and take an even number of bytes.
    pub halfwords: bool,
    /// Calls of the target that an extra begins or ends in the middle of, with the extra.
    torn: Vec<(Range<usize>, Range<usize>)>,
    self_digests: SelfDigests,
}

impl Seen {
    /// The images of `header`, whose target is made as `target`, with the map, the diffs and the digests of `plan`.
    #[must_use]
    pub fn new(header: &Header, base: &[u8], target: &[u8], plan: &Plan) -> Self {
        let mut seen = Self::plain(base, target);
        seen.target = plan.read(header, target).into_owned();
        seen.self_digests = header.self_digests;
        let Some(isa) = reference::ALL.iter().find(|isa| isa.id() == header.isa).copied() else {
            return seen;
        };
        seen.halfwords = header.kind == Kind::Full && isa.order() == 1;
        let mut words = vec![0; plan.map.len() * ENTRY_WORDS];
        let mut map = AddressMap::new(&mut words);
        for &entry in &plan.map {
            map.push(entry);
        }
        let (base, target) = (&header.base_regions, &header.target_regions);
        let views = Views { isa, base, target, map: &map };
        let calls: Vec<usize> = views.calls(&seen.target).collect();
        views.turn(View::Base, 0, &mut seen.base);
        views.turn(View::Target, 0, &mut seen.target);
        for extra in extras(header, seen.target.len(), &plan.diffs) {
            let start = u32::try_from(extra.start).unwrap_or(u32::MAX);
            if let Some(bytes) = seen.extras.get_mut(extra.clone()) {
                views.turn(View::Target, start, bytes);
                let places = seen.places.get_mut(extra.clone()).unwrap_or(&mut []);
                if seen.halfwords {
                    follow_halfwords(places, start, bytes);
                } else {
                    follow(isa, places, bytes);
                }
            }
            for edge in [extra.start, extra.end] {
                let before = calls.partition_point(|&call| call < edge);
                let last = before.checked_sub(1).and_then(|last| calls.get(last));
                let last = last.map(|&call| call..call + call::LEN);
                if let Some(call) = last.filter(|call| call.end > edge) {
                    seen.torn.push((extra.clone(), call));
                }
            }
        }
        seen
    }

    /// The images as they are.
    #[must_use]
    pub fn plain(base: &[u8], target: &[u8]) -> Self {
        let (base, target) = (base.to_vec(), target.to_vec());
        let in_words = [0, 1, 2, 3].into_iter().cycle();
        Self {
            base,
            extras: target.clone(),
            places: in_words.take(target.len()).collect(),
            target,
            halfwords: false,
            torn: Vec::new(),
            self_digests: SelfDigests::default(),
        }
    }

    /// How many of `len` bytes from `source` of the target on a copy at target offset `at` can read: a call that its extra
    /// begins or ends in the middle of is not yet what it will be.
    #[must_use]
    pub fn readable(&self, at: usize, source: usize, len: usize) -> usize {
        let first = self.torn.partition_point(|(extra, _)| extra.end <= at);
        let later = self.torn.get(first..).unwrap_or(&[]);
        let here = later.iter().take_while(|(extra, _)| extra.contains(&at));
        here.fold(len, |len, (_, call)| {
            let touches = source < call.end && call.start < source + len;
            if touches { call.start.saturating_sub(source) } else { len }
        })
    }
}

impl Seen {
    /// `copies` of bytes as they are, cut to what is alike as it is seen, and to whole halfwords where copies have no others: a
    /// call that was copied leads elsewhere.
    pub(super) fn fit(&self, copies: &[Copy]) -> Vec<Copy> {
        let mut fitting = Vec::with_capacity(copies.len());
        for copy in copies {
            let mut run = Copy { len: 0, ..*copy };
            for done in 0..copy.len {
                let (at, source) = (copy.target + done, copy.source + done);
                if self.is_alike(at as usize, source as usize, copy.from_base) {
                    run.len += 1;
                    continue;
                }
                fitting.push(run);
                run = Copy { target: at + 1, source: source + 1, len: 0, ..*copy };
            }
            fitting.push(run);
        }
        if self.halfwords {
            for copy in &mut fitting {
                let odd = copy.target & 1;
                copy.target += odd;
                copy.source += odd;
                copy.len = copy.len.saturating_sub(odd) & !1;
            }
        }
        fitting.retain(|copy| copy.len >= MIN_COPY);
        fitting
    }

    /// Whether what a copy at `at` reads from `source` of the target may be as it was made, where a digest will be: it, or what is
    /// next to it and seems to be a call with it.
    fn is_unsettled(&self, at: usize, source: usize) -> bool {
        let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let (first, len) = (source.saturating_sub(call::LEN), 2 * call::LEN + 1);
        at.saturating_sub(source) < MAX_COPIED + call::LEN
            && self.self_digests.piece(offset(first), len) != (len, None)
    }

    fn is_alike(&self, at: usize, source: usize, from_base: bool) -> bool {
        let image = if from_base { &self.base } else { &self.target };
        // What leads outside the image is for the engine to refuse.
        image.get(source).is_none_or(|byte| self.extras.get(at) == Some(byte))
            && (from_base || self.readable(at, source, 1) == 1 && !self.is_unsettled(at, source))
    }
}

/// Where each of the `bytes` of an extra stands in its instruction, as far as `isa` tells.
fn follow(isa: &dyn Isa, places: &mut [u8], bytes: &[u8]) {
    let mut inside = Inside::START;
    for (place, byte) in places.iter_mut().zip(bytes) {
        if inside.is_known() {
            *place = inside.place;
        }
        isa.follow(&mut inside, core::slice::from_ref(byte));
    }
}

/// Where each of the `bytes` of an extra of halfwords stands, the first of them at `offset`.
fn follow_halfwords(places: &mut [u8], offset: u32, bytes: &[u8]) {
    let mut halfwords = Halfwords::START;
    let offsets = (offset..).step_by(2);
    for ((places, bytes), offset) in places.chunks_mut(2).zip(bytes.chunks(2)).zip(offsets) {
        for place in places {
            *place |= u8::from(halfwords.second);
        }
        halfwords.step(offset, 0, bytes);
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

//! Places of short strings: nearest first, or the last first.

use super::keys::Keys;
use super::suffix::common;

/// Places of an image by the string there, by rising offset.
#[derive(Debug)]
pub struct Places<'a> {
    image: &'a [u8],
    keys: &'a Keys,
    /// Where the places of a key start.
    starts: Vec<u32>,
    places: Vec<Place>,
}

/// A place of a string. What follows it tells most candidates apart, without a look at the image, which is not in the cache.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: u32,
    /// Four bytes of the image from [`Places::ahead`] bytes behind `at` on, zeros past its end.
    ahead: u32,
}

/// Groups of keys at most: as many streams are written at the same time.
const MOST_GROUPS: usize = 256;

fn word32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The four bytes from `at` on, zeros past the end.
fn four(bytes: &[u8], at: usize) -> u32 {
    let rest = bytes.get(at..).unwrap_or_default();
    let word = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        word
    });
    u32::from_le_bytes(word)
}

impl<'a> Places<'a> {
    /// All places of `image` that have one of `keys`.
    ///
    /// **Cost**: four passes; 8 bytes for each place and 4 for each key, and 12 more for each place meanwhile.
    #[must_use]
    pub fn new(image: &'a [u8], keys: &'a Keys) -> Self {
        let none = Self { image, keys, starts: vec![0; keys.count() + 1], places: Vec::new() };
        none.filled()
    }

    /// With all places: groups of keys first, then the keys of each, so that what is written here and there fits the cache.
    fn filled(mut self) -> Self {
        /// Places of a group, about: they take a quarter of a mebibyte.
        const GROUP: usize = 1 << 15;
        let Self { image, keys, .. } = self;
        let ahead = self.ahead();
        let offsets = 0..(image.len() + 1).saturating_sub(keys.len());
        let shift = keys.count().div_ceil((image.len() / GROUP).clamp(1, MOST_GROUPS));
        let shift = shift.next_power_of_two().ilog2();
        let numbers = || offsets.clone().filter_map(|at| Some((at, keys.number(&image[at..])?)));
        let mut counts = vec![0usize; (keys.count() >> shift) + 1];
        numbers().for_each(|(_, key)| counts[key >> shift] += 1);
        let mut groups: Vec<_> = counts.iter().map(|&count| Vec::with_capacity(count)).collect();
        for (at, key) in numbers() {
            let place = Place { at: word32(at), ahead: four(image, at + ahead) };
            groups[key >> shift].push((word32(key), place));
        }
        let mut all = 0u32;
        self.places.resize(counts.iter().sum(), Place::default());
        for (group, starts) in groups.into_iter().zip(self.starts.chunks_mut(1 << shift)) {
            let within = |key: u32| key as usize & ((1 << shift) - 1);
            for &(key, _) in &group {
                starts[within(key)] += 1;
            }
            for start in &mut *starts {
                all += *start;
                *start = all;
            }
            // Those are the ends so far: each place that is filled in, last first, moves one towards the start.
            for &(key, place) in group.iter().rev() {
                let end = &mut starts[within(key)];
                *end -= 1;
                self.places[*end as usize] = place;
            }
        }
        if let Some(last) = self.starts.last_mut() {
            *last = all;
        }
        self
    }

    /// Where the bytes that are kept with a place begin: behind a string that its key tells, and with the last four bytes of
    /// one that has only been hashed.
    fn ahead(&self) -> usize {
        if self.keys.are_exact() { self.keys.len() } else { self.keys.len() - 4 }
    }

    /// The places of the string that `pattern` begins with.
    fn of(&self, pattern: &[u8]) -> Option<&[Place]> {
        let key = self.keys.number(pattern)?;
        Some(&self.places[self.starts[key] as usize..self.starts[key + 1] as usize])
    }

    fn probe<'p>(&'p self, pattern: &'p [u8], longest: usize) -> Probe<'p> {
        let skip = self.ahead();
        let (image, ahead) = (self.image, four(pattern, skip));
        Probe { image, pattern, skip, exact: self.keys.are_exact(), ahead, longest }
    }

    /// Calls `see(offset, length)` for those of the `most` candidates nearest to `expected` that match more of `pattern`
    /// than all nearer ones. None lies before `least`.
    pub fn near(
        &self,
        pattern: &[u8],
        (least, expected): (usize, usize),
        most: usize,
        mut see: impl FnMut(usize, usize),
    ) {
        let Some(places) = self.of(pattern) else { return };
        let above = places.partition_point(|place| (place.at as usize) < expected);
        self.around(pattern, places, (least, expected), above, most, &mut see);
    }

    /// As [`Self::near`], where `places[above]` is the first that does not lie before `expected`.
    #[inline]
    fn around(
        &self,
        pattern: &[u8],
        places: &[Place],
        (least, expected): (usize, usize),
        mut above: usize,
        most: usize,
        see: &mut impl FnMut(usize, usize),
    ) {
        // A search is several waits for memory.
        let is_gone = |place: &Place| (place.at as usize) < least;
        let gone = if least == 0 { 0 } else { places.partition_point(is_gone) };
        let places = &places[gone..];
        above = above.saturating_sub(gone);
        let mut below = above;
        let mut probe = self.probe(pattern, self.keys.len() - 1);
        let distance = |place: Place| (place.at as usize).abs_diff(expected);
        for _ in 0..most {
            let up = places.get(above).copied();
            let down = below.checked_sub(1).map(|index| places[index]);
            let place = match (up, down) {
                (Some(up), Some(down)) if distance(up) <= distance(down) => {
                    above += 1;
                    up
                }
                (_, Some(down)) => {
                    below -= 1;
                    down
                }
                (Some(up), None) => {
                    above += 1;
                    up
                }
                (None, None) => break,
            };
            if probe.is_done() {
                break;
            }
            if let Some(length) = probe.longer(place) {
                see(place.at as usize, length);
            }
        }
    }
}

/// A pattern that is compared with candidates.
#[derive(Debug)]
struct Probe<'a> {
    image: &'a [u8],
    pattern: &'a [u8],
    /// Where `ahead` of places and pattern begins.
    skip: usize,
    /// Whether candidates agree with the pattern up to there.
    exact: bool,
    ahead: u32,
    /// Bytes of the longest match so far.
    longest: usize,
}

impl Probe<'_> {
    /// Whether nothing can be longer.
    fn is_done(&self) -> bool {
        self.longest >= self.pattern.len()
    }

    /// The length of the match at `place`, if it is longer than all before.
    #[inline]
    fn longer(&mut self, place: Place) -> Option<usize> {
        let different = place.ahead ^ self.ahead;
        let at = place.at as usize;
        let length = if different == 0 {
            // Longer than all before only if it agrees where the longest ended.
            if self.image.get(at + self.longest) != Some(&self.pattern[self.longest]) {
                return None;
            }
            common(&self.image[at..], self.pattern)
        } else if self.exact {
            let agree = self.skip + (different.trailing_zeros() / u8::BITS) as usize;
            agree.min(self.pattern.len()).min(self.image.len() - at)
        } else {
            // Another string with the same hash.
            return None;
        };
        let longer = length > self.longest;
        self.longest = self.longest.max(length);
        longer.then_some(length)
    }
}

/// Places near positions that differ little from one search to the next.
#[derive(Debug)]
pub struct Cursor<'p, 'a> {
    places: &'p Places<'a>,
    /// For each key, and at the end.
    keys: Vec<Passed>,
}

/// The places of a key.
#[derive(Debug, Clone, Copy)]
struct Passed {
    /// Where they start.
    start: u32,
    /// How many of them lay before the position that was searched for last.
    before: u32,
}

impl<'p, 'a> Cursor<'p, 'a> {
    /// At the first byte.
    #[must_use]
    pub fn new(places: &'p Places<'a>) -> Self {
        let keys = places.starts.iter().map(|&start| Passed { start, before: 0 });
        Self { places, keys: keys.collect() }
    }

    /// The places of `key`, and how many of them lie before `at`.
    ///
    /// **Cost**: the logarithm of the places since the search before.
    #[inline]
    fn find(&mut self, key: usize, at: usize) -> (&'p [Place], usize) {
        let end = self.keys[key + 1].start as usize;
        let Passed { start, before } = &mut self.keys[key];
        let places = &self.places.places[*start as usize..end];
        let is_before = |place: &Place| (place.at as usize) < at;
        let known = *before as usize;
        let mut step = 1;
        let (from, until) = if places.get(known).is_some_and(is_before) {
            while places.get(known + step).is_some_and(is_before) {
                step *= 2;
            }
            (known + step / 2 + 1, places.len().min(known + step))
        } else {
            while known.checked_sub(step).is_some_and(|index| !is_before(&places[index])) {
                step *= 2;
            }
            (known.saturating_sub(step), known - step / 2)
        };
        let count = from + places[from..until].partition_point(is_before);
        *before = word32(count);
        (places, count)
    }

    /// Gets ready for a search near `at` for a string of `key`: those to come are faster then, and find the same.
    #[inline]
    pub fn seek(&mut self, key: usize, at: usize) {
        self.find(key, at);
    }

    /// As [`Places::near`], for a pattern that begins with the string of `key`.
    pub fn near(
        &mut self,
        (key, pattern): (usize, &[u8]),
        (least, expected): (usize, usize),
        most: usize,
        mut see: impl FnMut(usize, usize),
    ) {
        let (places, above) = self.find(key, expected);
        self.places.around(pattern, places, (least, expected), above, most, &mut see);
    }

    /// Calls `see(offset, length)` for those of the `most` candidates before `at` that match more of `pattern` than `longest`
    /// bytes, which begins with the string of `key`, and than all that lie after them.
    pub fn last(
        &mut self,
        (key, pattern): (usize, &[u8]),
        at: usize,
        longest: usize,
        most: usize,
        mut see: impl FnMut(usize, usize),
    ) {
        let (places, before) = self.find(key, at);
        let mut probe = self.places.probe(pattern, longest.max(self.places.keys.len() - 1));
        for &place in places[..before].iter().rev().take(most) {
            if probe.is_done() {
                break;
            }
            if let Some(length) = probe.longer(place) {
                see(place.at as usize, length);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The shortest heatshrink coding of some bytes.
//!
//! All items cost the same whatever came before, so the cheapest coding of each suffix is found from the end: a literal and
//! the cheapest coding of what follows, or the longest copy and the cheapest coding behind it. A shorter copy is
//! never better: what follows it is no cheaper than a suffix of it.

use super::Parameters;

/// Bits of a literal.
const LITERAL: u64 = 9;

/// A copy.
#[derive(Clone, Copy, Debug, Default)]
struct Match {
    distance: usize,
    len: usize,
}

/// Codes `bytes` into the fewest bits, the byte of parameters in front.
///
/// **Cost**: linear time for most bytes, at worst 4,096 steps for each byte. In windows of more bytes a copy from far off may
/// be overlooked.
#[must_use]
pub fn encode(bytes: &[u8], parameters: Parameters) -> Vec<u8> {
    let matches = longest_matches(bytes, parameters);
    let cheapest = cheapest(&matches, parameters);
    let mut bits = Bits { bytes: vec![parameters.byte()], used: 0 };
    let mut at = 0;
    while at < bytes.len() {
        let Match { distance, len } = matches[at];
        if cheapest[at].copy {
            bits.put(0, 1);
            bits.put(distance - 1, parameters.window);
            bits.put(len - 1, parameters.lookahead);
            at += len;
        } else {
            bits.put(1, 1);
            bits.put(usize::from(bytes[at]), 8);
            at += 1;
        }
    }
    bits.bytes
}

/// The cheapest coding from an offset on.
#[derive(Clone, Copy, Debug, Default)]
struct Cheapest {
    bits: u64,
    copy: bool,
}

fn copy_bits(parameters: Parameters) -> u64 {
    1 + u64::from(parameters.window) + u64::from(parameters.lookahead)
}

fn cheapest(matches: &[Match], parameters: Parameters) -> Vec<Cheapest> {
    let copy_bits = copy_bits(parameters);
    let mut cheapest = vec![Cheapest::default(); matches.len() + 1];
    for (at, found) in matches.iter().enumerate().rev() {
        let literal = cheapest[at + 1].bits + LITERAL;
        let copy = cheapest[at + found.len].bits + copy_bits;
        cheapest[at] = if found.len > 0 && copy <= literal {
            Cheapest { bits: copy, copy: true }
        } else {
            Cheapest { bits: literal, copy: false }
        };
    }
    cheapest
}

/// The longest copy at each offset; none is of length 0.
fn longest_matches(bytes: &[u8], parameters: Parameters) -> Vec<Match> {
    const NONE: u32 = u32::MAX;
    /// Candidates looked at: all of a window of so many bytes, the nearest ones of a longer one.
    const TRIES: usize = 1 << 12;
    let window = 1 << parameters.window;
    let most = 1 << parameters.lookahead;
    // Offsets with the same two bytes are chained, latest first.
    let mut latest = vec![NONE; 1 << 16];
    let mut before = vec![NONE; bytes.len()];
    let mut matches = vec![Match::default(); bytes.len()];
    // How far the byte at an offset goes on unchanged: runs are compared in one step.
    let runs = runs(bytes);
    for at in 0..bytes.len() {
        let limit = most.min(bytes.len() - at);
        if limit < 2 {
            matches[at] = single(bytes, at, parameters);
            continue;
        }
        let key = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let mut candidate = latest[key];
        let mut best = Match::default();
        for _ in 0..TRIES {
            let from = candidate as usize;
            if candidate == NONE || at - from > window || best.len == limit {
                break;
            }
            if best.len == 0 || bytes[from + best.len] == bytes[at + best.len] {
                let len = common(bytes, &runs, from, at, limit);
                if len > best.len {
                    best = Match { distance: at - from, len };
                }
            }
            candidate = before[from];
        }
        matches[at] = if best.len == 0 { single(bytes, at, parameters) } else { best };
        before[at] = latest[key];
        latest[key] = u32::try_from(at).unwrap_or(NONE);
    }
    matches
}

/// A copy of one byte, where that is cheaper than a literal.
fn single(bytes: &[u8], at: usize, parameters: Parameters) -> Match {
    let window = 1 << parameters.window;
    if copy_bits(parameters) >= LITERAL {
        return Match::default();
    }
    let distance = (1..=window.min(at)).find(|distance| bytes[at - distance] == bytes[at]);
    distance.map_or_else(Match::default, |distance| Match { distance, len: 1 })
}

/// Bytes from each offset on that are the same.
fn runs(bytes: &[u8]) -> Vec<u32> {
    let mut runs = vec![1u32; bytes.len()];
    for at in (1..bytes.len()).rev() {
        if bytes[at - 1] == bytes[at] {
            runs[at - 1] = runs[at].saturating_add(1);
        }
    }
    runs
}

/// Bytes that two offsets have in common, at most `limit`.
fn common(bytes: &[u8], runs: &[u32], from: usize, at: usize, limit: usize) -> usize {
    let mut len = 0;
    while len < limit && bytes[from + len] == bytes[at + len] {
        let (ours, theirs) = (runs[at + len], runs[from + len]);
        len += ours.min(theirs) as usize;
        if ours != theirs {
            break;
        }
    }
    len.min(limit)
}

/// Bits, most significant first.
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are used, 0 if all are.
    used: u8,
}

impl Bits {
    fn put(&mut self, value: usize, count: u8) {
        for shift in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = u8::from(value >> shift & 1 == 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }
}

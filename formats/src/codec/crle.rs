//! Conditional run length encoding: detools' codec for patches that are mostly zeros.
//!
//! ```text
//! segment    0 length bytes…     as they are
//!            1 length byte       one byte, repeated
//! ```
//! Lengths are unsigned numbers of variable length. An empty stream is one empty segment.
//!
//! **Reference**: detools 0.53, documentation of `detools.compression.crle`.

use std::io::{self, ErrorKind, Read};

use crate::varint;

const SCATTERED: u8 = 0;
const REPEATED: u8 = 1;

/// Decodes from memory.
#[derive(Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
    segment: Segment,
}

#[derive(Debug)]
enum Segment {
    Scattered { left: u64 },
    Repeated { left: u64, byte: u8 },
}

impl<'a> Decoder<'a> {
    /// Decodes all of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, segment: Segment::Scattered { left: 0 } }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let (&byte, rest) = self.rest.split_first().ok_or(ErrorKind::UnexpectedEof)?;
        self.rest = rest;
        Ok(byte)
    }

    fn length(&mut self) -> io::Result<u64> {
        let (mut length, mut shift) = (0, 0u32);
        loop {
            let byte = self.byte()?;
            let part = varint::part(byte, shift);
            length |= part.ok_or_else(|| invalid("a segment of 2^64 bytes or more"))?;
            if byte & 0x80 == 0 {
                return Ok(length);
            }
            shift = shift.saturating_add(7);
        }
    }

    fn segment(&mut self) -> io::Result<Segment> {
        match self.byte()? {
            SCATTERED => Ok(Segment::Scattered { left: self.length()? }),
            REPEATED => Ok(Segment::Repeated { left: self.length()?, byte: self.byte()? }),
            kind => Err(invalid(&format!("segment kind {kind}, neither 0 nor 1"))),
        }
    }
}

fn invalid(detail: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, detail)
}

impl Read for Decoder<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let wanted = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        loop {
            match &mut self.segment {
                Segment::Scattered { left } if *left > 0 => {
                    let count = wanted(*left).min(self.rest.len());
                    if count == 0 && !bytes.is_empty() {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                    let (now, rest) = self.rest.split_at(count);
                    bytes[..count].copy_from_slice(now);
                    self.rest = rest;
                    *left -= count as u64;
                    return Ok(count);
                }
                Segment::Repeated { left, byte } if *left > 0 => {
                    let count = wanted(*left);
                    bytes[..count].fill(*byte);
                    *left -= count as u64;
                    return Ok(count);
                }
                _ if self.rest.is_empty() => return Ok(0),
                _ => self.segment = self.segment()?,
            }
        }
    }
}

/// Codes `bytes` into the fewest bytes, but for a few at lengths where a number grows.
///
/// **Cost**: linear time.
#[must_use]
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    /// A segment of the cheapest coding: where it begins and whether it is repeated.
    #[derive(Clone, Copy)]
    struct Best {
        cost: usize,
        from: usize,
        kind: u8,
    }
    let mut best = vec![Best { cost: 0, from: 0, kind: SCATTERED }];
    let cost = |best: &[Best], from: usize, at: usize, stored: usize| {
        best[from].cost + 1 + varint::unsigned_len((at - from) as u64) + stored
    };
    let (mut scattered, mut run) = (0, 0);
    for at in 1..=bytes.len() {
        // A scattered segment begins where beginning was cheapest so far.
        if best[at - 1].cost + scattered < best[scattered].cost + (at - 1) {
            scattered = at - 1;
        }
        if at >= 2 && bytes[at - 1] != bytes[at - 2] {
            run = at - 1;
        }
        let plain = cost(&best, scattered, at, at - scattered);
        let repeated = cost(&best, run, at, 1);
        best.push(if repeated < plain {
            Best { cost: repeated, from: run, kind: REPEATED }
        } else {
            Best { cost: plain, from: scattered, kind: SCATTERED }
        });
    }
    let mut segments = Vec::new();
    let mut at = bytes.len();
    while at > 0 {
        let Best { from, kind, .. } = best[at];
        segments.push((from, at, kind));
        at = from;
    }
    if segments.is_empty() {
        return vec![SCATTERED, 0];
    }
    let mut coded = Vec::new();
    for (from, until, kind) in segments.into_iter().rev() {
        coded.push(kind);
        varint::put_unsigned(&mut coded, (until - from) as u64);
        coded.extend(&bytes[from..if kind == REPEATED { from + 1 } else { until }]);
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoded = Vec::new();
        Decoder::new(bytes).read_to_end(&mut decoded).map(|_| decoded)
    }

    #[test]
    fn runs_and_others_come_back() {
        let cases: [(&[u8], &[u8]); 4] = [
            (b"", &[0, 0]),
            (b"abc", b"\0\x03abc"),
            (b"aaaaaaaaaa", b"\x01\x0Aa"),
            (b"xaaaaaaaaay", b"\0\x01x\x01\x09a\0\x01y"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(encode(bytes), expected);
            assert_eq!(decode(expected).expect("decodes"), bytes);
        }
    }

    #[test]
    fn short_runs_stay_in_scattered_segments() {
        assert_eq!(encode(b"xyaaaaaxy"), b"\0\x09xyaaaaaxy");
        assert_eq!(encode(b"xyaaaaaaxy"), b"\0\x02xy\x01\x06a\0\x02xy");
    }

    #[test]
    fn any_bytes_come_back() {
        let mut random = rig::random::Random::new(7);
        for len in [1, 2, 127, 128, 129, 1_000, 20_000] {
            let bytes: Vec<u8> = (0..len)
                .map(|_| if random.below(8) == 0 { random.below(4).to_le_bytes()[0] } else { 0 })
                .collect();
            assert_eq!(decode(&encode(&bytes)).expect("decodes"), bytes);
        }
    }

    #[test]
    fn damage_is_an_error() {
        for (bytes, kind) in [
            (&[2, 0][..], ErrorKind::InvalidData),
            (&[0], ErrorKind::UnexpectedEof),
            (&[0, 2, 7], ErrorKind::UnexpectedEof),
            (&[1, 2], ErrorKind::UnexpectedEof),
            (
                &[1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0],
                ErrorKind::InvalidData,
            ),
        ] {
            assert_eq!(decode(bytes).expect_err("refused").kind(), kind, "{bytes:?}");
        }
    }
}

//! bsdiff patches: BSDIFF40 of bsdiff 4, and ENDSLEY/BSDIFF43 of bsdiff as a library.
//!
//! ```text
//! 0 "BSDIFF40"          8 control length   16 diff length   24 target length   32 bzip2: control, diff, extra
//! 0 "ENDSLEY/BSDIFF43"                                      16 target length   24 bzip2: control, diff, extra, op by op
//! control   diff length   extra length   jump
//! ```
//! All numbers are 64 bits, little-endian, a sign and a magnitude. Diff bytes are added to base bytes. Nothing in them
//! tells which base they were made for.
//!
//! **Reference**: C. Percival, bsdiff 4.3; M. Endsley, bsdiff (`bsdiff.c`, `bspatch.c`).

use std::io::Read as _;

use bzip2::read::BzEncoder;

use crate::codec::{Compression, Stream};
use crate::stretch::{differences, ops};
use crate::{Error, Limits, Stretch};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Three streams.
    Bsdiff40,
    /// One stream.
    Bsdiff43,
}

impl Format {
    /// The first bytes.
    #[must_use]
    pub fn magic(self) -> &'static str {
        match self {
            Self::Bsdiff40 => "BSDIFF40",
            Self::Bsdiff43 => "ENDSLEY/BSDIFF43",
        }
    }

    /// The format that `patch` begins with.
    ///
    /// # Errors
    /// [`Error::Empty`] or [`Error::Magic`] if it is neither.
    pub fn of(patch: &[u8]) -> Result<Self, Error> {
        if patch.is_empty() {
            return Err(Error::Empty);
        }
        let formats = [Self::Bsdiff40, Self::Bsdiff43];
        let found = formats.into_iter().find(|format| patch.starts_with(format.magic().as_bytes()));
        found.ok_or_else(|| Error::Magic {
            expected: "BSDIFF40 or ENDSLEY/BSDIFF43",
            found: patch.get(..16).unwrap_or(patch).escape_ascii().to_string(),
        })
    }
}

/// What a patch says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its format.
    pub format: Format,
    /// Bytes of its header.
    pub header_len: usize,
    /// Length of the target in bytes.
    pub target_len: u64,
}

/// The coded streams of a patch.
struct Parts<'a> {
    info: Info,
    control: &'a [u8],
    /// Diff and extra bytes, if they have streams of their own.
    data: Option<(&'a [u8], &'a [u8])>,
}

impl Info {
    /// Reads the header of a patch.
    ///
    /// # Errors
    /// [`Error`]: another format, truncated, or numbers that cannot be.
    pub fn read(patch: &[u8]) -> Result<Self, Error> {
        parts(patch).map(|parts| parts.info)
    }
}

fn parts(patch: &[u8]) -> Result<Parts<'_>, Error> {
    let format = Format::of(patch)?;
    let rest = patch.get(format.magic().len()..).unwrap_or(&[]);
    let mut numbers = rest.chunks_exact(8).map(number);
    let mut length = |expected: &'static str| {
        let found = numbers.next().ok_or(Error::Truncated { expected })?;
        u64::try_from(found).map_err(|_| Error::Number { expected, found })
    };
    match format {
        Format::Bsdiff43 => {
            let target_len = length("the target length")?;
            let info = Info { format, header_len: 24, target_len };
            Ok(Parts { info, control: rest.get(8..).unwrap_or(&[]), data: None })
        }
        Format::Bsdiff40 => {
            let control = length("the control length")?;
            let diff = length("the diff length")?;
            let target_len = length("the target length")?;
            let info = Info { format, header_len: 32, target_len };
            let rest = rest.get(24..).unwrap_or(&[]);
            let cut = |bytes: &'static str, rest, len: u64| split(rest, len, bytes);
            let (control, rest) = cut("the control bytes", rest, control)?;
            let (diff, extra) = cut("the diff bytes", rest, diff)?;
            Ok(Parts { info, control, data: Some((diff, extra)) })
        }
    }
}

fn split<'a>(
    bytes: &'a [u8],
    len: u64,
    expected: &'static str,
) -> Result<(&'a [u8], &'a [u8]), Error> {
    let parts = usize::try_from(len).ok().and_then(|len| bytes.split_at_checked(len));
    parts.ok_or(Error::Truncated { expected })
}

/// A sign and a magnitude, little-endian.
fn number(bytes: &[u8]) -> i64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    let word = u64::from_le_bytes(word);
    let magnitude = i64::try_from(word & !SIGN).unwrap_or(i64::MAX);
    if word & SIGN == 0 { magnitude } else { -magnitude }
}

const SIGN: u64 = 1 << 63;

fn put(bytes: &mut Vec<u8>, value: i64) {
    let sign = if value < 0 { SIGN } else { 0 };
    bytes.extend((value.unsigned_abs() | sign).to_le_bytes());
}

/// The target that `patch` makes of `base`.
///
/// # Errors
/// [`Error`]; its [`class`](Error::class) tells whether another patch or base is needed, or larger limits.
pub fn apply(base: &[u8], patch: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let Parts { info, control, data } = parts(patch)?;
    let target_len = limits.target(info.target_len)?;
    let most = Limits::delta_len(info.target_len).saturating_mul(4);
    let open = |bytes| Stream::open(Compression::Bz2, bytes, limits, most);
    let mut control = open(control)?;
    let mut data = match data {
        Some((diff, extra)) => Some((open(diff)?, open(extra)?)),
        None => None,
    };
    let mut target = Vec::new();
    let mut cursor = 0i64;
    while target.len() < target_len {
        let left = (target_len - target.len()) as u64;
        let [diff, extra, jump] = ["the diff length", "the extra length", "the jump"]
            .map(|field| word(&mut control, field));
        let diff = within(diff?, "diff", left)?;
        let stream = data.as_mut().map_or(&mut control, |(diff, _)| diff);
        let mut bytes = taken(stream, diff, "diff bytes")?;
        add(&mut bytes, base, cursor)?;
        cursor = cursor.saturating_add(i64::try_from(diff).unwrap_or(i64::MAX));
        target.append(&mut bytes);
        let extra = within(extra?, "extra", left - diff)?;
        let stream = data.as_mut().map_or(&mut control, |(_, extra)| extra);
        target.append(&mut taken(stream, extra, "extra bytes")?);
        cursor = cursor.saturating_add(jump?);
    }
    control.finish()?;
    if let Some((diff, extra)) = data {
        diff.finish()?;
        extra.finish()?;
    }
    Ok(target)
}

fn word(stream: &mut Stream<'_>, expected: &'static str) -> Result<i64, Error> {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes, expected)?;
    Ok(number(&bytes))
}

fn within(found: i64, what: &'static str, left: u64) -> Result<u64, Error> {
    let found = u64::try_from(found).map_err(|_| Error::Number { expected: "a length", found })?;
    if found > left {
        return Err(Error::TooLong { what, expected: left, found });
    }
    Ok(found)
}

/// The next `len` bytes; memory is taken as they come.
fn taken(stream: &mut Stream<'_>, len: u64, expected: &'static str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let mut left = len;
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(piece.len()).min(piece.len());
        let piece = piece.get_mut(..count).unwrap_or(&mut []);
        stream.fill(piece, expected)?;
        bytes.extend_from_slice(piece);
        left -= count as u64;
    }
    Ok(bytes)
}

/// Adds the base at `cursor`. As bspatch does, what lies outside of the base counts as zero: bsdiff 4 makes such patches.
fn add(bytes: &mut [u8], base: &[u8], cursor: i64) -> Result<(), Error> {
    let len = bytes.len() as u64;
    let (mut at, mut found) = (cursor, false);
    for byte in bytes {
        if let Some(base) = usize::try_from(at).ok().and_then(|at| base.get(at)) {
            *byte = byte.wrapping_add(*base);
            found = true;
        }
        at = at.saturating_add(1);
    }
    if found || len == 0 {
        return Ok(());
    }
    Err(Error::OutOfBase { offset: cursor, len, base_len: base.len() as u64 })
}

/// Writes a patch of `stretches`.
///
/// # Errors
/// [`Error::Codec`] if bzip2 gives up, which it has no reason to.
pub fn write(
    base: &[u8],
    target: &[u8],
    stretches: &[Stretch],
    format: Format,
) -> Result<Vec<u8>, Error> {
    let (mut control, mut diff, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    let number = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
    let whole = ops(stretches, target.len(), 0);
    for op in whole.iter().filter(|_| !target.is_empty()) {
        put(&mut control, number(op.at.len));
        put(&mut control, number(op.extra));
        put(&mut control, op.jump);
        let new = &target[op.at.target + op.at.len..][..op.extra];
        if format == Format::Bsdiff43 {
            control.extend(differences(base, target, op.at));
            control.extend(new);
        } else {
            diff.extend(differences(base, target, op.at));
            extra.extend(new);
        }
    }
    let control = compress(&control)?;
    let mut patch = format.magic().as_bytes().to_vec();
    match format {
        Format::Bsdiff40 => {
            let diff = compress(&diff)?;
            for len in [control.len(), diff.len(), target.len()] {
                put(&mut patch, number(len));
            }
            patch.extend(control);
            patch.extend(diff);
            patch.extend(compress(&extra)?);
        }
        Format::Bsdiff43 => {
            put(&mut patch, number(target.len()));
            patch.extend(control);
        }
    }
    Ok(patch)
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut coded = Vec::new();
    let done = BzEncoder::new(bytes, bzip2::Compression::best()).read_to_end(&mut coded);
    done.map_err(|error| Error::Codec {
        compression: Compression::Bz2,
        detail: error.to_string(),
    })?;
    Ok(coded)
}

#[cfg(test)]
mod tests {
    use rig::random::Random;

    use super::*;

    fn pair() -> (Vec<u8>, Vec<u8>, [Stretch; 2]) {
        let base = Random::new(5).bytes(3_000);
        let mut target = base[1_000..2_500].to_vec();
        target[7] ^= 1;
        target.extend(b"new");
        target.extend(&base[..900]);
        let stretches = [
            Stretch { target: 0, base: 1_000, len: 1_500 },
            Stretch { target: 1_503, base: 0, len: 900 },
        ];
        (base, target, stretches)
    }

    #[test]
    fn both_formats_come_back() {
        let (base, target, stretches) = pair();
        for (format, header_len) in [(Format::Bsdiff40, 32), (Format::Bsdiff43, 24)] {
            let patch = write(&base, &target, &stretches, format).expect("written");
            assert_eq!(apply(&base, &patch, &Limits::default()), Ok(target.clone()));
            let target_len = target.len() as u64;
            assert_eq!(Info::read(&patch), Ok(Info { format, header_len, target_len }));
            for cut in [0, 5, 8, 17, 24, 40, patch.len() - 1] {
                assert!(apply(&base, &patch[..cut], &Limits::default()).is_err(), "{cut}");
            }
            let mut longer = patch.clone();
            longer.push(0);
            assert_eq!(apply(&base, &longer, &Limits::default()), Err(Error::TrailingData));
            let empty = write(&base, &[], &[], format).expect("written");
            assert_eq!(apply(&base, &empty, &Limits::default()), Ok(Vec::new()));
        }
    }

    #[test]
    fn numbers_have_sign_and_magnitude() {
        for value in [0, 1, -1, 258, i64::MAX, -i64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(number(&bytes), value);
        }
        assert_eq!(number(&[1, 0, 0, 0, 0, 0, 0, 0x80]), -1);
    }

    #[test]
    fn other_files_are_named() {
        let found = apply(&[], b"\x7FELF", &Limits::default());
        let expected = "BSDIFF40 or ENDSLEY/BSDIFF43";
        assert_eq!(found, Err(Error::Magic { expected, found: "\\x7fELF".to_owned() }));
        assert_eq!(apply(&[], &[], &Limits::default()), Err(Error::Empty));
        let negative = [b"ENDSLEY/BSDIFF43".as_slice(), &[1, 0, 0, 0, 0, 0, 0, 0x80]].concat();
        let expected = Error::Number { expected: "the target length", found: -1 };
        assert_eq!(Info::read(&negative), Err(expected));
    }
}

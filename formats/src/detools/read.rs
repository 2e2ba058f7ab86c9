//! Ops of a delta, as they come.

use crate::Error;
use crate::codec::Stream;

/// Bytes that are handed over together at most.
const PIECE: usize = 4096;

/// What a delta does.
pub(super) trait Sink {
    /// Bytes to add to the base at the cursor, which moves on.
    fn diff(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// New bytes.
    fn extra(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// Moves the base cursor.
    fn jump(&mut self, by: i64) -> Result<(), Error>;
    /// A new op begins; a diff of `len` bytes comes first.
    fn op(&mut self, len: u64) -> Result<(), Error>;
}

/// Reads one delta that makes `target_len` bytes.
pub(super) fn delta(
    stream: &mut Stream<'_>,
    target_len: u64,
    sink: &mut impl Sink,
) -> Result<(), Error> {
    let data_format = stream.length("the data-format length")?;
    if data_format > 0 {
        let found = stream.number("the data format")?;
        return Err(Error::DataFormat { found });
    }
    let mut left = target_len;
    while left > 0 {
        let len = announced(stream, "the diff length", "diff", &mut left)?;
        sink.op(len)?;
        pieces(stream, len, "diff bytes", |bytes| sink.diff(bytes))?;
        let len = announced(stream, "the extra length", "extra", &mut left)?;
        pieces(stream, len, "extra bytes", |bytes| sink.extra(bytes))?;
        sink.jump(stream.number("the adjustment")?)?;
    }
    Ok(())
}

fn announced(
    stream: &mut Stream<'_>,
    field: &'static str,
    what: &'static str,
    left: &mut u64,
) -> Result<u64, Error> {
    let found = stream.length(field)?;
    *left = left.checked_sub(found).ok_or(Error::TooLong { what, expected: *left, found })?;
    Ok(found)
}

fn pieces(
    stream: &mut Stream<'_>,
    len: u64,
    expected: &'static str,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut piece = [0; PIECE];
    let mut left = len;
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let bytes = piece.get_mut(..count).unwrap_or(&mut []);
        stream.fill(bytes, expected)?;
        each(bytes)?;
        left -= count as u64;
    }
    Ok(())
}

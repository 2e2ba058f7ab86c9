//! Sequential patches: from one slot to another.

use super::read::{self, Sink};
use super::write::{Encoding, delta};
use super::{Header, Info};
use crate::codec::{Compression, Stream};
use crate::{Error, Limits, Stretch};

/// Writes a sequential patch whose delta is made of `stretches`.
///
/// # Errors
/// [`Error::Parameter`] for parameters of the codec that no decoder takes.
pub fn write(
    base: &[u8],
    target: &[u8],
    stretches: &[Stretch],
    encoding: &Encoding,
) -> Result<Vec<u8>, Error> {
    wrap(&delta(base, target, stretches, 0), target.len(), encoding)
}

/// Puts a delta into a sequential patch.
///
/// # Errors
/// As [`write()`].
pub fn wrap(delta: &[u8], target_len: usize, encoding: &Encoding) -> Result<Vec<u8>, Error> {
    let header =
        Header::Sequential { compression: encoding.compression(), target_len: target_len as u64 };
    let mut patch = header.bytes();
    if target_len > 0 {
        patch.extend(encoding.encode(delta)?);
    }
    Ok(patch)
}

pub(super) fn apply(
    base: &[u8],
    compression: Compression,
    target_len: u64,
    coded: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let len = limits.target(target_len)?;
    if len == 0 {
        return Ok(Vec::new());
    }
    let mut stream = Stream::open(compression, coded, limits, Limits::delta_len(target_len))?;
    let mut slots = Slots { base, cursor: 0, target: Vec::new() };
    read::delta(&mut stream, target_len, &mut slots)?;
    stream.finish()?;
    Ok(slots.target)
}

pub(super) fn info(
    compression: Compression,
    target_len: u64,
    coded: &[u8],
    limits: &Limits,
    info: &mut Info,
) -> Result<(), Error> {
    limits.target(target_len)?;
    if target_len == 0 {
        return Ok(());
    }
    let mut stream = Stream::open(compression, coded, limits, Limits::delta_len(target_len))?;
    read::delta(&mut stream, target_len, info)?;
    stream.finish()
}

struct Slots<'a> {
    base: &'a [u8],
    cursor: i64,
    target: Vec<u8>,
}

impl Sink for Slots<'_> {
    fn diff(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let from = usize::try_from(self.cursor).ok().and_then(|at| self.base.get(at..));
        let from = from.and_then(|base| base.get(..bytes.len())).ok_or(Error::OutOfBase {
            offset: self.cursor,
            len: bytes.len() as u64,
            base_len: self.base.len() as u64,
        })?;
        self.target.extend(bytes.iter().zip(from).map(|(diff, base)| base.wrapping_add(*diff)));
        self.jump(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
    }

    fn extra(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.target.extend_from_slice(bytes);
        Ok(())
    }

    fn jump(&mut self, by: i64) -> Result<(), Error> {
        self.cursor = self.cursor.saturating_add(by);
        Ok(())
    }

    fn op(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}

//! Reads at any offset from flash that reads in units.

use embedded_storage::nor_flash::ReadNorFlash;

/// Largest `READ_SIZE` that is served.
pub(crate) const MAX_READ_SIZE: usize = 32;

/// Fills `bytes` from `offset` on.
///
/// With a `READ_SIZE` above 1 up to a unit less one byte is read beyond each end.
#[inline(always)]
pub(crate) fn read<F: ReadNorFlash>(
    flash: &mut F,
    offset: u32,
    bytes: &mut [u8],
) -> Result<(), F::Error> {
    if F::READ_SIZE == 1 { flash.read(offset, bytes) } else { read_units(flash, offset, bytes) }
}

fn read_units<F: ReadNorFlash>(
    flash: &mut F,
    offset: u32,
    bytes: &mut [u8],
) -> Result<(), F::Error> {
    let skip = into_unit::<F>(offset as usize);
    let before = if skip == 0 { 0 } else { F::READ_SIZE.saturating_sub(skip) };
    let (head, rest) = split(bytes, before);
    let aligned = rest.len().saturating_sub(into_unit::<F>(rest.len()));
    let (body, tail) = split(rest, aligned);
    let body_offset = add(offset, head.len());
    if !head.is_empty() {
        read_part(flash, offset, head)?;
    }
    if !body.is_empty() {
        flash.read(body_offset, body)?;
    }
    if !tail.is_empty() {
        read_part(flash, add(body_offset, body.len()), tail)?;
    }
    Ok(())
}

/// Reads `bytes` that lie within one unit.
fn read_part<F: ReadNorFlash>(
    flash: &mut F,
    offset: u32,
    bytes: &mut [u8],
) -> Result<(), F::Error> {
    let skip = into_unit::<F>(offset as usize);
    let mut unit = [0; MAX_READ_SIZE];
    let (unit, _) = split(&mut unit, F::READ_SIZE);
    flash.read(offset.saturating_sub(u32::try_from(skip).unwrap_or(0)), unit)?;
    for (byte, read) in bytes.iter_mut().zip(unit.iter().skip(skip)) {
        *byte = *read;
    }
    Ok(())
}

/// Bytes from the last unit boundary at or before `position` to there.
fn into_unit<F: ReadNorFlash>(position: usize) -> usize {
    position.checked_rem(F::READ_SIZE).unwrap_or(0)
}

fn split(bytes: &mut [u8], at: usize) -> (&mut [u8], &mut [u8]) {
    let at = at.min(bytes.len());
    bytes.split_at_mut_checked(at).unwrap_or_default()
}

fn add(offset: u32, bytes: usize) -> u32 {
    offset.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX))
}

//! Flash that reads or writes in units of its own.

use core::ops::Range;

use device_apply::{Applier, Stage};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use patcher_core::reference;

use crate::support::{Options, Patch, drive};

/// RAM that insists on units: reads of `R`, writes of `W`, pages of `E` bytes.
struct Units<const R: usize, const W: usize, const E: usize> {
    bytes: Vec<u8>,
    /// What is erased and not yet written, per byte.
    erased: Vec<bool>,
}

impl<const R: usize, const W: usize, const E: usize> Units<R, W, E> {
    fn new(image: &[u8], len: usize) -> Self {
        let mut bytes = image.to_vec();
        bytes.resize(len, 0x77);
        Self { bytes, erased: vec![false; len] }
    }

    fn range(
        &self,
        offset: u32,
        len: usize,
        unit: usize,
    ) -> Result<Range<usize>, NorFlashErrorKind> {
        let start = offset as usize;
        if !start.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(NorFlashErrorKind::NotAligned);
        }
        let inside = start + len <= self.bytes.len();
        if inside { Ok(start..start + len) } else { Err(NorFlashErrorKind::OutOfBounds) }
    }
}

impl<const R: usize, const W: usize, const E: usize> ErrorType for Units<R, W, E> {
    type Error = NorFlashErrorKind;
}

impl<const R: usize, const W: usize, const E: usize> ReadNorFlash for Units<R, W, E> {
    const READ_SIZE: usize = R;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let range = self.range(offset, bytes.len(), R)?;
        bytes.copy_from_slice(&self.bytes[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const R: usize, const W: usize, const E: usize> NorFlash for Units<R, W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let range = self.range(from, (to - from) as usize, E)?;
        self.bytes[range.clone()].fill(0xFF);
        self.erased[range].fill(true);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let range = self.range(offset, bytes.len(), W)?;
        if self.erased[range.clone()].contains(&false) {
            return Err(NorFlashErrorKind::Other);
        }
        self.erased[range.clone()].fill(false);
        self.bytes[range].copy_from_slice(bytes);
        Ok(())
    }
}

fn applies<const R: usize, const W: usize, const E: usize>() {
    let patch = Patch::small(Options::thumb());
    let len = 8 * 1024;
    let mut base = Units::<R, W, E>::new(&patch.base, len);
    let mut staging = Units::<R, W, E>::new(&[], len);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let mut applier = Applier::new(&mut base, &mut staging, &mut workspace, &reference::ALL);
    let progress = drive(&mut applier, &patch.bytes, 11);
    let done = progress.map(|progress| progress.stage);
    assert_eq!(done, Ok(Stage::Done { target_len: patch.target_len() }), "{R} {W} {E}");
    let (written, rest) = staging.bytes.split_at(patch.target.len().next_multiple_of(E));
    let (target, erased) = written.split_at(patch.target.len());
    assert!(target == patch.target, "{R} {W} {E}");
    assert!(erased.iter().all(|&byte| byte == 0xFF), "{R} {W} {E}");
    assert!(rest.iter().all(|&byte| byte == 0x77), "{R} {W} {E}");
}

#[test]
fn every_unit_of_reading_is_served() {
    applies::<1, 32, 128>();
    applies::<2, 32, 128>();
    applies::<4, 32, 128>();
    applies::<8, 32, 128>();
    applies::<16, 32, 128>();
    applies::<32, 32, 128>();
}

#[test]
fn every_unit_of_writing_is_served() {
    applies::<1, 1, 128>();
    applies::<1, 2, 128>();
    applies::<4, 4, 4096>();
    applies::<1, 8, 128>();
    applies::<1, 16, 128>();
}

#[test]
fn pages_smaller_than_the_buffer_or_of_odd_size_are_served() {
    applies::<1, 1, 1>();
    applies::<1, 4, 4>();
    applies::<4, 4, 12>();
    applies::<8, 8, 40>();
}

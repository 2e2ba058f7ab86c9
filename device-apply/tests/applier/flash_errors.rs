//! Flash that fails, or forgets.

use device_apply::{Applier, ApplyError, Class};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use flash_model::{Cut, FlashError, FlashModel, Part, Slot, Stm32L4, Tear};
use patcher_core::reference;

use crate::support::{Device, Options, Patch, drive};

#[test]
fn an_operation_that_fails_ends_the_update_and_is_named() {
    let patch = Patch::small(Options::thumb());
    let words = patch.header.workspace_words();
    let uncut = Device::<Stm32L4>::with_base_of(&patch);
    uncut.flash.record();
    uncut.apply(&patch.bytes, 64, words).result.unwrap();
    let log = uncut.flash.take_log().unwrap();
    assert!(log.operations().len() > 300);
    for (index, operation) in log.operations().iter().enumerate() {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        device.flash.cut_after(index as u64, Cut::Before);
        let error = device.apply(&patch.bytes, 64, words).result.unwrap_err();
        let at = operation.range().start - device.staging_range().start;
        let erase = operation.range().len() > 8;
        match error {
            ApplyError::StagingErase { offset, error: FlashError::PowerLost } if erase => {
                assert_eq!(offset, at);
            }
            // A call of the driver programs several units.
            ApplyError::StagingWrite { offset, error: FlashError::PowerLost } if !erase => {
                assert!(offset <= at && at < offset + 32, "{at} {offset}");
            }
            other => panic!("operation {index}: {other}"),
        }
        assert_eq!(error.class(), Class::Flash);
    }
}

#[test]
fn a_protected_page_is_named() {
    let patch = Patch::small(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let page = device.staging_range().start + 2048;
    device.flash.protect(page..page + 2048);
    let run = device.apply(&patch.bytes, 64, patch.header.workspace_words());
    let error = FlashError::WriteProtected { address: page };
    assert_eq!(run.result, Err(ApplyError::StagingErase { offset: 2048, error }));
}

/// Leaves the write unit at `address` torn, so that reads of it fault.
fn tear<P: Part>(flash: &FlashModel<P>, address: u32) {
    let page = flash.page_at(address);
    let bytes = flash.dump(page.start..page.start + page.bytes).unwrap();
    flash.unprotect();
    flash.erase(page.start..page.start + page.bytes).unwrap();
    flash.cut_after(0, Cut::Inside(Tear::Mixed(3)));
    let unit = P::GEOMETRY.write_bytes() as usize;
    flash.program(address, &vec![0x5A; unit]).unwrap_err();
    flash.power_on();
    let at = (address - page.start) as usize;
    flash.load(page.start, &bytes[..at]);
    flash.load(address + P::GEOMETRY.write_bytes(), &bytes[at + unit..]);
}

#[test]
fn a_base_that_cannot_be_read_is_named_before_anything_is_erased() {
    let patch = Patch::release(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    tear(&device.flash, 9_000);
    let run = device.apply(&patch.bytes, 64, patch.header.workspace_words());
    let error = FlashError::Ecc { address: 9_000 };
    assert_eq!(run.result, Err(ApplyError::BaseRead { offset: 8_960, error }));
    assert_eq!(run.stats.operations(), 0);
}

/// What the broken part of a [`Faulty`] slot does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// A write of this offset is reported as done and lost.
    LostWrite(u32),
    /// A read of this offset fails.
    Read(u32),
}

/// A slot with one fault.
struct Faulty<'a>(Slot<'a, Stm32L4>, Fault);

impl ErrorType for Faulty<'_> {
    type Error = FlashError;
}

impl ReadNorFlash for Faulty<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        match self.1 {
            Fault::Read(at) if (offset..).take(bytes.len()).any(|byte| byte == at) => {
                Err(FlashError::Ecc { address: at })
            }
            _ => self.0.read(offset, bytes),
        }
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Faulty<'_> {
    const WRITE_SIZE: usize = <Slot<'_, Stm32L4>>::WRITE_SIZE;
    const ERASE_SIZE: usize = <Slot<'_, Stm32L4>>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        match self.1 {
            Fault::LostWrite(at) if offset == at => Ok(()),
            _ => self.0.write(offset, bytes),
        }
    }
}

fn apply_on(fault: Fault) -> ApplyError<FlashError, FlashError> {
    let patch = Patch::small(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let staging = Faulty(device.staging(), fault);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let mut applier = Applier::new(device.base(), staging, &mut workspace, &reference::ALL);
    drive(&mut applier, &patch.bytes, 64).unwrap_err()
}

#[test]
fn a_lost_write_is_found_by_reading_back() {
    // The last write: nothing is decoded from it any more.
    let last = Patch::small(Options::thumb()).target_len() / 32 * 32;
    let error = apply_on(Fault::LostWrite(last));
    let expected = Patch::small(Options::thumb()).header.target_digest;
    assert!(
        matches!(error, ApplyError::WrongTarget { expected: e, got } if e == expected && got != e),
        "{error}"
    );
}

#[test]
fn a_target_that_cannot_be_read_back_is_named() {
    let error = apply_on(Fault::Read(3_000));
    let ecc = FlashError::Ecc { address: 3_000 };
    assert_eq!(error, ApplyError::StagingRead { offset: 2_944, error: ecc });
    assert_eq!(error.class(), Class::Flash);
}

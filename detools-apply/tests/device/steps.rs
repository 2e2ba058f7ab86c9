//! Steps in flash of their own.

use detools_apply::steps::{StepError, StepLog, Steps};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use flash_model::{Cut, FlashError, FlashModel, Nrf52, Part, Stm32H7, Stm32L4, Stm32U5, Tear};

const ID: u32 = 0x1234_5678;

fn steps_are_kept_on<P: Part>() {
    let page = P::GEOMETRY.erase_bytes();
    let flash = FlashModel::<P>::new();
    let log = |id| StepLog::new(flash.slot(0..page), id);
    assert_eq!(log(ID).completed(), Ok(0));
    for step in 1..=20 {
        log(ID).complete(step).expect("kept");
        assert_eq!(log(ID).completed(), Ok(step));
    }
    // Another patch must wait until this one's update is over.
    assert_eq!(log(!ID).completed(), Err(StepError::Unfinished { id: ID }));
    log(!ID).clear().expect("erased");
    assert_eq!(log(!ID).completed(), Ok(0));
    log(!ID).complete(1).expect("kept");
    assert_eq!(log(!ID).completed(), Ok(1));
    assert_eq!(log(ID).completed(), Err(StepError::Unfinished { id: !ID }));
    let room = log(ID).capacity();
    assert_eq!(room, page / P::GEOMETRY.write_bytes().max(8));
    assert_eq!(flash.stats().refusals, 0);
}

#[test]
fn steps_are_kept_on_every_write_unit() {
    steps_are_kept_on::<Nrf52>();
    steps_are_kept_on::<Stm32L4>();
    steps_are_kept_on::<Stm32U5>();
    steps_are_kept_on::<Stm32H7>();
}

#[test]
fn a_record_has_the_bytes_that_are_documented() {
    let flash = FlashModel::<Stm32U5>::new();
    let mut log = StepLog::new(flash.slot(0..0x2000), ID);
    log.complete(1).expect("kept");
    log.complete(2).expect("kept");
    let record = |step, low, high| {
        let mut record = vec![0x78, 0x56, 0x34, 0x12, step, 0, low, high];
        record.resize(16, 0xFF);
        record
    };
    let expected = [record(1, 0xB2, 0xBB), record(2, 0xB1, 0xBB), vec![0xFF; 16]].concat();
    assert_eq!(flash.dump(0..48), Ok(expected));
}

#[test]
fn what_cannot_be_kept_is_an_error() {
    let flash = FlashModel::<Stm32L4>::new();
    let mut log = StepLog::new(flash.slot(0..0x800), ID);
    assert_eq!(log.complete(65_535), Err(StepError::Step { got: 65_535 }));
    for step in 1..=256 {
        log.complete(step).expect("kept");
    }
    assert_eq!(log.complete(257), Err(StepError::Full));
    assert_eq!(log.completed(), Ok(256));
}

fn torn_records_do_not_count_on<P: Part>() {
    let page = P::GEOMETRY.erase_bytes();
    for count in 0..2 {
        for tear in [Tear::Blank, Tear::Mixed(1), Tear::Mixed(9), Tear::Seeded(4)] {
            let flash = FlashModel::<P>::new();
            let log = || StepLog::new(flash.slot(0..page), ID);
            log().complete(1).expect("kept");
            flash.cut_after(count, Cut::Inside(tear));
            let cut = log().complete(2);
            flash.power_on();
            let done = log().completed().expect("readable");
            assert!(done == 1 || done == 2 && cut.is_ok(), "{tear:?}: {done}");
            // A record on the flash that faults when it is read, or cannot be written, is passed over.
            log().complete(done + 1).expect("kept");
            assert_eq!(log().completed(), Ok(done + 1), "{tear:?}");
        }
    }
}

#[test]
fn torn_records_do_not_count() {
    torn_records_do_not_count_on::<Nrf52>();
    torn_records_do_not_count_on::<Stm32L4>();
    torn_records_do_not_count_on::<Stm32U5>();
}

/// Flash that loses the first write to a place and says that all is well.
struct Deaf<'a> {
    flash: flash_model::Slot<'a, Stm32L4>,
    lost: u32,
}

impl ErrorType for Deaf<'_> {
    type Error = FlashError;
}

impl ReadNorFlash for Deaf<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Deaf<'_> {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        if offset == self.lost { Ok(()) } else { self.flash.write(offset, bytes) }
    }
}

#[test]
fn a_step_counts_when_it_is_read_back() {
    let flash = FlashModel::<Stm32L4>::new();
    let mut log = StepLog::new(Deaf { flash: flash.slot(0..0x800), lost: 8 }, ID);
    for step in 1..=3 {
        log.complete(step).expect("kept");
        assert_eq!(log.completed(), Ok(step));
    }
    assert_eq!(flash.dump(8..16), Ok(vec![0xFF; 8]));
}

//! Orders to the program `selftest`, as its module `order` has them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use emulator::stm32l4::{Bank, Device, Event};
use emulator::{Bus, Program, Width};
use layout::KEPT_RAM;

pub(crate) const ERASE: u32 = 0;
pub(crate) const WRITE: u32 = 1;
pub(crate) const READ: u32 = 2;
pub(crate) const MAP: u32 = 3;
pub(crate) const FAST: u32 = 4;
pub(crate) const SLOW: u32 = 5;
pub(crate) const CAUSES: u32 = 6;
pub(crate) const WATCH: u32 = 7;
pub(crate) const HANG: u32 = 8;
pub(crate) const TRUST: u32 = 9;
pub(crate) const ECHO: u32 = 10;
pub(crate) const POST_ERASE: u32 = 11;
pub(crate) const POST_WRITE: u32 = 12;
pub(crate) const FLUSH: u32 = 13;

/// Why an order failed: the number of the error and two words that belong to it.
pub(crate) type Refusal = (u32, u32, u32);
pub(crate) const ECC: u32 = 1;
pub(crate) const NOT_ERASED: u32 = 2;
pub(crate) const PROTECTED: u32 = 3;
pub(crate) const OUT_OF_BOUNDS: u32 = 4;
pub(crate) const UNALIGNED: u32 = 5;

/// Instructions that an order takes at most: 40 page erases' waiting at 80 MHz.
const BUDGET: u64 = 50_000_000;

/// A program for the device: that of the folder `STM32_DEMO_IMAGES`, else the committed one.
fn image(name: &str) -> Vec<u8> {
    let folder = env::var_os("STM32_DEMO_IMAGES").map(PathBuf::from);
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let path = folder.unwrap_or_else(committed).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[derive(Clone)]
pub(crate) struct Rig(pub(crate) Device);

impl Rig {
    /// The program in both banks, waiting for its first order.
    pub(crate) fn new() -> Self {
        let program = Program::parse(&image("selftest.elf")).unwrap();
        let mut device = Device::new();
        device.load_program(&program).unwrap();
        let bytes = device.flash().dump(0..layout::BOOTLOADERS[0].len()).unwrap();
        device.load(Bank::Two, 0, &bytes).unwrap();
        device.power_on().unwrap();
        let mut rig = Self(device);
        assert_eq!(rig.run(), Event::Breakpoint { code: 0 });
        rig
    }

    pub(crate) fn run(&mut self) -> Event {
        let event = self.0.run(BUDGET);
        event.unwrap_or_else(|fault| panic!("{fault}; before: {:?}", self.0.machine().last_fault()))
    }

    /// Gives power again, or goes on after a reset, up to the first order.
    pub(crate) fn restart(&mut self) {
        self.0.power_on().unwrap();
        assert_eq!(self.run(), Event::Breakpoint { code: 0 });
    }

    fn poke(&mut self, offset: u32, width: Width, value: u32) {
        self.0.machine_mut().bus_mut().write(KEPT_RAM.start + offset, width, value).unwrap();
    }

    fn word(&self, index: u32) -> u32 {
        let bytes = self.0.machine().bus().ram(KEPT_RAM.start + 4 * index, 4).unwrap();
        u32::from_le_bytes(bytes.try_into().unwrap())
    }

    /// Writes an order, and what it comes with.
    pub(crate) fn prepare(&mut self, words: [u32; 4], data: &[u8]) {
        for (offset, word) in (0..).step_by(4).zip(words) {
            self.poke(offset, Width::Word, word);
        }
        for (offset, &byte) in (32..).zip(data) {
            self.poke(offset, Width::Byte, u32::from(byte));
        }
    }

    /// What was answered.
    pub(crate) fn answer(&self) -> Result<[u32; 2], Refusal> {
        let words = [self.word(5), self.word(6)];
        match self.word(4) {
            0 => Ok(words),
            error => Err((error, words[0], words[1])),
        }
    }

    pub(crate) fn data(&self, len: usize) -> Vec<u8> {
        self.0.machine().bus().ram(KEPT_RAM.start + 32, len).unwrap().to_vec()
    }

    /// Gives an order and runs to its answer.
    pub(crate) fn order(&mut self, words: [u32; 4], data: &[u8]) -> Result<[u32; 2], Refusal> {
        self.prepare(words, data);
        assert_eq!(self.run(), Event::Breakpoint { code: 0 });
        self.answer()
    }

    pub(crate) fn erase(&mut self, bank: u32, offset: u32, len: u32) -> Result<(), Refusal> {
        self.order([ERASE, bank, offset, len], &[]).map(|_| ())
    }

    pub(crate) fn write(&mut self, bank: u32, offset: u32, data: &[u8]) -> Result<(), Refusal> {
        self.order([WRITE, bank, offset, u32::try_from(data.len()).unwrap()], data).map(|_| ())
    }

    pub(crate) fn read(&mut self, bank: u32, offset: u32, len: usize) -> Result<Vec<u8>, Refusal> {
        self.order([READ, bank, offset, u32::try_from(len).unwrap()], &[])?;
        Ok(self.data(len))
    }

    /// Maps a bank low.
    pub(crate) fn map(&mut self, bank: u32) {
        assert_eq!(self.order([MAP, bank, 0, 0], &[]), Ok([u32::from(bank == 2), 0]));
        assert_eq!(self.0.is_swapped(), bank == 2);
    }
}

/// Where the cells of a physical bank begin in the model.
pub(crate) fn cells(bank: u32) -> u32 {
    if bank == 2 { Bank::Two.start() } else { Bank::One.start() }
}

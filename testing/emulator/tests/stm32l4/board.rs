//! A part with power that runs nothing, and its bus by hand.

use core::time::Duration;

use emulator::stm32l4::{Bank, Device, Event};
use emulator::{Bus, BusError, Width};

pub(crate) const BANK_BYTES: u32 = 0x8_0000;
pub(crate) const FLASH: u32 = 0x0800_0000;
/// Where bank 2 is mapped after reset.
pub(crate) const UPPER: u32 = FLASH + BANK_BYTES;

pub(crate) const ACR: u32 = 0x4002_2000;
pub(crate) const KEYR: u32 = 0x4002_2008;
pub(crate) const OPTKEYR: u32 = 0x4002_200C;
pub(crate) const SR: u32 = 0x4002_2010;
pub(crate) const CR: u32 = 0x4002_2014;
pub(crate) const ECCR: u32 = 0x4002_2018;
pub(crate) const OPTR: u32 = 0x4002_2020;
pub(crate) const MEMRMP: u32 = 0x4001_0000;
pub(crate) const CSR: u32 = 0x4002_1094;
const APB2ENR: u32 = 0x4002_1060;

pub(crate) const PG: u32 = 1;
pub(crate) const PER: u32 = 2;
pub(crate) const BKER: u32 = 1 << 11;
pub(crate) const STRT: u32 = 1 << 16;
pub(crate) const BSY: u32 = 1 << 16;
pub(crate) const LOCK: u32 = 1 << 31;

/// Stack, entry, then `b .`.
pub(crate) fn endless() -> Vec<u8> {
    let mut image = [0x2000_1000u32, 0x0800_0009].map(u32::to_le_bytes).concat();
    image.extend(0xE7FEu16.to_le_bytes());
    image
}

pub(crate) struct Board(pub(crate) Device);

impl Board {
    pub(crate) fn new() -> Self {
        let mut device = Device::new();
        device.load(Bank::One, 0, &endless()).unwrap();
        device.power_on().unwrap();
        Self(device)
    }

    /// A board whose flash can be programmed and erased.
    pub(crate) fn unlocked() -> Self {
        let mut board = Self::new();
        board.unlock();
        board
    }

    pub(crate) fn unlock(&mut self) {
        self.write(KEYR, 0x4567_0123);
        self.write(KEYR, 0xCDEF_89AB);
    }

    pub(crate) fn read(&mut self, address: u32) -> u32 {
        self.try_read(address).unwrap()
    }

    pub(crate) fn try_read(&mut self, address: u32) -> Result<u32, BusError> {
        self.0.machine_mut().bus_mut().read(address, Width::Word)
    }

    pub(crate) fn write(&mut self, address: u32, value: u32) {
        self.try_write(address, value).unwrap();
    }

    pub(crate) fn try_write(&mut self, address: u32, value: u32) -> Result<(), BusError> {
        self.0.machine_mut().bus_mut().write(address, Width::Word, value)
    }

    pub(crate) fn try_write_half(&mut self, address: u32, value: u32) -> Result<(), BusError> {
        self.0.machine_mut().bus_mut().write(address, Width::Half, value)
    }

    /// Lets time pass, by cycles of 250 ns.
    pub(crate) fn wait(&mut self, time: Duration) {
        let cycles = u32::try_from(time.as_nanos() / 250).unwrap();
        self.0.machine_mut().bus_mut().pass(cycles);
    }

    /// Waits until the flash is ready, and returns its flags.
    pub(crate) fn ready(&mut self) -> u32 {
        for _ in 0..1000 {
            if self.read(SR) & BSY == 0 {
                return self.read(SR);
            }
            self.wait(Duration::from_micros(100));
        }
        panic!("busy for 100 ms");
    }

    /// Programs a double word by its address, and returns the flags.
    pub(crate) fn program(&mut self, address: u32, words: [u32; 2]) -> u32 {
        self.write(CR, PG);
        self.write(address, words[0]);
        self.write(address + 4, words[1]);
        let flags = self.ready();
        self.write(CR, 0);
        flags
    }

    /// Erases a page of a physical bank, and returns the flags.
    pub(crate) fn erase(&mut self, bank: u32, page: u32) -> u32 {
        self.write(CR, PER | page << 3 | if bank == 2 { BKER } else { 0 });
        let control = self.read(CR);
        self.write(CR, control | STRT);
        let flags = self.ready();
        self.write(CR, 0);
        flags
    }

    /// Caches off and empty.
    pub(crate) fn reset_caches(&mut self) {
        self.write(ACR, 0);
        self.write(ACR, 0x1800);
        self.write(ACR, 0);
    }

    /// Maps the other bank to 0x0800_0000.
    pub(crate) fn swap(&mut self, swapped: bool) {
        self.write(APB2ENR, 1);
        self.reset_caches();
        self.write(MEMRMP, u32::from(swapped) << 8);
    }

    pub(crate) fn step(&mut self) -> Event {
        self.0.run(1).unwrap()
    }
}

//! A device out of the factory, its power, its boot metadata.

use core::ops::Range;
use core::time::Duration;

use device_apply::boot::{Record, Slot, State};
use device_apply::journal::Journal;
use emulator::stm32l4::{Bank, Device, Event, Memo, ResetCause};
use flash_model::{Snapshot, Stm32L4};
use layout::{Area, BOOT_LOG, BOOTLOADERS, GOLDEN, SLOT_A, SLOT_B};
use serde::Deserialize;

use crate::host::Line;
use crate::image::{self, Signing};

/// The releases of the demo's application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// It works.
    First,
    /// It works, and is later.
    Second,
    /// It faults at its start.
    Crashes,
    /// It hangs at its start.
    Hangs,
    /// Its health check fails.
    Unhealthy,
    /// It never confirms itself.
    Silent,
}

impl Release {
    /// Name of its program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Crashes => "crashes",
            Self::Hangs => "hangs",
            Self::Unhealthy => "unhealthy",
            Self::Silent => "silent",
        }
    }

    /// Its image, signed as version `version`.
    #[must_use]
    pub fn image(self, version: u32) -> Vec<u8> {
        Signing::demo(version).image(&image::program(self.program()), SLOT_A)
    }
}

/// The device on its board. `Clone` is a snapshot.
#[derive(Debug, Clone)]
pub struct Board {
    /// The part.
    pub device: Device,
    /// Starts that are over, and the one that goes on.
    starts: Vec<Start>,
    /// How often the device had swapped banks when the last one began.
    swaps: u32,
    /// Operations of the flash when power came.
    operations: u64,
    /// Whether it has one slot.
    pub(crate) single: bool,
    pub(crate) line: Line,
}

/// A start of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Why it started.
    pub cause: ResetCause,
    /// Whether it mapped bank 2 low, and so ran from slot B.
    pub swapped: bool,
}

/// Where an area lies in the cells.
#[must_use]
pub fn cells(area: &Area) -> Range<u32> {
    let bank = match area.bank() {
        layout::Bank::One => Bank::One,
        layout::Bank::Two => Bank::Two,
    };
    bank.start() + area.start()..bank.start() + area.start() + area.len()
}

fn slot_area(slot: Slot) -> Area {
    match slot {
        Slot::A => SLOT_A,
        Slot::B => SLOT_B,
    }
}

impl Board {
    /// A device whose slot A holds `image`, confirmed. No power yet.
    ///
    /// # Panics
    /// If the image does not fit.
    #[must_use]
    pub fn factory(image: &[u8]) -> Self {
        let mut board = Self::blank();
        board.put(&SLOT_A, image);
        board.write_record(&Record::factory(Slot::A, image::record(image)));
        board
    }

    /// A device with nothing but its bootloader, in both banks.
    ///
    /// # Panics
    /// If there is no bootloader that fits.
    #[must_use]
    pub fn blank() -> Self {
        let mut device = Device::new();
        device.load_program(&image::program("bootloader")).expect("flash");
        let [one, two] = BOOTLOADERS;
        let bytes = device.flash().dump(cells(&one)).expect("whole");
        device.load(Bank::Two, two.start(), &bytes).expect("the same place");
        let behind = device.flash().dump(one.len()..Bank::Two.start()).expect("whole");
        assert!(behind.iter().all(|&byte| byte == 0xFF), "the bootloader is too long");
        Self::of(device)
    }

    pub(crate) fn of(device: Device) -> Self {
        let line = Line::default();
        Self { device, starts: Vec::new(), swaps: 0, operations: 0, single: false, line }
    }

    /// A device whose flash is `flash`. No power yet; counters and time start anew.
    #[must_use]
    pub fn with_flash(flash: &Snapshot<Stm32L4>) -> Self {
        let device = Device::new();
        device.flash().restore(flash);
        Self::of(device)
    }

    /// Starts of the device so far, the one that goes on included.
    pub fn starts(&self) -> impl Iterator<Item = Start> {
        let now = self.device.swaps() != self.swaps;
        let last = self.starts.len().checked_sub(1);
        let starts = self.starts.iter().copied().enumerate();
        starts.map(move |(number, start)| Start {
            swapped: if Some(number) == last { now } else { start.swapped },
            ..start
        })
    }

    /// Operations of the flash since power came.
    #[must_use]
    pub fn operations_since_power_on(&self) -> u64 {
        self.device.flash().stats().operations() - self.operations
    }

    fn started(&mut self, cause: ResetCause) {
        let swaps = self.device.swaps();
        let swapped = core::mem::replace(&mut self.swaps, swaps) != swaps;
        if let Some(last) = self.starts.last_mut() {
            last.swapped = swapped;
        }
        self.starts.push(Start { cause, swapped: false });
    }

    /// Puts bytes to the start of an area, as a programmer on the workbench does.
    ///
    /// # Panics
    /// If they do not fit.
    pub fn put(&mut self, area: &Area, bytes: &[u8]) {
        assert!(bytes.len() <= area.len() as usize, "{} bytes do not fit", bytes.len());
        let bank = if cells(area).start < Bank::Two.start() { Bank::One } else { Bank::Two };
        self.device.load(bank, area.start(), bytes).expect("in the bank");
    }

    /// The same with the golden image.
    pub fn put_golden(&mut self, image: &[u8]) {
        self.put(&GOLDEN, image);
    }

    /// The boot metadata.
    ///
    /// # Panics
    /// If the log cannot be read.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        // A copy: reading may be refused while power is off.
        let flash = self.device.flash().snapshot().fork();
        flash.power_on();
        let log = Journal::<_, Record>::open(flash.slot(cells(&BOOT_LOG))).expect("a log");
        log.latest().copied()
    }

    /// Writes boot metadata with the hand of the factory. It counts from the next [`power_on`](Self::power_on).
    ///
    /// # Panics
    /// If the log cannot be written.
    pub fn write_record(&mut self, record: &Record) {
        self.device.flash().power_on();
        let slot: flash_model::Slot<'_, Stm32L4> = self.device.flash().slot(cells(&BOOT_LOG));
        let mut log = Journal::open(slot).expect("a log");
        log.append(record).expect("room");
    }

    /// How far the image in a slot has come.
    #[must_use]
    pub fn state(&self, slot: Slot) -> State {
        self.record().map_or(State::Unrecorded, |record| record.state(slot))
    }

    /// Puts an image into the slot that is not active and asks for it, as an update does.
    ///
    /// # Panics
    /// If the image does not fit.
    pub fn stage(&mut self, image: &[u8]) {
        let record = self.record().unwrap_or_default();
        let slot = record.active().other();
        self.put(&slot_area(slot), image);
        self.write_record(&record.request(slot, image::record(image)));
    }

    /// Gives power.
    ///
    /// # Panics
    /// If the part does not start.
    pub fn power_on(&mut self) {
        self.operations = self.device.flash().stats().operations();
        self.device.power_on().expect("it starts");
        self.started(ResetCause::PowerOn);
    }

    /// Runs for `time` of the device's own, over resets, and returns how many there were. Stops early when power is lost or
    /// the device sleeps for ever.
    ///
    /// # Panics
    /// If the device does what is not modelled or not specified.
    pub fn run_for(&mut self, time: Duration) -> u32 {
        let (end, resets) = (self.device.time() + time, self.device.resets());
        while self.device.time() < end {
            if matches!(self.step(), Event::PowerLost | Event::Asleep) {
                break;
            }
        }
        self.device.resets() - resets
    }

    /// Some instructions: so few that a device which sleeps most of the time is looked at every few milliseconds.
    ///
    /// # Panics
    /// As [`run_for`](Self::run_for).
    pub fn step(&mut self) -> Event {
        self.stretch(None, 200)
    }

    /// `budget` instructions at most; of those that `memo` has what they lead to.
    ///
    /// # Panics
    /// As [`run_for`](Self::run_for).
    pub(crate) fn stretch(&mut self, memo: Option<&Memo>, budget: u64) -> Event {
        let ran = match memo {
            Some(memo) => self.device.run_with(memo, budget),
            None => self.device.run(budget),
        };
        let event = ran.unwrap_or_else(|fault| {
            panic!("{fault}; before: {:?}", self.device.machine().last_fault())
        });
        if let Event::Reset(cause) = event {
            self.started(cause);
        }
        event
    }
}

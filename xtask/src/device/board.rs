//! The part with images in its flash, and a program of `stm32-demo/meter` that takes one order. Where what is: `meter::Order`.

use core::time::Duration;

use emulator::{
    Bus, Counters, Profile, Program, Width,
    machine::Observer,
    stm32l4::{Bank, Device, Event},
};
use flash_model::Stats;
use layout::{BANK_BYTES, KEPT_RAM};

use crate::failure::Failure;

/// Where images begin in their banks, behind the program's part, and bytes that one may have.
const IMAGES: u32 = 0x1_8000;
const IMAGE_BYTES: u32 = 0x5_8000;
/// Where the patch begins in the base's bank.
const PATCH: u32 = IMAGES + IMAGE_BYTES;
/// Instructions of a run at most: a hundred times the usual.
const BUDGET: u64 = 50_000_000_000;
/// Words of an order before the key, and of the answer in it.
const KEY: u32 = 8;
const ANSWER: u32 = 5;
/// The part of an update that decodes the patch and writes the target.
pub(super) const DECODING: usize = 2;

/// Whether an image has room, its signature behind it.
pub(super) fn fits(image: &[u8]) -> bool {
    image.len() + 64 <= IMAGE_BYTES as usize
}

/// What a program is given, and what it must have made.
pub(super) struct Images<'a> {
    pub(super) base: &'a [u8],
    /// Empty for a plain copy.
    pub(super) patch: &'a [u8],
    pub(super) expected: &'a [u8],
    pub(super) workspace_words: usize,
}

/// What some work took.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) time: Duration,
    pub(super) counters: Counters,
}

/// What all of it took.
pub(super) struct Run {
    /// Of the program's parts, in their order.
    pub(super) parts: Vec<Cost>,
    pub(super) flash: Stats,
    pub(super) stack_bytes: u32,
    /// Words of the workspace that were written, and bytes of the applier beside it.
    pub(super) workspace_words: u32,
    pub(super) state_bytes: u32,
}

impl Run {
    /// RAM that was used of what a patch declares.
    pub(super) fn ram_bytes(&self) -> u32 {
        2 * self.workspace_words + self.state_bytes
    }
}

pub(super) struct Board(Device);

fn failed(error: impl core::fmt::Display) -> Failure {
    Failure::new(format!("emulator: {error}"))
}

fn word(len: usize) -> Result<u32, Failure> {
    u32::try_from(len).map_err(failed)
}

impl Board {
    pub(super) fn new(program: &Program, images: &Images<'_>) -> Result<Self, Failure> {
        if images.patch.len() > (BANK_BYTES - PATCH) as usize {
            return Err(Failure::new("the patch has no room in a bank beside the base"));
        }
        let mut device = Device::new();
        device.load_program(program).map_err(failed)?;
        device.load(Bank::One, IMAGES, images.base).map_err(failed)?;
        device.load(Bank::One, PATCH, images.patch).map_err(failed)?;
        // What an update finds there: something that must be erased.
        device.load(Bank::Two, IMAGES, &vec![0; IMAGE_BYTES as usize]).map_err(failed)?;
        Ok(Self(device))
    }

    /// Carries out the order, and compares what came of it. What [`DECODING`] takes goes into the profile.
    pub(super) fn run(
        mut self,
        images: &Images<'_>,
        key: &[u8],
        mut profile: Option<&mut Profile>,
    ) -> Result<Run, Failure> {
        self.0.power_on().map_err(failed)?;
        self.expect(0)?;
        self.order(images, key)?;
        self.expect(2)?;
        let (mut before, flash) = (self.now(), self.0.flash().stats());
        let mut parts = Vec::new();
        loop {
            let code = match &mut profile {
                Some(profile) if parts.len() == DECODING => self.go_on_observed(*profile),
                _ => self.go_on(),
            }?;
            if code != 2 {
                break;
            }
            let now = self.now();
            parts.push(now.since(&before));
            before = now;
        }
        if self.answer(0) != 0 {
            return Err(failed(format!("the program answers {:#x}", self.answer(0))));
        }
        let start = Bank::Two.start() + IMAGES;
        let made = self.0.flash().dump(start..start + word(images.expected.len())?);
        if made.map_err(failed)? != images.expected {
            return Err(failed("the bytes in flash are not the target's"));
        }
        Ok(Run {
            parts,
            flash: self.0.flash().stats().since(&flash),
            stack_bytes: self.0.peak_stack_bytes(),
            workspace_words: self.answer(1),
            state_bytes: self.answer(2),
        })
    }

    fn order(&mut self, images: &Images<'_>, key: &[u8]) -> Result<(), Failure> {
        let len = if images.patch.is_empty() { images.base.len() } else { images.patch.len() };
        let words = [word(len)?, word(images.workspace_words)?, IMAGES, IMAGE_BYTES, PATCH];
        let bus = self.0.machine_mut().bus_mut();
        let mut poke = |at, width, value| {
            bus.write(KEPT_RAM.start + at, width, value)
                .map_err(|error| failed(format!("{error:?}")))
        };
        for (at, value) in (0..).step_by(4).zip(words) {
            poke(at, Width::Word, value)?;
        }
        for (at, &byte) in (4 * KEY..).zip(key) {
            poke(at, Width::Byte, byte.into())?;
        }
        Ok(())
    }

    /// A word of the answer.
    fn answer(&self, index: u32) -> u32 {
        let bytes = self.0.machine().bus().ram(KEPT_RAM.start + 4 * (ANSWER + index), 4);
        bytes
            .and_then(|bytes| bytes.first_chunk())
            .map_or(u32::MAX, |&word| u32::from_le_bytes(word))
    }

    fn now(&self) -> Cost {
        Cost { time: self.0.time(), counters: self.0.counters() }
    }

    /// Runs to the next mark.
    fn go_on(&mut self) -> Result<u8, Failure> {
        self.go_on_observed(&mut ())
    }

    fn go_on_observed(&mut self, observer: &mut impl Observer) -> Result<u8, Failure> {
        match self.0.run_observed(BUDGET, observer).map_err(failed)? {
            Event::Breakpoint { code: code @ (0 | 2) } => Ok(code),
            event => Err(failed(format!("the program stopped: {event:?}"))),
        }
    }

    fn expect(&mut self, code: u8) -> Result<(), Failure> {
        match self.go_on()? {
            got if got == code => Ok(()),
            got => Err(failed(format!("expected mark {code}, got {got}"))),
        }
    }
}

impl Cost {
    fn since(&self, before: &Self) -> Self {
        let (now, then) = (self.counters, before.counters);
        let counters = Counters {
            instructions: now.instructions - then.instructions,
            base_cycles: now.base_cycles - then.base_cycles,
            refills: now.refills - then.refills,
        };
        Self { time: self.time - before.time, counters }
    }
}

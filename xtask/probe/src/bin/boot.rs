//! The boot decision and its metadata; who verifies is not here.
#![no_std]
#![no_main]

use device_apply::boot::{Check, Image, Record, Reset, Slot as ImageSlot, Start, select};
use device_apply::journal::Journal;
use probe::memory::{BASE, KEYS, METADATA, Memory, PATCH, TARGET};
use probe::slot::Slot;

#[unsafe(no_mangle)]
extern "C" fn entry() -> u32 {
    match boot() {
        None => 0,
        Some(Image::Slot(ImageSlot::A)) => 1,
        Some(Image::Slot(ImageSlot::B)) => 2,
        Some(Image::Golden) => 3,
    }
}

/// Stands for hash and signature: what the optimiser cannot know.
fn verify(image: Image, record: &Record) -> Check {
    let (memory, counter) = match image {
        Image::Slot(slot @ ImageSlot::A) => (BASE, record.image(slot).security_counter),
        Image::Slot(slot @ ImageSlot::B) => (TARGET, record.image(slot).security_counter),
        Image::Golden => (PATCH, 0),
    };
    if valid(memory) { Check::Valid { security_counter: counter } } else { Check::Invalid }
}

fn valid(memory: Memory) -> bool {
    let mut first = [0; 4];
    memory.read(0, &mut first) && first != [0xFF; 4]
}

fn boot() -> Option<Image> {
    let mut flags = [0; 2];
    KEYS.read(128, &mut flags).then_some(())?;
    let [watchdog, trial_boots] = flags;
    let reset = if watchdog == 0 { Reset::Other } else { Reset::Watchdog };
    let mut journal = Journal::open(Slot(METADATA)).ok()?;
    select(&mut journal, &Start { reset, trial_boots }, verify)
}

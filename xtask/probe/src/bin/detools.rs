//! detools patches with every codec, sequential and in place, with the geometry of an STM32L4.
#![no_std]
#![no_main]

use detools_apply::codec::{Crle, Heatshrink, Lzma, Or, Plain};
use detools_apply::{InPlace, Sequential, Stage, StepLog, Steps};
use probe::memory::{BASE, KEYS, PATCH, TARGET};
use probe::slot::Slot;

const DICTIONARY: usize = 4096;

/// Memory of the codecs; `static` so that it counts as RAM.
static mut WINDOW: [u8; 256] = [0; 256];
static mut LZMA: ([u8; DICTIONARY], [u16; Lzma::probabilities(3)]) =
    ([0; DICTIONARY], [0; Lzma::probabilities(3)]);

type Codecs = Or<Or<Plain, Crle>, Or<Heatshrink<'static>, Lzma<'static>>>;

fn codecs() -> Codecs {
    // SAFETY: called once in a run.
    let (window, (dictionary, probabilities)) =
        unsafe { (&mut *(&raw mut WINDOW), &mut *(&raw mut LZMA)) };
    let compressed = Or::new(Heatshrink::new(window), Lzma::new(dictionary, probabilities));
    Or::new(Or::new(Plain, Crle::default()), compressed)
}

#[unsafe(no_mangle)]
extern "C" fn entry(shared: bool) -> bool {
    if shared { in_place().is_some() } else { sequential().is_some() }
}

fn sequential() -> Option<()> {
    let mut applier = Sequential::new(Slot(BASE), Slot(TARGET), codecs());
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    while applier.finish().ok()?.stage != Stage::Done {}
    Some(())
}

fn in_place() -> Option<()> {
    let mut steps = StepLog::new(Slot(KEYS), 1);
    let mut applier = InPlace::new(Slot(BASE), &mut steps, codecs());
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    while applier.finish().ok()?.stage != Stage::Done {}
    drop(applier);
    steps.clear().ok()
}

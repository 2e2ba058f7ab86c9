//! detools patches with every codec, sequential and in place, with the geometry of an STM32L4.
#![no_std]
#![no_main]

use detools_apply::codec::{Crle, Heatshrink, Lzma, Or, Plain};
use probe::detools::{in_place, sequential};

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
    let done = if shared { in_place(codecs()) } else { sequential(codecs()) };
    done.is_some()
}

//! What both programs have in common: they are started, and do what a host asks for while it measures.
//!
//! Each has the start of bank 1 for itself, without a bootloader; images lie where the [`Order`] says. All else is as in the
//! demo's application: 80 MHz, `bsp`'s flash driver, the core asleep while it waits for flash, a target area that posts.
//!
//! | program | does |
//! | --- | --- |
//! | `meter-update` | what a signed patch takes: signature, base, decoding, flash, target read back |
//! | `meter-copy` | what an update by a plain image takes at least: flash, image read back, signature |
//!
//! The host is `cargo xtask device`.
#![no_std]

mod order;

use core::panic::PanicInfo;

use bsp::flash::{on_nmi, sleep_while_busy};
use bsp::ticks::Ticks;
use bsp::{clock, idle};
use cortex_m_rt::exception;
pub use order::{Answer, FAILED, Order, fail, mark};

/// Bytes that are read at once.
pub const CHUNK: usize = 256;

/// Serves orders for good.
pub fn serve(mut obey: impl FnMut(&Order) -> Result<Answer, u16>) -> ! {
    if !clock::run_fast() {
        fail();
    }
    idle::mask();
    Ticks::start(clock::FAST_HERTZ).wakes();
    sleep_while_busy();
    loop {
        order::wait();
        order::answer(obey(&Order::take()));
    }
}

#[exception]
unsafe fn NonMaskableInt() {
    on_nmi();
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    fail()
}

//! What both bootloaders are made of: checks of images, the golden image, keys, what happens on a fault.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`verify`] | whether an image is whole, signed, and made for this device |
//! | [`golden`] | the golden image into a slot |
//! | [`keys`] | who may sign, and P-256 |
//! | [`start`] | an image started under the watchdog |
#![no_std]

pub mod golden;
pub mod keys;
pub mod start;
pub mod verify;

use core::panic::PanicInfo;

use bsp::flash::on_nmi;
use bsp::reset;
use cortex_m_rt::exception;

#[exception]
unsafe fn NonMaskableInt() {
    on_nmi();
}

#[exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    reset::now()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    reset::now()
}

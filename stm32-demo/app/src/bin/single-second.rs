//! A later release: works, and measures itself. On a device with one slot.
#![no_std]
#![no_main]

use app::Behaviour;
use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    app::run_single(Behaviour::Better)
}

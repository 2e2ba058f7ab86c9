//! The first release: works.
#![no_std]
#![no_main]

use app::Behaviour;
use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    app::run(Behaviour::Works)
}

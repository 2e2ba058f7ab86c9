//! A release that runs and never confirms itself.
#![no_std]
#![no_main]

use app::Behaviour;
use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    app::run(Behaviour::Silent)
}

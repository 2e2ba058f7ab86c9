//! The application of the demo, and what is wrong with some of its releases.
//!
//! It runs from the slot that is mapped low, proves itself for a while, and then takes a patch over the serial port into the
//! other slot. The bootloader has started the watchdog.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`health`] | whether the image works, and saying so to the bootloader |
//! | [`station`] | requests of the host |
//! | [`update`] | a patch, block by block, into the other slot |
#![no_std]

mod health;
mod station;
mod update;

use core::panic::PanicInfo;

use bsp::flash::on_nmi;
use bsp::serial::Serial;
use bsp::ticks::Ticks;
use bsp::{clock, idle, reset, watchdog};
use cortex_m_rt::exception;
use health::Health;
use station::Station;

/// What a release does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// What it should.
    Works,
    /// What it should, with more code.
    Better,
    /// It faults at once.
    Crashes,
    /// It stands still at once.
    Hangs,
    /// Its health check fails.
    Unhealthy,
    /// It never says that it works.
    Silent,
}

/// Runs a release.
pub fn run(behaviour: Behaviour) -> ! {
    match behaviour {
        // SAFETY: what is meant to happen is a fault.
        Behaviour::Crashes => unsafe { core::arch::asm!("udf #0", options(noreturn)) },
        Behaviour::Hangs => loop {
            core::hint::spin_loop();
        },
        Behaviour::Works | Behaviour::Better | Behaviour::Unhealthy | Behaviour::Silent => {}
    }
    let hertz = if clock::run_fast() { clock::FAST_HERTZ } else { clock::RESET_HERTZ };
    idle::mask();
    let mut serial = Serial::open(hertz);
    serial.wakes();
    let mut ticks = Ticks::start(hertz);
    ticks.wakes();
    let mut health = Health::new(behaviour);
    let mut station = Station::new(serial);
    let mut busiest = 0;
    let mut turns = 0u32;
    loop {
        turns = turns.wrapping_add(1);
        if ticks.passed() {
            watchdog::feed();
            health.millisecond();
            if behaviour == Behaviour::Better {
                busiest = most(busiest, turns);
                turns = 0;
            }
        }
        station.turn(&health);
        idle::wait();
    }
}

/// The most turns of the loop in a millisecond, smoothed: what the later release measures.
fn most(before: u32, turns: u32) -> u32 {
    let raised = before.saturating_mul(7).saturating_add(turns.saturating_mul(3)) / 8;
    core::hint::black_box(raised.clamp(before / 2, before.saturating_add(turns)))
}

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

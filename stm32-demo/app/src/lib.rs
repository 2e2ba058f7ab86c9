//! The application of the demo, and what is wrong with some of its releases.
//!
//! It proves itself for a while, and then takes a patch over the serial port: with two slots into the one that does not run, with one to
//! where the bootloader finds it. The bootloader has started the watchdog.
//!
//! ```text
//! host ──▶ station ──▶ update ──▶ scheme: two_slots ──▶ the other slot
//!             ▲          │   │            one_slot ───▶ where patches wait
//!             └─ report ─┘   └──▶ settings, health
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`station`] | the line to the host, and the clock |
//! | [`update`] | events into the state machine, its actions carried out |
//! | [`scheme`] | what differs between one slot and two |
//! | [`two_slots`], [`one_slot`] | that: patches that come in, and the boot metadata |
//! | [`images`] | images in flash |
//! | [`settings`] | the settings page |
//! | [`health`] | whether the image works |
//! | [`report`] | what the host is told |
#![no_std]

mod health;
mod images;
mod one_slot;
mod report;
mod scheme;
mod settings;
mod station;
mod two_slots;
mod update;

use core::panic::PanicInfo;

use bsp::flash::{on_nmi, sleep_while_busy};
use bsp::serial::Serial;
use bsp::ticks::Ticks;
use bsp::{clock, idle, reset};
use cortex_m_rt::exception;
use one_slot::OneSlot;
use scheme::Scheme;
use station::{Input, Station};
use two_slots::TwoSlots;
use update::Update;

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

/// Runs a release on a device with two slots.
pub fn run(behaviour: Behaviour) -> ! {
    run_in::<TwoSlots>(behaviour)
}

/// Runs a release on a device with one slot.
pub fn run_single(behaviour: Behaviour) -> ! {
    run_in::<OneSlot>(behaviour)
}

fn run_in<S: Scheme>(behaviour: Behaviour) -> ! {
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
    sleep_while_busy();
    let mut station = Station::new(serial, ticks);
    // A log that is too short to be one does not get better: the bootloader decides.
    let Some(mut update) = Update::<S>::open(behaviour) else { reset::now() };
    update.start(&mut station);
    let mut busiest = 0;
    let mut turns = 0u32;
    loop {
        turns = turns.wrapping_add(1);
        match station.next() {
            Input::Nothing => {}
            Input::Millisecond => {
                update.tick(&mut station);
                if behaviour == Behaviour::Better {
                    busiest = most(busiest, turns);
                    turns = 0;
                }
            }
            Input::Request(request) => {
                let request = request.without_data();
                update.serve(request, &mut station);
            }
        }
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

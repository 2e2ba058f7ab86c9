//! The update's state machine with both journals, and no applier.
#![no_std]
#![no_main]

use probe::events;

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    events::run(|| Some(())).is_some()
}

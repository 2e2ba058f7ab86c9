//! Updates that overwrite their base: planner and applier, with a cut, and with a body that lies.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::in_place::update(bytes));

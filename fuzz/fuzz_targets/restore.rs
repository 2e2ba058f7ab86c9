//! Any bytes as a header, a saved state and the rest of a body.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = rig::hostile::restore(bytes);
});

//! Any bytes as a whole patch.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = rig::hostile::decoder(bytes);
});

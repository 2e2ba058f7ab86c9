//! Any bytes on a device that checks signatures; and any bytes as a body behind a right signature.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzz::trust::unsigned(bytes);
    fuzz::trust::signed(bytes);
});

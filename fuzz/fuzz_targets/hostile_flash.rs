//! Any bytes in the regions of boot metadata and of the update's state: as flash, and as records with a right CRC.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzz::hostile_flash::raw(bytes);
    fuzz::hostile_flash::records(bytes);
});

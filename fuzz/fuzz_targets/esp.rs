//! Any bytes as an esp_delta_ota patch, and as its base.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (base, patch) = fuzz::halves(bytes);
    let applied = formats::esp::apply(base, patch, &fuzz::LIMITS);
    assert!(applied.is_err() || formats::esp::Header::read(patch).is_ok());
});

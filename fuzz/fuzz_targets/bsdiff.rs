//! Any bytes as a patch of bsdiff, and as its base.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (base, patch) = fuzz::halves(bytes);
    let applied = formats::bsdiff::apply(base, patch, &fuzz::LIMITS);
    assert!(applied.is_err() || formats::bsdiff::Info::read(patch).is_ok());
});

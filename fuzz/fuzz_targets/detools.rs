//! Any bytes as a detools patch, and as its base.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (base, patch) = fuzz::halves(bytes);
    let applied = formats::detools::apply(base, patch, &fuzz::LIMITS);
    let info = formats::detools::Info::read(patch, &fuzz::LIMITS);
    // What applies is also readable without its base.
    assert!(applied.is_err() || info.is_ok());
});

//! Related images through the encoder and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rig::trial::Trial;

fuzz_target!(|bytes: &[u8]| {
    let Trial { options, base, target } = Trial::of(bytes);
    rig::hostile::round_trip(&base, &target, |base, target| fuzz::patch(options, base, target));
});

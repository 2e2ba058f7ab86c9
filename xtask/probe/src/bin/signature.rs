//! The P-256 of bootloaders alone.
#![no_std]
#![no_main]

use p256_verify::verifies;
use probe::memory::{KEYS, TARGET};

/// Says whether the signature is right, and as one byte where targets go.
#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    let verified = verified() == Some(true);
    TARGET.write(0, &[verified.into()]) && verified
}

fn verified() -> Option<bool> {
    let (mut key, mut digest, mut signature) = ([0; 65], [0; 32], [0; 64]);
    let read =
        KEYS.read(0, &mut key) && KEYS.read(128, &mut digest) && KEYS.read(192, &mut signature);
    read.then(|| verifies(&key, &digest, &signature))
}

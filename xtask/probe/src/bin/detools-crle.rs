//! Sequential detools patches with CRLE, the smallest of its codecs.
#![no_std]
#![no_main]

use detools_apply::codec::Crle;
use probe::detools::sequential;

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    sequential(Crle::default()).is_some()
}

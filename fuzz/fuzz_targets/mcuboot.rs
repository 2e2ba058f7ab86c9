//! Any bytes as an MCUboot image in a slot.
#![no_main]

use host_diff::image::{FlatImage, mcuboot};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let found = mcuboot::Mcuboot::read(bytes);
    let mut image = FlatImage::from_raw(bytes.to_vec());
    mcuboot::cut(&mut image);
    // What is kept is the image, and says the same again.
    let again = mcuboot::Mcuboot::read(&image.bytes);
    match (found, again) {
        (Ok(found), Ok(again)) => {
            assert_eq!(found.image, again.image);
            assert!(found.rest.of_slot() == 0 || again.bytes == image.bytes);
        }
        (Err(found), Err(again)) => assert_eq!(found, again),
        (found, again) => panic!("{found:?} and {again:?}"),
    }
});

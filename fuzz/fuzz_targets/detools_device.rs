//! Any bytes as a detools patch on a device, which must do as the host's reader does, or refuse.
#![no_main]

use detools_apply::codec::{Crle, Heatshrink, Lzma, Or, Plain};
use detools_apply::steps::Forgetful;
use detools_apply::{InPlace, Sequential, Stage};
use flash_model::{FlashModel, Nrf52};
use libfuzzer_sys::fuzz_target;

const SLOT: u32 = 0x1_0000;

fuzz_target!(|bytes: &[u8]| {
    let (base, patch) = fuzz::halves(bytes);
    let flash = FlashModel::<Nrf52>::new();
    flash.load(0, base);
    let (mut window, mut dictionary) = (vec![0xAA; 1 << 11], vec![0xAA; 1 << 13]);
    let mut probabilities = vec![0; Lzma::probabilities(4)];
    let compressed =
        Or::new(Heatshrink::new(&mut window), Lzma::new(&mut dictionary, &mut probabilities));
    let codec = Or::new(Or::new(Plain, Crle::default()), compressed);
    // Pieces of a length that the input picks.
    let chunk = 1 + base.len() % 67;
    macro_rules! run {
        ($applier:expr) => {{
            let mut applier = $applier;
            let mut run = || {
                for mut rest in patch.chunks(chunk) {
                    while !rest.is_empty() {
                        applier.push(&mut rest).ok()?;
                    }
                }
                while applier.finish().ok()?.stage != Stage::Done {}
                Some(applier.progress().target_total)
            };
            run()
        }};
    }
    let base_len = u32::try_from(base.len()).unwrap_or(0);
    let made = if patch.first().is_some_and(|first| first >> 4 == 1) {
        let (mut window, mut dictionary) = (vec![0; 1 << 11], vec![0; 1 << 13]);
        let mut probabilities = vec![0; Lzma::probabilities(4)];
        let compressed =
            Or::new(Heatshrink::new(&mut window), Lzma::new(&mut dictionary, &mut probabilities));
        let look = Or::new(Or::new(Plain, Crle::default()), compressed);
        let looked = run!(InPlace::new(flash.slot(0..SLOT), Forgetful, look).without_writing());
        assert_eq!(flash.stats().operations(), 0);
        let made = run!(InPlace::new(flash.slot(0..SLOT), Forgetful, codec));
        assert_eq!(looked, made);
        made.map(|len| (0, len))
    } else {
        let slots = (flash.slot(0..SLOT), flash.slot(SLOT..2 * SLOT));
        let applier = Sequential::new(slots.0, slots.1, codec).with_base_len(base_len);
        run!(applier).map(|len| (SLOT, len))
    };
    assert_eq!(flash.stats().refusals, 0);
    let Some((start, len)) = made else { return };
    // The host may have been given a shorter base than an in-place patch names: then it refuses.
    match formats::detools::apply(base, patch, &fuzz::LIMITS) {
        Ok(target) => assert_eq!(flash.dump(start..start + len), Ok(target)),
        Err(formats::Error::BaseLength { .. }) => {}
        Err(error) => panic!("the device takes what the host refuses: {error}"),
    }
});

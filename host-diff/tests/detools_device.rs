//! detools patches that we make, on a device of ours that takes them.

use detools_apply::codec::{Codec as Decoder, Crle, Heatshrink, Lzma, Or, Plain};
use detools_apply::{InPlace, Sequential, Stage, StepLog};
use flash_model::{FlashModel, Stm32L4};
use host_diff::foreign::formats::codec::{heatshrink, lzma};
use host_diff::foreign::formats::detools;
use host_diff::foreign::{self, Codec, Effort};

const SLOT: u32 = 0x4_0000;
const PAGE: u32 = 0x800;
const EFFORT: Effort = Effort { level: 2, threads: None };
const DICTIONARY: u32 = 4096;

fn codecs() -> [Codec; 6] {
    let parameters = lzma::Parameters { lc: 1, lp: 1, pb: 1, dictionary: DICTIONARY };
    [
        Codec::None,
        Codec::Crle,
        Codec::Heatshrink(heatshrink::Parameters::DEPLOYED),
        Codec::HeatshrinkAuto { window: 1 << 11 },
        Codec::Lzma(parameters),
        Codec::LzmaAuto,
    ]
}

macro_rules! finish {
    ($applier:expr, $patch:expr) => {{
        let mut applier = $applier;
        for mut packet in $patch.chunks(53) {
            while !packet.is_empty() {
                applier.push(&mut packet).expect("taken");
            }
        }
        while applier.finish().expect("taken").stage != Stage::Done {}
    }};
}

#[test]
fn patches_of_every_codec_give_their_target_on_a_device() {
    let (base, target) = rig::firmware::pair(31, 150);
    let len = u32::try_from(target.len()).expect("small");
    for codec in codecs() {
        let (mut window, mut dictionary) = (vec![0; 1 << 11], vec![0; 1 << 16]);
        let mut probabilities = vec![0; Lzma::probabilities(4)];

        let patch = foreign::sequential(&base, &target, codec, EFFORT).expect("a patch").bytes;
        let flash = FlashModel::<Stm32L4>::new();
        flash.load(0, &base);
        let slots = (flash.slot(0..SLOT), flash.slot(SLOT..2 * SLOT));
        let decoder = all(&mut window, &mut dictionary, &mut probabilities);
        finish!(Sequential::new(slots.0, slots.1, decoder), patch);
        assert!(flash.dump(SLOT..SLOT + len) == Ok(target.clone()), "{codec:?}");

        let lens = [&base, &target].map(|image| image.len() as u64);
        let memory = base.len().max(target.len()).next_multiple_of(PAGE as usize) as u64;
        let memory = memory + 4 * u64::from(PAGE);
        let place = detools::InPlace::plan(memory, PAGE.into(), None, lens[0], lens[1]);
        let place = place.expect("fits");
        let patch = foreign::in_place(&base, &target, &place, codec, EFFORT);
        let patch = patch.expect("a patch").bytes;
        let flash = FlashModel::<Stm32L4>::new();
        flash.load(0, &base);
        let decoder = all(&mut window, &mut dictionary, &mut probabilities);
        let steps = StepLog::new(flash.slot(SLOT..SLOT + PAGE), 1);
        finish!(InPlace::new(flash.slot(0..SLOT), steps, decoder), patch);
        assert!(flash.dump(0..len) == Ok(target.clone()), "in place, {codec:?}");
        assert_eq!(flash.stats().refusals, 0);
    }
}

/// Decoders of all codecs.
fn all<'a>(
    window: &'a mut [u8],
    dictionary: &'a mut [u8],
    probabilities: &'a mut [u16],
) -> impl Decoder + 'a {
    let compressed = Or::new(Heatshrink::new(window), Lzma::new(dictionary, probabilities));
    Or::new(Or::new(Plain, Crle::default()), compressed)
}

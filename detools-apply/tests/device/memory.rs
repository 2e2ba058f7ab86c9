//! Codecs with all the memory that a test has, and appliers over the flash model.

use core::time::Duration;

use detools_apply::codec::{Codec, Crle, Heatshrink, Lzma, Or, Plain};
use detools_apply::steps::Forgetful;
use detools_apply::{ApplyError, InPlace, Sequential, Stage, Steps};
use flash_model::{
    Ecc, FlashError, FlashModel, Geometry, PageRun, Part, Reprogram, Rules, Shape, Slot, Source,
    Timing,
};

/// A part with pages of one byte: segments of any size are whole pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fine;

impl Part for Fine {
    const GEOMETRY: Geometry = Geometry::new(
        Shape {
            name: "fine",
            device_bytes: 1 << 20,
            banks: 1,
            write_bytes: 1,
            erased_value: 0xFF,
            layout: &[PageRun { pages: 1, page_bytes: 1, erase_time: Duration::ZERO }],
        },
        Rules { reprogram: Reprogram::Refused, ecc: Ecc::Faults },
        Timing { program_time: Duration::ZERO, source: Source::Named("made up") },
    );
}

/// Memory for every codec.
pub(crate) struct Memory {
    window: Vec<u8>,
    dictionary: Vec<u8>,
    probabilities: Vec<u16>,
}

/// All four codecs.
pub(crate) type All<'a> = Or<Or<Plain, Crle>, Or<Heatshrink<'a>, Lzma<'a>>>;

impl Memory {
    /// Dictionaries of at most `dictionary` bytes, four bits of literal context.
    pub(crate) fn new(dictionary: usize) -> Self {
        Self {
            window: vec![0xAA; 1 << 15],
            dictionary: vec![0xAA; dictionary],
            probabilities: vec![0xAAAA; Lzma::probabilities(4)],
        }
    }

    pub(crate) fn codec(&mut self) -> All<'_> {
        let heatshrink = Heatshrink::new(&mut self.window);
        let lzma = Lzma::new(&mut self.dictionary, &mut self.probabilities);
        Or::new(Or::new(Plain, Crle::default()), Or::new(heatshrink, lzma))
    }
}

pub(crate) type Failed = ApplyError<FlashError, FlashError>;

/// Pushes a patch in pieces of `chunk` bytes.
macro_rules! run {
    ($applier:expr, $patch:expr, $chunk:expr) => {{
        let mut applier = $applier;
        for mut rest in $patch.chunks($chunk) {
            while !rest.is_empty() {
                applier.push(&mut rest)?;
            }
        }
        let mut turns = 0;
        while applier.finish()?.stage != Stage::Done {
            turns += 1;
            assert!(turns < 1_000_000, "it goes on and on");
        }
        applier
    }};
}

/// The target that a sequential patch makes of `base`, each in a slot that is larger.
pub(crate) fn sequential<P: Part, C: Codec>(
    base: &[u8],
    patch: &[u8],
    codec: C,
    chunk: usize,
) -> Result<Vec<u8>, Failed> {
    let half = 8 * P::GEOMETRY.device_bytes();
    let flash = FlashModel::<P>::with_size(2 * half);
    flash.load(0, base);
    flash.protect_outside(half..2 * half);
    let base_len = u32::try_from(base.len()).expect("small");
    let applier = Sequential::new(flash.slot(0..half), flash.slot(half..2 * half), codec);
    let applier = run!(applier.with_base_len(base_len), patch, chunk);
    let len = applier.progress().target_total;
    assert_eq!(applier.progress().target_done, len);
    assert!(flash.wear().into_iter().all(|wear| wear <= 1), "each page once");
    assert_eq!(flash.stats().refusals, 0);
    flash.dump(half..half + len).map_err(|error| panic!("{error:?}"))
}

/// Looks at an in-place patch without touching `memory`.
pub(crate) fn look<P: Part, C: Codec>(
    memory: Slot<'_, P>,
    patch: &[u8],
    codec: C,
) -> Result<(), ApplyError<FlashError, core::convert::Infallible>> {
    run!(InPlace::new(memory, Forgetful, codec).without_writing(), patch, 77);
    Ok(())
}

/// Applies an in-place patch to `memory`.
pub(crate) fn in_place<P: Part, S: Steps<Error: core::fmt::Debug>, C: Codec>(
    memory: Slot<'_, P>,
    steps: S,
    patch: &[u8],
    codec: C,
    chunk: usize,
) -> Result<(), ApplyError<FlashError, S::Error>> {
    let applier = run!(InPlace::new(memory, steps, codec), patch, chunk);
    let progress = applier.progress();
    assert_eq!(progress.target_done, progress.target_total);
    Ok(())
}

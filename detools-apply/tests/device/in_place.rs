//! In place under power cuts.

use detools_apply::steps::{StepLog, Steps};
use detools_apply::{ApplyError, CodecError, PatchError};
use flash_model::{Cut, FlashModel, Stm32L4, Tear};
use formats::detools::{self, Encoding, InPlace};
use rig::random::Random;

use crate::memory::{Memory, in_place};
use crate::patches::{DICTIONARY, encodings, images, same_place};

const PAGE: u32 = 2048;
const MEMORY: u32 = 8 * PAGE;
const ID: u32 = 7;

/// Flash with a base in it, and room for steps behind the memory.
struct Device {
    flash: FlashModel<Stm32L4>,
    target: Vec<u8>,
    patch: Vec<u8>,
}

impl Device {
    /// `shift`: segments that the base is moved by.
    fn new(encoding: &Encoding, shift: u32) -> Self {
        let (base, target, _) = images(4, 2 * PAGE as usize + 700);
        let [base_len, target_len] = [&base, &target].map(|image| image.len() as u64);
        let place = InPlace {
            memory_size: MEMORY.into(),
            segment_size: PAGE.into(),
            shift_size: u64::from(shift * PAGE),
            base_len,
            target_len,
        };
        let patch = detools::in_place::write(&base, &target, &place, encoding, same_place);
        let flash = FlashModel::new();
        flash.load(0, &base);
        flash.protect_outside(0..MEMORY + PAGE);
        Self { flash, target, patch: patch.expect("written") }
    }

    fn steps(&self) -> StepLog<flash_model::Slot<'_, Stm32L4>> {
        StepLog::new(self.flash.slot(MEMORY..MEMORY + PAGE), ID)
    }

    /// One boot: the patch from its first byte.
    fn run(&self) -> bool {
        let mut memory = Memory::new(DICTIONARY as usize);
        let slot = self.flash.slot(0..MEMORY);
        in_place(slot, self.steps(), &self.patch, memory.codec(), 100).is_ok()
    }

    fn is_done(&self) -> bool {
        let len = u32::try_from(self.target.len()).expect("small");
        self.flash.dump(0..len).as_ref() == Ok(&self.target)
    }
}

#[test]
fn a_cut_at_any_operation_is_survived() {
    for (index, shift) in [(0, 1), (1, 2), (2, 1), (6, 5)] {
        let device = Device::new(&encodings()[index], shift);
        let start = device.flash.snapshot();
        assert!(device.run() && device.is_done());
        let operations = device.flash.stats().operations();
        let clean = device.flash.wear();
        assert!(clean.iter().take(8).all(|&wear| wear <= 2), "{clean:?}");
        for count in (0..operations).step_by(if index == 0 { 3 } else { 41 }) {
            let tear = [Tear::Blank, Tear::Mixed(count), Tear::Seeded(count)];
            let tear = tear[usize::try_from(count % 3).expect("small")];
            device.flash.restore(&start);
            device.flash.cut_after(count, Cut::Inside(tear));
            assert!(!device.run(), "{count}");
            device.flash.power_on();
            assert!(device.run() && device.is_done(), "cut {tear:?} after {count} operations");
            // One step is done twice, no more: its pages are erased once more.
            let wear = device.flash.wear();
            let more: u32 = wear.iter().zip(&clean).map(|(with, without)| with - without).sum();
            assert!(more <= 1, "{more} pages more after {count} operations");
        }
    }
}

#[test]
fn many_cuts_are_survived() {
    let device = Device::new(&Encoding::Crle, 1);
    let start = device.flash.snapshot();
    for seed in 0..40 {
        device.flash.restore(&start);
        let mut random = Random::new(seed);
        let mut boots = 0;
        loop {
            let count = 1 + u64::try_from(random.below(900)).expect("small");
            device.flash.cut_after(count, Cut::Inside(Tear::Seeded(seed)));
            let done = device.run();
            device.flash.power_on();
            boots += 1;
            if done {
                break;
            }
            assert!(boots < 200, "no end with seed {seed}");
        }
        assert!(device.is_done(), "seed {seed}");
    }
}

#[test]
fn once_done_it_stays_done_until_the_steps_are_cleared() {
    let device = Device::new(&Encoding::None, 2);
    assert!(device.run() && device.is_done());
    let before = device.flash.stats().operations();
    // Power failed before the application noted that the update is over.
    assert!(device.run() && device.is_done());
    assert_eq!(device.flash.stats().operations(), before);
    // Three segments moved, three and a bit written: numbered as detools' C applier numbers them.
    let written = u32::try_from(device.target.len()).expect("small").div_ceil(PAGE);
    assert_eq!(device.steps().completed(), Ok(3 + written));
    device.steps().clear().expect("erased");
    assert_eq!(device.steps().completed(), Ok(0));
}

#[test]
fn what_cannot_be_is_refused_before_the_first_erase() {
    let header = |numbers: [u64; 5]| {
        let [memory_size, segment_size, shift_size, base_len, target_len] = numbers;
        let place = InPlace { memory_size, segment_size, shift_size, base_len, target_len };
        let compression = formats::codec::Compression::None;
        detools::Header::InPlace { compression, place }.bytes()
    };
    let page = u64::from(PAGE);
    let segment = |expected, got| PatchError::Segment { expected, got };
    let large = |expected, got| PatchError::TooLarge { expected, got };
    let cases = [
        ([8 * page, 0, page, 9, 9], segment(PAGE, 0)),
        ([8 * page, 1_000, page, 9, 9], segment(PAGE, 1_000)),
        ([8 * page, page, 100, 9, 9], segment(PAGE, 100)),
        ([7 * page, 2 * page, 0, 9, 9], segment(2 * PAGE, 7 * PAGE)),
        ([9 * page, page, page, 9, 9], large(9 * PAGE, 8 * PAGE)),
        ([4 * page, page, page, 9, 4 * page + 1], large(4 * PAGE + 1, 4 * PAGE)),
        ([4 * page, page, page, 4 * page + 1, 9], large(4 * PAGE + 1, 4 * PAGE)),
        ([4 * page, page, 5 * page, 9, 9], large(5 * PAGE, 4 * PAGE)),
        ([1 << 32, page, page, 9, 9], PatchError::Number { got: 1 << 32 }),
    ];
    for (numbers, expected) in cases {
        let flash = FlashModel::<Stm32L4>::new();
        let steps = StepLog::new(flash.slot(MEMORY..MEMORY + PAGE), ID);
        let mut memory = Memory::new(16);
        let slot = flash.slot(0..MEMORY);
        let found = in_place(slot, steps, &header(numbers), memory.codec(), 100);
        assert_eq!(found, Err(ApplyError::Patch(expected)), "{numbers:?}");
        assert_eq!(flash.stats().operations(), 0);
    }
    // A window is told behind the header.
    let mut memory = Memory::new(16);
    let flash = FlashModel::<Stm32L4>::new();
    let device = Device::new(&encodings()[6], 1);
    let steps = StepLog::new(flash.slot(MEMORY..MEMORY + PAGE), ID);
    let found = in_place(flash.slot(0..MEMORY), steps, &device.patch, memory.codec(), 100);
    let expected = CodecError::Window { expected: DICTIONARY, got: 16 };
    assert_eq!(found, Err(ApplyError::Patch(PatchError::Codec(expected))));
    assert_eq!(flash.stats().operations(), 0);
    let format = [header([8 * page, page, page, 9, 9]), vec![1, 0]].concat();
    let steps = StepLog::new(flash.slot(MEMORY..MEMORY + PAGE), ID);
    let found = in_place(flash.slot(0..MEMORY), steps, &format, memory.codec(), 100);
    assert_eq!(found, Err(ApplyError::Patch(PatchError::DataFormat { got: 0 })));
    assert_eq!(flash.stats().operations(), 0);
}

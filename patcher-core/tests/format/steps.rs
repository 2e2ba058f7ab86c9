//! No step takes more patch bytes than the decoder waits for.
//!
//! An adversary in place of the patch decides every bit. It first teaches the counters what to expect, then does the
//! opposite of it.

use core::convert::Infallible;
use patcher_core::entropy::Coder;
use patcher_core::entropy::symbol::{Odds, SYMBOLS};
use patcher_core::model::number;
use patcher_core::reference;
use patcher_core::stream::{Engine, MAX_STEP_BYTES, Question, SCRATCH, Side};
use patcher_core::{Header, Images};
use rig::plan::Recipe;
use rig::random::Random;

/// Images of zeros without end.
struct Zeros;

impl Images for Zeros {
    type Error = Infallible;

    fn read_base(&mut self, _: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }

    fn read_target(&mut self, _: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0);
        Ok(())
    }

    fn write_target(&mut self, _: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// How the adversary decides.
#[derive(Clone, Copy)]
enum Mood {
    /// As the script says.
    Obey,
    /// Whatever costs most.
    Dear,
    /// Dear with this chance in 256.
    Mixed(u8),
}

/// Decides bits and counts the bytes that a decoder would take for them.
struct Adversary<F> {
    mood: Mood,
    answer: F,
    random: Random,
    range: u32,
    bytes: usize,
}

impl<F> Adversary<F> {
    fn normalise(&mut self) {
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.bytes += 1;
        }
    }
}

impl<F> Coder for Adversary<F> {
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        let dear = p1 < 0x8000;
        let bit = match self.mood {
            Mood::Obey => bit,
            Mood::Dear => dear,
            Mood::Mixed(chance) => dear == (self.random.byte() < chance),
        };
        // docs/format.md, "Range coder".
        let p = p1;
        let bound = (self.range >> 16) * p + (((self.range & 0xFFFF) * p) >> 16);
        self.range = if bit { bound } else { self.range - bound };
        self.normalise();
        bit
    }

    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        let dear = (0..SYMBOLS).rev().min_by_key(|&symbol| odds.of(symbol)).unwrap_or(0);
        let symbol = match self.mood {
            Mood::Obey => symbol,
            Mood::Dear => dear,
            Mood::Mixed(chance) if self.random.byte() < chance => dear,
            Mood::Mixed(_) => usize::from(self.random.byte()) % SYMBOLS,
        };
        self.range = self.range / odds.total() * odds.of(symbol);
        self.normalise();
        symbol
    }
}

impl<F: FnMut(u32, Question<'_>) -> u32> Side for Adversary<F> {
    fn ask(&mut self, position: u32, question: Question<'_>) -> u32 {
        (self.answer)(position, question)
    }

    fn truth(&mut self, _: u32, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn header(isa: u8, map_entries: u32) -> Header {
    let recipe = Recipe::plain();
    let recipe = if isa == 0 {
        recipe
    } else {
        let image = (1 << 30, 0x1000_0000);
        Recipe { memory: 255, ..recipe.addressed(isa, image, image) }
    };
    let mut header = recipe.header(&[], &[], 0);
    (header.base_len, header.target_len) = (1 << 30, 1 << 30);
    header.map_entries = map_entries;
    header
}

/// Runs `steps` steps of the script, then a dear one: the bytes of the last.
fn attack(header: Header, steps: usize, answer: impl FnMut(u32, Question<'_>) -> u32) -> usize {
    let mut workspace = vec![0; header.workspace_words()];
    let mut engine = Engine::new(header, &reference::ALL, &mut workspace).expect("a workspace");
    let random = Random::new(1);
    let mut side = Adversary { mood: Mood::Obey, answer, random, range: u32::MAX, bytes: 0 };
    let mut scratch = SCRATCH;
    for _ in 0..steps {
        engine.step(&mut Zeros, &mut side, &mut scratch).expect("a legal script");
    }
    side.mood = Mood::Dear;
    // The worst start: just above the next byte.
    side.range = 1 << 24;
    side.bytes = 0;
    let _ = engine.step(&mut Zeros, &mut side, &mut scratch);
    side.bytes
}

/// How often each lesson is taught: a settled counter moves by 1/26 of the way.
const EACH: usize = 160;

/// Numbers that teach counters to expect their end at each length: long ones first.
fn lessons() -> Vec<u32> {
    let lengths = (0..=24u32).rev().flat_map(|length| core::iter::repeat_n(length, EACH));
    lengths.map(|length| (1u32 << length) >> 1).collect()
}

#[test]
fn the_dearest_copy_fits_one_step() {
    // Distances to the base teach that number, distances to the target and then repeats the choices before it.
    let lessons = lessons();
    let mut copies = 0;
    let steps = 3 + 4 * (lessons.len() + 2 * EACH);
    let bytes = attack(header(0, 0), steps, |_, question| match question {
        Question::ExtraLength { .. } => 1 << 20,
        Question::IsCopy => {
            copies += 1;
            1
        }
        Question::IsRepeat(_) => u32::from(copies > lessons.len() + EACH),
        Question::FromBase => u32::from(copies <= lessons.len()),
        Question::BaseDistance { .. } => {
            number::unzigzag(lessons.get(copies - 1).copied().unwrap_or(0))
        }
        Question::TargetDistance | Question::RepeatIndex(_) | Question::CopyLength => 0,
        other => panic!("not in this script: {other:?}"),
    });
    assert!((10..=MAX_STEP_BYTES).contains(&bytes), "{bytes} bytes");
}

#[test]
fn the_dearest_map_entry_fits_one_step() {
    let lessons = lessons();
    let entries = u32::try_from(lessons.len()).expect("a small number") + 1;
    let mut shifts = lessons.iter();
    let steps = 2 * lessons.len() + 1;
    let bytes = attack(header(2, entries), steps, |_, question| match question {
        Question::MapBase { .. } => 1,
        Question::MapShift { .. } => shifts.next().map_or(0, |&shift| number::unzigzag(shift)),
        other => panic!("not in this script: {other:?}"),
    });
    assert!((8..=MAX_STEP_BYTES).contains(&bytes), "{bytes} bytes");
}

#[test]
fn the_dearest_miss_fits_one_step() {
    // Blocks that hit teach that the next one does, and so do its units.
    let bytes = attack(header(2, 0), 200, |_, question| match question {
        Question::ExtraLength { .. } | Question::BaseJump { .. } => 0,
        Question::DiffLength => 1 << 20,
        other => panic!("not in this script: {other:?}"),
    });
    assert!((4..=MAX_STEP_BYTES).contains(&bytes), "{bytes} bytes");
}

#[test]
fn no_step_of_any_stream_takes_more_than_the_decoder_waits_for() {
    let mut scratch = SCRATCH;
    let mut most = 0;
    for seed in 0..400u64 {
        let mut random = Random::new(seed);
        let isa = [0, 1, 2][random.below(3)];
        let mut header = header(isa, if isa == 0 { 0 } else { 4 });
        header.epoch_log2 = [0, 8, 9][random.below(3)];
        let mut workspace = vec![0; header.workspace_words()];
        let mut engine = Engine::new(header, &reference::ALL, &mut workspace).expect("a workspace");
        let calm = [Mood::Obey, Mood::Mixed(2), Mood::Mixed(90)][random.below(3)];
        let mut script = Random::new(seed + 1000);
        let mut small = move |limit: u32| script.word32() % limit.max(1);
        let answer = |position: u32, question: Question<'_>| match question {
            Question::MapBase { .. } => 1 + small(100),
            Question::ExtraLength { end } => (end - position).min(small(200)),
            Question::IsCopy => u32::from(position > 0) & small(2),
            Question::TargetDistance => small(position),
            Question::DiffLength => small(50),
            _ => 0,
        };
        let mut side = Adversary { mood: calm, answer, random, range: u32::MAX, bytes: 0 };
        for _ in 0..2000 {
            side.bytes = 0;
            side.mood = if side.random.below(50) == 0 { Mood::Dear } else { calm };
            let result = engine.step(&mut Zeros, &mut side, &mut scratch);
            most = most.max(side.bytes);
            assert!(side.bytes <= MAX_STEP_BYTES, "seed {seed}: {} bytes", side.bytes);
            if result.is_err() || engine.is_done() {
                break;
            }
        }
    }
    assert!(most >= 5, "the adversary is too tame: {most} bytes");
}

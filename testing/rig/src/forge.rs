//! Bodies that no encoder would write.

use patcher_core::entropy::Coder;
use patcher_core::entropy::encode::RangeEncoder;
use patcher_core::entropy::symbol::Odds;
use patcher_core::error::Error;
use patcher_core::stream::{Engine, Question, SCRATCH, Side, Step};
use patcher_core::{DecodeError, Header, reference};

use crate::memory::Memory;

/// Answers from a closure, target bytes from a slice.
struct Scripted<'a, F> {
    answer: F,
    target: &'a [u8],
    coder: RangeEncoder,
}

impl<F> Coder for Scripted<'_, F> {
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        self.coder.code(bit, p1)
    }

    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        self.coder.symbol(symbol, odds)
    }
}

impl<F: FnMut(u32, Question<'_>) -> u32> Side for Scripted<'_, F> {
    fn ask(&mut self, position: u32, question: Question<'_>) -> u32 {
        (self.answer)(position, question)
    }

    fn truth(&mut self, offset: u32, bytes: &mut [u8]) {
        for (index, slot) in bytes.iter_mut().enumerate() {
            *slot = self.target.get(offset as usize + index).copied().unwrap_or(0);
        }
    }
}

/// The body that codes exactly what `answer` says to each question, and how the engine took it.
///
/// The body ends where the engine refuses; a decoder refuses it in the same place.
///
/// # Panics
/// When the script runs for more than 2²⁰ steps, and for an unknown instruction set.
pub fn forge(
    header: &Header,
    base: &[u8],
    target: &[u8],
    answer: impl FnMut(u32, Question<'_>) -> u32,
) -> (Vec<u8>, Result<(), DecodeError>) {
    let mut workspace = vec![0u16; header.workspace_words()];
    let engine = Engine::new(*header, &reference::ALL, &mut workspace);
    let mut engine = engine.expect("an instruction set that is there");
    let mut images = Memory::new(header, base, usize::MAX);
    let mut side = Scripted { answer, target, coder: RangeEncoder::new() };
    let mut scratch = SCRATCH;
    for _ in 0..1u32 << 20 {
        if engine.is_done() {
            return (side.coder.finish(), Ok(()));
        }
        match engine.step(&mut images, &mut side, &mut scratch) {
            Ok(Step::Mark { reset: true }) => side.coder.end_segment(),
            Ok(_) => {}
            Err(Error::Patch(error)) => return (side.coder.finish(), Err(error)),
            Err(Error::Images(full)) => unreachable!("{full:?} without a limit"),
        }
    }
    panic!("the script does not end");
}

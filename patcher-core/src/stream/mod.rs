//! The op stream: one description that decodes and encodes.
//!
//! A body is the address map, then ops until the target is complete. An op is an **extra** (new bytes:
//! coded literals and copies) followed by a **diff** (base bytes, references adjusted, exceptions
//! coded). [`Engine::step`] advances by one small unit, at most [`MAX_STEP_BYTES`] patch bytes. It asks
//! a [`Side`] for every decision: a decoder answers from the patch, an encoder from its plan.

mod diff;
pub mod engine;
mod extra;
pub mod images;
mod op;
mod seen;
pub(crate) mod state;
mod topic;
mod unit;

pub use engine::{Engine, Step};
pub use extra::MIN_COPY;
pub use state::{REPEATS, Source};
pub use topic::Topic;
pub use unit::Kind as UnitKind;

use crate::entropy::Coder;

/// Most patch bytes that one step can consume.
///
/// The longest step is a block that does not hit, its units one by one, and the bytes of the one that missed: 13 bits for the
/// block, for each unit and for whether a reference stays, 10 for each half of a byte. A number costs 5 symbols of 10 bits, 2
/// decisions of 13 and 28 of one: 13 bytes.
pub const MAX_STEP_BYTES: usize = 52;

const _: () = assert!(
    (13 * (diff::SPAN + 2) + 10 * 2 * crate::reference::MAX_LEN).div_ceil(8) + 2 <= MAX_STEP_BYTES
);

/// Most target bytes that one step can write: a block, whose last unit may begin in its last byte. A copy takes less at once,
/// with what was held back.
pub const MAX_STEP_OUTPUT: usize = diff::BLOCK + crate::reference::MAX_LEN - 1;

const _: () = assert!(MAX_COPIED + seen::AROUND <= MAX_STEP_OUTPUT);

/// Most bytes that a copy takes in one step.
pub(crate) const MAX_COPIED: usize = 32;

/// Bytes that a step works on, whatever they hold before. One is enough for a stream: so they are not cleared for each step.
pub type Scratch = [u8; diff::WINDOW];

/// What a [`Scratch`] may start as.
pub const SCRATCH: Scratch = [0; diff::WINDOW];

/// A length within one step as a 32-bit number.
pub(crate) fn length32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What the engine must know next.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// Distance of the next map entry from `previous`, the base address before.
    MapBase {
        /// Base address of the entry before.
        previous: u32,
    },
    /// Target address minus base address of the same entry, minus `previous`.
    MapShift {
        /// Target address minus base address of the entry before.
        previous: u32,
    },
    /// Whether the next diff starts at these offsets.
    FollowsMap {
        /// Target offset.
        target: u32,
        /// Base offset.
        base: u32,
    },
    /// Bytes until the next diff, or until `end`.
    ExtraLength {
        /// End of the epoch or of the target.
        end: u32,
    },
    /// Base offset of the next diff minus `expected`.
    BaseJump {
        /// Base offset if the extra replaced as many base bytes.
        expected: u32,
    },
    /// Length of the diff, minus one.
    DiffLength,
    /// Whether a copy starts here.
    IsCopy,
    /// Whether the copy repeats one of these sources.
    IsRepeat(&'a [Source; REPEATS]),
    /// Which of these it repeats.
    RepeatIndex(&'a [Source; REPEATS]),
    /// Whether the copy reads the base.
    FromBase,
    /// Base offset of the copy minus `expected`.
    BaseDistance {
        /// Base offset if nothing was inserted or removed.
        expected: u32,
    },
    /// Distance back in the target, minus one.
    TargetDistance,
    /// Length of the copy, minus [`MIN_COPY`].
    CopyLength,
    /// Whether the restart mark resets the model.
    Reset,
}

/// Where the values of a stream come from: the patch, or an encoder's plan.
pub trait Side: Coder {
    /// The plan's answer at target offset `position`: a number, or a choice as 0 or 1. A decoder
    /// returns 0.
    fn ask(&mut self, position: u32, question: Question<'_>) -> u32;

    /// Fills `bytes` with the target from `offset` on; leaves them alone when decoding.
    fn truth(&mut self, offset: u32, bytes: &mut [u8]);

    /// Whether the target goes on with `bytes` at `offset`; a decoder says anything.
    #[inline]
    fn agrees(&mut self, offset: u32, bytes: &[u8]) -> bool {
        (offset..).zip(bytes).all(|(offset, &byte)| {
            let mut truth = [!byte];
            self.truth(offset, &mut truth);
            truth == [byte]
        })
    }

    /// As [`Side::truth`], of what extras see.
    #[inline]
    fn seen(&mut self, offset: u32, bytes: &mut [u8]) {
        self.truth(offset, bytes);
    }

    /// Tells what the next decisions are about, where no question does. For reports: whoever only codes leaves it
    /// as it is, and no code remains of it.
    #[inline]
    fn about(&mut self, topic: Topic) {
        let _ = topic;
    }
}

//! Where each probability is in one run of words.

/// Contexts of a state and a position.
const STATES: usize = 12;
const POSITIONS: usize = 16;

pub(super) const MATCH: usize = 0;
pub(super) const REPEAT: usize = MATCH + STATES * POSITIONS;
pub(super) const REPEAT_0: usize = REPEAT + STATES;
pub(super) const REPEAT_1: usize = REPEAT_0 + STATES;
pub(super) const REPEAT_2: usize = REPEAT_1 + STATES;
pub(super) const REPEAT_0_LONG: usize = REPEAT_2 + STATES;
/// Four trees of six bits.
pub(super) const SLOT: usize = REPEAT_0_LONG + STATES * POSITIONS;
/// Reverse trees of slots 4 to 13, packed; their indices begin at 1.
pub(super) const MIDDLE: usize = SLOT + 4 * 64;
/// A reverse tree of four bits.
pub(super) const ALIGN: usize = MIDDLE + 114;
pub(super) const LENGTH: usize = ALIGN + 16;
pub(super) const REPEAT_LENGTH: usize = LENGTH + length::WORDS;
pub(super) const LITERAL: usize = REPEAT_LENGTH + length::WORDS;
/// Words of one literal context.
pub(super) const LITERAL_WORDS: usize = 0x300;

/// Within a length coder.
pub(super) mod length {
    pub(in super::super) const CHOICE: usize = 0;
    pub(in super::super) const CHOICE_2: usize = 1;
    /// Trees of three bits for each position.
    pub(in super::super) const LOW: usize = 2;
    pub(in super::super) const MIDDLE: usize = LOW + super::POSITIONS * 8;
    /// A tree of eight bits.
    pub(in super::super) const HIGH: usize = MIDDLE + super::POSITIONS * 8;
    pub(in super::super) const WORDS: usize = HIGH + 256;
}

const _: () = assert!(LITERAL == 1846);

/// All words with `bits` bits of literal context.
pub(super) const fn words(bits: u32) -> usize {
    LITERAL.saturating_add(LITERAL_WORDS.wrapping_shl(bits))
}

//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers | [`number::WORDS`] | [`counter::FRESH`] |
//! | switches | [`switch::WORDS`] | fresh |
//! | weights of hits, of bytes | [`hit::WEIGHTS`], [`byte::WEIGHTS`] | [`mixer::INITIAL_WEIGHT`] |
//! | hit slots | header: `hit_slots` | fresh |
//! | byte slots | header: `byte_slots` | fresh |

pub mod byte;
pub mod hash;
pub mod hit;
pub mod number;
pub mod switch;

use crate::entropy::{counter, mixer};

/// The adaptive state, as views into the workspace.
#[derive(Debug)]
pub struct Model<'w> {
    pub(crate) numbers: &'w mut [u16],
    pub(crate) switches: &'w mut [u16],
    pub(crate) hit: hit::HitModel<'w>,
    pub(crate) byte: byte::ByteModel<'w>,
}

/// Words that every model needs, whatever its tables hold.
pub const FIXED_WORDS: usize = number::WORDS + switch::WORDS + hit::WEIGHTS + byte::WEIGHTS;

impl<'w> Model<'w> {
    /// Lays the model over `words` and resets it; `None` when `words` is too short.
    ///
    /// Takes exactly [`FIXED_WORDS`]` + hit_slots + byte_slots` words.
    #[must_use]
    pub fn new(words: &'w mut [u16], hit_slots: usize, byte_slots: usize) -> Option<Self> {
        let (numbers, words) = words.split_at_mut_checked(number::WORDS)?;
        let (switches, words) = words.split_at_mut_checked(switch::WORDS)?;
        let (hit_weights, words) = words.split_at_mut_checked(hit::WEIGHTS)?;
        let (byte_weights, words) = words.split_at_mut_checked(byte::WEIGHTS)?;
        let (hit_slots, words) = words.split_at_mut_checked(hit_slots)?;
        let (byte_slots, _) = words.split_at_mut_checked(byte_slots)?;
        let mut model = Self {
            numbers,
            switches,
            hit: hit::HitModel { weights: hit_weights, slots: hit_slots },
            byte: byte::ByteModel { weights: byte_weights, slots: byte_slots },
        };
        model.reset();
        Some(model)
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        self.numbers.fill(counter::FRESH);
        self.switches.fill(counter::FRESH);
        self.hit.slots.fill(counter::FRESH);
        self.byte.slots.fill(counter::FRESH);
        self.hit.weights.fill(mixer::INITIAL_WEIGHT);
        self.byte.weights.fill(mixer::INITIAL_WEIGHT);
    }
}

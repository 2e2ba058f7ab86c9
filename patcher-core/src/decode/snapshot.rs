//! Saving a decoder at a restart mark, and going on from there.
//!
//! ```text
//! offset  size  register
//!  0      4     target bytes produced
//!  4      4     base offset
//!  8      4     body bytes decoded
//! 12      8     range, code
//! 20      12    last four target bytes, history, run
//! 32      12    deltas of the three repeats
//! 44      1     bits 0-2: repeat reads the base; 3 followed map, 4 repeated, 5 read base, 6 coder started
//! 45      1     last three tokens
//! 46            the workspace, sixteen-bit words
//! ```
//!
//! All little endian. A mark follows a complete op, so nothing else is pending.

use super::{Decoder, IMPLIED_ZEROS};
use crate::container::header::Header;
use crate::entropy::range::{BOTTOM, RangeState};
use crate::error::{BodyError, DecodeError};
use crate::reference::Isa;
use crate::stream::Source;
use crate::stream::state::State;

/// Bytes of the registers, before the workspace.
pub const REGISTER_BYTES: usize = 46;

fn word(bytes: &[u8; REGISTER_BYTES], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

impl<'w> Decoder<'w> {
    /// Writes the state at a restart mark through `sink`, [`REGISTER_BYTES`] and two bytes per word of
    /// the workspace. The caller binds it to the patch (header digest) and checks its integrity.
    ///
    /// # Errors
    /// [`DecodeError::State`] when the decoder does not stand at a mark.
    pub fn save(&self, mut sink: impl FnMut(&[u8])) -> Result<(), DecodeError> {
        sink(&self.registers()?);
        self.engine.for_each_word(|word| sink(&word.to_le_bytes()));
        Ok(())
    }

    /// As [`save`](Self::save) right after a mark that reset the model: [`REGISTER_BYTES`] and the address map, eight
    /// bytes an entry. All else is as at the start.
    ///
    /// # Errors
    /// [`DecodeError::State`] when the decoder does not stand at a mark that reset the model.
    pub fn save_reset(&self, mut sink: impl FnMut(&[u8])) -> Result<(), DecodeError> {
        let registers = self.registers()?;
        // A mark that keeps the model leaves the coder within its segment.
        if self.started {
            return Err(DecodeError::State);
        }
        sink(&registers);
        self.engine.map.words().iter().for_each(|word| sink(&word.to_le_bytes()));
        Ok(())
    }

    fn registers(&self) -> Result<[u8; REGISTER_BYTES], DecodeError> {
        if self.poisoned || !self.engine.after_mark() {
            return Err(DecodeError::State);
        }
        let state = &self.engine.state;
        let mut registers = [0u8; REGISTER_BYTES];
        let [first, second, third] = state.repeats;
        let words = [
            state.position,
            state.base,
            self.consumed,
            self.range.range,
            self.range.code,
            state.last,
            state.history,
            state.run,
            first.delta,
            second.delta,
            third.delta,
        ];
        for (slot, word) in registers.chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        let bits = [
            first.from_base,
            second.from_base,
            third.from_base,
            state.followed_map,
            state.repeated,
            state.read_base,
            self.started,
        ];
        let bits = bits.iter().rev().fold(0u8, |bits, &bit| bits << 1 | u8::from(bit));
        for (slot, byte) in registers.iter_mut().rev().zip([state.tokens & 7, bits]) {
            *slot = byte;
        }
        Ok(registers)
    }

    /// A decoder that goes on from a saved state. Feed it the body from
    /// [`Decoder::consumed`] on (nothing, if that is past its end).
    ///
    /// `source` fills its argument with the next saved bytes and returns whether it could.
    ///
    /// # Errors
    /// [`DecodeError::State`] when the state contradicts the header or ends early; otherwise as
    /// [`Decoder::new`].
    pub fn restore(
        header: Header,
        isas: &[&'static dyn Isa],
        workspace: &'w mut [u16],
        mut source: impl FnMut(&mut [u8]) -> bool,
    ) -> Result<Self, BodyError> {
        let mut decoder = Self::new(header, isas, workspace)?;
        decoder.load(&mut source)?;
        Ok(decoder)
    }

    /// The same for a decoder that has decoded nothing yet.
    ///
    /// # Errors
    /// [`DecodeError::State`] as [`restore`](Self::restore); the decoder is poisoned.
    pub fn load(&mut self, mut source: impl FnMut(&mut [u8]) -> bool) -> Result<(), DecodeError> {
        self.load_registers(&mut source)?;
        let filled = self.engine.fill_words(words(source));
        self.poisoned = filled.is_err();
        filled
    }

    /// The same from what [`save_reset`](Self::save_reset) wrote.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_reset(
        &mut self,
        mut source: impl FnMut(&mut [u8]) -> bool,
    ) -> Result<(), DecodeError> {
        self.load_registers(&mut source)?;
        let mut next = words(source);
        self.poisoned = self.started;
        for word in self.engine.map.words_mut() {
            let saved = next();
            self.poisoned |= saved.is_none();
            *word = saved.unwrap_or(0);
        }
        if self.poisoned { Err(DecodeError::State) } else { Ok(()) }
    }

    fn load_registers(
        &mut self,
        source: &mut impl FnMut(&mut [u8]) -> bool,
    ) -> Result<(), DecodeError> {
        let mut bytes = [0u8; REGISTER_BYTES];
        let fresh = !self.poisoned && self.received == 0 && self.engine.position() == 0;
        self.poisoned = true;
        if !fresh || !source(&mut bytes) {
            return Err(DecodeError::State);
        }
        let body_len = self.engine.header.body_len;
        let [.., bits, tokens] = bytes;
        let bit = |index: u32| bits >> index & 1 == 1;
        let source_at =
            |at: usize, index: u32| Source { from_base: bit(index), delta: word(&bytes, at) };
        self.engine.resume(State {
            position: word(&bytes, 0),
            base: word(&bytes, 4),
            last: word(&bytes, 20),
            history: word(&bytes, 24),
            run: word(&bytes, 28),
            repeats: [source_at(32, 0), source_at(36, 1), source_at(40, 2)],
            followed_map: bit(3),
            repeated: bit(4),
            read_base: bit(5),
            tokens,
            ..State::START
        })?;
        self.consumed = word(&bytes, 8);
        // Implied zeros count as decoded, but nobody can send them.
        self.received = self.consumed.min(body_len);
        self.range = RangeState { range: word(&bytes, 12), code: word(&bytes, 16) };
        self.started = bit(6);
        let sound = !self.started || self.range.range >= BOTTOM;
        if self.consumed > body_len.saturating_add(IMPLIED_ZEROS)
            || !sound
            || bits & 0x80 != 0
            || tokens > 7
        {
            return Err(DecodeError::State);
        }
        self.poisoned = false;
        Ok(())
    }
}

/// Saved bytes as words.
fn words(mut source: impl FnMut(&mut [u8]) -> bool) -> impl FnMut() -> Option<u16> {
    move || {
        let mut pair = [0u8; 2];
        source(&mut pair).then(|| u16::from_le_bytes(pair))
    }
}

//! The decoder: body bytes in at any chunking, target bytes out.

use crate::container::header::Header;
use crate::entropy::Coder;
use crate::entropy::range::{RangeDecoder, RangeState};
use crate::entropy::symbol::Odds;
use crate::error::{DecodeError, Error, SetupError};
use crate::reference::Isa;
use crate::stream::images::Images;
use crate::stream::{Engine, MAX_STEP_BYTES, Question, SCRATCH, Side, Step};

/// Zeros that may stand in for bytes past the end of the body.
pub const IMPLIED_ZEROS: u32 = 4;

/// Target bytes after which [`Decoder::push`] returns: a few patch bytes can stand for a whole image.
pub const YIELD_BYTES: u32 = 2048;

/// Bytes the decoder keeps of its input: one step's worth, and room to fill up.
const BUFFER: usize = 2 * MAX_STEP_BYTES;

mod snapshot;

pub use snapshot::REGISTER_BYTES;

/// What [`Decoder::push`] stopped at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// All bytes given were taken; more are needed.
    NeedInput,
    /// Enough was produced for one call ([`YIELD_BYTES`]); there may be more to do with the bytes
    /// taken so far. Feed the watchdog and call again, also without new input.
    Yield,
    /// A restart mark: the state may be saved now.
    Mark {
        /// Whether the model was reset, so that nothing but offsets need be saved.
        reset: bool,
    },
    /// The target is complete and the body used up. Its digest is the caller's to check.
    Done,
}

/// A decoder of one patch body.
///
/// # Example
/// ```
/// # fn apply<I: patcher_core::Images>(patch: &[u8], images: &mut I) -> Option<()> {
/// use patcher_core::{Decoder, Event, Header, reference};
/// let (header, header_len) = Header::parse(patch.iter().copied()).ok()?;
/// let mut workspace = vec![0u16; header.workspace_words()];
/// let mut decoder = Decoder::new(header, &reference::ALL, &mut workspace).ok()?;
/// for chunk in patch[header_len..].chunks(20) {
///     let mut rest = chunk;
///     while decoder.push(images, &mut rest).ok()? != Event::NeedInput {}
/// }
/// decoder.finish().ok()
/// # }
/// ```
#[derive(Debug)]
pub struct Decoder<'w> {
    engine: Engine<'w>,
    range: RangeState,
    /// Whether `range` has its first bytes.
    started: bool,
    poisoned: bool,
    /// Body bytes received, and decoded.
    received: u32,
    consumed: u32,
    buffer: [u8; BUFFER],
    head: u8,
    tail: u8,
}

struct Decoding<'a>(RangeDecoder<'a>);

impl Coder for Decoding<'_> {
    // In both of its places: 2 % of the cycles for 84 bytes of flash.
    #[inline(always)]
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        self.0.code(bit, p1)
    }

    #[inline]
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        self.0.symbol(symbol, odds)
    }
}

impl Side for Decoding<'_> {
    fn ask(&mut self, _position: u32, _question: Question<'_>) -> u32 {
        0
    }

    fn truth(&mut self, _offset: u32, _bytes: &mut [u8]) {}

    fn agrees(&mut self, _offset: u32, _bytes: &[u8]) -> bool {
        false
    }
}

impl<'w> Decoder<'w> {
    /// A decoder at the start of the body that belongs to `header`.
    ///
    /// `isas` are the instruction sets linked in ([`reference::ALL`](crate::reference::ALL) or a part
    /// of it). `workspace` has at least [`Header::workspace_words`] words; its content is overwritten.
    ///
    /// # Errors
    /// A [`SetupError`]: this device cannot decode the patch.
    pub fn new(
        header: Header,
        isas: &[&'static dyn Isa],
        workspace: &'w mut [u16],
    ) -> Result<Self, SetupError> {
        Ok(Self {
            engine: Engine::new(header, isas, workspace)?,
            range: RangeState::default(),
            started: false,
            poisoned: false,
            received: 0,
            consumed: 0,
            buffer: [0; BUFFER],
            head: 0,
            tail: 0,
        })
    }

    /// Decodes as much as `chunk` allows and removes from it what was taken.
    ///
    /// Call again while it returns a mark or yields; feed the next chunk after [`Event::NeedInput`].
    ///
    /// # Errors
    /// [`Error::Patch`]: the patch is damaged; [`Error::Images`]: from `images`. Both poison the decoder.
    pub fn push<I: Images>(
        &mut self,
        images: &mut I,
        chunk: &mut &[u8],
    ) -> Result<Event, Error<I::Error>> {
        if self.poisoned {
            return Err(DecodeError::Poisoned.into());
        }
        let result = self.run(images, chunk);
        self.poisoned = result.is_err();
        result
    }

    /// Checks, after the last byte of the patch, that nothing is missing.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] when the target is incomplete.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.poisoned {
            Err(DecodeError::Poisoned)
        } else if self.engine.is_done() && self.received == self.engine.header.body_len {
            Ok(())
        } else {
            Err(DecodeError::Truncated)
        }
    }

    /// The header that the body belongs to.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.engine.header
    }

    /// Target bytes produced so far.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.engine.position()
    }

    /// Body bytes decoded so far, not counting those that wait in the buffer.
    #[must_use]
    pub fn consumed(&self) -> u32 {
        self.consumed
    }

    fn run<I: Images>(
        &mut self,
        images: &mut I,
        chunk: &mut &[u8],
    ) -> Result<Event, Error<I::Error>> {
        let start = self.engine.position();
        loop {
            self.fill(chunk)?;
            let all_here = self.received == self.engine.header.body_len;
            if self.engine.is_done() {
                return self.done(all_here).map_err(Error::Patch);
            }
            if self.waiting() < MAX_STEP_BYTES && !all_here {
                return Ok(Event::NeedInput);
            }
            if let Some(event) = self.steps(images, start, all_here)? {
                return Ok(event);
            }
        }
    }

    fn waiting(&self) -> usize {
        usize::from(self.tail.saturating_sub(self.head))
    }

    /// Moves bytes of `chunk` into the buffer.
    fn fill(&mut self, chunk: &mut &[u8]) -> Result<(), DecodeError> {
        if usize::from(self.head) >= MAX_STEP_BYTES || self.head == self.tail {
            // There is room for all that wait: at most half of the buffer, or nothing.
            let head = usize::from(self.head);
            let (free, waiting) = self.buffer.split_at_mut_checked(head).unwrap_or_default();
            for (slot, &mut byte) in free.iter_mut().zip(waiting) {
                *slot = byte;
            }
            self.tail -= self.head;
            self.head = 0;
        }
        let room = self.buffer.get_mut(usize::from(self.tail)..).unwrap_or(&mut []);
        let count = room.len().min(chunk.len());
        let (taken, rest) = chunk.split_at_checked(count).unwrap_or((&[], chunk));
        for (slot, &byte) in room.iter_mut().zip(taken) {
            *slot = byte;
        }
        *chunk = rest;
        let count = u8::try_from(count).unwrap_or(0);
        self.tail += count;
        self.received =
            self.received.checked_add(u32::from(count)).ok_or(DecodeError::TrailingData)?;
        if self.received > self.engine.header.body_len {
            return Err(DecodeError::TrailingData);
        }
        Ok(())
    }

    fn done(&self, all_here: bool) -> Result<Event, DecodeError> {
        if self.waiting() > 0 || self.consumed < self.engine.header.body_len && all_here {
            Err(DecodeError::TrailingData)
        } else if all_here {
            Ok(Event::Done)
        } else {
            Ok(Event::NeedInput)
        }
    }

    /// Steps as far as the bytes go that wait, and says what stopped it if it was not their end.
    fn steps<I: Images>(
        &mut self,
        images: &mut I,
        start: u32,
        all_here: bool,
    ) -> Result<Option<Event>, Error<I::Error>> {
        let waiting =
            self.buffer.get(usize::from(self.head)..usize::from(self.tail)).unwrap_or(&[]);
        let body_len = self.engine.header.body_len;
        let most = body_len.saturating_add(IMPLIED_ZEROS).saturating_sub(self.consumed) as usize;
        let least = if all_here { 0 } else { MAX_STEP_BYTES };
        let mut scratch = SCRATCH;
        let mut side = Decoding(RangeDecoder::new(self.range, waiting));
        let event = loop {
            let step = if self.started {
                self.engine.step(images, &mut side, &mut scratch)?
            } else {
                side.0.start();
                Step::More
            };
            self.started = step != (Step::Mark { reset: true });
            let consumed = side.0.consumed();
            if consumed > most {
                return Err(DecodeError::Overrun.into());
            }
            match step {
                Step::Mark { reset } => break Some(Event::Mark { reset }),
                Step::Done => break None,
                Step::More => {}
            }
            if self.engine.position().wrapping_sub(start) >= YIELD_BYTES {
                break Some(Event::Yield);
            }
            if waiting.len() < consumed + least {
                break None;
            }
        };
        self.range = side.0.state();
        let consumed = side.0.consumed();
        self.head += u8::try_from(consumed.min(waiting.len())).unwrap_or(0);
        self.consumed = self.consumed.saturating_add(u32::try_from(consumed).unwrap_or(u32::MAX));
        Ok(event)
    }
}

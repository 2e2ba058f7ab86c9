//! Re-decode of a stream: the patch is logged behind the target as it arrives.

use embedded_storage::nor_flash::NorFlash;
use patcher_core::Decoder;
use sha2::{Digest as _, Sha256};

use super::earlier::Earlier;
use super::frame::{self, FRAME_BYTES, Frame, PAYLOAD_BYTES};
use super::policy::{Begun, Binding, Place, Resume, Steps};
use crate::ApplyError;
use crate::apply::read::read;
use crate::apply::writer::erase_page;
use patcher_core::crc::Crc32;

/// Re-decode of a stream. The payload is logged in the staging slot's slack, in frames of 64 bytes; after a cut it is decoded
/// from there, finished pages are compared and kept, and at most 60 bytes have to be sent again beside the header.
///
/// # Units and ranges
/// The slack, behind the target and one spare page, must take 64 bytes for each 60 of the payload, and 64 more for every cut
/// (else [`ApplyError::LogTooShort`]). `ERASE_SIZE` is a multiple of 64, or it does not compile.
///
/// **Cost**: an erase a page of log and a program a write unit of it; [`Logged::STATE_BYTES`] of RAM beside those that a
/// patch declares. After a cut the time of one more decode.
///
/// # Power loss
/// A frame counts when its CRC is right, for this header and this place in the payload. A frame that a cut tore stays where it
/// is and is passed over, because its units must not be programmed again.
#[derive(Clone, Debug)]
pub struct Logged {
    earlier: Earlier,
    seed: Crc32,
    /// Offset of the log in the staging slot, and how many frames it has room for.
    start: u32,
    frames: u32,
    /// Frame that is written next.
    next: u32,
    erased_value: u8,
    /// Bytes of the payload; of them, those in frames.
    payload: u32,
    logged: u32,
    /// Bytes to be decoded from the log; of them, those that are. They are in this frame or a later one.
    replay: u32,
    replayed: u32,
    replay_frame: u32,
    /// Bytes that are in no frame yet.
    waiting: [u8; PAYLOAD_BYTES],
    held: u8,
    /// Bytes that the caller may push again.
    ahead: u32,
}

/// Frames in a row that may be torn or skipped: then the log has ended.
const MAX_GAP: u32 = 64;

/// Places that are tried for a frame which flash does not take.
const TRIES: u32 = 3;

impl Default for Logged {
    fn default() -> Self {
        Self::new()
    }
}

impl Logged {
    /// Bytes of RAM beside those that a patch declares.
    pub const STATE_BYTES: usize = size_of::<Self>();

    /// For the next patch, whichever it is.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            earlier: Earlier::new(),
            seed: Crc32::new(),
            start: 0,
            frames: 0,
            next: 0,
            erased_value: 0xFF,
            payload: 0,
            logged: 0,
            replay: 0,
            replayed: 0,
            replay_frame: 0,
            waiting: [0; PAYLOAD_BYTES],
            held: 0,
            ahead: 0,
        }
    }

    fn offset(&self, frame: u32) -> u32 {
        self.start.saturating_add(frame.saturating_mul(word(FRAME_BYTES)))
    }

    /// Finds out how much of the payload is logged, and in which frame.
    fn scan<S: NorFlash>(&mut self, staging: &mut S) {
        let mut payload = [0; PAYLOAD_BYTES];
        let mut last = None;
        let mut index = 0u32;
        while index < self.frames && self.logged < self.payload {
            let gap = index.saturating_sub(last.map_or(0, |last: u32| last.saturating_add(1)));
            if gap > MAX_GAP {
                break;
            }
            if frame::find(staging, self.offset(index), self.seed, self.logged, &mut payload) {
                let left = self.payload.saturating_sub(self.logged);
                self.logged = self.logged.saturating_add(left.min(word(PAYLOAD_BYTES)));
                last = Some(index);
            }
            index = index.saturating_add(1);
        }
        self.next = match last {
            Some(last) => self.after(staging, last),
            None => 0,
        };
    }

    /// The first frame after `last` that no cut can have touched.
    fn after<S: NorFlash>(&self, staging: &mut S, last: u32) -> u32 {
        let mut index = last.saturating_add(1);
        while index < self.frames && !self.begins_page::<S>(index) {
            let mut found: Frame = [0; FRAME_BYTES];
            let blank = read(staging, self.offset(index), &mut found).is_ok()
                && found.iter().all(|&byte| byte == self.erased_value);
            index = index.saturating_add(1);
            if blank {
                // It may be torn all the same, having got no bit: the next one cannot.
                break;
            }
        }
        index
    }

    fn begins_page<S: NorFlash>(&self, frame: u32) -> bool {
        (self.offset(frame) as usize).is_multiple_of(S::ERASE_SIZE)
    }

    /// Writes down what waits. A log that is full takes no more: then more has to be sent again.
    fn write<B, S: NorFlash>(&mut self, staging: &mut S) -> Result<(), ApplyError<B, S::Error>> {
        let held = usize::from(self.held);
        self.waiting.get_mut(held..).unwrap_or_default().fill(0);
        let frame = frame::seal(self.seed, self.logged, &self.waiting);
        let mut tries = TRIES;
        while self.next < self.frames {
            let (index, offset) = (self.next, self.offset(self.next));
            if self.begins_page::<S>(index) {
                erase_page(staging, offset)?;
            }
            self.next = index.saturating_add(1);
            let written = staging.write(offset, &frame);
            let mut found: Frame = [0; FRAME_BYTES];
            let right = read(staging, offset, &mut found).is_ok() && found == frame;
            tries = tries.saturating_sub(1);
            match written {
                Ok(()) if right => {
                    self.logged = self.logged.saturating_add(u32::from(self.held));
                    break;
                }
                Err(error) if tries == 0 => return Err(ApplyError::StagingWrite { offset, error }),
                // Flash that says yes and keeps nothing is asked no more.
                Ok(()) if tries == 0 => self.next = self.frames,
                // A unit that a cut tore without a trace: the next frame is another.
                Ok(()) | Err(_) => {}
            }
        }
        self.held = 0;
        Ok(())
    }
}

impl Binding for Logged {
    fn see(&mut self, header: impl Iterator<Item = u8>) {
        let mut hash = Sha256::new();
        header.for_each(|byte| hash.update([byte]));
        self.seed = frame::seed(&hash.finalize().into());
    }
}

impl<S: NorFlash> Steps<S> for Logged {
    type Past = Earlier;

    fn past(&mut self) -> &mut Earlier {
        &mut self.earlier
    }

    fn begin<B>(
        &mut self,
        staging: &mut S,
        place: Place,
        _: &mut Decoder<'_>,
    ) -> Result<Begun, ApplyError<B, S::Error>> {
        const {
            assert!(S::ERASE_SIZE.is_multiple_of(FRAME_BYTES), "ERASE_SIZE of the staging slot");
        }
        let slot = u32::try_from(staging.capacity()).unwrap_or(u32::MAX);
        let slack = slot.saturating_sub(place.free);
        let frames = place.payload.div_ceil(word(PAYLOAD_BYTES));
        let expected = frames.saturating_mul(word(FRAME_BYTES));
        if slack < expected {
            return Err(ApplyError::LogTooShort { expected, got: slack });
        }
        *self = Self {
            earlier: self.earlier,
            seed: self.seed,
            ahead: self.ahead,
            start: place.free,
            frames: slack.checked_div(word(FRAME_BYTES)).unwrap_or(0),
            erased_value: place.erased_value,
            payload: place.payload,
            ..Self::new()
        };
        self.scan(staging);
        self.replay = self.logged;
        Ok(Begun { payload: self.logged, target: 0 })
    }

    fn ahead(&mut self) -> Option<&mut u32> {
        Some(&mut self.ahead)
    }

    fn replay<'r, B>(
        &mut self,
        staging: &mut S,
        room: &'r mut [u8; PAYLOAD_BYTES],
    ) -> Result<Option<&'r [u8]>, ApplyError<B, S::Error>> {
        if self.replayed >= self.replay {
            return Ok(None);
        }
        let skip = self.replayed.checked_rem(word(PAYLOAD_BYTES)).unwrap_or(0);
        let at = self.replayed.saturating_sub(skip);
        let end = self.replay.saturating_sub(at).min(word(PAYLOAD_BYTES));
        while !frame::find(staging, self.offset(self.replay_frame), self.seed, at, room) {
            self.replay_frame = self.replay_frame.saturating_add(1);
            if self.replay_frame >= self.next {
                // It was there when the log was looked through.
                return Err(ApplyError::Internal);
            }
        }
        Ok(Some(room.get(skip as usize..end as usize).unwrap_or_default()))
    }

    fn replayed(&mut self, count: usize) {
        self.replayed = self.replayed.saturating_add(word(count));
    }

    fn room(&self) -> usize {
        PAYLOAD_BYTES.saturating_sub(self.held.into())
    }

    fn keep<B>(&mut self, staging: &mut S, bytes: &[u8]) -> Result<(), ApplyError<B, S::Error>> {
        let held = usize::from(self.held);
        let room = self.waiting.get_mut(held..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        self.held = self.held.saturating_add(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        let all = self.logged.saturating_add(u32::from(self.held)) >= self.payload;
        if held.saturating_add(bytes.len()) >= PAYLOAD_BYTES || all && self.held > 0 {
            self.write(staging)
        } else {
            Ok(())
        }
    }

    fn discard(&mut self, staging: &mut S) {
        let page_bytes = u32::try_from(S::ERASE_SIZE).unwrap_or(u32::MAX);
        let mut page = self.start;
        let end = self.offset(self.next);
        while self.frames > 0 && page < end {
            // Whoever cannot erase cannot write either: the next run finds out.
            let _ = erase_page::<(), S>(staging, page);
            page = page.saturating_add(page_bytes);
        }
    }
}

impl<S: NorFlash, G> Resume<S, G> for Logged {}

fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

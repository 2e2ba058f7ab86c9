//! What the demo's device and its host say to each other over the serial port.
//!
//! ```text
//! host    Offer        Block        Block        …  Block                  Install           Where
//! device    Update: Download  Ready        Ready        Update: SwapPending   Installed, reset  Update: Idle, result 1
//! ```
//!
//! A message is a postcard value in a COBS frame that ends with a zero byte. What is no such thing is skipped to the next
//! zero: a side that joins in the middle, or lost a byte, is in step again at the next frame. The host waits for the answer
//! to each request, and asks again when it does not come; an answer says where the device is, so asking twice does no harm.
//!
//! **Reference** postcard wire format 1.0; Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999.
#![no_std]
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// Most bytes of a patch in a block.
pub const BLOCK_BYTES: usize = 128;
/// Most bytes of a frame: a block, its offset, and what framing adds.
pub const FRAME_BYTES: usize = BLOCK_BYTES + 16;

/// Bytes of an update's id: the first of the SHA-256 of its target image.
pub const ID_BYTES: usize = 8;
/// Bytes of a device's name.
pub const NAME_BYTES: usize = 16;

/// What the host asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request<'a> {
    /// What runs.
    Status,
    /// An update is offered; delta and full image to the same target are one update.
    Offer {
        /// Its id.
        id: [u8; ID_BYTES],
        /// Whether the full image comes first.
        full: bool,
    },
    /// Bytes of the patch. None of them are taken that would leave a gap; what the device has already is skipped.
    Block {
        /// Where they are in it.
        offset: u32,
        /// The bytes.
        data: &'a [u8],
    },
    /// Where to go on, and how the update is.
    Where,
    /// The update that was verified may be installed.
    Install,
    /// The offer is taken back.
    Cancel,
    /// The device's settings.
    Settings,
    /// Other settings, kept over updates and the way back. For updates they count from the next start on.
    Set(Settings),
    /// An update of a device with one slot is offered: a patch in place, and behind it, if there is one, the patch of the way back.
    OfferInPlace {
        /// Its id.
        id: [u8; ID_BYTES],
        /// Bytes of the patch.
        patch: u32,
        /// Bytes of the reverse patch; 0 for none.
        reverse: u32,
    },
}

impl Request<'_> {
    /// The same, a block without its bytes: what is left when the frame is given up.
    #[must_use]
    pub const fn without_data(self) -> Request<'static> {
        match self {
            Self::Status => Request::Status,
            Self::Offer { id, full } => Request::Offer { id, full },
            Self::Block { offset, .. } => Request::Block { offset, data: &[] },
            Self::Where => Request::Where,
            Self::Install => Request::Install,
            Self::Cancel => Request::Cancel,
            Self::Settings => Request::Settings,
            Self::Set(settings) => Request::Set(settings),
            Self::OfferInPlace { id, patch, reverse } => {
                Request::OfferInPlace { id, patch, reverse }
            }
        }
    }
}

/// What the device answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// What runs.
    Status {
        /// Version of the running image.
        version: u64,
        /// Whether it is in slot B.
        in_b: bool,
        /// Whether it has proved itself. Before that it takes no update.
        confirmed: bool,
    },
    /// The device has the patch up to here: send on from there.
    Ready {
        /// Bytes of the patch.
        offset: u32,
    },
    /// How the update is; also the answer to the block that completes the patch, or that the patch fails with.
    Update(Update),
    /// The target is asked for; the device restarts into it.
    Installed,
    /// Not now: the running image has not proved itself.
    NotConfirmed,
    /// What was asked for does not fit now; nothing changed.
    Declined(Why),
    /// The settings, as they are now.
    Settings(Settings),
}

/// How the update under way is, or the last one was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Its id.
    pub id: [u8; ID_BYTES],
    /// How far it is.
    pub phase: Phase,
    /// Whether the device wants the full image, and no delta any more.
    pub full: bool,
    /// In [`Phase::Download`]: bytes of the patch that the device has. After a restart it has to see the header to know: send
    /// that, and the answer says where to go on.
    pub offset: u32,
    /// In [`Phase::Download`]: bytes of the target made.
    pub target_done: u32,
    /// Bytes of the target, once the header is known.
    pub target_total: u32,
    /// In [`Phase::Waiting`]: seconds until the next attempt.
    pub wait_s: u32,
    /// Attempts so far.
    pub attempts: u8,
    /// *Update Result* of LwM2M object 5, or what the update under way has failed with last; 0 is nothing.
    pub result: u8,
    /// Number of the error that belongs to it: the applier's or a journal's; from 0xFF00 on this application's own.
    pub code: u16,
}

/// How far an update is: the phases of docs/state-machine.md, Download in two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// None is under way.
    #[default]
    Idle,
    /// The device wants the patch.
    Download,
    /// It waits before it tries again.
    Waiting,
    /// The target is verified.
    Verify,
    /// The target is verified, and waits for [`Request::Install`].
    SwapPending,
    /// It is asked for.
    Asked,
    /// It runs on trial.
    Test,
    /// It works, and that is written down.
    Confirm,
    /// It was given up.
    Rollback,
}

/// Why the device does not do what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Another update is under way, or this one: [`Request::Where`] tells which.
    Busy,
    /// This update has used its attempts up.
    Spent,
    /// The swap was asked for.
    TooLate,
    /// It belongs to another phase.
    Unexpected,
    /// The target runs already.
    Runs,
}

/// What an application keeps in the settings page, whatever its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Name of the device, filled with zeros.
    pub name: [u8; NAME_BYTES],
    /// Seconds that an image has to work on trial before it is confirmed.
    pub health_window_s: u16,
    /// Attempts of an update before it is given up; 0 counts as 1.
    pub attempts: u8,
}

impl Default for Settings {
    /// No name, 1 second, 4 attempts: short, for a demo that is watched.
    fn default() -> Self {
        Self { name: [0; NAME_BYTES], health_window_s: 1, attempts: 4 }
    }
}

/// Puts a message into a frame. `None` when `buffer` is too short.
#[must_use]
pub fn encode<'b>(message: &impl Serialize, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    postcard::to_slice_cobs(message, buffer).ok().map(|frame| &*frame)
}

/// The message in a frame, whose bytes are unpacked where they are. `None` when it is none.
#[must_use]
pub fn decode<'b, T: Deserialize<'b>>(frame: &'b mut [u8]) -> Option<T> {
    postcard::from_bytes_cobs(frame).ok()
}

/// Collects bytes into frames.
#[derive(Debug)]
pub struct Frames {
    buffer: [u8; FRAME_BYTES],
    len: usize,
    /// Something was lost: skip to the next zero.
    broken: bool,
}

impl Default for Frames {
    fn default() -> Self {
        Self { buffer: [0; FRAME_BYTES], len: 0, broken: false }
    }
}

impl Frames {
    /// Takes a byte; the frame that it ends, if it is whole.
    pub fn push(&mut self, byte: u8) -> Option<&mut [u8]> {
        match self.buffer.get_mut(self.len) {
            Some(place) => *place = byte,
            None => self.broken = true,
        }
        self.len = self.len.saturating_add(1);
        if byte != 0 {
            return None;
        }
        let len = core::mem::take(&mut self.len);
        let broken = core::mem::take(&mut self.broken);
        if broken { None } else { self.buffer.get_mut(..len) }
    }

    /// Bytes were lost on the way: the frame at hand is none.
    pub fn lost(&mut self) {
        self.broken = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_their_frames() {
        let data = [0u8; BLOCK_BYTES];
        for request in [
            Request::Status,
            Request::Offer { id: [0xFF; ID_BYTES], full: true },
            Request::Set(Settings {
                attempts: 255,
                health_window_s: u16::MAX,
                ..Settings::default()
            }),
            Request::Block { offset: u32::MAX, data: &data },
            Request::Block { offset: 0, data: &[] },
            Request::OfferInPlace { id: [1; ID_BYTES], patch: u32::MAX, reverse: 0 },
        ] {
            let mut buffer = [0; FRAME_BYTES];
            let len = encode(&request, &mut buffer).unwrap().len();
            let mut frames = Frames::default();
            for (at, &byte) in buffer[..len].iter().enumerate() {
                let frame = frames.push(byte);
                assert_eq!(frame.is_some(), at == len - 1);
                if let Some(frame) = frame {
                    assert_eq!(decode(frame), Some(request));
                }
            }
        }
    }

    #[test]
    fn the_longest_answer_fits_a_frame() {
        let update = Update {
            id: [0xFF; ID_BYTES],
            phase: Phase::Rollback,
            full: true,
            offset: u32::MAX,
            target_done: u32::MAX,
            target_total: u32::MAX,
            wait_s: u32::MAX,
            attempts: u8::MAX,
            result: u8::MAX,
            code: u16::MAX,
        };
        let mut buffer = [0; FRAME_BYTES];
        let len = encode(&Reply::Update(update), &mut buffer).unwrap().len();
        assert_eq!(decode(&mut buffer[..len]), Some(Reply::Update(update)));
    }

    #[test]
    fn what_is_lost_costs_a_frame_and_not_the_next() {
        let mut frame = [0; FRAME_BYTES];
        let request = Request::Offer { id: *b"an image", full: false };
        let frame = encode(&request, &mut frame).unwrap();
        // A byte missing, a byte too many, an endless frame, a loss that the port noticed.
        for damage in 0..4 {
            let mut frames = Frames::default();
            let mut bytes = frame.iter().copied().skip(usize::from(damage == 0));
            let noise: &[u8] = if damage == 1 { &[9] } else { &[] };
            if damage == 2 {
                (0..500).for_each(|_| assert!(frames.push(1).is_none()));
            }
            if damage == 3 {
                frames.push(bytes.next().unwrap());
                frames.lost();
            }
            for byte in noise.iter().copied().chain(bytes) {
                let message = frames.push(byte).and_then(decode::<Request<'_>>);
                assert_eq!(message, None, "{damage}");
            }
            let mut next = None;
            for &byte in frame {
                if let Some(frame) = frames.push(byte) {
                    next = Some(decode(frame) == Some(request));
                }
            }
            assert_eq!(next, Some(true), "{damage}");
        }
    }
}

//! What the demo's device and its host say to each other over the serial port.
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

/// What the host asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request<'a> {
    /// What runs, and how far it is.
    Status,
    /// A patch of `len` bytes follows.
    Begin {
        /// Its bytes.
        len: u32,
    },
    /// Bytes of the patch.
    Block {
        /// Where they are in it.
        offset: u32,
        /// The bytes.
        data: &'a [u8],
    },
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
    /// The target is in its slot, whole; the device restarts into it.
    Installed,
    /// Not now: the running image has not proved itself.
    NotConfirmed,
    /// The patch was refused; the slot it went to has no image.
    Refused {
        /// The number of the applier's error; from 0xFF00 on: no image, no boot metadata, no host.
        code: u16,
    },
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
            Request::Begin { len: u32::MAX },
            Request::Block { offset: u32::MAX, data: &data },
            Request::Block { offset: 0, data: &[] },
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
    fn what_is_lost_costs_a_frame_and_not_the_next() {
        let mut frame = [0; FRAME_BYTES];
        let frame = encode(&Request::Begin { len: 7 }, &mut frame).unwrap();
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
                    next = Some(decode(frame) == Some(Request::Begin { len: 7 }));
                }
            }
            assert_eq!(next, Some(true), "{damage}");
        }
    }
}

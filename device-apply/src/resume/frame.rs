//! One piece of a logged patch.
//!
//! ```text
//! offset  size
//!  0      60    payload, the last filled up with zeros
//! 60       4    CRC-32 of: SHA-256 of the header, offset in the payload (4), the 60 bytes
//! ```

use embedded_storage::nor_flash::ReadNorFlash;

use crate::apply::read::read;
use patcher_core::crc::Crc32;

/// Bytes of a frame in flash: whole write units of every part, at a cost of 4 in 64.
pub(crate) const FRAME_BYTES: usize = 64;

/// Payload bytes of a frame: the most that a cut can take from a log.
pub const PAYLOAD_BYTES: usize = 60;

pub(crate) type Frame = [u8; FRAME_BYTES];

/// CRC of a header's digest, from which those of its frames go on.
pub(crate) fn seed(header_digest: &[u8; 32]) -> Crc32 {
    let mut crc = Crc32::new();
    crc.update(header_digest);
    crc
}

/// The frame of payload bytes from `at` on.
pub(crate) fn seal(seed: Crc32, at: u32, payload: &[u8; PAYLOAD_BYTES]) -> Frame {
    let mut frame = [0; FRAME_BYTES];
    let check = check(seed, at, payload);
    for (slot, &byte) in frame.iter_mut().zip(payload.iter().chain(&check)) {
        *slot = byte;
    }
    frame
}

/// Whether flash holds, at `offset`, the frame of payload bytes from `at` on; its payload is in `payload` then.
///
/// What does not read is no frame.
pub(crate) fn find<F: ReadNorFlash>(
    flash: &mut F,
    offset: u32,
    seed: Crc32,
    at: u32,
    payload: &mut [u8; PAYLOAD_BYTES],
) -> bool {
    let mut frame = [0; FRAME_BYTES];
    if read(flash, offset, &mut frame).is_err() {
        return false;
    }
    let Some((bytes, found)) = frame.split_first_chunk() else { return false };
    *payload = *bytes;
    *found == check(seed, at, payload)
}

fn check(mut crc: Crc32, at: u32, payload: &[u8; PAYLOAD_BYTES]) -> [u8; 4] {
    crc.update(&at.to_le_bytes());
    crc.update(payload);
    crc.value().to_le_bytes()
}

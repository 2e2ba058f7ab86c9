//! Digests that the target holds of itself, reckoned when their turn comes.

use patcher_core::container::self_digest::{Kind, MAX_BYTES, SelfDigest, SelfDigests};
use patcher_core::crc::Crc32;
use sha2::{Digest, Sha256};

/// Bytes read at once, on the stack.
const READ_BYTES: usize = 128;

/// Puts digests of the target in the place of what the decoder gives there.
///
/// One is reckoned from the target as it is read back when its first byte is due, and kept until all of them are written. After a
/// power cut that is done again: nothing of it has to be kept in flash.
#[derive(Debug, Default)]
pub(crate) struct Filler {
    value: [u8; MAX_BYTES],
    /// Target offset behind the digest that `value` is; 0 of none.
    end: u32,
}

impl Filler {
    /// How many of the `len` bytes that the decoder gives for target offset `position` on come next, and what belongs in their
    /// place if that is a digest. `read` fills its second argument with the target from an offset on.
    ///
    /// **Cost**: once a digest, reads all that it covers: 75 cycles a byte on a Cortex-M4 for a SHA-256.
    pub(crate) fn next<E>(
        &mut self,
        digests: &SelfDigests,
        position: u32,
        len: usize,
        read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<(usize, Option<&[u8]>), E> {
        let (count, digest) = digests.piece(position, len);
        let Some((digest, from)) = digest else { return Ok((count, None)) };
        if self.end != digest.end() {
            self.value = reckon(&digest, read)?;
            self.end = digest.end();
        }
        let value = self.value.get(from..).and_then(|value| value.get(..count));
        Ok((count, value))
    }
}

/// The digest, padded with zeros.
fn reckon<E>(
    digest: &SelfDigest,
    mut read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
) -> Result<[u8; MAX_BYTES], E> {
    let mut sha = Sha256::new();
    let mut crc = Crc32::new();
    let mut room = [0; READ_BYTES];
    let mut done = 0u32;
    while done < digest.covered {
        let left = digest.covered.saturating_sub(done) as usize;
        let bytes = room.get_mut(..left.min(READ_BYTES)).unwrap_or_default();
        read(done, bytes)?;
        match digest.kind {
            Kind::Sha256 => sha.update(&*bytes),
            Kind::Crc32 | Kind::Crc32Big => crc.update(bytes),
        }
        done = done.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }
    let short = match digest.kind {
        Kind::Sha256 => return Ok(sha.finalize().into()),
        Kind::Crc32 => crc.value().to_le_bytes(),
        Kind::Crc32Big => crc.value().to_be_bytes(),
    };
    let mut value = [0; MAX_BYTES];
    for (slot, byte) in value.iter_mut().zip(short) {
        *slot = byte;
    }
    Ok(value)
}

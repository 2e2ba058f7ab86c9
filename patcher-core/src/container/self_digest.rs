//! Digests that the target image holds of itself: a patch does not bring them, whoever applies it reckons them.
//!
//! ```text
//! self digests  0x84   one or two, each:
//!   distance  v        from its first byte to the end of the target
//!   form      v        bits 0-1 kind, the others: bytes between what it covers and its first byte
//! ```
//!
//! An image may end in the SHA-256 of all before it (ESP-IDF), in a SHA-256 and a CRC-32 (Particle), or have one of them further
//! on (MCUboot): bytes that nothing predicts. The decoder gives others in their place; [`SelfDigests::piece`] says where. **Who
//! implements [`Images`](crate::Images) puts the digest there**, or the target's own digest will be wrong.
//!
//! **Reference**: docs/format.md §2.3.

use super::reader::Reader;
#[cfg(feature = "encode")]
use crate::crc::Crc32;
use crate::error::HeaderError;

/// Type of the extension.
pub(crate) const SELF_DIGESTS: u8 = 0x84;
/// Most that a target may have: none for who cannot reckon them.
pub const MAX_SELF_DIGESTS: usize = if cfg!(feature = "self-digests") { 2 } else { 0 };
/// Bytes of the longest.
pub const MAX_BYTES: usize = 32;

const KIND_BITS: u32 = 2;

/// How the bytes are reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SHA-256, 32 bytes.
    Sha256,
    /// [CRC-32/ISO-HDLC](crate::crc::Crc32), low byte first.
    Crc32,
    /// The same, high byte first.
    Crc32Big,
}

impl Kind {
    /// The kinds by their numbers.
    const ALL: [Self; 3] = [Self::Sha256, Self::Crc32, Self::Crc32Big];

    /// Bytes of such a digest.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Sha256 => 32,
            Self::Crc32 | Self::Crc32Big => 4,
        }
    }
}

/// A digest of the first [`covered`](Self::covered) bytes of the target, at [`at`](Self::at).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfDigest {
    /// How it is reckoned.
    pub kind: Kind,
    /// Target offset of its first byte.
    pub at: u32,
    /// Target bytes that it is of, at most `at`.
    pub covered: u32,
}

impl SelfDigest {
    /// Target offset behind its last byte.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.at.saturating_add(self.kind.bytes())
    }

    /// Its bytes, of which `target` has all that it covers. `sha256` gives the SHA-256.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn reckon(&self, target: &[u8], sha256: impl Fn(&[u8]) -> [u8; MAX_BYTES]) -> Vec<u8> {
        let covered = target.get(..self.covered as usize).unwrap_or(target);
        let crc = || {
            let mut crc = Crc32::new();
            crc.update(covered);
            crc.value()
        };
        match self.kind {
            Kind::Sha256 => sha256(covered).to_vec(),
            Kind::Crc32 => crc().to_le_bytes().to_vec(),
            Kind::Crc32Big => crc().to_be_bytes().to_vec(),
        }
    }

    /// Reads one that begins at `previous`, where the digest before it ended, or later.
    fn read(reader: &mut Reader<'_>, target_len: u32, previous: u32) -> Option<Self> {
        let distance = reader.varint()?;
        let form = reader.varint()?;
        let kind = Kind::ALL.get((form & ((1 << KIND_BITS) - 1)) as usize).copied();
        let found = kind.filter(|kind| distance >= kind.bytes()).and_then(|kind| {
            let at = target_len.checked_sub(distance)?;
            Some(Self { kind, at, covered: at.checked_sub(form >> KIND_BITS)? })
        });
        match found {
            Some(digest) if digest.at >= previous => Some(digest),
            _ => reader.fail(HeaderError::Reserved),
        }
    }
}

/// Digests of one target by rising offset; they do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SelfDigests([Option<SelfDigest>; MAX_SELF_DIGESTS]);

impl SelfDigests {
    /// These; `None` if they are too many, or not as the type says.
    #[must_use]
    pub fn new(digests: &[SelfDigest]) -> Option<Self> {
        let mut list = Self::default();
        let mut previous = 0;
        for digest in digests {
            if digest.at < previous || digest.covered > digest.at {
                return None;
            }
            previous = digest.at.checked_add(digest.kind.bytes())?;
            list.push(*digest)?;
        }
        Some(list)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Each of them, by rising offset.
    pub fn iter(&self) -> impl Iterator<Item = &SelfDigest> {
        self.0.iter().flatten()
    }

    /// How many of the `len` target bytes from `position` on come from one source, at least one unless `len` is 0: from the
    /// decoder, or from a digest, and from which of its bytes on.
    #[must_use]
    pub fn piece(&self, position: u32, len: usize) -> (usize, Option<(SelfDigest, usize)>) {
        let up_to = |offset: u32| len.min(offset.saturating_sub(position) as usize);
        for digest in self.iter() {
            if position < digest.at {
                return (up_to(digest.at), None);
            }
            if position < digest.end() {
                let from = position.saturating_sub(digest.at) as usize;
                return (up_to(digest.end()), Some((*digest, from)));
            }
        }
        (len, None)
    }

    /// Appends the `bytes` that a decoder gives to `target`, which holds all before them, with digests in their places. `sha256` gives the
    /// SHA-256.
    #[cfg(feature = "encode")]
    pub fn extend(
        &self,
        target: &mut Vec<u8>,
        mut bytes: &[u8],
        sha256: impl Fn(&[u8]) -> [u8; MAX_BYTES],
    ) {
        while !bytes.is_empty() {
            let position = u32::try_from(target.len()).unwrap_or(u32::MAX);
            let (count, digest) = self.piece(position, bytes.len());
            let (given, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
            match digest {
                Some((digest, from)) => {
                    let value = digest.reckon(target, &sha256);
                    target.extend(value.iter().skip(from).take(count));
                }
                None => target.extend(given),
            }
            bytes = later;
        }
    }

    /// Reads the value of the extension, of `len` bytes.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>, len: u8, target_len: u32) -> Option<()> {
        let end = reader.taken().saturating_add(len.into());
        reader.check(self.is_empty() && len > 0, HeaderError::Reserved)?;
        let mut previous = 0;
        while reader.taken() < end {
            let digest = SelfDigest::read(reader, target_len, previous)?;
            previous = digest.end();
            let there_is_room = self.push(digest).is_some();
            reader.check(there_is_room, HeaderError::Reserved)?;
        }
        reader.check(reader.taken() == end, HeaderError::Reserved)
    }

    fn push(&mut self, digest: SelfDigest) -> Option<()> {
        *self.0.iter_mut().find(|slot| slot.is_none())? = Some(digest);
        Some(())
    }

    /// The value of the extension, for a target of `target_len` bytes.
    #[cfg(feature = "encode")]
    #[must_use]
    pub(super) fn written(&self, target_len: u32) -> Vec<u8> {
        let mut value = Vec::new();
        for digest in self.iter() {
            let kind = Kind::ALL.iter().position(|&kind| kind == digest.kind);
            let kind = kind.and_then(|kind| u32::try_from(kind).ok()).unwrap_or(0);
            super::varint::write(&mut value, target_len.wrapping_sub(digest.at));
            let between = digest.at.wrapping_sub(digest.covered);
            super::varint::write(&mut value, between << KIND_BITS | kind);
        }
        value
    }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;

    const SHA: SelfDigest = SelfDigest { kind: Kind::Sha256, at: 62, covered: 60 };
    const CRC: SelfDigest = SelfDigest { kind: Kind::Crc32Big, at: 96, covered: 96 };

    fn read(value: &[u8], target_len: u32) -> Result<SelfDigests, HeaderError> {
        let mut bytes = value.iter().copied();
        let mut reader = Reader::new(&mut bytes);
        let mut digests = SelfDigests::default();
        let len = u8::try_from(value.len()).unwrap_or(0);
        digests.read(&mut reader, len, target_len).map(|()| digests).ok_or(reader.error())
    }

    #[test]
    fn a_target_is_cut_at_its_digests() {
        let digests = SelfDigests::new(&[SHA, CRC]).unwrap_or_default();
        assert_eq!(digests.piece(0, 39), (39, None));
        assert_eq!(digests.piece(60, 39), (2, None));
        assert_eq!(digests.piece(62, 39), (32, Some((SHA, 0))));
        assert_eq!(digests.piece(70, 3), (3, Some((SHA, 8))));
        assert_eq!(digests.piece(94, 39), (2, None));
        assert_eq!(digests.piece(97, 39), (3, Some((CRC, 1))));
        assert_eq!(digests.piece(100, 39), (39, None));
        assert_eq!(digests.piece(62, 0), (0, Some((SHA, 0))));
        assert_eq!(SelfDigests::default().piece(5, 7), (7, None));
    }

    #[test]
    fn only_digests_in_their_order_are_taken() {
        assert_eq!(SelfDigests::new(&[CRC, SHA]), None);
        assert_eq!(SelfDigests::new(&[SHA, SelfDigest { at: 93, covered: 1, ..CRC }]), None);
        assert_eq!(SelfDigests::new(&[SelfDigest { covered: 63, ..SHA }]), None);
        assert_eq!(SelfDigests::new(&[SHA, CRC, SelfDigest { at: 200, ..CRC }]), None);
        assert_eq!(SelfDigests::new(&[SelfDigest { at: u32::MAX, ..CRC }]), None);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let digests = SelfDigests::new(&[SHA, CRC]).unwrap_or_default();
        assert_eq!(digests.written(100), [38, 2 << 2, 4, 2]);
        assert_eq!(read(&[38, 2 << 2, 4, 2], 100), Ok(digests));
        let refused = Err(HeaderError::Reserved);
        assert_eq!(read(&[], 100), refused, "none");
        assert_eq!(read(&[38, 3], 100), refused, "a kind that there is not");
        assert_eq!(read(&[31, 0], 100), refused, "past the end");
        assert_eq!(read(&[101, 0], 100), refused, "before the start");
        assert_eq!(read(&[38, 0xFC, 1], 100), refused, "of less than nothing");
        assert_eq!(read(&[4, 2, 38, 0], 100), refused, "in the wrong order");
        assert_eq!(read(&[38, 0, 7, 1], 100), refused, "overlapping");
        assert_eq!(read(&[60, 1, 50, 1, 40, 1], 100), refused, "too many");
        assert_eq!(read(&[38], 100), Err(HeaderError::Incomplete));
    }
}

//! The index of a bundle: patches from several bases to one target in one file, of which a device chooses its own.
//!
//! ```text
//! bundle = index patch patch ...       patches in the order of the entries, without gaps
//! index  = 0xF0, flags, bytes of the index (u16), target length (u32), target digest (8),
//!          count (1), entries (14 each), [ key id (4), security counter (u32), hardware id (1 + n), certificate (1 + n), signature (64) ]
//! entry  = kind (1), memory (1), patch length (u32), base length (u32), base digest (4)
//! ```
//!
//! A device fetches the index, chooses, and fetches the bytes of one patch. The signature covers [`BUNDLE_DOMAIN`] and the index before
//! it; each patch has its own besides.
//!
//! **Reference**: docs/format.md §16.

use super::header::{BASE_DIGEST_BYTES, Kind, TARGET_DIGEST_BYTES};
use super::trust::{Certificate, KEY_ID_BYTES, MAX_HARDWARE_ID_BYTES, SIGNATURE_BYTES, Trust};
use crate::error::HeaderError;
use crate::model::MEMORY_UNIT;

/// First byte of an index: not that of any patch, whose kind would be 7.
pub const FIRST_BYTE: u8 = 0xF0;
/// Bytes that tell how long an index is.
pub const FRONT_BYTES: usize = 4;
/// Longest index.
pub const MAX_INDEX_BYTES: usize = 1024;
/// What is signed of an index begins with this.
pub const BUNDLE_DOMAIN: &[u8] = b"patcher bundle\n";

/// Bytes of an entry.
const ENTRY_BYTES: usize = 10 + BASE_DIGEST_BYTES;
/// Set in the flags of a signed index.
const SIGNED: u8 = 1;

/// A patch of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Whether it needs a base.
    pub kind: Kind,
    /// Memory that applying takes, in units of [`MEMORY_UNIT`] bytes.
    pub memory: u8,
    /// Bytes of the base; 0 for a full image.
    pub base_len: u32,
    /// First bytes of the base's SHA-256; zero for a full image.
    pub base_digest: [u8; BASE_DIGEST_BYTES],
    /// Where the patch begins in the bundle.
    pub offset: u32,
    /// Bytes of the patch.
    pub len: u32,
}

/// What a device says of itself to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running<'a> {
    /// Bytes of the image that runs.
    pub len: u32,
    /// Its SHA-256.
    pub digest: &'a [u8; 32],
    /// Memory for applying, in bytes.
    pub ram_bytes: usize,
}

/// An index, its shape checked; who signed it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index<'a> {
    /// Bytes of the index: where the first patch begins.
    pub len: u32,
    /// Bytes of the target that all patches make.
    pub target_len: u32,
    /// First bytes of its SHA-256.
    pub target_digest: [u8; TARGET_DIGEST_BYTES],
    /// What it is signed with, if it is; the body digest in there is zero.
    pub trust: Option<Trust<'a>>,
    entries: &'a [u8],
}

impl<'a> Index<'a> {
    /// Bytes of the index that begins with `front`.
    ///
    /// # Errors
    /// [`HeaderError::NotAPatch`] for what is no bundle, [`HeaderError::Version`], [`HeaderError::TooLong`].
    pub fn announced(front: [u8; FRONT_BYTES]) -> Result<usize, HeaderError> {
        let [first, _, low, high] = front;
        if first & 0xF0 != FIRST_BYTE & 0xF0 {
            return Err(HeaderError::NotAPatch { got: first });
        }
        if first & 0x0F != 0 {
            return Err(HeaderError::Version { got: first & 0x0F });
        }
        let len = usize::from(u16::from_le_bytes([low, high]));
        if len > MAX_INDEX_BYTES { Err(HeaderError::TooLong) } else { Ok(len) }
    }

    /// Reads the index at the start of `bytes`, what follows it is not looked at.
    ///
    /// # Errors
    /// [`HeaderError::Incomplete`] when `bytes` ends too soon; as [`announced`](Self::announced); [`HeaderError::Reserved`],
    /// [`HeaderError::Trust`] for a signed one that is malformed.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        let front = bytes.first_chunk().ok_or(HeaderError::Incomplete)?;
        let len = Self::announced(*front)?;
        let whole = bytes.get(..len).ok_or(HeaderError::Incomplete)?;
        let mut rest = Rest(whole.get(FRONT_BYTES..).ok_or(HeaderError::Reserved)?);
        let [_, flags, ..] = *front;
        let target_len = rest.word()?;
        let target_digest = rest.take()?;
        let [count] = rest.take()?;
        let entries = rest.split(usize::from(count) * ENTRY_BYTES)?;
        let Ok(len) = u32::try_from(len) else { return Err(HeaderError::TooLong) };
        let mut index = Self { len, target_len, target_digest, trust: None, entries };
        let legal = index.entries().count() == usize::from(count);
        if flags > SIGNED || count == 0 || !legal {
            return Err(HeaderError::Reserved);
        }
        if flags == SIGNED {
            index.trust = Some(rest.trust(whole).ok_or(HeaderError::Trust)?);
        }
        if !rest.0.is_empty() {
            return Err(HeaderError::Reserved);
        }
        Ok(index)
    }

    /// The entries in order, up to the first that is malformed; [`parse`](Self::parse) lets none pass.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + 'a {
        let mut offset = self.len;
        self.entries.chunks_exact(ENTRY_BYTES).map_while(move |bytes| {
            let mut rest = Rest(bytes);
            let [kind, memory] = rest.take().ok()?;
            let (len, base_len) = (rest.word().ok()?, rest.word().ok()?);
            let base_digest = rest.take().ok()?;
            let kind = match kind {
                0 if base_len == 0 && base_digest == [0; BASE_DIGEST_BYTES] => Kind::Full,
                1 => Kind::Delta,
                _ => return None,
            };
            let entry = Entry { kind, memory, base_len, base_digest, offset, len };
            offset = offset.checked_add(len)?;
            Some(entry)
        })
    }

    /// The patch for a device: the first that needs no more memory and no other base than it has.
    #[must_use]
    pub fn choose(&self, running: &Running<'_>) -> Option<Entry> {
        self.entries().find(|entry| entry.fits(running))
    }
}

impl Entry {
    fn fits(&self, running: &Running<'_>) -> bool {
        let memory = usize::from(self.memory) * MEMORY_UNIT;
        let based = self.kind == Kind::Full
            || self.base_len == running.len && running.digest.starts_with(&self.base_digest);
        based && memory <= running.ram_bytes
    }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let (now, later) = self.0.split_first_chunk().ok_or(HeaderError::Reserved)?;
        self.0 = later;
        Ok(*now)
    }

    fn word(&mut self) -> Result<u32, HeaderError> {
        self.take().map(u32::from_le_bytes)
    }

    fn split(&mut self, len: usize) -> Result<&'a [u8], HeaderError> {
        let (now, later) = self.0.split_at_checked(len).ok_or(HeaderError::Reserved)?;
        self.0 = later;
        Ok(now)
    }

    /// A length in one byte, then as many bytes.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let [len] = self.take().ok()?;
        self.split(len.into()).ok()
    }

    fn trust(&mut self, whole: &'a [u8]) -> Option<Trust<'a>> {
        let key_id: [u8; KEY_ID_BYTES] = self.take().ok()?;
        let security_counter = self.word().ok()?;
        let hardware_id = self.counted()?;
        let certificate = match self.counted()? {
            [] => None,
            value => Some(Certificate::parse(value)?),
        };
        let (message, signature) = whole.split_last_chunk::<SIGNATURE_BYTES>()?;
        self.split(SIGNATURE_BYTES).ok()?;
        (hardware_id.len() <= MAX_HARDWARE_ID_BYTES).then_some(Trust {
            key_id,
            body_digest: Default::default(),
            security_counter,
            hardware_id,
            certificate,
            message,
            signature,
        })
    }
}

/// What an index is signed for.
#[cfg(feature = "encode")]
#[derive(Debug, Clone, Copy)]
pub struct Sealing<'a> {
    /// The key that devices must hold.
    pub key_id: [u8; KEY_ID_BYTES],
    /// The target's security counter.
    pub security_counter: u32,
    /// At most [`MAX_HARDWARE_ID_BYTES`].
    pub hardware_id: &'a [u8],
    /// Value of a certificate, or nothing.
    pub certificate: &'a [u8],
}

/// Writes an index; with `sealing` without its signature, which must follow. `None` when it would be longer than [`MAX_INDEX_BYTES`].
///
/// Offsets of entries are not looked at: they follow from the lengths.
#[cfg(feature = "encode")]
#[must_use]
pub fn write(
    target_len: u32,
    target_digest: [u8; TARGET_DIGEST_BYTES],
    entries: &[Entry],
    sealing: Option<&Sealing<'_>>,
) -> Option<Vec<u8>> {
    let mut out = vec![FIRST_BYTE, if sealing.is_some() { SIGNED } else { 0 }, 0, 0];
    out.extend(target_len.to_le_bytes());
    out.extend(target_digest);
    out.push(u8::try_from(entries.len()).ok()?);
    for entry in entries {
        let Entry { kind, memory, base_len, base_digest, offset: _, len } = entry;
        out.extend([u8::from(*kind == Kind::Delta), *memory]);
        out.extend(len.to_le_bytes());
        out.extend(base_len.to_le_bytes());
        out.extend(base_digest);
    }
    let mut signature = 0;
    if let Some(sealing) = sealing {
        out.extend(sealing.key_id);
        out.extend(sealing.security_counter.to_le_bytes());
        for part in [sealing.hardware_id, sealing.certificate] {
            out.push(u8::try_from(part.len()).ok()?);
            out.extend(part);
        }
        signature = SIGNATURE_BYTES;
    }
    let len = out.len() + signature;
    let [low, high] = u16::try_from(len).ok().filter(|_| len <= MAX_INDEX_BYTES)?.to_le_bytes();
    for (slot, byte) in out.iter_mut().skip(2).zip([low, high]) {
        *slot = byte;
    }
    Some(out)
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;

    const DIGEST: [u8; 32] = [7; 32];

    fn entry(kind: Kind, memory: u8, base: u8, len: u32) -> Entry {
        let (base_len, base_digest) = match kind {
            Kind::Full => (0, [0; BASE_DIGEST_BYTES]),
            Kind::Delta => (100, [base; BASE_DIGEST_BYTES]),
        };
        Entry { kind, memory, base_len, base_digest, offset: 0, len }
    }

    fn entries() -> [Entry; 4] {
        [
            entry(Kind::Delta, 64, 7, 10),
            entry(Kind::Delta, 64, 8, 11),
            entry(Kind::Delta, 16, 7, 12),
            entry(Kind::Full, 32, 0, 500),
        ]
    }

    fn unsigned() -> Vec<u8> {
        write(900, [3; TARGET_DIGEST_BYTES], &entries(), None).unwrap_or_default()
    }

    #[test]
    fn a_device_gets_the_first_that_fits() {
        let bytes = unsigned();
        let index = Index::parse(&bytes).unwrap();
        let choose = |len, first, kib: usize| {
            let mut digest = DIGEST;
            digest[0] = first;
            let running = Running { len, digest: &digest, ram_bytes: kib * 1024 };
            index.choose(&running).map(|entry| (entry.offset, entry.len))
        };
        let start = index.len;
        assert_eq!(start as usize, bytes.len());
        assert_eq!(choose(100, 7, 16), Some((start, 10)));
        assert_eq!(choose(100, 7, 4), Some((start + 21, 12)), "less memory");
        assert_eq!(choose(101, 7, 16), Some((start + 33, 500)), "another length");
        assert_eq!(choose(100, 9, 16), Some((start + 33, 500)), "another base");
        assert_eq!(choose(100, 9, 7), None, "not even the full image");
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_told() {
        let bytes = unsigned();
        for len in 0..bytes.len() {
            assert_eq!(Index::parse(&bytes[..len]), Err(HeaderError::Incomplete), "{len}");
        }
        let mut more = bytes.clone();
        more.extend([1, 2, 3]);
        assert_eq!(Index::parse(&more), Index::parse(&bytes), "patches follow");
        more[2] += 1;
        assert_eq!(Index::parse(&more), Err(HeaderError::Reserved));
        more[3] = 0xFF;
        assert_eq!(Index::parse(&more), Err(HeaderError::TooLong));
        assert!(
            write(1, [0; TARGET_DIGEST_BYTES], &[entries()[0]; 72], None).is_none(),
            "1,025 bytes"
        );
        assert!(write(1, [0; TARGET_DIGEST_BYTES], &[entries()[0]; 71], None).is_some());
    }

    #[test]
    fn every_reserved_value_is_refused() {
        let bytes = unsigned();
        let changed = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            Index::parse(&bytes).unwrap_err()
        };
        assert_eq!(changed(0, 0x90), HeaderError::NotAPatch { got: 0x90 });
        assert_eq!(changed(0, 0xF1), HeaderError::Version { got: 1 });
        assert_eq!(changed(1, 2), HeaderError::Reserved);
        assert_eq!(changed(1, 1), HeaderError::Trust);
        assert_eq!(changed(16, 0), HeaderError::Reserved);
        assert_eq!(changed(16, 3), HeaderError::Reserved);
        assert_eq!(changed(17, 2), HeaderError::Reserved, "kind");
        assert_eq!(changed(17 + 3 * 14 + 6, 1), HeaderError::Reserved, "base of a full image");
        assert_eq!(changed(17 + 3 * 14 + 10, 1), HeaderError::Reserved, "base of a full image");
    }

    #[test]
    fn patches_do_not_reach_past_four_gibibytes() {
        let large = [entry(Kind::Full, 1, 0, u32::MAX - 45), entry(Kind::Full, 1, 0, 1)];
        let bytes = write(1, [0; TARGET_DIGEST_BYTES], &large, None).unwrap();
        assert_eq!(bytes.len(), 45);
        assert_eq!(Index::parse(&bytes), Err(HeaderError::Reserved));
    }

    #[test]
    fn a_signed_index_gives_back_what_it_was_signed_for() {
        let sealing = Sealing {
            key_id: [1, 2, 3, 4],
            security_counter: 300,
            hardware_id: b"meter-2",
            certificate: &[],
        };
        let message = write(900, [3; TARGET_DIGEST_BYTES], &entries(), Some(&sealing)).unwrap();
        let bytes = [&message[..], &[9; 64]].concat();
        let trust = Index::parse(&bytes).unwrap().trust.unwrap();
        assert_eq!((trust.key_id, trust.security_counter), ([1, 2, 3, 4], 300));
        assert_eq!((trust.hardware_id, trust.message), (&b"meter-2"[..], &message[..]));
        assert_eq!((trust.signature, trust.certificate), (&[9; 64], None));
        let mut long = bytes.clone();
        long[17 + 4 * 14 + 8] = 200;
        assert_eq!(Index::parse(&long), Err(HeaderError::Trust));
    }
}

//! Indexes of bundles (§16).

use crate::Reject;

/// An entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is a full image.
    pub full: bool,
    /// Memory in units of 256 bytes.
    pub memory: u8,
    /// Bytes of the base.
    pub base_len: u32,
    /// First bytes of its SHA-256.
    pub base_digest: Vec<u8>,
    /// Where the patch begins.
    pub offset: u64,
    /// Bytes of the patch.
    pub len: u32,
}

/// What an index says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Bytes of the index.
    pub len: usize,
    /// Bytes of the target.
    pub target_len: u32,
    /// First bytes of its SHA-256.
    pub target_digest: Vec<u8>,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Of a signed index: key id, security counter, hardware id, and where the signature begins.
    pub signed: Option<(Vec<u8>, u32, Vec<u8>, usize)>,
}

/// Reads the index at the start of `bytes`.
///
/// # Errors
/// The reject of the first broken rule.
pub fn read(bytes: &[u8]) -> Result<Index, Reject> {
    let front = bytes.get(..4).ok_or(Reject::Incomplete)?;
    if front[0] >> 4 != 15 {
        return Err(Reject::NotAPatch);
    }
    if front[0] % 16 != 0 {
        return Err(Reject::Version);
    }
    let len = usize::from(front[2]) + 256 * usize::from(front[3]);
    if len > 1024 {
        return Err(Reject::TooLong);
    }
    let bytes = bytes.get(..len).ok_or(Reject::Incomplete)?;
    if front[1] > 1 || len < 17 {
        return Err(Reject::Reserved);
    }
    let word =
        |at: usize| -> u32 { (0..4).rev().fold(0, |word, i| word << 8 | u32::from(bytes[at + i])) };
    let count = usize::from(bytes[16]);
    let mut at = 17;
    let mut offset = len as u64;
    let mut entries = Vec::new();
    for _ in 0..count {
        if at + 14 > len {
            return Err(Reject::Reserved);
        }
        let entry = Entry {
            full: bytes[at] == 0,
            memory: bytes[at + 1],
            len: word(at + 2),
            base_len: word(at + 6),
            base_digest: bytes[at + 10..at + 14].to_vec(),
            offset,
        };
        let no_base = entry.base_len == 0 && entry.base_digest == [0; 4];
        offset += u64::from(entry.len);
        if bytes[at] > 1 || entry.full && !no_base || offset >= 1 << 32 {
            return Err(Reject::Reserved);
        }
        entries.push(entry);
        at += 14;
    }
    if count == 0 {
        return Err(Reject::Reserved);
    }
    let target_digest = bytes[8..16].to_vec();
    let mut index = Index { len, target_len: word(4), target_digest, entries, signed: None };
    if front[1] == 1 {
        let signed = signed(&bytes[at..]).ok_or(Reject::Trust)?;
        let (key_id, counter, hardware_id, signature) = signed;
        index.signed = Some((key_id, counter, hardware_id, at + signature));
        at += signature + 64;
    }
    if at == len { Ok(index) } else { Err(Reject::Reserved) }
}

/// Key id, security counter, hardware id and where the signature begins, of what follows the entries.
fn signed(bytes: &[u8]) -> Option<(Vec<u8>, u32, Vec<u8>, usize)> {
    let key_id = bytes.get(..4)?.to_vec();
    let counter = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let hardware_len = usize::from(*bytes.get(8)?);
    let hardware_id = bytes.get(9..9 + hardware_len)?.to_vec();
    let certificate_at = 9 + hardware_len;
    let certificate_len = usize::from(*bytes.get(certificate_at)?);
    let certificate = bytes.get(certificate_at + 1..certificate_at + 1 + certificate_len)?;
    let signature = certificate_at + 1 + certificate_len;
    bytes.get(signature..signature + 64)?;
    // Key, a varint in its shortest form, signature.
    let counter_bytes = certificate_len.checked_sub(33 + 64);
    let legal = certificate_len == 0
        || counter_bytes.is_some_and(|count| {
            (1..=5).contains(&count) && {
                let varint = &certificate[33..33 + count];
                let last = varint[count - 1];
                varint[..count - 1].iter().all(|byte| *byte >= 0x80)
                    && last < 0x80
                    && (count == 1 || last > 0)
                    && (count < 5 || last <= 0x0F)
            }
        });
    (hardware_len <= 32 && legal).then_some((key_id, counter, hardware_id, signature))
}

/// Which entry a device takes that runs an image of this length and SHA-256.
#[must_use]
pub fn choose(index: &Index, base_len: u32, base_sha256: &[u8], ram_bytes: usize) -> Option<usize> {
    index.entries.iter().position(|entry| {
        let based = entry.base_len == base_len && base_sha256[..4] == entry.base_digest[..];
        usize::from(entry.memory) * 256 <= ram_bytes && (entry.full || based)
    })
}

//! Signed patches (§2.1).

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};

use crate::header::{self, Header};
use crate::{Reject, sha256};

/// What a device holds.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Public keys of signers, as SEC 1 points.
    pub signers: Vec<Vec<u8>>,
    /// Public keys of roots.
    pub roots: Vec<Vec<u8>>,
    /// Its hardware id.
    pub hardware_id: Vec<u8>,
    /// Its security counter.
    pub security_counter: u32,
    /// Whether it takes unsigned patches.
    pub takes_unsigned: bool,
}

/// Steps 1 to 5 and 7 of "What the device checks", for a patch that is stored; its header and body.
///
/// # Errors
/// The first step that fails. A patch of another length than its header says is `Truncated` or `TrailingData`, before step 7.
///
/// # Panics
/// When `device` has a key that is no point.
pub fn check(patch: &[u8], device: &Device) -> Result<(Header, Vec<u8>), Reject> {
    let header = header::parse_signed(patch)?;
    let payload = &patch[header.len_bytes()..];
    let body_len = usize::try_from(header.body_len).expect("32 bits");
    let Some(trust) = &header.trust else {
        if !device.takes_unsigned {
            return Err(Reject::Unsigned);
        }
        let body = exactly(payload, body_len)?;
        return Ok((header, body));
    };

    let held = if trust.certificate.is_some() { &device.roots } else { &device.signers };
    let held: Vec<VerifyingKey> =
        held.iter().map(|key| VerifyingKey::from_sec1_bytes(key).expect("a key")).collect();
    let named: Vec<VerifyingKey> =
        held.into_iter().filter(|key| key_id(key) == trust.key_id).collect();
    if named.is_empty() {
        return Err(Reject::Key);
    }

    let mut signers = named;
    if let Some(certificate) = &trust.certificate {
        let text = [b"patcher certificate\n", &certificate.signed[..]].concat();
        any_signed(&signers, &text, &certificate.signature, Reject::Certificate)?;
        let key = VerifyingKey::from_sec1_bytes(&certificate.public_key);
        let key = key.map_err(|_| Reject::Certificate)?;
        if certificate.last_counter < trust.security_counter {
            return Err(Reject::Expired);
        }
        signers = vec![key];
    }

    let signed = &patch[..header.len_bytes() - 64];
    let text = [b"patcher patch\n", signed].concat();
    any_signed(&signers, &text, &trust.signature, Reject::Signature)?;

    if trust.hardware_id != device.hardware_id {
        return Err(Reject::Hardware);
    }
    if trust.security_counter < device.security_counter {
        return Err(Reject::Counter);
    }
    let body = body(payload, body_len, trust.blocks, &trust.body_digest)?;
    Ok((header, body))
}

/// The first 4 bytes of the SHA-256 of the uncompressed point.
fn key_id(key: &VerifyingKey) -> Vec<u8> {
    sha256(key.to_sec1_point(false).as_bytes())[..4].to_vec()
}

fn any_signed(
    keys: &[VerifyingKey],
    text: &[u8],
    signature: &[u8],
    otherwise: Reject,
) -> Result<(), Reject> {
    // Of the order n, FIPS 186-5: half of n - 1, which is even.
    let half = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
    let s: String = signature[32..].iter().map(|byte| format!("{byte:02x}")).collect();
    if s.as_str() > half {
        return Err(Reject::HighS);
    }
    let signature = Signature::from_slice(signature).map_err(|_| otherwise)?;
    let digest = sha256(text);
    let signed = keys.iter().any(|key| key.verify_prehash(&digest, &signature).is_ok());
    if signed { Ok(()) } else { Err(otherwise) }
}

fn exactly(payload: &[u8], len: usize) -> Result<Vec<u8>, Reject> {
    match payload.len() {
        found if found < len => Err(Reject::Truncated),
        found if found > len => Err(Reject::TrailingData),
        _ => Ok(payload.to_vec()),
    }
}

fn body(
    payload: &[u8],
    body_len: usize,
    blocks: Option<u32>,
    digest: &[u8],
) -> Result<Vec<u8>, Reject> {
    let block = blocks.map_or(usize::MAX, |k| 1 << k);
    // The number of links by counting, not by the formula.
    let mut links = 0;
    let mut left = body_len;
    while left > block {
        left -= block - 16;
        links += 1;
    }
    let payload = exactly(payload, body_len + 16 * links)?;

    let mut body = Vec::new();
    let mut digest = digest.to_vec();
    let mut rest = &payload[..];
    for _ in 0..links {
        let (block, others) = rest.split_at(block);
        if !sha256(block).starts_with(&digest) {
            return Err(Reject::Body);
        }
        digest = block[..16].to_vec();
        body.extend(&block[16..]);
        rest = others;
    }
    if !sha256(rest).starts_with(&digest) {
        return Err(Reject::Body);
    }
    body.extend(rest);
    Ok(body)
}

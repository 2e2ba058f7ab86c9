//! Digests that an image holds of itself: found, and taken out of a target.
//!
//! Found they are wherever the SHA-256 of all bytes up to some place near the end follows that place: at the end of an image of
//! ESP-IDF, six bytes before that of a Particle module, among the TLVs of MCUboot. Nothing is assumed about the format, and nothing
//! is taken for a digest that is none.

use std::collections::HashMap;

use patcher_core::container::self_digest::{Kind, SelfDigest, SelfDigests};
use patcher_core::crc::Crc32;
use sha2::{Digest as _, Sha256};

/// Last bytes of an image in which a digest, and the end of what it is of, are looked for: a page of signatures may follow it.
const TAIL: usize = 8 << 10;

/// A target as a patch makes it: with other bytes where it holds digests of itself.
#[derive(Clone, Debug)]
pub struct Stripped {
    /// The target, its digests replaced.
    pub bytes: Vec<u8>,
    /// Where something was replaced.
    pub digests: SelfDigests,
    /// What was there, one behind another.
    pub held: Vec<u8>,
}

impl Stripped {
    /// The target as it is.
    #[must_use]
    pub fn none(target: &[u8]) -> Self {
        Self { bytes: target.to_vec(), digests: SelfDigests::default(), held: Vec::new() }
    }

    /// `target` with digests of `base` in the place of its own, zeros where that has none.
    ///
    /// **Cost**: hashes both images, and one block for each of their last 8 Ki bytes.
    #[must_use]
    pub fn new(base: &[u8], target: &[u8]) -> Self {
        let found = find(target);
        let of_base = if found.is_empty() { Vec::new() } else { find(base) };
        let mut bytes = target.to_vec();
        for digest in &found {
            let twin = of_base.iter().find(|twin| twin.kind == digest.kind);
            let twin = twin.and_then(|twin| base.get(place(twin)));
            let field = &mut bytes[place(digest)];
            match twin {
                Some(twin) => field.copy_from_slice(twin),
                None => field.fill(0),
            }
        }
        // What the base has as well costs nothing.
        let unlike = found.iter().any(|digest| bytes[place(digest)] != target[place(digest)]);
        match SelfDigests::new(&found).filter(|_| unlike) {
            Some(digests) => {
                let held = found.iter().flat_map(|digest| target[place(digest)].to_vec()).collect();
                Self { bytes, digests, held }
            }
            None => Self::none(target),
        }
    }
}

/// The digests of `image`, by rising offset: a SHA-256, and the CRC-32 that is right behind what it is of, if there is one after it.
/// A CRC-32 alone would not pay.
fn find(image: &[u8]) -> Vec<SelfDigest> {
    let Some(sha) = find_sha(image) else { return Vec::new() };
    let crc = find_crc(image, sha.end() as usize);
    [Some(sha), crc].into_iter().flatten().collect()
}

fn find_sha(image: &[u8]) -> Option<SelfDigest> {
    let kind = Kind::Sha256;
    let first = image.len().saturating_sub(TAIL).max(1);
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, start) in image.get(first..)?.windows(BEGIN).enumerate() {
        places.entry(start).or_default().push(first + index);
    }
    let mut hash = Sha256::new_with_prefix(&image[..first]);
    for covered in first..image.len() {
        let digest = hash.clone().finalize();
        let starts = places.get(&digest[..BEGIN]).map_or(&[][..], Vec::as_slice);
        let is_there = |&&at: &&usize| at >= covered && image[at..].starts_with(&digest);
        if let Some(&at) = starts.iter().find(is_there) {
            return found(kind, at, covered);
        }
        hash.update(&image[covered..=covered]);
    }
    None
}

/// Bytes by which places are looked up.
const BEGIN: usize = 4;

/// The CRC-32 of all before it, `from` the one on that covers the first `from` bytes.
fn find_crc(image: &[u8], from: usize) -> Option<SelfDigest> {
    let mut crc = Crc32::new();
    crc.update(&image[..from]);
    for (index, field) in image[from..].windows(BEGIN).enumerate() {
        let at = from + index;
        if field == crc.value().to_le_bytes() {
            return found(Kind::Crc32, at, at);
        }
        if field == crc.value().to_be_bytes() {
            return found(Kind::Crc32Big, at, at);
        }
        crc.update(&image[at..=at]);
    }
    None
}

fn found(kind: Kind, at: usize, covered: usize) -> Option<SelfDigest> {
    let (at, covered) = (u32::try_from(at).ok()?, u32::try_from(covered).ok()?);
    Some(SelfDigest { kind, at, covered })
}

fn place(digest: &SelfDigest) -> core::ops::Range<usize> {
    digest.at as usize..digest.end() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;
    use proptest::prelude::*;

    /// `content`, a SHA-256 of it after `gap` bytes, `more` bytes, and a CRC-32 if `crc` says in which order.
    fn image(content: &[u8], gap: usize, more: usize, crc: Option<Kind>) -> Vec<u8> {
        let mut image = content.to_vec();
        image.resize(content.len() + gap, 0x5A);
        image.extend(Sha256::digest(content));
        image.resize(image.len() + more, 0xA5);
        if let Some(kind) = crc {
            let len = u32::try_from(image.len()).unwrap();
            let digest = SelfDigest { kind, at: len, covered: len };
            image.extend(digest.reckon(&image, sha256));
        }
        image
    }

    proptest! {
        #[test]
        fn digests_are_found_and_come_back(
            contents: ([u8; 3], [u8; 3]),
            len in 1usize..9000,
            gap in 0usize..40,
            more in 0usize..40,
            crc in prop_oneof![Just(None), Just(Some(Kind::Crc32)), Just(Some(Kind::Crc32Big))],
            cut in 1usize..50,
        ) {
            let content = |seed: [u8; 3]| (0..len).map(|at| seed[at % 3] ^ at.to_le_bytes()[0]).collect::<Vec<_>>();
            let [base, target] = [contents.0, contents.1].map(|seed| image(&content(seed), gap, more, crc));
            let stripped = Stripped::new(&base, &target);
            prop_assume!(contents.0 != contents.1);
            prop_assert_eq!(stripped.digests.iter().count(), 1 + usize::from(crc.is_some()));
            prop_assert_ne!(&stripped.bytes, &target);
            let mut made = Vec::new();
            for bytes in stripped.bytes.chunks(cut) {
                stripped.digests.extend(&mut made, bytes, sha256);
            }
            prop_assert_eq!(&made, &target);
            // Of the base there is nothing else where the target has its own.
            for digest in stripped.digests.iter() {
                prop_assert_eq!(&stripped.bytes[place(digest)], &base[place(digest)]);
            }
        }
    }

    #[test]
    fn what_is_no_digest_is_left_alone() {
        let content = vec![7; 100];
        let whole = image(&content, 4, 5, None);
        let mut wrong = whole.clone();
        wrong[50] ^= 1;
        for image in [&content[..], &wrong, &whole[..135], &[], &[1]] {
            let stripped = Stripped::new(&whole, image);
            assert!(stripped.digests.is_empty());
            assert_eq!(stripped.bytes, image);
        }
        // The same digest as that of the base costs nothing.
        assert!(Stripped::new(&whole, &whole).digests.is_empty());
        // A digest too far from the end is not looked for.
        let far = [&whole[..], &[0; TAIL]].concat();
        assert!(Stripped::new(&[], &far).digests.is_empty());
        let near = [&whole[..], &[0; TAIL - 60]].concat();
        assert_eq!(Stripped::new(&[], &near).digests.iter().count(), 1);
    }
}

//! The header that ESP-IDF's esp_delta_ota puts before a detools patch.
//!
//! ```text
//! 0 magic 0xfccdde10, u32   4 digest of the base image   36 zeros   64 a sequential detools patch with heatshrink
//! ```
//! The digest is what `esp_partition_get_sha256` gives on the device: the SHA-256 that is appended to an application image
//! (esptool's "Validation Hash"), or that of the image if none is appended. The device's heatshrink decoder is compiled
//! for a window of 8 and a lookahead of 7 bits.
//!
//! **Reference**: ESP-IDF component esp_delta_ota 1.1.4, `esp_delta_ota_patch_gen.py`; ESP-IDF, `esp_app_format.h`.

use sha2::{Digest as _, Sha256};

use crate::{Error, Limits, detools};

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 64;
/// The first bytes.
pub const MAGIC: u32 = 0xFCCD_DE10;

const DIGEST_LEN: usize = 32;
const DIGEST_AT: usize = 4;

/// The header of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the device must be running.
    pub base_digest: [u8; DIGEST_LEN],
}

impl Header {
    /// The header for a patch between two application images of ESP-IDF.
    ///
    /// # Errors
    /// [`Error::NotEspImage`] if one of them is none, or its digest is wrong.
    pub fn of_images(base: &[u8], target: &[u8]) -> Result<Self, Error> {
        image_digest(target, "target image")?;
        Ok(Self { base_digest: image_digest(base, "base image")? })
    }

    /// The bytes of the header.
    #[must_use]
    pub fn bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..DIGEST_AT].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[DIGEST_AT..DIGEST_AT + DIGEST_LEN].copy_from_slice(&self.base_digest);
        bytes
    }

    /// Reads a header; returns also the detools patch behind it.
    ///
    /// # Errors
    /// [`Error`]: empty, truncated, or another magic.
    pub fn read(patch: &[u8]) -> Result<(Self, &[u8]), Error> {
        if patch.is_empty() {
            return Err(Error::Empty);
        }
        let magic = MAGIC.to_le_bytes();
        let begin = patch.get(..DIGEST_AT).unwrap_or(patch);
        if begin != magic.get(..begin.len()).unwrap_or(&magic) {
            return Err(Error::Magic {
                expected: "\\x10\\xde\\xcd\\xfc, as those of esp_delta_ota do",
                found: begin.escape_ascii().to_string(),
            });
        }
        let truncated = Error::Truncated { expected: "the esp_delta_ota header of 64 bytes" };
        let (header, rest) = patch.split_at_checked(HEADER_LEN).ok_or(truncated)?;
        let mut base_digest = [0; DIGEST_LEN];
        for (to, from) in base_digest.iter_mut().zip(header.iter().skip(DIGEST_AT)) {
            *to = *from;
        }
        Ok((Self { base_digest }, rest))
    }
}

/// The target that `patch` makes of `base`, once the digest of `base` is right.
///
/// # Errors
/// [`Error::BaseDigest`] for another base, [`Error::NotEspImage`] if it is no application image, else as
/// [`detools::apply`].
pub fn apply(base: &[u8], patch: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let (header, rest) = Header::read(patch)?;
    let found = image_digest(base, "base image")?;
    if found != header.base_digest {
        let begin = |digest: [u8; DIGEST_LEN]| core::array::from_fn(|index| digest[index]);
        return Err(Error::BaseDigest { expected: begin(header.base_digest), found: begin(found) });
    }
    detools::apply(base, rest, limits)
}

/// The digest that ESP-IDF identifies an application image by; `role` names it in errors.
///
/// # Errors
/// [`Error::NotEspImage`] if it is none, is cut off, or an appended digest is not that of the image.
pub fn image_digest(image: &[u8], role: &'static str) -> Result<[u8; DIGEST_LEN], Error> {
    const IMAGE_MAGIC: u8 = 0xE9;
    const IMAGE_HEADER_LEN: usize = 24;
    const SEGMENT_HEADER_LEN: usize = 8;
    const MAX_SEGMENTS: u8 = 16;
    const HASH_APPENDED_AT: usize = 23;
    let not = |found| Error::NotEspImage { role, found };
    let cut_off = || not("an image that is cut off");
    if image.first() != Some(&IMAGE_MAGIC) {
        return Err(not("bytes that do not begin with 0xe9"));
    }
    let segments = *image.get(1).ok_or_else(cut_off)?;
    if segments > MAX_SEGMENTS {
        return Err(not("more than 16 segments"));
    }
    let mut end = IMAGE_HEADER_LEN;
    for _ in 0..segments {
        let length = image.get(end + 4..end + SEGMENT_HEADER_LEN).ok_or_else(cut_off)?;
        let length = length.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte));
        end = end.checked_add(SEGMENT_HEADER_LEN + length).ok_or_else(cut_off)?;
        if end > image.len() {
            return Err(cut_off());
        }
    }
    // A checksum is the last byte of a block of 16.
    let end = (end + 1).next_multiple_of(16);
    let hashed = image.get(..end).ok_or_else(cut_off)?;
    let digest: [u8; DIGEST_LEN] = Sha256::digest(hashed).into();
    if image.get(HASH_APPENDED_AT) != Some(&1) {
        return Ok(digest);
    }
    let appended = image.get(end..end + DIGEST_LEN).ok_or_else(cut_off)?;
    if appended != digest {
        return Err(not(
            "an appended digest that is not the image's: it is damaged or was changed",
        ));
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use rig::random::Random;

    use super::*;
    use crate::codec::heatshrink::Parameters;
    use crate::{Class, Stretch};

    /// An application image of one segment.
    fn image(seed: u64, appended: bool) -> Vec<u8> {
        let mut image = vec![0xE9, 1, 0, 0, 0, 0, 0, 0x40];
        image.resize(24, 0);
        image[23] = u8::from(appended);
        image.extend(0x3F40_0020u32.to_le_bytes());
        image.extend(1_000u32.to_le_bytes());
        image.extend(Random::new(seed).bytes(1_000));
        image.resize((image.len() + 1).next_multiple_of(16), 0);
        if appended {
            let digest = Sha256::digest(&image);
            image.extend(digest);
        }
        image
    }

    fn patch(base: &[u8], target: &[u8]) -> Vec<u8> {
        let stretch = Stretch { target: 0, base: 0, len: target.len() };
        let encoding = detools::Encoding::Heatshrink(Parameters::DEPLOYED);
        let patch = detools::sequential::write(base, target, &[stretch], &encoding);
        let header = Header::of_images(base, target).expect("images");
        [&header.bytes()[..], &patch.expect("written")].concat()
    }

    #[test]
    fn the_digest_is_the_appended_one() {
        let image = image(1, true);
        assert_eq!(image_digest(&image, "image").expect("fine"), image[image.len() - 32..]);
        let header = Header::of_images(&image, &image).expect("fine").bytes();
        assert_eq!(header[..4], [0x10, 0xDE, 0xCD, 0xFC]);
        assert_eq!(header[4..36], image[image.len() - 32..]);
        assert_eq!(header[36..], [0; 28]);
    }

    #[test]
    fn patches_come_back_and_other_bases_are_refused() {
        let (base, target) = (image(1, true), image(2, true));
        let patch = patch(&base, &target);
        assert_eq!(apply(&base, &patch, &Limits::default()), Ok(target.clone()));
        let refused = apply(&target, &patch, &Limits::default()).expect_err("another base");
        assert!(matches!(refused, Error::BaseDigest { .. }));
        assert_eq!(refused.class(), Class::Mismatch);
        let truncated = Error::Truncated { expected: "the esp_delta_ota header of 64 bytes" };
        assert_eq!(Header::read(&patch[..63]), Err(truncated));
        assert!(matches!(Header::read(b"BSDIFF40"), Err(Error::Magic { .. })));
        assert_eq!(Header::read(&[]), Err(Error::Empty));
    }

    #[test]
    fn images_without_digest_are_hashed() {
        let image = image(3, false);
        let expected: [u8; 32] = Sha256::digest(&image).into();
        assert_eq!(image_digest(&image, "image"), Ok(expected));
    }

    #[test]
    fn what_is_no_image_says_why() {
        let good = image(1, true);
        let mut changed = good.clone();
        changed[100] ^= 1;
        let wrong = "an appended digest that is not the image's: it is damaged or was changed";
        let no_magic = "bytes that do not begin with 0xe9";
        let cut_off = "an image that is cut off";
        for (image, found) in [
            (&[][..], no_magic),
            (&[0x7F; 40], no_magic),
            (&good[..1], cut_off),
            (&good[..500], cut_off),
            (&good[..good.len() - 1], cut_off),
            (&[0xE9, 17], "more than 16 segments"),
            (&changed, wrong),
        ] {
            let expected = Error::NotEspImage { role: "base image", found };
            assert_eq!(image_digest(image, "base image"), Err(expected));
        }
    }
}

//! MCUboot images in files: where they end, and what they say.
//!
//! `imgtool sign` writes the image alone; with `--pad` or `--confirm` a whole slot, with fill and trailer behind the image; a
//! slot read out of a device has what MCUboot and the application wrote there. What identifies the image is the same in
//! all three: header, payload and TLVs.

use ::mcuboot::trailer::SET;
use ::mcuboot::{Image, ImageError, Layout, Mode, Tlv};
use core::convert::Infallible;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::flat::{FlatImage, LoadWarning};

/// An MCUboot image and what follows it in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mcuboot<'a> {
    /// Header and length.
    pub image: Image,
    /// The image's bytes: what identifies it.
    pub bytes: &'a [u8],
    /// Its TLVs, in their order.
    pub tlvs: Vec<(Tlv, &'a [u8])>,
    /// Whether the hash among them is that of the image; `None` if there is none.
    pub hash_is_right: Option<bool>,
    /// What follows.
    pub rest: Rest,
}

/// What follows an image in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// Bytes of one value.
    Fill {
        /// How many.
        len: usize,
    },
    /// The rest of a slot, with a trailer at its end.
    Trailer {
        /// How many bytes, fill and all.
        len: usize,
        /// `BOOT_MAX_ALIGN`.
        align: u32,
        /// Whether `image_ok` is set.
        image_ok: bool,
    },
    /// Something else: another image, or a file that only looks like one.
    Other {
        /// How many bytes.
        len: usize,
    },
}

impl<'a> Mcuboot<'a> {
    /// Whether `bytes` begin as an MCUboot image does.
    #[must_use]
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(&::mcuboot::header::MAGIC.to_le_bytes())
    }

    /// Reads the image at the begin of `bytes`.
    ///
    /// # Errors
    /// [`ImageError`] where there is none, or not all of one.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ImageError<Infallible>> {
        let mut tlvs = Vec::new();
        let image = Image::find_all(bytes, |tlv| {
            let value = bytes.get(tlv.offset as usize..).unwrap_or_default();
            tlvs.push((tlv, value.get(..usize::from(tlv.len)).unwrap_or_default()));
        })?;
        let (own, rest) = bytes.split_at_checked(image.len as usize).unwrap_or((bytes, &[]));
        let hashed = own.get(..image.hashed_len as usize).unwrap_or(own);
        let hash_is_right = tlvs.iter().find_map(|(tlv, value)| match tlv.kind {
            0x10 => Some(Sha256::digest(hashed)[..] == **value),
            0x11 => Some(Sha384::digest(hashed)[..] == **value),
            0x12 => Some(Sha512::digest(hashed)[..] == **value),
            _ => None,
        });
        Ok(Self { image, bytes: own, tlvs, hash_is_right, rest: Rest::of(rest) })
    }

    /// The security counter, if there is one.
    #[must_use]
    pub fn security_counter(&self) -> Option<u32> {
        let (_, value) = self.tlvs.iter().find(|(tlv, _)| tlv.kind == Tlv::SECURITY_COUNTER)?;
        Some(u32::from_le_bytes((*value).try_into().ok()?))
    }
}

impl Rest {
    fn of(bytes: &[u8]) -> Self {
        let len = bytes.len();
        let Some(&first) = bytes.first() else { return Self::Nothing };
        let trailer = [8, 16, 32].into_iter().find_map(|align| {
            let layout = Layout::new(Mode::SwapMove, align, 1).ok()?;
            let at = len.checked_sub(layout.image_ok_from_end() as usize)?;
            bytes.ends_with(&layout.magic()).then(|| Self::Trailer {
                len,
                align,
                image_ok: bytes.get(at) == Some(&SET),
            })
        });
        let fill = matches!(first, 0 | 0xFF) && bytes.iter().all(|&byte| byte == first);
        trailer.unwrap_or(if fill { Self::Fill { len } } else { Self::Other { len } })
    }

    /// How many bytes of the slot these are: not the image's, and not something unknown.
    #[must_use]
    pub fn of_slot(&self) -> usize {
        match *self {
            Self::Fill { len } | Self::Trailer { len, .. } => len,
            Self::Nothing | Self::Other { .. } => 0,
        }
    }
}

/// Leaves out of `image` what belongs to the slot, if it is an MCUboot image, and warns of that and of payloads that have
/// nothing in common from version to version.
pub fn cut(image: &mut FlatImage) {
    let Ok(found) = Mcuboot::read(&image.bytes) else { return };
    let (kept, len) = (found.image.len, found.rest.of_slot());
    let how = match found.image.header {
        header if header.encrypted() => Some("encrypted"),
        header if header.compressed() => Some("compressed"),
        _ => None,
    };
    image.warnings.extend(how.map(|how| LoadWarning::OpaqueMcubootImage { how }));
    if len == 0 {
        return;
    }
    image.bytes.truncate(kept as usize);
    image.regions.retain(|region| region.offset < kept);
    for region in &mut image.regions {
        region.len = region.len.min(kept - region.offset);
    }
    image.sections.retain(|section| section.offset < kept);
    image.warnings.push(LoadWarning::CutAfterMcubootImage { kept, len: len as u64 });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Isa, Region};

    /// An image with a header of 32 bytes, 200 bytes of payload and its SHA-256.
    fn signed(flags: u32) -> Vec<u8> {
        let mut bytes = vec![0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 0, 32, 0, 12, 0, 200, 0, 0, 0];
        bytes.extend(flags.to_le_bytes());
        bytes.resize(32, 0);
        bytes.resize(232, 0x42);
        bytes.extend([0x08, 0x69, 12, 0, 0x50, 0, 4, 0, 9, 0, 0, 0]);
        let hash = Sha256::digest(&bytes);
        bytes.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
        bytes.extend(hash);
        bytes
    }

    fn trailer(align: u32, image_ok: bool) -> Vec<u8> {
        let layout = Layout::new(Mode::SwapMove, align, 1).expect("a layout");
        let mut bytes = vec![0xFF; 500];
        bytes[484..].copy_from_slice(&layout.magic());
        if image_ok {
            bytes[500 - layout.image_ok_from_end() as usize] = 1;
        }
        bytes
    }

    #[test]
    fn an_image_is_told_from_what_follows_it() {
        let image = signed(0);
        let mut rests = vec![(Vec::new(), Rest::Nothing)];
        rests.push((vec![0xFF; 77], Rest::Fill { len: 77 }));
        rests.push((vec![0; 4], Rest::Fill { len: 4 }));
        rests.push((vec![0xA5; 4], Rest::Other { len: 4 }));
        for align in [8, 16, 32] {
            for image_ok in [false, true] {
                let rest = Rest::Trailer { len: 500, align, image_ok };
                rests.push((trailer(align, image_ok), rest));
            }
        }
        for (tail, rest) in rests {
            let file = [&image[..], &tail].concat();
            let found = Mcuboot::read(&file).expect("an image");
            assert_eq!(found.bytes, image);
            assert_eq!(found.rest, rest);
            assert_eq!(found.hash_is_right, Some(true));
            assert_eq!(found.security_counter(), Some(9));
        }
        let mut damaged = image;
        damaged[100] ^= 1;
        assert_eq!(Mcuboot::read(&damaged).expect("an image").hash_is_right, Some(false));
    }

    #[test]
    fn what_belongs_to_the_slot_is_cut_off_and_nothing_else() {
        let image = signed(0);
        let mut flat = FlatImage::from_raw([&image[..], &trailer(8, true)].concat());
        let region = |offset, len| Region { offset, len, address: 0x1000, isa: Isa::Thumb };
        flat.regions = vec![region(0, 100), region(100, 600), region(700, 10)];
        cut(&mut flat);
        assert_eq!(flat.bytes, image);
        assert_eq!(flat.regions, [region(0, 100), region(100, 184)]);
        let kept = 284;
        assert_eq!(flat.warnings, [LoadWarning::CutAfterMcubootImage { kept, len: 500 }]);

        let merged = FlatImage::from_raw([&image[..], &[0xA5; 50]].concat());
        for untouched in [merged, FlatImage::from_raw(image), FlatImage::from_raw(vec![0xFF; 99])] {
            let mut flat = untouched.clone();
            cut(&mut flat);
            assert_eq!(flat, untouched);
        }
        let mut encrypted = FlatImage::from_raw(signed(4));
        cut(&mut encrypted);
        assert_eq!(encrypted.warnings, [LoadWarning::OpaqueMcubootImage { how: "encrypted" }]);
    }
}

//! The pages of `docs/` whose code is compiled and run as tests, and what that code needs beside what it shows.
//!
//! Rust blocks of a page are its documentation tests. `tests/excerpts.rs` compares blocks that say where they are from with that
//! file, `host-diff/tests/cli/manual.rs` runs the commands.

use formats::Stretch;
use formats::detools::{self, Encoding, InPlace};
use host_diff::image::FlatImage;
use host_diff::{IsaChoice, Options};
use sha2::{Digest as _, Sha256};

#[doc = include_str!("../../../docs/integration.md")]
pub mod integration {}

/// A firmware, and the same with a version that is one higher.
#[must_use]
pub fn releases() -> (Vec<u8>, Vec<u8>) {
    let code = (0..6_000_u32).flat_map(|word| (word * word).to_le_bytes());
    let base: Vec<u8> = code.collect();
    let mut target = base.clone();
    target[100..112].copy_from_slice(b"version 1.01");
    (base, target)
}

/// An MCUboot image of `payload`: as imgtool makes it with a header of 0x200 bytes and no key.
///
/// # Panics
/// If the payload is too long for an image.
#[must_use]
pub fn mcuboot_image(payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("small");
    let mut image = mcuboot::header::MAGIC.to_le_bytes().to_vec();
    image.extend([0, 0, 0, 0, 0, 2, 0, 0]);
    image.extend(len.to_le_bytes());
    image.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    image.resize(0x200, 0);
    image.extend(payload);
    let hash = Sha256::digest(&image);
    image.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    image.extend(hash);
    image
}

/// A native patch.
///
/// # Panics
/// If none can be made.
#[must_use]
pub fn patch(base: &[u8], target: &[u8]) -> Vec<u8> {
    let options = Options { level: 1, isa: Some(IsaChoice::None), ..Options::default() };
    let [base, target] = [base, target].map(|bytes| FlatImage::from_raw(bytes.to_vec()));
    host_diff::create(&base, &target, &options).expect("a patch").bytes
}

/// An in-place detools patch with heatshrink for a memory of 64 KiB in segments of 2 KiB.
///
/// # Panics
/// If none can be made.
#[must_use]
pub fn detools_in_place(base: &[u8], target: &[u8]) -> Vec<u8> {
    let [base_len, target_len] = [base, target].map(|image| image.len() as u64);
    let place = InPlace::plan(0x1_0000, 0x800, None, base_len, target_len).expect("fits");
    let encoding = Encoding::Heatshrink(formats::codec::heatshrink::Parameters::DEPLOYED);
    let same = |segment: &detools::in_place::Segment<'_>| {
        let base = segment.target_offset.saturating_sub(segment.base_offset);
        let len = segment.base.len().saturating_sub(base).min(segment.target.len());
        vec![Stretch { target: 0, base, len }]
    };
    detools::in_place::write(base, target, &place, &encoding, same).expect("a patch")
}

/// Zephyr's `flash_map.h` on two arrays: areas 1 and 2 are the slots of 64 KiB.
pub mod zephyr {
    use core::ffi::{c_int, c_long, c_void};
    use std::sync::Mutex;

    /// Bytes of an area.
    pub const AREA_BYTES: usize = 0x1_0000;

    /// What `flash_area_open` gives.
    #[derive(Debug)]
    #[expect(non_camel_case_types, reason = "Zephyr's name")]
    pub struct flash_area {
        bytes: Mutex<Vec<u8>>,
    }

    impl flash_area {
        /// An erased area that begins with `image`.
        #[must_use]
        pub fn new(image: &[u8]) -> Self {
            let mut bytes = image.to_vec();
            bytes.resize(AREA_BYTES, 0xFF);
            Self { bytes: Mutex::new(bytes) }
        }

        fn with(&self, offset: c_long, len: usize, act: impl FnOnce(&mut [u8])) -> c_int {
            let mut bytes = self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            match bytes.get_mut(start..start.saturating_add(len)) {
                Some(part) => {
                    act(part);
                    0
                }
                None => -22,
            }
        }
    }

    /// Reads.
    ///
    /// # Safety
    /// `to` is `len` bytes.
    pub unsafe fn flash_area_read(
        area: &flash_area,
        offset: c_long,
        to: *mut c_void,
        len: usize,
    ) -> c_int {
        // SAFETY: as the caller says.
        let to = unsafe { core::slice::from_raw_parts_mut(to.cast::<u8>(), len) };
        area.with(offset, len, |part| to.copy_from_slice(part))
    }

    /// Writes.
    ///
    /// # Safety
    /// `from` is `len` bytes.
    pub unsafe fn flash_area_write(
        area: &flash_area,
        offset: c_long,
        from: *const c_void,
        len: usize,
    ) -> c_int {
        // SAFETY: as the caller says.
        let from = unsafe { core::slice::from_raw_parts(from.cast::<u8>(), len) };
        area.with(offset, len, |part| {
            for (bits, byte) in part.iter_mut().zip(from) {
                *bits &= byte;
            }
        })
    }

    /// Erases.
    ///
    /// # Safety
    /// None is needed; C functions have none to promise.
    pub unsafe fn flash_area_erase(area: &flash_area, offset: c_long, len: usize) -> c_int {
        area.with(offset, len, |part| part.fill(0xFF))
    }
}

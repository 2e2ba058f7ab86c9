//! Programs as signed images: docs/flash-layout.md §6.

use std::path::{Path, PathBuf};
use std::{env, fs};

use device_apply::boot::ImageRecord;
use emulator::Program;
use host_diff::image::FlatImage;
use host_diff::{IsaChoice, Options, create, create_full};
use layout::header::SIGNATURE_BYTES;
use layout::{Area, FLASH, IMAGE_HEADER_BYTES, ImageHeader, SLOT_A};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// What the demo's bootloader wants images to be made for.
pub const HARDWARE_ID: [u8; 16] = *b"patcher-demo\0\0\0\0";

/// A program of the device: from the folder `STM32_DEMO_IMAGES`, else the committed one.
///
/// # Panics
/// If it is not there, or no program.
#[must_use]
pub fn program(name: &str) -> Program {
    let folder = env::var_os("STM32_DEMO_IMAGES").map(PathBuf::from);
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../images");
    let path = folder.unwrap_or_else(committed).join(format!("{name}.elf"));
    let elf = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Program::parse(&elf).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The program with more bytes behind it.
///
/// # Panics
/// If it has no code.
#[must_use]
pub fn with_table(mut program: Program, table: impl IntoIterator<Item = u8>) -> Program {
    let filled = program.segments.iter_mut().filter(|segment| !segment.bytes.is_empty());
    let last = filled.max_by_key(|segment| segment.load_address).expect("code");
    last.bytes.extend(table);
    program
}

/// A table of `len` bytes that nothing predicts: a patch to a program with it takes as many, and is no more work than it must be.
#[must_use]
pub fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    let bytes = core::iter::repeat_with(|| {
        // Xorshift, Marsaglia 2003.
        for shift in [13, -17, 5i32] {
            let shifted = if shift < 0 { state >> -shift } else { state << shift };
            state ^= shifted;
        }
        state.to_le_bytes()[1]
    });
    bytes.take(len).collect()
}

/// The private key of the demo, which everyone knows: SHA-256 of a sentence.
///
/// # Panics
/// Never: the digest is below the order of the curve.
#[must_use]
pub fn demo_key() -> SigningKey {
    let scalar = Sha256::digest(b"patcher demo signing key");
    SigningKey::from_slice(&scalar).expect("a scalar")
}

/// What a program is signed with and for.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The key.
    pub key: SigningKey,
    /// Its version.
    pub version: u64,
    /// What must never fall.
    pub security_counter: u32,
    /// What it is for.
    pub hardware_id: [u8; 16],
}

impl Signing {
    /// By the demo's key for the demo's device, the version as counter.
    #[must_use]
    pub fn demo(version: u32) -> Self {
        let (key, hardware_id) = (demo_key(), HARDWARE_ID);
        Self { key, version: version.into(), security_counter: version, hardware_id }
    }

    /// The image of a program that runs from `slot`: header, code, signature.
    ///
    /// # Panics
    /// If the program is not made for it.
    #[must_use]
    pub fn image(&self, program: &Program, slot: Area) -> Vec<u8> {
        let start = FLASH + slot.start();
        let mut image = vec![0xFF; IMAGE_HEADER_BYTES as usize];
        for segment in program.segments.iter().filter(|segment| !segment.bytes.is_empty()) {
            let at = segment.load_address.checked_sub(start).expect("in the slot") as usize;
            image.resize(image.len().max(at + segment.bytes.len()), 0xFF);
            image[at..at + segment.bytes.len()].copy_from_slice(&segment.bytes);
        }
        let len = u32::try_from(image.len()).expect("it fits") + SIGNATURE_BYTES;
        assert!(len <= slot.len(), "{len} bytes do not fit the slot");
        let header = ImageHeader {
            len,
            security_counter: self.security_counter,
            version: self.version,
            hardware_id: self.hardware_id,
        };
        image[..64].copy_from_slice(&header.encode());
        let digest = Sha256::digest(&image);
        let signature: Signature = self.key.sign_prehash(&digest).expect("32 bytes");
        image.extend(signature.to_bytes());
        image
    }
}

/// The smallest patch for a device with 16 KiB for the decoder.
///
/// # Panics
/// If the encoder fails.
#[must_use]
pub fn patch(base: &[u8], target: &[u8]) -> Vec<u8> {
    let image = |bytes: &[u8]| FlatImage::from_raw(bytes.to_vec());
    create(&image(base), &image(target), &options()).expect("a patch").bytes
}

/// The whole image in the form of a patch, for whatever base.
///
/// # Panics
/// If the encoder fails.
#[must_use]
pub fn full(target: &[u8]) -> Vec<u8> {
    let target = FlatImage::from_raw(target.to_vec());
    create_full(&target, &options()).expect("a patch").bytes
}

fn options() -> Options {
    let address = Some(FLASH + SLOT_A.start());
    Options {
        base_address: address,
        target_address: address,
        isa: Some(IsaChoice::Thumb),
        ..Options::default()
    }
}

/// What boot metadata records of an image.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn record(image: &[u8]) -> ImageRecord {
    let header = image.first_chunk().and_then(ImageHeader::decode).expect("an image");
    ImageRecord {
        len: header.len,
        version: header.version,
        security_counter: header.security_counter,
        digest: Sha256::digest(image).into(),
    }
}

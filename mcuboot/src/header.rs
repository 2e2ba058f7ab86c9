//! The fields at the start of an image.
//!
//! **Reference**: MCUboot 2.4, `boot/bootutil/include/bootutil/image.h`.

use core::fmt;

/// First four bytes of an image, as a number.
pub const MAGIC: u32 = 0x96F3_B83D;
/// Bytes of the header's fields; [`Header::header_len`] is the room that it takes.
pub const HEADER_BYTES: usize = 32;

/// Flags of a header.
pub mod flag {
    /// Position independent.
    pub const PIC: u32 = 0x1;
    /// The payload is encrypted with AES-128.
    pub const ENCRYPTED_AES128: u32 = 0x4;
    /// The payload is encrypted with AES-256.
    pub const ENCRYPTED_AES256: u32 = 0x8;
    /// MCUboot does not start it.
    pub const NON_BOOTABLE: u32 = 0x10;
    /// Copied to RAM, to [`load_address`](super::Header::load_address).
    pub const RAM_LOAD: u32 = 0x20;
    /// Made for one slot, at [`load_address`](super::Header::load_address).
    pub const ROM_FIXED: u32 = 0x100;
    /// The payload is compressed with LZMA1.
    pub const COMPRESSED_LZMA1: u32 = 0x200;
    /// The payload is compressed with LZMA2.
    pub const COMPRESSED_LZMA2: u32 = 0x400;
    /// It went through the ARM Thumb filter before it was compressed.
    pub const COMPRESSED_ARM_THUMB: u32 = 0x800;

    /// Flags and their names.
    pub const NAMES: [(u32, &str); 9] = [
        (PIC, "position independent"),
        (ENCRYPTED_AES128, "encrypted with AES-128"),
        (ENCRYPTED_AES256, "encrypted with AES-256"),
        (NON_BOOTABLE, "not bootable"),
        (RAM_LOAD, "loaded to RAM"),
        (ROM_FIXED, "for one address"),
        (COMPRESSED_LZMA1, "compressed with LZMA1"),
        (COMPRESSED_LZMA2, "compressed with LZMA2"),
        (COMPRESSED_ARM_THUMB, "with ARM Thumb filter"),
    ];
}

/// Version of an image: `major.minor.revision+build`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u8,
    /// Second number.
    pub minor: u8,
    /// Third number.
    pub revision: u16,
    /// Build; MCUboot compares it only when it is configured to.
    pub build: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, revision, build } = self;
        write!(f, "{major}.{minor}.{revision}")?;
        if *build > 0 { write!(f, "+{build}") } else { Ok(()) }
    }
}

/// The fields at the start of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Address that it is loaded to or made for, if a flag says that this counts.
    pub load_address: u32,
    /// Bytes from the start of the image to its payload.
    pub header_len: u16,
    /// Bytes of the protected TLV area; 0 if there is none.
    pub protected_len: u16,
    /// Bytes of the payload.
    pub payload_len: u32,
    /// See [`flag`].
    pub flags: u32,
    /// Version.
    pub version: Version,
}

impl Header {
    /// Reads the fields; `None` if the magic is another one.
    #[must_use]
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let [m0, m1, m2, m3, l0, l1, l2, l3, h0, h1, p0, p1, s0, s1, s2, s3, rest @ ..] = *bytes;
        let [f0, f1, f2, f3, major, minor, r0, r1, b0, b1, b2, b3, _, _, _, _] = rest;
        (u32::from_le_bytes([m0, m1, m2, m3]) == MAGIC).then_some(Self {
            load_address: u32::from_le_bytes([l0, l1, l2, l3]),
            header_len: u16::from_le_bytes([h0, h1]),
            protected_len: u16::from_le_bytes([p0, p1]),
            payload_len: u32::from_le_bytes([s0, s1, s2, s3]),
            flags: u32::from_le_bytes([f0, f1, f2, f3]),
            version: Version {
                major,
                minor,
                revision: u16::from_le_bytes([r0, r1]),
                build: u32::from_le_bytes([b0, b1, b2, b3]),
            },
        })
    }

    /// Whether the payload is encrypted: such images have nothing in common, and a patch is as long as the image.
    #[must_use]
    pub fn encrypted(&self) -> bool {
        self.flags & (flag::ENCRYPTED_AES128 | flag::ENCRYPTED_AES256) != 0
    }

    /// Whether the payload is compressed: a patch between such images is hardly smaller than the image.
    #[must_use]
    pub fn compressed(&self) -> bool {
        self.flags & (flag::COMPRESSED_LZMA1 | flag::COMPRESSED_LZMA2) != 0
    }
}

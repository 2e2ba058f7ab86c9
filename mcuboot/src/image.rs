//! Header and TLVs of an image.
//!
//! ```text
//! 0           32        hdr_size            + img_size
//! ├─ Header ──┼─ fill ──┼──── payload ──────┼─ protected TLVs ─┼─ TLVs ─┤ image ends │ fill, trailer
//! ├──────────────── hashed and signed ─────────────────────────┤
//!
//! TLV area   magic:u16  total:u16  entry…       total counts these four bytes too; protected: magic 0x6908
//! entry      type:u16   len:u16    len bytes
//! ```
//! Everything is little endian.
//!
//! **Reference**: MCUboot 2.4, `boot/bootutil/include/bootutil/image.h`.

use core::fmt;

/// First four bytes of an image, as a number.
pub const MAGIC: u32 = 0x96F3_B83D;
/// Bytes of the header's fields; [`Header::header_len`] is the room that it takes.
pub const HEADER_BYTES: usize = 32;

const TLV_MAGIC: u16 = 0x6907;
const PROTECTED_MAGIC: u16 = 0x6908;
/// Bytes before the entries of an area, and before the bytes of an entry.
const INFO_BYTES: u32 = 4;

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

/// One entry of a TLV area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv {
    /// What it is.
    pub kind: u16,
    /// Offset of its bytes in the image.
    pub offset: u32,
    /// How many.
    pub len: u16,
    /// Whether the image's hash covers it.
    pub protected: bool,
}

/// Kinds of entries and their names.
const NAMES: [(u16, &str); 24] = [
    (0x01, "key hash"),
    (0x02, "public key"),
    (0x10, "SHA-256"),
    (0x11, "SHA-384"),
    (0x12, "SHA-512"),
    (0x20, "RSA-2048 signature"),
    (0x22, "ECDSA signature"),
    (0x23, "RSA-3072 signature"),
    (0x24, "Ed25519 signature"),
    (0x25, "signature over the image itself"),
    (0x30, "key encrypted with RSA-2048"),
    (0x31, "key encrypted with AES key wrap"),
    (0x32, "key encrypted with ECIES P-256"),
    (0x33, "key encrypted with ECIES X25519"),
    (0x34, "key encrypted with ECIES X25519, SHA-512"),
    (Tlv::DEPENDENCY, "dependency"),
    (Tlv::SECURITY_COUNTER, "security counter"),
    (0x60, "boot record"),
    (0x70, "decompressed length"),
    (0x71, "decompressed hash"),
    (0x72, "decompressed signature"),
    (0x73, "length to decompress"),
    (0x74, "vendor id"),
    (0x75, "class id"),
];

impl Tlv {
    /// Another image that this one needs, and its version: 12 bytes.
    pub const DEPENDENCY: u16 = 0x40;
    /// Security counter: four bytes.
    pub const SECURITY_COUNTER: u16 = 0x50;

    /// What it is, in words; `None` for kinds that vendors give meaning to.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| *name)
    }
}

/// An image whose header and TLV areas are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The header.
    pub header: Header,
    /// Bytes of the image, header and TLVs included: what identifies it. What follows belongs to the slot.
    pub len: u32,
    /// Bytes of it that its hash and signature cover: all before the TLVs that are not protected.
    pub hashed_len: u32,
}

impl Image {
    /// Reads header and TLV areas, but no payload, through `read` (offset, bytes to fill); `each` sees the entries.
    ///
    /// `room` is how many bytes there are: the length of a file, or the capacity of a slot.
    ///
    /// **Cost**: one read of 32 bytes, one of four for each area and entry; at most 32,768 entries.
    ///
    /// # Errors
    /// [`ImageError`]: no image, or one that cannot be within `room` bytes. Hash and signature are not checked.
    pub fn walk<E>(
        room: u32,
        mut read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
        mut each: impl FnMut(Tlv),
    ) -> Result<Self, ImageError<E>> {
        let mut read = |offset: u32, bytes: &mut [u8]| {
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let end = offset.saturating_add(len);
            if end > room {
                return Err(ImageError::TooLong { expected: room, got: end });
            }
            read(offset, bytes).map_err(|error| ImageError::Read { offset, error })
        };
        let mut bytes = [0; HEADER_BYTES];
        read(0, &mut bytes)?;
        let [m0, m1, m2, m3, ..] = bytes;
        let got = u32::from_le_bytes([m0, m1, m2, m3]);
        let header = Header::parse(&bytes).ok_or(ImageError::NotAnImage { got })?;
        if usize::from(header.header_len) < HEADER_BYTES {
            return Err(ImageError::HeaderLength { got: header.header_len });
        }
        let mut end = add(u32::from(header.header_len), header.payload_len, room)?;
        let mut hashed_len = end;
        let protected = (header.protected_len > 0).then_some(header.protected_len);
        let protected = protected.map(|len| (PROTECTED_MAGIC, Some(len)));
        for (expected, total) in protected.into_iter().chain([(TLV_MAGIC, None)]) {
            let (magic, found) = pair(&mut read, end)?;
            if magic != expected {
                return Err(ImageError::TlvMagic { offset: end, expected, got: magic });
            }
            if let Some(expected) = total
                && expected != found
            {
                return Err(ImageError::ProtectedLength { expected, got: found });
            }
            let protected = magic == PROTECTED_MAGIC;
            let after = add(end, u32::from(found), room)?;
            let mut at = add(end, INFO_BYTES, room)?;
            while at < after {
                let (kind, len) = pair(&mut read, at)?;
                let offset = add(at, INFO_BYTES, room)?;
                at = add(offset, u32::from(len), room)?;
                if at > after {
                    return Err(ImageError::TlvLength { offset, expected: after, got: at });
                }
                each(Tlv { kind, offset, len, protected });
            }
            if at > after {
                return Err(ImageError::TlvLength { offset: end, expected: at, got: after });
            }
            hashed_len = end;
            end = after;
        }
        Ok(Self { header, len: end, hashed_len })
    }

    /// Reads an image in memory; what follows it is left alone.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn find(bytes: &[u8]) -> Result<Self, ImageError<core::convert::Infallible>> {
        Self::find_all(bytes, |_| ())
    }

    /// The same; `each` sees the entries.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn find_all(
        bytes: &[u8],
        each: impl FnMut(Tlv),
    ) -> Result<Self, ImageError<core::convert::Infallible>> {
        let room = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let read = |offset: u32, part: &mut [u8]| {
            let found = bytes.get(offset as usize..).unwrap_or_default();
            for (to, from) in part.iter_mut().zip(found) {
                *to = *from;
            }
            Ok(())
        };
        Self::walk(room, read, each)
    }
}

/// Two numbers of two bytes.
fn pair<E>(
    read: &mut impl FnMut(u32, &mut [u8]) -> Result<(), ImageError<E>>,
    offset: u32,
) -> Result<(u16, u16), ImageError<E>> {
    let mut bytes = [0; 4];
    read(offset, &mut bytes)?;
    let [a0, a1, b0, b1] = bytes;
    Ok((u16::from_le_bytes([a0, a1]), u16::from_le_bytes([b0, b1])))
}

fn add<E>(offset: u32, len: u32, room: u32) -> Result<u32, ImageError<E>> {
    let end = offset.saturating_add(len);
    if end > room { Err(ImageError::TooLong { expected: room, got: end }) } else { Ok(end) }
}

/// Why bytes are not an MCUboot image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError<E> {
    /// Another magic.
    NotAnImage {
        /// What is there; all ones where the slot is erased.
        got: u32,
    },
    /// The header says that it is shorter than its own fields.
    HeaderLength {
        /// Its word.
        got: u16,
    },
    /// The image goes on past the end of the file or slot.
    TooLong {
        /// Bytes that there are.
        expected: u32,
        /// Bytes that there would have to be, at least.
        got: u32,
    },
    /// There is no TLV area where one must be: the image is cut off, or was never signed.
    TlvMagic {
        /// Where.
        offset: u32,
        /// Magic of the area.
        expected: u16,
        /// What is there.
        got: u16,
    },
    /// Header and protected area do not agree on the area's length.
    ProtectedLength {
        /// What the header says.
        expected: u16,
        /// What the area says.
        got: u16,
    },
    /// An entry ends after its area.
    TlvLength {
        /// Where the entry's bytes, or the area, begin.
        offset: u32,
        /// Where the area ends, or has to.
        expected: u32,
        /// Where the entry, or the area, ends.
        got: u32,
    },
    /// The flash cannot be read.
    Read {
        /// Where.
        offset: u32,
        /// The flash's own error.
        error: E,
    },
}

impl<E: fmt::Debug> fmt::Display for ImageError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage { got } => {
                write!(
                    f,
                    "expected an MCUboot image, which begins with {MAGIC:#010x}, found {got:#010x}"
                )
            }
            Self::HeaderLength { got } => {
                write!(
                    f,
                    "expected an MCUboot header of at least {HEADER_BYTES} bytes, found {got}"
                )
            }
            Self::TooLong { expected, got } => {
                write!(
                    f,
                    "expected an MCUboot image within {expected} bytes, found one of {got} at least"
                )
            }
            Self::TlvMagic { offset, expected, got } => {
                write!(f, "expected the TLV area {expected:#06x} at {offset:#x}, found {got:#06x}")
            }
            Self::ProtectedLength { expected, got } => {
                write!(
                    f,
                    "expected {expected} bytes of protected TLVs, as the header says, found {got}"
                )
            }
            Self::TlvLength { offset, expected, got } => {
                write!(f, "expected the TLV at {offset:#x} to end by {expected:#x}, found {got:#x}")
            }
            Self::Read { offset, error } => write!(f, "reading at {offset:#x} failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for ImageError<E> {}

//! Entries of the areas after the payload: hashes, signatures, and what else an image says.
//!
//! **Reference**: MCUboot 2.4, `boot/bootutil/include/bootutil/image.h`.

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

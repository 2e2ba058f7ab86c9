//! What an image is once its file format is out of the way.

use core::fmt;

/// The bytes of one firmware image in the order of their addresses, and what its file said about them.
///
/// Gaps between data are filled with 0xFF, what erased flash reads as; `bytes[0]` is the byte at the lowest address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatImage {
    /// The image as the device's flash holds it.
    pub bytes: Vec<u8>,
    /// Where `bytes[0]` is loaded, if the file says so; raw binaries do not.
    pub address: Option<u32>,
    /// The instruction set, if the file says so.
    pub isa_hint: Option<Isa>,
    /// Parts that run at another address than they are stored at (code copied to RAM, initial values of variables),
    /// as far as the file tells; empty if `address` says it all. Sorted by offset, never overlapping.
    pub regions: Vec<Region>,
    /// Functions and variables named by the file, sorted by address; empty for formats without names.
    pub symbols: Vec<Symbol>,
    /// Named parts of the image, sorted by offset, never overlapping; empty for formats without names.
    pub sections: Vec<Section>,
    /// The format that the image was read from.
    pub source: Format,
    /// What was left out or looked odd while reading.
    pub warnings: Vec<LoadWarning>,
}

impl FlatImage {
    /// An image of bytes about which nothing else is known.
    #[must_use]
    pub fn from_raw(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            address: None,
            isa_hint: None,
            regions: Vec::new(),
            symbols: Vec::new(),
            sections: Vec::new(),
            source: Format::Bin,
            warnings: Vec::new(),
        }
    }
}

/// A file format that firmware comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Raw bytes, no address.
    Bin,
    /// ELF executable, 32 or 64 bits, either byte order.
    Elf,
    /// Intel HEX.
    Hex,
    /// USB Flashing Format.
    Uf2,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bin => "bin",
            Self::Elf => "elf",
            Self::Hex => "hex",
            Self::Uf2 => "uf2",
        })
    }
}

/// An instruction set, as far as patches care: how references look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// Data, or an instruction set that is not recognised.
    #[default]
    None,
    /// Arm Thumb and Thumb-2 (Cortex-M; Thumb code of older cores).
    Thumb,
    /// Arm, 32-bit instructions.
    A32,
    /// Arm, 64-bit.
    AArch64,
    /// RISC-V with 32-bit registers, with or without compressed instructions.
    RiscV,
    /// RISC-V with 64-bit registers.
    RiscV64,
    /// Xtensa, either calling convention, little endian.
    Xtensa,
    /// Xtensa, big endian.
    XtensaBig,
    /// AVR.
    Avr,
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Thumb => "thumb",
            Self::A32 => "a32",
            Self::AArch64 => "aarch64",
            Self::RiscV => "riscv",
            Self::RiscV64 => "riscv64",
            Self::Xtensa => "xtensa",
            Self::XtensaBig => "xtensa-be",
            Self::Avr => "avr",
        })
    }
}

/// A part of an image that is loaded, or runs, at an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// First byte, as an offset into the image.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
    /// Address of the first byte when the firmware runs.
    pub address: u32,
    /// Instruction set of the code in it; `None` for data.
    pub isa: Isa,
}

/// A named function or variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name, as the file spells it.
    pub name: String,
    /// Its address, without the Thumb bit.
    pub address: u32,
    /// Its length in bytes; 0 if the file does not say.
    pub size: u32,
}

/// A part of an image that its file gives a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The name, as the file spells it.
    pub name: String,
    /// First byte, as an offset into the image.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

/// A range of addresses that held data, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first address.
    pub start: u32,
    /// The last address.
    pub last: u32,
    /// Bytes of data inside; less than the range if it has gaps.
    pub data_len: u64,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}-{:#010x} ({} bytes)", self.start, self.last, self.data_len)
    }
}

/// Something about a file that its user should know, though it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadWarning {
    /// Data far away from the image proper was left out.
    DroppedFarData {
        /// What was left out.
        dropped: Span,
        /// What was kept.
        kept: Span,
    },
    /// The same bytes were given twice for an address.
    RepeatedData {
        /// The first address given twice.
        address: u32,
        /// How many bytes of the file were repeats.
        len: u64,
    },
    /// An Intel HEX file without end-of-file record: it may have been cut off.
    MissingEndRecord,
    /// A UF2 file whose block numbers have holes: it may have been cut off.
    MissingBlocks {
        /// How many blocks the file announces.
        expected: u32,
        /// How many it has.
        found: u32,
    },
    /// What follows an MCUboot image in its file, fill and trailer, was left out: it belongs to the slot.
    CutAfterMcubootImage {
        /// Bytes of the image.
        kept: u32,
        /// Bytes left out.
        len: u64,
    },
    /// An MCUboot image whose payload is encrypted or compressed: a patch is nearly as long as the image.
    OpaqueMcubootImage {
        /// `encrypted` or `compressed`.
        how: &'static str,
    },
    /// Blocks of a UF2 file that are not for main flash, or not of the kept family, were left out.
    SkippedBlocks {
        /// How many.
        count: u32,
    },
}

impl fmt::Display for LoadWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DroppedFarData { dropped, kept } => {
                write!(f, "left out data at {dropped}: it is not part of the image at {kept}")
            }
            Self::RepeatedData { address, len } => {
                write!(
                    f,
                    "{len} bytes are given twice with equal content, first at {address:#010x}"
                )
            }
            Self::MissingEndRecord => {
                f.write_str("no end-of-file record: the HEX file may have been cut off")
            }
            Self::MissingBlocks { expected, found } => {
                write!(
                    f,
                    "{found} of {expected} UF2 blocks present: the file may have been cut off"
                )
            }
            Self::CutAfterMcubootImage { kept, len } => {
                write!(
                    f,
                    "left out {len} bytes after the MCUboot image of {kept}: fill and trailer belong to the slot"
                )
            }
            Self::OpaqueMcubootImage { how } => {
                write!(
                    f,
                    "the payload of this MCUboot image is {how}: make the patch between images that are not, and sign those"
                )
            }
            Self::SkippedBlocks { count } => {
                write!(f, "left out {count} UF2 blocks that are not for this image's flash")
            }
        }
    }
}

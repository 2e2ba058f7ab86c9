//! Why a file cannot be read as an image.

use super::flat::{Format, Span};

/// Why a file cannot be read as an image. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Two places of the file give different bytes for one address.
    #[error(
        "two different bytes are given for address {address:#010x}: expected each address once; \
         found {first:#04x} and {second:#04x}; build the file again or merge its parts with a tool that reports overlaps"
    )]
    Overlap {
        /// The lowest such address.
        address: u32,
        /// The byte that comes first in the file.
        first: u8,
        /// The byte that contradicts it.
        second: u8,
    },
    /// Large parts lie so far apart that they cannot be one image.
    #[error(
        "expected one image, found {count} parts far apart: {}; choose one by its address range",
        list(.spans)
    )]
    Ambiguous {
        /// How many parts there are.
        count: usize,
        /// The largest of them, by address.
        spans: Vec<Span>,
    },
    /// Several UF2 families hold large parts.
    #[error("expected one UF2 family, found {}; choose one by its id", families(.found))]
    AmbiguousFamily {
        /// The family ids; `None` for blocks without one.
        found: Vec<Option<u32>>,
    },
    /// The file has no data to put into flash, or none in the chosen range or family.
    #[error("expected data to load, found none in this {format} file{}", hint(*.format))]
    NoData {
        /// The format it was read as.
        format: Format,
    },
    /// The data is spread so thin that most of the image would be filling.
    #[error(
        "expected at most {limit} bytes of gaps between data, found {fill} at {span}; choose an address range"
    )]
    TooSparse {
        /// The range that would have to be filled.
        span: Span,
        /// How many bytes of gaps it has.
        fill: u64,
        /// How many are accepted.
        limit: u64,
    },
    /// Data lies outside of the 32-bit address space, or the image is longer than it.
    #[error(
        "expected addresses below 4 GiB, found data up to {last:#x}; is this firmware for a microcontroller?"
    )]
    AddressTooHigh {
        /// The last address, as far as it could be computed.
        last: u64,
    },
    /// A line of an Intel HEX file is malformed.
    #[error(
        "line {line}: expected an Intel HEX record: {source}; the file is damaged or of another format"
    )]
    HexRecord {
        /// The line number, from 1.
        line: usize,
        /// What is wrong with it.
        source: ihex::ReaderError,
    },
    /// An Intel HEX file has data after its end-of-file record.
    #[error(
        "line {line}: expected no data after the end-of-file record, found some; were files concatenated? merge them with a tool that knows the format"
    )]
    HexAfterEnd {
        /// The line number, from 1.
        line: usize,
    },
    /// An Intel HEX file has bytes that are not text.
    #[error("expected an Intel HEX file of text, found byte {byte:#04x} at offset {offset}")]
    HexNotText {
        /// Where.
        offset: usize,
        /// The byte there.
        byte: u8,
    },
    /// An ELF file is malformed.
    #[error("expected an ELF file: {0}; the file is damaged or cut off")]
    Elf(#[from] object::read::Error),
    /// A segment of an ELF file lies beyond its end.
    #[error(
        "expected a segment of {len} bytes at file offset {offset}, found a file of {file_len} bytes; it is cut off"
    )]
    ElfSegment {
        /// Where the segment should begin.
        offset: u64,
        /// How long it should be.
        len: u64,
        /// How long the file is.
        file_len: usize,
    },
    /// A UF2 block is malformed.
    #[error("UF2 block {block}: expected {expected}, found {found:#x}; the file is damaged")]
    Uf2Block {
        /// Which block of the file, from 0.
        block: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: u32,
    },
    /// A UF2 file ends within a block.
    #[error(
        "expected UF2 blocks of 512 bytes, found {rest} bytes after the last; the file is cut off"
    )]
    Uf2Length {
        /// Bytes after the last whole block.
        rest: usize,
    },
}

fn list(spans: &[Span]) -> String {
    spans.iter().map(Span::to_string).collect::<Vec<_>>().join(", ")
}

fn families(found: &[Option<u32>]) -> String {
    let name = |family: &Option<u32>| match family {
        Some(id) => format!("{id:#010x}"),
        None => "none".to_owned(),
    };
    found.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn hint(format: Format) -> &'static str {
    match format {
        Format::Elf => "; link it to an executable first",
        Format::Bin | Format::Hex | Format::Uf2 => "; check the range and the file",
    }
}

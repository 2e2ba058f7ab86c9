//! Writes a program with its input as one ELF file, to be run by whatever runs such files.

use emulator::Program;
use emulator::elf::Segment;

use crate::failure::Failure;

const HEADER_BYTES: usize = 52;
const SEGMENT_BYTES: usize = 32;
const ALIGN: usize = 4;

/// An executable of the program's segments and `more`.
///
/// **Reference**: Tool Interface Standard ELF specification 1.2, figures 1-3 and 2-1.
pub(super) fn compose(program: &Program, more: &[Segment]) -> Result<Vec<u8>, Failure> {
    let segments: Vec<&Segment> = program.segments.iter().chain(more).collect();
    let word = |value: usize| u32::try_from(value).map_err(|_| Failure::new("ELF file too long"));
    let count = u16::try_from(segments.len()).map_err(|_| Failure::new("too many segments"))?;

    let mut elf = vec![0x7F, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    // Executable, Arm, version 1.
    for half in [2u16, 40, 1, 0] {
        elf.extend(half.to_le_bytes());
    }
    // Entry, program headers, no sections, EABI version 5.
    for value in [program.entry, word(HEADER_BYTES)?, 0, 0x0500_0000] {
        elf.extend(value.to_le_bytes());
    }
    for half in [52u16, 32, count, 40, 0, 0] {
        elf.extend(half.to_le_bytes());
    }

    let mut offset = HEADER_BYTES + SEGMENT_BYTES * segments.len();
    for segment in &segments {
        let flags = if segment.writable { 6 } else { 5 };
        let fields = [
            1,
            word(offset)?,
            segment.address,
            segment.load_address,
            word(segment.bytes.len())?,
            segment.len_bytes,
            flags,
            word(ALIGN)?,
        ];
        for field in fields {
            elf.extend(field.to_le_bytes());
        }
        offset += segment.bytes.len().next_multiple_of(ALIGN);
    }
    for segment in segments {
        elf.extend(&segment.bytes);
        elf.resize(elf.len().next_multiple_of(ALIGN), 0);
    }
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let segment = |address, bytes: &[u8], len_bytes, writable| Segment {
            address,
            load_address: address,
            bytes: bytes.to_vec(),
            len_bytes,
            writable,
        };
        let code = segment(0x0800_0000, &[1, 2, 3], 3, false);
        let data = segment(0x2000_0000, &[], 100, true);
        let program = Program { entry: 0x0800_0001, segments: vec![code], symbols: Vec::new() };
        let elf = compose(&program, core::slice::from_ref(&data)).unwrap_or_default();
        let mut expected = program;
        expected.segments.push(data);
        assert_eq!(Program::parse(&elf), Ok(expected));
    }
}

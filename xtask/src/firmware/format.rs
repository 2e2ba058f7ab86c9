//! Turns the linker's ELF file into the formats that firmware travels in.

use ihex::Record;
use object::{
    elf::{FileHeader32, PT_LOAD},
    endian::LittleEndian,
    read::elf::{FileHeader, ProgramHeader},
};

use crate::failure::Failure;

/// An image as it lies in flash.
pub(super) struct Flat {
    pub(super) address: u32,
    pub(super) bytes: Vec<u8>,
}

/// Loadable segments at their physical addresses, gaps filled with 0xFF.
pub(super) fn flatten(elf: &[u8]) -> Result<Flat, Failure> {
    let segments = segments(elf)?;
    let start = segments.iter().map(|segment| segment.0).min();
    let address = start.ok_or_else(|| Failure::new("expected loadable segments, found none"))?;
    let mut bytes = Vec::new();
    for (at, data) in segments {
        let offset = usize::try_from(at - address).map_err(|_| too_large())?;
        let end = offset + data.len();
        if bytes.len() < end {
            bytes.resize(end, 0xFF);
        }
        if let Some(room) = bytes.get_mut(offset..end) {
            room.copy_from_slice(data);
        }
    }
    Ok(Flat { address, bytes })
}

fn segments(elf: &[u8]) -> Result<Vec<(u32, &[u8])>, Failure> {
    let header = FileHeader32::<LittleEndian>::parse(elf).map_err(malformed)?;
    let endian = header.endian().map_err(malformed)?;
    let mut segments = Vec::new();
    for segment in header.program_headers(endian, elf).map_err(malformed)? {
        let data = segment.data(endian, elf).map_err(|()| malformed("segment outside the file"))?;
        if segment.p_type(endian) == PT_LOAD && !data.is_empty() {
            segments.push((segment.p_paddr(endian), data));
        }
    }
    Ok(segments)
}

fn malformed(reason: impl core::fmt::Display) -> Failure {
    Failure::new(format!("expected a 32-bit little-endian ELF file: {reason}"))
}

fn too_large() -> Failure {
    Failure::new("image is too large for this format")
}

/// Intel HEX with records of 32 bytes; a record must not cross a boundary of 64 KiB.
pub(super) fn hex(flat: &Flat) -> Result<String, Failure> {
    let mut records = Vec::new();
    let mut upper = None;
    for (address, chunk) in chunks(flat, 32) {
        let [high, low] = [address >> 16, address & 0xFFFF].map(|half| u16::try_from(half).ok());
        let (Some(high), Some(low)) = (high, low) else { return Err(too_large()) };
        if usize::from(low) + chunk.len() > 0x1_0000 {
            return Err(Failure::new("expected an image address that is a multiple of 32"));
        }
        if upper.replace(high) != Some(high) {
            records.push(Record::ExtendedLinearAddress(high));
        }
        records.push(Record::Data { offset: low, value: chunk.to_vec() });
    }
    records.push(Record::EndOfFile);
    ihex::create_object_file_representation(&records)
        .map_err(|error| Failure::new(format!("Intel HEX writer: {error}")))
}

/// UF2: blocks of 512 bytes that carry 256 each.
///
/// **Reference** "USB Flashing Format (UF2)", microsoft/uf2 README, file format and family ID.
pub(super) fn uf2(flat: &Flat, family: u32) -> Result<Vec<u8>, Failure> {
    const FAMILY_PRESENT: u32 = 0x2000;
    let count = u32::try_from(flat.bytes.len().div_ceil(256)).map_err(|_| too_large())?;
    let mut file = Vec::new();
    for (number, (address, chunk)) in (0..).zip(chunks(flat, 256)) {
        let mut block = Vec::with_capacity(512);
        let head = [0x0A32_4655, 0x9E5D_5157, FAMILY_PRESENT, address, 256, number, count, family];
        block.extend(head.iter().flat_map(|word| word.to_le_bytes()));
        block.extend(chunk);
        block.resize(32 + 256, 0xFF);
        block.resize(508, 0);
        block.extend(0x0AB1_6F30_u32.to_le_bytes());
        file.extend(block);
    }
    Ok(file)
}

/// The image in pieces of `size`, each with its address.
fn chunks(flat: &Flat, size: u32) -> impl Iterator<Item = (u32, &[u8])> {
    let addresses = (flat.address..).step_by(usize::try_from(size).unwrap_or(1));
    addresses.zip(flat.bytes.chunks(usize::try_from(size).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_names_the_upper_half_when_it_changes() {
        let flat = Flat { address: 0x0800_FFE0, bytes: vec![0xA5; 40] };
        let text = hex(&flat).unwrap_or_default();
        let starts: Vec<&str> = text.lines().filter_map(|line| line.get(..9)).collect();
        assert_eq!(starts, [":02000004", ":20FFE000", ":02000004", ":08000000", ":00000001"]);
    }

    #[test]
    fn uf2_blocks_are_padded_as_erased_flash() {
        let flat = Flat { address: 0x0800_0000, bytes: vec![0; 257] };
        let file = uf2(&flat, 7).unwrap_or_default();
        assert_eq!(file.len(), 1024);
        assert_eq!(file.get(512 + 12..512 + 16), Some([0, 1, 0, 8].as_slice()));
        assert_eq!(file.get(512 + 32..512 + 35), Some([0, 0xFF, 0xFF].as_slice()));
    }

    #[test]
    fn something_else_is_refused() {
        assert!(flatten(b"not an ELF file").is_err());
    }
}

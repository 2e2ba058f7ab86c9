//! Small files of each format, built by hand from the formats' definitions for tests.

/// Intel HEX of data at addresses: 16 bytes a record, then an end record.
pub(super) fn hex(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut text = String::new();
    let mut record = |kind: u8, offset: u16, data: &[u8]| {
        let mut bytes = vec![u8::try_from(data.len()).unwrap()];
        bytes.extend(offset.to_be_bytes());
        bytes.push(kind);
        bytes.extend(data);
        let sum = bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
        bytes.push(sum.wrapping_neg());
        text.push(':');
        text.extend(bytes.iter().map(|byte| format!("{byte:02X}")));
        text.push_str("\r\n");
    };
    for (address, data) in parts {
        for (index, line) in data.chunks(16).enumerate() {
            let address = address + u32::try_from(16 * index).unwrap();
            record(4, 0, &address.to_be_bytes()[..2]);
            record(0, u16::try_from(address & 0xffff).unwrap(), line);
        }
    }
    record(1, 0, &[]);
    text.into_bytes()
}

/// UF2 blocks of at most 256 bytes of data each.
pub(super) fn uf2(parts: &[(u32, &[u8])], family: u32) -> Vec<u8> {
    let blocks: Vec<(u32, &[u8])> = parts
        .iter()
        .flat_map(|&(address, data)| {
            data.chunks(256)
                .enumerate()
                .map(move |(index, chunk)| (address + u32::try_from(256 * index).unwrap(), chunk))
        })
        .collect();
    let count = u32::try_from(blocks.len()).unwrap();
    let numbered = blocks.iter().zip(0..);
    numbered
        .flat_map(|(&(address, data), number)| {
            uf2_block(0x2000, address, number, count, family, data)
        })
        .collect()
}

/// One UF2 block.
pub(super) fn uf2_block(
    flags: u32,
    address: u32,
    number: u32,
    count: u32,
    family: u32,
    data: &[u8],
) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap();
    let mut block: Vec<u8> = [0x0a32_4655, 0x9e5d_5157, flags, address, len, number, count, family]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect();
    block.extend(data);
    block.resize(508, 0);
    block.extend(0x0ab1_6f30_u32.to_le_bytes());
    block
}

/// A loaded part of an ELF file.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElfPart<'a> {
    pub(super) stored: u32,
    pub(super) runs: u32,
    pub(super) executable: bool,
    pub(super) data: &'a [u8],
    /// Bytes in memory beyond the data.
    pub(super) zeros: u32,
}

impl<'a> ElfPart<'a> {
    /// Code that runs where it is stored.
    pub(super) fn code(address: u32, data: &'a [u8]) -> Self {
        Self { stored: address, runs: address, executable: true, data, zeros: 0 }
    }
}

/// An ELF file for Arm with one segment a part, and one section a part if `sections`.
///
/// ```text
/// file header (52)  program headers (32 each)  data  [section names  section headers (40 each)]
/// ```
pub(super) fn elf(parts: &[ElfPart<'_>], sections: bool) -> Vec<u8> {
    let count = u32::try_from(parts.len()).unwrap();
    let data_at = 52 + 32 * count;
    let mut offsets = Vec::new();
    let mut data = Vec::new();
    for part in parts {
        offsets.push(data_at + u32::try_from(data.len()).unwrap());
        data.extend(part.data);
    }
    // One empty name for all sections: string table of a single NUL.
    let names_at = data_at + u32::try_from(data.len()).unwrap();
    data.push(0);
    data.resize(data.len().next_multiple_of(4), 0);
    let sections_at = data_at + u32::try_from(data.len()).unwrap();

    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, value: u32| {
        file.extend(u16::try_from(value).unwrap().to_le_bytes());
    };
    let words = |file: &mut Vec<u8>, values: &[u32]| {
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    half(&mut file, 2); // ET_EXEC
    half(&mut file, 40); // EM_ARM
    let entry = parts.first().map_or(0, |part| part.runs | 1);
    words(&mut file, &[1, entry, 52, if sections { sections_at } else { 0 }, 0]);
    let section_count = if sections { count + 2 } else { 0 };
    let names_index = if sections { count + 1 } else { 0 };
    for value in [52, 32, count, 40, section_count, names_index] {
        half(&mut file, value);
    }
    for (part, &offset) in parts.iter().zip(&offsets) {
        let len = u32::try_from(part.data.len()).unwrap();
        let flags = 4 | u32::from(part.executable);
        words(&mut file, &[1, offset, part.runs, part.stored, len, len + part.zeros, flags, 4]);
    }
    file.extend(data);
    if sections {
        words(&mut file, &[0; 10]);
        for (part, &offset) in parts.iter().zip(&offsets) {
            let len = u32::try_from(part.data.len()).unwrap();
            let (kind, len) = if len == 0 { (8, part.zeros) } else { (1, len) };
            let flags = 2 | if part.executable { 4 } else { 0 };
            words(&mut file, &[0, kind, flags, part.runs, offset, len, 0, 0, 4, 0]);
        }
        words(&mut file, &[0, 3, 0, 0, names_at, 1, 0, 0, 1, 0]);
    }
    file
}

/// Bytes without a pattern, the same for the same seed.
pub(super) fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    core::iter::repeat_with(|| {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(len)
    .collect()
}

//! Finds in a linked image the places where it may panic.
//!
//! A `core::panic::Location` lies in the constants as four words: address and length of the file name, line, column. The
//! layout is not promised by the language, so this is a help for people and decides nothing.

use object::{
    elf::{FileHeader32, SHF_ALLOC},
    endian::LittleEndian,
    read::elf::{FileHeader, SectionHeader},
};

/// `file:line:column` of each place, sorted.
pub(super) fn of_panics(elf: &[u8]) -> Vec<String> {
    let sections = sections(elf).unwrap_or_default();
    let mut places: Vec<String> = sections
        .iter()
        .flat_map(|(_, bytes)| bytes.windows(16).step_by(4))
        .filter_map(|window| place(window, &sections))
        .collect();
    places.sort();
    places.dedup();
    places
}

/// Address and content of everything that is loaded.
fn sections(elf: &[u8]) -> object::Result<Vec<(u32, &[u8])>> {
    let header = FileHeader32::<LittleEndian>::parse(elf)?;
    let endian = header.endian()?;
    let mut sections = Vec::new();
    for section in header.sections(endian, elf)?.iter() {
        if section.sh_flags(endian) & SHF_ALLOC == SHF_ALLOC {
            sections.push((section.sh_addr(endian), section.data(endian, elf)?));
        }
    }
    Ok(sections)
}

fn place(window: &[u8], sections: &[(u32, &[u8])]) -> Option<String> {
    let mut words = window.chunks_exact(4).filter_map(|word| word.try_into().ok());
    let mut next = || words.next().map(u32::from_le_bytes);
    let (address, length, line, column) = (next()?, next()?, next()?, next()?);
    if !(4..256).contains(&length) || line > 1_000_000 || column > 10_000 {
        return None;
    }
    let name = sections.iter().find_map(|(start, bytes)| {
        let from = usize::try_from(address.checked_sub(*start)?).ok()?;
        bytes.get(from..)?.get(..usize::try_from(length).ok()?)
    })?;
    let name = core::str::from_utf8(name).ok().filter(|name| name.ends_with(".rs"))?;
    Some(format!("{name}:{line}:{column}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_recognised_by_its_file_name() {
        let name = b"src/some.rs".as_slice();
        let sections = [(0x100, name)];
        let words = |words: [u32; 4]| words.map(u32::to_le_bytes).concat();
        let found = place(&words([0x100, 11, 7, 9]), &sections);
        assert_eq!(found.as_deref(), Some("src/some.rs:7:9"));
        assert_eq!(place(&words([0x100, 8, 7, 9]), &sections), None);
        assert_eq!(place(&words([0x900, 11, 7, 9]), &sections), None);
    }
}

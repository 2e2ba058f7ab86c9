use super::parse;
use crate::image::chunks::{Moved, flatten};
use crate::image::error::LoadError;
use crate::image::fixtures::{ElfPart, elf};
use crate::image::flat::Isa;

#[test]
fn sections_keep_padding_of_segments_out() {
    // One segment over header, program header and code, as GNU ld makes it without -n; the section is the code alone.
    let code = [0x70, 0x47, 0x00, 0xbf];
    let mut file = elf(&[ElfPart::code(0x0800_0054, &code)], true);
    let segment = 52;
    file[segment + 4..segment + 8].copy_from_slice(&0_u32.to_le_bytes()); // p_offset
    file[segment + 8..segment + 12].copy_from_slice(&0x0800_0000_u32.to_le_bytes()); // p_vaddr
    file[segment + 12..segment + 16].copy_from_slice(&0x0800_0000_u32.to_le_bytes()); // p_paddr
    file[segment + 16..segment + 20].copy_from_slice(&88_u32.to_le_bytes()); // p_filesz
    let flat = flatten(parse(&file).unwrap().chunks, None).unwrap().unwrap();
    assert_eq!((flat.address, flat.bytes.as_slice()), (0x0800_0054, &code[..]));
}

#[test]
fn absent_physical_addresses_are_taken_from_virtual_ones() {
    let mut part = ElfPart::code(0x1_0000, &[1, 2, 3, 4]);
    part.stored = 0;
    let file = elf(&[part], true);
    let flat = flatten(parse(&file).unwrap().chunks, None).unwrap().unwrap();
    assert_eq!(flat.address, 0x1_0000);
}

#[test]
fn parts_that_run_elsewhere_are_reported() {
    let parts = [
        ElfPart::code(0x0800_0000, &[1; 8]),
        ElfPart {
            stored: 0x0800_0008,
            runs: 0x2000_0000,
            executable: true,
            data: &[2; 4],
            zeros: 0,
        },
        ElfPart {
            stored: 0x0800_000c,
            runs: 0x2000_1000,
            executable: false,
            data: &[3; 4],
            zeros: 0,
        },
    ];
    for sections in [false, true] {
        let file = elf(&parts, sections);
        let moved = parse(&file).unwrap().moved;
        assert_eq!(
            moved[1..],
            [
                Moved { stored: 0x0800_0008, len: 4, runs: 0x2000_0000, isa: Isa::Thumb },
                Moved { stored: 0x0800_000c, len: 4, runs: 0x2000_1000, isa: Isa::None },
            ]
        );
    }
}

#[test]
fn any_cut_gives_an_error_or_a_shorter_view_but_no_panic() {
    let file = elf(&[ElfPart::code(0x0800_0000, &[7; 64])], true);
    for len in 0..file.len() {
        match parse(&file[..len]) {
            Err(LoadError::Elf(_) | LoadError::ElfSegment { .. }) => {}
            other => panic!("cut at {len}: {other:?}"),
        }
    }
}

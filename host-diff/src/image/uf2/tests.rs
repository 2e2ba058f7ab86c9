use super::{FLAG_FAMILY, FLAG_FILE_CONTAINER, FLAG_NOT_MAIN_FLASH, parse};
use crate::image::chunks::flatten;
use crate::image::error::LoadError;
use crate::image::fixtures::{uf2, uf2_block};
use crate::image::flat::LoadWarning;

const FAMILY: u32 = 0xe48b_ff56;

fn bytes(file: &[u8], family: Option<u32>) -> (Vec<u8>, Vec<LoadWarning>) {
    let parsed = parse(file, family).unwrap();
    let flat = flatten(parsed.chunks, None).unwrap();
    (flat.map(|flat| flat.bytes).unwrap_or_default(), parsed.warnings)
}

#[test]
fn block_order_does_not_matter() {
    let data: Vec<u8> = (0..=255).cycle().take(700).collect();
    let file = uf2(&[(0x1000_0000, &data)], FAMILY);
    let reversed: Vec<u8> = file.chunks(512).rev().flatten().copied().collect();
    assert_eq!(bytes(&file, None), (data.clone(), Vec::new()));
    assert_eq!(bytes(&reversed, None), (data, Vec::new()));
}

#[test]
fn blocks_for_other_places_are_left_out_with_a_warning() {
    let mut file = uf2(&[(0, &[5; 100])], FAMILY);
    for flag in [FLAG_NOT_MAIN_FLASH, FLAG_FILE_CONTAINER] {
        file.extend(uf2_block(FLAG_FAMILY | flag, 0, 0, 1, FAMILY, &[9; 100]));
    }
    assert_eq!(bytes(&file, None), (vec![5; 100], vec![LoadWarning::SkippedBlocks { count: 2 }]));
}

#[test]
fn a_marker_block_of_another_family_is_left_out() {
    let mut file = uf2_block(FLAG_FAMILY, 0x10ff_ff00, 0, 2, 0xe48b_ff57, &[0xef; 256]);
    file.extend(uf2(&[(0x1000_0000, &[5; 4096])], FAMILY));
    assert_eq!(bytes(&file, None), (vec![5; 4096], vec![LoadWarning::SkippedBlocks { count: 1 }]));
}

#[test]
fn two_large_families_need_a_choice() {
    let other = 0x1111_2222;
    let file = [uf2(&[(0, &[1; 300])], FAMILY), uf2(&[(0, &[2; 400])], other)].concat();
    let found = parse(&file, None).unwrap_err();
    let LoadError::AmbiguousFamily { found } = found else { panic!("{found}") };
    assert_eq!(found, [Some(other), Some(FAMILY)]);
    assert_eq!(bytes(&file, Some(FAMILY)).0, [1; 300]);
    assert_eq!(bytes(&file, Some(other)).0, [2; 400]);
}

#[test]
fn missing_blocks_are_a_warning() {
    let file = uf2(&[(0, &[1; 1024])], FAMILY);
    let (_, warnings) = bytes(&file[..3 * 512], None);
    assert_eq!(warnings, [LoadWarning::MissingBlocks { expected: 4, found: 3 }]);
}

#[test]
fn damaged_blocks_are_named() {
    let good = uf2(&[(0, &[1; 300])], FAMILY);
    for (at, expected) in [
        (512, "the block magic"),
        (516, "the block magic"),
        (1020, "the block magic"),
        (512 + 17, "at most 476 bytes of data"),
    ] {
        let mut file = good.clone();
        file[at] ^= 0x40;
        let found = parse(&file, None).unwrap_err();
        let LoadError::Uf2Block { block: 1, expected: said, .. } = found else { panic!("{found}") };
        assert_eq!(said, expected);
    }
    let found = parse(&good[..600], None).unwrap_err();
    assert!(matches!(found, LoadError::Uf2Length { rest: 88 }), "{found}");
}

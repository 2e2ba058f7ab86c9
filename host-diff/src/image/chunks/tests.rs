use super::{Chunk, FILL_LIMIT, Flat, GAP_LIMIT, Moved, flatten, runtime_regions};
use crate::image::error::LoadError;
use crate::image::flat::{FlatImage, Isa, LoadWarning, Region};

fn chunk(address: u64, bytes: &[u8]) -> Chunk<'_> {
    Chunk::new(address, bytes).unwrap().unwrap()
}

fn flat(chunks: &[(u64, &[u8])]) -> Result<Flat, LoadError> {
    let chunks = chunks.iter().map(|&(address, bytes)| chunk(address, bytes)).collect();
    flatten(chunks, None).map(Option::unwrap)
}

#[test]
fn order_does_not_matter_and_gaps_read_as_erased() {
    let found = flat(&[(0x104, b"cd"), (0x100, b"ab")]).unwrap();
    assert_eq!((found.address, found.bytes.as_slice()), (0x100, &b"ab\xff\xffcd"[..]));
}

#[test]
fn equal_bytes_twice_are_a_warning_and_different_ones_an_error() {
    let found = flat(&[(10, b"abcd"), (12, b"cdef"), (11, b"b")]).unwrap();
    assert_eq!(found.bytes, b"abcdef");
    assert_eq!(found.warnings, [LoadWarning::RepeatedData { address: 11, len: 3 }]);
    let found = flat(&[(10, b"abcd"), (12, b"cXef")]).unwrap_err();
    assert!(
        matches!(found, LoadError::Overlap { address: 13, first: b'd', second: b'X' }),
        "{found}"
    );
}

#[test]
fn a_gap_at_the_limit_is_filled_and_a_longer_one_divides() {
    let gap = u64::from(GAP_LIMIT);
    let found = flat(&[(0, &[1; 9]), (8 + gap, &[2])]).unwrap();
    assert_eq!(found.bytes.len(), usize::try_from(gap + 9).unwrap());
    let found = flat(&[(0, &[1; 9]), (9 + gap, &[2])]).unwrap();
    assert_eq!(found.bytes, [1; 9]);
    assert_eq!(found.warnings.len(), 1);
}

#[test]
fn the_largest_part_stays_wherever_it_is() {
    let found = flat(&[(0, &[1; 8]), (0x1000_0000, &[2; 64]), (0x2000_0000, &[3; 8])]).unwrap();
    assert_eq!((found.address, found.bytes), (0x1000_0000, vec![2; 64]));
    assert_eq!(found.warnings.len(), 2);
}

#[test]
fn a_chain_of_small_gaps_is_too_sparse() {
    let count = FILL_LIMIT / u64::from(GAP_LIMIT) + 2;
    let chunks: Vec<Chunk<'_>> =
        (0..count).map(|index| chunk(index * u64::from(GAP_LIMIT), &[1])).collect();
    let found = flatten(chunks, None).unwrap_err();
    assert!(matches!(found, LoadError::TooSparse { limit: FILL_LIMIT, .. }), "{found}");
}

#[test]
fn the_last_address_is_usable_and_the_next_is_not() {
    assert_eq!(flat(&[(0xffff_ffff, &[7])]).unwrap().address, 0xffff_ffff);
    let found = Chunk::new(0xffff_ffff, &[7, 8][..]).unwrap_err();
    assert!(matches!(found, LoadError::AddressTooHigh { last: 0x1_0000_0000 }), "{found}");
    let mut last = chunk(0xffff_fffe, &[1]);
    assert!(!last.extend(0xffff_ffff, &[2, 3]));
    assert!(last.extend(0xffff_ffff, &[2]));
}

#[test]
fn a_range_cuts_chunks() {
    let chunks = vec![chunk(0x100, b"abcdef"), chunk(0x200, b"x")];
    let found = flatten(chunks.clone(), Some(0x102..=0x104)).unwrap().unwrap();
    assert_eq!((found.address, found.bytes.as_slice()), (0x102, &b"cde"[..]));
    assert!(flatten(chunks, Some(0x106..=0x1ff)).unwrap().is_none());
}

#[test]
fn runtime_regions_are_clipped_and_joined() {
    let image = FlatImage { address: Some(0x100), ..FlatImage::from_raw(vec![0; 0x80]) };
    let part = |stored, len, runs, isa| Moved { stored, len, runs, isa };
    let found = runtime_regions(
        &image,
        &[
            part(0x170, 0x20, 0x2000_0100, Isa::None), // beyond the end
            part(0x150, 0x10, 0x2000_0010, Isa::None), // follows the next in file and memory
            part(0x140, 0x10, 0x2000_0000, Isa::None),
            part(0x100, 0x10, 0x100, Isa::Thumb), // runs where it is stored
            part(0xf0, 0x18, 0x1000_0000, Isa::Thumb), // begins before the image
        ],
    );
    let region = |offset, len, address, isa| Region { offset, len, address, isa };
    assert_eq!(
        found,
        [
            region(0, 8, 0x1000_0010, Isa::Thumb),
            region(0x40, 0x20, 0x2000_0000, Isa::None),
            region(0x70, 0x10, 0x2000_0100, Isa::None),
        ]
    );
}

use super::super::super::fixtures::noise;
use super::super::super::flat::{FlatImage, Isa, Region};
use super::super::fixtures::{Plan, thumb};
use super::{Confidence, detect, detect_pair};

const PLAN: Plan = Plan { address: 0x0802_0000, functions: 200, vectors: false, seed: 1 };

fn raw(bytes: Vec<u8>) -> FlatImage {
    FlatImage::from_raw(bytes)
}

#[test]
fn the_address_is_found_wherever_it_is() {
    for vectors in [false, true] {
        for address in [0, 0x4000, 0x0800_0000, 0x0802_0100, 0x1000_0204, 0x9000_0000, 0xfff0_0000]
        {
            let found = detect(&raw(thumb(Plan { address, vectors, ..PLAN })));
            assert_eq!(found.isa, Isa::Thumb, "{address:#x}");
            assert_eq!(found.address, Some(address), "{address:#x} {:?}", found.evidence);
            assert_eq!(found.confidence, Confidence::High, "{address:#x} {:?}", found.evidence);
            assert_eq!(found.evidence.vector_table, vectors.then_some(0));
        }
    }
}

#[test]
fn a_header_moves_the_start_but_not_the_code() {
    let code = thumb(Plan { vectors: true, ..PLAN });
    // MCUboot: magic, load address, header size.
    let mut image = [&0x96f3_b83d_u32.to_le_bytes()[..], &[0; 4], &[0x00, 0x02]].concat();
    image.resize(0x200, 0);
    image.extend(&code);
    let found = detect(&raw(image));
    assert_eq!(found.address, Some(PLAN.address - 0x200), "{:?}", found.evidence);
    assert_eq!(found.confidence, Confidence::High);
    assert_eq!(found.evidence.vector_table, Some(0x200));
}

#[test]
fn a_vector_table_for_another_address_lowers_confidence() {
    let mut image = thumb(Plan { vectors: true, ..PLAN });
    for handler in image[4..64].chunks_exact_mut(4) {
        if handler != [0; 4] {
            handler[0] = handler[0].wrapping_add(2);
        }
    }
    let found = detect(&raw(image));
    assert_eq!(found.address, Some(PLAN.address));
    assert_eq!(found.confidence, Confidence::Low);
}

#[test]
fn a_weak_image_follows_its_partner() {
    let strong = raw(thumb(PLAN));
    let weak = raw(thumb(Plan { functions: 6, seed: 2, ..PLAN }));
    assert_eq!(detect(&weak).isa, Isa::None);
    for (base, target) in [(&strong, &weak), (&weak, &strong)] {
        let (base, target) = detect_pair(base, target);
        assert_eq!((base.address, target.address), (Some(PLAN.address), Some(PLAN.address)));
        assert_eq!((base.isa, target.isa), (Isa::Thumb, Isa::Thumb));
        assert_eq!((base.confidence, target.confidence), (Confidence::High, Confidence::High));
    }
}

#[test]
fn a_given_address_is_followed_by_an_undecided_partner_only() {
    let base = FlatImage { address: Some(0x0804_0000), ..raw(thumb(PLAN)) };
    let undecided = raw(thumb(Plan { functions: 6, address: 0x0804_0000, ..PLAN }));
    let (_, target) = detect_pair(&base, &undecided);
    assert_eq!((target.isa, target.address), (Isa::Thumb, base.address));
    let (base, target) = detect_pair(&base, &raw(thumb(Plan { seed: 9, ..PLAN })));
    assert_eq!((target.address, target.confidence), (Some(PLAN.address), Confidence::High));
    // The evidence speaks against what was given.
    assert_eq!((base.address, base.confidence), (Some(0x0804_0000), Confidence::Given));
    assert_eq!((base.evidence.margin_bits, base.evidence.runner_up), (0, Some(PLAN.address)));
}

#[test]
fn two_slots_keep_their_addresses() {
    let base = raw(thumb(PLAN));
    let target = raw(thumb(Plan { address: 0x0806_0000, seed: 3, ..PLAN }));
    let (base, target) = detect_pair(&base, &target);
    assert_eq!((base.address, target.address), (Some(PLAN.address), Some(0x0806_0000)));
    assert_eq!((base.confidence, target.confidence), (Confidence::High, Confidence::High));
}

#[test]
fn a_given_address_wins() {
    let bytes = thumb(PLAN);
    let len = u32::try_from(bytes.len()).unwrap();
    let image = FlatImage { address: Some(0x1234_0000), ..raw(bytes) };
    let found = detect(&image);
    assert_eq!((found.address, found.confidence), (Some(0x1234_0000), Confidence::Given));
    let whole = Region { offset: 0, len, address: 0x1234_0000, isa: Isa::Thumb };
    assert_eq!(found.regions, [whole]);
    assert_eq!((found.evidence.margin_bits, found.evidence.runner_up), (0, Some(PLAN.address)));
    let found = detect(&FlatImage { address: Some(PLAN.address), ..image });
    assert!(found.evidence.margin_bits >= 20, "{:?}", found.evidence);
}

#[test]
fn data_is_nothing() {
    let mut images: Vec<Vec<u8>> = (0..8).map(|len| noise(len, 7)).collect();
    images.extend((9..17).map(|bits| noise(1 << bits, bits)));
    images.extend([vec![0; 5000], vec![0xff; 5000], b"text without end ".repeat(300)]);
    for image in images {
        let len = image.len();
        let found = detect(&raw(image));
        assert_eq!((found.isa, found.address), (Isa::None, None), "{len} bytes");
        assert_eq!((found.confidence, found.regions), (Confidence::None, Vec::new()));
    }
}

#[test]
fn noise_behind_a_known_magic_does_no_harm() {
    for len in [4, 8, 10, 12, 16, 24, 32, 64, 1000] {
        for magic in [&[0xe9, 1][..], &0x96f3_b83d_u32.to_le_bytes()] {
            let mut bytes = noise(len, 5);
            bytes[..magic.len()].copy_from_slice(magic);
            assert_eq!(detect(&raw(bytes)).confidence, Confidence::None);
        }
    }
}

#[test]
fn parts_that_run_elsewhere_split_the_image() {
    let isa = Isa::Thumb;
    let elsewhere = [
        Region { offset: 0, len: 0x10, address: 0x2000_0000, isa },
        Region { offset: 0x40, len: 0x20, address: 0x2000_0100, isa: Isa::None },
    ];
    let image = FlatImage {
        address: Some(0x0800_0000),
        isa_hint: Some(isa),
        regions: elsewhere.to_vec(),
        ..raw(vec![0; 0x60])
    };
    let plain = Region { offset: 0x10, len: 0x30, address: 0x0800_0010, isa };
    assert_eq!(detect(&image).regions, [elsewhere[0], plain, elsewhere[1]]);
    let end = FlatImage { address: Some(u32::MAX - 0x2f), ..image };
    assert_eq!(detect(&end).regions, []);
}

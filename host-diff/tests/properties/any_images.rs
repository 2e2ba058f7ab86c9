//! Arbitrary bytes as images.

use host_diff::digest::sha256;
use host_diff::{IsaChoice, Options, apply, create_full};
use patcher_core::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use rig::hostile;
use rig::random::Random;
use rig::trial::Trial;

use super::{at, cases, image, level, round_trip, thumb};

/// Images at the edges of what an image can be.
fn edges() -> Vec<Vec<u8>> {
    let (base, target) = rig::firmware::pair(1, 12);
    vec![
        vec![],
        vec![0],
        vec![0xFF],
        vec![0xFF; 3],
        vec![0xFF; 5000],
        vec![0; 4096],
        (0..=255).collect(),
        Random::new(5).bytes(300),
        base,
        target,
    ]
}

#[test]
fn every_edge_becomes_every_other() {
    for base in edges() {
        for target in edges() {
            round_trip(&base, &target, &level(2));
        }
    }
}

#[test]
fn full_images_need_no_base() {
    for target in edges() {
        let patch = create_full(&image(&target), &Options::default()).expect("a full image");
        assert_eq!(patch.header.kind, Kind::Full);
        for base in [&[][..], b"anything"] {
            assert_eq!(apply::apply(base, &patch.bytes).as_ref(), Ok(&target));
        }
    }
}

#[test]
fn identical_images_cost_little_more_than_a_header() {
    for (seed, functions) in [(1, 10), (2, 100), (3, 1000)] {
        let (base, _) = rig::firmware::pair(seed, functions);
        let patch = round_trip(&base, &base, &level(3));
        let body = patch.bytes.len() - patch.header_len;
        assert!(body <= 24, "{body} bytes for nothing, {} bytes of image", base.len());
    }
}

#[test]
fn moved_code_costs_little() {
    let (base, target) = rig::firmware::pair(4, 400);
    let patch = round_trip(&base, &target, &thumb(4));
    let percent = 100 * patch.bytes.len() / target.len();
    assert!(percent <= 12, "{} of {} bytes", patch.bytes.len(), target.len());
}

#[test]
fn moved_code_costs_little_on_every_core() {
    for (seed, isa) in (1..).zip(IsaChoice::ALL) {
        let core = patcher_core::reference::ALL.iter().find(|core| core.id() == isa.id());
        let Some(core) = core else { continue };
        let (base, target) = rig::cores::pair(*core, seed, 600);
        let options = Options { isa: Some(isa), ..at(rig::cores::address(isa.id()), 4) };
        let with = round_trip(&base, &target, &options).bytes.len();
        let without = round_trip(&base, &target, &level(4)).bytes.len();
        println!("{isa}: {with} of {}, {without} without", target.len());
        assert!(2 * with < without, "{isa}: {with} bytes, {without} without references");
    }
}

/// The last byte of an instruction is certain, but not by the byte before it, and its place in a word says nothing.
#[test]
fn a_full_image_is_smaller_where_instructions_are_known() {
    let riscv = (IsaChoice::RiscV, [0x01, 0x13], [0x45, 0xC0]);
    let xtensa = (IsaChoice::Xtensa, [0x08, 0x02], [0x0D, 0xC0]);
    for (isa, first, last) in [riscv, xtensa] {
        let mut target = Vec::new();
        for (index, byte) in Random::new(9).bytes(6000).into_iter().enumerate() {
            let wide = usize::from(byte & 3 == 0);
            target.push(first[wide]);
            let operands = if wide == 0 { 0 } else { 1 + usize::from(isa == IsaChoice::RiscV) };
            target.extend(Random::new(u64::try_from(index).expect("small")).bytes(operands));
            target.push(last[wide]);
        }
        let full = |isa| {
            let options = Options { isa: Some(isa), ..at(0x4000_0000, 4) };
            let patch = create_full(&image(&target), &options).expect("a full image");
            assert_eq!(patch.header.isa, isa.id());
            assert_eq!(apply::apply(&[], &patch.bytes).as_ref(), Ok(&target));
            patch.bytes.len()
        };
        let (with, without) = (full(isa), full(IsaChoice::None));
        assert!(with * 20 < without * 19, "{isa}: {with} bytes, {without} without instructions");
    }
}

/// Behind the hash follow others under the same four bytes, a copy, and what comes next is compared with the hash.
#[test]
fn a_hash_among_tlvs_is_left_out() {
    let (base, target) = rig::firmware::pair(5, 40);
    let signed = |image: &[u8], seed| {
        let mut random = Random::new(seed);
        let tlv = |value: &[u8]| [&[0x10, 0, 0x20, 0][..], value].concat();
        let tlvs = [sha256(image).to_vec(), b"the digest of a public key, kept".to_vec()];
        let tlvs = tlvs.iter().flat_map(|value| tlv(value));
        let signature = [tlv(&random.bytes(32)), tlv(&random.bytes(32))].concat();
        image
            .iter()
            .copied()
            .chain([7, 0x69, 0, 0])
            .chain(tlvs)
            .chain(signature)
            .collect::<Vec<u8>>()
    };
    let [base, target] = [signed(&base, 1), signed(&target, 2)];
    for effort in 1..=6 {
        let patch = round_trip(&base, &target, &thumb(effort));
        assert_eq!(patch.header.self_digests.iter().count(), 1);
        let brought = Options { self_digests: false, ..thumb(effort) };
        let brought = round_trip(&base, &target, &brought).bytes.len();
        assert!(patch.bytes.len() + 20 < brought, "{} and {brought}", patch.bytes.len());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn any_bytes_become_any_bytes(base in vec(any::<u8>(), 0..600), target in vec(any::<u8>(), 0..600)) {
        round_trip(&base, &target, &level(1));
    }

    #[test]
    fn few_byte_values_become_few_byte_values(
        base in vec(0u8..3, 0..900), target in vec(0u8..3, 0..900), effort in 1u8..=5,
    ) {
        round_trip(&base, &target, &level(effort));
    }

    #[test]
    fn edited_images_come_back(bytes in vec(any::<u8>(), 0..120), effort in 1u8..=4) {
        let Trial { options, base, target } = Trial::of(&bytes);
        let options = if options & 1 == 1 { thumb(effort) } else { level(effort) };
        round_trip(&base, &target, &options);
    }

    #[test]
    fn fuzzed_pairs_come_back_at_any_chunking(bytes in vec(any::<u8>(), 0..120)) {
        let Trial { base, target, .. } = Trial::of(&bytes);
        hostile::round_trip(&base, &target, |base, target| {
            round_trip(base, target, &thumb(1)).bytes
        });
    }

    #[test]
    fn code_of_any_core_comes_back_as_that_of_any_other(
        seed: u64, functions in 3usize..60, from in 0usize..11, to in 0usize..12,
    ) {
        let core = patcher_core::reference::ALL[from];
        let (base, target) = rig::cores::pair(core, seed, functions);
        let address = rig::cores::address(core.id());
        let options = Options { isa: Some(IsaChoice::ALL[to]), ..at(address, 2) };
        round_trip(&base, &target, &options);
    }

    #[test]
    fn images_with_digests_of_themselves_come_back(
        seed: u64, functions in 3usize..30, effort in 1u8..=6, parts in vec((0usize..6, 0usize..40), 1..6),
    ) {
        let (base, target) = rig::firmware::pair(seed, functions);
        let base = ending(base, &[], &parts);
        let end = &base[base.len() - 32..];
        round_trip(&base, &ending(target, end, &parts), &thumb(effort));
    }

    #[test]
    fn firmware_comes_back(seed: u64, functions in 3usize..60, effort in 1u8..=6) {
        let (base, target) = rig::firmware::pair(seed, functions);
        round_trip(&base, &target, &thumb(effort));
    }
}

/// `image` with `parts` behind it: digests of all before them, in part or twice, zeros, the last bytes again, and those of `others`.
fn ending(mut image: Vec<u8>, others: &[u8], parts: &[(usize, usize)]) -> Vec<u8> {
    let digest = sha256(&image);
    for &(kind, len) in parts {
        match kind {
            0 => image.extend(sha256(&image)),
            1 => image.extend(&digest[..len.min(32)]),
            2 => image.resize(image.len() + len, 0),
            3 => image.extend(others.iter().take(len)),
            4 => image.extend(&image.clone()[image.len().saturating_sub(len)..]),
            _ => image.extend(digest),
        }
    }
    image
}

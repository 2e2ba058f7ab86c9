//! Hostile bytes: both decoders accept and reject alike, with the same codes.

mod common;

use core::cmp::Ordering;
use std::collections::BTreeSet;

use common::{Random, Recipe, made_up_code, real};
use patcher_core::container::in_place::{Form, InPlace};
use patcher_core::container::region::Regions;
use patcher_core::encode::{Copy, Diff, Plan};
use patcher_core::reference::map::Entry;
use patcher_core::{Header, Kind};
use proptest::prelude::*;

const FLASH: u32 = 0x0800_0000;

/// Images that mutated headers ask for may be this large.
const IMAGE_LIMIT: u32 = 1 << 17;

/// Asserts that both decoders make the same of hostile bytes, and answers what.
fn same(base: &[u8], patch: &[u8]) -> Result<(), u16> {
    let mut base = base.to_vec();
    // What a decoder may say early, because it looks ahead: §1.
    let mut early = None;
    if let Ok(header) = oracle::header::parse(patch) {
        // Digests are not looked at here, so any base of the right length will do.
        if header.base_len > IMAGE_LIMIT || header.target_len > IMAGE_LIMIT {
            return Ok(());
        }
        base.resize(usize::try_from(header.base_len).unwrap(), 0xA5);
        let end = header.len_bytes() + usize::try_from(header.body_len).unwrap();
        early = match patch.len().cmp(&end) {
            Ordering::Less => Some(32),
            Ordering::Equal => None,
            Ordering::Greater => Some(33),
        };
    }
    let ours = oracle::observe(&base, patch, 0).map(|observed| (observed.image, observed.states));
    let ours = ours.map_err(|reject| reject.code().unwrap());
    for chunk in [1, 61, usize::MAX] {
        let real = real(&base, patch, chunk);
        let early = ours.is_err() && early.is_some() && real.as_ref().err() == early.as_ref();
        if ours != real && !early {
            let [ours, real] =
                [&ours, &real].map(|result| result.as_ref().map(|(image, _)| image.len()));
            panic!("chunks of {chunk}: oracle {ours:?}, real decoder {real:?}: {patch:02x?}");
        }
    }
    ours.map(drop)
}

/// A base, and valid patches of different shapes for it.
fn patches() -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut random = Random(11);
    let base = made_up_code(&mut random, FLASH, 3000);
    let mut target = base.clone();
    for _ in 0..40 {
        let at = random.below(3000);
        target[at] = random.byte();
    }
    let repeated = target[100..400].to_vec();
    target.splice(1024..1024, repeated);
    target.extend(&base[..100]);

    let mut thumb = Recipe::delta(&base, &target);
    thumb.isa = 2;
    thumb.base_regions = Regions::single(3000, FLASH);
    thumb.target_regions = Regions::single(3400, FLASH);
    thumb.plan = Plan {
        map: (0..6).map(|k| Entry { base: FLASH + 1024 + k, target: FLASH + 1324 + k }).collect(),
        diffs: vec![
            Diff { target: 0, base: 0, len: 1024 },
            Diff { target: 1324, base: 1024, len: 1900 },
        ],
        copies: vec![
            Copy { target: 1024, len: 300, from_base: false, source: 100 },
            Copy { target: 3300, len: 100, from_base: true, source: 0 },
        ],
        ..Plan::default()
    };
    let mut marks = Recipe::delta(&base, &target[..700]);
    marks.epoch_log2 = 8;
    marks.plan.diffs = vec![
        Diff { target: 0, base: 0, len: 256 },
        Diff { target: 260, base: 260, len: 252 },
        Diff { target: 512, base: 512, len: 188 },
    ];
    let mut resets = Recipe::delta(&base, &target[..700]);
    resets.epoch_log2 = 8;
    resets.plan = Plan { reset: true, ..marks.plan.clone() };
    let mut full = Recipe::delta(&[], &target[1000..1400]);
    full.kind = Kind::Full;
    full.plan.copies = vec![Copy { target: 324, len: 20, from_base: false, source: 0 }];
    let mut regions = Recipe::delta(&base, &target[..700]);
    regions.isa = 1;
    regions.base_regions = common::regions(&[(1000, FLASH, true), (2000, 0x2000_0000, false)]);
    regions.target_regions = common::regions(&[(700, FLASH, true)]);
    regions.plan.diffs = vec![Diff { target: 0, base: 0, len: 700 }];
    // The copies of this one do not match the target: they need not.
    full.plan.copies.clear();

    let recipes = [
        thumb,
        marks,
        resets,
        full,
        regions,
        Recipe::delta(&base, b""),
        Recipe::delta(b"", b"tiny"),
    ];
    let mut patches: Vec<Vec<u8>> = recipes.iter().map(Recipe::patch).collect();
    let slot = InPlace {
        page_log2: 8,
        slot_pages: 20,
        form: Form::Slide,
        reserve_pages: 3,
        resets: false,
        check: 0,
    };
    let scratch = InPlace { form: Form::Scratch, resets: true, ..slot };
    for slot in [slot, scratch] {
        let recipe = rig::plan::Recipe::plain().with_marks(8, slot.resets).in_place(slot);
        patches.push(recipe.encode(&base, &target[..900]).bytes());
    }
    (base, patches)
}

#[test]
fn every_truncation_is_rejected_alike() {
    let (base, patches) = patches();
    for patch in patches {
        let header_len = oracle::header::parse(&patch).unwrap().len_bytes();
        for len in 0..patch.len() {
            let expected = if len < header_len { 1 } else { 32 };
            assert_eq!(same(&base, &patch[..len]), Err(expected), "{len} of {}", patch.len());
        }
    }
}

#[test]
fn bytes_behind_are_rejected_alike() {
    let (base, patches) = patches();
    for patch in patches {
        for extra in [1, 4, 100] {
            let longer = [&patch[..], &vec![0; extra]].concat();
            assert_eq!(same(&base, &longer), Err(33));
        }
    }
}

#[test]
fn every_flipped_header_bit_is_judged_alike() {
    let (base, patches) = patches();
    for patch in patches {
        let (_, header_len) = Header::parse(patch.iter().copied()).unwrap();
        for index in 0..header_len {
            for bit in 0..8 {
                let mut damaged = patch.clone();
                damaged[index] ^= 1 << bit;
                let _ = same(&base, &damaged);
            }
        }
    }
}

#[test]
fn headers_of_any_length_are_judged_alike() {
    // A full image of nothing with an extension: unknown, critical, too long, malformed.
    let with = |extensions: &[u8]| {
        let mut patch = vec![0x80, 0x80, 8, 0, 0, 0];
        patch.extend(extensions);
        patch.extend([0; 8]);
        patch
    };
    let long = |len: usize| {
        let total = u16::try_from(len).unwrap();
        let [low, high] = [total & 0x7F | 0x80, total >> 7].map(|byte| u8::try_from(byte).unwrap());
        let mut bytes = vec![low, high];
        while len + 2 > bytes.len() {
            let value = (len + 2 - bytes.len()).saturating_sub(2).min(200);
            bytes.extend([1, u8::try_from(value).unwrap()]);
            bytes.resize(bytes.len() + value, 7);
        }
        bytes.truncate(len + 2);
        bytes
    };
    assert_eq!(same(&[], &with(&[0])), Ok(()));
    assert_eq!(same(&[], &with(&[3, 1, 1, 9])), Ok(()));
    assert_eq!(same(&[], &with(&[5, 1, 1, 9, 2, 0])), Ok(()));
    assert_eq!(same(&[], &with(&[3, 0x85, 1, 9])), Err(9));
    assert_eq!(same(&[], &with(&[3, 0x81, 1, 9])), Err(1));
    assert_eq!(same(&[], &with(&[3, 1, 2, 9])), Err(4));
    assert_eq!(same(&[], &with(&[1, 1])), Err(4));
    assert_eq!(same(&[], &with(&[1, 0x81])), Err(4));
    assert_eq!(same(&[], &with(&[3, 0x81, 2, 9])), Err(4));
    for len in 470..600 {
        let fits = 6 + 2 + len + 8 <= 512;
        assert_eq!(same(&[], &with(&long(len))), if fits { Ok(()) } else { Err(8) }, "{len}");
    }
}

#[test]
fn random_bodies_meet_every_reject_of_the_body() {
    let (base, patches) = patches();
    let mut random = Random(33);
    // 43: some of these patches are applied in place.
    let all = BTreeSet::from([33, 34, 35, 36, 37, 38, 43]);
    let mut met = BTreeSet::new();
    for round in 0..100_000 {
        // How long it takes to meet the rarest changes with every prior.
        if round >= 4000 && met == all {
            break;
        }
        let patch = &patches[round % patches.len()];
        let header_len = oracle::header::parse(patch).unwrap().len_bytes();
        // Bodies that start well get further.
        let kept = header_len + random.below(patch.len() - header_len + 1);
        let noise = random.bytes(patch.len() - kept);
        met.extend(same(&base, &[&patch[..kept], &noise].concat()).err());
    }
    assert_eq!(met, all);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_patches_are_judged_alike(
        which in 0..7_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        body_only in any::<bool>(),
    ) {
        let (base, patches) = patches();
        let mut patch = patches[which].clone();
        let header_len = oracle::header::parse(&patch).unwrap().len_bytes();
        let first = if body_only && patch.len() > header_len { header_len } else { 0 };
        for (index, byte) in changes {
            let index = first + index.index(patch.len() - first);
            patch[index] = byte;
        }
        let _ = same(&base, &patch);
    }

    #[test]
    fn random_bodies_are_judged_alike(which in 0..7_usize, body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (base, patches) = patches();
        let header_len = oracle::header::parse(&patches[which]).unwrap().len_bytes();
        let patch = [&patches[which][..header_len], &body].concat();
        let _ = same(&base, &patch);
    }

    #[test]
    fn random_headers_are_judged_alike(
        kind in 8..11_u8,
        flags in 0..16_u8,
        isa in 0..4_u8,
        memory in 7..32_u8,
        rest in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), 0..16_u8, any::<u8>()], 0..80),
    ) {
        let patch = [&[kind << 4, flags << 4 | isa, memory], &rest[..]].concat();
        let _ = same(&[], &patch);
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

//! Patches that the encoder makes: made-up pairs and the demo images of the repository.

mod common;

use common::{Random, agree, made_up_code};
use host_diff::image::FlatImage;
use host_diff::in_place::Slot;
use host_diff::{IsaChoice, Options, create, create_full};

fn check(base: &[u8], target: &[u8], options: &Options) {
    let (from, to) = (FlatImage::from_raw(base.to_vec()), FlatImage::from_raw(target.to_vec()));
    let patch = create(&from, &to, options).unwrap();
    // `create` may choose the full form.
    let base = if patch.base_sha256.is_some() { base } else { &[] };
    assert!(agree(base, &patch.bytes).unwrap().image == target);
    assert_eq!(oracle::decode(base, &patch.bytes).as_deref(), Ok(target));

    let full = create_full(&to, options).unwrap();
    assert!(agree(&[], &full.bytes).unwrap().image == target);
}

/// Some edits: bytes changed, pieces inserted, removed and moved.
fn edited(random: &mut Random, base: &[u8]) -> Vec<u8> {
    let mut target = base.to_vec();
    for _ in 0..12 {
        let at = random.below(target.len());
        let len = random.below(200).min(target.len() - at);
        match random.below(4) {
            0 => target[at] = random.byte(),
            1 => {
                let piece = random.bytes(len & !1);
                target.splice(at..at, piece);
            }
            2 => drop(target.drain(at..at + len)),
            _ => {
                let piece: Vec<u8> = target.drain(at..at + len).collect();
                target.extend(piece);
            }
        }
    }
    target
}

#[test]
fn degenerate_pairs() {
    let random = Random(1).bytes(2000);
    let samples: [&[u8]; 7] = [b"", b"\0", b"\xFF", b"\xFF\xFF", b"abc", &[0xFF; 1000], &random];
    for base in samples {
        for target in samples {
            check(base, target, &Options::default());
        }
    }
}

#[test]
fn edited_random_bytes() {
    for seed in 1..6 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let base = random.bytes(5000);
        let target = edited(&mut random, &base);
        check(&base, &target, &Options::default());
    }
}

#[test]
fn edited_code_with_each_instruction_set_and_budget() {
    for (seed, isa) in [
        (1, None),
        (2, Some(IsaChoice::None)),
        (3, Some(IsaChoice::Pointers)),
        (4, Some(IsaChoice::Thumb)),
    ] {
        for ram in [8 << 10, 16 << 10, 64 << 10] {
            println!("seed {seed}, ram {ram}");
            let mut random = Random(seed);
            let address = 0x0800_4000;
            let base = made_up_code(&mut random, address, 20_000);
            let target = edited(&mut random, &base);
            let addresses = if isa == Some(IsaChoice::None) {
                (None, None)
            } else {
                (Some(address), Some(address + 0x400))
            };
            let options = Options {
                ram,
                isa,
                base_address: addresses.0,
                target_address: addresses.1,
                ..Options::default()
            };
            check(&base, &target, &options);
        }
    }
}

#[test]
fn code_of_every_instruction_set() {
    let others = IsaChoice::ALL.into_iter().cycle().skip(4);
    for ((seed, isa), seen_as) in (1..).zip(IsaChoice::ALL).zip(others) {
        let Some(core) = patcher_core::reference::ALL.iter().find(|core| core.id() == isa.id())
        else {
            continue;
        };
        println!("{isa}, seed {seed}");
        let (base, target) = rig::cores::pair(*core, seed, 200);
        let address = rig::cores::address(core.id());
        let options = Options {
            isa: Some(isa),
            base_address: Some(address),
            target_address: Some(address),
            ..Options::default()
        };
        check(&base, &target, &options);
        // As another core sees it: references where none are meant.
        let other = Options { isa: Some(seen_as), ..options };
        check(&base, &target, &other);
    }
}

#[test]
fn demo_images_in_every_direction() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpora/demo/images/");
    for core in ["thumbv6m-none-eabi", "thumbv7em-none-eabi"] {
        let images = ["1.0.0", "1.0.1", "1.1.0"]
            .map(|version| std::fs::read(format!("{folder}{core}-{version}.bin")).unwrap());
        for base in &images {
            for target in &images {
                check(base, target, &Options::default());
            }
        }
    }
}

#[test]
fn patches_that_overwrite_their_base() {
    let (base, target) = rig::firmware::pair(9, 160);
    let longer = u32::try_from(base.len().max(target.len())).unwrap();
    for page_bytes in [128, 512] {
        let longer = longer.next_multiple_of(page_bytes);
        for (slack, scratch_bytes) in [(page_bytes, None), (2048, None), (0, Some(2048))] {
            let slot = Slot { slot_bytes: longer + slack, page_bytes, scratch_bytes };
            let options = Options {
                level: 4,
                ram: 4096,
                isa: Some(IsaChoice::Thumb),
                base_address: Some(rig::firmware::ADDRESS),
                target_address: Some(rig::firmware::ADDRESS),
                in_place: Some(slot),
                ..Options::default()
            };
            let images = [&base, &target].map(|image| FlatImage::from_raw(image.clone()));
            let patch = create(&images[0], &images[1], &options).unwrap();
            assert!(agree(&base, &patch.bytes).unwrap().image == target, "{slot:?}");
            assert_eq!(oracle::decode(&base, &patch.bytes).as_ref(), Ok(&target), "{slot:?}");
            let mut damaged = patch.bytes.clone();
            damaged[patch.header_len] ^= 1;
            assert_eq!(oracle::decode(&base, &damaged), Err(oracle::Reject::Check), "{slot:?}");
        }
    }
}

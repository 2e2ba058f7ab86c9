//! Patches made by hand, for what encoders seldom do: marks, states, regions, copies, full images.

mod common;

use common::{Random, Recipe, made_up_code, regions};
use patcher_core::Kind;
use patcher_core::container::region::Regions;
use patcher_core::encode::{Copy, Diff, Plan};
use patcher_core::reference::map::Entry;

const FLASH: u32 = 0x0800_0000;
const THUMB: u8 = 2;
const POINTERS: u8 = 1;

/// Diffs of all of a target against the same offsets of the base, ending at marks.
fn straight(len: usize, epoch: usize) -> Vec<Diff> {
    (0..len)
        .step_by(epoch)
        .map(|start| {
            let offset = u32::try_from(start).unwrap();
            let len = u32::try_from(epoch.min(len - start)).unwrap();
            Diff { target: offset, base: offset, len }
        })
        .collect()
}

fn changed(base: &[u8], random: &mut Random, changes: usize) -> Vec<u8> {
    let mut target = base.to_vec();
    for _ in 0..changes {
        let at = random.below(target.len());
        target[at] = random.byte();
    }
    target
}

#[test]
fn empty_target_reads_no_byte() {
    let (patch, observed) = Recipe::delta(b"base", b"").check();
    assert_eq!(observed.image, b"");
    assert!(observed.states.is_empty());
    assert_eq!(oracle::header::parse(&patch).unwrap().body_len, 0);
}

#[test]
fn empty_base_leaves_only_literals() {
    Recipe::delta(b"", b"a target without a base").check();
}

#[test]
fn literals_only() {
    let target = Random(1).bytes(3000);
    Recipe::delta(b"base", &target).check();
}

#[test]
fn diff_of_every_byte_with_every_alignment() {
    let mut random = Random(2);
    let base = random.bytes(2000);
    for (from, to) in [(0, 0), (1, 0), (0, 1), (3, 2), (2, 3)] {
        let target = [&base[..to], &changed(&base[from..], &mut random, 100)].concat();
        let mut recipe = Recipe::delta(&base, &target);
        recipe.isa = THUMB;
        recipe.base_regions = Regions::single(2000, FLASH);
        recipe.target_regions =
            Regions::single(u32::try_from(target.len()).unwrap(), FLASH + 0x1000);
        let len = u32::try_from(base.len() - from).unwrap();
        let (target, base) = (u32::try_from(to).unwrap(), u32::try_from(from).unwrap());
        recipe.plan.diffs = vec![Diff { target, base, len }];
        recipe.check();
    }
}

#[test]
fn copies_from_target_run_into_what_they_write() {
    let mut target = b"0123456789".to_vec();
    let mut copies = Vec::new();
    for (distance, len) in
        [(1, 2), (1, 65), (3, 100), (10, 33), (32, 64), (33, 99), (64, 64), (1, 2), (3, 7)]
    {
        let at = target.len();
        for _ in 0..len {
            target.push(target[target.len() - distance]);
        }
        let source = u32::try_from(at - distance).unwrap();
        copies.push(Copy { target: u32::try_from(at).unwrap(), len, from_base: false, source });
        target.extend([b'x', u8::try_from(at & 0xFF).unwrap()]);
    }
    let mut recipe = Recipe::delta(b"base", &target);
    recipe.plan.copies = copies;
    recipe.check();
}

#[test]
fn copies_from_both_images_repeat_their_sources() {
    let mut random = Random(3);
    let base = random.bytes(4096);
    let mut target = random.bytes(64);
    let mut copies = Vec::new();
    let mut sources = [(true, 100_usize), (false, 40), (true, 3000), (true, 2000), (false, 7)]
        .into_iter()
        .cycle();
    for _ in 0..60 {
        for _ in 0..random.below(4) {
            target.push(random.byte());
        }
        let at = target.len();
        // Mostly the same distance as before: a repeat.
        let (from_base, distance) = sources.nth([0, 1, 3, 4][random.below(4)]).unwrap();
        let source = if from_base { distance + at % 900 } else { at - distance };
        let len = 2 + random.below(50);
        for offset in source..source + len {
            let byte = if from_base { base[offset] } else { target[offset] };
            target.push(byte);
        }
        let [at, len, source] = [at, len, source].map(|value| u32::try_from(value).unwrap());
        copies.push(Copy { target: at, len, from_base, source });
    }
    let mut recipe = Recipe::delta(&base, &target);
    recipe.plan.copies = copies;
    recipe.check();
}

/// A diff that hits all along leaves a history of zeros; the copy behind it ends at a mark that keeps.
#[test]
fn copies_enter_the_history_in_chunks() {
    let base = Random(12).bytes(600);
    for (from_base, distance, len, chunks) in [
        (true, 0, 2, 1),
        (true, 0, 32, 1),
        (true, 0, 33, 2),
        (true, 0, 64, 2),
        (true, 0, 100, 4),
        (false, 150, 32, 1),
        (false, 150, 33, 2),
        (false, 32, 64, 2),
        (false, 31, 64, 3),
        (false, 7, 50, 8),
        (false, 7, 49, 7),
        (false, 1, 20, 20),
    ] {
        let start = 256 - len;
        let mut target = base[..start].to_vec();
        for offset in 0..len {
            target.push(if from_base {
                base[300 + offset]
            } else {
                target[start + offset - distance]
            });
        }
        target.extend(&base[256..]);
        let mut recipe = Recipe::delta(&base, &target);
        recipe.epoch_log2 = 8;
        let [copied, start_at] = [len, start].map(|value| u32::try_from(value).unwrap());
        let source = u32::try_from(if from_base { 300 } else { start - distance }).unwrap();
        recipe.plan.copies = vec![Copy { target: start_at, len: copied, from_base, source }];
        recipe.plan.diffs = straight(600, 256);
        recipe.plan.diffs[0].len = start_at;
        let state = recipe.check().1.states[0].clone();
        let history = u32::from_le_bytes(state[24..28].try_into().unwrap());
        assert_eq!(history, (1 << chunks) - 1, "{len} bytes from {distance}");
    }
}

/// 0xFFFFFFFF marks an empty entry of the cache, and can be the end of a region.
#[test]
fn last_address_is_never_found_in_the_cache() {
    let mut random = Random(13);
    let base: Vec<u8> = (0..0xFFF).map(|i| if i % 16 < 4 { 0xFF } else { random.byte() }).collect();
    let mut target = base.clone();
    for word in target.chunks_mut(16).step_by(3) {
        word[..4].copy_from_slice(&0x0800_0FF0_u32.to_le_bytes());
    }
    let mut recipe = Recipe::delta(&base, &target);
    recipe.isa = POINTERS;
    recipe.base_regions = Regions::single(0xFFF, 0xFFFF_F000);
    recipe.target_regions = Regions::single(0xFFF, FLASH);
    recipe.plan.diffs = straight(0xFFF, 0x1000);
    recipe.check();
}

#[test]
fn full_image_has_no_base() {
    let mut target = Random(4).bytes(500);
    target.extend(vec![0xFF; 300]);
    let mut recipe = Recipe::delta(b"ignored", &target);
    recipe.kind = Kind::Full;
    recipe.plan.copies = vec![Copy { target: 501, len: 299, from_base: false, source: 500 }];
    recipe.check();
    recipe.isa = THUMB;
    recipe.target_regions = Regions::single(800, FLASH);
    recipe.check();
}

/// A code image with marks at 256 bytes: diffs, literals and copies in every epoch.
fn marked(reset: bool, epoch_log2: u8) -> oracle::Observed {
    let mut random = Random(5);
    let base = made_up_code(&mut random, FLASH, 5000);
    let target = changed(&base, &mut random, 120);
    let mut recipe = Recipe::delta(&base, &target);
    recipe.isa = THUMB;
    recipe.epoch_log2 = epoch_log2;
    recipe.base_regions = Regions::single(5000, FLASH);
    recipe.target_regions = Regions::single(5000, FLASH);
    let mut diffs = straight(5000, 1 << epoch_log2);
    // Every third epoch starts with literals, and one is nothing else.
    for diff in diffs.iter_mut().step_by(3) {
        let cut = diff.len.min(30);
        *diff = Diff { target: diff.target + cut, base: diff.base + cut, len: diff.len - cut };
    }
    if diffs.len() > 1 {
        diffs.remove(1);
    }
    recipe.plan = Plan {
        diffs: diffs.into_iter().filter(|diff| diff.len > 0).collect(),
        reset,
        ..Plan::default()
    };
    recipe.plan.map =
        (1..9).map(|k| Entry { base: FLASH + k * 512, target: FLASH + k * 512 + 4 }).collect();
    recipe.check().1
}

#[test]
fn states_at_marks_that_keep() {
    assert_eq!(marked(false, 8).states.len(), 19);
    assert_eq!(marked(false, 12).states.len(), 1);
    assert_eq!(marked(false, 13).states.len(), 0);
}

#[test]
fn states_at_marks_that_reset() {
    let states = marked(true, 8).states;
    assert_eq!(states.len(), 19);
    // Bit 6: no segment is started.
    assert!(states.iter().all(|state| state[44] & 0x40 == 0));
}

#[test]
fn mark_at_the_end_is_none() {
    let base = Random(6).bytes(512);
    let target = changed(&base, &mut Random(7), 9);
    for reset in [false, true] {
        let mut recipe = Recipe::delta(&base, &target);
        recipe.epoch_log2 = 8;
        recipe.plan = Plan { diffs: straight(512, 256), reset, ..Plan::default() };
        assert_eq!(recipe.check().1.states.len(), 1);
    }
}

#[test]
fn bytes_past_the_body_count_as_read() {
    let image = [0; 520];
    let mut recipe = Recipe::delta(&image, &image);
    recipe.epoch_log2 = 8;
    recipe.plan.diffs = straight(520, 256);
    let (patch, observed) = recipe.check();
    let body_len = oracle::header::parse(&patch).unwrap().body_len;
    let read = &observed.states.last().unwrap()[8..12];
    assert!(u32::from_le_bytes(read.try_into().unwrap()) > body_len);
}

#[test]
fn copies_reach_back_over_marks() {
    let mut target = Random(8).bytes(256);
    target.extend(target.clone());
    target.extend(target.clone());
    for (reset, kind) in
        [(false, Kind::Delta), (true, Kind::Delta), (false, Kind::Full), (true, Kind::Full)]
    {
        let mut recipe = Recipe::delta(b"b", &target);
        recipe.kind = kind;
        recipe.epoch_log2 = 8;
        let copy = |target| Copy { target, len: 256, from_base: false, source: target - 256 };
        recipe.plan.copies = vec![copy(256), copy(512), copy(768)];
        recipe.plan.reset = reset;
        assert_eq!(recipe.check().1.states.len(), 3);
    }
}

/// Breakpoints in both of two regions, the later one at lower addresses: announced is the one that comes first in the image,
/// also where new bytes reach beyond it to another.
#[test]
fn breakpoints_are_announced_in_the_order_of_the_image() {
    let mut random = Random(9);
    let base = made_up_code(&mut random, FLASH, 2000);
    let target = changed(&base, &mut random, 40);
    let mut recipe = Recipe::delta(&base, &target);
    recipe.isa = THUMB;
    recipe.base_regions = regions(&[(1000, 0x2000_0000, true), (1000, FLASH, true)]);
    recipe.target_regions = recipe.base_regions;
    recipe.plan.diffs = [(0, 200), (200, 400), (1200, 1400), (1400, 2000)]
        .map(|(at, end)| Diff { target: at, base: at, len: end - at })
        .into();
    let entry = |address: u32| Entry { base: address, target: address };
    recipe.plan.map = [FLASH + 200, FLASH + 400, 0x2000_00C8, 0x2000_0190].map(entry).into();
    recipe.check();
}

/// Code in three regions that moved apart; some overlap in address, one is data.
#[test]
fn regions_with_addresses_of_their_own() {
    for isa in [POINTERS, THUMB] {
        for memory in [8, 14, 15, 64, 255] {
            let mut random = Random(9);
            let parts = [
                made_up_code(&mut random, FLASH, 3000),
                made_up_code(&mut random, 0x2000_4000, 1001),
                made_up_code(&mut random, FLASH + 3000, 999),
            ];
            let base = parts.concat();
            let mut target = changed(&base, &mut random, 60);
            target.extend(b"and more");
            let mut recipe = Recipe::delta(&base, &target);
            recipe.isa = isa;
            recipe.memory = memory;
            recipe.base_regions = regions(&[
                (3000, FLASH, true),
                (1001, 0x2000_4000, true),
                (999, FLASH + 3000, false),
            ]);
            recipe.target_regions = regions(&[
                (2990, FLASH + 0x100, true),
                (1011, 0x2000_4040, true),
                (1007, FLASH + 2000, true),
            ]);
            recipe.plan.diffs = vec![
                Diff { target: 0, base: 0, len: 2500 },
                Diff { target: 2500, base: 2498, len: 1100 },
                Diff { target: 3610, base: 3610, len: 1390 },
            ];
            recipe.plan.map = vec![
                Entry { base: FLASH + 16, target: FLASH + 0x120 },
                Entry { base: FLASH + 2498, target: FLASH + 0x100 + 2500 },
                Entry { base: 0x2000_0000, target: 0x2000_0010 },
                Entry { base: 0x2000_0200, target: 0x2000_0000 },
            ];
            recipe.check();
        }
    }
}

#[test]
fn map_that_announces_ops_which_do_not_follow() {
    let mut random = Random(10);
    let base = made_up_code(&mut random, FLASH, 4000);
    // Functions in another order.
    let target = [&base[2000..], &base[500..1500], &base[..400]].concat();
    let len = u32::try_from(target.len()).unwrap();
    let mut recipe = Recipe::delta(&base, &target);
    recipe.isa = THUMB;
    recipe.base_regions = Regions::single(4000, FLASH);
    recipe.target_regions = Regions::single(len, FLASH);
    recipe.plan.diffs = vec![
        Diff { target: 0, base: 2000, len: 2000 },
        Diff { target: 2000, base: 500, len: 1000 },
        Diff { target: 3000, base: 0, len: 400 },
    ];
    recipe.plan.map = vec![
        Entry { base: FLASH, target: FLASH + 3000 },
        Entry { base: FLASH + 400, target: FLASH + 2700 },
        Entry { base: FLASH + 500, target: FLASH + 2000 },
        Entry { base: FLASH + 1500, target: FLASH + 2001 },
        Entry { base: FLASH + 2000, target: FLASH },
        Entry { base: FLASH + 2002, target: FLASH + 3000 },
        Entry { base: FLASH + 0x10_0000, target: FLASH + 10 },
    ];
    recipe.check();
}

#[test]
fn digests_tell_wrong_base_and_wrong_target() {
    let mut patch = Recipe::delta(b"base", b"target").patch();
    assert_eq!(oracle::decode(b"best", &patch), Err(oracle::Reject::WrongBase));
    assert_eq!(oracle::decode(b"base ", &patch), Err(oracle::Reject::WrongBase));
    let digest = oracle::header::parse(&patch).unwrap().len_bytes() - 1;
    patch[digest] ^= 1;
    assert_eq!(oracle::decode(b"base", &patch), Err(oracle::Reject::WrongTarget));
}

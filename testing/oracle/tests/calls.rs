//! Images that are little else than calls, torn by edits and restart marks: what extras see of them (§5.3).

use oracle::decode;
use patcher_core::container::header::Kind;
use rig::decode::{How, patch};
use rig::plan::Recipe;
use rig::random::Random;

/// Calls of the instruction set `isa` to a few places, and noise between them.
fn calls(random: &mut Random, isa: u8, len: usize) -> Vec<u8> {
    let mut image = Vec::new();
    while image.len() < len {
        if random.below(3) == 0 {
            let noise = random.below(5);
            image.extend(random.bytes(noise * if isa == 2 { 2 } else { 4 }));
            continue;
        }
        let distance = u32::try_from(random.below(8)).unwrap() * 0x88;
        let distance = distance.wrapping_sub(u32::try_from(image.len()).unwrap());
        let call = match isa {
            2 => 0xF800_F000 | distance >> 12 & 0x7FF | (distance >> 1 & 0x7FF) << 16,
            4 => 0x9400_0000 | distance >> 2 & 0x03FF_FFFF,
            _ => 0xEB00_0000 | distance >> 2 & 0x00FF_FFFF,
        };
        image.extend(call.to_le_bytes());
    }
    image.truncate(len);
    image
}

fn edited(random: &mut Random, base: &[u8]) -> Vec<u8> {
    let mut target = base.to_vec();
    for _ in 0..random.below(12) {
        let at = random.below(target.len());
        let len = random.below(60).min(target.len() - at);
        match random.below(3) {
            0 => target[at] = random.byte(),
            1 => {
                let piece = target[at..at + len].to_vec();
                let to = random.below(target.len());
                target.splice(to..to, piece);
            }
            _ => drop(target.drain(at..at + len)),
        }
    }
    target
}

#[test]
fn both_decoders_see_the_same_calls() {
    for seed in 1..200 {
        let mut random = Random::new(seed);
        let isa = [2, 3, 4, 8][random.below(4)];
        let len = 400 + random.below(700);
        let base = calls(&mut random, isa, len);
        let target = edited(&mut random, &base);
        // Addresses that no unit divides: then there are no calls.
        let address = 0x0800_0000 + u32::try_from(random.below(6)).unwrap();
        let plain = if random.below(3) == 0 { Recipe::full() } else { Recipe::plain() };
        let recipe = plain.addressed(isa, (base.len(), address), (target.len(), address + 0x1000));
        let recipe = match random.below(3) {
            0 => recipe,
            _ => recipe.with_marks(8, random.below(2) == 0),
        };
        let base = if recipe.kind == Kind::Full { &[][..] } else { &base };
        let bytes = recipe.encode(base, &target).bytes();
        assert!(decode(base, &bytes).as_deref() == Ok(&target), "seed {seed}, oracle");
        let decoded = patch(base, &bytes, How::default()).unwrap();
        assert!(decoded.target == target, "seed {seed}, decoder");
    }
}

#[test]
fn a_function_called_again_costs_little() {
    // 200 calls of one function from everywhere, between bytes that do not repeat.
    let mut random = Random::new(1);
    let mut image = Vec::new();
    for _ in 0..200 {
        let distance = 0x2000u32.wrapping_sub(u32::try_from(image.len()).unwrap());
        let call = 0xF800_F000 | distance >> 12 & 0x7FF | (distance >> 1 & 0x7FF) << 16;
        image.extend(call.to_le_bytes());
        // No halfword of them looks like the first one of a call.
        image.extend(random.bytes(4).into_iter().map(|byte| byte & 0x7F));
    }
    let size = |isa| {
        let recipe = Recipe::full().addressed(isa, (0, 0), (image.len(), 0x0800_0000));
        recipe.encode(&[], &image).body.len()
    };
    // Pointers see no calls.
    let (seen, unseen) = (size(2), size(1));
    assert!(seen + 200 < unseen, "{seen} of {unseen} bytes");
}

#[test]
fn both_decoders_follow_halfwords_through_copies_with_odd_distances() {
    let mut random = Random::new(7);
    let mut image = Vec::new();
    for round in 0..80 {
        image.extend(random.bytes(6));
        // Runs of one byte and of three or five: what looks like the start of an instruction lies across their chunks.
        let mut period = random.bytes(1 + round % 3 * 2);
        period[0] |= 0xE8;
        image.extend(period.into_iter().cycle().take(40 + round % 2));
    }
    let recipe = Recipe::full().addressed(2, (0, 0), (image.len(), 0x0800_0000));
    let bytes = recipe.encode(&[], &image).bytes();
    assert!(decode(&[], &bytes).as_deref() == Ok(&image), "oracle");
    let decoded = patch(&[], &bytes, How::default()).unwrap();
    assert!(decoded.target == image, "decoder");
}

/// Words of RISC-V code: jumps, the first and the second half of pairs, all with the same register.
fn pairs(random: &mut Random, len: usize) -> Vec<u32> {
    let word = |random: &mut Random, at: usize| {
        let near = u32::try_from(random.below(4)).unwrap() * 2 + 0x40;
        let distance = near.wrapping_mul(4).wrapping_sub(u32::try_from(at * 4).unwrap());
        match random.below(3) {
            0 => jump(distance),
            1 => 0x0000_0097 | u32::try_from(random.below(3)).unwrap() << 12,
            _ => 0x0000_80E7 | near << 20,
        }
    };
    (0..len).map(|at| word(random, at)).collect()
}

/// `jal ra, distance`.
fn jump(distance: u32) -> u32 {
    let bits = |from: u32, count: u32| distance >> from & ((1 << count) - 1);
    0x6F | 1 << 7 | bits(12, 8) << 12 | bits(11, 1) << 20 | bits(1, 10) << 21 | bits(20, 1) << 31
}

#[test]
fn a_reference_that_was_predicted_wrong_is_learned_from_its_own_bytes() {
    // Half of a pair that takes the place of a jump is no pair, whatever the base holds behind the jump.
    for seed in 1..100 {
        let mut random = Random::new(seed);
        let base = pairs(&mut random, 120);
        let mut target = base.clone();
        for _ in 0..30 {
            let at = random.below(target.len());
            target[at] = base[random.below(base.len())];
        }
        let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (base, target): (Vec<u8>, Vec<u8>) = (bytes(&base), bytes(&target));
        let recipe = Recipe::plain().addressed(5, (base.len(), 0), (target.len(), 0));
        let patch = recipe.encode(&base, &target).bytes();
        assert!(decode(&base, &patch).as_deref() == Ok(&target), "seed {seed}");
    }
}

//! Pairs of made-up Thumb images in which code moves.

use crate::random::Random;

/// Where the images are loaded.
pub const ADDRESS: u32 = 0x0800_0000;

/// A halfword of code, or something that the linker fills in.
#[derive(Debug, Clone, Copy)]
enum Item {
    Plain(u16),
    Call(usize),
    Pointer(usize),
    RamPointer(u16),
}

/// Two releases of a firmware of about `functions` × 60 bytes: functions inserted, changed and gone, RAM moved.
#[must_use]
pub fn pair(seed: u64, functions: usize) -> (Vec<u8>, Vec<u8>) {
    pair_at(seed, functions, [ADDRESS; 2])
}

/// The same, base and target each linked for an address of its own: builds for two slots that images run in.
#[must_use]
pub fn pair_at(seed: u64, functions: usize, addresses: [u32; 2]) -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(seed);
    let base: Vec<Vec<Item>> = (0..functions).map(|_| function(&mut random, functions)).collect();
    let mut target = base.clone();
    for body in &mut target {
        if random.below(12) == 0 {
            let at = random.below(body.len());
            body.insert(at, plain(&mut random));
        }
        if random.below(10) == 0 {
            let at = random.below(body.len());
            body[at] = plain(&mut random);
        }
    }
    if functions > 4 {
        let added = function(&mut random, functions);
        target[functions / 3].extend(added);
        target[functions / 2] = vec![Item::Plain(0x4770)];
    }
    let [first, second] = addresses;
    (link(first, &base, 0, b"firmware 1.4.9  "), link(second, &target, 8, b"firmware 1.5.0  "))
}

fn plain(random: &mut Random) -> Item {
    let opcode = [0x2000, 0x4600, 0x6800, 0x6000, 0x1C00, 0xB500, 0xBD00, 0x4280];
    let [low, ..] = random.word32().to_le_bytes();
    Item::Plain(opcode[random.below(opcode.len())] | u16::from(low))
}

fn function(random: &mut Random, functions: usize) -> Vec<Item> {
    let mut items = vec![Item::Plain(0xB5F0)];
    for _ in 0..8 + random.below(24) {
        items.push(match random.below(9) {
            0 => Item::Call(random.below(functions)),
            _ => plain(random),
        });
    }
    items.push(Item::Plain(0xBDF0));
    for _ in 0..random.below(3) {
        items.push(Item::Pointer(random.below(functions)));
    }
    let [low, high, ..] = random.word32().to_le_bytes();
    items.push(Item::RamPointer(u16::from_le_bytes([low & 0xFC, high & 0x3F])));
    items
}

/// Addresses of the functions, then the image: a vector table, the functions, `version`.
fn link(address: u32, functions: &[Vec<Item>], ram: u32, version: &[u8]) -> Vec<u8> {
    let size = |item: &Item| if matches!(item, Item::Plain(_)) { 2 } else { 4 };
    let aligned = |item: &Item, at: u32| match item {
        Item::Pointer(_) | Item::RamPointer(_) => at.next_multiple_of(4),
        Item::Plain(_) | Item::Call(_) => at,
    };
    let mut at = 16;
    let mut starts = Vec::new();
    for body in functions {
        at = u32::next_multiple_of(at, 4);
        starts.push(address + at);
        at = body.iter().fold(at, |at, item| aligned(item, at) + size(item));
    }
    let start = |index: usize| starts.get(index).copied().unwrap_or(address);
    let mut image = Vec::new();
    for word in [0x2000_4000, start(0) | 1, start(1) | 1, start(2) | 1] {
        image.extend(word.to_le_bytes());
    }
    let place = |image: &Vec<u8>| u32::try_from(image.len()).unwrap_or(u32::MAX);
    for body in functions {
        pad(&mut image);
        for item in body {
            match *item {
                Item::Plain(halfword) => image.extend(halfword.to_le_bytes()),
                Item::Call(callee) => {
                    let here = address + place(&image);
                    image.extend(branch(start(callee).wrapping_sub(here + 4)));
                }
                Item::Pointer(to) => {
                    pad(&mut image);
                    image.extend((start(to) | 1).to_le_bytes());
                }
                Item::RamPointer(offset) => {
                    pad(&mut image);
                    image.extend((0x2000_0000 + ram + u32::from(offset)).to_le_bytes());
                }
            }
        }
    }
    image.extend_from_slice(version);
    image
}

fn pad(image: &mut Vec<u8>) {
    while !image.len().is_multiple_of(4) {
        image.push(0);
    }
}

/// `BL` over `offset` bytes.
///
/// **Reference**: ARM DDI 0403E.e, A7.7.18, encoding T1.
fn branch(offset: u32) -> [u8; 4] {
    let s = offset >> 24 & 1;
    let j1 = !(offset >> 23 ^ s) & 1;
    let j2 = !(offset >> 22 ^ s) & 1;
    let first = 0xF000 | s << 10 | (offset >> 12 & 0x3FF);
    let second = 0xD000 | j1 << 13 | j2 << 11 | (offset >> 1 & 0x7FF);
    let [a, b, ..] = first.to_le_bytes();
    let [c, d, ..] = second.to_le_bytes();
    [a, b, c, d]
}

//! Firmware made up for tests: real instruction encodings, no meaning.

use super::super::fixtures::noise;

/// What made-up firmware should look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Where the code will be loaded.
    pub(super) address: u32,
    /// How many functions it has. Each calls two others and loads a pointer to a function and one to a string.
    pub(super) functions: usize,
    /// Whether a vector table comes first.
    pub(super) vectors: bool,
    pub(super) seed: u32,
}

/// Thumb firmware as planned, from the byte loaded at the address on.
pub(super) fn thumb(plan: Plan) -> Vec<u8> {
    let Plan { address, functions, vectors, seed } = plan;
    let word = |offset: usize| address + u32::try_from(offset).unwrap();
    let random = noise(functions * 40, seed);
    // PUSH, filler, BL, BL, LDR, LDR, POP, NOP if needed, two literals.
    let fillers: Vec<usize> =
        random.iter().take(functions).map(|&byte| usize::from(byte % 16)).collect();
    let begin = if vectors { 4 * 16 } else { 0 };
    let mut at = begin;
    let mut entries = Vec::new();
    for filler in &fillers {
        entries.push(at);
        at = (at + 2 + 2 * filler + 8 + 4 + 2).next_multiple_of(4) + 8;
    }
    let texts: Vec<usize> =
        (0..functions).map(|index| at + 1 + 12 * index + index * index / 64).collect();
    let pick = |index: usize| usize::from(random[functions + index % functions]) * 7 + index * 13;

    let mut image = Vec::new();
    if vectors {
        image.extend(0x2000_8000_u32.to_le_bytes());
        for index in 1..16 {
            let reserved = matches!(index, 7..=10 | 13);
            let handler = word(entries[pick(index) % functions]) | 1;
            image.extend(if reserved { 0 } else { handler }.to_le_bytes());
        }
    }
    for (index, filler) in fillers.iter().enumerate() {
        assert_eq!(image.len(), entries[index]);
        push(&mut image, &[0xb510]);
        for &byte in &random[2 * functions + index..][..*filler] {
            push(&mut image, &[0x2000 | u16::from(byte)]);
        }
        for call in 0..2 {
            let target = entries[pick(2 * index + call) % functions];
            let bl = thumb_bl(image.len(), target);
            push(&mut image, &bl);
        }
        let pool = (image.len() + 6).next_multiple_of(4);
        let load = |at: usize, literal: usize| {
            0x4800 | u16::try_from((literal - (at + 4) / 4 * 4) / 4).unwrap()
        };
        let loads = [load(image.len(), pool), load(image.len() + 2, pool + 4) | 0x100, 0xbd10];
        push(&mut image, &loads);
        if image.len() < pool {
            push(&mut image, &[0xbf00]);
        }
        image.extend((word(entries[pick(3 * index) % functions]) | 1).to_le_bytes());
        image.extend(word(texts[pick(5 * index) % functions]).to_le_bytes());
    }
    for text in texts {
        image.resize(text, 0);
        image.extend(b"message");
    }
    image.push(0);
    image
}

fn push(image: &mut Vec<u8>, halfwords: &[u16]) {
    image.extend(halfwords.iter().flat_map(|halfword| halfword.to_le_bytes()));
}

/// BL from one offset to another.
fn thumb_bl(from: usize, to: usize) -> [u16; 2] {
    let distance = i64::try_from(to).unwrap() - i64::try_from(from).unwrap() - 4;
    let bits =
        |low: u32, count: u32| u16::try_from((distance >> low).rem_euclid(1 << count)).unwrap();
    let (sign, i1, i2) = (bits(24, 1), bits(23, 1), bits(22, 1));
    let j = |i: u16| 1 ^ i ^ sign;
    [0xf000 | sign << 10 | bits(12, 10), 0xd000 | j(i1) << 13 | j(i2) << 11 | bits(1, 11)]
}

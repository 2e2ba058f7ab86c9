//! Pairs of made-up images of any instruction set, in which code moves.

use patcher_core::reference::{Isa, MAX_LEN};

use crate::firmware::ADDRESS;
use crate::random::Random;

/// Something in a function.
#[derive(Debug, Clone)]
enum Item {
    Plain(Vec<u8>),
    Reference(Vec<u8>, usize),
    Pointer(usize),
}

/// Instructions that lead nowhere, and ones that lead somewhere once they are given a target.
struct Words {
    plain: &'static [&'static [u8]],
    references: &'static [&'static [u8]],
    /// Whether there are pointers of 32 bits.
    points: bool,
}

fn words(isa: u8) -> Words {
    let (plain, references): (&[&[u8]], &[&[u8]]) = match isa {
        // ADDS, LDR, BX lr; BL, MOVW and MOVT.
        2 => (
            &[&[0x40, 0x18], &[0x08, 0x68], &[0x70, 0x47]],
            &[&[0x00, 0xF0, 0x00, 0xD0], &[0x40, 0xF2, 0x00, 0x01, 0xC0, 0xF2, 0x00, 0x01]],
        ),
        // MOV, LDR, BX lr; BL, BEQ, BLX, MOVW and MOVT.
        3 | 8 => (
            &[&[1, 0, 0xA0, 0xE1], &[4, 0, 0x91, 0xE5], &[0x1E, 0xFF, 0x2F, 0xE1]],
            &[
                &[0, 0, 0, 0xEB],
                &[0, 0, 0, 0x0A],
                &[0, 0, 0, 0xFA],
                &[0, 0x10, 0, 0xE3, 0, 0x10, 0x40, 0xE3],
            ],
        ),
        // MOV, RET; BL, B, ADRP with ADD, LDR, STR of a wide register.
        4 => (
            &[&[0xE0, 3, 1, 0xAA], &[0xC0, 3, 0x5F, 0xD6]],
            &[
                &[0, 0, 0, 0x94],
                &[0, 0, 0, 0x14],
                &[0, 0, 0, 0x90, 0, 0, 0, 0x91],
                &[1, 0, 0, 0x90, 0x21, 0, 0x40, 0xF9],
                &[1, 0, 0, 0x90, 0x20, 0, 0x80, 0x3D],
            ],
        ),
        // C.LI, ADD, C.JR ra; JAL, C.J, C.JAL, AUIPC with JALR, ADDI, SW, LUI with LW, a call by AUIPC and JALR, LW by the global pointer.
        5 | 10 => (
            &[&[1, 0x45], &[0x33, 0x85, 0xA5, 0], &[0x82, 0x80]],
            &[
                &[0xEF, 0, 0, 0],
                &[1, 0xA0],
                &[1, 0x20],
                &[0x17, 3, 0, 0, 0x67, 0, 3, 0],
                &[0x17, 5, 0, 0, 0x13, 5, 5, 0],
                &[0x17, 5, 0, 0, 0x23, 0x20, 0xA5, 0],
                &[0x37, 5, 0, 0, 3, 0x25, 5, 0],
                &[0x97, 0, 0, 0, 0xE7, 0x80, 0, 0],
                &[0x03, 0xA5, 1, 0],
            ],
        ),
        // ADDI of the stack pointer, L32I.N, RET.N, padding; CALL0, CALL8, J, L32R.
        6 => (
            &[&[0x12, 0xC1, 0xF0], &[0x28, 0x13], &[0x0D, 0xF0], &[0]],
            &[&[5, 0, 0], &[0x25, 0, 0], &[6, 0, 0], &[0x21, 0, 0]],
        ),
        9 => (
            &[&[0x6C, 0x10, 0x04], &[0x82, 0x31], &[0xD0, 0x0F], &[0]],
            &[&[0x50, 0, 0], &[0x58, 0, 0], &[0x60, 0, 0], &[0x12, 0, 0]],
        ),
        // PUSH, LDI, RET; CALL, JMP, RCALL, BRNE, LDS, SUBI with SBCI.
        11 => (
            &[&[0xCF, 0x93], &[0x80, 0xE1], &[0x08, 0x95]],
            &[
                &[0x0E, 0x94, 0, 0],
                &[0x0C, 0x94, 0, 0],
                &[0x00, 0xD0],
                &[0x01, 0xF4],
                &[0x80, 0x91, 0, 0],
                &[0xE0, 0x50, 0xF0, 0x40],
            ],
        ),
        _ => (&[&[0x11], &[0x22, 0x33], &[0]], &[&[0x44]]),
    };
    Words { plain, references, points: isa != 11 }
}

/// Where [`pair`] loads its images: [`ADDRESS`], or 0 where code reaches no further.
#[must_use]
pub fn address(isa: u8) -> u32 {
    if isa == 11 { 0 } else { ADDRESS }
}

/// Two releases of a firmware of about `functions` × 50 bytes, loaded at [`address`]: functions inserted and changed.
#[must_use]
pub fn pair(isa: &dyn Isa, seed: u64, functions: usize) -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(seed);
    let words = words(isa.id());
    let base: Vec<Vec<Item>> =
        (0..functions).map(|_| function(&mut random, &words, functions)).collect();
    let mut target = base.clone();
    for body in &mut target {
        if random.below(8) == 0 {
            let at = random.below(body.len());
            body.insert(at, item(&mut random, &words, functions));
        }
    }
    (link(isa, &base), link(isa, &target))
}

fn function(random: &mut Random, words: &Words, functions: usize) -> Vec<Item> {
    (0..8 + random.below(12)).map(|_| item(random, words, functions)).collect()
}

fn item(random: &mut Random, words: &Words, functions: usize) -> Item {
    let pick = |random: &mut Random, list: &[&[u8]]| list[random.below(list.len())].to_vec();
    match random.below(5) {
        0 if words.points => Item::Pointer(random.below(functions)),
        0 | 1 => Item::Reference(pick(random, words.references), random.below(functions)),
        _ => Item::Plain(pick(random, words.plain)),
    }
}

fn link(isa: &dyn Isa, functions: &[Vec<Item>]) -> Vec<u8> {
    let mut starts = vec![0; functions.len()];
    // Once for the places, once for what leads there.
    emit(isa, functions, &mut starts);
    emit(isa, functions, &mut starts)
}

fn emit(isa: &dyn Isa, functions: &[Vec<Item>], starts: &mut [u32]) -> Vec<u8> {
    let mut image = Vec::new();
    let start = address(isa.id());
    let here = |image: &Vec<u8>| start + u32::try_from(image.len()).unwrap_or(0);
    for (index, body) in functions.iter().enumerate() {
        pad(&mut image);
        starts[index] = here(&image);
        for item in body {
            match item {
                Item::Plain(bytes) => image.extend(bytes),
                Item::Reference(bytes, to) => {
                    let mut whole = [0; MAX_LEN];
                    whole[..bytes.len()].copy_from_slice(bytes);
                    let led = isa.retarget(whole, here(&image), starts[*to]);
                    image.extend(&led[..bytes.len()]);
                }
                Item::Pointer(to) => {
                    pad(&mut image);
                    image.extend(&isa.bytes_of(starts[*to])[..4]);
                }
            }
        }
    }
    image
}

fn pad(image: &mut Vec<u8>) {
    while !image.len().is_multiple_of(4) {
        image.push(0);
    }
}

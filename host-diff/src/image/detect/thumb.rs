//! Reading Thumb code without knowing where it is loaded: function entries, literal pools, calls.
//!
//! One linear sweep. Thumb code resynchronises within a few instructions, so that data in between does little harm.
//! Encodings: Armv7-M Architecture Reference Manual (DDI 0403), chapter A7.

use super::super::bytes::u16_at;
use super::super::flat::Isa;
use super::bits::BitSet;
use super::code::Code;

/// Sweeps `image` as Thumb code. An entry saves the link register, is called, or follows a return.
pub(super) fn sweep(image: &[u8]) -> Code {
    let halfwords = image.len() / 2;
    let mut prologues = BitSet::with_len(halfwords);
    let mut targets = BitSet::with_len(halfwords);
    let mut returns = Vec::new();
    let mut loops = Vec::new();
    let mut literals = BitSet::with_len(image.len() / 4);

    let mut at = 0;
    while let Some(first) = u16_at(image, at) {
        // Pools follow the code that loads from them: known data by now, and no instruction.
        if at % 4 == 0 && literals.contains(at / 4) {
            at += 4;
            continue;
        }
        let wide = first >> 11 >= 0x1d;
        let second = if wide { u16_at(image, at + 2).unwrap_or(0) } else { 0 };
        let next = at + if wide { 4 } else { 2 };
        match first {
            // PUSH {.., lr}
            0xb500..=0xb5ff => prologues.insert(at / 2),
            // PUSH.W {.., lr}: STMDB sp!
            0xe92d if second & 0x4000 != 0 => prologues.insert(at / 2),
            // BX Rm: a return or a tail call; POP {.., pc}
            0x4700..=0x4778 if first & 7 == 0 => returns.push(next),
            0xbd00..=0xbdff => returns.push(next),
            // POP.W {.., pc}; LDR pc, [sp], #4
            0xe8bd if second & 0x8000 != 0 => returns.push(next),
            0xf85d if second == 0xfb04 => returns.push(next),
            // B . : a default handler
            0xe7fe => {
                loops.push(at);
                returns.push(next);
            }
            // LDR Rt, [pc, #imm8 * 4]
            0x4800..=0x4fff => literals.insert((at + 4) / 4 + usize::from(first & 0xff)),
            // LDR.W Rt, [pc, #±imm12]
            0xf8df => literals.insert(((at + 4) / 4 * 4 + usize::from(second & 0xfff)) / 4),
            0xf85f => {
                let base = (at + 4) / 4 * 4;
                if let Some(literal) = base.checked_sub(usize::from(second & 0xfff)) {
                    literals.insert(literal / 4);
                }
            }
            // B.W: F000..F7FF, 10x1....: a tail call
            0xf000..=0xf7ff if second & 0xd000 == 0x9000 => returns.push(next),
            // BL: F000..F7FF, 11x1....
            0xf000..=0xf7ff if second & 0xd000 == 0xd000 => {
                if let Some(target) = call_target(at, first, second).filter(|&t| t < image.len()) {
                    targets.insert(target / 2);
                }
            }
            _ => {}
        }
        at = next;
    }

    let count = |set: &BitSet| u32::try_from(set.iter().count()).unwrap_or(u32::MAX);
    let landing = targets.iter().filter(|&target| prologues.contains(target)).count();
    let mut code = Code {
        isa: Isa::Thumb,
        places: u32::try_from(halfwords).unwrap_or(u32::MAX),
        entries: BitSet::with_len(halfwords),
        call_targets: count(&targets),
        calls_landing: u32::try_from(landing).unwrap_or(u32::MAX),
        prologues: count(&prologues),
        literals,
    };
    for entry in prologues.iter().chain(targets.iter()).chain(loops.iter().map(|at| at / 2)) {
        code.entries.insert(entry);
    }
    for end in returns {
        mark_behind(image, end, &mut code.entries);
    }
    for word in code.literals.iter() {
        if !code.literals.contains(word + 1) {
            mark_behind(image, 4 * (word + 1), &mut code.entries);
        }
    }
    code
}

/// The offset that a BL at `at` calls, if it is not below 0.
fn call_target(at: usize, first: u16, second: u16) -> Option<usize> {
    let sign = u32::from(first >> 10 & 1);
    let i1 = 1 ^ u32::from(second >> 13 & 1) ^ sign;
    let i2 = 1 ^ u32::from(second >> 11 & 1) ^ sign;
    let raw = sign << 24
        | i1 << 23
        | i2 << 22
        | u32::from(first & 0x3ff) << 12
        | u32::from(second & 0x7ff) << 1;
    let distance = i64::from(raw) - if sign == 1 { 1 << 25 } else { 0 };
    usize::try_from(i64::try_from(at).ok()? + 4 + distance).ok()
}

/// Marks where the next function may begin behind a return or a literal pool: at once, or after padding.
fn mark_behind(image: &[u8], end: usize, entries: &mut BitSet) {
    entries.insert(end / 2);
    // NOP, MOV r8, r8, or zeros fill up to the next word.
    if end % 4 == 2 && matches!(u16_at(image, end), Some(0xbf00 | 0x46c0 | 0)) {
        entries.insert(end / 2 + 1);
    }
}

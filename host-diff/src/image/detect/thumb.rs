//! Reading Thumb code without knowing where it is loaded: function entries, literal pools, calls.
//!
//! One linear sweep. Thumb code resynchronises within a few instructions, so that data in between does little harm.
//! Encodings: Armv7-M Architecture Reference Manual (DDI 0403), chapter A7.

use super::bits::BitSet;
use crate::image::bytes::{u16_at, u32_at};

/// What a sweep over Thumb code finds. All positions are offsets into the image.
#[derive(Debug, Default)]
pub(super) struct ThumbCode {
    /// Halfwords where a function may begin: saves the link register, is called, or follows a return.
    pub(super) entries: BitSet,
    /// Words that an LDR (literal) loads.
    pub(super) literals: BitSet,
    /// Distinct targets of BL inside the image.
    pub(super) call_targets: u32,
    /// How many of these save the link register first thing.
    pub(super) calls_landing: u32,
    /// Halfwords that save the link register.
    pub(super) prologues: u32,
}

/// Sweeps `image` as Thumb code.
pub(super) fn sweep(image: &[u8]) -> ThumbCode {
    let halfwords = image.len() / 2;
    let mut prologues = BitSet::with_len(halfwords);
    let mut targets = BitSet::with_len(halfwords);
    let mut returns = Vec::new();
    let mut loops = Vec::new();
    let mut literals = BitSet::with_len(image.len() / 4);

    let mut at = 0;
    while let Some(first) = u16_at(image, at) {
        let wide = first >> 11 >= 0x1d;
        let second = if wide { u16_at(image, at + 2).unwrap_or(0) } else { 0 };
        let next = at + if wide { 4 } else { 2 };
        match first {
            // PUSH {.., lr}
            0xb500..=0xb5ff => prologues.insert(at / 2),
            // PUSH.W {.., lr}: STMDB sp!
            0xe92d if second & 0x4000 != 0 => prologues.insert(at / 2),
            // BX lr; POP {.., pc}
            0x4770 | 0xbd00..=0xbdff => returns.push(next),
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
    let mut code = ThumbCode {
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
        mark_after_return(image, end, &mut code);
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

/// Marks where the next function may begin after a return: at once, after padding, after the literal pool.
fn mark_after_return(image: &[u8], end: usize, code: &mut ThumbCode) {
    code.entries.insert(end / 2);
    let mut next = end;
    // NOP, MOV r8, r8, or zeros fill up to the next word.
    if next % 4 == 2 && matches!(u16_at(image, next), Some(0xbf00 | 0x46c0 | 0)) {
        next += 2;
        code.entries.insert(next / 2);
    }
    if next.is_multiple_of(4) && code.literals.contains(next / 4) {
        while code.literals.contains(next / 4) && u32_at(image, next).is_some() {
            next += 4;
        }
        code.entries.insert(next / 2);
    }
}

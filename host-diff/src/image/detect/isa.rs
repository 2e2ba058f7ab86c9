//! Which instruction set an image holds, by consistency: where something looks like a call, its target must look like
//! the begin of a function far more often than chance.

use super::super::bytes::{u16_at, u32_at};
use super::super::flat::Isa;
use super::bits::BitSet;
use super::code::Code;
use super::log2::SCORE_FRACTION;
use super::thumb;

/// Below this many bits a few chance hits would do.
const ENOUGH: i64 = 24 << SCORE_FRACTION;

/// The code of the instruction set with the strongest evidence, if any has enough.
pub(super) fn strongest(image: &[u8]) -> Option<Code> {
    let all =
        core::iter::once(thumb::sweep(image)).chain(SHAPES.iter().map(|shape| shape.sweep(image)));
    // The first of equals, for a stable choice.
    all.filter(|code| code.score() >= ENOUGH)
        .reduce(|best, code| if code.score() > best.score() { code } else { best })
}

/// The code of a given instruction set.
pub(super) fn sweep(image: &[u8], isa: Isa) -> Option<Code> {
    if isa == Isa::Thumb {
        return Some(thumb::sweep(image));
    }
    SHAPES.iter().find(|shape| shape.isa == isa).map(|shape| shape.sweep(image))
}

/// How calls and functions look in one instruction set. Thumb has a sweep of its own.
struct Shape {
    isa: Isa,
    /// Instructions begin at multiples of this, functions at multiples of `entry_step`.
    step: usize,
    entry_step: usize,
    /// Distance that the instruction at an offset calls.
    call: fn(&[u8], usize) -> Option<i64>,
    /// Whether a function begins at an offset.
    prologue: fn(&[u8], usize) -> bool,
    /// Distance of the word that the instruction at an offset loads.
    literal: fn(&[u8], usize) -> Option<i64>,
}

const SHAPES: [Shape; 7] = [
    Shape {
        isa: Isa::A32,
        step: 4,
        entry_step: 4,
        call: a32_call,
        prologue: a32_prologue,
        literal: a32_literal,
    },
    Shape {
        isa: Isa::AArch64,
        step: 4,
        entry_step: 4,
        call: aarch64_call,
        prologue: aarch64_prologue,
        literal: |_, _| None,
    },
    Shape {
        isa: Isa::RiscV,
        step: 2,
        entry_step: 2,
        call: riscv_call,
        prologue: |image, at| riscv_prologue(image, at) && !riscv_saves_doubles(image, at),
        literal: |_, _| None,
    },
    Shape {
        isa: Isa::RiscV64,
        step: 2,
        entry_step: 2,
        call: riscv_call,
        prologue: |image, at| riscv_prologue(image, at) && riscv_saves_doubles(image, at),
        literal: |_, _| None,
    },
    Shape {
        isa: Isa::Xtensa,
        step: 1,
        entry_step: 4,
        call: xtensa_call,
        prologue: xtensa_prologue,
        literal: xtensa_literal,
    },
    Shape {
        isa: Isa::XtensaBig,
        step: 1,
        entry_step: 4,
        call: xtensa_big_call,
        prologue: xtensa_big_prologue,
        literal: xtensa_big_literal,
    },
    Shape {
        isa: Isa::Avr,
        step: 2,
        entry_step: 2,
        call: avr_call,
        prologue: avr_prologue,
        literal: |_, _| None,
    },
];

impl Shape {
    fn sweep(&self, image: &[u8]) -> Code {
        let mut targets = BitSet::with_len(image.len() / self.entry_step);
        let mut literals = BitSet::with_len(image.len() / 4);
        let mut code = Code {
            isa: self.isa,
            entries: BitSet::with_len(image.len() / 2),
            places: count(image.len() / self.entry_step),
            ..Code::default()
        };
        let reach = |at: usize, distance: i64, grain: usize| {
            let to = usize::try_from(i64::try_from(at).ok()? + distance).ok()?;
            to.is_multiple_of(grain).then_some(to / grain)
        };
        for at in (0..image.len()).step_by(self.step) {
            let call = (self.call)(image, at);
            if let Some(target) = call.and_then(|distance| reach(at, distance, self.entry_step)) {
                targets.insert(target);
            }
            let literal = (self.literal)(image, at);
            if let Some(word) = literal.and_then(|distance| reach(at, distance, 4)) {
                literals.insert(word);
            }
            if at.is_multiple_of(self.entry_step) && (self.prologue)(image, at) {
                code.entries.insert(at / 2);
                code.prologues += 1;
            }
        }
        for target in targets.iter() {
            code.call_targets += 1;
            code.calls_landing += u32::from((self.prologue)(image, target * self.entry_step));
        }
        Code { literals, ..code }
    }
}

fn count(places: usize) -> u32 {
    u32::try_from(places).unwrap_or(u32::MAX)
}

/// The low `bits` bits of `value` as a signed number.
fn signed(value: u32, bits: u32) -> i64 {
    let value = i64::from(value & ((1 << bits) - 1));
    if value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
}

// A32: BL (always); PUSH {.., lr}, STR lr, [sp, #-4]!, MOV ip, sp. Arm ARM DDI 0406, A8.

fn a32_call(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)?;
    (word >> 24 == 0xeb).then(|| signed(word, 24) * 4 + 8)
}

fn a32_prologue(image: &[u8], at: usize) -> bool {
    u32_at(image, at).is_some_and(|word| {
        word & 0xffff_4000 == 0xe92d_4000 || word == 0xe52d_e004 || word == 0xe1a0_c00d
    })
}

// LDR Rt, [pc, #±imm12]

fn a32_literal(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)?;
    let distance = i64::from(word & 0xfff);
    (word & 0x0f7f_0000 == 0x051f_0000)
        .then(|| 8 + if word >> 23 & 1 == 1 { distance } else { -distance })
}

// AArch64: BL; STP x29, x30, [sp, #-n]!, SUB sp, sp, #n, PACIASP, BTI c. Arm ARM DDI 0487, C6.

fn aarch64_call(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)?;
    (word >> 26 == 0b10_0101).then(|| signed(word, 26) * 4)
}

fn aarch64_prologue(image: &[u8], at: usize) -> bool {
    u32_at(image, at).is_some_and(|word| {
        word & 0xffc0_7fff == 0xa980_7bfd
            || word & 0xff80_03ff == 0xd100_03ff
            || word == 0xd503_233f
            || word == 0xd503_245f
    })
}

// RISC-V: JAL ra (C.JAL is too short to tell from chance), or AUIPC ra and JALR ra, ra, which are left of a call where the linker relaxes
// nothing, as of Rust's; C.ADDI16SP, C.ADDI sp and ADDI sp, sp with a negative immediate. Unprivileged ISA, RV32I, C.

fn riscv_call(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)?;
    if word & 0xfff == 0x097 {
        let jalr = u32_at(image, at + 4).filter(|next| next & 0x000f_ffff == 0x0000_80e7)?;
        return Some((signed(word >> 12, 20) << 12) + signed(jalr >> 20, 12));
    }
    let offset = (word >> 31 & 1) << 20
        | (word >> 12 & 0xff) << 12
        | (word >> 20 & 1) << 11
        | (word >> 21 & 0x3ff) << 1;
    (word & 0xfff == 0x0ef).then(|| signed(offset, 21))
}

fn riscv_prologue(image: &[u8], at: usize) -> bool {
    u16_at(image, at).is_some_and(|half| half & 0xff83 == 0x7101 || half & 0xff83 == 0x1101)
        || u32_at(image, at).is_some_and(|word| word & 0x800f_ffff == 0x8001_0113)
}

/// Whether one of the next instructions is C.SDSP of ra or s0, or SD into the frame: a function of a 64-bit core.
fn riscv_saves_doubles(image: &[u8], at: usize) -> bool {
    (2..16).step_by(2).any(|ahead| {
        u16_at(image, at + ahead).is_some_and(|half| matches!(half & 0xe07f, 0xe006 | 0xe022))
            || u32_at(image, at + ahead).is_some_and(|word| word & 0x000f_f07f == 0x0001_3023)
    })
}

// Xtensa: CALL0, CALL4, CALL8, CALL12; ENTRY a1, ADDI a1, a1, -n. Xtensa ISA Reference Manual, chapter 6.

fn xtensa_call(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)? & 0x00ff_ffff;
    let within = i64::try_from(at % 4).ok()?;
    (word & 0xf == 5).then(|| (signed(word >> 6, 18) << 2) + 4 - within)
}

fn xtensa_prologue(image: &[u8], at: usize) -> bool {
    u32_at(image, at)
        .is_some_and(|word| word & 0xfff == 0x136 || word & 0xffff == 0xc112 && word >> 23 & 1 == 1)
}

// L32R: the word lies before the instruction.

fn xtensa_literal(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)? & 0x00ff_ffff;
    let up = i64::try_from(at.next_multiple_of(4) - at).ok()?;
    (word & 0xf == 1).then(|| ((i64::from(word >> 8) - 0x1_0000) << 2) + up)
}

// The same with the fields of the instruction in the opposite order.

fn xtensa_big(image: &[u8], at: usize) -> Option<u32> {
    Some(u32_at(image, at)?.swap_bytes() >> 8)
}

fn xtensa_big_call(image: &[u8], at: usize) -> Option<i64> {
    let word = xtensa_big(image, at)?;
    let within = i64::try_from(at % 4).ok()?;
    (word >> 20 == 5).then(|| (signed(word, 18) << 2) + 4 - within)
}

fn xtensa_big_prologue(image: &[u8], at: usize) -> bool {
    xtensa_big(image, at).is_some_and(|word| word & 0xff_f000 == 0x6c_1000)
}

fn xtensa_big_literal(image: &[u8], at: usize) -> Option<i64> {
    let word = xtensa_big(image, at)?;
    let up = i64::try_from(at.next_multiple_of(4) - at).ok()?;
    (word >> 20 == 1).then(|| ((i64::from(word & 0xffff) - 0x1_0000) << 2) + up)
}

// AVR: CALL of a place in an image from address 0 on, RCALL; a function begins with PUSH, or behind RET, RETI, JMP or RJMP. AVR
// Instruction Set Manual, DS40002198.

fn avr_call(image: &[u8], at: usize) -> Option<i64> {
    let half = u16_at(image, at)?;
    if half & 0xf000 == 0xd000 {
        return Some(signed(half.into(), 12) * 2 + 2);
    }
    let high = u32::from(half >> 3 & 0x3e | half & 1);
    let place = high << 16 | u32::from(u16_at(image, at + 2)?);
    (half & 0xfe0e == 0x940e).then_some(i64::from(place) * 2 - i64::try_from(at).ok()?)
}

fn avr_prologue(image: &[u8], at: usize) -> bool {
    let back = |bytes: usize| at.checked_sub(bytes).and_then(|at| u16_at(image, at));
    u16_at(image, at).is_some_and(|half| half & 0xfe0f == 0x920f)
        || back(2).is_some_and(|half| matches!(half, 0x9508 | 0x9518) || half & 0xf000 == 0xc000)
        || back(4).is_some_and(|half| half & 0xfe0e == 0x940c)
}

#[cfg(test)]
mod tests;

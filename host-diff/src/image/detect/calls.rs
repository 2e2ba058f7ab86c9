//! Which instruction set an image holds, by consistency: where something looks like a call, its target must look like
//! the begin of a function far more often than chance.

use super::super::flat::Isa;
use super::bits::BitSet;
use super::log2::{SCORE_FRACTION, surprise};
use super::thumb::ThumbCode;
use crate::image::bytes::{u16_at, u32_at};

/// Evidence that an image holds code of one instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallVote {
    /// The instruction set.
    pub(super) isa: Isa,
    /// Distinct call targets inside the image.
    pub(super) targets: u32,
    /// How many of them look like the begin of a function.
    pub(super) landing: u32,
    /// What the landings are worth, in 1/256 bits.
    pub(super) score: i64,
}

/// Below this many bits a few chance hits would do.
const ENOUGH: i64 = 24 << SCORE_FRACTION;

/// The vote of each instruction set, in a fixed order.
pub(super) fn votes(image: &[u8], thumb: &ThumbCode) -> [CallVote; 5] {
    [
        vote(Isa::Thumb, thumb.call_targets, thumb.calls_landing, thumb.prologues, image.len() / 2),
        sweep(Isa::A32, image, 4, a32_call, a32_prologue),
        sweep(Isa::AArch64, image, 4, aarch64_call, aarch64_prologue),
        sweep(Isa::RiscV, image, 2, riscv_call, riscv_prologue),
        sweep(Isa::Xtensa, image, 1, xtensa_call, xtensa_prologue),
    ]
}

/// The instruction set with the strongest vote, or `Isa::None` if all are weak.
pub(super) fn strongest(votes: &[CallVote]) -> Isa {
    let enough = votes.iter().filter(|vote| vote.score >= ENOUGH);
    enough.max_by_key(|vote| vote.score).map_or(Isa::None, |vote| vote.isa)
}

fn vote(isa: Isa, targets: u32, landing: u32, prologues: u32, places: usize) -> CallVote {
    let places = u64::try_from(places).unwrap_or(u64::MAX).max(1);
    let score = surprise(landing.into(), targets.into(), prologues.into(), places);
    CallVote { isa, targets, landing, score }
}

/// Looks at each multiple of `step` for calls and prologues.
fn sweep(
    isa: Isa,
    image: &[u8],
    step: usize,
    call: fn(&[u8], usize) -> Option<i64>,
    prologue: fn(&[u8], usize) -> bool,
) -> CallVote {
    let places = image.len() / step;
    let mut targets = BitSet::with_len(places);
    let mut prologues = 0_u32;
    for at in (0..image.len()).step_by(step) {
        if prologue(image, at) {
            prologues += 1;
        }
        let target = call(image, at)
            .and_then(|distance| usize::try_from(i64::try_from(at).ok()? + distance).ok());
        if let Some(target) = target.filter(|target| target.is_multiple_of(step)) {
            targets.insert(target / step);
        }
    }
    let mut count = 0;
    let mut landing = 0;
    for target in targets.iter() {
        count += 1;
        if prologue(image, target * step) {
            landing += 1;
        }
    }
    vote(isa, count, landing, prologues, places)
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

// RISC-V: JAL ra, C.JAL; C.ADDI16SP, C.ADDI sp and ADDI sp, sp with a negative immediate. Unprivileged ISA, RV32I, C.

fn riscv_call(image: &[u8], at: usize) -> Option<i64> {
    let word = u32_at(image, at)?;
    if word & 0xfff == 0x0ef {
        let offset = (word >> 31 & 1) << 20
            | (word >> 12 & 0xff) << 12
            | (word >> 20 & 1) << 11
            | (word >> 21 & 0x3ff) << 1;
        return Some(signed(offset, 21));
    }
    let half = u32::from(u16_at(image, at)?);
    (half & 0xe003 == 0x2001).then(|| {
        let offset = (half >> 12 & 1) << 11
            | (half >> 11 & 1) << 4
            | (half >> 9 & 3) << 8
            | (half >> 8 & 1) << 10
            | (half >> 7 & 1) << 6
            | (half >> 6 & 1) << 7
            | (half >> 3 & 7) << 1
            | (half >> 2 & 1) << 5;
        signed(offset, 12)
    })
}

fn riscv_prologue(image: &[u8], at: usize) -> bool {
    u16_at(image, at).is_some_and(|half| half & 0xff83 == 0x7101 || half & 0xff83 == 0x1101)
        || u32_at(image, at).is_some_and(|word| word & 0x800f_ffff == 0x8001_0113)
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

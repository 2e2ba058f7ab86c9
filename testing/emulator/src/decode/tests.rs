//! Encodings against what an assembler makes of them, and what must be refused.

use super::*;

/// Halfwords, the text that `arm-none-eabi-as` 2.40 makes them from, and what they are decoded to.
const ENCODINGS: &str = include_str!("encodings.txt");

#[test]
fn encodings_of_an_assembler_are_what_it_was_told() {
    for line in ENCODINGS.lines() {
        let [halfwords, _text, expected] =
            line.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("expected three columns: {line}");
        };
        let mut halves =
            halfwords.split(' ').map(|half| u32::from_str_radix(half, 16).unwrap_or_default());
        let (first, second) = (halves.next().unwrap_or(0), halves.next());
        assert_eq!(is_wide(first), second.is_some(), "{line}");
        let got = decode(first, second.unwrap_or(0));
        assert_eq!(got.map(|got| format!("{got:?}")).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn what_is_no_instruction_here_says_why() {
    let cases = [
        // udf; udf.w; a gap
        (0xDE00, 0, Refusal::Undefined),
        (0xF7F0, 0xA000, Refusal::Undefined),
        (0xB800, 0, Refusal::Undefined),
        // wfe; cpsid f; ldrex; vldr; mcr; ldrt; clrex; mrs of control
        (0xF3AF, 0x8002, Refusal::NotModelled),
        (0xB671, 0, Refusal::NotModelled),
        (0xE851, 0x0F00, Refusal::NotModelled),
        (0xED90, 0x0A00, Refusal::NotModelled),
        (0xEE00, 0x0F10, Refusal::NotModelled),
        (0xF850, 0x1E00, Refusal::NotModelled),
        (0xF3BF, 0x8F2F, Refusal::NotModelled),
        (0xF3EF, 0x8014, Refusal::NotModelled),
        // push {}; it with else and always; add pc, pc; ldr r1, [r1], #4; str r1, [r1], #4; ldrd r1, r1; stm r1!, {r0, r1}
        (0xB400, 0, Refusal::Unpredictable),
        (0xBFE6, 0, Refusal::Unpredictable),
        (0x44FF, 0, Refusal::Unpredictable),
        (0xF851, 0x1B04, Refusal::Unpredictable),
        (0xF841, 0x1B04, Refusal::Unpredictable),
        (0xE9D0, 0x1100, Refusal::Unpredictable),
        (0xC103, 0, Refusal::Unpredictable),
    ];
    for (first, second, refusal) in cases {
        assert_eq!(decode(first, second), Err(refusal), "{first:04x} {second:04x}");
    }
}

#[test]
fn constants_expand_as_the_manual_says() {
    // A5.3.2: mov.w r0, #const with i:imm3:a and the low byte 0xAB.
    let constant = |i: u32, imm3: u32, low: u32| {
        let Ok(Instruction::Data { operand, .. }) = decode(0xF04F | i << 10, imm3 << 12 | low)
        else {
            return None;
        };
        Some(operand)
    };
    use crate::instruction::Operand::Constant;
    assert_eq!(constant(0, 0, 0xAB), Some(Constant(0x0000_00AB, None)));
    assert_eq!(constant(0, 1, 0xAB), Some(Constant(0x00AB_00AB, None)));
    assert_eq!(constant(0, 2, 0xAB), Some(Constant(0xAB00_AB00, None)));
    assert_eq!(constant(0, 3, 0xAB), Some(Constant(0xABAB_ABAB, None)));
    assert_eq!(constant(0, 4, 0x2B), Some(Constant(0xAB00_0000, Some(true))));
    assert_eq!(constant(1, 7, 0xAB), Some(Constant(0x0000_0156, Some(false))));
    // Zero repeated is unpredictable.
    assert_eq!(constant(0, 1, 0), None);
}

use super::super::super::fixtures::noise;
use super::{SHAPES, strongest};
use crate::image::flat::Isa;

/// Functions of 64 bytes: prologue, calls to others, filling.
fn made_up<T: Into<u64>>(prologue: u32, len: usize, call: fn(i64) -> T) -> Vec<u8> {
    let mut image = noise(200 * 64, 11);
    for function in 0..200_usize {
        let begin = 64 * function;
        image[begin..begin + 4].copy_from_slice(&prologue.to_le_bytes());
        for (at, step) in [(begin + 8, 37), (begin + 24, 111)] {
            let target = 64 * ((function * 7 + step) % 200);
            let distance = i64::try_from(target).unwrap() - i64::try_from(at).unwrap();
            let bytes = call(distance).into().to_le_bytes();
            image[at..at + len].copy_from_slice(&bytes[..len]);
        }
    }
    image
}

fn low(value: i64, bits: u32) -> u32 {
    u32::try_from(value.rem_euclid(1 << bits)).unwrap()
}

fn a32(distance: i64) -> u32 {
    0xeb00_0000 | low((distance - 8) >> 2, 24)
}

fn aarch64(distance: i64) -> u32 {
    0x9400_0000 | low(distance >> 2, 26)
}

fn riscv(distance: i64) -> u32 {
    let part = |from: u32, count: u32| low(distance >> from, count);
    0xef | part(20, 1) << 31 | part(1, 10) << 21 | part(11, 1) << 20 | part(12, 8) << 12
}

/// `AUIPC` and `JALR`: what a linker leaves that does not relax.
fn riscv_far(distance: i64) -> u64 {
    let (high, rest) = (low((distance + 0x800) >> 12, 20), low(distance, 12));
    u64::from(0x80e7 | rest << 20) << 32 | u64::from(0x97 | high << 12)
}

fn xtensa(distance: i64) -> u32 {
    // CALL8 at a multiple of 4.
    0x25 | low((distance - 4) >> 2, 18) << 6
}

fn xtensa_big(distance: i64) -> u32 {
    (0x58_0000 | low((distance - 4) >> 2, 18)).swap_bytes() >> 8
}

fn avr(distance: i64) -> u32 {
    // RCALL, which leads around within 8 KiB.
    0xd000 | low((distance - 2) >> 1, 12)
}

#[test]
fn risc_v_functions_that_save_doubles_are_of_64_bits() {
    let mut image = made_up(0xff01_0113, 4, riscv);
    assert_eq!(strongest(&image).map(|code| code.isa), Some(Isa::RiscV));
    for begin in (0..image.len()).step_by(64) {
        // SD ra, 8(sp).
        image[begin + 4..begin + 8].copy_from_slice(&0x0011_3423_u32.to_le_bytes());
    }
    assert_eq!(strongest(&image).map(|code| code.isa), Some(Isa::RiscV64));
}

#[test]
fn each_instruction_set_is_told_by_its_calls() {
    for (isa, image) in [
        (Isa::A32, made_up(0xe92d_4010, 4, a32)),
        (Isa::AArch64, made_up(0xa9be_7bfd, 4, aarch64)),
        (Isa::RiscV, made_up(0xff01_0113, 4, riscv)),
        (Isa::RiscV, made_up(0xff01_0113, 8, riscv_far)),
        (Isa::Xtensa, made_up(0x0000_4136, 3, xtensa)),
        (Isa::XtensaBig, made_up(0x0004_106c, 3, xtensa_big)),
        (Isa::Avr, made_up(0x93df_93cf, 2, avr)),
    ] {
        let code = strongest(&image).unwrap_or_default();
        assert_eq!(code.isa, isa);
        assert!(code.calls_landing >= 190, "{isa}: {code:?}");
    }
}

#[test]
fn literals_are_found_where_instructions_point() {
    let literal = |isa: Isa, word: u32, at: usize| {
        let mut image = vec![0; at];
        image.extend(word.to_le_bytes());
        let shape = SHAPES.iter().find(|shape| shape.isa == isa).unwrap();
        (shape.literal)(&image, at)
    };
    assert_eq!(literal(Isa::A32, 0xe59f_3010, 0), Some(0x18));
    assert_eq!(literal(Isa::A32, 0x051f_3010, 4), Some(-8));
    assert_eq!(literal(Isa::A32, 0xe593_3010, 0), None);
    // L32R at 6: the word after offset 8, minus 4.
    assert_eq!(literal(Isa::Xtensa, 0xff_ff21, 6), Some(2 - 4));
}

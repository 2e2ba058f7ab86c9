//! The parts.
//!
//! Sizes: metadata of `stm32-metapac` 21.0.0. Rules and times: see each part.

use core::time::Duration;

use crate::{
    Ecc, Geometry, MultiwritePart, PageRun, Part, Reprogram, Rules, Shape, Source, Timing,
};

/// One marker type per part.
macro_rules! part {
    ($(#[$doc:meta])* $marker:ident = $geometry:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $marker;

        impl Part for $marker {
            const GEOMETRY: Geometry = $geometry;
        }
    };
}

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

const fn run(pages: u32, page_bytes: u32, erase_us: u64) -> PageRun {
    PageRun { pages, page_bytes, erase_time: Duration::from_micros(erase_us) }
}

const fn timing(program_ns: u64, source: Source) -> Timing {
    Timing { program_time: Duration::from_nanos(program_ns), source }
}

part! {
    /// STM32L496: two banks, 2 KiB pages, 8-byte words.
    Stm32L4 = Geometry::new(
        Shape {
            name: "STM32L496",
            device_bytes: MIB,
            banks: 2,
            write_bytes: 8,
            erased_value: 0xFF,
            layout: const { &[run(1, 2 * KIB, 22_020)] },
        },
        Rules { reprogram: Reprogram::ZeroesOnly, ecc: Ecc::Faults },
        timing(81_690, Source::Recalled("STM32L496 datasheet DS11585, flash characteristics")),
    )
}

part! {
    /// STM32U575: two banks, 8 KiB pages, 16-byte words.
    Stm32U5 = Geometry::new(
        Shape {
            name: "STM32U575",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 16,
            erased_value: 0xFF,
            layout: const { &[run(1, 8 * KIB, 1_500)] },
        },
        Rules { reprogram: Reprogram::ZeroesOnly, ecc: Ecc::Faults },
        timing(118_000, Source::Recalled("STM32U575 datasheet DS13737, flash characteristics")),
    )
}

part! {
    /// STM32H743: two banks, 128 KiB sectors, 32-byte words.
    Stm32H7 = Geometry::new(
        Shape {
            name: "STM32H743",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 32,
            erased_value: 0xFF,
            layout: const { &[run(1, 128 * KIB, 1_000_000)] },
        },
        Rules { reprogram: Reprogram::ZeroesElsePoison, ecc: Ecc::Faults },
        timing(100_000, Source::Recalled("STM32H743 datasheet DS12110, flash characteristics")),
    )
}

part! {
    /// STM32L073: two banks, 128-byte pages, 4-byte words, erased to 0x00.
    Stm32L0 = Geometry::new(
        Shape {
            name: "STM32L073",
            device_bytes: 192 * KIB,
            banks: 2,
            write_bytes: 4,
            erased_value: 0x00,
            layout: const { &[run(1, 128, 3_200)] },
        },
        Rules { reprogram: Reprogram::Refused, ecc: Ecc::Silent },
        timing(3_200_000, Source::Recalled("STM32L073 datasheet DS10685, flash characteristics")),
    )
}

part! {
    /// STM32F429: two banks, unequal sectors, 4-byte words, no ECC.
    Stm32F4 = Geometry::new(
        Shape {
            name: "STM32F429",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 4,
            erased_value: 0xFF,
            layout: const {
                &[
                    run(4, 16 * KIB, 250_000),
                    run(1, 64 * KIB, 550_000),
                    run(7, 128 * KIB, 1_000_000),
                ]
            },
        },
        Rules { reprogram: Reprogram::Ands { limit: u8::MAX }, ecc: Ecc::Silent },
        timing(16_000, Source::Recalled("STM32F429 datasheet DS9405, flash characteristics")),
    )
}

impl MultiwritePart for Stm32F4 {}

part! {
    /// nRF52840: one bank, 4 KiB pages, 4-byte words, no ECC, two programs per word and erase.
    Nrf52 = Geometry::new(
        Shape {
            name: "nRF52840",
            device_bytes: MIB,
            banks: 1,
            write_bytes: 4,
            erased_value: 0xFF,
            layout: const { &[run(1, 4 * KIB, 85_000)] },
        },
        Rules { reprogram: Reprogram::Ands { limit: 2 }, ecc: Ecc::Silent },
        timing(41_000, Source::Recalled("nRF52840 product specification, NVMC")),
    )
}

impl MultiwritePart for Nrf52 {}

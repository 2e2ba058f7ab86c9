//! The parts.
//!
//! | fact | source |
//! | --- | --- |
//! | sizes, STM32 | metadata of `stm32-metapac` 21.0.0 |
//! | sizes, nRF | `embassy-nrf`, NVMC |
//! | ECC: erased bytes count as a program; a unit may read as erased and refuse | mcuboot issue 1288; efton's STM32 gotcha 99 |
//! | L4: a programmed write unit accepts zeroes only (PROGERR) | RM0351 3.3.7, quoted in the docs of `stm32-hal2` 0.2.9 |
//! | G4, WL: as L4 | assumed: near-identical registers |
//! | G0: zeroes over a write unit programmed with ones fail | STM32G071 errata sheet, quoted in ST community thread 207093; the model refuses all |
//! | U5: a programmed write unit accepts zeroes only | PROGERR of FLASH_NSSR in ST's SVD file |
//! | H7: no check; two programs make a double ECC error, a read of it a bus fault | zephyr issue 33140, embassy issue 4777; zeroes: ST community thread 59967 |
//! | H5: as H7, whose status flags it has (no PROGERR) | assumed |
//! | U5, H5: a torn write unit raises an NMI | trezor-firmware pull request 5312, mcuboot issue 2217 |
//! | L0: overwriting is refused (NOTZEROERR) | ST's SVD file, ST community thread 864735 |
//! | L0: ECC corrects one bit and reports none | RM0377 3.2 |
//! | F4: bits are cleared in any number of programs | RM0090, note on successive writes |
//! | nRF: write units are written `nWRITE` times | nRF5340 product specification, NVMC; `nWRITE` = 2: devzone 104913 for nRF9160, recalled for nRF52840 |
//! | times | [`Timing::source`] |

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

/// The rules of parts whose controller sets PROGERR, with ECC.
const CHECKED: Rules = Rules { reprogram: Reprogram::ZeroesOnly, ecc: Ecc::Faults };

/// The rules of parts whose controller does not look at what it overwrites, with ECC.
const UNCHECKED: Rules = Rules { reprogram: Reprogram::ZeroesElsePoison, ecc: Ecc::Faults };

/// The rules of Nordic's NVMC.
const NVMC: Rules = Rules { reprogram: Reprogram::Ands { limit: 2 }, ecc: Ecc::Silent };

const fn timing(program_ns: u64, source: Source) -> Timing {
    Timing { program_time: Duration::from_nanos(program_ns), source }
}

part! {
    /// STM32L496: two banks, 2 KiB pages, 8-byte write units.
    Stm32L4 = Geometry::new(
        Shape {
            name: "STM32L496",
            device_bytes: MIB,
            banks: 2,
            write_bytes: 8,
            erased_value: 0xFF,
            layout: const { &[run(1, 2 * KIB, 22_020)] },
        },
        CHECKED,
        timing(81_690, Source::Recalled("DS11585, flash memory characteristics")),
    )
}

part! {
    /// STM32G474 in dual-bank mode: 2 KiB pages, 8-byte write units.
    Stm32G4 = Geometry::new(
        Shape {
            name: "STM32G474",
            device_bytes: 512 * KIB,
            banks: 2,
            write_bytes: 8,
            erased_value: 0xFF,
            layout: const { &[run(1, 2 * KIB, 22_020)] },
        },
        CHECKED,
        timing(81_690, Source::Recalled("DS12288, flash memory characteristics")),
    )
}

part! {
    /// STM32G0B1: two banks, 2 KiB pages, 8-byte write units, of which none is programmed twice.
    Stm32G0 = Geometry::new(
        Shape {
            name: "STM32G0B1",
            device_bytes: 512 * KIB,
            banks: 2,
            write_bytes: 8,
            erased_value: 0xFF,
            layout: const { &[run(1, 2 * KIB, 22_000)] },
        },
        Rules { reprogram: Reprogram::Refused, ecc: Ecc::Faults },
        timing(85_000, Source::Recalled("DS13560, flash memory characteristics")),
    )
}

part! {
    /// STM32WL55: a single bank, 2 KiB pages, 8-byte write units.
    Stm32Wl = Geometry::new(
        Shape {
            name: "STM32WL55",
            device_bytes: 256 * KIB,
            banks: 1,
            write_bytes: 8,
            erased_value: 0xFF,
            layout: const { &[run(1, 2 * KIB, 22_000)] },
        },
        CHECKED,
        timing(82_000, Source::Recalled("DS13293, flash memory characteristics")),
    )
}

part! {
    /// STM32U575: two banks, 8 KiB pages, 16-byte write units.
    Stm32U5 = Geometry::new(
        Shape {
            name: "STM32U575",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 16,
            erased_value: 0xFF,
            layout: const { &[run(1, 8 * KIB, 1_500)] },
        },
        CHECKED,
        timing(118_000, Source::Recalled("DS13737, flash memory characteristics")),
    )
}

part! {
    /// STM32H563: two banks, 8 KiB sectors, 16-byte write units.
    Stm32H5 = Geometry::new(
        Shape {
            name: "STM32H563",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 16,
            erased_value: 0xFF,
            layout: const { &[run(1, 8 * KIB, 2_000)] },
        },
        UNCHECKED,
        // The program time is that of the STM32U5.
        timing(118_000, Source::Recalled("DS14258, flash memory characteristics")),
    )
}

part! {
    /// STM32H743: two banks, 128 KiB sectors, 32-byte write units.
    Stm32H7 = Geometry::new(
        Shape {
            name: "STM32H743",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 32,
            erased_value: 0xFF,
            layout: const { &[run(1, 128 * KIB, 1_000_000)] },
        },
        UNCHECKED,
        timing(100_000, Source::Recalled("DS12110, flash memory characteristics, x64")),
    )
}

part! {
    /// STM32L073: two banks, 128-byte pages, 4-byte write units, erased to 0x00, silent ECC.
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
        timing(3_200_000, Source::Recalled("DS10685, flash memory characteristics")),
    )
}

part! {
    /// STM32F429: two banks of unequal sectors, 4-byte write units, no ECC.
    ///
    /// Slots see the largest sector as the erase unit; smaller sectors are erased together.
    Stm32F4 = Geometry::new(
        Shape {
            name: "STM32F429",
            device_bytes: 2 * MIB,
            banks: 2,
            write_bytes: 4,
            erased_value: 0xFF,
            layout: const { &[
                    run(4, 16 * KIB, 250_000),
                    run(1, 64 * KIB, 550_000),
                    run(7, 128 * KIB, 1_000_000),
] },
        },
        Rules { reprogram: Reprogram::Ands { limit: u8::MAX }, ecc: Ecc::Silent },
        timing(16_000, Source::Recalled("DS9405, flash memory characteristics, x32")),
    )
}

impl MultiwritePart for Stm32F4 {}

part! {
    /// nRF52840: one bank, 4 KiB pages, 4-byte write units, no ECC, two programs per erase.
    Nrf52 = Geometry::new(
        Shape {
            name: "nRF52840",
            device_bytes: MIB,
            banks: 1,
            write_bytes: 4,
            erased_value: 0xFF,
            layout: const { &[run(1, 4 * KIB, 85_000)] },
        },
        NVMC,
        timing(41_000, Source::Recalled("nRF52840 product specification, NVMC")),
    )
}

impl MultiwritePart for Nrf52 {}

part! {
    /// nRF9160: one bank, 4 KiB pages, 4-byte write units, no ECC, two programs per erase.
    Nrf91 = Geometry::new(
        Shape {
            name: "nRF9160",
            device_bytes: MIB,
            banks: 1,
            write_bytes: 4,
            erased_value: 0xFF,
            layout: const { &[run(1, 4 * KIB, 87_000)] },
        },
        NVMC,
        timing(43_000, Source::Recalled("nRF9160 product specification, NVMC")),
    )
}

impl MultiwritePart for Nrf91 {}

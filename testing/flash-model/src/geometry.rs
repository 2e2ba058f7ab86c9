//! What makes one part's flash differ from another's.

use core::fmt::Debug;
use core::time::Duration;

/// The largest write unit of any part here, in bytes (STM32H7).
pub const MAX_WRITE_BYTES: u32 = 32;

/// A microcontroller whose flash the model imitates; implemented by marker types such as
/// [`Stm32L4`](crate::Stm32L4).
///
/// A test may add a part of its own:
///
/// ```
/// use core::time::Duration;
/// use flash_model::{
///     Ecc, FlashModel, Geometry, PageRun, Part, Reprogram, Rules, Shape, Source, Timing,
/// };
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// struct Tiny;
///
/// impl Part for Tiny {
///     const GEOMETRY: Geometry = Geometry::new(
///         Shape {
///             name: "tiny",
///             device_bytes: 1024,
///             banks: 1,
///             write_bytes: 4,
///             erased_value: 0xFF,
///             layout: &[PageRun { pages: 1, page_bytes: 64, erase_time: Duration::ZERO }],
///         },
///         Rules { reprogram: Reprogram::Refused, ecc: Ecc::Faults },
///         Timing { program_time: Duration::ZERO, source: Source::Named("made up") },
///     );
/// }
///
/// assert_eq!(FlashModel::<Tiny>::new().wear().len(), 16);
/// ```
///
/// A geometry that cannot be fails to compile, here a page that is no multiple of the write unit:
///
/// ```compile_fail,E0080
/// # use core::time::Duration;
/// # use flash_model::*;
/// # #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// # struct Tiny;
/// # impl Part for Tiny {
/// #     const GEOMETRY: Geometry = Geometry::new(
/// #         Shape {
/// #             name: "tiny",
/// #             device_bytes: 1020,
/// #             banks: 1,
/// #             write_bytes: 4,
/// #             erased_value: 0xFF,
/// #             layout: &[
/// PageRun { pages: 1, page_bytes: 102, erase_time: Duration::ZERO }
/// #             ],
/// #         },
/// #         Rules { reprogram: Reprogram::Refused, ecc: Ecc::Faults },
/// #         Timing { program_time: Duration::ZERO, source: Source::Named("made up") },
/// #     );
/// # }
/// # let _ = FlashModel::<Tiny>::new();
/// ```
pub trait Part: Copy + Debug + Eq + Send + Sync + 'static {
    /// The part's flash.
    const GEOMETRY: Geometry;
}

/// A part whose datasheet allows several programs of one write unit between erases.
///
/// Its slots implement [`MultiwriteNorFlash`](embedded_storage::nor_flash::MultiwriteNorFlash).
pub trait MultiwritePart: Part {}

/// Sizes, rules and typical times of one part's flash.
///
/// ```text
/// device = layout layout ...      (the layout repeats to fill the device)
/// layout = run run ...            (F4: 4 x 16 KiB, 1 x 64 KiB, 7 x 128 KiB; others: one run)
/// run    = page page ...          (equal pages: the unit of erase)
/// page   = unit unit ...          (the unit of programming and of ECC)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    name: &'static str,
    device_bytes: u32,
    banks: u32,
    write_bytes: u32,
    erased_value: u8,
    layout: &'static [PageRun],
    rules: Rules,
    timing: Timing,
}

impl Geometry {
    /// A geometry, checked.
    ///
    /// # Panics
    ///
    /// If sizes are zero or do not divide each other. In a `const` that is a compile error.
    #[must_use]
    pub const fn new(shape: Shape, rules: Rules, timing: Timing) -> Self {
        let Shape { name, device_bytes, banks, write_bytes, erased_value, layout } = shape;
        assert!(write_bytes.is_power_of_two() && write_bytes <= MAX_WRITE_BYTES);
        assert!(erased_value == 0xFF || erased_value == 0x00);
        // All other rules say that zeroes can be programmed over anything.
        assert!(erased_value == 0xFF || matches!(rules.reprogram, Reprogram::Refused));
        let geometry =
            Self { name, device_bytes, banks, write_bytes, erased_value, layout, rules, timing };
        let largest = geometry.erase_bytes();
        let mut run = 0;
        let mut offset = 0;
        while run < layout.len() {
            let PageRun { pages, page_bytes, .. } = layout[run];
            assert!(pages > 0 && page_bytes > 0 && page_bytes.is_multiple_of(write_bytes));
            // Smaller pages must tile the largest one, so that an aligned erase of
            // `ERASE_SIZE` bytes is a whole number of pages everywhere.
            assert!(largest.is_multiple_of(page_bytes) && offset % page_bytes == 0);
            offset += pages * page_bytes;
            run += 1;
        }
        assert!(offset > 0 && offset.is_multiple_of(largest));
        assert!(banks > 0 && device_bytes.is_multiple_of(banks));
        assert!(geometry.accepts_size(device_bytes));
        geometry
    }

    /// Name of the part.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Flash of the named part, in bytes. A model may be made larger or smaller.
    #[must_use]
    pub const fn device_bytes(&self) -> u32 {
        self.device_bytes
    }

    /// Number of banks. Reading one bank goes on while another is programmed or erased.
    #[must_use]
    pub const fn banks(&self) -> u32 {
        self.banks
    }

    /// Unit of programming and of ECC, in bytes.
    #[must_use]
    pub const fn write_bytes(&self) -> u32 {
        self.write_bytes
    }

    /// Unit of erase as seen through the traits: the largest page, in bytes.
    #[must_use]
    pub const fn erase_bytes(&self) -> u32 {
        let mut largest = 0;
        let mut run = 0;
        while run < self.layout.len() {
            if self.layout[run].page_bytes > largest {
                largest = self.layout[run].page_bytes;
            }
            run += 1;
        }
        largest
    }

    /// Value of an erased byte: 0xFF, or 0x00 on STM32L0.
    #[must_use]
    pub const fn erased_value(&self) -> u8 {
        self.erased_value
    }

    /// What happens on a second program and on a torn write unit.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// Typical program time, and where all times of the part come from.
    #[must_use]
    pub const fn timing(&self) -> Timing {
        self.timing
    }

    /// Whether a device of `bytes` bytes consists of whole layouts.
    #[must_use]
    pub const fn accepts_size(&self, bytes: u32) -> bool {
        bytes > 0 && bytes.is_multiple_of(self.layout_bytes())
    }

    /// Number of pages in a device of `bytes` bytes.
    #[must_use]
    pub const fn pages_in(&self, bytes: u32) -> u32 {
        bytes / self.layout_bytes() * self.layout_pages()
    }

    /// The page that `address` lies in.
    #[must_use]
    pub const fn page_at(&self, address: u32) -> Page {
        let repeat = address / self.layout_bytes();
        let mut index = repeat * self.layout_pages();
        let mut start = repeat * self.layout_bytes();
        let mut run = 0;
        loop {
            let PageRun { pages, page_bytes, erase_time } = self.layout[run];
            let page = (address - start) / page_bytes;
            if page < pages {
                let start = start + page * page_bytes;
                return Page { index: index + page, start, bytes: page_bytes, erase_time };
            }
            index += pages;
            start += pages * page_bytes;
            run += 1;
        }
    }

    const fn layout_bytes(&self) -> u32 {
        let mut bytes = 0;
        let mut run = 0;
        while run < self.layout.len() {
            bytes += self.layout[run].pages * self.layout[run].page_bytes;
            run += 1;
        }
        bytes
    }

    const fn layout_pages(&self) -> u32 {
        let mut pages = 0;
        let mut run = 0;
        while run < self.layout.len() {
            pages += self.layout[run].pages;
            run += 1;
        }
        pages
    }
}

/// The sizes of a part's flash, as given to [`Geometry::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Name of the part.
    pub name: &'static str,
    /// Flash of the part, in bytes.
    pub device_bytes: u32,
    /// Number of banks, of equal size.
    pub banks: u32,
    /// Unit of programming and of ECC, in bytes: a power of two.
    pub write_bytes: u32,
    /// Value of an erased byte.
    pub erased_value: u8,
    /// Runs of equal pages; the whole repeats to fill the device.
    pub layout: &'static [PageRun],
}

/// Neighbouring pages of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun {
    /// How many.
    pub pages: u32,
    /// Bytes in each.
    pub page_bytes: u32,
    /// Typical time to erase one.
    pub erase_time: Duration,
}

/// One page of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Index, counted from the start of the device.
    pub index: u32,
    /// Address of the first byte, counted from the start of the device.
    pub start: u32,
    /// Size in bytes.
    pub bytes: u32,
    /// Typical time of an erase.
    pub erase_time: Duration,
}

/// How a part treats what a driver should not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A program of a write unit that is not erased.
    pub reprogram: Reprogram,
    /// A read of a torn write unit.
    pub ecc: Ecc,
}

/// What a part does when a write unit is programmed that was programmed since its last erase,
/// even if only with erased bytes: those, too, fix its ECC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reprogram {
    /// Old and new bits are ANDed, as often as the limit says. Parts without ECC.
    Ands {
        /// Most programs of one write unit between two erases.
        limit: u8,
    },
    /// Refused, whatever the value; the write unit stays as it was.
    Refused,
    /// Refused except for all zeroes, which are stored; a refused write unit stays as it was.
    ZeroesOnly,
    /// Not checked by the part: all zeroes are stored, anything else leaves inconsistent ECC.
    ///
    /// Silicon reports success; the model reports [`NotErased`](crate::FlashError::NotErased)
    /// at once *and* poisons the write unit, so that no test can miss it.
    ZeroesElsePoison,
}

/// What a read of a torn write unit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ecc {
    /// The read faults (NMI or bus fault on the part): [`FlashError::Ecc`](crate::FlashError::Ecc).
    Faults,
    /// There is no ECC, or it does not report: the read returns whatever bits made it.
    Silent,
}

/// Typical times; page erase times are in [`PageRun`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Programs one write unit.
    pub program_time: Duration,
    /// Where this and the erase times come from.
    pub source: Source,
}

/// How far a figure may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Read in the named public document.
    Named(&'static str),
    /// A datasheet typical recalled, not verified; the name says where to check it.
    Recalled(&'static str),
}

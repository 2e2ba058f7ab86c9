//! Vector tables of Cortex-M, and the image header of MCUboot that may precede one.

use super::super::bytes::{u16_at, u32_at};

/// A vector table found in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VectorTable {
    /// Where it begins.
    pub(super) offset: u32,
    /// Distinct handler addresses without the Thumb bit, sorted.
    pub(super) handlers: Vec<u32>,
}

/// `IMAGE_MAGIC` of MCUboot (boot/bootutil/include/bootutil/image.h).
const MCUBOOT_MAGIC: u32 = 0x96f3_b83d;
/// Offset of `ih_hdr_size` in that header.
const MCUBOOT_HDR_SIZE_AT: usize = 8;
/// A table further in belongs to a second image or is chance.
const SEARCH_END: usize = 0x1000;
/// System exceptions before the first interrupt (Armv7-M ARM, B1.5.2).
const SYSTEM_VECTORS: usize = 16;
/// Most interrupts that an NVIC handles (Armv7-M ARM, B3.4).
const MAX_INTERRUPTS: usize = 496;

/// Finds the first vector table: behind an MCUboot header if there is one, else near the start.
pub(super) fn find(image: &[u8]) -> Option<VectorTable> {
    if u32_at(image, 0) == Some(MCUBOOT_MAGIC) {
        let header = usize::from(u16_at(image, MCUBOOT_HDR_SIZE_AT)?);
        return table_at(image, header);
    }
    (0..SEARCH_END.min(image.len())).step_by(4).find_map(|offset| table_at(image, offset))
}

/// Reads the words at `offset` as a vector table, if they can be one.
fn table_at(image: &[u8], offset: usize) -> Option<VectorTable> {
    let word = |index: usize| u32_at(image, offset + 4 * index);
    let stack = word(0)?;
    // Code and SRAM regions of the memory map (Armv7-M ARM, B3.1), without address 0 and flash below it.
    if stack % 4 != 0 || !(0x1000_0000..0x4000_0000).contains(&stack) {
        return None;
    }
    // Reset, NMI and HardFault always exist.
    let fixed = [word(1)?, word(2)?, word(3)?];
    if fixed.iter().any(|handler| handler & 1 == 0) {
        return None;
    }
    // MemManage, BusFault, UsageFault, SVCall, Debug, PendSV, SysTick: a handler, or nothing on Armv6-M.
    // 7 to 10 and 13 are reserved: vendors put checksums there.
    for index in [4, 5, 6, 11, 12, 14, 15] {
        let handler = word(index)?;
        if handler & 1 == 0 && handler != 0 {
            return None;
        }
    }
    let reach = u32::try_from(image.len()).unwrap_or(u32::MAX);
    let near = |handler: u32| handler & 1 == 1 && handler.abs_diff(fixed[0]) < reach;
    if !fixed.iter().all(|&handler| near(handler)) {
        return None;
    }
    let interrupts = (SYSTEM_VECTORS..SYSTEM_VECTORS + MAX_INTERRUPTS)
        .map_while(word)
        .take_while(|&handler| handler == 0 || near(handler));
    let mut handlers: Vec<u32> = fixed
        .into_iter()
        .chain([4, 5, 6, 11, 12, 14, 15].into_iter().filter_map(word))
        .chain(interrupts)
        .filter(|&handler| near(handler))
        .map(|handler| handler & !1)
        .collect();
    handlers.sort_unstable();
    handlers.dedup();
    Some(VectorTable { offset: u32::try_from(offset).ok()?, handlers })
}

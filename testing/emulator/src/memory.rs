//! Plain ROM and RAM: a bus without devices.

use core::fmt;

use crate::bus::{Bus, BusError, Width};

/// A range of addresses cannot be mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapError {
    /// It overlaps one that is mapped.
    Overlap {
        /// First address of the range.
        address: u32,
    },
    /// It is empty, longer than the address space, or does not start at a multiple of 4.
    Range {
        /// First address of the range.
        address: u32,
        /// Its length.
        len_bytes: usize,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { address } => {
                write!(f, "memory at {address:#010x} overlaps other memory")
            }
            Self::Range { address, len_bytes } => {
                write!(f, "{len_bytes} bytes cannot be mapped at {address:#010x}")
            }
        }
    }
}

impl core::error::Error for MapError {}

#[derive(Debug, Clone)]
struct Range {
    start: u32,
    writable: bool,
    /// A multiple of four, so that an aligned access is inside or outside.
    bytes: Vec<u8>,
}

/// Ranges of ROM and RAM without wait states. An access outside of them fails.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    ranges: Vec<Range>,
    /// The range that was used last: most accesses go where the one before went.
    recent: [usize; 2],
}

impl Memory {
    /// No memory at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps `bytes` at `address`, read only, filled up to a multiple of four with erased bytes (0xFF).
    ///
    /// # Errors
    /// [`MapError`]: the range is no range, or is taken.
    pub fn map_rom(&mut self, address: u32, bytes: &[u8]) -> Result<(), MapError> {
        self.map(address, bytes.to_vec(), 0xFF, false)
    }

    /// Maps `len_bytes` zeros at `address`, a multiple of four after rounding up.
    ///
    /// # Errors
    /// [`MapError`]: the range is no range, or is taken.
    pub fn map_ram(&mut self, address: u32, len_bytes: usize) -> Result<(), MapError> {
        self.map(address, vec![0; len_bytes], 0, true)
    }

    /// Copies `bytes` into what is mapped, ROM included; `None` when they do not fit into one range.
    pub fn load(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        let range = self.ranges.iter_mut().find(|range| range.offset(address).is_some())?;
        let offset = range.offset(address)?;
        range.bytes.get_mut(offset..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(())
    }

    /// What is at `address`; `None` when it is not all in one range.
    #[must_use]
    pub fn slice(&self, address: u32, len_bytes: usize) -> Option<&[u8]> {
        let range = self.ranges.iter().find(|range| range.offset(address).is_some())?;
        range.bytes.get(range.offset(address)?..)?.get(..len_bytes)
    }

    fn map(
        &mut self,
        address: u32,
        mut bytes: Vec<u8>,
        filler: u8,
        writable: bool,
    ) -> Result<(), MapError> {
        let len_bytes = bytes.len();
        bytes.resize(len_bytes.next_multiple_of(4), filler);
        let end = u32::try_from(bytes.len()).ok().and_then(|len| address.checked_add(len));
        let Some(end) = end.filter(|&end| end > address && address.is_multiple_of(4)) else {
            return Err(MapError::Range { address, len_bytes });
        };
        let taken = |range: &Range| range.start < end && address < range.end();
        if self.ranges.iter().any(taken) {
            return Err(MapError::Overlap { address });
        }
        self.ranges.push(Range { start: address, writable, bytes });
        Ok(())
    }

    /// The range that holds `address`, and where in it. `side` tells code from data, which alternate.
    #[inline]
    fn find(&mut self, address: u32, side: usize) -> Result<(usize, usize), BusError> {
        let recent = self.recent[side];
        if let Some(offset) = self.ranges.get(recent).and_then(|range| range.offset(address)) {
            return Ok((recent, offset));
        }
        let mut found = self.ranges.iter().enumerate();
        let found = found.find_map(|(index, range)| Some((index, range.offset(address)?)));
        let (index, offset) = found.ok_or(BusError::Unmapped)?;
        self.recent[side] = index;
        Ok((index, offset))
    }

    #[inline]
    fn get(&mut self, address: u32, width: Width, side: usize) -> Result<u32, BusError> {
        let (index, offset) = self.find(address, side)?;
        let bytes = self.ranges[index].bytes.get(offset..).unwrap_or(&[]);
        let value = match width {
            Width::Byte => bytes.first().copied().map(u32::from),
            Width::Half => bytes.first_chunk().map(|&half| u32::from(u16::from_le_bytes(half))),
            Width::Word => bytes.first_chunk().map(|&word| u32::from_le_bytes(word)),
        };
        value.ok_or(BusError::Unmapped)
    }
}

impl Range {
    fn end(&self) -> u32 {
        self.start.saturating_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }

    #[inline]
    fn offset(&self, address: u32) -> Option<usize> {
        let offset = usize::try_from(address.wrapping_sub(self.start)).ok()?;
        (offset < self.bytes.len()).then_some(offset)
    }
}

impl Bus for Memory {
    #[inline]
    fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        self.get(address, width, 0)
    }

    #[inline]
    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        let (index, offset) = self.find(address, 0)?;
        let range = &mut self.ranges[index];
        if !range.writable {
            return Err(BusError::ReadOnly);
        }
        let bytes = range.bytes.get_mut(offset..).unwrap_or(&mut []);
        let [a, b, c, d] = value.to_le_bytes();
        let done = match width {
            Width::Byte => bytes.first_chunk_mut().map(|byte| *byte = [a]),
            Width::Half => bytes.first_chunk_mut().map(|half| *half = [a, b]),
            Width::Word => bytes.first_chunk_mut().map(|word| *word = [a, b, c, d]),
        };
        done.ok_or(BusError::Unmapped)
    }

    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        self.get(address, Width::Half, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new();
        memory.map_rom(0x100, &[1, 2, 3, 4, 5]).unwrap();
        memory.map_ram(0x108, 8).unwrap();
        memory
    }

    #[test]
    fn values_are_little_endian_and_rom_ends_erased() {
        let mut memory = memory();
        assert_eq!(memory.read(0x100, Width::Word), Ok(0x0403_0201));
        assert_eq!(memory.read(0x102, Width::Half), Ok(0x0403));
        assert_eq!(memory.read(0x104, Width::Word), Ok(0xFFFF_FF05));
        assert_eq!(memory.read(0x107, Width::Byte), Ok(0xFF));
    }

    #[test]
    fn writes_reach_ram_only_and_only_their_width() {
        let mut memory = memory();
        assert_eq!(memory.write(0x10A, Width::Half, 0xAABB_CCDD), Ok(()));
        assert_eq!(memory.read(0x108, Width::Word), Ok(0xCCDD_0000));
        assert_eq!(memory.write(0x100, Width::Byte, 0), Err(BusError::ReadOnly));
        assert_eq!(memory.write(0x110, Width::Byte, 0), Err(BusError::Unmapped));
        assert_eq!(memory.read(0xFF, Width::Byte), Err(BusError::Unmapped));
    }

    #[test]
    fn ranges_neither_overlap_nor_wrap() {
        let mut memory = memory();
        assert_eq!(memory.map_ram(0x10C, 4), Err(MapError::Overlap { address: 0x10C }));
        let range = |address, len_bytes| Err(MapError::Range { address, len_bytes });
        assert_eq!(memory.map_ram(0x200, 0), range(0x200, 0));
        assert_eq!(memory.map_ram(0x202, 4), range(0x202, 4));
        assert_eq!(memory.map_ram(0xFFFF_FFFC, 8), range(0xFFFF_FFFC, 8));
    }

    #[test]
    fn a_programmer_writes_rom_too() {
        let mut memory = memory();
        assert_eq!(memory.load(0x101, &[9, 9]), Some(()));
        assert_eq!(memory.slice(0x100, 4), Some(&[1, 9, 9, 4][..]));
        assert_eq!(memory.load(0x106, &[0; 3]), None);
        assert_eq!(memory.slice(0x110, 1), None);
    }
}

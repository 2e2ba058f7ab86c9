//! Programs: ELF files with their segments and symbols.

use core::fmt;
use core::ops::Range;

use object::elf::{EM_ARM, FileHeader32, PF_W, PT_LOAD, STT_FUNC};
use object::endian::LittleEndian;
use object::read::elf::{FileHeader, ProgramHeader, Sym};

use crate::memory::{MapError, Memory};

/// Why an ELF file is no program for this core.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is no 32-bit little-endian ELF file, or a damaged one; the text says more.
    Malformed(String),
    /// It is for another machine.
    Machine {
        /// Its `e_machine`; 40 is Arm.
        got: u16,
    },
    /// A segment cannot be mapped.
    Map(MapError),
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => write!(f, "malformed ELF file: {text}"),
            Self::Machine { got } => {
                write!(f, "expected a program for Arm, e_machine 40, got {got}")
            }
            Self::Map(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ProgramError {}

impl From<object::read::Error> for ProgramError {
    fn from(error: object::read::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<MapError> for ProgramError {
    fn from(error: MapError) -> Self {
        Self::Map(error)
    }
}

/// A function of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name as it is in the file: mangled.
    pub name: String,
    /// Where its code is, the Thumb bit removed.
    pub addresses: Range<u32>,
}

/// Bytes that are to be in memory when the program starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Address of the first byte when the program runs.
    pub address: u32,
    /// Where a programmer puts `bytes`: for data that change, the ROM that the program copies them from at its start.
    pub load_address: u32,
    /// What the file has of it.
    pub bytes: Vec<u8>,
    /// Its length in bytes, zeros after `bytes` included.
    pub len_bytes: u32,
    /// Whether it is data that changes.
    pub writable: bool,
}

/// An ELF file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Address of the first instruction, with its Thumb bit.
    pub entry: u32,
    /// What is to be in memory.
    pub segments: Vec<Segment>,
    /// Functions by address, each address once. Those without a length end where the next starts.
    pub symbols: Vec<Symbol>,
}

impl Program {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`ProgramError::Malformed`], [`ProgramError::Machine`].
    pub fn parse(elf: &[u8]) -> Result<Self, ProgramError> {
        let header = FileHeader32::<LittleEndian>::parse(elf)?;
        let endian = header.endian()?;
        if header.e_machine(endian) != EM_ARM {
            return Err(ProgramError::Machine { got: header.e_machine(endian).0 });
        }
        let mut segments = Vec::new();
        for segment in header.program_headers(endian, elf)? {
            let len_bytes = segment.p_memsz(endian);
            if segment.p_type(endian) != PT_LOAD || len_bytes == 0 {
                continue;
            }
            let bytes = segment.data(endian, elf);
            let bytes = bytes.map_err(|()| ProgramError::Malformed("segment".to_owned()))?;
            let writable = segment.p_flags(endian) & PF_W == PF_W;
            let address = segment.p_vaddr(endian);
            let load_address = segment.p_paddr(endian);
            let bytes = bytes.to_vec();
            segments.push(Segment { address, load_address, bytes, len_bytes, writable });
        }
        let symbols = symbols(header, elf)?;
        Ok(Self { entry: header.e_entry(endian), segments, symbols })
    }

    /// Maps the segments: what is writable as RAM, the rest as ROM. Initial values of data that change are put where the
    /// program copies them from; if that is where they are used, into the RAM.
    ///
    /// # Errors
    /// [`ProgramError::Map`]: the memory is taken, or segments share a word.
    pub fn load(&self, memory: &mut Memory) -> Result<(), ProgramError> {
        for segment in &self.segments {
            let len_bytes = segment.len_bytes as usize;
            if !segment.writable {
                let mut bytes = segment.bytes.clone();
                bytes.resize(len_bytes, 0);
                memory.map_rom(segment.address, &bytes)?;
                continue;
            }
            memory.map_ram(segment.address, len_bytes)?;
            if segment.load_address == segment.address {
                let fits = memory.load(segment.address, &segment.bytes);
                fits.ok_or_else(|| {
                    ProgramError::Malformed("segment exceeds its memory".to_owned())
                })?;
            } else if !segment.bytes.is_empty() {
                memory.map_rom(segment.load_address, &segment.bytes)?;
            }
        }
        Ok(())
    }

    /// From the first to the last byte that is not writable.
    #[must_use]
    pub fn code(&self) -> Range<u32> {
        let fixed = || self.segments.iter().filter(|segment| !segment.writable);
        let start = fixed().map(|segment| segment.address).min().unwrap_or(0);
        let end = fixed().map(|segment| segment.address.saturating_add(segment.len_bytes)).max();
        start..end.unwrap_or(0)
    }

    /// Bytes of data that change: static RAM.
    #[must_use]
    pub fn ram_bytes(&self) -> u32 {
        let writable = self.segments.iter().filter(|segment| segment.writable);
        writable.map(|segment| segment.len_bytes).sum()
    }
}

fn symbols(header: &FileHeader32<LittleEndian>, elf: &[u8]) -> Result<Vec<Symbol>, ProgramError> {
    let endian = header.endian()?;
    let sections = header.sections(endian, elf)?;
    let table = sections.symbols(endian, elf, object::elf::SHT_SYMTAB)?;
    let mut symbols = Vec::new();
    for symbol in table.iter().filter(|symbol| symbol.st_type() == STT_FUNC) {
        let name = String::from_utf8_lossy(symbol.name(endian, table.strings())?).into_owned();
        let start = symbol.st_value(endian) & !1;
        let end = start.saturating_add(symbol.st_size(endian));
        symbols.push(Symbol { name, addresses: start..end });
    }
    symbols.sort_by(|a, b| (a.addresses.start, &a.name).cmp(&(b.addresses.start, &b.name)));
    symbols.dedup_by_key(|symbol| symbol.addresses.start);
    let starts: Vec<u32> = symbols.iter().skip(1).map(|symbol| symbol.addresses.start).collect();
    for (symbol, next) in symbols.iter_mut().zip(starts) {
        if symbol.addresses.is_empty() {
            symbol.addresses.end = next;
        }
    }
    Ok(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Machine, Stop};

    fn demo() -> Program {
        let elf = include_bytes!("../../../corpora/demo/images/thumbv7em-none-eabi-1.1.0.elf");
        Program::parse(elf).unwrap()
    }

    #[test]
    fn segments_are_read_with_where_they_are_loaded() {
        let program = demo();
        assert_eq!(program.entry, 0x0800_01AD);
        let data = program.segments.iter().find(|segment| segment.load_address != segment.address);
        let data = data.expect("initial values in flash");
        assert_eq!((data.address, data.writable), (0x2000_0000, true));
        assert!(
            program.code().contains(&data.load_address) || program.code().end <= data.load_address
        );
        assert_eq!(program.ram_bytes(), 0x2C0 + 0x35C0);
    }

    #[test]
    fn a_firmwares_start_copies_its_data() {
        let (program, mut memory) = (demo(), Memory::new());
        program.load(&mut memory).unwrap();
        memory.map_ram(0x3000_0000, 4096).unwrap();
        let mut machine = Machine::new(memory, program.entry, 0x3000_1000);
        // The copy is done long before the first access to a device, which is not there, stops it.
        assert_ne!(machine.run(1_000_000), Ok(Stop::Budget));
        let data = program.segments.iter().find(|segment| segment.address == 0x2000_0000).unwrap();
        let copied = machine.bus().slice(data.address, data.bytes.len()).unwrap();
        let equal = copied.iter().zip(&data.bytes).filter(|(a, b)| a == b).count();
        assert!(equal * 10 > copied.len() * 9, "{equal} of {}", copied.len());
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert!(matches!(Program::parse(b"\x7FELF"), Err(ProgramError::Malformed(_))));
        let mut other =
            include_bytes!("../../../corpora/demo/images/thumbv7em-none-eabi-1.1.0.elf").to_vec();
        other[18] = 3;
        assert_eq!(Program::parse(&other), Err(ProgramError::Machine { got: 3 }));
    }
}

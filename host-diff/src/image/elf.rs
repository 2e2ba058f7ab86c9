//! ELF executables, by the `object` crate's view of the raw headers: flattening needs physical addresses.

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, SectionTable, Sym};
use object::{Endianness, FileKind};

use super::chunks::{Chunk, Moved};
use super::error::LoadError;
use super::flat::{Isa, Symbol};

/// The first bytes of each ELF file.
pub(super) const MAGIC: [u8; 4] = elf::ELFMAG;

/// What an ELF file holds.
#[derive(Debug)]
pub(super) struct ElfFile<'a> {
    pub(super) chunks: Vec<Chunk<'a>>,
    /// Where the chunks run.
    pub(super) moved: Vec<Moved>,
    pub(super) isa: Option<Isa>,
    pub(super) symbols: Vec<Symbol>,
    /// Sections with data: name, physical address and length.
    pub(super) sections: Vec<(String, u32, u32)>,
}

/// Reads an ELF file of either class and byte order.
pub(super) fn parse(content: &[u8]) -> Result<ElfFile<'_>, LoadError> {
    match FileKind::parse(content)? {
        FileKind::Elf64 => parse_class::<elf::FileHeader64<Endianness>>(content),
        _ => parse_class::<elf::FileHeader32<Endianness>>(content),
    }
}

fn parse_class<H>(content: &[u8]) -> Result<ElfFile<'_>, LoadError>
where
    H: FileHeader<Endian = Endianness>,
{
    let header = H::parse(content)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, content)?;
    let segments = segments(header, endian, content)?;
    let symbols = Symbols::read(&sections, endian, content)?;
    let isa = isa(header, endian, &symbols);
    let mut pieces = section_pieces(&sections, &segments, endian, content)?;
    if pieces.is_empty() {
        pieces = segments.iter().map(Segment::piece).collect();
    }
    let mut file = ElfFile {
        chunks: Vec::new(),
        moved: Vec::new(),
        isa,
        symbols: symbols.defined,
        sections: Vec::new(),
    };
    for piece in pieces {
        let Some(chunk) = Chunk::new(piece.stored, piece.data)? else { continue };
        file.chunks.push(chunk);
        let code = if piece.executable { isa.unwrap_or_default() } else { Isa::None };
        if let (Ok(stored), Ok(runs), Ok(len)) =
            (piece.stored.try_into(), piece.runs.try_into(), piece.data.len().try_into())
        {
            file.moved.push(Moved { stored, len, runs, isa: code });
            if !piece.name.is_empty() {
                file.sections.push((piece.name, stored, len));
            }
        }
    }
    Ok(file)
}

/// Bytes that end up in memory, from a section or a segment.
struct Piece<'a> {
    /// Empty for a segment.
    name: String,
    stored: u64,
    runs: u64,
    data: &'a [u8],
    executable: bool,
}

/// A PT_LOAD program header with data.
struct Segment<'a> {
    file_offset: u64,
    stored: u64,
    runs: u64,
    data: &'a [u8],
    executable: bool,
}

impl<'a> Segment<'a> {
    fn piece(&self) -> Piece<'a> {
        let Self { stored, runs, data, executable, .. } = *self;
        Piece { name: String::new(), stored, runs, data, executable }
    }

    /// How far into this segment's data a range of the file begins, if it lies in there.
    fn position(&self, offset: u64, len: u64) -> Option<u64> {
        let end = self.file_offset + u64::try_from(self.data.len()).ok()?;
        (offset >= self.file_offset && offset.checked_add(len)? <= end)
            .then(|| offset - self.file_offset)
    }
}

fn segments<'a, H>(
    header: &H,
    endian: Endianness,
    content: &'a [u8],
) -> Result<Vec<Segment<'a>>, LoadError>
where
    H: FileHeader<Endian = Endianness>,
{
    let mut found = Vec::new();
    for segment in header.program_headers(endian, content)? {
        if segment.p_type(endian) != elf::PT_LOAD || segment.p_filesz(endian).into() == 0 {
            continue;
        }
        let (offset, len) = segment.file_range(endian);
        let data = segment.data(endian, content).map_err(|()| LoadError::ElfSegment {
            offset,
            len,
            file_len: content.len(),
        })?;
        found.push(Segment {
            file_offset: offset,
            stored: segment.p_paddr(endian).into(),
            runs: segment.p_vaddr(endian).into(),
            data,
            executable: segment.p_flags(endian) & elf::PF_X == elf::PF_X,
        });
    }
    // Some linkers leave the physical addresses out; BFD ignores them then, too.
    if found.iter().all(|segment| segment.stored == 0) {
        for segment in &mut found {
            segment.stored = segment.runs;
        }
    }
    Ok(found)
}

/// Sections instead of whole segments, as `objcopy` takes them: a segment may begin with the ELF header itself and may
/// hold zeros between sections, which no other format of the same firmware has.
fn section_pieces<'a, H>(
    sections: &SectionTable<'a, H>,
    segments: &[Segment<'_>],
    endian: Endianness,
    content: &'a [u8],
) -> Result<Vec<Piece<'a>>, LoadError>
where
    H: FileHeader<Endian = Endianness>,
{
    let mut pieces = Vec::new();
    for section in sections.iter() {
        let flags = section.sh_flags(endian);
        let Some((offset, len)) = section.file_range(endian) else { continue };
        if flags & elf::SHF_ALLOC != elf::SHF_ALLOC || len == 0 {
            continue;
        }
        let position = |segment: &Segment<'_>| segment.position(offset, len);
        let Some((segment, position)) =
            segments.iter().find_map(|segment| Some((segment, position(segment)?)))
        else {
            continue;
        };
        // As with symbols, names decorate reports only.
        let name = sections.section_name(endian, section).unwrap_or_default();
        pieces.push(Piece {
            name: String::from_utf8_lossy(name).into_owned(),
            stored: segment.stored.saturating_add(position),
            runs: segment.runs.saturating_add(position),
            data: section.data(endian, content)?,
            executable: flags & elf::SHF_EXECINSTR == elf::SHF_EXECINSTR,
        });
    }
    Ok(pieces)
}

/// The symbol table, as far as it is of use.
#[derive(Default)]
struct Symbols {
    /// Functions and variables by address.
    defined: Vec<Symbol>,
    /// Mapping symbols: does Thumb code begin more often than Arm code?
    thumb_parts: usize,
    arm_parts: usize,
}

impl Symbols {
    fn read<H>(
        sections: &SectionTable<'_, H>,
        endian: Endianness,
        content: &[u8],
    ) -> Result<Self, LoadError>
    where
        H: FileHeader<Endian = Endianness>,
    {
        let mut found = Self::default();
        let table = sections.symbols(endian, content, elf::SHT_SYMTAB)?;
        for symbol in table.iter() {
            // Names decorate reports only: a broken one is no reason to refuse the image.
            let name = symbol.name(endian, table.strings()).unwrap_or_default();
            match name {
                b"$t" => found.thumb_parts += 1,
                b"$a" => found.arm_parts += 1,
                _ => {}
            }
            let kind = symbol.st_type();
            let is_function = kind == elf::STT_FUNC;
            if symbol.is_undefined(endian) || !(is_function || kind == elf::STT_OBJECT) {
                continue;
            }
            let (Ok(value), Ok(size)) = (
                u32::try_from(symbol.st_value(endian).into()),
                u32::try_from(symbol.st_size(endian).into()),
            ) else {
                continue;
            };
            let address = if is_function { value & !1 } else { value };
            let name = String::from_utf8_lossy(name).into_owned();
            found.defined.push(Symbol { name, address, size });
        }
        found.defined.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
        Ok(found)
    }
}

fn isa<H>(header: &H, endian: Endianness, symbols: &Symbols) -> Option<Isa>
where
    H: FileHeader<Endian = Endianness>,
{
    match header.e_machine(endian) {
        elf::EM_ARM => {
            if symbols.thumb_parts != symbols.arm_parts {
                let thumb = symbols.thumb_parts > symbols.arm_parts;
                return Some(if thumb { Isa::Thumb } else { Isa::A32 });
            }
            // An odd entry point begins in Thumb state; an even one says nothing if there is no entry point.
            let entry: u64 = header.e_entry(endian).into();
            (entry & 1 == 1).then_some(Isa::Thumb)
        }
        elf::EM_AARCH64 => Some(Isa::AArch64),
        elf::EM_AVR => Some(Isa::Avr),
        elf::EM_RISCV if header.is_type_64() => Some(Isa::RiscV64),
        elf::EM_RISCV => Some(Isa::RiscV),
        elf::EM_XTENSA if header.is_big_endian() => Some(Isa::XtensaBig),
        elf::EM_XTENSA => Some(Isa::Xtensa),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! From the content of a file to a flat image.

use core::ops::RangeInclusive;

use super::chunks::{self, Chunk, Flat};
use super::error::LoadError;
use super::flat::{FlatImage, Format, Section};
use super::{elf, hex, uf2};

/// What the user says about a file; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Read it as this format instead of telling by its content.
    pub format: Option<Format>,
    /// Keep only data at these addresses; raw binaries have none and ignore it.
    pub range: Option<RangeInclusive<u32>>,
    /// Keep only UF2 blocks of this family.
    pub uf2_family: Option<u32>,
}

/// Reads the content of a firmware file.
///
/// The image begins at the lowest address that holds data and ends after the highest; gaps are filled with 0xFF, what
/// erased flash reads as. Data far away (more than 1 MiB of nothing in between: option bytes, fuses, UICR, external
/// flash, the other core of a merged file) is not part of the image. If it is small (at most 16 KiB and an eighth of the
/// largest part), the image is what remains and a warning names what was left out; if not, the file is refused until
/// `options.range` chooses a part.
///
/// - **BIN**: as it is; may be empty. No address.
/// - **Intel HEX**: all data records.
/// - **ELF**: all sections (segments, where there are no sections) that are loaded and have data in the file, at their
///   *physical* addresses (LMA): initial values of variables land where flash stores them. Sections without file data
///   (`.bss`) and debug information take no part.
/// - **UF2**: all blocks for main flash, in any order. The last block is taken at the length that it states, which many
///   converters round up to 256 bytes: the padding is then part of the image.
///
/// # Errors
///
/// [`LoadError`]: malformed file, contradicting data, no data, parts too far apart. No warning replaces an error.
pub fn load(content: &[u8], options: &LoadOptions) -> Result<FlatImage, LoadError> {
    let format = options.format.unwrap_or_else(|| sniff(content));
    match format {
        Format::Bin => {
            if let Ok(last) = u64::try_from(content.len())
                && u32::try_from(last).is_err()
            {
                return Err(LoadError::AddressTooHigh { last });
            }
            Ok(FlatImage::from_raw(content.to_vec()))
        }
        Format::Elf => {
            let file = elf::parse(content)?;
            let mut image = flatten(file.chunks, format, options)?;
            image.isa_hint = file.isa;
            image.regions = chunks::runtime_regions(&image, &file.moved);
            image.symbols = file.symbols;
            image.sections = sections(&image, file.sections);
            Ok(image)
        }
        Format::Hex => {
            let file = hex::parse(content)?;
            let mut image = flatten(file.chunks, format, options)?;
            image.warnings.extend(file.warnings);
            Ok(image)
        }
        Format::Uf2 => {
            let file = uf2::parse(content, options.uf2_family)?;
            let mut image = flatten(file.chunks, format, options)?;
            image.warnings.extend(file.warnings);
            Ok(image)
        }
    }
}

/// The parts of `named` (name, physical address, length) that lie in `image`.
fn sections(image: &FlatImage, named: Vec<(String, u32, u32)>) -> Vec<Section> {
    let start = image.address.unwrap_or(0);
    let inside = |address: u32, len: u32| {
        let offset = address.checked_sub(start)?;
        let end = usize::try_from(offset.checked_add(len)?).ok()?;
        (end <= image.bytes.len()).then_some(offset)
    };
    let mut sections: Vec<Section> = named
        .into_iter()
        .filter_map(|(name, address, len)| {
            Some(Section { name, offset: inside(address, len)?, len })
        })
        .collect();
    sections.sort_by_key(|section| section.offset);
    sections.dedup_by(|next, before| next.offset < before.offset + before.len);
    sections
}

/// Tells the format by the first bytes.
fn sniff(content: &[u8]) -> Format {
    if content.starts_with(&elf::MAGIC) {
        Format::Elf
    } else if uf2::starts_like(content) {
        Format::Uf2
    } else if hex::starts_like(content) {
        Format::Hex
    } else {
        Format::Bin
    }
}

fn flatten(
    chunks: Vec<Chunk<'_>>,
    format: Format,
    options: &LoadOptions,
) -> Result<FlatImage, LoadError> {
    let flat = chunks::flatten(chunks, options.range.clone())?;
    let Some(Flat { address, bytes, warnings }) = flat else {
        return Err(LoadError::NoData { format });
    };
    Ok(FlatImage { address: Some(address), source: format, warnings, ..FlatImage::from_raw(bytes) })
}

#[cfg(test)]
mod tests;

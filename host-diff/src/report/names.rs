//! Sections and symbols as ranges of target offsets.

use crate::image::FlatImage;

/// A named part of the target image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Its name.
    pub name: String,
    /// Target offset of the first byte.
    pub offset: u32,
    /// Target bytes.
    pub len: u32,
}

/// What parts of a target image are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Sorted by offset, never overlapping.
    pub sections: Vec<Range>,
    /// Sorted by offset, never overlapping.
    pub symbols: Vec<Range>,
}

/// Why a file does not name the parts of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamesError {
    /// It holds another image.
    #[error(
        "expected an ELF file of the target image, found one of which {equal} of {len} bytes are equal to it"
    )]
    OtherImage {
        /// Bytes that are equal.
        equal: usize,
        /// Bytes compared.
        len: usize,
    },
    /// It has neither sections nor symbols.
    #[error("expected a file that names sections or symbols, found none in it")]
    Nameless,
}

/// Tools patch checksums and versions into images after linking: this part of the bytes may differ, as 1 in so many.
const TOLERANCE: usize = 64;

impl Names {
    /// The names in `elf` for `target`, whose first byte is loaded at `address` if that is known.
    ///
    /// The image in `elf` may begin before or after that of `target`: the load addresses tell.
    ///
    /// # Errors
    /// [`NamesError`] when `elf` has no names or is of another image.
    pub fn of(elf: &FlatImage, target: &[u8], address: Option<u32>) -> Result<Self, NamesError> {
        if elf.sections.is_empty() && elf.symbols.is_empty() {
            return Err(NamesError::Nameless);
        }
        let by_address =
            elf.address.zip(address).map(|(elf, target)| i64::from(elf) - i64::from(target));
        let candidates = by_address.into_iter().chain([0]);
        let equal = candidates.map(|shift| (equal(&elf.bytes, target, shift), shift));
        let best = equal.max_by_key(|&(equal, _)| equal);
        let (equal, shift) = best.unwrap_or((0, 0));
        let len = elf.bytes.len().min(target.len());
        if equal < len - len / TOLERANCE {
            return Err(NamesError::OtherImage { equal, len });
        }
        let place = |offset: i64, len: u32, name: &str| {
            let offset = u32::try_from(offset.checked_add(shift)?).ok()?;
            let inside = usize::try_from(offset).is_ok_and(|offset| offset < target.len());
            inside.then(|| Range { name: name.to_owned(), offset, len })
        };
        let sections = elf.sections.iter();
        let sections =
            sections.filter_map(|s| place(i64::from(s.offset), s.len, &s.name)).collect();
        let symbols = elf.symbols.iter().filter_map(|symbol| {
            place(i64::from(stored_at(elf, symbol.address)?), symbol.size, &symbol.name)
        });
        Ok(Self { sections: apart(sections), symbols: apart(symbols.collect()) })
    }

    /// Names without an ELF file: the regions of the patch, or nothing.
    #[must_use]
    pub fn of_regions(header: &patcher_core::Header) -> Self {
        let mut offset = 0;
        let regions = header.target_regions.iter().map(|region| {
            let kind = if region.code { "code" } else { "data" };
            let name = format!("{kind} at {:#010x}", region.address);
            let range = Range { name, offset, len: region.len };
            offset += region.len;
            range
        });
        Self { sections: regions.collect(), symbols: Vec::new() }
    }
}

/// Bytes of `elf` that `target` has `shift` bytes later.
fn equal(elf: &[u8], target: &[u8], shift: i64) -> usize {
    let skip = |len: i64| usize::try_from(len.max(0)).unwrap_or(usize::MAX);
    let elf = elf.get(skip(-shift)..).unwrap_or(&[]);
    let target = target.get(skip(shift)..).unwrap_or(&[]);
    elf.iter().zip(target).filter(|(a, b)| a == b).count()
}

/// Offset in the image of what is at `address` when the firmware runs.
fn stored_at(elf: &FlatImage, address: u32) -> Option<u32> {
    let moved = elf.regions.iter().find_map(|region| {
        let inside = address.checked_sub(region.address)?;
        (inside < region.len).then(|| region.offset + inside)
    });
    moved.or_else(|| address.checked_sub(elf.address?))
}

/// Makes ranges disjoint: the first of those that begin together wins if it is the longest, the next one cuts it off.
fn apart(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges
        .sort_by(|a, b| a.offset.cmp(&b.offset).then(b.len.cmp(&a.len)).then(a.name.cmp(&b.name)));
    ranges.dedup_by_key(|range| range.offset);
    // A symbol without a length reaches to the next one.
    let starts: Vec<u32> = ranges.iter().skip(1).map(|range| range.offset).collect();
    for (range, next) in ranges.iter_mut().zip(starts.into_iter().map(Some).chain([None])) {
        let room = next.map_or(u32::MAX, |next| next - range.offset);
        range.len = if range.len == 0 { next.map_or(0, |_| room) } else { range.len.min(room) };
    }
    ranges.retain(|range| range.len > 0);
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Isa, Region, Section, Symbol};

    fn range(name: &str, offset: u32, len: u32) -> Range {
        Range { name: name.to_owned(), offset, len }
    }

    fn elf() -> FlatImage {
        let symbol = |name: &str, address, size| Symbol { name: name.to_owned(), address, size };
        FlatImage {
            address: Some(0x0800_1000),
            regions: vec![Region { offset: 80, len: 20, address: 0x2000_0000, isa: Isa::None }],
            symbols: vec![
                symbol("main", 0x0800_1000, 40),
                symbol("alias", 0x0800_1000, 0),
                symbol("variable", 0x2000_0004, 8),
                symbol("elsewhere", 0x4000_0000, 4),
            ],
            sections: vec![Section { name: ".text".to_owned(), offset: 0, len: 80 }],
            ..FlatImage::from_raw((0..100).collect())
        }
    }

    #[test]
    fn names_follow_the_load_address() {
        let mut target = vec![0xAA; 32];
        target.extend(0..100);
        let names = Names::of(&elf(), &target, Some(0x0800_1000 - 32)).expect("the same image");
        assert_eq!(names.sections, [range(".text", 32, 80)]);
        assert_eq!(names.symbols, [range("main", 32, 40), range("variable", 32 + 84, 8)]);
    }

    #[test]
    fn names_of_another_image_are_refused() {
        let target = vec![0xAA; 100];
        let refused = Names::of(&elf(), &target, None);
        assert_eq!(refused, Err(NamesError::OtherImage { equal: 0, len: 100 }));
        let raw = FlatImage::from_raw(target.clone());
        assert_eq!(Names::of(&raw, &target, None), Err(NamesError::Nameless));
    }

    #[test]
    fn overlapping_ranges_are_cut_at_the_next() {
        let ranges =
            vec![range("b", 4, 10), range("a", 0, 8), range("open", 20, 0), range("end", 30, 0)];
        assert_eq!(apart(ranges), [range("a", 0, 4), range("b", 4, 10), range("open", 20, 10)]);
    }
}

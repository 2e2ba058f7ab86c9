//! Where code ends and data begins in a region that holds both, and which of several regions are data.
//!
//! Data taken for instructions are predicted in units that do not suit them. Linkers put read-only data behind the code
//! or before it, so that a long stretch without a function at either end of a region is data. A header that names several regions
//! does not tell which of them hold code: one in which hardly a function begins does not.

use super::super::flat::{Isa, Region};
use super::code::Code;

/// Where so many functions begin within so many bytes there is code; fewer may be a coincidence.
const CROWD: usize = 6;
const NEAR: u32 = 0x1000;
/// Code may go on so long behind the begin of the last function, or lie so long before the first one.
const MARGIN: u32 = 0x200;
/// Shorter stretches are not worth a region.
const LEAST: u32 = 0x2000;
/// Of several regions one of so many bytes and more is data if not even one function begins within each of as many as
/// [`SPARSE`], on average: in code one does within 100 to 300, in data something looks like one within 1,500 and more.
const WHOLE: u32 = 0x800;
const SPARSE: u32 = 0x400;
/// Most regions that may come of it: a patch can carry 8.
const MOST: usize = 8;

/// Splits data from the ends of regions of code.
pub(super) fn split(regions: Vec<Region>, code: &Code) -> Vec<Region> {
    let entries: Vec<u32> =
        code.entries.iter().filter_map(|index| u32::try_from(2 * index).ok()).collect();
    let several = regions.len() > 1;
    // Of a large image only the begin has been looked at.
    let seen = |region: &Region| {
        region.isa == code.isa
            && region.offset as usize + region.len as usize <= 2 * code.entries.len()
    };
    let marked: Vec<Region> = regions
        .into_iter()
        .map(|region| {
            let data = several && seen(&region) && is_data(&region, inside(&region, &entries));
            Region { isa: if data { Isa::None } else { region.isa }, ..region }
        })
        .collect();
    let parts = |&region: &Region| split_one(region, code.isa, inside(&region, &entries));
    let split: Vec<Region> = marked.iter().flat_map(parts).collect();
    if split.len() > MOST { marked } else { split }
}

/// The functions that begin in `region`.
fn inside<'e>(region: &Region, entries: &'e [u32]) -> &'e [u32] {
    let before = |offset: u32| entries.partition_point(|&entry| entry < offset);
    &entries[before(region.offset)..before(region.offset.saturating_add(region.len))]
}

/// Where functions crowd: the first of them and the last.
fn crowds(functions: &[u32]) -> Option<(u32, u32)> {
    let crowded = |crowd: &&[u32]| crowd[CROWD - 1] - crowd[0] <= NEAR;
    let first = functions.windows(CROWD).find(crowded)?.first()?;
    let last = functions.windows(CROWD).rfind(crowded)?.last()?;
    Some((*first, *last))
}

/// Whether a region is data as a whole.
fn is_data(region: &Region, functions: &[u32]) -> bool {
    let count = u32::try_from(functions.len()).unwrap_or(u32::MAX);
    crowds(functions).is_none() && region.len >= WHOLE && count < region.len / SPARSE
}

fn split_one(region: Region, isa: Isa, functions: &[u32]) -> Vec<Region> {
    let end = region.offset.saturating_add(region.len);
    let Some((first, last)) = crowds(functions).filter(|_| region.isa == isa) else {
        return vec![region];
    };
    let from = (first.saturating_sub(MARGIN) & !15).max(region.offset);
    let to = last.saturating_add(MARGIN).next_multiple_of(16).min(end);
    let from = if from - region.offset < LEAST { region.offset } else { from };
    let to = if end - to < LEAST { end } else { to };
    let part = |from: u32, to: u32, isa| Region {
        offset: from,
        len: to - from,
        address: region.address.wrapping_add(from - region.offset),
        isa,
    };
    [(region.offset, from, Isa::None), (from, to, isa), (to, end, Isa::None)]
        .into_iter()
        .filter(|&(from, to, _)| from < to)
        .map(|(from, to, isa)| part(from, to, isa))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::bits::BitSet;
    use super::{Code, Isa, Region, split};

    fn code(entries: impl Iterator<Item = usize>) -> Code {
        let mut set = BitSet::with_len(0x10_0000);
        entries.for_each(|entry| set.insert(entry / 2));
        Code { isa: Isa::RiscV, entries: set, ..Code::default() }
    }

    fn region(offset: u32, len: u32, isa: Isa) -> Region {
        Region { offset, len, address: 0x4200_0000 + offset, isa }
    }

    #[test]
    fn data_before_and_behind_the_functions_is_split_off() {
        let whole = region(0, 0x2_0000, Isa::RiscV);
        let parts = split(vec![whole], &code((0x6000..0x1_0000).step_by(0x80)));
        assert_eq!(
            parts,
            [
                region(0, 0x5E00, Isa::None),
                region(0x5E00, 0xA380, Isa::RiscV),
                region(0x1_0180, 0xFE80, Isa::None),
            ]
        );
    }

    #[test]
    fn of_several_regions_those_with_hardly_a_function_are_data() {
        let list = vec![
            region(0, 0x1600, Isa::RiscV),
            region(0x1600, 0x400, Isa::RiscV),
            region(0x1A00, 0x3000, Isa::RiscV),
        ];
        let code = code((0x400..0x1600).step_by(0x600).chain((0x1A00..0x4A00).step_by(0x100)));
        let kinds =
            |list: Vec<Region>| list.into_iter().map(|region| region.isa).collect::<Vec<_>>();
        // The short one in the middle stays: there is too little to tell.
        assert_eq!(kinds(split(list, &code)), [Isa::None, Isa::RiscV, Isa::RiscV]);
        let far = vec![region(0, 0x20_0000, Isa::RiscV), region(0x20_0000, 0x10_0000, Isa::RiscV)];
        assert_eq!(kinds(split(far, &code)).last(), Some(&Isa::RiscV), "not looked at");
        let alone = vec![region(0, 0x1600, Isa::RiscV)];
        assert_eq!(kinds(split(alone, &code)), [Isa::RiscV]);
    }

    #[test]
    fn short_stretches_and_stray_functions_split_nothing() {
        let whole = vec![region(0, 0x1_0000, Isa::RiscV)];
        let near = code((0x1000..0xF000).step_by(0x80));
        assert_eq!(split(whole.clone(), &near), whole);
        let stray = code((0..0x1_0000).step_by(0x3000));
        assert_eq!(split(whole.clone(), &stray), whole);
    }

    #[test]
    fn more_regions_than_a_patch_carries_split_nothing() {
        let many: Vec<Region> = (0..7).map(|n| region(n << 16, 1 << 16, Isa::RiscV)).collect();
        let crowd = |n: usize| (0x8000..0x9000).step_by(0x80).map(move |at| n * 0x1_0000 + at);
        assert_eq!(split(many.clone(), &code((0..7).flat_map(crowd))), many);
    }
}

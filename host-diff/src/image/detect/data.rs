//! Where code ends and data begins in a region that holds both.
//!
//! Data taken for instructions are predicted in units that do not suit them. Linkers put read-only data behind the code
//! or before it, so that a long stretch without a function at either end of a region is data.

use super::super::flat::{Isa, Region};
use super::code::Code;

/// Where so many functions begin within so many bytes there is code; fewer may be a coincidence.
const CROWD: usize = 6;
const NEAR: u32 = 0x1000;
/// Code may go on so long behind the begin of the last function, or lie so long before the first one.
const MARGIN: u32 = 0x200;
/// Shorter stretches are not worth a region.
const LEAST: u32 = 0x2000;
/// Most regions that may come of it: a patch can carry 8.
const MOST: usize = 8;

/// Splits data from the ends of regions of code.
pub(super) fn split(regions: Vec<Region>, code: &Code) -> Vec<Region> {
    let entries: Vec<u32> =
        code.entries.iter().filter_map(|index| u32::try_from(2 * index).ok()).collect();
    let split: Vec<Region> =
        regions.iter().flat_map(|&region| split_one(region, code.isa, &entries)).collect();
    if split.len() > MOST { regions } else { split }
}

fn split_one(region: Region, isa: Isa, entries: &[u32]) -> Vec<Region> {
    let end = region.offset.saturating_add(region.len);
    let inside = &entries[entries.partition_point(|&entry| entry < region.offset)
        ..entries.partition_point(|&entry| entry < end)];
    let crowded = |crowd: &&[u32]| crowd[CROWD - 1] - crowd[0] <= NEAR;
    let (Some(first), Some(last)) =
        (inside.windows(CROWD).find(crowded), inside.windows(CROWD).rfind(crowded))
    else {
        return vec![region];
    };
    if region.isa != isa {
        return vec![region];
    }
    let from = (first[0].saturating_sub(MARGIN) & !15).max(region.offset);
    let to = last[CROWD - 1].saturating_add(MARGIN).next_multiple_of(16).min(end);
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
        assert_eq!(split(many.clone(), &code((0..2).flat_map(crowd))), many);
    }
}

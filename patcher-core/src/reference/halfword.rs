//! The halfwords of Thumb in an extra of a full image: which is the second one of its instruction, where they have led, and by what
//! context each of their bytes is coded.

/// High bytes from here on begin an instruction of two halfwords.
const WIDE: u8 = 0xE8;
/// Opcodes of those that read a literal (`LDR`) or branch (`B<c>`, `B`), as bits.
const LEADING: u32 = 1 << 0x09 | 1 << 0x1A | 1 << 0x1B | 1 << 0x1C;
/// Contexts of what stands in one place: so many kinds of halfwords are told apart.
pub const CLASSES: u32 = 56;

/// What came before the next halfword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halfwords {
    /// Whether it is the second one of its instruction.
    pub second: bool,
    /// Low bytes of the last one that read a literal and of the last one that branched, as if they were at offset 0.
    leads: [u8; 2],
}

/// What the low byte of a halfword is if it leads where the last one of its kind did, a load to the word behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// That byte.
    pub low: u8,
    /// 0: it reads a literal, 1: it branches.
    pub kind: usize,
}

impl Halfwords {
    /// Before the first one of an extra.
    pub const START: Self = Self { second: false, leads: [0; 2] };

    /// Steps over those that end in `bytes`, which are at `offset` of the image, `low` before them: a copy with an odd distance
    /// may end within one.
    pub fn step(&mut self, mut offset: u32, mut low: u8, bytes: &[u8]) {
        for &high in bytes {
            if offset & 1 == 1 {
                let first = !self.second;
                self.second = first && high >= WIDE;
                if first
                    && leads(high)
                    && let Some(lead) = self.leads.get_mut(kind(high))
                {
                    *lead = low.wrapping_add(distance(offset, high));
                }
            }
            low = high;
            offset = offset.wrapping_add(1);
        }
    }

    /// What comes behind the high byte `high` of a first one at `offset`. `None`: it leads nowhere.
    #[must_use]
    pub fn lead(&self, offset: u32, high: u8) -> Option<Lead> {
        let kind = kind(high);
        let low = self.leads.get(kind)?.wrapping_sub(distance(offset, high));
        leads(high).then_some(Lead { low: low.wrapping_add(!high >> 7), kind })
    }
}

fn leads(high: u8) -> bool {
    LEADING >> (high >> 3) & 1 == 1
}

fn kind(high: u8) -> usize {
    usize::from(high >> 7)
}

/// Low byte of how many words, or halfwords for a branch, are before `offset`.
fn distance(offset: u32, high: u8) -> u8 {
    let [low, ..] = (offset >> (2 - (high >> 7))).to_le_bytes();
    low
}

/// Number of the context of a byte behind the high byte `before`. At `place` 0 and 2 it is a high byte, of a first and a second
/// halfword, behind the halfword before; at 1 and 3 it is the low byte behind that.
///
/// The numbers are close together: no two contexts have a window in common where there are 128.
#[must_use]
pub fn context(place: u32, before: u8) -> u32 {
    match place {
        0 | 1 => class(before) + place * CLASSES,
        2 => 2 * CLASSES + u32::from(before >> 1 & 15),
        _ => 2 * CLASSES + u32::from(before >> 6),
    }
}

/// What an instruction of one halfword does, by its high byte: the five highest bits tell most, in 0x40..=0x47 and 0xB0..=0xBF all do.
///
/// **Reference**: ARM DDI 0403E.e, A5.2: 0x40 to 0x47 are data processing, special data instructions and `BX`, 0xB0 to 0xBF
/// miscellaneous.
fn class(high: u8) -> u32 {
    let by_all = high >> 3 == 0x40 >> 3 || high >> 4 == 0xB0 >> 4;
    (if by_all { 32 + (high & 31 ^ 16) } else { high >> 3 }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::thumb::Thumb;
    use crate::reference::{Isa, MAX_LEN};

    fn bytes(halfwords: &[u16]) -> Vec<u8> {
        halfwords.iter().copied().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn second_halfwords_are_told_from_first_ones() {
        // `bl`, `bl`, `nop`: the second `bl` begins behind what looks like the start of one.
        let mut halfwords = Halfwords::START;
        let seconds = [0xF000, 0xF800, 0xF7FF, 0xFFFE, 0xBF00].map(|half| {
            let here = halfwords.second;
            halfwords.step(0, 0, &bytes(&[half]));
            here
        });
        assert_eq!(seconds, [false, true, false, true, false]);
        let mut at_once = Halfwords::START;
        let bytes = bytes(&[0xF000, 0xF800, 0xF7FF, 0xFFFE, 0xBF00]);
        at_once.step(0, 0, &bytes);
        assert_eq!(at_once, halfwords);
        let mut in_pieces = Halfwords::START;
        for (start, end) in [(0, 1), (1, 4), (4, 7), (7, 10)] {
            let low = if start == 0 { 0 } else { bytes[start - 1] };
            in_pieces.step(start.try_into().unwrap(), low, &bytes[start..end]);
        }
        assert_eq!(in_pieces, halfwords);
    }

    #[test]
    fn a_lead_is_where_the_last_one_led() {
        let target = |half: u16, at: u32| {
            let mut bytes = [0; MAX_LEN];
            bytes[..2].copy_from_slice(&half.to_le_bytes());
            Thumb.branch(bytes, at).map(|branch| branch.target)
        };
        // `ldr r3, [pc, #8]`, `beq`, `b` forwards and backwards, each then at other offsets.
        for (half, on) in [(0x4B02u16, 4), (0xD003, 0), (0xE004, 0), (0xE7F8, 0)] {
            for at in [0x100u32, 0x102, 0x1FE] {
                let mut halfwords = Halfwords::START;
                halfwords.step(at, 0, &half.to_le_bytes());
                for later in [at + 2, at + 4, at + 6] {
                    let [_, high] = half.to_le_bytes();
                    let lead = halfwords.lead(later, high).expect("it leads");
                    let next = u16::from_le_bytes([lead.low, high]);
                    let led = target(half, at).map(|target| target + on);
                    assert_eq!(target(next, later), led, "{half:#x} {at:#x} {later:#x}");
                    assert_eq!(lead.kind, usize::from(on == 0));
                }
            }
        }
        for high in [0x00, 0x47, 0x50, 0xCF, 0xE8, 0xFF] {
            assert_eq!(Halfwords::START.lead(0, high), None, "{high:#x}");
        }
    }

    #[test]
    fn contexts_have_numbers_of_their_own() {
        let at = |place| (0..=0xFF).map(move |before| context(place, before));
        let ahead = |place| at(place).collect::<std::collections::BTreeSet<u32>>();
        assert_eq!(
            ahead(0),
            (0..CLASSES).filter(|class| *class != 8 && !(22..24).contains(class)).collect()
        );
        assert_eq!(ahead(1), ahead(0).iter().map(|class| class + CLASSES).collect());
        let second: std::collections::BTreeSet<u32> =
            (WIDE..=0xFF).map(|before| context(2, before)).collect();
        assert_eq!(second, (116..128).collect());
        assert_eq!(ahead(3), (112..116).collect());
    }
}

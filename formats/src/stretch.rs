//! Stretches: what a delta takes from the base.

/// A part of the target that is a part of the base plus differences, byte by byte.
///
/// A list of them is sorted by `target` and does not overlap; what none covers is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Offset in the target in bytes.
    pub target: usize,
    /// Offset in the base in bytes.
    pub base: usize,
    /// Length in bytes.
    pub len: usize,
}

/// One op of a bsdiff-like delta: differences, then new bytes, then a jump of the base cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    /// Where the differences begin, in the target and in the base.
    pub(crate) at: Stretch,
    /// New bytes that follow.
    pub(crate) extra: usize,
    /// Bytes to move the base cursor by afterwards.
    pub(crate) jump: i64,
}

/// The ops that `stretches` make of a target of `target_len` bytes, the base cursor beginning at `cursor`.
///
/// The last one does not jump. Stretches that leave the target or overlap the one before are cut.
pub(crate) fn ops(stretches: &[Stretch], target_len: usize, cursor: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut at = Stretch { target: 0, base: cursor, len: 0 };
    for stretch in stretches {
        let done = at.target + at.len;
        let cut = done.saturating_sub(stretch.target);
        let target = stretch.target + cut;
        let len = stretch.len.saturating_sub(cut).min(target_len.saturating_sub(target));
        if len == 0 {
            continue;
        }
        let next = Stretch { target, base: stretch.base + cut, len };
        let end = at.base + at.len;
        if next.target == done && next.base == end {
            at.len += len;
            continue;
        }
        ops.push(Op { at, extra: next.target - done, jump: distance(end, next.base) });
        at = next;
    }
    ops.push(Op { at, extra: target_len - (at.target + at.len), jump: 0 });
    ops
}

fn distance(from: usize, to: usize) -> i64 {
    let signed = |offset| i64::try_from(offset).unwrap_or(i64::MAX);
    signed(to) - signed(from)
}

/// The differences of a stretch: what has to be added to the base.
pub(crate) fn differences<'a>(
    base: &'a [u8],
    target: &'a [u8],
    at: Stretch,
) -> impl Iterator<Item = u8> + 'a {
    let base = base.get(at.base..).unwrap_or(&[]).iter().copied().chain(core::iter::repeat(0));
    target[at.target..][..at.len].iter().zip(base).map(|(target, base)| target.wrapping_sub(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(target: usize, base: usize, len: usize) -> Stretch {
        Stretch { target, base, len }
    }

    #[test]
    fn no_stretch_is_one_op_of_new_bytes() {
        assert_eq!(ops(&[], 7, 3), [Op { at: stretch(0, 3, 0), extra: 7, jump: 0 }]);
    }

    #[test]
    fn ops_jump_to_the_stretch_that_follows() {
        let found = ops(&[stretch(2, 10, 5), stretch(7, 15, 3), stretch(12, 4, 9)], 20, 0);
        let expected = [
            Op { at: stretch(0, 0, 0), extra: 2, jump: 10 },
            Op { at: stretch(2, 10, 8), extra: 2, jump: -14 },
            Op { at: stretch(12, 4, 8), extra: 0, jump: 0 },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn overlaps_are_cut() {
        let found = ops(&[stretch(0, 0, 5), stretch(3, 13, 4), stretch(4, 0, 2)], 7, 0);
        let expected = [
            Op { at: stretch(0, 0, 5), extra: 0, jump: 10 },
            Op { at: stretch(5, 15, 2), extra: 0, jump: 0 },
        ];
        assert_eq!(found, expected);
    }
}

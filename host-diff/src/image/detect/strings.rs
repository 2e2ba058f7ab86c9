//! Where strings begin.

use super::bits::BitSet;

/// Shorter runs of printable bytes occur in code and tables all the time.
const SHORTEST: usize = 5;

/// Offsets at which a NUL-terminated printable string begins right after a byte that cannot belong to it.
pub(super) fn starts(image: &[u8]) -> BitSet {
    let mut found = BitSet::with_len(image.len());
    let mut begin = 0;
    for (at, &byte) in image.iter().enumerate() {
        if is_text(byte) {
            continue;
        }
        // Only a NUL before it makes a begin sure: pointers land behind the NUL of the string before.
        if byte == 0 && at - begin >= SHORTEST && begin > 0 && image[begin - 1] == 0 {
            found.insert(begin);
        }
        begin = at + 1;
    }
    found
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0x1b)
}

#[cfg(test)]
mod tests {
    use super::starts;

    #[test]
    fn a_string_starts_behind_a_nul_and_ends_at_one() {
        let image = b"first\0second\0abc\0\x80third\0fourth";
        assert_eq!(starts(image).iter().collect::<Vec<_>>(), [6]);
    }
}

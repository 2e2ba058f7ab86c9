//! Arithmetic without hardware.

pub(crate) mod crc;
pub(crate) mod filter;
pub(crate) mod spectrum;
pub(crate) mod weather;

/// Integer square root, rounded down.
pub(crate) fn sqrt(value: u32) -> u32 {
    let (mut rest, mut root, mut bit) = (value, 0, 1 << 30);
    while bit > rest {
        bit >>= 2;
    }
    while bit != 0 {
        if rest >= root + bit {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    root
}

#[cfg(test)]
mod tests {
    #[test]
    fn square_roots_round_down() {
        let roots = [(0, 0), (1, 1), (15, 3), (16, 4), (u32::MAX, 65_535)];
        for (square, root) in roots {
            assert_eq!(super::sqrt(square), root, "of {square}");
        }
    }
}

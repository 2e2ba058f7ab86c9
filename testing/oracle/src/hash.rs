//! Hashes (§4.5).

pub(crate) fn context(k: u32, a: u32, b: u32) -> u32 {
    let of_both = a.wrapping_mul(0x9E37_79B1).wrapping_add(b.wrapping_mul(0x85EB_CA6B));
    of_both.wrapping_add(k.wrapping_mul(0x2C1B_3C6D))
}

pub(crate) fn slot(h: u32, len: u32) -> usize {
    usize::try_from(((h >> 16) * len) >> 16).expect("16 bits")
}

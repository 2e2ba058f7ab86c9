//! Hashes (§4.5).

pub(crate) fn context(k: u32, a: u32, b: u32) -> u32 {
    let h = a.wrapping_mul(0x9E37_79B1) ^ b.wrapping_mul(0x85EB_CA6B).rotate_left(13);
    let h = h ^ (h >> 15);
    h.wrapping_add(k.wrapping_mul(0x2C1B_3C6D)).wrapping_mul(0x297A_2D39)
}

pub(crate) fn slot(h: u32, len: u32) -> usize {
    usize::try_from(((h >> 16) * len) >> 16).expect("16 bits")
}

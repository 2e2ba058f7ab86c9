//! What the targets need beside `rig`.

use host_diff::image::FlatImage;
use host_diff::{IsaChoice, Options, create};
use rig::firmware::ADDRESS;

/// A patch made with the options that `pick` picks.
///
/// # Panics
/// When the encoder refuses the images.
#[must_use]
pub fn patch(pick: u8, base: &[u8], target: &[u8]) -> Vec<u8> {
    let isas = [None, Some(IsaChoice::None), Some(IsaChoice::Pointers), Some(IsaChoice::Thumb)];
    let isa = isas[usize::from(pick & 3)];
    let options = Options {
        level: 1 + (pick >> 2) % 4,
        ram: [4, 8, 16, 32][usize::from(pick >> 4 & 3)] * 1024,
        isa,
        base_address: isa.map(|_| ADDRESS),
        target_address: isa.map(|_| ADDRESS + u32::from(pick >> 6) * 0x100),
        ..Options::default()
    };
    let [base, target] = [base, target].map(|bytes| FlatImage::from_raw(bytes.to_vec()));
    create(&base, &target, &options).unwrap_or_else(|error| panic!("{error}")).bytes
}

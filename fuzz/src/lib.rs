//! What the targets need beside `rig`.

pub mod hostile_flash;
pub mod in_place;
pub mod trust;

use host_diff::image::FlatImage;
use host_diff::{IsaChoice, Options, create};
use rig::firmware::ADDRESS;

/// What readers of other tools' patches may take: enough for all they do, and little time.
pub const LIMITS: formats::Limits = formats::Limits { target_len: 1 << 16, window: 1 << 20 };

/// A base and a patch: the first byte tells how much of the rest is the base.
#[must_use]
pub fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (&first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    rest.split_at(usize::from(first).min(rest.len()))
}

/// A patch made with the options that `pick` picks.
///
/// # Panics
/// When the encoder refuses the images.
#[must_use]
pub fn patch(pick: u8, base: &[u8], target: &[u8]) -> Vec<u8> {
    // One more than there are: then it is detected.
    let isas = IsaChoice::ALL.len() + 1;
    let isa = IsaChoice::ALL.get(usize::from(pick) % isas).copied();
    let rest = usize::from(pick) / isas;
    let options = Options {
        level: [1, 3, 4, 6][rest % 4],
        ram: [2, 4, 16, 32][rest / 4 % 4] * 1024,
        isa,
        base_address: isa.map(|_| ADDRESS),
        target_address: isa.map(|_| ADDRESS + u32::from(pick >> 6) * 0x100),
        ..Options::default()
    };
    let [base, target] = [base, target].map(|bytes| FlatImage::from_raw(bytes.to_vec()));
    create(&base, &target, &options).unwrap_or_else(|error| panic!("{error}")).bytes
}

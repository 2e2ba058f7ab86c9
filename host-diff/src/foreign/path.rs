//! The path through the target that a bsdiff-like delta pays least for, by prices of diff bytes, new bytes and ops.

use formats::Stretch;

use super::prices::Prices;
use super::room::Room;
use crate::plan::prices::BIT;
use crate::plan::sweep::{Beam, Sweep};
use crate::plan::visits::{Visit, base_offset};

const BEAM: Beam = Beam { most: 48, behind: 160 * BIT as u64 };

/// The stretches of the cheapest path, among the diagonals that `visits` bring in, sorted by where they begin.
#[must_use]
pub(crate) fn path(
    base: &[u8],
    target: &[u8],
    visits: &[Visit],
    prices: &Prices,
    room: &Room,
) -> Vec<Stretch> {
    let mut sweep = Sweep::new(visits, BEAM);
    for (at, &byte) in target.iter().enumerate() {
        sweep.welcome(at, 0);
        // A path's price depends on how many zeros came since the last difference.
        sweep.enter(at, 0, |jump| prices.op(jump), |_| true);
        let bounds = room.at(at);
        sweep.pay(prices.extra(byte), |diagonal, run: &mut usize| {
            let from =
                base_offset(diagonal, at, base.len()).filter(|from| bounds.contains(from))?;
            let diff = byte.wrapping_sub(base[from]);
            let price = prices.diff(*run, diff);
            *run = if diff == 0 { *run + 1 } else { 0 };
            Some(price)
        });
        sweep.leave(at + 1);
        sweep.prune(at);
    }
    sweep.finish(|target, base, len| Stretch { target, base, len })
}

//! Cuts power at every operation of the flash in an update of the demo's device, and prints how that went.
//!
//! `cargo run --release -p stories --bin power-cuts -- [transfer|one-slot|way-back] [EVERY [FINISH]]`: one operation of EVERY (1) is cut,
//! one cut of FINISH (64) is played on until the device has taken the update. With one slot: `transfer` is patches that come in,
//! `one-slot` the bootloader that applies one in place, `way-back` the same with the reverse patch.

use std::process::ExitCode;
use std::time::Instant;

use device_apply::boot::single::Way;
use stories::single_sweep::InPlace;
use stories::sweep::{Extent, Report, Update};
use stories::transfer_sweep::Transfer;

/// What power fails in.
#[derive(Clone, Copy)]
enum Story {
    TwoSlots,
    Transfer,
    InPlace(Way),
}

impl Story {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "transfer" => Self::Transfer,
            "one-slot" => Self::InPlace(Way::Forward),
            "way-back" => Self::InPlace(Way::Reverse),
            _ => return None,
        })
    }

    /// Records it, and cuts it.
    fn sweep(self, extent: Extent, tell: impl Fn(usize) + Sync) -> Report {
        let Extent { every, finish } = extent;
        let say = |what: &str, bytes: usize, operations: usize| {
            println!(
                "{what} of {bytes} bytes: {operations} operations of the flash; one of {every} is cut before and in two ways inside, one cut of {finish} played on"
            );
        };
        match self {
            Self::TwoSlots => {
                let update = Update::record();
                say("update to an image", update.target_len() as usize, update.operations());
                update.sweep(extent, tell)
            }
            Self::Transfer => {
                let transfer = Transfer::record();
                say("transfer", transfer.len_bytes(), transfer.operations());
                transfer.sweep(extent, tell)
            }
            Self::InPlace(way) => {
                let update = InPlace::record(way);
                say("update to an image", update.end_len(), update.operations());
                update.sweep(extent, tell)
            }
        }
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).peekable();
    let named = words.peek().and_then(|word| Story::named(word));
    let numbers: Result<Vec<usize>, _> =
        words.skip(usize::from(named.is_some())).map(|word| word.parse()).collect();
    let numbers = numbers.unwrap_or_else(|_| vec![0]);
    let (every, finish) = match numbers[..] {
        [] => (1, 64),
        [every] => (every, 64),
        [every, finish] => (every, finish),
        _ => (0, 0),
    };
    if every == 0 || finish == 0 {
        eprintln!(
            "usage: power-cuts [transfer|one-slot|way-back] [EVERY [FINISH]], whole numbers from 1 on"
        );
        return ExitCode::from(2);
    }
    let began = Instant::now();
    let tell = |done: usize| {
        if done.is_multiple_of(1000) {
            eprintln!("{done} cuts, {:.0} s", began.elapsed().as_secs_f32());
        }
    };
    let report = named.unwrap_or(Story::TwoSlots).sweep(Extent { every, finish }, tell);
    println!("{report}took {:.0} s", began.elapsed().as_secs_f32());
    if report.bricks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

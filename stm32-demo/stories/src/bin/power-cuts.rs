//! Cuts power at every operation of the flash in an update of the demo's device, and prints how that went.
//!
//! `cargo run --release -p stories --bin power-cuts -- [one-slot|way-back] [EVERY [FINISH]]`: one operation of EVERY (1) is cut, one cut
//! of FINISH (64) is played on until the device has taken the update. With `one-slot` the bootloader applies a patch in place, with
//! `way-back` the reverse patch.

use std::process::ExitCode;
use std::time::Instant;

use device_apply::boot::single::Way;
use stories::single_sweep::InPlace;
use stories::sweep::{Extent, Report, Update};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).peekable();
    let way = match words.peek().map(String::as_str) {
        Some("one-slot") => Some(Way::Forward),
        Some("way-back") => Some(Way::Reverse),
        _ => None,
    };
    let numbers: Result<Vec<usize>, _> =
        words.skip(usize::from(way.is_some())).map(|word| word.parse()).collect();
    let numbers = numbers.unwrap_or_else(|_| vec![0]);
    let (every, finish) = match numbers[..] {
        [] => (1, 64),
        [every] => (every, 64),
        [every, finish] => (every, finish),
        _ => (0, 0),
    };
    if every == 0 || finish == 0 {
        eprintln!(
            "usage: power-cuts [one-slot|way-back] [EVERY [FINISH]], whole numbers from 1 on"
        );
        return ExitCode::from(2);
    }
    let extent = Extent { every, finish };
    let began = Instant::now();
    let say = |bytes: usize, operations: usize| {
        println!(
            "update to an image of {bytes} bytes: {operations} operations of the flash; one of {every} is cut before and in two ways inside, one cut of {finish} played on"
        );
    };
    let tell = |done: usize| {
        if done.is_multiple_of(1000) {
            eprintln!("{done} cuts, {:.0} s", began.elapsed().as_secs_f32());
        }
    };
    let report: Report = match way {
        Some(way) => {
            let update = InPlace::record(way);
            say(update.end_len(), update.operations());
            update.sweep(extent, tell)
        }
        None => {
            let update = Update::record();
            say(update.target_len() as usize, update.operations());
            update.sweep(extent, tell)
        }
    };
    println!("{report}took {:.0} s", began.elapsed().as_secs_f32());
    if report.bricks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! Cuts power at every operation of the flash in an update of the demo's device, and prints how that went.
//!
//! `cargo run --release -p stories --bin power-cuts -- [EVERY [FINISH]]`: one operation of EVERY (1) is cut, one cut of
//! FINISH (64) is played on until the device has taken the update.

use std::process::ExitCode;
use std::time::Instant;

use stories::sweep::{Extent, Update};

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<usize>());
    let (every, finish) = (numbers.next().unwrap_or(Ok(1)), numbers.next().unwrap_or(Ok(64)));
    let (Ok(every @ 1..), Ok(finish @ 1..)) = (every, finish) else {
        eprintln!("usage: power-cuts [EVERY [FINISH]], whole numbers from 1 on");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let update = Update::record();
    println!(
        "update to an image of {} bytes: {} operations of the flash; one of {every} is cut before and in two ways inside, one cut of {finish} played on",
        update.target_len(),
        update.operations()
    );
    let report = update.sweep(Extent { every, finish }, |done| {
        if done.is_multiple_of(1000) {
            eprintln!("{done} cuts, {:.0} s", began.elapsed().as_secs_f32());
        }
    });
    println!("{report}took {:.0} s", began.elapsed().as_secs_f32());
    if report.bricks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

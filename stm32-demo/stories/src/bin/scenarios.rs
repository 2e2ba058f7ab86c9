//! Runs the stories in `scenarios/` and prints a table: `cargo xtask scenarios [TEXT]`, those whose names contain TEXT.

use std::env;
use std::process::ExitCode;

use stories::scenario::{self, Run, run_all};

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    let mut scenarios = scenario::all();
    scenarios.retain(|(name, _)| name.contains(&wanted));
    println!(
        "{:<42} {:<42} {:>5} {:>5} {:>7} {:>7} {:>8}",
        "story", "outcome", "boots", "swaps", "flash", "bytes", "time"
    );
    let runs = run_all(&scenarios);
    let mut failed = 0;
    for ((name, _), run) in scenarios.iter().zip(&runs) {
        let right = run.wrong.is_empty() && run.transcript == scenario::golden(name);
        failed += usize::from(!right);
        println!("{}", row(name, run, right));
        run.wrong.iter().for_each(|what| println!("  {what}"));
    }
    println!("\nflash: operations; bytes: to the device, with frames; time: the device's");
    println!("{} stories, {failed} not as they are written", runs.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(name: &str, run: &Run, right: bool) -> String {
    let cost = &run.cost;
    format!(
        "{name:<42} {:<42} {:>5} {:>5} {:>7} {:>7} {:>6.2} s{}",
        run.outcome,
        cost.boots,
        cost.swaps,
        cost.flash.operations(),
        cost.sent_bytes,
        cost.time.as_secs_f64(),
        if right { "" } else { "  WRONG" }
    )
}

//! Project tasks, run as `cargo xtask TASK`.

mod failure;
mod firmware;
mod process;
mod thumb;

use std::process::ExitCode;

use failure::Failure;

/// A task: its name, what it does, and how.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const TASKS: &[Task] = &[Task {
    name: "firmware",
    help: "build the demo firmware; --bless replaces the committed images",
    run: firmware::run,
}];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        return usage();
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        return usage();
    };
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask {name}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: cargo xtask TASK [OPTIONS]\n");
    for task in TASKS {
        eprintln!("  {:<10} {}", task.name, task.help);
    }
    ExitCode::from(2)
}

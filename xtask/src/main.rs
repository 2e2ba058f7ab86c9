//! Project tasks, run as `cargo xtask TASK`.

mod bench;
mod capi;
mod ci;
mod cycles;
mod deps;
mod device;
mod failure;
mod firmware;
mod fuzz;
mod patches;
mod probe;
mod process;
mod stories;
mod thumb;
mod vectors;

use std::process::ExitCode;

use failure::Failure;

/// A task: its name, what it does, and how.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const TASKS: &[Task] = &[
    Task {
        name: "bench",
        help: "compare with installed peers over the corpus, write benches/record; [--set SET] [BENCH OPTIONS…]",
        run: bench::run,
    },
    Task {
        name: "capi",
        help: "build the C example with the static library for host and Cortex-M4, and run it",
        run: capi::run,
    },
    Task {
        name: "ci",
        help: "check everything; [--no-skip] [STEP…] to fail on what is missing, to run some steps only",
        run: ci::run,
    },
    Task {
        name: "cycles",
        help: "run the decoder's Thumb code in the emulator; [--set SET|demo] [--ram SIZE,…] [--only TEXT] [--profile]",
        run: cycles::run,
    },
    Task {
        name: "demo",
        help: "show an update of the device in the emulator: power cut, rollback, and what it costs",
        run: stories::demo,
    },
    Task { name: "deps", help: "check which workspace member depends on which", run: deps::run },
    Task {
        name: "device",
        help: "run a whole signed update on the emulated part beside a plain copy; [--set SET|demo] [--ram SIZE,…] [--only TEXT] [--profile]",
        run: device::run,
    },
    Task {
        name: "firmware",
        help: "build the demo firmware; --bless replaces the committed images",
        run: firmware::run,
    },
    Task {
        name: "fuzz",
        help: "run fuzz targets without cargo-fuzz; [--seconds N] [--jobs N] [TARGET…]",
        run: fuzz::task,
    },
    Task {
        name: "no-panic",
        help: "prove that no panic survives in the device crates",
        run: probe::no_panic,
    },
    Task {
        name: "patches",
        help: "make and apply patches between releases of the demo firmware, print what that costs",
        run: patches::run,
    },
    Task {
        name: "power-cuts",
        help: "cut power at every flash operation of an update in the emulator; [transfer|one-slot|way-back] [EVERY [FINISH]]",
        run: stories::power_cuts,
    },
    Task {
        name: "scenarios",
        help: "run the stories of the device in the emulator, print a table; [TEXT] in the name",
        run: stories::scenarios,
    },
    Task {
        name: "size",
        help: "print what the device crates take in flash and RAM",
        run: probe::size,
    },
    Task { name: "vectors", help: "write vectors/ anew", run: vectors::run },
];

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
        eprintln!("  {:<11} {}", task.name, task.help);
    }
    ExitCode::from(2)
}

//! `patcher`: makes, applies and checks firmware patches.

mod apply;
mod args;
mod bench;
mod bundle;
mod bundle_args;
mod completions;
mod create;
mod explain;
mod failure;
mod foreign;
mod in_place;
mod info;
mod input;
mod keygen;
mod mcuboot;
mod output;
mod progress;
mod region;
mod report;
mod sign;
mod trust;
mod trust_args;
mod usage;
mod value;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Task};
use failure::Failure;
use usage::Stopwatch;

fn main() -> ExitCode {
    if let Some(code) = host_diff::bench::measure::launched() {
        return code;
    }
    let watch = Stopwatch::start();
    let Arguments { task } = Arguments::parse();
    let json = task.json();
    let done = match task {
        Task::Bench(args) => match bench::run(&args) {
            Ok(code) => return code,
            Err(failure) => Err(failure),
        },
        Task::Create(args) => create::run(&args, &watch),
        Task::Apply(args) => apply::run(&args, &watch),
        Task::Verify(args) => apply::verify(&args, &watch),
        Task::Info(args) => info::run(&args, &watch),
        Task::Keygen(args) => keygen::run(&args),
        Task::Sign(args) => sign::run(&args, &watch),
        Task::Certify(args) => sign::certify(&args),
        Task::Bundle(args) => bundle::run(&args),
        Task::Unbundle(args) => bundle::choose(&args),
        Task::Completions { shell } => completions::run(shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report_failure(&failure, json),
    }
}

fn report_failure(failure: &Failure, json: bool) -> ExitCode {
    if json {
        report::print_failure(failure);
    }
    eprintln!("{failure}");
    failure.class.into()
}

//! `demo`, `scenarios` and `power-cuts`: the demo's device in the emulator, on the committed programs.

use std::process::Command;

use crate::{
    failure::Failure,
    process::{self, Build},
};

/// Shows an update, a power cut, a release that is taken back.
pub(crate) fn demo(arguments: &[String]) -> Result<(), Failure> {
    run("demo", Build::Tested, arguments)
}

/// Runs every story and prints a table; a word selects those whose names contain it.
pub(crate) fn scenarios(arguments: &[String]) -> Result<(), Failure> {
    run("scenarios", Build::Tested, arguments)
}

/// Cuts power at the operations of the flash in an update.
pub(crate) fn power_cuts(arguments: &[String]) -> Result<(), Failure> {
    run("power-cuts", Build::Release, arguments)
}

fn run(name: &str, build: Build, arguments: &[String]) -> Result<(), Failure> {
    process::run(Command::new(process::program(name, build)?).args(arguments))
}

//! Steps for the crates that run on a device.

use std::collections::BTreeMap;

use super::Outcome;
use crate::{
    capi as capi_task, cycles, device as device_task, failure::Failure, firmware as firmware_task,
    probe, process, thumb as toolchains,
};

/// Crates that must build without `std` and without features.
const CRATES: [&str; 4] = ["patcher-core", "device-apply", "detools-apply", "mcuboot"];

/// Checks for the host: quick, and there on every machine. Each feature alone and without.
pub(super) fn no_std() -> Result<Outcome, Failure> {
    for name in CRATES {
        let mut command = process::cargo();
        command.args(["clippy", "--locked", "--no-default-features", "--package", name]);
        process::run(command.args(["--", "-D", "warnings"]))?;
    }
    for words in [
        "device-apply --features p256",
        "device-apply --features trust",
        "device-apply --features in-place",
        "device-apply --no-default-features --features in-place,trust",
        "capi --no-default-features",
    ] {
        let mut command = process::cargo();
        command.args(["clippy", "--locked", "--package"]).args(words.split(' '));
        process::run(command.args(["--", "-D", "warnings"]))?;
    }
    Ok(Outcome::Done)
}

/// Checks for the real targets, where there is no `std` to fall back on. Code is made of it, and of their features, by `no-panic`.
pub(super) fn thumb() -> Result<Outcome, Failure> {
    with_toolchains(|| {
        // All targets of a toolchain at once: each has a `core` of its own, the work of one processor. One named twice counts once.
        let mut commands = BTreeMap::new();
        for target in toolchains::TARGETS {
            let toolchain = toolchains::find(target)?;
            let command =
                commands.entry(toolchain.target_dir()).or_insert_with(|| toolchain.cargo("check"));
            command.args(["--target", target]);
        }
        commands.values_mut().try_for_each(|command| {
            command.args(["--release", "--locked", "--no-default-features"]);
            process::run(command.args(CRATES.iter().flat_map(|name| ["--package", name])))
        })
    })
}

pub(super) fn no_panic() -> Result<Outcome, Failure> {
    with_toolchains(probe::no_panic_and_size)
}

/// The C example: on the host it runs, for a Cortex-M4 it is linked.
pub(super) fn capi() -> Result<Outcome, Failure> {
    if let Some(missing) = capi_task::missing() {
        return Ok(Outcome::Skipped(missing));
    }
    capi_task::run(&[])?;
    Ok(Outcome::Done)
}

/// Builds what is committed as images, and tests the programs of `stm32-demo` as they were built here, unless they are the
/// committed ones byte for byte: those the step `test` has tested.
pub(super) fn firmware() -> Result<Outcome, Failure> {
    with_toolchains(|| {
        firmware_task::run(&[])?;
        if firmware_task::programs_are_committed() {
            println!("the programs built here are the committed ones: their stories have run");
            return Ok(());
        }
        let mut command = process::test(&["on_chip", "scenarios"]);
        command.env("STM32_DEMO_IMAGES", firmware_task::built_programs());
        process::run(command.env("STORY", STORIES_OF_BUILT))
    })
}

/// Programs that another folder or compiler made are tried in the stories whose names have this, from the download to the way back
/// with one slot and with two; all 54 would take as long again as those of the committed programs. They are
/// `STM32_DEMO_IMAGES=$PWD/target/firmware/stm32-demo cargo test -p stories --test scenarios`.
const STORIES_OF_BUILT: &str = "power-cut";

/// Steps of the decoder that are compared: some seconds, past which it repeats itself.
const COMPARED_STEPS: &str = "5000000";

/// The decoder's Thumb code in the emulator: its output, what it takes in a whole update, then its first steps against another
/// emulator.
pub(super) fn emulator() -> Result<Outcome, Failure> {
    with_toolchains(|| {
        device_task::check()?;
        let program = cycles::check()?;
        let mut command = process::test(&["lockstep"]);
        command.args(["--", "firmware", "--nocapture"]).env("EMULATOR_STEPS", COMPARED_STEPS);
        process::run(command.env("EMULATOR_ELF", program))
    })
}

/// Skips when a Thumb toolchain is missing.
fn with_toolchains(step: impl FnOnce() -> Result<(), Failure>) -> Result<Outcome, Failure> {
    for target in toolchains::TARGETS {
        if let Err(missing) = toolchains::find(target) {
            return Ok(Outcome::Skipped(missing.to_string()));
        }
    }
    step()?;
    Ok(Outcome::Done)
}

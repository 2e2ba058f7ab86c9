//! The adapter for embassy-boot and its example: a workspace of its own, which `--workspace` does not reach.

use super::Outcome;
use crate::{failure::Failure, process, thumb};

const FOLDER: &str = "integrations/embassy-boot";
const TARGET: &str = "thumbv7em-none-eabi";

pub(super) fn embassy() -> Result<Outcome, Failure> {
    let folder = process::root().join(FOLDER);
    for words in ["clippy --all-targets --locked -- -D warnings", "test --locked"] {
        let mut command = process::cargo();
        command.current_dir(&folder).args(words.split_whitespace());
        process::run(command.env("CARGO_TARGET_DIR", process::target_dir().join("embassy")))?;
    }
    let toolchain = match thumb::find(TARGET) {
        Ok(toolchain) => toolchain,
        Err(missing) => return Ok(Outcome::Skipped(missing.to_string())),
    };
    let mut command = toolchain.cargo("build");
    command.current_dir(&folder).args(["--release", "--locked", "-p", "embassy-boot-example"]);
    process::run(&mut command)?;
    Ok(Outcome::Done)
}

//! imgtool as the referee: it signs images, and verifies what an update leaves in a slot of MCUboot.

use super::{Outcome, python};
use crate::{failure::Failure, process};

const SPEC: &str = "imgtool==2.5.0";

pub(super) fn imgtool() -> Result<Outcome, Failure> {
    let folder = process::target_dir().join("imgtool");
    let Some(scripts) = python::environment(&folder, SPEC)? else {
        return Ok(Outcome::Skipped(python::missing(SPEC)));
    };
    let mut test = process::test(&["mcuboot"]);
    process::run(test.args(["--", "--nocapture"]).env("IMGTOOL", scripts.join("imgtool")))?;
    Ok(Outcome::Done)
}

//! detools itself as the referee: its test data through our reader, our patches through its applier.

use std::{fs, process::Command};

use corpora::{Digest, Manifest};

use super::{Outcome, python};
use crate::{
    failure::Failure,
    process::{self, Build},
};

const PACKAGE: &str = "detools";
/// What CI compares; all pairs take half an hour: leave `--only` out of the command.
const SAMPLE: &str = "greatfet";

pub(super) fn detools() -> Result<Outcome, Failure> {
    let folder = process::target_dir().join("detools");
    let manifest = Manifest::load().map_err(|error| Failure::new(error.to_string()))?;
    let package = manifest.packages().find(|package| package.name == PACKAGE);
    let package =
        package.ok_or_else(|| Failure::new("expected detools in the corpus' manifest"))?;
    let spec = format!("{PACKAGE}=={}", package.version);
    let Some(scripts) = python::environment(&folder, &spec)? else {
        return Ok(Outcome::Skipped(python::missing(&spec)));
    };
    let python = scripts.join("python");
    let sources = folder.join(&package.file);
    if !sources.is_file() {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
        pip.args(package.hint.split_whitespace()).arg("--dest").arg(&folder).arg(&spec);
        if process::run(&mut pip).is_err() {
            return Ok(Outcome::Skipped(format!("pip cannot fetch the sources of {spec}")));
        }
    }
    let bytes = fs::read(&sources)
        .map_err(|error| Failure::new(format!("{}: {error}", sources.display())))?;
    let found = Digest::of(&bytes);
    if found != package.sha256 {
        return Err(Failure::new(format!(
            "{}: expected sha256 {}, found {found}",
            sources.display(),
            package.sha256
        )));
    }
    let mut unpack = Command::new(&python);
    process::run(unpack.args(["-m", "tarfile", "-e"]).arg(&sources).arg(&folder))?;
    let files = folder.join(format!("{PACKAGE}-{}/tests/files", package.version));
    // Of the test `device` only what needs the files: the rest has run with all tests.
    for (name, only) in [("sdist", ""), ("device", "sdist")] {
        let mut command = process::test(&[name]);
        process::run(command.args(["--", "--nocapture", only]).env("DETOOLS_FILES", &files))?;
    }
    let mut compare = Command::new(process::program("detools", Build::Tested)?);
    compare.args(["--check", "--in-place", "--level", "4", "--only", SAMPLE, "--python"]);
    compare.arg(&python);
    process::run(&mut compare)?;
    Ok(Outcome::Done)
}

//! Packages of Python that referee ours, each in an environment of its own under the target folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, process};

/// Scripts of an environment in `folder` that has the package `spec`; `None` if this machine cannot make one.
pub(super) fn environment(folder: &Path, spec: &str) -> Result<Option<PathBuf>, Failure> {
    fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    let environment = folder.join("venv");
    let scripts = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = scripts.join("python");
    if !python.is_file() {
        let mut venv = Command::new("python3");
        if process::run(venv.args(["-m", "venv"]).arg(&environment)).is_err() {
            return Ok(None);
        }
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", spec]);
    Ok(process::run(&mut pip).is_ok().then_some(scripts))
}

/// Why a step is skipped where there is no such environment.
pub(super) fn missing(spec: &str) -> String {
    format!("needs python3 with its venv module, and pip that can install {spec}")
}

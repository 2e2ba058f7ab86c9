//! Runs other programs.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::failure::Failure;

/// The workspace root.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Where cargo puts what it builds for this workspace.
pub(crate) fn target_dir() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs this task, working in the root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The rustc that belongs to that cargo.
pub(crate) fn rustc() -> Command {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(root());
    command
}

/// Runs to the end with output shown.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{line}` ended with {status}"))),
        Err(error) => Err(Failure::new(format!("`{line}` did not start: {error}"))),
    }
}

/// Runs to the end and returns what it wrote, whether or not it succeeded.
pub(crate) fn output(command: &mut Command) -> Result<Output, Failure> {
    let line = line(command);
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|error| Failure::new(format!("`{line}` did not start: {error}")))
}

/// Standard output of a command that succeeds, without the line end; nothing otherwise.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = output(command).ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim_end().to_owned())
}

/// Runs a command that prints one JSON object.
pub(crate) fn json(command: &mut Command) -> Result<Value, Failure> {
    let line = line(command);
    let output = output(command)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("`{line}` ended with {}: {text}", output.status)));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Failure::new(format!("`{line}` should print JSON: {error}")))
}

/// What `git` answers in the root; nothing where there is no repository.
pub(crate) fn git(arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    answer(command.current_dir(root()).args(arguments)).unwrap_or_default()
}

/// The commit that is checked out, and whether the tree differs from it.
pub(crate) fn commit() -> String {
    let commit = git(&["rev-parse", "--short", "HEAD"]);
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    commit + if changed { ", with changes" } else { "" }
}

/// The command as one would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = core::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// How a program of the workspace is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Optimised, as its users have it.
    Release,
    /// As `cargo test --workspace` builds it, from the same crates with the same features: CI builds nothing twice.
    Tested,
}

/// A test of the workspace that is quickly built. Where one is among the targets, cargo gives all of them the features that
/// dev-dependencies ask for.
const SMALL_TEST: &str = "geometry";

/// Builds a program of the workspace and says where it is.
pub(crate) fn program(name: &str, build: Build) -> Result<PathBuf, Failure> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--locked", "--bin", name]);
    let folder = match build {
        Build::Release => {
            command.args(["--release", "--package", package(name)]);
            "release"
        }
        Build::Tested => {
            command.args(["--workspace", "--test", SMALL_TEST]);
            "debug"
        }
    };
    run(&mut command)?;
    let path = target_dir().join(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::new(format!("expected cargo to build {}", path.display())))
}

/// The workspace member that a program belongs to.
fn package(program: &str) -> &str {
    match program {
        "patcher" => "host-diff",
        "detools" => "benches",
        "demo" | "power-cuts" | "scenarios" => "stories",
        other => other,
    }
}

/// `cargo test` of the tests with this name, wherever they are in the workspace, built as all of its tests are.
pub(crate) fn test(names: &[&str]) -> Command {
    let mut command = cargo();
    command.args(["test", "--workspace", "--locked"]);
    command.args(names.iter().flat_map(|name| ["--test", name]));
    command
}

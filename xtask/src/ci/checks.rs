//! Steps that need the host only.

use std::process::Command;

use super::Outcome;
use crate::{
    deps as deps_task,
    failure::Failure,
    patches as patches_task,
    process::{self, Build},
    stories as stories_task,
};

/// Sources that are workspaces of their own, so that `--workspace` does not reach them.
const APART: [&str; 5] =
    ["corpora/demo", "fuzz", "integrations/embassy-boot", "stm32-demo", "xtask/probe"];

/// Runs `cargo WORDS` in the root.
fn cargo(words: &str) -> Result<(), Failure> {
    process::run(process::cargo().args(words.split_whitespace()))
}

/// Whether cargo has a sub-command.
fn has(name: &str) -> bool {
    process::answer(process::cargo().args([name, "--version"])).is_some()
}

pub(super) fn format() -> Result<Outcome, Failure> {
    cargo("fmt --all --check")?;
    for folder in APART {
        let mut format = process::cargo();
        format.current_dir(process::root().join(folder)).args(["fmt", "--check"]);
        // With it, cargo would look for the members of this workspace that the demo uses in the demo's own.
        format.args((folder != "stm32-demo").then_some("--all"));
        process::run(&mut format)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn deps() -> Result<Outcome, Failure> {
    deps_task::run(&[])?;
    Ok(Outcome::Done)
}

pub(super) fn deny() -> Result<Outcome, Failure> {
    if !has("deny") {
        return Ok(Outcome::Skipped("`cargo install cargo-deny --locked` first".to_owned()));
    }
    cargo(
        "deny --offline --all-features check -A license-exception-not-encountered licenses bans sources",
    )?;
    // Older versions of crates are why a workspace is apart: they are no failure there.
    for folder in APART.map(|folder| process::root().join(folder)) {
        let mut fetch = process::cargo();
        if process::run(fetch.current_dir(&folder).args(["fetch", "--quiet"])).is_err() {
            let folder = folder.display();
            return Ok(Outcome::Skipped(format!("cannot fetch the crates of {folder}")));
        }
        let mut deny = process::cargo();
        deny.current_dir(&folder).args(["deny", "--offline", "--all-features", "--config"]);
        deny.arg(process::root().join("deny.toml"));
        // An exception is for the workspace that needs it.
        deny.args(["check", "-A", "license-exception-not-encountered", "licenses", "sources"]);
        process::run(&mut deny)?;
    }
    Ok(Outcome::Done)
}

/// Real firmware for the round-trip tests. What cannot be fetched now, those tests report as SKIPPED.
pub(super) fn corpus() -> Result<Outcome, Failure> {
    let mut fetch = Command::new(process::program("corpora", Build::Tested)?);
    match process::run(fetch.args(["fetch", "--set", "benchmark"])) {
        Ok(()) => Ok(Outcome::Done),
        Err(error) => Ok(Outcome::Skipped(format!("not all firmware could be fetched: {error}"))),
    }
}

pub(super) fn clippy() -> Result<Outcome, Failure> {
    cargo("clippy --workspace --all-targets --locked -- -D warnings")?;
    Ok(Outcome::Done)
}

/// With nextest when it is there: it runs tests in parallel and apart from each other.
pub(super) fn test() -> Result<Outcome, Failure> {
    if has("nextest") {
        cargo("nextest run --workspace --locked")?;
    } else {
        cargo("test --workspace --all-targets --locked")?;
    }
    Ok(Outcome::Done)
}

pub(super) fn doc_test() -> Result<Outcome, Failure> {
    cargo("test --workspace --doc --locked")?;
    Ok(Outcome::Done)
}

pub(super) fn doc() -> Result<Outcome, Failure> {
    let mut command = process::cargo();
    command.args(["doc", "--workspace", "--no-deps", "--locked"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Done)
}

/// The demo firmware's modules on the host: lints for each release, tests for the last.
pub(super) fn demo_source() -> Result<Outcome, Failure> {
    for feature in ["", "v1_0_1", "v1_1_0"] {
        process::run(&mut in_demo(&format!(
            "clippy --all-targets --locked --features={feature} -- -D warnings"
        )))?;
    }
    process::run(&mut in_demo("test --locked --features=v1_1_0"))?;
    Ok(Outcome::Done)
}

fn in_demo(words: &str) -> Command {
    let mut command = process::cargo();
    command.current_dir(process::root().join("corpora/demo")).args(words.split_whitespace());
    command.env("CARGO_TARGET_DIR", process::target_dir().join("demo-source"));
    command
}

pub(super) fn demo() -> Result<Outcome, Failure> {
    patches_task::run_with(Build::Tested)?;
    stories_task::demo(&[])?;
    Ok(Outcome::Done)
}

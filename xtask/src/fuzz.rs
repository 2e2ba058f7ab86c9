//! `fuzz`: runs fuzz targets for a while, on the stable compiler and without cargo-fuzz.
//!
//! The flags are those with which cargo-fuzz instruments for libFuzzer when no sanitizer is asked for. Findings are kept
//! in `fuzz/artifacts`, what was learned in the target folder: another run goes on from there.

use core::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use serde_json::Value;

use crate::{failure::Failure, process};

/// What the task takes without `--seconds`.
const SECONDS: u32 = 600;

const INSTRUMENT: &[&str] = &[
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Why nothing can be fuzzed here; `None` if it can.
pub(crate) fn lacks() -> Option<String> {
    let compiler = process::output(Command::new("c++").arg("--version"));
    compiler.err().map(|_| "libFuzzer needs a C++ compiler named c++".to_owned())
}

/// The task: `[--seconds N] [--jobs N] [TARGET…]`, all targets where none is named.
pub(crate) fn task(arguments: &[String]) -> Result<(), Failure> {
    let (mut seconds, mut jobs, mut names) = (SECONDS, 1, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || {
            let value = rest.next().and_then(|value| value.parse::<u32>().ok());
            value.ok_or_else(|| Failure::new(format!("expected a number behind {argument}")))
        };
        match argument.as_str() {
            "--seconds" => seconds = number()?,
            "--jobs" => jobs = usize::try_from(number()?).unwrap_or(1),
            name => names.push(name.to_owned()),
        }
    }
    if let Some(reason) = lacks() {
        return Err(Failure::new(reason));
    }
    println!("commit {}", process::commit());
    all(seconds, jobs, &names)
}

/// Runs the targets named, or all, `jobs` at a time.
pub(crate) fn all(seconds: u32, jobs: usize, names: &[String]) -> Result<(), Failure> {
    let folder = process::root().join("fuzz");
    let mut targets = targets(&folder)?;
    if let Some(unknown) = names.iter().find(|name| !targets.contains(name)) {
        let known = targets.join(", ");
        return Err(Failure::new(format!("expected a target of {known}, got {unknown}")));
    }
    targets.retain(|target| names.is_empty() || names.contains(target));
    let binaries = build(&folder, &targets)?;
    let next = AtomicUsize::new(0);
    let worker = || -> Result<(), Failure> {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            run(target, &folder, &binaries, seconds)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let started: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(worker)).collect();
        for worker in started {
            worker.join().map_err(|_| Failure::new("a worker panicked"))??;
        }
        Ok(())
    })
}

/// A target keeps one processor busy.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Builds targets; the folder that they are in.
fn build(folder: &Path, targets: &[String]) -> Result<PathBuf, Failure> {
    let host = process::answer(process::rustc().args(["--print", "host-tuple"]))
        .ok_or_else(|| Failure::new("rustc does not tell its host"))?;
    let build = process::target_dir().join("fuzz");
    let mut command = process::cargo();
    command.current_dir(folder).args(["build", "--release", "--target", &host]);
    command.args(targets.iter().flat_map(|name| ["--bin", name]));
    command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENT.join("\x1f"));
    process::run(command.env("CARGO_TARGET_DIR", &build))?;
    Ok(build.join(host).join("release"))
}

/// Names of the binaries in the fuzz workspace.
fn targets(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut command = process::cargo();
    command.current_dir(folder).args(["metadata", "--format-version=1", "--no-deps"]);
    let text = process::answer(&mut command).unwrap_or_default();
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata of fuzz: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let bins = targets.filter(|target| target["kind"][0] == "bin");
    Ok(bins.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}

/// One target: new inputs go to a scratch corpus, seeds are read from `fuzz/seeds/TARGET` when it exists.
fn run(target: &str, folder: &Path, binaries: &Path, seconds: u32) -> Result<(), Failure> {
    let corpus = binaries.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for path in [&corpus, &artifacts] {
        fs::create_dir_all(path).map_err(Failure::io(path))?;
    }
    let mut command = Command::new(binaries.join(target));
    command.args([format!("-max_total_time={seconds}"), "-seed=1".to_owned()]);
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(&corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    let output = process::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprint!("{text}");
        let place = artifacts.display();
        return Err(Failure::new(format!(
            "{target} ended with {}, the input is in {place}",
            output.status
        )));
    }
    let inputs = fs::read_dir(&corpus).map_err(Failure::io(&corpus))?.count();
    let Told { runs, edges, features } = Told::of(&text);
    println!(
        "{target:17} {seconds:5} s {runs:>10} inputs, no finding; {edges:>6} edges, {features:>6} features, {inputs:>5} files in the corpus"
    );
    Ok(())
}

/// What libFuzzer says at its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told<'a> {
    runs: &'a str,
    edges: &'a str,
    features: &'a str,
}

impl<'a> Told<'a> {
    fn of(text: &'a str) -> Self {
        let after = |line: &'a str, key: &str| {
            let mut words = line.split_whitespace().skip_while(move |word| *word != key);
            words.nth(1).unwrap_or_default()
        };
        let last =
            |key: &str| text.lines().rev().find(|line| line.contains(key)).unwrap_or_default();
        let status = last(" cov: ");
        Self {
            runs: after(last("stat::number_of_executed_units:"), "stat::number_of_executed_units:"),
            edges: after(status, "cov:"),
            features: after(status, "ft:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let text = "#2\tINITED cov: 5 ft: 6 corp: 1/1b\n#9\tDONE   cov: 12 ft: 13 corp: 4/4b lim: 8\n\
                    stat::number_of_executed_units: 90\nstat::average_exec_per_sec:     9\n";
        let told = Told { runs: "90", edges: "12", features: "13" };
        assert_eq!(Told::of(text), told);
    }

    #[test]
    fn an_unknown_target_is_refused() {
        assert!(task(&["no-such-target".to_owned()]).is_err());
        assert!(task(&["--seconds".to_owned()]).is_err());
    }
}

//! A short run of every fuzz target, on the stable compiler and without cargo-fuzz.
//!
//! The flags are those with which cargo-fuzz instruments for libFuzzer when no sanitizer is asked for. Findings are kept
//! in `fuzz/artifacts`; to look for more of them, use `cargo fuzz run --sanitizer none TARGET`.

use core::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{fs, path::Path, process::Command, thread};

use serde_json::Value;

use super::Outcome;
use crate::{failure::Failure, process};

const SECONDS: u32 = 15;

const INSTRUMENT: &[&str] = &[
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

pub(super) fn smoke() -> Result<Outcome, Failure> {
    let folder = process::root().join("fuzz");
    if !folder.join("Cargo.toml").is_file() {
        return Ok(Outcome::Skipped("there is no fuzz folder".to_owned()));
    }
    if process::output(Command::new("c++").arg("--version")).is_err() {
        return Ok(Outcome::Skipped("libFuzzer needs a C++ compiler named c++".to_owned()));
    }
    let host = process::answer(process::rustc().args(["--print", "host-tuple"]))
        .ok_or_else(|| Failure::new("rustc does not tell its host"))?;
    let build = process::target_dir().join("fuzz");
    let mut command = process::cargo();
    command.current_dir(&folder).args(["build", "--release", "--bins", "--target", &host]);
    command.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENT.join("\x1f"));
    process::run(command.env("CARGO_TARGET_DIR", &build))?;

    let (targets, binaries) = (targets(&folder)?, build.join(&host).join("release"));
    let next = AtomicUsize::new(0);
    let worker = || -> Result<(), Failure> {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            run(target, &folder, &binaries)?;
        }
        Ok(())
    };
    // A target keeps one processor busy.
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        for worker in started {
            worker.join().map_err(|_| Failure::new("a worker panicked"))??;
        }
        Ok(Outcome::Done)
    })
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
fn run(target: &str, folder: &Path, binaries: &Path) -> Result<(), Failure> {
    let corpus = binaries.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for path in [&corpus, &artifacts] {
        fs::create_dir_all(path).map_err(Failure::io(path))?;
    }
    let mut command = Command::new(binaries.join(target));
    command.args([format!("-max_total_time={SECONDS}"), "-seed=1".to_owned()]);
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    let output = process::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let stats: Vec<&str> = text.lines().filter(|line| line.starts_with("stat::")).collect();
        println!("fuzzed {target} for {SECONDS} s\n  {}", stats.join("\n  "));
        return Ok(());
    }
    eprint!("{text}");
    let place = artifacts.display();
    Err(Failure::new(format!("{target} ended with {}, the input is in {place}", output.status)))
}

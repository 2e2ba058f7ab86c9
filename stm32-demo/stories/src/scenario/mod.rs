//! Stories as data: `scenarios/NAME.toml`, and beside each what happened, `NAME.golden`.
//!
//! A file says which images there are, what the device holds when it leaves the factory, what is done to it, and how that must
//! end. The transcript is compared with the golden one; it holds what follows from the rules and not from the compiler: no
//! times, no sizes. Those are in [`Cost`].
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`images`](mod@images) | images by name, and patches between them |
//! | [`file`](mod@file) | the data |
//! | [`run`](mod@run) | does it |
//! | [`transcript`](mod@transcript) | what is written down |

pub mod file;
pub mod images;
pub mod run;
pub mod transcript;

use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

pub use file::Scenario;
pub use run::{Cost, Run, run};

/// Where the scenarios are.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// All scenarios by name, sorted.
///
/// # Panics
/// If one cannot be read, or is not what it should be.
#[must_use]
pub fn all() -> Vec<(String, Scenario)> {
    let folder = folder();
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.flatten().map(|entry| entry.path());
    let mut scenarios: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, scenario)
        })
        .collect();
    scenarios.sort_by(|a, b| a.0.cmp(&b.0));
    scenarios
}

/// Runs scenarios, on as many threads as there are processors; how they went, in their order.
///
/// # Panics
/// As [`run()`].
#[must_use]
pub fn run_all(scenarios: &[(String, Scenario)]) -> Vec<Run> {
    let (next, runs) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, scenario)) = scenarios.get(number) else { break };
            let run = run(scenario);
            runs.lock().unwrap_or_else(PoisonError::into_inner).push((number, run));
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(scope.spawn(worker)));
    });
    let mut runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    runs.sort_by_key(|(number, _)| *number);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// The golden transcript of a scenario; empty when there is none yet.
#[must_use]
pub fn golden(name: &str) -> String {
    fs::read_to_string(golden_path(name)).unwrap_or_default()
}

/// Makes `text` the golden transcript.
///
/// # Panics
/// If it cannot be written.
pub fn bless(name: &str, text: &str) {
    fs::write(golden_path(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

fn golden_path(name: &str) -> PathBuf {
    folder().join(name).with_extension("golden")
}

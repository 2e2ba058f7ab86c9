//! `ci`: everything that a change must pass, step by step, with a summary at the end.
//!
//! It needs a Rust toolchain only. A step that lacks something else is skipped, said so, and counted; with `--no-skip`
//! that is a failure. Naming steps runs only those: `cargo xtask ci format clippy`.

mod checks;
mod detools;
mod device;
mod fuzz;

use core::time::Duration;
use std::time::Instant;

use crate::failure::Failure;

/// How a step ended, when it did not fail.
pub(crate) enum Outcome {
    Done,
    /// Something that the step needs is missing; the text says what.
    Skipped(String),
}

type Step = (&'static str, fn() -> Result<Outcome, Failure>);

/// The steps, cheap ones first.
const STEPS: &[Step] = &[
    ("format", checks::format),
    ("deps", checks::deps),
    ("deny", checks::deny),
    ("clippy", checks::clippy),
    ("corpus", checks::corpus),
    ("test", checks::test),
    ("detools", detools::detools),
    ("doc-test", checks::doc_test),
    ("doc", checks::doc),
    ("demo-source", checks::demo_source),
    ("no-std", device::no_std),
    ("thumb", device::thumb),
    ("no-panic", device::no_panic),
    ("capi", device::capi),
    ("firmware", device::firmware),
    ("emulator", device::emulator),
    ("fuzz", fuzz::smoke),
    ("demo", checks::demo),
];

/// How one step went.
struct Entry {
    name: &'static str,
    took: Duration,
    result: Result<Outcome, Failure>,
}

/// The task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (options, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    if let Some(unknown) = options.iter().find(|option| *option != &"--no-skip") {
        return Err(Failure::new(format!("expected --no-skip or names of steps, got {unknown}")));
    }
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.0 == **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.0).collect();
        return Err(Failure::new(format!("expected steps of {}, got {unknown}", known.join(", "))));
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| *name == step.0);
    let entries: Vec<Entry> = STEPS.iter().filter(wanted).map(take).collect();
    summarise(&entries, !options.is_empty())
}

fn take(&(name, step): &Step) -> Entry {
    println!("\n=== {name}");
    let start = Instant::now();
    let result = step();
    match &result {
        Ok(Outcome::Done) => {}
        Ok(Outcome::Skipped(reason)) => println!("SKIPPED {name}: {reason}"),
        Err(failure) => println!("FAILED {name}: {failure}"),
    }
    Entry { name, took: start.elapsed(), result }
}

fn summarise(entries: &[Entry], no_skip: bool) -> Result<(), Failure> {
    println!("\n=== summary");
    let (mut done, mut failed, mut skipped) = (0, 0, 0);
    for entry in entries {
        let (count, word, reason) = match &entry.result {
            Ok(Outcome::Done) => (&mut done, "ok", String::new()),
            Ok(Outcome::Skipped(reason)) => (&mut skipped, "SKIPPED", format!(": {reason}")),
            Err(failure) => (&mut failed, "FAILED", format!(": {failure}")),
        };
        *count += 1;
        println!("{:>7.1} s  {:<12} {word}{reason}", entry.took.as_secs_f32(), entry.name);
    }
    println!("steps: {done} passed, {failed} failed, {skipped} skipped");
    if failed > 0 {
        return Err(Failure::new(format!("{failed} steps failed")));
    }
    if skipped > 0 && no_skip {
        return Err(Failure::new(format!("{skipped} steps skipped, and --no-skip was given")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(result: Result<Outcome, Failure>) -> Entry {
        Entry { name: "step", took: Duration::ZERO, result }
    }

    #[test]
    fn a_skip_fails_only_when_asked_to() {
        let entries = [entry(Ok(Outcome::Done)), entry(Ok(Outcome::Skipped("no tool".to_owned())))];
        assert!(summarise(&entries, false).is_ok());
        assert!(summarise(&entries, true).is_err());
    }

    #[test]
    fn a_failure_fails() {
        assert!(summarise(&[entry(Err(Failure::new("broken")))], false).is_err());
    }

    #[test]
    fn an_unknown_step_is_refused() {
        assert!(run(&["no-such-step".to_owned()]).is_err());
        assert!(run(&["--no-such-option".to_owned()]).is_err());
    }
}

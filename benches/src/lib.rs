//! Benchmarks and measurements of patcher.
//!
//! `cargo run --release -p benches --bin ratio` compares patch sizes over the corpus with the best peer's;
//! `cargo run --release -p benches --bin roundtrip` takes every pair through encoder, decoder, oracle and
//! the applier on three flash geometries; `--bin topics` tells where the bytes of patches go; `--bin speed` what the
//! encoder takes. `cargo bench -p benches --bench parts` times the parts of the codec, `cargo xtask bench` compares with
//! every peer that is installed; `--bin cuts` cuts power at every flash operation of an update, `--bin resume` tells what
//! going on afterwards costs; `cargo run --release -p benches --bin priors` trains the model's priors.

pub mod cuts;
pub mod roundtrip;

use std::process::ExitCode;

/// How a measurement ends: an error is printed.
pub fn outcome(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

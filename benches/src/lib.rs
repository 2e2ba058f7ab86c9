//! Benchmarks and measurements of patcher.
//!
//! `cargo run --release -p benches --bin ratio` compares patch sizes over the corpus with the best peer's;
//! `cargo run --release -p benches --bin roundtrip` takes every pair through encoder, decoder, oracle and
//! the applier on three flash geometries; `cargo run --release -p benches --bin priors` trains the model's priors.

pub mod roundtrip;

//! Benchmarks and measurements of patcher.
//!
//! `cargo run --release -p benches --bin ratio` makes a patch for every pair of a split of the corpus and compares its
//! size with the best peer's.

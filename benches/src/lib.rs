//! Benchmarks and measurements of patcher.

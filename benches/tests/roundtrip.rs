//! The benchmark pairs through everything, where the corpus has been fetched.

use benches::roundtrip::{name, roundtrip};
use corpora::{Cache, CacheError, Manifest, Split};
use host_diff::Options;

/// Pairs above this are left to `cargo run --release -p benches --bin roundtrip`.
const LIMIT_BYTES: u32 = 260_000;

#[test]
fn benchmark_pairs_survive_every_way_of_applying() {
    let manifest = Manifest::load().unwrap();
    let cache = Cache::locate().unwrap();
    let (mut passed, mut skipped) = (0, 0);
    for pair in manifest.pairs_of(Split::Benchmark) {
        if pair.target.size_bytes > LIMIT_BYTES {
            continue;
        }
        if let Err(CacheError::Missing { .. }) = cache.pair(pair) {
            eprintln!(
                "SKIPPED {}: run `cargo run -p corpora -- fetch --set benchmark`",
                name(pair)
            );
            skipped += 1;
            continue;
        }
        roundtrip(pair, &cache, &Options::default()).unwrap();
        passed += 1;
    }
    eprintln!("{passed} pairs passed, {skipped} SKIPPED");
    assert!(passed + skipped >= 5, "the corpus has small benchmark pairs");
}

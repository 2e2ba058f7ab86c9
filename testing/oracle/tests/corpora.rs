//! Real firmware: a sample of small pairs, or with `PATCHER_FULL=1` the 14 benchmark pairs and all others.
//!
//! Full form: `PATCHER_FULL=1 cargo test --release -p oracle --test corpora -- --nocapture`.

mod common;

use std::time::Instant;

use common::agree;
use corpora::{Cache, CacheError, Manifest, Pair, Set};
use host_diff::image::FlatImage;
use host_diff::{Options, create};

const SAMPLE: usize = 6;

/// Whether the pair was there to be checked.
fn check(cache: &Cache, pair: &Pair) -> bool {
    let (base, target) = match cache.pair(pair) {
        Ok(images) => images,
        Err(missing @ CacheError::Missing { .. }) => {
            eprintln!("SKIPPED {pair}: {missing}");
            return false;
        }
        Err(error) => panic!("{pair}: {error}"),
    };
    let started = Instant::now();
    let [from, to] = [&base, &target].map(|bytes| FlatImage::from_raw(bytes.clone()));
    let patch = create(&from, &to, &Options::default()).unwrap();
    let created = started.elapsed();
    let used_base = if patch.base_sha256.is_some() { &base[..] } else { &[] };
    let started = Instant::now();
    let image = oracle::decode(used_base, &patch.bytes).unwrap();
    let decoded = started.elapsed();
    assert!(image == target, "{pair}: the image differs");
    assert!(agree(used_base, &patch.bytes).unwrap().image == target);
    eprintln!(
        "{pair}: {} bytes by {} bytes, created in {created:.1?}, oracle {decoded:.1?}",
        target.len(),
        patch.bytes.len()
    );
    true
}

#[test]
fn real_pairs_decode_alike() {
    let cache = Cache::locate().unwrap();
    let manifest = Manifest::load().unwrap();
    let full = std::env::var_os("PATCHER_FULL").is_some_and(|value| value == "1");
    let mut pairs: Vec<&Pair> = manifest.pairs().collect();
    if !full {
        pairs.sort_by_key(|pair| pair.base.size_bytes + pair.target.size_bytes);
        pairs.truncate(SAMPLE);
    }
    let started = Instant::now();
    let checked: Vec<&Pair> = pairs.iter().copied().filter(|pair| check(&cache, pair)).collect();
    let benchmark = checked.iter().filter(|pair| pair.set == Set::Benchmark).count();
    eprintln!(
        "{} of {} pairs agree ({benchmark} benchmark, {} others) in {:.1?}",
        checked.len(),
        pairs.len(),
        checked.len() - benchmark,
        started.elapsed()
    );
    if checked.is_empty() {
        eprintln!("SKIPPED: no real image is in the cache; corpora/README.md tells how to fetch");
    }
    if full {
        assert_eq!(benchmark, 14, "benchmark pairs");
        assert!(checked.len() >= 14 + 60, "other pairs: {}", checked.len() - benchmark);
    }
}

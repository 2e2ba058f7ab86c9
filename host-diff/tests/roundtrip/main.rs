//! Real firmware, there and back: the demo images of this repository, and the corpora when they have been fetched.
//!
//! `PATCHER_FULL=1` takes every pair of the corpora instead of a sample.

use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

use corpora::{Cache, CacheError, Manifest, Pair};
use host_diff::image::FlatImage;
use host_diff::{Options, apply, create};
use rig::decode::{self, How};

fn round_trip(name: &str, base: &[u8], target: &[u8], options: &Options) -> usize {
    let [from, to] = [base, target].map(|bytes| FlatImage::from_raw(bytes.to_vec()));
    let patch = create(&from, &to, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let applied =
        apply::apply(base, &patch.bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(applied == target, "{name}: another target");
    let how = How { chunk: 61, ..How::default() };
    let decoded =
        decode::patch(base, &patch.bytes, how).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert!(decoded.target == target, "{name}: another target in chunks");
    assert!(
        patch.ram_bytes() <= options.ram as usize,
        "{name}: {} bytes of RAM",
        patch.ram_bytes()
    );
    println!("{name}: {} of {} bytes", patch.bytes.len(), target.len());
    patch.bytes.len()
}

/// Says it even when the test passes: the harness hides what the print macros write.
fn loudly(text: &str) {
    // Nothing depends on whether anyone listens.
    let _ = writeln!(io::stderr(), "{text}");
}

fn demo(core: &str, version: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/demo/images");
    let path = root.join(format!("{core}-{version}.bin"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn demo_updates_come_back_and_are_small() {
    for core in ["thumbv6m-none-eabi", "thumbv7em-none-eabi"] {
        for (from, to, percent) in [
            ("1.0.0", "1.0.1", 2),
            ("1.0.1", "1.1.0", 12),
            ("1.0.0", "1.1.0", 12),
            ("1.1.0", "1.0.0", 12),
        ] {
            let (base, target) = (demo(core, from), demo(core, to));
            let bytes =
                round_trip(&format!("{core} {from} -> {to}"), &base, &target, &Options::default());
            assert!(100 * bytes <= percent * target.len(), "{core} {from} -> {to}: {bytes} bytes");
        }
    }
}

#[test]
fn demo_images_of_another_core_come_back() {
    let (base, target) =
        (demo("thumbv6m-none-eabi", "1.0.0"), demo("thumbv7em-none-eabi", "1.0.0"));
    round_trip("v6m -> v7em", &base, &target, &Options { level: 2, ..Options::default() });
}

/// Every pair, or each twelfth and no image above 400 KB.
fn sample(pairs: Vec<&Pair>) -> Vec<&Pair> {
    if env::var_os("PATCHER_FULL").is_some_and(|value| value == "1") {
        return pairs;
    }
    let small = pairs.into_iter().filter(|pair| pair.target.size_bytes < 400_000);
    small.step_by(12).collect()
}

#[test]
fn corpora_come_back() {
    let manifest = Manifest::load().expect("the committed manifest");
    let cache = match Cache::locate() {
        Ok(cache) => cache,
        Err(error) => {
            loudly(&format!("SKIPPED: all pairs of the corpora: {error}"));
            return;
        }
    };
    let pairs = sample(manifest.pairs().collect());
    let wanted = pairs.len();
    let (mut done, mut skipped) = (0, 0);
    let options = Options { level: 3, ..Options::default() };
    for pair in pairs {
        match cache.pair(pair) {
            Ok((base, target)) => {
                round_trip(&pair.to_string(), &base, &target, &options);
                done += 1;
            }
            Err(missing @ CacheError::Missing { .. }) => {
                loudly(&format!("SKIPPED: {pair}: {missing}"));
                skipped += 1;
            }
            Err(error) => panic!("{pair}: {error}"),
        }
    }
    loudly(&format!("corpora: {done} pairs came back, {skipped} SKIPPED of {wanted}"));
    assert!(wanted > 3, "{wanted} pairs in the sample");
}

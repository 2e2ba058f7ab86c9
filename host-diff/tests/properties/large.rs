//! Images as large as flash gets: time stays in bounds.

use core::time::Duration;
use std::time::Instant;

use host_diff::{apply, create};
use rig::random::Random;

use super::{image, level};

/// Generous: a slow machine with debug assertions, and other tests beside this one.
const BOUND: Duration = Duration::from_secs(180);

/// Size of the patch; prints how long it took.
fn timed(name: &str, base: &[u8], target: &[u8]) -> usize {
    let start = Instant::now();
    let patch = create(&image(base), &image(target), &level(1)).expect("a patch");
    let created = start.elapsed();
    let start = Instant::now();
    let applied = apply::apply(base, &patch.bytes);
    let took = start.elapsed();
    assert!(applied.is_ok_and(|applied| applied == target), "{name}: another target");
    println!("{name}: {} bytes, made in {created:.1?}, applied in {took:.1?}", patch.bytes.len());
    assert!(created + took < BOUND, "{name}: {created:.1?} and {took:.1?}");
    patch.bytes.len()
}

#[test]
fn two_mebibytes_of_random_bytes() {
    let (base, target) = (Random::new(1).bytes(2 << 20), Random::new(2).bytes(2 << 20));
    let bytes = timed("random", &base, &target);
    assert!(bytes < target.len() + target.len() / 50, "{bytes} bytes");
}

#[test]
fn two_mebibytes_that_are_erased() {
    let bytes = timed("erased", &vec![0xFF; 2 << 20], &vec![0xFF; 2 << 20]);
    assert!(bytes < 300, "{bytes} bytes");
}

#[test]
fn two_mebibytes_of_a_short_period() {
    let target: Vec<u8> = (0..7).cycle().take(2 << 20).collect();
    let base: Vec<u8> = (0..11).cycle().take(2 << 20).collect();
    let bytes = timed("periodic", &base, &target);
    assert!(bytes < 6000, "{bytes} bytes");
}

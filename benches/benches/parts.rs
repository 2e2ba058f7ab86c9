//! The parts of the codec, one by one, on the demo firmware: `cargo bench -p benches --bench parts`.
//!
//! | group | what runs |
//! | --- | --- |
//! | `match` | suffix array of the base; alignment of the target |
//! | `encode` | whole deltas at two levels; the full-image form |
//! | `decode` | a delta, mostly predictions; a full image, mostly context mixing of bytes |
//!
//! Every result is compared with what it must be before anything is measured.

use core::hint::black_box;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use host_diff::image::FlatImage;
use host_diff::matcher::align::align;
use host_diff::matcher::suffix::Suffixes;
use host_diff::{Options, Patch, apply, create, create_full};
use std::fs;
use std::path::Path;

fn demo(version: &str) -> FlatImage {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/demo/images");
    let path = images.join(format!("thumbv7em-none-eabi-{version}.bin"));
    FlatImage::from_raw(fs::read(path).expect("an image of this repository"))
}

fn options(level: u8) -> Options {
    Options { level, ..Options::default() }
}

fn delta(level: u8) -> Patch {
    create(&demo("1.0.1"), &demo("1.1.0"), &options(level)).expect("a patch")
}

fn throughput(image: &FlatImage) -> Throughput {
    Throughput::Bytes(image.bytes.len() as u64)
}

fn matching(criterion: &mut Criterion) {
    let (base, target) = (demo("1.0.1"), demo("1.1.0"));
    let suffixes = Suffixes::new(base.bytes.clone());
    let aligned: usize = align(&target.bytes, &suffixes, 8).iter().map(|a| a.len).sum();
    assert!(aligned > target.bytes.len() / 2, "{aligned} bytes aligned");
    let mut group = criterion.benchmark_group("match");
    group.throughput(throughput(&base));
    group.bench_function("suffix array", |bencher| {
        bencher.iter_with_large_drop(|| Suffixes::new(black_box(base.bytes.clone())));
    });
    group.bench_function("alignment", |bencher| {
        bencher.iter(|| align(black_box(&target.bytes), &suffixes, 8));
    });
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    let (base, target) = (demo("1.0.1"), demo("1.1.0"));
    let mut group = criterion.benchmark_group("encode");
    group.throughput(throughput(&target)).sample_size(10);
    for level in [1, 6] {
        // `create` decodes its result and compares.
        group.bench_function(format!("delta, level {level}"), |bencher| {
            bencher.iter(|| create(black_box(&base), black_box(&target), &options(level)));
        });
    }
    group.bench_function("full image, level 6", |bencher| {
        bencher.iter(|| create_full(black_box(&target), &options(6)));
    });
    group.finish();
}

fn decoding(criterion: &mut Criterion) {
    let (base, target) = (demo("1.0.1"), demo("1.1.0"));
    let full = create_full(&target, &options(6)).expect("a patch");
    let mut group = criterion.benchmark_group("decode");
    group.throughput(throughput(&target)).sample_size(20);
    for (name, patch) in [("delta", delta(6)), ("full image", full)] {
        assert_eq!(apply::apply(&base.bytes, &patch.bytes), Ok(target.bytes.clone()), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| apply::apply(black_box(&base.bytes), black_box(&patch.bytes)));
        });
    }
    group.finish();
}

criterion_group!(parts, matching, encoding, decoding);
criterion_main!(parts);

use std::collections::BTreeMap;

use super::*;

/// An image with `bytes` as content, from nowhere.
pub(crate) fn image_of(bytes: &[u8]) -> Image {
    let package = Package {
        file: "package.whl".to_owned(),
        source: Source::Pypi,
        name: "package".to_owned(),
        version: "1".to_owned(),
        hint: String::new(),
        sha256: Digest::of(b""),
        licence: "MIT".to_owned(),
    };
    Image {
        series: "series".to_owned(),
        version: "version".to_owned(),
        core: "Cortex-M4".to_owned(),
        size_bytes: u32::try_from(bytes.len()).unwrap(),
        sha256: Digest::of(bytes),
        package: Arc::new(package),
        member: "image.bin".to_owned(),
        conversion: "raw".parse().unwrap(),
    }
}

fn committed() -> Manifest {
    Manifest::load().unwrap()
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

/// The figures are those of the lists that the manifest was made from.
#[test]
fn committed_manifest_has_every_row_of_its_lists() {
    let manifest = committed();
    assert_eq!(manifest.packages().count(), 69);
    assert_eq!(manifest.images().count(), 206);
    assert_eq!(manifest.pairs_in(Set::Benchmark).count(), 14);
    assert_eq!(manifest.pairs_in(Set::Cores).count(), 11);
    assert_eq!(manifest.pairs_in(Set::More).count(), 159);
    let bytes = |images: Vec<Arc<Image>>| {
        images.iter().map(|image| u64::from(image.size_bytes)).sum::<u64>()
    };
    assert_eq!(bytes(manifest.images_in(None)), IMAGE_BYTES);
    assert_eq!(
        counts(manifest.packages().map(|package| package.source)),
        BTreeMap::from([(Source::Debian, 17), (Source::Npm, 22), (Source::Pypi, 30)])
    );
    let targets = manifest.pairs_in(Set::Benchmark).map(|pair| u64::from(pair.target.size_bytes));
    assert_eq!(targets.sum::<u64>(), BENCHMARK_TARGET_BYTES);
}

#[test]
fn every_package_gives_an_image_and_every_image_is_distinct() {
    let manifest = committed();
    let used: BTreeSet<_> = manifest.images().map(|image| &*image.package.file).collect();
    assert_eq!(used.len(), manifest.packages().count());
    assert!(counts(manifest.images().map(|image| image.sha256)).values().all(|&count| count == 1));
    assert!(manifest.images().all(|image| image.size_bytes > 0));
}

#[test]
fn debian_packages_name_a_suite_and_npm_packages_have_no_hint() {
    for package in committed().packages() {
        match package.source {
            Source::Debian => {
                assert!(
                    ["bullseye", "bookworm", "trixie"].contains(&&*package.hint),
                    "{package:?}"
                );
            }
            Source::Npm => assert_eq!(package.hint, "", "{package:?}"),
            Source::Pypi => {
                assert!(package.hint.split_whitespace().all(|word| !word.contains("://")));
            }
        }
    }
}

#[test]
fn benchmark_pairs_know_their_peers_and_the_best_is_the_smallest() {
    for pair in committed().pairs() {
        let peers = &pair.peers;
        let others = peers.zstd_patch.min(peers.bsdiff_patch);
        match (&peers.best, &peers.best_on_device) {
            (Some(best), Some(on_device)) => {
                assert_eq!(pair.set, Set::Benchmark);
                assert!(best.bytes <= on_device.bytes && best.bytes <= others, "{pair}");
                assert_eq!(peers.smallest_bytes(), best.bytes);
            }
            (None, None) => {
                assert_ne!(pair.set, Set::Benchmark);
                assert_eq!(peers.smallest_bytes(), others);
            }
            _ => panic!("{pair}: one best peer without the other"),
        }
        assert!(pair.base != pair.target, "{pair}");
    }
}

#[test]
fn splits_are_disjoint_by_series_and_complete() {
    let manifest = committed();
    assert_eq!(
        counts(manifest.pairs().map(|pair| pair.split)),
        BTreeMap::from([
            (Split::Benchmark, 14),
            (Split::Cores, 11),
            (Split::Test, 59),
            (Split::Train, 53),
            (Split::Withheld, 47),
        ])
    );
    let series = |split| -> BTreeSet<String> {
        let of = |pair: &Pair| [pair.base.series.clone(), pair.target.series.clone()];
        manifest.pairs_of(split).flat_map(of).collect()
    };
    let (benchmark, test, train) =
        (series(Split::Benchmark), series(Split::Test), series(Split::Train));
    assert!(benchmark.is_disjoint(&test) && benchmark.is_disjoint(&train));
    assert!(test.is_disjoint(&train));
    for (split, names) in
        [(Split::Benchmark, benchmark), (Split::Test, test), (Split::Train, train)]
    {
        assert!(names.iter().all(|name| manifest.split_of_series(name) == split), "{split}");
    }
}

#[test]
fn images_of_a_set_are_those_of_its_pairs_each_once() {
    let manifest = committed();
    let benchmark = manifest.images_in(Some(Set::Benchmark));
    assert_eq!(benchmark.len(), BENCHMARK_IMAGES);
    let all = manifest.images_in(None);
    assert_eq!(all[..BENCHMARK_IMAGES], benchmark[..]);
    for image in &all {
        assert_eq!(manifest.image(&image.series, &image.version), Some(image));
    }
    assert_eq!(manifest.image("detools-pybv11", "none"), None);
}

#[test]
fn pairs_are_shown_by_series_and_versions() {
    let manifest = committed();
    let first = manifest.pairs().next().unwrap();
    assert_eq!(first.to_string(), "detools-pybv11 v1.10 → 1f5d945af");
    let sibling = manifest.pairs().find(|pair| pair.class == Class::SiblingProduct).unwrap();
    let (base, target) = (&sibling.base, &sibling.target);
    assert_eq!(
        sibling.to_string(),
        format!("{} {} → {} {}", base.series, base.version, target.series, target.version)
    );
}

const IMAGE_BYTES: u64 = 44_895_999;
const BENCHMARK_TARGET_BYTES: u64 = 3_958_156;
const BENCHMARK_IMAGES: usize = 26;

const PACKAGE: &str = r#"{ file = "p.whl", source = "pypi", name = "p", version = "1", sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", licence = "MIT" }"#;
const IMAGE: &str = r#"{ series = "s", version = "1", core = "M0", size = 1, sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", package = "p.whl", member = "a", conversion = "raw" }"#;
const PAIR: &str = r#"{ set = "more", class = "patch", base = ["s", "1"], target = ["s", "1"], zstd_patch = 1, bsdiff_patch = 1, xz_target = 1 }"#;

fn parsed(packages: &str, images: &str, pairs: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(&format!("packages = [{packages}]\nimages = [{images}]\npairs = [{pairs}]\n"))
}

#[test]
fn rows_that_do_not_link_are_refused() {
    assert!(parsed(PACKAGE, IMAGE, PAIR).is_ok());
    let file = "p.whl".to_owned();
    assert_eq!(
        parsed("", IMAGE, PAIR).unwrap_err(),
        ManifestError::UnknownPackage { image: "s 1".to_owned(), file }
    );
    assert_eq!(
        parsed(PACKAGE, "", PAIR).unwrap_err(),
        ManifestError::UnknownImage("s 1".to_owned())
    );
}

#[test]
fn rows_that_repeat_are_refused() {
    let twice = |row: &str| format!("{row}, {row}");
    let duplicate = |text: &str| ManifestError::Duplicate(text.to_owned());
    assert_eq!(parsed(&twice(PACKAGE), IMAGE, PAIR).unwrap_err(), duplicate("p.whl"));
    assert_eq!(parsed(PACKAGE, &twice(IMAGE), PAIR).unwrap_err(), duplicate("s 1"));
    assert_eq!(parsed(PACKAGE, IMAGE, &twice(PAIR)).unwrap_err(), duplicate("s 1 → 1"));
}

#[test]
fn rows_with_unknown_missing_or_wrong_fields_are_refused() {
    for (right, wrong) in [
        ("size = 1", "size = -1"),
        ("size = 1, ", ""),
        ("member = \"a\"", "member = \"a\", colour = 3"),
        ("conversion = \"raw\"", "conversion = \"rot13\""),
        ("ba7816bf", "ba7816b"),
    ] {
        let error = parsed(PACKAGE, &IMAGE.replace(right, wrong), PAIR).unwrap_err();
        assert!(matches!(error, ManifestError::Parse(_)), "{wrong}");
    }
}

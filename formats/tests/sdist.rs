//! Every patch of detools' own test data.
//!
//! `DETOOLS_FILES` names `tests/files` of its source distribution, which `cargo xtask ci detools` fetches by package and
//! sha256. Without it there is nothing to test, and that is said aloud.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use formats::{Error, Limits, bsdiff, detools};

/// Base, target, and the patches from the one to the other.
const APPLIED: &[(&str, &str, &[&str])] = &[
    (
        "foo/old",
        "foo/new",
        &[
            "foo/patch",
            "foo/none.patch",
            "foo/crle.patch",
            "foo/heatshrink.patch",
            "foo/heatshrink-10-5.patch",
            "foo/lz4.patch",
            "foo/zstd.patch",
            "foo/match-blocks-sequential.patch",
            "foo/match-blocks-sequential-none.patch",
            "foo/in-place-3000-1500.patch",
            "foo/in-place-3000-1500-1500.patch",
            "foo/in-place-3000-500.patch",
            "foo/in-place-3000-500-crle.patch",
            "foo/in-place-3k-1.5k.patch",
            "foo/in-place-6000-1000-crle.patch",
            "foo/in-place-many-segments.patch",
            "foo/in-place-minimum-size.patch",
            "foo/bsdiff.patch",
        ],
    ),
    ("foo/new", "foo/old", &["foo/backwards.patch"]),
    ("foo/new", "foo/new", &["foo/no-delta.patch"]),
    (
        "empty/old",
        "empty/new",
        &[
            "empty/patch",
            "empty/none.patch",
            "empty/crle.patch",
            "empty/heatshrink.patch",
            "empty/in-place.patch",
        ],
    ),
    ("empty/old", "empty/nonempty.bin", &["empty/nonempty.patch"]),
    (
        "micropython/esp8266-20180511-v1.9.4.bin",
        "micropython/esp8266-20190125-v1.10.bin",
        &[
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-none.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-crle.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-heatshrink.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-lz4.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-zstd.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-in-place.patch",
            "micropython/esp8266-20180511-v1.9.4--20190125-v1.10-bsdiff.patch",
        ],
    ),
    ("programmer/0.8.0.bin", "programmer/0.9.0.bin", &["programmer/0.8.0--0.9.0.patch"]),
    (
        "pybv11/v1.10/firmware1.bin",
        "pybv11/1f5d945af-dirty/firmware1.bin",
        &["pybv11/v1.10--1f5d945af-dirty.patch"],
    ),
    (
        "pybv11/1f5d945af/firmware1.bin",
        "pybv11/1f5d945af-dirty/firmware1.bin",
        &["pybv11/1f5d945af--1f5d945af-dirty.patch"],
    ),
    (
        "python3/aarch64/3.6.6-1/libpython3.6m.so.1.0",
        "python3/aarch64/3.7.2-3/libpython3.7m.so.1.0",
        &["python3/aarch64/3.6.6-1--3.7.2-3.patch"],
    ),
    (
        "python3/aarch64/3.7.2-3/libpython3.7m.so.1.0",
        "python3/aarch64/3.7.3-1/libpython3.7m.so.1.0",
        &["python3/aarch64/3.7.2-3--3.7.3-1.patch"],
    ),
    (
        "random/from.bin",
        "random/to.bin",
        &["random/match-blocks-sequential-none.patch", "random/patch-bsdiff.bin"],
    ),
    ("shell-pi-3/1.bin", "shell-pi-3/2.bin", &["shell-pi-3/1--2.patch"]),
    (
        "shell/old",
        "shell/new",
        &[
            "shell/patch",
            "shell/crle.patch",
            "shell/bz2.patch",
            "shell/lz4.patch",
            "shell/zstd.patch",
        ],
    ),
    ("synthesizer/1.bin", "synthesizer/2.bin", &["synthesizer/1--2.patch"]),
    ("synthesizer/1.bin", "synthesizer/3.bin", &["synthesizer/1--3.patch"]),
    ("bsdiff.py", "READ-ME.rst", &["bsdiff-READ-ME.patch"]),
    ("sais.c", "READ-ME.rst", &["sais-READ-ME.patch"]),
    (
        "3f5531ba56182a807a5c358f04678b3b026d3a.bin",
        "READ-ME.rst",
        &["3f5531ba56182a807a5c358f04678b3b026d3a-READ-ME.patch"],
    ),
    (
        "b2db59ab76ca36f67e61f720857021df8a660b.bin",
        "READ-ME.rst",
        &["b2db59ab76ca36f67e61f720857021df8a660b-READ-ME.patch"],
    ),
    (
        "d027a1e1f752f15b6a13d9f9d775f3914c83f7.bin",
        "READ-ME.rst",
        &["d027a1e1f752f15b6a13d9f9d775f3914c83f7-READ-ME.patch"],
    ),
    (
        "eb9ed88e9975028c4694e070cfaece2498e92d.bin",
        "READ-ME.rst",
        &["eb9ed88e9975028c4694e070cfaece2498e92d-READ-ME.patch"],
    ),
];

/// Patches that detools itself refuses, and so do we.
const DAMAGED: &[&str] = &[
    "foo/bad-compression.patch",
    "foo/bad-lzma-end.patch",
    "foo/bad-patch-type.patch",
    "foo/diff-data-too-long.patch",
    "foo/empty.patch",
    "foo/extra-data-too-long.patch",
    "foo/missing-in-place-from-size.patch",
    "foo/missing-in-place-memory-size.patch",
    "foo/missing-in-place-segment-size.patch",
    "foo/missing-in-place-shift-size.patch",
    "foo/one-byte.patch",
    "foo/short-none.patch",
    "foo/short-to-size.patch",
    "foo/short.patch",
];

fn files() -> Option<PathBuf> {
    let files = env::var_os("DETOOLS_FILES").map(PathBuf::from);
    if files.is_none() {
        eprintln!(
            "SKIPPED: no test data of detools; `cargo xtask ci detools` fetches it and runs this test"
        );
    }
    files
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn apply(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, Error> {
    if patch.starts_with(b"BSDIFF40") {
        bsdiff::apply(base, patch, &Limits::default())
    } else {
        detools::apply(base, patch, &Limits::default())
    }
}

/// All patches below a folder, by their path.
fn patches(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            patches(root, &path, found);
        } else {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/");
            if name.ends_with("patch") || name.ends_with("patch-bsdiff.bin") {
                found.insert(name);
            }
        }
    }
}

#[test]
fn every_patch_gives_its_target_or_says_what_is_not_supported() {
    let Some(folder) = files() else { return };
    let mut left = BTreeSet::new();
    patches(&folder, &folder, &mut left);
    let mut applied = 0;
    for (base, target, names) in APPLIED {
        let [base, target] = [base, target].map(|name| read(&folder, name));
        for name in *names {
            let found = apply(&base, &read(&folder, name));
            assert!(found.as_ref() == Ok(&target), "{name}: {:?}", found.map(|found| found.len()));
            assert!(left.remove(*name), "{name}: named twice");
            applied += 1;
        }
    }
    let base = read(&folder, "foo/old");
    for name in DAMAGED {
        let found = apply(&base, &read(&folder, name));
        assert!(found.is_err(), "{name}: {:?}", found.map(|found| found.len()));
        left.remove(*name);
    }
    // It reads an empty base, and detools refuses it too.
    let beyond = apply(&[], &read(&folder, "fuzzer_1.patch"));
    assert_eq!(beyond, Err(Error::OutOfBase { offset: 0, len: 10, base_len: 0 }));
    left.remove("fuzzer_1.patch");
    for name in &left {
        let patch = read(&folder, name);
        let refused = apply(&base, &patch).expect_err(name);
        let expected = if name.contains("hdiffpatch") {
            matches!(refused, Error::HdiffPatch)
        } else {
            matches!(refused, Error::DataFormat { .. })
        };
        assert!(expected, "{name}: {refused}");
    }
    println!("{applied} patches applied, {} damaged, {} not supported", DAMAGED.len(), left.len());
}

//! Every patch of detools' own test data.
//!
//! `DETOOLS_FILES` names `tests/files` of its source distribution, which `cargo xtask ci detools` fetches by package and
//! sha256. Without it there is nothing to test, and that is said aloud.

#[path = "data/detools.rs"]
mod data;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use data::{APPLIED, DAMAGED};
use formats::{Error, Limits, bsdiff, detools};

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

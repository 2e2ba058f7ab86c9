//! `patcher info`.

use serde_json::Value;

use crate::harness::{Place, sha256};

#[test]
fn json_has_the_keys_of_create() {
    let place = Place::new();
    let keys = |args: &[&str]| {
        let report = place.run(args).succeeds().json();
        report.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    let create = keys(&["create", "base.bin", "target.bin", "-o", "p", "--json"]);
    assert_eq!(keys(&["info", "delta.patch", "--json"]), create);
}

#[test]
fn digests_are_as_long_as_the_header_has_them() {
    let place = Place::new();
    let report = place.run(["info", "delta.patch", "--json"]).succeeds().json();
    assert_eq!(report["kind"], "delta");
    assert_eq!(report["patch_bytes"], place.patch.len());
    assert_eq!(report["base_sha256"], sha256(&place.base)[..16]);
    assert_eq!(report["target_sha256"], sha256(&place.target)[..32]);
}

#[test]
fn full_image_has_no_base() {
    let place = Place::new().with_full_patch();
    let report = place.run(["info", "full.patch", "--json"]).succeeds().json();
    assert_eq!(report["kind"], "full");
    assert_eq!(report["base_sha256"], Value::Null);
    let done = place.run(["info", "full.patch"]).succeeds();
    assert!(!done.text().contains("\nbase "), "{done:?}");
}

#[test]
fn text_is_a_table() {
    let place = Place::new();
    let done = place.run_with_input(["info", "-"], "delta.patch").succeeds();
    assert_eq!(done.stderr, "");
    for row in ["kind           delta", "base           3,000 bytes", "target         3,040 bytes"]
    {
        assert!(done.text().lines().any(|line| line.starts_with(row)), "'{row}' in {done:?}");
    }
}

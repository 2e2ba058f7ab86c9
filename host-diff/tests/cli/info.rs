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
    assert_eq!(report["base_sha256"], sha256(&place.base)[..8]);
    assert_eq!(report["target_sha256"], sha256(&place.target)[..16]);
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

/// An MCUboot image of 300 bytes without hash.
fn mcuboot() -> Vec<u8> {
    let mut image = vec![0x3D, 0xB8, 0xF3, 0x96, 0, 0, 0, 8, 32, 0, 0, 0, 0x08, 1, 0, 0];
    image.extend([0x00, 1, 0, 0, 2, 5, 7, 0]);
    image.resize(296, 0);
    image.extend([0x07, 0x69, 4, 0]);
    image
}

#[test]
fn an_mcuboot_image_is_told_by_its_header() {
    let place = Place::new();
    place.write("image.bin", &mcuboot());
    let done = place.run(["info", "image.bin"]).succeeds();
    for row in [
        "format         MCUboot image, in a bin file",
        "version        2.5.7",
        "image          300 bytes: header 32, payload 264, TLVs 4",
        "load address   0x08000000",
        "flags          for one address",
        "hash           none",
    ] {
        assert!(done.text().lines().any(|line| line == row), "'{row}' in {done:?}");
    }
    let report = place.run(["info", "image.bin", "--json"]).succeeds().json();
    assert_eq!(report["image_sha256"], sha256(&mcuboot()));
    assert_eq!(report["hash_is_right"], Value::Null);
}

#[test]
fn an_mcuboot_image_that_is_cut_off_or_not_signed_is_refused() {
    let place = Place::new();
    place.write("cut.bin", &mcuboot()[..299]);
    place.run(["info", "cut.bin"]).fails(4, &["within 299 bytes", "one of 300", "imgtool"]);
    let mut unsigned = mcuboot();
    unsigned[296] = 0xFF;
    place.write("unsigned.bin", &unsigned);
    place.run(["info", "unsigned.bin"]).fails(4, &["TLV area 0x6907 at 0x128", "found 0x69ff"]);
    place.write("image.bin", &mcuboot());
    place.run(["info", "image.bin", "--explain"]).fails(2, &["--explain", "MCUboot image"]);
    place.run(["info", "image.bin", "--format", "native"]).fails(4, &["0x3d"]);
}

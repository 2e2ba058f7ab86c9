//! `patcher apply` and `patcher verify`.

use serde_json::Value;

use crate::harness::{Place, sha256};

#[test]
fn target_comes_back_byte_for_byte() {
    let place = Place::new();
    let done = place.run(["apply", "base.bin", "delta.patch", "-o", "out"]).succeeds();
    assert_eq!(place.read("out"), place.target);
    assert_eq!(done.stderr, "");
    let expected = format!("target image of 3,040 bytes, SHA-256 {}\n", sha256(&place.target));
    assert_eq!(done.text(), expected);
}

#[test]
fn json_has_whole_digests() {
    let place = Place::new();
    let runs: [&[&str]; 2] = [
        &["apply", "base.bin", "delta.patch", "-o", "out", "--json"],
        &["verify", "base.bin", "delta.patch", "--json"],
    ];
    for args in runs {
        let report = place.run(args).succeeds().json();
        assert_eq!(report["kind"], "delta");
        assert_eq!(report["patch_bytes"], place.patch.len());
        assert_eq!(report["base_sha256"], sha256(&place.base));
        assert_eq!(report["target_sha256"], sha256(&place.target));
    }
}

#[test]
fn verify_writes_nothing() {
    let place = Place::new();
    let before = place.names();
    let done = place.run(["verify", "base.bin", "delta.patch"]).succeeds();
    assert!(done.text().starts_with("verified: target image of 3,040 bytes"), "{done:?}");
    assert_eq!(place.names(), before);
}

#[test]
fn any_of_the_files_may_be_a_pipe() {
    let place = Place::new();
    let done =
        place.run_with_input(["apply", "-", "delta.patch", "-o", "-"], "base.bin").succeeds();
    assert_eq!(done.stdout, place.target);
    assert!(done.stderr.starts_with("target image of "), "{done:?}");
    let done =
        place.run_with_input(["apply", "base.bin", "-", "-o", "-"], "delta.patch").succeeds();
    assert_eq!(done.stdout, place.target);
}

#[test]
fn full_image_does_not_look_at_the_base() {
    let place = Place::new().with_full_patch();
    place.write("empty", &[]);
    for base in ["", "-", "base.bin", "empty", "missing", "."] {
        place.write("out", b"before");
        place.run(["apply", base, "full.patch", "-o", "out"]).succeeds();
        assert_eq!(place.read("out"), place.target, "base '{base}'");
        place.run(["verify", base, "full.patch"]).succeeds();
    }
    let done = place.run_with_input(["apply", "-", "-", "-o", "out"], "full.patch").succeeds();
    assert_eq!(done.code, 0);
    let report = place.run(["verify", "", "full.patch", "--json"]).succeeds().json();
    assert_eq!(report["base_sha256"], Value::Null);
}

#[test]
fn erased_flash_after_the_base_is_ignored() {
    let place = Place::new();
    let dump = [&place.base[..], &[0xFF; 1_096]].concat();
    place.write("dump.bin", &dump);
    let done = place.run(["apply", "dump.bin", "delta.patch", "-o", "out"]).succeeds();
    assert_eq!(place.read("out"), place.target);
    assert!(
        done.text().contains("note: ignored 1,096 bytes of the slot after the base image"),
        "{done:?}"
    );
}

#[test]
fn base_may_have_any_image_format() {
    let place = Place::new();
    let base = |extension: &str| format!("thumbv7em-none-eabi-1.1.0.{extension}");
    let target = "thumbv7em-none-eabi-1.0.1.bin";
    place.add_demo(target);
    place.add_demo(&base("bin"));
    place.run(["create", &base("bin"), target, "-o", "p", "--level", "1"]).succeeds();
    for extension in ["bin", "elf", "hex", "uf2"] {
        let base = base(extension);
        place.add_demo(&base);
        place.run(["apply", &base, "p", "-o", "out"]).succeeds();
        assert!(place.read("out") == place.read(target), "{extension}");
    }
}

#[test]
fn base_format_can_be_forced() {
    let place = Place::new();
    let args = ["apply", "base.bin", "delta.patch", "-o", "out", "--base-format"];
    place.run(args.iter().chain(&["bin"])).succeeds();
    place.run(args.iter().chain(&["hex"])).fails(1, &["base image 'base.bin'", "Intel HEX"]);
}

#[test]
fn native_format_can_be_forced() {
    let place = Place::new();
    let args = ["apply", "base.bin", "delta.patch", "-o", "out", "--format", "native"];
    place.run(args).succeeds();
    place.write("bsdiff", b"BSDIFF40");
    let done = place.run(["info", "bsdiff", "--format", "native"]);
    done.fails(4, &["expected a first byte of 0x80 or more, found 0x42"]);
    let done = place.run(["info", "bsdiff", "--format", "detools"]);
    done.fails(4, &["expected detools patch type 0 (sequential)", "found 4"]);
    place.run(["info", "bsdiff", "--format", "zip"]).fails(2, &["possible values: native"]);
}

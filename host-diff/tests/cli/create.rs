//! `patcher create`.

use core::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::harness::{Place, noise, sha256};

const KEYS: [&str; 19] = [
    "base_address",
    "base_bytes",
    "base_sha256",
    "format",
    "header_bytes",
    "in_place",
    "isa",
    "kind",
    "marks",
    "notes",
    "patch_bytes",
    "peak_rss_bytes",
    "ram_bytes",
    "seconds",
    "self_digests",
    "signature",
    "target_address",
    "target_bytes",
    "target_sha256",
];

#[test]
fn delta_tells_all_in_one_json_object() {
    let place = Place::new();
    let done = place.run(["create", "base.bin", "target.bin", "-o", "p", "--json"]).succeeds();
    assert_eq!(done.stderr, "");
    let report = done.json();
    let keys: Vec<&String> = report.as_object().expect("an object").keys().collect();
    assert_eq!(keys, KEYS);
    assert_eq!(report["format"], "native");
    assert_eq!(report["kind"], "delta");
    assert_eq!(report["patch_bytes"], place.read("p").len());
    assert_eq!(report["base_bytes"], place.base.len());
    assert_eq!(report["target_bytes"], place.target.len());
    assert_eq!(report["base_sha256"], sha256(&place.base));
    assert_eq!(report["target_sha256"], sha256(&place.target));
    assert_eq!(report["isa"], "none");
    assert_eq!(report["base_address"], Value::Null);
    assert_eq!(report["target_address"], Value::Null);
    assert!(in_range(&report["header_bytes"], 1..=48), "{report}");
    assert!(in_range(&report["ram_bytes"], 1..=16_384), "{report}");
    assert!(report["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{report}");
    if cfg!(target_os = "linux") {
        assert!(in_range(&report["peak_rss_bytes"], 100_000..=1 << 30), "{report}");
    }
}

fn in_range(value: &Value, range: RangeInclusive<u64>) -> bool {
    value.as_u64().is_some_and(|value| range.contains(&value))
}

#[test]
fn text_says_sizes_and_what_the_device_needs() {
    let place = Place::new();
    let done = place.run(["create", "base.bin", "target.bin", "-o", "p"]).succeeds();
    assert_eq!(done.stderr, "");
    for word in
        ["delta patch of ", "% of the target's 3,040", " bytes of RAM on the device", "none"]
    {
        assert!(done.text().contains(word), "expected '{word}' in {}", done.text());
    }
}

#[test]
fn same_inputs_give_the_same_patch() {
    let place = Place::new();
    place.run(["create", "base.bin", "target.bin", "-o", "again"]).succeeds();
    assert_eq!(place.read("again"), place.patch);
}

#[test]
fn pipes_give_the_same_patch_as_files() {
    let place = Place::new();
    let done =
        place.run_with_input(["create", "base.bin", "-", "-o", "-"], "target.bin").succeeds();
    assert_eq!(done.stdout, place.patch);
    assert!(done.stderr.contains("delta patch of "), "{done:?}");
    let done =
        place.run_with_input(["create", "-", "target.bin", "-o", "-"], "base.bin").succeeds();
    assert_eq!(done.stdout, place.patch);
}

#[test]
fn full_image_has_no_base() {
    let place = Place::new();
    let done = place.run(["create", "--full", "target.bin", "-o", "p", "--json"]).succeeds();
    let report = done.json();
    assert_eq!(report["kind"], "full");
    for key in ["base_bytes", "base_sha256", "base_address"] {
        assert_eq!(report[key], Value::Null, "{key}");
    }
    assert_eq!(report["target_sha256"], sha256(&place.target));
    place.run(["create", "-o", "q", "target.bin", "--full"]).succeeds();
    assert_eq!(place.read("p"), place.read("q"));
}

#[test]
fn unrelated_base_gives_no_more_than_the_full_image() {
    let place = Place::new().with_full_patch();
    place.write("other.bin", &noise(3_000, 9));
    place.run(["create", "other.bin", "target.bin", "-o", "p"]).succeeds();
    let (made, full) = (place.read("p").len(), place.read("full.patch").len());
    assert!(made <= full, "{made} instead of {full} bytes");
    // Of noise a delta that is all extra may be some bytes smaller; of anything else the full image is.
    place.write("zeros.bin", &[0; 3_000]);
    place.run(["create", "--full", "zeros.bin", "-o", "full.patch"]).succeeds();
    let done = place.run(["create", "other.bin", "zeros.bin", "-o", "p", "--json"]).succeeds();
    assert_eq!(done.json()["kind"], "full");
    assert_eq!(place.read("p"), place.read("full.patch"));
}

#[test]
fn tiny_and_empty_images_round_trip() {
    let place = Place::new();
    place.write("empty", &[]);
    place.write("one", &[7]);
    for (base, target) in [("empty", "one"), ("one", "empty"), ("empty", "empty"), ("one", "one")] {
        place.run(["create", base, target, "-o", "p"]).succeeds();
        place.run(["apply", base, "p", "-o", "out"]).succeeds();
        assert_eq!(place.read("out"), place.read(target), "{base} to {target}");
    }
}

#[test]
fn addresses_and_instruction_set_can_be_given() {
    let place = Place::new();
    let args = "create base.bin target.bin -o p --isa thumb --base-address 0x0800_4000 --target-address 134217728 --json";
    let report = place.run(args.split(' ')).succeeds().json();
    assert_eq!(report["isa"], "thumb");
    assert_eq!(report["base_address"], 0x0800_4000);
    assert_eq!(report["target_address"], 0x0800_0000);
    let info = place.run(["info", "p", "--json"]).succeeds().json();
    for key in ["isa", "base_address", "target_address"] {
        assert_eq!(info[key], report[key], "{key}");
    }
}

#[test]
fn regions_can_be_given() {
    let place = Place::new();
    let args = "create base.bin target.bin -o p --isa thumb --region both:0:0x08000000 \
                --region base:0x400:0x20000000:data --region target:1K:0x20000100:data";
    place.run(args.split_whitespace()).succeeds();
    let text = place.run(["info", "p"]).succeeds().text().to_owned();
    for row in [
        "base region    0x0..0x400 at 0x08000000, code",
        "base region    0x400..0xbb8 at 0x20000000, data",
        "target region  0x0..0x400 at 0x08000000, code",
        "target region  0x400..0xbe0 at 0x20000100, data",
    ] {
        assert!(text.contains(row), "expected '{row}' in\n{text}");
    }
    place.run(["apply", "base.bin", "p", "-o", "out"]).succeeds();
    assert_eq!(place.read("out"), place.target);
}

#[test]
fn regions_must_make_sense() {
    let place = Place::new();
    let create = |options: &str| {
        let args = format!("create base.bin target.bin -o p {options}");
        place.run(args.split_whitespace())
    };
    create("--region base:0").fails(2, &["IMAGE:OFFSET:ADDRESS[:data]"]);
    create("--region flash:0:0").fails(2, &["base, target or both", "flash"]);
    create("--region base:4:0").fails(2, &["first region of the base image at 0", "found 0x4"]);
    create("--region target:0:0 --region target:3040:0").fails(2, &["0xbe0 to 0xbe0"]);
    create("--region base:0:0 --base-address 0").fails(2, &["cannot be used with"]);
    assert!(!place.names().contains("p"));
}

#[test]
fn less_ram_makes_a_patch_that_needs_less() {
    let place = Place::new();
    for (size, most) in [("4K", 4_096), ("8192", 8_192), ("1M", 1 << 20)] {
        let args = ["create", "base.bin", "target.bin", "-o", "p", "--json", "--ram", size];
        let report = place.run(args).succeeds().json();
        assert!(in_range(&report["ram_bytes"], 1..=most), "{size}: {report}");
        place.run(["apply", "base.bin", "p", "-o", "out"]).succeeds();
        assert_eq!(place.read("out"), place.target);
    }
    let done = place.run(["create", "base.bin", "target.bin", "-o", "q", "--ram", "1K"]);
    done.fails(5, &["--ram"]);
    assert!(!place.names().contains("q"));
}

#[test]
fn effort_pays_and_every_level_round_trips() {
    let place = Place::new();
    let [base, target] = ["1.0.0", "1.1.0"].map(|v| format!("thumbv7em-none-eabi-{v}.bin"));
    place.add_demo(&base);
    place.add_demo(&target);
    let patch_bytes = |level: &str| {
        let args = ["create", &base, &target, "-o", "p", "--level", level, "--json"];
        let report = place.run(args).succeeds().json();
        place.run(["apply", &base, "p", "-o", "out"]).succeeds();
        assert!(place.read("out") == place.read(&target), "level {level}");
        report["patch_bytes"].as_u64().expect("a number")
    };
    let (least, default, most) = (patch_bytes("1"), patch_bytes("6"), patch_bytes("9"));
    assert!(least > default && default >= most, "{least} {default} {most}");
    let done = place.run(["create", "base.bin", "target.bin", "-o", "p", "--level", "10"]);
    done.fails(2, &["1..=9"]);
}

#[test]
fn file_formats_of_one_image_give_one_target() {
    let place = Place::new();
    let base = "thumbv7em-none-eabi-1.0.1.bin";
    place.add_demo(base);
    place.add_demo("thumbv7em-none-eabi-1.1.0.bin");
    let expected = place.read("thumbv7em-none-eabi-1.1.0.bin");
    for format in ["bin", "elf", "hex"] {
        let target = format!("thumbv7em-none-eabi-1.1.0.{format}");
        place.add_demo(&target);
        let args = ["create", base, &target, "-o", "p", "--level", "1", "--json"];
        let report = place.run(args).succeeds().json();
        assert_eq!(report["kind"], "delta", "{format}: {report}");
        assert_eq!(report["isa"], "thumb", "{format}: {report}");
        assert_eq!(report["target_address"], 0x0800_0000, "{format}: {report}");
        place.run(["apply", base, "p", "-o", "out"]).succeeds();
        assert!(place.read("out") == expected, "{format}");
    }
}

#[test]
fn warnings_about_an_image_are_notes() {
    let place = Place::new();
    place.write("target.hex", b":0400000001020304F2\n");
    let args = ["create", "base.bin", "target.hex", "-o", "p", "--json"];
    let notes = place.run(args).succeeds().json()["notes"].take();
    let warning = json!("target image: no end-of-file record: the HEX file may have been cut off");
    assert!(notes.as_array().expect("an array").contains(&warning), "{notes}");
}

#[test]
fn digests_that_the_target_holds_are_left_out() {
    let place = Place::new();
    let ended = |image: &[u8]| [image, &host_diff::digest::sha256(image)].concat();
    place.write("base.esp", &ended(&place.base));
    place.write("target.esp", &ended(&place.target));
    let create = |options: &[&str]| {
        let task = ["create", "base.esp", "target.esp", "-o", "p", "--json"];
        place.run(task.iter().chain(options)).succeeds().json()
    };
    let brought = create(&["--no-self-digests"]);
    assert_eq!(brought["self_digests"], json!([]));
    let left_out = create(&[]);
    let at = place.target.len();
    let digest = json!({"kind": "SHA-256", "offset": at, "covered_bytes": at});
    assert_eq!(left_out["self_digests"], json!([digest]));
    let bytes = |report: &Value| report["patch_bytes"].as_u64().expect("a number");
    assert!(bytes(&left_out) + 26 < bytes(&brought), "{left_out}, {brought}");
    place.run(["apply", "base.esp", "p", "-o", "rebuilt"]).succeeds();
    assert_eq!(place.read("rebuilt"), place.read("target.esp"));
    let info = place.run(["info", "--explain", "--base", "base.esp", "p"]).succeeds();
    assert!(info.text().contains("self digest    SHA-256 of the first 3,040 bytes, at 0xbe0"));
    let options = ["--format", "esp-delta-ota", "--no-self-digests"];
    let task = ["create", "base.esp", "target.esp", "-o", "p"];
    place.run(task.iter().chain(&options)).fails(2, &["--format native with --no-self-digests"]);
}

#[test]
fn notes_name_the_instruction_set_that_was_asked_for() {
    let place = Place::new();
    place.write("text.bin", &b"a text, which is no code ".repeat(100));
    let args = "create text.bin text.bin -o text.patch --isa riscv";
    let done = place.run(args.split(' ')).succeeds();
    assert!(done.text().contains("base: riscv at an unknown address"), "{done:?}");
}

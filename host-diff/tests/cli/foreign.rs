//! Patches of other tools.

use crate::harness::{Place, noise};
use sha2::{Digest as _, Sha256};

/// Options of `create`, and what `info` calls the patch.
const FORMATS: [(&str, &str, &str); 9] = [
    ("--format detools:sequential", "detools", "sequential"),
    ("--format detools:sequential --compression none", "detools", "sequential"),
    ("--format detools:sequential --compression crle", "detools", "sequential"),
    ("--format detools:sequential --compression heatshrink:auto --ram 4K", "detools", "sequential"),
    ("--format detools:sequential --compression lzma:1,0,1,4K", "detools", "sequential"),
    (
        "--format detools:in-place --memory-size 8K --segment-size 512 --minimum-shift-size 1K",
        "detools",
        "in-place",
    ),
    (
        "--format detools:in-place --memory-size 4K --segment-size 512 --compression lzma:auto",
        "detools",
        "in-place",
    ),
    ("--format bsdiff40", "bsdiff40", "delta"),
    ("--format bsdiff43", "bsdiff43", "delta"),
];

#[test]
fn each_format_comes_back() {
    let place = Place::new();
    for (options, format, kind) in FORMATS {
        let args = format!("create base.bin target.bin -o p --level 2 --json {options}");
        let made = place.run(args.split(' ')).succeeds().json();
        assert_eq!((&made["format"], &made["kind"]), (&format.into(), &kind.into()), "{options}");
        assert_eq!(made["target_bytes"], 3_040);
        assert_eq!(made["patch_bytes"], place.read("p").len());
        let done = place.run(["info", "p", "--json"]).succeeds().json();
        assert_eq!((&done["format"], &done["kind"]), (&format.into(), &kind.into()), "{options}");
        place.run(["info", "p"]).succeeds();
        place.run(["verify", "base.bin", "p"]).succeeds();
        let done = place.run(["apply", "base.bin", "p", "-o", "out"]).succeeds();
        assert!(done.text().contains("carry no digest"), "{done:?}");
        assert_eq!(place.read("out"), place.target, "{options}");
    }
}

#[test]
fn what_the_device_needs_is_told() {
    let place = Place::new();
    let create = |options: &str| {
        let args = format!("create base.bin target.bin -o p --level 1 {options}");
        place.run(args.split(' ')).succeeds().text().to_owned()
    };
    let text = create("--format detools:sequential");
    assert!(text.contains("window of 8 bits and a lookahead of 7 bits, which deployed"), "{text}");
    let text = create("--format detools:sequential --compression heatshrink:10,4");
    assert!(text.contains("window of 10 bits and a lookahead of 4 bits: build"), "{text}");
    let text = create("--format detools:sequential --compression lzma");
    assert!(text.contains("an LZMA dictionary of 8388608 bytes and 15980 bytes"), "{text}");
    let text = place.run(["info", "p"]).succeeds().text().to_owned();
    assert!(text.contains("lzma: lc 3, lp 0, pb 2, dictionary 8388608 bytes"), "{text}");
    let done = place.run(["apply", "base.bin", "p", "-o", "out", "--ram", "64K"]);
    done.fails(5, &["window is at most 65536 bytes, found one that needs 8404588", "--ram"]);
}

#[test]
fn options_of_other_formats_are_refused() {
    let place = Place::new();
    for (options, words) in [
        ("--compression crle", "expected --format detools:"),
        ("--format bsdiff40 --compression crle", "expected --format detools:"),
        ("--format detools:sequential --memory-size 4K", "expected --format detools:in-place"),
        ("--format detools:in-place --memory-size 4K", "--memory-size and --segment-size"),
        ("--format detools:sequential --isa thumb", "expected --format native with --isa"),
        ("--format detools:sequential --sign-key k", "expected --format native with --sign-key"),
        ("--format esp-delta-ota --hardware-id m", "expected --sign-key beside --hardware-id"),
        ("--format detools:sequential --base-address 0", "expected --format native with addresses"),
        ("--format detools:sequential --compression heatshrink:8,8", "lookahead of 3 bits or more"),
        ("--format detools:sequential --compression lzma:3,2,0,4K", "lc + lp of 0 to 4"),
        ("--format detools:sequential --compression zstd", "expected none, crle, heatshrink"),
        (
            "--format detools:in-place --memory-size 3K --segment-size 1000",
            "multiple of the segment",
        ),
        (
            "--format detools:in-place --memory-size 3000 --segment-size 500",
            "longer image's length",
        ),
        ("--format esp-delta-ota", "expected an ESP-IDF application image as target image"),
    ] {
        let args = format!("create base.bin target.bin -o p {options}");
        place.run(args.split(' ')).fails(2, &[words]);
    }
    assert!(!place.names().contains("p"));
}

#[test]
fn no_key_stands_for_a_patch_without_signature() {
    let place = Place::new();
    place.run(["keygen", "-o", "key.pem", "--public", "key.pub"]).succeeds();
    for (options, format, _) in FORMATS {
        let args = format!("create base.bin target.bin -o p --level 1 {options}");
        place.run(args.split(' ')).succeeds();
        for demand in ["--key", "--root-key"] {
            let done = place.run(["apply", "base.bin", "p", "-o", "out", demand, "key.pub"]);
            done.fails(7, &["expected a signed patch, found one in ", "which has no signature"]);
            place.run(["verify", "base.bin", "p", demand, "key.pub"]).fails(7, &["no signature"]);
        }
        place.run(["verify", "base.bin", "p", "--hardware-id", "m"]).fails(2, &["--key"]);
        let code = if format == "detools" { 4 } else { 5 };
        place.run(["sign", "p", "--key", "key.pem", "-o", "out"]).fails(code, &["native patch"]);
    }
    assert!(!place.names().contains("out"));
}

#[test]
fn an_image_in_the_place_of_the_patch_is_refused() {
    let place = Place::new();
    place.add_demo("thumbv7em-none-eabi-1.0.0.bin");
    let image = "thumbv7em-none-eabi-1.0.0.bin";
    place.run(["create", "base.bin", "target.bin", "-o", "p", "--format", "bsdiff40"]).succeeds();
    // It begins with 0x00 0x00: what detools writes for a target of no bytes.
    for patch in [image, "base.bin", "target.bin"] {
        let done = place.run(["apply", "p", patch, "-o", "out"]);
        done.fails(4, &["found 0x", "the base image comes first, then the patch"]);
    }
    let done = place.run(["verify", image, "p", "--format", "esp-delta-ota"]);
    done.fails(4, &["expected a patch that begins with", "leave out --format"]);
    assert!(!place.names().contains("out"));
}

#[test]
fn esp_images_are_known_by_their_digest() {
    let place = Place::new();
    let image = |seed| {
        let mut image = vec![0xE9, 1];
        image.resize(23, 0);
        image.extend([1, 0x20, 0, 0x40, 0x3F]);
        image.extend(2_000u32.to_le_bytes());
        image.extend(noise(1_990, 7));
        image.extend(noise(10, seed));
        image.resize((image.len() + 1).next_multiple_of(16), 0);
        let digest = Sha256::digest(&image);
        image.extend(digest);
        image
    };
    place.write("old", &image(1));
    place.write("new", &image(2));
    let args = "create old new -o p --format esp-delta-ota --base-format bin --target-format bin";
    place.run(args.split(' ')).succeeds();
    assert!(place.read("p").len() < 300);
    let text = place.run(["info", "p"]).succeeds().text().to_owned();
    assert!(text.contains("esp_delta_ota") && text.contains("base           digest"), "{text}");
    let apply = ["apply", "old", "p", "-o", "out", "--base-format", "bin"];
    place.run(apply).succeeds();
    assert_eq!(place.read("out"), image(2));
    let done = place.run(["verify", "new", "p", "--base-format", "bin"]);
    done.fails(3, &["wrong base image: expected the digest"]);
}

#[test]
fn damaged_patches_are_refused_with_an_exit_code() {
    let place = Place::new();
    for (options, ..) in FORMATS {
        let args = format!("create base.bin target.bin -o p --level 1 {options}");
        place.run(args.split(' ')).succeeds();
        let patch = place.read("p");
        place.write("cut", &patch[..patch.len() / 2]);
        place.run(["verify", "base.bin", "cut"]).fails(4, &["patch 'cut': expected"]);
    }
}

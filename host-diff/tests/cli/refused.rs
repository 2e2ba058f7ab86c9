//! What is refused, with which exit code and which words.

use std::fs;

use crate::harness::{Place, noise};

#[test]
fn usage_errors_are_2() {
    let place = Place::new();
    let runs: [(&[&str], &str); 8] = [
        (&["frobnicate"], "unrecognized subcommand"),
        (&["create", "base.bin", "-o", "p"], "<TARGET>"),
        (&["create", "--full", "base.bin", "target.bin", "-o", "p"], "cannot be used with"),
        (&["create", "base.bin", "target.bin"], "--output"),
        (&["create", "base.bin", "target.bin", "-o", "p", "--ram", "lots"], "expected a size"),
        (
            &["create", "base.bin", "target.bin", "-o", "p", "--base-address", "0x"],
            "expected a number",
        ),
        (&["create", "-", "-", "-o", "p"], "at most one file from standard input"),
        (&["apply", "base.bin", "delta.patch", "-o", "-", "--json"], "-o - and --json"),
    ];
    for (args, words) in runs {
        place.run(args).fails(2, &[words]);
    }
    assert_eq!(place.run::<&str>([]).code, 2);
    let done = place.run_with_input(["apply", "-", "-", "-o", "p"], "delta.patch");
    done.fails(2, &["at most one file from standard input"]);
    let done = place.run(["apply", "", "delta.patch", "-o", "p"]);
    done.fails(2, &["found an empty path", "the patch is a delta"]);
    assert!(!place.names().contains("p"));
}

#[test]
fn wrong_base_is_3_and_names_both() {
    let place = Place::new();
    let mut flipped = place.base.clone();
    flipped[1_500] ^= 0x80;
    let longer = [&place.base[..], &[0xFE]].concat();
    let bases: [(&str, &[u8], &str); 4] = [
        ("flipped", &flipped, "the image that the patch was made for"),
        ("shorter", &place.base[..2_999], "found 2999 bytes"),
        ("longer", &longer, "its first 3,000 bytes are the right image"),
        ("empty", &[], "found 0 bytes"),
    ];
    for (name, content, words) in bases {
        place.write(name, content);
        let expected = ["wrong base image: expected 3000 bytes with SHA-256", words];
        place.run(["apply", name, "delta.patch", "-o", "out"]).fails(3, &expected);
        place.run(["verify", name, "delta.patch"]).fails(3, &expected);
    }
    assert!(!place.names().contains("out"));
}

#[test]
fn malformed_patches_are_4() {
    let place = Place::new();
    let patch = &place.patch;
    let trailing = [&patch[..], &[0]].concat();
    let reserved = [&[0xB0], &patch[1..]].concat();
    let header = &patch[..10];
    let patches: [(&[u8], &str); 6] = [
        (&[], "found an empty file"),
        (&patch[..patch.len() - 1], "it is cut off"),
        (header, "ends inside its header"),
        (&trailing, "something follows it"),
        (&reserved, "reserved"),
        (&[0x7F; 100], "whose first byte is 0x80 or more, found 0x7f"),
    ];
    for (content, words) in patches {
        place.write("bad.patch", content);
        for args in [&["apply", "base.bin", "bad.patch", "-o", "out"][..], &["info", "bad.patch"]] {
            place.run(args).fails(4, &[words, "help: "]);
        }
    }
    assert!(!place.names().contains("out"));
}

#[test]
fn truncation_anywhere_is_4() {
    let place = Place::new();
    for len in 0..place.patch.len() {
        place.write("cut.patch", &place.patch[..len]);
        place.run(["verify", "base.bin", "cut.patch"]).fails(4, &[]);
    }
}

#[test]
fn a_flipped_byte_is_refused_or_harmless() {
    let place = Place::new();
    for index in 0..place.patch.len() {
        let mut patch = place.patch.clone();
        patch[index] ^= 0x55;
        place.write("bad.patch", &patch);
        let args = ["apply", "base.bin", "bad.patch", "-o", "out", "--max-size", "1M"];
        let done = place.run(args);
        if done.code == 0 {
            assert_eq!(place.read("out"), place.target, "byte {index}");
            fs::remove_file(place.path("out")).expect("an output");
        } else {
            assert!((3..=5).contains(&done.code), "byte {index}: {done:?}");
            assert!(!place.names().contains("out"), "byte {index}");
        }
    }
}

#[test]
fn limits_are_5_and_say_what_to_do() {
    let place = Place::new();
    let run = |args: &[&str]| place.run(["verify", "base.bin"].iter().chain(args));
    run(&["delta.patch", "--ram", "1K"]).fails(5, &["within 1024 bytes of RAM", "--ram"]);
    run(&["delta.patch", "--max-size", "3039"]).fails(5, &["at most 3039", "3040", "--max-size"]);
    let mut patch = place.patch.clone();
    patch[0] = 0x81;
    place.write("future.patch", &patch);
    run(&["future.patch"]).fails(5, &["expected format version 0, found 1", "newer patcher"]);
    patch[0] = 0x80;
    patch[2] = 0x0F;
    place.write("isa.patch", &patch);
    assert!([4, 5].contains(&run(&["isa.patch"]).code));
}

#[test]
fn other_formats_are_named() {
    let place = Place::new();
    let patches: [(&[u8], i32, &str); 8] = [
        (b"HDIFF13&", 5, "found one in HDiffPatch format"),
        (b"\x20\x05\x05", 5, "type hdiffpatch, which is not supported"),
        (b"\x00\x05\x07\x02", 5, "data-format block, found one for xtensa-lx106"),
        (b"BSDIFF40........", 4, "expected the diff length, found the end of the patch"),
        (b"ENDSLEY/BSDIFF43", 4, "expected the target length, found the end of the patch"),
        (b"\x10\xDE\xCD\xFC....", 4, "expected the esp_delta_ota header of 64 bytes"),
        (b"\x04........", 4, "perhaps one in detools format: expected heatshrink parameters"),
        (b"hello", 4, "expected a native patch"),
    ];
    for (content, code, words) in patches {
        place.write("foreign", content);
        place.run(["info", "foreign"]).fails(code, &[words]);
    }
    for extension in ["elf", "hex", "uf2"] {
        let image = format!("thumbv7em-none-eabi-1.1.0.{extension}");
        place.add_demo(&image);
        let done = place.run(["verify", "base.bin", &image]);
        done.fails(4, &["this is a firmware image; the base image comes first"]);
    }
}

#[test]
fn garbage_is_never_taken_for_a_patch() {
    let place = Place::new();
    for seed in 0..32 {
        place.write("garbage", &noise(500, seed));
        let done = place.run(["apply", "base.bin", "garbage", "-o", "out"]);
        assert!((3..=5).contains(&done.code), "seed {seed}: {done:?}");
        assert!(!place.names().contains("out"));
    }
}

#[test]
fn files_that_cannot_be_read_are_6() {
    let place = Place::new();
    fs::create_dir(place.path("dir")).expect("a directory");
    let runs: [(&[&str], &str); 5] = [
        (&["create", "missing", "target.bin", "-o", "p"], "base image 'missing'"),
        (&["create", "base.bin", "missing", "-o", "p"], "target image 'missing'"),
        (&["apply", "missing", "delta.patch", "-o", "p"], "base image 'missing'"),
        (&["verify", "base.bin", "missing"], "patch 'missing'"),
        (&["info", "dir"], "cannot read patch 'dir'"),
    ];
    for (args, words) in runs {
        place.run(args).fails(6, &["cannot read", words]);
    }
}

#[test]
fn malformed_images_are_1() {
    let place = Place::new();
    let whole = "thumbv7em-none-eabi-1.1.0.elf";
    place.add_demo(whole);
    let elf = place.read(whole);
    place.write("cut.elf", &elf[..elf.len() / 2]);
    let done = place.run(["create", "base.bin", "cut.elf", "-o", "p"]);
    done.fails(1, &["target image 'cut.elf'", "cut off"]);
}

#[test]
fn images_in_parts_must_be_chosen_from() {
    let place = Place::new();
    let part = |address: u16| {
        let head = [2, 0, 0, 4, address.to_be_bytes()[0], address.to_be_bytes()[1]];
        let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_sub(byte));
        let mut text = format!(":02000004{address:04X}{:02X}\n", sum(&head));
        for row in 0..256_u16 {
            let offset = row * 16;
            let bytes =
                [&[16, offset.to_be_bytes()[0], offset.to_be_bytes()[1], 0][..], &[7; 16]].concat();
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            text += &format!(":{digits}{:02X}\n", sum(&bytes));
        }
        text
    };
    let hex = part(0x0800) + &part(0x9000) + ":00000001FF\n";
    place.write("two.hex", hex.as_bytes());
    let done = place.run(["create", "two.hex", "target.bin", "-o", "p"]);
    done.fails(1, &["parts far apart", "help: choose with --base-range FIRST-LAST"]);
    let args = "create two.hex target.bin -o p --base-range 0x90000000-0x9fffffff";
    place.run(args.split(' ')).succeeds();
    let done = place.run(["create", "base.bin", "two.hex", "-o", "p"]);
    done.fails(1, &["--target-range FIRST-LAST"]);
}

#[test]
fn failures_are_json_too_if_asked_for() {
    let place = Place::new();
    let done = place.run(["verify", "target.bin", "delta.patch", "--json"]);
    done.fails(3, &["wrong base image"]);
    let error = &done.json()["error"];
    assert_eq!(error["class"], "wrong_base");
    assert_eq!(error["exit_code"], 3);
    let message = error["message"].as_str().expect("a message");
    assert!(done.stderr.starts_with(&format!("error: {message}\nhelp: ")), "{done:?}");
}

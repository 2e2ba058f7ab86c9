//! `patcher info --explain`.

use crate::harness::Place;

#[test]
fn parts_add_up_to_the_patch() {
    let place = Place::new();
    let args = "info --explain --base base.bin delta.patch --json";
    let report = place.run(args.split(' ')).succeeds().json();
    let why = &report["explanation"];
    for list in ["kinds", "sections"] {
        let parts = why[list].as_array().expect("parts");
        let sum: f64 = parts.iter().filter_map(|part| part["bytes"].as_f64()).sum();
        let patch = report["patch_bytes"].as_f64().expect("a number");
        assert!((sum - patch).abs() < 0.001, "{list}: {sum} of {patch}");
    }
    assert_eq!(why["diffs"], 2);
    assert_eq!(why["literal_areas"][0]["offset"], 1_000);
    assert_eq!(why["literal_areas"][0]["len"], 40);
}

#[test]
fn text_names_kinds_sections_and_the_largest_stretch() {
    let place = Place::new();
    let [base, elf] = ["thumbv7em-none-eabi-1.0.1.bin", "thumbv7em-none-eabi-1.1.0.elf"];
    place.add_demo(base);
    place.add_demo(elf);
    place.run(["create", base, elf, "-o", "p", "--level", "1"]).succeeds();
    let args = ["info", "p", "--explain", "--base", base, "--elf", elf, "--top", "3"];
    let done = place.run(args).succeeds();
    for words in
        ["bytes of the patch by kind", " literals ", ".rodata", "… of new bytes, by stretch"]
    {
        assert!(done.text().contains(words), "expected '{words}' in {}", done.text());
    }
    let stretches = done.text().lines().rev().take_while(|line| !line.starts_with('…'));
    assert_eq!(stretches.count(), 3);
}

#[test]
fn full_image_needs_no_base() {
    let place = Place::new().with_full_patch();
    let done = place.run("info --explain full.patch".split(' ')).succeeds();
    assert!(done.text().contains("0 diffs, 1 stretches of new bytes"), "{}", done.text());
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let place = Place::new();
    place.add_demo("thumbv7em-none-eabi-1.1.0.elf");
    let run = |args: &str| place.run(args.split(' '));
    run("info --explain delta.patch").fails(2, &["expected --base BASE with --explain", "help: "]);
    run("info --base base.bin delta.patch").fails(2, &["--explain"]);
    let wrong = run("info --explain --base target.bin delta.patch");
    wrong.fails(3, &["'target.bin': wrong base image"]);
    let other = "info --explain --base base.bin --elf thumbv7em-none-eabi-1.1.0.elf delta.patch";
    run(other).fails(1, &["expected an ELF file of the target image"]);
    let nameless = "info --explain --base base.bin --elf target.bin delta.patch";
    run(nameless).fails(1, &["names sections or symbols"]);
    let mut damaged = place.patch.clone();
    *damaged.last_mut().expect("a byte") ^= 0xFF;
    damaged[60] ^= 1;
    place.write("damaged.patch", &damaged);
    run("info --explain --base base.bin damaged.patch").fails(4, &["patch 'damaged.patch'"]);
}

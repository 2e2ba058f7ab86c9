//! `patcher create --in-place`, what `info` says of it, and the way back.

use serde_json::Value;

use crate::harness::{Place, noise};

const SLOT: [&str; 5] = ["--in-place", "--slot-size", "8K", "--page-size", "256"];

fn create(place: &Place, options: &[&str]) -> Value {
    let args = ["create", "base.bin", "target.bin", "-o", "p", "--json", "--ram", "2K"];
    place.run(args.iter().chain(&SLOT).chain(options)).succeeds().json()
}

#[test]
fn a_slot_is_told_with_its_erases_and_that_there_is_no_way_back() {
    let place = Place::new();
    let report = create(&place, &[]);
    assert_eq!(report["kind"], "in-place delta");
    let slot = &report["in_place"];
    assert_eq!((&slot["slot_bytes"], &slot["page_bytes"]), (&8192.into(), &256.into()));
    assert_eq!((&slot["form"], &slot["reserve_bytes"]), (&"slide".into(), &5120.into()));
    assert!(slot["worst_erases"].as_u64().is_some_and(|erases| (1..=8).contains(&erases)));
    let notes = report["notes"].as_array().expect("a list");
    let note = "once the first page is erased the base is gone, and there is no way back without a golden image or a stored reverse patch (--with-reverse)";
    assert!(notes.iter().any(|found| found == note), "{report}");

    let info = place.run(["info", "p"]).succeeds();
    for row in [
        "in place       slot of 8,192 bytes in pages of 256; the base moves up by 5,120 bytes",
        "erases         at most ",
        "check          right",
    ] {
        assert!(info.text().contains(row), "{row}: {info:?}");
    }
    place.run(["verify", "base.bin", "p"]).succeeds();
    place.run(["apply", "base.bin", "p", "-o", "out.bin"]).succeeds();
    assert_eq!(place.read("out.bin"), place.target);
}

#[test]
fn little_slack_brings_marks_and_a_scratch_goes_without() {
    let place = Place::new();
    let tight = ["--in-place", "--slot-size", "4K", "--page-size", "256", "--ram", "2K"];
    let args = ["create", "base.bin", "target.bin", "-o", "p", "--json"];
    let report = place.run(args.iter().chain(&tight)).succeeds().json();
    assert_eq!(report["marks"]["epoch_bytes"].as_u64().map(u64::is_power_of_two), Some(true));
    assert!(report["in_place"]["marks_bytes"].as_u64() > Some(0));
    place.run(["verify", "base.bin", "p"]).succeeds();

    let longer = place.base.len().max(place.target.len()).next_multiple_of(256).to_string();
    let full = ["--in-place", "--slot-size", &longer, "--page-size", "256", "--ram", "2K"];
    let report = place.run(args.iter().chain(&full).chain(&["--scratch", "1K"])).succeeds().json();
    assert_eq!(report["in_place"]["form"], "scratch");
    place.run(["verify", "base.bin", "p"]).succeeds();
    place.run(args.iter().chain(&full).chain(&["--scratch", "256"])).fails(5, &["would be erased"]);
}

#[test]
fn the_reverse_patch_leads_back_and_is_signed_like_the_first() {
    let place = Place::new();
    place.run(["keygen", "-o", "key.pem", "--public", "key.pub"]).succeeds();
    let report = create(
        &place,
        &["--with-reverse", "back", "--sign-key", "key.pem", "--security-counter", "4"],
    );
    let notes = report["notes"].to_string();
    assert!(notes.contains("the way back is the reverse patch in 'back'"), "{notes}");
    for (base, patch, made) in
        [("base.bin", "p", &place.target), ("target.bin", "back", &place.base)]
    {
        place.run(["apply", base, patch, "-o", "out.bin", "--key", "key.pub"]).succeeds();
        assert_eq!(&place.read("out.bin"), made);
    }
}

#[test]
fn damage_is_found_by_the_check() {
    let place = Place::new();
    create(&place, &[]);
    let mut patch = place.read("p");
    *patch.last_mut().expect("a byte") ^= 1;
    place.write("p", &patch);
    place.run(["verify", "base.bin", "p"]).fails(4, &["damaged", "check"]);
    place.run(["keygen", "-o", "key.pem"]).succeeds();
    place.run(["sign", "p", "--key", "key.pem", "-o", "q"]).fails(4, &["damaged"]);
    assert!(place.run(["info", "p"]).succeeds().text().contains("check          wrong"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    let fails = |options: &[&str], code: i32, words: &[&str]| {
        let args = ["create", "base.bin", "target.bin", "-o", "p"];
        place.run(args.iter().chain(options)).fails(code, words);
        assert!(!place.names().contains("p"), "{options:?}");
    };
    fails(&["--in-place"], 2, &["--slot-size"]);
    fails(&["--slot-size", "8K"], 2, &["--in-place"]);
    fails(&["--in-place", "--slot-size", "8K", "--page-size", "300"], 2, &["power of two"]);
    fails(&["--in-place", "--slot-size", "8000", "--page-size", "256"], 2, &["pages of 256"]);
    fails(&["--in-place", "--slot-size", "1K", "--page-size", "256"], 5, &["the slot has 1024"]);
    let same = ["--in-place", "--slot-size", "8K", "--page-size", "256", "--with-reverse", "p"];
    fails(&same, 2, &["a file of its own"]);
    let reset = ["--in-place", "--slot-size", "8K", "--page-size", "256", "--resume", "reset"];
    fails(&reset, 2, &["expected --epoch"]);
    place.write("other.bin", &noise(8 << 10, 5));
    let args = ["create", "other.bin", "target.bin", "-o", "p"];
    place.run(args.iter().chain(&SLOT)).fails(5, &["the base fills the slot", "--scratch"]);
}

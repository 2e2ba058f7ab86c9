//! `patcher create --resume` and what `info` says of it.

use serde_json::{Value, json};

use crate::harness::Place;

fn create(place: &Place, options: &[&str]) -> Value {
    let args = ["create", "base.bin", "target.bin", "-o", "p", "--json"];
    place.run(args.iter().chain(options)).succeeds().json()
}

#[test]
fn patches_have_no_marks_unless_they_are_asked_for() {
    let place = Place::new();
    for options in [&[][..], &["--resume", "redecode"]] {
        let report = create(&place, options);
        assert_eq!(report["marks"], Value::Null);
        assert_eq!(report["patch_bytes"], place.patch.len());
    }
    let info = place.run(["info", "p"]).succeeds();
    assert!(!info.text().contains("restart marks"), "{info:?}");
}

#[test]
fn marks_are_told_by_create_and_info() {
    let place = Place::new();
    let plain = create(&place, &[]);
    for policy in ["snapshot", "reset"] {
        let report = create(&place, &["--resume", policy, "--epoch", "1K"]);
        let workspace = report["ram_bytes"].as_u64().expect("a number") - 832;
        let marks =
            json!({ "epoch_bytes": 1024, "snapshot_bytes": 46 + workspace, "reset_bytes": 46 });
        assert_eq!(report["marks"], marks, "{policy}");
        assert!(report["patch_bytes"].as_u64() > plain["patch_bytes"].as_u64(), "{report}");
        assert_eq!(place.run(["info", "p", "--json"]).succeeds().json()["marks"], marks);
        let row = "restart marks  every 1,024 bytes of the target; a snapshot there takes ";
        assert!(place.run(["info", "p"]).succeeds().text().contains(row));
        place.run(["verify", "base.bin", "p"]).succeeds();
    }
    let text = place.run([
        "create",
        "base.bin",
        "target.bin",
        "-o",
        "p",
        "--resume",
        "snapshot",
        "--epoch",
        "256",
    ]);
    assert!(text.succeeds().text().contains("restart marks every 256 bytes of the target"));
}

#[test]
fn a_reset_forgets_and_so_costs_more_than_a_snapshot() {
    let place = Place::new();
    let bytes =
        |policy| create(&place, &["--resume", policy, "--epoch", "256"])["patch_bytes"].as_u64();
    assert!(bytes("snapshot") < bytes("reset"));
}

#[test]
fn a_target_that_is_shorter_than_an_epoch_has_no_marks() {
    let place = Place::new();
    let report = create(&place, &["--resume", "snapshot"]);
    assert_eq!(report["marks"], Value::Null);
    assert_eq!(report["patch_bytes"], place.patch.len());
    let notes = report["notes"].as_array().expect("a list");
    let note = "the target ends before the first restart mark, at 65536: the patch has none";
    assert!(notes.iter().any(|found| found == note), "{report}");
}

#[test]
fn full_images_have_marks_too() {
    let place = Place::new();
    let args = [
        "create",
        "--full",
        "target.bin",
        "-o",
        "p",
        "--json",
        "--resume",
        "reset",
        "--epoch",
        "1K",
    ];
    assert_eq!(place.run(args).succeeds().json()["marks"]["epoch_bytes"], 1024);
    place.run(["verify", "base.bin", "p"]).succeeds();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    let fails = |options: &[&str], words: &[&str]| {
        let args = ["create", "base.bin", "target.bin", "-o", "p"];
        place.run(args.iter().chain(options)).fails(2, words);
        assert!(!place.names().contains("p"), "{options:?}");
    };
    fails(&["--epoch", "4K"], &["--resume snapshot", "found redecode", "leave out --epoch"]);
    fails(&["--epoch", "4K", "--resume", "redecode"], &["found redecode"]);
    for epoch in ["0", "128", "3000", "5K"] {
        fails(&["--resume", "reset", "--epoch", epoch], &["expected a power of two from 256"]);
    }
    fails(&["--resume", "journal"], &["redecode", "snapshot", "reset"]);
    let foreign = ["--format", "detools:sequential", "--resume", "snapshot"];
    fails(&foreign, &["expected --format native with --resume"]);
    fails(&["--format", "bsdiff40", "--epoch", "4K"], &["expected --format native with --epoch"]);
}

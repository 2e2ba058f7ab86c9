//! `patcher bench`.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::harness::{Done, Place};

/// Peers made of standard tools: the first copies the target, the second loses its last byte, the third says no, the
/// fourth does not end, the fifth is not there, and the sixth writes to standard output.
const PEERS: &str = r#"
[[peer]]
name = "copy"
encode = ["cp", "{target}", "{patch}"]
decode = ["cp", "{patch}", "{out}"]
probe = ["echo", "version 1"]
full = true

[[peer]]
name = "lossy"
encode = ["cp", "{target}", "{patch}"]
decode = ["sh", "-c", "head -c 3039 \"$1\"", "sh", "{patch}"]

[[peer]]
name = "broken"
encode = ["sh", "-c", "echo 'out of cheese' >&2; exit 3", "sh", "{target}"]
decode = ["cp", "{patch}", "{out}"]

[[peer]]
name = "slow"
encode = ["sh", "-c", "exec sleep 30", "sh", "{target}"]
decode = ["cp", "{patch}", "{out}"]

[[peer]]
name = "nowhere"
encode = ["no-such-program-anywhere", "{target}", "{patch}"]
decode = ["cp", "{patch}", "{out}"]
install = "ask a friend"

[[peer]]
name = "cat"
encode = ["cat", "{target}"]
decode = ["cat", "{patch}"]

[[peer]]
name = "silent"
encode = ["sh", "-c", "exit 0", "sh", "{target}", "{patch}"]
decode = ["cp", "{patch}", "{out}"]
"#;

/// A directory `pairs` with one pair, and peers in `peers.toml`.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir_all(place.path("pairs/one")).expect("a directory");
    place.write("pairs/one/old.bin", &place.base);
    place.write("pairs/one/new.bin", &place.target);
    place.write("peers.toml", PEERS.as_bytes());
    place
}

fn bench(place: &Place, more: &str) -> Done {
    let args = format!("bench pairs --ram 4K --level 1 {more}");
    place.run(args.split_whitespace())
}

fn run<'a>(report: &'a Value, codec: &str) -> &'a Value {
    let runs = report["pairs"][0]["runs"].as_array().expect("runs");
    runs.iter().find(|run| run["codec"] == codec).expect(codec)
}

#[test]
fn peers_are_measured_and_verified() {
    let place = place();
    let done = bench(&place, "--json --peers-file peers.toml --peers copy,cat").succeeds();
    let report = done.json();
    assert_eq!(report["pairs"][0]["name"], "one");
    let ours = run(&report, "patcher 4K level 1");
    assert_eq!(ours["status"], "verified");
    place.run("create base.bin target.bin -o p --ram 4K --level 1".split(' ')).succeeds();
    assert_eq!(ours["patch_bytes"], place.read("p").len());
    assert!(ours["ram_bytes"].as_u64().is_some_and(|ram| (1..=4_096).contains(&ram)), "{ours}");
    for codec in ["copy", "cat"] {
        let peer = run(&report, codec);
        assert_eq!(peer["patch_bytes"], place.target.len(), "{peer}");
        assert!(peer["encode"]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{peer}");
    }
    if cfg!(target_os = "linux") {
        let peak = run(&report, "copy")["decode"]["peak_rss_bytes"].as_u64();
        // What the launcher holds is the least that can be told.
        assert!(peak.is_some_and(|peak| (100_000..32 << 20).contains(&peak)), "{peak:?}");
    }
    let parts = report["pairs"][0]["explanation"]["kinds"].as_array().expect("parts");
    let sum: f64 = parts.iter().filter_map(|part| part["bytes"].as_f64()).sum();
    let bytes = ours["patch_bytes"].as_f64().expect("a number");
    assert!((sum - bytes).abs() < 0.001, "{sum} {bytes}");
    assert_eq!(report["codecs"][1]["version"], "version 1");
}

#[test]
fn a_peer_that_gives_something_else_failed_verification() {
    let place = place();
    let done = bench(&place, "--peers-file peers.toml --peers lossy --csv r.csv --html r.html");
    assert_eq!(done.code, 1, "{done:?}");
    assert_eq!(done.stderr, "error: 1 of 2 runs failed\n");
    let words = "FAILED verification: lossy on 'one': expected the target of 3040 bytes, found 3039 bytes that differ from offset 3039 on";
    assert!(done.text().contains(words), "{}", done.text());
    let csv = String::from_utf8(place.read("r.csv")).expect("UTF-8");
    assert!(csv.lines().any(|row| row.contains(",lossy,failed,\"verification: ")), "{csv}");
    let html = String::from_utf8(place.read("r.html")).expect("UTF-8");
    assert!(html.contains("FAILED verification"), "{html}");
}

#[test]
fn peers_that_end_badly_or_not_at_all_are_told_with_the_reason() {
    let place = place();
    let args = "--json --timeout 1 --peers-file peers.toml --peers broken,slow,silent";
    let done = bench(&place, args);
    assert_eq!(done.code, 1, "{done:?}");
    let report = done.json();
    for (codec, words) in
        [("broken", "3: out of cheese"), ("slow", "within 1 s"), ("silent", "wrote no patch")]
    {
        let run = run(&report, codec);
        assert_eq!((&run["status"], &run["stage"]), (&"failed".into(), &"encode".into()), "{run}");
        assert!(run["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{run}");
        assert_eq!(run["patch_bytes"], Value::Null);
    }
}

#[test]
fn absent_peers_are_told_and_an_error_if_asked_for() {
    let place = place();
    let done = bench(&place, "--peers-file peers.toml --peers nowhere,copy");
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("1 of the peers asked for cannot be used"), "{done:?}");
    let words =
        "absent: nowhere: 'no-such-program-anywhere' was not found; to install: ask a friend";
    assert!(done.text().contains(words), "{}", done.text());
    let mut command = place.command("bench pairs --ram 4K --level 1".split(' '));
    let output = command.env("PATH", place.path("pairs")).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "nobody asked for any");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("absent: bsdiff: 'bsdiff' was not found"), "{text}");
    assert!(text.contains("absent: xz: 'xz': "), "{text}");
}

#[test]
fn results_can_be_reported_again() {
    let place = place();
    let done = bench(&place, "--json --peers none --html first.html").succeeds();
    place.write("results.json", &done.stdout);
    place.run("bench --replay results.json --html second.html --csv r.csv".split(' ')).succeeds();
    assert_eq!(place.read("first.html"), place.read("second.html"));
    place.write("results.json", b"{}");
    let done = place.run("bench --replay results.json".split(' '));
    done.fails(1, &["expected what bench --json printed in 'results.json'"]);
}

#[test]
fn manifest_gives_addresses_and_names() {
    let place = Place::new();
    let images = [
        "thumbv7em-none-eabi-1.0.1.bin",
        "thumbv7em-none-eabi-1.1.0.bin",
        "thumbv7em-none-eabi-1.1.0.elf",
    ];
    images.iter().for_each(|image| place.add_demo(image));
    let [base, target, elf] = images;
    let rows = format!(
        "name\tbase\ttarget\telf\tisa\taddress\nd\t{base}\t{target}\t{elf}\tthumb\t0x08000000\n"
    );
    place.write("pairs", rows.as_bytes());
    let report = bench(&place, "--json --peers none").succeeds().json();
    let sections = report["pairs"][0]["explanation"]["sections"].as_array().expect("sections");
    assert!(sections.iter().any(|section| section["name"] == ".rodata"), "{sections:?}");
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(0), "{report}");
}

#[test]
fn what_is_no_benchmark_is_refused() {
    let place = place();
    fs::create_dir(place.path("empty")).expect("a directory");
    fs::create_dir(place.path("half")).expect("a directory");
    place.write("half/a.old.bin", &[1]);
    place.write("missing.tsv", b"base\ttarget\nbase.bin\tnowhere.bin\n");
    place.write("cut.elf", b"\x7FELF");
    place.write("cut.tsv", b"base\ttarget\nbase.bin\tcut.elf\n");
    place.write("wrong.toml", b"[[peer]]\nname = 'x'\n");
    let runs: [(&str, i32, &[&str]); 9] = [
        ("bench nowhere", 6, &["cannot read 'nowhere'"]),
        ("bench empty", 1, &["expected pairs of images in 'empty', found none", "help: a pair is"]),
        ("bench half", 1, &["pair 'a': expected an image called 'new', found none"]),
        ("bench missing.tsv", 6, &["expected the files of the manifest to exist", "nowhere.bin"]),
        ("bench base.bin", 6, &["cannot read 'base.bin'"]),
        ("bench cut.tsv", 1, &["'cut.elf'"]),
        (
            "bench pairs --peers gzip",
            2,
            &["expected a peer of the table", "found 'gzip'", "xdelta3"],
        ),
        ("bench pairs --peers-file wrong.toml", 1, &["peers 'wrong.toml'", "encode"]),
        ("bench pairs --peers-file nowhere.toml", 6, &["cannot read peers 'nowhere.toml'"]),
    ];
    for (args, code, words) in runs {
        place.run(args.split(' ')).fails(code, words);
    }
    place.run(["bench"]).fails(2, &["DIR|MANIFEST"]);
    let done = place.run("bench empty --json".split(' '));
    assert_eq!(done.json()["error"]["exit_code"], 1);
}

#[test]
fn a_file_that_is_no_image_is_found_before_anything_runs() {
    let place = place();
    place.write("cut.elf", b"\x7FELF");
    place.write("late.tsv", b"base\ttarget\nbase.bin\ttarget.bin\nbase.bin\tcut.elf\n");
    let ran = place.path("ran");
    let peer = format!(
        "[[peer]]\nname = 'mark'\nencode = ['touch', '{}', '{{target}}', '{{patch}}']\ndecode = ['cp', '{{patch}}', '{{out}}']\n",
        ran.display()
    );
    place.write("mark.toml", peer.as_bytes());
    place
        .run("bench late.tsv --ram 4K --level 1 --peers-file mark.toml".split(' '))
        .fails(1, &["'cut.elf'"]);
    assert!(!ran.exists());
}

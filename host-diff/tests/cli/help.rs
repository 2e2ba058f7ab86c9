//! `--help`, compared with files that are reviewed: `BLESS=1 cargo test -p host-diff --test cli` rewrites them.

use std::env;
use std::fs;
use std::path::Path;

use crate::harness::Place;

#[test]
fn help_is_as_reviewed() {
    let place = Place::new();
    let tasks: [&[&str]; 12] = [
        &[],
        &["create"],
        &["apply"],
        &["verify"],
        &["info"],
        &["keygen"],
        &["sign"],
        &["certify"],
        &["bundle"],
        &["unbundle"],
        &["bench"],
        &["completions"],
    ];
    for task in tasks {
        let done = place.run(task.iter().chain(&["--help"])).succeeds();
        // clap ends empty lines with spaces.
        let help: String =
            done.text().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        let name = task.first().unwrap_or(&"patcher");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/help/{name}.txt"));
        if env::var_os("BLESS").is_some() {
            fs::write(&path, &help).expect("a writable source tree");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(help == expected, "{name}: run with BLESS=1 and review\n{help}");
        for line in expected.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn completions_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = place.run(["completions", shell]).succeeds();
        for word in ["create", "apply", "verify", "info", "base-address"] {
            assert!(done.text().contains(word), "{shell}: {word}");
        }
    }
    place.run(["completions", "cobol"]).fails(2, &["possible values", "bash"]);
}

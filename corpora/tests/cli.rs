//! The command line: exit codes and what is said, without any network.

use std::path::Path;
use std::process::{Command, Output};

fn corpora(cache: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corpora"))
        .args(arguments)
        .env("PATCHER_CORPORA", cache)
        // No client is found there.
        .env("PATH", cache)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

#[test]
fn list_prints_every_pair_of_a_set() {
    let cache = tempfile::tempdir().unwrap();
    let lines = |set| {
        let output = corpora(cache.path(), &["list", "--set", set]);
        assert_eq!(output.status.code(), Some(0));
        let table = text(&output.stdout);
        let columns = |line: &str| line.split('\t').count();
        assert!(table.lines().all(|line| columns(line) == 12), "{table}");
        table.lines().count() - 1
    };
    assert_eq!(lines("benchmark"), 14);
    assert_eq!(lines("cores"), 11);
    assert_eq!(lines("more"), 159);
    assert_eq!(lines("all"), 184);
}

#[test]
fn list_images_prints_where_each_comes_from() {
    let cache = tempfile::tempdir().unwrap();
    let output = corpora(cache.path(), &["list", "--images"]);
    let table = text(&output.stdout);
    assert_eq!(table.lines().count(), 1 + 206);
    let row = table.lines().find(|line| line.starts_with("greatfet\t2024.0.0\t")).unwrap();
    assert!(row.ends_with("\tpypi\tgreatfet 2024.0.0\tBSD-3 (firmware GPL-2+ parts)\tno"), "{row}");
}

#[test]
fn pairs_that_are_not_in_the_cache_are_told_and_no_row() {
    let cache = tempfile::tempdir().unwrap();
    let output = corpora(cache.path(), &["pairs", "--set", "benchmark", "--only", "greatfet"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "name\tbase\ttarget\tclass\n");
    let told = text(&output.stderr);
    assert!(told.starts_with("left out: greatfet 2021.2.1 → 2024.0.0: "), "{told}");
    let output = corpora(cache.path(), &["pairs", "--split", "nothing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("expected pairs of that set"));
}

#[test]
fn fetch_without_clients_goes_on_to_the_end_and_tells_what_to_install() {
    let cache = tempfile::tempdir().unwrap();
    let output = corpora(cache.path(), &["fetch", "--set", "benchmark"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("0 present, 0 fetched, 26 failed in "));
    let progress = text(&output.stderr);
    assert_eq!(progress.matches("  failed: ").count(), 19, "{progress}");
    for advice in ["`altos`", "install npm", "install pip"] {
        let told = progress.lines().filter(|line| line.starts_with("advice: "));
        assert_eq!(told.filter(|line| line.contains(advice)).count(), 1, "{advice}");
    }
}

#[test]
fn verify_and_path_fail_and_name_the_command_while_nothing_is_fetched() {
    let cache = tempfile::tempdir().unwrap();
    let output = corpora(cache.path(), &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("0 good, 206 missing or corrupt in "));

    let output = corpora(cache.path(), &["path", "greatfet", "2024.0.0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("run `cargo run -p corpora -- fetch`"));
}

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() {
    let cache = tempfile::tempdir().unwrap();
    let output = corpora(cache.path(), &["path", "nxt-improved", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: expected a version of nxt-improved (1.29.2-1, 1.29.7-6), found 1\n"
    );
    assert_eq!(corpora(cache.path(), &["fetch", "--set", "none"]).status.code(), Some(2));
}

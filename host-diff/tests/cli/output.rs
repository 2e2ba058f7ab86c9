//! Output files: whole or not at all.

use std::fs;

use crate::harness::Place;

const BEFORE: &[u8] = b"what was there before";

#[test]
fn failure_leaves_the_output_alone() {
    let place = Place::new();
    place.write("out", BEFORE);
    place.write("short.patch", &place.patch[..place.patch.len() - 1]);
    let mut damaged = place.patch.clone();
    *damaged.last_mut().expect("a byte") ^= 0xFF;
    damaged[60] ^= 1;
    place.write("damaged.patch", &damaged);
    let before = place.names();
    let runs: [(&[&str], i32); 5] = [
        (&["apply", "target.bin", "delta.patch", "-o", "out"], 3),
        (&["apply", "base.bin", "short.patch", "-o", "out"], 4),
        (&["apply", "base.bin", "damaged.patch", "-o", "out"], 4),
        (&["apply", "base.bin", "delta.patch", "-o", "out", "--ram", "1K"], 5),
        (&["create", "base.bin", "target.bin", "-o", "out", "--ram", "1"], 5),
    ];
    for (args, code) in runs {
        place.run(args).fails(code, &[]);
        assert_eq!(place.read("out"), BEFORE, "{args:?}");
        assert_eq!(place.names(), before, "{args:?}");
    }
}

#[test]
fn success_replaces_the_output_and_leaves_nothing_else() {
    let place = Place::new();
    place.write("out", BEFORE);
    let before = place.names();
    place.run(["apply", "base.bin", "delta.patch", "-o", "out"]).succeeds();
    assert_eq!(place.read("out"), place.target);
    assert_eq!(place.names(), before);
}

#[test]
fn an_input_is_never_the_output() {
    let place = Place::new();
    let elsewhere =
        format!("../{}/base.bin", place.path("").file_name().expect("a name").display());
    let runs: [&[&str]; 5] = [
        &["create", "base.bin", "target.bin", "-o", "base.bin"],
        &["create", "base.bin", "target.bin", "-o", "./target.bin"],
        &["create", "--full", "target.bin", "-o", "target.bin"],
        &["apply", "base.bin", "delta.patch", "-o", &elsewhere],
        &["apply", "base.bin", "delta.patch", "-o", "delta.patch"],
    ];
    for args in runs {
        place.run(args).fails(2, &["expected an output file of its own", "help: "]);
    }
    assert_eq!(place.read("base.bin"), place.base);
    assert_eq!(place.read("target.bin"), place.target);
    assert_eq!(place.read("delta.patch"), place.patch);
}

#[test]
fn directories_must_exist_and_are_no_files() {
    let place = Place::new();
    fs::create_dir(place.path("dir")).expect("a directory");
    let apply = |out: &str| place.run(["apply", "base.bin", "delta.patch", "-o", out]);
    apply("nowhere/out").fails(6, &["expected a directory, found none at 'nowhere'"]);
    apply("base.bin/out").fails(6, &["expected a directory, found none at 'base.bin'"]);
    apply("dir").fails(6, &["expected a file to write to, found directory 'dir'"]);
    apply("dir/..").fails(6, &["found directory"]);
    apply("").fails(6, &["expected a file"]);
    apply("dir/out").succeeds();
    assert_eq!(place.read("dir/out"), place.target);
}

// Tests run as root somewhere, whom nothing stops from replacing a device file: none is ever named as output.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_an_error() {
    let place = Place::new();
    // A directory that refuses even root.
    let done = place.run(["apply", "base.bin", "delta.patch", "-o", "/proc/out"]);
    done.fails(6, &["cannot write '/proc/out'"]);
    let runs: [&[&str]; 2] =
        [&["info", "delta.patch"], &["apply", "base.bin", "delta.patch", "-o", "-"]];
    for args in runs {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let output = place.command(args).stdout(full).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(6), "{args:?}");
        let words = "cannot write standard output";
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_are_written_directly() {
    let place = Place::new();
    // /proc refuses to have its files replaced.
    let args = ["apply", "base.bin", "delta.patch", "-o", "/proc/self/fd/2"];
    let output = place.command(args).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, place.target);
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_the_file_before_or_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let mode = |name: &str| fs::metadata(place.path(name)).expect(name).permissions().mode();
    let apply = || place.run(["apply", "base.bin", "delta.patch", "-o", "out"]).succeeds();
    apply();
    assert_eq!(mode("out"), mode("base.bin"));
    fs::set_permissions(place.path("out"), fs::Permissions::from_mode(0o600)).expect("permission");
    apply();
    assert_eq!(mode("out") & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    let place = Place::new();
    place.write("out", BEFORE);
    std::os::unix::fs::symlink("out", place.path("link")).expect("a link");
    place.run(["apply", "base.bin", "delta.patch", "-o", "link"]).succeeds();
    assert!(fs::symlink_metadata(place.path("link")).expect("a link").is_symlink());
    assert_eq!(place.read("out"), place.target);
    std::os::unix::fs::symlink("base.bin", place.path("alias")).expect("a link");
    place.run(["apply", "base.bin", "delta.patch", "-o", "alias"]).fails(2, &["input 'alias'"]);
}

//! Names of files and rows of manifests, and what is refused.

use super::*;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect(name);
    }
    folder
}

fn names(found: &Found, folder: &TempDir) -> Vec<[String; 3]> {
    let short =
        |path: &Path| path.strip_prefix(folder.path()).expect("inside").display().to_string();
    let row = |pair: &Pair| [pair.name.clone(), short(&pair.base), short(&pair.target)];
    found.pairs.iter().map(row).collect()
}

#[test]
fn directory_has_pairs_as_folders_and_as_files() {
    let folder = folder(&[
        ("hub/old.bin", "1"),
        ("hub/new.bin", "2"),
        ("hub/new.elf", "3"),
        ("sensor/base.hex", "1"),
        ("sensor/target.hex", "2"),
        ("radio-old.bin", "1"),
        ("radio_new.elf", "2"),
        ("notes/readme.txt", ""),
        ("golden.bin", ""),
        (".hidden", ""),
    ]);
    let found = find(folder.path()).expect("pairs");
    let expected = [
        ["hub", "hub/old.bin", "hub/new.bin"],
        ["radio", "radio-old.bin", "radio_new.elf"],
        ["sensor", "sensor/base.hex", "sensor/target.hex"],
    ];
    assert_eq!(names(&found, &folder), expected);
    let elves: Vec<bool> = found.pairs.iter().map(|pair| pair.elf.is_some()).collect();
    assert_eq!(elves, [true, true, false]);
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
    assert!(found.notes.iter().any(|note| note.contains("golden.bin")), "{:?}", found.notes);
}

#[test]
fn half_a_pair_is_an_error_and_so_are_two_images() {
    let error =
        |files: &[(&str, &str)]| find(folder(files).path()).expect_err("no pairs").to_string();
    assert!(error(&[("a/old.bin", "")]).contains("pair 'a': expected an image called 'new'"));
    assert!(error(&[("a.new.bin", "")]).contains("pair 'a': expected an image called 'old'"));
    let two = error(&[("a/old.bin", ""), ("a/old.hex", ""), ("a/new.bin", "")]);
    assert!(two.contains("expected one old image, found"), "{two}");
    assert!(error(&[]).contains("expected pairs of images"));
    assert!(error(&[("gold.bin", "")]).contains("expected pairs of images"));
}

#[test]
fn manifests_are_tables_or_json_and_start_paths_at_their_folder() {
    let table =
        "# firmware\nname\tbase\ttarget\taddress\tisa\tclass\nhub\ta.bin\tb.bin\t0x8000\t\tminor\n";
    let json = r#"[{"base": "a.bin", "target": "b.bin", "elf": "b.elf", "base_address": "1"}]"#;
    let folder =
        folder(&[("a.bin", ""), ("b.bin", ""), ("b.elf", ""), ("t.tsv", table), ("j.json", json)]);
    let found = find(&folder.path().join("t.tsv")).expect("pairs");
    assert_eq!(names(&found, &folder), [["hub", "a.bin", "b.bin"]]);
    let pair = &found.pairs[0];
    assert_eq!(pair.base_address.as_deref(), Some("0x8000"));
    assert_eq!(pair.target_address.as_deref(), Some("0x8000"));
    assert_eq!((pair.isa.as_deref(), pair.class.as_deref()), (None, Some("minor")));
    let found = find(&folder.path().join("j.json")).expect("pairs");
    assert_eq!(found.pairs[0].name, "a → b");
    assert_eq!(found.pairs[0].target_address, None);
    assert!(found.pairs[0].elf.is_some());
}

#[test]
fn manifests_are_refused_with_a_reason() {
    let error = |text: &str| {
        let folder = folder(&[("a", ""), ("m", text)]);
        find(&folder.path().join("m")).expect_err("no pairs").to_string()
    };
    assert!(error("base\tgoal\na\ta\n").contains("manifest '"));
    assert!(error("base\ttarget\tcolour\na\ta\tred\n").contains("colour"));
    assert!(error("[{\"base\": \"a\"}]").contains("target"));
    assert!(error("base\ttarget\n").contains("expected pairs of images"));
    let missing = error("base\ttarget\na\tnowhere\nlost\ta\n");
    assert!(missing.contains("nowhere") && missing.contains("lost"), "{missing}");
    assert!(
        find(Path::new("/nonexistent")).expect_err("nothing").to_string().contains("cannot read")
    );
}

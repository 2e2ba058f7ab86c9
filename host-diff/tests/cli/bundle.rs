//! `patcher bundle` and `unbundle`, and what a device makes of a bundle.

use std::fs;

use device_apply::trust::{Policy, PublicKey};
use patcher_core::container::bundle::{Index, Running};

use crate::harness::{Done, Place};

fn run(place: &Place, line: &str) -> Done {
    place.run(line.split_whitespace())
}

/// A place with `other.bin`, a second base, and three signed patches to `target.bin`: `one`, `two` and `full`.
fn place() -> Place {
    let place = Place::new();
    let mut other = place.base.clone();
    other.rotate_left(900);
    fs::write(place.path("other.bin"), &other).expect("a temporary directory");
    run(&place, "keygen -o key --public key.pub").succeeds();
    let sign = "--sign-key key --hardware-id meter-2 --security-counter 3";
    run(&place, &format!("create base.bin target.bin -o one {sign}")).succeeds();
    run(&place, &format!("create other.bin target.bin -o two {sign}")).succeeds();
    run(&place, &format!("create --full target.bin -o full {sign}")).succeeds();
    place
}

const TERMS: &str = "--hardware-id meter-2 --security-counter 3";

fn sha256(bytes: &[u8]) -> [u8; 32] {
    host_diff::digest::sha256(bytes)
}

#[test]
fn each_device_takes_its_own_patch() {
    let place = place();
    let line = format!("bundle full two one -o all --key key {TERMS}");
    let told = run(&place, &line).succeeds();
    assert!(told.text().starts_with("signed bundle of "), "{told:?}");
    let info = run(&place, "info all").succeeds();
    assert_eq!(info.text(), told.text(), "info says what bundle said");
    let json = run(&place, "info all --json").succeeds().json();
    assert_eq!(
        (&json["signed"], &json["target_bytes"]),
        (&true.into(), &place.target.len().into())
    );
    let trust = "--key key.pub --hardware-id meter-2";
    for (base, patch) in [("--base base.bin", "one"), ("--base other.bin", "two"), ("", "full")] {
        run(&place, &format!("unbundle all {base} -o chosen {trust}")).succeeds();
        assert_eq!(place.read("chosen"), place.read(patch), "{base}");
    }
    run(&place, "unbundle all --base target.bin -o chosen").succeeds();
    assert_eq!(place.read("chosen"), place.read("full"), "an unknown base");
    run(&place, &format!("apply base.bin one -o out {trust}")).succeeds();

    // On the device: index first, then one patch.
    let bundle = place.read("all");
    let report = run(&place, "keygen --json --from key.pub").succeeds().json();
    let digits = report["public_key"].as_str().expect("digits").to_owned();
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    let key: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect();
    let signers = [PublicKey(key.try_into().expect("33 bytes"))];
    let front = *bundle.first_chunk().expect("an index");
    let len = Index::announced(front).expect("a bundle");
    let index = Policy::new(&signers, b"meter-2", 3).bundle(&bundle[..len]).expect("signed");
    let base = place.read("other.bin");
    let running = Running { len: 3_000, digest: &sha256(&base), ram_bytes: 16 * 1024 };
    let entry = index.choose(&running).expect("a patch");
    let (start, len) = (entry.offset as usize, entry.len as usize);
    assert_eq!(bundle[start..start + len], place.read("two"));
    assert!(Policy::new(&signers, b"meter-3", 3).bundle(&bundle).is_err());
}

#[test]
fn bundles_are_deterministic_and_do_not_depend_on_the_order_of_patches() {
    let place = place();
    run(&place, &format!("bundle full two one -o a --key key {TERMS}")).succeeds();
    run(&place, &format!("bundle one full two -o b --key key {TERMS}")).succeeds();
    assert_eq!(place.read("a"), place.read("b"));
    run(&place, &format!("bundle one full two full one -o b --key key {TERMS}")).succeeds();
    assert_eq!(place.read("a"), place.read("b"), "equal patches are taken once");
}

#[test]
fn less_memory_gets_another_patch() {
    let place = place();
    run(&place, "create base.bin target.bin -o small --ram 2K").succeeds();
    run(&place, "create --full target.bin -o full-small --ram 2K").succeeds();
    let json = run(&place, "bundle one small full full-small -o all --json").succeeds().json();
    assert_eq!(json["signed"], false);
    assert_eq!(json["patches"].as_array().map(Vec::len), Some(4));
    run(&place, "unbundle all --base base.bin --ram 2K -o chosen").succeeds();
    assert_eq!(place.read("chosen"), place.read("small"));
    run(&place, "unbundle all --ram 2K -o chosen").succeeds();
    assert_eq!(place.read("chosen"), place.read("full-small"));
    run(&place, "unbundle all --ram 1K -o chosen").fails(5, &["1,024", "--ram"]);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let place = place();
    run(&place, "create --full base.bin -o stranger").succeeds();
    run(&place, "bundle one two -o all").fails(3, &["full image", "create --full"]);
    run(&place, "bundle one stranger -o all").fails(3, &["stranger", "one target"]);
    run(&place, "create base.bin target.bin -o again").succeeds();
    run(&place, "bundle one full again -o all").fails(3, &["again", "patches 1 and 3"]);
    run(&place, "bundle full base.bin -o all").fails(4, &["base.bin"]);
    run(&place, "bundle full -o all --hardware-id x").fails(2, &["--key", "--hardware-id"]);
    run(&place, "bundle full -o all --key key").fails(7, &["patch 1", "other hardware"]);
    run(&place, "create --full target.bin -o plain").succeeds();
    let line = format!("bundle plain -o all --key key {TERMS}");
    run(&place, &line).fails(7, &["patch 1", "unsigned"]);
    let counter = "bundle full -o all --key key --hardware-id meter-2 --security-counter 4";
    run(&place, counter).fails(7, &["security counter"]);
    assert!(!place.path("all").exists());
}

#[test]
fn a_bundle_that_was_changed_is_refused() {
    let place = place();
    run(&place, &format!("bundle one full -o all --key key {TERMS}")).succeeds();
    let bundle = place.read("all");
    let trust = "--key key.pub --hardware-id meter-2 --security-counter 3";
    let unbundle = format!("unbundle changed --base base.bin -o out {trust}");
    for (at, code) in [(0, 4), (2, 4), (30, 7), (60, 7)] {
        let mut changed = bundle.clone();
        changed[at] ^= 0x10;
        fs::write(place.path("changed"), &changed).expect("a temporary directory");
        let done = run(&place, &unbundle);
        assert!(done.code == code || done.code == 4, "byte {at}: {done:?}");
    }
    fs::write(place.path("changed"), &bundle[..bundle.len() - 1]).expect("a temporary directory");
    run(&place, &unbundle).fails(4, &["changed", "bytes"]);
    run(&place, "info changed").fails(4, &["changed", "bytes"]);
    run(&place, "apply base.bin all -o out").fails(4, &["bundle of patches", "unbundle"]);
    run(&place, "keygen -o other --public other.pub").succeeds();
    run(&place, "unbundle all -o out --key other.pub").fails(7, &["bundle 'all'", "key"]);
    run(&place, "bundle one full -o plain").succeeds();
    run(&place, "unbundle plain -o out --key key.pub").fails(7, &["signed index"]);
    assert!(!place.path("out").exists());
}

#[test]
fn an_index_is_signed_elsewhere() {
    let place = place();
    let line = format!("bundle one full {TERMS} --public-key key.pub");
    let digest = run(&place, &format!("{line} --print-digest")).succeeds().text().to_owned();
    assert_eq!(digest.trim().len(), 64);
    run(&place, &format!("bundle one full -o here --key key {TERMS}")).succeeds();
    // The signature of the bundle that was signed here, taken out and attached.
    let here = place.read("here");
    let index = Index::parse(&here).expect("an index");
    let signature = index.trust.expect("signed").signature;
    fs::write(place.path("signature"), signature).expect("a temporary directory");
    run(&place, &format!("{line} --attach-signature signature -o there")).succeeds();
    assert_eq!(place.read("there"), here);
    fs::write(place.path("signature"), [1; 64]).expect("a temporary directory");
    run(&place, &format!("{line} --attach-signature signature -o no")).fails(7, &["signature"]);
}

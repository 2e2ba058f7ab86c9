//! `patcher keygen`, `sign`, `certify`, and what the other commands say to signatures.

use std::process::{Command, Stdio};

use device_apply::trust::{Policy, PublicKey};
use device_apply::{Applier, Stage};
use flash_model::{FlashModel, Stm32L4};
use patcher_core::reference;
use serde_json::Value;

use crate::harness::{Done, Place};

/// A place with `key`, `key.pub`, `root`, `root.pub`, `other` and `other.pub`.
fn place() -> Place {
    let place = Place::new();
    for name in ["key", "root", "other"] {
        place.run(["keygen", "-o", name, "--public", &format!("{name}.pub")]).succeeds();
    }
    place
}

fn run(place: &Place, line: &str) -> Done {
    place.run(line.split_whitespace())
}

/// Runs `openssl`; `None` where it is not installed, which is said aloud.
fn openssl(place: &Place, line: &str) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.current_dir(place.path("")).args(line.split_whitespace()).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: openssl is not installed");
        return None;
    };
    assert!(output.status.success(), "openssl {line}: {output:?}");
    Some(output.stdout)
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
}

/// What a device makes of `patch` that holds `signers` and `roots`; the number of its error.
fn device(place: &Place, patch: &[u8], signer: &str, root: &str) -> Result<Vec<u8>, u16> {
    let key = |name: &str| {
        let report = run(place, &format!("keygen --json --from {name}")).succeeds().json();
        let digits = report["public_key"].as_str().expect("digits").to_owned();
        [PublicKey(unhex(&digits).try_into().expect("33 bytes"))]
    };
    let (signers, roots) = (key(signer), key(root));
    let policy = Policy::new(&signers, b"meter-2", 3).with_roots(&roots);
    let flash = FlashModel::<Stm32L4>::new();
    let (base, staging) = (flash.slot(0..0x4_0000), flash.slot(0x4_0000..0x8_0000));
    base.load(&place.base);
    let (mut workspace, mut block) = (vec![0; 8192], vec![0; 4096]);
    let isas = &reference::ALL;
    let mut applier = Applier::verifying(base, staging, &mut workspace, isas, policy, &mut block);
    let mut rest = patch;
    while !rest.is_empty() {
        applier.push(&mut rest).map_err(|error| error.code())?;
    }
    while !matches!(applier.finish().map_err(|error| error.code())?.stage, Stage::Done { .. }) {}
    let end = 0x4_0000 + u32::try_from(place.target.len()).expect("small");
    Ok(flash.dump(0x4_0000..end).expect("readable"))
}

const TERMS: &str = "--hardware-id meter-2 --security-counter 3";

#[test]
fn what_is_signed_here_is_applied_by_a_device_that_holds_the_key() {
    let place = place();
    run(&place, &format!("sign delta.patch --key key {TERMS} -o s")).succeeds();
    let signed = place.read("s");
    assert_eq!(signed.len(), place.patch.len() + 88 + 7);
    assert_eq!(device(&place, &signed, "key", "root"), Ok(place.target.clone()));
    assert_eq!(device(&place, &signed, "other.pub", "root.pub"), Err(97));
    assert_eq!(device(&place, &place.patch, "key", "root"), Err(96));
    run(&place, "verify base.bin s --key key.pub --hardware-id meter-2").succeeds();
    run(&place, "apply base.bin s -o out --key other.pub --key key.pub").succeeds();
    assert_eq!(place.read("out"), place.target);
}

#[test]
fn create_signs_like_sign_and_always_the_same() {
    let place = place();
    run(&place, &format!("create base.bin target.bin -o c --sign-key key {TERMS}")).succeeds();
    run(&place, &format!("sign delta.patch --key key {TERMS} -o s")).succeeds();
    assert_eq!(place.read("c"), place.read("s"));
    // Signing again replaces the signature, also by that of another key and with blocks between.
    run(&place, "sign s --key other --block-size 64 -o b").succeeds();
    assert_ne!(place.read("b"), place.read("s"));
    run(&place, "verify base.bin b --key other.pub").succeeds();
    run(&place, &format!("sign b --key key {TERMS} -o again")).succeeds();
    assert_eq!(place.read("again"), place.read("s"));
    let report = run(&place, "create base.bin target.bin -o j --sign-key key --json").succeeds();
    assert_eq!(report.json()["signature"]["security_counter"], 0);
}

#[test]
fn a_certified_key_signs_for_devices_that_hold_the_root() {
    let place = place();
    run(&place, "certify key.pub --key root --last-counter 5 -o cert").succeeds();
    let sign = |counter: u32| {
        let line = format!(
            "sign delta.patch --key key --certificate cert --hardware-id meter-2 --security-counter {counter} -o s"
        );
        run(&place, &line)
    };
    sign(5).succeeds();
    assert_eq!(device(&place, &place.read("s"), "other", "root"), Ok(place.target.clone()));
    assert_eq!(device(&place, &place.read("s"), "key", "other"), Err(97));
    run(&place, "verify base.bin s --root-key root.pub").succeeds();
    run(&place, "verify base.bin s --key key.pub").fails(7, &["expected a known key"]);
    sign(6).fails(1, &["at most 5", "found 6", "help: make another certificate"]);
    run(&place, "sign delta.patch --key other --certificate cert -o s")
        .fails(1, &["expected a certificate for key", "found one for key"]);
    run(&place, "sign delta.patch --key key --certificate key.pub -o s")
        .fails(1, &["expected a certificate as `patcher certify` writes it"]);
    let report = run(&place, "info s --json").succeeds().json();
    assert_eq!(report["signature"]["certificate"]["last_counter"], 5);
}

#[test]
fn blocks_cost_what_they_say_and_decode() {
    let place = place();
    run(&place, "sign delta.patch --key key --hardware-id meter-2 --security-counter 3 --block-size 64 -o s")
        .succeeds();
    let signed = place.read("s");
    let info = run(&place, "info s --json").succeeds().json();
    let header = usize::try_from(info["header_bytes"].as_u64().expect("a number")).expect("small");
    let old = run(&place, "info delta.patch --json").succeeds().json();
    let old_header =
        usize::try_from(old["header_bytes"].as_u64().expect("a number")).expect("small");
    assert_eq!(header, old_header + 88 + 7 + 3);
    let body = place.patch.len() - old_header;
    assert_eq!(signed.len() - header, body + 16 * (body.saturating_sub(64)).div_ceil(48));
    assert_eq!(info["signature"]["block_bytes"], 64);
    assert_eq!(device(&place, &signed, "key", "root"), Ok(place.target.clone()));
    run(&place, "apply base.bin s -o out").succeeds();
    assert_eq!(place.read("out"), place.target);
    run(&place, "info s --explain --base base.bin").succeeds();
}

#[test]
fn what_is_not_trusted_is_refused_with_a_reason() {
    let place = place();
    run(&place, &format!("sign delta.patch --key key {TERMS} -o s")).succeeds();
    let signed = place.read("s");
    run(&place, "verify base.bin delta.patch --key key.pub")
        .fails(7, &["expected a signed patch", "help: sign it with"]);
    run(&place, "verify base.bin s --key other.pub")
        .fails(7, &["expected a known key, found key id", "help: known are --key"]);
    run(&place, "verify base.bin s --key key.pub --hardware-id meter-3").fails(7, &["hardware"]);
    run(&place, "verify base.bin s --key key.pub --security-counter 4")
        .fails(7, &["at least 4, found 3"]);
    run(&place, "verify base.bin s --hardware-id meter-2").fails(2, &["expected --key"]);
    let mut header = signed.clone();
    header[4] ^= 1;
    place.write("header", &header);
    run(&place, "verify base.bin header --key key.pub").fails(7, &["signature does not fit"]);
    let mut body = signed;
    *body.last_mut().expect("a byte") ^= 1;
    place.write("body", &body);
    run(&place, "apply base.bin body --key key.pub -o out")
        .fails(4, &["not the one that was signed"]);
    assert!(!place.path("out").exists());
}

#[test]
fn keys_that_are_none_are_named() {
    let place = place();
    let sign = |key: &str| run(&place, &format!("sign delta.patch --key {key} -o s"));
    sign("key.pub").fails(1, &["expected a private key, found PEM that says \"PUBLIC KEY\""]);
    sign("base.bin")
        .fails(1, &["expected a key in PEM form", "help: make one with `patcher keygen"]);
    sign("nowhere").fails(6, &["cannot read private key 'nowhere'"]);
    run(&place, "verify base.bin delta.patch --key key")
        .fails(1, &["expected a public key", "help: make one with `patcher keygen --from"]);
    run(&place, "create base.bin target.bin -o s --security-counter 3")
        .fails(2, &["expected --sign-key beside --security-counter"]);
    run(&place, "sign delta.patch -o s").fails(2, &[]);
    run(&place, "sign delta.patch --key key --block-size 100 -o s")
        .fails(2, &["a power of two from 64 to 32768, found 100"]);
    run(&place, "sign delta.patch --key key -o delta.patch")
        .fails(2, &["an output file of its own"]);
    run(&place, "sign delta.patch --key key -o key").fails(2, &["an output file of its own"]);
    assert!(!place.path("s").exists());
}

#[test]
fn a_private_key_is_never_overwritten_and_for_its_owner_alone() {
    let place = place();
    let before = place.read("key");
    run(&place, "keygen -o key").fails(6, &["expected a new file for the private key", "help: "]);
    assert_eq!(place.read("key"), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let mode = std::fs::metadata(place.path("key")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        symlink("nowhere", place.path("link")).expect("a link");
        run(&place, "keygen -o link").fails(6, &["expected a new file"]);
        assert!(!place.path("nowhere").exists());
    }
    let names = place.names();
    assert!(names.iter().all(|name| !name.starts_with(".patcher")), "{names:?}");
}

#[test]
fn keygen_tells_the_same_of_private_and_public_key() {
    let place = place();
    let tell = |name: &str| run(&place, &format!("keygen --json --from {name}")).succeeds().json();
    assert_eq!(tell("key"), tell("key.pub"));
    assert_ne!(tell("key"), tell("other"));
    run(&place, "keygen --from key --public again.pub").succeeds();
    assert_eq!(place.read("again.pub"), place.read("key.pub"));
    let text = run(&place, "keygen --from key").succeeds();
    let id = tell("key")["key_id"].as_str().expect("digits").to_owned();
    assert!(text.text().starts_with(&format!("key id {id}\n")), "{text:?}");
    assert_eq!(text.text().matches("0x").count(), 33);
}

#[test]
fn openssl_reads_our_keys_and_checks_our_signatures() {
    let place = place();
    run(&place, &format!("sign delta.patch --key key {TERMS} -o s")).succeeds();
    let Some(public) = openssl(&place, "pkey -in key -pubout") else { return };
    assert_eq!(public, place.read("key.pub"));
    openssl(&place, "pkey -pubin -in key.pub -noout");
    openssl(&place, "pkey -in key -check -noout");
    // The signed text is the domain and the header up to the signature: docs/format.md 2.1.
    let report = run(&place, "info s --json").succeeds().json();
    let len = usize::try_from(report["header_bytes"].as_u64().expect("a number")).expect("small");
    let signed = place.read("s");
    place.write("text", &[b"patcher patch\n", &signed[..len - 64]].concat());
    place.write("der", &der(&signed[len - 64..len]));
    let verdict = openssl(&place, "dgst -sha256 -verify key.pub -signature der text");
    assert_eq!(verdict.as_deref(), Some(&b"Verified OK\n"[..]));
}

#[test]
fn we_read_keys_of_openssl_and_attach_its_signatures() {
    let place = place();
    let made = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out theirs";
    if openssl(&place, made).is_none() {
        return;
    }
    openssl(&place, "pkey -in theirs -pubout -out theirs.pub");
    openssl(&place, "ecparam -name prime256v1 -genkey -out sec1");
    openssl(&place, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384");
    openssl(&place, "pkcs8 -topk8 -in theirs -passout pass:secret -out locked");
    run(&place, "sign delta.patch --key sec1 -o s").succeeds();
    run(&place, "sign delta.patch --key p384 -o s").fails(1, &["of the curve P-256"]);
    run(&place, "sign delta.patch --key locked -o s")
        .fails(1, &["without password", "openssl pkcs8"]);

    let elsewhere = format!("sign delta.patch --public-key theirs.pub {TERMS}");
    let digest = run(&place, &format!("{elsewhere} --print-digest")).succeeds();
    place.write("digest", &unhex(digest.text().trim()));
    // OpenSSL gives s in either half: several signatures show that both are taken.
    for _ in 0..8 {
        openssl(&place, "pkeyutl -sign -inkey theirs -in digest -out der");
        run(&place, &format!("{elsewhere} --attach-signature der -o s")).succeeds();
        run(&place, "verify base.bin s --key theirs.pub").succeeds();
        assert_eq!(
            device(&place, &place.read("s"), "theirs.pub", "root"),
            Ok(place.target.clone())
        );
    }
    let wrong = elsewhere.replace("counter 3", "counter 4");
    run(&place, &format!("{wrong} --attach-signature der -o w"))
        .fails(7, &["not one of key", "help: give the options that --print-digest had"]);
    run(&place, &format!("{elsewhere} --attach-signature base.bin -o w"))
        .fails(1, &["expected a signature in DER"]);
    run(&place, &format!("{elsewhere} -o w")).fails(2, &["--attach-signature", "help: "]);

    let certify = "certify key.pub --last-counter 9 --public-key theirs.pub";
    let digest = run(&place, &format!("{certify} --print-digest")).succeeds();
    place.write("digest", &unhex(digest.text().trim()));
    openssl(&place, "pkeyutl -sign -inkey theirs -in digest -out der");
    run(&place, &format!("{certify} --attach-signature der -o cert")).succeeds();
    run(&place, &format!("sign delta.patch --key key --certificate cert {TERMS} -o s")).succeeds();
    run(&place, "verify base.bin s --root-key theirs.pub").succeeds();
}

#[test]
fn info_tells_what_a_patch_is_signed_for() {
    let place = place();
    let done = run(&place, "info delta.patch").succeeds();
    assert!(!done.text().contains("signed"), "{done:?}");
    assert_eq!(run(&place, "info delta.patch --json").json()["signature"], Value::Null);
    run(&place, &format!("sign delta.patch --key key {TERMS} --block-size 1K -o s")).succeeds();
    let done = run(&place, "info s").succeeds();
    for row in [
        "signed         with key ",
        "counter        3",
        "blocks         1,024 bytes",
        "hardware id    0x6d657465722d32 (meter-2)",
    ] {
        assert!(done.text().lines().any(|line| line.starts_with(row)), "'{row}' in {done:?}");
    }
}

/// r and s as DER, written by hand: SEQUENCE of two INTEGERs (X.690).
fn der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let digits = &bytes[zeros..];
        let sign: &[u8] = if digits[0] >= 0x80 { &[0] } else { &[] };
        let len = u8::try_from(sign.len() + digits.len()).expect("short");
        [&[2, len], sign, digits].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    [&[0x30, u8::try_from(both.len()).expect("short")], &both[..]].concat()
}

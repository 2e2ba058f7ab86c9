//! Chooses the chip by target: its cfg, its memory layout and the link script.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=layout");
    println!("cargo:rustc-check-cfg=cfg(chip, values(\"l496\", \"g0b1\"))");

    let target = env::var("TARGET").expect("cargo sets TARGET");
    let chip = if target.starts_with("thumbv6m") { "g0b1" } else { "l496" };
    println!("cargo:rustc-cfg=chip=\"{chip}\"");

    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
        println!("cargo:rustc-link-search={}", root.join("layout").display());
        println!("cargo:rustc-link-arg-bins=-Tmemory-{chip}.x");
        println!("cargo:rustc-link-arg-bins=-Tsections.x");
        println!("cargo:rustc-link-arg-bins=--nmagic");
        println!("cargo:rustc-link-arg-bins=--build-id=none");
    }
}

//! Gives the linker the memory map of the crate `layout`.

use std::{env, fs, path::PathBuf};

/// Bytes of bank 1 that these programs have; images begin behind them.
const PROGRAM_BYTES: u32 = 0x1_8000;

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let text = layout::MemoryX::alone(PROGRAM_BYTES).to_string();
    fs::write(folder.join("memory.x"), text).expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search={}", folder.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=--build-id=none");
    println!("cargo:rerun-if-changed=build.rs");
}

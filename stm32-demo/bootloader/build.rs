//! Gives the linker the memory map of the crate `layout`, each program its own.

use std::{env, fs, path::PathBuf};

use layout::MemoryX;

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let maps = [
        ("bootloader", MemoryX::bootloader()),
        ("bootloader-single", MemoryX::single_bootloader()),
    ];
    for (name, map) in maps {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).expect("OUT_DIR can be written");
        fs::write(folder.join("memory.x"), map.to_string()).expect("OUT_DIR can be written");
        println!("cargo:rustc-link-arg-bin={name}=-L{}", folder.display());
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=--build-id=none");
    println!("cargo:rerun-if-changed=build.rs");
}

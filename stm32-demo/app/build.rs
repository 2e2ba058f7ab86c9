//! Gives the linker the memory map of the crate `layout`: programs whose names begin with `single` are for the one slot.

use std::{env, fs, path::PathBuf};

use layout::MemoryX;

const TWO_SLOTS: [&str; 6] = ["first", "second", "crashes", "hangs", "unhealthy", "silent"];
const ONE_SLOT: [&str; 4] = ["single-first", "single-second", "single-hangs", "single-unhealthy"];

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let maps = [
        ("two-slots", MemoryX::image(), TWO_SLOTS.as_slice()),
        ("one-slot", MemoryX::single_image(), ONE_SLOT.as_slice()),
    ];
    for (name, map, programs) in maps {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).expect("OUT_DIR can be written");
        fs::write(folder.join("memory.x"), map.to_string()).expect("OUT_DIR can be written");
        for program in programs {
            println!("cargo:rustc-link-arg-bin={program}=-L{}", folder.display());
        }
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=--build-id=none");
    println!("cargo:rerun-if-changed=build.rs");
}

//! Tells the linker where programs begin. Flags of the compiler would do that too, and have `core` built anew for them.

fn main() {
    println!("cargo:rustc-link-arg-bins=--entry=entry");
    // The linker's own address is no flash of any part.
    println!("cargo:rustc-link-arg-bins=--image-base=0x08000000");
    println!("cargo:rerun-if-changed=build.rs");
}

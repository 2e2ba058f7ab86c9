//! `capi`: the C example with the static library, for the host, where it runs, and for a Cortex-M4.

use core::fmt::Write as _;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rig::vectors::{Index, folder, sha256, unhex};

use crate::{failure::Failure, process, thumb};

/// The part whose geometry the example has.
const TARGET: &str = "thumbv7em-none-eabi";

/// The signed patch that the example applies.
const VECTOR: &str = "signed";

/// What a machine lacks for it, if anything.
pub(crate) fn missing() -> Option<String> {
    let tools = [("cc", "gcc"), ("cmake", "cmake"), ("arm-none-eabi-gcc", "gcc-arm-none-eabi")];
    for (tool, package) in tools {
        if process::output(Command::new(tool).arg("--version")).is_err() {
            return Some(format!("no {tool}; on Debian `apt-get install {package}`"));
        }
    }
    let nano =
        process::answer(Command::new("arm-none-eabi-gcc").arg("-print-file-name=nano.specs"));
    if nano.is_none_or(|path| !Path::new(&path).is_absolute()) {
        return Some("no newlib; on Debian `apt-get install libnewlib-arm-none-eabi`".to_owned());
    }
    thumb::find(TARGET).err().map(|missing| missing.to_string())
}

/// The task.
pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    if let Some(missing) = missing() {
        return Err(Failure::new(missing));
    }
    let build = process::target_dir().join("capi");
    let vector = build.join("vector");
    fs::create_dir_all(&vector).map_err(Failure::io(&vector))?;
    let header = vector.join("vector.h");
    fs::write(&header, vector_header()?).map_err(Failure::io(&header))?;

    let host = library_for_host()?;
    let example = cmake(&build.join("host"), &vector, &host, &[])?;
    match process::output(&mut Command::new(&example))?.status.code() {
        Some(0) => println!("host: the example's update went as it should"),
        Some(line) => {
            // Exit codes have eight bits; the line is the one of these that is a check.
            return Err(Failure::new(format!("example/main.c: line {line} (modulo 256) failed")));
        }
        None => return Err(Failure::new("the example was killed")),
    }

    let device = library_for_device()?;
    let toolchain = process::root().join("device-apply/capi/example/cortex-m4.cmake");
    let toolchain = format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display());
    let image = cmake(&build.join(TARGET), &vector, &device, &[toolchain])?;
    let size = process::answer(Command::new("arm-none-eabi-size").arg(&image));
    println!("Cortex-M4: linked\n{}", size.unwrap_or_default());
    Ok(())
}

fn library_for_host() -> Result<PathBuf, Failure> {
    process::run(process::cargo().args(["build", "--quiet", "--locked", "--package", "capi"]))?;
    Ok(process::target_dir().join("debug/libpatcher_apply.a"))
}

fn library_for_device() -> Result<PathBuf, Failure> {
    let toolchain = thumb::find(TARGET)?;
    // As `cargo build` would, but for the library that Rust would link, for which `core` had to be built once more.
    let mut command = toolchain.cargo("rustc");
    command.args(["--release", "--quiet", "--locked", "--package", "capi"]);
    command.args(["--crate-type", "staticlib"]);
    process::run(&mut command)?;
    Ok(toolchain.artefacts("release").join("libpatcher_apply.a"))
}

/// Configures and builds the example; returns the program.
fn cmake(
    build: &Path,
    vector: &Path,
    library: &Path,
    options: &[String],
) -> Result<PathBuf, Failure> {
    let source = process::root().join("device-apply/capi/example");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(source).arg("-B").arg(build).args(options);
    configure.arg(format!("-DPATCHER_LIBRARY={}", library.display()));
    configure.arg(format!("-DPATCHER_VECTOR_DIR={}", vector.display()));
    quiet(&mut configure)?;
    quiet(Command::new("cmake").arg("--build").arg(build))?;
    Ok(build.join("example"))
}

/// Runs a command whose output matters only when it fails.
fn quiet(command: &mut Command) -> Result<(), Failure> {
    let output = process::output(command)?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(Failure::new(format!("`{}`:\n{}", process::line(command), text.concat())))
}

/// A vector as C arrays; the target comes from the oracle.
fn vector_header() -> Result<String, Failure> {
    let folder = folder();
    let read = |path: &str| fs::read(folder.join(path)).map_err(Failure::io(&folder.join(path)));
    let index = Index::load(&folder).map_err(Failure::io(&folder))?;
    let vector = index.trust.into_iter().find(|vector| vector.name == VECTOR);
    let vector = vector.ok_or_else(|| Failure::new(format!("no vector {VECTOR}")))?;
    let base = read(vector.base.as_deref().unwrap_or_default())?;
    let patch = read(&vector.patch)?;
    let target = oracle::decode(&base, &patch)
        .map_err(|reject| Failure::new(format!("{VECTOR}: {reject:?}")))?;
    let signer = unhex(vector.signers.first().map_or("", String::as_str));
    let mut text = String::from("/* Made by `cargo xtask capi`. */\n#include <stdint.h>\n");
    let arrays = [
        ("base", base),
        ("patch", patch),
        ("digest", unhex(&sha256(&target))),
        ("target", target),
        ("signer", signer),
        ("hardware_id", unhex(&vector.hardware_id)),
    ];
    for (name, bytes) in arrays {
        let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let _ = writeln!(text, "static const uint8_t vector_{name}[] = {{{}}};", list.join(","));
    }
    let _ = writeln!(text, "enum {{ vector_counter = {} }};", vector.security_counter);
    Ok(text)
}

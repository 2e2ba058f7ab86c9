//! The programs of `stm32-demo`, as ELF files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Image, report, write};
use crate::{failure::Failure, process, thumb};

/// The one target that they are for.
const TARGET: &str = thumb::TARGETS[0];

/// Packages, the profile that they are built with, and the names of their programs. Each is a command of its own, so that none gets
/// features that it does not ask for.
const BUILDS: [(&[&str], &str, &[&str]); 3] = [
    (&["-p", "bootloader", "--bin", "bootloader"], "release", &["bootloader"]),
    // The only one that applies patches in place: as small as it gets.
    (&["-p", "bootloader", "--bin", "bootloader-single"], "small", &["bootloader-single"]),
    (
        &["-p", "app", "-p", "selftest"],
        "release",
        &[
            "crashes",
            "first",
            "hangs",
            "second",
            "selftest",
            "silent",
            "single-first",
            "single-hangs",
            "single-second",
            "single-unhealthy",
            "unhealthy",
        ],
    ),
];

/// SHA-256 with loops instead of 64 rounds one after the other: 6 KB less. Big numbers in words of 32 bits: `crypto-bigint` takes 64 for
/// ARMv7, which makes a verification of P-256 slower here, and 1 KB more.
const FLAGS: &[&str] = &["--cfg=sha2_backend_soft=\"compact\"", "--cfg=cpubits=\"32\""];

fn names() -> impl Iterator<Item = &'static str> {
    BUILDS.iter().flat_map(|(_, _, names)| names.iter().copied())
}

/// Where those are that this machine has built.
pub(crate) fn built() -> PathBuf {
    process::target_dir().join("firmware/stm32-demo")
}

/// Whether what this machine has built is what is committed.
pub(crate) fn are_committed() -> bool {
    let committed = process::root().join("stm32-demo/images");
    names().map(|name| format!("{name}.elf")).all(|name| {
        let read = |folder: &Path| fs::read(folder.join(&name)).ok();
        read(&committed).is_some() && read(&committed) == read(&built())
    })
}

/// Builds them, and writes them where the committed ones are or, without `bless`, to [`built`].
pub(super) fn run(bless: bool) -> Result<(), Failure> {
    let source = process::root().join("stm32-demo");
    let toolchain = thumb::find(TARGET)?.with_flags(FLAGS);
    println!("programs of stm32-demo with {}", toolchain.version);
    for (packages, profile, _) in BUILDS {
        let mut command = toolchain.cargo("build");
        command.current_dir(&source).args(["--locked", "--quiet", "--profile", profile]);
        process::run(command.args(packages))?;
    }

    let committed = source.join("images");
    let folder = if bless { committed.clone() } else { built() };
    fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
    let built =
        BUILDS.iter().flat_map(|(_, profile, names)| names.iter().map(move |name| (profile, name)));
    for (profile, name) in built {
        let path = toolchain.artefacts(profile).join(name);
        let bytes = fs::read(&path).map_err(Failure::io(&path))?;
        let image = Image { name: format!("{name}.elf"), bytes };
        report(&image, &committed);
        write(&folder.join(&image.name), &image.bytes)?;
    }
    println!("written to {}", folder.display());
    Ok(())
}

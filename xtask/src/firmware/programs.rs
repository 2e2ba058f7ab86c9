//! The programs of `stm32-demo`, as ELF files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Image, report, write};
use crate::{failure::Failure, process, thumb};

/// The one target that they are for.
const TARGET: &str = thumb::TARGETS[0];

/// Their names.
const PROGRAMS: [&str; 8] =
    ["bootloader", "crashes", "first", "hangs", "second", "selftest", "silent", "unhealthy"];

/// Where those are that this machine has built.
pub(crate) fn built() -> PathBuf {
    process::target_dir().join("firmware/stm32-demo")
}

/// Whether what this machine has built is what is committed.
pub(crate) fn are_committed() -> bool {
    let committed = process::root().join("stm32-demo/images");
    PROGRAMS.iter().map(|name| format!("{name}.elf")).all(|name| {
        let read = |folder: &Path| fs::read(folder.join(&name)).ok();
        read(&committed).is_some() && read(&committed) == read(&built())
    })
}

/// Builds them, and writes them where the committed ones are or, without `bless`, to [`built`].
pub(super) fn run(bless: bool) -> Result<(), Failure> {
    let source = process::root().join("stm32-demo");
    let toolchain = thumb::find(TARGET)?;
    println!("programs of stm32-demo with {}", toolchain.version);
    let mut command = toolchain.cargo("build", &[]);
    command.current_dir(&source).args(["--release", "--locked", "--quiet"]);
    process::run(&mut command)?;

    let committed = source.join("images");
    let folder = if bless { committed.clone() } else { built() };
    fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
    for name in PROGRAMS {
        let path = toolchain.artefacts("release").join(name);
        let bytes = fs::read(&path).map_err(Failure::io(&path))?;
        let image = Image { name: format!("{name}.elf"), bytes };
        report(&image, &committed);
        write(&folder.join(&image.name), &image.bytes)?;
    }
    println!("written to {}", folder.display());
    Ok(())
}

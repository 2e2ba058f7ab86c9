//! Builds the demo firmware in `corpora/demo` and the programs in `stm32-demo`, and writes their images.
//!
//! Images go to `target/firmware`. With `--bless` they replace the committed ones; without it the task only says
//! whether they are equal, since another compiler gives other bytes.

mod format;
mod programs;

pub(crate) use programs::{are_committed as programs_are_committed, built as built_programs};

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    failure::Failure,
    process,
    thumb::{self, Toolchain},
};

/// Releases of the demo firmware and the cargo feature that selects each.
const RELEASES: [(&str, &str); 3] = [("1.0.0", ""), ("1.0.1", "v1_0_1"), ("1.1.0", "v1_1_0")];

/// The one image that is also written as ELF, Intel HEX and UF2, with its UF2 family (STM32L4).
const SHOWN: (&str, &str, u32) = ("thumbv7em-none-eabi", "1.1.0", 0x00FF_6919);

/// One file of the image set.
struct Image {
    name: String,
    bytes: Vec<u8>,
}

/// The task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let bless = match arguments {
        [] => false,
        [option] if option == "--bless" => true,
        _ => return Err(Failure::new("expected no argument or --bless")),
    };
    let mut images = Vec::new();
    for target in thumb::TARGETS {
        let toolchain = thumb::find(target)?;
        for (release, feature) in RELEASES {
            images.extend(build(&toolchain, target, release, feature)?);
        }
    }
    images.sort_by(|a, b| a.name.cmp(&b.name));

    let committed = demo().join("images");
    let folder = if bless { committed.clone() } else { process::target_dir().join("firmware") };
    fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
    for image in &images {
        report(image, &committed);
        write(&folder.join(&image.name), &image.bytes)?;
    }
    write(&folder.join("SHA256SUMS"), checksums(&images).as_bytes())?;
    println!("written to {}", folder.display());
    programs::run(bless)
}

fn demo() -> PathBuf {
    process::root().join("corpora/demo")
}

fn build(
    toolchain: &Toolchain,
    target: &str,
    release: &str,
    feature: &str,
) -> Result<Vec<Image>, Failure> {
    println!("station {release} for {target} with {}", toolchain.version);
    let mut command = toolchain.cargo("build");
    command.current_dir(demo()).args(["--release", "--locked", "--quiet", "--features", feature]);
    process::run(&mut command)?;

    let path = toolchain.artefacts("release").join("station");
    let elf = fs::read(&path).map_err(Failure::io(&path))?;
    let flat = format::flatten(&elf)?;
    let name = |extension| format!("{target}-{release}.{extension}");
    let mut images = Vec::new();
    if (target, release) == (SHOWN.0, SHOWN.1) {
        images.push(Image { name: name("elf"), bytes: elf });
        images.push(Image { name: name("hex"), bytes: format::hex(&flat)?.into_bytes() });
        images.push(Image { name: name("uf2"), bytes: format::uf2(&flat, SHOWN.2)? });
    }
    images.push(Image { name: name("bin"), bytes: flat.bytes });
    Ok(images)
}

fn report(image: &Image, committed: &Path) {
    let state = match fs::read(committed.join(&image.name)) {
        Ok(bytes) if bytes == image.bytes => "as committed",
        Ok(_) => "differs from the committed one",
        Err(_) => "not committed yet",
    };
    println!("  {:<32} {:>7} bytes, {state}", image.name, image.bytes.len());
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(Failure::io(path))
}

/// The list that `sha256sum --check` reads.
fn checksums(images: &[Image]) -> String {
    let line = |image: &Image| {
        let digest = Sha256::digest(&image.bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{digest}  {}\n", image.name)
    };
    images.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_images_match_their_checksums() {
        let folder = demo().join("images");
        let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
        let listed = String::from_utf8(read("SHA256SUMS")).unwrap_or_default();
        let names = listed.lines().filter_map(|line| line.split_once("  "));
        let images: Vec<Image> =
            names.map(|(_, name)| Image { name: name.to_owned(), bytes: read(name) }).collect();
        assert_eq!(images.len(), RELEASES.len() * thumb::TARGETS.len() + 3);
        assert_eq!(checksums(&images), listed);
    }
}

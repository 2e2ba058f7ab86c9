//! `no-panic` and `size`: links the device crates alone for Thumb and looks at what came out.
//!
//! `size` also runs those that apply patches or check a signature, in the emulator, and tells how deep their stack went.
//!
//! Every binary of `xtask/probe` is linked with fat LTO. For `no-panic` the panic handler calls a function that does
//! not exist, so a panic that survives optimisation is a link error. Then a third build, whose handler keeps the places
//! of panics, tells where they are.

mod places;
mod stack;

use std::{collections::BTreeMap, fs, process::Stdio};

use object::{
    elf::{FileHeader32, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS},
    endian::LittleEndian,
    read::elf::{FileHeader, SectionHeader},
};

use crate::{
    failure::Failure,
    process,
    thumb::{self, Toolchain},
};

/// Probes that link crates with panics in them: P-256's. Of them it is only shown that no panic is ours.
const NOT_ALL_OURS: [&str; 2] = ["update", "verify"];

/// Where our own code is, in a place of a panic.
const OURS: [&str; 5] =
    ["detools-apply/", "device-apply/", "mcuboot/", "patcher-core/", "src/bin/"];

/// Bytes of a linked probe by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Size {
    text: u32,
    constants: u32,
    data: u32,
    zeroed: u32,
}

/// The `no-panic` task, of all probes or of those named.
pub(crate) fn no_panic(names: &[String]) -> Result<(), Failure> {
    for target in thumb::TARGETS {
        let toolchain = thumb::find(target)?;
        let (not_all_ours, ours): (Vec<String>, Vec<String>) =
            probes(names)?.into_iter().partition(|name| NOT_ALL_OURS.contains(&name.as_str()));
        let whole = link_all(&toolchain, &ours, "no-panic").is_ok();
        for probe in ours {
            // One by one only to find out which.
            if !whole && link(&toolchain, &probe, "no-panic").is_err() {
                let places = places::of_panics(&link(&toolchain, &probe, "locate")?);
                return Err(Failure::new(format!(
                    "panics survive in {probe} for {target}:\n  {}",
                    places.join("\n  ")
                )));
            }
            println!("{probe} for {target}: no panic survives");
        }
        link_all(&toolchain, &not_all_ours, "locate")?;
        for probe in not_all_ours {
            no_panic_of_ours(&toolchain, &probe)?;
        }
    }
    Ok(())
}

/// Fails if a panic survives in our own code; says how many do in the crates that it uses.
///
/// Weaker than a link error: it relies on how the compiler lays out the places of panics.
fn no_panic_of_ours(toolchain: &Toolchain, probe: &str) -> Result<(), Failure> {
    let places = places::of_panics(&link(toolchain, probe, "locate")?);
    let target = toolchain.target();
    let ours = |place: &&String| OURS.iter().any(|folder| place.contains(folder));
    let list: Vec<&str> = places.iter().filter(ours).map(String::as_str).collect();
    if !list.is_empty() {
        let list = list.join("\n  ");
        return Err(Failure::new(format!("panics survive in {probe} for {target}:\n  {list}")));
    }
    println!(
        "{probe} for {target}: no panic of ours survives, {} places in the crates of P-256 do",
        places.len()
    );
    Ok(())
}

/// Both tasks for all probes, each linked once: without a panic that survives its handler is gone, and the size is that of the
/// probe. Those of P-256 are larger here than in the task, by the places of its panics.
pub(crate) fn no_panic_and_size() -> Result<(), Failure> {
    no_panic(&[])?;
    let linked = |probe: &str| if NOT_ALL_OURS.contains(&probe) { "locate" } else { "no-panic" };
    sizes(&[], linked)
}

/// The `size` task, of all probes or of those named.
pub(crate) fn size(names: &[String]) -> Result<(), Failure> {
    for target in thumb::TARGETS {
        link_all(&thumb::find(target)?, &probes(names)?, "")?;
    }
    sizes(names, |_| "")
}

/// Prints the sizes of probes that are linked already, with a feature each.
fn sizes(names: &[String], feature: impl Fn(&str) -> &'static str) -> Result<(), Failure> {
    println!("| probe | target | text | constants | data | bss | stack |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for target in thumb::TARGETS {
        let toolchain = thumb::find(target)?;
        for probe in probes(names)? {
            let elf = link(&toolchain, &probe, feature(&probe))?;
            let Size { text, constants, data, zeroed } =
                measure(&elf).map_err(|error| Failure::new(format!("{probe}: {error}")))?;
            let stack =
                if target == thumb::TARGETS[0] { stack::worst(&probe, &elf)? } else { None };
            let stack = stack.map_or_else(|| "–".to_owned(), |bytes| bytes.to_string());
            println!("| {probe} | {target} | {text} | {constants} | {data} | {zeroed} | {stack} |");
        }
    }
    Ok(())
}

/// Names of the probe binaries; of all where none is asked for.
fn probes(wanted: &[String]) -> Result<Vec<String>, Failure> {
    let folder = process::root().join("xtask/probe/src/bin");
    let entries = fs::read_dir(&folder).map_err(Failure::io(&folder))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".rs").map(str::to_owned)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        let known = names.join(", ");
        return Err(Failure::new(format!("expected a probe of {known}, found {unknown}")));
    }
    names.retain(|name| wanted.is_empty() || wanted.contains(name));
    Ok(names)
}

/// Links one probe and returns the ELF file. For `no-panic`, whose failure is expected, it is quiet.
pub(crate) fn link(toolchain: &Toolchain, probe: &str, feature: &str) -> Result<Vec<u8>, Failure> {
    link_all(toolchain, &[probe.to_owned()], feature)?;
    let path = toolchain.artefacts("release").join(probe);
    fs::read(&path).map_err(Failure::io(&path))
}

/// What a probe is linked with, beside what its task wants: a decoder alone has no digests to reckon, and one that overwrites its
/// base shows in the sizes of the others.
fn features(probe: &str) -> &'static str {
    match probe {
        "in-place" => "in-place,self-digests",
        "apply" | "resume" | "update" | "verify" | "capi" => "self-digests",
        _ => "",
    }
}

/// Links probes, as many at a time as there are processors: each is the work of one.
fn link_all(toolchain: &Toolchain, probes: &[String], feature: &str) -> Result<(), Failure> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for probe in probes {
        groups.entry(features(probe)).or_default().push(probe);
    }
    groups
        .iter()
        .try_for_each(|(own, probes)| link_with(toolchain, probes, &format!("{own},{feature}")))
}

fn link_with(toolchain: &Toolchain, probes: &[&str], features: &str) -> Result<(), Failure> {
    let mut command = toolchain.cargo("build");
    command.current_dir(process::root().join("xtask/probe"));
    // Not `--locked`: a new dependency of a device crate must not need an edit of this lock file too.
    command.args(["--release", "--quiet", "--features", features]);
    command.args(probes.iter().flat_map(|name| ["--bin", name]));
    if features.contains("no-panic") {
        command.stderr(Stdio::null());
    }
    process::run(&mut command)
}

fn measure(elf: &[u8]) -> object::Result<Size> {
    let header = FileHeader32::<LittleEndian>::parse(elf)?;
    let endian = header.endian()?;
    let mut size = Size::default();
    for section in header.sections(endian, elf)?.iter() {
        let flags = section.sh_flags(endian);
        let has = |flag| flags & flag == flag;
        if !has(SHF_ALLOC) {
            continue;
        }
        let kind = if has(SHF_EXECINSTR) {
            &mut size.text
        } else if !has(SHF_WRITE) {
            &mut size.constants
        } else if section.sh_type(endian) == SHT_NOBITS {
            &mut size.zeroed
        } else {
            &mut size.data
        };
        *kind += section.sh_size(endian);
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_counted_by_kind() {
        // The committed demo image is an ELF file whose parts are known from its raw form.
        let image = process::root().join("corpora/demo/images/thumbv7em-none-eabi-1.1.0");
        let elf = fs::read(image.with_extension("0.elf")).unwrap_or_default();
        let raw = fs::read(image.with_extension("0.bin")).unwrap_or_default();
        let size = measure(&elf).unwrap_or_default();
        let in_flash = usize::try_from(size.text + size.constants + size.data);
        assert_eq!(in_flash.map(|bytes| raw.len() - bytes <= 8), Ok(true), "{size:?}");
        assert!(size.zeroed > 10_000, "{size:?}");
    }
}

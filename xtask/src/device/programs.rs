//! The programs that run: built here, as they need not be committed to be compared.

use std::fs;

use emulator::Program;
use layout::RAM;
use object::{Object, ObjectSection};

use crate::{failure::Failure, process, thumb};

/// What is linked for the device, and with what.
pub(super) struct Programs {
    pub(super) copy: Built,
    pub(super) update: Built,
    /// First line of `rustc -V`.
    pub(super) version: String,
}

/// A program and its sizes.
pub(super) struct Built {
    pub(super) program: Program,
    /// Bytes of `.text`.
    pub(super) text_bytes: u64,
    /// Bytes of code and constants.
    pub(super) flash_bytes: u64,
    /// Bytes of RAM that it has for itself before it starts.
    pub(super) static_bytes: u64,
}

impl Programs {
    /// With the names of functions if `names`: a profile tells them.
    pub(super) fn build(names: bool) -> Result<Self, Failure> {
        let toolchain = thumb::find(thumb::TARGETS[0])?.with_names(names);
        let mut command = toolchain.cargo("build");
        command.current_dir(process::root().join("stm32-demo"));
        process::run(command.args(["--release", "--locked", "--quiet", "--package", "meter"]))?;
        let built = |name: &str| {
            let path = toolchain.artefacts("release").join(name);
            let elf = fs::read(&path).map_err(Failure::io(&path))?;
            Built::read(&elf).map_err(|error| Failure::new(format!("{name}: {error}")))
        };
        Ok(Self {
            copy: built("meter-copy")?,
            update: built("meter-update")?,
            version: toolchain.version.clone(),
        })
    }
}

impl Built {
    fn read(elf: &[u8]) -> Result<Self, String> {
        let program = Program::parse(elf).map_err(|error| error.to_string())?;
        let file = object::File::parse(elf).map_err(|error| error.to_string())?;
        let sum = |wanted: &dyn Fn(&object::Section<'_, '_>) -> bool| {
            file.sections().filter(wanted).map(|section| section.size()).sum()
        };
        let ram = u64::from(RAM.start)..u64::from(RAM.start + RAM.len);
        let named = |section: &object::Section<'_, '_>, names: &[&str]| {
            section.name().is_ok_and(|name| names.contains(&name))
        };
        Ok(Self {
            text_bytes: sum(&|section| named(section, &[".text"])),
            flash_bytes: sum(&|section| {
                named(section, &[".vector_table", ".text", ".rodata", ".data"])
            }),
            static_bytes: sum(&|section| ram.contains(&section.address())),
            program,
        })
    }
}

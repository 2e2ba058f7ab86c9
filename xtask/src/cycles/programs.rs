//! The programs that run in the emulator.

use emulator::{Profile, Program};

use crate::{failure::Failure, probe, thumb};

/// The target that the emulator has a core for.
const TARGET: &str = thumb::TARGETS[0];

/// What is linked for the device, and with what.
pub(crate) struct Programs {
    /// Plain copying.
    pub(super) copy: Program,
    /// Decoders: with Thumb only, and with every instruction set.
    decoders: [(&'static str, Program); 2],
    /// First line of `rustc -V`.
    pub(super) version: String,
}

impl Programs {
    /// With the names of functions if `names`: a profile tells them.
    pub(crate) fn build(names: bool) -> Result<Self, Failure> {
        let toolchain = thumb::find(TARGET)?.with_names(names);
        let build = |name: &'static str| {
            let elf = probe::link(&toolchain, name, "")?;
            let program = Program::parse(&elf);
            program.map_err(|error| Failure::new(format!("{name}: {error}")))
        };
        let decoder = |name| Ok::<_, Failure>((name, build(name)?));
        Ok(Self {
            copy: build("run-copy")?,
            decoders: [decoder("run-decode-thumb")?, decoder("run-decode")?],
            version: toolchain.version.clone(),
        })
    }

    /// The decoder that a device which gets patches of `isa` would have, and its number.
    pub(super) fn decoder(&self, isa: &str) -> (usize, &Program) {
        let index = usize::from(isa != "thumb");
        (index, &self.decoders[index].1)
    }

    /// Names and decoders by number.
    pub(super) fn decoders(&self) -> impl Iterator<Item = (&'static str, &Program)> {
        self.decoders.iter().map(|(name, program)| (*name, program))
    }

    /// An empty profile for each decoder.
    pub(super) fn profiles(&self) -> Vec<Profile> {
        self.decoders().map(|(_, program)| Profile::new(program.code())).collect()
    }
}

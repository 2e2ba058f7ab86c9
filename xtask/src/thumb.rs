//! Finds a toolchain that builds for Thumb targets, without ever fetching one.
//!
//! Two kinds are known. The user's own toolchain with the target added (`rustup target add thumbv7em-none-eabi`),
//! and a distribution's rustc with the source of `core` (Debian: `rustc-web cargo-web rust-web-src`), which builds
//! `core` on the way.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, process};

/// Targets that everything for devices is built for.
pub(crate) const TARGETS: [&str; 2] = ["thumbv7em-none-eabi", "thumbv6m-none-eabi"];

/// The release profile of all that is built for devices, whatever the manifests say. What is built alike shares `core`, which takes a
/// distribution's toolchain most of a minute.
const PROFILE: [(&str, &str); 5] = [
    ("OPT_LEVEL", "s"),
    ("LTO", "fat"),
    ("CODEGEN_UNITS", "1"),
    ("PANIC", "abort"),
    ("DEBUG", "false"),
];

/// The oldest compiler that builds this workspace, as in its `rust-version`.
const OLDEST: (u32, u32) = (1, 95);

/// A toolchain that can build for the target that it was found for.
#[derive(Debug)]
pub(crate) struct Toolchain {
    target: &'static str,
    kind: Kind,
    /// Whether programs keep the names of their functions.
    names: bool,
    /// More flags of rustc.
    flags: &'static [&'static str],
    /// First line of `rustc -V`.
    pub(crate) version: String,
}

#[derive(Debug)]
enum Kind {
    Own,
    Distribution { rustc: PathBuf, cargo: PathBuf, linker: PathBuf, source: PathBuf },
}

/// Looks for a toolchain; the failure says what to install.
pub(crate) fn find(target: &'static str) -> Result<Toolchain, Failure> {
    own(target).or_else(|| distribution(target)).ok_or_else(|| {
        Failure::new(format!(
            "no toolchain here builds for {target}. Run `rustup target add {target}`, or on Debian \
             `apt-get install rustc-web cargo-web rust-web-src`"
        ))
    })
}

fn own(target: &'static str) -> Option<Toolchain> {
    let directory =
        process::answer(process::rustc().args(["--print", "target-libdir", "--target", target]))?;
    let has_core =
        Path::new(&directory).read_dir().ok()?.flatten().any(|entry| {
            entry.file_name().to_str().is_some_and(|name| name.starts_with("libcore"))
        });
    let version = process::answer(process::rustc().arg("-V"))?;
    has_core.then_some(Toolchain { target, kind: Kind::Own, names: false, flags: &[], version })
}

fn distribution(target: &'static str) -> Option<Toolchain> {
    let (rustc, cargo) = (PathBuf::from("/usr/bin/rustc"), PathBuf::from("/usr/bin/cargo"));
    if !cargo.is_file() {
        return None;
    }
    let version = process::answer(Command::new(&rustc).arg("-V"))?;
    let sysroot = process::answer(Command::new(&rustc).args(["--print", "sysroot"]))?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust");
    if release(&version)? < OLDEST || !source.join("library/core").is_dir() {
        return None;
    }
    let kind = Kind::Distribution { rustc, cargo, linker: linker()?, source };
    Some(Toolchain { target, kind, names: false, flags: &[], version })
}

/// Major and minor number in the first line of `rustc -V`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The linker that comes with the own toolchain, or LLVM's from the distribution.
fn linker() -> Option<PathBuf> {
    let target = process::answer(process::rustc().args(["--print", "target-libdir"]));
    let shipped = target.map(|lib| Path::new(&lib).with_file_name("bin").join("rust-lld"));
    let paths = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&paths).map(|folder| folder.join("ld.lld"));
    shipped.into_iter().chain(installed).find(|path| path.is_file())
}

impl Toolchain {
    /// The same; programs keep the names of their functions if `names`, for a profile of them.
    pub(crate) fn with_names(self, names: bool) -> Self {
        Self { names, ..self }
    }

    /// The same; rustc gets `flags`, for `core` too.
    pub(crate) fn with_flags(self, flags: &'static [&'static str]) -> Self {
        Self { flags, ..self }
    }

    /// `cargo VERB --target …` with everything set that this toolchain needs.
    pub(crate) fn cargo(&self, verb: &str) -> Command {
        let mut command = match &self.kind {
            Kind::Own => process::cargo(),
            Kind::Distribution { rustc, cargo, linker, .. } => {
                let mut command = Command::new(cargo);
                // What rustup's cargo exports to its children belongs to another toolchain.
                for name in ["CARGO", "LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTDOC"] {
                    command.env_remove(name);
                }
                command.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
                // Of all targets: a command may be given more of them, and cargo builds anew for another linker.
                for target in TARGETS {
                    let variable = target.to_uppercase().replace('-', "_");
                    command.env(format!("CARGO_TARGET_{variable}_LINKER"), linker);
                }
                command.current_dir(process::root());
                command
            }
        };
        command.args([verb, "--target", self.target]);
        if let Kind::Distribution { .. } = self.kind {
            command.arg("-Zbuild-std=core");
        }
        command.env_remove("RUSTFLAGS");
        let mut flags = self.remapped_paths();
        flags.extend(self.flags.iter().map(|&flag| flag.to_owned()));
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        let strip = if self.names { "none" } else { "true" };
        for (name, value) in PROFILE.into_iter().chain([("STRIP", strip)]) {
            command.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
        }
        // Each toolchain keeps its own folder, as do flags: sharing one would rebuild everything at each change.
        command.env("CARGO_TARGET_DIR", self.target_dir());
        command
    }

    /// The target that it builds for.
    pub(crate) fn target(&self) -> &'static str {
        self.target
    }

    /// Where this toolchain puts what it builds.
    pub(crate) fn target_dir(&self) -> PathBuf {
        let kind = match self.kind {
            Kind::Own => "thumb",
            Kind::Distribution { .. } => "thumb-distribution",
        };
        let flags = if self.flags.is_empty() { "" } else { "-flags" };
        process::target_dir().join(format!("{kind}{flags}"))
    }

    /// Where the artefacts for the target are.
    pub(crate) fn artefacts(&self, profile: &str) -> PathBuf {
        self.target_dir().join(self.target).join(profile)
    }

    /// Flags that keep this machine's folders out of what is built.
    fn remapped_paths(&self) -> Vec<String> {
        let mut flags = vec![format!("--remap-path-prefix={}=/patcher", process::root().display())];
        if let Kind::Distribution { source, .. } = &self.kind {
            flags.push(format!("--remap-path-prefix={}=/rust", source.display()));
        }
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
        flags.extend(home.map(|home| {
            format!("--remap-path-prefix={}=/registry", home.join("registry/src").display())
        }));
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_as_numbers() {
        assert_eq!(release("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some((1, 96)));
        assert!(release("rustc 1.63.0") < Some(OLDEST));
        assert_eq!(release("something else"), None);
    }
}

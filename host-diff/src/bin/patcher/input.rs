//! Files that are read.

use core::fmt;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use host_diff::image::{self, FlatImage, LoadError, LoadOptions};

use crate::failure::{Class, Failure};

/// Longest file that is read, in bytes: no image or patch has more than 32-bit addresses reach.
const MAX_LEN: u64 = 1 << 32;

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl From<OsString> for Input {
    fn from(text: OsString) -> Self {
        if text == "-" { Self::Stdin } else { Self::File(text.into()) }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "'{}'", path.display()),
        }
    }
}

impl Input {
    /// The file, unless it is standard input.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }

    /// All bytes. `role` names the file in errors.
    pub(crate) fn read(&self, role: &str) -> Result<Vec<u8>, Failure> {
        let content = match self {
            Self::Stdin => read_limited(io::stdin().lock()),
            Self::File(path) => File::open(path).and_then(read_limited),
        };
        let content = content.map_err(|error| {
            let missing = error.kind() == ErrorKind::NotFound;
            let failure = Failure::new(Class::Io, format!("cannot read {role} {self}: {error}"));
            if missing {
                failure.help("check the path; - stands for standard input")
            } else {
                failure
            }
        })?;
        if content.len() as u64 > MAX_LEN {
            let message = format!("expected {role} {self} to have at most 4 GiB, found more");
            return Err(Failure::new(Class::Limit, message));
        }
        Ok(content)
    }

    /// The image that the bytes hold.
    pub(crate) fn load(&self, role: Role, options: &LoadOptions) -> Result<FlatImage, Failure> {
        let content = self.read(role.name())?;
        image::load(&content, options).map_err(|error| {
            let class = match error {
                LoadError::AddressTooHigh { .. } => Class::Limit,
                _ => Class::Other,
            };
            let failure = Failure::new(class, format!("{} {self}: {error}", role.name()));
            match error {
                LoadError::Ambiguous { .. } | LoadError::TooSparse { .. } => {
                    failure.help(format!("choose with {} FIRST-LAST", role.range_option()))
                }
                LoadError::AmbiguousFamily { .. } => failure.help("choose with --uf2-family ID"),
                _ => failure,
            }
        })
    }
}

/// Which image of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Base,
    Target,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base image",
            Self::Target => "target image",
        }
    }

    fn range_option(self) -> &'static str {
        match self {
            Self::Base => "--base-range",
            Self::Target => "--target-range",
        }
    }
}

/// Refuses to read standard input twice.
pub(crate) fn check_distinct(inputs: &[&Input]) -> Result<(), Failure> {
    let stdin = inputs.iter().filter(|&&input| *input == Input::Stdin).count();
    if stdin > 1 {
        let message = "expected at most one file from standard input, found two";
        return Err(Failure::usage(message).help("give one of them as a file"));
    }
    Ok(())
}

fn read_limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader.take(MAX_LEN + 1).read_to_end(&mut content)?;
    Ok(content)
}

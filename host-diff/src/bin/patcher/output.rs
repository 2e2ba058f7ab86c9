//! Files that are written: whole or not at all.

use core::fmt;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::failure::{Class, Failure};
use crate::input::Input;

/// Where bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    File(PathBuf),
}

impl From<OsString> for Output {
    fn from(text: OsString) -> Self {
        if text == "-" { Self::Stdout } else { Self::File(text.into()) }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::File(path) => write!(f, "'{}'", path.display()),
        }
    }
}

impl Output {
    /// Refuses, before any work is done, what cannot end well.
    pub(crate) fn check(&self, inputs: &[&Input], json: bool) -> Result<(), Failure> {
        match self {
            Self::Stdout if json => {
                let message = "expected one use of standard output, found -o - and --json";
                Err(Failure::usage(message).help("write to a file with -o FILE"))
            }
            Self::Stdout if io::stdout().is_terminal() => {
                let message = "expected a file or a pipe to write to, found a terminal";
                Err(Failure::usage(message).help("write to a file with -o FILE"))
            }
            Self::Stdout => Ok(()),
            Self::File(path) => {
                let same = inputs.iter().filter_map(|input| input.path()).any(|input| {
                    matches!((input.canonicalize(), path.canonicalize()), (Ok(a), Ok(b)) if a == b)
                });
                if same {
                    let message = format!("expected an output file of its own, found input {self}");
                    return Err(Failure::usage(message).help("choose another name for -o"));
                }
                if path.file_name().is_none() || path.is_dir() {
                    let message = format!("expected a file to write to, found directory {self}");
                    return Err(Failure::new(Class::Io, message).help("name a file in it"));
                }
                let directory = directory(path);
                if !directory.is_dir() {
                    let message = format!(
                        "cannot write {self}: expected a directory, found none at '{}'",
                        directory.display()
                    );
                    return Err(Failure::new(Class::Io, message).help("create it first"));
                }
                Ok(())
            }
        }
    }

    /// Writes all of `bytes`.
    ///
    /// A file is written beside its final name and renamed, so that nobody ever sees a part of it. It keeps the
    /// permissions of a file that it replaces. Devices and pipes are written directly.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match self {
            Self::Stdout => write_stdout(bytes),
            Self::File(path) => match fs::metadata(path) {
                Ok(existing) if !existing.is_file() => fs::write(path, bytes),
                Ok(existing) => {
                    path.canonicalize().and_then(|path| replace(&path, bytes, Some(&existing)))
                }
                Err(_) => replace(path, bytes, None),
            },
        };
        done.map_err(|error| Failure::new(Class::Io, format!("cannot write {self}: {error}")))
    }

    /// Writes a private key: for the owner alone, and never over what is there.
    pub(crate) fn write_secret(&self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match self {
            Self::Stdout => write_stdout(bytes),
            Self::File(path) => create_secret(path, bytes),
        };
        done.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                let message = format!("expected a new file for the private key, found {self}");
                return Failure::new(Class::Io, message).help(
                    "choose another name; a key that is no longer wanted is for you to delete",
                );
            }
            Failure::new(Class::Io, format!("cannot write {self}: {error}"))
        })
    }

    /// Prints `text` where it does not mix with the bytes.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Stdout => eprint!("{text}"),
            Self::File(_) => print(text)?,
        }
        Ok(())
    }
}

/// Prints `text` to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write_stdout(text.as_bytes())
        .map_err(|error| Failure::new(Class::Io, format!("cannot write standard output: {error}")))
}

fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

fn directory(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

/// Writes beside the final name, for the owner alone as temporary files are, and links it there.
fn create_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut builder = Builder::new();
    builder.prefix(".patcher-");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    let mut file = builder.tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn replace(path: &Path, bytes: &[u8], existing: Option<&Metadata>) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.prefix(".patcher-");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    if let Some(existing) = existing {
        file.as_file().set_permissions(existing.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

//! Which files to measure: pairs of images found in a directory, or listed in a manifest.

mod directory;
mod manifest;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A base image, a target image, and what is known about them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// What reports call it.
    pub name: String,
    /// The base image, in any format that `patcher create` reads.
    pub base: PathBuf,
    /// The target image.
    pub target: PathBuf,
    /// ELF file of the target, for names of sections and symbols.
    pub elf: Option<PathBuf>,
    /// What `patcher create --isa` is told.
    pub isa: Option<String>,
    /// What `patcher create --base-address` is told.
    pub base_address: Option<String>,
    /// What `patcher create --target-address` is told.
    pub target_address: Option<String>,
    /// How far apart the images are, in the user's words.
    pub class: Option<String>,
}

/// Pairs, and what was seen but is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of the manifest, or by name.
    pub pairs: Vec<Pair>,
    /// Sentences about what was left out.
    pub notes: Vec<String>,
}

/// Why there are no pairs to measure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairsError {
    /// The file system refused.
    #[error("cannot read '{}': {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Nothing that looks like a pair.
    #[error("expected pairs of images in '{}', found none", path.display())]
    Empty {
        /// The directory or manifest.
        path: PathBuf,
    },
    /// One image of a pair is there, the other is not.
    #[error("pair '{pair}': expected {wanted}, found none")]
    Half {
        /// The pair.
        pair: String,
        /// What is missing.
        wanted: String,
    },
    /// Several files could be the image.
    #[error("pair '{pair}': expected one {role} image, found {}", .files.join(" and "))]
    Ambiguous {
        /// The pair.
        pair: String,
        /// `old` or `new`.
        role: &'static str,
        /// Their names.
        files: Vec<String>,
    },
    /// Files that the manifest names.
    #[error("expected the files of the manifest to exist, found none at {}", .0.join(", "))]
    Missing(Vec<String>),
    /// Not a manifest.
    #[error("manifest '{}': {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl PairsError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// Finds pairs.
///
/// - A **directory** holds a pair per sub-folder, with one file `old.EXT` (or `base.EXT`) and one `new.EXT` (or
///   `target.EXT`), and pairs of files `NAME.old.EXT` and `NAME.new.EXT`, with `.`, `-` or `_` before the word. An ELF
///   file beside another file of the same role gives names only.
/// - A **manifest** is a table divided by tabs with a first row of column names, or a JSON array of objects: `base` and
///   `target`, and where known `name`, `elf`, `isa`, `address` (or `base_address` and `target_address`) and `class`.
///   Paths start at the manifest's folder. Lines that begin with `#` are comments.
///
/// # Errors
/// [`PairsError`]; every file of every pair exists when there is none.
pub fn find(path: &Path) -> Result<Found, PairsError> {
    let meta = fs::metadata(path).map_err(PairsError::io(path))?;
    let found = if meta.is_dir() { directory::find(path)? } else { manifest::read(path)? };
    if found.pairs.is_empty() {
        return Err(PairsError::Empty { path: path.to_owned() });
    }
    let files = found.pairs.iter().flat_map(|pair| {
        [Some(&pair.base), Some(&pair.target), pair.elf.as_ref()].into_iter().flatten()
    });
    let missing: Vec<String> =
        files.filter(|file| !file.is_file()).map(|file| format!("'{}'", file.display())).collect();
    if missing.is_empty() { Ok(found) } else { Err(PairsError::Missing(missing)) }
}

#[cfg(test)]
mod tests;

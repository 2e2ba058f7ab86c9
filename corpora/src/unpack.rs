//! Files out of packages: zip (wheels), tar.gz (source distributions, npm), deb; and zips inside them.

mod deb;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use flate2::read::GzDecoder;
use zip::result::ZipError;

/// Longest file that is taken out of a package.
const MEMBER_LIMIT_BYTES: u64 = 64 << 20;

/// A package file cannot be read, or a file is not in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The package is not an archive, or damaged.
    #[error("expected an archive, found one that cannot be read: {0}")]
    Archive(#[from] std::io::Error),
    /// A Debian package has no data archive that is understood.
    #[error("expected data.tar, data.tar.gz or data.tar.xz in a Debian package, found {found}")]
    Deb {
        /// What is there.
        found: String,
    },
    /// A file is longer than any firmware here.
    #[error("{member}: expected at most {MEMBER_LIMIT_BYTES} bytes, found more")]
    MemberTooLong {
        /// Its path inside the package.
        member: String,
    },
    /// A file is not in the package.
    #[error("expected {member} inside the package, found no such file")]
    NoMember {
        /// Its path inside the package.
        member: String,
    },
    /// The package's name ends in nothing known.
    #[error("{file}: expected .whl, .zip, .tgz, .tar.gz or .deb, found another ending")]
    UnknownKind {
        /// Its file name.
        file: String,
    },
    /// A zip is damaged or uses a method that is not read.
    #[error("expected a zip archive, found one that cannot be read: {0}")]
    Zip(ZipError),
}

/// Files by the path they were asked for.
pub(crate) type Members = BTreeMap<String, Vec<u8>>;

/// Reads `members` (paths, `!` descending into a zip) out of the package `file` with content `bytes`, in one pass.
///
/// The result leaves out those that are not there; only an archive that cannot be read at all is an error.
pub(crate) fn members<'m>(
    file: &str,
    bytes: &[u8],
    members: impl IntoIterator<Item = &'m str>,
) -> Result<Members, UnpackError> {
    let wanted: BTreeSet<&str> = members.into_iter().collect();
    let outer: BTreeSet<&str> = wanted.iter().map(|member| outer_path(member)).collect();
    let files = if file.ends_with(".whl") || file.ends_with(".zip") {
        zip_members(bytes, &outer)?
    } else if file.ends_with(".tgz") || file.ends_with(".tar.gz") {
        tar_members(GzDecoder::new(bytes), &outer)?
    } else if file.ends_with(".deb") {
        tar_members(deb::data_tar(bytes)?, &outer)?
    } else {
        return Err(UnpackError::UnknownKind { file: file.to_owned() });
    };
    let mut found = Members::new();
    for member in wanted {
        if let Some(file) = files.get(outer_path(member)) {
            match nested(file, member)? {
                Some(inner) => found.insert(member.to_owned(), inner),
                None => continue,
            };
        }
    }
    Ok(found)
}

fn outer_path(member: &str) -> &str {
    member.split('!').next().unwrap_or(member)
}

/// Follows the parts of `member` after the first `!` through zips.
fn nested(file: &[u8], member: &str) -> Result<Option<Vec<u8>>, UnpackError> {
    let mut bytes = file.to_vec();
    for inner in member.split('!').skip(1) {
        match zip_members(&bytes, &BTreeSet::from([inner]))?.remove(inner) {
            Some(found) => bytes = found,
            None => return Ok(None),
        }
    }
    Ok(Some(bytes))
}

fn zip_members(bytes: &[u8], wanted: &BTreeSet<&str>) -> Result<Members, UnpackError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(UnpackError::Zip)?;
    let mut found = Members::new();
    for &member in wanted {
        match archive.by_name(member) {
            Ok(file) => found.insert(member.to_owned(), limited(file, member)?),
            Err(ZipError::FileNotFound) => continue,
            Err(error) => return Err(UnpackError::Zip(error)),
        };
    }
    Ok(found)
}

fn tar_members(tar: impl Read, wanted: &BTreeSet<&str>) -> Result<Members, UnpackError> {
    let mut found = Members::new();
    for entry in tar::Archive::new(tar).entries()? {
        let entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let same = |member: &&&str| relative(member) == relative(&path);
        if let Some(member) = wanted.iter().find(same) {
            found.insert((*member).to_owned(), limited(entry, member)?);
        }
        if found.len() == wanted.len() {
            break;
        }
    }
    Ok(found)
}

/// Debian writes paths with a leading `./`, others without.
fn relative(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

fn limited(file: impl Read, member: &str) -> Result<Vec<u8>, UnpackError> {
    let mut bytes = Vec::new();
    file.take(MEMBER_LIMIT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MEMBER_LIMIT_BYTES {
        return Err(UnpackError::MemberTooLong { member: member.to_owned() });
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests;

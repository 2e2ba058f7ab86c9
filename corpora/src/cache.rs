//! The directory of fetched images, and the check on every read.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::manifest::{Image, Pair};

/// Fetched images, one file each: `<directory>/<sha256>.bin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    directory: PathBuf,
}

/// No directory for the cache can be told from the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected PATCHER_CORPORA, XDG_CACHE_HOME or HOME to name a directory, found none of them: \
     set PATCHER_CORPORA to where images may be kept"
)]
pub struct LocateError;

/// Bytes that are not the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{image}: expected {expected_bytes} bytes with SHA-256 {expected}, found {found_bytes} bytes with {found}, \
     for {}: run `cargo run -p corpora -- fetch`, which replaces it", path.display()
)]
#[non_exhaustive]
pub struct CorruptImage {
    /// Series and version.
    pub image: String,
    /// The file.
    pub path: PathBuf,
    /// What the manifest says.
    pub expected: Digest,
    /// What the bytes hash to.
    pub found: Digest,
    /// Length that the manifest says.
    pub expected_bytes: u32,
    /// Length of the bytes.
    pub found_bytes: usize,
}

/// An image cannot be read from, or written to, the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The file is there with other bytes: fetching again replaces it.
    #[error(transparent)]
    Corrupt(Box<CorruptImage>),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The image was never fetched.
    #[error(
        "{image} is not in the cache, expected at {}: run `cargo run -p corpora -- fetch`",
        path.display()
    )]
    Missing {
        /// Series and version.
        image: String,
        /// Where it would be.
        path: PathBuf,
    },
}

impl Cache {
    /// The cache in `directory`, which need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The user's cache: `$PATCHER_CORPORA`, else `$XDG_CACHE_HOME/patcher/corpora`, else
    /// `$HOME/.cache/patcher/corpora`. Empty variables count as unset, as does an XDG directory that is not absolute.
    ///
    /// # Errors
    ///
    /// None of the three is set.
    pub fn locate() -> Result<Self, LocateError> {
        Self::locate_with(|name| env::var_os(name))
    }

    fn locate_with(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, LocateError> {
        let directory = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        directory("PATCHER_CORPORA")
            .or_else(|| {
                directory("XDG_CACHE_HOME")
                    .filter(|path| path.is_absolute())
                    .or_else(|| directory("HOME").map(|home| home.join(".cache")))
                    .map(|cache| cache.join("patcher").join("corpora"))
            })
            .map(Self::at)
            .ok_or(LocateError)
    }

    /// The directory that holds the images.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where `image` is kept once it is fetched.
    pub fn path(&self, image: &Image) -> PathBuf {
        self.directory.join(format!("{}.bin", image.sha256))
    }

    /// The bytes of `image`, checked against the manifest at every call.
    ///
    /// # Errors
    ///
    /// [`CacheError::Missing`] when it was never fetched (skip, or fetch), [`CacheError::Corrupt`] when the file holds
    /// other bytes (fetch again), [`CacheError::Io`] otherwise.
    pub fn image(&self, image: &Image) -> Result<Vec<u8>, CacheError> {
        let path = self.path(image);
        match fs::read(&path) {
            Ok(bytes) => {
                check(image, path, &bytes)?;
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(CacheError::Missing { image: image.to_string(), path })
            }
            Err(source) => Err(CacheError::Io { path, source }),
        }
    }

    /// The bytes of base and target.
    ///
    /// # Errors
    ///
    /// As for [`image`](Self::image), for the first of the two that fails.
    pub fn pair(&self, pair: &Pair) -> Result<(Vec<u8>, Vec<u8>), CacheError> {
        Ok((self.image(&pair.base)?, self.image(&pair.target)?))
    }

    /// Keeps `bytes` as `image` if they are what the manifest says; the file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`CacheError::Corrupt`] when they are other bytes (nothing is written), [`CacheError::Io`] otherwise.
    pub(crate) fn store(&self, image: &Image, bytes: &[u8]) -> Result<(), CacheError> {
        let path = self.path(image);
        check(image, path.clone(), bytes)?;
        let io = |source| CacheError::Io { path: path.clone(), source };
        fs::create_dir_all(&self.directory).map_err(io)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory).map_err(io)?;
        file.write_all(bytes).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        Ok(())
    }
}

fn check(image: &Image, path: PathBuf, bytes: &[u8]) -> Result<(), CacheError> {
    let found = Digest::of(bytes);
    if found == image.sha256 {
        return Ok(());
    }
    Err(CacheError::Corrupt(Box::new(CorruptImage {
        image: image.to_string(),
        path,
        expected: image.sha256,
        found,
        expected_bytes: image.size_bytes,
        found_bytes: bytes.len(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::image_of;

    fn located(variables: &[(&str, &str)]) -> Result<PathBuf, LocateError> {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        Cache::locate_with(variable).map(|cache| cache.directory)
    }

    #[test]
    fn directory_follows_the_documented_order() {
        let all = [("PATCHER_CORPORA", "/p"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(located(&all), Ok(PathBuf::from("/p")));
        assert_eq!(located(&all[1..]), Ok(PathBuf::from("/x/patcher/corpora")));
        assert_eq!(located(&all[2..]), Ok(PathBuf::from("/h/.cache/patcher/corpora")));
        assert_eq!(located(&[]), Err(LocateError));
    }

    #[test]
    fn empty_variables_and_a_relative_xdg_directory_count_as_unset() {
        let empty = [("PATCHER_CORPORA", ""), ("XDG_CACHE_HOME", "relative"), ("HOME", "/h")];
        assert_eq!(located(&empty), Ok(PathBuf::from("/h/.cache/patcher/corpora")));
        assert_eq!(located(&[("HOME", "")]), Err(LocateError));
    }

    #[test]
    fn a_stored_image_is_read_back_and_a_changed_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path().join("new"));
        let image = image_of(b"firmware");

        assert!(matches!(cache.image(&image), Err(CacheError::Missing { .. })));
        cache.store(&image, b"firmware").unwrap();
        assert_eq!(cache.image(&image).unwrap(), b"firmware");

        fs::write(cache.path(&image), b"firmwarf").unwrap();
        let error = cache.image(&image).unwrap_err();
        let CacheError::Corrupt(corrupt) = &error else { panic!("{error}") };
        assert_eq!(corrupt.found, Digest::of(b"firmwarf"));
        assert!(error.to_string().contains("cargo run -p corpora -- fetch"), "{error}");
    }

    #[test]
    fn wrong_bytes_are_never_stored() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path());
        let error = cache.store(&image_of(b"firmware"), b"other").unwrap_err();
        let CacheError::Corrupt(corrupt) = &error else { panic!("{error}") };
        assert_eq!((corrupt.expected_bytes, corrupt.found_bytes), (8, 5));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_image_says_which_command_fetches_it() {
        let error = Cache::at("nowhere").image(&image_of(b"firmware")).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("series version is not in the cache"), "{text}");
        assert!(text.contains("cargo run -p corpora -- fetch"), "{text}");
    }
}

//! Brings missing images into the cache with the package clients that the machine has.
//!
//! Each package is fetched at most once: every image that it holds and the cache lacks is taken from it. A package or
//! image that fails is reported and the rest goes on. Nothing is kept but images that hash to what the manifest says.

mod clients;
mod command;
mod debian;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::{Cache, CacheError};
use crate::convert::ConvertError;
use crate::digest::Digest;
use crate::manifest::{Image, Manifest, Package, Source};
use crate::unpack::{self, UnpackError};

pub use clients::Clients;

/// Gets package files from somewhere.
pub trait Download {
    /// Saves the file of `package` into the empty directory `directory`, and nothing else.
    ///
    /// # Errors
    ///
    /// The client is missing, or cannot get the package.
    fn download(&mut self, package: &Package, directory: &Path) -> Result<(), FetchError>;
}

/// A package or an image cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The cache refused the image: conversion gave other bytes, or the disk is full.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The client ran and failed.
    #[error("`{command}` failed:\n{output}")]
    ClientFailed {
        /// What was run.
        command: String,
        /// The end of what it said.
        output: String,
    },
    /// The client is not on this machine.
    #[error("expected {client} to fetch {source_kind} packages, found no such command")]
    ClientMissing {
        /// The command.
        client: &'static str,
        /// The packages that need it.
        source_kind: Source,
    },
    /// The file inside the package is not what the manifest takes it for.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// Working files cannot be made.
    #[error("working directory: {0}")]
    Io(#[from] io::Error),
    /// apt-get is there, but gets its packages from elsewhere.
    #[error("expected apt-get to know a Debian archive, found none among its sources")]
    NoDebianArchive,
    /// The client said it succeeded and left something else.
    #[error("expected the client to save {expected}, found {found:?}")]
    NoPackageFile {
        /// Name of the package file.
        expected: String,
        /// Names of what it left.
        found: Vec<String>,
    },
    /// The registry serves another file than it did.
    #[error("{file}: expected a package with SHA-256 {expected}, found {found}")]
    PackageDigest {
        /// Name of the package file.
        file: String,
        /// What the manifest says.
        expected: Digest,
        /// What was fetched.
        found: Digest,
    },
    /// The package cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
}

impl FetchError {
    /// What the user can do about it, where there is something.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::ClientMissing { source_kind: Source::Debian, .. } | Self::NoDebianArchive => {
                Some(
                    "Debian packages need a Debian machine or container with apt-get; the benchmark set needs `altos` from there",
                )
            }
            Self::ClientMissing { source_kind: Source::Npm, .. } => {
                Some("install npm: it comes with Node.js, on Debian `apt-get install npm`")
            }
            Self::ClientMissing { source_kind: Source::Pypi, .. } => {
                Some("install pip: it comes with Python, on Debian `apt-get install python3-pip`")
            }
            Self::ClientFailed { .. } => Some(
                "check the network and that the client reaches its registry, then fetch again: what is there is kept",
            ),
            _ => None,
        }
    }
}

/// Something that happened during [`fetch`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A package is about to be fetched.
    Package {
        /// The package.
        package: &'e Package,
        /// Its number, from 1.
        number: usize,
        /// Packages to fetch in all.
        of: usize,
    },
    /// An image was stored.
    Stored {
        /// The image.
        image: &'e Image,
    },
    /// A whole package failed, and with it all images wanted from it.
    PackageFailed {
        /// The package.
        package: &'e Package,
        /// Why.
        error: &'e FetchError,
    },
    /// One image failed.
    ImageFailed {
        /// The image.
        image: &'e Image,
        /// Why.
        error: &'e FetchError,
    },
}

/// How [`fetch`] ended, in wanted images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Were in the cache, and good.
    pub present: usize,
    /// Are there now.
    pub fetched: usize,
    /// Could not be had.
    pub failed: usize,
}

/// Makes sure that the cache has every image of `wanted`, as far as they can be had; tells `report` what happens.
///
/// Corrupt images are replaced. Does nothing but read the cache when all is there.
pub fn fetch(
    manifest: &Manifest,
    wanted: &[Arc<Image>],
    cache: &Cache,
    from: &mut impl Download,
    report: &mut impl FnMut(Event<'_>),
) -> Summary {
    let lacks = |image: &Arc<Image>| cache.image(image).is_err();
    let missing: Vec<_> = wanted.iter().filter(|image| lacks(image)).collect();
    let mut packages: Vec<&Arc<Package>> = Vec::new();
    for image in &missing {
        if !packages.contains(&&image.package) {
            packages.push(&image.package);
        }
    }
    for (index, &package) in packages.iter().enumerate() {
        report(Event::Package { package, number: index + 1, of: packages.len() });
        let images = manifest.images().filter(|image| image.package == *package && lacks(image));
        if let Err(error) = fetch_package(package, &images.collect::<Vec<_>>(), cache, from, report)
        {
            report(Event::PackageFailed { package, error: &error });
        }
    }
    let failed = missing.iter().filter(|image| lacks(image)).count();
    Summary { present: wanted.len() - missing.len(), fetched: missing.len() - failed, failed }
}

/// Fetches `package` and stores `images` from it.
fn fetch_package(
    package: &Package,
    images: &[&Arc<Image>],
    cache: &Cache,
    from: &mut impl Download,
    report: &mut impl FnMut(Event<'_>),
) -> Result<(), FetchError> {
    let directory = tempfile::tempdir()?;
    from.download(package, directory.path())?;
    let bytes = fs::read(package_file(package, directory.path())?)?;
    let found = Digest::of(&bytes);
    if found != package.sha256 {
        let file = package.file.clone();
        return Err(FetchError::PackageDigest { file, expected: package.sha256, found });
    }
    let members = images.iter().map(|image| &*image.member);
    let members = unpack::members(&package.file, &bytes, members)?;
    for image in images {
        match convert(image, &members).and_then(|bytes| Ok(cache.store(image, &bytes)?)) {
            Ok(()) => report(Event::Stored { image }),
            Err(error) => report(Event::ImageFailed { image, error: &error }),
        }
    }
    Ok(())
}

/// The file that the client saved: under its name, or under another if it is the only one (its digest decides).
fn package_file(package: &Package, directory: &Path) -> Result<PathBuf, FetchError> {
    let path = directory.join(&package.file);
    if path.is_file() {
        return Ok(path);
    }
    let entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    match &*entries {
        [only] => Ok(only.path()),
        _ => {
            let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
            let found = entries.iter().map(name).collect();
            Err(FetchError::NoPackageFile { expected: package.file.clone(), found })
        }
    }
}

fn convert(image: &Image, members: &unpack::Members) -> Result<Vec<u8>, FetchError> {
    let member = || UnpackError::NoMember { member: image.member.clone() };
    let file = members.get(&image.member).ok_or_else(member)?;
    Ok(image.conversion.apply(file.clone())?)
}

#[cfg(test)]
mod tests;

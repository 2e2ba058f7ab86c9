//! What is known of each package, image and pair: `manifest.toml`, linked and checked.

mod link;
mod raw;
#[cfg(test)]
pub(crate) mod tests;

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::convert::Pipeline;
use crate::digest::Digest;
use crate::split::Split;

/// The client that fetches a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `apt-get download`.
    Debian,
    /// `npm pack`.
    Npm,
    /// `pip download`.
    Pypi,
}

/// A package that ships firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Name of the file that the client saves.
    pub file: String,
    /// The client that fetches it.
    pub source: Source,
    /// Name in its registry.
    pub name: String,
    /// Version in its registry.
    pub version: String,
    /// pip: extra options, divided by spaces; Debian: the suite; else empty.
    pub hint: String,
    /// Of the package file.
    pub sha256: Digest,
    /// What the package states; redistribution was not cleared.
    pub licence: String,
}

/// A firmware image, flat bytes from its load address up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// The product and part that it belongs to; images of one series are versions of each other.
    pub series: String,
    /// Version within the series.
    pub version: String,
    /// Processor core and part.
    pub core: String,
    /// Length after conversion.
    pub size_bytes: u32,
    /// Of the image after conversion.
    pub sha256: Digest,
    /// Where it comes from.
    pub package: Arc<Package>,
    /// Path inside the package; `!` descends into a zip inside it.
    pub member: String,
    /// What turns the file inside the package into the image.
    pub conversion: Pipeline,
}

/// Which list a pair is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// The 14 public pairs that results are reported on.
    Benchmark,
    /// Cores other than Cortex-M: reported apart, for correctness tests.
    Cores,
    /// The rest, for training and against over-fitting: see [`Split`].
    More,
}

/// How far apart the images of a pair are; told from their version numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// Several major versions.
    BigJump,
    /// One source, two configurations.
    ConfigVariant,
    /// A major release.
    Major,
    /// A minor release.
    Minor,
    /// A bug-fix release or a few lines.
    Patch,
    /// One source, two products.
    SiblingProduct,
    /// One source, two compilers.
    ToolchainRebuild,
    /// Two builds with little in common.
    UnrelatedBuild,
}

/// A peer's patch for a pair.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Peer {
    /// Size of the whole patch file.
    pub bytes: u32,
    /// Tool and configuration.
    pub name: String,
}

/// What peers make of a pair, in bytes of the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peers {
    /// Smallest patch of all measured peers, whatever they need to apply it; benchmark pairs only.
    pub best: Option<Peer>,
    /// Smallest patch of the peers with a C applier for microcontrollers; benchmark pairs only.
    pub best_on_device: Option<Peer>,
    /// `zstd -22 --patch-from`.
    pub zstd_patch: u32,
    /// `bsdiff` 4.3.
    pub bsdiff_patch: u32,
    /// The target alone: smallest of LZMA and xz in several settings for benchmark pairs, `xz -9e` for the others.
    pub xz_target: u32,
}

/// Two images, and what is known about updating one to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// The list it is from.
    pub set: Set,
    /// What it may be used for.
    pub split: Split,
    /// How far apart the images are.
    pub class: Class,
    /// What the device has.
    pub base: Arc<Image>,
    /// What the device should have.
    pub target: Arc<Image>,
    /// What peers make of it.
    pub peers: Peers,
    /// Why the pair was chosen; may be empty.
    pub note: String,
}

/// All packages, images and pairs, each reference resolved.
#[derive(Debug, Clone)]
pub struct Manifest {
    packages: Vec<Arc<Package>>,
    images: Vec<Arc<Image>>,
    pairs: Vec<Pair>,
}

/// The manifest does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A package file, an image or a pair is listed twice.
    #[error("manifest: expected {0} once, found it again: remove one of the rows")]
    Duplicate(String),
    /// It is not TOML, or a row has a wrong or missing field.
    #[error("manifest: {0}")]
    Parse(#[from] toml::de::Error),
    /// A pair names an image that has no row.
    #[error("manifest: a pair names the image {0}, found no such row: add it to `images`")]
    UnknownImage(String),
    /// An image names a package that has no row.
    #[error(
        "manifest: image {image} names the package file {file}, found no such row: add it to `packages`"
    )]
    UnknownPackage {
        /// Series and version.
        image: String,
        /// The file it names.
        file: String,
    },
}

impl Manifest {
    /// The manifest of this repository.
    ///
    /// # Errors
    ///
    /// None for a committed manifest: a test of this crate loads it.
    pub fn load() -> Result<Self, ManifestError> {
        Self::parse(include_str!("../manifest.toml"))
    }

    /// A manifest from TOML text.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let raw: raw::Manifest = toml::from_str(text)?;
        let packages = link::packages(raw.packages)?;
        let images = link::images(raw.images, &packages)?;
        let pairs = link::pairs(raw.pairs, &images)?;
        Ok(Self { packages, images, pairs })
    }

    /// All packages, in the order of the manifest.
    pub fn packages(&self) -> impl Iterator<Item = &Arc<Package>> {
        self.packages.iter()
    }

    /// All images, in the order of the manifest.
    pub fn images(&self) -> impl Iterator<Item = &Arc<Image>> {
        self.images.iter()
    }

    /// The image of that series and version.
    pub fn image(&self, series: &str, version: &str) -> Option<&Arc<Image>> {
        self.images.iter().find(|image| image.series == series && image.version == version)
    }

    /// All pairs: the benchmark set, then the others.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter()
    }

    /// The pairs of one set.
    pub fn pairs_in(&self, set: Set) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.set == set)
    }

    /// The pairs of one split.
    pub fn pairs_of(&self, split: Split) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |pair| pair.split == split)
    }

    /// The images that the pairs of `set` need, each once; without a set all images, those of benchmark pairs first.
    pub fn images_in(&self, set: Option<Set>) -> Vec<Arc<Image>> {
        let of = |set| self.pairs_in(set).flat_map(|pair| [&pair.base, &pair.target]);
        let wanted: Vec<_> = match set {
            Some(set) => of(set).collect(),
            None => of(Set::Benchmark).chain(&self.images).collect(),
        };
        let mut seen = BTreeSet::new();
        wanted.into_iter().filter(|image| seen.insert(image.sha256)).cloned().collect()
    }

    /// What images of `series` may be used for; never [`Split::Withheld`].
    pub fn split_of_series(&self, series: &str) -> Split {
        let of_series = |pair: &Pair| pair.base.series == series || pair.target.series == series;
        Split::of_series(series, self.pairs_in(Set::Benchmark).any(of_series))
    }
}

impl Peers {
    /// The patch to beat: the best of all peers where it was measured, else the smaller of zstd's and bsdiff's.
    pub fn smallest_bytes(&self) -> u32 {
        let others = self.zstd_patch.min(self.bsdiff_patch);
        self.best.as_ref().map_or(others, |best| best.bytes)
    }
}

/// `series version`.
impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.series, self.version)
    }
}

/// `series base → target`, or `series base → series target` across products.
impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.base.series == self.target.series {
            write!(formatter, "{} → {}", self.base, self.target.version)
        } else {
            write!(formatter, "{} → {}", self.base, self.target)
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Debian => "debian",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        })
    }
}

impl fmt::Display for Set {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Benchmark => "benchmark",
            Self::Cores => "cores",
            Self::More => "more",
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::BigJump => "big-jump",
            Self::ConfigVariant => "config-variant",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
            Self::SiblingProduct => "sibling-product",
            Self::ToolchainRebuild => "toolchain-rebuild",
            Self::UnrelatedBuild => "unrelated-build",
        })
    }
}

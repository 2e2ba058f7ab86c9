//! `manifest.toml` as it is written, before rows are linked to each other.

use serde::Deserialize;

use super::{Class, Peer, Set, Source};
use crate::convert::Pipeline;
use crate::digest::Digest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) packages: Vec<Package>,
    pub(super) images: Vec<Image>,
    pub(super) pairs: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) file: String,
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) hint: String,
    pub(super) sha256: Digest,
    pub(super) licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub(super) series: String,
    pub(super) version: String,
    pub(super) core: String,
    pub(super) size: u32,
    pub(super) sha256: Digest,
    pub(super) package: String,
    pub(super) member: String,
    pub(super) conversion: Pipeline,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    pub(super) set: Set,
    pub(super) class: Class,
    pub(super) base: (String, String),
    pub(super) target: (String, String),
    pub(super) best: Option<Peer>,
    pub(super) best_on_device: Option<Peer>,
    pub(super) zstd_patch: u32,
    pub(super) bsdiff_patch: u32,
    pub(super) xz_target: u32,
    #[serde(default)]
    pub(super) note: String,
}

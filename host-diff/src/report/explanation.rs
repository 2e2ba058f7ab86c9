//! All that reports tell about one patch, as one object.

use core::fmt;
use serde::{Deserialize, Serialize};

use super::{Account, Extra, Kind, Names, Range, Share, float};

/// Why a patch is as big as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Bytes of the whole patch.
    pub patch_bytes: u64,
    /// Bytes of the target image.
    pub target_bytes: u32,
    /// Ops: diffs and extras, counted apart.
    pub diffs: u32,
    /// Stretches of new bytes.
    pub extras: u32,
    /// Copies within new bytes.
    pub copies: u32,
    /// By kind; adds up to `patch_bytes`.
    pub kinds: Vec<Part>,
    /// By topic of the decoder, largest first; without header.
    pub topics: Vec<Part>,
    /// By section, or by region where no file names sections; adds up to `patch_bytes`.
    pub sections: Vec<Place>,
    /// By symbol, largest first, of those that cost anything; empty without names.
    pub symbols: Vec<Place>,
    /// The most expensive stretches of new bytes.
    pub literal_areas: Vec<Area>,
    /// Patch bytes by position: the target in [`STRIP`] parts of the same length.
    pub strip: Vec<f64>,
}

/// One kind or topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What it took.
    #[serde(flatten)]
    pub share: Share,
}

/// One section, region or symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Target offset of its first byte; null for what belongs to no place.
    pub offset: Option<u32>,
    /// Target bytes.
    pub len: Option<u32>,
    /// Patch bytes.
    pub bytes: f64,
}

/// A stretch of new bytes and the symbol, else the section, that it begins in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// The stretch.
    #[serde(flatten)]
    pub extra: Extra,
    /// Where it is.
    pub place: Option<String>,
}

/// Parts of [`Explanation::strip`].
pub const STRIP: u32 = 64;
/// Most literal areas listed.
const AREAS: usize = 20;

impl Explanation {
    /// What `account` tells, with `names` for the parts of the target.
    #[must_use]
    pub fn new(account: &Account, names: &Names) -> Self {
        let part =
            |name: &dyn fmt::Display, share: &Share| Part { name: name.to_string(), share: *share };
        let mut topics: Vec<Part> = account
            .topics
            .iter()
            .map(|(topic, share)| part(&format!("{topic:?}"), share))
            .collect();
        topics.sort_by(|a, b| b.share.bytes.total_cmp(&a.share.bytes));
        let mut symbols = places(account, &names.symbols, "no symbol");
        symbols.retain(|place| place.bytes > 0.0);
        symbols.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        if names.symbols.is_empty() {
            symbols.clear();
        }
        Self {
            patch_bytes: account.patch_bytes,
            target_bytes: account.header.target_len,
            diffs: account.diffs,
            extras: u32::try_from(account.extras.len()).unwrap_or(u32::MAX),
            copies: account.copies,
            kinds: account.kinds.iter().map(|(kind, share)| part(kind, share)).collect(),
            topics,
            sections: sections(account, &names.sections),
            symbols,
            literal_areas: areas(account, names),
            strip: account.strip(STRIP),
        }
    }

    /// Patch bytes of `kind`.
    #[must_use]
    pub fn bytes(&self, kind: Kind) -> f64 {
        let part = self.kinds.iter().find(|part| part.name == kind.name());
        part.map_or(0.0, |part| part.share.bytes)
    }

    /// `bytes` as a share of the patch, 0 to 1.
    #[must_use]
    pub fn share(&self, bytes: f64) -> f64 {
        if self.patch_bytes == 0 { 0.0 } else { bytes / float(self.patch_bytes) }
    }
}

/// All of the patch by section: what lies in none, and what belongs to no offset, have rows of their own.
fn sections(account: &Account, ranges: &[Range]) -> Vec<Place> {
    let row = |kind: Kind, name: &str| Place {
        name: name.to_owned(),
        offset: None,
        len: None,
        bytes: account.bytes(kind),
    };
    let mut rows =
        places(account, ranges, if ranges.is_empty() { "whole image" } else { "between" });
    rows.retain(|place| place.offset.is_some() || place.bytes > 0.0);
    rows.extend([
        row(Kind::Header, "(header)"),
        row(Kind::Map, "(address map)"),
        row(Kind::Coder, "(coder)"),
    ]);
    rows
}

/// Patch bytes of each range, and last of what lies in none, called `rest`.
fn places(account: &Account, ranges: &[Range], rest: &str) -> Vec<Place> {
    let mut rows: Vec<Place> = ranges
        .iter()
        .map(|range| Place {
            name: range.name.clone(),
            offset: Some(range.offset),
            len: Some(range.len),
            bytes: 0.0,
        })
        .collect();
    let mut outside = 0.0;
    for &(position, bytes) in &account.places {
        match at(ranges, position).and_then(|index| rows.get_mut(index)) {
            Some(row) => row.bytes += bytes,
            None => outside += bytes,
        }
    }
    rows.push(Place { name: rest.to_owned(), offset: None, len: None, bytes: outside });
    rows
}

/// Index of the range that holds `offset`.
fn at(ranges: &[Range], offset: u32) -> Option<usize> {
    let index = ranges.partition_point(|range| range.offset <= offset).checked_sub(1)?;
    let range = ranges.get(index)?;
    (offset - range.offset < range.len).then_some(index)
}

fn areas(account: &Account, names: &Names) -> Vec<Area> {
    let mut extras = account.extras.clone();
    extras.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
    extras.truncate(AREAS);
    let name = |ranges: &[Range], offset: u32| {
        at(ranges, offset).and_then(|index| Some(ranges.get(index)?.name.clone()))
    };
    let area = |extra: Extra| Area {
        place: name(&names.symbols, extra.offset).or_else(|| name(&names.sections, extra.offset)),
        extra,
    };
    extras.into_iter().map(area).collect()
}

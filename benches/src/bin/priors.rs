//! Trains the priors of the model: what it knows at the end of each patch of the training split, on average.
//!
//! `cargo run --release -p benches --bin priors` prints the numbers of `patcher-core/src/model/prior.rs`. They are both
//! what comes in and what comes out: two rounds settle. Afterwards `docs/format.md` §15 and `testing/oracle/src/priors.rs`
//! must hold the same bytes: the oracle's tests compare all three.

use corpora::{Cache, Manifest, Split};
use host_diff::image::FlatImage;
use host_diff::{Options, create, create_full};
use patcher_core::container::header::Kind;
use patcher_core::model::prior::{self, PRIORS};
use patcher_core::model::{fixed_words, weight_words};
use patcher_core::{Decoder, Event, Header, reference};
use rig::memory::Memory;
use std::process::ExitCode;

/// Observations beyond which a counter says no more than others.
const MOST: f64 = 8.0;

/// Which words of a model have which priors: numbers and choices have the same in a delta and in a full image.
fn places(kind: Kind) -> impl Iterator<Item = usize> {
    let delta = fixed_words(false, true);
    let own = match kind {
        Kind::Delta => delta..delta,
        Kind::Full => delta..PRIORS.len(),
    };
    let shared = match kind {
        Kind::Delta => delta,
        Kind::Full => weight_words(false).start,
    };
    (0..shared).chain(own)
}

/// The words with priors after decoding `patch`, in the places of their priors.
fn learned(base: &[u8], patch: &[u8]) -> Result<Vec<Option<u16>>, String> {
    let (header, len) = Header::parse(patch.iter().copied()).map_err(|e| e.to_string())?;
    let mut workspace = vec![0; header.workspace_words()];
    let mut images = Memory::new(&header, base, usize::MAX);
    let mut decoder =
        Decoder::new(header, &reference::ALL, &mut workspace).map_err(|e| e.to_string())?;
    let mut body = patch.get(len..).unwrap_or(&[]);
    loop {
        match decoder.push(&mut images, &mut body) {
            Ok(Event::Done) => break,
            Ok(Event::NeedInput) => return Err("the patch is cut off".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(format!("{error:?}")),
        }
    }
    let mut words = vec![None; PRIORS.len()];
    for (place, word) in places(header.kind).zip(workspace) {
        if let Some(slot) = words.get_mut(place) {
            *slot = Some(word);
        }
    }
    Ok(words)
}

/// Mean logit of a counter over the patches, by how often it was used.
fn counter(before: u8, words: impl Iterator<Item = u16>) -> u8 {
    let (mut sum, mut uses) = (0.0, 0.0);
    let start = u16::from_le_bytes([prior::COUNTER, before]);
    for word in words.filter(|&word| word != start) {
        let p = (f64::from(word >> 4) + 0.5) / 4096.0;
        let used = (f64::from(word & 15) - f64::from(start & 15)).clamp(0.0, MOST);
        sum += used * (p / (1.0 - p)).ln();
        uses += used;
    }
    if uses == 0.0 {
        return before;
    }
    let p = 1.0 / (1.0 + (-sum / uses).exp());
    rounded(p.mul_add(256.0, -0.5).clamp(1.0, 254.0))
}

/// Mean of a weight over the patches that used it.
fn weight(before: u8, words: impl Iterator<Item = u16>) -> u8 {
    let (mut sum, mut uses) = (0.0, 0.0);
    for word in words.filter(|&word| word != u16::from_le_bytes([prior::WEIGHT, before])) {
        sum += f64::from(word.cast_signed());
        uses += 1.0;
    }
    if uses == 0.0 {
        return before;
    }
    rounded((sum / uses / 256.0).clamp(-127.0, 127.0))
}

/// The low eight bits of the nearest integer.
#[expect(clippy::cast_possible_truncation, reason = "callers clamp to eight bits")]
fn rounded(value: f64) -> u8 {
    let [low, _] = (value.round() as i16).to_le_bytes();
    low
}

fn run() -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let (mut patches, mut images) = (Vec::new(), Vec::new());
    for pair in manifest.pairs().filter(|pair| pair.split == Split::Train) {
        let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
        let (base, target) = (FlatImage::from_raw(base), FlatImage::from_raw(target));
        let options = Options::default();
        let patch = create(&base, &target, &options).map_err(|error| error.to_string())?;
        // A full image decodes from nothing, too.
        patches.push(learned(&base.bytes, &patch.bytes)?);
        let full = create_full(&target, &options).map_err(|error| error.to_string())?;
        images.push(learned(&[], &full.bytes)?);
    }
    let weights = weight_words(true);
    for (index, &before) in PRIORS.iter().enumerate() {
        // Full images of all targets tell what only full images need, the patches everything else.
        let of_delta = index < fixed_words(false, true);
        let from = if of_delta { &patches } else { &images };
        let words = from.iter().filter_map(|words| words.get(index).copied().flatten());
        let after = if of_delta && !weights.contains(&index) {
            counter(before, words)
        } else {
            weight(before, words)
        };
        let end = if index % 20 == 19 { "\n" } else { " " };
        print!("{after},{end}");
    }
    println!();
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

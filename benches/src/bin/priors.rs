//! Trains the priors of the model: what it knows at the end of each patch of the training split, on average.
//!
//! `cargo run --release -p benches --bin priors` prints the numbers of `patcher-core/src/model/prior.rs`. They are both
//! what comes in and what comes out: two rounds settle. Afterwards `docs/format.md` §15 and `testing/oracle/src/priors.rs`
//! must hold the same bytes: the oracle's tests compare all three.

use corpora::{Cache, Manifest, Split};
use host_diff::image::FlatImage;
use host_diff::{Options, create, create_full};
use patcher_core::container::header::Kind;
use patcher_core::entropy::symbol::{STEP, SYMBOLS};
use patcher_core::model::prior::PRIORS;
use patcher_core::model::{Form, common_words, fixed_words, forms};
use patcher_core::{Decoder, Event, Header, reference};
use rig::memory::Memory;
use std::process::ExitCode;

/// Observations beyond which a counter says no more than others.
const MOST: f64 = 8.0;
/// What the symbols of a prior count together, about.
const STRENGTH: f64 = 240.0;

/// Which words of a model have which priors: numbers and choices have the same in a delta and in a full image.
fn places(kind: Kind) -> impl Iterator<Item = usize> {
    let delta = fixed_words(false, true);
    let own = match kind {
        Kind::Delta => delta..delta,
        Kind::Full => delta..PRIORS.len(),
    };
    let shared = match kind {
        Kind::Delta => delta,
        Kind::Full => common_words(),
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
    let start = Form::Counter.word(before);
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
    for word in words.filter(|&word| word != Form::Weight.word(before)) {
        sum += f64::from(word.cast_signed());
        uses += 1.0;
    }
    if uses == 0.0 {
        return before;
    }
    rounded((sum / uses / 256.0).clamp(-127.0, 127.0))
}

/// Mean share of each symbol over the patches, by how often the model was used, and the sum of these.
fn counts(before: &[u8], models: impl Iterator<Item = Vec<u16>>) -> Vec<u8> {
    let mut shares = [0.0; SYMBOLS];
    let start = f64::from(before.last().copied().unwrap_or(0));
    let mut uses = 0.0;
    for model in models {
        let [counts @ .., total] = model.as_slice() else { continue };
        let total = f64::from(*total);
        let used = ((total - start) / f64::from(STEP)).clamp(0.0, MOST);
        for (share, &count) in shares.iter_mut().zip(counts) {
            *share += used * f64::from(count) / total.max(1.0);
        }
        uses += used;
    }
    if uses == 0.0 {
        return before.to_vec();
    }
    let mut after: Vec<u8> =
        shares.iter().map(|share| rounded_down(share / uses * STRENGTH)).collect();
    after.push(after.iter().sum());
    after
}

/// The low eight bits of the nearest integer.
#[expect(clippy::cast_possible_truncation, reason = "callers clamp to eight bits")]
fn rounded(value: f64) -> u8 {
    let [low, _] = (value.round() as i16).to_le_bytes();
    low
}

/// The integer below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers stay below 256"
)]
fn rounded_down(value: f64) -> u8 {
    value as u8
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
    let mut all = Vec::new();
    // Full images of all targets tell what only full images need, the patches everything else.
    let common = common_words();
    let of_full = forms(false).scan(0, |at, (form, len)| {
        *at += len;
        Some((form, len, *at > common))
    });
    let of_delta = forms(true).map(|(form, len)| (form, len, false));
    for (form, len, full) in of_delta.chain(of_full.filter(|&(.., full)| full)) {
        let from = if full { &images } else { &patches };
        let step = if form == Form::Count { SYMBOLS + 1 } else { 1 };
        for start in (all.len()..all.len() + len).step_by(step) {
            let before = PRIORS.get(start..start + step).unwrap_or(&[]);
            let models = from.iter().filter_map(|words| words.get(start..start + step));
            let models =
                models.filter_map(|words| words.iter().copied().collect::<Option<Vec<u16>>>());
            let [first, ..] = before else { continue };
            let mut words = models.clone().flatten();
            match form {
                Form::Counter => all.push(counter(*first, &mut words)),
                Form::Weight => all.push(weight(*first, &mut words)),
                Form::Count => all.extend(counts(before, models)),
            }
        }
    }
    for (index, after) in all.iter().enumerate() {
        let end = if index % 20 == 19 { "\n" } else { " " };
        print!("{after},{end}");
    }
    println!();
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run())
}

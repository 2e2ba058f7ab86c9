//! Pairs through coders: encode, decode, compare.

use core::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use super::measure::{self, Job, MeasureError, Usage};
use super::pairs::Pair;
use super::peers::{Files, Peer, names};
use super::result::{Bench, Codec, Family, Measured, Outcome, PairResult, Run, Stage};
use crate::image::{FlatImage, LoadError, LoadOptions, load};
use crate::info::Info;
use crate::report::{Account, Explanation, Names};

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Our configurations; the first is what others are compared with, and explained.
    pub ours: Vec<Ours>,
    /// Other coders.
    pub peers: Vec<Peer>,
    /// Seconds after which a command is ended.
    pub timeout: u64,
    /// Runs of each command, of which the fastest counts; at least 1.
    pub repeat: u32,
    /// This program: launcher, and our coder.
    pub program: PathBuf,
}

/// One configuration of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ours {
    /// RAM of the decoder, bytes.
    pub ram: u32,
    /// Effort.
    pub level: u8,
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ram {
            ram if ram % 1024 == 0 => write!(f, "patcher {}K level {}", ram / 1024, self.level),
            ram => write!(f, "patcher {ram} level {}", self.level),
        }
    }
}

/// Why there is no result at all. Whatever happens to one coder is part of the result instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The file system refused.
    #[error("cannot use '{}': {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file is no image.
    #[error("pair '{pair}': '{}': {source}", path.display())]
    Image {
        /// The pair.
        pair: String,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: LoadError,
    },
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> BenchError {
    move |source| BenchError::Io { path: path.to_owned(), source }
}

/// A coder that is ready to run.
struct Ready<'a> {
    codec: Codec,
    how: How<'a>,
}

enum How<'a> {
    Ours(Ours),
    Peer(&'a Peer),
}

/// Takes every pair through every coder. `before` is told of each run: pair, coder.
///
/// # Errors
/// [`BenchError`]: an image that cannot be read, or no room for temporary files.
pub fn run(
    plan: &Plan,
    pairs: &[Pair],
    mut before: impl FnMut(&str, &str),
) -> Result<Bench, BenchError> {
    let ours =
        plan.ours.iter().map(|&ours| Ready { codec: ours_codec(ours), how: How::Ours(ours) });
    let peers = plan.peers.iter().map(|peer| Ready { codec: probe(peer), how: How::Peer(peer) });
    let mut coders: Vec<Ready<'_>> = ours.chain(peers).collect();
    // A file that is no image is found before the work, not behind hours of it.
    pairs.iter().try_for_each(|pair| images(pair).map(drop))?;
    let mut notes = Vec::new();
    let mut results = Vec::new();
    for pair in pairs {
        let place = Place::new(pair)?;
        let mut runs = Vec::new();
        let mut explanation = None;
        for (index, ready) in coders.iter_mut().enumerate() {
            before(&pair.name, &ready.codec.name);
            let outcome = place.outcome(plan, pair, ready)?;
            if index == 0 && outcome.measured().is_some() {
                explanation = place.explain(pair, &mut notes);
            }
            runs.push(Run { codec: ready.codec.name.clone(), outcome });
        }
        results.push(PairResult {
            name: pair.name.clone(),
            class: pair.class.clone(),
            base_bytes: place.base_image.bytes.len() as u64,
            target_bytes: place.target_image.bytes.len() as u64,
            runs,
            explanation,
        });
    }
    Ok(Bench {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        repeat: plan.repeat.max(1),
        codecs: coders.into_iter().map(|ready| ready.codec).collect(),
        pairs: results,
        notes,
    })
}

fn ours_codec(ours: Ours) -> Codec {
    let Ours { ram, level } = ours;
    Codec {
        name: ours.to_string(),
        family: Family::Ours,
        version: Some(format!("patcher {}", env!("CARGO_PKG_VERSION"))),
        absent: None,
        command: format!(
            "patcher create {{base}} {{target}} -o {{patch}} --ram {ram} --level {level}"
        ),
        ram_bytes: None,
    }
}

/// Whether a peer is there, and what it says of itself.
fn probe(peer: &Peer) -> Codec {
    let mut codec = Codec {
        name: peer.name.clone(),
        family: if peer.full { Family::Full } else { Family::Delta },
        version: None,
        absent: None,
        command: peer.encode.join(" "),
        ram_bytes: peer.ram_bytes,
    };
    let Some((program, arguments)) = peer.probe.split_first() else { return codec };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let first = said.lines().map(str::trim).find(|line| !line.is_empty());
            let bare = first.map(|line| line.trim_matches(['*', ' ']));
            codec.version = bare.map(|line| line.chars().take(60).collect());
        }
        Ok(output) => {
            let what = format!("`{}` ended with {}", peer.probe.join(" "), output.status);
            codec.absent = Some(absence(peer, &what));
        }
        Err(error) => codec.absent = Some(absence(peer, &format!("'{program}': {error}"))),
    }
    codec
}

fn absence(peer: &Peer, what: &str) -> String {
    let install = peer.install.as_ref().map(|how| format!("; to install: {how}"));
    format!("{what}{}", install.unwrap_or_default())
}

/// Base and target of a pair.
fn images(pair: &Pair) -> Result<(FlatImage, FlatImage), BenchError> {
    let image = |path: &Path| {
        let content = fs::read(path).map_err(io(path))?;
        load(&content, &LoadOptions::default()).map_err(|source| BenchError::Image {
            pair: pair.name.clone(),
            path: path.to_owned(),
            source,
        })
    };
    Ok((image(&pair.base)?, image(&pair.target)?))
}

/// Temporary files of one pair.
struct Place {
    directory: TempDir,
    base_image: FlatImage,
    target_image: FlatImage,
    base: PathBuf,
    target: PathBuf,
}

impl Place {
    fn new(pair: &Pair) -> Result<Self, BenchError> {
        let directory =
            TempDir::with_prefix("patcher-bench-").map_err(io(Path::new("temporary directory")))?;
        let (base_image, target_image) = images(pair)?;
        // Peers know flat images only.
        let [base, target] = ["base.bin", "target.bin"].map(|name| directory.path().join(name));
        fs::write(&base, &base_image.bytes).map_err(io(&base))?;
        fs::write(&target, &target_image.bytes).map_err(io(&target))?;
        Ok(Self { directory, base_image, target_image, base, target })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn outcome(
        &self,
        plan: &Plan,
        pair: &Pair,
        ready: &mut Ready<'_>,
    ) -> Result<Outcome, BenchError> {
        if ready.codec.absent.is_some() {
            return Ok(Outcome::Absent);
        }
        // Ours stays for the explanation.
        let [patch, out, dir] = ["p.patch", "out.bin", "dir"].map(|name| self.file(name));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).map_err(io(&dir))?;
        for file in [&patch, &out] {
            if file.exists() {
                fs::remove_file(file).map_err(io(file))?;
            }
        }
        let files =
            Files { base: &self.base, target: &self.target, patch: &patch, out: &out, dir: &dir };
        let said = self.file("stdout");
        let encode = match ready.how {
            How::Ours(ours) => create(plan, pair, ours, &patch),
            How::Peer(peer) => files.fill(&peer.encode),
        };
        let decode = match ready.how {
            How::Ours(_) => apply(plan, &self.base, &patch, &out),
            How::Peer(peer) => files.fill(&peer.decode),
        };
        // What a command does not write to a file it was told of is its standard output.
        let (patch_said, out_said) = match ready.how {
            How::Peer(peer) => (
                if names(&peer.encode, "{patch}") { &said } else { &patch },
                if names(&peer.decode, "{out}") { &said } else { &out },
            ),
            How::Ours(_) => (&said, &said),
        };
        let fail = |ready: &mut Ready<'_>, stage: Stage, error: MeasureError| match ready.how {
            How::Peer(peer) if matches!(error, MeasureError::NotFound(_)) => {
                ready.codec.absent = Some(absence(peer, &error.to_string()));
                Outcome::Absent
            }
            _ => {
                // Results are to be kept and compared: no names of temporary files.
                let place = self.directory.path().display().to_string();
                Outcome::Failed { stage, reason: error.to_string().replace(&place, "…") }
            }
        };
        let job = |words, stdout| Job {
            words,
            directory: self.directory.path(),
            stdout,
            timeout: plan.timeout,
        };
        let encode = match fastest(plan, &job(&encode, patch_said)) {
            Ok(usage) => usage,
            Err(error) => return Ok(fail(ready, Stage::Encode, error)),
        };
        let told = fs::read(&said).unwrap_or_default();
        let Ok(meta) = fs::metadata(&patch) else {
            let reason = "it succeeded, but wrote no patch".to_owned();
            return Ok(Outcome::Failed { stage: Stage::Encode, reason });
        };
        let decode = match fastest(plan, &job(&decode, out_said)) {
            Ok(usage) => usage,
            Err(error) => return Ok(fail(ready, Stage::Decode, error)),
        };
        let rebuilt = fs::read(&out).unwrap_or_default();
        if let Some(reason) = difference(&rebuilt, &self.target_image.bytes) {
            return Ok(Outcome::Failed { stage: Stage::Verification, reason });
        }
        let ram_bytes = match ready.how {
            How::Ours(_) => declared_ram(&told),
            How::Peer(peer) => peer.ram_bytes,
        };
        if let How::Ours(_) = ready.how
            && ready.codec.ram_bytes < ram_bytes
        {
            ready.codec.ram_bytes = ram_bytes;
        }
        Ok(Outcome::Verified(Measured { patch_bytes: meta.len(), ram_bytes, encode, decode }))
    }

    /// Where the bytes of the patch that was made last went.
    fn explain(&self, pair: &Pair, notes: &mut Vec<String>) -> Option<Explanation> {
        let patch = fs::read(self.file("p.patch")).ok()?;
        let info = Info::read(&patch).ok()?;
        let mut note = |what: String| notes.push(format!("pair '{}': {what}", pair.name));
        let account = Account::of(&self.base_image.bytes, &info);
        let account = account.map_err(|error| note(format!("not explained: {error}"))).ok()?;
        let loaded;
        let elf = match &pair.elf {
            None => (!self.target_image.sections.is_empty()).then_some(&self.target_image),
            Some(path) => {
                let content = fs::read(path).map_err(|error| error.to_string());
                let image = content.and_then(|content| {
                    load(&content, &LoadOptions::default()).map_err(|error| error.to_string())
                });
                match image {
                    Ok(image) => {
                        loaded = image;
                        Some(&loaded)
                    }
                    Err(error) => {
                        note(format!("no names of '{}': {error}", path.display()));
                        None
                    }
                }
            }
        };
        let names = elf.map(|elf| Names::of(elf, &account.target, info.target_address()));
        let names = match names {
            Some(Ok(names)) => names,
            Some(Err(error)) => {
                note(format!("no names: {error}"));
                Names::of_regions(&info.header)
            }
            None => Names::of_regions(&info.header),
        };
        Some(Explanation::new(&account, &names))
    }
}

/// The command line that makes our patch: of the files as they are, which may know more than flat images.
fn create(plan: &Plan, pair: &Pair, ours: Ours, patch: &Path) -> Vec<String> {
    let text = |path: &Path| path.canonicalize().unwrap_or(path.to_owned()).display().to_string();
    let mut words = vec![
        text(&plan.program),
        "create".to_owned(),
        text(&pair.base),
        text(&pair.target),
        "--output".to_owned(),
        patch.display().to_string(),
        "--json".to_owned(),
        format!("--ram={}", ours.ram),
        format!("--level={}", ours.level),
    ];
    let options = [
        ("isa", &pair.isa),
        ("base-address", &pair.base_address),
        ("target-address", &pair.target_address),
    ];
    for (option, value) in options {
        words.extend(value.iter().map(|value| format!("--{option}={value}")));
    }
    words
}

fn apply(plan: &Plan, base: &Path, patch: &Path, out: &Path) -> Vec<String> {
    let [base, patch, out] = [base, patch, out].map(|path| path.display().to_string());
    let program = plan.program.display().to_string();
    let options = ["--base-format=bin", "--json"].map(str::to_owned);
    [vec![program, "apply".to_owned(), base, patch, "--output".to_owned(), out], options.to_vec()]
        .concat()
}

/// The fastest of all runs.
fn fastest(plan: &Plan, job: &Job<'_>) -> Result<Usage, MeasureError> {
    let mut best: Option<Usage> = None;
    for _ in 0..plan.repeat.max(1) {
        let usage = measure::run(&plan.program, job)?;
        if best.is_none_or(|best| usage.seconds < best.seconds) {
            best = Some(usage);
        }
    }
    Ok(best.unwrap_or_default())
}

/// `ram_bytes` of what `patcher create --json` printed.
fn declared_ram(told: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Told {
        ram_bytes: u64,
    }
    serde_json::from_slice::<Told>(told).ok().map(|told| told.ram_bytes)
}

/// What distinguishes two images, in words.
fn difference(found: &[u8], expected: &[u8]) -> Option<String> {
    if found == expected {
        return None;
    }
    let differs = found.iter().zip(expected).position(|(a, b)| a != b);
    let first = differs.unwrap_or(found.len().min(expected.len()));
    let (expected, found) = (expected.len(), found.len());
    Some(format!(
        "expected the target of {expected} bytes, found {found} bytes that differ from offset {first} on"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_differ_are_told_apart_at_the_first_byte() {
        assert_eq!(difference(&[1, 2], &[1, 2]), None);
        let text = difference(&[1, 9, 3], &[1, 2, 3]).expect("a difference");
        assert!(text.ends_with("differ from offset 1 on"), "{text}");
        let text = difference(&[1], &[1, 2, 3]).expect("a difference");
        assert!(text.contains("of 3 bytes, found 1 bytes") && text.contains("offset 1"), "{text}");
    }

    #[test]
    fn configurations_are_named_by_ram_and_level() {
        assert_eq!(Ours { ram: 16_384, level: 6 }.to_string(), "patcher 16K level 6");
        assert_eq!(Ours { ram: 5_000, level: 1 }.to_string(), "patcher 5000 level 1");
    }
}

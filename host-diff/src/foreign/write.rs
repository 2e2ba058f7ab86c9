//! Tries alignments and keeps the smallest patch.

use core::num::NonZeroUsize;
use std::thread::available_parallelism;

use formats::codec::{heatshrink, lzma};
use formats::detools::{self, Encoding, InPlace};
use formats::{Error, Limits, Stretch, bsdiff as bsdiff_format, esp as esp_format};

use super::candidates::{Candidates, Measure, usual};
use super::room::{Room, within};
use crate::parallel;

/// The codec of a detools patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// No codec.
    None,
    /// Conditional run length encoding.
    Crle,
    /// heatshrink with these parameters.
    Heatshrink(heatshrink::Parameters),
    /// heatshrink with the parameters that give the smallest patch, within a window of so many bytes.
    HeatshrinkAuto {
        /// Largest window in bytes.
        window: u64,
    },
    /// LZMA with these parameters.
    Lzma(lzma::Parameters),
    /// LZMA with the parameters that give the smallest patch, and the smallest dictionary that is enough for it.
    LzmaAuto,
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// From 1 (fast) to 9 (small).
    pub level: u8,
    /// Threads that may work at the same time, which changes no byte; `None` takes what the machine has, up to four.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Effort {
    fn default() -> Self {
        Self { level: crate::create::DEFAULT_LEVEL, threads: None }
    }
}

impl Effort {
    fn threads(self) -> usize {
        let machine = || available_parallelism().map_or(1, |threads| threads.get().min(4));
        self.threads.map_or_else(machine, NonZeroUsize::get)
    }
}

/// A patch that was written, applied, and gave the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The patch.
    pub bytes: Vec<u8>,
    /// What the device must be configured for, for the user.
    pub notes: Vec<String>,
}

/// What becomes of alignments: one delta, or one for each segment.
#[derive(Clone, Copy)]
enum Shape<'a> {
    Sequential,
    InPlace(&'a InPlace),
}

/// Writes a sequential detools patch.
///
/// # Errors
/// [`Error::Parameter`] for parameters that no decoder takes, [`Error::TargetLength`] for images above 256 MiB.
///
/// # Example
/// ```
/// use host_diff::foreign::{Codec, Effort, sequential};
/// let (base, target) = (vec![7; 900], [vec![7; 500], vec![8; 500]].concat());
/// let written = sequential(&base, &target, Codec::Crle, Effort::default())?;
/// assert!(written.bytes.len() < 30);
/// # Ok::<(), host_diff::foreign::formats::Error>(())
/// ```
pub fn sequential(
    base: &[u8],
    target: &[u8],
    codec: Codec,
    effort: Effort,
) -> Result<Written, Error> {
    Job { base, target, shape: Shape::Sequential, effort }.write(codec)
}

/// Writes an in-place detools patch; [`InPlace::plan`] says where things are.
///
/// # Errors
/// [`Error::Parameter`] for parameters that no decoder takes, or images that are not those of `place`.
pub fn in_place(
    base: &[u8],
    target: &[u8],
    place: &InPlace,
    codec: Codec,
    effort: Effort,
) -> Result<Written, Error> {
    Job { base, target, shape: Shape::InPlace(place), effort }.write(codec)
}

/// Writes a patch for ESP-IDF's esp_delta_ota: a sequential detools patch with heatshrink behind a header that names the
/// base.
///
/// # Errors
/// [`Error::NotEspImage`] if an image is no application image of ESP-IDF or its digest is wrong.
pub fn esp(base: &[u8], target: &[u8], effort: Effort) -> Result<Written, Error> {
    let header = esp_format::Header::of_images(base, target)?;
    let codec = Codec::Heatshrink(heatshrink::Parameters::DEPLOYED);
    let written = sequential(base, target, codec, effort)?;
    Ok(Written { bytes: [&header.bytes()[..], &written.bytes].concat(), ..written })
}

/// Writes a patch of bsdiff.
///
/// # Errors
/// [`Error::TargetLength`] for images above 256 MiB.
pub fn bsdiff(
    base: &[u8],
    target: &[u8],
    format: bsdiff_format::Format,
    effort: Effort,
) -> Result<Written, Error> {
    limit([base, target])?;
    let scanned = usual(base, target);
    let candidates = Candidates::new(base, target, Room::all(base), effort.level, &scanned);
    let mut all = vec![scanned];
    all.extend(candidates.by(Measure::Adaptive, effort.threads()));
    let patches = parallel::map(effort.threads(), &all, |stretches| {
        bsdiff_format::write(base, target, stretches, format)
    });
    let bytes = smallest(patches)?;
    let applied = bsdiff_format::apply(base, &bytes, &everything())?;
    checked(Written { bytes, notes: Vec::new() }, &applied, target)
}

/// One pair of images, and what to make of it.
#[derive(Clone, Copy)]
struct Job<'a> {
    base: &'a [u8],
    target: &'a [u8],
    shape: Shape<'a>,
    effort: Effort,
}

/// Longest image: prices of all of it, in bits, then fit into 32 bits.
const MAX_IMAGE: usize = 256 << 20;

fn limit(images: [&[u8]; 2]) -> Result<(), Error> {
    match images.iter().map(|image| image.len()).find(|&len| len > MAX_IMAGE) {
        Some(found) => Err(Error::TargetLength { expected: MAX_IMAGE as u64, found: found as u64 }),
        None => Ok(()),
    }
}

impl Job<'_> {
    fn write(self, codec: Codec) -> Result<Written, Error> {
        limit([self.base, self.target])?;
        let scanned = self.scanned()?;
        let room = match self.shape {
            Shape::Sequential => Room::all(self.base),
            Shape::InPlace(place) => Room::in_place(place),
        };
        let level = self.effort.level;
        let candidates = Candidates::new(self.base, self.target, room, level, &scanned.stretches);
        let threads = self.effort.threads();
        let measure = match codec {
            Codec::None | Codec::Lzma(_) | Codec::LzmaAuto => Measure::Adaptive,
            Codec::Crle => Measure::Runs,
            Codec::Heatshrink(parameters) => Measure::Window(parameters),
            Codec::HeatshrinkAuto { window } => Measure::Window(widest(window)),
        };
        let mut deltas = vec![scanned.delta];
        for stretches in candidates.by(measure, threads) {
            deltas.push(self.delta(&stretches)?);
        }
        let (coded, notes) = self.encode(codec, &deltas)?;
        let bytes = match self.shape {
            Shape::Sequential => {
                detools::sequential::wrap(&coded.delta, self.target.len(), &coded.encoding)?
            }
            Shape::InPlace(place) => detools::in_place::wrap(&coded.delta, place, &coded.encoding)?,
        };
        let applied = detools::apply(self.base, &bytes, &everything())?;
        checked(Written { bytes, notes }, &applied, self.target)
    }

    /// The alignment that detools takes. In place, detools aligns each segment on its own.
    fn scanned(self) -> Result<Scanned, Error> {
        match self.shape {
            Shape::Sequential => {
                let stretches = usual(self.base, self.target);
                let delta = self.delta(&stretches)?;
                Ok(Scanned { stretches, delta })
            }
            Shape::InPlace(place) => {
                let segments = detools::in_place::segments(self.base, self.target, place)?;
                let found = parallel::map(self.effort.threads(), &segments, |segment| {
                    usual(segment.base, segment.target)
                });
                let mut stretches = Vec::new();
                let mut delta = Vec::new();
                for (segment, found) in segments.iter().zip(found) {
                    delta.extend(detools::delta(segment.base, segment.target, &found, 0));
                    stretches.extend(found.into_iter().map(|stretch| Stretch {
                        target: stretch.target + segment.target_offset,
                        base: stretch.base + segment.base_offset,
                        len: stretch.len,
                    }));
                }
                Ok(Scanned { stretches, delta })
            }
        }
    }

    /// The bytes that an alignment makes, before they are coded.
    fn delta(self, stretches: &[Stretch]) -> Result<Vec<u8>, Error> {
        match self.shape {
            Shape::Sequential => Ok(detools::delta(self.base, self.target, stretches, 0)),
            Shape::InPlace(place) => {
                let segments = detools::in_place::segments(self.base, self.target, place)?;
                let delta = |segment: &detools::in_place::Segment<'_>| {
                    detools::delta(segment.base, segment.target, &within(stretches, segment), 0)
                };
                Ok(segments.iter().flat_map(delta).collect())
            }
        }
    }

    /// The delta and the parameters that give the smallest patch.
    fn encode(self, codec: Codec, deltas: &[Vec<u8>]) -> Result<(Coded, Vec<String>), Error> {
        match codec {
            Codec::None => {
                // Whoever takes no codec has one behind it: what compresses best, but no more bytes than usual.
                let most = deltas.first().map_or(0, Vec::len);
                let short: Vec<Vec<u8>> =
                    deltas.iter().filter(|delta| delta.len() <= most).cloned().collect();
                let trial = Encoding::Lzma(lzma::Parameters::default(), lzma::Search::GOOD);
                let best = self.best(&[trial], &short)?;
                Ok((Coded { encoding: Encoding::None, ..best }, Vec::new()))
            }
            Codec::Crle => Ok((self.best(&[Encoding::Crle], deltas)?, Vec::new())),
            Codec::Heatshrink(parameters) => {
                let best = self.best(&[Encoding::Heatshrink(parameters)], deltas)?;
                Ok((best, vec![heatshrink_note(parameters)]))
            }
            Codec::HeatshrinkAuto { window } => self.heatshrink_auto(window, deltas),
            Codec::Lzma(parameters) => {
                let best = self.lzma(&[parameters.check()?], deltas)?;
                Ok((best, vec![lzma_note(parameters)]))
            }
            Codec::LzmaAuto => {
                let len = deltas.iter().map(Vec::len).max().unwrap_or(0) as u64;
                let dictionary = lzma::Parameters::dictionary_for(len);
                let contexts = [(3, 0), (0, 0), (1, 0), (2, 0), (4, 0), (0, 1), (0, 2), (2, 1)];
                let parameters: Vec<lzma::Parameters> = contexts
                    .into_iter()
                    .flat_map(|(lc, lp)| [0, 1, 2].map(|pb| (lc, lp, pb)))
                    .map(|(lc, lp, pb)| lzma::Parameters { lc, lp, pb, dictionary })
                    .collect();
                let best = self.lzma(&parameters, deltas)?;
                let notes = match best.encoding {
                    Encoding::Lzma(parameters, _) => vec![lzma_note(parameters)],
                    _ => Vec::new(),
                };
                Ok((best, notes))
            }
        }
    }

    fn heatshrink_auto(
        self,
        window: u64,
        deltas: &[Vec<u8>],
    ) -> Result<(Coded, Vec<String>), Error> {
        let widest = widest(window);
        let mut encodings = Vec::new();
        for window in *heatshrink::Parameters::WINDOWS.start()..=widest.window() {
            for lookahead in 3..window {
                let parameters = heatshrink::Parameters::new(window, lookahead)?;
                encodings.push(Encoding::Heatshrink(parameters));
            }
        }
        let best = self.best(&encodings, deltas)?;
        let notes = match best.encoding {
            Encoding::Heatshrink(parameters) => vec![heatshrink_note(parameters)],
            _ => Vec::new(),
        };
        Ok((best, notes))
    }

    /// All parameters on all deltas with one search, then all searches on the best.
    fn lzma(self, parameters: &[lzma::Parameters], deltas: &[Vec<u8>]) -> Result<Coded, Error> {
        let with =
            |search| move |&parameters: &lzma::Parameters| Encoding::Lzma(parameters, search);
        let good = with(lzma::Search::GOOD);
        let first: Vec<Encoding> = parameters.iter().take(1).map(good).collect();
        let best = self.best(&first, deltas)?;
        let others: Vec<Encoding> = parameters.iter().map(good).collect();
        let best = self.best(&others, &[best.delta])?;
        let Encoding::Lzma(chosen, _) = best.encoding else { return Ok(best) };
        let searches: Vec<Encoding> =
            lzma::Search::ALL.into_iter().map(|search| with(search)(&chosen)).collect();
        let last = self.best(&searches, &[best.delta])?;
        // What detools would have written, with its alignment and the settings of liblzma's sixth preset.
        let usual = [Encoding::Lzma(parameters[0], lzma::Search::USUAL)];
        let usual = self.best(&usual, deltas.get(..1).unwrap_or(&[]))?;
        Ok(if usual.len < last.len { usual } else { last })
    }

    fn best(self, encodings: &[Encoding], deltas: &[Vec<u8>]) -> Result<Coded, Error> {
        let jobs: Vec<(Encoding, &Vec<u8>)> = encodings
            .iter()
            .flat_map(|&encoding| deltas.iter().map(move |delta| (encoding, delta)))
            .collect();
        let lengths = parallel::map(self.effort.threads(), &jobs, |(encoding, delta)| {
            encoding.encode(delta).map(|coded| coded.len())
        });
        let mut best: Option<(usize, usize)> = None;
        for (index, len) in lengths.into_iter().enumerate() {
            let len = len?;
            if best.is_none_or(|(_, least)| len < least) {
                best = Some((index, len));
            }
        }
        let (index, len) = best.unwrap_or((0, 0));
        let (encoding, delta) = jobs.get(index).map_or_else(
            || (Encoding::None, Vec::new()),
            |&(encoding, delta)| (encoding, delta.clone()),
        );
        Ok(Coded { encoding, delta, len })
    }
}

/// detools' alignment, and its delta.
struct Scanned {
    stretches: Vec<Stretch>,
    delta: Vec<u8>,
}

/// A delta, how it is best coded, and the bytes that takes.
struct Coded {
    encoding: Encoding,
    delta: Vec<u8>,
    len: usize,
}

/// The widest window of at most so many bytes, with its longest copies.
fn widest(window: u64) -> heatshrink::Parameters {
    let windows = heatshrink::Parameters::WINDOWS.rev();
    let fits = |&bits: &u8| 1u64 << bits <= window;
    let bits = windows.into_iter().find(fits).unwrap_or(*heatshrink::Parameters::WINDOWS.start());
    heatshrink::Parameters::new(bits, bits - 1).unwrap_or(heatshrink::Parameters::DEPLOYED)
}

fn heatshrink_note(parameters: heatshrink::Parameters) -> String {
    let deployed = if parameters == heatshrink::Parameters::DEPLOYED {
        ", which deployed appliers are compiled for"
    } else {
        ": build its heatshrink decoder with these"
    };
    format!(
        "the device's decoder needs a heatshrink window of {} bits and a lookahead of {} bits{deployed}",
        parameters.window(),
        parameters.lookahead()
    )
}

fn lzma_note(parameters: lzma::Parameters) -> String {
    format!(
        "the device's decoder needs an LZMA dictionary of {} bytes and {} bytes for probabilities; \
         a smaller dictionary is chosen with lzma:lc,lp,pb,dict or lzma:auto",
        parameters.dictionary,
        parameters.model_bytes()
    )
}

fn smallest(patches: Vec<Result<Vec<u8>, Error>>) -> Result<Vec<u8>, Error> {
    let patches: Result<Vec<Vec<u8>>, Error> = patches.into_iter().collect();
    Ok(patches?.into_iter().min_by_key(Vec::len).unwrap_or_default())
}

fn everything() -> Limits {
    Limits { target_len: u64::MAX, window: u64::MAX }
}

/// Hands out only what gives the target.
fn checked(written: Written, applied: &[u8], target: &[u8]) -> Result<Written, Error> {
    if applied == target {
        return Ok(written);
    }
    Err(Error::SelfCheck)
}

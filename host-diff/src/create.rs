//! Two images in, a patch out.

use crate::budget::{Budget, LEAST_RAM};
use crate::digest::sha256;
use crate::encode::{self, Effort, Frame};
use crate::estimate;
use crate::image::{FlatImage, Region};
use crate::in_place::{self, Slot, SlotError};
use crate::layout::Layout;
use crate::resume::Resume;
use crate::self_digest::Stripped;
use core::fmt;
use core::num::NonZeroUsize;
use core::str::FromStr;
use patcher_core::Header;
use patcher_core::container::header::Kind;
use std::thread::available_parallelism;

/// How a patch is to be made. `Default` is what the command line does without options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// RAM that applying may take, bytes; see [`Header::ram_bytes`].
    pub ram: u32,
    /// Effort, 1 (fast) to 9 (exhaustive).
    pub level: u8,
    /// Load address of the base's first byte, if known.
    pub base_address: Option<u32>,
    /// Load address of the target's first byte, if known.
    pub target_address: Option<u32>,
    /// Regions of the base, if it is not loaded as one; they must cover it.
    pub base_regions: Option<Vec<Region>>,
    /// Regions of the target, if it is not loaded as one; they must cover it.
    pub target_regions: Option<Vec<Region>>,
    /// References to predict; `None` detects them.
    pub isa: Option<IsaChoice>,
    /// What the patch offers to a device that loses power.
    pub resume: Resume,
    /// The slot of a device that overwrites its base; `None` for one that writes the target to a slot of its own. Unless
    /// `resume` names an epoch, one is chosen.
    pub in_place: Option<Slot>,
    /// Whether whoever applies the patch reckons digests that the target holds of itself, so that the patch need not bring them.
    /// An applier without the feature `self-digests` refuses a patch that counts on it.
    pub self_digests: bool,
    /// Threads that may work at the same time, which changes no byte; `None` takes what the machine has, up to four.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ram: 16 * 1024,
            level: DEFAULT_LEVEL,
            base_address: None,
            target_address: None,
            base_regions: None,
            target_regions: None,
            isa: None,
            resume: Resume::default(),
            in_place: None,
            self_digests: true,
            threads: None,
        }
    }
}

/// The level that sizes and times are quoted at.
pub const DEFAULT_LEVEL: u8 = 6;

/// References that a patch predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsaChoice {
    /// None.
    None,
    /// Aligned 32-bit little-endian pointers.
    Pointers,
    /// Pointers, branches of Thumb code, and addresses that it makes.
    Thumb,
    /// The same of 32-bit Arm code.
    A32,
    /// The same of 64-bit Arm code.
    AArch64,
    /// The same of 32-bit RISC-V code.
    RiscV,
    /// The same of little-endian Xtensa code, and loads of its literals.
    Xtensa,
    /// Aligned 32-bit big-endian pointers.
    BigPointers,
    /// Like `A32`, with big-endian data.
    A32Big,
    /// Big-endian Xtensa code.
    XtensaBig,
    /// 64-bit RISC-V code.
    RiscV64,
    /// Branches of AVR code, and addresses of data in it.
    Avr,
}

impl IsaChoice {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Pointers,
        Self::Thumb,
        Self::A32,
        Self::AArch64,
        Self::RiscV,
        Self::Xtensa,
        Self::BigPointers,
        Self::A32Big,
        Self::XtensaBig,
        Self::RiscV64,
        Self::Avr,
    ];

    /// The number in the header.
    #[must_use]
    pub fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Pointers => 1,
            Self::Thumb => 2,
            Self::A32 => 3,
            Self::AArch64 => 4,
            Self::RiscV => 5,
            Self::Xtensa => 6,
            Self::BigPointers => 7,
            Self::A32Big => 8,
            Self::XtensaBig => 9,
            Self::RiscV64 => 10,
            Self::Avr => 11,
        }
    }

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pointers => "pointers",
            Self::Thumb => "thumb",
            Self::A32 => "a32",
            Self::AArch64 => "aarch64",
            Self::RiscV => "riscv",
            Self::Xtensa => "xtensa",
            Self::BigPointers => "pointers-be",
            Self::A32Big => "a32-be8",
            Self::XtensaBig => "xtensa-be",
            Self::RiscV64 => "riscv64",
            Self::Avr => "avr",
        }
    }
}

impl fmt::Display for IsaChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IsaChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|isa| isa.name() == name).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("expected auto or one of {}, found {name:?}", names.join(", "))
        })
    }
}

/// A finished patch, and what it assumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// Length of the header in bytes.
    pub header_len: usize,
    /// References that are predicted.
    pub isa: IsaChoice,
    /// Load address of the base, if it is used.
    pub base_address: Option<u32>,
    /// Load address of the target, if it is used.
    pub target_address: Option<u32>,
    /// SHA-256 of the base; `None` for a full image.
    pub base_sha256: Option<[u8; 32]>,
    /// SHA-256 of the target.
    pub target_sha256: [u8; 32],
    /// What was assumed, for the user.
    pub notes: Vec<String>,
}

impl Patch {
    /// RAM that applying takes, bytes.
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        self.header.ram_bytes()
    }
}

/// Why no patch was made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateError {
    /// The budget is below what any patch needs.
    #[error("expected a RAM budget of at least {least} bytes, found {found}")]
    Ram {
        /// Least possible budget.
        least: usize,
        /// The budget asked for.
        found: u32,
    },
    /// The level does not exist.
    #[error("expected a level of 1 to 9, found {found}")]
    Level {
        /// The level asked for.
        found: u8,
    },
    /// An image is too large for 32-bit offsets.
    #[error("the {image} image has {found} bytes, more than the format's limit of 1 GiB")]
    TooLarge {
        /// Which image.
        image: String,
        /// Its length.
        found: usize,
    },
    /// Given regions do not fit their image.
    #[error("the regions of the {image} image do not cover it exactly, or are too many, or wrap")]
    Regions {
        /// Which image.
        image: String,
    },
    /// There is no in-place patch for the slot.
    #[error(transparent)]
    Slot(#[from] SlotError),
    /// The patch did not decode to the target: nothing was written.
    #[error("self-check failed: {0}; please report this with both images")]
    SelfCheck(String),
}

/// Largest image: offsets and copy distances then stay far from wrapping.
const MAX_IMAGE: usize = 1 << 30;

/// Makes the smallest patch of `options` that turns `base` into `target`: a delta, or the full image
/// when that is smaller. The patch has been decoded and compared before it is returned.
///
/// Deterministic: equal input gives equal bytes.
///
/// # Errors
/// See [`CreateError`]; nothing is returned that does not decode to `target`.
pub fn create(
    base: &FlatImage,
    target: &FlatImage,
    options: &Options,
) -> Result<Patch, CreateError> {
    brought_if_wrong(options, |options| smallest(base, target, options))
}

/// The patch that `make` makes. Who fails its self-check for a bug in what is left out gets one that leaves nothing out, and is told.
fn brought_if_wrong(
    options: &Options,
    make: impl Fn(&Options) -> Result<Patch, CreateError>,
) -> Result<Patch, CreateError> {
    match make(options) {
        Err(CreateError::SelfCheck(why)) if options.self_digests => {
            let mut patch = make(&Options { self_digests: false, ..options.clone() })?;
            patch.notes.push(format!(
                "no digest of the target is left out, because that failed: {why}; please report this with both images"
            ));
            Ok(patch)
        }
        made => made,
    }
}

fn smallest(base: &FlatImage, target: &FlatImage, options: &Options) -> Result<Patch, CreateError> {
    check(options)?;
    limit("base", &base.bytes)?;
    limit("target", &target.bytes)?;
    let layout = Layout::of_pair(base, target, options)?;
    let alone = layout.sure && !layout.doubtful(options);
    let stripped = strip(&base.bytes, &target.bytes, options);
    let frame = frame(&layout, &stripped, options)?;
    if let Some(slot) = options.in_place {
        let (delta, layout) = in_place_delta(&base.bytes, frame, alone, slot)?;
        return finished(base, target, delta, &layout);
    }
    let (delta, mut layout) = smallest_delta(&base.bytes, frame, alone)?;
    let delta_len = delta.as_ref().map_or(usize::MAX, encode::Encoded::len);
    layout.notes.extend(no_marks(target.bytes.len(), options.resume));
    let full_may_win = options.level >= EXHAUSTIVE_LEVEL
        || target.bytes.len() < SMALL
        || estimate::compressed_len(&target.bytes) / 3 * 2 < delta_len;
    // A tie goes to the delta: the limit is not reached by equal length.
    if full_may_win && let Some(mut patch) = full(target, options, delta_len)? {
        self_check(&[], &target.bytes, &patch)?;
        patch.notes.push("the full image is smaller than any delta: base not needed".to_owned());
        return Ok(patch);
    }
    finished(base, target, delta, &layout)
}

fn strip(base: &[u8], target: &[u8], options: &Options) -> Stripped {
    if options.self_digests { Stripped::new(base, target) } else { Stripped::none(target) }
}

/// What of `options` the encoder works with, for two slots.
fn frame<'a>(
    layout: &'a Layout,
    target: &'a Stripped,
    options: &Options,
) -> Result<Frame<'a>, CreateError> {
    let (budget, effort) = check(options)?;
    Ok(Frame { layout, target, budget, effort, resume: options.resume, in_place: None })
}

/// The patch with `delta`, checked.
fn finished(
    base: &FlatImage,
    target: &FlatImage,
    delta: Option<encode::Encoded>,
    layout: &Layout,
) -> Result<Patch, CreateError> {
    let delta = delta.ok_or_else(|| CreateError::SelfCheck("no patch was made".to_owned()))?;
    let patch = finish(delta, layout, Some(sha256(&base.bytes)), sha256(&target.bytes));
    self_check(&base.bytes, &target.bytes, &patch)?;
    Ok(patch)
}

/// The smallest delta for a slot, over all epochs that are worth a try.
fn in_place_delta(
    base: &[u8],
    frame: Frame<'_>,
    alone: bool,
    slot: Slot,
) -> Result<(Option<encode::Encoded>, Layout), CreateError> {
    let word = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let target_len = word(frame.target.bytes.len());
    let geometry = slot.geometry(word(base.len()), target_len)?;
    let mut best: (Option<encode::Encoded>, Layout) = (None, frame.layout.clone());
    for (resume, in_place) in in_place::ways(geometry, target_len, frame.resume)? {
        let frame = Frame { resume, in_place: Some(in_place), ..frame };
        let (delta, layout) = smallest_delta(base, frame, alone)?;
        let len = |delta: &Option<encode::Encoded>| delta.as_ref().map(encode::Encoded::len);
        if len(&best.0).is_none_or(|least| len(&delta).is_some_and(|len| len < least)) {
            best = (delta, layout);
        }
    }
    Ok(best)
}

/// What to say if marks are wanted and there will be none.
fn no_marks(target_len: usize, resume: Resume) -> Option<String> {
    let wanted = match resume {
        Resume::Redecode => return None,
        Resume::Snapshot(epoch) | Resume::Reset(epoch) => epoch,
    };
    resume.epoch(target_len).is_none().then(|| {
        format!("the target ends before the first restart mark, at {wanted}: the patch has none")
    })
}

/// From this level on the full image is tried even where it has hardly a chance.
const EXHAUSTIVE_LEVEL: u8 = 7;

/// A target of fewer bytes takes no time.
const SMALL: usize = 16 << 10;

/// The smallest delta, and the layout it is for: that of `frame`, or none if that may be better than it `alone`.
fn smallest_delta(
    base: &[u8],
    frame: Frame<'_>,
    alone: bool,
) -> Result<(Option<encode::Encoded>, Layout), CreateError> {
    let layout = frame.layout;
    let best = encode::delta(base, frame, usize::MAX)?;
    if alone {
        return Ok((best, layout.clone()));
    }
    let none = Layout { notes: layout.notes.clone(), ..Layout::none() };
    let limit = best.as_ref().map_or(usize::MAX, encode::Encoded::len);
    Ok(match encode::delta(base, Frame { layout: &none, ..frame }, limit)? {
        Some(smaller) => (Some(smaller), none),
        None => (best, layout.clone()),
    })
}

/// Makes the full-image form of `target`: no base is needed to apply it.
///
/// # Errors
/// See [`CreateError`].
pub fn create_full(target: &FlatImage, options: &Options) -> Result<Patch, CreateError> {
    check(options)?;
    limit("target", &target.bytes)?;
    brought_if_wrong(options, |options| {
        let patch = full(target, options, usize::MAX)?
            .ok_or_else(|| CreateError::SelfCheck("no patch was made".to_owned()))?;
        self_check(&[], &target.bytes, &patch)?;
        Ok(patch)
    })
}

/// The full-image form of `target` if it takes less than `limit` bytes, not checked yet.
fn full(target: &FlatImage, options: &Options, limit: usize) -> Result<Option<Patch>, CreateError> {
    let mut layout = Layout::of_full(target, options)?;
    layout.notes.extend(no_marks(target.bytes.len(), options.resume));
    let stripped = strip(&[], &target.bytes, options);
    let full = encode::full(frame(&layout, &stripped, options)?, limit)?;
    Ok(full.map(|full| finish(full, &layout, None, sha256(&target.bytes))))
}

fn check(options: &Options) -> Result<(Budget, Effort), CreateError> {
    let budget = Budget::new(options.ram)
        .ok_or(CreateError::Ram { least: LEAST_RAM, found: options.ram })?;
    let effort =
        Effort::of_level(options.level).ok_or(CreateError::Level { found: options.level })?;
    // Each thread has a sorted image of its own in memory.
    let threads = options.threads.or_else(|| available_parallelism().ok()).map_or(1, |threads| {
        if options.threads.is_some() { threads.get() } else { threads.get().min(4) }
    });
    Ok((budget, effort.on(threads)))
}

fn limit(image: &str, bytes: &[u8]) -> Result<(), CreateError> {
    if bytes.len() > MAX_IMAGE {
        return Err(CreateError::TooLarge { image: image.to_owned(), found: bytes.len() });
    }
    Ok(())
}

/// Fills in the digests and puts header and body together.
fn finish(
    encoded: encode::Encoded,
    layout: &Layout,
    base_sha256: Option<[u8; 32]>,
    target_sha256: [u8; 32],
) -> Patch {
    let mut header = encoded.header;
    if let Some(digest) = base_sha256 {
        let len = header.base_digest.len();
        header.base_digest.copy_from_slice(&digest[..len]);
    }
    let len = header.target_digest.len();
    header.target_digest.copy_from_slice(&target_sha256[..len]);
    let bytes = patcher_core::container::writer::join(&header, &encoded.body);
    let header_len = bytes.len() - encoded.body.len();
    if let Some(slot) = &mut header.in_place
        && let Some(&check) = bytes[..header_len].last_chunk()
    {
        slot.check = u32::from_le_bytes(check);
    }
    let delta = header.kind == Kind::Delta;
    let first = |regions: &patcher_core::container::region::Regions| {
        regions.iter().next().map(|region| region.address)
    };
    Patch {
        bytes,
        header,
        header_len,
        isa: layout.isa,
        base_address: first(&layout.base).filter(|_| delta),
        target_address: first(&layout.target),
        base_sha256,
        target_sha256,
        notes: layout.notes.clone(),
    }
}

/// Decodes the patch with the real decoder, as a device would.
fn self_check(base: &[u8], target: &[u8], patch: &Patch) -> Result<(), CreateError> {
    let decoded = crate::apply::apply(base, &patch.bytes)
        .map_err(|error| CreateError::SelfCheck(error.to_string()))?;
    if decoded == target {
        Ok(())
    } else {
        Err(CreateError::SelfCheck("the decoded image differs from the target".to_owned()))
    }
}

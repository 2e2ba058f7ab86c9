//! Writes down a target op by op, and encodes exactly that.

use patcher_core::container::header::{BASE_DIGEST_BYTES, Header, Kind, TARGET_DIGEST_BYTES};
use patcher_core::container::region::Regions;
use patcher_core::container::self_digest::{Kind as Digested, SelfDigest, SelfDigests};
use patcher_core::container::writer;
use patcher_core::encode::{Copy, Diff, Plan, encode};
use patcher_core::reference::map::Entry;
use patcher_core::reference::{self, NO_ISA, thumb};
use patcher_core::stream::MIN_COPY;
use rig::plan::filled;
use sha2::{Digest, Sha256};

/// Where the images of these tests are loaded.
pub(crate) const ADDRESS: u32 = 0x0800_0000;

/// Bytes that look like nothing.
pub(crate) fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x.to_le_bytes()[2]
    };
    (0..len).map(|_| next()).collect()
}

/// What a patch is made with, beside the ops.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) kind: Kind,
    pub(crate) isa: u8,
    /// Log2 of the distance of restart marks, 0 for none.
    pub(crate) epoch_log2: u8,
    /// Whether marks reset the model.
    pub(crate) reset: bool,
    /// Whether the target holds digests of itself: a SHA-256 in its last tenth, a CRC-32 at its end.
    pub(crate) reckons: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { kind: Kind::Delta, isa: NO_ISA, epoch_log2: 0, reset: false, reckons: false }
    }
}

impl Options {
    /// With references of Thumb code.
    pub(crate) fn thumb() -> Self {
        Self { isa: reference::Isa::id(&thumb::Thumb), reckons: true, ..Self::default() }
    }
}

/// A target being written down.
pub(crate) struct Script {
    options: Options,
    base: Vec<u8>,
    target: Vec<u8>,
    plan: Plan,
}

/// Both images and the patch between them.
#[derive(Clone)]
pub(crate) struct Patch {
    pub(crate) header: Header,
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) header_len: usize,
}

fn u(value: usize) -> u32 {
    u32::try_from(value).expect("images are small")
}

impl Script {
    pub(crate) fn new(base: &[u8], options: Options) -> Self {
        let plan = Plan { reset: options.reset, ..Plan::default() };
        Self { options, base: base.to_vec(), target: Vec::new(), plan }
    }

    /// A diff against `len` base bytes from `base` on; every `change`-th byte differs.
    pub(crate) fn diff(mut self, base: usize, len: usize, change: usize) -> Self {
        for (mut from, mut len) in self.pieces(base, len) {
            // An op that starts on a mark needs an extra: without one the mark is never passed.
            if self.at_mark() {
                self.target.push(self.base[from]);
                (from, len) = (from + 1, len - 1);
            }
            if len == 0 {
                continue;
            }
            self.plan.diffs.push(Diff { target: u(self.target.len()), base: u(from), len: u(len) });
            for &byte in &self.base[from..from + len] {
                let flip = u8::from(change > 0 && self.target.len().is_multiple_of(change));
                self.target.push(byte ^ flip);
            }
        }
        self
    }

    pub(crate) fn literal(mut self, bytes: &[u8]) -> Self {
        self.target.extend(bytes);
        self
    }

    pub(crate) fn copy_base(mut self, base: usize, len: usize) -> Self {
        for (from, len) in self.pieces(base, len) {
            self.copy(from, len, true);
            self.target.extend(&self.base[from..from + len]);
        }
        self
    }

    /// A copy from `distance` bytes back in the target; it may overlap itself.
    pub(crate) fn copy_back(mut self, distance: usize, len: usize) -> Self {
        let start = self.target.len();
        for (from, len) in self.pieces(start - distance, len) {
            self.copy(from, len, false);
            (from..from + len).for_each(|at| self.target.push(self.target[at]));
        }
        self
    }

    /// An entry of the address map, by offsets.
    pub(crate) fn moves(mut self, base: usize, target: usize) -> Self {
        let entry = Entry { base: ADDRESS + u(base), target: ADDRESS + u(target) };
        self.plan.map.push(entry);
        self
    }

    fn copy(&mut self, source: usize, len: usize, from_base: bool) {
        assert!(u(len) >= MIN_COPY, "a restart mark leaves a copy of {len} bytes");
        let target = u(self.target.len());
        self.plan.copies.push(Copy { target, len: u(len), from_base, source: u(source) });
    }

    fn at_mark(&self) -> bool {
        let at = self.target.len();
        self.options.epoch_log2 > 0 && at > 0 && at.is_multiple_of(1 << self.options.epoch_log2)
    }

    /// `len` source bytes from `from` on, parted where the target crosses a restart mark.
    fn pieces(&self, from: usize, len: usize) -> Vec<(usize, usize)> {
        let epoch = match self.options.epoch_log2 {
            0 => usize::MAX,
            log2 => 1 << log2,
        };
        let mut pieces = Vec::new();
        let mut done = 0;
        while done < len {
            let at = self.target.len() + done;
            let piece = (len - done).min(epoch - at % epoch);
            pieces.push((from + done, piece));
            done += piece;
        }
        pieces
    }

    pub(crate) fn build(self) -> Patch {
        let Self { options, base, target, plan } = self;
        let Options { kind, isa, epoch_log2, .. } = options;
        let addressed = isa != NO_ISA;
        let delta = kind == Kind::Delta;
        let regions = |image: &[u8], present: bool| match addressed && present {
            true => Regions::single(u(image.len()), ADDRESS),
            false => Regions::default(),
        };
        let mut header = Header {
            kind,
            isa,
            memory: 16,
            map_entries: u(plan.map.len()),
            base_len: if delta { u(base.len()) } else { 0 },
            target_len: u(target.len()),
            body_len: 0,
            epoch_log2,
            in_place: None,
            base_regions: regions(&base, delta),
            target_regions: regions(&target, true),
            base_digest: if delta { digest(&base) } else { [0; BASE_DIGEST_BYTES] },
            target_digest: [0; TARGET_DIGEST_BYTES],
            self_digests: if options.reckons {
                digests(target.len())
            } else {
                SelfDigests::default()
            },
        };
        let body = encode(&header, &reference::ALL, &base, &target, &plan).expect("a legal plan");
        let target = filled(&target, &header.self_digests);
        header.target_digest = digest(&target);
        header.body_len = u(body.len());
        let mut bytes = writer::write(&header);
        let header_len = bytes.len();
        bytes.extend(body);
        Patch { header, base, target, bytes, header_len }
    }
}

/// Those of a target of `len` bytes, in its last tenth; none if it is short.
pub(crate) fn digests(len: usize) -> SelfDigests {
    if len < 1_000 {
        return SelfDigests::default();
    }
    let (sha, crc) = (u(len - len / 10), u(len - 4));
    let list = [
        SelfDigest { kind: Digested::Sha256, at: sha, covered: sha - 7 },
        SelfDigest { kind: Digested::Crc32Big, at: crc, covered: crc },
    ];
    SelfDigests::new(&list).expect("in order")
}

fn digest<const N: usize>(image: &[u8]) -> [u8; N] {
    Sha256::digest(image)[..N].try_into().expect("a prefix")
}

impl Patch {
    /// A release of some size: moved and changed code, new bytes, copies near and far.
    pub(crate) fn release(options: Options) -> Self {
        let base = image(1, 150_000);
        let script = Script::new(&base, options)
            .diff(0, 40_000, 97)
            .literal(&noise(2, 500))
            .diff(40_000, 30_001, 0)
            .copy_base(100_003, 5_000)
            .literal(&noise(3, 75))
            .copy_back(1, 1_000)
            .copy_back(30, 37)
            .copy_back(33, 3)
            .copy_back(60_000, 7_000)
            .diff(69_000, 60_000, 1_009)
            .copy_back(3, 50);
        let moved = if options.isa == NO_ISA { script } else { script.moves(40_000, 40_500) };
        moved.build()
    }

    /// A few hundred bytes of patch, for tests that break each of its bits.
    pub(crate) fn small(options: Options) -> Self {
        let base = image(4, 3_000);
        let script = Script::new(&base, options)
            .diff(0, 1_200, 0)
            .literal(b"a few new bytes of the target")
            .diff(1_200, 1_000, 333)
            .copy_back(40, 100)
            .copy_back(2_000, 64)
            .copy_base(2_500, 300)
            .diff(2_200, 700, 0);
        let moved = if options.isa == NO_ISA { script } else { script.moves(1_200, 1_229) };
        moved.build()
    }

    pub(crate) fn target_len(&self) -> u32 {
        self.header.target_len
    }
}

/// Noise with pointers into itself, so that references are predicted.
fn image(seed: u32, len: usize) -> Vec<u8> {
    let mut image = noise(seed, len);
    for at in (0..len - 4).step_by(64) {
        let pointer = ADDRESS + u((at * 7) % len);
        image[at..at + 4].copy_from_slice(&pointer.to_le_bytes());
    }
    image
}

//! References in code and data, and where they lead after the update.
//!
//! A branch or a pointer that sits in aligned code changes when what it leads to has moved. The
//! decoder reads the base's reference, maps its target through the [`map`] (sent with the patch) or
//! the [`cache`] (learned on the way), and predicts the bytes that the target image must hold.

pub mod a32;
pub mod aarch64;
pub mod avr;
pub mod cache;
pub mod call;
pub mod halfword;
pub mod inside;
pub mod map;
pub mod pointer;
pub mod riscv;
pub mod thumb;
pub mod xtensa;

use crate::container::region::{Place, Regions};
use core::fmt;
use inside::Inside;

/// Longest reference, bytes.
pub const MAX_LEN: usize = 8;
/// How many bytes before an instruction may tell what it refers to.
pub const BEHIND: usize = 24;

/// What an image holds around a place: [`BEHIND`] bytes before it and [`MAX_LEN`] from there on; zeros where it has none.
pub type Around = [u8; BEHIND + MAX_LEN];

/// The bytes from the place on.
#[inline]
#[must_use]
pub fn ahead(around: &Around) -> [u8; MAX_LEN] {
    around.last_chunk().copied().unwrap_or_default()
}

/// A reference found in code: a branch, or instructions that make an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Address it leads to.
    pub target: u32,
    /// Bytes it occupies, 1..=[`MAX_LEN`].
    pub len: u8,
    /// How it says where that is.
    pub by: By,
}

/// How a reference says where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By a distance within a function, as a rule: it stays as it is where what it leads to moves as it does itself.
    Near,
    /// By a distance, to another function as a rule. It stays as it is as well.
    Far,
    /// By its address: it changes with that, however it moves itself.
    Address,
}

impl Branch {
    /// A reference by a short distance.
    #[must_use]
    pub const fn near(target: u32, len: u8) -> Self {
        Self { target, len, by: By::Near }
    }

    /// A reference by a distance.
    #[must_use]
    pub const fn far(target: u32, len: u8) -> Self {
        Self { target, len, by: By::Far }
    }

    /// A reference by an address.
    #[must_use]
    pub const fn address(target: u32, len: u8) -> Self {
        Self { target, len, by: By::Address }
    }
}

/// Where bytes of an image are loaded, and those of the other image that they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// Load address of the bytes.
    pub from: u32,
    /// Load address in the other image.
    pub to: u32,
    /// Whether both are in regions of code.
    pub code: bool,
    /// Bytes that may be looked at: as many are left of both regions, and of what is compared.
    pub left: u32,
    /// Load address of the first byte that is compared with what moves alike, and how many there are.
    pub compared: [u32; 2],
}

impl Site {
    /// The site of a place of each image, where `ahead` bytes are compared, and `behind` before them.
    #[must_use]
    pub fn of(from: Place, to: Place, behind: u32, ahead: u32) -> Self {
        Self {
            from: from.address,
            to: to.address,
            code: from.code && to.code,
            left: ahead.min(from.left).min(to.left),
            compared: [from.address.wrapping_sub(behind), behind.wrapping_add(ahead)],
        }
    }

    /// The site of a place of an image by itself: nothing is compared, so that every reference is one.
    #[must_use]
    pub fn alone(place: Place) -> Self {
        let Place { address, code, left } = place;
        Self { from: address, to: address, code, left, compared: [0; 2] }
    }

    /// The site `bytes` further on, of which there are as many left.
    #[must_use]
    pub fn after(self, bytes: u32) -> Self {
        Self {
            from: self.from.wrapping_add(bytes),
            to: self.to.wrapping_add(bytes),
            left: self.left.saturating_sub(bytes),
            ..self
        }
    }

    /// Whether `address` is among the bytes that are compared, which all move alike.
    #[inline]
    #[must_use]
    pub fn holds(&self, address: u32) -> bool {
        let [first, len] = self.compared;
        address.wrapping_sub(first) < len
    }
}

/// What the model must know of an instruction set.
///
/// Pointers (aligned 32-bit words into an image or into RAM) are found alike on every core that has
/// an `Isa`; what code refers to is its own, and which words of code only look like pointers.
pub trait Isa: Sync {
    /// Number in the header.
    fn id(&self) -> u8;
    /// What addresses of instructions are multiples of: 1, 2 or 4.
    fn unit(&self) -> u8;
    /// In which order the bytes of code are coded: the d-th is the one of index d ⊕ this. Most telling first.
    fn order(&self) -> u8;
    /// Whether data have their most significant byte first.
    fn big_endian(&self) -> bool {
        false
    }
    /// Whether `address` is RAM on parts of this core.
    fn is_ram(&self, address: u32) -> bool;
    /// Whether code may refer to `address` outside the image.
    fn reaches(&self, address: u32) -> bool {
        self.is_ram(address)
    }
    /// The reference that starts at `address` with `bytes`, if there is one.
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch>;
    /// `bytes` of a reference, now at `address`, led to `target`. A target out of reach wraps.
    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN];

    /// How many bytes before an instruction may tell what it refers to, at most [`BEHIND`].
    fn behind(&self) -> usize {
        0
    }
    /// The reference of an instruction at `address` that uses a register which one of the bytes before it has set. Its own bytes
    /// hold a part of where it leads, which is what [`Isa::retarget`] changes.
    fn user(&self, _around: &Around, _address: u32) -> Option<Branch> {
        None
    }

    /// Where in `bytes`, four at least, the first four begin that may be a call, at a multiple of [`Isa::unit`]: that lead to a
    /// function by distance, and go on doing so whatever their distance is. No call begins inside another. Without one: how many
    /// bytes have four behind them.
    fn call(&self, bytes: &[u8]) -> usize {
        bytes.len().saturating_sub(call::LEN - 1)
    }
    /// The call with `by` bytes more in its distance, wrapping within its field, or as many times `by` as leave it a call.
    fn lengthen(&self, bytes: [u8; call::LEN], _by: u32) -> [u8; call::LEN] {
        bytes
    }

    /// Follows the instructions of an extra over the `bytes` that come next in it. Without what tells where they begin: nothing.
    fn follow(&self, _inside: &mut Inside, _bytes: &[u8]) {}

    /// The data word that `bytes` start with.
    fn word(&self, bytes: [u8; MAX_LEN]) -> u32 {
        let [a, b, c, d, ..] = bytes;
        let word = u32::from_le_bytes([a, b, c, d]);
        if self.big_endian() { word.swap_bytes() } else { word }
    }

    /// A data word as bytes, zeros behind it.
    fn bytes_of(&self, word: u32) -> [u8; MAX_LEN] {
        let word = if self.big_endian() { word.swap_bytes() } else { word };
        let [a, b, c, d] = word.to_le_bytes();
        [a, b, c, d, 0, 0, 0, 0]
    }

    /// What an image holds at `site`; `regions` are those of that image.
    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found;

    /// How many of `bytes` behind the first [`BEHIND`] are units that lead nowhere, up to the first that may lead somewhere: all of
    /// them [`Found::Plain`] by [`Isa::find`]. The last seven of `bytes` begin no unit.
    fn plain(&self, bytes: &[u8], site: &Site, regions: &Regions) -> usize {
        let mut done = 0u32;
        while done < site.left
            && let Some(around) = bytes.get(done as usize..).and_then(<[u8]>::first_chunk)
            && let Found::Plain(len) = self.find(around, &site.after(done), regions)
        {
            done += u32::from(len);
        }
        done as usize
    }
}

/// What only [`find`] must know of an instruction set: in no table of methods, which a device would have whole.
trait Forms: Isa {
    /// Bytes of code that are predicted at once where `bytes` start with no reference, 1..=4.
    fn len(&self, bytes: [u8; MAX_LEN]) -> u8;
    /// Whether a function starts with `bytes`, told from data before it; only asked where addresses may be odd.
    fn starts(&self, _bytes: [u8; MAX_LEN]) -> bool {
        false
    }
    /// Whether a reference counts that leads out of the image.
    fn leaves(&self, branch: &Branch) -> bool {
        self.reaches(branch.target)
    }
    /// Whether what in code looks like a pointer is none, by what is around it.
    fn is_code(&self, _around: &Around) -> bool {
        false
    }
}

/// The pointer that `bytes` start with.
fn pointer(isa: &impl Forms, bytes: [u8; MAX_LEN], regions: &Regions) -> Option<Found> {
    let word = isa.word(bytes);
    if regions.contains(word) {
        Some(Found::Pointer(word))
    } else {
        isa.is_ram(word).then_some(Found::RamPointer(word))
    }
}

/// What [`Isa::find`] finds.
fn find(isa: &impl Forms, around: &Around, site: &Site, regions: &Regions) -> Found {
    let Site { from, to, code, left, .. } = *site;
    let bytes = ahead(around);
    let both = from | to;
    if left >= 4
        && both & 3 == 0
        && let Some(pointer) = pointer(isa, bytes, regions)
        && !(code && isa.is_code(around))
    {
        return pointer;
    }
    if !code || both & u32::from(isa.unit().wrapping_sub(1)) != 0 {
        return Found::Plain(1);
    }
    // A pointer or a function is no part of an instruction that seems to begin before it.
    let ahead = 4 - (from & 3);
    if isa.unit() == 1
        && ahead < 3
        && left >= ahead + 4
        && from & 3 == to & 3
        && (isa.starts(skip(bytes, ahead)) || pointer(isa, skip(bytes, ahead), regions).is_some())
    {
        return Found::Plain(1);
    }
    if let Some(branch) = isa.branch(bytes, from).or_else(|| isa.user(around, from))
        && left >= u32::from(branch.len)
    {
        if branch.by != By::Address && site.holds(branch.target) {
            // No unit of code is longer.
            return Found::Plain(branch.len.min(4));
        }
        if regions.contains(branch.target) || isa.leaves(&branch) {
            return Found::Branch(branch);
        }
    }
    let len = isa.len(bytes);
    Found::Plain(if left >= u32::from(len) { len } else { 1 })
}

/// Not by `Debug` of each instruction set, which every device would have in its table.
impl fmt::Debug for dyn Isa + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Isa").field(&self.id()).finish()
    }
}

/// What is at a place of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing that leads anywhere, and how many bytes of it are one unit.
    Plain(u8),
    /// A reference in code.
    Branch(Branch),
    /// A data word that leads into the image.
    Pointer(u32),
    /// A data word that leads into RAM.
    RamPointer(u32),
}

impl Found {
    /// Bytes it takes, 1..=[`MAX_LEN`].
    #[must_use]
    pub fn len(&self) -> u8 {
        match *self {
            Self::Plain(len) | Self::Branch(Branch { len, .. }) => len,
            Self::Pointer(_) | Self::RamPointer(_) => 4,
        }
    }

    /// Whether it takes no bytes: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address it leads to.
    #[must_use]
    pub fn target(&self) -> Option<u32> {
        match *self {
            Self::Plain(_) => None,
            Self::Branch(Branch { target, .. })
            | Self::Pointer(target)
            | Self::RamPointer(target) => Some(target),
        }
    }
}

/// Every instruction set of this version, in the order of their numbers.
///
/// A device passes a shorter list to the decoder, so that the linker drops the others.
pub const ALL: [&dyn Isa; 11] = [
    &pointer::Pointers::<false>,
    &thumb::Thumb,
    &a32::A32::<false>,
    &aarch64::AArch64,
    &riscv::RiscV::<32>,
    &xtensa::Xtensa::<false>,
    &pointer::Pointers::<true>,
    &a32::A32::<true>,
    &xtensa::Xtensa::<true>,
    &riscv::RiscV::<64>,
    &avr::Avr,
];

/// The number that stands for "no references".
pub const NO_ISA: u8 = 0;

/// The low `bits` bits of `value` with their sign, `bits` in 1..=32.
#[inline]
pub(crate) fn signed(value: u32, bits: u32) -> u32 {
    let shift = 32u32.wrapping_sub(bits) & 31;
    ((value << shift).cast_signed() >> shift).cast_unsigned()
}

/// The four bytes from `at` on, at most 4, and zeros.
fn skip(bytes: [u8; MAX_LEN], at: u32) -> [u8; MAX_LEN] {
    (u64::from_le_bytes(bytes) >> (8 * (at & 7))).to_le_bytes()
}

/// The first four bytes, little endian.
#[inline]
pub(crate) fn first(bytes: [u8; MAX_LEN]) -> u32 {
    let [a, b, c, d, ..] = bytes;
    u32::from_le_bytes([a, b, c, d])
}

/// The four bytes after them.
#[inline]
pub(crate) fn second(bytes: [u8; MAX_LEN]) -> u32 {
    first(skip(bytes, 4))
}

/// Two words as bytes, little endian.
#[inline]
pub(crate) fn words(first: u32, second: u32) -> [u8; MAX_LEN] {
    let [a, b, c, d] = first.to_le_bytes();
    let [e, f, g, h] = second.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

/// `bytes` with their first four replaced by `word`, little endian.
#[inline]
pub(crate) fn with_first(bytes: [u8; MAX_LEN], word: u32) -> [u8; MAX_LEN] {
    let [_, _, _, _, e, f, g, h] = bytes;
    let [a, b, c, d] = word.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

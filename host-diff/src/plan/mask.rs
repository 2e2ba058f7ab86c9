//! Images in which references are replaced by something that does not move.
//!
//! A reference changes when its target moves, although the code around it is the same. Matching runs
//! on masked copies of both images: first every reference becomes a constant, later the label of its
//! target in target coordinates, so that equal references look equal.

use patcher_core::container::region::{Place, Regions};
use patcher_core::reference::{Around, BEHIND, Branch, By, Found, Isa, MAX_LEN, Site, ahead};

/// What a reference is replaced by.
#[derive(Debug, Clone, Copy)]
pub enum Label<'a> {
    /// A constant per kind of reference.
    Kind,
    /// A hash of where it leads.
    Target(&'a dyn Labels),
}

/// Names for addresses that agree between both images.
pub trait Labels: core::fmt::Debug {
    /// The name of `address`.
    fn label(&self, address: u32) -> u32;
}

/// Addresses name themselves: the target image.
#[derive(Debug)]
pub struct Same;

impl Labels for Same {
    fn label(&self, address: u32) -> u32 {
        address
    }
}

/// What pointers become: the first byte tells them from anything else.
const POINTER: u32 = 0xEE00_0000;
const RAM_POINTER: u32 = 0xEE02_EE02;

fn hash(address: u32) -> u32 {
    address.wrapping_mul(0x9E37_79B1) ^ address.rotate_left(11)
}

/// An image with zeros before and behind it, so that there is something around each of its places.
#[derive(Debug)]
pub(super) struct Padded(Vec<u8>);

impl Padded {
    pub(super) fn of(image: &[u8]) -> Self {
        Self([&[0; BEHIND][..], image, &[0; MAX_LEN]].concat())
    }

    /// What the image holds around the byte at `at`.
    pub(super) fn around(&self, at: usize) -> &Around {
        self.0[at..].first_chunk().expect("a place of the image")
    }
}

/// What a byte of an image is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Plain code or data.
    None,
    /// The first byte of a reference.
    Start,
    /// A later byte of a reference.
    Inside,
}

/// A copy of an image with all its references replaced; offsets stay the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What each byte is a part of.
    pub marks: Vec<Mark>,
}

impl Masked {
    /// The bytes of the reference that starts at `at`.
    #[must_use]
    pub fn reference(&self, at: usize) -> &[u8] {
        let inside = self.marks[at + 1..].iter().take(MAX_LEN - 1);
        let len = 1 + inside.take_while(|&&mark| mark == Mark::Inside).count();
        &self.bytes[at..at + len]
    }

    fn replace(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.marks[at..at + bytes.len()].fill(Mark::Inside);
        self.marks[at] = Mark::Start;
    }
}

/// Which references are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// All but those by a short distance: a place is worth what its bytes are there.
    NotNear,
}

/// Replaces references of `image`.
#[must_use]
pub fn mask(
    image: &[u8],
    regions: &Regions,
    isa: Option<&dyn Isa>,
    label: Label<'_>,
    which: Which,
) -> Masked {
    let mut out = Masked { bytes: image.to_vec(), marks: vec![Mark::None; image.len()] };
    let Some(isa) = isa else { return out };
    let padded = Padded::of(image);
    let mut at = 0usize;
    while at < image.len() {
        let Some(place) = place(regions, at) else { break };
        let around = padded.around(at);
        let window = ahead(around);
        let found = isa.find(around, &Site::alone(place), regions);
        let len = usize::from(found.len());
        let name = |target, kind| match label {
            Label::Kind => kind,
            Label::Target(labels) => hash(labels.label(target)),
        };
        let masked = match found {
            Found::Plain(_) => None,
            Found::Branch(Branch { by: By::Near, .. }) if which == Which::NotNear => None,
            // The instruction's other fields stay.
            Found::Branch(branch) => Some(isa.retarget(window, 0, name(branch.target, 0))),
            Found::Pointer(word) => Some(isa.bytes_of(name(word, POINTER) | POINTER)),
            Found::RamPointer(_) => Some(isa.bytes_of(RAM_POINTER)),
        };
        if let Some(bytes) = masked {
            out.replace(at, &bytes[..len]);
        }
        at += len;
    }
    out
}

/// Where the byte at offset `at` is loaded.
pub(super) fn place(regions: &Regions, at: usize) -> Option<Place> {
    regions.place(u32::try_from(at).ok()?)
}

//! Images in which references are replaced by something that does not move.
//!
//! A reference changes when its target moves, although the code around it is the same. Matching runs
//! on masked copies of both images: first every reference becomes a constant, later the label of its
//! target in target coordinates, so that equal references look equal.

use patcher_core::container::region::{Place, Regions};
use patcher_core::reference::{Found, Isa, MAX_LEN};

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

/// The bytes from `at` on that a reference may take, zeros past the end.
pub(super) fn eight(image: &[u8], at: usize) -> [u8; MAX_LEN] {
    let mut out = [0; MAX_LEN];
    let end = image.len().min(at + MAX_LEN);
    out[..end - at].copy_from_slice(&image[at..end]);
    out
}

/// A copy of `image` with all its references replaced; offsets stay the same.
#[must_use]
pub fn mask(image: &[u8], regions: &Regions, isa: Option<&dyn Isa>, label: Label<'_>) -> Vec<u8> {
    let mut out = image.to_vec();
    let Some(isa) = isa else { return out };
    let mut at = 0usize;
    while at < image.len() {
        let Some(place) = place(regions, at) else { break };
        let window = eight(image, at);
        let found = isa.find(window, place, place, u32::MAX, regions);
        let len = usize::from(found.len());
        let name = |target, kind| match label {
            Label::Kind => kind,
            Label::Target(labels) => hash(labels.label(target)),
        };
        let masked = match found {
            Found::Plain(_) => None,
            // The instruction's other fields stay.
            Found::Branch(branch) => Some(isa.retarget(window, 0, name(branch.target, 0))),
            Found::Pointer(word) => Some(isa.bytes_of(name(word, POINTER) | POINTER)),
            Found::RamPointer(_) => Some(isa.bytes_of(RAM_POINTER)),
        };
        if let Some(bytes) = masked {
            out[at..at + len].copy_from_slice(&bytes[..len]);
        }
        at += len;
    }
    out
}

/// Where the byte at offset `at` is loaded.
pub(super) fn place(regions: &Regions, at: usize) -> Option<Place> {
    regions.place(u32::try_from(at).ok()?)
}

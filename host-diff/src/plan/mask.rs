//! Images in which references are replaced by something that does not move.
//!
//! A reference changes when its target moves, although the code around it is the same. Matching runs
//! on masked copies of both images: first every reference becomes a constant, later the label of its
//! target in target coordinates, so that equal references look equal.

use patcher_core::container::region::{Place, Regions};
use patcher_core::reference::{Isa, MAX_LEN};

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

fn hash(address: u32) -> [u8; 4] {
    (address.wrapping_mul(0x9E37_79B1) ^ address.rotate_left(11)).to_le_bytes()
}

/// The bytes from `at` on that a reference may take, zeros past the end.
pub(super) fn eight(image: &[u8], at: usize) -> [u8; MAX_LEN] {
    let mut out = [0; MAX_LEN];
    let end = image.len().min(at + MAX_LEN);
    out[..end - at].copy_from_slice(&image[at..end]);
    out
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
    fn replace(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.marks[at..at + bytes.len()].fill(Mark::Inside);
        self.marks[at] = Mark::Start;
    }
}

/// Replaces all references of `image`.
#[must_use]
pub fn mask(image: &[u8], regions: &Regions, isa: Option<&dyn Isa>, label: Label<'_>) -> Masked {
    let mut out = Masked { bytes: image.to_vec(), marks: vec![Mark::None; image.len()] };
    let Some(isa) = isa else { return out };
    branches(image, regions, isa, label, &mut out);
    pointers(image, regions, isa, label, &mut out);
    out
}

fn branches(image: &[u8], regions: &Regions, isa: &dyn Isa, label: Label<'_>, out: &mut Masked) {
    let unit = usize::from(isa.unit());
    let mut at = 0usize;
    while at < image.len() {
        let Some(place) = place(regions, at) else { break };
        let window = eight(image, at);
        let aligned = place.address & u32::from(isa.unit() - 1) == 0;
        let branch = (place.code && aligned).then(|| isa.branch(window, place.address)).flatten();
        match branch {
            Some(branch)
                if at + usize::from(branch.len) <= image.len()
                    && regions.contains(branch.target) =>
            {
                // The same branch with no distance keeps the instruction's other fields.
                let plain = isa.retarget(window, 0, 0);
                let len = usize::from(branch.len);
                out.replace(at, &plain[..len]);
                if let Label::Target(labels) = label {
                    let [a, b, c, _] = hash(labels.label(branch.target));
                    let kind = plain[len - 1];
                    out.replace(at, &[a, b, c, kind]);
                }
                at += len;
            }
            _ => at += if aligned { unit } else { 1 },
        }
    }
}

fn pointers(image: &[u8], regions: &Regions, isa: &dyn Isa, label: Label<'_>, out: &mut Masked) {
    let mut at = 0usize;
    while at + 4 <= image.len() {
        let Some(place) = place(regions, at) else { break };
        if place.address & 3 != 0 {
            at += 1;
            continue;
        }
        let word = u32::from_le_bytes([image[at], image[at + 1], image[at + 2], image[at + 3]]);
        let replaced = if isa.ram().contains(&word) {
            Some([2, 0xEE, 2, 0xEE])
        } else if regions.contains(word) {
            Some(match label {
                Label::Kind => [1, 0xEE, 1, 0xEE],
                Label::Target(labels) => {
                    let [a, b, c, _] = hash(labels.label(word));
                    [a, b, c, 0xEE]
                }
            })
        } else {
            None
        };
        if let Some(bytes) = replaced {
            out.replace(at, &bytes);
        }
        at += 4;
    }
}

/// Where the byte at offset `at` is loaded.
pub(super) fn place(regions: &Regions, at: usize) -> Option<Place> {
    regions.place(u32::try_from(at).ok()?)
}

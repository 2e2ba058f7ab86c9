//! An update to be cut, one patch for each policy.

use host_diff::image::FlatImage;
use host_diff::in_place::Slot;
use host_diff::{IsaChoice, Options, Resume, create};
use patcher_core::Header;
use rig::decode::{self, How};
use rig::firmware::{self, ADDRESS};

/// Base, target and the patch between them.
#[derive(Debug, Clone)]
pub struct Update {
    /// The base image.
    pub base: Vec<u8>,
    /// The target image.
    pub target: Vec<u8>,
    /// The patch.
    pub patch: Vec<u8>,
    /// Its header.
    pub header: Header,
    /// Bytes of the header.
    pub header_len: usize,
    /// Marks: target offset, body bytes decoded there.
    pub marks: Vec<(u32, u32)>,
}

impl Update {
    /// An update of made-up firmware of `functions` × 60 bytes, in which code moves.
    ///
    /// # Errors
    /// What `create` says.
    pub fn made_up(functions: usize, ram: u32, resume: Resume) -> Result<Self, String> {
        let (base, target) = firmware::pair(7, functions);
        Self::new(base, target, &Options { resume, ..Self::options(ram) })
    }

    /// The same for a device with pages of `page` bytes that overwrites its base: a quarter of the image is slack, or `scratch`.
    ///
    /// # Errors
    /// What `create` says.
    pub fn in_place(functions: usize, ram: u32, page: u32, scratch: bool) -> Result<Self, String> {
        let (base, target) = firmware::pair(7, functions);
        let longer = u32::try_from(base.len().max(target.len())).map_err(|e| e.to_string())?;
        let longer = longer.next_multiple_of(page);
        let reserve = (longer / 4).next_multiple_of(page);
        let slot = Slot {
            slot_bytes: if scratch { longer } else { longer + reserve },
            page_bytes: page,
            scratch_bytes: scratch.then_some(reserve),
        };
        Self::new(base, target, &Options { in_place: Some(slot), ..Self::options(ram) })
    }

    /// How made-up firmware is handled.
    fn options(ram: u32) -> Options {
        Options {
            ram,
            level: 4,
            isa: Some(IsaChoice::Thumb),
            base_address: Some(ADDRESS),
            target_address: Some(ADDRESS),
            ..Options::default()
        }
    }

    /// The update from `base` to `target`.
    ///
    /// # Errors
    /// What `create` says.
    pub fn new(base: Vec<u8>, target: Vec<u8>, options: &Options) -> Result<Self, String> {
        let images = [&base, &target].map(|image| FlatImage::from_raw(image.clone()));
        let [base_image, target_image] = images;
        let patch = create(&base_image, &target_image, options).map_err(|e| e.to_string())?;
        let decoded = decode::patch(&base, &patch.bytes, How::default())
            .map_err(|error| format!("{error:?}"))?;
        let marks = decoded.marks.iter().map(|mark| (mark.position, mark.consumed)).collect();
        Ok(Self {
            base,
            target,
            header: patch.header,
            header_len: patch.header_len,
            patch: patch.bytes,
            marks,
        })
    }

    /// Most body bytes between two places where a device with pages of `page` bytes may restart: the declared interval.
    #[must_use]
    pub fn interval(&self, page: u32) -> u32 {
        let usable = self.marks.iter().filter(|(position, _)| position.is_multiple_of(page));
        let starts = core::iter::once(0).chain(usable.clone().map(|&(_, consumed)| consumed));
        let ends = usable.map(|&(_, consumed)| consumed).chain([self.header.body_len]);
        starts.zip(ends).map(|(start, end)| end.saturating_sub(start)).max().unwrap_or(0)
    }
}

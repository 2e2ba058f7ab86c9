//! What `create` and `info` have to do with patches that overwrite their base.

use core::fmt::Write as _;

use clap::Args;
use host_diff::in_place::{Slot, Wear};
use patcher_core::Header;
use patcher_core::container::in_place::Form;
use serde::Serialize;

use crate::args::output;
use crate::failure::Failure;
use crate::output::Output;
use crate::report::grouped;
use crate::value;

/// The slot of a device that has only one.
#[derive(Debug, Args)]
pub(crate) struct InPlaceArguments {
    /// Make a patch that overwrites its own base, for devices with one slot; the patch is stored elsewhere
    ///
    /// The base moves up into the slack of the slot first, so the more slack, the smaller the patch. There is no way back once
    /// the first page is erased: keep a golden image, or store a reverse patch as well. An epoch is chosen unless --resume
    /// and --epoch name one.
    #[arg(
        long,
        requires = "slot_size",
        requires = "page_size",
        conflicts_with_all = ["full", "memory_size", "segment_size"]
    )]
    pub(crate) in_place: bool,

    /// Bytes of the slot of --in-place: exactly those of the device
    #[arg(long, value_name = "SIZE", value_parser = value::size, requires = "in_place")]
    pub(crate) slot_size: Option<u32>,

    /// Bytes that the device erases together
    #[arg(long, value_name = "SIZE", value_parser = value::size, requires = "in_place")]
    pub(crate) page_size: Option<u32>,

    /// Flash beside the slot that base pages go to, where the slot has no slack
    #[arg(long, value_name = "SIZE", value_parser = value::size, requires = "in_place")]
    pub(crate) scratch: Option<u32>,

    /// File to write the patch of the way back to, from TARGET to BASE
    #[arg(long, value_name = "PATCH", value_parser = output(), requires = "in_place")]
    pub(crate) with_reverse: Option<Output>,
}

impl InPlaceArguments {
    /// The slot, if there is one.
    pub(crate) fn slot(&self) -> Option<Slot> {
        let (Some(slot_bytes), Some(page_bytes)) = (self.slot_size, self.page_size) else {
            return None;
        };
        let slot = Slot { slot_bytes, page_bytes, scratch_bytes: self.scratch };
        self.in_place.then_some(slot)
    }

    /// Refuses a reverse patch that would be written over another file.
    pub(crate) fn check(&self, output: &Output) -> Result<(), Failure> {
        if self.with_reverse.as_ref() == Some(output) {
            let message =
                format!("expected a file of its own for the reverse patch, found {output}");
            return Err(Failure::usage(message).help("choose another name for --with-reverse"));
        }
        Ok(())
    }
}

/// The slot of a patch, and what the update takes of its flash.
#[derive(Debug, Serialize)]
pub(crate) struct InPlaceReport {
    slot_bytes: u32,
    page_bytes: u32,
    /// `slide` or `scratch`.
    form: &'static str,
    /// Bytes that the base moves up by, or bytes of the scratch.
    reserve_bytes: u32,
    /// Whether every mark resets the model.
    resets: bool,
    /// Of any page; in a journal if it has the bytes below.
    worst_erases: u32,
    slot_erases: u32,
    scratch_erases: u32,
    steps_erases: u32,
    marks_erases: u32,
    /// Bytes of the region where finished pages are noted.
    steps_bytes: u32,
    /// Bytes of the region for restart marks.
    marks_bytes: u32,
}

impl InPlaceReport {
    pub(crate) fn of(header: &Header) -> Option<Self> {
        let slot = header.in_place?;
        let wear = Wear::of(header)?;
        Some(Self {
            slot_bytes: slot.slot_bytes(),
            page_bytes: slot.page_bytes(),
            form: match slot.form {
                Form::Slide => "slide",
                Form::Scratch => "scratch",
            },
            reserve_bytes: slot.reserve_bytes(),
            resets: slot.resets,
            worst_erases: wear.worst(),
            slot_erases: wear.slot,
            scratch_erases: wear.scratch,
            steps_erases: wear.steps,
            marks_erases: wear.marks,
            steps_bytes: wear.steps_bytes,
            marks_bytes: wear.marks_bytes,
        })
    }

    /// The slot in words.
    pub(crate) fn slot(&self) -> String {
        let number = |bytes: u32| grouped(bytes as usize);
        let moves = match self.form {
            "slide" => "the base moves up by",
            _ => "base pages go to a scratch of",
        };
        let (slot, page) = (number(self.slot_bytes), number(self.page_bytes));
        let reserve = number(self.reserve_bytes);
        format!("slot of {slot} bytes in pages of {page}; {moves} {reserve} bytes")
    }

    /// Erases and journals in words.
    pub(crate) fn wear(&self) -> String {
        let number = |bytes: u32| grouped(bytes as usize);
        let mut text =
            format!("at most {} of any page: slot {}", self.worst_erases, self.slot_erases);
        if self.scratch_erases > 0 {
            let _ = write!(text, ", scratch {}", self.scratch_erases);
        }
        let (steps, bytes) = (self.steps_erases, number(self.steps_bytes));
        let _ = write!(text, ", journal of steps {steps} with {bytes} bytes");
        if self.marks_bytes > 0 {
            let (marks, bytes) = (self.marks_erases, number(self.marks_bytes));
            let _ = write!(text, ", of marks {marks} with {bytes} bytes");
        }
        text
    }
}

/// What whoever makes an in-place patch must know.
pub(crate) fn warning(reverse: Option<(&Output, usize)>) -> String {
    let no_way = "once the first page is erased the base is gone";
    match reverse {
        Some((output, bytes)) => {
            let bytes = grouped(bytes);
            format!(
                "{no_way}: the way back is the reverse patch in {output}, {bytes} bytes; store it beside this one"
            )
        }
        None => format!(
            "{no_way}, and there is no way back without a golden image or a stored reverse patch (--with-reverse)"
        ),
    }
}

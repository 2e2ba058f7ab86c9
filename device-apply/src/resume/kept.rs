//! The two policies that keep nothing of their own.

use embedded_storage::nor_flash::NorFlash;

use super::earlier::{Earlier, Nothing};
use super::policy::{Binding, Resume, Steps};

/// Does not go on: after a cut everything is erased and written again. The smallest and the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Never {
    nothing: Nothing,
}

impl Binding for Never {
    fn see(&mut self, _: impl Iterator<Item = u8>) {}
}

impl<S: NorFlash> Steps<S> for Never {
    type Past = Nothing;

    fn past(&mut self) -> &mut Nothing {
        &mut self.nothing
    }
}

impl<S: NorFlash, G> Resume<S, G> for Never {}

/// Re-decode of a patch that the caller has stored: push it again, finished pages are compared and kept.
///
/// **Cost**: no flash but the spare page, no RAM but [`Kept::STATE_BYTES`], and after a cut the time of one more decode.
/// Of a first run, too, pages that hold what they should are not erased.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    earlier: Earlier,
}

impl Kept {
    /// Bytes of RAM beside those that a patch declares.
    pub const STATE_BYTES: usize = size_of::<Self>();

    /// For the next patch, whichever it is.
    #[must_use]
    pub const fn new() -> Self {
        Self { earlier: Earlier::new() }
    }
}

impl Binding for Kept {
    fn see(&mut self, _: impl Iterator<Item = u8>) {}
}

impl<S: NorFlash> Steps<S> for Kept {
    type Past = Earlier;

    fn past(&mut self) -> &mut Earlier {
        &mut self.earlier
    }
}

impl<S: NorFlash, G> Resume<S, G> for Kept {}

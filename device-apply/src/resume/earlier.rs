//! Target bytes that a run before a cut left in the staging slot.

use embedded_storage::nor_flash::NorFlash;

use crate::ApplyError;
use crate::apply::read::read;
use crate::apply::writer::{BUFFER_BYTES, batch, erase_page};

/// What the writer may find in the staging slot.
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub trait Past {
    /// Pages that it wants behind the target.
    const SPARE_PAGES: u32;

    /// The spare pages begin at `offset`.
    fn open(&mut self, offset: u32);

    /// Whether the slot is looked at before it is written.
    fn compares(&self) -> bool;

    /// Whether the slot holds `units` at `offset` already.
    ///
    /// At the first difference the page where they begin is erased, up to `erased`, and has its target bytes before
    /// `offset` again.
    fn holds<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
        offset: u32,
        units: &[u8],
        erased: &mut u32,
    ) -> Result<bool, ApplyError<B, S::Error>>;
}

/// Nothing is looked at, everything is written anew.
#[derive(Clone, Copy, Debug, Default)]
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub struct Nothing;

impl Past for Nothing {
    const SPARE_PAGES: u32 = 0;

    fn open(&mut self, _: u32) {}

    fn compares(&self) -> bool {
        false
    }

    fn holds<B, S: NorFlash>(
        &mut self,
        _: &mut S,
        _: u32,
        _: &[u8],
        _: &mut u32,
    ) -> Result<bool, ApplyError<B, S::Error>> {
        Ok(false)
    }
}

/// What is right is kept, up to the first difference.
///
/// # Power loss
/// Until the unfinished page is erased it holds its target bytes, and from then on a restart finds fewer of them there,
/// which is as good: the decoder makes them again.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "policies are made in this crate only")]
pub struct Earlier {
    /// No difference yet.
    same: bool,
    /// Offset of the spare page.
    spare: u32,
}

impl Default for Earlier {
    fn default() -> Self {
        Self::new()
    }
}

impl Past for Earlier {
    const SPARE_PAGES: u32 = 1;

    fn open(&mut self, offset: u32) {
        self.spare = offset;
    }

    fn compares(&self) -> bool {
        self.same
    }

    fn holds<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
        offset: u32,
        units: &[u8],
        erased: &mut u32,
    ) -> Result<bool, ApplyError<B, S::Error>> {
        if !self.same {
            return Ok(false);
        }
        let mut found = [0; BUFFER_BYTES];
        let found = found.get_mut(..units.len()).ok_or(ApplyError::Internal)?;
        // What does not read is torn: a difference like any other.
        self.same = read(staging, offset, found).is_ok() && found == units;
        if !self.same {
            *erased = self.begin_page(staging, offset)?;
        }
        Ok(self.same)
    }
}

impl Earlier {
    pub(super) const fn new() -> Self {
        Self { same: true, spare: 0 }
    }

    /// Erases the page of `offset`, keeping what is before it; returns up to where the slot is erased.
    fn begin_page<B, S: NorFlash>(
        self,
        staging: &mut S,
        offset: u32,
    ) -> Result<u32, ApplyError<B, S::Error>> {
        let page_bytes = u32::try_from(S::ERASE_SIZE).unwrap_or(u32::MAX);
        let held = offset.checked_rem(page_bytes).ok_or(ApplyError::Internal)?;
        let page = offset.saturating_sub(held);
        if held == 0 {
            return Ok(page);
        }
        erase_page(staging, self.spare)?;
        copy(staging, page, self.spare, held)?;
        let end = erase_page(staging, page)?;
        copy(staging, self.spare, page, held)?;
        Ok(end)
    }
}

/// Copies `len` bytes, whole write units, to where the slot is erased.
fn copy<B, S: NorFlash>(
    staging: &mut S,
    from: u32,
    to: u32,
    len: u32,
) -> Result<(), ApplyError<B, S::Error>> {
    let mut units = [0; BUFFER_BYTES];
    let mut done = 0u32;
    while done < len {
        let count = batch::<S>().min(len.saturating_sub(done) as usize);
        let units = units.get_mut(..count).ok_or(ApplyError::Internal)?;
        let (source, offset) = (from.saturating_add(done), to.saturating_add(done));
        read(staging, source, units)
            .map_err(|error| ApplyError::StagingRead { offset: source, error })?;
        staging.write(offset, units).map_err(|error| ApplyError::StagingWrite { offset, error })?;
        let count = u32::try_from(count).unwrap_or(0);
        if count == 0 {
            return Err(ApplyError::Internal);
        }
        done = done.saturating_add(count);
    }
    Ok(())
}

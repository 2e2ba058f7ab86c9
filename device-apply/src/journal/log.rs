//! Scanning and appending.

use core::fmt;
use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use super::frame::{self, Frame, MAX_BYTES, OVERHEAD};
use super::{JournalError, Record};

/// Records of one kind in a region of flash.
///
/// **Cost**: [`open`](Self::open) reads the region once. An [`append`](Self::append) programs one record and reads it back; once in a
/// page it erases the next one. RAM: a record here, 256 bytes of stack.
///
/// # Example
/// ```
/// use device_apply::boot;
/// use device_apply::journal::Journal;
/// use flash_model::{FlashModel, Stm32L4};
///
/// let flash = FlashModel::<Stm32L4>::new();
/// let region = || flash.slot(0xF_F000..0x10_0000);
/// let mut journal = Journal::<_, boot::Record>::open(region())?;
/// assert_eq!(journal.latest(), None);
/// journal.append(&boot::Record::default())?;
///
/// let journal = Journal::<_, boot::Record>::open(region())?; // after a reset
/// assert_eq!(journal.latest(), Some(&boot::Record::default()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Journal<F, R> {
    flash: F,
    newest: Option<Newest<R>>,
    erased_value: u8,
}

struct Newest<R> {
    place: Place,
    sequence: u32,
    record: R,
}

/// Where a record is, or may be.
#[derive(Clone, Copy, Debug)]
struct Place {
    page: u32,
    /// Of the record in its page.
    index: u32,
}

impl<F, R: fmt::Debug> fmt::Debug for Journal<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.newest.as_ref();
        let newest = newest.map(|newest| (newest.place, newest.sequence, &newest.record));
        f.debug_struct("Journal").field("newest", &newest).finish_non_exhaustive()
    }
}

impl<F: NorFlash, R: Record> Journal<F, R> {
    /// Bytes from one record to the next.
    const STRIDE: usize = {
        let unit = if F::WRITE_SIZE > F::READ_SIZE { F::WRITE_SIZE } else { F::READ_SIZE };
        let stride = (R::BYTES + OVERHEAD).next_multiple_of(unit);
        assert!(unit.is_power_of_two(), "units of reading and writing divide each other");
        assert!(stride <= MAX_BYTES, "a record with its write unit has at most 128 bytes");
        assert!(stride <= F::ERASE_SIZE, "a record fits a page");
        stride
    };

    /// Records of a page.
    const PER_PAGE: u32 = to_u32(F::ERASE_SIZE / Self::STRIDE);

    /// Looks for the newest record in `flash`, which is the region and nothing else.
    ///
    /// Whatever the region holds, this ends, with a record that was written or with none.
    ///
    /// # Errors
    /// [`JournalError::TooSmall`].
    pub fn open(flash: F) -> Result<Self, JournalError<F::Error>> {
        let got = to_u32(flash.capacity());
        let expected = const { to_u32(F::ERASE_SIZE).saturating_mul(2) };
        if got < expected {
            return Err(JournalError::TooSmall { expected, got });
        }
        let mut journal = Self { flash, newest: None, erased_value: 0xFF };
        for page in 0..journal.pages() {
            for index in 0..Self::PER_PAGE {
                journal.consider(Place { page, index });
            }
        }
        Ok(journal)
    }

    /// For flash that is erased to another value than 0xFF.
    #[must_use]
    pub fn with_erased_value(self, erased_value: u8) -> Self {
        Self { erased_value, ..self }
    }

    /// The newest record.
    #[must_use]
    pub fn latest(&self) -> Option<&R> {
        self.newest.as_ref().map(|newest| &newest.record)
    }

    /// Writes a record, which is the newest from then on.
    ///
    /// # Errors
    /// [`JournalError::Flash`] and [`JournalError::Worn`] once no place of the region took it, [`JournalError::Exhausted`]. The record before
    /// is still the newest.
    ///
    /// # Power loss
    /// The newest record is this one or the one before.
    pub fn append(&mut self, record: &R) -> Result<(), JournalError<F::Error>> {
        let mut failure = JournalError::Worn;
        let sequence = self.newest.as_ref().map_or(0, |newest| newest.sequence);
        let place = self.store(sequence, record, &mut failure).ok_or(failure)?;
        // What is kept is what was read back: a record that does not read as it was written never counts.
        self.consider(place);
        Ok(())
    }

    /// Shows all records that are left, from the oldest page to the newest, with their sequence numbers.
    pub fn history(&mut self, mut show: impl FnMut(u32, &R)) {
        let pages = self.pages();
        let current = self.newest.as_ref().map_or(0, |newest| newest.place.page);
        for step in 1..=pages {
            let page = after(current, step, pages);
            for index in 0..Self::PER_PAGE {
                if let Some((sequence, record)) = self.load(Place { page, index }) {
                    show(sequence, &record);
                }
            }
        }
    }

    /// Gives the flash back.
    pub fn into_inner(self) -> F {
        self.flash
    }

    /// Finds a place that takes the record: the rest of the newest record's page, then the other pages, each erased first.
    ///
    /// Each place has a sequence number of its own: should a torn record that was passed over be read after all one day, it
    /// is older than the one behind it.
    fn store(
        &mut self,
        mut sequence: u32,
        record: &R,
        failure: &mut JournalError<F::Error>,
    ) -> Option<Place> {
        let pages = self.pages();
        let newest = self.newest.as_ref().map(|newest| newest.place);
        if let Some(Place { page, index }) = newest {
            let rest = index.saturating_add(1)..Self::PER_PAGE;
            let place = self.fill(page, rest, &mut sequence, record, failure);
            if place.is_some() {
                return place;
            }
        }
        // Without a record, the last page is as good as current: the first one is next, and may be erased like all others.
        let current = newest.map_or(pages.saturating_sub(1), |place| place.page);
        let others = if newest.is_some() { pages.saturating_sub(1) } else { pages };
        for step in 1..=others {
            let page = after(current, step, pages);
            let start = Self::offset(Place { page, index: 0 });
            let end = start.saturating_add(to_u32(F::ERASE_SIZE));
            if let Err(error) = self.flash.erase(start, end) {
                *failure = JournalError::Flash { offset: start, error };
                continue;
            }
            let place = self.fill(page, 0..Self::PER_PAGE, &mut sequence, record, failure);
            if place.is_some() {
                return place;
            }
        }
        None
    }

    /// Writes the record to the first place of `indices` that takes it.
    fn fill(
        &mut self,
        page: u32,
        indices: Range<u32>,
        sequence: &mut u32,
        record: &R,
        failure: &mut JournalError<F::Error>,
    ) -> Option<Place> {
        for index in indices {
            if *sequence >= frame::LAST {
                *failure = JournalError::Exhausted;
                return None;
            }
            *sequence = sequence.saturating_add(1);
            let mut frame = [self.erased_value; MAX_BYTES];
            frame::encode(&mut frame, *sequence, record);
            let place = Place { page, index };
            if self.write(place, &frame, failure) {
                return Some(place);
            }
        }
        None
    }

    /// Whether the place looked erased, took the frame and gives it back.
    fn write(&mut self, place: Place, frame: &Frame, failure: &mut JournalError<F::Error>) -> bool {
        let offset = Self::offset(place);
        let Some(bytes) = frame.get(..Self::STRIDE) else { return false };
        let erased = self.erased_value;
        let blank = self.read(place).is_some_and(|held| held.iter().all(|&byte| byte == erased));
        if !blank {
            return false;
        }
        if let Err(error) = self.flash.write(offset, bytes) {
            *failure = JournalError::Flash { offset, error };
        }
        self.read(place).is_some_and(|held| held == *frame)
    }

    /// Makes the record at `place` the newest, if there is one and it is.
    fn consider(&mut self, place: Place) {
        let Some((sequence, record)) = self.load(place) else { return };
        if self.newest.as_ref().is_none_or(|newest| sequence > newest.sequence) {
            self.newest = Some(Newest { place, sequence, record });
        }
    }

    fn load(&mut self, place: Place) -> Option<(u32, R)> {
        frame::decode(&self.read(place)?)
    }

    /// The bytes at `place`, filled up with erased ones; `None` if they cannot be read, as when their ECC is wrong.
    fn read(&mut self, place: Place) -> Option<Frame> {
        let mut frame = [self.erased_value; MAX_BYTES];
        self.flash.read(Self::offset(place), frame.get_mut(..Self::STRIDE)?).ok()?;
        Some(frame)
    }

    fn pages(&self) -> u32 {
        to_u32(self.flash.capacity()).checked_div(to_u32(F::ERASE_SIZE)).unwrap_or(0)
    }

    fn offset(place: Place) -> u32 {
        let page = place.page.saturating_mul(to_u32(F::ERASE_SIZE));
        page.saturating_add(place.index.saturating_mul(const { to_u32(Self::STRIDE) }))
    }
}

/// The page `step` pages after `page`, going round.
fn after(page: u32, step: u32, pages: u32) -> u32 {
    page.saturating_add(step).checked_rem(pages).unwrap_or(0)
}

/// Sizes of flash; a region of 4 GiB or more is used up to there.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is the largest value")]
const fn to_u32(bytes: usize) -> u32 {
    if bytes > u32::MAX as usize { u32::MAX } else { bytes as u32 }
}

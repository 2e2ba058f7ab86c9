//! What of an in-place update is done, across resets.

use core::convert::Infallible;
use core::fmt;

use embedded_storage::nor_flash::NorFlash;

/// Keeps how many steps are done: detools' `step_set` and `step_get`.
pub trait Steps {
    /// Its error.
    type Error;

    /// Steps that are done; 0 if none.
    ///
    /// # Errors
    /// Of whatever keeps it; also where steps of another patch are kept: its update is not over.
    fn completed(&mut self) -> Result<u32, Self::Error>;

    /// Keeps that `step` is done; it is one more than the last.
    ///
    /// # Errors
    /// Of whatever keeps it.
    fn complete(&mut self, step: u32) -> Result<(), Self::Error>;

    /// Forgets all steps: the update is over, and noted elsewhere.
    ///
    /// # Errors
    /// Of whatever keeps it.
    fn clear(&mut self) -> Result<(), Self::Error>;
}

impl<S: Steps> Steps for &mut S {
    type Error = S::Error;

    fn completed(&mut self) -> Result<u32, Self::Error> {
        (**self).completed()
    }

    fn complete(&mut self, step: u32) -> Result<(), Self::Error> {
        (**self).complete(step)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        (**self).clear()
    }
}

/// Keeps nothing: for devices whose power does not fail, or that may be lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Steps for Forgetful {
    type Error = Infallible;

    fn completed(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn complete(&mut self, _: u32) -> Result<(), Infallible> {
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Keeps steps in flash of their own, a record for each.
///
/// ```text
/// record    id:u32   step:u16   check:u16       padded with erased bytes to whole write units
/// check     !(step ^ id's halves)
/// ```
///
/// The id is the caller's word for the patch, a part of its digest. Records of another one are an update that is not over: the
/// memory holds neither base nor target, and no other patch may be applied before [`clear`](Steps::clear). The flash holds as many
/// records as fit; steps of an update are the segments of the base that are moved and those of the target.
///
/// # Power loss
/// A record that was torn does not count, whatever it reads as, and is passed over: the step is done again, and kept in the
/// next place. So leave room for a few more records than there are steps.
#[derive(Clone, Debug)]
pub struct StepLog<F> {
    flash: F,
    id: u32,
    erased_value: u8,
}

/// Why steps were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepError<E> {
    /// There is no room for another record, or none that can be written.
    Full,
    /// Steps are numbered up to 65,534.
    Step {
        /// The step.
        got: u32,
    },
    /// Steps of another patch are kept: go on with that one, or clear them if its update is over.
    Unfinished {
        /// Its id.
        id: u32,
    },
    /// The flash failed while it was erased.
    Flash(E),
}

impl<E: fmt::Debug> fmt::Display for StepError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "there is no room for another step"),
            Self::Step { got } => write!(f, "expected a step of at most 65534, found {got}"),
            Self::Unfinished { id } => write!(f, "the update by patch {id:#010x} is not over"),
            Self::Flash(error) => write!(f, "the steps cannot be erased: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for StepError<E> {}

const RECORD_BYTES: usize = 8;
/// The largest write unit that is served.
const MOST_BYTES: usize = 32;

impl<F: NorFlash> StepLog<F> {
    const RECORD: usize = if F::WRITE_SIZE > RECORD_BYTES { F::WRITE_SIZE } else { RECORD_BYTES };
    const CHECKED: () = {
        assert!(F::WRITE_SIZE.is_power_of_two() && F::WRITE_SIZE <= MOST_BYTES, "WRITE_SIZE");
        assert!(Self::RECORD.is_multiple_of(F::READ_SIZE), "READ_SIZE");
    };

    /// Steps of the patch `id` in `flash`, all of it.
    pub fn new(flash: F, id: u32) -> Self {
        const { Self::CHECKED };
        Self { flash, id, erased_value: 0xFF }
    }

    /// Sets what an erased byte reads as: 0xFF unless set.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.erased_value = value;
        self
    }

    /// Gives the flash back.
    pub fn release(self) -> F {
        self.flash
    }

    /// Records that fit.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        let records = self.flash.capacity().checked_div(Self::RECORD).unwrap_or(0);
        u32::try_from(records).unwrap_or(u32::MAX)
    }

    fn offset(index: u32) -> u32 {
        index.saturating_mul(u32::try_from(Self::RECORD).unwrap_or(u32::MAX))
    }

    /// What is at `index`; `None` if it cannot be read.
    fn read(&mut self, index: u32) -> Option<[u8; MOST_BYTES]> {
        let mut bytes = [0; MOST_BYTES];
        let record = bytes.get_mut(..Self::RECORD)?;
        self.flash.read(Self::offset(index), record).ok()?;
        Some(bytes)
    }

    fn is_erased(&self, bytes: &[u8; MOST_BYTES]) -> bool {
        bytes.iter().take(Self::RECORD).all(|&byte| byte == self.erased_value)
    }

    fn scan(&mut self) -> Found {
        let mut found = Found { last: 0, next: 0, other: None };
        for index in 0..self.capacity() {
            let bytes = self.read(index);
            if bytes.is_none_or(|bytes| !self.is_erased(&bytes)) {
                found.next = index.saturating_add(1);
            }
            match bytes.as_ref().and_then(record) {
                Some((id, step)) if id == self.id => found.last = found.last.max(step),
                Some((id, _)) => found.other = Some(id),
                None => {}
            }
        }
        found
    }
}

/// What is kept.
struct Found {
    /// The last step of this patch.
    last: u16,
    /// The place after the last record that is not erased.
    next: u32,
    /// Another patch that has records.
    other: Option<u32>,
}

/// Patch and step of a record that is whole.
fn record(bytes: &[u8; MOST_BYTES]) -> Option<(u32, u16)> {
    let [i0, i1, i2, i3, s0, s1, c0, c1, ..] = *bytes;
    let (id, step) = (u32::from_le_bytes([i0, i1, i2, i3]), u16::from_le_bytes([s0, s1]));
    let right = u16::from_le_bytes([c0, c1]) == check(id, step) && !matches!(step, 0 | u16::MAX);
    right.then_some((id, step))
}

impl<F: NorFlash> Steps for StepLog<F> {
    type Error = StepError<F::Error>;

    fn completed(&mut self) -> Result<u32, Self::Error> {
        match self.scan() {
            Found { last: 0, other: Some(id), .. } => Err(StepError::Unfinished { id }),
            Found { last, .. } => Ok(last.into()),
        }
    }

    fn complete(&mut self, step: u32) -> Result<(), Self::Error> {
        let small = u16::try_from(step).ok().filter(|&step| step < u16::MAX);
        let number = small.ok_or(StepError::Step { got: step })?;
        let [i0, i1, i2, i3] = self.id.to_le_bytes();
        let ([s0, s1], [c0, c1]) = (number.to_le_bytes(), check(self.id, number).to_le_bytes());
        let mut bytes = [self.erased_value; MOST_BYTES];
        for (slot, byte) in bytes.iter_mut().zip([i0, i1, i2, i3, s0, s1, c0, c1]) {
            *slot = byte;
        }
        // A torn record may read as erased and refuse to be written: then the next place is tried.
        for index in self.scan().next..self.capacity() {
            let whole = bytes.get(..Self::RECORD).unwrap_or_default();
            let written = self.flash.write(Self::offset(index), whole);
            let kept = self.read(index).as_ref().and_then(record);
            if written.is_ok() && kept == Some((self.id, number)) {
                return Ok(());
            }
        }
        Err(StepError::Full)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        let end = u32::try_from(self.flash.capacity()).unwrap_or(u32::MAX);
        self.flash.erase(0, end).map_err(StepError::Flash)
    }
}

fn check(id: u32, step: u16) -> u16 {
    let [i0, i1, i2, i3] = id.to_le_bytes();
    !(step ^ u16::from_le_bytes([i0, i1]) ^ u16::from_le_bytes([i2, i3]))
}

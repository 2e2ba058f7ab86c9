//! A slot or a region of flash behind callbacks.

use core::ffi::c_void;
use core::fmt;

use device_apply::ApplyError;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::code;

/// Bytes of a page that this library was built for.
pub const PAGE_BYTES: usize = number(option_env!("PATCHER_PAGE_BYTES"), 2048);

/// Bytes of a write unit that this library was built for.
pub const WRITE_BYTES: usize = number(option_env!("PATCHER_WRITE_BYTES"), 8);

/// A slot or a region of flash.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Flash {
    /// Given to each callback.
    pub context: *mut c_void,
    /// Reads; 0 if the bytes are right, anything else if not, as after an ECC error.
    pub read: Option<
        unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, len: u32) -> i32,
    >,
    /// Erases whole pages.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, len: u32) -> i32>,
    /// Programs whole write units.
    pub write: Option<
        unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, len: u32) -> i32,
    >,
    /// Bytes of the slot.
    pub size: u32,
    /// Bytes of a page.
    pub page_bytes: u32,
    /// Bytes of a write unit.
    pub write_bytes: u32,
    /// What an erased byte reads as.
    pub erased_value: u8,
}

impl fmt::Debug for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, page_bytes, write_bytes, erased_value, .. } = self;
        let shape = (size, page_bytes, write_bytes, erased_value);
        f.debug_tuple("Flash").field(&shape).finish()
    }
}

/// What a callback returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashError(pub i32);

impl FlashError {
    /// The callback is NULL, or the offset beyond what the caller gave.
    const NONE: Self = Self(code::ERROR_ARGUMENT);

    fn from_returned(returned: i32) -> Result<(), Self> {
        if returned == 0 { Ok(()) } else { Err(Self(returned)) }
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// A checked [`Flash`] with the flash traits.
#[derive(Clone, Copy, Debug)]
pub struct Callbacks(Flash);

impl Callbacks {
    /// Takes what the caller describes, if the library was built for it.
    ///
    /// # Errors
    /// [`code::ERROR_ARGUMENT`], [`code::ERROR_GEOMETRY`].
    ///
    /// # Safety
    /// `flash` is NULL or valid; its callbacks may be called with its context from now on as the header says.
    pub unsafe fn new(flash: *const Flash, writable: bool) -> Result<Self, i32> {
        // SAFETY: NULL or valid, the caller says.
        let flash = unsafe { flash.as_ref() }.ok_or(code::ERROR_ARGUMENT)?;
        let callbacks =
            flash.read.is_some() && (!writable || flash.erase.is_some() && flash.write.is_some());
        if !callbacks {
            return Err(code::ERROR_ARGUMENT);
        }
        let built_for = |given: u32, built: usize| usize::try_from(given) == Ok(built);
        let shape =
            built_for(flash.page_bytes, PAGE_BYTES) && built_for(flash.write_bytes, WRITE_BYTES);
        if writable && !shape {
            return Err(code::ERROR_GEOMETRY);
        }
        Ok(Self(*flash))
    }

    /// What an erased byte reads as.
    #[must_use]
    pub const fn erased_value(&self) -> u8 {
        self.0.erased_value
    }

    fn within(&self, offset: u32, len: usize) -> Result<u32, FlashError> {
        let len = u32::try_from(len).map_err(|_| FlashError::NONE)?;
        let end = offset.checked_add(len).ok_or(FlashError::NONE)?;
        if end <= self.0.size { Ok(len) } else { Err(FlashError::NONE) }
    }
}

impl ErrorType for Callbacks {
    type Error = FlashError;
}

impl ReadNorFlash for Callbacks {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let len = self.within(offset, bytes.len())?;
        let read = self.0.read.ok_or(FlashError::NONE)?;
        // SAFETY: the caller of `new` vouches for the callback; `bytes` has `len` bytes.
        FlashError::from_returned(unsafe { read(self.0.context, offset, bytes.as_mut_ptr(), len) })
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.0.size).unwrap_or(usize::MAX)
    }
}

impl NorFlash for Callbacks {
    const WRITE_SIZE: usize = WRITE_BYTES;
    const ERASE_SIZE: usize = PAGE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let len = to.checked_sub(from).ok_or(FlashError::NONE)?;
        self.within(from, usize::try_from(len).unwrap_or(usize::MAX))?;
        let erase = self.0.erase.ok_or(FlashError::NONE)?;
        // SAFETY: the caller of `new` vouches for the callback.
        FlashError::from_returned(unsafe { erase(self.0.context, from, len) })
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let len = self.within(offset, bytes.len())?;
        let write = self.0.write.ok_or(FlashError::NONE)?;
        // SAFETY: the caller of `new` vouches for the callback; `bytes` has `len` bytes.
        FlashError::from_returned(unsafe { write(self.0.context, offset, bytes.as_ptr(), len) })
    }
}

/// What the callback returned that an error is about; 0 if it is about none.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is about no callback")]
pub(crate) const fn returned(error: &ApplyError<FlashError, FlashError>) -> i32 {
    match error {
        ApplyError::BaseRead { error, .. }
        | ApplyError::StagingRead { error, .. }
        | ApplyError::StagingErase { error, .. }
        | ApplyError::StagingWrite { error, .. } => error.0,
        _ => 0,
    }
}

/// A number given to the build, or `otherwise`.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
const fn number(given: Option<&str>, otherwise: usize) -> usize {
    let Some(text) = given else { return otherwise };
    let digits = text.as_bytes();
    assert!(!digits.is_empty(), "PATCHER_PAGE_BYTES and PATCHER_WRITE_BYTES are decimal numbers");
    let mut value = 0;
    let mut at = 0;
    while at < digits.len() {
        assert!(
            digits[at].is_ascii_digit(),
            "PATCHER_PAGE_BYTES and PATCHER_WRITE_BYTES are decimal numbers"
        );
        value = value * 10 + (digits[at] - b'0') as usize;
        at += 1;
    }
    value
}

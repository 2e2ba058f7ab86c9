//! One slot: flash for an applier, and the words that an application has with MCUboot.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

use crate::error::{ImageError, SlotError};
use crate::image::Image;
use crate::state::{Flag, Magic, State};
use crate::trailer::{Field, Layout, LayoutError, MAX_ALIGN, Mode, Room, SET};

/// Values of the low half of `swap_info` (`BOOT_SWAP_TYPE_TEST`, `BOOT_SWAP_TYPE_PERM`).
const SWAP_TEST: u8 = 2;
const SWAP_PERMANENT: u8 = 3;

/// A slot of MCUboot.
///
/// To an applier it is flash of as many whole sectors as an image may have: what is longer is refused before anything is
/// erased, and neither the trailer nor what a swap needs is within reach. [`set_pending`](Self::set_pending) and
/// [`set_confirmed`](Self::set_confirmed) write the trailer, byte by byte as `boot_set_pending_multi` and
/// `boot_set_confirmed_multi` do.
///
/// The first erase of a slot first erases the sectors of its trailer, so that MCUboot is not asked for an image that is half
/// written, and so that there is nothing to write over later.
///
/// # Units and ranges
///
/// The flash has a capacity of whole sectors (`ERASE_SIZE`), a write unit of at most `BOOT_MAX_ALIGN` and a read unit that
/// divides that.
///
/// # Power loss
///
/// Until `set_pending` has written the magic, MCUboot keeps the primary slot. See there for cuts inside it.
#[derive(Clone, Debug)]
pub struct Slot<F> {
    flash: F,
    layout: Layout,
    room: Room,
    len: u32,
    trailer_erased: bool,
    erased_value: u8,
}

impl<F: NorFlash> Slot<F> {
    /// The secondary slot, or with [`Mode::DirectXip`] the slot that is not running.
    ///
    /// # Errors
    /// [`LayoutError`] if the flash cannot be such a slot.
    pub fn new(flash: F, layout: Layout) -> Result<Self, LayoutError> {
        let len = u32::try_from(flash.capacity()).unwrap_or(u32::MAX);
        let sector = u32::try_from(F::ERASE_SIZE).unwrap_or(0);
        let room = layout.room(len, sector, unit::<F>(&layout)?)?;
        Ok(Self { flash, layout, room, len, trailer_erased: false, erased_value: 0xFF })
    }

    /// The primary slot, or with [`Mode::DirectXip`] the slot that runs: the base of a patch.
    ///
    /// Its image is at the start with all modes.
    ///
    /// # Errors
    /// [`LayoutError`] if the flash cannot be such a slot.
    pub fn primary(flash: F, layout: Layout) -> Result<Self, LayoutError> {
        let slot = Self::new(flash, layout)?;
        // An image that another tool put there may share a sector with the trailer: it is read, never written.
        let trailer = layout.trailer_bytes(unit::<F>(&layout)?);
        let room = Room { offset: 0, len: slot.len.saturating_sub(trailer), ..slot.room };
        Ok(Self { room, ..slot })
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

    /// The image in the slot: its header, and how many bytes identify it.
    ///
    /// # Errors
    /// [`ImageError`]; hash and signature are not checked.
    pub fn image(&mut self) -> Result<Image, ImageError<SlotError<F::Error>>> {
        let room = self.room.len;
        Image::walk(room, |offset, bytes| read_any(self, offset, bytes), |_| ())
    }

    /// What the trailer says (`boot_read_swap_state`).
    ///
    /// # Errors
    /// [`SlotError::Flash`].
    pub fn state(&mut self) -> Result<State, SlotError<F::Error>> {
        let expected = self.layout.magic();
        let mut room = [0; MAX_ALIGN];
        let len = self.layout.magic_room() as usize;
        let found = room.get_mut(..len).ok_or(SlotError::OutOfSlot)?;
        self.read_at(self.layout.back_to(Field::Magic), found)?;
        let start = found.len().saturating_sub(expected.len());
        let found = found.get(start..).unwrap_or_default();
        let magic = if found == expected {
            Magic::Good
        } else if found.iter().all(|&byte| byte == self.erased_value) {
            Magic::Unset
        } else {
            Magic::Bad
        };
        let swap_info = self.byte(Field::SwapInfo)?;
        Ok(State {
            magic,
            image_ok: self.flag(Field::ImageOk)?,
            copy_done: self.flag(Field::CopyDone)?,
            swap_info: (swap_info != self.erased_value).then_some(swap_info),
        })
    }

    /// Asks MCUboot for the image in this slot: once (`permanent` false), until it is confirmed, or for good.
    ///
    /// As `boot_set_pending_multi(image, permanent)`: where nothing is set it writes the magic, then `image_ok` if permanent,
    /// then `swap_info`; where the magic is there already it does nothing. With [`Mode::DirectXip`] it is `boot_set_next` of
    /// a slot that does not run: the magic, and if permanent `copy_done` and `image_ok`, as far as they are not set.
    ///
    /// To be called when the applier is done, which is when the slot holds the target.
    ///
    /// # Errors
    /// [`SlotError::BadMagic`]: something else is where the magic belongs, or a write was torn. MCUboot's own function erases
    /// the whole slot then. Here [`erase_trailer`](Self::erase_trailer) and another call are enough, because the image shares
    /// no sector with the trailer. [`SlotError::Flash`]: the same. [`SlotError::ImageNumber`].
    ///
    /// # Power loss
    /// A cut before the magic is written leaves the slot as it was. One inside may leave a bad magic, or words that cannot be
    /// read, or that read as erased and cannot be written: see above. A cut after it and before `image_ok` leaves an image that
    /// is tried and not kept: it has to confirm itself even if it was asked for permanently. Calling again changes nothing then.
    pub fn set_pending(&mut self, image: u8, permanent: bool) -> Result<(), SlotError<F::Error>> {
        if image > 0x0F {
            return Err(SlotError::ImageNumber { got: image });
        }
        let state = self.state()?;
        if state.magic == Magic::Bad {
            return Err(SlotError::BadMagic);
        }
        match self.layout.mode() {
            Mode::DirectXip => {
                if state.magic == Magic::Unset {
                    self.write_magic()?;
                }
                if permanent && state.copy_done == Flag::Unset {
                    self.write_byte(Field::CopyDone, SET)?;
                }
                if permanent && state.image_ok == Flag::Unset {
                    self.write_byte(Field::ImageOk, SET)?;
                }
                Ok(())
            }
            Mode::SwapMove | Mode::SwapOffset | Mode::SwapScratch | Mode::Overwrite => {
                if state.magic == Magic::Good {
                    return Ok(());
                }
                self.write_magic()?;
                if permanent {
                    self.write_byte(Field::ImageOk, SET)?;
                }
                let swap = if permanent { SWAP_PERMANENT } else { SWAP_TEST };
                self.write_byte(Field::SwapInfo, image << 4 | swap)
            }
        }
    }

    /// Tells MCUboot that the image in this slot, which runs, is good: it will not go back.
    ///
    /// As `boot_set_confirmed_multi`: where the magic is there and `image_ok` is not set, it writes `image_ok`; where there is
    /// no magic the image was not put there by an update, and nothing is done. With [`Mode::DirectXip`] it is `boot_set_next`
    /// of the slot that runs: it writes magic, `copy_done` and `image_ok`, as far as they are not set.
    ///
    /// # Errors
    /// [`SlotError::BadMagic`]: something else is where the magic belongs; report it. [`SlotError::Flash`].
    ///
    /// # Power loss
    /// Confirmed or not; a torn flag is neither, and MCUboot takes it for not set.
    pub fn set_confirmed(&mut self) -> Result<(), SlotError<F::Error>> {
        if self.layout.mode() == Mode::DirectXip {
            return self.set_pending(0, true);
        }
        let state = self.state()?;
        match (state.magic, state.image_ok) {
            (Magic::Bad, _) => Err(SlotError::BadMagic),
            (Magic::Good, Flag::Unset) => self.write_byte(Field::ImageOk, SET),
            (Magic::Good, Flag::Set | Flag::Bad) | (Magic::Unset, _) => Ok(()),
        }
    }

    /// Erases the sectors of the trailer: MCUboot is asked for nothing.
    ///
    /// An applier's first erase does that by itself. The image in the slot stays.
    ///
    /// # Errors
    /// [`SlotError::Flash`].
    pub fn erase_trailer(&mut self) -> Result<(), SlotError<F::Error>> {
        let offset = self.room.trailer_at;
        self.flash.erase(offset, self.len).map_err(|error| SlotError::Flash { offset, error })?;
        self.trailer_erased = true;
        Ok(())
    }

    fn write_magic(&mut self) -> Result<(), SlotError<F::Error>> {
        let mut room = [self.erased_value; MAX_ALIGN];
        let len = self.layout.magic_room() as usize;
        let room = room.get_mut(..len).ok_or(SlotError::OutOfSlot)?;
        let magic = self.layout.magic();
        let start = room.len().saturating_sub(magic.len());
        for (to, from) in room.iter_mut().skip(start).zip(magic) {
            *to = from;
        }
        self.write_at(self.layout.back_to(Field::Magic), room)
    }

    /// Writes the first byte of a field, and as many erased ones as a write unit has.
    fn write_byte(&mut self, field: Field, byte: u8) -> Result<(), SlotError<F::Error>> {
        let mut unit = [self.erased_value; MAX_ALIGN];
        if let Some(first) = unit.first_mut() {
            *first = byte;
        }
        let unit = unit.get(..F::WRITE_SIZE).ok_or(SlotError::OutOfSlot)?;
        self.write_at(self.layout.back_to(field), unit)
    }

    fn flag(&mut self, field: Field) -> Result<Flag, SlotError<F::Error>> {
        Ok(match self.byte(field)? {
            SET => Flag::Set,
            byte if byte == self.erased_value => Flag::Unset,
            _ => Flag::Bad,
        })
    }

    fn byte(&mut self, field: Field) -> Result<u8, SlotError<F::Error>> {
        let mut unit = [0; MAX_ALIGN];
        let part = unit.get_mut(..F::READ_SIZE.max(1)).ok_or(SlotError::OutOfSlot)?;
        self.read_at(self.layout.back_to(field), part)?;
        Ok(part.first().copied().unwrap_or(self.erased_value))
    }

    fn read_at(&mut self, back: u32, bytes: &mut [u8]) -> Result<(), SlotError<F::Error>> {
        let offset = self.len.checked_sub(back).ok_or(SlotError::OutOfSlot)?;
        self.flash.read(offset, bytes).map_err(|error| SlotError::Flash { offset, error })
    }

    fn write_at(&mut self, back: u32, bytes: &[u8]) -> Result<(), SlotError<F::Error>> {
        let offset = self.len.checked_sub(back).ok_or(SlotError::OutOfSlot)?;
        self.flash.write(offset, bytes).map_err(|error| SlotError::Flash { offset, error })
    }

    /// Where `len` bytes of the image at `offset` are in the flash.
    fn within(&self, offset: u32, len: usize) -> Result<u32, SlotError<F::Error>> {
        let end = u32::try_from(len).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > self.room.len) {
            return Err(SlotError::OutOfSlot);
        }
        self.room.offset.checked_add(offset).ok_or(SlotError::OutOfSlot)
    }
}

/// The write unit, once the read unit is known to fit.
fn unit<F: NorFlash>(layout: &Layout) -> Result<u32, LayoutError> {
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    let align = layout.align();
    let (read, write) = (number(F::READ_SIZE), number(F::WRITE_SIZE));
    let fits = |size: u32| align.checked_rem(size) == Some(0);
    match (fits(read), fits(write)) {
        (true, true) => Ok(write),
        (false, _) => Err(LayoutError::Write { expected: align, got: read }),
        (_, false) => Err(LayoutError::Write { expected: align, got: write }),
    }
}

/// Fills `bytes` from any offset, whatever the read unit.
fn read_any<F: NorFlash>(
    slot: &mut Slot<F>,
    offset: u32,
    bytes: &mut [u8],
) -> Result<(), SlotError<F::Error>> {
    let size = u32::try_from(F::READ_SIZE).unwrap_or(1).max(1);
    let mut at = offset;
    let mut rest = bytes;
    while !rest.is_empty() {
        let skip = at.checked_rem(size).unwrap_or(0);
        let mut unit = [0; MAX_ALIGN];
        let unit = unit.get_mut(..F::READ_SIZE.max(1)).ok_or(SlotError::OutOfSlot)?;
        slot.read(at.saturating_sub(skip), unit)?;
        let found = unit.get(skip as usize..).unwrap_or_default();
        let count = found.len().min(rest.len()).max(1);
        let (now, later) = rest.split_at_mut_checked(count).unwrap_or_default();
        for (to, from) in now.iter_mut().zip(found) {
            *to = *from;
        }
        at = at.saturating_add(u32::try_from(count).unwrap_or(1));
        rest = later;
    }
    Ok(())
}

impl<F: NorFlash> ErrorType for Slot<F> {
    type Error = SlotError<F::Error>;
}

impl<F: NorFlash> ReadNorFlash for Slot<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let offset = self.within(offset, bytes.len())?;
        self.flash.read(offset, bytes).map_err(|error| SlotError::Flash { offset, error })
    }

    fn capacity(&self) -> usize {
        self.room.len as usize
    }
}

impl<F: NorFlash> NorFlash for Slot<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let len = to.checked_sub(from).ok_or(SlotError::OutOfSlot)?;
        let offset = self.within(from, len as usize)?;
        let end = offset.checked_add(len).filter(|&end| end <= self.room.trailer_at);
        let end = end.ok_or(SlotError::OutOfSlot)?;
        if !self.trailer_erased {
            self.erase_trailer()?;
        }
        self.flash.erase(offset, end).map_err(|error| SlotError::Flash { offset, error })
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let offset = self.within(offset, bytes.len())?;
        self.flash.write(offset, bytes).map_err(|error| SlotError::Flash { offset, error })
    }
}

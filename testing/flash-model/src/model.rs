//! The model of a whole device's flash.

use core::cell::RefCell;
use core::marker::PhantomData;
use core::ops::Range;
use core::time::Duration;

use crate::cells::index;
use crate::device::Device;
use crate::log::{Log, Operation, UnitBytes};
use crate::power::{Armed, Cut};
use crate::{FlashError, Geometry, Page, Part, Slot, Stats, UnitState};

/// The flash of one device of part `P`.
///
/// All methods take `&self`: [`Slot`]s borrow the model, and any number of them, together with
/// the test that cuts and counts, use it at the same time. `Clone` copies the device.
///
/// **Addresses** count from the start of the device, not from 0x0800_0000.
/// **Cost:** one pointer per 2 KiB of flash, plus what has been written.
///
/// # Power loss
///
/// After a cut every operation, reads included, fails with [`FlashError::PowerLost`] until
/// [`power_on`](Self::power_on). Counters, wear and the log live on.
#[derive(Clone, Debug)]
pub struct FlashModel<P> {
    device: RefCell<Device>,
    log: RefCell<Option<Log<P>>>,
}

/// A whole device at one moment: bytes, write unit states, wear, counters, power, protected ranges.
///
/// **Cost:** one pointer per 2 KiB of flash; chunks are copied when one of both is written.
#[derive(Clone, Debug)]
pub struct Snapshot<P> {
    device: Device,
    part: PhantomData<P>,
}

impl<P: Part> Snapshot<P> {
    /// Another device in this very state, independent of the first.
    #[must_use]
    pub fn fork(&self) -> FlashModel<P> {
        FlashModel { device: RefCell::new(self.device.clone()), log: RefCell::new(None) }
    }

    /// Whether `range` holds the same as in `other`: bytes and states of write units. Counters, power and protection do not
    /// count.
    ///
    /// # Panics
    ///
    /// If `range` is outside one of both devices.
    #[must_use]
    pub fn same_in(&self, other: &Self, range: Range<u32>) -> bool {
        same_in(&self.device, &other.device, range)
    }
}

fn same_in(ours: &Device, theirs: &Device, range: Range<u32>) -> bool {
    let len = range.end.saturating_sub(range.start);
    let fits = |device: &Device| fits(range.start, index(len), device.size);
    assert!(fits(ours) && fits(theirs), "outside the device: {range:?}");
    ours.cells.equal(&theirs.cells, range.start, len)
}

impl<P: Part> Default for FlashModel<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Part> FlashModel<P> {
    /// An erased device of the part's size.
    #[must_use]
    pub fn new() -> Self {
        Self::with_size(P::GEOMETRY.device_bytes())
    }

    /// An erased device of another size than the part's.
    ///
    /// # Panics
    ///
    /// If `size` is not a whole number of pages (for parts with unequal pages: of page layouts).
    #[must_use]
    pub fn with_size(size: u32) -> Self {
        assert!(P::GEOMETRY.accepts_size(size), "{size} bytes are not whole pages");
        Self { device: RefCell::new(Device::new(P::GEOMETRY, size)), log: RefCell::new(None) }
    }

    /// The part's geometry.
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        P::GEOMETRY
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.device.borrow().size
    }

    /// The slot at `range`, with the flash traits.
    ///
    /// # Panics
    ///
    /// If `range` is outside the device or not aligned to the erase size.
    #[must_use]
    pub fn slot(&self, range: Range<u32>) -> Slot<'_, P> {
        Slot::new(self, range)
    }

    /// Reads `buffer.len()` bytes.
    ///
    /// # Errors
    ///
    /// [`FlashError::Ecc`]: the bytes from the reported write unit on are undefined. `OutOfBounds`,
    /// `PowerLost`.
    pub fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.check_access(address, buffer.len(), 1, self.size())?;
        self.device.borrow_mut().read(address, buffer)
    }

    /// Programs whole write units, one operation each.
    ///
    /// # Errors
    ///
    /// `NotErased`, `WriteProtected`, `PowerLost` at a write unit: those before it are programmed.
    /// `Unaligned`, `OutOfBounds`: none is.
    pub fn program(&self, address: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let unit_bytes = P::GEOMETRY.write_bytes();
        self.check_access(address, bytes.len(), unit_bytes, self.size())?;
        let units = bytes.chunks_exact(index(unit_bytes));
        for (address, unit) in (address..).step_by(index(unit_bytes)).zip(units) {
            let program = || Operation::Program { address, bytes: UnitBytes::new(unit) };
            self.operate(program, |device| device.program(address, unit))?;
        }
        Ok(())
    }

    /// Erases whole pages, one operation each.
    ///
    /// # Errors
    ///
    /// `WriteProtected`, `PowerLost` at a page: the pages before it are erased. `Unaligned`,
    /// `OutOfBounds`: none is.
    pub fn erase(&self, range: Range<u32>) -> Result<(), FlashError> {
        let Range { start, end } = range;
        let len = self.check_range(start, end, 1, self.size())?;
        for edge in [start, end] {
            let page = P::GEOMETRY.page_at(edge);
            if page.start != edge {
                let expected = page.bytes;
                return self.refuse(FlashError::Unaligned { offset: start, len, expected });
            }
        }
        let mut address = start;
        while address < end {
            let page = P::GEOMETRY.page_at(address);
            let erase = || Operation::Erase { address, len: page.bytes };
            self.operate(erase, |device| device.erase(&page))?;
            address += page.bytes;
        }
        Ok(())
    }

    /// Puts bytes into flash as a programmer on the workbench does: no counters, no log, no rules.
    /// Whole write units become programmed; the end of the last one is filled with erased bytes.
    ///
    /// # Panics
    ///
    /// If `address` is not aligned to the write unit or the bytes do not fit.
    pub fn load(&self, address: u32, bytes: &[u8]) {
        assert!(address.is_multiple_of(P::GEOMETRY.write_bytes()), "unaligned: {address:#x}");
        assert!(fits(address, bytes.len(), self.size()), "{} bytes do not fit", bytes.len());
        self.device.borrow_mut().load(address, bytes);
    }

    /// What is in flash, seen by a test: without counters, without power.
    ///
    /// # Errors
    ///
    /// `Ecc` and `OutOfBounds` as in [`read`](Self::read).
    pub fn dump(&self, range: Range<u32>) -> Result<Vec<u8>, FlashError> {
        let (offset, size) = (range.start, self.size());
        let len = index(range.end.saturating_sub(offset));
        if !fits(offset, len, size) {
            return Err(FlashError::OutOfBounds { offset, len, size });
        }
        let mut bytes = vec![0; len];
        self.device.borrow().cells.read(range.start, &mut bytes)?;
        Ok(bytes)
    }

    /// The bits of the write unit that `address` lies in, whatever its ECC says: what a part returns along with the fault.
    /// Without counters, without power.
    ///
    /// # Panics
    ///
    /// If `address` is outside the device or `unit` is not as long as a write unit.
    pub fn raw_unit(&self, address: u32, unit: &mut [u8]) {
        assert!(address < self.size(), "outside the device: {address:#x}");
        let unit_bytes = P::GEOMETRY.write_bytes();
        unit.copy_from_slice(self.device.borrow().cells.unit(address / unit_bytes * unit_bytes).0);
    }

    /// State of the write unit that `address` lies in.
    ///
    /// # Panics
    ///
    /// If `address` is outside the device.
    #[must_use]
    pub fn unit_state(&self, address: u32) -> UnitState {
        assert!(address < self.size(), "outside the device: {address:#x}");
        let unit_bytes = P::GEOMETRY.write_bytes();
        self.device.borrow().cells.unit(address / unit_bytes * unit_bytes).1
    }

    /// Lets power fail at a later operation: `operations` complete, the next one meets `cut`.
    ///
    /// An operation is one write unit programmed or one page erased; refused ones do not count.
    /// Replaces a cut that has not happened yet.
    pub fn cut_after(&self, operations: u64, cut: Cut) {
        self.device.borrow_mut().armed = Some(Armed { operations_left: operations, cut });
    }

    /// Gives power again and disarms a cut that has not happened.
    pub fn power_on(&self) {
        let mut device = self.device.borrow_mut();
        device.powered = true;
        device.armed = None;
    }

    /// Whether a cut waits for its operation.
    #[must_use]
    pub fn is_cut_armed(&self) -> bool {
        self.device.borrow().armed.is_some()
    }

    /// Whether `range` holds the same as in `snapshot`, as [`Snapshot::same_in`] says.
    ///
    /// # Panics
    ///
    /// If `range` is outside one of both devices.
    #[must_use]
    pub fn same_in(&self, snapshot: &Snapshot<P>, range: Range<u32>) -> bool {
        same_in(&self.device.borrow(), &snapshot.device, range)
    }

    /// Whether there is power.
    #[must_use]
    pub fn is_powered(&self) -> bool {
        self.device.borrow().powered
    }

    /// Refuses every program and erase that touches `range`, from now on.
    pub fn protect(&self, range: Range<u32>) {
        self.device.borrow_mut().protected.push(range);
    }

    /// Refuses every program and erase outside `range`, from now on.
    pub fn protect_outside(&self, range: Range<u32>) {
        self.protect(0..range.start);
        self.protect(range.end..self.size());
    }

    /// Lifts all protection.
    pub fn unprotect(&self) {
        self.device.borrow_mut().protected.clear();
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.device.borrow().stats
    }

    /// Erases of each page, torn ones included, by page index.
    #[must_use]
    pub fn wear(&self) -> Vec<u32> {
        self.device.borrow().wear.clone()
    }

    /// The page that `address` lies in.
    #[must_use]
    pub const fn page_at(&self, address: u32) -> Page {
        P::GEOMETRY.page_at(address)
    }

    /// Typical time that `bank` was busy: code that runs from it stood still that long.
    ///
    /// # Panics
    ///
    /// If the part has no such bank.
    #[must_use]
    pub fn busy(&self, bank: usize) -> Duration {
        self.device.borrow().busy[bank]
    }

    /// The whole device as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<P> {
        Snapshot { device: self.device.borrow().clone(), part: PhantomData }
    }

    /// Sets the whole device, counters and power included, back to `snapshot`. A log being
    /// recorded is dropped.
    pub fn restore(&self, snapshot: &Snapshot<P>) {
        *self.device.borrow_mut() = snapshot.device.clone();
        *self.log.borrow_mut() = None;
    }

    /// Starts to log operations, from the flash as it is now.
    pub fn record(&self) {
        *self.log.borrow_mut() = Some(Log::new(self.snapshot()));
    }

    /// Ends the log and returns it; `None` if none was being recorded.
    #[must_use]
    pub fn take_log(&self) -> Option<Log<P>> {
        self.log.borrow_mut().take()
    }

    /// Does a logged operation again.
    pub(crate) fn replay(&self, operation: &Operation) -> Result<(), FlashError> {
        self.device.borrow_mut().replay(operation)
    }

    fn operate(
        &self,
        operation: impl FnOnce() -> Operation,
        run: impl FnOnce(&mut Device) -> Result<(), FlashError>,
    ) -> Result<(), FlashError> {
        let mut device = self.device.borrow_mut();
        let before = device.stats.operations();
        let done = run(&mut device);
        if matches!(done, Err(error) if error != FlashError::PowerLost) {
            device.stats.refusals += 1;
        }
        if let Some(log) = self.log.borrow_mut().as_mut() {
            if device.stats.operations() > before {
                log.operations.push(operation());
            }
            if let Err(error @ (FlashError::PowerLost | FlashError::NotErased { .. })) = done {
                log.broken.get_or_insert(error);
            }
        }
        done
    }

    /// Refuses what is not aligned to `align`, or not within `size`; a dead device refuses all.
    pub(crate) fn check_access(
        &self,
        offset: u32,
        len: usize,
        align: u32,
        size: u32,
    ) -> Result<(), FlashError> {
        self.device.borrow().check_power()?;
        if !offset.is_multiple_of(align) || !len.is_multiple_of(index(align)) {
            return self.refuse(FlashError::Unaligned { offset, len, expected: align });
        }
        if !fits(offset, len, size) {
            return self.refuse(FlashError::OutOfBounds { offset, len, size });
        }
        Ok(())
    }

    /// The same for a range, of which it returns the length; refuses one that runs backwards.
    pub(crate) fn check_range(
        &self,
        start: u32,
        end: u32,
        align: u32,
        size: u32,
    ) -> Result<usize, FlashError> {
        let len = index(end.saturating_sub(start));
        self.check_access(start, len, align, size)?;
        if start > end {
            self.refuse(FlashError::OutOfBounds { offset: start, len, size })?;
        }
        Ok(len)
    }

    /// Counts a refusal.
    fn refuse(&self, refusal: FlashError) -> Result<(), FlashError> {
        self.device.borrow_mut().stats.refusals += 1;
        Err(refusal)
    }
}

/// Whether `len` bytes at `offset` are within `size`.
pub(crate) fn fits(offset: u32, len: usize, size: u32) -> bool {
    index(offset).checked_add(len).is_some_and(|end| end <= index(size))
}

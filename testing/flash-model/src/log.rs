//! The operation log, and the flash images that a power cut at any of its operations leaves.

use core::fmt;
use core::ops::{Deref, Range};

use crate::geometry::MAX_WRITE_BYTES;
use crate::{Cut, FlashError, FlashModel, Part, Snapshot, Tear};

pub(crate) const MAX_UNIT: usize = MAX_WRITE_BYTES as usize;

/// One completed or torn operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A page erased.
    Erase {
        /// Address of the page.
        address: u32,
        /// Size of the page.
        len: u32,
    },
    /// A write unit programmed.
    Program {
        /// Address of the write unit.
        address: u32,
        /// What was to be programmed.
        bytes: UnitBytes,
    },
}

impl Operation {
    /// The addresses touched.
    #[must_use]
    pub fn range(&self) -> Range<u32> {
        match self {
            Self::Erase { address, len } => *address..address + len,
            Self::Program { address, bytes } => *address..address + u32::from(bytes.len),
        }
    }
}

/// The bytes of one write unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UnitBytes {
    bytes: [u8; MAX_UNIT],
    len: u8,
}

impl UnitBytes {
    pub(crate) fn new(unit: &[u8]) -> Self {
        let mut bytes = [0; MAX_UNIT];
        bytes[..unit.len()].copy_from_slice(unit);
        let len = u8::try_from(unit.len()).expect("a unit has at most 32 bytes");
        Self { bytes, len }
    }
}

impl Deref for UnitBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for UnitBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", &**self)
    }
}

/// A flash image and the operations that were then done to it.
///
/// Made by [`FlashModel::record`] and [`FlashModel::take_log`]. Memory: 40 bytes an
/// operation.
#[derive(Clone, Debug)]
pub struct Log<P> {
    pub(crate) start: Snapshot<P>,
    pub(crate) operations: Vec<Operation>,
    /// The first error that makes the operations alone not tell what is in flash.
    pub(crate) broken: Option<FlashError>,
}

impl<P: Part> Log<P> {
    pub(crate) fn new(start: Snapshot<P>) -> Self {
        Self { start, operations: Vec::new(), broken: None }
    }

    /// The flash before the first operation.
    #[must_use]
    pub fn start(&self) -> &Snapshot<P> {
        &self.start
    }

    /// The operations, in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Every flash image that a cut during these operations can leave: before each operation,
    /// inside it with each of `tears`, and after the last.
    ///
    /// A cut after an operation leaves the same flash as one before the next, so `n` operations
    /// give `n * (1 + tears.len()) + 1` images. They are made one by one: the memory is that of
    /// two images.
    ///
    /// # Panics
    ///
    /// If the logged run was cut or programmed a write unit that was not erased: then the log does
    /// not tell what was in flash.
    pub fn cut_points<'a>(&'a self, tears: &'a [Tear]) -> impl Iterator<Item = CutPoint<P>> + 'a {
        assert_eq!(self.broken, None, "only the log of a faultless run can be cut");
        let uncut = self.start.fork();
        uncut.power_on();
        let last = self.operations.len();
        let variants = tears.len() + 1;
        (0..last * variants + 1).map(move |step| {
            let (index, variant) = (step / variants, step % variants);
            let Some(operation) = self.operations.get(index) else {
                let flash = uncut.clone();
                return CutPoint { index: last - usize::from(last > 0), cut: Cut::After, flash };
            };
            let flash = uncut.clone();
            let mut cut = Cut::Before;
            if let Some(tear) = variant.checked_sub(1).and_then(|tear| tears.get(tear)) {
                cut = Cut::Inside(*tear);
                flash.cut_after(0, cut);
                // The cut makes the replayed operation fail, as it should.
                let _ = flash.replay(operation);
                flash.power_on();
            }
            if variant + 1 == variants {
                uncut.replay(operation).expect("a faultless log replays");
            }
            CutPoint { index, cut, flash }
        })
    }
}

/// A device that was cut at one operation of a [`Log`] and has power again.
#[derive(Clone, Debug)]
pub struct CutPoint<P> {
    /// Index of the operation in the log.
    pub index: usize,
    /// Where in the operation power failed.
    pub cut: Cut,
    /// The device, powered, with no cut armed and nothing protected beyond what was at the start.
    pub flash: FlashModel<P>,
}

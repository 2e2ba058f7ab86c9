//! Counters.

use core::time::Duration;

/// What a device has done since it was made (restoring a snapshot restores its counters, too).
///
/// One *operation* is one write unit programmed or one page erased: what a cut can fall into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes read.
    pub bytes_read: u64,
    /// Reads refused because of ECC.
    pub ecc_faults: u64,
    /// Pages erased, torn ones included.
    pub erases: u64,
    /// Sum of typical program and erase times; reading is not counted.
    pub flash_time: Duration,
    /// Most programs that any write unit has seen between two erases: above 1, a driver relies on a
    /// part's leniency.
    pub max_programs_per_unit: u8,
    /// Write units programmed, torn ones included.
    pub programs: u64,
    /// Calls of read.
    pub reads: u64,
    /// Operations refused with an error other than lost power: zero for a correct driver.
    pub refusals: u64,
}

impl Stats {
    /// Operations: write units programmed and pages erased.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.programs + self.erases
    }

    /// What happened after `earlier` was taken from the same device.
    ///
    /// [`max_programs_per_unit`](Self::max_programs_per_unit) stays that of `self`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            bytes_read: self.bytes_read.saturating_sub(earlier.bytes_read),
            ecc_faults: self.ecc_faults.saturating_sub(earlier.ecc_faults),
            erases: self.erases.saturating_sub(earlier.erases),
            flash_time: self.flash_time.saturating_sub(earlier.flash_time),
            max_programs_per_unit: self.max_programs_per_unit,
            programs: self.programs.saturating_sub(earlier.programs),
            reads: self.reads.saturating_sub(earlier.reads),
            refusals: self.refusals.saturating_sub(earlier.refusals),
        }
    }
}

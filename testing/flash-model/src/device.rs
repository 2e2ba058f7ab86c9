//! One device, apart from its marker type: rules of programming and erasing, power, counters.

use core::ops::Range;
use core::time::Duration;

use crate::cells::{Cells, index};
use crate::log::{MAX_UNIT, Operation};
use crate::power::{Armed, Cut, Fate};
use crate::tear::Tearing;
use crate::{FlashError, Geometry, Page, Reprogram, Stats, UnitState};

/// All that a snapshot keeps.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) geometry: Geometry,
    pub(crate) size: u32,
    pub(crate) cells: Cells,
    /// Erases of each page.
    pub(crate) wear: Vec<u32>,
    /// Typical time that each bank was busy.
    pub(crate) busy: Vec<Duration>,
    pub(crate) stats: Stats,
    pub(crate) powered: bool,
    pub(crate) armed: Option<Armed>,
    pub(crate) protected: Vec<Range<u32>>,
}

impl Device {
    pub(crate) fn new(geometry: Geometry, size: u32) -> Self {
        Self {
            geometry,
            size,
            cells: Cells::new(&geometry, size),
            wear: vec![0; index(geometry.pages_in(size))],
            busy: vec![Duration::ZERO; index(geometry.banks())],
            stats: Stats::default(),
            powered: true,
            armed: None,
            protected: Vec::new(),
        }
    }

    /// Reads bytes within the device.
    pub(crate) fn read(&mut self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.check_power()?;
        self.stats.reads += 1;
        let read = self.cells.read(address, buffer);
        match read {
            Ok(()) => self.stats.bytes_read += u64::try_from(buffer.len()).unwrap_or(u64::MAX),
            Err(_) => self.stats.ecc_faults += 1,
        }
        read
    }

    /// Programs the write unit at `address`, which is aligned and within the device.
    pub(crate) fn program(&mut self, address: u32, unit: &[u8]) -> Result<(), FlashError> {
        self.check_power()?;
        self.check_protection(address, self.geometry.write_bytes())?;
        self.check_programmable(address, unit)?;

        let rules = self.geometry.rules();
        let operation = self.stats.operations();
        let Some(fate) = self.begin(address, self.geometry.timing().program_time) else {
            return Err(FlashError::PowerLost);
        };
        self.stats.programs += 1;
        let stats = &mut self.stats;
        self.cells.change_unit(address, |bytes, before| {
            let programs = before.programs().saturating_add(1);
            stats.max_programs_per_unit = stats.max_programs_per_unit.max(programs);
            let after = UnitState::Programmed { programs };
            let mut buffer = [0; MAX_UNIT];
            let new = &mut buffer[..unit.len()];
            new.copy_from_slice(unit);
            if let Reprogram::Ands { .. } = rules.reprogram {
                new.iter_mut().zip(&*bytes).for_each(|(new, old)| *new &= old);
            }
            if let Fate::Cut(Cut::Inside(tear)) = fate {
                return Tearing::new(tear, operation, rules.ecc).program(bytes, before, new, after);
            }
            bytes.copy_from_slice(new);
            after
        });
        fate.result()
    }

    /// Erases one page.
    pub(crate) fn erase(&mut self, page: &Page) -> Result<(), FlashError> {
        self.check_power()?;
        self.check_protection(page.start, page.bytes)?;

        let operation = self.stats.operations();
        let Some(fate) = self.begin(page.start, page.erase_time) else {
            return Err(FlashError::PowerLost);
        };
        self.stats.erases += 1;
        self.wear[index(page.index)] += 1;
        if let Fate::Cut(Cut::Inside(tear)) = fate {
            let mut tearing = Tearing::new(tear, operation, self.geometry.rules().ecc);
            let unit_bytes = self.geometry.write_bytes();
            let erased = vec![self.geometry.erased_value(); index(unit_bytes)];
            for unit in 0..page.bytes / unit_bytes {
                self.cells.change_unit(page.start + unit * unit_bytes, |bytes, before| {
                    tearing.erase(bytes, before, &erased)
                });
            }
        } else {
            self.cells.erase(page.start, page.bytes);
        }
        fate.result()
    }

    /// Does a logged operation again, whatever is protected by now.
    pub(crate) fn replay(&mut self, operation: &Operation) -> Result<(), FlashError> {
        let protected = core::mem::take(&mut self.protected);
        let done = match operation {
            Operation::Program { address, bytes } => self.program(*address, bytes),
            Operation::Erase { address, .. } => self.erase(&self.geometry.page_at(*address)),
        };
        self.protected = protected;
        done
    }

    /// Stores bytes as if they had been programmed on a workbench: no counters, no rules.
    pub(crate) fn load(&mut self, address: u32, bytes: &[u8]) {
        let unit_bytes = index(self.geometry.write_bytes());
        let erased = self.geometry.erased_value();
        for (address, chunk) in (address..).step_by(unit_bytes).zip(bytes.chunks(unit_bytes)) {
            self.cells.change_unit(address, |unit, _| {
                unit.fill(erased);
                unit[..chunk.len()].copy_from_slice(chunk);
                UnitState::Programmed { programs: 1 }
            });
        }
    }

    pub(crate) fn check_power(&self) -> Result<(), FlashError> {
        if self.powered { Ok(()) } else { Err(FlashError::PowerLost) }
    }

    fn check_protection(&self, address: u32, len: u32) -> Result<(), FlashError> {
        let overlaps = |range: &Range<u32>| range.start < address + len && address < range.end;
        if self.protected.iter().any(overlaps) {
            return Err(FlashError::WriteProtected { address });
        }
        Ok(())
    }

    /// Refuses what the part's rules refuse.
    fn check_programmable(&mut self, address: u32, unit: &[u8]) -> Result<(), FlashError> {
        let (_, got) = self.cells.unit(address);
        let zeroes = unit.iter().all(|byte| *byte == 0);
        let accepted = match (got, self.geometry.rules().reprogram) {
            (UnitState::Erased, _) => true,
            (UnitState::Programmed { programs }, Reprogram::Ands { limit }) => programs < limit,
            (_, Reprogram::Ands { .. } | Reprogram::Refused) => false,
            (_, Reprogram::ZeroesOnly) => zeroes,
            (_, Reprogram::ZeroesElsePoison) => {
                if !zeroes {
                    self.cells.change_unit(address, |bytes, _| {
                        bytes.iter_mut().zip(unit).for_each(|(byte, new)| *byte &= new);
                        UnitState::Poisoned
                    });
                }
                zeroes
            }
        };
        if accepted { Ok(()) } else { Err(FlashError::NotErased { address, got }) }
    }

    /// Starts an operation, unless power fails just before it.
    fn begin(&mut self, address: u32, time: Duration) -> Option<Fate> {
        let fate = self.fate();
        if fate == Fate::Cut(Cut::Before) {
            return None;
        }
        self.stats.flash_time += time;
        let bank_bytes = self.size.div_ceil(self.geometry.banks());
        self.busy[index(address / bank_bytes)] += time;
        Some(fate)
    }

    fn fate(&mut self) -> Fate {
        match &mut self.armed {
            None => Fate::Completes,
            Some(Armed { operations_left: 0, cut }) => {
                self.powered = false;
                Fate::Cut(*cut)
            }
            Some(armed) => {
                armed.operations_left -= 1;
                Fate::Completes
            }
        }
    }
}

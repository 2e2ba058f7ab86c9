//! The controller's registers, while it does nothing.

use super::Flash;
use super::caches::Caches;
use super::options::Options;
use super::registers::Keys;

/// All but the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Still {
    caches: Caches,
    latency: u32,
    keys: [Keys; 2],
    status: u32,
    control: u32,
    ecc: u32,
    /// Stored, loaded, in the registers.
    options: [Options; 3],
}

impl Flash {
    /// Nothing while an operation goes on, or is half asked for.
    pub(in super::super) fn still(&self) -> Option<Still> {
        if self.operation.is_some() || self.first_word.is_some() || self.options_lost {
            return None;
        }
        Some(Still {
            caches: self.caches.clone(),
            latency: self.latency,
            keys: [self.keys, self.option_keys],
            status: self.status,
            control: self.control,
            ecc: self.ecc,
            options: [self.stored, self.loaded, self.written],
        })
    }

    pub(in super::super) fn set_still(&mut self, still: Still) {
        self.caches = still.caches;
        self.latency = still.latency;
        [self.keys, self.option_keys] = still.keys;
        (self.status, self.control, self.ecc) = (still.status, still.control, still.ecc);
        [self.stored, self.loaded, self.written] = still.options;
        (self.operation, self.first_word) = (None, None);
    }
}

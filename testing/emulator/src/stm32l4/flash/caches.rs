//! What must not be read through the flash's caches: RM0351 §3.3.4 and §3.3.7, "Programming and caches".
//!
//! An erase does not change what a cache holds. So until the cache is reset, which is only allowed while it is off, pages
//! that were erased must not be read through it.

use std::collections::BTreeSet;

use crate::bits::bit;
use crate::bus::BusError;

pub(super) const PRFTEN: u32 = 8;
pub(super) const ICEN: u32 = 9;
pub(super) const DCEN: u32 = 10;
const ICRST: u32 = 11;
const DCRST: u32 = 12;

/// One of both caches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cache {
    on: bool,
    /// It has been off ever since it was reset: it holds nothing.
    empty: bool,
    /// Pages that were erased since.
    stale: BTreeSet<u32>,
}

impl Cache {
    fn set(&mut self, on: bool, reset: bool) -> Result<(), BusError> {
        if reset && (on || self.on) {
            return Err(BusError::Misuse);
        }
        if reset {
            self.stale.clear();
            self.empty = true;
        }
        self.empty &= !on;
        self.on = on;
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caches {
    prefetch: bool,
    instructions: Cache,
    data: Cache,
}

impl Default for Caches {
    /// Both on, as after reset: §3.7.1.
    fn default() -> Self {
        let on = Cache { on: true, ..Cache::default() };
        Self { prefetch: false, instructions: on.clone(), data: on }
    }
}

impl Caches {
    /// Bits of `FLASH_ACR` that read as they were written.
    pub(super) fn control(&self) -> u32 {
        let flags = [(PRFTEN, self.prefetch), (ICEN, self.instructions.on), (DCEN, self.data.on)];
        flags.into_iter().map(|(at, on)| u32::from(on) << at).sum()
    }

    pub(super) fn write(&mut self, control: u32) -> Result<(), BusError> {
        self.prefetch = bit(control, PRFTEN);
        self.instructions.set(bit(control, ICEN), bit(control, ICRST))?;
        self.data.set(bit(control, DCEN), bit(control, DCRST))
    }

    /// Whether anything goes on serving what was there when banks are swapped.
    pub(super) fn any_on(&self) -> bool {
        self.prefetch || self.instructions.on || self.data.on
    }

    pub(super) fn erased(&mut self, page: u32) {
        for cache in [&mut self.instructions, &mut self.data] {
            if !cache.empty {
                cache.stale.insert(page);
            }
        }
    }

    /// Whether reading `page` may give what was there before it was erased.
    #[inline]
    pub(super) fn is_stale(&self, page: u32, fetch: bool) -> bool {
        let cache = if fetch { &self.instructions } else { &self.data };
        cache.on && !cache.stale.is_empty() && cache.stale.contains(&page)
    }
}

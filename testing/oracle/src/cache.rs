//! The exception cache (§5.2).

use crate::hash::{context, slot};

const EMPTY: u32 = 0xFFFF_FFFF;

/// Direct mapped (base address, target address).
#[derive(Debug)]
pub(crate) struct Cache(pub(crate) Vec<(u32, u32)>);

impl Cache {
    pub(crate) fn new(entries: u32) -> Self {
        Self(vec![(EMPTY, EMPTY); usize::try_from(entries).expect("small")])
    }

    fn index(&self, base: u32) -> usize {
        slot(context(0, base, 0), u32::try_from(self.0.len()).expect("small"))
    }

    pub(crate) fn find(&self, base: u32) -> Option<u32> {
        let entry = self.0.get(self.index(base))?;
        (entry.0 == base && base != EMPTY).then_some(entry.1)
    }

    pub(crate) fn insert(&mut self, base: u32, target: u32) {
        let index = self.index(base);
        if let Some(entry) = self.0.get_mut(index) {
            *entry = (base, target);
        }
    }
}

//! A journal of numbers.

use device_apply::journal::{Journal, Record};
use flash_model::{FlashModel, Part, Slot};

/// A number, and enough of it that a record takes several write units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u32);

impl Record for Number {
    const KIND: u8 = 1;
    const BYTES: usize = 24;

    fn encode(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_exact_mut(4) {
            chunk.copy_from_slice(&self.0.to_le_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words =
            bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        let first = words.next()?;
        words.all(|word| word == first).then_some(Self(first))
    }
}

pub(crate) type NumberJournal<'a, P> = Journal<Slot<'a, P>, Number>;

/// A region of `pages` pages.
pub(crate) fn region<P: Part>(pages: u32) -> FlashModel<P> {
    FlashModel::with_size(pages * P::GEOMETRY.erase_bytes())
}

pub(crate) fn open<P: Part>(flash: &FlashModel<P>) -> NumberJournal<'_, P> {
    let journal = Journal::open(flash.slot(0..flash.size())).unwrap();
    journal.with_erased_value(P::GEOMETRY.erased_value())
}

pub(crate) fn latest<P: Part>(flash: &FlashModel<P>) -> Option<u32> {
    open(flash).latest().map(|number| number.0)
}

/// Records of a page.
pub(crate) fn per_page<P: Part>() -> u32 {
    P::GEOMETRY.erase_bytes() / 32
}

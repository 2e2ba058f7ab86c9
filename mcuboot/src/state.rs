//! What the trailer of a slot says.

/// What the trailer of a slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Whether the magic is there.
    pub magic: Magic,
    /// `image_ok`: the image is confirmed, or to be kept.
    pub image_ok: Flag,
    /// `copy_done`: MCUboot has put the image here.
    pub copy_done: Flag,
    /// `swap_info`, unless unset: type in the low half, number of the image in the high half.
    pub swap_info: Option<u8>,
}

impl State {
    /// Of the primary slot: whether the image that runs is on trial. The secondary slot holds the one to go back to then, and
    /// must not be written before [`Slot::set_confirmed`](crate::Slot::set_confirmed).
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        self.magic == Magic::Good && self.copy_done == Flag::Set && self.image_ok != Flag::Set
    }
}

/// The magic of a trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// It is there.
    Good,
    /// There is something else.
    Bad,
    /// Erased.
    Unset,
}

/// A flag of a trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// One.
    Set,
    /// Neither set nor erased.
    Bad,
    /// Erased.
    Unset,
}

//! Static state that only the main loop touches.

use core::cell::RefCell;

/// A `RefCell` in a static. Using it from an interrupt handler panics.
pub(crate) struct MainOnly<T>(RefCell<T>);

// SAFETY: `with` refuses to run in handler mode, so that one thread of execution is all that ever sees the cell.
unsafe impl<T> Sync for MainOnly<T> {}

impl<T> MainOnly<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// Runs `f` on the value.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        assert!(!in_handler(), "main-loop state used in an interrupt");
        f(&mut self.0.borrow_mut())
    }
}

/// Whether the core runs an exception handler (IPSR is not zero).
#[cfg(target_os = "none")]
fn in_handler() -> bool {
    let ipsr: u32;
    // SAFETY: reading IPSR has no side effect.
    unsafe { core::arch::asm!("mrs {}, ipsr", out(reg) ipsr, options(nomem, nostack)) };
    ipsr != 0
}

#[cfg(not(target_os = "none"))]
fn in_handler() -> bool {
    false
}

//! Memory-mapped registers.

/// A 32-bit register of a peripheral.
#[derive(Clone, Copy)]
pub(super) struct Reg(*mut u32);

impl Reg {
    /// Names the register `offset` bytes into the peripheral at `base`. Drivers only pass addresses of `chip`.
    pub(super) const fn at(base: usize, offset: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(base + offset))
    }

    pub(super) fn read(self) -> u32 {
        // SAFETY: the address is a 32-bit aligned device register of this chip.
        unsafe { self.0.read_volatile() }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: the address is a 32-bit aligned device register of this chip.
        unsafe { self.0.write_volatile(value) }
    }

    pub(super) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }

    pub(super) fn update(self, clear: u32, set: u32) {
        self.write(self.read() & !clear | set);
    }

    /// Waits until all of `bits` are set. False after too many tries.
    pub(super) fn wait_set(self, bits: u32) -> bool {
        (0..20_000).any(|_| self.read() & bits == bits)
    }

    /// Waits until all of `bits` are clear. False after too many tries.
    pub(super) fn wait_clear(self, bits: u32) -> bool {
        (0..20_000).any(|_| self.read() & bits == 0)
    }
}

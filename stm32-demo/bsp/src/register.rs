//! Registers of peripherals.

/// A 32-bit register of a peripheral of the part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at `address`, which is one: every constant of this type names where the manual has it.
    pub(crate) const fn at(address: u32) -> Self {
        Self(address as usize)
    }

    pub(crate) fn read(self) -> u32 {
        let register = core::ptr::with_exposed_provenance::<u32>(self.0);
        // SAFETY: a register of the part, by `at`; aligned, always there, and nothing of Rust's.
        unsafe { register.read_volatile() }
    }

    pub(crate) fn write(self, value: u32) {
        let register = core::ptr::with_exposed_provenance_mut::<u32>(self.0);
        // SAFETY: as in `read`; what it does to memory is for the caller, who orders it with barriers.
        unsafe { register.write_volatile(value) }
    }

    /// Clears bits, then sets some.
    pub(crate) fn change(self, clear: u32, set: u32) {
        self.write(self.read() & !clear | set);
    }

    /// Waits until the bits `mask` are `value`, for at most `attempts` reads. Whether they are.
    pub(crate) fn wait(self, mask: u32, value: u32, attempts: u32) -> bool {
        (0..attempts).any(|_| self.read() & mask == value)
    }
}

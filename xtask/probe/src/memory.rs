//! Memory that the optimiser knows nothing about: fixed addresses, volatile access.

/// A range of a device's address space.
#[derive(Clone, Copy)]
pub struct Memory {
    pub address: usize,
    pub len: usize,
}

impl Memory {
    /// Copies from `offset` into `bytes`; false when out of range.
    pub fn read(self, offset: u32, bytes: &mut [u8]) -> bool {
        let offset = offset as usize;
        let Some(end) = offset.checked_add(bytes.len()) else { return false };
        if end > self.len {
            return false;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let address = self.address.wrapping_add(offset).wrapping_add(index);
            // SAFETY: mapped memory of the device, checked above to be in range.
            *byte = unsafe { (address as *const u8).read_volatile() };
        }
        true
    }

    /// Copies `bytes` to `offset`; false when out of range.
    pub fn write(self, offset: u32, bytes: &[u8]) -> bool {
        let offset = offset as usize;
        let Some(end) = offset.checked_add(bytes.len()) else { return false };
        if end > self.len {
            return false;
        }
        for (index, byte) in bytes.iter().enumerate() {
            let address = self.address.wrapping_add(offset).wrapping_add(index);
            // SAFETY: mapped memory of the device, checked above to be in range.
            unsafe { (address as *mut u8).write_volatile(*byte) };
        }
        true
    }
}

/// Public keys and counter.
pub const KEYS: Memory = Memory { address: 0x080F_0000, len: 0x1000 };

/// Where restart marks are kept.
pub const JOURNAL: Memory = Memory { address: 0x080E_0000, len: 0x1_0000 };

/// Where the running image is, where the next one goes, where the patch waits, and how long that is.
pub const BASE: Memory = Memory { address: 0x0810_0000, len: 0x4_0000 };
pub const TARGET: Memory = Memory { address: 0x0804_0000, len: 0x4_0000 };
pub const PATCH: Memory = Memory { address: 0x0808_0000, len: 0x1_0000 };
pub const PATCH_LEN: Memory = Memory { address: 0x080A_0000, len: 4 };

/// The bytes of the patch from `position` on, as many as there are and `room` holds; `None` at its end.
pub fn patch(position: u32, room: &mut [u8; 64]) -> Option<&[u8]> {
    let mut len = [0; 4];
    PATCH_LEN.read(0, &mut len).then_some(())?;
    let left = u32::from_le_bytes(len).checked_sub(position)? as usize;
    let bytes = room.get_mut(..left.min(64))?;
    (left > 0 && PATCH.read(position, bytes)).then_some(bytes)
}

/// Boot metadata and the state of updates: two pages each; what the caller's events are.
pub const METADATA: Memory = Memory { address: 0x080E_0000, len: 0x1000 };
pub const STATE: Memory = Memory { address: 0x080E_1000, len: 0x1000 };
pub const EVENTS: Memory = Memory { address: 0x2000_8000, len: 0x100 };

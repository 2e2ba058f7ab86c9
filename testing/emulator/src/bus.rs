//! What the core talks to: addresses and values, at three widths.

use core::fmt;

use crate::exception::SystemControl;

/// Width of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Half,
    /// 32 bits.
    Word,
}

impl Width {
    /// Bytes: 1, 2 or 4.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }
}

/// Why an access failed. The silicon would raise a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusError {
    /// Nothing is there.
    Unmapped,
    /// Something is there that cannot be written this way.
    ReadOnly,
    /// A register that is there and not modelled, or a width that it does not take.
    NotModelled,
    /// What is there answers with an error.
    Refused,
    /// The manual forbids it and does not say what happens: a bug of the program, which stops the machine.
    Misuse,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unmapped => "nothing is mapped there",
            Self::ReadOnly => "it cannot be written",
            Self::NotModelled => "it is not modelled",
            Self::Refused => "it answers with an error",
            Self::Misuse => "the manual forbids it",
        })
    }
}

impl core::error::Error for BusError {}

/// Memory and devices as the core sees them.
///
/// Every access is aligned to its width: the core takes unaligned ones apart, as silicon does. Values are little endian
/// and have zeros above their width. Reading may change a device, hence `&mut`.
///
/// A board is a bus of its own around [`Memory`](crate::Memory):
///
/// ```
/// use emulator::{Bus, BusError, Machine, Memory, Stop, Width};
///
/// /// Memory, and a device at 0x4000_0000 that counts how often it was read.
/// struct Board(Memory, u32);
///
/// impl Bus for Board {
///     fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
///         match (address, width) {
///             (0x4000_0000, Width::Word) => {
///                 self.1 += 1;
///                 Ok(self.1)
///             }
///             (0x4000_0000..0x6000_0000, _) => Err(BusError::NotModelled),
///             _ => self.0.read(address, width),
///         }
///     }
///
///     fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
///         self.0.write(address, width, value)
///     }
/// }
///
/// // movs r1, #0x40; lsls r1, r1, #24; ldr r0, [r1]; ldr r0, [r1]; bkpt #0
/// let program = [0x2140u16, 0x0609, 0x6808, 0x6808, 0xBE00].map(u16::to_le_bytes).concat();
/// let mut memory = Memory::new();
/// memory.map_rom(0x0800_0000, &program)?;
/// let mut machine = Machine::new(Board(memory, 0), 0x0800_0000, 0);
/// assert_eq!(machine.run(10)?, Stop::Breakpoint { code: 0 });
/// assert_eq!(machine.register(0), 2);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait Bus {
    /// Reads `width` at `address`.
    ///
    /// # Errors
    /// The access fails and stops the machine.
    fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError>;

    /// Writes the low bits of `value`.
    ///
    /// # Errors
    /// The access fails and stops the machine.
    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError>;

    /// Reads a halfword of an instruction; by default like any other.
    ///
    /// # Errors
    /// The access fails and stops the machine.
    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        self.read(address, Width::Half)
    }

    /// Exceptions, if the core has them. By default it has not: then whatever would raise one stops the machine.
    #[inline]
    fn exceptions(&mut self) -> Option<&mut SystemControl> {
        None
    }

    /// Lets the time of an instruction pass; by default nobody measures it.
    #[inline]
    fn pass(&mut self, cycles: u32) {
        let _ = cycles;
    }

    /// Lets time pass until something happens that the core does not do itself. `false` when nothing ever will.
    #[inline]
    fn sleep(&mut self) -> bool {
        false
    }

    /// Whether the core cannot go on: power is gone, or it is to be reset.
    #[inline]
    fn halted(&self) -> bool {
        false
    }
}

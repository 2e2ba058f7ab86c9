//! Why a machine cannot go on.

use core::fmt;

use crate::bus::BusError;
use crate::decode::Refusal;
use crate::exception::Exception;

/// The instruction at `pc` could not be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Address of the instruction.
    pub pc: u32,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An access to `address` failed.
    Access {
        /// The address, aligned down to what the bus was asked for.
        address: u32,
        /// Why.
        error: BusError,
    },
    /// It could not be fetched.
    Fetch {
        /// Address of the halfword.
        address: u32,
        /// Why.
        error: BusError,
    },
    /// The encoding is refused.
    Encoding {
        /// The first halfword in the high half, the second below it; zero below if there is none.
        halfwords: u32,
        /// Why.
        refusal: Refusal,
    },
    /// A branch to an address without the Thumb bit (`UFSR.INVSTATE`).
    NotThumb {
        /// The address.
        target: u32,
    },
    /// An unaligned access by an instruction that does not allow it (`UFSR.UNALIGNED`), or a load of the PC from there
    /// (unpredictable).
    Unaligned {
        /// The address.
        address: u32,
    },
    /// `exception` could not be entered: its frame could not be stacked, its vector not be read, or that lacks the Thumb
    /// bit. Silicon locks up.
    Entry {
        /// The exception.
        exception: Exception,
        /// The address of the frame's word or of the vector.
        address: u32,
        /// Why.
        error: BusError,
    },
    /// A return from an exception that does not fit what is being served, or to the process stack, which is not modelled.
    Return {
        /// The `EXC_RETURN`.
        value: u32,
    },
    /// `SVC` or `WFI` on a machine whose bus has no exceptions.
    NoExceptions,
    /// `SVC` where not even `HardFault` can be taken. Silicon locks up.
    Lockup,
    /// A sleep from which nothing can wake the core.
    Asleep,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:#010x}: {}", self.pc, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access { address, error } => write!(f, "access to {address:#010x}: {error}"),
            Self::Fetch { address, error } => write!(f, "fetch from {address:#010x}: {error}"),
            Self::Encoding { halfwords, refusal } => {
                let (first, second) = (halfwords >> 16, halfwords & 0xFFFF);
                write!(f, "encoding {first:04x} {second:04x} is {refusal}")
            }
            Self::NotThumb { target } => {
                write!(f, "branch to {target:#010x}, which lacks the Thumb bit")
            }
            Self::Unaligned { address } => write!(f, "unaligned access to {address:#010x}"),
            Self::Entry { exception, address, error } => {
                let number = exception.number();
                write!(f, "entry into exception {number}: access to {address:#010x}: {error}")
            }
            Self::Return { value } => write!(f, "return from an exception with {value:#010x}"),
            Self::NoExceptions => f.write_str("there are no exceptions"),
            Self::Lockup => f.write_str("a supervisor call in a handler of faults"),
            Self::Asleep => f.write_str("sleep without anything to wake from"),
        }
    }
}

impl core::error::Error for Fault {}

//! An STM32L496: core, flash with its controller, RAM, clocks, watchdog, a serial port.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`device`] | the part on a board: power, reset, what a test does with it |
//! | [`chip`] | the bus: which address is what; time |
//! | [`flash`] | both banks and their controller |
//! | [`memo`], [`levels`] | stretches of runs that need not be run again; where they end |
//! | `rcc`, `iwdg`, `syscfg`, `uart`, `gpio`, `power` | the peripherals |
//!
//! # What it is strict about
//!
//! Flash is refused as silicon refuses it: keys, locks, sizes, alignment, the order of steps, flags left over, words that
//! are programmed already, protected pages. A torn or badly programmed double word raises NMI when it is read. Erase
//! commands name physical banks, whatever is mapped where. Reading a bank that is busy takes until it is ready. A reset in
//! the middle of an operation tears it. Where the manual forbids something and does not say what happens, the access fails
//! with [`Misuse`](crate::BusError::Misuse): a register whose clock is off, a locked or busy controller, banks swapped
//! under caches that are on, erased pages read through a cache that was not reset, too few wait states.
//!
//! # What it leaves out
//!
//! Wait states and caches as time: cycles are those of [`timing`](crate::timing). Caches as memory: only what must not
//! be read through them is known. DMA, low-power modes, fast programming, mass erase, PCROP, read protection, pins.
//!
//! # Where it is from
//!
//! The manual is RM0351, the datasheet DS11585; neither was at hand as a whole. Section numbers are those of RM0351 as others
//! quote them or as they are recalled; check them before you rely on one.
//!
//! | fact | source |
//! | --- | --- |
//! | registers of the flash: offsets, bits | the register description `flash_l4` of `stm32-data` |
//! | steps of programming and erasing, each error flag, `EOP` only with `EOPIE`, keys, stalls, read-while-write, caches after an erase, `ECCR` keeps the first place | RM0440 §3.3, the same controller in the G4; the flags also in RM0351 §3.3.7 as the docs of `stm32l4xx-hal` quote it |
//! | a double error raises NMI | RM0351 §3.3.2, quoted in ST community thread 594890 |
//! | NMI stays until `ECCD` is cleared | unverified; a user's handler that only returned went on for ever (ST community 137611) |
//! | erases name physical banks | measured by a user for mass erase (ST community, "are MER1/MER2 bits swapped"); page erase likewise in drivers of the L4 |
//! | programming and reading go by what `FB_MODE` maps | drivers of the L4 (`get_bank` of several projects) |
//! | `BFB2`: stack pointers that the ROM takes, the ROM stays at 0 | users' reports on the L496 (ST community, "stm32L496ZG dual boot") and on the G4 |
//! | option bytes interrupted | RM0444 of the G0, and users' reports of bricked L496 |
//! | reset flags, clocks, watchdog, serial port, power, system configuration, option bytes' layout, interrupt numbers | recalled, unverified |
//! | times of program and erase | `flash_model::Stm32L4` |

pub mod chip;
pub mod device;
pub mod flash;
mod gpio;
mod iwdg;
pub mod levels;
pub mod memo;
mod power;
mod rcc;
mod syscfg;
mod time;
mod uart;
mod watch;

pub use chip::Chip;
pub use device::{Device, Event};
pub use flash::Bank;
pub use levels::Levels;
pub use memo::Memo;
pub use rcc::ResetCause;

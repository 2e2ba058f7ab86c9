//! Milliseconds, by polling the core's timer. PM0214 §4.5.

use crate::register::Register;

const CSR: Register = Register::at(0xE000_E010);
const RVR: Register = Register::at(0xE000_E014);
const CVR: Register = Register::at(0xE000_E018);

/// Counts, by the core's clock, without an exception.
const ON: u32 = 1 << 0 | 1 << 2;
const TICKINT: u32 = 1 << 1;
const COUNTFLAG: u32 = 1 << 16;

/// The timer, running.
#[derive(Debug)]
pub struct Ticks(());

impl Ticks {
    /// Starts the timer, with the core's clock at `hertz`, of which 16 MHz times a thousand is the most it can count.
    #[must_use]
    pub fn start(hertz: u32) -> Self {
        CSR.write(0);
        RVR.write(hertz.checked_div(1000).unwrap_or(1).saturating_sub(1));
        CVR.write(0);
        CSR.write(ON);
        Self(())
    }

    /// Lets each millisecond end a sleep. Interrupts must be [masked](crate::idle::mask).
    pub fn wakes(&mut self) {
        CSR.write(ON | TICKINT);
    }

    /// Whether a millisecond is over since this was last true. One that nobody asked about in time is lost.
    pub fn passed(&mut self) -> bool {
        CSR.read() & COUNTFLAG != 0
    }

    /// Stops the timer, as another program expects it.
    pub fn stop(self) {
        CSR.write(0);
    }
}

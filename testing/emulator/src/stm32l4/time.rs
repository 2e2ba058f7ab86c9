//! Time in picoseconds, so that cycles of every clock are whole numbers or nearly so.

use core::time::Duration;

/// Picoseconds since the part was first given power; 200 days fit.
pub(super) type Picoseconds = u64;

pub(super) const PS_PER_SECOND: u64 = 1_000_000_000_000;

/// A time span.
pub(super) fn picoseconds(duration: Duration) -> Picoseconds {
    u64::try_from(duration.as_nanos()).map_or(u64::MAX, |nanoseconds| nanoseconds * 1000)
}

/// Length of one cycle.
pub(super) const fn period(hertz: u32) -> Picoseconds {
    PS_PER_SECOND / hertz as u64
}

/// The other way.
pub(super) const fn duration(picoseconds: Picoseconds) -> Duration {
    Duration::from_nanos(picoseconds / 1000)
}

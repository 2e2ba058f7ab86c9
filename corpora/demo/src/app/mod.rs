//! The station: tasks run in turn by a table.

#[cfg(feature = "v1_1_0")]
mod alarm;
mod display;
mod events;
mod forecast;
mod gnss;
mod history;
mod modbus;
mod modem;
mod sample;
mod sched;
mod sensors;
mod settings;
mod shell;
mod telemetry;
mod wind;

use crate::{chip, driver::uart::say, version};
use events::{Event, record};

/// Never returns: the main loop.
pub(crate) fn run() -> ! {
    say!("\r\nstation {} on {}", version::TEXT, chip::NAME);
    settings::load();
    record(Event::Started, version::NUMBER.into());
    loop {
        sched::turn();
    }
}

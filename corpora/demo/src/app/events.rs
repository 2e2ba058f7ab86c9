//! Event log: a ring in RAM, numbered kinds with texts.

use crate::{
    cell::MainOnly,
    driver::{time, uart::say},
};

/// What happened. Numbers are sent to the server: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Event {
    Started = 1,
    SettingsDefault = 2,
    SettingsSaved = 3,
    SettingsRejected = 4,
    SensorLost = 5,
    SensorBack = 6,
    ModemOn = 7,
    ModemNoAnswer = 8,
    ModemRegistered = 9,
    ModemDenied = 10,
    ModemConnected = 11,
    ModemDropped = 12,
    ReportSent = 13,
    ReportFailed = 14,
    ModbusBadChecksum = 15,
    ModbusException = 16,
    GnssFix = 17,
    GnssLost = 18,
    RainStarted = 19,
    Storm = 20,
    CommandUnknown = 21,
    #[cfg(feature = "v1_1_0")]
    AlarmRaised = 22,
    #[cfg(feature = "v1_1_0")]
    AlarmCleared = 23,
    #[cfg(feature = "v1_1_0")]
    BatteryLow = 24,
}

static TEXTS: &[&str] = &[
    "nothing",
    "firmware started",
    "no valid settings found, using the factory ones",
    "settings written to flash",
    "settings could not be written",
    "sensor does not answer",
    "sensor answers again",
    "modem powered on",
    "modem does not answer, power cycling",
    "registered with the network",
    "network denied registration",
    "connected to the server",
    "connection dropped by the server",
    "report sent",
    "report could not be sent, will retry",
    "Modbus frame with a wrong checksum ignored",
    "Modbus request refused",
    "position known",
    "position lost",
    "rain started",
    "storm: gusts above the limit",
    "unknown command",
    #[cfg(feature = "v1_1_0")]
    "alarm raised",
    #[cfg(feature = "v1_1_0")]
    "alarm cleared",
    #[cfg(feature = "v1_1_0")]
    "battery is low, sending less often",
];

const RING: usize = 128;

#[derive(Clone, Copy)]
struct Entry {
    at_ms: u32,
    value: i32,
    event: u8,
}

struct Log {
    ring: [Entry; RING],
    written: u32,
}

static LOG: MainOnly<Log> =
    MainOnly::new(Log { ring: [Entry { at_ms: 0, value: 0, event: 0 }; RING], written: 0 });

/// Adds an event with one number that explains it.
pub(crate) fn record(event: Event, value: i32) {
    LOG.with(|log| {
        log.ring[log.written as usize % RING] =
            Entry { at_ms: time::now_ms(), value, event: event as u8 };
        log.written = log.written.wrapping_add(1);
    });
}

/// Events since start.
pub(crate) fn count() -> u32 {
    LOG.with(|log| log.written)
}

/// Number and value of the latest event.
pub(crate) fn latest() -> (u8, i32) {
    LOG.with(|log| {
        let entry = log.ring[log.written.wrapping_sub(1) as usize % RING];
        (entry.event, entry.value)
    })
}

/// Prints the last `wanted` events, oldest first.
pub(crate) fn print(wanted: u32) {
    let written = count();
    let shown = wanted.min(written).min(128);
    for number in written - shown..written {
        let entry = LOG.with(|log| log.ring[number as usize % RING]);
        let text = TEXTS.get(usize::from(entry.event)).unwrap_or(&"?");
        say!(
            "{number:>6} {:>10}.{:03} {text} ({})",
            entry.at_ms / 1000,
            entry.at_ms % 1000,
            entry.value
        );
    }
}

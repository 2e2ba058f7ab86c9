//! Settings: defaults, names for the shell, storage with a checksum.

use core::fmt;

use super::events::{Event, record};
use crate::{cell::MainOnly, driver::nvm, math::crc::crc32};

/// Everything that a user can set. Numbers only, so that storage is a list of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) station_id: u32,
    pub(crate) report_s: u32,
    pub(crate) altitude_m: u32,
    pub(crate) modbus_address: u32,
    pub(crate) storm_mm_s: u32,
    pub(crate) vane_offset: u32,
    pub(crate) display_on: u32,
    #[cfg(feature = "v1_1_0")]
    pub(crate) frost_kelvin_100: u32,
    #[cfg(feature = "v1_1_0")]
    pub(crate) battery_low_mv: u32,
    #[cfg(feature = "v1_1_0")]
    pub(crate) alarm_hold_s: u32,
}

const FACTORY: Settings = Settings {
    station_id: 0,
    report_s: 300,
    altitude_m: 120,
    modbus_address: 17,
    storm_mm_s: 20_800,
    vane_offset: 0,
    display_on: 1,
    #[cfg(feature = "v1_1_0")]
    frost_kelvin_100: 27_515,
    #[cfg(feature = "v1_1_0")]
    battery_low_mv: 3_450,
    #[cfg(feature = "v1_1_0")]
    alarm_hold_s: 60,
};

/// A setting as the shell sees it.
struct Field {
    name: &'static str,
    unit: &'static str,
    range: (u32, u32),
    slot: fn(&mut Settings) -> &mut u32,
}

static FIELDS: &[Field] = &[
    Field { name: "station", unit: "", range: (0, u32::MAX), slot: |s| &mut s.station_id },
    Field { name: "report", unit: "s", range: (10, 86_400), slot: |s| &mut s.report_s },
    Field { name: "altitude", unit: "m", range: (0, 9_000), slot: |s| &mut s.altitude_m },
    Field { name: "modbus", unit: "", range: (1, 247), slot: |s| &mut s.modbus_address },
    Field { name: "storm", unit: "mm/s", range: (1_000, 60_000), slot: |s| &mut s.storm_mm_s },
    Field { name: "vane", unit: "deg", range: (0, 359), slot: |s| &mut s.vane_offset },
    Field { name: "display", unit: "", range: (0, 1), slot: |s| &mut s.display_on },
    #[cfg(feature = "v1_1_0")]
    Field { name: "frost", unit: "cK", range: (23_315, 31_315), slot: |s| &mut s.frost_kelvin_100 },
    #[cfg(feature = "v1_1_0")]
    Field { name: "lowbat", unit: "mV", range: (3_000, 4_200), slot: |s| &mut s.battery_low_mv },
    #[cfg(feature = "v1_1_0")]
    Field { name: "hold", unit: "s", range: (0, 3_600), slot: |s| &mut s.alarm_hold_s },
];

const MAGIC: u32 = 0x5354_4E31;
const WORDS: usize = 16;

static CURRENT: MainOnly<Settings> = MainOnly::new(FACTORY);

/// Why a setting was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingError {
    Unknown,
    OutOfRange { low: u32, high: u32, got: u32 },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such setting, 'get' lists them"),
            Self::OutOfRange { low, high, got } => {
                write!(f, "expected a value from {low} to {high}, got {got}")
            }
        }
    }
}

/// A copy of the settings in force.
pub(crate) fn current() -> Settings {
    CURRENT.with(|settings| *settings)
}

/// Name of setting `index`.
pub(crate) fn name(index: usize) -> Option<&'static str> {
    FIELDS.get(index).map(|field| field.name)
}

/// Changes one setting in RAM.
pub(crate) fn change(name: &str, value: u32) -> Result<(), SettingError> {
    let field = FIELDS.iter().find(|field| field.name == name).ok_or(SettingError::Unknown)?;
    let (low, high) = field.range;
    if !(low..=high).contains(&value) {
        return Err(SettingError::OutOfRange { low, high, got: value });
    }
    CURRENT.with(|settings| *(field.slot)(settings) = value);
    Ok(())
}

/// Calls `show` with the name, value and unit of each setting.
pub(crate) fn each(mut show: impl FnMut(&str, u32, &str)) {
    let mut settings = current();
    for field in FIELDS {
        let value = *(field.slot)(&mut settings);
        show(field.name, value, field.unit);
    }
}

/// Reads settings from flash, or takes the factory ones.
pub(crate) fn load() {
    let words: [u32; WORDS] = core::array::from_fn(nvm::load);
    match decode(&words) {
        Some(settings) => CURRENT.with(|current| *current = settings),
        None => record(Event::SettingsDefault, 0),
    }
}

/// Writes settings to flash.
pub(crate) fn save() -> Result<(), nvm::NvmError> {
    let words = encode(current());
    let pairs: [[u32; 2]; WORDS / 2] = core::array::from_fn(|i| [words[2 * i], words[2 * i + 1]]);
    let done = nvm::store(&pairs);
    record(if done.is_ok() { Event::SettingsSaved } else { Event::SettingsRejected }, 0);
    done
}

/// Magic, number of fields, the fields, zeroes, CRC-32 of all before it.
fn encode(mut settings: Settings) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    words[0] = MAGIC;
    words[1] = u32::try_from(FIELDS.len()).unwrap_or(0);
    for (word, field) in words[2..].iter_mut().zip(FIELDS) {
        *word = *(field.slot)(&mut settings);
    }
    words[WORDS - 1] = checksum(&words);
    words
}

/// Fields that an older release did not store keep their factory value.
fn decode(words: &[u32; WORDS]) -> Option<Settings> {
    if words[0] != MAGIC || words[WORDS - 1] != checksum(words) {
        return None;
    }
    let stored = usize::try_from(words[1]).ok()?;
    let mut settings = FACTORY;
    for (&word, field) in words[2..WORDS - 1].iter().zip(FIELDS).take(stored) {
        *(field.slot)(&mut settings) = word.clamp(field.range.0, field.range.1);
    }
    Some(settings)
}

fn checksum(words: &[u32; WORDS]) -> u32 {
    let mut bytes = [0; (WORDS - 1) * 4];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    crc32(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_settings_come_back() {
        let settings = Settings { station_id: 77, report_s: 60, ..FACTORY };
        assert_eq!(decode(&encode(settings)), Some(settings));
    }

    #[test]
    fn one_flipped_bit_is_refused() {
        let mut words = encode(FACTORY);
        words[3] ^= 1;
        assert_eq!(decode(&words), None);
    }
}

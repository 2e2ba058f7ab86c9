//! Reports to the server: CBOR maps with numbered keys and a checksum.

use super::{events, forecast, gnss, history, modem, sample::Sample, sensors, settings};
use crate::{math::crc::crc32, version};

/// Largest report.
pub(super) const CAPACITY: usize = 256;

/// A CBOR encoder into a fixed buffer. What does not fit sets `full`.
pub(super) struct Cbor {
    bytes: [u8; CAPACITY],
    length: usize,
    full: bool,
}

impl Cbor {
    const fn new() -> Self {
        Self { bytes: [0; CAPACITY], length: 0, full: false }
    }

    fn put(&mut self, bytes: &[u8]) {
        match self.bytes.get_mut(self.length..self.length + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            None => self.full = true,
        }
    }

    /// Major type and argument in the shortest form.
    fn head(&mut self, major: u8, value: u32) {
        let major = major << 5;
        let [b3, b2, b1, b0] = value.to_be_bytes();
        match value {
            0..=23 => self.put(&[major | b0]),
            24..=0xFF => self.put(&[major | 24, b0]),
            0x100..=0xFFFF => self.put(&[major | 25, b1, b0]),
            _ => self.put(&[major | 26, b3, b2, b1, b0]),
        }
    }

    fn unsigned(&mut self, value: u32) {
        self.head(0, value);
    }

    fn signed(&mut self, value: i32) {
        if value < 0 {
            self.head(1, !value.cast_unsigned())
        } else {
            self.head(0, value.unsigned_abs())
        }
    }

    fn text(&mut self, text: &str) {
        self.head(3, u32::try_from(text.len()).unwrap_or(0));
        self.put(text.as_bytes());
    }

    fn float(&mut self, value: f32) {
        self.put(&[0xFA]);
        self.put(&value.to_be_bytes());
    }

    fn array(&mut self, length: u32) {
        self.head(4, length);
    }

    /// The encoded bytes, when all of them fitted.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        if self.full { None } else { self.bytes.get(..self.length) }
    }
}

/// A key of the report and how its value is written.
struct Entry {
    key: u8,
    write: fn(&mut Cbor, &Sample),
}

static ENTRIES: &[Entry] = &[
    Entry { key: 0, write: |cbor, _| cbor.unsigned(settings::current().station_id) },
    Entry { key: 1, write: |cbor, _| cbor.text(version::TEXT) },
    Entry { key: 2, write: |cbor, sample| cbor.unsigned(sample.uptime_ms / 1000) },
    Entry { key: 3, write: |cbor, sample| cbor.signed(sample.celsius_100.into()) },
    Entry { key: 4, write: |cbor, sample| cbor.unsigned(sample.humidity_100.into()) },
    Entry { key: 5, write: |cbor, sample| cbor.unsigned(sample.pressure_pa) },
    Entry { key: 6, write: write_wind },
    Entry { key: 7, write: |cbor, sample| cbor.unsigned(sample.rain_tips.into()) },
    Entry { key: 8, write: |cbor, sample| cbor.float(sample.dew_point()) },
    Entry { key: 9, write: |cbor, sample| cbor.float(sample.felt()) },
    Entry { key: 10, write: write_position },
    Entry { key: 11, write: |cbor, _| cbor.signed(history::pressure_trend().unwrap_or(0)) },
    Entry { key: 12, write: |cbor, sample| cbor.text(forecast::text(sample)) },
    Entry { key: 13, write: write_event },
    #[cfg(feature = "v1_1_0")]
    Entry { key: 14, write: |cbor, sample| cbor.unsigned(sample.battery_mv.into()) },
    #[cfg(feature = "v1_1_0")]
    Entry { key: 15, write: |cbor, _| cbor.unsigned(super::alarm::raised().into()) },
];

pub(super) fn poll() {
    modem::send(report(&sensors::latest()));
}

/// The report for one sample: a map, then the CRC-32 of the map as a byte string.
pub(super) fn report(sample: &Sample) -> Cbor {
    let mut cbor = Cbor::new();
    cbor.head(5, u32::try_from(ENTRIES.len()).unwrap_or(0));
    for entry in ENTRIES {
        cbor.unsigned(entry.key.into());
        (entry.write)(&mut cbor, sample);
    }
    let check = crc32(cbor.bytes().unwrap_or(&[]));
    cbor.head(2, 4);
    cbor.put(&check.to_be_bytes());
    cbor
}

fn write_wind(cbor: &mut Cbor, sample: &Sample) {
    cbor.array(3);
    cbor.unsigned(sample.wind_mm_s.into());
    cbor.unsigned(sample.gust_mm_s.into());
    cbor.unsigned(sample.wind_from.into());
}

fn write_position(cbor: &mut Cbor, _: &Sample) {
    match gnss::position() {
        Some(here) => {
            cbor.array(3);
            cbor.signed(here.latitude);
            cbor.signed(here.longitude);
            cbor.signed(here.altitude_dm);
        }
        None => cbor.array(0),
    }
}

fn write_event(cbor: &mut Cbor, _: &Sample) {
    let (event, value) = events::latest();
    cbor.array(3);
    cbor.unsigned(events::count());
    cbor.unsigned(event.into());
    cbor.signed(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_the_shortest_form() {
        let mut cbor = Cbor::new();
        for value in [0, 23, 24, 256, 65_536] {
            cbor.unsigned(value);
        }
        cbor.signed(-500);
        let expected: &[u8] = &[0, 23, 0x18, 24, 0x19, 1, 0, 0x1A, 0, 1, 0, 0, 0x39, 0x01, 0xF3];
        assert_eq!(cbor.bytes(), Some(expected));
    }

    #[test]
    fn too_long_is_reported() {
        let mut cbor = Cbor::new();
        cbor.put(&[0; CAPACITY]);
        cbor.unsigned(1);
        assert_eq!(cbor.bytes(), None);
    }
}

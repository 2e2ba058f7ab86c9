//! Reads every sensor once a second and keeps the latest sample.

use super::{
    events::{Event, record},
    sample::Sample,
    wind,
};
use crate::{
    cell::MainOnly,
    driver::{
        i2c::{self, I2cError},
        time,
        uart::say,
    },
    math::{
        crc::crc8,
        filter::{Biquad, Median, SMOOTH},
        spectrum,
    },
};

const HYGROMETER: u8 = 0x44;
const BAROMETER: u8 = 0x5C;
const ACCELEROMETER: u8 = 0x19;

/// A sensor: its name, and how it adds to a sample.
struct Sensor {
    name: &'static str,
    read: fn(&mut State, &mut Sample) -> Result<(), I2cError>,
}

static SENSORS: [Sensor; 3] = [
    Sensor { name: "hygrometer", read: read_hygrometer },
    Sensor { name: "barometer", read: read_barometer },
    Sensor { name: "accelerometer", read: read_accelerometer },
];

struct State {
    smooth: Biquad<2>,
    median: Median,
    vibration: [i16; spectrum::POINTS],
    failures: [u16; 3],
    latest: Sample,
}

static STATE: MainOnly<State> = MainOnly::new(State {
    smooth: Biquad::new(&SMOOTH),
    median: Median::new(),
    vibration: [0; spectrum::POINTS],
    failures: [0; 3],
    latest: Sample::EMPTY,
});

pub(super) fn poll() {
    let mut sample = STATE.with(|state| state.latest);
    sample.uptime_ms = time::now_ms();
    sample.missing = 0;
    STATE.with(|state| {
        for (index, sensor) in SENSORS.iter().enumerate() {
            let failed = (sensor.read)(state, &mut sample).is_err();
            note(&mut state.failures[index], failed, index);
            sample.missing |= u8::from(failed) << index;
        }
    });
    wind::fill(&mut sample);
    #[cfg(feature = "v1_1_0")]
    super::alarm::fill(&mut sample);
    STATE.with(|state| state.latest = sample);
}

/// The latest sample.
pub(super) fn latest() -> Sample {
    STATE.with(|state| state.latest)
}

/// Reads each sensor once more and prints what it answers.
pub(super) fn print() {
    let mut sample = latest();
    for (index, sensor) in SENSORS.iter().enumerate() {
        let (answer, failures) =
            STATE.with(|state| ((sensor.read)(state, &mut sample), state.failures[index]));
        match answer {
            Ok(()) => say!("{:<14} ok, {failures} failures so far", sensor.name),
            Err(error) => say!("{:<14} {error}, {failures} failures so far", sensor.name),
        }
    }
}

fn note(failures: &mut u16, failed: bool, index: usize) {
    let number = i32::try_from(index).unwrap_or(0);
    match (*failures, failed) {
        (0, true) => record(Event::SensorLost, number),
        (1.., false) => record(Event::SensorBack, number),
        _ => {}
    }
    *failures = if failed { failures.saturating_add(1) } else { 0 };
}

fn read_hygrometer(state: &mut State, sample: &mut Sample) -> Result<(), I2cError> {
    i2c::write(HYGROMETER, &[0x24, 0x00])?;
    let mut answer = [0; 6];
    i2c::read(HYGROMETER, &mut answer)?;
    let [t1, t0, t_check, h1, h0, h_check] = answer;
    check(HYGROMETER, [t1, t0], t_check)?;
    check(HYGROMETER, [h1, h0], h_check)?;
    let raw = i32::from(u16::from_be_bytes([t1, t0]));
    let celsius_100 = i16::try_from(raw * 17_500 / 65_535 - 4_500).unwrap_or(0);
    sample.celsius_100 = state.smooth.step(state.median.step(celsius_100));
    let raw = u32::from(u16::from_be_bytes([h1, h0]));
    sample.humidity_100 = u16::try_from(raw * 10_000 / 65_535).unwrap_or(0);
    Ok(())
}

fn check(address: u8, bytes: [u8; 2], got: u8) -> Result<(), I2cError> {
    let expected = crc8(&bytes);
    if expected == got { Ok(()) } else { Err(I2cError::Checksum { address, expected, got }) }
}

fn read_barometer(_: &mut State, sample: &mut Sample) -> Result<(), I2cError> {
    i2c::write(BAROMETER, &[0x11, 0x01])?;
    let [low, mid, high] = i2c::read_register::<3>(BAROMETER, 0x28)?;
    let raw = u32::from_le_bytes([low, mid, high, 0]);
    // 4096 counts per hPa.
    sample.pressure_pa = raw * 25 / 1024;
    Ok(())
}

fn read_accelerometer(state: &mut State, sample: &mut Sample) -> Result<(), I2cError> {
    for slot in &mut state.vibration {
        let bytes = i2c::read_register::<2>(ACCELEROMETER, 0x2C | 0x80)?;
        *slot = i16::from_le_bytes(bytes) >> 2;
    }
    let (bin, level) = spectrum::peak(&state.vibration);
    sample.vibration = (u8::try_from(bin).unwrap_or(0), level);
    Ok(())
}

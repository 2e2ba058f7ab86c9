//! Position from NMEA sentences that the modem's receiver forwards.

use super::events::{Event, record};
use crate::{
    cell::MainOnly,
    driver::{time, uart::say},
};

const LINE: usize = 96;

/// Where the station is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// Ten-millionths of a degree, north positive.
    pub(super) latitude: i32,
    /// Ten-millionths of a degree, east positive.
    pub(super) longitude: i32,
    /// Decimetres above sea level.
    pub(super) altitude_dm: i32,
    pub(super) satellites: u8,
    /// Seconds of the day, UTC.
    pub(super) time_s: u32,
}

/// Why a sentence was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NmeaError {
    NotASentence,
    Checksum { expected: u8, got: u8 },
    NoFix,
    Field { index: u8 },
    Ignored,
}

struct State {
    line: [u8; LINE],
    length: usize,
    position: Option<Position>,
    heard_ms: u32,
    refused: u32,
}

static STATE: MainOnly<State> =
    MainOnly::new(State { line: [0; LINE], length: 0, position: None, heard_ms: 0, refused: 0 });

/// Takes one byte of the receiver's stream.
pub(super) fn feed(byte: u8) {
    STATE.with(|state| {
        if byte == b'\n' {
            let line = &state.line[..state.length];
            match parse(line) {
                Ok(position) => {
                    if state.position.is_none() {
                        record(Event::GnssFix, position.satellites.into());
                    }
                    state.position = Some(position);
                    state.heard_ms = time::now_ms();
                }
                Err(NmeaError::Ignored) => {}
                Err(_) => state.refused = state.refused.wrapping_add(1),
            }
            state.length = 0;
        } else if let Some(slot) = state.line.get_mut(state.length) {
            *slot = byte;
            state.length += 1;
        }
    });
}

pub(super) fn poll() {
    STATE.with(|state| {
        if state.position.is_some() && time::elapsed(state.heard_ms, 120_000) {
            state.position = None;
            record(Event::GnssLost, 0);
        }
    });
}

pub(super) fn position() -> Option<Position> {
    STATE.with(|state| state.position)
}

pub(super) fn print() {
    let refused = STATE.with(|state| state.refused);
    let Some(here) = position() else {
        say!("no position, {refused} sentences refused");
        return;
    };
    say!(
        "{}{}.{:07} {}{}.{:07}, {}.{} m, {} satellites, {:02}:{:02}:{:02} UTC, {refused} sentences refused",
        if here.latitude < 0 { 'S' } else { 'N' },
        here.latitude.unsigned_abs() / 10_000_000,
        here.latitude.unsigned_abs() % 10_000_000,
        if here.longitude < 0 { 'W' } else { 'E' },
        here.longitude.unsigned_abs() / 10_000_000,
        here.longitude.unsigned_abs() % 10_000_000,
        here.altitude_dm / 10,
        here.altitude_dm.unsigned_abs() % 10,
        here.satellites,
        here.time_s / 3600,
        here.time_s / 60 % 60,
        here.time_s % 60
    );
}

fn parse(line: &[u8]) -> Result<Position, NmeaError> {
    let text = core::str::from_utf8(line).map_err(|_| NmeaError::NotASentence)?.trim_end();
    let (body, check) = text
        .strip_prefix('$')
        .and_then(|rest| rest.split_once('*'))
        .ok_or(NmeaError::NotASentence)?;
    let got = u8::from_str_radix(check, 16).map_err(|_| NmeaError::NotASentence)?;
    let expected = body.bytes().fold(0, |sum, byte| sum ^ byte);
    if got != expected {
        return Err(NmeaError::Checksum { expected, got });
    }
    let mut fields = body.split(',');
    let kind = fields.next().unwrap_or("");
    if !kind.ends_with("GGA") {
        return Err(NmeaError::Ignored);
    }
    let mut columns = [""; 10];
    for (column, field) in columns.iter_mut().zip(fields) {
        *column = field;
    }
    let [time, latitude, north, longitude, east, quality, satellites, _, altitude, _] = columns;
    if quality == "0" || quality.is_empty() {
        return Err(NmeaError::NoFix);
    }
    let field = |index| move |()| NmeaError::Field { index };
    Ok(Position {
        time_s: clock(time).ok_or(()).map_err(field(1))?,
        latitude: angle(latitude, 2, north == "S").ok_or(()).map_err(field(2))?,
        longitude: angle(longitude, 3, east == "W").ok_or(()).map_err(field(4))?,
        satellites: satellites.parse().map_err(|_| NmeaError::Field { index: 7 })?,
        altitude_dm: decimal(altitude, 1).ok_or(()).map_err(field(9))?,
    })
}

/// `hhmmss.sss` as seconds of the day.
fn clock(text: &str) -> Option<u32> {
    let pair = |at: usize| text.get(at..at + 2)?.parse::<u32>().ok();
    Some(pair(0)? * 3600 + pair(2)? * 60 + pair(4)?)
}

/// `ddmm.mmmm` as ten-millionths of a degree.
fn angle(text: &str, degree_digits: usize, negative: bool) -> Option<i32> {
    let degrees: i32 = text.get(..degree_digits)?.parse().ok()?;
    let minutes = decimal(text.get(degree_digits..)?, 6)?;
    let value = degrees * 10_000_000 + minutes / 6;
    Some(if negative { -value } else { value })
}

/// A decimal number times ten to the power of `places`.
fn decimal(text: &str, places: usize) -> Option<i32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut value: i32 = whole.parse().ok()?;
    for place in 0..places {
        let digit = fraction.as_bytes().get(place).map_or(0, |digit| digit.wrapping_sub(b'0'));
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gga_sentence_gives_a_position() {
        let line = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r";
        let expected = Position {
            latitude: 481_173_000,
            longitude: 115_166_666,
            altitude_dm: 5454,
            satellites: 8,
            time_s: 45_319,
        };
        assert_eq!(parse(line), Ok(expected));
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        assert_eq!(parse(b"$GPGGA,1*00"), Err(NmeaError::Checksum { expected: 0x4B, got: 0 }));
    }
}

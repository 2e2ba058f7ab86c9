//! Modbus RTU slave: holding registers for settings, input registers for measurements.
//!
//! **Reference** Modbus application protocol 1.1b3; Modbus over serial line 1.02.

use super::{
    events::{self, Event, record},
    modem,
    sample::Sample,
    sensors, settings,
};
use crate::{
    cell::MainOnly,
    driver::{
        gpio, time,
        uart::{Port, say},
    },
    math::crc::crc16,
    version,
};

const FRAME: usize = 256;
const SILENCE_MS: u32 = 4;

/// Exception codes of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exception {
    IllegalFunction = 1,
    IllegalAddress = 2,
    IllegalValue = 3,
    DeviceFailure = 4,
}

/// An input register.
struct Input {
    name: &'static str,
    value: fn(&Sample) -> u16,
}

const fn input(name: &'static str, value: fn(&Sample) -> u16) -> Input {
    Input { name, value }
}

static INPUTS: &[Input] = &[
    input("firmware version", |_| version::NUMBER),
    input("temperature, 1/100 C", |sample| sample.celsius_100.cast_unsigned()),
    input("humidity, 1/100 %", |sample| sample.humidity_100),
    input("pressure, high word", |sample| high(sample.pressure_pa)),
    input("pressure, low word", |sample| low(sample.pressure_pa)),
    input("wind, mm/s", |sample| sample.wind_mm_s),
    input("gust, mm/s", |sample| sample.gust_mm_s),
    input("wind direction, degrees", |sample| sample.wind_from),
    input("rain, bucket tips", |sample| sample.rain_tips),
    input("vibration, bin", |sample| sample.vibration.0.into()),
    input("vibration, level", |sample| sample.vibration.1),
    input("missing sensors, bits", |sample| sample.missing.into()),
    input("modem state", |_| modem::state_number()),
    input("events, high word", |_| high(events::count())),
    input("events, low word", |_| low(events::count())),
    input("uptime in s, high word", |sample| high(sample.uptime_ms / 1000)),
    input("uptime in s, low word", |sample| low(sample.uptime_ms / 1000)),
    #[cfg(feature = "v1_1_0")]
    input("battery, mV", |sample| sample.battery_mv),
    #[cfg(feature = "v1_1_0")]
    input("alarms, bits", |_| super::alarm::raised().into()),
];

/// A function code and its handler: request after the code in, answer after the code out.
struct Function {
    code: u8,
    handle: fn(&[u8], &mut Answer) -> Result<(), Exception>,
}

static FUNCTIONS: [Function; 5] = [
    Function { code: 0x03, handle: read_holding },
    Function { code: 0x04, handle: read_input },
    Function { code: 0x06, handle: write_holding },
    Function { code: 0x08, handle: diagnose },
    Function { code: 0x11, handle: identify },
];

/// Answer under construction.
struct Answer {
    bytes: [u8; FRAME],
    length: usize,
}

impl Answer {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Exception> {
        let room = self.bytes.get_mut(self.length..self.length + bytes.len());
        room.ok_or(Exception::DeviceFailure)?.copy_from_slice(bytes);
        self.length += bytes.len();
        Ok(())
    }
}

struct Slave {
    frame: [u8; FRAME],
    length: usize,
    heard_ms: u32,
    good: u32,
    bad: u32,
}

static SLAVE: MainOnly<Slave> =
    MainOnly::new(Slave { frame: [0; FRAME], length: 0, heard_ms: 0, good: 0, bad: 0 });

pub(super) fn poll() {
    let complete = SLAVE.with(|slave| {
        while let Some(byte) = Port::Modbus.read() {
            if let Some(slot) = slave.frame.get_mut(slave.length) {
                *slot = byte;
                slave.length += 1;
            }
            slave.heard_ms = time::now_ms();
        }
        slave.length > 0 && time::elapsed(slave.heard_ms, SILENCE_MS)
    });
    if complete {
        let (frame, length) = SLAVE.with(|slave| (slave.frame, core::mem::take(&mut slave.length)));
        serve(&frame[..length]);
    }
}

/// Prints the register map with current values.
pub(super) fn print() {
    let sample = sensors::latest();
    for (address, input) in INPUTS.iter().enumerate() {
        say!("{:>5} {:<26} {}", 30_001 + address, input.name, (input.value)(&sample));
    }
    let (good, bad) = SLAVE.with(|slave| (slave.good, slave.bad));
    say!("{good} good frames, {bad} bad ones, {} bytes lost", Port::Modbus.overruns());
}

fn serve(frame: &[u8]) {
    let Some((body, check)) = frame.split_last_chunk::<2>() else { return };
    let valid = crc16(body) == u16::from_le_bytes(*check);
    SLAVE.with(|slave| if valid { slave.good += 1 } else { slave.bad += 1 });
    if !valid {
        record(Event::ModbusBadChecksum, i32::try_from(frame.len()).unwrap_or(0));
        return;
    }
    let [address, code, request @ ..] = body else { return };
    if u32::from(*address) != settings::current().modbus_address {
        return;
    }
    let mut answer = Answer { bytes: [0; FRAME], length: 0 };
    if let Err(exception) = run(*address, *code, request, &mut answer) {
        record(Event::ModbusException, i32::from(*code) << 8 | i32::from(exception as u8));
        answer.bytes[..3].copy_from_slice(&[*address, code | 0x80, exception as u8]);
        answer.length = 3;
    }
    reply(&answer.bytes[..answer.length]);
}

fn run(address: u8, code: u8, request: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    let function = FUNCTIONS.iter().find(|function| function.code == code);
    answer.put(&[address, code])?;
    (function.ok_or(Exception::IllegalFunction)?.handle)(request, answer)
}

fn reply(bytes: &[u8]) {
    gpio::RS485_DRIVE.set(true);
    Port::Modbus.send_all(bytes);
    Port::Modbus.send_all(&crc16(bytes).to_le_bytes());
    gpio::RS485_DRIVE.set(false);
}

/// Start and count of a read request.
fn range(request: &[u8], limit: usize) -> Result<core::ops::Range<usize>, Exception> {
    let &[start_high, start_low, count_high, count_low] = request else {
        return Err(Exception::IllegalValue);
    };
    let start = usize::from(u16::from_be_bytes([start_high, start_low]));
    let count = usize::from(u16::from_be_bytes([count_high, count_low]));
    if count == 0 || count > 125 {
        return Err(Exception::IllegalValue);
    }
    if start + count > limit { Err(Exception::IllegalAddress) } else { Ok(start..start + count) }
}

fn read_holding(request: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    let mut words = [0; 32];
    let mut known = 0;
    settings::each(|_, value, _| {
        if let Some([upper, lower]) = words.get_mut(known..known + 2) {
            (*upper, *lower) = (high(value), low(value));
            known += 2;
        }
    });
    put_words(words.get(range(request, known)?).unwrap_or(&[]).iter().copied(), answer)
}

fn read_input(request: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    let sample = sensors::latest();
    let inputs = INPUTS.get(range(request, INPUTS.len())?).unwrap_or(&[]);
    put_words(inputs.iter().map(|input| (input.value)(&sample)), answer)
}

fn put_words(
    words: impl ExactSizeIterator<Item = u16>,
    answer: &mut Answer,
) -> Result<(), Exception> {
    answer.put(&[u8::try_from(words.len() * 2).unwrap_or(0)])?;
    for word in words {
        answer.put(&word.to_be_bytes())?;
    }
    Ok(())
}

/// Writes the low word of one setting.
fn write_holding(request: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    let &[a1, a0, v1, v0] = request else { return Err(Exception::IllegalValue) };
    let register = usize::from(u16::from_be_bytes([a1, a0]));
    let value = u32::from(u16::from_be_bytes([v1, v0]));
    if register % 2 == 0 {
        return Err(Exception::IllegalAddress);
    }
    let name = settings::name(register / 2).ok_or(Exception::IllegalAddress)?;
    settings::change(name, value).map_err(|_| Exception::IllegalValue)?;
    answer.put(request)
}

fn diagnose(request: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    match request {
        [0, 0, ..] => answer.put(request),
        [0, 0x0B, ..] => {
            let good = SLAVE.with(|slave| slave.good);
            answer.put(&[0, 0x0B])?;
            answer.put(&low(good).to_be_bytes())
        }
        _ => Err(Exception::IllegalValue),
    }
}

fn identify(_: &[u8], answer: &mut Answer) -> Result<(), Exception> {
    let text = version::TEXT.as_bytes();
    answer.put(&[u8::try_from(text.len() + 2).unwrap_or(0), 0x53, 0xFF])?;
    answer.put(text)
}

fn high(value: u32) -> u16 {
    let [b3, b2, ..] = value.to_be_bytes();
    u16::from_be_bytes([b3, b2])
}

fn low(value: u32) -> u16 {
    let [.., b1, b0] = value.to_be_bytes();
    u16::from_be_bytes([b1, b0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_outside_the_map_are_refused() {
        assert_eq!(range(&[0, 0, 0, 2], 4), Ok(0..2));
        assert_eq!(range(&[0, 3, 0, 2], 4), Err(Exception::IllegalAddress));
        assert_eq!(range(&[0, 0, 0, 0], 4), Err(Exception::IllegalValue));
        assert_eq!(range(&[0, 0], 4), Err(Exception::IllegalValue));
    }

    #[test]
    fn an_unknown_function_is_refused() {
        let mut answer = Answer { bytes: [0; FRAME], length: 0 };
        assert_eq!(run(17, 0x55, &[], &mut answer), Err(Exception::IllegalFunction));
    }

    #[test]
    fn the_version_is_the_first_input_register() {
        let mut answer = Answer { bytes: [0; FRAME], length: 0 };
        assert_eq!(run(17, 4, &[0, 0, 0, 1], &mut answer), Ok(()));
        assert_eq!(answer.bytes[..5], [17, 4, 2, 0, u8::try_from(version::NUMBER).unwrap_or(0)]);
    }
}

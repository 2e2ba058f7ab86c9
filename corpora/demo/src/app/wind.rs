//! Wind speed and direction, gusts, and the rain gauge: pulses and one analog vane.

use super::{
    events::{Event, record},
    sample::Sample,
    settings,
};
use crate::{
    cell::MainOnly,
    driver::{
        adc::{self, Channel},
        gpio, time,
    },
    math::filter::{Biquad, GUST, Spread},
};

/// Vane: highest ADC reading of each of the sixteen directions, ascending, with the direction.
static VANE: [(u16, u16); 16] = [
    (243, 1125),
    (295, 675),
    (374, 900),
    (508, 1575),
    (676, 1350),
    (863, 2025),
    (1075, 1800),
    (1374, 225),
    (1770, 450),
    (2141, 2475),
    (2426, 2250),
    (2671, 3375),
    (2992, 0),
    (3292, 2925),
    (3563, 3150),
    (4095, 2700),
];

/// Speed per revolution of the cups in one second.
const MM_S_PER_PULSE: u32 = 667;

struct State {
    speed_pin: bool,
    rain_pin: bool,
    pulses: u32,
    tips: u16,
    since_ms: u32,
    speed: u16,
    gust: u16,
    direction: u16,
    gusts: Biquad<1>,
    spread: Spread,
}

static STATE: MainOnly<State> = MainOnly::new(State {
    speed_pin: false,
    rain_pin: false,
    pulses: 0,
    tips: 0,
    since_ms: 0,
    speed: 0,
    gust: 0,
    direction: 0,
    gusts: Biquad::new(&GUST),
    spread: Spread::EMPTY,
});

pub(super) fn poll() {
    let (speed_pin, rain_pin) = (gpio::PINS[13].is_high(), gpio::RAIN_PULSE.is_high());
    let storm_mm_s = settings::current().storm_mm_s;
    let vane_offset = settings::current().vane_offset;
    STATE.with(|state| {
        state.pulses += u32::from(speed_pin && !state.speed_pin);
        if rain_pin && !state.rain_pin {
            if state.tips == 0 {
                record(Event::RainStarted, 0);
            }
            state.tips = state.tips.wrapping_add(1);
        }
        (state.speed_pin, state.rain_pin) = (speed_pin, rain_pin);
        if time::elapsed(state.since_ms, 1000) {
            state.since_ms = time::now_ms();
            finish_second(state, storm_mm_s, vane_offset);
        }
    });
}

fn finish_second(state: &mut State, storm_mm_s: u32, vane_offset: u32) {
    let speed = core::mem::take(&mut state.pulses) * MM_S_PER_PULSE;
    state.speed = u16::try_from(speed).unwrap_or(u16::MAX);
    let signed = i16::try_from(speed).unwrap_or(i16::MAX);
    let above = state.gusts.step(signed).unsigned_abs();
    if u32::from(above) + speed > storm_mm_s && state.gust <= above {
        record(Event::Storm, signed.into());
    }
    state.gust = state.speed.saturating_add(above);
    state.spread.add(signed);
    if let Some(reading) = adc::read_average::<3>(Channel::Vane) {
        let offset = u16::try_from(vane_offset).unwrap_or(0);
        state.direction = (direction(reading) + offset) % 360;
    }
}

fn direction(reading: u16) -> u16 {
    VANE.iter().find(|(limit, _)| reading <= *limit).map_or(0, |(_, tenths)| tenths / 10)
}

/// Adds wind and rain to a sample.
pub(super) fn fill(sample: &mut Sample) {
    STATE.with(|state| {
        sample.wind_mm_s = state.speed;
        sample.gust_mm_s = state.gust;
        sample.wind_from = state.direction;
        sample.rain_tips = state.tips;
    });
}

/// Mean, deviation, lowest and highest speed since start.
pub(super) fn spread() -> (i64, u32, i16, i16) {
    STATE.with(|state| {
        let spread = &state.spread;
        (spread.mean(), spread.deviation(), spread.lowest, spread.highest)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn vane_readings_fall_into_their_direction() {
        assert_eq!(super::direction(0), 112);
        assert_eq!(super::direction(2900), 0);
        assert_eq!(super::direction(4095), 270);
    }
}

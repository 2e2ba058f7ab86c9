//! Alarms: limits with hysteresis and a hold time, and the battery reading they need.

use super::{
    events::{Event, record},
    sample::Sample,
    sensors,
    settings::{self, Settings},
};
use crate::{
    cell::MainOnly,
    driver::{
        adc::{self, Channel},
        time,
        uart::say,
    },
};

/// A limit: what is watched, when it is exceeded and when it is fine again.
struct Limit {
    name: &'static str,
    value: fn(&Sample) -> i32,
    limit: fn(&Settings) -> i32,
    hysteresis: i32,
    side: Side,
}

/// On which side of the limit lies trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

static LIMITS: [Limit; 5] = [
    Limit {
        name: "frost",
        value: |sample| i32::from(sample.celsius_100) + 27_315,
        limit: |settings| signed(settings.frost_kelvin_100),
        hysteresis: 50,
        side: Side::Below,
    },
    Limit {
        name: "storm",
        value: |sample| sample.gust_mm_s.into(),
        limit: |settings| signed(settings.storm_mm_s),
        hysteresis: 2_000,
        side: Side::Above,
    },
    Limit {
        name: "battery",
        value: |sample| sample.battery_mv.into(),
        limit: |settings| signed(settings.battery_low_mv),
        hysteresis: 100,
        side: Side::Below,
    },
    Limit {
        name: "vibration",
        value: |sample| sample.vibration.1.into(),
        limit: |_| 900,
        hysteresis: 200,
        side: Side::Above,
    },
    Limit {
        name: "sensors",
        value: |sample| sample.missing.count_ones().cast_signed(),
        limit: |_| 0,
        hysteresis: 0,
        side: Side::Above,
    },
];

#[derive(Clone, Copy)]
struct Watch {
    raised: bool,
    since_ms: u32,
    times: u16,
}

static WATCHES: MainOnly<[Watch; 5]> =
    MainOnly::new([Watch { raised: false, since_ms: 0, times: 0 }; 5]);

pub(super) fn poll() {
    let sample = sensors::latest();
    let settings = settings::current();
    WATCHES.with(|watches| {
        for (index, (limit, watch)) in (0..).zip(LIMITS.iter().zip(watches)) {
            let raised = limit.is_raised(watch.raised, &sample, &settings);
            if raised == watch.raised {
                watch.since_ms = time::now_ms();
            } else if time::elapsed(watch.since_ms, settings.alarm_hold_s * 1000) {
                watch.change(raised, index);
            }
        }
    });
}

/// Adds the battery voltage to a sample: a divider by two, 3.0 V reference.
pub(super) fn fill(sample: &mut Sample) {
    if let Some(reading) = adc::read_average::<4>(Channel::Battery) {
        sample.battery_mv = u16::try_from(u32::from(reading) * 6_000 / 4_095).unwrap_or(0);
    }
}

/// One bit per limit that is exceeded.
pub(super) fn raised() -> u8 {
    WATCHES.with(|watches| {
        (0..).zip(watches).fold(0, |bits, (index, watch)| bits | u8::from(watch.raised) << index)
    })
}

pub(super) fn print() {
    let sample = sensors::latest();
    let settings = settings::current();
    for (index, limit) in LIMITS.iter().enumerate() {
        let watch = WATCHES.with(|watches| watches[index]);
        say!(
            "{:<10} {:>7} {} {:<7} {}, {} times",
            limit.name,
            (limit.value)(&sample),
            if limit.side == Side::Above { "max" } else { "min" },
            (limit.limit)(&settings),
            if watch.raised { "RAISED" } else { "fine" },
            watch.times
        );
    }
}

impl Limit {
    fn is_raised(&self, before: bool, sample: &Sample, settings: &Settings) -> bool {
        let slack = if before { self.hysteresis } else { 0 };
        let (value, limit) = ((self.value)(sample), (self.limit)(settings));
        match self.side {
            Side::Above => value > limit - slack,
            Side::Below => value < limit + slack,
        }
    }
}

impl Watch {
    fn change(&mut self, raised: bool, index: i32) {
        self.raised = raised;
        self.since_ms = time::now_ms();
        if raised {
            self.times = self.times.saturating_add(1);
            record(if index == 2 { Event::BatteryLow } else { Event::AlarmRaised }, index);
        } else {
            record(Event::AlarmCleared, index);
        }
    }
}

fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_clears_only_past_its_hysteresis() {
        let settings = settings::current();
        let at = |gust_mm_s| Sample { gust_mm_s, ..Sample::EMPTY };
        assert!(!LIMITS[1].is_raised(false, &at(20_800), &settings));
        assert!(LIMITS[1].is_raised(false, &at(20_801), &settings));
        assert!(LIMITS[1].is_raised(true, &at(19_000), &settings));
        assert!(!LIMITS[1].is_raised(true, &at(18_800), &settings));
    }
}

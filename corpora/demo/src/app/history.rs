//! Six hours of samples, one a minute, and the pressure trend.

use super::{sample::Sample, sensors};
use crate::{cell::MainOnly, driver::uart::say, math::filter::Spread};

const MINUTES: usize = 360;

struct History {
    ring: [Sample; MINUTES],
    written: usize,
}

static HISTORY: MainOnly<History> =
    MainOnly::new(History { ring: [Sample::EMPTY; MINUTES], written: 0 });

pub(super) fn poll() {
    let sample = sensors::latest();
    HISTORY.with(|history| {
        history.ring[history.written % MINUTES] = sample;
        history.written = history.written.wrapping_add(1);
    });
}

/// The sample of `minutes` ago, as far as known.
pub(super) fn ago(minutes: usize) -> Option<Sample> {
    HISTORY.with(|history| {
        let known = history.written.min(MINUTES);
        (minutes < known).then(|| history.ring[(history.written - 1 - minutes) % MINUTES])
    })
}

/// Change of pressure over three hours, in Pa; none before three hours are known.
pub(super) fn pressure_trend() -> Option<i32> {
    let then = i32::try_from(ago(180)?.pressure_pa).ok()?;
    let now = i32::try_from(ago(0)?.pressure_pa).ok()?;
    Some(now - then)
}

/// Prints one line per `step` minutes and a summary.
pub(super) fn print(step: usize) {
    let step = step.max(1);
    let mut spread = Spread::EMPTY;
    let mut minutes = 0;
    while let Some(sample) = ago(minutes) {
        spread.add(sample.celsius_100);
        if minutes % step == 0 {
            say!(
                "-{minutes:>3} min {:>7.2} C {:>6.2} % {:>7.1} hPa {:>5.1} km/h rain {}",
                sample.celsius(),
                sample.humidity(),
                sample.hectopascal(),
                sample.wind_km_h(),
                sample.rain_tips
            );
        }
        minutes += 1;
    }
    if spread.count == 0 {
        say!("no history yet, the first entry comes after a minute");
        return;
    }
    say!(
        "{} minutes: lowest {} highest {} mean {} deviation {} (1/100 C)",
        spread.count,
        spread.lowest,
        spread.highest,
        spread.mean(),
        spread.deviation()
    );
}

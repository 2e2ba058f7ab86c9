//! What the barometer says about tomorrow: a table of rules, first match wins.

use super::{history, sample::Sample, settings};
use crate::math::weather;

/// A rule: it matches when pressure and trend (Pa in three hours) are in range.
struct Rule {
    pressure_hpa: (u16, u16),
    trend_pa: (i16, i16),
    text: &'static str,
}

const fn rule(pressure_hpa: (u16, u16), trend_pa: (i16, i16), text: &'static str) -> Rule {
    Rule { pressure_hpa, trend_pa, text }
}

static RULES: [Rule; 14] = [
    rule((0, 980), (-9999, -300), "violent storm, take the mast down"),
    rule((0, 990), (-9999, -100), "stormy with much rain"),
    rule((0, 1000), (-9999, -100), "rain soon, wind increasing"),
    rule((1000, 1015), (-9999, -300), "weather worsens quickly"),
    rule((1000, 1015), (-299, -100), "becoming unsettled, showers later"),
    rule((1015, 1030), (-9999, -100), "fair now, clouds by tomorrow"),
    rule((1030, 1100), (-9999, -100), "fine, slowly becoming less settled"),
    rule((0, 990), (100, 9999), "storm passes, clearing later"),
    rule((990, 1010), (100, 9999), "improving, showers at first"),
    rule((1010, 1100), (100, 9999), "settled and fine"),
    rule((0, 995), (-99, 99), "unsettled, rain at times"),
    rule((995, 1015), (-99, 99), "changeable"),
    rule((1015, 1030), (-99, 99), "fair"),
    rule((1030, 1100), (-99, 99), "settled, dry, cold nights"),
];

/// The forecast for now, or why there is none.
pub(super) fn text(sample: &Sample) -> &'static str {
    let Some(trend) = history::pressure_trend() else {
        return "needs three hours of pressure";
    };
    let altitude = u16::try_from(settings::current().altitude_m).unwrap_or(0);
    let pressure = weather::sea_level(sample.hectopascal(), altitude.into(), sample.celsius());
    pick(pressure, i16::try_from(trend).unwrap_or(0))
}

fn pick(pressure_hpa: f32, trend_pa: i16) -> &'static str {
    let matches = |rule: &&Rule| {
        let (low, high) = rule.pressure_hpa;
        let (falling, rising) = rule.trend_pa;
        (f32::from(low)..f32::from(high)).contains(&pressure_hpa)
            && (falling..=rising).contains(&trend_pa)
    };
    RULES.iter().find(matches).map_or("no idea", |rule| rule.text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn first_matching_rule_wins() {
        assert_eq!(super::pick(970.0, -400), "violent storm, take the mast down");
        assert_eq!(super::pick(1020.0, 0), "fair");
        assert_eq!(super::pick(1200.0, 0), "no idea");
    }
}

//! One set of measurements.

use crate::math::weather;

/// Everything measured in one second, in fixed-point units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) uptime_ms: u32,
    /// Hundredths of a degree Celsius.
    pub(crate) celsius_100: i16,
    /// Hundredths of a percent.
    pub(crate) humidity_100: u16,
    /// Pascal.
    pub(crate) pressure_pa: u32,
    /// Millimetres per second.
    pub(crate) wind_mm_s: u16,
    pub(crate) gust_mm_s: u16,
    /// Degrees, 0 = north.
    pub(crate) wind_from: u16,
    /// Bucket tips since start.
    pub(crate) rain_tips: u16,
    #[cfg(feature = "v1_1_0")]
    pub(crate) battery_mv: u16,
    /// Bin of the strongest mast vibration, and its level.
    pub(crate) vibration: (u8, u16),
    /// One bit per sensor that failed.
    pub(crate) missing: u8,
}

impl Sample {
    pub(crate) const EMPTY: Self = Self {
        uptime_ms: 0,
        celsius_100: 0,
        humidity_100: 0,
        pressure_pa: 0,
        wind_mm_s: 0,
        gust_mm_s: 0,
        wind_from: 0,
        rain_tips: 0,
        #[cfg(feature = "v1_1_0")]
        battery_mv: 0,
        vibration: (0, 0),
        missing: 0,
    };

    pub(crate) fn celsius(&self) -> f32 {
        f32::from(self.celsius_100) / 100.0
    }

    pub(crate) fn humidity(&self) -> f32 {
        f32::from(self.humidity_100) / 100.0
    }

    pub(crate) fn hectopascal(&self) -> f32 {
        let tenths = u16::try_from(self.pressure_pa / 10).unwrap_or(u16::MAX);
        f32::from(tenths) / 10.0
    }

    pub(crate) fn wind_km_h(&self) -> f32 {
        f32::from(self.wind_mm_s) * 0.0036
    }

    pub(crate) fn dew_point(&self) -> f32 {
        weather::dew_point(self.celsius(), self.humidity())
    }

    /// What it feels like: wind chill when cold, heat index when hot.
    pub(crate) fn felt(&self) -> f32 {
        if self.celsius() < 10.0 {
            weather::wind_chill(self.celsius(), self.wind_km_h())
        } else if self.celsius() > 26.0 {
            weather::heat_index(self.celsius(), self.humidity())
        } else {
            self.celsius()
        }
    }
}

/// Name of the compass point for `degrees`.
pub(crate) fn compass(degrees: u16) -> &'static str {
    const POINTS: [&str; 16] = [
        "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW",
        "NW", "NNW",
    ];
    POINTS[(u32::from(degrees) * 16 + 180) as usize / 360 % 16]
}

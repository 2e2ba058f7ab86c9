//! Derived quantities: dew point, felt temperature, pressure at sea level.

/// Dew point in °C by the Magnus formula.
pub(crate) fn dew_point(celsius: f32, humidity: f32) -> f32 {
    // A dry sensor reads 0 %, whose logarithm has no value.
    #[cfg(feature = "v1_0_1")]
    let humidity = humidity.clamp(1.0, 100.0);
    let gamma = ln(humidity / 100.0) + 17.62 * celsius / (243.12 + celsius);
    243.12 * gamma / (17.62 - gamma)
}

/// Pressure reduced to sea level, in hPa.
pub(crate) fn sea_level(hectopascal: f32, altitude_m: f32, celsius: f32) -> f32 {
    let lapse = 0.0065 * altitude_m;
    hectopascal * power(1.0 - lapse / (celsius + lapse + 273.15), -5.257)
}

/// Wind chill in °C, defined below 10 °C and above 4.8 km/h; else the air temperature.
pub(crate) fn wind_chill(celsius: f32, km_per_hour: f32) -> f32 {
    if celsius > 10.0 || km_per_hour < 4.8 {
        return celsius;
    }
    let wind = power(km_per_hour, 0.16);
    13.12 + 0.6215 * celsius - 11.37 * wind + 0.3965 * celsius * wind
}

/// Heat index in °C (Steadman's simple form).
pub(crate) fn heat_index(celsius: f32, humidity: f32) -> f32 {
    let vapour = humidity / 100.0 * 6.105 * exp(17.27 * celsius / (237.7 + celsius));
    celsius + 0.33 * vapour - 4.0
}

/// Natural logarithm of a positive number; error below 1e-5.
fn ln(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 0xFF).cast_signed() - 127;
    let mantissa = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000);
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series =
        1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + square / 9.0)));
    let exponent = f32::from(i16::try_from(exponent).unwrap_or(0));
    exponent * core::f32::consts::LN_2 + 2.0 * ratio * series
}

/// e to the power of `value`; error below 1e-5 of the result.
fn exp(value: f32) -> f32 {
    let mut scaled = value;
    let mut doublings = 0;
    while scaled.abs() > 0.25 && doublings < 12 {
        scaled *= 0.5;
        doublings += 1;
    }
    let mut result = 1.0
        + scaled
            * (1.0
                + scaled * (0.5 + scaled * (1.0 / 6.0 + scaled * (1.0 / 24.0 + scaled / 120.0))));
    for _ in 0..doublings {
        result *= result;
    }
    result
}

fn power(base: f32, exponent: f32) -> f32 {
    exp(ln(base) * exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f32, expected: f32) {
        assert!((got - expected).abs() < 0.1, "expected {expected}, got {got}");
    }

    #[test]
    fn matches_published_values() {
        near(dew_point(20.0, 50.0), 9.3);
        near(wind_chill(-10.0, 30.0), -19.5);
        near(sea_level(954.0, 500.0, 15.0), 1011.9);
    }
}

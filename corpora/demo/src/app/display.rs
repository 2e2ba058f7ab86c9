//! A 128 × 32 display on I2C: large seven-segment digits, drawn by rule.

use super::{modem, sample::Sample, sensors, settings};
use crate::{
    cell::MainOnly,
    driver::{i2c, time},
};

const ADDRESS: u8 = 0x3C;
const COLUMNS: usize = 128;
const PAGES: usize = 4;

/// Set-up of the display controller.
static SETUP: [u8; 25] = [
    0xAE, 0xD5, 0x80, 0xA8, 0x1F, 0xD3, 0x00, 0x40, 0x8D, 0x14, 0x20, 0x00, 0xA1, 0xC8, 0xDA, 0x02,
    0x81, 0x8F, 0xD9, 0xF1, 0xDB, 0x40, 0xA4, 0xA6, 0xAF,
];

/// Segments of a digit, a to g from bit 0; index 10 is the minus sign.
static SEGMENTS: [u8; 11] = [0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F, 0x40];

/// Rectangle of each segment: x, y, width, height in a digit of 12 × 23 pixels.
static SHAPES: [(u8, u8, u8, u8); 7] = [
    (2, 0, 8, 3),
    (9, 2, 3, 9),
    (9, 12, 3, 9),
    (2, 20, 8, 3),
    (0, 12, 3, 9),
    (0, 2, 3, 9),
    (2, 10, 8, 3),
];

/// What the pages of the display show, in turn.
static VIEWS: [fn(&mut Canvas, &Sample); 5] =
    [show_temperature, show_humidity, show_pressure, show_wind, show_link];

struct Canvas {
    pixels: [[u8; COLUMNS]; PAGES],
}

struct Display {
    canvas: Canvas,
    ready: bool,
    view: usize,
    since_ms: u32,
}

static DISPLAY: MainOnly<Display> = MainOnly::new(Display {
    canvas: Canvas { pixels: [[0; COLUMNS]; PAGES] },
    ready: false,
    view: 0,
    since_ms: 0,
});

pub(super) fn poll() {
    if settings::current().display_on == 0 {
        return;
    }
    let sample = sensors::latest();
    DISPLAY.with(|display| {
        if !display.ready {
            display.ready = SETUP.iter().all(|&byte| i2c::write(ADDRESS, &[0x00, byte]).is_ok());
            return;
        }
        if time::elapsed(display.since_ms, 4000) {
            display.since_ms = time::now_ms();
            display.view = (display.view + 1) % VIEWS.len();
        }
        display.canvas.clear();
        VIEWS[display.view](&mut display.canvas, &sample);
        display.ready = display.canvas.transfer().is_ok();
    });
}

impl Canvas {
    fn clear(&mut self) {
        self.pixels = [[0; COLUMNS]; PAGES];
    }

    fn fill(&mut self, x: u8, y: u8, width: u8, height: u8) {
        for column in x..x.saturating_add(width) {
            for row in y..y.saturating_add(height) {
                let page = self.pixels.get_mut(usize::from(row / 8));
                if let Some(byte) = page.and_then(|page| page.get_mut(usize::from(column))) {
                    *byte |= 1 << (row % 8);
                }
            }
        }
    }

    fn digit(&mut self, x: u8, digit: usize) {
        let segments = SEGMENTS.get(digit).copied().unwrap_or(0);
        for (index, &(left, top, width, height)) in SHAPES.iter().enumerate() {
            if segments >> index & 1 != 0 {
                self.fill(x + left, 4 + top, width, height);
            }
        }
    }

    /// Draws `value` right-aligned with `decimals` digits after the point.
    fn number(&mut self, value: i32, decimals: u8) {
        let mut rest = value.unsigned_abs();
        let mut x = 100;
        let mut drawn = 0;
        while rest > 0 || drawn <= decimals {
            if drawn == decimals && decimals > 0 {
                self.fill(x + 12, 24, 3, 3);
            }
            self.digit(x, usize::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
            x = x.saturating_sub(18);
            drawn += 1;
        }
        if value < 0 {
            self.digit(x, 10);
        }
    }

    /// A bar along the bottom, `part` of `whole` long.
    fn bar(&mut self, part: u32, whole: u32) {
        let length = part.min(whole) * 127 / whole.max(1);
        self.fill(0, 30, u8::try_from(length).unwrap_or(127), 2);
    }

    fn transfer(&self) -> Result<(), i2c::I2cError> {
        for (page, row) in (0..).zip(&self.pixels) {
            i2c::write(ADDRESS, &[0x00, 0xB0 | page, 0x00, 0x10])?;
            for chunk in row.chunks(16) {
                let mut message = [0x40; 17];
                message[1..].copy_from_slice(chunk);
                i2c::write(ADDRESS, &message)?;
            }
        }
        Ok(())
    }
}

fn show_temperature(canvas: &mut Canvas, sample: &Sample) {
    canvas.number(i32::from(sample.celsius_100) / 10, 1);
    canvas.fill(118, 4, 5, 2);
    canvas.fill(118, 8, 5, 2);
}

fn show_humidity(canvas: &mut Canvas, sample: &Sample) {
    canvas.number(i32::from(sample.humidity_100) / 10, 1);
    canvas.bar(sample.humidity_100.into(), 10_000);
}

fn show_pressure(canvas: &mut Canvas, sample: &Sample) {
    canvas.number(i32::try_from(sample.pressure_pa / 10).unwrap_or(0), 1);
    canvas.bar(sample.pressure_pa.saturating_sub(95_000), 10_000);
}

fn show_wind(canvas: &mut Canvas, sample: &Sample) {
    canvas.number(i32::from(sample.wind_mm_s) / 100, 1);
    canvas.bar(sample.gust_mm_s.into(), settings::current().storm_mm_s);
}

fn show_link(canvas: &mut Canvas, _: &Sample) {
    canvas.number(modem::state_number().into(), 0);
    if modem::is_online() {
        canvas.fill(2, 4, 16, 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eight_lights_every_segment() {
        let mut canvas = Canvas { pixels: [[0; COLUMNS]; PAGES] };
        canvas.digit(0, 8);
        let lit: u32 = canvas.pixels.iter().flatten().map(|byte| byte.count_ones()).sum();
        assert_eq!(lit, 3 * 24 + 4 * 27 - 8);
    }
}

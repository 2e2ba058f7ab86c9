//! A 64-point fixed-point Fourier transform: what frequency the mast vibrates at.

use super::sqrt;

/// Points of one transform.
pub(crate) const POINTS: usize = 64;

/// One wave of cosine in Q15: `COSINE[k]` = cos(2πk / 64).
static COSINE: [i16; POINTS] = [
    32767, 32610, 32138, 31357, 30274, 28899, 27246, 25330, 23170, 20788, 18205, 15447, 12540,
    9512, 6393, 3212, 0, -3212, -6393, -9512, -12540, -15447, -18205, -20788, -23170, -25330,
    -27246, -28899, -30274, -31357, -32138, -32610, -32767, -32610, -32138, -31357, -30274, -28899,
    -27246, -25330, -23170, -20788, -18205, -15447, -12540, -9512, -6393, -3212, 0, 3212, 6393,
    9512, 12540, 15447, 18205, 20788, 23170, 25330, 27246, 28899, 30274, 31357, 32138, 32610,
];

#[derive(Clone, Copy, Default)]
struct Complex {
    re: i32,
    im: i32,
}

impl Complex {
    /// Times e^(-2πik/64).
    fn turn(self, k: usize) -> Self {
        let (cos, sin) = (i64::from(COSINE[k % POINTS]), i64::from(COSINE[(k + 48) % POINTS]));
        let (re, im) = (i64::from(self.re), i64::from(self.im));
        let scaled = |value: i64| i32::try_from(value >> 15).unwrap_or(0);
        Self { re: scaled(re * cos + im * sin), im: scaled(im * cos - re * sin) }
    }
}

/// Magnitudes of the lower half of the spectrum of `samples`.
pub(crate) fn magnitudes(samples: &[i16; POINTS]) -> [u16; POINTS / 2] {
    let mut points = [Complex::default(); POINTS];
    for (index, &sample) in (0_u32..).zip(samples) {
        points[(index.reverse_bits() >> 26) as usize].re = window(index, sample);
    }
    let mut half = 1;
    while half < POINTS {
        for start in (0..POINTS).step_by(half * 2) {
            for offset in 0..half {
                let (low, high) = (start + offset, start + offset + half);
                let turned = points[high].turn(offset * (POINTS / 2 / half));
                let kept = points[low];
                points[high] =
                    Complex { re: (kept.re - turned.re) >> 1, im: (kept.im - turned.im) >> 1 };
                points[low] =
                    Complex { re: (kept.re + turned.re) >> 1, im: (kept.im + turned.im) >> 1 };
            }
        }
        half *= 2;
    }
    core::array::from_fn(|bin| magnitude(points[bin]))
}

fn magnitude(point: Complex) -> u16 {
    let square = point.re.unsigned_abs().pow(2).saturating_add(point.im.unsigned_abs().pow(2));
    u16::try_from(sqrt(square)).unwrap_or(u16::MAX)
}

/// Hann window.
fn window(index: u32, sample: i16) -> i32 {
    let weight = 32_767 - i32::from(COSINE[index as usize % POINTS]);
    (i32::from(sample) * weight) >> 16
}

/// The strongest bin, slow sway left out, and how strong it is.
pub(crate) fn peak(samples: &[i16; POINTS]) -> (usize, u16) {
    let bins = magnitudes(samples);
    bins.into_iter()
        .enumerate()
        .skip(2)
        .fold((0, 0), |best, (bin, level)| if level > best.1 { (bin, level) } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pure_tone_peaks_in_its_bin() {
        let samples = core::array::from_fn(|index| COSINE[index * 5 % POINTS] / 4);
        assert_eq!(peak(&samples).0, 5);
    }
}

//! What a signature has to fulfil.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, const_monty_params};

use crate::curve::{Field, Point, below, sum_of_multiples};

const_monty_params!(
    N,
    U256,
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "What multiples of points are modulo: the number of points."
);

type Scalar = ConstMontyForm<N, { U256::LIMBS }>;

const ORDER: &U256 = Scalar::MODULUS.as_ref();

/// Whether `key` made `signature` of what has the SHA-256 `digest`.
///
/// - `key`: an uncompressed point as SEC 1 has it: 4, x, y, most significant byte first. What is no point of the curve verifies nothing.
/// - `signature`: r and s, most significant byte first. Both halves of the values of s are taken.
///
/// **Cost** 450 additions of points on average, 512 at most. On a Cortex-M4: docs/adr/0015.
#[must_use]
pub fn verifies(key: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let [4, point @ ..] = key else { return false };
    let [x, y] = halves(point);
    let [r, s] = halves(signature);
    let Some(point) = Point::new(&x, &y) else { return false };
    if !is_scalar(&r) || !is_scalar(&s) {
        return false;
    }
    let inverse = inverse(&Scalar::new(&s));
    let of_generator = ratio(&number(digest), &inverse);
    let of_point = ratio(&r, &inverse);
    let sum = sum_of_multiples(&of_generator, &of_point, &point);
    sum.z != Field::ZERO && has_remainder(&sum, &r)
}

/// Whether x / z, as a number below p, leaves `r` modulo n. Without a division: of the numbers that do, r and r + n, it is looked
/// which times z is x.
fn has_remainder(point: &Point, r: &U256) -> bool {
    let above = r.wrapping_add(ORDER);
    // Where the sum does not fit it wraps to less than n.
    let exists = below(ORDER, &above) && below(&above, Field::MODULUS.as_ref());
    point.is_at(r) || exists && point.is_at(&above)
}

fn is_scalar(number: &U256) -> bool {
    *number != U256::ZERO && below(number, ORDER)
}

/// `number` over what `inverse` is the inverse of, as a number again.
#[inline(never)]
fn ratio(number: &U256, inverse: &Scalar) -> U256 {
    Scalar::new(number).mul(inverse).retrieve()
}

/// By Fermat: to the power n − 2.
fn inverse(number: &Scalar) -> Scalar {
    let exponent = ORDER.wrapping_sub(&U256::from_u8(2));
    let mut power = Scalar::ONE;
    for bit in (0..U256::BITS).rev() {
        power = power.mul(&power);
        if exponent.bit_vartime(bit) {
            power = power.mul(number);
        }
    }
    power
}

#[inline(never)]
fn halves(bytes: &[u8; 64]) -> [U256; 2] {
    let (high, low) = bytes.split_at(32);
    [high, low].map(|half| half.first_chunk().map_or(U256::ZERO, number))
}

#[inline(never)]
fn number(bytes: &[u8; 32]) -> U256 {
    U256::from_be_slice(bytes)
}

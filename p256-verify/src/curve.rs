//! Points of the curve y² = x³ − 3x + b, their one addition, sums of multiples.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U256, const_monty_params};

const_monty_params!(
    P,
    U256,
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "What coordinates are modulo."
);

/// A coordinate.
pub(crate) type Field = ConstMontyForm<P, { U256::LIMBS }>;

const B: Field = Field::new(&U256::from_be_hex(
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
));

/// The point whose multiples are all points.
pub(crate) const GENERATOR: Point = Point {
    x: Field::new(&U256::from_be_hex(
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    )),
    y: Field::new(&U256::from_be_hex(
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    )),
    z: Field::ONE,
};

/// A point at (x / z, y / z), or with z = 0 the one at infinity.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    x: Field,
    y: Field,
    pub(crate) z: Field,
}

impl Point {
    const INFINITY: Self = Self { x: Field::ZERO, y: Field::ONE, z: Field::ZERO };

    /// The point at (x, y), if there is one on the curve.
    pub(crate) fn new(x: &U256, y: &U256) -> Option<Self> {
        let modulus = Field::MODULUS.as_ref();
        if !below(x, modulus) || !below(y, modulus) {
            return None;
        }
        let (x, y) = (Field::new(x), Field::new(y));
        // x (x² − 3) + b
        let right = times(&x, &times(&x, &x).sub(&thrice(&Field::ONE))).add(&B);
        (times(&y, &y) == right).then_some(Self { x, y, z: Field::ONE })
    }

    /// Whether x / z is `x`.
    #[inline(never)]
    pub(crate) fn is_at(&self, x: &U256) -> bool {
        times(&Field::new(x), &self.z) == self.x
    }

    /// The sum of any two points, equal ones and infinity included: there is no case to forget, and no second formula for doubling.
    ///
    /// **Reference** Renes, Costello, Batina, "Complete addition formulas for prime order elliptic curves" (2015/1060), algorithm 4.
    #[inline(never)]
    fn plus(&self, other: &Self) -> Self {
        let (xx, yy, zz) =
            (times(&self.x, &other.x), times(&self.y, &other.y), times(&self.z, &other.z));
        // x₁y₂ + x₂y₁ and so on
        let xy = mixed(&[&self.x, &self.y], &[&other.x, &other.y], &[&xx, &yy]);
        let yz = mixed(&[&self.y, &self.z], &[&other.y, &other.z], &[&yy, &zz]);
        let xz = mixed(&[&self.x, &self.z], &[&other.x, &other.z], &[&xx, &zz]);

        let zz3 = thrice(&zz);
        let bzz = thrice(&xz.sub(&times(&B, &zz)));
        let (below, above) = (yy.sub(&bzz), yy.add(&bzz));
        let bxz = thrice(&times(&B, &xz).sub(&zz3).sub(&xx));
        let slope = thrice(&xx).sub(&zz3);
        Self {
            x: times(&above, &xy).sub(&times(&yz, &bxz)),
            y: times(&above, &below).add(&times(&slope, &bxz)),
            z: times(&below, &yz).add(&times(&xy, &slope)),
        }
    }
}

/// `a` times the generator and `b` times `point`, both at once.
///
/// Cost: 512 additions at most.
pub(crate) fn sum_of_multiples(a: &U256, b: &U256, point: &Point) -> Point {
    let both = GENERATOR.plus(point);
    let mut sum = Point::INFINITY;
    for bit in (0..U256::BITS).rev() {
        sum = sum.plus(&sum);
        let addend = match (a.bit_vartime(bit), b.bit_vartime(bit)) {
            (false, false) => continue,
            (true, false) => &GENERATOR,
            (false, true) => point,
            (true, true) => &both,
        };
        sum = sum.plus(addend);
    }
    sum
}

#[inline(never)]
pub(crate) fn below(number: &U256, limit: &U256) -> bool {
    number.cmp_vartime(limit).is_lt()
}

#[inline(never)]
fn times(a: &Field, b: &Field) -> Field {
    a.mul(b)
}

#[inline(never)]
fn thrice(a: &Field) -> Field {
    a.add(a).add(a)
}

/// (a₁ + a₂)(b₁ + b₂) less what is in `squares`: what is left is a₁b₂ + a₂b₁.
#[inline(never)]
fn mixed(a: &[&Field; 2], b: &[&Field; 2], squares: &[&Field; 2]) -> Field {
    let ([a1, a2], [b1, b2], [s1, s2]) = (a, b, squares);
    times(&a1.add(a2), &b1.add(b2)).sub(s1).sub(s2)
}

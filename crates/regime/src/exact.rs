//! Numbers that the judge calculates with: fast doubles with an error bound, and exact fractions where these cannot tell; small ones
//! first, since those of a law nearly always are.

use std::cmp::Ordering;

use facts::{Exact, Number};
use num_traits::{ToPrimitive, Zero};

/// A value, unknown, or known to be absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Val<N> {
    Unknown,
    Absent,
    Is(N),
}

impl Val<Near> {
    /// The number for showing.
    pub(crate) fn shown(self) -> Option<f64> {
        if let Val::Is(near) = self { Some(near.value) } else { None }
    }
}

/// Numbers that the judge can calculate with.
pub(crate) trait Arithmetic: Sized + Clone {
    fn of(number: Number) -> Self;
    fn of_exact(exact: &Exact) -> Self;
    fn sum(self, other: Self) -> Self;
    fn difference(self, other: Self) -> Self;
    fn product(self, other: Self) -> Self;
    fn quotient(self, other: Self) -> Option<Self>;
    fn negative(self) -> Self;
    /// The greater, or with `least` the lesser, of two.
    fn outer(self, other: Self, least: bool) -> Self;
}

/// A double with a bound on its error: decides a comparison unless the two sides are too close to call, which exact fractions
/// then settle (a floating-point filter; Shewchuk 1997, Discrete & Computational Geometry 18).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Near {
    pub(crate) value: f64,
    error: f64,
}

/// Eight units in the last place: more than any single operation below can lose.
const SLACK: f64 = 8.0 * f64::EPSILON;

impl Near {
    fn new(value: f64, error: f64) -> Near {
        Near { value, error: error + value.abs() * SLACK }
    }

    /// A fact over another. Each is off by at most one `SLACK` of itself, so this is off by a little over two, and the division
    /// adds less than one: four cost one division where [`Arithmetic::quotient`] takes two. Over zero, nothing can be told.
    #[inline]
    pub(crate) fn ratio(over: Number, under: Number) -> Near {
        let value = over.approx() / under.approx();
        Near { value, error: value.abs() * (4.0 * SLACK) }
    }

    /// Between what it surely lies: the margin of [`SLACK`] covers the rounding here too. Two numbers whose ends do not overlap are
    /// told apart by one comparison; of no number nothing is told.
    #[inline]
    pub(crate) fn ends(self) -> (f64, f64) {
        (self.value - self.error, self.value + self.error)
    }

    pub(crate) fn compare(self, other: Near) -> Option<Ordering> {
        let ((low, high), (from, to)) = (self.ends(), other.ends());
        match (low > to, high < from) {
            (true, _) => Some(Ordering::Greater),
            (_, true) => Some(Ordering::Less),
            _ => None,
        }
    }
}

/// A fraction of two whole numbers that fit 128 bits, not reduced: exact, and much faster than one without a limit. One that does
/// not fit has nothing under its line, and no comparison can tell it from anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Small {
    over: i128,
    /// Above zero, or zero where the fraction does not fit.
    under: i128,
}

impl Small {
    const TOO_LARGE: Small = Small { over: 0, under: 0 };

    fn new(over: Option<i128>, under: Option<i128>) -> Small {
        match over.zip(under) {
            Some((over, under)) if under != 0 => Small { over, under },
            _ => Small::TOO_LARGE,
        }
    }

    /// The same with both signs turned.
    fn mirrored(self) -> Small {
        Small::new(self.over.checked_neg(), self.under.checked_neg())
    }

    /// Whole cents, half to even; none where the fraction, or what comes of it, does not fit.
    pub(crate) fn cents(self) -> Option<i64> {
        let scaled = self.over.checked_mul(100)?;
        let (whole, rest) = (scaled.checked_div_euclid(self.under)?, scaled.checked_rem_euclid(self.under)?);
        let up = match rest.checked_mul(2)?.cmp(&self.under) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => whole % 2 != 0,
        };
        i64::try_from(whole + i128::from(up)).ok()
    }

    pub(crate) fn compare(self, other: Small) -> Option<Ordering> {
        if self.under == 0 || other.under == 0 {
            return None;
        }
        Some(self.over.checked_mul(other.under)?.cmp(&other.over.checked_mul(self.under)?))
    }
}

impl Arithmetic for Small {
    fn of(number: Number) -> Self {
        let decimal = number.decimal();
        Small::new(Some(decimal.mantissa()), 10i128.checked_pow(decimal.scale()))
    }
    fn of_exact(exact: &Exact) -> Self {
        Small::new(exact.numer().to_i128(), exact.denom().to_i128())
    }
    fn sum(self, other: Self) -> Self {
        let over = || self.over.checked_mul(other.under)?.checked_add(other.over.checked_mul(self.under)?);
        Small::new(over(), self.under.checked_mul(other.under))
    }
    fn difference(self, other: Self) -> Self {
        self.sum(other.negative())
    }
    fn product(self, other: Self) -> Self {
        Small::new(self.over.checked_mul(other.over), self.under.checked_mul(other.under))
    }
    fn quotient(self, other: Self) -> Option<Self> {
        if other.under != 0 && other.over == 0 {
            return None;
        }
        let turned = Small { over: other.under, under: other.over };
        Some(self.product(if turned.under < 0 { turned.mirrored() } else { turned }))
    }
    fn negative(self) -> Self {
        Small::new(self.over.checked_neg(), Some(self.under))
    }
    fn outer(self, other: Self, least: bool) -> Self {
        match self.compare(other) {
            Some(ordering) if ordering.is_lt() == least => self,
            Some(_) => other,
            None => Small::TOO_LARGE,
        }
    }
}

impl Arithmetic for Near {
    #[inline]
    fn of(number: Number) -> Self {
        Near::new(number.approx(), 0.0)
    }
    /// Where no double is near the fraction, one that no comparison can tell from anything.
    fn of_exact(exact: &Exact) -> Self {
        Near::new(exact.to_f64().unwrap_or(f64::NAN), 0.0)
    }
    fn sum(self, other: Self) -> Self {
        Near::new(self.value + other.value, self.error + other.error)
    }
    fn difference(self, other: Self) -> Self {
        Near::new(self.value - other.value, self.error + other.error)
    }
    fn product(self, other: Self) -> Self {
        let error = self.value.abs() * other.error + other.value.abs() * self.error + self.error * other.error;
        Near::new(self.value * other.value, error)
    }
    #[inline]
    fn quotient(self, other: Self) -> Option<Self> {
        let least = other.value.abs() - other.error;
        // Zero, or too near it for a double to tell: fractions decide.
        if least <= 0.0 {
            return Some(Near { value: 0.0, error: f64::INFINITY });
        }
        let (value, inverse) = (self.value / other.value, 1.0 / least);
        Some(Near::new(value, (self.error + value.abs() * other.error) * inverse))
    }
    fn negative(self) -> Self {
        Near { value: -self.value, error: self.error }
    }
    fn outer(self, other: Self, least: bool) -> Self {
        let value = if least { self.value.min(other.value) } else { self.value.max(other.value) };
        Near { value, error: self.error.max(other.error) }
    }
}

impl Arithmetic for Exact {
    fn of(number: Number) -> Self {
        number.exact()
    }
    fn of_exact(exact: &Exact) -> Self {
        exact.clone()
    }
    fn sum(self, other: Self) -> Self {
        self + other
    }
    fn difference(self, other: Self) -> Self {
        self - other
    }
    fn product(self, other: Self) -> Self {
        self * other
    }
    fn quotient(self, other: Self) -> Option<Self> {
        if other.is_zero() { None } else { Some(self / other) }
    }
    fn negative(self) -> Self {
        -self
    }
    fn outer(self, other: Self, least: bool) -> Self {
        if (self < other) == least { self } else { other }
    }
}

#[inline]
pub(crate) fn both<N>(a: Val<N>, b: Val<N>, apply: impl FnOnce(N, N) -> Option<N>) -> Val<N> {
    match (a, b) {
        (Val::Absent, _) | (_, Val::Absent) => Val::Absent,
        (Val::Unknown, _) | (_, Val::Unknown) => Val::Unknown,
        (Val::Is(a), Val::Is(b)) => apply(a, b).map_or(Val::Unknown, Val::Is),
    }
}

/// Whole cents, half to even; none beyond what 64 bits hold.
pub(crate) fn cents(amount: &Exact) -> Option<i64> {
    let scaled = amount * Exact::from_integer(100.into());
    let floor = scaled.floor();
    let half = Exact::new(1.into(), 2.into());
    let whole = floor.to_integer();
    let up = match (&scaled - &floor).cmp(&half) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => whole.bit(0),
    };
    (whole + i32::from(up)).to_i64()
}

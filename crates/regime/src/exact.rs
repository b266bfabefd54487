//! Numbers that the judge calculates with: fast doubles with an error bound, and exact fractions where these cannot tell.

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

/// Numbers that the judge can calculate with.
pub(crate) trait Arithmetic: Sized + Clone {
    fn of(number: Number) -> Self;
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

    pub(crate) fn compare(self, other: Near) -> Option<Ordering> {
        let gap = self.value - other.value;
        let room = self.error + other.error;
        if gap > room {
            Some(Ordering::Greater)
        } else if -gap > room {
            Some(Ordering::Less)
        } else {
            None
        }
    }
}

impl Arithmetic for Near {
    #[inline]
    fn of(number: Number) -> Self {
        Near::new(number.approx(), 0.0)
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
    fn quotient(self, other: Self) -> Option<Self> {
        let least = other.value.abs() - other.error;
        // Zero, or too near it for a double to tell: fractions decide.
        if least <= 0.0 {
            return Some(Near { value: 0.0, error: f64::INFINITY });
        }
        let value = self.value / other.value;
        Some(Near::new(value, (self.error + value.abs() * other.error) / least))
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

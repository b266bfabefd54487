//! Numbers of one world or of eight at once: the model is spelled once over this face. One world uses the standard library's exp and ln
//! and is the reference; eight use branch-free polynomials that a compiler turns into vector instructions, and give the same bits on
//! every processor, because multiply and add are never fused.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// What the equations need of a number.
pub trait Lane:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// How many worlds it carries.
    const WIDTH: usize;

    /// The same number in every world.
    fn splat(x: f64) -> Self;

    /// A number for each world, by its place from 0.
    fn each(number: impl FnMut(usize) -> f64) -> Self;

    /// The number of one world.
    fn lane(self, at: usize) -> f64;

    /// The exponential; arguments beyond ±700 count as ±700.
    fn exp(self) -> Self;

    /// Natural logarithm of a positive number.
    fn ln(self) -> Self;

    /// The larger; not a number where `self` is not, so that a bound does not hide what has gone wrong.
    fn max(self, other: Self) -> Self;

    /// The smaller; not a number where `self` is not.
    fn min(self, other: Self) -> Self;

    /// `then` where `a < b`, `or` elsewhere (and where either is not a number).
    fn if_less(a: Self, b: Self, then: Self, or: Self) -> Self;

    /// The number, where it is the same in every world.
    fn same(self) -> Option<f64>;

    /// The entry of a table at a place that may differ between worlds; places beyond the table count as its last.
    fn pick(table: &[f64], at: Self) -> Self;

    /// Zero.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// One.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(1.0)
    }

    /// Between two bounds.
    #[inline(always)]
    fn within(self, low: f64, high: f64) -> Self {
        self.max(Self::splat(low)).min(Self::splat(high))
    }

    /// A positive number raised to a power.
    #[inline(always)]
    fn pow(self, power: Self) -> Self {
        (self.ln() * power).exp()
    }

    /// The positive part.
    #[inline(always)]
    fn plus(self) -> Self {
        self.max(Self::zero())
    }

    /// Size without sign.
    #[inline(always)]
    fn abs(self) -> Self {
        self.max(-self)
    }
}

/// Shorthand for a number that is the same in every world.
#[inline(always)]
pub(crate) fn c<T: Lane>(x: f64) -> T {
    T::splat(x)
}

impl Lane for f64 {
    const WIDTH: usize = 1;

    fn splat(x: f64) -> f64 {
        x
    }

    fn each(mut number: impl FnMut(usize) -> f64) -> f64 {
        number(0)
    }

    fn lane(self, _: usize) -> f64 {
        self
    }

    fn exp(self) -> f64 {
        f64::exp(self.clamp(-700.0, 700.0))
    }

    fn ln(self) -> f64 {
        f64::ln(self)
    }

    fn max(self, other: f64) -> f64 {
        if other > self { other } else { self }
    }

    fn min(self, other: f64) -> f64 {
        if other < self { other } else { self }
    }

    fn if_less(a: f64, b: f64, then: f64, or: f64) -> f64 {
        if a < b { then } else { or }
    }

    #[inline(always)]
    fn same(self) -> Option<f64> {
        Some(self)
    }

    fn pick(table: &[f64], at: f64) -> f64 {
        let last = table.len().saturating_sub(1);
        table.get((at as usize).min(last)).copied().unwrap_or(f64::NAN)
    }
}

/// Worlds in one [`Pack`].
pub const LANES: usize = 8;

/// Eight worlds side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub struct Pack(pub [f64; LANES]);

impl Pack {
    // Loops over the lanes and not `array::map`: the compiler turns these into vector instructions and those not.
    #[inline(always)]
    fn map(self, number: impl Fn(f64) -> f64) -> Pack {
        let mut out = self.0;
        for x in &mut out {
            *x = number(*x);
        }
        Pack(out)
    }

    #[inline(always)]
    fn with(self, other: Pack, number: impl Fn(f64, f64) -> f64) -> Pack {
        let mut out = self.0;
        for (a, b) in out.iter_mut().zip(&other.0) {
            *a = number(*a, *b);
        }
        Pack(out)
    }
}

macro_rules! lanewise {
    ($($trait:ident $name:ident $op:tt),*) => {$(
        impl $trait for Pack {
            type Output = Pack;
            #[inline(always)]
            fn $name(self, other: Pack) -> Pack {
                self.with(other, #[inline(always)] |a, b| a $op b)
            }
        }
    )*};
}
lanewise!(Add add +, Sub sub -, Mul mul *, Div div /);

impl Neg for Pack {
    type Output = Pack;
    #[inline(always)]
    fn neg(self) -> Pack {
        self.map(
            #[inline(always)]
            |x| -x,
        )
    }
}

impl Lane for Pack {
    const WIDTH: usize = LANES;

    #[inline(always)]
    fn splat(x: f64) -> Pack {
        Pack([x; LANES])
    }

    #[inline(always)]
    fn each(mut number: impl FnMut(usize) -> f64) -> Pack {
        let mut out = [0.0; LANES];
        for (l, x) in out.iter_mut().enumerate() {
            *x = number(l);
        }
        Pack(out)
    }

    #[inline(always)]
    fn lane(self, at: usize) -> f64 {
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    #[inline(always)]
    fn exp(self) -> Pack {
        self.map(exp)
    }

    #[inline(always)]
    fn ln(self) -> Pack {
        self.map(ln)
    }

    #[inline(always)]
    fn max(self, other: Pack) -> Pack {
        self.with(
            other,
            #[inline(always)]
            |a, b| if b > a { b } else { a },
        )
    }

    #[inline(always)]
    fn min(self, other: Pack) -> Pack {
        self.with(
            other,
            #[inline(always)]
            |a, b| if b < a { b } else { a },
        )
    }

    #[inline(always)]
    fn if_less(a: Pack, b: Pack, then: Pack, or: Pack) -> Pack {
        let mut out = or.0;
        for (((out, a), b), then) in out.iter_mut().zip(&a.0).zip(&b.0).zip(&then.0) {
            *out = if a < b { *then } else { *out };
        }
        Pack(out)
    }

    #[inline(always)]
    fn pick(table: &[f64], at: Pack) -> Pack {
        match at.same() {
            Some(place) => Pack::splat(f64::pick(table, place)),
            None => scattered(table, at),
        }
    }

    #[inline(always)]
    fn same(self) -> Option<f64> {
        let [first, ..] = self.0;
        let mut apart = false;
        for x in self.0 {
            apart |= x != first;
        }
        if apart { None } else { Some(first) }
    }
}

/// Entries at different places. Apart from what is inlined: there is nothing in it for vector instructions, and the model looks up so often
/// that a copy each time would be most of its code.
#[inline(never)]
fn scattered(table: &[f64], at: Pack) -> Pack {
    at.map(|place| f64::pick(table, place))
}

/// `array::map` of two, which the compiler inlines: the library's own it does not, and what is not inlined has no vector instructions.
#[inline(always)]
pub(crate) fn both<A, B>(of: [A; 2], mut each: impl FnMut(A) -> B) -> [B; 2] {
    let [a, b] = of;
    [each(a), each(b)]
}

/// The bits of 1.
const ONE: u64 = 0x3ff0_0000_0000_0000;

/// 1.5 · 2^52: adding it leaves the rounded whole number in the low bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// exp by reduction to |r| ≤ ln 2 / 2 (Cody & Waite) and a Taylor polynomial of degree 13, its even and its odd powers side by side, which
/// takes a processor half as long as one after the other; error about 1 unit in the last place.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let x = if x > 700.0 { 700.0 } else { x };
    let x = if x < -700.0 { -700.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (x - n * 6.931_471_803_691_238e-1) - n * 1.908_214_929_270_587_7e-10;
    let square = r * r;
    let (mut even, mut odd) = (1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0);
    for (k, next) in [(3_628_800.0, 39_916_800.0), (40_320.0, 362_880.0), (720.0, 5_040.0), (24.0, 120.0), (2.0, 6.0), (1.0, 1.0)]
    {
        even = even * square + 1.0 / k;
        odd = odd * square + 1.0 / next;
    }
    let p = odd * r + even;
    // Times 2^n, and not n added to the exponent, which would make a number of what is none.
    p * f64::from_bits((shifted.to_bits() << 52).wrapping_add(ONE))
}

/// ln of a positive, normal number: exponent apart, then the series of artanh on [√½, √2]; error about 2 units in the last place.
/// Zero, negative numbers and what is not a number give what is not a number.
#[inline(always)]
fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let bits = x.to_bits();
    let k = bits.wrapping_add(ONE - SQRT_HALF) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(k << 52).wrapping_add(ONE));
    let e = f64::from_bits(0x4338_0000_0000_0000 + k) - (SHIFT + 1023.0);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // Every second power by itself, for speed as in exp.
    let square = z * z;
    let (mut even, mut odd) = (2.0 / 19.0, 2.0 / 17.0);
    for (k, next) in [(15.0, 13.0), (11.0, 9.0), (7.0, 5.0)] {
        even = even * square + 2.0 / k;
        odd = odd * square + 2.0 / next;
    }
    let r = (even * square + 2.0 / 3.0) + odd * z;
    let l = s * z * r + 2.0 * s;
    let whole = e * std::f64::consts::LN_2 + l;
    if x > 0.0 { whole } else { f64::NAN }
}

#[cfg(test)]
pub(crate) fn vector_exp(x: f64) -> f64 {
    exp(x)
}

#[cfg(test)]
pub(crate) fn vector_ln(x: f64) -> f64 {
    ln(x)
}

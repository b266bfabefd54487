//! Exact numbers: a decimal as it was written, with its nearest double beside it for fast comparison.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use rust_decimal::Decimal;

/// A fraction without rounding: what a comparison falls back on when doubles are too close to call.
pub type Exact = BigRational;

/// A decimal as written, at most 28 digits; compared and hashed by the decimal alone.
#[derive(Clone, Copy)]
pub struct Number {
    exact: Decimal,
    approx: f64,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.exact == other.exact
    }
}
impl Eq for Number {}
impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.exact.cmp(&other.exact)
    }
}

impl From<Decimal> for Number {
    fn from(exact: Decimal) -> Self {
        let exact = exact.normalize();
        Number { exact, approx: exact.to_f64().unwrap_or(f64::NAN) }
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Number::from(Decimal::from(whole))
    }
}

impl Number {
    /// Reads `4800`, `5.92`, `-1`, `1.5e9`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Number, String> {
        let text = text.trim();
        if let Some(plain) = ungrouped(text) {
            let message = "a number has no thousands separators and a point for decimals";
            return Err(format!("{message}; if that is what is meant, write {plain}"));
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
            return Err("a number is written in digits, as in 4800 or 5.92".to_owned());
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()),
            None => (text, Some(0)),
        };
        let read = Decimal::from_str_exact(mantissa).ok().zip(exponent).and_then(|(m, e)| shifted(m, e));
        read.map(Number::from).ok_or_else(|| "a number is a finite decimal of at most 28 digits".to_owned())
    }

    /// The decimal as written.
    pub fn decimal(self) -> Decimal {
        self.exact
    }

    /// The nearest double (within a few units in the last place).
    pub fn approx(self) -> f64 {
        self.approx
    }

    /// The same number as a fraction.
    pub fn exact(self) -> Exact {
        // Shortened here, where all of it fits a machine's number: a decimal has at most 28 digits.
        let (mantissa, scale) = (self.exact.mantissa(), 10_i128.pow(self.exact.scale()));
        let common = mantissa.gcd(&scale);
        Exact::new_raw((mantissa / common).into(), (scale / common).into())
    }

    /// A fraction as a decimal, where it has one of at most 28 digits.
    pub fn from_exact(exact: &Exact) -> Option<Number> {
        let mut denominator = exact.denom().clone();
        let mut scale = 0u32;
        let mut numerator = exact.numer().clone();
        let ten = BigInt::from(10);
        while denominator != BigInt::from(1) {
            let common = denominator.gcd(&ten);
            if common == BigInt::from(1) || scale >= 28 {
                return None;
            }
            numerator *= &ten / &common;
            denominator /= &common;
            scale += 1;
        }
        let mantissa = numerator.to_i128()?;
        Decimal::try_from_i128_with_scale(mantissa, scale).ok().map(Number::from)
    }
}

/// A decimal times a power of ten, where that is a decimal of at most 28 digits: nothing is rounded away.
fn shifted(mantissa: Decimal, exponent: i32) -> Option<Decimal> {
    let mantissa = mantissa.normalize();
    let scale = i64::from(mantissa.scale()) - i64::from(exponent);
    if mantissa.is_zero() {
        return Some(mantissa);
    }
    if (0..=28).contains(&scale) {
        return Decimal::try_from_i128_with_scale(mantissa.mantissa(), u32::try_from(scale).ok()?).ok();
    }
    let power = 10i128.checked_pow(u32::try_from(-scale).ok()?)?;
    Decimal::try_from_i128_with_scale(mantissa.mantissa().checked_mul(power)?, 0).ok()
}

/// The plain spelling of a number that was written with separators; none where it has none.
fn ungrouped(text: &str) -> Option<String> {
    const SEPARATORS: [char; 7] = [',', '_', ' ', '\u{a0}', '\u{202f}', '\'', '’'];
    if !text.contains(SEPARATORS) || !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
        return None;
    }
    // One comma before other than three digits stands for a point.
    if let Some((whole, part)) = text.split_once(',')
        && part.len() != 3
        && part.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(format!("{}.{part}", whole.replace('.', "")));
    }
    Some(text.chars().filter(|c| !SEPARATORS.contains(c)).collect())
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.exact.normalize())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An amount in minor units (cents) as `1234.50`.
pub fn money_text(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}

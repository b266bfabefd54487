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
        if let Some(number) = plain(text) {
            return Ok(number);
        }
        Err(match (Number::meant(text), stray(text)) {
            (Some(meant), _) => {
                format!("a number has no thousands separators and a point for decimals; if that is what is meant, write {meant}")
            }
            (None, _) if !text.contains(|c: char| c.is_ascii_digit()) => {
                "a number is written in digits, as in 4800 or 5.92".to_owned()
            }
            (None, Some(stray)) if stray.trim().is_empty() => "a number stands on one line; write the digits alone".to_owned(),
            (None, Some(stray)) => format!("`{stray}` is no part of a number; write the digits alone, as in 4800 or 5.92"),
            (None, None) => "a number is a finite decimal of at most 28 digits".to_owned(),
        })
    }

    /// The plain spelling of a number that was written with separators; none where it has none.
    pub(crate) fn meant(text: &str) -> Option<String> {
        ungrouped(text.trim()).filter(|meant| plain(meant).is_some())
    }

    /// Whether nothing stands behind the point.
    pub fn is_whole(self) -> bool {
        self.exact.normalize().scale() == 0
    }

    /// The two readings of a text such as `1.000`, whose point may set thousands apart or stand before decimals: as a whole number,
    /// and as a decimal. None of a text that can be read in one way only.
    pub fn two_readings(text: &str) -> Option<(String, String)> {
        let text = text.trim();
        if !is_ambiguous(text) {
            return None;
        }
        let decimal = text.trim_end_matches('0').trim_end_matches('.');
        Some((text.replace('.', ""), Number::unmistakable(decimal.to_owned())))
    }

    /// The text of a number that is surely meant as a decimal, so that nobody reads it otherwise: `27.1250` for `27.125`.
    pub fn unmistakable(mut text: String) -> String {
        if is_ambiguous(&text) {
            text.push('0');
        }
        text
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

/// What a text of a column says about the point in its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Nothing: there is none, or the text is no number.
    Silent,
    /// It may be read in two ways, as in `1.000`.
    Either,
    /// It stands before decimals, as in `1234.5`.
    Decimals,
    /// It sets thousands apart, as in `1.000.000` and `1.000,50`.
    Thousands,
}

impl Point {
    /// Looks at a text.
    pub fn of(text: &str) -> Point {
        let text = text.trim();
        let (Some(point), comma) = (text.rfind('.'), text.rfind(',')) else { return Point::Silent };
        if is_ambiguous(text) {
            Point::Either
        } else if plain(text).is_some() || comma.is_some_and(|comma| comma < point) && Number::meant(text).is_some() {
            Point::Decimals
        } else if Number::meant(text).is_some() {
            Point::Thousands
        } else {
            Point::Silent
        }
    }
}

/// Whether a text has one to three digits, a point and three digits, and so may be a whole number of thousands.
#[inline]
pub fn is_ambiguous(text: &str) -> bool {
    let digits = |some: &[u8]| some.iter().all(u8::is_ascii_digit);
    match text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes() {
        [whole @ .., b'.', a, b, c] => {
            matches!(whole, [b'1'..=b'9', rest @ ..] if rest.len() < 3 && digits(rest)) && digits(&[*a, *b, *c])
        }
        _ => false,
    }
}

/// A number without separators.
fn plain(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) || text.contains('_') {
        return None;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    shifted(Decimal::from_str_exact(mantissa).ok()?, exponent).map(Number::from)
}

const SEPARATORS: [char; 7] = [',', '_', ' ', '\u{a0}', '\u{202f}', '\'', '’'];

/// What stands in a text and in no number.
fn stray(text: &str) -> Option<&str> {
    let right = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+') || SEPARATORS.contains(&c);
    let rest = text.get(text.find(|c| !right(c))?..)?;
    let stray = rest.get(..rest.find(right).unwrap_or(rest.len()))?;
    // An exponent that is none.
    (!matches!(stray, "e" | "E")).then_some(stray)
}

/// A number that was written with separators without them; none where it has none, or more than that stands in it.
fn ungrouped(text: &str) -> Option<String> {
    let without = |text: &str| text.chars().filter(|c| !SEPARATORS.contains(c)).collect::<String>();
    let points = text.matches('.').count();
    if stray(text).is_some() || !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+')) {
        return None;
    }
    if !text.contains(SEPARATORS) {
        // Several points before three digits each set thousands apart.
        let mut groups = text.split('.').skip(1);
        return (points > 1 && groups.all(|group| group.len() == 3)).then(|| text.replace('.', ""));
    }
    // One comma before other than three digits stands for a point, as does one behind points.
    if let Some((whole, part)) = text.split_once(',')
        && (part.len() != 3 || points > 0)
        && part.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(format!("{}.{part}", without(&whole.replace('.', ""))));
    }
    Some(without(text))
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

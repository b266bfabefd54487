//! Numbers as a reader wants them: three significant digits, quarters by name, a dash for what is missing.

use crate::words::Words;

/// What stands for a missing number.
pub(crate) const MISSING: &str = "–";

/// A number to at most three significant digits, with thousands grouped: `1,230`, `0.0123`, `−4.5`.
pub fn figure(value: f64) -> String {
    rounded(value, 3)
}

/// A share from 0 to 1 in per cent, to the whole number: `73%`. What is nearly none or nearly all is not said to be so: `<1%`, `>99%`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return MISSING.to_owned();
    }
    match share {
        s if s > 0.0 && s < 0.005 => "<1%".to_owned(),
        s if (0.995..1.0).contains(&s) => ">99%".to_owned(),
        s => format!("{}%", minus(&format!("{:.0}", s * 100.0 + 0.0))),
    }
}

/// The quarter of a decimal year: `2024Q2` for 2024.25.
pub fn period(time: f64) -> String {
    if !time.is_finite() {
        return MISSING.to_owned();
    }
    // Decimal years come from sums of quarters; a hair below a quarter is that quarter.
    let quarters = (time * 4.0 + 1e-6).floor();
    format!("{:.0}Q{:.0}", (quarters / 4.0).floor(), quarters.rem_euclid(4.0) + 1.0)
}

/// A tick of an axis: as many digits as tell it from its neighbours, no more than six.
pub(crate) fn tick(value: f64) -> String {
    rounded(value, 6)
}

/// Median and range in words: `4.10 (2.00 to 9.30)`.
pub(crate) fn range(low: f64, high: f64, words: &Words) -> String {
    if !low.is_finite() && !high.is_finite() {
        return MISSING.to_owned();
    }
    words.range.replace("{low}", &figure(low)).replace("{high}", &figure(high))
}

fn rounded(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // The exponent after rounding: 9.996 is 10.0, not 10.00.
    let places = usize::try_from(digits - 1).unwrap_or(0);
    let text = format!("{value:.places$e}");
    let exponent: i32 = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-6..15).contains(&exponent) {
        return minus(&text);
    }
    let shown: f64 = text.parse().unwrap_or(value);
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    let text = format!("{shown:.decimals$}");
    grouped(if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
}

/// Thousands apart by commas, as both languages write them, and a real minus.
pub(crate) fn grouped(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    minus(&out)
}

fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

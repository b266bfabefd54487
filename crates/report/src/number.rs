//! Numbers as a reader wants them: few digits, quarters by name, a dash for what is missing. How a number of a unit is written stands in
//! `unit.rs`.

/// What stands for a missing number.
pub(crate) const MISSING: &str = "–";

/// The quarter of a decimal year: `2024Q2` for 2024.25.
pub fn period(time: f64) -> String {
    if !time.is_finite() {
        return MISSING.to_owned();
    }
    // Decimal years come from sums of quarters; a hair below a quarter is that quarter.
    let quarters = (time * 4.0 + 1e-6).floor();
    format!("{:.0}Q{:.0}", (quarters / 4.0).floor(), quarters.rem_euclid(4.0) + 1.0)
}

/// A number to so many significant digits.
pub(crate) fn significant(value: f64, digits: usize) -> f64 {
    let places = digits.saturating_sub(1);
    format!("{value:.places$e}").parse().unwrap_or(value)
}

/// A number to so many significant digits, of them at most so many after the point: `1,230`, `0.0123`, `−4.5`.
pub(crate) fn rounded(value: f64, digits: usize, most: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_owned();
    }
    let value = significant(value, digits);
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor();
    if exponent >= 15.0 {
        return minus(&format!("{value:.2e}"));
    }
    let places = digits.saturating_sub(1) as f64 - exponent;
    let places = (places.max(0.0) as usize).min(most);
    let text = format!("{value:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    // A minus before nothing at all says nothing.
    grouped(if text == "-0" { "0" } else { text })
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

pub(crate) fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

//! Units: conversion, products and quotients.

use super::*;

#[test]
fn units_convert_exactly() {
    let units = &dictionary().units;
    let factor = |from: &str, to: &str| {
        Units::conversion(&units.parse(from).unwrap(), &units.parse(to).unwrap())
            .map(|f| Number::from_exact(&f).unwrap().to_string())
    };
    assert_eq!(factor("TB/s", "GB/s").as_deref(), Some("1000"));
    assert_eq!(factor("GB/s", "TB/s").as_deref(), Some("0.001"));
    assert_eq!(factor("percent", "1").as_deref(), Some("0.01"));
    assert_eq!(factor("MW", "W").as_deref(), Some("1000000"));
    assert_eq!(factor("TB^2/s", "GB^2/s").as_deref(), Some("1000000"));
    assert_eq!(factor("TOPS.bit/mm2", "TOPS/mm2.bit"), None);
    assert_eq!(factor("TOPS", "mm2"), None);
    assert_eq!(factor("USD", "CNY"), None, "money has no fixed rate");
}

#[test]
fn products_and_quotients_of_units() {
    let units = &dictionary().units;
    let unit = |text: &str| units.parse(text).unwrap();
    let density = unit("TOPS.bit").times(&unit("mm2"), true);
    assert!(density.same_dimension(&unit("TOPS.bit/mm2")));
    assert_eq!(density.to_string(), "TOPS.bit/mm2");
    assert!(density.times(&unit("mm2"), false).same_dimension(&unit("TOPS.bit")));
    assert!(unit("GB").times(&unit("TB"), true).is_none());
    assert_eq!(unit("s").times(&unit("s"), false).to_string(), "s^2");
    assert_eq!(Unit::none().times(&unit("s"), true).to_string(), "1/s");
    assert!(unit("percent").is_none() && unit("1").is_none() && unit("bit^0").is_none());
}

/// What a message calls a unit must be that unit: the name of a computed one reads back as the same.
#[test]
fn units_are_called_what_they_are() {
    let units = &dictionary().units;
    for text in ["TOPS.bit", "TOPS.bit/mm2", "GB/s", "TB/s", "MW", "unit", "USD"] {
        let unit = units.parse(text).unwrap();
        assert_eq!(units.parse(&unit.to_string()).unwrap(), unit, "as written");
        let product = unit.times(&Unit::none(), false);
        let read = units.parse(&product.to_string()).unwrap();
        assert_eq!(Units::conversion(&read, &unit), Some(number("1").exact()), "{text} times a plain number is called {product}");
    }
}

#[test]
fn wrong_units_are_named() {
    let units = &dictionary().units;
    assert!(units.parse("TOPS.bits").unwrap_err().starts_with("unknown unit `bits`; known: "));
    assert!(units.parse("").is_err());
    assert!(units.parse("GB//s").is_err());
    assert!(units.parse("bit^256").unwrap_err().contains("256"));
    assert!(units.parse("bit^-1").is_err());
    let mut own = Units::default();
    own.base("GB");
    assert!(own.derived("TB", "1000").is_err());
    assert!(own.derived("TB", "many GB").is_err());
    assert!(own.derived("TB", "1000 MB").is_err());
    assert!(own.derived("TB", "1000 GB").is_ok());
}

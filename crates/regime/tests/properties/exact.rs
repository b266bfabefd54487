//! Decimals as the law prints them: a part on a bound is on the bound, whatever a double would make of it.

use facts::{Case, Exact, Fact, Number};
use num_bigint::BigInt;
use num_traits::pow;
use proptest::prelude::*;
use regime::{Corridor, Lens, Outcome, Policy};

use crate::common::{LIBRARY, corridor, field, standard};
use crate::draw::config;

/// A decimal of its digits, read apart from the engine's own reader.
fn exact(text: &str) -> Exact {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    Exact::new(digits, pow(BigInt::from(10), fraction.len()))
}

/// A data-center part sold to China, of which only performance, area and memory matter.
fn sale(date: &str, facts: &[(&str, &str)]) -> Case {
    let all = [("date", date), ("to", "CN"), ("vendor", "Test Foundry Customer"), ("datacenter", "yes")];
    let mut case = standard(&LIBRARY, &all);
    for (name, text) in facts {
        case.set(field(&LIBRARY.dictionary, name), Fact::Number(Number::parse(text).unwrap()));
    }
    case
}

fn outcome(corridor: &mut Corridor, case: &Case) -> Outcome {
    corridor.decide(case, &[]).outcome
}

/// The tiers of 2023 for a data-center part to China, in fractions.
fn tiers(tpp: &Exact, area: &Exact) -> Outcome {
    let whole = |n: i64| Exact::from_integer(n.into());
    let bound = |hundredths: i64| Exact::new(hundredths.into(), 100.into());
    let density = tpp / area;
    if *tpp >= whole(4800) || (*tpp >= whole(1600) && density >= bound(592)) {
        Outcome::Licence(Policy::Denial)
    } else if (*tpp >= whole(2400) && density >= bound(160)) || (*tpp >= whole(1600) && density >= bound(320)) {
        Outcome::ExceptionOpen
    } else {
        Outcome::Free
    }
}

/// A decimal to so many places, as text.
fn decimal(digits: i128, places: usize) -> String {
    let text = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

proptest! {
    #![proptest_config(config(256))]

    /// Areas of any digits, and a performance exactly on a density bound, or off it in the last of up to 24 digits.
    #[test]
    fn a_part_at_a_density_bound_gets_the_answer_of_fractions(
        (area_digits, area_places) in
            (0_usize..10).prop_flat_map(|places| (1_i128..=3000 * 10_i128.pow(places as u32), Just(places))),
        hundredths in prop::sample::select(vec![160_i128, 320, 592]),
        steps in prop::collection::vec(-2_i128..=2, 1..4),
        more_places in 0_usize..6,
    ) {
        let mut corridor = corridor(&["us-ear"], Lens::default());
        let area = decimal(area_digits, area_places);
        for step in steps {
            let places = area_places + 2 + more_places;
            let digits = hundredths * area_digits * 10_i128.pow(more_places as u32) + step;
            prop_assume!(digits > 0);
            let tpp = decimal(digits, places);
            let case = sale("2024-06-01", &[("tpp", &tpp), ("applicable_die_area_mm2", &area)]);
            prop_assert_eq!(outcome(&mut corridor, &case), tiers(&exact(&tpp), &exact(&area)), "{} on {}", tpp, area);
        }
    }

    /// Performance on or next to a whole bound, up to the last of 28 digits.
    #[test]
    fn a_part_at_a_performance_bound_gets_the_answer_of_fractions(
        bound in prop::sample::select(vec![1600_i128, 2400, 4800]),
        places in 0_usize..24,
        step in -2_i128..=2,
        area in prop::sample::select(vec!["0.3", "270", "499.99", "500", "1000", "1500", "3000"]),
    ) {
        let mut corridor = corridor(&["us-ear"], Lens::default());
        let tpp = decimal(bound * 10_i128.pow(places as u32) + step, places);
        let case = sale("2024-06-01", &[("tpp", &tpp), ("applicable_die_area_mm2", area)]);
        prop_assert_eq!(outcome(&mut corridor, &case), tiers(&exact(&tpp), &exact(area)), "{} on {}", tpp, area);
    }
}

/// Places where doubles go wrong: quotients that print as 5.92, and a window that ends where a double cannot tell.
#[test]
fn bounds_that_doubles_cannot_tell() {
    let mut corridor = corridor(&["us-ear"], Lens::default());
    let denied = Outcome::Licence(Policy::Denial);
    let tiers = [
        ("4800", "10000", denied),
        ("4799.99999999999999999999999", "811", Outcome::ExceptionOpen),
        ("1598.4", "270", Outcome::Free), // 5.92 exactly, but below 1,600
        ("1601.36", "270.5", denied),
        ("1601.3599999999999999999999", "270.5", Outcome::ExceptionOpen),
        ("1601.36", "270.5000000000000000000001", Outcome::ExceptionOpen),
        ("1776", "300", denied),
        ("4795.2", "810", denied),
        ("1973.3333333333333333333333", "333.33333333333333333333333", Outcome::ExceptionOpen),
        ("1973.3333333333333333333334", "333.33333333333333333333333", denied),
    ];
    for (tpp, area, expected) in tiers {
        let case = sale("2024-06-01", &[("tpp", tpp), ("applicable_die_area_mm2", area)]);
        assert_eq!(outcome(&mut corridor, &case), expected, "{tpp} on {area}");
        assert_eq!(self::tiers(&exact(tpp), &exact(area)), expected, "the test's own fractions, {tpp} on {area}");
    }
    let window = [
        ("20999.9999999999999999", "6499.9999999999999999", Outcome::Licence(Policy::CaseByCase)),
        ("21000", "6499.9999999999999999", denied),
        ("20999.9999999999999999", "6500", denied),
        ("21000.0000000000000000001", "0", denied),
    ];
    for (tpp, memory, expected) in window {
        let mut case = sale("2026-03-01", &[("tpp", tpp), ("memory_bandwidth_gbs", memory), ("applicable_die_area_mm2", "814")]);
        case.set(field(&LIBRARY.dictionary, "us_commercially_available"), Fact::Bool(true));
        assert_eq!(outcome(&mut corridor, &case), expected, "{tpp} and {memory}");
    }
}

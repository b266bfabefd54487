//! Whole quarters of a hand-made world: caps, fees and refunds, and faults by name.

use super::{central, gates, offers, same, scenario, vendor};
use crate::gates::Offers;
use crate::names::{Factors, Variables};
use crate::run::{Broken, History, World, run};
use crate::scenario::Scenario;

/// One vendor with one part of the reference quality; nothing grows.
fn one_part(part: Offers, change: impl FnOnce(&mut Scenario)) -> World {
    let mut gates = gates(1);
    gates.vendors.push(vendor(part));
    let mut scenario = scenario();
    scenario.quarters = 8;
    change(&mut scenario);
    World::with(scenario, gates)
}

const STILL: [(&str, f64); 9] = [
    ("price_start", 36.0),
    ("price_fall", 0.0),
    ("pass_through", 0.0),
    ("exporter_spend_start", 14.4),
    ("exporter_growth_boom", 0.0),
    ("home_share", 0.1),
    ("budget_start", 8.0),
    ("budget_growth_2022", 0.0),
    ("budget_growth_2023", 0.0),
];

/// One world in plain numbers.
fn reference(world: &World, draw: &[f64], row: u64, seed: u64) -> Result<History, Broken> {
    crate::run::reference(world, draw, row, seed, true).map(|kept| kept.history.unwrap())
}

fn draw(more: &[(&str, f64)]) -> Vec<f64> {
    let mut given = STILL.to_vec();
    given.extend(more);
    central(&given)
}

fn seen(history: &History, variable: &str) -> Vec<f64> {
    history.path(Scenario::variable(variable).unwrap(), 0)
}

#[test]
fn a_cap_of_a_fifth_of_home_sales_in_k() {
    let capped = Offers { quota: vec![0.2; 60], ..offers(16_000.0, 3_200.0) };
    let history = reference(&one_part(capped, |_| {}), &draw(&[]), 0, 1).unwrap();
    // Home sales of the part: 3.6 bn a quarter × 0.1 ÷ 36 k = 10 k; the importer's 2 bn would buy far more than 2 k.
    for units in seen(&history, "foreign_units_k") {
        same(units, 2.0);
    }
    same(seen(&history, "vendor_sales_usd_bn")[3], 0.072);
    let free = reference(&one_part(offers(16_000.0, 3_200.0), |_| {}), &draw(&[]), 0, 1).unwrap();
    assert!(seen(&free, "foreign_units_k")[0] > 10.0);
}

#[test]
fn a_fee_of_a_quarter_of_sales_is_collected_and_refunded() {
    let tolled = Offers { fee_rate: vec![0.25; 60], fee_duty: vec![0.15; 60], quota: vec![0.2; 60], ..offers(16_000.0, 3_200.0) };
    // All of it before the known days end: nothing is struck down.
    let history = reference(&one_part(tolled.clone(), |_| {}), &draw(&[]), 0, 1).unwrap();
    for (fee, duty) in seen(&history, "fee_receipts_usd_bn").into_iter().zip(seen(&history, "fee_duty_usd_bn")) {
        same(fee, 0.018);
        same(duty, 0.010_8);
    }
    // Known to 2022Q2 only, and struck down for certain in 2022Q3: what was collected twice goes back, for good.
    let struck = one_part(tolled, |s| s.known = super::quarter("2022Q2"));
    let sure = [("fee_hazard", 1e6), ("refund_share", 1.0), ("recast_hazard", 0.0)];
    let history = reference(&struck, &draw(&sure), 0, 1).unwrap();
    let receipts = seen(&history, "fee_receipts_usd_bn");
    same(receipts[1], 0.018);
    same(receipts[2], -0.036);
    assert_eq!(receipts[3..], [0.0; 5]);
    assert_eq!(seen(&history, "fee_alive")[1..4], [1.0, 0.0, 0.0]);
}

#[test]
fn the_lever_sets_the_fee_in_place_of_the_regime() {
    let part = Offers { quota: vec![0.2; 60], ..offers(16_000.0, 3_200.0) };
    let world = one_part(part, |s| s.levers.fee_rate = 0.5);
    let history = reference(&world, &draw(&[]), 0, 1).unwrap();
    same(seen(&history, "fee_receipts_usd_bn")[0], 0.036);
}

#[test]
fn the_importers_cap_is_a_share_of_its_budget() {
    let world = one_part(offers(16_000.0, 3_200.0), |s| {
        s.levers.import_cap = 0.3;
        s.makers.clear();
    });
    let history = reference(&world, &draw(&[("price_elasticity", 1.0)]), 0, 1).unwrap();
    for (sales, budget) in seen(&history, "vendor_sales_usd_bn").into_iter().zip(seen(&history, "budget_usd_bn")).skip(1) {
        same(budget, 2.0);
        same(sales, 0.6);
    }
}

#[test]
fn a_factor_that_is_not_a_number_is_told_with_variable_quarter_and_row() {
    let world = one_part(offers(16_000.0, 3_200.0), |_| {});
    let width = Factors::<f64>::COUNT;
    let bad = |name: &str, value: f64, row: usize| {
        let mut rows = draw(&[]).repeat(11);
        rows[row * width + Scenario::factor(name).unwrap()] = value;
        run(&world, &rows, 100, 1, false).err()
    };
    let told =
        |variable: &'static str, quarter: &str, row: u64| Some(Broken::NotANumber { variable, quarter: quarter.to_owned(), row });
    // Rates and starts show in their own variable at once, whichever bundle and lane it is.
    assert_eq!(bad("refund_share", f64::NAN, 0), told("fee_receipts_usd_bn", "2022Q1", 100));
    assert_eq!(bad("allied_start", f64::NAN, 7), told("allied_share", "2022Q1", 107));
    assert_eq!(bad("exporter_compute_start", f64::NAN, 10), told("exporter_compute_kh100e", "2022Q1", 110));
    assert_eq!(bad("exporter_compute_start", f64::INFINITY, 9), told("exporter_compute_kh100e", "2022Q1", 109));
    // The speed of expectations shows where last quarter's expectations do.
    assert_eq!(bad("value_multiple", f64::NAN, 3), told("vendor_value_change_usd_bn", "2022Q1", 103));
    let text = bad("allied_start", f64::NAN, 7).unwrap().to_string();
    assert_eq!(text, "`allied_share` is not a number in 2022Q1 of draw 107");
    // The reference says the same of its row.
    let mut one = draw(&[]);
    one[Scenario::factor("allied_start").unwrap()] = f64::NAN;
    assert_eq!(reference(&world, &one, 42, 1).err(), told("allied_share", "2022Q1", 42));
}

#[test]
fn a_number_that_is_not_one_is_never_lost() {
    // Whatever factor it is: either some variable shows it, or it says nothing about this world.
    let world = one_part(offers(16_000.0, 3_200.0), |_| {});
    let sound = reference(&world, &draw(&[]), 0, 1).unwrap();
    for (at, (name, _)) in Factors::<f64>::NAMES.iter().enumerate() {
        let mut one = draw(&[]);
        one[at] = f64::NAN;
        if let Ok(history) = reference(&world, &one, 0, 1) {
            assert!(history == sound, "{name} is not a number, changes the world and is not told");
        }
        one[at] = f64::from_bits(0x7ff8_0000_0000_0abc);
        let alone = run(&world, &one, 0, 1, true);
        if let Ok(kept) = alone {
            let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-9 * y.abs().max(1e-9);
            assert!(kept.history.unwrap().values.iter().zip(&sound.values).all(close), "{name} with a payload");
        }
    }
}

#[test]
fn draws_of_the_wrong_shape_are_told() {
    let world = one_part(offers(16_000.0, 3_200.0), |_| {});
    let wanted = Factors::<f64>::COUNT;
    for given in [0, 1, wanted - 1, wanted + 1, 3 * wanted - 1] {
        let told = run(&world, &vec![1.0; given], 0, 1, false).err();
        assert_eq!(told, Some(Broken::Shape { wanted, given }));
    }
    assert_eq!(Broken::Shape { wanted: 3, given: 4 }.to_string(), "4 numbers are no whole draws of 3 factors");
}

#[test]
fn every_variable_has_a_name_of_its_own_and_a_unit() {
    let names = Variables::<f64>::NAMES.iter().chain(Factors::<f64>::NAMES);
    let mut seen = std::collections::HashSet::new();
    for (name, unit) in names {
        assert!(seen.insert(name), "{name} twice");
        assert!(!unit.is_empty());
    }
}

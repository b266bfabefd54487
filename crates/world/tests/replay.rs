//! The same world gives the same bits however it is run, and the plain reference says the same as the vector code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{SCENARIOS, draws, overlay, path, world};
use world::{Factors, History, Scenario, Variables, World, reference, run, run_rows};

const WIDTH: usize = Factors::<f64>::COUNT;
const SEED: u64 = 20_261_009;

fn history(world: &World, rows: &[f64], first: u64) -> History {
    run(world, rows, first, SEED, true).unwrap_or_else(|e| panic!("{e}")).history.unwrap()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_world_of_a_batch_is_the_same_when_run_alone_with_its_number() {
    let world = world("reactive");
    let rows = draws(&world.scenario, 23);
    let batch = run(&world, &rows, 500, SEED, true).unwrap();
    let all = batch.history.unwrap();
    let metrics = world.scenario.metrics.len();
    for k in 0..23 {
        let row = &rows[k * WIDTH..(k + 1) * WIDTH];
        let alone = run(&world, row, 500 + k as u64, SEED, true).unwrap();
        let own = alone.history.unwrap();
        for v in 0..Variables::<f64>::COUNT {
            assert_eq!(bits(&all.path(v, k)), bits(&own.path(v, 0)), "world {k}: {}", Variables::<f64>::NAMES[v].0);
        }
        assert_eq!(bits(&batch.metrics[k * metrics..(k + 1) * metrics]), bits(&alone.metrics));
    }
    // Another number or another seed is another world.
    let row = &rows[..WIDTH];
    assert_ne!(history(&world, row, 500).values, history(&world, row, 501).values);
    assert_ne!(history(&world, row, 500).values, run(&world, row, 500, SEED + 1, true).unwrap().history.unwrap().values);
}

#[test]
fn blocks_of_any_size_and_any_order_give_the_same_bits() {
    let world = world("reactive");
    let rows = draws(&world.scenario, 50);
    let whole = history(&world, &rows, 7);
    for size in [1, 3, 8, 13, 49] {
        let parts: Vec<History> =
            rows.chunks(size * WIDTH).enumerate().map(|(at, block)| history(&world, block, 7 + (at * size) as u64)).collect();
        assert_eq!(bits(&History::join(&parts).values), bits(&whole.values), "blocks of {size}");
    }
    // Every third row, backwards, by its own number.
    let chosen: Vec<usize> = (0..50).rev().step_by(3).collect();
    let given: Vec<f64> = chosen.iter().flat_map(|k| rows[k * WIDTH..(k + 1) * WIDTH].to_vec()).collect();
    let numbers: Vec<u64> = chosen.iter().map(|k| 7 + *k as u64).collect();
    let told = run_rows(&world, &given, &numbers, SEED, true).unwrap().history.unwrap();
    for (at, k) in chosen.iter().enumerate() {
        for v in 0..Variables::<f64>::COUNT {
            assert_eq!(bits(&told.path(v, at)), bits(&whole.path(v, *k)));
        }
    }
    assert!(run_rows(&world, &given, &numbers[1..], SEED, false).is_err(), "a row without a number");
}

#[test]
fn a_longer_horizon_keeps_the_quarters_before_bit_for_bit() {
    for id in ["h200", "reactive", "essay"] {
        let short = world(id);
        let long = overlay(id, "quarters = 100\n");
        let rows = draws(&short.scenario, 11);
        let (a, b) = (history(&short, &rows, 0), history(&long, &rows, 0));
        for v in 0..Variables::<f64>::COUNT {
            for t in 0..short.scenario.quarters {
                assert_eq!(bits(a.row(v, t)), bits(b.row(v, t)), "{id}: {} in quarter {t}", Variables::<f64>::NAMES[v].0);
            }
        }
    }
}

/// Where two histories are further apart than `most`, relative to the number or to what the variable is like in the world.
fn apart(a: &History, b: &History, most: f64) -> Option<String> {
    for v in 0..Variables::<f64>::COUNT {
        for w in 0..a.worlds {
            let (x, y) = (a.path(v, w), b.path(v, w));
            let usual = x.iter().map(|x| x.abs()).fold(0.0, f64::max);
            for (t, (x, y)) in x.iter().zip(&y).enumerate() {
                if (x - y).abs() > most * x.abs().max(1e-3 * usual) {
                    return Some(format!("{} in quarter {t} of world {w}: {x:e} and {y:e}", Variables::<f64>::NAMES[v].0));
                }
            }
        }
    }
    None
}

#[test]
fn the_reference_and_the_vectors_agree_to_a_billionth() {
    for id in SCENARIOS {
        let world = world(id);
        let rows = draws(&world.scenario, 500);
        let fast = run(&world, &rows, 0, SEED, true).unwrap();
        let plain = reference(&world, &rows, 0, SEED, true).unwrap();
        let (fast, plain) = (fast.history.unwrap(), plain.history.unwrap());
        assert_eq!(apart(&plain, &fast, 1e-9), None, "{id}");
        // One world alone is the same as among others.
        for k in [0, 77, 499] {
            let one = reference(&world, &rows[k * WIDTH..(k + 1) * WIDTH], k as u64, SEED, true).unwrap().history.unwrap();
            for v in 0..Variables::<f64>::COUNT {
                assert_eq!(bits(&one.path(v, 0)), bits(&plain.path(v, k)));
            }
        }
    }
}

#[test]
fn metrics_are_their_variables_drawn_together() {
    let world = world("h200");
    let rows = draws(&world.scenario, 9);
    let kept = run(&world, &rows, 0, SEED, true).unwrap();
    let all = kept.history.unwrap();
    let place = |id: &str| world.scenario.metrics.iter().position(|m| m.id == id).unwrap();
    let count = world.scenario.metrics.len();
    for w in 0..9 {
        let told = |id: &str| kept.metrics[w * count + place(id)];
        // 2025Q1 is quarter 12, 2030Q4 quarter 35, 2026Q1 to 2028Q4 16 to 27.
        let fees = path(&all, "fee_receipts_usd_bn", w);
        assert!((told("receipts") - fees[12..=35].iter().sum::<f64>()).abs() < 1e-12 * told("receipts").abs().max(1.0));
        assert!((told("receipts_quarter") - fees[16..=27].iter().sum::<f64>() / 12.0).abs() < 1e-12);
        assert_eq!(told("domestic_tpp"), path(&all, "best_domestic_tpp", w)[35]);
        let share = path(&all, "domestic_share_compute", w);
        let first = (16..60).find(|t| share[*t] >= 0.8);
        match first {
            Some(t) => assert_eq!(told("self_sufficient"), 2022.0 + t as f64 / 4.0),
            None => assert!(told("self_sufficient").is_nan()),
        }
        for (m, metric) in world.scenario.metrics.iter().enumerate() {
            let again = all.metric(&world.scenario, metric.of, metric.over, metric.from, metric.to)[w];
            let told = kept.metrics[w * count + m];
            assert!(told.to_bits() == again.to_bits() || told.is_nan() && again.is_nan(), "{}", metric.id);
        }
    }
    assert_eq!(Scenario::variable("fee_receipts_usd_bn"), Some(0));
}

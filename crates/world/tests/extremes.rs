//! Worlds at the ends of every range and beyond what anybody would believe: nothing breaks, no share leaves its bounds, nothing is negative
//! that cannot be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::HashMap;
use std::sync::LazyLock;

use common::{SCENARIOS, draws, factor, overlay, path, quantile, with, world};
use proptest::prelude::*;
use world::{Factors, History, Variables, World, run, run_rows};

static WORLDS: LazyLock<HashMap<&str, World>> = LazyLock::new(|| SCENARIOS.iter().map(|id| (*id, world(id))).collect());

/// Variables that are shares.
const SHARES: [&str; 20] = [
    "domestic_share_units",
    "domestic_share_value",
    "domestic_share_compute",
    "lead_vendor_share_value",
    "lead_vendor_share_units",
    "unmet_share",
    "unmet_training",
    "unmet_inference",
    "unmet_science",
    "unmet_other",
    "dependence",
    "exporter_leverage",
    "importer_leverage",
    "bargain",
    "allied_share",
    "exporter_open",
    "importer_admission",
    "trust",
    "rare_earth_used",
    "domestic_yield",
];

/// Variables that may be below zero: refunds, and changes of value.
const SIGNED: [&str; 2] = ["fee_receipts_usd_bn", "vendor_value_change_usd_bn"];

/// Runs and looks at every number.
fn sound(world: &World, rows: &[f64], what: &str) -> History {
    let kept = run(world, rows, 0, 1, true).unwrap_or_else(|broken| panic!("{what}: {broken}"));
    let history = kept.history.unwrap();
    for (v, (name, _)) in Variables::<f64>::NAMES.iter().enumerate() {
        for t in 0..history.quarters {
            for (w, x) in history.row(v, t).iter().enumerate() {
                let told = || format!("{what}: {name} is {x:e} in {} of world {w}", world.scenario.quarter(t));
                assert!(x.is_finite(), "{}", told());
                assert!(*x >= -1e-9 || SIGNED.contains(name), "{}", told());
                assert!(*x <= 1.0 + 1e-9 || !SHARES.contains(name), "{}", told());
                assert!(*name != "stance" || (x.fract() == 0.0 && *x < world.gates.stances as f64), "{}", told());
                assert!(*name != "fee_alive" || *x == 0.0 || *x == 1.0, "{}", told());
            }
        }
    }
    let at = |name: &str, w: usize| path(&history, name, w);
    for w in 0..history.worlds {
        for t in 0..history.quarters {
            let of = |name: &str| at(name, w)[t];
            assert!(of("cut_down_sales_usd_bn") <= of("vendor_sales_usd_bn") * (1.0 + 1e-12), "{what}");
            assert!(of("lead_vendor_sales_usd_bn") <= of("vendor_sales_usd_bn") * (1.0 + 1e-12), "{what}");
            assert!(of("market_usd_bn") <= of("budget_usd_bn") * (1.0 + 1e-9), "{what}: spent more than the budget");
            assert!(of("fee_duty_usd_bn") <= of("vendor_sales_usd_bn") * (1.0 + 1e-9), "{what}");
        }
    }
    history
}

/// A place in a factor's range: an end as often as the middle.
fn place() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_anywhere_within_the_ranges(places in prop::collection::vec(place(), 8 * Factors::<f64>::COUNT)) {
        for (id, world) in WORLDS.iter() {
            let specs = world.scenario.factors.iter().cycle();
            let rows: Vec<f64> = specs.zip(&places).map(|(f, at)| quantile(f, *at)).collect();
            sound(world, &rows, id);
        }
    }
}

/// Places of a draw that once broke the account `money`: rounding sold a trifle more than was asked of almost nothing, and who was
/// short of less than nothing was paid without bound. Factors that are not named stand at their low end.
const SHORT_OF_LESS_THAN_NOTHING: &[(&str, f64)] = &[
    ("budget_start", 1.0),
    ("budget_growth_2022", 0.2503940672778455),
    ("budget_growth_2023", 1.0),
    ("budget_growth_2024", 1.0),
    ("demand_growth_late", 1.0),
    ("price_elasticity", 0.3253294267658035),
    ("share_science", 1.0),
    ("tpp_weight_training", 1.0),
    ("tpp_weight_inference", 1.0),
    ("quality_weight", 1.0),
    ("price_weight", 0.2300861674028285),
    ("lock_in", 0.45453254887569616),
    ("migration", 1.0),
    ("second_vendor", 0.046791655503349884),
    ("security_shock", 1.0),
    ("reversal_shock", 1.0),
    ("security_hazard", 0.9710141243710777),
    ("price_start", 1.0),
    ("price_fall", 0.8172545077028838),
    ("gross_margin", 0.08739060424416632),
    ("pass_through", 1.0),
    ("reuse", 1.0),
    ("design_lag", 1.0),
    ("case_rate", 1.0),
    ("approval_rate", 1.0),
    ("unstated_rate", 0.06410834599621117),
    ("denial_rate", 1.0),
    ("admission_rate", 1.0),
    ("discouraged_rate", 0.7562961083308206),
    ("foreign_growth", 1.0),
    ("vendor_rd_effect", 1.0),
    ("leak", 0.5197174796987636),
    ("domestic_tpp_start", 1.0),
    ("domestic_bandwidth_start", 1.0),
    ("research_effect", 1.0),
    ("spur", 0.7380686254182115),
    ("crowd_out", 0.8514540496288017),
    ("catch_up", 1.0),
    ("research_share", 0.33856185495163027),
    ("state_research", 0.11210883441331028),
    ("depreciation", 0.32550567474123865),
    ("domestic_cost_start", 1.0),
    ("second_maker_quality", 0.5419672688929302),
    ("second_maker_share", 0.7886872649083773),
    ("wafers_start", 0.19383266236747035),
    ("yield_ceiling", 0.17197852494290253),
    ("own_learning", 1.0),
    ("die_use", 1.0),
    ("hbm_inflow", 0.8037244728553681),
    ("stacks_per_package", 1.0),
    ("hbm_start", 1.0),
    ("hbm_ramp", 1.0),
    ("pipeline", 1.0),
    ("tighten_hazard", 1.0),
    ("gap_coefficient", 0.04207717560615999),
    ("pressure_coefficient", 1.0),
    ("shortage_pull", 0.22117486604908385),
    ("self_reliance_push", 1.0),
    ("fee_hazard", 1.0),
    ("condition_hazard_ratio", 0.9307335162448402),
    ("recast_hazard", 1.0),
    ("refund_share", 1.0),
    ("rare_earth_decay", 0.9369764221780199),
    ("rare_earth_response", 1.0),
    ("rare_earth_use", 1.0),
    ("rare_earth_yield", 0.9362365913231866),
    ("allied_speed", 0.035708490421437235),
    ("expectation_speed", 0.09813106672932215),
    ("value_multiple", 0.5834163896660666),
    ("exporter_spend_start", 0.44777157509415594),
    ("exporter_growth_boom", 1.0),
    ("exporter_growth_late", 1.0),
    ("retirement", 1.0),
    ("exporter_compute_start", 0.9548005094466054),
];

#[test]
fn nobody_is_short_of_less_than_nothing() {
    let world = &WORLDS["reactive"];
    let mut row: Vec<f64> = world.scenario.factors.iter().map(|f| f.low).collect();
    for (name, at) in SHORT_OF_LESS_THAN_NOTHING {
        row[factor(name)] = quantile(&world.scenario.factors[factor(name)], *at);
    }
    // Its chances are those of row 6.
    if let Err(broken) = run_rows(world, &row, &[6], 1, true) {
        panic!("{broken}");
    }
}

#[test]
fn nothing_breaks_with_every_factor_at_an_end_at_once() {
    for (id, world) in WORLDS.iter() {
        let ends = |low: &dyn Fn(usize) -> bool| -> Vec<f64> {
            world.scenario.factors.iter().enumerate().map(|(k, f)| if low(k) { f.low } else { f.high }).collect()
        };
        let mut rows = ends(&|_| true);
        rows.extend(ends(&|_| false));
        rows.extend(ends(&|k| k % 2 == 0));
        rows.extend(ends(&|k| k % 2 == 1));
        // Every factor alone at each of its ends, the others central.
        for k in 0..Factors::<f64>::COUNT {
            for end in [world.scenario.factors[k].low, world.scenario.factors[k].high] {
                let mut row = world.scenario.central();
                row[k] = end;
                rows.extend(row);
            }
        }
        sound(world, &rows, id);
    }
}

#[test]
fn horizons_of_one_quarter_and_of_two_hundred() {
    for id in ["h200", "reactive"] {
        for quarters in [1, 2, 200, 400] {
            let world = overlay(id, &format!("quarters = {quarters}\n"));
            let rows = draws(&world.scenario, 9);
            let history = sound(&world, &rows, &format!("{id} over {quarters}"));
            assert_eq!((history.quarters, history.worlds), (quarters, 9));
        }
    }
}

#[test]
fn a_world_without_vendors_without_makers_and_without_both() {
    let rows = draws(&WORLDS["reactive"].scenario, 16);
    let total = |history: &History, name: &str| (0..16).map(|w| path(history, name, w).iter().sum::<f64>()).sum::<f64>();
    for (lines, sales, domestic) in [
        ("vendors = []\n", false, true),
        ("makers = []\n", true, false),
        ("vendors = []\nmakers = []\n", false, false),
        ("vendors = [\"NVIDIA\"]\nmakers = [\"Huawei\"]\n", true, true),
    ] {
        let history = sound(&overlay("reactive", lines), &rows, lines);
        assert_eq!(total(&history, "vendor_sales_usd_bn") > 0.0, sales, "{lines}");
        assert_eq!(total(&history, "domestic_units_k") > 0.0, domestic, "{lines}");
        if !sales {
            assert_eq!(total(&history, "diverted_units_k"), 0.0, "{lines}: nothing to divert");
            assert_eq!(total(&history, "best_permitted_tpp"), 0.0, "{lines}");
        }
        if !sales && !domestic {
            assert!(path(&history, "unmet_share", 3).iter().all(|x| *x > 1.0 - 1e-9), "{lines}");
        }
    }
}

#[test]
fn levers_at_their_ends() {
    for (id, world) in WORLDS.iter() {
        let rows = draws(&world.scenario, 24);
        // A lever stands at its end throughout, whatever the scenario changes on a day.
        let held = |scenario: &mut world::Scenario, change: &dyn Fn(&mut world::Scenario)| {
            scenario.changes.iter_mut().for_each(|c| c.levers.clear());
            change(scenario);
        };
        let end = |what: &str, change: &dyn Fn(&mut world::Scenario)| {
            sound(&with(world, |s| held(s, change)), &rows, &format!("{id}, {what}"))
        };
        let sum = |history: &History, name: &str| (0..24).map(|w| path(history, name, w).iter().sum::<f64>()).sum::<f64>();
        let whole = end("fee of everything", &|s| s.levers.fee_rate = 1.0);
        let free = end("no fee", &|s| s.levers.fee_rate = 0.0);
        assert_eq!(sum(&free, "fee_receipts_usd_bn"), 0.0);
        assert!(sum(&whole, "fee_receipts_usd_bn") > 0.0, "{id}");
        let empty = end("no supply", &|s| s.levers.supply = 0.0);
        assert_eq!(sum(&empty, "vendor_sales_usd_bn"), 0.0, "{id}");
        assert_eq!(sum(&empty, "diverted_units_k"), 0.0, "{id}");
        // What was started before the first quarter still comes out.
        assert!(path(&empty, "domestic_units_k", 0)[16..].iter().all(|x| *x < 1e-9), "{id}");
        end("ten times the supply", &|s| s.levers.supply = 10.0);
        let shut = end("no imports", &|s| s.levers.import_cap = 0.0);
        assert!(sum(&shut, "vendor_sales_usd_bn") < 1e-9, "{id}: {}", sum(&shut, "vendor_sales_usd_bn"));
        end("research of ten budgets", &|s| s.levers.research_floor = 10.0);
        end("no learning", &|s| s.switches.learning = 0.0);
        end("nothing on", &|s| s.switches = world::Switches::from_fn(|_| 0.0));
    }
}

/// The gates of a world, all open or all shut for ever, for parts and designs alike.
fn for_ever(world: &World, open: bool) -> World {
    let mut gates = world.gates.clone();
    for vendor in &mut gates.vendors {
        for offers in [&mut vendor.top, &mut vendor.best, &mut vendor.designs] {
            let zero = vec![0.0; offers.tpp.len()];
            let whole: Vec<f64> = offers.tpp.iter().map(|tpp| if *tpp > 0.0 { 1.0 } else { 0.0 }).collect();
            offers.free = if open { whole.clone() } else { zero.clone() };
            offers.admitted = whole;
            for column in [
                &mut offers.approval,
                &mut offers.case,
                &mut offers.unstated,
                &mut offers.denial,
                &mut offers.approved_only,
                &mut offers.discouraged,
                &mut offers.state_barred,
            ] {
                *column = zero.clone();
            }
        }
        if open {
            vendor.best = vendor.top.clone();
        }
    }
    World::with(world.scenario.clone(), gates)
}

#[test]
fn closed_for_ever_and_open_for_ever() {
    let world = &WORLDS["h200"];
    let rows = draws(&world.scenario, 40);
    let closed = sound(&for_ever(world, false), &rows, "closed for ever");
    let open = sound(&for_ever(world, true), &rows, "open for ever");
    for w in 0..40 {
        assert_eq!(path(&closed, "vendor_sales_usd_bn", w).iter().sum::<f64>(), 0.0);
        assert_eq!(path(&closed, "exporter_open", w).iter().sum::<f64>(), 0.0);
        assert_eq!(path(&closed, "write_off_usd_bn", w).iter().sum::<f64>(), 0.0, "nothing was stocked");
        assert_eq!(path(&open, "exporter_open", w), vec![1.0; 60]);
        assert!(path(&open, "write_off_usd_bn", w).iter().sum::<f64>() < 1e-9);
        assert!(path(&open, "vendor_sales_usd_bn", w)[59] > 0.0);
    }
    let mean = |history: &History, name: &str, t: usize| (0..40).map(|w| path(history, name, w)[t]).sum::<f64>() / 40.0;
    for t in [4, 12, 20] {
        assert!(mean(&open, "unmet_share", t) < 0.5 * mean(&closed, "unmet_share", t));
        assert!(mean(&open, "importer_compute_kh100e", t) > mean(&closed, "importer_compute_kh100e", t));
        assert!(mean(&open, "best_domestic_tpp", t) < mean(&closed, "best_domestic_tpp", t), "spur, crowding out, sales");
    }
}

#[test]
fn every_stance_of_the_ladder_is_reached_and_left() {
    let world = &WORLDS["reactive"];
    let rows = draws(&world.scenario, 300);
    let history = sound(world, &rows, "reactive");
    let stances = world.gates.stances;
    let mut seen = vec![0_usize; stances];
    let mut moves = (0, 0);
    for w in 0..300 {
        let stance = path(&history, "stance", w);
        let start = world.scenario.stance as f64;
        let from = world.scenario.moves_from.since(world.scenario.start) as usize;
        assert!(stance[..from].iter().all(|s| *s == start), "the regulator moved too early");
        for pair in stance.windows(2) {
            assert!((pair[1] - pair[0]).abs() <= 1.0, "a rung at a time");
            moves.0 += usize::from(pair[1] > pair[0]);
            moves.1 += usize::from(pair[1] < pair[0]);
        }
        stance.iter().for_each(|s| seen[*s as usize] += 1);
    }
    assert!(seen.iter().all(|n| *n > 300), "{seen:?}");
    assert!(moves.0 > 100 && moves.1 > 100, "{moves:?}");
    // Elsewhere nobody moves.
    let still = sound(&WORLDS["h200"], &rows[..Factors::<f64>::COUNT * 20], "h200");
    assert!((0..20).all(|w| path(&still, "stance", w).iter().all(|s| *s == WORLDS["h200"].scenario.stance as f64)));
}

//! Each mechanism on and off on the central draw: the direction that theory says, and exactly no difference where it cannot act.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{factor, path, with, world};
use world::{History, Scenario, Switches, Variables, World, run};

static LAW: LazyLock<World> = LazyLock::new(|| world("h200"));
static REACTIVE: LazyLock<World> = LazyLock::new(|| world("reactive"));
static ESSAY: LazyLock<World> = LazyLock::new(|| world("essay"));

/// Worlds with the same draw and chances of their own.
const ROWS: usize = 64;

/// The central draw in every row, with some factors set.
fn central(world: &World, set: &[(&str, f64)]) -> Vec<f64> {
    let mut row = world.scenario.central();
    for (name, x) in set {
        row[factor(name)] = *x;
    }
    row.repeat(ROWS)
}

fn off(world: &World, switch: fn(&mut Switches) -> &mut f64) -> World {
    with(world, |s: &mut Scenario| *switch(&mut s.switches) = 0.0)
}

/// With the mechanism and without.
fn pair(world: &World, switch: fn(&mut Switches) -> &mut f64, set: &[(&str, f64)]) -> (History, History) {
    let rows = central(world, set);
    let told = |world: &World| run(world, &rows, 0, 1, true).unwrap_or_else(|e| panic!("{e}")).history.unwrap();
    (told(world), told(&off(world, switch)))
}

/// Mean over the worlds of a variable in a quarter.
fn mean(history: &History, variable: &str, quarter: usize) -> f64 {
    history.row(Scenario::variable(variable).unwrap(), quarter).iter().sum::<f64>() / ROWS as f64
}

/// Mean of its sum over all quarters.
fn total(history: &History, variable: &str) -> f64 {
    (0..history.quarters).map(|t| mean(history, variable, t)).sum()
}

/// The first quarter in which anything differs.
fn parts(on: &History, off: &History) -> Option<usize> {
    let variables = 0..Variables::<f64>::COUNT;
    (0..on.quarters).find(|t| variables.clone().any(|v| on.row(v, *t) != off.row(v, *t)))
}

/// Variables that differ anywhere.
fn differing(on: &History, off: &History) -> Vec<&'static str> {
    let differs = |v: &usize| (0..on.quarters).any(|t| on.row(*v, t) != off.row(*v, t));
    (0..Variables::<f64>::COUNT).filter(differs).map(|v| Variables::<f64>::NAMES[v].0).collect()
}

/// 2022Q3, the first quarter in which a gate closed on something.
const FIRST_CLOSED: usize = 2;
/// 2030Q4.
const LATER: usize = 35;

#[test]
fn a_blockade_spurs_where_the_factor_is_positive_and_hinders_where_negative() {
    let (on, off) = pair(&LAW, |s| &mut s.spur, &[("spur", 0.25)]);
    assert!(mean(&on, "best_domestic_tpp", LATER) > mean(&off, "best_domestic_tpp", LATER) * 1.01);
    let (on, off) = pair(&LAW, |s| &mut s.spur, &[("spur", -0.1)]);
    assert!(mean(&on, "best_domestic_tpp", LATER) < mean(&off, "best_domestic_tpp", LATER));
    // Nothing is closed before 2022Q3.
    assert!(parts(&on, &off) >= Some(FIRST_CLOSED));
    let (on, off) = pair(&LAW, |s| &mut s.spur, &[("spur", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn imports_crowd_out() {
    let (on, off) = pair(&LAW, |s| &mut s.crowd_out, &[("crowd_out", 0.2)]);
    assert!(mean(&on, "best_domestic_tpp", LATER) < mean(&off, "best_domestic_tpp", LATER));
    let (on, off) = pair(&LAW, |s| &mut s.crowd_out, &[("crowd_out", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn who_is_behind_catches_up() {
    let (on, off) = pair(&LAW, |s| &mut s.catch_up, &[]);
    assert!(mean(&on, "best_domestic_tpp", LATER) > mean(&off, "best_domestic_tpp", LATER) * 1.01);
    let (on, off) = pair(&LAW, |s| &mut s.catch_up, &[("catch_up", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn lock_in_keeps_buyers_with_the_lead_vendor() {
    let (on, off) = pair(&LAW, |s| &mut s.lock_in, &[]);
    // 2024Q1 apart, when the old design was shut out and the new one not ready.
    for quarter in [0, 6, 9, 20] {
        assert!(mean(&on, "lead_vendor_share_value", quarter) > mean(&off, "lead_vendor_share_value", quarter), "{quarter}");
    }
    assert_eq!(total(&off, "lock_in_left"), 0.0);
    let (on, off) = pair(&LAW, |s| &mut s.lock_in, &[("lock_in", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn distrust_takes_sales_from_foreign_vendors() {
    let (on, off) = pair(&LAW, |s| &mut s.trust, &[]);
    assert!(total(&on, "vendor_sales_usd_bn") < total(&off, "vendor_sales_usd_bn"));
    assert!(total(&off, "trust") == 60.0 && total(&on, "trust") < 60.0);
    // Without shocks there is nothing to distrust.
    let (on, off) = pair(&LAW, |s| &mut s.trust, &[("security_shock", 0.0), ("reversal_shock", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn diversion_brings_compute_past_a_closed_gate() {
    let (on, off) = pair(&LAW, |s| &mut s.diversion, &[]);
    assert_eq!(total(&off, "diverted_units_k"), 0.0);
    assert!(total(&on, "diverted_units_k") > 0.0);
    assert!(mean(&on, "importer_compute_kh100e", LATER) > mean(&off, "importer_compute_kh100e", LATER));
    assert!(total(&on, "unmet_share") < total(&off, "unmet_share"));
    let first = parts(&on, &off).unwrap();
    assert!(first >= FIRST_CLOSED, "something is diverted while nothing is blocked: quarter {first}");
}

#[test]
fn lost_sales_slow_the_frontier_after_the_catalogue_ends() {
    let (on, off) = pair(&LAW, |s| &mut s.vendor_research, &[]);
    assert!(mean(&on, "best_overall_tpp", 59) < mean(&off, "best_overall_tpp", 59));
    let tpp = path(&on, "best_overall_tpp", 0);
    let first = parts(&on, &off).unwrap();
    // The catalogue's last part is on sale from 2027Q1 at the latest; until then both are the catalogue.
    let last = (1..tpp.len()).find(|t| tpp[*t] / tpp[*t - 1] > 1.0 && tpp[*t] / tpp[*t - 1] < 1.15).unwrap();
    assert!(first >= last.saturating_sub(1), "differs in quarter {first}, the catalogue ends in {last}");
    let (on, off) = pair(&LAW, |s| &mut s.vendor_research, &[("vendor_rd_effect", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn rare_earths_are_used_and_wear_themselves_out() {
    let (on, off) = pair(&LAW, |s| &mut s.rare_earth, &[]);
    assert_eq!(total(&off, "rare_earth_used"), 0.0);
    assert!(total(&on, "rare_earth_used") > 0.0, "used in 2025");
    assert!(mean(&on, "importer_leverage", LATER) < mean(&off, "importer_leverage", LATER));
    // Not before the first announcement of April 2025.
    assert!(parts(&on, &off) >= Some(13));
    // Under a regulator that moves, a use pushes towards opening.
    let set = [("rare_earth_use", 1.0), ("rare_earth_yield", 1.0), ("tighten_hazard", 1.2)];
    let (on, off) = pair(&REACTIVE, |s| &mut s.rare_earth, &set);
    assert!(total(&on, "stance") > total(&off, "stance"));
}

#[test]
fn the_chain_moves_to_allies_and_nothing_else_does() {
    let (on, off) = pair(&LAW, |s| &mut s.allies, &[]);
    let start = LAW.scenario.factors[factor("allied_start")].central;
    assert!(path(&off, "allied_share", 0).iter().all(|x| *x == start));
    assert!(path(&on, "allied_share", 0).windows(2).all(|pair| pair[0] <= pair[1]));
    assert!(mean(&on, "allied_share", LATER) > start);
    assert_eq!(differing(&on, &off), ["allied_share"]);
    assert!(parts(&on, &off) >= Some(FIRST_CLOSED));
}

#[test]
fn courts_strike_fees_down_after_the_known_days() {
    let (on, off) = pair(&ESSAY, |s| &mut s.legal_hazard, &[]);
    assert_eq!(total(&off, "fee_alive"), 60.0);
    assert!(total(&on, "fee_alive") < 60.0);
    assert!(total(&on, "fee_receipts_usd_bn") < total(&off, "fee_receipts_usd_bn"));
    let known = ESSAY.scenario.known.since(ESSAY.scenario.start) as usize;
    assert!(parts(&on, &off) > Some(known));
    let (on, off) = pair(&ESSAY, |s| &mut s.legal_hazard, &[("fee_hazard", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn memory_stacks_hold_domestic_makers_back() {
    let (on, off) = pair(&LAW, |s| &mut s.memory_limit, &[("hbm_inflow", 100.0)]);
    assert!(total(&on, "domestic_units_k") < total(&off, "domestic_units_k"));
    let (on, off) = pair(&LAW, |s| &mut s.memory_limit, &[("hbm_inflow", 1e9)]);
    assert_eq!(parts(&on, &off), None, "with stacks to spare there is no limit");
}

#[test]
fn output_teaches() {
    let (on, off) = pair(&LAW, |s| &mut s.learning, &[]);
    assert!(mean(&on, "domestic_yield", LATER) > mean(&off, "domestic_yield", LATER));
    let start = LAW.scenario.factors[factor("yield_start")].central;
    assert!(path(&off, "domestic_yield", 0).iter().all(|x| (x - start).abs() < 1e-12));
    let (on, off) = pair(&LAW, |s| &mut s.learning, &[("learning_rate", 0.0)]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn what_one_maker_learns_spills_over() {
    let (on, off) = pair(&LAW, |s| &mut s.spillover, &[]);
    assert!(mean(&on, "domestic_yield", LATER) > mean(&off, "domestic_yield", LATER));
    // A maker alone has nobody to learn from.
    let alone = with(&LAW, |s| s.makers.truncate(1));
    let (on, off) = pair(&alone, |s| &mut s.spillover, &[]);
    assert_eq!(parts(&on, &off), None);
}

#[test]
fn without_domestic_makers_the_foreign_share_is_everything() {
    let (on, off) = pair(&LAW, |s| &mut s.domestic_makers, &[]);
    assert!(mean(&off, "domestic_share_compute", 0) < mean(&on, "domestic_share_compute", 0));
    assert!(total(&off, "domestic_units_k") < 1e-9, "{}", total(&off, "domestic_units_k"));
}

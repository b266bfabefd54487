//! Hazards, trust, stances, admission and the fee's standing.

use super::{factors, gates, luck, same, scenario, state, world};
use crate::politics::{admission, chance, comes, fee, loss, stance, trust};
use crate::run::World;

/// 2026Q3, the last quarter whose law is known, 2026Q4 and 2027Q1, from which the regulator moves.
const KNOWN: usize = 18;
const AFTER: usize = 19;
const MOVES: usize = 20;

#[test]
fn a_hazard_of_1_a_year_is_a_chance_of_22_in_a_hundred_a_quarter() {
    // 1 − e^(−1/4); at four a year 1 − 1/e.
    same(chance(1.0), 0.221_199_216_928_595_1);
    same(chance(4.0), 0.632_120_558_828_557_7);
    same(chance(0.0), 0.0);
    assert_eq!(comes(0.2, 0.2), 0.0, "a chance of 0.2 is not met by 0.2");
    assert_eq!(comes(0.199, 0.2), 1.0);
}

#[test]
fn distrust_halves_in_its_half_life_of_two_quarters() {
    let world = world();
    let f = factors(&[("trust_half_life", 2.0), ("security_hazard", 0.0), ("security_shock", 5.0), ("reversal_shock", 0.3)]);
    let mut s = state(&world);
    s.distrust = 1.0;
    trust(&world, AFTER, &f, &luck(&[]), &mut s, 0.0);
    same(s.distrust, 0.5_f64.sqrt());
    trust(&world, AFTER, &f, &luck(&[]), &mut s, 0.0);
    same(s.distrust, 0.5);
    // Half a reversal takes half of the shock of 0.3 utils.
    trust(&world, AFTER, &f, &luck(&[]), &mut s, 0.5);
    same(s.distrust, 0.5 * 0.5_f64.sqrt() + 0.15);
}

#[test]
fn an_allegation_counts_once_and_may_be_drawn_only_after_the_known_days() {
    let mut gates = gates(1);
    gates.questioned[14] = 0.5;
    gates.questioned[15] = 1.0;
    gates.questioned[16] = 1.0;
    let world = World::with(scenario(), gates);
    let f = factors(&[("trust_half_life", 1.0), ("security_hazard", 1.0), ("security_shock", 4.0), ("reversal_shock", 0.0)]);
    let mut s = state(&world);
    let mut path = Vec::new();
    for t in 13..KNOWN {
        trust(&world, t, &f, &luck(&[("allegation", 0.0)]), &mut s, 0.0);
        path.push(s.distrust);
    }
    assert_eq!(path.iter().filter(|d| **d == 0.0).count(), 1);
    let shock = path[1];
    assert!(shock > 0.0);
    for (quarters, told) in path[1..].iter().enumerate() {
        same(*told, shock * 0.5_f64.powi(quarters as i32));
    }
    // Drawn: a chance of 0.2212 at one a year.
    for (drawn, shock) in [(0.22, 4.0), (0.23, 0.0)] {
        s.distrust = 0.0;
        trust(&world, AFTER, &f, &luck(&[("allegation", drawn)]), &mut s, 0.0);
        same(s.distrust, shock);
    }
}

#[test]
fn trust_switched_off_forgets_everything() {
    let mut scenario = scenario();
    scenario.switches.trust = 0.0;
    let world = World::with(scenario, gates(1));
    let f = factors(&[("trust_half_life", 2.0), ("security_hazard", 1.0), ("security_shock", 4.0), ("reversal_shock", 1.0)]);
    let mut s = state(&world);
    trust(&world, AFTER, &f, &luck(&[("allegation", 0.0)]), &mut s, 1.0);
    assert_eq!(s.distrust, 0.0);
}

fn free_regulator() -> World {
    let mut scenario = scenario();
    scenario.levers.regulator_moves = 1.0;
    World::with(scenario, gates(4))
}

/// Loosening presses with e^(½·1), tightening with 2^½: hazards of 1.6487 and 1.0607 a year.
const HAZARDS: [(&str, f64); 7] = [
    ("loosen_hazard", 1.0),
    ("gap_coefficient", 0.5),
    ("lobby_coefficient", 0.0),
    ("pressure_coefficient", 0.0),
    ("tighten_hazard", 0.75),
    ("alarm_coefficient", 0.5),
    ("substitution", 3.0),
];

/// Where the stance goes from rung 1 with given chances.
fn moved(world: &World, t: usize, from: f64, chances: &[(&str, f64)], rare_earth: f64) -> f64 {
    let mut s = state(world);
    s.stance = from;
    s.domestic_tpp = 1000.0 * std::f64::consts::E;
    s.lost_share = 0.0;
    s.rare_earth = 0.9;
    (s.exporter_compute, s.importer_compute, s.compute_ratio_start) = (50.0, 10.0, 10.0);
    stance(world, t, &factors(&HAZARDS), &luck(chances), &mut s, 1000.0, rare_earth);
    s.stance
}

#[test]
fn hazards_of_the_stances_per_year_meet_their_chances() {
    let world = free_regulator();
    // 1 − e^(−1.6487/4) = 0.33780 and 1 − e^(−1.0607/4) = 0.23292.
    assert_eq!(moved(&world, MOVES, 1.0, &[("loosen", 0.337_79)], 0.0), 2.0);
    assert_eq!(moved(&world, MOVES, 1.0, &[("loosen", 0.337_80)], 0.0), 1.0);
    assert_eq!(moved(&world, MOVES, 1.0, &[("tighten", 0.232_92)], 0.0), 0.0);
    assert_eq!(moved(&world, MOVES, 1.0, &[("tighten", 0.232_93)], 0.0), 1.0);
    assert_eq!(moved(&world, MOVES, 1.0, &[("loosen", 0.0), ("tighten", 0.0)], 0.0), 1.0, "both at once stand still");
}

#[test]
fn a_stance_stays_on_the_ladder_and_moves_only_from_its_day_on() {
    let world = free_regulator();
    assert_eq!(moved(&world, MOVES - 1, 1.0, &[("loosen", 0.0)], 0.0), 1.0);
    assert_eq!(moved(&world, MOVES, 3.0, &[("loosen", 0.0)], 0.0), 3.0);
    assert_eq!(moved(&world, MOVES, 0.0, &[("tighten", 0.0)], 0.0), 0.0);
    assert_eq!(moved(&world, MOVES, 1.0, &[], 1.0), 2.0, "rare earths move it without a chance");
    let scripted = World::with(scenario(), gates(4));
    assert_eq!(moved(&scripted, MOVES, 1.0, &[("loosen", 0.0)], 1.0), 1.0);
}

#[test]
fn the_loss_from_a_share_of_nine_tenths_at_elasticity_three() {
    // 1 − 0.1^(1/2) = 1 − 1/√10.
    same(loss(0.9, 3.0), 0.683_772_233_983_162);
    same(loss(0.36, 2.0), 0.36);
    same(loss(0.0, 4.0), 0.0);
    // A thousandth short of everything at σ = 1.1: 1 − 0.0001^10 rounds to 1.
    assert_eq!(loss(1.0, 1.0), 1.0);
}

#[test]
fn admission_moves_by_its_speed_a_quarter_towards_the_logistic_target() {
    let mut scenario = scenario();
    scenario.levers.importer_responds = 1.0;
    let world = World::with(scenario, gates(1));
    let f = factors(&[("self_reliance_push", 1.5), ("shortage_pull", 4.0), ("admission_speed", 0.3)]);
    let mut s = state(&world);
    (s.domestic_tpp, s.unmet, s.distrust) = (2000.0, 0.375, 0.0);
    // Push 1.5 × 1 and pull 4 × 0.375 are equal: the target is a half.
    admission(&world, AFTER, &f, &mut s, 2000.0);
    same(s.admission, 0.85);
    admission(&world, KNOWN, &f, &mut s, 2000.0);
    same(s.admission, 0.85);
    // ln 3 more of distrust: a quarter.
    s.distrust = 3_f64.ln();
    admission(&world, AFTER, &f, &mut s, 2000.0);
    same(s.admission, 0.85 - 0.3 * 0.6);
}

#[test]
fn a_struck_fee_refunds_its_share_in_usd_bn_and_comes_back_as_a_duty() {
    let world = world();
    let f = factors(&[("fee_hazard", 0.05), ("condition_hazard_ratio", 3.0), ("recast_hazard", 0.5), ("refund_share", 0.4)]);
    let mut s = state(&world);
    s.fee_balance = 10.0;
    // A duty: 1 − e^(−0.05/4) = 0.012422. A condition three times the hazard: 0.036806.
    assert_eq!(fee(&world, AFTER, &f, &luck(&[("strike", 0.012_5)]), &mut s, 1.0), 0.0);
    assert_eq!(fee(&world, AFTER, &f, &luck(&[("strike", 0.036_9)]), &mut s, 0.0), 0.0);
    assert_eq!(fee(&world, KNOWN, &f, &luck(&[("strike", 0.0)]), &mut s, 0.0), 0.0, "not while the law is known");
    assert_eq!(s.fee_alive, 1.0);
    same(fee(&world, AFTER, &f, &luck(&[("strike", 0.036_8)]), &mut s, 0.0), 4.0);
    same(s.fee_balance, 6.0);
    assert_eq!((s.fee_alive, s.recast), (0.0, 0.0));
    // Back: 1 − e^(−0.5/4) = 0.117503.
    fee(&world, AFTER, &f, &luck(&[("recast", 0.117_6)]), &mut s, 0.0);
    assert_eq!(s.fee_alive, 0.0);
    fee(&world, AFTER, &f, &luck(&[("recast", 0.117_5)]), &mut s, 0.0);
    assert_eq!((s.fee_alive, s.recast), (1.0, 1.0));
    // Recast, the hazard is a duty's, whatever share is a condition's.
    assert_eq!(fee(&world, AFTER, &f, &luck(&[("strike", 0.012_5)]), &mut s, 0.0), 0.0);
    same(fee(&world, AFTER, &f, &luck(&[("strike", 0.012_4)]), &mut s, 0.0), 2.4);
}

#[test]
fn a_fee_that_nobody_paid_is_not_struck_down() {
    let world = world();
    let f = factors(&[("fee_hazard", 0.05), ("condition_hazard_ratio", 3.0), ("recast_hazard", 0.5), ("refund_share", 0.4)]);
    let mut s = state(&world);
    assert_eq!(fee(&world, AFTER, &f, &luck(&[("strike", 0.0)]), &mut s, 0.0), 0.0);
    assert_eq!(s.fee_alive, 1.0);
}

//! Rare earths, allies, installed compute, spending, the bargain.

use super::{factors, gates, luck, same, scenario, state, world};
use crate::leverage::{allies, alternatives, bargain, exporter_leverage, exporter_spending, install, reply};
use crate::politics::importer_leverage;
use crate::run::World;

#[test]
fn the_bargain_is_a_half_moved_by_half_the_difference_over_the_sum() {
    same(bargain(0.2, 0.6), 0.75);
    same(bargain(0.5, 0.5), 0.5);
    same(bargain(0.4, 0.0), 0.0);
    same(bargain(0.0, 0.4), 1.0);
    same(bargain(0.0, 0.0), 0.5);
}

#[test]
fn leverage_is_the_others_loss_from_a_cut_off() {
    let f = factors(&[("substitution", 3.0)]);
    let mut s = state(&world());
    s.rare_earth = 0.9;
    same(importer_leverage(&f, &s), 0.683_772_233_983_162);
    same(exporter_leverage(&f, 0.75), 0.5);
}

#[test]
fn a_use_doubles_the_yearly_fall_of_the_rare_earth_share() {
    let f = factors(&[("rare_earth_decay", 0.04), ("rare_earth_response", 2.0)]);
    let mut s = state(&world());
    s.rare_earth = 0.9;
    alternatives(&f, &mut s, 0.0);
    same(s.rare_earth, 0.89);
    alternatives(&f, &mut s, 1.0);
    same(s.rare_earth, 0.87);
    alternatives(&f, &mut s, 0.5);
    same(s.rare_earth, 0.855);
}

#[test]
fn the_reply_is_scripted_while_the_law_is_known_and_drawn_after() {
    let mut gates = gates(1);
    gates.reply = vec![0.25; 60];
    let world = World::with(scenario(), gates);
    let f = factors(&[("rare_earth_use", 0.5), ("rare_earth_yield", 0.4)]);
    let mut s = state(&world);
    s.tightened = 0.06;
    let told = |world: &World, t: usize, s: &_, use_it: f64, give_in: f64| {
        reply(world, t, &f, &luck(&[("reply", use_it), ("give_in", give_in)]), s)
    };
    assert_eq!(told(&world, 18, &s, 0.0, 0.0), (0.25, 0.0));
    assert_eq!(told(&world, 19, &s, 0.49, 0.39), (1.0, 1.0));
    assert_eq!(told(&world, 19, &s, 0.49, 0.41), (1.0, 0.0));
    assert_eq!(told(&world, 19, &s, 0.51, 0.0), (0.0, 0.0));
    s.tightened = 0.05;
    assert_eq!(told(&world, 19, &s, 0.0, 0.0), (0.0, 0.0), "a twentieth is no provocation");
    let mut off = scenario();
    off.switches.rare_earth = 0.0;
    s.tightened = 1.0;
    assert_eq!(told(&World::with(off, super::gates(1)), 19, &s, 0.0, 0.0), (0.0, 0.0));
}

#[test]
fn allies_gain_their_speed_a_year_of_what_is_left_under_the_full_severity() {
    let f = factors(&[("allied_speed", 0.04)]);
    let after = |world: &World, severity: f64, volatility: f64| {
        let mut s = state(world);
        s.allied = 0.3;
        allies(world, &f, &mut s, severity, volatility);
        s.allied
    };
    same(after(&world(), 1.0, 0.0), 0.307);
    same(after(&world(), 0.25, 0.25), 0.303_5);
    same(after(&world(), 1.0, 1.0), 0.307);
    let mut off = scenario();
    off.switches.allies = 0.0;
    assert_eq!(after(&World::with(off, gates(1)), 1.0, 1.0), 0.3);
}

#[test]
fn a_year_retires_four_quarters_of_its_share_and_adds_kh100e() {
    let f = factors(&[("retirement", 0.16)]);
    same(install(&f, 100.0, 5.0), 101.0);
    same(install(&f, 0.0, 5.0), 5.0);
}

#[test]
fn exporter_spending_doubles_yearly_to_2025_in_usd_bn_a_quarter() {
    let f = factors(&[
        ("exporter_spend_start", 13.0),
        ("exporter_growth_boom", 1.0),
        ("exporter_growth", 0.65),
        ("exporter_growth_late", 0.12),
    ]);
    same(exporter_spending(&world(), 0, &f), 3.25);
    // 2026Q1: 3.25 × 2^3.75 × 1.65^¼. 2032Q1: 3.25 × 2^3.75 × 1.65³ × 1.12^3.25.
    same(exporter_spending(&world(), 16, &f), 49.558_349_117_418);
    same(exporter_spending(&world(), 40, &f), 283.894_024_236_956_74);
}

//! Domestic makers: yield, memory, the pipeline, learning, wafers, research.

use super::{central, factors, gates, same, scenario, state, world};
use crate::capacity::{invest, learn, learning_exponent, produce, progress, research, yield_of};
use crate::names::Factors;
use crate::run::World;
use crate::state::State;

#[test]
fn a_fifth_for_each_doubling_of_output() {
    // −log₂ 0.8.
    same(learning_exponent(0.2), 0.321_928_094_887_362_3);
    same(learning_exponent(0.5), 1.0);
    assert_eq!(learning_exponent(0.0), 0.0);
}

#[test]
fn a_doubling_closes_a_fifth_of_the_gap_to_the_best_yield() {
    let f = factors(&[("learning_rate", 0.2), ("yield_start", 0.35), ("yield_ceiling", 0.6)]);
    same(yield_of(&f, 7.0, 7.0, 1.0), 0.35);
    same(yield_of(&f, 14.0, 7.0, 1.0), 0.40);
    same(yield_of(&f, 28.0, 7.0, 1.0), 0.44);
    same(yield_of(&f, 28.0, 7.0, 0.0), 0.35);
    // Forgetting half opens the gap again: 0.25 ÷ 0.8.
    same(yield_of(&f, 3.5, 7.0, 1.0), 0.6 - 0.3125);
}

const PLANT: [(&str, f64); 14] = [
    ("learning_rate", 0.2),
    ("yield_start", 0.35),
    ("yield_ceiling", 0.6),
    ("wafers_start", 0.4),
    ("packages_per_wafer", 60.0),
    ("second_maker_share", 0.25),
    ("die_bank", 0.0),
    ("die_use", 0.2),
    ("dies_per_package", 1.5),
    ("hbm_inflow", 1_000.0),
    ("stacks_per_package", 6.0),
    ("hbm_start", 2030.0),
    ("hbm_ramp", 500.0),
    ("pipeline", 3.0),
];

fn plant(given: &[(&str, f64)]) -> Vec<f64> {
    let all: Vec<(&str, f64)> = PLANT.iter().map(|p| *given.iter().find(|g| g.0 == p.0).unwrap_or(p)).collect();
    central(&all)
}

fn record(draw: &[f64]) -> Factors<f64> {
    Factors::from_fn(|at| draw[at])
}

#[test]
fn wafers_a_month_make_packages_a_quarter_in_k() {
    let world = world();
    let f = record(&plant(&[]));
    let mut s = State::start(&world, &f);
    // 0.4 k wafers × 3 months × 60 packages × 0.35 = 25.2 k, a quarter of them with the second maker.
    let told = produce(&world, 0, &f, &mut s);
    same(told.yielded, 0.35);
    same(s.makers[0].started[0], 18.9);
    same(s.makers[1].started[0], 6.3);
    // 1,000 k stacks in hand and 1,000 k brought in, six a package.
    same(s.stacks, 2_000.0 - 151.2);
    same(told.stacks_residual, 0.0);
}

#[test]
fn memory_stacks_bind_unless_the_limit_is_switched_off() {
    let f = record(&plant(&[("hbm_inflow", 30.0)]));
    let started = |world: &World| {
        let mut s = State::start(world, &f);
        produce(world, 0, &f, &mut s);
        (s.makers[0].started[0] + s.makers[1].started[0], s.stacks)
    };
    // 30 k in hand and 30 k in: 60 ÷ 6 = 10 k packages.
    let (made, left) = started(&world());
    same(made, 10.0);
    same(left, 0.0);
    let mut off = scenario();
    off.switches.memory_limit = 0.0;
    let (made, left) = started(&World::with(off, gates(1)));
    same(made, 25.2);
    same(left, 0.0);
    let mut shut = gates(1);
    shut.memory_open = vec![0.0; 60];
    same(started(&World::with(scenario(), shut)).0, 5.0);
}

#[test]
fn home_made_stacks_rise_by_their_ramp_from_their_start_on() {
    let world = world();
    let f = record(&plant(&[("hbm_start", 2022.5), ("hbm_ramp", 100.0), ("hbm_inflow", 0.0), ("wafers_start", 1e-9)]));
    let mut s = State::start(&world, &f);
    let mut held = Vec::new();
    for t in 0..5 {
        produce(&world, t, &f, &mut s);
        held.push(s.stacks.round());
    }
    // Nothing to 2022Q3; 100 k in 2022Q4, 200 k in 2023Q1.
    assert_eq!(held, [0.0, 0.0, 0.0, 100.0, 300.0]);
}

#[test]
fn foreign_dies_arrive_evenly_and_are_used_by_their_share() {
    let world = world();
    let f = record(&plant(&[("die_bank", 600.0), ("wafers_start", 1e-30)]));
    let mut s = State::start(&world, &f);
    let mut dies = Vec::new();
    for t in 0..9 {
        let told = produce(&world, t, &f, &mut s);
        same(told.dies_residual, 0.0);
        dies.push(s.dies);
    }
    // 2023Q3 to 2024Q4 are six quarters: 100 k each, of which a fifth goes into packages at once.
    assert_eq!(dies[..6], [0.0; 6]);
    same(dies[6], 80.0);
    same(dies[7], 144.0);
    same(s.makers[0].started[0] + s.makers[1].started[0], (144.0 + 100.0) * 0.2 / 1.5);
}

/// What comes out of one start of 8 k packages, by quarter.
fn pulse(pipeline: f64) -> Vec<f64> {
    let world = world();
    let f = record(&plant(&[("pipeline", pipeline), ("second_maker_share", 0.0), ("die_use", 0.0)]));
    let mut s = State::start(&world, &f);
    for maker in &mut s.makers {
        maker.started = [0.0; 4];
    }
    s.makers[0].started[0] = 8.0;
    s.wafers = 0.0;
    // The start was in the quarter before the first of these.
    (1..7).map(|t| produce(&world, t, &f, &mut s).finished[0]).collect()
}

#[test]
fn the_pipeline_delays_by_exactly_its_quarters() {
    assert_eq!(pulse(3.0), [0.0, 0.0, 8.0, 0.0, 0.0, 0.0]);
    assert_eq!(pulse(3.5), [0.0, 0.0, 4.0, 4.0, 0.0, 0.0]);
    assert_eq!(pulse(3.25), [0.0, 0.0, 6.0, 2.0, 0.0, 0.0]);
    assert_eq!(pulse(4.0), [0.0, 0.0, 0.0, 8.0, 0.0, 0.0]);
}

#[test]
fn a_plant_that_always_started_the_same_finishes_the_same_from_its_first_quarter_on() {
    let mut scenario = scenario();
    scenario.switches.learning = 0.0;
    let world = World::with(scenario, gates(1));
    for pipeline in [3.0, 3.25, 3.5, 4.0] {
        let f = record(&plant(&[("pipeline", pipeline)]));
        let mut s = State::start(&world, &f);
        for t in 0..6 {
            let [a, b] = produce(&world, t, &f, &mut s).finished;
            assert!((a + b - 25.2).abs() < 1e-9, "{} k in quarter {t} at a pipeline of {pipeline}", a + b);
        }
    }
}

#[test]
fn experience_counts_a_thirds_of_the_others_output_and_forgets_with_generations() {
    let f = factors(&[("own_learning", 3.0), ("generation_loss", 0.5)]);
    let experience = |world: &World, doublings: f64| {
        let mut s = state(world);
        s.makers[0].experience = 100.0;
        s.makers[1].experience = 50.0;
        learn(world, &f, &mut s, [9.0, 6.0], doublings);
        [s.makers[0].experience, s.makers[1].experience]
    };
    assert_eq!(experience(&world(), 0.0), [111.0, 59.0]);
    // A fifth of a doubling forgets a tenth.
    assert_eq!(experience(&world(), 0.2), [101.0, 54.0]);
    let mut alone = scenario();
    alone.switches.spillover = 0.0;
    assert_eq!(experience(&World::with(alone, gates(1)), 0.0), [109.0, 56.0]);
}

#[test]
fn wafers_move_by_their_speed_within_the_yearly_limit() {
    let f = factors(&[("expectation_speed", 0.5), ("packages_per_wafer", 50.0), ("wafer_growth", 0.6), ("capacity_speed", 0.3)]);
    let after = |expected: f64, wanted: f64| {
        let mut s = state(&world());
        (s.wafers, s.expected_domestic) = (2.0, expected);
        invest(&f, &mut s, wanted, 0.4);
        (s.wafers, s.expected_domestic)
    };
    // 2 k wafers a month give 2 × 3 × 50 × 0.4 = 120 k packages; 144 k are expected: a fifth more, three tenths of the way.
    let (wafers, expected) = after(120.0, 168.0);
    same(expected, 144.0);
    same(wafers, 2.12);
    // 1.6^¼ = 1.12468 is the most, and as much less the least.
    same(after(0.0, 1e6).0, 2.249_365_300_761_396);
    same(after(0.0, 0.0).0, 1.750_634_699_238_604);
}

#[test]
fn research_in_usd_bn_a_quarter_does_not_fall_below_its_floor() {
    let f = factors(&[("state_research", 1.6), ("research_burden", 0.15), ("research_share", 0.25)]);
    same(research(&world(), 0, &f, 2.0, 10.0), 0.9);
    // Two years on the state's part has grown by 1.15².
    same(research(&world(), 8, &f, 2.0, 10.0), 0.5 + 0.4 * 1.3225);
    let mut floor = scenario();
    floor.levers.research_floor = 0.1;
    let floored = World::with(floor, gates(1));
    same(research(&floored, 0, &f, 2.0, 10.0), 1.0);
    same(research(&floored, 0, &f, 2.0, 5.0), 0.9);
    let mut none = scenario();
    none.switches.domestic_makers = 0.0;
    assert_eq!(research(&World::with(none, gates(1)), 0, &f, 2.0, 10.0), 0.0);
}

#[test]
fn progress_as_a_change_of_ln_a_quarter() {
    let f = factors(&[
        ("domestic_growth", 0.2),
        ("research_effect", 0.25),
        ("research_burden", 0.15),
        ("spur", 0.25),
        ("crowd_out", 0.1),
        ("catch_up", 0.1),
    ]);
    let growth = |world: &World, t: usize, spent: f64, severity: f64, dependence: f64, frontier: f64| {
        let mut s = state(world);
        (s.research_start, s.dependence, s.domestic_tpp) = (2.0, dependence, 5_000.0);
        progress(world, t, &f, &s, spent, severity, frontier)
    };
    let world = world();
    // ln 1.2 ÷ 4, with four times the research 4^¼ of it, later only against what then keeps growth steady.
    same(growth(&world, 0, 2.0, 0.0, 0.0, 5_000.0), 0.045_580_389_198_488_65);
    same(growth(&world, 0, 8.0, 0.0, 0.0, 5_000.0), 0.064_460_404_582_746_78);
    same(growth(&world, 8, 2.0 * 1.3225, 0.0, 0.0, 5_000.0), 0.045_580_389_198_488_65);
    // A full blockade × 1.25, half imported × 0.95, the frontier e times as far × 1.1.
    same(growth(&world, 0, 2.0, 1.0, 0.5, 5_000.0 * std::f64::consts::E), 0.059_539_383_390_525_794);
    same(growth(&world, 0, 2.0, 0.0, 0.0, 1_000.0), 0.045_580_389_198_488_65);
    let mut nobody = scenario();
    nobody.makers.clear();
    assert_eq!(growth(&World::with(nobody, gates(1)), 0, 2.0, 0.0, 0.0, 5_000.0), 0.0);
}

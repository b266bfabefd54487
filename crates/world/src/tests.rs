//! Known answers of every equation, worked out by hand or with another tool and never by the code's own formula. Factors that a test does
//! not name are not numbers, so that an equation that reads more than it says fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod books;
mod capacity;
mod firms;
mod hand_made;
mod lane;
mod leverage;
mod market;
mod politics;

use facts::Quarter;

use crate::gates::{Gates, Offers, VendorGates};
use crate::names::{Factors, Luck};
use crate::names::{Levers, Switches};
use crate::run::World;
use crate::scenario::{Gate, Scenario};
use crate::state::State;

/// Equal up to rounding.
#[track_caller]
fn same(told: f64, known: f64) {
    assert!((told - known).abs() <= 1e-12 * known.abs().max(1e-3), "{told} is not {known}");
}

/// Factors by name; the others are not numbers.
fn factors(given: &[(&str, f64)]) -> Factors<f64> {
    for (name, _) in given {
        assert!(Scenario::factor(name).is_some(), "no factor {name}");
    }
    Factors::from_fn(|at| {
        let name = Factors::<f64>::NAMES[at].0;
        given.iter().find(|g| g.0 == name).map_or(f64::NAN, |g| g.1)
    })
}

/// Chances that never come true, but for those named.
fn luck(given: &[(&str, f64)]) -> Luck<f64> {
    Luck::from_fn(|at| {
        let name = Luck::<f64>::NAMES[at].0;
        given.iter().find(|g| g.0 == name).map_or(0.999_999, |g| g.1)
    })
}

fn quarter(text: &str) -> Quarter {
    Quarter::parse(text).unwrap()
}

/// A scenario of 60 quarters from 2022Q1 whose law is known to 2026Q3 and whose regulator may move from 2027Q1 on.
fn scenario() -> Scenario {
    Scenario {
        id: "hand-made".to_owned(),
        title: Default::default(),
        question: Default::default(),
        start: quarter("2022Q1"),
        quarters: 60,
        known: quarter("2026Q3"),
        moves_from: quarter("2027Q1"),
        published_by: None,
        exporter: Gate::default(),
        importer: Gate::default(),
        design_worth: 1.5,
        maker_country: "TW".to_owned(),
        vendors: Vec::new(),
        makers: vec!["A".to_owned(), "B".to_owned()],
        reference: "a part".to_owned(),
        reference_tpp: 16_000.0,
        reference_bandwidth: 3_200.0,
        memory: Gate::default(),
        reply: Gate::default(),
        die_bank: (quarter("2023Q3"), quarter("2024Q4")),
        stances: Vec::new(),
        stance: 0,
        shown: Vec::new(),
        factors: Vec::new(),
        switches: Switches::from_fn(|_| 1.0),
        levers: Levers::UNMOVED,
        changes: Vec::new(),
        parent: None,
        metrics: Vec::new(),
        charts: Vec::new(),
        text: String::new(),
    }
}

/// Gates with nothing behind them: `stances` rungs, memory open, no reply, no question.
fn gates(stances: usize) -> Gates {
    Gates {
        quarters: 60,
        stances,
        vendors: Vec::new(),
        memory_open: vec![1.0; 60],
        reply: vec![0.0; 60],
        questioned: vec![0.0; 60],
        timeline: Vec::new(),
    }
}

fn world() -> World {
    World::with(scenario(), gates(1))
}

/// One part on offer in every quarter, free at both gates.
fn offers(tpp: f64, bandwidth: f64) -> Offers {
    let always = |x: f64| vec![x; 60];
    Offers {
        width: 1,
        tpp: always(tpp),
        bandwidth: always(bandwidth),
        free: always(1.0),
        approval: always(0.0),
        case: always(0.0),
        unstated: always(0.0),
        denial: always(0.0),
        admitted: always(1.0),
        approved_only: always(0.0),
        discouraged: always(0.0),
        state_barred: always(0.0),
        fee_rate: always(0.0),
        fee_duty: always(0.0),
        quota: always(0.0),
    }
}

/// A vendor who sells one part for the whole world and designs none.
fn vendor(part: Offers) -> VendorGates {
    let nothing = Offers { free: vec![0.0; 60], ..offers(0.0, 0.0) };
    VendorGates {
        name: "A vendor".to_owned(),
        top: part.clone(),
        best: part,
        designs: nothing,
        wanted: vec![0.0; 60],
        story: Vec::new(),
    }
}

/// The central values that ship, for runs in which most of them do not matter, with some set by hand.
fn central(given: &[(&str, f64)]) -> Vec<f64> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/scenarios/base.toml")).unwrap();
    let shipped = |name: &str| -> f64 {
        let (_, after) = text.split_once(&format!("[factor.{name}]\n")).unwrap();
        let line = after.lines().find_map(|l| l.strip_prefix("central = ")).unwrap();
        line.split('#').next().unwrap().trim().parse().unwrap()
    };
    for (name, _) in given {
        assert!(Scenario::factor(name).is_some(), "no factor {name}");
    }
    let of = |name: &str| given.iter().find(|g| g.0 == name).map_or_else(|| shipped(name), |g| g.1);
    Factors::<f64>::NAMES.iter().map(|(name, _)| of(name)).collect()
}

/// The state of a world on its first day, from the same central values.
fn state(world: &World) -> State<f64> {
    let draw = central(&[]);
    State::start(world, &Factors::from_fn(|at| draw[at]))
}

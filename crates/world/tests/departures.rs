//! Two scenarios are one world, bit by bit, up to the first quarter in which they say that they differ, and not beyond it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{SCENARIOS, draws, library, overlay, rendered, scenario, world};
use facts::Quarter;
use world::{Departed, History, Scenario, Variables, World, departures, run};

const ROWS: usize = 16;

fn history(world: &World, rows: &[f64]) -> History {
    run(world, rows, 0, 1, true).unwrap_or_else(|e| panic!("{e}")).history.unwrap()
}

/// The first quarter in which a variable of some world is not the same, bit by bit.
fn parts(a: &World, b: &World) -> Option<Quarter> {
    let rows = draws(&a.scenario, ROWS);
    let (one, other) = (history(a, &rows), history(b, &rows));
    let differ = |t: &usize| {
        (0..Variables::<f64>::COUNT).any(|v| one.row(v, *t).iter().zip(other.row(v, *t)).any(|(x, y)| x.to_bits() != y.to_bits()))
    };
    (0..one.quarters).find(differ).map(|t| a.scenario.quarter(t))
}

fn said(a: &World, b: &World) -> Option<Quarter> {
    departures(&a.scenario, &b.scenario).first().map(|d| d.from)
}

fn quarter(text: &str) -> Quarter {
    Quarter::parse(text).unwrap()
}

#[test]
fn every_shipped_scenario_is_the_history_that_it_continues_until_its_day() {
    let base = world("h200");
    for (id, day) in
        [("closed", "2026Q1"), ("cut-down-only", "2026Q1"), ("open", "2026Q1"), ("reactive", "2026Q4"), ("essay", "2022Q1")]
    {
        let other = world(id);
        assert_eq!(said(&base, &other), Some(quarter(day)), "{id}");
        assert_eq!(parts(&base, &other), Some(quarter(day)), "{id}");
    }
    // Advice within the essay's own history.
    let (essay, advice) = (world("essay"), world("moderate-import"));
    assert_eq!((said(&essay, &advice), parts(&essay, &advice)), (Some(quarter("2026Q1")), Some(quarter("2026Q1"))));
}

#[test]
fn any_two_shipped_scenarios_are_one_world_until_they_say_that_they_differ() {
    let worlds: Vec<World> = SCENARIOS.iter().map(|id| world(id)).collect();
    for a in &worlds {
        for b in &worlds {
            let (said, found) = (said(a, b), parts(a, b));
            assert_eq!(said.is_some(), a.scenario.id != b.scenario.id);
            assert!(found.is_none() || said <= found, "{} and {}: said {said:?}, found {found:?}", a.scenario.id, b.scenario.id);
        }
    }
}

/// A scenario that continues `h200`, with lines of its own.
fn read(lines: &str) -> Scenario {
    let library = library(&[("scenarios/own.toml".to_owned(), format!("inherits = \"h200\"\n{lines}"))]);
    let mut problems = Vec::new();
    let read = Scenario::read(&library.pack, "own", &library, &mut problems);
    read.unwrap_or_else(|| panic!("{lines}\n{}", rendered(&problems)))
}

/// What may be changed on a day: each kind of setting, with a value that makes itself felt.
const CHANGES: [&str; 12] = [
    "stance = \"closed\"",
    "stance = \"open\"",
    "levers = { importer_gate = \"open\" }",
    "levers = { fee_rate = 0.9 }",
    "levers = { import_cap = 0.0 }",
    "levers = { research_floor = 1 }",
    "levers = { supply = 0.2 }",
    "switches = { learning = false }",
    "switches = { trust = false, diversion = false }",
    "factor = { home_bias = { low = 3, central = 4, high = 5 } }",
    "factor = { price_start = { low = 90, central = 91, high = 92 }, nest = { low = 0.2, central = 0.2, high = 0.2 } }",
    "factor = { hbm_start = { low = 2022, central = 2022, high = 2022 }, die_use = { low = 0.9, central = 0.95, high = 1 } }",
];

#[test]
fn a_change_acts_from_its_quarter_on_whatever_it_is() {
    let base = world("h200");
    for change in CHANGES {
        for day in ["2022Q3", "2026Q2", "2033Q4"] {
            // No change asks the gates anything new.
            let other = World::with(read(&format!("[[change]]\nfrom = \"{day}\"\n{change}\n")), base.gates.clone());
            assert_eq!(said(&base, &other), Some(quarter(day)), "{change}");
            let found = parts(&base, &other);
            // A fee falls on what is sold, and a draft says something of its own from 2026 on.
            // Memory stacks do not bind at once.
            let later = change.contains("hbm_start")
                || change.contains("stance")
                || change.contains("fee_rate")
                || change.contains("importer_gate");
            assert!(found >= Some(quarter(day)), "{change} from {day} acts in {found:?}");
            assert!(later || found == Some(quarter(day)), "{change} from {day} acts in {found:?}");
        }
    }
}

#[test]
fn a_day_may_be_written_and_of_two_texts_the_nearer_one_holds() {
    let by_day = overlay("h200", "[[change]]\nfrom = 2028-04-01\nstance = \"open\"\n");
    assert_eq!(said(&world("h200"), &by_day), Some(quarter("2028Q2")));
    // What a text sets for the whole history holds against what its parents change on a day.
    let shut = overlay("open", "[levers]\nimporter_gate = \"regime\"\n");
    assert_eq!(shut.scenario.levers.importer_gate, 1.0);
    let rows = draws(&shut.scenario, ROWS);
    let gate = history(
        &overlay(
            "h200",
            "[[change]]\nfrom = \"2026Q1\"\nstance = \"open\"\n[[change]]\nfrom = \"2026Q4\"\nlevers = { importer_responds = 1 }\n",
        ),
        &rows,
    );
    assert_eq!(history(&shut, &rows), gate);
}

#[test]
fn what_a_scenario_changes_is_told_with_its_day() {
    let told = departures(&scenario("h200"), &scenario("closed"));
    let days: Vec<String> = told.iter().map(|d| d.from.to_string()).collect();
    assert_eq!(days, ["2026Q1", "2026Q4"]);
    assert_eq!(told[0].what, [Departed::Stance("closed".to_owned())]);
    assert_eq!(told[1].what.len(), 2);
    assert!(departures(&scenario("h200"), &scenario("h200")).is_empty());
    let essay = departures(&scenario("h200"), &scenario("essay"));
    assert!(essay[0].what.contains(&Departed::Setting("exporter")) && essay[0].what.contains(&Departed::Setting("importer")));
}

#[test]
fn a_draw_keeps_its_place_in_another_range() {
    let base = scenario("h200");
    let places = [0.0, 0.03, 0.5, 0.97, 1.0];
    for spec in &base.factors {
        let Some(shape) = spec.shape() else { continue };
        for u in places {
            let x = shape.quantile(u);
            assert!((shape.share(x) - u).abs() < 1e-6, "{spec:?} at {u}: {}", shape.share(x));
            assert_eq!(spec.in_place_of(spec, x).to_bits(), x.to_bits());
        }
    }
    let mut wide = base.factors[0].clone();
    (wide.low, wide.central, wide.high) = (10.0, 20.0, 40.0);
    assert_eq!(
        (wide.in_place_of(&base.factors[0], base.factors[0].low), wide.in_place_of(&base.factors[0], base.factors[0].high)),
        (10.0, 40.0)
    );
}

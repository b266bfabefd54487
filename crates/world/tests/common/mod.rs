//! The shipped pack, its scenarios as worlds, and draws made by a formula that anybody can repeat.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../facts/tests/shipped/mod.rs"]
mod shipped;

use std::sync::{Arc, LazyLock};

use facts::{Pack, Problem};
use regime::Library;
pub(crate) use shipped::TEXTS;
use world::{FactorSpec, Factors, History, Scenario, Spread, World};

/// Every scenario that ships and can be run.
pub(crate) const SCENARIOS: [&str; 7] = ["h200", "essay", "moderate-import", "closed", "cut-down-only", "open", "reactive"];

/// The shipped pack with more texts, which must be sound as far as dictionary and catalogue go.
pub(crate) fn library(more: &[(String, String)]) -> Library {
    let mut problems = Vec::new();
    let texts = TEXTS.iter().filter(|(path, _)| more.iter().all(|m| m.0 != *path)).cloned();
    let library = Library::open(Arc::new(Pack::new(texts.chain(more.iter().cloned()))), &mut problems);
    assert!(problems.is_empty(), "{}", rendered(&problems));
    library
}

pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| library(&[]));

/// Problems as the program prints them.
pub(crate) fn rendered(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect()
}

/// A shipped scenario.
pub(crate) fn scenario(id: &str) -> Scenario {
    let mut problems = Vec::new();
    let read = Scenario::read(&LIBRARY.pack, id, &LIBRARY, &mut problems);
    read.unwrap_or_else(|| panic!("{id}:\n{}", rendered(&problems)))
}

/// A shipped scenario, asked of its regimes.
pub(crate) fn world(id: &str) -> World {
    World::new(scenario(id), &LIBRARY).unwrap_or_else(|problems| panic!("{}", rendered(&problems)))
}

/// A scenario that inherits from a shipped one, with lines of its own.
pub(crate) fn overlay(base: &str, lines: &str) -> World {
    let texts = [("scenarios/overlay.toml".to_owned(), format!("inherits = \"{base}\"\n{lines}"))];
    let library = library(&texts);
    let mut problems = Vec::new();
    let read = Scenario::read(&library.pack, "overlay", &library, &mut problems);
    let read = read.unwrap_or_else(|| panic!("{lines}\n{}", rendered(&problems)));
    World::new(read, &library).unwrap_or_else(|problems| panic!("{}", rendered(&problems)))
}

/// A world with the same gates and other switches or levers.
pub(crate) fn with(world: &World, change: impl FnOnce(&mut Scenario)) -> World {
    let mut scenario = world.scenario.clone();
    change(&mut scenario);
    World::with(scenario, world.gates.clone())
}

/// A factor's value at a place of its spread between 0 and 1.
pub(crate) fn quantile(f: &FactorSpec, at: f64) -> f64 {
    let (low, mode, high) = (f.low, f.central, f.high);
    if low == high {
        return low;
    }
    match f.spread {
        Spread::Uniform => low + at * (high - low),
        Spread::LogUniform => low * (high / low).powf(at),
        Spread::Triangular => {
            let bend = (mode - low) / (high - low);
            let value = if at < bend {
                low + (at * (high - low) * (mode - low)).sqrt()
            } else {
                high - ((1.0 - at) * (high - low) * (high - mode)).sqrt()
            };
            value.clamp(low, high)
        }
    }
}

/// Draws by a Weyl sequence: factor number k of row i stands at the broken part of (i + 1) times the root of the prime number k.
pub(crate) fn draws(scenario: &Scenario, rows: usize) -> Vec<f64> {
    let primes: Vec<f64> = (2_u32..)
        .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .take(Factors::<f64>::COUNT)
        .map(f64::from)
        .collect();
    (1..=rows)
        .flat_map(|i| scenario.factors.iter().zip(&primes).map(move |(f, prime)| quantile(f, (i as f64 * prime.sqrt()).fract())))
        .collect()
}

/// The path of a variable in one world.
pub(crate) fn path(history: &History, variable: &str, row: usize) -> Vec<f64> {
    history.path(Scenario::variable(variable).unwrap_or_else(|| panic!("no variable {variable}")), row)
}

/// The place of a factor.
pub(crate) fn factor(name: &str) -> usize {
    Scenario::factor(name).unwrap_or_else(|| panic!("no factor {name}"))
}

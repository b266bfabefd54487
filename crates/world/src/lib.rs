//! A quarterly world around two gates: governments, vendors, makers, buyers, allies and courts. Pure: scenario, gates, draws and seed in,
//! histories and metrics out.

mod accounts;
mod capacity;
mod firms;
mod gates;
mod lane;
mod leverage;
mod market;
mod names;
mod politics;
mod run;
mod scenario;
mod shape;
mod state;
mod step;
mod trade;

pub use gates::{Design, Gates, Offers, Standing, VendorGates, ask};
pub use lane::{LANES, Lane, Pack};
pub use names::{Factors, Levers, Luck, Range, Switches, Variables};
pub use run::{Broken, History, Kept, World, reference, run, run_rows};
pub use scenario::{
    Better, Change, Chart, Departed, Departure, FactorSpec, Gate, LONGEST, Metric, Over, Scenario, Spread, Stance, VendorSpec,
    departures, span,
};
pub use shape::Shape;

#[cfg(test)]
mod tests;

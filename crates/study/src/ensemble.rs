//! Ensembles: many draws of one scenario's factors, run over all cores in blocks, so that memory grows with the block and not with the
//! study. The same row gives the same world whatever the block, the number of cores or the scenario it is compared under.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use world::{Broken, Factors, History, Scenario, Shape, World, run, run_rows};

use crate::sample::{Design, Sampler};

/// How worlds are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The design on the unit cube.
    pub design: Design,
    /// How many worlds.
    pub worlds: u64,
    /// Seed of the design and of every world's chances.
    pub seed: u64,
}

/// Why an ensemble could not be run.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The design has no such size.
    Design(String),
    /// A world failed.
    World(Broken),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Design(why) => f.write_str(why),
            Fault::World(broken) => broken.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

/// Rows that one core takes at a time.
const BLOCK: usize = 256;

/// Part of the unit interval that each factor is drawn from: all of it, or what history left.
pub type Box1 = (f64, f64);

/// Draws and runs of one scenario.
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// Draws, row-major, one row of [`Factors::COUNT`] numbers a world.
    pub draws: Vec<f64>,
    /// Metrics, row-major, in the order of the scenario.
    pub metrics: Vec<f64>,
    /// Every variable of every quarter.
    pub history: History,
}

/// Draws of a scenario's factors from points of the unit cube, row-major in both.
pub fn values(scenario: &Scenario, points: &[f64], within: Option<&[Box1]>) -> Vec<f64> {
    let shapes: Vec<Option<Shape>> = scenario.factors.iter().map(world::FactorSpec::shape).collect();
    let mut out = Vec::with_capacity(points.len());
    for row in points.chunks_exact(Factors::<f64>::COUNT) {
        for (k, ((u, shape), spec)) in row.iter().zip(&shapes).zip(&scenario.factors).enumerate() {
            let (low, high) = within.and_then(|w| w.get(k)).copied().unwrap_or((0.0, 1.0));
            out.push(shape.map_or(spec.central, |s| s.quantile(low + u * (high - low))));
        }
    }
    out
}

/// The draws of one scenario as those of another: every factor as far along its range there as here. Where both have the same ranges, they are
/// the same numbers.
pub fn redrawn(draws: &[f64], from: &Scenario, to: &Scenario) -> Vec<f64> {
    let mut out = draws.to_vec();
    for row in out.chunks_exact_mut(Factors::<f64>::COUNT) {
        for (x, (from, to)) in row.iter_mut().zip(from.factors.iter().zip(&to.factors)) {
            *x = to.in_place_of(from, *x);
        }
    }
    out
}

/// Runs a study block by block. `see` gets the blocks in order: number of the first row, draws, metrics, and the history where `history`
/// says so for that row. Setting `stop` ends the study after the blocks that are under way; the rows done are returned.
///
/// # Errors
/// [`Fault`] of the design or of the first world that fails, in order of rows.
pub fn stream(
    world: &World,
    plan: &Plan,
    within: Option<&[Box1]>,
    stop: &AtomicBool,
    history: impl Fn(u64) -> bool + Sync,
    mut see: impl FnMut(u64, &[f64], &[f64], Option<&History>),
) -> Result<u64, Fault> {
    let sampler = Sampler::new(plan.design, plan.worlds, Factors::<f64>::COUNT, plan.seed).map_err(Fault::Design)?;
    let at_once = rayon::current_num_threads().max(1) * 4;
    let mut first = 0;
    while first < plan.worlds && !stop.load(Ordering::Relaxed) {
        let starts: Vec<u64> = (0..at_once as u64).map(|k| first + k * BLOCK as u64).filter(|s| *s < plan.worlds).collect();
        let blocks: Vec<_> = starts
            .par_iter()
            .map(|start| {
                let mut points = Vec::new();
                sampler.fill(*start, BLOCK, &mut points);
                let draws = values(&world.scenario, &points, within);
                let kept = run(world, &draws, *start, plan.seed, history(*start));
                (*start, draws, kept)
            })
            .collect();
        for (start, draws, kept) in blocks {
            let kept = kept.map_err(Fault::World)?;
            see(start, &draws, &kept.metrics, kept.history.as_ref());
        }
        first += (at_once * BLOCK) as u64;
    }
    Ok(first.min(plan.worlds))
}

/// Runs a study and keeps everything: for studies of some thousands of worlds.
///
/// # Errors
/// As [`stream`].
pub fn ensemble(world: &World, plan: &Plan, within: Option<&[Box1]>, tick: impl Fn(u64)) -> Result<Ensemble, Fault> {
    let mut blocks: Vec<History> = Vec::new();
    let (mut draws, mut metrics) = (Vec::new(), Vec::new());
    let stop = AtomicBool::new(false);
    stream(
        world,
        plan,
        within,
        &stop,
        |_| true,
        |_, d, m, h| {
            draws.extend_from_slice(d);
            metrics.extend_from_slice(m);
            blocks.extend(h.cloned());
            tick((d.len() / Factors::<f64>::COUNT) as u64);
        },
    )?;
    Ok(Ensemble { draws, metrics, history: History::join(&blocks) })
}

/// Runs draws that are given, over all cores; `rows` has the number of each, which its chances hang on.
///
/// # Errors
/// The first world that fails.
pub fn run_draws(world: &World, draws: &[f64], rows: &[u64], seed: u64) -> Result<Ensemble, Fault> {
    let width = Factors::<f64>::COUNT;
    let blocks: Vec<Result<world::Kept, Broken>> = draws
        .par_chunks(width * BLOCK)
        .zip(rows.par_chunks(BLOCK))
        .map(|(draws, rows)| run_rows(world, draws, rows, seed, true))
        .collect();
    let (mut metrics, mut histories) = (Vec::new(), Vec::new());
    for kept in blocks {
        let kept = kept.map_err(Fault::World)?;
        metrics.extend(kept.metrics);
        histories.extend(kept.history);
    }
    Ok(Ensemble { draws: draws.to_vec(), metrics, history: History::join(&histories) })
}

/// Quantiles of numbers, with those that are not numbers left out; not numbers where none is left.
pub fn quantiles<const N: usize>(values: &[f64], at: [f64; N]) -> [f64; N] {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return [f64::NAN; N] };
    at.map(|q| {
        let place = q.clamp(0.0, 1.0) * last as f64;
        let (low, high) = (place.floor(), place.ceil());
        let at = |i: f64| sorted.get(i as usize).copied().unwrap_or(f64::NAN);
        at(low) + (at(high) - at(low)) * (place - low)
    })
}

/// One quantile, as [`quantiles`].
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let [x] = quantiles(values, [q]);
    x
}

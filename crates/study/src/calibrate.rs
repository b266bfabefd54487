//! History matching and the backtest. Worlds whose past is too far from the published figures are ruled out in waves (Craig et al. 1997;
//! Vernon, Goldstein & Bower 2010); what is left is scored on every later figure beside two null models. Nothing is tuned on what is scored.

use std::sync::atomic::AtomicBool;

use world::{Factors, Scenario, World};

use crate::ensemble::{Box1, Ensemble, Fault, Plan, ensemble, quantiles, run_draws, stream};
use crate::history::{Past, Target};
use crate::sample::{Design, Sampler};

/// One wave.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// Worlds run.
    pub worlds: usize,
    /// How many of the worst figures a world may miss in this wave.
    pub spared: usize,
    /// Worlds left.
    pub left: usize,
    /// Factors whose range has become narrower.
    pub narrowed: usize,
}

/// What history leaves.
#[derive(Clone, Debug)]
pub struct Matched {
    /// The waves.
    pub waves: Vec<Wave>,
    /// Share of the prior that is ruled out by all figures together, judged on the first wave.
    pub ruled_out: f64,
    /// Share of the prior that each figure of the fit rules out alone.
    pub by_figure: Vec<(Target, f64)>,
    /// Factors that are narrower now: name, and the part of the unit interval that is left.
    pub ranges: Vec<(String, Box1)>,
    /// Draws that are left, row-major.
    pub draws: Vec<f64>,
    /// Their runs.
    pub ensemble: Ensemble,
    /// The prior's runs of the first wave.
    pub prior: Ensemble,
}

/// How many of the worst figures a world may miss, wave by wave: a cut on the third worst, the second worst, the worst.
const SPARED: [usize; 3] = [2, 1, 0];

/// Rules out worlds in waves.
///
/// # Errors
/// [`Fault`] of the design or a world.
pub fn matching(world: &World, past: &Past, worlds: u64, seed: u64, mut tick: impl FnMut(u64)) -> Result<Matched, Fault> {
    let fit: Vec<&Target> = past.targets.iter().filter(|t| !t.scored).collect();
    let count = Factors::<f64>::COUNT;
    let mut within: Vec<Box1> = vec![(0.0, 1.0); count];
    let (mut waves, mut prior, mut left) = (Vec::new(), None, Vec::new());
    let (mut ruled_out, mut by_figure) = (0.0, Vec::new());
    let (mut rows, mut own_seed): (Vec<u64>, u64) = (Vec::new(), seed);
    for (number, spared) in SPARED.into_iter().enumerate() {
        let plan = Plan { design: Design::LatinHypercube, worlds, seed: seed.wrapping_add(number as u64) };
        let run = ensemble(world, &plan, Some(&within), |_| {})?;
        tick(worlds);
        let table: Vec<Vec<f64>> =
            fit.iter().map(|t| t.predicted(&run.history).into_iter().map(|x| t.implausibility(x)).collect()).collect();
        let worst = |w: usize, spared: usize| {
            let mut all: Vec<f64> = table.iter().filter_map(|row| row.get(w).copied()).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            all.get(spared).copied().unwrap_or(0.0)
        };
        let kept: Vec<usize> = (0..run.history.worlds).filter(|w| worst(*w, spared) <= past.cut).collect();
        if number == 0 {
            let all = run.history.worlds.max(1) as f64;
            ruled_out = (0..run.history.worlds).filter(|w| worst(*w, 0) > past.cut).count() as f64 / all;
            by_figure = fit
                .iter()
                .zip(&table)
                .map(|(t, row)| ((*t).clone(), row.iter().filter(|i| **i > past.cut).count() as f64 / all))
                .collect();
        }
        let points = points(&plan, &within)?;
        let before = within.clone();
        within = narrowed(&points, &kept, &within);
        let narrower = before.iter().zip(&within).filter(|(b, w)| b != w).count();
        waves.push(Wave { worlds: run.history.worlds, spared, left: kept.len(), narrowed: narrower });
        rows = kept.iter().map(|w| *w as u64).collect();
        own_seed = plan.seed;
        left = kept.iter().flat_map(|w| run.draws.iter().skip(w * count).take(count).copied()).collect();
        prior = prior.or(Some(run));
        if kept.is_empty() {
            break;
        }
    }
    let names = Factors::<f64>::NAMES.iter().map(|(name, _)| (*name).to_owned());
    let ranges = names.zip(within).filter(|(_, w)| *w != (0.0, 1.0)).collect();
    let ensemble = run_draws(world, &left, &rows, own_seed)?;
    let prior = match prior {
        Some(prior) => prior,
        None => run_draws(world, &[], &[], seed)?,
    };
    Ok(Matched { waves, ruled_out, by_figure, ranges, draws: left, ensemble, prior })
}

/// Worlds of a plan whose past is near enough to every figure of the fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plausible {
    /// Numbers of the rows.
    pub rows: Vec<u64>,
    /// Their draws, row-major.
    pub draws: Vec<f64>,
    /// Worlds that were run.
    pub seen: u64,
    /// Worlds that history leaves, also where fewer rows are held here.
    pub kept: u64,
}

/// Draws a plan and keeps the worlds that history does not rule out; block by block, so that memory stays flat. `see` gets every world in
/// order of rows: draw, metrics, whether it is kept.
///
/// # Errors
/// As [`stream`].
pub fn plausible(
    world: &World,
    past: &Past,
    plan: &Plan,
    stop: &AtomicBool,
    mut see: impl FnMut(&[f64], &[f64], bool),
) -> Result<Plausible, Fault> {
    let fit: Vec<&Target> = past.targets.iter().filter(|t| !t.scored).collect();
    let (count, width) = (Factors::<f64>::COUNT, world.scenario.metrics.len());
    let mut out = Plausible::default();
    out.seen = stream(
        world,
        plan,
        None,
        stop,
        |_| true,
        |first, draws, metrics, history| {
            let Some(history) = history else { return };
            let predicted: Vec<Vec<f64>> = fit.iter().map(|t| t.predicted(history)).collect();
            for (w, draw) in draws.chunks_exact(count).enumerate() {
                let near = |(t, all): (&&Target, &Vec<f64>)| all.get(w).is_some_and(|x| t.implausibility(*x) <= past.cut);
                let kept = fit.iter().zip(&predicted).all(near);
                if kept {
                    out.rows.push(first + w as u64);
                    out.draws.extend_from_slice(draw);
                }
                see(draw, metrics.get(w * width..(w + 1) * width).unwrap_or(&[]), kept);
            }
        },
    )?;
    out.kept = out.rows.len() as u64;
    Ok(out)
}

/// The points of a wave in the unit cube of the prior.
fn points(plan: &Plan, within: &[Box1]) -> Result<Vec<f64>, Fault> {
    let count = Factors::<f64>::COUNT;
    let sampler = Sampler::new(plan.design, plan.worlds, count, plan.seed).map_err(Fault::Design)?;
    let mut points = Vec::new();
    sampler.fill(0, usize::try_from(plan.worlds).unwrap_or(usize::MAX), &mut points);
    for row in points.chunks_exact_mut(count) {
        for (u, (low, high)) in row.iter_mut().zip(within) {
            *u = low + *u * (high - low);
        }
    }
    Ok(points)
}

/// The part of each factor's range that is left: an end moves in only where the gap that the kept worlds leave there is far wider than
/// chance would make it with so many worlds (four times the mean gap).
fn narrowed(points: &[f64], kept: &[usize], within: &[Box1]) -> Vec<Box1> {
    let count = within.len();
    let far = 4.0 / (kept.len() as f64 + 1.0);
    within
        .iter()
        .enumerate()
        .map(|(k, (low, high))| {
            let own = kept.iter().filter_map(|w| points.get(w * count + k).copied());
            let (least, most) = own.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
            let (width, slack) = (high - low, far * (high - low) / 2.0);
            let from = if least.is_finite() && (least - low) / width > far { least - slack } else { *low };
            let to = if most.is_finite() && (high - most) / width > far { most + slack } else { *high };
            (from.max(*low), to.min(*high))
        })
        .collect()
}

/// One later figure beside what the worlds and the null models said.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The figure.
    pub target: Target,
    /// 5, 50 and 95 % of the worlds.
    pub predicted: [f64; 3],
    /// Whether it lies between the outer two.
    pub inside: bool,
    /// Distance of the median, in the variable's unit.
    pub error: f64,
    /// Distance of the last figure of the fit; none where there is no such figure.
    pub last_error: Option<f64>,
    /// Distance of the scripted buyer: the last figure times what both gates let through since; none where there is no such figure.
    pub scripted_error: Option<f64>,
}

/// Scores every later figure on worlds that history left.
pub fn scores_on(world: &World, past: &Past, left: &Ensemble) -> Vec<Score> {
    past.targets.iter().filter(|t| t.scored).map(|t| score(world, past, left, t)).collect()
}

fn score(world: &World, past: &Past, left: &Ensemble, target: &Target) -> Score {
    let worlds = target.predicted(&left.history);
    let predicted = quantiles(&worlds, [0.05, 0.5, 0.95]);
    let [low, median, high] = predicted;
    let last_error = target.last.map(|x| (x - target.value).abs());
    let open = if target.gated { passing(world, past, target) } else { 1.0 };
    let scripted_error = target.last.map(|x| (x * open - target.value).abs());
    Score {
        target: target.clone(),
        predicted,
        inside: low <= target.value && target.value <= high,
        error: (median - target.value).abs(),
        last_error,
        scripted_error,
    }
}

/// What the two gates let through in the figure's period against the last quarter of the fit, at central rates of the licences: a buyer
/// who follows the script and nothing else.
fn passing(world: &World, past: &Past, target: &Target) -> f64 {
    let run = world::run(world, &world.scenario.central(), 0, 0, true);
    let Some(history) = run.ok().and_then(|kept| kept.history) else { return 1.0 };
    let of = |name: &str, t: usize| Scenario::variable(name).and_then(|v| history.row(v, t).first().copied()).unwrap_or(1.0);
    let open = |t: usize| of("exporter_open", t) * of("importer_admission", t);
    let then = usize::try_from(past.fit_until.since(world.scenario.start)).unwrap_or(0);
    let quarters: Vec<usize> = target.quarters().collect();
    let now = quarters.iter().map(|t| open(*t)).sum::<f64>() / quarters.len().max(1) as f64;
    now / open(then).max(1e-9)
}

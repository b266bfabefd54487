//! Runs worlds: a pure function of scenario, gates, draws and seed. Eight worlds go side by side through one fused loop over the quarters,
//! on the widest vector instructions that the processor has; a single world in plain numbers is the reference.

use std::fmt;

use pulp::{Arch, Scalar, Simd, WithSimd};
use rand::RngExt;
use rand_pcg::Pcg64;

use crate::accounts::{Books, ROUNDING};
use crate::gates::{Gates, VendorGates, ask};
use crate::lane::{Lane, Pack};
use crate::names::{Factors, Luck, Variables};
use crate::scenario::{Over, Scenario};
use crate::state::State;
use crate::step::quarter;

/// A scenario with what its regimes say, ready to run.
#[derive(Clone, Debug)]
pub struct World {
    /// The scenario.
    pub scenario: Scenario,
    /// Its gates.
    pub gates: Gates,
    pub(crate) makers: usize,
    /// Years of growth by period up to each quarter.
    spans: Vec<[f64; 6]>,
    /// Whether each quarter lies beyond the last part of the catalogue.
    beyond: Vec<f64>,
    /// How the scenario goes on from each of its changes, the earliest first.
    chapters: Vec<Chapter>,
}

/// A stretch of a history that begins with a change.
#[derive(Clone, Debug)]
struct Chapter {
    /// Number of its first quarter.
    from: usize,
    /// The stance that the exporter's gate then takes.
    stance: Option<usize>,
    /// The scenario as it stands from then on, on the same gates.
    world: World,
    /// Whether the importer's politics takes over where its gate stood.
    takes_over: bool,
}

/// The first years of the periods in which budgets grow at rates of their own; the last goes on.
const PERIODS: [i16; 6] = [2022, 2023, 2024, 2025, 2026, 2029];

impl World {
    /// Asks the regimes and prepares the run.
    ///
    /// # Errors
    /// The problems of the regimes and drafts concerned.
    pub fn new(scenario: Scenario, library: &regime::Library) -> Result<World, Vec<facts::Problem>> {
        let gates = ask(&scenario, library)?;
        Ok(World::with(scenario, gates))
    }

    /// A world on gates that are known already.
    pub fn with(scenario: Scenario, gates: Gates) -> World {
        let mut chapters: Vec<Chapter> = Vec::new();
        for change in &scenario.changes {
            let from = usize::try_from(change.from.since(scenario.start)).unwrap_or(0);
            let world = World::alone(scenario.in_force(change.from), gates.clone());
            let gate = |s: &Scenario| s.levers.importer_gate;
            let before = chapters.last().map_or(gate(&scenario), |c| gate(&c.world.scenario));
            let now = &world.scenario;
            let takes_over = before > gate(now) && now.levers.importer_responds > 0.0 && change.from > now.known;
            chapters.push(Chapter { from, stance: change.stance, world, takes_over });
        }
        World { chapters, ..World::alone(scenario, gates) }
    }

    /// A world without regard to what changes.
    fn alone(scenario: Scenario, gates: Gates) -> World {
        let spans = (0..scenario.quarters).map(|t| spans(&scenario, t)).collect();
        let lead = gates.vendors.first().map(|v| v.top.tpp.iter().step_by(gates.stances).copied().collect::<Vec<f64>>());
        let last = lead.as_ref().and_then(|tpp| (1..tpp.len()).rev().find(|t| tpp.get(*t) != tpp.get(t - 1))).unwrap_or(0);
        let beyond = (0..scenario.quarters).map(|t| if t > last { 1.0 } else { 0.0 }).collect();
        let makers = scenario.makers.len().min(2);
        World { scenario, gates, makers, spans, beyond, chapters: Vec::new() }
    }

    /// What a draw from another world's range of a factor is here.
    fn factor(&self, drawn_from: &World, place: usize, x: f64) -> f64 {
        match (self.scenario.factors.get(place), drawn_from.scenario.factors.get(place)) {
            (Some(own), Some(other)) => own.in_place_of(other, x),
            _ => x,
        }
    }

    #[inline(always)]
    pub(crate) fn vendor(&self, v: usize) -> Option<&VendorGates> {
        self.gates.vendors.get(v)
    }

    #[inline(always)]
    pub(crate) fn years_by_period(&self, t: usize) -> [f64; 6] {
        self.spans.get(t).copied().unwrap_or([0.0; 6])
    }

    #[inline(always)]
    pub(crate) fn beyond_catalogue(&self, t: usize) -> f64 {
        self.beyond.get(t).copied().unwrap_or(0.0)
    }

    /// 1 after the last quarter whose law is known.
    #[inline(always)]
    pub(crate) fn after_known(&self, t: usize) -> f64 {
        if self.scenario.quarter(t) > self.scenario.known { 1.0 } else { 0.0 }
    }

    /// 1 while the regulator may move.
    #[inline(always)]
    pub(crate) fn regulator_moves(&self, t: usize) -> f64 {
        if self.scenario.quarter(t) >= self.scenario.moves_from { self.scenario.levers.regulator_moves } else { 0.0 }
    }

    /// The quarter as a year with decimals.
    #[inline(always)]
    pub(crate) fn year(&self, t: usize) -> f64 {
        self.scenario.quarter(t).time()
    }

    /// The part of the foreign foundry's deliveries that falls into a quarter.
    #[inline(always)]
    pub(crate) fn die_delivery(&self, t: usize) -> f64 {
        let (from, to) = self.scenario.die_bank;
        let quarter = self.scenario.quarter(t);
        if from <= quarter && quarter <= to { 1.0 / f64::from(to.since(from) + 1) } else { 0.0 }
    }
}

impl Chapter {
    /// Moves the exporter's gate where the change says so; an importer whose politics takes over admits at first what its gate did.
    fn begin<T: Lane>(&self, s: &mut State<T>) {
        if let Some(stance) = self.stance {
            s.stance = T::splat(stance as f64);
        }
        if self.takes_over {
            s.admission = s.admitted_before;
        }
    }
}

/// Years that have passed in each period at the middle of a quarter, counted from the middle of the first.
fn spans(scenario: &Scenario, t: usize) -> [f64; 6] {
    let mut out = [0.0; 6];
    for past in 0..t {
        let year = scenario.quarter(past + 1).year;
        let period = PERIODS.iter().rposition(|first| *first <= year).unwrap_or(0);
        if let Some(place) = out.get_mut(period) {
            *place += 0.25;
        }
    }
    out
}

/// What worlds reported: `variable × quarter × world`.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Quarters.
    pub quarters: usize,
    /// Worlds.
    pub worlds: usize,
    /// Variables one after the other, in the order of [`Variables::NAMES`].
    pub values: Vec<f64>,
}

impl History {
    fn new(quarters: usize, worlds: usize) -> History {
        History { quarters, worlds, values: vec![0.0; Variables::<f64>::COUNT * quarters * worlds] }
    }

    /// Histories of the same horizon, one after the other.
    pub fn join(parts: &[History]) -> History {
        let quarters = parts.first().map_or(0, |h| h.quarters);
        let worlds = parts.iter().map(|h| h.worlds).sum();
        let mut values = Vec::with_capacity(Variables::<f64>::COUNT * quarters * worlds);
        for variable in 0..Variables::<f64>::COUNT {
            for t in 0..quarters {
                parts.iter().for_each(|part| values.extend_from_slice(part.row(variable, t)));
            }
        }
        History { quarters, worlds, values }
    }

    /// One variable in one quarter over all worlds.
    pub fn row(&self, variable: usize, quarter: usize) -> &[f64] {
        let from = (variable * self.quarters + quarter) * self.worlds;
        self.values.get(from..from + self.worlds).unwrap_or(&[])
    }

    /// One variable of one world over the quarters.
    pub fn path(&self, variable: usize, world: usize) -> Vec<f64> {
        (0..self.quarters).filter_map(|t| self.row(variable, t).get(world).copied()).collect()
    }

    /// A metric over all worlds.
    pub fn metric(&self, scenario: &Scenario, of: usize, over: Over, from: usize, to: usize) -> Vec<f64> {
        (0..self.worlds)
            .map(|w| {
                draw_together(
                    over,
                    from,
                    to,
                    |t| self.row(of, t).get(w).copied().unwrap_or(f64::NAN),
                    |t| scenario.quarter(t).time(),
                )
            })
            .collect()
    }
}

fn draw_together(over: Over, from: usize, to: usize, value: impl Fn(usize) -> f64, year: impl Fn(usize) -> f64) -> f64 {
    let values = || (from..=to).map(&value);
    match over {
        Over::At => value(from),
        Over::Sum => values().sum(),
        Over::Mean => values().sum::<f64>() / (to - from + 1) as f64,
        Over::Max => values().fold(f64::NEG_INFINITY, f64::max),
        Over::Min => values().fold(f64::INFINITY, f64::min),
        Over::FirstAbove(level) => (from..=to).find(|t| value(*t) >= level).map_or(f64::NAN, year),
    }
}

/// A run that must not be believed.
#[derive(Clone, Debug, PartialEq)]
pub enum Broken {
    /// Something is not a number.
    NotANumber {
        /// The variable whose equation gave it.
        variable: &'static str,
        /// When.
        quarter: String,
        /// In which draw.
        row: u64,
    },
    /// An account does not balance.
    Account {
        /// Which.
        account: &'static str,
        /// When.
        quarter: String,
        /// In which draw.
        row: u64,
        /// By how much, relative to its size.
        residual: f64,
    },
    /// The draws have the wrong shape.
    Shape {
        /// Factors a draw must have.
        wanted: usize,
        /// Numbers given.
        given: usize,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::NotANumber { variable, quarter, row } => write!(f, "`{variable}` is not a number in {quarter} of draw {row}"),
            Broken::Account { account, quarter, row, residual } => {
                write!(
                    f,
                    "the account `{account}` does not balance in {quarter} of draw {row}: off by {residual:.1e} of its size"
                )
            }
            Broken::Shape { wanted, given } => write!(f, "{given} numbers are no whole draws of {wanted} factors"),
        }
    }
}

impl std::error::Error for Broken {}

/// The chances of one draw: numbers that depend on seed, row, quarter and place alone, so that any draw is replayed by its number and a
/// longer horizon keeps the quarters before.
fn luck(seed: u64, row: u64, quarters: usize) -> Vec<f64> {
    let mut rng = Pcg64::new((u128::from(seed) << 64) | 0x9e37_79b9_7f4a_7c15, u128::from(row));
    (0..quarters * Luck::<f64>::COUNT).map(|_| rng.random::<f64>()).collect()
}

/// Runs one bundle of worlds and sees every quarter.
#[inline(always)]
fn bundle<T: Lane, S: Simd>(
    simd: S,
    world: &World,
    draws: &[f64],
    rows: &[u64],
    seed: u64,
    mut see: impl FnMut(usize, &Variables<T>, &Books<T>),
) {
    let width = Factors::<f64>::COUNT;
    let count = draws.len() / width;
    let lane = |l: usize| l.min(count.saturating_sub(1));
    let f = Factors::from_fn(
        #[inline(always)]
        |k| T::each(|l| draws.get(lane(l) * width + k).copied().unwrap_or(f64::NAN)),
    );
    let number = |l: usize| rows.get(lane(l)).copied().unwrap_or(0);
    let chances: Vec<Vec<f64>> = (0..T::WIDTH).map(|l| luck(seed, number(l), world.scenario.quarters)).collect();
    let mut state = State::start(world, &f);
    let (mut now, mut f) = (world, f);
    for t in 0..world.scenario.quarters {
        for chapter in world.chapters.iter().filter(|chapter| chapter.from == t) {
            now = &chapter.world;
            chapter.begin(&mut state);
            f = Factors::from_fn(
                #[inline(always)]
                |k| T::each(|l| now.factor(world, k, draws.get(lane(l) * width + k).copied().unwrap_or(f64::NAN))),
            );
        }
        let luck = Luck::from_fn(
            #[inline(always)]
            |k| T::each(|l| chances.get(l).and_then(|c| c.get(t * Luck::<f64>::COUNT + k)).copied().unwrap_or(0.5)),
        );
        let (report, books) = quarter(simd, now, t, &f, &luck, &mut state);
        see(t, &report, &books);
    }
}

fn shape(draws: &[f64]) -> Result<(), Broken> {
    let wanted = Factors::<f64>::COUNT;
    if draws.is_empty() || !draws.len().is_multiple_of(wanted) {
        Err(Broken::Shape { wanted, given: draws.len() })
    } else {
        Ok(())
    }
}

/// The first fault of a quarter, by name.
fn check<T: Lane>(world: &World, t: usize, report: &Variables<T>, books: &Books<T>, rows: &[u64]) -> Option<Broken> {
    let when = || world.scenario.quarter(t).to_string();
    let mut fault = None;
    for (lane, row) in rows.iter().enumerate() {
        report.each(|v, x| {
            if fault.is_none() && !x.lane(lane).is_finite() {
                let variable = Variables::<f64>::NAMES.get(v).map_or("", |n| n.0);
                fault = Some(Broken::NotANumber { variable, quarter: when(), row: *row });
            }
        });
        for (account, residual) in books.entries() {
            let residual = residual.lane(lane);
            if fault.is_none() && (residual.is_nan() || residual > ROUNDING) {
                fault = Some(Broken::Account { account, quarter: when(), row: *row, residual });
            }
        }
    }
    fault
}

/// What is kept of a run.
pub struct Kept {
    /// Metrics, row-major: world × metric, in the order of the scenario.
    pub metrics: Vec<f64>,
    /// Every variable of every quarter, where asked for.
    pub history: Option<History>,
}

/// Runs worlds, eight at a time.
///
/// `draws` is row-major, one row of [`Factors::COUNT`] numbers a world; `first` is the number of its first row in the study.
///
/// # Errors
/// [`Broken`] names the equation or account, the quarter and the draw.
pub fn run(world: &World, draws: &[f64], first: u64, seed: u64, history: bool) -> Result<Kept, Broken> {
    let rows: Vec<u64> = (first..first + (draws.len() / Factors::<f64>::COUNT) as u64).collect();
    run_rows(world, draws, &rows, seed, history)
}

/// The same for rows whose numbers are not in a row: `rows` has the number of each.
///
/// # Errors
/// As [`run`].
#[inline(never)]
pub fn run_rows(world: &World, draws: &[f64], rows: &[u64], seed: u64, history: bool) -> Result<Kept, Broken> {
    shape(draws)?;
    if rows.len() * Factors::<f64>::COUNT != draws.len() {
        return Err(Broken::Shape { wanted: rows.len() * Factors::<f64>::COUNT, given: draws.len() });
    }
    Arch::new().dispatch(Wide { world, draws, rows, seed, history })
}

/// The same in plain numbers, one world after the other, with the standard library's exp and ln: the readable reference that the wide run is
/// held against.
///
/// # Errors
/// As [`run`].
pub fn reference(world: &World, draws: &[f64], first: u64, seed: u64, history: bool) -> Result<Kept, Broken> {
    shape(draws)?;
    let rows: Vec<u64> = (first..first + (draws.len() / Factors::<f64>::COUNT) as u64).collect();
    bundles::<f64, Scalar>(Scalar, world, draws, &rows, seed, history)
}

struct Wide<'a> {
    world: &'a World,
    draws: &'a [f64],
    rows: &'a [u64],
    seed: u64,
    history: bool,
}

impl WithSimd for Wide<'_> {
    type Output = Result<Kept, Broken>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        bundles::<Pack, S>(simd, self.world, self.draws, self.rows, self.seed, self.history)
    }
}

#[inline(always)]
fn bundles<T: Lane, S: Simd>(
    simd: S,
    world: &World,
    draws: &[f64],
    numbers: &[u64],
    seed: u64,
    history: bool,
) -> Result<Kept, Broken> {
    let width = Factors::<f64>::COUNT;
    let (worlds, quarters) = (draws.len() / width, world.scenario.quarters);
    let count = Variables::<f64>::COUNT;
    let mut kept = Kept { metrics: Vec::with_capacity(worlds * world.scenario.metrics.len()), history: None };
    let mut all = history.then(|| History::new(quarters, worlds));
    // What is kept of each quarter: everything for a history, otherwise what the metrics look at.
    let mut places = vec![usize::MAX; count];
    let mut width_kept = 0;
    for (v, place) in places.iter_mut().enumerate() {
        if history || world.scenario.metrics.iter().any(|m| m.of == v) {
            *place = width_kept;
            width_kept += 1;
        }
    }
    let mut table = vec![T::zero(); width_kept * quarters];
    for (bundle_at, rows) in draws.chunks(width * T::WIDTH).enumerate() {
        let start = bundle_at * T::WIDTH;
        let lanes = rows.len() / width;
        let own = numbers.get(start..start + lanes).unwrap_or(&[]);
        let mut fault = None;
        bundle::<T, S>(
            simd,
            world,
            rows,
            own,
            seed,
            #[inline(always)]
            |t, report, books| {
                // What is not a number stays so when multiplied by zero; the accounts are compared with what rounding may leave.
                let mut sum = books.off();
                report.each(
                    #[inline(always)]
                    |_, x| sum = sum + x * T::zero(),
                );
                let sound = T::if_less(sum, T::splat(ROUNDING), T::zero(), T::one());
                if fault.is_none() && (0..lanes).any(|l| sound.lane(l) > 0.0) {
                    fault = check(world, t, report, books, own);
                }
                let row = table.get_mut(t * width_kept..(t + 1) * width_kept).unwrap_or(&mut []);
                report.each(
                    #[inline(always)]
                    |v, x| {
                        if let Some(place) = places.get(v).and_then(|at| row.get_mut(*at)) {
                            *place = x;
                        }
                    },
                );
            },
        );
        if let Some(fault) = fault {
            return Err(fault);
        }
        for l in 0..lanes {
            for metric in &world.scenario.metrics {
                let of = places.get(metric.of).copied().unwrap_or(usize::MAX);
                let value = |t: usize| table.get((t * width_kept).saturating_add(of)).map_or(f64::NAN, |x| x.lane(l));
                kept.metrics.push(draw_together(metric.over, metric.from, metric.to, value, |t| world.year(t)));
            }
        }
        if let Some(all) = &mut all {
            for (at, x) in table.iter().enumerate() {
                let place = at % count * quarters + at / count;
                for l in 0..lanes {
                    if let Some(cell) = all.values.get_mut(place * worlds + start + l) {
                        *cell = x.lane(l);
                    }
                }
            }
        }
    }
    kept.history = all;
    Ok(kept)
}

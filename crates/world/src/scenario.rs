//! Scenarios as data: start, horizon, gates, vendors, stances, factors with ranges and sources, switches, levers, metrics. A scenario may
//! inherit from another and override. Checked like a regime: all problems at once, each with file, line and hint.

mod changes;
mod draft;

use facts::{Date, Pack, Problem, Quarter, Source, nearest, parse_toml};

pub use self::changes::{Change, Departed, Departure, departures};
use self::draft::Draft;
use crate::names::{Factors, Levers, Switches, Variables};
use crate::shape::Shape;

/// How a factor's uncertainty is spread between its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Most likely at the central value, straight down to the ends.
    Triangular,
    /// Alike from end to end.
    Uniform,
    /// Alike in orders of magnitude.
    LogUniform,
}

/// One thing that is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorSpec {
    /// Lowest value.
    pub low: f64,
    /// Central value.
    pub central: f64,
    /// Highest value.
    pub high: f64,
    /// How it is spread.
    pub spread: Spread,
    /// Where the range comes from.
    pub source: String,
    /// How sure it is: high, medium, low or judgement.
    pub confidence: String,
}

impl FactorSpec {
    /// The shape of its spread; none where it is a known number.
    pub fn shape(&self) -> Option<Shape> {
        let (low, high) = (self.low, self.high);
        if low >= high {
            return None;
        }
        Some(match self.spread {
            Spread::Triangular => Shape::Triangular { low, mode: self.central, high },
            Spread::Uniform => Shape::Uniform { low, high },
            Spread::LogUniform => Shape::LogUniform { low, high },
        })
    }

    /// Whether draws from both are the same: sources aside, the ranges are.
    pub fn same_range(&self, other: &FactorSpec) -> bool {
        (self.low, self.central, self.high, self.spread) == (other.low, other.central, other.high, other.spread)
    }

    /// The value that stands as far along this range as `x` along another.
    pub fn in_place_of(&self, other: &FactorSpec, x: f64) -> f64 {
        if self.same_range(other) {
            return x;
        }
        // A number that was known says nothing of where it stands: the middle then.
        let share = other.shape().map_or(0.5, |shape| shape.share(x));
        self.shape().map_or(self.central, |shape| shape.quantile(share))
    }
}

/// A gate, or another question to a regime.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// The regime; empty where there is no gate.
    pub regime: String,
    /// Whose gate it is.
    pub country: String,
    /// Facts of the question.
    pub facts: Vec<(String, String)>,
    /// Facts of a buyer whom the importer approved.
    pub approved: Vec<(String, String)>,
    /// Facts of a data center with state funds.
    pub state_funded: Vec<(String, String)>,
    /// The clause of the importer's regime that puts a part's security in question.
    pub security_clause: String,
}

/// A foreign vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct VendorSpec {
    /// Its name in the catalogue.
    pub name: String,
    /// Its parts for the whole world that take part.
    pub parts: Vec<String>,
    /// Quarters from the announcement of a part to its sale.
    pub launch_lag: i32,
}

/// A rung of the ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct Stance {
    /// Its name.
    pub id: String,
    /// The draft that makes it; none for the law as it is.
    pub draft: Option<String>,
}

/// A figure of a run: a variable drawn together over quarters.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub id: String,
    /// What a reader sees.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// Place of the variable in [`Variables::NAMES`].
    pub of: usize,
    /// How it is drawn together.
    pub over: Over,
    /// First quarter, from the start.
    pub from: usize,
    /// Last quarter.
    pub to: usize,
    /// Unit of the figure.
    pub unit: String,
    /// Whether more is better.
    pub better: Better,
}

/// Whether more of a metric is better, as the scenario says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is.
    More,
    /// Less is.
    Less,
    /// Nobody can say.
    Neither,
}

/// A variable that a reader is shown over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Place of the variable.
    pub of: usize,
    /// What a reader sees.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
}

/// How a metric draws quarters together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// The value in its first quarter.
    At,
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The first quarter (as a year with decimals) in which it reaches a level; not a number where it never does.
    FirstAbove(f64),
}

/// One scenario, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub id: String,
    /// The scenario that it inherits from.
    pub parent: Option<String>,
    /// Title, in English and Chinese.
    pub title: [String; 2],
    /// The question that it asks.
    pub question: [String; 2],
    /// First quarter.
    pub start: Quarter,
    /// How many quarters.
    pub quarters: usize,
    /// Last quarter whose law is known; politics moves after it.
    pub known: Quarter,
    /// From here the regulator moves, where it does.
    pub moves_from: Quarter,
    /// Use only law that was published by this day.
    pub published_by: Option<Date>,
    /// The exporter's gate.
    pub exporter: Gate,
    /// The importer's gate.
    pub importer: Gate,
    /// How much better a part must be before a vendor designs it for a licence.
    pub design_worth: f64,
    /// Where parts are made.
    pub maker_country: String,
    /// Foreign vendors, at most two.
    pub vendors: Vec<VendorSpec>,
    /// Domestic makers' names, at most two.
    pub makers: Vec<String>,
    /// The part that compute is counted in.
    pub reference: String,
    /// Its performance in TPP, from the catalogue.
    pub reference_tpp: f64,
    /// Its memory bandwidth in GB/s.
    pub reference_bandwidth: f64,
    /// Memory stacks on their way to the importer.
    pub memory: Gate,
    /// The importer's reply: a shipment that it may stop.
    pub reply: Gate,
    /// First and last quarter in which the foreign foundry delivered.
    pub die_bank: (Quarter, Quarter),
    /// The ladder, tightest first.
    pub stances: Vec<Stance>,
    /// The stance that holds at the start.
    pub stance: usize,
    /// Parts on the timeline.
    pub shown: Vec<String>,
    /// One for each of [`Factors::NAMES`].
    pub factors: Vec<FactorSpec>,
    /// Switches.
    pub switches: Switches,
    /// Levers.
    pub levers: Levers,
    /// What becomes otherwise from a day on, the earliest first.
    pub changes: Vec<Change>,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// Texts that made it, base first, for the hash of a study.
    pub text: String,
}

impl Scenario {
    /// Names of the scenarios in a pack.
    pub fn names(pack: &Pack) -> Vec<String> {
        pack.under("scenarios/")
            .filter_map(|s| s.path.strip_prefix("scenarios/")?.strip_suffix(".toml").map(str::to_owned))
            .collect()
    }

    /// Reads a scenario and what it inherits.
    ///
    /// Returns none where something is wrong; every problem is then in `problems`.
    pub fn read(pack: &Pack, id: &str, library: &regime::Library, problems: &mut Vec<Problem>) -> Option<Scenario> {
        let before = problems.len();
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(name) = next.take() {
            let Some(source) = pack.get(&format!("scenarios/{name}.toml")) else {
                let known = Scenario::names(pack);
                let near = nearest(&name, known.iter().map(String::as_str)).join(", ");
                let hint = if near.is_empty() { format!("known: {}", known.join(", ")) } else { format!("near it: {near}") };
                let from = chain
                    .last()
                    .map_or(Source { path: "scenarios/".to_owned(), text: String::new() }, |s: &&Source| (*s).clone());
                problems.push(from.problem(0..0, format!("no scenario `{name}`")).hint(hint));
                return None;
            };
            if chain.iter().any(|s: &&Source| s.path == source.path) {
                problems
                    .push(source.problem(0..0, format!("`{name}` inherits from itself")).hint("break the circle of `inherits`"));
                return None;
            }
            chain.push(source);
            next = inherits(source);
        }
        let mut draft = Draft::default();
        for source in chain.iter().rev() {
            draft.take(source, problems);
        }
        let last = chain.first()?;
        let scenario = draft.finish(id, last, library, problems);
        if problems.iter().skip(before).any(|p| p.severity == facts::Severity::Error) { None } else { scenario }
    }

    /// How the law is looked at.
    pub fn lens(&self) -> regime::Lens {
        regime::Lens { view: regime::View::Practice, known: self.published_by }
    }

    /// A factor's place by name.
    pub fn factor(name: &str) -> Option<usize> {
        Factors::<f64>::NAMES.iter().position(|(n, _)| *n == name)
    }

    /// A variable's place by name.
    pub fn variable(name: &str) -> Option<usize> {
        Variables::<f64>::NAMES.iter().position(|(n, _)| *n == name)
    }

    /// The draw in which every factor has its central value.
    pub fn central(&self) -> Vec<f64> {
        self.factors.iter().map(|f| f.central).collect()
    }

    /// Quarter number `at`.
    pub fn quarter(&self, at: usize) -> Quarter {
        self.start.plus(at as i32)
    }
}

/// The longest horizon in quarters.
pub const LONGEST: usize = 400;

impl Over {
    /// Reads `at`, `sum`, `mean`, `max`, `min`, `first_above`.
    pub fn read(text: &str, level: Option<f64>) -> Option<Over> {
        Some(match text {
            "at" => Over::At,
            "sum" => Over::Sum,
            "mean" => Over::Mean,
            "max" => Over::Max,
            "min" => Over::Min,
            "first_above" => Over::FirstAbove(level?),
            _ => return None,
        })
    }
}

/// Places of two quarters in a horizon; an empty text stands for the end on that side, a quarter beyond the horizon for its last.
///
/// # Errors
/// A sentence that says which text is no quarter, or that the stretch lies before the start.
pub fn span(start: Quarter, quarters: usize, from: &str, to: &str) -> Result<(usize, usize), String> {
    let last = quarters.saturating_sub(1);
    let place = |text: &str, empty: usize| -> Result<usize, String> {
        if text.is_empty() {
            return Ok(empty);
        }
        let at = Quarter::parse(text)?.since(start);
        usize::try_from(at).map(|at| at.min(last)).map_err(|_| format!("{text} lies before the start"))
    };
    let from = place(from, 0)?;
    Ok((from, place(to, if to.is_empty() && from > 0 { from.max(last) } else { last })?.max(from)))
}

fn inherits(source: &Source) -> Option<String> {
    let table = parse_toml(source, 0..source.text.len(), &mut Vec::new());
    Some(table.get_ref().get("inherits")?.get_ref().as_str()?.to_owned())
}

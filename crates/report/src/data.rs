//! What a report holds. All of it is plain data: numbers as `f64`, times in decimal years (2024.25 is the second quarter of
//! 2024), texts already in the language of the page. A number that is missing is NaN.

use serde::Serialize;

use crate::unit::Unit;

/// A whole report, in the order of the page. An empty list leaves its section out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Name of the study.
    pub title: String,
    /// What was asked.
    pub question: String,
    /// The short answer, a sentence each.
    pub summary: Vec<String>,
    /// How many worlds were run.
    pub worlds: usize,
    /// How many quarters each of them lasts.
    pub quarters: usize,
    /// Where the random numbers began.
    pub seed: u64,
    /// What was run, by name and hash: packs, scenario, program.
    pub hashes: Vec<(String, String)>,
    /// Both gates, part by part, over time.
    pub timeline: Vec<GateRow>,
    /// What may come, quantity by quantity.
    pub fans: Vec<Fan>,
    /// Money by quarter.
    pub receipts: Vec<Bars>,
    /// The share of worlds in which each stance holds, scenario by scenario.
    pub stances: Vec<StancePaths>,
    /// Names of the scenarios, the base first.
    pub scenarios: Vec<String>,
    /// From which day on the others are otherwise than the base, and in what; a sentence each.
    pub departures: Vec<String>,
    /// Differences of the other scenarios from the base.
    pub comparison: Vec<Comparison>,
    /// Published sentences and what the study says to them.
    pub claims: Vec<ClaimRow>,
    /// What was assumed, and from where.
    pub assumptions: Vec<Assumption>,
    /// How far to believe it, a sentence each.
    pub beliefs: Vec<String>,
    /// What was predicted for quarters that the fit had not seen.
    pub backtest: Vec<ScoreRow>,
}

/// One part at one gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GateRow {
    /// Whose gate.
    pub gate: String,
    /// Which part, or which kind of part.
    pub part: String,
    /// From when to when it stood how.
    pub spans: Vec<Span>,
}

/// A stretch of time under one status.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Span {
    /// First moment, in decimal years.
    pub from: f64,
    /// The moment after the last.
    pub to: f64,
    /// How the gate stood.
    pub status: Status,
    /// A few words for the bar; left out where they do not fit.
    pub label: String,
    /// The clause or announcement that did it.
    pub by: String,
}

/// How a gate stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Nothing is asked.
    Open,
    /// A licence is needed and may be had.
    Licence,
    /// A licence is needed and presumed denied.
    Denied,
    /// Forbidden or turned away.
    Closed,
    /// Nobody can tell.
    #[default]
    Unknown,
}

/// A quantity over time with its spread, and what was observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Fan {
    /// Name of the anchor; two fans must differ.
    pub id: String,
    /// Name of the quantity.
    pub title: String,
    /// Its unit.
    pub unit: Unit,
    /// Times, in decimal years.
    pub x: Vec<f64>,
    /// The 5, 25, 50, 75 and 95 % points, each as long as `x`.
    pub bands: [Vec<f64>; 5],
    /// What was observed.
    pub dots: Vec<Dot>,
    /// Where known law ends.
    pub known_until: Option<f64>,
    /// Medians of the compared scenarios, each as long as `x`.
    pub others: Vec<(String, Vec<f64>)>,
}

/// An observation.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Dot {
    /// When, in decimal years.
    pub x: f64,
    /// How much.
    pub y: f64,
    /// What it is, for the tooltip.
    pub label: String,
    /// Whether it came after the fit, and so tests it.
    pub scored: bool,
}

/// An amount by quarter, with its 5 to 95 % range.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Bars {
    /// What is counted.
    pub title: String,
    /// Its unit.
    pub unit: Unit,
    /// Quarters, in decimal years.
    pub x: Vec<f64>,
    /// Medians.
    pub median: Vec<f64>,
    /// 5 % points.
    pub low: Vec<f64>,
    /// 95 % points.
    pub high: Vec<f64>,
}

/// Which stance holds when.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StancePaths {
    /// Under which scenario.
    pub scenario: String,
    /// Quarters, in decimal years.
    pub x: Vec<f64>,
    /// Names of the stances, from the most closed to the most open.
    pub names: Vec<String>,
    /// Share of worlds from 0 to 1, by stance, then by quarter.
    pub share: Vec<Vec<f64>>,
}

/// A metric under the base scenario, and how the others differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the metric.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// Its value under the base.
    pub base: Interval,
    /// By scenario: the difference from the base on the same worlds, and the share of worlds in which it is higher.
    pub others: Vec<(String, Interval, f64)>,
}

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Better {
    /// More is better.
    More,
    /// Less is better.
    Less,
    /// Neither: it depends on whom one asks.
    #[default]
    Neither,
}

/// 5, 50 and 95 % points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Interval {
    /// 5 % point.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 95 % point.
    pub high: f64,
}

/// A published sentence, tested.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClaimRow {
    /// Short name.
    pub id: String,
    /// What it says.
    pub says: String,
    /// What kind of claim it is.
    pub kind: String,
    /// What the study says to it.
    pub verdict: Verdict,
    /// The figures behind the verdict.
    pub figures: String,
    /// Who said it, where.
    pub source: String,
}

/// What a study says to a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// Holds in nearly all worlds.
    Supported,
    /// Fails in nearly all worlds.
    Contradicted,
    /// Holds in some: on what it hangs is said.
    Contingent,
    /// Cannot be told.
    #[default]
    Undetermined,
}

/// A number that the study takes as given, as text so that it stands as it was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Assumption {
    /// Name.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// Its unit.
    pub unit: String,
    /// Low end of the range.
    pub low: String,
    /// Central value.
    pub central: String,
    /// High end.
    pub high: String,
    /// Where it comes from.
    pub source: String,
    /// How sure the source is.
    pub confidence: String,
}

/// A prediction beside what was published, and beside a model that knows nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScoreRow {
    /// What was observed, and when.
    pub observation: String,
    /// The published figure.
    pub published: f64,
    /// Its unit.
    pub unit: Unit,
    /// What was predicted.
    pub predicted: Interval,
    /// Whether the figure lies in the predicted range.
    pub inside: bool,
    /// Size of the error of the predicted median.
    pub error: f64,
    /// Size of the error of repeating the last known value; none where there is no such value.
    pub last_error: Option<f64>,
    /// Size of the error of a buyer who follows the script of the gates; none where there is no last known value.
    pub scripted_error: Option<f64>,
}

//! Which published figure speaks about which variable of the world, and how closely: `data/history/observations.toml` over the series.

use facts::{Keys, Pack, Problem, Quarter, Source, nearest, parse_toml};
use world::{History, Scenario, Variables};

use crate::series::{Observation, Series};

/// How a variable's quarters make up a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// The sum of the quarters that the period covers, each by the share of it.
    Sum,
    /// Their mean by those shares.
    Mean,
    /// The sum from a quarter on up to the end of the period; the figure is then the rise since that quarter.
    Total,
}

/// What of the world a figure speaks about: a variable, or two joined after each is gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Place of the variable.
    pub first: usize,
    /// How another is joined to it, and its place.
    pub and: Option<(Join, usize)>,
}

/// How two variables make one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `a + b`
    Plus,
    /// `a - b`
    Less,
    /// `a / b`
    Per,
}

impl Join {
    const ALL: [(&'static str, Join); 3] = [(" + ", Join::Plus), (" - ", Join::Less), (" / ", Join::Per)];

    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Join::Plus => a + b,
            Join::Less => a - b,
            Join::Per => a / b,
        }
    }
}

impl Of {
    /// Its unit: that of the variable, or one by the other.
    pub fn unit(self) -> String {
        let unit = |of: usize| Variables::<f64>::NAMES.get(of).map_or("", |n| n.1);
        match self.and {
            Some((Join::Per, below)) => format!("{}/{}", unit(self.first), unit(below)),
            _ => unit(self.first).to_owned(),
        }
    }

    /// Whether it is this variable and nothing else.
    pub fn is(self, variable: usize) -> bool {
        self == Of { first: variable, and: None }
    }
}

/// One published figure in the terms of the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Name of the observation.
    pub id: String,
    /// What a reader sees, in English and Chinese.
    pub title: [String; 2],
    /// The series.
    pub series: String,
    /// The period as published.
    pub period: String,
    /// The figure, in the variable's unit.
    pub value: f64,
    /// What it speaks about.
    pub of: Of,
    /// Standard deviation of the figure (variable's unit).
    pub sd: f64,
    /// Standard deviation of what the model leaves out.
    pub discrepancy: f64,
    /// Whether it is only scored.
    pub scored: bool,
    /// The series' last figure of the time of the fit, in the same unit.
    pub last: Option<f64>,
    /// Whether the gates stand between this figure and the one before.
    pub gated: bool,
    /// Where it was published.
    pub source: String,
    /// How sure it is.
    pub confidence: String,
    /// Middle of the period, as a year with decimals.
    pub at: f64,
    gather: Gather,
    weights: Vec<(usize, f64)>,
}

/// What happened in one stretch against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// Its name.
    pub id: String,
    /// What a reader sees.
    pub title: [String; 2],
    /// Place of the variable.
    pub of: usize,
    /// First and last quarter before.
    pub before: (usize, usize),
    /// First and last quarter after.
    pub after: (usize, usize),
    /// Whether the ratio of means should be above the level.
    pub above: bool,
    /// The level.
    pub level: f64,
    /// Where it is published.
    pub source: String,
}

/// Later figures that are not scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Unscored {
    /// Why, in English and Chinese.
    pub why: [String; 2],
    /// Their series.
    pub series: Vec<String>,
    /// How many dated figures.
    pub figures: usize,
}

/// Everything that the past says about a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Figures in the terms of the world.
    pub targets: Vec<Target>,
    /// Named validations.
    pub validations: Vec<Validation>,
    /// The cut of the implausibility.
    pub cut: f64,
    /// Later figures that have no variable in the world.
    pub unscored: Vec<Unscored>,
    /// Last quarter of the fit.
    pub fit_until: Quarter,
}

const PATH: &str = "history/observations.toml";

impl Past {
    /// Reads the observations of a pack for a scenario.
    pub fn read(pack: &Pack, series: &[Series], scenario: &Scenario, problems: &mut Vec<Problem>) -> Option<Past> {
        let Some(source) = pack.get(PATH) else {
            let nowhere = Source { path: PATH.to_owned(), text: String::new() };
            problems.push(nowhere.problem(0..0, "there are no observations").hint("a pack holds history/observations.toml"));
            return None;
        };
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), 0..0, problems);
        let fit_until = keys.must("fit_until").and_then(|text| match Quarter::parse(&text.value) {
            Ok(quarter) => Some(quarter),
            Err(why) => {
                keys.report(text.at, why, "as in \"2024Q4\"");
                None
            }
        });
        let cut = keys.number("cut").map_or(3.0, |(n, _)| number(n));
        let mut targets = Vec::new();
        // By series: the periods that an observation takes, none where it takes all.
        let mut used: Vec<(String, Vec<String>)> = Vec::new();
        let until = fit_until.unwrap_or(scenario.start);
        keys.tables("observation", |keys| {
            let reading = Reading::of(keys, series)?;
            targets.extend(reading.targets(scenario, until));
            used.push((reading.series.name.clone(), reading.periods));
            Some(())
        });
        let unscored = keys.tables("unscored", |keys| unscored(keys, series, until));
        told_of(&mut keys, series, until, &used, &unscored);
        let validations = keys.tables("validation", |keys| validation(keys, scenario));
        keys.finish();
        Some(Past { targets, validations, cut, unscored, fit_until: fit_until? })
    }
}

/// The last quarter that a published number speaks about.
fn end(o: &Observation) -> Option<Quarter> {
    o.period.weights().last().map(|(quarter, _)| *quarter)
}

fn is_later(o: &Observation, until: Quarter) -> bool {
    end(o).is_some_and(|quarter| quarter > until)
}

fn unscored(keys: &mut Keys<'_, '_>, all: &[Series], until: Quarter) -> Option<Unscored> {
    let why = [keys.must("why")?.value, keys.must("why_zh")?.value];
    let (mut series, mut figures) = (Vec::new(), 0);
    for name in keys.texts("series") {
        if let Some(found) = find(keys, all, &name) {
            figures += found.observations.iter().filter(|o| is_later(o, until)).count();
            series.push(name.value);
        }
    }
    Some(Unscored { why, series, figures })
}

/// Every later figure must be scored, or said not to be and why.
fn told_of(keys: &mut Keys<'_, '_>, all: &[Series], until: Quarter, used: &[(String, Vec<String>)], unscored: &[Unscored]) {
    for series in all.iter().filter(|s| !unscored.iter().any(|u| u.series.contains(&s.name))) {
        let taken = |text: &String| {
            used.iter().any(|(name, periods)| *name == series.name && (periods.is_empty() || periods.contains(text)))
        };
        let left: Vec<&str> = series
            .observations
            .iter()
            .filter(|o| is_later(o, until) && !taken(&o.period.text))
            .map(|o| o.period.text.as_str())
            .collect();
        if !left.is_empty() {
            let at = keys.at();
            let message =
                format!("`{}` has later figures that are neither scored nor said not to be: {}", series.name, left.join(", "));
            keys.report(at, message, "add an [[observation]], or name the series under [[unscored]] with the reason");
        }
    }
}

fn find<'s>(keys: &mut Keys<'_, '_>, all: &'s [Series], name: &facts::Text) -> Option<&'s Series> {
    let found = all.iter().find(|s| s.name == name.value);
    if found.is_none() {
        let near = nearest(&name.value, all.iter().map(|s| s.name.as_str())).join(", ");
        keys.report(name.at.clone(), format!("no series `{}`", name.value), format!("near it: {near}"));
    }
    found
}

/// One `[[observation]]` as written, with its series.
struct Reading<'s> {
    id: String,
    title: [String; 2],
    series: &'s Series,
    /// The series whose last figure of the fit is the null model's.
    before: &'s Series,
    /// Of the series; empty for all.
    periods: Vec<String>,
    of: Of,
    gather: Gather,
    scale: f64,
    /// Relative.
    sd: f64,
    /// Relative.
    discrepancy: f64,
    floor: f64,
    null: Option<f64>,
    gated: bool,
    since: Option<String>,
    /// The quarters that the figure speaks about, where they are not those of its period.
    fixed: Option<(String, String)>,
}

impl<'s> Reading<'s> {
    fn of(keys: &mut Keys<'_, '_>, all: &'s [Series]) -> Option<Reading<'s>> {
        let id = keys.must("id")?.value;
        let title = ["title", "title_zh"].map(|key| keys.must(key).map(|t| t.value).unwrap_or_default());
        let name = keys.must("series")?;
        let of = joined(keys)?;
        let over = keys.must("over")?;
        let gather = match over.value.as_str() {
            "sum" => Gather::Sum,
            "mean" => Gather::Mean,
            "total" => Gather::Total,
            other => {
                keys.report(over.at, format!("no way to gather `{other}`"), "sum, mean or total");
                return None;
            }
        };
        let mut figure = |key: &'static str, default: f64| keys.number(key).map_or(default, |(n, _)| number(n));
        let (scale, sd) = (figure("scale", 1.0), figure("sd", 0.1));
        let (discrepancy, floor) = (figure("discrepancy", 0.3), figure("floor", 0.0));
        let null = keys.number("null").map(|(n, _)| number(n));
        let gated = keys.flag("gated").unwrap_or(false);
        let last_of = keys.text("last_of");
        let since = keys.text("since").map(|t| t.value);
        let fixed = (keys.text("from"), keys.text("to"));
        let periods: Vec<String> = keys.texts("periods").into_iter().map(|t| t.value).collect();
        let series = find(keys, all, &name)?;
        let before = match &last_of {
            Some(name) => find(keys, all, name)?,
            None => series,
        };
        let fixed = fixed.0.zip(fixed.1).map(|(from, to)| (from.value, to.value));
        Some(Reading { id, title, series, before, periods, of, gather, scale, sd, discrepancy, floor, null, gated, since, fixed })
    }

    /// Its figures of periods that the world covers; of the others the world says nothing.
    fn targets(&self, scenario: &Scenario, until: Quarter) -> Vec<Target> {
        let last = self.before.observations.iter().rfind(|o| end(o).is_some_and(|q| q <= until)).map(|o| o.value * self.scale);
        let base = self.since.as_ref().and_then(|since| self.series.observations.iter().find(|o| o.period.text == *since));
        let base = base.map_or(0.0, |o| o.value);
        let wanted = |o: &&Observation| self.periods.is_empty() || self.periods.contains(&o.period.text);
        let target = |o: &Observation| {
            let weights = self.quarters(o, scenario)?;
            let value = (o.value - base) * self.scale;
            let middle = weights.iter().map(|(t, _)| *t as f64).sum::<f64>() / weights.len() as f64;
            Some(Target {
                id: self.id.clone(),
                title: self.title.clone(),
                series: self.series.name.clone(),
                period: o.period.text.clone(),
                value,
                of: self.of,
                sd: (self.sd * value.abs()).hypot(self.floor),
                discrepancy: self.discrepancy * value.abs(),
                scored: is_later(o, until),
                last: self.null.or(last),
                gated: self.gated,
                source: o.source.clone(),
                confidence: o.confidence.name().to_owned(),
                at: scenario.start.time() + middle * 0.25,
                gather: self.gather,
                weights,
            })
        };
        self.series.observations.iter().filter(wanted).filter_map(target).collect()
    }

    /// The quarters of the world, by number from its start, with the share of each; none where it does not cover them all.
    fn quarters(&self, o: &Observation, scenario: &Scenario) -> Option<Vec<(usize, f64)>> {
        let weights = match (&self.fixed, self.gather) {
            (Some((from, to)), _) => stretch(from, to),
            (None, Gather::Total) => {
                let from = self.since.as_ref().and_then(|s| Quarter::parse(s).ok()).unwrap_or(scenario.start);
                stretch(&from.plus(1).to_string(), &end(o)?.to_string())
            }
            (None, _) => o.period.weights(),
        };
        let place = |(quarter, share): &(Quarter, f64)| {
            let t = usize::try_from(quarter.since(scenario.start)).ok().filter(|t| *t < scenario.quarters)?;
            Some((t, *share))
        };
        weights.iter().map(place).collect::<Option<Vec<_>>>().filter(|places| !places.is_empty())
    }
}

/// `of = "a"`, `"a + b"`, `"a - b"` or `"a / b"`.
fn joined(keys: &mut Keys<'_, '_>) -> Option<Of> {
    let text = keys.must("of")?;
    let parts = Join::ALL.into_iter().find_map(|(sign, join)| text.value.split_once(sign).map(|(a, b)| (a, Some((join, b)))));
    let (first, and) = parts.unwrap_or((text.value.as_str(), None));
    let mut named = |name: &str| {
        let place = Scenario::variable(name);
        if place.is_none() {
            let near = nearest(name, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
            keys.report(text.at.clone(), format!("no variable `{name}`"), format!("near it: {near}"));
        }
        place
    };
    let first = named(first);
    let and = match and {
        Some((join, name)) => Some((join, named(name)?)),
        None => None,
    };
    Some(Of { first: first?, and })
}

fn variable(keys: &mut Keys<'_, '_>) -> Option<usize> {
    let of = keys.must("of")?;
    let place = Scenario::variable(&of.value);
    if place.is_none() {
        let near = nearest(&of.value, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
        keys.report(of.at, format!("no variable `{}`", of.value), format!("near it: {near}"));
    }
    place
}

fn validation(keys: &mut Keys<'_, '_>, scenario: &Scenario) -> Option<Validation> {
    let word = |text: Option<facts::Text>| text.map(|t| t.value).unwrap_or_default();
    let id = keys.must("id")?.value;
    let title = [word(keys.must("title")), word(keys.must("title_zh"))];
    let of = variable(keys)?;
    let mut span = |key: &'static str| {
        let list = keys.texts(key);
        let quarter = |at: usize| list.get(at).and_then(|t| Quarter::parse(&t.value).ok());
        let place = |q: Quarter| usize::try_from(q.since(scenario.start)).unwrap_or(0).min(scenario.quarters.saturating_sub(1));
        match (quarter(0), quarter(1)) {
            (Some(from), Some(to)) => Some((place(from), place(to))),
            _ => {
                let at = keys.at();
                keys.report(at, format!("`{key}` must hold two quarters"), "as in [\"2022Q1\", \"2022Q3\"]");
                None
            }
        }
    };
    let (before, after) = (span("before"), span("after"));
    let above = word(keys.must("expect")) == "above";
    let level = keys.number("level").map_or(1.0, |(n, _)| number(n));
    let source = word(keys.must("source"));
    Some(Validation { id, title, of, before: before?, after: after?, above, level, source })
}

fn stretch(from: &str, to: &str) -> Vec<(Quarter, f64)> {
    let (Ok(from), Ok(to)) = (Quarter::parse(from), Quarter::parse(to)) else { return Vec::new() };
    (0..=to.since(from).max(0)).map(|n| (from.plus(n), 1.0)).collect()
}

fn number(n: impl std::fmt::Display) -> f64 {
    n.to_string().parse().unwrap_or(f64::NAN)
}

impl Target {
    /// What the worlds say in place of the figure.
    pub fn predicted(&self, history: &History) -> Vec<f64> {
        let first = self.gathered(history, self.of.first);
        match self.of.and {
            Some((join, second)) => first.into_iter().zip(self.gathered(history, second)).map(|(a, b)| join.of(a, b)).collect(),
            None => first,
        }
    }

    fn gathered(&self, history: &History, variable: usize) -> Vec<f64> {
        let whole: f64 = self.weights.iter().map(|(_, w)| w).sum();
        let mut out = vec![0.0; history.worlds];
        for (t, share) in &self.weights {
            for (sum, x) in out.iter_mut().zip(history.row(variable, *t)) {
                *sum += x * share;
            }
        }
        if self.gather == Gather::Mean {
            out.iter_mut().for_each(|x| *x /= whole);
        }
        out
    }

    /// Implausibility: |figure − world| over the root of both variances (Craig et al. 1997).
    pub fn implausibility(&self, predicted: f64) -> f64 {
        (self.value - predicted).abs() / self.sd.hypot(self.discrepancy).max(1e-12)
    }

    /// The figure per quarter, where the variable is one of quarters: for pictures.
    pub fn per_quarter(&self) -> Option<f64> {
        match self.gather {
            Gather::Mean => Some(self.value),
            Gather::Sum => Some(self.value / self.weights.iter().map(|(_, w)| w).sum::<f64>().max(1e-9)),
            Gather::Total => None,
        }
    }

    /// The quarters that it speaks about.
    pub fn quarters(&self) -> impl Iterator<Item = usize> {
        self.weights.iter().map(|(t, _)| *t)
    }
}

impl Validation {
    /// Mean after over mean before, by world.
    pub fn ratios(&self, history: &History) -> Vec<f64> {
        let mean = |(from, to): (usize, usize)| {
            let mut sum = vec![0.0; history.worlds];
            (from..=to)
                .for_each(|t| sum.iter_mut().zip(history.row(self.of, t)).for_each(|(s, x)| *s += x / (to - from + 1) as f64));
            sum
        };
        mean(self.after).into_iter().zip(mean(self.before)).map(|(after, before)| after / before.max(1e-9)).collect()
    }

    /// Whether a ratio is as it was.
    pub fn holds(&self, ratio: f64) -> bool {
        if self.above { ratio > self.level } else { ratio < self.level }
    }
}

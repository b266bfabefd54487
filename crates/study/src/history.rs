//! Which published figure speaks about which variable of the world, and how closely: `data/history/observations.toml` over the series.

use facts::{Keys, Pack, Problem, Quarter, Source, nearest, parse_toml};
use world::{History, Scenario, Variables};

use crate::series::Series;

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
    /// Place of the variable.
    pub of: usize,
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

/// Everything that the past says about a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Figures in the terms of the world.
    pub targets: Vec<Target>,
    /// Named validations.
    pub validations: Vec<Validation>,
    /// The cut of the implausibility.
    pub cut: f64,
    /// Dated figures of the series after the time of the fit that have no variable in the world.
    pub unmapped: usize,
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
        let (mut targets, mut used) = (Vec::new(), Vec::new());
        let until = fit_until.unwrap_or(scenario.start);
        keys.tables("observation", |keys| {
            if let Some((found, series)) = observation(keys, series, scenario, until) {
                used.push(series);
                targets.extend(found);
            }
            Some(())
        });
        let validations = keys.tables("validation", |keys| validation(keys, scenario));
        keys.finish();
        let later = |s: &&Series| !used.contains(&s.name);
        let unmapped = series
            .iter()
            .filter(later)
            .flat_map(|s| &s.observations)
            .filter(|o| o.period.weights().last().is_some_and(|(quarter, _)| *quarter > until))
            .count();
        Some(Past { targets, validations, cut, unmapped, fit_until: fit_until? })
    }
}

fn observation(keys: &mut Keys<'_, '_>, all: &[Series], scenario: &Scenario, until: Quarter) -> Option<(Vec<Target>, String)> {
    let word = |text: Option<facts::Text>| text.map(|t| t.value).unwrap_or_default();
    let id = keys.must("id")?.value;
    let title = [word(keys.must("title")), word(keys.must("title_zh"))];
    let name = keys.must("series")?;
    let of = variable(keys)?;
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
    let (scale, sd, discrepancy, floor) =
        (figure("scale", 1.0), figure("sd", 0.1), figure("discrepancy", 0.3), figure("floor", 0.0));
    let null = keys.number("null").map(|(n, _)| number(n));
    let gated = keys.flag("gated").unwrap_or(false);
    let last_of = keys.text("last_of");
    let since = keys.text("since");
    let fixed = (keys.text("from"), keys.text("to"));
    let periods: Vec<String> = keys.texts("periods").into_iter().map(|t| t.value).collect();
    let find = |keys: &mut Keys<'_, '_>, name: &facts::Text| {
        let found = all.iter().find(|s| s.name == name.value);
        if found.is_none() {
            let near = nearest(&name.value, all.iter().map(|s| s.name.as_str())).join(", ");
            keys.report(name.at.clone(), format!("no series `{}`", name.value), format!("near it: {near}"));
        }
        found
    };
    let series = find(keys, &name)?;
    let before = match &last_of {
        Some(name) => find(keys, name)?,
        None => series,
    };
    let wanted = |text: &str| periods.is_empty() || periods.iter().any(|p| p == text);
    let end = |o: &crate::series::Observation| o.period.weights().last().map(|(quarter, _)| *quarter);
    let last = before.observations.iter().rfind(|o| end(o).is_some_and(|q| q <= until)).map(|o| o.value * scale);
    let base =
        since.as_ref().and_then(|s| series.observations.iter().find(|o| o.period.text == s.value)).map_or(0.0, |o| o.value);
    let mut targets = Vec::new();
    for o in series.observations.iter().filter(|o| wanted(&o.period.text)) {
        let mut weights = o.period.weights();
        if let (Some(from), Some(to)) = (&fixed.0, &fixed.1) {
            weights = stretch(&from.value, &to.value);
        }
        let Some(ends) = o.period.weights().last().map(|(quarter, _)| *quarter) else { continue };
        if gather == Gather::Total {
            let from = since.as_ref().and_then(|s| Quarter::parse(&s.value).ok()).unwrap_or(scenario.start);
            weights = stretch(&from.plus(1).to_string(), &ends.to_string());
        }
        let places: Vec<(usize, f64)> = weights
            .iter()
            .filter_map(|(quarter, share)| Some((usize::try_from(quarter.since(scenario.start)).ok()?, *share)))
            .filter(|(t, _)| *t < scenario.quarters)
            .collect();
        // A period that the world does not cover says nothing about it.
        if places.len() != weights.len() || places.is_empty() {
            continue;
        }
        let value = (o.value - base) * scale;
        let middle = places.iter().map(|(t, _)| *t as f64).sum::<f64>() / places.len() as f64;
        targets.push(Target {
            id: id.clone(),
            title: title.clone(),
            series: series.name.clone(),
            period: o.period.text.clone(),
            value,
            of,
            sd: (sd * value.abs()).hypot(floor),
            discrepancy: discrepancy * value.abs(),
            scored: ends > until,
            last: null.or(last),
            gated,
            source: o.source.clone(),
            confidence: o.confidence.name().to_owned(),
            at: scenario.start.time() + middle * 0.25,
            gather,
            weights: places,
        });
    }
    Some((targets, series.name.clone()))
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
        let whole: f64 = self.weights.iter().map(|(_, w)| w).sum();
        let mut out = vec![0.0; history.worlds];
        for (t, share) in &self.weights {
            for (sum, x) in out.iter_mut().zip(history.row(self.of, *t)) {
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

//! The page: a report, its pictures and the words of its language, put into the template.

use std::fmt;

use askama::Template;

use crate::chart::{Picture, bars, difference, fan, stances, timeline};
use crate::data::{Better, Comparison, GateRow, Interval, Report, Span, Verdict};
use crate::number::{grouped, period};
use crate::score::believed;
use crate::unit::Unit;
use crate::words::{Lang, Words};

/// Why a page could not be made.
#[derive(Debug)]
pub enum ReportError {
    /// Two lists that belong together differ in length.
    Shape(String),
    /// The file of phrases does not read.
    Words(String),
    /// The template failed.
    Template(askama::Error),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportError::Shape(what) => write!(f, "the report does not fit together: {what}"),
            ReportError::Words(why) => write!(f, "the page's phrases do not read: {why}"),
            ReportError::Template(why) => write!(f, "the page could not be written: {why}"),
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReportError::Template(why) => Some(why),
            _ => None,
        }
    }
}

/// The report as one HTML page that stands alone: styles and pictures inside, no script, nothing fetched.
pub fn html(report: &Report, lang: Lang) -> Result<String, ReportError> {
    check(report)?;
    let words = Words::read(lang)?;
    let w = &words;
    let page = Page {
        lang: lang.tag(),
        css: include_str!("../templates/page.css"),
        worlds: grouped(&report.worlds.to_string()),
        sections: sections(report, w),
        key: key(report, w),
        gates: gates(report, w),
        fans: fans(report, w),
        receipts: receipts(report, w),
        stances: stance_figures(report, w),
        comparison: compared(report, w),
        score: believed(&report.backtest, report.worlds, lang)?,
        report,
        w,
    };
    page.render().map_err(ReportError::Template)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    lang: &'static str,
    css: &'static str,
    worlds: String,
    report: &'a Report,
    sections: Vec<(&'static str, String)>,
    key: Vec<(String, String)>,
    gates: Vec<Gate<'a>>,
    fans: Vec<Figure>,
    receipts: Vec<Figure>,
    stances: Vec<Figure>,
    comparison: Vec<Row<'a>>,
    score: Option<String>,
    w: &'a Words,
}

/// A picture with its heading and its colours.
struct Figure {
    id: String,
    title: String,
    picture: Picture,
    /// (class of the swatch, what it means)
    key: Vec<(String, String)>,
}

struct Gate<'a> {
    name: &'a str,
    picture: Picture,
    rows: Vec<(&'a GateRow, &'a Span)>,
}

/// A line of the comparison: the metric stands in the first of its lines.
struct Row<'a> {
    metric: Option<(&'a Comparison, usize)>,
    scenario: &'a str,
    median: String,
    range: String,
    picture: Option<Picture>,
    higher: String,
    reading: &'a str,
    tone: &'static str,
}

impl Page<'_> {
    fn amount(&self, unit: &Unit, value: &f64) -> String {
        unit.amount(*value, self.w.lang)
    }

    /// The size of an error.
    fn off(&self, unit: &Unit, value: &f64) -> String {
        unit.apart().amount(*value, self.w.lang)
    }

    /// An error of a model that may say nothing.
    fn error(&self, unit: &Unit, value: &Option<f64>) -> String {
        unit.apart().amount(value.unwrap_or(f64::NAN), self.w.lang)
    }

    fn unit(&self, unit: &Unit) -> String {
        unit.name(self.w.lang)
    }

    fn period(&self, time: &f64) -> String {
        period(*time)
    }

    fn range(&self, unit: &Unit, interval: &Interval) -> String {
        unit.range(interval.low, interval.high, self.w.lang)
    }

    /// Which way the metric is better, where it is better one way.
    fn way(&self, better: &Better) -> Option<&str> {
        match better {
            Better::More => Some(&self.w.more_is_better),
            Better::Less => Some(&self.w.less_is_better),
            Better::Neither => None,
        }
    }

    fn verdict(&self, verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Supported => "supported",
            Verdict::Contradicted => "contradicted",
            Verdict::Contingent => "contingent",
            Verdict::Undetermined => "undetermined",
        }
    }

    fn status(&self, span: &Span) -> &'static str {
        timeline::class(span.status)
    }
}

/// Lists that belong together have one length; a page of shifted numbers would look right and be wrong.
fn check(report: &Report) -> Result<(), ReportError> {
    let same = |what: &str, list: &str, is: usize, should: usize| {
        if is == should { Ok(()) } else { Err(ReportError::Shape(format!("{what}: {list} has {is} values, not {should}"))) }
    };
    for fan in &report.fans {
        for (name, band) in ["5 %", "25 %", "50 %", "75 %", "95 %"].iter().zip(&fan.bands) {
            same(&fan.id, name, band.len(), fan.x.len())?;
        }
        for (name, median) in &fan.others {
            same(&fan.id, name, median.len(), fan.x.len())?;
        }
    }
    for bars in &report.receipts {
        for (name, list) in [("median", &bars.median), ("low", &bars.low), ("high", &bars.high)] {
            same(&bars.title, name, list.len(), bars.x.len())?;
        }
    }
    for paths in &report.stances {
        same(&paths.scenario, "share", paths.share.len(), paths.names.len())?;
        for (name, share) in paths.names.iter().zip(&paths.share) {
            same(&paths.scenario, name, share.len(), paths.x.len())?;
        }
    }
    Ok(())
}

fn sections(report: &Report, w: &Words) -> Vec<(&'static str, String)> {
    let all = [
        ("answer", &w.short_answer, report.summary.is_empty()),
        ("timeline", &w.timeline, report.timeline.is_empty()),
        ("fans", &w.fans, report.fans.is_empty()),
        ("receipts", &w.receipts, report.receipts.is_empty()),
        ("stances", &w.stances, report.stances.is_empty()),
        ("comparison", &w.comparison, report.comparison.is_empty()),
        ("backtest", &w.backtest, report.backtest.is_empty()),
        ("claims", &w.claims, report.claims.is_empty()),
        ("assumptions", &w.assumptions, report.assumptions.is_empty()),
        ("beliefs", &w.beliefs, report.beliefs.is_empty()),
        ("provenance", &w.provenance, false),
    ];
    all.into_iter().filter(|(_, _, empty)| !empty).map(|(id, title, _)| (id, title.clone())).collect()
}

/// What the lines, bands and dots of the fans mean: only what some fan shows.
fn key(report: &Report, w: &Words) -> Vec<(String, String)> {
    // Where other scenarios are drawn too, the median says whose it is.
    let base = report.scenarios.first().filter(|_| report.fans.iter().any(|fan| !fan.others.is_empty()));
    let median = base.map_or(w.median.clone(), |name| w.colon_pair.replace("{value}", name).replace("{name}", &w.median));
    let mut key: Vec<(String, String)> = [("line", median), ("half", w.half_band.clone()), ("wide", w.wide_band.clone())]
        .map(|(class, word)| (class.to_owned(), word))
        .into();
    let dots = |scored: bool| report.fans.iter().flat_map(|f| &f.dots).any(|d| d.scored == scored);
    for (shown, class, word) in [
        (dots(false), "dot", &w.observed_fit),
        (dots(true), "hollow", &w.observed_scored),
        (report.fans.iter().any(|f| f.known_until.is_some()), "end", &w.law_ends),
    ] {
        if shown {
            key.push((class.to_owned(), word.clone()));
        }
    }
    let mut names: Vec<(&String, usize)> = Vec::new();
    for fan in &report.fans {
        for (at, (name, _)) in fan.others.iter().enumerate() {
            if names.iter().all(|(known, _)| *known != name) {
                names.push((name, fan::place(name, &report.scenarios, at)));
            }
        }
    }
    key.extend(names.into_iter().map(|(name, place)| (format!("other-{place}"), name.clone())));
    key
}

fn gates<'a>(report: &'a Report, w: &Words) -> Vec<Gate<'a>> {
    let mut names: Vec<&str> = Vec::new();
    for row in &report.timeline {
        if !names.contains(&row.gate.as_str()) {
            names.push(&row.gate);
        }
    }
    let scale = timeline::Scale::of(&report.timeline);
    let gate = |(at, name): (usize, &'a str)| {
        let rows: Vec<&GateRow> = report.timeline.iter().filter(|row| row.gate == name).collect();
        let picture = timeline::draw_gate(name, &rows, &scale, &format!("gate-{at}"), w);
        Gate { name, picture, rows: rows.iter().flat_map(|&row| row.spans.iter().map(move |span| (row, span))).collect() }
    };
    names.into_iter().enumerate().map(gate).collect()
}

fn fans(report: &Report, w: &Words) -> Vec<Figure> {
    let figure = |(at, fan): (usize, &crate::data::Fan)| Figure {
        id: format!("fan-{}", fan.id),
        title: fan.title.clone(),
        picture: fan::draw_fan(fan, &report.scenarios, &format!("fan-{at}"), w),
        key: Vec::new(),
    };
    report.fans.iter().enumerate().map(figure).collect()
}

fn receipts(report: &Report, w: &Words) -> Vec<Figure> {
    let figure = |(at, bars): (usize, &crate::data::Bars)| Figure {
        id: format!("receipts-{at}"),
        title: bars.title.clone(),
        picture: bars::draw_bars(bars, &format!("receipts-{at}"), w),
        key: Vec::new(),
    };
    report.receipts.iter().enumerate().map(figure).collect()
}

/// The colours of the stances stand once where all scenarios know the same stances.
fn stance_figures(report: &Report, w: &Words) -> Vec<Figure> {
    let first = report.stances.first().map(|paths| &paths.names);
    let figure = |(at, paths): (usize, &crate::data::StancePaths)| {
        let swatch = |(k, name): (usize, &String)| (format!("stance-{}", stances::step(k, paths.names.len())), name.clone());
        let shown = at == 0 || first != Some(&paths.names);
        Figure {
            id: format!("stances-{at}"),
            title: paths.scenario.clone(),
            picture: stances::draw_stances(paths, &format!("stances-{at}"), w),
            key: if shown { paths.names.iter().enumerate().map(swatch).collect() } else { Vec::new() },
        }
    };
    report.stances.iter().enumerate().map(figure).collect()
}

fn compared<'a>(report: &'a Report, w: &'a Words) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (at, metric) in report.comparison.iter().enumerate() {
        let reach = difference::reach(metric.others.iter().map(|(_, d, _)| d));
        for (k, (scenario, change, higher)) in metric.others.iter().enumerate() {
            let (reading, tone) = read(metric.better, change, w);
            rows.push(Row {
                metric: (k == 0).then_some((metric, metric.others.len())),
                scenario,
                median: metric.unit.change(change.median, w.lang),
                range: metric.unit.change_range(change.low, change.high, w.lang),
                picture: difference::draw_difference(change, metric.unit, reach, &format!("difference-{at}-{k}"), w),
                higher: Unit::SHARE.amount(*higher, w.lang),
                reading,
                tone,
            });
        }
    }
    rows
}

/// Only a range that keeps to one side of nothing is read as a direction.
fn read<'a>(better: Better, change: &Interval, w: &'a Words) -> (&'a str, &'static str) {
    match (better, change.low > 0.0, change.high < 0.0) {
        (Better::More, true, _) | (Better::Less, _, true) => (&w.better, "good"),
        (Better::More, _, true) | (Better::Less, true, _) => (&w.worse, "bad"),
        (Better::Neither, true, _) => (&w.higher, "plain"),
        (Better::Neither, _, true) => (&w.lower, "plain"),
        _ => (&w.unclear, "plain"),
    }
}

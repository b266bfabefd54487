//! `tollgate simulate`: what a regime brings about, over many worlds; a table for the terminal and a report to read.

use std::path::Path;

use report::{Lang, sparkline};
use serde_json::json;
use study::{Ensemble, Plan, Plausible, Table, quantile, quantiles, run_draws};
use world::{Factors, Scenario, Variables, World, run_rows};

use crate::args::{Common, SimulateArgs};
use crate::page;
use crate::screen::{Failure, Paint, Screen};
use crate::{Exit, pack, worlds};

/// One scenario run on the worlds that are shown.
pub(crate) struct Shown {
    /// The world.
    pub world: World,
    /// Its runs.
    pub run: Ensemble,
}

/// Simulates.
pub(crate) fn run(screen: &Screen, common: &Common, args: &SimulateArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    if let Some(place) = &args.replay {
        return replay(screen, &library, place);
    }
    let base = worlds::open(&library, &args.scenario)?;
    let others: Vec<World> = args.against.iter().map(|id| worlds::open(&library, id)).collect::<Result<_, _>>()?;
    let (series, past) = worlds::past(&library, &base.scenario)?;
    let plan = Plan { design: args.design, worlds: args.worlds, seed: args.seed };
    let mut found = worlds::draw(screen, &base, &past, &plan, args.save.as_deref())?;
    if args.prior {
        found = everything(&base, &plan, found.seen)?;
    }
    worlds::first(&mut found);
    if found.rows.is_empty() {
        let hint = "draw more (--worlds), or look at what the ranges alone say (--prior)";
        return Err(Failure::Message(format!("history rules out all of {} worlds", found.seen), hint.to_owned()));
    }
    let mut shown = Vec::new();
    for world in std::iter::once(base).chain(others) {
        let run = run_draws(&world, &found.draws, &found.rows, plan.seed).map_err(|f| worlds::fault(&f))?;
        shown.push(Shown { world, run });
    }
    if screen.json {
        screen.json(&as_json(&shown, &found, &plan))?;
    } else {
        screen.out(&text(screen, &shown, &found, args.prior))?;
    }
    let context =
        page::Context { library: &library, series: &series, past: &past, found: &found, plan: &plan, prior: args.prior };
    write_report(screen, &context, &shown, args)?;
    Ok(Exit::Done)
}

/// Every row of a plan, whatever history says.
fn everything(world: &World, plan: &Plan, seen: u64) -> Result<Plausible, Failure> {
    let sampler = study::Sampler::new(plan.design, plan.worlds, Factors::<f64>::COUNT, plan.seed)
        .map_err(|why| Failure::Message(why, "try another --design".to_owned()))?;
    let mut points = Vec::new();
    let rows = seen.min(worlds::MOST_SHOWN as u64);
    sampler.fill(0, usize::try_from(rows).unwrap_or(usize::MAX), &mut points);
    Ok(Plausible { rows: (0..rows).collect(), draws: study::values(&world.scenario, &points, None), seen, kept: seen })
}

fn write_report(screen: &Screen, context: &page::Context<'_>, shown: &[Shown], args: &SimulateArgs) -> Result<(), Failure> {
    let lang = if args.lang == crate::args::LangWord::Zh { Lang::Zh } else { Lang::En };
    let report = page::report(context, shown, lang)?;
    let html = report::html(&report, lang).map_err(|e| Failure::Message(e.to_string(), String::new()))?;
    crate::decide::write_whole(&args.out, |out| out.write_all(html.as_bytes()))?;
    if !screen.json {
        screen.err(&format!("report: {}\n", args.out.display()));
    }
    Ok(())
}

/// Runs one row of a saved study again and shows that it is the same.
fn replay(screen: &Screen, library: &regime::Library, place: &str) -> Result<Exit, Failure> {
    let usage = || Failure::Usage(format!("`{place}` is not FILE:ROW"), "as in --replay study.parquet:17".to_owned());
    let (file, row) = place.rsplit_once(':').ok_or_else(usage)?;
    let row: u64 = row.parse().map_err(|_| usage())?;
    let table = Table::open(Path::new(file)).map_err(worlds::stored)?;
    let scenario = study_value(&table.about().study, "scenario").ok_or_else(|| {
        Failure::Message(
            format!("{file} does not say which scenario it is of"),
            "was it written by `simulate --save`?".to_owned(),
        )
    })?;
    let world = worlds::open(library, &scenario)?;
    let values = table.row(row).map_err(worlds::stored)?;
    let count = Factors::<f64>::COUNT;
    let draw = values.get(..count).unwrap_or(&[]);
    let kept = run_rows(&world, draw, &[row], table.about().seed, true).map_err(|b| worlds::fault(&study::Fault::World(b)))?;
    let width = world.scenario.metrics.len();
    let saved = values.get(count..count + width).unwrap_or(&[]);
    let same = saved.len() == width
        && saved.iter().zip(&kept.metrics).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
    let changed = !table.about().study.ends_with(&world.scenario.text);
    if screen.json {
        let metrics: serde_json::Map<_, _> =
            world.scenario.metrics.iter().zip(&kept.metrics).map(|(m, x)| (m.id.clone(), json!(x))).collect();
        let factors: serde_json::Map<_, _> =
            Factors::<f64>::NAMES.iter().zip(draw).map(|((n, _), x)| ((*n).to_owned(), json!(x))).collect();
        screen.json(&json!({ "row": row, "scenario": scenario, "same": same, "factors": factors, "metrics": metrics, "paths": paths(&kept) }))?;
    } else {
        let mut out = screen.table(&["metric", "unit", "saved", "again"]);
        for ((metric, again), saved) in world.scenario.metrics.iter().zip(&kept.metrics).zip(saved) {
            out.add_row([metric.title.clone(), metric.unit.clone(), report::figure(*saved), report::figure(*again)]);
        }
        let verdict =
            if same { screen.paint("the same, bit by bit", Paint::Good) } else { screen.paint("not the same", Paint::Bad) };
        let why = if changed { " (the scenario's text has changed since)" } else { "" };
        screen.out(&format!("row {row} of {file}: {verdict}{why}\n{out}\n{}", spark_table(screen, &world, &kept)))?;
    }
    Ok(if same { Exit::Done } else { Exit::Failed })
}

fn paths(kept: &world::Kept) -> serde_json::Value {
    let Some(history) = &kept.history else { return json!(null) };
    Variables::<f64>::NAMES
        .iter()
        .enumerate()
        .map(|(v, (name, _))| ((*name).to_owned(), json!(history.path(v, 0))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn spark_table(screen: &Screen, world: &World, kept: &world::Kept) -> String {
    let Some(history) = &kept.history else { return String::new() };
    let mut table = screen.table(&["variable", "unit", "path", "last"]);
    for chart in &world.scenario.charts {
        let path = history.path(chart.of, 0);
        let unit = Variables::<f64>::NAMES.get(chart.of).map_or("", |n| n.1);
        table.add_row([
            chart.title.clone(),
            unit.to_owned(),
            sparkline(&path, 30),
            report::figure(path.last().copied().unwrap_or(f64::NAN)),
        ]);
    }
    table.to_string()
}

/// A key of the study's own text.
fn study_value(study: &str, key: &str) -> Option<String> {
    let line = study.lines().find_map(|l| l.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches('"').to_owned())
}

/// What the terminal shows.
fn text(screen: &Screen, shown: &[Shown], found: &Plausible, prior: bool) -> String {
    let Some(base) = shown.first() else { return String::new() };
    let scenario = &base.world.scenario;
    let mut out = format!("{}\n{}\n", screen.paint(&scenario.title[0], Paint::Strong), screen.wrap(&scenario.question[0], 0));
    out.push_str(&if prior {
        format!("{} worlds drawn from the ranges, none ruled out\n\n", found.rows.len())
    } else {
        let first = if found.kept > found.rows.len() as u64 {
            format!(", the first {} of them shown", found.rows.len())
        } else {
            String::new()
        };
        format!("{} of {} worlds are not ruled out by the figures to the end of 2024{first}\n\n", found.kept, found.seen)
    });
    let years: Vec<usize> = [2026, 2030, 2036].iter().filter_map(|y| place(scenario, *y)).collect();
    let heads: Vec<String> = years.iter().map(|t| scenario.quarter(*t).to_string()).collect();
    let mut header = vec!["median by quarter", "unit", "path"];
    header.extend(heads.iter().map(String::as_str));
    let mut table = screen.table(&header);
    for chart in &scenario.charts {
        let unit = Variables::<f64>::NAMES.get(chart.of).map_or("", |n| n.1);
        let medians: Vec<f64> = (0..scenario.quarters).map(|t| quantile(base.run.history.row(chart.of, t), 0.5)).collect();
        let mut row = vec![chart.title.clone(), unit.to_owned(), sparkline(&medians, 20)];
        row.extend(years.iter().map(|t| interval(base.run.history.row(chart.of, *t))));
        table.add_row(row);
    }
    out.push_str(&format!("{table}\n"));
    if shown.len() > 1 {
        out.push_str(&format!("\n{}\n", comparison(screen, shown)));
    }
    out
}

/// Median and 5 to 95 %.
fn interval(values: &[f64]) -> String {
    let [low, median, high] = quantiles(values, [0.05, 0.5, 0.95]).map(report::figure);
    if low == high { median } else { format!("{median} [{low}, {high}]") }
}

fn place(scenario: &Scenario, year: i16) -> Option<usize> {
    let at = facts::Quarter { year, q: 4 }.since(scenario.start);
    usize::try_from(at).ok().filter(|t| *t < scenario.quarters)
}

/// Metrics of the first scenario, and the others' differences on the same worlds.
fn comparison(screen: &Screen, shown: &[Shown]) -> String {
    let Some((base, others)) = shown.split_first() else { return String::new() };
    let mut header = vec!["metric".to_owned(), "unit".to_owned(), base.world.scenario.id.clone()];
    header.extend(others.iter().map(|o| format!("{} − {}", o.world.scenario.id, base.world.scenario.id)));
    let heads: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = screen.table(&heads);
    for metric in &base.world.scenario.metrics {
        let own = values(base, metric);
        let mut row = vec![metric.title.clone(), metric.unit.clone(), interval(&own)];
        row.extend(others.iter().map(|other| interval(&differences(&values(other, metric), &own))));
        table.add_row(row);
    }
    table.to_string()
}

/// A metric of every world shown.
pub(crate) fn values(shown: &Shown, metric: &world::Metric) -> Vec<f64> {
    shown.run.history.metric(&shown.world.scenario, metric.of, metric.over, metric.from, metric.to)
}

/// Differences world by world.
pub(crate) fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn as_json(shown: &[Shown], found: &Plausible, plan: &Plan) -> serde_json::Value {
    let quantiles = |values: &[f64]| -> Vec<f64> { quantiles(values, [0.05, 0.25, 0.5, 0.75, 0.95]).to_vec() };
    let scenarios: Vec<_> = shown
        .iter()
        .map(|s| {
            let scenario = &s.world.scenario;
            let variables: serde_json::Map<_, _> = Variables::<f64>::NAMES
                .iter()
                .enumerate()
                .map(|(v, (name, unit))| {
                    let bands: Vec<_> = (0..scenario.quarters).map(|t| quantiles(s.run.history.row(v, t))).collect();
                    ((*name).to_owned(), json!({ "unit": unit, "quantiles": bands }))
                })
                .collect();
            let metrics: serde_json::Map<_, _> = scenario
                .metrics
                .iter()
                .map(|m| (m.id.clone(), json!({ "title": m.title, "unit": m.unit, "quantiles": quantiles(&values(s, m)) })))
                .collect();
            json!({ "scenario": scenario.id, "start": scenario.start.to_string(), "quarters": scenario.quarters, "variables": variables, "metrics": metrics })
        })
        .collect();
    json!({
        "worlds_drawn": found.seen, "worlds_kept": found.kept, "worlds_shown": found.rows.len(), "design": plan.design.name(), "seed": plan.seed,
        "levels": [0.05, 0.25, 0.5, 0.75, 0.95], "scenarios": scenarios,
    })
}

//! What simulate, backtest and claims share: scenarios made ready, the past read, worlds drawn with a progress bar, Ctrl-C that keeps what
//! is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use facts::{Problem, Severity, Source};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use regime::Library;
use report::{Lang, Unit};
use study::{About, Claims, Fault, Past, Plan, Plausible, Series, Writer, plausible};
use world::{Departed, Factors, Levers, Scenario, Switches, World, departures};

use crate::outputs::Target;
use crate::screen::{Failure, Screen};

/// A scenario with its gates asked.
///
/// # Errors
/// Every problem of the scenario and of the regimes that it names.
pub(crate) fn open(library: &Library, id: &str) -> Result<World, Failure> {
    let mut problems = Vec::new();
    let scenario = Scenario::read(&library.pack, id, library, &mut problems);
    match scenario {
        Some(scenario) => World::new(scenario, library).map_err(Failure::Problems),
        None => Err(Failure::Problems(problems)),
    }
}

/// How numbers of a unit are written, as the packs spell the unit.
pub(crate) fn unit(text: &str) -> Unit {
    Unit::read(text).map(|(unit, _)| unit).unwrap_or_default()
}

/// The scenario that another continues: the one that it inherits from, if that can be run by itself.
pub(crate) fn continued(library: &Library, scenario: &Scenario) -> Option<Scenario> {
    let parent = scenario.parent.as_deref().filter(|parent| *parent != "base")?;
    Scenario::read(&library.pack, parent, library, &mut Vec::new())
}

/// What a scenario has otherwise than another, and from which day, in a sentence.
pub(crate) fn departed(base: &Scenario, other: &Scenario, lang: Lang) -> String {
    let (zh, own, its) = (lang == Lang::Zh, &other.id, &base.id);
    let stretches: Vec<(String, String)> = departures(base, other)
        .iter()
        .map(|d| {
            let what: Vec<String> = d.what.iter().map(|one| departed_in(one, lang)).collect();
            (d.from.to_string(), what.join(if zh { "，" } else { ", " }))
        })
        .collect();
    let Some(((day, what), rest)) = stretches.split_first() else {
        return if zh { format!("{own} 与 {its} 相同。") } else { format!("{own} is the same as {its}.") };
    };
    let mut text = if zh {
        format!("{own} 自 {day} 起不同于 {its}：{what}")
    } else {
        format!("{own} differs from {its} from {day}: {what}")
    };
    for (day, what) in rest {
        text.push_str(&if zh { format!("；自 {day} 起：{what}") } else { format!("; from {day}: {what}") });
    }
    text.push(if zh { '。' } else { '.' });
    text
}

fn departed_in(one: &Departed, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let named = |names: &[(&'static str, &'static str)], place: usize| names.get(place).copied().unwrap_or_default();
    match one {
        Departed::Setting(key) if zh => format!("另设 {key}"),
        Departed::Setting(key) => format!("`{key}` is another"),
        Departed::Stance(stance) if zh => format!("出口方关口取立场 {stance}"),
        Departed::Stance(stance) => format!("the exporter's gate stands at `{stance}`"),
        Departed::Lever(place, x) => {
            let (name, of) = named(Levers::<f64>::NAMES, *place);
            let words = Levers::<f64>::RANGES.get(*place).map_or(&[][..], |range| range.words);
            let word = words.iter().find(|(_, number)| number == x).map(|(word, _)| (*word).to_owned());
            format!("{name} = {}", word.unwrap_or_else(|| unit(of).amount(*x, lang)))
        }
        Departed::Switch(place, x) => format!("{} = {}", named(Switches::<f64>::NAMES, *place).0, *x > 0.0),
        Departed::Factor(place) if zh => format!("因素 {} 取另一区间", named(Factors::<f64>::NAMES, *place).0),
        Departed::Factor(place) => format!("factor `{}` has another range", named(Factors::<f64>::NAMES, *place).0),
    }
}

/// The published series, and what they say in a scenario's terms.
pub(crate) fn past(library: &Library, scenario: &Scenario) -> Result<(Vec<Series>, Past), Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    let series = match library.pack.get("history/series.csv") {
        Some(source) => Series::read(source, &mut problems),
        None => Vec::new(),
    };
    let past = Past::read(&library.pack, &series, scenario, &mut problems);
    problems.retain(|p| p.severity == Severity::Error);
    match past {
        Some(past) if problems.is_empty() => Ok((series, past)),
        _ => Err(Failure::Problems(problems)),
    }
}

/// A run that failed, as a failure with what to do next.
pub(crate) fn fault(fault: &Fault) -> Failure {
    let hint = match fault {
        Fault::Design(_) => "try another --design or another number of --worlds",
        Fault::World(_) => {
            "a world that does not add up is not shown; see which factor or lever the scenario sets far from the shipped ones"
        }
    };
    Failure::Message(fault.to_string(), hint.to_owned())
}

/// A bar with rate and time left, on standard error where that is a terminal.
pub(crate) fn bar(screen: &Screen, worlds: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(worlds);
    if screen.json {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} worlds, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// A flag that Ctrl-C sets.
pub(crate) fn stopper() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    // A second handler cannot be set in one program; the first then serves.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    stop
}

/// Worlds drawn, run and held against the past; every row goes to `save` where it is given.
pub(crate) fn draw(screen: &Screen, world: &World, past: &Past, plan: &Plan, save: Option<Target>) -> Result<Plausible, Failure> {
    let stop = stopper();
    let bar = bar(screen, plan.worlds, &world.scenario.id);
    let mut writer = match &save {
        Some(save) => Some(Writer::new(save.empty()?, save.name(), &columns(world), about(world, plan)).map_err(stored)?),
        None => None,
    };
    let (mut row, mut broken) = (Vec::new(), None);
    let found = plausible(world, past, plan, &stop, |draw, metrics, kept| {
        bar.inc(1);
        let Some(writer) = &mut writer else { return };
        row.clear();
        row.extend_from_slice(draw);
        row.extend_from_slice(metrics);
        row.push(f64::from(u8::from(kept)));
        if let Err(error) = writer.push(&row) {
            broken.get_or_insert(error);
            stop.store(true, Ordering::Relaxed);
        }
    });
    bar.finish_and_clear();
    let found = found.map_err(|f| fault(&f))?;
    if let Some(error) = broken {
        return Err(stored(error));
    }
    let complete = found.seen == plan.worlds;
    if let Some(writer) = writer {
        writer.finish(complete).map_err(stored)?;
    }
    if let Some(save) = save {
        save.put(screen)?;
    }
    if !complete {
        screen.err(&format!("stopped after {} of {} worlds; what was done is kept\n", found.seen, plan.worlds));
    }
    Ok(found)
}

/// The claims of a text; whatever is wrong with it is told.
pub(crate) fn claims(source: &Source) -> Result<Claims, Failure> {
    let mut problems = Vec::new();
    let claims = Claims::read(source, &mut problems);
    if problems.is_empty() { Ok(claims) } else { Err(Failure::Problems(problems)) }
}

/// Worlds whose whole history is kept for charts and claims.
pub(crate) const MOST_SHOWN: usize = 1_000;

/// Keeps the first worlds of many: rows of a design come in no order, so these are as good as any.
pub(crate) fn first(found: &mut Plausible) {
    found.rows.truncate(MOST_SHOWN);
    found.draws.truncate(found.rows.len() * Factors::<f64>::COUNT);
}

/// A table that could not be written or read.
pub(crate) fn stored(error: study::Error) -> Failure {
    match error {
        study::Error::Io(path, why) => Failure::io(&path, &why),
        study::Error::Bad(..) | study::Error::Asked(_) => Failure::Message(error.to_string(), String::new()),
    }
}

/// Columns of a saved study: factors, metrics, whether history leaves the world.
fn columns(world: &World) -> Vec<String> {
    let factors = Factors::<f64>::NAMES.iter().map(|(name, _)| (*name).to_owned());
    let metrics = world.scenario.metrics.iter().map(|m| format!("metric.{}", m.id));
    factors.chain(metrics).chain(["plausible".to_owned()]).collect()
}

/// What a saved study says of itself: enough to run any of its rows again.
fn about(world: &World, plan: &Plan) -> About {
    let study = format!(
        "scenario = \"{}\"\ndesign = \"{}\"\nworlds = {}\nseed = {}\n\n# The scenario as it was, base first.\n{}",
        world.scenario.id,
        plan.design.name(),
        plan.worlds,
        plan.seed,
        world.scenario.text
    );
    About { study, seed: plan.seed, version: env!("CARGO_PKG_VERSION").to_owned() }
}

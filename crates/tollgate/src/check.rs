//! `tollgate check`: everything wrong with a pack, all at once.

use std::sync::Arc;

use facts::{Pack, Problem};
use regime::Library;
use serde_json::json;
use study::{Claims, Past, Series};
use world::Scenario;

use crate::Exit;
use crate::args::{CheckArgs, Common};
use crate::pack;
use crate::screen::{Count, Failure, Paint, Screen, problem_json};

/// Checks a pack.
pub(crate) fn run(screen: &Screen, common: &Common, args: &CheckArgs) -> Result<Exit, Failure> {
    let pack = pack::pack(args.dir.as_deref().or(common.data.as_deref()))?;
    let bar = indicatif::ProgressBar::new_spinner();
    bar.set_style(
        indicatif::ProgressStyle::with_template("{spinner} checking {msg}")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()),
    );
    let mut report = regime::check(pack.clone(), &mut |what| {
        bar.set_message(what.to_owned());
        bar.tick();
    });
    let studies = studies(pack, &mut report.problems);
    bar.finish_and_clear();
    let errors = report.errors();
    let warnings = report.problems.len() - errors;
    let bad = errors > 0 || (args.strict && warnings > 0);
    if screen.json {
        screen.json(&json!({
            "errors": errors,
            "warnings": warnings,
            "regimes": report.regimes,
            "drafts": report.drafts,
            "clauses": report.clauses,
            "instruments": report.instruments,
            "cases": report.cases,
            "chips": report.chips,
            "scenarios": studies.scenarios,
            "claims": studies.claims,
            "observations": studies.observations,
            "problems": report.problems.iter().map(problem_json).collect::<Vec<_>>(),
        }))?;
    } else {
        screen.problems(&report.problems);
        let found = format!("{}, {}", Count(errors, "error", "errors"), Count(warnings, "warning", "warnings"));
        let read = [
            Count(report.regimes, "regime", "regimes").to_string(),
            Count(report.drafts, "draft", "drafts").to_string(),
            Count(report.clauses, "clause", "clauses").to_string(),
            Count(report.instruments, "instrument", "instruments").to_string(),
            Count(report.cases, "case", "cases").to_string(),
            Count(report.chips, "part", "parts").to_string(),
            Count(studies.scenarios, "scenario", "scenarios").to_string(),
            Count(studies.claims, "claim", "claims").to_string(),
            Count(studies.observations, "observation", "observations").to_string(),
        ];
        let paint = if bad { Paint::Bad } else { Paint::Good };
        screen.out(&format!("{}: {}", screen.paint(&found, paint), read.join(", ")))?;
    }
    Ok(if bad { Exit::Problems } else { Exit::Done })
}

/// What a pack holds for simulation.
#[derive(Default)]
struct Studies {
    scenarios: usize,
    claims: usize,
    observations: usize,
}

/// Reads scenarios, series, observations and claims; their problems join the others.
fn studies(pack: Arc<Pack>, problems: &mut Vec<Problem>) -> Studies {
    let mut found = Studies::default();
    // What is wrong with dictionary and catalogue was told by the regimes' check.
    let library = Library::open(pack, &mut Vec::new());
    let mut base = None;
    for name in Scenario::names(&library.pack) {
        let read = Scenario::read(&library.pack, &name, &library, problems);
        found.scenarios += usize::from(read.is_some());
        base = base.or(read);
    }
    let series = library.pack.get("history/series.csv").map(|s| Series::read(s, problems)).unwrap_or_default();
    if let Some(scenario) = &base
        && library.pack.get("history/observations.toml").is_some()
    {
        found.observations = Past::read(&library.pack, &series, scenario, problems).map_or(0, |past| past.targets.len());
    }
    for source in library.pack.under("claims/").filter(|s| s.path.ends_with(".toml")) {
        found.claims += Claims::read(source, problems).claims.len();
    }
    // A base that several scenarios inherit from tells its problems once.
    let mut seen = Vec::new();
    problems.retain(|p| {
        let new = !seen.contains(p);
        if new {
            seen.push(p.clone());
        }
        new
    });
    found
}

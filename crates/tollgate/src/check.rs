//! `tollgate check`: everything wrong with a pack, all at once.

use serde_json::json;

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
    let report = regime::check(pack, &mut |what| {
        bar.set_message(what.to_owned());
        bar.tick();
    });
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
        ];
        let paint = if bad { Paint::Bad } else { Paint::Good };
        screen.out(&format!("{}: {}", screen.paint(&found, paint), read.join(", ")))?;
    }
    Ok(if bad { Exit::Problems } else { Exit::Done })
}

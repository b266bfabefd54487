//! `tollgate claims`: published sentences as questions, each with its answer, figures and source.

use std::fs;

use comfy_table::Cell;
use facts::Source;
use serde_json::json;
use study::{Answer, Answered, Evidence, Plan, answer};

use crate::args::{ClaimsArgs, Common};
use crate::screen::{Failure, Paint, Screen};
use crate::{Exit, pack, worlds};

/// Answers claims.
pub(crate) fn run(screen: &Screen, common: &Common, args: &ClaimsArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let source = match &args.file {
        Some(path) => {
            Source { path: path.display().to_string(), text: fs::read_to_string(path).map_err(|e| Failure::io(path, &e))? }
        }
        None => library
            .pack
            .get("claims/essay.toml")
            .cloned()
            .ok_or_else(|| Failure::Message("the packs hold no claims".to_owned(), "name a file with --file".to_owned()))?,
    };
    let claims = worlds::claims(&source)?;
    let wanted: Vec<_> = claims
        .claims
        .iter()
        .filter(|c| args.ids.is_empty() || args.ids.iter().any(|id| id.eq_ignore_ascii_case(&c.id)))
        .collect();
    let known = |id: &String| claims.claims.iter().any(|c| c.id.eq_ignore_ascii_case(id));
    if wanted.is_empty() || !args.ids.iter().all(known) {
        let known: Vec<&str> = claims.claims.iter().map(|c| c.id.as_str()).collect();
        return Err(Failure::Unknown(format!("no claim `{}`", args.ids.join(" ")), format!("known: {}", known.join(", "))));
    }
    let world = worlds::open(&library, "h200")?;
    let (series, past) = worlds::past(&library, &world.scenario)?;
    let plan = Plan { design: study::Design::LatinHypercube, worlds: args.worlds.unwrap_or(claims.worlds), seed: args.seed };
    let mut found = worlds::draw(screen, &world, &past, &plan, None)?;
    worlds::first(&mut found);
    let asked: Vec<study::Claim> = wanted.iter().map(|c| (*c).clone()).collect();
    let mut evidence = Evidence::new(&library, &series, (&found.draws, &found.rows), plan.seed, &asked);
    let bar = worlds::bar(screen, wanted.len() as u64, "claims");
    let answered: Vec<Answered> = wanted
        .into_iter()
        .map(|claim| {
            bar.inc(1);
            answer(&claims, claim, &mut evidence)
        })
        .collect();
    bar.finish_and_clear();
    if screen.json {
        let rows: Vec<_> = answered.iter().map(as_json).collect();
        screen.json(&json!({ "source": claims.source, "worlds_drawn": found.seen, "worlds_kept": found.kept, "worlds": found.rows.len(), "seed": plan.seed, "claims": rows }))?;
    } else {
        let head = format!(
            "{}\n{}\n{} of {} worlds are not ruled out by the figures to the end of 2024; {} are asked\n\n",
            screen.paint(&claims.title[0], Paint::Strong),
            claims.source,
            found.kept,
            found.seen,
            found.rows.len()
        );
        let body =
            if args.ids.is_empty() { table(screen, &answered) } else { answered.iter().map(|a| page(screen, a)).collect() };
        screen.out(&format!("{head}{body}"))?;
    }
    Ok(Exit::Done)
}

fn paint(answer: Answer) -> Paint {
    match answer {
        Answer::Supported => Paint::Good,
        Answer::Contradicted => Paint::Bad,
        Answer::Contingent => Paint::Middling,
        Answer::Undetermined => Paint::Unsure,
    }
}

/// A line for each claim: for, against and between of its tests, and the figure that says most.
fn table(screen: &Screen, answered: &[Answered]) -> String {
    let mut table = screen.table(&["claim", "says", "kind", "answer", "for · between · against", "for instance"]);
    for a in answered {
        let count = |answer: Answer| a.tests.iter().filter(|t| t.answer == Some(answer)).count();
        let tests = format!("{} · {} · {}", count(Answer::Supported), count(Answer::Contingent), count(Answer::Contradicted));
        let deciding = a.tests.iter().find(|t| t.answer == Some(a.answer)).or(a.tests.iter().find(|t| t.answer.is_some()));
        let figures = deciding.map_or_else(|| a.claim.note[0].clone(), |t| t.figures.clone());
        let [id, says, kind, tests, figures] =
            [a.claim.id.as_str(), &a.claim.says[0], a.claim.kind.text(), &tests, &figures].map(Cell::new);
        table.add_row([id, says, kind, screen.cell(a.answer.text(), paint(a.answer)), tests, figures]);
    }
    format!("{table}\n`tollgate claims E5` shows every test of a claim with its figures and sources\n")
}

/// Everything about one claim.
fn page(screen: &Screen, a: &Answered) -> String {
    let mut out = format!("{}  {}\n", screen.paint(&a.claim.id, Paint::Strong), screen.wrap(&a.claim.says[0], 4));
    out.push_str(&format!("  {}\n", screen.paint(a.answer.text(), paint(a.answer))));
    for test in &a.tests {
        let said = test.answer.map_or_else(|| screen.paint("says nothing", Paint::Faint), |x| screen.paint(x.text(), paint(x)));
        out.push_str(&format!("  · {said}: {}\n", screen.wrap(&test.figures, 4)));
        if !test.note[0].is_empty() {
            out.push_str(&format!("    {}\n", screen.wrap(&test.note[0], 4)));
        }
        if !test.source.is_empty() {
            out.push_str(&format!("    {}\n", screen.paint(&test.source, Paint::Faint)));
        }
    }
    if !a.claim.note[0].is_empty() {
        out.push_str(&format!("  {}\n", screen.wrap(&a.claim.note[0], 2)));
    }
    out.push('\n');
    out
}

fn as_json(a: &Answered) -> serde_json::Value {
    let tests: Vec<_> = a
        .tests
        .iter()
        .map(|t| json!({ "answer": t.answer.map(Answer::text), "figures": t.figures, "source": t.source, "note": t.note[0], "note_zh": t.note[1] }))
        .collect();
    json!({ "id": a.claim.id, "para": a.claim.para, "says": a.claim.says[0], "says_zh": a.claim.says[1], "kind": a.claim.kind.text(),
        "answer": a.answer.text(), "note": a.claim.note[0], "note_zh": a.claim.note[1], "tests": tests })
}

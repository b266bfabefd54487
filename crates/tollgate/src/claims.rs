//! `tollgate claims`: published sentences as questions, each with its answer, figures and source.

use std::fs;

use comfy_table::Cell;
use facts::Source;
use report::{Lang, Unit};
use serde_json::json;
use study::{Answer, Answered, Evidence, FactTest, Figure, Found, Measure, Plan, Shares, Sign, answer};
use world::Over;

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
    let mut evidence =
        Evidence::new(&library, &series, (&found.draws, &found.rows), plan.seed, &asked).drawn_from(&world.scenario);
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

/// The figures behind an answer, in words.
pub(crate) fn figures(found: &Found, lang: Lang) -> String {
    match found {
        Found::Figure { test, published, unit } => published_text(test, *published, unit, lang),
        Found::Worlds(shares) => shares_text(shares, lang),
        Found::Ruling(text) | Found::Nothing(text) => text.clone(),
    }
}

/// A published number by its unit, with the remark that stands beside it; a unit that nobody has spelled stands as it was written.
pub(crate) fn as_published(value: f64, unit: &str, lang: Lang) -> String {
    match Unit::read(unit) {
        Some((unit, remark)) => format!("{} {remark}", unit.published(value, lang)).trim_end().to_owned(),
        None => format!("{value} {unit}"),
    }
}

fn published_text(test: &FactTest, published: f64, unit: &str, lang: Lang) -> String {
    let FactTest { series, period, claimed, value, unit: own } = test;
    let (published, value) = (as_published(published, unit, lang), as_published(*value, own, lang));
    match lang {
        Lang::En => {
            let claimed = match claimed {
                Figure::About(_) => format!("about {value}"),
                Figure::AtLeast => format!("at least {value}"),
                Figure::AtMost => format!("at most {value}"),
                Figure::Zero => "zero".to_owned(),
            };
            format!("{series} {period}: {published} published, {claimed} claimed")
        }
        Lang::Zh => {
            let claimed = match claimed {
                Figure::About(_) => format!("约 {value}"),
                Figure::AtLeast => format!("至少 {value}"),
                Figure::AtMost => format!("至多 {value}"),
                Figure::Zero => "零".to_owned(),
            };
            format!("{series} {period}：公布值 {published}，所称 {claimed}")
        }
    }
}

fn shares_text(shares: &Shares, lang: Lang) -> String {
    let (test, zh) = (&shares.test, lang == Lang::Zh);
    let what = match (&test.against, &test.shift) {
        (Some(other), _) if zh => format!("{} 对比 {other}", test.scenario),
        (Some(other), _) => format!("{} against {other}", test.scenario),
        (None, Some((factor, from, to))) if zh => format!("{}，{factor} 由 {from} 到 {to}", test.scenario),
        (None, Some((factor, from, to))) => format!("{}, {factor} {from} to {to}", test.scenario),
        (None, None) => test.scenario.clone(),
    };
    let unit = worlds::unit(test.metric.unit());
    let level = |x: f64| unit.say(x, lang);
    let (said, median) = match test.claimed {
        Sign::Higher => (if zh { "更高" } else { "higher" }.to_owned(), unit.say_change(shares.median, lang)),
        Sign::Lower => (if zh { "更低" } else { "lower" }.to_owned(), unit.say_change(shares.median, lang)),
        Sign::Above(x) => (if zh { format!("高于 {}", level(x)) } else { format!("above {}", level(x)) }, level(shares.median)),
        Sign::Below(x) => (if zh { format!("低于 {}", level(x)) } else { format!("below {}", level(x)) }, level(shares.median)),
    };
    let part = |share: f64| Unit::SHARE.amount(share, lang);
    let (measure, share, n) = (measured(&test.metric, lang), part(shares.share), shares.worlds);
    let mut text = match lang {
        Lang::En => format!("{what}: {measure} {said} in {share} of {n} worlds, median {median}"),
        Lang::Zh => format!("{what}：{measure}，{n} 个世界中 {share} {said}，中位数 {median}"),
    };
    if let Some((name, low, high)) = shares.hangs_on {
        let (low, high) = (part(low), part(high));
        text.push_str(&match lang {
            Lang::En => format!("; hangs most on {name}: {low} in its lower half, {high} in its upper"),
            Lang::Zh => format!("；最取决于 {name}：其下半区间 {low}，上半区间 {high}"),
        });
    }
    text
}

/// What is measured, in words.
fn measured(metric: &Measure, lang: Lang) -> String {
    let Measure { name, over, from, to, .. } = metric;
    let [en, zh] = match over {
        Over::At => ["at", "取值"],
        Over::Sum => ["sum", "合计"],
        Over::Mean => ["mean", "均值"],
        Over::Max => ["max", "最大值"],
        Over::Min => ["min", "最小值"],
        Over::FirstAbove(_) => ["first above", "首次达到"],
    };
    let level = match over {
        Over::FirstAbove(level) => format!(" {}", worlds::unit(metric.unit_of_level()).say(*level, lang)),
        Over::At | Over::Sum | Over::Mean | Over::Max | Over::Min => String::new(),
    };
    let one = to.is_empty() || *over == Over::At;
    match lang {
        Lang::En => format!("{en}{level} of {name}, {}", if one { from.clone() } else { format!("{from} to {to}") }),
        Lang::Zh => format!("{name} {zh}{level}（{}）", if one { from.clone() } else { format!("{from} 至 {to}") }),
    }
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
        let figures = deciding.map_or_else(|| a.claim.note[0].clone(), |t| figures(&t.found, Lang::En));
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
        out.push_str(&format!("  · {said}: {}\n", screen.wrap(&figures(&test.found, Lang::En), 4)));
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
        .map(|t| json!({ "answer": t.answer.map(Answer::text), "figures": figures(&t.found, Lang::En), "source": t.source, "note": t.note[0], "note_zh": t.note[1] }))
        .collect();
    json!({ "id": a.claim.id, "para": a.claim.para, "says": a.claim.says[0], "says_zh": a.claim.says[1], "kind": a.claim.kind.text(),
        "answer": a.answer.text(), "note": a.claim.note[0], "note_zh": a.claim.note[1], "tests": tests })
}

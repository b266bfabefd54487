//! Every unit that occurs in the packs has a spelling for readers, and nothing on the first screens is written without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../../facts/tests/shipped/mod.rs"]
mod shipped;

use std::process::Command;
use std::sync::Arc;

use facts::Pack;
use regime::Library;
use report::{Lang, Unit};
use serde_json::Value;
use shipped::TEXTS;
use study::{Asks, Claims, Past, Series};
use world::{Factors, Levers, Scenario, Variables};

/// Every unit of the packs with where it stands.
fn units() -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(TEXTS.iter().cloned())), &mut problems);
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, unit) in Variables::<f64>::NAMES.iter().chain(Factors::<f64>::NAMES) {
        all.push(((*name).to_owned(), (*unit).to_owned()));
    }
    // A lever that takes words alone has no number to write.
    all.extend(Levers::<f64>::NAMES.iter().filter(|(_, unit)| *unit != "word").map(|(n, u)| ((*n).to_owned(), (*u).to_owned())));
    let series = Series::read(library.pack.get("history/series.csv").unwrap(), &mut problems);
    for one in &series {
        all.extend(one.observations.iter().map(|o| (format!("{} {}", one.name, o.period.text), o.unit.clone())));
    }
    for name in Scenario::names(&library.pack).into_iter().filter(|name| name != "base") {
        let scenario = Scenario::read(&library.pack, &name, &library, &mut problems).unwrap();
        all.extend(scenario.metrics.iter().map(|m| (m.id.clone(), m.unit.clone())));
        let past = Past::read(&library.pack, &series, &scenario, &mut problems).unwrap();
        all.extend(past.targets.iter().map(|t| (t.id.clone(), t.of.unit())));
    }
    for source in library.pack.under("claims/") {
        for claim in Claims::read(source, &mut problems).claims {
            for test in claim.tests {
                match test.asks {
                    Asks::Fact(fact) => all.push((format!("claim {}", claim.id), fact.unit)),
                    Asks::Question(question) => {
                        all.push((format!("claim {}", claim.id), question.metric.unit().to_owned()));
                        all.push((format!("claim {}", claim.id), question.metric.unit_of_level().to_owned()));
                    }
                    Asks::Rule(_) => {}
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:?}");
    all
}

#[test]
fn every_unit_of_the_packs_has_a_spelling() {
    let all = units();
    assert!(all.len() > 600, "{}", all.len());
    let missing: Vec<_> = all.iter().filter(|(_, unit)| Unit::read(unit).is_none()).collect();
    assert!(missing.is_empty(), "no spelling for {missing:?}: say in report/src/unit.rs how a reader is told of it");
    for (of, text) in &all {
        let (unit, _) = Unit::read(text).unwrap();
        for lang in [Lang::En, Lang::Zh] {
            // Whatever the size, a number is short, has no power of ten and no name such as `1`.
            for value in [0.0, 4.01e-8, -0.00000827, 0.274, 1.0, 2030.25, 123_456.789, -1.0e9] {
                let said = unit.say(value, lang);
                assert!(!said.contains('e') || said.chars().any(|c| c.is_alphabetic()), "{of}: {said}");
                assert!(!said.contains("e\u{2212}") && !said.contains("0.0000"), "{of} in {text}: {value} is {said}");
            }
            assert!(!unit.name(lang).chars().all(|c| c.is_ascii_digit()), "{of}");
        }
    }
}

#[test]
fn a_year_is_a_quarter_and_a_share_is_in_per_cent_wherever_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        let output = command.args(args).current_dir(folder.path()).env("COLUMNS", "200").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&["simulate", "--against", "closed", "--worlds", "200", "--save", "s.parquet"]);
    let line = |text: &str, title: &str| text.lines().find(|l| l.contains(title)).unwrap_or_else(|| panic!("{title}")).to_owned();
    let year = line(&text, "When domestic parts first give");
    assert!(year.contains("2026Q") && year.contains("quarters") && !year.contains("2,030"), "{year}");
    let share = line(&text, "Domestic share of value ");
    assert!(share.contains(" %") && share.contains("share"), "{share}");
    let unwanted = |text: &str| text.contains("2,030") || text.contains("e\u{2212}") || text.contains("0.0000");
    assert!(!unwanted(&text), "{text}");
    assert!(text.contains("closed differs from h200 from 2026Q1: the exporter's gate stands at `closed`"), "{text}");
    assert!(text.contains("the 90 % band"), "{text}");
    let replayed = run(&["simulate", "--replay", "s.parquet:17"]);
    assert!(line(&replayed, "When domestic parts first give").contains("2026Q") && !unwanted(&replayed), "{replayed}");
    let claims = run(&["claims", "--worlds", "200"]);
    assert!(!unwanted(&claims), "{claims}");
    let backtest = run(&["backtest", "--worlds", "200"]);
    assert!(!unwanted(&backtest), "{backtest}");
}

#[test]
fn one_world_has_no_range_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let output = command.args(["simulate", "--worlds", "1", "--prior"]).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Too few worlds for a 90 % band: 1 left") && !text.contains(" ["), "{text}");
    assert!(std::fs::read_to_string(folder.path().join("report.html")).unwrap().contains("Too few worlds for a 90 % band"));
}

#[test]
fn the_readme_scores_as_many_figures_as_the_backtest() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let output = command.args(["backtest", "--worlds", "400", "--json"]).current_dir(folder.path()).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scored = answer["scores"].as_array().unwrap();
    assert_eq!(answer["score"]["figures"].as_u64().unwrap() as usize, scored.len());
    assert!(readme.contains(&format!("scores {} of them", scored.len())), "{}", scored.len());
    let with_null = scored.iter().filter(|s| !s["last_value_error"].is_null()).count();
    assert_eq!(answer["score"]["last_value"]["figures"].as_u64().unwrap() as usize, with_null);
    let text = answer["score"]["text"].as_str().unwrap();
    assert!(
        text.contains(&format!("of {} figures", scored.len())) && text.contains(&format!("of the {with_null} figures")),
        "{text}"
    );
}

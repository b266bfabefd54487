//! Packs with something wrong (`bad/*.txt`) and with nothing wrong (`good/*.txt`): what the checker says, word for word.
//! A text holds a small pack under `--- path` lines, and after `=== expected` what `regime::check` reports of it; dictionary,
//! countries, corridors and parts that it does not give are the shipped ones. `⟨65 × (⟩` stands for 65 parentheses.
//! `UPDATE=1 cargo test -p regime --test pages` writes the expected parts anew: read them before you keep them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{day, open, rendered, standard, texts};
use facts::{Pack, Problem, Severity};
use regime::{Law, Lens, Library, Outcome, Policy, Posted, check};

/// The line between a pack and what is expected of it.
const EXPECTED: &str = "=== expected\n";

/// Files that a pack here need not hold; of the parts it holds all or none.
const SHIPPED: [&str; 4] = ["fields.toml", "countries.csv", "corridors.toml", "chips/"];

type Files = Vec<(String, String)>;

/// The files that a text gives: path and contents.
fn given(pack: &str) -> Files {
    let mut files = Files::new();
    for line in pack.split_inclusive('\n') {
        match (line.strip_prefix("--- "), files.last_mut()) {
            (Some(path), _) => files.push((path.trim().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => assert!(line.trim().is_empty(), "a text begins with a line `--- path`, not with {line}"),
        }
    }
    for (_, text) in &mut files {
        *text = unfolded(text);
    }
    files
}

/// `⟨65 × (⟩` written out: limits are tested without pages that nobody can read.
fn unfolded(text: &str) -> String {
    let Some((before, rest)) = text.split_once('⟨') else { return text.to_owned() };
    let (folded, after) = rest.split_once('⟩').expect("a closing ⟩");
    let (times, piece) = folded.split_once(" × ").expect("⟨times × text⟩");
    let times = times.parse().expect("a whole number before ×");
    format!("{before}{}{}", piece.repeat(times), unfolded(after))
}

/// Shipped files that are taken where a pack gives none of their kind.
fn shipped(given: &Files) -> Files {
    let missing: Vec<&str> =
        SHIPPED.iter().copied().filter(|kind| !given.iter().any(|(path, _)| path.starts_with(kind))).collect();
    texts().into_iter().filter(|(path, _)| missing.iter().any(|kind| path.starts_with(kind))).collect()
}

fn pack_of(given: &Files) -> Arc<Pack> {
    let mut files = shipped(given);
    files.extend(given.iter().cloned());
    Arc::new(Pack::new(files))
}

/// What the checker says of a pack's own files. The shipped corridors name regimes that are not here: nothing to tell.
fn told(given: &Files) -> (Vec<Problem>, String) {
    let from_disk: Vec<String> = shipped(given).into_iter().map(|(path, _)| path).collect();
    let report = check(pack_of(given), &mut |_| {});
    let problems: Vec<Problem> = report.problems.into_iter().filter(|p| !from_disk.contains(&p.file)).collect();
    let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    let mut text = rendered(&problems);
    let _ = writeln!(text, "{errors} errors, {warnings} warnings, {} cases", report.cases);
    (problems, text)
}

/// The texts of a folder, in order of name.
fn folder(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no texts", folder.display());
    paths
}

/// Checks every text of a folder; `sound` says what must be so of its problems whatever is written in it.
fn run(name: &str, sound: fn(&[Problem]) -> bool) {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for path in folder(name) {
        let text = fs::read_to_string(&path).expect("a text");
        let (pack, expected) = text.split_once(EXPECTED).unwrap_or((&text, ""));
        let (problems, told) = told(&given(pack));
        if !sound(&problems) {
            let _ = writeln!(wrong, "{} does not belong into {name}/:\n{told}", path.display());
        } else if update {
            // By way of another name: the tests that open a good pack run beside this one.
            let new = path.with_extension("new");
            fs::write(&new, format!("{pack}{EXPECTED}{told}")).expect("writing the expected part");
            fs::rename(new, &path).expect("putting it in place");
        } else if told != expected {
            let _ = writeln!(wrong, "{}\n{}", path.display(), difference(expected, &told));
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 writes the expected parts anew: read them before you keep them");
}

/// The lines that only one of two texts has: enough to see what changed in a long list.
fn difference(expected: &str, told: &str) -> String {
    let only = |a: &str, b: &str, sign: &str| -> String {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).fold(String::new(), |all, line| all + sign + line + "\n")
    };
    let lines = only(expected, told, "- ") + &only(told, expected, "+ ");
    if lines.is_empty() { "the same lines in another order or number".to_owned() } else { lines }
}

#[test]
fn bad_packs_are_told_what_is_wrong() {
    run("bad", |problems| !problems.is_empty());
}

#[test]
fn good_packs_check_and_their_cases_pass() {
    run("good", |problems| problems.iter().all(|p| p.severity != Severity::Error));
}

/// The pack of one text in `good/`, opened.
fn good(name: &str) -> Library {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good").join(name);
    let text = fs::read_to_string(path).expect("a text");
    let (pack, _) = text.split_once(EXPECTED).unwrap_or((&text, ""));
    // The shipped corridors name regimes that are not here.
    let mut files = given(pack);
    files.push(("corridors.toml".to_owned(), String::new()));
    let mut all = shipped(&files);
    all.extend(files);
    open(all)
}

/// Problems of laying drafts over the regime of a pack.
fn problems_of(library: &Library, drafts: &[&str]) -> String {
    let drafts: Vec<String> = drafts.iter().map(|d| (*d).to_owned()).collect();
    match library.corridor(&["x".to_owned()], &drafts, Lens::default()) {
        Ok(_) => String::new(),
        Err(problems) => rendered(&problems),
    }
}

#[test]
fn two_drafts_that_replace_one_clause_contradict_each_other() {
    let library = good("drafts.txt");
    for alone in ["wide", "none", "pair", "twin"] {
        assert_eq!(problems_of(&library, &[alone]), "");
    }
    let both = problems_of(&library, &["none", "wide"]);
    assert!(both.contains("error: drafts `none` and `wide` both replace `R`\n"), "{both}");
    assert!(both.contains("  = lay one of them over the regime, or make a draft that says how they meet\n"), "{both}");
    let new = problems_of(&library, &["pair", "twin"]);
    assert!(new.starts_with("regimes/x/drafts/twin/s.md:1:1: error: two pages are called `S`\n"), "{new}");
    assert!(new.contains("  = drafts `pair` and `twin` both state it: lay one of them over the regime\n"), "{new}");
}

#[test]
fn unknown_drafts_and_regimes_are_told_with_near_names() {
    let library = good("drafts.txt");
    let near = "regimes/:1:1: error: no draft `wyde` in x\n  = near it: wide\n";
    assert_eq!(problems_of(&library, &["wyde"]), near);
    let known = "regimes/:1:1: error: no draft `qqq` in x\n  = known: none, pair, twin, wide\n";
    assert_eq!(problems_of(&library, &["qqq"]), known);
    let mut problems = Vec::new();
    assert!(library.law("y", &[], &mut problems).is_none());
    assert_eq!(rendered(&problems), "regimes/:1:1: error: no regime `y`\n  = known: x\n");
    problems.clear();
    assert!(Law::read(&library.pack, "y", &library.dictionary, &[], &mut problems).is_none());
    let missing = "regimes/y/regime.toml:1:1: error: regime `y` has no regime.toml\n  \
                   = a regime is a folder under regimes/ with a regime.toml\n";
    assert_eq!(rendered(&problems), missing);
    problems.clear();
    Law::read(&library.pack, "x", &library.dictionary, &["wyde".to_owned()], &mut problems);
    assert_eq!(rendered(&problems), "regimes/x/:1:1: error: no draft `wyde` of `x`\n  = near it: wide\n");
}

#[test]
fn a_pack_without_dictionary_or_countries_says_so() {
    let report = check(Arc::new(Pack::new(Files::new())), &mut |_| {});
    let hint = "  = point --data at a folder that holds it, or leave --data away\n";
    let absent = |file: &str| format!("{file}:1:1: error: the pack has no such file\n{hint}");
    assert_eq!(rendered(&report.problems), absent("countries.csv") + &absent("fields.toml"));
}

/// An act and a prohibition under it that an announcement leaves in doubt from a day on which nothing else changes.
const DOUBT: &str = r#"
--- regimes/x/regime.toml
id = "x"
title = "A regime under test"
authority = "Nobody"
side = "exporter"
currency = "USD"
scope = "true"
covers_from = 2000-01-01
as_of = 2026-01-01
--- regimes/x/instruments.toml
[[instrument]]
id = "ACT"
kind = "rule"
title = "An act"
citation = "1 Act 1"
published = 2020-01-01
confidence = "P"
[[instrument]]
id = "PRESS"
kind = "announcement"
title = "A press release"
citation = "Press 1"
published = 2020-01-01
confidence = "S2"
suspends = [{ what = "ACT", from = 2022-06-01, certain = false, question = "Was it stayed?" }]
--- regimes/x/ban.md
# ban  Nothing passes

```toml rule
kind = "prohibition"
when = "destination = 'CN'"
from = 2020-01-01
by = "ACT"
```
"#;

/// A doubt is one in both views, so an epoch begins with it in both.
#[test]
fn a_doubt_begins_an_epoch_in_either_view() {
    let files = given(DOUBT);
    let mut problems = Vec::new();
    let library = Library::open(pack_of(&files), &mut problems);
    let law = library.law("x", &[], &mut problems).unwrap();
    let case = |date: &str| standard(&library, &[("date", date), ("to", "CN")]);
    for view in [regime::View::Practice, regime::View::Text] {
        let lens = Lens { view, known: None };
        let epochs = law.epochs(&lens);
        for (date, outcome) in [("2022-05-31", Outcome::Prohibited), ("2022-06-01", Outcome::Undetermined)] {
            let case = case(date);
            let split = epochs.iter().find(|e| e.holds(case.day)).unwrap();
            for epoch in [split, &law.on(case.day, &lens)] {
                let decided = regime::decide(&law, epoch, &case, &regime::Totals::default());
                assert_eq!(decided.outcome, outcome, "{view:?} on {date}");
            }
        }
        // What is kept from row to row must not answer for a day on which the law was another.
        let mut corridor = library.corridor(&["x".to_owned()], &[], lens).unwrap();
        assert_eq!(corridor.decide(&case("2022-05-31"), &[]).outcome, Outcome::Prohibited);
        assert_eq!(corridor.decide(&case("2022-06-01"), &[]).outcome, Outcome::Undetermined, "{view:?}");
    }
}

/// One row of an order book in words: outcome, and whether it was counted.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, Outcome, bool);

#[test]
fn a_quota_runs_full_in_an_order_book() {
    let library = good("quota.txt");
    let corridor = library.corridor(&["x".to_owned()], &[], Lens::default());
    let mut corridor = corridor.unwrap_or_else(|problems| panic!("{}", rendered(&problems)));
    let mut totals = corridor.totals();
    let judged = Outcome::Licence(Policy::CaseByCase);
    let book: [Row<'_>; 11] = [
        ("2020-02-01", "CN", "NVIDIA", "1", Outcome::Exception, true),
        // To the bound, not over it.
        ("2020-02-02", "CN", "nvidia", "1", Outcome::Exception, true),
        ("2020-02-03", "CN", "NVIDIA", "1", judged, true),
        ("2020-02-03", "CN", "AMD", "2", Outcome::Exception, true),
        // A new year, a new total.
        ("2021-01-01", "CN", "NVIDIA", "2", Outcome::Exception, true),
        ("2021-01-02", "RU", "NVIDIA", "1", Outcome::Prohibited, false),
        ("2021-01-03", "US", "NVIDIA", "10", Outcome::Free, true),
        ("2021-01-04", "RU", "NVIDIA", "1", Outcome::Free, true),
        // In this quarter 13 moved: what was prohibited is not counted.
        ("2021-03-31", "IR", "NVIDIA", "8", Outcome::Prohibited, false),
        ("2021-03-31", "IR", "NVIDIA", "7", Outcome::Free, true),
        ("2021-04-01", "IR", "NVIDIA", "20", Outcome::Free, true),
    ];
    for (date, to, exporter, quantity, outcome, moves) in book {
        let facts = [("date", date), ("to", to), ("exporter", exporter), ("quantity", quantity), ("tpp", "5000")];
        let case = standard(&library, &facts);
        assert_eq!(case.day, day(date));
        let (decision, posted) = corridor.decide_and_post(&case, &mut totals);
        assert_eq!((decision.outcome, posted), (outcome, Posted(moves)), "{facts:?}");
    }
}

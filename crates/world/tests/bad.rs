//! Scenarios with something wrong (`bad/*.txt`): what the reader says of them, word for word. A text holds scenarios under `--- name` lines,
//! the first of which is read, and after `=== expected` what is told; regimes, parts and `base` are the shipped ones.
//! `UPDATE=1 cargo test -p world --test bad` writes the expected parts anew: read them before you keep them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use common::{library, rendered};
use world::Scenario;

const EXPECTED: &str = "=== expected\n";

/// The texts of the folder, in order of name.
fn folder() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    paths
}

/// What the reader says of the first scenario of a text.
fn told(given: &str) -> String {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut first = None;
    for line in given.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("--- ") {
            first.get_or_insert(name.trim().to_owned());
            files.push((format!("scenarios/{}.toml", name.trim()), String::new()));
        } else {
            files.last_mut().expect("a text begins with a line `--- name`").1.push_str(line);
        }
    }
    // A scenario without a text stands for one that does not exist.
    files.retain(|(_, text)| !text.trim().is_empty());
    let library = library(&files);
    let mut problems = Vec::new();
    let read = Scenario::read(&library.pack, &first.expect("a scenario"), &library, &mut problems);
    assert_eq!(read.is_some(), problems.is_empty(), "a scenario comes back exactly where nothing is wrong");
    for problem in &problems {
        assert!(!problem.hint.is_empty(), "no hint: {problem}");
        assert!(problem.line >= 1 && problem.file.starts_with("scenarios/"), "no place: {problem}");
    }
    rendered(&problems)
}

#[test]
fn bad_scenarios_are_told_what_is_wrong() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    let paths = folder();
    assert!(paths.len() >= 10, "only {} texts", paths.len());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a text");
        let (given, expected) = text.split_once(EXPECTED).unwrap_or((&text, ""));
        let told = told(given);
        if told.is_empty() {
            let _ = writeln!(wrong, "{} has nothing wrong with it", path.display());
        } else if update {
            fs::write(&path, format!("{given}{EXPECTED}{told}")).expect("writing the expected part");
        } else if told != expected {
            let _ = writeln!(wrong, "{}\n--- expected\n{expected}--- told\n{told}", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 writes the expected parts anew: read them before you keep them");
}

#[test]
fn every_shipped_scenario_reads_without_a_word() {
    let library = library(&[]);
    let mut names = Scenario::names(&library.pack);
    names.retain(|name| name != "base");
    let mut known = common::SCENARIOS.map(str::to_owned).to_vec();
    names.sort();
    known.sort();
    assert_eq!(names, known, "tests run over all scenarios that ship");
    for name in names {
        let mut problems = Vec::new();
        assert!(Scenario::read(&library.pack, &name, &library, &mut problems).is_some() && problems.is_empty(), "{name}");
    }
}

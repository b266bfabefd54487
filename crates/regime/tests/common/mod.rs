//! The real pack from disk, and the few short words that every test here needs to ask it something.

#![allow(dead_code)] // every test file uses its own part of this

#[path = "../../../facts/tests/shipped/mod.rs"]
mod shipped;

use std::sync::{Arc, LazyLock};

use facts::{Case, Date, Dictionary, Fact, FieldId, Order, Pack, Problem, parse_date};
use regime::{Corridor, Law, Lens, Library};
pub(crate) use shipped::TEXTS;

/// The shipped pack, opened once for each test file.
pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| open(texts()));

/// Every text of the shipped pack: path inside it, and contents.
pub(crate) fn texts() -> Vec<(String, String)> {
    TEXTS.clone()
}

/// Opens a pack that must be sound as far as dictionary and catalogue go.
pub(crate) fn open(texts: Vec<(String, String)>) -> Library {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts)), &mut problems);
    assert!(problems.is_empty(), "{}", rendered(&problems));
    library
}

/// Problems as the program prints them.
pub(crate) fn rendered(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect()
}

/// A regime of a library with drafts laid over it; it must read without problems.
pub(crate) fn law(library: &Library, id: &str, drafts: &[&str]) -> Law {
    let drafts: Vec<String> = drafts.iter().map(|d| (*d).to_owned()).collect();
    let mut problems = Vec::new();
    let law = library.law(id, &drafts, &mut problems);
    assert!(problems.is_empty(), "{}", rendered(&problems));
    law.expect("a law without problems")
}

/// Gates of the shipped pack under a lens; with nothing named the default corridor.
pub(crate) fn corridor(names: &[&str], lens: Lens) -> Corridor {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    LIBRARY.corridor(&names, &[], lens).unwrap_or_else(|problems| panic!("{}", rendered(&problems)))
}

/// A day.
pub(crate) fn day(text: &str) -> Date {
    parse_date(text).expect("a day")
}

/// A field that the dictionary must have.
pub(crate) fn field(dictionary: &Dictionary, name: &str) -> FieldId {
    dictionary.id(name).unwrap_or_else(|| panic!("no field `{name}`"))
}

/// A fact as files spell it.
pub(crate) fn fact(dictionary: &Dictionary, name: &str, text: &str) -> Fact {
    let id = field(dictionary, name);
    dictionary.parse(id, text).unwrap_or_else(|why| panic!("{name} = {text}: {why}"))
}

/// The standard case of a library with some facts stated; `unknown` makes a fact unknown again.
pub(crate) fn standard(library: &Library, facts: &[(&str, &str)]) -> Case {
    let pairs: Vec<(String, String)> = facts.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let order = Order::from_pairs(&library.dictionary, &library.catalogue, "a test", &pairs);
    let mut case = order.unwrap_or_else(|problems| panic!("{}", rendered(&problems))).case;
    case.fill_standard(&library.dictionary);
    for (name, _) in facts.iter().filter(|(_, text)| *text == "unknown") {
        case.set(field(&library.dictionary, name), Fact::Unknown);
    }
    case
}

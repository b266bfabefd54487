//! What changed: the catalogue's parts and the world's places, on two days or under two laws.

use facts::{Case, Catalogue, Chip, CountryId, Date, Dictionary, Fact};

use crate::cases::said;
use crate::corridor::{Corridor, CorridorDecision};
use crate::judge::Outcome;

/// Countries that are treated alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The countries.
    pub countries: Vec<CountryId>,
}

/// A status from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// First day.
    pub from: Date,
    /// The answer.
    pub outcome: Outcome,
    /// The answer with the exception's name.
    pub said: String,
    /// The gate that binds, and its clause; empty where nothing applies.
    pub by: String,
}

/// A part whose status differs at some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The part.
    pub chip: String,
    /// Before.
    pub before: Standing,
    /// After.
    pub after: Standing,
    /// Where.
    pub place: Place,
}

/// The standard sale of a part to a country on a day: see `fields.toml`.
pub fn standard_sale(dictionary: &Dictionary, chip: &Chip, to: CountryId, day: Date) -> Case {
    let mut case = Case::new(dictionary, day);
    chip.fill(&mut case);
    if let Some(destination) = dictionary.id("destination") {
        case.set(destination, Fact::Country(to));
    }
    case.fill_standard(dictionary);
    case
}

fn standing(corridor: &Corridor, decision: &CorridorDecision, from: Date) -> Standing {
    let gate = decision.binding();
    let (mut text, mut by) = (decision.outcome.text().to_owned(), String::new());
    if let (Some(law), Some(own)) = (corridor.laws.get(gate), decision.gates.get(gate)) {
        if own.outcome == decision.outcome {
            text = said(law, own);
        }
        if corridor.uncovered(from, decision).is_some() {
            text.push_str(", not covered");
        }
        let clauses: Vec<&str> = [own.by, own.review].into_iter().flatten().map(|c| law.clause(c).id.as_str()).collect();
        if !clauses.is_empty() {
            by = format!("{}: {}", law.id, clauses.join(", "));
        }
    }
    Standing { from, outcome: decision.outcome, said: text, by }
}

/// The days on which anything changes at any gate, from the first day of law on.
fn days(corridor: &Corridor) -> Vec<Date> {
    let mut days: Vec<Date> = corridor.laws.iter().flat_map(|law| law.epochs(&corridor.lens)).map(|e| e.from).collect();
    days.sort();
    days.dedup();
    days
}

/// A part's status by place over time: places treated alike stand together, each with the days of its changes.
pub fn classify(corridor: &mut Corridor, dictionary: &Dictionary, chip: &Chip) -> Vec<(Place, Vec<Standing>)> {
    let days = days(corridor);
    let mut found: Vec<(Place, Vec<Standing>)> = Vec::new();
    for country in dictionary.countries.ids() {
        let mut case = standard_sale(dictionary, chip, country, Date::MIN);
        let mut history: Vec<Standing> = Vec::new();
        for day in &days {
            case.day = *day;
            let decision = corridor.decide(&case, &[]);
            let now = standing(corridor, &decision, *day);
            if history.last().is_none_or(|last| last.said != now.said || last.by != now.by) {
                history.push(now);
            }
        }
        match found.iter_mut().find(|(_, h)| *h == history) {
            Some((place, _)) => place.countries.push(country),
            None => found.push((Place { countries: vec![country] }, history)),
        }
    }
    found.sort_by_key(|(_, history)| std::cmp::Reverse(history.iter().map(|s| s.outcome).max()));
    found
}

/// Every part and place whose answer differs between two views of the law.
pub fn diff(
    before: (&mut Corridor, Date),
    after: (&mut Corridor, Date),
    dictionary: &Dictionary,
    catalogue: &Catalogue,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for chip in &catalogue.chips {
        let first = changes.len();
        for country in dictionary.countries.ids() {
            let mut case = standard_sale(dictionary, chip, country, before.1);
            let old = before.0.decide(&case, &[]);
            let old = standing(before.0, &old, before.1);
            case.day = after.1;
            let new = after.0.decide(&case, &[]);
            let new = standing(after.0, &new, after.1);
            if old.said == new.said {
                continue;
            }
            let same = changes.iter_mut().skip(first).find(|c| c.before == old && c.after == new);
            match same {
                Some(change) => change.place.countries.push(country),
                None => changes.push(Change {
                    chip: chip.name.to_string(),
                    before: old,
                    after: new,
                    place: Place { countries: vec![country] },
                }),
            }
        }
    }
    changes
}

/// A place in a few words: its codes, or the first of them and how many more.
pub fn places(dictionary: &Dictionary, place: &Place, most: usize) -> String {
    let codes: Vec<&str> = place.countries.iter().map(|c| dictionary.countries.code(*c)).collect();
    if codes.len() <= most {
        return codes.join(" ");
    }
    format!("{} and {} more", codes.get(..most.saturating_sub(1)).unwrap_or_default().join(" "), codes.len() - most + 1)
}

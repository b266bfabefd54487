//! `tollgate classify`: a part's status by destination over time.

use columns::UNSCREENED;
use comfy_table::Cell;
use facts::{Chip, Found};
use regime::{Library, Outcome, Place, Standing, classify, places};
use serde_json::json;

use crate::Exit;
use crate::args::{ClassifyArgs, Common};
use crate::pack;
use crate::screen::{Failure, Paint, Screen};

/// How many country codes a line names.
const MOST: usize = 14;

/// Classifies a part, or every part of a family.
pub(crate) fn run(screen: &Screen, common: &Common, args: &ClassifyArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let mut corridor = pack::corridor(&library, &args.look)?;
    let only = args.to.as_deref().map(|to| country(&library, to)).transpose()?;
    let (mut all, mut text, mut decided) = (Vec::new(), String::new(), false);
    for chip in chips(&library, &args.chip)? {
        let mut found = classify(&mut corridor, &library.dictionary, chip);
        if let Some(only) = only {
            found.retain_mut(|(place, _)| {
                place.countries.retain(|c| *c == only);
                !place.countries.is_empty()
            });
        }
        decided |= found.iter().flat_map(|(_, history)| history).any(|standing| standing.outcome != Outcome::Undetermined);
        if screen.json {
            all.push(
                json!({ "chip": &*chip.name, "places": found.iter().map(|(p, h)| as_json(&library, p, h)).collect::<Vec<_>>() }),
            );
            continue;
        }
        text.push_str(&format!("{}\n", screen.paint(&chip.name, Paint::Strong)));
        for (place, history) in &found {
            text.push_str(&format!("\n{}\n", screen.wrap(&places(&library.dictionary, place, MOST), 0)));
            let mut table = screen.table(&["from", "status", "by"]);
            for standing in history {
                let first = if history.len() == 1 { "always" } else { "before" };
                let from = if standing.from == facts::Date::MIN { first.to_owned() } else { standing.from.to_string() };
                table.add_row([Cell::new(from), screen.outcome(standing.outcome, &standing.said), Cell::new(&standing.by)]);
            }
            text.push_str(&format!("{table}\n"));
        }
        if !chip.doubtful.is_empty() {
            text.push_str(&format!("doubtful: {}\n", screen.wrap(&chip.doubtful, 2)));
        }
        text.push('\n');
    }
    if screen.json {
        screen.json(&json!(all))?
    } else {
        let read = corridor.laws.iter().filter_map(|law| law.read_up_to(facts::Date::MAX));
        text.push_str(&read.map(|notice| format!("{notice}\n")).collect::<String>());
        screen.out(&format!("{}\n\n{}", unscreened(screen), text.trim_end()))?
    }
    Ok(if decided { Exit::Done } else { Exit::Undetermined })
}

/// What hangs over answers for the standard case.
pub(crate) fn unscreened(screen: &Screen) -> String {
    screen.paint(&screen.wrap(&format!("for the standard case; holds only if {UNSCREENED}"), 0), Paint::Unsure)
}

fn as_json(library: &Library, place: &Place, history: &[Standing]) -> serde_json::Value {
    let codes: Vec<&str> = place.countries.iter().map(|c| library.dictionary.countries.code(*c)).collect();
    let history: Vec<_> = history.iter().map(standing).collect();
    json!({ "countries": codes, "history": history })
}

/// A standing as JSON.
pub(crate) fn standing(standing: &Standing) -> serde_json::Value {
    let from = (standing.from != facts::Date::MIN).then(|| standing.from.to_string());
    json!({ "from": from, "outcome": standing.said, "by": standing.by })
}

/// The parts that a name means.
pub(crate) fn chips<'a>(library: &'a Library, name: &str) -> Result<Vec<&'a Chip>, Failure> {
    match library.catalogue.find(name) {
        Found::Chip(chip) => Ok(vec![chip]),
        Found::Family(chips) => Ok(chips),
        Found::Nothing(near) => {
            let hint = if near.is_empty() {
                "`tollgate show chips` lists them".to_owned()
            } else {
                format!("near it: {}", near.join(", "))
            };
            Err(Failure::Unknown(format!("`{name}` is not in the catalogue"), hint))
        }
    }
}

/// The country that a code or name means.
pub(crate) fn country(library: &Library, text: &str) -> Result<facts::CountryId, Failure> {
    let countries = &library.dictionary.countries;
    countries.find(text).ok_or_else(|| {
        let near = countries.nearest(text);
        let hint = if near.is_empty() {
            "two letters of ISO 3166-1, or the English name".to_owned()
        } else {
            format!("near it: {}", near.join(", "))
        };
        Failure::Unknown(format!("`{text}` is not a country"), hint)
    })
}

//! Instruments, dated values, groups: the tables that clauses cite.

use std::sync::Arc;

use facts::{Dictionary, FieldType, Keys, Number, Text, Unit, Units, nearest};

use crate::law::{Confidence, Dated, Group, Instrument, InstrumentId, InstrumentKind, Members, Spot, Suspension};

pub(super) fn word<T: Copy>(keys: &mut Keys<'_, '_>, key: &'static str, all: &[(&'static str, T)]) -> Option<T> {
    let text = keys.must(key)?;
    choose(keys, key, &text, all)
}

pub(super) fn choose<T: Copy>(keys: &mut Keys<'_, '_>, key: &str, text: &Text, all: &[(&'static str, T)]) -> Option<T> {
    let found = all.iter().find(|(w, _)| *w == text.value).map(|(_, t)| *t);
    if found.is_none() {
        let words: Vec<&str> = all.iter().map(|(w, _)| *w).collect();
        keys.report(text.at.clone(), format!("`{}` is no {}", text.value, key.replace('_', " ")), words.join(", "));
    }
    found
}

pub(super) fn instrument(keys: &mut Keys<'_, '_>, source: usize, draft: bool) -> Option<Instrument> {
    let at = keys.at();
    let id = keys.must("id");
    let kind = word(keys, "kind", InstrumentKind::ALL);
    let title = keys.must("title").map(|t| t.value);
    let citation = keys.must("citation");
    if let Some(citation) = citation.as_ref().filter(|c| c.value.trim().is_empty()) {
        keys.report(citation.at.clone(), "the citation is empty", "how a lawyer would cite it");
    }
    let published = keys.day("published").map(|d| d.0);
    let effective = keys.day("effective").map(|d| d.0);
    if published.is_none() {
        keys.missing("published");
    }
    let url = keys.text("url").map(|t| t.value).unwrap_or_default();
    let confidence = word(keys, "confidence", Confidence::ALL);
    keys.text("note");
    let binds: Vec<String> = keys.texts("binds").into_iter().map(|t| t.value).collect();
    let suspends = keys.tables("suspends", |keys| {
        let what = keys.must("what");
        let from = keys.day("from").map(|d| d.0);
        if from.is_none() {
            keys.missing("from");
        }
        let until = keys.day("until").map(|d| d.0);
        let certain = keys.flag("certain").unwrap_or(true);
        let question = keys.text("question").map(|t| t.value).unwrap_or_default();
        if !certain && question.is_empty() {
            keys.missing("question");
        }
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            keys.report(keys.at(), format!("it ends on {until}, before it begins on {from}"), "");
        }
        Some(Suspension { clauses: vec![], what: what?.value, from: from?, until, certain, question })
    });
    let place = id.as_ref().map_or(at, |t| t.at.clone());
    if kind == Some(InstrumentKind::Letter) && binds.is_empty() {
        keys.report(place.clone(), "a letter binds nobody", "add `binds = [\"company\"]`");
    }
    if kind.is_some_and(|k| k != InstrumentKind::Letter) && !binds.is_empty() {
        keys.report(place.clone(), "only a letter binds named companies", "set kind = \"letter\", or drop `binds`");
    }
    if draft && kind.is_some_and(|k| k != InstrumentKind::Draft) {
        keys.report(place.clone(), "an instrument of a draft is a draft", "set kind = \"draft\"");
    }
    Some(Instrument {
        id: id?.value,
        kind: kind?,
        title: title?,
        citation: citation?.value,
        published: published?,
        effective: effective.or(published)?,
        url,
        confidence: confidence?,
        binds,
        suspends,
        draft,
        at: Spot { source, at: place },
    })
}

pub(super) fn cited(keys: &mut Keys<'_, '_>, key: &'static str, instruments: &[Instrument]) -> Option<InstrumentId> {
    let text = keys.text(key)?;
    let found = instruments.iter().position(|i| i.id == text.value);
    if found.is_none() {
        let near = nearest(&text.value, instruments.iter().map(|i| i.id.as_str())).join(", ");
        let hint = if near.is_empty() { "list it in instruments.toml".to_owned() } else { format!("near it: {near}") };
        keys.report(text.at, format!("no instrument `{}`", text.value), hint);
    }
    found.map(|i| InstrumentId(i as u16))
}

pub(super) fn must_cite(keys: &mut Keys<'_, '_>, instruments: &[Instrument]) -> Option<InstrumentId> {
    if keys.get("by").is_none() {
        keys.missing("by");
    }
    cited(keys, "by", instruments)
}

pub(super) fn confidence(keys: &mut Keys<'_, '_>, by: Option<InstrumentId>, instruments: &[Instrument]) -> Confidence {
    let own = keys.text("confidence").and_then(|text| choose(keys, "confidence", &text, Confidence::ALL));
    let of_act = by.and_then(|b| instruments.get(b.0 as usize)).map_or(Confidence::Unverified, |i| i.confidence);
    own.unwrap_or(of_act)
}

pub(super) fn dated(
    keys: &mut Keys<'_, '_>,
    units: &Units,
    instruments: &[Instrument],
    unit: &mut Option<Unit>,
) -> Option<Dated> {
    let from = keys.day("from").map(|d| d.0);
    if from.is_none() {
        keys.missing("from");
    }
    let until = keys.day("until").map(|d| d.0);
    let number = keys.number("value");
    if number.is_none() {
        keys.missing("value");
    }
    let mut factor = None;
    if let Some(text) = keys.must("unit") {
        match units.parse(&text.value) {
            Ok(own) => match unit {
                Some(first) => {
                    factor = Units::conversion(&own, first);
                    if factor.is_none() {
                        keys.report(
                            text.at,
                            format!("{own} does not measure what {first} does"),
                            "all entries of a value measure one thing",
                        );
                    }
                }
                None => {
                    factor = Some(Number::from(1).exact());
                    *unit = Some(own);
                }
            },
            Err(why) => keys.report(text.at, why, "units are declared in fields.toml"),
        }
    }
    let by = must_cite(keys, instruments);
    let confidence = confidence(keys, by, instruments);
    let cite = keys.text("cite").map(|t| t.value).unwrap_or_default();
    keys.text("note");
    let (number, at) = number?;
    let number = Number::from_exact(&(Number::from(number).exact() * factor?));
    if number.is_none() {
        keys.report(
            at,
            "in the unit of the first entry this is no decimal of at most 28 digits",
            "state all entries in one unit",
        );
    }
    Some(Dated { from: from?, until, number: number?, by: by?, confidence, cite })
}

pub(super) fn group(
    keys: &mut Keys<'_, '_>,
    dictionary: &Dictionary,
    instruments: &[Instrument],
    source: usize,
) -> Option<Group> {
    let id = keys.must("id");
    let of = keys.must("of");
    let of_countries = of.as_ref().is_none_or(|of| of.value == "country");
    if let Some(of) = of.as_ref().filter(|_| !of_countries)
        && dictionary.id(&of.value).is_none_or(|f| dictionary.field(f).kind != FieldType::Text)
    {
        keys.report(
            of.at.clone(),
            format!("`{}` is neither `country` nor a field of names", of.value),
            "as in of = \"chip_family\"",
        );
    }
    let by = must_cite(keys, instruments);
    let confidence = confidence(keys, by, instruments);
    keys.text("cite");
    keys.text("note");
    let from = keys.day("from").map(|d| d.0);
    if from.is_none() {
        keys.missing("from");
    }
    let mut members = Members::default();
    for text in keys.texts("members") {
        change(keys, &mut members, dictionary, of_countries, &text, true);
    }
    let mut states = vec![(from?, by?, members.clone())];
    let changes = keys.tables("changes", |keys| {
        let on = keys.day("on").map(|d| d.0);
        if on.is_none() {
            keys.missing("on");
        }
        let by = must_cite(keys, instruments);
        keys.text("note");
        keys.text("confidence");
        let add = keys.texts("add");
        let remove = keys.texts("remove");
        Some((on?, by?, add, remove))
    });
    for (on, by, add, remove) in changes {
        if states.last().is_some_and(|(last, _, _)| *last >= on) {
            let at = id.as_ref().map_or(0..0, |t| t.at.clone());
            keys.report(at, format!("the change on {on} is not after the one before it"), "changes stand in order of day");
        }
        for text in add {
            change(keys, &mut members, dictionary, of_countries, &text, true);
        }
        for text in remove {
            change(keys, &mut members, dictionary, of_countries, &text, false);
        }
        states.push((on, by, members.clone()));
    }
    let id = id?;
    Some(Group {
        id: id.value,
        of_countries,
        of: of?.value,
        from: from?,
        by: by?,
        confidence,
        states,
        at: Spot { source, at: id.at },
    })
}

pub(super) fn change(
    keys: &mut Keys<'_, '_>,
    members: &mut Members,
    dictionary: &Dictionary,
    of_countries: bool,
    text: &Text,
    add: bool,
) {
    if !of_countries {
        let there = members.names.iter().position(|n| **n == *text.value);
        match (there, add) {
            (None, true) => members.names.push(Arc::from(text.value.as_str())),
            (Some(at), false) => {
                members.names.remove(at);
            }
            (Some(_), true) => keys.report(text.at.clone(), format!("`{}` belongs already", text.value), ""),
            (None, false) => keys.report(text.at.clone(), format!("`{}` does not belong", text.value), ""),
        }
        return;
    }
    match dictionary.countries.find(&text.value) {
        None => keys.report(text.at.clone(), format!("`{}` is not a country", text.value), "two capital letters, ISO 3166-1"),
        Some(id) if members.has_country(id) == add => {
            let word = if add { "belongs already" } else { "does not belong" };
            keys.report(text.at.clone(), format!("`{}` {word}", text.value), "");
        }
        Some(id) if add => members.add_country(id),
        Some(id) => members.remove_country(id),
    }
}

//! Tables of what the pack holds: parts, groups, countries, clauses.

use std::sync::Arc;

use columns::since;
use datafusion::arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::common::Result;
use facts::{Date, Fact, FieldType};

use crate::job::Ready;
use crate::table::Which;

/// A table, whole.
pub(crate) fn batch(which: Which, ready: &Ready) -> Result<RecordBatch> {
    let columns = match which {
        Which::Chips => chips(ready),
        Which::Groups => groups(ready),
        Which::Countries => countries(ready),
        Which::Clauses => clauses(ready),
        Which::Decisions | Which::Rows => Vec::new(),
    };
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(name.as_str(), array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

type Named = (String, ArrayRef);

fn texts<T>(name: &str, rows: &[T], of: impl Fn(&T) -> String) -> Named {
    let texts = rows.iter().map(|row| Some(of(row)).filter(|text| !text.is_empty()));
    (name.to_owned(), Arc::new(texts.collect::<StringArray>()))
}

fn days<T>(name: &str, rows: &[T], of: impl Fn(&T) -> Option<Date>) -> Named {
    (name.to_owned(), Arc::new(rows.iter().map(|row| of(row).map(since)).collect::<Date32Array>()))
}

/// Every part with every fact that is known of some part; unknown cells are null, and so are facts known not to exist.
fn chips(ready: &Ready) -> Vec<Named> {
    let (dictionary, chips) = (&ready.library.dictionary, &ready.library.catalogue.chips);
    let mut columns = vec![texts("name", chips, |c| c.name.to_string()), texts("family", chips, |c| c.family.to_string())];
    let mut known: Vec<_> = chips.iter().flat_map(|chip| chip.facts.iter().map(|(id, _)| *id)).collect();
    known.sort();
    known.dedup();
    for id in known {
        let field = dictionary.field(id);
        if columns.iter().any(|(name, _)| *name == field.name) {
            continue;
        }
        let fact = |chip: &facts::Chip| chip.facts.iter().find(|(own, _)| *own == id).map(|(_, fact)| fact.clone());
        columns.push(if field.kind == FieldType::Number {
            let numbers = chips.iter().map(|chip| match fact(chip) {
                Some(Fact::Number(number)) => Some(number.approx()),
                _ => None,
            });
            (field.name.clone(), Arc::new(numbers.collect::<Float64Array>()))
        } else {
            texts(&field.name, chips, |chip| fact(chip).map_or(String::new(), |fact| dictionary.spell(id, &fact)))
        });
    }
    columns.push(texts("doubtful", chips, |chip| chip.doubtful.clone()));
    columns.push(texts("sources", chips, |chip| chip.sources.clone()));
    columns.push(texts("confidence", chips, |chip| chip.confidence.clone()));
    columns
}

/// A row for every member and every time that it belongs: until is the last day, null where it goes on.
fn groups(ready: &Ready) -> Vec<Named> {
    let mut rows: Vec<(String, String, String, Date, Option<Date>, String)> = Vec::new();
    for law in &ready.corridor.laws {
        for group in &law.groups {
            let mut open: Vec<usize> = Vec::new();
            for (on, by, members) in &group.states {
                let members = law.members(members);
                open.retain(|at| {
                    let stays = rows.get(*at).is_some_and(|row| members.contains(&row.2));
                    if let Some(row) = rows.get_mut(*at).filter(|_| !stays) {
                        row.4 = on.yesterday().ok();
                    }
                    stays
                });
                for member in members {
                    if !open.iter().any(|at| rows.get(*at).is_some_and(|row| row.2 == member)) {
                        open.push(rows.len());
                        let act = law.instrument(*by).citation.clone();
                        rows.push((law.id.clone(), group.id.clone(), member, *on, None, act));
                    }
                }
            }
        }
    }
    vec![
        texts("regime", &rows, |row| row.0.clone()),
        texts("name", &rows, |row| row.1.clone()),
        texts("member", &rows, |row| row.2.clone()),
        days("since", &rows, |row| Some(row.3)),
        days("until", &rows, |row| row.4),
        texts("act", &rows, |row| row.5.clone()),
    ]
}

fn countries(ready: &Ready) -> Vec<Named> {
    let countries = &ready.library.dictionary.countries;
    let ids: Vec<_> = countries.ids().collect();
    vec![
        texts("code", &ids, |id| countries.code(*id).to_owned()),
        texts("name", &ids, |id| countries.name(*id).to_owned()),
        texts("name_zh", &ids, |id| countries.name_zh(*id).to_owned()),
    ]
}

/// A row for every version of every clause.
fn clauses(ready: &Ready) -> Vec<Named> {
    let laws = &ready.corridor.laws;
    let rows: Vec<_> = laws
        .iter()
        .flat_map(|law| {
            law.clauses.iter().flat_map(move |clause| clause.versions.iter().map(move |version| (law, clause, version)))
        })
        .collect();
    vec![
        texts("regime", &rows, |(law, ..)| law.id.clone()),
        texts("clause", &rows, |(_, clause, _)| clause.id.clone()),
        texts("kind", &rows, |(_, clause, _)| clause.kind.to_string()),
        texts("title", &rows, |(_, clause, _)| clause.title.clone()),
        days("since", &rows, |(.., version)| Some(version.from)),
        days("until", &rows, |(.., version)| version.until),
        days("enforced_from", &rows, |(.., version)| version.enforced_from),
        days("enforced_until", &rows, |(.., version)| version.enforced_until),
        texts("act", &rows, |(law, _, version)| law.instrument(version.by).citation.clone()),
        texts("confidence", &rows, |(.., version)| version.confidence.to_string()),
        texts("draft", &rows, |(_, clause, _)| clause.draft.clone().unwrap_or_default()),
    ]
}

//! `tollgate show`: what the packs hold.

use facts::{Dictionary, FieldType, Standard};
use regime::{Corridor, InstrumentKind, Library, clause_text};
use serde_json::{Value, json};

use crate::Exit;
use crate::args::{Common, ShowArgs, ShowWhat};
use crate::classify::chips;
use crate::pack;
use crate::screen::{Failure, Paint, Screen};

/// Rows with their header: printed as a table or as JSON objects.
struct Rows {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Shows.
pub(crate) fn run(screen: &Screen, common: &Common, args: &ShowArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let corridor = || pack::corridor(&library, &args.look);
    if let (
        Some(name),
        ShowWhat::Regimes | ShowWhat::Instruments | ShowWhat::Groups | ShowWhat::Drafts | ShowWhat::Chips | ShowWhat::Fields,
    ) = (&args.name, args.what)
    {
        let hint = "leave the name out; `show clauses TEXT`, `show clause NAME` and `show chip NAME` take one".to_owned();
        return Err(Failure::Usage(format!("this list is shown whole: `{name}` means nothing here"), hint));
    }
    let rows = match args.what {
        ShowWhat::Regimes => regimes(&library)?,
        ShowWhat::Clauses => clauses(&corridor()?, args.name.as_deref()),
        ShowWhat::Clause => return clause(screen, &corridor()?, args.name.as_deref()),
        ShowWhat::Instruments => instruments(&corridor()?),
        ShowWhat::Groups => groups(&corridor()?),
        ShowWhat::Drafts => drafts(&corridor()?),
        ShowWhat::Chips => catalogue(&library),
        ShowWhat::Chip => return chip(screen, &library, args.name.as_deref()),
        ShowWhat::Fields => fields(&library.dictionary),
    };
    if screen.json {
        let objects: Vec<Value> = rows
            .rows
            .iter()
            .map(|row| Value::Object(rows.header.iter().zip(row).map(|(h, cell)| ((*h).to_owned(), json!(cell))).collect()))
            .collect();
        screen.json(&json!(objects))?;
    } else {
        let mut table = screen.table(&rows.header);
        table.add_rows(&rows.rows);
        screen.out(&table.to_string())?;
    }
    Ok(Exit::Done)
}

fn regimes(library: &Library) -> Result<Rows, Failure> {
    let mut rows = Vec::new();
    for id in &library.regimes {
        let mut problems = Vec::new();
        let law = library.law(id, &[], &mut problems).ok_or(Failure::Problems(problems))?;
        rows.push(vec![
            id.clone(),
            law.title.clone(),
            law.authority.clone(),
            law.clauses.len().to_string(),
            law.covers_from.to_string(),
            law.as_of.to_string(),
        ]);
    }
    for (id, title, regimes, default) in &library.corridors {
        let title = if *default { format!("{title} (default)") } else { title.clone() };
        rows.push(vec![format!("corridor {id}"), title, regimes.join(" + "), String::new(), String::new(), String::new()]);
    }
    Ok(Rows { header: vec!["id", "title", "authority", "clauses", "covers from", "facts read to"], rows })
}

fn clauses(corridor: &Corridor, filter: Option<&str>) -> Rows {
    let mut rows = Vec::new();
    for law in &corridor.laws {
        for clause in &law.clauses {
            let matches = filter.is_none_or(|f| clause.id.to_lowercase().contains(&f.to_lowercase()) || clause.kind.word() == f);
            if let Some(version) = clause.versions.last().filter(|_| matches) {
                let until = version.until.map_or(String::new(), |u| u.to_string());
                let first = clause.versions.first().map_or(version.from, |v| v.from);
                let act = law.instrument(version.by).citation.clone();
                rows.push(vec![
                    law.id.clone(),
                    clause.id.clone(),
                    clause.kind.to_string(),
                    clause.title.clone(),
                    first.to_string(),
                    until,
                    act,
                ]);
            }
        }
    }
    Rows { header: vec!["regime", "clause", "kind", "title", "from", "until", "act"], rows }
}

fn clause(screen: &Screen, corridor: &Corridor, name: Option<&str>) -> Result<Exit, Failure> {
    let name =
        name.ok_or_else(|| Failure::Usage("which clause?".to_owned(), "as in `tollgate show clause 3A090.a`".to_owned()))?;
    let found = corridor.laws.iter().find_map(|law| Some((law, law.clause_id(name)?)));
    let Some((law, id)) = found else {
        let known = corridor.laws.iter().flat_map(|l| l.clauses.iter().map(|c| c.id.as_str()));
        let near = facts::nearest(name, known).join(", ");
        let near = if near.is_empty() { String::new() } else { format!("near it: {near}; ") };
        return Err(Failure::Unknown(format!("no clause `{name}`"), format!("{near}`tollgate show clauses` lists them")));
    };
    let text = clause_text(law, id);
    if screen.json {
        screen.json(&json!({ "regime": law.id, "clause": name, "text": text }))?;
    } else {
        screen.out(&text)?;
    }
    Ok(Exit::Done)
}

fn instruments(corridor: &Corridor) -> Rows {
    let mut rows = Vec::new();
    for law in &corridor.laws {
        for act in &law.instruments {
            let kind = if act.kind == InstrumentKind::Letter {
                format!("letter to {}", act.binds.join(", "))
            } else {
                act.kind.to_string()
            };
            rows.push(vec![
                law.id.clone(),
                act.id.clone(),
                kind,
                act.citation.clone(),
                act.published.to_string(),
                act.effective.to_string(),
                act.confidence.to_string(),
            ]);
        }
    }
    Rows { header: vec!["regime", "id", "kind", "citation", "published", "effective", "confidence"], rows }
}

fn groups(corridor: &Corridor) -> Rows {
    let mut rows = Vec::new();
    for law in &corridor.laws {
        for group in &law.groups {
            for (on, by, members) in &group.states {
                rows.push(vec![
                    law.id.clone(),
                    group.id.clone(),
                    on.to_string(),
                    law.members(members).join(" "),
                    law.instrument(*by).citation.clone(),
                ]);
            }
        }
    }
    Rows { header: vec!["regime", "group", "from", "members", "act"], rows }
}

fn drafts(corridor: &Corridor) -> Rows {
    let mut rows = Vec::new();
    for law in &corridor.laws {
        for draft in &law.drafts {
            let from = draft.from.map_or(String::new(), |d| d.to_string());
            rows.push(vec![law.id.clone(), draft.id.clone(), draft.title.clone(), draft.status.clone(), from]);
        }
    }
    Rows { header: vec!["regime", "draft", "title", "status", "taken from"], rows }
}

fn catalogue(library: &Library) -> Rows {
    let columns =
        ["vendor", "announced", "tpp", "memory_bandwidth_gbs", "interconnect_gbs", "applicable_die_area_mm2", "datacenter"];
    let ids: Vec<_> = columns.iter().filter_map(|c| library.dictionary.id(c)).collect();
    let mut rows = Vec::new();
    for chip in &library.catalogue.chips {
        let mut row = vec![chip.name.to_string(), chip.family.to_string()];
        row.extend(ids.iter().map(|id| {
            let fact = chip.facts.iter().find(|(f, _)| f == id);
            fact.map_or(String::new(), |(_, fact)| library.dictionary.spell(*id, fact))
        }));
        row.push(chip.confidence.clone());
        rows.push(row);
    }
    Rows {
        header: vec![
            "part",
            "family",
            "vendor",
            "announced",
            "TPP",
            "memory GB/s",
            "links GB/s",
            "die mm2",
            "data center",
            "confidence",
        ],
        rows,
    }
}

fn chip(screen: &Screen, library: &Library, name: Option<&str>) -> Result<Exit, Failure> {
    let name =
        name.ok_or_else(|| Failure::Usage("which part?".to_owned(), "as in `tollgate show chip 'H20 96GB'`".to_owned()))?;
    let mut text = String::new();
    let mut all = Vec::new();
    for chip in chips(library, name)? {
        let facts: Vec<(String, String)> = chip
            .facts
            .iter()
            .map(|(id, fact)| {
                let field = library.dictionary.field(*id);
                (field.name.clone(), format!("{} {}", library.dictionary.spell(*id, fact), field.unit).trim_end().to_owned())
            })
            .collect();
        all.push(json!({
            "chip": &*chip.name,
            "facts": facts.iter().map(|(n, v)| (n.clone(), json!(v))).collect::<serde_json::Map<_, _>>(),
            "doubtful": chip.doubtful,
            "confidence": chip.confidence,
            "sources": chip.sources.split(';').collect::<Vec<_>>(),
        }));
        text.push_str(&format!("{}\n", screen.paint(&chip.name, Paint::Strong)));
        for (name, value) in facts {
            text.push_str(&format!("  {name:<26} {value}\n"));
        }
        let rates: Vec<String> = chip.dense_tops.iter().map(|(format, rate)| format!("{format} {rate}")).collect();
        text.push_str(&format!("  {:<26} {}\n", "dense TOPS", rates.join(", ")));
        if !chip.doubtful.is_empty() {
            text.push_str(&format!("  {:<26} {}\n", "doubtful", chip.doubtful));
        }
        text.push_str(&format!(
            "  {:<26} {}\n  {:<26} {}\n\n",
            "confidence",
            chip.confidence,
            "sources",
            chip.sources.replace(';', "\n                             ")
        ));
    }
    if screen.json {
        screen.json(&json!(all))?
    } else {
        screen.out(text.trim_end())?
    }
    Ok(Exit::Done)
}

fn fields(dictionary: &Dictionary) -> Rows {
    let mut rows = Vec::new();
    for id in dictionary.ids() {
        let field = dictionary.field(id);
        let kind = match &field.kind {
            FieldType::Choice(words) => words.join(" | "),
            FieldType::Set(words) => format!("any of {}", words.join(", ")),
            FieldType::Number if !field.unit.is_none() => field.unit.to_string(),
            other => other.to_string(),
        };
        let standard = match &field.standard {
            Standard::Unknown => String::new(),
            Standard::Is(fact) => dictionary.spell(id, fact),
            Standard::SameAs(other) => format!("as {}", dictionary.field(*other).name),
        };
        let mut name = field.name.clone();
        for column in &field.columns {
            name.push_str(&format!(" ({column})"));
        }
        rows.push(vec![name, field.about.word().to_owned(), kind, field.meaning.clone(), standard, field.source.clone()]);
    }
    Rows { header: vec!["fact", "about", "type or unit", "meaning", "standard case", "source"], rows }
}

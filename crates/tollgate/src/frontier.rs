//! `tollgate frontier`: the best part that the law still lets through.

use columns::UNSCREENED;
use comfy_table::Cell;
use facts::{About, Case, Chip, Fact, FieldId, Number};
use regime::{Bound, Frontier, Library, Question, frontier};
use serde_json::json;

use crate::Exit;
use crate::args::{Common, FrontierArgs};
use crate::classify::unscreened;
use crate::explain::{flags, named};
use crate::pack;
use crate::screen::{Failure, Paint, Screen};

/// Properties that are sought, best first in a table.
const SOUGHT: [&str; 2] = ["tpp", "memory_bandwidth_gbs"];
/// Properties that a designer may choose besides.
const CHOSEN: [&str; 3] = ["interconnect_gbs", "io_total_gbs", "applicable_die_area_mm2"];

/// Finds the frontier for every company that a letter binds, and for any other.
pub(crate) fn run(screen: &Screen, common: &Common, args: &FrontierArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let mut corridor = pack::corridor(&library, &args.look)?;
    let mut pairs = vec![("date".to_owned(), args.on.to_string()), ("destination".to_owned(), args.to.clone())];
    pairs.extend(named(&args.facts)?);
    let given = flags(&library, &pairs).map_err(Failure::Problems)?;
    let mut sale = given.clone();
    sale.fill_standard(&library.dictionary);
    let decision = corridor.decide(&sale, &[]);
    let notices = corridor.notices(args.on, &decision);
    if let Some(why) = corridor.uncovered(args.on, &decision) {
        if screen.json {
            screen.json(
                &json!({ "to": args.to, "on": args.on.to_string(), "outcome": decision.outcome.text(), "notices": notices }),
            )?;
        } else {
            screen.out(&format!("{}\n{why}", screen.paint("UNDETERMINED", Paint::Unsure)))?;
        }
        return Ok(Exit::Undetermined);
    }
    let field = |name: &str| library.dictionary.id(name);
    let open = |names: &[&str]| -> Vec<FieldId> {
        names.iter().filter_map(|n| field(n)).filter(|f| *given.fact(*f) == Fact::Unknown).collect()
    };
    let (sought, chosen) = (open(&SOUGHT), open(&CHOSEN));
    let mut found: Vec<(Vec<String>, Frontier)> = Vec::new();
    for (company, datacenter) in sellers(&library, &corridor, &given) {
        let mut case = given.clone();
        if let Some(id) = field("datacenter") {
            case.set(id, Fact::Bool(datacenter));
        }
        for name in ["vendor", "exporter", "chip", "chip_family"] {
            if let Some(id) = field(name)
                && *case.fact(id) == Fact::Unknown
            {
                let text = if name.starts_with("chip") { "a new part" } else { company.as_str() };
                case.set(id, Fact::Text(text.into()));
            }
        }
        fill(&library, &mut case, sought.iter().chain(&chosen));
        let answer = frontier(&mut corridor, &Question { case, at_most: args.at_most, free: chosen.clone() }, &sought);
        let seller = format!("{} part of {company}", if datacenter { "data-center" } else { "other" });
        match found.iter_mut().find(|(_, same)| *same == answer) {
            Some((names, _)) => names.push(seller),
            None => found.push((vec![seller], answer)),
        }
    }
    let passing = passing(&library, &mut corridor, &given, args.at_most);
    if screen.json {
        let rows: Vec<_> = found.iter().map(|(names, f)| as_json(&library, names, f)).collect();
        let parts: Vec<&str> = passing.iter().map(|c| &*c.name).collect();
        screen.json(&json!({ "to": args.to, "on": args.on.to_string(), "at_most": args.at_most.text(), "holds_if": UNSCREENED, "notices": notices, "new_parts": rows, "catalogue": parts }))?;
        return Ok(Exit::Done);
    }
    let mut text = format!("best part to {} on {}, at most `{}`\n{}\n", args.to, args.on, args.at_most, unscreened(screen));
    notices.iter().for_each(|notice| text.push_str(&format!("{}\n", screen.wrap(notice, 2))));
    for (names, answer) in &found {
        text.push_str(&format!("\n{}\n", screen.paint(&names.join(", "), Paint::Strong)));
        text.push_str(&tables(screen, &library, &sought, answer));
    }
    text.push_str(&format!("\n{}\n", screen.paint("parts of the catalogue that pass, best first", Paint::Strong)));
    for field in &sought {
        text.push_str(&format!(
            "by {}: {}\n",
            library.dictionary.field(*field).name,
            screen.wrap(&best(&library, &passing, *field), 2)
        ));
    }
    screen.out(text.trim_end())?;
    Ok(Exit::Done)
}

/// Companies that some letter binds and any other, each with data-center parts and other parts; only what is given, where it is.
fn sellers(library: &Library, corridor: &regime::Corridor, given: &Case) -> Vec<(String, bool)> {
    let fact = |name: &str| library.dictionary.id(name).map_or(&Fact::Unknown, |id| given.fact(id));
    let kinds = match fact("datacenter") {
        Fact::Bool(one) => vec![*one],
        _ => vec![true, false],
    };
    let mut names: Vec<String> = match fact("exporter") {
        Fact::Text(name) => vec![name.to_string()],
        _ => corridor.laws.iter().flat_map(|l| &l.instruments).flat_map(|i| i.binds.clone()).collect(),
    };
    names.sort();
    names.dedup();
    if *fact("exporter") == Fact::Unknown {
        names.push("any other company".to_owned());
    }
    kinds.iter().flat_map(|kind| names.iter().map(|name| (name.clone(), *kind))).collect()
}

/// Parts of the catalogue whose standard sale passes, with the facts that are given.
fn passing<'a>(library: &'a Library, corridor: &mut regime::Corridor, given: &Case, at_most: regime::Outcome) -> Vec<&'a Chip> {
    let mut parts = Vec::new();
    for chip in &library.catalogue.chips {
        let mut case = given.clone();
        // A property that is given must be known of the part, and be the same.
        let item =
            |id: FieldId| library.dictionary.field(id).about == About::Item && library.dictionary.field(id).name != "item_kind";
        let clash =
            given.known().any(|(id, fact)| item(id) && !chip.facts.iter().any(|(own, known)| *own == id && known == fact));
        chip.fill(&mut case);
        case.fill_standard(&library.dictionary);
        if !clash && corridor.decide(&case, &[]).strictest <= at_most {
            parts.push(chip);
        }
    }
    parts
}

/// The first few parts by a property.
fn best(library: &Library, parts: &[&Chip], field: FieldId) -> String {
    let value = |chip: &Chip| {
        chip.facts
            .iter()
            .find(|(id, _)| *id == field)
            .and_then(|(_, fact)| if let Fact::Number(n) = fact { Some(*n) } else { None })
    };
    let mut ranked: Vec<(Number, &str)> = parts.iter().filter_map(|c| Some((value(c)?, &*c.name))).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let unit = &library.dictionary.field(field).unit;
    let names: Vec<String> = ranked.iter().take(5).map(|(n, name)| format!("{name} ({n} {unit})")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The standard case, but what is sought or may be chosen stays open.
fn fill<'a>(library: &Library, case: &mut Case, open: impl Iterator<Item = &'a FieldId>) {
    let open: Vec<(FieldId, Fact)> = open.map(|id| (*id, case.fact(*id).clone())).collect();
    case.fill_standard(&library.dictionary);
    for (id, fact) in open {
        case.set(id, fact);
    }
    // A part that does not exist yet is new in every sense that the law asks about.
    for (name, fact) in [("country_of_design", "US"), ("us_commercially_available", "yes")] {
        if let Some(id) = library.dictionary.id(name)
            && *case.fact(id) == Fact::Unknown
            && let Ok(fact) = library.dictionary.parse(id, fact)
        {
            case.set(id, fact);
        }
    }
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Unbounded => "no limit".to_owned(),
        Bound::Nothing => "nothing passes".to_owned(),
        Bound::At { limit, closed: true } => format!("≤ {limit}"),
        Bound::At { limit, closed: false } => format!("< {limit}"),
    }
}

fn bound_json(bound: &Bound) -> serde_json::Value {
    match bound {
        Bound::Unbounded => json!({ "limit": null, "passes": true }),
        Bound::Nothing => json!({ "limit": null, "passes": false }),
        Bound::At { limit, closed } => json!({ "limit": limit.to_string(), "closed": closed, "passes": true }),
    }
}

fn tables(screen: &Screen, library: &Library, sought: &[FieldId], answer: &Frontier) -> String {
    let mut best = screen.table(&["property", "unit", "may go to", "for example with"]);
    for (field, point) in &answer.best {
        let field = library.dictionary.field(*field);
        let with: Vec<String> =
            point.with.iter().map(|(id, value)| format!("{} {value}", library.dictionary.field(*id).name)).collect();
        best.add_row([field.name.clone(), field.unit.to_string(), bound(&point.bound), with.join(", ")]);
    }
    let mut text = format!("{best}\n");
    if answer.pareto.len() > 1
        && let [first, second, ..] = sought
    {
        let name = |id: &FieldId| library.dictionary.field(*id).name.clone();
        let mut table = screen.table(&[&name(first), &name(second)]);
        for (a, b) in &answer.pareto {
            table.add_row([Cell::new(bound(a)), Cell::new(bound(b))]);
        }
        text.push_str(&format!("no part is better in both than one of these\n{table}\n"));
    }
    if !answer.exact {
        text.push_str("some comparisons add two free properties: the bounds hold, but corners between them may be missing\n");
    }
    text
}

fn as_json(library: &Library, names: &[String], answer: &Frontier) -> serde_json::Value {
    let best: Vec<_> = answer
        .best
        .iter()
        .map(|(field, point)| {
            let with: serde_json::Map<String, serde_json::Value> =
                point.with.iter().map(|(id, v)| (library.dictionary.field(*id).name.clone(), json!(v))).collect();
            json!({ "property": library.dictionary.field(*field).name, "bound": bound_json(&point.bound), "with": with })
        })
        .collect();
    let pareto: Vec<_> = answer.pareto.iter().map(|(a, b)| json!([bound_json(a), bound_json(b)])).collect();
    json!({ "parts_of": names, "best": best, "pareto": pareto, "exact": answer.exact })
}

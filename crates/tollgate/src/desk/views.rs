//! Questions to the desk's records, as tables or JSON.

use std::collections::BTreeSet;

use comfy_table::{Cell, CellAlignment};
use desk::{Basis, Change, Desk, Due, Entry, Lines, Opinion, Passage, Record, Rules, Standing, StatementLine, Store};
use facts::{Found, Quarter};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regime::Library;
use serde_json::{Value, json};

use crate::Exit;
use crate::args::{FactArgs, Look};
use crate::classify::country;
use crate::outputs::Target;
use crate::screen::{Count, Failure, Paint, Screen, grouped, money};

use super::acts::facts_of;
use super::args::{DeskAct, ListWord};
use super::{failure, refused, to_approve};

/// By which law questions are answered: what the desk adopted, or what the options choose.
pub(super) struct Law<'a> {
    /// Dictionary and catalogue.
    pub library: &'a Library,
    /// What the desk adopted.
    pub adopted: Desk,
    /// What the options choose.
    pub look: Look,
}

impl<'a> Law<'a> {
    fn opinion(&self) -> Result<Opinion<'a>, Failure> {
        let adopted = self.adopted.items.keys().filter_map(|item| item.strip_prefix("regimes/")).map(str::to_owned).collect();
        let regimes = if self.look.regimes.is_empty() { adopted } else { self.look.regimes.clone() };
        let corridor = self.library.corridor(&regimes, &self.look.drafts, self.look.lens()).map_err(Failure::Problems)?;
        Opinion::new(self.library, corridor).map_err(Failure::Problems)
    }
}

/// Answers a question.
pub(super) fn run(
    screen: &Screen,
    store: &mut Store,
    law: &Law<'_>,
    act: &DeskAct,
    file: Option<Target>,
) -> Result<Exit, Failure> {
    match act {
        DeskAct::List { what } => list(screen, store, *what)?,
        DeskAct::Show { name, hash } => return show(screen, store, name, *hash),
        DeskAct::Log { from, about } => log(screen, store, *from, about)?,
        DeskAct::Headroom { facts } => return headroom(screen, store, law, facts),
        DeskAct::Statement { quarter, payer, payee, part, open, .. } => {
            let which = Lines { quarter: quarter.clone(), payer: payer.clone(), payee: payee.clone(), part: part.clone() };
            let which = known_lines(store, law.library, which)?;
            let lines = store.statement(&which).map_err(|e| failure(&e))?;
            return statement(screen, &lines, *open, file);
        }
        DeskAct::Find { party, country, document } => {
            let mut found = Vec::new();
            let country = country.as_ref().map(|name| code(law.library, name)).transpose()?;
            for (what, name) in [("party", party), ("country", &country), ("document", document)] {
                let Some(name) = name else { continue };
                let named = store.find(what, name).map_err(|e| failure(&e))?;
                // A country may have no records; a party or document is known by its records alone.
                if named.is_empty() && what != "country" {
                    let headings = store.headings(&format!("{what}|")).map_err(|e| failure(&e))?;
                    let known = headings.iter().filter_map(|heading| heading.split_once('|')).map(|(_, name)| name);
                    return Err(Failure::unknown(what, name, known));
                }
                found.extend(named);
            }
            if party.is_none() && country.is_none() && document.is_none() {
                let hint = "say --party NAME, --country CODE or --document NUMBER".to_owned();
                return Err(Failure::Usage("find what?".to_owned(), hint));
            }
            found.sort();
            found.dedup();
            table(screen, &["record"], found.iter().map(|f| vec![f.clone()]), json!(found))?;
        }
        DeskAct::Retention { on } => {
            let rules = Rules::read(&law.library.pack).map_err(|p| Failure::Problems(vec![*p]))?;
            let mut kept = store.retention(&rules).map_err(|e| failure(&e))?;
            if let Some(on) = on {
                kept.retain(|k| k.until <= *on && k.held.is_none());
            }
            let rows = kept
                .iter()
                .map(|k| vec![k.name.clone(), k.latest.to_string(), k.until.to_string(), k.held.clone().unwrap_or_default()]);
            table(screen, &["record", "latest event", "kept until", "held"], rows, json!(kept))?;
        }
        DeskAct::Relook { on } => {
            let (count, changes) = store.relook(&mut law.opinion()?, *on).map_err(|e| failure(&e))?;
            relook(screen, count, &changes)?;
        }
        _ => {}
    }
    Ok(Exit::Done)
}

fn headroom(screen: &Screen, store: &mut Store, law: &Law<'_>, facts: &FactArgs) -> Result<Exit, Failure> {
    let facts = facts_of(law.library, facts)?;
    if !facts.contains_key("date") {
        return Err(Failure::Usage("the day is missing: quotas depend on it".to_owned(), "say --on YYYY-MM-DD".to_owned()));
    }
    match store.headroom(&mut law.opinion()?, &facts).map_err(|e| failure(&e))? {
        Err(refusal) => refused(screen, &refusal),
        Ok(standings) => {
            let rows = standings.iter().map(|s| {
                let left = s.limit - s.total;
                let of = [s.limit, s.total, left].map(|n| grouped(i128::from(n / 1000)));
                [vec![s.quota.clone(), s.of.clone(), s.day.to_string()], of.to_vec()].concat()
            });
            table(screen, &["quota", "of", "on", "limit", "taken", "room"], rows, json!(standings))?;
            Ok(Exit::Done)
        }
    }
}

/// The code of a country that somebody names.
fn code(library: &Library, name: &str) -> Result<String, Failure> {
    country(library, name).map(|id| library.dictionary.countries.code(id).to_owned())
}

/// What a statement is asked of, by the names that the desk has. A name that nothing has is told; a statement of nothing would look like
/// one of nothing owed.
fn known_lines(store: &mut Store, library: &Library, mut which: Lines) -> Result<Lines, Failure> {
    let mut lines = Vec::new();
    for (_, record) in store.records("due").map_err(|e| failure(&e))? {
        if let Record::Due(due) = record {
            lines.push(due);
        }
    }
    let among = |of: fn(&Due) -> &String| lines.iter().map(of).collect::<BTreeSet<_>>();
    let has = |known: &BTreeSet<&String>, name: &str| known.iter().any(|k| k.eq_ignore_ascii_case(name));
    if let Some(text) = &which.quarter {
        let quarter = Quarter::parse(text)
            .map_err(|why| Failure::Unknown(format!("--quarter {text}: {why}"), "as in 2026Q1".to_owned()))?;
        let now = Quarter::of(TimeZone::UTC.to_datetime(Timestamp::now()).date());
        let known = among(|due| &due.quarter);
        // Between the first quarter with a fee and today's, a quarter without one is known to have none.
        let first = known.iter().filter_map(|q| Quarter::parse(q).ok()).min();
        if !has(&known, &quarter.to_string()) && first.is_none_or(|first| !(first..=now).contains(&quarter)) {
            return Err(Failure::unknown("quarter with a fee", &quarter.to_string(), known.iter().map(|q| q.as_str())));
        }
        which.quarter = Some(quarter.to_string());
    }
    if let Some(payer) = &which.payer {
        let known = among(|due| &due.payer);
        if !has(&known, payer) && store.find("party", payer).map_err(|e| failure(&e))?.is_empty() {
            return Err(Failure::unknown("payer", payer, known.iter().map(|p| p.as_str())));
        }
    }
    if let Some(payee) = &which.payee {
        let known = among(|due| &due.payee);
        if !has(&known, payee) {
            return Err(Failure::unknown("payee", payee, known.iter().map(|p| p.as_str())));
        }
    }
    if let Some(part) = &which.part
        && !has(&among(|due| &due.part), part)
    {
        match library.catalogue.find(part) {
            Found::Chip(chip) => which.part = Some(chip.name.to_string()),
            Found::Family(chips) => {
                let names: Vec<&str> = chips.iter().map(|c| &*c.name).collect();
                return Err(Failure::Unknown(
                    format!("`{part}` names several parts"),
                    format!("say which: {}", names.join(", ")),
                ));
            }
            Found::Nothing(near) => {
                let near = if near.is_empty() { String::new() } else { format!("near it: {}; ", near.join(", ")) };
                return Err(Failure::Unknown(format!("no part `{part}`"), format!("{near}`tollgate show chips` lists them")));
            }
        }
    }
    Ok(which)
}

/// A table, or the same as JSON.
fn table(screen: &Screen, header: &[&str], rows: impl Iterator<Item = Vec<String>>, value: Value) -> Result<(), Failure> {
    if screen.json {
        return screen.json(&value);
    }
    let mut table = screen.table(header);
    for row in rows {
        table.add_row(row.iter().map(|text| {
            let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'));
            let cell = Cell::new(text);
            if number { cell.set_alignment(CellAlignment::Right) } else { cell }
        }));
    }
    screen.out(&format!("{table}\n"))
}

fn list(screen: &Screen, store: &mut Store, what: ListWord) -> Result<(), Failure> {
    let (kind, header): (&str, &[&str]) = match what {
        ListWord::Applications => {
            ("application", &["application", "stage", "part", "units", "to", "for", "law", "author", "approver"])
        }
        ListWord::Licences => {
            ("licence", &["licence", "stands", "part", "units left", "value left", "to", "for", "until", "open conditions"])
        }
        ListWord::Notifications => ("notification", &["notification", "clause", "made", "due", "number"]),
        ListWord::Shipments => ("shipment", &["shipment", "passage", "day", "part", "units", "value", "to", "for", "on"]),
        ListWord::Invoices => {
            ("invoice", &["invoice", "quarter", "payer", "payee", "billed", "credited", "paid", "refunded", "due"])
        }
        ListWord::People => ("person", &["person", "roles"]),
    };
    let records = store.records(kind).map_err(|e| failure(&e))?;
    let mut rows = Vec::new();
    for (name, record) in &records {
        let id = name.split_once('/').map_or(name.as_str(), |(_, id)| id).to_owned();
        let left = match store.record(&format!("account/licence/{id}/available")).map_err(|e| failure(&e))? {
            Some(Record::Account(account)) if kind == "licence" => account.balances,
            _ => Default::default(),
        };
        rows.push(row(id, record, &left));
    }
    table(screen, header, rows.into_iter(), json!(records.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()))
}

fn row(id: String, record: &Record, left: &std::collections::BTreeMap<String, i64>) -> Vec<String> {
    let cents = |minor: i64| money(i128::from(minor));
    let count = |n: i64| grouped(i128::from(n));
    match record {
        Record::Application(a) => {
            let (goods, approver) = (a.goods.clone(), a.approver.clone().unwrap_or_default());
            let stage = a.stage.word().to_owned();
            vec![
                id,
                stage,
                goods.part,
                count(goods.units),
                goods.to,
                goods.consignee,
                a.ruling.outcome.clone(),
                a.author.clone(),
                approver,
            ]
        }
        Record::Licence(l) => {
            let of = |measure: String| left.get(&measure).copied().unwrap_or(0);
            let (units, value) = (of(format!("units of {}", l.goods.part)), of(format!("value in {}", l.goods.currency)));
            let open: Vec<&str> = l.conditions.iter().filter(|(_, c)| c.document.is_none()).map(|(n, _)| n.as_str()).collect();
            let stands = match l.standing {
                Standing::Open => "open",
                Standing::Suspended => "suspended",
                Standing::Revoked => "revoked",
            };
            let goods = l.goods.clone();
            let (units, value, until) = (count(units), cents(value), l.terms.until.to_string());
            vec![id, stands.to_owned(), goods.part, units, value, goods.to, goods.consignee, until, open.join(", ")]
        }
        Record::Notification(n) => {
            let number = n.number.clone().unwrap_or_else(|| n.stopped.map_or(String::new(), |d| format!("clock stopped {d}")));
            vec![id, n.clause.clone(), n.on.to_string(), n.due.to_string(), number]
        }
        Record::Shipment(s) => {
            let passage = match s.passage {
                Passage::Reserved => "reserved",
                Passage::Posted => "posted",
                Passage::Void => "void",
            };
            let on = match &s.basis {
                Basis::Licence(id) => format!("licence {id}"),
                Basis::Notification(id) => format!("notification {id}"),
                Basis::Law => s.outcome.clone(),
            };
            let day = s.facts.get("date").cloned().unwrap_or_default();
            let goods = s.goods.clone();
            let (units, value) = (count(goods.units), cents(goods.value));
            vec![id, passage.to_owned(), day, goods.part, units, value, goods.to, goods.consignee, on]
        }
        Record::Invoice(i) => {
            let due = i.billed - i.credited - i.paid + i.refunded;
            let amounts = [i.billed, i.credited, i.paid, i.refunded, due].map(cents);
            [vec![id, i.quarter.clone(), i.payer.clone(), i.payee.clone()], amounts.to_vec()].concat()
        }
        Record::Person(p) => vec![id, p.roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(", ")],
        _ => vec![id],
    }
}

/// A record as it is kept, with its accounts, what came late to it, and the hash by which it is approved.
fn show(screen: &Screen, store: &mut Store, name: &str, hash_only: bool) -> Result<Exit, Failure> {
    let Some(record) = store.record(name).map_err(|e| failure(&e))? else {
        let kind = name.split('/').next().unwrap_or_default();
        let kinds = Record::KINDS.iter().filter(|k| **k != "done");
        if !kinds.clone().any(|k| *k == kind) {
            let hint = "as licence/L-1, application/A-1, shipment/S-1; `desk list` and `desk find` give names";
            return Err(Failure::Unknown(format!("no record `{name}`"), hint.to_owned()));
        }
        let records = store.records(kind).map_err(|e| failure(&e))?;
        return Err(Failure::unknown("record", name, records.iter().map(|(name, _)| name.as_str())));
    };
    let hash = to_approve(name, &record);
    if hash_only {
        let Some(hash) = hash else {
            let hint = "an application, or a licence with an amendment that was asked for, is approved by its hash".to_owned();
            return Err(Failure::Unknown(format!("nothing of {name} waits for approval"), hint));
        };
        screen.out(&format!("{hash}\n"))?;
        return Ok(Exit::Done);
    }
    let late = store.listed(&format!("late|{name}")).map_err(|e| failure(&e))?;
    let late: Vec<Value> = late.iter().map(|(seq, why)| json!({ "entry": seq, "because": why })).collect();
    let mut accounts = serde_json::Map::new();
    for part in ["available", "reserved", "shipped", "returned"] {
        if let Some(Record::Account(account)) = store.record(&format!("account/{name}/{part}")).map_err(|e| failure(&e))? {
            accounts.insert(part.to_owned(), json!(account.balances));
        }
    }
    screen.json(&json!({ "name": name, "hash": hash, "record": record, "accounts": accounts, "late": late }))?;
    Ok(Exit::Done)
}

fn log(screen: &Screen, store: &mut Store, from: u64, about: &str) -> Result<(), Failure> {
    let last = store.head().map_err(|e| failure(&e))?.seq;
    if from > last {
        return Err(Failure::Unknown(format!("no entry {from}"), format!("the log ends at entry {last}")));
    }
    let mut bodies = Vec::new();
    let read = store.entries(from, |_, _, body| {
        if body.contains(about) {
            bodies.push(body.to_owned());
        }
        Ok(())
    });
    read.map_err(|e| failure(&e))?;
    if bodies.is_empty() {
        let hint = "`desk find` looks for parties, countries and documents; `desk log` alone shows every entry".to_owned();
        return Err(Failure::Unknown(format!("no entry holds `{about}`"), hint));
    }
    if screen.json {
        // The very texts of the log, a line each: what hashes and proofs are about.
        return screen.out(&bodies.iter().map(|b| format!("{b}\n")).collect::<String>());
    }
    let rows = bodies.iter().filter_map(|body| serde_json::from_str::<Entry>(body).ok()).map(|entry| {
        let mut event = json!(entry.event);
        let map = event.as_object_mut();
        let word = map.and_then(|m| m.remove("event")).and_then(|w| w.as_str().map(str::to_owned)).unwrap_or_default();
        let plain = |v: &Value| v.as_str().map(str::to_owned).or_else(|| v.as_i64().map(|n| n.to_string()));
        let told: Vec<String> =
            event.as_object().into_iter().flatten().filter_map(|(k, v)| Some(format!("{k} {}", plain(v)?))).collect();
        let claimed = entry.claimed.map(|at| format!("claimed {at}"));
        let late = entry.late.map(|why| format!("late: {why}"));
        let clock = entry.clock.map(|at| format!("clock said {at}"));
        let time = [claimed, late, clock].into_iter().flatten().collect::<Vec<_>>().join("; ");
        vec![entry.seq.to_string(), entry.at.to_string(), entry.actor, word, told.join(", "), time]
    });
    table(screen, &["entry", "at", "by", "event", "what", "said of time"], rows.collect::<Vec<_>>().into_iter(), Value::Null)
}

fn statement(screen: &Screen, lines: &[StatementLine], open: bool, file: Option<Target>) -> Result<Exit, Failure> {
    let exit = if lines.iter().all(StatementLine::reconciles) { Exit::Done } else { Exit::Problems };
    let header =
        ["quarter", "payer", "payee", "part", "fee", "form", "shipments", "value", "assessed", "reversed", "billed", "ties"];
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let due = &line.due;
            let cents = |minor: i64| money(i128::from(minor));
            let fee = format!("{} {}", due.regime, due.clause);
            let ties = if line.reconciles() { "yes" } else { "NO" };
            let texts =
                vec![due.quarter.clone(), due.payer.clone(), due.payee.clone(), due.part.clone(), fee, due.legal_form.clone()];
            let numbers = [due.base, due.assessed, due.reversed, due.invoiced].map(cents);
            [texts, vec![grouped(i128::from(due.shipments))], numbers.to_vec(), vec![ties.to_owned()]].concat()
        })
        .collect();
    if let Some(file) = file {
        file.write(screen, |to| {
            let mut csv = csv::Writer::from_writer(to);
            csv.write_record(header)?;
            for row in &rows {
                csv.write_record(row.iter().map(|cell| harmless(&cell.replace(',', ""), cell)))?;
            }
            csv.flush()
        })?;
    }
    table(screen, &header, rows.into_iter(), json!(lines))?;
    if screen.json {
        return Ok(exit);
    }
    let sum = |of: fn(&StatementLine) -> i64| lines.iter().filter(|l| l.owed()).map(|l| i128::from(of(l))).sum();
    screen.out(&format!("owed in all {}, billed {}\n", money(sum(StatementLine::net)), money(sum(|l| l.due.invoiced))))?;
    if open {
        let rows = lines.iter().flat_map(|line| {
            line.entries
                .iter()
                .map(|(seq, shipment)| vec![line.due.quarter.clone(), line.due.part.clone(), shipment.clone(), seq.to_string()])
        });
        table(screen, &["quarter", "part", "shipment", "entry"], rows, Value::Null)?;
    }
    Ok(exit)
}

/// A cell that no spreadsheet takes for a formula; amounts without what sets thousands apart.
fn harmless(plain: &str, cell: &str) -> String {
    if plain.parse::<f64>().is_ok() {
        return plain.to_owned();
    }
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn relook(screen: &Screen, count: usize, changes: &[Change]) -> Result<(), Failure> {
    let rows = changes.iter().map(|c| {
        let cents = |minor: i64| money(i128::from(minor));
        let fees = if c.fees.1 == Some(c.fees.0) {
            String::new()
        } else {
            format!("{} → {}", cents(c.fees.0), c.fees.1.map_or("unknown".to_owned(), cents))
        };
        let (was, now) = (c.was.clone(), c.now.clone());
        vec![
            c.shipment.clone(),
            c.day.to_string(),
            c.part.clone(),
            c.to.clone(),
            c.consignee.clone(),
            was,
            now,
            c.by.join("; "),
            fees,
        ]
    });
    table(
        screen,
        &["shipment", "day", "part", "to", "for", "was", "would be", "by", "fee"],
        rows,
        json!({ "decided": count, "changed": changes }),
    )?;
    if !screen.json {
        let told = format!("{}, {} changed\n", Count(count, "shipment", "shipments"), changes.len());
        screen.out(&screen.paint(&told, Paint::Strong))?;
    }
    Ok(())
}

//! Questions to the desk's records, as tables or JSON.

use comfy_table::{Cell, CellAlignment};
use desk::{Basis, Change, Counsel, Entry, Lines, Passage, Record, Standing, StatementLine, Store};
use serde_json::{Value, json};

use crate::Exit;
use crate::outputs::Target;
use crate::screen::{Count, Failure, Paint, Screen, grouped, money};

use super::acts::facts_of;
use super::args::{DeskAct, ListWord};
use super::{failure, refused};

/// Answers a question.
pub(super) fn run(
    screen: &Screen,
    store: &mut Store,
    counsel: &mut Counsel<'_>,
    act: &DeskAct,
    file: Option<Target>,
) -> Result<Exit, Failure> {
    match act {
        DeskAct::List { what } => list(screen, store, *what)?,
        DeskAct::Show { name } => return show(screen, store, name),
        DeskAct::Log { from, about } => log(screen, store, *from, about)?,
        DeskAct::Headroom { facts } => {
            let facts = facts_of(counsel.library, facts)?;
            match store.headroom(counsel, &facts).map_err(|e| failure(&e))? {
                Err(refusal) => return refused(screen, &refusal),
                Ok(standings) => {
                    let rows = standings.iter().map(|s| {
                        let left = s.limit - s.total;
                        let of = [s.limit, s.total, left].map(|n| grouped(i128::from(n / 1000)));
                        [vec![s.quota.clone(), s.of.clone(), s.day.to_string()], of.to_vec()].concat()
                    });
                    table(screen, &["quota", "of", "on", "limit", "taken", "room"], rows, json!(standings))?;
                }
            }
        }
        DeskAct::Statement { quarter, payer, payee, part, open, .. } => {
            let which = Lines { quarter: quarter.clone(), payer: payer.clone(), payee: payee.clone(), part: part.clone() };
            let lines = store.statement(&which).map_err(|e| failure(&e))?;
            return statement(screen, &lines, *open, file);
        }
        DeskAct::Find { party, country, document } => {
            let mut found = Vec::new();
            for (what, name) in [("party", party), ("country", country), ("document", document)] {
                if let Some(name) = name {
                    found.extend(store.find(what, name).map_err(|e| failure(&e))?);
                }
            }
            found.sort();
            found.dedup();
            table(screen, &["record"], found.iter().map(|f| vec![f.clone()]), json!(found))?;
        }
        DeskAct::Retention { on } => {
            let mut kept = store.retention(&counsel.rules).map_err(|e| failure(&e))?;
            if let Some(on) = on {
                kept.retain(|k| k.until <= *on && k.held.is_none());
            }
            let rows = kept
                .iter()
                .map(|k| vec![k.name.clone(), k.latest.to_string(), k.until.to_string(), k.held.clone().unwrap_or_default()]);
            table(screen, &["record", "latest event", "kept until", "held"], rows, json!(kept))?;
        }
        DeskAct::Relook { on } => {
            let (count, changes) = store.relook(counsel, *on).map_err(|e| failure(&e))?;
            relook(screen, count, &changes)?;
        }
        _ => {}
    }
    Ok(Exit::Done)
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

/// A record as it is kept, with its accounts.
fn show(screen: &Screen, store: &mut Store, name: &str) -> Result<Exit, Failure> {
    let Some(record) = store.record(name).map_err(|e| failure(&e))? else {
        let hint = "as licence/L-1, application/A-1, shipment/S-1; `desk list` and `desk find` give names";
        return Err(Failure::Message(format!("there is no record {name}"), hint.to_owned()));
    };
    let mut accounts = serde_json::Map::new();
    for part in ["available", "reserved", "shipped", "returned"] {
        if let Some(Record::Account(account)) = store.record(&format!("account/{name}/{part}")).map_err(|e| failure(&e))? {
            accounts.insert(part.to_owned(), json!(account.balances));
        }
    }
    screen.json(&json!({ "name": name, "record": record, "accounts": accounts }))?;
    Ok(Exit::Done)
}

fn log(screen: &Screen, store: &mut Store, from: u64, about: &str) -> Result<(), Failure> {
    let mut bodies = Vec::new();
    let read = store.entries(from, |_, _, body| {
        if body.contains(about) {
            bodies.push(body.to_owned());
        }
        Ok(())
    });
    read.map_err(|e| failure(&e))?;
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
        vec![entry.seq.to_string(), entry.at.to_string(), entry.actor, word, told.join(", ")]
    });
    table(screen, &["entry", "at", "by", "event", "what"], rows.collect::<Vec<_>>().into_iter(), Value::Null)
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

//! A day's book through the desk, against SQLite alone writing the same bytes in the same transactions, in the same run: all the rows
//! that the desk writes, and the texts of its log alone. And what a command costs as the store grows. `TOLLGATE_BENCH_COMMANDS=10000000 cargo bench -p desk` fills so far (default 600,000).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{applied, approved, as_read, counsel, day, facts, home, licence, people, sale};
use desk::{Act, Basis, Command, Counsel, Store, Terms};

const LICENCES: u64 = 50;

fn command(n: u64, actor: &str, act: Act) -> Command {
    common::command(format!("k-{n:010}"), actor, act)
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_772_500_000).unwrap()
}

/// A desk with licences for as much as anybody will draw, and home sales that leave room under the cap.
fn founded(place: &Path) -> (Store, Counsel<'static>) {
    let (mut store, mut counsel) = (Store::create(place.to_str().unwrap()).unwrap(), counsel(&["us-ear"]));
    let mut acts = vec![("admin-1", Act::Found { desk: "bench".into() })];
    for (person, role) in people() {
        acts.push(("admin-1", Act::GrantRole { person: person.into(), role }));
    }
    acts.push(("admin-1", Act::AdoptRules { items: counsel.items().clone() }));
    let many = 50_000_000;
    acts.push((
        "machine-1",
        Act::Reserve { shipment: "U".into(), basis: Basis::Law, facts: home(4 * many, "1000", "2026-02-01") },
    ));
    acts.push(("machine-1", Act::Post { shipment: "U".into(), on: day("2026-02-01"), facts: facts("") }));
    for l in 0..LICENCES {
        let (id, units) = (format!("A-{l}"), many);
        acts.push(("analyst-1", applied(&id, sale(units, "500000000", "2026-02-02"))));
        acts.push(("analyst-1", Act::Submit { application: id.clone() }));
        acts.push(("approver-1", approved(&id, "known")));
        let terms = Terms { units, value: 50_000_000_000, from: day("2026-02-02"), until: day("2027-02-02") };
        acts.push(("analyst-1", Act::Issue { licence: format!("L-{l}"), application: id, terms }));
        for n in ["i", "ii", "iv", "v", "vi", "vii", "viii"] {
            let (licence, clause, document) = (format!("L-{l}"), format!("dd-{n}"), format!("D-{n}"));
            acts.push(("analyst-1", Act::GiveEvidence { licence, clause, document }));
        }
    }
    for (n, (actor, act)) in acts.into_iter().enumerate() {
        let act = as_read(act, |name| store.record(name).unwrap());
        store.submit(&mut counsel, now(), &[command(n as u64, actor, act)]).unwrap().remove(0).unwrap();
    }
    (store, counsel)
}

/// The n-th command of the book: every shipment is reserved and then leaves.
fn book(n: u64) -> Command {
    let shipment = format!("S-{:010}", n / 2);
    let act = if n.is_multiple_of(2) {
        let facts = facts("quantity=1,value_usd=100,date=2026-03-02,dd_lab_review=yes");
        Act::Reserve { shipment, basis: licence(&format!("L-{}", n / 2 % LICENCES)), facts }
    } else {
        Act::Post { shipment, on: day("2026-03-02"), facts: facts("") }
    };
    command(1_000_000 + n, "machine-1", act)
}

/// Sends commands from one number to another; time spent, without making the commands.
fn send(store: &mut Store, counsel: &mut Counsel<'_>, from: u64, to: u64, batch: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut next = from;
    while next < to {
        let commands: Vec<Command> = (next..(next + batch).min(to)).map(book).collect();
        next += commands.len() as u64;
        let start = Instant::now();
        let outcomes = store.submit(counsel, now(), &commands).unwrap();
        spent += start.elapsed();
        if let Some(Err(refusal)) = outcomes.iter().find(|o| o.is_err()) {
            panic!("{refusal}");
        }
    }
    spent
}

/// The texts of a store's log from one place on, into a bare table, in transactions of the same size.
fn bare_log(store: &mut Store, place: &Path, from: u64, batch: usize) -> Duration {
    let mut bodies = Vec::new();
    store
        .entries(from, |_, _, body| {
            bodies.push(body.to_owned());
            Ok(())
        })
        .unwrap();
    let mut db = bare(place, "CREATE TABLE entry (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    let start = Instant::now();
    for chunk in bodies.chunks(batch) {
        let transaction = db.transaction().unwrap();
        {
            let mut insert = transaction.prepare_cached("INSERT INTO entry (body) VALUES (?1)").unwrap();
            for body in chunk {
                insert.execute([body]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    start.elapsed()
}

fn bare(place: &Path, tables: &str) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(place).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute_batch(tables).unwrap();
    db
}

/// Notes every row that a store writes, in its own file.
const WATCH: &str = "
CREATE TABLE wrote (what TEXT, a, b, c, d);
CREATE TRIGGER e AFTER INSERT ON entry BEGIN INSERT INTO wrote VALUES ('entry', new.seq, new.key, new.hash, new.body); END;
CREATE TRIGGER r AFTER INSERT ON record BEGIN INSERT INTO wrote VALUES ('record', new.name, new.kind, new.body, 0); END;
CREATE TRIGGER u AFTER UPDATE ON record BEGIN INSERT INTO wrote VALUES ('record', new.name, new.kind, new.body, 0); END;
CREATE TRIGGER i AFTER INSERT ON item BEGIN INSERT INTO wrote VALUES ('item', new.heading, new.seq, new.place, new.item); END;
CREATE TRIGGER h AFTER UPDATE ON head WHEN new.seq > old.seq BEGIN INSERT INTO wrote VALUES ('head', new.seq, new.hash, new.at, 0); END;
";

/// The same book once more, its rows noted, and then these rows alone into tables of the same make, in the same transactions.
fn bare_rows(folder: &Path, count: u64, batch: u64) -> Duration {
    let place = folder.join(format!("watched-{batch}.db"));
    let (mut store, mut counsel) = founded(&place);
    let watched = rusqlite::Connection::open(&place).unwrap();
    watched.execute_batch(WATCH).unwrap();
    send(&mut store, &mut counsel, 0, count, batch);
    let mut query = watched.prepare("SELECT what, a, b, c, d FROM wrote ORDER BY rowid").unwrap();
    let read = query.query_map([], |row| {
        let values = (1..5).map(|at| row.get(at)).collect::<Result<Vec<rusqlite::types::Value>, _>>()?;
        Ok((row.get::<_, String>(0)?, values))
    });
    let rows: Vec<(String, Vec<rusqlite::types::Value>)> = read.unwrap().collect::<Result<_, _>>().unwrap();
    let tables = include_str!("../migrations/0001.sql").replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY");
    let mut db = bare(&folder.join(format!("rows-{batch}.db")), &tables);
    let start = Instant::now();
    for written in rows.split_inclusive(|(what, _)| what == "head") {
        let transaction = db.transaction().unwrap();
        for (what, values) in written {
            let sql = match what.as_str() {
                "entry" => "INSERT INTO entry (seq, key, hash, body) VALUES (?1, ?2, ?3, ?4)",
                "record" => {
                    "INSERT INTO record (name, kind, body) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET body = excluded.body"
                }
                "item" => "INSERT INTO item (heading, seq, place, item) VALUES (?1, ?2, ?3, ?4)",
                _ => "UPDATE head SET seq = ?1, hash = ?2, at = ?3 WHERE id = 1",
            };
            let given = if matches!(what.as_str(), "record" | "head") { &values[..3] } else { &values[..] };
            transaction.prepare_cached(sql).unwrap().execute(rusqlite::params_from_iter(given)).unwrap();
        }
        transaction.commit().unwrap();
    }
    start.elapsed()
}

fn main() {
    let folder = tempfile::tempdir_in(std::env::var("CARGO_TARGET_TMPDIR").unwrap_or_else(|_| ".".into())).unwrap();
    println!(
        "| transaction of | commands | desk, commands a second | bare, the same rows | desk of it | bare, the log alone | desk of it |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (batch, count) in [(1_u64, 5_000_u64), (10, 20_000), (100, 50_000), (1000, 100_000)] {
        let place = folder.path().join(format!("book-{batch}.db"));
        let (mut store, mut counsel) = founded(&place);
        let first = store.head().unwrap().seq + 1;
        let desk = send(&mut store, &mut counsel, 0, count, batch).as_secs_f64();
        let log = bare_log(&mut store, &folder.path().join(format!("log-{batch}.db")), first, batch as usize).as_secs_f64();
        let rows = bare_rows(folder.path(), count, batch).as_secs_f64();
        let (n, of) = (count as f64, |bare: f64| 100.0 * bare / desk);
        println!(
            "| {batch} | {count} | {:.0} | {:.0} | {:.0} % | {:.0} | {:.0} % |",
            n / desk,
            n / rows,
            of(rows),
            n / log,
            of(log)
        );
    }
    let most: u64 = std::env::var("TOLLGATE_BENCH_COMMANDS").ok().and_then(|n| n.parse().ok()).unwrap_or(600_000);
    let place = folder.path().join("grow.db");
    let (mut store, mut counsel) = founded(&place);
    println!("\n| entries in the store | microseconds a command, transactions of 1000 | opening, ms |");
    println!("| --- | --- | --- |");
    let step = most.div_ceil(6).max(1000);
    for from in (0..most).step_by(step as usize) {
        let spent = send(&mut store, &mut counsel, from, from + step, 1000);
        let start = Instant::now();
        drop(Store::open(place.to_str().unwrap()).unwrap());
        let opening = start.elapsed().as_secs_f64() * 1e3;
        println!("| {} | {:.1} | {opening:.1} |", from + step, spent.as_secs_f64() * 1e6 / step as f64);
    }
}

//! The same scripts on SQLite and, where TOLLGATE_TEST_POSTGRES names one, on PostgreSQL: writers side by side, backups, versions,
//! and every kind of tampering found and named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "common/chance.rs"]
mod chance;
mod common;

use std::collections::BTreeMap;

use common::{applied, approved, as_read, counsel, day, facts, home, licence, people, sale};
use desk::{
    Act, Basis, Command, Error, Finding, Place, Record, Refusal, Signed, Store, Terms, check_entry, check_growth, new_key,
};

/// Runs a script on every store that there is: each in a place of its own.
fn on_both(name: &str, script: impl Fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path().join("desk.db").to_str().unwrap());
    let Ok(url) = std::env::var("TOLLGATE_TEST_POSTGRES") else { return };
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let base = format!("desk_{name}_{}", std::process::id());
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {base}")).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {base}")).unwrap();
    script(&url.replacen("/postgres?", &format!("/{base}?"), 1));
    client.batch_execute(&format!("DROP DATABASE {base} WITH (FORCE)")).unwrap();
}

/// Sends acts one after the other, each a second later.
struct Sender {
    at: jiff::Timestamp,
    n: u64,
    word: String,
}

impl Sender {
    fn new(word: &str, on: &str) -> Sender {
        Sender { at: format!("{on}T09:00:00Z").parse().unwrap(), n: 0, word: word.to_owned() }
    }

    fn command(&mut self, actor: &str, act: Act) -> Command {
        self.n += 1;
        self.at = self.at.checked_add(jiff::Span::new().seconds(1)).unwrap();
        common::command(format!("{}-{}", self.word, self.n), actor, act)
    }
}

fn founded(place: &str, regimes: &[&str]) -> Store {
    let mut store = Store::create(place).unwrap();
    let mut counsel = counsel(regimes);
    let mut sender = Sender::new("found", "2026-02-01");
    let mut all = vec![sender.command("admin-1", Act::Found { desk: "test".into() })];
    for (person, role) in people() {
        all.push(sender.command("admin-1", Act::GrantRole { person: person.into(), role }));
    }
    all.push(sender.command("admin-1", Act::AdoptRules { items: counsel.items().clone() }));
    assert!(store.submit(&mut counsel, sender.at, &all).unwrap().iter().all(Result::is_ok));
    store
}

/// A licence of so many pieces, and home sales of which so many are left that the cap gives half of it.
fn licensed(store: &mut Store, units: i64) {
    let mut counsel = counsel(&["us-ear"]);
    let mut sender = Sender::new("licence", "2026-03-01");
    let application = || "A-1".to_owned();
    let terms = Terms { units, value: units * 100, from: day("2026-02-01"), until: day("2026-12-31") };
    let mut acts = vec![
        ("machine-1", Act::Reserve { shipment: "U-1".into(), basis: Basis::Law, facts: home(2 * units, "1000", "2026-02-01") }),
        ("machine-1", Act::Post { shipment: "U-1".into(), on: day("2026-02-01"), facts: facts("") }),
        ("analyst-1", applied("A-1", sale(units, &units.to_string(), "2026-02-01"))),
        ("analyst-1", Act::Submit { application: application() }),
        ("approver-1", approved("A-1", "known parties")),
        ("analyst-1", Act::Issue { licence: "L-1".into(), application: application(), terms }),
    ];
    for n in ["i", "ii", "iv", "v", "vi", "vii", "viii", "ix"] {
        let clause = format!("dd-{n}");
        acts.push(("analyst-1", Act::GiveEvidence { licence: "L-1".into(), document: format!("DOC-{n}"), clause }));
    }
    acts.push(("analyst-1", Act::TakeBack { shipment: "U-1".into(), units, on: day("2026-03-01"), reason: "defects".into() }));
    for (actor, act) in acts {
        let act = as_read(act, |name| store.record(name).unwrap());
        let command = sender.command(actor, act);
        store.submit(&mut counsel, sender.at, &[command]).unwrap().remove(0).unwrap();
    }
}

fn draw(units: i64) -> desk::Facts {
    facts(&format!("quantity={units},value_usd={units},date=2026-03-02,dd_lab_review=yes"))
}

#[test]
fn eight_writers_lose_nothing_and_draw_nothing_twice() {
    on_both("writers", |place| {
        let mut store = founded(place, &["us-ear"]);
        licensed(&mut store, 200);
        // Each asks for 40 pieces in all; together 320, of which the licence gives 200 and the cap of one half 100.
        let drawn: Vec<usize> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|w| {
                    scope.spawn(move || {
                        let (mut store, mut counsel) = (Store::open(place).unwrap(), counsel(&["us-ear"]));
                        let mut sender = Sender::new(&format!("w{w}"), "2026-03-02");
                        let mut done = 0;
                        for n in 0..40 {
                            let shipment = format!("S-{w}-{n}");
                            let act = Act::Reserve { shipment, basis: licence("L-1"), facts: draw(1) };
                            let command = sender.command("machine-1", act);
                            let first = store.submit(&mut counsel, sender.at, std::slice::from_ref(&command)).unwrap().remove(0);
                            let again = store.submit(&mut counsel, sender.at, &[command]).unwrap().remove(0);
                            match first {
                                Ok(place) => {
                                    assert_eq!(again, Ok(Place { before: true, ..place }), "the same command, the same answer");
                                    done += 1;
                                }
                                Err(refusal) => assert!(matches!(refusal, Refusal::QuotaBroken { .. }), "{refusal}"),
                            }
                        }
                        done
                    })
                })
                .collect();
            writers.into_iter().map(|w| w.join().unwrap()).collect()
        });
        assert_eq!(drawn.iter().sum::<usize>(), 100, "{drawn:?}");
        let Some(Record::Account(account)) = store.record("account/licence/L-1/available").unwrap() else { panic!() };
        assert_eq!(account.balances["units of H200 SXM"], 100);
        assert_eq!(store.audit(&[], &[]).unwrap().findings, []);
    });
}

#[test]
fn one_script_gives_one_log_on_both_stores() {
    let logs = std::cell::RefCell::new(Vec::new());
    on_both("script", |place| {
        let mut store = founded(place, &["us-ear"]);
        licensed(&mut store, 200);
        let mut counsel = counsel(&["us-ear"]);
        let mut sender = Sender::new("s", "2026-03-02");
        let reason = || "r".to_owned();
        let acts = vec![
            ("machine-1", Act::Reserve { shipment: "S-1".into(), basis: licence("L-1"), facts: draw(60) }),
            ("machine-1", Act::Reserve { shipment: "S-2".into(), basis: licence("L-1"), facts: draw(41) }),
            ("machine-1", Act::Post { shipment: "S-1".into(), on: day("2026-03-02"), facts: facts("") }),
            ("analyst-1", Act::Correct { shipment: "S-1".into(), units: 59, value: 5900, reason: reason() }),
            ("analyst-1", Act::TakeBack { shipment: "U-1".into(), units: 120, on: day("2026-03-02"), reason: reason() }),
            ("approver-1", Act::Suspend { licence: "L-1".into(), reason: reason() }),
            ("auditor-1", Act::Hold { subject: "licence/L-1".into(), reason: reason() }),
            ("nobody-1", Act::Void { shipment: "S-1".into(), reason: "'; DROP TABLE entry; --".into() }),
        ];
        let commands: Vec<Command> = acts.into_iter().map(|(actor, act)| sender.command(actor, act)).collect();
        let outcomes = store.submit(&mut counsel, sender.at, &commands).unwrap();
        let names: Vec<String> = outcomes.iter().map(|o| o.as_ref().map_or_else(Refusal::name, |_| "done".to_owned())).collect();
        assert_eq!(names, ["done", "quota-broken", "done", "done", "done", "done", "done", "role-needed"]);
        // Opened anew, nothing is lost; what was refused left no trace.
        drop(store);
        let mut store = Store::open(place).unwrap();
        let mut log = Vec::new();
        store
            .entries(1, |seq, hash, _| {
                log.push((seq, hash.to_owned()));
                Ok(())
            })
            .unwrap();
        let examined = store.audit(&[], &[]).unwrap();
        assert_eq!((examined.entries, examined.findings), (log.len() as u64, vec![]));
        assert_eq!(store.list("breaches").unwrap().len(), 1);
        assert_eq!(store.list("party|cloud operator a (hangzhou)").unwrap(), ["application/A-1", "licence/L-1"]);
        logs.borrow_mut().push(log);
    });
    let logs = logs.into_inner();
    assert!(logs.windows(2).all(|pair| pair[0] == pair[1]), "hash by hash the same");
}

#[test]
fn money_runs_through_a_store_as_through_memory() {
    on_both("money", |place| {
        let mut store = founded(place, &["essay"]);
        let mut counsel = counsel(&["essay"]);
        let mut sender = Sender::new("m", "2026-03-31");
        let mut commands = Vec::new();
        for n in 0..300 {
            let (shipment, facts) = (format!("S-{n}"), sale(100, "10000000", "2026-03-31"));
            commands.push(sender.command("machine-1", Act::Reserve { shipment, basis: Basis::Law, facts }));
            commands.push(
                sender.command(
                    "machine-1",
                    Act::Post { shipment: format!("S-{n}"), on: day("2026-03-31"), facts: BTreeMap::new() },
                ),
            );
        }
        let invoice = |id: &str| Act::Invoice {
            invoice: id.into(),
            payer: "NVIDIA".into(),
            payee: "United States government".into(),
            currency: "USD".into(),
            quarter: "2026Q1".into(),
        };
        commands.push(sender.command("analyst-1", invoice("I-1")));
        let pay = Act::Pay { invoice: "I-1".into(), minor: 75_000_000_000, reference: "WIRE".into() };
        commands.push(sender.command("analyst-1", pay));
        for outcome in store.submit(&mut counsel, sender.at, &commands).unwrap() {
            outcome.unwrap();
        }
        // Struck down in a process that knows nothing yet.
        let mut store = Store::open(place).unwrap();
        let strike = Act::StrikeFee {
            regime: "essay".into(),
            clause: "E2".into(),
            from: day("2026-01-01"),
            until: day("2026-12-31"),
            cite: "Export Clause".into(),
        };
        let refund = Act::Refund { invoice: "I-1".into(), minor: 75_000_000_000, reference: "WIRE-2".into() };
        let commands = [sender.command("admin-1", strike), sender.command("analyst-1", refund)];
        let outcomes = store.submit(&mut counsel, sender.at, &commands).unwrap();
        let place = outcomes[0].clone().unwrap();
        assert_eq!(place.last - place.first, 300, "every assessment");
        outcomes[1].clone().unwrap();
        let Some(Record::Account(cash)) = store.record("account/cash").unwrap() else { panic!() };
        assert_eq!(cash.balances["money in USD"], 0);
        assert_eq!(store.audit(&[], &[]).unwrap().findings, []);
    });
}

#[test]
fn a_newer_store_is_refused_and_a_backup_is_whole() {
    on_both("versions", |place| {
        let mut store = founded(place, &["us-ear"]);
        assert!(matches!(Store::create(place), Err(Error::Exists(_))));
        if !place.starts_with("postgres") {
            let copy = format!("{place}.copy");
            store.backup(copy.as_ref()).unwrap();
            assert!(matches!(store.backup(copy.as_ref()), Err(Error::Exists(_))));
            let mut copy = Store::open(&copy).unwrap();
            assert_eq!(copy.head().unwrap(), store.head().unwrap());
            assert_eq!(copy.audit(&[], &[]).unwrap().findings, []);
        }
        sql(place, "UPDATE meta SET value = 99 WHERE name = 'version'");
        assert!(matches!(Store::open(place), Err(Error::Newer { found: 99, .. })));
    });
    assert!(matches!(Store::open("/no/such/desk.db"), Err(Error::None(_))));
    assert!(matches!(Store::open("file:/no/such/desk.db"), Err(Error::None(_))));
}

/// What somebody with the database at hand could do.
fn sql(place: &str, text: &str) {
    if place.starts_with("postgres") {
        postgres::Client::connect(place, postgres::NoTls).unwrap().batch_execute(text).unwrap();
    } else {
        rusqlite::Connection::open(place).unwrap().execute_batch(text).unwrap();
    }
}

#[test]
fn every_tampering_is_found_and_named() {
    on_both("tamper", |place| {
        let mut store = founded(place, &["us-ear"]);
        licensed(&mut store, 200);
        let (secret, public) = new_key("tollgate.test").unwrap();
        let keys = [public];
        let early = store.checkpoint(&secret).unwrap();
        let mut sender = Sender::new("t", "2026-03-02");
        let act = Act::Suspend { licence: "L-1".into(), reason: "inquiry".into() };
        let command = sender.command("approver-1", act);
        store.submit(&mut counsel(&["us-ear"]), sender.at, &[command]).unwrap();
        let late = store.checkpoint(&secret).unwrap();
        assert_eq!(store.audit(&[], &keys).unwrap().findings, []);
        let last = late.size;
        let mut tampered = |text: &str, back: &str, expect: Finding| {
            sql(place, text);
            let found = store.audit(&[early.clone(), late.clone()], &keys).unwrap().findings;
            assert!(found.contains(&expect), "{text}: {found:?}");
            sql(place, back);
        };
        let body =
            |swap: &str, by: &str, seq: u64| format!("UPDATE entry SET body = replace(body, '{swap}', '{by}') WHERE seq = {seq}");
        // A text changed; the last text changed; a text and its hash changed.
        let changed = |seq| Finding::Changed { seq };
        tampered(&body("analyst-1", "analyst-9", 13), &body("analyst-9", "analyst-1", 13), changed(13));
        tampered(&body("approver-1", "approver-9", last), &body("approver-9", "approver-1", last), changed(last));
        // Removed in the middle, removed at the end, swapped.
        let (out, back) = ("UPDATE entry SET seq = 900 WHERE seq = 15", "UPDATE entry SET seq = 15 WHERE seq = 900");
        tampered(out, back, Finding::Removed { from: 15, to: 15 });
        let (out, back) = (
            format!("UPDATE entry SET seq = 1000 + seq WHERE seq = {last}"),
            format!("UPDATE entry SET seq = {last} WHERE seq > 1000"),
        );
        tampered(&out, &back, Finding::OutOfOrder { seq: last, at: 1000 + last as i64 });
        let swap = "UPDATE entry SET seq = 0 WHERE seq = 15; UPDATE entry SET seq = 15 WHERE seq = 16; UPDATE entry SET seq = 16 WHERE seq = 0";
        tampered(swap, swap, Finding::OutOfOrder { seq: 16, at: 15 });
        // A record that the log does not give.
        let more = "UPDATE record SET body = replace(body, '\"units of H200 SXM\":200', '\"units of H200 SXM\":900') WHERE name = 'account/licence/L-1/available'";
        let less = "UPDATE record SET body = replace(body, ':900', ':200') WHERE name = 'account/licence/L-1/available'";
        tampered(more, less, Finding::RecordDiffers { name: "account/licence/L-1/available".into() });
        assert_eq!(store.audit(&[early.clone(), late.clone()], &keys).unwrap().findings, [], "all is as it was");
        // The whole chain rewritten from one entry on: only what was signed tells, and between which two signatures.
        rewrite(place, last, "inquiry", "nothing");
        let found = store.audit(&[], &keys).unwrap().findings;
        assert_eq!(found, [Finding::NotWhatWasSigned { size: last, sound_upto: early.size }], "{found:?}");
        assert_eq!(
            store.audit(&[], &[]).unwrap().findings,
            found,
            "without a key what lies beside the log tells, while it lies there"
        );
        sql(place, "DELETE FROM checkpoint");
        let examined = store.audit(&[], &keys).unwrap();
        assert_eq!(
            (&examined.findings, examined.unsigned, examined.nothing_checked()),
            (&vec![], last, true),
            "and then nothing tells"
        );
    });
}

/// Rewrites an entry and everything after it as one would who holds the database: hashes, links, head.
fn rewrite(place: &str, seq: u64, swap: &str, by: &str) {
    let mut store = Store::open(place).unwrap();
    let mut rows = Vec::new();
    store
        .entries(seq, |seq, _, body| {
            rows.push((seq, body.replace(swap, by)));
            Ok(())
        })
        .unwrap();
    assert_eq!(rows.len(), 1, "this forger rewrites the last entry");
    let hash = desk::hash_of(&rows[0].1);
    sql(
        place,
        &format!("UPDATE entry SET body = '{}', hash = '{hash}' WHERE seq = {seq}; UPDATE head SET hash = '{hash}'", rows[0].1),
    );
    sql(place, &format!("UPDATE record SET body = replace(body, '{swap}', '{by}') WHERE name = 'licence/L-1'"));
}

#[test]
fn proofs_hold_offline_for_every_entry_and_every_pair_of_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("desk.db");
    let mut store = founded(place.to_str().unwrap(), &["essay"]);
    let (secret, public) = new_key("tollgate.test").unwrap();
    let keys = [public];
    let mut sender = Sender::new("p", "2026-03-31");
    let mut counsel = counsel(&["essay"]);
    let mut signed: Vec<Signed> = vec![store.checkpoint(&secret).unwrap()];
    // Past one full tile of 256, and past two.
    for round in 0..3 {
        let commands: Vec<Command> = (0..190)
            .map(|n| {
                let facts = sale(1, "10", "2026-03-31");
                sender.command("machine-1", Act::Reserve { shipment: format!("S-{round}-{n}"), basis: Basis::Law, facts })
            })
            .collect();
        assert!(store.submit(&mut counsel, sender.at, &commands).unwrap().iter().all(Result::is_ok));
        signed.push(store.checkpoint(&secret).unwrap());
    }
    let mut bodies = Vec::new();
    store
        .entries(1, |_, _, body| {
            bodies.push(body.to_owned());
            Ok(())
        })
        .unwrap();
    let last = signed.last().unwrap().clone();
    assert_eq!(last.size, bodies.len() as u64);
    for (at, body) in bodies.iter().enumerate() {
        let proof = store.prove_entry(at as u64 + 1, &last).unwrap();
        assert_eq!(check_entry(&proof, body, &keys), Ok(at as u64 + 1));
        assert!(check_entry(&proof, &body.replace("S-", "T-"), &keys).is_err() || !body.contains("S-"));
    }
    for (a, earlier) in signed.iter().enumerate() {
        for later in &signed[a..] {
            let proof = store.prove_growth(earlier.size, later.size).unwrap();
            assert_eq!(check_growth(&proof, &earlier.note, &later.note, &keys), Ok((earlier.size, later.size)));
            if earlier != later {
                assert!(check_growth(&proof, &later.note, &earlier.note, &keys).is_err());
            }
        }
    }
    let (_, stranger) = new_key("tollgate.test").unwrap();
    let proof = store.prove_entry(1, &last).unwrap();
    assert!(check_entry(&proof, &bodies[0], &[stranger]).is_err(), "another key of the same name");
}

#[test]
fn records_tie_are_found_kept_and_looked_at_again() {
    on_both("records", |place| {
        let mut store = founded(place, &["essay"]);
        let mut counsel = counsel(&["essay"]);
        let mut sender = Sender::new("r", "2026-04-02");
        let ship = |sender: &mut Sender, id: &str, value: &str, on: &str| {
            let (shipment, facts) = (id.to_owned(), sale(10, value, on));
            let post = Act::Post { shipment: id.to_owned(), on: day(on), facts: BTreeMap::new() };
            [sender.command("machine-1", Act::Reserve { shipment, basis: Basis::Law, facts }), sender.command("machine-1", post)]
        };
        let mut commands = ship(&mut sender, "S-1", "100.02", "2026-03-31").to_vec();
        commands.extend(ship(&mut sender, "S-2", "200", "2026-04-01"));
        commands.push(sender.command("auditor-1", Act::Hold { subject: "shipment/S-1".into(), reason: "inquiry".into() }));
        for outcome in store.submit(&mut counsel, sender.at, &commands).unwrap() {
            outcome.unwrap();
        }
        // By quarter, each total opens to its entry and ties to the cent: 25 % of 100.02 is 25.005, and the half goes to the even cent.
        let lines = store.statement(&desk::Lines::default()).unwrap();
        let told: Vec<_> = lines.iter().map(|l| (l.due.quarter.as_str(), l.net(), l.reconciles(), l.entries.len())).collect();
        assert_eq!(told, [("2026Q1", 2500, true, 1), ("2026Q2", 5000, true, 1)]);
        let second = desk::Lines { quarter: Some("2026q2".into()), ..desk::Lines::default() };
        assert_eq!(store.statement(&second).unwrap().len(), 1);
        // A line that somebody raised in the database no longer ties.
        sql(place, "UPDATE record SET body = replace(body, '\"assessed\":5000', '\"assessed\":5001') WHERE kind = 'due'");
        assert!(!store.statement(&second).unwrap()[0].reconciles());
        sql(place, "UPDATE record SET body = replace(body, '\"assessed\":5001', '\"assessed\":5000') WHERE kind = 'due'");
        // Found whatever the case of letters; kept five years from the latest event; held ones said to be.
        let found = ["shipment/S-1", "shipment/S-2"];
        assert_eq!(store.find("party", "CLOUD OPERATOR A (HANGZHOU)").unwrap(), found);
        assert_eq!(
            (store.find("country", "cn").unwrap(), store.find("document", "S-1").unwrap()),
            (found.map(String::from).to_vec(), vec![found[0].to_owned()])
        );
        let kept = store.retention(counsel.rules()).unwrap();
        assert_eq!((kept[0].until, kept[0].held.as_deref(), kept[1].held.as_deref()), (day("2031-04-02"), Some("inquiry"), None));
        let mut opinion = desk::Opinion::from(counsel);
        // Before the announcement of December 2025 the part was banned, and no fee was due.
        let (count, changes) = store.relook(&mut opinion, Some(day("2025-12-07"))).unwrap();
        assert_eq!((count, changes.len()), (2, 2));
        assert_eq!((changes[0].now.as_str(), &changes[0].by), ("prohibited", &vec!["essay E3".to_owned()]));
        assert_eq!((store.relook(&mut opinion, None).unwrap().1, changes[1].fees), (vec![], (5000, Some(0))));
    });
}

/// Tables of which a row may be gone without a finding. Nothing in a log says that it was signed: who takes a checkpoint away takes a
/// signature away, and the audit says how far the others reach.
const MAY_LACK: [&str; 1] = ["checkpoint"];

/// A store with two checkpoints and so many entries between them, closed so that it is one file; and the public key.
fn signed_store(folder: &std::path::Path, grants: usize) -> (std::path::PathBuf, String) {
    let place = folder.join("desk.db");
    let mut store = founded(place.to_str().unwrap(), &["us-ear"]);
    licensed(&mut store, 200);
    let (secret, public) = new_key("tollgate.test").unwrap();
    store.checkpoint(&secret).unwrap();
    let mut sender = Sender::new("grant", "2026-03-02");
    let mut grant =
        |n: usize| sender.command("admin-1", Act::GrantRole { person: format!("viewer-{n}"), role: desk::Role::Viewer });
    let grants: Vec<Command> = (0..grants).map(&mut grant).collect();
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    assert!(store.submit(&mut counsel(&["us-ear"]), now, &grants).unwrap().iter().all(Result::is_ok));
    store.checkpoint(&secret).unwrap();
    drop(store);
    let clean = Store::open_to_read(place.to_str().unwrap()).unwrap().audit(&[], std::slice::from_ref(&public)).unwrap();
    assert_eq!((clean.findings, clean.signatures, clean.unsigned), (vec![], 2, 0));
    (place, public)
}

/// Tables of a database, each with its columns: name, whether it takes numbers, and its place in the primary key.
fn columns(place: &std::path::Path) -> Vec<(String, Vec<(String, bool)>)> {
    let db = rusqlite::Connection::open(place).unwrap();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let tables: Vec<String> = db.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let of = |table: &String| {
        let mut info = db.prepare(&format!("PRAGMA table_info({table})")).unwrap();
        let cells = info.query_map([], |row| Ok((row.get("name")?, row.get::<_, String>("type")? != "TEXT"))).unwrap();
        (table.clone(), cells.map(Result::unwrap).collect())
    };
    tables.iter().map(of).collect()
}

#[test]
fn whatever_is_changed_in_any_column_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (place, public) = signed_store(folder.path(), 300);
    let copy = folder.path().join("copy.db");
    let mut tried = 0;
    // Whether the audit of a copy with this done to it finds something; none where the database itself refuses, or nothing changed.
    let mut found = |text: &str| -> Option<bool> {
        std::fs::copy(&place, &copy).unwrap();
        let db = rusqlite::Connection::open(&copy).unwrap();
        let before = db.total_changes();
        db.execute(text, []).ok()?;
        if db.total_changes() == before {
            return None;
        }
        db.close().unwrap();
        tried += 1;
        Some(match Store::open_to_read(copy.to_str().unwrap()) {
            // Of no version that this program knows, or of none at all.
            Err(Error::Newer { .. } | Error::Older { .. } | Error::Broken(_)) => true,
            Err(other) => panic!("{text}: {other}"),
            Ok(mut store) => !store.audit(&[], std::slice::from_ref(&public)).unwrap().findings.is_empty(),
        })
    };
    let mut missed = Vec::new();
    let tables = columns(&place);
    assert_eq!(tables.len(), 7, "{tables:?}");
    for (table, columns) in &tables {
        let mut rows: Vec<i64> = ["count(*) / 3", "count(*) - 1"]
            .map(|at| format!("SELECT rowid FROM {table} LIMIT 1 OFFSET (SELECT {at} FROM {table})"))
            .iter()
            .map(|sql| rusqlite::Connection::open(&place).unwrap().query_row(sql, [], |row| row.get(0)).unwrap())
            .collect();
        rows.dedup();
        for row in rows {
            for (column, number) in columns {
                let others: &[String] = &if *number {
                    vec![
                        format!("{column} + 1"),
                        format!("{column} + 100000"),
                        format!("-{column} - 1"),
                        "'x'".to_owned(),
                        "0.5".to_owned(),
                    ]
                } else {
                    vec![
                        "''".to_owned(),
                        "NULL".to_owned(),
                        "7".to_owned(),
                        format!("{column} || 'x'"),
                        format!("{column} || char(0)"),
                        format!("substr({column}, 2)"),
                        format!("CAST({column} AS BLOB)"),
                        format!("replace({column}, substr({column}, 6, 1), '~')"),
                        format!("(SELECT o.{column} FROM {table} o WHERE o.{column} <> {table}.{column} LIMIT 1)"),
                    ]
                };
                let mut changed = 0;
                for other in others {
                    let text = format!("UPDATE {table} SET {column} = {other} WHERE rowid = {row} AND {column} IS NOT {other}");
                    let found = found(&text);
                    changed += u32::from(found.is_some());
                    missed.extend(found.filter(|found| !found).map(|_| text));
                }
                assert!(changed > 0, "{table}.{column} was never changed");
            }
            let gone = format!("DELETE FROM {table} WHERE rowid = {row}");
            let seen = found(&gone).unwrap();
            assert_eq!(seen, !MAY_LACK.contains(&table.as_str()), "{gone}");
            // The same row once more, under each other key that it could have.
            let mut more = 0;
            for (key, number) in columns {
                let cell = |(name, _): &(String, bool)| match (name == key, number) {
                    (false, _) => name.clone(),
                    (true, true) => format!("{name} + 100000"),
                    (true, false) => format!("{name} || '~'"),
                };
                let cells: Vec<String> = columns.iter().map(cell).collect();
                let text = format!("INSERT INTO {table} SELECT {} FROM {table} WHERE rowid = {row}", cells.join(", "));
                let found = found(&text);
                more += u32::from(found.is_some());
                missed.extend(found.filter(|found| !found).map(|_| text));
            }
            // A second unique column may stand in the way of a copy.
            let free = |(name, _): &(String, bool)| match (table.as_str(), name.as_str()) {
                ("entry", "seq") => "seq + 100000".to_owned(),
                ("entry", "key") => "'free'".to_owned(),
                _ => name.clone(),
            };
            if table == "entry" {
                let cells: Vec<String> = columns.iter().map(free).collect();
                let text = format!("INSERT INTO entry SELECT {} FROM entry WHERE rowid = {row}", cells.join(", "));
                more += 1;
                missed.extend(found(&text).filter(|found| !found).map(|_| text));
            }
            assert!(more > 0, "no row was added to {table}");
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "of {tried}");
    assert!(tried > 200, "{tried}");
}

#[test]
fn whatever_acts_in_the_database_beside_the_desk_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (place, public) = signed_store(folder.path(), 300);
    let copy = folder.path().join("copy.db");
    for text in [
        "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM item; END",
        "CREATE VIEW v AS SELECT * FROM entry",
        "CREATE TABLE more (a)",
        "CREATE INDEX i ON item (item)",
        "DROP INDEX entry_key",
        "DROP INDEX record_kind",
        "ALTER TABLE record ADD COLUMN more TEXT",
        "DROP TABLE tile",
        "DROP TABLE item",
        "DROP TABLE record",
        "DROP TABLE checkpoint",
        "DROP INDEX entry_key; CREATE INDEX entry_key ON entry (key)",
    ] {
        std::fs::copy(&place, &copy).unwrap();
        let db = rusqlite::Connection::open(&copy).unwrap();
        db.execute_batch(text).unwrap();
        db.close().unwrap();
        let mut store = Store::open_to_read(copy.to_str().unwrap()).unwrap();
        let examined = store.audit(&[], std::slice::from_ref(&public)).unwrap();
        assert!(examined.findings.iter().any(|f| matches!(f, Finding::Schema { .. })), "{text}: {examined:?}");
        assert!(examined.entries > 300, "it stops nothing of the rest: {text}");
    }
}

#[test]
fn findings_do_not_stop_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let (place, public) = signed_store(folder.path(), 300);
    let place = place.to_str().unwrap();
    sql(
        place,
        "UPDATE head SET at = '2126-01-01T00:00:00Z'; UPDATE tile SET hash = hash || 'x'; UPDATE checkpoint SET size = size + 1; \
         DELETE FROM item WHERE heading = 'party|cloud operator a (hangzhou)'; UPDATE record SET body = '{}' WHERE kind = 'licence'; \
         UPDATE entry SET key = NULL WHERE seq = 9; UPDATE entry SET body = body || ' ' WHERE seq = 40",
    );
    let found = Store::open_to_read(place).unwrap().audit(&[], &[public]).unwrap().findings;
    let has = |wanted: fn(&Finding) -> bool| assert!(found.iter().any(wanted), "{found:?}");
    has(|f| matches!(f, Finding::HeadMoment { .. }));
    has(|f| matches!(f, Finding::TileDiffers { level: 1, place: 0 }));
    has(|f| matches!(f, Finding::CheckpointSize { .. }));
    has(|f| matches!(f, Finding::KeyDiffers { seq: 9 }));
    has(|f| matches!(f, Finding::Changed { seq: 40 }));
    has(|f| matches!(f, Finding::NotWhatWasSigned { .. }));
}

/// The verifier that a bundle carries, in one Python for many bundles; none where there is no Python.
struct Verifier {
    child: std::process::Child,
    out: std::io::BufReader<std::process::ChildStdout>,
}

const DRIVER: &str = r#"
import contextlib, importlib.util, io, sys
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
keys = verify.keys_of(sys.argv[2])
for line in sys.stdin:
    verify.HERE, said = line.rstrip("\n"), io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            code = verify.verify(keys)
    except BaseException as error:
        code = repr(error)
    lines = [l for l in said.getvalue().splitlines() if l.startswith(("signed:", "not signed:"))]
    print(code, "|".join(lines), sep="|", flush=True)
"#;

impl Verifier {
    fn new(key: &str) -> Option<Verifier> {
        use std::process::{Command, Stdio};
        let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("bundle/verify.py");
        let mut child = Command::new("python3")
            .args(["-c", DRIVER])
            .arg(script)
            .arg(key)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        Some(Verifier { child, out })
    }

    /// Exit status, or what it fell over; then what it says of signatures.
    fn verify(&mut self, folder: &std::path::Path) -> String {
        use std::io::{BufRead as _, Write as _};
        writeln!(self.child.stdin.as_ref().unwrap(), "{}", folder.display()).unwrap();
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// What could become of a file on its way, by seed; none is gone.
fn spoilt(bytes: &[u8], chance: &mut chance::Chance) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = vec![("gone".to_owned(), None), ("empty".to_owned(), Some(Vec::new()))];
    let mut edited = |what: String, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut other = bytes.to_owned();
        edit(&mut other);
        all.push((what, Some(other)));
    };
    let length = bytes.len() as u64;
    for _ in 0..if length > 0 { 14 } else { 0 } {
        let (at, bit) = (chance.next(length) as usize, chance.next(8));
        edited(format!("bit {bit} of byte {at}"), &|bytes| bytes[at] ^= 1 << bit);
    }
    for _ in 0..if length > 0 { 3 } else { 0 } {
        let at = chance.next(length) as usize;
        edited(format!("cut off at {at}"), &|bytes| bytes.truncate(at));
        edited(format!("byte {at} gone"), &|bytes| _ = bytes.remove(at));
    }
    edited("last byte gone".to_owned(), &|bytes| bytes.truncate(bytes.len().saturating_sub(1)));
    for more in ["rubbish\n", "\n", " ", "\u{fe}", "[[[[", "{\"seq\":18446744073709551615}\n", "null\n"] {
        edited(format!("{more:?} after it"), &|bytes| bytes.extend(more.bytes()));
    }
    edited("no text after it".to_owned(), &|bytes| bytes.extend([0xff, 0xfe, b'\n']));
    edited("brackets without end".to_owned(), &|bytes| bytes.extend("{\"a\":".repeat(5000).bytes()));
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let mut woven = |what: String, lines: Vec<&[u8]>| all.push((what, Some(lines.concat())));
    for _ in 0..2 {
        let at = chance.next(lines.len().max(1) as u64) as usize;
        let without = lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| *line);
        woven(format!("line {at} gone"), without.collect());
        let twice = lines.iter().enumerate().flat_map(|(n, line)| std::iter::repeat_n(*line, 1 + usize::from(n == at)));
        woven(format!("line {at} twice"), twice.collect());
        let mut swapped = lines.clone();
        let last = swapped.len().saturating_sub(1);
        if last > 0 {
            swapped.swap(at.min(last - 1), at.min(last - 1) + 1);
        }
        woven(format!("line {at} and the next swapped"), swapped);
    }
    let text = String::from_utf8_lossy(bytes);
    all.push(("other ends of lines".to_owned(), Some(text.replace('\n', "\r\n").into_bytes())));
    all
}

#[test]
fn both_verifiers_say_the_same_of_a_spoilt_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let (place, public) = signed_store(folder.path(), 20);
    let Some(mut verifier) = Verifier::new(&public) else { return };
    let keys = [public];
    let mut chance = chance::Chance(chance::number("TOLLGATE_SEED", 1));
    let mut store = Store::open(place.to_str().unwrap()).unwrap();
    let (mut tried, mut found, mut missed) = (0, 0, Vec::new());
    for unsigned in [0, 3] {
        let mut sender = Sender::new("tail", "2026-03-03");
        let grants: Vec<Command> = (0..unsigned)
            .map(|n| sender.command("admin-1", Act::GrantRole { person: format!("more-{n}"), role: desk::Role::Viewer }))
            .collect();
        assert!(store.submit(&mut counsel(&["us-ear"]), sender.at, &grants).unwrap().iter().all(Result::is_ok));
        let bundle = folder.path().join(format!("bundle-{unsigned}"));
        let upto = store.export(&bundle, &keys[0]).unwrap().upto;
        let mut agree = |what: &str| {
            let examined = desk::audit_bundle(&bundle, &[], &keys).unwrap();
            let sound = examined.findings.is_empty() && !examined.nothing_checked();
            let said = examined.told().into_iter().filter(|line| line.starts_with("signed:") || line.starts_with("not signed:"));
            let own: Vec<String> = [if sound { "0" } else { "3" }.to_owned()].into_iter().chain(said).collect();
            let other = verifier.verify(&bundle);
            (tried, found) = (tried + 1, found + u32::from(!sound));
            // Python does not follow an entry through; where nobody signed the entry nothing else tells.
            let followed = |finding: &Finding| match finding {
                Finding::NotAnEntry { at, .. } => at.unsigned_abs() > upto,
                Finding::Impossible { seq, .. } => *seq > upto,
                _ => false,
            };
            let followed = examined.findings.iter().all(followed) && other.starts_with("0|");
            if own.join("|") != other && !followed {
                missed.push(format!("{what}: {other}\n{own:?}\n{:?}", examined.findings));
            }
            sound
        };
        assert!(agree("as it was written"));
        for file in ["entries.jsonl", "checkpoints", "growth"] {
            let path = bundle.join(file);
            let files: Vec<std::path::PathBuf> = match std::fs::read_dir(&path) {
                Ok(files) => files.map(|file| file.unwrap().path()).collect(),
                Err(_) => vec![path],
            };
            for path in files {
                let bytes = std::fs::read(&path).unwrap();
                for (what, other) in spoilt(&bytes, &mut chance) {
                    match other {
                        Some(other) => std::fs::write(&path, other).unwrap(),
                        None => std::fs::remove_file(&path).unwrap(),
                    }
                    agree(&format!("{}: {what}", path.display()));
                }
                std::fs::write(&path, bytes).unwrap();
            }
        }
        for stray in
            ["checkpoints/12x", "checkpoints/99999999999999999999999", "growth/1-2", "checkpoints/7", "checkpoints/.hidden"]
        {
            std::fs::write(bundle.join(stray), "nothing\n").unwrap();
            assert_eq!(agree(stray), stray.ends_with(".hidden"), "{stray}");
            std::fs::remove_file(bundle.join(stray)).unwrap();
        }
        for gone in ["growth", "checkpoints"] {
            std::fs::remove_dir_all(bundle.join(gone)).unwrap();
            assert!(!agree(&format!("{gone} gone")));
        }
    }
    drop(verifier.child.stdin.take());
    verifier.child.wait().unwrap();
    assert!(missed.is_empty(), "{} of {tried}, of which {found} were found:\n{}", missed.len(), missed.join("\n\n"));
    assert!(found > tried * 3 / 4, "{found} of {tried}");
}

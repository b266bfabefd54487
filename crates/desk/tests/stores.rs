//! The same scripts on SQLite and, where TOLLGATE_TEST_POSTGRES names one, on PostgreSQL: writers side by side, backups, versions,
//! and every kind of tampering found and named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

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
        assert_eq!(store.audit(&[], &[]).unwrap().1, []);
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
        assert_eq!(store.audit(&[], &[]).unwrap(), (log.len() as u64, vec![]));
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
        assert_eq!(store.audit(&[], &[]).unwrap().1, []);
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
            assert_eq!(copy.audit(&[], &[]).unwrap().1, []);
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
        assert_eq!(store.audit(&[], &keys).unwrap().1, []);
        let last = late.size;
        let mut tampered = |text: &str, back: &str, expect: Finding| {
            sql(place, text);
            let found = store.audit(&[early.clone(), late.clone()], &keys).unwrap().1;
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
        tampered(&out, &back, Finding::OutOfOrder { seq: last, at: 1000 + last });
        let swap = "UPDATE entry SET seq = 0 WHERE seq = 15; UPDATE entry SET seq = 15 WHERE seq = 16; UPDATE entry SET seq = 16 WHERE seq = 0";
        tampered(swap, swap, Finding::OutOfOrder { seq: 16, at: 15 });
        // A record that the log does not give.
        let more = "UPDATE record SET body = replace(body, '\"units of H200 SXM\":200', '\"units of H200 SXM\":900') WHERE name = 'account/licence/L-1/available'";
        let less = "UPDATE record SET body = replace(body, ':900', ':200') WHERE name = 'account/licence/L-1/available'";
        tampered(more, less, Finding::RecordDiffers { name: "account/licence/L-1/available".into() });
        assert_eq!(store.audit(&[early.clone(), late.clone()], &keys).unwrap().1, [], "all is as it was");
        // The whole chain rewritten from one entry on: only what was signed tells, and between which two signatures.
        rewrite(place, last, "inquiry", "nothing");
        let found = store.audit(&[], &keys).unwrap().1;
        assert_eq!(found, [Finding::NotWhatWasSigned { size: last, sound_upto: early.size }], "{found:?}");
        assert_eq!(store.audit(&[], &[]).unwrap().1, [], "without a key nothing can be told: that is not proved");
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

//! Books of commands for the tests that kill: licences, draw-downs, quotas, imports with duties, corrections, bills, payments, refusals; and
//! what must be there after a crash.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, unreachable_pub)]

use desk::{Act, Answer, Basis, Command, Counsel, Error, Head, Refusal, State, Store, Terms, apply, decide};

use super::chance::Chance;
use super::common::{applied, approved, as_read, command, day, facts, home, licence, people, sale};

/// First and last entry of each command, or its refusal.
type Answers = Vec<Result<(u64, u64), Refusal>>;

/// Batches of commands, each sent in one transaction, and what becomes of them where nothing goes wrong.
pub struct Book {
    pub batches: Vec<Vec<Command>>,
    pub answers: Vec<Answers>,
    /// Where the log ends after so many batches.
    pub ends: Vec<Head>,
}

/// The clock when the n-th batch is sent.
pub fn moment(n: usize) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_775_500_000 + 60 * n as i64).unwrap()
}

impl Book {
    /// Sends the n-th batch.
    pub fn send(&self, n: usize, store: &mut Store, counsel: &mut Counsel<'_>) -> Result<Answers, Error> {
        sent(&self.batches[n], n, store, counsel)
    }
}

fn sent(batch: &[Command], n: usize, store: &mut Store, counsel: &mut Counsel<'_>) -> Result<Answers, Error> {
    let outcomes = store.submit(counsel, moment(n), batch)?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map(|place| (place.first, place.last))).collect())
}

/// The desk, its people and rules, home sales that leave room under the cap, and two licences with their conditions shown.
fn founding(counsel: &Counsel<'_>) -> Vec<(&'static str, Act)> {
    let mut acts = vec![("admin-1", Act::Found { desk: "crashes".into() })];
    acts.extend(people().map(|(person, role)| ("admin-1", Act::GrantRole { person: person.into(), role })));
    acts.push(("admin-1", Act::AdoptRules { items: counsel.items().clone() }));
    let facts_of_home = home(800, "8000", "2026-02-01");
    acts.push(("machine-1", Act::Reserve { shipment: "U".into(), basis: Basis::Law, facts: facts_of_home }));
    acts.push(("machine-1", Act::Post { shipment: "U".into(), on: day("2026-02-01"), facts: facts("") }));
    for (n, units) in [(0, 50), (1, 350)] {
        let (application, asked) = (format!("A-{n}"), sale(units, &format!("{units}00"), "2026-02-01"));
        let terms = Terms { units, value: units * 10_000, from: day("2026-02-01"), until: day("2026-12-31") };
        acts.push(("analyst-1", applied(&application, asked)));
        acts.push(("analyst-1", Act::Submit { application: application.clone() }));
        acts.push(("approver-1", approved(&application, "known parties")));
        acts.push(("analyst-1", Act::Issue { licence: format!("L-{n}"), application, terms }));
        for part in ["i", "ii", "iv", "v", "vi", "vii", "viii", "ix"] {
            let (licence, clause, document) = (format!("L-{n}"), format!("dd-{part}"), format!("DOC-{part}"));
            acts.push(("analyst-1", Act::GiveEvidence { licence, clause, document }));
        }
    }
    acts
}

/// An act of a small desk: few names, so that acts meet and some are refused.
fn any_act(chance: &mut Chance) -> (&'static str, Act) {
    let reason = || "r".to_owned();
    let on = day("2026-02-01").saturating_add(jiff::Span::new().days(chance.next(60) as i64));
    let units = 1 + chance.next(60) as i64;
    let l = format!("L-{}", chance.next(2));
    let kind = ["U", "S", "S", "S", "M", "M"][chance.below(6)];
    let shipment = format!("{kind}-{}", chance.next(12));
    let invoice = format!("I-{}", chance.next(4));
    match chance.next(30) {
        0..12 => {
            let (basis, facts) = match kind {
                "U" => (Basis::Law, home(units, "1000", &on.to_string())),
                // An import on which a duty falls due.
                "M" => {
                    let mut all = home(units, "30000", &on.to_string());
                    all.extend(facts("kind=import,ships_from=TW,us_use=testing-for-export"));
                    (Basis::Law, all)
                }
                _ => (licence(&l), facts(&format!("quantity={units},value_usd={units},date={on},dd_lab_review=yes"))),
            };
            ("machine-1", Act::Reserve { shipment, basis, facts })
        }
        12..19 => ("machine-1", Act::Post { shipment, on, facts: facts("") }),
        19 => ("analyst-1", Act::Void { shipment, reason: reason() }),
        20 | 21 => ("analyst-1", Act::Correct { shipment, units, value: units * 100, reason: reason() }),
        22 => ("analyst-1", Act::TakeBack { shipment, units, on, reason: reason() }),
        23 => {
            let terms = Terms { units: 330 + units, value: 7_000_000, from: day("2026-02-01"), until: day("2026-12-31") };
            ("analyst-1", Act::AskAmendment { licence: l, terms, reason: reason() })
        }
        24 => ("approver-1", Act::ApproveAmendment { licence: l, seen: String::new() }),
        25 => ("approver-1", Act::Suspend { licence: l, reason: reason() }),
        26 => ("approver-1", Act::Reinstate { licence: l, reason: reason() }),
        27 => {
            let (payer, payee) = ("NVIDIA".to_owned(), "United States Treasury".to_owned());
            ("analyst-1", Act::Invoice { invoice, payer, payee, currency: "USD".into(), quarter: "2026Q1".into() })
        }
        28 => ("analyst-1", Act::Pay { invoice, minor: 1 + chance.next(500_000) as i64, reference: "WIRE".into() }),
        _ => ("auditor-1", Act::Hold { subject: format!("licence/{l}"), reason: reason() }),
    }
}

/// Draws a book of so many batches after the founding, and sends it to a new store where nothing goes wrong.
pub fn book(place: &str, counsel: &mut Counsel<'_>, chance: &mut Chance, count: usize) -> Book {
    let mut acts = vec![founding(counsel)];
    for _ in 0..count {
        acts.push((0..=chance.next(5)).map(|_| any_act(chance)).collect());
    }
    // A desk in memory beside it says what an approver would have read.
    let (mut beside, mut keys) = (State::whole(), 0);
    let mut batches = Vec::new();
    for (n, batch) in acts.into_iter().enumerate() {
        let mut commands = Vec::new();
        for (actor, act) in batch {
            keys += 1;
            let command = command(format!("c-{keys}"), actor, as_read(act, |name| beside.record(name).unwrap().cloned()));
            if let Ok(Answer::New(sealed)) = decide(&beside, counsel, moment(n), &command) {
                sealed.iter().for_each(|sealed| apply(&mut beside, sealed).unwrap());
            }
            commands.push(command);
        }
        batches.push(commands);
    }
    let mut store = Store::create(place).unwrap();
    let mut book = Book { batches, answers: Vec::new(), ends: vec![store.head().unwrap()] };
    for (n, batch) in book.batches.iter().enumerate() {
        book.answers.push(sent(batch, n, &mut store, counsel).unwrap());
        book.ends.push(store.head().unwrap());
    }
    assert!(book.answers[0].iter().all(Result::is_ok), "{:?}", book.answers[0]);
    book
}

/// What stands in a store after a crash: so many batches, none of them half, records and chain sound. `least` were acknowledged.
pub fn examined(book: &Book, place: &str, least: usize) -> (Option<Store>, usize) {
    let mut store = match Store::open(place) {
        Err(Error::None(_)) => {
            assert_eq!(least, 0, "a store that was made is gone");
            return (None, 0);
        }
        store => store.unwrap(),
    };
    let head = store.head().unwrap();
    let upto = book.ends.iter().rposition(|end| *end == head).expect("the log ends between two transactions");
    // A batch of which every command was refused leaves the log where it was.
    let same = |n: usize| book.ends[n] == head;
    assert!(
        upto >= least && (upto <= least + 1 || same(least) || same(least + 1)),
        "{upto} batches are there, {least} acknowledged"
    );
    let examined = store.audit(&[], &[]).unwrap();
    assert_eq!((examined.entries, examined.findings), (head.seq, vec![]), "the chain is whole and every record follows from it");
    let upto = if same(least) { least } else { least + 1 };
    (Some(store), upto)
}

/// Sends a batch again of which everything was done: the same answers. What was refused left nothing and is not asked again.
pub fn told_again(book: &Book, store: &mut Store, counsel: &mut Counsel<'_>, n: usize) {
    let before = store.head().unwrap();
    let done = book.batches[n].iter().zip(&book.answers[n]).filter(|(_, answer)| answer.is_ok());
    let (commands, answers): (Vec<Command>, Answers) = done.map(|(c, a)| (c.clone(), a.clone())).unzip();
    assert_eq!(sent(&commands, n, store, counsel).unwrap(), answers);
    assert_eq!(store.head().unwrap(), before, "nothing is done twice");
}

//! A desk on a simulated disk that loses power, fills up, fails at a step or lies: nothing acknowledged is lost, nothing is half there, and
//! the log goes on to the very hash that it has without any crash. `TOLLGATE_CRASHES=5000 TOLLGATE_SEED=7` crashes so often, so drawn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

#[path = "common/chance.rs"]
mod chance;
mod common;
#[path = "common/disk.rs"]
mod disk;

use std::collections::BTreeSet;

use chance::{Chance, number};
use common::{counsel, day, facts, home, licence, people, sale};
use desk::{Act, Basis, Command, Counsel, Error, Head, Outcome, Store, Terms};
use disk::{Contents, Disk, Fate, Fault, Loss, Step};

/// Batches of commands, each sent in one transaction, and what becomes of them where nothing goes wrong.
struct Book {
    batches: Vec<Vec<Command>>,
    answers: Vec<Vec<Outcome>>,
    /// Where the log ends after so many batches.
    ends: Vec<Head>,
    /// The disk after so many batches were sent and the store was closed.
    founded: (usize, Contents),
}

/// The desk, its people and rules, home sales that leave room under the cap, and two licences with their conditions shown.
fn founding(counsel: &Counsel<'_>) -> Vec<(&'static str, Act)> {
    let mut acts = vec![("admin-1", Act::Found { desk: "crashes".into() })];
    acts.extend(people().map(|(person, role)| ("admin-1", Act::GrantRole { person: person.into(), role })));
    acts.push(("admin-1", Act::AdoptRules { packs: counsel.packs() }));
    let facts_of_home = home(800, "8000", "2026-02-01");
    acts.push(("machine-1", Act::Reserve { shipment: "U".into(), basis: Basis::Law, facts: facts_of_home }));
    acts.push(("machine-1", Act::Post { shipment: "U".into(), on: day("2026-02-01"), facts: facts("") }));
    for (n, units) in [(0, 50), (1, 350)] {
        let (application, asked) = (format!("A-{n}"), sale(units, &format!("{units}00"), "2026-02-01"));
        let terms = Terms { units, value: units * 10_000, from: day("2026-02-01"), until: day("2026-12-31") };
        acts.push(("analyst-1", Act::Apply { application: application.clone(), facts: asked, documents: vec![] }));
        acts.push(("analyst-1", Act::Submit { application: application.clone() }));
        acts.push(("approver-1", Act::Approve { application: application.clone(), reason: "known parties".into() }));
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
        24 => ("approver-1", Act::ApproveAmendment { licence: l }),
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

/// Writes a book of so many batches after the founding, and sends it where nothing goes wrong.
fn book(disk: &Disk, counsel: &mut Counsel<'_>, chance: &mut Chance, count: usize) -> Book {
    let mut acts = vec![founding(counsel)];
    for _ in 0..count {
        acts.push((0..=chance.next(5)).map(|_| any_act(chance)).collect());
    }
    let mut n = 0;
    let mut command = |(actor, act): (&str, Act)| {
        n += 1;
        let at = jiff::Timestamp::from_second(1_775_500_000 + n).unwrap();
        Command { key: format!("c-{n}"), actor: actor.into(), at, act }
    };
    let batches: Vec<Vec<Command>> = acts.into_iter().map(|batch| batch.into_iter().map(&mut command).collect()).collect();
    disk.start(Contents::default());
    let mut store = Store::create(&disk.place).unwrap();
    let mut book = Book { batches, answers: Vec::new(), ends: vec![store.head().unwrap()], founded: Default::default() };
    for (n, batch) in book.batches.iter().enumerate() {
        let answers = store.submit(counsel, batch).unwrap();
        assert!(n > 0 || answers.iter().all(Result::is_ok), "{answers:?}");
        book.answers.push(answers);
        book.ends.push(store.head().unwrap());
        if n == 0 {
            drop(store);
            book.founded = (1, disk.after(Loss::Nothing, &mut Chance(0), &mut Fate::default()));
            store = Store::open(&disk.place).unwrap();
        }
    }
    book
}

#[derive(Debug, Default)]
struct Tally {
    crashes: u64,
    /// Commands that were acknowledged before a crash.
    acknowledged: u64,
    /// Crashes after which the transaction in flight was there.
    came_through: u64,
    /// Full disks, and steps that failed, that the writer met and lived on.
    full: u64,
    failed: u64,
    fate: Fate,
}

/// What stands on a disk after a loss of power: so many batches, none of them half, records and chain sound. `least` were acknowledged.
fn examined(book: &Book, disk: &Disk, least: usize) -> (Option<Store>, usize) {
    let mut store = match Store::open(&disk.place) {
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
    let (read, findings) = store.audit(&[], &[]).unwrap();
    assert_eq!((read, findings), (head.seq, vec![]), "the chain is whole and every record follows from it");
    let upto = if same(least) { least } else { least + 1 };
    (Some(store), upto)
}

/// Sends a batch again of which everything was done: the same answers. What was refused left nothing and is not asked again.
fn told_again(book: &Book, store: &mut Store, counsel: &mut Counsel<'_>, n: usize) {
    let before = store.head().unwrap();
    let done = book.batches[n].iter().zip(&book.answers[n]).filter(|(_, answer)| answer.is_ok());
    let (commands, answers): (Vec<Command>, Vec<Outcome>) = done.map(|(c, a)| (c.clone(), a.clone())).unzip();
    assert_eq!(store.submit(counsel, &commands).unwrap(), answers);
    assert_eq!(store.head().unwrap(), before, "nothing is done twice");
}

#[test]
fn power_lost_at_every_step_of_a_book() {
    let (mut counsel, disk) = (counsel(&["us-ear"]), Disk::new("every-step"));
    let mut chance = Chance(number("TOLLGATE_SEED", 1));
    let book = book(&disk, &mut counsel, &mut chance, 12);
    disk.start(Contents::default());
    disk.record();
    let mut store = Store::create(&disk.place).unwrap();
    for (n, batch) in book.batches.iter().enumerate() {
        assert_eq!(store.submit(&mut counsel, batch).unwrap(), book.answers[n]);
        disk.acknowledge(n + 1);
        // Closing folds the log into the file.
        if n % 4 == 0 {
            drop(store);
            store = Store::open(&disk.place).unwrap();
        }
    }
    drop(store);
    let steps = disk.recorded();
    let (mut contents, mut tally) = (Contents::default(), Tally::default());
    for (step, acknowledged) in &steps {
        // A sync in which power failed kept nothing for sure.
        let sync = matches!(step, Step::Sync { .. });
        if !sync {
            contents.apply(step);
        }
        for loss in [Loss::Nothing, Loss::Everything, Loss::Seeded] {
            disk.start(contents.after(loss, &mut chance, &mut tally.fate));
            let (store, upto) = examined(&book, &disk, *acknowledged);
            tally.crashes += 1;
            tally.acknowledged += book.batches[..*acknowledged].iter().map(|batch| batch.len() as u64).sum::<u64>();
            tally.came_through += u64::from(upto > *acknowledged);
            if let (Some(mut store), Loss::Seeded) = (store, loss) {
                if upto > 0 {
                    told_again(&book, &mut store, &mut counsel, upto - 1);
                }
                if let Some(batch) = book.batches.get(upto) {
                    assert_eq!(store.submit(&mut counsel, batch).unwrap(), book.answers[upto], "the desk goes on");
                }
            }
        }
        if sync {
            contents.apply(step);
        }
    }
    println!("{} steps: {tally:?}", steps.len());
    assert!(steps.len() > 200 && tally.came_through > 0 && tally.fate.torn > 0);
}

/// One life of a book, through as many crashes as it takes.
fn live(book: &Book, disk: &Disk, counsel: &mut Counsel<'_>, chance: &mut Chance, tally: &mut Tally) {
    let (mut done, founded) = (book.founded.0, &book.founded.1);
    // One life in four begins with an empty disk.
    if chance.next(4) == 0 {
        done = 0;
        disk.start(Contents::default());
    } else {
        disk.start(founded.clone());
    }
    while done < book.batches.len() {
        let steps = 1 + chance.next(200);
        disk.arm(steps, if chance.next(2) == 0 { Fault::Power } else { Fault::PowerInSync });
        // Before that, now and then, something else goes wrong.
        let other = match chance.next(10) {
            0 | 1 => Some(Fault::Full),
            2 => Some(Fault::Step),
            3 => Some(Fault::Sync { forget: chance.next(2) == 0 }),
            4 => Some(Fault::Read),
            _ => None,
        };
        if let Some(other) = other {
            disk.arm(chance.next(steps), other);
        }
        let mut store = None;
        while done < book.batches.len() {
            let result = match &mut store {
                None => {
                    let opened = Store::open(&disk.place).or_else(|error| match error {
                        Error::None(_) if done == 0 => Store::create(&disk.place),
                        error => Err(error),
                    });
                    opened.map(|opened| store = Some(opened))
                }
                Some(open) => open.submit(counsel, &book.batches[done]).map(|answers| {
                    assert_eq!(answers, book.answers[done]);
                    tally.acknowledged += answers.len() as u64;
                    done += 1;
                }),
            };
            match result {
                // Now and then it is closed in between, which folds the log into the file.
                Ok(()) if chance.next(8) == 0 => store = None,
                Ok(()) => {}
                Err(_) if disk.off() => break,
                // The process lives on: with room again, or past the bad step, the same commands go through.
                Err(error) => {
                    assert!(other.is_some() && matches!(error, Error::Database(_)), "{error}");
                    disk.heal();
                    tally.full += u64::from(other == Some(Fault::Full));
                    tally.failed += u64::from(other != Some(Fault::Full));
                }
            }
        }
        let left = disk.after(Loss::Seeded, chance, &mut tally.fate);
        drop(store);
        disk.start(left.clone());
        tally.crashes += 1;
        let (store, upto) = examined(book, disk, done);
        tally.came_through += u64::from(upto > done);
        if let (Some(mut store), true) = (store, upto > 0) {
            told_again(book, &mut store, counsel, upto - 1);
        }
        // In half of the cases it goes on from what the crash left, so that power may fail while that is being recovered.
        if chance.next(2) == 0 {
            disk.start(left);
        }
        done = upto;
    }
    let mut store = Store::open(&disk.place).unwrap();
    assert_eq!(Some(&store.head().unwrap()), book.ends.last(), "the log of a life without crashes");
    for n in 0..book.batches.len() {
        told_again(book, &mut store, counsel, n);
    }
}

#[test]
fn crashes_full_disks_and_failing_steps_at_random() {
    let (wanted, seed) = (number("TOLLGATE_CRASHES", 400), number("TOLLGATE_SEED", 1));
    let (mut counsel, disk) = (counsel(&["us-ear"]), Disk::new("at-random"));
    let (mut tally, mut acts) = (Tally::default(), BTreeSet::new());
    let mut lives = 0;
    while tally.crashes < wanted {
        // Printed where the test fails: with it and one crash this life comes first.
        let mut chance = Chance(seed.wrapping_add(lives));
        println!("life of TOLLGATE_SEED={}", seed.wrapping_add(lives));
        let book = book(&disk, &mut counsel, &mut chance, 60);
        live(&book, &disk, &mut counsel, &mut chance, &mut tally);
        lives += 1;
        let done = book.batches.iter().flatten().zip(book.answers.iter().flatten()).filter(|(_, answer)| answer.is_ok());
        acts.extend(done.map(|(command, _)| serde_json::to_value(&command.act).unwrap()["do"].to_string()));
    }
    println!("{lives} lives: {tally:?}");
    // A single life, asked for by its seed, need not have met everything.
    if wanted >= 400 {
        assert!(tally.came_through > 0 && tally.came_through < tally.crashes && tally.fate.torn > 0 && tally.fate.dropped > 0);
        assert!(tally.full > 0 && tally.failed > 0);
        assert_eq!(acts.len(), 20, "every kind of act that the books mix was done: {acts:?}");
    }
}

#[test]
fn a_disk_that_lies_about_its_syncs_is_found_out() {
    let (mut counsel, disk) = (counsel(&["us-ear"]), Disk::new("liar"));
    let mut chance = Chance(number("TOLLGATE_SEED", 1));
    let book = book(&disk, &mut counsel, &mut chance, 6);
    let (mut lost, mut tries) = (0, 0);
    for _ in 0..20 {
        disk.start(book.founded.1.clone());
        disk.lie();
        let mut store = Store::open(&disk.place).unwrap();
        for (n, batch) in book.batches.iter().enumerate().skip(1) {
            assert_eq!(store.submit(&mut counsel, batch).unwrap(), book.answers[n]);
        }
        let left = disk.after(Loss::Seeded, &mut chance, &mut Fate::default());
        drop(store);
        disk.start(left);
        tries += 1;
        let there = Store::open(&disk.place).and_then(|mut store| store.head());
        lost += u64::from(there.ok().as_ref() != book.ends.last());
    }
    println!("{lost} of {tries} crashes lost what was acknowledged");
    assert!(lost > 10, "where syncs do nothing the simulator must see losses");
}

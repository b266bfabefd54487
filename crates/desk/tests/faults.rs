//! A writer that is killed at any moment, a write-ahead log torn at any byte, a disk that is full: nothing acknowledged is lost, nothing
//! is half there. TOLLGATE_KILLS=2000 kills so often, TOLLGATE_SEED chooses the moments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![cfg(unix)]

#[path = "common/chance.rs"]
mod chance;
mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use chance::{Chance, number};
use common::{counsel, people, sale};
use desk::{Act, Basis, Command, Error, Store};

fn command(n: u64, actor: &str, act: Act) -> Command {
    common::command(format!("f-{n}"), actor, act)
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_770_000_000).unwrap()
}

fn founded(place: &Path) -> Store {
    let mut store = Store::create(place.to_str().unwrap()).unwrap();
    let mut counsel = counsel(&["essay"]);
    let mut all = vec![command(1, "admin-1", Act::Found { desk: "faults".into() })];
    for (n, (person, role)) in people().into_iter().enumerate() {
        all.push(command(2 + n as u64, "admin-1", Act::GrantRole { person: person.into(), role }));
    }
    all.push(command(20, "admin-1", Act::AdoptRules { items: counsel.items().clone() }));
    assert!(store.submit(&mut counsel, now(), &all).unwrap().iter().all(Result::is_ok));
    store
}

/// The n-th shipment: reserved and posted by two commands in one transaction.
fn shipment(n: u64) -> [Command; 2] {
    let (id, facts) = (format!("S-{n}"), sale(1, "100", "2026-02-01"));
    let reserve = Act::Reserve { shipment: id.clone(), basis: Basis::Law, facts };
    let post = Act::Post { shipment: id, on: common::day("2026-02-01"), facts: Default::default() };
    [command(100 + 2 * n, "machine-1", reserve), command(101 + 2 * n, "machine-1", post)]
}

/// Not a test of its own: what the killed process runs. It says what is acknowledged, and goes on until it is killed or told to stop.
#[test]
fn writer() {
    let Ok(place) = std::env::var("TOLLGATE_WRITER") else { return };
    let (mut store, mut counsel) = (Store::open(&place).unwrap(), counsel(&["essay"]));
    let (mut next, most) = (number("TOLLGATE_NEXT", 0), number("TOLLGATE_MOST", u64::MAX));
    let mut out = std::io::stdout();
    writeln!(out, "\nready").unwrap();
    out.flush().unwrap();
    while next < most {
        // One to four shipments a transaction.
        let batch: Vec<Command> = (next..next + 1 + next % 4).flat_map(shipment).collect();
        match store.submit(&mut counsel, now(), &batch) {
            Ok(outcomes) => {
                assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
                next += batch.len() as u64 / 2;
                writeln!(out, "acked {next}").unwrap();
            }
            Err(error) => {
                writeln!(out, "failed {error}").unwrap();
                break;
            }
        }
        out.flush().unwrap();
    }
}

fn start(place: &Path, next: u64, before: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let line = format!("{before} exec \"$0\" --exact writer --nocapture");
    Process::new("sh")
        .args(["-c", &line])
        .arg(program)
        .env("TOLLGATE_WRITER", place)
        .env("TOLLGATE_NEXT", next.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How many shipments are in the store, after everything in it was examined: reserved and posted come together or not at all.
fn examined(place: &Path) -> u64 {
    let mut store = match Store::open(place.to_str().unwrap()) {
        // So much of its log is gone that even its founding is.
        Err(Error::None(_)) => return 0,
        store => store.unwrap(),
    };
    let findings = store.audit(&[], &[]).unwrap().findings;
    assert_eq!(findings, [], "the chain is intact and every record follows from it");
    let shipments = store.records("shipment").unwrap();
    for (name, record) in &shipments {
        let desk::Record::Shipment(shipment) = record else { panic!("{name}") };
        assert_eq!(shipment.passage, desk::Passage::Posted, "{name} is half done");
    }
    shipments.len() as u64
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost() {
    let (kills, mut chance) = (number("TOLLGATE_KILLS", 25), Chance(number("TOLLGATE_SEED", 1)));
    let folder = tempfile::tempdir().unwrap();
    let (mut lost, mut more, mut written) = (0, 0, 0);
    let mut place = folder.path().join("0.db");
    for round in 0..kills {
        if round % 40 == 0 {
            place = folder.path().join(format!("{round}.db"));
            drop(founded(&place));
        }
        let before = examined(&place);
        let mut child = start(&place, before, "");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|l| l.unwrap() == "ready"));
        std::thread::sleep(Duration::from_micros(chance.next(25_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let acked = lines
            .map_while(Result::ok)
            .filter_map(|l| l.strip_prefix("acked ").and_then(|n| n.parse::<u64>().ok()))
            .last()
            .unwrap_or(before);
        let there = examined(&place);
        lost += acked.saturating_sub(there);
        more += u64::from(there > acked);
        written += there - before;
    }
    println!("{kills} kills, {written} shipments, {lost} acknowledged and lost, {more} kills between commit and answer");
    assert_eq!(lost, 0);
}

#[test]
fn a_log_torn_at_any_byte_is_whole_up_to_a_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("desk.db");
    let (mut store, mut counsel) = (founded(&place), counsel(&["essay"]));
    let wal = folder.path().join("desk.db-wal");
    let submit = |store: &mut Store, counsel: &mut desk::Counsel<'_>, n: u64| {
        assert!(store.submit(counsel, now(), &shipment(n)).unwrap().iter().all(Result::is_ok));
    };
    for n in 0..3 {
        submit(&mut store, &mut counsel, n);
    }
    let (main, before) = (fs::read(&place).unwrap(), fs::read(&wal).unwrap());
    submit(&mut store, &mut counsel, 3);
    let after = fs::read(&wal).unwrap();
    assert!(
        after.len() > before.len() && after[32..before.len()] == before[32..] && fs::read(&place).unwrap() == main,
        "nothing was folded in"
    );
    let torn = folder.path().join("torn.db");
    let try_out = |log: &[u8]| {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("torn.db{end}")));
        }
        fs::write(&torn, &main).unwrap();
        fs::write(folder.path().join("torn.db-wal"), log).unwrap();
        examined(&torn)
    };
    assert_eq!((try_out(&before), try_out(&after)), (3, 4));
    let mut chance = Chance(number("TOLLGATE_SEED", 1));
    let (mut cuts, mut mixed) = (0, 0);
    // The last transaction cut off after any number of bytes (every 97th, and each side of every frame).
    let frame = 4096 + 24;
    for cut in (before.len()..after.len()).filter(|c| c % 97 == 0 || (c - 32) % frame < 2 || (c - 32) % frame == frame - 1) {
        assert_eq!(try_out(&after[..cut]), 3, "cut at {cut}");
        cuts += 1;
    }
    // Sectors of it written in any order, so that some are missing: all of it or nothing.
    for _ in 0..200 {
        let mut log = after.clone();
        let mut missing = false;
        for sector in log[before.len()..].chunks_mut(512) {
            if chance.next(4) == 0 {
                missing |= sector.iter().any(|b| *b != 0);
                sector.fill(0);
            }
        }
        assert_eq!(try_out(&log), if missing { 3 } else { 4 });
        mixed += 1;
    }
    // Even where the disk lied about what it kept, what is left is a whole earlier log.
    let mut lengths = Vec::new();
    for cut in (32..before.len()).step_by(frame) {
        lengths.push(try_out(&before[..cut]));
    }
    assert!(lengths.is_sorted(), "{lengths:?}");
    println!("{cuts} cuts, {mixed} torn writes, {} lost tails", lengths.len());
}

#[test]
fn a_full_disk_stops_the_writer_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut stopped = 0;
    for blocks in (300..1500).step_by(173) {
        let place = folder.path().join(format!("{blocks}.db"));
        drop(founded(&place));
        // The signal of the limit is ignored, so that writing fails as on a full disk.
        let mut child = start(&place, 0, &format!("trap '' XFSZ; ulimit -f {blocks};"));
        let mut acked = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            if let Some(n) = line.strip_prefix("acked ") {
                acked = n.parse().unwrap();
            }
            stopped += u64::from(line.starts_with("failed "));
        }
        child.wait().unwrap();
        let there = examined(&place);
        assert!(there == acked, "{acked} acknowledged, {there} there");
        // With room again it goes on.
        let (mut store, mut counsel) = (Store::open(place.to_str().unwrap()).unwrap(), counsel(&["essay"]));
        assert!(store.submit(&mut counsel, now(), &shipment(there)).unwrap().iter().all(Result::is_ok));
    }
    println!("{stopped} writers stopped by a full disk");
    assert!(stopped > 0);
}

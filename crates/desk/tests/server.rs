//! PostgreSQL that dies under a writer: its backend is terminated, or the whole server stops as in a crash. Nothing acknowledged is lost,
//! nothing is half there, and the writer goes on with the same keys. Where TOLLGATE_TEST_POSTGRES names a server; the crashes of a whole
//! server need its programs as well, and take a cluster of their own. TOLLGATE_KILLS and TOLLGATE_SEED as in `faults`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![cfg(unix)]

#[path = "common/book.rs"]
mod book;
#[path = "common/chance.rs"]
mod chance;
mod common;

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use book::{Book, book, examined, told_again};
use chance::{Chance, number};
use common::counsel;
use desk::Store;

#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    acknowledged: u64,
    /// Kills after which the transaction in flight was there.
    came_through: u64,
}

/// An empty database on a server; its URL.
fn database(url: &str, name: &str) -> String {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    let base = format!("desk_{name}_{}", std::process::id());
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {base} WITH (FORCE)")).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {base}")).unwrap();
    url.replacen("/postgres?", &format!("/{base}?"), 1)
}

fn drop_database(url: &str, place: &str) {
    let base = place.rsplit('/').find_map(|part| part.split_once('?')).unwrap().0;
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.batch_execute(&format!("DROP DATABASE {base} WITH (FORCE)")).unwrap();
}

/// Sends a book from one batch on until the store fails or the book ends; how far it was acknowledged.
fn write(book: &Book, place: &str, mut done: usize, ready: impl FnOnce()) -> usize {
    let (mut store, mut counsel) = (Store::open(place).unwrap(), counsel(&["us-ear"]));
    ready();
    while done < book.batches.len() {
        let Ok(answers) = book.send(done, &mut store, &mut counsel) else { break };
        assert_eq!(answers, book.answers[done]);
        done += 1;
    }
    done
}

/// Books written to databases of a server while `kill` strikes at drawn moments.
fn struck(url: &str, name: &str, kills: u64, kill: impl Fn(&str)) -> Tally {
    let (mut chance, mut tally) = (Chance(number("TOLLGATE_SEED", 1)), Tally::default());
    let (folder, mut counsel) = (tempfile::tempdir().unwrap(), counsel(&["us-ear"]));
    let mut books = 0;
    while tally.kills < kills {
        // What it comes to where nothing goes wrong: on SQLite, hash by hash the same.
        books += 1;
        let calm = folder.path().join(format!("{books}.db"));
        let book = book(calm.to_str().unwrap(), &mut counsel, &mut chance, 150);
        let place = database(url, name);
        let mut store = Store::create(&place).unwrap();
        assert_eq!(book.send(0, &mut store, &mut counsel).unwrap(), book.answers[0]);
        drop(store);
        let mut done = 1;
        while done < book.batches.len() {
            let (ready, started) = channel();
            let acknowledged = std::thread::scope(|scope| {
                let (book, place) = (&book, &place);
                let writer = scope.spawn(move || write(book, place, done, || ready.send(()).unwrap()));
                started.recv().unwrap();
                if tally.kills < kills {
                    std::thread::sleep(Duration::from_micros(chance.next(40_000)));
                    kill(place);
                    tally.kills += 1;
                }
                writer.join().unwrap()
            });
            tally.acknowledged += book.batches[done..acknowledged].iter().map(|batch| batch.len() as u64).sum::<u64>();
            let (store, upto) = examined(&book, &place, acknowledged);
            tally.came_through += u64::from(upto > acknowledged);
            told_again(&book, &mut store.unwrap(), &mut counsel, upto - 1);
            done = upto;
        }
        let mut store = Store::open(&place).unwrap();
        assert_eq!(Some(&store.head().unwrap()), book.ends.last(), "the log of a book that nothing disturbed");
        for n in 0..book.batches.len() {
            told_again(&book, &mut store, &mut counsel, n);
        }
        drop(store);
        drop_database(url, &place);
    }
    tally
}

#[test]
fn a_backend_that_dies_loses_nothing() {
    let Ok(url) = std::env::var("TOLLGATE_TEST_POSTGRES") else { return };
    let tally = struck(&url, "backend", number("TOLLGATE_KILLS", 25), |place| {
        let mut client = postgres::Client::connect(place, postgres::NoTls).unwrap();
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        client.execute(all, &[]).unwrap();
    });
    println!("backends: {tally:?}");
}

/// A cluster of its own that can be crashed; stopped when it is dropped.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    root: bool,
}

impl Cluster {
    fn new() -> Option<Cluster> {
        let debian = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten().map(|e| e.path().join("bin"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = debian.chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").is_file())?;
        let root = Process::new("id").arg("-u").output().ok()?.stdout.trim_ascii() == b"0";
        let cluster = Cluster { folder: tempfile::tempdir().unwrap(), programs, root };
        // The server refuses to run as root.
        if root {
            assert!(Process::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap().success());
        }
        cluster.run("initdb", &["-U", "tollgate", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        cluster.start();
        Some(cluster)
    }

    fn run(&self, program: &str, words: &[&str]) {
        let program = self.programs.join(program);
        let mut process = if self.root { Process::new("runuser") } else { Process::new(&program) };
        if self.root {
            process.args(["-u", "postgres", "--"]).arg(&program);
        }
        process.arg("-D").arg(self.folder.path().join("data")).args(words).current_dir("/");
        assert!(process.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{program:?} {words:?}");
    }

    fn start(&self) {
        let folder = self.folder.path().display();
        let options = format!("-c listen_addresses='' -c unix_socket_directories={folder} -c unix_socket_permissions=0777");
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-l", path(&log), "-w", "-o", &options, "start"]);
    }

    /// As a crash: nothing is written any more, and the next start recovers from the log.
    fn crash(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    fn url(&self) -> String {
        format!("postgresql://tollgate@/postgres?host={}", path(self.folder.path()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Where starting failed there is none to stop.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.crash()));
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_server_that_crashes_loses_nothing() {
    if std::env::var("TOLLGATE_TEST_POSTGRES").is_err() {
        return;
    }
    let Some(cluster) = Cluster::new() else { return };
    let url = cluster.url();
    let tally = struck(&url, "server", number("TOLLGATE_KILLS", 25) / 4, |_| {
        cluster.crash();
        cluster.start();
    });
    println!("servers: {tally:?}");
    // Where commits do not wait for the disk the same crash does lose what was acknowledged, and is seen to.
    let (mut counsel, mut lost, folder) = (counsel(&["us-ear"]), 0, tempfile::tempdir().unwrap());
    let calm = folder.path().join("calm.db");
    let book = book(path(&calm), &mut counsel, &mut Chance(1), 20);
    for _ in 0..3 {
        let place = database(&url, "careless");
        let base = place.split(['/', '?']).nth(3).unwrap();
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute(&format!("ALTER DATABASE {base} SET synchronous_commit = off")).unwrap();
        drop(Store::create(&place).unwrap());
        assert_eq!(write(&book, &place, 0, || {}), book.batches.len());
        cluster.crash();
        cluster.start();
        let there = Store::open(&place).and_then(|mut store| store.head());
        lost += u64::from(there.ok().as_ref() != book.ends.last());
    }
    println!("{lost} of 3 crashes without waiting commits lost what was acknowledged");
    assert!(lost > 0);
}

//! What is read: every file once, plain files only, no decisions of an earlier run; and packs of plain pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const THREE: &str = include_str!("orders/three-orders.csv");

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.current_dir(folder).args(args).stdin(Stdio::null());
    command
}

fn tollgate(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder `book` with three orders.
fn book() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("book")).unwrap();
    fs::write(folder.path().join("book/orders.csv"), THREE).unwrap();
    folder
}

/// Decides, and gives how many orders there were, with what was told.
fn count(folder: &Path, names: &[&str]) -> (String, String) {
    let done = tollgate(folder, &[&["decide"], names, &["--standard", "--format", "summary"]].concat());
    assert!(matches!(done.status.code(), Some(0 | 3)), "{names:?}: {}", err(&done));
    let first = out(&done).lines().next().unwrap_or_default().replace(", what was left out taken from the standard case", "");
    (first, err(&done))
}

const ONCE: &str = "3 orders decided, 0 bad rows";

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn each_file_counts_once_by_whatever_names_it_is_reached() {
    let folder = book();
    let at = |name: &str| folder.path().join(name);
    assert_eq!(count(folder.path(), &["book"]).0, ONCE);
    symlink(".", at("book/self")).unwrap();
    symlink("orders.csv", at("book/link.csv")).unwrap();
    fs::create_dir(at("book/below")).unwrap();
    fs::hard_link(at("book/orders.csv"), at("book/below/hard.csv")).unwrap();
    symlink("book", at("other")).unwrap();
    for names in [
        &["book"][..],
        &["book", "book"],
        &["book", "other", "./book/"],
        &["book/orders.csv", "book/orders.csv"],
        &["book/orders.csv", "book/link.csv", "book/below/hard.csv"],
        &["book/*.csv", "book"],
        &["book", "book/*.csv"],
        &["book/self/self/orders.csv", "book"],
    ] {
        let (told, warned) = count(folder.path(), names);
        assert_eq!(told, ONCE, "{names:?}");
        assert!(warned.contains("once"), "{names:?}: {warned}");
    }
}

#[test]
fn a_folder_gives_its_own_plain_files_and_names_the_rest() {
    let folder = book();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("outside.csv"), THREE).unwrap();
    symlink("../outside.csv", at("book/a.csv")).unwrap();
    symlink("..", at("book/up")).unwrap();
    symlink("nowhere.csv", at("book/broken.csv")).unwrap();
    symlink("/dev/zero", at("book/zero.csv")).unwrap();
    mkfifo(&at("book/pipe.csv"));
    std::os::unix::net::UnixListener::bind(at("book/socket.parquet")).unwrap();
    let (told, warned) = count(folder.path(), &["book"]);
    assert_eq!(told, ONCE);
    for name in ["a.csv", "up", "broken.csv", "zero.csv", "pipe.csv", "socket.parquet"] {
        assert!(warned.contains(&format!("book/{name}")), "{name}: {warned}");
    }
    // A pattern as well passes over what is no file.
    let (told, warned) = count(folder.path(), &["book/[op]*.csv"]);
    assert_eq!(told, ONCE);
    assert!(warned.contains("pipe.csv"), "{warned}");
    for (name, what) in [("/dev/zero", "device"), ("book/socket.parquet", "socket")] {
        let refused = tollgate(folder.path(), &["decide", name, "--format", "summary"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(err(&refused).contains(what), "{}", err(&refused));
    }
}

#[test]
fn a_pipe_that_somebody_names_is_read_like_standard_input() {
    let folder = book();
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe);
    let writer = std::thread::spawn(move || fs::write(pipe, THREE).unwrap());
    assert_eq!(count(folder.path(), &["pipe"]).0, ONCE);
    writer.join().unwrap();
    let mut child = command(folder.path(), &["decide", "/dev/stdin", "-", "--standard", "--format", "summary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(THREE.as_bytes()).unwrap();
    assert!(out(&child.wait_with_output().unwrap()).starts_with("3 orders decided"));
}

#[test]
fn what_an_earlier_run_left_is_no_order_book() {
    for ending in ["csv", "jsonl", "parquet", "arrow"] {
        let folder = book();
        fs::write(folder.path().join("book/worse.csv"), "order,date,to\nB-1,nonsense,CN\n").unwrap();
        let decisions = format!("book/decisions.{ending}");
        let bad = if ending == "jsonl" { "book/bad.jsonl" } else { "book/bad.csv" };
        let args = ["decide", "book", "--standard", "--out", &decisions, "--bad", bad];
        let first = tollgate(folder.path(), &args);
        assert_eq!(first.status.code(), Some(3), "{}", err(&first));
        let before = fs::read(folder.path().join(&decisions)).unwrap();
        let again = tollgate(folder.path(), &args);
        assert_eq!(again.status.code(), Some(3), "{}", err(&again));
        assert!(out(&again).starts_with("3 orders decided") && out(&again).contains(" 1 bad row"), "{}", out(&again));
        for name in [&decisions[..], bad] {
            assert!(err(&again).contains(name) && err(&again).contains("passed over"), "{}", err(&again));
            let refused = tollgate(folder.path(), &["decide", name, "--format", "summary"]);
            assert_eq!(refused.status.code(), Some(3), "{name}");
            assert!(err(&refused).contains("earlier run"), "{name}: {}", err(&refused));
        }
        assert_eq!(fs::read(folder.path().join(&decisions)).unwrap(), before, "{ending}: the same decisions");
        // Nor is an order book of a folder replaced because an output is called like it.
        let refused = tollgate(folder.path(), &["decide", "book", "--out", "book/orders.csv"]);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        assert_eq!(fs::read_to_string(folder.path().join("book/orders.csv")).unwrap(), THREE);
    }
    // A book that keeps what was decided beside its orders is a book.
    let folder = book();
    let kept: String = THREE.lines().map(|line| format!("{line},free,us-ear,x\n")).collect();
    let kept = kept.replacen("free,us-ear,x", "outcome,gate,by", 1);
    fs::write(folder.path().join("book/orders.csv"), kept).unwrap();
    assert_eq!(count(folder.path(), &["book"]).0, ONCE);
}

#[test]
fn pages_of_a_pack_are_plain_files_of_a_stated_size() {
    let folder = tempfile::tempdir().unwrap();
    let regime = folder.path().join("pack/regimes/toy");
    fs::create_dir_all(&regime).unwrap();
    let refused = |name: &str, what: &str| {
        for args in [&["check", "pack"][..], &["show", "regimes", "--data", "pack"]] {
            let told = tollgate(folder.path(), args);
            assert_eq!(told.status.code(), Some(3), "{name}: {}", err(&told));
            let all = err(&told) + &out(&told);
            assert!(all.contains(name) && all.contains(what), "{name}: {all}");
        }
    };
    mkfifo(&regime.join("p.md"));
    refused("p.md", "pipe");
    fs::remove_file(regime.join("p.md")).unwrap();
    symlink("/dev/zero", regime.join("z.md")).unwrap();
    refused("z.md", "device");
    fs::remove_file(regime.join("z.md")).unwrap();
    symlink("..", regime.join("up")).unwrap();
    refused("up", "leads back");
    fs::remove_file(regime.join("up")).unwrap();
    fs::File::create(regime.join("long.md")).unwrap().set_len(1 << 40).unwrap();
    refused("long.md", "bytes");
}

#[test]
fn points_in_texts_are_settled_for_a_column_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let head = "order,date,kind,exporter,chip,quantity,ships_from,to,consignee,value_usd\n";
    let row = |order: &str, value: &str| format!("{order},2026-02-10,import,NVIDIA,H200 SXM,1000,TW,US,Lab 1,{value}\n");
    let rows = row("A-1", "1.000") + &row("A-2", "27.500");
    // What settles it may stand long behind, and in another batch.
    let filler = row("F", "5").repeat(8200);
    for (end, args, bad) in [
        ("", &[][..], 2),
        ("", &["--decimal", "point"], 0),
        (&row("Z", "27000000.50")[..], &[], 0),
        (&row("Z", "0.125")[..], &[], 0),
        (&row("Z", "1.000.000")[..], &[], 3),
        (&row("Z", "\"27.000,50\"")[..], &[], 3),
        (&(row("Y", "1234.5") + &row("Z", "1.000.000")), &[], 3),
    ] {
        let text = format!("{head}{rows}{filler}{end}");
        fs::write(folder.path().join("book.csv"), &text).unwrap();
        let told = count(folder.path(), &[&["book.csv"], args].concat()).0;
        assert!(told.ends_with(&format!(" {bad} bad rows")), "{end}: {told}");
        let mut child = command(folder.path(), &[&["decide", "-", "--standard", "--format", "summary"], args].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let piped = out(&child.wait_with_output().unwrap());
        assert!(piped.lines().next().unwrap().ends_with(&format!(" {bad} bad rows")), "standard input: {piped}");
    }
    fs::write(folder.path().join("book.csv"), format!("{head}{rows}")).unwrap();
    let told = out(&tollgate(folder.path(), &["decide", "book.csv", "--standard", "--format", "csv"]));
    assert!(told.contains("27500") && told.contains("27.5") && told.contains("--decimal point"), "{told}");
    let explained = |args: &[&str]| {
        tollgate(folder.path(), &[&["explain", "book.csv", "--row", "2", "--standard"], args].concat()).status.code()
    };
    assert_eq!(explained(&[]), Some(3));
    assert!(matches!(explained(&["--decimal", "point"]), Some(0 | 4)));
}

#[test]
fn half_a_piece_is_refused_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let quantities = include_str!("orders/quantities.csv");
    fs::write(folder.path().join("q.csv"), quantities).unwrap();
    assert_eq!(count(folder.path(), &["q.csv"]).0, "0 orders decided, 6 bad rows");
    let json = "{\"date\": \"2026-02-10\", \"to\": \"CN\", \"quantity\": 0.5}";
    fs::write(folder.path().join("q.jsonl"), json).unwrap();
    assert_eq!(count(folder.path(), &["q.jsonl"]).0, "0 orders decided, 1 bad row");
    let flags = ["--on", "2026-02-10", "--to", "CN"];
    for args in [
        [&["explain"][..], &flags, &["-f", "quantity=1000.5"]].concat(),
        [&["explain"][..], &flags, &["-f", "quantity=1.000"]].concat(),
        [&["explain"][..], &flags, &["-f", "value_usd=27.500"]].concat(),
        vec!["explain", json],
        vec!["explain", "{\"date\": \"2026-02-10\", \"to\": \"CN\", \"value_usd\": \"27.500\"}"],
    ] {
        let refused = tollgate(folder.path(), &args);
        assert_eq!(refused.status.code(), Some(3), "{args:?}: {}", err(&refused));
    }
    let read = tollgate(
        folder.path(),
        &["explain", "{\"date\": \"2026-02-10\", \"to\": \"CN\", \"value_usd\": 27.500, \"quantity\": 1000.0}", "--standard"],
    );
    assert!(matches!(read.status.code(), Some(0 | 4)), "{}", err(&read));
}

#[test]
fn a_line_break_in_an_ignored_cell_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("n.csv"), include_str!("orders/line-break-in-a-cell.csv")).unwrap();
    assert_eq!(count(folder.path(), &["n.csv"]).0, "1 order decided, 0 bad rows");
}

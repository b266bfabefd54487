//! Where commands write: nothing that is read is written over, what is no plain file stays what it is, and what cannot be written is told
//! before any work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ORDERS: &str = "order,date,kind,exporter,chip,quantity,value_usd,ships_from,to,consignee\n\
A-1,2026-02-10,export,NVIDIA,H200 SXM,1000,27000000.00,US,CN,Buyer 8 (Beijing)\n\
A-2,2026-02-10,import,NVIDIA,H200 SXM,1000,27000000.50,TW,US,Lab 1\n\
A-3,2025-05-01,export,NVIDIA,H20 96GB,ten,150000,US,CN,Buyer 8 (Beijing)\n";

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.current_dir(folder).args(args).env("TOLLGATE_STORE", "desk.db").stdin(Stdio::null());
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

/// A folder with an order book, a desk's store, a pair of keys and a folder of packs.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.csv"), ORDERS).unwrap();
    fs::create_dir_all(folder.path().join("packs/claims")).unwrap();
    fs::write(folder.path().join("packs/claims/own.toml"), "").unwrap();
    for args in
        [&["desk", "--as", "admin-1", "init", "Walk", "--regime", "essay"][..], &["desk", "key", "walk", "--out", "desk.key"]]
    {
        let made = tollgate(folder.path(), args);
        assert!(made.status.success(), "{}", err(&made));
    }
    folder
}

/// Names and bytes of a folder's plain files.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.filter(|path| path.is_file()).map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// Every command that writes a file, up to the file; and the ending that its name has.
const WRITERS: [(&[&str], &str); 9] = [
    (&["decide", "orders.csv", "--out"], ".csv"),
    (&["decide", "orders.csv", "--out", "o.csv", "--bad"], ".csv"),
    (&["simulate", "--worlds", "20", "--data", "packs", "--out"], ".html"),
    (&["simulate", "--worlds", "20", "--data", "packs", "--out", "o.html", "--save"], ".parquet"),
    (&["desk", "statement", "--csv"], ".csv"),
    (&["desk", "checkpoint", "--secret", "desk.key", "--out"], ".note"),
    (&["desk", "backup"], ".db"),
    (&["desk", "key", "other", "--out"], ".secret"),
    (&["desk", "export", "--public", "desk.key.pub"], ".bundle"),
];

/// What a command reads.
fn read_by(writer: &[&str]) -> &'static [&'static str] {
    match writer {
        ["decide", ..] => &["orders.csv"],
        ["simulate", ..] => &["packs/claims/own.toml"],
        ["desk", "checkpoint", ..] => &["desk.key", "desk.db"],
        ["desk", "export", ..] => &["desk.key.pub", "desk.db"],
        _ => &["desk.db"],
    }
}

#[test]
fn no_output_is_written_over_what_is_read_whatever_it_is_called() {
    let folder = desk();
    for (writer, ending) in WRITERS {
        for read in read_by(writer) {
            let link = format!("link{ending}");
            let hard = format!("hard{ending}");
            let far = format!("far{ending}");
            symlink(read, folder.path().join(&link)).unwrap();
            symlink(&link, folder.path().join(&far)).unwrap();
            fs::hard_link(folder.path().join(read), folder.path().join(&hard)).unwrap();
            let before = files(folder.path());
            let whole = folder.path().join(read).to_str().unwrap().to_owned();
            for name in [*read, &format!("./{read}"), &format!("packs/../{read}"), &whole, &link, &far, &hard] {
                let refused = tollgate(folder.path(), &[writer, &[name]].concat());
                assert_eq!(refused.status.code(), Some(2), "{writer:?} {name}: {}", err(&refused));
                assert!(err(&refused).contains("  = "), "{}", err(&refused));
                assert_eq!(files(folder.path()), before, "{writer:?} {name}");
            }
            for name in [link, far, hard] {
                fs::remove_file(folder.path().join(name)).unwrap();
            }
        }
    }
}

#[test]
fn the_other_files_of_a_store_are_the_store_too() {
    let folder = desk();
    let uri = format!("file:{}?mode=rw", folder.path().join("desk.db").display());
    for store in ["desk.db", "./desk.db", &uri] {
        for name in ["desk.db", "desk.db-wal", "desk.db-shm"] {
            let args = ["desk", "--store", store, "checkpoint", "--secret", "desk.key", "--out", name];
            let refused = tollgate(folder.path(), &args);
            assert_eq!(refused.status.code(), Some(2), "{store} {name}: {}", err(&refused));
        }
    }
    let refused = tollgate(folder.path(), &["desk", "do", "./desk.db"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
}

#[test]
fn a_store_or_a_secret_key_is_replaced_by_no_command() {
    let folder = desk();
    for name in ["store", "secret"] {
        fs::copy(folder.path().join(if name == "store" { "desk.db" } else { "desk.key" }), folder.path().join(name)).unwrap();
        let before = files(folder.path());
        for args in [
            &["decide", "orders.csv", "--format", "csv", "--out", name][..],
            &["simulate", "--worlds", "20", "--out", name],
            &["simulate", "--worlds", "20", "--out", "r.html", "--save", name],
            &["desk", "statement", "--csv", name],
            &["desk", "checkpoint", "--secret", "desk.key", "--out", name],
        ] {
            let refused = tollgate(folder.path(), args);
            assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", err(&refused));
            assert_eq!(files(folder.path()), before, "{args:?}");
        }
    }
}

#[test]
fn two_outputs_are_two_files() {
    let folder = desk();
    symlink("o.csv", folder.path().join("later.csv")).unwrap();
    fs::write(folder.path().join("one.html"), "").unwrap();
    fs::hard_link(folder.path().join("one.html"), folder.path().join("one.parquet")).unwrap();
    for args in [
        &["decide", "orders.csv", "--out", "o.csv", "--bad", "o.csv"][..],
        &["decide", "orders.csv", "--out", "o.csv", "--bad", "./o.csv"],
        &["decide", "orders.csv", "--out", "o.csv", "--bad", "later.csv"],
        &["decide", "orders.csv", "--out", "o.csv", "--bad", "packs/../o.csv"],
        &["simulate", "--worlds", "20", "--out", "one.html", "--save", "one.parquet"],
        &["decide", "orders.csv", "--format", "csv", "--bad", "/dev/stdout"],
    ] {
        let refused = tollgate(folder.path(), args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", err(&refused));
        assert!(!folder.path().join("o.csv").exists());
    }
    let both = File::create(folder.path().join("both.csv")).unwrap();
    let refused = command(folder.path(), &["decide", "orders.csv", "--out", "both.csv"]).stdout(both).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "standard output goes there: {}", err(&refused));
    let book = fs::OpenOptions::new().append(true).open(folder.path().join("orders.csv")).unwrap();
    let refused = command(folder.path(), &["decide", "orders.csv", "--format", "csv"]).stdout(book).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert_eq!(fs::read_to_string(folder.path().join("orders.csv")).unwrap(), ORDERS);
}

#[test]
fn a_name_that_says_another_format_is_refused_before_any_work() {
    let folder = desk();
    for args in [
        &["simulate", "--worlds", "9000000", "--out", "r.pdf"][..],
        &["simulate", "--worlds", "9000000", "--out", "r.csv"],
        &["simulate", "--worlds", "9000000", "--out", "r.html.txt"],
        &["simulate", "--worlds", "9000000", "--save", "x.csv"],
        &["simulate", "--worlds", "9000000", "--save", "x.PDF"],
        &["decide", "orders.csv", "--out", "d.csv", "--format", "parquet"],
        &["decide", "orders.csv", "--out", "d.pdf", "--format", "csv"],
        &["decide", "orders.csv", "--out", "d.pdf"],
        &["decide", "orders.csv", "--out", "d"],
        &["decide", "orders.csv", "--out", "d.csv", "--format", "table"],
        &["decide", "orders.csv", "--out", "d.csv", "--bad", "x.parquet"],
        &["decide", "orders.csv", "--out", "d.csv", "--bad", "x"],
        &["desk", "statement", "--csv", "x.xlsx"],
        &["desk", "checkpoint", "--secret", "desk.key", "--out", "x.csv"],
        &["desk", "backup", "x.csv"],
        &["desk", "key", "other", "--out", "x.parquet"],
        &["desk", "export", "x.zip", "--public", "desk.key.pub"],
        &["simulate", "--replay", "study.parquet:1", "--save", "study.parquet"],
        &["simulate", "--replay", "study.parquet"],
    ] {
        let before = files(folder.path());
        let refused = tollgate(folder.path(), args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", err(&refused));
        assert_eq!(files(folder.path()), before, "{args:?}");
    }
    for args in [
        &["decide", "orders.csv", "--out", "d.CSV"][..],
        &["decide", "orders.csv", "--out", "d", "--format", "jsonl"],
        &["decide", "orders.csv", "--out", "d.ndjson"],
        &["decide", "orders.csv", "--out", "/dev/null", "--format", "parquet"],
        &["simulate", "--worlds", "20", "--out", "r.htm", "--save", "study"],
        &["desk", "checkpoint", "--secret", "desk.key", "--out", "first.txt"],
        &["desk", "backup", "copy-2026"],
    ] {
        let done = tollgate(folder.path(), args);
        assert!(matches!(done.status.code(), Some(0 | 3)), "{args:?}: {}", err(&done));
    }
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_any_work() {
    let folder = desk();
    for (writer, ending) in WRITERS {
        let many: Vec<&str> = writer.iter().map(|word| if *word == "20" { "9000000" } else { word }).collect();
        let before = files(folder.path());
        for place in ["no/such/folder/x", "orders.csv/x"] {
            let told = tollgate(folder.path(), &[&many[..], &[&format!("{place}{ending}")]].concat());
            assert!(matches!(told.status.code(), Some(1 | 2)), "{many:?} {place}: {}", err(&told));
            assert!(err(&told).contains("folder") && err(&told).contains("  = "), "{}", err(&told));
            assert_eq!(files(folder.path()), before);
        }
        let told = tollgate(folder.path(), &[&many[..], &["packs"]].concat());
        assert_eq!(told.status.code(), Some(2), "a folder: {}", err(&told));
        assert!(folder.path().join("packs/claims").is_dir());
    }
    let kept = folder.path().join("kept.csv");
    fs::write(&kept, "kept").unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o444)).unwrap();
    let told = tollgate(folder.path(), &["decide", "orders.csv", "--out", "kept.csv"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(err(&told).contains("read-only"), "{}", err(&told));
    assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
}

/// Makes a node; no where this machine does not let us.
fn node(folder: &Path, args: &[&str]) -> bool {
    Command::new(args[0]).args(&args[1..]).current_dir(folder).stderr(Stdio::null()).status().is_ok_and(|made| made.success())
}

#[test]
fn pipes_and_devices_are_written_into_and_stay_what_they_are() {
    let folder = desk();
    assert!(node(folder.path(), &["mkfifo", "pipe"]));
    let device = node(folder.path(), &["mknod", "nowhere", "c", "1", "3"]);
    let streams = [
        &["decide", "orders.csv", "--format", "csv", "--out"][..],
        &["decide", "orders.csv", "--out", "o.csv", "--bad"],
        &["simulate", "--worlds", "20", "--out"],
        &["simulate", "--worlds", "20", "--out", "o.html", "--save"],
        &["desk", "statement", "--csv"],
        &["desk", "checkpoint", "--secret", "desk.key", "--out"],
    ];
    for writer in streams {
        let pipe = folder.path().join("pipe");
        let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
        let done = tollgate(folder.path(), &[writer, &["pipe"]].concat());
        assert!(matches!(done.status.code(), Some(0 | 3)), "{writer:?}: {}", err(&done));
        assert!(!reader.join().unwrap().is_empty(), "{writer:?}");
        assert!(fs::symlink_metadata(folder.path().join("pipe")).unwrap().file_type().is_fifo());
        if device {
            let done = tollgate(folder.path(), &[writer, &["nowhere"]].concat());
            assert!(matches!(done.status.code(), Some(0 | 3)), "{writer:?}: {}", err(&done));
            assert!(fs::symlink_metadata(folder.path().join("nowhere")).unwrap().file_type().is_char_device());
        }
    }
    for args in [
        &["desk", "key", "k", "--out", "pipe"][..],
        &["desk", "backup", "pipe"],
        &["desk", "export", "pipe", "--public", "desk.key.pub"],
    ] {
        let refused = tollgate(folder.path(), args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", err(&refused));
        assert!(fs::symlink_metadata(folder.path().join("pipe")).unwrap().file_type().is_fifo());
    }
    std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let refused = tollgate(folder.path(), &["decide", "orders.csv", "--format", "csv", "--out", "socket"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("socket"), "{}", err(&refused));
}

#[test]
fn standard_output_by_its_name_takes_the_file_and_nothing_else() {
    let folder = desk();
    let plain = out(&tollgate(folder.path(), &["decide", "orders.csv", "--format", "csv"]));
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let done = tollgate(folder.path(), &["decide", "orders.csv", "--format", "csv", "--out", name]);
        assert_eq!(done.status.code(), Some(3), "{}", err(&done));
        assert_eq!(out(&done), plain, "{name}");
    }
    let note = tollgate(folder.path(), &["desk", "checkpoint", "--secret", "desk.key", "--out", "/dev/stdout"]);
    assert!(out(&note).starts_with("walk\n"), "{}", out(&note));
    let page = tollgate(folder.path(), &["simulate", "--worlds", "20", "--out", "/dev/stdout"]);
    assert!(out(&page).starts_with("<!") && out(&page).trim_end().ends_with("</html>"), "only the page");
    assert!(err(&page).contains("worlds are not ruled out"), "the table goes to standard error");
    let bad = tollgate(folder.path(), &["decide", "orders.csv", "--out", "o.csv", "--bad", "/dev/stdout"]);
    assert!(out(&bad).starts_with("file,line,order,problem\n") && out(&bad).lines().count() == 2, "{}", out(&bad));
}

#[test]
fn a_link_is_followed_to_its_file_which_is_replaced() {
    let folder = desk();
    fs::create_dir(folder.path().join("there")).unwrap();
    fs::write(folder.path().join("there/old.csv"), "old").unwrap();
    symlink("there/old.csv", folder.path().join("link.csv")).unwrap();
    symlink("there/new.csv", folder.path().join("ahead.csv")).unwrap();
    symlink("loop.csv", folder.path().join("loop.csv")).unwrap();
    for (name, real) in [("link.csv", "there/old.csv"), ("ahead.csv", "there/new.csv")] {
        let done = tollgate(folder.path(), &["decide", "orders.csv", "--out", name]);
        assert_eq!(done.status.code(), Some(3), "{}", err(&done));
        assert!(folder.path().join(name).is_symlink());
        assert!(fs::read_to_string(folder.path().join(real)).unwrap().starts_with("order,line,"));
    }
    let refused = tollgate(folder.path(), &["decide", "orders.csv", "--out", "loop.csv"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert_eq!(fs::read_dir(folder.path().join("there")).unwrap().count(), 2, "nothing half-written is left");
}

#[test]
fn keys_backups_and_bundles_are_new_and_a_secret_is_for_its_owner_alone() {
    let folder = desk();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("desk.key"), 0o600);
    fs::create_dir(folder.path().join("bundle.part")).unwrap();
    fs::write(folder.path().join("bundle.part/mine"), "mine").unwrap();
    let before = files(folder.path());
    for args in [
        &["desk", "key", "k", "--out", "orders.csv"][..],
        &["desk", "key", "k", "--out", "desk.key"],
        &["desk", "backup", "desk.key.pub"],
        &["desk", "export", ".", "--public", "desk.key.pub"],
        &["desk", "export", "packs", "--public", "desk.key.pub"],
    ] {
        let refused = tollgate(folder.path(), args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", err(&refused));
        assert!(!err(&refused).contains("desk at"), "{}", err(&refused));
        assert_eq!(files(folder.path()), before);
    }
    let done = tollgate(folder.path(), &["desk", "export", "bundle", "--public", "desk.key.pub"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(folder.path().join("bundle.part/mine").exists(), "a folder of somebody's was removed");
    for args in [&["desk", "backup", "copy.db"][..], &["desk", "export", "other", "--public", "desk.key.pub"]] {
        let done = tollgate(folder.path(), args);
        assert!(done.status.success(), "{}", err(&done));
    }
    assert!(tollgate(folder.path(), &["audit", "verify", "--store", "copy.db"]).status.success());
    assert!(folder.path().join("other/entries.jsonl").exists());
    let hidden =
        fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.'));
    assert_eq!(hidden.count(), 0, "nothing half-written is left");
}

#[test]
fn a_report_that_was_there_is_replaced_aloud_and_json_writes_none() {
    let folder = desk();
    let first = tollgate(folder.path(), &["simulate", "--worlds", "20"]);
    assert!(err(&first).contains("report: report.html"), "{}", err(&first));
    let second = tollgate(folder.path(), &["simulate", "--worlds", "20"]);
    assert!(err(&second).contains("replaced report.html"), "{}", err(&second));
    fs::remove_file(folder.path().join("report.html")).unwrap();
    assert!(tollgate(folder.path(), &["simulate", "--worlds", "20", "--json"]).status.success());
    assert!(!folder.path().join("report.html").exists());
    assert!(tollgate(folder.path(), &["simulate", "--worlds", "20", "--json", "--out", "r.html"]).status.success());
    assert!(folder.path().join("r.html").exists());
}

#[test]
fn files_are_written_also_where_standard_output_takes_nothing() {
    let files = [
        (&["decide", "orders.csv", "--out", "d.csv", "--bad", "bad.csv"][..], &["d.csv", "bad.csv"][..], 3),
        (&["decide", "orders.csv", "--format", "csv", "--bad", "bad.csv"], &["bad.csv"], 3),
        (&["simulate", "--worlds", "20", "--save", "study.parquet"], &["study.parquet", "report.html"], 0),
        (&["simulate", "--worlds", "20", "--save", "study.parquet", "--json"], &["study.parquet"], 0),
        (&["desk", "statement", "--csv", "s.csv"], &["s.csv"], 0),
        (&["desk", "key", "k", "--out", "k"], &["k", "k.pub"], 0),
    ];
    for (args, written, status) in files {
        // Whoever reads has gone before anything is said.
        let folder = desk();
        let mut child = command(folder.path(), args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(status), "{args:?}: {}", err(&done));
        for name in written {
            assert!(folder.path().join(name).exists(), "{args:?}: {name}");
        }
        // Standard output is full.
        let folder = desk();
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let done = command(folder.path(), args).stdout(full).output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{args:?}: {}", err(&done));
        for name in written {
            assert!(folder.path().join(name).exists(), "{args:?}: {name}");
            assert!(err(&done).contains("standard output") && err(&done).contains(name), "{args:?}: {}", err(&done));
        }
    }
    let folder = desk();
    let mut child = command(folder.path(), &["decide", "orders.csv", "--format", "csv"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success(), "a reader that went away wanted no more");
}

#[test]
fn a_missing_folder_for_temporary_files_is_called_so() {
    let folder = desk();
    for args in [&["decide", "-", "--format", "csv"][..], &["decide", "orders.csv", "--format", "csv"]] {
        let told = command(folder.path(), args).env("TMPDIR", "/no/such/folder").output().unwrap();
        assert_eq!(told.status.code(), Some(1));
        assert!(err(&told).contains("/no/such/folder") && err(&told).contains("TMPDIR"), "{}", err(&told));
    }
}

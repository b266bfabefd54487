//! The house holds its shape: who may use whom, and what the pure rooms must not contain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room and the rooms that it may use. Nothing points up or sideways.
const LAYERS: [(&str, &[&str]); 9] = [
    ("facts", &[]),
    ("regime", &["facts"]),
    ("columns", &["facts", "regime"]),
    ("world", &["facts", "regime"]),
    ("study", &["facts", "regime", "world"]),
    ("report", &[]),
    ("desk", &["facts", "regime"]),
    ("cluster", &["facts", "regime", "columns"]),
    ("tollgate", &["facts", "regime", "columns", "world", "study", "report", "desk", "cluster"]),
];

/// The rooms that may name Arrow and Parquet.
const COLUMNAR: &[&str] = &["columns", "study", "cluster"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates").join(room).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// Names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("[dependencies]").nth(1).unwrap_or_default().split("\n[").next().unwrap_or_default();
    section.lines().filter_map(|l| Some(l.split(['.', '=', ' ']).next()?.to_owned())).filter(|n| !n.is_empty()).collect()
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let table: BTreeMap<&str, &[&str]> = LAYERS.into_iter().collect();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let room = entry.unwrap().file_name().into_string().unwrap();
        let allowed = table.get(room.as_str()).unwrap_or_else(|| panic!("crate `{room}` is not in the layer table"));
        let manifest = fs::read_to_string(root().join("crates").join(&room).join("Cargo.toml")).unwrap();
        for used in dependencies(&manifest).iter().filter(|d| table.contains_key(d.as_str())) {
            assert!(allowed.contains(&used.as_str()), "`{room}` may not use `{used}`");
        }
    }
}

#[test]
fn pure_rooms_touch_no_file_clock_thread_or_terminal() {
    for room in ["facts", "regime", "world", "report"] {
        for (path, text) in sources(room).into_iter().filter(|(p, _)| !p.ends_with("tests.rs")) {
            for word in [
                "std::fs",
                "std::time",
                "std::thread",
                "std::net",
                "std::env",
                "std::process",
                "println!",
                "async fn",
                "Zoned::now",
                "SystemTime",
            ] {
                assert!(!text.contains(word), "{} contains {word}", path.display());
            }
        }
    }
}

#[test]
fn heavy_libraries_live_in_their_own_room() {
    let table: [(&str, &[&str]); 19] = [
        ("clap", &["tollgate"]),
        ("comfy-table", &["tollgate"]),
        ("sqlparser", &["regime"]),
        ("pulldown-cmark", &["regime"]),
        ("arrow-array", COLUMNAR),
        ("arrow-ipc", COLUMNAR),
        ("parquet", COLUMNAR),
        ("datafusion", &["cluster"]),
        ("ballista", &["cluster"]),
        ("tokio", &["cluster"]),
        ("sobol", &["study"]),
        ("rand_pcg", &["study", "world"]),
        ("rayon", &["study"]),
        ("kuva", &["report"]),
        ("askama", &["report"]),
        ("rusqlite", &["desk"]),
        ("postgres", &["desk"]),
        ("signed_note", &["desk"]),
        ("tlog_tiles", &["desk"]),
    ];
    for (library, rooms) in table {
        for (room, _) in LAYERS {
            let manifest = fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).unwrap();
            let uses = dependencies(&manifest).iter().any(|d| d == library);
            assert!(!uses || rooms.contains(&room), "{library} in {room}");
        }
    }
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    for (room, _) in LAYERS {
        for (path, text) in sources(room) {
            assert!(text.starts_with("//!"), "{} opens without a sentence", path.display());
        }
    }
}

#[test]
fn every_example_of_a_help_text_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root().join("data/examples/orders.csv"), folder.path().join("orders.csv")).unwrap();
    let always = "simulate backtest claims decide explain classify diff frontier check show desk audit";
    let cluster = if cfg!(feature = "cluster") { "sql scheduler executor" } else { "" };
    for command in always.split(' ').chain(cluster.split(' ').filter(|name| !name.is_empty())) {
        let run = |line: &str| std::process::Command::new("sh").args(["-c", line]).current_dir(folder.path()).output().unwrap();
        let program = env!("CARGO_BIN_EXE_tollgate");
        let help = String::from_utf8(run(&format!("{program} {command} --help")).stdout).unwrap();
        let examples: Vec<&str> = help.lines().map(str::trim).filter(|l| l.starts_with("tollgate ")).collect();
        assert!(!examples.is_empty(), "{command} has no example");
        // Some need packs of one's own, some never end.
        let own = ["my-packs", "tollgate scheduler", "tollgate executor"];
        for example in examples.into_iter().filter(|l| own.iter().all(|own| !l.contains(own))) {
            let output = run(&example.replacen("tollgate", program, 1));
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 3 | 4)), "{example}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

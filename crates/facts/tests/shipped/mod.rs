//! The shipped pack from disk, for the tests of every room: read once, in the order of its paths.

#![allow(dead_code, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The folder of packs that the program embeds.
pub(crate) const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data");

/// Every text of the shipped pack: path inside it, and contents.
pub(crate) static TEXTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut found = Vec::new();
    collect(Path::new(DATA), "", &mut found);
    found.sort();
    found
});

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder of packs") {
        let entry = entry.expect("an entry of it");
        let name = entry.file_name().into_string().expect("a plain name");
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push((path, fs::read_to_string(entry.path()).expect("a text")));
        }
    }
}

//! Embeds every text of `data/` in the binary, so that it works alone in an empty folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// From this crate. Nothing here is absolute: where a target folder serves several checkouts, each embeds its own texts.
const DATA: &str = "../../data";

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    collect(&here, "", &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for path in files {
        let place = format!("/{DATA}/{path}");
        let _ = writeln!(code, "    ({path:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {place:?}))),");
    }
    code.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("data.rs"), code)
}

/// The files in a folder of the data, as paths inside it with slashes.
fn collect(here: &Path, folder: &str, files: &mut Vec<String>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={DATA}/{folder}");
    for entry in fs::read_dir(here.join(DATA).join(folder))? {
        let entry = entry?;
        let path = format!("{folder}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(here, &format!("{path}/"), files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

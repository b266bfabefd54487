//! A bundle for somebody who has neither the store nor this program: the log, what was signed, and a verifier in plain Python.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::audit::{Audit, DECISIONS, Examined, Finding};
use crate::proof::{Signed, check_growth_of, unsigned};
use crate::store::{Error, Store, free};

const VERIFY: &str = include_str!("../bundle/verify.py");
const README: &str = include_str!("../bundle/README.md");

impl Store {
    /// Writes a bundle into a new folder, whole or not at all: `entries.jsonl`, `checkpoints/`, `growth/`, `key.pub`, `verify.py`, `README.md`.
    ///
    /// # Errors
    /// Something lies at that place, it cannot be written, or the database failed.
    pub fn export(&mut self, folder: &Path, public: &str) -> Result<Exported, Error> {
        free(folder)?;
        let fail = |e: io::Error| failed(folder, &e);
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // What the caller's mask takes away from this is what any new folder has.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        // Made under a name of its own, and gone again where it never becomes whole.
        let part =
            builder.tempdir_in(folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))).map_err(fail)?;
        let exported = self.fill(part.path(), public)?;
        fs::rename(part.path(), folder).map_err(fail)?;
        // There is nothing left under the name that it had.
        let _ = part.keep();
        Ok(exported)
    }

    fn fill(&mut self, folder: &Path, public: &str) -> Result<Exported, Error> {
        let fail = |e: io::Error| failed(folder, &e);
        fs::create_dir_all(folder.join("checkpoints")).map_err(fail)?;
        fs::create_dir_all(folder.join("growth")).map_err(fail)?;
        // Read before the log, which by then has at least what they speak about.
        let checkpoints = self.checkpoints()?;
        let mut out = BufWriter::new(fs::File::create(folder.join("entries.jsonl")).map_err(fail)?);
        let mut entries = 0;
        self.entries(1, |_, _, body| {
            entries += 1;
            writeln!(out, "{body}").map_err(|e| failed(folder, &e))
        })?;
        out.into_inner().map_err(|e| fail(e.into_error())).and_then(|f| f.sync_all().map_err(fail))?;
        for signed in &checkpoints {
            fs::write(folder.join(format!("checkpoints/{}", signed.size)), &signed.note).map_err(fail)?;
        }
        for (earlier, later) in checkpoints.iter().zip(checkpoints.iter().skip(1)) {
            let proof = self.prove_growth(earlier.size, later.size)?;
            let name = format!("growth/{}-{}", earlier.size, later.size);
            check_growth_of(&proof, &earlier.note, &later.note).map_err(|why| Error::Broken(format!("{name}: {why}")))?;
            fs::write(folder.join(name), proof).map_err(fail)?;
        }
        for (name, text) in [("key.pub", public), ("verify.py", VERIFY), ("README.md", README)] {
            fs::write(folder.join(name), text).map_err(fail)?;
        }
        Ok(Exported { entries, checkpoints: checkpoints.len() as u64, upto: checkpoints.last().map_or(0, |signed| signed.size) })
    }
}

/// What went into a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many entries.
    pub entries: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// The last entry that the latest of them speaks about.
    pub upto: u64,
}

/// Examines a bundle by public keys that one trusts, and checkpoints that one was given elsewhere.
///
/// # Errors
/// The folder cannot be read.
pub fn audit_bundle(folder: &Path, others: &[Signed], keys: &[String]) -> Result<Examined, Error> {
    if !folder.is_dir() {
        return Err(Error::Cannot {
            what: format!("there is no folder {}", folder.display()),
            next: "name a bundle that `tollgate desk export` wrote".to_owned(),
        });
    }
    let mut found = Vec::new();
    let mut checkpoints = Vec::new();
    for (name, text) in texts(folder, "checkpoints", &mut found)? {
        match number(&name) {
            Some(size) => checkpoints.push(Signed { size, note: text }),
            None => found.push(stray(&format!("checkpoints/{name}"))),
        }
    }
    checkpoints.sort_by_key(|c| c.size);
    let mut audit = Audit::new(&checkpoints, others, keys, true);
    let log = folder.join("entries.jsonl");
    match fs::File::open(&log) {
        Ok(file) => {
            let mut lines = BufReader::new(file);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).map_err(|e| failed(&log, &e))? > 0 {
                audit.entry(line.strip_suffix(b"\n").unwrap_or(&line));
                line.clear();
            }
        }
        Err(_) => {
            found.push(Finding::Bundle { file: "entries.jsonl".to_owned(), why: "it cannot be read, or is missing".to_owned() })
        }
    }
    let mut examined = audit.finish().0;
    let growth = growth(folder, &checkpoints, &mut found)?;
    examined.examined.push(("proofs of growth".to_owned(), growth));
    examined.not_examined.push("key.pub, README.md and verify.py: they are the sender's, and prove nothing".to_owned());
    examined.not_examined.push(DECISIONS.to_owned());
    examined.findings.extend(found);
    Ok(examined)
}

/// Every proof that one checkpoint continues another, and that there is one for each.
fn growth(folder: &Path, checkpoints: &[Signed], found: &mut Vec<Finding>) -> Result<u64, Error> {
    let mut proofs = texts(folder, "growth", found)?;
    let count = proofs.len() as u64;
    for (earlier, later) in checkpoints.iter().zip(checkpoints.iter().skip(1)) {
        let (from, to) = (earlier.size, later.size);
        let checked = match proofs.remove(&format!("{from}-{to}")) {
            None => Err("it is missing".to_owned()),
            // A note that cannot be read was found already.
            Some(_) if unsigned(&earlier.note).is_err() || unsigned(&later.note).is_err() => continue,
            Some(proof) => check_growth_of(&proof, &earlier.note, &later.note),
        };
        if let Err(why) = checked {
            found.push(Finding::Growth { from, to, why });
        }
    }
    found.extend(proofs.keys().map(|name| stray(&format!("growth/{name}"))));
    Ok(count)
}

fn stray(file: &str) -> Finding {
    Finding::Bundle { file: file.to_owned(), why: "no bundle has such a file".to_owned() }
}

/// The files of a folder by name. What is no text is a finding.
fn texts(folder: &Path, name: &str, found: &mut Vec<Finding>) -> Result<BTreeMap<String, String>, Error> {
    let mut all = BTreeMap::new();
    let Ok(files) = fs::read_dir(folder.join(name)) else {
        found.push(Finding::Bundle { file: format!("{name}/"), why: "the folder cannot be read, or is missing".to_owned() });
        return Ok(all);
    };
    for file in files {
        let file = file.map_err(|e| failed(folder, &e))?;
        let own = file.file_name().to_string_lossy().into_owned();
        // What an operating system leaves behind in folders.
        if own.starts_with('.') {
            continue;
        }
        match fs::read_to_string(file.path()) {
            Ok(text) => {
                all.insert(own, text);
            }
            Err(_) => {
                found.push(Finding::Bundle {
                    file: format!("{name}/{own}"),
                    why: "it cannot be read, or is not UTF-8".to_owned(),
                });
            }
        }
    }
    Ok(all)
}

/// A number as this program writes it.
fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|n| n.to_string() == text)
}

fn failed(place: &Path, error: &io::Error) -> Error {
    Error::Database(format!("{}: {error}", place.display()))
}

//! A bundle for somebody who has neither the store nor this program: the log, what was signed, and a verifier in plain Python.

use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::audit::{Audit, Finding};
use crate::proof::Signed;
use crate::store::{Error, Store};

const VERIFY: &str = include_str!("../bundle/verify.py");
const README: &str = include_str!("../bundle/README.md");

impl Store {
    /// Writes a bundle into a new folder, whole or not at all: `entries.jsonl`, `checkpoints/`, `growth/`, `key.pub`, `verify.py`, `README.md`.
    ///
    /// # Errors
    /// The folder exists, it cannot be written, or the database failed.
    pub fn export(&mut self, folder: &Path, public: &str) -> Result<u64, Error> {
        if folder.exists() {
            return Err(Error::Exists(folder.display().to_string()));
        }
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = folder.with_file_name(name);
        // What is called so may be anything; it is not ours to remove.
        match fs::create_dir(&part) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(Error::Exists(part.display().to_string())),
            made => made.map_err(|e| failed(&part, &e))?,
        }
        let written =
            self.fill(&part, public).and_then(|n| fs::rename(&part, folder).map_err(|e| failed(folder, &e)).map(|()| n));
        if written.is_err() {
            let _ = fs::remove_dir_all(&part);
        }
        written
    }

    fn fill(&mut self, folder: &Path, public: &str) -> Result<u64, Error> {
        let fail = |e: io::Error| failed(folder, &e);
        fs::create_dir_all(folder.join("checkpoints")).map_err(fail)?;
        fs::create_dir_all(folder.join("growth")).map_err(fail)?;
        let mut out = BufWriter::new(fs::File::create(folder.join("entries.jsonl")).map_err(fail)?);
        let mut count = 0;
        self.entries(1, |_, _, body| {
            count += 1;
            writeln!(out, "{body}").map_err(|e| failed(folder, &e))
        })?;
        out.into_inner().map_err(|e| fail(e.into_error())).and_then(|f| f.sync_all().map_err(fail))?;
        let checkpoints = self.checkpoints()?;
        for signed in &checkpoints {
            fs::write(folder.join(format!("checkpoints/{}", signed.size)), &signed.note).map_err(fail)?;
        }
        for (earlier, later) in checkpoints.iter().zip(checkpoints.iter().skip(1)) {
            let proof = self.prove_growth(earlier.size, later.size)?;
            fs::write(folder.join(format!("growth/{}-{}", earlier.size, later.size)), proof).map_err(fail)?;
        }
        for (name, text) in [("key.pub", public), ("verify.py", VERIFY), ("README.md", README)] {
            fs::write(folder.join(name), text).map_err(fail)?;
        }
        Ok(count)
    }
}

/// Examines a bundle by public keys that one trusts, and checkpoints that one was given elsewhere.
///
/// # Errors
/// The folder cannot be read.
pub fn audit_bundle(folder: &Path, others: &[Signed], keys: &[String]) -> Result<(u64, Vec<Finding>), Error> {
    let fail = |e: io::Error| failed(folder, &e);
    let mut checkpoints = Vec::new();
    let held = if keys.is_empty() { Vec::new() } else { fs::read_dir(folder.join("checkpoints")).map_err(fail)?.collect() };
    for file in held {
        let file = file.map_err(fail)?;
        let size = file.file_name().to_string_lossy().parse().unwrap_or(0);
        checkpoints.push(Signed { size, note: fs::read_to_string(file.path()).map_err(fail)? });
    }
    checkpoints.sort_by_key(|c| c.size);
    checkpoints.extend_from_slice(others);
    let mut audit = Audit::new(&checkpoints, keys, true);
    for line in BufReader::new(fs::File::open(folder.join("entries.jsonl")).map_err(fail)?).lines() {
        audit.entry(&line.map_err(fail)?, None);
    }
    let read = audit.read;
    Ok((read, audit.finish().0))
}

fn failed(place: &Path, error: &io::Error) -> Error {
    Error::Database(format!("{}: {error}", place.display()))
}

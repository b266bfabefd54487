//! Keys, checkpoints, proofs, bundles, and `tollgate audit`: what shows others that the log was not changed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use desk::{Examined, Signed, Store, audit_bundle, check_entry, new_key, read_keys};
use facts::Problem;
use serde_json::json;

use crate::Exit;
use crate::decide::write_whole;
use crate::screen::{Failure, Paint, Screen};

use super::args::DeskAct;
use super::audit_args::{AuditAct, AuditArgs};
use super::failure;

/// Makes a pair of keys.
pub(super) fn key(screen: &Screen, name: &str, out: &Path) -> Result<Exit, Failure> {
    let public = with_end(out, ".pub");
    let (secret, vkey) = new_key(name).map_err(|e| failure(&e))?;
    // Both or none: where the second cannot be made the first goes again.
    new_file(&public, 0o666, &vkey)?;
    if let Err(failure) = new_file(out, 0o600, &secret) {
        let _ = fs::remove_file(&public);
        return Err(failure);
    }
    screen.out(&format!("{vkey}\n"))?;
    Ok(Exit::Done)
}

/// Makes a file that is not there yet, with this mode from its first moment on, and a line in it.
fn new_file(path: &Path, mode: u32, line: &str) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let hint = "a key is never written over; name another file".to_owned();
            Failure::Message(format!("{} exists already", path.display()), hint)
        }
        _ => Failure::io(path, &error),
    })?;
    let written = writeln!(file, "{line}").and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = fs::remove_file(path);
        Failure::io(path, &error)
    })
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Signs, proves, exports, copies.
pub(super) fn run(screen: &Screen, store: &mut Store, act: &DeskAct) -> Result<Exit, Failure> {
    match act {
        DeskAct::Checkpoint { secret, out } => {
            let signed = store.checkpoint(&secret_key(screen, secret)?).map_err(|e| failure(&e))?;
            match out {
                Some(out) => write_whole(out, |to| to.write_all(signed.note.as_bytes()))?,
                None => screen.out(&signed.note)?,
            }
        }
        DeskAct::Prove { seq } => screen.out(&store.prove(*seq).map_err(|e| failure(&e))?)?,
        DeskAct::Export { folder, public } => {
            let public_text = text(public)?;
            keys_in(public, &public_text)?;
            let exported = store.export(folder, &public_text).map_err(|e| failure(&e))?;
            let count = exported.entries;
            screen.out(&format!("{count} entries in {}; python3 verify.py KEY there verifies them\n", folder.display()))?;
            if exported.upto < count {
                let signed = match exported.upto {
                    0 => "none of them is signed".to_owned(),
                    upto => format!("entries {} to {count} are not signed", upto + 1),
                };
                screen.err(&format!("{} {signed}; `tollgate desk checkpoint` signs\n", screen.paint("warning:", Paint::Middling)));
            }
        }
        DeskAct::Backup { file } => store.backup(file).map_err(|e| failure(&e))?,
        _ => {}
    }
    Ok(Exit::Done)
}

fn text(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|e| Failure::io(path, &e))?;
    String::from_utf8(bytes).map_err(|_| no_key_or_note(path, "this is no text"))
}

/// A file that does not hold what it is named for.
fn no_key_or_note(path: &Path, why: &str) -> Failure {
    Failure::Problems(vec![Problem::error(&path.display().to_string(), 1, why.to_owned())])
}

fn keys_in(path: &Path, text: &str) -> Result<Vec<String>, Failure> {
    read_keys(text).map_err(|why| no_key_or_note(path, &why))
}

/// The public keys of some files.
fn public_keys(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut keys = Vec::new();
    for file in files {
        keys.extend(keys_in(file, &text(file)?)?);
    }
    Ok(keys)
}

/// A secret key. That others may read it is said.
fn secret_key(screen: &Screen, path: &Path) -> Result<String, Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(|e| Failure::io(path, &e))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let warning = screen.paint("warning:", Paint::Middling);
            let name = path.display();
            screen.err(&format!("{warning} others can read the secret key {name} (mode {mode:o})\n  = chmod 600 {name}; who read it signs as you do\n"));
        }
    }
    text(path)
}

/// Examines a store, a bundle or a proof.
pub(crate) fn audit(screen: &Screen, args: &AuditArgs) -> Result<Exit, Failure> {
    match &args.act {
        AuditAct::Verify { store, bundle, public, checkpoint } => {
            let keys = public_keys(public)?;
            let mut others = Vec::new();
            for path in checkpoint {
                let note = text(path)?;
                let signed = Signed::read(note).map_err(|why| no_key_or_note(path, &why))?;
                others.push(signed);
            }
            if keys.is_empty() && !others.is_empty() {
                return Err(Failure::Message(
                    "a checkpoint says nothing without its key".to_owned(),
                    "add --public FILE".to_owned(),
                ));
            }
            let examined = match bundle {
                Some(folder) => audit_bundle(folder, &others, &keys),
                None => {
                    Store::open_to_read(store.as_deref().unwrap_or("desk.db")).and_then(|mut s| s.audit(&others, &keys))
                }
            };
            report(screen, &examined.map_err(|e| failure(&e))?)
        }
        AuditAct::Proof { proof, entry, public } => {
            let keys = public_keys(public)?;
            match check_entry(&text(proof)?, text(entry)?.trim_end_matches('\n'), &keys) {
                Ok(seq) => screen.out(&format!("entry {seq} stands in the log that was signed\n")).map(|()| Exit::Done),
                Err(why) => {
                    screen.err(&format!("{} {why}\n", screen.paint("not proved:", Paint::Bad)));
                    Ok(Exit::Problems)
                }
            }
        }
    }
}

/// So many findings are told one by one; JSON has all.
const TOLD: usize = 200;

fn report(screen: &Screen, examined: &Examined) -> Result<Exit, Failure> {
    if screen.json {
        screen.json(&json!(examined))?;
    } else {
        let mut text = String::new();
        for finding in examined.findings.iter().take(TOLD) {
            text.push_str(&format!("{} {finding}\n", screen.paint("found:", Paint::Bad)));
        }
        if examined.findings.len() > TOLD {
            text.push_str(&format!("and {} more; --json gives all\n", examined.findings.len() - TOLD));
        }
        text.extend(examined.told().into_iter().map(|line| line + "\n"));
        screen.out(&text)?;
    }
    let sound = examined.findings.is_empty() && !examined.nothing_checked();
    Ok(if sound { Exit::Done } else { Exit::Problems })
}

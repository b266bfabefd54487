//! Keys, checkpoints, proofs, bundles, and `tollgate audit`: what shows others that the log was not changed.

use std::fs;
use std::path::{Path, PathBuf};

use desk::{Examined, Signed, Store, audit_bundle, check_entry, new_key, read_keys};
use facts::Source;
use serde_json::json;

use crate::Exit;
use crate::outputs::{Kind, Outputs, Target, with_end};
use crate::screen::{Failure, Paint, Screen};

use super::args::{DeskAct, DeskArgs};
use super::audit_args::{AuditAct, AuditArgs};
use super::failure;

/// Makes a pair of keys.
pub(super) fn key(screen: &Screen, outputs: &mut Outputs, name: &str, out: &Path) -> Result<Exit, Failure> {
    // The secret key is readable to its owner alone.
    let secret_file = outputs.fresh("--out", out, Kind::Key, true)?;
    let public_file = outputs.fresh("--out", &with_end(out, ".pub"), Kind::Key, false)?;
    let (secret, vkey) = new_key(name).map_err(|e| failure(&e))?;
    secret_file.write(screen, |to| writeln!(to, "{secret}"))?;
    public_file.write(screen, |to| writeln!(to, "{vkey}"))?;
    screen.out(&format!("{vkey}\n"))?;
    Ok(Exit::Done)
}

/// The file that a command of the desk is to write, made ready before any work; what it reads is not written over.
pub(super) fn file(screen: &Screen, outputs: &mut Outputs, args: &DeskArgs) -> Result<Option<Target>, Failure> {
    Ok(match &args.act {
        DeskAct::Do { file } if file != Path::new("-") => {
            outputs.reads_beside_store(file)?;
            None
        }
        DeskAct::Statement { csv: Some(csv), .. } => Some(outputs.target(screen, "--csv", csv, Kind::Csv)?),
        DeskAct::Checkpoint { secret, out } => {
            outputs.reads(secret)?;
            out.as_deref().map(|out| outputs.target(screen, "--out", out, Kind::Note)).transpose()?
        }
        DeskAct::Export { folder, public } => {
            outputs.reads(public)?;
            outputs.fresh_folder("export", folder)?;
            None
        }
        DeskAct::Backup { file } => {
            // The store makes the copy itself, whole or not at all.
            outputs.fresh("backup", file, Kind::Store, false)?;
            None
        }
        _ => None,
    })
}

/// Signs, proves, exports, copies.
pub(super) fn run(screen: &Screen, store: &mut Store, act: &DeskAct, file: Option<Target>) -> Result<Exit, Failure> {
    match act {
        DeskAct::Checkpoint { secret, .. } => {
            let signed = store.checkpoint(&secret_key(screen, secret)?).map_err(|e| failure(&e))?;
            match file {
                Some(file) => file.write(screen, |to| to.write_all(signed.note.as_bytes()))?,
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
                screen
                    .err(&format!("{} {signed}; `tollgate desk checkpoint` signs\n", screen.paint("warning:", Paint::Middling)));
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
    Failure::Problems(vec![Source { path: path.display().to_string(), text: String::new() }.problem(0..0, why.to_owned())])
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
                None => Store::open_to_read(store.as_deref().unwrap_or("desk.db")).and_then(|mut s| s.audit(&others, &keys)),
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

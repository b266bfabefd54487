//! Keys, checkpoints, proofs, bundles, and `tollgate audit`: what shows others that the log was not changed.

use std::fs;
use std::path::Path;

use desk::{Finding, Signed, Store, audit_bundle, check_entry, new_key};
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
        DeskAct::Backup { file } => Some(outputs.fresh("backup", file, Kind::Store, false)?),
        _ => None,
    })
}

/// Signs, proves, exports, copies.
pub(super) fn run(screen: &Screen, store: &mut Store, act: &DeskAct, file: Option<Target>) -> Result<Exit, Failure> {
    match act {
        DeskAct::Checkpoint { secret, .. } => {
            let signed = store.checkpoint(&text(secret)?).map_err(|e| failure(&e))?;
            match file {
                Some(file) => file.write(screen, |to| to.write_all(signed.note.as_bytes()))?,
                None => screen.out(&signed.note)?,
            }
        }
        DeskAct::Prove { seq } => {
            let signed = store.checkpoints().map_err(|e| failure(&e))?.pop();
            let signed = signed
                .ok_or_else(|| Failure::Message("nothing was signed yet".to_owned(), "`desk checkpoint` signs".to_owned()))?;
            screen.out(&store.prove_entry(*seq, &signed).map_err(|e| failure(&e))?)?;
        }
        DeskAct::Export { folder, public } => {
            let count = store.export(folder, &text(public)?).map_err(|e| failure(&e))?;
            screen.out(&format!("{count} entries in {}; python3 verify.py KEY there verifies them\n", folder.display()))?;
        }
        DeskAct::Backup { .. } => {
            if let Some(file) = file {
                store.backup(file.filling()).map_err(|e| failure(&e))?;
                file.put(screen)?;
            }
        }
        _ => {}
    }
    Ok(Exit::Done)
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|e| Failure::io(path, &e))
}

/// Examines a store, a bundle or a proof.
pub(crate) fn audit(screen: &Screen, args: &AuditArgs) -> Result<Exit, Failure> {
    match &args.act {
        AuditAct::Verify { store, bundle, public, checkpoint } => {
            let keys = public.iter().map(|p| text(p)).collect::<Result<Vec<_>, _>>()?;
            let mut others = Vec::new();
            for path in checkpoint {
                others.push(Signed { size: 0, note: text(path)? });
            }
            if keys.is_empty() && !others.is_empty() {
                return Err(Failure::Message(
                    "a checkpoint says nothing without its key".to_owned(),
                    "add --public FILE".to_owned(),
                ));
            }
            let examined = match bundle {
                Some(folder) => audit_bundle(folder, &others, &keys),
                None => Store::open(store.as_deref().unwrap_or("desk.db")).and_then(|mut s| s.audit(&others, &keys)),
            };
            let (read, findings) = examined.map_err(|e| failure(&e))?;
            report(screen, read, &findings, keys.is_empty())
        }
        AuditAct::Proof { proof, entry, public } => {
            let keys = public.iter().map(|p| text(p)).collect::<Result<Vec<_>, _>>()?;
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

fn report(screen: &Screen, read: u64, findings: &[Finding], unsigned: bool) -> Result<Exit, Failure> {
    if screen.json {
        screen.json(&json!({ "entries": read, "signatures": !unsigned, "findings": findings }))?;
    } else if findings.is_empty() {
        let how =
            if unsigned { "the chain holds; no key was given, so no signature was checked" } else { "chain and signatures hold" };
        screen.out(&format!("{read} entries, {how}\n"))?;
    } else {
        for finding in findings {
            screen.out(&format!("{} {finding}\n", screen.paint("found:", Paint::Bad)))?;
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Problems })
}

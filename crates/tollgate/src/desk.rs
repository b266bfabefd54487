//! `tollgate desk` and `tollgate audit`: commands to the desk's engine, questions to its records, proofs of its log.

mod acts;
pub(crate) mod args;
pub(crate) mod audit_args;
mod proofs;
mod views;

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;

use desk::{Command, Counsel, Error, Record, Refusal, Rules, Store};
use regime::Library;
use serde_json::json;

use crate::Exit;
use crate::args::{Common, Look};
use crate::pack;
use crate::screen::{Failure, Paint, Screen};

use args::{DeskAct, DeskArgs};

/// Does what is to be done at the desk.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DeskArgs) -> Result<Exit, Failure> {
    if let DeskAct::Key { name, out } = &args.act {
        return proofs::key(screen, name, out);
    }
    let library = pack::library(common)?;
    let rules = Rules::read(&library.pack).map_err(|p| Failure::Problems(vec![*p]))?;
    if let DeskAct::Init { name } = &args.act {
        return acts::init(screen, &library, rules, args, name);
    }
    let mut store = opened(args).map_err(|e| failure(&e))?;
    let adopted = match store.record("desk/desk").map_err(|e| failure(&e))? {
        Some(Record::Desk(desk)) => desk.packs.into_keys().collect(),
        _ => Vec::new(),
    };
    let mut counsel = counsel(&library, rules, &args.look(), adopted)?;
    match &args.act {
        DeskAct::Do { file } => from_file(screen, &mut store, &mut counsel, file),
        DeskAct::Key { .. }
        | DeskAct::Checkpoint { .. }
        | DeskAct::Prove { .. }
        | DeskAct::Export { .. }
        | DeskAct::Backup { .. } => proofs::run(screen, &mut store, &args.act),
        act => match acts::act(&mut store, &counsel, args)? {
            Some(act) => {
                let command = acts::command(args, act)?;
                one(screen, &mut store, &mut counsel, &command)
            }
            None => views::run(screen, &mut store, &mut counsel, act),
        },
    }
}

/// The store. Who only asks opens it so that not a byte is changed, wherever it lies.
fn opened(args: &DeskArgs) -> Result<Store, Error> {
    let asks = matches!(
        args.act,
        DeskAct::List { .. }
            | DeskAct::Show { .. }
            | DeskAct::Log { .. }
            | DeskAct::Headroom { .. }
            | DeskAct::Statement { .. }
            | DeskAct::Find { .. }
            | DeskAct::Retention { .. }
            | DeskAct::Relook { .. }
            | DeskAct::Prove { .. }
            | DeskAct::Export { .. }
    );
    if asks {
        return Store::open_to_read(&args.store);
    }
    // A copy is made of what lies beside the file as well, which takes a place where one may write.
    if let (DeskAct::Backup { .. }, Ok(store)) = (&args.act, Store::open_to_read(&args.store)) {
        return Ok(store);
    }
    let mut store = Store::open(&args.store)?;
    store.on_wait(|| {
        // Nobody can be told that standard error is gone.
        let _ = anstream::stderr().lock().write_all(b"waiting: another program holds the store\n");
    });
    Ok(store)
}

pub(crate) use proofs::audit;

/// The law that the options mean; what the desk adopted where they mean none.
fn counsel<'a>(library: &'a Library, rules: Rules, look: &Look, adopted: Vec<String>) -> Result<Counsel<'a>, Failure> {
    let regimes = if look.regimes.is_empty() { adopted } else { look.regimes.clone() };
    let corridor = library.corridor(&regimes, &look.drafts, look.lens()).map_err(Failure::Problems)?;
    Ok(Counsel { library, corridor, rules })
}

/// One command, with its answer.
fn one(screen: &Screen, store: &mut Store, counsel: &mut Counsel<'_>, command: &Command) -> Result<Exit, Failure> {
    let outcome = store.submit(counsel, std::slice::from_ref(command)).map_err(|e| failure(&e))?.pop();
    match outcome {
        Some(Ok((first, last))) => {
            if screen.json {
                screen.json(&json!({ "sealed": [first, last], "key": command.key }))?;
            } else {
                let which = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
                screen.out(&format!("sealed as {which} (key {})\n", command.key))?;
            }
            Ok(Exit::Done)
        }
        Some(Err(refusal)) => refused(screen, &refusal),
        None => Ok(Exit::Done),
    }
}

/// Says a refusal by its name.
fn refused(screen: &Screen, refusal: &Refusal) -> Result<Exit, Failure> {
    if screen.json {
        let mut value = json!(refusal);
        if let Some(map) = value.as_object_mut() {
            map.insert("says".to_owned(), json!(refusal.to_string()));
        }
        screen.json(&value)?;
    } else {
        screen.err(&format!("{} {refusal}\n", screen.paint(&format!("refused, {}:", refusal.name()), Paint::Bad)));
    }
    Ok(if matches!(refusal, Refusal::Undetermined { .. }) { Exit::Undetermined } else { Exit::Refused })
}

/// So many commands go into one transaction.
const BATCH: usize = 1000;
/// A longer line is no command.
const LONGEST: u64 = 1 << 20;

/// Commands from JSON lines. Bad lines and refusals are reported and counted; the rest is done.
fn from_file(screen: &Screen, store: &mut Store, counsel: &mut Counsel<'_>, file: &Path) -> Result<Exit, Failure> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|e| Failure::io(file, &e))?)
    };
    let mut input = BufReader::new(input);
    let (mut line, mut done, mut bad, mut no) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut ended = false;
    while !ended {
        let (mut batch, mut lines) = (Vec::new(), Vec::new());
        while batch.len() < BATCH {
            let mut text = String::new();
            let read = input.by_ref().take(LONGEST).read_line(&mut text).map_err(|e| Failure::io(file, &e))?;
            if read == 0 {
                ended = true;
                break;
            }
            line += 1;
            if text.trim().is_empty() {
                continue;
            }
            match serde_json::from_str::<Command>(&text) {
                Ok(command) => {
                    batch.push(command);
                    lines.push(line);
                }
                Err(why) => {
                    bad += 1;
                    screen.err(&format!("{} {why}\n", screen.paint(&format!("line {line}:"), Paint::Bad)));
                }
            }
        }
        for (line, outcome) in lines.iter().zip(store.submit(counsel, &batch).map_err(|e| failure(&e))?) {
            match outcome {
                Ok(_) => done += 1,
                Err(refusal) => {
                    no += 1;
                    let name = screen.paint(&format!("line {line}: refused, {}:", refusal.name()), Paint::Bad);
                    screen.err(&format!("{name} {refusal}\n"));
                }
            }
        }
    }
    if screen.json {
        screen.json(&json!({ "done": done, "refused": no, "bad_lines": bad }))?;
    } else {
        screen.out(&format!("{done} done, {no} refused, {bad} bad lines\n"))?;
    }
    Ok(if bad > 0 {
        Exit::Problems
    } else if no > 0 {
        Exit::Refused
    } else {
        Exit::Done
    })
}

/// What went wrong with a store, and what to do next.
fn failure(error: &Error) -> Failure {
    let hint = match error {
        Error::None(_) => "open one with `tollgate desk init NAME --as admin-1`, or name it with --store",
        Error::NotADesk { .. } => "name a desk's store with --store; nothing was changed",
        Error::Newer { .. } => "use the program that made it, or a newer one; nothing was changed",
        Error::Older { .. } => "any command that writes brings it up to date; or use the program that made it; nothing was changed",
        Error::Exists(_) | Error::Taken(_) => "name another place; nothing is written over",
        Error::Busy => "see which program has it open, and try again",
        Error::Written => "try again; or make a copy with `tollgate desk backup` and read that",
        Error::Broken(_) => "`tollgate audit verify` says more",
        Error::Cannot { next, .. } => next,
        Error::Database(_) => "may this file or server be reached, read and written from here? Nothing was half done",
    };
    Failure::Message(error.to_string(), hint.to_owned())
}

//! `tollgate desk` and `tollgate audit`: commands to the desk's engine, questions to its records, proofs of its log.

mod acts;
pub(crate) mod args;
pub(crate) mod audit_args;
mod proofs;
mod views;

use std::io::{BufRead, BufReader, Read, Write as _};
use std::ops::RangeInclusive;
use std::path::Path;

use desk::{Act, Command, Counsel, Desk, Error, Place, Record, Refusal, Store, fresh_key};
use jiff::Timestamp;
use serde_json::json;

use crate::Exit;
use crate::args::Common;
use crate::outputs::Outputs;
use crate::pack;
use crate::screen::{Failure, Paint, Screen};

use args::{DeskAct, DeskArgs};

/// Does what is to be done at the desk.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DeskArgs) -> Result<Exit, Failure> {
    args.by_adopted_law()?;
    let mut outputs = Outputs::new(common);
    outputs.uses_store(&args.store)?;
    if let DeskAct::Key { name, out } = &args.act {
        return proofs::key(screen, &mut outputs, name, out);
    }
    let file = proofs::file(screen, &mut outputs, args)?;
    let library = pack::library(common)?;
    if let DeskAct::Init { name } = &args.act {
        return acts::init(screen, &library, args, name);
    }
    let mut store = opened(args).map_err(|e| failure(&e))?;
    let adopted = match store.record("desk/desk").map_err(|e| failure(&e))? {
        Some(Record::Desk(desk)) => desk,
        _ => Desk::default(),
    };
    match &args.act {
        DeskAct::Key { .. }
        | DeskAct::Checkpoint { .. }
        | DeskAct::Prove { .. }
        | DeskAct::Export { .. }
        | DeskAct::Backup { .. } => return proofs::run(screen, &mut store, &args.act, file),
        act if act.asks() => {
            return views::run(screen, &mut store, &views::Law { library: &library, adopted, look: args.look() }, act, file);
        }
        _ => {}
    }
    let mut counsel = match &args.act {
        DeskAct::AdoptRules if !args.regimes.is_empty() => Counsel::new(&library, &args.regimes),
        _ => Counsel::adopted(&library, &adopted),
    }
    .map_err(Failure::Problems)?;
    match acts::act(&mut store, &counsel, args)? {
        Some(act) => one(screen, &mut store, &mut counsel, &acts::command(args, act)?),
        None => match &args.act {
            DeskAct::Do { file } => from_file(screen, &mut store, &mut counsel, args, file),
            _ => Ok(Exit::Done),
        },
    }
}

/// The store. Who only asks opens it so that not a byte is changed, wherever it lies.
fn opened(args: &DeskArgs) -> Result<Store, Error> {
    let asks = args.act.asks() || matches!(args.act, DeskAct::Prove { .. } | DeskAct::Export { .. });
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

/// One command, with its answer.
fn one(screen: &Screen, store: &mut Store, counsel: &mut Counsel<'_>, command: &Command) -> Result<Exit, Failure> {
    let outcome = store.submit(counsel, Timestamp::now(), std::slice::from_ref(command)).map_err(|e| failure(&e))?.pop();
    match outcome {
        Some(Ok(place)) => sealed(screen, store, command, place),
        Some(Err(refusal)) => {
            let exit = refused(screen, &refusal)?;
            let dictionary = &counsel.library().dictionary;
            if let Refusal::Undetermined { missing } = &refusal
                && let Some(id) = missing.iter().filter_map(|name| dictionary.id(name)).find(|id| dictionary.field(*id).screened)
            {
                let name = &dictionary.field(id).name;
                screen.err(&format!("  = --standard presumes no screening at the desk: screen the parties and state what was found, as in -f {name}=none\n"));
            }
            Ok(exit)
        }
        None => Ok(Exit::Done),
    }
}

/// Says where a command stands in the log, and what is to be read before it is approved.
fn sealed(screen: &Screen, store: &mut Store, command: &Command, place: Place) -> Result<Exit, Failure> {
    let Place { first, last, before } = place;
    let waits = waits(store, &command.act)?;
    let notices: Vec<String> = notices(store, first..=last)?.into_iter().map(|(_, notice)| notice).collect();
    if screen.json {
        let mut told = json!({ "sealed": [first, last], "key": command.key, "before": before, "notices": notices });
        if let (Some((_, hash)), Some(map)) = (&waits, told.as_object_mut()) {
            map.insert("hash".to_owned(), json!(hash));
        }
        screen.json(&told)?;
        return Ok(Exit::Done);
    }
    let which = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
    let done = if before { "done before, as" } else { "sealed as" };
    screen.out(&format!("{done} {which} (key {})\n", command.key))?;
    for notice in notices {
        screen.out(&format!("  {}\n", screen.paint(&screen.wrap(&notice, 2), Paint::Unsure)))?;
    }
    if let Some((name, hash)) = waits {
        screen.out(&format!(
            "{name} reads as {hash}\n  = `tollgate desk show {name}` gives it to be read; --seen HASH approves it\n"
        ))?;
    }
    Ok(Exit::Done)
}

/// What anybody should know of the rulings that some entries hold, each with its entry.
fn notices(store: &mut Store, entries: RangeInclusive<u64>) -> Result<Vec<(u64, String)>, Failure> {
    let mut found = Vec::new();
    let read = store.entries(*entries.start(), |seq, _, body| {
        let entry: serde_json::Value =
            if entries.contains(&seq) { serde_json::from_str(body).unwrap_or_default() } else { return Ok(()) };
        let told = entry.pointer("/ruling/notices").and_then(serde_json::Value::as_array);
        found.extend(told.into_iter().flatten().filter_map(|notice| Some((seq, notice.as_str()?.to_owned()))));
        Ok(())
    });
    read.map_err(|e| failure(&e))?;
    Ok(found)
}

/// What an act made ready for a second person: the record's name, and the hash of what that person reads.
fn waits(store: &mut Store, act: &Act) -> Result<Option<(String, String)>, Failure> {
    let name = match act {
        Act::Apply { application, .. } | Act::Edit { application, .. } | Act::Submit { application } => {
            format!("application/{application}")
        }
        Act::AskAmendment { licence, .. } => format!("licence/{licence}"),
        _ => return Ok(None),
    };
    let record = store.record(&name).map_err(|e| failure(&e))?;
    Ok(record.and_then(|record| to_approve(&name, &record)).map(|hash| (name, hash)))
}

/// The hash of what a second person reads of a record, where one is asked for.
fn to_approve(name: &str, record: &Record) -> Option<String> {
    let id = name.split_once('/')?.1;
    match record {
        Record::Application(application) => Some(application.hash(id)),
        Record::Licence(licence) => licence.amendment_hash(id),
        _ => None,
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

/// What became of the lines of a file so far.
#[derive(Default)]
struct Tally {
    line: usize,
    done: usize,
    before: usize,
    refused: usize,
    bad: usize,
}

impl Tally {
    fn text(&self) -> String {
        let before = if self.before == 0 { String::new() } else { format!("{} done before, ", self.before) };
        format!("{} done, {before}{} refused, {} bad lines", self.done, self.refused, self.bad)
    }
}

/// Commands from JSON lines. Bad lines and refusals are reported and counted; the rest is done. What a line does not say of time, the
/// options say.
fn from_file(
    screen: &Screen,
    store: &mut Store,
    counsel: &mut Counsel<'_>,
    args: &DeskArgs,
    file: &Path,
) -> Result<Exit, Failure> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|e| Failure::io(file, &e))?)
    };
    let mut input = BufReader::new(input);
    let mut tally = Tally::default();
    loop {
        let upto = tally.line;
        let (batch, ended) = batch(screen, &mut input, args, file, &mut tally)?;
        let commands: Vec<Command> = batch.iter().map(|(_, command)| command.clone()).collect();
        let outcomes = store.submit(counsel, Timestamp::now(), &commands).map_err(|error| stopped(&error, upto, &tally))?;
        let mut sealed: Vec<(RangeInclusive<u64>, usize)> = Vec::new();
        for ((line, _), outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Ok(place) if place.before => tally.before += 1,
                Ok(place) => {
                    tally.done += 1;
                    sealed.push((place.first..=place.last, *line));
                }
                Err(refusal) => {
                    tally.refused += 1;
                    let name = screen.paint(&format!("line {line}: refused, {}:", refusal.name()), Paint::Bad);
                    screen.err(&format!("{name} {refusal}\n"));
                }
            }
        }
        if let (Some((first, _)), Some((last, _))) = (sealed.first(), sealed.last()) {
            for (seq, notice) in notices(store, *first.start()..=*last.end())? {
                if let Some((_, line)) = sealed.iter().find(|(entries, _)| entries.contains(&seq)) {
                    screen.err(&format!("line {line}: {notice}\n"));
                }
            }
        }
        if ended {
            break;
        }
    }
    if screen.json {
        let Tally { done, before, refused, bad, .. } = tally;
        screen.json(&json!({ "done": done, "done_before": before, "refused": refused, "bad_lines": bad }))?;
    } else {
        screen.out(&format!("{}\n", tally.text()))?;
    }
    Ok(if tally.bad > 0 {
        Exit::Problems
    } else if tally.refused > 0 {
        Exit::Refused
    } else {
        Exit::Done
    })
}

/// The commands of one transaction, each with its line, and whether the file ended.
fn batch(
    screen: &Screen,
    input: &mut impl BufRead,
    args: &DeskArgs,
    file: &Path,
    tally: &mut Tally,
) -> Result<(Vec<(usize, Command)>, bool), Failure> {
    let mut batch = Vec::new();
    while batch.len() < BATCH {
        let mut text = Vec::new();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut text).map_err(|e| Failure::io(file, &e))? == 0 {
            return Ok((batch, true));
        }
        tally.line += 1;
        if text.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Command>(&text) {
            Ok(mut command) => {
                command.claimed = command.claimed.or(args.at);
                if command.late_because.is_empty() {
                    command.late_because.clone_from(&args.late_because);
                }
                if command.key.is_empty() {
                    command.key = fresh_key().map_err(|e| failure(&e))?;
                }
                batch.push((tally.line, command));
            }
            Err(why) => {
                tally.bad += 1;
                screen.err(&format!("{} {why}\n", screen.paint(&format!("line {}:", tally.line), Paint::Bad)));
            }
        }
    }
    Ok((batch, false))
}

/// A store that failed in the middle of a file: how much of it was done.
fn stopped(error: &Error, upto: usize, tally: &Tally) -> Failure {
    let hint = match failure(error) {
        Failure::Message(_, hint) if !hint.is_empty() => format!("{hint}; "),
        _ => String::new(),
    };
    Failure::Message(
        format!("{error}; before that, of lines 1 to {upto}: {}", tally.text()),
        format!(
            "{hint}send the same file again: a line that was done is recognised by its key; lines without one go from line {}",
            upto + 1
        ),
    )
}

/// What went wrong with a store, and what to do next.
fn failure(error: &Error) -> Failure {
    let hint = match error {
        Error::None(_) => "open one with `tollgate desk init NAME --as admin-1`, or name it with --store",
        Error::NotADesk { .. } => "name a desk's store with --store; nothing was changed",
        Error::Newer { .. } => "use the program that made it, or a newer one; nothing was changed",
        Error::Older { .. } => {
            "any command that writes brings it up to date; or use the program that made it; nothing was changed"
        }
        Error::Exists(_) | Error::Taken(_) => "name another place; nothing is written over",
        Error::Busy => "see which program has it open, and try again",
        Error::Written => "try again; or make a copy with `tollgate desk backup` and read that",
        Error::Broken(_) => "`tollgate audit verify` says more",
        Error::Cannot { next, .. } => next,
        Error::Database(_) => "may this file or server be reached, read and written from here? Nothing was half done",
    };
    Failure::Message(error.to_string(), hint.to_owned())
}

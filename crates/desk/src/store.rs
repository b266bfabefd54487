//! The log in a database, with the records that follow from it kept beside it in the same transaction: opening reads no history.

mod db;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use crate::apply::apply;
use jiff::Timestamp;
use rand_core::{OsRng, RngCore};

use crate::command::Command;
use crate::counsel::Counsel;
use crate::decide::{Answer, decide, is_name};
use crate::entry::{Entry, Head, Sealed};
use crate::refusal::{Refusal, Stop};
use crate::state::{Done, Record, State};

pub use db::Error;
pub(crate) use db::{Db, Value};

/// The steps from an empty database to what this program knows, in order.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001.sql")];
/// So many records stay in memory between two transactions.
const MOST_HELD: usize = 200_000;
/// How often a transaction is begun anew because another writer was faster.
const TRIES: u32 = 20;
/// Entries read at once.
const PAGE: i64 = 2000;

/// An open store.
pub struct Store {
    db: Db,
    state: State,
}

/// Where a command stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first entry.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// Whether it was done before, under the same key: nothing was done now.
    pub before: bool,
}

/// What became of one command: its place, or the refusal.
pub type Outcome = Result<Place, Refusal>;

impl Store {
    /// Makes a store: a file, or a `postgres://` database without one.
    ///
    /// # Errors
    /// There is one already, or the database failed.
    pub fn create(place: &str) -> Result<Store, Error> {
        let mut db = Db::open(place, true)?;
        if version(&mut db)? > 0 {
            return Err(Error::Exists(place.to_owned()));
        }
        migrate(&mut db)?;
        Ok(Store { db, state: State::default() })
    }

    /// Opens a store and brings it up to date.
    ///
    /// # Errors
    /// There is none, a newer program made it, or the database failed.
    pub fn open(place: &str) -> Result<Store, Error> {
        let mut db = Db::open(place, false)?;
        if version(&mut db)? == 0 {
            return Err(Error::None(place.to_owned()));
        }
        migrate(&mut db)?;
        let mut store = Store { db, state: State::default() };
        store.state = State::behind(store.head()?);
        Ok(store)
    }

    /// Where the log ends.
    ///
    /// # Errors
    /// The database failed.
    pub fn head(&mut self) -> Result<Head, Error> {
        let rows = self.db.rows("SELECT seq, hash, at FROM head WHERE id = 1", &[])?;
        let [seq, hash, at] = <[Value; 3]>::try_from(rows.into_iter().next().unwrap_or_default())
            .map_err(|_| Error::Broken("there is no head".to_owned()))?;
        let at = at.text().parse().map_err(|_| Error::Broken("the head has no moment".to_owned()))?;
        Ok(Head { seq: seq.int().unsigned_abs(), hash: hash.text(), at })
    }

    /// Does commands in their order, all in one transaction, at a moment of the desk's clock: when this returns they are on the disk. A
    /// refusal stops none of the others.
    ///
    /// # Errors
    /// The database failed, and nothing was done.
    pub fn submit(&mut self, counsel: &mut Counsel<'_>, now: Timestamp, commands: &[Command]) -> Result<Vec<Outcome>, Error> {
        for _ in 0..TRIES {
            match self.attempt(counsel, now, commands) {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => {
                    self.db.rollback();
                    // What was applied in memory was not kept.
                    self.state = State::default();
                    if !matches!(error, Error::Busy) {
                        return Err(error);
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
        Err(Error::Busy)
    }

    fn attempt(&mut self, counsel: &mut Counsel<'_>, now: Timestamp, commands: &[Command]) -> Result<Vec<Outcome>, Error> {
        self.db.begin()?;
        // Taken before anything is read, so that one writer at a time decides on what is there.
        self.db.run("UPDATE head SET seq = seq WHERE id = 1", &[])?;
        let head = self.head()?;
        if head != self.state.head || self.state.held() > MOST_HELD {
            self.state = State::behind(head.clone());
        }
        self.fetch(commands)?;
        let (mut outcomes, mut log) = (Vec::with_capacity(commands.len()), Vec::new());
        for command in commands {
            outcomes.push(match self.answer(counsel, now, command)? {
                Ok(Answer::Already(first, last)) => Ok(Place { first, last, before: true }),
                Ok(Answer::New(sealed)) => {
                    let first = sealed.first().map_or(0, |s| s.entry.seq);
                    for sealed in &sealed {
                        apply(&mut self.state, sealed).map_err(|stop| lacking(&stop))?;
                    }
                    let last = self.state.head.seq;
                    log.extend(sealed);
                    Ok(Place { first, last, before: false })
                }
                Err(refusal) => Err(refusal),
            });
        }
        self.keep(&head, log)?;
        self.db.commit()?;
        Ok(outcomes)
    }

    /// Brings along, many at once, what the engine will ask for of every command: whether it was done, and what it is about.
    fn fetch(&mut self, commands: &[Command]) -> Result<(), Error> {
        let asked = commands.iter().flat_map(|c| [Some(format!("done/{}", c.key)), c.act.subject()]).flatten();
        let named = asked.filter(|name| name.split_once('/').is_some_and(|(_, id)| is_name(id)));
        let mut names: Vec<String> = named.filter(|name| self.state.record(name).is_err()).collect();
        names.sort_unstable();
        names.dedup();
        for (name, record) in read_records(&mut self.db, &names)? {
            self.state.bring(&name, record);
        }
        Ok(())
    }

    /// Decides, bringing along what else the engine asks for.
    fn answer(&mut self, counsel: &mut Counsel<'_>, now: Timestamp, command: &Command) -> Result<Result<Answer, Refusal>, Error> {
        loop {
            match decide(&self.state, counsel, now, command) {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Stop::Refused(refusal)) => return Ok(Err(*refusal)),
                Err(Stop::Record(name)) => {
                    let record = read_record(&mut self.db, &name)?;
                    self.state.bring(&name, record);
                }
                Err(Stop::List(heading)) => {
                    let list = read_list(&mut self.db, &heading)?;
                    self.state.bring_list(&heading, list);
                }
            }
        }
    }

    /// Writes entries, the records that changed and the lists that grew, and moves the head from where it was expected.
    fn keep(&mut self, before: &Head, log: Vec<Sealed>) -> Result<(), Error> {
        if log.is_empty() {
            return Ok(());
        }
        let (changed, added) = self.state.take_changes();
        let items: Vec<Vec<Value>> = added
            .into_iter()
            .enumerate()
            .map(|(place, (seq, heading, item))| vec![heading.into(), int(seq), Value::Int(place as i64), item.into()])
            .collect();
        let mut records = Vec::new();
        for name in changed.iter().filter(|n| !n.starts_with("done/")) {
            let Ok(Some(record)) = self.state.record(name) else { continue };
            let body = serde_json::to_string(record).map_err(|e| Error::Broken(e.to_string()))?;
            let kind = name.split('/').next().unwrap_or_default();
            records.push(vec![name.as_str().into(), kind.into(), body.into()]);
        }
        let entries: Vec<Vec<Value>> = log
            .into_iter()
            .map(|sealed| {
                let key = if sealed.entry.digest.is_empty() { Value::Null } else { sealed.entry.key.into() };
                vec![int(sealed.entry.seq), key, sealed.hash.into(), sealed.body.into()]
            })
            .collect();
        self.db.insert("entry", &["seq", "key", "hash", "body"], "", &entries)?;
        let newer = "ON CONFLICT (name) DO UPDATE SET body = excluded.body";
        self.db.insert("record", &["name", "kind", "body"], newer, &records)?;
        self.db.insert("item", &["heading", "seq", "place", "item"], "", &items)?;
        let head = &self.state.head;
        let values =
            [int(head.seq), head.hash.as_str().into(), head.at.to_string().into(), int(before.seq), before.hash.as_str().into()];
        let moved =
            self.db.run("UPDATE head SET seq = $1, hash = $2, at = $3 WHERE id = 1 AND seq = $4 AND hash = $5", &values)?;
        if moved == 1 { Ok(()) } else { Err(Error::Busy) }
    }

    /// A record by its whole name, as `licence/L-1`.
    ///
    /// # Errors
    /// The database failed.
    pub fn record(&mut self, name: &str) -> Result<Option<Record>, Error> {
        read_record(&mut self.db, name)
    }

    /// Records of a kind, as `licence`, in order of name.
    ///
    /// # Errors
    /// The database failed.
    pub fn records(&mut self, kind: &str) -> Result<Vec<(String, Record)>, Error> {
        let mut all = Vec::new();
        for row in self.db.rows("SELECT name, body FROM record WHERE kind = $1", &[kind.into()])? {
            let [name, body] = texts(row);
            let record = parsed(&name, &body)?;
            all.push((name, record));
        }
        // Byte by byte, whatever order the database has.
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// Names under a heading, in the order in which they came.
    ///
    /// # Errors
    /// The database failed.
    pub fn list(&mut self, heading: &str) -> Result<Vec<String>, Error> {
        read_list(&mut self.db, heading)
    }

    /// Headings that begin so, as `party|`, in order.
    ///
    /// # Errors
    /// The database failed.
    pub fn headings(&mut self, begin: &str) -> Result<Vec<String>, Error> {
        let rows = self.db.rows("SELECT DISTINCT heading FROM item WHERE heading LIKE $1", &[format!("{begin}%").into()])?;
        let mut all: Vec<String> =
            rows.into_iter().filter_map(|row| row.into_iter().next()).map(|heading| heading.text()).collect();
        all.sort_unstable();
        Ok(all)
    }

    /// Names under a heading, each with the entry that put it there.
    ///
    /// # Errors
    /// The database failed.
    pub fn listed(&mut self, heading: &str) -> Result<Vec<(u64, String)>, Error> {
        let rows = self.db.rows("SELECT seq, item FROM item WHERE heading = $1 ORDER BY seq, place", &[heading.into()])?;
        let pair = |row: Vec<Value>| {
            let [seq, item] = row.try_into().unwrap_or([Value::Null, Value::Null]);
            (seq.int().unsigned_abs(), item.text())
        };
        Ok(rows.into_iter().map(pair).collect())
    }

    /// Rows of the log from one place on, in order: place, hash and text as they are kept.
    ///
    /// # Errors
    /// The database failed, or `each` says so.
    pub fn entries(&mut self, from: u64, mut each: impl FnMut(u64, &str, &str) -> Result<(), Error>) -> Result<(), Error> {
        let mut next = int(from).int();
        loop {
            let sql = "SELECT seq, hash, body FROM entry WHERE seq >= $1 ORDER BY seq LIMIT 2000";
            let rows = self.db.rows(sql, &[Value::Int(next)])?;
            let full = rows.len() as i64 == PAGE;
            for row in rows {
                let [seq, hash, body] = row.try_into().unwrap_or([Value::Null, Value::Null, Value::Null]);
                next = seq.int() + 1;
                each(seq.int().unsigned_abs(), &hash.text(), &body.text())?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// A state that reads from this store what it is asked for: for questions that change nothing.
    ///
    /// # Errors
    /// The database failed.
    pub fn ask<T>(&mut self, mut question: impl FnMut(&State) -> Result<T, Stop>) -> Result<Result<T, Refusal>, Error> {
        let mut state = State::behind(self.head()?);
        loop {
            match question(&state) {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Stop::Refused(refusal)) => return Ok(Err(*refusal)),
                Err(Stop::Record(name)) => state.bring(&name, read_record(&mut self.db, &name)?),
                Err(Stop::List(heading)) => state.bring_list(&heading, read_list(&mut self.db, &heading)?),
            }
        }
    }

    /// Copies a SQLite store while it is in use, into a new or an empty file; the copy is whole.
    ///
    /// # Errors
    /// Something is there, the database failed, or it is not SQLite.
    pub fn backup(&mut self, to: &Path) -> Result<(), Error> {
        if to.metadata().is_ok_and(|there| there.len() > 0) {
            return Err(Error::Exists(to.display().to_string()));
        }
        match &self.db {
            Db::Lite(db) => Ok(db.backup("main", to, None::<fn(rusqlite::backup::Progress)>)?),
            Db::Post(..) => Err(Error::Database("PostgreSQL is copied by its own pg_dump".to_owned())),
        }
    }

    pub(crate) fn db(&mut self) -> &mut Db {
        &mut self.db
    }
}

/// A key that nobody used: drawn at random.
///
/// # Errors
/// The machine gives no random numbers.
pub fn fresh_key() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|e| Error::Database(format!("no random numbers: {e}")))?;
    Ok(regime::hex(&bytes))
}

/// The newest version that this program knows.
pub fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

/// The version of a database; 0 where there is no store in it.
fn version(db: &mut Db) -> Result<i64, Error> {
    let there = match db {
        Db::Lite(_) => "SELECT count(*) FROM sqlite_master WHERE name = 'meta'",
        Db::Post(..) => "SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'meta' AND schemaname = current_schema()",
    };
    if db.rows(there, &[])?.first().and_then(|r| r.first()).is_none_or(|n| n.int() == 0) {
        return Ok(0);
    }
    let rows = db.rows("SELECT value FROM meta WHERE name = 'version'", &[])?;
    Ok(rows.first().and_then(|r| r.first()).map_or(0, Value::int))
}

fn migrate(db: &mut Db) -> Result<(), Error> {
    let found = version(db)?;
    if found > known_version() {
        return Err(Error::Newer { found, known: known_version() });
    }
    if found == known_version() {
        return Ok(());
    }
    db.begin()?;
    let done = (|| {
        if found == 0 {
            db.batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL); INSERT INTO meta (name, value) VALUES ('version', 0)")?;
        }
        for step in MIGRATIONS.iter().skip(found.unsigned_abs() as usize) {
            db.batch(step)?;
        }
        db.run("UPDATE meta SET value = $1 WHERE name = 'version'", &[Value::Int(known_version())])?;
        db.commit()
    })();
    if done.is_err() {
        db.rollback();
    }
    done
}

fn int(n: u64) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn lacking(stop: &Stop) -> Error {
    Error::Broken(format!("an entry asks for what is not there: {stop:?}"))
}

fn parsed(name: &str, body: &str) -> Result<Record, Error> {
    serde_json::from_str(body).map_err(|e| Error::Broken(format!("record {name}: {e}")))
}

fn read_record(db: &mut Db, name: &str) -> Result<Option<Record>, Error> {
    Ok(read_records(db, &[name.to_owned()])?.pop().and_then(|(_, record)| record))
}

/// Records by their names, in the order of these; of a command that was done its entry says so.
fn read_records(db: &mut Db, names: &[String]) -> Result<Vec<(String, Option<Record>)>, Error> {
    let keys: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("done/")).collect();
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.starts_with("done/")).collect();
    let mut found = HashMap::with_capacity(names.len());
    for row in db.among("SELECT key, body FROM entry WHERE key", &keys)? {
        let [key, body] = texts(row);
        let entry: Entry = serde_json::from_str(&body).map_err(|e| Error::Broken(format!("entry of key {key}: {e}")))?;
        let done = Done { last: entry.seq + entry.more, first: entry.seq, digest: entry.digest };
        found.insert(format!("done/{key}"), Record::from(done));
    }
    for row in db.among("SELECT name, body FROM record WHERE name", &others)? {
        let [name, body] = texts(row);
        let record = parsed(&name, &body)?;
        found.insert(name, record);
    }
    Ok(names.iter().map(|name| (name.clone(), found.remove(name))).collect())
}

fn texts(row: Vec<Value>) -> [String; 2] {
    row.try_into().unwrap_or([Value::Null, Value::Null]).map(Value::text)
}

fn read_list(db: &mut Db, heading: &str) -> Result<Vec<String>, Error> {
    let rows = db.rows("SELECT item FROM item WHERE heading = $1 ORDER BY seq, place", &[heading.into()])?;
    Ok(rows.into_iter().flatten().map(Value::text).collect())
}

//! The log in a database, with the records that follow from it kept beside it in the same transaction: opening reads no history.

mod db;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
pub(crate) const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001.sql")];
/// So many records stay in memory between two transactions.
const MOST_HELD: usize = 200_000;
/// How long a command waits for other programs that hold the store.
const PATIENCE: Duration = Duration::from_secs(30);
/// Entries read at once.
const PAGE: i64 = 2000;

/// An open store.
pub struct Store {
    db: Db,
    state: State,
    waits: Option<fn()>,
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
    /// There is one already, or something else; or the database failed.
    pub fn create(place: &str) -> Result<Store, Error> {
        let mut db = Db::open(place, true)?;
        match lies(&mut db, place)? {
            Lies::Nothing => {}
            Lies::Desk(_) => return Err(Error::Exists(place.to_owned())),
            // A server's database may serve others too, as long as no name is taken.
            Lies::Others { ours: false } if matches!(db, Db::Post(..)) => {}
            Lies::Others { .. } => return Err(not_a_desk(&db, place)),
        }
        db.make_writable()?;
        migrate(&mut db)?;
        Ok(Store { db, state: State::default(), waits: None })
    }

    /// Opens a store and brings it up to date.
    ///
    /// # Errors
    /// There is none, a newer program made it, or the database failed.
    pub fn open(place: &str) -> Result<Store, Error> {
        let mut db = Db::open(place, false)?;
        desk_in(&mut db, place)?;
        db.make_writable()?;
        migrate(&mut db)?;
        let mut store = Store { db, state: State::default(), waits: None };
        store.state = State::behind(store.head()?);
        Ok(store)
    }

    /// Opens a store for questions alone: it may lie on a disc or belong to somebody else, and not a byte of it is changed.
    ///
    /// # Errors
    /// There is none, another version of the program made it, what lies beside it must be written to, or the database failed.
    pub fn open_to_read(place: &str) -> Result<Store, Error> {
        let mut db = Db::open_to_read(place)?;
        let found = db.settled(|db| desk_in(db, place))?;
        let known = known_version();
        match found.cmp(&known) {
            std::cmp::Ordering::Less => Err(Error::Older { found, known }),
            std::cmp::Ordering::Greater => Err(Error::Newer { found, known }),
            std::cmp::Ordering::Equal => Ok(Store { db, state: State::default(), waits: None }),
        }
    }

    /// What is called while a command waits because another program holds the store, after two seconds and then again every two.
    pub fn on_wait(&mut self, waits: fn()) {
        self.waits = Some(waits);
    }

    /// Where the log ends.
    ///
    /// # Errors
    /// The database failed.
    pub fn head(&mut self) -> Result<Head, Error> {
        let rows = self.read("SELECT seq, hash, at FROM head WHERE id = 1", &[])?;
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
        let begun = Instant::now();
        loop {
            match self.attempt(counsel, now, commands) {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => {
                    self.db.rollback();
                    // What was applied in memory was not kept.
                    self.state = State::default();
                    if !matches!(error, Error::Busy) || begun.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    if let Some(waits) = self.waits.filter(|_| begun.elapsed() > Duration::from_secs(1)) {
                        waits();
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
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
        self.db.settled(|db| read_record(db, name))
    }

    /// Records of a kind, as `licence`, in order of name.
    ///
    /// # Errors
    /// The database failed.
    pub fn records(&mut self, kind: &str) -> Result<Vec<(String, Record)>, Error> {
        let mut all = Vec::new();
        for row in self.read("SELECT name, body FROM record WHERE kind = $1", &[kind.into()])? {
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
        self.db.settled(|db| read_list(db, heading))
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
        let rows = self.read("SELECT seq, item FROM item WHERE heading = $1 ORDER BY seq, place", &[heading.into()])?;
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
            let rows = self.read(sql, &[Value::Int(next)])?;
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
                Err(Stop::Record(name)) => state.bring(&name, self.record(&name)?),
                Err(Stop::List(heading)) => state.bring_list(&heading, self.list(&heading)?),
            }
        }
    }

    /// Copies a SQLite store while it is in use, into one file that is read anywhere: the copy is whole and examined, or is not there.
    ///
    /// # Errors
    /// There is something at that place, the database failed, the copy does not read as the store does, or it is not SQLite.
    pub fn backup(&mut self, to: &Path) -> Result<(), Error> {
        free(to)?;
        let Db::Lite(..) = &self.db else {
            return Err(Error::Cannot {
                what: "a store on PostgreSQL is not copied from here".to_owned(),
                next: "its own pg_dump copies it".to_owned(),
            });
        };
        let failed = |e: std::io::Error| Error::Database(format!("{}: {e}", to.display()));
        let part = beside(to).map_err(failed)?;
        let log = ["-wal", "-shm", "-journal"].map(|end| {
            let mut name = part.path().as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        });
        let copied = self.copy(part.path());
        for file in log {
            // There is none, unless copying was stopped.
            let _ = std::fs::remove_file(file);
        }
        copied?;
        part.as_file().sync_all().map_err(failed)?;
        part.persist_noclobber(to).map_err(|e| failed(e.error))?;
        Ok(())
    }

    fn copy(&mut self, part: &Path) -> Result<(), Error> {
        let head = self.db.settled(|db| {
            let Db::Lite(lite, still) = &*db else { return Err(Error::Busy) };
            lite.backup("main", part, None::<fn(rusqlite::backup::Progress)>)?;
            if still.as_ref().is_some_and(|still| still.disturbed()) { Err(Error::Written) } else { Ok(()) }
        });
        head?;
        let copy = rusqlite::Connection::open(part)?;
        // A copy with a log of its own could only be read where one may write.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        drop(copy);
        let place = part.to_str().ok_or_else(|| Error::Database(format!("{} is no text", part.display())))?;
        let mut copy = Store::open_to_read(place)?;
        let sound = copy.db.rows("PRAGMA quick_check", &[])?;
        let last = copy.db.rows("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1", &[])?.pop().unwrap_or_default();
        let head = copy.head()?;
        let ends = head.seq == 0 || last == [int(head.seq), head.hash.as_str().into()];
        if sound == [[Value::from("ok")]] && ends {
            return Ok(());
        }
        Err(Error::Broken("the copy is not whole, and was taken away again".to_owned()))
    }

    /// Rows of a question, read anew where somebody wrote meanwhile.
    fn read(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        self.db.settled(|db| db.rows(sql, values))
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

/// That nothing lies at a place yet.
pub(crate) fn free(to: &Path) -> Result<(), Error> {
    if std::fs::symlink_metadata(to).is_err() {
        return Ok(());
    }
    let place = to.display().to_string();
    Err(if Store::open_to_read(&place).is_ok() { Error::Exists(place) } else { Error::Taken(place) })
}

/// A file that will take its name when it is whole, with the mode that a new file has; gone where it never is.
fn beside(to: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What the caller's mask takes away from this is what any new file has.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// The newest version that this program knows.
pub fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

/// What lies in a database.
enum Lies {
    Nothing,
    /// A desk of this version.
    Desk(i64),
    /// Tables of another program, some perhaps under names that a desk uses.
    Others {
        ours: bool,
    },
}

/// The tables of a desk by which it is known.
const TABLES: [&str; 7] = ["meta", "head", "entry", "record", "item", "tile", "checkpoint"];

fn lies(db: &mut Db, place: &str) -> Result<Lies, Error> {
    let sql = match db {
        Db::Lite(..) => "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'",
        Db::Post(..) => "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()",
    };
    let readable = |rows: Result<Vec<Vec<Value>>, Error>| match rows {
        Err(Error::Broken(_)) => {
            Err(Error::NotADesk { place: place.to_owned(), what: "it is no database, or a damaged one".to_owned() })
        }
        rows => rows,
    };
    let there: Vec<String> = readable(db.rows(sql, &[]))?.into_iter().flatten().map(Value::text).collect();
    let has = |name: &str| there.iter().any(|table| table == name);
    if there.is_empty() {
        return Ok(Lies::Nothing);
    }
    if !["meta", "head", "entry"].into_iter().all(has) {
        return Ok(Lies::Others { ours: TABLES.into_iter().any(has) });
    }
    // Another program's table of that name may have other columns.
    match readable(db.rows("SELECT value FROM meta WHERE name = 'version'", &[])) {
        Ok(rows) => match rows.first().and_then(|r| r.first()) {
            Some(Value::Int(version)) if *version > 0 => Ok(Lies::Desk(*version)),
            _ => Err(Error::Broken("its table meta does not say of which version it is".to_owned())),
        },
        Err(error @ (Error::Busy | Error::Written | Error::NotADesk { .. })) => Err(error),
        Err(_) => Ok(Lies::Others { ours: true }),
    }
}

/// The version of the desk that lies there.
fn desk_in(db: &mut Db, place: &str) -> Result<i64, Error> {
    match lies(db, place)? {
        Lies::Desk(version) => Ok(version),
        Lies::Nothing => Err(Error::None(place.to_owned())),
        Lies::Others { .. } => Err(not_a_desk(db, place)),
    }
}

fn not_a_desk(db: &Db, place: &str) -> Error {
    let what = match db {
        Db::Lite(..) => "it is a SQLite database of another program",
        Db::Post(..) => "the database has tables, but not those of a desk",
    };
    Error::NotADesk { place: place.to_owned(), what: what.to_owned() }
}

fn migrate(db: &mut Db) -> Result<(), Error> {
    let found = match lies(db, "")? {
        Lies::Desk(version) => version,
        Lies::Nothing | Lies::Others { .. } => 0,
    };
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
        let done = Done { last: entry.seq.saturating_add(entry.more), first: entry.seq, digest: entry.digest };
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

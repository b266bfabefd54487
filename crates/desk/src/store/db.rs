//! Two databases, one set of SQL texts: SQLite embedded, PostgreSQL by URL. Values are whole numbers and texts.

mod still;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::ToSql;
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags};

use still::Still;

/// Why a store could not do its work.
#[derive(Debug)]
pub enum Error {
    /// The database failed: what it said.
    Database(String),
    /// The store was made by a newer program.
    Newer {
        /// Version of the store.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The store was made by an older program, and was opened only to be read.
    Older {
        /// Version of the store.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// There is no store at this place.
    None(String),
    /// There is something at this place, and it is no store.
    NotADesk {
        /// The place.
        place: String,
        /// What lies there.
        what: String,
    },
    /// There is a store already.
    Exists(String),
    /// There is a file or folder already, which is no store.
    Taken(String),
    /// What was asked for cannot be had: nothing is wrong with the store.
    Cannot {
        /// Why not.
        what: String,
        /// What to do instead.
        next: String,
    },
    /// What is kept does not fit together: it was tampered with, or the disk failed.
    Broken(String),
    /// Another program holds the store.
    Busy,
    /// The store was written to while it was read.
    Written,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Database(what) => write!(f, "the store failed: {what}"),
            Error::Newer { found, known } => {
                write!(f, "the store is of version {found}; this program knows versions up to {known}")
            }
            Error::Older { found, known } => write!(f, "the store is of version {found}; this program reads version {known}"),
            Error::None(place) => write!(f, "there is no desk at {}", shown(place)),
            Error::NotADesk { place, what } => write!(f, "{} is no desk: {what}", shown(place)),
            Error::Exists(place) => write!(f, "there is a desk at {} already", shown(place)),
            Error::Taken(place) => write!(f, "there is something at {} already, and it is no desk", shown(place)),
            Error::Cannot { what, .. } => write!(f, "{what}"),
            Error::Broken(what) => write!(f, "the store does not fit together: {what}"),
            Error::Busy => write!(f, "another program holds the store; nothing was done"),
            Error::Written => write!(f, "the store was written to while it was read"),
        }
    }
}

/// A place as it may be shown: without the password of a URL.
fn shown(place: &str) -> String {
    let user = place.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)));
    match user {
        Some((scheme, (user, rest))) => format!("{scheme}://{}@{rest}", user.split(':').next().unwrap_or_default()),
        None => place.to_owned(),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Broken(error.to_string()),
            Some(ErrorCode::ReadOnly) => Error::Database(format!("it cannot be written here ({error})")),
            Some(ErrorCode::DiskFull) => Error::Database("the disk is full; nothing was half done".to_owned()),
            _ => Error::Database(error.to_string()),
        }
    }
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Error {
        use postgres::error::SqlState;
        let busy = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
        match error.code() {
            Some(code) if busy.contains(code) => Error::Busy,
            _ => Error::Database(error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())),
        }
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Nothing.
    Null,
}

impl Value {
    /// A number; 0 where it is none.
    pub(crate) fn int(&self) -> i64 {
        if let Value::Int(n) = self { *n } else { 0 }
    }

    /// A text; empty where it is none.
    pub(crate) fn text(self) -> String {
        if let Value::Text(text) = self { text } else { String::new() }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Null => ValueRef::Null,
        }))
    }
}

/// How long one statement waits for another program.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rows a statement where each statement is a journey over a wire.
const ROWS: usize = 100;
/// How often reading begins anew because the file was written to meanwhile.
const TRIES: u32 = 10;

/// An open database.
pub(crate) enum Db {
    /// SQLite in this process; with what is known of a file that is read without locks.
    Lite(rusqlite::Connection, Option<Still>),
    /// PostgreSQL elsewhere, with its prepared statements.
    Post(Box<postgres::Client>, HashMap<String, postgres::Statement>),
}

impl Db {
    /// Opens a file, by its path or a `file:` URI of SQLite, or connects to a URL. A file that is not there is made where `make` says so.
    pub(crate) fn open(place: &str, make: bool) -> Result<Db, Error> {
        if of_postgres(place) {
            return connected(place);
        }
        let uri = place.starts_with("file:");
        if !uri && (!make || Path::new(place).exists()) {
            there(place)?;
        }
        let mut flags = OpenFlags::default();
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, make);
        let db = match rusqlite::Connection::open_with_flags(place, flags) {
            // What a URI names only SQLite can tell.
            Err(error) if uri && error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
                return Err(Error::None(place.to_owned()));
            }
            db => db?,
        };
        Ok(Db::Lite(patient(db)?, None))
    }

    /// Opens for reading alone: nothing of the file is changed, and nothing is made beside it.
    pub(crate) fn open_to_read(place: &str) -> Result<Db, Error> {
        if of_postgres(place) {
            let mut db = connected(place)?;
            db.batch("SET default_transaction_read_only = on")?;
            return Ok(db);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if place.starts_with("file:") {
            return Ok(Db::Lite(patient(rusqlite::Connection::open_with_flags(place, flags)?)?, None));
        }
        there(place)?;
        let still = Still::of(Path::new(place))?;
        let uri = still::uri(Path::new(place), still.is_some())?;
        Ok(Db::Lite(patient(rusqlite::Connection::open_with_flags(uri, flags)?)?, still))
    }

    /// What a writer needs to know that a commit is on the disk. Only for a database that is known to be ours.
    pub(crate) fn make_writable(&mut self) -> Result<(), Error> {
        match self {
            Db::Lite(db, _) => {
                db.pragma_update(None, "journal_mode", "WAL")?;
                db.pragma_update(None, "synchronous", "FULL")?;
            }
            Db::Post(db, _) => db.batch_execute(&format!("SET lock_timeout = {}", PATIENCE.as_millis()))?,
        }
        Ok(())
    }

    /// Whether the connection still stands: what failed then is in what it holds.
    pub(crate) fn stands(&self) -> bool {
        match self {
            Db::Lite(..) => true,
            Db::Post(db, _) => !db.is_closed(),
        }
    }

    /// Opens anew a file that was written to while it was read without locks.
    fn reopen(&mut self) -> Result<(), Error> {
        if let Db::Lite(_, Some(still)) = self {
            *self = Db::open_to_read(still.place())?;
        }
        Ok(())
    }

    /// Does what only reads; anew where the file was written to meanwhile.
    pub(crate) fn settled<T>(&mut self, mut read: impl FnMut(&mut Db) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..TRIES {
            match read(self) {
                Err(Error::Written) => self.reopen()?,
                done => return done,
            }
        }
        Err(Error::Written)
    }

    /// Statements without values.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            // A number that is the row's own name costs no second index there.
            Db::Lite(db, _) => db.execute_batch(&sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"))?,
            Db::Post(db, _) => db.batch_execute(sql)?,
        }
        Ok(())
    }

    /// Begins a transaction that will write.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        match self {
            Db::Lite(db, _) => db.execute_batch("BEGIN IMMEDIATE")?,
            Db::Post(db, _) => db.batch_execute("BEGIN")?,
        }
        Ok(())
    }

    /// Begins a transaction that sees the store as it is now, whatever is written meanwhile.
    pub(crate) fn snapshot(&mut self) -> Result<(), Error> {
        self.batch(match self {
            Db::Lite(..) => "BEGIN",
            Db::Post(..) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
    }

    /// Ends a transaction; what it wrote is on the disk after it.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.batch("COMMIT")
    }

    /// Gives up a transaction. Where even that fails the connection is gone, and the transaction with it.
    pub(crate) fn rollback(&mut self) {
        let _ = self.batch("ROLLBACK");
    }

    /// A statement; how many rows it changed.
    pub(crate) fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        match self {
            Db::Lite(db, _) => Ok(db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))? as u64),
            Db::Post(db, kept) => {
                let statement = prepared(db, kept, sql)?;
                Ok(db.execute(&statement, &given(values))?)
            }
        }
    }

    /// The rows of a query.
    pub(crate) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(row);
            Ok(())
        })?;
        Ok(all)
    }

    /// The rows of a query one by one, however many there are.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        mut each: impl FnMut(Vec<Value>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Db::Lite(db, still) => {
                let read = each_lite(db, sql, values, &mut each);
                // Read without locks it counts only if nobody wrote meanwhile.
                if still.as_ref().is_some_and(Still::disturbed) { Err(Error::Written) } else { read }
            }
            Db::Post(db, kept) => {
                let statement = prepared(db, kept, sql)?;
                let mut rows = db.query_raw(&statement, given(values))?;
                while let Some(row) = rows.next()? {
                    each((0..row.len()).map(|at| cell(&row, at)).collect::<Result<_, _>>()?)?;
                }
                Ok(())
            }
        }
    }

    /// The rows of a query that ends in a column, of which some values are wanted.
    pub(crate) fn among(&mut self, sql: &str, wanted: &[&str]) -> Result<Vec<Vec<Value>>, Error> {
        let mut all = Vec::new();
        for chunk in wanted.chunks(ROWS) {
            // Few lengths, so that few statements are prepared; the last value more than once finds nothing more.
            let length = chunk.len().next_power_of_two().min(ROWS);
            let values = chunk.iter().chain(std::iter::repeat_n(chunk.last().unwrap_or(&""), ROWS)).take(length);
            let values: Vec<Value> = values.map(|value| (*value).into()).collect();
            all.extend(self.rows(&format!("{sql} IN {}", marks(0, length)), &values)?);
        }
        Ok(all)
    }

    /// Many rows into a table: one a statement in this process, many over a wire.
    pub(crate) fn insert(&mut self, table: &str, columns: &[&str], conflict: &str, rows: &[Vec<Value>]) -> Result<(), Error> {
        let sql = |rows: usize| {
            let groups: Vec<String> = (0..rows).map(|row| marks(row * columns.len(), columns.len())).collect();
            format!("INSERT INTO {table} ({}) VALUES {} {conflict}", columns.join(", "), groups.join(", "))
        };
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Db::Lite(db, _) => {
                let mut statement = db.prepare_cached(&sql(1))?;
                for row in rows {
                    statement.execute(rusqlite::params_from_iter(row))?;
                }
            }
            Db::Post(..) => {
                for chunk in rows.chunks(ROWS) {
                    self.run(&sql(chunk.len()), &chunk.concat())?;
                }
            }
        }
        Ok(())
    }
}

fn of_postgres(place: &str) -> bool {
    place.starts_with("postgres://") || place.starts_with("postgresql://")
}

fn connected(place: &str) -> Result<Db, Error> {
    Ok(Db::Post(Box::new(postgres::Client::connect(place, postgres::NoTls)?), HashMap::new()))
}

fn patient(db: rusqlite::Connection) -> Result<rusqlite::Connection, Error> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// That a file lies at a place, and that it is one of SQLite's, or empty.
fn there(place: &str) -> Result<(), Error> {
    use std::io::Read as _;
    let path = Path::new(place);
    let not = |what: &str| Err(Error::NotADesk { place: place.to_owned(), what: what.to_owned() });
    if path.is_dir() {
        return not("it is a folder");
    }
    if !path.exists() {
        return Err(Error::None(place.to_owned()));
    }
    let failed = |e: std::io::Error| Error::Database(format!("{place}: {e}"));
    let mut begins = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut begins)).map_err(failed)?;
    if begins.is_empty() || begins == b"SQLite format 3\0" { Ok(()) } else { not("it is a file that SQLite did not make") }
}

fn each_lite(
    db: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
    each: &mut impl FnMut(Vec<Value>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = db.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(width);
        for at in 0..width {
            cells.push(match row.get_ref(at)? {
                ValueRef::Integer(n) => Value::Int(n),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                _ => Value::Null,
            });
        }
        each(cells)?;
    }
    Ok(())
}

/// Places of values in a statement, as `($1, $2)`.
fn marks(after: usize, count: usize) -> String {
    let marks: Vec<String> = (after + 1..=after + count).map(|place| format!("${place}")).collect();
    format!("({})", marks.join(", "))
}

fn prepared(
    db: &mut postgres::Client,
    kept: &mut HashMap<String, postgres::Statement>,
    sql: &str,
) -> Result<postgres::Statement, Error> {
    if let Some(statement) = kept.get(sql) {
        return Ok(statement.clone());
    }
    let statement = db.prepare(sql)?;
    if kept.len() > 500 {
        kept.clear();
    }
    kept.insert(sql.to_owned(), statement.clone());
    Ok(statement)
}

fn given(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| match value {
            Value::Int(n) => n as &(dyn ToSql + Sync),
            Value::Text(text) => text as &(dyn ToSql + Sync),
            Value::Null => &None::<&str> as &(dyn ToSql + Sync),
        })
        .collect()
}

fn cell(row: &postgres::Row, at: usize) -> Result<Value, Error> {
    use postgres::types::Type;
    let number = row.columns().get(at).is_some_and(|c| *c.type_() == Type::INT8);
    Ok(if number {
        row.try_get::<_, Option<i64>>(at)?.map_or(Value::Null, Value::Int)
    } else {
        row.try_get::<_, Option<String>>(at)?.map_or(Value::Null, Value::Text)
    })
}

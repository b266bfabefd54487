//! Two databases, one set of SQL texts: SQLite embedded, PostgreSQL by URL. Values are whole numbers and texts.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use postgres::types::ToSql;
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, OpenFlags};

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
    /// There is no store at this place.
    None(String),
    /// There is one already.
    Exists(String),
    /// What is kept does not fit together.
    Broken(String),
    /// Another writer was faster, time and again.
    Busy,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Database(what) => write!(f, "the store failed: {what}"),
            Error::Newer { found, known } => {
                write!(f, "the store is of version {found}; this program knows versions up to {known}")
            }
            Error::None(place) => write!(f, "there is no desk at {place}"),
            Error::Exists(place) => write!(f, "there is a desk at {place} already"),
            Error::Broken(what) => write!(f, "the store does not fit together: {what}"),
            Error::Busy => write!(f, "other writers were faster, time and again"),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
            _ => Error::Database(error.to_string()),
        }
    }
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Error {
        use postgres::error::SqlState;
        match error.code() {
            Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => Error::Busy,
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

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rows a statement where each statement is a journey over a wire.
const ROWS: usize = 100;

/// An open database.
pub(crate) enum Db {
    /// SQLite in this process.
    Lite(rusqlite::Connection),
    /// PostgreSQL elsewhere, with its prepared statements.
    Post(Box<postgres::Client>, HashMap<String, postgres::Statement>),
}

impl Db {
    /// Opens a file, by its path or a `file:` URI of SQLite, or connects to a URL. A file that is not there is made where `make` says so.
    pub(crate) fn open(place: &str, make: bool) -> Result<Db, Error> {
        if place.starts_with("postgres://") || place.starts_with("postgresql://") {
            let client = postgres::Client::connect(place, postgres::NoTls)?;
            return Ok(Db::Post(Box::new(client), HashMap::new()));
        }
        let uri = place.starts_with("file:");
        if !make && !uri && !Path::new(place).is_file() {
            return Err(Error::None(place.to_owned()));
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
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(Db::Lite(db))
    }

    /// Statements without values.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        match self {
            // A number that is the row's own name costs no second index there.
            Db::Lite(db) => db.execute_batch(&sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"))?,
            Db::Post(db, _) => db.batch_execute(sql)?,
        }
        Ok(())
    }

    /// Begins a transaction that will write.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        match self {
            Db::Lite(db) => db.execute_batch("BEGIN IMMEDIATE")?,
            Db::Post(db, _) => db.batch_execute("BEGIN")?,
        }
        Ok(())
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
            Db::Lite(db) => Ok(db.prepare_cached(sql)?.execute(rusqlite::params_from_iter(values))? as u64),
            Db::Post(db, kept) => {
                let statement = prepared(db, kept, sql)?;
                Ok(db.execute(&statement, &given(values))?)
            }
        }
    }

    /// The rows of a query.
    pub(crate) fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
        match self {
            Db::Lite(db) => {
                let mut statement = db.prepare_cached(sql)?;
                let width = statement.column_count();
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let mut all = Vec::new();
                while let Some(row) = rows.next()? {
                    let mut cells = Vec::with_capacity(width);
                    for at in 0..width {
                        cells.push(match row.get_ref(at)? {
                            ValueRef::Integer(n) => Value::Int(n),
                            ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                            _ => Value::Null,
                        });
                    }
                    all.push(cells);
                }
                Ok(all)
            }
            Db::Post(db, kept) => {
                let statement = prepared(db, kept, sql)?;
                let rows = db.query(&statement, &given(values))?;
                rows.iter().map(|row| (0..row.len()).map(|at| cell(row, at)).collect()).collect()
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
        match self {
            Db::Lite(db) => {
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

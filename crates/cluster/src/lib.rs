//! SQL over decisions, and the same decisions on many machines: DataFusion plans, Ballista carries plans to executors, and what is
//! decided is always decided by `columns`.

mod codec;
mod job;
mod listing;
mod output;
mod server;
mod session;
mod table;
mod wire;

pub use job::{BookAt, Job};
pub use output::{Form, Output, texts};
pub use server::{Executor, Scheduler, executor, scheduler};
pub use session::{Part, Session};
pub use wire::Row;

use std::fmt;

/// Why something could not be done on a cluster.
#[derive(Debug)]
pub enum Error {
    /// The law or a book has problems.
    Problems(Vec<facts::Problem>),
    /// A query that cannot be planned or run.
    Query(String),
    /// There is no cluster where one was named: what is not there, and what to do.
    Absent(String, String),
    /// A file or another machine failed; the same may succeed later.
    Lost(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Problems(problems) => problems.iter().try_for_each(|problem| write!(f, "{problem}")),
            Error::Query(text) | Error::Lost(text) | Error::Absent(text, _) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

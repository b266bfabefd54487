//! Queries over a job's tables, here or on a cluster.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballista::prelude::{SessionConfigExt, SessionContextExt};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use facts::Dictionary;
use futures::StreamExt;
use tokio::runtime::Runtime;

use crate::Error;
use crate::codec::{Logical, Physical};
use crate::job::Job;
use crate::table::{Table, Which};
use crate::wire::{self, Row};

/// Somebody who runs queries over a job.
pub struct Session {
    runtime: Runtime,
    context: SessionContext,
    job: Arc<Job>,
    /// Whether other machines do the work.
    remote: bool,
}

/// A part of what a query brings.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// The columns; they come first, and once.
    Columns(&'a SchemaRef),
    /// Some rows.
    Rows(&'a RecordBatch),
}

/// Messages between machines may be so large: a plan holds the texts of the law.
pub(crate) const MESSAGE: usize = 64 << 20;

/// The settings of a session on a cluster.
pub(crate) fn remote_config() -> SessionConfig {
    SessionConfig::new_with_ballista()
        .with_ballista_logical_extension_codec(Arc::new(Logical::default()))
        .with_ballista_physical_extension_codec(Arc::new(Physical::default()))
        .with_ballista_grpc_client_max_message_size(MESSAGE)
}

impl Session {
    /// Runs queries in this process, on all its cores.
    ///
    /// # Errors
    /// A law with problems.
    pub fn here(mut job: Job) -> Result<Session, Error> {
        let runtime = runtime()?;
        let config = SessionConfig::new();
        job.gather(config.target_partitions());
        Session::with(runtime, SessionContext::new_with_config(config), job, false)
    }

    /// Runs queries on the cluster of a scheduler, named as `df://host:port`.
    ///
    /// # Errors
    /// A law with problems, a name that is none, a scheduler that does not answer or has no executor.
    pub fn on(url: &str, job: Job) -> Result<Session, Error> {
        wait_for(url)?;
        let runtime = runtime()?;
        let state = SessionStateBuilder::new().with_config(remote_config()).with_default_features().build();
        let context =
            runtime.block_on(SessionContext::remote_with_state(url, state)).map_err(|e| Error::Query(format!("{url}: {e}")))?;
        Session::with(runtime, context, job, true)
    }

    fn with(runtime: Runtime, context: SessionContext, job: Job, remote: bool) -> Result<Session, Error> {
        let session = Session { runtime, context, job: Arc::new(job), remote };
        for (name, which) in Which::NAMED {
            let table = Arc::new(Table::new(&session.job, which)?);
            session.context.register_table(name, table).map_err(|e| session.error(e))?;
        }
        Ok(session)
    }

    /// Runs a query and hands on its columns, even where no row comes, and then its rows.
    ///
    /// # Errors
    /// A query that cannot be planned, or fails; whatever the taker fails with.
    pub fn query<E: From<Error>>(&self, sql: &str, take: &mut dyn FnMut(Part<'_>) -> Result<(), E>) -> Result<(), E> {
        let only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.runtime.block_on(async {
            let frame = self.context.sql_with_options(sql, only).await.map_err(|e| self.error(e))?;
            take(Part::Columns(frame.schema().inner()))?;
            self.stream(frame, &mut |batch| take(Part::Rows(batch)).map(|()| true)).await.map(drop)
        })
    }

    /// Hands on every row of the books in order, until somebody says no: then the answer is no.
    ///
    /// # Errors
    /// A cluster that fails; whatever the taker fails with.
    pub fn rows<E: From<Error>>(&self, dictionary: &Dictionary, take: &mut dyn FnMut(Row) -> Result<bool, E>) -> Result<bool, E> {
        let table = Arc::new(Table::new(&self.job, Which::Rows)?);
        let names = self.job.books.iter().map(|book| book.name.clone()).collect();
        let mut reader = wire::Reader::new(dictionary, names);
        // Of a book that breaks off nothing is taken after the break, as where it is read in one go.
        let mut broken = None;
        self.runtime.block_on(async {
            let place = datafusion::prelude::col("place").sort(true, false);
            let frame = self.context.read_table(table).and_then(|frame| frame.sort(vec![place])).map_err(|e| self.error(e))?;
            self.stream(frame, &mut |batch| {
                let items = reader.items(batch).ok_or_else(|| Error::Lost("an executor sent what is no decision".to_owned()))?;
                for (book, item) in items {
                    let late = broken == Some(book) && !matches!(item, Row::Odd(_));
                    if matches!(item, Row::Broken(..)) {
                        broken = Some(book);
                    }
                    let goes_on = late || take(item)?;
                    if !goes_on {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
            .await
        })
    }

    async fn stream<E: From<Error>>(
        &self,
        frame: DataFrame,
        take: &mut dyn FnMut(&RecordBatch) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let mut stream = frame.execute_stream().await.map_err(|e| self.error(e))?;
        while let Some(batch) = stream.next().await {
            if !take(&batch.map_err(|e| self.error(e))?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn error(&self, error: DataFusionError) -> Error {
        if let DataFusionError::External(own) = error.find_root()
            && let Some(Error::Problems(problems)) = own.downcast_ref::<Error>()
        {
            return Error::Problems(problems.clone());
        }
        let text = error.strip_backtrace();
        match error {
            DataFusionError::Plan(_)
            | DataFusionError::SQL(..)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Diagnostic(..) => Error::Query(text),
            _ if self.remote => Error::Lost(text),
            _ => Error::Query(text),
        }
    }
}

/// So long may a cluster take to come up.
const COMING_UP: Duration = Duration::from_secs(10);

/// Waits until a scheduler says that it is ready, which it is once an executor has joined: without one a query would wait for ever.
fn wait_for(url: &str) -> Result<(), Error> {
    let wrong = || Error::Absent(format!("{url} is no scheduler"), "one is named as in df://127.0.0.1:50050".to_owned());
    let place = url.split_once("://").ok_or_else(wrong)?.1.trim_end_matches('/');
    let (_, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    port.parse::<u16>().map_err(|_| wrong())?;
    let start = Instant::now();
    loop {
        let answer = ready(place);
        if matches!(answer, Ok(true)) {
            return Ok(());
        }
        if start.elapsed() > COMING_UP {
            let (told, start) = match answer {
                Ok(_) => (format!("no executor has joined {url}"), format!("tollgate executor --scheduler {place}")),
                Err(e) => (format!("no scheduler answers at {url}: {e}"), format!("tollgate scheduler --bind {place}")),
            };
            return Err(Error::Absent(told, format!("start one: {start}")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ready(place: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(stream).take(256).read_line(&mut status)?;
    Ok(status.split(' ').nth(1) == Some("200"))
}

fn runtime() -> Result<Runtime, Error> {
    Runtime::new().map_err(|e| Error::Lost(e.to_string()))
}

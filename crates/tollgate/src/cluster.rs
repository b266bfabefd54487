//! `tollgate sql`, `tollgate scheduler`, `tollgate executor`, and `tollgate decide --cluster`: the same decisions by SQL and on many
//! machines.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use cluster::{Error, Job, Output, Part, Row, Session};
use columns::{Became, Line, Lines};
use facts::Problem;
use indicatif::{ProgressBar, ProgressStyle};
use regime::Library;

use crate::args::{BookArgs, Common, Format};
use crate::decide::books::{self, Books};
use crate::decide::write::inert;
use crate::decide::{self, Take};
use crate::outputs::{Outputs, Target};
use crate::screen::{Failure, Screen};
use crate::{Exit, pack};

/// Arguments of `sql`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate sql 'SELECT outcome, count(*) FROM decisions GROUP BY outcome' orders.csv\n  \
tollgate sql \"SELECT name, tpp FROM chips WHERE tpp >= 4800 ORDER BY tpp DESC LIMIT 5\"\n  \
tollgate sql \"SELECT member FROM groups WHERE name = 'D:5' AND until IS NULL\"\n\n\
Tables: decisions (of the order books named), chips, groups, countries, clauses; `SELECT * FROM decisions LIMIT 1` shows columns.\n\
SQL has no order in which running totals could run: of rows that a quota counts (`counted`) it answers as if no total were known.")]
pub(crate) struct SqlArgs {
    /// The query, or - to read it from standard input
    pub query: String,
    /// The order books behind `decisions`: files, folders, patterns
    pub files: Vec<PathBuf>,
    /// Write the result here (.csv, .jsonl, .parquet or .arrow), whole or not at all
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to print the result; default: by the name of --out, a table on a terminal, CSV otherwise
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// How the books are read and decided.
    #[command(flatten)]
    pub books: BookArgs,
}

/// Arguments of `scheduler`.
#[derive(Args, Debug)]
#[command(after_help = "Example (it runs until it is stopped):\n  tollgate scheduler --bind 0.0.0.0:50050 --host gate-1\n\n\
Nobody is asked who they are: keep a cluster in a network of its own. docs/guide/cluster.md tells what to run where.")]
pub(crate) struct SchedulerArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    pub bind: SocketAddr,
    /// The name by which executors and clients reach it; default: the address
    #[arg(long)]
    pub host: Option<String>,
    /// Give up an executor that was not heard of for so long, and hand its work to others
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(5..=3600))]
    pub patience: u64,
}

/// Arguments of `executor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Example (it runs until it is stopped):\n  tollgate executor --scheduler gate-1:50050 --bind 0.0.0.0:50051 --host worker-1"
)]
pub(crate) struct ExecutorArgs {
    /// The scheduler
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    pub scheduler: String,
    /// Where to listen; the next port is used as well
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    pub bind: SocketAddr,
    /// The name by which others reach it; default: the address
    #[arg(long)]
    pub host: Option<String>,
    /// Tasks at once; default: one a core
    #[arg(long)]
    pub cores: Option<usize>,
    /// Keep results here until they are fetched; default: a temporary folder
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Problems(problems) => Failure::Problems(problems),
            Error::Query(text) => Failure::Message(text, "`tollgate sql --help` names the tables".to_owned()),
            Error::Absent(text, hint) => Failure::Message(text, hint),
            Error::Lost(text) => {
                Failure::Message(text, "do scheduler and executors run, and can they read the books?".to_owned())
            }
        }
    }
}

fn job(library: &Library, args: &BookArgs, books: &Books) -> Result<Job, Failure> {
    let (at, look) = (books.places()?, &args.look);
    Job::new(&library.pack, (&look.regimes, &look.drafts), &look.lens(), args.standard, at)
        .map_err(|e| Failure::io(Path::new("an order book"), &e))
}

/// Runs a query.
pub(crate) fn sql(screen: &Screen, common: &Common, args: &SqlArgs) -> Result<Exit, Failure> {
    let format = decide::format(screen, args.out.as_deref(), args.format)?;
    let found = books::find(&args.files)?;
    let mut outputs = Outputs::new(common);
    found.reads(&mut outputs)?;
    let target = match &args.out {
        Some(out) => Some(outputs.target(screen, "--out", out, decide::kind(format))?),
        None if matches!(format, Format::Table | Format::Summary) => None,
        None => Some(Target::stdout()?),
    };
    let library = pack::library(common)?;
    let books = found.open(&library, (args.books.input, args.books.decimal.is_some()), &mut outputs)?;
    screen.problems(books.warnings());
    books.check(&library)?;
    let query = match args.query.as_str() {
        "-" => io::read_to_string(io::stdin().lock().take(1 << 20)).map_err(|e| Failure::io(Path::new("standard input"), &e))?,
        query => query.to_owned(),
    };
    let job = job(&library, &args.books, &books)?;
    let session = match &args.books.cluster {
        Some(url) => Session::on(url, job)?,
        None => Session::here(job)?,
    };
    let Some(target) = target else { return table(screen, &session, &query) };
    let failed = |e: io::Error| Failure::io(target.name(), &e);
    write(&session, &query, format, target.empty()?, &failed)?;
    target.put(screen)?;
    Ok(Exit::Done)
}

/// How many rows a table on the terminal shows.
const MOST_SHOWN: usize = 2000;

fn table(screen: &Screen, session: &Session, query: &str) -> Result<Exit, Failure> {
    let (mut header, mut shown, mut rows) = (Vec::new(), Vec::new(), 0);
    session.query::<Failure>(query, &mut |part| {
        match part {
            Part::Columns(schema) => header = schema.fields().iter().map(|field| field.name().clone()).collect(),
            Part::Rows(batch) => {
                rows += batch.num_rows();
                let room = MOST_SHOWN - shown.len();
                shown.extend(cluster::texts(batch)?.into_iter().take(room));
            }
        }
        Ok(())
    })?;
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = screen.table(&names);
    table.add_rows(shown);
    screen.out(&table.to_string())?;
    if rows > MOST_SHOWN {
        screen.out(&format!("… and {} more rows; --out FILE writes all of them", rows - MOST_SHOWN))?;
    }
    Ok(Exit::Done)
}

/// Writes what a query brings.
fn write(
    session: &Session,
    query: &str,
    format: Format,
    file: File,
    failed: &dyn Fn(io::Error) -> Failure,
) -> Result<(), Failure> {
    let form = match format {
        Format::Jsonl => Some(cluster::Form::Jsonl),
        Format::Parquet => Some(cluster::Form::Parquet),
        Format::Arrow => Some(cluster::Form::Arrow),
        Format::Csv | Format::Table | Format::Summary => None,
    };
    let to = BufWriter::new(file);
    let Some(form) = form else {
        let mut csv = csv::Writer::from_writer(to);
        session.query::<Failure>(query, &mut |part| {
            let rows = match part {
                Part::Columns(schema) => vec![schema.fields().iter().map(|field| field.name().clone()).collect()],
                Part::Rows(batch) => cluster::texts(batch)?,
            };
            let mut rows = rows.into_iter().map(|row| row.into_iter().map(inert));
            rows.try_for_each(|row| csv.write_record(row)).map_err(|e| failed(e.into()))
        })?;
        return csv.flush().map_err(failed);
    };
    let (mut to, mut output) = (Some(to), None);
    session.query::<Failure>(query, &mut |part| match part {
        Part::Columns(schema) => {
            output = to.take().map(|to| Output::new(form, schema, to)).transpose().map_err(failed)?;
            Ok(())
        }
        Part::Rows(batch) => output.as_mut().map_or(Ok(()), |output| output.add(batch)).map_err(failed),
    })?;
    if let Some(output) = output {
        output.finish().and_then(|mut to| to.flush()).map_err(failed)?;
    }
    Ok(())
}

/// Runs a scheduler.
pub(crate) fn scheduler(screen: &Screen, args: &SchedulerArgs) -> Result<Exit, Failure> {
    let host = args.host.clone().unwrap_or_else(|| args.bind.ip().to_string());
    let scheduler = cluster::Scheduler { bind: args.bind, host, patience: args.patience };
    cluster::scheduler(&scheduler, &mut |address| {
        screen.err(&format!("scheduler: df://{}:{}\n", scheduler.host, address.port()))
    })?;
    Ok(Exit::Done)
}

/// Runs an executor.
pub(crate) fn executor(screen: &Screen, args: &ExecutorArgs) -> Result<Exit, Failure> {
    let wrong = || Failure::Message(format!("{} is no scheduler", args.scheduler), "as in 127.0.0.1:50050".to_owned());
    let (host, port) = args.scheduler.rsplit_once(':').ok_or_else(wrong)?;
    let folder = tempfile::tempdir().map_err(|e| Failure::io(Path::new("a temporary folder"), &e))?;
    let executor = cluster::Executor {
        scheduler: (host.to_owned(), port.parse().map_err(|_| wrong())?),
        bind: args.bind,
        host: args.host.clone().unwrap_or_else(|| args.bind.ip().to_string()),
        cores: args.cores.unwrap_or(0),
        work: args.work.clone().unwrap_or_else(|| folder.path().to_owned()),
    };
    screen.err(&format!("executor: {} for {}\n", args.bind, args.scheduler));
    cluster::executor(&executor)?;
    Ok(Exit::Done)
}

/// A cluster that decides order books.
pub(crate) struct There {
    session: Session,
    /// Whether it was the cluster that failed.
    lost: Cell<bool>,
}

/// How often a run is tried: an executor that holds results may be lost just before they are fetched.
const TRIES: u32 = 3;

/// What ends a run early.
enum Ended {
    Here(Failure),
    There(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Ended {
        Ended::There(error)
    }
}

impl There {
    /// The cluster that the options name, if any.
    pub(crate) fn of(library: &Library, books: &Books, args: &BookArgs, seeks: bool) -> Result<Option<There>, Failure> {
        let Some(url) = &args.cluster else { return Ok(None) };
        let job = job(library, args, books)?;
        let session = Session::on(url, if seeks { job } else { job.without_missing() })?;
        Ok(Some(There { session, lost: Cell::new(false) }))
    }

    /// Hands on every row, in the order of the books; says whether nobody stopped it, and what is odd about the books.
    pub(crate) fn read(
        &self,
        library: &Library,
        verb: &str,
        lines: &mut Lines,
        take: &mut Take<'_>,
    ) -> Result<(bool, Vec<Problem>), Failure> {
        let bar = ProgressBar::new_spinner();
        let style = format!("{verb} {{spinner}} {{human_pos}} rows {{elapsed}}");
        bar.set_style(ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_spinner()));
        let (mut warnings, mut odd) = (Vec::new(), Vec::new());
        let done = self.session.rows(&library.dictionary, &mut |row| match row {
            Row::Row(line) => {
                bar.inc(1);
                take(lines, line).map_err(Ended::Here)
            }
            Row::Broken(name, problem) => {
                let line = Line::broken(&name, &problem, Became::Bad(vec![problem.clone()]));
                warnings.push(problem);
                take(lines, line).map_err(Ended::Here)
            }
            Row::Odd(problem) => {
                // Each part of a book tells it.
                if !odd.contains(&problem) {
                    odd.push(problem);
                }
                Ok(true)
            }
        });
        bar.finish_and_clear();
        warnings.extend(odd);
        match done {
            Ok(whole) => Ok((whole, warnings)),
            Err(Ended::Here(failure)) => Err(failure),
            Err(Ended::There(error)) => {
                self.lost.set(matches!(error, Error::Lost(_)));
                Err(error.into())
            }
        }
    }

    /// Tries again what the cluster did not do: nothing was written yet.
    pub(crate) fn again<T>(
        &self,
        screen: &Screen,
        mut done: Result<T, Failure>,
        run: &mut dyn FnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        for _ in 1..TRIES {
            match &done {
                Err(Failure::Message(text, _)) if self.lost.replace(false) => {
                    screen.err(&format!("{text}\nthe cluster lost a part of the results; starting again\n"));
                    done = run();
                }
                _ => break,
            }
        }
        done
    }
}

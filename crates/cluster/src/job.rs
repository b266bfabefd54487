//! What every machine needs to know to decide a part of the rows: the law as texts, how it is looked at, and where the books lie.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use columns::{Book, Judge, Lines};
use facts::{Dictionary, Pack, Problem, Severity, parse_date};
use regime::{Corridor, Lens, Library, View};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Rows to decide, and by what law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The texts of the pack, by path.
    pub(crate) pack: BTreeMap<String, String>,
    /// Regimes or corridors by name; none for the default corridor.
    pub(crate) regimes: Vec<String>,
    /// Drafts laid over them.
    pub(crate) drafts: Vec<String>,
    /// Whether the letter of the law counts, not what is enforced.
    pub(crate) text: bool,
    /// Only law that was published by this day.
    pub(crate) known: Option<String>,
    /// Whether what a row leaves out is taken from the standard case.
    pub(crate) standard: bool,
    /// Whether what undetermined rows miss is wanted.
    pub(crate) seeks: bool,
    /// The books in their order.
    pub(crate) books: Vec<BookAt>,
    /// What each task reads, in the order of the rows.
    pub(crate) tasks: Vec<Vec<Piece>>,
}

/// An order book in a place that every machine can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookAt {
    /// What rows call it.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// How it is written, as the ending of a name: `csv`, `jsonl`, `parquet`, `arrow`.
    pub form: String,
}

/// A book or, of a large Parquet file, some of its row groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) book: usize,
    pub(crate) groups: Option<Range<usize>>,
}

/// So many rows of a Parquet file make a task.
const TASK_ROWS: u64 = 1 << 20;
/// Smaller files are put together up to so many bytes.
const TASK_BYTES: u64 = 4 << 20;

impl Job {
    /// A job over books, cut into tasks. Of the texts only those that a decision can depend on are kept.
    ///
    /// # Errors
    /// A book that cannot be opened.
    pub fn new(pack: &Pack, look: (&[String], &[String]), lens: &Lens, standard: bool, books: Vec<BookAt>) -> io::Result<Job> {
        let wanted = |path: &str| {
            path.starts_with("regimes/")
                || path.starts_with("chips/")
                || matches!(path, "fields.toml" | "countries.csv" | "corridors.toml")
        };
        let texts = pack.under("").filter(|source| wanted(&source.path)).map(|s| (s.path.clone(), s.text.clone())).collect();
        let tasks = tasks(&books)?;
        Ok(Job {
            pack: texts,
            regimes: look.0.to_vec(),
            drafts: look.1.to_vec(),
            text: lens.view == View::Text,
            known: lens.known.map(|day| day.to_string()),
            standard,
            seeks: true,
            books,
            tasks,
        })
    }

    /// The same for whoever only counts and adds up: what undetermined rows miss is not sought ([`Lines::seek_missing`]).
    pub fn without_missing(self) -> Job {
        Job { seeks: false, ..self }
    }

    /// Puts neighbouring tasks together until there are no more than so many.
    pub(crate) fn gather(&mut self, most: usize) {
        let each = self.tasks.len().div_ceil(most.max(1)).max(1);
        self.tasks = self.tasks.chunks(each).map(<[Vec<Piece>]>::concat).collect();
    }

    fn lens(&self) -> Lens {
        let view = if self.text { View::Text } else { View::Practice };
        Lens { view, known: self.known.as_deref().and_then(|day| parse_date(day).ok()) }
    }

    /// Everything but the books.
    fn law(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.pack, &self.regimes, &self.drafts, self.text, &self.known).hash(&mut hasher);
        hasher.finish()
    }
}

fn tasks(books: &[BookAt]) -> io::Result<Vec<Vec<Piece>>> {
    let mut tasks: Vec<Vec<Piece>> = Vec::new();
    let mut room = 0;
    let mut add = |piece: Piece, size: u64, most: u64| {
        match tasks.last_mut() {
            Some(task) if size <= room => task.push(piece),
            _ => {
                tasks.push(vec![piece]);
                room = most;
            }
        }
        room = room.saturating_sub(size);
    };
    for (book, at) in books.iter().enumerate() {
        let file = File::open(&at.path)?;
        let size = file.metadata()?.len();
        // A file that cannot be cut is told when it is read.
        let groups = if at.form == "parquet" { Book::groups(&file).unwrap_or_default() } else { Vec::new() };
        if groups.len() < 2 {
            add(Piece { book, groups: None }, size, TASK_BYTES);
            continue;
        }
        let (mut from, mut rows) = (0, 0);
        for (at, own) in groups.iter().enumerate() {
            if at > from && rows + own > TASK_ROWS {
                add(Piece { book, groups: Some(from..at) }, TASK_BYTES, TASK_BYTES);
                (from, rows) = (at, 0);
            }
            rows += own;
        }
        add(Piece { book, groups: Some(from..groups.len()) }, TASK_BYTES, TASK_BYTES);
    }
    if tasks.is_empty() {
        tasks.push(Vec::new());
    }
    Ok(tasks)
}

impl Piece {
    /// Opens it.
    pub(crate) fn open<'a>(&self, at: &BookAt, library: &'a Library) -> Result<Book<'a>, Vec<Problem>> {
        let dictionary: &'a Dictionary = &library.dictionary;
        let failed = |error: io::Error| {
            let source = facts::Source { path: at.name.clone(), text: String::new() };
            vec![source.problem(0..0, error.to_string()).hint("every executor must see the book under the same path")]
        };
        let file = File::open(&at.path).map_err(failed)?;
        let form = columns::Form::of_name(&format!(".{}", at.form)).unwrap_or(columns::Form::Csv);
        match &self.groups {
            Some(groups) => Book::part(dictionary, &at.name, file, groups.clone()),
            None if form.is_text() => {
                let again = file.try_clone().ok();
                Book::text(dictionary, &library.catalogue, &at.name, form, (Box::new(file), again))
            }
            None => Book::table(dictionary, &at.name, form, file),
        }
    }
}

/// A law made ready, kept from task to task, with those who decided before and remember what they found.
pub(crate) struct Ready {
    pub(crate) library: Library,
    pub(crate) corridor: Corridor,
    idle: Mutex<Vec<Lines>>,
}

/// How many laws are kept ready.
const MOST_READY: usize = 8;

static READY: Mutex<Vec<(u64, Arc<Ready>)>> = Mutex::new(Vec::new());

impl Ready {
    /// The law of a job.
    pub(crate) fn of(job: &Job) -> Result<Arc<Ready>, Error> {
        let key = job.law();
        let mut kept = READY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ready)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(ready));
        }
        let mut problems = Vec::new();
        let library = Library::open(Arc::new(Pack::new(job.pack.clone())), &mut problems);
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let corridor = library.corridor(&job.regimes, &job.drafts, job.lens()).map_err(Error::Problems)?;
        let ready = Arc::new(Ready { library, corridor, idle: Mutex::new(Vec::new()) });
        if kept.len() >= MOST_READY {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(&ready)));
        Ok(ready)
    }

    /// Somebody who decides; who has decided before knows much already.
    pub(crate) fn take(&self) -> Lines {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| {
            Lines::new(Judge::new(self.corridor.clone(), false), &self.library.dictionary, &self.library.catalogue)
        })
    }

    /// Takes them back.
    pub(crate) fn put(&self, lines: Lines) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(lines);
    }
}

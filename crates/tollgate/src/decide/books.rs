//! The order books that somebody names: files, folders, patterns, standard input; each file once, read one after the other in batches.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use columns::{Book, Form, Reader, Rows};
use facts::{Dictionary, Problem, Severity};
use indicatif::{ProgressBar, ProgressStyle};
use regime::Library;

use crate::args::InputFormat;
use crate::decide::write::COLUMNS;
use crate::outputs::{Identity, Outputs, Special, special, temporary};
use crate::screen::Failure;

/// Order books in the order in which they are read.
pub(crate) struct Books {
    list: Vec<Named>,
    size: u64,
    /// Whether a point is known to stand before decimals in texts.
    point: bool,
    warnings: Vec<Problem>,
}

struct Named {
    name: String,
    form: Form,
    size: u64,
    at: Place,
}

/// Where a book lies: files are opened when their turn comes, since there may be thousands.
enum Place {
    Path(PathBuf),
    /// What standard input or a pipe brought.
    Kept(File),
}

/// What a book brings next.
pub(crate) enum Piece<'p> {
    Rows(&'p Rows),
    /// It cannot be read on.
    Broken(&'p Problem),
}

/// Whoever takes what books bring: given the book's name, its reader and what comes next, it says whether to go on.
pub(crate) type Each<'e> = dyn FnMut(&str, &Reader<'_>, Piece<'_>) -> Result<ControlFlow<()>, Failure> + 'e;

/// Books that were found and not opened yet.
#[derive(Default)]
pub(crate) struct Found {
    list: Vec<Seen>,
    /// By identity, how a file was called when it was found first.
    files: HashMap<Identity, String>,
    folders: HashSet<Identity>,
    /// What was left out.
    warnings: Vec<Problem>,
}

struct Seen {
    from: From,
    /// Whether somebody named the very file.
    named: bool,
}

enum From {
    StandardInput,
    Pipe(PathBuf),
    File(PathBuf),
}

/// Finds the books.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in paths {
        if path == Path::new("-") {
            if Identity::of_stdin().is_none_or(|stdin| found.is_new(stdin, "standard input")) {
                found.list.push(Seen { from: From::StandardInput, named: true });
            }
        } else {
            found.expand(path)?;
        }
    }
    Ok(found)
}

/// The deepest folder that is read.
const DEEPEST: usize = 12;

impl Found {
    /// Finds the files that a name stands for.
    fn expand(&mut self, path: &Path) -> Result<(), Failure> {
        let text = path.to_string_lossy();
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => return self.folder(path),
            Ok(there) => return self.named(path, &there),
            Err(e) if !text.contains(['*', '?', '[']) => return Err(Failure::io(path, &e)),
            Err(_) => {}
        }
        let hint = "put the pattern in quotes, as in 'orders/*.csv'";
        let wrong = |why: String| Failure::Message(format!("{text}: {why}"), hint.to_owned());
        let mut any = false;
        for path in glob::glob(&text).map_err(|e| wrong(e.to_string()))?.filter_map(Result::ok) {
            match fs::metadata(&path) {
                Ok(there) if there.is_dir() => {}
                Ok(there) => {
                    any = true;
                    self.file(&path, &there);
                }
                Err(e) => self.leave_out(&path, format!("it cannot be read: {e}"), "it is passed over"),
            }
        }
        if any { Ok(()) } else { Err(wrong("no file is called so".to_owned())) }
    }

    /// A file that somebody named.
    fn named(&mut self, path: &Path, there: &Metadata) -> Result<(), Failure> {
        let no_book = |what: &str| {
            let hint = "an order book is a file, a folder, a pattern, a pipe, or - for standard input".to_owned();
            Err(Failure::Message(format!("{} is {what}, which holds no orders", path.display()), hint))
        };
        let from = if there.is_file() {
            From::File(path.to_owned())
        } else {
            match special(there.file_type()) {
                Special::Pipe => From::Pipe(path.to_owned()),
                Special::Device => return no_book("a device"),
                Special::Other(what) => return no_book(what),
            }
        };
        if self.is_new(Identity::of(path), &path.display().to_string()) {
            self.list.push(Seen { from, named: true });
        }
        Ok(())
    }

    /// A folder that somebody named.
    fn folder(&mut self, path: &Path) -> Result<(), Failure> {
        let failed = |e: io::Error| Failure::io(path, &e);
        if !self.folders.insert(Identity::of(path)) {
            self.leave_out(path, "the folder is read already".to_owned(), "it counts once");
            return Ok(());
        }
        let before = self.list.len() + self.warnings.len();
        self.collect(path, &fs::canonicalize(path).map_err(failed)?, DEEPEST).map_err(failed)?;
        if self.list.len() + self.warnings.len() == before {
            let hint = "a folder's books end in .csv, .jsonl, .parquet or .arrow".to_owned();
            return Err(Failure::Message(format!("{} holds no order book", path.display()), hint));
        }
        Ok(())
    }

    fn collect(&mut self, folder: &Path, root: &Path, depth: usize) -> io::Result<()> {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']));
            if hidden {
                continue;
            }
            let is_book = Form::of_name(&path.to_string_lossy()).is_some();
            let mut there = fs::symlink_metadata(&path)?;
            if there.is_symlink() {
                match fs::canonicalize(&path).and_then(|real| Ok((fs::metadata(&real)?, real))) {
                    Ok((behind, real)) if real.starts_with(root) => there = behind,
                    Ok((behind, _)) => {
                        if is_book || behind.is_dir() {
                            self.leave_out(
                                &path,
                                "the link leads out of the folder".to_owned(),
                                "name what it leads to, to have it read",
                            );
                        }
                        continue;
                    }
                    Err(_) => {
                        if is_book {
                            self.leave_out(&path, "the link leads nowhere".to_owned(), "it is passed over");
                        }
                        continue;
                    }
                }
            }
            if there.is_dir() {
                if self.folders.contains(&Identity::of(&path)) {
                    self.leave_out(&path, "the folder is read already".to_owned(), "it counts once");
                } else if depth == 0 {
                    self.leave_out(&path, "it lies too deep".to_owned(), "name it, to have it read");
                } else {
                    self.folders.insert(Identity::of(&path));
                    self.collect(&path, root, depth - 1)?;
                }
            } else if is_book {
                self.file(&path, &there);
            }
        }
        Ok(())
    }

    /// A file that a folder or a pattern brought.
    fn file(&mut self, path: &Path, there: &Metadata) {
        if !there.is_file() {
            let what = match special(there.file_type()) {
                Special::Pipe => "a pipe",
                Special::Device => "a device",
                Special::Other(what) => what,
            };
            self.leave_out(path, format!("it is {what}"), "only plain files are read; it is passed over");
        } else if self.is_new(Identity::of(path), &path.display().to_string()) {
            self.list.push(Seen { from: From::File(path.to_owned()), named: false });
        }
    }

    /// Whether a file was not found before.
    fn is_new(&mut self, identity: Identity, name: &str) -> bool {
        let Some(known) = self.files.get(&identity) else {
            self.files.insert(identity, name.to_owned());
            return true;
        };
        let what = if known == name { "it is named twice".to_owned() } else { format!("it is the file {known} once more") };
        self.leave_out(Path::new(name), what, "it counts once");
        false
    }

    fn leave_out(&mut self, path: &Path, message: String, hint: &str) {
        self.warnings.push(problem(&path.display().to_string(), message, hint).warning());
    }

    /// Says which files are read, of those that somebody named.
    pub(crate) fn reads(&self, outputs: &mut Outputs) -> Result<(), Failure> {
        let named = self.list.iter().filter(|seen| seen.named);
        named.filter_map(|seen| seen.path()).try_for_each(|path| outputs.reads(path))
    }

    /// Opens the books and looks at how they are written. Tables of decisions are no orders: in a folder they are passed over.
    pub(crate) fn open(
        self,
        library: &Library,
        (input, point): (Option<InputFormat>, bool),
        outputs: &mut Outputs,
    ) -> Result<Books, Failure> {
        let (mut list, mut warnings, mut problems) = (Vec::new(), self.warnings, Vec::new());
        for seen in self.list {
            if let Some(path) = seen.path().filter(|path| !seen.named && outputs.is_stdout(&Identity::of(path))) {
                let told = problem(&path.display().to_string(), "standard output goes into it".to_owned(), "it is passed over");
                warnings.push(told.warning());
                continue;
            }
            let named = seen.open(input)?;
            if named.is_decided(&library.dictionary) {
                let told =
                    |hint| problem(&named.name, "these are decisions or bad rows of an earlier run, no orders".to_owned(), hint);
                if seen.named {
                    problems.push(told("name the order book that they came from"));
                } else {
                    warnings.push(told("it is passed over").warning());
                }
                continue;
            }
            if let Some(path) = seen.path().filter(|_| !seen.named) {
                outputs.reads(path)?;
            }
            list.push(named);
        }
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        if list.is_empty() && !warnings.is_empty() {
            problems.extend(warnings);
            problems.push(problem("the order books", "none is left to be read".to_owned(), "name a file that holds orders"));
            return Err(Failure::Problems(problems));
        }
        let size = list.iter().map(|book| book.size).sum();
        Ok(Books { list, size, point, warnings })
    }
}

fn problem(name: &str, message: String, hint: &str) -> Problem {
    let file = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (excerpt, hint) = (String::new(), hint.to_owned());
    Problem { severity: Severity::Error, file, line: 1, column: 1, excerpt, mark: 0, width: 0, message, hint }
}

impl Seen {
    fn path(&self) -> Option<&Path> {
        match &self.from {
            From::StandardInput => None,
            From::Pipe(path) | From::File(path) => Some(path),
        }
    }

    fn open(&self, input: Option<InputFormat>) -> Result<Named, Failure> {
        let name = self.path().unwrap_or(Path::new("standard input"));
        let failed = |e: io::Error| Failure::io(name, &e);
        let (at, form) = match &self.from {
            From::StandardInput => (Place::Kept(kept(&mut io::stdin().lock()).map_err(|e| e.unwrap_or_else(failed))?), None),
            From::Pipe(path) => {
                let mut pipe = File::open(path).map_err(failed)?;
                let kept = kept(&mut pipe).map_err(|e| e.unwrap_or_else(failed))?;
                (Place::Kept(kept), Form::of_name(&path.to_string_lossy()))
            }
            From::File(path) => (Place::Path(path.clone()), Form::of_name(&path.to_string_lossy())),
        };
        let file = at.open().map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let form = match (input, form) {
            (Some(InputFormat::Csv), _) => Form::Csv,
            (Some(InputFormat::Jsonl), _) => Form::Jsonl,
            (Some(InputFormat::Parquet), _) => Form::Parquet,
            (Some(InputFormat::Arrow), _) => Form::Arrow,
            (None, Some(form)) => form,
            (None, None) => {
                let mut start = Vec::new();
                file.take(1 << 12).read_to_end(&mut start).map_err(failed)?;
                Form::of_start(&start)
            }
        };
        Ok(Named { name: name.display().to_string(), form, size, at })
    }
}

/// What can be read only once, as a file, since a book may be read twice.
fn kept(from: &mut dyn Read) -> Result<File, Kept> {
    let mut file = temporary().map_err(Kept::Nowhere)?;
    io::copy(from, &mut file).map_err(Kept::Broken)?;
    Ok(file)
}

/// Why something could not be kept.
enum Kept {
    Nowhere(Failure),
    Broken(io::Error),
}

impl Kept {
    fn unwrap_or_else(self, failed: impl FnOnce(io::Error) -> Failure) -> Failure {
        match self {
            Kept::Nowhere(failure) => failure,
            Kept::Broken(error) => failed(error),
        }
    }
}

impl Books {
    /// How many books there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// What was left out.
    pub(crate) fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Where the books lie, for other machines.
    ///
    /// # Errors
    /// Standard input, which nobody else can read.
    #[cfg(feature = "cluster")]
    pub(crate) fn places(&self) -> Result<Vec<cluster::BookAt>, Failure> {
        let place = |book: &Named| {
            let Place::Path(path) = &book.at else {
                let hint = "write it to a file that every executor can read";
                return Err(Failure::Usage("other machines cannot read standard input".to_owned(), hint.to_owned()));
            };
            let path = fs::canonicalize(path).map_err(|e| Failure::io(path, &e))?;
            let form = match book.form {
                Form::Csv => "csv",
                Form::Jsonl => "jsonl",
                Form::Parquet => "parquet",
                Form::Arrow => "arrow",
            };
            Ok(cluster::BookAt { name: book.name.clone(), path, form: form.to_owned() })
        };
        self.list.iter().map(place).collect()
    }

    /// Opens every book once, so that a column that cannot be read is told before any row is decided.
    pub(crate) fn check(&self, library: &Library) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for book in &self.list {
            let opened = book.open(library, &ProgressBar::hidden())?;
            match opened
                .and_then(|opened| Reader::new(&library.dictionary, &library.catalogue, opened.schema(), &book.name, false))
            {
                Ok(_) => {}
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
    }

    /// Reads all books, and gives the warnings of their columns.
    pub(crate) fn read(
        &self,
        library: &Library,
        (standard, verb): (bool, &str),
        each: &mut Each<'_>,
    ) -> Result<Vec<Problem>, Failure> {
        let bar = if self.size > 1 << 20 { ProgressBar::new(self.size) } else { ProgressBar::hidden() };
        let style = format!("{verb} {{bar:30}} {{bytes}}/{{total_bytes}} {{bytes_per_sec}} {{eta}}");
        bar.set_style(ProgressStyle::with_template(&style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let mut warnings = Vec::new();
        let mut reader: Option<Reader<'_>> = None;
        let mut before = 0;
        'books: for named in &self.list {
            let mut book = named.open(library, &bar)?.map_err(Failure::Problems)?;
            let own = match reader.take() {
                Some(mut reader) => reader.turn_to(book.schema(), &named.name).map(|()| reader),
                None => Reader::new(&library.dictionary, &library.catalogue, book.schema(), &named.name, standard)
                    .map(|reader| if self.point { reader.with_points() } else { reader }),
            };
            let own = reader.insert(own.map_err(Failure::Problems)?);
            let mut rows = 0;
            while let Some(piece) = book.next(own) {
                let flow = match &piece {
                    Ok(piece) => {
                        rows += piece.batch.rows() as u64;
                        each(&named.name, own, Piece::Rows(piece))?
                    }
                    Err(problem) => each(&named.name, own, Piece::Broken(problem))?,
                };
                if let Some(all) = book.rows().filter(|all| *all > 0) {
                    bar.set_position(before + (u128::from(named.size) * u128::from(rows.min(all)) / u128::from(all)) as u64);
                }
                if flow.is_break() {
                    break 'books;
                }
            }
            warnings.extend(book.warnings().iter().chain(own.warnings()).cloned());
            before += named.size;
            bar.set_position(before);
        }
        bar.finish_and_clear();
        Ok(warnings)
    }
}

impl Place {
    /// The book from its start.
    fn open(&self) -> io::Result<File> {
        match self {
            Place::Path(path) => File::open(path),
            Place::Kept(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Ok(file)
            }
        }
    }
}

impl Named {
    fn open<'a>(&self, library: &'a Library, bar: &ProgressBar) -> Result<Result<Book<'a>, Vec<Problem>>, Failure> {
        let failed = |e: io::Error| Failure::io(Path::new(&self.name), &e);
        let file = self.at.open().map_err(failed)?;
        Ok(if self.form.is_text() {
            let again = file.try_clone().map_err(failed)?;
            let input = Box::new(bar.wrap_read(file));
            Book::text(&library.dictionary, &library.catalogue, &self.name, self.form, (input, Some(again)))
        } else {
            Book::table(&library.dictionary, &self.name, self.form, file)
        })
    }

    /// Whether it holds decisions or bad rows, as this program writes them, and nothing else that an order states.
    fn is_decided(&self, dictionary: &Dictionary) -> bool {
        let Some(names) = self.at.open().ok().and_then(|file| self.heading(dictionary, file)) else { return false };
        let has = |name: &str| names.iter().any(|own| own == name);
        let known: Vec<_> = COLUMNS.iter().filter_map(|(name, _)| dictionary.id(name)).collect();
        let more = names.iter().filter_map(|name| dictionary.id(name)).any(|id| !known.contains(&id));
        let decisions = ["outcome", "gate", "by"].into_iter().all(has) && !more;
        let bad_rows = has("line") && (has("problem") || has("problems")) && !has("date") && !has("day");
        decisions || bad_rows
    }

    /// The names of the columns; of JSON lines those in the first line.
    fn heading(&self, dictionary: &Dictionary, file: File) -> Option<Vec<String>> {
        const LONGEST: u64 = 1 << 20;
        match self.form {
            Form::Csv => {
                let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(file.take(LONGEST));
                Some(csv.headers().ok()?.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect())
            }
            Form::Jsonl => {
                let lines = BufReader::new(file.take(LONGEST)).lines();
                let line = lines.map_while(Result::ok).find(|line| !line.trim().is_empty())?;
                let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line.trim()).ok()?;
                Some(object.keys().cloned().collect())
            }
            Form::Parquet | Form::Arrow => {
                let book = Book::table(dictionary, &self.name, self.form, file).ok()?;
                Some(book.names())
            }
        }
    }
}

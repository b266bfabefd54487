//! The order books that somebody names: files, folders, patterns, standard input; read one after the other in batches.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use columns::{Book, Form, Reader, Rows};
use facts::Problem;
use indicatif::{ProgressBar, ProgressStyle};
use regime::Library;

use crate::args::InputFormat;
use crate::screen::Failure;

/// Order books in the order in which they are read.
pub(crate) struct Books {
    list: Vec<Named>,
    size: u64,
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
    /// What standard input brought.
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

/// Finds the books and looks at how they are written.
pub(crate) fn find(paths: &[PathBuf], input: Option<InputFormat>) -> Result<Books, Failure> {
    let mut list = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            list.push(standard_input(input)?);
        } else {
            for path in expand(path)? {
                let form = Form::of_name(&path.to_string_lossy());
                list.push(named(path.display().to_string(), form, Place::Path(path), input)?);
            }
        }
    }
    let size = list.iter().map(|book| book.size).sum();
    Ok(Books { list, size })
}

fn named(name: String, form: Option<Form>, at: Place, input: Option<InputFormat>) -> Result<Named, Failure> {
    let failed = |e: io::Error| Failure::io(Path::new(&name), &e);
    let file = at.open().map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let form = match (input, form) {
        (Some(input), _) => match input {
            InputFormat::Csv => Form::Csv,
            InputFormat::Jsonl => Form::Jsonl,
            InputFormat::Parquet => Form::Parquet,
            InputFormat::Arrow => Form::Arrow,
        },
        (None, Some(form)) => form,
        (None, None) => {
            let mut start = Vec::new();
            file.take(1 << 12).read_to_end(&mut start).map_err(failed)?;
            Form::of_start(&start)
        }
    };
    Ok(Named { name, form, size, at })
}

/// Standard input as a file, since a book may be read twice.
fn standard_input(input: Option<InputFormat>) -> Result<Named, Failure> {
    let name = Path::new("standard input");
    let mut file = tempfile::tempfile().map_err(|e| Failure::io(name, &e))?;
    io::copy(&mut io::stdin().lock(), &mut file).map_err(|e| Failure::io(name, &e))?;
    named(name.display().to_string(), None, Place::Kept(file), input)
}

/// The files that a name stands for.
fn expand(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_dir() {
        let mut files = Vec::new();
        collect(path, DEEPEST, &mut files).map_err(|e| Failure::io(path, &e))?;
        if files.is_empty() {
            let hint = "a folder's books end in .csv, .jsonl, .parquet or .arrow".to_owned();
            return Err(Failure::Message(format!("{} holds no order book", path.display()), hint));
        }
        return Ok(files);
    }
    let text = path.to_string_lossy();
    if path.exists() || !text.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let wrong =
        |why: String| Failure::Usage(format!("{text}: {why}"), "put the pattern in quotes, as in 'orders/*.csv'".to_owned());
    let found: Vec<PathBuf> =
        glob::glob(&text).map_err(|e| wrong(e.to_string()))?.filter_map(Result::ok).filter(|p| p.is_file()).collect();
    if found.is_empty() {
        let hint = "is the pattern right? It is taken from the folder that you are in".to_owned();
        return Err(Failure::Message(format!("{text}: no file is called so"), hint));
    }
    Ok(found)
}

/// The deepest folder that is read.
const DEEPEST: usize = 12;

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']));
        if hidden {
            continue;
        }
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if Form::of_name(&path.to_string_lossy()).is_some() {
            files.push(path);
        }
    }
    Ok(())
}

impl Books {
    /// How many books there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
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
                None => Reader::new(&library.dictionary, &library.catalogue, book.schema(), &named.name, standard),
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
            let input = Box::new(bar.wrap_read(file));
            Book::text(&library.dictionary, &library.catalogue, &self.name, self.form, input)
        } else {
            Book::table(&library.dictionary, &self.name, self.form, file)
        })
    }
}

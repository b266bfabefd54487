//! `tollgate decide`: order books in, decisions, fees and a summary out, batch by batch. Bad rows are reported and counted, the rest
//! goes on.

pub(crate) mod books;
mod summary;
pub(crate) mod write;

use std::collections::HashMap;
use std::io::{self, BufWriter};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use columns::{Answer, Became, Judge, Line, Lines, Told, told};
use comfy_table::Cell;
use facts::{Case, Date, Dictionary, Fact, FieldId, Problem};
use regime::{Library, Totals};

use self::books::{Books, Piece};
use self::summary::Summary;
use self::write::{BadRows, Rows};
use crate::Exit;
use crate::args::{Common, DecideArgs, Format};
use crate::outputs::{Kind, Outputs, Target};
use crate::pack;
use crate::screen::{Failure, Screen, money};

/// How many rows a table on the terminal shows, and how many wait for one another before they are handed on.
const MOST_SHOWN: usize = 2000;

/// Decides order books.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DecideArgs) -> Result<Exit, Failure> {
    let format = format(screen, args.out.as_deref(), args.format)?;
    let found = books::find(&args.files)?;
    let mut outputs = Outputs::new(common);
    found.reads(&mut outputs)?;
    let targets = Targets::new(screen, &mut outputs, args, format)?;
    let library = pack::library(common)?;
    let corridor = pack::corridor(&library, &args.books.look)?;
    let books = found.open(&library, (args.books.input, args.books.decimal.is_some()), &mut outputs)?;
    books.check(&library)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let judge = Judge::new(corridor, false);
    let lines = Lines::new(judge, &library.dictionary, &library.catalogue).with_threads(threads);
    let here = Source::Here(&books, args.books.standard);
    #[cfg(feature = "cluster")]
    let there = crate::cluster::There::of(&library, &books, &args.books, sought(format) > 0)?;
    #[cfg(feature = "cluster")]
    let here = there.as_ref().map_or(here, Source::There);
    let mut desk = Desk { library: &library, source: here, several: books.len() > 1, lines };
    let done = desk.decided(&targets, format);
    #[cfg(feature = "cluster")]
    let done = match &there {
        Some(there) => there.again(screen, done, &mut || desk.decided(&targets, format)),
        None => done,
    };
    let done = done?;
    screen.problems(books.warnings());
    screen.problems(&done.warnings);
    let exit = done.summary.exit();
    done.deliver(screen, &library.dictionary, targets, args, format, books.len() > 1)?;
    Ok(exit)
}

/// How results are written: as somebody says, else as the name of the file says.
pub(crate) fn format(screen: &Screen, out: Option<&Path>, format: Option<Format>) -> Result<Format, Failure> {
    Ok(match (out, format) {
        (Some(out), Some(Format::Table | Format::Summary)) => {
            return Err(Failure::Usage(
                format!("--out {}: a table or a summary is printed, not written to a file", out.display()),
                "say --format csv, jsonl, parquet or arrow, or leave --format away".to_owned(),
            ));
        }
        (_, Some(format)) => format,
        (Some(out), None) => match columns::Form::of_name(&out.to_string_lossy()) {
            Some(columns::Form::Csv) => Format::Csv,
            Some(columns::Form::Jsonl) => Format::Jsonl,
            Some(columns::Form::Parquet) => Format::Parquet,
            Some(columns::Form::Arrow) => Format::Arrow,
            None => {
                return Err(Failure::Usage(
                    format!("{}: the name says no format", out.display()),
                    "end it in .csv, .jsonl, .parquet or .arrow, or say --format".to_owned(),
                ));
            }
        },
        (None, None) if screen.json => Format::Jsonl,
        (None, None) if screen.terminal => Format::Table,
        (None, None) => Format::Csv,
    })
}

/// What a file in a format is called.
pub(crate) fn kind(format: Format) -> Kind {
    match format {
        Format::Table | Format::Csv | Format::Summary => Kind::Csv,
        Format::Jsonl => Kind::Jsonl,
        Format::Parquet => Kind::Parquet,
        Format::Arrow => Kind::Arrow,
    }
}

/// Where a run writes.
struct Targets {
    /// Decisions; none where only a table or a summary is printed.
    out: Option<Target>,
    /// Bad rows, and whether as JSON lines.
    bad: Option<(Target, bool)>,
}

impl Targets {
    fn new(screen: &Screen, outputs: &mut Outputs, args: &DecideArgs, format: Format) -> Result<Targets, Failure> {
        let out = match &args.out {
            Some(out) => Some(outputs.target(screen, "--out", out, kind(format))?),
            None if matches!(format, Format::Table | Format::Summary) => None,
            None => Some(Target::stdout()?),
        };
        let bad = match &args.bad {
            Some(bad) => {
                let jsonl = bad_format(bad)?;
                let kind = if jsonl { Kind::Jsonl } else { Kind::Csv };
                Some((outputs.target(screen, "--bad", bad, kind)?, jsonl))
            }
            None => None,
        };
        let twice = bad.as_ref().is_some_and(|(bad, _)| bad.is_stdout())
            && (format == Format::Table || out.as_ref().is_some_and(Target::is_stdout));
        if twice {
            let hint = "write one of them to a file".to_owned();
            return Err(Failure::Usage("decisions and bad rows would both go to standard output".to_owned(), hint));
        }
        Ok(Targets { out, bad })
    }
}

fn changed() -> Failure {
    Failure::Message("the order books changed while they were read".to_owned(), String::new())
}

/// Of how many orders somebody will read what they miss.
fn sought(format: Format) -> usize {
    match format {
        Format::Summary => 0,
        Format::Table => MOST_SHOWN,
        _ => usize::MAX,
    }
}

/// Whether a file of bad rows is JSON lines. What is no plain file, such as a pipe, takes CSV where its name says nothing.
fn bad_format(bad: &Path) -> Result<bool, Failure> {
    let special = || std::fs::metadata(bad).is_ok_and(|there| !there.is_file() && !there.is_dir());
    match columns::Form::of_name(&bad.to_string_lossy()) {
        Some(columns::Form::Csv) => Ok(false),
        Some(columns::Form::Jsonl) => Ok(true),
        None if special() => Ok(false),
        None | Some(columns::Form::Parquet | columns::Form::Arrow) => Err(Failure::Usage(
            format!("--bad {}: bad rows are written as CSV or JSON lines", bad.display()),
            "end the name in .csv or .jsonl".to_owned(),
        )),
    }
}

/// Who decides the rows of a run.
struct Desk<'a> {
    library: &'a Library,
    source: Source<'a>,
    several: bool,
    lines: Lines,
}

/// Where rows come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Books read here; with the standard case filled in or not.
    Here(&'a Books, bool),
    /// Books read and decided by executors.
    #[cfg(feature = "cluster")]
    There(&'a crate::cluster::There),
}

/// Whoever takes rows; no to stop.
pub(crate) type Take<'t> = columns::Take<'t, Failure>;

/// Orders that quotas count, decided beforehand: by the row's place among all rows.
type Beforehand = HashMap<u64, Told>;

/// A row that a quota may count: its day, its place among all rows, its facts.
struct Counted {
    day: Date,
    place: u64,
    facts: Vec<(FieldId, Fact)>,
}

/// What a run leaves, beside what it wrote.
struct Done {
    table: Vec<[String; 7]>,
    outcomes: Vec<Option<regime::Outcome>>,
    rows: usize,
    summary: Summary,
    /// Columns that name no fact, and books that break off.
    warnings: Vec<Problem>,
}

impl Desk<'_> {
    /// Everything, from the first row to the last.
    fn decided(&mut self, targets: &Targets, format: Format) -> Result<Done, Failure> {
        if let Some(done) = self.pass(targets, format, None)? {
            return Ok(done);
        }
        // Orders that a quota counts do not come in order of date: first all of them are decided, then everything is written.
        let counted = self.in_order(format)?;
        let done = self.pass(targets, format, Some(counted))?;
        done.ok_or_else(changed)
    }

    /// Reads, decides and writes everything; nothing where orders that a quota counts do not come in order of date.
    fn pass(&mut self, targets: &Targets, format: Format, mut beforehand: Option<Beforehand>) -> Result<Option<Done>, Failure> {
        let (several, in_order) = (self.several, beforehand.is_none());
        let failed = |e: io::Error| Failure::io(targets.out.as_ref().map_or(Path::new(""), Target::name), &e);
        let rows = match &targets.out {
            Some(out) => Some(Rows::new(format, several, BufWriter::new(out.empty()?)).map_err(failed)?),
            None => None,
        };
        let bad_failed = |e: io::Error| Failure::io(targets.bad.as_ref().map_or(Path::new(""), |(bad, _)| bad.name()), &e);
        let bad_rows = match &targets.bad {
            Some((bad, jsonl)) => Some(BadRows::new(*jsonl, BufWriter::new(bad.empty()?)).map_err(bad_failed)?),
            None => None,
        };
        let (mut rows, mut bad_rows) = (rows, bad_rows);
        let mut done =
            Done { table: Vec::new(), outcomes: Vec::new(), rows: 0, summary: Summary::default(), warnings: Vec::new() };
        let mut held = Held { totals: self.lines.judge().corridor().totals(), last: Date::MIN, place: 0, rows: Vec::new() };
        self.lines.seek_missing(sought(format));
        let mut hand_on = |lines: &mut Lines, held: &mut Held| {
            for line in held.decided(lines, &mut beforehand)? {
                done.summary.add(&line);
                if line.answer.is_err()
                    && let Some(bad) = &mut bad_rows
                {
                    bad.add(&line).map_err(bad_failed)?;
                    continue;
                }
                if format == Format::Table {
                    done.show(&line);
                }
                rows.as_mut().map_or(Ok(()), |rows| rows.add(&line)).map_err(failed)?;
            }
            lines.seek_missing(sought(format).saturating_sub(done.rows));
            Ok::<(), Failure>(())
        };
        let (whole, warnings) = self.read("deciding", &mut |lines, row| {
            if !held.take(row, in_order) {
                return Ok(false);
            }
            if held.rows.len() == MOST_SHOWN {
                hand_on(lines, &mut held)?;
            }
            Ok(true)
        })?;
        if !whole {
            return Ok(None);
        }
        hand_on(&mut self.lines, &mut held)?;
        rows.map_or(Ok(()), Rows::finish).map_err(failed)?;
        bad_rows.map_or(Ok(()), BadRows::finish).map_err(bad_failed)?;
        done.warnings = warnings;
        Ok(Some(done))
    }

    /// Hands on every row, in the order of the books; says whether nobody stopped it, and what is odd about the books.
    fn read(&mut self, verb: &str, take: &mut Take<'_>) -> Result<(bool, Vec<Problem>), Failure> {
        match self.source {
            Source::Here(books, standard) => {
                let (mut whole, mut warnings) = (true, Vec::new());
                let lines = &mut self.lines;
                let columns = books.read(self.library, (standard, verb), &mut |name, reader, piece| {
                    whole = match piece {
                        Piece::Broken(problem) => {
                            warnings.push(problem.clone());
                            take(lines, Line::broken(name, problem, Became::Bad(vec![problem.clone()])))?
                        }
                        Piece::Rows(batch) => lines.rows(name, reader, batch, take)?,
                    };
                    Ok(if whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
                })?;
                warnings.extend(columns);
                Ok((whole, warnings))
            }
            #[cfg(feature = "cluster")]
            Source::There(there) => there.read(self.library, verb, &mut self.lines, take),
        }
    }

    /// Decides every order that a quota counts, in order of date; orders of one day in the order of the books.
    fn in_order(&mut self, format: Format) -> Result<Beforehand, Failure> {
        let (mut counted, mut place, mut readable) = (Vec::new(), 0, 0);
        self.lines.seek_missing(0);
        self.read("looking for orders under quotas", &mut |_, row| {
            place += 1;
            match &row.answer {
                Became::Bad(_) => return Ok(true),
                Became::Decided(_) => {}
                // What it misses is sought where somebody will read that.
                Became::Counted(case) => counted.push((Counted::of(place, case), readable < sought(format))),
            }
            readable += 1;
            Ok(true)
        })?;
        counted.sort_by_key(|(row, _)| (row.day, row.place));
        let mut totals = self.lines.judge().corridor().totals();
        let mut beforehand = Beforehand::new();
        for alike in counted.chunk_by(|(_, one), (_, next)| one == next) {
            self.lines.seek_missing(if alike.iter().any(|(_, read)| *read) { usize::MAX } else { 0 });
            for some in alike.chunks(MOST_SHOWN) {
                let cases: Vec<Case> = some.iter().map(|(row, _)| row.case(self.library)).collect();
                beforehand.extend(some.iter().map(|(row, _)| row.place).zip(self.lines.tell(&cases, &mut totals)));
            }
        }
        Ok(beforehand)
    }
}

impl Counted {
    fn of(place: u64, case: &Case) -> Counted {
        Counted { day: case.day, place, facts: case.known().map(|(id, fact)| (id, fact.clone())).collect() }
    }

    fn case(&self, library: &Library) -> Case {
        let mut case = Case::new(&library.dictionary, self.day);
        self.facts.iter().for_each(|(id, fact)| case.set(*id, fact.clone()));
        case
    }
}

/// Rows that wait for one another, so that what they miss is searched for side by side, with the running totals up to them.
struct Held {
    totals: Vec<Totals>,
    /// The day of the last order that a quota counted.
    last: Date,
    /// Rows handed on so far.
    place: u64,
    rows: Vec<Line<Became>>,
}

impl Held {
    /// Takes a row; no where a quota counts it and it comes too late to be counted.
    fn take(&mut self, row: Line<Became>, in_order: bool) -> bool {
        if in_order && let Became::Counted(case) = &row.answer {
            if case.day < self.last {
                return false;
            }
            self.last = case.day;
        }
        self.rows.push(row);
        true
    }

    /// The rows with their answers; of those that a quota counts, what was decided beforehand where that was necessary.
    fn decided(&mut self, lines: &mut Lines, beforehand: &mut Option<Beforehand>) -> Result<Vec<Line>, Failure> {
        let rows = std::mem::take(&mut self.rows);
        let counted = rows.iter().filter_map(|row| if let Became::Counted(case) = &row.answer { Some(case) } else { None });
        let told = if beforehand.is_none() { lines.tell(counted, &mut self.totals) } else { Vec::new() };
        let mut told = told.into_iter();
        let mut decided = Vec::with_capacity(rows.len());
        for row in rows {
            self.place += 1;
            let (row, became) = row.apart();
            let answer = match became {
                Became::Bad(problems) => Err(problems),
                Became::Decided(answer) => Ok(answer),
                Became::Counted(_) => {
                    let told = beforehand.as_mut().map_or_else(|| told.next(), |known| known.remove(&self.place));
                    Ok(lines.of_told(told.ok_or_else(changed)?))
                }
            };
            decided.push(row.with(answer));
        }
        Ok(decided)
    }
}

/// The row of an order book that decisions call by its line, and the totals of the rows before it in order of date.
pub(crate) fn row(
    (library, common): (&Library, &Common),
    judge: Judge,
    path: &Path,
    line: u64,
    (standard, point): (bool, bool),
) -> Result<(Case, Vec<Totals>), Failure> {
    let found = books::find(&[path.to_owned()])?;
    let books = found.open(library, (None, point), &mut Outputs::new(common))?;
    if books.len() > 1 {
        return Err(Failure::Usage(format!("{} holds several order books", path.display()), "name the row's own".to_owned()));
    }
    books.check(library)?;
    let mut lines = Lines::new(judge, &library.dictionary, &library.catalogue);
    let mut counted: Vec<Counted> = Vec::new();
    let mut asked: Option<(Result<Case, Vec<Problem>>, u64)> = None;
    let mut place = 0;
    books.read(library, (standard, "looking for orders under quotas"), &mut |_, reader, piece| {
        if let Piece::Rows(rows) = piece {
            counted.extend(lines.counted(reader, rows).iter().map(|(row, case)| Counted::of(place + *row as u64, case)));
            for row in (0..rows.batch.rows()).filter(|row| rows.line(*row) == line) {
                let read = rows.batch.problems(row).map(<[Problem]>::to_vec);
                asked.get_or_insert_with(|| match (read, reader.case(&rows.batch, row)) {
                    (None, Some(case)) => (Ok(case), place + row as u64),
                    (problems, _) => (Err(problems.unwrap_or_default()), place + row as u64),
                });
            }
            place += rows.batch.rows() as u64;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let Some((case, place)) = asked else {
        let hint = "a row is called by its line in the file, as in the column `line` of decisions".to_owned();
        return Err(Failure::Unknown(format!("{} has no row on line {line}", path.display()), hint));
    };
    let case = case.map_err(Failure::Problems)?;
    counted.retain(|row| (row.day, row.place) < (case.day, place));
    counted.sort_by_key(|row| (row.day, row.place));
    let mut totals = lines.judge().corridor().totals();
    for row in counted {
        lines.judge().decide_counted(&row.case(library), &mut totals);
    }
    Ok((case, totals))
}

impl Done {
    /// Keeps a row for the table on the terminal.
    fn show(&mut self, line: &Line) {
        self.rows += 1;
        if self.table.len() >= MOST_SHOWN {
            return;
        }
        let date = line.date.map_or(String::new(), |day| day.to_string());
        let (outcome, said, because, more) = match &line.answer {
            Ok(answer) => {
                let said = &*answer.said;
                let because: Vec<&str> =
                    [&said.gate, &said.by, &said.review].into_iter().filter(|t| !t.is_empty()).map(String::as_str).collect();
                (Some(said.outcome), said.said.clone(), because.join(" "), remarks(line, answer))
            }
            Err(problems) => (None, "bad row".to_owned(), String::new(), told(problems)),
        };
        self.outcomes.push(outcome);
        self.table.push([line.id.clone(), date, line.chip.clone(), line.to.clone(), said, because, more]);
    }

    /// Puts files in their places and prints the rest: the summary to standard output beside a table or alone, else to standard
    /// error beside the data.
    fn deliver(
        self,
        screen: &Screen,
        dictionary: &Dictionary,
        targets: Targets,
        args: &DecideArgs,
        format: Format,
        several: bool,
    ) -> Result<(), Failure> {
        if let Some((bad, _)) = targets.bad {
            bad.put(screen)?;
        }
        let data_on_stdout = targets.out.as_ref().is_some_and(Target::is_stdout);
        match targets.out {
            Some(out) => out.put(screen)?,
            None if format == Format::Table => {
                let mut table = screen.table(&["order", "date", "part", "to", "outcome", "because", "fee, needs, missing"]);
                for (row, outcome) in self.table.into_iter().zip(self.outcomes) {
                    let [id, date, chip, to, said, because, more] = row;
                    let said = outcome.map_or_else(|| Cell::new(&said), |outcome| screen.outcome(outcome, &said));
                    table.add_row([
                        Cell::new(id),
                        Cell::new(date),
                        Cell::new(chip),
                        Cell::new(to),
                        said,
                        Cell::new(because),
                        Cell::new(more),
                    ]);
                }
                let opening = self.summary.opening(screen);
                screen.out(&format!("{opening}{table}"))?;
                if self.rows > MOST_SHOWN {
                    screen.out(&format!("… and {} more rows; --out FILE writes all of them", self.rows - MOST_SHOWN))?;
                }
            }
            None => {}
        }
        if screen.json && !data_on_stdout {
            return screen.json(&self.summary.json(dictionary));
        }
        let place = match &args.bad {
            Some(bad) => Some(bad.display().to_string()),
            None => (format != Format::Table).then(|| "the column `problem`".to_owned()),
        };
        let text = self.summary.text(screen, dictionary, (args.books.standard, several), place.as_deref());
        if data_on_stdout {
            screen.err(&text);
            Ok(())
        } else {
            screen.out(&text)
        }
    }
}

fn remarks(line: &Line, answer: &Answer) -> String {
    let said = &*answer.said;
    let mut parts = Vec::new();
    for (fee, minor) in said.fees.iter().zip(&answer.amounts) {
        let amount = minor.map_or("fee of unknown amount".to_owned(), |m| money(i128::from(m)));
        parts.push(format!("{amount} {} {}", fee.currency, fee.legal_form));
    }
    for (word, list) in [("failed", &said.failed), ("open", &said.open), ("missing", &answer.missing)] {
        if !list.is_empty() {
            parts.push(format!("{word}: {}", list.join(", ")));
        }
    }
    parts
        .extend(line.notices(answer).into_iter().filter(|notice| !answer.missing.iter().any(|m| m == notice)).map(str::to_owned));
    parts.join("; ")
}

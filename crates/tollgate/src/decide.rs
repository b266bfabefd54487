//! `tollgate decide`: order books in, decisions, fees and a summary out, batch by batch. Bad rows are reported and counted, the rest
//! goes on.

mod answer;
mod books;
mod summary;
mod write;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use columns::{Judge, NONE, Reader, Rows as Batch};
use comfy_table::Cell;
use facts::{Case, Date, Fact, FieldId, Problem};
use regime::{FeeDue, Library, Totals};

use self::answer::{Answer, Answers, Line, told};
use self::books::{Books, Piece};
use self::summary::Summary;
use self::write::{BadRows, Rows, beside, copy_out, put};
use crate::Exit;
use crate::args::{Common, DecideArgs, Format};
use crate::pack;
use crate::screen::{Failure, Screen, money};

pub(crate) use self::write::write_whole;

/// How many rows a table on the terminal shows.
const MOST_SHOWN: usize = 2000;

/// Decides order books.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DecideArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let corridor = pack::corridor(&library, &args.look)?;
    let format = format(screen, args)?;
    let bad_format = args.bad.as_deref().map(bad_format).transpose()?;
    let books = books::find(&args.files, args.input)?;
    books.check(&library)?;
    let mut desk =
        Desk { library: &library, standard: args.standard, judge: Judge::new(corridor, false), answers: Answers::default() };
    let done = match desk.pass(&books, args, format, bad_format, None)? {
        Some(done) => done,
        // Orders that a quota counts do not come in order of date: first all of them are decided, then everything is written.
        None => {
            let counted = desk.in_order(&books)?;
            let done = desk.pass(&books, args, format, bad_format, Some(counted))?;
            done.ok_or_else(|| Failure::Message("the order books changed while they were read".to_owned(), String::new()))?
        }
    };
    screen.problems(&done.warnings);
    let bad = done.summary.bad > 0;
    done.deliver(screen, args, format, books.len() > 1)?;
    Ok(if bad { Exit::Problems } else { Exit::Done })
}

fn format(screen: &Screen, args: &DecideArgs) -> Result<Format, Failure> {
    Ok(match (&args.out, args.format) {
        (_, Some(format)) => format,
        (Some(out), None) => match columns::Form::of_name(&out.to_string_lossy()) {
            Some(columns::Form::Csv) => Format::Csv,
            Some(columns::Form::Jsonl) => Format::Jsonl,
            Some(columns::Form::Parquet) => Format::Parquet,
            Some(columns::Form::Arrow) => Format::Arrow,
            None => {
                return Err(Failure::Message(
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

/// Whether a file of bad rows is JSON lines.
fn bad_format(bad: &Path) -> Result<bool, Failure> {
    match columns::Form::of_name(&bad.to_string_lossy()) {
        Some(columns::Form::Csv) => Ok(false),
        Some(columns::Form::Jsonl) => Ok(true),
        _ => Err(Failure::Message(
            format!("{}: bad rows are written as CSV or JSON lines", bad.display()),
            "end the name in .csv or .jsonl".to_owned(),
        )),
    }
}

/// Who decides the rows of a run.
struct Desk<'a> {
    library: &'a Library,
    standard: bool,
    judge: Judge,
    answers: Answers,
}

/// Orders that quotas count, decided beforehand: by the row's place among all rows.
type Beforehand = HashMap<u64, Told>;

/// What the gates say of a row with running totals: verdicts, what is due, and what is missing.
struct Told {
    ids: Vec<u32>,
    due: Vec<Vec<FeeDue>>,
    missing: Vec<String>,
}

/// A row that a quota may count: its day, its place among all rows, its facts.
struct Counted {
    day: Date,
    place: u64,
    facts: Vec<(FieldId, Fact)>,
}

/// What a run leaves.
struct Done {
    out: Output,
    bad: Option<tempfile::NamedTempFile>,
    table: Vec<[String; 7]>,
    outcomes: Vec<Option<regime::Outcome>>,
    rows: usize,
    summary: Summary,
    /// Columns that name no fact, and books that break off.
    warnings: Vec<Problem>,
}

/// Where decisions were written.
enum Output {
    Nowhere,
    /// Beside the file that it becomes.
    Beside(tempfile::NamedTempFile),
    /// For standard output, once all is well.
    Kept(File),
}

impl Desk<'_> {
    /// Reads, decides and writes everything; nothing where orders that a quota counts do not come in order of date.
    fn pass(
        &mut self,
        books: &Books,
        args: &DecideArgs,
        format: Format,
        bad_format: Option<bool>,
        mut beforehand: Option<Beforehand>,
    ) -> Result<Option<Done>, Failure> {
        let several = books.len() > 1;
        let out = match &args.out {
            Some(out) => Output::Beside(beside(out).map_err(|e| Failure::io(out, &e))?),
            None if matches!(format, Format::Table | Format::Summary) => Output::Nowhere,
            None => Output::Kept(tempfile::tempfile().map_err(|e| Failure::io(Path::new("a temporary file"), &e))?),
        };
        let to = args.out.clone().unwrap_or_else(|| PathBuf::from("standard output"));
        let failed = |e: io::Error| Failure::io(&to, &e);
        let file = match &out {
            Output::Beside(file) => Some(file.as_file().try_clone().map_err(failed)?),
            Output::Kept(file) => Some(file.try_clone().map_err(failed)?),
            Output::Nowhere => None,
        };
        let mut rows = file.map(|file| Rows::new(format, several, BufWriter::new(file))).transpose().map_err(failed)?;
        let bad_path = args.bad.clone().unwrap_or_default();
        let bad_failed = |e: io::Error| Failure::io(&bad_path, &e);
        let bad = bad_format.map(|_| beside(&bad_path)).transpose().map_err(bad_failed)?;
        let mut bad_rows = match (&bad, bad_format) {
            (Some(bad), Some(jsonl)) => {
                let file = bad.as_file().try_clone().map_err(bad_failed)?;
                Some(BadRows::new(jsonl, BufWriter::new(file)).map_err(bad_failed)?)
            }
            _ => None,
        };
        let mut done = Done {
            out,
            bad,
            table: Vec::new(),
            outcomes: Vec::new(),
            rows: 0,
            summary: Summary::default(),
            warnings: Vec::new(),
        };
        let mut running = Running { totals: self.judge.corridor().totals(), last: Date::MIN, place: 0, disordered: false };
        let library = self.library;
        let standard = self.standard;
        let warnings = books.read(library, (standard, "deciding"), &mut |name, reader, piece| {
            let mut take = |line: Line| -> Result<(), Failure> {
                done.summary.add(&line);
                if line.answer.is_err() && bad_rows.is_some() {
                    return bad_rows.as_mut().map_or(Ok(()), |bad| bad.add(&line)).map_err(bad_failed);
                }
                if format == Format::Table {
                    done.show(&line);
                }
                rows.as_mut().map_or(Ok(()), |rows| rows.add(&line)).map_err(failed)
            };
            match piece {
                Piece::Broken(problem) => {
                    take(broken(name, problem))?;
                    done.warnings.push(problem.clone());
                }
                Piece::Rows(batch) => self.rows(name, reader, batch, &mut running, &mut beforehand, &mut take)?,
            }
            Ok(if running.disordered { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if running.disordered {
            return Ok(None);
        }
        rows.map_or(Ok(()), Rows::finish).map_err(failed)?;
        bad_rows.map_or(Ok(()), BadRows::finish).map_err(bad_failed)?;
        done.warnings.extend(warnings);
        Ok(Some(done))
    }

    /// Decides the rows of a batch and hands each on.
    fn rows(
        &mut self,
        name: &str,
        reader: &Reader<'_>,
        batch: &Batch,
        running: &mut Running,
        beforehand: &mut Option<Beforehand>,
        take: &mut dyn FnMut(Line) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let decided = self.judge.decide(reader, &batch.batch);
        let counted = self.judge.counted(&decided);
        let mut next = counted.iter().copied().peekable();
        let mut ids = vec![NONE; decided.gates.len()];
        let field = |name: &str| self.library.dictionary.id(name);
        let (chip, quantity, to) = (field("chip"), field("quantity"), field("destination"));
        for row in 0..batch.batch.rows() {
            running.place += 1;
            for (id, gate) in ids.iter_mut().zip(&decided.gates) {
                *id = gate.get(row).copied().unwrap_or(NONE);
            }
            let is_counted = next.next_if_eq(&row).is_some();
            let answer = match batch.batch.problems(row) {
                Some(problems) => Err(problems.to_vec()),
                None if is_counted => match self.with_totals(reader, batch, row, running, beforehand) {
                    Some(answer) => Ok(answer),
                    None => return Ok(()),
                },
                None => {
                    let mut case = || reader.case(&batch.batch, row);
                    Ok(self.answers.answer(&mut self.judge, &ids, &mut case, &running.totals, None))
                }
            };
            let spelled = |id: Option<FieldId>| id.map_or(String::new(), |id| reader.spell(&batch.batch, id, row));
            let date = if answer.is_ok() { batch.batch.date(row) } else { None };
            take(Line {
                file: name.to_owned(),
                id: batch.id(reader, row),
                line: batch.line(row),
                date,
                chip: spelled(chip),
                quantity: spelled(quantity),
                to: spelled(to),
                answer,
            })?;
        }
        Ok(())
    }

    /// The answer of a row that a quota counts; none where it comes too late to be counted.
    fn with_totals(
        &mut self,
        reader: &Reader<'_>,
        batch: &Batch,
        row: usize,
        running: &mut Running,
        beforehand: &mut Option<Beforehand>,
    ) -> Option<Answer> {
        let told = match beforehand {
            Some(known) => known.remove(&running.place),
            None => {
                let case = reader.case(&batch.batch, row)?;
                running.disordered |= case.day < running.last;
                if running.disordered {
                    return None;
                }
                running.last = case.day;
                Some(self.tell(&case, &mut running.totals))
            }
        };
        let told = told?;
        let mut answer = self.answers.answer(&mut self.judge, &told.ids, &mut || None, &running.totals, Some(&told.due));
        answer.missing = told.missing;
        Some(answer)
    }

    /// Decides a row that a quota counts, and adds it to the totals.
    fn tell(&mut self, case: &Case, totals: &mut [Totals]) -> Told {
        let (ids, due): (Vec<u32>, Vec<Vec<FeeDue>>) = self.judge.decide_counted(case, totals).into_iter().unzip();
        // An undetermined row is never posted, so the totals are still what it was decided on.
        let missing = self.answers.answer(&mut self.judge, &ids, &mut || Some(case.clone()), totals, Some(&due)).missing;
        Told { ids, due, missing }
    }

    /// Decides every order that a quota counts, in order of date; orders of one day in the order of the books.
    fn in_order(&mut self, books: &Books) -> Result<Beforehand, Failure> {
        let mut counted = self.counted(books, &mut |_, _, _, _| {})?;
        counted.sort_by_key(|row| (row.day, row.place));
        let mut totals = self.judge.corridor().totals();
        Ok(counted
            .into_iter()
            .map(|row| {
                let case = row.case(self.library);
                (row.place, self.tell(&case, &mut totals))
            })
            .collect())
    }

    /// Every order that a quota may count; `each` sees all rows with their places.
    fn counted(&mut self, books: &Books, each: &mut dyn FnMut(&Reader<'_>, &Batch, usize, u64)) -> Result<Vec<Counted>, Failure> {
        let mut found = Vec::new();
        let mut place = 0;
        books.read(self.library, (self.standard, "looking for orders under quotas"), &mut |_, reader, piece| {
            if let Piece::Rows(batch) = piece {
                let decided = self.judge.decide(reader, &batch.batch);
                for row in self.judge.counted(&decided) {
                    if let Some(case) = reader.case(&batch.batch, row) {
                        let facts = case.known().map(|(id, fact)| (id, fact.clone())).collect();
                        found.push(Counted { day: case.day, place: place + 1 + row as u64, facts });
                    }
                }
                (0..batch.batch.rows()).for_each(|row| each(reader, batch, row, place + 1 + row as u64));
                place += batch.batch.rows() as u64;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl Counted {
    fn case(&self, library: &Library) -> Case {
        let mut case = Case::new(&library.dictionary, self.day);
        self.facts.iter().for_each(|(id, fact)| case.set(*id, fact.clone()));
        case
    }
}

/// Running totals while books are read.
struct Running {
    totals: Vec<Totals>,
    /// The day of the last order that a quota counted.
    last: Date,
    /// Rows so far.
    place: u64,
    /// Whether an order came too late.
    disordered: bool,
}

fn broken(name: &str, problem: &Problem) -> Line {
    Line {
        file: name.to_owned(),
        id: String::new(),
        line: problem.line as u64,
        date: None,
        chip: String::new(),
        quantity: String::new(),
        to: String::new(),
        answer: Err(vec![problem.clone()]),
    }
}

/// The row of an order book that decisions call by its line, and the totals of the rows before it in order of date.
pub(crate) fn row(
    library: &Library,
    judge: Judge,
    path: &Path,
    line: u64,
    standard: bool,
) -> Result<(Case, Vec<Totals>), Failure> {
    let books = books::find(&[path.to_owned()], None)?;
    if books.len() > 1 {
        return Err(Failure::Message(format!("{} holds several order books", path.display()), "name the row's own".to_owned()));
    }
    books.check(library)?;
    let mut desk = Desk { library, standard, judge, answers: Answers::default() };
    let mut asked: Option<(Result<Case, Vec<Problem>>, u64)> = None;
    let counted = desk.counted(&books, &mut |reader, batch, row, place| {
        if batch.line(row) == line && asked.is_none() {
            let read = batch.batch.problems(row).map(<[Problem]>::to_vec);
            asked = match (read, reader.case(&batch.batch, row)) {
                (None, Some(case)) => Some((Ok(case), place)),
                (problems, _) => Some((Err(problems.unwrap_or_default()), place)),
            };
        }
    })?;
    let Some((case, place)) = asked else {
        let hint = "a row is called by its line in the file, as in the column `line` of decisions".to_owned();
        return Err(Failure::Message(format!("{} has no row on line {line}", path.display()), hint));
    };
    let case = case.map_err(Failure::Problems)?;
    let mut before: Vec<Counted> = counted.into_iter().filter(|row| (row.day, row.place) < (case.day, place)).collect();
    before.sort_by_key(|row| (row.day, row.place));
    let mut totals = desk.judge.corridor().totals();
    for row in before {
        desk.judge.decide_counted(&row.case(library), &mut totals);
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
                (Some(said.outcome), said.said.clone(), because.join(" "), remarks(answer))
            }
            Err(problems) => (None, "bad row".to_owned(), String::new(), told(problems)),
        };
        self.outcomes.push(outcome);
        self.table.push([line.id.clone(), date, line.chip.clone(), line.to.clone(), said, because, more]);
    }

    /// Puts files in their places and prints the rest: the summary to standard output beside a table or alone, else to standard
    /// error beside the data.
    fn deliver(self, screen: &Screen, args: &DecideArgs, format: Format, several: bool) -> Result<(), Failure> {
        if let (Some(bad), Some(path)) = (self.bad, &args.bad) {
            put(bad, path)?;
        }
        let data_on_stdout = matches!(self.out, Output::Kept(_));
        match (self.out, &args.out) {
            (Output::Beside(file), Some(out)) => put(file, out)?,
            (Output::Kept(file), _) => copy_out(file)?,
            _ if format == Format::Table => {
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
                screen.out(&table.to_string())?;
                if self.rows > MOST_SHOWN {
                    screen.out(&format!("… and {} more rows; --out FILE writes all of them", self.rows - MOST_SHOWN))?;
                }
            }
            _ => {}
        }
        if screen.json && !data_on_stdout {
            return screen.json(&self.summary.json());
        }
        let place = match &args.bad {
            Some(bad) => Some(bad.display().to_string()),
            None => (format != Format::Table).then(|| "the column `problem`".to_owned()),
        };
        let text = self.summary.text(screen, args.standard, several, place.as_deref());
        if data_on_stdout {
            screen.err(&text);
            Ok(())
        } else {
            screen.out(&text)
        }
    }
}

fn remarks(answer: &Answer) -> String {
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
    parts.join("; ")
}

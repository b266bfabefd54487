//! Orders as people keep them: CSV with a header or JSON lines, read row by row. A bad row is a row of problems, never an end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::case::{Case, Fact, same_name};
use crate::chip::{Catalogue, Found};
use crate::field::{Dictionary, FieldId};
use crate::problem::{Problem, Severity};
use crate::text::parse_date;

/// A row longer than this is refused: no order has a megabyte of facts.
const LONGEST_ROW: usize = 1 << 20;

/// A shipment that somebody wants decided.
#[derive(Clone, Debug)]
pub struct Order {
    /// The order's own number; the line's where it has none.
    pub id: String,
    /// Its facts and its day.
    pub case: Case,
}

/// One row of an order book.
#[derive(Clone, Debug)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: u64,
    /// The order's own number, also where the rest is bad.
    pub id: String,
    /// The order, or everything that is wrong with the row.
    pub order: Result<Order, Vec<Problem>>,
}

/// Where a value of a row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Day,
    Fact(FieldId),
    Unknown,
}

/// A reader of order rows. It holds one row at a time.
pub struct Orders<'a, R> {
    dictionary: &'a Dictionary,
    catalogue: &'a Catalogue,
    file: String,
    input: Input<R>,
    failed: bool,
    /// What is odd about the header: columns that name no fact.
    pub warnings: Vec<Problem>,
}

enum Input<R> {
    Csv { reader: Box<csv::Reader<BufReader<R>>>, headers: Vec<(String, Column)> },
    Json { reader: BufReader<R>, line: u64 },
}

impl<'a, R: Read> Orders<'a, R> {
    /// Starts on CSV text with a header line.
    ///
    /// # Errors
    /// The header cannot be read, or has no `date`.
    pub fn csv(dictionary: &'a Dictionary, catalogue: &'a Catalogue, file: &str, input: R) -> Result<Self, Box<Problem>> {
        let mut reader = Box::new(
            csv::ReaderBuilder::new().flexible(true).has_headers(true).from_reader(BufReader::with_capacity(1 << 16, input)),
        );
        let bad = |message: String, hint: &str| Box::new(row_problem(file, 1, 1, "", message).hint(hint));
        let headers = reader
            .byte_headers()
            .map_err(|e| bad(format!("the header cannot be read: {e}"), "the first line names the columns"))?
            .clone();
        let mut columns: Vec<(String, Column)> = Vec::new();
        let mut warnings = Vec::new();
        for (i, cell) in headers.iter().enumerate() {
            let name = String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned();
            let column = column(dictionary, &name);
            if column == Column::Unknown {
                let near = dictionary.nearest(&name);
                let hint = if near.is_empty() {
                    "it is ignored".to_owned()
                } else {
                    format!("it is ignored; near it: {}", near.join(", "))
                };
                warnings.push(
                    row_problem(file, 1, i + 1, &name, format!("column `{}` names no fact", cut(&name))).hint(hint).warning(),
                );
            } else if columns.iter().any(|(_, c)| *c == column) {
                return Err(bad(format!("two columns stand for `{}`", cut(&name)), "keep one of them"));
            }
            columns.push((name, column));
        }
        if !columns.iter().any(|(_, c)| *c == Column::Day) {
            return Err(bad(
                "there is no column `date`".to_owned(),
                "the first line names the columns: order,date,chip,to,…; `tollgate show fields` lists them",
            ));
        }
        Ok(Orders {
            dictionary,
            catalogue,
            file: file.to_owned(),
            input: Input::Csv { reader, headers: columns },
            failed: false,
            warnings,
        })
    }

    /// Starts on JSON lines: one object a line, names of facts as keys.
    pub fn jsonl(dictionary: &'a Dictionary, catalogue: &'a Catalogue, file: &str, input: R) -> Self {
        let input = Input::Json { reader: BufReader::with_capacity(1 << 16, input), line: 0 };
        Orders { dictionary, catalogue, file: file.to_owned(), input, failed: false, warnings: Vec::new() }
    }

    fn csv_row(&mut self) -> Option<Row> {
        let Input::Csv { reader, headers } = &mut self.input else { return None };
        let mut record = csv::ByteRecord::new();
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(false) => return None,
            Ok(true) => {}
            Err(error) => {
                // The input itself failed: nothing after it can be read.
                let why = row_problem(&self.file, line, 1, "", format!("the file cannot be read on: {error}"));
                self.failed = true;
                return Some(Row { line, id: String::new(), order: Err(vec![why]) });
            }
        }
        let line = record.position().map_or(line, csv::Position::line);
        let last = reader.position().line();
        let id = headers.iter().position(|(_, c)| *c == Column::Id).and_then(|i| record.get(i));
        let id = id.map(|id| cut(&String::from_utf8_lossy(id))).unwrap_or_default();
        let bad = |column: usize, text: &str, message: String, hint: &str| {
            let why = row_problem(&self.file, line, column, text, message).hint(hint);
            Some(Row { line, id: id.clone(), order: Err(vec![why]) })
        };
        if last > line + 2 {
            let hint = format!("a quote on line {line} is not closed where it should be; the lines inside were not read as rows");
            return bad(1, "", format!("the row reaches from line {line} to line {}", last - 1), &hint);
        }
        if record.as_slice().len() > LONGEST_ROW {
            return bad(
                1,
                "",
                format!("the row has {} bytes; at most {LONGEST_ROW} are read", record.as_slice().len()),
                "is this an order file?",
            );
        }
        if record.len() != headers.len() {
            let text = String::from_utf8_lossy(record.as_slice()).into_owned();
            return bad(
                record.len(),
                &text,
                format!("{} cells under {} columns", record.len(), headers.len()),
                "quote cells that hold commas, and keep empty cells",
            );
        }
        let mut cells = Vec::with_capacity(headers.len());
        for (i, ((name, column), cell)) in headers.iter().zip(record.iter()).enumerate() {
            match std::str::from_utf8(cell) {
                Ok(text) => cells.push((i + 1, name.as_str(), *column, text.to_owned())),
                Err(_) => {
                    return bad(
                        i + 1,
                        &String::from_utf8_lossy(cell),
                        format!("{name}: not UTF-8 text"),
                        "save the file as UTF-8",
                    );
                }
            }
        }
        Some(row_of(self.dictionary, self.catalogue, &self.file, line, cells))
    }

    fn json_row(&mut self) -> Option<Row> {
        let Input::Json { reader, line } = &mut self.input else { return None };
        loop {
            *line += 1;
            let number = *line;
            let bad = |text: &str, message: String, hint: &str| {
                let why = row_problem(&self.file, number, 1, text, message).hint(hint);
                Some(Row { line: number, id: String::new(), order: Err(vec![why]) })
            };
            let mut bytes = Vec::new();
            if let Err(error) = reader.by_ref().take(LONGEST_ROW as u64 + 1).read_until(b'\n', &mut bytes) {
                self.failed = true;
                return bad("", format!("the file cannot be read on: {error}"), "");
            }
            if bytes.is_empty() {
                return None;
            }
            if bytes.len() > LONGEST_ROW {
                skip_line(reader);
                return bad("", format!("the line has more than {LONGEST_ROW} bytes"), "one JSON object a line");
            }
            let text = match std::str::from_utf8(&bytes) {
                Ok(text) => text.trim_start_matches('\u{feff}').trim(),
                Err(_) => return bad(&String::from_utf8_lossy(&bytes), "not UTF-8 text".to_owned(), "save the file as UTF-8"),
            };
            if text.is_empty() {
                continue;
            }
            return match json_cells(self.dictionary, text) {
                Ok(cells) => {
                    let cells: Vec<_> = cells.iter().map(|(i, n, c, t)| (*i, n.as_str(), *c, t.clone())).collect();
                    Some(row_of(self.dictionary, self.catalogue, &self.file, number, cells))
                }
                Err(why) => {
                    bad(text, why, "one JSON object a line, as in {\"date\": \"2024-03-01\", \"chip\": \"L4\", \"to\": \"CN\"}")
                }
            };
        }
    }
}

impl<R: Read> Iterator for Orders<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.failed {
            return None;
        }
        match self.input {
            Input::Csv { .. } => self.csv_row(),
            Input::Json { .. } => self.json_row(),
        }
    }
}

impl Order {
    /// An order from (name, value) pairs, as flags give them.
    ///
    /// # Errors
    /// Everything that is wrong with the values.
    pub fn from_pairs(
        dictionary: &Dictionary,
        catalogue: &Catalogue,
        file: &str,
        pairs: &[(String, String)],
    ) -> Result<Order, Vec<Problem>> {
        let cells = pairs
            .iter()
            .enumerate()
            .map(|(i, (name, value))| (i + 1, name.as_str(), column(dictionary, name), value.clone()))
            .collect();
        row_of(dictionary, catalogue, file, 1, cells).order
    }

    /// An order from one JSON object.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(dictionary: &Dictionary, catalogue: &Catalogue, file: &str, text: &str) -> Result<Order, Vec<Problem>> {
        let cells = json_cells(dictionary, text).map_err(|why| vec![row_problem(file, 1, 1, text, why)])?;
        let cells: Vec<_> = cells.iter().map(|(i, n, c, t)| (*i, n.as_str(), *c, t.clone())).collect();
        row_of(dictionary, catalogue, file, 1, cells).order
    }
}

fn column(dictionary: &Dictionary, name: &str) -> Column {
    match name {
        "order" | "id" => Column::Id,
        "date" | "day" => Column::Day,
        _ => dictionary.id(name).map_or(Column::Unknown, Column::Fact),
    }
}

type Cell<N> = (usize, N, Column, String);

/// Number, name, place and text of every value in a JSON object; numbers keep their digits.
fn json_cells(dictionary: &Dictionary, text: &str) -> Result<Vec<Cell<String>>, String> {
    let object: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).map_err(|e| format!("not a JSON object: {e}"))?;
    let mut cells = Vec::new();
    for (i, (name, raw)) in object.into_iter().enumerate() {
        let raw = raw.get().trim();
        let value = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw).map_err(|e| format!("{name}: {e}"))?,
            Some(b'[') => serde_json::from_str::<Vec<String>>(raw)
                .map(|words| if words.is_empty() { "none".to_owned() } else { words.join(" ") })
                .map_err(|e| format!("{name}: a list holds words: {e}"))?,
            Some(b'{') => return Err(format!("{name}: a fact is a value, not an object")),
            _ if raw == "null" => String::new(),
            _ => raw.to_owned(),
        };
        let column = column(dictionary, &name);
        cells.push((i + 1, name, column, value));
    }
    Ok(cells)
}

fn row_of(dictionary: &Dictionary, catalogue: &Catalogue, file: &str, line: u64, cells: Vec<Cell<&str>>) -> Row {
    let mut problems = Vec::new();
    let mut report = |cell: &Cell<&str>, why: String| {
        let (message, hint) = why.split_once("; ").map_or((why.clone(), String::new()), |(m, h)| (m.to_owned(), h.to_owned()));
        problems.push(row_problem(file, line, cell.0, &cell.3, format!("{}: {message}", cell.1)).hint(hint));
    };
    let mut id = String::new();
    let mut day: Option<Date> = None;
    for cell in &cells {
        match cell.2 {
            Column::Id => cell.3.trim().clone_into(&mut id),
            Column::Day => match parse_date(&cell.3) {
                Ok(read) => day = Some(read),
                Err(why) => report(cell, why),
            },
            Column::Unknown if file == FLAGS => {
                report(cell, format!("no fact has this name; near it: {}", dictionary.nearest(cell.1).join(", ")))
            }
            _ => {}
        }
    }
    let mut case = Case::new(dictionary, day.unwrap_or(Date::ZERO));
    let is_chip = |c: &Cell<&str>| matches!(c.2, Column::Fact(f) if dictionary.field(f).name == "chip");
    if let Some(cell) = cells.iter().find(|c| is_chip(c)).filter(|c| !matches!(c.3.trim(), "" | "unknown" | "none")) {
        match catalogue.find(&cell.3) {
            Found::Chip(chip) => chip.fill(&mut case),
            Found::Family(chips) => {
                let names: Vec<&str> = chips.iter().map(|c| &*c.name).collect();
                report(cell, format!("`{}` names several parts; say which: {}", cell.3.trim(), names.join(", ")));
            }
            Found::Nothing(near) if near.is_empty() => report(
                cell,
                format!("`{}` is not in the catalogue; leave `chip` empty and give the part's own figures", cut(&cell.3)),
            ),
            Found::Nothing(near) => {
                report(cell, format!("`{}` is not in the catalogue; near it: {}", cut(&cell.3), near.join(", ")))
            }
        }
    }
    for cell in cells.iter().filter(|c| !is_chip(c)) {
        let Column::Fact(field) = cell.2 else { continue };
        match dictionary.parse(field, &cell.3) {
            Ok(Fact::Unknown) => {}
            Ok(fact) => match case.fact(field) {
                Fact::Unknown => case.set(field, fact),
                known if agrees(known, &fact) => {}
                _ if file == CASES => case.set(field, fact),
                known => {
                    let says = dictionary.spell(field, known);
                    report(
                        cell,
                        format!(
                            "the catalogue says {says} for this part; leave the cell empty, or leave `chip` empty and give all its figures"
                        ),
                    );
                }
            },
            Err(why) => report(cell, why),
        }
    }
    if day.is_none() && !cells.iter().any(|c| c.2 == Column::Day) {
        problems.push(row_problem(file, line, 1, "", "`date` is missing").hint("the law depends on the day"));
    }
    if id.is_empty() {
        id = format!("line {line}");
    }
    let order = if problems.is_empty() { Ok(Order { id: id.clone(), case }) } else { Err(problems) };
    Row { line, id, order }
}

fn agrees(a: &Fact, b: &Fact) -> bool {
    match (a, b) {
        (Fact::Text(a), Fact::Text(b)) => same_name(a, b),
        _ => a == b,
    }
}

/// The name of the source of facts that stand in a case on a page: there, "this part, but with less bandwidth" is a fair question.
const CASES: &str = "cases";

/// The name of the source of facts that were given as flags: there, an unknown name is a mistake and not an extra column.
const FLAGS: &str = "flags";

fn row_problem(file: &str, line: u64, column: usize, text: &str, message: impl Into<String>) -> Problem {
    let excerpt = cut(text);
    let width = excerpt.chars().count();
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line: line as usize,
        column,
        excerpt,
        mark: 0,
        width,
        message: message.into(),
        hint: String::new(),
    }
}

/// A text short enough to print, without control characters.
fn cut(text: &str) -> String {
    let mut short: String = text.trim().chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.trim().chars().count() > 80 {
        short.push('…');
    }
    short
}

fn skip_line<R: Read>(reader: &mut BufReader<R>) {
    loop {
        let (used, done) = match reader.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(bytes) => match bytes.iter().position(|b| *b == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            },
        };
        reader.consume(used);
        if done {
            return;
        }
    }
}

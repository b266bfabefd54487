//! Orders as people keep them: CSV with a header or JSON lines, read row by row. A bad row is a row of problems, never an end.

use std::io::{BufRead, BufReader, Read};

use jiff::civil::Date;
use serde_json::value::RawValue;

use crate::case::{Case, Fact};
use crate::chip::{Catalogue, Found};
use crate::field::{Dictionary, FieldId, FieldType, is_unknown};
use crate::names::same_name;
use crate::number::Number;
use crate::problem::{Problem, Severity};
use crate::text::parse_date;

/// A row longer than this is refused: no order has a megabyte of facts.
const LONGEST_ROW: usize = 1 << 20;
/// A header with more columns than this is refused.
const MOST_COLUMNS: usize = 1000;

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

/// How facts that are not as they should be are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// A book may have columns of its own; they were warned of.
    Book,
    /// Whoever asks one question means every name.
    Question,
    /// A what-if may differ from the catalogue: "this part, but with less bandwidth".
    WhatIf,
}

/// Of which columns it is settled that a point in their texts stands before decimals. In others `1.000` is refused, since it may be a
/// thousand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// In all of them.
    pub all: bool,
    /// In those of these fields.
    pub fields: Vec<FieldId>,
}

impl Points {
    /// Whoever spelled the numbers spelled them with points before decimals.
    pub const DECIMAL: Points = Points { all: true, fields: Vec::new() };

    /// Whether it is settled for a field.
    pub fn settle(&self, field: FieldId) -> bool {
        self.all || self.fields.contains(&field)
    }
}

/// One row of an order book before its facts are read.
#[derive(Debug)]
pub struct Line {
    /// Line in the file, from 1.
    pub number: u64,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    /// A value for every column of the header.
    Record(csv::StringRecord),
    /// The members of an object: place, name, column, value.
    Object(Vec<Member>),
    /// What could not be taken apart.
    Bad(Row),
}

impl Line {
    /// The values with their fields: the name of the field's first column, `order` and `date` included; what names no fact is left
    /// out. Of a field that is stated twice, which is a bad row, the first.
    pub fn values<'l>(&'l self, dictionary: &'l Dictionary, names: &'l [String]) -> Vec<(&'l str, &'l str)> {
        match &self.cells {
            Cells::Record(record) => names.iter().map(String::as_str).zip(record).collect(),
            Cells::Object(members) => {
                let named = |(_, name, column, value): &'l Member| {
                    let name = match column {
                        Column::Fact(id) => dictionary.field(*id).name.as_str(),
                        Column::Id => "order",
                        Column::Day => "date",
                        Column::Unknown => name.as_str(),
                    };
                    (name, value.as_str())
                };
                members.iter().map(named).collect()
            }
            Cells::Bad(_) => Vec::new(),
        }
    }

    /// The number of a row that could not be taken apart, where at least that could be read; none for every other row.
    pub fn bad_id(&self) -> Option<&str> {
        if let Cells::Bad(row) = &self.cells { Some(&row.id) } else { None }
    }

    /// Whether no reader of columns sees all that is wrong: the row could not be taken apart, or states something twice.
    pub fn is_odd(&self) -> bool {
        match &self.cells {
            Cells::Record(_) => false,
            Cells::Object(members) => {
                let twice =
                    |at: usize, column: &Column| members.iter().take(at).any(|m| m.2 == *column && *column != Column::Unknown);
                members.iter().enumerate().any(|(at, (_, _, column, _))| twice(at, column))
            }
            Cells::Bad(_) => true,
        }
    }
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
    /// How points in numbers are meant.
    pub points: Points,
}

/// An input as plain lines: no byte-order mark before, every line ended by one line feed, the last one too.
struct Plain<R> {
    input: BufReader<R>,
    after_return: bool,
    /// The last bytes that were handed on, the newest lowest.
    last: u32,
    begun: bool,
    ended: bool,
}

enum Input<R> {
    Csv {
        reader: Box<csv::Reader<Plain<R>>>,
        headers: Vec<(String, Column)>,
    },
    /// `first` until the first line that holds something.
    Json {
        reader: BufReader<R>,
        line: u64,
        first: bool,
    },
}

impl<'a, R: Read> Orders<'a, R> {
    /// Starts on CSV text with a header line.
    ///
    /// # Errors
    /// The header cannot be read, or has no `date`.
    pub fn csv(dictionary: &'a Dictionary, catalogue: &'a Catalogue, file: &str, input: R) -> Result<Self, Box<Problem>> {
        let bad = |message: String, hint: &str| Box::new(row_problem(file, 1, 1, "", message).hint(hint));
        let input = Plain {
            input: BufReader::with_capacity(1 << 16, input),
            after_return: false,
            last: u32::from(b'\n'),
            begun: false,
            ended: false,
        };
        let mut reader =
            Box::new(csv::ReaderBuilder::new().flexible(true).has_headers(true).buffer_capacity(1 << 16).from_reader(input));
        let headers = reader
            .byte_headers()
            .map_err(|e| bad(format!("the header cannot be read: {e}"), "the first line names the columns"))?
            .clone();
        if headers.as_slice().len() > LONGEST_ROW || headers.len() > MOST_COLUMNS {
            let size = format!("{} bytes in {} columns", headers.as_slice().len(), headers.len());
            return Err(bad(format!("the header has {size}"), "is this an order file?"));
        }
        let mut columns: Vec<(String, Column)> = Vec::new();
        let mut warnings = Vec::new();
        for (i, cell) in headers.iter().enumerate() {
            let name = String::from_utf8_lossy(cell).trim().to_owned();
            let column = column(dictionary, &name);
            if column == Column::Unknown {
                warnings.push(unknown_column(dictionary, file, 1, i + 1, &name));
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
            points: Points::default(),
        })
    }

    /// Starts on JSON lines: one object a line, names of facts as keys.
    pub fn jsonl(dictionary: &'a Dictionary, catalogue: &'a Catalogue, file: &str, input: R) -> Self {
        let input = Input::Json { reader: BufReader::with_capacity(1 << 16, input), line: 0, first: true };
        Orders {
            dictionary,
            catalogue,
            file: file.to_owned(),
            input,
            failed: false,
            warnings: Vec::new(),
            points: Points::default(),
        }
    }

    /// The columns of the header; none where every row names its own.
    pub fn names(&self) -> Vec<String> {
        match &self.input {
            Input::Csv { headers, .. } => headers.iter().map(|(name, _)| name.clone()).collect(),
            Input::Json { .. } => Vec::new(),
        }
    }

    /// The next row, its facts unread.
    pub fn line(&mut self) -> Option<Line> {
        if self.failed {
            return None;
        }
        match self.input {
            Input::Csv { .. } => self.csv_line(),
            Input::Json { .. } => self.json_line(),
        }
    }

    /// Reads the facts of a row.
    pub fn read(&self, line: &Line) -> Row {
        let world = (self.dictionary, self.catalogue, Manner::Book, &self.points);
        match (&line.cells, &self.input) {
            (Cells::Bad(row), _) => row.clone(),
            (Cells::Object(members), _) => row_of(world, &self.file, line.number, &members.iter().map(cell).collect::<Vec<_>>()),
            (Cells::Record(record), Input::Csv { headers, .. }) => {
                let named = headers.iter().zip(record).enumerate();
                let cells: Vec<Cell> = named.map(|(i, ((name, column), text))| (i + 1, name.as_str(), *column, text)).collect();
                row_of(world, &self.file, line.number, &cells)
            }
            (Cells::Record(_), Input::Json { .. }) => Row { line: line.number, id: String::new(), order: Err(Vec::new()) },
        }
    }

    fn csv_line(&mut self) -> Option<Line> {
        let Input::Csv { reader, headers } = &mut self.input else { return None };
        let mut record = csv::ByteRecord::new();
        loop {
            let line = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(false) => return None,
                // Spreadsheets leave rows of nothing but commas; they are skipped like blank lines.
                Ok(true) if record.as_slice().iter().all(u8::is_ascii_whitespace) && !ends_open(reader, &record) => {}
                Ok(true) => break,
                Err(error) => {
                    // The input itself failed: nothing after it can be read.
                    let why = row_problem(&self.file, line, 1, "", format!("the file cannot be read on: {error}"));
                    self.failed = true;
                    return Some(bad_line(Row { line, id: String::new(), order: Err(vec![why]) }));
                }
            }
        }
        // Every row ends in one line feed, so it began as many lines back as its cells hold.
        let last = reader.position().line().saturating_sub(1);
        let inside = record.as_slice().iter().filter(|b| **b == b'\n').count() as u64;
        let open = ends_open(reader, &record);
        let line = last.saturating_sub(inside) + u64::from(open);
        let id = headers.iter().position(|(_, c)| *c == Column::Id).and_then(|i| record.get(i));
        let id = id.map(|id| cut(&String::from_utf8_lossy(id))).unwrap_or_default();
        let bad = |column: usize, text: &str, message: String, hint: &str| {
            let why = row_problem(&self.file, line, column, text, message).hint(hint);
            Some(bad_line(Row { line, id: id.clone(), order: Err(vec![why]) }))
        };
        if record.as_slice().len() > LONGEST_ROW {
            return bad(
                1,
                "",
                format!("the row has {} bytes; at most {LONGEST_ROW} are read", record.as_slice().len()),
                "is this an order file?",
            );
        }
        if inside > 0 && (open || record.len() != headers.len() || swallows(&record)) {
            let hint = format!("a quote on line {line} is not closed where it should be; what it swallowed was not read as rows");
            return bad(1, "", format!("the row reaches from line {line} to line {last}"), &hint);
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
        let record = match csv::StringRecord::from_byte_record(record) {
            Ok(record) => record,
            Err(error) => {
                let record = error.into_byte_record();
                let wrong = |(cell, (_, column)): &(&[u8], &(String, Column))| {
                    *column != Column::Unknown && std::str::from_utf8(cell).is_err()
                };
                if let Some((at, (cell, (name, _)))) = record.iter().zip(headers.iter()).enumerate().find(|(_, cell)| wrong(cell))
                {
                    let cell = String::from_utf8_lossy(cell).into_owned();
                    return bad(at + 1, &cell, format!("{name}: not UTF-8 text"), "save the file as UTF-8");
                }
                // What stands in a column that is ignored is no fault.
                record.iter().map(String::from_utf8_lossy).collect()
            }
        };
        Some(Line { number: line, cells: Cells::Record(record) })
    }

    fn json_line(&mut self) -> Option<Line> {
        let Input::Json { reader, line, first } = &mut self.input else { return None };
        loop {
            *line += 1;
            let number = *line;
            let bad = |text: &str, message: String, hint: &str| {
                let why = row_problem(&self.file, number, 1, text, message).hint(hint);
                Some(bad_line(Row { line: number, id: String::new(), order: Err(vec![why]) }))
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
                if bytes.last() != Some(&b'\n') {
                    skip_line(reader);
                }
                return bad("", format!("the line has more than {LONGEST_ROW} bytes"), "one JSON object a line");
            }
            let text = String::from_utf8_lossy(&bytes);
            // Of a text that is none, what was put in the place of its bytes.
            let torn = matches!(text, std::borrow::Cow::Owned(_)).then_some('\u{fffd}');
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                continue;
            }
            if std::mem::replace(first, false) && is_document(text) {
                self.failed = true;
                let hint =
                    "write every order on a line of its own, as in {\"date\": \"2024-03-01\", \"chip\": \"L4\", \"to\": \"CN\"}";
                return bad(text, "this is one JSON document; one object a line is read".to_owned(), hint);
            }
            let read = json_cells(self.dictionary, text, Manner::Book);
            if torn.is_some_and(|torn| match &read {
                Ok(cells) => cells
                    .iter()
                    .any(|(_, name, column, text)| *column != Column::Unknown && (name.contains(torn) || text.contains(torn))),
                Err(_) => true,
            }) {
                return bad(text, "not UTF-8 text".to_owned(), "save the file as UTF-8");
            }
            return match read {
                Ok(cells) => {
                    for (i, name, ..) in cells.iter().filter(|(_, _, c, _)| *c == Column::Unknown) {
                        let told = self.warnings.iter().any(|w| w.excerpt == cut(name));
                        if !told && self.warnings.len() < MOST_COLUMNS {
                            self.warnings.push(unknown_column(self.dictionary, &self.file, number, *i, name));
                        }
                    }
                    Some(Line { number, cells: Cells::Object(cells) })
                }
                Err(wrong) => {
                    let hint = "one JSON object a line, as in {\"date\": \"2024-03-01\", \"chip\": \"L4\", \"to\": \"CN\"}";
                    let why = row_problem(&self.file, number, 1, text, wrong.why).hint(hint);
                    Some(bad_line(Row { line: number, id: wrong.id, order: Err(vec![why]) }))
                }
            };
        }
    }
}

impl<R: Read> Iterator for Orders<'_, R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let line = self.line()?;
        Some(self.read(&line))
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
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<Order, Vec<Problem>> {
        row_of((dictionary, catalogue, Manner::Question, &Points::DECIMAL), file, 1, &cells_of(dictionary, pairs)).order
    }

    /// The same as somebody types them: `1.000`, which may be a thousand, is refused.
    ///
    /// # Errors
    /// Everything that is wrong with the values.
    pub fn typed(
        dictionary: &Dictionary,
        catalogue: &Catalogue,
        file: &str,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<Order, Vec<Problem>> {
        row_of((dictionary, catalogue, Manner::Question, &Points::default()), file, 1, &cells_of(dictionary, pairs)).order
    }

    /// The same as a what-if: facts may differ from those of the catalogue.
    ///
    /// # Errors
    /// Everything that is wrong with the values.
    pub fn what_if(
        dictionary: &Dictionary,
        catalogue: &Catalogue,
        file: &str,
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<Order, Vec<Problem>> {
        row_of((dictionary, catalogue, Manner::WhatIf, &Points::DECIMAL), file, 1, &cells_of(dictionary, pairs)).order
    }

    /// One row of a book from its (name, value) cells, read as [`Orders`] reads rows.
    pub fn row(
        (dictionary, catalogue, points): (&Dictionary, &Catalogue, &Points),
        file: &str,
        line: u64,
        cells: &[(String, String)],
    ) -> Row {
        row_of((dictionary, catalogue, Manner::Book, points), file, line, &cells_of(dictionary, cells))
    }

    /// An order from one JSON object.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(dictionary: &Dictionary, catalogue: &Catalogue, file: &str, text: &str) -> Result<Order, Vec<Problem>> {
        let cells = json_cells(dictionary, text, Manner::Question).map_err(|bad| vec![row_problem(file, 1, 1, text, bad.why)])?;
        row_of(
            (dictionary, catalogue, Manner::Question, &Points::default()),
            file,
            1,
            &cells.iter().map(cell).collect::<Vec<_>>(),
        )
        .order
    }
}

/// Whether the last record of a file ends within quotes: the open quote took the file's last line feed into its cell. A cell may end in
/// a line feed for itself; then its quote stands behind it.
fn ends_open<R: Read>(reader: &csv::Reader<Plain<R>>, record: &csv::ByteRecord) -> bool {
    let input = reader.get_ref();
    record.as_slice().last() == Some(&b'\n') && input.ended && input.last & 0x00ff_ffff != u32::from_be_bytes(*b"\0\n\"\n")
}

/// Whether one of the lines within a record has as many cells as a row: then it is a row, and a quote before it was left open.
fn swallows(record: &csv::ByteRecord) -> bool {
    let mut cells = 0;
    let mut first = true;
    for cell in record {
        for (at, piece) in cell.split(|b| *b == b'\n').enumerate() {
            if at > 0 {
                if !first && cells == record.len() {
                    return true;
                }
                (first, cells) = (false, 0);
            }
            // A cell of one line may hold commas between its quotes.
            let commas = if at > 0 || cell.contains(&b'\n') { piece.iter().filter(|b| **b == b',').count() } else { 0 };
            cells += 1 + commas;
        }
    }
    !first && cells == record.len()
}

fn bad_line(row: Row) -> Line {
    Line { number: row.line, cells: Cells::Bad(row) }
}

fn cells_of<'p>(dictionary: &Dictionary, pairs: &'p [(impl AsRef<str>, impl AsRef<str>)]) -> Vec<Cell<'p>> {
    let named = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).enumerate();
    named.map(|(i, (name, value))| (i + 1, name, column(dictionary, name), value)).collect()
}

fn cell((place, name, column, value): &Member) -> Cell<'_> {
    (*place, name, *column, value)
}

/// A warning of a name that no fact has.
fn unknown_column(dictionary: &Dictionary, file: &str, line: u64, at: usize, name: &str) -> Problem {
    let near = dictionary.nearest(name);
    let hint = if near.is_empty() { "it is ignored".to_owned() } else { format!("it is ignored; near it: {}", near.join(", ")) };
    row_problem(file, line, at, name, format!("column `{}` names no fact", cut(name))).hint(hint).warning()
}

impl<R: Read> Plain<R> {
    /// Passes over a byte-order mark, however its bytes arrive.
    fn begin(&mut self) -> std::io::Result<Vec<u8>> {
        self.begun = true;
        let mut start = Vec::new();
        self.input.by_ref().take(3).read_to_end(&mut start)?;
        Ok(if start == b"\xef\xbb\xbf" { Vec::new() } else { start })
    }

    /// Writes bytes as plain lines; `to` has room for all of them.
    fn plain(&mut self, from: &[u8], to: &mut [u8]) -> usize {
        let mut written = 0;
        for (byte, place) in from.iter().filter_map(|b| self.one(*b)).zip(to) {
            *place = byte;
            written += 1;
        }
        written
    }

    /// One byte as it is read on: a return is a line feed, and a line feed after a return is nothing.
    fn one(&mut self, byte: u8) -> Option<u8> {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        if byte == b'\n' && after_return {
            return None;
        }
        let byte = if byte == b'\r' { b'\n' } else { byte };
        self.last = self.last << 8 | u32::from(byte);
        Some(byte)
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if to.len() < 4 {
            return Err(std::io::Error::other("the reader's buffer is too small"));
        }
        loop {
            let from = if self.begun { self.input.fill_buf()?.to_vec() } else { Vec::new() };
            if self.begun {
                if from.is_empty() {
                    // A last line without an end gets one, so that every row ends alike.
                    let open = !std::mem::replace(&mut self.ended, true) && self.last & 0xff != u32::from(b'\n');
                    return Ok(if open { self.plain(b"\n", to) } else { 0 });
                }
                let take = from.get(..from.len().min(to.len())).unwrap_or_default();
                let written = self.plain(take, to);
                self.input.consume(take.len());
                if written > 0 {
                    return Ok(written);
                }
            } else {
                let start = self.begin()?;
                let written = self.plain(&start, to);
                if written > 0 {
                    return Ok(written);
                }
            }
        }
    }
}

fn column(dictionary: &Dictionary, name: &str) -> Column {
    match name {
        "order" | "id" => Column::Id,
        "date" | "day" => Column::Day,
        _ => dictionary.id(name).map_or(Column::Unknown, Column::Fact),
    }
}

/// A value of a row: place, name, column, text.
type Cell<'c> = (usize, &'c str, Column, &'c str);
/// The same of an object.
type Member = (usize, String, Column, String);

/// Why a JSON object is no order, and the order's number where it could be read.
struct BadObject {
    id: String,
    why: String,
}

/// The members of a JSON object in their order, one said twice included.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with names of facts as keys")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Visitor)
    }
}

/// Whether the first line of JSON lines is the beginning of something else: a list, or an object that goes on in the next line.
fn is_document(text: &str) -> bool {
    let open = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err_and(|e| e.is_eof());
    text.starts_with('[') || text.starts_with('{') && text.ends_with(['{', '[', ',', ':']) && open()
}

/// Number, name, place and text of every value in a JSON object; numbers keep their digits.
fn json_cells(dictionary: &Dictionary, text: &str, manner: Manner) -> Result<Vec<Member>, BadObject> {
    let Members(object) =
        serde_json::from_str(text).map_err(|e| BadObject { id: String::new(), why: format!("not a JSON object: {e}") })?;
    let named = object.iter().find(|(name, _)| column(dictionary, name) == Column::Id);
    let id = named.and_then(|(_, raw)| serde_json::from_str::<String>(raw.get()).ok()).map(|id| cut(&id)).unwrap_or_default();
    let bad = |why: String| BadObject { id: id.clone(), why };
    let mut cells = Vec::new();
    for (i, (name, raw)) in object.into_iter().enumerate() {
        let raw = raw.get().trim();
        let column = column(dictionary, &name);
        let is_number = |id: FieldId| dictionary.field(id).kind == FieldType::Number;
        let value = match raw.as_bytes().first() {
            // What is ignored may be anything.
            _ if column == Column::Unknown && manner == Manner::Book => String::new(),
            Some(b'-' | b'0'..=b'9') if matches!(column, Column::Fact(id) if is_number(id)) => {
                // In a number of JSON the point stands before decimals.
                Number::unmistakable(raw.to_owned())
            }
            Some(b'"') => serde_json::from_str(raw).map_err(|e| bad(format!("{name}: {e}")))?,
            Some(b'[') => serde_json::from_str::<Vec<String>>(raw)
                .map(|words| if words.is_empty() { "none".to_owned() } else { words.join(" ") })
                .map_err(|e| bad(format!("{name}: a list holds words: {e}")))?,
            Some(b'{') => return Err(bad(format!("{name}: a fact is a value, not an object"))),
            // Whoever writes null for a fact says that nobody knows.
            _ if raw == "null" => if matches!(column, Column::Fact(_)) { "unknown" } else { "" }.to_owned(),
            _ => raw.to_owned(),
        };
        cells.push((i + 1, name, column, value));
    }
    Ok(cells)
}

fn row_of(world: (&Dictionary, &Catalogue, Manner, &Points), file: &str, line: u64, cells: &[Cell]) -> Row {
    let (dictionary, catalogue, manner, points) = world;
    let mut problems = Vec::new();
    let mut report = |cell: &Cell, why: String| {
        let (message, hint) = why.split_once("; ").map_or((why.clone(), String::new()), |(m, h)| (m.to_owned(), h.to_owned()));
        problems.push(row_problem(file, line, cell.0, cell.3, format!("{}: {message}", cell.1)).hint(hint));
    };
    let mut id = String::new();
    let mut day: Option<Date> = None;
    for (i, cell) in cells.iter().enumerate() {
        if cell.2 != Column::Unknown
            && let Some(first) = cells.iter().take(i).find(|c| c.2 == cell.2)
        {
            report(cell, format!("said before, as `{}`; keep one of them", first.1));
            continue;
        }
        match cell.2 {
            Column::Id => id = printable(cell.3),
            Column::Day if cell.3.trim().is_empty() => {}
            Column::Day => match parse_date(cell.3) {
                Ok(read) => day = Some(read),
                Err(why) => report(cell, why),
            },
            Column::Unknown if manner == Manner::Question => {
                report(cell, format!("no fact has this name; near it: {}", dictionary.nearest(cell.1).join(", ")))
            }
            _ => {}
        }
    }
    let mut case = Case::new(dictionary, day.unwrap_or(Date::ZERO));
    let is_chip = |c: &Cell| matches!(c.2, Column::Fact(f) if dictionary.field(f).name == "chip");
    if let Some(cell) = cells.iter().find(|c| is_chip(c)).filter(|c| !matches!(c.3.trim(), "" | "none") && !is_unknown(c.3)) {
        match catalogue.find(cell.3) {
            Found::Chip(chip) => chip.fill(&mut case),
            Found::Family(chips) => {
                let names: Vec<&str> = chips.iter().map(|c| &*c.name).collect();
                report(cell, format!("`{}` names several parts; say which: {}", cell.3.trim(), names.join(", ")));
            }
            Found::Nothing(near) if near.is_empty() => report(
                cell,
                format!("`{}` is not in the catalogue; leave `chip` empty and give the part's own figures", cut(cell.3)),
            ),
            Found::Nothing(near) => {
                report(cell, format!("`{}` is not in the catalogue; near it: {}", cut(cell.3), near.join(", ")))
            }
        }
    }
    for (i, cell) in cells.iter().enumerate() {
        let Column::Fact(field) = cell.2 else { continue };
        // The catalogue spoke for a part that was named.
        if is_chip(cell) && cell.3.trim() != "none" || cells.iter().take(i).any(|c| c.2 == cell.2) {
            continue;
        }
        if let Some((why, helps)) = dictionary.undecided(field, cell.3).filter(|_| !points.settle(field)) {
            let switch = ", or say --decimal point if all of its points stand before decimals";
            report(cell, if helps && manner == Manner::Book { why + switch } else { why });
            continue;
        }
        match dictionary.parse(field, cell.3) {
            Ok(Fact::Unknown) if is_unknown(cell.3) => case.leave_open(field),
            Ok(Fact::Unknown) => {}
            Ok(fact) => match case.fact(field) {
                Fact::Unknown => case.set(field, fact),
                known if agrees(known, &fact) => {}
                _ if manner == Manner::WhatIf => case.set(field, fact),
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
    if day.is_none() && !cells.iter().any(|c| c.2 == Column::Day && !c.3.trim().is_empty()) {
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

fn row_problem(file: &str, line: u64, column: usize, text: &str, message: impl Into<String>) -> Problem {
    let excerpt = cut(text);
    let width = excerpt.chars().count();
    let message: String = printable(&message.into()).chars().take(400).collect();
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line: line as usize,
        column,
        excerpt,
        mark: 0,
        width,
        message,
        hint: String::new(),
    }
}

/// A text that does not steer the terminal.
fn printable(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text short enough to print, without control characters.
fn cut(text: &str) -> String {
    let mut short: String = printable(text).chars().take(80).collect();
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

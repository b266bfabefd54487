//! Order books of any kind, read batch by batch: CSV, JSON lines, Parquet, Arrow. A file that breaks off tells how far it was read.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};
use facts::{Catalogue, Dictionary, FieldType, Line, Orders, Problem, Severity};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::column::Batch;
use crate::read::Reader;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, as a file or a stream.
    Arrow,
}

impl Form {
    /// The form that a file's name tells.
    pub fn of_name(name: &str) -> Option<Form> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Some(Form::Csv),
            "jsonl" | "ndjson" | "json" => Some(Form::Jsonl),
            "parquet" | "pq" => Some(Form::Parquet),
            "arrow" | "arrows" | "ipc" | "feather" => Some(Form::Arrow),
            _ => None,
        }
    }

    /// The form that a table's first bytes tell.
    pub fn of_start(start: &[u8]) -> Form {
        if start.starts_with(b"PAR1") {
            Form::Parquet
        } else if start.starts_with(b"ARROW1") || start.starts_with(&[0xff; 4]) {
            Form::Arrow
        } else if start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
            Form::Jsonl
        } else {
            Form::Csv
        }
    }

    /// Whether it is text, which is read from front to back.
    pub fn is_text(self) -> bool {
        matches!(self, Form::Csv | Form::Jsonl)
    }
}

/// How many rows a batch has.
const BATCH: usize = 8192;

/// One table being read.
pub struct Book<'a> {
    name: String,
    schema: SchemaRef,
    input: Input<'a>,
    /// Rows read so far.
    done: u64,
    failed: bool,
}

enum Input<'a> {
    Text { orders: Orders<'a, Box<dyn Read + 'a>>, names: Vec<String>, dictionary: &'a Dictionary },
    Parquet(ParquetRecordBatchReader, u64),
    File(FileReader<BufReader<File>>),
    Stream(StreamReader<BufReader<File>>),
}

/// Some rows of a book.
#[derive(Debug)]
pub struct Rows {
    /// Their facts.
    pub batch: Batch,
    table: RecordBatch,
    lines: Vec<Line>,
    first: u64,
}

impl<'a> Book<'a> {
    /// Starts on a text.
    ///
    /// # Errors
    /// A header that cannot be read.
    pub fn text(
        dictionary: &'a Dictionary,
        catalogue: &'a Catalogue,
        name: &str,
        form: Form,
        input: Box<dyn Read + 'a>,
    ) -> Result<Book<'a>, Vec<Problem>> {
        let orders = match form {
            Form::Jsonl => Orders::jsonl(dictionary, catalogue, name, input),
            _ => Orders::csv(dictionary, catalogue, name, input).map_err(|problem| vec![*problem])?,
        };
        let names = orders.names();
        let every = || ["order", "date"].into_iter().chain(dictionary.fields.iter().map(|field| field.name.as_str()));
        let means = |name: &&str| matches!(*name, "order" | "id" | "date" | "day") || dictionary.id(name).is_some();
        let columns: Vec<&str> =
            if form == Form::Jsonl { every().collect() } else { names.iter().map(String::as_str).filter(means).collect() };
        let fields: Vec<Field> = columns.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Book { name: name.to_owned(), schema, input: Input::Text { orders, names, dictionary }, done: 0, failed: false })
    }

    /// Starts on a table of columns.
    ///
    /// # Errors
    /// A file that is no such table, or of which the end is missing so that nothing can be read.
    pub fn table(dictionary: &Dictionary, name: &str, form: Form, file: File) -> Result<Book<'a>, Vec<Problem>> {
        let failed = |error: &dyn std::fmt::Display, hint: &str| {
            vec![problem(
                name,
                1,
                format!("the file cannot be read as {}: {error}", if form == Form::Arrow { "Arrow" } else { "Parquet" }),
                hint,
            )]
        };
        let input = if form == Form::Arrow {
            arrow_input(file).map_err(|e| failed(&e, "no row was read"))?
        } else {
            let cut = "the list of its columns stands at its end: a file that breaks off cannot be read; no row was";
            parquet_input(dictionary, file, None).map_err(|e| failed(&e, cut))?
        };
        let schema = match &input {
            Input::Parquet(reader, _) => RecordBatchReader::schema(reader),
            Input::File(reader) => reader.schema(),
            Input::Stream(reader) => reader.schema(),
            Input::Text { .. } => Arc::new(Schema::empty()),
        };
        Ok(Book { name: name.to_owned(), schema, input, done: 0, failed: false })
    }

    /// Starts on some row groups of a Parquet file, as [`Book::groups`] counts them; rows are numbered as in the whole file.
    ///
    /// # Errors
    /// As [`Book::table`].
    pub fn part(dictionary: &Dictionary, name: &str, file: File, groups: Range<usize>) -> Result<Book<'a>, Vec<Problem>> {
        let failed = |error: &dyn std::fmt::Display| {
            vec![problem(name, 1, format!("the file cannot be read as Parquet: {error}"), "no row was read")]
        };
        let before = Book::groups(&file).map_err(|e| failed(&e))?.into_iter().take(groups.start).sum();
        let input = parquet_input(dictionary, file, Some(groups)).map_err(|e| failed(&e))?;
        let Input::Parquet(reader, _) = &input else { return Err(failed(&"it is none")) };
        let schema = RecordBatchReader::schema(reader);
        Ok(Book { name: name.to_owned(), schema, input, done: before, failed: false })
    }

    /// How many rows each row group of a Parquet file has.
    ///
    /// # Errors
    /// A file that is no Parquet.
    pub fn groups(file: &File) -> std::io::Result<Vec<u64>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?).map_err(std::io::Error::other)?;
        let groups = builder.metadata().row_groups().iter();
        Ok(groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect())
    }

    /// The columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What is odd about a text so far: columns that name no fact. Of a table the reader tells.
    pub fn warnings(&self) -> &[Problem] {
        if let Input::Text { orders, .. } = &self.input { &orders.warnings } else { &[] }
    }

    /// How many rows of the file were read, or lie before the part that is read.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// How many rows there are, where the file says so.
    pub fn rows(&self) -> Option<u64> {
        if let Input::Parquet(_, rows) = &self.input { Some(*rows) } else { None }
    }

    /// The next rows; a problem where the file cannot be read on, after which nothing comes.
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Option<Result<Rows, Problem>> {
        if self.failed {
            return None;
        }
        let first = self.done + 1;
        let read = match self.take()? {
            Ok((table, lines)) => self.read(reader, table, lines, first),
            Err(error) => Err(error),
        };
        Some(match read {
            Ok(rows) => {
                self.done += rows.batch.rows() as u64;
                Ok(rows)
            }
            Err(error) => {
                self.failed = true;
                let hint = format!("the file is damaged or cut off; {} before it were read", count(self.done));
                Err(problem(&self.name, first, format!("the file cannot be read on: {error}"), &hint))
            }
        })
    }

    fn take(&mut self) -> Option<Result<(RecordBatch, Vec<Line>), ArrowError>> {
        match &mut self.input {
            Input::Parquet(reader, _) => reader.next().map(|read| read.map(|table| (table, Vec::new()))),
            Input::File(reader) => reader.next().map(|read| read.map(|table| (table, Vec::new()))),
            Input::Stream(reader) => reader.next().map(|read| read.map(|table| (table, Vec::new()))),
            Input::Text { orders, names, dictionary } => {
                let mut lines = Vec::with_capacity(BATCH);
                while lines.len() < BATCH
                    && let Some(line) = orders.line()
                {
                    lines.push(line);
                }
                (!lines.is_empty()).then(|| columns(&self.schema, &lines, names, dictionary).map(|table| (table, lines)))
            }
        }
    }

    fn read(&self, reader: &mut Reader<'_>, table: RecordBatch, lines: Vec<Line>, first: u64) -> Result<Rows, ArrowError> {
        let suspect: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| line.is_odd()).map(|(row, _)| row).collect();
        let knows = |row: usize| match &self.input {
            Input::Text { orders, .. } => lines.get(row).map(|line| orders.read(line)),
            _ => None,
        };
        let batch = reader.read_with(&table, first, &suspect, &knows)?;
        Ok(Rows { batch, table, lines, first })
    }
}

impl Rows {
    /// The number of a row in its file, from 1: of a text, its line.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).map_or(self.first + row as u64, |line| line.number)
    }

    /// The order's own number; the line's where it has none.
    pub fn id(&self, reader: &Reader<'_>, row: usize) -> String {
        let known = self.lines.get(row).and_then(Line::bad_id).filter(|id| !id.is_empty()).map(str::to_owned);
        known.or_else(|| reader.id(&self.table, row)).unwrap_or_else(|| match self.lines.get(row).and_then(Line::bad_id) {
            // A row that could not be taken apart has no number at all.
            Some(_) => String::new(),
            None => format!("line {}", self.line(row)),
        })
    }
}

/// Lines as columns of texts.
fn columns(schema: &SchemaRef, lines: &[Line], names: &[String], dictionary: &Dictionary) -> Result<RecordBatch, ArrowError> {
    let mut builders: Vec<StringBuilder> = schema.fields().iter().map(|_| StringBuilder::with_capacity(lines.len(), 0)).collect();
    // Of a header, which of its columns goes where: looked up once.
    let places: Vec<Option<usize>> = names.iter().map(|name| schema.index_of(name).ok()).collect();
    for (row, line) in lines.iter().enumerate() {
        for (at, (name, value)) in line.values(dictionary, names).into_iter().enumerate() {
            let place = if names.is_empty() { schema.index_of(name).ok() } else { places.get(at).copied().flatten() };
            if let Some(builder) = place.and_then(|place| builders.get_mut(place))
                && ArrayBuilder::len(builder) == row
            {
                builder.append_value(value);
            }
        }
        for builder in builders.iter_mut().filter(|builder| ArrayBuilder::len(*builder) == row) {
            builder.append_null();
        }
    }
    let arrays = builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays)
}

fn parquet_input<'a>(
    dictionary: &Dictionary,
    file: File,
    groups: Option<Range<usize>>,
) -> Result<Input<'a>, parquet::errors::ParquetError> {
    let plain = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    // Words come as keys into a list where they may, since a list is read once.
    let listed = |field: &FieldRef| {
        let words = dictionary.id(field.name()).map(|id| &dictionary.field(id).kind);
        let few = matches!(words, Some(FieldType::Choice(_) | FieldType::Country | FieldType::Set(_) | FieldType::Bool))
            || field.name() == "chip";
        if few && *field.data_type() == DataType::Utf8 {
            let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            return Arc::new(field.as_ref().clone().with_data_type(kind));
        }
        Arc::clone(field)
    };
    let wanted = Schema::new(plain.schema().fields().iter().map(listed).collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(wanted));
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap_or(plain);
    if let Some(groups) = groups {
        builder = builder.with_row_groups(groups.collect());
    }
    let rows = builder.metadata().file_metadata().num_rows();
    Ok(Input::Parquet(builder.with_batch_size(2 * BATCH).build()?, u64::try_from(rows).unwrap_or(0)))
}

/// A file, or the stream that a file is up to where it breaks off.
fn arrow_input<'a>(mut file: File) -> Result<Input<'a>, ArrowError> {
    if let Ok(whole) = FileReader::try_new(BufReader::new(file.try_clone()?), None) {
        return Ok(Input::File(whole));
    }
    // A file is its name, filled up with zeros, and then a stream, whose first word has all bits set.
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    (&file).take(256).read_to_end(&mut start)?;
    let named = start.starts_with(b"ARROW1");
    let skip = start.chunks(8).position(|word| word.starts_with(&[0xff; 4])).filter(|_| named).unwrap_or(0) * 8;
    file.seek(SeekFrom::Start(skip as u64))?;
    Ok(Input::Stream(StreamReader::try_new(BufReader::new(file), None)?))
}

fn count(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn problem(file: &str, line: u64, message: String, hint: &str) -> Problem {
    let message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect();
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        column: 1,
        excerpt: String::new(),
        mark: 0,
        width: 0,
        message,
        hint: hint.to_owned(),
    }
}

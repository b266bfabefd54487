//! Order books of any kind, read batch by batch: CSV, JSON lines, Parquet, Arrow. A file that breaks off tells how far it was read.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, NullArray, RecordBatch};
use arrow_cast::cast;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use facts::{Catalogue, Dictionary, FieldId, FieldType, Line, Orders, Point, Problem, Severity};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Type as Physical};
use parquet::file::metadata::ParquetMetaData;

use crate::column::Batch;
use crate::layout::text;
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
        if start.starts_with(b"PAR1") || start.starts_with(b"PARE") {
            Form::Parquet
        } else if start.starts_with(b"ARROW1") || start.starts_with(&[0xff; 4]) {
            Form::Arrow
        } else if matches!(start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start().first(), Some(b'{' | b'[')) {
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
    dictionary: &'a Dictionary,
    name: String,
    /// The columns; those that state nothing hold nothing.
    schema: SchemaRef,
    input: Input<'a>,
    /// The whole file once more, to look at all of it.
    again: Option<File>,
    /// Rows read so far.
    done: u64,
    failed: bool,
}

enum Input<'a> {
    Text { orders: Orders<'a, Box<dyn Read + 'a>>, form: Form, names: Vec<String>, catalogue: &'a Catalogue },
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
    /// Starts on a text; `again` is the file that it comes from, where it comes from one: there a column is looked at as a whole where one of its
    /// numbers can be read in two ways.
    ///
    /// # Errors
    /// A header that cannot be read.
    pub fn text(
        dictionary: &'a Dictionary,
        catalogue: &'a Catalogue,
        name: &str,
        form: Form,
        (input, again): (Box<dyn Read + 'a>, Option<File>),
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
        let input = Input::Text { orders, form, names, catalogue };
        Ok(Book { dictionary, name: name.to_owned(), schema, input, again, done: 0, failed: false })
    }

    /// Starts on a table of columns.
    ///
    /// # Errors
    /// A file that is no such table, or of which the end is missing so that nothing can be read.
    pub fn table(dictionary: &'a Dictionary, name: &str, form: Form, file: File) -> Result<Book<'a>, Vec<Problem>> {
        let again = file.try_clone().ok();
        let (input, schema) = if form == Form::Arrow {
            let states = |name: &str| states(dictionary, name);
            guarded(|| arrow_input(file, &states))
                .map_err(|e| vec![unreadable(name, "Arrow", &e.to_string(), "no row was read")])?
        } else {
            guarded(|| Ok(parquet_input(dictionary, file, None, &|name| states(dictionary, name))))
                .unwrap_or_else(|e| Err(e.into()))
                .map_err(|e| vec![no_parquet(name, &e)])?
        };
        if let Input::Parquet(..) = &input
            && let Some(problem) = again.as_ref().and_then(|file| foreign(dictionary, name, file))
        {
            return Err(vec![problem]);
        }
        Ok(Book { dictionary, name: name.to_owned(), schema, input, again, done: 0, failed: false })
    }

    /// Starts on some row groups of a Parquet file, as [`Book::groups`] counts them; rows are numbered as in the whole file.
    ///
    /// # Errors
    /// As [`Book::table`].
    pub fn part(dictionary: &'a Dictionary, name: &str, file: File, groups: Range<usize>) -> Result<Book<'a>, Vec<Problem>> {
        let failed = |error: &dyn std::fmt::Display| vec![unreadable(name, "Parquet", &error.to_string(), "no row was read")];
        let before = Book::groups(&file).map_err(|e| failed(&e))?.into_iter().take(groups.start).sum();
        let again = file.try_clone().ok();
        let (input, schema) = parquet_input(dictionary, file, Some(groups), &|name| states(dictionary, name))
            .map_err(|e| vec![no_parquet(name, &e)])?;
        Ok(Book { dictionary, name: name.to_owned(), schema, input, again, done: before, failed: false })
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

    /// The names of the columns, also of those that are ignored; of JSON lines those that may state something.
    pub fn names(&self) -> Vec<String> {
        match &self.input {
            Input::Text { names, .. } if !names.is_empty() => names.clone(),
            _ => self.schema.fields().iter().map(|field| field.name().clone()).collect(),
        }
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
                let why = if is_foreign(&error.to_string()) { FOREIGN } else { "the file is damaged or cut off" };
                let hint = format!("{why}; {} before it were read", count(self.done));
                Err(problem(&self.name, first, format!("the file cannot be read on: {error}"), &hint))
            }
        })
    }

    fn take(&mut self) -> Option<Result<(RecordBatch, Vec<Line>), ArrowError>> {
        match &mut self.input {
            input @ (Input::Parquet(..) | Input::File(_) | Input::Stream(_)) => {
                input.table().map(|read| Ok((whole(&self.schema, &read?)?, Vec::new())))
            }
            Input::Text { orders, names, .. } => {
                let mut lines = Vec::with_capacity(BATCH);
                while lines.len() < BATCH
                    && let Some(line) = orders.line()
                {
                    lines.push(line);
                }
                (!lines.is_empty()).then(|| columns(&self.schema, &lines, names, self.dictionary).map(|table| (table, lines)))
            }
        }
    }

    fn read(&mut self, reader: &mut Reader<'_>, table: RecordBatch, lines: Vec<Line>, first: u64) -> Result<Rows, ArrowError> {
        let mut batch = self.read_once(reader, &table, &lines, first)?;
        if std::mem::take(&mut reader.asks) {
            // A number that can be read in two ways: what settles it may stand anywhere in the file.
            reader.asked = true;
            reader.points.fields = self.settled()?;
            if !reader.points.fields.is_empty() {
                batch = self.read_once(reader, &table, &lines, first)?;
            }
        }
        Ok(Rows { batch, table, lines, first })
    }

    fn read_once(
        &mut self,
        reader: &mut Reader<'_>,
        table: &RecordBatch,
        lines: &[Line],
        first: u64,
    ) -> Result<Batch, ArrowError> {
        let suspect: Vec<usize> = lines.iter().enumerate().filter(|(_, line)| line.is_odd()).map(|(row, _)| row).collect();
        if let Input::Text { orders, .. } = &mut self.input {
            orders.points.clone_from(&reader.points);
        }
        let knows = |row: usize| match &self.input {
            Input::Text { orders, .. } => lines.get(row).map(|line| orders.read(line)),
            _ => None,
        };
        reader.read_with(table, first, &suspect, &knows)
    }

    /// The fields in whose texts points stand before decimals, as some number in the whole file shows and none denies.
    fn settled(&self) -> Result<Vec<FieldId>, ArrowError> {
        let Some(mut file) = self.again.as_ref().map(File::try_clone).transpose()? else { return Ok(Vec::new()) };
        // Whoever reads the file goes on where it is.
        let at = file.stream_position()?;
        let mut seen = Seen::default();
        let looked = self.look(&file, &mut seen);
        file.seek(SeekFrom::Start(at))?;
        looked?;
        Ok(seen.0.into_iter().filter(|(_, (decimals, thousands))| *decimals && !*thousands).map(|(field, _)| field).collect())
    }

    fn look(&self, mut file: &File, seen: &mut Seen) -> Result<(), ArrowError> {
        file.seek(SeekFrom::Start(0))?;
        match &self.input {
            Input::Text { form, names, catalogue, .. } => {
                let fields: Vec<Option<FieldId>> = names.iter().map(|name| self.number(name)).collect();
                let orders = match form {
                    Form::Jsonl => Ok(Orders::jsonl(self.dictionary, catalogue, &self.name, file)),
                    _ => Orders::csv(self.dictionary, catalogue, &self.name, file),
                };
                let mut orders = orders.map_err(|problem| ArrowError::CsvError(problem.message))?;
                while let Some(line) = orders.line() {
                    for (at, (name, text)) in line.values(self.dictionary, names).into_iter().enumerate() {
                        if text.contains('.')
                            && let Some(field) =
                                if names.is_empty() { self.number(name) } else { fields.get(at).copied().flatten() }
                        {
                            seen.add(self.dictionary, field, text);
                        }
                    }
                }
            }
            Input::Parquet(..) | Input::File(_) | Input::Stream(_) => {
                let texts = |name: &str| self.schema.field_with_name(name).is_ok_and(|field| is_text(field.data_type()));
                let wanted = |name: &str| self.number(name).is_some() && texts(name);
                let (mut input, _) = match &self.input {
                    Input::Parquet(..) => parquet_input(self.dictionary, file.try_clone()?, None, &wanted)?,
                    _ => arrow_input(file.try_clone()?, &wanted)?,
                };
                while let Some(table) = input.table() {
                    let table = table?;
                    for (field, array) in table.schema().fields().iter().zip(table.columns()) {
                        let Some(field) = self.number(field.name()) else { continue };
                        let texts = cast(array, &DataType::Utf8)?;
                        texts.as_string::<i32>().iter().flatten().for_each(|text| seen.add(self.dictionary, field, text));
                    }
                }
            }
        }
        Ok(())
    }

    /// The field of numbers that a column states.
    fn number(&self, name: &str) -> Option<FieldId> {
        self.dictionary.id(name).filter(|id| self.dictionary.field(*id).kind == FieldType::Number)
    }
}

/// Of fields, whether some text shows that points stand before decimals, and whether some text shows that they set thousands apart.
#[derive(Default)]
struct Seen(BTreeMap<FieldId, (bool, bool)>);

impl Seen {
    fn add(&mut self, dictionary: &Dictionary, field: FieldId, text: &str) {
        let (decimals, thousands) = match Point::of(text) {
            Point::Silent | Point::Either => return,
            // Half a piece, which cannot be, shows nothing.
            Point::Decimals => (dictionary.parse(field, text).is_ok(), false),
            Point::Thousands => (false, true),
        };
        let seen = self.0.entry(field).or_default();
        *seen = (seen.0 | decimals, seen.1 | thousands);
    }
}

impl Input<'_> {
    /// The next rows of a table of columns.
    fn table(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        match self {
            Input::Parquet(reader, _) => guarded(|| reader.next().transpose()).transpose(),
            Input::File(reader) => guarded(|| reader.next().transpose()).transpose(),
            Input::Stream(reader) => guarded(|| reader.next().transpose()).transpose(),
            Input::Text { .. } => None,
        }
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

/// What a library reads out of bytes that may be torn: where it stops in the middle since they contradict one another, an error.
fn guarded<T>(read: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let aloud = panic::take_hook();
        // Whoever reads the answer is told; what the library says of its own lines helps nobody.
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                aloud(info)
            }
        }));
    });
    let torn = |_| Err(ArrowError::ParseError("its bytes contradict one another".to_owned()));
    let outer = GUARDED.replace(true);
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(outer);
    read.unwrap_or_else(torn)
}

thread_local! {
    /// Whether this thread reads bytes that may be torn.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a column may state something.
fn states(dictionary: &Dictionary, name: &str) -> bool {
    matches!(name, "order" | "id" | "date" | "day") || dictionary.id(name).is_some()
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => text(values),
        kind => text(kind),
    }
}

/// A schema in which the columns that nobody reads hold nothing.
fn read_of(schema: &Schema, wanted: &dyn Fn(&str) -> bool) -> SchemaRef {
    let plain = |field: &FieldRef| {
        if wanted(field.name()) { Arc::clone(field) } else { Arc::new(Field::new(field.name(), DataType::Null, true)) }
    };
    Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}

/// The places of the columns that are read.
fn places(schema: &Schema, wanted: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let named = schema.fields().iter().enumerate();
    named.filter(|(_, field)| wanted(field.name())).map(|(at, _)| at).collect()
}

/// A table with nothing in the columns that were not read.
fn whole(schema: &SchemaRef, read: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut arrays = read.columns().iter().zip(read.schema_ref().fields()).peekable();
    let mut all: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        match arrays.next_if(|(_, own)| own.name() == field.name()) {
            Some((array, own)) => {
                all.push(Arc::clone(array));
                fields.push(Arc::clone(own));
            }
            None => {
                all.push(Arc::new(NullArray::new(read.num_rows())));
                fields.push(Arc::new(Field::new(field.name(), DataType::Null, true)));
            }
        }
    }
    let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(read.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), all, &rows)
}

type Opened<'a> = (Input<'a>, SchemaRef);

fn parquet_input<'a>(
    dictionary: &Dictionary,
    file: File,
    groups: Option<Range<usize>>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Opened<'a>, parquet::errors::ParquetError> {
    let plain = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    // Timestamps of 96 bits reach further than their nanoseconds do in 64.
    let leaves = plain.parquet_schema();
    let long = |name: &str| {
        let leaves = leaves.columns().iter();
        leaves.filter(|leaf| leaf.physical_type() == Physical::INT96).any(|leaf| leaf.path().parts() == [name])
    };
    // Words come as keys into a list where they may, since a list is read once.
    let listed = |field: &FieldRef| {
        let words = dictionary.id(field.name()).map(|id| &dictionary.field(id).kind);
        let few = matches!(words, Some(FieldType::Choice(_) | FieldType::Country | FieldType::Set(_) | FieldType::Bool))
            || field.name() == "chip";
        let kind = match field.data_type() {
            DataType::Utf8 if few => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            DataType::Timestamp(_, zone) if long(field.name()) => DataType::Timestamp(TimeUnit::Second, zone.clone()),
            _ => return Arc::clone(field),
        };
        Arc::new(field.as_ref().clone().with_data_type(kind))
    };
    let hinted = Schema::new(plain.schema().fields().iter().map(listed).collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(hinted));
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap_or(plain);
    if let Some(groups) = groups {
        builder = builder.with_row_groups(groups.collect());
    }
    let schema = read_of(builder.schema(), wanted);
    let rows = builder.metadata().file_metadata().num_rows();
    // What is ignored is not even looked at.
    let read = ProjectionMask::roots(builder.parquet_schema(), places(builder.schema(), wanted));
    let reader = builder.with_projection(read).with_batch_size(2 * BATCH).build()?;
    Ok((Input::Parquet(reader, u64::try_from(rows).unwrap_or(0)), schema))
}

/// A file, or the stream that a file is up to where it breaks off.
fn arrow_input<'a>(mut file: File, wanted: &dyn Fn(&str) -> bool) -> Result<Opened<'a>, ArrowError> {
    if let Ok(all) = FileReader::try_new(BufReader::new(file.try_clone()?), None) {
        let schema = all.schema();
        let reader = FileReader::try_new(BufReader::new(file.try_clone()?), Some(places(&schema, wanted)))?;
        return Ok((Input::File(reader), read_of(&schema, wanted)));
    }
    // A file is its name, filled up with zeros, and then a stream, whose first word has all bits set.
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    (&file).take(256).read_to_end(&mut start)?;
    let named = start.starts_with(b"ARROW1");
    let skip = start.chunks(8).position(|word| word.starts_with(&[0xff; 4])).filter(|_| named).unwrap_or(0) * 8;
    let mut stream = |places: Option<Vec<usize>>| {
        file.seek(SeekFrom::Start(skip as u64))?;
        StreamReader::try_new(BufReader::new(file.try_clone()?), places)
    };
    let schema = stream(None)?.schema();
    Ok((Input::Stream(stream(Some(places(&schema, wanted)))?), read_of(&schema, wanted)))
}

/// What to do with a file that is written in a way that is not read.
const FOREIGN: &str =
    "the file may be sound, but is written in a way that is not read: write it anew with zstd or snappy, plain and not encrypted";

/// Whether an error tells of something that is not read, and not of damage.
fn is_foreign(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    ["nyi", "not yet", "not supported", "unsupported", "disabled feature", "encrypt", "not implemented"]
        .iter()
        .any(|word| error.contains(word))
}

fn no_parquet(name: &str, error: &parquet::errors::ParquetError) -> Problem {
    let cut = "the list of its columns stands at its end: a file that breaks off cannot be read; no row was";
    let text = error.to_string();
    let hint = if is_foreign(&text) { FOREIGN } else { cut };
    unreadable(name, "Parquet", &text, hint)
}

fn unreadable(name: &str, form: &str, error: &str, hint: &str) -> Problem {
    problem(name, 1, format!("the file cannot be read as {form}: {error}"), hint)
}

/// A column of Parquet that is compressed in a way that is not read.
fn foreign(dictionary: &Dictionary, name: &str, file: &File) -> Option<Problem> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone().ok()?).ok()?;
    let metadata: &ParquetMetaData = builder.metadata();
    let mut chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    let lzo = chunks.find(|chunk| {
        let root = chunk.column_path().parts().first();
        chunk.compression() == Compression::LZO && root.is_some_and(|root| states(dictionary, root))
    })?;
    let message = format!("column `{}` is compressed with LZO, which is not read", lzo.column_path().string());
    Some(problem(name, 1, message, "the file may be sound: write it anew with zstd, snappy or gzip"))
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

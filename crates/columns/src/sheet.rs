//! Tables of answers as Parquet or Arrow, written row by row in pieces of bounded size.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{Date32Builder, Int64Builder, ListBuilder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use facts::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::book::Form;
use crate::column::since;

/// What a column of a sheet holds. An empty text or list is written as such; only days, numbers and amounts may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Whole numbers.
    Whole,
    /// Days.
    Day,
    /// Lists of texts.
    Texts,
    /// Lists of amounts in minor units, some of them not known.
    Amounts,
}

/// A cell of a sheet.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Whole`].
    Whole(u64),
    /// Of [`Kind::Day`].
    Day(Option<Date>),
    /// Of [`Kind::Texts`].
    Texts(Vec<String>),
    /// Of [`Kind::Amounts`].
    Amounts(Vec<Option<i64>>),
}

/// How many rows are gathered before they are written.
const PIECE: usize = 8192;

/// A table being written.
pub struct Sheet<W: Write + Send> {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    output: Output<W>,
}

enum Output<W: Write + Send> {
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<FileWriter<W>>),
}

enum Column {
    Text(StringBuilder),
    Whole(UInt64Builder),
    Day(Date32Builder),
    Texts(ListBuilder<StringBuilder>),
    Amounts(ListBuilder<Int64Builder>),
}

impl<W: Write + Send> Sheet<W> {
    /// Starts a table with these columns; every form but Arrow is written as Parquet.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(form: Form, columns: &[(&str, Kind)], to: W) -> std::io::Result<Sheet<W>> {
        let fields: Vec<Field> =
            columns.iter().map(|(name, kind)| Field::new(*name, kind.data_type(), *kind == Kind::Day)).collect();
        let schema = Arc::new(Schema::new(fields));
        let output = if form == Form::Arrow {
            Output::Arrow(Box::new(FileWriter::try_new(to, &schema).map_err(arrow)?))
        } else {
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            Output::Parquet(Box::new(ArrowWriter::try_new(to, Arc::clone(&schema), Some(properties)).map_err(parquet)?))
        };
        Ok(Sheet { columns: columns.iter().map(|(_, kind)| kind.column()).collect(), schema, rows: 0, output })
    }

    /// Adds a row, a cell a column; a cell of another kind than its column's is left empty.
    ///
    /// # Errors
    /// The output fails.
    pub fn row(&mut self, cells: &[Cell]) -> std::io::Result<()> {
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.add(cells.get(at));
        }
        self.rows += 1;
        if self.rows == PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(arrow)?;
        self.rows = 0;
        match &mut self.output {
            Output::Parquet(writer) => writer.write(&batch).map_err(parquet),
            Output::Arrow(writer) => writer.write(&batch).map_err(arrow),
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(mut self) -> std::io::Result<()> {
        if self.rows > 0 {
            self.flush()?;
        }
        match self.output {
            Output::Parquet(writer) => writer.close().map(|_| ()).map_err(parquet),
            Output::Arrow(mut writer) => writer.finish().map_err(arrow),
        }
    }
}

impl Kind {
    fn data_type(self) -> DataType {
        let list = |inner| DataType::List(Arc::new(Field::new_list_field(inner, true)));
        match self {
            Kind::Text => DataType::Utf8,
            Kind::Whole => DataType::UInt64,
            Kind::Day => DataType::Date32,
            Kind::Texts => list(DataType::Utf8),
            Kind::Amounts => list(DataType::Int64),
        }
    }

    fn column(self) -> Column {
        match self {
            Kind::Text => Column::Text(StringBuilder::new()),
            Kind::Whole => Column::Whole(UInt64Builder::new()),
            Kind::Day => Column::Day(Date32Builder::new()),
            Kind::Texts => Column::Texts(ListBuilder::new(StringBuilder::new())),
            Kind::Amounts => Column::Amounts(ListBuilder::new(Int64Builder::new())),
        }
    }
}

impl Column {
    fn add(&mut self, cell: Option<&Cell>) {
        match (self, cell) {
            (Column::Text(to), Some(Cell::Text(text))) => to.append_value(text),
            (Column::Text(to), _) => to.append_value(""),
            (Column::Whole(to), Some(Cell::Whole(number))) => to.append_value(*number),
            (Column::Whole(to), _) => to.append_value(0),
            (Column::Day(to), Some(Cell::Day(day))) => to.append_option(day.map(since)),
            (Column::Day(to), _) => to.append_null(),
            (Column::Texts(to), cell) => {
                if let Some(Cell::Texts(texts)) = cell {
                    texts.iter().for_each(|text| to.values().append_value(text));
                }
                to.append(true);
            }
            (Column::Amounts(to), cell) => {
                if let Some(Cell::Amounts(amounts)) = cell {
                    amounts.iter().for_each(|amount| to.values().append_option(*amount));
                }
                to.append(true);
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Text(column) => Arc::new(column.finish()),
            Column::Whole(column) => Arc::new(column.finish()),
            Column::Day(column) => Arc::new(column.finish()),
            Column::Texts(column) => Arc::new(column.finish()),
            Column::Amounts(column) => Arc::new(column.finish()),
        }
    }
}

fn arrow(error: ArrowError) -> std::io::Error {
    if let ArrowError::IoError(_, error) = error { error } else { std::io::Error::other(error) }
}

fn parquet(error: parquet::errors::ParquetError) -> std::io::Error {
    match error {
        parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => *error,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    }
}

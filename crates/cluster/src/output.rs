//! What a query brings, written as a table of texts, JSON lines, Parquet or Arrow.

use std::io::{self, Write};
use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::ArrowWriter;

use crate::Error;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
}

/// Results being written.
pub enum Output<W: Write + Send> {
    /// As JSON lines.
    Jsonl(LineDelimitedWriter<W>),
    /// As Parquet.
    Parquet(Box<ArrowWriter<W>>),
    /// As Arrow.
    Arrow(Box<FileWriter<W>>),
}

impl<W: Write + Send> Output<W> {
    /// Starts on results with these columns.
    ///
    /// # Errors
    /// The output fails.
    pub fn new(form: Form, schema: &SchemaRef, to: W) -> io::Result<Output<W>> {
        Ok(match form {
            Form::Jsonl => Output::Jsonl(LineDelimitedWriter::new(to)),
            Form::Parquet => Output::Parquet(Box::new(ArrowWriter::try_new(to, schema.clone(), None)?)),
            Form::Arrow => Output::Arrow(Box::new(FileWriter::try_new(to, schema).map_err(failed)?)),
        })
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// The output fails.
    pub fn add(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match self {
            Output::Jsonl(to) => to.write(batch).map_err(failed),
            Output::Parquet(to) => Ok(to.write(batch)?),
            Output::Arrow(to) => to.write(batch).map_err(failed),
        }
    }

    /// Writes what is left, and gives back where it was written to.
    ///
    /// # Errors
    /// The output fails.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Output::Jsonl(mut to) => {
                to.finish().map_err(failed)?;
                Ok(to.into_inner())
            }
            Output::Parquet(to) => Ok(to.into_inner()?),
            Output::Arrow(to) => to.into_inner().map_err(failed),
        }
    }
}

/// A batch as texts, row by row; empty where a cell is null.
///
/// # Errors
/// A kind of column that has no text.
pub fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>, Error> {
    let options = FormatOptions::default();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let columns: Vec<_> = columns.collect::<Result<_, _>>().map_err(|e| Error::Query(e.to_string()))?;
    let cell = |(column, format): (&Arc<dyn Array>, &ArrayFormatter<'_>), row| {
        if column.is_null(row) { String::new() } else { format.value(row).to_string() }
    };
    let row = |row| batch.columns().iter().zip(&columns).map(|pair| cell(pair, row)).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

fn failed(error: ArrowError) -> io::Error {
    io::Error::other(error)
}

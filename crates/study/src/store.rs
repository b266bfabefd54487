//! The table of an ensemble on disk: doubles by name in a Parquet file, written and read one row group at a time, with the study that made it
//! in the file's own metadata.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Repetition, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::data_type::DoubleType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use sha2::{Digest, Sha256};

/// What a table is the table of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The study as written: a TOML text.
    pub study: String,
    /// The seed of its design and draws.
    pub seed: u64,
    /// Version of the program that ran it.
    pub version: String,
}

impl About {
    /// SHA-256 of the study's text, as 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        hash(&self.study)
    }
}

/// SHA-256 of a text, as 64 hexadecimal digits.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a table could not be written or read.
#[derive(Debug)]
pub enum Error {
    /// The machine failed: no such file, no room, no right.
    Io(PathBuf, io::Error),
    /// The file is not a table of an ensemble, or not a whole one; what is wrong with it.
    Bad(PathBuf, String),
    /// The caller asked for what is not there, or gave what does not fit.
    Asked(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(path, why) => write!(f, "{}: {why}", path.display()),
            Error::Bad(path, why) => write!(f, "{}: not a whole ensemble: {why}", path.display()),
            Error::Asked(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    fn of(path: &Path, why: ParquetError) -> Error {
        match why {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(io) => Error::Io(path.to_owned(), *io),
                Err(other) => Error::Bad(path.to_owned(), other.to_string()),
            },
            other => Error::Bad(path.to_owned(), other.to_string()),
        }
    }
}

/// Names under which the metadata stand in the file.
mod key {
    pub(super) const STUDY: &str = "tollgate.study";
    pub(super) const HASH: &str = "tollgate.study_sha256";
    pub(super) const SEED: &str = "tollgate.seed";
    pub(super) const VERSION: &str = "tollgate.version";
    pub(super) const ROWS: &str = "tollgate.rows";
    pub(super) const COMPLETE: &str = "tollgate.complete";
}

/// Bytes of one row group before compression: what a writer holds, and what reading one row costs at most.
const GROUP_BYTES: usize = 16 << 20;

/// Fewest rows of a row group, however wide the table.
const GROUP_ROWS: usize = 1024;

/// Writes a table into a file that the caller opened. The file is a table only when [`Writer::finish`] succeeds.
pub struct Writer {
    path: PathBuf,
    file: SerializedFileWriter<BufWriter<File>>,
    about: About,
    width: usize,
    /// Rows not yet written, row after row.
    waiting: Vec<f64>,
    group_rows: usize,
    rows: u64,
}

impl Writer {
    /// Begins a table with columns of these names, in this order, in an empty file; `path` is how errors call it.
    ///
    /// # Errors
    /// No column, an empty name, a name said twice, or a file that cannot be written.
    pub fn new(file: File, path: &Path, names: &[String], about: About) -> Result<Writer, Error> {
        if names.is_empty() {
            return Err(Error::Asked("a table needs at least one column".to_owned()));
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        let twice = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a == b);
        if let Some(name) = sorted.iter().find(|n| n.is_empty()).or(twice.map(|(a, _)| a)) {
            return Err(Error::Asked(format!("a column's name stands once and is not empty, not as `{name}`")));
        }
        let schema = schema(names).map_err(|why| Error::of(path, why))?;
        // Random doubles repeat nothing, so a dictionary would only cost time.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by(format!("tollgate {}", about.version))
            .build();
        let file =
            SerializedFileWriter::new(BufWriter::new(file), schema, Arc::new(properties)).map_err(|why| Error::of(path, why))?;
        let width = names.len();
        let group_rows = (GROUP_BYTES / 8 / width).max(GROUP_ROWS);
        Ok(Writer { path: path.to_owned(), file, about, width, waiting: Vec::new(), group_rows, rows: 0 })
    }

    /// Adds whole rows, row after row. A value that does not exist is a NaN.
    ///
    /// # Errors
    /// A length that is not a multiple of the number of columns; a disk that fails.
    pub fn push(&mut self, rows: &[f64]) -> Result<(), Error> {
        if !rows.len().is_multiple_of(self.width) {
            return Err(Error::Asked(format!("{} values are no whole rows of {} columns", rows.len(), self.width)));
        }
        self.rows += (rows.len() / self.width) as u64;
        let mut rest = rows;
        while !rest.is_empty() {
            let room = self.group_rows * self.width - self.waiting.len();
            let (take, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.waiting.extend_from_slice(take);
            rest = later;
            if self.waiting.len() == self.group_rows * self.width {
                self.write_group()?;
            }
        }
        Ok(())
    }

    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file. `complete` is false where the study was stopped early; the table then holds the rows that there are.
    ///
    /// # Errors
    /// A disk that fails: then the file is no table.
    pub fn finish(mut self, complete: bool) -> Result<u64, Error> {
        if !self.waiting.is_empty() {
            self.write_group()?;
        }
        let entries = [
            (key::STUDY, self.about.study.clone()),
            (key::HASH, self.about.hash()),
            (key::SEED, self.about.seed.to_string()),
            (key::VERSION, self.about.version.clone()),
            (key::ROWS, self.rows.to_string()),
            (key::COMPLETE, complete.to_string()),
        ];
        for (name, value) in entries {
            self.file.append_key_value_metadata(KeyValue::new(name.to_owned(), value));
        }
        let Writer { path, file, rows, .. } = self;
        let failed = |why| Error::Io(path.clone(), why);
        let mut buffer = file.into_inner().map_err(|why| Error::of(&path, why))?;
        buffer.flush().map_err(failed)?;
        let file = buffer.into_inner().map_err(|why| failed(why.into_error()))?;
        // A full disk may tell only now.
        file.sync_all().map_err(failed)?;
        Ok(rows)
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let (width, waiting) = (self.width, std::mem::take(&mut self.waiting));
        let mut column = Vec::with_capacity(waiting.len() / width);
        let mut written = || -> Result<(), ParquetError> {
            let mut group = self.file.next_row_group()?;
            let mut at = 0;
            while let Some(mut writer) = group.next_column()? {
                column.clear();
                column.extend(waiting.iter().skip(at).step_by(width));
                writer.typed::<DoubleType>().write_batch(&column, None, None)?;
                writer.close()?;
                at += 1;
            }
            group.close().map(|_| ())
        };
        written().map_err(|why| Error::of(&self.path, why))?;
        self.waiting = waiting;
        self.waiting.clear();
        Ok(())
    }
}

/// A flat schema of doubles that are always there.
fn schema(names: &[String]) -> Result<Arc<Type>, ParquetError> {
    let columns = names.iter().map(|name| {
        let column = Type::primitive_type_builder(name, Physical::DOUBLE).with_repetition(Repetition::REQUIRED);
        column.build().map(Arc::new)
    });
    let root = Type::group_type_builder("ensemble").with_fields(columns.collect::<Result<_, _>>()?);
    root.build().map(Arc::new)
}

/// Rows up to the end of each row group; none where a group has columns of several lengths or points outside the file, which the library would
/// not bear.
fn row_groups(metadata: &ParquetMetaData, size: u64) -> Option<Vec<u64>> {
    let mut ends = Vec::new();
    let mut rows = 0u64;
    for group in metadata.row_groups() {
        for chunk in group.columns() {
            let start = u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset())).ok()?;
            let inside = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)? <= size;
            if !inside || chunk.num_values() != group.num_rows() {
                return None;
            }
        }
        rows = rows.checked_add(u64::try_from(group.num_rows()).ok()?)?;
        ends.push(rows);
    }
    Some(ends)
}

/// A table on disk. Only its metadata are held.
pub struct Table {
    path: PathBuf,
    file: SerializedFileReader<File>,
    about: About,
    names: Vec<String>,
    /// Rows in the row groups up to and with each.
    ends: Vec<u64>,
    complete: bool,
}

impl Table {
    /// Opens a table and checks its metadata.
    ///
    /// # Errors
    /// No such file; no Parquet; Parquet of another kind; a study that is not the one that its hash names.
    pub fn open(path: &Path) -> Result<Table, Error> {
        let file = File::open(path).map_err(|why| Error::Io(path.to_owned(), why))?;
        let bad = |why: &str| Error::Bad(path.to_owned(), why.to_owned());
        let about_file = file.metadata().map_err(|why| Error::Io(path.to_owned(), why))?;
        if about_file.is_dir() {
            return Err(bad("this is a folder"));
        }
        let size = about_file.len();
        let file = SerializedFileReader::new(file).map_err(|why| Error::of(path, why))?;
        let metadata = file.metadata();
        let entries = metadata.file_metadata().key_value_metadata();
        let entry = |name: &str| {
            let found = entries.into_iter().flatten().find(|e| e.key == name).and_then(|e| e.value.clone());
            found.ok_or_else(|| bad(&format!("its metadata have no `{name}`; it was not written by tollgate")))
        };
        let number = |name: &str| entry(name)?.parse::<u64>().map_err(|_| bad(&format!("`{name}` in its metadata is no number")));
        let about = About { study: entry(key::STUDY)?, seed: number(key::SEED)?, version: entry(key::VERSION)? };
        if entry(key::HASH)? != about.hash() {
            return Err(bad("its study is not the one that it was made by"));
        }
        let complete = entry(key::COMPLETE)? == "true";
        let columns = metadata.file_metadata().schema_descr().columns();
        if columns.iter().any(|c| c.physical_type() != Physical::DOUBLE || c.max_def_level() > 0 || c.path().parts().len() != 1) {
            return Err(bad("not all its columns are plain doubles"));
        }
        let names: Vec<String> = columns.iter().map(|c| c.name().to_owned()).collect();
        let ends = row_groups(metadata, size).ok_or_else(|| bad("its row groups do not fit the file"))?;
        let rows = ends.last().copied().unwrap_or(0);
        if rows != number(key::ROWS)? {
            return Err(bad(&format!("it has {rows} rows and should have {}", number(key::ROWS)?)));
        }
        Ok(Table { path: path.to_owned(), file, about, names, ends, complete })
    }

    /// What it is the table of.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Names of the columns, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether the study ran to its end.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// One row by number, from 0, in the order of [`Table::names`]. Reads one row group.
    ///
    /// # Errors
    /// No such row; a file that turns out to be damaged.
    pub fn row(&self, n: u64) -> Result<Vec<f64>, Error> {
        let group = self.ends.partition_point(|end| *end <= n);
        if group >= self.ends.len() {
            return Err(Error::Asked(format!("there is no row {n}; {} rows, from 0", self.rows())));
        }
        let first = group.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let mut row = Vec::with_capacity(self.names.len());
        let mut value = Vec::with_capacity(1);
        for column in 0..self.names.len() {
            value.clear();
            self.read(group, column, (n - first) as usize, 1, &mut value)?;
            row.extend(value.first());
        }
        Ok(row)
    }

    /// One column by name, all rows: 8 bytes a row in memory.
    ///
    /// # Errors
    /// No such column; a file that turns out to be damaged.
    pub fn column(&self, name: &str) -> Result<Vec<f64>, Error> {
        let Some(column) = self.names.iter().position(|n| n == name) else {
            let near = facts::nearest(name, self.names.iter().map(String::as_str));
            let hint = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
            return Err(Error::Asked(format!("the table has no column `{name}`{hint}")));
        };
        let mut values = Vec::new();
        let mut first = 0;
        for (group, end) in self.ends.iter().enumerate() {
            self.read(group, column, 0, (end - first) as usize, &mut values)?;
            first = *end;
        }
        Ok(values)
    }

    /// Appends `n` values of one column from one row group, after `skip`.
    fn read(&self, group: usize, column: usize, skip: usize, n: usize, into: &mut Vec<f64>) -> Result<(), Error> {
        let failed = |why| Error::of(&self.path, why);
        let short = || Error::Bad(self.path.clone(), "it ends early".to_owned());
        let group = self.file.get_row_group(group).map_err(failed)?;
        let ColumnReader::DoubleColumnReader(mut reader) = group.get_column_reader(column).map_err(failed)? else {
            return Err(short());
        };
        if skip > 0 && reader.skip_records(skip).map_err(failed)? != skip {
            return Err(short());
        }
        let mut read = 0;
        while read < n {
            // In steps, so that a damaged count asks for no memory that the data do not fill.
            let (_, values, _) = reader.read_records((n - read).min(65_536), None, None, into).map_err(failed)?;
            if values == 0 {
                return Err(short());
            }
            read += values;
        }
        Ok(())
    }
}

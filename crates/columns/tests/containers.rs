//! Parquet and Arrow as other programs write them: codecs, zones, units, what is ignored, what does not fit, and what is torn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Date64Array, Float64Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{DataType, Field};
use columns::{Book, Form, Reader};
use facts::Pack;
use parquet::arrow::ArrowWriter;
use parquet::data_type::{Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use regime::Library;

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let names = ["fields.toml", "countries.csv", "chips/nvidia.csv"];
    let texts = names.map(|name| (name, fs::read_to_string(data.join(name)).unwrap()));
    Library::open(Arc::new(Pack::new(texts)), &mut Vec::new())
});

/// What a row is: its day, or what is wrong with it.
type Told = Result<String, String>;

/// The rows of a file; `Err` where it is refused or breaks off.
fn read(form: Form, path: &Path) -> Result<Vec<Told>, String> {
    let (dictionary, catalogue) = (&LIBRARY.dictionary, &LIBRARY.catalogue);
    let all = |problems: Vec<facts::Problem>| problems.iter().map(ToString::to_string).collect::<String>();
    let mut book = Book::table(dictionary, "book", form, File::open(path).unwrap()).map_err(all)?;
    let mut reader = Reader::new(dictionary, catalogue, book.schema(), "book", false).map_err(all)?;
    let mut rows = Vec::new();
    while let Some(read) = book.next(&mut reader) {
        let read = read.map_err(|problem| problem.to_string())?;
        for row in 0..read.batch.rows() {
            rows.push(match read.batch.problems(row) {
                Some(problems) => Err(problems.iter().map(ToString::to_string).collect()),
                None => Ok(read.batch.date(row).unwrap().to_string()),
            });
        }
    }
    Ok(rows)
}

/// A table in all three containers.
fn written(folder: &Path, table: &RecordBatch) -> [(Form, PathBuf); 3] {
    let at = |name: &str| folder.join(name);
    let mut parquet = ArrowWriter::try_new(File::create(at("t.parquet")).unwrap(), table.schema(), None).unwrap();
    parquet.write(table).unwrap();
    parquet.close().unwrap();
    let mut file = FileWriter::try_new(File::create(at("t.arrow")).unwrap(), &table.schema()).unwrap();
    file.write(table).unwrap();
    file.finish().unwrap();
    let mut stream = StreamWriter::try_new(File::create(at("t.arrows")).unwrap(), &table.schema()).unwrap();
    stream.write(table).unwrap();
    stream.finish().unwrap();
    [(Form::Parquet, at("t.parquet")), (Form::Arrow, at("t.arrow")), (Form::Arrow, at("t.arrows"))]
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// The same moments in every unit, with or without a zone.
fn moments(seconds: &[i64], zone: Option<&str>) -> [ArrayRef; 4] {
    let zone = zone.map(Arc::<str>::from);
    let times = |by: i64| seconds.iter().map(|s| s * by).collect::<Vec<i64>>();
    [
        Arc::new(TimestampSecondArray::from(times(1)).with_timezone_opt(zone.clone())),
        Arc::new(TimestampMillisecondArray::from(times(1000)).with_timezone_opt(zone.clone())),
        Arc::new(TimestampMicrosecondArray::from(times(1_000_000)).with_timezone_opt(zone.clone())),
        Arc::new(TimestampNanosecondArray::from(times(1_000_000_000)).with_timezone_opt(zone)),
    ]
}

#[test]
fn every_codec_that_other_programs_use_is_read() {
    let books = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/books");
    for name in ["gzip", "brotli", "lz4", "timestamp-utc"] {
        let rows = read(Form::Parquet, &books.join(format!("{name}.parquet"))).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(rows, [Ok("2026-02-10".to_owned()), Ok("2026-02-10".to_owned())], "{name}");
    }
    use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
    let folder = tempfile::tempdir().unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_494; 3000]));
    let orders: ArrayRef = Arc::new(StringArray::from_iter_values((0..3000).map(|n| format!("order {n}"))));
    let table = table(vec![("order", orders), ("date", days)]);
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        let path = folder.path().join("t.parquet");
        let properties = WriterProperties::builder().set_compression(codec).build();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), table.schema(), Some(properties)).unwrap();
        writer.write(&table).unwrap();
        writer.close().unwrap();
        assert_eq!(read(Form::Parquet, &path).unwrap(), vec![Ok("2026-02-10".to_owned()); 3000], "{codec:?}");
    }
}

#[test]
fn universal_time_is_read_by_any_of_its_names_in_every_unit_and_container() {
    // The last second of a day, the first of the next, and one long ago.
    let seconds = [1_770_767_999, 1_770_768_000, -86_401];
    let days = ["2026-02-10", "2026-02-11", "1969-12-30"].map(|day| Ok(day.to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let names =
        ["UTC", "utc", "Z", "+00:00", "-00:00", "+00", "+0000", "UTC+00:00", "Etc/UTC", "Etc/GMT", "GMT", "Zulu", "Etc/UCT"];
    for zone in names.into_iter().map(Some).chain([None]) {
        for moments in moments(&seconds, zone) {
            for (form, path) in written(folder.path(), &table(vec![("date", Arc::clone(&moments))])) {
                let what = format!("{} in {}", moments.data_type(), path.display());
                assert_eq!(read(form, &path).unwrap_or_else(|why| panic!("{what}: {why}")), days, "{what}");
            }
        }
    }
    for zone in ["Europe/Berlin", "+01:00", "-00:30", "America/New_York", "EST", "UTC+8"] {
        for (form, path) in written(folder.path(), &table(vec![("date", Arc::clone(&moments(&seconds, Some(zone))[2]))])) {
            match read(form, &path) {
                Err(why) => assert!(why.contains("column `date` holds Timestamp") && why.contains(zone), "{zone}: {why}"),
                // Parquet keeps no zone but universal time where nobody wrote the Arrow schema beside it.
                Ok(rows) => panic!("{zone} is read as {rows:?}"),
            }
        }
    }
}

#[test]
fn a_moment_beyond_all_days_is_one_bad_row() {
    let folder = tempfile::tempdir().unwrap();
    let day = 20_494_i64;
    let (most, least) = (i64::MAX, i64::MIN);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(TimestampSecondArray::from(vec![most, day * 86_400, least])),
        Arc::new(TimestampMillisecondArray::from(vec![most, day * 86_400_000, least])),
        Arc::new(TimestampMicrosecondArray::from(vec![most, day * 86_400_000_000, least]).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(vec![most, day * 86_400_000_000, least])),
        Arc::new(Date32Array::from(vec![i32::MAX, 20_494, i32::MIN])),
        Arc::new(Date64Array::from(vec![most, day * 86_400_000, least])),
    ];
    for column in columns {
        for (form, path) in written(folder.path(), &table(vec![("date", Arc::clone(&column))])) {
            let rows = read(form, &path).unwrap_or_else(|why| panic!("{} in {}: {why}", column.data_type(), path.display()));
            assert_eq!(rows[1], Ok("2026-02-10".to_owned()));
            for row in [&rows[0], &rows[2]] {
                assert!(row.as_ref().is_err_and(|why| why.contains("date")), "{}: {row:?}", column.data_type());
            }
        }
    }
}

/// Timestamps of 96 bits, as Impala and older Sparks write them, reach beyond what nanoseconds can tell: the end of all days is a custom.
#[test]
fn timestamps_of_96_bits_are_days_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = Arc::new(parse_message_type("message orders { required int96 date; }").unwrap());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    const EPOCH: u32 = 2_440_588;
    let of = |day: u32| {
        let mut value = Int96::new();
        value.set_data(7, 0, EPOCH + day);
        value
    };
    column.typed::<Int96Type>().write_batch(&[of(20_494), of(2_932_896)], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let rows = read(Form::Parquet, &path).unwrap();
    assert_eq!(rows, [Ok("2026-02-10".to_owned()), Ok("9999-12-31".to_owned())]);
}

#[test]
fn what_is_ignored_may_be_anything() {
    let folder = tempfile::tempdir().unwrap();
    let mut lists = ListBuilder::new(Int32Builder::new());
    for _ in 0..2 {
        lists.values().append_value(1);
        lists.append(true);
    }
    let inner: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let nested = StructArray::from(vec![(Arc::new(Field::new("inner", DataType::Utf8, true)), inner)]);
    let long = "x".repeat(1 << 19);
    let table = table(vec![
        ("nested", Arc::new(nested) as ArrayRef),
        ("date", Arc::new(Date32Array::from(vec![20_494, 20_495]))),
        ("berlin", Arc::new(TimestampSecondArray::from(vec![i64::MAX, 5]).with_timezone("Europe/Berlin"))),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"\xff\xfe"[..], b"\0"]))),
        ("lists", Arc::new(StringArray::from(vec!["none", "none"]))),
        ("numbers", Arc::new(lists.finish())),
        ("remark", Arc::new(StringArray::from(vec![long.as_str(), "two\nlines"]))),
    ]);
    for (form, path) in written(folder.path(), &table) {
        let days = ["2026-02-10", "2026-02-11"].map(|day| Ok(day.to_owned()));
        assert_eq!(read(form, &path).unwrap(), days);
        let book = Book::table(&LIBRARY.dictionary, "book", form, File::open(&path).unwrap()).unwrap();
        assert_eq!(book.names(), ["nested", "date", "berlin", "bytes", "lists", "numbers", "remark"]);
        let reader = Reader::new(&LIBRARY.dictionary, &LIBRARY.catalogue, book.schema(), "book", false).unwrap();
        let ignored: Vec<(&str, usize)> = reader.warnings().iter().map(|w| (w.excerpt.as_str(), w.column)).collect();
        assert_eq!(ignored, [("nested", 1), ("berlin", 3), ("bytes", 4), ("numbers", 6), ("remark", 7)]);
    }
}

#[test]
fn numbers_of_a_table_have_their_points_before_decimals_and_pieces_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_494; 4]));
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 27.125, 1000.5, 0.1]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.000", "27.125", "1000", "none of these"]));
    let settled: ArrayRef = Arc::new(StringArray::from(vec!["1.000", "27.125", "1000", "1234.5"]));
    let denied: ArrayRef = Arc::new(StringArray::from(vec!["1.000", "1234.5", "1000", "1.234.567"]));
    for (column, array, bad) in [
        ("value_usd", &numbers, &[][..]),
        ("quantity", &numbers, &[1, 2, 3]),
        ("value_usd", &texts, &[0, 1, 3]),
        ("value_usd", &settled, &[]),
        ("value_usd", &denied, &[0, 3]),
        // Half a piece shows nothing of how the others are meant.
        ("quantity", &settled, &[0, 1, 3]),
    ] {
        for (form, path) in written(folder.path(), &table(vec![("date", Arc::clone(&days)), (column, Arc::clone(array))])) {
            let rows = read(form, &path).unwrap();
            let found: Vec<usize> = (0..rows.len()).filter(|row| rows[*row].is_err()).collect();
            assert_eq!(found, bad, "{column}: {rows:?}");
        }
    }
}

/// Wherever a file ends: rows or a reason, and never a crash.
#[test]
fn a_torn_file_is_rows_or_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_494; 40]));
    let orders: ArrayRef = Arc::new(StringArray::from_iter_values((0..40).map(|n| format!("order {}", n % 7))));
    let mut books: Vec<(Form, PathBuf)> = written(folder.path(), &table(vec![("order", orders), ("date", days)])).to_vec();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/books");
    books.extend(["gzip", "brotli", "lz4"].map(|name| (Form::Parquet, own.join(format!("{name}.parquet")))));
    let torn = folder.path().join("torn");
    for (form, path) in books {
        let bytes = fs::read(&path).unwrap();
        let step = (bytes.len() / 150).max(1);
        for at in (0..bytes.len()).step_by(step) {
            File::create(&torn).unwrap().write_all(&bytes[..at]).unwrap();
            let told = std::panic::catch_unwind(|| read(form, &torn));
            assert!(told.is_ok(), "{}: byte {at} of {}", path.display(), bytes.len());
        }
    }
}

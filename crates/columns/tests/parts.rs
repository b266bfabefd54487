//! Parts of a Parquet file are what the whole file is, row by row and number by number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use columns::{Book, Form, Reader};
use facts::Pack;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use regime::Library;

fn library() -> Library {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let names = ["fields.toml", "countries.csv", "chips/nvidia.csv"];
    let texts = names.map(|name| (name, std::fs::read_to_string(data.join(name)).unwrap_or_default()));
    Library::open(Arc::new(Pack::new(texts)), &mut Vec::new())
}

/// Every row: its number in the file, the order's own, its day.
fn read(library: &Library, mut book: Book<'_>) -> Vec<(u64, String, String)> {
    let mut reader = Reader::new(&library.dictionary, &library.catalogue, book.schema(), "book", false).unwrap();
    let mut all = Vec::new();
    while let Some(rows) = book.next(&mut reader) {
        let rows = rows.unwrap();
        all.extend((0..rows.batch.rows()).map(|row| {
            let day = rows.batch.date(row).map_or("none".to_owned(), |day| day.to_string());
            (rows.line(row), rows.id(&reader, row), day)
        }));
    }
    all
}

#[test]
fn parts_of_a_book_are_the_whole_book() {
    let (library, folder) = (library(), tempfile::tempdir().unwrap());
    let path = folder.path().join("book.parquet");
    let column = |of: &dyn Fn(usize) -> String| Arc::new((0..95).map(|row| Some(of(row))).collect::<StringArray>()) as ArrayRef;
    // Every seventh row has no day that can be read.
    let day = |row: usize| if row.is_multiple_of(7) { "someday".to_owned() } else { format!("2024-03-{:02}", 1 + row % 28) };
    let table = RecordBatch::try_from_iter([("order", column(&|row| format!("P-{row}"))), ("date", column(&day))]).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(10)).build();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), table.schema(), Some(properties)).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();

    let file = || File::open(&path).unwrap();
    let groups = Book::groups(&file()).unwrap();
    assert_eq!(groups, [10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    let part = |groups: Range<usize>| read(&library, Book::part(&library.dictionary, "book", file(), groups).unwrap());
    let whole = read(&library, Book::table(&library.dictionary, "book", Form::Parquet, file()).unwrap());
    assert_eq!((whole.len(), whole[94].0, whole[94].1.as_str()), (95, 95, "P-94"));
    assert_eq!(whole, [part(0..3), part(3..4), part(4..10)].concat());
}

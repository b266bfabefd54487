//! Writes an order book as long as somebody likes, to try how fast and in how much memory it is decided:
//!
//! `cargo run --release -p columns --example order_book -- 100000000 big.parquet`
//!
//! Orders of five years in order of date, as books are kept, of parts of the catalogue; the same rows for the same number of rows.
//! Row groups hold a million rows, so that neither writing nor reading needs more memory for a longer book.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr, missing_docs)]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::UInt16Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt16Array, UInt64Array,
};
use facts::Pack;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use regime::Library;

/// Rows that are made at once.
const BATCH: u64 = 50_000;
const GROUP: usize = 1_000_000;
/// Days since 1970-01-01 of 1 January 2022, and how many days follow.
const FIRST: u64 = 18_993;
const DAYS: u64 = 5 * 365;

const EXPORTERS: [&str; 4] = ["NVIDIA", "AMD", "Intel", "Distributor B"];
const KINDS: [&str; 4] = ["export", "export", "export", "reexport"];
const PLACES: [&str; 16] = ["CN", "CN", "CN", "HK", "MO", "RU", "VN", "SA", "AE", "IL", "FR", "SG", "JP", "MX", "IN", "BR"];

/// Random numbers by xorshift64 (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }

    /// A column of words, all equally likely.
    fn words(&mut self, rows: usize, words: &[&str]) -> ArrayRef {
        let keys: UInt16Array = (0..rows).map(|_| self.below(words.len()) as u16).map(Some).collect();
        Arc::new(DictionaryArray::<UInt16Type>::new(keys, Arc::new(StringArray::from(words.to_vec()))))
    }
}

/// Names of the parts of the shipped catalogue.
fn chips() -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let mut texts: Vec<(String, String)> = ["fields.toml", "countries.csv"]
        .into_iter()
        .map(|name| (name.to_owned(), fs::read_to_string(data.join(name)).unwrap()))
        .collect();
    for entry in fs::read_dir(data.join("chips")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("chips/{}", path.file_name().unwrap().to_str().unwrap());
        texts.extend(fs::read_to_string(&path).map(|text| (name, text)));
    }
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts)), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    library.catalogue.chips.iter().map(|chip| chip.name.to_string()).collect()
}

/// Orders from this one on, of all.
fn orders(dice: &mut Dice, chips: &[&str], first: u64, rows: usize, all: u64) -> RecordBatch {
    let numbers = first..first + rows as u64;
    let day = |number| (FIRST + number * DAYS / all) as i32;
    let quantity: Vec<f64> = (0..rows).map(|_| dice.below(5000) as f64 + 1.0).collect();
    let value: Vec<f64> = quantity.iter().map(|quantity| quantity * (2_000 + dice.below(30_000)) as f64).collect();
    let bought: BooleanArray = (0..rows).map(|_| [None, Some(true), Some(false)][dice.below(3)]).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("order", Arc::new(UInt64Array::from_iter_values(numbers.clone().map(|number| number + 1))) as ArrayRef, false),
        ("date", Arc::new(Date32Array::from_iter_values(numbers.map(day))), false),
        ("kind", dice.words(rows, &KINDS), false),
        ("exporter", dice.words(rows, &EXPORTERS), false),
        ("chip", dice.words(rows, chips), false),
        ("destination", dice.words(rows, &PLACES), false),
        ("headquarters", dice.words(rows, &PLACES), false),
        ("quantity", Arc::new(Float64Array::from(quantity)), false),
        ("value_usd", Arc::new(Float64Array::from(value)), false),
        ("purchase_order", Arc::new(bought), true),
    ])
    .unwrap()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, path] = &arguments[..] else {
        eprintln!("order_book ROWS FILE.parquet");
        std::process::exit(2);
    };
    let all: u64 = rows.parse().expect("a number of rows");
    let (names, mut dice) = (chips(), Dice(42));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let schema = orders(&mut Dice(1), &names, 0, 1, 1).schema();
    let properties =
        WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(GROUP)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema, Some(properties)).unwrap();
    for first in (0..all).step_by(BATCH as usize) {
        let rows = BATCH.min(all - first) as usize;
        writer.write(&orders(&mut dice, &names, first, rows, all)).unwrap();
    }
    writer.close().unwrap();
}

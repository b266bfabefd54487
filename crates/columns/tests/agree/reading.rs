//! Rows of columns mean what rows of order books mean: the same facts with those of the catalogue, the same refusals.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use columns::Reader;
use facts::{Order, Points};
use proptest::prelude::*;

use crate::common::LIBRARY;
use crate::draw::{config, pick};
use crate::made_up::Dice;

/// Cells that are wrong or nearly so.
const CELLS: [&str; 18] = [
    "none",
    "unknown",
    "unknown",
    " Unknown ",
    " 5 ",
    "5,5",
    "1e3",
    "-1",
    "4799.99999999999999",
    "123456789012345678",
    "1e-20",
    "yes",
    "No",
    "xx",
    "CN",
    "h20 96gb",
    "H20",
    "a\u{7}b",
];
const CHIPS: [&str; 8] = ["H20 96GB", "h20  96gb", "L4", "A100 SXM 40GB", "Ascend 910B", "H20", "Nothing like it", ""];

fn cell(dice: &mut Dice, name: &str) -> String {
    let (dictionary, id) = (&LIBRARY.dictionary, LIBRARY.dictionary.id(name));
    match dice.below(40) {
        0 => CELLS[dice.below(CELLS.len())].to_owned(),
        1..8 => String::new(),
        _ => match (name, id) {
            ("date", _) => ["2024-03-01", "2026-02-01", "2024-3-1", "2023-02-29"][dice.below(20).saturating_sub(16)].to_owned(),
            ("order", _) => format!("o{}", dice.below(1000)),
            ("chip", _) => CHIPS[dice.below(10).min(7).min(if dice.below(6) == 0 { 7 } else { 4 })].to_owned(),
            (_, Some(id)) => dictionary.spell(id, &pick(id, dice.below(1 << 16) as u16)),
            _ => "what".to_owned(),
        },
    }
}

proptest! {
    #![proptest_config(config(if cfg!(debug_assertions) { 100 } else { 1000 }))]

    #[test]
    fn a_row_of_columns_is_read_as_a_row_of_a_book(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let mut names = vec!["order", "date", "chip"];
        let fields: Vec<&str> = LIBRARY.dictionary.fields.iter().map(|field| field.name.as_str()).filter(|n| *n != "chip").collect();
        names.extend(fields.iter().filter(|_| dice.below(4) == 0));
        let rows: Vec<Vec<(String, String)>> = (0..60)
            .map(|_| names.iter().map(|name| ((*name).to_owned(), cell(&mut dice, name))).collect())
            .collect();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for at in 0..names.len() {
            let texts: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[at].1.as_str())));
            let small = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8));
            columns.push(if dice.below(2) == 0 { texts } else { cast(&texts, &small).unwrap() });
        }
        let schema: Vec<Field> = names.iter().zip(&columns).map(|(n, c)| Field::new(*n, c.data_type().clone(), true)).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(schema)), columns).unwrap();
        let standard = dice.below(2) == 0;
        let mut reader = Reader::new(&LIBRARY.dictionary, &LIBRARY.catalogue, &batch.schema(), "rows", standard).unwrap();
        let read = reader.read(&batch, 1).unwrap();
        for (row, cells) in rows.iter().enumerate() {
            let mut said = Order::row((&LIBRARY.dictionary, &LIBRARY.catalogue, &Points::default()), "rows", row as u64 + 1, cells).order.map(|o| o.case);
            if let (Ok(case), true) = (&mut said, standard) {
                let filled = case.fill_standard(&LIBRARY.dictionary);
                prop_assert_eq!(read.is_unscreened(row), LIBRARY.dictionary.any_screened(&filled), "row {}: {:?}", row, cells);
            }
            let odd = read.odd().iter().find(|odd| odd.row == row);
            match (said, odd) {
                (Ok(case), _) => prop_assert_eq!(reader.case(&read, row), Some(case), "row {}: {:?}", row, cells),
                (Err(problems), Some(odd)) => {
                    let told = odd.case.as_ref().map_err(|told| told.iter().map(ToString::to_string).collect::<Vec<_>>());
                    prop_assert_eq!(told, Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>()));
                }
                (Err(problems), None) => prop_assert!(false, "row {row} is read though {}", problems[0]),
            }
        }
    }
}

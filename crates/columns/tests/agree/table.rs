//! Cases as a table: every field a column, in one of the types that may hold it.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{Array, ArrayRef, BooleanArray, Date32Array, Float64Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use facts::{Case, Dictionary, Fact, FieldId, FieldType};

use crate::made_up::Dice;

/// Cases as rows; the dice choose the types of the columns.
pub(crate) fn table(dictionary: &Dictionary, cases: &[Case], dice: &mut Dice) -> RecordBatch {
    let mut columns: Vec<(String, ArrayRef)> = vec![("date".to_owned(), days(cases, dice))];
    for id in dictionary.ids() {
        // A field of which nothing is known may have no column at all.
        let known = cases.iter().any(|case| *case.fact(id) != Fact::Unknown);
        if known || dice.below(4) == 0 {
            columns.push((dictionary.field(id).name.clone(), column(dictionary, id, cases, dice)));
        }
    }
    let fields: Vec<Field> = columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn days(cases: &[Case], dice: &mut Dice) -> ArrayRef {
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(cases.iter().map(|case| case.day.to_string())));
    match dice.below(3) {
        0 => texts,
        1 => cast(&texts, &DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None)).unwrap(),
        _ => {
            let epoch = facts::parse_date("1970-01-01").unwrap();
            Arc::new(Date32Array::from_iter_values(cases.iter().map(|case| (case.day - epoch).get_days())))
        }
    }
}

fn column(dictionary: &Dictionary, id: FieldId, cases: &[Case], dice: &mut Dice) -> ArrayRef {
    let spelled = |case: &Case| Some(case.fact(id)).filter(|fact| **fact != Fact::Unknown).map(|fact| dictionary.spell(id, fact));
    let texts: ArrayRef = Arc::new(StringArray::from(cases.iter().map(spelled).collect::<Vec<_>>()));
    let none = cases.iter().any(|case| *case.fact(id) == Fact::Absent);
    match &dictionary.field(id).kind {
        FieldType::Number if !none && dice.below(4) > 0 => {
            let number =
                |case: &Case| if let Fact::Number(number) = case.fact(id) { number.to_string().parse().ok() } else { None };
            let doubles: ArrayRef = Arc::new(Float64Array::from(cases.iter().map(number).collect::<Vec<Option<f64>>>()));
            // A decimal of so few places would round the others away.
            let is_short = |number: f64| format!("{number:.10}").parse() == Ok(number);
            match dice.below(3) {
                0 if cases.iter().filter_map(number).all(is_short) => cast(&doubles, &DataType::Decimal128(30, 10)).unwrap(),
                _ => doubles,
            }
        }
        FieldType::Bool if !none && dice.below(2) == 0 => {
            let yes = |case: &Case| if let Fact::Bool(yes) = case.fact(id) { Some(*yes) } else { None };
            Arc::new(BooleanArray::from(cases.iter().map(yes).collect::<Vec<_>>()))
        }
        FieldType::Set(words) if !none && dice.below(2) == 0 => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for case in cases {
                if let Fact::Set(bits) = case.fact(id) {
                    (0..words.len()).filter(|at| bits & (1 << at) != 0).for_each(|at| lists.values().append_value(&words[at]));
                    lists.append(true);
                } else {
                    lists.append(false);
                }
            }
            Arc::new(lists.finish())
        }
        _ => {
            let kinds = [
                DataType::Utf8,
                DataType::LargeUtf8,
                DataType::Utf8View,
                DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
                DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8)),
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            ];
            cast(&texts, &kinds[dice.below(kinds.len())]).unwrap()
        }
    }
}

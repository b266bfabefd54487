//! Arrow arrays as columns of facts, each kind as it lies there where that can be.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float64Type, Int8Type, Int16Type, Int32Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_cast::display::array_value_to_string;
use arrow_schema::{ArrowError, DataType, TimeUnit};
use facts::{Fact, FieldId, Number, is_ambiguous, is_unknown, parse_date};
use pulp::{Arch, Simd, WithSimd};

use crate::column::{ABSENT, Column, KNOWN, Keys, Lexicon, Terms, UNKNOWN, day_of, double_of, number_of, since};
use crate::layout::text;
use crate::read::Strange;

/// A finer number may have more digits than a fact has.
const FINEST: f64 = 1e-11;

/// What a number of a column may be.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) open: bool,
}

impl Bounds {
    #[inline(always)]
    pub(crate) fn hold(self, value: f64) -> bool {
        let above = (value > self.least) | (!self.open & (value == self.least));
        above & (value <= self.most) & ((value.abs() >= FINEST) | (value == 0.0))
    }
}

/// Whether all numbers of a stretch are surely within bounds: zero, or above it. Of negative numbers it says no.
pub(crate) struct All<'a>(pub(crate) Bounds, pub(crate) &'a [f64]);

impl WithSimd for All<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let All(bounds, values) = self;
        let least = if bounds.open { bounds.least.next_up() } else { bounds.least }.max(FINEST);
        let zero = if bounds.hold(0.0) { 0.0 } else { f64::NAN };
        let wrong =
            |wrong: u64, value: &f64| wrong | u64::from(!(((*value >= least) & (*value <= bounds.most)) | (*value == zero)));
        values.iter().fold(0, wrong) == 0
    }
}

/// The first and the last of some days.
pub(crate) struct Span<'a>(pub(crate) &'a [i32]);

impl WithSimd for Span<'_> {
    type Output = (i32, i32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (i32, i32) {
        self.0.iter().fold((i32::MAX, i32::MIN), |(first, last), day| (first.min(*day), last.max(*day)))
    }
}

/// A bound as a double: those of the dictionary are short enough to be told from their neighbours.
pub(crate) fn outside(bound: Number) -> f64 {
    double_of(bound).unwrap_or_else(|| bound.approx())
}

/// A column whose keys are the places themselves.
pub(crate) fn direct(places: Vec<u32>, lexicon: &Lexicon) -> Column {
    Column::Words(Keys::Wide(places.into()), (0..lexicon.facts.len() as u32).collect())
}

/// Texts of any kind as one kind, and nothing else changed.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::LargeUtf8 | DataType::Utf8View => cast(array, &DataType::Utf8),
        DataType::Dictionary(key, values) if text(values) && **values != DataType::Utf8 => {
            cast(array, &DataType::Dictionary(key.clone(), Box::new(DataType::Utf8)))
        }
        DataType::Dictionary(_, values) if !text(values) => cast(array, values),
        _ => Ok(Arc::clone(array)),
    }
}

/// A cell as order books write it.
pub(crate) fn cell(array: &ArrayRef, day: bool, row: usize) -> Result<String, ArrowError> {
    if array.is_null(row) {
        return Ok(String::new());
    }
    match array.data_type() {
        DataType::List(_) | DataType::LargeList(_) => {
            let words = match array.as_list_opt::<i32>() {
                Some(list) => list.value(row),
                None => array.as_list::<i64>().value(row),
            };
            let words = (0..words.len()).map(|at| array_value_to_string(&words, at)).collect::<Result<Vec<_>, _>>()?;
            Ok(if words.is_empty() { "none".to_owned() } else { words.join(" ") })
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) if day => {
            let there = day_of(days_since(&array.slice(row, 1))?.0.first().copied().unwrap_or(i32::MAX));
            Ok(there.map_or_else(|| format!("beyond all days, as {}", array.data_type()), |day| day.to_string()))
        }
        // A number of a table has its point before decimals.
        kind if kind.is_numeric() => array_value_to_string(array, row).map(Number::unmistakable),
        _ => array_value_to_string(array, row),
    }
}

/// Days since 1970-01-01 of dates and timestamps, by universal time; beyond all days where a number of days is beyond all numbers.
fn days_since(array: &ArrayRef) -> Result<(ScalarBuffer<i32>, Option<NullBuffer>), ArrowError> {
    const SECONDS: i64 = 86_400;
    let of = |values: &[i64], a_day: i64| -> ScalarBuffer<i32> {
        values.iter().map(|value| i32::try_from(value.div_euclid(a_day)).unwrap_or(i32::MAX)).collect::<Vec<i32>>().into()
    };
    let days = match array.data_type() {
        DataType::Date32 => array.as_primitive::<Date32Type>().values().clone(),
        DataType::Date64 => of(array.as_primitive::<Date64Type>().values(), SECONDS * 1000),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => of(array.as_primitive::<TimestampSecondType>().values(), SECONDS),
            TimeUnit::Millisecond => of(array.as_primitive::<TimestampMillisecondType>().values(), SECONDS * 1000),
            TimeUnit::Microsecond => of(array.as_primitive::<TimestampMicrosecondType>().values(), SECONDS * 1_000_000),
            TimeUnit::Nanosecond => of(array.as_primitive::<TimestampNanosecondType>().values(), SECONDS * 1_000_000_000),
        },
        other => return Err(ArrowError::SchemaError(format!("{other} holds no days"))),
    };
    Ok((days, array.nulls().cloned()))
}

pub(crate) fn days(array: &ArrayRef, strange: &mut Strange) -> Result<ScalarBuffer<i32>, ArrowError> {
    const FIRST: i32 = -719_162; // 1 January of the year 1
    const LAST: i32 = 2_932_896; // 31 December 9999
    let (days, nulls) = match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            let mut last = ("", None);
            let days: Vec<i32> = (0..texts.len())
                .map(|row| {
                    let text = if texts.is_null(row) { "" } else { texts.value(row) };
                    if text != last.0 || row == 0 {
                        last = (text, parse_date(text).ok().map(since));
                    }
                    last.1.unwrap_or(i32::MAX)
                })
                .collect();
            (ScalarBuffer::from(days), None)
        }
        DataType::Dictionary(..) => return days_of_words(array, strange),
        DataType::Null => (ScalarBuffer::from(vec![i32::MAX; array.len()]), None),
        _ => days_since(array)?,
    };
    let right =
        |(row, day): (usize, &i32)| (FIRST..=LAST).contains(day) && nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let (first, last) = Arch::new().dispatch(Span(&days));
    if nulls.as_ref().is_none_or(|nulls| nulls.null_count() == 0) && first >= FIRST && last <= LAST {
        return Ok(days);
    }
    // A row without a day is odd; here it takes another's, so that it does not stretch the batch over other law.
    let some = days.iter().enumerate().find(|at| right(*at)).map_or(0, |(_, day)| *day);
    strange.extend(days.iter().enumerate().filter(|at| !right(*at)).map(|(row, _)| row));
    Ok(days.iter().enumerate().map(|at| if right(at) { *at.1 } else { some }).collect::<Vec<i32>>().into())
}

fn days_of_words(array: &ArrayRef, strange: &mut Strange) -> Result<ScalarBuffer<i32>, ArrowError> {
    days(&cast(array, &DataType::Utf8)?, strange)
}

/// What rows have, where some have nothing.
fn states(nulls: Option<&NullBuffer>) -> Option<Arc<[u8]>> {
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0)?;
    Some(nulls.iter().map(|valid| if valid { KNOWN } else { UNKNOWN }).collect())
}

pub(crate) fn numbers(array: &ArrayRef, strange: &mut Strange) -> Result<Column, ArrowError> {
    /// Beyond this not every whole number is a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match array.data_type() {
        DataType::Float64 => {
            let doubles = array.as_primitive::<Float64Type>();
            Ok(Column::Numbers(doubles.values().clone(), states(doubles.nulls())))
        }
        kind if kind.is_integer() => {
            let doubles = cast(array, &DataType::Float64)?;
            let doubles: &PrimitiveArray<Float64Type> = doubles.as_primitive();
            strange.extend(doubles.values().iter().enumerate().filter(|(_, value)| value.abs() >= EXACT).map(|(row, _)| row));
            Ok(Column::Numbers(doubles.values().clone(), states(doubles.nulls())))
        }
        // Decimals and short floats mean the number that their digits say, and so do texts.
        _ => {
            let texts = (0..array.len())
                .map(|row| if array.is_null(row) { Ok(None) } else { array_value_to_string(array, row).map(Some) })
                .collect::<Result<Vec<_>, _>>()?;
            Ok(read_numbers(&StringArray::from(texts), (false, false, true), strange).0)
        }
    }
}

/// Numbers out of texts; rows that hold none, or one that no double tells, are marked. So are, with `standard`, rows that say that nobody
/// knows the number, since the standard case does not fill those; and numbers that can be read in two ways where it is not `settled` that
/// points stand before decimals. Says whether there are such.
pub(crate) fn read_numbers(
    texts: &StringArray,
    (absent, standard, settled): (bool, bool, bool),
    strange: &mut Strange,
) -> (Column, bool) {
    let mut open = false;
    let mut values = Vec::with_capacity(texts.len());
    let mut marks = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let text = if texts.is_null(row) { "" } else { texts.value(row).trim() };
        let (value, mark) = match text {
            "" => (0.0, UNKNOWN),
            text if is_unknown(text) => {
                strange.extend(standard.then_some(row));
                (0.0, UNKNOWN)
            }
            "none" if absent => (0.0, ABSENT),
            text if !settled && is_ambiguous(text) => {
                open = true;
                strange.push(row);
                (0.0, UNKNOWN)
            }
            text => match double(text) {
                Some(value) => (value, KNOWN),
                None => {
                    strange.push(row);
                    (0.0, UNKNOWN)
                }
            },
        };
        values.push(value);
        marks.push(mark);
    }
    let all = marks.iter().all(|mark| *mark == KNOWN);
    (Column::Numbers(values.into(), (!all).then(|| marks.into())), open)
}

/// The double that a text stands for.
fn double(text: &str) -> Option<f64> {
    // Fifteen digits or fewer come back from a double as they were.
    let short = text.len() <= 16
        && text.bytes().filter(u8::is_ascii_digit).count() <= 15
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.starts_with(|c: char| c.is_ascii_digit());
    if short { text.parse().ok() } else { Number::parse(text).ok().and_then(double_of) }
}

pub(crate) fn booleans(array: &BooleanArray, terms: &Terms<'_>, field: FieldId, lexicon: &mut Lexicon) -> Column {
    let place = |lexicon: &mut Lexicon, text: &str| lexicon.place(terms, field, text).unwrap_or(0);
    let (no, yes) = (place(lexicon, "no"), place(lexicon, "yes"));
    let bits = array.values();
    let mut keys: Vec<u8> = Vec::with_capacity(array.len());
    let bytes = bits.values().get(bits.offset() / 8..).unwrap_or_default();
    let start = bits.offset() % 8;
    for byte in bytes {
        // Each bit goes to a byte of its own: the product has a copy of the byte, shifted, in every byte.
        let copies = u64::from(*byte & 0x7f).wrapping_mul(0x0002_0408_1020_4081) & 0x0101_0101_0101_0101;
        let spread = copies | u64::from(byte >> 7) << 56;
        keys.extend_from_slice(&spread.to_le_bytes());
    }
    keys.drain(..start.min(keys.len()));
    keys.truncate(array.len());
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (key, valid) in keys.iter_mut().zip(nulls.iter()) {
            *key = if valid { *key } else { 2 };
        }
    }
    Column::Words(Keys::Bytes(keys.into()), [no, yes, 0].into())
}

/// The places of texts in a lexicon, each looked up once; a text that is no fact is place none.
fn places(texts: &StringArray, terms: &Terms<'_>, field: FieldId, lexicon: &mut Lexicon) -> Vec<Option<u32>> {
    (0..texts.len()).map(|at| if texts.is_null(at) { Some(0) } else { lexicon.place(terms, field, texts.value(at)) }).collect()
}

pub(crate) fn words(
    texts: &StringArray,
    terms: &Terms<'_>,
    field: FieldId,
    lexicon: &mut Lexicon,
    strange: &mut Strange,
) -> Column {
    let mut last = ("", Some(0));
    let keys: Vec<u32> = (0..texts.len())
        .map(|row| {
            let text = if texts.is_null(row) { "" } else { texts.value(row) };
            if text != last.0 {
                last = (text, lexicon.place(terms, field, text));
            }
            last.1.unwrap_or_else(|| {
                strange.push(row);
                0
            })
        })
        .collect();
    direct(keys, lexicon)
}

pub(crate) fn dictionary(
    array: &ArrayRef,
    terms: &Terms<'_>,
    field: FieldId,
    lexicon: &mut Lexicon,
    strange: &mut Strange,
) -> Result<Column, ArrowError> {
    let any = array.as_any_dictionary();
    let values = cast(any.values(), &DataType::Utf8)?;
    let found = places(values.as_string::<i32>(), terms, field, lexicon);
    let keys = keys_of(array);
    if found.iter().any(Option::is_none) || array.null_count() > 0 {
        strange.extend((0..array.len()).filter(|row| array.is_valid(*row) && found.get(keys.at(*row)) == Some(&None)));
    }
    // One key more, for rows that have none.
    let places: Arc<[u32]> = found.iter().map(|place| place.unwrap_or(0)).chain([0]).collect();
    Ok(Column::Words(keys, places))
}

/// The keys as they lie there where they are small and every row has one; else a copy.
fn keys_of(array: &ArrayRef) -> Keys {
    let any = array.as_any_dictionary();
    let beyond = any.values().len();
    if array.null_count() > 0 || beyond == 0 {
        let key = |(row, key): (usize, usize)| if array.is_valid(row) { key as u32 } else { beyond as u32 };
        return Keys::Wide(any.normalized_keys().into_iter().enumerate().map(key).collect::<Vec<_>>().into());
    }
    let raw = |buffer: &Buffer| buffer.clone();
    if let Some(dictionary) = array.as_dictionary_opt::<UInt8Type>() {
        return Keys::Bytes(dictionary.keys().values().clone());
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int8Type>() {
        return Keys::Bytes(ScalarBuffer::from(raw(dictionary.keys().values().inner())));
    }
    if let Some(dictionary) = array.as_dictionary_opt::<UInt16Type>() {
        return Keys::Shorts(dictionary.keys().values().clone());
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int16Type>() {
        return Keys::Shorts(ScalarBuffer::from(raw(dictionary.keys().values().inner())));
    }
    if let Some(dictionary) = array.as_dictionary_opt::<UInt32Type>() {
        return Keys::Wide(dictionary.keys().values().clone());
    }
    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        return Keys::Wide(ScalarBuffer::from(raw(dictionary.keys().values().inner())));
    }
    Keys::Wide(any.normalized_keys().into_iter().map(|key| key as u32).collect::<Vec<_>>().into())
}

/// The number of a row, exactly.
pub(crate) fn number_fact(value: f64, state: u8) -> Fact {
    match state {
        UNKNOWN => Fact::Unknown,
        ABSENT => Fact::Absent,
        _ => number_of(value).map_or(Fact::Unknown, Fact::Number),
    }
}

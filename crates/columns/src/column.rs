//! Facts in columns: words as keys into a list of facts, numbers as doubles, and the facts of a named part by way of the part.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_buffer::ScalarBuffer;
use facts::{Case, Catalogue, Chip, Date, Dictionary, Fact, FieldId, Found, Number, Problem, is_unknown};

/// One fact of every row of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// The same in every row.
    Same(Fact),
    /// A key a row, and for every key the place of its fact in the field's [`Lexicon`].
    Words(Keys, Arc<[u32]>),
    /// What the catalogue knows of the part that the row names.
    Part,
    /// A number a row. The shortest decimal that reads as the double is the number.
    Numbers(ScalarBuffer<f64>, Option<Arc<[u8]>>),
}

/// What stands for a row where it has no number, in [`Column::Numbers`].
/// In this order: of two numbers that go into one, the lesser state is the state of what comes of them.
pub(crate) const ABSENT: u8 = 0;
pub(crate) const UNKNOWN: u8 = 1;
pub(crate) const KNOWN: u8 = 2;

/// A small number a row.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    Bytes(ScalarBuffer<u8>),
    Shorts(ScalarBuffer<u16>),
    Wide(ScalarBuffer<u32>),
}

impl Keys {
    pub(crate) fn at(&self, row: usize) -> usize {
        match self {
            Keys::Bytes(keys) => keys.get(row).map_or(0, |key| usize::from(*key)),
            Keys::Shorts(keys) => keys.get(row).map_or(0, |key| usize::from(*key)),
            Keys::Wide(keys) => keys.get(row).map_or(0, |key| *key as usize),
        }
    }
}

/// The facts that a column of words was seen to hold, from batch to batch. The first is the unknown fact.
#[derive(Clone, Debug)]
pub(crate) struct Lexicon {
    pub(crate) facts: Vec<Fact>,
    /// Of the dictionary's part: the part's place in the catalogue.
    pub(crate) parts: Vec<Option<u32>>,
    /// By spelling: the place, or none where the spelling is no fact.
    places: HashMap<String, Option<u32>>,
    /// Names by themselves, since there may be very many.
    names: HashMap<Arc<str>, u32>,
}

/// A spelling beyond so many is read anew each time, so that a book of a million names does not fill the memory.
const MOST_SPELLINGS: usize = 1 << 20;

impl Default for Lexicon {
    fn default() -> Self {
        Lexicon { facts: vec![Fact::Unknown], parts: vec![None], places: HashMap::new(), names: HashMap::new() }
    }
}

impl Lexicon {
    /// The place of a spelling; none where it is no fact of the field, no single part, or a word that the standard case must not fill.
    pub(crate) fn place(&mut self, terms: &Terms<'_>, field: FieldId, text: &str) -> Option<u32> {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.read(terms, field, text);
        self.places.insert(text.to_owned(), place);
        place
    }

    fn read(&mut self, terms: &Terms<'_>, field: FieldId, text: &str) -> Option<u32> {
        // Whoever says that nobody knows leaves nothing out: such a row is filled by itself.
        if terms.standard && is_unknown(text) {
            return None;
        }
        let fact = terms.dictionary.parse(field, text).ok()?;
        if Some(field) != terms.chip || matches!(fact, Fact::Unknown | Fact::Absent) {
            return Some(self.place_of(&fact));
        }
        let Found::Chip(chip) = terms.catalogue.find(text) else { return None };
        let at = terms.catalogue.chips.iter().position(|other| std::ptr::eq(other, chip))?;
        let place = self.place_of(&Fact::Text(Arc::clone(&chip.name)));
        *self.parts.get_mut(place as usize)? = Some(at as u32);
        Some(place)
    }

    /// The place of a fact.
    pub(crate) fn place_of(&mut self, fact: &Fact) -> u32 {
        let known = match fact {
            Fact::Text(name) => self.names.get(name).copied(),
            _ => self.facts.iter().position(|known| known == fact).map(|at| at as u32),
        };
        known.unwrap_or_else(|| {
            let place = self.facts.len() as u32;
            if let Fact::Text(name) = fact {
                self.names.insert(Arc::clone(name), place);
            }
            self.facts.push(fact.clone());
            self.parts.push(None);
            place
        })
    }

    /// Whether so much was seen that one had better begin anew.
    pub(crate) fn full(&self) -> bool {
        self.places.len() >= MOST_SPELLINGS || self.facts.len() >= MOST_SPELLINGS
    }
}

/// What names and words mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) dictionary: &'a Dictionary,
    pub(crate) catalogue: &'a Catalogue,
    /// The field that names a part.
    pub(crate) chip: Option<FieldId>,
    /// Whether what rows leave out is taken from the standard case.
    pub(crate) standard: bool,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(dictionary: &'a Dictionary, catalogue: &'a Catalogue, standard: bool) -> Terms<'a> {
        Terms { dictionary, catalogue, chip: dictionary.id("chip"), standard }
    }
}

/// A row that was read by itself, since a cell of it is out of the ordinary: its case, or everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Odd {
    /// The row of the batch.
    pub row: usize,
    /// Its case, or its problems.
    pub case: Result<Case, Vec<Problem>>,
    /// Whether the standard case stands in for a screening of its parties.
    pub unscreened: bool,
}

/// Rows with their days and facts.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) rows: usize,
    /// Days since 1970-01-01; of rows that are in `odd`, anything.
    pub(crate) days: ScalarBuffer<i32>,
    /// By field.
    pub(crate) columns: Vec<Column>,
    /// Of each row that is not odd, whether the standard case stands in for a screening of its parties; empty where none.
    pub(crate) unscreened: Vec<bool>,
    pub(crate) odd: Vec<Odd>,
}

impl Batch {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows that were read by themselves, in order; those with problems are not decided.
    pub fn odd(&self) -> &[Odd] {
        &self.odd
    }

    /// What is wrong with a row; none where it was read.
    pub fn problems(&self, row: usize) -> Option<&[Problem]> {
        self.odd_at(row).and_then(|odd| odd.case.as_ref().err()).map(Vec::as_slice)
    }

    /// Whether the standard case stands in for a screening of a row's parties: its answer holds only if screening finds nothing.
    pub fn is_unscreened(&self, row: usize) -> bool {
        match self.odd_at(row) {
            Some(odd) => odd.unscreened,
            None => self.unscreened.get(row).copied().unwrap_or(false),
        }
    }

    /// The day of a row that was read.
    pub fn date(&self, row: usize) -> Option<Date> {
        match self.odd_at(row) {
            Some(odd) => odd.case.as_ref().ok().map(|case| case.day),
            None => self.day(row),
        }
    }

    pub(crate) fn odd_at(&self, row: usize) -> Option<&Odd> {
        let at = self.odd.binary_search_by_key(&row, |odd| odd.row).ok()?;
        self.odd.get(at)
    }

    pub(crate) fn column(&self, field: FieldId) -> &Column {
        const NOTHING: &Column = &Column::Same(Fact::Unknown);
        self.columns.get(usize::from(field.0)).unwrap_or(NOTHING)
    }

    pub(crate) fn day(&self, row: usize) -> Option<Date> {
        day_of(*self.days.get(row)?)
    }
}

/// The facts of one part, where a row names one.
pub(crate) fn part<'a>(terms: &Terms<'a>, lexicon: &Lexicon, place: usize) -> Option<&'a Chip> {
    terms.catalogue.chips.get(lexicon.parts.get(place).copied().flatten()? as usize)
}

/// A chip's own fact.
pub(crate) fn fact_of(chip: &Chip, field: FieldId) -> Option<&Fact> {
    let at = chip.facts.binary_search_by_key(&field, |(id, _)| *id).ok()?;
    chip.facts.get(at).map(|(_, fact)| fact)
}

/// The number whose shortest decimal a double is; none beyond 28 digits.
pub(crate) fn number_of(value: f64) -> Option<Number> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.abs() < WHOLE && value.trunc() == value {
        return Some(Number::from(value as i64));
    }
    if value.is_finite() { Number::parse(&value.to_string()).ok() } else { None }
}

/// The double whose shortest decimal is a number; none where no double has it, which is so of some numbers of more than 15 digits.
pub(crate) fn double_of(number: Number) -> Option<f64> {
    let value: f64 = number.to_string().parse().ok()?;
    (number_of(value) == Some(number)).then_some(value)
}

/// A fact as a number of a column, with whether it is known; none where no double tells it.
pub(crate) fn as_double(fact: &Fact) -> Option<(f64, u8)> {
    match fact {
        Fact::Unknown => Some((0.0, UNKNOWN)),
        Fact::Number(number) => Some((double_of(*number)?, KNOWN)),
        Fact::Absent => Some((0.0, ABSENT)),
        _ => None,
    }
}

/// A day by its distance from 1970-01-01 (H. Hinnant, chrono-compatible low-level date algorithms, 2013).
pub(crate) fn day_of(since: i32) -> Option<Date> {
    let days = i64::from(since) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()
}

/// How many days a day lies after 1970-01-01.
pub fn since(day: Date) -> i32 {
    let (year, month) = (i32::from(day.year()), i32::from(day.month()));
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i32::from(day.day()) - 1;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

//! Arrow record batches to facts in columns. A row with a cell out of the ordinary is read by itself, as order books are, so that it
//! is refused in the same words.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use facts::{Case, Catalogue, Dictionary, Fact, FieldId, FieldType, Order, Points, Problem, Row, Standard};
use pulp::Arch;

use crate::arrays::{
    All, Bounds, booleans, cell, days, dictionary, direct, number_fact, numbers, outside, plain, read_numbers, words,
};
use crate::column::{Batch, Column, KNOWN, Keys, Lexicon, Odd, Terms, UNKNOWN, as_double, fact_of, part};
use crate::layout::{Layout, Means};

/// Reads the batches of one table.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(crate) terms: Terms<'a>,
    pub(crate) lexicons: Vec<Lexicon>,
    layout: Layout,
    file: String,
    /// How points in texts are meant, of the present table.
    pub(crate) points: Points,
    /// Whether a text that can be read in two ways was met and nobody looked at the whole table for what settles it.
    pub(crate) asks: bool,
    pub(crate) asked: bool,
    /// The fields that the catalogue knows of some part.
    known: Vec<FieldId>,
    /// Places in lexicons mean something only with this reader.
    pub(crate) own: Arc<()>,
}

/// Rows that are to be read by themselves.
pub(crate) type Strange = Vec<usize>;

impl<'a> Reader<'a> {
    /// Starts on a table; with `standard`, what it leaves out is taken from the standard case.
    ///
    /// # Errors
    /// Every column that cannot be read, and a missing day.
    pub fn new(
        dictionary: &'a Dictionary,
        catalogue: &'a Catalogue,
        schema: &arrow_schema::Schema,
        file: &str,
        standard: bool,
    ) -> Result<Reader<'a>, Vec<Problem>> {
        let terms = Terms::new(dictionary, catalogue, standard);
        let layout = Layout::of(schema, &terms, file)?;
        let mut known: Vec<FieldId> = catalogue.chips.iter().flat_map(|chip| chip.facts.iter().map(|(id, _)| *id)).collect();
        known.sort();
        known.dedup();
        known.retain(|id| Some(*id) != terms.chip);
        let lexicons = dictionary.fields.iter().map(|_| Lexicon::default()).collect();
        let (points, own) = (Points::default(), Arc::new(()));
        let file = file.to_owned();
        Ok(Reader { terms, lexicons, layout, file, points, asks: false, asked: false, known, own })
    }

    /// Takes points in texts to stand before decimals, so that `1.000` is one.
    pub fn with_points(mut self) -> Reader<'a> {
        self.points = Points::DECIMAL;
        self
    }

    /// Goes on with another table; what was learned of names stays.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn turn_to(&mut self, schema: &arrow_schema::Schema, file: &str) -> Result<(), Vec<Problem>> {
        self.layout = Layout::of(schema, &self.terms, file)?;
        file.clone_into(&mut self.file);
        self.points.fields.clear();
        (self.asks, self.asked) = (false, false);
        Ok(())
    }

    /// A fact of a row as files spell it; empty where it is unknown, or the row has problems.
    pub fn spell(&self, batch: &Batch, field: FieldId, row: usize) -> String {
        match batch.odd_at(row) {
            Some(odd) => odd.case.as_ref().map_or(String::new(), |case| self.terms.dictionary.spell(field, case.fact(field))),
            None => self.terms.dictionary.spell(field, &self.fact(batch, field, row)),
        }
    }

    /// The order's own number as the table states it, where it does.
    pub(crate) fn id(&self, batch: &RecordBatch, row: usize) -> Option<String> {
        let at = self.layout.means.iter().position(|means| *means == Means::Id)?;
        let id = cell(batch.column(at), false, row).ok()?;
        let id: String = id.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some(id).filter(|id| !id.is_empty())
    }

    /// Columns that name no fact.
    pub fn warnings(&self) -> &[Problem] {
        &self.layout.warnings
    }

    /// Reads a batch of the schema that the reader was made for; `first` is the number of its first row, from 1.
    ///
    /// # Errors
    /// A batch that is not as its schema says.
    pub fn read(&mut self, batch: &RecordBatch, first: u64) -> Result<Batch, ArrowError> {
        self.read_with(batch, first, &[], &|_| None)
    }

    /// The same with rows that are to be read by themselves whatever they hold, and with somebody who may know how such a row reads.
    pub(crate) fn read_with(
        &mut self,
        batch: &RecordBatch,
        first: u64,
        suspect: &[usize],
        knows: &dyn Fn(usize) -> Option<Row>,
    ) -> Result<Batch, ArrowError> {
        let rows = batch.num_rows();
        if self.lexicons.iter().any(Lexicon::full) {
            // So many names were seen that it is better to begin anew than to fill the memory.
            self.lexicons.iter_mut().for_each(|lexicon| *lexicon = Lexicon::default());
            self.own = Arc::new(());
        }
        let mut strange: Strange = suspect.to_vec();
        let mut columns = vec![Column::Same(Fact::Unknown); self.terms.dictionary.fields.len()];
        let days = days(&plain(batch.column(self.layout.day))?, &mut strange)?;
        for (means, array) in self.layout.means.clone().iter().zip(batch.columns()) {
            if let Means::Fact(field) = means
                && let Some(place) = columns.get_mut(usize::from(field.0))
            {
                *place = self.column(*field, &plain(array)?, &mut strange)?;
            }
        }
        self.join(&mut columns, rows, &mut strange);
        let mut unscreened = Vec::new();
        if self.terms.standard {
            unscreened = self.presumed(&columns, rows);
            self.fill(&mut columns, rows);
        }
        strange.sort_unstable();
        strange.dedup();
        let odd = strange
            .into_iter()
            .map(|row| self.by_itself(batch, row, first + row as u64, knows(row)))
            .collect::<Result<_, _>>()?;
        Ok(Batch { rows, days, columns, unscreened, odd })
    }

    /// The case of a row; none where the row has problems.
    pub fn case(&self, batch: &Batch, row: usize) -> Option<Case> {
        if let Some(odd) = batch.odd_at(row) {
            return odd.case.clone().ok();
        }
        let mut case = Case::new(self.terms.dictionary, batch.day(row)?);
        for id in self.terms.dictionary.ids() {
            match self.fact(batch, id, row) {
                Fact::Unknown => {}
                fact => case.set(id, fact),
            }
        }
        Some(case)
    }

    /// A fact of a row that is not odd.
    pub(crate) fn fact(&self, batch: &Batch, id: FieldId, row: usize) -> Fact {
        match batch.column(id) {
            Column::Same(fact) => fact.clone(),
            Column::Numbers(values, states) => {
                let state = states.as_ref().map_or(KNOWN, |states| states.get(row).copied().unwrap_or(UNKNOWN));
                number_fact(values.get(row).copied().unwrap_or(0.0), state)
            }
            Column::Words(keys, places) => {
                let place = places.get(keys.at(row)).copied().unwrap_or(0);
                self.word(id, place)
            }
            Column::Part => {
                let Some(chip) = self.terms.chip else { return Fact::Unknown };
                let Column::Words(keys, places) = batch.column(chip) else { return Fact::Unknown };
                self.part_fact(id, places.get(keys.at(row)).copied().unwrap_or(0))
            }
        }
    }

    /// Whether a row states a fact, if only that there is none.
    pub(crate) fn states(&self, batch: &Batch, id: FieldId, row: usize) -> bool {
        if let Some(odd) = batch.odd_at(row) {
            return odd.case.as_ref().is_ok_and(|case| *case.fact(id) != Fact::Unknown);
        }
        match batch.column(id) {
            Column::Same(fact) => *fact != Fact::Unknown,
            Column::Numbers(_, states) => {
                states.as_ref().is_none_or(|states| states.get(row).is_some_and(|state| *state != UNKNOWN))
            }
            // The first fact of a lexicon is the unknown one.
            Column::Words(keys, places) => places.get(keys.at(row)).is_some_and(|place| *place != 0),
            Column::Part => self.fact(batch, id, row) != Fact::Unknown,
        }
    }

    /// A fact by its place in the field's lexicon.
    pub(crate) fn word(&self, id: FieldId, place: u32) -> Fact {
        let lexicon = self.lexicons.get(usize::from(id.0));
        lexicon.and_then(|lexicon| lexicon.facts.get(place as usize)).cloned().unwrap_or_default()
    }

    /// All names that rows of a batch may state, those of odd rows and of the catalogue's parts left out.
    pub(crate) fn names<'b>(&'b self, batch: &'b Batch, id: FieldId) -> &'b [Fact] {
        match batch.column(id) {
            Column::Same(fact) => std::slice::from_ref(fact),
            Column::Words(..) => self.lexicons.get(usize::from(id.0)).map_or(&[], |lexicon| &lexicon.facts),
            Column::Numbers(..) | Column::Part => &[],
        }
    }

    /// What the catalogue knows of a part, by the part's place in its lexicon.
    pub(crate) fn part_fact(&self, id: FieldId, place: u32) -> Fact {
        let lexicon = self.terms.chip.and_then(|chip| self.lexicons.get(usize::from(chip.0)));
        let chip = lexicon.and_then(|lexicon| part(&self.terms, lexicon, place as usize));
        chip.and_then(|chip| fact_of(chip, id)).cloned().unwrap_or_default()
    }

    /// A row as order books are read.
    fn by_itself(&self, batch: &RecordBatch, row: usize, line: u64, known: Option<Row>) -> Result<Odd, ArrowError> {
        let read = match known {
            Some(known) => known,
            None => {
                let mut cells = Vec::new();
                for (name, (means, array)) in self.layout.names.iter().zip(self.layout.means.iter().zip(batch.columns())) {
                    cells.push((
                        name.clone(),
                        if *means == Means::Nothing { String::new() } else { cell(array, *means == Means::Day, row)? },
                    ));
                }
                Order::row((self.terms.dictionary, self.terms.catalogue, &self.points), &self.file, line, &cells)
            }
        };
        let mut unscreened = false;
        let case = read.order.map(|order| {
            let mut case = order.case;
            if self.terms.standard {
                unscreened = self.terms.dictionary.any_screened(&case.fill_standard(self.terms.dictionary));
            }
            case
        });
        Ok(Odd { row, case, unscreened })
    }

    fn column(&mut self, field: FieldId, array: &ArrayRef, strange: &mut Strange) -> Result<Column, ArrowError> {
        let entry = self.terms.dictionary.field(field);
        let kind = &entry.kind;
        if array.null_count() == array.len() {
            return Ok(Column::Same(Fact::Unknown));
        }
        let Some(lexicon) = self.lexicons.get_mut(usize::from(field.0)) else { return Ok(Column::Same(Fact::Unknown)) };
        Ok(match (kind, array.data_type()) {
            (FieldType::Number, DataType::Utf8) => {
                let how = (entry.absent, self.terms.standard, self.points.settle(field));
                let (column, open) = read_numbers(array.as_string::<i32>(), how, strange);
                self.asks |= open && !self.asked;
                column
            }
            (FieldType::Number, DataType::Dictionary(..)) => {
                let DataType::Dictionary(_, values) = array.data_type() else { return Ok(Column::Same(Fact::Unknown)) };
                return self.column(field, &cast(array, values)?, strange);
            }
            (FieldType::Number, _) => numbers(array, strange)?,
            (_, DataType::Boolean) => booleans(array.as_boolean(), &self.terms, field, lexicon),
            (_, DataType::Dictionary(..)) => dictionary(array, &self.terms, field, lexicon, strange)?,
            (_, DataType::List(_) | DataType::LargeList(_)) => {
                let texts = (0..array.len()).map(|row| cell(array, false, row)).collect::<Result<Vec<_>, _>>()?;
                words(&StringArray::from(texts), &self.terms, field, lexicon, strange)
            }
            _ => words(array.as_string::<i32>(), &self.terms, field, lexicon, strange),
        })
        .map(|column| self.bounded(field, column, strange))
    }

    /// Marks the rows whose number lies outside the field's bounds, or is finer or greater than a number may be.
    fn bounded(&self, field: FieldId, column: Column, strange: &mut Strange) -> Column {
        if let Column::Numbers(values, states) = &column {
            let entry = self.terms.dictionary.field(field);
            let (least, open) = entry.min.map_or((f64::MIN, false), |(min, open)| (outside(min), open));
            let most = entry.max.map_or(f64::MAX, outside);
            const GREATEST: f64 = 1e27;
            let (least, most) = (least.max(-GREATEST), most.min(GREATEST));
            let bounds = Bounds { least, most, open };
            if entry.whole {
                let part = |(_, value): &(usize, &f64)| value.fract() != 0.0;
                strange.extend(values.iter().enumerate().filter(part).map(|(row, _)| row));
            }
            // Asked of a stretch at once, since nearly all numbers are as they should be.
            const STRETCH: usize = 1024;
            for (at, stretch) in values.chunks(STRETCH).enumerate() {
                if Arch::new().dispatch(All(bounds, stretch)) {
                    continue;
                }
                for (row, value) in (at * STRETCH..).zip(stretch) {
                    let known = states.as_ref().is_none_or(|states| states.get(row) == Some(&KNOWN));
                    if known && !bounds.hold(*value) {
                        strange.push(row);
                    }
                }
            }
        }
        column
    }

    /// Puts in what the catalogue knows of the parts that rows name.
    fn join(&mut self, columns: &mut [Column], rows: usize, strange: &mut Strange) {
        let Some(chip) = self.terms.chip else { return };
        let Some(Column::Words(keys, places)) = columns.get(usize::from(chip.0)).cloned() else { return };
        for field in self.known.clone() {
            let Some(own) = columns.get_mut(usize::from(field.0)) else { continue };
            *own = match own {
                Column::Same(Fact::Unknown) => Column::Part,
                _ => self.agreed(field, own, (&keys, &places, chip), rows, strange),
            };
        }
    }

    /// A column that states itself what the catalogue may know: the catalogue speaks, and rows that contradict it are read by themselves.
    fn agreed(
        &mut self,
        field: FieldId,
        own: &Column,
        (keys, places, chip): (&Keys, &[u32], FieldId),
        rows: usize,
        strange: &mut Strange,
    ) -> Column {
        let lexicon = self.lexicons.get(usize::from(chip.0)).cloned().unwrap_or_default();
        let part_fact = |key: usize| {
            let place = places.get(key).copied().unwrap_or(0);
            fact_of(part(&self.terms, &lexicon, place as usize)?, field).cloned()
        };
        let by_key: Vec<Option<Fact>> = (0..places.len()).map(part_fact).collect();
        let said = |row: usize| by_key.get(keys.at(row)).and_then(Option::as_ref);
        match own {
            Column::Numbers(values, states) => {
                let by_key: Vec<Option<(f64, u8)>> = by_key.iter().map(|fact| fact.as_ref().and_then(as_double)).collect();
                let mut merged = values.to_vec();
                let mut marks = states.as_ref().map_or_else(|| vec![KNOWN; rows], |states| states.to_vec());
                for (row, (value, mark)) in merged.iter_mut().zip(&mut marks).enumerate() {
                    if said(row).is_none() {
                        continue;
                    }
                    match by_key.get(keys.at(row)).copied().flatten() {
                        Some((part, state)) if *mark == UNKNOWN || (*mark == state && (state != KNOWN || *value == part)) => {
                            (*value, *mark) = (part, state);
                        }
                        _ => strange.push(row),
                    }
                }
                Column::Numbers(merged.into(), Some(marks.into()))
            }
            Column::Words(own_keys, own_places) => {
                let Some(lexicon) = self.lexicons.get_mut(usize::from(field.0)) else { return own.clone() };
                let by_key: Vec<Option<u32>> = by_key.iter().map(|fact| fact.as_ref().map(|f| lexicon.place_of(f))).collect();
                let merged: Vec<u32> = (0..rows)
                    .map(|row| {
                        let own = own_places.get(own_keys.at(row)).copied().unwrap_or(0);
                        let part = by_key.get(keys.at(row)).copied().flatten();
                        if part.is_some_and(|part| own != 0 && own != part) {
                            strange.push(row);
                        }
                        part.unwrap_or(own)
                    })
                    .collect();
                direct(merged, lexicon)
            }
            _ => own.clone(),
        }
    }

    /// By row, whether the standard case is about to stand in for a screening of parties; empty where in no row.
    fn presumed(&self, columns: &[Column], rows: usize) -> Vec<bool> {
        let mut presumed = Vec::new();
        for id in self.terms.dictionary.ids().filter(|id| self.terms.dictionary.field(*id).screened) {
            let Some(column) = columns.get(usize::from(id.0)) else { continue };
            let left_out = |row: usize| match column {
                Column::Same(fact) => *fact == Fact::Unknown,
                Column::Numbers(_, states) => states.as_ref().is_some_and(|states| states.get(row) == Some(&UNKNOWN)),
                // The first fact of a lexicon is the unknown one.
                Column::Words(keys, places) => places.get(keys.at(row)).is_none_or(|place| *place == 0),
                Column::Part => true,
            };
            if presumed.is_empty() && (0..rows).any(left_out) {
                presumed = vec![false; rows];
            }
            presumed.iter_mut().enumerate().for_each(|(row, presumed)| *presumed |= left_out(row));
        }
        presumed
    }

    /// Fills what is unknown from the standard case, in the order in which one field takes its value from another.
    fn fill(&mut self, columns: &mut [Column], rows: usize) {
        let mut done = vec![false; columns.len()];
        let ids: Vec<FieldId> = self.terms.dictionary.ids().collect();
        for id in ids {
            self.fill_one(id, columns, rows, &mut done);
        }
    }

    fn fill_one(&mut self, id: FieldId, columns: &mut [Column], rows: usize, done: &mut [bool]) {
        if done.get_mut(usize::from(id.0)).is_none_or(|done| std::mem::replace(done, true)) {
            return;
        }
        let filling = match &self.terms.dictionary.field(id).standard {
            Standard::Unknown => return,
            Standard::Is(fact) => Column::Same(fact.clone()),
            Standard::SameAs(other) => {
                let other = *other;
                self.fill_one(other, columns, rows, done);
                let Some(column) = columns.get(usize::from(other.0)) else { return };
                match self.keyed(other, column, columns) {
                    Some((keys, facts)) => {
                        let Some(lexicon) = self.lexicons.get_mut(usize::from(id.0)) else { return };
                        Column::Words(keys, facts.iter().map(|fact| lexicon.place_of(fact)).collect())
                    }
                    None => column.clone(),
                }
            }
        };
        let Some(own) = columns.get(usize::from(id.0)) else { return };
        let filled = match (own, &filling) {
            (Column::Same(Fact::Unknown), _) => filling,
            (Column::Same(_), _) => return,
            (Column::Numbers(values, Some(states)), Column::Same(fact)) => {
                let Some((value, state)) = as_double(fact) else { return };
                let fill = |(own, mark): (&f64, &u8)| if *mark == UNKNOWN { (value, state) } else { (*own, *mark) };
                let (values, states): (Vec<f64>, Vec<u8>) = values.iter().zip(states.iter()).map(fill).unzip();
                Column::Numbers(values.into(), Some(states.into()))
            }
            (Column::Numbers(..), _) => return,
            _ => {
                let Some((keys, facts)) = self.keyed(id, own, columns) else { return };
                let Some(lexicon) = self.lexicons.get_mut(usize::from(id.0)) else { return };
                let places: Vec<u32> = facts.iter().map(|fact| lexicon.place_of(fact)).collect();
                match filling {
                    Column::Words(other_keys, other) => {
                        let place = |row: usize| match places.get(keys.at(row)).copied().unwrap_or(0) {
                            0 => other.get(other_keys.at(row)).copied().unwrap_or(0),
                            own => own,
                        };
                        direct((0..rows).map(place).collect(), lexicon)
                    }
                    Column::Same(fact) => {
                        let with = lexicon.place_of(&fact);
                        Column::Words(keys, places.iter().map(|place| if *place == 0 { with } else { *place }).collect())
                    }
                    _ => return,
                }
            }
        };
        if let Some(place) = columns.get_mut(usize::from(id.0)) {
            *place = filled;
        }
    }

    /// A column of words or of parts as keys with the facts that they stand for.
    fn keyed(&self, id: FieldId, column: &Column, columns: &[Column]) -> Option<(Keys, Vec<Fact>)> {
        let lexicon = |id: FieldId| self.lexicons.get(usize::from(id.0));
        match column {
            Column::Words(keys, places) => {
                let facts = &lexicon(id)?.facts;
                Some((keys.clone(), places.iter().map(|place| facts.get(*place as usize).cloned().unwrap_or_default()).collect()))
            }
            Column::Part => {
                let chip = self.terms.chip?;
                let Some(Column::Words(keys, places)) = columns.get(usize::from(chip.0)) else { return None };
                let chips = lexicon(chip)?;
                let fact = |place: &u32| fact_of(part(&self.terms, chips, *place as usize)?, id).cloned();
                Some((keys.clone(), places.iter().map(|place| fact(place).unwrap_or_default()).collect()))
            }
            _ => None,
        }
    }
}

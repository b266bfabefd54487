//! How the rows of a batch are told apart: every question of some epochs as digits of a key. Rows with one key are decided alike.

use std::collections::HashMap;
use std::ops::Range;

use facts::{Case, Exact, Fact, FieldId};
use regime::{Asked, Epoch, Law, Questions, Term};
use rustc_hash::FxHashMap;

use crate::column::{ABSENT, Batch, Column, KNOWN, Keys, UNKNOWN, as_double};
use crate::lane::{DEEPEST, Lane, MOST_FACTS, Rows, Step, Steps, TILE, Work, reckon, stretch};
use crate::read::Reader;

/// How many words of 32 bits a key may have.
pub(crate) const WORDS: usize = 4;

/// Questions, by epoch and place.
type Asks = Vec<(usize, usize)>;

/// A row's key.
pub(crate) type Key = [u32; WORDS];

/// The law of a gate on some epochs, with what each of them asks.
#[derive(Clone, Copy)]
pub(crate) struct Days<'a> {
    pub(crate) law: &'a Law,
    pub(crate) epochs: &'a [Epoch],
    /// By epoch.
    pub(crate) questions: &'a [Questions],
    /// First days of the epochs after the first.
    pub(crate) turns: &'a [i32],
}

/// The digits for batches of one shape on some epochs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    digits: Vec<Digit>,
    /// Words that hold digits.
    pub(crate) words: usize,
    /// Bits of the first word.
    pub(crate) bits: u32,
}

#[derive(Clone, Debug)]
struct Digit {
    word: usize,
    shift: u32,
    bits: u32,
    ask: Ask,
    /// The questions, by epoch and place.
    asked: Asks,
    marks: Marks,
}

/// What a digit is read from.
#[derive(Clone, Debug)]
enum Ask {
    /// The day alone: which epoch.
    Day,
    /// A column of words or parts, with the mark of every place of its lexicon that was seen.
    Words(FieldId, Vec<u32>),
    /// A number among steps. Marks: absent, unknown, then the segments between steps.
    Number(Number),
    /// Anything else, row by row, from these facts.
    Any(Vec<FieldId>),
}

#[derive(Clone, Debug)]
struct Number {
    lane: Lane,
    /// The facts that it is reckoned from.
    fields: Vec<FieldId>,
    work: Vec<Work>,
    steps: Steps,
    /// What the judge of one case said of numbers too near a step, by the doubles that they are reckoned from.
    settled: FxHashMap<[u64; MOST_FACTS], u32>,
}

/// How many such are kept.
const MOST_SETTLED: usize = 4096;

/// Answers to all questions of a digit, each told by a number.
#[derive(Clone, Debug, Default)]
struct Marks {
    seen: HashMap<Vec<u16>, u32>,
}

impl Marks {
    fn mark(&mut self, answers: Vec<u16>) -> u32 {
        let next = self.seen.len() as u32;
        *self.seen.entry(answers).or_insert(next)
    }
}

/// How a column's facts lie, as far as plans go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Same,
    Words,
    Part,
    Numbers,
}

pub(crate) fn shape(batch: &Batch) -> Vec<Shape> {
    let of = |column: &Column| match column {
        Column::Same(_) => Shape::Same,
        Column::Words(..) => Shape::Words,
        Column::Part => Shape::Part,
        Column::Numbers(..) => Shape::Numbers,
    };
    batch.columns.iter().map(of).collect()
}

impl Plan {
    /// Digits for batches such as this one; none where the law and the columns have more to tell apart than a key holds.
    pub(crate) fn new(days: Days<'_>, reader: &Reader<'_>, batch: &Batch) -> Plan {
        let mut plan = Plan { digits: Vec::new(), words: 0, bits: 0 };
        if !days.turns.is_empty() {
            plan.add(Ask::Day, vec![], Marks::default());
        }
        let mut words: Vec<(FieldId, Asks)> = Vec::new();
        let mut numbers: Vec<(Lane, Asks)> = Vec::new();
        let mut others: Vec<(Vec<FieldId>, Asks)> = Vec::new();
        for (epoch, questions) in days.questions.iter().enumerate() {
            for (at, asked) in questions.list.iter().enumerate() {
                match source(reader, batch, asked) {
                    From::Nothing => {}
                    From::Words(column) => group(&mut words, column, (epoch, at)),
                    From::Number(lane) => group(&mut numbers, lane, (epoch, at)),
                    From::Any(fields) => group(&mut others, fields, (epoch, at)),
                }
            }
        }
        for (column, asked) in words {
            plan.add(Ask::Words(column, Vec::new()), asked, Marks::default());
        }
        // One number often goes into the next.
        numbers.sort_by_key(|(lane, _)| lane.facts());
        let mut last: Option<Lane> = None;
        for (lane, asked) in numbers {
            let (steps, marks) = segments(days, batch, &lane, &asked);
            let work = lane.work(last.as_ref());
            last = Some(lane.clone());
            let mut fields = Vec::new();
            lane.columns(&mut fields);
            plan.add(Ask::Number(Number { lane, fields, work, steps, settled: FxHashMap::default() }), asked, marks);
        }
        for (fields, asked) in others {
            plan.add(Ask::Any(fields), asked, Marks::default());
        }
        plan
    }

    fn add(&mut self, ask: Ask, asked: Asks, marks: Marks) {
        self.digits.push(Digit { word: 0, shift: 0, bits: 0, ask, asked, marks });
    }

    /// Makes ready for a batch: every answer that its columns may give gets a mark. Says whether keys changed their meaning, or
    /// nothing where there are more answers than a key tells apart.
    pub(crate) fn prepare(&mut self, days: Days<'_>, reader: &Reader<'_>, batch: &Batch) -> Option<(bool, Prepared)> {
        let mut prepared = Vec::with_capacity(self.digits.len());
        let mut moved = false;
        let parts = self.parts(reader, batch);
        let rows = Rows { batch, parts: &parts };
        let blank = blank(days, reader, batch);
        for digit in &mut self.digits {
            let (ready, most) = digit.prepare(days, reader, rows, &blank);
            prepared.push(ready);
            if digit.bits == 0 || u64::from(most) > 1 << digit.bits {
                // Where many answers were met there will be more: they get room.
                let room = u32::from(most > 4 && matches!(digit.ask, Ask::Words(..) | Ask::Any(_)));
                digit.bits = (u32::BITS - most.saturating_sub(1).leading_zeros() + room).clamp(1, u32::BITS);
                moved = true;
            }
        }
        if moved || self.words == 0 {
            self.lay()?;
        }
        for (digit, ready) in self.digits.iter().zip(&mut prepared) {
            if let Ready::Keys(local, _) = ready {
                local.iter_mut().for_each(|mark| *mark <<= digit.shift);
            }
        }
        Some((moved, Prepared { ready: prepared, parts }))
    }

    /// The numbers of parts, and those that are the same in every row, that go into what is reckoned with other columns.
    fn parts(&self, reader: &Reader<'_>, batch: &Batch) -> Vec<(FieldId, Column)> {
        let mut fields = Vec::new();
        for digit in &self.digits {
            if let Ask::Number(Number { lane, .. }) = &digit.ask {
                lane.columns(&mut fields);
            }
        }
        fields.sort();
        fields.dedup();
        // What no double tells is left to the judge of one case, as everything that is not a number.
        let double = |fact: &Fact| as_double(fact).unwrap_or((f64::NAN, KNOWN));
        let chips = reader.terms.chip.map(|chip| batch.column(chip));
        let spread = |field: FieldId| match (batch.column(field), chips) {
            (Column::Same(fact), _) => {
                let (value, state) = double(fact);
                let states = (state != KNOWN).then(|| vec![state; batch.rows].into());
                Some((field, Column::Numbers(vec![value; batch.rows].into(), states)))
            }
            (Column::Part, Some(Column::Words(keys, places))) => {
                let by_key: Vec<(f64, u8)> = places.iter().map(|place| double(&reader.part_fact(field, *place))).collect();
                let rows = (0..batch.rows).map(|row| by_key.get(keys.at(row)).copied().unwrap_or((f64::NAN, KNOWN)));
                let (values, states): (Vec<f64>, Vec<u8>) = rows.unzip();
                let all = by_key.iter().all(|(_, state)| *state == KNOWN);
                Some((field, Column::Numbers(values.into(), (!all).then(|| states.into()))))
            }
            _ => None,
        };
        fields.into_iter().filter_map(spread).collect()
    }

    /// Gives every digit its place, the widest first.
    fn lay(&mut self) -> Option<()> {
        let mut used = [0u32; WORDS];
        for digit in &mut self.digits {
            let word = used.iter().position(|used| used + digit.bits <= u32::BITS)?;
            let place = used.get_mut(word)?;
            (digit.word, digit.shift) = (word, *place);
            *place += digit.bits;
        }
        self.words = used.iter().filter(|used| **used > 0).count().max(1);
        self.bits = used.first().copied().unwrap_or(0);
        Some(())
    }

    /// The keys of a tile's rows, a word after the other, and the rows that stand too near a bound to tell.
    #[inline(always)]
    pub(crate) fn keys(&self, days: Days<'_>, batch: &Batch, prepared: &Prepared, tile: Range<usize>, to: &mut Tile) {
        let rows = tile.len();
        let all = Rows { batch, parts: &prepared.parts };
        to.words.iter_mut().take(self.words).for_each(|word| word.fill(0));
        to.near.clear();
        for (at, (digit, ready)) in self.digits.iter().zip(&prepared.ready).enumerate() {
            let Tile { words, numbers, counts, near } = to;
            let Some(word) = words.get_mut(digit.word).and_then(|word| word.get_mut(..rows)) else { continue };
            match (&digit.ask, ready) {
                (Ask::Day, _) => {
                    let from = stretch(&batch.days, tile.start, rows);
                    for turn in days.turns {
                        word.iter_mut().zip(from).for_each(|(key, day)| *key += u32::from(*day >= *turn) << digit.shift);
                    }
                }
                (Ask::Words(column, _), Ready::Keys(local, few)) => match keys_of(batch, *column) {
                    Some(Keys::Bytes(keys)) => spread_bytes(word, stretch(keys, tile.start, rows), local, *few),
                    Some(Keys::Shorts(keys)) => {
                        spread(word, stretch(keys, tile.start, rows).iter().map(|key| usize::from(*key)), local);
                    }
                    Some(Keys::Wide(keys)) => {
                        spread(word, stretch(keys, tile.start, rows).iter().map(|key| *key as usize), local)
                    }
                    None => {}
                },
                (Ask::Number(number @ Number { work, steps, .. }), _) => {
                    reckon(work, all, (tile.start, rows), numbers);
                    let (Some(counts), Some(numbers)) = (counts.get_mut(..rows), numbers.first().and_then(|n| n.get(..rows)))
                    else {
                        continue;
                    };
                    let unsure = steps.count(numbers, counts);
                    for (key, count) in word.iter_mut().zip(&*counts) {
                        *key |= (2 + *count as u32) << digit.shift;
                    }
                    if unsure {
                        // Few rows of a tile are, so a stretch is asked at once.
                        const STRETCH: usize = 32;
                        let apart = |count: &u64| (count ^ count >> 32) as u32;
                        for (start, counts) in (0..).step_by(STRETCH).zip(counts.chunks(STRETCH)) {
                            if counts.iter().fold(0, |any, count| any | apart(count)) != 0 {
                                let own = counts.iter().enumerate().filter(|(_, count)| apart(count) != 0);
                                near.extend(own.map(|(row, _)| (start + row, at)));
                            }
                        }
                    }
                    if let Ready::States = ready {
                        digit.states(number, all, tile.start, word, near, at);
                    }
                }
                (Ask::Any(_), Ready::Rows(marks)) => {
                    let marks = marks.get(tile.clone()).unwrap_or_default();
                    word.iter_mut().zip(marks).for_each(|(key, mark)| *key |= mark << digit.shift);
                }
                _ => {}
            }
        }
    }

    /// The key of a row that stands too near a bound, with this digit as the judge of one case gives it.
    pub(crate) fn settle(&mut self, days: Days<'_>, reader: &Reader<'_>, batch: &Batch, row: usize, at: usize, key: &mut u32) {
        let Some(digit) = self.digits.get_mut(at) else { return };
        let Ask::Number(number) = &mut digit.ask else { return };
        let mut keep = true;
        let mut doubles = [0; MOST_FACTS];
        for (field, double) in number.fields.iter().zip(&mut doubles) {
            *double = match batch.column(*field) {
                Column::Numbers(..) => raw(reader, batch, *field, row),
                Column::Same(fact) if let Some((value, state)) = as_double(fact) => bits(value, state),
                // Of a part nothing is kept.
                _ => {
                    keep = false;
                    0
                }
            };
        }
        let known = number.settled.get(&doubles).copied().filter(|_| keep);
        let mark = known.unwrap_or_else(|| {
            let mut case = blank(days, reader, batch);
            number.fields.iter().for_each(|field| case.set(*field, reader.fact(batch, *field, row)));
            digit.marks.seen.get(&answers(days, &digit.asked, &case)).copied().unwrap_or(UNKNOWN.into())
        });
        if keep && known.is_none() && number.settled.len() < MOST_SETTLED {
            number.settled.insert(doubles, mark);
        }
        let mask = (u64::from(u32::MAX) >> (u32::BITS - digit.bits)) as u32;
        *key = *key & !(mask << digit.shift) | mark << digit.shift;
    }

    /// The word that a digit stands in.
    pub(crate) fn word_of(&self, at: usize) -> usize {
        self.digits.get(at).map_or(0, |digit| digit.word)
    }
}

impl Digit {
    /// What the batch needs, and how many answers there are.
    fn prepare(&mut self, days: Days<'_>, reader: &Reader<'_>, rows: Rows<'_>, blank: &Case) -> (Ready, u32) {
        let batch = rows.batch;
        let mut ask = std::mem::replace(&mut self.ask, Ask::Day);
        let ready = match &mut ask {
            Ask::Day => (Ready::Nothing, days.turns.len() as u32 + 1),
            Ask::Words(column, table) => {
                let places = if let Column::Words(_, places) = batch.column(*column) { &**places } else { &[] };
                let chip = reader.terms.chip == Some(*column);
                table.resize(reader.lexicons.get(usize::from(column.0)).map_or(1, |lexicon| lexicon.facts.len()), u32::MAX);
                let mut local = Vec::with_capacity(places.len().max(256));
                for place in places {
                    let mut mark = table.get(*place as usize).copied().unwrap_or(0);
                    if mark == u32::MAX {
                        let mut case = blank.clone();
                        case.set(*column, reader.word(*column, *place));
                        if chip {
                            let parts = batch.columns.iter().enumerate().filter(|(_, column)| matches!(column, Column::Part));
                            for field in parts.map(|(at, _)| FieldId(at as u16)) {
                                case.set(field, reader.part_fact(field, *place));
                            }
                        }
                        let answers = answers(days, &self.asked, &case);
                        mark = self.marks.mark(answers);
                        if let Some(known) = table.get_mut(*place as usize) {
                            *known = mark;
                        }
                    }
                    local.push(mark);
                }
                let few = local.len() <= FEW;
                // A byte may be any key.
                local.resize(local.len().max(256), 0);
                (Ready::Keys(local, few), self.marks.seen.len() as u32)
            }
            Ask::Number(Number { fields, steps, .. }) => {
                let some = fields.iter().any(|field| matches!(rows.column(*field), Column::Numbers(_, Some(_))));
                (if some { Ready::States } else { Ready::Nothing }, steps.segments() + 2)
            }
            Ask::Any(fields) => {
                // Of a batch, rows with the same facts are asked once.
                let differ: Vec<FieldId> =
                    fields.iter().copied().filter(|field| !matches!(batch.column(*field), Column::Same(_))).collect();
                let mut asked: FxHashMap<[u64; MOST_FACTS], u32> = FxHashMap::default();
                let mut case = blank.clone();
                let mut answer = |row: usize| {
                    fields.iter().for_each(|field| case.set(*field, reader.fact(batch, *field, row)));
                    self.marks.mark(answers(days, &self.asked, &case))
                };
                let mark = |row: usize| {
                    let mut facts = [0; MOST_FACTS];
                    differ.iter().zip(&mut facts).for_each(|(field, fact)| *fact = raw(reader, batch, *field, row));
                    if differ.len() > MOST_FACTS || asked.len() == MOST_SETTLED && !asked.contains_key(&facts) {
                        return answer(row);
                    }
                    *asked.entry(facts).or_insert_with(|| answer(row))
                };
                let marks = (0..batch.rows).map(mark).collect();
                (Ready::Rows(marks), self.marks.seen.len() as u32)
            }
        };
        self.ask = ask;
        ready
    }

    /// Marks the rows of which a number is unknown or absent.
    #[inline(always)]
    fn states(&self, number: &Number, rows: Rows<'_>, first: usize, word: &mut [u32], near: &mut Vec<(usize, usize)>, at: usize) {
        let mut states = [KNOWN; TILE];
        let Some(states) = states.get_mut(..word.len()) else { return };
        for field in &number.fields {
            if let Column::Numbers(_, Some(own)) = rows.column(*field) {
                let own = own.get(first..first + word.len()).unwrap_or_default();
                states.iter_mut().zip(own).for_each(|(state, own)| *state = (*state).min(*own));
            }
        }
        if number.lane.chooses() {
            // The greatest or least of some may leave out one that is absent: that is left to the judge of one case.
            near.retain(|(row, digit)| *digit != at || states.get(*row) == Some(&KNOWN));
            near.extend(states.iter().enumerate().filter(|(_, state)| **state != KNOWN).map(|(row, _)| (row, at)));
            return;
        }
        let mask = ((u64::from(u32::MAX) >> (u32::BITS - self.bits)) as u32) << self.shift;
        for (key, state) in word.iter_mut().zip(&*states) {
            let without = *key & !mask | u32::from(*state) << self.shift;
            *key = if *state == KNOWN { *key } else { without };
        }
        if !near.is_empty() {
            near.retain(|(row, digit)| *digit != at || states.get(*row) == Some(&KNOWN));
        }
    }
}

/// A fact of a row, as a number that no other fact of the column has in the same batch.
fn raw(reader: &Reader<'_>, batch: &Batch, field: FieldId, row: usize) -> u64 {
    let place = |column: &Column| if let Column::Words(keys, places) = column { places.get(keys.at(row)).copied() } else { None };
    match batch.column(field) {
        Column::Numbers(values, states) => {
            let state = states.as_ref().and_then(|states| states.get(row)).copied().unwrap_or(KNOWN);
            bits(values.get(row).copied().unwrap_or(f64::NAN), state)
        }
        Column::Part => reader.terms.chip.and_then(|chip| place(batch.column(chip))).unwrap_or(0).into(),
        column => place(column).unwrap_or(0).into(),
    }
}

/// A number, or why there is none: no number has the bits of a state.
fn bits(value: f64, state: u8) -> u64 {
    if state == KNOWN { value.to_bits() } else { u64::MAX - u64::from(state) }
}

/// What a case answers to some questions.
fn answers(days: Days<'_>, asked: &[(usize, usize)], case: &Case) -> Vec<u16> {
    let answer = |(epoch, at): &(usize, usize)| {
        let question = days.questions.get(*epoch).and_then(|questions| questions.list.get(*at));
        question.zip(days.epochs.get(*epoch)).map_or(0, |(asked, epoch)| asked.class(days.law, epoch, case))
    };
    asked.iter().map(answer).collect()
}

/// What a batch brings to a digit.
#[derive(Clone, Debug)]
enum Ready {
    Nothing,
    /// Some number may be missing.
    States,
    /// The mark of every key, in its place within the word, and whether these are but a few.
    Keys(Vec<u32>, bool),
    /// The mark of every row.
    Rows(Vec<u32>),
}

/// What a batch brings to a plan.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    ready: Vec<Ready>,
    /// The numbers of parts that go into what is reckoned with other columns.
    parts: Vec<(FieldId, Column)>,
}

/// Room for a tile's work.
#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) words: [[u32; TILE]; WORDS],
    numbers: [[f64; TILE]; DEEPEST],
    counts: [u64; TILE],
    /// Rows and digits that stand too near a bound to tell.
    pub(crate) near: Vec<(usize, usize)>,
}

impl Tile {
    pub(crate) fn new() -> Tile {
        Tile { words: [[0; TILE]; WORDS], numbers: [[0.0; TILE]; DEEPEST], counts: [0; TILE], near: Vec::new() }
    }
}

/// So many marks are told apart by comparing keys, which is faster than to look each up.
const FEW: usize = 8;

#[inline(always)]
fn spread_bytes(word: &mut [u32], keys: &[u8], local: &[u32], few: bool) {
    let Some(table) = local.first_chunk::<256>() else { return };
    if few {
        let [a, b, c, d, e, f, g, h, ..] = *table;
        for (to, key) in word.iter_mut().zip(keys) {
            let key = u32::from(*key);
            let mark = |known: u32, mark: u32| if key == known { mark } else { 0 };
            *to |= mark(0, a) | mark(1, b) | mark(2, c) | mark(3, d) | mark(4, e) | mark(5, f) | mark(6, g) | mark(7, h);
        }
        return;
    }
    for (to, key) in word.iter_mut().zip(keys) {
        // A byte is less than 256, so nothing is checked here.
        *to |= table.get(usize::from(*key)).copied().unwrap_or(0);
    }
}

#[inline(always)]
fn spread(word: &mut [u32], keys: impl Iterator<Item = usize>, local: &[u32]) {
    for (to, key) in word.iter_mut().zip(keys) {
        *to |= local.get(key).copied().unwrap_or(0);
    }
}

fn keys_of(batch: &Batch, column: FieldId) -> Option<&Keys> {
    if let Column::Words(keys, _) = batch.column(column) { Some(keys) } else { None }
}

/// Where an answer comes from.
enum From {
    /// It is the same in every row.
    Nothing,
    Words(FieldId),
    Number(Lane),
    Any(Vec<FieldId>),
}

fn source(reader: &Reader<'_>, batch: &Batch, asked: &Asked) -> From {
    let mut columns: Vec<FieldId> = Vec::new();
    let mut numbers = false;
    for field in asked.fields() {
        let column = match batch.column(*field) {
            Column::Same(_) => continue,
            Column::Part => reader.terms.chip.unwrap_or(*field),
            Column::Words(..) => *field,
            Column::Numbers(..) => {
                numbers = true;
                *field
            }
        };
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    match (columns.as_slice(), asked.bounds()) {
        ([], _) => From::Nothing,
        ([one], _) if !numbers => From::Words(*one),
        ([one], None) if asked.is_of_presence() => From::Number(Lane::Column(*one)),
        (_, Some((term, _))) => match lane(batch, term) {
            Some(lane) => From::Number(lane),
            None => From::Any(asked.fields().to_vec()),
        },
        _ => From::Any(asked.fields().to_vec()),
    }
}

/// A term all of whose facts are columns of numbers, facts of parts, or the same in every row.
fn lane(batch: &Batch, term: &Term) -> Option<Lane> {
    let lane = Lane::of(term)?;
    let mut fields = Vec::new();
    lane.columns(&mut fields);
    fields.iter().all(|field| !matches!(batch.column(*field), Column::Words(..))).then_some(lane)
}

fn group<T: PartialEq>(groups: &mut Vec<(T, Asks)>, key: T, asked: (usize, usize)) {
    match groups.iter_mut().find(|(known, _)| *known == key) {
        Some((_, list)) => list.push(asked),
        None => groups.push((key, vec![asked])),
    }
}

/// A case of what is the same in every row.
fn blank(days: Days<'_>, reader: &Reader<'_>, batch: &Batch) -> Case {
    let day = days.epochs.first().map_or(facts::Date::ZERO, |epoch| epoch.from);
    let mut case = Case::new(reader.terms.dictionary, day);
    for (at, column) in batch.columns.iter().enumerate() {
        if let Column::Same(fact) = column
            && *fact != Fact::Unknown
        {
            case.set(FieldId(at as u16), fact.clone());
        }
    }
    case
}

/// The segments of a number that the questions tell apart, and the marks of all answers.
fn segments(days: Days<'_>, batch: &Batch, lane: &Lane, asked: &[(usize, usize)]) -> (Steps, Marks) {
    let questions: Vec<&Asked> =
        asked.iter().filter_map(|(epoch, at)| days.questions.get(*epoch).and_then(|questions| questions.list.get(*at))).collect();
    let mut bounds: Vec<&Exact> = questions.iter().filter_map(|asked| asked.bounds()).flat_map(|(_, bounds)| bounds).collect();
    bounds.sort();
    bounds.dedup();
    let answers = |code: &dyn Fn(&[Exact]) -> u16| -> Vec<u16> {
        let own = |asked: &&Asked| asked.class_of(asked.bounds().map_or(u16::MAX, |(_, bounds)| code(bounds)));
        questions.iter().map(own).collect()
    };
    let of_presence = |code: u16| -> Vec<u16> { questions.iter().map(|asked| asked.class_of(code)).collect() };
    // Where a number stands among a question's own bounds: on one, or between two.
    let on = |at: &Exact| {
        answers(&|own| {
            let below = own.iter().take_while(|bound| *bound < at).count() as u16;
            2 + 2 * below + u16::from(own.contains(at))
        })
    };
    let above = |at: Option<&Exact>| {
        answers(&|own| 2 + 2 * own.iter().take_while(|bound| at.is_some_and(|at| *bound <= at)).count() as u16)
    };
    let mut marks = vec![(of_presence(0), u32::from(UNKNOWN)), (of_presence(1), u32::from(ABSENT))];
    let mut steps = Vec::new();
    let mut last = above(None);
    marks.push((last.clone(), 2));
    for bound in bounds {
        for (next, above) in [(on(bound), false), (above(Some(bound)), true)] {
            if next != last {
                steps.push(Step { bound, above });
                marks.push((next.clone(), 2 + steps.len() as u32));
                last = next;
            }
        }
    }
    let mut seen = HashMap::new();
    for (answers, mark) in marks {
        seen.entry(answers).or_insert(mark);
    }
    let mut fields = Vec::new();
    lane.columns(&mut fields);
    let parts = fields.iter().any(|field| !matches!(batch.column(*field), Column::Numbers(..)));
    (Steps::of(lane, parts, &steps), Marks { seen })
}

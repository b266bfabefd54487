//! Many cases decided at once: each row's key is looked up among those that were decided before, and a key that is new is decided by
//! the judge of one case. So both judges are one, but for how rows are told apart.

use std::collections::HashMap;
use std::sync::Arc;

use facts::{Case, FieldId};
use pulp::{Arch, Simd, WithSimd};
use regime::{
    Corridor, Decision, Epoch, FeeDue, Law, Outcome, Questions, Totals, applying, counted, decide, fee, open_facts,
    turns_on_totals,
};
use rustc_hash::FxHashMap;

use crate::arrays::Span;
use crate::column::{Batch, since};
use crate::lane::TILE;
use crate::plan::{Days, Key, Plan, Prepared, Shape, Tile, WORDS, shape};
use crate::read::Reader;

/// What a gate says of all rows of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The place of the epoch in [`Judge::epochs`].
    pub epoch: usize,
    /// The decision; amounts of fees stand with each row.
    pub decision: Decision,
    /// The clauses that surely apply, a bit each by [`regime::ClauseId`]; empty where nobody asked.
    pub clauses: Vec<u64>,
    /// Of an undetermined row, the facts that can still change the answer where the row does not state them; empty where nobody asked.
    pub open: Vec<FieldId>,
    /// Whether running totals may matter: then the decision is that of a row of which no total is known.
    pub counted: bool,
}

/// A row that has no verdict, since it has problems.
pub const NONE: u32 = u32::MAX;

/// The second judge: decides batches of rows under a corridor.
#[derive(Debug)]
pub struct Judge {
    corridor: Corridor,
    gates: Vec<Gate>,
    every: bool,
    reader: Option<Arc<()>>,
}

/// One gate with all that was found out about it.
#[derive(Debug)]
struct Gate {
    epochs: Vec<Epoch>,
    starts: Vec<i32>,
    /// By epoch: whether a test turns on a running total itself.
    totals: Vec<bool>,
    /// Whether somebody asks which facts rows lack.
    lacks: bool,
    /// By epoch, once it is met; none within where an epoch cannot be told in classes.
    questions: Vec<Option<Option<Questions>>>,
    verdicts: Vec<Verdict>,
    places: HashMap<Verdict, u32>,
    plans: Vec<Planned>,
}

/// A plan with the keys that were met.
#[derive(Debug)]
struct Planned {
    shape: Vec<Shape>,
    first: usize,
    last: usize,
    questions: Arc<[Questions]>,
    turns: Vec<i32>,
    plan: Option<Plan>,
    met: Met,
}

/// The verdicts of keys: a table where keys are short, else a map.
#[derive(Debug, Default)]
struct Met {
    direct: Vec<u32>,
    map: FxHashMap<Key, u32>,
}

/// Keys of so many bits have a table.
const SHORT: u32 = 18;
/// How many keys are kept at most; then they are met anew.
const MOST_KEYS: usize = 1 << 20;
/// How many plans are kept at most.
const MOST_PLANS: usize = 64;

/// The verdicts of a batch.
#[derive(Clone, Debug)]
pub struct Decided {
    /// By gate and row: the place in [`Judge::verdicts`], or [`NONE`].
    pub gates: Vec<Vec<u32>>,
}

impl Decided {
    /// The verdicts of a row, a gate each.
    pub(crate) fn of(&self, row: usize) -> Vec<u32> {
        self.gates.iter().map(|gate| gate.get(row).copied().unwrap_or(NONE)).collect()
    }
}

impl Judge {
    /// A judge of a corridor; with `every` it also tells which clauses apply.
    pub fn new(corridor: Corridor, every: bool) -> Judge {
        let gates = corridor.laws.iter().map(|law| Gate::new(law, law.epochs(&corridor.lens))).collect();
        Judge { corridor, gates, every, reader: None }
    }

    /// The same, who also finds out which facts rows lack: about half as long again for each kind of row that is new.
    pub fn with_lacks(mut self) -> Judge {
        self.gates.iter_mut().for_each(|gate| gate.lacks = true);
        self
    }

    /// The laws.
    pub fn laws(&self) -> &[Law] {
        &self.corridor.laws
    }

    /// The judge of one case under the same law.
    pub fn corridor(&mut self) -> &mut Corridor {
        &mut self.corridor
    }

    /// The epochs of a gate.
    pub fn epochs(&self, gate: usize) -> &[Epoch] {
        self.gates.get(gate).map_or(&[], |gate| &gate.epochs)
    }

    /// Every verdict that a gate has given.
    pub fn verdicts(&self, gate: usize) -> &[Verdict] {
        self.gates.get(gate).map_or(&[], |gate| &gate.verdicts)
    }

    /// Decides a batch that the reader has read. Running totals are unknown; rows to which they may matter say so.
    pub fn decide(&mut self, reader: &Reader<'_>, batch: &Batch) -> Decided {
        if self.reader.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &reader.own)) {
            self.reader = Some(Arc::clone(&reader.own));
            self.gates.iter_mut().for_each(|gate| gate.plans.clear());
        }
        let every = self.every;
        let gates = self.corridor.laws.iter().zip(&mut self.gates);
        Decided { gates: gates.map(|(law, gate)| gate.decide(law, every, reader, batch)).collect() }
    }

    /// Gives a row the verdict that running totals lead to, with what is due, gate by gate: the row is decided by the judge of one
    /// case, and added to the totals where it may move. Rows must come in order of date.
    pub fn decide_counted(&mut self, case: &Case, totals: &mut [Totals]) -> Vec<(u32, Vec<FeeDue>)> {
        let before = |(law, (gate, totals)): (&Law, (&Gate, &Totals))| gate.clauses(law, self.every, case, totals);
        let clauses: Vec<_> = self.corridor.laws.iter().zip(self.gates.iter().zip(&*totals)).map(before).collect();
        let (decision, _) = self.corridor.decide_and_post(case, totals);
        let gates = self.corridor.laws.iter().zip(&mut self.gates).zip(&*totals).zip(decision.gates.into_iter().zip(clauses));
        gates
            .map(|(((law, gate), totals), (decision, clauses))| {
                let due = decision.fees.clone();
                (gate.place(law, (case, totals), decision, clauses), due)
            })
            .collect()
    }

    /// What is due at a gate for a row, with amounts.
    pub fn fees(&self, gate: usize, verdict: u32, case: &Case, totals: &Totals) -> Vec<FeeDue> {
        let found = self.corridor.laws.get(gate).zip(self.gates.get(gate));
        let found = found.and_then(|(law, gate)| Some((law, gate, gate.verdicts.get(verdict as usize)?)));
        let Some((law, gate, verdict)) = found else { return Vec::new() };
        let Some(epoch) = gate.epochs.get(verdict.epoch) else { return Vec::new() };
        let with = |due: &FeeDue| FeeDue { minor: fee(law, epoch, due.clause, case, totals), ..*due };
        verdict.decision.fees.iter().map(with).collect()
    }

    /// Adds the outcome of every row, over all gates: its place in [`Outcome::ALL`], or 255 for a row with problems.
    pub fn outcomes(&self, decided: &Decided, to: &mut Vec<u8>) {
        let code = |outcome: Outcome| Outcome::ALL.iter().position(|o| *o == outcome).map_or(u8::MAX, |at| at as u8);
        let ends =
            |verdict: &Verdict| u16::from(code(verdict.decision.mildest)) | u16::from(code(verdict.decision.strictest)) << 8;
        let settled: Vec<u8> = Outcome::ALL
            .iter()
            .flat_map(|mildest| Outcome::ALL.map(|strictest| code(Outcome::between(*mildest, strictest))))
            .collect();
        let settle = |both: u16| match (both & 0xff, both >> 8) {
            (mildest, strictest) if usize::from(mildest.max(strictest)) >= Outcome::ALL.len() => u8::MAX,
            (mildest, strictest) => {
                settled.get(usize::from(mildest) * Outcome::ALL.len() + usize::from(strictest)).copied().unwrap_or(u8::MAX)
            }
        };
        if let ([ids], [gate]) = (decided.gates.as_slice(), self.gates.as_slice()) {
            let table: Vec<u8> = gate.verdicts.iter().map(|verdict| settle(ends(verdict))).collect();
            // The lowest byte of no row's number is the last of a table of bytes.
            let mut short = [u8::MAX; 256];
            if table.len() < short.len() {
                short.iter_mut().zip(&table).for_each(|(place, outcome)| *place = *outcome);
                return to.extend(ids.iter().map(|id| short.get(usize::from(*id as u8)).copied().unwrap_or(u8::MAX)));
            }
            return to.extend(ids.iter().map(|id| table.get(*id as usize).copied().unwrap_or(u8::MAX)));
        }
        let mut rows: Vec<u16> = Vec::new();
        for (ids, gate) in decided.gates.iter().zip(&self.gates) {
            let table: Vec<u16> = gate.verdicts.iter().map(ends).collect();
            let of = |id: &u32| table.get(*id as usize).copied().unwrap_or(u16::MAX);
            if rows.is_empty() {
                rows = ids.iter().map(of).collect();
            } else {
                for (row, own) in rows.iter_mut().zip(ids.iter().map(of)) {
                    *row = (*row & 0xff).max(own & 0xff) | (*row >> 8).max(own >> 8) << 8;
                }
            }
        }
        to.extend(rows.into_iter().map(settle));
    }

    /// The clauses that surely apply at a gate, a bit each by [`regime::ClauseId`]: for every row as many words as the law's clauses
    /// fill; none where the judge does not tell them. Rows with problems have no bits.
    pub fn clauses(&self, gate: usize, decided: &Decided, to: &mut Vec<u64>) {
        let (Some(own), Some(ids), Some(law)) = (self.gates.get(gate), decided.gates.get(gate), self.corridor.laws.get(gate))
        else {
            return;
        };
        let width = law.clauses.len().div_ceil(64);
        let mut table: Vec<u64> = own.verdicts.iter().flat_map(|verdict| verdict.clauses.iter().copied()).collect();
        if table.len() < own.verdicts.len() * width {
            return;
        }
        let beyond = own.verdicts.len();
        table.resize((beyond + 1) * width, 0);
        if width == 1 {
            return to.extend(ids.iter().map(|id| table.get(beyond.min(*id as usize)).copied().unwrap_or(0)));
        }
        to.reserve(ids.len() * width);
        for id in ids {
            let at = beyond.min(*id as usize) * width;
            to.extend_from_slice(table.get(at..at + width).unwrap_or_default());
        }
    }

    /// The facts that each row lacks and that can still change its answer at a gate, a bit each by [`FieldId`]: for every row as many
    /// words as the dictionary's fields fill. Determined rows and rows with problems have no bits, nor has any row of a judge without
    /// [`Judge::with_lacks`]. A row that lacks nothing and is undetermined all the same waits for a running total or for a doubt
    /// about the law.
    pub fn lacks(&self, gate: usize, reader: &Reader<'_>, batch: &Batch, decided: &Decided, to: &mut Vec<u64>) {
        let (Some(own), Some(ids)) = (self.gates.get(gate), decided.gates.get(gate)) else { return };
        let width = reader.terms.dictionary.fields.len().div_ceil(64);
        let mut words = vec![0; width];
        to.reserve(ids.len() * width);
        for (row, id) in ids.iter().enumerate() {
            words.fill(0);
            let open = own.verdicts.get(*id as usize).map_or(&[][..], |verdict| &verdict.open);
            for field in open.iter().filter(|field| !reader.states(batch, **field, row)) {
                if let Some(word) = words.get_mut(usize::from(field.0 / 64)) {
                    *word |= 1 << (field.0 % 64);
                }
            }
            to.extend_from_slice(&words);
        }
    }

    /// The same of one row over some gates, by whether it states a fact.
    pub(crate) fn lacking(&self, gates: &[usize], ids: &[u32], states: &dyn Fn(FieldId) -> bool) -> Vec<FieldId> {
        let verdict = |gate: &usize| self.gates.get(*gate)?.verdicts.get(*ids.get(*gate)? as usize);
        let open = gates.iter().filter_map(verdict).flat_map(|verdict| verdict.open.iter().copied());
        let mut lacks: Vec<FieldId> = open.filter(|id| !states(*id)).collect();
        lacks.sort();
        lacks.dedup();
        lacks
    }

    /// Whether running totals may matter to each row, at any gate.
    pub fn counted(&self, decided: &Decided) -> Vec<usize> {
        let mut rows: Vec<usize> = Vec::new();
        for (ids, gate) in decided.gates.iter().zip(&self.gates) {
            let table: Vec<bool> = gate.verdicts.iter().map(|verdict| verdict.counted).collect();
            if table.contains(&true) {
                let is = |id: &u32| table.get(*id as usize).copied().unwrap_or(false);
                rows.extend(ids.iter().enumerate().filter(|(_, id)| is(id)).map(|(row, _)| row));
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

impl Gate {
    fn new(law: &Law, epochs: Vec<Epoch>) -> Gate {
        let starts = epochs.iter().map(|epoch| since(epoch.from)).collect();
        let questions = epochs.iter().map(|_| None).collect();
        let totals = epochs.iter().map(|epoch| turns_on_totals(law, epoch)).collect();
        Gate { epochs, starts, totals, lacks: false, questions, verdicts: Vec::new(), places: HashMap::new(), plans: Vec::new() }
    }

    /// The epoch of a day.
    fn epoch_of(&self, day: i32) -> usize {
        self.starts.partition_point(|start| *start <= day).saturating_sub(1)
    }

    fn decide(&mut self, law: &Law, every: bool, reader: &Reader<'_>, batch: &Batch) -> Vec<u32> {
        let mut ids = vec![NONE; batch.rows];
        let (first, last) = if batch.rows == 0 { (0, 0) } else { Arch::new().dispatch(Span(&batch.days)) };
        let (first, last) = (self.epoch_of(first), self.epoch_of(last));
        if !self.by_keys(law, every, (first, last), reader, batch, &mut ids) {
            for (row, id) in ids.iter_mut().enumerate() {
                *id = reader.case(batch, row).map_or(NONE, |case| self.alone(law, every, &case));
            }
        }
        for odd in &batch.odd {
            let id = odd.case.as_ref().map_or(NONE, |case| self.alone(law, every, case));
            if let Some(place) = ids.get_mut(odd.row) {
                *place = id;
            }
        }
        ids
    }

    /// Decides by keys; says no where the law is too large for them.
    fn by_keys(
        &mut self,
        law: &Law,
        every: bool,
        (first, last): (usize, usize),
        reader: &Reader<'_>,
        batch: &Batch,
        ids: &mut [u32],
    ) -> bool {
        let shape = shape(batch);
        let known = self.plans.iter().position(|p| p.first == first && p.last == last && p.shape == shape);
        let at = match known {
            Some(at) => at,
            None => {
                let Some(questions) = self.ask(law, every, first, last) else { return false };
                let turns = self.starts.get(first + 1..=last).unwrap_or_default().to_vec();
                let days =
                    Days { law, epochs: self.epochs.get(first..=last).unwrap_or_default(), questions: &questions, turns: &turns };
                let plan = Some(Plan::new(days, reader, batch));
                if self.plans.len() >= MOST_PLANS {
                    self.plans.clear();
                }
                self.plans.push(Planned { shape, first, last, questions, turns, plan, met: Met::default() });
                self.plans.len() - 1
            }
        };
        let mut planned = self.plans.swap_remove(at);
        let done = self.run(law, every, &mut planned, reader, batch, ids);
        self.plans.push(planned);
        done
    }

    fn run(
        &mut self,
        law: &Law,
        every: bool,
        planned: &mut Planned,
        reader: &Reader<'_>,
        batch: &Batch,
        ids: &mut [u32],
    ) -> bool {
        let Some(mut plan) = planned.plan.take() else { return false };
        let epochs = self.epochs.get(planned.first..=planned.last).unwrap_or_default().to_vec();
        let days = Days { law, epochs: &epochs, questions: &planned.questions, turns: &planned.turns };
        // A plan with too much to tell apart is not tried again.
        let Some((moved, prepared)) = plan.prepare(days, reader, batch) else { return false };
        if moved || planned.met.map.len() >= MOST_KEYS {
            planned.met.clear(&plan);
        }
        let mut tile = Tile::new();
        for start in (0..batch.rows).step_by(TILE) {
            let end = (start + TILE).min(batch.rows);
            Arch::new().dispatch(Keys { plan: &plan, days, batch, prepared: &prepared, rows: (start, end), to: &mut tile });
            settle(&mut plan, days, reader, batch, start, &mut tile);
            let Some(ids) = ids.get_mut(start..end) else { break };
            planned.met.look_up(&tile, plan.words, ids);
            if ids.iter().fold(false, |any, id| any | (*id == NONE)) {
                for (at, id) in ids.iter_mut().enumerate().filter(|(_, id)| **id == NONE) {
                    // One of the tile may have been met just now.
                    let key = tile.key(at, plan.words);
                    *id = match planned.met.get(&key) {
                        Some(id) => id,
                        None => {
                            let Some(case) =
                                (batch.odd_at(start + at).is_none()).then(|| reader.case(batch, start + at)).flatten()
                            else {
                                continue;
                            };
                            let id = self.alone(law, every, &case);
                            planned.met.keep(key, id);
                            id
                        }
                    };
                }
            }
        }
        planned.plan = Some(plan);
        true
    }

    /// What the epochs ask.
    fn ask(&mut self, law: &Law, every: bool, first: usize, last: usize) -> Option<Arc<[Questions]>> {
        let mut list = Vec::new();
        for at in first..=last {
            let (epoch, known) = (self.epochs.get(at)?, self.questions.get_mut(at)?);
            list.push(known.get_or_insert_with(|| Questions::of(law, epoch, every)).clone()?);
        }
        Some(list.into())
    }

    /// The verdict of one case, of which no running total is known.
    fn alone(&mut self, law: &Law, every: bool, case: &Case) -> u32 {
        let Some(epoch) = self.epochs.get(self.epoch_of(since(case.day))) else { return NONE };
        let totals = Totals::default();
        let decision = decide(law, epoch, case, &totals);
        let clauses = self.clauses(law, every, case, &totals);
        self.place(law, (case, &totals), decision, clauses)
    }

    /// The clauses that surely apply, where somebody asks.
    fn clauses(&self, law: &Law, every: bool, case: &Case, totals: &Totals) -> Vec<u64> {
        let Some(epoch) = self.epochs.get(self.epoch_of(since(case.day))).filter(|_| every) else { return Vec::new() };
        let mut clauses = vec![0u64; law.clauses.len().div_ceil(64)];
        for id in applying(law, epoch, case, totals) {
            if let Some(word) = clauses.get_mut(usize::from(id.0 / 64)) {
                *word |= 1 << (id.0 % 64);
            }
        }
        clauses
    }

    /// The place of a verdict.
    fn place(&mut self, law: &Law, (case, totals): (&Case, &Totals), mut decision: Decision, clauses: Vec<u64>) -> u32 {
        let at = self.epoch_of(since(case.day));
        let Some(epoch) = self.epochs.get(at) else { return NONE };
        decision.fees.iter_mut().for_each(|due| due.minor = None);
        let is_open = self.lacks && decision.outcome == Outcome::Undetermined;
        let open = if is_open { open_facts(law, epoch, case, totals) } else { Vec::new() };
        let counted = self.totals.get(at) == Some(&true) || counted(law, epoch, case);
        let verdict = Verdict { epoch: at, decision, clauses, open, counted };
        if let Some(at) = self.places.get(&verdict) {
            return *at;
        }
        let at = self.verdicts.len() as u32;
        self.verdicts.push(verdict.clone());
        self.places.insert(verdict, at);
        at
    }
}

/// Gives the rows that stand too near a bound the digit that the judge of one case finds.
fn settle(plan: &mut Plan, days: Days<'_>, reader: &Reader<'_>, batch: &Batch, start: usize, tile: &mut Tile) {
    for (row, digit) in std::mem::take(&mut tile.near) {
        if let Some(key) = tile.words.get_mut(plan.word_of(digit)).and_then(|word| word.get_mut(row)) {
            plan.settle(days, reader, batch, start + row, digit, key);
        }
    }
}

/// The keys of one tile, with the widest vectors that the processor has.
struct Keys<'a, 'b> {
    plan: &'a Plan,
    days: Days<'a>,
    batch: &'a Batch,
    prepared: &'a Prepared,
    rows: (usize, usize),
    to: &'b mut Tile,
}

impl WithSimd for Keys<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.plan.keys(self.days, self.batch, self.prepared, self.rows.0..self.rows.1, self.to);
    }
}

impl Tile {
    fn key(&self, row: usize, words: usize) -> Key {
        let mut key = [0; WORDS];
        for (to, word) in key.iter_mut().zip(&self.words).take(words) {
            *to = word.get(row).copied().unwrap_or(0);
        }
        key
    }
}

impl Met {
    fn clear(&mut self, plan: &Plan) {
        self.map.clear();
        self.direct.clear();
        if plan.words == 1 && plan.bits <= SHORT {
            self.direct.resize(1 << plan.bits, NONE);
        }
    }

    fn get(&self, key: &Key) -> Option<u32> {
        if self.direct.is_empty() {
            return self.map.get(key).copied();
        }
        self.direct.get(key.first().copied().unwrap_or(0) as usize).copied().filter(|id| *id != NONE)
    }

    fn keep(&mut self, key: Key, id: u32) {
        if self.direct.is_empty() {
            self.map.insert(key, id);
        } else if let Some(place) = self.direct.get_mut(key.first().copied().unwrap_or(0) as usize) {
            *place = id;
        }
    }

    fn look_up(&self, tile: &Tile, words: usize, ids: &mut [u32]) {
        if self.direct.is_empty() {
            let mut last = (None, NONE);
            for (row, id) in ids.iter_mut().enumerate() {
                let key = tile.key(row, words);
                if last.0 != Some(key) {
                    last = (Some(key), self.map.get(&key).copied().unwrap_or(NONE));
                }
                *id = last.1;
            }
        } else if let Some(word) = tile.words.first() {
            for (id, key) in ids.iter_mut().zip(word) {
                *id = self.direct.get(*key as usize).copied().unwrap_or(NONE);
            }
        }
    }
}

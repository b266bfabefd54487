//! Which cases nobody needs to tell apart: with one mark they are decided alike, whatever becomes of the facts that they lack.

use std::iter;

use facts::{Case, Fact, FieldId};

use crate::cells::behind;
use crate::epoch::Epoch;
use crate::law::{ClauseId, Law, Rule, Version};
use crate::program::{Bits, Lit, Matter, Program, Source, Words};
use crate::questions;
use crate::totals::{Totals, quota_key};

/// How the gates of a program hang together, for finding out which of them can still change an answer.
///
/// A gate that is known stays so, but for one that hangs on something crisp: whether a thing is shown to be false is known while the
/// thing is not, and may change. A gate that may change is what becomes of the gates and sources that go into it; of these, whatever
/// is known of an unknown gate is part of the gate already.
#[derive(Debug)]
pub(crate) struct Alike {
    /// How many words hold a bit for every gate.
    words: usize,
    /// By gate: the gates that go into it, and all that hang on it, itself among them.
    into: Vec<Vec<u64>>,
    above: Vec<Vec<u64>>,
    /// Crisp gates with their literals.
    crisp: Vec<(Lit, u16)>,
    sources: Vec<Asked>,
    scope: Lit,
    /// By clause: whether it applies, and whether it is available.
    clauses: Vec<[Lit; 2]>,
}

/// Something that is asked.
#[derive(Debug)]
struct Asked {
    source: Source,
    /// The gates that it goes into, and those of which it says something while it is unknown.
    gates: Vec<u64>,
    crisp: Vec<u64>,
    /// By code: whether it says no more than the code of the unknown. The last stands for every code beyond.
    mute: Vec<bool>,
    /// The facts behind it.
    fields: Vec<FieldId>,
}

impl Asked {
    /// Whether a case tells the gates no more than if it said nothing.
    fn is_mute(&self, matter: Matter<'_>) -> bool {
        let code = usize::from(self.source.code(matter));
        self.mute.get(code).or(self.mute.last()).copied().unwrap_or(true)
    }
}

/// What cases have in common that nobody needs to tell apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    gates: Vec<u64>,
    spelled: String,
}

impl Alike {
    /// How the program of an epoch hangs together; none where it has none.
    pub(crate) fn of(law: &Law, epoch: &Epoch) -> Option<Alike> {
        match epoch.program(law)? {
            Program::One(words) => Some(Alike::of_words(law, epoch, words)),
            Program::Four(words) => Some(Alike::of_words(law, epoch, words)),
            Program::Sixteen(words) => Some(Alike::of_words(law, epoch, words)),
        }
    }

    fn of_words<const W: usize>(law: &Law, epoch: &Epoch, words: &Words<W>) -> Alike {
        let into = vec![vec![0; W]; 64 * W];
        let (scope, clauses) = (words.scope, words.clauses.clone());
        let mut alike = Alike { words: W, above: into.clone(), into, crisp: vec![], sources: vec![], scope, clauses };
        for level in &words.levels {
            for step in &level.steps {
                let gate = 64 * usize::from(step.to) + usize::from(step.bit);
                if let Some(word) = alike.into.get_mut(gate).and_then(|into| into.get_mut(usize::from(step.from))) {
                    *word |= step.all;
                }
            }
            for (lit, gate) in &level.crisp {
                alike.into.get_mut(usize::from(*gate)).into_iter().for_each(|gates| set(gates, lit.gate));
                alike.crisp.push((*lit, *gate));
            }
        }
        for gate in 0..64 * W as u16 {
            alike.above.get_mut(usize::from(gate)).into_iter().for_each(|above| set(above, gate));
        }
        // Gates hang on those of lower levels only, so as many rounds as there are levels carry everything up.
        for _ in 0..=words.levels.len() {
            for (gate, into) in alike.into.iter().enumerate() {
                let above = alike.above.get(gate).cloned().unwrap_or_default();
                members(into)
                    .for_each(|other| alike.above.get_mut(usize::from(other)).into_iter().for_each(|more| join(more, &above)));
            }
        }
        for (source, place) in words.sources() {
            let mut gates = vec![0; W];
            let rows = || words.rows.iter().skip(place.first as usize).take(1 + usize::from(place.more));
            rows().for_each(|row| join(&mut gates, &row.unmet));
            let unknown =
                |row: &Bits<W>| row.unmet.iter().zip(row.failed).map(|(unmet, failed)| unmet & !failed).collect::<Vec<u64>>();
            let open = rows().next().map(unknown).unwrap_or_default();
            let crisp = gates.iter().zip(&open).map(|(gates, open)| gates & !open).collect();
            let same = |row: &Bits<W>| rows().next().is_some_and(|none| row.unmet == none.unmet && row.failed == none.failed);
            let mute = rows().map(same).collect();
            let fields = match &source {
                Source::Quota(id) => quota_facts(law, epoch, *id),
                source => questions::behind(law, source),
            };
            alike.sources.push(Asked { source, gates, crisp, mute, fields });
        }
        alike
    }

    /// The mark of a case; none where a total is sought and nobody can say which.
    pub(crate) fn mark(&self, matter: Matter<'_>) -> Option<Mark> {
        self.mark_lacking(matter, &mut Vec::new())
    }

    /// The mark of a case, and the facts that it lacks and that can still change the answer.
    pub(crate) fn mark_lacking(&self, matter: Matter<'_>, lacks: &mut Vec<FieldId>) -> Option<Mark> {
        let Matter { law, epoch, case, totals } = matter;
        let is_asked = |asked: &Asked| asked.source.code(matter) == 0;
        let Turns { own, unmet, failed, cone, told, open } = self.turns(matter, &is_asked)?;
        let mut mark = Mark { gates: cone.clone(), spelled: String::new() };
        for bits in [&unmet, &failed] {
            mark.gates.extend(bits.iter().zip(&cone).map(|(bits, cone)| bits & cone));
        }
        for bits in &own {
            mark.gates.extend(bits.iter().zip(&told).map(|(bits, told)| bits & told));
        }
        // Whether a source matters is seen sooner than whether the case answers it.
        let matters = |(_, source): &(usize, &Asked)| meet(&source.gates, &open) && is_asked(source);
        for (at, Asked { source, fields, .. }) in self.sources.iter().enumerate().filter(matters) {
            mark.gates.push(at as u64);
            lacks.extend(fields.iter().filter(|id| *case.fact(**id) == Fact::Unknown));
            if let Source::Quota(id) = source {
                if !totals.are_stated() {
                    continue;
                }
                let total = totals.get(law, epoch, case, *id)?;
                mark.spelled.push_str(&format!("{}\0{total}\0", quota_key(law, epoch, case, *id)?));
            }
            // While one fact is missing the others say where the answer turns.
            if fields.iter().any(|id| *case.fact(*id) != Fact::Unknown) {
                fields.iter().for_each(|id| mark.spell(matter, *id));
            }
        }
        // A doubt that is settled makes another program, and several make many: then every fact counts.
        if epoch.doubts.len() > 1 {
            law.asked().iter().for_each(|id| mark.spell(matter, *id));
            lacks.extend(law.asked());
        } else if !epoch.doubts.is_empty() {
            for suspended in [false, true] {
                let settled = epoch.settled(0, suspended)?;
                let other = settled.alike(law)?.mark_lacking(Matter { epoch: &settled, ..matter }, lacks)?;
                // How many words there were says where the next begin, since their number hangs on the case.
                mark.gates.push(mark.gates.len() as u64);
                mark.gates.extend(other.gates);
                mark.spelled.push('\u{2}');
                mark.spelled.push_str(&other.spelled);
            }
        }
        Some(mark)
    }

    /// The facts behind every question that a case leaves open and that can still change the answer, whether it states them or not:
    /// the same of every case whose answers fall into the same classes (see [`crate::questions`]).
    fn open(&self, matter: Matter<'_>) -> Option<Vec<FieldId>> {
        let Matter { law, epoch, .. } = matter;
        let turns = self.turns(matter, &|asked| asked.is_mute(matter))?;
        let asked = self.sources.iter().filter(|asked| meet(&asked.gates, &turns.open) && asked.is_mute(matter));
        let mut fields: Vec<FieldId> = asked.flat_map(|asked| asked.fields.iter().copied()).collect();
        if epoch.doubts.len() > 1 {
            fields.extend(law.asked());
        } else if !epoch.doubts.is_empty() {
            for suspended in [false, true] {
                let settled = epoch.settled(0, suspended)?;
                fields.extend(settled.alike(law)?.open(Matter { epoch: &settled, ..matter })?);
            }
        }
        Some(fields)
    }

    /// What an answer turns on, by those sources of which somebody says that they are still asked.
    fn turns(&self, matter: Matter<'_>, is_asked: &dyn Fn(&Asked) -> bool) -> Option<Turns> {
        let Matter { law, epoch, .. } = matter;
        let (own, unmet, failed) = epoch.program(law)?.gates(matter);
        let unknown: Vec<u64> = unmet.iter().zip(&failed).map(|(unmet, failed)| unmet & !failed).collect();
        let mut crisp = vec![0; self.words];
        self.crisp.iter().filter(|(lit, _)| has(&unknown, lit.gate)).for_each(|(_, gate)| set(&mut crisp, *gate));
        let says = self.sources.iter().filter(|source| source.crisp.iter().any(|word| *word != 0));
        says.filter(|source| is_asked(source)).for_each(|source| join(&mut crisp, &source.crisp));
        let (cone, told) = self.cone(law, epoch, [&unknown, &unmet, &crisp]);
        let open = unknown.iter().zip(&told).zip(&cone).map(|((unknown, told), cone)| (unknown & cone) | told).collect();
        Some(Turns { own, unmet, failed, cone, told, open })
    }

    /// The gates that the answer turns on as it stands, with those that can still change it; and of these the ones that are known so
    /// far.
    fn cone(&self, law: &Law, epoch: &Epoch, [unknown, unmet, crisp]: [&[u64]; 3]) -> (Vec<u64>, Vec<u64>) {
        let docket = epoch.docket(law);
        let (mut cone, mut told) = (vec![0; self.words], vec![0; self.words]);
        let mut loose = unknown.to_vec();
        members(crisp).for_each(|gate| self.above.get(usize::from(gate)).into_iter().for_each(|above| join(&mut loose, above)));
        let may = |lit: Lit| has(&loose, lit.gate) || has(unmet, lit.gate) == lit.not;
        let lits = |id: &ClauseId| self.clauses.get(id.0 as usize).copied().unwrap_or_default();
        let mut next = vec![0; self.words];
        set(&mut next, self.scope.gate);
        if may(self.scope) {
            docket.prohibitions.iter().for_each(|id| set(&mut next, lits(id)[0].gate));
            for required in &docket.requirements {
                let [applies, _] = lits(&required.clause);
                set(&mut next, applies.gate);
                if may(applies) {
                    required.answers().for_each(|id| set(&mut next, lits(&id)[1].gate));
                    let needs = required.lifts().iter().flat_map(|id| epoch.needs(law, *id));
                    needs.flat_map(lits).for_each(|lit| set(&mut next, lit.gate));
                }
            }
        }
        while let Some(gate) = first_beyond(&next, &cone) {
            set(&mut cone, gate);
            let Some(into) = self.into.get(usize::from(gate)) else { continue };
            if has(unknown, gate) {
                // What is known for good of an unknown gate has gone into it.
                next.iter_mut().zip(into).zip(&loose).for_each(|((next, into), loose)| *next |= into & loose);
            } else if has(&loose, gate) {
                set(&mut told, gate);
                join(&mut next, into);
            }
        }
        (cone, told)
    }
}

/// What an answer turns on, as words of gates.
struct Turns {
    /// What the facts say by themselves: not true, and false.
    own: [Vec<u64>; 2],
    /// What follows for all gates.
    unmet: Vec<u64>,
    failed: Vec<u64>,
    /// The gates that the answer turns on, those of them that are known so far, and those that can still change.
    cone: Vec<u64>,
    told: Vec<u64>,
    open: Vec<u64>,
}

/// The facts behind every question that a case leaves open and that can still change its answer, in their order and each once. Those
/// that the case does not state are what it lacks; the rest of the list is the same of every case whose answers fall into the same
/// classes ([`crate::Questions`]). All that the law asks about where it is too large for a program.
pub fn open_facts(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Vec<FieldId> {
    let alike = epoch.alike(law).and_then(|alike| alike.open(Matter { law, epoch, case, totals }));
    let mut fields = alike.unwrap_or_else(|| law.asked().to_vec());
    fields.sort();
    fields.dedup();
    fields
}

impl Mark {
    fn spell(&mut self, matter: Matter<'_>, id: FieldId) {
        let fact = matter.case.fact(id);
        self.spelled.push_str(&matter.law.dictionary.spell(id, fact));
        self.spelled.push(if *fact == Fact::Unknown { '\u{1}' } else { '\0' });
    }
}

/// The facts that a quota's total, its key, the limit and the shipment's own share turn on.
fn quota_facts(law: &Law, epoch: &Epoch, id: ClauseId) -> Vec<FieldId> {
    let Some((Version { rule: Rule::Quota { measure, limit, per, .. }, .. }, _)) = epoch.version(law, id) else {
        return Vec::new();
    };
    let mut found = per.clone();
    iter::once(measure).chain(limit).for_each(|term| behind(law, epoch, term, &mut found));
    found.sort();
    found.dedup();
    found
}

fn has(gates: &[u64], gate: u16) -> bool {
    gates.get(usize::from(gate / 64)).is_some_and(|word| word >> (gate % 64) & 1 != 0)
}

fn set(gates: &mut [u64], gate: u16) {
    if let Some(word) = gates.get_mut(usize::from(gate / 64)) {
        *word |= 1 << (gate % 64);
    }
}

fn join(gates: &mut [u64], more: &[u64]) {
    gates.iter_mut().zip(more).for_each(|(word, more)| *word |= more);
}

fn meet(some: &[u64], others: &[u64]) -> bool {
    some.iter().zip(others).any(|(some, others)| some & others != 0)
}

/// The least gate of a list that is not of another.
fn first_beyond(gates: &[u64], others: &[u64]) -> Option<u16> {
    let mut left = gates.iter().zip(others).map(|(gates, others)| gates & !others).zip(0..);
    left.find(|(word, _)| *word != 0).map(|(word, at)| 64 * at + word.trailing_zeros() as u16)
}

/// The gates of a list, from the least.
fn members(gates: &[u64]) -> impl Iterator<Item = u16> {
    (0..).zip(gates).flat_map(|(at, word)| {
        let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|bits| *bits != 0);
        iter::successors(Some(*word).filter(|bits| *bits != 0), rest).map(move |bits| 64 * at + bits.trailing_zeros() as u16)
    })
}

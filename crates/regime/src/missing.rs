//! What is missing: the smallest set of facts, and of doubts about the law, that settles a case.

use std::cell::{Cell as Counter, RefCell};
use std::iter;
use std::rc::Rc;
use std::sync::Arc;

use facts::{Case, Fact, FieldId};
use rustc_hash::FxHashSet;

use crate::alike::Mark;
use crate::cells::{Cells, Partitions, reached};
use crate::epoch::Epoch;
use crate::judge::{Decision, Judge, Outcome, Tri, decide};
use crate::law::{ClauseId, Law, Rule, Version};
use crate::program::Matter;
use crate::totals::Totals;
use crate::tree::{Piece, Term, Test, facts_of};

/// Something unknown: a fact, or a doubt of the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unknown {
    Field(FieldId),
    Doubt(usize),
}

/// How many decisions one search may ask for.
const BUDGET: usize = 20_000;

/// The smallest set that settles the case whichever way it turns out, and of several the first; all that is unknown where no set
/// does. Where it takes too long to say, the set is one of which nothing can be spared.
///
/// A set that fails leaves a case open. With everything else told as well that keeps it open, that case shows that one of the
/// unknowns still left is needed, so only sets that hold one of them are tried from then on (implicit hitting sets; Reiter 1987).
/// Of papers, which show a condition, this is not so: a paper that is refused may open what was settled while it was only missing.
/// What a case with papers told shows, it shows of sets that hold these papers.
pub(crate) fn smallest(ask: &Ask<'_>, case: &Case) -> Vec<Unknown> {
    let start = &ask.begin(case);
    let unknowns = relevant(ask.law, &start.epoch, &start.case, ask.totals);
    let mut needed: Vec<Needed> = Vec::new();
    // Most unknowns are needed each by itself: that shows at once where all others are told first.
    for last in &unknowns {
        let others = unknowns.iter().filter(|u| *u != last).chain([last]);
        let one = Needed { with: Vec::new(), one_of: ask.still_needed(start.clone(), others.copied()) };
        if !needed.contains(&one) {
            needed.push(one);
        }
    }
    let mut set = hitting(ask, &unknowns, &needed);
    while let Some(tried) = set {
        // Where everything is needed there is nothing to try.
        if tried.len() == unknowns.len() || ask.settles(start, &tried) {
            return tried;
        }
        let Some(open) = ask.open.take() else { break };
        let one_of = ask.still_needed(open, unknowns.iter().filter(|u| !tried.contains(u)).copied());
        needed.push(Needed { with: tried.into_iter().filter(|u| ask.papers.contains(u)).collect(), one_of });
        set = hitting(ask, &unknowns, &needed);
    }
    if ask.left.get() > 0 {
        return unknowns;
    }
    ask.left.set(BUDGET);
    let mut set = unknowns;
    let mut at = 0;
    while let Some(spared) = set.get(at) {
        let fewer: Vec<Unknown> = set.iter().filter(|u| *u != spared).copied().collect();
        if needed.iter().all(|needed| needed.is_met(&fewer)) && ask.settles(start, &fewer) {
            set = fewer;
        } else {
            at += 1;
        }
    }
    set
}

/// That a set which holds some papers, or any set where none are named, must hold one of these.
#[derive(PartialEq)]
struct Needed {
    with: Vec<Unknown>,
    one_of: Vec<Unknown>,
}

impl Needed {
    fn is_met(&self, set: &[Unknown]) -> bool {
        self.one_of.iter().any(|u| set.contains(u)) || !self.with.iter().all(|u| set.contains(u))
    }
}

/// The smallest set that holds what is needed, and of several the first; none where there is none, or it takes too long to say.
fn hitting(ask: &Ask<'_>, unknowns: &[Unknown], needed: &[Needed]) -> Option<Vec<Unknown>> {
    let alone = |u: &Unknown| needed.iter().any(|needed| needed.with.is_empty() && needed.one_of.as_slice() == [*u]);
    let (mut set, rest): (Vec<Unknown>, Vec<Unknown>) = unknowns.iter().partition(|u| alone(u));
    let found = (0..=rest.len()).any(|size| hits(ask, &rest, needed, size, &mut set));
    set.sort();
    found.then_some(set)
}

/// Adds `size` unknowns, the first in their order, so that all that is needed is chosen; false where there are none such.
fn hits(ask: &Ask<'_>, rest: &[Unknown], needed: &[Needed], size: usize, chosen: &mut Vec<Unknown>) -> bool {
    let Some(left) = ask.left.get().checked_sub(1) else { return false };
    ask.left.set(left);
    if size == 0 {
        return needed.iter().all(|needed| needed.is_met(chosen));
    }
    let hopeless =
        |needed: &Needed| needed.with.is_empty() && !needed.is_met(chosen) && !needed.one_of.iter().any(|u| rest.contains(u));
    if rest.len() < size || needed.iter().any(hopeless) {
        return false;
    }
    rest.iter().enumerate().any(|(i, unknown)| {
        chosen.push(*unknown);
        let found = hits(ask, rest.get(i + 1..).unwrap_or_default(), needed, size - 1, chosen);
        if !found {
            chosen.pop();
        }
        found
    })
}

/// A case of which some unknowns have been told.
#[derive(Clone)]
pub(crate) struct So {
    epoch: Arc<Epoch>,
    /// The doubts that were settled, by their places in the epoch of the start, and whether the suspension holds.
    settled: Vec<(usize, bool)>,
    case: Case,
}

/// What is known of cases, by what nobody needs to tell apart: the doubts that were settled, what is left to tell, and the mark.
pub(crate) type Key = (Vec<(usize, bool)>, Vec<Unknown>, Mark);

/// One who asks what missing facts could lead to.
pub(crate) struct Ask<'a> {
    law: &'a Law,
    totals: &'a Totals,
    partitions: Partitions<'a>,
    start: Arc<Epoch>,
    /// The facts that show a condition, or that a quota is kept.
    papers: Vec<Unknown>,
    left: Counter<usize>,
    /// The case that the last set left open.
    open: RefCell<Option<So>>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(law: &'a Law, epoch: &'a Epoch, totals: &'a Totals) -> Ask<'a> {
        let (left, open) = (Counter::new(BUDGET), RefCell::new(None));
        let papers = papers(law, epoch).into_iter().map(Unknown::Field).collect();
        let start = Arc::new(epoch.clone());
        Ask { law, totals, partitions: Partitions::new(law, epoch, totals), start, papers, left, open }
    }

    /// A case of which nothing has been told yet.
    pub(crate) fn begin(&self, case: &Case) -> So {
        So { epoch: Arc::clone(&self.start), settled: Vec::new(), case: case.clone() }
    }

    /// Begins to count anew what is asked.
    pub(crate) fn renew(&self) {
        self.left.set(BUDGET);
    }

    /// Whether a set settles the case whichever way it turns out; no where too much was asked.
    fn settles(&self, start: &So, set: &[Unknown]) -> bool {
        self.settle(start, set, &mut FxHashSet::default())
    }

    fn settle(&self, so: &So, set: &[Unknown], settled: &mut FxHashSet<Key>) -> bool {
        let Some(decision) = self.decided(so) else { return false };
        if decision.outcome != Outcome::Undetermined {
            return true;
        }
        // To tell the last unknown costs less than to see whether a case like this one was settled already.
        let key = if set.len() > 1 { self.key(so, set) } else { None };
        if key.as_ref().is_some_and(|key| settled.contains(key)) {
            return true;
        }
        let Some(next) = self.next(so, &decision, set) else {
            self.open.replace(Some(so.clone()));
            return false;
        };
        let rest: Vec<Unknown> = set.iter().filter(|u| **u != next).copied().collect();
        let turns = self.turns(so, next);
        let all = (0..turns.0.len()).all(|at| self.settle(&self.told(so, next, &turns.0, at), &rest, settled));
        if all {
            settled.extend(key);
        }
        all
    }

    /// What a case with a set left to tell has in common with those that nobody needs to tell from it.
    pub(crate) fn key(&self, so: &So, set: &[Unknown]) -> Option<Key> {
        let matter = Matter { law: self.law, epoch: &so.epoch, case: &so.case, totals: self.totals };
        Some((so.settled.clone(), set.to_vec(), so.epoch.alike(self.law)?.mark(matter)?))
    }

    /// What is decided; none where too much was asked.
    pub(crate) fn decided(&self, so: &So) -> Option<Decision> {
        self.left.set(self.left.get().checked_sub(1)?);
        Some(decide(self.law, &so.epoch, &so.case, self.totals))
    }

    /// Which of a set to ask first while a case is open: what the strictest answer hangs on, since nothing matters once that is
    /// given, and the next strictest is asked about once it is not.
    pub(crate) fn next(&self, so: &So, decision: &Decision, set: &[Unknown]) -> Option<Unknown> {
        let mut judge = Judge::new(self.law, &so.epoch, &so.case, self.totals);
        let (mut found, mut seen) = (Vec::new(), Vec::new());
        if let Some(by) = decision.by {
            unknown_around(&mut judge, by, &mut found, &mut seen);
        }
        let of = |found: &[Unknown]| found.iter().map(|u| so.as_of_start(*u)).find(|u| set.contains(u));
        of(&found).or_else(|| of(&relevant(self.law, &so.epoch, &so.case, self.totals)))
    }

    /// Everything that an unknown could be, and whether that surely is everything.
    pub(crate) fn turns(&self, so: &So, unknown: Unknown) -> Rc<(Cells, bool)> {
        match unknown {
            Unknown::Field(id) => self.partitions.of(&so.epoch, &so.settled, &so.case, id),
            Unknown::Doubt(at) => {
                let doubt = so.epoch.doubts.get(so.place(at));
                let question = doubt.map_or("", |doubt| doubt.question.trim_end_matches('?'));
                let words = vec![format!("{question}: yes"), format!("{question}: no")];
                Rc::new((Cells::words(String::new(), words), true))
            }
        }
    }

    /// The case with an unknown told: the turn at a place among all of them.
    pub(crate) fn told(&self, so: &So, unknown: Unknown, turns: &Cells, at: usize) -> So {
        let mut told = so.clone();
        match unknown {
            Unknown::Field(id) => {
                if let Some(fact) = turns.facts.get(at) {
                    told.case.set(id, fact.clone());
                }
            }
            Unknown::Doubt(doubt) => {
                told.settled.push((doubt, at == 0));
                told.settled.sort_unstable();
                // From the last to the first, so that places stay and each way to settle them is one epoch with one program.
                let settle = |epoch: Arc<Epoch>, (doubt, holds): &(usize, bool)| epoch.settled(*doubt, *holds).unwrap_or(epoch);
                told.epoch = told.settled.iter().rev().fold(Arc::clone(&self.start), settle);
            }
        }
        told
    }

    /// Of an open case, what is left once all but papers is told that keeps it open: the answer hangs on one of these.
    fn still_needed(&self, mut open: So, unknowns: impl Iterator<Item = Unknown>) -> Vec<Unknown> {
        let mut needed = Vec::new();
        for unknown in unknowns {
            if self.papers.contains(&unknown) {
                needed.push(unknown);
                continue;
            }
            let turns = self.turns(&open, unknown);
            let keeps = (0..turns.0.len())
                .map(|at| self.told(&open, unknown, &turns.0, at))
                .find(|told| self.decided(told).is_some_and(|decision| decision.outcome == Outcome::Undetermined));
            match keeps {
                Some(told) => open = told,
                None => needed.push(unknown),
            }
        }
        needed.sort();
        needed
    }
}

impl So {
    /// The place of a doubt in the epoch: later doubts move up where one is settled.
    fn place(&self, doubt: usize) -> usize {
        doubt - self.settled.iter().filter(|(settled, _)| *settled < doubt).count()
    }

    /// An unknown of this epoch as the start numbers it.
    fn as_of_start(&self, unknown: Unknown) -> Unknown {
        match unknown {
            Unknown::Doubt(at) => {
                Unknown::Doubt(self.settled.iter().fold(at, |at, (settled, _)| at + usize::from(*settled <= at)))
            }
            field => field,
        }
    }
}

/// The facts that show the conditions of an epoch, and those that its quotas count.
fn papers(law: &Law, epoch: &Epoch) -> Vec<FieldId> {
    let (mut found, mut clauses) = (Vec::new(), Vec::new());
    let versions = |ids: Vec<ClauseId>| ids.into_iter().filter_map(|id| epoch.version(law, id));
    for (version, _) in versions(law.clause_ids().collect()) {
        match &version.rule {
            Rule::Condition { met, .. } => {
                met.walk(&mut |piece| facts_of(piece, &mut found));
                met.clauses(&mut clauses);
            }
            Rule::Quota { measure, limit, .. } => {
                for term in iter::once(measure).chain(limit) {
                    term.walk(&mut |piece| facts_of(piece, &mut found));
                    term.clauses(&mut clauses);
                }
            }
            _ => {}
        }
    }
    for (version, _) in versions(reached(law, epoch, &clauses)) {
        let (tests, terms) = version.rule.parts();
        let mut meet = |piece: Piece<'_>| facts_of(piece, &mut found);
        tests.into_iter().for_each(|test| test.walk(&mut meet));
        terms.into_iter().for_each(|term| term.walk(&mut meet));
    }
    found.sort();
    found.dedup();
    found
}

/// What is unknown and could still change the outcome.
fn relevant(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Vec<Unknown> {
    let mut judge = Judge::new(law, epoch, case, totals);
    let mut found = Vec::new();
    let mut seen = Vec::new();
    unknown_in(&mut judge, &law.scope, &mut found, &mut seen);
    for id in law.tables.prohibitions.iter().chain(&law.tables.requirements) {
        unknown_around(&mut judge, *id, &mut found, &mut seen);
    }
    let (matter, mut lacks) = (Matter { law, epoch, case, totals }, Vec::new());
    if epoch.alike(law).and_then(|alike| alike.mark_lacking(matter, &mut lacks)).is_some() {
        found.retain(|unknown| !matches!(unknown, Unknown::Field(id) if !lacks.contains(id)));
    }
    found.sort();
    found.dedup();
    found
}

/// What a prohibition or requirement hangs on that may apply: itself, and what lifts and reviews it.
fn unknown_around(judge: &mut Judge<'_>, id: ClauseId, found: &mut Vec<Unknown>, seen: &mut Vec<ClauseId>) {
    if judge.applies(id) == Tri::False {
        return;
    }
    let (law, epoch) = (judge.law, judge.epoch);
    unknown_of(judge, id, found, seen);
    for list in [&law.tables.lifted_by, &law.tables.reviewed_by] {
        for other in list.get(id.0 as usize).into_iter().flatten() {
            unknown_of(judge, *other, found, seen);
            let Some((version, _)) = epoch.version(law, *other) else { continue };
            for need in version.rule.needs() {
                if judge.refused(*need)
                    && let Some(concerns) = epoch.version(law, *need).and_then(|(v, _)| v.rule.when())
                {
                    unknown_in(judge, concerns, found, seen);
                }
            }
        }
    }
}

pub(crate) fn unknown_of(judge: &mut Judge<'_>, id: ClauseId, found: &mut Vec<Unknown>, seen: &mut Vec<ClauseId>) {
    if judge.applies(id) != Tri::Unknown || seen.contains(&id) {
        return;
    }
    seen.push(id);
    let epoch = judge.epoch;
    for (at, doubt) in epoch.doubts.iter().enumerate() {
        if doubt.clauses.contains(&id) {
            found.push(Unknown::Doubt(at));
        }
    }
    let law = judge.law;
    if let Some((version, _)) = epoch.version(law, id)
        && let Some(when) = version.rule.when()
    {
        unknown_in(judge, when, found, seen);
    }
    for other in &law.clause(id).overridden_by {
        unknown_of(judge, *other, found, seen);
    }
}

fn unknown_in(judge: &mut Judge<'_>, test: &Test, found: &mut Vec<Unknown>, seen: &mut Vec<ClauseId>) {
    if judge.test(test) != Tri::Unknown {
        return;
    }
    match test {
        Test::Fact(id) | Test::OneOf(id, _) | Test::Member(id, _) | Test::Holds(id, _) | Test::Absent(id) => {
            found.push(Unknown::Field(*id))
        }
        Test::Same(a, b) => {
            for id in [a, b] {
                if *judge.case.fact(*id) == Fact::Unknown {
                    found.push(Unknown::Field(*id));
                }
            }
        }
        Test::Compare { left, right, .. } => {
            unknown_terms(judge, left, found, seen);
            unknown_terms(judge, right, found, seen);
        }
        Test::Applies(id) => unknown_of(judge, *id, found, seen),
        Test::All(parts) | Test::Any(parts) => parts.iter().for_each(|p| unknown_in(judge, p, found, seen)),
        Test::Not(inner) => unknown_in(judge, inner, found, seen),
        Test::Is(_) => {}
    }
}

fn unknown_terms(judge: &mut Judge<'_>, term: &Term, found: &mut Vec<Unknown>, seen: &mut Vec<ClauseId>) {
    let mut quantities = Vec::new();
    let mut tests = Vec::new();
    term.walk(&mut |piece| match piece {
        Piece::Term(Term::Fact(id)) if *judge.case.fact(*id) == Fact::Unknown => found.push(Unknown::Field(*id)),
        Piece::Term(Term::Quantity(id)) => quantities.push(*id),
        Piece::Test(test) => tests.push(test),
        _ => {}
    });
    for test in tests {
        unknown_in(judge, test, found, seen);
    }
    for id in quantities {
        if let Some((Version { rule: Rule::Quantity { value, .. }, .. }, _)) = judge.epoch.version(judge.law, id) {
            unknown_terms(judge, value, found, seen);
        }
    }
}

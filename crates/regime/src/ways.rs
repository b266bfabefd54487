//! Ways that missing facts could turn out, and the smallest set of facts that settles a case.

use std::cell::Cell as Counter;

use facts::{Case, Fact, FieldId};

use crate::cells::{Asked, Cells, partition};
use crate::epoch::Epoch;
use crate::judge::{Judge, Outcome, Tri, decide, walk};
use crate::law::{ClauseId, Law, Rule, Version};
use crate::totals::Totals;
use crate::tree::{Piece, Term, Test};

/// One way that the missing facts could turn out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What would be so, a line a fact.
    pub given: Vec<String>,
    /// The answer then.
    pub outcome: Outcome,
    /// The clause that would decide.
    pub by: Option<ClauseId>,
}

/// What would settle an undetermined case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The smallest set of missing facts that settles the case whichever way they turn out.
    pub missing: Vec<FieldId>,
    /// Doubts about the law itself that take part.
    pub doubts: Vec<String>,
    /// The ways, merged where the law cannot tell them apart; empty where there are too many to list.
    pub ways: Vec<Way>,
    /// Whether the ways cover everything that the missing facts could be.
    pub exhaustive: bool,
}

/// Something unknown: a fact, or a doubt of the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unknown {
    Field(FieldId),
    Doubt(usize),
}

/// How many decisions one settlement may ask for.
const BUDGET: usize = 20_000;
/// How many ways are listed.
const MOST_WAYS: usize = 64;

/// Names the facts that would settle a case, and what each way of turning out leads to.
pub fn settle(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Settlement {
    let unknowns = relevant(law, epoch, case, totals);
    let asked = Asked::all(law, epoch);
    let (left, exhaustive) = (Counter::new(BUDGET), Counter::new(true));
    let ask = Ask { law, asked: &asked, totals, doubts: epoch.doubts.len(), left, exhaustive };
    let found = smallest(&ask, epoch, case, &unknowns);
    let (set, ways) = found.unwrap_or((unknowns, Vec::new()));
    let mut settlement =
        Settlement { missing: vec![], doubts: vec![], exhaustive: ask.exhaustive.get() && !ways.is_empty(), ways };
    for unknown in set {
        match unknown {
            Unknown::Field(id) => settlement.missing.push(id),
            Unknown::Doubt(at) => settlement.doubts.extend(epoch.doubts.get(at).map(|d| d.question.clone())),
        }
    }
    if settlement.ways.len() > MOST_WAYS {
        settlement.ways.truncate(MOST_WAYS);
        settlement.exhaustive = false;
    }
    settlement
}

/// Sets of one, two, three unknowns in turn; failing these, all of them less what can be spared.
fn smallest(ask: &Ask<'_>, epoch: &Epoch, case: &Case, unknowns: &[Unknown]) -> Option<(Vec<Unknown>, Vec<Way>)> {
    for size in 1..=unknowns.len().min(3) {
        let mut chosen = Vec::new();
        if let Some(found) = choose(ask, epoch, case, unknowns, size, &mut chosen) {
            return Some(found);
        }
        if ask.left.get() == 0 {
            break;
        }
    }
    ask.left.set(BUDGET);
    let mut set = unknowns.to_vec();
    let mut ways = ask.split(epoch, case, &set)?;
    let mut at = 0;
    while at < set.len() {
        let mut fewer = set.clone();
        fewer.remove(at);
        match ask.split(epoch, case, &fewer) {
            Some(less) => (set, ways) = (fewer, less),
            None => at += 1,
        }
    }
    Some((set, ways))
}

fn choose(
    ask: &Ask<'_>,
    epoch: &Epoch,
    case: &Case,
    rest: &[Unknown],
    size: usize,
    chosen: &mut Vec<Unknown>,
) -> Option<(Vec<Unknown>, Vec<Way>)> {
    if size == 0 {
        return ask.split(epoch, case, chosen).map(|ways| (chosen.clone(), ways));
    }
    for (i, unknown) in rest.iter().enumerate() {
        chosen.push(*unknown);
        let found = choose(ask, epoch, case, rest.get(i + 1..).unwrap_or_default(), size - 1, chosen);
        chosen.pop();
        if found.is_some() || ask.left.get() == 0 {
            return found;
        }
    }
    None
}

struct Ask<'a> {
    law: &'a Law,
    asked: &'a Asked<'a>,
    totals: &'a Totals,
    /// How many doubts there were before any was settled.
    doubts: usize,
    left: Counter<usize>,
    exhaustive: Counter<bool>,
}

impl Ask<'_> {
    /// Every way that a set could turn out; none where some way is still undetermined, or there are too many.
    fn split(&self, epoch: &Epoch, case: &Case, set: &[Unknown]) -> Option<Vec<Way>> {
        self.left.set(self.left.get().checked_sub(1)?);
        // A doubt that is settled makes days of its own, and these are asked too little for a program.
        let decide = if epoch.doubts.len() == self.doubts { decide } else { walk };
        let decision = decide(self.law, epoch, case, self.totals);
        if decision.outcome != Outcome::Undetermined {
            return Some(vec![Way { given: vec![], outcome: decision.outcome, by: decision.by }]);
        }
        let (first, rest) = set.split_first()?;
        let mut branches: Vec<(Cells, usize, Vec<Way>)> = Vec::new();
        match first {
            Unknown::Doubt(at) => {
                let doubt = epoch.doubts.get(*at)?;
                let question = doubt.question.trim_end_matches('?').to_owned();
                // Later doubts move up by one place once this one is settled.
                let rest: Vec<Unknown> = rest
                    .iter()
                    .map(|u| match u {
                        Unknown::Doubt(other) if other > at => Unknown::Doubt(other - 1),
                        same => *same,
                    })
                    .collect();
                let words = vec![format!("{question}: yes"), format!("{question}: no")];
                for (i, suspended) in [true, false].into_iter().enumerate() {
                    let ways = self.split(&epoch.settled(*at, suspended), case, &rest)?;
                    branches.push((Cells::words(String::new(), words.clone()), i, ways));
                }
            }
            Unknown::Field(id) => {
                let (cells, whole) = partition(self.law, epoch, self.asked, case, self.totals, *id);
                if !whole {
                    self.exhaustive.set(false);
                }
                let mut case = case.clone();
                for (i, fact) in cells.facts.iter().enumerate() {
                    case.set(*id, fact.clone());
                    let ways = self.split(epoch, &case, rest)?;
                    branches.push((cells.clone(), i, ways));
                }
            }
        }
        Some(merged(branches))
    }
}

/// Cells with the same consequences become one.
fn merged(branches: Vec<(Cells, usize, Vec<Way>)>) -> Vec<Way> {
    let mut groups: Vec<(Vec<usize>, Vec<Way>)> = Vec::new();
    let Some((cells, ..)) = branches.first().cloned() else { return Vec::new() };
    for (_, at, ways) in branches {
        match groups.iter_mut().find(|(_, same)| *same == ways) {
            Some((places, _)) => places.push(at),
            None => groups.push((vec![at], ways)),
        }
    }
    if groups.len() == 1 {
        return groups.pop().map(|(_, ways)| ways).unwrap_or_default();
    }
    let mut all = Vec::new();
    for (places, ways) in groups {
        for label in cells.labels(&places) {
            for way in &ways {
                let mut given = vec![label.clone()];
                given.extend(way.given.iter().cloned());
                all.push(Way { given, ..way.clone() });
            }
        }
    }
    all
}

/// What is unknown and could still change the outcome.
fn relevant(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Vec<Unknown> {
    let mut judge = Judge::new(law, epoch, case, totals);
    let mut found = Vec::new();
    let mut seen = Vec::new();
    unknown_in(&mut judge, &law.scope, &mut found, &mut seen);
    for id in law.tables.prohibitions.iter().chain(&law.tables.requirements) {
        if judge.applies(*id) == Tri::False {
            continue;
        }
        unknown_of(&mut judge, *id, &mut found, &mut seen);
        for list in [&law.tables.lifted_by, &law.tables.reviewed_by] {
            for other in list.get(id.0 as usize).into_iter().flatten() {
                unknown_of(&mut judge, *other, &mut found, &mut seen);
                let Some((version, _)) = epoch.version(law, *other) else { continue };
                for need in version.rule.needs() {
                    if judge.refused(*need)
                        && let Some(concerns) = epoch.version(law, *need).and_then(|(v, _)| v.rule.when())
                    {
                        unknown_in(&mut judge, concerns, &mut found, &mut seen);
                    }
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
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

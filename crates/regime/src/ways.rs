//! Ways that missing facts could turn out.

use facts::{Case, FieldId};
use rustc_hash::FxHashMap;

use crate::cells::Cells;
use crate::epoch::Epoch;
use crate::judge::Outcome;
use crate::law::{ClauseId, Law};
use crate::missing::{Ask, Key, So, Unknown, smallest};
use crate::totals::Totals;

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

/// How many ways are listed.
const MOST_WAYS: usize = 64;
/// How many ways are told apart before the list is given up.
const TOO_MANY: usize = 1_000;

/// Names the facts that would settle a case, and what each way of turning out leads to.
pub fn settle(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Settlement {
    if let Some(uncovered) = &epoch.uncovered {
        return Settlement { missing: vec![], doubts: vec![uncovered.clone()], ways: vec![], exhaustive: false };
    }
    let ask = Ask::new(law, epoch, totals);
    let set = smallest(&ask, case);
    ask.renew();
    let mut list = List { ask: &ask, whole: true, known: FxHashMap::default() };
    let mut ways = list.ways(&ask.begin(case), &set).unwrap_or_default();
    let exhaustive = list.whole && (1..=MOST_WAYS).contains(&ways.len());
    ways.truncate(MOST_WAYS);
    let (missing, doubts) = named(epoch, set);
    Settlement { missing, doubts, ways, exhaustive }
}

/// The facts and the doubts alone: see [`Settlement`].
pub(crate) fn missing(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> (Vec<FieldId>, Vec<String>) {
    match &epoch.uncovered {
        Some(uncovered) => (Vec::new(), vec![uncovered.clone()]),
        None => named(epoch, smallest(&Ask::new(law, epoch, totals), case)),
    }
}

fn named(epoch: &Epoch, set: Vec<Unknown>) -> (Vec<FieldId>, Vec<String>) {
    let (mut missing, mut doubts) = (Vec::new(), Vec::new());
    for unknown in set {
        match unknown {
            Unknown::Field(id) => missing.push(id),
            Unknown::Doubt(at) => doubts.extend(epoch.doubts.get(at).map(|d| d.question.clone())),
        }
    }
    (missing, doubts)
}

/// The list of ways while it is made.
struct List<'a> {
    ask: &'a Ask<'a>,
    /// Whether the cells that were met cover everything.
    whole: bool,
    known: FxHashMap<Key, Vec<Way>>,
}

impl List<'_> {
    /// Every way that a set could turn out; none where some way is still undetermined, or there are too many.
    fn ways(&mut self, so: &So, set: &[Unknown]) -> Option<Vec<Way>> {
        let decision = self.ask.decided(so)?;
        if decision.outcome != Outcome::Undetermined {
            return Some(vec![Way { given: vec![], outcome: decision.outcome, by: decision.by }]);
        }
        let next = self.ask.next(so, &decision, set)?;
        let key = self.ask.key(so, set);
        if let Some(ways) = key.as_ref().and_then(|key| self.known.get(key)) {
            return Some(ways.clone());
        }
        let rest: Vec<Unknown> = set.iter().filter(|u| **u != next).copied().collect();
        let turns = self.ask.turns(so, next);
        self.whole &= turns.1;
        let told = (0..turns.0.len()).map(|at| self.ask.told(so, next, &turns.0, at));
        let branches: Option<Vec<_>> = told.map(|told| self.ways(&told, &rest)).collect();
        let ways = merged(&turns.0, branches?);
        if ways.len() > TOO_MANY {
            return None;
        }
        self.known.extend(key.map(|key| (key, ways.clone())));
        Some(ways)
    }
}

/// Cells with the same consequences become one.
fn merged(cells: &Cells, branches: Vec<Vec<Way>>) -> Vec<Way> {
    let mut groups: Vec<(Vec<usize>, Vec<Way>)> = Vec::new();
    for (at, ways) in branches.into_iter().enumerate() {
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

//! The frontier: the best part that a regime still lets through, exact at the thresholds, open and closed bounds told apart.
//!
//! This is what a vendor computes who designs to the threshold.

use facts::{Case, Exact, Fact, FieldId, Number};

use crate::cells::{Asked, partition};
use crate::corridor::Corridor;
use crate::judge::Outcome;
use crate::totals::Totals;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is given: destination, day, and every property that the part shall have.
    pub case: Case,
    /// The strictest answer that still counts as let through.
    pub at_most: Outcome,
    /// Properties that may be chosen freely, besides the one sought.
    pub free: Vec<FieldId>,
}

/// How far a property may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Nothing stops it.
    Unbounded,
    /// Up to a number, which itself passes or not.
    At {
        /// The number.
        limit: Number,
        /// Whether the number itself passes.
        closed: bool,
    },
    /// No value passes.
    Nothing,
}

/// One best part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontierPoint {
    /// How far the property sought may go.
    pub bound: Bound,
    /// What the other properties are there: one example.
    pub with: Vec<(FieldId, String)>,
}

/// What a corridor lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// The best by each property sought.
    pub best: Vec<(FieldId, FrontierPoint)>,
    /// Pareto set of the first two properties: bound of the first, bound of the second with it.
    pub pareto: Vec<(Bound, Bound)>,
    /// Whether the cells surely cover everything.
    pub exact: bool,
}

/// The best part by each property sought, and the Pareto set of the first two.
pub fn frontier(corridor: &mut Corridor, question: &Question, sought: &[FieldId]) -> Frontier {
    let mut search = Search { corridor, at_most: question.at_most, exact: true };
    let mut best = Vec::new();
    for field in sought {
        let others: Vec<FieldId> = question.free.iter().chain(sought).copied().filter(|f| f != field).collect();
        best.push((*field, search.best(&question.case, *field, &others)));
    }
    let pareto = match sought {
        [first, second, ..] => search.pareto(&question.case, *first, *second, &question.free),
        _ => Vec::new(),
    };
    let exact = search.exact;
    Frontier { best, pareto, exact }
}

struct Search<'a> {
    corridor: &'a mut Corridor,
    at_most: Outcome,
    exact: bool,
}

impl Search<'_> {
    fn passes(&mut self, case: &Case) -> bool {
        let decision = self.corridor.decide(case, &[]);
        decision.strictest <= self.at_most
    }

    /// Whether no way of choosing what is open can pass.
    fn hopeless(&mut self, case: &Case) -> bool {
        self.corridor.decide(case, &[]).mildest > self.at_most
    }

    /// The cells of a property at all gates: a refinement of every gate's own.
    fn cells(&mut self, case: &Case, field: FieldId) -> Vec<(Fact, Option<(Exact, bool)>)> {
        let totals = Totals::default();
        let mut all: Vec<(Fact, Option<(Exact, bool)>)> = Vec::new();
        for gate in 0..self.corridor.laws.len() {
            let Some(epoch) = self.corridor.epoch(gate, case.day).cloned() else { continue };
            let Some(law) = self.corridor.laws.get(gate) else { continue };
            let (cells, whole) = partition(law, &epoch, &Asked::all(law, &epoch), case, &totals, field);
            self.exact &= whole;
            for (fact, upper) in cells.facts.into_iter().zip(cells.upper) {
                if !all.iter().any(|(f, _)| *f == fact) && fact != Fact::Absent {
                    all.push((fact, upper));
                }
            }
        }
        let number = |fact: &Fact| match fact {
            Fact::Number(n) => Some(*n),
            _ => None,
        };
        all.sort_by_key(|(fact, _)| number(fact));
        // Gates cut a stretch in different places: the nearest end above is the one that holds.
        let ends: Vec<(Exact, bool)> = all.iter().filter_map(|(_, upper)| upper.clone()).collect();
        for (fact, upper) in &mut all {
            let Some(n) = number(fact) else { continue };
            let x = n.exact();
            *upper = ends
                .iter()
                .filter(|(end, closed)| *end > x || (*end == x && *closed))
                .min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
                .cloned()
                .map(|(end, _)| {
                    let closed = end == x;
                    (end, closed)
                });
        }
        all
    }

    /// A choice of the open properties with which the case passes, least values first.
    fn choice(&mut self, case: &Case, open: &[FieldId]) -> Option<Case> {
        if self.hopeless(case) {
            return None;
        }
        let Some((first, rest)) = open.split_first() else {
            return self.passes(case).then(|| case.clone());
        };
        if *case.fact(*first) != Fact::Unknown {
            return self.choice(case, rest);
        }
        let cells = self.cells(case, *first);
        for (fact, _) in cells {
            let mut with = case.clone();
            with.set(*first, fact);
            if let Some(found) = self.choice(&with, rest) {
                return Some(found);
            }
        }
        None
    }

    fn best(&mut self, case: &Case, field: FieldId, open: &[FieldId]) -> FrontierPoint {
        let cells = self.cells(case, field);
        for (fact, _) in cells.iter().rev() {
            let mut with = case.clone();
            with.set(field, fact.clone());
            let Some(found) = self.choice(&with, open) else { continue };
            // With the other properties chosen, the cells of this one are exact: the highest that passes is the bound.
            let mut free = found.clone();
            free.set(field, Fact::Unknown);
            let mut bound = Bound::Nothing;
            for (fact, upper) in self.cells(&free, field).into_iter().rev() {
                let mut with = free.clone();
                with.set(field, fact);
                if self.passes(&with) {
                    bound = to_bound(upper);
                    break;
                }
            }
            let dictionary = self.corridor.laws.first().map(|l| l.dictionary.clone());
            let with = open
                .iter()
                .filter(|f| *case.fact(**f) == Fact::Unknown)
                .filter_map(|f| Some((*f, dictionary.as_ref()?.spell(*f, found.fact(*f)))))
                .collect();
            return FrontierPoint { bound, with };
        }
        FrontierPoint { bound: Bound::Nothing, with: vec![] }
    }

    /// For each stretch of the first property from the best down, how far the second may go; only what improves is kept.
    fn pareto(&mut self, case: &Case, first: FieldId, second: FieldId, free: &[FieldId]) -> Vec<(Bound, Bound)> {
        let mut set: Vec<(Bound, Bound)> = Vec::new();
        let cells = self.cells(case, first);
        for (fact, upper) in cells.into_iter().rev() {
            let mut with = case.clone();
            with.set(first, fact);
            let point = self.best(&with, second, free);
            if point.bound == Bound::Nothing {
                continue;
            }
            if set.last().is_none_or(|(_, best)| above(&point.bound, best)) {
                set.push((to_bound(upper), point.bound));
            }
        }
        set
    }
}

fn to_bound(upper: Option<(Exact, bool)>) -> Bound {
    match upper {
        None => Bound::Unbounded,
        Some((limit, closed)) => match Number::from_exact(&limit) {
            Some(limit) => Bound::At { limit, closed },
            // A limit with no finite decimal: the nearest decimal below it, which passes.
            None => {
                let scale = Exact::from_integer(1_000_000_000.into());
                let floor = (&limit * &scale).floor() / &scale;
                Number::from_exact(&floor).map_or(Bound::Unbounded, |limit| Bound::At { limit, closed: true })
            }
        },
    }
}

fn above(a: &Bound, b: &Bound) -> bool {
    match (a, b) {
        (Bound::Nothing, _) | (_, Bound::Unbounded) => false,
        (Bound::Unbounded, _) | (_, Bound::Nothing) => true,
        (Bound::At { limit: x, closed: cx }, Bound::At { limit: y, closed: cy }) => x > y || (x == y && *cx && !*cy),
    }
}

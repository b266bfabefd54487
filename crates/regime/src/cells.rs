//! Cells of a fact: finitely many stretches that the law can tell apart, with a representative each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use facts::{Case, CountryId, Exact, Fact, FieldId, FieldType, Number};
use num_traits::{One, Zero};

use crate::epoch::Epoch;
use crate::exact::Val;
use crate::judge::Judge;
use crate::law::{ClauseId, Law, Rule, Version};
use crate::print::term_sql;
use crate::totals::Totals;
use crate::tree::{Op, Piece, Term, Test, facts_of};

/// The cells of one fact: what the law can tell apart.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    /// A representative of each.
    pub(crate) facts: Vec<Fact>,
    name: String,
    /// Words for each cell; for a number the place of each cell among the thresholds.
    words: Vec<String>,
    places: Vec<Option<usize>>,
    thresholds: Vec<String>,
    /// Thresholds that no decimal fact reaches, and whether the law counts them with what lies above.
    unreached: Vec<(usize, bool)>,
    /// For a number: where each cell ends above, and whether the end belongs to it; none for the topmost.
    pub(crate) upper: Vec<Option<(Exact, bool)>>,
}

impl Cells {
    pub(crate) fn words(name: String, words: Vec<String>) -> Cells {
        let places = vec![None; words.len()];
        Cells { facts: vec![], name, words, places, thresholds: vec![], unreached: vec![], upper: vec![] }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// A line for each run of cells.
    pub(crate) fn labels(&self, at: &[usize]) -> Vec<String> {
        let mut plain = Vec::new();
        let mut numbers = Vec::new();
        for i in at {
            match self.places.get(*i).copied().flatten() {
                Some(place) => numbers.push(place),
                None => plain.extend(self.words.get(*i).cloned()),
            }
        }
        for (threshold, above) in &self.unreached {
            let side = if *above { 2 * threshold + 2 } else { 2 * threshold };
            if numbers.contains(&side) {
                numbers.push(2 * threshold + 1);
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let mut labels = Vec::new();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for place in numbers {
            match runs.last_mut() {
                Some((_, high)) if *high + 1 == place => *high = place,
                _ => runs.push((place, place)),
            }
        }
        labels.extend(runs.into_iter().map(|(low, high)| self.range(low, high)));
        match (plain.as_slice(), self.name.as_str()) {
            ([], _) => {}
            (_, "") => labels.extend(plain),
            ([one], name) => labels.push(format!("{name} = {one}")),
            (many, name) => labels.push(format!("{name} in {}", many.join(", "))),
        }
        labels
    }

    /// Even places are the stretches between thresholds, odd ones the thresholds themselves.
    fn range(&self, low: usize, high: usize) -> String {
        let name = &self.name;
        let threshold = |i: usize| self.thresholds.get(i).cloned().unwrap_or_default();
        let below = (low > 0).then(|| if low % 2 == 1 { (threshold(low / 2), "<=") } else { (threshold(low / 2 - 1), "<") });
        let above = (high < 2 * self.thresholds.len())
            .then(|| if high % 2 == 1 { (threshold(high / 2), "<=") } else { (threshold(high / 2), "<") });
        match (below, above) {
            (Some((a, "<=")), Some((b, "<="))) if a == b => format!("{name} = {a}"),
            (Some((a, x)), Some((b, y))) => format!("{a} {x} {name} {y} {b}"),
            (Some((a, x)), None) => format!("{name} {} {a}", if x == "<" { ">" } else { ">=" }),
            (None, Some((b, y))) => format!("{name} {y} {b}"),
            (None, None) => format!("{name} any number"),
        }
    }
}

/// The cells of a fact given what else is known, and whether they surely cover everything.
pub(crate) fn partition(law: &Law, epoch: &Epoch, asked: &Asked<'_>, case: &Case, totals: &Totals, id: FieldId) -> (Cells, bool) {
    let field = law.dictionary.field(id);
    let mut whole = true;
    let mut cells = Cells::words(field.name.clone(), vec![]);
    match &field.kind {
        FieldType::Bool => cells.facts = vec![Fact::Bool(true), Fact::Bool(false)],
        FieldType::Choice(words) => cells.facts = (0..words.len()).map(|i| Fact::Choice(i as u8)).collect(),
        FieldType::Set(words) => {
            // Lists are asked for one by one: every one alone and none; together where they are few.
            let few = words.len() <= 4;
            let all = 1u32.checked_shl(words.len() as u32).unwrap_or(0).saturating_sub(1);
            let alone = std::iter::once(0).chain((0..words.len()).map(|i| 1 << i)).chain([all]);
            cells.facts = if few { (0..=all).map(Fact::Set).collect() } else { alone.map(Fact::Set).collect() };
            whole = few || !asks_together(asked, id);
        }
        FieldType::Country => countries(law, epoch, asked, case, id, &mut cells),
        FieldType::Text => names(epoch, asked, id, &mut cells),
        FieldType::Number => whole = numbers(law, epoch, asked, case, totals, id, &mut cells),
    }
    if cells.words.is_empty() {
        cells.words = cells.facts.iter().map(|f| law.dictionary.spell(id, f)).collect();
    }
    if field.absent && !matches!(field.kind, FieldType::Set(_)) {
        cells.facts.push(Fact::Absent);
        cells.words.push("none".to_owned());
    }
    cells.places.resize(cells.facts.len(), None);
    cells.upper.resize(cells.facts.len(), None);
    (cells, whole)
}

/// The cells of facts for one search, made once for all cases that they are the same for.
pub(crate) struct Partitions<'a> {
    law: &'a Law,
    epoch: &'a Epoch,
    asked: Asked<'a>,
    totals: &'a Totals,
    kept: RefCell<HashMap<FieldId, Kept>>,
}

/// The cells of one fact, by what they turn on besides the law of the start.
struct Kept {
    beside: Vec<FieldId>,
    known: Vec<Known>,
}

/// The doubts that were settled, the facts beside, and the cells with whether they surely cover everything.
type Known = (Vec<(usize, bool)>, Vec<Fact>, Rc<(Cells, bool)>);

/// How many partitions of one fact are kept.
const MOST_KEPT: usize = 32;

impl<'a> Partitions<'a> {
    pub(crate) fn new(law: &'a Law, epoch: &'a Epoch, totals: &'a Totals) -> Partitions<'a> {
        Partitions { law, epoch, asked: Asked::all(law, epoch), totals, kept: RefCell::default() }
    }

    /// The cells of a fact in the days of the start, of which some doubts are settled: see [`partition`].
    pub(crate) fn of(&self, epoch: &Epoch, settled: &[(usize, bool)], case: &Case, id: FieldId) -> Rc<(Cells, bool)> {
        let mut all = self.kept.borrow_mut();
        let kept =
            all.entry(id).or_insert_with(|| Kept { beside: self.asked.beside(self.law, self.epoch, id), known: Vec::new() });
        let same = |facts: &[Fact]| kept.beside.iter().zip(facts).all(|(id, fact)| case.fact(*id) == fact);
        if let Some((.., cells)) = kept.known.iter().find(|(s, facts, _)| s == settled && same(facts)) {
            return Rc::clone(cells);
        }
        let cells = Rc::new(partition(self.law, epoch, &self.asked, case, self.totals, id));
        let facts = kept.beside.iter().map(|id| case.fact(*id).clone()).collect();
        if kept.known.len() == MOST_KEPT {
            kept.known.clear();
        }
        kept.known.push((settled.to_vec(), facts, Rc::clone(&cells)));
        cells
    }
}

/// Whether some test asks for two lists at once, other than by OR.
fn asks_together(asked: &Asked<'_>, id: FieldId) -> bool {
    let mut together = false;
    for test in &asked.tests {
        if let Test::All(parts) = test {
            let asks = |part: &Test| {
                let mut found = false;
                part.walk(&mut |p| found |= matches!(p, Piece::Test(Test::Holds(f, _)) if *f == id));
                found
            };
            together |= parts.iter().filter(|p| asks(p)).count() > 1;
        }
    }
    together
}

/// The questions that a law asks of a case, each once: what decides into which cells a fact falls.
pub(crate) struct Asked<'a> {
    tests: Vec<&'a Test>,
}

impl<'a> Asked<'a> {
    /// Everything that the law of these days asks.
    pub(crate) fn all(law: &'a Law, epoch: &Epoch) -> Asked<'a> {
        let mut asked = Asked { tests: Vec::new() };
        asked.collect(&law.scope);
        for clause in law.clause_ids() {
            asked.clause(law, epoch, clause);
        }
        asked
    }

    /// The other facts that the cells of a fact turn on: those that a test asks for together with it.
    fn beside(&self, law: &Law, epoch: &Epoch, id: FieldId) -> Vec<FieldId> {
        let mut all = Vec::new();
        for test in &self.tests {
            let mut found = Vec::new();
            match test {
                Test::Same(a, b) => found.extend([*a, *b]),
                Test::Compare { left, right, .. } => [left, right].into_iter().for_each(|t| behind(law, epoch, t, &mut found)),
                _ => {}
            }
            if found.contains(&id) {
                all.append(&mut found);
            }
        }
        all.sort();
        all.dedup();
        all.retain(|other| *other != id);
        all
    }

    /// What some clauses ask, and what these hang on.
    pub(crate) fn by(law: &'a Law, epoch: &Epoch, roots: &[ClauseId]) -> Asked<'a> {
        let mut asked = Asked { tests: Vec::new() };
        for clause in reached(law, epoch, roots) {
            asked.clause(law, epoch, clause);
        }
        asked
    }

    fn clause(&mut self, law: &'a Law, epoch: &Epoch, clause: ClauseId) {
        if let Some((version, _)) = epoch.version(law, clause) {
            let (tests, terms) = version.rule.parts();
            tests.into_iter().for_each(|t| self.collect(t));
            let mut inner = Vec::new();
            terms.into_iter().for_each(|t| t.walk(&mut |piece| inner.extend(test_of(piece))));
            inner.into_iter().for_each(|t| self.collect(t));
        }
    }

    fn collect(&mut self, test: &'a Test) {
        let tests = &mut self.tests;
        test.walk(&mut |piece| {
            if let Some(test) = test_of(piece)
                && !matches!(test, Test::Any(_) | Test::Not(_) | Test::Is(_) | Test::Applies(_))
                && !tests.contains(&test)
            {
                tests.push(test);
            }
        });
    }
}

fn test_of(piece: Piece<'_>) -> Option<&Test> {
    match piece {
        Piece::Test(test) => Some(test),
        Piece::Term(_) => None,
    }
}

/// Some clauses and all that they hang on: classes, quantities, needs, and what overrides them.
pub(crate) fn reached(law: &Law, epoch: &Epoch, roots: &[ClauseId]) -> Vec<ClauseId> {
    let mut found = roots.to_vec();
    let mut at = 0;
    while let Some(id) = found.get(at).copied() {
        at += 1;
        let mut next = law.clause(id).overridden_by.clone();
        if let Some((version, _)) = epoch.version(law, id) {
            let (tests, terms) = version.rule.parts();
            tests.iter().for_each(|t| t.clauses(&mut next));
            terms.iter().for_each(|t| t.clauses(&mut next));
            next.extend(version.rule.needs());
        }
        next.retain(|c| !found.contains(c));
        next.dedup();
        found.append(&mut next);
    }
    found.sort();
    found.dedup();
    found
}

/// Countries that no test tells apart stand together.
fn countries(law: &Law, epoch: &Epoch, asked: &Asked<'_>, case: &Case, id: FieldId, cells: &mut Cells) {
    let mut marks: Vec<Vec<bool>> = vec![Vec::new(); law.dictionary.countries.len()];
    let mut mark = |test: &dyn Fn(CountryId) -> bool| {
        for (country, row) in law.dictionary.countries.ids().zip(&mut marks) {
            row.push(test(country));
        }
    };
    for test in &asked.tests {
        match test {
            Test::Member(f, group) if *f == id => {
                mark(&|c| epoch.has_country(*group, c).unwrap_or(false));
            }
            Test::OneOf(f, facts) if *f == id => {
                mark(&|c| facts.contains(&Fact::Country(c)));
            }
            Test::Same(a, b) if *a == id || *b == id => {
                let other = if *a == id { b } else { a };
                if let Fact::Country(known) = case.fact(*other) {
                    mark(&|c| c == *known);
                }
            }
            _ => {}
        }
    }
    let mut kinds: Vec<(Vec<bool>, Vec<CountryId>)> = Vec::new();
    for (country, row) in law.dictionary.countries.ids().zip(marks) {
        match kinds.iter_mut().find(|(r, _)| *r == row) {
            Some((_, members)) => members.push(country),
            None => kinds.push((row, vec![country])),
        }
    }
    for (_, members) in kinds {
        let codes: Vec<&str> = members.iter().map(|c| law.dictionary.countries.code(*c)).collect();
        let others: Vec<&str> =
            law.dictionary.countries.ids().filter(|c| !members.contains(c)).map(|c| law.dictionary.countries.code(c)).collect();
        let word = match (codes.len(), others.len()) {
            (0..=6, _) => codes.join(" "),
            (_, 1..=6) => format!("any but {}", others.join(" ")),
            (n, _) => format!("{} and {} more", codes.get(..3).unwrap_or_default().join(" "), n - 3),
        };
        cells.facts.extend(members.first().map(|c| Fact::Country(*c)));
        cells.words.push(word);
    }
}

/// Names that the law mentions, and any other.
fn names(epoch: &Epoch, asked: &Asked<'_>, id: FieldId, cells: &mut Cells) {
    let mut names: Vec<Arc<str>> = Vec::new();
    for test in &asked.tests {
        match test {
            Test::OneOf(f, facts) if *f == id => names.extend(facts.iter().filter_map(|f| match f {
                Fact::Text(t) => Some(t.clone()),
                _ => None,
            })),
            Test::Member(f, group) if *f == id => {
                names.extend(epoch.members(*group).into_iter().flat_map(|m| m.names.iter().cloned()))
            }
            _ => {}
        }
    }
    names.sort();
    names.dedup();
    cells.words = names.iter().map(|n| n.to_string()).collect();
    cells.facts = names.into_iter().map(Fact::Text).collect();
    cells.facts.push(Fact::Text(Arc::from("any other")));
    cells.words.push("any other".to_owned());
}

/// A fraction (a·x + b) / (c·x + d) of the fact x.
#[derive(Clone, Debug)]
struct Fraction {
    a: Exact,
    b: Exact,
    c: Exact,
    d: Exact,
}

impl Fraction {
    fn constant(b: Exact) -> Fraction {
        Fraction { a: Exact::zero(), b, c: Exact::zero(), d: Exact::one() }
    }

    fn is_constant(&self) -> bool {
        self.a.is_zero() && self.c.is_zero()
    }

    fn value(&self) -> Exact {
        if self.d.is_zero() { Exact::zero() } else { &self.b / &self.d }
    }

    fn scaled(&self, by: &Exact) -> Fraction {
        Fraction { a: &self.a * by, b: &self.b * by, c: self.c.clone(), d: self.d.clone() }
    }

    fn plus(&self, by: &Exact) -> Fraction {
        Fraction { a: &self.a + by * &self.c, b: &self.b + by * &self.d, c: self.c.clone(), d: self.d.clone() }
    }

    fn inverse(&self) -> Fraction {
        Fraction { a: self.c.clone(), b: self.d.clone(), c: self.a.clone(), d: self.b.clone() }
    }
}

/// What a term is as a function of one fact.
enum Shape {
    /// It hangs on another missing fact.
    Open,
    /// It is none.
    Absent,
    /// One of these fractions at every point.
    Pieces(Vec<Fraction>),
    /// Something that this room cannot solve.
    Other,
}

/// Cells of a number: the points where a comparison turns, and the stretches between.
fn numbers(law: &Law, epoch: &Epoch, asked: &Asked<'_>, case: &Case, totals: &Totals, id: FieldId, cells: &mut Cells) -> bool {
    let mut whole = true;
    let mut turns: Vec<Exact> = Vec::new();
    let mut shown: Vec<(&Term, Vec<Exact>)> = Vec::new();
    let mut judge = Judge::new(law, epoch, case, totals);
    let mut compares: Vec<(&Term, &Term)> = Vec::new();
    for test in &asked.tests {
        if let Test::Compare { left, right, .. } = test
            && !compares.contains(&(left, right))
            && (depends(law, epoch, left, id) || depends(law, epoch, right, id))
        {
            compares.push((left, right));
        }
    }
    for (left, right) in compares {
        match (shape(&mut judge, left, id), shape(&mut judge, right, id)) {
            (Shape::Pieces(ls), Shape::Pieces(rs)) => {
                for (l, r) in ls.iter().flat_map(|l| rs.iter().map(move |r| (l, r))) {
                    match root(l, r) {
                        Ok(root) => turns.extend(root),
                        Err(()) => whole = false,
                    }
                }
                if let ([l], [r]) = (ls.as_slice(), rs.as_slice())
                    && r.is_constant()
                    && !l.is_constant()
                {
                    match shown.iter_mut().find(|(t, _)| *t == left) {
                        Some((_, limits)) => limits.push(r.value()),
                        None => shown.push((left, vec![r.value()])),
                    }
                } else {
                    shown.push((left, vec![]));
                }
            }
            (Shape::Absent, _) | (_, Shape::Absent) => {}
            // Sums of two missing facts are not told apart exactly; products and quotients are, since each alone reaches every value.
            (Shape::Open, _) | (_, Shape::Open) => whole &= !adds(law, epoch, left) && !adds(law, epoch, right),
            _ => whole = false,
        }
    }
    let field = law.dictionary.field(id);
    let least = field.min.map(|(n, open)| (n.exact(), open));
    let most = field.max.map(Number::exact);
    let inside = |x: &Exact| {
        least.as_ref().is_none_or(|(low, open)| x > low || (x == low && !open)) && most.as_ref().is_none_or(|high| x <= high)
    };
    turns.sort();
    turns.dedup();
    turns.retain(inside);
    let label = match shown.as_slice() {
        [(term, limits)] if **term != Term::Fact(id) && !limits.is_empty() => Some((*term, limits.clone())),
        _ => None,
    };
    let low = least.clone().map_or_else(|| turns.first().map_or(Exact::zero(), |t| t - Exact::one()), |(low, _)| low);
    // The topmost stretch is stood for by a number near its foot, so that quotients with it stay inside their own bounds.
    let beyond =
        turns.last().map_or(&low + Exact::from_integer(1000.into()), |t| t * Exact::from_integer(2.into()) + Exact::one());
    let high = most.clone().map_or(beyond.clone(), |most| most.min(beyond));
    let mut points = vec![low];
    points.extend(turns.iter().cloned());
    points.push(high);
    let mut reps: Vec<(Exact, Option<(Exact, bool)>)> = Vec::new();
    for (i, pair) in points.windows(2).enumerate() {
        if let [a, b] = pair {
            let end = turns.contains(b).then(|| (b.clone(), false));
            if turns.contains(a) && (i > 0 || inside(a)) {
                if i > 0 {
                    reps.push((a.clone(), Some((a.clone(), true))));
                }
            } else if i == 0 && inside(a) {
                // The least value itself: a part may have no bandwidth at all.
                reps.push((a.clone(), end.clone()));
            }
            if a < b {
                reps.push((between(a, b), end));
            }
        }
    }
    let mut limits = label.as_ref().map_or(turns.clone(), |(_, limits)| limits.clone());
    limits.sort();
    limits.dedup();
    for (rep, upper) in reps {
        let Some(number) = Number::from_exact(&rep) else { continue };
        let at = match &label {
            None => rep.clone(),
            Some((term, _)) => {
                let mut with = case.clone();
                with.set(id, Fact::Number(number));
                match Judge::new(law, epoch, &with, totals).exact(term) {
                    Val::Is(x) => x,
                    _ => rep.clone(),
                }
            }
        };
        let below = limits.iter().filter(|l| **l < at).count();
        let place = 2 * below + usize::from(limits.contains(&at));
        cells.facts.push(Fact::Number(number));
        cells.words.push(number.to_string());
        cells.places.push(Some(place));
        cells.upper.push(upper);
    }
    cells.thresholds = limits
        .iter()
        .map(|l| {
            Number::from_exact(l)
                .map_or_else(|| format!("{:.6}", num_traits::ToPrimitive::to_f64(l).unwrap_or(0.0)), |n| n.to_string())
        })
        .collect();
    if let Some((term, _)) = label {
        cells.name = term_sql(law, term);
        let upward = asked.tests.iter().any(|t| matches!(t, Test::Compare { op: Op::Ge | Op::Lt, left, .. } if left == term));
        let reached: Vec<usize> = cells.places.iter().flatten().copied().collect();
        cells.unreached = (0..limits.len()).filter(|i| !reached.contains(&(2 * i + 1))).map(|i| (i, upward)).collect();
    }
    whole
}

/// A short decimal strictly between two numbers.
fn between(a: &Exact, b: &Exact) -> Exact {
    let two = Exact::from_integer(2.into());
    let middle = (a + b) / &two;
    let mut scale = Exact::one();
    let ten = Exact::from_integer(10.into());
    for _ in 0..24 {
        let rounded = (&middle * &scale).round() / &scale;
        if rounded > *a && rounded < *b {
            return rounded;
        }
        scale *= &ten;
    }
    middle
}

/// Where two fractions meet: none, or the one point; an error where there may be two.
fn root(l: &Fraction, r: &Fraction) -> Result<Option<Exact>, ()> {
    let line = |a: Exact, b: Exact| if a.is_zero() { None } else { Some(-b / a) };
    if r.is_constant() {
        let v = r.value();
        return Ok(line(&l.a - &v * &l.c, &l.b - &v * &l.d));
    }
    if l.is_constant() {
        return root(r, l);
    }
    if l.c.is_zero() && r.c.is_zero() && !l.d.is_zero() && !r.d.is_zero() {
        return Ok(line(&l.a / &l.d - &r.a / &r.d, &l.b / &l.d - &r.b / &r.d));
    }
    Err(())
}

fn shape(judge: &mut Judge<'_>, term: &Term, id: FieldId) -> Shape {
    if !depends(judge.law, judge.epoch, term, id) {
        return match judge.exact(term) {
            Val::Is(x) => Shape::Pieces(vec![Fraction::constant(x)]),
            Val::Absent => Shape::Absent,
            Val::Unknown => Shape::Open,
        };
    }
    match term {
        Term::Fact(_) => Shape::Pieces(vec![Fraction { a: Exact::one(), b: Exact::zero(), c: Exact::zero(), d: Exact::one() }]),
        Term::Quantity(clause) => match judge.epoch.version(judge.law, *clause) {
            Some((Version { rule: Rule::Quantity { value, .. }, .. }, _)) => shape(judge, value, id),
            _ => Shape::Open,
        },
        Term::Converted(factor, inner) => mapped(shape(judge, inner, id), |f| f.scaled(&factor.exact())),
        Term::Negative(inner) => mapped(shape(judge, inner, id), |f| f.scaled(&-Exact::one())),
        Term::Sum(l, r) => joined(judge, l, r, id, |l, r| match (l.is_constant(), r.is_constant()) {
            (_, true) => Some(l.plus(&r.value())),
            (true, _) => Some(r.plus(&l.value())),
            _ => None,
        }),
        Term::Difference(l, r) => joined(judge, l, r, id, |l, r| match (l.is_constant(), r.is_constant()) {
            (_, true) => Some(l.plus(&-r.value())),
            (true, _) => Some(r.scaled(&-Exact::one()).plus(&l.value())),
            _ => None,
        }),
        Term::Product(l, r) => joined(judge, l, r, id, |l, r| match (l.is_constant(), r.is_constant()) {
            (_, true) => Some(l.scaled(&r.value())),
            (true, _) => Some(r.scaled(&l.value())),
            _ => None,
        }),
        Term::Quotient(l, r) => joined(judge, l, r, id, |l, r| match (l.is_constant(), r.is_constant()) {
            (_, true) if !r.value().is_zero() => Some(l.scaled(&(Exact::one() / r.value()))),
            (true, _) => Some(r.inverse().scaled(&l.value())),
            _ => None,
        }),
        Term::First(terms) | Term::Greatest(terms) | Term::Least(terms) => pieces(judge, terms.iter(), id),
        Term::Case(whens, otherwise) => pieces(judge, whens.iter().map(|(_, t)| t).chain(otherwise.as_deref()), id),
        Term::NullIf(l, _) => shape(judge, l, id),
        _ => Shape::Other,
    }
}

fn pieces<'t>(judge: &mut Judge<'_>, terms: impl Iterator<Item = &'t Term>, id: FieldId) -> Shape {
    let mut all = Vec::new();
    for term in terms {
        match shape(judge, term, id) {
            Shape::Pieces(pieces) => all.extend(pieces),
            Shape::Absent => {}
            other => return other,
        }
    }
    Shape::Pieces(all)
}

fn mapped(shape: Shape, map: impl Fn(&Fraction) -> Fraction) -> Shape {
    match shape {
        Shape::Pieces(pieces) => Shape::Pieces(pieces.iter().map(map).collect()),
        other => other,
    }
}

fn joined(
    judge: &mut Judge<'_>,
    l: &Term,
    r: &Term,
    id: FieldId,
    join: impl Fn(&Fraction, &Fraction) -> Option<Fraction>,
) -> Shape {
    match (shape(judge, l, id), shape(judge, r, id)) {
        (Shape::Pieces(ls), Shape::Pieces(rs)) => {
            let all: Option<Vec<Fraction>> = ls.iter().flat_map(|l| rs.iter().map(|r| join(l, r)).collect::<Vec<_>>()).collect();
            all.map_or(Shape::Other, Shape::Pieces)
        }
        (Shape::Absent, _) | (_, Shape::Absent) => Shape::Absent,
        (Shape::Open, _) | (_, Shape::Open) => Shape::Open,
        _ => Shape::Other,
    }
}

/// Adds the facts that a term hangs on, by way of quantities and of the tests of cases too.
pub(crate) fn behind(law: &Law, epoch: &Epoch, term: &Term, found: &mut Vec<FieldId>) {
    term.walk(&mut |piece| {
        facts_of(piece, found);
        match piece {
            Piece::Term(Term::Quantity(clause)) => {
                if let Some((Version { rule: Rule::Quantity { value, .. }, .. }, _)) = epoch.version(law, *clause) {
                    behind(law, epoch, value, found);
                }
            }
            // A class or a total may hang on anything.
            Piece::Test(Test::Applies(_)) | Piece::Term(Term::Total(_)) => found.extend(law.asked()),
            _ => {}
        }
    });
}

/// Whether a term hangs on a fact, by way of quantities too.
pub(crate) fn depends(law: &Law, epoch: &Epoch, term: &Term, id: FieldId) -> bool {
    let mut found = false;
    term.walk(&mut |piece| {
        found |= match piece {
            Piece::Term(Term::Fact(f)) => *f == id,
            Piece::Term(Term::Quantity(clause)) => match epoch.version(law, *clause) {
                Some((Version { rule: Rule::Quantity { value, .. }, .. }, _)) => depends(law, epoch, value, id),
                _ => false,
            },
            _ => false,
        }
    });
    found
}

/// Whether a term is more than products and quotients somewhere: then one missing fact moves the bounds of another.
fn adds(law: &Law, epoch: &Epoch, term: &Term) -> bool {
    let mut found = false;
    term.walk(&mut |piece| {
        found |= match piece {
            Piece::Term(
                Term::Sum(..)
                | Term::Difference(..)
                | Term::Case(..)
                | Term::First(_)
                | Term::Greatest(_)
                | Term::Least(_)
                | Term::NullIf(..),
            ) => true,
            Piece::Term(Term::Quantity(clause)) => match epoch.version(law, *clause) {
                Some((Version { rule: Rule::Quantity { value, .. }, .. }, _)) => adds(law, epoch, value),
                _ => false,
            },
            _ => false,
        }
    });
    found
}

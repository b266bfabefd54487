//! Makes the program of an epoch: tests that turn on one fact become columns of that fact's table, everything else gates.
//!
//! A column is the list of a test's answers to every code of its source, filled by the function that the walk asks; AND, OR and NOT
//! of columns of one source are columns again.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use facts::{Case, CountryId, Exact, Fact, FieldId, FieldType, Number};
use num_traits::Zero;
use rustc_hash::FxHashMap;

use crate::epoch::Epoch;
use crate::exact::{Arithmetic, Near, Val};
use crate::judge::{Judge, Tri, of_fact};
use crate::law::{ClauseId, ClauseKind, Law, Rule, Version};
use crate::program::{Bits, Ladder, Level, Lit, Place, Program, Source, Step, Words, named};
use crate::totals::Totals;
use crate::tree::{Op, Piece, Term, Test};

/// A test's answer to every code of a source.
pub(crate) type Column = Rc<[Tri]>;

/// What a test comes to.
#[derive(Clone, Debug)]
enum Node {
    Is(Tri),
    /// It turns on one source alone.
    Column(usize, Column),
    Lit(Lit),
}

/// The AND of columns of different sources and of other gates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Gate {
    columns: Vec<(usize, Column)>,
    lits: Vec<Lit>,
    /// Instead of an AND: true where its only literal is false, and false otherwise.
    crisp: bool,
}

/// The gate that is always true, and the one that is always unknown.
const TRUE: Lit = Lit { gate: 0, not: false };
const FALSE: Lit = Lit { gate: 0, not: true };
const UNKNOWN: Lit = Lit { gate: 1, not: false };

struct Compiler<'a> {
    law: &'a Law,
    epoch: &'a Epoch,
    sources: Vec<Source>,
    gates: Vec<Gate>,
    interned: FxHashMap<Gate, u16>,
    applies: BTreeMap<ClauseId, Node>,
}

/// The program of an epoch; none where it would not fit.
pub(crate) fn compile(law: &Law, epoch: &Epoch) -> Option<Program> {
    let gates = vec![Gate::default(), Gate::default()];
    let mut compiler =
        Compiler { law, epoch, sources: Vec::new(), gates, interned: FxHashMap::default(), applies: BTreeMap::new() };
    compiler.gather();
    let roots = compiler.roots();
    if compiler.gates.len() > usize::from(u16::MAX) {
        return None;
    }
    let (order, levels) = compiler.order(&roots);
    match order.len().div_ceil(64) {
        0..=1 => Some(Program::One(compiler.assemble(&roots, &order, &levels))),
        2..=4 => Some(Program::Four(compiler.assemble(&roots, &order, &levels))),
        5..=16 => Some(Program::Sixteen(compiler.assemble(&roots, &order, &levels))),
        _ => None,
    }
}

/// What an epoch asks, each with the answers of every test that turns on it, code by code: what decides, and whether a quota counts a
/// case; with `every`, whether any clause applies as well. None where there are too many gates to count.
pub(crate) fn sources(law: &Law, epoch: &Epoch, every: bool) -> Option<Vec<(Source, Vec<Column>)>> {
    let gates = vec![Gate::default(), Gate::default()];
    let mut compiler =
        Compiler { law, epoch, sources: Vec::new(), gates, interned: FxHashMap::default(), applies: BTreeMap::new() };
    compiler.gather();
    let mut roots = compiler.roots();
    roots.known.clear();
    for id in law.clause_ids().filter(|id| every || law.clause(*id).kind == ClauseKind::Quota) {
        let applies = compiler.applies(id);
        roots.known.push((id, compiler.lit(applies)));
    }
    if compiler.gates.len() > usize::from(u16::MAX) {
        return None;
    }
    let mut asked: Vec<(Source, Vec<Column>)> = compiler.sources.iter().map(|source| (source.clone(), Vec::new())).collect();
    for gate in compiler.order(&roots).0 {
        for (at, column) in compiler.gates.get(usize::from(gate)).into_iter().flat_map(|gate| &gate.columns) {
            if let Some((_, columns)) = asked.get_mut(*at).filter(|(_, columns)| !columns.contains(column)) {
                columns.push(Rc::clone(column));
            }
        }
    }
    asked.retain(|(_, columns)| !columns.is_empty());
    Some(asked)
}

/// What is read from the gates in the end.
struct Roots {
    scope: Lit,
    quiet: Lit,
    clauses: Vec<[Lit; 2]>,
    guards: Vec<Lit>,
    /// Clauses, no conditions or quotas, whose answer stands in a gate.
    known: Vec<(ClauseId, Lit)>,
}

impl Compiler<'_> {
    /// Finds every name and every bound that some test asks for, so that columns are filled once all are known.
    fn gather(&mut self) {
        let (law, epoch) = (self.law, self.epoch);
        let versions = law.clause_ids().filter_map(|id| epoch.version(law, id));
        let mut tests = vec![&law.scope];
        for (version, _) in versions {
            tests.extend(version.rule.parts().0);
        }
        let mut pieces = Vec::new();
        tests.into_iter().for_each(|t| t.walk(&mut |piece| pieces.push(piece)));
        for piece in pieces {
            match piece {
                Piece::Test(Test::Compare { left, right, .. }) => {
                    if let Side::Ladder(term, bound, _) = self.sides(left, right) {
                        self.bound(term, bound);
                    }
                }
                Piece::Test(test @ (Test::OneOf(id, _) | Test::Member(id, _)))
                    if law.dictionary.field(*id).kind == FieldType::Text =>
                {
                    self.names(*id, test);
                }
                _ => {}
            }
        }
    }

    fn names(&mut self, id: FieldId, test: &Test) {
        let asked: Vec<Arc<str>> = match test {
            Test::OneOf(_, facts) => {
                facts.iter().filter_map(|f| if let Fact::Text(name) = f { Some(Arc::clone(name)) } else { None }).collect()
            }
            Test::Member(_, group) => self.epoch.members(*group).map_or_else(Vec::new, |m| m.names.clone()),
            _ => Vec::new(),
        };
        let known = self.sources.iter().position(|s| matches!(s, Source::Name(field, _) if *field == id));
        let at = known.unwrap_or_else(|| self.source(Source::Name(id, Vec::new())));
        if let Some(Source::Name(_, names)) = self.sources.get_mut(at) {
            for name in asked {
                if !names.iter().any(|(_, n)| facts::same_name(n, &name)) {
                    names.push(named(&name));
                }
            }
        }
    }

    fn ladder(&self, term: &Term) -> Option<usize> {
        self.sources.iter().position(|s| matches!(s, Source::Number(ladder) if ladder.term == *term))
    }

    fn bound(&mut self, term: Term, exact: Option<Exact>) {
        let at = match self.ladder(&term) {
            Some(at) => at,
            None => self.source(Source::Number(Ladder { term, near: Vec::new(), bounds: Vec::new() })),
        };
        if let (Some(exact), Some(Source::Number(Ladder { near, bounds, .. }))) = (exact, self.sources.get_mut(at))
            && let Err(place) = bounds.binary_search(&exact)
        {
            near.insert(place, Near::of_exact(&exact).ends());
            bounds.insert(place, exact);
        }
    }

    fn source(&mut self, source: Source) -> usize {
        self.sources.iter().position(|s| *s == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        })
    }

    fn roots(&mut self) -> Roots {
        let (law, epoch) = (self.law, self.epoch);
        let scope = self.test(&law.scope);
        let scope = self.lit(scope);
        let mut clauses = vec![[FALSE; 2]; law.clauses.len()];
        let (mut loud, mut guards, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for id in law.clause_ids() {
            let Some((Version { rule, .. }, force)) = epoch.version(law, id) else { continue };
            let [first, second] = match rule {
                Rule::Condition { applies, met, .. } => self.condition(force, applies, met),
                Rule::Quota { counts, limit: Some(_), .. } => self.quota(id, force, counts),
                Rule::Class { .. } | Rule::Quantity { .. } | Rule::Quota { .. } => continue,
                _ => [self.applies(id), self.available(id)],
            };
            if matches!(rule, Rule::Prohibition { .. } | Rule::Requirement { .. } | Rule::Fee { .. }) {
                loud.push(first.clone());
            }
            let lits = [self.lit(first), self.lit(second)];
            if !matches!(rule, Rule::Condition { .. } | Rule::Quota { .. }) {
                known.extend(lits.first().map(|lit| (id, *lit)));
            }
            let total =
                |need: &ClauseId| matches!(epoch.version(law, *need), Some((Version { rule: Rule::Quota { .. }, .. }, _)));
            if rule.needs().iter().any(total) {
                guards.extend(lits.first());
            }
            if let Some(place) = clauses.get_mut(id.0 as usize) {
                *place = lits;
            }
        }
        // A class that turns on one fact costs a bit and no step: it is kept for the trace while a word has room.
        let classes: Vec<(ClauseId, Node)> = self.applies.iter().map(|(id, node)| (*id, node.clone())).collect();
        for (id, node) in classes.into_iter().filter(|(id, _)| law.clause(*id).kind == ClauseKind::Class) {
            if matches!(node, Node::Column(..)) && self.gates.len() < 60 {
                known.push((id, self.lit(node)));
            }
        }
        let quiet = self.any(loud);
        let quiet = self.not(quiet);
        Roots { scope, quiet: self.lit(quiet), clauses, guards, known }
    }

    fn condition(&mut self, force: Tri, applies: &Test, met: &Test) -> [Node; 2] {
        let applies = self.test(applies);
        [self.all(vec![Node::Is(force), applies]), self.test(met)]
    }

    fn quota(&mut self, id: ClauseId, force: Tri, counts: &Test) -> [Node; 2] {
        let counts = self.test(counts);
        let at = self.source(Source::Quota(id));
        [self.all(vec![Node::Is(force), counts]), Node::Column(at, Rc::new(ANSWERS))]
    }

    /// Whether a clause applies: in force, its test holds, and nothing that overrides it applies.
    fn applies(&mut self, id: ClauseId) -> Node {
        if let Some(node) = self.applies.get(&id) {
            return node.clone();
        }
        let (law, epoch) = (self.law, self.epoch);
        let node = match epoch.version(law, id) {
            None => Node::Is(Tri::False),
            Some((version, force)) => {
                let mut parts = vec![Node::Is(force)];
                parts.extend(version.rule.when().map(|when| self.test(when)));
                for other in &law.clause(id).overridden_by {
                    if epoch.version(law, *other).is_some_and(|(v, _)| v.overrides.contains(&id)) {
                        let available = self.available(*other);
                        parts.push(self.not(available));
                    }
                }
                self.all(parts)
            }
        };
        self.applies.insert(id, node.clone());
        node
    }

    /// Whether an exception or review can be used: it applies and nothing that it needs is shown to have failed.
    fn available(&mut self, id: ClauseId) -> Node {
        let mut parts = vec![self.applies(id)];
        let (law, epoch) = (self.law, self.epoch);
        for need in epoch.needs(law, id) {
            let Some((Version { rule, .. }, force)) = epoch.version(law, *need) else { continue };
            let [concerns, met] = match rule {
                Rule::Condition { applies, met, .. } => self.condition(force, applies, met),
                Rule::Quota { counts, limit: Some(_), .. } => self.quota(*need, force, counts),
                _ => continue,
            };
            let refused = self.shown_false(met);
            let failed = self.all(vec![concerns, refused]);
            parts.push(self.not(failed));
        }
        self.all(parts)
    }

    fn test(&mut self, test: &Test) -> Node {
        match test {
            Test::Is(yes) => Node::Is(Tri::from(*yes)),
            Test::Applies(id) => self.applies(*id),
            Test::All(parts) => {
                let parts = parts.iter().map(|p| self.test(p)).collect();
                self.all(parts)
            }
            Test::Any(parts) => {
                let parts = parts.iter().map(|p| self.test(p)).collect();
                self.any(parts)
            }
            Test::Not(inner) => {
                let inner = self.test(inner);
                self.not(inner)
            }
            Test::Compare { op, left, right } => self.compare(*op, left, right),
            Test::Fact(id) | Test::OneOf(id, _) | Test::Member(id, _) | Test::Absent(id) | Test::Holds(id, _) => {
                self.asked(*id, test)
            }
            Test::Same(..) => self.plain(test),
        }
    }

    /// A test of a single fact.
    fn asked(&mut self, id: FieldId, test: &Test) -> Node {
        let kind = &self.law.dictionary.field(id).kind;
        let source = match (test, kind) {
            (Test::Absent(_), _) | (Test::Fact(_), FieldType::Bool) => Source::Fact(id),
            (Test::OneOf(..) | Test::Member(..), FieldType::Bool | FieldType::Choice(_) | FieldType::Country) => Source::Fact(id),
            (Test::Holds(_, at), FieldType::Set(_)) => Source::Word(id, *at),
            (Test::OneOf(..) | Test::Member(..), FieldType::Text) => {
                let names = self.sources.iter().find(|s| matches!(s, Source::Name(field, _) if *field == id));
                names.cloned().unwrap_or_else(|| Source::Test(test.clone()))
            }
            _ => Source::Test(test.clone()),
        };
        if matches!(source, Source::Test(_)) {
            return self.plain(test);
        }
        // A table is filled by the function that the walk asks.
        let answers = spellings(self.law, &source).iter().map(|fact| of_fact(self.epoch, test, fact)).collect();
        Node::Column(self.source(source), answers)
    }

    /// A test that is asked by itself.
    fn plain(&mut self, test: &Test) -> Node {
        Node::Column(self.source(Source::Test(test.clone())), Rc::new(ANSWERS))
    }

    fn compare(&mut self, op: Op, left: &Term, right: &Term) -> Node {
        let (term, bound, turned) = match self.sides(left, right) {
            Side::Known(l, r) => return Node::Is(held(op, l, r)),
            Side::Ladder(term, bound, turned) => (term, bound, turned),
        };
        let Some(at) = self.ladder(&term) else {
            return self.plain(&Test::Compare { op, left: left.clone(), right: right.clone() });
        };
        let Some(Source::Number(Ladder { bounds, .. })) = self.sources.get(at) else { return Node::Is(Tri::Unknown) };
        // Where the bound itself is unknown, so is every answer but that of an absent number.
        let place = bound.and_then(|bound| bounds.iter().position(|b| *b == bound));
        let answer = |code: usize| match (code, place) {
            (1, _) => Tri::False,
            (0, _) | (_, None) => Tri::Unknown,
            (code, Some(place)) => {
                let ordering = code.cmp(&(2 * place + 3));
                Tri::from(op.holds(if turned { ordering.reverse() } else { ordering }))
            }
        };
        Node::Column(at, (0..2 * bounds.len() + 3).map(answer).collect())
    }

    /// What a comparison comes to: two numbers that are known on these days, or one number and a bound.
    fn sides(&self, left: &Term, right: &Term) -> Side {
        let (left, right) = (self.closed(left), self.closed(right));
        match (self.constant(&left), self.constant(&right)) {
            (Some(l), Some(r)) => Side::Known(l, r),
            // An absent bound fails every comparison, whatever stands on the other side.
            (None, Some(Val::Absent)) | (Some(Val::Absent), None) => Side::Known(Val::Absent, Val::Absent),
            (None, Some(Val::Is(bound))) => Side::Ladder(left, Some(bound), false),
            (Some(Val::Is(bound)), None) => Side::Ladder(right, Some(bound), true),
            (None, Some(Val::Unknown)) => Side::Ladder(left, None, false),
            (Some(Val::Unknown), None) => Side::Ladder(right, None, true),
            (None, None) => Side::Ladder(Term::Difference(Box::new(left), Box::new(right)), Some(Exact::zero()), false),
        }
    }

    /// A term with the values and quantities of these days put in.
    fn closed(&self, term: &Term) -> Term {
        let inner = |t: &Term| Box::new(self.closed(t));
        let list = |terms: &[Term]| terms.iter().map(|t| self.closed(t)).collect();
        match term {
            Term::Value(id) => self.epoch.number(*id).map_or_else(|| term.clone(), Term::Number),
            Term::Quantity(id) => match self.epoch.version(self.law, *id) {
                Some((Version { rule: Rule::Quantity { value, .. }, .. }, Tri::True)) => self.closed(value),
                _ => term.clone(),
            },
            Term::Converted(factor, t) => Term::Converted(*factor, inner(t)),
            Term::Negative(t) => Term::Negative(inner(t)),
            Term::Sum(l, r) => Term::Sum(inner(l), inner(r)),
            Term::Difference(l, r) => Term::Difference(inner(l), inner(r)),
            Term::Product(l, r) => Term::Product(inner(l), inner(r)),
            Term::Quotient(l, r) => Term::Quotient(inner(l), inner(r)),
            Term::First(terms) => Term::First(list(terms)),
            Term::NullIf(l, r) => Term::NullIf(inner(l), inner(r)),
            Term::Greatest(terms) => Term::Greatest(list(terms)),
            Term::Least(terms) => Term::Least(list(terms)),
            Term::Number(_) | Term::Fact(_) | Term::Total(_) | Term::Case(..) => term.clone(),
        }
    }

    /// A number that no case can change.
    fn constant(&self, term: &Term) -> Option<Val<Exact>> {
        let mut hangs = false;
        term.walk(&mut |piece| hangs |= matches!(piece, Piece::Test(_) | Piece::Term(Term::Fact(_) | Term::Total(_))));
        let case = Case::new(&self.law.dictionary, self.epoch.from);
        (!hangs).then(|| Judge::new(self.law, self.epoch, &case, &Totals::default()).exact(term))
    }

    fn not(&mut self, node: Node) -> Node {
        match node {
            Node::Is(tri) => Node::Is(tri.not()),
            Node::Column(at, answers) => Node::Column(at, answers.iter().map(|tri| tri.not()).collect()),
            Node::Lit(lit) => Node::Lit(opposite(lit)),
        }
    }

    fn any(&mut self, nodes: Vec<Node>) -> Node {
        let nodes = nodes.into_iter().map(|node| self.not(node)).collect();
        let none = self.all(nodes);
        self.not(none)
    }

    fn all(&mut self, nodes: Vec<Node>) -> Node {
        let mut gate = Gate::default();
        let mut known = Tri::True;
        for node in nodes {
            match node {
                Node::Is(tri) => known = known.and(tri),
                Node::Column(at, answers) => gate.add(at, &answers),
                Node::Lit(lit) => match self.gates.get(usize::from(lit.gate)) {
                    // The AND of an AND is one AND.
                    Some(inner) if !lit.not && lit != UNKNOWN && !inner.crisp => {
                        inner.columns.iter().for_each(|(at, answers)| gate.add(*at, answers));
                        gate.lits.extend(&inner.lits);
                    }
                    _ => gate.lits.push(lit),
                },
            }
        }
        let constant = |(_, answers): &(usize, Column), tri| answers.iter().all(|a| *a == tri);
        gate.columns.retain(|c| !constant(c, Tri::True));
        if known == Tri::False || gate.columns.iter().any(|c| constant(c, Tri::False)) {
            return Node::Is(Tri::False);
        }
        match gate.columns.first().cloned() {
            Some((at, answers)) if known == Tri::Unknown => gate.add(at, &vec![known; answers.len()].into()),
            None if known == Tri::Unknown => gate.lits.push(UNKNOWN),
            _ => {}
        }
        gate.lits.sort();
        gate.lits.dedup();
        match (gate.columns.as_slice(), gate.lits.as_slice()) {
            ([], []) => Node::Is(Tri::True),
            ([], [lit]) => Node::Lit(*lit),
            ([(at, answers)], []) => Node::Column(*at, Rc::clone(answers)),
            _ => self.gate(gate),
        }
    }

    /// True where something is shown to be false, and false where it is true or nobody can say.
    fn shown_false(&mut self, node: Node) -> Node {
        let shown = |tri: Tri| Tri::from(tri == Tri::False);
        match node {
            Node::Is(tri) => Node::Is(shown(tri)),
            Node::Column(at, answers) => Node::Column(at, answers.iter().map(|tri| shown(*tri)).collect()),
            Node::Lit(lit) => self.gate(Gate { columns: vec![], lits: vec![lit], crisp: true }),
        }
    }

    fn gate(&mut self, gate: Gate) -> Node {
        let next = self.gates.len() as u16;
        let at = *self.interned.entry(gate.clone()).or_insert(next);
        if at == next {
            self.gates.push(gate);
        }
        Node::Lit(Lit { gate: at, not: false })
    }

    /// A node as a gate that can be read.
    fn lit(&mut self, node: Node) -> Lit {
        match node {
            Node::Is(Tri::True) => TRUE,
            Node::Is(Tri::False) => FALSE,
            Node::Is(Tri::Unknown) => UNKNOWN,
            Node::Lit(lit) => lit,
            Node::Column(at, answers) => match self.gate(Gate { columns: vec![(at, answers)], lits: vec![], crisp: false }) {
                Node::Lit(lit) => lit,
                _ => UNKNOWN,
            },
        }
    }

    /// The gates that something read hangs on, by level, and the level of each: a gate hangs on those of lower levels only.
    fn order(&self, roots: &Roots) -> (Vec<u16>, Vec<usize>) {
        // Gates are made after all that they hang on.
        let mut levels = vec![0; self.gates.len()];
        for (at, gate) in self.gates.iter().enumerate() {
            let below = gate.lits.iter().filter_map(|lit| levels.get(usize::from(lit.gate))).max();
            let level = below.map_or(0, |level| level + 1);
            if let Some(place) = levels.get_mut(at) {
                *place = level;
            }
        }
        let mut wanted: BTreeSet<u16> = BTreeSet::from([TRUE.gate]);
        let read = roots.clauses.iter().flatten().chain(&roots.guards).chain([&roots.scope, &roots.quiet]);
        let read = read.chain(roots.known.iter().map(|(_, lit)| lit));
        let mut next: Vec<u16> = read.map(|lit| lit.gate).collect();
        while let Some(gate) = next.pop() {
            if wanted.insert(gate) {
                next.extend(self.gates.get(usize::from(gate)).into_iter().flat_map(|g| &g.lits).map(|lit| lit.gate));
            }
        }
        let mut order: Vec<u16> = wanted.into_iter().collect();
        order.sort_by_key(|gate| (*gate > 1, levels.get(usize::from(*gate)).copied()));
        (order, levels)
    }

    /// The clauses whose answer stands in one of the gates that are kept: all that were read, and the classes on the way to them.
    fn known<'a>(&'a self, roots: &'a Roots, order: &'a [u16]) -> impl Iterator<Item = (ClauseId, Lit)> + 'a {
        let classes = self.applies.iter().filter_map(|(id, node)| match node {
            Node::Lit(lit) if order.contains(&lit.gate) => Some((*id, *lit)),
            _ => None,
        });
        roots.known.iter().copied().chain(classes.filter(|(id, _)| !roots.known.iter().any(|(known, _)| known == id)))
    }

    fn assemble<const W: usize>(&self, roots: &Roots, order: &[u16], levels: &[usize]) -> Words<W> {
        let mut places = vec![0u16; self.gates.len()];
        for (bit, gate) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(usize::from(*gate)) {
                *place = bit as u16;
            }
        }
        let place = |lit: Lit| Lit { gate: places.get(usize::from(lit.gate)).copied().unwrap_or_default(), ..lit };
        let mut words = Words {
            start: Bits::NONE,
            facts: vec![],
            numbers: vec![],
            others: vec![],
            quotas: vec![],
            guards: roots.guards.iter().map(|lit| place(*lit)).collect(),
            rows: vec![],
            levels: vec![],
            quiet: place(roots.quiet),
            scope: place(roots.scope),
            known: self.known(roots, order).map(|(id, lit)| (id, place(lit))).collect(),
            clauses: roots.clauses.iter().map(|[a, b]| [place(*a), place(*b)]).collect(),
        };
        if order.contains(&UNKNOWN.gate) {
            words.start.mark(place(UNKNOWN).gate, Tri::Unknown);
        }
        let gates = || order.iter().filter_map(|at| Some((*at, self.gates.get(usize::from(*at))?)));
        for (at, source) in self.sources.iter().enumerate() {
            let columns = gates().flat_map(|(gate, g)| g.columns.iter().map(move |(s, column)| (gate, *s, column)));
            let columns: Vec<_> = columns.filter(|(_, s, _)| *s == at).collect();
            words.table(source, columns.into_iter().map(|(gate, _, column)| (place(Lit { gate, not: false }).gate, column)));
        }
        for (at, gate) in gates().filter(|(_, g)| !g.lits.is_empty()) {
            let level = levels.get(usize::from(at)).copied().unwrap_or_default();
            words.levels.resize_with(words.levels.len().max(level), Level::default);
            if let Some(level) = words.levels.get_mut(level - 1) {
                level.add(gate.crisp, gate.lits.iter().map(|lit| place(*lit)), place(Lit { gate: at, not: false }).gate);
            }
        }
        words
    }
}

/// What a comparison comes to.
enum Side {
    Known(Val<Exact>, Val<Exact>),
    /// A number, the bound where it is known, and whether the number stood on the right.
    Ladder(Term, Option<Exact>, bool),
}

/// The column of a test that is asked by itself: unknown, false, true.
const ANSWERS: [Tri; 3] = [Tri::Unknown, Tri::False, Tri::True];

fn opposite(lit: Lit) -> Lit {
    Lit { not: !lit.not, ..lit }
}

fn held(op: Op, left: Val<Exact>, right: Val<Exact>) -> Tri {
    match (left, right) {
        (Val::Absent, _) | (_, Val::Absent) => Tri::False,
        (Val::Unknown, _) | (_, Val::Unknown) => Tri::Unknown,
        (Val::Is(l), Val::Is(r)) => Tri::from(op.holds(l.cmp(&r))),
    }
}

/// A fact for every code of a source; the last stands for every fact beyond, which no test names.
fn spellings(law: &Law, source: &Source) -> Vec<Fact> {
    let beyond = Fact::Number(Number::from(0));
    match source {
        Source::Word(_, at) => vec![Fact::Unknown, Fact::Set(0), Fact::Set(1 << at)],
        Source::Name(_, names) => {
            let mut facts = vec![Fact::Unknown, Fact::Absent, beyond];
            facts.extend(names.iter().map(|(_, name)| Fact::Text(Arc::clone(name))));
            facts
        }
        Source::Fact(id) => {
            let every: Vec<Fact> = match &law.dictionary.field(*id).kind {
                FieldType::Bool => vec![Fact::Bool(false), Fact::Bool(true)],
                FieldType::Choice(words) => (0..words.len()).map(|at| Fact::Choice(at as u8)).collect(),
                FieldType::Country => law.dictionary.countries.ids().map(|CountryId(at)| Fact::Country(CountryId(at))).collect(),
                _ => vec![],
            };
            let most = every.iter().map(|fact| usize::from(fact.code())).max().unwrap_or(1);
            let mut facts = vec![beyond; most + 2];
            for fact in every.into_iter().chain([Fact::Unknown, Fact::Absent]) {
                if let Some(place) = facts.get_mut(usize::from(fact.code())) {
                    *place = fact;
                }
            }
            facts
        }
        _ => vec![],
    }
}

impl Gate {
    /// Adds a column; two of one source become one.
    fn add(&mut self, source: usize, answers: &Column) {
        match self.columns.binary_search_by_key(&source, |(at, _)| *at) {
            Ok(at) => {
                if let Some((_, column)) = self.columns.get_mut(at) {
                    *column = column.iter().zip(answers.iter()).map(|(a, b)| a.and(*b)).collect();
                }
            }
            Err(at) => self.columns.insert(at, (source, Rc::clone(answers))),
        }
    }
}

impl<const W: usize> Bits<W> {
    fn mark(&mut self, gate: u16, tri: Tri) {
        let bit = 1 << (gate % 64);
        let (unmet, failed) = (if tri == Tri::True { 0 } else { bit }, if tri == Tri::False { bit } else { 0 });
        self.add(gate / 64, unmet, failed);
    }
}

impl<const W: usize> Words<W> {
    /// Adds the table of a source, unless no gate asks it.
    fn table<'a>(&mut self, source: &Source, columns: impl Iterator<Item = (u16, &'a Column)> + Clone) {
        let Some(codes) = columns.clone().map(|(_, column)| column.len()).max() else { return };
        let place = Place { first: self.rows.len() as u32, more: (codes - 1) as u16 };
        for code in 0..codes {
            let mut row = Bits::NONE;
            for (gate, column) in columns.clone() {
                row.mark(gate, column.get(code).copied().unwrap_or(Tri::Unknown));
            }
            self.rows.push(row);
        }
        match source {
            Source::Fact(id) => self.facts.push((*id, place)),
            Source::Number(ladder) => self.numbers.push((ladder.clone(), place)),
            Source::Quota(id) => self.quotas.push((*id, place)),
            other => self.others.push((other.clone(), place)),
        }
    }
}

impl Level {
    fn add(&mut self, crisp: bool, lits: impl Iterator<Item = Lit>, gate: u16) {
        for lit in lits {
            if crisp {
                self.crisp.push((lit, gate));
                continue;
            }
            let (from, to, bit) = (lit.gate / 64, gate / 64, (gate % 64) as u8);
            let place = 1 << (lit.gate % 64);
            // A gate that is to be both true and false takes a step for each.
            let free = |s: &Step| (s.from, s.to, s.bit) == (from, to, bit) && s.all & place == 0;
            let at = self.steps.iter().position(free).unwrap_or_else(|| {
                self.steps.push(Step { from, to, bit, all: 0, no: 0 });
                self.steps.len() - 1
            });
            if let Some(step) = self.steps.get_mut(at) {
                step.all |= place;
                step.no |= if lit.not { place } else { 0 };
            }
        }
    }
}

//! Trees that expressions are read to: tests, true or false or unknown of a case, and terms, its numbers.

use facts::{Fact, FieldId, Number};

use crate::law::{ClauseId, GroupId, ValueId};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Op {
    /// As SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::Ne => "<>",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
        }
    }

    /// Whether an ordering satisfies it.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Op::Eq => ordering.is_eq(),
            Op::Ne => ordering.is_ne(),
            Op::Lt => ordering.is_lt(),
            Op::Le => ordering.is_le(),
            Op::Gt => ordering.is_gt(),
            Op::Ge => ordering.is_ge(),
        }
    }
}

/// Something true, false or unknown of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Always so.
    Is(bool),
    /// A yes-or-no fact.
    Fact(FieldId),
    /// Two numbers in one unit.
    Compare {
        /// How.
        op: Op,
        /// Left side.
        left: Term,
        /// Right side.
        right: Term,
    },
    /// Two facts are the same word, name or country.
    Same(FieldId, FieldId),
    /// A fact is one of these.
    OneOf(FieldId, Vec<Fact>),
    /// A fact belongs to a group on the day.
    Member(FieldId, GroupId),
    /// A set holds a word, by its place.
    Holds(FieldId, u8),
    /// A fact is known to be absent.
    Absent(FieldId),
    /// A clause applies (a class, or a requirement).
    Applies(ClauseId),
    /// Every one.
    All(Vec<Test>),
    /// At least one.
    Any(Vec<Test>),
    /// The opposite.
    Not(Box<Test>),
}

/// A number of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A constant.
    Number(Number),
    /// A fact.
    Fact(FieldId),
    /// A dated value.
    Value(ValueId),
    /// A quantity of the regime.
    Quantity(ClauseId),
    /// A quota's running total before this shipment.
    Total(ClauseId),
    /// The same in another unit of its dimension: times a factor.
    Converted(Number, Box<Term>),
    /// The opposite.
    Negative(Box<Term>),
    /// Left plus right.
    Sum(Box<Term>, Box<Term>),
    /// Left less right.
    Difference(Box<Term>, Box<Term>),
    /// Left times right.
    Product(Box<Term>, Box<Term>),
    /// Left over right.
    Quotient(Box<Term>, Box<Term>),
    /// The first that is not absent.
    First(Vec<Term>),
    /// Absent where both are equal.
    NullIf(Box<Term>, Box<Term>),
    /// The greatest that is not absent.
    Greatest(Vec<Term>),
    /// The least that is not absent.
    Least(Vec<Term>),
    /// The first whose test holds.
    Case(Vec<(Test, Term)>, Option<Box<Term>>),
}

/// A piece of a tree, as a walk meets it.
#[derive(Clone, Copy)]
pub(crate) enum Piece<'a> {
    Test(&'a Test),
    Term(&'a Term),
}

impl Test {
    /// Meets every piece of the tree, outer before inner.
    pub(crate) fn walk<'a>(&'a self, meet: &mut dyn FnMut(Piece<'a>)) {
        meet(Piece::Test(self));
        match self {
            Test::Compare { left, right, .. } => {
                left.walk(meet);
                right.walk(meet);
            }
            Test::All(parts) | Test::Any(parts) => parts.iter().for_each(|p| p.walk(meet)),
            Test::Not(inner) => inner.walk(meet),
            _ => {}
        }
    }

    /// Adds the clauses that it names.
    pub(crate) fn clauses(&self, found: &mut Vec<ClauseId>) {
        self.walk(&mut |piece| clause_of(piece, found));
    }
}

impl Term {
    /// Meets every piece of the tree, outer before inner.
    pub(crate) fn walk<'a>(&'a self, meet: &mut dyn FnMut(Piece<'a>)) {
        meet(Piece::Term(self));
        match self {
            Term::Converted(_, t) | Term::Negative(t) => t.walk(meet),
            Term::Sum(l, r) | Term::Difference(l, r) | Term::Product(l, r) | Term::Quotient(l, r) | Term::NullIf(l, r) => {
                l.walk(meet);
                r.walk(meet);
            }
            Term::First(terms) | Term::Greatest(terms) | Term::Least(terms) => terms.iter().for_each(|t| t.walk(meet)),
            Term::Case(whens, otherwise) => {
                for (test, term) in whens {
                    test.walk(meet);
                    term.walk(meet);
                }
                if let Some(term) = otherwise {
                    term.walk(meet);
                }
            }
            _ => {}
        }
    }

    /// Adds the clauses that it names. A running total stands for the shipments before, not for the clause itself.
    pub(crate) fn clauses(&self, found: &mut Vec<ClauseId>) {
        self.walk(&mut |piece| clause_of(piece, found));
    }
}

/// Adds the facts that a piece asks about.
pub(crate) fn facts_of(piece: Piece<'_>, found: &mut Vec<FieldId>) {
    match piece {
        Piece::Test(Test::Fact(id) | Test::OneOf(id, _) | Test::Member(id, _) | Test::Holds(id, _) | Test::Absent(id))
        | Piece::Term(Term::Fact(id)) => found.push(*id),
        Piece::Test(Test::Same(a, b)) => found.extend([*a, *b]),
        _ => {}
    }
}

fn clause_of(piece: Piece<'_>, found: &mut Vec<ClauseId>) {
    match piece {
        Piece::Test(Test::Applies(id)) | Piece::Term(Term::Quantity(id)) => found.push(*id),
        _ => {}
    }
}

//! Numbers of many rows at once, in doubles with a bound on their error: a row that stands too near a bound to tell is left to the
//! judge of one case.

use arrow::buffer::ScalarBuffer;
use facts::{Exact, FieldId, Number};
use regime::Term;

use crate::column::{ABSENT, Batch, Column, KNOWN, UNKNOWN, double_of, number_of};

/// How many rows are worked on at a time: few enough that what is reckoned stays in the nearest cache.
pub(crate) const TILE: usize = 1024;

/// A number that can be reckoned for many rows at once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lane {
    Column(FieldId),
    Scaled(f64, Box<Lane>),
    Product(Box<Lane>, Box<Lane>),
    Quotient(Box<Lane>, Box<Lane>),
    /// The greatest, or with `true` the least.
    Outer(Vec<Lane>, bool),
}

/// How many facts may go into one number: so many, of at most 29 digits before and 28 behind the point, leave a double's range nowhere.
const MOST_FACTS: usize = 8;

impl Lane {
    /// A term as a lane; none where the judge of one case reckons it better.
    pub(crate) fn of(term: &Term) -> Option<Lane> {
        let lane = Lane::read(term)?;
        (lane.facts() <= MOST_FACTS).then_some(lane)
    }

    fn read(term: &Term) -> Option<Lane> {
        Some(match term {
            Term::Fact(id) => Lane::Column(*id),
            Term::Converted(factor, inner) => Lane::Scaled(scale(*factor)?, Box::new(Lane::read(inner)?)),
            Term::Product(one, other) => match (&**one, &**other) {
                (Term::Number(factor), inner) | (inner, Term::Number(factor)) => {
                    Lane::Scaled(scale(*factor)?, Box::new(Lane::read(inner)?))
                }
                _ => Lane::Product(Box::new(Lane::read(one)?), Box::new(Lane::read(other)?)),
            },
            Term::Quotient(over, under) => Lane::Quotient(Box::new(Lane::read(over)?), Box::new(Lane::finite(under)?)),
            Term::Greatest(terms) => Lane::Outer(terms.iter().map(Lane::finite).collect::<Option<_>>()?, false),
            Term::Least(terms) => Lane::Outer(terms.iter().map(Lane::finite).collect::<Option<_>>()?, true),
            _ => return None,
        })
    }

    /// A lane without a quotient, which may have no number, in a place where that would not be seen afterwards.
    fn finite(term: &Term) -> Option<Lane> {
        Lane::read(term).filter(|lane| !lane.divides())
    }

    fn facts(&self) -> usize {
        match self {
            Lane::Column(_) => 1,
            Lane::Scaled(_, inner) => 1 + inner.facts(),
            Lane::Product(one, other) | Lane::Quotient(one, other) => one.facts() + other.facts(),
            Lane::Outer(lanes, _) => lanes.iter().map(Lane::facts).sum(),
        }
    }

    /// The greatest relative error, in units of a double's last place.
    fn error(&self) -> f64 {
        match self {
            Lane::Column(_) => 1.0,
            Lane::Scaled(_, inner) => inner.error() + 8.0,
            Lane::Product(one, other) | Lane::Quotient(one, other) => one.error() + other.error() + 1.0,
            Lane::Outer(lanes, _) => lanes.iter().map(Lane::error).fold(0.0, f64::max),
        }
    }

    fn divides(&self) -> bool {
        match self {
            Lane::Column(_) => false,
            Lane::Scaled(_, inner) => inner.divides(),
            Lane::Quotient(..) => true,
            Lane::Product(one, other) => one.divides() || other.divides(),
            Lane::Outer(lanes, _) => lanes.iter().any(Lane::divides),
        }
    }

    /// The facts that it is reckoned from.
    pub(crate) fn columns(&self, found: &mut Vec<FieldId>) {
        match self {
            Lane::Column(id) => found.push(*id),
            Lane::Scaled(_, inner) => inner.columns(found),
            Lane::Product(one, other) | Lane::Quotient(one, other) => {
                one.columns(found);
                other.columns(found);
            }
            Lane::Outer(lanes, _) => lanes.iter().for_each(|lane| lane.columns(found)),
        }
    }

    /// The numbers of a tile.
    #[inline(always)]
    pub(crate) fn reckon(&self, batch: &Batch, first: usize, to: &mut [f64]) {
        match self {
            Lane::Column(id) => match batch.column(*id) {
                Column::Numbers(values, _) => to.copy_from_slice(stretch(values, first, to.len())),
                _ => to.fill(f64::NAN),
            },
            Lane::Scaled(factor, inner) => {
                if let (Lane::Column(id), factor) = (&**inner, *factor)
                    && let Column::Numbers(values, _) = batch.column(*id)
                {
                    let from = stretch(values, first, to.len());
                    return to.iter_mut().zip(from).for_each(|(to, from)| *to = from * factor);
                }
                inner.reckon_again(batch, first, to);
                to.iter_mut().for_each(|to| *to *= factor);
            }
            Lane::Product(one, other) => combine(one, other, batch, first, to, |a, b| a * b),
            Lane::Quotient(over, under) => combine(over, under, batch, first, to, |a, b| a / b),
            Lane::Outer(lanes, least) => {
                if let Some((one, others)) = lanes.split_first() {
                    one.reckon_again(batch, first, to);
                    let mut next = [0.0; TILE];
                    for other in others {
                        let next = next.get_mut(..to.len()).unwrap_or_default();
                        other.reckon_again(batch, first, next);
                        if *least {
                            to.iter_mut().zip(&*next).for_each(|(to, next)| *to = if next < to { *next } else { *to });
                        } else {
                            to.iter_mut().zip(&*next).for_each(|(to, next)| *to = if next > to { *next } else { *to });
                        }
                    }
                }
            }
        }
    }

    /// The same by a call, where the tree goes on.
    fn reckon_again(&self, batch: &Batch, first: usize, to: &mut [f64]) {
        match self {
            Lane::Column(id) => match batch.column(*id) {
                Column::Numbers(values, _) => to.copy_from_slice(stretch(values, first, to.len())),
                _ => to.fill(f64::NAN),
            },
            _ => self.reckon(batch, first, to),
        }
    }

    /// Whether the number of a row is known, absent or unknown; where every column knows every row nobody asks.
    pub(crate) fn state(&self, batch: &Batch, row: usize) -> u8 {
        match self {
            Lane::Column(id) => match batch.column(*id) {
                Column::Numbers(_, Some(states)) => states.get(row).copied().unwrap_or(UNKNOWN),
                Column::Numbers(_, None) => KNOWN,
                _ => UNKNOWN,
            },
            Lane::Scaled(_, inner) => inner.state(batch, row),
            Lane::Product(one, other) | Lane::Quotient(one, other) => match (one.state(batch, row), other.state(batch, row)) {
                (ABSENT, _) | (_, ABSENT) => ABSENT,
                (UNKNOWN, _) | (_, UNKNOWN) => UNKNOWN,
                _ => KNOWN,
            },
            Lane::Outer(lanes, _) => {
                let states = || lanes.iter().map(|lane| lane.state(batch, row));
                if states().any(|state| state == UNKNOWN) {
                    UNKNOWN
                } else if states().all(|state| state == ABSENT) {
                    ABSENT
                } else {
                    KNOWN
                }
            }
        }
    }

    /// Whether the greatest or least of some may leave out one that is absent: such rows are not reckoned here.
    pub(crate) fn chooses(&self) -> bool {
        match self {
            Lane::Column(_) => false,
            Lane::Scaled(_, inner) => inner.chooses(),
            Lane::Product(one, other) | Lane::Quotient(one, other) => one.chooses() || other.chooses(),
            Lane::Outer(..) => true,
        }
    }
}

#[inline(always)]
fn combine(one: &Lane, other: &Lane, batch: &Batch, first: usize, to: &mut [f64], apply: impl Fn(f64, f64) -> f64) {
    one.reckon_again(batch, first, to);
    if let Lane::Column(id) = other
        && let Column::Numbers(values, _) = batch.column(*id)
    {
        let with = stretch(values, first, to.len());
        return to.iter_mut().zip(with).for_each(|(to, with)| *to = apply(*to, *with));
    }
    let mut with = [0.0; TILE];
    let with = with.get_mut(..to.len()).unwrap_or_default();
    other.reckon_again(batch, first, with);
    to.iter_mut().zip(with).for_each(|(to, with)| *to = apply(*to, *with));
}

fn scale(factor: Number) -> Option<f64> {
    // Zero would hide what an unknown or endless number does.
    Some(factor.approx()).filter(|factor| *factor != 0.0)
}

pub(crate) fn stretch<T: arrow::datatypes::ArrowNativeType>(values: &ScalarBuffer<T>, first: usize, rows: usize) -> &[T] {
    values.get(first..first + rows).unwrap_or_default()
}

/// The bounds between the segments that a number may stand in, as doubles.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    /// From here on a number surely stands above.
    high: Vec<f64>,
    /// Below here it surely stands below; none where doubles tell every number from every bound.
    low: Option<Vec<f64>>,
    /// Whether a number may come out endless, which says nothing.
    divides: bool,
}

/// A step between two segments: at a bound, or just above it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step<'a> {
    pub(crate) bound: &'a Exact,
    pub(crate) above: bool,
}

impl Steps {
    /// The steps of a lane. A column's own numbers are exactly told from bounds of at most 15 digits, since the double nearest to
    /// such a decimal is nearest to no other of so few digits; everything reckoned has an error.
    pub(crate) fn of(lane: &Lane, steps: &[Step<'_>]) -> Steps {
        let short = |step: &Step<'_>| {
            let number = Number::from_exact(step.bound)?;
            let value = double_of(number)?;
            (number_of(value) == Some(number)).then_some(if step.above { value.next_up() } else { value })
        };
        if let (Lane::Column(_), Some(high)) = (lane, steps.iter().map(short).collect::<Option<Vec<f64>>>()) {
            return Steps { high, low: None, divides: false };
        }
        let error = (lane.error() + 4.0) * 2.0 * f64::EPSILON;
        let near = |step: &Step<'_>| num_traits::ToPrimitive::to_f64(step.bound).unwrap_or(f64::NAN);
        let high = steps.iter().map(|step| near(step) + near(step).abs() * error).map(f64::next_up).collect();
        let low = steps.iter().map(|step| near(step) - near(step).abs() * error).collect();
        Steps { high, low: Some(low), divides: lane.divides() }
    }

    /// How many steps each number surely stands above, in the lower half of `to`; that count differs from the one in the upper half
    /// where a number stands too near a step to tell.
    #[inline(always)]
    pub(crate) fn count(&self, from: &[f64], to: &mut [u64]) {
        to.fill(0);
        match &self.low {
            None => {
                for high in self.high.chunks(4) {
                    let at = |n: usize| high.get(n).copied().unwrap_or(f64::NAN);
                    let (a, b, c, d) = (at(0), at(1), at(2), at(3));
                    for (to, x) in to.iter_mut().zip(from) {
                        *to += u64::from(*x >= a) + u64::from(*x >= b) + u64::from(*x >= c) + u64::from(*x >= d);
                    }
                }
            }
            Some(low) => {
                for (high, low) in self.high.chunks(2).zip(low.chunks(2)) {
                    let at = |of: &[f64], n: usize| of.get(n).copied().unwrap_or(f64::NAN);
                    let (a, b, c, d) = (at(high, 0), at(high, 1), at(low, 0), at(low, 1));
                    for (to, x) in to.iter_mut().zip(from) {
                        let surely = u64::from(*x >= a) + u64::from(*x >= b);
                        let maybe = u64::from(*x >= c) + u64::from(*x >= d);
                        *to += surely + (maybe << 32);
                    }
                }
                if self.divides {
                    for (to, x) in to.iter_mut().zip(from) {
                        *to += u64::from(!(x.abs() < f64::INFINITY)) << 48;
                    }
                }
            }
        }
    }

    /// How many segments there are.
    pub(crate) fn segments(&self) -> u32 {
        self.high.len() as u32 + 1
    }

    pub(crate) fn exact(&self) -> bool {
        self.low.is_none()
    }
}

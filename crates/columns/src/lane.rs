//! Numbers of many rows at once, in doubles with a bound on their error: a row that stands too near a bound to tell is left to the
//! judge of one case.

use arrow_buffer::ScalarBuffer;
use facts::{Exact, FieldId, Number};
use regime::Term;

use crate::column::{Batch, Column, double_of, number_of};

/// How many rows are worked on at a time: few enough that what is reckoned stays in the nearest cache.
pub(crate) const TILE: usize = 512;

/// A batch, and the numbers of parts that go into what is reckoned with other columns.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) parts: &'a [(FieldId, Column)],
}

impl<'a> Rows<'a> {
    pub(crate) fn column(self, id: FieldId) -> &'a Column {
        let part = self.parts.iter().find(|(field, _)| *field == id);
        part.map_or_else(|| self.batch.column(id), |(_, column)| column)
    }

    #[inline(always)]
    fn numbers(self, id: FieldId, first: usize, count: usize) -> &'a [f64] {
        match self.column(id) {
            Column::Numbers(values, _) => stretch(values, first, count),
            _ => &[],
        }
    }
}

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
pub(crate) const MOST_FACTS: usize = 8;

impl Lane {
    /// A term as a lane; none where the judge of one case reckons it better.
    pub(crate) fn of(term: &Term) -> Option<Lane> {
        let lane = Lane::read(term)?;
        (lane.facts() <= MOST_FACTS && lane.depth() <= DEEPEST).then_some(lane)
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

    pub(crate) fn facts(&self) -> usize {
        match self {
            Lane::Column(_) => 1,
            Lane::Scaled(_, inner) => 1 + inner.facts(),
            Lane::Product(one, other) | Lane::Quotient(one, other) => one.facts() + other.facts(),
            Lane::Outer(lanes, _) => lanes.iter().map(Lane::facts).sum(),
        }
    }

    /// How many numbers lie on the pile at most while it is reckoned.
    fn depth(&self) -> usize {
        match self {
            Lane::Column(_) => 1,
            Lane::Scaled(_, inner) => inner.depth(),
            Lane::Product(one, other) | Lane::Quotient(one, other) => one.depth().max(1 + other.depth()),
            Lane::Outer(lanes, _) => 1 + lanes.iter().map(Lane::depth).max().unwrap_or(0),
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

    /// By which powers of two columns are multiplied, where nothing else is done but to choose among them: then nothing is rounded.
    fn doublings(&self) -> Option<Vec<f64>> {
        const EXPONENT: u64 = 0x7ff << 52;
        match self {
            Lane::Column(_) => Some(vec![1.0]),
            Lane::Scaled(factor, inner) => {
                let rounds_nothing = factor.is_normal() && *factor > 0.0 && factor.to_bits() & !EXPONENT == 0;
                let inner = inner.doublings().filter(|_| rounds_nothing)?;
                Some(inner.into_iter().map(|other| factor * other).collect())
            }
            Lane::Outer(lanes, _) => Some(lanes.iter().map(Lane::doublings).collect::<Option<Vec<_>>>()?.concat()),
            Lane::Product(..) | Lane::Quotient(..) => None,
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

    /// The lane as steps of work on a pile of numbers; `known` stands for a lane whose numbers are there already.
    pub(crate) fn work(&self, known: Option<&Lane>) -> Vec<Work> {
        let mut work = Vec::new();
        self.add_work(known, &mut work);
        work
    }

    fn add_work(&self, known: Option<&Lane>, work: &mut Vec<Work>) {
        // What was reckoned last lies lowest on the pile.
        if known == Some(self) && work.is_empty() {
            return work.push(Work::Again);
        }
        match self {
            Lane::Column(_) | Lane::Scaled(..) => match self.leaf() {
                Some((id, factor)) => work.push(Work::Load(id, factor)),
                None => {
                    if let Lane::Scaled(factor, inner) = self {
                        inner.add_work(known, work);
                        work.push(Work::Scale(*factor));
                    }
                }
            },
            Lane::Product(one, other) => one.join(other, known, Join::Times, work),
            Lane::Quotient(one, other) => one.join(other, known, Join::Over, work),
            Lane::Outer(lanes, least) => {
                let Some((one, others)) = lanes.split_first() else { return };
                one.add_work(known, work);
                for other in others {
                    other.join_to(known, if *least { Join::Least } else { Join::Greatest }, work);
                }
            }
        }
    }

    fn join(&self, other: &Lane, known: Option<&Lane>, how: Join, work: &mut Vec<Work>) {
        self.add_work(known, work);
        other.join_to(known, how, work);
    }

    fn join_to(&self, known: Option<&Lane>, how: Join, work: &mut Vec<Work>) {
        match self.leaf() {
            Some((id, factor)) => work.push(Work::JoinColumn(how, id, factor)),
            None => {
                self.add_work(known, work);
                work.push(Work::Join(how));
            }
        }
    }

    /// A column, or a multiple of one.
    fn leaf(&self) -> Option<(FieldId, f64)> {
        match self {
            Lane::Column(id) => Some((*id, 1.0)),
            Lane::Scaled(factor, inner) => {
                if let Lane::Column(id) = &**inner {
                    Some((*id, *factor))
                } else {
                    None
                }
            }
            _ => None,
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

/// One step of work on a pile of numbers, a tile of rows at a time.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Lays a multiple of a column on the pile.
    Load(FieldId, f64),
    /// Goes on with the numbers that were reckoned last.
    Again,
    /// Multiplies what lies on top.
    Scale(f64),
    /// Joins what lies below the top with a multiple of a column.
    JoinColumn(Join, FieldId, f64),
    /// Joins the two on top.
    Join(Join),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Join {
    Times,
    Over,
    Greatest,
    Least,
}

/// How many numbers may lie on the pile.
pub(crate) const DEEPEST: usize = 6;

/// Does the work for some rows; the numbers lie lowest on the pile then.
#[inline(always)]
pub(crate) fn reckon(work: &[Work], rows: Rows<'_>, (first, count): (usize, usize), pile: &mut [[f64; TILE]; DEEPEST]) {
    let mut top = 0usize;
    for step in work {
        match step {
            Work::Load(id, factor) => {
                if let (Some(to), from) = (pile.get_mut(top), rows.numbers(*id, first, count)) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = from * factor);
                }
                top += 1;
            }
            Work::Again => top += 1,
            Work::Scale(factor) => {
                if let Some(to) = pile.get_mut(top.wrapping_sub(1)) {
                    to.iter_mut().take(count).for_each(|to| *to *= factor);
                }
            }
            Work::JoinColumn(how, id, factor) => {
                if let Some(to) = pile.get_mut(top.wrapping_sub(1)) {
                    join(*how, to, rows.numbers(*id, first, count), *factor);
                }
            }
            Work::Join(how) => {
                top = top.wrapping_sub(1);
                if let Some((below, above)) = pile.split_at_mut_checked(top)
                    && let (Some(to), Some(from)) = (below.last_mut(), above.first())
                {
                    join(*how, to, from.get(..count).unwrap_or_default(), 1.0);
                }
            }
        }
    }
}

#[inline(always)]
fn join(how: Join, to: &mut [f64; TILE], from: &[f64], factor: f64) {
    let pairs = to.iter_mut().zip(from).map(|(to, from)| (to, from * factor));
    match how {
        Join::Times => pairs.for_each(|(to, from)| *to *= from),
        Join::Over => pairs.for_each(|(to, from)| *to /= from),
        Join::Greatest => pairs.for_each(|(to, from)| *to = if from > *to { from } else { *to }),
        Join::Least => pairs.for_each(|(to, from)| *to = if from < *to { from } else { *to }),
    }
}

fn scale(factor: Number) -> Option<f64> {
    // Zero would hide what an unknown or endless number does.
    Some(factor.approx()).filter(|factor| *factor != 0.0)
}

pub(crate) fn stretch<T: arrow_buffer::ArrowNativeType>(values: &ScalarBuffer<T>, first: usize, rows: usize) -> &[T] {
    values.get(first..first + rows).unwrap_or_default()
}

/// The bounds between the segments that a number may stand in, as doubles.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    /// From here on a number surely stands above.
    high: Vec<f64>,
    /// Below here it surely stands below; none where doubles tell every number from every bound.
    low: Option<Vec<f64>>,
    /// Whether a number may come out endless, or as none, which says nothing.
    endless: bool,
}

/// A step between two segments: at a bound, or just above it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step<'a> {
    pub(crate) bound: &'a Exact,
    pub(crate) above: bool,
}

impl Steps {
    /// The steps of a lane. A column's own numbers are exactly told from bounds of at most 15 digits, since the double nearest to
    /// such a decimal is nearest to no other of so few digits; so are numbers that are doubled, as rates are for their bit length, from
    /// a bound of which the share is so short. Everything else that is reckoned has an error.
    pub(crate) fn of(lane: &Lane, parts: bool, steps: &[Step<'_>]) -> Steps {
        let short = |step: &Step<'_>, factor: f64| {
            let number = Number::from_exact(&(step.bound / Exact::from_float(factor)?))?;
            let value = double_of(number)?;
            (number_of(value) == Some(number)).then_some(factor * if step.above { value.next_up() } else { value })
        };
        let all_short = |factors: Vec<f64>| {
            let (first, others) = factors.split_first()?;
            let high: Vec<f64> = steps.iter().map(|step| short(step, *first)).collect::<Option<_>>()?;
            let same = |factor: &f64| steps.iter().zip(&high).all(|(step, high)| short(step, *factor) == Some(*high));
            others.iter().all(same).then_some(high)
        };
        let exactly = lane.doublings().filter(|_| !parts || matches!(lane, Lane::Column(_))).and_then(all_short);
        if let Some(high) = exactly {
            return Steps { high, low: None, endless: false };
        }
        let error = (lane.error() + 4.0) * 2.0 * f64::EPSILON;
        let near = |step: &Step<'_>| num_traits::ToPrimitive::to_f64(step.bound).unwrap_or(f64::NAN);
        let high = steps.iter().map(|step| near(step) + near(step).abs() * error).map(f64::next_up).collect();
        let low = steps.iter().map(|step| near(step) - near(step).abs() * error).collect();
        Steps { high, low: Some(low), endless: parts || lane.divides() }
    }

    /// How many steps each number surely stands above, in the lower half of `to`; that count differs from the one in the upper half
    /// where a number stands too near a step to tell. Says whether any does.
    #[inline(always)]
    pub(crate) fn count(&self, from: &[f64], to: &mut [u64]) -> bool {
        let Some(low) = &self.low else {
            to.fill(0);
            self.high.chunks(4).for_each(|high| count_exactly(from, high, to));
            return false;
        };
        match (self.high.as_slice(), self.endless) {
            ([_], false) => count::<1, false>(from, &self.high, low, to),
            ([_], true) => count::<1, true>(from, &self.high, low, to),
            ([_, _], false) => count::<2, false>(from, &self.high, low, to),
            ([_, _], true) => count::<2, true>(from, &self.high, low, to),
            ([_, _, _], false) => count::<3, false>(from, &self.high, low, to),
            ([_, _, _], true) => count::<3, true>(from, &self.high, low, to),
            _ => self.count_many(low, from, to),
        }
    }

    #[inline(always)]
    fn count_many(&self, low: &[f64], from: &[f64], to: &mut [u64]) -> bool {
        let mut sum = [0; TILE];
        let sum = sum.get_mut(..to.len()).unwrap_or_default();
        let mut apart = false;
        for (high, low) in self.high.chunks(4).zip(low.chunks(4)) {
            apart |= count::<4, true>(from, high, low, to);
            sum.iter_mut().zip(&*to).for_each(|(sum, to)| *sum += to);
        }
        to.copy_from_slice(sum);
        apart
    }

    /// How many segments there are.
    pub(crate) fn segments(&self) -> u32 {
        self.high.len() as u32 + 1
    }
}

/// Counts a few steps at once: those that numbers surely stand above, and in the upper half those that they may stand above; with
/// `ENDLESS` what has no end, or is no number, may stand anywhere.
#[inline(always)]
fn count<const N: usize, const ENDLESS: bool>(from: &[f64], high: &[f64], low: &[f64], to: &mut [u64]) -> bool {
    let some = |of: &[f64]| std::array::from_fn::<f64, N, _>(|at| of.get(at).copied().unwrap_or(f64::NAN));
    let (high, low) = (some(high), some(low));
    let mut apart = 0;
    for (to, x) in to.iter_mut().zip(from) {
        let surely: u64 = high.iter().map(|high| u64::from(x >= high)).sum();
        let mut maybe: u64 = low.iter().map(|low| u64::from(x >= low)).sum();
        if ENDLESS {
            maybe += u64::from(!x.is_finite()) << 16;
        }
        apart |= surely ^ maybe;
        *to = surely + (maybe << 32);
    }
    apart != 0
}

/// The same where every number is surely on one side.
#[inline(always)]
fn count_exactly(from: &[f64], high: &[f64], to: &mut [u64]) {
    let at = |at: usize| high.get(at).copied().unwrap_or(f64::NAN);
    let (a, b, c, d) = (at(0), at(1), at(2), at(3));
    for (to, x) in to.iter_mut().zip(from) {
        *to += u64::from(*x >= a) + u64::from(*x >= b) + u64::from(*x >= c) + u64::from(*x >= d);
    }
}

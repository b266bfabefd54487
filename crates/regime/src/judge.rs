//! The judge: one case under the law of its day, three-valued to the end. A missing fact never permits.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use facts::{Case, Exact, Fact, FieldId, Number};
use num_traits::{ToPrimitive, Zero};

use crate::epoch::Epoch;
use crate::expr::{Op, Term, Test};
use crate::law::{ClauseId, ClauseKind, GroupId, Law, Policy, Rule, Version, Window};

/// True, false or unknown (Kleene).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Tri {
    False,
    Unknown,
    True,
}

impl Tri {
    pub(crate) fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    pub(crate) fn not(self) -> Tri {
        match self {
            Tri::False => Tri::True,
            Tri::Unknown => Tri::Unknown,
            Tri::True => Tri::False,
        }
    }
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Tri {
        if yes { Tri::True } else { Tri::False }
    }
}

/// What the law says of a shipment, mildest first; `Undetermined` stands beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing is required.
    Free,
    /// A named exception lifts what is required.
    Exception,
    /// A licence, judged so.
    Licence(Policy),
    /// Never.
    Prohibited,
    /// A missing fact, or a doubt about the law, could change the answer.
    Undetermined,
}

impl Outcome {
    /// Every outcome, mildest first.
    pub const ALL: [Outcome; 8] = [
        Outcome::Free,
        Outcome::Exception,
        Outcome::Licence(Policy::Approval),
        Outcome::Licence(Policy::CaseByCase),
        Outcome::Licence(Policy::Unstated),
        Outcome::Licence(Policy::Denial),
        Outcome::Prohibited,
        Outcome::Undetermined,
    ];

    /// As people write it.
    pub fn text(self) -> &'static str {
        match self {
            Outcome::Free => "free",
            Outcome::Exception => "exception",
            Outcome::Licence(Policy::Approval) => "licence, presumption of approval",
            Outcome::Licence(Policy::CaseByCase) => "licence, case by case",
            Outcome::Licence(Policy::Unstated) => "licence, policy unstated",
            Outcome::Licence(Policy::Denial) => "licence, presumption of denial",
            Outcome::Prohibited => "prohibited",
            Outcome::Undetermined => "undetermined",
        }
    }

    /// Reads what [`Outcome::text`] writes.
    pub fn parse(text: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|o| o.text() == text.trim())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Where something needed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Shown.
    Met,
    /// Not shown yet.
    Open,
    /// Shown not to be.
    Failed,
}

impl Status {
    /// As people write it.
    pub fn text(self) -> &'static str {
        match self {
            Status::Met => "met",
            Status::Open => "open",
            Status::Failed => "failed",
        }
    }
}

/// A condition or quota that a permission needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The condition or quota.
    pub clause: ClauseId,
    /// Where it stands.
    pub status: Status,
    /// The exception or review that needs it.
    pub of: ClauseId,
}

/// Money due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeDue {
    /// The fee clause.
    pub clause: ClauseId,
    /// Minor units of the regime's currency; none where the base is not known.
    pub minor: Option<i64>,
    /// Whether it surely applies.
    pub certain: bool,
}

/// What a regime decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// The mildest that the missing facts leave open.
    pub mildest: Outcome,
    /// The strictest that they leave open.
    pub strictest: Outcome,
    /// The requirement, prohibition or exception that decided; none where nothing applies.
    pub by: Option<ClauseId>,
    /// The review that gave the policy.
    pub review: Option<ClauseId>,
    /// What the permission needs.
    pub needs: Vec<Need>,
    /// Money due.
    pub fees: Vec<FeeDue>,
    /// Whether the gate had anything to say.
    pub in_scope: bool,
}

/// Running totals of quotas before a shipment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Whether a total that nobody stated is zero (an order book from its start) or unknown (a single case).
    pub complete: bool,
    sums: HashMap<(ClauseId, String), Exact>,
}

impl Totals {
    /// Totals of an order book that starts here.
    pub fn from_start() -> Totals {
        Totals { complete: true, sums: HashMap::new() }
    }

    /// States a total for the case's key.
    pub fn state(&mut self, law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId, total: Exact) {
        if let Some(key) = key(law, epoch, case, quota) {
            self.sums.insert((quota, key), total);
        }
    }

    fn get(&self, law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId) -> Option<Exact> {
        let key = key(law, epoch, case, quota)?;
        match self.sums.get(&(quota, key)) {
            Some(sum) => Some(sum.clone()),
            None => self.complete.then(Exact::zero),
        }
    }

    /// Adds a shipment to every quota that counts it.
    pub fn post(&mut self, law: &Law, epoch: &Epoch, case: &Case) {
        let mut posted = Vec::new();
        let mut judge = Judge::new(law, epoch, case, self);
        for quota in &law.tables.quotas {
            if let Some((Version { rule: Rule::Quota { measure, counts, .. }, .. }, Tri::True)) = epoch.version(law, *quota)
                && judge.test(counts) == Tri::True
                && let (Val::Is(amount), Some(key)) = (judge.exact(measure), key(law, epoch, case, *quota))
            {
                posted.push((*quota, key, amount));
            }
        }
        for (quota, key, amount) in posted {
            *self.sums.entry((quota, key)).or_insert_with(Exact::zero) += amount;
        }
    }
}

/// What a quota's total is kept by: the `per` facts and the window that the day lies in. None where a fact is missing.
fn key(law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId) -> Option<String> {
    let (Version { rule: Rule::Quota { per, window, .. }, .. }, _) = epoch.version(law, quota)? else { return None };
    let mut key = match window {
        Window::Ever => String::new(),
        Window::Year => format!("{}", case.day.year()),
        Window::Quarter => format!("{}Q{}", case.day.year(), (case.day.month() + 2) / 3),
    };
    for field in per {
        match case.fact(*field) {
            Fact::Unknown => return None,
            fact => {
                key.push('\u{1f}');
                key.push_str(&law.dictionary.spell(*field, fact).to_lowercase());
            }
        }
    }
    Some(key)
}

/// A value, unknown, or known to be absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Val<N> {
    Unknown,
    Absent,
    Is(N),
}

/// Numbers that the judge can calculate with.
trait Arithmetic: Sized + Clone {
    fn of(number: Number) -> Self;
    fn sum(self, other: Self) -> Self;
    fn difference(self, other: Self) -> Self;
    fn product(self, other: Self) -> Self;
    fn quotient(self, other: Self) -> Option<Self>;
    fn negative(self) -> Self;
    /// The greater, or with `least` the lesser, of two.
    fn outer(self, other: Self, least: bool) -> Self;
}

/// A double with a bound on its error: decides a comparison unless the two sides are too close to call, which exact fractions
/// then settle (a floating-point filter; Shewchuk 1997, Discrete & Computational Geometry 18).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Near {
    value: f64,
    error: f64,
}

/// Eight units in the last place: more than any single operation below can lose.
const SLACK: f64 = 8.0 * f64::EPSILON;

impl Near {
    fn new(value: f64, error: f64) -> Near {
        Near { value, error: error + value.abs() * SLACK }
    }

    fn compare(self, other: Near) -> Option<Ordering> {
        let gap = self.value - other.value;
        let room = self.error + other.error;
        if gap > room {
            Some(Ordering::Greater)
        } else if -gap > room {
            Some(Ordering::Less)
        } else {
            None
        }
    }
}

impl Arithmetic for Near {
    #[inline]
    fn of(number: Number) -> Self {
        Near::new(number.approx(), 0.0)
    }
    fn sum(self, other: Self) -> Self {
        Near::new(self.value + other.value, self.error + other.error)
    }
    fn difference(self, other: Self) -> Self {
        Near::new(self.value - other.value, self.error + other.error)
    }
    fn product(self, other: Self) -> Self {
        let error = self.value.abs() * other.error + other.value.abs() * self.error + self.error * other.error;
        Near::new(self.value * other.value, error)
    }
    fn quotient(self, other: Self) -> Option<Self> {
        let least = other.value.abs() - other.error;
        if other.value == 0.0 && other.error == 0.0 {
            return None;
        }
        if least <= 0.0 {
            return Some(Near { value: 0.0, error: f64::INFINITY });
        }
        let value = self.value / other.value;
        Some(Near::new(value, (self.error + value.abs() * other.error) / least))
    }
    fn negative(self) -> Self {
        Near { value: -self.value, error: self.error }
    }
    fn outer(self, other: Self, least: bool) -> Self {
        let value = if least { self.value.min(other.value) } else { self.value.max(other.value) };
        Near { value, error: self.error.max(other.error) }
    }
}

impl Arithmetic for Exact {
    fn of(number: Number) -> Self {
        number.exact()
    }
    fn sum(self, other: Self) -> Self {
        self + other
    }
    fn difference(self, other: Self) -> Self {
        self - other
    }
    fn product(self, other: Self) -> Self {
        self * other
    }
    fn quotient(self, other: Self) -> Option<Self> {
        if other.is_zero() { None } else { Some(self / other) }
    }
    fn negative(self) -> Self {
        -self
    }
    fn outer(self, other: Self, least: bool) -> Self {
        if (self < other) == least { self } else { other }
    }
}

/// One case before one law.
pub(crate) struct Judge<'a> {
    pub(crate) law: &'a Law,
    pub(crate) epoch: &'a Epoch,
    pub(crate) case: &'a Case,
    pub(crate) totals: &'a Totals,
    /// A test whose answer is turned round, for asking how near a clause came.
    pub(crate) flip: Option<*const Test>,
    /// Clauses asked before: class questions come up many times.
    asked: [u8; MEMO],
}

/// How many clauses the memo covers; those beyond are asked anew each time.
const MEMO: usize = 256;

impl<'a> Judge<'a> {
    pub(crate) fn new(law: &'a Law, epoch: &'a Epoch, case: &'a Case, totals: &'a Totals) -> Judge<'a> {
        Judge { law, epoch, case, totals, flip: None, asked: [0; MEMO] }
    }

    /// Whether a clause applies: in force, its test holds, and nothing that overrides it applies.
    pub(crate) fn applies(&mut self, id: ClauseId) -> Tri {
        match self.asked.get(id.0 as usize) {
            Some(1) => return Tri::False,
            Some(2) => return Tri::Unknown,
            Some(3) => return Tri::True,
            _ => {}
        }
        let answer = self.applies_anew(id);
        if let Some(place) = self.asked.get_mut(id.0 as usize) {
            *place = 1 + answer as u8;
        }
        answer
    }

    fn applies_anew(&mut self, id: ClauseId) -> Tri {
        let Some((version, force)) = self.epoch.version(self.law, id) else { return Tri::False };
        let mut answer = match version.rule.when() {
            Some(when) => force.and(self.test(when)),
            None => force,
        };
        for other in &self.law.clause(id).overridden_by {
            if answer == Tri::False {
                break;
            }
            let overrides = self.epoch.version(self.law, *other).is_some_and(|(v, _)| v.overrides.contains(&id));
            if overrides {
                answer = answer.and(self.available(*other).not());
            }
        }
        answer
    }

    /// Whether an exception or review can be used: it applies and nothing that it needs has failed.
    pub(crate) fn available(&mut self, id: ClauseId) -> Tri {
        let applies = self.applies(id);
        if applies == Tri::False {
            return Tri::False;
        }
        let Some((version, _)) = self.epoch.version(self.law, id) else { return Tri::False };
        let failed = version.rule.needs().iter().any(|n| self.status(*n) == Some(Status::Failed));
        if failed { Tri::False } else { applies }
    }

    /// Where a condition or quota stands; none where it does not concern this case.
    pub(crate) fn status(&mut self, id: ClauseId) -> Option<Status> {
        let (version, force) = self.epoch.version(self.law, id)?;
        let met = match &version.rule {
            Rule::Condition { applies, met, .. } => match force.and(self.test(applies)) {
                Tri::False => return None,
                Tri::True => self.test(met),
                Tri::Unknown => self.test(met).max(Tri::Unknown),
            },
            Rule::Quota { measure, counts, limit, .. } => match (force.and(self.test(counts)), limit) {
                (Tri::False, _) | (_, None) => return None,
                (Tri::Unknown, _) => Tri::Unknown,
                (Tri::True, Some(limit)) => self.within(id, measure, limit),
            },
            _ => return None,
        };
        Some(match met {
            Tri::True => Status::Met,
            Tri::Unknown => Status::Open,
            Tri::False => Status::Failed,
        })
    }

    fn within(&mut self, quota: ClauseId, measure: &Term, limit: &Term) -> Tri {
        let before = self.totals.get(self.law, self.epoch, self.case, quota);
        match (before, self.exact(measure), self.exact(limit)) {
            (Some(before), Val::Is(more), Val::Is(limit)) => Tri::from(before + more <= limit),
            _ => Tri::Unknown,
        }
    }

    pub(crate) fn test(&mut self, test: &Test) -> Tri {
        let answer = self.plainly(test);
        match self.flip {
            Some(flip) if std::ptr::eq(flip, test) => answer.not(),
            _ => answer,
        }
    }

    fn plainly(&mut self, test: &Test) -> Tri {
        match test {
            Test::Is(yes) => Tri::from(*yes),
            Test::Fact(id) => match self.case.fact(*id) {
                Fact::Bool(yes) => Tri::from(*yes),
                Fact::Unknown => Tri::Unknown,
                _ => Tri::False,
            },
            Test::Compare { op, left, right } => self.compare(*op, left, right),
            Test::Same(a, b) => same(self.case.fact(*a), self.case.fact(*b)),
            Test::OneOf(id, words) => self.one_of(*id, words),
            Test::Member(id, group) => self.member(*id, *group),
            Test::Holds(id, at) => match self.case.fact(*id) {
                Fact::Set(bits) => Tri::from(bits & (1 << at) != 0),
                Fact::Unknown => Tri::Unknown,
                _ => Tri::False,
            },
            Test::Absent(id) => match self.case.fact(*id) {
                Fact::Unknown => Tri::Unknown,
                fact => Tri::from(*fact == Fact::Absent),
            },
            Test::Applies(id) => self.applies(*id),
            Test::All(parts) => {
                let mut answer = Tri::True;
                for part in parts {
                    answer = answer.min(self.test(part));
                    if answer == Tri::False {
                        break;
                    }
                }
                answer
            }
            Test::Any(parts) => {
                let mut answer = Tri::False;
                for part in parts {
                    answer = answer.max(self.test(part));
                    if answer == Tri::True {
                        break;
                    }
                }
                answer
            }
            Test::Not(inner) => self.test(inner).not(),
        }
    }

    fn one_of(&self, id: FieldId, words: &[Fact]) -> Tri {
        match self.case.fact(id) {
            Fact::Unknown => Tri::Unknown,
            fact => Tri::from(words.iter().any(|w| same(w, fact) == Tri::True || (*w == Fact::Absent && *fact == Fact::Absent))),
        }
    }

    fn member(&self, id: FieldId, group: GroupId) -> Tri {
        let Some(members) = self.epoch.members(group) else { return Tri::Unknown };
        match self.case.fact(id) {
            Fact::Country(country) => Tri::from(members.has_country(*country)),
            Fact::Text(name) => Tri::from(members.has_name(name)),
            Fact::Unknown => Tri::Unknown,
            _ => Tri::False,
        }
    }

    fn compare(&mut self, op: Op, left: &Term, right: &Term) -> Tri {
        let (l, r) = (self.term::<Near>(left), self.term::<Near>(right));
        match (l, r) {
            (Val::Absent, _) | (_, Val::Absent) => Tri::False,
            (Val::Unknown, _) | (_, Val::Unknown) => Tri::Unknown,
            (Val::Is(l), Val::Is(r)) => match l.compare(r) {
                Some(ordering) => Tri::from(op.holds(ordering)),
                None => match (self.exact(left), self.exact(right)) {
                    (Val::Is(l), Val::Is(r)) => Tri::from(op.holds(l.cmp(&r))),
                    (Val::Absent, _) | (_, Val::Absent) => Tri::False,
                    _ => Tri::Unknown,
                },
            },
        }
    }

    /// A number without rounding.
    pub(crate) fn exact(&mut self, term: &Term) -> Val<Exact> {
        self.term(term)
    }

    /// A number for showing.
    pub(crate) fn shown(&mut self, term: &Term) -> Option<f64> {
        match self.term::<Near>(term) {
            Val::Is(near) => Some(near.value),
            _ => None,
        }
    }

    fn term<N: Arithmetic>(&mut self, term: &Term) -> Val<N> {
        match term {
            Term::Number(n) => Val::Is(N::of(*n)),
            Term::Fact(id) => match self.case.fact(*id) {
                Fact::Number(n) => Val::Is(N::of(*n)),
                Fact::Unknown => Val::Unknown,
                _ => Val::Absent,
            },
            Term::Value(id) => self.epoch.number(*id).map_or(Val::Unknown, |n| Val::Is(N::of(n))),
            Term::Quantity(id) => match self.epoch.version(self.law, *id) {
                Some((Version { rule: Rule::Quantity { value, .. }, .. }, Tri::True)) => self.term(value),
                _ => Val::Unknown,
            },
            Term::Total(id) => match self.totals.get(self.law, self.epoch, self.case, *id).and_then(|t| Number::from_exact(&t)) {
                Some(total) => Val::Is(N::of(total)),
                None => Val::Unknown,
            },
            Term::Converted(factor, inner) => both(Val::Is(N::of(*factor)), self.term(inner), |a, b| Some(N::product(a, b))),
            Term::Negative(inner) => match self.term::<N>(inner) {
                Val::Is(n) => Val::Is(n.negative()),
                other => other,
            },
            Term::Sum(l, r) => both(self.term(l), self.term(r), |a, b| Some(N::sum(a, b))),
            Term::Difference(l, r) => both(self.term(l), self.term(r), |a, b| Some(N::difference(a, b))),
            Term::Product(l, r) => both(self.term(l), self.term(r), |a, b| Some(N::product(a, b))),
            Term::Quotient(l, r) => both(self.term(l), self.term(r), N::quotient),
            Term::First(terms) => {
                for term in terms {
                    match self.term(term) {
                        Val::Absent => {}
                        other => return other,
                    }
                }
                Val::Absent
            }
            Term::NullIf(a, b) => match self.compare(Op::Eq, a, b) {
                Tri::True => Val::Absent,
                Tri::False => self.term(a),
                Tri::Unknown => Val::Unknown,
            },
            Term::Greatest(terms) => self.outer(terms, false),
            Term::Least(terms) => self.outer(terms, true),
            Term::Case(whens, otherwise) => {
                for (test, term) in whens {
                    match self.test(test) {
                        Tri::True => return self.term(term),
                        Tri::False => {}
                        Tri::Unknown => return Val::Unknown,
                    }
                }
                otherwise.as_ref().map_or(Val::Absent, |term| self.term(term))
            }
        }
    }

    fn outer<N: Arithmetic>(&mut self, terms: &[Term], least: bool) -> Val<N> {
        let mut best: Option<N> = None;
        for term in terms {
            match self.term::<N>(term) {
                Val::Unknown => return Val::Unknown,
                Val::Absent => {}
                Val::Is(n) => best = Some(best.map_or(n.clone(), |b| b.outer(n, least))),
            }
        }
        best.map_or(Val::Absent, Val::Is)
    }

    fn decide(&mut self) -> Decision {
        let scope = self.test(&self.law.scope);
        let mut found = Finding { mildest: Outcome::Free, strictest: Outcome::Free, by: None, review: None, lift: None };
        let mut decision = Decision {
            outcome: Outcome::Free,
            mildest: Outcome::Free,
            strictest: Outcome::Free,
            by: None,
            review: None,
            needs: Vec::new(),
            fees: Vec::new(),
            in_scope: scope != Tri::False,
        };
        if scope == Tri::False {
            return decision;
        }
        let mut permits: Vec<ClauseId> = Vec::new();
        for id in &self.law.tables.prohibitions {
            let applies = self.applies(*id);
            if applies != Tri::False {
                let mildest = if applies == Tri::True { Outcome::Prohibited } else { Outcome::Free };
                found.add(Finding { mildest, strictest: Outcome::Prohibited, by: Some(*id), review: None, lift: None });
            }
        }
        for id in &self.law.tables.requirements {
            let applies = self.applies(*id);
            if applies != Tri::False {
                let mut required = self.required(*id);
                permits.extend(required.lift.or(required.review));
                if applies == Tri::Unknown {
                    required.mildest = Outcome::Free;
                }
                found.add(required);
            }
        }
        if scope == Tri::Unknown {
            found.mildest = Outcome::Free;
        }
        decision.mildest = found.mildest;
        decision.strictest = found.strictest;
        decision.outcome = if found.mildest == found.strictest { found.mildest } else { Outcome::Undetermined };
        decision.by = found.lift.filter(|_| found.strictest == Outcome::Exception).or(found.by);
        decision.review = found.review;
        for of in permits {
            let Some((version, _)) = self.epoch.version(self.law, of) else { continue };
            for clause in version.rule.needs() {
                if !decision.needs.iter().any(|n| n.clause == *clause)
                    && let Some(status) = self.status(*clause)
                {
                    decision.needs.push(Need { clause: *clause, status, of });
                }
            }
        }
        self.fees(&mut decision);
        decision
    }

    /// What one requirement leads to: lifted by an exception, or judged by its reviews.
    fn required(&mut self, id: ClauseId) -> Finding {
        let empty: &[ClauseId] = &[];
        let lifted_by = self.law.tables.lifted_by.get(id.0 as usize).map_or(empty, |l| l);
        let mut maybe = None;
        let mut sure: Option<(usize, ClauseId)> = None;
        for exception in lifted_by {
            let lifts = self
                .epoch
                .version(self.law, *exception)
                .is_some_and(|(v, _)| matches!(&v.rule, Rule::Exception { lifts, .. } if lifts.contains(&id)));
            match if lifts { self.available(*exception) } else { Tri::False } {
                Tri::True => {
                    let open = self.open_needs(*exception);
                    if sure.is_none_or(|(least, _)| open < least) {
                        sure = Some((open, *exception));
                    }
                }
                Tri::Unknown => maybe = maybe.or(Some(*exception)),
                Tri::False => {}
            }
        }
        if let Some((_, exception)) = sure {
            return Finding {
                mildest: Outcome::Exception,
                strictest: Outcome::Exception,
                by: Some(id),
                review: None,
                lift: Some(exception),
            };
        }
        let mut judged = self.judged(id);
        if maybe.is_some() {
            judged.mildest = Outcome::Exception;
            judged.lift = maybe;
        }
        judged
    }

    /// How many of an exception's needs are still open: of several exceptions, the one with fewest is named.
    fn open_needs(&mut self, id: ClauseId) -> usize {
        let Some((version, _)) = self.epoch.version(self.law, id) else { return 0 };
        version.rule.needs().iter().filter(|n| self.status(**n) == Some(Status::Open)).count()
    }

    fn judged(&mut self, id: ClauseId) -> Finding {
        let empty: &[ClauseId] = &[];
        let reviews = self.law.tables.reviewed_by.get(id.0 as usize).map_or(empty, |l| l);
        let mut sure: Option<(Policy, ClauseId)> = None;
        let mut open: Option<(Policy, Policy, ClauseId)> = None;
        for review in reviews {
            let Some((Version { rule: Rule::Review { policy, of, .. }, .. }, _)) = self.epoch.version(self.law, *review) else {
                continue;
            };
            if !of.contains(&id) {
                continue;
            }
            match self.available(*review) {
                Tri::True if sure.is_none_or(|(p, _)| *policy > p) => sure = Some((*policy, *review)),
                Tri::Unknown => {
                    open = Some(match open {
                        None => (*policy, *policy, *review),
                        Some((low, high, by)) => (low.min(*policy), high.max(*policy), if *policy > high { *review } else { by }),
                    });
                }
                _ => {}
            }
        }
        let (low, high, by) = match (sure, open) {
            (Some((policy, by)), None) => (policy, policy, Some(by)),
            (Some((policy, by)), Some((_, high, open))) => {
                (policy, policy.max(high), Some(if high > policy { open } else { by }))
            }
            // None may apply in the end, and then nobody has said how it is judged.
            (None, Some((low, high, by))) => (low.min(Policy::Unstated), high.max(Policy::Unstated), Some(by)),
            (None, None) => (Policy::Unstated, Policy::Unstated, None),
        };
        Finding { mildest: Outcome::Licence(low), strictest: Outcome::Licence(high), by: Some(id), review: by, lift: None }
    }

    fn fees(&mut self, decision: &mut Decision) {
        for id in &self.law.tables.fees {
            let applies = self.applies(*id);
            if applies == Tri::False {
                continue;
            }
            if let Some((Version { rule: Rule::Fee { base, rate, .. }, .. }, _)) = self.epoch.version(self.law, *id) {
                let minor = match (self.exact(base), self.exact(rate)) {
                    (Val::Is(base), Val::Is(rate)) => cents(&(base * rate)),
                    _ => None,
                };
                decision.fees.push(FeeDue { clause: *id, minor, certain: applies == Tri::True });
            }
        }
    }
}

/// What one clause contributes, and the strictest so far.
struct Finding {
    mildest: Outcome,
    strictest: Outcome,
    by: Option<ClauseId>,
    review: Option<ClauseId>,
    lift: Option<ClauseId>,
}

impl Finding {
    fn add(&mut self, other: Finding) {
        self.mildest = self.mildest.max(other.mildest);
        if other.strictest > self.strictest || self.by.is_none() {
            self.strictest = self.strictest.max(other.strictest);
            self.by = other.by;
            self.review = other.review;
            self.lift = other.lift;
        }
    }
}

fn same(a: &Fact, b: &Fact) -> Tri {
    match (a, b) {
        (Fact::Absent, _) | (_, Fact::Absent) => Tri::False,
        (Fact::Unknown, _) | (_, Fact::Unknown) => Tri::Unknown,
        (Fact::Text(a), Fact::Text(b)) => Tri::from(facts::same_name(a, b)),
        _ => Tri::from(a == b),
    }
}

/// Whole cents, half to even; none beyond what 64 bits hold.
fn cents(amount: &Exact) -> Option<i64> {
    let scaled = amount * Exact::from_integer(100.into());
    let floor = scaled.floor();
    let half = Exact::new(1.into(), 2.into());
    let whole = floor.to_integer();
    let up = match (&scaled - &floor).cmp(&half) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => whole.bit(0),
    };
    (whole + i32::from(up)).to_i64()
}

/// Decides one case under the law of its day.
pub fn decide(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Decision {
    Judge::new(law, epoch, case, totals).decide()
}

/// One line of a trace: a clause that applied or may apply, or one of its comparisons.
#[derive(Clone, Copy, Debug)]
pub struct Met<'a> {
    /// The clause.
    pub clause: ClauseId,
    /// The test, from the clause's own tree; none for the clause itself.
    pub test: Option<&'a Test>,
    /// How it came out.
    pub holds: Tri,
    /// Depth in the clause's tree, from 0 for the clause itself.
    pub depth: u8,
    /// The two sides of a comparison, where known.
    pub sides: (Option<f64>, Option<f64>),
}

/// A decision with its reasons as values.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    /// The decision.
    pub decision: Decision,
    /// What applied or may apply, clause by clause.
    pub met: Vec<Met<'a>>,
}

/// Decides one case and keeps the reasons.
pub fn trace<'a>(law: &'a Law, epoch: &'a Epoch, case: &'a Case, totals: &'a Totals) -> Trace<'a> {
    let mut judge = Judge::new(law, epoch, case, totals);
    let decision = judge.decide();
    let mut met = Vec::with_capacity(64);
    if decision.in_scope {
        for clause in judge.spoke() {
            let holds = judge.applies(clause);
            let Some(when) = epoch.version(law, clause).and_then(|(v, _)| v.rule.when()) else { continue };
            met.push(Met { clause, test: None, holds, depth: 0, sides: (None, None) });
            judge.meet(clause, when, 1, &mut met);
        }
    }
    Trace { decision, met }
}

impl<'a> Judge<'a> {
    /// The clauses that took part in the answer, strictest kind first: what forbids, requires, lifts, judges, charges, and the
    /// classes that these rest on; classes that have something to say to the desk as well.
    fn spoke(&mut self) -> Vec<ClauseId> {
        let law = self.law;
        let mut spoke: Vec<ClauseId> = Vec::new();
        let mut attached: Vec<ClauseId> = Vec::new();
        for id in law.tables.prohibitions.iter().chain(&law.tables.requirements) {
            if self.applies(*id) != Tri::False {
                spoke.push(*id);
                for list in [&law.tables.lifted_by, &law.tables.reviewed_by] {
                    attached.extend(list.get(id.0 as usize).into_iter().flatten());
                }
            }
        }
        attached.sort_by_key(|id| (law.clause(*id).kind, *id));
        attached.extend(&law.tables.fees);
        for id in attached {
            if !spoke.contains(&id) && self.applies(id) != Tri::False {
                spoke.push(id);
            }
        }
        let classes = law.clause_ids().filter(|id| law.clause(*id).kind == ClauseKind::Class);
        let mut rest: Vec<ClauseId> = Vec::new();
        let mut told: Vec<ClauseId> = Vec::new();
        for id in &spoke {
            self.classes(*id, &mut rest);
        }
        for id in classes {
            let notice = self.epoch.version(law, id).is_some_and(|(v, _)| !v.notice.is_empty());
            if (rest.contains(&id) || notice) && self.applies(id) != Tri::False {
                told.push(id);
            }
        }
        spoke.append(&mut told);
        spoke
    }

    /// The classes that a clause rests on.
    fn classes(&self, id: ClauseId, found: &mut Vec<ClauseId>) {
        let mut next = Vec::new();
        if let Some(when) = self.epoch.version(self.law, id).and_then(|(v, _)| v.rule.when()) {
            when.clauses(&mut next);
        }
        for class in next {
            if !found.contains(&class) {
                found.push(class);
                self.classes(class, found);
            }
        }
    }

    /// Records a tree: of a false part only that it failed, of everything else its comparisons.
    fn meet(&mut self, clause: ClauseId, test: &'a Test, depth: u8, met: &mut Vec<Met<'a>>) {
        let holds = self.test(test);
        let sides = match test {
            Test::Compare { left, right, .. } => (self.shown(left), self.shown(right)),
            _ => (None, None),
        };
        met.push(Met { clause, test: Some(test), holds, depth, sides });
        let deeper = depth.saturating_add(1);
        match test {
            Test::All(parts) | Test::Any(parts) => parts.iter().for_each(|p| self.meet(clause, p, deeper, met)),
            Test::Not(inner) => self.meet(clause, inner, deeper, met),
            _ => {}
        }
    }
}

fn both<N>(a: Val<N>, b: Val<N>, apply: impl FnOnce(N, N) -> Option<N>) -> Val<N> {
    match (a, b) {
        (Val::Absent, _) | (_, Val::Absent) => Val::Absent,
        (Val::Unknown, _) | (_, Val::Unknown) => Val::Unknown,
        (Val::Is(a), Val::Is(b)) => apply(a, b).map_or(Val::Unknown, Val::Is),
    }
}

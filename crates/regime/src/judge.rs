//! The judge: one case under the law of its day, three-valued to the end. A missing fact never permits.

use std::fmt;

use facts::{Case, Date, Exact, Fact};

use crate::docket::{self, Ask};
use crate::epoch::Epoch;
use crate::exact::{Arithmetic, Near, Small, Val, both, cents};
use crate::law::{ClauseId, Law, Members, Policy, Rule, Version};
use crate::program::Matter;
use crate::totals::Totals;
use crate::tree::{Op, Term, Test};

/// True, false or unknown (Kleene).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// It is not so.
    False,
    /// Nobody can say.
    Unknown,
    /// It is so.
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
    /// A named exception lifts what is required, and all that it needs is shown.
    Exception,
    /// A named exception lifts what is required once what it needs is shown; until then nothing may go.
    ExceptionOpen,
    /// A licence, judged so.
    Licence(Policy),
    /// Never.
    Prohibited,
    /// A missing fact, or a doubt about the law, could change the answer.
    Undetermined,
}

impl Outcome {
    /// Every outcome, mildest first.
    pub const ALL: [Outcome; 9] = [
        Outcome::Free,
        Outcome::Exception,
        Outcome::ExceptionOpen,
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
            Outcome::ExceptionOpen => "exception, needs open",
            Outcome::Licence(Policy::Approval) => "licence, presumption of approval",
            Outcome::Licence(Policy::CaseByCase) => "licence, case by case",
            Outcome::Licence(Policy::Unstated) => "licence, policy unstated",
            Outcome::Licence(Policy::Denial) => "licence, presumption of denial",
            Outcome::Prohibited => "prohibited",
            Outcome::Undetermined => "undetermined",
        }
    }

    /// As people write it, with the exception's name where one decided.
    pub fn named(self, exception: Option<&str>) -> String {
        match (self, exception) {
            (Outcome::Exception, Some(name)) => format!("exception {name}"),
            (Outcome::ExceptionOpen, Some(name)) => format!("exception {name}, needs open"),
            _ => self.text().to_owned(),
        }
    }

    /// The answer of which the mildest and the strictest are known. An exception whose needs are open is one answer: what it needs is no
    /// fact of the case that is missing, but something still to be shown.
    pub fn between(mildest: Outcome, strictest: Outcome) -> Outcome {
        match (mildest, strictest) {
            (mildest, strictest) if mildest == strictest => strictest,
            (Outcome::Exception, Outcome::ExceptionOpen) => strictest,
            _ => Outcome::Undetermined,
        }
    }

    /// Whether a named exception lifts what is required, be what it needs shown or still open.
    pub fn is_exception(self) -> bool {
        matches!(self, Outcome::Exception | Outcome::ExceptionOpen)
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
    /// Where a condition stands that concerns the case so far, and is met so far.
    pub(crate) fn of(concerns: Tri, met: Tri) -> Option<Status> {
        match (concerns, met) {
            (Tri::False, _) => None,
            (Tri::True, Tri::False) => Some(Status::Failed),
            (Tri::True, Tri::True) => Some(Status::Met),
            _ => Some(Status::Open),
        }
    }

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// The condition or quota.
    pub clause: ClauseId,
    /// Where it stands.
    pub status: Status,
    /// The exception or review that needs it.
    pub of: ClauseId,
}

/// Money due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FeeDue {
    /// The fee clause.
    pub clause: ClauseId,
    /// Minor units of the regime's currency; none where the base is not known.
    pub minor: Option<i64>,
    /// Whether it surely applies.
    pub certain: bool,
}

/// What a regime decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl Decision {
    /// The answer on a day that the regime does not speak of: anything may have been law.
    pub(crate) fn uncovered() -> Decision {
        Decision {
            outcome: Outcome::Undetermined,
            mildest: Outcome::Free,
            strictest: Outcome::Prohibited,
            by: None,
            review: None,
            needs: Vec::new(),
            fees: Vec::new(),
            in_scope: true,
        }
    }

    /// What anybody should know of the answer for a day: that the regime does not speak of the day, or that facts were read only up
    /// to a day before it. None where the gate has nothing to say of the case.
    pub fn notice(&self, law: &Law, epoch: &Epoch, day: Date) -> Option<String> {
        if !self.in_scope {
            return None;
        }
        epoch.uncovered.clone().or_else(|| law.read_up_to(day))
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
    /// The same for the clauses beyond; empty in regimes that have none.
    asked_beyond: Vec<u8>,
    /// The first few quantities that comparisons met.
    quantities: [Option<(ClauseId, Val<Near>)>; 2],
}

/// The memo's mark of a condition that is not met and may not concern the case.
const REFUSED: u8 = 8;
/// How many clauses the memo holds without an allocation.
const MEMO: usize = 256;

impl<'a> Judge<'a> {
    pub(crate) fn new(law: &'a Law, epoch: &'a Epoch, case: &'a Case, totals: &'a Totals) -> Judge<'a> {
        Judge {
            law,
            epoch,
            case,
            totals,
            flip: None,
            asked: [0; MEMO],
            asked_beyond: vec![0; law.clauses.len().saturating_sub(MEMO)],
            quantities: [None; 2],
        }
    }

    /// Whether a clause applies: in force, its test holds, and nothing that overrides it applies.
    pub(crate) fn applies(&mut self, id: ClauseId) -> Tri {
        match self.memo(id) {
            Some(1) => return Tri::False,
            Some(2) => return Tri::Unknown,
            Some(3) => return Tri::True,
            _ => {}
        }
        let answer = self.applies_anew(id);
        self.told(id, answer);
        answer
    }

    /// Takes over whether a clause applies from somebody who knows.
    pub(crate) fn told(&mut self, id: ClauseId, applies: Tri) {
        if let Some(place) = self.memo(id) {
            *place = 1 + applies as u8;
        }
    }

    fn memo(&mut self, id: ClauseId) -> Option<&mut u8> {
        let at = id.0 as usize;
        if at < MEMO { self.asked.get_mut(at) } else { self.asked_beyond.get_mut(at - MEMO) }
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
        let mut available = applies;
        for need in version.rule.needs() {
            match self.status(*need) {
                Some(Status::Failed) => return Tri::False,
                // Shown not to be, of a condition that may not concern the case: nobody can say yet.
                Some(Status::Open) if self.refused(*need) => available = available.min(Tri::Unknown),
                _ => {}
            }
        }
        available
    }

    /// Whether a condition is shown not to be met while it is not known whether it concerns the case.
    pub(crate) fn refused(&mut self, id: ClauseId) -> bool {
        self.status(id);
        self.memo(id).is_some_and(|m| *m == REFUSED)
    }

    /// Where a condition or quota stands; none where it does not concern this case.
    pub(crate) fn status(&mut self, id: ClauseId) -> Option<Status> {
        const KNOWN: [Option<Status>; 5] =
            [None, Some(Status::Met), Some(Status::Open), Some(Status::Failed), Some(Status::Open)];
        // Conditions and quotas are asked for their status only, so they share the memo with what applies.
        let asked = self.memo(id).map_or(0, |m| *m);
        if let Some(known) = asked.checked_sub(4).and_then(|at| KNOWN.get(usize::from(at))) {
            return *known;
        }
        let (concerns, met) = self.stands(id);
        let status = Status::of(concerns, met);
        let code = if (concerns, met) == (Tri::Unknown, Tri::False) { REFUSED } else { 4 + status.map_or(0, |s| 1 + s as u8) };
        if let Some(place) = self.memo(id) {
            *place = code;
        }
        status
    }

    /// Whether a condition or quota concerns the case, and whether it is met.
    fn stands(&mut self, id: ClauseId) -> (Tri, Tri) {
        let Some((version, force)) = self.epoch.version(self.law, id) else { return (Tri::False, Tri::Unknown) };
        match &version.rule {
            Rule::Condition { applies, met, .. } => match force.and(self.test(applies)) {
                Tri::False => (Tri::False, Tri::Unknown),
                concerns => (concerns, self.test(met)),
            },
            Rule::Quota { counts, limit: Some(_), .. } => {
                let concerns = force.and(self.test(counts));
                (concerns, if concerns == Tri::False { Tri::Unknown } else { self.within(id) })
            }
            _ => (Tri::False, Tri::Unknown),
        }
    }

    /// Whether a quota is kept with this shipment.
    pub(crate) fn within(&mut self, quota: ClauseId) -> Tri {
        let Some((Version { rule: Rule::Quota { measure, limit: Some(limit), .. }, .. }, _)) =
            self.epoch.version(self.law, quota)
        else {
            return Tri::Unknown;
        };
        let before = Some(self.totals).filter(|totals| totals.are_stated());
        let Some(before) = before.and_then(|totals| totals.get(self.law, self.epoch, self.case, quota)) else {
            return Tri::Unknown;
        };
        if let (Val::Is(more), Val::Is(limit)) = (self.near(measure), self.near(limit))
            && let Some(ordering) = Near::of_exact(before).sum(more).compare(limit)
        {
            return Tri::from(ordering.is_le());
        }
        match (self.exact(measure), self.exact(limit)) {
            (Val::Is(more), Val::Is(limit)) => Tri::from(before + more <= limit),
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
            Test::Fact(id) | Test::OneOf(id, _) | Test::Member(id, _) | Test::Holds(id, _) | Test::Absent(id) => {
                of_fact(self.epoch, test, self.case.fact(*id))
            }
            Test::Compare { op, left, right } => self.compare(*op, left, right),
            Test::Same(a, b) => same(self.case.fact(*a), self.case.fact(*b)),
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

    fn compare(&mut self, op: Op, left: &Term, right: &Term) -> Tri {
        let (l, r) = (self.near(left), self.near(right));
        self.compared(op, left, right, l, r)
    }

    /// A comparison of terms whose numbers are nearly known.
    pub(crate) fn compared(&mut self, op: Op, left: &Term, right: &Term, l: Val<Near>, r: Val<Near>) -> Tri {
        match (l, r) {
            (Val::Absent, _) | (_, Val::Absent) => Tri::False,
            (Val::Unknown, _) | (_, Val::Unknown) => Tri::Unknown,
            (Val::Is(l), Val::Is(r)) => match l.compare(r) {
                Some(ordering) => Tri::from(op.holds(ordering)),
                None => self.compare_exactly(op, left, right),
            },
        }
    }

    fn compare_exactly(&mut self, op: Op, left: &Term, right: &Term) -> Tri {
        if let (Val::Is(l), Val::Is(r)) = (self.term::<Small>(left), self.term::<Small>(right))
            && let Some(ordering) = l.compare(r)
        {
            return Tri::from(op.holds(ordering));
        }
        match (self.exact(left), self.exact(right)) {
            (Val::Is(l), Val::Is(r)) => Tri::from(op.holds(l.cmp(&r))),
            (Val::Absent, _) | (_, Val::Absent) => Tri::False,
            _ => Tri::Unknown,
        }
    }

    /// A number with its error bound; what most comparisons hold is answered without a walk.
    #[inline]
    pub(crate) fn near(&mut self, term: &Term) -> Val<Near> {
        match term {
            Term::Fact(id) => match self.case.fact(*id) {
                Fact::Number(n) => Val::Is(Near::of(*n)),
                Fact::Unknown => Val::Unknown,
                _ => Val::Absent,
            },
            Term::Value(id) => self.epoch.number(*id).map_or(Val::Unknown, |n| Val::Is(Near::of(n))),
            Term::Quantity(id) => {
                // One quantity stands in comparison with several bounds.
                if let Some((_, known)) = self.quantities.iter().flatten().find(|(q, _)| q == id) {
                    return *known;
                }
                let value = self.term(term);
                if let Some(place) = self.quantities.iter_mut().find(|q| q.is_none()) {
                    *place = Some((*id, value));
                }
                value
            }
            _ => self.term(term),
        }
    }

    /// A number without rounding.
    pub(crate) fn exact(&mut self, term: &Term) -> Val<Exact> {
        self.term(term)
    }

    /// A number for showing.
    pub(crate) fn shown(&mut self, term: &Term) -> Option<f64> {
        self.term::<Near>(term).shown()
    }

    /// A number, reckoned as one likes.
    pub(crate) fn term<N: Arithmetic>(&mut self, term: &Term) -> Val<N> {
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
            Term::Total(id) => {
                let total = self.totals.get(self.law, self.epoch, self.case, *id);
                total.map_or(Val::Unknown, |total| Val::Is(N::of_exact(total)))
            }
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

    /// A rate of a base in whole cents: by small fractions where these hold it, else by fractions without a limit.
    pub(crate) fn due(&mut self, base: &Term, rate: &Term) -> Option<i64> {
        let (Val::Is(small), Val::Is(share)) = (self.term::<Small>(base), self.term::<Small>(rate)) else { return None };
        small.product(share).cents().or_else(|| match (self.exact(base), self.exact(rate)) {
            (Val::Is(base), Val::Is(rate)) => cents(&(base * rate)),
            _ => None,
        })
    }

    pub(crate) fn decide(&mut self) -> Decision {
        docket::decide(self.law, self.epoch, self)
    }
}

impl Ask for Judge<'_> {
    fn scope(&mut self) -> Tri {
        self.test(&self.law.scope)
    }
    fn quiet(&self) -> bool {
        false
    }
    fn applies(&mut self, id: ClauseId) -> Tri {
        Judge::applies(self, id)
    }
    fn available(&mut self, id: ClauseId) -> Tri {
        Judge::available(self, id)
    }
    fn status(&mut self, id: ClauseId) -> Option<Status> {
        Judge::status(self, id)
    }
    fn due(&mut self, base: &Term, rate: &Term) -> Option<i64> {
        Judge::due(self, base, rate)
    }
}

/// What a test of one fact comes to; unknown for any other test.
#[inline]
pub(crate) fn of_fact(epoch: &Epoch, test: &Test, fact: &Fact) -> Tri {
    match (test, fact) {
        // Of a group that nobody listed for these days, nothing is known.
        (Test::Member(_, group), fact) => epoch.members(*group).map_or(Tri::Unknown, |members| member(members, fact)),
        (_, Fact::Unknown) => Tri::Unknown,
        (Test::Absent(_), fact) => Tri::from(*fact == Fact::Absent),
        (Test::OneOf(_, words), fact) => {
            Tri::from(words.iter().any(|w| same(w, fact) == Tri::True || (*w == Fact::Absent && *fact == Fact::Absent)))
        }
        (Test::Fact(_), fact) => Tri::from(*fact == Fact::Bool(true)),
        (Test::Holds(_, at), Fact::Set(bits)) => Tri::from(bits & (1 << at) != 0),
        (Test::Holds(..), _) => Tri::False,
        _ => Tri::Unknown,
    }
}

fn member(members: &Members, fact: &Fact) -> Tri {
    match fact {
        Fact::Country(country) => Tri::from(members.has_country(*country)),
        Fact::Text(name) => Tri::from(members.has_name(name)),
        Fact::Unknown => Tri::Unknown,
        _ => Tri::False,
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

/// Decides one case under the law of its day.
pub fn decide(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Decision {
    match epoch.program(law) {
        Some(program) => program.decide(Matter { law, epoch, case, totals }),
        None => walk(law, epoch, case, totals),
    }
}

/// The same by a walk over the trees of the pages. Programs are filled by it and tested against it; for days that are asked
/// once or twice it is the shorter way, since it needs none.
pub fn walk(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Decision {
    Judge::new(law, epoch, case, totals).decide()
}

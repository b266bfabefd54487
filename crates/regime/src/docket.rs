//! Who acts on the days of an epoch, and the answer that they give together: the range from the mildest to the strictest that
//! missing facts leave open. The rules stand here once, whoever is asked whether a clause applies.

use crate::epoch::Epoch;
use crate::judge::{Decision, FeeDue, Need, Outcome, Status, Tri};
use crate::law::{ClauseId, ClauseKind, Law, Policy, Rule, Version};
use crate::tree::Term;

/// Who can be asked about the clauses of a case.
pub(crate) trait Ask {
    /// Whether the gate has anything to say.
    fn scope(&mut self) -> Tri;
    /// Whether it is known at once that nothing forbids, requires or charges; false where one has to ask.
    fn quiet(&self) -> bool;
    /// Whether a clause applies.
    fn applies(&mut self, id: ClauseId) -> Tri;
    /// Whether an exception or review can be used: it applies and nothing that it needs has failed.
    fn available(&mut self, id: ClauseId) -> Tri;
    /// Where a condition or quota stands; none where it does not concern this case.
    fn status(&mut self, id: ClauseId) -> Option<Status>;
    /// A rate of a base in minor units, without rounding up to there; none where either is not known.
    fn due(&mut self, base: &Term, rate: &Term) -> Option<i64>;
}

/// The clauses in force by what they do, in order of page.
#[derive(Debug)]
pub(crate) struct Docket {
    pub(crate) prohibitions: Vec<ClauseId>,
    pub(crate) requirements: Vec<Required>,
    pub(crate) fees: Vec<ClauseId>,
    pub(crate) classes: Vec<ClauseId>,
    /// By class: whether it has something to say to the desk.
    pub(crate) notices: Vec<bool>,
    /// By clause of the law: the places of the classes that it rests on.
    pub(crate) rests_on: Vec<Vec<u16>>,
}

/// A requirement with what is attached to it.
#[derive(Debug)]
pub(crate) struct Required {
    pub(crate) clause: ClauseId,
    /// The exceptions that lift it.
    lifts: Vec<ClauseId>,
    /// The reviews that judge it.
    reviews: Vec<(Policy, ClauseId)>,
    /// Every exception, then every review, that some version attaches to it.
    pub(crate) attached: Vec<ClauseId>,
    /// Those of them that need something.
    needing: Vec<ClauseId>,
}

impl Docket {
    pub(crate) fn of(law: &Law, epoch: &Epoch) -> Docket {
        let tables = &law.tables;
        let version = |id: ClauseId| epoch.version(law, id).map(|(v, _)| v);
        let acting = |ids: &[ClauseId]| ids.iter().copied().filter(|id| version(*id).is_some()).collect::<Vec<_>>();
        let required = |clause: ClauseId| {
            let list = |lists: &[Vec<ClauseId>]| lists.get(clause.0 as usize).map_or_else(Vec::new, |ids| acting(ids));
            let (mut attached, reviews) = (list(&tables.lifted_by), list(&tables.reviewed_by));
            let lifts = |id: &ClauseId| matches!(version(*id).map(|v| &v.rule), Some(Rule::Exception { lifts, .. }) if lifts.contains(&clause));
            let policy = |id: &ClauseId| match version(*id).map(|v| &v.rule) {
                Some(Rule::Review { policy, of, .. }) if of.contains(&clause) => Some((*policy, *id)),
                _ => None,
            };
            let required = Required {
                clause,
                lifts: attached.iter().copied().filter(lifts).collect(),
                reviews: reviews.iter().filter_map(policy).collect(),
                attached: Vec::new(),
                needing: Vec::new(),
            };
            attached.extend(reviews);
            let needing = attached.iter().copied().filter(|id| !epoch.needs(law, *id).is_empty()).collect();
            Required { attached, needing, ..required }
        };
        let classes = acting(&law.clause_ids().filter(|id| law.clause(*id).kind == ClauseKind::Class).collect::<Vec<_>>());
        let places = |on: &Vec<ClauseId>| on.iter().filter_map(|id| Some(classes.binary_search(id).ok()? as u16)).collect();
        Docket {
            prohibitions: acting(&tables.prohibitions),
            requirements: acting(&tables.requirements).into_iter().map(required).collect(),
            fees: acting(&tables.fees),
            notices: classes.iter().filter_map(|id| Some(!version(*id)?.notice.is_empty())).collect(),
            rests_on: tables.rests_on.iter().map(places).collect(),
            classes,
        }
    }
}

impl Required {
    /// The exceptions and reviews that say what it leads to.
    pub(crate) fn answers(&self) -> impl Iterator<Item = ClauseId> {
        self.lifts.iter().copied().chain(self.reviews.iter().map(|(_, id)| *id))
    }

    /// The exceptions that lift it: whether what they need is open is part of the answer, and says which of several is named.
    pub(crate) fn lifts(&self) -> &[ClauseId] {
        &self.lifts
    }
}

/// Gives the answer of one law.
#[inline]
pub(crate) fn decide(law: &Law, epoch: &Epoch, ask: &mut impl Ask) -> Decision {
    let scope = ask.scope();
    if scope != Tri::False && epoch.uncovered.is_some() {
        return Decision::uncovered();
    }
    if scope == Tri::False || ask.quiet() {
        return Decision {
            outcome: Outcome::Free,
            mildest: Outcome::Free,
            strictest: Outcome::Free,
            by: None,
            review: None,
            needs: Vec::new(),
            fees: Vec::new(),
            in_scope: scope != Tri::False,
        };
    }
    Hearing { law, epoch, ask }.decide(scope)
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

/// One case being decided.
struct Hearing<'a, A> {
    law: &'a Law,
    epoch: &'a Epoch,
    ask: &'a mut A,
}

impl<A: Ask> Hearing<'_, A> {
    fn decide(&mut self, scope: Tri) -> Decision {
        let docket = self.epoch.docket(self.law);
        let mut found = Finding { mildest: Outcome::Free, strictest: Outcome::Free, by: None, review: None, lift: None };
        for id in &docket.prohibitions {
            let applies = self.ask.applies(*id);
            if applies != Tri::False {
                let mildest = if applies == Tri::True { Outcome::Prohibited } else { Outcome::Free };
                found.add(Finding { mildest, strictest: Outcome::Prohibited, by: Some(*id), review: None, lift: None });
            }
        }
        let (mut needs, mut shut) = (Vec::new(), Vec::new());
        for required in &docket.requirements {
            let applies = self.ask.applies(required.clause);
            if applies == Tri::False {
                continue;
            }
            let mut finding = self.required(required);
            if let Some(of) = finding.lift.or(finding.review) {
                self.needs_of(of, None, &mut needs);
            }
            if applies == Tri::Unknown {
                finding.mildest = Outcome::Free;
            }
            found.add(finding);
            self.shut(required, &mut shut);
        }
        for of in shut {
            self.needs_of(of, Some(Status::Failed), &mut needs);
        }
        let Finding { mildest, strictest, by, review, lift } = found;
        let mildest = if scope == Tri::Unknown { Outcome::Free } else { mildest };
        Decision {
            outcome: Outcome::between(mildest, strictest),
            mildest,
            strictest,
            by: lift.filter(|_| strictest.is_exception()).or(by),
            review,
            needs,
            fees: self.fees(&docket.fees),
            in_scope: true,
        }
    }

    /// Adds what an exception or review needs; with a status named, only what stands there.
    fn needs_of(&mut self, of: ClauseId, only: Option<Status>, needs: &mut Vec<Need>) {
        for clause in self.epoch.needs(self.law, of) {
            if !needs.iter().any(|n| n.clause == *clause)
                && let Some(status) = self.ask.status(*clause).filter(|s| only.is_none_or(|only| only == *s))
            {
                needs.push(Need { clause: *clause, status, of });
            }
        }
    }

    /// Adds the exceptions and reviews that would apply, had nothing that they need failed: what shut them is part of the answer.
    fn shut(&mut self, required: &Required, shut: &mut Vec<ClauseId>) {
        for other in &required.needing {
            if self.ask.applies(*other) != Tri::False && self.ask.available(*other) == Tri::False {
                shut.push(*other);
            }
        }
    }

    /// What one requirement leads to: lifted by an exception, or judged by its reviews.
    fn required(&mut self, required: &Required) -> Finding {
        let mut maybe: Option<(usize, ClauseId)> = None;
        let mut sure: Option<(usize, ClauseId)> = None;
        for exception in &required.lifts {
            let found = match self.ask.available(*exception) {
                Tri::True => &mut sure,
                Tri::Unknown => &mut maybe,
                Tri::False => continue,
            };
            let open = self.open_needs(*exception);
            if found.is_none_or(|(least, _)| open < least) {
                *found = Some((open, *exception));
            }
        }
        if let Some((open, exception)) = sure {
            return Finding {
                mildest: Outcome::Exception,
                strictest: if open == 0 { Outcome::Exception } else { Outcome::ExceptionOpen },
                by: Some(required.clause),
                review: None,
                lift: Some(exception),
            };
        }
        let mut judged = self.judged(required);
        if let Some((_, exception)) = maybe {
            judged.mildest = Outcome::Exception;
            judged.lift = Some(exception);
        }
        judged
    }

    /// How many of an exception's needs are still open: of several exceptions, the one with fewest is named.
    fn open_needs(&mut self, id: ClauseId) -> usize {
        self.epoch.needs(self.law, id).iter().filter(|n| self.ask.status(**n) == Some(Status::Open)).count()
    }

    fn judged(&mut self, required: &Required) -> Finding {
        let mut sure: Option<(Policy, ClauseId)> = None;
        let mut open: Option<(Policy, Policy, ClauseId)> = None;
        for (policy, review) in &required.reviews {
            match self.ask.available(*review) {
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
        Finding {
            mildest: Outcome::Licence(low),
            strictest: Outcome::Licence(high),
            by: Some(required.clause),
            review: by,
            lift: None,
        }
    }

    fn fees(&mut self, fees: &[ClauseId]) -> Vec<FeeDue> {
        let mut due = Vec::new();
        for id in fees {
            let applies = self.ask.applies(*id);
            if applies == Tri::False {
                continue;
            }
            if let Some((Version { rule: Rule::Fee { base, rate, .. }, .. }, _)) = self.epoch.version(self.law, *id) {
                due.push(FeeDue { clause: *id, minor: self.ask.due(base, rate), certain: applies == Tri::True });
            }
        }
        due
    }
}

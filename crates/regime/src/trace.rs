//! A decision with its reasons as values: which clauses took part, and how each of their comparisons came out.

use facts::Case;

use crate::epoch::Epoch;
use crate::judge::{Decision, Judge, Tri};
use crate::law::{ClauseId, Law};
use crate::totals::Totals;
use crate::tree::Test;

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
    let decision = match epoch.program(law) {
        Some(program) => program.tell(&mut judge),
        None => judge.decide(),
    };
    let mut met = Vec::new();
    if decision.in_scope {
        met.reserve(64);
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
        let (law, docket) = (self.law, self.epoch.docket(self.law));
        let mut spoke: Vec<ClauseId> = Vec::with_capacity(16);
        let mut attached: Vec<ClauseId> = Vec::new();
        spoke.extend(docket.prohibitions.iter().filter(|id| self.applies(**id) != Tri::False));
        for required in &docket.requirements {
            if self.applies(required.clause) != Tri::False {
                spoke.push(required.clause);
                attached.extend(&required.attached);
            }
        }
        attached.sort_unstable_by_key(|id| (law.clause(*id).kind, *id));
        for id in attached.iter().chain(&docket.fees) {
            if !spoke.contains(id) && self.applies(*id) != Tri::False {
                spoke.push(*id);
            }
        }
        // Where nothing applied, the classes that requirements ask about still say why not.
        let asked = if spoke.is_empty() { &law.tables.requirements } else { &spoke };
        let mut tells = docket.notices.clone();
        for class in asked.iter().flat_map(|id| docket.rests_on.get(id.0 as usize).into_iter().flatten()) {
            if let Some(place) = tells.get_mut(usize::from(*class)) {
                *place = true;
            }
        }
        for (class, tells) in docket.classes.iter().zip(tells) {
            if tells && self.applies(*class) != Tri::False {
                spoke.push(*class);
            }
        }
        spoke
    }

    /// Records a tree, each part once, and says whether it holds.
    fn meet(&mut self, clause: ClauseId, test: &'a Test, depth: u8, met: &mut Vec<Met<'a>>) -> Tri {
        let (at, deeper) = (met.len(), depth.saturating_add(1));
        met.push(Met { clause, test: Some(test), holds: Tri::Unknown, depth, sides: (None, None) });
        let mut sides = (None, None);
        let holds = match test {
            Test::All(parts) => parts.iter().fold(Tri::True, |all, part| all.min(self.meet(clause, part, deeper, met))),
            Test::Any(parts) => parts.iter().fold(Tri::False, |any, part| any.max(self.meet(clause, part, deeper, met))),
            Test::Not(inner) => self.meet(clause, inner, deeper, met).not(),
            Test::Compare { op, left, right } => {
                let (l, r) = (self.near(left), self.near(right));
                sides = (l.shown(), r.shown());
                self.compared(*op, left, right, l, r)
            }
            leaf => self.test(leaf),
        };
        if let Some(line) = met.get_mut(at) {
            (line.holds, line.sides) = (holds, sides);
        }
        holds
    }
}

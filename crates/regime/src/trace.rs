//! A decision with its reasons as values: which clauses took part, and how each of their comparisons came out.

use facts::Case;

use crate::epoch::Epoch;
use crate::judge::{Decision, Judge, Tri};
use crate::law::{ClauseId, ClauseKind, Law};
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
        // Where nothing applied, the classes that requirements ask about still say why not.
        let asked = if spoke.is_empty() { &law.tables.requirements } else { &spoke };
        let mut rest = vec![false; law.clauses.len()];
        for id in asked.iter().flat_map(|id| law.tables.rests_on.get(id.0 as usize).into_iter().flatten()) {
            if let Some(place) = rest.get_mut(id.0 as usize) {
                *place = true;
            }
        }
        for (id, rests) in law.clause_ids().zip(rest) {
            let told = rests || self.epoch.version(law, id).is_some_and(|(v, _)| !v.notice.is_empty());
            if told && law.clause(id).kind == ClauseKind::Class && self.applies(id) != Tri::False {
                spoke.push(id);
            }
        }
        spoke
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

//! Decisions in the words of the output. What a decision says is worked out once for all rows that get it.

use std::collections::HashMap;
use std::rc::Rc;

use columns::{Judge, Verdict};
use facts::{Case, Date, Problem};
use regime::{ClauseId, CorridorDecision, FeeDue, Outcome, Status, Totals};

/// One row with what became of it.
pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) id: String,
    pub(crate) line: u64,
    pub(crate) date: Option<Date>,
    pub(crate) chip: String,
    pub(crate) quantity: String,
    pub(crate) to: String,
    /// What was decided, or everything that is wrong with the row.
    pub(crate) answer: Result<Answer, Vec<Problem>>,
}

/// A decision of one row.
pub(crate) struct Answer {
    pub(crate) said: Rc<Said>,
    /// Amounts in minor units, in order of [`Said::fees`].
    pub(crate) amounts: Vec<Option<i64>>,
    pub(crate) missing: Vec<String>,
}

/// What all rows with one decision have in common.
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) said: String,
    pub(crate) between: String,
    pub(crate) gate: String,
    pub(crate) by: String,
    pub(crate) review: String,
    pub(crate) cite: String,
    pub(crate) open: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) fees: Vec<Fee>,
    /// The gates whose answer hangs on missing facts.
    undetermined: Vec<usize>,
    /// Whether some gate charges something.
    charged: bool,
}

/// Money due, but for its amount.
pub(crate) struct Fee {
    pub(crate) clause: String,
    pub(crate) currency: String,
    pub(crate) payee: String,
    pub(crate) legal_form: &'static str,
    pub(crate) certain: bool,
    gate: usize,
    at: ClauseId,
}

/// Answers that were given, by the verdicts of the gates.
#[derive(Default)]
pub(crate) struct Answers {
    known: HashMap<Vec<u32>, Rc<Said>>,
}

impl Answers {
    /// The answer of verdicts; amounts as the caller knows them, the case only where somebody needs it.
    pub(crate) fn answer(
        &mut self,
        judge: &mut Judge,
        ids: &[u32],
        case: &mut dyn FnMut() -> Option<Case>,
        totals: &[Totals],
        due: Option<&[Vec<FeeDue>]>,
    ) -> Answer {
        let said = match self.known.get(ids) {
            Some(said) => Rc::clone(said),
            None => {
                let said = Rc::new(say(judge, ids));
                self.known.insert(ids.to_vec(), Rc::clone(&said));
                said
            }
        };
        let needed = (said.charged && due.is_none()) || !said.undetermined.is_empty();
        let case = if needed { case() } else { None };
        let mut missing = Vec::new();
        let mut found: Vec<Vec<FeeDue>> = Vec::new();
        if let Some(case) = &case {
            let unknown = Totals::default();
            let own = |gate: usize| totals.get(gate).unwrap_or(&unknown);
            for gate in &said.undetermined {
                missing.extend(judge.corridor().missing(*gate, case, own(*gate)));
            }
            if said.charged && due.is_none() {
                found = ids.iter().enumerate().map(|(gate, id)| judge.fees(gate, *id, case, own(gate))).collect();
            }
        }
        missing.dedup();
        let due = due.unwrap_or(&found);
        let amount = |fee: &Fee| due.get(fee.gate)?.iter().find(|due| due.clause == fee.at)?.minor;
        let amounts = said.fees.iter().map(amount).collect();
        Answer { said, amounts, missing }
    }
}

fn say(judge: &Judge, ids: &[u32]) -> Said {
    let verdicts: Vec<&Verdict> =
        ids.iter().enumerate().filter_map(|(gate, id)| judge.verdicts(gate).get(*id as usize)).collect();
    let end = |of: fn(&Verdict) -> Outcome| verdicts.iter().map(|v| of(v)).max().unwrap_or(Outcome::Free);
    let (mildest, strictest) = (end(|v| v.decision.mildest), end(|v| v.decision.strictest));
    let outcome = if mildest == strictest { mildest } else { Outcome::Undetermined };
    let gates = verdicts.iter().map(|v| v.decision.clone()).collect();
    let decision = CorridorDecision { outcome, mildest, strictest, gates };
    let binding = decision.binding();
    let mut said = Said {
        outcome,
        said: outcome.text().to_owned(),
        between: String::new(),
        gate: String::new(),
        by: String::new(),
        review: String::new(),
        cite: String::new(),
        open: Vec::new(),
        failed: Vec::new(),
        fees: Vec::new(),
        undetermined: Vec::new(),
        charged: false,
    };
    if outcome == Outcome::Undetermined {
        said.between = format!("{mildest} … {strictest}");
    }
    for (gate, verdict) in verdicts.iter().enumerate() {
        let own = &verdict.decision;
        let (Some(law), Some(epoch)) = (judge.laws().get(gate), judge.epochs(gate).get(verdict.epoch)) else { continue };
        if gate == binding && own.by.is_some() {
            let name = |id: Option<ClauseId>| id.map(|c| law.clause(c).id.clone()).unwrap_or_default();
            said.gate.clone_from(&law.id);
            said.by = name(own.by);
            said.review = name(own.review);
            said.cite = own.by.and_then(|by| law.citation_on(epoch, by)).unwrap_or_default();
            if outcome == Outcome::Exception {
                said.said = format!("exception {}", said.by);
            }
        }
        for need in &own.needs {
            let name = law.clause(need.clause).id.clone();
            match need.status {
                Status::Open => said.open.push(name),
                Status::Failed => said.failed.push(name),
                Status::Met => {}
            }
        }
        for fee in &own.fees {
            if let Some((payee, legal_form)) = law.fee_terms(epoch, fee.clause) {
                let clause = law.clause(fee.clause).id.clone();
                let currency = law.currency.clone();
                said.fees.push(Fee { clause, currency, payee, legal_form, certain: fee.certain, gate, at: fee.clause });
            }
        }
        if outcome == Outcome::Undetermined && own.outcome == Outcome::Undetermined {
            said.undetermined.push(gate);
        }
    }
    said.charged = !said.fees.is_empty();
    said
}

/// Everything that is wrong with a row, in one line.
pub(crate) fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems
        .iter()
        .map(|p| if p.hint.is_empty() { p.message.clone() } else { format!("{} ({})", p.message, p.hint) })
        .collect();
    told.join("; ")
}

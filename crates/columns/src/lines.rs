//! Decisions in the words of the output, a row at a time. What a decision says is worked out once for all rows that get it.

use std::collections::HashMap;
use std::sync::Arc;

use facts::{Case, Date, Dictionary, FieldId, Problem};
use regime::{ClauseId, CorridorDecision, FeeDue, Outcome, Status, Totals};

use crate::book::Rows;
use crate::judge::{Decided, Judge, NONE, Verdict};
use crate::read::Reader;

/// One row of an order book with what became of it: decided, or everything that is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<A = Result<Answer, Vec<Problem>>> {
    /// The order book.
    pub file: String,
    /// The order's own number.
    pub id: String,
    /// The row in its file, from 1: of a text, its line.
    pub line: u64,
    /// The day; none of a row with problems.
    pub date: Option<Date>,
    /// The part, as written.
    pub chip: String,
    /// How many, as written.
    pub quantity: String,
    /// The destination, as written.
    pub to: String,
    /// What became of it.
    pub answer: A,
}

/// Whoever takes rows; no to stop.
pub type Take<'t, E> = dyn FnMut(&mut Lines, Line<Became>) -> Result<bool, E> + 't;

/// What the judge of rows makes of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Became {
    /// It is decided.
    Decided(Answer),
    /// Running totals may matter: the case, to be decided in order of date by [`Lines::tell`].
    Counted(Case),
    /// It cannot be read.
    Bad(Vec<Problem>),
}

/// A decision of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What it has in common with others.
    pub said: Arc<Said>,
    /// Amounts in minor units, in order of [`Said::fees`]; none where nobody knows the amount.
    pub amounts: Vec<Option<i64>>,
    /// The facts that would settle it, where it is undetermined.
    pub missing: Vec<String>,
}

/// What all rows with one decision have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The outcome over all gates.
    pub outcome: Outcome,
    /// The outcome in words, with the exception's name.
    pub said: String,
    /// Of an undetermined row, from the mildest to the strictest answer.
    pub between: String,
    /// The gate that binds.
    pub gate: String,
    /// Its clause that decided.
    pub by: String,
    /// Its clause of review.
    pub review: String,
    /// Where the clause that decided stands.
    pub cite: String,
    /// Conditions that are open.
    pub open: Vec<String>,
    /// Conditions that are not met.
    pub failed: Vec<String>,
    /// Money due.
    pub fees: Vec<Fee>,
}

/// Money due, but for its amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The clause that charges it.
    pub clause: String,
    /// The currency of its regime.
    pub currency: String,
    /// Who is paid.
    pub payee: String,
    /// What it is in law.
    pub legal_form: String,
    /// Whether it surely is due.
    pub certain: bool,
}

impl Answer {
    /// What surely is to be paid: nothing for an order that may not move.
    pub fn due(&self) -> impl Iterator<Item = (&Fee, Option<i64>)> {
        let moves = self.said.outcome < Outcome::Licence(regime::Policy::Denial);
        self.said.fees.iter().zip(self.amounts.iter().copied()).filter(move |(fee, _)| moves && fee.certain)
    }
}

/// Everything that is wrong with a row, in one line.
pub fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems
        .iter()
        .map(|p| if p.hint.is_empty() { p.message.clone() } else { format!("{} ({})", p.message, p.hint) })
        .collect();
    told.join("; ")
}

impl<A> Line<A> {
    /// The row and its answer.
    pub fn apart(self) -> (Line<()>, A) {
        let Line { file, id, line, date, chip, quantity, to, answer } = self;
        (Line { file, id, line, date, chip, quantity, to, answer: () }, answer)
    }

    /// The same row with another answer.
    pub fn with<B>(self, answer: B) -> Line<B> {
        let Line { file, id, line, date, chip, quantity, to, .. } = self;
        Line { file, id, line, date, chip, quantity, to, answer }
    }

    /// The place where a book cannot be read on.
    pub fn broken(file: &str, problem: &Problem, answer: A) -> Line<A> {
        let empty = String::new;
        let line = problem.line as u64;
        Line { file: file.to_owned(), id: empty(), line, date: None, chip: empty(), quantity: empty(), to: empty(), answer }
    }
}

/// Who decides rows and puts decisions into words.
#[derive(Debug)]
pub struct Lines {
    judge: Judge,
    known: HashMap<Vec<u32>, Known>,
    columns: [Option<FieldId>; 3],
}

/// An answer that was given, and what of it depends on the row.
#[derive(Clone, Debug)]
struct Known {
    said: Arc<Said>,
    /// By fee: the gate and its clause.
    charged: Arc<[(usize, ClauseId)]>,
    /// The gates whose answer hangs on missing facts.
    undetermined: Arc<[usize]>,
}

/// What the gates say of a row with running totals: verdicts, what is due, and what is missing.
#[derive(Debug)]
pub struct Told {
    ids: Vec<u32>,
    due: Vec<Vec<FeeDue>>,
    missing: Vec<String>,
}

impl Lines {
    /// Lines of what a judge says.
    pub fn new(judge: Judge, dictionary: &Dictionary) -> Lines {
        let columns = ["chip", "quantity", "destination"].map(|name| dictionary.id(name));
        Lines { judge, known: HashMap::new(), columns }
    }

    /// The judge.
    pub fn judge(&mut self) -> &mut Judge {
        &mut self.judge
    }

    /// Decides the rows of a batch, and hands each on until somebody says no: then the answer is no.
    ///
    /// # Errors
    /// Whatever `take` fails with.
    pub fn rows<E>(&mut self, name: &str, reader: &Reader<'_>, rows: &Rows, take: &mut Take<'_, E>) -> Result<bool, E> {
        let decided = self.judge.decide(reader, &rows.batch);
        let counted = self.judge.counted(&decided);
        let mut next = counted.iter().copied().peekable();
        for row in 0..rows.batch.rows() {
            let is_counted = next.next_if_eq(&row).is_some();
            let answer = self.became(reader, rows, &decided, row, is_counted);
            let [chip, quantity, to] = self.columns.map(|id| id.map_or(String::new(), |id| reader.spell(&rows.batch, id, row)));
            let date = if matches!(answer, Became::Bad(_)) { None } else { rows.batch.date(row) };
            let (id, line) = (rows.id(reader, row), rows.line(row));
            if !take(self, Line { file: name.to_owned(), id, line, date, chip, quantity, to, answer })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn became(&mut self, reader: &Reader<'_>, rows: &Rows, decided: &Decided, row: usize, counted: bool) -> Became {
        if let Some(problems) = rows.batch.problems(row) {
            return Became::Bad(problems.to_vec());
        }
        if counted && let Some(case) = reader.case(&rows.batch, row) {
            return Became::Counted(case);
        }
        let ids: Vec<u32> = decided.gates.iter().map(|gate| gate.get(row).copied().unwrap_or(NONE)).collect();
        Became::Decided(self.answer(&ids, &mut || reader.case(&rows.batch, row), &[], None))
    }

    /// Every row of a batch that running totals may matter to.
    pub fn counted(&mut self, reader: &Reader<'_>, rows: &Rows) -> Vec<(usize, Case)> {
        let decided = self.judge.decide(reader, &rows.batch);
        let counted = self.judge.counted(&decided);
        counted.into_iter().filter_map(|row| Some((row, reader.case(&rows.batch, row)?))).collect()
    }

    /// Decides a row that a quota counts, and adds it to the totals. Rows must come in order of date.
    pub fn tell(&mut self, case: &Case, totals: &mut [Totals]) -> Told {
        let (ids, due): (Vec<u32>, Vec<Vec<FeeDue>>) = self.judge.decide_counted(case, totals).into_iter().unzip();
        // An undetermined row is never posted, so the totals are still what it was decided on.
        let missing = self.answer(&ids, &mut || Some(case.clone()), totals, Some(&due)).missing;
        Told { ids, due, missing }
    }

    /// The answer to a row as if nobody knew the running totals.
    pub fn without_totals(&mut self, case: &Case) -> Answer {
        let mut unknown = vec![Totals::default(); self.judge.laws().len()];
        let told = self.tell(case, &mut unknown);
        self.of_told(told)
    }

    /// The answer of a row that was told.
    pub fn of_told(&mut self, told: Told) -> Answer {
        let mut answer = self.answer(&told.ids, &mut || None, &[], Some(&told.due));
        answer.missing = told.missing;
        answer
    }

    /// The answer of verdicts; amounts as the caller knows them, the case only where somebody needs it.
    fn answer(
        &mut self,
        ids: &[u32],
        case: &mut dyn FnMut() -> Option<Case>,
        totals: &[Totals],
        due: Option<&[Vec<FeeDue>]>,
    ) -> Answer {
        let Known { said, charged, undetermined } = match self.known.get(ids) {
            Some(known) => known.clone(),
            None => {
                let known = say(&self.judge, ids);
                self.known.insert(ids.to_vec(), known.clone());
                known
            }
        };
        let needed = (!charged.is_empty() && due.is_none()) || !undetermined.is_empty();
        let case = if needed { case() } else { None };
        let mut missing = Vec::new();
        let mut found: Vec<Vec<FeeDue>> = Vec::new();
        if let Some(case) = &case {
            let unknown = Totals::default();
            let own = |gate: usize| totals.get(gate).unwrap_or(&unknown);
            for gate in undetermined.iter() {
                missing.extend(self.judge.corridor().missing(*gate, case, own(*gate)));
            }
            if !charged.is_empty() && due.is_none() {
                found = ids.iter().enumerate().map(|(gate, id)| self.judge.fees(gate, *id, case, own(gate))).collect();
            }
        }
        missing.dedup();
        let due = due.unwrap_or(&found);
        let amount = |(gate, clause): &(usize, ClauseId)| due.get(*gate)?.iter().find(|due| due.clause == *clause)?.minor;
        let amounts = charged.iter().map(amount).collect();
        Answer { said, amounts, missing }
    }
}

fn say(judge: &Judge, ids: &[u32]) -> Known {
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
    };
    let (mut charged, mut undetermined) = (Vec::new(), Vec::new());
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
                let (currency, legal_form) = (law.currency.clone(), legal_form.to_owned());
                said.fees.push(Fee { clause, currency, payee, legal_form, certain: fee.certain });
                charged.push((gate, fee.clause));
            }
        }
        if outcome == Outcome::Undetermined && own.outcome == Outcome::Undetermined {
            undetermined.push(gate);
        }
    }
    Known { said: Arc::new(said), charged: charged.into(), undetermined: undetermined.into() }
}

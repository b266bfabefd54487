//! Decisions in the words of the output, a row at a time. What a decision says is worked out once for all rows that get it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use facts::{Case, Catalogue, Date, Dictionary, Fact, FieldId, Problem};
use regime::{ClauseId, Corridor, CorridorDecision, FeeDue, Kind, NearNames, Outcome, Status, Totals};

use crate::book::Rows;
use crate::column::Batch;
use crate::judge::{Decided, Judge, Verdict};
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
    /// What to know of the row itself.
    pub caveats: Caveats,
    /// What became of it.
    pub answer: A,
}

/// On what an answer hangs for which the standard case stands in for a screening of the parties.
pub const UNSCREENED: &str = "screening of all parties finds nothing; nobody screened";

/// What to know of a row itself, whatever the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caveats {
    /// Whether the standard case stands in for a screening of the parties: the answer holds only if screening finds nothing.
    pub unscreened: bool,
    /// Names that are nearly one that a rule asks for.
    pub near: Vec<String>,
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
    /// Of an undetermined row, the facts that it lacks and that can still change the answer, in their order.
    pub lacks: Vec<FieldId>,
    /// Of them, and of doubts about the law, the smallest set that settles it; empty where nobody wants to know ([`Lines::seek_missing`]).
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
    /// Why gates do not speak of the day; empty where all that the answer hangs on do.
    pub uncovered: Vec<String>,
    /// Of the other gates, the last day that each was read for, and what to know of answers for later days.
    pub read_up_to: Vec<(Date, String)>,
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
        let Line { file, id, line, date, chip, quantity, to, caveats, answer } = self;
        (Line { file, id, line, date, chip, quantity, to, caveats, answer: () }, answer)
    }

    /// The same row with another answer.
    pub fn with<B>(self, answer: B) -> Line<B> {
        let Line { file, id, line, date, chip, quantity, to, caveats, .. } = self;
        Line { file, id, line, date, chip, quantity, to, caveats, answer }
    }

    /// The place where a book cannot be read on.
    pub fn broken(file: &str, problem: &Problem, answer: A) -> Line<A> {
        let empty = String::new;
        let line = problem.line as u64;
        let caveats = Caveats::default();
        Line {
            file: file.to_owned(),
            id: empty(),
            line,
            date: None,
            chip: empty(),
            quantity: empty(),
            to: empty(),
            caveats,
            answer,
        }
    }
}

impl<A> Line<A> {
    /// What anybody should know of the row's answer, the gravest first: a day that is not covered, a name nearly bound, a day after the
    /// last one that was read for.
    pub fn notices<'l>(&'l self, answer: &'l Answer) -> Vec<&'l str> {
        let later = answer.said.read_up_to.iter().filter(|(last, _)| self.date.is_some_and(|day| day > *last));
        let own = answer.said.uncovered.iter().chain(&self.caveats.near);
        own.chain(later.map(|(_, notice)| notice)).map(String::as_str).collect()
    }

    /// On what the answer hangs beside the facts of the row; empty where on nothing.
    pub fn holds_if(&self) -> &'static str {
        if self.caveats.unscreened { UNSCREENED } else { "" }
    }
}

/// Who decides rows and puts decisions into words.
#[derive(Debug)]
pub struct Lines {
    judge: Judge,
    known: HashMap<Vec<u32>, Known>,
    columns: [Option<FieldId>; 3],
    /// Names that are nearly one that a rule asks for; and of texts that were looked at, by field, what to tell.
    near: NearNames,
    looked_at: HashMap<FieldId, HashMap<Arc<str>, Option<String>>>,
    /// Of how many rows of a batch somebody wants to know what they miss, and how many searches for it may run at a time.
    sought: usize,
    threads: usize,
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

/// Searches for what undetermined rows miss: one for each kind of row, made side by side.
#[derive(Default)]
struct Searches {
    list: Vec<Search>,
    kinds: HashMap<Kind, usize>,
}

/// One of them.
struct Search {
    gate: usize,
    case: Case,
    totals: Arc<[Totals]>,
    kind: Option<Kind>,
    found: OnceLock<Vec<String>>,
}

impl Searches {
    /// The place of the search for a case and its totals, which `shared` gives to whoever has to keep them.
    fn add(
        &mut self,
        corridor: &mut Corridor,
        (gate, case, totals): (usize, &Case, &[Totals]),
        shared: &mut Option<Arc<[Totals]>>,
    ) -> usize {
        let unknown = Totals::default();
        let kind = corridor.kind(gate, case, totals.get(gate).unwrap_or(&unknown));
        let next = self.list.len();
        let at = kind.as_ref().map_or(next, |kind| *self.kinds.entry(kind.clone()).or_insert(next));
        if at == next {
            let found = kind.as_ref().and_then(|kind| corridor.found(kind)).map(<[String]>::to_vec);
            let totals = Arc::clone(shared.get_or_insert_with(|| totals.into()));
            let found = found.map_or_else(OnceLock::new, OnceLock::from);
            self.list.push(Search { gate, case: case.clone(), totals, kind, found });
        }
        at
    }

    /// Finds what has not been found yet.
    fn run(&self, corridor: &Corridor, threads: usize) {
        let open: Vec<&Search> = self.list.iter().filter(|search| search.found.get().is_none()).collect();
        let (next, unknown) = (AtomicUsize::new(0), Totals::default());
        let work = || {
            while let Some(Search { gate, case, totals, found, .. }) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                found.get_or_init(|| corridor.search(*gate, case, totals.get(*gate).unwrap_or(&unknown)));
            }
        };
        thread::scope(|scope| {
            (1..threads.min(open.len())).for_each(|_| {
                scope.spawn(work);
            });
            work();
        });
    }

    /// What some of them found together.
    fn found(&self, places: &[usize]) -> Vec<String> {
        let found = places.iter().filter_map(|at| self.list.get(*at)?.found.get());
        // Two gates may miss the same fact.
        let mut missing: Vec<String> = Vec::new();
        for name in found.flatten() {
            if !missing.contains(name) {
                missing.push(name.clone());
            }
        }
        missing
    }

    /// Keeps what was found for rows to come.
    fn keep(self, corridor: &mut Corridor) {
        for Search { kind, found, .. } in self.list {
            if let (Some(kind), Some(found)) = (kind, found.into_inner()) {
                corridor.remember(kind, found);
            }
        }
    }
}

/// What the gates say of a row with running totals: verdicts, what is due, and what is missing.
#[derive(Debug)]
pub struct Told {
    ids: Vec<u32>,
    due: Vec<Vec<FeeDue>>,
    lacks: Vec<FieldId>,
    missing: Vec<String>,
}

impl Lines {
    /// Lines of what a judge says.
    pub fn new(judge: Judge, dictionary: &Dictionary, catalogue: &Catalogue) -> Lines {
        let columns = ["chip", "quantity", "destination"].map(|name| dictionary.id(name));
        let near = NearNames::of(judge.laws(), dictionary, catalogue);
        let (known, looked_at) = (HashMap::new(), HashMap::new());
        Lines { judge: judge.with_lacks(), known, columns, near, looked_at, sought: usize::MAX, threads: 1 }
    }

    /// The same with so many searches for what is missing at a time; what they find does not hang on it.
    pub fn with_threads(self, threads: usize) -> Lines {
        Lines { threads, ..self }
    }

    /// Of how many rows of each batch to come [`Answer::missing`] is wanted, from the first that can be read: to find it is a search of
    /// milliseconds for each kind of undetermined row, which whoever only counts outcomes or adds up fees need not wait for.
    pub fn seek_missing(&mut self, rows: usize) {
        self.sought = rows;
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
        let mut missing = self.missing(reader, rows, &decided, &counted);
        let mut next = counted.iter().copied().peekable();
        let near = self.near_names(reader, &rows.batch);
        for row in 0..rows.batch.rows() {
            let is_counted = next.next_if_eq(&row).is_some();
            let missing = missing.remove(&row).unwrap_or_default();
            let answer = self.became(reader, rows, &decided, (row, is_counted), missing);
            let [chip, quantity, to] = self.columns.map(|id| id.map_or(String::new(), |id| reader.spell(&rows.batch, id, row)));
            let date = if matches!(answer, Became::Bad(_)) { None } else { rows.batch.date(row) };
            let (id, line) = (rows.id(reader, row), rows.line(row));
            let caveats = Caveats {
                unscreened: rows.batch.is_unscreened(row),
                near: near.iter().filter_map(|fact| self.near_name(reader, &rows.batch, *fact, row)).collect(),
            };
            if !take(self, Line { file: name.to_owned(), id, line, date, chip, quantity, to, caveats, answer })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The facts of which some row of a batch may name nearly what a rule asks for.
    fn near_names(&mut self, reader: &Reader<'_>, batch: &Batch) -> Vec<FieldId> {
        let mut suspects: Vec<FieldId> = self.near.fields().collect();
        // Where fewer names were ever seen than rows stand here, to look at each once spares looking at every row.
        suspects.retain(|field| {
            let names = reader.names(batch, *field);
            !batch.odd().is_empty()
                || names.len() > batch.rows()
                || names.iter().any(|fact| self.look_at(reader, *field, fact).is_some())
        });
        suspects
    }

    /// What to tell of a row's name.
    fn near_name(&mut self, reader: &Reader<'_>, batch: &Batch, field: FieldId, row: usize) -> Option<String> {
        let fact = match batch.odd_at(row) {
            Some(odd) => odd.case.as_ref().ok()?.fact(field).clone(),
            None => reader.fact(batch, field, row),
        };
        self.look_at(reader, field, &fact)
    }

    fn look_at(&mut self, reader: &Reader<'_>, field: FieldId, fact: &Fact) -> Option<String> {
        let Fact::Text(text) = fact else { return None };
        let seen = self.looked_at.entry(field).or_default();
        if let Some(told) = seen.get(text) {
            return told.clone();
        }
        if seen.len() >= MOST_LOOKED_AT {
            seen.clear();
        }
        let told = self.near.warning(reader.terms.dictionary, field, fact);
        seen.insert(Arc::clone(text), told.clone());
        told
    }

    fn became(
        &mut self,
        reader: &Reader<'_>,
        rows: &Rows,
        decided: &Decided,
        (row, counted): (usize, bool),
        missing: Vec<String>,
    ) -> Became {
        if let Some(problems) = rows.batch.problems(row) {
            return Became::Bad(problems.to_vec());
        }
        if counted && let Some(case) = reader.case(&rows.batch, row) {
            return Became::Counted(case);
        }
        let ids = decided.of(row);
        let Known { said, charged, undetermined } = self.known(&ids);
        let lacks = self.judge.lacking(&undetermined, &ids, &|id| reader.states(&rows.batch, id, row));
        let case = if charged.is_empty() { None } else { reader.case(&rows.batch, row) };
        let due = case.map_or_else(Vec::new, |case| self.due(&ids, &case));
        Became::Decided(Answer { amounts: amounts(&charged, &due), said, lacks, missing })
    }

    /// What undetermined rows of a batch miss, by row, as far as somebody wants to know.
    fn missing(&mut self, reader: &Reader<'_>, rows: &Rows, decided: &Decided, counted: &[usize]) -> HashMap<usize, Vec<String>> {
        let (mut searches, mut waiting) = (Searches::default(), Vec::new());
        let mut unknown = Some(Arc::default());
        let good = (0..rows.batch.rows()).filter(|row| rows.batch.problems(*row).is_none()).take(self.sought);
        for row in good.filter(|row| counted.binary_search(row).is_err()) {
            let undetermined = self.known(&decided.of(row)).undetermined;
            if undetermined.is_empty() {
                continue;
            }
            let Some(case) = reader.case(&rows.batch, row) else { continue };
            let corridor = self.judge.corridor();
            let places: Vec<usize> =
                undetermined.iter().map(|gate| searches.add(corridor, (*gate, &case, &[]), &mut unknown)).collect();
            waiting.push((row, places));
        }
        searches.run(self.judge.corridor(), self.threads);
        let missing = waiting.into_iter().map(|(row, places)| (row, searches.found(&places))).collect();
        searches.keep(self.judge.corridor());
        missing
    }

    /// Every row of a batch that running totals may matter to.
    pub fn counted(&mut self, reader: &Reader<'_>, rows: &Rows) -> Vec<(usize, Case)> {
        let decided = self.judge.decide(reader, &rows.batch);
        let counted = self.judge.counted(&decided);
        counted.into_iter().filter_map(|row| Some((row, reader.case(&rows.batch, row)?))).collect()
    }

    /// Decides rows that a quota counts, each on the totals that those before it left. Rows must come in order of date.
    pub fn tell<'c>(&mut self, cases: impl IntoIterator<Item = &'c Case>, totals: &mut [Totals]) -> Vec<Told> {
        let (mut searches, mut shared) = (Searches::default(), None);
        let tell = |case| self.tell_but_missing(case, totals, &mut searches, &mut shared);
        let mut all: Vec<(Told, Vec<usize>)> = cases.into_iter().map(tell).collect();
        searches.run(self.judge.corridor(), self.threads);
        all.iter_mut().for_each(|(told, places)| told.missing = searches.found(places));
        searches.keep(self.judge.corridor());
        all.into_iter().map(|(told, _)| told).collect()
    }

    /// A row without what it misses, and the searches for that.
    fn tell_but_missing(
        &mut self,
        case: &Case,
        totals: &mut [Totals],
        searches: &mut Searches,
        shared: &mut Option<Arc<[Totals]>>,
    ) -> (Told, Vec<usize>) {
        let (ids, due): (Vec<u32>, Vec<Vec<FeeDue>>) = self.judge.decide_counted(case, totals).into_iter().unzip();
        let undetermined = self.known(&ids).undetermined;
        let lacks = self.judge.lacking(&undetermined, &ids, &|id| *case.fact(id) != Fact::Unknown);
        // An undetermined row is never posted, so the totals are still what it was decided on; any other may have moved them.
        if undetermined.is_empty() {
            *shared = None;
        }
        let sought = if self.sought > 0 { &*undetermined } else { &[] };
        let corridor = self.judge.corridor();
        let places = sought.iter().map(|gate| searches.add(corridor, (*gate, case, totals), shared)).collect();
        (Told { ids, due, lacks, missing: Vec::new() }, places)
    }

    /// The answer to a row as if nobody knew the running totals.
    pub fn without_totals(&mut self, case: &Case) -> Answer {
        let mut unknown = vec![Totals::default(); self.judge.laws().len()];
        let mut searches = Searches::default();
        let (mut told, places) = self.tell_but_missing(case, &mut unknown, &mut searches, &mut None);
        searches.run(self.judge.corridor(), 1);
        told.missing = searches.found(&places);
        searches.keep(self.judge.corridor());
        self.of_told(told)
    }

    /// The answer of a row that was told.
    pub fn of_told(&mut self, told: Told) -> Answer {
        let Known { said, charged, .. } = self.known(&told.ids);
        Answer { amounts: amounts(&charged, &told.due), said, lacks: told.lacks, missing: told.missing }
    }

    /// What a row is told that gets these verdicts.
    fn known(&mut self, ids: &[u32]) -> Known {
        if let Some(known) = self.known.get(ids) {
            return known.clone();
        }
        let known = say(&self.judge, ids);
        self.known.insert(ids.to_vec(), known.clone());
        known
    }

    /// What is due at each gate where no running total is known.
    fn due(&self, ids: &[u32], case: &Case) -> Vec<Vec<FeeDue>> {
        let unknown = Totals::default();
        ids.iter().enumerate().map(|(gate, id)| self.judge.fees(gate, *id, case, &unknown)).collect()
    }
}

/// The amounts of what is charged.
fn amounts(charged: &[(usize, ClauseId)], due: &[Vec<FeeDue>]) -> Vec<Option<i64>> {
    let amount = |(gate, clause): &(usize, ClauseId)| due.get(*gate)?.iter().find(|due| due.clause == *clause)?.minor;
    charged.iter().map(amount).collect()
}

/// Of how many names of a fact it is kept what to tell of them.
const MOST_LOOKED_AT: usize = 1 << 18;

fn say(judge: &Judge, ids: &[u32]) -> Known {
    let verdicts: Vec<&Verdict> =
        ids.iter().enumerate().filter_map(|(gate, id)| judge.verdicts(gate).get(*id as usize)).collect();
    let end = |of: fn(&Verdict) -> Outcome| verdicts.iter().map(|v| of(v)).max().unwrap_or(Outcome::Free);
    let (mildest, strictest) = (end(|v| v.decision.mildest), end(|v| v.decision.strictest));
    let outcome = Outcome::between(mildest, strictest);
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
        uncovered: Vec::new(),
        read_up_to: Vec::new(),
    };
    let (mut charged, mut undetermined) = (Vec::new(), Vec::new());
    if outcome == Outcome::Undetermined {
        said.between = format!("{mildest} … {strictest}");
    }
    for (gate, verdict) in verdicts.iter().enumerate() {
        let own = &verdict.decision;
        let (Some(law), Some(epoch)) = (judge.laws().get(gate), judge.epochs(gate).get(verdict.epoch)) else { continue };
        if own.in_scope {
            match &epoch.uncovered {
                Some(why) => said.uncovered.push(why.clone()),
                None => said.read_up_to.extend(law.read_up_to(Date::MAX).map(|notice| (law.as_of, notice))),
            }
        }
        if gate == binding && epoch.uncovered.is_some() {
            said.gate.clone_from(&law.id);
        }
        if gate == binding && own.by.is_some() {
            let name = |id: Option<ClauseId>| id.map(|c| law.clause(c).id.clone()).unwrap_or_default();
            said.gate.clone_from(&law.id);
            said.by = name(own.by);
            said.review = name(own.review);
            said.cite = own.by.and_then(|by| law.citation_on(epoch, by)).unwrap_or_default();
            said.said = outcome.named(Some(&said.by));
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

//! An explanation: the decision, every clause that applied with values, dates and citations, what nearly applied, what is missing.

use std::cmp::Ordering;
use std::fmt::Write as _;

use facts::{Case, Fact, FieldId, money_text};
use serde::Serialize;

use crate::cases::said;
use crate::epoch::{Epoch, Lens, View};
use crate::judge::{Decision, Judge, Outcome, Tri};
use crate::law::{ClauseId, ClauseKind, InstrumentId, Law, Rule, Version};
use crate::print::{term_sql, test_sql};
use crate::receipt::{pack_hash, receipt};
use crate::totals::Totals;
use crate::trace::{Met, trace};
use crate::tree::{Piece, Term, Test, facts_of};
use crate::ways::settle;

/// One gate's decision, explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The regime.
    pub regime: String,
    /// Its title.
    pub title: String,
    /// The day asked about.
    pub day: String,
    /// The first day on which the law was as it is on that day.
    pub law_from: Option<String>,
    /// The last.
    pub law_until: Option<String>,
    /// `practice` or `text`.
    pub view: &'static str,
    /// Only what was published by this day was used.
    pub known: Option<String>,
    /// Drafts laid over the regime.
    pub drafts: Vec<String>,
    /// The answer, with the exception's name.
    pub outcome: String,
    /// The mildest and strictest that stay open, where it is undetermined.
    pub between: Option<(String, String)>,
    /// The clause that decided.
    pub by: Option<String>,
    /// The review that gave the policy.
    pub review: Option<String>,
    /// Clauses that applied or may apply.
    pub reasons: Vec<Reason>,
    /// Comparisons that came out narrowly.
    pub near: Vec<NearMiss>,
    /// Conditions and quotas that the permission needs.
    pub needs: Vec<NeedLine>,
    /// Money due.
    pub fees: Vec<FeeLine>,
    /// Sentences for the person at the desk.
    pub notices: Vec<String>,
    /// Facts that would settle the case.
    pub missing: Vec<Missing>,
    /// Doubts about the law itself that stand in the way.
    pub doubts: Vec<String>,
    /// What each way of settling leads to.
    pub ways: Vec<WayLine>,
    /// Whether the ways cover everything.
    pub ways_exhaustive: bool,
    /// The facts that were used.
    pub facts: Vec<(String, String)>,
    /// SHA-256 of the regime's texts.
    pub pack: String,
    /// SHA-256 of everything that the decision rests on, and of the decision.
    pub receipt: String,
}

/// A clause that applied, or may.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Its id.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: &'static str,
    /// `true`, or `unknown`.
    pub holds: &'static str,
    /// The place in the law and the act.
    pub citation: String,
    /// First day of the version.
    pub from: String,
    /// How sure it is.
    pub confidence: &'static str,
    /// Its test, part by part.
    pub steps: Vec<Step>,
}

/// One part of a test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Depth in the test, from 0.
    pub depth: u8,
    /// What was asked, with the values.
    pub text: String,
    /// `true`, `false` or `unknown`.
    pub holds: &'static str,
}

/// A comparison that came out narrowly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearMiss {
    /// The clause.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// The comparison, with its values.
    pub text: String,
    /// By how much, in the comparison's unit.
    pub gap: f64,
    /// The same as a share of the limit.
    pub share: f64,
    /// The answer, had it come out otherwise; none where the answer stays.
    pub then: Option<String>,
}

/// Something needed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeedLine {
    /// The condition or quota.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// `met`, `open` or `failed`.
    pub status: &'static str,
    /// Who shows it.
    pub attested_by: String,
    /// The exception or review that needs it.
    pub of: String,
}

/// Money due.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeeLine {
    /// The fee clause.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// The amount; none where the base is not known.
    pub amount: Option<String>,
    /// Currency.
    pub currency: String,
    /// How it was reckoned.
    pub reckoned: String,
    /// Who receives it.
    pub payee: String,
    /// What it is in law.
    pub legal_form: &'static str,
    /// Whether it surely applies.
    pub certain: bool,
}

/// A fact that is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    /// Its name.
    pub field: String,
    /// What it means.
    pub meaning: String,
    /// Where the meaning comes from.
    pub source: String,
}

/// A way that missing facts could turn out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WayLine {
    /// What would be so.
    pub given: Vec<String>,
    /// The answer then.
    pub outcome: String,
    /// The clause that would decide.
    pub by: Option<String>,
}

/// How near a failed comparison must be to be worth telling, as a share of the limit.
const NEAR: f64 = 0.25;

/// Decides one case at one gate and says why.
pub fn explain(law: &Law, epoch: &Epoch, lens: &Lens, case: &Case, totals: &Totals) -> Explanation {
    let traced = trace(law, epoch, case, totals);
    let decision = &traced.decision;
    let undetermined = decision.outcome == Outcome::Undetermined;
    let settlement = undetermined.then(|| settle(law, epoch, case, totals));
    let name = |id: ClauseId| law.clause(id).id.clone();
    let reasons = reasons(law, epoch, case, &traced.met);
    let pack = pack_hash(law);
    let receipt = receipt(law, pack, lens, case, decision);
    Explanation {
        regime: law.id.clone(),
        title: law.title.clone(),
        day: case.day.to_string(),
        law_from: (epoch.from != facts::Date::MIN).then(|| epoch.from.to_string()),
        law_until: epoch.until.map(|d| d.to_string()),
        view: if lens.view == View::Text { "text" } else { "practice" },
        known: lens.known.map(|d| d.to_string()),
        drafts: law.overlaid.clone(),
        outcome: said(law, decision),
        between: undetermined.then(|| (decision.mildest.to_string(), decision.strictest.to_string())),
        by: decision.by.map(name),
        review: decision.review.map(name),
        near: near_misses(law, epoch, case, totals),
        needs: decision.needs.iter().map(|n| need(law, epoch, *n)).collect(),
        fees: decision.fees.iter().filter_map(|f| fee(law, epoch, case, totals, f)).collect(),
        notices: notices(law, epoch, case, &traced.met, decision),
        missing: settlement.iter().flat_map(|s| &s.missing).map(|id| missing(law, *id)).collect(),
        doubts: settlement.iter().flat_map(|s| s.doubts.clone()).collect(),
        ways: settlement
            .iter()
            .flat_map(|s| &s.ways)
            .map(|w| WayLine { given: w.given.clone(), outcome: w.outcome.to_string(), by: w.by.map(name) })
            .collect(),
        ways_exhaustive: settlement.as_ref().is_none_or(|s| s.exhaustive),
        facts: used(law, epoch, case),
        reasons,
        pack: pack.to_owned(),
        receipt,
    }
}

fn tri(holds: Tri) -> &'static str {
    match holds {
        Tri::True => "true",
        Tri::Unknown => "unknown",
        Tri::False => "false",
    }
}

/// The act and the place in the law that a version rests on.
pub(crate) fn citation(law: &Law, version: &Version) -> String {
    let act = &law.instrument(version.by).citation;
    match version.cite.as_str() {
        "" => act.clone(),
        cite if cite == act => act.clone(),
        cite => format!("{cite}; {act}"),
    }
}

fn reasons(law: &Law, epoch: &Epoch, case: &Case, met: &[Met<'_>]) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for line in met {
        match line.test {
            None => {
                let Some((version, _)) = epoch.version(law, line.clause) else { continue };
                let clause = law.clause(line.clause);
                reasons.push(Reason {
                    clause: clause.id.clone(),
                    title: clause.title.clone(),
                    kind: clause.kind.word(),
                    holds: tri(line.holds),
                    citation: citation(law, version),
                    from: version.from.to_string(),
                    confidence: version.confidence.word(),
                    steps: Vec::new(),
                });
            }
            Some(test) => {
                let Some(reason) = reasons.last_mut() else { continue };
                let text = step(law, epoch, case, test, line.sides);
                reason.steps.push(Step { depth: line.depth - 1, text, holds: tri(line.holds) });
            }
        }
    }
    reasons
}

/// What a test asked, with the values that it met.
fn step(law: &Law, epoch: &Epoch, case: &Case, test: &Test, sides: (Option<f64>, Option<f64>)) -> String {
    let fact = |id: &FieldId| match case.fact(*id) {
        Fact::Unknown => "unknown".to_owned(),
        fact => law.dictionary.spell(*id, fact),
    };
    let name = |id: &FieldId| law.dictionary.field(*id).name.as_str();
    match test {
        Test::All(_) => "all of".to_owned(),
        Test::Any(_) => "any of".to_owned(),
        Test::Not(_) => "not".to_owned(),
        Test::Compare { op, left, right } => {
            let mut text = format!("{} {} {}", side(law, epoch, left, sides.0), op.sql(), side(law, epoch, right, sides.1));
            cite_values(law, epoch, [left, right], &mut text);
            text
        }
        Test::Fact(id) | Test::Absent(id) => format!("{} is {}", name(id), fact(id)),
        Test::Same(a, b) => format!("{} {} is {} {}", name(a), fact(a), name(b), fact(b)),
        Test::OneOf(id, words) => {
            let words: Vec<String> = words.iter().map(|w| law.dictionary.spell(*id, w)).collect();
            let join = if words.len() == 1 { "is" } else { "is one of" };
            format!("{} {} {join} {}", name(id), fact(id), words.join(", "))
        }
        Test::Member(id, group) => {
            let since = epoch
                .listed_by(law, *group)
                .map_or(String::new(), |(by, on)| format!(" ({}, from {on})", law.instrument(by).citation));
            format!("{} {} is in {}{since}", name(id), fact(id), law.group(*group).id)
        }
        Test::Holds(id, at) => format!("{} {} names {}", name(id), fact(id), law.dictionary.spell(*id, &Fact::Set(1 << at))),
        Test::Applies(id) => format!("{} {}", law.clause(*id).kind, law.clause(*id).id),
        Test::Is(yes) => yes.to_string(),
    }
}

fn side(law: &Law, epoch: &Epoch, term: &Term, value: Option<f64>) -> String {
    let name = term_sql(law, term);
    let exact = match term {
        Term::Value(id) => epoch.number(*id).map(|n| n.to_string()),
        Term::Number(_) => return name,
        _ => None,
    };
    match (exact, value) {
        (Some(n), _) => format!("{name} {n}"),
        (None, Some(v)) => format!("{name} {}", short(v)),
        (None, None) => format!("{name} unknown"),
    }
}

/// A double as people write it: at most six decimals, none at the end that say nothing.
pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cite_values(law: &Law, epoch: &Epoch, terms: [&Term; 2], text: &mut String) {
    let mut cited: Vec<String> = Vec::new();
    for term in terms {
        term.walk(&mut |piece| {
            if let Piece::Term(Term::Value(id)) = piece
                && let Some(entry) = epoch.entry(law, *id)
            {
                let unit = &law.value(*id).unit;
                let act = &law.instrument(entry.by).citation;
                let sure = entry.confidence.word();
                let unit = if unit.is_none() { String::new() } else { format!("{unit}; ") };
                cited.push(format!("{unit}{act}, from {}, {sure}", entry.from));
            }
        });
    }
    cited.dedup();
    if !cited.is_empty() {
        let _ = write!(text, " ({})", cited.join("; "));
    }
}

/// Comparisons of numbers that came out narrowly: had one come out otherwise, its clause would apply, or the answer change.
fn near_misses(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Vec<NearMiss> {
    let mut found = Vec::new();
    let mut judge = Judge::new(law, epoch, case, totals);
    let decision = judge.decide();
    let outcome = answer(law, &decision);
    for id in law.clause_ids().filter(|_| decision.in_scope) {
        let clause = law.clause(id);
        if matches!(clause.kind, ClauseKind::Condition | ClauseKind::Quota | ClauseKind::Quantity) {
            continue;
        }
        let Some(when) = epoch.version(law, id).and_then(|(v, _)| v.rule.when()) else { continue };
        let mut compares = Vec::new();
        when.walk(&mut |piece| {
            if let Piece::Test(test @ Test::Compare { .. }) = piece {
                compares.push(test);
            }
        });
        for test in compares {
            let Test::Compare { left, right, .. } = test else { continue };
            let sides = (judge.shown(left), judge.shown(right));
            let (Some(l), Some(r)) = sides else { continue };
            let gap = (l - r).abs();
            let share = gap / r.abs().max(f64::MIN_POSITIVE);
            if share > NEAR {
                continue;
            }
            let turn = || {
                let mut turned = Judge::new(law, epoch, case, totals);
                turned.flip = Some(std::ptr::from_ref(test));
                turned
            };
            let then = answer(law, &turn().decide());
            let applies = judge.applies(id) == Tri::False && turn().applies(id) == Tri::True;
            if then != outcome || applies {
                let text = step(law, epoch, case, test, sides);
                let then = (then != outcome).then_some(then);
                found.push(NearMiss { clause: clause.id.clone(), title: clause.title.clone(), text, gap, share, then });
            }
        }
    }
    found.sort_by(|a, b| {
        (b.then.is_some(), a.share)
            .partial_cmp(&(a.then.is_some(), b.share))
            .unwrap_or(Ordering::Equal)
            .then_with(|| a.clause.cmp(&b.clause))
    });
    found
}

/// The outcome, with the fees that are surely due.
fn answer(law: &Law, decision: &Decision) -> String {
    let fees: Vec<&str> = decision.fees.iter().filter(|f| f.certain).map(|f| law.clause(f.clause).id.as_str()).collect();
    let with = if fees.is_empty() { String::new() } else { format!(" with fee {}", fees.join(", ")) };
    format!("{}{with}", said(law, decision))
}

fn need(law: &Law, epoch: &Epoch, need: crate::judge::Need) -> NeedLine {
    let clause = law.clause(need.clause);
    let attested_by = match epoch.version(law, need.clause).map(|(v, _)| &v.rule) {
        Some(Rule::Condition { attested_by, .. }) => attested_by.clone(),
        _ => "running total".to_owned(),
    };
    NeedLine {
        clause: clause.id.clone(),
        title: clause.title.clone(),
        status: need.status.text(),
        attested_by,
        of: law.clause(need.of).id.clone(),
    }
}

fn fee(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals, due: &crate::judge::FeeDue) -> Option<FeeLine> {
    let clause = law.clause(due.clause);
    let (version, _) = epoch.version(law, due.clause)?;
    let Rule::Fee { base, rate, payee, legal_form, .. } = &version.rule else { return None };
    let mut judge = Judge::new(law, epoch, case, totals);
    let (b, r) = (judge.shown(base), judge.shown(rate));
    let mut reckoned = format!("{} × {}", side(law, epoch, rate, r), side(law, epoch, base, b));
    cite_values(law, epoch, [rate, base], &mut reckoned);
    Some(FeeLine {
        clause: clause.id.clone(),
        title: clause.title.clone(),
        amount: due.minor.map(money_text),
        currency: law.currency.clone(),
        reckoned,
        payee: payee.clone(),
        legal_form: legal_form.word(),
        certain: due.certain,
    })
}

fn notices(law: &Law, epoch: &Epoch, case: &Case, met: &[Met<'_>], decision: &Decision) -> Vec<String> {
    let mut notices = Vec::new();
    for line in met.iter().filter(|l| l.test.is_none() && l.holds == Tri::True) {
        if let Some((version, _)) = epoch.version(law, line.clause)
            && !version.notice.is_empty()
        {
            notices.push(format!("{}: {}", law.clause(line.clause).id, version.notice));
        }
    }
    notices.extend(decision.notice(law, epoch, case.day));
    notices
}

fn missing(law: &Law, id: FieldId) -> Missing {
    let field = law.dictionary.field(id);
    Missing { field: field.name.clone(), meaning: field.meaning.clone(), source: field.source.clone() }
}

/// The known facts that some clause in force asks about.
fn used(law: &Law, epoch: &Epoch, case: &Case) -> Vec<(String, String)> {
    let mut asked: Vec<FieldId> = Vec::new();
    let mut meet = |piece: Piece<'_>| facts_of(piece, &mut asked);
    law.scope.walk(&mut meet);
    for id in law.clause_ids() {
        if let Some((version, _)) = epoch.version(law, id) {
            let (tests, terms) = version.rule.parts();
            tests.into_iter().for_each(|t| t.walk(&mut meet));
            terms.into_iter().for_each(|t| t.walk(&mut meet));
        }
    }
    case.known()
        .filter(|(id, _)| asked.contains(id))
        .map(|(id, fact)| {
            let field = law.dictionary.field(id);
            let unit = if field.unit.is_none() { String::new() } else { format!(" {}", field.unit) };
            (field.name.clone(), format!("{}{unit}", law.dictionary.spell(id, fact)))
        })
        .collect()
}

/// A clause of a regime as people read it: its versions, tests and citations.
pub fn clause_text(law: &Law, id: ClauseId) -> String {
    let clause = law.clause(id);
    let mut text = format!("{}  {}\n{} · {}\n\n{}\n", clause.id, clause.title, clause.kind, clause.path, clause.prose);
    for version in &clause.versions {
        let until = version.until.map_or("open".to_owned(), |u| u.to_string());
        let ended =
            version.ended_by.map_or(String::new(), |by: InstrumentId| format!(", ended by {}", law.instrument(by).citation));
        let _ = write!(
            text,
            "\nfrom {} until {until}{ended} · {} · confidence {}\n",
            version.from,
            citation(law, version),
            version.confidence
        );
        let (tests, terms) = version.rule.parts();
        for test in tests {
            let _ = writeln!(text, "  {}", test_sql(law, test));
        }
        for term in terms {
            let _ = writeln!(text, "  {}", term_sql(law, term));
        }
    }
    text
}

impl Law {
    /// The act and the place in the law of a clause, on the days of an epoch.
    pub fn citation_on(&self, epoch: &Epoch, id: ClauseId) -> Option<String> {
        epoch.version(self, id).map(|(version, _)| citation(self, version))
    }

    /// Who receives a fee and what it is in law, on the days of an epoch.
    pub fn fee_terms(&self, epoch: &Epoch, id: ClauseId) -> Option<(String, &'static str)> {
        match &epoch.version(self, id)?.0.rule {
            Rule::Fee { payee, legal_form, .. } => Some((payee.clone(), legal_form.word())),
            _ => None,
        }
    }
}

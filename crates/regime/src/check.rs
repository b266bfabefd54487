//! The checker: everything wrong with a regime that can be found before anybody relies on it.

use std::collections::HashSet;
use std::sync::Arc;

use facts::{Case, Date, Problem, Severity};

use crate::cases;
use crate::cells::reached;
use crate::corridor::Library;
use crate::epoch::{Epoch, Lens, View};
use crate::judge::Tri;
use crate::law::{ClauseId, ClauseKind, Law, Policy, Rule};
use crate::tree::{Piece, Term, Test};
use crate::witness::witness;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// Everything wrong, errors and warnings, in order of file and line.
    pub problems: Vec<Problem>,
    /// How many regimes were read.
    pub regimes: usize,
    /// How many drafts were laid over them, one at a time.
    pub drafts: usize,
    /// Clauses, drafts' own included.
    pub clauses: usize,
    /// Instruments, drafts' own included.
    pub instruments: usize,
    /// Cases on the pages that were run.
    pub cases: usize,
    /// Parts in the catalogue.
    pub chips: usize,
}

impl CheckReport {
    /// How many problems are errors.
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|p| p.severity == Severity::Error).count()
    }
}

/// Checks a whole pack: dictionary, catalogue, every regime, every draft laid over its regime. `step` is told each regime and
/// draft before it is checked.
pub fn check(pack: std::sync::Arc<facts::Pack>, step: &mut dyn FnMut(&str)) -> CheckReport {
    let mut problems = Vec::new();
    let library = Library::open(pack, &mut problems);
    let mut report = CheckReport { chips: library.catalogue.chips.len(), ..CheckReport::default() };
    for id in &library.regimes {
        step(id);
        report.regimes += 1;
        let mut found = Vec::new();
        if let Some(law) = library.law(id, &[], &mut found) {
            report.clauses += law.clauses.len();
            report.instruments += law.instruments.len();
            if found.iter().all(|p| p.severity != Severity::Error) {
                examine(&law, None, &mut found);
                report.cases += run_cases(&library, &law, &mut found);
            }
        }
        problems.append(&mut found);
        for draft in library.draft_names(std::slice::from_ref(id)) {
            step(&format!("{id} with {draft}"));
            report.drafts += 1;
            check_draft(&library, id, draft, &mut report, &mut problems);
        }
    }
    problems.sort_by(|a, b| (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message)));
    problems.dedup();
    report.problems = problems;
    report
}

fn check_draft(library: &Library, id: &str, draft: String, report: &mut CheckReport, problems: &mut Vec<Problem>) {
    let mut found = Vec::new();
    if let Some(law) = library.law(id, std::slice::from_ref(&draft), &mut found) {
        report.clauses += law.clauses.iter().filter(|c| c.draft.is_some()).count();
        report.instruments += law.instruments.iter().filter(|i| i.draft).count();
        if found.iter().all(|p| p.severity != Severity::Error) {
            // The regime's own pages were examined without the draft.
            examine(&law, Some(&draft), &mut found);
            report.cases += run_cases(library, &law, &mut found);
        }
    }
    problems.append(&mut found);
}

fn run_cases(library: &Library, law: &Law, problems: &mut Vec<Problem>) -> usize {
    let with_draft = |draft: &str| {
        let mut quiet = Vec::new();
        let law = library.law(&law.id, &[draft.to_owned()], &mut quiet)?;
        quiet.iter().all(|p| p.severity != Severity::Error).then_some(law)
    };
    let mut report = cases::run(law, &library.catalogue, &with_draft);
    problems.append(&mut report.problems);
    report.ran
}

/// What a law that reads well may still have wrong; with a draft named, only what that draft brought.
fn examine(law: &Law, draft: Option<&str>, problems: &mut Vec<Problem>) {
    let first = problems.len();
    versions(law, problems);
    let epochs = law.epochs(&Lens { view: View::Text, known: None });
    values_in_force(law, &epochs, problems);
    needs(law, problems);
    unused(law, problems);
    if let Some(draft) = draft {
        let folder = format!("/drafts/{draft}/");
        let own: Vec<Problem> = problems.drain(first..).filter(|p| p.file.contains(&folder)).collect();
        problems.extend(own);
    }
    reach(law, draft, &epochs, problems);
    contradictions(law, draft, &epochs, problems);
}

/// Versions of a clause must not overlap, and a gap needs a reason.
fn versions(law: &Law, problems: &mut Vec<Problem>) {
    for clause in &law.clauses {
        for pair in clause.versions.windows(2) {
            let [a, b] = pair else { continue };
            let Some(until) = a.until.filter(|u| *u < b.from) else {
                let ends = b.from.yesterday().unwrap_or(b.from);
                problems.push(
                    law.problem(&b.at, format!("two versions of `{}` hold on {}", clause.id, b.from))
                        .hint(format!("end the earlier one with `until = {ends}`")),
                );
                continue;
            };
            if until.tomorrow().is_ok_and(|next| next < b.from) && b.after_gap.is_none() {
                problems.push(
                    law.problem(
                        &b.at,
                        format!(
                            "`{}` is not in force from {} to {}",
                            clause.id,
                            until.tomorrow().unwrap_or(until),
                            b.from.yesterday().unwrap_or(b.from)
                        ),
                    )
                    .hint("say why with `after_gap`, or move the dates"),
                );
            }
        }
    }
}

/// A value that a version uses must have a number on every day that the version is in force.
fn values_in_force(law: &Law, epochs: &[Epoch], problems: &mut Vec<Problem>) {
    let mut told = Vec::new();
    for epoch in epochs {
        for id in law.clause_ids() {
            let Some((version, _)) = epoch.version(law, id) else { continue };
            each_term(&version.rule, &mut |term| {
                if let Term::Value(value) = term
                    && epoch.number(*value).is_none()
                    && !told.contains(&(id, *value))
                {
                    told.push((id, *value));
                    let value = law.value(*value);
                    problems.push(
                        law.problem(
                            &value.at,
                            format!(
                                "`{}` has no number on {}, when `{}` needs it",
                                value.name,
                                day(epoch.from),
                                law.clause(id).id
                            ),
                        )
                        .hint("begin the value with the clause, or end the clause with it"),
                    );
                }
            });
        }
    }
}

fn day(date: Date) -> String {
    if date == Date::MIN { "the first day".to_owned() } else { date.to_string() }
}

fn each_term<'a>(rule: &'a Rule, meet: &mut dyn FnMut(&'a Term)) {
    let (tests, terms) = rule.parts();
    let mut on = |piece: Piece<'a>| {
        if let Piece::Term(term) = piece {
            meet(term);
        }
    };
    tests.into_iter().for_each(|t| t.walk(&mut on));
    terms.into_iter().for_each(|t| t.walk(&mut on));
}

/// A condition that nothing needs would be met or failed without consequence.
fn needs(law: &Law, problems: &mut Vec<Problem>) {
    let needed = |id: ClauseId| law.clauses.iter().flat_map(|c| &c.versions).any(|v| v.rule.needs().contains(&id));
    for id in law.clause_ids() {
        let clause = law.clause(id);
        if clause.kind == ClauseKind::Condition && !needed(id) {
            problems.push(
                law.problem(&clause.heading, format!("no exception or review needs `{}`", clause.id))
                    .hint("name it in the `needs` of one"),
            );
        }
    }
}

/// Values and groups that no rule uses: warnings.
fn unused(law: &Law, problems: &mut Vec<Problem>) {
    let mut values = vec![false; law.values.len()];
    let mut groups = vec![false; law.groups.len()];
    let mut mark = |piece: Piece<'_>| match piece {
        Piece::Term(Term::Value(id)) => {
            if let Some(used) = values.get_mut(id.0 as usize) {
                *used = true;
            }
        }
        Piece::Test(Test::Member(_, id)) => {
            if let Some(used) = groups.get_mut(id.0 as usize) {
                *used = true;
            }
        }
        _ => {}
    };
    law.scope.walk(&mut mark);
    for version in law.clauses.iter().flat_map(|c| &c.versions) {
        let (tests, terms) = version.rule.parts();
        tests.iter().for_each(|t| t.walk(&mut mark));
        terms.iter().for_each(|t| t.walk(&mut mark));
    }
    for (value, _) in law.values.iter().zip(&values).filter(|(_, used)| !**used) {
        problems.push(law.problem(&value.at, format!("no rule uses `{}`", value.name)).hint("drop it, or use it").warning());
    }
    for (group, _) in law.groups.iter().zip(&groups).filter(|(_, used)| !**used) {
        problems
            .push(law.problem(&group.at, format!("no rule asks about group `{}`", group.id)).hint("drop it, or ask").warning());
    }
}

/// Every version must apply to some case on some day.
fn reach(law: &Law, draft: Option<&str>, epochs: &[Epoch], problems: &mut Vec<Problem>) {
    for id in law.clause_ids() {
        let clause = law.clause(id);
        for (at, version) in clause.versions.iter().enumerate().filter(|(_, v)| v.draft.as_deref() == draft) {
            let Some(when) = version.rule.when() else { continue };
            let mut unsure = false;
            let mut alive = false;
            let mut asked: HashSet<Vec<u32>> = HashSet::new();
            for epoch in epochs.iter().filter(|e| e.version(law, id).is_some_and(|(v, _)| std::ptr::eq(v, version))) {
                let start = Case::new(&law.dictionary, epoch.until.unwrap_or(epoch.from.max(version.from)));
                // A clause in doubt still says something: ask its own test.
                let want = |judge: &mut crate::judge::Judge<'_>| judge.test(when);
                let settled = settle_doubts(epoch);
                if !asked.insert(settled.mark(law, &reached(law, &settled, &[id]))) {
                    continue;
                }
                match witness(law, &settled, &start, &want, &[id]) {
                    Ok(Some(_)) => alive = true,
                    Ok(None) => {}
                    Err(()) => unsure = true,
                }
                if alive {
                    break;
                }
            }
            if !alive && !unsure {
                let which = if clause.versions.len() > 1 {
                    format!("version {} of `{}`", at + 1, clause.id)
                } else {
                    format!("`{}`", clause.id)
                };
                problems.push(
                    law.problem(&version.at, format!("{which} can never apply"))
                        .hint("no part, place, party or use satisfies its test on any day that it is in force"),
                );
            }
        }
    }
}

/// An epoch with every doubt taken as not suspended, for asking what its clauses say.
fn settle_doubts(epoch: &Epoch) -> Epoch {
    let mut settled = epoch.clone();
    while let Some(next) = settled.settled(0, false) {
        settled = Arc::unwrap_or_clone(next);
    }
    settled
}

/// Two reviews of one requirement that both apply and disagree, where neither overrides the other.
fn contradictions(law: &Law, draft: Option<&str>, epochs: &[Epoch], problems: &mut Vec<Problem>) {
    let mut told: Vec<(ClauseId, ClauseId)> = Vec::new();
    let mut asked: HashSet<(ClauseId, ClauseId, ClauseId, Vec<u32>)> = HashSet::new();
    for epoch in epochs {
        let epoch = settle_doubts(epoch);
        for requirement in &law.tables.requirements {
            if epoch.version(law, *requirement).is_none() {
                continue;
            }
            let reviews: Vec<(ClauseId, Policy)> = law
                .tables
                .reviewed_by
                .get(requirement.0 as usize)
                .into_iter()
                .flatten()
                .filter_map(|id| match epoch.version(law, *id)?.0 {
                    crate::law::Version { rule: Rule::Review { of, policy, .. }, .. } if of.contains(requirement) => {
                        Some((*id, *policy))
                    }
                    _ => None,
                })
                .collect();
            let own = |id: ClauseId| draft.is_none() || law.clause(id).versions.iter().any(|v| v.draft.as_deref() == draft);
            for (i, (a, pa)) in reviews.iter().enumerate() {
                for (b, pb) in reviews.iter().skip(i + 1).filter(|(_, p)| p != pa) {
                    if !own(*a) && !own(*b) && !own(*requirement) {
                        continue;
                    }
                    let concerned = reached(law, &epoch, &[*a, *b, *requirement]);
                    if told.contains(&(*a, *b)) || !asked.insert((*a, *b, *requirement, epoch.mark(law, &concerned))) {
                        continue;
                    }
                    let start = Case::new(
                        &law.dictionary,
                        epoch.from.max(law.clause(*requirement).versions.first().map_or(epoch.from, |v| v.from)),
                    );
                    let want = |judge: &mut crate::judge::Judge<'_>| {
                        let both = judge.applies(*a).and(judge.applies(*b));
                        if both == Tri::False { Tri::False } else { both.and(judge.applies(*requirement)) }
                    };
                    if let Ok(Some(case)) = witness(law, &epoch, &start, &want, &[*a, *b, *requirement]) {
                        told.push((*a, *b));
                        let (first, second) = (law.clause(*a), law.clause(*b));
                        let facts: Vec<String> = case
                            .known()
                            .map(|(f, v)| format!("{} = {}", law.dictionary.field(f).name, law.dictionary.spell(f, v)))
                            .collect();
                        problems.push(
                            law.problem(
                                &second.heading,
                                format!(
                                    "`{}` says {pb} where `{}` says {pa}, of `{}`",
                                    second.id,
                                    first.id,
                                    law.clause(*requirement).id
                                ),
                            )
                            .hint(format!(
                                "on {} with {}: let one `overrides` the other",
                                day(case.day),
                                facts.join(", ")
                            )),
                        );
                    }
                }
            }
        }
    }
}

//! What an epoch asks of a case, for whoever decides many cases at once: cases whose answers fall into the same classes are decided
//! alike, but for amounts of money and for running totals.

use facts::{Case, Exact, FieldId};

use crate::compile::sources;
use crate::epoch::Epoch;
use crate::judge::{Judge, Tri};
use crate::law::{ClauseId, Law, Rule, Version};
use crate::program::{Matter, Source};
use crate::totals::Totals;
use crate::tree::{Piece, Term, Test, facts_of};

/// Everything that an epoch asks.
#[derive(Clone, Debug)]
pub struct Questions {
    /// The questions, each asked once.
    pub list: Vec<Asked>,
}

/// Something that a case is asked once. What it may answer has a code each, and answers that make no difference share a class.
#[derive(Clone, Debug)]
pub struct Asked {
    source: Source,
    fields: Vec<FieldId>,
    classes: Vec<u16>,
}

impl Questions {
    /// What an epoch asks so as to decide, and to know whether a quota counts a case; with `every`, so as to know of any clause
    /// whether it applies as well. None where the law is too large to be told in classes.
    pub fn of(law: &Law, epoch: &Epoch, every: bool) -> Option<Questions> {
        let list = sources(law, epoch, every)?
            .into_iter()
            .filter(|(source, _)| !matches!(source, Source::Quota(_)))
            .map(|(source, columns)| {
                let codes = columns.iter().map(|column| column.len()).max().unwrap_or(0);
                let row = |code: usize| -> Vec<Option<&Tri>> { columns.iter().map(|column| column.get(code)).collect() };
                let rows: Vec<Vec<Option<&Tri>>> = (0..codes).map(row).collect();
                let mut seen: Vec<&Vec<Option<&Tri>>> = Vec::new();
                let classes = rows.iter().map(|row| {
                    let at = seen.iter().position(|s| *s == row);
                    at.unwrap_or_else(|| {
                        seen.push(row);
                        seen.len() - 1
                    }) as u16
                });
                Asked { classes: classes.collect(), fields: behind(law, &source), source }
            })
            .collect();
        Some(Questions { list })
    }
}

impl Asked {
    /// The facts that the answer turns on.
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// Where the question is how a number stands among bounds: the number, and the bounds from the least to the greatest.
    pub fn bounds(&self) -> Option<(&Term, &[Exact])> {
        if let Source::Number(ladder) = &self.source { Some((&ladder.term, &ladder.bounds)) } else { None }
    }

    /// Whether the answer only turns on whether the fact is known, or known to be absent, if it is a number.
    pub fn is_of_presence(&self) -> bool {
        matches!(self.source, Source::Fact(_))
    }

    /// The class of a code. The codes of a number: 0 unknown, 1 absent, 2 below the first bound, 3 on it, 4 above it and below the
    /// second, and so on.
    pub fn class_of(&self, code: u16) -> u16 {
        self.classes.get(usize::from(code)).or(self.classes.last()).copied().unwrap_or(0)
    }

    /// How many classes there are.
    pub fn classes(&self) -> u16 {
        self.classes.iter().max().map_or(1, |most| most + 1)
    }

    /// The class of a case, as the judge of one case finds it: exactly. Only [`Asked::fields`] of the case matter.
    pub fn class(&self, law: &Law, epoch: &Epoch, case: &Case) -> u16 {
        self.class_of(self.source.code(Matter { law, epoch, case, totals: &Totals::default() }))
    }
}

/// The facts that a source turns on; every fact that the law asks about where it turns on clauses.
pub(crate) fn behind(law: &Law, source: &Source) -> Vec<FieldId> {
    let mut found = Vec::new();
    match source {
        Source::Fact(id) | Source::Word(id, _) | Source::Name(id, _) => found.push(*id),
        Source::Number(ladder) => gather(law, &mut found, |meet| ladder.term.walk(meet)),
        Source::Test(test) => gather(law, &mut found, |meet| test.walk(meet)),
        Source::Quota(_) => {}
    }
    found
}

fn gather(law: &Law, found: &mut Vec<FieldId>, walk: impl FnOnce(&mut dyn FnMut(Piece<'_>))) {
    let mut clauses = false;
    walk(&mut |piece| {
        facts_of(piece, found);
        clauses |= matches!(piece, Piece::Test(Test::Applies(_)) | Piece::Term(Term::Quantity(_)));
    });
    if clauses {
        found.extend(law.asked());
    }
    found.sort();
    found.dedup();
}

/// Whether a test or an amount of an epoch turns on a running total itself, so that no class tells how it comes out.
pub fn turns_on_totals(law: &Law, epoch: &Epoch) -> bool {
    let mut totals = false;
    for (version, _) in law.clause_ids().filter_map(|id| epoch.version(law, id)) {
        let (tests, terms) = version.rule.parts();
        let mut meet = |piece: Piece<'_>| totals |= matches!(piece, Piece::Term(Term::Total(_)));
        tests.into_iter().for_each(|test| test.walk(&mut meet));
        terms.into_iter().for_each(|term| term.walk(&mut meet));
    }
    totals
}

/// Whether running totals may matter to a case, or the case to them: some quota counts it, or may, or a
/// test turns on a total.
pub fn counted(law: &Law, epoch: &Epoch, case: &Case) -> bool {
    let totals = Totals::default();
    let mut judge = Judge::new(law, epoch, case, &totals);
    law.tables.quotas.iter().any(|quota| match epoch.version(law, *quota) {
        Some((Version { rule: Rule::Quota { counts, .. }, .. }, _)) => judge.test(counts) != Tri::False,
        _ => false,
    })
}

/// The clauses that surely apply to a case, in order of page: conditions and quotas where they concern it. A quantity has no test.
pub fn applying(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Vec<ClauseId> {
    let mut judge = Judge::new(law, epoch, case, totals);
    let tested = |id: &ClauseId| epoch.version(law, *id).is_some_and(|(version, _)| version.rule.when().is_some());
    law.clause_ids().filter(tested).filter(|id| judge.applies(*id) == Tri::True).collect()
}

/// The facts that a fee's amount turns on.
pub fn fee_facts(law: &Law, epoch: &Epoch, fee: ClauseId) -> Vec<FieldId> {
    let mut found = Vec::new();
    if let Some((Version { rule: Rule::Fee { base, rate, .. }, .. }, _)) = epoch.version(law, fee) {
        gather(law, &mut found, |meet| {
            base.walk(meet);
            rate.walk(meet);
        });
    }
    found
}

/// A fee in minor units of the regime's currency; none where a fact that it turns on is missing, or where it is no fee. Whether it
/// is due is not asked.
pub fn fee(law: &Law, epoch: &Epoch, fee: ClauseId, case: &Case, totals: &Totals) -> Option<i64> {
    match epoch.version(law, fee) {
        Some((Version { rule: Rule::Fee { base, rate, .. }, .. }, _)) => Judge::new(law, epoch, case, totals).due(base, rate),
        _ => None,
    }
}

//! What the pages are to each other: who overrides, lifts, judges whom, and whether any depends on itself.

use std::collections::BTreeMap;

use facts::FieldId;

use crate::law::{ClauseId, ClauseKind, Law, Rule, Tables};
use crate::tree::{Piece, Term, facts_of};

/// Tells every clause who may override it.
pub(super) fn overridden(law: &mut Law) {
    let mut by: BTreeMap<ClauseId, Vec<ClauseId>> = BTreeMap::new();
    for id in law.clause_ids() {
        for version in &law.clause(id).versions {
            for gives_way in &version.overrides {
                let list = by.entry(*gives_way).or_default();
                if !list.contains(&id) {
                    list.push(id);
                }
            }
        }
    }
    for (id, list) in by {
        if let Some(clause) = law.clauses.get_mut(id.0 as usize) {
            clause.overridden_by = list;
        }
    }
}

pub(super) fn tables(law: &Law) -> Tables {
    let of = |kind: ClauseKind| law.clause_ids().filter(|c| law.clause(*c).kind == kind).collect::<Vec<_>>();
    let mut tables = Tables {
        requirements: of(ClauseKind::Requirement),
        prohibitions: of(ClauseKind::Prohibition),
        fees: of(ClauseKind::Fee),
        quotas: of(ClauseKind::Quota),
        lifted_by: vec![Vec::new(); law.clauses.len()],
        reviewed_by: vec![Vec::new(); law.clauses.len()],
        asked: asked(law),
        rests_on: law.clause_ids().map(|id| rests_on(law, id)).collect(),
    };
    for id in law.clause_ids() {
        for version in &law.clause(id).versions {
            let (list, targets) = match &version.rule {
                Rule::Exception { lifts, .. } => (&mut tables.lifted_by, lifts),
                Rule::Review { of, .. } => (&mut tables.reviewed_by, of),
                _ => continue,
            };
            for target in targets {
                if let Some(list) = list.get_mut(target.0 as usize)
                    && !list.contains(&id)
                {
                    list.push(id);
                }
            }
        }
    }
    tables
}

/// The facts that tests ask about, by way of quantities too.
fn asked(law: &Law) -> Vec<FieldId> {
    let mut found = Vec::new();
    let mut meet = |piece: Piece<'_>| facts_of(piece, &mut found);
    law.scope.walk(&mut meet);
    for version in law.clauses.iter().flat_map(|c| &c.versions) {
        let (tests, terms) = version.rule.parts();
        tests.into_iter().for_each(|t| t.walk(&mut meet));
        // What a fee or a quota measures is no question; a quantity's facts are asked where a test names it.
        if matches!(version.rule, Rule::Quantity { .. }) {
            terms.into_iter().for_each(|t| t.walk(&mut meet));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The clauses whose answers a clause's test asks for, all the way down; there are no circles by now.
fn rests_on(law: &Law, id: ClauseId) -> Vec<ClauseId> {
    let mut found = Vec::new();
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        let mut named = Vec::new();
        for when in law.clause(id).versions.iter().filter_map(|v| v.rule.when()) {
            when.clauses(&mut named);
        }
        for other in named {
            if !found.contains(&other) {
                found.push(other);
                next.push(other);
            }
        }
    }
    found.sort();
    found
}

/// The most clauses that may hang on one another in a row.
const LONGEST_CHAIN: usize = 64;
/// The most parts that a quantity may unfold to, the quantities that it names included.
const MOST_PARTS: usize = 10_000;

/// What is wrong with how clauses hang on one another.
pub(super) enum Tangle {
    /// A clause depends on itself, by way of the clauses between.
    Circle(Vec<ClauseId>),
    /// Too many clauses in a row.
    Chain(ClauseId),
    /// A quantity unfolds to too many parts.
    Growth(ClauseId),
}

impl Tangle {
    /// The clause to point at, what is wrong, and a hint.
    pub(super) fn told(&self, law: &Law) -> (ClauseId, String, String) {
        let name = |id: &ClauseId| law.clause(*id).id.as_str();
        match self {
            Tangle::Circle(circle) => {
                let names: Vec<&str> = circle.iter().take(12).map(name).collect();
                let first = circle.first().copied().unwrap_or(ClauseId(0));
                (first, format!("`{}` depends on itself", name(&first)), format!("by way of {}", names.join(" → ")))
            }
            Tangle::Chain(id) => (
                *id,
                format!("`{}` hangs on more than {LONGEST_CHAIN} clauses in a row", name(id)),
                "say more on fewer pages".to_owned(),
            ),
            Tangle::Growth(id) => (
                *id,
                format!("`{}` unfolds to more than {MOST_PARTS} parts", name(id)),
                "do not name a quantity twice in another".to_owned(),
            ),
        }
    }
}

/// The first thing wrong with how clauses hang on one another.
pub(super) fn tangle(law: &Law) -> Option<Tangle> {
    let mut walk = Walk { law, done: vec![None; law.clauses.len()], path: Vec::new() };
    law.clause_ids().find_map(|id| walk.visit(id).err())
}

struct Walk<'a> {
    law: &'a Law,
    /// By clause, once it is done: how long a chain hangs from it, and to how many parts it unfolds.
    done: Vec<Option<(usize, usize)>>,
    path: Vec<ClauseId>,
}

impl Walk<'_> {
    fn visit(&mut self, id: ClauseId) -> Result<(usize, usize), Tangle> {
        let at = id.0 as usize;
        if let Some(done) = self.done.get(at).copied().flatten() {
            return Ok(done);
        }
        if let Some(start) = self.path.iter().position(|p| *p == id) {
            let mut circle = self.path.get(start..).unwrap_or_default().to_vec();
            circle.push(id);
            return Err(Tangle::Circle(circle));
        }
        if self.path.len() > LONGEST_CHAIN {
            return Err(Tangle::Chain(self.path.first().copied().unwrap_or(id)));
        }
        self.path.push(id);
        let law = self.law;
        let (mut chain, mut parts) = (0usize, 0usize);
        let mut others: Vec<ClauseId> = law.clause(id).overridden_by.clone();
        for version in &law.clause(id).versions {
            let (tests, terms) = version.rule.parts();
            let mut quantities = Vec::new();
            let mut count = |piece: Piece<'_>| {
                parts += 1;
                if let Piece::Term(Term::Quantity(id)) = piece {
                    quantities.push(*id);
                }
            };
            tests.iter().for_each(|t| t.walk(&mut count));
            terms.iter().for_each(|t| t.walk(&mut count));
            for quantity in quantities {
                let (_, unfolded) = self.visit(quantity)?;
                parts = parts.saturating_add(unfolded);
            }
            tests.iter().for_each(|t| t.clauses(&mut others));
            terms.iter().for_each(|t| t.clauses(&mut others));
            others.extend(version.rule.needs());
        }
        for other in others {
            chain = chain.max(self.visit(other)?.0 + 1);
        }
        if chain > LONGEST_CHAIN {
            return Err(Tangle::Chain(id));
        }
        if parts > MOST_PARTS && law.clause(id).kind == ClauseKind::Quantity {
            return Err(Tangle::Growth(id));
        }
        self.path.pop();
        if let Some(done) = self.done.get_mut(at) {
            *done = Some((chain, parts));
        }
        Ok((chain, parts))
    }
}

//! What the pages are to each other: who overrides, lifts, judges whom, and whether any depends on itself.

use std::collections::BTreeMap;

use facts::FieldId;

use crate::expr::{Piece, Term, Test};
use crate::law::{ClauseId, ClauseKind, Law, Rule, Tables};

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
    let mut meet = |piece: Piece<'_>| match piece {
        Piece::Test(Test::Fact(id) | Test::OneOf(id, _) | Test::Member(id, _) | Test::Holds(id, _) | Test::Absent(id))
        | Piece::Term(Term::Fact(id)) => found.push(*id),
        Piece::Test(Test::Same(a, b)) => found.extend([*a, *b]),
        _ => {}
    };
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

/// A clause that depends on itself, by way of the clauses between.
pub(super) fn cycle(law: &Law) -> Option<Vec<ClauseId>> {
    let mut state = vec![0u8; law.clauses.len()];
    let mut path = Vec::new();
    law.clause_ids().find_map(|id| visit(law, id, &mut state, &mut path))
}

pub(super) fn visit(law: &Law, id: ClauseId, state: &mut [u8], path: &mut Vec<ClauseId>) -> Option<Vec<ClauseId>> {
    let at = id.0 as usize;
    match state.get(at).copied().unwrap_or(2) {
        2 => return None,
        1 => {
            let start = path.iter().position(|p| *p == id).unwrap_or(0);
            let mut cycle = path.get(start..).unwrap_or_default().to_vec();
            cycle.push(id);
            return Some(cycle);
        }
        _ => {}
    }
    if let Some(s) = state.get_mut(at) {
        *s = 1;
    }
    path.push(id);
    let mut next: Vec<ClauseId> = law.clause(id).overridden_by.clone();
    for version in &law.clause(id).versions {
        let (tests, terms) = version.rule.parts();
        tests.iter().for_each(|t| t.clauses(&mut next));
        terms.iter().for_each(|t| t.clauses(&mut next));
        next.extend(version.rule.needs());
    }
    for other in next {
        if let Some(cycle) = visit(law, other, state, path) {
            return Some(cycle);
        }
    }
    path.pop();
    if let Some(s) = state.get_mut(at) {
        *s = 2;
    }
    None
}

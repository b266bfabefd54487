//! Names that are nearly one that a rule asks for: what is bound by name must not get free by a slip of the pen.

use std::collections::BTreeMap;
use std::sync::Arc;

use facts::{Case, Catalogue, Dictionary, Fact, FieldId, Near};

use crate::law::{GroupId, Law};
use crate::tree::{Piece, Test};

/// By fact, the names that some rule asks for and how a text may miss them.
#[derive(Clone, Debug, Default)]
pub struct NearNames {
    fields: Vec<(FieldId, Near)>,
}

impl NearNames {
    /// Of all rules of some laws, on whatever day. Parts, families and vendors of the catalogue are nobody else's misspelling.
    pub fn of(laws: &[Law], dictionary: &Dictionary, catalogue: &Catalogue) -> NearNames {
        let mut asked: BTreeMap<FieldId, Vec<Arc<str>>> = BTreeMap::new();
        for law in laws {
            let mut meet = |piece: Piece<'_>| {
                let (field, names): (FieldId, Vec<Arc<str>>) = match piece {
                    Piece::Test(Test::OneOf(field, facts)) => (*field, facts.iter().filter_map(name_of).cloned().collect()),
                    Piece::Test(Test::Member(field, group)) => (*field, members(law, *group)),
                    _ => return,
                };
                asked.entry(field).or_default().extend(names);
            };
            law.scope.walk(&mut meet);
            for version in law.clauses.iter().flat_map(|clause| &clause.versions) {
                let (tests, terms) = version.rule.parts();
                tests.into_iter().for_each(|test| test.walk(&mut meet));
                terms.into_iter().for_each(|term| term.walk(&mut meet));
            }
        }
        asked.retain(|_, names| !names.is_empty());
        // Names of parts, families and vendors: every text that the catalogue states.
        let others: Vec<&str> =
            catalogue.chips.iter().flat_map(|chip| &chip.facts).filter_map(|(_, fact)| Some(&**name_of(fact)?)).collect();
        let near =
            |(field, names): (FieldId, Vec<Arc<str>>)| (field, Near::new(&names, others.iter().copied(), &dictionary.names));
        NearNames { fields: asked.into_iter().map(near).collect() }
    }

    /// The facts of which some rule asks a name.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> {
        self.fields.iter().map(|(field, _)| *field)
    }

    /// What to tell of a name; none where it is one that a rule asks for, or plainly another.
    pub fn warning(&self, dictionary: &Dictionary, field: FieldId, fact: &Fact) -> Option<String> {
        let Fact::Text(text) = fact else { return None };
        let (_, near) = self.fields.iter().find(|(own, _)| *own == field)?;
        let (name, bound) = (&dictionary.field(field).name, near.of(text)?);
        Some(format!("{name} `{text}` is nearly `{bound}`, which a rule names; the answer takes it for another name"))
    }

    /// What to tell of the names in a case.
    pub fn warnings(&self, dictionary: &Dictionary, case: &Case) -> Vec<String> {
        self.fields().filter_map(|field| self.warning(dictionary, field, case.fact(field))).collect()
    }
}

fn name_of(fact: &Fact) -> Option<&Arc<str>> {
    if let Fact::Text(name) = fact { Some(name) } else { None }
}

/// Everybody who ever belonged to a group of names.
fn members(law: &Law, group: GroupId) -> Vec<Arc<str>> {
    law.group(group).states.iter().flat_map(|(_, _, members)| &members.names).cloned().collect()
}

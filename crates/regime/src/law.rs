//! The law as it was read: clauses with their versions, dated values, groups, instruments.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use facts::{CountryId, Date, Dictionary, FieldId, Number, Unit};

use crate::tree::{Term, Test};

/// A clause's place in its regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClauseId(pub u16);

/// A dated value's place in its regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u16);

/// A group's place in its regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u16);

/// An instrument's place in its regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u16);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every one with the word that pages use.
            pub const ALL: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];

            /// The word that pages use.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// What a clause does.
    ClauseKind {
        /// A derived number.
        Quantity = "quantity",
        /// The item, party or use falls in a class.
        Class = "class",
        /// A licence is required.
        Requirement = "requirement",
        /// A named exception lifts requirements.
        Exception = "exception",
        /// How an application is judged.
        Review = "review",
        /// Something to be met or attested before a permission works.
        Condition = "condition",
        /// A running total that must stay under a limit.
        Quota = "quota",
        /// Money due.
        Fee = "fee",
        /// Never.
        Prohibition = "prohibition",
    }
}

words! {
    /// How an application is judged, mildest first.
    Policy {
        /// Presumption of approval.
        Approval = "approval",
        /// Case by case.
        CaseByCase = "case-by-case",
        /// Nobody published how.
        Unstated = "unstated",
        /// Presumption of denial.
        Denial = "denial",
    }
}

words! {
    /// What a payment is in law.
    LegalForm {
        /// A duty on imports.
        Duty = "duty",
        /// A tax.
        Tax = "tax",
        /// A condition of a licence.
        LicenceCondition = "licence-condition",
        /// A share of revenue.
        RevenueShare = "revenue-share",
        /// An expectation that officials voiced, in no published rule.
        Expectation = "expectation",
    }
}

words! {
    /// Over what time a quota's total runs.
    Window {
        /// From the first shipment on.
        Ever = "ever",
        /// Each calendar year.
        Year = "year",
        /// Each calendar quarter.
        Quarter = "quarter",
    }
}

words! {
    /// What an instrument is.
    InstrumentKind {
        /// A published rule.
        Rule = "rule",
        /// A letter to named companies.
        Letter = "letter",
        /// A press release, post or guidance: changes practice, not text.
        Announcement = "announcement",
        /// A statute.
        Statute = "statute",
        /// A proclamation.
        Proclamation = "proclamation",
        /// Not law.
        Draft = "draft",
    }
}

words! {
    /// How sure a fact of the law is.
    Confidence {
        /// Primary text read.
        Primary = "P",
        /// Primary text read in a mirror.
        Mirror = "P*",
        /// Several independent secondary sources agree.
        Several = "S2",
        /// One secondary source.
        One = "S1",
        /// Unverified.
        Unverified = "U",
    }
}

/// One legal act.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Name in the regime.
    pub id: String,
    /// What it is.
    pub kind: InstrumentKind,
    /// Its title.
    pub title: String,
    /// How lawyers cite it.
    pub citation: String,
    /// The day it could be known.
    pub published: Date,
    /// The day it takes effect.
    pub effective: Date,
    /// Where it can be read.
    pub url: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// The companies that a letter informs.
    pub binds: Vec<String>,
    /// What it stays.
    pub suspends: Vec<Suspension>,
    /// Whether an overlay brought it.
    pub draft: bool,
    pub(crate) at: Spot,
}

/// A stay of clauses over some days.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// The clauses stayed.
    pub clauses: Vec<ClauseId>,
    /// What the text named: an instrument or a clause.
    pub what: String,
    /// First day.
    pub from: Date,
    /// Last day, where there is one.
    pub until: Option<Date>,
    /// Whether it surely holds.
    pub certain: bool,
    /// What nobody can say, where it is not certain.
    pub question: String,
}

/// A place in a source of the regime's pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Index in [`Law::sources`].
    pub source: usize,
    /// Bytes.
    pub at: Range<usize>,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its prose.
    pub prose: String,
    /// What it does.
    pub kind: ClauseKind,
    /// Unit of a quantity, or of what a quota counts.
    pub unit: Unit,
    /// Its versions by date.
    pub versions: Vec<Version>,
    /// Which draft brought it; none for the regime's own.
    pub draft: Option<String>,
    /// Path of the page.
    pub path: String,
    pub(crate) heading: Spot,
    pub(crate) overridden_by: Vec<ClauseId>,
}

/// One version of a clause.
#[derive(Clone, Debug)]
pub struct Version {
    /// First day of the text.
    pub from: Date,
    /// Last day of the text.
    pub until: Option<Date>,
    /// The instrument that ended it.
    pub ended_by: Option<InstrumentId>,
    /// The instrument that made it.
    pub by: InstrumentId,
    /// How sure it is.
    pub confidence: Confidence,
    /// First day of practice.
    pub enforced_from: Option<Date>,
    /// Last day of practice.
    pub enforced_until: Option<Date>,
    /// Clauses of its kind that give way.
    pub overrides: Vec<ClauseId>,
    /// A sentence for the person at the desk.
    pub notice: String,
    /// The place in the law.
    pub cite: String,
    /// Why there is a gap before it.
    pub after_gap: Option<String>,
    /// Which draft brought it; none for the regime's own.
    pub draft: Option<String>,
    /// What it says.
    pub rule: Rule,
    pub(crate) at: Spot,
}

/// What a version says, by kind.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // the keys are those of docs/guide/regime-language.md
pub enum Rule {
    Quantity { value: Term, unit: Unit },
    Class { when: Test, of: String },
    Requirement { when: Test, reason: String },
    Exception { when: Test, lifts: Vec<ClauseId>, needs: Vec<ClauseId> },
    Review { of: Vec<ClauseId>, when: Test, policy: Policy, needs: Vec<ClauseId> },
    Condition { applies: Test, met: Test, attested_by: String },
    Quota { measure: Term, counts: Test, per: Vec<FieldId>, window: Window, limit: Option<Term> },
    Fee { when: Test, base: Term, rate: Term, payee: String, legal_form: LegalForm },
    Prohibition { when: Test },
}

impl Rule {
    /// When the clause applies; a quantity always does.
    pub fn when(&self) -> Option<&Test> {
        match self {
            Rule::Class { when, .. }
            | Rule::Requirement { when, .. }
            | Rule::Exception { when, .. }
            | Rule::Review { when, .. }
            | Rule::Fee { when, .. }
            | Rule::Prohibition { when } => Some(when),
            Rule::Condition { applies, .. } => Some(applies),
            Rule::Quota { counts, .. } => Some(counts),
            Rule::Quantity { .. } => None,
        }
    }

    /// The conditions and quotas that the clause needs.
    pub fn needs(&self) -> &[ClauseId] {
        match self {
            Rule::Exception { needs, .. } | Rule::Review { needs, .. } => needs,
            _ => &[],
        }
    }

    /// Every test and term of the rule.
    pub fn parts(&self) -> (Vec<&Test>, Vec<&Term>) {
        match self {
            Rule::Quantity { value, .. } => (vec![], vec![value]),
            Rule::Condition { applies, met, .. } => (vec![applies, met], vec![]),
            Rule::Quota { measure, counts, limit, .. } => {
                (vec![counts], [Some(measure), limit.as_ref()].into_iter().flatten().collect())
            }
            Rule::Fee { when, base, rate, .. } => (vec![when], vec![base, rate]),
            Rule::Class { when, .. }
            | Rule::Requirement { when, .. }
            | Rule::Exception { when, .. }
            | Rule::Review { when, .. }
            | Rule::Prohibition { when } => (vec![when], vec![]),
        }
    }
}

/// A named number with its dates.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// The page that it belongs to; none for `values.md`.
    pub page: Option<ClauseId>,
    /// Its unit.
    pub unit: Unit,
    /// Entries by date.
    pub entries: Vec<Dated>,
    pub(crate) at: Spot,
}

/// One entry of a dated number.
#[derive(Clone, Debug)]
pub struct Dated {
    /// First day.
    pub from: Date,
    /// Last day, where it ends before the next one begins.
    pub until: Option<Date>,
    /// The number.
    pub number: Number,
    /// The instrument that set it.
    pub by: InstrumentId,
    /// How sure it is.
    pub confidence: Confidence,
    /// The place in the law.
    pub cite: String,
}

/// Who belongs to a set, on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Countries, a bit each.
    pub(crate) countries: Vec<u64>,
    /// Names.
    pub(crate) names: Vec<Arc<str>>,
}

impl Members {
    /// Adds a country.
    pub fn add_country(&mut self, id: CountryId) {
        let word = id.0 as usize / 64;
        if self.countries.len() <= word {
            self.countries.resize(word + 1, 0);
        }
        if let Some(bits) = self.countries.get_mut(word) {
            *bits |= 1 << (id.0 % 64);
        }
    }

    /// Removes a country.
    pub fn remove_country(&mut self, id: CountryId) {
        if let Some(bits) = self.countries.get_mut(id.0 as usize / 64) {
            *bits &= !(1 << (id.0 % 64));
        }
    }

    /// Whether a country belongs.
    pub fn has_country(&self, id: CountryId) -> bool {
        self.countries.get(id.0 as usize / 64).is_some_and(|bits| bits & (1 << (id.0 % 64)) != 0)
    }

    /// Whether a name belongs.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|n| facts::same_name(n, name))
    }
}

/// A set with dated membership.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub id: String,
    /// Whether its members are countries (else names).
    pub of_countries: bool,
    /// The field whose values belong, for sets of names: `chip_family`.
    pub of: String,
    /// First day that the list is known for.
    pub from: Date,
    /// The instrument that lists it.
    pub by: InstrumentId,
    /// How sure it is.
    pub confidence: Confidence,
    /// Members from `from` on, and after each change.
    pub states: Vec<(Date, InstrumentId, Members)>,
    pub(crate) at: Spot,
}

/// A whole regime.
#[derive(Clone, Debug)]
pub struct Law {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who makes it.
    pub authority: String,
    /// `exporter` or `importer`.
    pub side: String,
    /// Currency of its fees.
    pub currency: String,
    /// Where this gate has something to say.
    pub scope: Test,
    /// The first day that it speaks of. What was law before it nobody read: such a day is not covered.
    pub covers_from: Date,
    /// The day up to which the facts were read.
    pub as_of: Date,
    /// The questions it answers.
    pub questions: Vec<String>,
    /// The dictionary that its names come from.
    pub dictionary: Arc<Dictionary>,
    /// Its clauses.
    pub clauses: Vec<Clause>,
    /// Its numbers.
    pub values: Vec<Value>,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its instruments.
    pub instruments: Vec<Instrument>,
    /// Its drafts, laid over it or not.
    pub drafts: Vec<DraftInfo>,
    /// The drafts laid over it here, in order of name.
    pub overlaid: Vec<String>,
    pub(crate) sources: Vec<facts::Source>,
    /// The hash of the texts, once somebody asked for it.
    pub(crate) hash: std::sync::OnceLock<String>,
    pub(crate) case_tables: Vec<crate::cases::Table>,
    pub(crate) by_id: HashMap<String, ClauseId>,
    pub(crate) tables: Tables,
}

/// Clauses by kind, in order of page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(crate) requirements: Vec<ClauseId>,
    pub(crate) prohibitions: Vec<ClauseId>,
    pub(crate) fees: Vec<ClauseId>,
    pub(crate) quotas: Vec<ClauseId>,
    /// By requirement: the exceptions that may lift it, the reviews that judge it.
    pub(crate) lifted_by: Vec<Vec<ClauseId>>,
    pub(crate) reviewed_by: Vec<Vec<ClauseId>>,
    /// Every fact that some test, of any version, asks about.
    pub(crate) asked: Vec<FieldId>,
    /// By clause: the classes and requirements that its versions name, and those that these name in turn.
    pub(crate) rests_on: Vec<Vec<ClauseId>>,
}

/// A draft of a regime.
#[derive(Clone, Debug)]
pub struct DraftInfo {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: String,
    /// The day from which it is taken to be in force.
    pub from: Option<Date>,
    /// What to know about it.
    pub note: String,
}

impl Law {
    /// Every fact that some test asks about.
    pub fn asked(&self) -> &[FieldId] {
        &self.tables.asked
    }

    /// A clause by name.
    pub fn clause_id(&self, id: &str) -> Option<ClauseId> {
        self.by_id.get(id).copied()
    }

    /// A clause.
    #[allow(clippy::indexing_slicing)] // ids are made only while loading, and clauses are never removed
    pub fn clause(&self, id: ClauseId) -> &Clause {
        &self.clauses[id.0 as usize]
    }

    /// A number.
    #[allow(clippy::indexing_slicing)] // as above
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// A group.
    #[allow(clippy::indexing_slicing)] // as above
    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.0 as usize]
    }

    /// An instrument.
    #[allow(clippy::indexing_slicing)] // as above
    pub fn instrument(&self, id: InstrumentId) -> &Instrument {
        &self.instruments[id.0 as usize]
    }

    /// Every clause's place.
    pub fn clause_ids(&self) -> impl Iterator<Item = ClauseId> + use<> {
        (0..self.clauses.len() as u16).map(ClauseId)
    }

    pub(crate) fn problem(&self, at: &Spot, message: impl Into<String>) -> facts::Problem {
        match self.sources.get(at.source) {
            Some(source) => source.problem(at.at.clone(), message),
            None => facts::Source { path: self.id.clone(), text: String::new() }.problem(0..0, message),
        }
    }
}

impl Law {
    /// The members of a set, as people write them.
    pub fn members(&self, members: &Members) -> Vec<String> {
        let countries = &self.dictionary.countries;
        let mut names: Vec<String> =
            countries.ids().filter(|c| members.has_country(*c)).map(|c| countries.code(c).to_owned()).collect();
        names.extend(members.names.iter().map(|n| n.to_string()));
        names
    }
}

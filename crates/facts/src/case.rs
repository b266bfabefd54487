//! One case: a day and a fact for every field of the dictionary, many of them unknown.

use std::sync::Arc;

use jiff::civil::Date;

use crate::country::CountryId;
use crate::field::{Dictionary, FieldId, Standard};
use crate::names::bare;
use crate::number::Number;

/// One fact. *Unknown* is not *absent*: a part with only planar dies has no applicable die area, and that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fact {
    /// Nobody has said.
    #[default]
    Unknown,
    /// Known not to exist.
    Absent,
    /// Yes or no.
    Bool(bool),
    /// A decimal in the field's unit.
    Number(Number),
    /// Place in the field's list of words.
    Choice(u8),
    /// A country.
    Country(CountryId),
    /// A name.
    Text(Arc<str>),
    /// Bits over the field's list of words.
    Set(u32),
}

impl Fact {
    /// A small number for the fact, by which tables are read: one for every fact but numbers and sets, which share one, and names,
    /// of which a few may share one (see [`name_code`]).
    pub fn code(&self) -> u16 {
        match self {
            Fact::Unknown => 0,
            Fact::Absent => 1,
            Fact::Bool(yes) => 2 + u16::from(*yes),
            Fact::Choice(at) => 4 + u16::from(*at),
            Fact::Country(CountryId(at)) => at.saturating_add(260).min(OTHER - 1),
            Fact::Number(_) | Fact::Set(_) => OTHER,
            Fact::Text(name) => name_code(name),
        }
    }
}

/// The code of numbers and sets; those of names are greater.
const OTHER: u16 = 0x7fff;

/// What one asks about: the facts on a day.
#[derive(Clone, Debug)]
pub struct Case {
    /// The day of the shipment.
    pub day: Date,
    facts: Vec<Fact>,
    /// The code of each fact, close together.
    codes: Vec<u16>,
    /// Facts of which somebody said that they are unknown: no standard case speaks for them. In order.
    left_open: Vec<FieldId>,
}

/// Cases are one where they state the same of the same day.
impl PartialEq for Case {
    fn eq(&self, other: &Case) -> bool {
        self.day == other.day && self.facts == other.facts
    }
}

impl Case {
    /// A case in which nothing is known.
    pub fn new(dictionary: &Dictionary, day: Date) -> Case {
        let fields = dictionary.fields.len();
        Case { day, facts: vec![Fact::Unknown; fields], codes: vec![Fact::Unknown.code(); fields], left_open: Vec::new() }
    }

    /// A fact.
    pub fn fact(&self, id: FieldId) -> &Fact {
        self.facts.get(id.0 as usize).unwrap_or(&Fact::Unknown)
    }

    /// A fact's code.
    #[inline]
    pub fn code(&self, id: FieldId) -> u16 {
        self.codes.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// States a fact.
    pub fn set(&mut self, id: FieldId, fact: Fact) {
        if let (Some(place), Some(code)) = (self.facts.get_mut(id.0 as usize), self.codes.get_mut(id.0 as usize)) {
            *code = fact.code();
            *place = fact;
        }
    }

    /// Says that a fact is unknown, which is more than leaving it out: the standard case does not fill it.
    pub fn leave_open(&mut self, id: FieldId) {
        if let Err(at) = self.left_open.binary_search(&id) {
            self.left_open.insert(at, id);
        }
    }

    /// Whether somebody said that a fact is unknown.
    pub fn is_left_open(&self, id: FieldId) -> bool {
        self.left_open.binary_search(&id).is_ok()
    }

    /// The known facts.
    pub fn known(&self) -> impl Iterator<Item = (FieldId, &Fact)> {
        self.facts.iter().enumerate().filter(|(_, f)| **f != Fact::Unknown).map(|(i, f)| (FieldId(i as u16), f))
    }

    /// Fills what was left out from the standard case, and says which fields were filled.
    pub fn fill_standard(&mut self, dictionary: &Dictionary) -> Vec<FieldId> {
        self.fill(dictionary, |_| true)
    }

    /// The same but for what only a screening of parties can tell: for acts, which need to know it.
    pub fn fill_standard_but_screening(&mut self, dictionary: &Dictionary) -> Vec<FieldId> {
        self.fill(dictionary, |id| !dictionary.field(id).screened)
    }

    fn fill(&mut self, dictionary: &Dictionary, wanted: impl Fn(FieldId) -> bool) -> Vec<FieldId> {
        let mut filled = Vec::new();
        let mut before = None;
        // A field may take its value from one that is itself filled: again, until nothing is added.
        while before != Some(filled.len()) {
            before = Some(filled.len());
            for id in dictionary.ids() {
                if *self.fact(id) != Fact::Unknown || self.is_left_open(id) || !wanted(id) {
                    continue;
                }
                let fact = match &dictionary.field(id).standard {
                    Standard::Unknown => continue,
                    Standard::Is(fact) => fact.clone(),
                    Standard::SameAs(other) => self.fact(*other).clone(),
                };
                if fact != Fact::Unknown {
                    self.set(id, fact);
                    filled.push(id);
                }
            }
        }
        filled.sort();
        filled
    }

    /// The case in one canonical text, a line a known fact: what a receipt hashes.
    pub fn canonical(&self, dictionary: &Dictionary) -> String {
        let mut text = format!("date={}\n", self.day);
        for (id, fact) in self.known() {
            text.push_str(&dictionary.field(id).name);
            text.push('=');
            dictionary.spell_into(&mut text, id, fact);
            text.push('\n');
        }
        text
    }
}

/// A code that names which are one share: of names with different codes [`crate::same_name`] is false.
pub fn name_code(name: &str) -> u16 {
    // FNV-1a, folded to the bits above the codes of other facts.
    let hash = bare(name)
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193));
    (OTHER + 1) | (hash ^ (hash >> 15)) as u16
}

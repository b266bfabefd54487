//! Cases drawn at random: for every field a small pool of facts on which some rule turns, and some on which none does.

use std::sync::LazyLock;

use facts::{Case, Date, Dictionary, Fact, FieldId, FieldType};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use regime::{Law, Lens, View};

use crate::common::{LIBRARY, day, fact, law};

/// So many cases, always the same ones.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(20_231_117), failure_persistence: None, ..ProptestConfig::default() }
}

/// Every regime of the shipped pack.
pub(crate) static LAWS: LazyLock<Vec<Law>> = LazyLock::new(|| LIBRARY.regimes.iter().map(|id| law(&LIBRARY, id, &[])).collect());

/// The days that every part of the pack is about.
pub(crate) static DAYS: LazyLock<Vec<Date>> = LazyLock::new(|| {
    let last = day("2027-12-31");
    std::iter::successors(Some(day("2022-01-01")), |d| d.tomorrow().ok()).take_while(|d| *d <= last).collect()
});

/// First and last days of every epoch of every regime: between them nothing changes.
static TURNS: LazyLock<Vec<Date>> = LazyLock::new(|| {
    let lenses = [View::Practice, View::Text].map(|view| Lens { view, known: None });
    let epochs = LAWS.iter().flat_map(|law| lenses.iter().flat_map(|lens| law.epochs(lens)));
    let mut days: Vec<Date> = epochs.flat_map(|e| [Some(e.from), e.until]).flatten().filter(|d| *d >= DAYS[0]).collect();
    days.sort();
    days.dedup();
    days
});

const NUMBERS: &str = "0 0.1 0.15 1 2 3.2 16 29.9 30 49.9 50 100 270 300 500 599.9 600 814 999.9 1000 1099.9 1100 1399.9 1400 1500 \
    1599.9 1600 1700 1776 2399.9 2400 3350 4100 4500 4799.9 4800 5000 5864 6499.9 6500 14000.1 15832 17499.9 20999.9 21000 30000 40000 50000";
const COUNTRIES: &str = "CN CN HK MO RU VE VN SA AE IL FR SG US";
const NAMES: [(&str, &[&str]); 5] = [
    ("vendor", &["NVIDIA", "AMD", "Intel", "Huawei", "Google", "Test Foundry Customer"]),
    ("exporter", &["NVIDIA", "AMD Inc.", "Intel", "Test Foundry Customer"]),
    ("chip_family", &["H20", "H200", "A100", "MI308X", "Ascend 910B", "Custom"]),
    ("chip", &["H20 96GB", "H200 SXM", "Custom one"]),
    ("consignee", &["Somebody", "Somebody else"]),
];

/// For every field, the facts that a case may be drawn with.
static POOLS: LazyLock<Vec<Vec<Fact>>> =
    LazyLock::new(|| LIBRARY.dictionary.ids().map(|id| pool(&LIBRARY.dictionary, id)).collect());

fn pool(dictionary: &Dictionary, id: FieldId) -> Vec<Fact> {
    let field = dictionary.field(id);
    let read = |texts: &mut dyn Iterator<Item = &str>| -> Vec<Fact> {
        texts.filter_map(|text| dictionary.parse(id, text).ok()).filter(|fact| *fact != Fact::Unknown).collect()
    };
    let mut facts = match &field.kind {
        FieldType::Number => read(&mut NUMBERS.split_whitespace()),
        FieldType::Bool => vec![Fact::Bool(true), Fact::Bool(false)],
        FieldType::Choice(words) => read(&mut words.iter().map(String::as_str)),
        FieldType::Country => read(&mut COUNTRIES.split_whitespace()),
        FieldType::Set(words) => (0..1 << words.len()).map(Fact::Set).collect(),
        FieldType::Text => {
            let names = NAMES.iter().find(|(name, _)| *name == field.name).map_or(&["Some name"][..], |(_, names)| names);
            read(&mut names.iter().copied())
        }
    };
    if field.absent {
        facts.push(Fact::Absent);
    }
    assert!(!facts.is_empty(), "no fact for `{}`", field.name);
    facts
}

/// What most shipments are: a draw takes these facts three times in four.
const PLAIN: [(&str, &str); 12] = [
    ("item_kind", "ic"),
    ("kind", "export"),
    ("ships_from", "US"),
    ("subject_to_ear", "yes"),
    ("end_use", "civil"),
    ("exporter_role", "vendor"),
    ("designer_attested", "yes"),
    ("consignee_lists", "none"),
    ("listed_owner_percent", "0"),
    ("material", "none"),
    ("datacenter", "yes"),
    ("quantity", "1"),
];

/// One fact of a field's pool.
pub(crate) fn pick(id: FieldId, index: u16) -> Fact {
    let plain = PLAIN.iter().find(|(name, _)| *name == LIBRARY.dictionary.field(id).name);
    if let Some((name, text)) = plain.filter(|_| index % 4 != 3) {
        return fact(&LIBRARY.dictionary, name, text);
    }
    let pool = &POOLS[id.0 as usize];
    pool[index as usize / 4 % pool.len()].clone()
}

/// For every field of the dictionary a fact, or none with which a case begins.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) day: Date,
    pub(crate) view: View,
    /// What would be so: a pool's place for every field.
    pub(crate) so: Vec<u16>,
    /// Which of it is known.
    pub(crate) known: Vec<bool>,
}

impl Drawn {
    pub(crate) fn lens(&self) -> Lens {
        Lens { view: self.view, known: None }
    }

    pub(crate) fn case(&self) -> Case {
        let mut case = Case::new(&LIBRARY.dictionary, self.day);
        for (id, (so, known)) in LIBRARY.dictionary.ids().zip(self.so.iter().zip(&self.known)) {
            if *known {
                case.set(id, pick(id, *so));
            }
        }
        case
    }
}

/// A case in which a share of the facts is known.
pub(crate) fn drawn(share: f64) -> impl Strategy<Value = Drawn> {
    let fields = LIBRARY.dictionary.fields.len();
    let days = (0..TURNS.len()).prop_map(|i| TURNS[i]);
    let view = prop_oneof![Just(View::Practice), Just(View::Text)];
    let so = prop::collection::vec(any::<u16>(), fields);
    let known = prop::collection::vec(prop::bool::weighted(share), fields);
    (days, view, so, known).prop_map(|(day, view, so, known)| Drawn { day, view, so, known })
}

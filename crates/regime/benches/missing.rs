//! How long it takes to say what an undetermined order lacks: `cargo bench -p regime --bench missing`, of another regime or another
//! number of orders `cargo bench -p regime --bench missing -- cn-rare-earths 20000`.
//!
//! Orders of five years in order of date, of random parts of the catalogue, with random exporters, places and numbers; the same orders
//! every time. One corridor is asked about all of them, as an order book asks it, so that like orders share an answer. Printed are
//! the mean and the quantiles over the undetermined orders.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code)] // only its dice are used here
#[path = "../tests/common/made_up.rs"]
mod made_up;

use std::hint::black_box;
use std::time::{Duration, Instant};

use facts::{Case, Date};
use regime::{Lens, Outcome, Totals};

use crate::common::{LIBRARY, corridor, fact, field};
use crate::made_up::Dice;

const PLACES: [&str; 16] = ["CN", "CN", "CN", "HK", "MO", "RU", "VN", "SA", "AE", "IL", "FR", "SG", "JP", "MX", "IN", "BR"];
const EXPORTERS: [&str; 4] = ["NVIDIA", "AMD", "Intel", "Distributor B"];
const KINDS: [&str; 4] = ["export", "export", "export", "reexport"];
const BOUGHT: [&str; 3] = ["", "yes", "no"];
const DAYS: usize = 5 * 365;

fn order(dice: &mut Dice, day: Date) -> Case {
    let dictionary = &LIBRARY.dictionary;
    let mut case = Case::new(dictionary, day);
    let chip = &LIBRARY.catalogue.chips[dice.below(LIBRARY.catalogue.chips.len())];
    chip.fill(&mut case);
    let quantity = 1 + dice.below(5000);
    let said = [
        ("chip", chip.name.to_string()),
        ("kind", dice.of(&KINDS).to_owned()),
        ("exporter", dice.of(&EXPORTERS).to_owned()),
        ("destination", dice.of(&PLACES).to_owned()),
        ("headquarters", dice.of(&PLACES).to_owned()),
        ("quantity", quantity.to_string()),
        ("value_usd", (quantity * (2_000 + dice.below(30_000))).to_string()),
        ("purchase_order", dice.of(&BOUGHT).to_owned()),
    ];
    for (name, text) in said.iter().filter(|(_, text)| !text.is_empty()) {
        case.set(field(dictionary, name), fact(dictionary, name, text));
    }
    case
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let id = arguments.first().map_or("us-ear", String::as_str);
    let count: usize = arguments.get(1).map_or(3000, |text| text.parse().expect("a number of orders"));
    let mut corridor = corridor(&[id], Lens::default());
    let (mut dice, totals, mut took) = (Dice(42), Totals::default(), Vec::new());
    for at in 0..count {
        let since = Duration::from_secs(86_400 * (at * DAYS / count) as u64);
        let case = order(&mut dice, Date::constant(2022, 1, 1).checked_add(since).unwrap());
        if corridor.decide(&case, &[]).outcome == Outcome::Undetermined {
            let began = Instant::now();
            black_box(corridor.missing(0, &case, &totals));
            took.push(began.elapsed());
        }
    }
    took.sort();
    let mean = took.iter().sum::<Duration>() / took.len().max(1) as u32;
    println!("{id}: {} of {count} orders are undetermined; what they lack took {mean:.1?} in the mean", took.len());
    for share in [50, 90, 99] {
        println!("  {share} in 100 at most {:.1?}", took.get(took.len() * share / 100).copied().unwrap_or_default());
    }
}

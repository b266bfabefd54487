//! How long it takes to say what an undetermined order lacks: `cargo bench -p regime --bench missing`, of another regime or another
//! number of orders `cargo bench -p regime --bench missing -- cn-rare-earths 20000`.
//!
//! Orders of five years in order of date, of random parts of the catalogue, with random exporters, places and numbers; the same orders
//! every time. One corridor is asked about all of them, as an order book asks it, so that like orders share an answer. Printed are
//! the mean and the quantiles over the undetermined orders.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use facts::{Case, Date, Fact, Pack};
use regime::{Corridor, Lens, Library, Outcome, Totals};

const PLACES: [&str; 16] = ["CN", "CN", "CN", "HK", "MO", "RU", "VN", "SA", "AE", "IL", "FR", "SG", "JP", "MX", "IN", "BR"];
const EXPORTERS: [&str; 4] = ["NVIDIA", "AMD", "Intel", "Distributor B"];
const KINDS: [&str; 4] = ["export", "export", "export", "reexport"];
const DAYS: usize = 5 * 365;

/// Random numbers by xorshift64 (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

fn texts(folder: &Path, base: &Path, all: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, base, all);
        } else if let Ok(text) = fs::read_to_string(&path) {
            all.push((path.strip_prefix(base).unwrap().to_str().unwrap().to_owned(), text));
        }
    }
}

fn order(library: &Library, dice: &mut Dice, day: Date) -> Case {
    let dictionary = &library.dictionary;
    let mut case = Case::new(dictionary, day);
    let chip = &library.catalogue.chips[dice.below(library.catalogue.chips.len())];
    chip.fill(&mut case);
    let quantity = 1 + dice.below(5000);
    let said = [
        ("chip", chip.name.to_string()),
        ("kind", KINDS[dice.below(KINDS.len())].to_owned()),
        ("exporter", EXPORTERS[dice.below(EXPORTERS.len())].to_owned()),
        ("destination", PLACES[dice.below(PLACES.len())].to_owned()),
        ("headquarters", PLACES[dice.below(PLACES.len())].to_owned()),
        ("quantity", quantity.to_string()),
        ("value_usd", (quantity * (2_000 + dice.below(30_000))).to_string()),
    ];
    for (name, text) in said {
        let id = dictionary.id(name).unwrap();
        case.set(id, dictionary.parse(id, &text).unwrap());
    }
    match dice.below(3) {
        0 => {}
        bought => case.set(dictionary.id("purchase_order").unwrap(), Fact::Bool(bought == 1)),
    }
    case
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let id = arguments.first().map_or("us-ear", String::as_str);
    let count: usize = arguments.get(1).map_or(3000, |text| text.parse().expect("a number of orders"));
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    texts(&base, &base, &mut all);
    let library = Library::open(Arc::new(Pack::new(all)), &mut problems);
    let law = library.law(id, &[], &mut problems).expect("a regime of the shipped pack");
    let mut corridor = Corridor::of(vec![law], Lens::default());
    let (mut dice, totals, mut took) = (Dice(42), Totals::default(), Vec::new());
    for at in 0..count {
        let since = Duration::from_secs(86_400 * (at * DAYS / count) as u64);
        let case = order(&library, &mut dice, Date::constant(2022, 1, 1).checked_add(since).unwrap());
        if corridor.decide(&case, &[]).outcome == Outcome::Undetermined {
            let began = Instant::now();
            std::hint::black_box(corridor.missing(0, &case, &totals));
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

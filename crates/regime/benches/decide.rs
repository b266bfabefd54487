//! How fast the pages are, beside the same law written by hand in Rust. One command: `cargo bench -p regime`.
//!
//! Everything runs over the same 256 generated orders of 1 March 2024 (seeded; so few that engine and baseline both find
//! them in the cache). Eight of them stand exactly on a bound, where the engine goes over from doubles to fractions.
//!
//! - `by hand` is what a programmer would write for one rule, that of October 2023 as practised on that day: numbers as
//!   doubles, countries as bits looked up in an array, no unknown facts, no reasons. Its answer is one byte.
//! - `2023 rule` is the engine on that rule alone: the real pages of us-ear that it consists of, without the others.
//!   This is like for like, and what the aims are about.
//! - `us-ear` is the engine on all of that regime, `corridor` on every gate of the default corridor: more law than the
//!   baseline knows, so their ratios say what the rest of the law costs and not how good the engine is.
//! - `decision` is `decide`, `explained` is `trace` (every clause that took part and how its comparisons came out),
//!   `in full` is `explain` (sentences, near misses, what would settle it).
//! - `cold start` reads a pack from memory and links the default corridor; `check` is the whole checker over the pack.
//!
//! Before anything is timed, the baseline and both regimes must agree on all 256 orders, on others that stand on and just
//! short of every bound, and on another day as well.
//!
//! Criterion's own lines give the time of one pass over the 256 orders and the orders a second. The table at the end is
//! the one to quote: in every round each variant runs on the same orders shortly after the others, its ratio is taken
//! to `by hand` of the same round, and the medians over the rounds are printed. A machine that slows down for a while
//! then slows both sides of a ratio.
//!
//! Two cautions. The baseline is flattered a little: 256 orders in one sequence are few enough for a processor to learn part
//! of their branches. And it is so short that its time hangs on how the compiler lays it out in the loop: the same source
//! took 3.3 ns in one build and 4.9 in another, which moves every ratio by half. Compare builds by nanoseconds.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use facts::{Case, Date, Dictionary, Pack};
use regime::{Corridor, Decision, Epoch, Law, Lens, Library, Outcome, Policy, Totals, check, decide, explain, trace};

// ---- the rule by hand ------------------------------------------------------------------------------

/// How a shipment moves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Export,
    Reexport,
    Transfer,
    DeemedExport,
    Import,
}

/// One order as a programmer would lay it out.
struct Order {
    day: u32,
    kind: Kind,
    from_us: bool,
    subject_to_ear: bool,
    destination: u8,
    headquarters: u8,
    parent: u8,
    data_center: bool,
    purchase_order: bool,
    notified: bool,
    within_totals: bool,
    tpp: f64,
    /// Not a number where no die counts: then no comparison of densities holds.
    area: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Free,
    Nac,
    Aca,
    Approval,
    CaseByCase,
    Denial,
}

const D1: u8 = 1;
const D4: u8 = 2;
const D5: u8 = 4;
const A5: u8 = 8;
const A6: u8 = 16;
const MACAU: u8 = 32;
const US: u8 = 64;

/// 740 Supplement 1, as it stood up to 9 July 2026.
const GROUPS: [(u8, &str); 7] = [
    (D1, "AM AZ BY CN HK GE IQ KG KH KP KZ LA LY MD MM MN MO NI RU TJ TM UZ VE VN YE"),
    (D4, "AE BH BY CN HK EG IL IQ IR JO KP KW LB LY MO OM PK QA RU SA SY VE YE"),
    (D5, "AF BY CD CF CN HK CU ER HT IQ IR KP LB LY MM NI RU SD SO SS SY VE ZW"),
    (A5, "AR AT AU BE BG CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV NL NO NZ PL PT RO SE SI SK TR"),
    (A6, "AL CY IL MT MX SG TW ZA"),
    (MACAU, "MO"),
    (US, "US"),
];

/// 88 FR 73458 with the correction of 4 April 2024: 742.6(a)(6)(iii), 744.23(a)(3) and (d), 740.8, as practised.
fn by_hand(o: &Order, groups: &[u8; 256]) -> Answer {
    let to = groups[o.destination as usize];
    let moves = match o.kind {
        Kind::Export => o.from_us || o.subject_to_ear,
        Kind::Reexport | Kind::Transfer => o.subject_to_ear,
        Kind::DeemedExport | Kind::Import => false,
    };
    if o.day < 20231117 || !moves || to & US != 0 || (!o.data_center && o.tpp < 4800.0) {
        return Answer::Free;
    }
    let density = o.tpp / o.area;
    let upper = o.tpp >= 4800.0 || (o.tpp >= 1600.0 && density >= 5.92);
    let lower = !upper
        && density < 5.92
        && ((o.tpp >= 2400.0 && o.tpp < 4800.0 && density >= 1.6) || (o.tpp >= 1600.0 && density >= 3.2));
    let there = to & (D5 | MACAU) != 0;
    let strict = there || (groups[o.headquarters as usize] | groups[o.parent as usize]) & (D5 | MACAU) != 0;
    let listed = to & (D1 | D4 | D5 | MACAU) != 0 && to & (A5 | A6) == 0;
    if !(upper || lower) || !(listed || strict) {
        return Answer::Free;
    }
    if o.data_center && upper {
        return if strict { Answer::Denial } else { Answer::Approval };
    }
    if o.purchase_order {
        let notified = o.notified && o.within_totals;
        if o.day < 20240404 {
            if notified || !strict {
                return Answer::Nac;
            }
        } else if !strict || (o.kind == Kind::Transfer && there) {
            return Answer::Aca;
        } else if notified && o.kind != Kind::Transfer {
            return Answer::Nac;
        }
    }
    if strict { Answer::CaseByCase } else { Answer::Approval }
}

// ---- the same orders for both ----------------------------------------------------------------------

const DAY: &str = "2024-03-01";
const ANOTHER_DAY: &str = "2024-06-01";
const ORDERS: usize = 256;
const SEED: u64 = 0x7011_6a7e_2024_0301;

/// Where orders go and buyers live: of every group some, and some of none.
const PLACES: [&str; 24] = [
    "CN", "HK", "MO", "VE", "IQ", "LB", "SA", "AE", "QA", "VN", "KZ", "AM", "IL", "SG", "TW", "FR", "JP", "GB", "IN", "MY", "TH",
    "BR", "US", "KE",
];

/// A part: performance and area.
type Part<'a> = (&'a str, &'a str);

/// Parts on a bound of the rule.
const ON_A_BOUND: [Part<'_>; 8] = [
    ("4800", "900"),
    ("1776", "300"),
    ("1600", "250"),
    ("2400", "1500"),
    ("4000", "2500"),
    ("1600", "500"),
    ("4800", "none"),
    ("2368", "400"),
];

/// Parts just short of one.
const BELOW_A_BOUND: [Part<'_>; 11] = [
    ("4799.9", "900"),
    ("4799.9", "2500"),
    ("4799.9", "none"),
    ("1776", "300.01"),
    ("1599.9", "250"),
    ("1599.9", "400"),
    ("2400", "1500.1"),
    ("2399.9", "1499"),
    ("4000", "2500.1"),
    ("1600", "500.01"),
    ("2368", "400.01"),
];

/// Random numbers without a crate (xorshift64, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }

    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn place(&mut self) -> &'static str {
        PLACES[self.below(PLACES.len() as u64) as usize]
    }
}

fn number(text: &str) -> f64 {
    if text == "none" { f64::NAN } else { text.parse().unwrap() }
}

/// The orders of a day, each as the engine and as the baseline see it.
fn orders(dictionary: &Dictionary, day: &str) -> (Vec<Case>, Vec<Order>) {
    let mut dice = Dice(SEED);
    (0..ORDERS)
        .map(|i| {
            if let Some(part) = ON_A_BOUND.get(i / 32).filter(|_| i % 32 == 17) {
                return order(dictionary, day, *part, &mut dice);
            }
            let tpp = format!("{}.{}", dice.below(7000), dice.below(10));
            let area = if dice.once_in(16) { "none".to_owned() } else { (60 + dice.below(1600)).to_string() };
            order(dictionary, day, (&tpp, &area), &mut dice)
        })
        .unzip()
}

/// Orders that turn on every bound: parts on it and just short of it, for China, as data-center parts and as others. Not timed.
fn bounds(dictionary: &Dictionary, day: &str) -> (Vec<Case>, Vec<Order>) {
    let mut dice = Dice(SEED);
    let china = dictionary.countries.find("CN").unwrap().0 as u8;
    let parts = ON_A_BOUND.iter().chain(&BELOW_A_BOUND).flat_map(|part| [(*part, true), (*part, false)]);
    parts
        .map(|(part, data_center)| {
            // The dice are thrown until such an order comes up.
            loop {
                let (case, order) = order(dictionary, day, part, &mut dice);
                let turns = order.kind == Kind::Export && order.from_us && order.destination == china;
                if turns && order.data_center == data_center {
                    return (case, order);
                }
            }
        })
        .unzip()
}

/// An order of a part, all else by dice.
fn order(dictionary: &Dictionary, day: &str, (tpp, area): Part<'_>, dice: &mut Dice) -> (Case, Order) {
    let country = |code: &str| dictionary.countries.find(code).unwrap().0 as u8;
    let yes = |b: bool| if b { "true" } else { "false" };
    let (kind, kind_word) = match dice.below(16) {
        0 => (Kind::DeemedExport, "deemed-export"),
        1 => (Kind::Import, "import"),
        2 | 3 => (Kind::Transfer, "transfer"),
        4..=6 => (Kind::Reexport, "reexport"),
        _ => (Kind::Export, "export"),
    };
    let to = dice.place();
    let hq = if dice.once_in(3) { dice.place() } else { to };
    let parent = if dice.once_in(6) { dice.place() } else { hq };
    let from = if dice.once_in(5) { "JP" } else { "US" };
    let data_center = !dice.once_in(3);
    let subject_to_ear = !dice.once_in(8);
    let [purchase_order, notified, within_totals] = [8, 4, 8].map(|n| !dice.once_in(n));
    let [memory, links] = [6000, 900].map(|n| dice.below(n).to_string());
    let mut case = Case::new(dictionary, day.parse().unwrap());
    for (field, text) in [
        ("tpp", tpp),
        ("applicable_die_area_mm2", area),
        ("datacenter", yes(data_center)),
        ("memory_bandwidth_gbs", &memory),
        ("interconnect_gbs", &links),
        ("io_total_gbs", &links),
        ("vendor", "Chip Maker"),
        ("chip_family", "New"),
        ("kind", kind_word),
        ("ships_from", from),
        ("destination", to),
        ("headquarters", hq),
        ("parent_headquarters", parent),
        ("subject_to_ear", yes(subject_to_ear)),
        ("purchase_order", yes(purchase_order)),
        ("nac_confirmed", yes(notified)),
        ("within_notified_totals", yes(within_totals)),
        ("quantity", "8"),
        ("value_usd", "200000"),
    ] {
        let id = dictionary.id(field).unwrap();
        case.set(id, dictionary.parse(id, text).unwrap());
    }
    case.fill_standard(dictionary);
    let order = Order {
        day: day.replace('-', "").parse().unwrap(),
        kind,
        from_us: from == "US",
        subject_to_ear,
        destination: country(to),
        headquarters: country(hq),
        parent: country(parent),
        data_center,
        purchase_order,
        notified,
        within_totals,
        tpp: number(tpp),
        area: number(area),
    };
    (case, order)
}

/// Which groups each country stands in.
fn groups(dictionary: &Dictionary) -> [u8; 256] {
    let mut groups = [0; 256];
    for (bit, codes) in GROUPS {
        for code in codes.split(' ') {
            groups[usize::from(dictionary.countries.find(code).unwrap().0)] |= bit;
        }
    }
    groups
}

// ---- the packs -------------------------------------------------------------------------------------

/// The shipped pack: path and text.
fn texts() -> Vec<(String, String)> {
    fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with('.') {
                continue;
            }
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{prefix}{name}/"), found);
            } else {
                found.push((format!("{prefix}{name}"), fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")), "", &mut found);
    found
}

/// The pages that the rule of October 2023 consists of.
const PAGES_OF_2023: [&str; 24] = [
    "regime.toml",
    "instruments.toml",
    "groups.md",
    "values.md",
    "3a090.md",
    "3a090-a.md",
    "3a090-b.md",
    "3a090-note-1-foundry.md",
    "3a090-note-2-not-data-center.md",
    "bit-tops-2022.md",
    "condition-nac-confirmed.md",
    "condition-nac-purchase-order.md",
    "condition-nac-totals.md",
    "data-center.md",
    "deemed-exports.md",
    "exception-aca.md",
    "exception-nac.md",
    "headquarters-d5-or-macau.md",
    "performance-density.md",
    "place-d5-or-macau.md",
    "place-listed.md",
    "requirement-destinations.md",
    "requirement-headquarters.md",
    "subject-to-the-ear.md",
];

/// How the rule judges applications.
const REVIEWS_OF_2023: [&str; 3] = ["review-approval.md", "review-case-by-case.md", "review-denial.md"];

/// Clauses outside the rule that its pages name: their names are taken out of the lists.
const NAMED_OUTSIDE: [&str; 5] =
    ["742.6(a)(6)(iii)(A)", "742.6(a)(6)(iii)(A)-UAE", "742.6(a)(6)(iii)(B)", "tier-3-denial", "letter-2023-10-nvidia"];

/// A pack with the rule of October 2023 and nothing else.
fn only_2023(texts: &[(String, String)]) -> Vec<(String, String)> {
    let kept = |path: &str| match path.strip_prefix("regimes/") {
        None => path != "corridors.toml",
        Some(page) => page.strip_prefix("us-ear/").is_some_and(|p| PAGES_OF_2023.contains(&p) || REVIEWS_OF_2023.contains(&p)),
    };
    texts.iter().filter(|(path, _)| kept(path)).map(|(path, text)| (path.clone(), alone(text))).collect()
}

/// A page without what it says of pages that are left out: cases, versions for the letter alone, names in lists, suspensions.
fn alone(text: &str) -> String {
    let mut page = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once("\n```") {
        let (block, after) = block.split_once("\n```").unwrap();
        page.push_str(before);
        let cut = block.starts_with("cases") || block.contains("\nof = [\"letter-2023-10-nvidia\"]");
        if !cut {
            page.push_str(&format!("\n```{block}\n```"));
        }
        rest = after;
    }
    page.push_str(rest);
    for name in NAMED_OUTSIDE {
        let quoted = format!("\"{name}\"");
        page = page.replace(&format!(", {quoted}"), "").replace(&format!("{quoted},"), "");
    }
    page.lines().filter(|line| !line.starts_with("  { what = ")).map(|line| format!("{line}\n")).collect()
}

fn open(texts: &[(String, String)]) -> Library {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts.iter().cloned())), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    library
}

fn us_ear(library: &Library) -> Law {
    let mut problems = Vec::new();
    let law = library.law("us-ear", &[], &mut problems);
    assert!(problems.is_empty(), "{}", problems.iter().map(ToString::to_string).collect::<String>());
    law.unwrap()
}

// ---- agreement -------------------------------------------------------------------------------------

fn answer(law: &Law, decision: &Decision) -> Answer {
    match decision.outcome {
        Outcome::Free => Answer::Free,
        Outcome::Exception | Outcome::ExceptionOpen => match law.clause(decision.by.unwrap()).id.as_str() {
            "NAC" => Answer::Nac,
            "ACA" => Answer::Aca,
            other => panic!("exception {other}"),
        },
        Outcome::Licence(Policy::Approval) => Answer::Approval,
        Outcome::Licence(Policy::CaseByCase) => Answer::CaseByCase,
        Outcome::Licence(Policy::Denial) => Answer::Denial,
        other => panic!("{other}"),
    }
}

/// The engine answers as the baseline does, and the orders see every answer of the day.
fn agree(law: &Law, name: &str, day: &str, groups: &[u8; 256], exceptions: &[Answer]) {
    let epoch = law.on(day.parse().unwrap(), &Lens::default());
    let mut seen: Vec<Answer> = Vec::new();
    for (cases, orders) in [orders(&law.dictionary, day), bounds(&law.dictionary, day)] {
        for (case, order) in cases.iter().zip(&orders) {
            let expected = by_hand(order, groups);
            let decision = decide(law, &epoch, case, &Totals::default());
            assert_eq!(answer(law, &decision), expected, "under {name}:\n{}", case.canonical(&law.dictionary));
            seen.push(expected);
        }
    }
    for answer in [Answer::Free, Answer::Approval, Answer::CaseByCase, Answer::Denial].iter().chain(exceptions) {
        assert!(seen.contains(answer), "no order of {day} is answered {answer:?}");
    }
}

// ---- timing ----------------------------------------------------------------------------------------

/// Something to time: one call is a pass over the orders, or one piece of work.
struct Variant<'a> {
    group: &'static str,
    what: &'static str,
    /// How many orders a pass decides; none for work that is done once.
    orders: Option<usize>,
    aim: Option<Aim>,
    run: Box<dyn FnMut() + 'a>,
}

#[derive(Clone, Copy)]
enum Aim {
    /// At most so many times the baseline.
    Times(f64),
    /// At most so long.
    Within(Duration),
}

/// All that the variants work on.
struct Stage {
    pack: Arc<Pack>,
    corridor: Corridor,
    small: Law,
    large: Law,
    small_epoch: Epoch,
    large_epoch: Epoch,
    cases: Vec<Case>,
    orders: Vec<Order>,
    groups: [u8; 256],
    totals: Totals,
    lens: Lens,
}

impl Stage {
    fn set() -> Stage {
        let texts = texts();
        let library = open(&texts);
        let (small, large) = (us_ear(&open(&only_2023(&texts))), us_ear(&library));
        let groups = groups(&library.dictionary);
        for (law, name) in [(&small, "the 2023 rule"), (&large, "us-ear")] {
            agree(law, name, DAY, &groups, &[Answer::Nac]);
            agree(law, name, ANOTHER_DAY, &groups, &[Answer::Nac, Answer::Aca]);
        }
        let day: Date = DAY.parse().unwrap();
        let (cases, orders) = orders(&library.dictionary, DAY);
        let lens = Lens::default();
        Stage {
            pack: Arc::clone(&library.pack),
            corridor: library.corridor(&[], &[], lens.clone()).unwrap(),
            small_epoch: small.on(day, &lens),
            large_epoch: large.on(day, &lens),
            small,
            large,
            cases,
            orders,
            groups,
            totals: Totals::default(),
            lens,
        }
    }

    fn variants(&mut self) -> Vec<Variant<'_>> {
        let Stage { pack, corridor, small, large, small_epoch, large_epoch, cases, orders, groups, totals, lens } = self;
        let (pack, small, large, small_epoch, large_epoch) = (&*pack, &*small, &*large, &*small_epoch, &*large_epoch);
        let (cases, orders, groups, totals, lens) = (&*cases, &*orders, &*groups, &*totals, &*lens);
        let each = |group, what, aim, run| Variant { group, what, orders: Some(ORDERS), aim, run };
        let once = |what, limit, run| Variant { group: "pack", what, orders: None, aim: Some(Aim::Within(limit)), run };
        vec![
            each("decide", "by hand", None, over(orders, move |o| by_hand(o, groups))),
            each(
                "decide",
                "decision, 2023 rule",
                Some(Aim::Times(20.0)),
                over(cases, move |c| decide(small, small_epoch, c, totals)),
            ),
            each("decide", "decision, us-ear", None, over(cases, move |c| decide(large, large_epoch, c, totals))),
            each("decide", "decision, corridor", None, over(cases, move |c| corridor.decide(c, &[]))),
            each(
                "explain",
                "explained, 2023 rule",
                Some(Aim::Times(200.0)),
                over(cases, move |c| trace(small, small_epoch, c, totals)),
            ),
            each("explain", "explained, us-ear", None, over(cases, move |c| trace(large, large_epoch, c, totals))),
            each("explain", "in full, 2023 rule", None, over(cases, move |c| explain(small, small_epoch, lens, c, totals))),
            each("explain", "in full, us-ear", None, over(cases, move |c| explain(large, large_epoch, lens, c, totals))),
            once(
                "cold start",
                Duration::from_millis(50),
                Box::new(move || {
                    let library = Library::open(Arc::clone(pack), &mut Vec::new());
                    black_box(library.corridor(&[], &[], Lens::default()).unwrap());
                }),
            ),
            once(
                "check",
                Duration::from_secs(2),
                Box::new(move || {
                    black_box(check(Arc::clone(pack), &mut |_| {}));
                }),
            ),
        ]
    }
}

/// One pass over all orders.
fn over<'a, T, R>(all: &'a [T], mut each: impl FnMut(&'a T) -> R + 'a) -> Box<dyn FnMut() + 'a> {
    Box::new(move || {
        for one in all {
            // By reference: to hand the answer on by value would copy it once more than its user has to.
            black_box(&each(black_box(one)));
        }
    })
}

/// Criterion's part: every variant by itself.
fn alone_in_turn(criterion: &mut Criterion, variants: &mut [Variant<'_>]) {
    for name in ["decide", "explain", "pack"] {
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(20)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        for variant in variants.iter_mut().filter(|v| v.group == name) {
            if variant.what == "check" {
                group.sample_size(10).measurement_time(Duration::from_secs(16));
            }
            if let Some(orders) = variant.orders {
                group.throughput(Throughput::Elements(orders as u64));
            }
            group.bench_function(variant.what, |b| b.iter(|| (variant.run)()));
        }
        group.finish();
    }
}

/// Rounds, for the variants that decide orders and for the others, which take long and have no ratio.
const ROUNDS: usize = 61;
const LONG_ROUNDS: usize = 7;
/// How long a variant runs in one round, unless one pass takes longer: short enough that most rounds go undisturbed.
const SHARE: Duration = Duration::from_millis(1);

fn seconds(run: &mut dyn FnMut(), passes: usize) -> f64 {
    let start = Instant::now();
    (0..passes).for_each(|_| run());
    start.elapsed().as_secs_f64() / passes as f64
}

/// The closing part: every variant in every round, and the table.
fn side_by_side(variants: &mut [Variant<'_>]) {
    let passes: Vec<usize> = variants
        .iter_mut()
        .map(|v| {
            seconds(&mut v.run, 1);
            ((SHARE.as_secs_f64() / seconds(&mut v.run, 1)) as usize).max(1)
        })
        .collect();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); variants.len()];
    for round in 0..ROUNDS {
        for ((variant, passes), times) in variants.iter_mut().zip(&passes).zip(&mut times) {
            if variant.orders.is_some() || round < LONG_ROUNDS {
                times.push(seconds(&mut variant.run, *passes) / variant.orders.unwrap_or(1) as f64);
            }
        }
    }
    println!("\n{ORDERS} orders of {DAY}; medians of {ROUNDS} rounds (cold start and check: {LONG_ROUNDS}),");
    println!("ratios to `by hand` in the same round\n");
    println!("{:<22} {:>14} {:>10}  aim", "what", "median ns", "by hand x");
    let base = times[0].clone();
    for (variant, times) in variants.iter().zip(&times) {
        let time = median(times.clone());
        let ratio = median(times.iter().zip(&base).map(|(t, b)| t / b).collect());
        let shown = if variant.orders.is_some() { short(ratio) } else { String::new() };
        let (aim, met) = match variant.aim {
            None => (String::new(), None),
            Some(Aim::Times(most)) => (format!("<= {most}x"), Some(ratio <= most)),
            Some(Aim::Within(most)) => (format!("<= {most:?}"), Some(time <= most.as_secs_f64())),
        };
        let verdict = met.map_or("", |met| if met { "met" } else { "missed" });
        let line = format!("{:<22} {:>14} {shown:>10}  {aim:<8} {verdict}", variant.what, short(time * 1e9));
        println!("{}", line.trim_end());
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// 12,345 or, below a hundred, 12.3.
fn short(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn main() {
    let mut stage = Stage::set();
    let mut variants = stage.variants();
    let mut criterion = Criterion::default().configure_from_args();
    alone_in_turn(&mut criterion, &mut variants);
    criterion.final_summary();
    // `cargo bench` says so; `cargo test --benches` only wants to see everything run once, and a profiler one thing alone.
    let told = |word: &str| std::env::args().any(|a| a == word);
    if told("--bench") && !told("--profile-time") {
        side_by_side(&mut variants);
    }
}

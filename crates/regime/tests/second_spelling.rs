//! The rule of October 2023 and the window of January 2026, spelled a second time by hand, in integers, from the facts alone.
//!
//! The pages of us-ear and this file were written apart from each other; on every case of a grid around all thresholds,
//! days and places both must give one answer. A disagreement is a mistake in one of the two.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fmt;

use facts::{Case, Exact, Fact};
use regime::{ClauseId, Corridor, Lens, Outcome, Policy, Totals};

// ---- the second spelling ---------------------------------------------------------------------------

/// One thousandth of a unit of the law: every threshold and every number of the grid is a whole number of these.
const MILLI: i128 = 1000;

/// A part, in thousandths of TOPS.bit, mm2 and GB/s.
#[derive(Clone, Copy, Debug)]
struct Part {
    tpp: i128,
    /// None where no logic die stands on a non-planar node.
    area: Option<i128>,
    memory: i128,
    data_center: bool,
    sold_in_us: bool,
}

/// A movement of it. Days are written 20231117.
#[derive(Clone, Copy, Debug)]
struct Way {
    day: u32,
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    headquarters: &'static str,
    parent: &'static str,
}

/// What the parties can show: yes, no, or nothing yet.
#[derive(Clone, Copy, Debug, Default)]
struct Papers {
    purchase_order: Option<bool>,
    notified: Option<bool>,
    within_totals: Option<bool>,
    /// Paragraph (dd), all but (iii): which certification is refused; and whether the others are given.
    certified: bool,
    refused: Option<usize>,
    /// (iii): thousandths of TPP shipped to U.S. customers before, and to China and Macau before.
    shipped: Option<(i128, i128)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Free,
    Nac,
    Aca,
    Approval,
    CaseByCase,
    Unstated,
    Denial,
    /// Sanctions of part 746 stand beside this rule, and the pack does not encode them.
    Undetermined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    Outside,
    Lower,
    Upper,
}

// Supplement 1 to part 740 as the facts print it. Hong Kong counts as China.
const D1: &str = "AM AZ BY CN GE IQ KG KH KP KZ LA LY MD MM MN MO NI RU TJ TM UZ VE VN YE";
const D4: &str = "BH BY CN EG IL IQ IR JO KP KW LB LY MO OM PK QA RU SA SY VE YE";
const D5: &str = "AF BY CD CF CN CU ER HT IQ IR KP LB LY MM NI RU SD SO SS SY VE ZW";
const A5: &str = "AR AT AU BE BG CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IS IT JP KR LT LU LV NL NO NZ PL PT RO SE SI SK TR";
const A6: &str = "AL CY IL MT MX SG TW ZA";
const UAE_MOVED: u32 = 20260710;

fn among(list: &str, country: &str) -> bool {
    let country = if country == "HK" { "CN" } else { country };
    list.split(' ').any(|c| c == country)
}

fn arms_embargoed_or_macau(country: &str) -> bool {
    country == "MO" || among(D5, country)
}

fn listed_destination(to: &str, day: u32) -> bool {
    let emirates = to == "AE" && day < UAE_MOVED;
    let in_d = emirates || to == "MO" || among(D1, to) || among(D4, to) || among(D5, to);
    in_d && !among(A5, to) && !among(A6, to)
}

/// Performance density of at least so many hundredths. Without an applicable die there is no density to reach anything.
fn dense(part: &Part, hundredths: i128) -> bool {
    part.area.is_some_and(|area| part.tpp * 100 >= hundredths * area)
}

fn tier(part: &Part) -> Tier {
    let tpp = part.tpp;
    if !part.data_center && tpp < 4800 * MILLI {
        return Tier::Outside; // Note 2
    }
    if tpp >= 4800 * MILLI || (tpp >= 1600 * MILLI && dense(part, 592)) {
        return Tier::Upper;
    }
    let first = (2400 * MILLI..4800 * MILLI).contains(&tpp) && dense(part, 160);
    let second = tpp >= 1600 * MILLI && dense(part, 320);
    if first || second { Tier::Lower } else { Tier::Outside }
}

/// Whether goods or technology leave for another country, or goods move inside one abroad. Imports are another matter.
fn subject(way: &Way) -> bool {
    way.kind != "import" && way.to != "US"
}

/// 91 FR 1684: exports from the United States alone, both bounds strict, and every certification.
fn in_window(part: &Part, way: &Way, papers: &Papers) -> bool {
    let cap_kept = papers.shipped.is_none_or(|(to_us, to_china)| 2 * (to_china + part.tpp) <= to_us);
    way.day >= 20260115
        && way.kind == "export"
        && way.from == "US"
        && matches!(way.to, "CN" | "HK" | "MO")
        && part.tpp < 21000 * MILLI
        && part.memory < 6500 * MILLI
        && part.sold_in_us
        && papers.refused.is_none()
        && cap_kept
}

/// The licence exception that is open: its papers may be missing still, but none may be refused.
fn exception(way: &Way, papers: &Papers, embargoed: bool, there: bool) -> Option<Answer> {
    let ordered = papers.purchase_order != Some(false);
    let notified = ordered && papers.notified != Some(false) && papers.within_totals != Some(false);
    if way.day < 20240404 {
        // One exception for everybody; only recipients related to Macau or D:5 were to be notified.
        return (if embargoed { notified } else { ordered }).then_some(Answer::Nac);
    }
    if embargoed && way.kind != "transfer" {
        return notified.then_some(Answer::Nac);
    }
    // A transfer abroad to a buyer headquartered in D:5 fits neither: NAC is for exports and re-exports, ACA for others.
    let everybody_else = !embargoed || there;
    (everybody_else && ordered).then_some(Answer::Aca)
}

fn answer(part: &Part, way: &Way, papers: &Papers) -> Answer {
    if !subject(way) {
        return Answer::Free;
    }
    // What part 746 asks of these countries is not in the facts: it may always be a licence more, of no known policy.
    let sanctioned = among("BY CU IR KP RU SY", way.to);
    match the_rule(part, way, papers) {
        mild if sanctioned && mild < Answer::Unstated => Answer::Undetermined,
        plain => plain,
    }
}

fn the_rule(part: &Part, way: &Way, papers: &Papers) -> Answer {
    if way.kind == "deemed-export" {
        return Answer::Free;
    }
    let tier = tier(part);
    let there = arms_embargoed_or_macau(way.to);
    let embargoed = there || arms_embargoed_or_macau(way.headquarters) || arms_embargoed_or_macau(way.parent);
    let emirates_by_name = way.to == "AE" && way.day >= UAE_MOVED;
    if tier == Tier::Outside || !(listed_destination(way.to, way.day) || embargoed || emirates_by_name) {
        return Answer::Free;
    }
    if tier == Tier::Upper && part.data_center {
        return match embargoed {
            true if in_window(part, way, papers) => Answer::CaseByCase,
            true => Answer::Denial,
            false => Answer::Approval,
        };
    }
    if let Some(open) = exception(way, papers, embargoed, there) {
        return open;
    }
    match embargoed {
        true => Answer::CaseByCase,
        // The present text has no policy for lower-tier parts outside D:5, and the Emirates came under it only then.
        false if emirates_by_name && tier == Tier::Lower => Answer::Unstated,
        false => Answer::Approval,
    }
}

// ---- the engine's answer ---------------------------------------------------------------------------

struct Engine {
    corridor: Corridor,
    quotas: [ClauseId; 2],
    standard: Case,
}

/// The certifications of paragraph (dd) that are facts of a case, in its order; (iii) is a running total.
const CERTIFICATIONS: [&str; 8] = [
    "dd_us_shipments_certified",
    "dd_us_supply_certified",
    "dd_no_military_certified",
    "dd_kyc_described",
    "dd_remote_users_listed",
    "dd_iaas_procedure",
    "dd_physical_security",
    "dd_lab_review",
];

impl Engine {
    fn new() -> Engine {
        let corridor = common::corridor(&["us-ear"], Lens::default());
        let quota = |id: &str| corridor.laws[0].clause_id(id).expect("the quota");
        let quotas = [quota("us-shipped"), quota("cn-shipped")];
        // A company bound by no letter; the part's name is in no list, but it has one: the 50 % cap counts by product.
        let mut standard = common::standard(&common::LIBRARY, &[("date", "2024-01-01"), ("vendor", "Test Foundry Customer")]);
        let dictionary = &common::LIBRARY.dictionary;
        for name in ["chip", "chip_family"] {
            standard.set(common::field(dictionary, name), common::fact(dictionary, name, "Test part"));
        }
        Engine { corridor, quotas, standard }
    }

    fn case(&self, part: &Part, way: &Way, papers: &Papers) -> Case {
        let dictionary = &common::LIBRARY.dictionary;
        let mut case = self.standard.clone();
        let mut set = |name: &str, fact: Fact| case.set(common::field(dictionary, name), fact);
        set("tpp", number(part.tpp));
        set("applicable_die_area_mm2", part.area.map_or(Fact::Absent, number));
        set("memory_bandwidth_gbs", number(part.memory));
        set("datacenter", Fact::Bool(part.data_center));
        set("us_commercially_available", Fact::Bool(part.sold_in_us));
        set("kind", common::fact(dictionary, "kind", way.kind));
        for (name, country) in [
            ("ships_from", way.from),
            ("destination", way.to),
            ("headquarters", way.headquarters),
            ("parent_headquarters", way.parent),
        ] {
            set(name, common::fact(dictionary, name, country));
        }
        let shown = |paper: Option<bool>| paper.map_or(Fact::Unknown, Fact::Bool);
        set("purchase_order", shown(papers.purchase_order));
        set("nac_confirmed", shown(papers.notified));
        set("within_notified_totals", shown(papers.within_totals));
        for (i, name) in CERTIFICATIONS.into_iter().enumerate() {
            let paper = if papers.refused == Some(i) { Some(false) } else { papers.certified.then_some(true) };
            set(name, shown(paper));
        }
        case.day = facts::Date::new((way.day / 10000) as i16, (way.day / 100 % 100) as i8, (way.day % 100) as i8).unwrap();
        case
    }

    fn answer(&mut self, part: &Part, way: &Way, papers: &Papers) -> Answer {
        let case = self.case(part, way, papers);
        let mut totals = Totals::default();
        if let Some((to_us, to_china)) = papers.shipped {
            self.corridor.epoch(0, case.day).expect("the law of the day");
            let law = &self.corridor.laws[0];
            let epoch = law.on(case.day, &Lens::default());
            for (quota, total) in self.quotas.into_iter().zip([to_us, to_china]) {
                totals.state(law, &epoch, &case, quota, Exact::new(total.into(), MILLI.into()));
            }
        }
        let decision = self.corridor.decide(&case, &[totals]);
        let by = decision.gates[0].by.map_or("", |by| self.corridor.laws[0].clause(by).id.as_str());
        match (decision.outcome, by) {
            (Outcome::Free, _) => Answer::Free,
            (Outcome::Exception | Outcome::ExceptionOpen, "NAC") => Answer::Nac,
            (Outcome::Exception | Outcome::ExceptionOpen, "ACA") => Answer::Aca,
            (Outcome::Licence(Policy::Approval), _) => Answer::Approval,
            (Outcome::Licence(Policy::CaseByCase), _) => Answer::CaseByCase,
            (Outcome::Licence(Policy::Unstated), _) => Answer::Unstated,
            (Outcome::Licence(Policy::Denial), _) => Answer::Denial,
            (Outcome::Undetermined, _) => Answer::Undetermined,
            (other, by) => panic!("an answer that this rule cannot give: {other} by {by}"),
        }
    }
}

fn number(milli: i128) -> Fact {
    let text = format!("{}.{:03}", milli / MILLI, milli % MILLI);
    Fact::Number(facts::Number::parse(&text).expect("a decimal"))
}

// ---- the comparison --------------------------------------------------------------------------------

struct Disagreement {
    part: Part,
    way: Way,
    papers: Papers,
    spelled: Answer,
    engine: Answer,
}

impl Disagreement {
    /// How far the case lies from the plainest one; the plainest disagreements are shown.
    fn oddity(&self) -> (usize, i128) {
        let Disagreement { part, way, papers, .. } = self;
        let odd = [
            way.kind != "export",
            way.headquarters != way.to,
            way.parent != way.headquarters,
            papers.purchase_order.is_some(),
            papers.notified.is_some(),
            papers.refused.is_some(),
            papers.shipped.is_some(),
            part.area.is_none(),
            !part.data_center,
            way.to != "CN",
        ];
        (odd.into_iter().filter(|o| *o).count(), part.tpp)
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Disagreement { part, way, papers, spelled, engine } = self;
        writeln!(f, "by hand {spelled:?}, by the engine {engine:?}:")?;
        writeln!(f, "    {part:?} (thousandths)\n    {way:?}\n    {papers:?}")
    }
}

#[derive(Default)]
struct Comparison {
    cases: usize,
    answers: BTreeMap<Answer, usize>,
    wrong: Vec<Disagreement>,
}

impl Comparison {
    fn compare(&mut self, engine: &mut Engine, part: Part, way: Way, papers: Papers) {
        let (spelled, engine) = (answer(&part, &way, &papers), engine.answer(&part, &way, &papers));
        self.cases += 1;
        *self.answers.entry(spelled).or_default() += 1;
        if spelled != engine {
            self.wrong.push(Disagreement { part, way, papers, spelled, engine });
        }
    }

    /// Fails on any disagreement, and where the grid is too thin to have shown one: each answer must come up often enough.
    fn settle(mut self, least: usize, answers: &[Answer]) {
        println!("{} cases: {:?}", self.cases, self.answers);
        self.wrong.sort_by_key(Disagreement::oddity);
        let shown: String = self.wrong.iter().take(5).map(ToString::to_string).collect();
        assert!(self.wrong.is_empty(), "{} of {} cases disagree; the plainest:\n{shown}", self.wrong.len(), self.cases);
        assert!(self.cases >= least, "only {} cases", self.cases);
        for answer in answers {
            assert!(self.answers.get(answer).is_some_and(|n| *n >= 20), "{answer:?} hardly comes up: {:?}", self.answers);
        }
    }
}

fn milli(units: &[i128]) -> impl Iterator<Item = i128> {
    units.iter().map(|u| u * MILLI)
}

/// On a bound, next to it by a thousandth and by a tenth.
fn around(bound: i128) -> impl Iterator<Item = i128> {
    [-100, -1, 0, 1, 100].into_iter().map(move |step| bound + step)
}

/// Parts on and around every threshold of performance and of density.
fn parts() -> Vec<Part> {
    let mut numbers: Vec<(i128, Option<i128>)> = Vec::new();
    let bounds = milli(&[1600, 2400, 4800, 21000]).flat_map(around);
    for tpp in bounds.chain(milli(&[0, 100, 2000, 3600, 10_000, 50_000])) {
        numbers.push((tpp, None));
        numbers.extend(milli(&[100, 270, 500, 811, 1000, 1500, 3000, 10_000]).map(|area| (tpp, Some(area))));
    }
    for area in [250_000, 270_000, 270_300, 500_000, 750_000, 811_000, 1_000_000, 1_500_000, 2_999_900, 3_000_000] {
        for hundredths in [160, 320, 592] {
            // Every area above is a whole number of tenths, so this performance lies exactly on the density.
            numbers.extend(around(hundredths * area / 100).map(|tpp| (tpp, Some(area))));
        }
    }
    let both = |(tpp, area): (i128, Option<i128>)| {
        [true, false].map(|data_center| Part { tpp, area, memory: 3350 * MILLI, data_center, sold_in_us: true })
    };
    numbers.into_iter().flat_map(both).collect()
}

/// One part for each cell of the tiers, for the grids whose interest lies elsewhere.
fn few_parts() -> impl Iterator<Item = Part> {
    let cells = [(1599, 100), (1600, 500), (1600, 270), (2399, 1000), (2400, 1500), (4799, 811), (4800, 3000), (15832, 814)];
    cells.into_iter().flat_map(|(tpp, area)| {
        [true, false].map(|data_center| Part {
            tpp: tpp * MILLI,
            area: Some(area * MILLI),
            memory: 4800 * MILLI,
            data_center,
            sold_in_us: true,
        })
    })
}

const PLACES: [&str; 16] = ["CN", "HK", "MO", "VE", "LY", "RU", "VN", "KZ", "SA", "AE", "IL", "TR", "FR", "SG", "IN", "US"];

/// Buyers: at home, of a Chinese firm, with a Chinese parent, with a parent in Macau, and foreign to the destination.
fn buyers(to: &'static str) -> [(&'static str, &'static str); 5] {
    [(to, to), ("CN", "CN"), ("FR", "CN"), (to, "MO"), ("FR", "FR")]
}

fn kinds(to: &'static str) -> [(&'static str, &'static str); 6] {
    [("export", "US"), ("export", "TW"), ("reexport", "TW"), ("transfer", to), ("import", "TW"), ("deemed-export", "US")]
}

fn papers() -> [Papers; 6] {
    let refused = |purchase_order, notified, within_totals| Papers {
        purchase_order: Some(purchase_order),
        notified: Some(notified),
        within_totals: Some(within_totals),
        ..Papers::default()
    };
    [
        Papers::default(),
        refused(true, true, true),
        refused(false, true, true),
        refused(true, false, true),
        refused(true, true, false),
        Papers { notified: Some(false), ..Papers::default() },
    ]
}

#[test]
fn the_october_2023_rule_agrees_with_a_second_spelling() {
    let mut engine = Engine::new();
    let mut comparison = Comparison::default();
    let days = [20231117, 20240403, 20240404, 20250630, 20260114];
    for part in parts() {
        for to in PLACES {
            for day in days {
                let way = Way { day, kind: "export", from: "US", to, headquarters: to, parent: to };
                comparison.compare(&mut engine, part, way, Papers::default());
            }
        }
    }
    for part in few_parts() {
        for to in PLACES {
            for (headquarters, parent) in buyers(to) {
                for (kind, from) in kinds(to) {
                    for day in days {
                        for papers in papers() {
                            let way = Way { day, kind, from, to, headquarters, parent };
                            comparison.compare(&mut engine, part, way, papers);
                        }
                    }
                }
            }
        }
    }
    use Answer::*;
    comparison.settle(200_000, &[Free, Nac, Aca, Approval, CaseByCase, Denial, Undetermined]);
}

#[test]
fn the_january_2026_window_agrees_with_a_second_spelling() {
    let mut engine = Engine::new();
    let mut comparison = Comparison::default();
    let days = [20260114, 20260115, 20260709, 20260710, 20261123];
    let tpps = around(21_000 * MILLI).chain(milli(&[1700, 4800, 15_832, 50_000]));
    for (tpp, memory) in tpps.flat_map(|tpp| around(6500 * MILLI).chain(milli(&[0, 8000])).map(move |memory| (tpp, memory))) {
        for (data_center, sold_in_us) in [(true, true), (true, false), (false, true)] {
            let part = Part { tpp, area: Some(270 * MILLI), memory, data_center, sold_in_us };
            for to in PLACES {
                for (kind, from) in kinds(to) {
                    for day in days {
                        let way = Way { day, kind, from, to, headquarters: to, parent: to };
                        comparison.compare(&mut engine, part, way, Papers::default());
                    }
                }
            }
        }
    }
    for part in few_parts() {
        for to in PLACES {
            for (headquarters, parent) in buyers(to) {
                for (kind, from) in kinds(to) {
                    for papers in papers() {
                        let way = Way { day: 20260710, kind, from, to, headquarters, parent };
                        comparison.compare(&mut engine, part, way, papers);
                    }
                }
            }
        }
    }
    use Answer::*;
    comparison.settle(100_000, &[Free, Nac, Aca, Approval, CaseByCase, Unstated, Denial, Undetermined]);
}

#[test]
fn each_certification_of_the_window_agrees_with_a_second_spelling() {
    let mut engine = Engine::new();
    let mut comparison = Comparison::default();
    let mut papers: Vec<Papers> = vec![Papers { certified: true, ..Papers::default() }];
    papers
        .extend((0..CERTIFICATIONS.len()).flat_map(|refused| {
            [true, false].map(|certified| Papers { certified, refused: Some(refused), ..Papers::default() })
        }));
    for (to_us, to_china) in
        [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (10, 4), (10, 5), (1_000_000, 499_999), (1_000_000, 500_000)]
    {
        for slack in [-1, 0, 1] {
            // Shipments in units of the same part, give or take a thousandth: at 2 : 0 the cap is met exactly.
            let shipped = Some((to_us * 15_832 * MILLI + slack, to_china * 15_832 * MILLI));
            papers.extend(shipped.filter(|(us, _)| *us >= 0).map(|shipped| Papers { shipped: Some(shipped), ..papers[0] }));
        }
    }
    for part in few_parts() {
        for to in ["CN", "HK", "MO", "VE", "SG"] {
            for (headquarters, parent) in buyers(to) {
                for (kind, from) in kinds(to) {
                    for papers in &papers {
                        let way = Way { day: 20260301, kind, from, to, headquarters, parent };
                        comparison.compare(&mut engine, part, way, *papers);
                    }
                }
            }
        }
    }
    comparison.settle(100_000, &[Answer::Free, Answer::CaseByCase, Answer::Denial]);
}

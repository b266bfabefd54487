//! Ensembles, history matching and claims on the shipped packs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../../facts/tests/shipped/mod.rs"]
mod shipped;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use facts::{Pack, Source};
use regime::Library;
use shipped::TEXTS;
use study::{
    Answer, Asks, Claims, Design, Evidence, Past, Plan, Series, Shows, answer, ensemble, matching, plausible, quantiles,
    run_draws, scores_on, stream, values,
};
use world::{Factors, Over, Scenario, World};

fn library() -> Library {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(TEXTS.clone())), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    library
}

fn world(library: &Library, id: &str) -> World {
    let mut problems = Vec::new();
    let scenario = Scenario::read(&library.pack, id, library, &mut problems);
    assert!(problems.is_empty(), "{}", problems[0]);
    World::new(scenario.unwrap(), library).unwrap()
}

fn past(library: &Library, world: &World) -> (Vec<Series>, Past) {
    let mut problems = Vec::new();
    let series = Series::read(library.pack.get("history/series.csv").unwrap(), &mut problems);
    let past = Past::read(&library.pack, &series, &world.scenario, &mut problems);
    assert!(problems.is_empty(), "{}", problems[0]);
    (series, past.unwrap())
}

const PLAN: Plan = Plan { design: Design::LatinHypercube, worlds: 600, seed: 3 };

#[test]
fn points_of_the_cube_become_values_between_the_ends() {
    let library = library();
    let world = world(&library, "h200");
    let count = Factors::<f64>::COUNT;
    let middle = values(&world.scenario, &vec![0.5; count], None);
    for ((value, spec), (name, _)) in middle.iter().zip(&world.scenario.factors).zip(Factors::<f64>::NAMES) {
        assert!(spec.low <= *value && *value <= spec.high, "{name}");
    }
    // A log-uniform factor: the middle of 0.01 to 0.5 is their geometric mean.
    let at = Scenario::factor("admission_rate").unwrap();
    assert!((middle[at] - (0.01f64 * 0.5).sqrt()).abs() < 1e-12);
    // A uniform one, cut to the upper half of its range: the middle of that half.
    let at = Scenario::factor("gap_coefficient").unwrap();
    let upper = values(&world.scenario, &vec![0.5; count], Some(&vec![(0.5, 1.0); count]));
    assert!((upper[at] - 1.0).abs() < 1e-12, "-0.5 to 1.5: three quarters of the way is 1");
}

#[test]
fn a_study_gives_the_same_worlds_whatever_the_cores_and_the_blocks() {
    let library = library();
    let world = world(&library, "h200");
    let whole = ensemble(&world, &PLAN, None, |_| {}).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| ensemble(&world, &PLAN, None, |_| {}).unwrap());
    assert_eq!(
        whole.metrics.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        alone.metrics.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    let count = Factors::<f64>::COUNT;
    let rows = [5u64, 311, 599];
    let draws: Vec<f64> =
        rows.iter().flat_map(|r| whole.draws[*r as usize * count..(*r as usize + 1) * count].to_vec()).collect();
    let few = run_draws(&world, &draws, &rows, PLAN.seed).unwrap();
    let width = world.scenario.metrics.len();
    for (k, row) in rows.iter().enumerate() {
        let (a, b) =
            (&few.metrics[k * width..(k + 1) * width], &whole.metrics[*row as usize * width..(*row as usize + 1) * width]);
        assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()), "row {row}");
    }
}

#[test]
fn a_study_that_is_stopped_keeps_what_is_done_in_order() {
    let library = library();
    let world = world(&library, "h200");
    let stop = AtomicBool::new(false);
    let plan = Plan { worlds: 100_000, ..PLAN };
    let mut next = 0;
    let done = stream(
        &world,
        &plan,
        None,
        &stop,
        |_| false,
        |first, draws, metrics, history| {
            assert_eq!(first, next);
            next += (draws.len() / Factors::<f64>::COUNT) as u64;
            assert_eq!(metrics.len(), draws.len() / Factors::<f64>::COUNT * world.scenario.metrics.len());
            assert!(history.is_none());
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        },
    )
    .unwrap();
    assert_eq!(done, next);
    assert!(done < plan.worlds);
}

#[test]
fn figures_are_gathered_as_their_periods_say() {
    let library = library();
    let world = world(&library, "h200");
    let (_, past) = past(&library, &world);
    let run = ensemble(&world, &Plan { worlds: 16, ..PLAN }, None, |_| {}).unwrap();
    let of = |id: &str, period: &str| past.targets.iter().find(|t| t.id == id && t.period == period).unwrap();
    let quarter = |t: usize, variable: &str| run.history.row(Scenario::variable(variable).unwrap(), t)[7];
    // Fiscal 2026 Q1 is February to April 2025: two thirds of one quarter and a third of the next.
    let h20 = of("h20", "FY26Q1").predicted(&run.history)[7];
    let by_hand = quarter(12, "cut_down_sales_usd_bn") * 2.0 / 3.0 + quarter(13, "cut_down_sales_usd_bn") / 3.0;
    assert!((h20 - by_hand).abs() < 1e-12);
    // A share over a year is the mean of its quarters.
    let share = of("domestic-units", "2024").predicted(&run.history)[7];
    let by_hand = (8..12).map(|t| quarter(t, "domestic_share_units")).sum::<f64>() / 4.0;
    assert!((share - by_hand).abs() < 1e-12);
    // A stock is the rise since the quarter that it counts from: 312.843 kH100e from 9.414 to 322.257.
    let stock = of("nvidia-legal", "2024Q4");
    assert!((stock.value - 312.843).abs() < 1e-9);
    let by_hand: f64 = (1..12).map(|t| quarter(t, "foreign_kh100e")).sum();
    assert!((stock.predicted(&run.history)[7] - by_hand).abs() < 1e-9);
    // Implausibility: |4.5 − 2| over the root of (0.02·4.5)² + 0.5² + (0.5·4.5)².
    let write_off = of("write-off", "FY26Q1");
    assert!((write_off.implausibility(2.0) - 2.5 / (0.0081f64 + 0.25 + 5.0625).sqrt()).abs() < 1e-12);
    assert!(write_off.scored && !of("domestic-units", "2024").scored);
}

#[test]
fn history_rules_out_worlds_and_never_looks_at_what_is_scored() {
    let library = library();
    let world = world(&library, "h200");
    let (_, past) = past(&library, &world);
    let matched = matching(&world, &past, 400, 1, |_| {}).unwrap();
    assert!(matched.waves[0].left > 0 && matched.waves[0].left < 400);
    assert!(matched.ruled_out > 0.0 && matched.ruled_out < 1.0);
    for target in past.targets.iter().filter(|t| !t.scored) {
        let worlds = target.predicted(&matched.ensemble.history);
        assert!(worlds.iter().all(|x| target.implausibility(*x) <= past.cut), "{} {}", target.id, target.period);
    }
    let scores = scores_on(&world, &past, &matched.ensemble);
    assert_eq!(scores.len(), past.targets.iter().filter(|t| t.scored).count());
    // The same worlds are left when every scored figure is another.
    let mut other = past.clone();
    other.targets.iter_mut().filter(|t| t.scored).for_each(|t| t.value = 1e6);
    assert_eq!(matching(&world, &other, 400, 1, |_| {}).unwrap().draws, matched.draws);
    let found = plausible(&world, &past, &PLAN, &AtomicBool::new(false), |_, _, _| {}).unwrap();
    assert_eq!(found.seen, PLAN.worlds);
    assert_eq!(found.draws.len(), found.rows.len() * Factors::<f64>::COUNT);
    assert!(found.kept > 0 && found.kept == found.rows.len() as u64);
}

const PAST: &str = "fit_until = \"2024Q4\"
[[observation]]
id = \"others\"
title = \"t\"
title_zh = \"t\"
series = \"cards\"
of = \"foreign_units_k - lead_vendor_units_k\"
over = \"sum\"
[[observation]]
id = \"price\"
title = \"t\"
title_zh = \"t\"
series = \"price\"
of = \"cut_down_sales_usd_bn / cut_down_units_k\"
over = \"mean\"
";

/// Series by name with the periods of their figures; what is wrong with the observations.
fn of_series(text: &str, world: &World, named: &[(&str, &str)]) -> (Option<Past>, Vec<String>) {
    let mut rows = String::from("series,period,value,unit,source_url,confidence\n");
    named.iter().for_each(|(name, period)| rows.push_str(&format!("{name},{period},3,k,https://example.org,low\n")));
    let mut problems = Vec::new();
    let series = Series::read(&Source { path: "history/series.csv".into(), text: rows }, &mut problems);
    let pack = Pack::new(vec![("history/observations.toml".to_owned(), text.to_owned())]);
    let past = Past::read(&pack, &series, &world.scenario, &mut problems);
    (past, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_figure_may_speak_of_two_variables_joined() {
    let world = world(&library(), "h200");
    let (past, problems) = of_series(PAST, &world, &[("cards", "2025"), ("price", "2024")]);
    assert_eq!(problems, Vec::<String>::new());
    let past = past.unwrap();
    let history = world::run(&world, &world.scenario.central(), 0, 1, true).unwrap().history.unwrap();
    let of = |name: &str, t: usize| history.row(Scenario::variable(name).unwrap(), t)[0];
    let sum = |name: &str, from: usize| (from..from + 4).map(|t| of(name, t)).sum::<f64>();
    let [cards, price] = [0, 1].map(|at| past.targets[at].predicted(&history)[0]);
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
    assert!(close(cards, sum("foreign_units_k", 12) - sum("lead_vendor_units_k", 12)), "{cards}");
    // A price over the year is money by parts, not the mean of four prices.
    assert!(close(price, sum("cut_down_sales_usd_bn", 8) / sum("cut_down_units_k", 8)), "{price}");
    assert_eq!(past.targets[1].of.unit(), "USD bn/k");
    assert_eq!([0, 1].map(|at| past.targets[at].scored), [true, false]);
}

#[test]
fn a_later_figure_that_nobody_speaks_of_is_a_problem() {
    let world = world(&library(), "h200");
    let named = [("cards", "2025"), ("price", "2024"), ("yield", "2025-03"), ("yield", "2023")];
    let (_, problems) = of_series(PAST, &world, &named);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("`yield`") && problems[0].contains("2025-03") && !problems[0].contains("2023"));
    let why = format!("{PAST}[[unscored]]\nwhy = \"no yields here\"\nwhy_zh = \"无\"\nseries = [\"yield\"]\n");
    let (past, problems) = of_series(&why, &world, &named);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(past.unwrap().unscored[0].figures, 1);
    let (_, problems) = of_series(&PAST.replace("/ cut_down_units_k", "/ cut_down_unit"), &world, &named[..2]);
    assert!(problems[0].contains("no variable `cut_down_unit`") && problems[0].contains("cut_down_units_k"), "{problems:?}");
}

#[test]
fn quantiles_leave_out_what_is_no_number() {
    assert_eq!(quantiles(&[3.0, f64::NAN, 1.0, 2.0], [0.0, 0.5, 1.0]), [1.0, 2.0, 3.0]);
    assert_eq!(quantiles(&[1.0, 2.0], [0.25]), [1.25]);
    assert!(quantiles(&[f64::NAN], [0.5])[0].is_nan());
}

#[test]
fn shipped_claims_are_all_there_and_their_rules_hold() {
    let library = library();
    let mut problems = Vec::new();
    let claims = Claims::read(library.pack.get("claims/essay.toml").unwrap(), &mut problems);
    assert!(problems.is_empty(), "{}", problems[0]);
    let ids: Vec<&str> = claims.claims.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, (1..=27).map(|n| format!("E{n}")).collect::<Vec<_>>());
    assert!(claims.claims.iter().all(|c| c.says.iter().all(|s| !s.is_empty())));
    let world = world(&library, "h200");
    let (series, _) = past(&library, &world);
    let mut evidence = Evidence::new(&library, &series, (&[], &[]), 1, &claims.claims);
    for claim in &claims.claims {
        let mut only = claim.clone();
        only.tests.retain(|t| !matches!(t.asks, Asks::Question(_)));
        let found = answer(&claims, &only, &mut evidence);
        for (test, said) in only.tests.iter().zip(&found.tests) {
            assert_ne!(said.answer, Some(Answer::Undetermined), "{}: {:?}", claim.id, said.found);
            if matches!(test.asks, Asks::Rule(_)) && test.shows == Shows::For {
                assert_eq!(said.answer, Some(Answer::Supported), "{}: {:?}", claim.id, said.found);
            }
        }
    }
}

/// A claims file about signs that cannot be otherwise, and one that says nothing.
const SIGNS: &str = r#"
title = "Signs"
source = "a test"

[[claim]]
id = "looser"
para = "1"
says = "The open stance is looser than the closed one"
kind = "question"
[[claim.question]]
scenario = "open"
against = "closed"
metric = { of = "stance", over = "at", from = "2028Q1" }
claimed = "higher"

[[claim]]
id = "tighter"
para = "1"
says = "It is tighter"
kind = "question"
[[claim.question]]
scenario = "open"
against = "closed"
metric = { of = "stance", over = "at", from = "2028Q1" }
claimed = "lower"

[[claim]]
id = "same"
para = "1"
says = "Before the first day they differ"
kind = "question"
[[claim.question]]
scenario = "open"
against = "closed"
metric = { of = "vendor_sales_usd_bn", over = "sum", from = "2022Q1", to = "2022Q4" }
claimed = "higher"

[[claim]]
id = "shift"
para = "1"
says = "More budget, more market"
kind = "question"
[[claim.question]]
scenario = "open"
shift = { factor = "budget_start", from = "low", to = "high" }
metric = { of = "market_usd_bn", over = "sum", from = "2022Q1", to = "2024Q4" }
claimed = "higher"
[[claim.fact]]
series = "nvda_h20_charge_booked"
period = "FY26Q1"
claimed = "at least"
value = 100
unit = "USD bn"
shows = "for"
"#;

#[test]
fn questions_are_answered_by_shares_of_worlds() {
    let library = library();
    let world = world(&library, "h200");
    let (series, past) = past(&library, &world);
    let found = plausible(&world, &past, &PLAN, &AtomicBool::new(false), |_, _, _| {}).unwrap();
    assert!(found.rows.len() >= 30, "{}", found.rows.len());
    let mut problems = Vec::new();
    let claims = Claims::read(&Source { path: "signs.toml".into(), text: SIGNS.into() }, &mut problems);
    assert!(problems.is_empty(), "{}", problems[0]);
    let mut evidence = Evidence::new(&library, &series, (&found.draws, &found.rows), PLAN.seed, &claims.claims);
    let answers: Vec<Answer> = claims.claims.iter().map(|c| answer(&claims, c, &mut evidence).answer).collect();
    // The last claim has a test for it and a failed figure: they disagree, and neither outvotes the other.
    assert_eq!(answers, [Answer::Supported, Answer::Contradicted, Answer::Undetermined, Answer::Contingent]);
}

#[test]
fn a_figure_claimed_in_another_unit_than_it_was_published_in_is_not_compared() {
    let library = library();
    let (series, _) = past(&library, &world(&library, "h200"));
    let asked = |unit: &str| {
        let text = format!(
            "title = \"x\"\nsource = \"y\"\n[[claim]]\nid = \"A\"\npara = \"1\"\nsays = \"s\"\nkind = \"fact\"\n[[claim.fact]]\n\
             series = \"nvda_h20_charge_booked\"\nperiod = \"FY26Q1\"\nclaimed = \"about\"\nvalue = 4.5\nunit = \"{unit}\"\n"
        );
        let mut problems = Vec::new();
        let claims = Claims::read(&Source { path: "a.toml".into(), text }, &mut problems);
        assert!(problems.is_empty(), "{}", problems[0]);
        let mut evidence = Evidence::new(&library, &series, (&[], &[]), 1, &claims.claims);
        let answered = answer(&claims, &claims.claims[0], &mut evidence);
        (answered.answer, format!("{:?}", answered.tests[0].found))
    };
    assert_eq!(asked("USD bn").0, Answer::Supported);
    let (wrong, figures) = asked("RMB bn");
    assert_eq!(wrong, Answer::Undetermined);
    assert!(figures.contains("published in USD bn") && figures.contains("claimed in RMB bn"), "{figures}");
}

#[test]
fn a_bad_claims_file_tells_all_its_problems() {
    let text = "title = \"x\"\nsource = \"y\"\n[[claim]]\nid = \"A\"\npara = \"1\"\nsays = \"s\"\nkind = \"fact\"\nsaid = \"z\"\n\
                [[claim.fact]]\nseries = \"a\"\nperiod = \"2024\"\nclaimed = \"roughly\"\nshows = \"maybe\"\n\
                [[claim.question]]\nscenario = \"open\"\nshift = { factor = \"learnin_rate\", from = \"low\", to = \"high\" }\n\
                metric = { of = \"stanze\", over = \"middle\", from = \"2030Q9\" }\nclaimed = \"upper\"\n";
    let mut problems = Vec::new();
    Claims::read(&Source { path: "bad.toml".into(), text: text.into() }, &mut problems);
    let all: String = problems.iter().map(ToString::to_string).collect();
    for part in [
        "unknown key `said`",
        "`roughly`",
        "`maybe`",
        "no factor `learnin_rate`",
        "learning_rate",
        "no variable `stanze`",
        "`middle`",
        "2030Q9",
    ] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
}

#[test]
fn a_metric_that_is_never_reached_is_no_number() {
    let library = library();
    let world = world(&library, "closed");
    let run = ensemble(&world, &Plan { worlds: 8, ..PLAN }, None, |_| {}).unwrap();
    let stance = Scenario::variable("stance").unwrap();
    let never = run.history.metric(&world.scenario, stance, Over::FirstAbove(3.0), 0, 59);
    assert!(never.iter().all(|x| x.is_nan()));
    let at_once = run.history.metric(&world.scenario, stance, Over::FirstAbove(0.0), 16, 59);
    assert!(at_once.iter().all(|x| *x == 2026.0), "2026Q1 is quarter 16");
}

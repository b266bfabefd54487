//! Two judges, one law: rows decided by columns get what the judge of one case says of them, of the shipped packs and of regimes made
//! up at random, in whatever types the columns are. A disagreement is told by the smallest row that shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod both;
#[path = "../../../regime/tests/common/mod.rs"]
mod common;
#[path = "../../../regime/tests/properties/draw.rs"]
mod draw;
#[path = "../../../regime/tests/common/made_up.rs"]
mod made_up;
mod reading;
mod table;

use columns::{Became, Book, Form, Judge, Line, Lines, Reader};
use facts::{Case, Catalogue, Fact};
use proptest::prelude::*;
use regime::{Corridor, Lens, Outcome};

use both::agree;
use common::{LIBRARY, corridor, field};
use draw::{config, drawn};
use made_up::{DAYS, Dice, case, made_up};
use table::table;

proptest! {
    #![proptest_config(config(if cfg!(debug_assertions) { 60 } else { 600 }))]

    #[test]
    fn columns_decide_as_regimes_made_up_at_random_do(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let law = made_up(&mut dice);
        let mut corridor = Corridor::of(vec![law], Lens::default());
        let rows = 1 + dice.below(300);
        let known = [4, 8, 24, 1000][dice.below(4)];
        let days = &DAYS[dice.below(3)..3 + dice.below(4)];
        let cases: Vec<Case> = (0..rows).map(|_| case(&corridor.laws[0], &mut dice, days, known)).collect();
        agree(&mut corridor, &cases, &mut dice);
    }

    #[test]
    fn columns_decide_as_the_shipped_packs_do(
        some in prop::collection::vec(drawn(0.6), 1..40),
        most in prop::collection::vec(drawn(0.95), 1..40),
        seed in any::<u64>(),
    ) {
        let names: Vec<&str> = LIBRARY.regimes.iter().map(String::as_str).collect();
        let mut corridor = corridor(&names, some[0].lens());
        let mut cases: Vec<Case> = some.iter().chain(&most).map(|drawn| drawn.case()).collect();
        // Days that no regime covers, and days long after what was read.
        let far = ["0001-01-01", "1899-12-30", "1970-01-01", "2022-08-25", "2022-10-20", "2023-07-31", "9999-12-31"].map(common::day);
        cases.iter_mut().skip(seed as usize % 5).step_by(5).zip(far.iter().cycle().skip(seed as usize % 7)).for_each(|(case, day)| case.day = *day);
        // Here no catalogue knows the parts: their facts are drawn one by one.
        let chip = field(&LIBRARY.dictionary, "chip");
        cases.iter_mut().filter(|case| *case.fact(chip) != Fact::Absent).for_each(|case| case.set(chip, Fact::Unknown));
        agree(&mut corridor, &cases, &mut Dice(seed | 1));
    }
}

proptest! {
    #![proptest_config(config(if cfg!(debug_assertions) { 40 } else { 400 }))]

    /// Running totals in order of date: the second judge asks them only for rows that it says they matter to.
    #[test]
    fn totals_run_as_the_judge_of_one_case_runs_them(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let law = made_up(&mut dice);
        let mut corridor = Corridor::of(vec![law], Lens::default());
        let mut cases: Vec<Case> = (0..200).map(|_| case(&corridor.laws[0], &mut dice, &DAYS, 24)).collect();
        cases.sort_by_key(|case| case.day);
        let dictionary = corridor.laws[0].dictionary.clone();
        let nothing = Catalogue::default();
        let mut judge = Judge::new(corridor.clone(), false);
        let batch = table(&dictionary, &cases, &mut dice);
        let mut reader = Reader::new(&dictionary, &nothing, &batch.schema(), "rows", false).unwrap().with_points();
        let read = reader.read(&batch, 1).unwrap();
        let mut decided = judge.decide(&reader, &read);
        let (mut ours, mut theirs) = (corridor.totals(), corridor.totals());
        for row in judge.counted(&decided) {
            let ids = judge.decide_counted(&cases[row], &mut ours);
            for (gate, (id, _)) in ids.into_iter().enumerate() {
                decided.gates[gate][row] = id;
            }
        }
        for (row, case) in cases.iter().enumerate() {
            let mut said = corridor.decide_and_post(case, &mut theirs).0.gates.remove(0);
            said.fees.iter_mut().for_each(|fee| fee.minor = None);
            let verdict = &judge.verdicts(0)[decided.gates[0][row] as usize];
            prop_assert_eq!(&verdict.decision, &said, "row {}:\n{}", row, case.canonical(&dictionary));
        }
        prop_assert_eq!(ours, theirs);
    }
}

/// A rate times its bit length is told apart from a bound without rounding, the density of it with a margin: here both lie on the
/// bounds and within a few units in the last place of them.
#[test]
fn rates_on_and_beside_their_bounds_are_told_apart() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/task");
    let read = |path: &str| (path.to_owned(), std::fs::read_to_string(folder.join(path)).unwrap());
    let pages =
        std::fs::read_dir(folder.join("regimes/task")).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap());
    let texts =
        ["fields.toml", "countries.csv"].map(read).into_iter().chain(pages.map(|page| read(&format!("regimes/task/{page}"))));
    let library = common::open(texts.collect());
    let mut corridor = library.corridor(&[], &[], Lens::default()).unwrap();
    let around = |bound: f64| {
        let (above, below) = (bound.next_up(), bound.next_down());
        [bound, above, above.next_up(), below, below.next_down()].map(|rate| rate.to_string())
    };
    let rates: Vec<String> = [100.0, 150.0, 300.0, 200.0, 600.0].into_iter().flat_map(around).chain(["0".to_owned()]).collect();
    let areas: Vec<String> = [500.0, 1000.0, 810.810_810_810_810_8].into_iter().flat_map(around).collect();
    let (mut cases, mut dice) = (Vec::new(), Dice(1));
    for fp16 in &rates {
        for fp8 in &rates {
            let mut case = Case::new(&library.dictionary, common::day("2024-01-01"));
            let die = &areas[dice.below(areas.len())];
            for (name, spelled) in [("fp16", fp16.as_str()), ("fp8", fp8), ("die", die), ("datacenter", "yes"), ("dest", "GE")] {
                case.set(field(&library.dictionary, name), common::fact(&library.dictionary, name, spelled));
            }
            cases.push(case);
        }
    }
    agree(&mut corridor, &cases, &mut dice);
}

fn example() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples/orders.csv");
    std::fs::read_to_string(path).unwrap()
}

/// Every row of the example orders, with so many searches at a time.
fn lines(threads: usize, sought: usize) -> Vec<Line<Became>> {
    lines_of(&example(), threads, sought)
}

/// Every row of a book that can be read.
fn lines_of(text: &str, threads: usize, sought: usize) -> Vec<Line<Became>> {
    let (dictionary, catalogue) = (&LIBRARY.dictionary, &LIBRARY.catalogue);
    let corridor = LIBRARY.corridor(&[], &[], Lens::default()).unwrap();
    let mut lines = Lines::new(Judge::new(corridor, false), dictionary, catalogue).with_threads(threads);
    lines.seek_missing(sought);
    let mut all = Vec::new();
    // Twice, so that the second time what was found before is used.
    for _ in 0..2 {
        let file = Box::new(std::io::Cursor::new(text.to_owned()));
        let mut book = Book::text(dictionary, catalogue, "orders", Form::Csv, (file, None)).unwrap();
        let mut reader = Reader::new(dictionary, catalogue, book.schema(), "orders", false).unwrap();
        while let Some(rows) = book.next(&mut reader) {
            let mut take = |_: &mut Lines, line: Line<Became>| -> Result<bool, std::convert::Infallible> {
                all.push(line);
                Ok(true)
            };
            lines.rows("orders", &reader, &rows.unwrap(), &mut take).unwrap();
        }
    }
    all
}

#[test]
fn orders_under_a_quota_are_told_the_same_together_and_one_by_one() {
    let counted = |line| if let Line { answer: Became::Counted(case), .. } = line { Some(case) } else { None };
    let mut cases: Vec<Case> = lines(1, 0).into_iter().filter_map(counted).collect();
    cases.sort_by_key(|case| case.day);
    let mut corridor = LIBRARY.corridor(&[], &[], Lens::default()).unwrap();
    let mut totals = corridor.totals();
    let mut alone = |case: &Case| {
        let before = totals.clone();
        let (decision, _) = corridor.decide_and_post(case, &mut totals);
        let open = |gate: &usize| decision.outcome == Outcome::Undetermined && decision.gates[*gate].outcome == decision.outcome;
        let mut missing: Vec<String> =
            (0..before.len()).filter(open).flat_map(|gate| corridor.missing(gate, case, &before[gate])).collect();
        missing.dedup();
        (decision.outcome, missing)
    };
    let alone: Vec<(Outcome, Vec<String>)> = cases.iter().map(&mut alone).collect();
    assert!(
        alone.iter().any(|(_, missing)| !missing.is_empty()) && alone.iter().any(|(outcome, _)| *outcome < Outcome::Undetermined)
    );
    for (threads, together) in [(1, 1), (1, 7), (5, cases.len())] {
        let corridor = LIBRARY.corridor(&[], &[], Lens::default()).unwrap();
        let mut totals = corridor.totals();
        let mut lines = Lines::new(Judge::new(corridor, false), &LIBRARY.dictionary, &LIBRARY.catalogue).with_threads(threads);
        let told: Vec<_> = cases.chunks(together).flat_map(|some| lines.tell(some, &mut totals)).collect();
        let told: Vec<_> =
            told.into_iter().map(|told| lines.of_told(told)).map(|answer| (answer.said.outcome, answer.missing)).collect();
        assert_eq!(told, alone, "{together} at a time on {threads} threads");
    }
}

#[test]
fn undetermined_rows_miss_the_same_however_many_searches_run_at_a_time() {
    let one = lines(1, usize::MAX);
    let missing = |line: &Line<Became>| matches!(&line.answer, Became::Decided(answer) if !answer.missing.is_empty());
    assert!(one.iter().filter(|line| missing(line)).count() > 10);
    assert_eq!(one[..one.len() / 2], one[one.len() / 2..]);
    assert_eq!(lines(5, usize::MAX), one);
    // What would settle a row is among what it lacks, unless it is a doubt about the law.
    for line in &one {
        let Became::Decided(answer) = &line.answer else { continue };
        let facts = answer.missing.iter().filter_map(|name| LIBRARY.dictionary.id(name));
        facts.for_each(|id| assert!(answer.lacks.contains(&id), "{}: {id:?} of {:?} is not lacking", line.id, answer.missing));
    }
    let (unasked, some) = (lines(5, 0), lines(5, 12));
    assert!(!unasked.iter().any(missing));
    assert_eq!((&some[..12], some[12..some.len() / 2].iter().any(missing)), (&one[..12], false));
    // Rows that cannot be read are not counted: up to the last that misses something, wherever bad rows stand.
    let readable: Vec<_> = one[..one.len() / 2].iter().filter(|line| !matches!(line.answer, Became::Bad(_))).collect();
    let upto = readable.iter().rposition(|line| missing(line)).unwrap() + 1;
    let (header, rows) = example().split_once('\n').map(|(h, r)| (h.to_owned(), r.to_owned())).unwrap();
    let bad = format!("{}\n", header.replace(|c| c != ',', "?")).repeat(5);
    let ids = |lines: &[Line<Became>]| lines.iter().filter(|l| missing(l)).map(|l| l.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&lines_of(&format!("{header}\n{bad}{rows}"), 5, upto)), ids(&one));
    let outcome = |line: &Line<Became>| match &line.answer {
        Became::Decided(answer) => Some(answer.said.outcome),
        _ => None,
    };
    assert!(unasked.iter().map(outcome).eq(one.iter().map(outcome)));
}

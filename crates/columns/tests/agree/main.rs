//! Two judges, one law: rows decided by columns get what the judge of one case says of them, of the shipped packs and of regimes made
//! up at random, in whatever types the columns are. A disagreement is told by the smallest row that shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../../../regime/tests/common/mod.rs"]
mod common;
#[path = "../../../regime/tests/properties/draw.rs"]
mod draw;
#[path = "../../../regime/tests/common/made_up.rs"]
mod made_up;
mod reading;
mod table;

use columns::{Judge, NONE, Reader};
use facts::{Case, Catalogue, Fact};
use proptest::prelude::*;
use regime::{Corridor, Decision, Lens, Totals, decide};

use common::{LIBRARY, corridor, field};
use draw::{config, drawn};
use made_up::{DAYS, Dice, case, made_up};
use table::table;

/// What the judge of one case says at every gate, and which clauses apply.
fn alone(corridor: &mut Corridor, case: &Case) -> Vec<(Decision, Vec<u64>)> {
    let totals = Totals::default();
    (0..corridor.laws.len())
        .map(|gate| {
            let epoch = corridor.epoch(gate, case.day).unwrap().clone();
            let law = &corridor.laws[gate];
            let mut clauses = vec![0u64; law.clauses.len().div_ceil(64)];
            for id in regime::applying(law, &epoch, case, &totals) {
                clauses[usize::from(id.0) / 64] |= 1 << (id.0 % 64);
            }
            (decide(law, &epoch, case, &totals), clauses)
        })
        .collect()
}

/// What the second judge says of rows.
fn together(corridor: &Corridor, cases: &[Case], dice: &mut Dice, every: bool) -> Vec<Vec<(Decision, Vec<u64>)>> {
    let dictionary = &*corridor.laws[0].dictionary;
    let nothing = Catalogue::default();
    let mut judge = Judge::new(corridor.clone(), every);
    let batch = table(dictionary, cases, dice);
    let mut reader = Reader::new(dictionary, &nothing, &batch.schema(), "rows", false).unwrap();
    assert!(reader.warnings().is_empty());
    // In two pieces, so that what the first has taught is used.
    let mut rows = vec![Vec::new(); cases.len()];
    let cut = dice.below(cases.len() + 1);
    for (start, length) in [(0, cut), (cut, cases.len() - cut)] {
        let read = reader.read(&batch.slice(start, length), 1).unwrap();
        let decided = judge.decide(&reader, &read);
        for (gate, ids) in decided.gates.iter().enumerate() {
            for (row, id) in ids.iter().enumerate() {
                assert_ne!(*id, NONE, "row {row} is refused: {:?}", read.odd().iter().find(|odd| odd.row == row));
                let verdict = &judge.verdicts(gate)[*id as usize];
                let case = reader.case(&read, row).unwrap();
                assert_eq!(case, cases[start + row], "the row is read as it was written");
                let fees = judge.fees(gate, *id, &case, &Totals::default());
                rows[start + row].push((Decision { fees, ..verdict.decision.clone() }, verdict.clauses.clone()));
            }
        }
    }
    rows
}

/// Both judges on some rows; where they differ, the smallest row that shows it.
fn agree(corridor: &mut Corridor, cases: &[Case], dice: &mut Dice) {
    for every in [true, false] {
        let seed = dice.0;
        let rows = together(corridor, cases, dice, every);
        for (case, said) in cases.iter().zip(rows) {
            if said != seen(corridor, case, every) {
                let told = smallest(corridor, case, seed, every);
                let dictionary = &corridor.laws[0].dictionary;
                panic!("columns say {said:#?}\nof this row, or of it only beside others:\n{}", told.canonical(dictionary));
            }
        }
    }
}

fn seen(corridor: &mut Corridor, case: &Case, every: bool) -> Vec<(Decision, Vec<u64>)> {
    let said = alone(corridor, case);
    if every { said } else { said.into_iter().map(|(decision, _)| (decision, Vec::new())).collect() }
}

/// Leaves facts out while the judges differ.
fn smallest(corridor: &mut Corridor, case: &Case, seed: u64, every: bool) -> Case {
    let mut case = case.clone();
    let known: Vec<_> = case.known().map(|(id, _)| id).collect();
    for id in known {
        let mut less = case.clone();
        less.set(id, Fact::Unknown);
        let said = together(corridor, std::slice::from_ref(&less), &mut Dice(seed), every);
        if said[0] != seen(corridor, &less, every) {
            case = less;
        }
    }
    case
}

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
        let mut reader = Reader::new(&dictionary, &nothing, &batch.schema(), "rows", false).unwrap();
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

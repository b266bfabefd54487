//! Both judges asked about the same rows.

use columns::{Judge, NONE, Reader};
use facts::{Case, Catalogue, Fact, FieldId};
use regime::{Corridor, Decision, Epoch, Law, Outcome, Totals, decide};

use crate::made_up::Dice;
use crate::table::table;

/// What the judge of one case says at every gate, and which clauses apply.
fn alone(corridor: &mut Corridor, case: &Case) -> Vec<(Decision, Vec<u64>)> {
    let totals = Totals::default();
    let said = |(law, epoch): (&Law, &Epoch)| {
        let mut clauses = vec![0u64; law.clauses.len().div_ceil(64)];
        for id in regime::applying(law, epoch, case, &totals) {
            clauses[usize::from(id.0) / 64] |= 1 << (id.0 % 64);
        }
        (decide(law, epoch, case, &totals), clauses)
    };
    gates(corridor, case).map(said).collect()
}

/// The gates with the law of a case's day, made once for all cases of its epoch.
fn gates<'c>(corridor: &'c mut Corridor, case: &Case) -> impl Iterator<Item = (&'c Law, &'c Epoch)> {
    for gate in 0..corridor.laws.len() {
        corridor.epoch(gate, case.day).unwrap();
    }
    corridor.gates(case.day)
}

/// What a case lacks that may still change the answer of an undetermined one, asked by itself.
fn lacking((law, epoch): (&Law, &Epoch), case: &Case) -> Vec<FieldId> {
    let totals = Totals::default();
    if decide(law, epoch, case, &totals).outcome != Outcome::Undetermined {
        return Vec::new();
    }
    regime::open_facts(law, epoch, case, &totals).into_iter().filter(|id| *case.fact(*id) == Fact::Unknown).collect()
}

/// What the second judge says of rows.
fn together(corridor: &mut Corridor, cases: &[Case], dice: &mut Dice, every: bool) -> Vec<Vec<(Decision, Vec<u64>)>> {
    let dictionary = &*corridor.laws[0].dictionary.clone();
    let nothing = Catalogue::default();
    let mut judge = Judge::new(corridor.clone(), every).with_lacks();
    let batch = table(dictionary, cases, dice);
    let mut reader = Reader::new(dictionary, &nothing, &batch.schema(), "rows", false).unwrap().with_points();
    assert!(reader.warnings().is_empty());
    // In two pieces, so that what the first has taught is used.
    let mut rows = vec![Vec::new(); cases.len()];
    let cut = dice.below(cases.len() + 1);
    for (start, length) in [(0, cut), (cut, cases.len() - cut)] {
        let read = reader.read(&batch.slice(start, length), 1).unwrap();
        let decided = judge.decide(&reader, &read);
        for (gate, ids) in decided.gates.iter().enumerate() {
            let mut lacks = Vec::new();
            judge.lacks(gate, &reader, &read, &decided, &mut lacks);
            let own = lacks.chunks(dictionary.fields.len().div_ceil(64));
            for ((row, id), lacks) in ids.iter().enumerate().zip(own) {
                assert_ne!(*id, NONE, "row {row} is refused: {:?}", read.odd().iter().find(|odd| odd.row == row));
                let verdict = &judge.verdicts(gate)[*id as usize];
                let case = reader.case(&read, row).unwrap();
                assert_eq!(case, cases[start + row], "the row is read as it was written");
                let lacked = dictionary.ids().filter(|id| lacks[usize::from(id.0 / 64)] >> (id.0 % 64) & 1 == 1);
                assert_eq!(
                    lacked.collect::<Vec<_>>(),
                    lacking(gates(corridor, &case).nth(gate).unwrap(), &case),
                    "row {row} lacks this"
                );
                let fees = judge.fees(gate, *id, &case, &Totals::default());
                rows[start + row].push((Decision { fees, ..verdict.decision.clone() }, verdict.clauses.clone()));
            }
        }
    }
    rows
}

/// Both judges on some rows; where they differ, the smallest row that shows it.
pub(crate) fn agree(corridor: &mut Corridor, cases: &[Case], dice: &mut Dice) {
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

//! What is said to be missing: the smallest set of facts that settles a case, and the same whether or not a like case was asked
//! about before.

use facts::{Case, Fact, FieldId};
use proptest::prelude::*;
use regime::{Corridor, Decision, Law, Lens, Outcome, Totals, decide, settle};

use crate::common::day;
use crate::draw::{LAWS, config, drawn, pick};
use crate::made_up::{DAYS, Dice, case as made_up_case, made_up};
use crate::small_world::{case, small_world};

fn open(law: &Law, epoch: &regime::Epoch, case: &Case) -> bool {
    decide(law, epoch, case, &Totals::default()).outcome == Outcome::Undetermined
}

/// Whether a case of yes-or-no facts is settled by some of them, asked for every way that they could turn out.
fn settles(law: &Law, epoch: &regime::Epoch, case: &Case, set: &[FieldId]) -> bool {
    (0..1 << set.len()).all(|way: u32| {
        let mut told = case.clone();
        set.iter().enumerate().for_each(|(at, id)| told.set(*id, Fact::Bool(way >> at & 1 == 1)));
        !open(law, epoch, &told)
    })
}

/// Of every open case of the small world: the set settles it, and no smaller set does, nor one as small that comes before it.
#[test]
fn the_smallest_set_is_named_and_of_several_the_first() {
    let law = small_world();
    let epoch = law.on(day("2024-01-01"), &Lens::default());
    let mut asked = 0;
    for number in 0..3_usize.pow(law.dictionary.fields.len() as u32) {
        let case = case(&law, number);
        if !open(&law, &epoch, &case) {
            continue;
        }
        asked += 1;
        let unknown: Vec<FieldId> = law.dictionary.ids().filter(|id| *case.fact(*id) == Fact::Unknown).collect();
        let mut sets: Vec<Vec<FieldId>> = (0..1_u32 << unknown.len())
            .map(|bits| unknown.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, id)| *id).collect())
            .collect();
        sets.sort_by_key(|set: &Vec<FieldId>| (set.len(), set.clone()));
        let first = sets.into_iter().find(|set| settles(&law, &epoch, &case, set));
        let named = settle(&law, &epoch, &case, &Totals::default()).missing;
        assert_eq!(Some(named), first, "{}", case.canonical(&law.dictionary));
    }
    assert!(asked > 500, "only {asked} cases are open");
}

fn range(decision: &Decision) -> [Outcome; 3] {
    [decision.outcome, decision.mildest, decision.strictest]
}

/// A fact that is not open may turn out as it likes, whether or not all that is open is told as well. The facts come from another
/// case. Says whether there was anything to ask.
fn what_is_not_open_does_not_matter(law: &Law, lens: &Lens, case: &Case, other: &Case) -> Result<bool, TestCaseError> {
    let epoch = law.on(case.day, lens);
    let ask = |case: &Case| range(&decide(law, &epoch, case, &Totals::default()));
    let open = regime::open_facts(law, &epoch, case, &Totals::default());
    let told = |case: &Case, which: &dyn Fn(&FieldId) -> bool| {
        let mut told = case.clone();
        let unknown = law.dictionary.ids().filter(|id| *case.fact(*id) == Fact::Unknown);
        unknown.filter(which).for_each(|id| told.set(id, other.fact(id).clone()));
        told
    };
    let opened = told(case, &|id| open.contains(id));
    for before in [case, &opened] {
        let after = told(before, &|id| !open.contains(id));
        prop_assert_eq!(ask(before), ask(&after), "under {}:\n{}", law.id, after.canonical(&law.dictionary));
    }
    Ok(ask(case)[0] == Outcome::Undetermined && !open.is_empty())
}

/// What a corridor answers that was asked about nothing before.
fn anew(law: &Law, lens: &Lens, case: &Case, totals: &Totals) -> Vec<String> {
    Corridor::of(vec![law.clone()], lens.clone()).missing(0, case, totals)
}

proptest! {
    #![proptest_config(config(60))]

    /// One corridor is asked about a case and about others like it, which differ in a known fact or in what is known.
    #[test]
    fn like_cases_share_an_answer_only_where_it_is_theirs(
        drawn in drawn(0.8),
        changes in prop::collection::vec((any::<u16>(), any::<u16>(), prop::bool::weighted(0.9)), 24),
    ) {
        for law in LAWS.iter() {
            let lens = drawn.lens();
            let mut corridor = Corridor::of(vec![law.clone()], lens.clone());
            let mut case = drawn.case();
            for (field, so, known) in &changes {
                let id = FieldId(field % law.dictionary.fields.len() as u16);
                case.set(id, if *known { pick(id, *so) } else { Fact::Unknown });
                if open(law, &law.on(case.day, &lens), &case) {
                    let told = corridor.missing(0, &case, &Totals::default());
                    let expected = anew(law, &lens, &case, &Totals::default());
                    prop_assert_eq!(told, expected, "under {}:\n{}", law.id, case.canonical(&law.dictionary));
                }
            }
        }
    }

    /// The same of regimes made up at random, with running totals known and unknown.
    #[test]
    fn so_do_cases_under_pages_made_up_at_random(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let law = made_up(&mut dice);
        let lens = Lens::default();
        let mut corridor = Corridor::of(vec![law.clone()], lens.clone());
        let mut totals = [Totals::default(), Totals::from_start()];
        for _ in 0..120 {
            let known = [4, 6, 8][dice.below(3)];
            let case = made_up_case(&law, &mut dice, &DAYS, known);
            let epoch = law.on(case.day, &lens);
            for totals in &mut totals {
                if decide(&law, &epoch, &case, totals).outcome == Outcome::Undetermined {
                    let told = corridor.missing(0, &case, totals);
                    prop_assert_eq!(told, anew(&law, &lens, &case, totals), "{}", case.canonical(&law.dictionary));
                } else if totals.complete {
                    totals.post(&law, &epoch, &case);
                }
            }
        }
    }

    #[test]
    fn facts_that_are_not_open_do_not_matter_under_the_shipped_pages(some in drawn(0.7), other in drawn(1.0)) {
        for law in LAWS.iter() {
            what_is_not_open_does_not_matter(law, &some.lens(), &some.case(), &other.case())?;
        }
    }

    #[test]
    fn nor_do_they_under_pages_made_up_at_random(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let law = made_up(&mut dice);
        let mut asked = 0;
        for _ in 0..200 {
            let case = made_up_case(&law, &mut dice, &DAYS, 4);
            let other = made_up_case(&law, &mut dice, &DAYS, 1000);
            asked += usize::from(what_is_not_open_does_not_matter(&law, &Lens::default(), &case, &other)?);
        }
        prop_assert!(asked > 0, "nothing was open in any case");
    }
}

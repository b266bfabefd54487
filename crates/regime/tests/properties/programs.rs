//! Programs and pages agree: what the bits of an epoch's program say is what a walk over the trees of the pages says, of the
//! shipped packs and of regimes made up at random, with facts unknown, absent and exactly on bounds.

use facts::Case;
use proptest::prelude::*;
use regime::{Law, Lens, Totals, decide, trace, walk};

use crate::draw::{LAWS, config, drawn};
use crate::made_up::{DAYS, Dice, case, made_up};

/// Every way to ask for the decision gives the same one.
fn agree(law: &Law, epoch: &regime::Epoch, case: &Case) -> Result<(), TestCaseError> {
    for totals in [Totals::default(), Totals::from_start()] {
        let walked = walk(law, epoch, case, &totals);
        let told = || case.canonical(&law.dictionary);
        prop_assert_eq!(&decide(law, epoch, case, &totals), &walked, "under {}:\n{}", law.id, told());
        prop_assert_eq!(&trace(law, epoch, case, &totals).decision, &walked, "traced under {}:\n{}", law.id, told());
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn a_program_decides_as_the_shipped_pages_do(some in drawn(0.6), most in drawn(0.95)) {
        for drawn in [some, most] {
            for law in LAWS.iter() {
                agree(law, &law.on(drawn.day, &drawn.lens()), &drawn.case())?;
            }
        }
    }
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn a_program_decides_as_pages_made_up_at_random_do(seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let law = made_up(&mut dice);
        for known in [4, 8, 24] {
            for _ in 0..30 {
                let case = case(&law, &mut dice, &DAYS, known);
                agree(&law, &law.on(case.day, &Lens::default()), &case)?;
            }
        }
    }
}

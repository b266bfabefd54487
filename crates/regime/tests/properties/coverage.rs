//! A day that a regime does not speak of is never decided, and a day after the last one that was read for is never decided in silence.

use facts::{Case, Date};
use proptest::prelude::*;
use regime::{Lens, Outcome, Totals, View, explain};

use crate::common::{LIBRARY, corridor, standard};
use crate::draw::{LAWS, config, drawn};

/// Any day that a calendar of four digits has, near ones more often.
fn any_day() -> impl Strategy<Value = Date> {
    let of =
        |years: std::ops::RangeInclusive<i16>| (years, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap());
    prop_oneof![of(2021..=2028), of(1..=9999)]
}

fn any_known() -> impl Strategy<Value = Option<Date>> {
    prop_oneof![Just(None), any_day().prop_map(Some)]
}

proptest! {
    #![proptest_config(config(400))]

    /// By the judge of one case, its explanation and its search for what is missing alike; the judge of columns is held to this judge
    /// where the two are compared.
    #[test]
    fn days_before_the_first_are_open_at_every_gate_that_has_a_say(
        drawn in drawn(0.8), today in any_day(), known in any_known(), text in any::<bool>(),
    ) {
        let view = if text { View::Text } else { View::Practice };
        let names: Vec<&str> = LIBRARY.regimes.iter().map(String::as_str).collect();
        let mut corridor = corridor(&names, Lens { view, known });
        let mut case: Case = drawn.case();
        case.day = today;
        let decision = corridor.decide(&case, &[]);
        for (gate, own) in decision.gates.iter().enumerate() {
            let law = corridor.laws[gate].clone();
            let covered = today >= law.covers_from && known.is_none_or(|known| known >= law.covers_from);
            if covered || !own.in_scope {
                continue;
            }
            prop_assert_eq!((own.outcome, own.mildest, own.strictest), (Outcome::Undetermined, Outcome::Free, Outcome::Prohibited));
            prop_assert!(own.fees.is_empty() && own.needs.is_empty());
            let epoch = corridor.epoch(gate, today).unwrap().clone();
            let told = explain(&law, &epoch, &corridor.lens, &case, &Totals::default());
            prop_assert!(told.notices.iter().chain(&told.doubts).all(|line| line.starts_with("not covered: ")), "{:?}", told);
            prop_assert!(!told.notices.is_empty() && !told.doubts.is_empty() && told.missing.is_empty());
            let missing = corridor.missing(gate, &case, &Totals::default());
            prop_assert!(matches!(missing.as_slice(), [why] if why.starts_with("not covered: ")), "{:?}", missing);
        }
        let asked = decision.gates.iter().zip(&corridor.laws).any(|(own, law)| own.in_scope && today < law.covers_from);
        if asked {
            prop_assert!(decision.strictest == Outcome::Prohibited, "{}", decision.outcome);
            prop_assert!(decision.outcome == Outcome::Prohibited || corridor.uncovered(today, &decision).is_some());
        }
    }

    /// Each gate that has a say tells it, and none tells it of a day for which it was read.
    #[test]
    fn days_after_the_last_are_answered_with_a_notice(drawn in drawn(0.8), today in any_day()) {
        let names: Vec<&str> = LIBRARY.regimes.iter().map(String::as_str).collect();
        let mut corridor = corridor(&names, Lens::default());
        let mut case: Case = drawn.case();
        case.day = today;
        let decision = corridor.decide(&case, &[]);
        let notices = corridor.notices(today, &decision);
        for (law, own) in corridor.laws.iter().zip(&decision.gates) {
            let told = notices.iter().any(|notice| notice.starts_with(&format!("{} was read up to {}", law.id, law.as_of)));
            prop_assert_eq!(told, own.in_scope && today > law.as_of, "{} on {}: {:?}", law.id, today, notices);
        }
    }
}

/// The first day of each regime is covered and the day before it is not, so that no rule of the pack is out of reach.
#[test]
fn the_first_day_is_the_first_that_is_covered() {
    for law in LAWS.iter() {
        let lens = Lens::default();
        let eve = law.covers_from.yesterday().unwrap();
        assert!(law.on(eve, &lens).uncovered.is_some() && law.on(law.covers_from, &lens).uncovered.is_none(), "{}", law.id);
        assert!(law.on(Date::MIN, &lens).uncovered.is_some() && law.on(Date::MAX, &lens).uncovered.is_none(), "{}", law.id);
        assert!(
            law.instruments.iter().all(|act| act.draft || act.effective <= law.as_of || act.published <= law.as_of),
            "{}",
            law.id
        );
    }
}

/// What spreadsheets and databases write where there is no date, and slips of the year.
#[test]
fn days_that_mean_no_day_free_nothing() {
    for no_day in ["1970-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "0001-01-01", "0026-02-10", "2016-02-10"]
    {
        let mut corridor = corridor(&[], Lens::default());
        let case = standard(&LIBRARY, &[("date", no_day), ("chip", "H200 SXM"), ("to", "CN")]);
        assert_eq!(corridor.decide(&case, &[]).outcome, Outcome::Undetermined, "{no_day}");
    }
}

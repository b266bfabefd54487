//! More is never milder: under the tiers of 2023 a faster part of one size, or a denser part of one speed, is not freed by it.

use facts::{Case, Fact, Number};
use proptest::prelude::*;
use regime::{Corridor, Lens, Outcome};

use crate::common::{LIBRARY, corridor, day, fact, field, standard};
use crate::draw::config;

fn number(tenths: i64) -> Fact {
    Fact::Number(Number::parse(&format!("{}.{}", tenths / 10, tenths % 10)).unwrap())
}

/// Tenths near a threshold, or anywhere.
fn tenths(bounds: &'static [i64], most: i64) -> impl Strategy<Value = i64> {
    let near = (prop::sample::select(bounds), -2_i64..=2).prop_map(|(bound, step)| bound * 10 + step);
    prop_oneof![near, 1..most * 10]
}

fn sale(facts: &[(&str, &str)], tpp: i64, area: i64) -> Case {
    let mut case = standard(&LIBRARY, facts);
    case.set(field(&LIBRARY.dictionary, "tpp"), number(tpp));
    case.set(field(&LIBRARY.dictionary, "applicable_die_area_mm2"), number(area));
    case
}

fn outcome(corridor: &mut Corridor, case: &Case) -> Outcome {
    corridor.decide(case, &[]).outcome
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_faster_or_denser_part_is_never_treated_more_mildly(
        tpp in tenths(&[1600, 2400, 4800], 30_000),
        more in tenths(&[0, 800, 2400, 3200], 30_000),
        area in tenths(&[270, 500, 1500, 2500], 4000),
        less in 1_i64..10_000,
        facts in (
            prop::sample::select(vec!["2023-11-17", "2024-04-03", "2024-04-04", "2025-04-09", "2025-09-01", "2026-01-14"]),
            prop::sample::select(vec!["CN", "MO", "VE", "SA", "VN", "SG", "FR"]),
            prop::sample::select(vec!["CN", "SG", "FR"]),
            prop::sample::select(vec!["export", "reexport", "transfer"]),
            prop::sample::select(vec!["NVIDIA", "Test Foundry Customer"]),
            prop::sample::select(vec!["yes", "no"]),
            prop::sample::select(vec!["yes", "no", "unknown"]),
        ),
    ) {
        let (date, to, hq, kind, vendor, datacenter, purchase_order) = facts;
        let facts = [
            ("date", date), ("to", to), ("hq", hq), ("kind", kind), ("vendor", vendor), ("datacenter", datacenter),
            ("purchase_order", purchase_order), ("chip_family", "Custom"), ("memory_bandwidth_gbs", "900"),
            ("interconnect_gbs", "128"),
        ];
        let mut corridor = corridor(&["us-ear"], Lens::default());
        let (tpp, more, area) = (tpp.max(0), more.max(0), area.max(1));
        let part = outcome(&mut corridor, &sale(&facts, tpp, area));
        let faster = outcome(&mut corridor, &sale(&facts, tpp + more, area));
        prop_assert!(part <= faster, "{part} at {tpp}, {faster} at {} tenths, on {area}: {facts:?}", tpp + more);
        let denser = outcome(&mut corridor, &sale(&facts, tpp, (area - less).max(1)));
        prop_assert!(part <= denser, "{part} on {area}, {denser} on {} tenths, at {tpp}: {facts:?}", (area - less).max(1));
    }
}

/// The planar part has no density at all; from 4,800 on that does not help it.
#[test]
fn a_planar_part_is_caught_by_its_performance_alone() {
    let mut corridor = corridor(&["us-ear"], Lens::default());
    for (tpp, expected) in [("4799.9", Outcome::Free), ("4800", Outcome::Licence(regime::Policy::Denial))] {
        let facts = [("date", "2024-06-01"), ("to", "CN"), ("vendor", "Test Foundry Customer"), ("datacenter", "yes")];
        let mut case = standard(&LIBRARY, &facts);
        case.day = day("2024-06-01");
        for (name, text) in [("tpp", tpp), ("applicable_die_area_mm2", "none")] {
            case.set(field(&LIBRARY.dictionary, name), fact(&LIBRARY.dictionary, name, text));
        }
        assert_eq!(outcome(&mut corridor, &case), expected, "at {tpp}");
    }
}

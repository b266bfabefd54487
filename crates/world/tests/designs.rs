//! What the vendors build comes out of the law: no page of the scenarios says it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::LazyLock;

use common::{TEXTS, overlay, world};
use facts::Quarter;
use world::{Design, World};

static LAW: LazyLock<World> = LazyLock::new(|| world("h200"));

fn quarter(text: &str) -> Quarter {
    Quarter::parse(text).unwrap()
}

/// The designs that the law itself asked of the lead vendor, in order.
fn asked(world: &World) -> Vec<&Design> {
    let lead = &world.gates.vendors[0];
    assert_eq!(lead.name, "NVIDIA");
    let law = world.scenario.stances.iter().position(|s| s.draft.is_none()).unwrap();
    let mut seen = Vec::new();
    for t in 0..world.scenario.quarters {
        let wanted = lead.wanted[t * world.gates.stances + law] as usize;
        if wanted < lead.story.len() && seen.last() != Some(&wanted) {
            seen.push(wanted);
        }
    }
    seen.into_iter().map(|at| &lead.story[at]).collect()
}

#[test]
fn the_lead_vendors_designs_follow_the_letters_and_rules() {
    let designs = asked(&LAW);
    let told: Vec<String> = designs.iter().map(|d| format!("{} {:?} {:?} like {}", d.from, d.tpp, d.bandwidth, d.like)).collect();
    let told = told.join("\n");
    let first = designs[0];
    // The letter of August 2022 and the rule of October 2022 bind what links chips, not what one chip does: A800 and H800.
    assert_eq!(first.from, quarter("2022Q3"), "{told}");
    assert_eq!((first.tpp, first.bandwidth), (None, None), "{told}");
    // The rule of October 2023: below 2,400 and so free of the density tests. The H20 has 2,368.
    let second = designs.iter().find(|d| d.from == quarter("2023Q4")).unwrap_or_else(|| panic!("{told}"));
    assert!(second.tpp.is_some_and(|x| (2_000.0..2_400.0).contains(&x)), "{told}");
    assert!(second.like.starts_with("H20"), "{told}");
    assert_eq!(second.bandwidth, None, "{told}");
    // The letter of 9 April 2025: memory below 1,400 GB/s.
    let third = designs.iter().find(|d| d.from == quarter("2025Q2")).unwrap_or_else(|| panic!("{told}"));
    assert!(third.bandwidth.is_some_and(|x| (1_000.0..1_400.0).contains(&x)), "{told}");
    assert!(designs.windows(2).all(|pair| pair[0].from <= pair[1].from || pair[1].from < quarter("2026Q1")), "{told}");
}

#[test]
fn nothing_is_designed_while_the_gate_is_open() {
    let open = LAW.scenario.stances.iter().position(|s| s.id == "open").unwrap();
    let mut asked = 0;
    for vendor in &LAW.gates.vendors {
        let (none, stances) = (vendor.story.len() as f64, LAW.gates.stances);
        for t in 0..LAW.scenario.quarters {
            let wanted = vendor.wanted[t * stances + open];
            if LAW.scenario.quarter(t) >= quarter("2026Q1") {
                assert_eq!(wanted, none, "{} in {}", vendor.name, LAW.scenario.quarter(t));
            } else if wanted < none {
                asked += 1;
            }
        }
    }
    assert!(asked > 0, "before the draft of 2026 the law asked for designs in every stance");
}

#[test]
fn a_quarter_in_which_the_law_changes_is_weighed_by_days() {
    // The letter of 9 April 2025 leaves the design of 2023 the first eight of the 91 days of 2025Q2.
    let lead = &LAW.gates.vendors[0];
    let law = LAW.scenario.stances.iter().position(|s| s.draft.is_none()).unwrap();
    let design = lead.story.iter().position(|d| d.like.starts_with("H20") && d.from == quarter("2023Q4")).unwrap();
    let row = |at: &str| {
        let t = quarter(at).since(LAW.scenario.start) as usize;
        (t * LAW.gates.stances + law) * lead.designs.width + design
    };
    let at = row("2025Q2");
    let near = |told: f64, known: f64| assert!((told - known).abs() < 1e-12, "{told} is not {known}");
    near(lead.designs.free[at], 8.0 / 91.0);
    near(lead.designs.unstated[at], 83.0 / 91.0);
    near(lead.designs.free[row("2025Q1")], 1.0);
    near(lead.designs.free[row("2024Q1")], 1.0);
    near(lead.designs.free[row("2025Q4")], 0.0);
    // Every day of every quarter is somewhere, for every part and design.
    for vendor in &LAW.gates.vendors {
        for offers in [&vendor.top, &vendor.best, &vendor.designs] {
            for at in 0..offers.tpp.len() {
                let open = offers.free[at] + offers.approval[at] + offers.case[at] + offers.unstated[at] + offers.denial[at];
                let known = offers.admitted[at] + offers.approved_only[at] + offers.discouraged[at];
                assert!(open <= 1.0 + 1e-12 && known <= 1.0 + 1e-12, "{} at {at}", vendor.name);
                assert!(offers.state_barred[at] <= 1.0 + 1e-12 && offers.fee_rate[at] <= 1.0 && offers.fee_duty[at] <= 1.0);
            }
        }
    }
}

#[test]
fn no_design_is_typed_into_a_scenario() {
    for (path, text) in TEXTS.iter().filter(|(path, _)| path.starts_with("scenarios/")) {
        let code: String = text.lines().filter(|l| !l.trim_start().starts_with(['#']) && !l.contains("source =")).collect();
        for number in ["2400", "2399", "2368", "1399", "A800", "H800"] {
            assert!(!code.contains(number), "{path} says {number}");
        }
        // Parts made for one market are shown on the timeline, and take part nowhere.
        for line in text.lines().filter(|l| l.contains("H20 ") && !l.trim_start().starts_with('#') && !l.contains("source =")) {
            assert!(line.starts_with("shown"), "{path}: {line}");
        }
    }
}

#[test]
fn a_vendor_without_parts_and_a_gate_without_law_stand_still() {
    let none = overlay("h200", "parts = [\"H100 SXM\"]\nquarters = 12\n");
    assert!(none.gates.vendors[1].top.tpp.iter().all(|x| *x == 0.0), "AMD has no part here");
    let free = overlay("h200", "importer = { regime = \"\" }\nquarters = 12\n");
    for vendor in &free.gates.vendors {
        assert!(vendor.top.admitted.iter().zip(&vendor.top.tpp).all(|(a, tpp)| *a == 1.0 || *tpp == 0.0));
    }
}

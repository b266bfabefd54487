//! Under commands at random: the log rebuilds the state, accounts sum to zero, replays change nothing, and no draw breaks a quota.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Live, day, facts, home, licence, sale};
use desk::{Act, Basis, Command, Event, Terms};
use proptest::prelude::*;

/// A command of a small desk: few names, so that commands meet.
fn acts() -> impl Strategy<Value = (usize, Act, i64)> {
    let n = 0..4usize;
    let date = (0..60i64).prop_map(|d| day("2026-02-01").saturating_add(jiff::Span::new().days(d)));
    let terms = (1..400i64, 1..40_000_000i64).prop_map(|(units, value)| Terms {
        units,
        value,
        from: day("2026-02-01"),
        until: day("2026-12-31"),
    });
    let name = |word: &'static str| n.clone().prop_map(move |n| format!("{word}-{n}"));
    let act = prop_oneof![
        4 => (name("U"), 1..400i64, date.clone()).prop_map(|(shipment, q, on)| Act::Reserve {
            shipment, basis: Basis::Law, facts: home(q, "1000", &on.to_string()) }),
        8 => (name("S"), 0..2usize, 1..300i64, date.clone()).prop_map(|(shipment, l, q, on)| Act::Reserve {
            shipment, basis: licence(&format!("L-{l}")),
            facts: facts(&format!("quantity={q},value_usd={},date={on},dd_lab_review=yes", q * 100)) }),
        6 => (prop_oneof![name("U"), name("S")], date.clone()).prop_map(|(shipment, on)| Act::Post { shipment, on, facts: facts("") }),
        2 => prop_oneof![name("U"), name("S")].prop_map(|shipment| Act::Void { shipment, reason: "r".into() }),
        3 => (prop_oneof![name("U"), name("S")], 1..500i64).prop_map(|(shipment, units)| Act::Correct {
            shipment, units, value: units * 10_000, reason: "r".into() }),
        2 => (prop_oneof![name("U"), name("S")], 1..100i64, date.clone()).prop_map(|(shipment, units, on)| Act::TakeBack {
            shipment, units, on, reason: "r".into() }),
        1 => (0..2usize, terms).prop_map(|(l, terms)| Act::AskAmendment { licence: format!("L-{l}"), terms, reason: "r".into() }),
        1 => (0..2usize).prop_map(|l| Act::ApproveAmendment { licence: format!("L-{l}") }),
        1 => (0..2usize).prop_map(|l| Act::Suspend { licence: format!("L-{l}"), reason: "r".into() }),
        1 => (0..2usize).prop_map(|l| Act::Reinstate { licence: format!("L-{l}"), reason: "r".into() }),
    ];
    (0..4usize, act, 0..3i64)
}

const ACTORS: [&str; 4] = ["analyst-1", "machine-1", "approver-1", "auditor-1"];

/// The cap, reckoned here from the log alone: on every day at most half of what had gone to U.S. customers by then.
fn overdrawn(live: &Live) -> bool {
    let flow = |name: &str| live.state.flow(name).unwrap().cloned().unwrap_or_default();
    let (china, home) = (flow("us-ear/cn-shipped/h200 sxm"), flow("us-ear/us-shipped/h200 sxm"));
    china.days.keys().any(|day| 2 * china.upto(*day) > home.upto(*day))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_follows_from_the_log(commands in prop::collection::vec(acts(), 1..60)) {
        let mut live = Live::open(&["us-ear"]);
        live.on("2026-04-05");
        live.ship_home("U-first", 100, "2026-02-01");
        live.licensed("L-0", sale(50, "100000", "2026-02-01"), "2026-12-31");
        live.licensed("L-1", sale(1000, "1000000", "2026-02-01"), "2026-12-31");
        let mut sent: Vec<(Command, (u64, u64))> = Vec::new();
        let mut breached = false;
        for (n, (actor, act, skip)) in commands.into_iter().enumerate() {
            live.now = live.now.checked_add(jiff::Span::new().seconds(skip)).unwrap();
            let command = Command { key: format!("p-{n}"), actor: ACTORS[actor].into(), at: live.now, act };
            let before = (live.state.head.clone(), overdrawn(&live));
            match live.send(&command) {
                Ok(span) => {
                    breached |= matches!(live.log.last().unwrap().entry.event, Event::QuotaBreached { .. });
                    prop_assert!(before.1 || !overdrawn(&live) || breached, "a draw broke the quota");
                    sent.push((command, span));
                }
                Err(_) => prop_assert_eq!(&live.state.head, &before.0),
            }
            live.balanced();
            // A licence never gives more than it has.
            for holder in ["licence/L-0/available", "licence/L-1/available"] {
                prop_assert!(live.balance(holder, "units of H200 SXM") >= 0);
                prop_assert!(live.balance(holder, "value in USD") >= 0);
            }
        }
        // Sent again, everything gives the same answer and nothing is added.
        let length = live.log.len();
        for (command, span) in &sent {
            prop_assert_eq!(live.send(command), Ok(*span));
        }
        prop_assert_eq!(live.log.len(), length);
        // Rebuilt from the log equals live.
        let rebuilt = live.rebuilt();
        prop_assert_eq!(&rebuilt.head, &live.state.head);
        prop_assert_eq!(rebuilt.names(""), live.state.names(""));
        for name in live.state.names("") {
            prop_assert_eq!(rebuilt.record(&name), live.state.record(&name));
        }
    }
}

//! Under commands at random: the log rebuilds the state, accounts sum to zero, replays change nothing, and no draw breaks a quota.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{Live, applied, as_read, command, day, facts, home, licence, sale};
use desk::{Act, Basis, Command, Event, Role, Terms};
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
        1 => (0..2usize).prop_map(|l| Act::ApproveAmendment { licence: format!("L-{l}"), seen: String::new() }),
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
            let act = as_read(act, |name| live.state.record(name).unwrap().cloned());
            let command = command(format!("p-{n}"), ACTORS[actor], act);
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

/// One step of work on one application and its licence; the numbers choose who, what and with which content.
fn paper() -> impl Strategy<Value = (usize, usize, i64, bool)> {
    (0..3usize, 0..7usize, 1..4i64, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Three people who each may enter and approve. Whatever they do, nobody is author or editor of what holds and its approver, no
    /// terms hold that nobody else approved, and an approval is of the content whose hash it names.
    #[test]
    fn nobody_approves_what_is_his_own(steps in prop::collection::vec(paper(), 1..80)) {
        let mut live = Live::open(&["us-ear"]);
        live.on("2026-02-01");
        live.ship_home("U-1", 1000, "2026-02-01");
        let people = ["ann", "ben", "cat"];
        for person in people {
            for role in [Role::Analyst, Role::Approver] {
                live.run("admin-1", Act::GrantRole { person: person.into(), role }).unwrap();
            }
        }
        // Kept beside the desk: who wrote, what was approved, what was asked.
        let (mut wrote, mut asked) = (BTreeSet::new(), BTreeSet::new());
        let mut read: Option<String> = None;
        for (who, what, units, stale) in steps {
            let actor = people[who];
            let terms = Terms { units, value: 100 * units, from: day("2026-02-01"), until: day("2026-12-31") };
            let facts = sale(units, &units.to_string(), "2026-02-01");
            let (application, licence) = ("A-1".to_owned(), "L-1".to_owned());
            let hash = |live: &Live| live.state.application("A-1").unwrap().map(|a| a.hash("A-1"));
            // Half of the approvals are of what was read earlier.
            let seen = if stale { read.clone().unwrap_or_default() } else { hash(&live).unwrap_or_default() };
            let act = match what {
                0 => applied("A-1", facts),
                1 => Act::Edit { application, facts, documents: vec![], asked: Default::default() },
                2 => Act::Submit { application },
                3 => Act::Approve { application, reason: "r".into(), seen: seen.clone() },
                4 => Act::Issue { licence, application, terms: terms.clone() },
                5 => Act::AskAmendment { licence, terms: terms.clone(), reason: "r".into() },
                _ => Act::ApproveAmendment { licence, seen: String::new() },
            };
            let before = hash(&live);
            if live.run(actor, act).is_err() {
                continue;
            }
            match what {
                0 | 1 => { wrote.insert(actor); }
                2 => read = hash(&live),
                3 => {
                    prop_assert!(!wrote.contains(actor), "{actor} approved what {wrote:?} wrote");
                    prop_assert_eq!(Some(seen), before, "another content was approved");
                }
                4 => {
                    let goods = &live.state.application("A-1").unwrap().unwrap().goods;
                    prop_assert!(terms.units <= goods.units && terms.value <= goods.value, "beyond what was approved");
                }
                5 => { asked.insert(actor); }
                _ => {
                    prop_assert!(!asked.contains(actor), "{actor} approved terms that {asked:?} asked for");
                    asked.clear();
                }
            }
        }
    }

    /// Whoever claims whatever moment, in whichever role, and wherever the machine's clock goes: no entry lies beyond the clock and the entry before
    /// it, and the next command of an honest sender is done.
    #[test]
    fn no_command_moves_the_desk_beyond_its_clock(
        steps in prop::collection::vec((0..7usize, 0..5usize, any::<i32>(), -400..400i64, any::<bool>()), 1..60)
    ) {
        let mut live = Live::open(&["essay"]);
        live.on("2026-03-01");
        let start = live.now;
        let mut latest = live.state.head.at;
        for (n, (who, what, claim, minutes, reason)) in steps.into_iter().enumerate() {
            live.now = live.now.checked_add(jiff::Span::new().minutes(minutes)).unwrap();
            latest = latest.max(live.now);
            let actor = ["admin-1", "analyst-1", "approver-1", "auditor-1", "machine-1", "viewer-1", "nobody-1"][who];
            let claimed = jiff::Timestamp::from_second(start.as_second() + i64::from(claim) * 3).unwrap();
            let act = match what {
                0 => Act::GrantRole { person: format!("p-{n}"), role: Role::Viewer },
                1 => applied(&format!("A-{n}"), sale(1, "1", "2026-03-01")),
                2 => Act::Hold { subject: "person/admin-1".into(), reason: "r".into() },
                3 => Act::Reserve { shipment: format!("S-{n}"), basis: Basis::Law, facts: sale(1, "1", "2126-01-01") },
                _ => Act::Post { shipment: "S-0".into(), on: day("2126-01-01"), facts: facts("") },
            };
            let because = if reason { "r" } else { "" };
            let sent = Command { claimed: Some(claimed), late_because: because.into(), ..command(format!("c-{n}"), actor, act) };
            let _ = live.send(&sent);
            prop_assert!(live.state.head.at <= latest, "the head lies beyond every clock there was");
            let honest = Act::GrantRole { person: format!("h-{n}"), role: Role::Viewer };
            prop_assert!(live.send(&command(format!("h-{n}"), "admin-1", honest)).is_ok(), "the desk is locked");
        }
        let moments: Vec<_> = live.log.iter().map(|sealed| sealed.entry.at).collect();
        prop_assert!(moments.is_sorted());
    }
}

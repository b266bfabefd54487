//! The engine by known answers: four eyes, licences, clocks, quotas, fees; every refusal by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Live, day, facts, home, licence, sale};
use desk::{Act, Asked, Basis, Command, Counsel, Event, Facts, Refusal, Role, Terms};

fn apply_act(id: &str, facts: Facts) -> Act {
    Act::Apply { application: id.into(), facts, documents: vec!["PO-17".into()], asked: Asked::default() }
}

fn submit(id: &str) -> Act {
    Act::Submit { application: id.into() }
}

fn approve(id: &str) -> Act {
    common::approved(id, "")
}

#[test]
fn four_eyes_hold_and_an_edit_voids_the_approval() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 1000, "2026-02-20");
    live.run("admin-1", Act::GrantRole { person: "both-1".into(), role: Role::Analyst }).unwrap();
    live.run("admin-1", Act::GrantRole { person: "both-1".into(), role: Role::Approver }).unwrap();
    live.run("both-1", apply_act("A-1", sale(100, "3000000", "2026-03-01"))).unwrap();
    live.run("both-1", submit("A-1")).unwrap();
    assert_eq!(live.refused("both-1", approve("A-1")), "own-work");
    assert_eq!(live.refused("analyst-1", approve("A-1")), "role-needed");
    assert_eq!(live.refused("admin-1", approve("A-1")), "role-needed");
    live.run("approver-1", approve("A-1")).unwrap();
    let edit = |live: &mut Live, by: &str| {
        live.run(
            by,
            Act::Edit {
                application: "A-1".into(),
                facts: sale(90, "2700000", "2026-03-01"),
                documents: vec![],
                asked: Asked::default(),
            },
        )
    };
    edit(&mut live, "analyst-2").unwrap();
    assert_eq!(live.state.application("A-1").unwrap().unwrap().approver, None);
    let terms = Terms { units: 90, value: 270_000_000, from: day("2026-03-01"), until: day("2027-03-01") };
    let issue = Act::Issue { licence: "L-1".into(), application: "A-1".into(), terms };
    assert_eq!(live.refused("analyst-1", issue.clone()), "wrong-state");
    // A stranger's application, edited by one who may approve: still not by that one.
    live.run("analyst-1", apply_act("A-2", sale(10, "300000", "2026-03-01"))).unwrap();
    let edited = Act::Edit {
        application: "A-2".into(),
        facts: sale(9, "270000", "2026-03-01"),
        documents: vec![],
        asked: Asked::default(),
    };
    live.run("both-1", edited).unwrap();
    live.run("analyst-1", submit("A-2")).unwrap();
    assert_eq!(live.refused("both-1", approve("A-2")), "editor");
    live.run("approver-1", approve("A-2")).unwrap();
    assert_eq!(live.refused("approver-1", approve("A-2")), "wrong-state");
}

#[test]
fn nobody_edits_rules_and_approves() {
    let mut live = Live::open(&["us-ear"]);
    let grant = |person: &str, role| Act::GrantRole { person: person.into(), role };
    assert_eq!(live.refused("admin-1", grant("admin-1", Role::Approver)), "roles-exclude");
    assert_eq!(live.refused("admin-1", grant("approver-1", Role::Admin)), "roles-exclude");
    assert_eq!(live.refused("admin-1", grant("auditor-1", Role::Analyst)), "roles-exclude");
    assert_eq!(live.refused("admin-1", Act::WithdrawRole { person: "admin-1".into(), role: Role::Admin }), "last-admin");
    // Whoever adopted the rules approves nothing, also after a change of roles.
    live.run("admin-1", grant("admin-2", Role::Admin)).unwrap();
    live.run("admin-2", Act::WithdrawRole { person: "admin-1".into(), role: Role::Admin }).unwrap();
    live.run("admin-2", grant("admin-1", Role::Approver)).unwrap();
    live.run("analyst-1", apply_act("A-1", sale(100, "3000000", "2026-03-01"))).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    assert_eq!(live.refused("admin-1", approve("A-1")), "adopted-the-rules");
}

#[test]
fn the_law_bounds_what_can_be_approved() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 1000, "2026-02-20");
    let mut case = |id: &str, change: &str, expect: &str| {
        let mut all = sale(10, "300000", "2026-03-01");
        all.extend(facts(change));
        live.run("analyst-1", apply_act(id, all)).unwrap();
        live.run("analyst-1", submit(id)).unwrap();
        match live.run("approver-1", approve(id)) {
            Ok(_) => assert_eq!(expect, "", "{id}"),
            Err(refusal) => assert_eq!(refusal.name(), expect, "{id}: {refusal}"),
        }
    };
    case("A-1", "", "");
    case("A-2", "chip=B200", "reason-needed");
    case("A-3", "destination=DE,headquarters=DE,parent_headquarters=DE", "no-licence-needed");
    case("A-4", "end_use=unknown", "undetermined");
    case("A-5", "chip=L20,us_commercially_available=no", "no-licence-needed");
    let act = common::approved("A-2", "a replacement under warranty");
    live.run("approver-1", act).unwrap();
    let ruling = &live.state.application("A-1").unwrap().unwrap().ruling;
    let why = ruling.gates[0].why.as_ref().unwrap();
    assert_eq!(why["review"], "742.6(b)(10)(iii)(A)(1)");
    assert_eq!(ruling.gates[0].receipt.len(), 64);
}

#[test]
fn a_licence_is_drawn_down_within_scope_validity_and_conditions() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 1000, "2026-02-20");
    live.licensed("L-1", sale(300, "9000000", "2026-03-01"), "2026-12-31");
    assert_eq!(live.state.licence("L-1").unwrap().unwrap().conditions.len(), 8, "the ninth of the nine is a quota");
    let draw = |units: i64, value: &str, on: &str| facts(&format!("quantity={units},value_usd={value},date={on}"));
    let reserve = |live: &mut Live, id: &str, facts: Facts| live.reserve(id, licence("L-1"), facts).map_err(|r| r.name());
    live.on("2026-03-10");
    assert_eq!(reserve(&mut live, "S-0", draw(301, "1", "2026-03-10")), Err("units-exceeded".into()));
    assert_eq!(reserve(&mut live, "S-0", draw(1, "9000000.01", "2026-03-10")), Err("value-exceeded".into()));
    assert_eq!(reserve(&mut live, "S-0", draw(1, "0.001", "2026-03-10")), Err("out-of-range".into()));
    assert_eq!(reserve(&mut live, "S-0", draw(0, "1", "2026-03-10")), Err("bad-facts".into()));
    assert_eq!(reserve(&mut live, "S-0", draw(1, "1", "2027-01-01")), Err("not-valid-on".into()));
    assert_eq!(reserve(&mut live, "S-0", draw(1, "1", "2026-02-28")), Err("not-valid-on".into()));
    let other = |change: &str| {
        let mut all = draw(1, "1", "2026-03-10");
        all.extend(facts(change));
        all
    };
    assert_eq!(reserve(&mut live, "S-0", other("chip=H100 SXM")), Err("out-of-scope".into()));
    assert_eq!(reserve(&mut live, "S-0", other("consignee=Cloud operator B")), Err("out-of-scope".into()));
    assert_eq!(reserve(&mut live, "S-0", other("end_use=government")), Err("out-of-scope".into()));
    reserve(&mut live, "S-1", draw(100, "3000000", "2026-03-10")).unwrap();
    assert_eq!(reserve(&mut live, "S-1", draw(1, "1", "2026-03-10")), Err("exists".into()));
    assert_eq!(live.balance("licence/L-1/available", "units of H200 SXM"), 200);
    assert_eq!(live.post("S-1", "2026-03-11", "").map_err(|r| r.to_string()), Err("the condition `dd-ix` is not shown".into()));
    live.post("S-1", "2026-03-11", "dd_lab_review=yes").unwrap();
    assert_eq!(live.balance("licence/L-1/shipped", "units of H200 SXM"), 100);
    assert_eq!(live.balance("out/CN", "units of H200 SXM"), 100);
    let evidence = Act::WithdrawEvidence { licence: "L-1".into(), clause: "dd-v".into(), reason: "outdated".into() };
    live.run("analyst-1", evidence).unwrap();
    live.on("2026-03-12");
    reserve(&mut live, "S-2", draw(100, "3000000", "2026-03-12")).unwrap();
    assert_eq!(live.post("S-2", "2026-03-12", "dd_lab_review=yes").map_err(|r| r.name()), Err("condition-open".into()));
    live.run("analyst-1", Act::Void { shipment: "S-2".into(), reason: "order withdrawn".into() }).unwrap();
    assert_eq!(live.balance("licence/L-1/available", "units of H200 SXM"), 200);
    // Suspended, reinstated, revoked.
    live.run("approver-1", Act::Suspend { licence: "L-1".into(), reason: "inquiry".into() }).unwrap();
    assert_eq!(reserve(&mut live, "S-3", draw(1, "1", "2026-03-12")), Err("wrong-state".into()));
    live.run("approver-1", Act::Reinstate { licence: "L-1".into(), reason: "cleared".into() }).unwrap();
    // Amended by two people, never below what was drawn.
    let terms = |units, value| Terms { units, value, from: day("2026-03-01"), until: day("2026-06-30") };
    let ask = |terms| Act::AskAmendment { licence: "L-1".into(), terms, reason: "fewer".into() };
    live.run("analyst-1", ask(terms(99, 900_000_000))).unwrap();
    assert_eq!(
        live.refused("approver-1", Act::ApproveAmendment { licence: "L-1".into(), seen: String::new() }),
        "units-exceeded"
    );
    live.run("analyst-1", ask(terms(150, 500_000_000))).unwrap();
    live.run("approver-1", Act::ApproveAmendment { licence: "L-1".into(), seen: String::new() }).unwrap();
    assert_eq!(live.balance("licence/L-1/available", "units of H200 SXM"), 50);
    assert_eq!(reserve(&mut live, "S-3", draw(1, "1", "2026-07-01")), Err("not-valid-on".into()));
    live.run("approver-1", Act::Revoke { licence: "L-1".into(), reason: "diverted".into() }).unwrap();
    assert_eq!(reserve(&mut live, "S-3", draw(1, "1", "2026-03-12")), Err("wrong-state".into()));
    live.balanced();
}

#[test]
fn the_cap_of_half_is_kept_on_every_day() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-05-01");
    live.licensed("L-1", sale(1000, "30000000", "2026-02-01"), "2026-12-31");
    live.ship_home("U-1", 200, "2026-03-01");
    live.ship_home("U-2", 200, "2026-04-01");
    let draw = |live: &mut Live, id: &str, units: i64, on: &str| {
        let facts = facts(&format!("quantity={units},value_usd=1000,date={on},dd_lab_review=yes"));
        live.reserve(id, licence("L-1"), facts)
    };
    // Nothing had gone to U.S. customers in February.
    assert_eq!(draw(&mut live, "S-0", 1, "2026-02-10").unwrap_err().name(), "quota-broken");
    let Err(Refusal::QuotaBroken { quota, day: on, limit, total, asked, .. }) = draw(&mut live, "S-0", 101, "2026-03-10") else {
        panic!("half of 200 is 100");
    };
    let tpp = 15_832_000;
    assert_eq!((quota.as_str(), on, limit, total, asked), ("cn-shipped", day("2026-03-10"), 100 * tpp, 0, 101 * tpp));
    draw(&mut live, "S-1", 200, "2026-04-10").unwrap();
    // The room of March is taken by what goes in April.
    let Err(Refusal::QuotaBroken { day: on, .. }) = draw(&mut live, "S-2", 1, "2026-03-10") else { panic!("April is full") };
    assert_eq!(on, day("2026-04-10"));
    live.post("S-1", "2026-04-11", "").unwrap();
    // What comes back from China makes no room; what comes back at home breaks the cap, and that is sealed.
    let back = |shipment: &str, units, on: &str| Act::TakeBack {
        shipment: shipment.into(),
        units,
        on: day(on),
        reason: "defect".into(),
    };
    live.run("analyst-1", back("S-1", 50, "2026-04-20")).unwrap();
    assert_eq!(draw(&mut live, "S-2", 1, "2026-04-21").unwrap_err().name(), "quota-broken");
    let (first, last) = live.run("analyst-1", back("U-2", 10, "2026-04-22")).unwrap();
    assert_eq!(last, first + 1);
    let Event::QuotaBreached { limit, total, .. } = &live.log.last().unwrap().entry.event else { panic!("breach is sealed") };
    assert_eq!((*limit, *total), (195 * tpp, 200 * tpp));
    assert_eq!(live.refused("analyst-1", back("U-2", 191, "2026-04-22")), "units-exceeded");
    // A correction that raises what went to China is a draw like any other.
    let correct = |units| Act::Correct { shipment: "S-1".into(), units, value: 100_000, reason: "counted wrong".into() };
    assert_eq!(live.refused("analyst-1", correct(201)), "wrong-state");
    live.balanced();
}

#[test]
fn a_quarter_of_three_billion_is_assessed_billed_paid_struck_down_and_refunded() {
    let mut live = Live::open(&["essay"]);
    live.on("2026-03-31");
    for (shipment, units, value) in [("S-1", 100_000, "2700000000"), ("S-2", 11_111, "300000000")] {
        live.reserve(shipment, Basis::Law, sale(units, value, "2026-03-31")).unwrap();
        live.post(shipment, "2026-03-31", "").unwrap();
    }
    let government = "payable/United States government";
    assert_eq!(live.balance(government, "money in USD"), -75_000_000_000, "25 % of 3 bn USD is 750 million");
    let bill = |id: &str| Act::Invoice {
        invoice: id.into(),
        payer: "NVIDIA".into(),
        payee: "United States government".into(),
        currency: "USD".into(),
        quarter: "2026Q1".into(),
    };
    live.run("analyst-1", bill("I-1")).unwrap();
    assert_eq!(live.refused("analyst-1", bill("I-2")), "nothing-due");
    assert_eq!(live.state.invoice("I-1").unwrap().unwrap().billed, 75_000_000_000);
    let pay = |minor| Act::Pay { invoice: "I-1".into(), minor, reference: "WIRE-1".into() };
    assert_eq!(live.refused("analyst-1", pay(75_000_000_001)), "overpaid");
    live.run("analyst-1", pay(70_000_000_000)).unwrap();
    live.run("analyst-1", pay(5_000_000_000)).unwrap();
    assert_eq!(live.refused("analyst-1", pay(1)), "overpaid");
    assert_eq!(live.balance("cash", "money in USD"), 75_000_000_000);
    let refund = |minor| Act::Refund { invoice: "I-1".into(), minor, reference: "WIRE-2".into() };
    assert_eq!(live.refused("analyst-1", refund(1)), "nothing-to-refund");
    let strike = Act::StrikeFee {
        regime: "essay".into(),
        clause: "E2".into(),
        from: day("2025-12-08"),
        until: day("2026-12-31"),
        cite: "Export Clause".into(),
    };
    assert_eq!(live.refused("approver-1", strike.clone()), "role-needed");
    let (first, last) = live.run("admin-1", strike).unwrap();
    assert_eq!(last - first, 2, "both assessments are reversed");
    assert_eq!(live.balance(government, "money in USD"), 0);
    live.run("analyst-1", refund(75_000_000_000)).unwrap();
    assert_eq!(live.balance("cash", "money in USD"), 0);
    // From now on none is assessed.
    live.reserve("S-3", Basis::Law, sale(1000, "27000000", "2026-03-31")).unwrap();
    live.post("S-3", "2026-03-31", "").unwrap();
    assert_eq!(live.balance(government, "money in USD"), 0);
    live.balanced();
}

#[test]
fn a_late_correction_moves_the_fee_with_it() {
    let mut live = Live::open(&["essay"]);
    live.on("2026-01-10");
    live.reserve("S-1", Basis::Law, sale(1000, "27000000", "2026-01-10")).unwrap();
    live.post("S-1", "2026-01-10", "").unwrap();
    let act = |value| Act::Correct { shipment: "S-1".into(), units: 1000, value, reason: "final price".into() };
    live.run("analyst-1", act(2_700_000_004)).unwrap();
    assert_eq!(live.balance("receivable/NVIDIA", "money in USD"), 675_000_001);
    live.run("analyst-1", act(2_400_000_000)).unwrap();
    assert_eq!(live.balance("receivable/NVIDIA", "money in USD"), 600_000_000);
    live.balanced();
    let (state, line) = (&live.state, live.state.names("due/"));
    let due = state.due(line[0].strip_prefix("due/").unwrap()).unwrap().unwrap();
    assert_eq!((due.shipments, due.base, due.assessed - due.reversed), (1, 2_400_000_000, 600_000_000));
}

#[test]
fn a_notification_runs_25_days_and_stands_still_when_told() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-03-01");
    let mut card = sale(10, "20000", "2026-03-01");
    card.extend(facts("chip=RTX 4090"));
    let notify =
        Act::Notify { notification: "N-1".into(), clause: "NAC-confirmed".into(), facts: card.clone(), on: day("2026-03-01") };
    live.run("analyst-1", notify).unwrap();
    assert_eq!(live.state.notification("N-1").unwrap().unwrap().due, day("2026-03-26"));
    let basis = Basis::Notification("N-1".into());
    let on = |day: &str, units: i64| facts(&format!("date={day},quantity={units},value_usd=2000"));
    let name = |r: Result<(u64, u64), Refusal>| r.unwrap_err().name();
    assert_eq!(name(live.reserve("S-1", basis.clone(), on("2026-03-25", 1))), "clock-runs");
    assert_eq!(name(live.reserve("S-1", basis.clone(), on("2026-03-26", 1))), "condition-open");
    live.on("2026-03-05");
    let stop = Act::StopClock { notification: "N-1".into(), on: day("2026-03-05"), reason: "lapse of appropriations".into() };
    live.run("analyst-1", stop).unwrap();
    assert_eq!(name(live.reserve("S-1", basis.clone(), on("2026-04-30", 1))), "clock-stopped");
    live.on("2026-03-12");
    live.run("analyst-1", Act::ResumeClock { notification: "N-1".into(), on: day("2026-03-12") }).unwrap();
    assert_eq!(live.state.notification("N-1").unwrap().unwrap().due, day("2026-04-02"));
    live.on("2026-04-02");
    let confirm = Act::Confirm { notification: "N-1".into(), number: "NAC-123".into(), on: day("2026-04-02") };
    live.run("analyst-1", confirm).unwrap();
    live.reserve("S-1", basis.clone(), on("2026-04-02", 9)).unwrap();
    live.post("S-1", "2026-04-02", "").unwrap();
    assert_eq!(name(live.reserve("S-2", basis, on("2026-04-02", 2))), "units-exceeded");
    // Without a notification, saying that one is there does not help.
    let mut alone = card;
    alone.extend(facts("nac_confirmed=yes,within_notified_totals=yes,date=2026-04-02"));
    assert_eq!(name(live.reserve("S-3", Basis::Law, alone)), "condition-open");
    live.balanced();
}

#[test]
fn import_duty_falls_due_and_an_unknown_base_stops_the_shipment() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-01");
    let mut import = home(1000, "30000000", "2026-02-01");
    import.extend(facts("kind=import,ships_from=TW,us_use=testing-for-export"));
    live.reserve("M-1", Basis::Law, import.clone()).unwrap();
    live.post("M-1", "2026-02-01", "").unwrap();
    assert_eq!(live.balance("payable/United States Treasury", "money in USD"), -750_000_000);
    import.remove("value_usd");
    assert_eq!(live.reserve("M-2", Basis::Law, import).unwrap_err().name(), "fact-needed");
}

#[test]
fn an_expectation_is_counted_apart_and_never_billed() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2025-12-01");
    let mut h20 = sale(1000, "10000000", "2025-12-01");
    h20.extend(facts("chip=H20 96GB"));
    h20.remove("us_commercially_available");
    live.licensed("L-1", h20, "2026-12-31");
    live.reserve("S-1", licence("L-1"), facts("date=2025-12-01,quantity=1000,value_usd=10000000")).unwrap();
    live.post("S-1", "2025-12-01", "").unwrap();
    assert_eq!(live.balance("expected from/NVIDIA", "money in USD"), 150_000_000);
    assert_eq!(live.balance("receivable/NVIDIA", "money in USD"), 0);
    let bill = Act::Invoice {
        invoice: "I-1".into(),
        payer: "NVIDIA".into(),
        payee: "United States government".into(),
        currency: "USD".into(),
        quarter: "2025Q4".into(),
    };
    assert_eq!(live.refused("analyst-1", bill), "nothing-due");
}

#[test]
fn bad_input_is_refused_by_name() {
    let mut live = Live::open(&["us-ear"]);
    let apply = |id: &str, change: &[(&str, &str)]| {
        let mut all = sale(10, "300000", "2026-03-01");
        all.extend(change.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        apply_act(id, all)
    };
    assert_eq!(live.refused("analyst-1", apply("A 1", &[])), "bad-name");
    assert_eq!(live.refused("analyst-1", apply("А-1", &[])), "bad-name", "a Cyrillic A");
    assert_eq!(live.refused("analyst-1", apply("'; DROP TABLE entry; --", &[])), "bad-name");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("consignee", "Acme\u{202e}gnirts")])), "bad-text");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("consignee", "Ac\u{200b}me")])), "bad-text");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("consignee", "A\nB")])), "bad-text");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("consignee", &"x".repeat(2001))])), "bad-text");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("no_such_fact", "1")])), "bad-facts");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("quantity", "-5")])), "bad-facts");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("quantity", "1.5")])), "bad-facts");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("value_usd", "9999999999999999")])), "bad-facts");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("date", "2026-02-30")])), "bad-facts");
    assert_eq!(live.refused("nobody-1", apply("A-1", &[])), "role-needed");
    assert_eq!(live.refused("auditor-1", apply("A-1", &[])), "role-needed");
    // What would be a formula in a table, or SQL, is a name like any other.
    live.run("analyst-1", apply("A-1", &[("consignee", "=HYPERLINK(\"x\")'); DROP TABLE entry; --")])).unwrap();
}

#[test]
fn a_key_is_good_for_one_command() {
    let mut live = Live::open(&["us-ear"]);
    let command = |units| common::command("once", "analyst-1", apply_act("A-1", sale(units, "300000", "2026-03-01")));
    let length = live.log.len();
    let first = live.send(&command(10)).unwrap();
    // Sent again a day later, with a moment and a reason that it did not have before: the same command.
    live.now = live.now.checked_add(jiff::Span::new().hours(24)).unwrap();
    let again = Command { claimed: Some(live.now), late_because: String::new(), ..command(10) };
    assert_eq!(live.send(&again), Ok(first));
    assert_eq!(live.log.len(), length + 1);
    assert_eq!(live.send(&command(11)).unwrap_err().name(), "key-reused");
}

/// The counsel of a desk's regimes under texts of which one reads otherwise.
fn other_text(regimes: &[&str], path: &str, change: impl Fn(&str) -> String) -> Counsel<'static> {
    let library: &'static regime::Library = Box::leak(Box::new(common::library_with(path, change)));
    let names: Vec<String> = regimes.iter().map(|r| (*r).to_owned()).collect();
    Counsel::new(library, &names).unwrap()
}

#[test]
fn whatever_decides_is_adopted_whole_or_nothing_is_decided() {
    let comment = |text: &str| format!("{text}\n# another\n");
    let row = |text: &str| format!("{}\n", text.trim_end().rsplit_once('\n').unwrap().0);
    let cases: [(&str, Counsel<'static>); 8] = [
        ("chips/nvidia.csv is not what this desk adopted", other_text(&["us-ear"], "chips/nvidia.csv", row)),
        ("fields.toml is not", other_text(&["us-ear"], "fields.toml", comment)),
        ("countries.csv is not", other_text(&["us-ear"], "countries.csv", |text| text.replace("Zimbabwe", "Rhodesia"))),
        ("corridors.toml is not", other_text(&["us-ear"], "corridors.toml", comment)),
        ("desk.toml is not", other_text(&["us-ear"], "desk.toml", |text| text.replace("days = 25", "days = 0"))),
        ("regimes/us-ear is not", other_text(&["us-ear"], "regimes/us-ear/regime.toml", comment)),
        ("regimes/cn-import is there and was not adopted", common::counsel(&["us-ear", "cn-import"])),
        ("regimes/us-ear was adopted on 2025-11-01 and is not there", common::counsel(&["cn-import"])),
    ];
    for (says, counsel) in cases {
        let mut live = Live::open(&["us-ear"]);
        live.ship_home("U-1", 10, "2025-11-01");
        live.reserve("U-2", Basis::Law, home(10, "1000000", "2025-11-01")).unwrap();
        live.run("analyst-1", apply_act("A-1", sale(1, "1", "2026-03-01"))).unwrap();
        live.run("analyst-1", submit("A-1")).unwrap();
        live.counsel = counsel;
        let reason = || "r".to_owned();
        let asks_law = [
            ("analyst-1", apply_act("A-2", sale(1, "1", "2026-03-01"))),
            ("approver-1", approve("A-1")),
            ("machine-1", Act::Reserve { shipment: "U-3".into(), basis: Basis::Law, facts: home(1, "1", "2025-11-01") }),
            ("machine-1", Act::Post { shipment: "U-2".into(), on: day("2025-11-01"), facts: facts("") }),
            ("analyst-1", Act::Correct { shipment: "U-1".into(), units: 9, value: 1, reason: reason() }),
            ("analyst-1", Act::TakeBack { shipment: "U-1".into(), units: 1, on: day("2025-11-01"), reason: reason() }),
        ];
        for (actor, act) in asks_law {
            let told = live.run(actor, act.clone()).unwrap_err();
            assert_eq!(told.name(), "rules-not-adopted", "{act:?}");
            assert!(told.to_string().contains(says) && told.to_string().contains("adopt-rules"), "{told}");
        }
        // Once adopted, they decide, and what was decided under others must be read anew.
        let items = live.counsel.items().clone();
        live.run("admin-1", Act::AdoptRules { items }).unwrap();
        assert_eq!(live.refused("approver-1", approve("A-1")), "rules-changed");
        live.run("analyst-1", apply_act("A-2", sale(1, "1", "2026-03-01"))).unwrap();
        let ruling = &live.state.application("A-2").unwrap().unwrap().ruling;
        assert_eq!(ruling.rules, live.counsel.rules_hash(), "the adopted whole is sealed with the ruling");
    }
}

#[test]
fn adopted_is_what_is_read_and_nothing_else() {
    let mut live = Live::open(&["us-ear"]);
    let mut items = live.counsel.items().clone();
    assert!(
        ["program", "desk.toml", "fields.toml", "countries.csv", "corridors.toml", "regimes/us-ear", "chips/nvidia.csv"]
            .iter()
            .all(|item| items.contains_key(*item))
    );
    items.insert("chips/nvidia.csv".into(), "0".repeat(64));
    assert_eq!(live.refused("admin-1", Act::AdoptRules { items: items.clone() }), "not-what-is-read");
    items.remove("chips/nvidia.csv");
    assert_eq!(live.refused("admin-1", Act::AdoptRules { items }), "not-what-is-read");
    // A desk's own numbers measure every act; other texts do not hinder what asks no law.
    let hold = || Act::Hold { subject: "person/analyst-1".into(), reason: "inquiry".into() };
    live.counsel = other_text(&["us-ear"], "desk.toml", |text| text.replace("seconds = 120", "seconds = 999999999"));
    assert_eq!(live.refused("auditor-1", hold()), "rules-not-adopted");
    live.counsel = other_text(&["us-ear"], "fields.toml", |text| format!("{text}\n# another\n"));
    live.run("auditor-1", hold()).unwrap();
}

#[test]
fn the_moment_is_the_desks_and_a_claim_is_kept_beside_it() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-03-10");
    let at = |text: &str| Some(text.parse().unwrap());
    let grant = |n: usize, claimed, because: &str| Command {
        claimed,
        late_because: because.to_owned(),
        ..common::command(format!("g-{n}"), "admin-1", Act::GrantRole { person: format!("p-{n}"), role: Role::Viewer })
    };
    // Ahead: within the skew, and beyond it.
    live.send(&grant(1, at("2026-03-10T08:01:00Z"), "")).unwrap();
    for (n, claimed) in [(2, "2026-03-10T08:05:00Z"), (3, "2126-01-01T00:00:00Z")] {
        assert_eq!(live.send(&grant(n, at(claimed), "in good time")).unwrap_err().name(), "claimed-ahead");
    }
    // Behind: in time, late without a reason, late with one.
    live.send(&grant(4, at("2026-03-05T08:00:00Z"), "not needed")).unwrap();
    assert_eq!(live.send(&grant(5, at("2026-03-04T08:00:00Z"), " ")).unwrap_err().name(), "late");
    live.send(&grant(6, at("2026-03-04T08:00:00Z"), "the line was down")).unwrap();
    let told: Vec<_> = live.log.iter().rev().take(3).map(|s| (s.entry.at, s.entry.claimed, s.entry.late.as_deref())).collect();
    let now = live.now;
    assert_eq!(
        told,
        [
            (now, at("2026-03-04T08:00:00Z"), Some("the line was down")),
            (now, at("2026-03-05T08:00:00Z"), None),
            (now, at("2026-03-10T08:01:00Z"), None)
        ]
    );
    assert_eq!(live.state.list("late|person/p-6").unwrap(), ["the line was down"]);
}

#[test]
fn what_happened_long_ago_is_entered_late_with_a_reason() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-03-01");
    live.reserve("U-1", Basis::Law, home(10, "1000000", "2026-03-01")).unwrap();
    live.reserve("U-2", Basis::Law, home(10, "1000000", "2026-03-01")).unwrap();
    live.post("U-2", "2026-03-01", "").unwrap();
    let mut card = sale(10, "20000", "2026-03-01");
    card.extend(facts("chip=RTX 4090"));
    let notify = |id: &str, on: &str| Act::Notify {
        notification: id.into(),
        clause: "NAC-confirmed".into(),
        facts: card.clone(),
        on: day(on),
    };
    live.run("analyst-1", notify("N-1", "2026-03-01")).unwrap();
    live.on("2026-03-20");
    let home_then = home(1, "1", "2026-03-14");
    let late = [
        ("analyst-1", apply_act("A-1", sale(1, "1", "2026-03-14"))),
        ("machine-1", Act::Reserve { shipment: "U-3".into(), basis: Basis::Law, facts: home_then }),
        ("machine-1", Act::Post { shipment: "U-1".into(), on: day("2026-03-02"), facts: facts("") }),
        ("machine-1", Act::TakeBack { shipment: "U-2".into(), units: 1, on: day("2026-03-02"), reason: String::new() }),
        ("analyst-1", notify("N-2", "2026-03-14")),
        ("analyst-1", Act::StopClock { notification: "N-1".into(), on: day("2026-03-14"), reason: String::new() }),
    ];
    for (n, (actor, act)) in late.into_iter().enumerate() {
        let told = common::command(format!("late-{n}"), actor, act);
        let plain = Command { late_because: String::new(), ..told.clone() };
        assert_eq!(live.send(&plain).unwrap_err().name(), "late", "{plain:?}");
        live.send(&told).unwrap();
        assert_eq!(live.log.last().unwrap().entry.late.as_deref(), Some("entered from the books"));
    }
    // In time, nothing is asked; what has not come is not entered as done.
    let reserve = Act::Reserve { shipment: "U-4".into(), basis: Basis::Law, facts: home(1, "1", "2026-03-15") };
    live.send(&Command { late_because: String::new(), ..common::command("in-time", "machine-1", reserve) }).unwrap();
    assert_eq!(live.post("U-4", "2026-03-22", "").unwrap_err().name(), "day-ahead");
    assert_eq!(live.refused("analyst-1", notify("N-3", "2026-03-22")), "day-ahead");
}

#[test]
fn a_clock_behind_the_log_locks_nobody_out() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2126-01-01");
    // Once the machine's clock was a century ahead.
    live.run("admin-1", Act::GrantRole { person: "p-1".into(), role: Role::Viewer }).unwrap();
    let head = live.state.head.at;
    live.on("2026-03-10");
    let grant =
        |n: usize| common::command(format!("g-{n}"), "admin-1", Act::GrantRole { person: format!("p-{n}"), role: Role::Viewer });
    let silent = Command { late_because: String::new(), ..grant(2) };
    assert_eq!(live.send(&silent).unwrap_err().name(), "clock-behind");
    live.send(&grant(2)).unwrap();
    let entry = &live.log.last().unwrap().entry;
    assert_eq!((entry.at, entry.clock), (head, Some(live.now)), "the order holds, and what the clock said is kept");
    // Days are those of the clock: the next century has not come.
    live.reserve("U-1", Basis::Law, home(10, "1000000", "2026-03-10")).unwrap();
    assert_eq!(live.post("U-1", "2125-12-31", "").unwrap_err().name(), "day-ahead");
    live.post("U-1", "2026-03-10", "").unwrap();
    assert_eq!(live.state.shipment("U-1").unwrap().unwrap().touched, day("2026-03-10"));
    // And a clock turned back makes nothing timely.
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-03-10");
    live.run("admin-1", Act::GrantRole { person: "p-1".into(), role: Role::Viewer }).unwrap();
    live.on("2026-01-10");
    live.reserve("U-1", Basis::Law, home(10, "1000000", "2026-01-10")).unwrap();
    assert!(live.log.last().unwrap().entry.late.is_some());
}

#[test]
fn whoever_wrote_a_part_does_not_approve_it() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 10_000, "2026-02-20");
    for role in [Role::Analyst, Role::Approver] {
        live.run("admin-1", Act::GrantRole { person: "ed".into(), role }).unwrap();
    }
    let edit = |units: i64| Act::Edit {
        application: "A-1".into(),
        facts: sale(units, "300000", "2026-03-01"),
        documents: vec![],
        asked: Asked::default(),
    };
    live.run("analyst-1", apply_act("A-1", sale(10, "300000", "2026-03-01"))).unwrap();
    live.run("ed", edit(5000)).unwrap();
    live.run("analyst-1", edit(5000)).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    assert_eq!(live.refused("ed", approve("A-1")), "editor", "the editor in the middle");
    live.run("approver-1", approve("A-1")).unwrap();
    live.run("analyst-2", edit(4000)).unwrap();
    live.run("analyst-2", submit("A-1")).unwrap();
    assert_eq!(live.refused("ed", approve("A-1")), "editor", "also after an approval: the text may be his still");
    live.run("approver-1", approve("A-1")).unwrap();
    // Amendments: who asked, also where somebody else asked after.
    let terms = Terms { units: 4000, value: 30_000_000, from: day("2026-03-01"), until: day("2027-03-01") };
    live.run("analyst-1", Act::Issue { licence: "L-1".into(), application: "A-1".into(), terms: terms.clone() }).unwrap();
    let ask = |units| Act::AskAmendment { licence: "L-1".into(), terms: Terms { units, ..terms.clone() }, reason: String::new() };
    let amend = || Act::ApproveAmendment { licence: "L-1".into(), seen: String::new() };
    live.run("ed", ask(9000)).unwrap();
    live.run("analyst-1", ask(9001)).unwrap();
    assert_eq!(live.refused("ed", amend()), "own-work");
    live.run("approver-1", amend()).unwrap();
}

#[test]
fn an_approval_is_of_what_was_read() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 1000, "2026-02-20");
    live.run("analyst-1", apply_act("A-1", sale(10, "300000", "2026-03-01"))).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    let hash = |live: &Live| live.state.application("A-1").unwrap().unwrap().hash("A-1");
    let (read, mut keys) = (hash(&live), 0);
    // Sent as it is: nothing fills in what was read.
    let mut approve = |live: &mut Live, seen: &str| {
        keys += 1;
        let act = Act::Approve { application: "A-1".into(), reason: "10 pieces are fine".into(), seen: seen.into() };
        live.send(&common::command(format!("approve-{keys}"), "approver-1", act)).map_err(|refusal| refusal.name())
    };
    for short in ["", &read[..11]] {
        assert_eq!(approve(&mut live, short), Err("seen-needed".into()));
    }
    assert_eq!(approve(&mut live, &"0".repeat(64)), Err("seen-other".into()));
    assert_eq!(approve(&mut live, &format!("{read}0")), Err("seen-other".into()));
    let edit = |facts, documents, asked| Act::Edit { application: "A-1".into(), facts, documents, asked };
    let plain = || sale(10, "300000", "2026-03-01");
    let longer = Asked { from: None, until: Some(day("2031-01-01")) };
    let changes = [
        edit(sale(90_000, "300000", "2026-03-01"), vec!["PO-17".into()], Asked::default()),
        edit(plain(), vec!["PO-18".into()], Asked::default()),
        edit(plain(), vec!["PO-17".into()], longer),
    ];
    for change in changes {
        live.run("analyst-1", change.clone()).unwrap();
        live.run("analyst-1", submit("A-1")).unwrap();
        assert_eq!(approve(&mut live, &read), Err("seen-other".into()), "{change:?}");
    }
    // What reads as before is the same again; the whole hash is sealed.
    live.run("analyst-1", edit(plain(), vec!["PO-17".into()], Asked::default())).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    assert_eq!(hash(&live), read);
    approve(&mut live, &read[..12].to_uppercase()).unwrap();
    let Event::Approved { seen, .. } = &live.log.last().unwrap().entry.event else { panic!() };
    assert_eq!(*seen, read);
}

#[test]
fn the_terms_of_a_licence_are_approved_by_a_second_person() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-20");
    live.ship_home("U-1", 1000, "2026-02-20");
    let asked = Asked { from: Some(day("2026-03-01")), until: Some(day("2026-12-31")) };
    let act = Act::Apply { application: "A-1".into(), facts: sale(10, "300000", "2026-02-20"), documents: vec![], asked };
    live.run("analyst-1", act).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    live.run("approver-1", approve("A-1")).unwrap();
    let issue = |units, value, from: &str, until: &str| Act::Issue {
        licence: "L-1".into(),
        application: "A-1".into(),
        terms: Terms { units, value, from: day(from), until: day(until) },
    };
    let cases = [
        (issue(11, 30_000_000, "2026-03-01", "2026-12-31"), "units-exceeded"),
        (issue(10, 30_000_001, "2026-03-01", "2026-12-31"), "value-exceeded"),
        (issue(10, 30_000_000, "2026-02-28", "2026-12-31"), "beyond-approved"),
        (issue(10, 30_000_000, "2026-03-01", "2027-01-01"), "beyond-approved"),
        (issue(10, 30_000_000, "2020-01-01", "2099-12-31"), "beyond-approved"),
    ];
    for (act, name) in cases {
        assert_eq!(live.refused("analyst-1", act.clone()), name, "{act:?}");
        assert_eq!(live.refused("approver-1", act), name, "whoever issues");
    }
    live.run("analyst-1", issue(10, 30_000_000, "2026-03-01", "2026-12-31")).unwrap();
    // Beyond it by an amendment that a second person read; a second ask takes nobody by surprise.
    let ask = |units, until: &str| Act::AskAmendment {
        licence: "L-1".into(),
        terms: Terms { units, value: 30_000_000, from: day("2026-03-01"), until: day(until) },
        reason: "more".into(),
    };
    live.run("analyst-1", ask(11, "2026-12-31")).unwrap();
    let read = live.state.licence("L-1").unwrap().unwrap().amendment_hash("L-1").unwrap();
    live.run("analyst-2", ask(900_000, "2200-01-01")).unwrap();
    let amend = |seen: &str| {
        common::command(
            format!("amend-{}", &seen[..4]),
            "approver-1",
            Act::ApproveAmendment { licence: "L-1".into(), seen: seen.into() },
        )
    };
    assert_eq!(live.send(&amend(&read)).unwrap_err().name(), "seen-other");
    live.run("analyst-1", ask(11, "2026-12-31")).unwrap();
    live.send(&amend(&read)).unwrap();
    assert_eq!(live.state.licence("L-1").unwrap().unwrap().terms.units, 11);
    // Left out, a licence is asked for from the day of its case, for as long as the desk's numbers say.
    live.run("analyst-1", apply_act("A-2", sale(10, "300000", "2026-02-20"))).unwrap();
    let valid = live.state.application("A-2").unwrap().unwrap().valid;
    assert_eq!((valid.from, valid.until), (day("2026-02-20"), day("2030-02-19")));
}

#[test]
fn a_fact_is_said_once_by_any_of_its_names() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-03-01");
    live.ship_home("U-1", 1000, "2026-03-01");
    live.licensed("L-1", sale(300, "9000000", "2026-03-01"), "2026-12-31");
    let mut reserve = |id: &str, own: &str| live.reserve(id, licence("L-1"), facts(own));
    for twice in ["value=1,value_usd=1", "to=CN,destination=CN", "day=2026-03-01,date=2026-03-01"] {
        let told = reserve("F-0", &format!("quantity=10,{twice}")).unwrap_err();
        assert!(told.name() == "bad-facts" && told.to_string().contains("said before, as `"), "{told}");
    }
    // By a short name, what a shipment says stands in for what its licence brought along.
    reserve("F-1", "quantity=10,value=270000,to=CN,day=2026-03-02").unwrap();
    let shipment = live.state.shipment("F-1").unwrap().unwrap();
    assert_eq!((shipment.goods.value, shipment.facts["date"].as_str()), (27_000_000, "2026-03-02"));
    live.post("F-1", "2026-03-02", "dd_lab_review=yes").unwrap();
    live.run("analyst-1", Act::Correct { shipment: "F-1".into(), units: 9, value: 100, reason: "r".into() }).unwrap();
    // Two values for one name in a line of commands.
    let line = r#"{"key":"k","actor":"machine-1","do":"reserve","shipment":"F-2","basis":{"licence":"L-1"},"facts":{"quantity":"1","quantity":"2"}}"#;
    let why = serde_json::from_str::<Command>(line).unwrap_err().to_string();
    assert!(why.contains("`quantity` is said twice"), "{why}");
    assert!(serde_json::from_str::<Command>(&line.replace(r#","quantity":"2""#, "")).is_ok());
}

#[test]
fn a_refusal_gives_its_true_reason() {
    let mut live = Live::open(&["us-ear"]);
    live.on("2026-02-01");
    let mut import = home(1000, "30000000", "2026-02-01");
    import.extend(facts("kind=import,ships_from=TW,us_use=testing-for-export"));
    live.reserve("M-1", Basis::Law, import).unwrap();
    live.post("M-1", "2026-02-01", "").unwrap();
    let bill = |id: &str, payee: &str, quarter: &str| Act::Invoice {
        invoice: id.into(),
        payer: "NVIDIA".into(),
        payee: payee.into(),
        currency: "USD".into(),
        quarter: quarter.into(),
    };
    let mut says = |actor: &str, act: Act, name: &str, words: &str| {
        let told = live.run(actor, act).unwrap_err();
        assert_eq!(told.name(), name, "{told}");
        assert!(told.to_string().contains(words), "{told}");
    };
    says("analyst-1", bill("I-1", "United States", "2026Q1"), "nothing-due", "NVIDIA to United States Treasury, USD 7500000.00");
    says("analyst-1", bill("I-1", "United States Treasury", "2026-Q1"), "bad-text", "quarter");
    let strike = |clause: &str| Act::StrikeFee {
        regime: "us-ear".into(),
        clause: clause.into(),
        from: day("2026-01-01"),
        until: day("2026-12-31"),
        cite: String::new(),
    };
    says("admin-1", strike("section-323"), "no-such-fee", "us-ear section-232");
    live.run("analyst-1", bill("I-1", "United States Treasury", "2026Q1")).unwrap();
    let pay = |minor| Act::Pay { invoice: "I-1".into(), minor, reference: String::new() };
    let refund = |minor| Act::Refund { invoice: "I-1".into(), minor, reference: String::new() };
    live.run("analyst-1", pay(600_000_000)).unwrap();
    let mut says = |actor: &str, act: Act, name: &str, words: &str| {
        let told = live.run(actor, act).unwrap_err();
        assert!(told.name() == name && told.to_string().contains(words) && !told.to_string().contains("-1"), "{told}");
    };
    says("analyst-1", pay(0), "not-positive", "the amount must be more than nothing");
    says("analyst-1", refund(0), "not-positive", "more than nothing");
    says("analyst-1", pay(-5), "not-positive", "more than nothing");
    says("analyst-1", pay(150_000_001), "overpaid", "1500000.00 is due");
    says("analyst-1", refund(1), "nothing-to-refund", "nothing can be refunded");
    live.run("analyst-1", apply_act("A-1", sale(1, "1", "2026-03-01"))).unwrap();
    live.run("analyst-1", submit("A-1")).unwrap();
    for (act, words) in [
        (Act::Return { application: "A-1".into(), reason: " ".into() }, "a return takes a stated reason"),
        (Act::Refuse { application: "A-1".into(), reason: String::new() }, "a refusal takes a stated reason"),
    ] {
        let told = live.run("approver-1", act).unwrap_err();
        assert!(told.name() == "reason-needed" && told.to_string().contains(words), "{told}");
    }
}

#[test]
fn holds_take_two() {
    let mut live = Live::open(&["us-ear"]);
    live.run("analyst-1", apply_act("A-1", sale(1, "1", "2026-03-01"))).unwrap();
    let hold = |subject: &str| Act::Hold { subject: subject.into(), reason: "inquiry 7".into() };
    let release = Act::ReleaseHold { subject: "application/A-1".into(), reason: "closed".into() };
    assert_eq!(live.refused("auditor-1", hold("application/A-2")), "unknown");
    live.run("auditor-1", hold("application/A-1")).unwrap();
    assert_eq!(live.refused("auditor-1", hold("application/A-1")), "hold-stands");
    assert_eq!(live.refused("auditor-1", release.clone()), "own-work");
    live.run("auditor-2", release).unwrap();
}

#[test]
fn hashes_are_sha_256_in_hex() {
    assert_eq!(desk::hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(desk::hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

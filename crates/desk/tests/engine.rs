//! The engine by known answers: four eyes, licences, clocks, quotas, fees; every refusal by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Live, day, facts, home, licence, sale};
use desk::{Act, Basis, Event, Facts, Refusal, Role, Terms};

fn apply_act(id: &str, facts: Facts) -> Act {
    Act::Apply { application: id.into(), facts, documents: vec!["PO-17".into()] }
}

fn submit(id: &str) -> Act {
    Act::Submit { application: id.into() }
}

fn approve(id: &str) -> Act {
    Act::Approve { application: id.into(), reason: String::new() }
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
        live.run(by, Act::Edit { application: "A-1".into(), facts: sale(90, "2700000", "2026-03-01"), documents: vec![] })
    };
    edit(&mut live, "analyst-2").unwrap();
    assert_eq!(live.state.application("A-1").unwrap().unwrap().approver, None);
    let terms = Terms { units: 90, value: 270_000_000, from: day("2026-03-01"), until: day("2027-03-01") };
    let issue = Act::Issue { licence: "L-1".into(), application: "A-1".into(), terms };
    assert_eq!(live.refused("analyst-1", issue.clone()), "wrong-state");
    // A stranger's application, edited by one who may approve: still not by that one.
    live.run("analyst-1", apply_act("A-2", sale(10, "300000", "2026-03-01"))).unwrap();
    let edited = Act::Edit { application: "A-2".into(), facts: sale(9, "270000", "2026-03-01"), documents: vec![] };
    live.run("both-1", edited).unwrap();
    live.run("analyst-1", submit("A-2")).unwrap();
    assert_eq!(live.refused("both-1", approve("A-2")), "last-editor");
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
    let act = Act::Approve { application: "A-2".into(), reason: "a replacement under warranty".into() };
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
    assert_eq!(live.refused("approver-1", Act::ApproveAmendment { licence: "L-1".into() }), "units-exceeded");
    live.run("analyst-1", ask(terms(150, 500_000_000))).unwrap();
    live.run("approver-1", Act::ApproveAmendment { licence: "L-1".into() }).unwrap();
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
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("quantity", "1.5")])), "out-of-range");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("value_usd", "9999999999999999")])), "bad-facts");
    assert_eq!(live.refused("analyst-1", apply("A-1", &[("date", "2026-02-30")])), "bad-facts");
    assert_eq!(live.refused("nobody-1", apply("A-1", &[])), "role-needed");
    assert_eq!(live.refused("auditor-1", apply("A-1", &[])), "role-needed");
    // What would be a formula in a table, or SQL, is a name like any other.
    live.run("analyst-1", apply("A-1", &[("consignee", "=HYPERLINK(\"x\")'); DROP TABLE entry; --")])).unwrap();
    live.now = live.now.checked_sub(jiff::Span::new().seconds(3600)).unwrap();
    assert_eq!(live.refused("analyst-1", submit("A-1")), "clock-went-back");
}

#[test]
fn a_key_is_good_for_one_command() {
    let mut live = Live::open(&["us-ear"]);
    let command = |at, units| desk::Command {
        key: "once".into(),
        actor: "analyst-1".into(),
        at,
        act: apply_act("A-1", sale(units, "300000", "2026-03-01")),
    };
    let (now, length) = (live.now, live.log.len());
    let first = live.send(&command(now, 10)).unwrap();
    assert_eq!(live.send(&command(now.checked_add(jiff::Span::new().seconds(5)).unwrap(), 10)), Ok(first));
    assert_eq!(live.log.len(), length + 1);
    assert_eq!(live.send(&command(now, 11)).unwrap_err().name(), "key-reused");
}

#[test]
fn rules_that_nobody_adopted_decide_nothing() {
    let mut live = Live::open(&["us-ear"]);
    let packs = [("us-ear".to_owned(), "0".repeat(64))].into();
    assert_eq!(live.refused("admin-1", Act::AdoptRules { packs }), "rules-not-adopted");
    live.counsel = common::counsel(&["essay"]);
    assert_eq!(live.refused("analyst-1", apply_act("A-1", sale(1, "1", "2026-03-01"))), "rules-not-adopted");
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

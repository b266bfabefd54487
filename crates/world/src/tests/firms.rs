//! Stock made for one market, designs and their lag.

use super::{central, factors, gates, offers, same, scenario, state, vendor};
use crate::firms::{Offer, offer, stock, top};
use crate::gates::Offers;
use crate::names::Factors;
use crate::run::World;
use crate::state::VendorState;

fn own(stock: f64, ordered: f64, expected: f64, stranded: f64) -> VendorState<f64> {
    VendorState { design: 0.0, made_of: [0.0; 2], wait: 0.0, stock, ordered, expected, open: 1.0, stranded }
}

fn offered(designed: f64, open: f64) -> Offer<f64> {
    Offer { tpp: 1.0, bandwidth: 1.0, open, admitted: 1.0, state_barred: 0.0, fee: 0.0, duty: 0.0, cap: 0.0, designed }
}

fn rules() -> Factors<f64> {
    factors(&[("reuse", 0.2), ("stock_cover", 1.0), ("expectation_speed", 0.5)])
}

#[test]
fn a_closed_gate_strands_stock_in_k_of_which_a_fifth_serves_elsewhere() {
    let mut vendor = own(60.0, 40.0, 50.0, 1.0);
    let flow = stock(&rules(), &mut vendor, &offered(1.0, 0.0), 0.0, 1.0);
    same(flow.reused, 20.0);
    same(flow.written_off, 80.0);
    assert_eq!((flow.opening, flow.arrived, flow.sold, flow.closing), (60.0, 40.0, 0.0, 0.0));
    assert_eq!(vendor.ordered, 0.0, "nothing is ordered for a closed gate");
    same(vendor.expected, 25.0);
}

#[test]
fn half_a_gate_strands_half_and_the_rest_is_sold() {
    let mut vendor = own(60.0, 40.0, 50.0, 0.5);
    let flow = stock(&rules(), &mut vendor, &offered(1.0, 0.5), 30.0, 1.0);
    same(flow.written_off + flow.reused, 50.0);
    same(flow.sold, 30.0);
    same(flow.closing, 20.0);
    // Expected 50 → 40; it wants 40 + 40 in stock and has 20.
    same(vendor.expected, 40.0);
    same(vendor.ordered, 60.0);
    same(flow.opening + flow.arrived - flow.sold - flow.written_off - flow.reused - flow.closing, 0.0);
}

#[test]
fn more_wanted_than_there_is_waits_and_a_first_quarter_is_made_to_order() {
    let mut vendor = own(6.0, 4.0, 50.0, 0.0);
    let flow = stock(&rules(), &mut vendor, &offered(1.0, 1.0), 30.0, 1.0);
    assert_eq!((flow.sold, flow.closing), (10.0, 0.0));
    let mut fresh = own(0.0, 0.0, 0.0, 0.0);
    let flow = stock(&rules(), &mut fresh, &offered(1.0, 1.0), 30.0, 1.0);
    assert_eq!((flow.sold, flow.arrived, flow.closing, fresh.expected), (30.0, 30.0, 0.0, 30.0));
    // A world part leaves no stock, but an old design's remains until it is sold.
    let mut old = own(6.0, 4.0, 50.0, 0.0);
    let flow = stock(&rules(), &mut old, &offered(0.0, 1.0), 30.0, 1.0);
    assert_eq!((flow.sold, flow.closing, old.ordered), (30.0, 0.0, 0.0));
    same(flow.opening + flow.arrived - flow.sold - flow.written_off - flow.reused - flow.closing, 0.0);
}

/// A vendor whose world part closes in quarter 4, when the law asks for a design of half its performance.
fn designer() -> World {
    let mut gates = gates(1);
    let closed = |at: usize| if at < 4 { 1.0 } else { 0.0 };
    let mut part = offers(16_000.0, 3_200.0);
    part.free = (0..60).map(closed).collect();
    let mut own = vendor(part);
    let row = |design: f64, none: f64| (0..60).flat_map(|_| [design, none]).collect::<Vec<f64>>();
    own.designs = Offers {
        width: 2,
        tpp: row(8_000.0, 0.0),
        bandwidth: row(f64::INFINITY, 0.0),
        free: row(1.0, 0.0),
        admitted: row(1.0, 0.0),
        ..offers(0.0, 0.0)
    };
    for column in [
        &mut own.designs.approval,
        &mut own.designs.case,
        &mut own.designs.unstated,
        &mut own.designs.denial,
        &mut own.designs.approved_only,
        &mut own.designs.discouraged,
        &mut own.designs.state_barred,
        &mut own.designs.fee_rate,
        &mut own.designs.fee_duty,
        &mut own.designs.quota,
    ] {
        *column = vec![0.0; 120];
    }
    own.wanted = (0..60).map(|at| if at < 4 { 1.0 } else { 0.0 }).collect();
    gates.vendors.push(own);
    World::with(scenario(), gates)
}

#[test]
fn a_design_is_ready_its_lag_in_quarters_after_the_law_first_asked() {
    for lag in [1.0, 2.0, 3.0] {
        let world = designer();
        let draw = central(&[("design_lag", lag)]);
        let f = Factors::from_fn(|at| draw[at]);
        let mut s = crate::state::State::start(&world, &f);
        let mut designed = Vec::new();
        for t in 0..10 {
            let head = top(&world, t, &f, &s, world.vendor(0).unwrap());
            let told = offer(&world, t, &f, &mut s, 0, &head);
            designed.push(told.designed);
            if told.designed > 0.0 {
                assert_eq!((told.tpp, told.bandwidth, told.open), (8_000.0, 3_200.0, 1.0));
            }
        }
        let first = designed.iter().position(|d| *d > 0.0).unwrap();
        assert_eq!(first as f64, 4.0 + lag - 1.0, "the quarter that asks counts as the first of the lag");
        assert!(designed[first..].iter().all(|d| *d == 1.0));
    }
}

#[test]
fn a_design_holds_the_technology_of_its_day() {
    let world = designer();
    let draw = central(&[("design_lag", 1.0)]);
    let f = Factors::from_fn(|at| draw[at]);
    let mut s = crate::state::State::start(&world, &f);
    let mut told = Vec::new();
    for t in 0..8 {
        // The vendor's own part is twice as good from quarter 6 on; the law bounds performance and not bandwidth.
        s.frontier = if t < 6 { 1.0 } else { 2.0 };
        let head = top(&world, t, &f, &s, world.vendor(0).unwrap());
        assert_eq!(head.bandwidth, if t < 6 { 3_200.0 } else { 6_400.0 });
        let design = offer(&world, t, &f, &mut s, 0, &head);
        told.push((design.designed, design.tpp, design.bandwidth));
    }
    assert_eq!(told[4..], [(1.0, 8_000.0, 3_200.0); 4]);
}

#[test]
fn rates_of_licences_and_of_admission_weigh_the_days() {
    let mut gates = gates(1);
    let share = |x: f64| vec![x; 60];
    gates.vendors.push(vendor(Offers {
        free: share(0.1),
        approval: share(0.2),
        case: share(0.3),
        unstated: share(0.2),
        denial: share(0.2),
        admitted: share(0.5),
        approved_only: share(0.3),
        discouraged: share(0.2),
        fee_rate: share(0.25),
        fee_duty: share(0.05),
        quota: share(0.5),
        ..offers(1_000.0, 500.0)
    }));
    let world = World::with(scenario(), gates);
    let f = factors(&[
        ("approval_rate", 0.9),
        ("case_rate", 0.6),
        ("unstated_rate", 0.05),
        ("denial_rate", 0.01),
        ("admission_rate", 0.1),
        ("discouraged_rate", 0.02),
    ]);
    let told = top(&world, 7, &f, &state(&world), world.vendor(0).unwrap());
    same(told.open, 0.1 + 0.18 + 0.18 + 0.01 + 0.002);
    same(told.admitted, 0.5 + 0.03 + 0.004);
    same(told.duty, 0.2);
    assert_eq!((told.fee, told.cap, told.tpp), (0.25, 0.5, 1_000.0));
}

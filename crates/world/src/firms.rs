//! Foreign vendors: what they can offer at a gate, the design to the threshold, stock built ahead and written off.

use crate::gates::{Offers, VendorGates};
use crate::lane::{Lane, c};
use crate::market::ln_quality;
use crate::names::Factors;
use crate::run::World;
use crate::state::{State, VendorState};

/// One part before both gates in one quarter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<T> {
    pub tpp: T,
    pub bandwidth: T,
    /// Share that the exporter's gate lets through.
    pub open: T,
    /// Share that the importer's gate admits.
    pub admitted: T,
    /// Closed to data centers with state funds.
    pub state_barred: T,
    /// Fee as a share of the sale.
    pub fee: T,
    /// Share of it that is a duty.
    pub duty: T,
    /// Cap as a share of home sales; 0 where there is none.
    pub cap: T,
    /// 1 for a part designed to the threshold.
    pub designed: T,
}

impl<T: Lane> Offer<T> {
    /// A part that nobody sells.
    #[inline(always)]
    pub(crate) fn none() -> Offer<T> {
        let zero = T::zero();
        Offer {
            tpp: T::one(),
            bandwidth: T::one(),
            open: zero,
            admitted: zero,
            state_barred: zero,
            fee: zero,
            duty: zero,
            cap: zero,
            designed: zero,
        }
    }
}

/// Entries of the columns at places that differ between worlds. Such look-ups are no work for vector instructions; kept out of line, they keep the
/// step small.
#[inline(never)]
fn scattered<T: Lane>(offers: &Offers, from: usize, to: usize, place: T) -> [T; 14] {
    let mut out = [T::zero(); 14];
    for (x, column) in out.iter_mut().zip(offers.columns()) {
        *x = T::pick(column.get(from..to).unwrap_or(&[]), place);
    }
    out
}

/// Their entries at one place, as most often all worlds look up the same.
#[inline(always)]
fn together<T: Lane>(offers: &Offers, from: usize, to: usize, place: f64) -> [T; 14] {
    let mut out = [T::zero(); 14];
    let at = from + (place as usize).min((to - from).saturating_sub(1));
    for (x, column) in out.iter_mut().zip(offers.columns()) {
        *x = c(column.get(at).copied().unwrap_or(f64::NAN));
    }
    out
}

/// One entry of a list of offers under a stance that may differ between worlds.
#[inline(always)]
fn look<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &State<T>, offers: &Offers, at: T) -> Offer<T> {
    let size = offers.width * world.gates.stances;
    let place = s.stance * c(offers.width as f64) + at;
    let [
        tpp,
        bandwidth,
        free,
        approval,
        case,
        unstated,
        denial,
        everyone,
        approved_only,
        discouraged,
        state_barred,
        fee_rate,
        fee_duty,
        cap,
    ] = match place.same() {
        Some(place) => together(offers, t * size, (t + 1) * size, place),
        None => scattered(offers, t * size, (t + 1) * size, place),
    };
    let lever = world.scenario.levers.fee_rate;
    // Without a gate on the other side whatever is sold at all is admitted.
    let (gate, sold) = (c::<T>(world.scenario.levers.importer_gate), T::if_less(T::zero(), tpp, T::one(), T::zero()));
    let admitted = everyone + approved_only * f.admission_rate + discouraged * f.discouraged_rate;
    Offer {
        tpp,
        bandwidth,
        open: free + approval * f.approval_rate + case * f.case_rate + unstated * f.unstated_rate + denial * f.denial_rate,
        admitted: T::if_less(T::zero(), gate, admitted, sold),
        state_barred: state_barred * gate,
        fee: if lever < 0.0 { fee_rate } else { c(lever) },
        duty: fee_duty / fee_rate.max(c(1e-12)),
        cap,
        designed: T::zero(),
    }
}

/// The vendor's best part anywhere: the catalogue's, and beyond its end the frontier's growth.
#[inline(always)]
pub(crate) fn top<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &State<T>, vendor: &VendorGates) -> Offer<T> {
    let part = look(world, t, f, s, &vendor.top, T::zero());
    Offer { tpp: part.tpp * s.frontier, bandwidth: part.bandwidth * s.frontier, ..part }
}

/// What the vendor offers here: its best world part that may pass, or its design, whichever brings more quality through the gate. A design
/// is ready a lag after the law first asked for it.
#[inline(always)]
pub(crate) fn offer<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &mut State<T>, v: usize, top: &Offer<T>) -> Offer<T> {
    let (Some(gates), Some(mut own)) = (world.vendor(v), s.vendors.get(v).copied()) else { return *top };
    let stances = world.gates.stances;
    let none = c::<T>(gates.designs.width.saturating_sub(1) as f64);
    let wanted = T::pick(gates.wanted.get(t * stances..(t + 1) * stances).unwrap_or(&[]), s.stance);
    // The clock runs while the law asks for another design than the one in hand.
    let same = T::if_less((wanted - own.design).abs(), c(0.5), T::one(), T::zero());
    let asked = T::if_less(wanted, none, T::one() - same, T::zero());
    own.wait = T::if_less(T::zero(), asked, own.wait - T::one(), f.design_lag);
    let ready = T::if_less(own.wait, c(0.5), asked, T::zero());
    // What the gate closed since the last quarter strands its share of the old design's stock, and a new design all of it.
    let old = look(world, t, f, s, &gates.designs, own.design);
    let closed = (T::one() - old.open / own.open.max(c(0.02))).within(0.0, 1.0);
    own.stranded = T::if_less(old.open, c(0.02), T::one(), closed);
    own.stranded = T::if_less(T::zero(), ready, T::one(), own.stranded);
    own.design = T::if_less(T::zero(), ready, wanted, own.design);
    // A design is a product: it holds the technology of its day up to the bounds of the law.
    let [tpp, bandwidth] = own.made_of;
    own.made_of = [T::if_less(T::zero(), ready, top.tpp, tpp), T::if_less(T::zero(), ready, top.bandwidth, bandwidth)];
    own.wait = T::if_less(T::zero(), ready, f.design_lag, own.wait);
    let design = look(world, t, f, s, &gates.designs, own.design);
    own.open = design.open;
    if let Some(place) = s.vendors.get_mut(v) {
        *place = own;
    }
    let best = look(world, t, f, s, &gates.best, T::zero());
    let [tpp, bandwidth] = own.made_of;
    let design = Offer { tpp: design.tpp.min(tpp), bandwidth: design.bandwidth.min(bandwidth), designed: T::one(), ..design };
    let worth = |o: &Offer<T>| o.tpp * o.bandwidth * o.open * o.open;
    let (x, y) = (worth(&best), worth(&design));
    let pick = |a: T, b: T| T::if_less(x, y, b, a);
    Offer {
        tpp: pick(best.tpp, design.tpp).max(T::one()),
        bandwidth: pick(best.bandwidth, design.bandwidth).max(T::one()),
        open: pick(best.open, design.open),
        admitted: pick(best.admitted, design.admitted),
        state_barred: pick(best.state_barred, design.state_barred),
        fee: pick(best.fee, design.fee),
        duty: pick(best.duty, design.duty),
        cap: pick(best.cap, design.cap),
        designed: pick(best.designed, design.designed),
    }
}

/// ln of performance, of bandwidth and of quality against the reference part.
#[inline(always)]
pub(crate) fn logs<T: Lane>(world: &World, tpp: T, bandwidth: T) -> (T, T, T) {
    let a = (tpp * c(1.0 / world.scenario.reference_tpp)).ln();
    let b = (bandwidth * c(1.0 / world.scenario.reference_bandwidth)).ln();
    (a, b, ln_quality(a, b))
}

/// What became of a vendor's stock in a quarter (k).
#[derive(Clone, Copy, Debug)]
pub(crate) struct StockFlow<T> {
    pub opening: T,
    pub arrived: T,
    pub sold: T,
    pub written_off: T,
    pub reused: T,
    pub closing: T,
}

/// Market-specific stock: what was ordered arrives; the part of the gate that closed since the last quarter strands its share of the
/// stock, of which some serves elsewhere and the rest is written off; what is wanted is sold as far as there is stock. Parts sold all
/// over the world are allocated as wanted and leave no stock behind.
#[inline(always)]
pub(crate) fn stock<T: Lane>(f: &Factors<T>, own: &mut VendorState<T>, offer: &Offer<T>, wanted: T, supply: T) -> StockFlow<T> {
    let (opening, arrived) = (own.stock, own.ordered);
    let held = opening + arrived;
    let stranded = held * own.stranded;
    let reused = stranded * f.reuse;
    let written_off = stranded - reused;
    let left = held - stranded;
    // The first quarter of a design is sold from what the design lag prepared.
    let first = T::if_less(held, c(1e-9), T::one(), T::zero());
    let made_now = wanted * supply * T::if_less(T::zero(), offer.designed, first, T::one());
    let from_stock = left.min(wanted);
    let sold = T::if_less(T::zero(), offer.designed, from_stock + (wanted - from_stock).min(made_now), wanted * supply);
    let fresh = sold - from_stock.min(sold);
    let closing = (left - (sold - fresh)).plus();
    own.expected = T::if_less(own.expected, c(1e-9), wanted, own.expected + (wanted - own.expected) * f.expectation_speed);
    let cover = own.expected * (T::one() + f.stock_cover) - closing;
    own.ordered = cover.plus()
        * supply
        * T::if_less(T::zero(), offer.designed, T::if_less(offer.open, c(0.1), T::zero(), T::one()), T::zero());
    own.stock = closing;
    StockFlow { opening, arrived: arrived + fresh, sold, written_off, reused, closing }
}

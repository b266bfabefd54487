//! What a world carries from quarter to quarter.

use crate::capacity::maker_shares;
use crate::lane::{Lane, c};
use crate::names::Factors;
use crate::run::World;

/// Vendors and makers that a world has room for.
pub(crate) const FIRMS: usize = 2;

/// Quarters that the longest pipeline holds.
pub(crate) const PIPELINE: usize = 4;

/// A foreign vendor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VendorState<T> {
    /// Its design in hand: place in the list of designs; the list's length stands for none.
    pub design: T,
    /// The vendor's own performance and bandwidth when that design was made.
    pub made_of: [T; 2],
    /// Quarters until the next design is ready.
    pub wait: T,
    /// Parts in stock and on order for this market (k).
    pub stock: T,
    /// Parts that arrive next quarter (k).
    pub ordered: T,
    /// Expected demand a quarter (k).
    pub expected: T,
    /// Share of the design in hand that the exporter's gate let through last quarter.
    pub open: T,
    /// Part of its stock that this quarter strands.
    pub stranded: T,
}

/// A domestic maker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MakerState<T> {
    /// Packages started in the last quarters, the latest first (k).
    pub started: [T; PIPELINE],
    /// Finished parts in stock (k).
    pub stock: T,
    /// Experience, in packages (k).
    pub experience: T,
    /// Experience at the start.
    pub experience_start: T,
}

/// One world, or eight side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State<T> {
    pub stance: T,
    /// Share of the lead vendor's offer that the exporter's gate let through last quarter.
    pub open_before: T,
    /// The exporter's tightening of the last quarter, in shares let through.
    pub tightened: T,
    pub questioned: T,
    /// Lost trust in utils.
    pub distrust: T,
    /// What the importer's own politics lets through of what its gate admits.
    pub admission: T,
    pub admitted_before: T,
    pub vendors: [VendorState<T>; FIRMS],
    pub makers: [MakerState<T>; FIRMS],
    /// Expected demand for domestic parts a quarter (k).
    pub expected_domestic: T,
    /// Growth of the frontier beyond the catalogue, as a factor.
    pub frontier: T,
    pub domestic_tpp: T,
    pub domestic_bandwidth: T,
    pub knowledge: T,
    /// Research of the first quarter.
    pub research_start: T,
    pub wafers: T,
    /// Dies of the foreign foundry (k).
    pub dies: T,
    /// Memory stacks (k).
    pub stacks: T,
    pub domestic_base: T,
    pub foreign_base: T,
    pub importer_compute: T,
    pub exporter_compute: T,
    pub fee_alive: T,
    /// 1 once the fee came back in another form.
    pub recast: T,
    /// Fees collected and not refunded (USD bn).
    pub fee_balance: T,
    pub rare_earth: T,
    pub allied: T,
    /// Expected yearly sales of the foreign vendors here (USD bn).
    pub expected_sales: T,
    /// Foreign share of the compute added last quarter.
    pub dependence: T,
    /// Last quarter's lost sales against sales and lost sales.
    pub lost_share: T,
    /// Last quarter's unmet share.
    pub unmet: T,
    pub compute_ratio_start: T,
    /// Performance of the best part that passed last quarter.
    pub permitted: T,
    /// Share of last quarter's fees that was a duty.
    pub duty_share: T,
}

impl<T: Lane> State<T> {
    /// The first day of the first quarter.
    #[inline(always)]
    pub(crate) fn start(world: &World, f: &Factors<T>) -> State<T> {
        let none = |v: usize| world.vendor(v).map_or(0.0, |g| (g.designs.width.saturating_sub(1)) as f64);
        let vendor = |v: usize| VendorState {
            design: c(none(v)),
            made_of: [T::zero(); 2],
            wait: f.design_lag,
            stock: T::zero(),
            ordered: T::zero(),
            expected: T::zero(),
            open: T::one(),
            stranded: T::zero(),
        };
        let shares = maker_shares(world, f);
        let maker = |m: usize| {
            let share = shares.get(m).copied().unwrap_or(T::zero());
            let quarterly = f.wafers_start * c(3.0) * f.packages_per_wafer * f.yield_start * share;
            // Of what was started four quarters ago only that is still in the pipeline which takes so long.
            let fourth = (f.pipeline - c(PIPELINE as f64 - 1.0)).within(0.0, 1.0);
            MakerState {
                started: [quarterly, quarterly, quarterly, quarterly * fourth],
                stock: T::zero(),
                experience: quarterly * c(4.0),
                experience_start: quarterly * c(4.0),
            }
        };
        State {
            stance: c(world.scenario.stance as f64),
            open_before: T::one(),
            tightened: T::zero(),
            questioned: T::zero(),
            distrust: T::zero(),
            admission: T::one(),
            admitted_before: T::one(),
            vendors: [vendor(0), vendor(1)],
            makers: [maker(0), maker(1)],
            expected_domestic: f.wafers_start * c(3.0) * f.packages_per_wafer * f.yield_start,
            frontier: T::one(),
            domestic_tpp: f.domestic_tpp_start,
            domestic_bandwidth: f.domestic_bandwidth_start,
            knowledge: f.state_research / f.depreciation.max(c(0.01)),
            research_start: T::zero(),
            wafers: f.wafers_start,
            dies: T::zero(),
            stacks: f.hbm_inflow,
            domestic_base: f.importer_compute_start * c(0.1),
            foreign_base: f.importer_compute_start,
            importer_compute: f.importer_compute_start,
            exporter_compute: f.exporter_compute_start,
            fee_alive: T::one(),
            recast: T::zero(),
            fee_balance: T::zero(),
            rare_earth: f.rare_earth_share,
            allied: f.allied_start,
            expected_sales: f.budget_start,
            dependence: T::one(),
            lost_share: T::zero(),
            unmet: T::zero(),
            compute_ratio_start: f.exporter_compute_start / f.importer_compute_start,
            permitted: c(world.scenario.reference_tpp),
            duty_share: T::one(),
        }
    }
}

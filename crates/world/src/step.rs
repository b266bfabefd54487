//! One quarter in causal order: politics, gates, market, firms, capacity, leverage, accounts.

use pulp::Simd;

use crate::accounts::Books;
use crate::capacity::{self, Output};
use crate::firms::{self, Offer};
use crate::lane::{Lane, both, c};
use crate::leverage;
use crate::market::{self, DIVERTED, lock_in};
use crate::names::{Factors, Luck, Variables};
use crate::politics;
use crate::run::World;
use crate::state::{FIRMS, State};
use crate::trade::{Supply, Trade, trade};

/// USD k times thousands of parts, in USD bn.
const BN: f64 = 0.001;

/// One stage of the quarter as a function of its own, on the vector instructions of `simd`. All stages in one function cost a compiler
/// minutes; a call costs nothing beside what a stage does.
#[inline(never)]
fn stage<S: Simd, R>(simd: S, work: impl FnOnce() -> R) -> R {
    simd.vectorize(work)
}

/// A stage by its call. Only what is inlined into the stage is on its instructions.
macro_rules! stage {
    ($simd:ident, $call:expr) => {
        stage(
            $simd,
            #[inline(always)]
            || $call,
        )
    };
}

/// Moves a world by one quarter and reports it. The books say what should balance.
#[inline(always)]
pub(crate) fn quarter<T: Lane, S: Simd>(
    simd: S,
    world: &World,
    t: usize,
    f: &Factors<T>,
    luck: &Luck<T>,
    s: &mut State<T>,
) -> (Variables<T>, Books<T>) {
    let fees_opening = s.fee_balance;
    let compute_opening = s.importer_compute;
    let (rare_earth_used, refund) = stage!(simd, govern(world, t, f, luck, s));
    let (tops, offers) = stage!(simd, offers(world, t, f, s));
    let [lead_top, _] = tops;
    let turn = turned(s, &offers);
    politics::trust(world, t, f, luck, s, turn.reversal);

    let fee_left = s.fee_alive;
    let fees = both(
        offers,
        #[inline(always)]
        |o| o.fee.within(0.0, 1.0) * fee_left,
    );
    let (products, top) = stage!(simd, market::products(world, t, f, s, &offers, &fees, &lead_top));
    let wants = stage!(simd, market::demand(world, t, f, &products, &top));
    let output = stage!(simd, capacity::produce(world, t, f, s));
    let supply = Supply { tops, offers, fees, products, output };
    let trade = stage!(simd, trade(world, t, f, s, &wants, &supply));
    let budget = sum(wants.budget);

    let money = stage!(simd, money(world, t, f, s, &supply, &trade, wants.foreign_if_open));
    let home = stage!(simd, home(world, t, f, s, &supply, &trade, budget));
    let compute = stage!(simd, compute(world, t, f, s, &supply, &trade, home.tpp));
    let leverages = (leverage::exporter_leverage(f, s.dependence), politics::importer_leverage(f, s));
    leverage::alternatives(f, s, rare_earth_used);
    leverage::allies(world, f, s, supply.severity(), turn.reversal);
    let permitted = permitted(&supply.offers);
    s.permitted = permitted.max(T::one());
    s.lost_share = money.lost / (money.lost + money.sales).max(c(1e-12));
    let spent = sum(trade.spent);
    s.unmet = (T::one() - spent / budget.max(c(1e-12))).within(0.0, 1.0);

    let diverted_value = trade.diverted * supply.price(DIVERTED) * c(BN);
    let books = Books {
        vendor_stock: both(
            trade.stock,
            #[inline(always)]
            |x| x.opening + x.arrived - x.sold - x.written_off - x.reused - x.closing,
        ),
        maker_stock: trade.maker_residual,
        stacks: supply.output.stacks_residual,
        dies: supply.output.dies_residual,
        money: money.sales + home.sales + diverted_value - spent,
        fees: s.fee_balance - fees_opening - money.collected + refund,
        compute: s.importer_compute - compute_opening * (T::one() - f.retirement * c(0.25)) - compute.added,
        units: trade.sold(0) + trade.sold(1) + sum(trade.domestic),
        budget,
        installed: s.importer_compute,
    };
    let seen =
        Seen { supply, trade, money, home, compute, leverages, permitted, rare_earth_used, refund, admitted: turn.admitted };
    let report = stage!(simd, seen.report(world, f, s, &wants.budget));
    (report, books)
}

#[inline(always)]
fn sum<T: Lane, const N: usize>(of: [T; N]) -> T {
    let mut total = T::zero();
    for x in of {
        total = total + x;
    }
    total
}

/// Politics, on what the last quarter showed: stance, admission, the fee's standing. Returns how far rare earths were used, and the refund.
#[inline(always)]
fn govern<T: Lane>(world: &World, t: usize, f: &Factors<T>, luck: &Luck<T>, s: &mut State<T>) -> (T, T) {
    let (used, moved) = leverage::reply(world, t, f, luck, s);
    let (permitted, duty_share) = (s.permitted, s.duty_share);
    politics::stance(world, t, f, luck, s, permitted, moved);
    politics::admission(world, t, f, s, permitted);
    (used, politics::fee(world, t, f, luck, s, duty_share))
}

/// What each vendor sells at best anywhere, and what it can offer here under this stance.
#[inline(always)]
fn offers<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &mut State<T>) -> ([Offer<T>; FIRMS], [Offer<T>; FIRMS]) {
    let tops: [Offer<T>; FIRMS] = both(
        [0, 1],
        #[inline(always)]
        |v| match world.vendor(v) {
            Some(gates) => firms::top(world, t, f, s, gates),
            None => Offer::none(),
        },
    );
    let [lead_top, second_top] = tops;
    let lead = if world.vendor(0).is_some() { firms::offer(world, t, f, s, 0, &lead_top) } else { Offer::none() };
    let second = if world.vendor(1).is_some() { firms::offer(world, t, f, s, 1, &second_top) } else { Offer::none() };
    (tops, [lead, second])
}

/// How the gates moved for the lead vendor.
struct Turn<T> {
    /// Share that the importer admits, its politics included.
    admitted: T,
    /// How far both gates moved, either way.
    reversal: T,
}

#[inline(always)]
fn turned<T: Lane>(s: &mut State<T>, offers: &[Offer<T>; FIRMS]) -> Turn<T> {
    let [lead, _] = offers;
    let admitted = lead.admitted * s.admission;
    let reversal = (lead.open - s.open_before).abs() + (admitted - s.admitted_before).abs();
    s.tightened = (s.open_before - lead.open).plus();
    s.open_before = lead.open;
    s.admitted_before = admitted;
    Turn { admitted, reversal }
}

/// Performance of the best part of which the exporter's gate lets a share through.
#[inline(always)]
fn permitted<T: Lane>(offers: &[Offer<T>; FIRMS]) -> T {
    offers.iter().fold(
        T::zero(),
        #[inline(always)]
        |best, o| T::if_less(c(0.02), o.open, best.max(o.tpp), best),
    )
}

/// The foreign vendors' quarter in USD bn.
struct Money<T> {
    /// Sales of the lead and of the second vendor.
    by_vendor: [T; FIRMS],
    sales: T,
    /// Fees, and the part of them that is duty.
    collected: T,
    duty: T,
    write_off: T,
    /// What open gates would have brought.
    lost: T,
    value_change: T,
}

/// Sales, fees, write-offs, value, and what lost sales cost the frontier.
#[inline(always)]
fn money<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &mut State<T>,
    supply: &Supply<T>,
    trade: &Trade<T>,
    foreign_if_open: T,
) -> Money<T> {
    let by_vendor = both(
        [0, 1],
        #[inline(always)]
        |v| trade.sold(v) * supply.price(v) * c(BN),
    );
    let ([a, b], [fee_a, fee_b], [lead, second]) = (by_vendor, supply.fees, &supply.offers);
    let sales = a + b;
    let collected = a * fee_a + b * fee_b;
    let duty = a * fee_a * lead.duty + b * fee_b * second.duty;
    s.duty_share = T::if_less(T::zero(), collected, duty / collected.max(c(1e-12)), s.duty_share);
    s.fee_balance = s.fee_balance + collected;
    let unit_cost = |v: usize| supply.price(v) * (T::one() - f.gross_margin) * c(BN);
    let [stock_a, stock_b] = trade.stock;
    let write_off = stock_a.written_off * unit_cost(0) + stock_b.written_off * unit_cost(1);
    let lost = (foreign_if_open - sales).plus();
    let expected_before = s.expected_sales;
    s.expected_sales = s.expected_sales + (sales * c(4.0) - s.expected_sales) * f.expectation_speed;
    let value_change = (s.expected_sales - expected_before) * f.value_multiple;
    let home_spending = leverage::exporter_spending(world, t, f);
    let research_lost = f.vendor_rd_cut * lost / (f.vendor_research_share * (home_spending + sales)).max(c(1e-9));
    let slower = T::one() - f.vendor_rd_effect * research_lost.min(T::one()) * c(world.scenario.switches.vendor_research);
    s.frontier = s.frontier * ((T::one() + f.foreign_growth).ln() * c(0.25 * world.beyond_catalogue(t)) * slower).exp();
    Money { by_vendor, sales, collected, duty, write_off, lost, value_change }
}

/// The domestic makers' quarter.
struct Home<T> {
    /// USD bn.
    sales: T,
    /// USD bn.
    research: T,
    /// Performance of what was sold.
    tpp: T,
}

/// Domestic sales, research, progress, learning, investment.
#[inline(always)]
fn home<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &mut State<T>,
    supply: &Supply<T>,
    trade: &Trade<T>,
    budget: T,
) -> Home<T> {
    let ([home_a, home_b], [lead_top, _]) = (trade.domestic, &supply.tops);
    let sales = (home_a * supply.price(DIVERTED + 1) + home_b * supply.price(DIVERTED + 2)) * c(BN);
    let research = capacity::research(world, t, f, sales, budget);
    s.research_start = if t == 0 { research.max(c(1e-6)) } else { s.research_start };
    let growth = capacity::progress(world, t, f, s, research, supply.severity(), lead_top.tpp);
    s.knowledge = s.knowledge * (T::one() - f.depreciation * c(0.25)) + research;
    let tpp = s.domestic_tpp;
    s.domestic_tpp = s.domestic_tpp * growth.exp();
    s.domestic_bandwidth = s.domestic_bandwidth * (growth * f.bandwidth_pace).exp();
    capacity::learn(world, f, s, supply.output.finished, growth * c(std::f64::consts::LOG2_E));
    capacity::invest(f, s, trade.domestic_wanted, supply.output.yielded);
    Home { sales, research, tpp }
}

/// Compute that a quarter adds to the importer (kH100e).
struct Compute<T> {
    foreign: T,
    domestic: T,
    diverted: T,
    added: T,
}

/// Installs what was bought, on both sides.
#[inline(always)]
fn compute<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &mut State<T>,
    supply: &Supply<T>,
    trade: &Trade<T>,
    domestic_tpp: T,
) -> Compute<T> {
    let per = |tpp: T| tpp * c(1.0 / world.scenario.reference_tpp);
    let ([lead, second], [lead_top, _]) = (&supply.offers, &supply.tops);
    let [home_a, home_b] = trade.domestic;
    let foreign = trade.sold(0) * per(lead.tpp) + trade.sold(1) * per(second.tpp);
    let domestic = (home_a + home_b * f.second_maker_quality) * per(domestic_tpp);
    let diverted = trade.diverted * per(lead_top.tpp);
    let added = foreign + domestic + diverted;
    s.dependence = (foreign + diverted) / added.max(c(1e-12));
    s.importer_compute = leverage::install(f, s.importer_compute, added);
    s.foreign_base = leverage::install(f, s.foreign_base, foreign + diverted);
    s.domestic_base = leverage::install(f, s.domestic_base, domestic);
    let reference_price = market::list_price(f, c(t as f64 * 0.25), T::zero()).max(c(1e-6));
    let bought = leverage::exporter_spending(world, t, f) / reference_price * c(1.0 / BN);
    s.exporter_compute = leverage::install(f, s.exporter_compute, bought);
    Compute { foreign, domestic, diverted, added }
}

/// Everything of a quarter that the report looks at.
struct Seen<T> {
    supply: Supply<T>,
    trade: Trade<T>,
    money: Money<T>,
    home: Home<T>,
    compute: Compute<T>,
    /// The exporter's, the importer's.
    leverages: (T, T),
    permitted: T,
    rare_earth_used: T,
    refund: T,
    admitted: T,
}

impl<T: Lane> Seen<T> {
    #[inline(always)]
    fn report(&self, world: &World, f: &Factors<T>, s: &State<T>, budget: &[T; market::SECTORS]) -> Variables<T> {
        let Seen { trade, money, home, compute, .. } = self;
        let ([lead_top, second_top], [lead, second], [a, b]) = (&self.supply.tops, &self.supply.offers, money.by_vendor);
        let Output { yielded, .. } = self.supply.output;
        let share = |part: T, whole: T| part / whole.max(c(1e-12));
        let foreign_units = trade.sold(0) + trade.sold(1);
        let ([lead_maker, _], domestic_units) = (trade.domestic, sum(trade.domestic));
        let (units, value) = (foreign_units + domestic_units, money.sales + home.sales);
        let unmet = |sector: usize| {
            let (b, x) = (budget.get(sector).copied(), trade.spent.get(sector).copied());
            T::one() - share(x.unwrap_or(T::zero()), b.unwrap_or(T::one()))
        };
        let (exporter_leverage, importer_leverage) = self.leverages;
        let [stock_a, stock_b] = trade.stock;
        Variables {
            fee_receipts_usd_bn: money.collected - self.refund,
            fee_duty_usd_bn: money.duty,
            vendor_sales_usd_bn: money.sales,
            lead_vendor_sales_usd_bn: a,
            cut_down_sales_usd_bn: a * lead.designed + b * second.designed,
            lost_sales_usd_bn: money.lost,
            foreign_units_k: foreign_units,
            cut_down_units_k: trade.sold(0) * lead.designed + trade.sold(1) * second.designed,
            domestic_units_k: domestic_units,
            diverted_units_k: trade.diverted,
            diverted_kh100e: compute.diverted,
            foreign_kh100e: compute.foreign,
            domestic_kh100e: compute.domestic,
            domestic_share_units: share(domestic_units, units),
            domestic_share_value: share(home.sales, value),
            domestic_share_compute: share(compute.domestic, compute.foreign + compute.domestic),
            lead_vendor_share_value: share(a, value),
            lead_vendor_share_units: share(trade.sold(0), units),
            lead_vendor_units_k: trade.sold(0),
            lead_maker_units_k: lead_maker,
            lead_maker_sales_usd_bn: lead_maker * self.supply.price(DIVERTED + 1) * c(BN),
            lead_maker_kh100e: lead_maker * home.tpp * c(1.0 / world.scenario.reference_tpp),
            write_off_usd_bn: money.write_off,
            vendor_value_change_usd_bn: money.value_change,
            market_usd_bn: value + trade.diverted * self.supply.price(DIVERTED) * c(BN),
            budget_usd_bn: sum(*budget),
            best_permitted_tpp: self.permitted,
            best_domestic_tpp: home.tpp,
            best_overall_tpp: lead_top.tpp.max(second_top.tpp),
            importer_compute_kh100e: s.importer_compute,
            exporter_compute_kh100e: s.exporter_compute,
            compute_ratio: s.exporter_compute / s.importer_compute.max(c(1e-12)),
            unmet_share: s.unmet,
            unmet_training: unmet(0),
            unmet_inference: unmet(1),
            unmet_science: unmet(2),
            unmet_other: unmet(3),
            dependence: s.dependence,
            exporter_leverage,
            importer_leverage,
            bargain: leverage::bargain(exporter_leverage, importer_leverage),
            allied_share: s.allied,
            stance: s.stance,
            exporter_open: lead.open,
            importer_admission: self.admitted,
            trust: (-s.distrust).exp(),
            domestic_rnd_usd_bn: home.research,
            knowledge: s.knowledge,
            fee_alive: s.fee_alive,
            rare_earth_used: self.rare_earth_used,
            domestic_yield: yielded,
            domestic_wafers_k: s.wafers,
            vendor_stock_k: stock_a.closing + stock_b.closing,
            lock_in_left: lock_in(world, f, s),
        }
    }
}

//! One quarter in causal order: gates, politics, market, firms, capacity, leverage, accounts.

use crate::accounts::Books;
use crate::capacity::{self, Output};
use crate::firms::{self, Offer, StockFlow};
use crate::lane::{Lane, both, c};
use crate::leverage;
use crate::market::{self, DIVERTED, Demand, PRODUCTS, Product, SECTORS};
use crate::names::{Factors, Luck, Variables};
use crate::politics;
use crate::run::World;
use crate::state::{FIRMS, State};

/// A part that nobody sells.
#[inline(always)]
fn no_offer<T: Lane>() -> Offer<T> {
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

/// Moves a world by one quarter and reports it. The books say what should balance.
#[inline(always)]
pub(crate) fn quarter<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    luck: &Luck<T>,
    s: &mut State<T>,
) -> (Variables<T>, Books<T>) {
    // Politics, on what the last quarter showed.
    let (rare_earth_used, moved) = leverage::reply(world, t, f, luck, s);
    let permitted_before = s.permitted;
    politics::stance(world, t, f, luck, s, permitted_before, moved);
    politics::admission(world, t, f, s, permitted_before);
    let duty_share = s.duty_share;
    let refund = politics::fee(world, t, f, luck, s, duty_share);

    // Gates: what each vendor can offer under this stance.
    let tops: [Offer<T>; FIRMS] = both(
        [0, 1],
        #[inline(always)]
        |v| match world.vendor(v) {
            Some(gates) => firms::top(world, t, f, s, gates),
            None => no_offer(),
        },
    );
    let [lead_top, second_top] = tops;
    let lead = if world.vendor(0).is_some() { firms::offer(world, t, f, s, 0, &lead_top) } else { no_offer() };
    let second = if world.vendor(1).is_some() { firms::offer(world, t, f, s, 1, &second_top) } else { no_offer() };
    let offers = [lead, second];
    let before = s.open_before;
    s.open_before = lead.open;
    let admitted = lead.admitted * s.admission;
    let reversal = (lead.open - before).abs() + (admitted - s.admitted_before).abs();
    s.tightened = (before - lead.open).plus();
    s.admitted_before = admitted;
    politics::trust(world, t, f, luck, s, reversal);

    // Market.
    let fee_left = s.fee_alive;
    let fees = both(
        offers,
        #[inline(always)]
        |o| o.fee.within(0.0, 1.0) * fee_left,
    );
    let (products, top) = products(world, t, f, s, &offers, &fees, &lead_top);
    let wants = market::demand(world, t, f, s, &products, &top);
    let output = capacity::produce(world, t, f, s);
    let trade = trade(world, t, f, s, &wants, &Supply { products, offers, output });

    // Firms.
    let k = c::<T>(0.001);
    let [a, b] = both(
        [0, 1],
        #[inline(always)]
        |v| trade.sold(v) * price(&products, v) * k,
    );
    let sales = a + b;
    let [fee_a, fee_b] = fees;
    let collected = a * fee_a + b * fee_b;
    let duty = a * fee_a * lead.duty + b * fee_b * second.duty;
    s.duty_share = T::if_less(T::zero(), collected, duty / collected.max(c(1e-12)), s.duty_share);
    let balance_before = s.fee_balance;
    s.fee_balance = s.fee_balance + collected;
    let unit_cost = |v: usize| price(&products, v) * (T::one() - f.gross_margin) * k;
    let [stock_a, stock_b] = trade.stock;
    let write_off = stock_a.written_off * unit_cost(0) + stock_b.written_off * unit_cost(1);
    let lost = (wants.foreign_if_open - sales).plus();
    let expected_before = s.expected_sales;
    s.expected_sales = s.expected_sales + (sales * c(4.0) - s.expected_sales) * f.expectation_speed;
    let value_change = (s.expected_sales - expected_before) * f.value_multiple;
    let home_spending = leverage::exporter_spending(world, t, f);
    let research_lost = f.vendor_rd_cut * lost / (f.vendor_research_share * (home_spending + sales)).max(c(1e-9));
    let slower = T::one() - f.vendor_rd_effect * research_lost.min(T::one()) * c(world.scenario.switches.vendor_research);
    s.frontier = s.frontier * ((T::one() + f.foreign_growth).ln() * c(0.25 * world.beyond_catalogue(t)) * slower).exp();

    // Capacity.
    let [home_a, home_b] = trade.domestic;
    let domestic_prices = [price(&products, DIVERTED + 1), price(&products, DIVERTED + 2)];
    let domestic_sales = (home_a * domestic_prices[0] + home_b * domestic_prices[1]) * k;
    let whole_budget = wants.budget.into_iter().fold(
        T::zero(),
        #[inline(always)]
        |x, y| x + y,
    );
    let research = capacity::research(world, t, f, domestic_sales, whole_budget);
    s.research_start = if t == 0 { research.max(c(1e-6)) } else { s.research_start };
    let severity = (T::one() - lead_top.open).within(0.0, 1.0);
    let growth = capacity::progress(world, t, f, s, research, severity, lead_top.tpp);
    s.knowledge = s.knowledge * (T::one() - f.depreciation * c(0.25)) + research;
    s.domestic_tpp = s.domestic_tpp * growth.exp();
    s.domestic_bandwidth = s.domestic_bandwidth * (growth * f.bandwidth_pace).exp();
    capacity::learn(world, f, s, output.finished, growth * c(std::f64::consts::LOG2_E));
    capacity::invest(f, s, trade.domestic_wanted, output.yielded);

    // Leverage.
    let per = |tpp: T| tpp * c(1.0 / world.scenario.reference_tpp);
    let foreign_compute = trade.sold(0) * per(lead.tpp) + trade.sold(1) * per(second.tpp);
    let second_quality = f.second_maker_quality;
    let domestic_tpp_now = s.domestic_tpp / growth.exp();
    let domestic_compute = (home_a + home_b * second_quality) * per(domestic_tpp_now);
    let diverted_compute = trade.diverted * per(lead_top.tpp);
    let added = foreign_compute + domestic_compute + diverted_compute;
    s.dependence = (foreign_compute + diverted_compute) / added.max(c(1e-12));
    let compute_before = s.importer_compute;
    s.importer_compute = leverage::install(f, s.importer_compute, added);
    s.foreign_base = leverage::install(f, s.foreign_base, foreign_compute + diverted_compute);
    s.domestic_base = leverage::install(f, s.domestic_base, domestic_compute);
    let reference_price = market::list_price(f, c(t as f64 * 0.25), T::zero());
    s.exporter_compute = leverage::install(f, s.exporter_compute, home_spending / reference_price.max(c(1e-6)) * c(1000.0));
    let exporter_leverage = leverage::exporter_leverage(f, s.dependence);
    let importer_leverage = politics::importer_leverage(f, s);
    leverage::alternatives(world, f, s, rare_earth_used);
    leverage::allies(world, f, s, severity, reversal);
    let permitted = permitted(&offers);
    s.permitted = permitted.max(T::one());
    let earlier_lost = lost / (lost + sales).max(c(1e-12));
    s.lost_share = earlier_lost;
    let spent = trade.spent.into_iter().fold(
        T::zero(),
        #[inline(always)]
        |x, y| x + y,
    );
    s.unmet = (T::one() - spent / whole_budget.max(c(1e-12))).within(0.0, 1.0);

    // Accounts.
    let legal_units = trade.sold(0) + trade.sold(1) + home_a + home_b;
    let legal_value = sales + domestic_sales;
    let legal_compute = foreign_compute + domestic_compute;
    let share = |part: T, whole: T| part / whole.max(c(1e-12));
    let unmet = |sector: usize| {
        let (b, x) = (wants.budget.get(sector).copied(), trade.spent.get(sector).copied());
        T::one() - share(x.unwrap_or(T::zero()), b.unwrap_or(T::one()))
    };
    let diverted_value = trade.diverted * price(&products, DIVERTED) * k;
    let books = Books {
        vendor_stock: both(
            trade.stock,
            #[inline(always)]
            |x| x.opening + x.arrived - x.sold - x.written_off - x.reused - x.closing,
        ),
        maker_stock: trade.maker_residual,
        stacks: output.stacks_residual,
        dies: output.dies_residual,
        money: sales + domestic_sales + diverted_value - spent,
        budget: whole_budget,
        compute: s.importer_compute - compute_before * (T::one() - f.retirement * c(0.25)) - added,
        installed: s.importer_compute,
        fees: s.fee_balance - balance_before - collected,
        units: legal_units,
    };
    let report = Variables {
        fee_receipts_usd_bn: collected - refund,
        fee_duty_usd_bn: duty,
        vendor_sales_usd_bn: sales,
        lead_vendor_sales_usd_bn: a,
        cut_down_sales_usd_bn: a * lead.designed + b * second.designed,
        lost_sales_usd_bn: lost,
        foreign_units_k: trade.sold(0) + trade.sold(1),
        cut_down_units_k: trade.sold(0) * lead.designed + trade.sold(1) * second.designed,
        domestic_units_k: home_a + home_b,
        diverted_units_k: trade.diverted,
        diverted_kh100e: diverted_compute,
        foreign_kh100e: foreign_compute,
        domestic_kh100e: domestic_compute,
        domestic_share_units: share(home_a + home_b, legal_units),
        domestic_share_value: share(domestic_sales, legal_value),
        domestic_share_compute: share(domestic_compute, legal_compute),
        lead_vendor_share_value: share(a, legal_value),
        lead_vendor_share_units: share(trade.sold(0), legal_units),
        write_off_usd_bn: write_off,
        vendor_value_change_usd_bn: value_change,
        market_usd_bn: sales + domestic_sales + diverted_value,
        budget_usd_bn: whole_budget,
        best_permitted_tpp: permitted,
        best_domestic_tpp: domestic_tpp_now,
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
        importer_admission: admitted,
        trust: (-s.distrust).exp(),
        domestic_rnd_usd_bn: research,
        knowledge: s.knowledge,
        fee_alive: s.fee_alive,
        rare_earth_used,
        domestic_yield: output.yielded,
        domestic_wafers_k: s.wafers,
        vendor_stock_k: stock_a.closing + stock_b.closing,
        lock_in_left: lock_in(world, f, s),
    };
    (report, books)
}

#[inline(always)]
fn price<T: Lane>(products: &[Product<T>; PRODUCTS], at: usize) -> T {
    products.get(at).map_or(T::one(), |p| p.price)
}

/// Lock-in that is left: it wears away as the domestic installed base grows against the foreign one.
#[inline(always)]
fn lock_in<T: Lane>(world: &World, f: &Factors<T>, s: &State<T>) -> T {
    let left = s.foreign_base / (s.foreign_base + f.migration * s.domestic_base).max(c(1e-12));
    f.lock_in * left * c(world.scenario.switches.lock_in)
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

/// The products before the buyers, and the top part as if it were on offer.
#[inline(always)]
fn products<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &State<T>,
    offers: &[Offer<T>; FIRMS],
    fees: &[T; FIRMS],
    top: &Offer<T>,
) -> ([Product<T>; PRODUCTS], Product<T>) {
    let years = c::<T>(t as f64 * 0.25);
    let locked = lock_in(world, f, s);
    let mut list = [Product::none(); PRODUCTS];
    let bonus = [locked - s.distrust, f.second_vendor - s.distrust];
    for (((place, o), fee), bonus) in list.iter_mut().zip(offers).zip(fees).zip(bonus) {
        let (ln_tpp, ln_bandwidth, ln_quality) = firms::logs(world, o.tpp.max(T::one()), o.bandwidth.max(T::one()));
        *place = Product {
            ln_tpp,
            ln_bandwidth,
            price: market::list_price(f, years, ln_quality) * (T::one() + f.pass_through * *fee),
            on_offer: o.open * o.admitted * s.admission * c(world.scenario.levers.supply.min(1.0)),
            barred_other: o.state_barred * f.state_funded,
            bonus,
        };
    }
    let (ln_tpp, ln_bandwidth, ln_quality) = firms::logs(world, top.tpp.max(T::one()), top.bandwidth.max(T::one()));
    let top_price = market::list_price(f, years, ln_quality);
    let blocked = (T::one() - top.open * top.admitted * s.admission).within(0.0, 1.0);
    let diverted = c::<T>(world.scenario.switches.diversion * world.scenario.levers.supply)
        * f.leak
        * blocked
        * (f.leak_response * blocked).exp();
    let sold_anywhere = T::if_less(c(1.5), top.tpp, T::one(), T::zero());
    let head = Product { ln_tpp, ln_bandwidth, price: top_price, on_offer: T::one(), barred_other: T::zero(), bonus: locked };
    if let Some(place) = list.get_mut(DIVERTED) {
        *place = Product {
            price: top_price * (T::one() + f.leak_premium),
            on_offer: (diverted * sold_anywhere).min(T::one()),
            ..head
        };
    }
    let makers = capacity::maker_shares(world, f);
    let quality = [T::one(), f.second_maker_quality];
    for (m, ((place, share), quality)) in list.iter_mut().skip(DIVERTED + 1).zip(makers).zip(quality).enumerate() {
        let (ln_tpp, ln_bandwidth, ln_quality) = firms::logs(world, s.domestic_tpp * quality, s.domestic_bandwidth * quality);
        let (experience, start) = s.makers.get(m).map_or((T::one(), T::one()), |m| (m.experience, m.experience_start));
        let ratio = (experience / start.max(c(1e-9))).max(c(1e-3));
        let exponent = capacity::learning_exponent(f.learning_rate) * c(world.scenario.switches.learning);
        let cost = f.domestic_cost_start * (-(exponent * ratio.ln())).exp();
        *place = Product {
            ln_tpp,
            ln_bandwidth,
            price: (market::list_price(f, years, ln_quality) * f.domestic_discount).max(cost),
            on_offer: T::if_less(T::zero(), share, c(world.scenario.switches.domestic_makers), T::zero()),
            barred_other: T::zero(),
            bonus: f.home_bias,
        };
    }
    (list, head)
}

/// Who stands on the other side of the market.
struct Supply<T> {
    products: [Product<T>; PRODUCTS],
    offers: [Offer<T>; FIRMS],
    output: Output<T>,
}

/// What was traded in a quarter.
struct Trade<T> {
    stock: [StockFlow<T>; FIRMS],
    /// Diverted parts (k).
    diverted: T,
    /// Domestic parts sold (k).
    domestic: [T; FIRMS],
    /// Domestic parts wanted (k).
    domestic_wanted: T,
    /// Spent by sector (USD bn).
    spent: [T; SECTORS],
    maker_residual: [T; FIRMS],
}

impl<T: Lane> Trade<T> {
    #[inline(always)]
    fn sold(&self, v: usize) -> T {
        self.stock.get(v).map_or(T::zero(), |s| s.sold)
    }
}

/// Wants meet supply. Domestic parts are rationed by what is finished; buyers who got none turn to foreign parts and to waiting as they
/// were split between the two. Foreign parts are rationed by caps and stock; who got none takes a domestic part where one is left.
#[inline(always)]
fn trade<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &mut State<T>, wants: &Demand<T>, supply: &Supply<T>) -> Trade<T> {
    let Supply { products, offers, output } = supply;
    // Of units of something very dear the least part may be much money: shares of them are taken of whatever there is.
    let (tiny, least) = (c::<T>(1e-12), c::<T>(1e-290));
    let total = |p: usize| {
        wants.spend.iter().fold(
            T::zero(),
            #[inline(always)]
            |sum, row| sum + row.get(p).copied().unwrap_or(T::zero()),
        )
    };
    let whole = wants.budget.into_iter().fold(
        T::zero(),
        #[inline(always)]
        |x, y| x + y,
    );
    let units = |spend: T, p: usize| spend * c(1000.0) / price(products, p).max(c(1e-9));
    // The importer's cap on foreign parts as a share of the budget.
    let cap = (whole * c(world.scenario.levers.import_cap) / (total(0) + total(1)).max(tiny)).min(T::one());

    let mut got = [T::zero(); FIRMS];
    let mut domestic = [T::zero(); FIRMS];
    let mut wanted_domestic = [T::zero(); FIRMS];
    let mut opening = [T::zero(); FIRMS];
    for (m, maker) in s.makers.iter_mut().enumerate() {
        let wanted = units(total(DIVERTED + 1 + m), DIVERTED + 1 + m);
        let available = maker.stock + output.finished.get(m).copied().unwrap_or(T::zero());
        let sold = wanted.min(available);
        if let (Some(g), Some(d), Some(w), Some(o)) =
            (got.get_mut(m), domestic.get_mut(m), wanted_domestic.get_mut(m), opening.get_mut(m))
        {
            (*g, *d, *w, *o) = ((sold / wanted.max(least)).min(T::one()), sold, wanted, maker.stock);
        }
        maker.stock = available - sold;
    }
    let [got_a, got_b] = got;
    // By sector: foreign spending raised by those who found no domestic part.
    let mut spend = wants.spend;
    for (row, budget) in spend.iter_mut().zip(wants.budget) {
        let [lead, second, diverted, a, b] = *row;
        let short = a * (T::one() - got_a) + b * (T::one() - got_b);
        let rest = (budget - a - b).max(tiny);
        let more = T::one() + short / rest;
        *row = [lead * cap * more, second * cap * more, diverted * more, a * got_a, b * got_b];
    }
    let total = |spend: &[[T; PRODUCTS]; SECTORS], p: usize| {
        spend.iter().fold(
            T::zero(),
            #[inline(always)]
            |sum, row| sum + row.get(p).copied().unwrap_or(T::zero()),
        )
    };
    let home = leverage::exporter_spending(world, t, f) * f.home_share;
    let lever = c::<T>(world.scenario.levers.supply.min(1.0));
    let mut served = [T::zero(); FIRMS];
    let mut v = 0;
    let stock = both(
        *offers,
        #[inline(always)]
        |offer| {
            let asked = units(total(&spend, v), v);
            let limit = T::if_less(T::zero(), offer.cap, offer.cap * units(home, v), c(1e300));
            let wanted = asked.min(limit);
            let mut own = s.vendors.get(v).copied().unwrap_or(empty());
            let flow = firms::stock(f, &mut own, &offer, wanted, lever);
            if let Some(place) = s.vendors.get_mut(v) {
                *place = own;
            }
            if let Some(place) = served.get_mut(v) {
                // Rounding may sell a trifle more than was asked; nobody is short of less than nothing.
                *place = (flow.sold / asked.max(least)).min(T::one());
            }
            v += 1;
            flow
        },
    );
    let [served_a, served_b] = served;
    // Who found no foreign part takes a domestic one where one is left.
    let mut extra = [T::zero(); SECTORS];
    for ((row, budget), extra) in spend.iter_mut().zip(wants.budget).zip(extra.iter_mut()) {
        let [lead, second, diverted, a, b] = *row;
        let short = lead * (T::one() - served_a) + second * (T::one() - served_b);
        let rest = (budget - lead - second - diverted).max(tiny);
        *extra = short * ((a + b) / rest).min(T::one());
        *row = [lead * served_a, second * served_b, diverted, a, b];
    }
    let all_extra = extra.into_iter().fold(
        T::zero(),
        #[inline(always)]
        |x, y| x + y,
    );
    let lead_maker = DIVERTED + 1;
    let mut taken = T::zero();
    if let (Some(maker), Some(sold)) = (s.makers.first_mut(), domestic.first_mut()) {
        taken = units(all_extra, lead_maker).min(maker.stock);
        maker.stock = maker.stock - taken;
        *sold = *sold + taken;
    }
    let filled = taken * price(products, lead_maker) * c(0.001) / all_extra.max(least);
    let mut spent = [T::zero(); SECTORS];
    for ((out, row), extra) in spent.iter_mut().zip(&spend).zip(extra) {
        *out = row.iter().fold(
            T::zero(),
            #[inline(always)]
            |x, y| x + *y,
        ) + extra * filled;
    }
    let mut residual = [T::zero(); FIRMS];
    for (m, (out, maker)) in residual.iter_mut().zip(&s.makers).enumerate() {
        let at = |x: &[T; FIRMS]| x.get(m).copied().unwrap_or(T::zero());
        *out = at(&opening) + at(&output.finished) - at(&domestic) - maker.stock;
    }
    let [wa, wb] = wanted_domestic;
    Trade {
        stock,
        diverted: units(total(&spend, DIVERTED), DIVERTED),
        domestic,
        domestic_wanted: wa + wb + units(all_extra, lead_maker),
        spent,
        maker_residual: residual,
    }
}

#[inline(always)]
fn empty<T: Lane>() -> crate::state::VendorState<T> {
    let zero = T::zero();
    crate::state::VendorState {
        design: zero,
        made_of: [zero; 2],
        wait: zero,
        stock: zero,
        ordered: zero,
        expected: zero,
        open: T::one(),
        stranded: zero,
    }
}

//! Wants meet supply. Domestic parts are rationed by what is finished; buyers who got none turn to foreign parts and to waiting as they were
//! split between the two. Foreign parts are rationed by caps and stock; who got none takes a domestic part where one is left.

use crate::capacity::Output;
use crate::firms::{self, Offer, StockFlow};
use crate::lane::{Lane, both, c};
use crate::leverage;
use crate::market::{DIVERTED, Demand, PRODUCTS, Product, SECTORS};
use crate::names::Factors;
use crate::run::World;
use crate::state::{FIRMS, State};

/// Spending by sector and product (USD bn).
type Spending<T> = [[T; PRODUCTS]; SECTORS];

/// A quantity of something very dear may be tiny and much money: shares of it are taken of whatever there is.
const LEAST: f64 = 1e-290;

/// Who stands on the other side of the market.
pub(crate) struct Supply<T> {
    /// The vendors' best parts anywhere.
    pub tops: [Offer<T>; FIRMS],
    /// What they offer here.
    pub offers: [Offer<T>; FIRMS],
    /// Fees on it, as shares of a sale.
    pub fees: [T; FIRMS],
    pub products: [Product<T>; PRODUCTS],
    pub output: Output<T>,
}

impl<T: Lane> Supply<T> {
    /// What a buyer pays for a product (USD k).
    #[inline(always)]
    pub(crate) fn price(&self, at: usize) -> T {
        self.products.get(at).map_or(T::one(), |p| p.price)
    }

    /// Share of the lead vendor's top part that the exporter's gate blocks.
    #[inline(always)]
    pub(crate) fn severity(&self) -> T {
        let [lead_top, _] = &self.tops;
        (T::one() - lead_top.open).within(0.0, 1.0)
    }

    /// What money buys of a product (k).
    #[inline(always)]
    fn units(&self, spend: T, at: usize) -> T {
        spend * c(1000.0) / self.price(at).max(c(1e-9))
    }
}

/// What was traded in a quarter.
pub(crate) struct Trade<T> {
    pub stock: [StockFlow<T>; FIRMS],
    /// Diverted parts (k).
    pub diverted: T,
    /// Domestic parts sold (k).
    pub domestic: [T; FIRMS],
    /// Domestic parts wanted (k).
    pub domestic_wanted: T,
    /// Spent by sector (USD bn).
    pub spent: [T; SECTORS],
    /// Opening + finished − sold − closing, by maker (k).
    pub maker_residual: [T; FIRMS],
}

impl<T: Lane> Trade<T> {
    /// Parts that a vendor sold (k).
    #[inline(always)]
    pub(crate) fn sold(&self, v: usize) -> T {
        self.stock.get(v).map_or(T::zero(), |s| s.sold)
    }
}

/// Spending on one product over the sectors.
#[inline(always)]
fn total<T: Lane>(spend: &Spending<T>, p: usize) -> T {
    let mut sum = T::zero();
    for row in spend {
        sum = sum + row.get(p).copied().unwrap_or(T::zero());
    }
    sum
}

/// The part of what was asked that was served. Rounding may sell a trifle more than was asked, and nobody is short of less than nothing.
#[inline(always)]
fn served<T: Lane>(sold: T, asked: T) -> T {
    (sold / asked.max(c(LEAST))).min(T::one())
}

/// One quarter's trade.
#[inline(always)]
pub(crate) fn trade<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &mut State<T>,
    wants: &Demand<T>,
    supply: &Supply<T>,
) -> Trade<T> {
    let opening = both(
        s.makers,
        #[inline(always)]
        |m| m.stock,
    );
    let (wanted, sold) = home_sales(s, wants, supply);
    let [wanted_a, wanted_b] = wanted;
    let [sold_a, sold_b] = sold;
    let got = [served(sold_a, wanted_a), served(sold_b, wanted_b)];
    let spend = turn_abroad(world, wants, got);
    let stock = vendor_sales(world, t, f, s, &spend, supply);
    let [lead_flow, second_flow] = &stock;
    let at_vendors =
        [served(lead_flow.sold, supply.units(total(&spend, 0), 0)), served(second_flow.sold, supply.units(total(&spend, 1), 1))];
    let (spend, extra) = turn_home(wants, &spend, at_vendors);
    let mut all_extra = T::zero();
    for x in extra {
        all_extra = all_extra + x;
    }
    // The leading maker serves who comes back, as far as its stock goes.
    let maker = DIVERTED + 1;
    let mut taken = T::zero();
    if let Some(own) = s.makers.first_mut() {
        taken = supply.units(all_extra, maker).min(own.stock);
        own.stock = own.stock - taken;
    }
    let filled = taken * supply.price(maker) * c(0.001) / all_extra.max(c(LEAST));
    let mut spent = [T::zero(); SECTORS];
    for ((out, row), extra) in spent.iter_mut().zip(&spend).zip(extra) {
        for x in row {
            *out = *out + *x;
        }
        *out = *out + extra * filled;
    }
    let domestic = [sold_a + taken, sold_b];
    let ([open_a, open_b], [made_a, made_b], [maker_a, maker_b]) = (opening, supply.output.finished, &s.makers);
    let maker_residual = [open_a + made_a - (sold_a + taken) - maker_a.stock, open_b + made_b - sold_b - maker_b.stock];
    Trade {
        stock,
        diverted: supply.units(total(&spend, DIVERTED), DIVERTED),
        domestic,
        domestic_wanted: wanted_a + wanted_b + supply.units(all_extra, maker),
        spent,
        maker_residual,
    }
}

/// What buyers want of each maker, and what it sells of stock and finished parts (k).
#[inline(always)]
fn home_sales<T: Lane>(s: &mut State<T>, wants: &Demand<T>, supply: &Supply<T>) -> ([T; FIRMS], [T; FIRMS]) {
    let (mut wanted, mut sold) = ([T::zero(); FIRMS], [T::zero(); FIRMS]);
    let finished = supply.output.finished;
    for (m, (((maker, finished), wanted), sold)) in s.makers.iter_mut().zip(finished).zip(&mut wanted).zip(&mut sold).enumerate()
    {
        let product = DIVERTED + 1 + m;
        let available = maker.stock + finished;
        *wanted = supply.units(total(&wants.spend, product), product);
        *sold = wanted.min(available);
        maker.stock = available - *sold;
    }
    (wanted, sold)
}

/// Spending after the makers sold: foreign spending, held to the importer's cap as a share of the budget, raised by those who found no
/// domestic part.
#[inline(always)]
fn turn_abroad<T: Lane>(world: &World, wants: &Demand<T>, got: [T; FIRMS]) -> Spending<T> {
    let tiny = c::<T>(1e-12);
    let mut whole = T::zero();
    for budget in wants.budget {
        whole = whole + budget;
    }
    let foreign = total(&wants.spend, 0) + total(&wants.spend, 1);
    let cap = (whole * c(world.scenario.levers.import_cap) / foreign.max(tiny)).min(T::one());
    let [got_a, got_b] = got;
    let mut spend = wants.spend;
    for (row, budget) in spend.iter_mut().zip(wants.budget) {
        let [lead, second, diverted, a, b] = *row;
        let short = a * (T::one() - got_a) + b * (T::one() - got_b);
        let more = T::one() + short / (budget - a - b).max(tiny);
        *row = [lead * cap * more, second * cap * more, diverted * more, a * got_a, b * got_b];
    }
    spend
}

/// The vendors' quarter: what is asked of each, held to a quota relative to home sales, served from stock.
#[inline(always)]
fn vendor_sales<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &mut State<T>,
    spend: &Spending<T>,
    supply: &Supply<T>,
) -> [StockFlow<T>; FIRMS] {
    let home = leverage::exporter_spending(world, t, f) * f.home_share;
    let lever = c::<T>(world.scenario.levers.supply.min(1.0));
    let [lead, second] = &mut s.vendors;
    let mut v = 0;
    both(
        [lead, second],
        #[inline(always)]
        |own| {
            let offer = supply.offers.get(v).copied().unwrap_or(Offer::none());
            let asked = supply.units(total(spend, v), v);
            let limit = T::if_less(T::zero(), offer.cap, offer.cap * supply.units(home, v), c(1e300));
            v += 1;
            firms::stock(f, own, &offer, asked.min(limit), lever)
        },
    )
}

/// Spending after the vendors sold, and by sector what those who found no foreign part would pay for a domestic one.
#[inline(always)]
fn turn_home<T: Lane>(wants: &Demand<T>, spend: &Spending<T>, served: [T; FIRMS]) -> (Spending<T>, [T; SECTORS]) {
    let [served_a, served_b] = served;
    let (mut left, mut extra) = (*spend, [T::zero(); SECTORS]);
    for ((row, budget), extra) in left.iter_mut().zip(wants.budget).zip(extra.iter_mut()) {
        let [lead, second, diverted, a, b] = *row;
        let short = lead * (T::one() - served_a) + second * (T::one() - served_b);
        let rest = (budget - lead - second - diverted).max(c(1e-12));
        *extra = short * ((a + b) / rest).min(T::one());
        *row = [lead * served_a, second * served_b, diverted, a, b];
    }
    (left, extra)
}

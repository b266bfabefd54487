//! The importer's market of one quarter: budgets by sector, nested logit over foreign, diverted and domestic parts, both gates as shares
//! of what is on offer.

use crate::capacity;
use crate::firms::{self, Offer};
use crate::lane::{Lane, c};
use crate::names::Factors;
use crate::run::World;
use crate::state::{FIRMS, State};

/// Sectors: training of large models, inference, science, government and other.
pub(crate) const SECTORS: usize = 4;

/// Products: foreign vendors, diverted parts, domestic makers.
pub(crate) const PRODUCTS: usize = 2 * FIRMS + 1;

/// Place of the diverted part.
pub(crate) const DIVERTED: usize = FIRMS;

/// One product before the buyers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<T> {
    /// ln of performance against the reference part.
    pub ln_tpp: T,
    /// ln of memory bandwidth against it.
    pub ln_bandwidth: T,
    /// What the buyer pays (USD k).
    pub price: T,
    /// Share of buyers to whom it is on offer.
    pub on_offer: T,
    /// Share of the sector `other` from whom it is barred besides.
    pub barred_other: T,
    /// Utility beside quality and price.
    pub bonus: T,
}

impl<T: Lane> Product<T> {
    /// A product that nobody can buy.
    #[inline(always)]
    pub(crate) fn none() -> Product<T> {
        Product {
            ln_tpp: T::zero(),
            ln_bandwidth: T::zero(),
            price: T::one(),
            on_offer: T::zero(),
            barred_other: T::zero(),
            bonus: T::zero(),
        }
    }
}

/// What buyers want, in USD bn: by sector and product.
pub(crate) struct Demand<T> {
    /// Budget by sector.
    pub budget: [T; SECTORS],
    /// Spending wanted by sector and product.
    pub spend: [[T; PRODUCTS]; SECTORS],
    /// What the same buyers would spend on foreign parts if the top part passed both gates.
    pub foreign_if_open: T,
}

/// Quality-adjusted price of a part of quality q: P(t)·q^γ, P falling at a yearly rate (USD k).
#[inline(always)]
pub(crate) fn list_price<T: Lane>(f: &Factors<T>, years: T, ln_quality: T) -> T {
    f.price_start * ((T::one() - f.price_fall).ln() * years + f.price_exponent * ln_quality).exp()
}

/// ln of quality as buyers at large see it: the mean of ln performance and ln bandwidth against the reference part.
#[inline(always)]
pub(crate) fn ln_quality<T: Lane>(ln_tpp: T, ln_bandwidth: T) -> T {
    (ln_tpp + ln_bandwidth) * c(0.5)
}

/// The budget of a quarter in USD bn: yearly growth compounds by quarter.
#[inline(always)]
pub(crate) fn budget<T: Lane>(world: &World, t: usize, f: &Factors<T>) -> T {
    let mut ln = T::zero();
    let spans = world.years_by_period(t);
    let growth = [
        f.budget_growth_2022,
        f.budget_growth_2023,
        f.budget_growth_2024,
        f.budget_growth_2025,
        f.demand_growth,
        f.demand_growth_late,
    ];
    for (g, years) in growth.into_iter().zip(spans) {
        ln = ln + (T::one() + g).ln() * c(years);
    }
    f.budget_start * c(0.25) * ln.exp()
}

/// Lock-in that is left: it wears away as the domestic installed base grows against the foreign one.
#[inline(always)]
pub(crate) fn lock_in<T: Lane>(world: &World, f: &Factors<T>, s: &State<T>) -> T {
    let left = s.foreign_base / (s.foreign_base + f.migration * s.domestic_base).max(c(1e-12));
    f.lock_in * left * c(world.scenario.switches.lock_in)
}

/// The products before the buyers, and the top part as if it were on offer.
#[inline(always)]
pub(crate) fn products<T: Lane>(
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
            price: list_price(f, years, ln_quality) * (T::one() + f.pass_through * *fee),
            on_offer: o.open * o.admitted * s.admission * c(world.scenario.levers.supply.min(1.0)),
            barred_other: o.state_barred * f.state_funded,
            bonus,
        };
    }
    let (ln_tpp, ln_bandwidth, ln_quality) = firms::logs(world, top.tpp.max(T::one()), top.bandwidth.max(T::one()));
    let top_price = list_price(f, years, ln_quality);
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
            price: (list_price(f, years, ln_quality) * f.domestic_discount).max(cost),
            on_offer: T::if_less(T::zero(), share, c(world.scenario.switches.domestic_makers), T::zero()),
            barred_other: T::zero(),
            bonus: f.home_bias,
        };
    }
    (list, head)
}

/// Nested logit (McFadden 1978; Berry 1994) with shares of value: in a nest V = Σ offer·e^(u/λ), the nest's weight V^λ; the nests are
/// foreign (diverted parts included), domestic and not buying. Utility: α·ln(quality in the sector ÷ top) − β·ln(price ÷ top price) + bonus.
/// Spending answers the quality-adjusted price P = e^(−IV/β) with elasticity ε: budget·(P ÷ P open)^(1−ε), within a half and one and a half.
#[inline(always)]
pub(crate) fn demand<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    products: &[Product<T>; PRODUCTS],
    top: &Product<T>,
) -> Demand<T> {
    let total = budget(world, t, f);
    let shares = [
        f.share_training,
        (T::one() - f.share_training - f.share_science - f.share_other).plus(),
        f.share_science,
        f.share_other,
    ];
    let whole = shares
        .into_iter()
        .fold(
            T::zero(),
            #[inline(always)]
            |a, b| a + b,
        )
        .max(c(1e-9));
    let middle = (f.tpp_weight_training + f.tpp_weight_inference) * c(0.5);
    let weights = [f.tpp_weight_training, f.tpp_weight_inference, middle, middle];
    let (nest, tiny) = (f.nest.max(c(0.05)), c::<T>(1e-290));
    let outside = f.outside.exp();
    let ln_top_price = top.price.ln();
    let mut ln_price = [T::zero(); PRODUCTS];
    for (ln, p) in ln_price.iter_mut().zip(products) {
        *ln = p.price.ln();
    }
    let mut out = Demand { budget: [T::zero(); SECTORS], spend: [[T::zero(); PRODUCTS]; SECTORS], foreign_if_open: T::zero() };
    for (sector, ((share, w), (budget, spend))) in
        shares.into_iter().zip(weights).zip(out.budget.iter_mut().zip(out.spend.iter_mut())).enumerate()
    {
        let quality = |p: &Product<T>| w * p.ln_tpp + (T::one() - w) * p.ln_bandwidth;
        let top_quality = quality(top);
        let mut weight = [T::zero(); PRODUCTS];
        for ((v, p), ln_price) in weight.iter_mut().zip(products).zip(ln_price) {
            let u = f.quality_weight * (quality(p) - top_quality) - f.price_weight * (ln_price - ln_top_price) + p.bonus;
            let barred = if sector == SECTORS - 1 { p.barred_other } else { T::zero() };
            *v = (u / nest).within(-600.0, 600.0).exp() * p.on_offer * (T::one() - barred);
        }
        let [lead, second, diverted, first, other] = weight;
        let (foreign, domestic) = (lead + second + diverted + tiny, first + other + tiny);
        let (a, b) = ((foreign.ln() * nest).exp(), (domestic.ln() * nest).exp());
        let all = a + b + outside;
        let open = (f.lock_in * c(world.scenario.switches.lock_in)).exp();
        let ratio = (open + b + outside) / all;
        let answer = (ratio.ln() * (T::one() - f.price_elasticity) / f.price_weight.max(c(0.1))).within(-0.7, 0.4).exp();
        *budget = total * share / whole * answer;
        let (per_foreign, per_domestic) = (*budget * a / all / foreign, *budget * b / all / domestic);
        *spend = [lead * per_foreign, second * per_foreign, diverted * per_foreign, first * per_domestic, other * per_domestic];
        out.foreign_if_open = out.foreign_if_open + *budget * open / (open + b + outside);
    }
    out
}

//! The importer's market of one quarter: budgets by sector, nested logit over foreign, diverted and domestic parts, both gates as shares
//! of what is on offer.

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

/// Nested logit (McFadden 1978; Berry 1994) with shares of value: in a nest V = Σ offer·e^(u/λ), the nest's weight V^λ; the nests are
/// foreign (diverted parts included), domestic and not buying. Utility: α·ln(quality in the sector ÷ top) − β·ln(price ÷ top price) + bonus.
/// Spending answers the quality-adjusted price P = e^(−IV/β) with elasticity ε: budget·(P ÷ P open)^(1−ε), within a half and one and a half.
#[inline(always)]
pub(crate) fn demand<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &State<T>,
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
    let _ = s;
    out
}

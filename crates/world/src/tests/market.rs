//! Prices, budgets and the nested logit.

use super::{factors, same, world};
use crate::market::{PRODUCTS, Product, budget, demand, list_price, ln_quality};
use crate::names::Factors;

#[test]
fn a_part_of_four_times_the_quality_two_years_on_in_usd_k() {
    let f = factors(&[("price_start", 36.0), ("price_fall", 0.13), ("price_exponent", 0.75)]);
    same(list_price(&f, 0.0, 0.0), 36.0);
    // 36 × 0.87² × 4^¾.
    same(list_price(&f, 2.0, 4_f64.ln()), 77.070_113_665_934_09);
    same(ln_quality(9_f64.ln(), 4_f64.ln()), 6_f64.ln());
}

#[test]
fn the_budget_grows_at_the_rate_of_each_quarters_year_in_usd_bn() {
    let f = factors(&[
        ("budget_start", 4.5),
        ("budget_growth_2022", 0.1),
        ("budget_growth_2023", 1.0),
        ("budget_growth_2024", 1.4),
        ("budget_growth_2025", 0.6),
        ("demand_growth", 0.3),
        ("demand_growth_late", 0.1),
    ]);
    let world = world();
    same(budget(&world, 0, &f), 1.125);
    // 2023Q1: three quarters at 10 %, one at 100 %.
    same(budget(&world, 4, &f), 1.436_992_611_759_26);
    // 2030Q1: ¾ year of 2022, 2023, 2024, 2025, three years to 2028 and 1¼ from 2029 on.
    same(budget(&world, 32, &f), 22.968_316_800_000_007);
}

/// Buyers who weigh quality and price by one, one sector, budget of 8 bn a year, no answer to prices.
fn buyers(nest: f64, more: &[(&str, f64)]) -> Factors<f64> {
    let mut given = vec![
        ("budget_start", 8.0),
        ("budget_growth_2022", 0.0),
        ("budget_growth_2023", 0.0),
        ("budget_growth_2024", 0.0),
        ("budget_growth_2025", 0.0),
        ("demand_growth", 0.0),
        ("demand_growth_late", 0.0),
        ("share_training", 1.0),
        ("share_science", 0.0),
        ("share_other", 0.0),
        ("tpp_weight_training", 0.5),
        ("tpp_weight_inference", 0.5),
        ("quality_weight", 1.0),
        ("price_weight", 1.0),
        ("price_elasticity", 1.0),
        ("outside", 0.0),
        ("lock_in", 0.0),
        ("nest", nest),
    ];
    given.retain(|g| !more.iter().any(|m| m.0 == g.0));
    given.extend(more);
    factors(&given)
}

fn part(bonus: f64) -> Product<f64> {
    Product { on_offer: 1.0, bonus, ..Product::none() }
}

/// Two foreign parts like the top part, and a domestic one that is worth ln 4 more.
fn list() -> [Product<f64>; PRODUCTS] {
    [part(0.0), part(0.0), Product::none(), part(4_f64.ln()), Product::none()]
}

/// Shares of the first sector's budget: the five products, and not buying.
fn shares(f: &Factors<f64>, products: &[Product<f64>; PRODUCTS]) -> [f64; PRODUCTS + 1] {
    let world = world();
    let told = demand(&world, 0, f, products, &part(0.0));
    let mut out = [0.0; PRODUCTS + 1];
    for (out, spend) in out.iter_mut().zip(told.spend[0]) {
        *out = spend / told.budget[0];
    }
    out[PRODUCTS] = 1.0 - out.iter().sum::<f64>();
    out
}

#[test]
fn plain_logit_where_the_nest_is_one() {
    // Weights 1, 1, 4 and 1 for not buying.
    let told = shares(&buyers(1.0, &[]), &list());
    for (told, known) in told.into_iter().zip([1.0 / 7.0, 1.0 / 7.0, 0.0, 4.0 / 7.0, 0.0, 1.0 / 7.0]) {
        same(told, known);
    }
}

#[test]
fn two_products_in_one_nest_share_what_one_and_a_bit_would_get() {
    // λ = ½: V = e^0 + e^0 = 2, V^λ = √2; domestic e^(2·ln 4) = 16, 16^½ = 4; not buying 1. All: 5 + √2 = 6.41421356…
    let told = shares(&buyers(0.5, &[]), &list());
    let all = 6.414_213_562_373_095;
    let foreign = std::f64::consts::SQRT_2 / all;
    for (told, known) in told.into_iter().zip([foreign / 2.0, foreign / 2.0, 0.0, 4.0 / all, 0.0, 1.0 / all]) {
        same(told, known);
    }
}

#[test]
fn quality_and_price_in_utils() {
    // Lead: four times the performance at weight ¾ and four times the bandwidth at ¼, twice the price: 2·ln 4 − 3·ln 2 = ln 2.
    let f = buyers(1.0, &[("quality_weight", 2.0), ("price_weight", 3.0), ("tpp_weight_training", 0.75)]);
    let mut products = [Product::none(); PRODUCTS];
    products[0] = Product { ln_tpp: 4_f64.ln(), ln_bandwidth: 4_f64.ln(), price: 2.0, ..part(0.0) };
    let told = shares(&f, &products);
    same(told[0], 2.0 / 3.0);
    same(told[5], 1.0 / 3.0);
    // Only performance, at weight ¾: 2·¾·ln 4 = ln 8.
    products[0] = Product { ln_tpp: 4_f64.ln(), ..part(0.0) };
    same(shares(&f, &products)[0], 8.0 / 9.0);
}

#[test]
fn what_is_half_on_offer_weighs_half_and_other_buyers_may_be_barred_besides() {
    let mut products = [Product::none(); PRODUCTS];
    products[0] = Product { on_offer: 0.5, barred_other: 0.5, ..part(2_f64.ln()) };
    same(shares(&buyers(1.0, &[]), &products)[0], 0.5);
    // All of the budget in the sector `other`: a quarter of e^(ln 2).
    let f = buyers(1.0, &[("share_training", 0.0), ("share_other", 1.0)]);
    let world = world();
    let told = demand(&world, 0, &f, &products, &part(0.0));
    same(told.spend[3][0] / told.budget[3], 1.0 / 3.0);
    assert_eq!(told.budget[..3], [0.0; 3]);
}

#[test]
fn sectors_share_the_budget_and_inference_takes_the_rest() {
    let f = buyers(1.0, &[("share_training", 0.3), ("share_science", 0.05), ("share_other", 0.25)]);
    let world = world();
    let told = demand(&world, 0, &f, &list(), &part(0.0));
    for (told, known) in told.budget.into_iter().zip([0.6, 0.8, 0.1, 0.5]) {
        same(told, known);
    }
}

#[test]
fn spending_answers_the_quality_adjusted_price() {
    // Nothing on offer but not buying: ratio (1 + 0 + 1) ÷ 1 = 2. At ε = ½ and β = 2: 2^(½·½) of the budget of 2 bn.
    let none = [Product::none(); PRODUCTS];
    let world = world();
    let total = |f: &Factors<f64>, products| demand(&world, 0, f, products, &part(0.0)).budget[0];
    let near = |told: f64, known: f64| assert!((told - known).abs() < 1e-9, "{told} is not {known}");
    near(total(&buyers(1.0, &[("price_elasticity", 0.5), ("price_weight", 2.0)]), &none), 2.378_414_230_005_442);
    near(total(&buyers(1.0, &[("price_elasticity", 1.5), ("price_weight", 2.0)]), &none), 1.681_792_830_507_429);
    // Far beyond: held at e^0.4 and e^−0.7.
    near(total(&buyers(1.0, &[("price_elasticity", 0.0), ("outside", -9.0)]), &none), 2.0 * 1.491_824_697_641_270_3);
    near(total(&buyers(1.0, &[("price_elasticity", 9.0), ("outside", -9.0)]), &none), 2.0 * 0.496_585_303_791_409_5);
    // The top part alone on offer is what it is measured against: no answer.
    let mut open = none;
    open[0] = part(0.0);
    near(total(&buyers(1.0, &[("price_elasticity", 0.5)]), &open), 2.0);
}

#[test]
fn open_gates_would_bring_the_share_of_the_top_part() {
    // Top part with ln 3 of lock-in against a domestic part of weight 4 and not buying: 3 of 8, of 2 bn.
    let world = world();
    let told = demand(&world, 0, &buyers(1.0, &[("lock_in", 3_f64.ln())]), &list(), &part(0.0));
    same(told.foreign_if_open, 0.75);
}

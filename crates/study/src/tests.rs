//! Known answers from scipy 1.17 (and 50-digit arithmetic where scipy is the less exact), properties of designs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::*;

// --- designs ---------------------------------------------------------------------------------------------------------------------

fn whole(design: Design, rows: u64, dims: usize, seed: u64) -> Vec<f64> {
    let sampler = Sampler::new(design, rows, dims, seed).unwrap();
    let mut out = Vec::new();
    assert_eq!(sampler.fill(0, usize::MAX, &mut out) as u64, rows);
    assert_eq!(out.len() as u64, rows * dims as u64);
    out
}

#[test]
fn designs_have_names() {
    for (design, name) in Design::ALL {
        assert_eq!(Design::parse(name), Ok(design));
        assert_eq!(design.name(), name);
    }
    assert_eq!(Design::parse(" Latin_Hypercube "), Ok(Design::LatinHypercube));
    let why = Design::parse("saltelli").unwrap_err();
    assert!(why.contains("monte-carlo, latin-hypercube, sobol"), "{why}");
}

#[test]
fn sobol_is_the_published_sequence() {
    // scipy.stats.qmc.Sobol(d=1000, scramble=False).random(4096)
    let dims = 1000;
    let x = whole(Design::Sobol, 4096, dims, 7);
    for (row, dim, value) in [
        (0, 0, 0.0),
        (1, 0, 0.5),
        (2, 1, 0.25),
        (3, 2, 0.75),
        (5, 4, 0.875),
        (100, 9, 0.6953125),
        (1023, 63, 0.0400390625),
        (1024, 99, 0.35791015625),
        (1500, 99, 0.23095703125),
        (2049, 499, 0.660888671875),
        (3000, 51, 0.882080078125),
        (4000, 700, 0.884033203125),
        (4095, 999, 0.308349609375),
    ] {
        assert_eq!(x[row * dims + dim], value, "row {row}, dimension {dim}");
    }
    // All four million of them, as multiples of 2⁻³² in little-endian order.
    let mut hash = Sha256::new();
    for value in &x {
        hash.update(((value * 4_294_967_296.0) as u32).to_le_bytes());
    }
    let hash: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, "0886a46938abf2994ef803cecbd0c3441f4e2caf0c8358f8e1acd44b8835ace9");
}

#[test]
fn sobol_starts_anywhere() {
    // The same with bits=32 and fast_forward(1_000_000), dimensions 0, 1, 57 and 119, times 2³².
    let sampler = Sampler::new(Design::Sobol, 1 << 32, 120, 0).unwrap();
    let mut out = Vec::new();
    assert_eq!(sampler.fill(1_000_000, 3, &mut out), 3);
    let row = |n: usize| [0, 1, 57, 119].map(|d| out[n * 120 + d] * 4_294_967_296.0);
    assert_eq!(row(0), [113709056.0, 1339682816.0, 4214296576.0, 2724728832.0]);
    assert_eq!(row(1), [2261192704.0, 3487166464.0, 2066812928.0, 577245184.0]);
    assert_eq!(row(2), [3334934528.0, 265940992.0, 993071104.0, 1650987008.0]);
    // The last row there is, and none after it.
    assert_eq!(sampler.fill((1 << 32) - 1, 5, &mut out), 1);
    assert!(out.iter().all(|v| (0.0..1.0).contains(v)));
    assert_eq!(sampler.fill(1 << 32, 5, &mut out), 0);
    assert_eq!(sampler.fill(u64::MAX, 5, &mut out), 0);
}

#[test]
fn designs_tell_what_they_cannot_do() {
    let why = |design, rows, dims| Sampler::new(design, rows, dims, 0).err().unwrap();
    assert!(why(Design::Sobol, 8, MAX_SOBOL_DIMS + 1).contains("at most 1000 dimensions, not 1001"));
    assert!(why(Design::Sobol, (1 << 32) + 1, 2).contains("4294967296 rows"));
    assert!(why(Design::LatinHypercube, (1 << 32) + 1, 2).contains("monte-carlo has no such bound"));
    assert!(why(Design::LatinHypercube, 1 << 32, usize::MAX).contains("GiB"));
    assert!(why(Design::MonteCarlo, 8, 0).contains("at least one dimension"));
    assert!(whole(Design::LatinHypercube, 0, 3, 1).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_good() {
    // A change here changes every study that was ever run: say so in the changelog.
    let first = |design| whole(design, 1000, 3, 20_221_007)[2997..].to_vec();
    assert_eq!(first(Design::MonteCarlo), [0.9502623756880169, 0.0684772976728798, 0.0806748067672367]);
    assert_eq!(first(Design::LatinHypercube), [0.4149094934731651, 0.7374843787129388, 0.8189900596305576]);
}

#[test]
fn monte_carlo_is_even_and_its_rows_and_columns_are_strangers() {
    let (rows, dims) = (20_000, 6);
    let x = whole(Design::MonteCarlo, rows as u64, dims, 3);
    let column = |d: usize| (0..rows).map(|r| x[r * dims + d] - 0.5).collect::<Vec<f64>>();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / rows as f64 * 12.0;
    // Five standard errors.
    let bound = 5.0 / (rows as f64).sqrt();
    for a in 0..dims {
        let (this, next) = (column(a), column((a + 1) % dims));
        assert!((this.iter().sum::<f64>() / rows as f64).abs() < bound * 0.29, "mean of {a}");
        assert!((product(&this, &this) - 1.0).abs() < bound * 0.9, "variance of {a}");
        assert!(product(&this, &next).abs() < bound, "{a} with the next dimension");
        assert!(product(&this[1..], &this).abs() < bound, "{a} with the next row");
    }
}

fn any_design() -> impl Strategy<Value = Design> {
    prop::sample::select(Design::ALL.map(|(design, _)| design).to_vec())
}

proptest! {
    #[test]
    fn blocks_are_the_whole(design in any_design(), rows in 1u64..400, dims in 1usize..70, seed: u64, block in 1usize..130) {
        let x = whole(design, rows, dims, seed);
        prop_assert!(x.iter().all(|v| (0.0..1.0).contains(v)));
        let sampler = Sampler::new(design, rows, dims, seed).unwrap();
        let (mut parts, mut out, mut first) = (Vec::new(), Vec::new(), 0);
        loop {
            let n = sampler.fill(first, block, &mut out);
            parts.extend_from_slice(&out);
            first += n as u64;
            if n < block {
                break;
            }
        }
        prop_assert_eq!(x, parts);
    }

    #[test]
    fn a_latin_hypercube_hits_every_stratum_once(rows in 1usize..600, dims in 1usize..9, seed: u64) {
        let x = whole(Design::LatinHypercube, rows as u64, dims, seed);
        for d in 0..dims {
            let mut hit: Vec<f64> = (0..rows).map(|r| x[r * dims + d]).collect();
            hit.sort_by(f64::total_cmp);
            for (k, value) in hit.into_iter().enumerate() {
                prop_assert!(value >= k as f64 / rows as f64 && value < (k + 1) as f64 / rows as f64, "{value} in stratum {k}");
            }
        }
    }

    #[test]
    fn seeds_differ(design in prop::sample::select(vec![Design::MonteCarlo, Design::LatinHypercube]), a: u64, b: u64) {
        prop_assume!(a != b);
        prop_assert_ne!(whole(design, 16, 4, a), whole(design, 16, 4, b));
        prop_assert_eq!(whole(design, 16, 4, a), whole(design, 16, 4, a));
    }
}

// --- shapes ----------------------------------------------------------------------------------------------------------------------

#[test]
fn quantiles_are_those_of_scipy() {
    let triangular = |low, mode, high| Shape::Triangular { low, mode, high };
    let normal = |mean, sd, low, high| Shape::Normal { mean, sd, low, high };
    for (shape, u, value) in [
        (Shape::Uniform { low: -2.0, high: 6.0 }, 0.25, 0.0),
        (triangular(0.0, 1.0, 4.0), 0.1, 0.6324555320336759),
        (triangular(0.0, 1.0, 4.0), 0.25, 1.0),
        (triangular(0.0, 1.0, 4.0), 0.9, 2.904554884989668),
        (triangular(2.0, 2.0, 5.0), 0.3, 2.4900199203977733),
        (triangular(2.0, 5.0, 5.0), 0.3, 3.6431676725154984),
        (Shape::LogUniform { low: 1e-3, high: 10.0 }, 0.25, 0.01),
        (Shape::LogUniform { low: 2.0, high: 50.0 }, 0.8, 26.26527804403768),
        (Shape::Choice(7), 0.999, 6.0),
        (Shape::Choice(7), 0.43, 3.0),
        (normal(0.0, 1.0, -2.0, 2.0), 0.1, -1.184032466693905),
        (normal(0.0, 1.0, -2.0, 2.0), 0.975, 1.6786244893350796),
        (normal(10.0, 3.0, 5.0, 20.0), 0.25, 8.302340760040836),
        (normal(10.0, 3.0, 5.0, 20.0), 0.9, 13.920986514594073),
        (normal(0.0, 1.0, 3.0, 6.0), 0.5, 3.2051547102438584),
        (normal(0.0, 1.0, -9.0, -4.0), 0.3, -4.276297260340444),
        (normal(5.0, 1.0, -95.0, 105.0), 0.001, 1.9097676938321865),
        (normal(0.0, 1.0, 8.0, 12.0), 0.7, 8.146937123182048),
        (normal(0.0, 1.0, -40.0, 40.0), 1e-10, -6.361340902404056),
        (normal(0.0, 1.0, -20.0, -18.0), 0.5, -18.03834980337782),
        (normal(0.0, 1.0, 18.0, 20.0), 0.5, 18.03834980337782),
        (normal(0.0, 1.0, -3.0, 3.0), 0.5, 0.0),
        (normal(1.0, 2.0, -5.0, 9.0), 2f64.powi(-20), -4.999570359893627),
    ] {
        assert_eq!(shape.check(), Ok(()), "{shape:?}");
        let got = shape.quantile(u);
        assert!((got - value).abs() <= 1e-14 * value.abs().max(1.0), "{shape:?} at {u}: {got}, not {value}");
    }
}

#[test]
fn shapes_that_are_none_are_told() {
    for (shape, why) in [
        (Shape::Uniform { low: 1.0, high: 1.0 }, "`low` must be below `high`"),
        (Shape::Uniform { low: 0.0, high: f64::NAN }, "`low` must be below `high`"),
        (Shape::Uniform { low: -1e308, high: 1e308 }, "both finite"),
        (Shape::Triangular { low: 0.0, mode: 3.0, high: 2.0 }, "`mode` must stand between"),
        (Shape::LogUniform { low: 0.0, high: 2.0 }, "above zero"),
        (Shape::Normal { mean: 0.0, sd: 0.0, low: -1.0, high: 1.0 }, "`sd` above zero"),
        (Shape::Normal { mean: 0.0, sd: 1.0, low: 60.0, high: 90.0 }, "nothing of the normal"),
        (Shape::Normal { mean: 0.0, sd: 1.0, low: -90.0, high: -60.0 }, "nothing of the normal"),
        (Shape::Choice(0), "at least one"),
    ] {
        assert!(shape.check().unwrap_err().contains(why), "{shape:?}");
    }
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let two = (-1e6..1e6f64, 1e-3..1e6f64);
    prop_oneof![
        two.clone().prop_map(|(low, width)| Shape::Uniform { low, high: low + width }),
        (two, 0.0..=1.0f64).prop_map(|((low, width), at)| Shape::Triangular {
            low,
            mode: (low + at * width).min(low + width),
            high: low + width
        }),
        (1e-6..1e6f64, 1.001..1e6f64).prop_map(|(low, ratio)| Shape::LogUniform { low, high: low * ratio }),
        (-10.0..10.0f64, 0.1..10.0f64, -6.0..4.0f64, 0.1..8.0f64).prop_map(|(mean, sd, from, width)| Shape::Normal {
            mean,
            sd,
            low: mean + sd * from,
            high: mean + sd * (from + width)
        }),
        (1u32..50).prop_map(Shape::Choice),
    ]
}

proptest! {
    #[test]
    fn quantiles_rise_and_stay_within_bounds(shape in any_shape(), a in 0.0..1.0f64, b in 0.0..1.0f64) {
        prop_assert_eq!(shape.check(), Ok(()));
        let (low, high) = shape.bounds();
        let (least, most) = (shape.quantile(a.min(b)), shape.quantile(a.max(b)));
        prop_assert!(low <= least && most <= high);
        prop_assert!(least <= most + 1e-12 * most.abs().max(1.0), "{least} {most}");
        prop_assert!((shape.quantile(0.0) - low).abs() <= 1e-9 * low.abs().max(1.0));
    }
}

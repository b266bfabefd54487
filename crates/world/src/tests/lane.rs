//! The vector functions against the standard library, and choices at the ends of tables.

use proptest::prelude::*;

use crate::lane::{LANES, Lane, Pack, vector_exp, vector_ln};

/// How many doubles lie between two of the same sign.
fn apart(a: f64, b: f64) -> u64 {
    assert!(a.is_sign_positive() == b.is_sign_positive() || a == b, "{a} and {b}");
    a.to_bits().abs_diff(b.to_bits())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn exp_is_within_two_units_in_the_last_place(x in -700.0..700.0_f64) {
        prop_assert!(apart(vector_exp(x), x.exp()) <= 2, "{x}: {} is not {}", vector_exp(x), x.exp());
    }

    #[test]
    fn exp_of_small_numbers_is_within_two_units(power in -300.0..0.0_f64, sign in any::<bool>()) {
        let x = 10_f64.powf(power) * if sign { 1.0 } else { -1.0 };
        prop_assert!(apart(vector_exp(x), x.exp()) <= 2, "{x}");
    }

    #[test]
    fn ln_is_within_two_units_in_the_last_place(bits in 0x0010_0000_0000_0000_u64..0x7ff0_0000_0000_0000) {
        let x = f64::from_bits(bits);
        prop_assert!(apart(vector_ln(x), x.ln()) <= 2, "{x:e}: {} is not {}", vector_ln(x), x.ln());
    }

    #[test]
    fn ln_near_one_is_within_two_units(x in 0.5..2.0_f64, near in -1e-6..1e-6_f64) {
        for x in [x, 1.0 + near] {
            prop_assert!(apart(vector_ln(x), x.ln()) <= 2, "{x}: {} is not {}", vector_ln(x), x.ln());
        }
    }
}

#[test]
fn exp_is_exact_at_zero_and_stops_at_seven_hundred() {
    assert_eq!(vector_exp(0.0), 1.0);
    assert_eq!(vector_exp(-0.0), 1.0);
    // e^700 and e^-700 to fifty digits, from a calculator with arbitrary precision.
    assert!(apart(vector_exp(700.0), 1.014_232_054_735_004_5e304) <= 2);
    assert!(apart(vector_exp(-700.0), 9.859_676_543_759_77e-305) <= 2);
    for (beyond, end) in [(701.0, 700.0), (f64::INFINITY, 700.0), (-1e9, -700.0), (f64::NEG_INFINITY, -700.0)] {
        assert_eq!(vector_exp(beyond), vector_exp(end));
        assert_eq!(Lane::exp(beyond), Lane::exp(end), "the scalar face stops there as well");
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    // With and without a payload, either sign.
    for bits in
        [0x7ff8_0000_0000_0000_u64, 0xfff8_0000_0000_0000, 0x7ff8_0000_0000_0001, 0x7fff_ffff_ffff_ffff, 0xfff8_0000_0000_0abc]
    {
        let x = f64::from_bits(bits);
        assert!(vector_exp(x).is_nan(), "exp of {bits:x} is {}", vector_exp(x));
        assert!(vector_ln(x).is_nan(), "ln of {bits:x}");
    }
    for x in [0.0, -0.0, -1.0, -1e-300, f64::NEG_INFINITY] {
        assert!(vector_ln(x).is_nan(), "ln({x}) is {}", vector_ln(x));
    }
}

#[test]
fn ln_is_exact_at_one_and_right_at_the_ends() {
    assert_eq!(vector_ln(1.0), 0.0);
    assert!(apart(vector_ln(f64::MIN_POSITIVE), -708.396_418_532_264_1) <= 2);
    assert!(apart(vector_ln(f64::MAX), 709.782_712_893_384) <= 2);
    assert!(apart(vector_ln(2.0), std::f64::consts::LN_2) <= 1);
    // Both sides of the place where the exponent changes.
    for x in
        [0.5_f64.sqrt(), f64::from_bits(0.5_f64.sqrt().to_bits() - 1), 2_f64.sqrt(), f64::from_bits(2_f64.sqrt().to_bits() + 1)]
    {
        assert!(apart(vector_ln(x), x.ln()) <= 2);
    }
}

/// Eight numbers with something strange among them.
const ODD: [f64; LANES] = [0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, 3.5, -2.25];

#[test]
fn a_pack_does_lane_by_lane_what_one_number_does() {
    let pack = Pack(ODD);
    for shift in 0..LANES {
        let other = Pack(std::array::from_fn(|l| ODD[(l + shift) % LANES]));
        let less = Lane::if_less(pack, other, Pack::splat(7.0), pack);
        for l in 0..LANES {
            let (a, b) = (ODD[l], ODD[(l + shift) % LANES]);
            let alike = |x: f64, y: f64| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
            assert!(alike(less.lane(l), Lane::if_less(a, b, 7.0, a)));
            assert!(alike(Lane::max(pack, other).lane(l), Lane::max(a, b)));
            assert!(alike(Lane::min(pack, other).lane(l), Lane::min(a, b)));
            assert!(alike((pack + other).lane(l), a + b));
            assert!(alike((pack - other).lane(l), a - b));
            assert!(alike((pack * other).lane(l), a * b));
            assert!(alike((pack / other).lane(l), a / b));
            assert!(alike((-pack).lane(l), -a));
        }
    }
}

#[test]
fn if_less_takes_the_second_where_either_is_not_a_number() {
    assert_eq!(Lane::if_less(1.0, 2.0, 3.0, 4.0), 3.0);
    assert_eq!(Lane::if_less(2.0, 2.0, 3.0, 4.0), 4.0);
    assert_eq!(Lane::if_less(f64::NAN, 2.0, 3.0, 4.0), 4.0);
    assert_eq!(Lane::if_less(1.0, f64::NAN, 3.0, 4.0), 4.0);
}

#[test]
fn pick_beyond_the_table_gives_its_last_entry() {
    let table = [10.0, 11.0, 12.0];
    let places = Pack([0.0, 1.0, 2.0, 3.0, 1e18, -1.0, 1.999, f64::INFINITY]);
    assert_eq!(Lane::pick(&table, places), Pack([10.0, 11.0, 12.0, 12.0, 12.0, 10.0, 11.0, 12.0]));
    for l in 0..LANES {
        assert_eq!(<f64 as Lane>::pick(&table, places.lane(l)), <Pack as Lane>::pick(&table, places).lane(l));
    }
    assert_eq!(Lane::pick(&table, Pack::splat(2.0)), Pack::splat(12.0));
    assert!(<f64 as Lane>::pick(&[], 0.0).is_nan());
    assert!(<Pack as Lane>::pick(&[], Pack::splat(0.0)).lane(3).is_nan());
}

#[test]
fn within_plus_abs_and_pow() {
    assert_eq!(Lane::within(-3.0, 0.0, 1.0), 0.0);
    assert_eq!(Lane::within(3.0, 0.0, 1.0), 1.0);
    assert_eq!(Lane::plus(-3.0), 0.0);
    assert_eq!(Lane::abs(-3.0), 3.0);
    assert!((Lane::pow(4.0, 0.5) - 2.0).abs() < 1e-15);
    assert!((Pack::splat(9.0).pow(Pack::splat(-0.5)).lane(5) - 1.0 / 3.0).abs() < 1e-15);
}

//! Known answers and properties of numbers, units, days, the dictionary, the catalogue and names. Order files have their own
//! cases: `tests/orders.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod catalogue;
mod days;
mod dictionary;
mod names;
mod numbers;
mod texts;
mod units;

use std::path::Path;
use std::sync::OnceLock;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use proptest::prelude::*;

use crate::*;

/// The pack that ships, without the regimes.
fn real() -> &'static (Dictionary, Catalogue) {
    static REAL: OnceLock<(Dictionary, Catalogue)> = OnceLock::new();
    REAL.get_or_init(|| {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let mut texts = Vec::new();
        for name in ["fields.toml", "countries.csv", "names.toml"] {
            texts.push((name.to_owned(), std::fs::read_to_string(data.join(name)).unwrap()));
        }
        for entry in std::fs::read_dir(data.join("chips")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            texts.push((format!("chips/{name}"), std::fs::read_to_string(&path).unwrap()));
        }
        let pack = Pack::new(texts);
        let mut problems = Vec::new();
        let dictionary = Dictionary::read(&pack, &mut problems);
        let catalogue = Catalogue::read(&pack, &dictionary, &mut problems);
        assert!(problems.is_empty(), "the pack that ships has problems:\n{}", told(&problems));
        (dictionary, catalogue)
    })
}

fn dictionary() -> &'static Dictionary {
    &real().0
}

fn catalogue() -> &'static Catalogue {
    &real().1
}

fn field(name: &str) -> FieldId {
    dictionary().id(name).unwrap_or_else(|| panic!("no field {name}"))
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect()
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// A decimal of up to 18 digits with up to 20 of them behind the point, as text.
fn decimals() -> impl Strategy<Value = String> {
    (any::<i64>(), 0u32..=20).prop_map(|(mantissa, scale)| {
        let digits = format!("{:021}", mantissa.unsigned_abs());
        let (whole, rest) = digits.split_at(digits.len() - scale as usize);
        let sign = if mantissa < 0 { "-" } else { "" };
        if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
    })
}

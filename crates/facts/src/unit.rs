//! Units of measure: products of declared atoms with whole exponents, and exact factors between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use num_rational::BigRational;
use num_traits::One;

use crate::number::{Exact, Number};

/// A unit: its dimension, the exact factor to the dimension's base unit, and the name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    name: String,
    powers: BTreeMap<String, i32>,
    factor: Exact,
}

impl Unit {
    /// The unit of a bare number.
    pub fn none() -> Unit {
        Unit { name: String::new(), powers: BTreeMap::new(), factor: Exact::one() }
    }

    /// Whether the unit is a bare number (percent counts as one).
    pub fn is_none(&self) -> bool {
        self.powers.is_empty()
    }

    /// Whether two units measure the same thing.
    pub fn same_dimension(&self, other: &Unit) -> bool {
        self.powers == other.powers
    }

    /// The exact factor to the base unit of its dimension: 1000 for TB/s where GB/s is the base.
    pub fn factor(&self) -> &Exact {
        &self.factor
    }

    /// The product, or with `invert` the quotient, of two units.
    pub fn times(&self, other: &Unit, invert: bool) -> Unit {
        if other.is_none() && other.factor.is_one() {
            return self.clone();
        }
        let mut powers = self.powers.clone();
        for (atom, power) in &other.powers {
            let entry = powers.entry(atom.clone()).or_insert(0);
            *entry += if invert { -power } else { *power };
        }
        powers.retain(|_, power| *power != 0);
        let factor = if invert { &self.factor / &other.factor } else { &self.factor * &other.factor };
        let mut unit = Unit { name: String::new(), powers, factor };
        unit.name = unit.spelled();
        if !unit.factor.is_one() {
            unit.name = format!("{} {}", unit.factor, unit.name);
        }
        unit
    }

    fn spelled(&self) -> String {
        let part = |positive: bool| -> Vec<String> {
            self.powers
                .iter()
                .filter(|(_, p)| (**p > 0) == positive)
                .map(|(atom, p)| if p.abs() == 1 { atom.clone() } else { format!("{atom}^{}", p.abs()) })
                .collect()
        };
        let (over, under) = (part(true), part(false));
        match (over.is_empty(), under.is_empty()) {
            (_, true) => over.join("."),
            (true, false) => format!("1/{}", under.join("/")),
            (false, false) => format!("{}/{}", over.join("."), under.join("/")),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The longest unit, in bytes.
const LONGEST: usize = 64;

/// A power from 0 to 9: no quantity of the field has a greater one.
fn exponent(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|p| (0..=9).contains(p)).ok_or_else(|| format!("`{text}` is not an exponent from 0 to 9"))
}

/// The declared atoms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units {
    atoms: BTreeMap<String, (BTreeMap<String, i32>, Exact)>,
    /// Units of things that are counted.
    whole: BTreeSet<String>,
}

impl Units {
    /// Declares a base unit.
    pub fn base(&mut self, name: &str) {
        let powers = if name == "1" { BTreeMap::new() } else { BTreeMap::from([(name.to_owned(), 1)]) };
        self.atoms.insert(name.to_owned(), (powers, Exact::one()));
    }

    /// Declares a base unit of things that are counted, of which there is no half.
    pub fn counted(&mut self, name: &str) {
        self.base(name);
        self.whole.insert(name.to_owned());
    }

    /// Whether numbers in a unit are whole.
    pub fn is_counted(&self, unit: &str) -> bool {
        self.whole.contains(unit)
    }

    /// Declares a unit as a number times another: `("TB", "1000 GB")`.
    ///
    /// # Errors
    /// A sentence where the definition is not a number, a space and a known unit.
    pub fn derived(&mut self, name: &str, definition: &str) -> Result<(), String> {
        let (number, unit) = definition.split_once(' ').ok_or("a derived unit is a number, a space and a unit")?;
        let number = Number::parse(number)?;
        let unit = self.parse(unit)?;
        self.atoms.insert(name.to_owned(), (unit.powers, unit.factor * number.exact()));
        Ok(())
    }

    /// Reads `TOPS.bit/mm2`: atoms joined by `.` and `/`, with `^n` for powers.
    ///
    /// # Errors
    /// A sentence that names the unknown atom and the known ones.
    pub fn parse(&self, text: &str) -> Result<Unit, String> {
        if text.len() > LONGEST {
            return Err(format!("a unit has at most {LONGEST} characters"));
        }
        let mut unit = Unit::none();
        for (i, factor) in text.split('/').enumerate() {
            for atom in factor.split('.') {
                let (atom, power) = match atom.split_once('^') {
                    Some((atom, power)) => (atom, exponent(power)?),
                    None => (atom, 1),
                };
                let (powers, factor) = self.atoms.get(atom).ok_or_else(|| {
                    let known: Vec<&str> = self.atoms.keys().map(String::as_str).collect();
                    format!("unknown unit `{atom}`; known: {}", known.join(", "))
                })?;
                let one = Unit { name: String::new(), powers: powers.clone(), factor: factor.clone() };
                for _ in 0..power {
                    unit = unit.times(&one, i > 0);
                }
            }
        }
        unit.name = if text == "1" { String::new() } else { text.to_owned() };
        Ok(unit)
    }

    /// The factor that turns a number in `from` into one in `to`; none where the dimensions differ.
    pub fn conversion(from: &Unit, to: &Unit) -> Option<Exact> {
        from.same_dimension(to).then(|| BigRational::clone(&from.factor) / &to.factor)
    }
}

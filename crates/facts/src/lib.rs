//! What a case may state: the dictionary of facts, units, exact numbers, chips and orders, all read from text.
//!
//! Nothing here opens a file, reads a clock or prints: packs enter as (path, text), days as arguments.

mod case;
mod chip;
mod country;
mod field;
mod names;
mod number;
mod order;
mod problem;
mod quarter;
mod text;
mod unit;

pub use case::{Case, Fact, name_code};
pub use chip::{Catalogue, Chip, Found};
pub use country::{Countries, CountryId};
pub use field::{About, Dictionary, Field, FieldId, FieldType, Standard, is_unknown};
pub use jiff::civil::Date;
pub use names::{Names, Near, same_name};
pub use number::{Exact, Number, Point, is_ambiguous, money_text};
pub use order::{Line, Order, Orders, Points, Row};
pub use problem::{Pack, Problem, Severity, Source, nearest};
pub use quarter::Quarter;
pub use text::{Keys, Text, parse_date, parse_toml};
pub use unit::{Unit, Units};

#[cfg(test)]
mod tests;

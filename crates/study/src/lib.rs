//! Many worlds: designs on the unit cube, tables of what came out, and the published series that they are held against.

mod sample;
mod series;
mod shape;
mod store;

pub use sample::{Design, MAX_SOBOL_DIMS, Sampler};
pub use series::{Confidence, Observation, Period, Series, Span};
pub use shape::Shape;
pub use store::{About, Error, Table, Writer};

#[cfg(test)]
mod tests;

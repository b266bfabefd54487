//! Many worlds: designs on the unit cube and tables of what came out.

mod sample;
mod shape;
mod store;

pub use sample::{Design, MAX_SOBOL_DIMS, Sampler};
pub use shape::Shape;
pub use store::{About, Error, Table, Writer};

#[cfg(test)]
mod tests;

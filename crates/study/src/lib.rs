//! Many worlds: designs on the unit cube.

mod sample;
mod shape;

pub use sample::{Design, MAX_SOBOL_DIMS, Sampler};
pub use shape::Shape;

#[cfg(test)]
mod tests;

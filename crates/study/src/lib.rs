//! Many worlds: designs on the unit cube, tables of what came out, and the published series that they are held against.

mod calibrate;
mod claims;
mod ensemble;
mod history;
mod sample;
mod series;
mod store;

pub use calibrate::{Matched, Plausible, Score, Wave, matching, plausible, scores_on};
pub use claims::{
    Answer, Answered, Asks, Claim, Claims, Evidence, FactTest, Figure, Found, Kind, Measure, QuestionTest, RuleTest, Shares,
    Shows, Sign, Test, TestAnswer, answer,
};
pub use ensemble::{Box1, Ensemble, Fault, Plan, ensemble, quantile, quantiles, redrawn, run_draws, stream, values};
pub use history::{Gather, Join, Of, Past, Target, Unscored, Validation};
pub use sample::{Design, MAX_SOBOL_DIMS, Sampler};
pub use series::{Confidence, Observation, Period, Series, Span};
pub use store::{About, Error, Table, Writer, hash};
pub use world::Shape;

#[cfg(test)]
mod tests;

//! Many worlds: designs on the unit cube, tables of what came out, and the published series that they are held against.

mod calibrate;
mod claims;
mod ensemble;
mod history;
mod sample;
mod series;
mod shape;
mod store;

pub use calibrate::{Matched, Plausible, Score, Wave, matching, plausible, scores_on};
pub use claims::{
    Answer, Answered, Asks, Claim, Claims, Evidence, FactTest, Figure, Kind, Measure, QuestionTest, RuleTest, Shows, Sign, Test,
    TestAnswer, answer,
};
pub use ensemble::{Box1, Ensemble, Fault, Plan, ensemble, quantile, quantiles, run_draws, stream, values};
pub use history::{Gather, Join, Of, Past, Target, Unscored, Validation};
pub use sample::{Design, MAX_SOBOL_DIMS, Sampler};
pub use series::{Confidence, Observation, Period, Series, Span};
pub use shape::Shape;
pub use store::{About, Error, Table, Writer, hash};

#[cfg(test)]
mod tests;

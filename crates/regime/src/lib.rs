//! The law as pages: read, check, decide, explain, compare, and find the best part that a regime lets through.
//!
//! Pure: texts, days and facts come in as arguments; nothing here opens a file, reads a clock or prints.

mod alike;
mod cases;
mod cells;
mod check;
mod compare;
mod compile;
mod corridor;
mod docket;
mod epoch;
mod exact;
mod explain;
mod expr;
mod frontier;
mod judge;
mod law;
mod load;
mod missing;
mod near;
mod overlay;
mod print;
mod program;
mod questions;
mod receipt;
mod totals;
mod trace;
mod tree;
mod ways;
mod witness;

pub use alike::open_facts;
pub use cases::said;
pub use check::{CheckReport, check};
pub use compare::{Change, Place, Standing, classify, diff, places, standard_sale};
pub use corridor::{Corridor, CorridorDecision, Kind, Library, Posted};
pub use epoch::{Doubt, Epoch, Lens, View};
pub use explain::{Explanation, FeeLine, Missing, NearMiss, NeedLine, Reason, Step, WayLine, clause_text, explain};
pub use frontier::{Bound, Frontier, FrontierPoint, Question, frontier};
pub use judge::{Decision, FeeDue, Need, Outcome, Status, Tri, decide, walk};
pub use law::{
    Clause, ClauseId, ClauseKind, Confidence, Dated, DraftInfo, Group, GroupId, Instrument, InstrumentId, InstrumentKind, Law,
    LegalForm, Members, Policy, Rule, Suspension, Value, ValueId, Version, Window,
};
pub use near::NearNames;
pub use print::{term_sql, test_sql};
pub use questions::{Asked, Questions, applying, counted, fee, fee_facts, turns_on_totals};
pub use receipt::{hex, pack_hash, receipt};
pub use totals::{Counted, Totals, quota_key};
pub use trace::{Met, Trace, trace};
pub use tree::{Op, Term, Test};
pub use ways::{Settlement, Way, settle};

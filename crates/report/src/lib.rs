//! Plain data in, one self-contained page out: what a study found, with its history, its doubts and its sources.
//!
//! Nothing here opens a file, reads a clock or runs a script: the page is the same bytes for the same report, needs no
//! network, prints, and follows the reader's light or dark setting.

mod chart;
mod data;
mod number;
mod page;
mod score;
mod spark;
mod unit;
mod words;

pub use data::{
    Assumption, Bars, Better, ClaimRow, Comparison, Dot, Fan, GateRow, Interval, Report, ScoreRow, Span, StancePaths, Status,
    Verdict,
};
pub use number::period;
pub use page::{ReportError, html};
pub use score::{FEWEST, Null, Tally, believed};
pub use spark::sparkline;
pub use unit::{Currency, Kind, Per, Piece, Unit};
pub use words::Lang;

// The sample under `tests/` names this crate from outside; its own tests read the same sample.
#[cfg(test)]
extern crate self as report;
#[cfg(test)]
mod tests;

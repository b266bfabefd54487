//! The desk: applications, licences, draw-downs, quotas and fees on the decisions of the regimes, kept as a log of sealed entries.
//!
//! Commands go in, entries or a named refusal come out; everything else follows from the log. The engine is pure: time, keys and law
//! are arguments. Stores keep the log, and proofs show that it was not changed.

mod apply;
mod audit;
mod bundle;
mod command;
mod counsel;
mod decide;
mod entry;
mod ledger;
mod proof;
mod records;
mod refusal;
mod rules;
mod state;
mod store;

pub use apply::apply;
pub use audit::{Audit, Examined, Finding, Upto};
pub use bundle::{Exported, audit_bundle};
pub use command::{Act, Asked, Basis, Command, Facts, Role, Terms};
pub use counsel::{Broken, Counsel, CountedFlow, FeeLine, GateRuling, Goods, MOST, NeedRuled, Opinion, Ruled, Ruling};
pub use decide::{Answer, decide};
pub use entry::{Entry, Event, Head, NO_HASH, Sealed, hash_of};
pub use ledger::{Posting, postings};
pub use proof::{Peaks, Signed, check_entry, check_growth, new_key, read_checkpoint, read_keys};
pub use records::{Change, Kept, Lines, StatementLine};
pub use refusal::{Differs, Refusal, Stop};
pub use rules::{Clock, Days, Each, Late, Rules, Skew, Years};
pub use state::{
    Account, Amendment, Application, Condition, Desk, Done, Due, Flow, Hold, Invoice, Licence, Notification, Passage, Person,
    Record, Shipment, Span, Stage, Standing, State, Strike,
};
pub use store::{Error, Outcome, Place, Store, fresh_key, known_version};

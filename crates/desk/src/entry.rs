//! What was done, sealed: entries in a chain, each holding the hash of the one before it.

use std::collections::BTreeMap;

use facts::Date;
use jiff::Timestamp;
use regime::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::command::{Basis, Command, Facts, Role, Terms};
use crate::counsel::{CountedFlow, FeeLine, Goods, Ruling};
use crate::state::Span;

/// The hash before the first entry.
pub const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs)] // named after the acts of `Act`; the fields after what they hold
pub enum Event {
    Founded { desk: String },
    RoleGranted { person: String, role: Role },
    RoleWithdrawn { person: String, role: Role },
    RulesAdopted { items: BTreeMap<String, String> },
    Applied { application: String, facts: Facts, documents: Vec<String>, goods: Goods, ruling: Ruling, valid: Span },
    Edited { application: String, facts: Facts, documents: Vec<String>, goods: Goods, ruling: Ruling, valid: Span },
    Submitted { application: String },
    Approved { application: String, reason: String, seen: String },
    Refused { application: String, reason: String },
    Returned { application: String, reason: String },
    Issued { licence: String, application: String, terms: Terms },
    EvidenceGiven { licence: String, clause: String, document: String },
    EvidenceWithdrawn { licence: String, clause: String, reason: String },
    Notified { notification: String, clause: String, facts: Facts, goods: Goods, on: Date, due: Date },
    ClockStopped { notification: String, on: Date, reason: String },
    ClockResumed { notification: String, on: Date, due: Date },
    Confirmed { notification: String, number: String, on: Date },
    AmendmentAsked { licence: String, terms: Terms, reason: String },
    AmendmentApproved { licence: String, seen: String },
    Suspended { licence: String, reason: String },
    Reinstated { licence: String, reason: String },
    Revoked { licence: String, reason: String },
    Reserved { shipment: String, basis: Basis, facts: Facts, goods: Goods, ruling: Ruling, counted: Vec<CountedFlow> },
    Posted { shipment: String, facts: Facts, goods: Goods, ruling: Ruling, counted: Vec<CountedFlow>, fees: Vec<FeeLine> },
    Voided { shipment: String, reason: String },
    Corrected { shipment: String, goods: Goods, counted: Vec<CountedFlow>, fees: Vec<FeeLine>, reason: String },
    TakenBack { shipment: String, units: i64, on: Date, less: Vec<CountedFlow>, reason: String },
    QuotaBreached { shipment: String, quota: String, of: String, day: Date, limit: i64, total: i64 },
    Invoiced { invoice: String, payer: String, payee: String, currency: String, quarter: String, lines: BTreeMap<String, i64> },
    Paid { invoice: String, minor: i64, reference: String },
    Refunded { invoice: String, minor: i64, reference: String },
    FeeStruck { regime: String, clause: String, from: Date, until: Date, cite: String },
    FeeReversed { shipment: String, regime: String, clause: String },
    HoldPlaced { subject: String, reason: String },
    HoldReleased { subject: String, reason: String },
}

impl Event {
    /// The name of the record that it makes or changes, where there is one.
    pub fn subject(&self) -> Option<String> {
        let (kind, id) = match self {
            Event::Founded { .. } | Event::RulesAdopted { .. } => ("desk", "desk"),
            Event::RoleGranted { person, .. } | Event::RoleWithdrawn { person, .. } => ("person", person.as_str()),
            Event::Applied { application: id, .. }
            | Event::Edited { application: id, .. }
            | Event::Submitted { application: id }
            | Event::Approved { application: id, .. }
            | Event::Refused { application: id, .. }
            | Event::Returned { application: id, .. } => ("application", id.as_str()),
            Event::Issued { licence: id, .. }
            | Event::EvidenceGiven { licence: id, .. }
            | Event::EvidenceWithdrawn { licence: id, .. }
            | Event::AmendmentAsked { licence: id, .. }
            | Event::AmendmentApproved { licence: id, .. }
            | Event::Suspended { licence: id, .. }
            | Event::Reinstated { licence: id, .. }
            | Event::Revoked { licence: id, .. } => ("licence", id.as_str()),
            Event::Notified { notification: id, .. }
            | Event::ClockStopped { notification: id, .. }
            | Event::ClockResumed { notification: id, .. }
            | Event::Confirmed { notification: id, .. } => ("notification", id.as_str()),
            Event::Reserved { shipment: id, .. }
            | Event::Posted { shipment: id, .. }
            | Event::Voided { shipment: id, .. }
            | Event::Corrected { shipment: id, .. }
            | Event::TakenBack { shipment: id, .. }
            | Event::QuotaBreached { shipment: id, .. }
            | Event::FeeReversed { shipment: id, .. } => ("shipment", id.as_str()),
            Event::Invoiced { invoice: id, .. } | Event::Paid { invoice: id, .. } | Event::Refunded { invoice: id, .. } => {
                ("invoice", id.as_str())
            }
            Event::FeeStruck { regime, clause, .. } => return Some(format!("strike/{regime}/{clause}")),
            Event::HoldPlaced { subject, .. } | Event::HoldReleased { subject, .. } => return Some(subject.clone()),
        };
        Some(format!("{kind}/{id}"))
    }

    /// The day that it is said to be of, and whether that day may still come.
    pub(crate) fn day(&self) -> Option<(Date, bool)> {
        match self {
            Event::Applied { ruling, .. } | Event::Edited { ruling, .. } | Event::Reserved { ruling, .. } => {
                Some((ruling.day, true))
            }
            Event::Posted { ruling, .. } => Some((ruling.day, false)),
            Event::Notified { on, .. }
            | Event::ClockStopped { on, .. }
            | Event::ClockResumed { on, .. }
            | Event::Confirmed { on, .. }
            | Event::TakenBack { on, .. } => Some((*on, false)),
            Event::Founded { .. }
            | Event::RoleGranted { .. }
            | Event::RoleWithdrawn { .. }
            | Event::RulesAdopted { .. }
            | Event::Submitted { .. }
            | Event::Approved { .. }
            | Event::Refused { .. }
            | Event::Returned { .. }
            | Event::Issued { .. }
            | Event::EvidenceGiven { .. }
            | Event::EvidenceWithdrawn { .. }
            | Event::AmendmentAsked { .. }
            | Event::AmendmentApproved { .. }
            | Event::Suspended { .. }
            | Event::Reinstated { .. }
            | Event::Revoked { .. }
            | Event::Voided { .. }
            | Event::Corrected { .. }
            | Event::QuotaBreached { .. }
            | Event::Invoiced { .. }
            | Event::Paid { .. }
            | Event::Refunded { .. }
            | Event::FeeStruck { .. }
            | Event::FeeReversed { .. }
            | Event::HoldPlaced { .. }
            | Event::HoldReleased { .. } => None,
        }
    }
}

/// One link of the chain as it is read. [`Sealed`] is its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the log, from 1 without gaps.
    pub seq: u64,
    /// Hash of the entry before.
    pub prev: String,
    /// When it was sealed, by the desk's clock; never before the entry before it.
    pub at: Timestamp,
    /// What the desk's clock said, where it ran behind the entry before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timestamp>,
    /// The moment that the sender claimed, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Timestamp>,
    /// Why it came late; none where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// Who did it.
    pub actor: String,
    /// The command's key.
    pub key: String,
    /// The command's [`Command::digest`]; empty after the first entry of a command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// How many entries of the same command follow.
    #[serde(default, skip_serializing_if = "none_left")]
    pub more: u64,
    /// What was done.
    #[serde(flatten)]
    pub event: Event,
}

fn none_left(more: &u64) -> bool {
    *more == 0
}

/// An entry with the very text that is kept and hashed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// The entry.
    pub entry: Entry,
    /// Its JSON text, which is what the hash covers.
    pub body: String,
    /// SHA-256 of the text, in hex.
    pub hash: String,
}

/// Where a log ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last entry's place; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// When it was sealed.
    pub at: Timestamp,
}

impl Default for Head {
    fn default() -> Head {
        Head { seq: 0, hash: NO_HASH.to_owned(), at: Timestamp::UNIX_EPOCH }
    }
}

/// SHA-256 of an entry's text, in hex.
pub fn hash_of(body: &str) -> String {
    hex(&Sha256::digest(body.as_bytes()))
}

/// What a command's entries say of time.
pub(crate) struct Stamp {
    /// The desk's clock.
    pub now: Timestamp,
    /// Whether it runs behind the head by more than clocks differ.
    pub behind: bool,
    /// Why it comes late, if it does.
    pub late: Option<String>,
}

/// Chains events of one command behind a head.
pub(crate) fn seal(head: &Head, command: &Command, stamp: &Stamp, digest: String, events: Vec<Event>) -> Vec<Sealed> {
    let (mut seq, mut prev) = (head.seq, head.hash.clone());
    let (mut more, mut digest) = (events.len() as u64, digest);
    let mut sealed = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        more -= 1;
        let entry = Entry {
            seq,
            prev,
            at: stamp.now.max(head.at),
            clock: stamp.behind.then_some(stamp.now),
            claimed: command.claimed,
            late: stamp.late.clone(),
            actor: command.actor.clone(),
            key: command.key.clone(),
            digest: std::mem::take(&mut digest),
            more,
            event,
        };
        // Entries are plain data with text keys: they always have a JSON text.
        let body = serde_json::to_string(&entry).unwrap_or_default();
        let hash = hash_of(&body);
        prev = hash.clone();
        sealed.push(Sealed { entry, body, hash });
    }
    sealed
}

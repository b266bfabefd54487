//! What somebody wants done at the desk: who, when, with which key, and one act.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use facts::Date;
use jiff::Timestamp;
use regime::hex;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

/// Facts of a case as they were written: name to value, as in an order book; the day is `date`.
pub type Facts = BTreeMap<String, String>;

/// Facts laid over one another, the last on top, as they are read: name to value.
pub(crate) type Laid<'f> = BTreeMap<Cow<'f, str>, &'f str>;

/// Lays facts over one another.
pub(crate) fn laid<'f>(layers: &[&'f Facts]) -> Laid<'f> {
    let all = layers.iter().flat_map(|facts| facts.iter());
    all.map(|(name, value)| (Cow::Borrowed(name.as_str()), value.as_str())).collect()
}

/// Reads facts of which each is said once: of two values for one name nobody knows which is meant.
fn each_once<'de, D: Deserializer<'de>>(from: D) -> Result<Facts, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = Facts;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("facts by name, each a text")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Facts, M::Error> {
            let mut facts = Facts::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                if facts.contains_key(&name) {
                    return Err(M::Error::custom(format!("`{name}` is said twice; keep one of them")));
                }
                facts.insert(name, value);
            }
            Ok(facts)
        }
    }
    from.deserialize_map(Once)
}

/// One command. The same key sent twice is one command. It carries no clock and no law: the moment is the desk's, and so is the law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Chosen by the sender, never used for another command.
    #[serde(default)]
    pub key: String,
    /// Who sends it: the id of a person or machine with roles.
    pub actor: String,
    /// When it happened, as the sender claims; `at` in a line of commands. Kept beside the desk's own moment, never in its place.
    #[serde(default, alias = "at", skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Timestamp>,
    /// Why it comes late, where it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub late_because: String,
    /// What is to be done.
    #[serde(flatten)]
    pub act: Act,
}

/// What a person or machine may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks only.
    Viewer,
    /// Enters applications, evidence, shipments, invoices.
    Analyst,
    /// Approves what somebody else entered.
    Approver,
    /// Grants roles and adopts rules; never approves.
    Admin,
    /// Looks, and holds records for an inquiry.
    Auditor,
    /// A program that draws down licences.
    Machine,
}

impl Role {
    /// Every role with its word.
    pub const ALL: [(&'static str, Role); 6] = [
        ("viewer", Role::Viewer),
        ("analyst", Role::Analyst),
        ("approver", Role::Approver),
        ("admin", Role::Admin),
        ("auditor", Role::Auditor),
        ("machine", Role::Machine),
    ];

    /// The word that people write.
    pub fn word(self) -> &'static str {
        Role::ALL.iter().find(|(_, r)| *r == self).map_or("", |(w, _)| w)
    }
}

/// How much a licence covers, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Pieces.
    pub units: i64,
    /// Value in minor units of the licence's currency.
    pub value: i64,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// From when until when a licence is asked for, where somebody says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// First day. Left out, it is the day of the application's case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day. Left out, it is as `desk.toml` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// On what a shipment goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A licence of this desk.
    Licence(String),
    /// An exception of the law that needs a notification of this desk.
    Notification(String),
    /// The law asks for nothing, or an exception asks for no notification.
    Law,
}

/// One act. Names of things are chosen by the sender; `units` are pieces, `value` and `minor` minor units of the currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are named after what they hold
pub enum Act {
    /// Opens the desk; its sender becomes its first admin.
    Found { desk: String },
    /// Gives a role.
    GrantRole { person: String, role: Role },
    /// Takes a role.
    WithdrawRole { person: String, role: Role },
    /// Adopts everything by which the desk decides from now on: each item with its hash.
    AdoptRules {
        #[serde(alias = "packs")]
        items: BTreeMap<String, String>,
    },
    /// Enters an application.
    Apply {
        application: String,
        #[serde(deserialize_with = "each_once")]
        facts: Facts,
        documents: Vec<String>,
        #[serde(flatten)]
        asked: Asked,
    },
    /// Changes an application; voids its approval.
    Edit {
        application: String,
        #[serde(deserialize_with = "each_once")]
        facts: Facts,
        documents: Vec<String>,
        #[serde(flatten)]
        asked: Asked,
    },
    /// Hands an application to review.
    Submit { application: String },
    /// Approves an application in review, as it was read: `seen` is its hash, or how it begins.
    Approve {
        application: String,
        reason: String,
        #[serde(default)]
        seen: String,
    },
    /// Refuses an application.
    Refuse { application: String, reason: String },
    /// Returns an application to its author without action.
    Return { application: String, reason: String },
    /// Issues a licence on an approved application, within what was asked for.
    Issue { licence: String, application: String, terms: Terms },
    /// Shows that a condition of a licence is met.
    GiveEvidence { licence: String, clause: String, document: String },
    /// Says that it is no longer shown.
    WithdrawEvidence { licence: String, clause: String, reason: String },
    /// Records a notification that was made, which starts its clock.
    Notify {
        notification: String,
        clause: String,
        #[serde(deserialize_with = "each_once")]
        facts: Facts,
        on: Date,
    },
    /// The clock stands still from this day on.
    StopClock { notification: String, on: Date, reason: String },
    /// The clock goes on.
    ResumeClock { notification: String, on: Date },
    /// The authority's number is there.
    Confirm { notification: String, number: String, on: Date },
    /// Asks for other terms of a licence.
    AskAmendment { licence: String, terms: Terms, reason: String },
    /// Approves the terms asked for, as they were read: `seen` is the amendment's hash, or how it begins.
    ApproveAmendment {
        licence: String,
        #[serde(default)]
        seen: String,
    },
    /// Stops draw-downs for now.
    Suspend { licence: String, reason: String },
    /// Ends a suspension.
    Reinstate { licence: String, reason: String },
    /// Ends a licence for good.
    Revoke { licence: String, reason: String },
    /// Holds quantity and value for a shipment. Under a licence or notification the facts that are left out are those of the application.
    Reserve {
        shipment: String,
        basis: Basis,
        #[serde(deserialize_with = "each_once")]
        facts: Facts,
    },
    /// The shipment left, on this day.
    Post {
        shipment: String,
        on: Date,
        #[serde(deserialize_with = "each_once")]
        facts: Facts,
    },
    /// A reserved shipment does not go.
    Void { shipment: String, reason: String },
    /// What left was not what was entered.
    Correct { shipment: String, units: i64, value: i64, reason: String },
    /// Pieces came back.
    TakeBack { shipment: String, units: i64, on: Date, reason: String },
    /// Bills what is due and not yet billed.
    Invoice { invoice: String, payer: String, payee: String, currency: String, quarter: String },
    /// Money came in for an invoice.
    Pay { invoice: String, minor: i64, reference: String },
    /// Money went back for an invoice whose fees were reversed.
    Refund { invoice: String, minor: i64, reference: String },
    /// A fee is struck down for shipments of these days: every assessment is reversed, and none is made.
    StrikeFee { regime: String, clause: String, from: Date, until: Date, cite: String },
    /// Holds the records of something, whatever the retention clock says.
    Hold { subject: String, reason: String },
    /// Ends a hold; by somebody other than who placed it.
    ReleaseHold { subject: String, reason: String },
}

impl Act {
    /// The name of the record that the act makes or changes, where there is one.
    pub(crate) fn subject(&self) -> Option<String> {
        Some(match self {
            Act::Apply { application, .. }
            | Act::Edit { application, .. }
            | Act::Submit { application }
            | Act::Approve { application, .. }
            | Act::Refuse { application, .. }
            | Act::Return { application, .. } => format!("application/{application}"),
            Act::Issue { licence, .. }
            | Act::GiveEvidence { licence, .. }
            | Act::WithdrawEvidence { licence, .. }
            | Act::AskAmendment { licence, .. }
            | Act::ApproveAmendment { licence, .. }
            | Act::Suspend { licence, .. }
            | Act::Reinstate { licence, .. }
            | Act::Revoke { licence, .. } => format!("licence/{licence}"),
            Act::Notify { notification, .. }
            | Act::StopClock { notification, .. }
            | Act::ResumeClock { notification, .. }
            | Act::Confirm { notification, .. } => format!("notification/{notification}"),
            Act::Reserve { shipment, .. }
            | Act::Post { shipment, .. }
            | Act::Void { shipment, .. }
            | Act::Correct { shipment, .. }
            | Act::TakeBack { shipment, .. } => format!("shipment/{shipment}"),
            Act::Invoice { invoice, .. } | Act::Pay { invoice, .. } | Act::Refund { invoice, .. } => format!("invoice/{invoice}"),
            Act::Found { .. }
            | Act::GrantRole { .. }
            | Act::WithdrawRole { .. }
            | Act::AdoptRules { .. }
            | Act::StrikeFee { .. }
            | Act::Hold { .. }
            | Act::ReleaseHold { .. } => return None,
        })
    }
}

impl Command {
    /// SHA-256 of everything but what is said of time, in hex: a command sent again is recognised by it.
    pub fn digest(&self) -> String {
        // A command is plain data with text keys: it always has a JSON text.
        let body = serde_json::to_vec(&(&self.key, &self.actor, &self.act)).unwrap_or_default();
        hex(&Sha256::digest(body))
    }
}

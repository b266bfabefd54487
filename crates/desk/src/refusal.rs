//! Every lawful no of the desk: a closed list, each with its name and a sentence.

use std::fmt;

use facts::{Date, money_text};
use serde::Serialize;

use crate::command::Role;

/// Why a command is not done. The log stays as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "refusal", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are named after what they hold
pub enum Refusal {
    /// An id is not one.
    BadName { name: String },
    /// A text holds what cannot be seen, or is too long.
    BadText { what: String, why: String },
    /// Facts that no case can be made of.
    BadFacts { problems: Vec<String> },
    /// A fact that the desk itself needs.
    FactNeeded { fact: String },
    /// The key was used for another command.
    KeyReused { key: String, seq: u64 },
    /// The moment lies before the last entry.
    ClockWentBack { last: String },
    /// The desk is not opened yet.
    NotFounded,
    /// The desk is opened already.
    AlreadyFounded,
    /// The actor has none of the roles that this takes.
    RoleNeeded { actor: String, one_of: Vec<Role> },
    /// Nobody edits rules and approves.
    RolesExclude { person: String, has: Role, asked: Role },
    /// The last admin stays.
    LastAdmin,
    /// The regime read now is not the one adopted.
    RulesNotAdopted { regime: String },
    /// Rules changed since the application was decided.
    RulesChanged { regime: String },
    /// Who adopted the rules approves nothing under them.
    AdoptedTheRules { actor: String },
    /// There is no such thing.
    Unknown { what: String },
    /// There is one already.
    Exists { what: String },
    /// It is not in the state that this takes.
    WrongState { what: String, is: String },
    /// Four eyes: the author does not approve.
    OwnWork { actor: String },
    /// Four eyes: who edited last does not approve.
    LastEditor { actor: String },
    /// The law decides otherwise.
    LawForbids { outcome: String, by: String },
    /// Facts are missing.
    Undetermined { missing: Vec<String> },
    /// Nothing needs a licence here.
    NoLicenceNeeded { outcome: String },
    /// The law asks for a licence or notification.
    LicenceNeeded { outcome: String },
    /// A presumption of denial is overcome with a stated reason only.
    ReasonNeeded,
    /// A condition is not shown.
    ConditionOpen { clause: String },
    /// A condition is shown not to be.
    ConditionFailed { clause: String },
    /// The licence has no such condition.
    NoSuchCondition { clause: String },
    /// The shipment is not what the licence or notification covers.
    OutOfScope { fact: String, licensed: String, asked: String },
    /// The day lies outside the validity.
    NotValidOn { day: Date, from: Date, until: Date },
    /// Terms that end before they begin, or exceed what was asked for.
    BadTerms { why: String },
    /// More pieces than are left.
    UnitsExceeded { left: i64, asked: i64 },
    /// More value than is left, in minor units.
    ValueExceeded { left: i64, asked: i64 },
    /// An amount that is none, or beyond what is reckoned with.
    OutOfRange { what: String },
    /// The clock of a notification still runs.
    ClockRuns { due: Date },
    /// The clock stands still.
    ClockStopped { since: Date },
    /// A clock that nobody described.
    NoSuchClock { clause: String },
    /// The shipment would break a quota on this day. Amounts are thousandths of the quota's unit.
    QuotaBroken { quota: String, of: String, day: Date, limit: i64, total: i64, asked: i64 },
    /// Nobody can say what a fee amounts to, or whether it is due.
    FeeUnknown { clause: String },
    /// There is nothing to bill.
    NothingDue,
    /// More than is due, in minor units.
    Overpaid { due: i64, asked: i64 },
    /// More than was overpaid, in minor units.
    NothingToRefund { due: i64, asked: i64 },
    /// It is held already, or not held.
    HoldStands { subject: String, held: bool },
}

impl Refusal {
    /// The name in the closed list.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("refusal").and_then(|n| n.as_str()).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths =
            |n: &i64| format!("{}{}", n / 1000, if n % 1000 == 0 { String::new() } else { format!(".{:03}", n.abs() % 1000) });
        match self {
            Refusal::BadName { name } => write!(f, "{name:?} is no id: letters, digits, . _ - and at most 64 of them"),
            Refusal::BadText { what, why } => write!(f, "{what}: {why}"),
            Refusal::BadFacts { problems } => write!(f, "the facts do not make a case: {}", problems.join("; ")),
            Refusal::FactNeeded { fact } => write!(f, "the fact `{fact}` is needed"),
            Refusal::KeyReused { key, seq } => write!(f, "the key `{key}` was used for another command, sealed as entry {seq}"),
            Refusal::ClockWentBack { last } => write!(f, "the last entry was sealed at {last}, later than this command"),
            Refusal::NotFounded => write!(f, "the desk is not opened yet"),
            Refusal::AlreadyFounded => write!(f, "the desk is opened already"),
            Refusal::RoleNeeded { actor, one_of } => {
                let words: Vec<&str> = one_of.iter().map(|r| r.word()).collect();
                write!(f, "{actor} is not {}", words.join(" or "))
            }
            Refusal::RolesExclude { person, has, asked } => {
                write!(f, "{person} is {} and cannot be {} as well", has.word(), asked.word())
            }
            Refusal::LastAdmin => write!(f, "the desk keeps one admin"),
            Refusal::RulesNotAdopted { regime } => write!(f, "the texts of `{regime}` are not those that the desk adopted"),
            Refusal::RulesChanged { regime } => {
                write!(f, "the texts of `{regime}` changed since this was decided: edit it once more")
            }
            Refusal::AdoptedTheRules { actor } => write!(f, "{actor} adopted the rules and approves nothing under them"),
            Refusal::Unknown { what } => write!(f, "there is no {what}"),
            Refusal::Exists { what } => write!(f, "{what} exists already"),
            Refusal::WrongState { what, is } => write!(f, "{what} is {is}"),
            Refusal::OwnWork { actor } => write!(f, "four eyes: {actor} entered it"),
            Refusal::LastEditor { actor } => write!(f, "four eyes: {actor} edited it last"),
            Refusal::LawForbids { outcome, by } => write!(f, "the law says: {outcome} ({by})"),
            Refusal::Undetermined { missing } => write!(f, "facts are missing: {}", missing.join(", ")),
            Refusal::NoLicenceNeeded { outcome } => write!(f, "no licence is needed: {outcome}"),
            Refusal::LicenceNeeded { outcome } => write!(f, "the law says: {outcome}; name the licence or notification"),
            Refusal::ReasonNeeded => write!(f, "a presumption of denial stands against it: state the reason"),
            Refusal::ConditionOpen { clause } => write!(f, "the condition `{clause}` is not shown"),
            Refusal::ConditionFailed { clause } => write!(f, "the condition `{clause}` is not met"),
            Refusal::NoSuchCondition { clause } => write!(f, "the licence has no condition `{clause}`"),
            Refusal::OutOfScope { fact, licensed, asked } => write!(f, "{fact}: covered is {licensed}, asked for {asked}"),
            Refusal::NotValidOn { day, from, until } => write!(f, "{day} lies outside {from} to {until}"),
            Refusal::BadTerms { why } => write!(f, "terms: {why}"),
            Refusal::UnitsExceeded { left, asked } => write!(f, "{asked} pieces asked for, {left} left"),
            Refusal::ValueExceeded { left, asked } => {
                write!(f, "a value of {} asked for, {} left", money_text(*asked), money_text(*left))
            }
            Refusal::OutOfRange { what } => write!(f, "{what} is out of range"),
            Refusal::ClockRuns { due } => write!(f, "the notification's clock runs until {due}"),
            Refusal::ClockStopped { since } => write!(f, "the notification's clock stands still since {since}"),
            Refusal::NoSuchClock { clause } => write!(f, "no clock is known for `{clause}`"),
            Refusal::QuotaBroken { quota, of, day, limit, total, asked } => write!(
                f,
                "the quota `{quota}` for {of} would be broken on {day}: limit {}, taken {}, asked for {}",
                thousandths(limit),
                thousandths(total),
                thousandths(asked)
            ),
            Refusal::FeeUnknown { clause } => write!(f, "nobody can say what is due under `{clause}`"),
            Refusal::NothingDue => write!(f, "nothing is due that was not billed"),
            Refusal::Overpaid { due, asked } => write!(f, "{} is due, not {}", money_text(*due), money_text(*asked)),
            Refusal::NothingToRefund { due, asked } => {
                write!(f, "{} can be refunded, not {}", money_text(*due), money_text(*asked))
            }
            Refusal::HoldStands { subject, held } => {
                write!(f, "{subject} is {}", if *held { "held already" } else { "not held" })
            }
        }
    }
}

/// What stops a command: a lawful no, or records that were not brought along.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// A lawful no.
    Refused(Box<Refusal>),
    /// The record of this name is needed.
    Record(String),
    /// The list of this name is needed.
    List(String),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(Box::new(refusal))
    }
}

//! Every lawful no of the desk: a closed list, each with its name and a sentence.

use std::fmt;

use facts::{Date, money_text};
use serde::Serialize;

use crate::command::Role;

/// So many digits of a hash name a content for sure: nobody makes another that begins alike.
pub(crate) const SEEN: usize = 12;

/// So many items that differ are named.
const MOST_NAMED: usize = 4;

/// How an item differs from what the desk adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Differs {
    /// It reads otherwise.
    Changed,
    /// It is not there any more.
    Gone,
    /// It was not there then, or was not adopted.
    New,
}

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
    /// The claimed moment lies ahead of the desk's clock.
    ClaimedAhead { claimed: String, now: String },
    /// The desk's clock runs behind the last entry, and nobody said why.
    ClockBehind { clock: String, last: String },
    /// What happened lies further back than an entry may, and nobody said why.
    Late { day: Date, today: Date, days: i32 },
    /// The day has not come.
    DayAhead { day: Date, today: Date },
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
    /// What decides now is not what the desk adopted: each item, and how it differs.
    RulesNotAdopted { items: Vec<(String, Differs)>, on: Option<Date> },
    /// What is to be adopted is not what is read: each item, and how what is read differs.
    NotWhatIsRead { items: Vec<(String, Differs)> },
    /// Other rules were adopted since the application was decided.
    RulesChanged { on: Option<Date> },
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
    /// Four eyes: who ever edited it does not approve.
    Editor { actor: String },
    /// An approval names what was read.
    SeenNeeded { what: String },
    /// What was read is not what is there.
    SeenOther { what: String, seen: String },
    /// The law decides otherwise.
    LawForbids { outcome: String, by: String },
    /// Facts are missing.
    Undetermined { missing: Vec<String> },
    /// Nothing needs a licence here.
    NoLicenceNeeded { outcome: String },
    /// The law asks for a licence or notification.
    LicenceNeeded { outcome: String },
    /// It takes a stated reason.
    ReasonNeeded { what: String },
    /// A condition is not shown.
    ConditionOpen { clause: String },
    /// A condition is shown not to be.
    ConditionFailed { clause: String },
    /// The licence has no such condition.
    NoSuchCondition { clause: String, known: Vec<String> },
    /// The shipment is not what the licence or notification covers.
    OutOfScope { fact: String, licensed: String, asked: String },
    /// The day lies outside the validity.
    NotValidOn { day: Date, from: Date, until: Date },
    /// Pieces do not come back before they left.
    BeforeItLeft { day: Date, from: Date },
    /// Terms that end before they begin, or hold nothing.
    BadTerms { why: String },
    /// Terms outside the days that were approved.
    BeyondApproved { from: Date, until: Date, approved_from: Date, approved_until: Date },
    /// More pieces than are left.
    UnitsExceeded { left: i64, asked: i64 },
    /// More value than is left, in minor units.
    ValueExceeded { left: i64, asked: i64 },
    /// An amount beyond what is reckoned with, or finer than its least part.
    OutOfRange { what: String },
    /// An amount of nothing, or less.
    NotPositive { what: String },
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
    /// There is nothing to bill; what could be billed in that quarter.
    NothingDue { open: Vec<String> },
    /// The fee is none that is charged here; those that are.
    NoSuchFee { fee: String, known: Vec<String> },
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
            Refusal::KeyReused { key, seq } => {
                write!(
                    f,
                    "the key `{key}` was used for another command, sealed as entry {seq}: send this one under a key of its own"
                )
            }
            Refusal::ClaimedAhead { claimed, now } => {
                write!(
                    f,
                    "the moment {claimed} lies ahead of the desk's clock, {now}: claim the moment at which it happened, or none"
                )
            }
            Refusal::ClockBehind { clock, last } => write!(
                f,
                "the desk's clock says {clock}, and the last entry was sealed at {last}: set the machine's clock right; \
                 where the last entry is wrong, say why with --late-because, and the entry keeps both"
            ),
            Refusal::Late { day, today, days } => {
                write!(f, "{day} lies more than {days} days before {today}: a late entry states why, with --late-because TEXT")
            }
            Refusal::DayAhead { day, today } => {
                write!(f, "{day} has not come, by the desk's clock it is {today}: enter it when it has happened")
            }
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
            Refusal::NotWhatIsRead { items } if items.is_empty() => {
                write!(f, "there is no regime to adopt: name one with `tollgate desk adopt-rules --regime ID`")
            }
            Refusal::NotWhatIsRead { items } => {
                let names: Vec<&str> = items.iter().take(MOST_NAMED).map(|(item, _)| item.as_str()).collect();
                write!(f, "not what is read here: {}; `tollgate desk adopt-rules` adopts exactly that", names.join(", "))
            }
            Refusal::RulesNotAdopted { items, on } => not_adopted(f, items, *on),
            Refusal::RulesChanged { on } => {
                let on = on.map(|on| format!(" on {on}")).unwrap_or_default();
                write!(
                    f,
                    "other rules were adopted{on}, after this was decided: edit it, submit it, and approve what is then read"
                )
            }
            Refusal::AdoptedTheRules { actor } => write!(f, "{actor} adopted the rules and approves nothing under them"),
            Refusal::Unknown { what } => write!(f, "there is no {what}"),
            Refusal::Exists { what } => write!(f, "{what} exists already"),
            Refusal::WrongState { what, is } => write!(f, "{what} is {is}"),
            Refusal::OwnWork { actor } => write!(f, "four eyes: {actor} entered it"),
            Refusal::Editor { actor } => write!(f, "four eyes: {actor} edited it; somebody who wrote no part of it approves"),
            Refusal::SeenNeeded { what } => write!(
                f,
                "an approval names what was read: `tollgate desk show {what}` gives it with its hash; say --seen HASH, \
                 or at least its first {SEEN} digits"
            ),
            Refusal::SeenOther { what, seen } => write!(
                f,
                "{what} is not what was read as {seen}: read it again with `tollgate desk show {what}`, and approve it by the hash given there"
            ),
            Refusal::LawForbids { outcome, by } => write!(f, "the law says: {outcome} ({by})"),
            Refusal::Undetermined { missing } => write!(f, "nobody can say, since this is missing: {}", missing.join(", ")),
            Refusal::NoLicenceNeeded { outcome } => write!(f, "no licence is needed: {outcome}"),
            Refusal::LicenceNeeded { outcome } => write!(f, "the law says: {outcome}; name the licence or notification"),
            Refusal::ReasonNeeded { what } => write!(f, "{what} takes a stated reason: say --reason TEXT"),
            Refusal::ConditionOpen { clause } => write!(f, "the condition `{clause}` is not shown"),
            Refusal::ConditionFailed { clause } => write!(f, "the condition `{clause}` is not met"),
            Refusal::NoSuchCondition { clause, known } if known.is_empty() => {
                write!(f, "the licence has no conditions, and none `{clause}`")
            }
            Refusal::NoSuchCondition { clause, known } => {
                write!(f, "the licence has no condition `{clause}`; it has {}", known.join(", "))
            }
            Refusal::OutOfScope { fact, licensed, asked } => write!(f, "{fact}: covered is {licensed}, asked for {asked}"),
            Refusal::NotValidOn { day, from, until } => write!(f, "{day} lies outside {from} to {until}"),
            Refusal::BeforeItLeft { day, from } => {
                write!(f, "it left on {from}, and nothing of it came back on {day}: see the day")
            }
            Refusal::BadTerms { why } => write!(f, "terms: {why}"),
            Refusal::BeyondApproved { from, until, approved_from, approved_until } => write!(
                f,
                "{from} to {until} goes beyond what was approved, {approved_from} to {approved_until}: issue it within these days, or edit the \
                 application (--from, --until) and have it approved anew"
            ),
            Refusal::UnitsExceeded { left, asked } => write!(f, "{asked} pieces asked for, {left} left"),
            Refusal::ValueExceeded { left, asked } => {
                write!(f, "a value of {} asked for, {} left", money_text(*asked), money_text(*left))
            }
            Refusal::OutOfRange { what } => {
                write!(
                    f,
                    "{what} is out of range: less than nothing, more than the desk reckons with, or finer than its least part"
                )
            }
            Refusal::NotPositive { what } => write!(f, "{what} must be more than nothing"),
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
            Refusal::NothingDue { open } if open.is_empty() => {
                write!(f, "nothing of that quarter is due that was not billed; `tollgate desk statement` shows what was assessed")
            }
            Refusal::NothingDue { open } => {
                write!(f, "nothing is due so that was not billed; of that quarter there is to bill: {}", open.join("; "))
            }
            Refusal::NoSuchFee { fee, known } if known.is_empty() => {
                write!(f, "there is no fee {fee}: the regimes that the desk adopted charge none")
            }
            Refusal::NoSuchFee { fee, known } => write!(f, "there is no fee {fee}; there are: {}", known.join(", ")),
            Refusal::Overpaid { due: ..=0, asked } => {
                write!(f, "nothing is due on it any more: {} would be paid over", money_text(*asked))
            }
            Refusal::Overpaid { due, asked } => write!(f, "{} is due, less than {}", money_text(*due), money_text(*asked)),
            Refusal::NothingToRefund { due: ..=0, asked } => write!(
                f,
                "nothing can be refunded, and {} was asked for: no more came in than is owed; a refund follows a fee that was reversed",
                money_text(*asked)
            ),
            Refusal::NothingToRefund { due, asked } => {
                write!(f, "{} can be refunded, less than {}", money_text(*due), money_text(*asked))
            }
            Refusal::HoldStands { subject, held } => {
                write!(f, "{subject} is {}", if *held { "held already" } else { "not held" })
            }
        }
    }
}

/// Names what differs from what was adopted, the first of many.
fn not_adopted(f: &mut fmt::Formatter<'_>, items: &[(String, Differs)], on: Option<Date>) -> fmt::Result {
    let Some(on) = on else {
        return write!(f, "this desk adopted no rules yet; an admin adopts them: `tollgate desk adopt-rules`");
    };
    for (item, how) in items.iter().take(MOST_NAMED) {
        match how {
            Differs::Changed => write!(f, "{item} is not what this desk adopted on {on}; ")?,
            Differs::Gone => write!(f, "{item} was adopted on {on} and is not there; ")?,
            Differs::New => write!(f, "{item} is there and was not adopted on {on}; ")?,
        }
    }
    if items.len() > MOST_NAMED {
        write!(f, "and {} items more; ", items.len() - MOST_NAMED)?;
    }
    write!(f, "an admin adopts what is read now: `tollgate desk adopt-rules`")
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

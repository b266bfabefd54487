//! The engine: a state and a command in, sealed entries or a refusal out. Nothing is changed here.

mod applications;
mod licences;
mod money;
mod people;
mod shipments;

pub(crate) use shipments::whole_facts;

use facts::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::command::{Act, Command, Role};
use crate::counsel::{Counsel, MOST};
use crate::entry::{Event, Sealed, Stamp, seal};
use crate::ledger::postings;
use crate::refusal::{Refusal, SEEN, Stop};
use crate::state::State;

/// What becomes of a command that is not refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Entries to append behind the head.
    New(Vec<Sealed>),
    /// It was done before: first and last entry.
    Already(u64, u64),
}

/// Decides one command at a moment of the desk's clock, which is the only clock there is: what a command claims is kept beside it.
///
/// # Errors
/// The refusal, or the record that was not brought along: bring it and ask again.
pub fn decide(state: &State, counsel: &mut Counsel<'_>, now: Timestamp, command: &Command) -> Result<Answer, Stop> {
    name_ok(&command.key)?;
    name_ok(&command.actor)?;
    let digest = command.digest();
    if let Some(done) = state.done(&command.key)? {
        if done.digest == digest {
            return Ok(Answer::Already(done.first, done.last));
        }
        return Err(Refusal::KeyReused { key: command.key.clone(), seq: done.first }.into());
    }
    texts_ok(&command.act)?;
    text_ok("late_because", &command.late_because)?;
    numbers_adopted(state, counsel, &command.act)?;
    let events = events(state, counsel, command)?;
    for event in &events {
        balances_ok(state, event)?;
    }
    let stamp = stamp(state, counsel, now, command, &events)?;
    Ok(Answer::New(seal(&state.head, command, &stamp, digest, events)))
}

/// Holds what a command says of time against the desk's clock. What is ahead is measured by the clock alone, what is late by the later of
/// clock and last entry: a clock that was turned back makes nothing timely, and one that was ahead once locks nobody out.
fn stamp(state: &State, counsel: &Counsel<'_>, now: Timestamp, command: &Command, events: &[Event]) -> Result<Stamp, Stop> {
    let (skew, days) = (counsel.rules.clock_skew.seconds.seconds(), counsel.rules.late.days);
    let on = |moment: Timestamp| TimeZone::UTC.to_datetime(moment).date();
    let later = now.saturating_add(skew).unwrap_or(Timestamp::MAX);
    if let Some(claimed) = command.claimed.filter(|claimed| *claimed > later) {
        return Err(Refusal::ClaimedAhead { claimed: claimed.to_string(), now: now.to_string() }.into());
    }
    // A day on for the earth's turning.
    let (today, said) = (on(now), events.iter().filter_map(Event::day).collect::<Vec<_>>());
    if let Some((day, _)) = said.iter().find(|(day, may_come)| !may_come && *day > today.saturating_add(1.day())) {
        return Err(Refusal::DayAhead { day: *day, today }.into());
    }
    let reason = Some(command.late_because.trim()).filter(|reason| !reason.is_empty()).map(str::to_owned);
    let behind = later < state.head.at;
    if behind && reason.is_none() {
        return Err(Refusal::ClockBehind { clock: now.to_string(), last: state.head.at.to_string() }.into());
    }
    let sealed_on = on(now.max(state.head.at));
    let first: Option<Date> = said.iter().map(|(day, _)| *day).chain(command.claimed.map(on)).min();
    match first.filter(|day| day.saturating_add(days.days()) < sealed_on) {
        Some(day) if reason.is_none() => Err(Refusal::Late { day, today: sealed_on, days }.into()),
        late => Ok(Stamp { now, behind, late: reason.filter(|_| behind || late.is_some()) }),
    }
}

fn events(state: &State, counsel: &mut Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    match &command.act {
        Act::Found { .. }
        | Act::GrantRole { .. }
        | Act::WithdrawRole { .. }
        | Act::AdoptRules { .. }
        | Act::Hold { .. }
        | Act::ReleaseHold { .. } => people::decide(state, counsel, command),
        Act::Apply { .. }
        | Act::Edit { .. }
        | Act::Submit { .. }
        | Act::Approve { .. }
        | Act::Refuse { .. }
        | Act::Return { .. } => applications::decide(state, counsel, command),
        Act::Issue { .. }
        | Act::GiveEvidence { .. }
        | Act::WithdrawEvidence { .. }
        | Act::AskAmendment { .. }
        | Act::ApproveAmendment { .. }
        | Act::Suspend { .. }
        | Act::Reinstate { .. }
        | Act::Revoke { .. }
        | Act::Notify { .. }
        | Act::StopClock { .. }
        | Act::ResumeClock { .. }
        | Act::Confirm { .. } => licences::decide(state, counsel, command),
        Act::Reserve { .. } | Act::Post { .. } | Act::Void { .. } | Act::Correct { .. } | Act::TakeBack { .. } => {
            shipments::decide(state, counsel, command)
        }
        Act::Invoice { .. } | Act::Pay { .. } | Act::Refund { .. } | Act::StrikeFee { .. } => {
            money::decide(state, counsel, command)
        }
    }
}

/// The actor must have one of these roles.
fn role(state: &State, command: &Command, one_of: &[Role]) -> Result<(), Stop> {
    state.opened()?;
    let roles = state.person(&command.actor)?.map(|p| p.roles.clone()).unwrap_or_default();
    if one_of.iter().any(|r| roles.contains(r)) {
        return Ok(());
    }
    Err(Refusal::RoleNeeded { actor: command.actor.clone(), one_of: one_of.to_vec() }.into())
}

/// Everything that decides must be what the desk adopted: no more, no less, nothing else. Asked by every act that asks the law.
fn rules_adopted(state: &State, counsel: &Counsel<'_>) -> Result<(), Stop> {
    let desk = state.opened()?;
    let items = counsel.differs(&desk.items);
    if items.is_empty() { Ok(()) } else { Err(Refusal::RulesNotAdopted { items, on: desk.adopted }.into()) }
}

/// Every act is measured by the desk's own numbers, so these at least are as adopted, once something was: a licence can be suspended while
/// other texts wait to be adopted. Founding and adopting come before them.
fn numbers_adopted(state: &State, counsel: &Counsel<'_>, act: &Act) -> Result<(), Stop> {
    if matches!(act, Act::Found { .. } | Act::AdoptRules { .. }) {
        return Ok(());
    }
    let desk = state.opened()?;
    let mut items = counsel.differs(&desk.items);
    items.retain(|(item, _)| item == "desk.toml");
    if items.is_empty() || desk.adopted.is_none() {
        return Ok(());
    }
    Err(Refusal::RulesNotAdopted { items, on: desk.adopted }.into())
}

/// An approval names what was read, by its hash or how that begins; the whole hash is what is sealed.
fn seen(what: &str, hash: String, seen: &str) -> Result<String, Stop> {
    let said = seen.trim().to_ascii_lowercase();
    if said.len() < SEEN {
        return Err(Refusal::SeenNeeded { what: what.to_owned() }.into());
    }
    if hash.starts_with(&said) {
        return Ok(hash);
    }
    Err(Refusal::SeenOther { what: what.to_owned(), seen: said }.into())
}

fn there<T>(record: Option<T>, what: &str, id: &str) -> Result<T, Stop> {
    record.ok_or_else(|| Refusal::Unknown { what: format!("{what} {id}") }.into())
}

/// A new name: well formed, and nobody has it.
fn fresh<T>(record: Option<T>, what: &str, id: &str) -> Result<(), Stop> {
    name_ok(id)?;
    match record {
        None => Ok(()),
        Some(_) => Err(Refusal::Exists { what: format!("{what} {id}") }.into()),
    }
}

fn wrong(what: &str, id: &str, is: &str) -> Stop {
    Refusal::WrongState { what: format!("{what} {id}"), is: is.to_owned() }.into()
}

/// The longest id.
const LONGEST_NAME: usize = 64;
/// The longest text of one fact, reason or reference.
const LONGEST_TEXT: usize = 2000;
/// Facts that no case exceeds.
const MOST_FACTS: usize = 200;

/// Ids are plain ASCII, so that no two look alike.
fn name_ok(name: &str) -> Result<(), Stop> {
    if is_name(name) {
        return Ok(());
    }
    Err(Refusal::BadName { name: name.chars().take(LONGEST_NAME).collect() }.into())
}

/// Whether a text can be an id.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    text.len() <= LONGEST_NAME && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

/// Every text of an act is short, and shows what it holds.
fn texts_ok(act: &Act) -> Result<(), Stop> {
    let value = serde_json::to_value(act).unwrap_or_default();
    texts_of("command", &value)
}

fn texts_of(what: &str, value: &serde_json::Value) -> Result<(), Stop> {
    match value {
        serde_json::Value::String(text) => text_ok(what, text),
        serde_json::Value::Array(list) => {
            list.iter().take(MOST_FACTS).try_for_each(|v| texts_of(what, v)).and_then(|()| few(what, list.len()))
        }
        serde_json::Value::Object(map) => {
            few(what, map.len())?;
            map.iter().try_for_each(|(name, v)| text_ok("a name", name).and_then(|()| texts_of(name, v)))
        }
        _ => Ok(()),
    }
}

fn few(what: &str, len: usize) -> Result<(), Stop> {
    if len <= MOST_FACTS {
        return Ok(());
    }
    Err(Refusal::BadText { what: what.to_owned(), why: format!("more than {MOST_FACTS} items") }.into())
}

fn text_ok(what: &str, text: &str) -> Result<(), Stop> {
    let bad = |why: String| Err(Refusal::BadText { what: what.chars().take(LONGEST_NAME).collect(), why }.into());
    if text.len() > LONGEST_TEXT {
        return bad(format!("longer than {LONGEST_TEXT} bytes"));
    }
    match text.chars().find(|c| hidden(*c)) {
        Some(c) => bad(format!("holds U+{:04X}, which cannot be seen", c as u32)),
        None => Ok(()),
    }
}

/// Control characters, and what turns or hides text: two names that look alike would not be.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{2060}'..='\u{206f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// No account would leave what 64 bits hold. Also brings every account along that the event moves.
fn balances_ok(state: &State, event: &Event) -> Result<(), Stop> {
    for posting in postings(state, event)? {
        let kept = state.account(&posting.account)?.and_then(|a| a.balances.get(&posting.measure)).copied().unwrap_or(0);
        if kept.checked_add(posting.amount).is_none() {
            return Err(Refusal::OutOfRange { what: posting.measure }.into());
        }
    }
    Ok(())
}

/// What an account holds of a measure.
fn balance(state: &State, account: &str, measure: &str) -> Result<i64, Stop> {
    Ok(state.account(account)?.and_then(|a| a.balances.get(measure)).copied().unwrap_or(0))
}

/// An amount that moves: more than nothing.
fn positive(what: &str, amount: i64) -> Result<(), Stop> {
    if amount < 1 {
        return Err(Refusal::NotPositive { what: what.to_owned() }.into());
    }
    amount_ok(what, amount)
}

fn amount_ok(what: &str, amount: i64) -> Result<(), Stop> {
    if (0..=MOST).contains(&amount) {
        return Ok(());
    }
    Err(Refusal::OutOfRange { what: what.to_owned() }.into())
}

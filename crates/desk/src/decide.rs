//! The engine: a state and a command in, sealed entries or a refusal out. Nothing is changed here.

mod applications;
mod licences;
mod money;
mod people;
mod shipments;

pub(crate) use shipments::whole_facts;

use jiff::ToSpan;

use crate::command::{Act, Command, Role};
use crate::counsel::{Counsel, MOST};
use crate::entry::{Event, Sealed, seal};
use crate::ledger::postings;
use crate::refusal::{Refusal, Stop};
use crate::state::State;

/// What becomes of a command that is not refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Entries to append behind the head.
    New(Vec<Sealed>),
    /// It was done before: first and last entry.
    Already(u64, u64),
}

/// Decides one command.
///
/// # Errors
/// The refusal, or the record that was not brought along: bring it and ask again.
pub fn decide(state: &State, counsel: &mut Counsel<'_>, command: &Command) -> Result<Answer, Stop> {
    name_ok(&command.key)?;
    name_ok(&command.actor)?;
    let digest = command.digest();
    if let Some(done) = state.done(&command.key)? {
        if done.digest == digest {
            return Ok(Answer::Already(done.first, done.last));
        }
        return Err(Refusal::KeyReused { key: command.key.clone(), seq: done.first }.into());
    }
    if command.at.saturating_add(counsel.rules.clock_skew.seconds.seconds()).is_ok_and(|at| at < state.head.at) {
        return Err(Refusal::ClockWentBack { last: state.head.at.to_string() }.into());
    }
    texts_ok(&command.act)?;
    let events = events(state, counsel, command)?;
    for event in &events {
        balances_ok(state, event)?;
    }
    Ok(Answer::New(seal(&state.head, command, digest, events)))
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
        Act::Invoice { .. } | Act::Pay { .. } | Act::Refund { .. } | Act::StrikeFee { .. } => money::decide(state, command),
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

/// The regimes read now must be those that the desk adopted.
fn rules_adopted(state: &State, counsel: &Counsel<'_>) -> Result<(), Stop> {
    let adopted = &state.opened()?.packs;
    for law in &counsel.corridor.laws {
        if adopted.get(&law.id).is_none_or(|hash| hash != regime::pack_hash(law)) {
            return Err(Refusal::RulesNotAdopted { regime: law.id.clone() }.into());
        }
    }
    Ok(())
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

fn amount_ok(what: &str, amount: i64) -> Result<(), Stop> {
    if (0..=MOST).contains(&amount) {
        return Ok(());
    }
    Err(Refusal::OutOfRange { what: what.to_owned() }.into())
}

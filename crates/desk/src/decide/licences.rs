//! Licences with their conditions and terms, and notifications with their clocks.

use facts::Date;
use jiff::ToSpan;

use crate::command::{Act, Command, Role, Terms, laid};
use crate::counsel::{Counsel, MOST};
use crate::entry::Event;
use crate::refusal::{Refusal, Stop};
use crate::state::{Licence, Notification, Stage, Standing, State};

use super::{balance, fresh, name_ok, role, rules_adopted, seen, there, wrong};

pub(super) fn decide(state: &State, counsel: &Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    let event = match &command.act {
        Act::Issue { licence, application, terms } => issue(state, command, licence, application, terms)?,
        Act::GiveEvidence { licence, clause, document } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.licence(licence)?, "licence", licence)?;
            conditioned(record, clause)?;
            if document.trim().is_empty() {
                return Err(Refusal::FactNeeded { fact: "document".to_owned() }.into());
            }
            Event::EvidenceGiven { licence: licence.clone(), clause: clause.clone(), document: document.clone() }
        }
        Act::WithdrawEvidence { licence, clause, reason } => {
            role(state, command, &[Role::Analyst, Role::Approver])?;
            let record = there(state.licence(licence)?, "licence", licence)?;
            conditioned(record, clause)?;
            Event::EvidenceWithdrawn { licence: licence.clone(), clause: clause.clone(), reason: reason.clone() }
        }
        Act::AskAmendment { licence, terms, reason } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.licence(licence)?, "licence", licence)?;
            standing(record, licence, &[Standing::Open, Standing::Suspended])?;
            terms_ok(terms)?;
            Event::AmendmentAsked { licence: licence.clone(), terms: terms.clone(), reason: reason.clone() }
        }
        Act::ApproveAmendment { licence, seen } => amend(state, command, licence, seen)?,
        Act::Suspend { licence, reason } => {
            role(state, command, &[Role::Approver])?;
            standing(there(state.licence(licence)?, "licence", licence)?, licence, &[Standing::Open])?;
            Event::Suspended { licence: licence.clone(), reason: reason.clone() }
        }
        Act::Reinstate { licence, reason } => {
            role(state, command, &[Role::Approver])?;
            standing(there(state.licence(licence)?, "licence", licence)?, licence, &[Standing::Suspended])?;
            Event::Reinstated { licence: licence.clone(), reason: reason.clone() }
        }
        Act::Revoke { licence, reason } => {
            role(state, command, &[Role::Approver])?;
            standing(there(state.licence(licence)?, "licence", licence)?, licence, &[Standing::Open, Standing::Suspended])?;
            Event::Revoked { licence: licence.clone(), reason: reason.clone() }
        }
        _ => notification(state, counsel, command)?,
    };
    Ok(vec![event])
}

/// Terms within what a second person approved.
fn issue(state: &State, command: &Command, licence: &str, application: &str, terms: &Terms) -> Result<Event, Stop> {
    role(state, command, &[Role::Analyst, Role::Approver])?;
    fresh(state.licence(licence)?, "licence", licence)?;
    let record = there(state.application(application)?, "application", application)?;
    if record.stage != Stage::Approved {
        return Err(wrong("application", application, record.stage.word()));
    }
    terms_ok(terms)?;
    if terms.units > record.goods.units {
        return Err(Refusal::UnitsExceeded { left: record.goods.units, asked: terms.units }.into());
    }
    if terms.value > record.goods.value {
        return Err(Refusal::ValueExceeded { left: record.goods.value, asked: terms.value }.into());
    }
    let valid = record.valid;
    if terms.from < valid.from || terms.until > valid.until {
        let (from, until, approved_from, approved_until) = (terms.from, terms.until, valid.from, valid.until);
        return Err(Refusal::BeyondApproved { from, until, approved_from, approved_until }.into());
    }
    Ok(Event::Issued { licence: licence.to_owned(), application: application.to_owned(), terms: terms.clone() })
}

/// Terms that others asked for, as they were read; never below what is reserved and shipped.
fn amend(state: &State, command: &Command, licence: &str, read: &str) -> Result<Event, Stop> {
    role(state, command, &[Role::Approver])?;
    let record = there(state.licence(licence)?, "licence", licence)?;
    let (Some(asked), Some(hash)) = (&record.amendment, record.amendment_hash(licence)) else {
        return Err(wrong("licence", licence, "without an amendment that was asked for"));
    };
    let (terms, actor) = (&asked.terms, command.actor.clone());
    if asked.by.contains(&actor) {
        return Err(Refusal::OwnWork { actor }.into());
    }
    if state.opened()?.adopters.contains(&actor) {
        return Err(Refusal::AdoptedTheRules { actor }.into());
    }
    standing(record, licence, &[Standing::Open, Standing::Suspended])?;
    let left = |measure: String| balance(state, &format!("licence/{licence}/available"), &measure);
    let (units, value) = (left(format!("units of {}", record.goods.part))?, left(format!("value in {}", record.goods.currency))?);
    let (less_units, less_value) = (record.terms.units - terms.units, record.terms.value - terms.value);
    if less_units > units {
        return Err(Refusal::UnitsExceeded { left: units, asked: less_units }.into());
    }
    if less_value > value {
        return Err(Refusal::ValueExceeded { left: value, asked: less_value }.into());
    }
    let seen = seen(&format!("licence/{licence}"), hash, read)?;
    Ok(Event::AmendmentApproved { licence: licence.to_owned(), seen })
}

fn terms_ok(terms: &Terms) -> Result<(), Stop> {
    let why = if terms.from > terms.until {
        "they end before they begin"
    } else if !(1..=MOST).contains(&terms.units) || !(0..=MOST).contains(&terms.value) {
        "quantity or value is out of range"
    } else {
        return Ok(());
    };
    Err(Refusal::BadTerms { why: why.to_owned() }.into())
}

fn conditioned(licence: &Licence, clause: &str) -> Result<(), Stop> {
    if licence.conditions.contains_key(clause) {
        return Ok(());
    }
    let known = licence.conditions.keys().cloned().collect();
    Err(Refusal::NoSuchCondition { clause: clause.to_owned(), known }.into())
}

fn standing(licence: &Licence, id: &str, one_of: &[Standing]) -> Result<(), Stop> {
    if one_of.contains(&licence.standing) {
        return Ok(());
    }
    let is = match licence.standing {
        Standing::Open => "open",
        Standing::Suspended => "suspended",
        Standing::Revoked => "revoked",
    };
    Err(wrong("licence", id, is))
}

fn notification(state: &State, counsel: &Counsel<'_>, command: &Command) -> Result<Event, Stop> {
    role(state, command, &[Role::Analyst])?;
    match &command.act {
        Act::Notify { notification, clause, facts, on } => {
            fresh(state.notification(notification)?, "notification", notification)?;
            rules_adopted(state, counsel)?;
            let clock = counsel.rules.clock(clause).ok_or_else(|| Refusal::NoSuchClock { clause: clause.clone() })?;
            let facts = counsel.named(facts)?;
            let goods = counsel.goods(&counsel.case(&laid(&[&facts]))?)?;
            let due = on.saturating_add(clock.days.days());
            let (notification, clause) = (notification.clone(), clause.clone());
            Ok(Event::Notified { notification, clause, facts, goods, on: *on, due })
        }
        Act::StopClock { notification, on, reason } => {
            let record = there(state.notification(notification)?, "notification", notification)?;
            running(record)?;
            after(*on, record.on, record.due)?;
            Ok(Event::ClockStopped { notification: notification.clone(), on: *on, reason: reason.clone() })
        }
        Act::ResumeClock { notification, on } => {
            let record = there(state.notification(notification)?, "notification", notification)?;
            let Some(since) = record.stopped else { return Err(wrong("clock of notification", notification, "running")) };
            after(*on, since, Date::MAX)?;
            let stood = since.until(*on).map(|span| span.get_days()).unwrap_or(0);
            let due = record.due.saturating_add(stood.days());
            Ok(Event::ClockResumed { notification: notification.clone(), on: *on, due })
        }
        Act::Confirm { notification, number, on } => {
            let record = there(state.notification(notification)?, "notification", notification)?;
            running(record)?;
            name_ok(number)?;
            if record.number.is_some() {
                return Err(wrong("notification", notification, "confirmed"));
            }
            Ok(Event::Confirmed { notification: notification.clone(), number: number.clone(), on: *on })
        }
        _ => Err(Refusal::Unknown { what: "act".to_owned() }.into()),
    }
}

fn running(record: &Notification) -> Result<(), Stop> {
    match record.stopped {
        Some(since) => Err(Refusal::ClockStopped { since }.into()),
        None => Ok(()),
    }
}

fn after(day: Date, from: Date, until: Date) -> Result<(), Stop> {
    if (from..=until).contains(&day) { Ok(()) } else { Err(Refusal::NotValidOn { day, from, until }.into()) }
}

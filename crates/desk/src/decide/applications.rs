//! Applications: entered, edited, reviewed, and approved by four eyes.

use regime::{Outcome, Policy};

use crate::command::{Act, Asked, Command, Facts, Role, laid};
use crate::counsel::{Counsel, Ruled};
use crate::entry::Event;
use crate::refusal::{Refusal, Stop};
use crate::state::{Application, Span, Stage, State};

use super::{fresh, role, rules_adopted, seen, there, wrong};

pub(super) fn decide(state: &State, counsel: &mut Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    let event = match &command.act {
        Act::Apply { application, facts, documents, asked } => {
            role(state, command, &[Role::Analyst])?;
            fresh(state.application(application)?, "application", application)?;
            let (facts, ruled, valid) = entered(state, counsel, facts, *asked)?;
            let (application, documents) = (application.clone(), documents.clone());
            Event::Applied { application, facts, documents, goods: ruled.goods, ruling: ruled.ruling, valid }
        }
        Act::Edit { application, facts, documents, asked } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.application(application)?, "application", application)?;
            if matches!(record.stage, Stage::Refused | Stage::Licensed) {
                return Err(wrong("application", application, record.stage.word()));
            }
            let (facts, ruled, valid) = entered(state, counsel, facts, *asked)?;
            let (application, documents) = (application.clone(), documents.clone());
            Event::Edited { application, facts, documents, goods: ruled.goods, ruling: ruled.ruling, valid }
        }
        Act::Submit { application } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.application(application)?, "application", application)?;
            match record.stage {
                Stage::Draft => {}
                Stage::Returned => return Err(wrong("application", application, "returned; edit it, and then submit it")),
                stage => return Err(wrong("application", application, stage.word())),
            }
            Event::Submitted { application: application.clone() }
        }
        Act::Approve { application, reason, seen: read } => {
            let record = four_eyes(state, command, application)?;
            approvable(state, counsel, record, reason)?;
            let seen = seen(&format!("application/{application}"), record.hash(application), read)?;
            Event::Approved { application: application.clone(), reason: reason.clone(), seen }
        }
        Act::Refuse { application, reason } => {
            four_eyes(state, command, application)?;
            reasoned("a refusal", reason)?;
            Event::Refused { application: application.clone(), reason: reason.clone() }
        }
        Act::Return { application, reason } => {
            four_eyes(state, command, application)?;
            reasoned("a return", reason)?;
            Event::Returned { application: application.clone(), reason: reason.clone() }
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![event])
}

/// Facts as the law reads them, what it says, and for how long a licence is asked.
fn entered(state: &State, counsel: &mut Counsel<'_>, facts: &Facts, asked: Asked) -> Result<(Facts, Ruled, Span), Stop> {
    rules_adopted(state, counsel)?;
    let facts = counsel.named(facts)?;
    let ruled = counsel.rule(state, &laid(&[&facts]), true, &[])?;
    let from = asked.from.unwrap_or(ruled.ruling.day);
    let until = asked.until.unwrap_or_else(|| counsel.rules.valid_until(from));
    if from > until {
        return Err(Refusal::BadTerms { why: format!("they end on {until}, before they begin on {from}") }.into());
    }
    Ok((facts, ruled, Span { from, until }))
}

fn reasoned(what: &str, reason: &str) -> Result<(), Stop> {
    if reason.trim().is_empty() { Err(Refusal::ReasonNeeded { what: what.to_owned() }.into()) } else { Ok(()) }
}

/// Who decides on an application is an approver who wrote no part of it, at whatever time, and adopted no rules.
fn four_eyes<'a>(state: &'a State, command: &Command, application: &str) -> Result<&'a Application, Stop> {
    role(state, command, &[Role::Approver])?;
    let record = there(state.application(application)?, "application", application)?;
    let actor = command.actor.clone();
    if record.author == actor {
        return Err(Refusal::OwnWork { actor }.into());
    }
    if record.editors.contains(&actor) {
        return Err(Refusal::Editor { actor }.into());
    }
    if state.opened()?.adopters.contains(&actor) {
        return Err(Refusal::AdoptedTheRules { actor }.into());
    }
    if record.stage != Stage::InReview {
        return Err(wrong("application", application, record.stage.word()));
    }
    Ok(record)
}

/// Only what the law leaves to a licence can be approved, and only under the rules by which it was decided.
fn approvable(state: &State, counsel: &mut Counsel<'_>, record: &Application, reason: &str) -> Result<(), Stop> {
    rules_adopted(state, counsel)?;
    if record.ruling.rules != counsel.rules_hash() {
        return Err(Refusal::RulesChanged { on: state.opened()?.adopted }.into());
    }
    let outcome = record.ruling.outcome.clone();
    match Outcome::parse(&outcome) {
        Some(Outcome::Licence(Policy::Approval | Policy::CaseByCase)) => Ok(()),
        Some(Outcome::Licence(Policy::Unstated | Policy::Denial)) => {
            reasoned(&format!("an approval where the law says {outcome}"), reason)
        }
        Some(Outcome::Free | Outcome::Exception | Outcome::ExceptionOpen) => Err(Refusal::NoLicenceNeeded { outcome }.into()),
        Some(Outcome::Prohibited) | None => {
            let by = record.ruling.gates.iter().filter(|g| g.outcome == outcome).find_map(|g| g.by.clone());
            Err(Refusal::LawForbids { outcome, by: by.unwrap_or_default() }.into())
        }
        Some(Outcome::Undetermined) => {
            let case = counsel.case(&laid(&[&record.facts]))?;
            Err(Refusal::Undetermined { missing: counsel.missing(state, &case)? }.into())
        }
    }
}

//! Applications: entered, edited, reviewed, and approved by four eyes.

use regime::{Outcome, Policy};

use crate::command::{Act, Command, Facts, Role, laid};
use crate::counsel::Counsel;
use crate::entry::Event;
use crate::refusal::{Refusal, Stop};
use crate::state::{Application, Stage, State};

use super::{fresh, role, rules_adopted, there, wrong};

pub(super) fn decide(state: &State, counsel: &mut Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    let event = match &command.act {
        Act::Apply { application, facts, documents } => {
            role(state, command, &[Role::Analyst])?;
            fresh(state.application(application)?, "application", application)?;
            let ruled = entered(state, counsel, facts)?;
            let (application, facts, documents) = (application.clone(), facts.clone(), documents.clone());
            Event::Applied { application, facts, documents, goods: ruled.goods, ruling: ruled.ruling }
        }
        Act::Edit { application, facts, documents } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.application(application)?, "application", application)?;
            if matches!(record.stage, Stage::Refused | Stage::Licensed) {
                return Err(wrong("application", application, record.stage.word()));
            }
            let ruled = entered(state, counsel, facts)?;
            let (application, facts, documents) = (application.clone(), facts.clone(), documents.clone());
            Event::Edited { application, facts, documents, goods: ruled.goods, ruling: ruled.ruling }
        }
        Act::Submit { application } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.application(application)?, "application", application)?;
            if record.stage != Stage::Draft {
                return Err(wrong("application", application, record.stage.word()));
            }
            Event::Submitted { application: application.clone() }
        }
        Act::Approve { application, reason } => {
            let record = four_eyes(state, command, application)?;
            approvable(state, counsel, record, reason)?;
            Event::Approved { application: application.clone(), reason: reason.clone() }
        }
        Act::Refuse { application, reason } => {
            four_eyes(state, command, application)?;
            reasoned(reason)?;
            Event::Refused { application: application.clone(), reason: reason.clone() }
        }
        Act::Return { application, reason } => {
            four_eyes(state, command, application)?;
            reasoned(reason)?;
            Event::Returned { application: application.clone(), reason: reason.clone() }
        }
        _ => return Ok(Vec::new()),
    };
    Ok(vec![event])
}

fn entered(state: &State, counsel: &mut Counsel<'_>, facts: &Facts) -> Result<crate::counsel::Ruled, Stop> {
    rules_adopted(state, counsel)?;
    counsel.rule(state, &laid(&[facts]), true, &[])
}

fn reasoned(reason: &str) -> Result<(), Stop> {
    if reason.trim().is_empty() { Err(Refusal::ReasonNeeded.into()) } else { Ok(()) }
}

/// Who decides on an application is an approver, neither its author nor its last editor, and adopted no rules.
fn four_eyes<'a>(state: &'a State, command: &Command, application: &str) -> Result<&'a Application, Stop> {
    role(state, command, &[Role::Approver])?;
    let record = there(state.application(application)?, "application", application)?;
    let actor = command.actor.clone();
    if record.author == actor {
        return Err(Refusal::OwnWork { actor }.into());
    }
    if record.last_editor == actor {
        return Err(Refusal::LastEditor { actor }.into());
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
    let adopted = &state.opened()?.packs;
    if let Some(gate) = record.ruling.gates.iter().find(|g| adopted.get(&g.regime) != Some(&g.pack)) {
        return Err(Refusal::RulesChanged { regime: gate.regime.clone() }.into());
    }
    let outcome = record.ruling.outcome.clone();
    match Outcome::parse(&outcome) {
        Some(Outcome::Licence(Policy::Approval | Policy::CaseByCase)) => Ok(()),
        Some(Outcome::Licence(Policy::Unstated | Policy::Denial)) => reasoned(reason),
        Some(Outcome::Free | Outcome::Exception | Outcome::ExceptionOpen) => Err(Refusal::NoLicenceNeeded { outcome }.into()),
        Some(Outcome::Prohibited) | None => {
            let by = record.ruling.gates.iter().filter(|g| g.outcome == outcome).find_map(|g| g.by.clone());
            Err(Refusal::LawForbids { outcome, by: by.unwrap_or_default() }.into())
        }
        Some(Outcome::Undetermined) => {
            rules_adopted(state, counsel)?;
            let case = counsel.case(&laid(&[&record.facts]))?;
            Err(Refusal::Undetermined { missing: counsel.missing(state, &case)? }.into())
        }
    }
}

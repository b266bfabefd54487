//! Who may do what, which rules hold, and what is kept for an inquiry.

use crate::command::{Act, Command, Role};
use crate::counsel::Counsel;
use crate::entry::Event;
use crate::refusal::{Refusal, Stop};
use crate::state::State;

use super::{fresh, name_ok, role};

pub(super) fn decide(state: &State, counsel: &Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    let event = match &command.act {
        Act::Found { desk } => {
            if state.desk("desk")?.is_some() {
                return Err(Refusal::AlreadyFounded.into());
            }
            fresh(None::<()>, "desk", desk)?;
            Event::Founded { desk: desk.clone() }
        }
        Act::GrantRole { person, role: asked } => {
            role(state, command, &[Role::Admin])?;
            name_ok(person)?;
            let roles = state.person(person)?.map(|p| p.roles.clone()).unwrap_or_default();
            if let Some(has) = roles.iter().find(|has| exclude(**has, *asked)) {
                return Err(Refusal::RolesExclude { person: person.clone(), has: *has, asked: *asked }.into());
            }
            Event::RoleGranted { person: person.clone(), role: *asked }
        }
        Act::WithdrawRole { person, role: taken } => {
            role(state, command, &[Role::Admin])?;
            if !state.person(person)?.is_some_and(|p| p.roles.contains(taken)) {
                return Err(Refusal::Unknown { what: format!("{} {person}", taken.word()) }.into());
            }
            if *taken == Role::Admin && state.opened()?.admins <= 1 {
                return Err(Refusal::LastAdmin.into());
            }
            Event::RoleWithdrawn { person: person.clone(), role: *taken }
        }
        Act::AdoptRules { items } => {
            role(state, command, &[Role::Admin])?;
            // What is adopted is what is read here, whole.
            let differs = counsel.differs(items);
            if !differs.is_empty() || counsel.corridor.laws.is_empty() {
                return Err(Refusal::NotWhatIsRead { items: differs }.into());
            }
            Event::RulesAdopted { items: items.clone() }
        }
        Act::Hold { subject, reason } => {
            role(state, command, &[Role::Auditor, Role::Admin])?;
            if state.record(subject)?.is_none() {
                return Err(Refusal::Unknown { what: subject.clone() }.into());
            }
            if state.hold(subject)?.is_some_and(|h| h.stands) {
                return Err(Refusal::HoldStands { subject: subject.clone(), held: true }.into());
            }
            Event::HoldPlaced { subject: subject.clone(), reason: reason.clone() }
        }
        Act::ReleaseHold { subject, reason } => {
            role(state, command, &[Role::Auditor, Role::Admin])?;
            let Some(hold) = state.hold(subject)?.filter(|h| h.stands) else {
                return Err(Refusal::HoldStands { subject: subject.clone(), held: false }.into());
            };
            if hold.by == command.actor {
                return Err(Refusal::OwnWork { actor: command.actor.clone() }.into());
            }
            Event::HoldReleased { subject: subject.clone(), reason: reason.clone() }
        }
        _ => return Ok(Vec::new()),
    };
    // A desk that nobody was known to has one person: its founder, and the records of both are made now.
    if let Act::Found { .. } = &command.act {
        state.person(&command.actor)?;
    }
    Ok(vec![event])
}

/// Nobody edits rules and approves; who audits does nothing else but look.
fn exclude(a: Role, b: Role) -> bool {
    let pair = |x, y| (a, b) == (x, y) || (a, b) == (y, x);
    let audits = |x: Role, y: Role| x == Role::Auditor && !matches!(y, Role::Auditor | Role::Viewer);
    pair(Role::Admin, Role::Approver) || audits(a, b) || audits(b, a)
}

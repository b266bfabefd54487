//! One event after another onto the state. Nothing here decides: what is sealed happened.

mod dues;

use std::collections::BTreeMap;

use facts::Date;
use jiff::tz::TimeZone;

use crate::command::Basis;
use crate::counsel::{CountedFlow, Goods};
use crate::entry::{Entry, Event, Head, Sealed};
use crate::ledger::postings;
use crate::refusal::{Refusal, Stop};
use crate::state::{
    Account, Amendment, Application, Condition, Desk, Done, Flow, Hold, Licence, Notification, Passage, Person, Shipment, Stage,
    Standing, State,
};

use dues::{assess, money};
pub(crate) use dues::{due_id, dues};

/// Applies a sealed entry.
///
/// # Errors
/// Records that were not brought along; in a log that was tampered with, things that nobody knows.
pub fn apply(state: &mut State, sealed: &Sealed) -> Result<(), Stop> {
    let entry = &sealed.entry;
    for posting in postings(state, &entry.event)? {
        if state.account(&posting.account)?.is_none() {
            state.put(&posting.account, Account::default());
        }
        if let Some(account) = state.account_mut(&posting.account) {
            let balance = account.balances.entry(posting.measure).or_insert(0);
            *balance = balance.saturating_add(posting.amount);
        }
    }
    let day = TimeZone::UTC.to_datetime(entry.clock.unwrap_or(entry.at)).date();
    happen(state, entry, day)?;
    if let (Some(why), Some(subject)) = (&entry.late, entry.event.subject()) {
        state.enlist(format!("late|{subject}"), why);
    }
    state.head = Head { seq: entry.seq, hash: sealed.hash.clone(), at: entry.at };
    if !entry.digest.is_empty() {
        let done = Done { digest: entry.digest.clone(), first: entry.seq, last: entry.seq.saturating_add(entry.more) };
        state.put(&entry.key, done);
    }
    Ok(())
}

fn happen(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    match &entry.event {
        Event::Founded { .. } | Event::RoleGranted { .. } | Event::RoleWithdrawn { .. } | Event::RulesAdopted { .. } => {
            people(state, entry, day)
        }
        Event::Applied { .. }
        | Event::Edited { .. }
        | Event::Submitted { .. }
        | Event::Approved { .. }
        | Event::Refused { .. }
        | Event::Returned { .. } => application(state, entry, day),
        Event::Issued { .. }
        | Event::EvidenceGiven { .. }
        | Event::EvidenceWithdrawn { .. }
        | Event::AmendmentAsked { .. }
        | Event::AmendmentApproved { .. }
        | Event::Suspended { .. }
        | Event::Reinstated { .. }
        | Event::Revoked { .. } => licence(state, entry, day),
        Event::Notified { .. } | Event::ClockStopped { .. } | Event::ClockResumed { .. } | Event::Confirmed { .. } => {
            notification(state, entry, day)
        }
        Event::Reserved { .. }
        | Event::Posted { .. }
        | Event::Voided { .. }
        | Event::Corrected { .. }
        | Event::TakenBack { .. }
        | Event::QuotaBreached { .. } => shipment(state, entry, day),
        Event::Invoiced { .. }
        | Event::Paid { .. }
        | Event::Refunded { .. }
        | Event::FeeStruck { .. }
        | Event::FeeReversed { .. } => money(state, entry, day),
        Event::HoldPlaced { subject, reason } => {
            let hold = Hold { reason: reason.clone(), by: entry.actor.clone(), on: day, stands: true };
            state.put(subject, hold);
            Ok(())
        }
        Event::HoldReleased { subject, .. } => known(state.hold_mut(subject), subject).map(|hold| hold.stands = false),
    }
}

fn known<T>(record: Option<T>, what: &str) -> Result<T, Stop> {
    record.ok_or_else(|| Refusal::Unknown { what: what.to_owned() }.into())
}

fn people(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    use crate::command::Role;
    match &entry.event {
        Event::Founded { desk } => {
            state.put("desk", Desk { name: desk.clone(), admins: 1, ..Desk::default() });
            state.put(&entry.actor, Person { roles: [Role::Admin].into() });
            state.enlist("people".to_owned(), &entry.actor);
        }
        Event::RoleGranted { person, role } => {
            if state.person(person)?.is_none() {
                state.put(person, Person::default());
                state.enlist("people".to_owned(), person);
            }
            let added = known(state.person_mut(person), person)?.roles.insert(*role);
            if added && *role == Role::Admin {
                known(state.desk_mut("desk"), "desk")?.admins += 1;
            }
        }
        Event::RoleWithdrawn { person, role } => {
            let taken = known(state.person_mut(person), person)?.roles.remove(role);
            if taken && *role == Role::Admin {
                known(state.desk_mut("desk"), "desk")?.admins -= 1;
            }
        }
        Event::RulesAdopted { items } => {
            let desk = known(state.desk_mut("desk"), "desk")?;
            desk.items.clone_from(items);
            desk.adopted = Some(day);
            desk.adopters.insert(entry.actor.clone());
        }
        _ => {}
    }
    Ok(())
}

fn application(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    match &entry.event {
        Event::Applied { application: id, facts, documents, goods, ruling, valid } => {
            let application = Application {
                facts: facts.clone(),
                documents: documents.clone(),
                goods: goods.clone(),
                ruling: ruling.clone(),
                valid: *valid,
                stage: Stage::Draft,
                author: entry.actor.clone(),
                editors: [entry.actor.clone()].into(),
                approver: None,
                submitted: None,
                reason: String::new(),
                touched: day,
            };
            state.put(id, application);
            found(state, &format!("application/{id}"), goods, documents);
        }
        Event::Edited { application: id, facts, documents, goods, ruling, valid } => {
            let record = known(state.application_mut(id), id)?;
            record.facts.clone_from(facts);
            record.documents.clone_from(documents);
            record.goods.clone_from(goods);
            record.ruling.clone_from(ruling);
            record.valid = *valid;
            record.editors.insert(entry.actor.clone());
            (record.stage, record.approver, record.submitted, record.touched) = (Stage::Draft, None, None, day);
            found(state, &format!("application/{id}"), goods, documents);
        }
        Event::Submitted { application: id } => {
            let record = known(state.application_mut(id), id)?;
            (record.stage, record.submitted, record.touched) = (Stage::InReview, Some(day), day);
        }
        Event::Approved { application: id, reason, .. } => {
            let record = known(state.application_mut(id), id)?;
            (record.stage, record.touched) = (Stage::Approved, day);
            record.approver = Some(entry.actor.clone());
            record.reason.clone_from(reason);
        }
        Event::Refused { application: id, reason } => {
            let record = known(state.application_mut(id), id)?;
            (record.stage, record.touched) = (Stage::Refused, day);
            record.reason.clone_from(reason);
        }
        Event::Returned { application: id, reason } => {
            let record = known(state.application_mut(id), id)?;
            (record.stage, record.touched) = (Stage::Returned, day);
            record.reason.clone_from(reason);
        }
        _ => {}
    }
    Ok(())
}

/// Makes a record findable by party, country and document number.
fn found(state: &mut State, name: &str, goods: &Goods, documents: &[String]) {
    state.enlist(heading("party", &goods.consignee), name);
    state.enlist(heading("party", &goods.exporter), name);
    state.enlist(heading("country", &goods.to), name);
    for document in documents {
        state.enlist(heading("document", document), name);
    }
}

/// The heading under which records of a party, country or document are listed.
pub(crate) fn heading(what: &str, name: &str) -> String {
    format!("{what}|{}", name.to_lowercase())
}

fn licence(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    match &entry.event {
        Event::Issued { licence: id, application, terms } => {
            let from = known(state.application_mut(application), application)?;
            (from.stage, from.touched) = (Stage::Licensed, day);
            let needs = from.ruling.gates.iter().flat_map(|g| &g.needs).filter(|n| !n.attested_by.is_empty());
            let conditions = needs
                .map(|n| (n.clause.clone(), Condition { attested_by: n.attested_by.clone(), document: None }))
                .collect::<BTreeMap<_, _>>();
            let (facts, goods, documents) = (from.facts.clone(), from.goods.clone(), from.documents.clone());
            found(state, &format!("licence/{id}"), &goods, &documents);
            let licence = Licence {
                application: application.clone(),
                facts,
                goods,
                terms: terms.clone(),
                standing: Standing::Open,
                conditions,
                amendment: None,
                reason: String::new(),
                touched: day,
            };
            state.put(id, licence);
            return Ok(());
        }
        Event::EvidenceGiven { licence: id, clause, document } => {
            let record = known(state.licence_mut(id), id)?;
            record.conditions.entry(clause.clone()).or_default().document = Some(document.clone());
            state.enlist(heading("document", document), &format!("licence/{id}"));
        }
        Event::EvidenceWithdrawn { licence: id, clause, .. } => {
            known(state.licence_mut(id), id)?.conditions.entry(clause.clone()).or_default().document = None;
        }
        Event::AmendmentAsked { licence: id, terms, reason } => {
            let record = known(state.licence_mut(id), id)?;
            let mut by = record.amendment.take().map(|earlier| earlier.by).unwrap_or_default();
            by.insert(entry.actor.clone());
            record.amendment = Some(Amendment { terms: terms.clone(), reason: reason.clone(), by });
        }
        Event::AmendmentApproved { licence: id, .. } => {
            let record = known(state.licence_mut(id), id)?;
            if let Some(asked) = record.amendment.take() {
                record.terms = asked.terms;
            }
        }
        Event::Suspended { licence: id, reason } => stand(state, id, Standing::Suspended, reason)?,
        Event::Reinstated { licence: id, reason } => stand(state, id, Standing::Open, reason)?,
        Event::Revoked { licence: id, reason } => stand(state, id, Standing::Revoked, reason)?,
        _ => {}
    }
    if let Event::EvidenceGiven { licence: id, .. }
    | Event::EvidenceWithdrawn { licence: id, .. }
    | Event::AmendmentAsked { licence: id, .. }
    | Event::AmendmentApproved { licence: id, .. }
    | Event::Suspended { licence: id, .. }
    | Event::Reinstated { licence: id, .. }
    | Event::Revoked { licence: id, .. } = &entry.event
    {
        known(state.licence_mut(id), id)?.touched = day;
    }
    Ok(())
}

fn stand(state: &mut State, id: &str, standing: Standing, reason: &str) -> Result<(), Stop> {
    let record = known(state.licence_mut(id), id)?;
    record.standing = standing;
    record.reason = reason.to_owned();
    Ok(())
}

fn notification(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    match &entry.event {
        Event::Notified { notification: id, clause, facts, goods, on, due } => {
            let (clause, facts, goods) = (clause.clone(), facts.clone(), goods.clone());
            found(state, &format!("notification/{id}"), &goods, &[]);
            let record = Notification { clause, facts, goods, on: *on, due: *due, stopped: None, number: None, touched: day };
            state.put(id, record);
        }
        Event::ClockStopped { notification: id, on, .. } => {
            let record = known(state.notification_mut(id), id)?;
            (record.stopped, record.touched) = (Some(*on), day);
        }
        Event::ClockResumed { notification: id, due, .. } => {
            let record = known(state.notification_mut(id), id)?;
            (record.stopped, record.due, record.touched) = (None, *due, day);
        }
        Event::Confirmed { notification: id, number, .. } => {
            let record = known(state.notification_mut(id), id)?;
            record.number = Some(number.clone());
            record.touched = day;
            state.enlist(heading("document", number), &format!("notification/{id}"));
        }
        _ => {}
    }
    Ok(())
}

fn shipment(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    let id = match &entry.event {
        Event::Reserved { shipment: id, basis, facts, goods, ruling, counted } => {
            flow(state, counted, 1)?;
            let name = format!("shipment/{id}");
            match basis {
                Basis::Licence(holder) => state.enlist(format!("under|licence/{holder}"), &name),
                Basis::Notification(holder) => state.enlist(format!("under|notification/{holder}"), &name),
                // What goes on a licence is found through it, and its party and country are the licence's.
                Basis::Law => found(state, &name, goods, &[]),
            }
            let record = Shipment {
                basis: basis.clone(),
                facts: facts.clone(),
                goods: goods.clone(),
                outcome: ruling.outcome.clone(),
                passage: Passage::Reserved,
                returned: 0,
                counted: counted.clone(),
                fees: Vec::new(),
                touched: day,
            };
            state.put(id, record);
            id
        }
        Event::Posted { shipment: id, facts, goods, ruling, counted, fees } => {
            let before = std::mem::take(&mut known(state.shipment_mut(id), id)?.counted);
            flow(state, &before, -1)?;
            flow(state, counted, 1)?;
            assess(state, id, ruling.day, goods, fees, 1)?;
            let record = known(state.shipment_mut(id), id)?;
            for (name, value) in facts {
                record.facts.insert(name.clone(), value.clone());
            }
            record.goods.clone_from(goods);
            record.outcome.clone_from(&ruling.outcome);
            record.counted.clone_from(counted);
            record.fees.clone_from(fees);
            (record.passage, record.touched) = (Passage::Posted, day);
            id
        }
        Event::Voided { shipment: id, .. } => {
            let before = std::mem::take(&mut known(state.shipment_mut(id), id)?.counted);
            flow(state, &before, -1)?;
            let record = known(state.shipment_mut(id), id)?;
            (record.passage, record.touched) = (Passage::Void, day);
            id
        }
        Event::Corrected { shipment: id, .. } => {
            corrected(state, entry, day)?;
            id
        }
        Event::TakenBack { shipment: id, units, less, .. } => {
            flow(state, less, 1)?;
            let record = known(state.shipment_mut(id), id)?;
            record.returned = record.returned.saturating_add(*units);
            record.touched = day;
            id
        }
        Event::QuotaBreached { quota, of, .. } => {
            state.enlist("breaches".to_owned(), &format!("{} {quota} {of}", entry.seq));
            return Ok(());
        }
        _ => return Ok(()),
    };
    let basis = known(state.shipment(id)?, id)?.basis.clone();
    match basis {
        Basis::Licence(holder) => known(state.licence_mut(&holder), &holder)?.touched = day,
        Basis::Notification(holder) => known(state.notification_mut(&holder), &holder)?.touched = day,
        Basis::Law => {}
    }
    Ok(())
}

fn corrected(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    let Event::Corrected { shipment: id, goods, counted, fees, .. } = &entry.event else { return Ok(()) };
    let old = known(state.shipment(id)?, id)?.clone();
    let on = shipped_on(&old);
    flow(state, &old.counted, -1)?;
    flow(state, counted, 1)?;
    assess(state, id, on, &old.goods, &old.fees, -1)?;
    assess(state, id, on, goods, fees, 1)?;
    let record = known(state.shipment_mut(id), id)?;
    record.facts.insert("quantity".to_owned(), goods.units.to_string());
    record.facts.insert("value_usd".to_owned(), facts::money_text(goods.value));
    record.goods.clone_from(goods);
    record.counted.clone_from(counted);
    record.fees.clone_from(fees);
    record.touched = day;
    Ok(())
}

/// The day of a shipment, as its facts say.
pub(crate) fn shipped_on(shipment: &Shipment) -> Date {
    shipment.facts.get("date").and_then(|d| d.parse().ok()).unwrap_or(shipment.touched)
}

/// Adds what quotas count, or with -1 takes it off.
fn flow(state: &mut State, counted: &[CountedFlow], sign: i64) -> Result<(), Stop> {
    for counted in counted {
        if state.flow(&counted.flow)?.is_none() {
            state.put(&counted.flow, Flow::default());
            state.enlist("flows".to_owned(), &counted.flow);
        }
        let flow = known(state.flow_mut(&counted.flow), &counted.flow)?;
        let amount = sign.saturating_mul(counted.amount);
        let on_day = flow.days.entry(counted.day).or_insert(0);
        *on_day = on_day.saturating_add(amount);
        if *on_day == 0 {
            flow.days.remove(&counted.day);
        }
        flow.total = flow.total.saturating_add(amount);
    }
    Ok(())
}

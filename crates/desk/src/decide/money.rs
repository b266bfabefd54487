//! Bills, payments, refunds, and fees that are struck down.

use std::collections::{BTreeMap, BTreeSet};

use facts::Quarter;

use crate::apply::{due_id, dues, shipped_on};
use crate::command::{Act, Command, Role};
use crate::entry::Event;
use crate::refusal::{Refusal, Stop};
use crate::state::State;

use super::shipments::bring_due;
use super::{amount_ok, balances_ok, fresh, role, there};

pub(super) fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Stop> {
    match &command.act {
        Act::Invoice { invoice, payer, payee, currency, quarter } => {
            role(state, command, &[Role::Analyst])?;
            fresh(state.invoice(invoice)?, "invoice", invoice)?;
            let quarter =
                Quarter::parse(quarter).map_err(|why| Refusal::BadText { what: "quarter".to_owned(), why })?.to_string();
            let mut lines = BTreeMap::new();
            for id in state.list(&dues(payer, payee, currency, &quarter))? {
                let due = there(state.due(id)?, "line", id)?;
                let open = due.assessed - due.reversed - due.invoiced;
                if open > 0 {
                    lines.insert(id.clone(), open);
                }
            }
            if lines.is_empty() {
                return Err(Refusal::NothingDue.into());
            }
            let (invoice, payer, payee, currency) = (invoice.clone(), payer.clone(), payee.clone(), currency.clone());
            Ok(vec![Event::Invoiced { invoice, payer, payee, currency, quarter, lines }])
        }
        Act::Pay { invoice, minor, reference } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.invoice(invoice)?, "invoice", invoice)?;
            let due = record.billed - record.credited - record.paid + record.refunded;
            amount_ok("amount", *minor)?;
            if !(1..=due).contains(minor) {
                return Err(Refusal::Overpaid { due, asked: *minor }.into());
            }
            Ok(vec![Event::Paid { invoice: invoice.clone(), minor: *minor, reference: reference.clone() }])
        }
        Act::Refund { invoice, minor, reference } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.invoice(invoice)?, "invoice", invoice)?;
            let due = record.paid - record.refunded - (record.billed - record.credited);
            amount_ok("amount", *minor)?;
            if !(1..=due).contains(minor) {
                return Err(Refusal::NothingToRefund { due, asked: *minor }.into());
            }
            Ok(vec![Event::Refunded { invoice: invoice.clone(), minor: *minor, reference: reference.clone() }])
        }
        Act::StrikeFee { .. } => strike(state, command),
        _ => Ok(Vec::new()),
    }
}

/// Finds every assessment of the fee over some days, and reverses it.
fn strike(state: &State, command: &Command) -> Result<Vec<Event>, Stop> {
    let Act::StrikeFee { regime, clause, from, until, cite } = &command.act else { return Ok(Vec::new()) };
    role(state, command, &[Role::Admin])?;
    if from > until {
        return Err(Refusal::NotValidOn { day: *until, from: *from, until: *until }.into());
    }
    state.strike(&format!("{regime}/{clause}"))?;
    let (regime, clause, cite) = (regime.clone(), clause.clone(), cite.clone());
    let mut affected = BTreeSet::new();
    for due in state.list(&format!("fee|{regime}/{clause}"))? {
        bring_due(state, due)?;
        affected.extend(state.list(&format!("due|{due}"))?.iter().cloned());
    }
    let mut events = vec![Event::FeeStruck { regime: regime.clone(), clause: clause.clone(), from: *from, until: *until, cite }];
    for shipment in affected {
        let record = there(state.shipment(&shipment)?, "shipment", &shipment)?;
        let on = shipped_on(record);
        let mine = record.fees.iter().filter(|f| f.regime == regime && f.clause == clause && !f.reversed);
        let mine: Vec<String> = mine.map(|fee| due_id(on, &record.goods, fee)).collect();
        if (*from..=*until).contains(&on) && !mine.is_empty() {
            mine.iter().try_for_each(|due| bring_due(state, due))?;
            let event = Event::FeeReversed { shipment, regime: regime.clone(), clause: clause.clone() };
            balances_ok(state, &event)?;
            events.push(event);
        }
    }
    Ok(events)
}

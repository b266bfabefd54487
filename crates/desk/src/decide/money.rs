//! Bills, payments, refunds, and fees that are struck down.

use std::collections::{BTreeMap, BTreeSet};

use facts::Quarter;

use crate::apply::{due_id, dues, shipped_on};
use crate::command::{Act, Command, Role};
use crate::counsel::Counsel;
use crate::entry::Event;
use crate::ledger::owed;
use crate::refusal::{Refusal, Stop};
use crate::state::State;

use super::shipments::bring_due;
use super::{balances_ok, fresh, positive, role, there};

pub(super) fn decide(state: &State, counsel: &Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
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
                return Err(Refusal::NothingDue { open: to_bill(state, &quarter)? }.into());
            }
            let (invoice, payer, payee, currency) = (invoice.clone(), payer.clone(), payee.clone(), currency.clone());
            Ok(vec![Event::Invoiced { invoice, payer, payee, currency, quarter, lines }])
        }
        Act::Pay { invoice, minor, reference } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.invoice(invoice)?, "invoice", invoice)?;
            let due = record.billed - record.credited - record.paid + record.refunded;
            positive("the amount", *minor)?;
            if *minor > due {
                return Err(Refusal::Overpaid { due, asked: *minor }.into());
            }
            Ok(vec![Event::Paid { invoice: invoice.clone(), minor: *minor, reference: reference.clone() }])
        }
        Act::Refund { invoice, minor, reference } => {
            role(state, command, &[Role::Analyst])?;
            let record = there(state.invoice(invoice)?, "invoice", invoice)?;
            let due = record.paid - record.refunded - (record.billed - record.credited);
            positive("the amount", *minor)?;
            if *minor > due {
                return Err(Refusal::NothingToRefund { due, asked: *minor }.into());
            }
            Ok(vec![Event::Refunded { invoice: invoice.clone(), minor: *minor, reference: reference.clone() }])
        }
        Act::StrikeFee { .. } => strike(state, counsel, command),
        _ => Ok(Vec::new()),
    }
}

/// What could be billed of a quarter, for somebody who asked for something else.
fn to_bill(state: &State, quarter: &str) -> Result<Vec<String>, Stop> {
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for id in state.list(&format!("quarter|{quarter}"))? {
        let due = there(state.due(id)?, "line", id)?;
        let left = due.assessed - due.reversed - due.invoiced;
        if left > 0 && owed(&due.legal_form) {
            *open.entry(format!("{} to {}, {}", due.payer, due.payee, due.currency)).or_default() += left;
        }
    }
    Ok(open.into_iter().map(|(who, minor)| format!("{who} {}", facts::money_text(minor))).collect())
}

/// A fee that the adopted law charges, or that was assessed under earlier law.
fn charged(state: &State, counsel: &Counsel<'_>, regime: &str, clause: &str) -> Result<(), Stop> {
    let fee = format!("{regime}/{clause}");
    let is_fee = |law: &regime::Law, id| law.clause(id).kind == regime::ClauseKind::Fee;
    let fees = counsel.corridor.laws.iter().flat_map(|law| {
        let own = law.clause_ids().filter(|id| is_fee(law, *id));
        own.map(|id| format!("{}/{}", law.id, law.clause(id).id)).collect::<Vec<_>>()
    });
    let known: Vec<String> = fees.collect();
    if known.contains(&fee) || !state.list(&format!("fee|{fee}"))?.is_empty() {
        return Ok(());
    }
    let spoken = |fee: &String| fee.replacen('/', " ", 1);
    Err(Refusal::NoSuchFee { fee: spoken(&fee), known: known.iter().map(spoken).collect() }.into())
}

/// Finds every assessment of the fee over some days, and reverses it.
fn strike(state: &State, counsel: &Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    let Act::StrikeFee { regime, clause, from, until, cite } = &command.act else { return Ok(Vec::new()) };
    role(state, command, &[Role::Admin])?;
    if from > until {
        return Err(Refusal::BadTerms { why: format!("they end on {until}, before they begin on {from}") }.into());
    }
    charged(state, counsel, regime, clause)?;
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

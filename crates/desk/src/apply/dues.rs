//! Fees in the lines of statements: assessed, reversed, billed, paid, struck down.

use facts::Date;

use crate::counsel::{FeeLine, Goods, quarter_of};
use crate::entry::{Entry, Event};
use crate::ledger::owed;
use crate::refusal::Stop;
use crate::state::{Due, Invoice, State, Strike};

use super::{heading, known, shipped_on};

/// The line of a statement that a fee belongs to.
pub(crate) fn due_id(day: Date, goods: &Goods, fee: &FeeLine) -> String {
    let quarter = quarter_of(day);
    [&quarter, &goods.exporter, &fee.payee, &fee.currency, &goods.part, &fee.regime, &fee.clause, &fee.legal_form]
        .map(|part| part.replace('|', "/"))
        .join("|")
}

/// The heading under which the lines of one payer, payee, currency and quarter stand.
pub(crate) fn dues(payer: &str, payee: &str, currency: &str, quarter: &str) -> String {
    format!("dues|{}", [payer, payee, currency, quarter].map(|p| p.replace('|', "/")).join("|"))
}

/// Enters the fees of a shipment in their lines, or with -1 takes them out.
pub(super) fn assess(
    state: &mut State,
    shipment: &str,
    day: Date,
    goods: &Goods,
    fees: &[FeeLine],
    sign: i64,
) -> Result<(), Stop> {
    for fee in fees.iter().filter(|f| !f.reversed) {
        let id = due_id(day, goods, fee);
        if state.due(&id)?.is_none() {
            let due = Due {
                payer: goods.exporter.clone(),
                payee: fee.payee.clone(),
                currency: fee.currency.clone(),
                quarter: quarter_of(day),
                part: goods.part.clone(),
                regime: fee.regime.clone(),
                clause: fee.clause.clone(),
                legal_form: fee.legal_form.clone(),
                shipments: 0,
                base: 0,
                assessed: 0,
                reversed: 0,
                invoiced: 0,
            };
            state.put(&id, due);
            state.enlist(format!("fee|{}/{}", fee.regime, fee.clause), &id);
            state.enlist(format!("quarter|{}", quarter_of(day)), &id);
            if owed(&fee.legal_form) {
                state.enlist(dues(&goods.exporter, &fee.payee, &fee.currency, &quarter_of(day)), &id);
            }
        }
        if sign > 0 {
            let due = known(state.due_mut(&id), &id)?;
            due.shipments += 1;
            due.base = due.base.saturating_add(goods.value);
            due.assessed = due.assessed.saturating_add(fee.minor);
            state.enlist(format!("due|{id}"), shipment);
        } else {
            let due = known(state.due_mut(&id), &id)?;
            due.shipments -= 1;
            due.base = due.base.saturating_sub(goods.value);
            reverse(state, &id, fee.minor)?;
        }
    }
    Ok(())
}

/// Takes an amount off a line: first from what was not billed, then from the latest bills.
fn reverse(state: &mut State, due: &str, minor: i64) -> Result<(), Stop> {
    let line = known(state.due_mut(due), due)?;
    let unbilled = line.assessed - line.reversed - line.invoiced;
    line.reversed = line.reversed.saturating_add(minor);
    let mut credit = minor.saturating_sub(unbilled.max(0)).max(0);
    line.invoiced -= credit;
    if credit == 0 {
        return Ok(());
    }
    for id in state.list(&format!("billed|{due}"))?.to_vec().iter().rev() {
        let invoice = known(state.invoice_mut(id), id)?;
        let Some(billed) = invoice.lines.get_mut(due) else { continue };
        let taken = credit.min(*billed);
        *billed -= taken;
        invoice.credited = invoice.credited.saturating_add(taken);
        credit -= taken;
    }
    Ok(())
}

pub(super) fn money(state: &mut State, entry: &Entry, day: Date) -> Result<(), Stop> {
    match &entry.event {
        Event::Invoiced { invoice: id, payer, payee, currency, quarter, lines } => {
            for (due, minor) in lines {
                let line = known(state.due_mut(due), due)?;
                line.invoiced = line.invoiced.saturating_add(*minor);
                state.enlist(format!("billed|{due}"), id);
            }
            state.enlist(heading("party", payer), &format!("invoice/{id}"));
            let (payer, payee, currency, quarter) = (payer.clone(), payee.clone(), currency.clone(), quarter.clone());
            let billed = lines.values().sum();
            let lines = lines.clone();
            let invoice =
                Invoice { payer, payee, currency, quarter, lines, billed, credited: 0, paid: 0, refunded: 0, touched: day };
            state.put(id, invoice);
        }
        Event::Paid { invoice: id, minor, reference } => {
            let invoice = known(state.invoice_mut(id), id)?;
            (invoice.paid, invoice.touched) = (invoice.paid.saturating_add(*minor), day);
            state.enlist(heading("document", reference), &format!("invoice/{id}"));
        }
        Event::Refunded { invoice: id, minor, reference } => {
            let invoice = known(state.invoice_mut(id), id)?;
            (invoice.refunded, invoice.touched) = (invoice.refunded.saturating_add(*minor), day);
            state.enlist(heading("document", reference), &format!("invoice/{id}"));
        }
        Event::FeeStruck { regime, clause, from, until, cite } => {
            let id = format!("{regime}/{clause}");
            let mut strike = state.strike(&id)?.cloned().unwrap_or(Strike { spans: Vec::new() });
            strike.spans.push((*from, *until, cite.clone()));
            state.put(&id, strike);
        }
        Event::FeeReversed { shipment: id, regime, clause } => {
            let record = known(state.shipment(id)?, id)?.clone();
            let on = shipped_on(&record);
            let struck: Vec<FeeLine> =
                record.fees.iter().filter(|f| f.regime == *regime && f.clause == *clause && !f.reversed).cloned().collect();
            for fee in &struck {
                reverse(state, &due_id(on, &record.goods, fee), fee.minor)?;
            }
            let record = known(state.shipment_mut(id), id)?;
            let fees = record.fees.iter_mut().filter(|f| f.regime == *regime && f.clause == *clause);
            fees.for_each(|fee| fee.reversed = true);
            record.touched = day;
        }
        _ => {}
    }
    Ok(())
}

//! Double entry: what an event moves between accounts. Units, value, TPP and money each sum to zero, event by event.

use crate::command::Basis;
use crate::counsel::{FeeLine, Goods};
use crate::entry::Event;
use crate::refusal::Stop;
use crate::state::{Invoice, Shipment, State};

/// One side of a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account, as `licence/L-1/available` or `receivable/NVIDIA`.
    pub account: String,
    /// What is counted: `units of`, `tpp of` a part, `value in`, `money in` a currency.
    pub measure: String,
    /// Pieces, thousandths of a TOPS.bit, or minor units.
    pub amount: i64,
}

/// The form of a payment that nobody owes: it is counted apart and never billed.
pub(crate) fn owed(legal_form: &str) -> bool {
    legal_form != regime::LegalForm::Expectation.word()
}

/// What an event moves, on a state in which it is not applied yet.
///
/// # Errors
/// Records that were not brought along, or that the event names and nobody knows.
pub fn postings(state: &State, event: &Event) -> Result<Vec<Posting>, Stop> {
    let mut moves = Moves::default();
    match event {
        Event::Issued { licence, application, terms } => {
            if let Some(application) = state.application(application)? {
                let goods = Goods { units: terms.units, value: terms.value, ..application.goods.clone() };
                moves.rights("authority", &format!("licence/{licence}/available"), &goods);
            }
        }
        Event::AmendmentApproved { licence, .. } => {
            if let Some(record) = state.licence(licence)?
                && let Some(asked) = &record.amendment
            {
                let (units, value) = (asked.terms.units - record.terms.units, asked.terms.value - record.terms.value);
                let goods = Goods { units, value, ..record.goods.clone() };
                moves.rights("authority", &format!("licence/{licence}/available"), &goods);
            }
        }
        Event::Notified { notification, goods, .. } => {
            moves.rights("notified", &format!("notification/{notification}/available"), goods);
        }
        Event::Reserved { basis, goods, .. } => moves.draw(basis, "available", "reserved", goods),
        Event::Voided { shipment, .. } => {
            if let Some(record) = state.shipment(shipment)? {
                moves.draw(&record.basis, "reserved", "available", &record.goods);
            }
        }
        Event::Posted { shipment, goods, fees, .. } => {
            if let Some(record) = state.shipment(shipment)? {
                moves.draw(&record.basis, "reserved", "shipped", goods);
                moves.goods("stock", &format!("out/{}", goods.to), goods);
                fees.iter().for_each(|fee| moves.fee(fee, &goods.exporter, 1));
            }
        }
        Event::Corrected { shipment, goods, fees, .. } => {
            if let Some(record) = state.shipment(shipment)? {
                moves.corrected(record, goods, fees);
            }
        }
        Event::TakenBack { shipment, units, .. } => {
            if let Some(record) = state.shipment(shipment)? {
                let back = part_of(&record.goods, record.returned, *units);
                moves.draw(&record.basis, "shipped", "returned", &back);
                moves.goods(&format!("out/{}", back.to), &format!("back/{}", back.to), &back);
            }
        }
        Event::FeeReversed { shipment, regime, clause } => {
            if let Some(record) = state.shipment(shipment)? {
                let fees = record.fees.iter().filter(|f| f.regime == *regime && f.clause == *clause);
                fees.for_each(|fee| moves.fee(fee, &record.goods.exporter, -1));
            }
        }
        Event::Paid { invoice, minor, .. } => {
            if let Some(record) = state.invoice(invoice)? {
                moves.cash(record, *minor);
            }
        }
        Event::Refunded { invoice, minor, .. } => {
            if let Some(record) = state.invoice(invoice)? {
                moves.cash(record, -*minor);
            }
        }
        _ => {}
    }
    Ok(moves.0)
}

/// The share of some pieces in what was shipped, after others came back: shares of all pieces add up to the whole.
pub(crate) fn part_of(goods: &Goods, before: i64, units: i64) -> Goods {
    let share = |whole: i64| {
        let upto = |n: i64| i128::from(whole) * i128::from(n) / i128::from(goods.units.max(1));
        i64::try_from(upto(before.saturating_add(units)) - upto(before)).unwrap_or(0)
    };
    Goods { units, value: share(goods.value), tpp: share(goods.tpp), ..goods.clone() }
}

#[derive(Default)]
struct Moves(Vec<Posting>);

impl Moves {
    fn go(&mut self, from: &str, to: &str, measure: String, amount: i64) {
        if amount != 0 {
            self.0.push(Posting { account: from.to_owned(), measure: measure.clone(), amount: -amount });
            self.0.push(Posting { account: to.to_owned(), measure, amount });
        }
    }

    /// Leave to ship: pieces and value.
    fn rights(&mut self, from: &str, to: &str, goods: &Goods) {
        self.go(from, to, format!("units of {}", goods.part), goods.units);
        self.go(from, to, format!("value in {}", goods.currency), goods.value);
    }

    /// Leave to ship, within what the shipment goes on.
    fn draw(&mut self, basis: &Basis, from: &str, to: &str, goods: &Goods) {
        let holder = match basis {
            Basis::Licence(id) => format!("licence/{id}"),
            Basis::Notification(id) => format!("notification/{id}"),
            Basis::Law => return,
        };
        self.rights(&format!("{holder}/{from}"), &format!("{holder}/{to}"), goods);
    }

    /// The goods themselves.
    fn goods(&mut self, from: &str, to: &str, goods: &Goods) {
        self.rights(from, to, goods);
        self.go(from, to, format!("tpp of {}", goods.part), goods.tpp);
    }

    /// What was shipped in truth, against what had been entered.
    fn corrected(&mut self, record: &Shipment, goods: &Goods, fees: &[FeeLine]) {
        let old = &record.goods;
        let (units, value, tpp) = (goods.units - old.units, goods.value - old.value, goods.tpp - old.tpp);
        let change = Goods { units, value, tpp, ..goods.clone() };
        self.draw(&record.basis, "available", "shipped", &change);
        self.goods("stock", &format!("out/{}", goods.to), &change);
        record.fees.iter().for_each(|fee| self.fee(fee, &goods.exporter, -1));
        fees.iter().for_each(|fee| self.fee(fee, &goods.exporter, 1));
    }

    /// A fee that falls due, or with -1 no longer does.
    fn fee(&mut self, fee: &FeeLine, payer: &str, sign: i64) {
        if fee.reversed {
            return;
        }
        let (to, from) = if owed(&fee.legal_form) { ("receivable", "payable") } else { ("expected from", "expected by") };
        self.go(
            &format!("{from}/{}", fee.payee),
            &format!("{to}/{payer}"),
            format!("money in {}", fee.currency),
            sign * fee.minor,
        );
    }

    /// Money that came in for an invoice.
    fn cash(&mut self, invoice: &Invoice, minor: i64) {
        self.go(&format!("receivable/{}", invoice.payer), "cash", format!("money in {}", invoice.currency), minor);
    }
}

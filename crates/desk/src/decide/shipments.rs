//! Shipments: reserved, posted, void, corrected, taken back; each against the law of its day, its licence and the quotas.

use facts::{Date, same_name};
use regime::{Outcome, Status};

use crate::apply::{due_id, shipped_on};
use crate::command::{Act, Basis, Command, Facts, Laid, Role, laid};
use crate::counsel::{Broken, Counsel, CountedFlow, FeeLine, Goods, NeedRuled, Ruled, shown};
use crate::entry::Event;
use crate::ledger::part_of;
use crate::refusal::{Refusal, Stop};
use crate::state::{Licence, Notification, Passage, Shipment, Standing, State};

use super::{amount_ok, balance, fresh, positive, role, rules_adopted, there, wrong};

pub(super) fn decide(state: &State, counsel: &mut Counsel<'_>, command: &Command) -> Result<Vec<Event>, Stop> {
    role(state, command, &[Role::Analyst, Role::Machine])?;
    match &command.act {
        Act::Reserve { shipment, basis, facts } => {
            fresh(state.shipment(shipment)?, "shipment", shipment)?;
            rules_adopted(state, counsel)?;
            let facts = counsel.named(facts)?;
            let ruled = may_go(state, counsel, basis, &[&facts], &[])?;
            enough(state, basis, &ruled.goods)?;
            let counted: Vec<CountedFlow> = ruled.counted.iter().filter(|c| c.limited).cloned().collect();
            let (shipment, basis) = (shipment.clone(), basis.clone());
            Ok(vec![Event::Reserved { shipment, basis, facts, goods: ruled.goods, ruling: ruled.ruling, counted }])
        }
        Act::Post { shipment, on, facts } => post(state, counsel, shipment, *on, facts),
        Act::Void { shipment, reason } => {
            let record = there(state.shipment(shipment)?, "shipment", shipment)?;
            in_passage(record, shipment, Passage::Reserved)?;
            bring(state, record, &[])?;
            Ok(vec![Event::Voided { shipment: shipment.clone(), reason: reason.clone() }])
        }
        Act::Correct { shipment, units, value, reason } => correct(state, counsel, shipment, *units, *value, reason),
        Act::TakeBack { shipment, units, on, reason } => take_back(state, counsel, shipment, *units, *on, reason),
        _ => Ok(Vec::new()),
    }
}

fn post(state: &State, counsel: &mut Counsel<'_>, shipment: &str, on: Date, own: &Facts) -> Result<Vec<Event>, Stop> {
    let record = there(state.shipment(shipment)?, "shipment", shipment)?;
    in_passage(record, shipment, Passage::Reserved)?;
    rules_adopted(state, counsel)?;
    let mut facts = counsel.named(own)?;
    if facts.contains_key("date") {
        return Err(Refusal::BadFacts { problems: vec!["date: said before, as `on`; keep one of them".to_owned()] }.into());
    }
    facts.insert("date".to_owned(), on.to_string());
    let before = negative(&record.counted);
    let ruled = may_go(state, counsel, &record.basis, &[&record.facts, &facts], &before)?;
    if ruled.goods != record.goods {
        return Err(wrong("shipment", shipment, "reserved for other goods: void it and reserve anew"));
    }
    conditions_shown(state, counsel, &record.basis, &ruled)?;
    let fees = fees_of(state, &ruled, on)?;
    bring(state, record, &ruled.counted)?;
    let (shipment, goods, ruling, counted) = (shipment.to_owned(), ruled.goods, ruled.ruling, ruled.counted);
    Ok(vec![Event::Posted { shipment, facts, goods, ruling, counted, fees }])
}

fn correct(
    state: &State,
    counsel: &mut Counsel<'_>,
    shipment: &str,
    units: i64,
    value: i64,
    reason: &str,
) -> Result<Vec<Event>, Stop> {
    let record = there(state.shipment(shipment)?, "shipment", shipment)?;
    in_passage(record, shipment, Passage::Posted)?;
    rules_adopted(state, counsel)?;
    amount_ok("quantity", units)?;
    amount_ok("value", value)?;
    if units < record.returned {
        return Err(Refusal::UnitsExceeded { left: units, asked: record.returned }.into());
    }
    // Shares that came back were reckoned from the old figures.
    if record.returned > 0 && (units, value) != (record.goods.units, record.goods.value) {
        return Err(wrong("shipment", shipment, "partly taken back, after which it stands as it was entered"));
    }
    let own = Facts::from([("quantity".to_owned(), units.to_string()), ("value_usd".to_owned(), facts::money_text(value))]);
    let before = negative(&record.counted);
    let facts = whole_facts(state, counsel, &record.basis, &[&record.facts, &own])?;
    let ruled = counsel.rule(state, &facts, false, &before)?;
    let more = Goods { units: units - record.goods.units, value: value - record.goods.value, ..ruled.goods.clone() };
    enough(state, &record.basis, &more)?;
    let mut change = before;
    change.extend(ruled.counted.iter().cloned());
    let breaches = quotas(state, counsel, &ruled, &change, shipment)?;
    let day = shipped_on(record);
    let fees = fees_of(state, &ruled, day)?;
    bring(state, record, &ruled.counted)?;
    for fee in &fees {
        state.due(&due_id(day, &ruled.goods, fee))?;
    }
    let (goods, counted, reason) = (ruled.goods, ruled.counted, reason.to_owned());
    let mut events = vec![Event::Corrected { shipment: shipment.to_owned(), goods, counted, fees, reason }];
    events.extend(breaches);
    Ok(events)
}

fn take_back(
    state: &State,
    counsel: &mut Counsel<'_>,
    shipment: &str,
    units: i64,
    on: Date,
    reason: &str,
) -> Result<Vec<Event>, Stop> {
    let record = there(state.shipment(shipment)?, "shipment", shipment)?;
    in_passage(record, shipment, Passage::Posted)?;
    rules_adopted(state, counsel)?;
    let (left, from) = (record.goods.units - record.returned, shipped_on(record));
    positive("units", units)?;
    if units > left {
        return Err(Refusal::UnitsExceeded { left, asked: units }.into());
    }
    if on < from {
        return Err(Refusal::BeforeItLeft { day: on, from }.into());
    }
    // What came back makes no room under a limit, but a yardstick shrinks by it.
    let share = |amount: i64| {
        let goods = Goods { units: record.goods.units, tpp: amount, ..Goods::default() };
        part_of(&goods, record.returned, units).tpp
    };
    let yardsticks = record.counted.iter().filter(|c| !c.limited);
    let less: Vec<CountedFlow> = yardsticks.map(|c| CountedFlow { amount: -share(c.amount), day: on, ..c.clone() }).collect();
    let facts = whole_facts(state, counsel, &record.basis, &[&record.facts])?;
    let ruled = counsel.rule(state, &facts, false, &negative(&record.counted))?;
    let breaches = quotas(state, counsel, &ruled, &less, shipment)?;
    bring(state, record, &less)?;
    let mut events = vec![Event::TakenBack { shipment: shipment.to_owned(), units, on, less, reason: reason.to_owned() }];
    events.extend(breaches);
    Ok(events)
}

/// The facts of a shipment with those of its licence or notification beneath, and what the desk itself knows above.
pub(crate) fn whole_facts<'f>(
    state: &'f State,
    counsel: &Counsel<'_>,
    basis: &Basis,
    own: &[&'f Facts],
) -> Result<Laid<'f>, Stop> {
    let mut facts = match basis {
        Basis::Licence(id) => laid(&[&there(state.licence(id)?, "licence", id)?.facts]),
        Basis::Notification(id) => laid(&[&there(state.notification(id)?, "notification", id)?.facts]),
        Basis::Law => Laid::new(),
    };
    facts.extend(laid(own));
    // The desk answers these from its own records, whatever a shipment says of itself.
    for clock in &counsel.rules.clocks {
        facts.remove(clock.confirmed.as_str());
        facts.remove(clock.totals.as_str());
        if let Basis::Notification(id) = basis
            && there(state.notification(id)?, "notification", id)?.clause == clock.clause
        {
            facts.insert(clock.confirmed.clone().into(), "yes");
            facts.insert(clock.totals.clone().into(), "yes");
        }
    }
    Ok(facts)
}

/// Whether the law of the day and the basis let a shipment go. Quantities and quotas are asked elsewhere.
fn may_go(state: &State, counsel: &mut Counsel<'_>, basis: &Basis, own: &[&Facts], added: &[CountedFlow]) -> Result<Ruled, Stop> {
    let facts = whole_facts(state, counsel, basis, own)?;
    let ruled = counsel.rule(state, &facts, false, added)?;
    if ruled.outcome == Outcome::Undetermined {
        return Err(Refusal::Undetermined { missing: counsel.missing(state, &ruled.case)? }.into());
    }
    if let Basis::Licence(id) = basis {
        valid(there(state.licence(id)?, "licence", id)?, id, &facts, &ruled)?;
    }
    // A quota that would break turns the law's answer: it is named first.
    let mut change = added.to_vec();
    change.extend(ruled.counted.iter().filter(|c| c.limited).cloned());
    quotas(state, counsel, &ruled, &change, "")?;
    match basis {
        Basis::Licence(id) => as_approved(state, there(state.licence(id)?, "licence", id)?, &ruled)?,
        Basis::Notification(id) => {
            under_notification(there(state.notification(id)?, "notification", id)?, &ruled)?;
            lifted(&ruled)?;
        }
        Basis::Law => lifted(&ruled)?,
    }
    Ok(ruled)
}

/// The licence stands, holds on the day, and covers the shipment.
fn valid(licence: &Licence, id: &str, facts: &Laid<'_>, ruled: &Ruled) -> Result<(), Stop> {
    match licence.standing {
        Standing::Open => {}
        Standing::Suspended => return Err(wrong("licence", id, "suspended")),
        Standing::Revoked => return Err(wrong("licence", id, "revoked")),
    }
    let (day, terms) = (ruled.case.day, &licence.terms);
    if day < terms.from || day > terms.until {
        return Err(Refusal::NotValidOn { day, from: terms.from, until: terms.until }.into());
    }
    covers(&licence.goods, &ruled.goods)?;
    for fact in ["end_use", "kind"] {
        let licensed = licence.facts.get(fact).map_or("", String::as_str);
        let asked = facts.get(fact).copied().unwrap_or_default();
        if licensed != asked {
            let (licensed, asked) = (licensed.to_owned(), asked.to_owned());
            return Err(Refusal::OutOfScope { fact: fact.to_owned(), licensed, asked }.into());
        }
    }
    failed(ruled)
}

/// The law of the day is not stricter than the answer that was approved.
fn as_approved(state: &State, licence: &Licence, ruled: &Ruled) -> Result<(), Stop> {
    let approved = state.application(&licence.application)?.and_then(|a| Outcome::parse(&a.ruling.outcome));
    if approved.is_none_or(|approved| ruled.outcome > approved) {
        return Err(forbids(ruled));
    }
    Ok(())
}

fn under_notification(notification: &Notification, ruled: &Ruled) -> Result<(), Stop> {
    if let Some(since) = notification.stopped {
        return Err(Refusal::ClockStopped { since }.into());
    }
    if ruled.case.day < notification.due {
        return Err(Refusal::ClockRuns { due: notification.due }.into());
    }
    if notification.number.is_none() {
        return Err(Refusal::ConditionOpen { clause: notification.clause.clone() }.into());
    }
    covers(&notification.goods, &ruled.goods)
}

/// Nothing is asked for, or an exception with everything it needs.
fn lifted(ruled: &Ruled) -> Result<(), Stop> {
    failed(ruled)?;
    if ruled.outcome != Outcome::Free && !ruled.outcome.is_exception() {
        if ruled.outcome >= Outcome::Prohibited {
            return Err(forbids(ruled));
        }
        return Err(Refusal::LicenceNeeded { outcome: ruled.ruling.outcome.clone() }.into());
    }
    match needs(ruled).find(|n| !shown(n)) {
        Some(need) => Err(Refusal::ConditionOpen { clause: need.clause.clone() }.into()),
        None => Ok(()),
    }
}

fn forbids(ruled: &Ruled) -> Stop {
    let outcome = ruled.ruling.outcome.clone();
    let gate = ruled.ruling.gates.iter().find(|g| g.outcome == outcome);
    let by = gate.and_then(|g| g.review.clone().or(g.by.clone())).unwrap_or_default();
    Refusal::LawForbids { outcome, by }.into()
}

fn needs(ruled: &Ruled) -> impl Iterator<Item = &NeedRuled> {
    ruled.ruling.gates.iter().flat_map(|g| &g.needs)
}

fn failed(ruled: &Ruled) -> Result<(), Stop> {
    match needs(ruled).find(|n| n.status == Status::Failed.text() && !n.attested_by.is_empty()) {
        Some(need) => Err(Refusal::ConditionFailed { clause: need.clause.clone() }.into()),
        None => Ok(()),
    }
}

fn covers(licensed: &Goods, asked: &Goods) -> Result<(), Stop> {
    for (fact, licensed, asked) in [
        ("chip", &licensed.part, &asked.part),
        ("destination", &licensed.to, &asked.to),
        ("consignee", &licensed.consignee, &asked.consignee),
        ("exporter", &licensed.exporter, &asked.exporter),
    ] {
        if !same_name(licensed, asked) {
            return Err(Refusal::OutOfScope { fact: fact.to_owned(), licensed: licensed.clone(), asked: asked.clone() }.into());
        }
    }
    Ok(())
}

/// What is left must suffice.
fn enough(state: &State, basis: &Basis, goods: &Goods) -> Result<(), Stop> {
    let holder = match basis {
        Basis::Licence(id) => format!("licence/{id}"),
        Basis::Notification(id) => format!("notification/{id}"),
        Basis::Law => return Ok(()),
    };
    let left = |measure: String| balance(state, &format!("{holder}/available"), &measure);
    let (units, value) = (left(format!("units of {}", goods.part))?, left(format!("value in {}", goods.currency))?);
    if goods.units > units {
        return Err(Refusal::UnitsExceeded { left: units, asked: goods.units }.into());
    }
    if goods.value > value {
        return Err(Refusal::ValueExceeded { left: value, asked: goods.value }.into());
    }
    Ok(())
}

/// Before anything leaves, every condition is shown: by a document on the licence, or for each shipment by its own fact.
fn conditions_shown(state: &State, counsel: &Counsel<'_>, basis: &Basis, ruled: &Ruled) -> Result<(), Stop> {
    let Basis::Licence(id) = basis else { return Ok(()) };
    let licence = there(state.licence(id)?, "licence", id)?;
    for (clause, condition) in &licence.conditions {
        let each = counsel.rules.each_shipment.iter().any(|e| e.clause == *clause);
        let met = if each { needs(ruled).any(|n| n.clause == *clause && shown(n)) } else { condition.document.is_some() };
        if !met {
            return Err(Refusal::ConditionOpen { clause: clause.clone() }.into());
        }
    }
    // Law that changed since may need what the licence does not know of.
    match needs(ruled).find(|n| !n.attested_by.is_empty() && !shown(n) && !licence.conditions.contains_key(&n.clause)) {
        Some(need) => Err(Refusal::ConditionOpen { clause: need.clause.clone() }.into()),
        None => Ok(()),
    }
}

/// Fees of a shipment; what was struck down for its day is kept and not assessed.
fn fees_of(state: &State, ruled: &Ruled, day: Date) -> Result<Vec<FeeLine>, Stop> {
    let mut fees = match &ruled.fees {
        Ok(fees) => fees.clone(),
        Err(clause) => return Err(Refusal::FeeUnknown { clause: clause.clone() }.into()),
    };
    for fee in &mut fees {
        let strike = state.strike(&format!("{}/{}", fee.regime, fee.clause))?;
        fee.reversed = strike.is_some_and(|s| s.spans.iter().any(|(from, until, _)| (*from..=*until).contains(&day)));
        state.due(&due_id(day, &ruled.goods, fee))?;
    }
    Ok(fees)
}

/// A draw that would break a quota is refused. A yardstick that shrinks is a fact: where a quota breaks by it, that is sealed as well.
fn quotas(
    state: &State,
    counsel: &mut Counsel<'_>,
    ruled: &Ruled,
    change: &[CountedFlow],
    shipment: &str,
) -> Result<Vec<Event>, Stop> {
    let change = net(change);
    // Only a draw, or a yardstick that shrinks, can break anything.
    if !change.iter().any(|c| c.limited == (c.amount > 0)) {
        return Ok(Vec::new());
    }
    let mut breaches = Vec::new();
    for broken in counsel.broken(state, &ruled.case, &change)? {
        let Broken { flow, quota, of, day, limit, total } = broken;
        let mine = || change.iter().filter(|c| c.limited && c.flow == flow);
        if mine().any(|c| c.amount > 0) && counsel.bound(state, &ruled.case, &ruled.counted)?.contains(&flow) {
            let asked: i64 = mine().filter(|c| c.day <= day).map(|c| c.amount).sum();
            return Err(Refusal::QuotaBroken { quota, of, day, limit, total: total - asked, asked }.into());
        }
        if change.iter().any(|c| !c.limited && c.amount < 0) {
            breaches.push(Event::QuotaBreached { shipment: shipment.to_owned(), quota, of, day, limit, total });
        }
    }
    Ok(breaches)
}

/// Changes of one flow on one day together; those that come to nothing are left out.
fn net(change: &[CountedFlow]) -> Vec<CountedFlow> {
    let mut sums: Vec<CountedFlow> = Vec::new();
    for change in change {
        match sums.iter_mut().find(|s| s.flow == change.flow && s.day == change.day) {
            Some(sum) => sum.amount += change.amount,
            None => sums.push(change.clone()),
        }
    }
    sums.retain(|s| s.amount != 0);
    sums
}

fn negative(counted: &[CountedFlow]) -> Vec<CountedFlow> {
    counted.iter().map(|c| CountedFlow { amount: -c.amount, ..c.clone() }).collect()
}

fn in_passage(record: &Shipment, id: &str, passage: Passage) -> Result<(), Stop> {
    if record.passage == passage {
        return Ok(());
    }
    let is = match record.passage {
        Passage::Reserved => "reserved",
        Passage::Posted => "posted",
        Passage::Void => "void",
    };
    Err(wrong("shipment", id, is))
}

/// Brings along what applying will touch: flows, the holder, lines of statements and their bills.
fn bring(state: &State, record: &Shipment, counted: &[CountedFlow]) -> Result<(), Stop> {
    for flow in record.counted.iter().chain(counted) {
        state.flow(&flow.flow)?;
    }
    match &record.basis {
        Basis::Licence(id) => drop(state.licence(id)?),
        Basis::Notification(id) => drop(state.notification(id)?),
        Basis::Law => {}
    }
    for fee in record.fees.iter().filter(|f| !f.reversed) {
        bring_due(state, &due_id(shipped_on(record), &record.goods, fee))?;
    }
    Ok(())
}

/// Brings along a line with the bills on which it stands.
pub(super) fn bring_due(state: &State, due: &str) -> Result<(), Stop> {
    state.due(due)?;
    for invoice in state.list(&format!("billed|{due}"))? {
        state.invoice(invoice)?;
    }
    Ok(())
}

//! Questions to the records: statements that reconcile, search, retention, headroom, and what other law would have said.

use std::collections::BTreeSet;

use facts::Date;
use regime::Outcome;
use serde::Serialize;

use crate::apply::{due_id, heading, shipped_on};
use crate::command::{Facts, laid};
use crate::counsel::{Broken, Opinion};
use crate::decide::whole_facts;
use crate::ledger::owed;
use crate::refusal::{Refusal, Stop};
use crate::rules::Rules;
use crate::state::{Due, Passage, Record};
use crate::store::{Error, Store};

/// A line of a statement. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatementLine {
    /// Its name in the records.
    pub id: String,
    /// Who pays what to whom, for which part and quarter.
    #[serde(flatten)]
    pub due: Due,
    /// What its shipments add up to, reckoned anew from each; it must be assessed less reversed.
    pub reckoned: i64,
    /// The entries that made it, each with its shipment.
    pub entries: Vec<(u64, String)>,
}

impl StatementLine {
    /// Assessed less reversed.
    pub fn net(&self) -> i64 {
        self.due.assessed - self.due.reversed
    }

    /// Whether it agrees with its shipments to the cent.
    pub fn reconciles(&self) -> bool {
        self.net() == self.reckoned
    }

    /// Whether somebody owes it, or only expects it.
    pub fn owed(&self) -> bool {
        owed(&self.due.legal_form)
    }
}

/// Which lines a statement has; none leaves all.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Of this quarter, as `2026Q1`.
    pub quarter: Option<String>,
    /// Of who pays.
    pub payer: Option<String>,
    /// Of who is paid.
    pub payee: Option<String>,
    /// Of this part.
    pub part: Option<String>,
}

/// A record and how long it must be kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kept {
    /// The record's name.
    pub name: String,
    /// Its latest event, shipments under it among them.
    pub latest: Date,
    /// The first day on which it may be destroyed, were it not held.
    pub until: Date,
    /// Why it is held, if it is.
    pub held: Option<String>,
}

/// A shipment that other law, or other knowledge, decides otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The shipment.
    pub shipment: String,
    /// Its day.
    pub day: Date,
    /// The part.
    pub part: String,
    /// Where it went.
    pub to: String,
    /// Who got it.
    pub consignee: String,
    /// What was said when it left.
    pub was: String,
    /// What is said now.
    pub now: String,
    /// The clauses that decide now, with their regime.
    pub by: Vec<String>,
    /// Money due then and now, in minor units; none where nobody can say.
    pub fees: (i64, Option<i64>),
}

impl Store {
    /// A statement, line by line, each reckoned anew from its shipments.
    ///
    /// # Errors
    /// The database failed.
    pub fn statement(&mut self, which: &Lines) -> Result<Vec<StatementLine>, Error> {
        let wanted = |filter: &Option<String>, is: &str| filter.as_ref().is_none_or(|f| f.eq_ignore_ascii_case(is));
        let mut lines = Vec::new();
        for (name, record) in self.records("due")? {
            let Record::Due(due) = record else { continue };
            if !(wanted(&which.quarter, &due.quarter)
                && wanted(&which.payer, &due.payer)
                && wanted(&which.payee, &due.payee)
                && wanted(&which.part, &due.part))
            {
                continue;
            }
            let id = name.strip_prefix("due/").unwrap_or(&name).to_owned();
            let entries = self.listed(&format!("due|{id}"))?;
            let mut reckoned = 0;
            for shipment in entries.iter().map(|(_, s)| s).collect::<BTreeSet<_>>() {
                if let Some(Record::Shipment(record)) = self.record(&format!("shipment/{shipment}"))? {
                    let day = shipped_on(&record);
                    let mine = record.fees.iter().filter(|f| !f.reversed && due_id(day, &record.goods, f) == id);
                    reckoned += mine.map(|f| f.minor).sum::<i64>();
                }
            }
            lines.push(StatementLine { id, due, reckoned, entries });
        }
        Ok(lines)
    }

    /// Records of a party, a country or a document: `what` is one of these words. Shipments under what was found come with it.
    ///
    /// # Errors
    /// The database failed.
    pub fn find(&mut self, what: &str, name: &str) -> Result<Vec<String>, Error> {
        let mut found: BTreeSet<String> = self.list(&heading(what, name))?.into_iter().collect();
        if what == "document" {
            for kind in Record::KINDS {
                let itself = format!("{kind}/{name}");
                if *kind != "done" && self.record(&itself)?.is_some() {
                    found.insert(itself);
                }
            }
        }
        for holder in found.clone() {
            found.extend(self.list(&format!("under|{holder}"))?);
        }
        Ok(found.into_iter().collect())
    }

    /// Applications, licences, notifications, shipments and invoices with their retention clocks.
    ///
    /// # Errors
    /// The database failed.
    pub fn retention(&mut self, rules: &Rules) -> Result<Vec<Kept>, Error> {
        let mut all = Vec::new();
        for kind in ["application", "licence", "notification", "shipment", "invoice"] {
            for (name, record) in self.records(kind)? {
                let mut latest = touched(&record);
                // What belongs to one transaction is kept together: the clock starts with its last event.
                let holder = match &record {
                    Record::Shipment(s) => match &s.basis {
                        crate::command::Basis::Licence(id) => Some(format!("licence/{id}")),
                        crate::command::Basis::Notification(id) => Some(format!("notification/{id}")),
                        crate::command::Basis::Law => None,
                    },
                    _ => None,
                };
                if let Some(holder) = holder
                    && let Some(record) = self.record(&holder)?
                {
                    latest = latest.max(touched(&record));
                }
                let held = match self.record(&format!("hold/{name}"))? {
                    Some(Record::Hold(hold)) if hold.stands => Some(hold.reason),
                    _ => None,
                };
                all.push(Kept { name, latest, until: rules.kept_until(latest), held });
            }
        }
        Ok(all)
    }

    /// Limit and total of every quota for a case, on its day.
    ///
    /// # Errors
    /// The database failed; inside, facts that make no case.
    pub fn headroom(&mut self, opinion: &mut Opinion<'_>, facts: &Facts) -> Result<Result<Vec<Broken>, Refusal>, Error> {
        let counsel = &mut opinion.0;
        let case = match counsel.case(&laid(&[facts])) {
            Ok(case) => case,
            Err(Stop::Refused(refusal)) => return Ok(Err(*refusal)),
            Err(_) => return Ok(Ok(Vec::new())),
        };
        self.ask(|state| counsel.standings(state, &case, &[]))
    }

    /// Decides every shipment that left once more, in order of its day, by other law; `on` puts them all on one day. Returns how many were
    /// decided, and those of which the answer or the fee changed.
    ///
    /// # Errors
    /// The database failed.
    pub fn relook(&mut self, opinion: &mut Opinion<'_>, on: Option<Date>) -> Result<(usize, Vec<Change>), Error> {
        let counsel = &mut opinion.0;
        let mut shipments = Vec::new();
        for (name, record) in self.records("shipment")? {
            if let Record::Shipment(shipment) = record
                && shipment.passage == Passage::Posted
            {
                shipments.push((shipped_on(&shipment), name, shipment));
            }
        }
        shipments.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let moved: Facts = on.map(|on| ("date".to_owned(), on.to_string())).into_iter().collect();
        let mut totals = counsel.corridor.totals();
        let mut changes = Vec::new();
        let count = shipments.len();
        for (day, name, shipment) in shipments {
            let own = [&shipment.facts, &moved];
            let case = self.ask(|state| counsel.case(&whole_facts(state, counsel, &shipment.basis, &own)?))?;
            let Ok(case) = case else { continue };
            let (decision, _) = counsel.corridor.decide_and_post(&case, &mut totals);
            let now = decision.outcome;
            let was = Outcome::parse(&shipment.outcome).unwrap_or(Outcome::Undetermined);
            let then = shipment.fees.iter().filter(|f| !f.reversed).map(|f| f.minor).sum();
            let due = decision
                .gates
                .iter()
                .flat_map(|g| &g.fees)
                .try_fold(0, |sum, fee| Some(sum + fee.minor.filter(|_| fee.certain)?));
            if now == was && due == Some(then) {
                continue;
            }
            let by = counsel.corridor.laws.iter().zip(&decision.gates).filter(|(_, g)| g.strictest == decision.strictest);
            let by = by.flat_map(|(law, g)| {
                let clauses = [g.by, g.review].into_iter().flatten();
                clauses.map(|c| format!("{} {}", law.id, law.clause(c).id)).collect::<Vec<_>>()
            });
            changes.push(Change {
                shipment: name.strip_prefix("shipment/").unwrap_or(&name).to_owned(),
                day,
                part: shipment.goods.part,
                to: shipment.goods.to,
                consignee: shipment.goods.consignee,
                was: was.text().to_owned(),
                now: now.text().to_owned(),
                by: by.collect(),
                fees: (then, due),
            });
        }
        Ok((count, changes))
    }
}

fn touched(record: &Record) -> Date {
    match record {
        Record::Application(r) => r.touched,
        Record::Licence(r) => r.touched,
        Record::Notification(r) => r.touched,
        Record::Shipment(r) => r.touched,
        Record::Invoice(r) => r.touched,
        _ => Date::MIN,
    }
}

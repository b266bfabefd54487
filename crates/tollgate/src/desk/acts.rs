//! From the command line to one act of the desk.

use std::collections::BTreeMap;

use desk::{Act, Basis, Command, Counsel, Facts, Record, Role, Rules, Store, Terms};
use facts::{Date, Order};
use jiff::Timestamp;
use regime::Library;

use crate::Exit;
use crate::args::FactArgs;
use crate::explain::named;
use crate::screen::{Failure, Screen};

use super::args::{ClockWord, DeskAct, DeskArgs};
use super::{counsel, failure, one};

/// Opens a desk.
pub(super) fn init(screen: &Screen, library: &Library, rules: Rules, args: &DeskArgs, name: &str) -> Result<Exit, Failure> {
    let mut counsel = counsel(library, rules, &args.look(), Vec::new())?;
    let packs = counsel.packs();
    let found = command(args, Act::Found { desk: name.to_owned() })?;
    let mut store = Store::create(&args.store).map_err(|e| failure(&e))?;
    let exit = one(screen, &mut store, &mut counsel, &found)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let mut adopt = command(args, Act::AdoptRules { packs })?;
    adopt.key = format!("{}-rules", found.key);
    one(screen, &mut store, &mut counsel, &adopt)
}

/// A command by the actor and at the moment that the options mean.
pub(super) fn command(args: &DeskArgs, act: Act) -> Result<Command, Failure> {
    if args.actor.is_empty() {
        return Err(Failure::Message("who acts?".to_owned(), "say --as ACTOR, or set TOLLGATE_ACTOR".to_owned()));
    }
    let at = args.at.unwrap_or_else(Timestamp::now);
    let mut command = Command { key: String::new(), actor: args.actor.clone(), at, act };
    command.key = match &args.key {
        Some(key) => key.clone(),
        // Fresh by the clock's finest tick and by what is asked: nobody else sends the same at the same moment.
        None => format!("{}-{}", at.as_nanosecond(), command.digest().get(..12).unwrap_or_default()),
    };
    Ok(command)
}

/// The act; none where the options ask a question.
pub(super) fn act(store: &mut Store, counsel: &Counsel<'_>, args: &DeskArgs) -> Result<Option<Act>, Failure> {
    let library = counsel.library;
    let today = || jiff::tz::TimeZone::UTC.to_datetime(args.at.unwrap_or_else(Timestamp::now)).date();
    Ok(Some(match &args.act {
        DeskAct::Role { person, role, withdraw } => {
            let person = person.clone();
            let role = role_of(role)?;
            if *withdraw { Act::WithdrawRole { person, role } } else { Act::GrantRole { person, role } }
        }
        DeskAct::AdoptRules => Act::AdoptRules { packs: counsel.packs() },
        DeskAct::Apply { application, facts, documents } => {
            Act::Apply { application: application.clone(), facts: facts_of(library, facts)?, documents: documents.clone() }
        }
        DeskAct::Edit { application, facts, documents } => {
            Act::Edit { application: application.clone(), facts: facts_of(library, facts)?, documents: documents.clone() }
        }
        DeskAct::Submit { application } => Act::Submit { application: application.clone() },
        DeskAct::Approve(b) => Act::Approve { application: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Refuse(b) => Act::Refuse { application: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Return(b) => Act::Return { application: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Issue { licence, application, units, value, from, until } => {
            let terms = terms_of(store, &counsel.rules, application, (*units, *value, *from, *until))?;
            Act::Issue { licence: licence.clone(), application: application.clone(), terms }
        }
        DeskAct::Evidence { licence, clause, document, withdraw } => {
            let (licence, clause, document) = (licence.clone(), clause.clone(), document.clone());
            if *withdraw {
                Act::WithdrawEvidence { licence, clause, reason: document }
            } else {
                Act::GiveEvidence { licence, clause, document }
            }
        }
        DeskAct::Amend { licence, units, value, until, reason, approve } => {
            let licence = licence.clone();
            if *approve {
                return Ok(Some(Act::ApproveAmendment { licence }));
            }
            let terms = match store.record(&format!("licence/{licence}")).map_err(|e| failure(&e))? {
                Some(Record::Licence(record)) => Terms {
                    units: units.unwrap_or(record.terms.units),
                    value: value.unwrap_or(record.terms.value),
                    from: record.terms.from,
                    until: until.unwrap_or(record.terms.until),
                },
                // The engine says that there is no such licence.
                _ => Terms { units: 1, value: 0, from: today(), until: today() },
            };
            Act::AskAmendment { licence, terms, reason: reason.clone() }
        }
        DeskAct::Suspend(b) => Act::Suspend { licence: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Reinstate(b) => Act::Reinstate { licence: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Revoke(b) => Act::Revoke { licence: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Notify { notification, clause, made, facts } => Act::Notify {
            notification: notification.clone(),
            clause: clause.clone(),
            facts: facts_of(library, facts)?,
            on: made.unwrap_or_else(today),
        },
        DeskAct::Clock { what, notification, on, reason } => match what {
            ClockWord::Stop => Act::StopClock { notification: notification.clone(), on: *on, reason: reason.clone() },
            ClockWord::Resume => Act::ResumeClock { notification: notification.clone(), on: *on },
        },
        DeskAct::Confirm { notification, number, on } => {
            Act::Confirm { notification: notification.clone(), number: number.clone(), on: *on }
        }
        _ => return goods_and_money(library, &args.act),
    }))
}

fn goods_and_money(library: &Library, act: &DeskAct) -> Result<Option<Act>, Failure> {
    Ok(Some(match act {
        DeskAct::Reserve { shipment, licence, notification, facts } => {
            let basis = match (licence, notification) {
                (Some(id), _) => Basis::Licence(id.clone()),
                (None, Some(id)) => Basis::Notification(id.clone()),
                (None, None) => Basis::Law,
            };
            Act::Reserve { shipment: shipment.clone(), basis, facts: facts_of(library, facts)? }
        }
        DeskAct::Post { shipment, on, facts } => {
            Act::Post { shipment: shipment.clone(), on: *on, facts: named(facts)?.into_iter().collect() }
        }
        DeskAct::Void(b) => Act::Void { shipment: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Correct { shipment, units, value, reason } => {
            Act::Correct { shipment: shipment.clone(), units: *units, value: *value, reason: reason.clone() }
        }
        DeskAct::TakeBack { shipment, units, on, reason } => {
            Act::TakeBack { shipment: shipment.clone(), units: *units, on: *on, reason: reason.clone() }
        }
        DeskAct::Invoice { invoice, payer, payee, quarter, currency } => Act::Invoice {
            invoice: invoice.clone(),
            payer: payer.clone(),
            payee: payee.clone(),
            currency: currency.clone(),
            quarter: quarter.clone(),
        },
        DeskAct::Pay { invoice, amount, reference } => {
            Act::Pay { invoice: invoice.clone(), minor: *amount, reference: reference.clone() }
        }
        DeskAct::Refund { invoice, amount, reference } => {
            Act::Refund { invoice: invoice.clone(), minor: *amount, reference: reference.clone() }
        }
        DeskAct::StrikeFee { of, clause, from, until, cite } => {
            Act::StrikeFee { regime: of.clone(), clause: clause.clone(), from: *from, until: *until, cite: cite.clone() }
        }
        DeskAct::Hold(b) => Act::Hold { subject: b.id.clone(), reason: b.reason.clone() },
        DeskAct::ReleaseHold(b) => Act::ReleaseHold { subject: b.id.clone(), reason: b.reason.clone() },
        _ => return Ok(None),
    }))
}

fn role_of(word: &str) -> Result<Role, Failure> {
    Role::ALL.iter().find(|(w, _)| *w == word).map(|(_, role)| *role).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|(w, _)| *w).collect();
        Failure::Message(format!("no role `{word}`"), format!("known: {}", known.join(", ")))
    })
}

type Given = (Option<i64>, Option<i64>, Option<Date>, Option<Date>);

/// Terms as given, else as applied for.
fn terms_of(store: &mut Store, rules: &Rules, application: &str, given: Given) -> Result<Terms, Failure> {
    let (units, value, from, until) = given;
    let Some(Record::Application(record)) = store.record(&format!("application/{application}")).map_err(|e| failure(&e))? else {
        return Err(Failure::Message(format!("there is no application {application}"), String::new()));
    };
    let from = from.unwrap_or(record.ruling.day);
    Ok(Terms {
        units: units.unwrap_or(record.goods.units),
        value: value.unwrap_or(record.goods.value),
        from,
        until: until.unwrap_or_else(|| rules.valid_until(from)),
    })
}

/// Facts as flags state them, by their full names.
pub(super) fn facts_of(library: &Library, args: &FactArgs) -> Result<Facts, Failure> {
    let pairs = args.pairs()?;
    let mut facts: BTreeMap<String, String> = pairs.iter().cloned().collect();
    if args.standard {
        let order = Order::typed(&library.dictionary, &library.catalogue, "flags", &pairs).map_err(Failure::Problems)?;
        let mut case = order.case;
        // Goods move on what an act states: that nobody is on a list is for somebody to find, not to presume.
        for id in case.fill_standard_but_screening(&library.dictionary) {
            let name = library.dictionary.field(id).name.clone();
            facts.entry(name).or_insert_with(|| library.dictionary.spell(id, case.fact(id)));
        }
    }
    Ok(facts)
}

//! From the command line to one act of the desk.

use desk::{Act, Basis, Command, Counsel, Facts, Record, State, Stop, Store, Terms, decide, fresh_key};
use facts::{Date, Order};
use jiff::Timestamp;
use regime::Library;

use crate::Exit;
use crate::args::FactArgs;
use crate::explain::named;
use crate::screen::{Failure, Screen};

use super::args::{ClockWord, DeskAct, DeskArgs};
use super::{failure, refused, sealed};

/// Opens a desk: found, and its rules adopted, in one transaction; nothing is made where that is refused.
pub(super) fn init(screen: &Screen, library: &Library, args: &DeskArgs, name: &str) -> Result<Exit, Failure> {
    let mut counsel = Counsel::new(library, &args.regimes).map_err(Failure::Problems)?;
    let found = command(args, Act::Found { desk: name.to_owned() })?;
    let mut adopt = command(args, Act::AdoptRules { items: counsel.items().clone() })?;
    adopt.key = format!("{}-rules", found.key);
    let now = Timestamp::now();
    if let Err(Stop::Refused(refusal)) = decide(&State::whole(), &mut counsel, now, &found) {
        return refused(screen, &refusal);
    }
    let mut store = Store::create(&args.store).map_err(|e| failure(&e))?;
    let outcomes = store.submit(&mut counsel, now, &[found.clone(), adopt.clone()]).map_err(|e| failure(&e))?;
    for (command, outcome) in [found, adopt].iter().zip(outcomes) {
        match outcome {
            Ok(place) => sealed(screen, &mut store, command, place)?,
            Err(refusal) => return refused(screen, &refusal),
        };
    }
    Ok(Exit::Done)
}

/// A command by the actor that the options mean, with what they claim of its moment.
pub(super) fn command(args: &DeskArgs, act: Act) -> Result<Command, Failure> {
    if args.actor.is_empty() {
        return Err(Failure::Usage("who acts?".to_owned(), "say --as ACTOR, or set TOLLGATE_ACTOR".to_owned()));
    }
    let key = match &args.key {
        Some(key) => key.clone(),
        None => fresh_key().map_err(|e| failure(&e))?,
    };
    let (actor, late_because) = (args.actor.clone(), args.late_because.clone());
    Ok(Command { key, actor, claimed: args.at, late_because, act })
}

/// The act; none where the options ask a question.
pub(super) fn act(store: &mut Store, counsel: &Counsel<'_>, args: &DeskArgs) -> Result<Option<Act>, Failure> {
    let library = counsel.library();
    let today = || jiff::tz::TimeZone::UTC.to_datetime(args.at.unwrap_or_else(Timestamp::now)).date();
    Ok(Some(match &args.act {
        DeskAct::Role { person, role, withdraw } => {
            let (person, role) = (person.clone(), *role);
            if *withdraw { Act::WithdrawRole { person, role } } else { Act::GrantRole { person, role } }
        }
        DeskAct::AdoptRules => Act::AdoptRules { items: counsel.items().clone() },
        DeskAct::Apply { application, facts, documents, asked } => Act::Apply {
            application: application.clone(),
            facts: facts_of(library, facts)?,
            documents: documents.clone(),
            asked: asked.asked(),
        },
        DeskAct::Edit { application, facts, documents, asked } => Act::Edit {
            application: application.clone(),
            facts: facts_of(library, facts)?,
            documents: documents.clone(),
            asked: asked.asked(),
        },
        DeskAct::Submit { application } => Act::Submit { application: application.clone() },
        DeskAct::Approve(a) => Act::Approve { application: a.id.clone(), reason: a.reason.clone(), seen: a.seen.clone() },
        DeskAct::Refuse(b) => Act::Refuse { application: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Return(b) => Act::Return { application: b.id.clone(), reason: b.reason.clone() },
        DeskAct::Issue { licence, application, units, value, from, until } => {
            let terms = terms_of(store, application, (*units, *value, *from, *until), today())?;
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
        DeskAct::Amend { licence, units, value, until, reason, approve, seen } => {
            let licence = licence.clone();
            if *approve {
                return Ok(Some(Act::ApproveAmendment { licence, seen: seen.clone() }));
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
            let mut pairs = vec![("date".to_owned(), on.to_string())];
            pairs.extend(named(facts)?);
            let mut facts = read(library, &pairs)?.0;
            facts.remove("date");
            Act::Post { shipment: shipment.clone(), on: *on, facts }
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

type Given = (Option<i64>, Option<i64>, Option<Date>, Option<Date>);

/// Terms as given, else as approved.
fn terms_of(store: &mut Store, application: &str, given: Given, today: Date) -> Result<Terms, Failure> {
    let (units, value, from, until) = given;
    let Some(Record::Application(record)) = store.record(&format!("application/{application}")).map_err(|e| failure(&e))? else {
        // The engine says that there is no such application.
        return Ok(Terms { units: 1, value: 0, from: today, until: today });
    };
    Ok(Terms {
        units: units.unwrap_or(record.goods.units),
        value: value.unwrap_or(record.goods.value),
        from: from.unwrap_or(record.valid.from),
        until: until.unwrap_or(record.valid.until),
    })
}

/// Facts as flags state them, by their full names; each is read here, so that a bad one is told as everywhere else.
pub(super) fn facts_of(library: &Library, args: &FactArgs) -> Result<Facts, Failure> {
    let (mut facts, order) = read(library, &args.pairs()?)?;
    if args.standard {
        let mut case = order.case;
        // Goods move on what an act states: that nobody is on a list is for somebody to find, not to presume.
        for id in case.fill_standard_but_screening(&library.dictionary) {
            let name = library.dictionary.field(id).name.clone();
            facts.entry(name).or_insert_with(|| library.dictionary.spell(id, case.fact(id)));
        }
    }
    Ok(facts)
}

/// Facts by their full names, and the same as an order. Where no day is said the order stands on today, which no fact depends on.
fn read(library: &Library, pairs: &[(String, String)]) -> Result<(Facts, Order), Failure> {
    let dictionary = &library.dictionary;
    let full = |name: &str| match (dictionary.id(name), name) {
        (Some(id), _) => dictionary.field(id).name.clone(),
        (None, "day") => "date".to_owned(),
        (None, _) => name.to_owned(),
    };
    let mut whole = pairs.to_vec();
    if !pairs.iter().any(|(name, _)| full(name) == "date") {
        whole.push(("date".to_owned(), jiff::tz::TimeZone::UTC.to_datetime(Timestamp::now()).date().to_string()));
    }
    let order = Order::typed(dictionary, &library.catalogue, "flags", &whole).map_err(Failure::Problems)?;
    Ok((pairs.iter().map(|(name, value)| (full(name), value.clone())).collect(), order))
}

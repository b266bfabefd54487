//! A desk in memory with people and facts for the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    dead_code,
    unreachable_pub
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use desk::{Act, Answer, Basis, Command, Counsel, Facts, Record, Refusal, Role, Sealed, State, Stop, Terms, apply, decide};
use facts::{Date, Pack};
use jiff::{Timestamp, ToSpan};
use regime::Library;

pub fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let mut texts = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path: PathBuf = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = fs::read_to_string(&path) {
                    texts.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), text);
                }
            }
        }
        Library::open(Arc::new(Pack::new(texts)), &mut Vec::new())
    })
}

pub fn counsel(regimes: &[&str]) -> Counsel<'static> {
    let names: Vec<String> = regimes.iter().map(|r| (*r).to_owned()).collect();
    Counsel::new(library(), &names).unwrap()
}

/// A library in which one text reads otherwise.
pub fn library_with(path: &str, change: impl Fn(&str) -> String) -> Library {
    let texts = library().pack.under("").map(|source| {
        let text = if source.path == path { change(&source.text) } else { source.text.clone() };
        (source.path.clone(), text)
    });
    Library::open(Arc::new(Pack::new(texts.collect::<Vec<_>>())), &mut Vec::new())
}

/// A command of somebody who claims no moment, with a reason should it be late.
pub fn command(key: impl Into<String>, actor: &str, act: Act) -> Command {
    let late_because = "entered from the books".to_owned();
    Command { key: key.into(), actor: actor.into(), claimed: None, late_because, act }
}

/// An approval by the hash of what stands there now, where it names none; any other act as it is.
pub fn as_read(act: Act, mut record: impl FnMut(&str) -> Option<Record>) -> Act {
    match act {
        Act::Approve { application, reason, seen } if seen.is_empty() => {
            let seen = match record(&format!("application/{application}")) {
                Some(Record::Application(record)) => record.hash(&application),
                _ => String::new(),
            };
            Act::Approve { application, reason, seen }
        }
        Act::ApproveAmendment { licence, seen } if seen.is_empty() => {
            let seen = match record(&format!("licence/{licence}")) {
                Some(Record::Licence(record)) => record.amendment_hash(&licence).unwrap_or_default(),
                _ => String::new(),
            };
            Act::ApproveAmendment { licence, seen }
        }
        act => act,
    }
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Facts from `name=value` words; a comma stands between them.
pub fn facts(text: &str) -> Facts {
    text.split(',')
        .filter(|p| !p.trim().is_empty())
        .map(|p| p.trim().split_once('=').unwrap())
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect()
}

/// A civilian sale of the H200 to China, with everything that the law of January 2026 asks about.
pub fn sale(quantity: i64, value: &str, on: &str) -> Facts {
    let mut all = facts(
        "kind=export,exporter=NVIDIA,exporter_role=vendor,item_kind=ic,chip=H200 SXM,ships_from=US,destination=CN,\
         consignee=Cloud operator A (Hangzhou),headquarters=CN,parent_headquarters=CN,consignee_lists=none,listed_owner_percent=0,\
         end_use=civil,subject_to_ear=yes,us_commercially_available=yes,purchase_order=yes,dd_us_shipments_certified=yes,\
         dd_us_supply_certified=yes,dd_no_military_certified=yes,dd_kyc_described=yes,dd_remote_users_listed=yes,\
         dd_iaas_procedure=yes,dd_physical_security=yes,us_approved_customer=yes",
    );
    all.insert("quantity".to_owned(), quantity.to_string());
    all.insert("value_usd".to_owned(), value.to_owned());
    all.insert("date".to_owned(), on.to_owned());
    all
}

/// The same part to a customer in the United States.
pub fn home(quantity: i64, value: &str, on: &str) -> Facts {
    let mut all = sale(quantity, value, on);
    all.extend(facts("destination=US,consignee=Cloud operator U (Dallas),headquarters=US,parent_headquarters=US,us_use=us-data-center,ships_from=US"));
    all
}

/// A desk in memory.
pub struct Live {
    pub state: State,
    pub counsel: Counsel<'static>,
    pub log: Vec<Sealed>,
    pub now: Timestamp,
    keys: u64,
}

impl Live {
    /// A desk with one person a role.
    pub fn open(regimes: &[&str]) -> Live {
        let counsel = counsel(regimes);
        let now: Timestamp = "2025-11-01T08:00:00Z".parse().unwrap();
        let mut live = Live { state: State::whole(), counsel, log: Vec::new(), now, keys: 0 };
        live.run("admin-1", Act::Found { desk: "test".into() }).unwrap();
        for (person, role) in people() {
            live.run("admin-1", Act::GrantRole { person: person.into(), role }).unwrap();
        }
        let items = live.counsel.items().clone();
        live.run("admin-1", Act::AdoptRules { items }).unwrap();
        live
    }

    /// One act a second later; an approval is of what stands there.
    pub fn run(&mut self, actor: &str, act: Act) -> Result<(u64, u64), Refusal> {
        self.keys += 1;
        self.now = self.now.checked_add(1.second()).unwrap();
        let act = as_read(act, |name| self.state.record(name).unwrap().cloned());
        self.send(&command(format!("k-{}", self.keys), actor, act))
    }

    pub fn send(&mut self, command: &Command) -> Result<(u64, u64), Refusal> {
        match decide(&self.state, &mut self.counsel, self.now, command) {
            Ok(Answer::New(sealed)) => {
                for sealed in &sealed {
                    apply(&mut self.state, sealed).unwrap();
                }
                let span = (sealed[0].entry.seq, sealed.last().unwrap().entry.seq);
                self.log.extend(sealed);
                Ok(span)
            }
            Ok(Answer::Already(first, last)) => Ok((first, last)),
            Err(Stop::Refused(refusal)) => Err(*refusal),
            Err(stop) => panic!("a whole state lacks nothing: {stop:?}"),
        }
    }

    /// The name of the refusal.
    pub fn refused(&mut self, actor: &str, act: Act) -> String {
        self.run(actor, act).expect_err("should be refused").name()
    }

    /// Moves the clock to the morning of a day.
    pub fn on(&mut self, text: &str) {
        self.now = format!("{text}T08:00:00Z").parse().unwrap();
    }

    /// From application to licence, with a document for every condition.
    pub fn licensed(&mut self, licence: &str, facts: Facts, until: &str) {
        let application = format!("A-{licence}");
        let from = day(&facts["date"]);
        self.run("analyst-1", applied(&application, facts)).unwrap();
        self.run("analyst-1", Act::Submit { application: application.clone() }).unwrap();
        self.run("approver-1", approved(&application, "the parties are known")).unwrap();
        let goods = self.state.application(&application).unwrap().unwrap().goods.clone();
        let terms = Terms { units: goods.units, value: goods.value, from, until: day(until) };
        self.run("analyst-1", Act::Issue { licence: licence.into(), application, terms }).unwrap();
        let clauses: Vec<String> = self.state.licence(licence).unwrap().unwrap().conditions.keys().cloned().collect();
        for clause in clauses {
            let document = format!("DOC-{clause}");
            self.run("analyst-1", Act::GiveEvidence { licence: licence.into(), clause, document }).unwrap();
        }
    }

    pub fn reserve(&mut self, shipment: &str, basis: Basis, facts: Facts) -> Result<(u64, u64), Refusal> {
        self.run("machine-1", Act::Reserve { shipment: shipment.into(), basis, facts })
    }

    pub fn post(&mut self, shipment: &str, on: &str, own: &str) -> Result<(u64, u64), Refusal> {
        self.run("machine-1", Act::Post { shipment: shipment.into(), on: day(on), facts: facts(own) })
    }

    /// A shipment inside the United States, gone.
    pub fn ship_home(&mut self, shipment: &str, quantity: i64, on: &str) {
        self.reserve(shipment, Basis::Law, home(quantity, "1000000", on)).unwrap();
        self.post(shipment, on, "").unwrap();
    }

    pub fn balance(&self, account: &str, measure: &str) -> i64 {
        self.state.account(account).unwrap().and_then(|a| a.balances.get(measure)).copied().unwrap_or(0)
    }

    /// Every measure sums to zero over all accounts.
    pub fn balanced(&self) {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for name in self.state.names("account/") {
            let account = self.state.account(name.strip_prefix("account/").unwrap()).unwrap().unwrap();
            for (measure, amount) in &account.balances {
                *sums.entry(measure.clone()).or_default() += amount;
            }
        }
        assert!(sums.values().all(|s| *s == 0), "{sums:?}");
    }

    /// The log replayed from its start.
    pub fn rebuilt(&self) -> State {
        let mut state = State::whole();
        for sealed in &self.log {
            apply(&mut state, sealed).unwrap();
        }
        state
    }
}

pub fn people() -> [(&'static str, Role); 7] {
    [
        ("analyst-1", Role::Analyst),
        ("analyst-2", Role::Analyst),
        ("approver-1", Role::Approver),
        ("approver-2", Role::Approver),
        ("auditor-1", Role::Auditor),
        ("auditor-2", Role::Auditor),
        ("machine-1", Role::Machine),
    ]
}

pub fn applied(application: &str, facts: Facts) -> Act {
    Act::Apply { application: application.into(), facts, documents: vec![], asked: Default::default() }
}

/// An approval whose hash [`as_read`] fills in.
pub fn approved(application: &str, reason: &str) -> Act {
    Act::Approve { application: application.into(), reason: reason.into(), seen: String::new() }
}

pub fn licence(id: &str) -> Basis {
    Basis::Licence(id.to_owned())
}

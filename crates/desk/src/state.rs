//! What follows from the log: records by name, made by one `apply`. A state may hold all records, or only those that a store brought along.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use facts::Date;
use regime::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::command::{Basis, Facts, Role, Terms};
use crate::counsel::{CountedFlow, FeeLine, Goods, Ruling};
use crate::entry::Head;
use crate::refusal::{Refusal, Stop};

/// A person or machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// What it may do.
    pub roles: BTreeSet<Role>,
}

/// The desk itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// Its name.
    pub name: String,
    /// Everything by which the desk decides, each item with its hash: regimes, parts, dictionary, its own numbers, the program.
    #[serde(default)]
    pub items: BTreeMap<String, String>,
    /// The day on which that was adopted.
    #[serde(default)]
    pub adopted: Option<Date>,
    /// Everybody who ever adopted rules.
    pub adopters: BTreeSet<String>,
    /// How many admins there are.
    pub admins: u64,
}

/// Where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Being written, or edited again.
    Draft,
    /// Handed in; waits for an approver.
    InReview,
    /// Approved; a licence may be issued on it.
    Approved,
    /// Refused.
    Refused,
    /// Given back to its author without action.
    Returned,
    /// A licence was issued on it.
    Licensed,
}

impl Stage {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Draft => "draft",
            Stage::InReview => "in review",
            Stage::Approved => "approved",
            Stage::Refused => "refused",
            Stage::Returned => "returned",
            Stage::Licensed => "licensed",
        }
    }
}

/// From one day until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// SHA-256 in hex of what somebody reads before approving it. Plain data with text keys always has a JSON text.
fn hash_of(what: &impl Serialize) -> String {
    hex(&Sha256::digest(serde_json::to_vec(what).unwrap_or_default()))
}

/// An application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// The facts as entered.
    pub facts: Facts,
    /// The names of its documents.
    pub documents: Vec<String>,
    /// What is to be shipped, as reckoned from the facts.
    pub goods: Goods,
    /// What the law said when it was last edited.
    pub ruling: Ruling,
    /// From when until when a licence on it may hold.
    pub valid: Span,
    /// Where it stands.
    pub stage: Stage,
    /// Who entered it.
    pub author: String,
    /// Everybody who ever edited it.
    pub editors: BTreeSet<String>,
    /// Who approved it.
    pub approver: Option<String>,
    /// The day it went to review.
    pub submitted: Option<Date>,
    /// Why it was approved, refused or returned.
    pub reason: String,
    /// The day on which something last happened to it: the retention clock.
    pub touched: Date,
}

impl Application {
    /// SHA-256 in hex of what an approver reads: facts, documents, what the law said, and for how long a licence is asked.
    pub fn hash(&self, id: &str) -> String {
        hash_of(&("application", id, &self.facts, &self.documents, &self.goods, &self.ruling, &self.valid))
    }
}

/// Where a licence stands; expiry follows from its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It may be drawn down within its days.
    Open,
    /// Nothing is drawn down for now.
    Suspended,
    /// Ended for good.
    Revoked,
}

/// A licence. What is left of it stands in its accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Licence {
    /// The application that it was issued on.
    pub application: String,
    /// The facts of the application.
    pub facts: Facts,
    /// What it covers.
    pub goods: Goods,
    /// How much, and from when until when.
    pub terms: Terms,
    /// Where it stands.
    pub standing: Standing,
    /// Conditions by clause: who attests, and the document that shows it.
    pub conditions: BTreeMap<String, Condition>,
    /// Other terms that wait for a second person.
    pub amendment: Option<Amendment>,
    /// Why it was suspended, reinstated or revoked.
    pub reason: String,
    /// The day on which something last happened to it: the retention clock.
    pub touched: Date,
}

impl Licence {
    /// SHA-256 in hex of what an approver of the amendment reads: the terms that hold, those asked for, and why. None where none waits.
    pub fn amendment_hash(&self, id: &str) -> Option<String> {
        let asked = self.amendment.as_ref()?;
        Some(hash_of(&("amendment", id, &self.terms, &asked.terms, &asked.reason)))
    }
}

/// Other terms of a licence that somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// The terms.
    pub terms: Terms,
    /// Why.
    pub reason: String,
    /// Everybody who asked since terms were last approved: a later ask takes the place of an earlier one.
    pub by: BTreeSet<String>,
}

/// A condition of a licence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Who has to show it.
    pub attested_by: String,
    /// What shows it; none while it is open.
    pub document: Option<String>,
}

/// A notification with its clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The exception that needs it.
    pub clause: String,
    /// The facts notified.
    pub facts: Facts,
    /// What is to be shipped under it.
    pub goods: Goods,
    /// The day on which it was made.
    pub on: Date,
    /// The first day on which something may go.
    pub due: Date,
    /// The day since which its clock stands still.
    pub stopped: Option<Date>,
    /// The authority's number, once it is there.
    pub number: Option<String>,
    /// The day on which something last happened to it: the retention clock.
    pub touched: Date,
}

/// Where a shipment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passage {
    /// Quantity and value are held for it.
    Reserved,
    /// It left.
    Posted,
    /// It did not go.
    Void,
}

/// A shipment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// On what it goes.
    pub basis: Basis,
    /// The facts as reserved, and as stated when it left.
    pub facts: Facts,
    /// What is shipped.
    pub goods: Goods,
    /// What the law said of it when it was reserved, and then when it left.
    pub outcome: String,
    /// Where it stands.
    pub passage: Passage,
    /// Pieces that came back.
    pub returned: i64,
    /// What quotas counted of it.
    pub counted: Vec<CountedFlow>,
    /// What was assessed on it.
    pub fees: Vec<FeeLine>,
    /// The day on which something last happened to it: the retention clock.
    pub touched: Date,
}

/// One account: balance by measure, in its smallest unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Balance by measure: what came in less what went out.
    pub balances: BTreeMap<String, i64>,
}

/// What a quota counted by day, in thousandths of its unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// What was counted on each day.
    pub days: BTreeMap<Date, i64>,
    /// The sum of all days.
    pub total: i64,
}

impl Flow {
    /// What was counted up to a day and on it. Sums from the nearer end.
    pub fn upto(&self, day: Date) -> i64 {
        let after: i64 = self.days.range(day..).filter(|(d, _)| **d > day).map(|(_, n)| *n).sum();
        self.total - after
    }
}

/// Fees of one payer, payee, clause, part and quarter: a line of a statement. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// Who pays.
    pub payer: String,
    /// Who is paid.
    pub payee: String,
    /// In which currency.
    pub currency: String,
    /// The quarter in which the shipments left.
    pub quarter: String,
    /// The part.
    pub part: String,
    /// The regime that charges the fee.
    pub regime: String,
    /// Its clause.
    pub clause: String,
    /// What the fee is in law.
    pub legal_form: String,
    /// How many shipments.
    pub shipments: i64,
    /// Value of the shipments.
    pub base: i64,
    /// What was assessed.
    pub assessed: i64,
    /// What of it was taken back, as after a fee was struck down.
    pub reversed: i64,
    /// Billed so far, less what was reversed of it.
    pub invoiced: i64,
}

/// A bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// Who pays.
    pub payer: String,
    /// Who is paid.
    pub payee: String,
    /// In which currency; all amounts are its minor units.
    pub currency: String,
    /// The quarter that is billed.
    pub quarter: String,
    /// Line of the statement to minor units.
    pub lines: BTreeMap<String, i64>,
    /// The sum of its lines.
    pub billed: i64,
    /// Taken off because fees were reversed.
    pub credited: i64,
    /// What came in.
    pub paid: i64,
    /// What went back.
    pub refunded: i64,
    /// The day on which something last happened to it: the retention clock.
    pub touched: Date,
}

/// A fee that was struck down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strike {
    /// First and last day of shipment, and the decision cited.
    pub spans: Vec<(Date, Date, String)>,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub by: String,
    /// The day on which it was placed.
    pub on: Date,
    /// Whether it was not released yet.
    pub stands: bool,
}

/// A command that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The command's digest.
    pub digest: String,
    /// The first entry that it made.
    pub first: u64,
    /// The last entry that it made.
    pub last: u64,
}

macro_rules! records {
    ($($kind:ident $word:literal $get:ident $edit:ident),+ $(,)?) => {
        /// One record.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub enum Record {
            $(
                #[doc = concat!("Of kind `", $word, "`.")]
                $kind($kind)
            ),+
        }

        /// A kind of record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind { $($kind),+ }

        impl Kind {
            const ALL: &'static [Kind] = &[$(Kind::$kind),+];
        }

        impl Record {
            /// Every kind by its word, which begins the record's name.
            pub const KINDS: &'static [&'static str] = &[$($word),+];
        }

        impl State {
            $(
                /// The record of this id, if there is one.
                ///
                /// # Errors
                /// Where a store has not brought it along.
                pub fn $get(&self, id: &str) -> Result<Option<&$kind>, Stop> {
                    match self.look(Kind::$kind, id)? {
                        Some(Record::$kind(record)) => Ok(Some(record)),
                        _ => Ok(None),
                    }
                }

                #[allow(dead_code)] // some kinds are only replaced whole
                pub(crate) fn $edit(&mut self, id: &str) -> Option<&mut $kind> {
                    match self.edit(Kind::$kind, id) {
                        Some(Record::$kind(record)) => Some(record),
                        _ => None,
                    }
                }
            )+
        }

        $(
            impl From<$kind> for Record {
                fn from(record: $kind) -> Record { Record::$kind(record) }
            }
            impl Named for $kind { const KIND: Kind = Kind::$kind; }
        )+
    };
}

/// What a record is, by its type.
pub(crate) trait Named {
    /// Its kind.
    const KIND: Kind;
}

impl Kind {
    /// The word that begins the names of its records, as in `licence/L-1`.
    fn word(self) -> &'static str {
        Record::KINDS.get(self as usize).copied().unwrap_or_default()
    }

    /// Kind and id of a record's whole name; none of a name that no record can have.
    fn of(name: &str) -> Option<(Kind, &str)> {
        let (word, id) = name.split_once('/')?;
        Some((*Kind::ALL.iter().find(|kind| kind.word() == word)?, id))
    }
}

records! {
    Desk "desk" desk desk_mut,
    Person "person" person person_mut,
    Application "application" application application_mut,
    Licence "licence" licence licence_mut,
    Notification "notification" notification notification_mut,
    Shipment "shipment" shipment shipment_mut,
    Account "account" account account_mut,
    Flow "flow" flow flow_mut,
    Due "due" due due_mut,
    Invoice "invoice" invoice invoice_mut,
    Strike "strike" strike strike_mut,
    Hold "hold" hold hold_mut,
    Done "done" done done_mut,
}

/// What the log adds up to.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where the log ends.
    pub head: Head,
    /// Whether records that are not here do not exist.
    whole: bool,
    /// By kind and id; none where a store has no such record.
    records: [HashMap<String, Slot>; Record::KINDS.len()],
    lists: HashMap<String, Vec<String>>,
    /// Records changed, and list items added, since a store last took them.
    changed: Vec<(Kind, String)>,
    added: Vec<(u64, String, String)>,
}

/// Where a record stands, or is known not to.
#[derive(Clone, Debug, Default)]
struct Slot {
    record: Option<Record>,
    changed: bool,
}

impl Slot {
    fn mark(&mut self, kind: Kind, id: &str, changed: &mut Vec<(Kind, String)>) {
        if !self.changed && kind != Kind::Done {
            self.changed = true;
            changed.push((kind, id.to_owned()));
        }
    }
}

impl State {
    /// A state from the start of a log, which holds everything.
    pub fn whole() -> State {
        State { whole: true, ..State::default() }
    }

    /// A state behind a head, into which a store brings what is asked for.
    pub fn behind(head: Head) -> State {
        State { head, ..State::default() }
    }

    /// A record by its whole name, as `licence/L-1`.
    ///
    /// # Errors
    /// Where a store has not brought it along.
    pub fn record(&self, name: &str) -> Result<Option<&Record>, Stop> {
        Kind::of(name).map_or(Ok(None), |(kind, id)| self.look(kind, id))
    }

    fn look(&self, kind: Kind, id: &str) -> Result<Option<&Record>, Stop> {
        match self.records.get(kind as usize).and_then(|slots| slots.get(id)) {
            Some(slot) => Ok(slot.record.as_ref()),
            None if self.whole => Ok(None),
            None => Err(Stop::Record(format!("{}/{id}", kind.word()))),
        }
    }

    /// A list: names of things that belong under a heading, in the order in which they came.
    ///
    /// # Errors
    /// Where a store has not brought it along.
    pub fn list(&self, heading: &str) -> Result<&[String], Stop> {
        match self.lists.get(heading) {
            Some(list) => Ok(list),
            None if self.whole => Ok(&[]),
            None => Err(Stop::List(heading.to_owned())),
        }
    }

    /// Names of records that begin so, in order. Of a whole state only.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let mut names = Vec::new();
        let begun = |word: &str| word.starts_with(prefix) || prefix.starts_with(word);
        for (word, slots) in Record::KINDS.iter().zip(&self.records).filter(|(word, _)| begun(word)) {
            let there = slots.iter().filter(|(_, slot)| slot.record.is_some());
            names.extend(there.map(|(id, _)| format!("{word}/{id}")).filter(|name| name.starts_with(prefix)));
        }
        names.sort_unstable();
        names
    }

    /// Brings a record along; none where there is none.
    pub fn bring(&mut self, name: &str, record: Option<Record>) {
        if let Some((kind, id)) = Kind::of(name)
            && let Some(slots) = self.records.get_mut(kind as usize)
        {
            slots.insert(id.to_owned(), Slot { record, changed: false });
        }
    }

    /// Brings a list along.
    pub fn bring_list(&mut self, heading: &str, mut list: Vec<String>) {
        list.extend(self.added.iter().filter(|(_, h, _)| h == heading).map(|(_, _, item)| item.clone()));
        self.lists.insert(heading.to_owned(), list);
    }

    /// How many records are held.
    pub fn held(&self) -> usize {
        self.records.iter().map(HashMap::len).sum()
    }

    /// Names of changed records in order, and added list items with the entry and the heading under which each came, since the last
    /// call. Commands done are not among them: the log itself says that.
    pub fn take_changes(&mut self) -> (Vec<String>, Vec<(u64, String, String)>) {
        let mut names = Vec::with_capacity(self.changed.len());
        for (kind, id) in std::mem::take(&mut self.changed) {
            names.push(format!("{}/{id}", kind.word()));
            if let Some(slot) = self.records.get_mut(kind as usize).and_then(|slots| slots.get_mut(&id)) {
                slot.changed = false;
            }
        }
        names.sort_unstable();
        (names, std::mem::take(&mut self.added))
    }

    /// List items added since they were last taken, each with the entry and the heading under which it came.
    pub(crate) fn take_added(&mut self) -> Vec<(u64, String, String)> {
        std::mem::take(&mut self.added)
    }

    /// Every heading with its list. Of a whole state only.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        self.lists.iter()
    }

    pub(crate) fn put<R: Named + Into<Record>>(&mut self, id: &str, record: R) {
        if let Some(slots) = self.records.get_mut(R::KIND as usize) {
            let slot = slots.entry(id.to_owned()).or_default();
            slot.record = Some(record.into());
            slot.mark(R::KIND, id, &mut self.changed);
        }
    }

    fn edit(&mut self, kind: Kind, id: &str) -> Option<&mut Record> {
        let slot = self.records.get_mut(kind as usize)?.get_mut(id).filter(|slot| slot.record.is_some())?;
        slot.mark(kind, id, &mut self.changed);
        slot.record.as_mut()
    }

    /// Puts an item under a heading. A list that was not brought along is only added to.
    pub(crate) fn enlist(&mut self, heading: String, item: &str) {
        if self.whole {
            self.lists.entry(heading.clone()).or_default().push(item.to_owned());
        } else if let Some(list) = self.lists.get_mut(&heading) {
            list.push(item.to_owned());
        }
        // The entry that is being applied is not the head yet.
        self.added.push((self.head.seq + 1, heading, item.to_owned()));
    }

    /// The desk, which must be opened.
    pub(crate) fn opened(&self) -> Result<&Desk, Stop> {
        self.desk("desk")?.ok_or_else(|| Refusal::NotFounded.into())
    }
}

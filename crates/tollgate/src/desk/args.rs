//! What one may say to the desk.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use facts::{Date, parse_date};

use crate::args::{FactArgs, Look, ViewWord};
use crate::screen::Failure;

/// Arguments of `desk`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tollgate desk --store walk.db --as admin-1 init Walk --regime essay\n  tollgate desk --store walk.db list people\n\n\
A walk from the first order to the quarterly statement: docs/guide/desk.md. Exit status 5: refused, with the name of the reason."
)]
pub(crate) struct DeskArgs {
    /// The store: a file, or a postgresql:// URL
    #[arg(
        long,
        global = true,
        env = "TOLLGATE_STORE",
        default_value = "desk.db",
        value_name = "PLACE",
        help_heading = "The desk"
    )]
    pub store: String,
    /// Who acts: the id of a person or machine
    #[arg(
        long = "as",
        global = true,
        env = "TOLLGATE_ACTOR",
        default_value = "",
        value_name = "ACTOR",
        help_heading = "The desk"
    )]
    pub actor: String,
    /// The command's key; the same key sent twice is done once. Default: a new one, drawn at random
    #[arg(long, global = true, value_name = "KEY", help_heading = "The desk")]
    pub key: Option<String>,
    /// When it happened, as 2026-03-31T09:00:00Z: kept beside the moment of the desk's own clock, which nobody sets
    #[arg(long, global = true, env = "TOLLGATE_AT", value_name = "MOMENT", help_heading = "The desk")]
    pub at: Option<jiff::Timestamp>,
    /// Why it comes late; needed where what happened lies further back than data/desk.toml allows
    #[arg(
        long,
        global = true,
        env = "TOLLGATE_LATE_BECAUSE",
        default_value = "",
        hide_default_value = true,
        value_name = "TEXT",
        help_heading = "The desk"
    )]
    pub late_because: String,
    /// For `init`, `adopt-rules` and questions: a regime or corridor; acts go by what the desk adopted
    #[arg(long = "regime", global = true, value_name = "ID", help_heading = "The law")]
    pub regimes: Vec<String>,
    /// For questions: lay a draft over the regime; may be given several times
    #[arg(long = "draft", global = true, value_name = "NAME", help_heading = "The law")]
    pub drafts: Vec<String>,
    /// For questions: what is enforced, or the letter of the law. Default: practice
    #[arg(long, global = true, value_enum, help_heading = "The law")]
    pub view: Option<ViewWord>,
    /// For questions: use only law that was published by this day
    #[arg(long, global = true, value_name = "DAY", value_parser = day, help_heading = "The law")]
    pub known: Option<Date>,
    /// What is to be done.
    #[command(subcommand)]
    pub act: DeskAct,
}

impl DeskArgs {
    /// How the law is looked at; here the options stand behind any subcommand.
    pub(crate) fn look(&self) -> Look {
        let view = self.view.unwrap_or(ViewWord::Practice);
        Look { regimes: self.regimes.clone(), drafts: self.drafts.clone(), view, known: self.known }
    }

    /// Refuses a choice of law where something is done: an act goes by what the desk adopted.
    pub(crate) fn by_adopted_law(&self) -> Result<(), Failure> {
        let chooses = matches!(self.act, DeskAct::Init { .. } | DeskAct::AdoptRules);
        let said = [
            ("--known", self.known.is_some()),
            ("--view", self.view.is_some()),
            ("--draft", !self.drafts.is_empty()),
            ("--regime", !self.regimes.is_empty() && !chooses),
        ];
        if self.act.asks() {
            return Ok(());
        }
        match said.iter().find(|(_, said)| *said) {
            None => Ok(()),
            Some((flag, _)) => Err(Failure::Usage(
                format!("{flag} has no place here: what is done at a desk goes by the law that it adopted"),
                "leave it out; `desk relook` shows what other law would say, and `desk adopt-rules --regime ID` adopts other regimes"
                    .to_owned(),
            )),
        }
    }
}

impl DeskAct {
    /// Whether it only reads.
    pub(crate) fn asks(&self) -> bool {
        matches!(
            self,
            DeskAct::List { .. }
                | DeskAct::Show { .. }
                | DeskAct::Log { .. }
                | DeskAct::Headroom { .. }
                | DeskAct::Statement { .. }
                | DeskAct::Find { .. }
                | DeskAct::Retention { .. }
                | DeskAct::Relook { .. }
        )
    }
}

/// From when until when a licence is asked for.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct AskedArgs {
    /// First day of the licence asked for. Default: the day of the case
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Date>,
    /// Last day of the licence asked for. Default: as data/desk.toml says
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub until: Option<Date>,
}

impl AskedArgs {
    /// The same for the desk.
    pub(crate) fn asked(self) -> desk::Asked {
        desk::Asked { from: self.from, until: self.until }
    }
}

/// An approval of what was read.
#[derive(Args, Debug)]
pub(crate) struct Approval {
    /// Which one
    pub id: String,
    /// Why
    #[arg(long, default_value = "")]
    pub reason: String,
    /// The hash of what was read, as `desk show` gives it, or at least its first 12 digits
    #[arg(long, default_value = "", hide_default_value = true, value_name = "HASH")]
    pub seen: String,
}

/// A role by its word.
fn role(word: &str) -> Result<desk::Role, String> {
    desk::Role::ALL.iter().find(|(w, _)| *w == word).map(|(_, role)| *role).ok_or_else(|| {
        let known: Vec<&str> = desk::Role::ALL.iter().map(|(w, _)| *w).collect();
        format!("known: {}", known.join(", "))
    })
}

/// A reason or reference.
#[derive(Args, Debug)]
pub(crate) struct Because {
    /// Which one
    pub id: String,
    /// Why
    #[arg(long, default_value = "")]
    pub reason: String,
}

fn day(text: &str) -> Result<Date, String> {
    parse_date(text)
}

/// An amount in the currency's main unit, as 1234.50, to minor units.
fn money(text: &str) -> Result<i64, String> {
    let number = facts::Number::parse(text)?;
    let minor = number.exact() * facts::Exact::from_integer(100.into());
    let whole = minor.is_integer().then(|| i64::try_from(minor.to_integer()).ok()).flatten();
    whole.ok_or_else(|| "an amount has at most two decimals".to_owned())
}

/// What one may do at the desk.
#[derive(Debug, Subcommand)]
pub(crate) enum DeskAct {
    /// Open a desk: make its store, its first admin, and adopt the regimes
    Init {
        /// The desk's name
        name: String,
    },
    /// Give a role to a person or machine, or take it
    Role {
        /// The person
        person: String,
        /// viewer, analyst, approver, admin, auditor or machine
        #[arg(value_parser = role)]
        role: desk::Role,
        /// Take the role
        #[arg(long)]
        withdraw: bool,
    },
    /// Adopt everything that decides, as it is read now: regimes, parts, dictionary, the desk's numbers, this program
    AdoptRules,
    /// Enter an application
    Apply {
        /// Its id
        application: String,
        /// The facts.
        #[command(flatten)]
        facts: FactArgs,
        /// Number of a document; may be given several times
        #[arg(long = "document", value_name = "NUMBER")]
        documents: Vec<String>,
        /// For how long.
        #[command(flatten)]
        asked: AskedArgs,
    },
    /// Change an application: all its facts anew; voids an approval
    Edit {
        /// Its id
        application: String,
        /// The facts.
        #[command(flatten)]
        facts: FactArgs,
        /// Number of a document; may be given several times
        #[arg(long = "document", value_name = "NUMBER")]
        documents: Vec<String>,
        /// For how long.
        #[command(flatten)]
        asked: AskedArgs,
    },
    /// Hand an application to review
    Submit {
        /// Its id
        application: String,
    },
    /// Approve an application as it was read (--seen HASH); not by anybody who wrote a part of it
    Approve(Approval),
    /// Refuse an application
    Refuse(Because),
    /// Return an application to its author
    Return(Because),
    /// Issue a licence on an approved application, within what was approved
    Issue {
        /// The licence's id
        licence: String,
        /// The application
        #[arg(long)]
        application: String,
        /// Pieces. Default: as approved
        #[arg(long)]
        units: Option<i64>,
        /// Value. Default: as approved
        #[arg(long, value_parser = money)]
        value: Option<i64>,
        /// First day. Default: as approved
        #[arg(long, value_parser = day)]
        from: Option<Date>,
        /// Last day. Default: as approved
        #[arg(long, value_parser = day)]
        until: Option<Date>,
    },
    /// Show that a condition of a licence is met, by a document
    Evidence {
        /// The licence
        licence: String,
        /// The condition
        clause: String,
        /// The document; or with --withdraw, the reason
        document: String,
        /// The condition is no longer shown
        #[arg(long)]
        withdraw: bool,
    },
    /// Ask for other terms of a licence, or approve those asked for
    Amend {
        /// The licence
        licence: String,
        /// Pieces
        #[arg(long)]
        units: Option<i64>,
        /// Value
        #[arg(long, value_parser = money)]
        value: Option<i64>,
        /// Last day
        #[arg(long, value_parser = day)]
        until: Option<Date>,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Approve what others asked for, as it was read
        #[arg(long, conflicts_with_all = ["units", "value", "until"])]
        approve: bool,
        /// The amendment's hash, as `desk show` gives it, or at least its first 12 digits
        #[arg(long, default_value = "", hide_default_value = true, value_name = "HASH")]
        seen: String,
    },
    /// Stop draw-downs for now
    Suspend(Because),
    /// End a suspension
    Reinstate(Because),
    /// End a licence for good
    Revoke(Because),
    /// Record a notification; its clock starts
    Notify {
        /// Its id
        notification: String,
        /// The condition that it serves, as NAC-confirmed
        clause: String,
        /// The day it was made. Default: the day of the command
        #[arg(long, value_parser = day)]
        made: Option<Date>,
        /// The facts.
        #[command(flatten)]
        facts: FactArgs,
    },
    /// Stop the clock of a notification, or let it run again
    Clock {
        /// stop or resume
        what: ClockWord,
        /// The notification
        notification: String,
        /// The day
        #[arg(long, value_parser = day)]
        on: Date,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Record the authority's number for a notification
    Confirm {
        /// The notification
        notification: String,
        /// The number
        number: String,
        /// The day
        #[arg(long, value_parser = day)]
        on: Date,
    },
    /// Hold quantity and value for a shipment
    Reserve {
        /// Its id
        shipment: String,
        /// The licence it goes on
        #[arg(long, conflicts_with = "notification")]
        licence: Option<String>,
        /// The notification it goes on
        #[arg(long)]
        notification: Option<String>,
        /// Facts; under a licence those that differ from its application
        #[command(flatten)]
        facts: FactArgs,
    },
    /// A reserved shipment left
    Post {
        /// Its id
        shipment: String,
        /// The day
        #[arg(long, value_parser = day)]
        on: Date,
        /// Facts shown with it, as -f dd_lab_review=yes
        #[arg(short = 'f', long = "fact", value_name = "NAME=VALUE")]
        facts: Vec<String>,
    },
    /// A reserved shipment does not go
    Void(Because),
    /// What left was not what was entered
    Correct {
        /// The shipment
        shipment: String,
        /// Pieces
        #[arg(long)]
        units: i64,
        /// Value
        #[arg(long, value_parser = money)]
        value: i64,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Pieces came back
    TakeBack {
        /// The shipment
        shipment: String,
        /// Pieces
        #[arg(long)]
        units: i64,
        /// The day
        #[arg(long, value_parser = day)]
        on: Date,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Bill what is due and not yet billed
    Invoice {
        /// Its id
        invoice: String,
        /// Who pays
        #[arg(long)]
        payer: String,
        /// Who is paid
        #[arg(long)]
        payee: String,
        /// Quarter of the shipments, as 2026Q1
        #[arg(long)]
        quarter: String,
        /// Currency
        #[arg(long, default_value = "USD")]
        currency: String,
    },
    /// Money came in for an invoice
    Pay {
        /// The invoice
        invoice: String,
        /// How much
        #[arg(value_parser = money)]
        amount: i64,
        /// The payment's own number
        #[arg(long, default_value = "")]
        reference: String,
    },
    /// Money went back for an invoice
    Refund {
        /// The invoice
        invoice: String,
        /// How much
        #[arg(value_parser = money)]
        amount: i64,
        /// The payment's own number
        #[arg(long, default_value = "")]
        reference: String,
    },
    /// A fee is struck down: reverse every assessment of some days
    StrikeFee {
        /// The regime
        of: String,
        /// The fee's clause
        clause: String,
        /// First day of shipments
        #[arg(long, value_parser = day)]
        from: Date,
        /// Last day of shipments
        #[arg(long, value_parser = day)]
        until: Date,
        /// The judgment or act
        #[arg(long, default_value = "")]
        cite: String,
    },
    /// Hold records for an inquiry, as licence/L-1
    Hold(Because),
    /// End a hold; by somebody else
    ReleaseHold(Because),
    /// Do commands from a file of JSON lines, in one transaction for every thousand
    Do {
        /// The file, or - for standard input
        file: PathBuf,
    },
    /// List applications, licences, notifications, shipments, invoices or people
    List {
        /// What
        what: ListWord,
    },
    /// Show one record with what is left of it
    Show {
        /// Its name, as licence/L-1
        name: String,
        /// Print only the hash of what waits for approval
        #[arg(long)]
        hash: bool,
    },
    /// Show the log
    Log {
        /// From this entry on
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Only entries whose text holds this
        #[arg(long, default_value = "")]
        about: String,
    },
    /// How much room quotas leave for a case on its day
    Headroom {
        /// The facts.
        #[command(flatten)]
        facts: FactArgs,
    },
    /// Fees by quarter, payer, payee and part, reckoned anew from shipments
    Statement {
        /// Only this quarter
        #[arg(long)]
        quarter: Option<String>,
        /// Only this payer
        #[arg(long)]
        payer: Option<String>,
        /// Only this payee
        #[arg(long)]
        payee: Option<String>,
        /// Only this part
        #[arg(long)]
        part: Option<String>,
        /// Open every total to its shipments and entries
        #[arg(long)]
        open: bool,
        /// Write the lines as CSV here, whole or not at all
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
    },
    /// Find records by party, country or document number
    Find {
        /// A consignee or exporter
        #[arg(long)]
        party: Option<String>,
        /// A country code
        #[arg(long)]
        country: Option<String>,
        /// A number
        #[arg(long)]
        document: Option<String>,
    },
    /// Until when records must be kept
    Retention {
        /// Only what may be destroyed on this day
        #[arg(long, value_parser = day)]
        on: Option<Date>,
    },
    /// Decide every past shipment by other law (--regime, --draft, --known, --view), or by that of another day
    Relook {
        /// Put every shipment on this day
        #[arg(long, value_parser = day)]
        on: Option<Date>,
    },
    /// Make a pair of keys: FILE for signing, FILE.pub to be published
    Key {
        /// The name that stands in checkpoints, as desk.example.org
        name: String,
        /// The file
        #[arg(long)]
        out: PathBuf,
    },
    /// Sign where the log stands; publish what it prints
    Checkpoint {
        /// The secret key's file
        #[arg(long)]
        secret: PathBuf,
        /// Write the checkpoint here
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Prove that an entry stands in the latest checkpoint
    Prove {
        /// The entry
        seq: u64,
    },
    /// Write a bundle that others can verify without this program
    Export {
        /// A new folder
        folder: PathBuf,
        /// The public key's file
        #[arg(long)]
        public: PathBuf,
    },
    /// Copy a SQLite store while it is in use
    Backup {
        /// A new file
        file: PathBuf,
    },
}

/// What happens to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockWord {
    /// It stands still.
    Stop,
    /// It goes on.
    Resume,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListWord {
    /// Applications.
    Applications,
    /// Licences.
    Licences,
    /// Notifications.
    Notifications,
    /// Shipments.
    Shipments,
    /// Invoices.
    Invoices,
    /// People.
    People,
}

//! What one may say on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use facts::{Date, parse_date};
use regime::Outcome;

use crate::explain::named;
use crate::screen::Failure;

/// Decide shipments of AI chips under dated, cited export-control law, say why, and see what follows.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, max_term_width = 110)]
#[command(
    after_help = "Exit status: 0 done · 1 a file or the machine failed · 2 wrong usage · 3 bad rows or texts · 4 undetermined · 5 refused\n\
Tollgate states the law as published; it is no legal advice."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Use the packs of this folder; a regime, or any other file in it, stands in for the embedded one
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Colours: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to look at the law.
#[derive(Args, Debug, Clone)]
pub(crate) struct Look {
    /// A regime or corridor; several regimes make a corridor. Default: the corridor `us-cn`
    #[arg(long = "regime", value_name = "ID", help_heading = "The law")]
    pub regimes: Vec<String>,
    /// Lay a draft over the regime; may be given several times
    #[arg(long = "draft", value_name = "NAME", help_heading = "The law")]
    pub drafts: Vec<String>,
    /// What is enforced, or the letter of the law
    #[arg(long, value_enum, default_value = "practice", help_heading = "The law")]
    pub view: ViewWord,
    /// Use only law that was published by this day
    #[arg(long, value_name = "DAY", value_parser = day, help_heading = "The law")]
    pub known: Option<Date>,
}

/// Practice or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewWord {
    /// What is enforced.
    Practice,
    /// What is written.
    Text,
}

impl Look {
    /// The lens that it means.
    pub(crate) fn lens(&self) -> regime::Lens {
        let view = if self.view == ViewWord::Text { regime::View::Text } else { regime::View::Practice };
        regime::Lens { view, known: self.known }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See what a regime brings about: many worlds, a table, a report
    Simulate(SimulateArgs),
    /// Hold the simulated worlds against what was published
    Backtest(BacktestArgs),
    /// Answer published sentences with figures, rules and worlds
    Claims(ClaimsArgs),
    /// Decide order books: CSV, JSON lines, Parquet or Arrow in, decisions, fees and a summary out
    Decide(DecideArgs),
    /// Decide one order and say why: clauses, values, dates, citations, near misses, missing facts
    Explain(ExplainArgs),
    /// A part's status by destination over time
    Classify(ClassifyArgs),
    /// Which parts and places change between two days, or between law and draft
    Diff(DiffArgs),
    /// The best part that the law still lets through
    Frontier(FrontierArgs),
    /// Check every regime, draft, part and case of a pack
    Check(CheckArgs),
    /// Show regimes, clauses, instruments, chips, fields or drafts
    Show(ShowArgs),
    /// Keep applications, licences, shipments, quotas and fees on the decisions of the regimes
    Desk(Box<crate::desk::args::DeskArgs>),
    /// Examine a desk's log: changed, removed, reordered and back-dated entries are named
    Audit(crate::desk::audit_args::AuditArgs),
    /// Query decisions, parts, groups, countries and clauses by SQL, here or on a cluster
    #[cfg(feature = "cluster")]
    Sql(crate::cluster::SqlArgs),
    /// Hand out work to executors: one for a cluster
    #[cfg(feature = "cluster")]
    Scheduler(crate::cluster::SchedulerArgs),
    /// Decide what a scheduler hands out: one for a machine
    #[cfg(feature = "cluster")]
    Executor(crate::cluster::ExecutorArgs),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  tollgate completions bash > ~/.local/share/bash-completion/completions/tollgate")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Arguments of `simulate`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tollgate simulate\n  tollgate simulate h200 --against closed --against open --worlds 2000\n  \
tollgate simulate reactive --lang zh --out report-zh.html\n  tollgate simulate --worlds 500 --save study.parquet\n  \
tollgate simulate --replay study.parquet:17\n\n\
Scenarios: h200 (the law as it happened, continued), essay, closed, open, cut-down-only, moderate-import, reactive; your own in\n\
--data DIR as scenarios/NAME.toml. Worlds that published figures to the end of 2024 rule out are left aside (--prior keeps them)."
)]
pub(crate) struct SimulateArgs {
    /// The scenario
    #[arg(default_value = "h200")]
    pub scenario: String,
    /// Compare with another scenario on the same worlds; may be given several times
    #[arg(long, value_name = "SCENARIO", num_args = 1..)]
    pub against: Vec<String>,
    /// Worlds to draw
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub worlds: u64,
    /// Seed of the draws and of chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How worlds are drawn: latin-hypercube, sobol or monte-carlo
    #[arg(long, default_value = "latin-hypercube", value_parser = study::Design::parse)]
    pub design: study::Design,
    /// Show every world, also those that history rules out
    #[arg(long)]
    pub prior: bool,
    /// Write the report here (.html); default: report.html, and with --json none
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Language of the report
    #[arg(long, value_enum, default_value = "en")]
    pub lang: LangWord,
    /// Save every world's draw and metrics as Parquet (.parquet)
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Run one world of a saved study again
    #[arg(long, value_name = "FILE:ROW", conflicts_with_all = ["out", "save"])]
    pub replay: Option<String>,
}

/// Language of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangWord {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// Arguments of `backtest`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate backtest\n  tollgate backtest --worlds 1000 --json\n\n\
Figures to the end of 2024 rule worlds out, in waves; every later figure is scored beside two null models: the last value, and a\n\
scripted buyer who takes what both gates let through.")]
pub(crate) struct BacktestArgs {
    /// The scenario
    #[arg(default_value = "h200")]
    pub scenario: String,
    /// Worlds to draw in each of the three waves
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub worlds: u64,
    /// Seed of the draws and of chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `claims`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate claims\n  tollgate claims E5\n  tollgate claims E5 E14 E26 --json\n\n\
Each claim is a figure to check, a rule to show, or a question over worlds: docs/guide/claims.md.")]
pub(crate) struct ClaimsArgs {
    /// Only these claims, with every test
    pub ids: Vec<String>,
    /// A claims file of your own
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Worlds to draw; default: as the file says
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub worlds: Option<u64>,
    /// Seed of the draws and of chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Arguments of `decide`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate decide orders.csv\n  tollgate decide orders.csv --out decisions.csv\n  \
tollgate decide orders.csv --out decisions.parquet --bad bad.csv\n  cat orders.jsonl | tollgate decide - --format jsonl\n\n\
The columns are named (`tollgate show fields`); `date` is needed, and every fact left out stays unknown. What a column `chip`\n\
names is looked up in the catalogue. Rows feed running totals in order of date, whatever their order in the files: where orders\n\
that a quota counts come out of order, the books are read twice and those orders are kept in memory, about a kilobyte each.\n\
docs/guide/order-books.md tells all formats.")]
pub(crate) struct DecideArgs {
    /// The order books: files, folders, patterns such as 'orders/*.parquet', or - for standard input
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Write the decisions here (.csv, .jsonl, .parquet or .arrow), whole or not at all
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write bad rows here (.csv or .jsonl), and not among the decisions
    #[arg(long, value_name = "FILE")]
    pub bad: Option<PathBuf>,
    /// How to print the decisions; default: by the name of --out, a table on a terminal, CSV otherwise
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// How the books are read and decided.
    #[command(flatten)]
    pub books: BookArgs,
}

/// How order books are read and decided.
#[derive(Args, Debug)]
pub(crate) struct BookArgs {
    /// How the order books are written; default: by their names or first bytes
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub input: Option<InputFormat>,
    /// Fill what an order leaves out from the standard case (`decide` says so in the summary)
    #[arg(long)]
    pub standard: bool,
    /// Say what stands before decimals in texts: 1.000 is then one, and no longer refused as perhaps a thousand
    #[arg(long, value_enum, value_name = "MARK")]
    pub decimal: Option<Mark>,
    /// Let the executors of this scheduler decide, as in df://host:50050; they must see the books under the same paths
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "URL", conflicts_with = "decimal")]
    pub cluster: Option<String>,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// How decisions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for reading.
    Table,
    /// CSV with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
    /// Only the summary.
    Summary,
}

/// What stands before decimals. Commas are refused everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mark {
    /// A point, as in 1234.5.
    Point,
}

/// How an order book is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// CSV with a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file or stream.
    Arrow,
}

/// Facts of a case.
#[derive(Args, Debug)]
pub(crate) struct FactArgs {
    /// Day of the shipment
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub on: Option<Date>,
    /// The part, by its name in the catalogue
    #[arg(long)]
    pub chip: Option<String>,
    /// Destination
    #[arg(long, value_name = "COUNTRY")]
    pub to: Option<String>,
    /// Any other fact: -f quantity=100 -f consignee='Buyer 8 (Beijing)'
    #[arg(short = 'f', long = "fact", value_name = "NAME=VALUE")]
    pub facts: Vec<String>,
    /// Fill what is not given from the standard case: an ordinary civilian sale by the maker
    #[arg(long)]
    pub standard: bool,
}

impl FactArgs {
    /// What the flags state, by the full names of facts.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        pairs.extend(self.on.iter().map(|d| ("date".to_owned(), d.to_string())));
        pairs.extend(self.chip.iter().map(|c| ("chip".to_owned(), c.clone())));
        pairs.extend(self.to.iter().map(|t| ("destination".to_owned(), t.clone())));
        pairs.extend(named(&self.facts)?);
        Ok(pairs)
    }
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate explain --on 2025-05-01 --chip 'H20 96GB' --to CN --standard\n  \
tollgate explain --on 2026-03-01 --chip 'H200 SXM' --to CN --standard -f dd_lab_review=no\n  \
tollgate explain '{\"date\": \"2024-03-01\", \"chip\": \"L20\", \"to\": \"CN\", \"kind\": \"export\"}'\n  \
tollgate explain orders.csv --row 72\n\n\
Without --standard every fact that is not given is unknown, and the answer names those that would settle it.")]
pub(crate) struct ExplainArgs {
    /// The order as a JSON object, or - to read it from standard input; with --row, an order book
    pub order: Option<String>,
    /// The row of an order book: what `decide` calls its line; running totals are those of the rows before it
    #[arg(long, value_name = "LINE", requires = "order", conflicts_with_all = ["on", "chip", "to", "facts", "totals"])]
    pub row: Option<u64>,
    /// With --row: what stands before decimals in the book's texts, as for `decide`
    #[arg(long, value_enum, value_name = "MARK", requires = "row")]
    pub decimal: Option<Mark>,
    /// The order.
    #[command(flatten)]
    pub facts: FactArgs,
    /// A running total before this shipment: --total cn-shipped=0
    #[arg(long = "total", value_name = "QUOTA=NUMBER")]
    pub totals: Vec<String>,
    /// Show the test of every clause that applied, part by part
    #[arg(long, short)]
    pub long: bool,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// Arguments of `classify`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate classify 'H20 96GB' --to CN\n  tollgate classify H20\n\n\
The question is asked for the standard case: an ordinary civilian sale by the part's maker (`tollgate show fields`).")]
pub(crate) struct ClassifyArgs {
    /// The part, or a family of parts
    pub chip: String,
    /// Only this destination
    #[arg(long, value_name = "COUNTRY")]
    pub to: Option<String>,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// Arguments of `diff`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate diff 2023-11-16 2023-11-17\n  tollgate diff 2026-01-14 2026-01-15 --to CN\n  \
tollgate diff --draft safe-chips --on 2026-03-01")]
pub(crate) struct DiffArgs {
    /// The first day
    #[arg(value_parser = day, required_unless_present = "drafts")]
    pub before: Option<Date>,
    /// The second day
    #[arg(value_parser = day, requires = "before")]
    pub after: Option<Date>,
    /// With --draft: the day on which law and draft are compared; default: the day from which the draft is taken
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub on: Option<Date>,
    /// Only this destination
    #[arg(long, value_name = "COUNTRY")]
    pub to: Option<String>,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// Arguments of `frontier`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate frontier --to CN --on 2024-03-01\n  \
tollgate frontier --to CN --on 2024-03-01 -f applicable_die_area_mm2=814 -f exporter=NVIDIA\n  \
tollgate frontier --to CN --on 2026-03-01 --at-most 'licence, case by case'\n\n\
The part may have any properties that you do not give. Bounds are exact: < stands for an open one.")]
pub(crate) struct FrontierArgs {
    /// Destination
    #[arg(long, value_name = "COUNTRY")]
    pub to: String,
    /// Day of the shipment
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub on: Date,
    /// The strictest answer that still counts as let through
    #[arg(long, value_name = "OUTCOME", default_value = "free", value_parser = outcome)]
    pub at_most: Outcome,
    /// A property of the part or a fact of the sale that is fixed
    #[arg(short = 'f', long = "fact", value_name = "NAME=VALUE")]
    pub facts: Vec<String>,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// Arguments of `check`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tollgate check\n  tollgate check my-packs/\n\n\
A folder holds what `data/` holds: regimes/<id>/, chips/, fields.toml …; what it lacks is taken from the binary.")]
pub(crate) struct CheckArgs {
    /// A folder of packs; default: the embedded ones
    pub dir: Option<PathBuf>,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `show`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tollgate show\n  tollgate show clauses\n  tollgate show clause 3A090.a\n  tollgate show chip 'H20 96GB'\n  tollgate show fields"
)]
pub(crate) struct ShowArgs {
    /// What to show
    #[arg(value_enum, default_value = "regimes")]
    pub what: ShowWhat,
    /// Which one
    pub name: Option<String>,
    /// How the law is looked at.
    #[command(flatten)]
    pub look: Look,
}

/// What `show` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowWhat {
    /// Regimes and corridors.
    Regimes,
    /// Clauses of the corridor.
    Clauses,
    /// One clause as it stands.
    Clause,
    /// Legal acts.
    Instruments,
    /// Country groups and other sets, as of today's law in the pack.
    Groups,
    /// Drafts.
    Drafts,
    /// The catalogue.
    Chips,
    /// One part.
    Chip,
    /// The dictionary of facts.
    Fields,
}

fn day(text: &str) -> Result<Date, String> {
    parse_date(text)
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let known: Vec<&str> = Outcome::ALL.iter().map(|o| o.text()).collect();
    Outcome::parse(text).ok_or_else(|| format!("one of: {}", known.join("; ")))
}

//! What people see: tables that fit, colours where they help, problems with their place, and failures with what to do next.

use std::cell::{Cell as Shared, RefCell};
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};
use facts::{Problem, Severity};
use regime::Outcome;

use crate::Exit;
use crate::args::{ColorWhen, Common};

/// Why a command could not be done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Texts or facts are bad.
    Problems(Vec<Problem>),
    /// The command was used wrongly: how, and what to say instead.
    Usage(String, String),
    /// A text names nothing known: which, and what there is.
    Unknown(String, String),
    /// A file or the machine failed: what, and what to do next.
    Message(String, String),
    /// Whoever read the output has gone; nobody is left to tell.
    ReaderGone,
}

impl Failure {
    /// What a run ends with that failed so.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Problems(_) | Failure::Unknown(..) => Exit::Problems,
            Failure::Usage(..) => Exit::Usage,
            Failure::Message(..) => Exit::Failed,
            Failure::ReaderGone => Exit::Done,
        }
    }

    /// A name that nothing has, with what is near it, or else what there is.
    pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
        let known: Vec<&str> = known.into_iter().collect();
        let low = name.trim().to_lowercase();
        let mut near: Vec<&str> = facts::nearest(name, known.iter().copied());
        if near.is_empty() && !low.is_empty() {
            near = known.iter().copied().filter(|k| k.to_lowercase().contains(&low)).take(5).collect();
        }
        let hint = match (near.is_empty(), known.is_empty()) {
            (false, _) => format!("near it: {}", near.join(", ")),
            (true, true) => "there is none yet".to_owned(),
            (true, false) => {
                let more = if known.len() > 12 { " …" } else { "" };
                format!("there is: {}{more}", known.iter().take(12).copied().collect::<Vec<_>>().join(", "))
            }
        };
        Failure::Unknown(format!("no {what} `{}`", name.chars().take(100).collect::<String>()), hint)
    }

    /// A file that could not be read or written.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Failure {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "is the name right? The path is taken from the folder that you are in",
            io::ErrorKind::PermissionDenied => "may you read or write there?",
            io::ErrorKind::StorageFull => "the disk is full; nothing was left half-written",
            _ => "",
        };
        Failure::Message(format!("{}: {error}", path.display()), hint.to_owned())
    }

    /// A device, a pipe or standard output that took only a part of what it was to take.
    pub(crate) fn cut_short(path: &Path, error: &io::Error) -> Failure {
        let why =
            if error.kind() == io::ErrorKind::BrokenPipe { "whoever read it went away".to_owned() } else { error.to_string() };
        Failure::Message(format!("{}: {why}", path.display()), "what was written into it is not complete".to_owned())
    }
}

/// A line under the header and nothing else.
const LINES: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The terminal, or what stands for it.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Whether the answer is JSON.
    pub json: bool,
    /// Whether standard output is a terminal.
    pub terminal: bool,
    colour: bool,
    width: u16,
    /// Whether a file is written into standard output, so that all else goes to standard error.
    aside: Shared<bool>,
    /// Files that were put in their places.
    written: RefCell<Vec<String>>,
}

impl Screen {
    /// Looks at the terminal and the options.
    pub(crate) fn new(common: &Common) -> Screen {
        match common.color {
            ColorWhen::Auto => {}
            ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
            ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
        }
        let terminal = io::stdout().is_terminal();
        let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let width = width.or_else(|| Table::new().width().filter(|_| terminal)).unwrap_or(100);
        Screen {
            json: common.json,
            terminal,
            colour: common.color != ColorWhen::Never,
            width: width.clamp(40, 400),
            aside: Shared::new(false),
            written: RefCell::default(),
        }
    }

    /// Keeps standard output for a file that is written into it.
    pub(crate) fn set_aside(&self) {
        self.aside.set(true);
    }

    /// Remembers a file that is in its place, for the message if something fails later.
    pub(crate) fn wrote(&self, path: &Path) {
        self.written.borrow_mut().push(path.display().to_string());
    }

    /// Prints text to standard output.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        if self.aside.get() {
            self.err(&format!("{text}{end}"));
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes()));
        written.and_then(|()| out.flush()).or_else(|e| self.undelivered(&e))
    }

    /// Copies a file from its present place on to standard output.
    pub(crate) fn copy_out(&self, file: &mut File) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        io::copy(file, &mut out).and_then(|_| out.flush()).or_else(|e| self.undelivered(&e))
    }

    /// Standard output takes no more. Where the reader went away, what else was asked for is all that there is to do.
    fn undelivered(&self, error: &io::Error) -> Result<(), Failure> {
        match error.kind() {
            io::ErrorKind::BrokenPipe if self.written.borrow().is_empty() => Err(Failure::ReaderGone),
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(Failure::cut_short(Path::new("standard output"), error)),
        }
    }

    /// Prints a value as JSON.
    pub(crate) fn json(&self, value: &serde_json::Value) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Failure::Message(e.to_string(), String::new()))?;
        self.out(&text)
    }

    /// Prints text to standard error.
    pub(crate) fn err(&self, text: &str) {
        // Nobody can be told that standard error is gone.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }

    /// Prints what went wrong, and what to do next.
    pub(crate) fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Problems(problems) => self.problems(problems),
            Failure::Usage(message, hint) | Failure::Unknown(message, hint) | Failure::Message(message, hint) => {
                let hint = if hint.is_empty() { String::new() } else { format!("  = {hint}\n") };
                let written = self.written.borrow();
                let kept =
                    if written.is_empty() { String::new() } else { format!("  = written and whole: {}\n", written.join(", ")) };
                self.err(&format!("{} {message}\n{hint}{kept}", self.paint("error:", Paint::Bad)));
            }
            Failure::ReaderGone => {}
        }
    }

    /// Prints problems with their place.
    pub(crate) fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            let text = problem.to_string();
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let paint = if problem.severity == Severity::Error { Paint::Bad } else { Paint::Middling };
            self.err(&format!("{}\n{rest}", self.paint(first, paint)));
        }
    }

    /// Text in a colour.
    pub(crate) fn paint(&self, text: &str, paint: Paint) -> String {
        use owo_colors::OwoColorize;
        if !self.colour {
            return text.to_owned();
        }
        match paint {
            Paint::Good => text.green().bold().to_string(),
            Paint::Middling => text.yellow().bold().to_string(),
            Paint::Bad => text.red().bold().to_string(),
            Paint::Unsure => text.magenta().bold().to_string(),
            Paint::Faint => text.dimmed().to_string(),
            Paint::Strong => text.bold().to_string(),
        }
    }

    /// A table with a header that fits the terminal.
    pub(crate) fn table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(LINES).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        table.set_header(header.iter().map(|h| Cell::new(h).add_attribute(Attribute::Bold)));
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    /// A cell in the colour of an outcome.
    pub(crate) fn outcome(&self, outcome: Outcome, text: &str) -> Cell {
        let cell = Cell::new(text);
        match paint_of(outcome) {
            Paint::Good => cell.fg(Color::Green),
            Paint::Middling => cell.fg(Color::Yellow),
            Paint::Bad => cell.fg(Color::Red),
            _ => cell.fg(Color::Magenta),
        }
    }

    /// A cell in a colour: text painted beforehand would be torn where the table wraps it.
    pub(crate) fn cell(&self, text: &str, paint: Paint) -> Cell {
        let cell = Cell::new(text);
        match paint {
            Paint::Good => cell.fg(Color::Green),
            Paint::Middling => cell.fg(Color::Yellow),
            Paint::Bad => cell.fg(Color::Red),
            Paint::Unsure => cell.fg(Color::Magenta),
            Paint::Faint => cell.add_attribute(Attribute::Dim),
            Paint::Strong => cell.add_attribute(Attribute::Bold),
        }
    }

    /// Text wrapped to the terminal, each line after an indent.
    pub(crate) fn wrap(&self, text: &str, indent: usize) -> String {
        let width = usize::from(self.width).saturating_sub(indent).max(20);
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        lines.join(&format!("\n{}", " ".repeat(indent)))
    }
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Passes.
    Good,
    /// Passes with something.
    Middling,
    /// Does not pass.
    Bad,
    /// Not known.
    Unsure,
    /// Beside the point.
    Faint,
    /// A heading.
    Strong,
}

/// The colour of an outcome.
pub(crate) fn paint_of(outcome: Outcome) -> Paint {
    match outcome {
        Outcome::Free => Paint::Good,
        Outcome::Exception | Outcome::ExceptionOpen | Outcome::Licence(regime::Policy::Approval | regime::Policy::CaseByCase) => {
            Paint::Middling
        }
        Outcome::Licence(_) | Outcome::Prohibited => Paint::Bad,
        Outcome::Undetermined => Paint::Unsure,
    }
}

/// A problem as JSON.
pub(crate) fn problem_json(problem: &Problem) -> serde_json::Value {
    serde_json::json!({
        "severity": if problem.severity == Severity::Error { "error" } else { "warning" },
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "excerpt": problem.excerpt,
        "hint": problem.hint,
    })
}

/// How many, with its noun.
pub(crate) struct Count(pub usize, pub &'static str, pub &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", grouped(self.0 as i128), if self.0 == 1 { self.1 } else { self.2 })
    }
}

/// A whole number with thousands apart.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// An amount in minor units with thousands apart.
pub(crate) fn money(minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped(minor.abs() / 100), minor.abs() % 100)
}

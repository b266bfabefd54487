//! Texts of a pack, and what is wrong with them: file, line, column, the offending text and a hint.

use std::fmt;
use std::ops::Range;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the text can still be used.
    Warning,
    /// The text cannot be used as it stands.
    Error,
}

/// One thing wrong with a text that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Path of the text, as the pack names it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The whole line (of a long one the part around the place).
    pub excerpt: String,
    /// Where the offending text begins in the excerpt, in characters from 0.
    pub mark: usize,
    /// How many characters it covers.
    pub width: usize,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do next; empty where nothing better than the message is known.
    pub hint: String,
}

impl Problem {
    /// The same problem as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same problem with advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = short(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.severity == Severity::Error { "error" } else { "warning" };
        writeln!(f, "{}:{}:{}: {word}: {}", self.file, self.line, self.column, self.message)?;
        if !self.excerpt.is_empty() {
            writeln!(f, "  | {}", self.excerpt)?;
            writeln!(f, "  | {}{}", " ".repeat(self.mark), "^".repeat(self.width.max(1)))?;
        }
        if !self.hint.is_empty() {
            writeln!(f, "  = {}", self.hint)?;
        }
        Ok(())
    }
}

/// One text of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path inside the pack, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// The longest excerpt that a problem carries, in characters.
const EXCERPT: usize = 160;

impl Source {
    /// A problem at a byte range of this text.
    pub fn problem(&self, at: Range<usize>, message: impl Into<String>) -> Problem {
        let start = floor_char(&self.text, at.start.min(self.text.len()));
        let before = self.text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.matches('\n').count() + 1;
        let whole = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        let end = floor_char(&self.text, at.end.clamp(start, self.text.len()));
        let marked = self.text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default().chars().count();
        let skip = if whole.chars().count() > EXCERPT { column.saturating_sub(EXCERPT / 4) } else { 0 };
        let excerpt: String = whole.chars().skip(skip).take(EXCERPT).map(printable).collect();
        let mark = column - skip;
        let width = marked.max(1).min(excerpt.chars().count().saturating_sub(mark).max(1));
        Problem {
            severity: Severity::Error,
            file: self.path.clone(),
            line,
            column: column + 1,
            excerpt,
            mark,
            width,
            message: short(message.into()),
            hint: String::new(),
        }
    }
}

/// The longest message or hint, in characters.
const LONGEST_MESSAGE: usize = 1000;

/// A message that quotes a text of any length, in a length and in characters that a terminal bears.
fn short(message: String) -> String {
    let long = message.len() > LONGEST_MESSAGE;
    if !long && !message.contains(char::is_control) {
        return message;
    }
    let mut cut: String = message.chars().take(LONGEST_MESSAGE).map(printable).collect();
    if long {
        cut.push('…');
    }
    cut
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn floor_char(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The texts that a program runs on: embedded, or read from a folder by the rim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pack {
    /// Sorted by path.
    pub sources: Vec<Source>,
}

impl Pack {
    /// A pack from (path, text) pairs in any order.
    pub fn new<P: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut sources: Vec<Source> =
            texts.into_iter().map(|(path, text)| Source { path: path.into(), text: text.into() }).collect();
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Pack { sources }
    }

    /// The text at a path.
    pub fn get(&self, path: &str) -> Option<&Source> {
        let at = self.sources.binary_search_by(|s| s.path.as_str().cmp(path)).ok()?;
        self.sources.get(at)
    }

    /// All texts below a folder (given with its closing `/`), in path order.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |s| s.path.starts_with(folder))
    }
}

/// The longest text that is taken for a misspelt name, in bytes.
const LONGEST_NAME: usize = 100;

/// Up to three known names that resemble a wrong one, best first.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // No name is that long, and comparing it with every known one would take its time.
    if wrong.len() > LONGEST_NAME {
        return Vec::new();
    }
    let wrong = wrong.trim().to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let starts = !wrong.is_empty() && lower.starts_with(&wrong);
            (strsim::jaro_winkler(&wrong, &lower).max(if starts { 0.95 } else { 0.0 }), name)
        })
        .filter(|(score, _)| *score >= 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

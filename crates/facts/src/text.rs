//! TOML texts read key by key: every key is asked for by name, and what nobody asked for is a problem.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, Source, nearest};

/// A string of a text with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The value.
    pub value: String,
    /// Bytes of the value (quotes included) in its source.
    pub at: Range<usize>,
}

/// Reads a TOML text that stands at `base` in its source. All syntax problems are reported; what could be
/// read is given back.
pub fn parse_toml<'a>(source: &'a Source, range: Range<usize>, problems: &mut Vec<Problem>) -> Spanned<DeTable<'a>> {
    let text = source.text.get(range.clone()).unwrap_or_default();
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        problems.push(
            source
                .problem(at.start + range.start..at.end + range.start, format!("not TOML: {message}"))
                .hint("strings stand in quotes, days as 2023-11-17, lists in [ ]"),
        );
    }
    table
}

/// One TOML table being read. [`Keys::finish`] reports the keys that nobody asked for.
pub struct Keys<'a, 'p> {
    source: &'a Source,
    base: usize,
    table: &'a DeTable<'a>,
    whole: Range<usize>,
    asked: BTreeSet<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'a, 'p> Keys<'a, 'p> {
    /// Starts on a table; `base` is where its text begins in the source, `whole` the table's own place.
    pub fn new(
        source: &'a Source,
        base: usize,
        table: &'a DeTable<'a>,
        whole: Range<usize>,
        problems: &'p mut Vec<Problem>,
    ) -> Self {
        Keys { source, base, table, whole, asked: BTreeSet::new(), problems }
    }

    /// Where the table stands.
    pub fn at(&self) -> Range<usize> {
        self.whole.clone()
    }

    /// Reports a problem at a place of this source.
    pub fn report(&mut self, at: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(self.source.problem(at, message).hint(hint));
    }

    /// A value by key, with its place in the source.
    pub fn get(&mut self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        self.asked.insert(key);
        let value = self.table.get(key)?;
        Some((value.get_ref(), self.place(value.span())))
    }

    /// A string by key.
    pub fn text(&mut self, key: &'static str) -> Option<Text> {
        let (value, at) = self.get(key)?;
        match value.as_str() {
            Some(s) => Some(Text { value: s.to_owned(), at }),
            None => {
                let kind = value.type_str();
                self.report(at, format!("`{key}` must be a string, not {kind}"), "put it in quotes");
                None
            }
        }
    }

    /// A string that must be there.
    pub fn must(&mut self, key: &'static str) -> Option<Text> {
        let there = self.table.contains_key(key);
        let text = self.text(key);
        if !there {
            self.missing(key);
        }
        text
    }

    /// Reports a key that is not there.
    pub fn missing(&mut self, key: &'static str) {
        // A value that is there and wrong was reported as wrong.
        if self.table.contains_key(key) {
            return;
        }
        let at = self.whole.clone();
        self.report(at.start..at.start, format!("`{key}` is missing"), format!("add `{key} = …`"));
    }

    /// A day by key: a TOML local date.
    pub fn day(&mut self, key: &'static str) -> Option<(Date, Range<usize>)> {
        let (value, at) = self.get(key)?;
        let text = match value {
            DeValue::Datetime(d) => d.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        match parse_date(&text) {
            Ok(day) if value.is_datetime() => Some((day, at)),
            _ => {
                self.report(at, format!("`{key}` must be a day"), "write it bare, as in 2023-11-17");
                None
            }
        }
    }

    /// A truth value by key.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let (value, at) = self.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.report(at, format!("`{key}` must be true or false"), "write it without quotes");
        }
        flag
    }

    /// A number by key, read from its digits, so that 5.92 is 5.92.
    pub fn number(&mut self, key: &'static str) -> Option<(Decimal, Range<usize>)> {
        let (value, at) = self.get(key)?;
        let digits = match value {
            DeValue::Integer(i) if i.radix() == 10 => i.as_str().to_owned(),
            DeValue::Float(f) => f.as_str().to_owned(),
            _ => String::new(),
        };
        let read = Decimal::from_str_exact(&digits).or_else(|_| Decimal::from_scientific(&digits));
        match read {
            Ok(number) => Some((number, at)),
            Err(_) => {
                self.report(at, format!("`{key}` must be a finite decimal number"), "as in 4800 or 5.92, at most 28 digits");
                None
            }
        }
    }

    /// A list of strings by key; empty where the key is not there.
    pub fn texts(&mut self, key: &'static str) -> Vec<Text> {
        let Some((value, at)) = self.get(key) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.report(at, format!("`{key}` must be a list of strings"), "as in [\"a\", \"b\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in list.iter() {
            let at = self.place(item.span());
            match item.get_ref().as_str() {
                Some(s) => texts.push(Text { value: s.to_owned(), at }),
                None => self.report(at, format!("`{key}` holds something that is not a string"), "put it in quotes"),
            }
        }
        texts
    }

    /// A list of tables by key (inline or `[[key]]`), each read by `each`.
    pub fn tables<T>(&mut self, key: &'static str, mut each: impl FnMut(&mut Keys<'a, '_>) -> Option<T>) -> Vec<T> {
        let Some((value, at)) = self.get(key) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.report(at, format!("`{key}` must be a list of tables"), "as in [{ from = 2023-11-17 }]");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in list.iter() {
            let at = self.place(item.span());
            let Some(table) = item.get_ref().as_table() else {
                self.report(at, format!("`{key}` holds something that is not a table"), "as in { from = 2023-11-17 }");
                continue;
            };
            let mut keys = Keys::new(self.source, self.base, table, at, self.problems);
            out.extend(each(&mut keys));
            keys.finish();
        }
        out
    }

    /// Every key of the table whose value is read by `each`: for tables whose keys are names.
    pub fn each(&mut self, mut each: impl FnMut(&mut Self, Text, &'a DeValue<'a>, Range<usize>)) {
        for (key, value) in self.table.iter() {
            let name = Text { value: key.get_ref().to_string(), at: self.place(key.span()) };
            let at = self.place(value.span());
            each(self, name, value.get_ref(), at);
        }
    }

    /// A table that is a value of this one.
    pub fn inner(&mut self, table: &'a DeTable<'a>, at: Range<usize>) -> Keys<'a, '_> {
        Keys::new(self.source, self.base, table, at, self.problems)
    }

    /// Reports every key that was never asked for.
    pub fn finish(self) {
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if self.asked.contains(name) {
                continue;
            }
            let near = nearest(name, self.asked.iter().copied());
            let hint = match near.first() {
                Some(best) => format!("did you mean `{best}`?"),
                None => format!("known here: {}", self.asked.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            let at = key.span();
            self.problems
                .push(self.source.problem(at.start + self.base..at.end + self.base, format!("unknown key `{name}`")).hint(hint));
        }
    }

    fn place(&self, at: Range<usize>) -> Range<usize> {
        at.start + self.base..at.end + self.base
    }
}

/// A civil day from `YYYY-MM-DD`, and from nothing else.
///
/// # Errors
/// A sentence that says what is wrong with the text.
pub fn parse_date(text: &str) -> Result<Date, String> {
    let text = text.trim();
    let form =
        text.len() == 10 && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !form {
        return Err("a day is written YYYY-MM-DD, as in 2024-03-01".to_owned());
    }
    text.parse().map_err(|_| "there is no such day in the calendar".to_owned())
}

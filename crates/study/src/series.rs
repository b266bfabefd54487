//! Published time series, each observation with its period, unit and source: what a world is held against.

use std::collections::BTreeMap;
use std::ops::Range;

use csv::StringRecord;
use facts::{Date, Problem, Quarter, Source, nearest, parse_date};

/// All observations of one name, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As in the file: `nvda_revenue_total`.
    pub name: String,
    /// At least one.
    pub observations: Vec<Observation>,
}

/// One published number.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The time that it is about.
    pub period: Period,
    /// In `unit`; finite.
    pub value: f64,
    /// As written, remarks in brackets included: `USD bn`, `percent (>)`. Units of one series can differ.
    pub unit: String,
    /// Address of the page that says so.
    pub source: String,
    /// How well that page supports it.
    pub confidence: Confidence,
    /// Line of the file, from 1.
    pub line: usize,
}

/// How well a source supports a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Guessed, or derived from what was guessed.
    Low,
    /// A secondary source, or an estimate with its method.
    Medium,
    /// The maker's own or official figures.
    High,
}

impl Confidence {
    const ALL: [(Confidence, &'static str); 3] = [(Self::Low, "low"), (Self::Medium, "medium"), (Self::High, "high")];

    /// The word that stands in files.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(c, _)| *c == self).map_or("", |(_, name)| name)
    }
}

/// The columns of a file of series.
const COLUMNS: [&str; 6] = ["series", "period", "value", "unit", "source_url", "confidence"];

impl Series {
    /// Reads `series,period,value,unit,source_url,confidence`, in order of name. A row with a problem is reported and left out; the rest goes on.
    pub fn read(source: &Source, problems: &mut Vec<Problem>) -> Vec<Series> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(source.text.as_bytes());
        let mut found: BTreeMap<String, Vec<Observation>> = BTreeMap::new();
        let mut header = false;
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let at = error.position().map_or(0, |p| p.byte() as usize);
                    problems.push(source.problem(at..at, format!("not CSV: {error}")));
                    continue;
                }
            };
            if !std::mem::replace(&mut header, true) {
                if record.iter().map(str::trim).ne(COLUMNS) {
                    let (message, hint) = ("the first line does not name the columns", format!("write {}", COLUMNS.join(",")));
                    problems.push(source.problem(0..source.text.lines().next().unwrap_or_default().len(), message).hint(hint));
                    return Vec::new();
                }
                continue;
            }
            match observation(source, &record) {
                Ok((name, observation)) => found.entry(name).or_default().push(observation),
                Err(problem) => problems.push(*problem),
            }
        }
        if !header {
            problems.push(source.problem(0..0, "the file is empty").hint(format!("begin it with {}", COLUMNS.join(","))));
        }
        found.into_iter().map(|(name, observations)| Series { name, observations }).collect()
    }
}

fn observation(source: &Source, record: &StringRecord) -> Result<(String, Observation), Box<Problem>> {
    let cell = |i: usize| record.get(i).unwrap_or_default().trim();
    let bad = |i: usize, message: String, hint: &str| Box::new(source.problem(place(source, record, i), message).hint(hint));
    if record.len() != COLUMNS.len() {
        let message = format!("a row has {} cells, not {}", COLUMNS.len(), record.len());
        return Err(bad(
            record.len().min(COLUMNS.len()).saturating_sub(1),
            message,
            "put a cell that holds a comma in double quotes",
        ));
    }
    if let Some(i) = (0..COLUMNS.len()).find(|i| cell(*i).is_empty()) {
        let column = COLUMNS.get(i).copied().unwrap_or_default();
        return Err(bad(i, format!("`{column}` is empty"), "a number without its name, time, unit and source is no observation"));
    }
    let value = cell(2).parse::<f64>().ok().filter(|v| v.is_finite());
    let value = value.ok_or_else(|| {
        bad(2, format!("`{}` is not a number", cell(2)), "write digits with a point, as in 8.29; remarks go to `unit`")
    })?;
    if !cell(4).starts_with("https://") && !cell(4).starts_with("http://") {
        return Err(bad(4, format!("`{}` is not an address", cell(4)), "give the page that says so, as https://…"));
    }
    let confidence = Confidence::ALL.into_iter().find(|(_, name)| *name == cell(5)).map(|(c, _)| c);
    let confidence = confidence.ok_or_else(|| {
        let near = nearest(cell(5), Confidence::ALL.map(|(_, name)| name));
        let hint = near.first().map_or("one of low, medium, high".to_owned(), |best| format!("did you mean `{best}`?"));
        bad(5, format!("`{}` is no confidence", cell(5)), &hint)
    })?;
    let line = record.position().map_or(0, |p| p.line() as usize);
    let period = Period::parse(cell(1));
    let (unit, source) = (cell(3).to_owned(), cell(4).to_owned());
    Ok((cell(0).to_owned(), Observation { period, value, unit, source, confidence, line }))
}

/// Where a cell of a row stands in the text.
fn place(source: &Source, record: &StringRecord, wanted: usize) -> Range<usize> {
    let mut at = record.position().map_or(0, |p| p.byte() as usize);
    // The position is that before the line ends and empty lines which the reader passes over.
    let rest = source.text.get(at..).unwrap_or_default();
    at += rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let mut range = at..at;
    for cell in record.iter().take(wanted + 1) {
        let from = source.text.get(at..).and_then(|rest| rest.find(cell)).map_or(at, |found| at + found);
        range = from..from + cell.len();
        // Past the comma.
        at = range.end + 1;
    }
    range
}

/// The time that a number is about, as written and as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// As written.
    pub text: String,
    /// As read.
    pub span: Span,
}

/// What a text of a period says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Whole calendar months.
    Months {
        /// Year of the first.
        year: i16,
        /// The first: 1 to 12.
        month: u8,
        /// How many; at least 1.
        count: u8,
    },
    /// One day.
    Day(Date),
    /// No time that a calendar has: `spec`, `n/a`, `year 1`, `late 1980s`; or more than a time: `2026e`, `2026 guide`.
    Undated,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Period {
    /// Reads every text; one that is no time stays a label. Known forms: day `2025-04-15`, month `2025-12`, quarter `2024Q1`, half `2023H1`,
    /// year `2024`, first months of a year `2025 9M` and `2026 to Aug`, months of a year `2024 Jan-Nov`, and Nvidia's fiscal quarter `FY26Q1`
    /// (February to April 2025) and year `FY26` (fiscal year N ends with January of N).
    pub fn parse(text: &str) -> Period {
        let text = text.trim();
        Period { text: text.to_owned(), span: span(text).unwrap_or(Span::Undated) }
    }

    /// First and last day, where it has any.
    pub fn days(&self) -> Option<(Date, Date)> {
        match self.span {
            Span::Months { year, month, count } => {
                let (last_year, last_month) = later(year, month, i32::from(count) - 1);
                let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
                Some((first, Date::new(last_year, i8::try_from(last_month).ok()?, 1).ok()?.last_of_month()))
            }
            Span::Day(day) => Some((day, day)),
            Span::Undated => None,
        }
    }

    /// The calendar quarters that it touches, in order, with the share of each that lies in it: by months, and for a day by days. A flow over the
    /// period is the sum of share × the quarter's flow, where a flow is even within its quarter: FY26Q1 is 2/3 of 2025Q1 and 1/3 of 2025Q2.
    /// Empty for what is undated.
    pub fn weights(&self) -> Vec<(Quarter, f64)> {
        match self.span {
            Span::Months { year, month, count } => {
                let mut shares: Vec<(Quarter, u8)> = Vec::new();
                for n in 0..i32::from(count) {
                    let (year, month) = later(year, month, n);
                    let quarter = Quarter { year, q: month.div_ceil(3) };
                    match shares.last_mut() {
                        Some((last, months)) if *last == quarter => *months += 1,
                        _ => shares.push((quarter, 1)),
                    }
                }
                shares.into_iter().map(|(quarter, months)| (quarter, f64::from(months) / 3.0)).collect()
            }
            Span::Day(day) => {
                let quarter = Quarter::of(day);
                vec![(quarter, 1.0 / f64::from(quarter.days()))]
            }
            Span::Undated => Vec::new(),
        }
    }
}

fn span(text: &str) -> Option<Span> {
    if let Ok(day) = parse_date(text) {
        return Some(Span::Day(day));
    }
    if let Some(fiscal) = text.strip_prefix("FY") {
        let (digits, rest) = fiscal.split_at_checked(2)?;
        // February of the year before.
        let year = 2000 + digits_of(digits, 2)? - 1;
        return match rest {
            "" => Some(Span::Months { year, month: 2, count: 12 }),
            _ => {
                let (year, month) = later(year, 2, (i32::from(part(rest, 'Q', 4)?) - 1) * 3);
                Some(Span::Months { year, month, count: 3 })
            }
        };
    }
    let (digits, rest) = text.split_at_checked(4)?;
    let year = digits_of(digits, 4)?;
    let months = |month: u8, count: u8| Some(Span::Months { year, month, count });
    if rest.is_empty() {
        return months(1, 12);
    }
    if let Some(q) = part(rest, 'Q', 4) {
        return months(q * 3 - 2, 3);
    }
    if let Some(half) = part(rest, 'H', 2) {
        return months(half * 6 - 5, 6);
    }
    if let Some(month) = rest.strip_prefix('-') {
        let month = u8::try_from(digits_of(month, 2)?).ok().filter(|m| (1..=12).contains(m))?;
        return months(month, 1);
    }
    let words = rest.strip_prefix(' ')?;
    if let Some(first) = words.strip_suffix('M') {
        return months(1, first.parse().ok().filter(|n| (1..=12).contains(n) && !first.starts_with(['0', '+']))?);
    }
    if let Some(last) = words.strip_prefix("to ") {
        return months(1, month_of(last)?);
    }
    let (first, last) = words.split_once('-')?;
    let (first, last) = (month_of(first)?, month_of(last)?);
    if first <= last { months(first, last - first + 1) } else { None }
}

/// A number of exactly so many digits.
fn digits_of(text: &str, digits: usize) -> Option<i16> {
    if text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The number of `Q1` or `H2`.
fn part(text: &str, letter: char, most: u8) -> Option<u8> {
    let number = u8::try_from(digits_of(text.strip_prefix(letter)?, 1)?).ok()?;
    (1..=most).contains(&number).then_some(number)
}

fn month_of(name: &str) -> Option<u8> {
    MONTHS.iter().zip(1..).find(|(month, _)| **month == name).map(|(_, number)| number)
}

/// The month so many after another.
fn later(year: i16, month: u8, months: i32) -> (i16, u8) {
    let at = i32::from(year) * 12 + i32::from(month) - 1 + months;
    (i16::try_from(at.div_euclid(12)).unwrap_or(i16::MAX), u8::try_from(at.rem_euclid(12) + 1).unwrap_or(12))
}

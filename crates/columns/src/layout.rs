//! What the columns of a table mean: which one is the day, which states which fact. A column that cannot be read is a problem before
//! any row is.

use arrow_schema::{DataType, Schema, TimeUnit};
use facts::{FieldId, FieldType, Problem, Severity};

use crate::column::Terms;

/// What a column states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    Id,
    Day,
    Fact(FieldId),
    Nothing,
}

/// The columns of a table, and what they mean.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) names: Vec<String>,
    pub(crate) means: Vec<Means>,
    pub(crate) day: usize,
    /// Columns that name no fact.
    pub(crate) warnings: Vec<Problem>,
}

impl Layout {
    /// Reads a schema.
    pub(crate) fn of(schema: &Schema, terms: &Terms<'_>, file: &str) -> Result<Layout, Vec<Problem>> {
        let mut layout = Layout { names: Vec::new(), means: Vec::new(), day: 0, warnings: Vec::new() };
        let mut problems = Vec::new();
        for (at, column) in schema.fields().iter().enumerate() {
            let means = match column.name().as_str() {
                "order" | "id" => Means::Id,
                "date" | "day" => Means::Day,
                name => terms.dictionary.id(name).map_or(Means::Nothing, Means::Fact),
            };
            let problem = |message: String| problem(file, at, column.name(), message);
            if means == Means::Nothing {
                let near = terms.dictionary.nearest(column.name());
                let near = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
                let told = problem(format!("column `{}` names no fact", column.name()));
                layout.warnings.push(told.hint(format!("it is ignored{near}")).warning());
            } else if layout.means.contains(&means) {
                problems.push(problem(format!("two columns stand for `{}`", column.name())).hint("keep one of them"));
            } else if let Some(wanted) = wrong(terms, means, column.data_type()) {
                let message = format!("column `{}` holds {}", column.name(), column.data_type());
                problems.push(problem(message).hint(format!("it should hold {wanted}")));
            }
            layout.names.push(column.name().clone());
            layout.means.push(means);
        }
        match layout.means.iter().position(|means| *means == Means::Day) {
            Some(at) => layout.day = at,
            None => problems.push(
                problem(file, 0, "", "there is no column `date`".to_owned())
                    .hint("the law depends on the day; `tollgate show fields` lists what other columns may be called"),
            ),
        }
        if problems.is_empty() { Ok(layout) } else { Err(problems) }
    }
}

fn problem(file: &str, at: usize, name: &str, message: String) -> Problem {
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line: 1,
        column: at + 1,
        excerpt: name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect(),
        mark: 0,
        width: name.chars().count().min(80),
        message,
        hint: String::new(),
    }
}

/// What a column should hold, where it holds something else.
fn wrong(terms: &Terms<'_>, means: Means, kind: &DataType) -> Option<&'static str> {
    let kind = if let DataType::Dictionary(_, values) = kind { values } else { kind };
    if text(kind) || *kind == DataType::Null {
        return None;
    }
    let (right, wanted) = match means {
        Means::Day => (
            match kind {
                DataType::Date32 | DataType::Date64 => true,
                DataType::Timestamp(
                    TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
                    zone,
                ) => zone.as_ref().is_none_or(|zone| is_utc(zone)),
                _ => false,
            },
            "days: dates, timestamps without a time zone or in UTC, or texts as in 2024-03-01",
        ),
        Means::Id => (kind.is_integer(), "texts or whole numbers"),
        Means::Nothing => (true, ""),
        Means::Fact(field) => match &terms.dictionary.field(field).kind {
            FieldType::Number => {
                let right = kind.is_integer()
                    || matches!(
                        kind,
                        DataType::Float32
                            | DataType::Float64
                            | DataType::Decimal32(..)
                            | DataType::Decimal64(..)
                            | DataType::Decimal128(..)
                            | DataType::Decimal256(..)
                    );
                (right, "numbers: whole ones, doubles, decimals, or texts as in 5.92")
            }
            FieldType::Bool => (*kind == DataType::Boolean, "booleans, or texts: yes or no"),
            FieldType::Set(_) => {
                let list = match kind {
                    DataType::List(inner) | DataType::LargeList(inner) => text(inner.data_type()),
                    _ => false,
                };
                (list, "lists of words, or texts with words between spaces")
            }
            FieldType::Choice(_) | FieldType::Country | FieldType::Text => (false, "texts"),
        },
    };
    (!right).then_some(wanted)
}

/// Whether a zone is universal time, by any of its names: as offsets, as programs write it, and as the zone database calls it.
fn is_utc(zone: &str) -> bool {
    const NAMES: [&str; 10] = ["utc", "z", "zulu", "universal", "uct", "gmt", "greenwich", "gmt0", "gmt+0", "gmt-0"];
    let zone = zone.trim().to_ascii_lowercase();
    let name = zone.strip_prefix("etc/").unwrap_or(&zone);
    let offset = name.strip_prefix("utc").unwrap_or(name);
    let zero = offset.strip_prefix(['+', '-']).is_some_and(|rest| {
        !rest.is_empty() && rest.len() <= 8 && rest.bytes().all(|b| matches!(b, b'0' | b':')) && rest.starts_with('0')
    });
    NAMES.contains(&name) || zero
}

pub(crate) fn text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

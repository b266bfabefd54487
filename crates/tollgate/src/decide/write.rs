//! Decisions as files: CSV, JSON lines, Parquet, Arrow.

use std::io::{self, Write};

use columns::{Cell, Fee, Form, Kind, Line, Sheet, told};
use facts::money_text;
use serde_json::{Value, json};

use crate::args::Format;
use crate::screen::problem_json;

/// The columns of decisions; `file` where there are several books.
pub(crate) const COLUMNS: [(&str, Kind); 22] = [
    ("file", Kind::Text),
    ("order", Kind::Text),
    ("line", Kind::Whole),
    ("date", Kind::Day),
    ("chip", Kind::Text),
    ("quantity", Kind::Text),
    ("to", Kind::Text),
    ("outcome", Kind::Text),
    ("holds_if", Kind::Text),
    ("between", Kind::Text),
    ("gate", Kind::Text),
    ("by", Kind::Text),
    ("review", Kind::Text),
    ("citation", Kind::Text),
    ("open", Kind::Texts),
    ("failed", Kind::Texts),
    ("fee", Kind::Amounts),
    ("fee_currency", Kind::Texts),
    ("fee_payee", Kind::Texts),
    ("missing", Kind::Texts),
    ("notice", Kind::Texts),
    ("problem", Kind::Text),
];

/// Where decisions go, a row at a time.
pub(crate) enum Rows<W: Write + Send> {
    Csv(Box<csv::Writer<W>>, bool),
    Jsonl(W, bool),
    Sheet(Box<Sheet<W>>, bool),
}

impl<W: Write + Send> Rows<W> {
    /// Starts on a file; `several` where rows come from several books.
    pub(crate) fn new(format: Format, several: bool, to: W) -> io::Result<Rows<W>> {
        let columns = COLUMNS.get(usize::from(!several)..).unwrap_or_default();
        Ok(match format {
            Format::Jsonl => Rows::Jsonl(to, several),
            Format::Parquet => Rows::Sheet(Box::new(Sheet::new(Form::Parquet, columns, to)?), several),
            Format::Arrow => Rows::Sheet(Box::new(Sheet::new(Form::Arrow, columns, to)?), several),
            Format::Csv | Format::Table | Format::Summary => {
                let mut csv = csv::Writer::from_writer(to);
                csv.write_record(columns.iter().map(|(name, _)| name))?;
                Rows::Csv(Box::new(csv), several)
            }
        })
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, line: &Line) -> io::Result<()> {
        match self {
            Rows::Jsonl(to, several) => {
                serde_json::to_writer(&mut *to, &as_json(line, *several))?;
                to.write_all(b"\n")
            }
            Rows::Csv(csv, several) => {
                let cells = cells(line);
                let texts = cells.into_iter().map(spelled);
                Ok(csv.write_record(texts.skip(usize::from(!*several)))?)
            }
            Rows::Sheet(sheet, several) => sheet.row(cells(line).get(usize::from(!*several)..).unwrap_or_default()),
        }
    }

    /// Writes what is left.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Rows::Csv(mut csv, _) => csv.flush(),
            Rows::Jsonl(mut to, _) => to.flush(),
            Rows::Sheet(sheet, _) => sheet.finish(),
        }
    }
}

fn cells(line: &Line) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let mut cells = vec![
        text(&line.file),
        text(&line.id),
        Cell::Whole(line.line),
        Cell::Day(line.date),
        text(&line.chip),
        text(&line.quantity),
        text(&line.to),
    ];
    match &line.answer {
        Ok(answer) => {
            let said = &*answer.said;
            let list = |of: fn(&Fee) -> &String| Cell::Texts(said.fees.iter().map(|fee| of(fee).clone()).collect());
            cells.extend([text(&said.said), text(line.holds_if())]);
            cells.extend([&said.between, &said.gate, &said.by, &said.review, &said.cite].map(|word| text(word)));
            cells.extend([
                Cell::Texts(said.open.clone()),
                Cell::Texts(said.failed.clone()),
                Cell::Amounts(answer.amounts.clone()),
            ]);
            let notices = line.notices(answer).into_iter().map(str::to_owned).collect();
            cells.extend([list(|fee| &fee.currency), list(|fee| &fee.payee), Cell::Texts(answer.missing.clone())]);
            cells.extend([Cell::Texts(notices), text("")]);
        }
        Err(problems) => {
            cells.extend((0..7).map(|_| text("")));
            cells.extend([Cell::Texts(vec![]), Cell::Texts(vec![]), Cell::Amounts(vec![])]);
            cells.extend((0..4).map(|_| Cell::Texts(vec![])));
            cells.push(text(&told(problems)));
        }
    }
    cells
}

/// A cell as CSV has it. A text that a spreadsheet would take for a formula begins with an apostrophe, as is customary (OWASP, CSV
/// injection): what stands in an order is never run where the decisions are read.
fn spelled(cell: Cell) -> String {
    match cell {
        Cell::Text(text) => inert(text),
        Cell::Whole(number) => number.to_string(),
        Cell::Day(day) => day.map_or(String::new(), |day| day.to_string()),
        Cell::Texts(texts) => inert(texts.join("; ")),
        Cell::Amounts(amounts) => {
            let texts: Vec<String> = amounts.iter().map(|amount| amount.map_or("unknown".to_owned(), money_text)).collect();
            texts.join("; ")
        }
    }
}

pub(crate) fn inert(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn as_json(line: &Line, several: bool) -> Value {
    let mut value = match &line.answer {
        Err(problems) => {
            json!({ "order": line.id, "line": line.line, "problems": problems.iter().map(problem_json).collect::<Vec<_>>() })
        }
        Ok(answer) => {
            let said = &*answer.said;
            let fees = said.fees.iter().zip(&answer.amounts);
            let fees: Vec<Value> = fees.map(|(f, minor)| json!({ "clause": f.clause, "amount": minor.map(money_text), "currency": f.currency, "payee": f.payee, "legal_form": f.legal_form, "certain": f.certain })).collect();
            json!({
                "order": line.id,
                "line": line.line,
                "date": line.date.map(|day| day.to_string()),
                "chip": line.chip,
                "quantity": line.quantity,
                "to": line.to,
                "outcome": said.said,
                "holds_if": line.holds_if(),
                "between": said.between,
                "gate": said.gate,
                "by": said.by,
                "review": said.review,
                "citation": said.cite,
                "open": said.open,
                "failed": said.failed,
                "fees": fees,
                "missing": answer.missing,
                "notice": line.notices(answer),
            })
        }
    };
    if several && let Some(object) = value.as_object_mut() {
        object.insert("file".to_owned(), json!(line.file));
    }
    value
}

/// Bad rows in a file of their own.
pub(crate) enum BadRows<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
}

impl<W: Write> BadRows<W> {
    /// Starts on a file.
    pub(crate) fn new(jsonl: bool, to: W) -> io::Result<BadRows<W>> {
        if jsonl {
            return Ok(BadRows::Jsonl(to));
        }
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(["file", "line", "order", "problem"])?;
        Ok(BadRows::Csv(Box::new(csv)))
    }

    /// Adds a row with its problems.
    pub(crate) fn add(&mut self, line: &Line) -> io::Result<()> {
        let Err(problems) = &line.answer else { return Ok(()) };
        match self {
            BadRows::Csv(csv) => {
                let row = [inert(line.file.clone()), line.line.to_string(), inert(line.id.clone()), inert(told(problems))];
                Ok(csv.write_record(row)?)
            }
            BadRows::Jsonl(to) => {
                serde_json::to_writer(&mut *to, &as_json(line, true))?;
                to.write_all(b"\n")
            }
        }
    }

    /// Writes what is left.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            BadRows::Csv(mut csv) => csv.flush(),
            BadRows::Jsonl(mut to) => to.flush(),
        }
    }
}

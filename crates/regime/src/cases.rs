//! Cases on the pages: tables that a lawyer can read, run against the law that they stand beside.

use std::ops::Range;

use facts::{Catalogue, Date, Dictionary, Fact, Order, Problem, Source, money_text, nearest, parse_date};

use crate::epoch::{Lens, View};
use crate::judge::{Decision, Judge, Outcome, Status, Tri};
use crate::law::{Law, Spot};
use crate::totals::Totals;

/// How the cases of a regime came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaseReport {
    /// How many ran.
    pub ran: usize,
    /// What failed, and why.
    pub problems: Vec<Problem>,
}

/// One table of cases, as it stands on its page.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) draft: Option<String>,
    header: Vec<String>,
    rows: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    at: Spot,
    cells: Vec<(String, Range<usize>)>,
}

/// Columns that say what is expected, not what is so.
const RESULTS: [&str; 8] = ["expect", "by", "class", "not", "fee", "open", "view", "known"];

impl Table {
    pub(crate) fn read(
        source_at: usize,
        source: &Source,
        content: Range<usize>,
        draft: Option<String>,
        dictionary: &Dictionary,
        problems: &mut Vec<Problem>,
    ) -> Option<Table> {
        let mut lines = lines(source, content);
        let header = lines.next()?;
        let mut names = Vec::new();
        for (name, at) in &header {
            let known = RESULTS.contains(&name.as_str())
                || name == "date"
                || name == "draft"
                || name == "note"
                || dictionary.id(name).is_some();
            if !known {
                let own = RESULTS.iter().copied().chain(["date", "draft", "note"]);
                let near = nearest(name, own.chain(dictionary.fields.iter().map(|f| f.name.as_str()))).join(", ");
                problems.push(
                    source
                        .problem(at.clone(), format!("column `{name}` is neither a fact nor a result"))
                        .hint(format!("near it: {near}")),
                );
            }
            names.push(name.clone());
        }
        for must in ["date", "expect"] {
            if !names.iter().any(|n| n == must) {
                let at = header.first().map_or(0..0, |h| h.1.clone());
                problems.push(source.problem(at, format!("the table has no column `{must}`")));
                return None;
            }
        }
        let mut rows = Vec::new();
        for cells in lines {
            let at = cells.first().map_or(0, |c| c.1.start)..cells.last().map_or(0, |c| c.1.end);
            if cells.len() != names.len() {
                problems.push(
                    source
                        .problem(at, format!("{} cells under {} columns", cells.len(), names.len()))
                        .hint("separate cells by |"),
                );
                continue;
            }
            rows.push(Line { at: Spot { source: source_at, at }, cells });
        }
        Some(Table { draft, header: names, rows })
    }
}

/// Lines of a block that are not empty, split at `|`.
fn lines(source: &Source, content: Range<usize>) -> impl Iterator<Item = Vec<(String, Range<usize>)>> {
    let text = source.text.get(content.clone()).unwrap_or_default();
    let mut start = content.start;
    text.split_inclusive('\n').filter_map(move |line| {
        let line_start = start;
        start += line.len();
        let mut cells = Vec::new();
        let mut at = line_start;
        for cell in line.trim_end().split('|') {
            let lead = cell.len() - cell.trim_start().len();
            let trimmed = cell.trim();
            cells.push((trimmed.to_owned(), at + lead..at + lead + trimmed.len()));
            at += cell.len() + 1;
        }
        let rule = cells.iter().all(|(c, _)| c.chars().all(|c| c == '-' || c == ':'));
        (!rule).then_some(cells)
    })
}

/// Runs every case of a law; those of drafts only where the draft is laid over it. `with_draft` gives the law with a draft named
/// in a cell.
pub(crate) fn run(law: &Law, catalogue: &Catalogue, with_draft: &dyn Fn(&str) -> Option<Law>) -> CaseReport {
    let mut report = CaseReport::default();
    for table in &law.case_tables {
        // With drafts laid over, only their own cases are asked again: the regime's may rightly come out otherwise.
        if table.draft.is_some() == law.overlaid.is_empty() {
            continue;
        }
        for line in &table.rows {
            report.ran += 1;
            if let Err((at, message, hint)) = one(law, catalogue, table, line, with_draft) {
                report.problems.push(law.problem(&Spot { source: line.at.source, at }, message).hint(hint));
            }
        }
    }
    report
}

type Wrong = (Range<usize>, String, String);

fn one(
    law: &Law,
    catalogue: &Catalogue,
    table: &Table,
    line: &Line,
    with_draft: &dyn Fn(&str) -> Option<Law>,
) -> Result<(), Wrong> {
    let cell = |name: &str| -> Option<&(String, Range<usize>)> {
        let at = table.header.iter().position(|h| h == name)?;
        line.cells.get(at).filter(|(text, _)| !text.is_empty())
    };
    let whole = line.at.at.clone();
    let wrong = |message: String| (whole.clone(), message, String::new());
    let overlaid;
    let law = match cell("draft") {
        Some((draft, at)) if !law.overlaid.contains(draft) => {
            overlaid = with_draft(draft).ok_or((
                at.clone(),
                format!("no draft `{draft}` can be laid over the regime"),
                String::new(),
            ))?;
            &overlaid
        }
        _ => law,
    };
    let lens = Lens { view: view(cell("view"))?, known: day(cell("known"))? };
    let pairs: Vec<(String, String)> = table
        .header
        .iter()
        .zip(&line.cells)
        .filter(|(name, (text, _))| {
            !text.is_empty() && (*name == "date" || (law.dictionary.id(name).is_some() && !RESULTS.contains(&name.as_str())))
        })
        .map(|(name, (text, _))| (name.clone(), text.clone()))
        .collect();
    let order = Order::what_if(&law.dictionary, catalogue, "cases", &pairs).map_err(|problems| {
        let first = problems.into_iter().next();
        let (message, hint) = first.map_or((String::new(), String::new()), |p| (p.message, p.hint));
        (whole.clone(), message, hint)
    })?;
    let mut case = order.case;
    case.fill_standard(&law.dictionary);
    for (name, _) in pairs.iter().filter(|(_, text)| text == "unknown") {
        if let Some(id) = law.dictionary.id(name) {
            case.set(id, Fact::Unknown);
        }
    }
    let epoch = law.on(case.day, &lens);
    let totals = Totals::default();
    // Nearly every case has a day of its own: the walk needs no program for it.
    let mut judge = Judge::new(law, &epoch, &case, &totals);
    let decision = judge.decide();
    let (expected, at) = cell("expect").ok_or_else(|| wrong("the case expects nothing".to_owned()))?;
    outcome(law, &decision, expected, at)?;
    if let Some((by, at)) = cell("by") {
        decided_by(law, &decision, by, at)?;
    }
    for (column, wanted) in [("class", Tri::True), ("not", Tri::False)] {
        if let Some((ids, at)) = cell(column) {
            for id in ids.split_whitespace() {
                let clause = law.clause_id(id).ok_or((at.clone(), format!("no clause `{id}`"), String::new()))?;
                let got = judge.applies(clause);
                if got != wanted {
                    return Err((at.clone(), format!("`{id}` is {}, expected {}", word(got), word(wanted)), String::new()));
                }
            }
        }
    }
    if let Some((fee, at)) = cell("fee") {
        let total: Option<i64> = decision.fees.iter().map(|f| f.minor).sum();
        let got = if decision.fees.is_empty() { "none".to_owned() } else { total.map_or("unknown".to_owned(), money_text) };
        if got != *fee && !(got == "none" && fee == "0.00") {
            return Err((at.clone(), format!("the fee is {got}, expected {fee}"), String::new()));
        }
    }
    if let Some((open, at)) = cell("open") {
        let is_open = |id: &str| decision.needs.iter().any(|n| n.status == Status::Open && law.clause(n.clause).id == id);
        if let Some(id) = open.split_whitespace().find(|id| !is_open(id)) {
            return Err((at.clone(), format!("`{id}` is not open"), format!("open: {}", open_needs(law, &decision))));
        }
    }
    Ok(())
}

fn word(tri: Tri) -> &'static str {
    match tri {
        Tri::True => "true",
        Tri::False => "false",
        Tri::Unknown => "unknown",
    }
}

fn open_needs(law: &Law, decision: &Decision) -> String {
    let open: Vec<&str> =
        decision.needs.iter().filter(|n| n.status == Status::Open).map(|n| law.clause(n.clause).id.as_str()).collect();
    if open.is_empty() { "nothing".to_owned() } else { open.join(" ") }
}

fn outcome(law: &Law, decision: &Decision, expected: &str, at: &Range<usize>) -> Result<(), Wrong> {
    let got = said(law, decision);
    let right = match expected.strip_prefix("exception ") {
        Some(_) => got == expected,
        None => match Outcome::parse(expected) {
            Some(outcome) => decision.outcome == outcome,
            None => {
                let words: Vec<&str> = Outcome::ALL.iter().map(|o| o.text()).collect();
                return Err((at.clone(), format!("`{expected}` is no outcome"), words.join("; ")));
            }
        },
    };
    if right {
        return Ok(());
    }
    let hint = if decision.outcome == Outcome::Undetermined {
        format!("from {} to {}", decision.mildest, decision.strictest)
    } else {
        decision.by.map_or("no clause applies".to_owned(), |by| format!("decided by {}", law.clause(by).id))
    };
    Err((at.clone(), format!("the law says `{got}`, expected `{expected}`"), hint))
}

/// The outcome with the exception's name, where one decided.
pub fn said(law: &Law, decision: &Decision) -> String {
    decision.outcome.named(decision.by.map(|by| law.clause(by).id.as_str()))
}

fn decided_by(law: &Law, decision: &Decision, by: &str, at: &Range<usize>) -> Result<(), Wrong> {
    let deciders: Vec<&str> = [decision.by, decision.review].into_iter().flatten().map(|c| law.clause(c).id.as_str()).collect();
    if deciders.iter().any(|d| d.starts_with(by)) {
        return Ok(());
    }
    let got = if deciders.is_empty() { "no clause".to_owned() } else { deciders.join(" and ") };
    Err((at.clone(), format!("decided by {got}, expected {by}"), String::new()))
}

fn view(cell: Option<&(String, Range<usize>)>) -> Result<View, Wrong> {
    match cell {
        None => Ok(View::Practice),
        Some((text, _)) if text == "practice" => Ok(View::Practice),
        Some((text, _)) if text == "text" => Ok(View::Text),
        Some((text, at)) => Err((at.clone(), format!("`{text}` is no view"), "practice or text".to_owned())),
    }
}

fn day(cell: Option<&(String, Range<usize>)>) -> Result<Option<Date>, Wrong> {
    match cell {
        None => Ok(None),
        Some((text, at)) => parse_date(text).map(Some).map_err(|why| (at.clone(), why, String::new())),
    }
}

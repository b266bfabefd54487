//! `tollgate decide`: an order book in, decisions, fees and a summary out. Bad rows are reported and counted, the rest goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use comfy_table::{Cell, CellAlignment};
use facts::{Case, Date, Orders, Problem, Row, money_text};
use indicatif::{ProgressBar, ProgressStyle};
use regime::{Corridor, CorridorDecision, Library, Outcome, Status};
use serde_json::{Value, json};

use crate::Exit;
use crate::args::{Common, DecideArgs, Format, InputFormat};
use crate::pack;
use crate::screen::{Count, Failure, Paint, Screen, grouped, money, problem_json};

/// One row with what became of it.
struct Line {
    id: String,
    line: u64,
    case: Option<Case>,
    answer: Option<Answer>,
    problems: Vec<Problem>,
}

/// A decision in the words of the output.
struct Answer {
    outcome: Outcome,
    said: String,
    between: String,
    gate: String,
    by: String,
    review: String,
    cite: String,
    open: Vec<String>,
    failed: Vec<String>,
    fees: Vec<FeeText>,
    missing: Vec<String>,
}

struct FeeText {
    clause: String,
    minor: Option<i64>,
    currency: String,
    payee: String,
    legal_form: &'static str,
    certain: bool,
}

/// Decides an order book.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DecideArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let mut corridor = pack::corridor(&library, &args.look)?;
    let format = match (&args.out, args.format) {
        (_, Some(format)) => format,
        (Some(out), None) => format_of(out)?,
        (None, None) if screen.json => Format::Jsonl,
        (None, None) if screen.terminal => Format::Table,
        (None, None) => Format::Csv,
    };
    let (mut lines, warnings) = read(&library, args)?;
    screen.problems(&warnings);
    if args.standard {
        for case in lines.iter_mut().filter_map(|l| l.case.as_mut()) {
            case.fill_standard(&library.dictionary);
        }
    }
    decide_all(&mut corridor, &mut lines);
    match &args.out {
        Some(out) => write_whole(out, |to| write(to, format, &library, &lines))?,
        None if format == Format::Table => screen.out(&table(screen, &library, &lines))?,
        None if format == Format::Summary => {}
        None => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let written = write(&mut out, format, &library, &lines).and_then(|()| out.flush());
            written.map_err(|e| Failure::io(Path::new("standard output"), &e))?;
        }
    }
    let bad: Vec<&Line> = lines.iter().filter(|l| !l.problems.is_empty()).collect();
    report(screen, args, format, &lines, &bad)?;
    Ok(if bad.is_empty() { Exit::Done } else { Exit::Problems })
}

fn format_of(out: &Path) -> Result<Format, Failure> {
    match out.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("jsonl" | "ndjson") => Ok(Format::Jsonl),
        _ => Err(Failure::Message(
            format!("{}: the name says no format", out.display()),
            "end it in .csv or .jsonl, or say --format".to_owned(),
        )),
    }
}

/// Every row of the book, in its order.
fn read(library: &Library, args: &DecideArgs) -> Result<(Vec<Line>, Vec<Problem>), Failure> {
    let name = if args.file == Path::new("-") { "standard input".to_owned() } else { args.file.display().to_string() };
    let (input, size): (Box<dyn Read>, Option<u64>) = if args.file == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(&args.file).map_err(|e| Failure::io(&args.file, &e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(Failure::Message(format!("{name} is a folder"), "name one order book".to_owned()));
        }
        let size = file.metadata().ok().map(|m| m.len());
        (Box::new(file), size)
    };
    let bar = size.filter(|s| *s > 1 << 20).map_or_else(ProgressBar::hidden, ProgressBar::new);
    bar.set_style(
        ProgressStyle::with_template("reading {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut input = BufReader::new(bar.wrap_read(input));
    let jsonl = match (args.input, args.file.extension().and_then(|e| e.to_str())) {
        (Some(format), _) => format == InputFormat::Jsonl,
        (None, Some("jsonl" | "ndjson" | "json")) => true,
        (None, Some("csv")) => false,
        _ => {
            let start = input.fill_buf().map_err(|e| Failure::io(&args.file, &e))?;
            start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
        }
    };
    let (dictionary, catalogue) = (&library.dictionary, &library.catalogue);
    let mut orders = if jsonl {
        Orders::jsonl(dictionary, catalogue, &name, input)
    } else {
        Orders::csv(dictionary, catalogue, &name, input).map_err(|p| Failure::Problems(vec![*p]))?
    };
    let lines = orders.by_ref().map(line).collect();
    let warnings = orders.warnings;
    bar.finish_and_clear();
    Ok((lines, warnings))
}

fn line(row: Row) -> Line {
    let (case, problems) = match row.order {
        Ok(order) => (Some(order.case), Vec::new()),
        Err(problems) => (None, problems),
    };
    Line { id: row.id, line: row.line, case, answer: None, problems }
}

/// Decides in order of date, so that running totals are what they were on the day; rows of one day keep their order.
fn decide_all(corridor: &mut Corridor, lines: &mut [Line]) {
    let mut order: Vec<(Date, usize)> = lines.iter().enumerate().filter_map(|(i, l)| Some((l.case.as_ref()?.day, i))).collect();
    order.sort();
    let bar = if order.len() > 20_000 { ProgressBar::new(order.len() as u64) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("deciding {bar:30} {human_pos}/{human_len} {per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut totals = corridor.totals();
    for (_, at) in order {
        let Some(line) = lines.get_mut(at) else { continue };
        let Some(case) = &line.case else { continue };
        // An undetermined row is never posted, so the totals are still what it was decided on.
        let (decision, _) = corridor.decide_and_post(case, &mut totals);
        line.answer = Some(answer(corridor, case, &decision, &totals));
        bar.inc(1);
    }
    bar.finish_and_clear();
}

fn answer(corridor: &mut Corridor, case: &Case, decision: &CorridorDecision, totals: &[regime::Totals]) -> Answer {
    let binding = decision.binding();
    let mut answer = Answer {
        outcome: decision.outcome,
        said: decision.outcome.text().to_owned(),
        between: String::new(),
        gate: String::new(),
        by: String::new(),
        review: String::new(),
        cite: String::new(),
        open: Vec::new(),
        failed: Vec::new(),
        fees: Vec::new(),
        missing: Vec::new(),
    };
    if decision.outcome == Outcome::Undetermined {
        answer.between = format!("{} … {}", decision.mildest, decision.strictest);
    }
    for (gate, own) in decision.gates.iter().enumerate() {
        let Some(epoch) = corridor.epoch(gate, case.day).cloned() else { continue };
        let Some(law) = corridor.laws.get(gate) else { continue };
        if gate == binding && own.by.is_some() {
            let name = |id: Option<regime::ClauseId>| id.map(|c| law.clause(c).id.clone()).unwrap_or_default();
            answer.gate.clone_from(&law.id);
            answer.by = name(own.by);
            answer.review = name(own.review);
            answer.cite = own.by.and_then(|by| law.citation_on(&epoch, by)).unwrap_or_default();
            if decision.outcome == Outcome::Exception {
                answer.said = format!("exception {}", answer.by);
            }
        }
        for need in &own.needs {
            let name = law.clause(need.clause).id.clone();
            match need.status {
                Status::Open => answer.open.push(name),
                Status::Failed => answer.failed.push(name),
                Status::Met => {}
            }
        }
        for fee in &own.fees {
            if let Some((payee, legal_form)) = law.fee_terms(&epoch, fee.clause) {
                let clause = law.clause(fee.clause).id.clone();
                answer.fees.push(FeeText {
                    clause,
                    minor: fee.minor,
                    currency: law.currency.clone(),
                    payee,
                    legal_form,
                    certain: fee.certain,
                });
            }
        }
    }
    if decision.outcome == Outcome::Undetermined {
        let unknown = regime::Totals::default();
        for (gate, _) in decision.gates.iter().enumerate().filter(|(_, g)| g.outcome == Outcome::Undetermined) {
            answer.missing.extend(corridor.missing(gate, case, totals.get(gate).unwrap_or(&unknown)));
        }
    }
    answer.missing.dedup();
    answer
}

/// Writes a file that is there whole or not at all.
pub(crate) fn write_whole(out: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |e: io::Error| Failure::io(out, &e);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    {
        let mut buffer = io::BufWriter::new(file.as_file_mut());
        fill(&mut buffer).and_then(|()| buffer.flush()).map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(out).map_err(|e| Failure::io(out, &e.error))?;
    Ok(())
}

const COLUMNS: [&str; 19] = [
    "order",
    "line",
    "date",
    "chip",
    "quantity",
    "to",
    "outcome",
    "between",
    "gate",
    "by",
    "review",
    "citation",
    "open",
    "failed",
    "fee",
    "fee_currency",
    "fee_payee",
    "missing",
    "problem",
];

fn write(to: &mut dyn Write, format: Format, library: &Library, lines: &[Line]) -> io::Result<()> {
    if format == Format::Jsonl {
        for line in lines {
            serde_json::to_writer(&mut *to, &as_json(library, line))?;
            to.write_all(b"\n")?;
        }
        return Ok(());
    }
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(COLUMNS)?;
    for line in lines {
        let cell = |name: &str| spelled(library, line, name);
        let date = line.case.as_ref().map_or(String::new(), |c| c.day.to_string());
        let mut row = vec![line.id.clone(), line.line.to_string(), date, cell("chip"), cell("quantity"), cell("destination")];
        match &line.answer {
            Some(a) => {
                let join = |texts: Vec<String>| texts.join("; ");
                let amounts = a.fees.iter().map(|f| f.minor.map_or("unknown".to_owned(), money_text)).collect();
                row.extend([a.said.clone(), a.between.clone(), a.gate.clone(), a.by.clone(), a.review.clone(), a.cite.clone()]);
                row.extend([join(a.open.clone()), join(a.failed.clone()), join(amounts)]);
                row.extend([
                    join(a.fees.iter().map(|f| f.currency.clone()).collect()),
                    join(a.fees.iter().map(|f| f.payee.clone()).collect()),
                ]);
                row.extend([join(a.missing.clone()), String::new()]);
            }
            None => {
                row.resize(COLUMNS.len() - 1, String::new());
                row.push(said(&line.problems));
            }
        }
        csv.write_record(&row)?;
    }
    csv.flush()
}

fn spelled(library: &Library, line: &Line, name: &str) -> String {
    let fact = line.case.as_ref().zip(library.dictionary.id(name));
    fact.map_or(String::new(), |(case, id)| library.dictionary.spell(id, case.fact(id)))
}

fn said(problems: &[Problem]) -> String {
    let told: Vec<String> = problems
        .iter()
        .map(|p| if p.hint.is_empty() { p.message.clone() } else { format!("{} ({})", p.message, p.hint) })
        .collect();
    told.join("; ")
}

fn as_json(library: &Library, line: &Line) -> Value {
    let Some(a) = &line.answer else {
        return json!({ "order": line.id, "line": line.line, "problems": line.problems.iter().map(problem_json).collect::<Vec<_>>() });
    };
    let fees: Vec<Value> = a
        .fees
        .iter()
        .map(|f| json!({ "clause": f.clause, "amount": f.minor.map(money_text), "currency": f.currency, "payee": f.payee, "legal_form": f.legal_form, "certain": f.certain }))
        .collect();
    json!({
        "order": line.id,
        "line": line.line,
        "date": line.case.as_ref().map(|c| c.day.to_string()),
        "chip": spelled(library, line, "chip"),
        "quantity": spelled(library, line, "quantity"),
        "to": spelled(library, line, "destination"),
        "outcome": a.said,
        "between": a.between,
        "gate": a.gate,
        "by": a.by,
        "review": a.review,
        "citation": a.cite,
        "open": a.open,
        "failed": a.failed,
        "fees": fees,
        "missing": a.missing,
    })
}

fn table(screen: &Screen, library: &Library, lines: &[Line]) -> String {
    let mut table = screen.table(&["order", "date", "part", "to", "outcome", "because", "fee, needs, missing"]);
    for line in lines {
        let date = line.case.as_ref().map_or(String::new(), |c| c.day.to_string());
        let (outcome, because, more) = match &line.answer {
            Some(a) => {
                let because =
                    [&a.gate, &a.by, &a.review].into_iter().filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join(" ");
                (screen.outcome(a.outcome, &a.said), because, remarks(a))
            }
            None => (Cell::new("bad row"), String::new(), said(&line.problems)),
        };
        table.add_row([
            Cell::new(&line.id),
            Cell::new(date),
            Cell::new(spelled(library, line, "chip")),
            Cell::new(spelled(library, line, "destination")),
            outcome,
            Cell::new(because),
            Cell::new(more),
        ]);
    }
    table.to_string()
}

fn remarks(a: &Answer) -> String {
    let mut parts = Vec::new();
    for fee in &a.fees {
        let amount = fee.minor.map_or("fee of unknown amount".to_owned(), |m| money(i128::from(m)));
        parts.push(format!("{amount} {} {}", fee.currency, fee.legal_form));
    }
    for (word, list) in [("failed", &a.failed), ("open", &a.open), ("missing", &a.missing)] {
        if !list.is_empty() {
            parts.push(format!("{word}: {}", list.join(", ")));
        }
    }
    parts.join("; ")
}

/// The summary: to standard output beside a table or alone, else to standard error beside the data.
fn report(screen: &Screen, args: &DecideArgs, format: Format, lines: &[Line], bad: &[&Line]) -> Result<(), Failure> {
    let mut text = String::new();
    let data_on_stdout = args.out.is_none() && matches!(format, Format::Csv | Format::Jsonl);
    if screen.json && !data_on_stdout {
        return screen.json(&summary_json(lines, bad));
    }
    let decided = lines.len() - bad.len();
    let standard = if args.standard { ", what was left out taken from the standard case" } else { "" };
    text.push_str(&format!(
        "{} decided{standard}, {}\n",
        Count(decided, "order", "orders"),
        Count(bad.len(), "bad row", "bad rows")
    ));
    let mut outcomes = screen.table(&["outcome", "orders"]);
    for (outcome, count) in by_outcome(lines) {
        outcomes.add_row([
            screen.outcome(outcome, outcome.text()),
            Cell::new(grouped(count as i128)).set_alignment(CellAlignment::Right),
        ]);
    }
    text.push_str(&format!("{outcomes}\n"));
    let fees = by_payee(lines);
    if !fees.is_empty() {
        let mut table = screen.table(&["payee", "legal form", "currency", "due", "orders"]);
        for ((payee, form, currency), (minor, count, unknown)) in &fees {
            let due = if *unknown > 0 { format!("{} and {} unknown", money(*minor), unknown) } else { money(*minor) };
            let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
            table.add_row([Cell::new(payee), Cell::new(form), Cell::new(currency), right(due), right(grouped(*count as i128))]);
        }
        text.push_str(&format!("{table}\n"));
    }
    if !bad.is_empty() && format != Format::Table {
        for line in bad.iter().take(20) {
            text.push_str(&format!(
                "{} {}\n",
                screen.paint(&format!("line {} ({}):", line.line, line.id), Paint::Bad),
                said(&line.problems)
            ));
        }
        if bad.len() > 20 {
            text.push_str(&format!("… and {}; all are in the column `problem`\n", Count(bad.len() - 20, "more", "more")));
        }
    }
    if data_on_stdout {
        screen.err(&text);
        Ok(())
    } else {
        screen.out(&text)
    }
}

fn by_outcome(lines: &[Line]) -> Vec<(Outcome, usize)> {
    let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
    for answer in lines.iter().filter_map(|l| l.answer.as_ref()) {
        *counts.entry(answer.outcome).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

type Payee = (String, &'static str, String);

/// By payee, legal form and currency: the sum of what surely is due, how many orders, and how many amounts nobody knows. Fees of
/// orders that may not move are not due.
fn by_payee(lines: &[Line]) -> BTreeMap<Payee, (i128, usize, usize)> {
    let mut due: BTreeMap<Payee, (i128, usize, usize)> = BTreeMap::new();
    let denied = Outcome::Licence(regime::Policy::Denial);
    for answer in lines.iter().filter_map(|l| l.answer.as_ref()).filter(|a| a.outcome < denied) {
        for fee in answer.fees.iter().filter(|f| f.certain) {
            let entry = due.entry((fee.payee.clone(), fee.legal_form, fee.currency.clone())).or_insert((0, 0, 0));
            entry.1 += 1;
            match fee.minor {
                Some(minor) => entry.0 += i128::from(minor),
                None => entry.2 += 1,
            }
        }
    }
    due
}

fn summary_json(lines: &[Line], bad: &[&Line]) -> Value {
    let outcomes: serde_json::Map<String, Value> =
        by_outcome(lines).into_iter().map(|(o, n)| (o.text().to_owned(), json!(n))).collect();
    let fees: Vec<Value> = by_payee(lines)
        .into_iter()
        .map(|((payee, form, currency), (minor, orders, unknown))| {
            json!({ "payee": payee, "legal_form": form, "currency": currency, "minor_units": minor.to_string(), "orders": orders, "unknown_amounts": unknown })
        })
        .collect();
    json!({ "decided": lines.len() - bad.len(), "bad_rows": bad.len(), "outcomes": outcomes, "fees": fees })
}

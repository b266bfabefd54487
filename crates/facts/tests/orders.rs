//! Order files as people keep them, good and bad: each file of `orders/` is an input, a line `=== expected`, and what the reader
//! makes of it. The newline before that line belongs to the line. `csv-*` are read as CSV, `jsonl-*` as JSON lines, over the pack
//! that ships. `UPDATE=1 cargo test -p facts --test orders` writes the expectations anew: read the difference before you keep it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use facts::{Case, Catalogue, Dictionary, Found, Order, Orders, Pack, Row};

fn real() -> &'static (Dictionary, Catalogue) {
    static REAL: OnceLock<(Dictionary, Catalogue)> = OnceLock::new();
    REAL.get_or_init(|| {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let mut texts: Vec<(String, String)> = ["fields.toml", "countries.csv"]
            .map(|name| (name.to_owned(), std::fs::read_to_string(data.join(name)).unwrap()))
            .to_vec();
        for entry in std::fs::read_dir(data.join("chips")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            texts.push((format!("chips/{name}"), std::fs::read_to_string(&path).unwrap()));
        }
        let pack = Pack::new(texts);
        let mut problems = Vec::new();
        let dictionary = Dictionary::read(&pack, &mut problems);
        let catalogue = Catalogue::read(&pack, &dictionary, &mut problems);
        (dictionary, catalogue)
    })
}

/// The facts of an order on one line. What the catalogue says of the part is only counted.
fn facts_of(order: &Order) -> String {
    let (dictionary, catalogue) = real();
    let mut of_chip = Case::new(dictionary, order.case.day);
    if let Some(chip) = dictionary.id("chip").map(|id| dictionary.spell(id, order.case.fact(id)))
        && let Found::Chip(chip) = catalogue.find(&chip)
    {
        chip.fill(&mut of_chip);
    }
    let mut text = order.case.day.to_string();
    let mut catalogued = 0;
    for (id, fact) in order.case.known() {
        let name = &dictionary.field(id).name;
        if of_chip.fact(id) == fact && name != "chip" {
            catalogued += 1;
        } else {
            let _ = write!(text, " | {name} = {}", dictionary.spell(id, fact));
        }
    }
    if catalogued > 0 {
        let _ = write!(text, " | and {catalogued} of the catalogue");
    }
    text
}

fn render_row(row: &Row, text: &mut String) {
    match &row.order {
        Ok(order) => {
            assert_eq!(row.id, order.id);
            let _ = writeln!(text, "line {}, {}: {}", row.line, row.id, facts_of(order));
        }
        Err(problems) => {
            let _ = writeln!(text, "line {}, {}: refused", row.line, row.id);
            for problem in problems {
                let _ = write!(text, "{problem}");
            }
        }
    }
}

fn render(rows: Orders<'_, impl Read>) -> String {
    let mut text = String::new();
    for warning in &rows.warnings {
        let _ = write!(text, "{warning}");
    }
    for row in rows {
        render_row(&row, &mut text);
    }
    text
}

fn read(name: &str, input: impl Read) -> String {
    let (dictionary, catalogue) = real();
    if name.starts_with("jsonl") {
        return render(Orders::jsonl(dictionary, catalogue, "orders.jsonl", input));
    }
    match Orders::csv(dictionary, catalogue, "orders.csv", input) {
        Ok(rows) => render(rows),
        Err(problem) => format!("the file is refused\n{problem}"),
    }
}

const MARK: &[u8] = b"=== expected\n";

/// The input of a case and what is expected of it.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    let starts = |at: usize| bytes[at..].starts_with(MARK) && (at == 0 || bytes[at - 1] == b'\n');
    let at = (0..bytes.len()).find(|at| starts(*at)).expect("no line `=== expected`");
    (&bytes[..at.saturating_sub(1)], &bytes[at + MARK.len()..])
}

#[test]
fn order_files_read_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/orders");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    assert!(paths.len() > 30, "the cases of {} are gone", folder.display());
    let mut wrong = String::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (input, expected) = parts(&bytes);
        let got = read(name, input);
        if std::env::var_os("UPDATE").is_some() {
            let mut whole = bytes[..bytes.len() - expected.len()].to_vec();
            whole.extend_from_slice(got.as_bytes());
            std::fs::write(&path, whole).unwrap();
        } else if got.as_bytes() != expected {
            let _ = writeln!(wrong, "--- {name}, expected:\n{}--- {name}, got:\n{got}", String::from_utf8_lossy(expected));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What is read does not depend on how the bytes arrive.
#[test]
fn rows_do_not_depend_on_how_bytes_arrive() {
    struct Dribble<'a>(&'a [u8]);
    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let take = self.0.len().min(buffer.len()).min(3);
            buffer[..take].copy_from_slice(&self.0[..take]);
            self.0 = &self.0[take..];
            Ok(take)
        }
    }
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/orders")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "txt") {
            let bytes = std::fs::read(&path).unwrap();
            let (input, _) = parts(&bytes);
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(read(name, Dribble(input)), read(name, input), "{name}");
        }
    }
}

/// The order book that ships reads: each row an order or a reason.
#[test]
fn the_shipped_book_reads() {
    let (dictionary, catalogue) = real();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples/orders.csv");
    let file = std::fs::File::open(path).unwrap();
    let rows: Vec<Row> = Orders::csv(dictionary, catalogue, "orders.csv", file).unwrap().collect();
    assert!(rows.len() > 100);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row.line, at as u64 + 2);
        assert!(row.id.starts_with("O-"), "{}", row.id);
        if let Err(problems) = &row.order {
            assert!(!problems.is_empty() && problems.iter().all(|p| p.line == at + 2), "{}", row.id);
        }
    }
}

// --- inputs that are not on disk -------------------------------------------------------------------------------------------------

/// A head, then one byte again and again, then a tail.
struct Flood {
    head: Vec<u8>,
    byte: u8,
    left: usize,
    tail: Vec<u8>,
}

impl Flood {
    fn new(head: &str, byte: u8, bytes: usize, tail: &str) -> Flood {
        Flood { head: head.into(), byte, left: bytes, tail: tail.into() }
    }
}

impl Read for Flood {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() && self.left > 0 {
            let take = self.left.min(buffer.len());
            buffer[..take].fill(self.byte);
            self.left -= take;
            return Ok(take);
        }
        let from = if self.head.is_empty() { &mut self.tail } else { &mut self.head };
        let take = from.len().min(buffer.len());
        buffer[..take].copy_from_slice(&from[..take]);
        from.drain(..take);
        Ok(take)
    }
}

const HUNDRED: usize = 100 << 20;

/// Runs aside, so that what never ends fails instead of hanging.
fn within(seconds: u64, what: &str, run: impl FnOnce() -> String + Send + 'static) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    let start = Instant::now();
    std::thread::spawn(move || tell.send(run()));
    let text = told.recv_timeout(Duration::from_secs(seconds)).unwrap_or_else(|_| panic!("{what}: no answer in {seconds} s"));
    println!("{what}: {:?}", start.elapsed());
    text
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_and_the_next_row_is_read() {
    let text = within(20, "a long CSV row", || {
        read("csv", Flood::new("order,date,to\nA-1,2024-03-01,", b'C', HUNDRED, "\nA-2,2024-03-01,CN\n"))
    });
    assert!(text.contains("the row has 104857") && text.contains("line 3, A-2: 2024-03-01 | destination = CN"), "{text}");
    let text = within(20, "a long CSV row of commas", || {
        read("csv", Flood::new("order,date,to\nA-1,2024-03-01,", b',', HUNDRED, "\nA-2,2024-03-01,CN\n"))
    });
    assert!(text.contains("cells under 3 columns") && text.contains("line 3, A-2: 2024-03-01 | destination = CN"), "{text}");
    let text = within(20, "a long JSON line", || {
        read(
            "jsonl",
            Flood::new("{\"id\": \"", b'C', HUNDRED, "\"}\n{\"id\": \"A-2\", \"date\": \"2024-03-01\", \"to\": \"CN\"}\n"),
        )
    });
    assert!(text.contains("more than 1048576 bytes") && text.contains("line 2, A-2: 2024-03-01 | destination = CN"), "{text}");
}

#[test]
fn a_header_of_a_hundred_megabytes_is_refused() {
    let text = within(20, "a long header", || read("csv", Flood::new("order,date,", b'C', HUNDRED, "\nA-2,2024-03-01,CN\n")));
    assert!(text.contains("refused"), "{text}");
    assert!(text.len() < 10_000);
}

#[test]
fn a_header_of_a_million_commas_is_refused() {
    let text =
        within(20, "a header of commas", || read("csv", Flood::new("order,date,to", b',', 1 << 20, "\nA-2,2024-03-01,CN\n")));
    assert!(text.len() < 10_000, "{} bytes of warnings", text.len());
}

/// Rows just under the limit are read, but a wrong word of a megabyte must not be compared with every known one.
#[test]
fn long_wrong_words_are_refused_quickly() {
    for name in ["chip", "to", "kind", "lists"] {
        let text = within(10, name, move || {
            let row = format!("2024-03-01,{}\n", "C".repeat(1 << 19));
            read("csv", format!("date,{name}\n{}", row.repeat(4)).as_bytes())
        });
        assert_eq!(text.matches(": refused").count(), 4);
        assert!(text.len() < 100_000, "{name}: {} bytes of problems", text.len());
    }
}

/// A JSON line one byte too long, its newline included, must not take the next line with it.
#[test]
fn a_line_at_the_limit_takes_no_other_line_with_it() {
    let next = "{\"id\": \"A-2\", \"date\": \"2024-03-01\", \"to\": \"CN\"}\n";
    for longer in [0, 1, 2, 3] {
        let head = "{\"id\": \"";
        let flood = (1 << 20) - head.len() - 3 + longer;
        let text = read("jsonl", Flood::new(head, b'C', flood, &format!("\"}}\n{next}")));
        assert!(
            text.contains("line 2, A-2: 2024-03-01 | destination = CN"),
            "{longer} more: {} rows",
            text.matches("line ").count()
        );
    }
}

/// Gives some rows and fails.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        let take = self.0.min(buffer.len());
        buffer[..take].copy_from_slice(&TWO_ROWS[TWO_ROWS.len() - self.0..][..take]);
        self.0 -= take;
        Ok(take)
    }
}

const TWO_ROWS: &[u8] = b"order,date,to\nA-1,2024-03-01,CN\nA-2,2024-03-01,US\n";

#[test]
fn an_input_that_fails_ends_the_rows_with_a_reason() {
    let text = read("csv", Failing(TWO_ROWS.len()));
    let told = "line 2, A-1: 2024-03-01 | destination = CN\nline 3, A-2: 2024-03-01 | destination = US\n";
    assert!(text.starts_with(told) && text.contains("cannot be read on") && text.contains("the disk is gone"), "{text}");
    assert_eq!(text.matches("line ").count(), 3, "{text}");
    let text = read("jsonl", Failing(TWO_ROWS.len()));
    assert!(text.contains("cannot be read on") && text.contains("the disk is gone"), "{text}");
    struct Never;
    impl Read for Never {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    assert!(read("csv", Never).contains("the disk is gone"));
    assert_eq!(read("jsonl", Never).matches("the disk is gone").count(), 1);
}

// --- nothing lost, nothing overruled in silence ----------------------------------------------------------------------------------

/// A quote that is not closed reaches over the rows that follow it: none of them may vanish into a cell of a row that is read.
#[test]
fn a_quote_that_is_not_closed_swallows_no_order_in_silence() {
    for rows in [
        "A-1,2024-03-01,CN,\"B\nA-2,2024-03-01,CN,C\n",
        "A-1,2024-03-01,CN,\"B\nA-2,2024-03-01,CN,C\"\nA-3,2024-03-01,CN,D\n",
        "A-1,2024-03-01,CN,\"B\n\nA-2,2024-03-01,CN,C\n",
    ] {
        let text = read("csv", format!("order,date,to,consignee\n{rows}").as_bytes());
        assert!(text.starts_with("line 2, A-1: refused"), "{text}");
    }
}

/// One fact said twice is a question, not an answer: CSV refuses two columns of one fact, and a JSON object is no different.
#[test]
fn one_fact_said_twice_is_refused() {
    for object in [
        "{\"id\": \"A-1\", \"date\": \"2024-03-01\", \"to\": \"CN\", \"to\": \"US\"}",
        "{\"id\": \"A-1\", \"date\": \"2022-01-01\", \"date\": \"2024-03-01\", \"to\": \"CN\"}",
        "{\"id\": \"A-1\", \"date\": \"2022-01-01\", \"day\": \"2024-03-01\", \"to\": \"CN\"}",
        "{\"id\": \"A-1\", \"order\": \"A-2\", \"date\": \"2024-03-01\", \"to\": \"CN\"}",
        "{\"id\": \"A-1\", \"date\": \"2024-03-01\", \"to\": \"CN\", \"destination\": \"US\"}",
        "{\"id\": \"A-1\", \"date\": \"2024-03-01\", \"to\": \"CN\", \"destination\": \"CN\"}",
    ] {
        let text = read("jsonl", object.as_bytes());
        assert!(text.contains(": refused"), "{object}\n{text}");
        assert!(!text.contains("catalogue"), "the catalogue says nothing here: {text}");
    }
    assert!(pairs(&[("date", "2022-01-01"), ("date", "2024-03-01")]).is_err());
    assert!(pairs(&[("date", "2024-03-01"), ("to", "CN"), ("destination", "CN")]).is_err());
}

/// CSV warns of a column that names no fact; a key typed wrong in JSON lines must not pass in silence either.
#[test]
fn a_key_that_names_no_fact_is_told() {
    let (dictionary, catalogue) = real();
    let line = "{\"id\": \"A-1\", \"date\": \"2024-03-01\", \"to\": \"CN\", \"end_us\": \"military\"}\n";
    let mut rows = Orders::jsonl(dictionary, catalogue, "orders.jsonl", line.as_bytes());
    let refused = rows.by_ref().any(|row| row.order.is_err());
    assert!(refused || rows.warnings.iter().any(|w| w.message.contains("end_us")), "`end_us` was ignored in silence");
}

/// What a file holds must not steer the terminal that a problem is printed on.
#[test]
fn problems_hold_no_control_characters() {
    let escape = "\u{1b}[31m";
    for column in ["chip", "to", "kind", "lists", "quantity", "datacenter", "date"] {
        let header = if column == "date" { "order,date,remark" } else { "order,date,remark," };
        let rest = if column == "date" { "" } else { column };
        let row = if column == "date" { format!("A-1,{escape},x") } else { format!("A-1,2024-03-01,x,{escape}") };
        let text = read("csv", format!("{header}{rest}\n{row}\n").as_bytes());
        assert!(text.contains(": refused"), "{text}");
        assert!(!text.contains('\u{1b}'), "{column}: {text:?}");
    }
    let text = read("csv", format!("order,date,{escape}\nA-1,2024-03-01,x\n").as_bytes());
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

// --- orders from flags and from one object ---------------------------------------------------------------------------------------

fn pairs(pairs: &[(&str, &str)]) -> Result<Order, String> {
    let (dictionary, catalogue) = real();
    let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Order::from_pairs(dictionary, catalogue, "flags", &pairs).map_err(|p| p.iter().map(ToString::to_string).collect())
}

#[test]
fn flags_with_unknown_names_are_mistakes() {
    let why = pairs(&[("date", "2024-03-01"), ("destinatoin", "CN")]).unwrap_err();
    assert!(why.contains("destinatoin") && why.contains("near it: destination"), "{why}");
    let why = pairs(&[("to", "CN")]).unwrap_err();
    assert!(why.contains("`date` is missing"), "{why}");
    let order = pairs(&[("date", "2024-03-01"), ("to", "CN"), ("tpp", "4799.9")]).unwrap();
    assert_eq!(facts_of(&order), "2024-03-01 | tpp = 4799.9 | destination = CN");
    assert_eq!(order.id, "line 1");
}

#[test]
fn one_object_is_one_order() {
    let (dictionary, catalogue) = real();
    let read = |text: &str| Order::from_json(dictionary, catalogue, "body", text).map(|o| facts_of(&o));
    let order = read("{\"date\": \"2024-03-01\", \"to\": \"CN\", \"tpp\": 20999.9999999999999999}").unwrap();
    assert_eq!(order, "2024-03-01 | tpp = 20999.9999999999999999 | destination = CN");
    for text in ["", "[]", "null", "3", "{", "{\"date\": \"2024-03-01\"} {}", "{\"date\": {}}"] {
        assert!(read(text).is_err(), "{text}");
    }
}

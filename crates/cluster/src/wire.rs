//! Rows with what became of them as columns, and back. What many rows have in common is said once a task: with the first row that
//! needs it, under a number that the others repeat.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use columns::{Answer, Became, Caveats, Fee, Line, Said};
use datafusion::arrow::array::builder::{StringBuilder, UInt8Builder, UInt64Builder};
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt8Type, UInt64Type};
use datafusion::arrow::error::ArrowError;
use facts::{Case, Date, Dictionary, FieldId, Problem, Severity, parse_date};
use regime::Outcome;
use serde_json::{Value, json};

/// What a row on the wire is.
const ROW: u8 = 0;
/// A book cannot be read on.
const BROKEN: u8 = 1;
/// Something is odd about a book.
const ODD: u8 = 2;

/// What a job's books bring, in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A row with what became of it.
    Row(Line<Became>),
    /// The named book cannot be read on.
    Broken(String, Problem),
    /// Something is odd about a book.
    Odd(Problem),
}

/// A row's place among all: books may have so many rows.
const BOOK_ROWS: u32 = 40;

const TEXTS: [&str; 4] = ["order", "chip", "quantity", "to"];

/// The columns: the last holds, as JSON, what only some rows have.
pub(crate) fn schema() -> SchemaRef {
    let mut fields = vec![
        Field::new("place", DataType::UInt64, false),
        Field::new("kind", DataType::UInt8, false),
        Field::new("line", DataType::UInt64, false),
        Field::new("day", DataType::Utf8, false),
    ];
    fields.extend(TEXTS.map(|name| Field::new(name, DataType::Utf8, false)));
    fields.push(Field::new("said", DataType::UInt64, false));
    fields.push(Field::new("more", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

/// Columns being filled.
pub(crate) struct Writer {
    schema: SchemaRef,
    whole: [UInt64Builder; 3],
    kind: UInt8Builder,
    texts: [StringBuilder; 6],
    /// What was said already in this task.
    told: HashSet<u64>,
    book: usize,
    row: u64,
}

impl Writer {
    pub(crate) fn new() -> Writer {
        Writer {
            schema: schema(),
            whole: Default::default(),
            kind: UInt8Builder::new(),
            texts: Default::default(),
            told: HashSet::new(),
            book: 0,
            row: 0,
        }
    }

    /// Goes on with a book, at this row of it.
    pub(crate) fn turn_to(&mut self, book: usize, row: u64) {
        (self.book, self.row) = (book, row);
    }

    fn put(&mut self, kind: u8, line: u64, texts: [&str; 5], said: u64, more: &str) {
        let [places, lines, saids] = &mut self.whole;
        places.append_value((self.book as u64) << BOOK_ROWS | self.row);
        lines.append_value(line);
        saids.append_value(said);
        self.kind.append_value(kind);
        for (to, text) in self.texts.iter_mut().zip(texts.into_iter().chain([more])) {
            to.append_value(text);
        }
        self.row += 1;
    }

    pub(crate) fn row(&mut self, dictionary: &Dictionary, line: &Line<Became>) {
        let mut more = serde_json::Map::new();
        let mut key = 0;
        if line.caveats.unscreened {
            more.insert("unscreened".to_owned(), json!(true));
        }
        if !line.caveats.near.is_empty() {
            more.insert("near".to_owned(), json!(line.caveats.near));
        }
        match &line.answer {
            Became::Bad(problems) => {
                more.insert("problems".to_owned(), problems.iter().map(problem_json).collect());
            }
            Became::Counted(case) => {
                let facts = case.known().map(|(id, fact)| (dictionary.field(id).name.clone(), json!(dictionary.spell(id, fact))));
                more.insert("facts".to_owned(), Value::Object(facts.collect()));
            }
            Became::Decided(answer) => {
                let mut hasher = DefaultHasher::new();
                hash(&answer.said, &mut hasher);
                key = hasher.finish();
                if self.told.insert(key) {
                    more.insert("said".to_owned(), said_json(&answer.said));
                }
                if !answer.amounts.is_empty() {
                    more.insert("amounts".to_owned(), json!(answer.amounts));
                }
                if !answer.lacks.is_empty() {
                    let lacks: Vec<u16> = answer.lacks.iter().map(|id| id.0).collect();
                    more.insert("lacks".to_owned(), json!(lacks));
                }
                if !answer.missing.is_empty() {
                    more.insert("missing".to_owned(), json!(answer.missing));
                }
            }
        }
        let more = if more.is_empty() { String::new() } else { Value::Object(more).to_string() };
        let day = line.date.map_or(String::new(), |day| day.to_string());
        self.put(ROW, line.line, [&day, &line.id, &line.chip, &line.quantity, &line.to], key, &more);
    }

    pub(crate) fn broken(&mut self, problem: &Problem) {
        self.put(BROKEN, problem.line as u64, [""; 5], 0, &problem_json(problem).to_string());
    }

    /// Comes after all rows of the book.
    pub(crate) fn odd(&mut self, problem: &Problem) {
        self.put(ODD, 0, [""; 5], 0, &problem_json(problem).to_string());
    }

    pub(crate) fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let [places, lines, saids] = &mut self.whole;
        let [day, order, chip, quantity, to, more] = &mut self.texts;
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(places.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(lines.finish()),
            Arc::new(day.finish()),
            Arc::new(order.finish()),
            Arc::new(chip.finish()),
            Arc::new(quantity.finish()),
            Arc::new(to.finish()),
            Arc::new(saids.finish()),
            Arc::new(more.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
    }
}

/// Rows read back, in the order of their places.
pub(crate) struct Reader<'a> {
    dictionary: &'a Dictionary,
    names: Vec<String>,
    known: HashMap<u64, Arc<Said>>,
}

impl<'a> Reader<'a> {
    /// Of books with these names.
    pub(crate) fn new(dictionary: &'a Dictionary, names: Vec<String>) -> Reader<'a> {
        Reader { dictionary, names, known: HashMap::new() }
    }

    /// The items of a batch, each with its book; none where the batch is not as it should be.
    pub(crate) fn items(&mut self, batch: &RecordBatch) -> Option<Vec<(usize, Row)>> {
        let text = |name: &str| -> Option<&StringArray> { batch.column_by_name(name)?.as_string_opt::<i32>() };
        let whole = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>();
        let kinds = batch.column_by_name("kind")?.as_primitive_opt::<UInt8Type>()?;
        let (places, lines, saids) = (whole("place")?, whole("line")?, whole("said")?);
        let (days, more) = (text("day")?, text("more")?);
        let [ids, chips, quantities, tos] = TEXTS.map(text);
        let (ids, chips, quantities, tos) = (ids?, chips?, quantities?, tos?);
        let mut items = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let book = (places.value(row) >> BOOK_ROWS) as usize;
            let file = self.names.get(book)?.clone();
            let more = match more.value(row) {
                "" => Value::Null,
                text => serde_json::from_str(text).ok()?,
            };
            let item = match kinds.value(row) {
                BROKEN => Row::Broken(file, problem_of(&more)?),
                ODD => Row::Odd(problem_of(&more)?),
                _ => {
                    let date = parse_date(days.value(row)).ok();
                    let answer = self.became(saids.value(row), date, &more)?;
                    let unscreened = more.get("unscreened").is_some();
                    let caveats = Caveats { unscreened, near: more.get("near").map_or(Some(Vec::new()), texts)? };
                    Row::Row(Line {
                        file,
                        id: ids.value(row).to_owned(),
                        line: lines.value(row),
                        date,
                        chip: chips.value(row).to_owned(),
                        quantity: quantities.value(row).to_owned(),
                        to: tos.value(row).to_owned(),
                        caveats,
                        answer,
                    })
                }
            };
            items.push((book, item));
        }
        Some(items)
    }

    fn became(&mut self, key: u64, date: Option<Date>, more: &Value) -> Option<Became> {
        if let Some(problems) = more.get("problems") {
            return Some(Became::Bad(problems.as_array()?.iter().map(problem_of).collect::<Option<_>>()?));
        }
        if let Some(facts) = more.get("facts") {
            let mut case = Case::new(self.dictionary, date?);
            for (name, text) in facts.as_object()? {
                let id = self.dictionary.id(name)?;
                case.set(id, self.dictionary.parse(id, text.as_str()?).ok()?);
            }
            return Some(Became::Counted(case));
        }
        if let Some(said) = more.get("said") {
            self.known.insert(key, Arc::new(said_of(said)?));
        }
        let amounts = match more.get("amounts") {
            Some(list) => list.as_array()?.iter().map(Value::as_i64).collect(),
            None => Vec::new(),
        };
        let fields = self.dictionary.fields.len();
        let field = |id: &Value| Some(FieldId(u16::try_from(id.as_u64()?).ok()?)).filter(|id| usize::from(id.0) < fields);
        let lacks = match more.get("lacks") {
            Some(list) => list.as_array()?.iter().map(field).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        Some(Became::Decided(Answer {
            said: Arc::clone(self.known.get(&key)?),
            amounts,
            lacks,
            missing: more.get("missing").map_or(Some(Vec::new()), texts)?,
        }))
    }
}

fn hash(said: &Said, to: &mut DefaultHasher) {
    let Said { outcome, said, between, gate, by, review, cite, open, failed, fees, uncovered, read_up_to } = said;
    (outcome.text(), said, between, gate, by, review, cite, open, failed).hash(to);
    (uncovered, read_up_to.iter().map(|(_, notice)| notice).collect::<Vec<_>>()).hash(to);
    for Fee { clause, currency, payee, legal_form, certain } in fees {
        (clause, currency, payee, legal_form, certain).hash(to);
    }
}

fn said_json(said: &Said) -> Value {
    let Said { outcome, said, between, gate, by, review, cite, open, failed, fees, uncovered, read_up_to } = said;
    let read_up_to: Vec<Value> = read_up_to.iter().map(|(last, notice)| json!([last.to_string(), notice])).collect();
    let fees: Vec<Value> = fees
        .iter()
        .map(|Fee { clause, currency, payee, legal_form, certain }| json!([clause, currency, payee, legal_form, certain]))
        .collect();
    json!({
        "outcome": outcome.text(), "said": said, "between": between, "gate": gate, "by": by, "review": review, "cite": cite,
        "open": open, "failed": failed, "fees": fees, "uncovered": uncovered, "read_up_to": read_up_to,
    })
}

fn said_of(value: &Value) -> Option<Said> {
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    let fee = |fee: &Value| {
        let text = |at: usize| fee.get(at)?.as_str().map(str::to_owned);
        Some(Fee { clause: text(0)?, currency: text(1)?, payee: text(2)?, legal_form: text(3)?, certain: fee.get(4)?.as_bool()? })
    };
    let read = |read: &Value| Some((parse_date(read.get(0)?.as_str()?).ok()?, read.get(1)?.as_str()?.to_owned()));
    Some(Said {
        outcome: Outcome::parse(&text("outcome")?)?,
        said: text("said")?,
        between: text("between")?,
        gate: text("gate")?,
        by: text("by")?,
        review: text("review")?,
        cite: text("cite")?,
        open: texts(value.get("open")?)?,
        failed: texts(value.get("failed")?)?,
        fees: value.get("fees")?.as_array()?.iter().map(fee).collect::<Option<_>>()?,
        uncovered: texts(value.get("uncovered")?)?,
        read_up_to: value.get("read_up_to")?.as_array()?.iter().map(read).collect::<Option<_>>()?,
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn problem_json(problem: &Problem) -> Value {
    let Problem { severity, file, line, column, excerpt, mark, width, message, hint } = problem;
    json!([*severity == Severity::Error, file, line, column, excerpt, mark, width, message, hint])
}

fn problem_of(value: &Value) -> Option<Problem> {
    let text = |at: usize| value.get(at)?.as_str().map(str::to_owned);
    let number = |at: usize| usize::try_from(value.get(at)?.as_u64()?).ok();
    Some(Problem {
        severity: if value.get(0)?.as_bool()? { Severity::Error } else { Severity::Warning },
        file: text(1)?,
        line: number(2)?,
        column: number(3)?,
        excerpt: text(4)?,
        mark: number(5)?,
        width: number(6)?,
        message: text(7)?,
        hint: text(8)?,
    })
}

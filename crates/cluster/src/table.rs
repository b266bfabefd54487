//! The tables that SQL sees, as providers and leaves of plans. Decisions are made where a task of the plan runs.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use columns::{Became, Book, Line, Lines, Reader, since, told};
use datafusion::arrow::array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, ListBuilder, StringBuilder, StructBuilder, UInt64Builder,
};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, UInt64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream};
use facts::{Dictionary, FieldId, Problem};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::job::{Job, Piece, Ready};
use crate::{Error, listing, wire};

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Which {
    /// Rows of order books with what the law says of each.
    Decisions,
    /// The same for a program of ours: everything that a row's line of output needs.
    Rows,
    /// The catalogue.
    Chips,
    /// Who belongs to which group from when until when.
    Groups,
    /// Countries.
    Countries,
    /// Clauses of the gates.
    Clauses,
}

impl Which {
    /// Those that SQL sees, by name.
    pub(crate) const NAMED: [(&'static str, Which); 5] = [
        ("decisions", Which::Decisions),
        ("chips", Which::Chips),
        ("groups", Which::Groups),
        ("countries", Which::Countries),
        ("clauses", Which::Clauses),
    ];

    fn schema(self, ready: &Ready) -> Result<SchemaRef> {
        Ok(match self {
            Which::Decisions => decisions_schema(),
            Which::Rows => wire::schema(),
            _ => listing::batch(self, ready)?.schema(),
        })
    }
}

/// A table of a job.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) job: Arc<Job>,
    pub(crate) which: Which,
    pub(crate) schema: SchemaRef,
}

impl Table {
    pub(crate) fn new(job: &Arc<Job>, which: Which) -> std::result::Result<Table, Error> {
        let ready = Ready::of(job)?;
        let schema = which.schema(&ready).map_err(|e| Error::Query(e.to_string()))?;
        Ok(Table { job: Arc::clone(job), which, schema })
    }
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let tasks = match self.which {
            Which::Decisions | Which::Rows => self.job.tasks.as_slice(),
            _ => &[Vec::new()],
        };
        let schema = pieces_schema();
        let batches = tasks.iter().map(|task| Ok(vec![pieces_batch(&schema, task)?])).collect::<Result<Vec<_>>>()?;
        let input = MemorySourceConfig::try_new_exec(&batches, schema, None)?;
        Ok(Arc::new(Scan::new(Arc::clone(&self.job), self.which, projection.cloned(), input)?))
    }
}

/// Pieces of books as rows: a scheduler gives out the partitions of tables that it knows, and of no other leaf.
fn pieces_schema() -> SchemaRef {
    Arc::new(Schema::new(["book", "from", "until"].map(|name| Field::new(name, DataType::UInt64, name != "book")).to_vec()))
}

fn pieces_batch(schema: &SchemaRef, pieces: &[Piece]) -> Result<RecordBatch> {
    let column = |of: &dyn Fn(&Piece) -> Option<usize>| -> ArrayRef {
        Arc::new(pieces.iter().map(|piece| of(piece).map(|n| n as u64)).collect::<UInt64Array>())
    };
    let groups = |piece: &Piece| piece.groups.clone();
    let columns = vec![
        column(&|piece| Some(piece.book)),
        column(&|piece| groups(piece).map(|groups| groups.start)),
        column(&|piece| groups(piece).map(|groups| groups.end)),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn pieces(batch: &RecordBatch) -> Option<Vec<Piece>> {
    let column = |at: usize| batch.columns().get(at)?.as_primitive_opt::<UInt64Type>();
    let (books, from, until) = (column(0)?, column(1)?, column(2)?);
    let whole = |column: &UInt64Array, row: usize| column.is_valid(row).then(|| column.value(row) as usize);
    let piece = |row| {
        let groups = whole(from, row).zip(whole(until, row)).map(|(from, until)| from..until);
        Some(Piece { book: whole(books, row)?, groups })
    };
    (0..batch.num_rows()).map(piece).collect()
}

/// Makes a table's rows of pieces, partition by partition.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) job: Arc<Job>,
    pub(crate) which: Which,
    pub(crate) projection: Option<Vec<usize>>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Scan {
    pub(crate) fn new(
        job: Arc<Job>,
        which: Which,
        projection: Option<Vec<usize>>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Scan> {
        let ready = Ready::of(&job).map_err(outside)?;
        let whole = which.schema(&ready)?;
        let schema = match &projection {
            Some(columns) => Arc::new(whole.project(columns)?),
            None => whole,
        };
        let mut equivalence = EquivalenceProperties::new(Arc::clone(&schema));
        // Tasks read the books in order, so that a merge is enough to bring all rows in order.
        if which == Which::Rows
            && let Ok(at) = schema.index_of("place")
        {
            let place: Arc<dyn PhysicalExpr> = Arc::new(Column::new("place", at));
            equivalence
                .add_orderings([vec![PhysicalSortExpr::new(place, SortOptions { descending: false, nulls_first: false })]]);
        }
        let tasks = input.properties().partitioning.partition_count();
        let properties = Arc::new(PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(tasks),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Ok(Scan { job, which, projection, input, properties })
    }
}

impl DisplayAs for Scan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan: {:?} of {} books", self.which, self.job.books.len())
    }
}

impl ExecutionPlan for Scan {
    fn name(&self) -> &str {
        "Scan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().unwrap_or_else(|| Arc::clone(&self.input));
        Ok(Arc::new(Scan::new(Arc::clone(&self.job), self.which, self.projection.clone(), input)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut input = self.input.execute(partition, context)?;
        let mut stream = RecordBatchReceiverStream::builder(self.schema(), 2);
        let to = stream.tx();
        let (job, which, projection) = (Arc::clone(&self.job), self.which, self.projection.clone());
        stream.spawn(async move {
            let mut task = Vec::new();
            while let Some(batch) = input.next().await {
                let own = pieces(&batch?);
                task.extend(own.ok_or_else(|| DataFusionError::Internal("no pieces of books".to_owned()))?);
            }
            let make = move || make(&job, which, projection.as_deref(), &task, &to);
            tokio::task::spawn_blocking(make).await.map_err(|e| DataFusionError::External(Box::new(e)))?
        });
        Ok(stream.build())
    }
}

fn make(job: &Job, which: Which, projection: Option<&[usize]>, task: &[Piece], to: &Sender<Result<RecordBatch>>) -> Result<()> {
    let ready = Ready::of(job).map_err(outside)?;
    let mut send = |batch: RecordBatch| -> Result<bool> {
        let batch = match projection {
            Some(columns) => batch.project(columns)?,
            None => batch,
        };
        // Whoever reads may have enough.
        Ok(to.blocking_send(Ok(batch)).is_ok())
    };
    if !matches!(which, Which::Decisions | Which::Rows) {
        return send(listing::batch(which, &ready)?).map(drop);
    }
    let mut lines = ready.take();
    // Of the columns of decisions only this one takes a search.
    let missing = decisions_schema().index_of("missing")?;
    let seeks = match which {
        Which::Rows => job.seeks,
        _ => projection.is_none_or(|columns| columns.contains(&missing)),
    };
    lines.seek_missing(if seeks { usize::MAX } else { 0 });
    let done = match which {
        Which::Rows => rows(job, &ready, task, &mut lines, &mut send),
        _ => decisions(job, &ready, task, &mut lines, &mut send),
    };
    ready.put(lines);
    done
}

pub(crate) fn outside(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Whoever takes what pieces bring; no to stop.
type Take<'t> = dyn FnMut(&mut Lines, Came<'_>) -> Result<bool> + 't;

/// What a piece brings.
enum Came<'a> {
    /// A book is begun, at this row.
    Begun(usize, u64),
    Row(&'a Line<Became>),
    Broken(&'a str, &'a Problem),
    /// Something was odd about the book, told at its end.
    Odd(&'a Problem),
    /// The end of a batch.
    Pause,
}

/// Reads and decides the pieces of a task in their order.
fn read(job: &Job, ready: &Ready, task: &[Piece], lines: &mut Lines, take: &mut Take<'_>) -> Result<()> {
    let library = &ready.library;
    let mut reader: Option<Reader<'_>> = None;
    for piece in task {
        let Some(at) = job.books.get(piece.book) else { continue };
        let mut book: Book<'_> = piece.open(at, library).map_err(|problems| outside(Error::Problems(problems)))?;
        if !take(lines, Came::Begun(piece.book, book.done()))? {
            return Ok(());
        }
        let own = match reader.take() {
            Some(mut reader) => reader.turn_to(book.schema(), &at.name).map(|()| reader),
            None => Reader::new(&library.dictionary, &library.catalogue, book.schema(), &at.name, job.standard),
        };
        let own = reader.insert(own.map_err(|problems| outside(Error::Problems(problems)))?);
        while let Some(piece) = book.next(own) {
            let goes_on = match &piece {
                Ok(rows) => lines.rows(&at.name, own, rows, &mut |lines, line| take(lines, Came::Row(&line)))?,
                Err(problem) => take(lines, Came::Broken(&at.name, problem))?,
            };
            if !goes_on || !take(lines, Came::Pause)? {
                return Ok(());
            }
        }
        for problem in book.warnings().iter().chain(own.warnings()) {
            take(lines, Came::Odd(problem))?;
        }
        take(lines, Came::Pause)?;
    }
    Ok(())
}

fn rows(
    job: &Job,
    ready: &Ready,
    task: &[Piece],
    lines: &mut Lines,
    send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
) -> Result<()> {
    let mut writer = wire::Writer::new();
    read(job, ready, task, lines, &mut |_, came| {
        match came {
            Came::Begun(book, row) => writer.turn_to(book, row),
            Came::Row(line) => writer.row(&ready.library.dictionary, line),
            Came::Broken(_, problem) => writer.broken(problem),
            Came::Odd(problem) => writer.odd(problem),
            Came::Pause => return send(writer.batch()?),
        }
        Ok(true)
    })
}

fn decisions(
    job: &Job,
    ready: &Ready,
    task: &[Piece],
    lines: &mut Lines,
    send: &mut dyn FnMut(RecordBatch) -> Result<bool>,
) -> Result<()> {
    let mut writer = Decisions::new(&ready.library.dictionary);
    read(job, ready, task, lines, &mut |lines, came| {
        match came {
            Came::Row(line) => writer.row(lines, line),
            Came::Broken(name, problem) => {
                let line = Line::broken(name, problem, Became::Bad(vec![problem.clone()]));
                writer.row(lines, &line);
            }
            Came::Pause => return send(writer.batch()?),
            Came::Begun(..) | Came::Odd(_) => {}
        }
        Ok(true)
    })
}

/// Texts of a decision, one a row.
const WORDS: [&str; 11] =
    ["file", "order_id", "chip", "destination", "outcome", "holds_if", "between", "gate", "clause", "review", "citation"];
/// Lists of texts.
const LISTS: [&str; 5] = ["open", "failed", "lacks", "missing", "notices"];

fn fee_fields() -> Fields {
    Fields::from(vec![
        Field::new("clause", DataType::Utf8, false),
        Field::new("amount", MONEY, true),
        Field::new("currency", DataType::Utf8, false),
        Field::new("payee", DataType::Utf8, false),
        Field::new("legal_form", DataType::Utf8, false),
        Field::new("certain", DataType::Boolean, false),
    ])
}

/// Money to the cent.
const MONEY: DataType = DataType::Decimal128(38, 2);

/// The columns of `decisions`. Of a row with problems everything but its place is null.
fn decisions_schema() -> SchemaRef {
    let texts = |name: &&str| Field::new(*name, DataType::Utf8, true);
    let mut fields: Vec<Field> = WORDS.iter().take(2).map(texts).collect();
    fields.push(Field::new("line", DataType::UInt64, false));
    fields.push(Field::new("day", DataType::Date32, true));
    fields.extend(WORDS.iter().skip(2).take(2).map(texts));
    fields.push(Field::new("quantity", DataType::Float64, true));
    fields.extend(WORDS.iter().skip(4).map(texts));
    fields.extend(LISTS.map(|name| Field::new(name, DataType::new_list(DataType::Utf8, true), true)));
    fields.push(Field::new("fee", MONEY, true));
    fields.push(Field::new("fees", DataType::new_list(DataType::Struct(fee_fields()), true), true));
    fields.push(Field::new("counted", DataType::Boolean, false));
    fields.push(Field::new("problem", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

/// Decisions being written as columns for SQL.
struct Decisions {
    dictionary: Arc<Dictionary>,
    schema: SchemaRef,
    words: [StringBuilder; WORDS.len()],
    line: UInt64Builder,
    day: Date32Builder,
    quantity: Float64Builder,
    lists: [ListBuilder<StringBuilder>; LISTS.len()],
    fee: Decimal128Builder,
    fees: ListBuilder<StructBuilder>,
    counted: BooleanBuilder,
    problem: StringBuilder,
}

impl Decisions {
    fn new(dictionary: &Arc<Dictionary>) -> Decisions {
        Decisions {
            dictionary: Arc::clone(dictionary),
            schema: decisions_schema(),
            words: Default::default(),
            line: UInt64Builder::new(),
            day: Date32Builder::new(),
            quantity: Float64Builder::new(),
            lists: Default::default(),
            fee: Decimal128Builder::new().with_data_type(MONEY),
            fees: ListBuilder::new(StructBuilder::from_fields(fee_fields(), 0)),
            counted: BooleanBuilder::new(),
            problem: StringBuilder::new(),
        }
    }

    fn row(&mut self, lines: &mut Lines, line: &Line<Became>) {
        let unknown;
        let (answer, problems) = match &line.answer {
            Became::Decided(answer) => (Some(answer), None),
            // SQL has no order in which running totals could run.
            Became::Counted(case) => {
                unknown = lines.without_totals(case);
                (Some(&unknown), None)
            }
            Became::Bad(problems) => (None, Some(told(problems))),
        };
        self.line.append_value(line.line);
        self.day.append_option(line.date.map(since));
        self.quantity.append_option(line.quantity.parse::<f64>().ok());
        self.counted.append_value(matches!(line.answer, Became::Counted(_)));
        self.problem.append_option(problems);
        let said = answer.map(|answer| &*answer.said);
        let words = [
            Some(line.file.as_str()),
            Some(line.id.as_str()),
            answer.map(|_| line.chip.as_str()),
            answer.map(|_| line.to.as_str()),
            said.map(|said| said.outcome.text()),
            answer.map(|_| line.holds_if()),
            said.map(|said| said.between.as_str()),
            said.map(|said| said.gate.as_str()),
            said.map(|said| said.by.as_str()),
            said.map(|said| said.review.as_str()),
            said.map(|said| said.cite.as_str()),
        ];
        for (to, word) in self.words.iter_mut().zip(words) {
            to.append_option(word.filter(|word| !word.is_empty()));
        }
        let name = |id: &FieldId| self.dictionary.field(*id).name.clone();
        let lacks: Option<Vec<String>> = answer.map(|answer| answer.lacks.iter().map(name).collect());
        let (open, failed) = (said.map(|said| &said.open), said.map(|said| &said.failed));
        let notices: Option<Vec<String>> = answer.map(|answer| line.notices(answer).into_iter().map(str::to_owned).collect());
        let lists = [open, failed, lacks.as_ref(), answer.map(|answer| &answer.missing), notices.as_ref()];
        for (to, list) in self.lists.iter_mut().zip(lists) {
            list.into_iter().flatten().for_each(|text| to.values().append_value(text));
            to.append(list.is_some());
        }
        self.fee.append_option(answer.and_then(|answer| {
            let mut due = answer.due();
            let (first, minor) = due.next()?;
            let sum = |sum: i128, (fee, minor): (&columns::Fee, Option<i64>)| {
                (fee.currency == first.currency).then_some(sum + i128::from(minor?))
            };
            due.try_fold(i128::from(minor?), sum)
        }));
        for (fee, minor) in answer.into_iter().flat_map(|answer| answer.said.fees.iter().zip(&answer.amounts)) {
            let to = self.fees.values();
            for (at, text) in [(0, &fee.clause), (2, &fee.currency), (3, &fee.payee), (4, &fee.legal_form)] {
                if let Some(to) = to.field_builder::<StringBuilder>(at) {
                    to.append_value(text);
                }
            }
            if let Some(to) = to.field_builder::<Decimal128Builder>(1) {
                to.append_option(minor.map(i128::from));
            }
            if let Some(to) = to.field_builder::<BooleanBuilder>(5) {
                to.append_value(fee.certain);
            }
            to.append(true);
        }
        self.fees.append(answer.is_some());
    }

    fn batch(&mut self) -> std::result::Result<RecordBatch, ArrowError> {
        let arrays: std::result::Result<Vec<ArrayRef>, ArrowError> = Arc::clone(&self.schema)
            .fields()
            .iter()
            .map(|field| {
                let name = field.name().as_str();
                let word = WORDS.iter().position(|word| *word == name).and_then(|at| self.words.get_mut(at));
                let list = LISTS.iter().position(|list| *list == name).and_then(|at| self.lists.get_mut(at));
                Ok(match (name, word, list) {
                    (_, Some(word), _) => Arc::new(word.finish()) as ArrayRef,
                    (_, _, Some(list)) => Arc::new(list.finish()),
                    ("line", ..) => Arc::new(self.line.finish()),
                    ("day", ..) => Arc::new(self.day.finish()),
                    ("quantity", ..) => Arc::new(self.quantity.finish()),
                    ("fee", ..) => Arc::new(self.fee.finish()),
                    ("fees", ..) => Arc::new(self.fees.finish()),
                    ("counted", ..) => Arc::new(self.counted.finish()),
                    ("problem", ..) => Arc::new(self.problem.finish()),
                    _ => return Err(ArrowError::SchemaError(format!("no column {name}"))),
                })
            })
            .collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays?)
    }
}

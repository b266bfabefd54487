//! How fast the second judge is, beside the same law written by hand over the same columns. One command: `cargo bench -p columns`.
//!
//! The task is the one that rule engines are compared on (October 2023 rule, cut down to one page; the pack lies in `task/`): two
//! rates, a die area, a flag, a destination, a day. `by hand` is a branch-free loop over these columns with the widest vectors that
//! the processor has; its answer is a byte. `outcome` is the second judge from the record batch to a byte a row; `clauses` tells the
//! clauses that apply as well, a bit each. `us-ear` is that regime alone and `corridor` every gate of the shipped default corridor, over
//! order rows that name parts of the catalogue on random days of five years; `corridor by number` states the parts' figures in columns
//! of numbers instead. `one by one` is the judge of one case on cases that are already there.
//!
//! All variants run in turn, the ratio is taken to `by hand` of the same round, and medians over rounds are printed. A second table
//! holds engines on the same rows, one thread each, versions pinned: numpy, polars, DuckDB and OpenFisca (`peers.py`), regorus, cedar and
//! cel (`engines/`). A third one tells how fast the second judge is as rows grow from one to ten million. Time is processor time, since a
//! machine may have other things to do. `ROWS` sets the rows of the task (default one million).

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt8Array};
use columns::{Batch, Judge, Reader};
use cpu_time::ProcessTime;
use criterion::{Criterion, Throughput};
use facts::{Case, Fact, Pack};
use pulp::{Arch, Simd, WithSimd};
use regime::{Corridor, Lens, Library, Outcome, Policy};

/// Rows that a batch has.
const BATCH: usize = 16_384;

// ---- the rule by hand ------------------------------------------------------------------------------

/// The task's rows.
struct Rows {
    fp16: Vec<f64>,
    fp8: Vec<f64>,
    die: Vec<f64>,
    datacenter: Vec<u8>,
    dest: Vec<u8>,
    day: Vec<i32>,
}

/// Days since 1970-01-01 of 17 November 2023.
const TURN: i32 = 19_678;
const CHUNK: usize = 512;

struct Hand<'a>(&'a Rows, &'a mut [u8]);

impl WithSimd for Hand<'_> {
    type Output = ();

    /// 3 × class + licence, without a branch.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Hand(rows, out) = self;
        let mut wide = [0u64; CHUNK];
        for (at, out) in (0..).step_by(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let n = out.len();
            let (fp16, fp8, die) = (&rows.fp16[at..at + n], &rows.fp8[at..at + n], &rows.die[at..at + n]);
            let bit = |yes: bool| yes as u64;
            for i in 0..n {
                let (x, y) = (fp16[i] * 16.0, fp8[i] * 8.0);
                let tpp = if x > y { x } else { y };
                let pd = tpp / die[i];
                let (low, mid, high) = (bit(tpp >= 1600.0), bit(tpp >= 2400.0), bit(tpp >= 4800.0));
                let (d1, d3, d5) = (bit(pd >= 1.6), bit(pd >= 3.2), bit(pd >= 5.92));
                let a = high | (low & d5);
                let b = (1 ^ d5) & ((mid & d1) | (low & d3)) & (1 ^ a);
                wide[i] = a | (b << 1);
            }
            let mut class = [0u8; CHUNK];
            for i in 0..n {
                class[i] = wide[i] as u8;
            }
            let (datacenter, dest, day) = (&rows.datacenter[at..at + n], &rows.dest[at..at + n], &rows.day[at..at + n]);
            let mut on = [0u8; CHUNK];
            for i in 0..n {
                on[i] = if day[i] >= TURN { 255 } else { 0 };
            }
            for i in 0..n {
                let c = class[i] & on[i];
                let strict = (dest[i] == 3) as u8;
                let placed = (dest[i] == 1) as u8 | (dest[i] == 2) as u8 | strict;
                let needed = placed & (datacenter[i] != 0) as u8 & (c != 0) as u8;
                out[i] = c + c + c + needed + (needed & strict);
            }
        }
    }
}

/// Random numbers by xorshift64 (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn unit(&mut self) -> f64 {
        self.next() as f64 / (1u64 << 53) as f64
    }
}

fn rows(n: usize) -> Rows {
    let mut dice = Dice(20_231_117);
    let mut rows = Rows { fp16: vec![], fp8: vec![], die: vec![], datacenter: vec![], dest: vec![], day: vec![] };
    for _ in 0..n {
        let fp16 = (10f64.ln() + dice.unit() * 250f64.ln()).exp().floor();
        rows.fp16.push(fp16);
        rows.fp8.push(if dice.unit() < 0.6 { fp16 * 2.0 } else { 0.0 });
        rows.die.push((100.0 + dice.unit() * 1500.0).floor());
        rows.datacenter.push((dice.unit() < 0.6) as u8);
        rows.dest.push(dice.below(4) as u8);
        rows.day.push(18_993 + dice.below(4 * 365) as i32);
    }
    rows
}

fn batches(rows: &Rows) -> Vec<RecordBatch> {
    let words: ArrayRef = Arc::new(StringArray::from(vec!["GA", "GB", "GD", "GE"]));
    (0..rows.day.len())
        .step_by(BATCH)
        .map(|at| {
            let to = (at + BATCH).min(rows.day.len());
            let dest = DictionaryArray::<UInt8Type>::new(UInt8Array::from(rows.dest[at..to].to_vec()), Arc::clone(&words));
            let flags: Vec<bool> = rows.datacenter[at..to].iter().map(|flag| *flag != 0).collect();
            RecordBatch::try_from_iter([
                ("fp16", Arc::new(Float64Array::from(rows.fp16[at..to].to_vec())) as ArrayRef),
                ("fp8", Arc::new(Float64Array::from(rows.fp8[at..to].to_vec()))),
                ("die", Arc::new(Float64Array::from(rows.die[at..to].to_vec()))),
                ("datacenter", Arc::new(BooleanArray::from(flags))),
                ("dest", Arc::new(dest)),
                ("date", Arc::new(Date32Array::from(rows.day[at..to].to_vec()))),
            ])
            .unwrap()
        })
        .collect()
}

// ---- packs -----------------------------------------------------------------------------------------

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push((path, text));
        }
    }
}

fn open(folder: &str) -> Library {
    let mut texts = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), "", &mut texts);
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts)), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    library
}

// ---- order rows ------------------------------------------------------------------------------------

/// Orders of parts of the catalogue: by name, or with the parts' figures as numbers.
fn orders(library: &Library, n: usize, by_number: bool) -> Vec<RecordBatch> {
    const PLACES: [&str; 16] = ["CN", "CN", "CN", "HK", "MO", "RU", "VN", "SA", "AE", "IL", "FR", "SG", "JP", "MX", "IN", "BR"];
    let mut dice = Dice(42);
    let chips = &library.catalogue.chips;
    let words = |list: Vec<&str>| Arc::new(StringArray::from(list)) as ArrayRef;
    let chip_names = words(chips.iter().map(|chip| &*chip.name).collect());
    let places = words(PLACES.to_vec());
    let keyed = |keys: Vec<u8>, words: &ArrayRef| {
        Arc::new(DictionaryArray::<UInt8Type>::new(UInt8Array::from(keys), Arc::clone(words))) as ArrayRef
    };
    let figure = |name: &str, at: u8| {
        let id = library.dictionary.id(name).unwrap();
        let fact = chips[at as usize].facts.iter().find(|(field, _)| *field == id).map(|(_, fact)| fact);
        if let Some(Fact::Number(number)) = fact { Some(number.approx()) } else { None }
    };
    (0..n)
        .step_by(BATCH)
        .map(|at| {
            let rows = BATCH.min(n - at);
            let chip: Vec<u8> = (0..rows).map(|_| dice.below(chips.len() as u64) as u8).collect();
            let mut columns = Vec::new();
            if by_number {
                for name in ["tpp", "applicable_die_area_mm2", "memory_bandwidth_gbs", "interconnect_gbs", "io_total_gbs"] {
                    let figures: Float64Array = chip.iter().map(|at| figure(name, *at)).collect();
                    columns.push((name, Arc::new(figures) as ArrayRef));
                }
            } else {
                columns.push(("chip", keyed(chip, &chip_names)));
            }
            let mut place = || keyed((0..rows).map(|_| dice.below(16) as u8).collect(), &places);
            let (to, headquarters) = (place(), place());
            columns.extend([("destination", to), ("headquarters", headquarters)]);
            let days: Vec<i32> = (0..rows).map(|_| 18_993 + dice.below(5 * 365) as i32).collect();
            columns.push(("date", Arc::new(Date32Array::from(days))));
            let quantity: Vec<f64> = (0..rows).map(|_| dice.below(5000) as f64 + 1.0).collect();
            columns.push(("quantity", Arc::new(Float64Array::from(quantity))));
            let bought: Vec<Option<bool>> = (0..rows).map(|_| [None, Some(true), Some(false)][dice.below(3) as usize]).collect();
            columns.push(("purchase_order", Arc::new(BooleanArray::from(bought))));
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
        })
        .collect()
}

// ---- timing ----------------------------------------------------------------------------------------

struct Variant<'a> {
    what: &'static str,
    rows: usize,
    run: Box<dyn FnMut() + 'a>,
}

/// Reads and decides every batch.
fn decide(reader: &mut Reader<'_>, judge: &mut Judge, batches: &[RecordBatch], out: &mut Vec<u8>) {
    out.clear();
    for batch in batches {
        let read: Batch = reader.read(batch, 1).unwrap();
        let decided = judge.decide(reader, &read);
        judge.outcomes(&decided, out);
    }
}

/// The same with the bits of the clauses of the first gate, a word a row.
fn with_clauses(reader: &mut Reader<'_>, judge: &mut Judge, batches: &[RecordBatch], out: &mut Vec<u8>, bits: &mut Vec<u64>) {
    out.clear();
    bits.clear();
    for batch in batches {
        let read: Batch = reader.read(batch, 1).unwrap();
        let decided = judge.decide(reader, &read);
        judge.outcomes(&decided, out);
        judge.clauses(0, &decided, bits);
    }
}

fn main() {
    let n: usize = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let (task, shipped) = (open("benches/task"), open("../../data"));
    let rows = rows(n);
    let table = batches(&rows);
    let corridor = |library: &Library| -> Corridor { library.corridor(&[], &[], Lens::default()).unwrap() };
    let reader = |library, table: &[RecordBatch], standard| {
        let library: &Library = library;
        Reader::new(&library.dictionary, &library.catalogue, &table[0].schema(), "rows", standard).unwrap()
    };
    let mut outcome = (reader(&task, &table, false), Judge::new(corridor(&task), false));
    let mut clauses = (reader(&task, &table, false), Judge::new(corridor(&task), true));
    let (named, numbered) = (orders(&shipped, n / 2, false), orders(&shipped, n / 2, true));
    let us = || -> Corridor { shipped.corridor(&["us-ear".to_owned()], &[], Lens::default()).unwrap() };
    let mut alone = (reader(&shipped, &named, true), Judge::new(us(), false));
    let mut alone_bits = (reader(&shipped, &named, true), Judge::new(us(), true));
    let mut by_name = (reader(&shipped, &named, true), Judge::new(corridor(&shipped), false));
    let mut by_name_bits = (reader(&shipped, &named, true), Judge::new(corridor(&shipped), true));
    let mut by_number = (reader(&shipped, &numbered, true), Judge::new(corridor(&shipped), false));

    let mut expected = vec![0u8; n];
    Arch::new().dispatch(Hand(&rows, &mut expected));
    let (mut out, mut bits) = (Vec::new(), Vec::new());
    with_clauses(&mut clauses.0, &mut clauses.1, &table, &mut out, &mut bits);
    agree(&clauses.1, &expected, &out, &bits);
    let mut plain = Vec::new();
    decide(&mut outcome.0, &mut outcome.1, &table, &mut plain);
    assert_eq!(plain, out, "with and without clauses the outcome is the same");

    let sample = named[0].slice(0, 2000);
    let read = by_name.0.read(&sample, 1).unwrap();
    let cases: Vec<Case> = (0..2000).map(|row| by_name.0.case(&read, row).unwrap()).collect();
    let mut single = corridor(&shipped);

    let mut hand = vec![0u8; n];
    let (mut a, mut b, mut c, mut d, mut e, mut f, mut g) = (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    let (mut bits, mut more, mut most) = (vec![], vec![], vec![]);
    let mut variants = vec![
        Variant {
            what: "by hand",
            rows: n,
            run: Box::new(|| Arch::new().dispatch(Hand(black_box(&rows), black_box(&mut hand)))),
        },
        Variant { what: "task, outcome", rows: n, run: Box::new(|| decide(&mut outcome.0, &mut outcome.1, &table, &mut a)) },
        Variant {
            what: "task, clauses",
            rows: n,
            run: Box::new(|| with_clauses(&mut clauses.0, &mut clauses.1, &table, &mut b, &mut bits)),
        },
        Variant {
            what: "us-ear, parts by name, first time",
            rows: n / 2,
            run: Box::new(|| {
                let mut fresh = (reader(&shipped, &named, true), Judge::new(us(), false));
                decide(&mut fresh.0, &mut fresh.1, &named, &mut vec![]);
            }),
        },
        Variant {
            what: "us-ear, parts by name",
            rows: n / 2,
            run: Box::new(|| decide(&mut alone.0, &mut alone.1, &named, &mut f)),
        },
        Variant {
            what: "us-ear, parts by name, clauses",
            rows: n / 2,
            run: Box::new(|| with_clauses(&mut alone_bits.0, &mut alone_bits.1, &named, &mut g, &mut most)),
        },
        Variant {
            what: "corridor, parts by name, first time",
            rows: n / 2,
            run: Box::new(|| {
                let mut fresh = (reader(&shipped, &named, true), Judge::new(corridor(&shipped), false));
                decide(&mut fresh.0, &mut fresh.1, &named, &mut vec![]);
            }),
        },
        Variant {
            what: "corridor, parts by name",
            rows: n / 2,
            run: Box::new(|| decide(&mut by_name.0, &mut by_name.1, &named, &mut c)),
        },
        Variant {
            what: "corridor, parts by name, clauses",
            rows: n / 2,
            run: Box::new(|| with_clauses(&mut by_name_bits.0, &mut by_name_bits.1, &named, &mut d, &mut more)),
        },
        Variant {
            what: "corridor, parts by number",
            rows: n / 2,
            run: Box::new(|| decide(&mut by_number.0, &mut by_number.1, &numbered, &mut e)),
        },
        Variant {
            what: "corridor, one by one",
            rows: 2000,
            run: Box::new(|| {
                for case in &cases {
                    black_box(single.decide(case, &[]));
                }
            }),
        },
    ];
    if std::env::args().any(|arg| arg == "--criterion") {
        let mut criterion = Criterion::default().sample_size(10);
        let mut group = criterion.benchmark_group("columns");
        for variant in &mut variants {
            group.throughput(Throughput::Elements(variant.rows as u64));
            group.bench_function(variant.what, |bencher| bencher.iter(|| (variant.run)()));
        }
        group.finish();
        criterion.final_summary();
    }
    let times = print(&mut variants);
    drop(variants);
    if std::env::args().any(|arg| arg == "--bench") {
        others(&rows, &expected, times);
        grow(&task);
    }
}

/// Both sides give the same answers.
fn agree(judge: &Judge, expected: &[u8], out: &[u8], bits: &[u64]) {
    let law = &judge.laws()[0];
    let bit = |name: &str, bits: u64| bits >> law.clause_id(name).unwrap().0 & 1 != 0;
    for ((expected, out), bits) in expected.iter().zip(out).zip(bits) {
        let class = if bit("a", *bits) { 1 } else { 2 * u8::from(bit("b", *bits)) };
        let licence = match Outcome::ALL[usize::from(*out)] {
            Outcome::Free => 0,
            Outcome::Licence(Policy::Denial) => 2,
            _ => 1,
        };
        assert_eq!(class * 3 + licence, *expected);
    }
}

const ROUNDS: usize = 7;

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

/// Prints the table; gives the nanoseconds of a row of the first two: by hand, and the outcome of the second judge.
fn print(variants: &mut [Variant<'_>]) -> [f64; 2] {
    let mut times = vec![Vec::new(); variants.len()];
    for round in 0..=ROUNDS {
        for (variant, times) in variants.iter_mut().zip(&mut times) {
            let start = ProcessTime::now();
            (variant.run)();
            let each = start.elapsed().as_secs_f64() / variant.rows as f64;
            if round > 0 {
                times.push(each);
            }
        }
    }
    println!("| what | ns a row | rows a second | times by hand |");
    println!("| --- | --- | --- | --- |");
    for (variant, own) in variants.iter().zip(&times) {
        let ratio = median(own.iter().zip(&times[0]).map(|(own, hand)| own / hand).collect());
        let each = median(own.clone());
        println!("| {} | {:.2} | {} | {ratio:.1} |", variant.what, each * 1e9, thousands(1.0 / each));
    }
    [0, 1].map(|at| median(times[at].clone()) * 1e9)
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let from_end = |at: usize| digits.len() - at;
    digits
        .char_indices()
        .flat_map(|(at, digit)| [(at > 0 && from_end(at) % 3 == 0).then_some(','), Some(digit)])
        .flatten()
        .collect()
}

/// The second judge on the task as rows grow: from record batches to outcomes, by a judge that has met no row yet, and once more.
fn grow(task: &Library) {
    const MOST: usize = 10_000_000;
    println!("\n| rows | rows a second, first time | again |\n| --- | --- | --- |");
    let rows = rows(MOST);
    for n in (0..8).map(|power| 10usize.pow(power)) {
        let part = Rows {
            fp16: rows.fp16[..n].to_vec(),
            fp8: rows.fp8[..n].to_vec(),
            die: rows.die[..n].to_vec(),
            datacenter: rows.datacenter[..n].to_vec(),
            dest: rows.dest[..n].to_vec(),
            day: rows.day[..n].to_vec(),
        };
        let table = batches(&part);
        let (mut first, mut again) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut reader = Reader::new(&task.dictionary, &task.catalogue, &table[0].schema(), "rows", false).unwrap();
            let mut judge = Judge::new(task.corridor(&[], &[], Lens::default()).unwrap(), false);
            let mut out = Vec::with_capacity(n);
            for times in [&mut first, &mut again] {
                let start = ProcessTime::now();
                decide(&mut reader, &mut judge, &table, &mut out);
                times.push(start.elapsed().as_secs_f64());
            }
        }
        let speed = |times: Vec<f64>| thousands(n as f64 / median(times));
        println!("| {} | {} | {} |", thousands(n as f64), speed(first), speed(again));
    }
}

// ---- other engines ---------------------------------------------------------------------------------

const PEERS: [&str; 4] = ["numpy==2.4.6", "polars==2.1.0", "duckdb==2.0.0", "openfisca-core==46.0.1"];

fn done(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The column engines and OpenFisca, in a Python that `PEER_PYTHON` names, or in one made under the target folder.
fn peers(folder: &Path) -> Option<Command> {
    let python = std::env::var_os("PEER_PYTHON").map(PathBuf::from).or_else(|| {
        let own = folder.join("columns-peers");
        let inside = own.join("bin/python");
        let wanted =
            format!("from importlib.metadata import version as v\nfor p in {PEERS:?}: n, w = p.split('=='); assert v(n) == w");
        if !done(Command::new(&inside).args(["-c", &wanted])) {
            done(Command::new("python3").args(["-m", "venv"]).arg(&own)).then_some(())?;
            done(Command::new(&inside).args(["-m", "pip", "install", "--quiet"]).args(PEERS)).then_some(())?;
        }
        Some(inside)
    })?;
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers.py"));
    Some(command)
}

/// The engines for rules, built under the target folder with the versions of their own lock file.
fn engines(folder: &Path) -> Option<Command> {
    let own = folder.join("columns-engines");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/engines/Cargo.toml");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir"])
        .arg(&own)
        .status();
    built.is_ok_and(|status| status.success()).then(|| Command::new(own.join("release/engines")))
}

/// The same rows in other engines, in the same run. Each says how often it gave each answer; that must be as often as expected.
fn others(rows: &Rows, expected: &[u8], [by_hand, outcome]: [f64; 2]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let at = folder.join("columns-rows");
    fs::create_dir_all(&at).unwrap();
    let doubles = |list: &[f64]| list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    for (name, bytes) in [
        ("fp16", doubles(&rows.fp16)),
        ("fp8", doubles(&rows.fp8)),
        ("die", doubles(&rows.die)),
        ("datacenter", rows.datacenter.clone()),
        ("dest", rows.dest.clone()),
        ("day", rows.day.iter().flat_map(|day| day.to_le_bytes()).collect()),
        ("expected", expected.to_vec()),
    ] {
        fs::write(at.join(name), bytes).unwrap();
    }
    println!("\n| engine | rows | ns a row | times by hand | times our outcome |\n| --- | --- | --- | --- | --- |");
    let mut missing = Vec::new();
    for (names, command) in [(PEERS.join(", "), peers(&folder)), ("regorus, cedar, cel".to_owned(), engines(&folder))] {
        let Some(mut command) = command else {
            missing.push(names);
            continue;
        };
        let output = command.arg(&at).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let told: Told = serde_json::from_slice(line).unwrap();
            let mut answers = [0; 9];
            expected[..told.n].iter().for_each(|answer| answers[usize::from(*answer)] += 1);
            assert_eq!(told.answers, answers, "{} gives other answers", told.engine);
            let (n, hand, ours) = (thousands(told.n as f64), told.ns / by_hand, told.ns / outcome);
            println!("| {} {} | {n} | {:.2} | {hand:.1} | {ours:.1} |", told.engine, told.version, told.ns);
        }
    }
    for names in missing {
        println!("\n{names}: not here and could not be fetched, so not compared");
    }
}

/// What an engine says of itself.
#[derive(serde::Deserialize)]
struct Told {
    engine: String,
    version: String,
    n: usize,
    ns: f64,
    answers: [u64; 9],
}

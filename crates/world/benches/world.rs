//! How fast the world runs, beside a plain loop and beside numpy. One command: `cargo bench -p world`.
//!
//! 10,000 worlds of the default scenario `h200` over its 60 quarters, drawn by a Weyl sequence from the scenario's ranges:
//!
//! - `vector` is [`run`]: eight worlds a bundle, on the widest instructions that the processor has, on one core; it keeps metrics only,
//!   as a study does.
//! - `scalar` is the same step in plain numbers with the standard library's exp and ln, on one core: the reference.
//! - `numpy` is `peer.py` beside this file: the same equations by a programmer who knows numpy, worlds in blocks of the size that suits it
//!   best, what does not change worked out once, one thread. It needs a Python with numpy: `PEER_PYTHON` names one; otherwise the bench makes
//!   itself a virtual environment under the target folder. Where that fails the table says so.
//! - `two cores` is `vector` in two threads, each with half of the worlds.
//!
//! Before anything is timed all three must agree on every variable of every quarter to a billionth. In every round each variant runs once,
//! one shortly after the other; ratios are of the same round, and medians over the rounds are printed. `WORLDS` and `ROUNDS` change the size.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use common::{draws, with, world};
use rand::RngExt;
use rand_pcg::Pcg64;
use world::{Factors, History, Luck, Over, Variables, World, reference, run};

const SEED: u64 = 1;
const WIDTH: usize = Factors::<f64>::COUNT;
/// Worlds on which the three must agree.
const COMPARED: usize = 2_000;
/// Blocks that numpy may choose from.
const BLOCKS: [usize; 6] = [128, 256, 512, 1024, 2048, 4096];

fn from_env(name: &str, or: usize) -> usize {
    std::env::var(name).ok().and_then(|x| x.parse().ok()).unwrap_or(or)
}

// ---- what numpy reads ------------------------------------------------------------------------------

fn doubles(folder: &Path, name: &str, values: impl IntoIterator<Item = f64>) {
    let bytes: Vec<u8> = values.into_iter().flat_map(f64::to_le_bytes).collect();
    fs::write(folder.join(format!("{name}.f64")), bytes).unwrap();
}

fn names(all: &[(&str, &str)]) -> String {
    let quoted: Vec<String> = all.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The chances as `run` makes them: by seed and row.
fn chances(quarters: usize, worlds: usize) -> Vec<f64> {
    let count = Luck::<f64>::COUNT;
    let mut all = vec![0.0; quarters * count * worlds];
    for row in 0..worlds {
        let mut rng = Pcg64::new((u128::from(SEED) << 64) | 0x9e37_79b9_7f4a_7c15, row as u128);
        for at in 0..quarters * count {
            all[at * worlds + row] = rng.random::<f64>();
        }
    }
    all
}

fn meta(world: &World, worlds: usize) -> String {
    let s = &world.scenario;
    let (on, lever) = (&s.switches, &s.levers);
    let index = |q: facts::Quarter| i32::from(q.year) * 4 + i32::from(q.q) - 1;
    let mut text = String::from("{\n");
    for (name, list) in [
        ("factors", names(Factors::<f64>::NAMES)),
        ("luck", names(Luck::<f64>::NAMES)),
        ("variables", names(Variables::<f64>::NAMES)),
    ] {
        let _ = writeln!(text, "\"{name}\": {list},");
    }
    let numbers = [
        ("worlds", worlds as f64),
        ("quarters", s.quarters as f64),
        ("stances", world.gates.stances as f64),
        ("vendors", world.gates.vendors.len().min(2) as f64),
        ("makers", s.makers.len().min(2) as f64),
        ("stance", s.stance as f64),
        ("start", f64::from(index(s.start))),
        ("known", f64::from(index(s.known))),
        ("moves_from", f64::from(index(s.moves_from))),
        ("reference_tpp", s.reference_tpp),
        ("reference_bandwidth", s.reference_bandwidth),
    ];
    for (name, x) in numbers {
        let _ = writeln!(text, "\"{name}\": {x},");
    }
    let _ = writeln!(text, "\"die_bank\": [{}, {}],", index(s.die_bank.0), index(s.die_bank.1));
    let _ = writeln!(
        text,
        "\"switches\": {{\"learning\": {}, \"spillover\": {}, \"spur\": {}, \"crowd_out\": {}, \"catch_up\": {}, \"lock_in\": {}, \
         \"trust\": {}, \"diversion\": {}, \"vendor_research\": {}, \"rare_earth\": {}, \"allies\": {}, \"legal_hazard\": {}, \
         \"domestic_makers\": {}, \"memory_limit\": {}}},",
        on.learning,
        on.spillover,
        on.spur,
        on.crowd_out,
        on.catch_up,
        on.lock_in,
        on.trust,
        on.diversion,
        on.vendor_research,
        on.rare_earth,
        on.allies,
        on.legal_hazard,
        on.domestic_makers,
        on.memory_limit
    );
    let _ = writeln!(
        text,
        "\"levers\": {{\"fee_rate\": {}, \"import_cap\": {}, \"research_floor\": {}, \"supply\": {}, \"importer_responds\": {}, \
         \"regulator_moves\": {}}},",
        lever.fee_rate, lever.import_cap, lever.research_floor, lever.supply, lever.importer_responds, lever.regulator_moves
    );
    let metrics: Vec<String> = s
        .metrics
        .iter()
        .map(|m| {
            let (over, level) = match m.over {
                Over::At => ("at", 0.0),
                Over::Sum => ("sum", 0.0),
                Over::Mean => ("mean", 0.0),
                Over::Max => ("max", 0.0),
                Over::Min => ("min", 0.0),
                Over::FirstAbove(level) => ("first", level),
            };
            let of = Variables::<f64>::NAMES[m.of].0;
            format!("{{\"of\": \"{of}\", \"over\": \"{over}\", \"level\": {level}, \"from\": {}, \"to\": {}}}", m.from, m.to)
        })
        .collect();
    let _ = writeln!(text, "\"metrics\": [{}]\n}}", metrics.join(", "));
    text
}

/// Everything that the peer reads.
fn dump(folder: &Path, world: &World, rows: &[f64]) {
    fs::create_dir_all(folder).unwrap();
    let worlds = rows.len() / WIDTH;
    fs::write(folder.join("meta.json"), meta(world, worlds)).unwrap();
    doubles(folder, "draws", rows.iter().copied());
    doubles(folder, "luck", chances(world.scenario.quarters, worlds));
    for (v, vendor) in world.gates.vendors.iter().enumerate() {
        doubles(folder, &format!("{v}-top"), vendor.top.columns().into_iter().flatten().copied());
        doubles(folder, &format!("{v}-best"), vendor.best.columns().into_iter().flatten().copied());
        doubles(folder, &format!("{v}-designs"), vendor.designs.columns().into_iter().flatten().copied());
        doubles(folder, &format!("{v}-wanted"), vendor.wanted.iter().copied());
    }
    doubles(folder, "memory_open", world.gates.memory_open.iter().copied());
    doubles(folder, "reply", world.gates.reply.iter().copied());
    doubles(folder, "questioned", world.gates.questioned.iter().copied());
}

// ---- the peer --------------------------------------------------------------------------------------

fn has_numpy(python: &Path) -> bool {
    Command::new(python).args(["-c", "import numpy"]).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// A Python with numpy: the one that is named, one that is there, or one made here.
fn python(folder: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("PEER_PYTHON").map(PathBuf::from);
    let own = folder.join("world-peer-venv");
    let inside = own.join("bin/python");
    if let Some(found) = named.into_iter().chain([PathBuf::from("python3"), inside.clone()]).find(|p| has_numpy(p)) {
        return Some(found);
    }
    let done = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    done(Command::new("python3").args(["-m", "venv"]).arg(&own)).then_some(())?;
    done(Command::new(&inside).args(["-m", "pip", "install", "--quiet", "numpy==2.2.6"])).then_some(())?;
    has_numpy(&inside).then_some(inside)
}

struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
    version: String,
}

impl Peer {
    /// Starts it and lets it run everything once.
    fn start(python: &Path, folder: &Path) -> Peer {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(folder)
            .envs(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"].map(|name| (name, "1")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer");
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Peer { child, lines, version: String::new() };
        let told = peer.line();
        peer.version = told.strip_prefix("ready ").unwrap_or_else(|| panic!("the peer says {told}")).to_owned();
        peer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Seconds of one run in blocks of a size.
    fn seconds(&mut self, block: usize) -> f64 {
        writeln!(self.child.stdin.as_mut().unwrap(), "{block}").unwrap();
        self.line().parse().expect("seconds")
    }

    fn history(folder: &Path, like: &History) -> History {
        let bytes = fs::read(folder.join("history.f64")).unwrap();
        let values = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        History { quarters: like.quarters, worlds: like.worlds, values }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

// ---- agreement -------------------------------------------------------------------------------------

/// The largest difference, relative to the number or to a thousandth of what the variable is like in that world.
fn apart(a: &History, b: &History) -> (f64, String) {
    assert_eq!(a.values.len(), b.values.len());
    let mut worst = (0.0, String::new());
    for (v, (name, _)) in Variables::<f64>::NAMES.iter().enumerate() {
        for w in 0..a.worlds {
            let (x, y) = (a.path(v, w), b.path(v, w));
            let usual = x.iter().map(|x| x.abs()).fold(1e-12, f64::max);
            for (t, (x, y)) in x.iter().zip(&y).enumerate() {
                let off = (x - y).abs() / x.abs().max(1e-3 * usual);
                assert!(off.is_finite(), "{name} in quarter {t} of world {w}: {x:e} and {y:e}");
                if off > worst.0 {
                    worst = (off, format!("{name} in quarter {t} of world {w}: {x:e} and {y:e}"));
                }
            }
        }
    }
    worst
}

// ---- timing ----------------------------------------------------------------------------------------

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn vector(world: &World, rows: &[f64], first: u64) {
    black_box(run(world, black_box(rows), first, SEED, false).unwrap().metrics);
}

fn scalar(world: &World, rows: &[f64]) {
    black_box(reference(world, black_box(rows), 0, SEED, false).unwrap().metrics);
}

fn two_cores(world: &World, rows: &[f64]) {
    let half = rows.len() / WIDTH / 2;
    let (left, right) = rows.split_at(half * WIDTH);
    std::thread::scope(|scope| {
        scope.spawn(|| vector(world, left, 0));
        scope.spawn(|| vector(world, right, half as u64));
    });
}

fn main() {
    // `cargo test --benches` only wants to see everything run once.
    let timed = std::env::args().any(|a| a == "--bench");
    let worlds = if timed { from_env("WORLDS", 10_000) } else { 64 };
    let rounds = if timed { from_env("ROUNDS", 9) } else { 1 };
    let world = world("h200");
    let rows = draws(&world.scenario, worlds);
    let compared = worlds.min(COMPARED);
    let some = &rows[..compared * WIDTH];
    let history = |kept: Result<world::Kept, world::Broken>| kept.unwrap().history.unwrap();
    let fast = history(run(&world, some, 0, SEED, true));
    let plain = history(reference(&world, some, 0, SEED, true));
    let (off, told) = apart(&plain, &fast);
    assert!(off <= 1e-9, "scalar and vector are {off:e} apart: {told}");
    println!("scalar and vector agree to {off:.0e} over {compared} worlds");

    let target = PathBuf::from(std::env::var_os("CARGO_TARGET_TMPDIR").unwrap_or(env!("CARGO_TARGET_TMPDIR").into()));
    let mut peer = None;
    if timed && let Some(python) = python(&target) {
        // Once with everything that can move, on the worlds that are compared, and once for timing.
        let folder = target.join("world-peer");
        for (id, moving) in [("reactive", common::world("reactive")), ("h200", with(&world, |_| {}))] {
            dump(&folder, &moving, some);
            let like = history(run(&moving, some, 0, SEED, true));
            drop(Peer::start(&python, &folder));
            let (off, told) = apart(&like, &Peer::history(&folder, &like));
            assert!(off <= 1e-9, "numpy and vector are {off:e} apart on {id}: {told}");
            println!("numpy and vector agree to {off:.0e} over {compared} worlds of {id}");
        }
        dump(&folder, &world, &rows);
        peer = Some(Peer::start(&python, &folder));
    }
    let block = peer.as_mut().map(|peer| {
        let times = BLOCKS.map(|size| (median((0..3).map(|_| peer.seconds(size)).collect()), size));
        times.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |best| best.1)
    });

    vector(&world, &rows, 0);
    let mut times = vec![Vec::new(); 4];
    for _ in 0..rounds {
        times[0].push(seconds(|| vector(&world, &rows, 0)));
        times[1].push(seconds(|| scalar(&world, &rows)));
        times[2].push(peer.as_mut().map_or(f64::NAN, |peer| peer.seconds(block.unwrap_or(1024))));
        times[3].push(seconds(|| two_cores(&world, &rows)));
    }
    let against = |k: usize| median(times[k].iter().zip(&times[0]).map(|(t, base)| t / base).collect());
    let quarters = world.scenario.quarters;
    println!(
        "\n{worlds} worlds of h200, {quarters} quarters; medians of {rounds} rounds, ratios to `vector` in the same round\n"
    );
    println!("{:<22} {:>10} {:>12} {:>10} {:>9}  aim", "what", "seconds", "us a world", "worlds/s", "ratio");
    let numpy = match (&peer, block) {
        (Some(peer), Some(block)) => format!("numpy {}, {block}", peer.version),
        _ => "numpy".to_owned(),
    };
    let rows: [(&str, usize, Option<f64>); 4] = [
        ("vector, one core", 0, None),
        ("scalar, one core", 1, Some(3.0)),
        (&numpy, 2, Some(2.0)),
        ("vector, two cores", 3, None),
    ];
    for (what, k, least) in rows {
        if k == 2 && peer.is_none() {
            println!("{what:<22} no Python with numpy here: set PEER_PYTHON");
            continue;
        }
        let (time, ratio) = (median(times[k].clone()), against(k));
        let aim = match (k, least) {
            (_, Some(least)) => format!(">= {least}x {}", if ratio >= least { "met" } else { "missed" }),
            (3, _) => format!("< 1 s {}", if time * 10_000.0 / worlds as f64 <= 1.0 { "met" } else { "missed" }),
            _ => String::new(),
        };
        let (each, rate) = (time / worlds as f64 * 1e6, worlds as f64 / time);
        println!("{}", format!("{what:<22} {time:>10.3} {each:>12.1} {rate:>10.0} {ratio:>8.2}x  {aim}").trim_end());
    }
}

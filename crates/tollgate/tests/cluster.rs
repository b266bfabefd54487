//! A cluster of real processes on this machine: the same bytes as without one, and still when an executor is killed in mid-run; SQL
//! over decisions, held against decisions.
#![cfg(all(feature = "cluster", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn tollgate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.current_dir(folder).args(args).env("COLUMNS", "160").stdin(Stdio::null());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    tollgate(folder, args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Processes that end with the test.
struct Cluster {
    url: String,
    scheduler: Child,
    executors: Vec<(Child, PathBuf)>,
    _work: tempfile::TempDir,
}

impl Cluster {
    fn start(executors: usize) -> Cluster {
        let work = tempfile::tempdir().unwrap();
        let mut scheduler = tollgate(work.path(), &["scheduler", "--bind", "127.0.0.1:0", "--patience", "6"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(scheduler.stderr.take().unwrap()).lines();
        let line = lines.find_map(|line| line.unwrap().strip_prefix("scheduler: ").map(str::to_owned)).unwrap();
        // Whoever writes to a pipe that nobody reads stops one day.
        std::thread::spawn(move || lines.for_each(drop));
        let mut cluster = Cluster { url: line, scheduler, executors: Vec::new(), _work: work };
        for at in 0..executors {
            let folder = cluster._work.path().join(format!("executor-{at}"));
            fs::create_dir(&folder).unwrap();
            let scheduler = cluster.url.trim_start_matches("df://").to_owned();
            let (bind, work) = (format!("127.0.0.1:{}", two_ports()), folder.to_str().unwrap());
            let args = ["executor", "--scheduler", &scheduler, "--bind", &bind, "--cores", "1", "--work", work];
            let child = tollgate(cluster._work.path(), &args).stderr(Stdio::null()).spawn().unwrap();
            cluster.executors.push((child, folder));
        }
        cluster
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.executors.iter_mut().map(|(child, _)| child).chain([&mut self.scheduler]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A free port with a free one after it.
fn two_ports() -> u16 {
    loop {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = one.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples/orders.csv")
}

/// The example's rows again and again, up to so many bytes.
fn long_book(path: &Path, bytes: usize) {
    let text = fs::read_to_string(example()).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    writeln!(file, "{header}").unwrap();
    for _ in 0..bytes.div_ceil(rows.len()) {
        file.write_all(rows.as_bytes()).unwrap();
    }
}

/// Many books: good, bad and broken ones, with orders that a quota counts before and after their day.
fn books(folder: &Path) {
    fs::copy(example(), folder.join("a.csv")).unwrap();
    let mut rows: Vec<String> = fs::read_to_string(example()).unwrap().lines().map(str::to_owned).collect();
    rows[1..].reverse();
    rows[0].push_str(",colour of the box");
    rows[1..].iter_mut().for_each(|row| row.push_str(",red"));
    fs::write(folder.join("b.csv"), rows.join("\n")).unwrap();
    let json = "{\"order\": \"J-1\", \"date\": \"2026-03-01\", \"chip\": \"H200 SXM\", \"to\": \"CN\", \"size of the box\": 3}\n{\"date\":";
    fs::write(folder.join("c.jsonl"), json).unwrap();
    fs::write(folder.join("d.csv"), "order,date,chip,to\n1,2024-03-01,H100 SXM,CN\n2,2024-03-01,\"H100").unwrap();
}

#[test]
fn a_cluster_decides_as_one_machine_does() {
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    fs::create_dir(&orders).unwrap();
    books(&orders);
    let cluster = Cluster::start(2);
    let kinds: [&[&str]; 4] =
        [&["--format", "csv"], &["--format", "jsonl"], &["--format", "summary", "--standard"], &["--regime", "essay", "--json"]];
    for kind in kinds {
        let here = run(folder.path(), &[&["decide", "orders"], kind].concat());
        let there = run(folder.path(), &[&["decide", "orders", "--cluster", &cluster.url], kind].concat());
        assert_eq!(out(&there), out(&here), "{kind:?}");
        assert_eq!(err(&there), err(&here), "{kind:?}");
        assert_eq!(there.status.code(), here.status.code());
        assert!(out(&here).len() > 200, "{}", out(&here));
    }
    let files = ["--out", "here.parquet", "--bad", "here-bad.csv"];
    assert_eq!(run(folder.path(), &[&["decide", "orders"][..], &files].concat()).status.code(), Some(3));
    let files = ["--out", "there.parquet", "--bad", "there-bad.csv"];
    run(folder.path(), &[&["decide", "orders", "--cluster", &cluster.url][..], &files].concat());
    for (here, there) in [("here.parquet", "there.parquet"), ("here-bad.csv", "there-bad.csv")] {
        assert_eq!(fs::read(folder.path().join(here)).unwrap(), fs::read(folder.path().join(there)).unwrap());
    }
    let book = fs::File::open(example()).unwrap();
    let refused = tollgate(folder.path(), &["decide", "-", "--cluster", &cluster.url]).stdin(book).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("other machines cannot read standard input"), "{}", err(&refused));
}

#[test]
fn an_executor_killed_in_mid_run_costs_time_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    fs::create_dir(&orders).unwrap();
    for book in 0..8 {
        long_book(&orders.join(format!("{book}.csv")), (2 << 20) + (1 << 18));
    }
    let here = run(folder.path(), &["decide", "orders", "--regime", "cn-import", "--out", "here.csv"]);
    assert_eq!(here.status.code(), Some(3), "{}", err(&here));
    let mut cluster = Cluster::start(2);
    let url = cluster.url.clone();
    let mut running =
        tollgate(folder.path(), &["decide", "orders", "--regime", "cn-import", "--cluster", &url, "--out", "there.csv"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    // In mid-run: this executor has done a task and holds what came of it, and the run is not over.
    let (victim, work) = &mut cluster.executors[0];
    let holds = |folder: &Path| walk(folder).iter().any(|file| fs::metadata(file).is_ok_and(|m| m.len() > 0));
    while !holds(work) {
        assert!(running.try_wait().unwrap().is_none(), "the run ended before the executor did anything");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(running.try_wait().unwrap().is_none(), "the run was over before the executor was killed");
    let there = running.wait_with_output().unwrap();
    assert_eq!(there.status.code(), Some(3), "{}", err(&there));
    assert!(fs::read(folder.path().join("here.csv")).unwrap() == fs::read(folder.path().join("there.csv")).unwrap());
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn sql_over_decisions_counts_what_decide_counts_here_and_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(example(), folder.path().join("orders.csv")).unwrap();
    let summary = run(folder.path(), &["decide", "orders.csv", "--format", "summary", "--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&summary.stdout).unwrap();
    let query = "SELECT outcome, count(*) AS orders FROM decisions WHERE problem IS NULL AND NOT counted GROUP BY outcome ORDER BY outcome";
    let here = run(folder.path(), &["sql", query, "orders.csv", "--format", "csv"]);
    assert!(here.status.success(), "{}", err(&here));
    let mut counted = 0;
    for row in out(&here).lines().skip(1) {
        let (outcome, orders) = row.rsplit_once(',').unwrap();
        let all = &summary["outcomes"][outcome.trim_matches('"')];
        assert!(all.as_u64().unwrap() >= orders.parse().unwrap(), "{row} of {summary}");
        counted += orders.parse::<u64>().unwrap();
    }
    let counts = "SELECT count(*) FROM decisions WHERE counted";
    let quota: u64 =
        out(&run(folder.path(), &["sql", counts, "orders.csv", "--format", "csv"])).lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(counted + quota, summary["decided"].as_u64().unwrap());
    long_book(&folder.path().join("long.csv"), 5 << 20);
    let cluster = Cluster::start(2);
    let queries = [
        query,
        "SELECT d.outcome, c.vendor, g.since FROM decisions d JOIN chips c ON c.name = d.chip \
         LEFT JOIN groups g ON g.member = d.destination AND g.name = 'D:5' ORDER BY d.file, d.line, g.since LIMIT 40",
        "SELECT f.payee, sum(f.amount) FROM (SELECT unnest(fees) AS f FROM decisions) GROUP BY f.payee ORDER BY 1",
        "SELECT fact, count(*) FROM (SELECT unnest(lacks) AS fact FROM decisions) GROUP BY fact ORDER BY fact",
        "SELECT fact, count(*) FROM (SELECT unnest(missing) AS fact FROM decisions) GROUP BY fact ORDER BY fact",
        "SELECT kind, count(*) FROM clauses GROUP BY kind ORDER BY kind",
    ];
    for query in queries {
        let here = run(folder.path(), &["sql", query, "orders.csv", "long.csv", "--format", "csv"]);
        assert!(here.status.success(), "{query}: {}", err(&here));
        let there = run(folder.path(), &["sql", query, "orders.csv", "long.csv", "--format", "csv", "--cluster", &cluster.url]);
        assert!(out(&here).lines().count() > 1, "{query} brings nothing");
        assert_eq!(out(&there), out(&here), "{query}: {}", err(&there));
    }
}

/// DataFusion's own arithmetic is a third spelling of the October 2023 rule, beside the judge and the second one in `regime`'s tests.
#[test]
fn the_rule_of_october_2023_written_in_sql_names_the_same_parts() {
    let folder = tempfile::tempdir().unwrap();
    let chips = run(folder.path(), &["sql", "SELECT name FROM chips", "--format", "csv"]);
    let mut book = csv::Writer::from_path(folder.path().join("catalogue.csv")).unwrap();
    book.write_record(["order", "date", "chip", "to"]).unwrap();
    for row in csv::Reader::from_reader(&*chips.stdout).records() {
        let name = &row.unwrap()[0];
        book.write_record([name, "2024-03-01", name, "CN"]).unwrap();
    }
    drop(book);
    // 3A090 and its notes as of 17 November 2023 (88 FR 73458); the exception NAC of 740.8, also for parts not made for data centers.
    let query = "SELECT name, outcome, CASE \
          WHEN (datacenter = 'no' AND tpp < 4800) OR tpp < 1600 THEN 'free' \
          WHEN datacenter = 'no' THEN 'exception, needs open' \
          WHEN tpp >= 4800 OR density >= 5.92 THEN 'licence, presumption of denial' \
          WHEN (tpp >= 2400 AND density >= 1.6) OR density >= 3.2 THEN 'exception, needs open' ELSE 'free' END AS own \
        FROM (SELECT c.name, c.datacenter, c.tpp, c.tpp / c.applicable_die_area_mm2 AS density, d.outcome \
          FROM decisions d JOIN chips c ON c.name = d.chip \
          WHERE c.tpp IS NOT NULL AND c.applicable_die_area_mm2 IS NOT NULL AND d.outcome <> 'undetermined') ORDER BY name";
    let output = run(folder.path(), &["sql", query, "catalogue.csv", "--standard", "--regime", "us-ear", "--format", "csv"]);
    assert!(output.status.success(), "{}", err(&output));
    let mut seen = std::collections::BTreeMap::new();
    let mut different = Vec::new();
    for row in csv::Reader::from_reader(&*output.stdout).records() {
        let row = row.unwrap();
        *seen.entry(row[2].to_owned()).or_insert(0) += 1;
        if row[1] != row[2] {
            different.push(format!("{row:?}"));
        }
    }
    assert_eq!(different, Vec::<String>::new());
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn days_that_no_regime_covers_are_undetermined_in_sql_and_later_days_carry_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "order,date,chip,to\nA,1970-01-01,L4,GB\nB,2025-05-01,L4,GB\nC,2031-01-01,L4,GB\n";
    std::fs::write(folder.path().join("o.csv"), rows).unwrap();
    let query = "SELECT order_id, outcome, holds_if IS NOT NULL AS unscreened, array_to_string(notices, ';') AS said \
        FROM decisions ORDER BY order_id";
    let output = run(folder.path(), &["sql", query, "o.csv", "--standard", "--regime", "us-ear", "--format", "csv"]);
    assert!(output.status.success(), "{}", err(&output));
    let rows: Vec<Vec<String>> =
        csv::Reader::from_reader(&*output.stdout).records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let outcomes: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(outcomes, ["undetermined", "free", "free"]);
    assert!(rows.iter().all(|row| row[2] == "true"), "{rows:?}");
    let said = [&rows[0][3], &rows[1][3], &rows[2][3]].map(|said| said.as_str());
    assert!(
        said[0].starts_with("not covered: us-ear") && said[1].is_empty() && said[2].starts_with("us-ear was read up to"),
        "{said:?}"
    );
}

#[test]
fn a_query_that_cannot_be_run_is_refused_with_a_reason_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (query, reason) in [
        ("SELECT nothing FROM decisions", "nothing"),
        ("SELEC 1", "SELEC"),
        ("DROP TABLE chips", "not supported"),
        ("COPY (SELECT 1) TO 'out.csv'", "not supported"),
        ("SELECT * FROM orders", "orders"),
        ("", "No SQL statements"),
        ("SELECT 1; SELECT 2", "single SQL statement"),
        ("SELECT 1 / 0", "zero"),
    ] {
        let output = run(folder.path(), &["sql", query, "--out", "result.csv"]);
        assert_eq!(output.status.code(), Some(1), "{query}: {}", out(&output));
        assert!(err(&output).contains(reason), "{query}: {}", err(&output));
        assert!(!err(&output).contains("executors"), "{query} ran here: {}", err(&output));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{query}");
    }
    let cluster = Cluster::start(0);
    let nobody = format!("df://127.0.0.1:{}", two_ports());
    let wrong = [("nowhere", "df://"), (&nobody, "no scheduler answers"), (&cluster.url, "no executor has joined")];
    for (url, reason) in wrong {
        let output = run(folder.path(), &["sql", "SELECT 1", "--cluster", url]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(reason), "{}", err(&output));
    }
}

#[test]
fn the_guide_runs_as_it_stands() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/cluster.md");
    let page = fs::read_to_string(page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(example(), folder.path().join("orders.csv")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    // The ports of the page may be taken on this machine.
    let ports = [("50050", two_ports()), ("50051", two_ports()), ("50053", two_ports())];
    let free = |text: &str| {
        ports.iter().fold(text.to_owned(), |text, (port, free)| text.replace(&format!(":{port}"), &format!(":{free}")))
    };
    let mut blocks = 0;
    for block in page.split("\n```sh\n").skip(1) {
        let script = free(block.split("\n```").next().unwrap());
        let script = format!("set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}\n");
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env("PATH", &path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}\n{}\n{}", out(&output), err(&output));
        blocks += 1;
    }
    assert_eq!(blocks, 2);
    assert!(fs::metadata(folder.path().join("prohibited.parquet")).unwrap().len() > 0);
    assert!(fs::read_to_string(folder.path().join("best.csv")).unwrap().starts_with("name,tpp\n"));
}

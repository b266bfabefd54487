//! The binary as its user runs it: in an empty folder, with good books, bad books and none at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs in an empty folder, so that nothing but the binary can help.
fn tollgate(args: &[&str]) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    command(nowhere.path(), args).output().unwrap()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(args).current_dir(folder).env("COLUMNS", "120").stdin(Stdio::null());
    command
}

fn with_input(args: &[&str], input: &[u8]) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    let mut child =
        command(nowhere.path(), args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = input.to_vec();
    // A program that has read enough closes its end: that is no failure of the test.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(path)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|e| panic!("{e}: {}", out(output)))
}

/// The rows of `decide --format csv`, by order number.
fn decisions(output: &Output) -> std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>> {
    let text = out(output);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|r| {
            let r = r.unwrap();
            (r[0].to_owned(), header.iter().zip(r.iter()).map(|(h, c)| (h.to_owned(), c.to_owned())).collect())
        })
        .collect()
}

#[test]
fn the_example_book_is_decided_and_its_bad_rows_are_counted() {
    let book = data("examples/orders.csv");
    let output = tollgate(&["decide", book.to_str().unwrap(), "--format", "csv"]);
    assert_eq!(code(&output), 3, "bad rows give exit status 3");
    let rows = decisions(&output);
    assert_eq!(rows.len(), 110);
    assert_eq!(rows.values().filter(|r| !r["problem"].is_empty()).count(), 9);
    let says = |order: &str, column: &str| rows[order][column].clone();
    // What the law said of these, from the published classifications.
    assert_eq!(says("O-001", "outcome"), "undetermined", "A100 to China before the first day that anybody read the law of");
    assert_eq!(says("O-003", "by"), "letter-2022-08-nvidia");
    assert_eq!(says("O-006", "outcome"), "licence, presumption of denial", "A100 after October 2022");
    assert_eq!(says("O-007", "outcome"), "free", "A800 was made for the 2022 rule");
    assert_eq!(says("O-021", "outcome"), "free", "RTX 4090D was made for the 2023 rule");
    assert_eq!(says("O-023", "outcome"), "free", "H20 was made for the 2023 rule");
    assert_eq!(says("O-043", "by"), "letter-2025-04-nvidia", "and was stopped by letter");
    assert_eq!(says("O-045", "outcome"), "prohibited", "Ascend 910C under the guidance of May 2025");
    assert_eq!(says("O-071", "outcome"), "licence, case by case", "H200 under the window");
    assert_eq!(says("O-091", "failed"), "cn-shipped", "the order that breaks the 50 % cap");
    assert_eq!(says("O-099", "outcome"), "licence, case by case", "more U.S. sales made room again");
    assert_eq!(says("O-069", "fee"), "37500000.00", "25 % of 150 million at import");
    assert_eq!(says("O-074", "fee"), "", "H200 NVL lies outside both bands");
    assert!(err(&output).contains("101 orders decided, 9 bad rows"), "{}", err(&output));
}

#[test]
fn the_order_of_rows_in_the_file_does_not_change_running_totals() {
    let text = fs::read_to_string(data("examples/orders.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    let forward = tollgate(&["decide", data("examples/orders.csv").to_str().unwrap(), "--format", "csv"]);
    let backward = with_input(&["decide", "-", "--format", "csv"], (lines.join("\n") + "\n").as_bytes());
    let (forward, mut backward) = (decisions(&forward), decisions(&backward));
    for (order, row) in &forward {
        let other = backward.remove(order).unwrap();
        assert_eq!(
            (&row["outcome"], &row["failed"], &row["fee"]),
            (&other["outcome"], &other["failed"], &other["fee"]),
            "{order}"
        );
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let book = data("examples/orders.csv");
    let run = || out(&tollgate(&["decide", book.to_str().unwrap(), "--format", "jsonl"]));
    assert_eq!(run(), run());
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let csv = with_input(&["decide", "-", "--format", "jsonl"], b"order,date,chip,to,kind\nx,2024-03-01,H20 96GB,CN,export\n");
    let jsonl = with_input(
        &["decide", "-", "--format", "jsonl"],
        b"{\"order\": \"x\", \"date\": \"2024-03-01\", \"chip\": \"H20 96GB\", \"to\": \"CN\", \"kind\": \"export\"}\n",
    );
    let read = |o: &Output| -> Value {
        let mut value: Value = serde_json::from_str(&out(o)).unwrap();
        value.as_object_mut().unwrap().remove("line");
        value
    };
    assert_eq!(read(&csv), read(&jsonl));
    assert_eq!(read(&csv)["outcome"], "undetermined", "no screening, no end use: nothing is permitted");
}

#[test]
fn an_output_file_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let book = data("examples/orders.csv");
    let done = command(folder.path(), &["decide", book.to_str().unwrap(), "--out", "decisions.csv"]).output().unwrap();
    assert_eq!(code(&done), 3);
    assert_eq!(fs::read_to_string(folder.path().join("decisions.csv")).unwrap().lines().count(), 111);
    let lost = command(folder.path(), &["decide", book.to_str().unwrap(), "--out", "no/such/folder.csv"]).output().unwrap();
    assert_eq!(code(&lost), 1);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["decisions.csv"], "nothing half-written is left behind");
    let unnamed = command(folder.path(), &["decide", book.to_str().unwrap(), "--out", "decisions"]).output().unwrap();
    assert!(err(&unnamed).contains("says no format"), "{}", err(&unnamed));
}

#[test]
fn bad_files_end_in_a_sentence_and_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let random: Vec<u8> = (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes, status, says) in [
        ("empty.csv", &b""[..], 3, "no column `date`"),
        ("binary.csv", &random[..], 3, "no column `date`"),
        ("header.csv", b"order,date,chip,to\n", 0, "0 orders decided"),
        ("half.csv", b"order,date,chip,to\nx,2024-03-01,\"H20 96GB", 3, "1 bad row"),
        ("half.jsonl", b"{\"date\": \"2024-03-01\", \"chip\": \"H2", 3, "1 bad row"),
        ("twice.csv", b"date,to,destination\n", 3, "two columns stand for"),
    ] {
        let path = file(name, bytes);
        let output = tollgate(&["decide", &path, "--format", "csv"]);
        assert_eq!(code(&output), status, "{name}: {}", err(&output));
        assert!(err(&output).contains(says), "{name}: {}", err(&output));
    }
    let missing = tollgate(&["decide", "nowhere.csv"]);
    assert_eq!(code(&missing), 1);
    assert!(err(&missing).contains("nowhere.csv"), "{}", err(&missing));
    fs::create_dir(folder.path().join("none")).unwrap();
    let none = tollgate(&["decide", folder.path().join("none").to_str().unwrap()]);
    assert_eq!(code(&none), 1);
    assert!(err(&none).contains("holds no order book"), "{}", err(&none));
}

#[test]
fn an_explanation_gives_clause_value_date_citation_and_receipt() {
    let output =
        tollgate(&["explain", "--on", "2024-03-01", "--chip", "RTX 4090D", "--to", "CN", "--standard", "--regime", "us-ear"]);
    let text = out(&output);
    assert_eq!(code(&output), 0);
    assert!(text.starts_with("FREE"), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("tpp 4708 <") && text.contains("by 92 (1.9 %): otherwise exception NAC"),
        "the near miss is told: {text}"
    );
    assert!(text.contains("class 3A090-note-2") && text.contains("88 FR 73458"), "{text}");
    let receipt =
        out(&output).lines().find(|l| l.trim().starts_with("receipt")).unwrap().trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(receipt.len(), 64);
    let json = json(&tollgate(&[
        "explain",
        "--on",
        "2024-03-01",
        "--chip",
        "RTX 4090D",
        "--to",
        "CN",
        "--standard",
        "--regime",
        "us-ear",
        "--json",
    ]));
    assert_eq!(json["gates"][0]["receipt"], receipt.as_str(), "one decision, one receipt");
    assert_eq!(json["outcome"], "free");
}

#[test]
fn a_missing_fact_never_permits_and_is_named_with_what_would_follow() {
    let args = [
        "explain",
        "--on",
        "2024-03-01",
        "--to",
        "CN",
        "--standard",
        "-f",
        "tpp=2000",
        "-f",
        "datacenter=yes",
        "-f",
        "vendor=NVIDIA",
    ];
    let output = tollgate(&args);
    assert_eq!(code(&output), 4, "undetermined gives exit status 4");
    let text = out(&output);
    for line in [
        "applicable_die_area_mm2:",
        "performance_density >= 5.92 → licence, presumption of denial",
        "3.2 <= performance_density < 5.92 → exception",
        "performance_density < 3.2 → free",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let bare = tollgate(&["explain", "--on", "2024-03-01", "--chip", "L20", "--to", "CN"]);
    assert_eq!(code(&bare), 4, "without screening, end use and headquarters nothing is free");
}

#[test]
fn flags_that_name_nothing_are_mistakes_with_a_hint() {
    for (args, says) in [
        (vec!["explain", "--on", "2024-03-01", "-f", "tppp=1"], "near it: tpp"),
        (vec!["explain", "--on", "2024-03-01", "--chip", "H200"], "names several parts"),
        (vec!["explain", "--on", "2024-03-01", "--chip", "H20O"], "near it: H20 96GB"),
        (vec!["explain", "--on", "2024-03-01", "--chip", "H20 96GB", "-f", "tpp=1"], "the catalogue says 2368"),
        (vec!["explain", "--chip", "L20"], "--on YYYY-MM-DD"),
        (vec!["explain", "--on", "2024-03-01", "--to", "Chian"], "near it: China"),
        (vec!["explain", "--on", "2024-03-01", "--regime", "us-eer"], "near it: us-ear"),
        (vec!["explain", "--on", "2024-03-01", "--draft", "safe-chip"], "near it: safe-chips"),
        (vec!["classify", "H20O"], "near it: H20 96GB"),
        (vec!["show", "clause", "3A090.d"], "near it: 3A090"),
        (vec!["diff", "2024-03-01"], "two days"),
    ] {
        let output = tollgate(&args);
        assert!(matches!(code(&output), 1..=3), "{args:?}");
        assert!(err(&output).contains(says), "{args:?}: {}", err(&output));
    }
    assert_eq!(code(&tollgate(&["explain", "--on", "2024-13-01"])), 2, "wrong usage");
}

#[test]
fn classify_tells_the_history_of_a_cut_down_part() {
    let json = json(&tollgate(&["classify", "H20 96GB", "--to", "CN", "--json", "--regime", "us-ear"]));
    let history: Vec<(String, String)> = json[0]["places"][0]["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["from"].as_str().unwrap_or("always").to_owned(), s["outcome"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ("always", "undetermined, not covered"),
        ("2022-08-26", "free"),
        ("2025-04-09", "licence, policy unstated"),
        ("2025-08-01", "licence, case by case"),
    ];
    assert_eq!(history, expected.map(|(d, o)| (d.to_owned(), o.to_owned())));
}

#[test]
fn diff_finds_the_parts_that_the_window_lets_be_judged_anew() {
    let json = json(&tollgate(&["diff", "2026-01-14", "2026-01-15", "--to", "CN", "--regime", "us-ear", "--json"]));
    let mut parts: Vec<&str> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["after"]["outcome"] == "licence, case by case")
        .map(|c| c["chip"].as_str().unwrap())
        .collect();
    parts.sort();
    for named in ["H200 SXM", "Instinct MI325X", "H200 NVL", "Instinct MI300X", "A100 SXM 80GB", "L40S"] {
        assert!(parts.contains(&named), "{named}: {parts:?}");
    }
    for shut in ["B200", "Gaudi 3 OAM (HL-325L)", "Instinct MI355X", "A800 SXM 80GB", "H800 SXM"] {
        assert!(!parts.contains(&shut), "{shut}: {parts:?}");
    }
    let draft = tollgate(&["diff", "--draft", "safe-chips", "--on", "2026-03-01", "--to", "CN", "--regime", "us-ear"]);
    assert!(out(&draft).contains("SAFE-denial"), "{}", out(&draft));
    let undated = tollgate(&["diff", "--draft", "safe-chips", "--to", "CN", "--regime", "us-ear"]);
    assert_eq!(code(&undated), 0, "{}", err(&undated));
    assert!(out(&undated).contains("on 2025-12-04 under safe-chips"), "the day from which the draft is taken: {}", out(&undated));
    let quiet = tollgate(&["diff", "2024-05-01", "2024-05-02"]);
    assert!(out(&quiet).contains("nothing changes"));
}

#[test]
fn the_frontier_is_where_the_cut_down_parts_were_built() {
    let bound = |args: &[&str], property: usize| -> Value {
        let mut all = vec!["frontier", "--to", "CN", "--regime", "us-ear", "--json"];
        all.extend(args);
        json(&tollgate(&all))["new_parts"][0]["best"][property]["bound"].clone()
    };
    // H20: 2,368 on a die of 814 mm2; the bound is 2,400 and open.
    let h20 =
        bound(&["--on", "2024-03-01", "-f", "applicable_die_area_mm2=814", "-f", "datacenter=yes", "-f", "exporter=NVIDIA"], 0);
    assert_eq!((h20["limit"].as_str(), h20["closed"].as_bool()), (Some("2400"), Some(false)));
    // RTX 4090D: 4,708, not for data centers; the bound is 4,800 and open.
    let d4090 = bound(&["--on", "2024-03-01", "-f", "datacenter=no", "-f", "exporter=NVIDIA"], 0);
    assert_eq!(d4090["limit"], "4800");
    // RTX 5090D V2: 1,344 GB/s; the reported bound of April 2025 is 1,400 and open.
    let v2 = bound(&["--on", "2025-09-01", "-f", "datacenter=no", "-f", "exporter=NVIDIA"], 1);
    assert_eq!((v2["limit"].as_str(), v2["closed"].as_bool()), (Some("1400"), Some(false)));
    // The A800: links of 400 and a bus of 64 GB/s, under 600 for the two together.
    let old = json(&tollgate(&[
        "frontier",
        "--to",
        "CN",
        "--on",
        "2023-01-01",
        "--regime",
        "us-ear",
        "--json",
        "-f",
        "io_total_gbs=600",
        "-f",
        "interconnect_gbs=536",
        "-f",
        "exporter=NVIDIA",
    ]));
    assert_eq!(old["new_parts"][0]["best"][0]["bound"]["limit"], "4800", "with 600 GB/s performance must stay below 4,800");
    let below = json(&tollgate(&[
        "frontier",
        "--to",
        "CN",
        "--on",
        "2023-01-01",
        "--regime",
        "us-ear",
        "--json",
        "-f",
        "io_total_gbs=599.9",
        "-f",
        "interconnect_gbs=400",
        "-f",
        "exporter=NVIDIA",
    ]));
    assert_eq!(below["new_parts"][0]["best"][0]["bound"]["limit"], Value::Null, "below 600 GB/s performance has no limit");
}

#[test]
fn the_embedded_packs_check_clean_and_everything_can_be_shown() {
    let report = json(&tollgate(&["check", "--json"]));
    assert_eq!((report["errors"].as_u64(), report["warnings"].as_u64(), report["chips"].as_u64()), (Some(0), Some(0), Some(96)));
    assert!(report["cases"].as_u64().unwrap() > 500);
    for what in ["regimes", "clauses", "instruments", "groups", "drafts", "chips", "fields"] {
        let rows = json(&tollgate(&["show", what, "--json"]));
        assert!(rows.as_array().is_some_and(|r| r.len() > 2), "{what}");
        assert!(out(&tollgate(&["show", what])).lines().count() > 3, "{what}");
    }
    assert!(out(&tollgate(&["show", "clause", "3A090.a"])).contains("88 FR 73458"));
    assert!(out(&tollgate(&["show", "chip", "MI325X"])).contains("20919.2"));
    assert!(out(&tollgate(&["completions", "bash"])).contains("tollgate"));
}

#[test]
fn a_folder_of_packs_stands_in_for_the_embedded_regime() {
    let folder = tempfile::tempdir().unwrap();
    let regime = folder.path().join("regimes/essay");
    fs::create_dir_all(&regime).unwrap();
    fs::write(regime.join("regime.toml"), "id = \"essay\"\ntitle = \"t\"\nauthority = \"a\"\nside = \"exporter\"\ncurrency = \"USD\"\nscope = \"TRUE\"\ncovers_from = 2000-01-01\nas_of = 2026-01-01\n").unwrap();
    fs::write(regime.join("instruments.toml"), "[[instrument]]\nid = \"act\"\nkind = \"rule\"\ntitle = \"t\"\ncitation = \"c\"\npublished = 2024-01-01\nconfidence = \"U\"\n").unwrap();
    let page = |when: &str| {
        format!(
            "# ban  Nothing passes\n\nProse.\n\n```toml rule\nkind = \"prohibition\"\nwhen = '''{when}'''\nfrom = 2024-01-01\nby = \"act\"\n```\n"
        )
    };
    fs::write(regime.join("ban.md"), page("destination = 'CN'")).unwrap();
    let dir = folder.path().to_str().unwrap();
    let args = ["explain", "--on", "2024-03-01", "--to", "CN", "--regime", "essay", "--data", dir];
    assert!(out(&tollgate(&args)).starts_with("PROHIBITED"));
    assert_eq!(code(&tollgate(&["check", dir])), 0);
    fs::write(regime.join("ban.md"), page("destinaton = 'CN'")).unwrap();
    let bad = tollgate(&args);
    assert_eq!(code(&bad), 3);
    assert!(err(&bad).contains("regimes/essay/ban.md:7:") && err(&bad).contains("near it: destination"), "{}", err(&bad));
    assert_eq!(code(&tollgate(&["check", dir])), 3);
    assert_eq!(code(&tollgate(&["check", "no-such-folder"])), 1);
}

#[test]
fn text_and_practice_and_the_known_day_differ_where_they_should() {
    let ask = |more: &[&str]| {
        let mut args = vec![
            "explain",
            "--on",
            "2025-06-01",
            "--chip",
            "H100 SXM",
            "--to",
            "BR",
            "--standard",
            "--regime",
            "us-ear",
            "--json",
        ];
        args.extend(more);
        json(&tollgate(&args))["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(&[]), "free", "the Diffusion Rule is not enforced");
    assert_ne!(ask(&["--view", "text"]), "free", "but it stands in the text");
    assert_eq!(ask(&["--view", "text", "--known", "2025-01-01"]), "free", "and nobody knew it on 1 January 2025");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = command(Path::new("."), &["show", "clauses"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
}

/// A saved study, in a folder of its own.
fn study(folder: &Path) -> Output {
    let args = ["simulate", "h200", "--against", "closed", "--worlds", "400", "--save", "study.parquet", "--out", "report.html"];
    command(folder, &args).output().unwrap()
}

#[test]
fn a_simulation_prints_a_table_and_writes_one_page_in_either_language() {
    let folder = tempfile::tempdir().unwrap();
    let output = study(folder.path());
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    for part in ["worlds are not ruled out", "Fee receipts", "closed − h200", "2030Q4"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    for part in ["<!doctype html>", "<svg", "E27", "Closed", "judgement"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("<script"));
    let again = tempfile::tempdir().unwrap();
    assert_eq!(out(&study(again.path())), text);
    assert_eq!(fs::read_to_string(again.path().join("report.html")).unwrap(), page, "same inputs and seed, same bytes");
    let chinese = command(folder.path(), &["simulate", "reactive", "--worlds", "300", "--lang", "zh", "--out", "zh.html"])
        .output()
        .unwrap();
    assert_eq!(code(&chinese), 0, "{}", err(&chinese));
    let page = fs::read_to_string(folder.path().join("zh.html")).unwrap();
    assert!(page.contains("lang=\"zh") && page.contains("会反应的监管者") && page.contains("算力"));
}

#[test]
fn a_row_of_a_saved_study_is_run_again_bit_by_bit() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&study(folder.path())), 0);
    for row in ["0", "17", "399"] {
        let place = format!("study.parquet:{row}");
        let output = command(folder.path(), &["simulate", "--replay", &place, "--json"]).output().unwrap();
        assert_eq!(code(&output), 0, "{}", err(&output));
        let answer = json(&output);
        assert_eq!(answer["same"], Value::Bool(true), "row {row}");
        assert_eq!(answer["paths"]["fee_receipts_usd_bn"].as_array().unwrap().len(), 60);
    }
    for (place, says) in [
        ("study.parquet:400", "400"),
        ("study.parquet", "FILE:ROW"),
        ("report.html:1", "report.html"),
        ("none.parquet:1", "none"),
    ] {
        let output = command(folder.path(), &["simulate", "--replay", place]).output().unwrap();
        assert_ne!(code(&output), 0, "{place}");
        assert!(err(&output).contains(says), "{place}: {}", err(&output));
    }
}

#[test]
fn a_wrong_scenario_names_those_that_there_are() {
    let output = tollgate(&["simulate", "h2000"]);
    assert_eq!(code(&output), 3);
    assert!(err(&output).contains("no scenario `h2000`") && err(&output).contains("h200"), "{}", err(&output));
}

#[test]
fn a_bad_scenario_tells_all_its_problems_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("own/scenarios")).unwrap();
    let text = "inherits = \"base\"\ntitel = \"x\"\n[factor.leak]\nlow = 9\n[switches]\nlearnin = true\n";
    fs::write(folder.path().join("own/scenarios/mine.toml"), text).unwrap();
    let output = command(folder.path(), &["simulate", "mine", "--data", "own"]).output().unwrap();
    assert_eq!(code(&output), 3);
    for part in ["unknown key `titel`", "factor `leak`", "no switch `learnin`", "scenarios/mine.toml:2"] {
        assert!(err(&output).contains(part), "{part} in {}", err(&output));
    }
    assert!(!folder.path().join("report.html").exists());
    let check = command(folder.path(), &["check", "own"]).output().unwrap();
    assert_eq!(code(&check), 3);
    assert!(err(&check).contains("no switch `learnin`"));
}

#[test]
fn a_report_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &["simulate", "--worlds", "200", "--out", "nowhere/report.html"]).output().unwrap();
    assert_eq!(code(&output), 1, "{}", err(&output));
    assert!(err(&output).contains("nowhere/report.html"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_backtest_scores_later_figures_beside_null_models() {
    let output = tollgate(&["backtest", "--worlds", "500", "--json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let answer = json(&output);
    assert_eq!(answer["fit_until"], "2024Q4");
    assert_eq!(answer["waves"].as_array().unwrap().len(), 3);
    let scores = answer["scores"].as_array().unwrap();
    let write_off = scores.iter().find(|s| s["id"] == "write-off").unwrap();
    assert_eq!(write_off["published"].as_f64().unwrap(), 4.5);
    assert_eq!(write_off["last_value_error"].as_f64().unwrap(), 4.5);
    assert!(scores.iter().all(|s| s["error"].as_f64().unwrap() >= 0.0));
    let validations = answer["validations"].as_array().unwrap();
    assert_eq!(validations.len(), 3);
}

#[test]
fn claims_are_answered_with_figures_and_sources() {
    let output = tollgate(&["claims", "E9", "E11", "E26", "--worlds", "300", "--json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let answer = json(&output);
    let claims = answer["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 3);
    assert_eq!(claims[0]["answer"], "supported", "1,030 bn RMB were published for eleven months of 2024");
    assert!(claims[1]["tests"].as_array().unwrap().iter().any(|t| t["figures"].as_str().unwrap().contains("750000000.00")));
    assert!(claims.iter().flat_map(|c| c["tests"].as_array().unwrap()).all(|t| !t["figures"].as_str().unwrap().is_empty()));
    let unknown = tollgate(&["claims", "E99", "--worlds", "100"]);
    assert_eq!(code(&unknown), 3);
    assert!(err(&unknown).contains("E27"));
}

/// 88 FR 73458: without its performance a data-center part is above no bound; with too little of it for its area the purchase order does not
/// help; without its area a part of TPP 2000 may be free.
#[test]
fn a_summary_names_the_facts_that_undetermined_orders_lack() {
    let book = "date,tpp,applicable_die_area_mm2,datacenter,purchase_order,to\n\
        2024-03-01,2000,,true,no,CN\n\
        2024-03-01,2000,100,true,no,CN\n\
        2024-03-01,,100,true,no,CN\n";
    let args = ["decide", "-", "--input", "csv", "--standard", "--regime", "us-ear", "--format", "summary"];
    let said = json(&with_input(&[&args[..], &["--json"]].concat(), book.as_bytes()));
    assert_eq!(said["outcomes"], serde_json::json!({ "licence, presumption of denial": 1, "undetermined": 2 }));
    let lacks =
        |fact: &str| said["lacking"].as_array().unwrap().iter().find(|lack| lack["fact"] == fact).map(|lack| &lack["orders"]);
    assert_eq!(lacks("tpp"), Some(&serde_json::json!(1)));
    assert_eq!(lacks("applicable_die_area_mm2"), Some(&serde_json::json!(1)));
    assert_eq!((lacks("purchase_order"), lacks("headquarters")), (None, None), "what is stated is not lacking");
    assert!(out(&with_input(&args, book.as_bytes())).contains("undetermined orders lack"));
}

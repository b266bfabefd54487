//! What nobody knows is never free: days that no regime covers, facts that a person calls unknown, parties whom nobody screened, names
//! that are nearly bound, exceptions of which something is still to be shown. Asked of every command and every format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn tollgate(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.current_dir(folder).args(args).env("COLUMNS", "140").stdin(Stdio::null()).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

/// Decisions of a book of these rows as JSON objects, and the exit status.
fn decided(header: &str, rows: &[String], more: &[&str]) -> (Vec<Value>, i32) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("orders.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    let output = tollgate(folder.path(), &[&["decide", "orders.csv", "--format", "jsonl"], more].concat());
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), code(&output))
}

const HEADER: &str = "order,date,kind,exporter,chip,quantity,value_usd,ships_from,to,consignee";

fn order(date: &str, exporter: &str, chip: &str, to: &str) -> String {
    format!("O,{date},export,{exporter},{chip},100,2700000,US,{to},Lab 1")
}

const NO_DAYS: [&str; 7] = ["0001-01-01", "0026-02-10", "1899-12-30", "1904-01-01", "1970-01-01", "2016-02-10", "2022-08-25"];

#[test]
fn days_before_the_first_are_undetermined_in_every_command() {
    let nowhere = tempfile::tempdir().unwrap();
    for day in NO_DAYS {
        for to in ["CN", "GB", "US"] {
            let output = tollgate(nowhere.path(), &["explain", "--on", day, "--chip", "H200 SXM", "--to", to, "--standard"]);
            let text = told(&output);
            assert!(code(&output) == 4 && text.starts_with("UNDETERMINED") && text.contains("not covered"), "{day} {to}: {text}");
        }
        let output = tollgate(nowhere.path(), &["frontier", "--to", "CN", "--on", day]);
        assert!(code(&output) == 4 && told(&output).contains("not covered"), "{}", told(&output));
        let output = tollgate(nowhere.path(), &["diff", day, "2026-01-15", "--to", "CN"]);
        assert!(code(&output) == 4 && told(&output).contains(&format!("{day}: not covered")), "{}", told(&output));
    }
    let rows: Vec<String> = NO_DAYS.iter().map(|day| order(day, "NVIDIA", "H200 SXM", "CN")).collect();
    for more in [&["--standard"][..], &[]] {
        let (rows, code) = decided(HEADER, &rows, more);
        assert_eq!((rows.len(), code), (NO_DAYS.len(), 4));
        for row in rows {
            assert!(row["outcome"] == "undetermined" && row["notice"].to_string().contains("not covered"), "{row}");
        }
    }
    // One such row among good ones is enough for the exit status, and a bad row counts for more.
    let good = order("2025-05-01", "NVIDIA", "H20 96GB", "CN");
    assert_eq!(decided(HEADER, &[good.clone(), order("1970-01-01", "NVIDIA", "L4", "GB")], &["--standard"]).1, 4);
    assert_eq!(decided(HEADER, &[good.clone(), order("1970-01-01", "NVIDIA", "L4", "GB"), "x,y".to_owned()], &[]).1, 3);
    assert_eq!(decided(HEADER, &[good], &["--standard"]).1, 0);
    let output = tollgate(nowhere.path(), &["classify", "H20 96GB", "--to", "CN", "--json"]);
    let history: Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = &history[0]["places"][0]["history"][0];
    assert!(first["from"].is_null() && first["outcome"] == "undetermined, not covered", "{history}");
    let output = tollgate(nowhere.path(), &["classify", "H20 96GB", "--known", "2010-01-01"]);
    assert_eq!(code(&output), 4, "{}", told(&output));
}

#[test]
fn days_after_the_last_carry_a_notice_in_every_command_and_format() {
    let notice = "us-ear was read up to ";
    let nowhere = tempfile::tempdir().unwrap();
    for args in [
        &["explain", "--on", "2031-01-01", "--chip", "H200 SXM", "--to", "CN", "--standard"][..],
        &["frontier", "--to", "CN", "--on", "2031-01-01"],
        &["diff", "2026-01-14", "2031-01-01", "--to", "CN"],
        &["classify", "H20 96GB", "--to", "CN"],
    ] {
        let output = tollgate(nowhere.path(), args);
        assert!(told(&output).contains(notice), "{args:?}: {}", told(&output));
        let output = tollgate(nowhere.path(), &[args, &["--json"]].concat());
        assert!(args[0] == "classify" || told(&output).contains(notice), "{args:?}: {}", told(&output));
    }
    let book =
        format!("{HEADER}\n{}\n{}\n", order("2026-11-23", "NVIDIA", "L4", "GB"), order("2031-01-01", "NVIDIA", "L4", "GB"));
    fs::write(nowhere.path().join("orders.csv"), book).unwrap();
    for name in ["d.csv", "d.jsonl", "d.parquet", "d.arrow"] {
        let output = tollgate(nowhere.path(), &["decide", "orders.csv", "--standard", "--out", name]);
        assert!(code(&output) == 0 && told(&output).contains(notice), "{}", told(&output));
        let written = fs::read(nowhere.path().join(name)).unwrap();
        let found = written.windows(notice.len()).filter(|bytes| *bytes == notice.as_bytes()).count();
        assert!(found >= 1 || name == "d.parquet", "{name} has no notice");
    }
    let csv = fs::read_to_string(nowhere.path().join("d.csv")).unwrap();
    let with: Vec<bool> = csv.lines().skip(1).map(|line| line.contains(notice)).collect();
    assert_eq!(with, [false, true]);
}

#[test]
fn what_a_person_calls_unknown_stays_unknown() {
    let nowhere = tempfile::tempdir().unwrap();
    let facts = [
        "consignee_lists",
        "headquarters",
        "end_use",
        "quantity",
        "listed_owner_percent",
        "kind",
        "ships_from",
        "subject_to_ear",
    ];
    for fact in facts {
        for word in ["unknown", "Unknown"] {
            let flag = format!("{fact}={word}");
            let asked = ["explain", "--on", "2024-03-01", "--chip", "L20", "--to", "CN", "--standard", "--json", "-f", &flag];
            let json: Value = serde_json::from_slice(&tollgate(nowhere.path(), &asked).stdout).unwrap();
            assert!(json["assumed"].get(fact).is_none(), "{flag}: {}", json["assumed"]);
        }
        for null in ["null", "\"unknown\""] {
            let order = format!("{{\"date\": \"2024-03-01\", \"chip\": \"L20\", \"to\": \"CN\", \"{fact}\": {null}}}");
            let json: Value =
                serde_json::from_slice(&tollgate(nowhere.path(), &["explain", &order, "--standard", "--json"]).stdout).unwrap();
            assert!(json["assumed"].get(fact).is_none(), "{order}: {}", json["assumed"]);
        }
    }
    // In a book: a cell that says so, one that says that nobody is listed, one that says nothing.
    let header = "order,date,kind,exporter,chip,ships_from,to,consignee,lists";
    let row = |lists: &str| format!("U,2024-03-01,export,NVIDIA,L20,US,CN,Buyer 8,{lists}");
    let (rows, _) = decided(header, &[row("unknown"), row("none"), row(""), row("UNKNOWN")], &["--standard"]);
    let outcomes: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["undetermined", "free", "free", "undetermined"]);
    assert_eq!(rows[0]["missing"], serde_json::json!(["consignee_lists"]));
    let objects = ["null", "\"unknown\"", "\"none\""]
        .map(|lists| format!("{{\"date\":\"2024-03-01\",\"kind\":\"export\",\"exporter\":\"NVIDIA\",\"chip\":\"L20\",\"ships_from\":\"US\",\"to\":\"CN\",\"lists\":{lists}}}"));
    fs::write(nowhere.path().join("o.jsonl"), objects.join("\n")).unwrap();
    let output = tollgate(nowhere.path(), &["decide", "o.jsonl", "--standard", "--format", "jsonl"]);
    let rows: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["undetermined", "undetermined", "free"]);
}

#[test]
fn nobody_screened_is_said_first_and_in_a_column() {
    let said = "screening of all parties finds nothing; nobody screened";
    let nowhere = tempfile::tempdir().unwrap();
    let asked = ["explain", "--on", "2025-03-01", "--chip", "H20 96GB", "--to", "CN", "--standard"];
    let text = told(&tollgate(nowhere.path(), &asked));
    assert!(text.lines().take(3).any(|line| line.contains(said)), "{text}");
    let screened = [&asked[..], &["-f", "consignee_lists=none", "-f", "listed_owner_percent=0"]].concat();
    let text = told(&tollgate(nowhere.path(), &screened));
    assert!(text.starts_with("FREE") && !text.contains(said), "{text}");
    let json: Value = serde_json::from_slice(&tollgate(nowhere.path(), &[&asked[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!(json["holds_if"], said);
    for args in [
        &["frontier", "--to", "CN", "--on", "2024-03-01"][..],
        &["diff", "2026-01-14", "2026-01-15", "--to", "CN"],
        &["classify", "L20", "--to", "CN"],
    ] {
        let text = told(&tollgate(nowhere.path(), args));
        assert!(text.lines().take(3).any(|line| line.contains(said)), "{text}");
    }
    let header = format!("{HEADER},lists,listed_owner_percent");
    let row = |more: &str| format!("{},{more}", order("2025-03-01", "NVIDIA", "H20 96GB", "CN"));
    let rows = [row("none,0"), row(",0"), row("none,"), row(","), row("unknown,0")];
    let holds =
        |more: &[&str]| -> Vec<bool> { decided(&header, &rows, more).0.iter().map(|row| row["holds_if"] == said).collect() };
    assert_eq!(holds(&["--standard"]), [false, true, true, true, false]);
    assert_eq!(holds(&[]), [false; 5]);
    fs::write(nowhere.path().join("o.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    let text = told(&tollgate(nowhere.path(), &["decide", "o.csv", "--standard", "--format", "table"]));
    assert!(text.lines().next().unwrap().contains(said), "{text}");
}

#[test]
fn a_letter_binds_every_spelling_and_no_slip_goes_free_in_silence() {
    let outcome = |exporter: &str| {
        let (rows, _) = decided(HEADER, &[order("2025-05-01", &format!("\"{exporter}\""), "H20 96GB", "CN")], &["--standard"]);
        rows.into_iter().next().unwrap()
    };
    let nowhere = tempfile::tempdir().unwrap();
    let explained = |exporter: &str| {
        let exporter = format!("exporter={exporter}");
        let asked = ["explain", "--on", "2025-05-01", "--chip", "H20 96GB", "--to", "CN", "--standard", "-f", &exporter];
        tollgate(nowhere.path(), &asked)
    };
    for name in [
        "NVIDIA",
        "Nvidia Corporation",
        "ＮＶＩＤＩＡ",
        "NVIDIA\u{200b}",
        "NVIDIA®",
        "NV\u{ad}IDIA",
        "英伟达",
        "NVDA",
        "nvidia co., ltd.",
    ] {
        let row = outcome(name);
        assert!(row["outcome"] == "licence, policy unstated" && row["by"] == "letter-2025-04-nvidia", "{name}: {row}");
        assert!(told(&explained(name)).starts_with("LICENCE, POLICY UNSTATED"), "{name}");
    }
    for name in ["NVDIA", "NVIDEA", "NVIDIA Singapore Pte Ltd", "The NVIDIA Company", "NVlDIA", "英伟达（上海）有限公司"]
    {
        let row = outcome(name);
        assert!(row["outcome"] == "free" && row["notice"].to_string().contains("is nearly `NVIDIA`"), "{name}: {row}");
        assert!(told(&explained(name)).lines().take(3).any(|line| line.contains("is nearly `NVIDIA`")), "{name}");
    }
    for name in ["NVIDІA", "АMD", "n/a", "-"] {
        assert!(!outcome(name)["problems"].is_null(), "{name}");
        assert_eq!(code(&explained(name)), 3, "{name}");
    }
    for name in ["Dell Technologies", "Google", "Test Reseller"] {
        let row = outcome(name);
        assert!(row["outcome"] == "free" && row["notice"] == serde_json::json!([]), "{name}: {row}");
    }
}

#[test]
fn an_exception_of_which_something_is_still_to_be_shown_has_a_word_of_its_own() {
    let header = format!("{HEADER},purchase_order,nac_confirmed,within_notified_totals");
    let row = |papers: &str| format!("{},{papers}", order("2024-06-01", "NVIDIA", "L20", "CN").replace("L20", "RTX 4090"));
    let rows = [row("yes,yes,yes"), row(",,"), row("yes,,yes"), row("yes,yes,")];
    let (decided, _) = decided(&header, &rows, &["--standard"]);
    let outcomes: Vec<&str> = decided.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    let open = "exception NAC, needs open";
    assert_eq!(outcomes, ["exception NAC", open, open, open]);
    for row in &decided {
        assert_eq!(row["open"].as_array().unwrap().is_empty(), row["outcome"] == "exception NAC", "{row}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let asked = ["explain", "--on", "2024-06-01", "--chip", "RTX 4090", "--to", "CN", "--standard"];
    assert!(told(&tollgate(nowhere.path(), &asked)).starts_with("EXCEPTION, NEEDS OPEN"));
    let shown = ["-f", "purchase_order=yes", "-f", "nac_confirmed=yes", "-f", "within_notified_totals=yes"];
    let json = [&asked[..], &shown, &["--json"]].concat();
    let json: Value = serde_json::from_slice(&tollgate(nowhere.path(), &json).stdout).unwrap();
    assert_eq!(json["outcome"], "exception");
}

#[test]
fn the_desk_seals_nothing_on_days_or_parties_that_nobody_knows_and_tells_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let desk = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.current_dir(folder.path()).arg("desk").args(args).env("TOLLGATE_STORE", "d.db").stdin(Stdio::null());
        command.env("TOLLGATE_LATE_BECAUSE", "a test enters old orders").output().unwrap()
    };
    assert_eq!(code(&desk(&["init", "Doubt", "--as", "admin-1"])), 0);
    assert_eq!(code(&desk(&["role", "m", "machine", "--as", "admin-1"])), 0);
    let order = |id: &str, day: &str, exporter: &str, more: &[&str]| {
        let exporter = format!("exporter={exporter}");
        let all = [
            &["reserve", id, "--as", "m", "--on", day, "--chip", "H20 96GB", "--to", "CN", "--standard", "-f", &exporter][..],
            &["-f", "quantity=10", "-f", "value_usd=150000", "-f", "consignee=Lab 1"],
            more,
        ];
        desk(&all.concat())
    };
    let screened = ["-f", "consignee_lists=none", "-f", "listed_owner_percent=0"];
    for day in NO_DAYS {
        let output = order("S-0", day, "NVIDIA", &screened);
        assert!(code(&output) == 4 && told(&output).contains("not covered"), "{day}: {}", told(&output));
    }
    let output = order("S-1", "2025-03-01", "NVIDIA", &[]);
    assert!(
        code(&output) == 4 && told(&output).contains("consignee_lists") && told(&output).contains("screen the parties"),
        "{}",
        told(&output)
    );
    let output = order("S-2", "2025-03-01", "NVIDIA", &screened);
    assert!(code(&output) == 0 && !told(&output).contains("nearly"), "{}", told(&output));
    let output = order("S-3", "2025-05-01", "NVDIA", &screened);
    assert!(code(&output) == 0 && told(&output).contains("is nearly `NVIDIA`"), "{}", told(&output));
    for name in ["Nvidia Corporation", "NVIDIA\u{200b}", "英伟达"] {
        assert_eq!(code(&order("S-4", "2025-05-01", name, &screened)), 5, "{name}");
    }
    let log = told(&desk(&["log", "--json"]));
    let sealed = log.lines().filter(|line| line.contains("\"event\":\"reserved\""));
    assert_eq!(sealed.map(|line| line.contains("is nearly `NVIDIA`")).collect::<Vec<_>>(), [false, true]);
}

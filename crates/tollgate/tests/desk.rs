//! The desk as its user runs it: which flags an act takes, what is one command and what are two, what names nothing, and exit statuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};

/// Runs a line in a folder, with a reason for what is late.
fn run(folder: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path)
        .env("COLUMNS", "140")
        .env("TOLLGATE_LATE_BECAUSE", "old books")
        .env_remove("TOLLGATE_STORE")
        .output()
        .unwrap()
}

/// Runs a line that must end so; what it said, on both outputs.
fn ends(folder: &Path, line: &str, code: i32) -> String {
    let output = run(folder, line);
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert_eq!(output.status.code(), Some(code), "{line}\n{said}");
    said
}

const FACTS: &str =
    "--on 2026-02-10 --chip 'H200 SXM' --to US --standard -f consignee_lists=none -f exporter=NVIDIA -f quantity=10";
const IMPORT: &str = "-f value_usd=250000 -f consignee='Lab 2' -f kind=import -f ships_from=TW -f us_use=testing-for-export";

/// A desk with its people, on which an import left and its duty was billed.
fn opened() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = vec!["tollgate desk init Walk --as admin-1 --regime us-ear".to_owned()];
    for (person, role) in [("ana", "analyst"), ("carl", "approver"), ("m", "machine")] {
        lines.push(format!("tollgate desk role {person} {role} --as admin-1"));
    }
    lines.push(format!("tollgate desk reserve M-1 --as m {FACTS} {IMPORT}"));
    lines.push("tollgate desk post M-1 --on 2026-02-10 --as m".to_owned());
    lines.push("tollgate desk invoice I-1 --payer NVIDIA --payee 'United States Treasury' --quarter 2026Q1 --as ana".to_owned());
    lines.iter().for_each(|line| drop(ends(folder.path(), line, 0)));
    folder
}

#[test]
fn an_act_takes_no_choice_of_law_and_a_question_does() {
    let folder = opened();
    let acts = [
        format!("reserve M-2 --as m {FACTS} {IMPORT}"),
        "post M-1 --on 2026-02-10 --as m".to_owned(),
        "pay I-1 1 --as ana".to_owned(),
        "role x viewer --as admin-1".to_owned(),
        "do nothing.jsonl".to_owned(),
    ];
    for act in &acts {
        for flag in ["--known 2022-01-01", "--view text", "--view practice", "--draft closed", "--regime cn-import"] {
            let said = ends(folder.path(), &format!("tollgate desk {act} {flag}"), 2);
            assert!(said.contains("goes by the law that it adopted"), "{said}");
        }
    }
    for lens in ["--known 2022-01-01", "--view text", "--draft closed"] {
        ends(folder.path(), &format!("tollgate desk init Other --store other.db --as admin-1 {lens}"), 2);
        ends(folder.path(), &format!("tollgate desk adopt-rules --as admin-1 {lens}"), 2);
        for question in ["list shipments", "relook", "statement", "headroom --on 2026-03-03 --chip 'H200 SXM' --to CN"] {
            ends(folder.path(), &format!("tollgate desk {question} {lens}"), 0);
        }
    }
    ends(folder.path(), "tollgate desk relook --regime essay", 0);
}

#[test]
fn other_texts_decide_nothing_before_they_are_adopted() {
    let folder = opened();
    let at = folder.path();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    for (text, seen) in
        [("chips/nvidia.csv", 5), ("fields.toml", 5), ("countries.csv", 5), ("corridors.toml", 5), ("desk.toml", 5)]
    {
        let other = at.join(text.replace('/', "-"));
        std::fs::create_dir_all(other.join(text).parent().unwrap()).unwrap();
        let read = std::fs::read_to_string(data.join(text)).unwrap();
        let changed = if text.ends_with(".csv") {
            read.replace("Zimbabwe", "Rhodesia").replace("H200", "H222")
        } else {
            format!("{read}\n# more\n")
        };
        std::fs::write(other.join(text), changed).unwrap();
        let reserve = format!(
            "tollgate desk reserve M-2 --as m {} {IMPORT} --data {}",
            FACTS.replace("H200 SXM", "H100 SXM"),
            other.display()
        );
        let said = ends(at, &reserve, seen);
        assert!(
            said.contains(&format!("{text} is not what this desk adopted on")) && said.contains("desk adopt-rules"),
            "{said}"
        );
    }
    // Other regimes are adopted once, and then loaded without being told.
    ends(at, "tollgate desk adopt-rules --as admin-1 --regime us-cn", 0);
    ends(at, &format!("tollgate desk reserve M-2 --as m {FACTS} {IMPORT}"), 0);
    assert!(ends(at, "tollgate desk show desk/desk", 0).contains("regimes/cn-import"));
}

#[test]
fn without_a_key_two_commands_are_two_and_a_used_key_says_so() {
    let folder = opened();
    let paid = |line: &str| ends(folder.path(), line, 0);
    for _ in 0..2 {
        paid("tollgate desk pay I-1 1000 --as ana --at 2026-03-05T09:00:00Z");
    }
    let first = paid("tollgate desk pay I-1 500 --as ana --key PAY-1");
    let entry = first.split_whitespace().nth(3).unwrap().to_owned();
    let again = paid("tollgate desk pay I-1 500 --as ana --key PAY-1");
    assert!(again.starts_with(&format!("done before, as entry {entry} ")), "{again}");
    assert!(paid("tollgate desk show invoice/I-1").contains("\"paid\": 250000"));
    ends(folder.path(), "tollgate desk pay I-1 501 --as ana --key PAY-1", 5);
}

#[test]
fn a_question_that_names_nothing_is_an_error() {
    let folder = opened();
    for (question, hint) in [
        ("statement --quarter 2026-Q1", "2026Q1"),
        ("statement --quarter 2062Q1", "2026Q1"),
        ("statement --quarter 1026Q1", ""),
        ("statement --payer NVIDEA", "NVIDIA"),
        ("statement --payee 'United States'", "United States Treasury"),
        ("statement --part H2OO", ""),
        ("find --party 'lab 3'", "lab 2"),
        ("find --country Chian", "China"),
        ("find --document WIRE", ""),
        ("show invoice/I-7", "invoice/I-1"),
        ("show licences/L-1", "licence/L-1"),
        ("log --from 99", "ends at entry"),
        ("log --about nobody", "desk find"),
        ("headroom --on 2026-03-03 --chip H2OO --to CN", ""),
        ("headroom --on 2026-03-03 --chip 'H200 SXM' --to Narnia", ""),
    ] {
        let said = ends(folder.path(), &format!("tollgate desk {question}"), 3);
        assert!(said.contains(hint) && !said.contains("owed in all"), "{question}: {said}");
    }
    // What there is, and what is known to be nothing.
    assert!(ends(folder.path(), "tollgate desk statement --quarter 2026q1 --payer nvidia", 0).contains("owed in all 62,500.00"));
    assert!(ends(folder.path(), "tollgate desk statement --quarter 2026Q2", 0).contains("owed in all 0.00"));
    ends(folder.path(), "tollgate desk statement --part 'H20 96GB'", 0);
    ends(folder.path(), "tollgate desk find --country FR", 0);
}

#[test]
fn facts_said_twice_or_badly_are_told_as_everywhere_else() {
    let folder = opened();
    for facts in ["-f quantity=20", "-f to=US", "-f day=2026-02-11", "-f nosuch=1", "-f chip=H2OO"] {
        ends(folder.path(), &format!("tollgate desk reserve M-2 --as m {FACTS} {IMPORT} {facts}"), 3);
        ends(folder.path(), &format!("tollgate desk apply A-1 --as ana {FACTS} -f value_usd=1 -f consignee=x {facts}"), 3);
    }
    ends(folder.path(), "tollgate desk post M-1 --as m --on 2026-02-10 -f date=2026-02-11", 3);
    ends(folder.path(), &format!("tollgate desk reserve M-2 --as m {FACTS} -f quantity"), 2);
}

#[test]
fn an_approval_names_what_submit_and_show_gave() {
    let folder = opened();
    let at = folder.path();
    let case = "--on 2026-02-10 --chip B200 --to CN --standard -f consignee_lists=none -f exporter=NVIDIA -f consignee='Buyer 8'";
    let edit =
        |word: &str, units: u32| format!("tollgate desk {word} A-1 --as ana {case} -f quantity={units} -f value_usd=270000");
    ends(at, &edit("apply", 10), 0);
    let said = ends(at, "tollgate desk submit A-1 --as ana", 0);
    let hash = ends(at, "tollgate desk show application/A-1 --hash", 0);
    assert!(said.contains(hash.trim()) && hash.trim().len() == 64, "{said}");
    let approve = |seen: &str| format!("tollgate desk approve A-1 --as carl --reason 'as read' --seen '{}'", seen.trim());
    assert!(ends(at, &approve(""), 5).contains("tollgate desk show application/A-1"));
    ends(at, &edit("edit", 90_000), 0);
    ends(at, "tollgate desk submit A-1 --as ana", 0);
    assert!(ends(at, &approve(&hash), 5).contains("seen-other"));
    let hash = ends(at, "tollgate desk show application/A-1 --hash", 0);
    ends(at, &approve(&hash[..12]), 0);
    assert!(ends(at, "tollgate desk issue L-1 --application A-1 --as ana --until 2099-12-31", 5).contains("beyond-approved"));
    ends(at, "tollgate desk issue L-1 --application A-1 --as ana", 0);
}

#[test]
fn one_exit_status_for_one_fault() {
    let folder = opened();
    let wrong_usage = [
        "explain",
        "explain '{\"date\": \"2024-03-01\", \"chip\": \"L20\"}' --to US",
        "explain book.csv",
        "explain --on 2026-01-01 -f tpp",
        "diff 2026-01-14",
        "show chip",
        "show clause",
        "show fields H20",
        "simulate --replay study.parquet",
        "decide book.csv --out x.foo",
        "decide book.csv --bad x.foo",
        "desk role x nonsense --as admin-1",
        "desk role x viewer",
        "desk find",
        "desk list nonsense",
    ];
    let names_nothing = [
        "explain --on 2026-01-01 --chip H2OO --to CN",
        "explain --on 2026-01-01 --chip L20 --to Narnia",
        "explain --on 2026-01-01 --chip L20 --to CN --total x=1",
        "explain --on 2026-01-01 --chip L20 --to CN --regime nosuch",
        "explain book.csv --row 99",
        "classify H2OO",
        "classify L20 --to Narnia",
        "show chip H2OO",
        "show clause nosuch",
        "diff 2026-01-14 2026-01-15 --to Narnia",
        "frontier --to Narnia --on 2024-03-01",
        "claims E999",
        "claims E5 E999",
        "simulate nosuch --worlds 2 --out r.html",
        "desk show invoice/I-7",
    ];
    let no_file = [
        "decide nosuch.csv",
        "decide 'nosuch*.csv'",
        "check nosuch",
        "show chips --data nosuch",
        "desk list people --store nosuch.db",
    ];
    std::fs::write(folder.path().join("book.csv"), "order,date,chip,to\nO-1,2024-03-01,L20,CN\n").unwrap();
    for (lines, code) in [(&wrong_usage[..], 2), (&names_nothing[..], 3), (&no_file[..], 1)] {
        for line in lines {
            ends(folder.path(), &format!("tollgate {line}"), code);
        }
    }
    assert!(ends(folder.path(), "tollgate desk approve A-9 --as carl", 5).contains("there is no application A-9"));
    assert!(ends(folder.path(), "tollgate desk issue L-1 --application A-9 --as ana", 5).contains("there is no application A-9"));
}

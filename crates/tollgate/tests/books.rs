//! Order books of every kind through the binary: the same decisions whatever the format, the order of rows and the number of files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use columns::{Cell, Form, Kind, Sheet};
use serde_json::Value;

fn tollgate(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollgate")).current_dir(folder).args(args).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples/orders.csv")
}

/// The rows of the example book that have as many cells as there are columns, with its header.
fn rows() -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(example()).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
    let rows = rows.filter(|row| row.len() == header.len()).collect();
    (header, rows)
}

fn sheet(path: &Path, form: Form, header: &[String], rows: &[Vec<String>]) {
    let columns: Vec<(&str, Kind)> = header.iter().map(|name| (name.as_str(), Kind::Text)).collect();
    let mut sheet = Sheet::new(form, &columns, File::create(path).unwrap()).unwrap();
    for row in rows {
        sheet.row(&row.iter().map(|cell| Cell::Text(cell.clone())).collect::<Vec<_>>()).unwrap();
    }
    sheet.finish().unwrap();
}

fn csv_file(path: &Path, header: &[String], rows: &[Vec<String>]) {
    let mut csv = csv::Writer::from_path(path).unwrap();
    csv.write_record(header).unwrap();
    rows.iter().for_each(|row| csv.write_record(row).unwrap());
    csv.flush().unwrap();
}

/// Decisions as JSON lines, by order number, without the places of rows.
fn decisions(folder: &Path, args: &[&str]) -> Vec<(String, Value)> {
    let output = tollgate(folder, &[args, &["--format", "jsonl"]].concat());
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", err(&output));
    let mut rows: Vec<(String, Value)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let object = row.as_object_mut().unwrap();
            object.remove("line");
            object.remove("file");
            for problem in object.get_mut("problems").and_then(Value::as_array_mut).into_iter().flatten() {
                let problem = problem.as_object_mut().unwrap();
                problem.remove("file");
                problem.remove("line");
            }
            (row["order"].as_str().unwrap().to_owned(), row)
        })
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows
}

#[test]
fn every_format_and_any_number_of_files_give_the_same_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (header, rows) = rows();
    csv_file(&at("one.csv"), &header, &rows);
    sheet(&at("one.parquet"), Form::Parquet, &header, &rows);
    sheet(&at("one.arrow"), Form::Arrow, &header, &rows);
    let expected = decisions(folder.path(), &["decide", "one.csv"]);
    assert_eq!(expected.len(), rows.len());
    assert_eq!(decisions(folder.path(), &["decide", "one.parquet"]), expected);
    assert_eq!(decisions(folder.path(), &["decide", "one.arrow"]), expected);
    // In pieces, the later orders first, in three formats: totals still run in order of date.
    fs::create_dir(at("parts")).unwrap();
    csv_file(&at("parts/b.csv"), &header, &rows[..40]);
    sheet(&at("parts/a.parquet"), Form::Parquet, &header, &rows[70..]);
    sheet(&at("parts/c.arrow"), Form::Arrow, &header, &rows[40..70]);
    assert_eq!(decisions(folder.path(), &["decide", "parts"]), expected);
    assert_eq!(decisions(folder.path(), &["decide", "parts/[ab].*", "parts/c.arrow"]), expected);
}

#[test]
fn decisions_are_written_as_columns_and_bad_rows_to_a_file_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let book = example();
    let book = book.to_str().unwrap();
    let done = tollgate(folder.path(), &["decide", book, "--out", "d.parquet", "--bad", "bad.csv"]);
    assert_eq!(done.status.code(), Some(3), "{}", err(&done));
    let bad = fs::read_to_string(folder.path().join("bad.csv")).unwrap();
    assert_eq!(bad.lines().count(), 10, "a header and nine bad rows");
    assert!(bad.contains("H20O"), "{bad}");
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["bad.csv", "d.parquet"], "nothing half-written is left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::write(folder.path().join("plain"), "x").unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("d.parquet"), mode("plain"), "a file as any other");
        assert_eq!(mode("bad.csv"), mode("plain"));
    }
    // What was written is told from orders.
    let again = tollgate(folder.path(), &["decide", "d.parquet", "--format", "summary"]);
    assert!(err(&again).contains("decisions or bad rows of an earlier run"), "{again:?}");
}

#[test]
fn a_column_that_cannot_be_read_is_told_before_anything_is_decided() {
    let folder = tempfile::tempdir().unwrap();
    let columns = [("order", Kind::Text), ("date", Kind::Texts), ("to", Kind::Whole)];
    let mut wrong = Sheet::new(Form::Parquet, &columns, File::create(folder.path().join("wrong.parquet")).unwrap()).unwrap();
    wrong.row(&[Cell::Text("x".to_owned()), Cell::Texts(vec![]), Cell::Whole(1)]).unwrap();
    wrong.finish().unwrap();
    csv_file(&folder.path().join("right.csv"), &["date".to_owned(), "to".to_owned()], &[]);
    let told = tollgate(folder.path(), &["decide", "right.csv", "wrong.parquet", "--out", "d.csv"]);
    assert_eq!(told.status.code(), Some(3));
    for said in ["column `date` holds", "column `to` holds UInt64", "it should hold texts"] {
        assert!(err(&told).contains(said), "{}", err(&told));
    }
    assert!(!folder.path().join("d.csv").exists());
}

#[test]
fn a_file_that_breaks_off_tells_how_far_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let (header, rows) = rows();
    let many: Vec<Vec<String>> = rows.iter().cycle().take(20_000).cloned().collect();
    let path = folder.path().join("cut.arrow");
    sheet(&path, Form::Arrow, &header, &many);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
    let cut = tollgate(folder.path(), &["decide", "cut.arrow", "--format", "summary"]);
    assert_eq!(cut.status.code(), Some(3), "{}", err(&cut));
    assert!(String::from_utf8_lossy(&cut.stdout).contains("7,660 orders decided"), "{cut:?}");
    let told = err(&cut);
    assert!(told.contains("cannot be read on") && told.contains("8192 rows before it were read"), "{told}");
    let path = folder.path().join("cut.parquet");
    sheet(&path, Form::Parquet, &header, &rows);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let cut = tollgate(folder.path(), &["decide", "cut.parquet"]);
    assert_eq!(cut.status.code(), Some(3));
    assert!(err(&cut).contains("cannot be read as Parquet"), "{}", err(&cut));
}

#[test]
fn any_row_is_explained_as_it_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let book = example();
    let book = book.to_str().unwrap();
    let decided = String::from_utf8(tollgate(folder.path(), &["decide", book, "--format", "jsonl"]).stdout).unwrap();
    let mut explained = 0;
    for row in decided.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|row| row["problems"].is_null()) {
        // Those that quotas count, and a few others.
        let line = row["line"].as_u64().unwrap();
        let counted = row["failed"].as_array().is_some_and(|failed| failed.iter().any(|f| f == "cn-shipped"));
        if !counted && !line.is_multiple_of(25) {
            continue;
        }
        let told = tollgate(folder.path(), &["explain", book, "--row", &line.to_string(), "--json"]);
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        let outcome = row["outcome"].as_str().unwrap();
        let outcome = if outcome.starts_with("exception") { "exception" } else { outcome };
        assert_eq!(told["outcome"], outcome, "line {line}");
        let failed: Vec<&Value> = told["gates"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|gate| gate["needs"].as_array().unwrap())
            .filter(|need| need["status"] == "failed")
            .map(|need| &need["clause"])
            .collect();
        assert_eq!(failed, row["failed"].as_array().unwrap().iter().collect::<Vec<_>>(), "line {line}");
        explained += 1;
    }
    assert!(explained >= 4, "{explained} rows");
    let bad = tollgate(folder.path(), &["explain", book, "--row", "16"]);
    assert_eq!(bad.status.code(), Some(3), "a bad row is told as such");
    let none = tollgate(folder.path(), &["explain", book, "--row", "5000"]);
    assert!(err(&none).contains("has no row on line 5000"), "{}", err(&none));
}

#[test]
fn what_a_spreadsheet_would_run_is_written_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.csv");
    fs::write(&path, "order,date,chip,to\n=1+1,2024-03-01,L4,CN\n@x,2024-03-01,+1,CN\n").unwrap();
    let output = tollgate(folder.path(), &["decide", "book.csv", "--format", "csv"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n'=1+1,") && text.contains("\n'@x,"), "{text}");
}

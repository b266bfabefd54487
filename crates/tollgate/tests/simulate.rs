//! What `simulate` leaves behind: its page in a real browser, a disk that fills, an interrupt in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../../report/tests/chromium/mod.rs"]
mod chromium;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chromium::{Browser, asked, figures};
use serde_json::Value;

fn tollgate(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(args).current_dir(folder).env("COLUMNS", "120").stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_page_opens_in_a_browser_in_both_languages_with_the_figures_of_the_run() {
    let Some(browser) = Browser::open() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut drawn = Vec::new();
    for (lang, words) in [
        ("en", ["Receipts by quarter", "How far to believe it", "Held against what happened"]),
        ("zh", ["各季度收入", "可信到什么程度", "与实际对照"]),
    ] {
        let file = format!("{lang}.html");
        let args =
            ["simulate", "h200", "--against", "closed", "reactive", "--worlds", "300", "--lang", lang, "--out", &file, "--json"];
        let output = tollgate(folder.path(), &args).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let html = fs::read_to_string(folder.path().join(&file)).unwrap();
        let page = browser.write(&file, &html);
        let log = browser.file("net.json");
        let (dom, console) = browser.dom(&[&format!("--log-net-log={}", log.display())], &page);
        assert!(!console.contains("CONSOLE"), "the console spoke: {console}");
        assert_eq!(asked(&log), Vec::<String>::new(), "the page asked the network");
        for word in words {
            assert!(dom.contains(word), "{word} is not on the page");
        }
        // The medians that the terminal's answer gives stand on the page as it prints them.
        let metrics = answer["scenarios"][0]["metrics"].as_object().unwrap();
        assert_eq!(metrics.len(), 18);
        let language = if lang == "en" { report::Lang::En } else { report::Lang::Zh };
        for (id, metric) in metrics {
            let (unit, _) = report::Unit::read(metric["unit"].as_str().unwrap()).unwrap();
            let median = metric["quantiles"][2].as_f64().unwrap();
            let text = unit.amount(median, language).replace('<', "&lt;").replace('>', "&gt;");
            assert!(dom.contains(&text), "{id}: {text} is not on the page");
            assert_eq!(metric["text"][2].as_str().unwrap(), unit.say(median, report::Lang::En), "{id}");
        }
        // The score stands in the box at the top, as the terminal says it.
        if lang == "en" {
            let (score, box_) = (answer["score"]["text"].as_str().unwrap(), dom.split("id=\"answer\"").nth(1).unwrap());
            assert!(box_.split("</section>").next().unwrap().contains(score), "{score} is not in the answer");
            assert!(score.contains(&format!("of {} figures", answer["score"]["figures"])), "{score}");
            let departures = answer["departures"].as_array().unwrap();
            assert_eq!(departures.len(), 2);
            assert!(departures.iter().all(|line| dom.contains(line.as_str().unwrap())), "{departures:?}");
            assert!(departures[0].as_str().unwrap().starts_with("closed differs from h200 from 2026Q1: "), "{departures:?}");
        }
        let [of, kept, shown] = ["worlds_drawn", "worlds_kept", "worlds_shown"].map(|key| answer[key].as_u64().unwrap());
        assert!(of == 300 && 0 < kept && kept < of && shown == kept, "{of} {kept} {shown}");
        for figure in figures(&dom) {
            let shapes = figure.matches("<path").count() + figure.matches("<circle").count() + figure.matches("<rect").count();
            assert!(shapes > 3, "{shapes} shapes in {}", &figure[..figure.len().min(200)]);
        }
        drawn.push(figures(&dom).len());
        let probed = browser.probed(lang, &html);
        for size in ["1440,1000", "500,900"] {
            assert_eq!(browser.wrong(size, &probed), "", "{lang} at {size}");
        }
    }
    assert!(drawn[0] > 23 && drawn[0] == drawn[1], "as many pictures in either language: {drawn:?}");
}

/// A shell that lets no file of the program grow beyond so many blocks of 512 bytes, as a full disk would.
fn with_little_room(folder: &Path, blocks: u32, args: &[&str]) -> Output {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_tollgate")])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_disk_that_fills_leaves_no_half_file() {
    for (file, args) in [
        ("study.parquet", ["simulate", "--worlds", "3000", "--save", "study.parquet", "--out", "r.html"]),
        ("report.html", ["simulate", "--worlds", "300", "--seed", "1", "--out", "report.html"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = with_little_room(folder.path(), 64, &args);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(file), "{}", said(&output));
        assert_eq!(names(folder.path()), Vec::<String>::new(), "{}", said(&output));
        // What stood there before stays as it was.
        fs::write(folder.path().join(file), "the last good one").unwrap();
        with_little_room(folder.path(), 64, &args);
        assert_eq!(names(folder.path()), [file]);
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "the last good one");
    }
}

#[test]
fn an_interrupt_keeps_the_rows_that_were_done() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["simulate", "--worlds", "4000000", "--save", "study.parquet", "--out", "report.html"];
    let mut child = tollgate(folder.path(), &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The study is under way once rows have reached its file.
    let under_way = || fs::read_dir(folder.path()).unwrap().any(|e| e.unwrap().metadata().is_ok_and(|m| m.len() > 10_000));
    while !under_way() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before a row was written");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    let (done, _) = text.split_once("stopped after ").expect(&text).1.split_once(" of 4000000").expect(&text);
    let done: usize = done.replace(',', "").parse().unwrap();
    assert!(0 < done && done < 4_000_000, "{done}");
    assert_eq!(names(folder.path()), ["report.html", "study.parquet"]);
    let replay = |row: usize| {
        let place = format!("study.parquet:{row}");
        tollgate(folder.path(), &["simulate", "--replay", &place]).output().unwrap()
    };
    assert!(replay(done - 1).status.success(), "{}", said(&replay(done - 1)));
    assert!(!replay(done).status.success());
}

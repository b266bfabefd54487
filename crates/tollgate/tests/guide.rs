//! The walk through the desk: its commands run as they stand on the page, and what the page says of their output is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(unix)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_walk_through_the_desk_runs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/desk.md");
    let page = std::fs::read_to_string(page).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let (mut exports, mut shown, mut commands) = (String::new(), String::new(), 0);
    for block in page.split("\n```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').unwrap();
        if kind == "text" {
            // Spaces at the ends of lines are the table's, not the page's.
            for line in text.lines() {
                assert!(shown.lines().any(|l| l.trim_end().starts_with(line.trim_end())), "{line}\nis not in\n{shown}");
            }
            continue;
        }
        shown.clear();
        for line in text.lines() {
            if line.starts_with("export ") {
                exports.push_str(line);
                exports.push('\n');
                continue;
            }
            let run = Command::new("sh")
                .args(["-c", &format!("{exports}{line}")])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("COLUMNS", "140")
                .output()
                .unwrap();
            let expected = if line.trim_end().ends_with("# refused") { 5 } else { 0 };
            assert_eq!(run.status.code(), Some(expected), "{line}\n{}", String::from_utf8_lossy(&run.stderr));
            shown.push_str(&String::from_utf8(run.stdout).unwrap());
            commands += 1;
        }
    }
    assert!(commands > 30, "{commands}");
    // The bundle's own verifier, where there is Python.
    if Command::new("python3").arg("--version").output().is_ok() {
        let verify =
            |key: &str| Command::new("python3").args(["bundle/verify.py", key]).current_dir(folder.path()).output().unwrap();
        let output = verify("desk.key.pub");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            told.starts_with("26 entries, and nothing found in what was examined\nsigned: entries 1 to 26, by desk.example+"),
            "{told}"
        );
        let entries = folder.path().join("bundle/entries.jsonl");
        let text = std::fs::read_to_string(&entries).unwrap();
        std::fs::write(&entries, text.replacen("DOC-4", "DOC-9", 1)).unwrap();
        let output = verify("desk.key.pub");
        assert_eq!(output.status.code(), Some(3));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("entry 17 was changed") && told.contains("not those that were signed for"), "{told}");
    }
}

#[test]
fn a_file_of_commands_is_done_and_its_bad_lines_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let program = env!("CARGO_BIN_EXE_tollgate");
        let line = line.replacen("tollgate", program, 1);
        Command::new("sh").args(["-c", &line]).current_dir(folder.path()).env_remove("TOLLGATE_STORE").output().unwrap()
    };
    let at = "2026-03-01T09:00:00Z";
    let opened = run("tollgate desk init Lines --as admin-1 --regime essay");
    assert_eq!(opened.status.code(), Some(0), "{}", String::from_utf8_lossy(&opened.stderr));
    let grant = |key: &str, actor: &str| {
        format!(
            "{{\"key\":\"{key}\",\"actor\":\"{actor}\",\"at\":\"{at}\",\"late_because\":\"old books\",\"do\":\"grant-role\",\"person\":\"analyst-1\",\"role\":\"analyst\"}}\n"
        )
    };
    let lines =
        [grant("a", "admin-1"), grant("a", "admin-1"), grant("b", "nobody-1"), "{\"key\": 7}\n".to_owned(), "=1+1\n".to_owned()];
    std::fs::write(folder.path().join("commands.jsonl"), lines.concat()).unwrap();
    let done = run("tollgate desk do commands.jsonl --json");
    assert_eq!(done.status.code(), Some(3));
    let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        told,
        serde_json::json!({ "done": 1, "done_before": 1, "refused": 1, "bad_lines": 2 }),
        "the key sent twice is done once, and the second time told so"
    );
    let log = run("tollgate desk log --json");
    assert_eq!(String::from_utf8(log.stdout).unwrap().lines().count(), 3, "founded, adopted, one role");
    // Lines without a key are commands of their own; one without a reason is late, unless the reason is given for all.
    let plain = r#"{"actor":"admin-1","at":"2026-03-01T09:00:00Z","do":"grant-role","person":"v","role":"viewer"}"#;
    std::fs::write(folder.path().join("plain.jsonl"), format!("{plain}\n{plain}\n")).unwrap();
    assert_eq!(run("tollgate desk do plain.jsonl").status.code(), Some(5), "late");
    let done = run("tollgate desk do plain.jsonl --late-because 'old books'");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "2 done, 0 refused, 0 bad lines\n");
    // A line that claims the next century moves nothing, and those after it are done.
    let ahead = plain.replace("2026-03-01", "2126-03-01");
    std::fs::write(folder.path().join("ahead.jsonl"), format!("{ahead}\n{plain}\n")).unwrap();
    let done = run("tollgate desk do ahead.jsonl --late-because 'old books'");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "1 done, 1 refused, 0 bad lines\n");
    assert_eq!(run("tollgate desk role w viewer --as admin-1").status.code(), Some(0), "nobody is locked out");
    let newer = run("tollgate desk --store nothing.db list people");
    assert_eq!(newer.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&newer.stderr).contains("there is no desk at nothing.db"));
}

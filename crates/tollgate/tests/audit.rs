//! Audits, proofs, copies and keys as somebody runs them: what is said of what no signature covers, of what is not there, and of what
//! cannot be written; and that an audit leaves what it looks at as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a line in a folder whose desk is `desk.db`.
fn run(folder: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", path)
        .env("COLUMNS", "140")
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

/// A desk of four entries: founded, law adopted, two roles; and a pair of keys.
fn opened() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ends(folder.path(), "tollgate desk init Walk --as admin-1 --regime essay", 0);
    ends(folder.path(), "tollgate desk role ana analyst --as admin-1", 0);
    ends(folder.path(), "tollgate desk role carl approver --as admin-1", 0);
    ends(folder.path(), "tollgate desk key desk.example --out desk.key", 0);
    folder
}

fn sign(folder: &Path, out: &str) {
    ends(folder, &format!("tollgate desk checkpoint --secret desk.key --out {out}"), 0);
}

/// Every file below a folder, with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.is_dir() {
            all.extend(contents(&file).into_iter().map(|(name, bytes)| (format!("{}/{name}", file.display()), bytes)));
        } else {
            all.insert(file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&file).unwrap());
        }
    }
    all
}

/// Changes bytes of a file in place, as an editor of raw bytes would.
fn replaced(file: &Path, old: &str, new: &str) {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(file).unwrap();
    let places: Vec<usize> =
        bytes.windows(old.len()).enumerate().filter(|(_, w)| *w == old.as_bytes()).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "{old} is not in {}", file.display());
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
    }
    fs::write(file, bytes).unwrap();
}

#[test]
fn an_audit_says_which_entries_no_signature_covers() {
    let folder = opened();
    let at = folder.path();
    ends(at, "tollgate desk export early --public desk.key.pub", 0);
    ends(at, "tollgate desk key desk.example --out other.key", 0);
    // Nobody signed: without a key that is said, and with one, right or wrong, nothing was checked.
    for place in ["", "--bundle early"] {
        let said = ends(at, &format!("tollgate audit verify {place}"), 0);
        assert!(said.contains("signed: nothing; no public key was given\nnot signed: 4 entries;"), "{said}");
        for key in ["desk.key.pub", "other.key.pub"] {
            let said = ends(at, &format!("tollgate audit verify {place} --public {key}"), 3);
            assert!(said.contains("signed: nothing; no signature was checked") && !said.contains("found:"), "{said}");
        }
        let told = ends(at, &format!("tollgate audit verify {place} --public desk.key.pub --json"), 3);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let wanted = serde_json::json!([4, 1, 0, null, 4, []]);
        let names = ["entries", "keys", "signatures", "signed", "unsigned", "findings"];
        assert_eq!(serde_json::Value::from(names.map(|name| told[name].clone()).to_vec()), wanted);
    }
    sign(at, "first.txt");
    let verify = |more: &str, code| ends(at, &format!("tollgate audit verify --public desk.key.pub {more}"), code);
    let said = verify("", 0);
    assert!(said.contains("signed: entries 1 to 4, by desk.example+"), "{said}");
    assert!(said.contains("in a checkpoint that lies beside the log\nnot signed: none\n"), "{said}");
    for kind in ["entries (4)", "checkpoints (1)", "records (", "list items (", "keys (4)", "tiles (0)", "head (1)"] {
        assert!(said.lines().any(|line| line.starts_with("examined: ") && line.contains(kind)), "{kind}: {said}");
    }
    assert!(said.contains("not examined: whether each entry was rightly decided"), "{said}");
    assert!(verify("--checkpoint first.txt", 0).contains("in a checkpoint that was brought along"));
    // One more, and two more.
    ends(at, "tollgate desk role v viewer --as admin-1", 0);
    assert!(verify("", 0).contains("not signed: entry 5, which came after it"));
    ends(at, "tollgate desk role w viewer --as admin-1", 0);
    ends(at, "tollgate desk export late --public desk.key.pub", 0);
    for place in ["", "--bundle late", "--checkpoint first.txt"] {
        let said = verify(place, 0);
        assert!(said.contains("signed: entries 1 to 4,") && said.contains("not signed: entries 5 to 6, which"), "{said}");
        let told: serde_json::Value = serde_json::from_str(&verify(&format!("{place} --json"), 0)).unwrap();
        assert_eq!((&told["signed"]["entry"], &told["unsigned"]), (&4.into(), &2.into()));
    }
    // Another key signed none of it. A checkpoint that was brought tells where those beside the log are gone.
    for place in ["", "--bundle late"] {
        let said = ends(at, &format!("tollgate audit verify {place} --public other.key.pub"), 3);
        assert!(said.contains("no key that was given signed it") && said.contains("signed: nothing"), "{said}");
    }
    let said = verify("--bundle early --checkpoint first.txt", 0);
    assert!(said.contains("signed: entries 1 to 4,"), "{said}");
}

#[test]
fn what_is_no_key_or_no_checkpoint_is_told_and_verifies_nothing() {
    let folder = opened();
    let at = folder.path();
    sign(at, "first.txt");
    ends(at, "tollgate desk export bundle --public desk.key.pub", 0);
    fs::write(at.join("rubbish"), "rubbish\n").unwrap();
    fs::write(at.join("empty"), "\n").unwrap();
    fs::write(at.join("bytes"), [0xff, 0xfe, 0]).unwrap();
    for place in ["", "--bundle bundle"] {
        for (key, why) in [
            ("rubbish", "no public key"),
            ("empty", "no public key"),
            ("bytes", "no text"),
            ("desk.key", "this is the secret key"),
        ] {
            let said = ends(at, &format!("tollgate audit verify {place} --public {key}"), 3);
            assert!(said.contains(why) && !said.contains("nothing found"), "{said}");
        }
        for note in ["rubbish", "empty", "bytes", "desk.key.pub"] {
            ends(at, &format!("tollgate audit verify {place} --public desk.key.pub --checkpoint {note}"), 3);
        }
        ends(at, &format!("tollgate audit verify {place} --public nosuch"), 1);
        ends(at, &format!("tollgate audit verify {place} --checkpoint first.txt"), 1);
    }
    for key in ["rubbish", "empty", "bytes", "desk.key"] {
        ends(at, &format!("tollgate desk export other --public {key}"), 3);
        ends(
            at,
            &format!("tollgate desk checkpoint --secret {}", key.replace("desk.key", "desk.key.pub")),
            if key == "bytes" { 3 } else { 1 },
        );
        assert!(!at.join("other").exists());
    }
}

#[test]
fn an_audit_leaves_a_store_and_its_folder_as_they_were() {
    let folder = opened();
    let at = folder.path();
    sign(at, "first.txt");
    let questions = [
        "audit verify --public desk.key.pub --store evidence/copy.db",
        "desk list people --store evidence/copy.db",
        "desk log --store evidence/copy.db",
        "desk show desk/desk --store evidence/copy.db",
        "desk prove 3 --store evidence/copy.db",
        "desk statement --store evidence/copy.db",
    ];
    // A backup, and the file of a store itself, which has a log beside it while it is written to.
    ends(at, "tollgate desk backup backup.db", 0);
    assert_eq!(fs::read(at.join("backup.db")).unwrap()[18..20], [1, 1], "a copy needs no log beside it");
    for source in ["backup.db", "desk.db"] {
        let evidence = at.join("evidence");
        fs::create_dir(&evidence).unwrap();
        fs::copy(at.join(source), evidence.join("copy.db")).unwrap();
        fs::set_permissions(evidence.join("copy.db"), fs::Permissions::from_mode(0o444)).unwrap();
        fs::set_permissions(&evidence, fs::Permissions::from_mode(0o555)).unwrap();
        let before = contents(&evidence);
        for question in questions {
            ends(at, &format!("tollgate {question}"), 0);
        }
        assert_eq!(contents(&evidence), before, "{source}");
        fs::set_permissions(&evidence, fs::Permissions::from_mode(0o755)).unwrap();
        fs::remove_dir_all(&evidence).unwrap();
    }
}

#[test]
fn a_log_beside_a_store_is_read_or_its_being_there_is_told() {
    let folder = opened();
    let at = folder.path();
    // As long as it is open here, nothing is folded into the file.
    let held = desk::Store::open(at.join("desk.db").to_str().unwrap()).unwrap();
    ends(at, "tollgate desk role v viewer --as admin-1", 0);
    assert!(fs::metadata(at.join("desk.db-wal")).unwrap().len() > 0);
    let keep = |name: &str, ends: &[&str]| {
        fs::create_dir(at.join(name)).unwrap();
        for end in ends {
            fs::copy(at.join(format!("desk.db{end}")), at.join(name).join(format!("desk.db{end}"))).unwrap();
        }
    };
    keep("both", &["", "-wal"]);
    keep("all", &["", "-wal", "-shm"]);
    let before = (contents(&at.join("both")), contents(&at.join("all")));
    assert!(ends(at, "tollgate audit verify", 0).contains("5 entries, and nothing found"));
    let said = ends(at, "tollgate audit verify --store both/desk.db", 1);
    assert!(said.contains("desk.db-wal lies beside") && said.contains("tollgate desk backup"), "{said}");
    assert!(ends(at, "tollgate desk list people --store both/desk.db", 1).contains("desk.db-wal lies beside"));
    ends(at, "tollgate desk list people --store all/desk.db", 0);
    assert_eq!(contents(&at.join("both")), before.0);
    let after = contents(&at.join("all"));
    assert!(["desk.db", "desk.db-wal"].iter().all(|file| after[*file] == before.1[*file]) && after.len() == before.1.len());
    drop(held);
    // What the hint says to do works.
    ends(at, "cd both && tollgate desk backup copy.db --store desk.db", 0);
    assert!(ends(at, "tollgate audit verify --store both/copy.db", 0).contains("5 entries, and nothing found"));
}

#[test]
fn what_cannot_be_proved_yet_is_no_tampering() {
    let folder = opened();
    let at = folder.path();
    let prove = |seq: &str| {
        let said = ends(at, &format!("tollgate desk prove {seq}"), 1);
        assert!(!said.contains("does not fit together"), "{said}");
        said
    };
    for seq in ["1", "4"] {
        assert!(prove(seq).contains("nothing was signed yet") && prove(seq).contains("tollgate desk checkpoint"));
    }
    sign(at, "first.txt");
    ends(at, "tollgate desk role v viewer --as admin-1", 0);
    let said = prove("5");
    assert!(said.contains("entry 5 came after the latest checkpoint (4 entries)") && said.contains("desk checkpoint"), "{said}");
    assert!(prove("0").contains("entries are numbered from 1"));
    for seq in ["6", "18446744073709551615"] {
        assert!(prove(seq).contains("the log has 5 entries"));
    }
    ends(at, "tollgate desk prove -- -1", 2);
    ends(at, "tollgate desk log --from 4 --json | head -n 1 > entry.json && tollgate desk prove 4 > proof.txt", 0);
    let said = ends(at, "tollgate audit proof proof.txt entry.json --public desk.key.pub", 0);
    assert_eq!(said, "entry 4 stands in the log that was signed\n");
    ends(at, "tollgate audit proof proof.txt first.txt --public desk.key.pub", 3);
    sign(at, "second.txt");
    ends(at, "tollgate desk prove 5", 0);
    // Where the entry was changed, the word is said.
    replaced(&at.join("desk.db"), "\"person\":\"carl\"", "\"person\":\"carx\"");
    replaced(&at.join("desk.db"), &hash_of_entry(at, 4), &"0".repeat(64));
    assert!(ends(at, "tollgate desk prove 4", 1).contains("does not fit together"));
}

/// The hash under which an entry is kept: what the next one holds.
fn hash_of_entry(at: &Path, seq: u64) -> String {
    let line = ends(at, &format!("tollgate desk log --from {} --json | head -n 1", seq + 1), 0);
    serde_json::from_str::<serde_json::Value>(&line).unwrap()["prev"].as_str().unwrap().to_owned()
}

#[test]
fn a_log_that_is_not_sound_is_not_signed() {
    let tampered: [(&str, &str); 3] = [
        ("\"person\":\"ana\"", "\"person\":\"ann\""),
        ("\"event\":\"role-granted\"", "\"event\":\"role-grantex\""),
        ("\"actor\":\"admin-1\"", "\"actor\":\"admin-2\""),
    ];
    for (old, new) in tampered {
        let folder = opened();
        let at = folder.path();
        sign(at, "first.txt");
        replaced(&at.join("desk.db"), old, new);
        let before = contents(at);
        let said = ends(at, "tollgate desk checkpoint --secret desk.key --out second.txt", 1);
        assert!(said.contains("nothing was signed") && said.contains("tollgate audit verify"), "{said}");
        assert!(contents(at).keys().eq(before.keys()), "no checkpoint was written");
        assert!(ends(at, "tollgate audit verify --public desk.key.pub", 3).contains("found: "));
    }
}

#[test]
fn a_secret_key_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mode = |name: &str| fs::metadata(at.join(name)).unwrap().permissions().mode() & 0o777;
    for (mask, name, public) in [("000", "a.key", 0o666), ("022", "b.key", 0o644), ("077", "c.key", 0o600)] {
        ends(at, &format!("umask {mask}; tollgate desk key desk.example --out {name}"), 0);
        assert_eq!((mode(name), mode(&format!("{name}.pub"))), (0o600, public), "{mask}");
    }
    let before = contents(at);
    ends(at, "tollgate desk key desk.example --out a.key", 2);
    ends(at, "tollgate desk key 'two words' --out d.key", 1);
    ends(at, "tollgate desk key desk.example --out nosuch/d.key", 1);
    // The public one lies there: then the secret one is not made either.
    fs::write(at.join("e.key.pub"), "mine").unwrap();
    ends(at, "tollgate desk key desk.example --out e.key", 2);
    fs::remove_file(at.join("e.key.pub")).unwrap();
    assert_eq!(contents(at), before);
    // Where others can read it, that is said, and it signs all the same.
    ends(at, "tollgate desk init Walk --as admin-1 --regime essay && chmod 644 a.key", 0);
    assert!(ends(at, "tollgate desk checkpoint --secret a.key", 0).contains("others can read the secret key a.key (mode 644)"));
}

#[test]
fn a_copy_or_a_bundle_that_fails_leaves_nothing() {
    let folder = opened();
    let at = folder.path();
    sign(at, "first.txt");
    let names = || contents(at).into_keys().filter(|name| !name.contains("desk.db-")).collect::<Vec<_>>();
    let before = names();
    // As on a full disk.
    let full = "trap '' XFSZ; ulimit -f 2;";
    for (what, place) in [("backup", "copy.db"), ("export --public desk.key.pub", "bundle")] {
        ends(at, &format!("{full} tollgate desk {what} {place}"), 1);
        assert_eq!(names(), before, "{what}");
        ends(at, &format!("tollgate desk {what} nosuch/{place}"), 1);
        assert_eq!(names(), before, "{what}");
        // With room the same line does it; and a second time nothing is written over.
        ends(at, &format!("tollgate desk {what} {place}"), 0);
        let there = contents(at);
        ends(at, &format!("tollgate desk {what} {place}"), 2);
        assert_eq!(contents(at), there);
        fs::remove_dir_all(at.join(place)).or_else(|_| fs::remove_file(at.join(place))).unwrap();
    }
}

#[test]
fn what_is_no_desk_is_told_so_and_left_alone() {
    let folder = opened();
    let at = folder.path();
    fs::write(at.join("notes.db"), "some notes, longer than the head of a database file\n").unwrap();
    fs::write(at.join("empty.db"), "").unwrap();
    fs::create_dir(at.join("folder.db")).unwrap();
    let mut half = fs::read(at.join("desk.db")).unwrap();
    half.truncate(5000);
    fs::write(at.join("half.db"), half).unwrap();
    let before = contents(at);
    for (place, why) in [
        ("notes.db", "notes.db is no desk: it is a file that SQLite did not make"),
        ("empty.db", "there is no desk at empty.db"),
        ("folder.db", "folder.db is no desk: it is a folder"),
        ("half.db", "half.db is no desk: it is no database, or a damaged one"),
        ("nosuch.db", "there is no desk at nosuch.db"),
    ] {
        for line in ["audit verify", "desk list people", "desk role v viewer --as admin-1"] {
            let said = ends(at, &format!("tollgate {line} --store {place}"), 1);
            assert!(said.contains(why), "{line}: {said}");
        }
    }
    assert_eq!(contents(at), before);
    assert!(ends(at, "tollgate audit verify --bundle nosuch", 1).contains("there is no folder nosuch"));
    let said = ends(at, "mkdir none && tollgate audit verify --bundle none", 3);
    assert!(said.contains("entries.jsonl: it cannot be read, or is missing"), "{said}");
}

#[test]
fn a_bundle_is_verified_alike_by_this_program_and_by_its_own_script() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let folder = opened();
    let at = folder.path();
    ends(at, "tollgate desk export none --public desk.key.pub", 0);
    sign(at, "first.txt");
    ends(at, "tollgate desk role v viewer --as admin-1 && tollgate desk export late --public desk.key.pub", 0);
    sign(at, "second.txt");
    ends(at, "tollgate desk export bundle --public desk.key.pub && tollgate desk key other --out other.key", 0);
    let both = |bundle: &str, key: &str, code| {
        let own = ends(at, &format!("tollgate audit verify --bundle {bundle} --public {key}"), code);
        let other = ends(at, &format!("PYTHONDONTWRITEBYTECODE=1 python3 {bundle}/verify.py {key}"), code);
        assert!(!other.contains("Traceback"), "{other}");
        let signed = |said: &str| said.lines().filter(|l| l.contains("signed:")).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(signed(&own), signed(&other));
    };
    both("none", "desk.key.pub", 3);
    both("late", "desk.key.pub", 0);
    both("bundle", "desk.key.pub", 0);
    both("bundle", "other.key.pub", 3);
    // A key that is none ends either with a word.
    fs::write(at.join("rubbish"), "rubbish\n").unwrap();
    fs::write(at.join("bytes"), [0xff, 0xfe, 0]).unwrap();
    for key in ["rubbish", "bytes", "desk.key"] {
        let said = ends(at, &format!("python3 bundle/verify.py {key}"), 1);
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{said}");
    }
    for spoil in [
        "echo rubbish >> t/entries.jsonl",
        "printf '\\377\\376\\n' >> t/entries.jsonl",
        "sed -i 's/$/\\r/' t/entries.jsonl",
        "sed -i 's/$/\\r/' t/growth/4-5",
        "sed -i 2d t/entries.jsonl",
        "sed -i 5d t/entries.jsonl",
        "sed -i s/carl/carx/ t/entries.jsonl",
        "rm t/entries.jsonl",
        "rm t/growth/4-5",
        "rm -r t/checkpoints",
        "rm t/checkpoints/*",
        "mv t/checkpoints/4 t/checkpoints/3",
        "truncate -s 50 t/checkpoints/5",
    ] {
        ends(at, &format!("rm -rf t; cp -r bundle t; {spoil}"), 0);
        both("t", "desk.key.pub", 3);
    }
}

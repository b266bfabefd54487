//! The entries of `fuzz/` for a few seconds with every test run: the shipped pages and orders, changed a little, thousands of
//! times from a fixed seed; and by hand, what nests, repeats or grows without end. Nothing may panic, hang or overflow the stack.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]

#[path = "../../../fuzz/entries.rs"]
mod entries;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use facts::{Pack, Problem};
use regime::{Library, check};

// --- a small mutator -------------------------------------------------------------------------------------------------------------

/// Xorshift: small, fast and the same everywhere (Marsaglia 2003, Journal of Statistical Software 8).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }
}

/// Pieces that pages, expressions and orders are made of, and pieces that they should not hold.
const PIECES: [&str; 58] = [
    "(",
    ")",
    "'",
    "''",
    "'''",
    "\"",
    "```",
    "```toml rule\n",
    "```cases\n",
    "\n",
    "\r\n",
    "\t",
    ",",
    ";",
    "|",
    "{",
    "}",
    "[",
    "]",
    "# X  Y\n",
    "kind = \"class\"\n",
    "from = 2023-11-17\n",
    "until = 2022-01-01\n",
    "by = \"EAR\"\n",
    " AND ",
    " OR ",
    " NOT ",
    " = ",
    " <> ",
    " >= ",
    " IN ('CN')",
    " BETWEEN 1 AND 2",
    " IS NULL",
    " IS NOT NULL",
    "CASE WHEN ",
    " THEN ",
    " ELSE ",
    " END",
    "class('3A090')",
    "in_group(destination, 'D:5')",
    "listed(consignee, 'entity-list')",
    "coalesce(tpp, 0)",
    "nullif(tpp, 0)",
    "greatest(tpp, 1)",
    "tpp",
    "datacenter",
    "tpp / applicable_die_area_mm2",
    "1e400",
    "-0",
    "99999999999999999999999999999",
    "0.0000000000000000000000000001",
    "2024-02-30",
    "none",
    "unknown",
    "\u{feff}",
    "\u{0}",
    "é",
    "\u{202e}",
];

fn changed(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy.repeat(1 + dice.below(3)));
            }
            4 => bytes.truncate(at.max(bytes.len() / 2)),
            5 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                let piece = PIECES[dice.below(PIECES.len())];
                bytes.splice(at..if dice.below(2) == 0 { at } else { end }, piece.bytes());
            }
        }
    }
    bytes
}

/// Runs an entry over changed seeds; says which bytes it was that it did not survive.
fn run(name: &str, times: usize, seeds: &[Vec<u8>], entry: fn(&[u8])) {
    let mut dice = Dice(0x70_11_6a_7e);
    for seed in seeds {
        attempt(name, seed, entry);
    }
    for _ in 0..times {
        attempt(name, &changed(&mut dice, seeds), entry);
    }
}

fn attempt(name: &str, bytes: &[u8], entry: fn(&[u8])) {
    if let Err(why) = std::panic::catch_unwind(|| entry(bytes)) {
        println!("{name} does not survive {:?}", String::from_utf8_lossy(bytes));
        std::panic::resume_unwind(why);
    }
}

fn shipped(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    entries::texts(&entries::data()).into_iter().filter(|(path, _)| wanted(path)).map(|(_, text)| text).collect()
}

/// Classes and numbers that the regime of the entries has.
const AT_HOME: [&str; 3] = ["3A090", "d5-or-macau", "data-center"];

/// An expression of a shipped page with its names made those of the regime that the entries read it in: else nearly every
/// one would be refused for a name, and nothing behind that would be tried.
fn at_home(expression: &str) -> String {
    let dictionary = &entries::LIBRARY.dictionary;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::new();
    for (at, piece) in expression.split('\'').enumerate() {
        if at % 2 == 1 {
            let class = text.ends_with("class('") || text.ends_with("requires('");
            text.push_str(if class { AT_HOME[at / 2 % AT_HOME.len()] } else { piece });
            text.push('\'');
            continue;
        }
        for token in piece.split_inclusive(|c| !word(c)) {
            let name = token.trim_end_matches(|c| !word(c));
            let kept = name.is_empty()
                || name.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
                || dictionary.id(name).is_some()
                || ["class", "in_group", "listed", "coalesce", "consignee", "true", "false", "greatest", "least"].contains(&name);
            text.push_str(if kept { name } else { "4800" });
            text.push_str(&token[name.len()..]);
        }
        text.push('\'');
    }
    text.pop();
    text.replace("requires(", "class(").replace("performance_density", "tpp")
}

fn expressions() -> Vec<String> {
    let mut found = Vec::new();
    for page in shipped(|p| p.starts_with("regimes/") && p.ends_with(".md")) {
        found.extend(page.split("'''").skip(1).step_by(2).map(|t| t.trim().to_owned()));
        found.extend(page.lines().filter_map(|l| Some(l.strip_prefix("when = \"")?.strip_suffix('"')?.to_owned())));
    }
    found
}

#[test]
fn changed_pages_are_read_or_refused() {
    let mut seeds: Vec<Vec<u8>> =
        shipped(|p| p.starts_with("regimes/us-ear/") && p.ends_with(".md") && !p.ends_with("groups.md"))
            .into_iter()
            .map(String::into_bytes)
            .collect();
    seeds.extend(expressions().iter().map(|e| entries::class_page(&at_home(e)).into_bytes()));
    run("page", 2000, &seeds, entries::page);
}

#[test]
fn changed_expressions_are_read_or_refused() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for expression in expressions() {
        seeds.push(at_home(&expression).into_bytes());
        seeds.push(expression.into_bytes());
    }
    let read = seeds.iter().filter(|s| entries::class_law(std::str::from_utf8(s).unwrap()).is_ok()).count();
    assert!(read > 60, "only {read} of {} seeds are read before they are changed", seeds.len());
    run("expression", 2000, &seeds, entries::expression);
}

#[test]
fn changed_orders_are_read_or_refused() {
    let book = shipped(|p| p == "examples/orders.csv").remove(0);
    let mut lines = book.lines();
    let header = lines.next().unwrap();
    let rows: Vec<&str> = lines.collect();
    let mut seeds: Vec<Vec<u8>> = rows.chunks(3).map(|rows| format!("{header}\n{}\n", rows.join("\n")).into_bytes()).collect();
    for rows in rows.chunks(4) {
        let mut text = String::new();
        for row in rows {
            let cells = header.split(',').zip(row.split(','));
            let cells: Vec<String> = cells.map(|(n, v)| format!("\"{n}\": \"{v}\"")).collect();
            text.push_str(&format!("{{{}}}\n", cells.join(", ")));
        }
        seeds.push(text.into_bytes());
    }
    run("orders", 2000, &seeds, entries::orders);
}

#[test]
fn drawn_cases_keep_their_bounds() {
    let mut dice = Dice(0xca5e);
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..1200).map(|_| dice.roll() as u8).collect();
        attempt("case", &bytes, entries::case);
    }
    attempt("case", &[], entries::case);
}

// --- what nests, repeats or grows ------------------------------------------------------------------------------------------------

/// Runs on a stack of two megabytes, as threads have, and aside, so that what never ends fails instead of hanging.
fn within(seconds: u64, what: &str, run: impl FnOnce() + Send + 'static) {
    let (tell, told) = channel();
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let handle = thread.spawn(move || {
        run();
        let _ = tell.send(());
    });
    match told.recv_timeout(Duration::from_secs(seconds)) {
        Ok(()) => {}
        Err(RecvTimeoutError::Timeout) => panic!("{what}: no answer in {seconds} s"),
        Err(RecvTimeoutError::Disconnected) => {
            drop(handle);
            panic!("{what}: panicked");
        }
    }
}

fn refused(what: &'static str, when: String) {
    within(10, what, move || {
        let problems = entries::class_law(&when).err().unwrap_or_default();
        assert!(!problems.is_empty(), "{what} was read");
        assert!(problems.iter().all(|p: &Problem| p.to_string().len() < 4000), "{what}: a problem of a page's length");
    });
}

/// Read or refused, but soon and on a small stack.
fn survived(what: &'static str, when: String) {
    within(10, what, move || {
        entries::expression(when.as_bytes());
    });
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let n = 10_000;
    refused("10,000 parentheses", format!("{}tpp > 1{}", "(".repeat(n), ")".repeat(n)));
    refused("10,000 open parentheses", "(".repeat(n));
    refused("65 parentheses", format!("{}tpp > 1{}", "(".repeat(65), ")".repeat(65)));
    refused("NOT NOT NOT", format!("{}datacenter", "NOT ".repeat(2000)));
    refused("minus minus minus", format!("{}tpp > 1", "- ".repeat(2000)));
    refused("plus minus", format!("{}tpp > 1", "+ - ".repeat(1000)));
    refused("100,000 terms of OR", vec!["tpp > 1"; 100_000].join(" OR "));
    refused("2,000 terms of AND", vec!["tpp>1"; 2000].join(" AND "));
    refused("a megabyte of letters", "a".repeat(1 << 20));
    refused("a megabyte in quotes", format!("kind = '{}'", "a".repeat(1 << 20)));
    refused("a megabyte of spaces", format!("tpp{}> 1", " ".repeat(1 << 20)));
    refused("a megabyte of digits", format!("tpp > {}", "9".repeat(1 << 20)));
    refused("nested CASE", format!("{}1{} > 1", "CASE WHEN datacenter THEN ".repeat(70), " END".repeat(70)));
    refused("a quote that is not closed", "kind = 'export".to_owned());
    refused("nothing", String::new());
    refused("a comment", "-- nothing".to_owned());
}

#[test]
fn what_is_just_short_enough_is_read() {
    for when in [
        format!("{}tpp > 1{}", "(".repeat(63), ")".repeat(63)),
        format!("{}datacenter", "NOT ".repeat(63)),
        vec!["tpp > 1"; 250].join(" OR "),
        format!("{} > 1", vec!["tpp"; 500].join(" + ")),
        format!("{} > 1", vec!["quantity"; 500].join(" * ")),
        format!("{} > 1", vec!["tpp"; 500].join(" / ")),
        format!("{}1{} > 1", "CASE WHEN datacenter THEN ".repeat(60), " END".repeat(60)),
        format!("{}tpp{} > 1", "coalesce(".repeat(60), ", 0)".repeat(60)),
        format!("quantity IN ({})", (0..400).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")),
    ] {
        within(10, &when.clone(), move || {
            assert!(entries::class_law(&when).is_ok(), "{when}: {:?}", entries::class_law(&when).err());
            entries::expression(when.as_bytes());
        });
    }
}

/// Everything in SQL that nests without parentheses, up to the limit of tokens.
#[test]
fn what_nests_without_parentheses_is_survived() {
    survived("brackets", format!("{}1{} > 1", "[".repeat(505), "]".repeat(505)));
    survived("open brackets", "[".repeat(1000));
    survived("braces", "{'a': ".repeat(200));
    survived("angle brackets", "ARRAY<".repeat(300));
    survived("tildes", format!("{}tpp > 1", "~ ".repeat(1000)));
    survived("exclamation marks", format!("{}datacenter", "! ".repeat(1000)));
    survived("at signs", format!("{}tpp > 1", "@ ".repeat(1000)));
    survived("factorials", format!("tpp {}> 1", "! ".repeat(1000)));
    survived("IS NULL IS NULL", format!("datacenter {}", "IS NULL ".repeat(500)));
    survived("casts", format!("tpp {}> 1", "::int ".repeat(330)));
    survived("COLLATE", format!("kind {}= 'export'", "COLLATE x ".repeat(500)));
    survived("AT TIME ZONE", format!("kind {}= 'export'", "AT TIME ZONE 'x' ".repeat(250)));
    survived("subscripts", format!("tpp{} > 1", "[1]".repeat(340)));
    survived("INTERVAL", format!("{}1 > 1", "INTERVAL ".repeat(1000)));
    survived("PRIOR", format!("{}tpp > 1", "PRIOR ".repeat(1000)));
    survived("BINARY", format!("{}tpp > 1", "BINARY ".repeat(1000)));
    survived("EXISTS", format!("{}tpp > 1", "EXISTS ".repeat(1000)));
    survived("DISTINCT", format!("{}tpp > 1", "DISTINCT ".repeat(1000)));
    survived("lambdas", format!("{}1 > 1", "x -> ".repeat(500)));
    survived("equalities", vec!["datacenter"; 510].join(" = "));
    survived("comparisons", vec!["tpp"; 510].join(" < "));
    survived("arrows", vec!["tpp"; 510].join(" -> "));
    survived("pipes", vec!["tpp"; 510].join(" || "));
    survived("dots", vec!["tpp"; 510].join("."));
    survived("LIKE", vec!["kind"; 510].join(" LIKE "));
    survived("XOR", vec!["datacenter"; 510].join(" XOR "));
    survived("BETWEEN BETWEEN", format!("tpp {}> 1", "BETWEEN 1 AND 2 ".repeat(200)));
    survived("subqueries", format!("{}1{}", "(SELECT ".repeat(60), ")".repeat(60)));
    survived("structs", format!("{}1{}", "STRUCT(".repeat(60), ")".repeat(60)));
}

/// A test that holds its part twice must not be copied twice at every level.
#[test]
fn what_doubles_at_every_level_ends() {
    let nest = |open: &str, close: &str, n: usize| format!("{}tpp{} > 1", open.repeat(n), close.repeat(n));
    survived("BETWEEN in CASE", nest("CASE WHEN ", " BETWEEN 1 AND 2 THEN 1 END", 40));
    survived("NOT BETWEEN in CASE", nest("CASE WHEN ", " NOT BETWEEN 1 AND 2 THEN 1 END", 40));
    survived("IN in CASE", nest("CASE WHEN ", " IN (1, 2, 3) THEN 1 END", 40));
    survived("nullif", nest("nullif(", ", 1)", 60));
    survived("coalesce", nest("coalesce(", ", 1)", 60));
    survived("greatest", nest("greatest(1, ", ", 1)", 60));
    survived("AND in CASE", nest("CASE WHEN ", " > 1 AND tpp > 1 THEN 1 ELSE 2 END", 50));
}

/// A whole regime out of (id, keys of its rule).
fn regime(pages: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut texts = entries::texts(&entries::data());
    texts.retain(|(path, _)| path == "fields.toml" || path == "countries.csv");
    let head = "id = \"big\"\ntitle = \"T\"\nauthority = \"A\"\nside = \"exporter\"\ncurrency = \"USD\"\nscope = \"TRUE\"\ncovers_from = 2000-01-01\nas_of = 2026-01-01\n";
    texts.push(("regimes/big/regime.toml".to_owned(), head.to_owned()));
    let act = "[[instrument]]\nid = \"E\"\nkind = \"rule\"\ntitle = \"T\"\ncitation = \"C\"\npublished = 2022-01-01\nconfidence = \"P\"\n";
    texts.push(("regimes/big/instruments.toml".to_owned(), act.to_owned()));
    for (i, (id, keys)) in pages.enumerate() {
        let page = format!("# {id}  T\n\n```toml rule\n{keys}\nfrom = 2022-01-01\nby = \"E\"\n```\n");
        texts.push((format!("regimes/big/p{i:06}.md"), page));
    }
    texts
}

/// Reads a regime and decides the case of which nothing is known.
fn decided(texts: Vec<(String, String)>) {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts)), &mut problems);
    let Some(law) = library.law("big", &[], &mut problems) else { return assert!(!problems.is_empty()) };
    assert!(problems.is_empty(), "{problems:?}");
    let day = "2024-03-01".parse().unwrap();
    let mut case = facts::Case::new(&library.dictionary, day);
    let tpp = library.dictionary.id("tpp").unwrap();
    case.set(tpp, library.dictionary.parse(tpp, "3").unwrap());
    let epoch = law.on(day, &regime::Lens::default());
    let totals = regime::Totals::default();
    regime::decide(&law, &epoch, &case, &totals);
    regime::trace(&law, &epoch, &case, &totals);
}

#[test]
fn a_long_chain_of_classes_is_survived() {
    within(60, "a chain of classes", || {
        let pages = (0..20_000).map(|i| {
            let when = if i == 0 { "tpp > 1".to_owned() } else { format!("class('c{}')", i - 1) };
            (format!("c{i}"), format!("kind = \"class\"\nwhen = \"{when}\""))
        });
        let last = ("r".to_owned(), "kind = \"requirement\"\nreason = \"r\"\nwhen = \"class('c19999')\"".to_owned());
        decided(regime(pages.chain([last])));
    });
}

#[test]
fn quantities_that_double_end() {
    within(10, "quantities that double", || {
        let pages = (0..60).map(|i| {
            let value = if i == 0 { "tpp".to_owned() } else { format!("q{} + q{}", i - 1, i - 1) };
            (format!("q{i}"), format!("kind = \"quantity\"\nunit = \"TOPS.bit\"\nvalue = \"{value}\""))
        });
        let last = ("r".to_owned(), "kind = \"requirement\"\nreason = \"r\"\nwhen = \"q59 > 1\"".to_owned());
        decided(regime(pages.chain([last])));
    });
}

/// Classes beyond the judge's memo must not be asked anew without end.
#[test]
fn classes_that_double_end() {
    within(30, "classes that double", || {
        let pages = (0..330).map(|i| {
            let when = if i == 0 {
                "tpp > 5".to_owned()
            } else {
                format!("class('c{0}') AND tpp > 1 OR class('c{0}') AND tpp > 2", i - 1)
            };
            (format!("c{i}"), format!("kind = \"class\"\nwhen = \"{when}\""))
        });
        let last = ("r".to_owned(), "kind = \"requirement\"\nreason = \"r\"\nwhen = \"class('c329')\"".to_owned());
        decided(regime(pages.chain([last])));
    });
}

#[test]
fn deep_pages_are_survived() {
    for (what, page) in [
        ("block quotes", format!("# X  T\n\n{}x\n", "> ".repeat(20_000))),
        ("lists", (0..2000).fold("# X  T\n\n".to_owned(), |page, i| page + &"  ".repeat(i.min(500)) + "- x\n")),
        ("emphasis", format!("# X  T\n\n{}x\n", "*_".repeat(50_000))),
        ("brackets", format!("# X  T\n\n{}x{}\n", "[".repeat(50_000), "]".repeat(50_000))),
        ("links", format!("# X  T\n\n{}\n", "[a](".repeat(20_000))),
        ("headings", "# X  T\n".repeat(20_000)),
        ("fences", "```\n".repeat(20_001)),
        ("blocks", format!("# X  T\n\n{}", "```toml rule\nkind = \"class\"\n```\n".repeat(3000))),
        ("TOML lists", format!("# X  T\n\n```toml rule\nkind = {}\n```\n", "[".repeat(20_000))),
        ("TOML tables", format!("# X  T\n\n```toml rule\nkind = {}\n```\n", "{ a = ".repeat(20_000))),
        ("TOML dots", format!("# X  T\n\n```toml rule\n{}a = 1\n```\n", "a.".repeat(20_000))),
        ("a heading of a megabyte", format!("# {}  T\n", "X".repeat(1 << 20))),
        ("a key of a megabyte", format!("# X  T\n\n```toml rule\nkind = \"class\"\n{} = 1\n```\n", "k".repeat(1 << 20))),
        ("a kind of a megabyte", format!("# X  T\n\n```toml rule\nkind = \"{}\"\n```\n", "k".repeat(1 << 20))),
        ("an act of a megabyte", format!("# X  T\n\n```toml rule\nkind = \"class\"\nby = \"{}\"\n```\n", "k".repeat(1 << 20))),
        ("cases of a megabyte", format!("# X  T\n\n```cases\n{}\n```\n", "date|".repeat(200_000))),
        (
            "a unit without end",
            format!("# X  T\n\n```toml rule\nkind = \"quantity\"\nunit = \"{}\"\n```\n", "TB^255.".repeat(200) + "TB"),
        ),
    ] {
        within(20, what, move || entries::page(page.as_bytes()));
    }
}

/// A pack whose texts are all cut short, or all empty, is refused in words.
#[test]
fn a_pack_in_ruins_is_refused() {
    let whole = entries::texts(&entries::data());
    for (divisor, dividend) in [(1, 0), (2, 1), (3, 2), (100, 99)] {
        let cut = whole.iter().map(|(path, text)| {
            let at = (0..=text.len() * dividend / divisor).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            (path.clone(), text[..at].to_owned())
        });
        let report = check(Arc::new(Pack::new(cut)), &mut |_| {});
        assert!(report.errors() > 0, "{dividend}/{divisor} of a pack");
    }
    let empty: [(String, String); 0] = [];
    assert!(check(Arc::new(Pack::new(empty)), &mut |_| {}).errors() > 0);
}

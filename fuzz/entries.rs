//! What the fuzz targets do with bytes, each a function that must return: the targets of this folder call them without end,
//! `crates/regime/tests/fuzz_smoke.rs` a few thousand times with every test run. One spelling for both.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use facts::{Case, CountryId, Date, Fact, FieldId, FieldType, Number, Orders, Pack, Problem, Severity};
use regime::{Decision, Epoch, Law, Lens, Library, Outcome, Status, Totals, check, decide, explain, test_sql, trace};

/// The folder of the packs that ship, seen from whichever crate this is built into.
pub(crate) fn data() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|a| a.join("data")).find(|d| d.join("fields.toml").exists()).expect("the folder of packs")
}

/// Every text below a folder, by its path inside.
pub(crate) fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(folder).expect("inside").to_str().expect("a plain name").to_owned();
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

pub(crate) static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut problems = Vec::new();
    let library = Library::open(Arc::new(Pack::new(texts(&data()))), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    library
});

/// The law of us-ear and of each of its days.
static US_EAR: LazyLock<(Law, Vec<Epoch>)> = LazyLock::new(|| {
    let law = LIBRARY.law("us-ear", &[], &mut Vec::new()).expect("us-ear reads");
    let epochs = law.epochs(&Lens::default());
    (law, epochs)
});

fn errors(problems: &[Problem]) -> usize {
    problems.iter().filter(|p| p.severity == Severity::Error).count()
}

/// A problem can be printed, and points into its text.
fn sound(problems: &[Problem]) {
    for problem in problems {
        assert!(problem.line >= 1 && problem.column >= 1, "{problem:?}");
        assert!(problem.width >= 1 || problem.excerpt.is_empty(), "{problem:?}");
        assert!(!problem.message.is_empty() && problem.to_string().len() < 100_000, "{problem:?}");
    }
}

// --- pages -----------------------------------------------------------------------------------------------------------------------

/// Clauses that the shipped pages often name, so that a page of theirs reads on its own.
const BESIDE: &str = r#"
3A090 class tpp >= 4800
3A090.a class tpp >= 4800 AND datacenter
734.3 class kind <> 'import'
d5-or-macau class in_group(destination, 'D:5') OR destination = 'MO'
hq-d5-or-macau class in_group(headquarters, 'D:5') OR headquarters = 'MO'
data-center class datacenter
742.6(a)(6)(iii) requirement class('3A090') AND class('d5-or-macau')
NAC-confirmed condition nac_confirmed
part-746 requirement in_group(destination, 'part-746')
"#;

fn beside() -> Vec<(String, String)> {
    let dates = "from = 2022-01-01\nby = \"EAR\"\n";
    let mut pages = Vec::new();
    for (i, line) in BESIDE.lines().filter(|l| !l.is_empty()).enumerate() {
        let mut words = line.splitn(3, ' ');
        let (id, kind, test) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let keys = match kind {
            "requirement" => format!("when = \"{test}\"\nreason = \"r\""),
            "condition" => format!("met = \"{test}\"\nattested_by = \"a\""),
            _ => format!("when = \"{test}\""),
        };
        pages.push((
            format!("regimes/one/z{i}.md"),
            format!("# {id}  T\n\n```toml rule\nkind = \"{kind}\"\n{keys}\n{dates}```\n"),
        ));
    }
    pages
}

/// A regime `one` that lacks nothing but its page.
static ALMOST: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let all = texts(&data());
    let mut pack: Vec<(String, String)> =
        all.iter().filter(|(p, _)| p == "fields.toml" || p == "countries.csv").cloned().collect();
    for (path, text) in &all {
        match path.as_str() {
            "regimes/us-ear/regime.toml" => pack.push(("regimes/one/regime.toml".to_owned(), text.replace("us-ear", "one"))),
            "regimes/us-ear/instruments.toml" | "regimes/us-ear/values.md" | "regimes/us-ear/groups.md" => {
                pack.push((path.replace("us-ear", "one"), text.clone()));
            }
            _ => {}
        }
    }
    pack.extend(beside());
    pack
});

fn one_page(page: &str) -> Arc<Pack> {
    let mut texts = ALMOST.clone();
    texts.push(("regimes/one/page.md".to_owned(), page.to_owned()));
    Arc::new(Pack::new(texts))
}

fn read(pack: &Pack, problems: &mut Vec<Problem>) -> Option<Law> {
    let law = Law::read(pack, "one", &LIBRARY.dictionary, &[], problems);
    law.filter(|_| errors(problems) == 0)
}

/// Cases that any law must be able to answer: nothing known, and the standard case of a part on its way to China.
static ASKED: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let day: Date = "2024-03-01".parse().unwrap();
    let nothing = Case::new(&LIBRARY.dictionary, day);
    let mut known = nothing.clone();
    for (name, text) in [("tpp", "4800"), ("applicable_die_area_mm2", "814"), ("destination", "CN"), ("datacenter", "yes")] {
        let id = LIBRARY.dictionary.id(name).unwrap();
        known.set(id, LIBRARY.dictionary.parse(id, text).unwrap());
    }
    known.fill_standard(&LIBRARY.dictionary);
    vec![nothing, known]
});

fn consistent(decision: &Decision) {
    assert!(decision.mildest <= decision.strictest, "{decision:?}");
    assert_eq!(decision.outcome, Outcome::between(decision.mildest, decision.strictest), "{decision:?}");
}

fn answers(law: &Law, whole: bool) {
    let totals = Totals::from_start();
    for case in ASKED.iter() {
        let epoch = law.on(case.day, &Lens::default());
        assert!(epoch.holds(case.day));
        let decision = decide(law, &epoch, case, &totals);
        consistent(&decision);
        assert_eq!(trace(law, &epoch, case, &totals).decision, decision);
        if whole {
            let explained = explain(law, &epoch, &Lens::default(), case, &totals);
            assert_eq!(explained.receipt.len(), 64);
        }
    }
}

/// Bytes as a page of a regime: problems or a law that answers; every sixteenth is checked as `tollgate check` does.
pub(crate) fn page(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let pack = one_page(&text);
    let mut problems = Vec::new();
    let law = read(&pack, &mut problems);
    sound(&problems);
    if let Some(law) = &law {
        answers(law, bytes.len().is_multiple_of(4));
    }
    if bytes.len().is_multiple_of(16) {
        let report = check(pack, &mut |_| {});
        sound(&report.problems);
        assert!(report.errors() >= errors(&problems).min(1), "what reading finds, checking finds");
    }
}

// --- expressions -----------------------------------------------------------------------------------------------------------------

/// A class page with a test: in three quotes where that can be, else escaped.
pub(crate) fn class_page(when: &str) -> String {
    let plain = !when.contains("'''") && !when.ends_with('\'') && when.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
    let mut quoted = String::new();
    if plain && !when.contains("```") {
        let _ = write!(quoted, "'''{when}'''");
    } else {
        quoted.push('"');
        for c in when.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                '`' => quoted.push_str("\\u0060"),
                c if c.is_control() => {
                    let _ = write!(quoted, "\\u{:04x}", u32::from(c));
                }
                c => quoted.push(c),
            }
        }
        quoted.push('"');
    }
    format!("# X  T\n\n```toml rule\nkind = \"class\"\nwhen = {quoted}\nfrom = 2022-01-01\nby = \"EAR\"\n```\n")
}

/// The problems of a test, or the law of which class `X` is it.
pub(crate) fn class_law(when: &str) -> Result<Law, Vec<Problem>> {
    let mut problems = Vec::new();
    read(&one_page(&class_page(when)), &mut problems).ok_or(problems)
}

fn printed(law: &Law) -> Option<String> {
    let id = law.clause_id("X")?;
    let version = law.clause(id).versions.first()?;
    version.rule.when().map(|when| test_sql(law, when))
}

/// Bytes as the test of a class: problems at places of the page, or a tree that prints as text that reads as itself.
pub(crate) fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match class_law(&text) {
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason: {text}");
            sound(&problems);
            let page = problems.iter().filter(|p| p.file.ends_with("page.md"));
            let lines = text.matches('\n').count();
            page.for_each(|p| assert!(p.line <= lines + 8, "{p}"));
        }
        Ok(law) => {
            answers(&law, false);
            let Some(first) = printed(&law) else { return };
            let again = class_law(&first).unwrap_or_else(|p| panic!("`{text}` prints as `{first}`, which does not read: {p:?}"));
            assert_eq!(printed(&again).as_ref(), Some(&first), "`{text}` does not print as it reads");
        }
    }
}

// --- orders ----------------------------------------------------------------------------------------------------------------------

/// Bytes as an order file: each row an order whose facts read back, or reasons why not.
pub(crate) fn orders(bytes: &[u8]) {
    let (dictionary, catalogue) = (&*LIBRARY.dictionary, &*LIBRARY.catalogue);
    let mut rows = Vec::new();
    match Orders::csv(dictionary, catalogue, "orders.csv", bytes) {
        Ok(read) => {
            sound(&read.warnings);
            rows.push(read.collect::<Vec<_>>());
        }
        Err(problem) => sound(&[problem.warning()]),
    }
    rows.push(Orders::jsonl(dictionary, catalogue, "orders.jsonl", bytes).collect());
    let most = bytes.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() + 1;
    for rows in rows {
        assert!(rows.len() <= most, "{} rows of {most} lines", rows.len());
        assert!(rows.windows(2).all(|pair| pair[0].line <= pair[1].line), "lines go backwards");
        for row in &rows {
            match &row.order {
                Err(problems) => {
                    assert!(!problems.is_empty(), "refused without a reason");
                    sound(problems);
                }
                Ok(order) => {
                    assert_eq!(order.id, row.id);
                    for (id, fact) in order.case.known() {
                        let text = dictionary.spell(id, fact);
                        assert_eq!(dictionary.parse(id, &text).as_ref(), Ok(fact), "{} = {text}", dictionary.field(id).name);
                    }
                }
            }
        }
    }
}

// --- cases -----------------------------------------------------------------------------------------------------------------------

/// Choices out of bytes; zeros when they are used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn of(&mut self, n: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % n.max(1)
    }
}

/// Numbers at and beside the bounds of the law, in no field's unit in particular.
const NUMBERS: [&str; 24] = [
    "0",
    "0.1",
    "1",
    "3",
    "6",
    "14",
    "25",
    "49.9",
    "50",
    "100",
    "250",
    "300",
    "500",
    "600",
    "814",
    "1500",
    "1599.9",
    "1600",
    "2400",
    "4799.9999999999",
    "4800",
    "6500",
    "20999.9999999999999999",
    "21000",
];

fn drawn(choices: &mut Choices<'_>, id: FieldId) -> Fact {
    let field = LIBRARY.dictionary.field(id);
    if field.absent && choices.byte().is_multiple_of(5) {
        return Fact::Absent;
    }
    match &field.kind {
        FieldType::Bool => Fact::Bool(choices.byte().is_multiple_of(2)),
        FieldType::Choice(words) => Fact::Choice(choices.of(words.len()) as u8),
        FieldType::Set(words) => Fact::Set(choices.of(1 << words.len()) as u32),
        FieldType::Country => {
            const SOME: [&str; 10] = ["CN", "US", "MO", "HK", "SG", "AE", "SA", "RU", "JP", "TW"];
            let any = CountryId(choices.of(LIBRARY.dictionary.countries.len()) as u16);
            let some = LIBRARY.dictionary.countries.find(SOME[choices.of(SOME.len())]).unwrap_or(any);
            Fact::Country(if choices.byte().is_multiple_of(4) { any } else { some })
        }
        FieldType::Number => {
            let number = Number::parse(NUMBERS[choices.of(NUMBERS.len())]).expect("a number");
            LIBRARY.dictionary.parse(id, &number.to_string()).unwrap_or(Fact::Unknown)
        }
        FieldType::Text => {
            let chips = &LIBRARY.catalogue.chips;
            let chip = &chips[choices.of(chips.len())];
            let name = match field.name.as_str() {
                "chip" => chip.name.to_string(),
                "chip_family" => chip.family.to_string(),
                _ => ["NVIDIA", "AMD Inc.", "Intel Corporation", "Huawei", "Buyer"][choices.of(5)].to_owned(),
            };
            Fact::Text(Arc::from(name.as_str()))
        }
    }
}

/// Bytes as facts, some missing. The law answers; and where it says *free*, no way of completing the case says anything stricter,
/// nor, where nothing needed is open, does any leave the bounds.
pub(crate) fn case(bytes: &[u8]) {
    let (law, epochs) = &*US_EAR;
    let mut choices = Choices(bytes.iter());
    let epoch = &epochs[choices.of(epochs.len())];
    let day = epoch.until.unwrap_or(epoch.from).max("2020-01-01".parse().unwrap());
    let known = choices.byte();
    let mut partial = Case::new(&LIBRARY.dictionary, day);
    for id in LIBRARY.dictionary.ids() {
        if choices.byte() <= known {
            partial.set(id, drawn(&mut choices, id));
        }
    }
    let totals = if choices.byte().is_multiple_of(2) { Totals::default() } else { Totals::from_start() };
    let before = decide(law, epoch, &partial, &totals);
    consistent(&before);
    assert_eq!(trace(law, epoch, &partial, &totals).decision, before);
    for _ in 0..4 {
        let mut whole = partial.clone();
        for id in LIBRARY.dictionary.ids() {
            if *partial.fact(id) == Fact::Unknown {
                whole.set(id, drawn(&mut choices, id));
            }
        }
        let after = decide(law, epoch, &whole, &totals);
        consistent(&after);
        let told = || {
            let text = partial.canonical(&LIBRARY.dictionary);
            format!("{before:?}\nof\n{text}became\n{after:?}\nof\n{}", whole.canonical(&LIBRARY.dictionary))
        };
        if before.outcome == Outcome::Free {
            assert_eq!(after.outcome, Outcome::Free, "{}", told());
        }
        if before.needs.iter().all(|n| n.status == Status::Met) {
            assert!(before.mildest <= after.mildest && after.strictest <= before.strictest, "{}", told());
        }
    }
}

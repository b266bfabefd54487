//! Regimes made up at random, and cases for them: every kind of clause, facts unknown and absent, numbers exactly on bounds.

use std::fmt::Write;

use facts::{Case, Fact, FieldId};
use regime::Law;

use crate::common::{day, law, open};

/// Random numbers by xorshift64 (Marsaglia 2003).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    pub(crate) fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// The facts: name, the rest of their entry, and how they may turn out. Names are spelt in several ways, numbers lie on bounds.
const FACTS: [(&str, &str, &str); 10] = [
    ("a", "type = \"bool\"", "yes|no"),
    ("b", "type = \"bool\"", "yes|no"),
    ("c", "type = \"bool\"", "yes|no"),
    ("k", "type = \"choice\"\nvalues = [\"x\", \"y\", \"z\"]\nabsent = true", "x|y|z|none"),
    ("dest", "type = \"country\"\nabsent = true", "AA|BB|CC|none"),
    ("home", "type = \"country\"", "AA|BB|CC"),
    ("t", "type = \"text\"\nabsent = true", "ACME|Acme, Inc.|beta ltd|Gamma|Delta|none"),
    ("consignee_lists", "type = \"set\"\nvalues = [\"one\", \"two\"]", "one|two|one two|none"),
    ("m", "type = \"number\"", "0.3|1|1.6|2.5|4|5.92|9.472"),
    ("n", "type = \"number\"\nabsent = true", "0|0.1|1|1.6|2.5|none"),
];

/// Tests of facts; `#` stands for a bound.
const LEAVES: [&str; 20] = [
    "a",
    "b",
    "c",
    "k = 'x'",
    "k IN ('x', 'y')",
    "k <> 'z'",
    "k IS NULL",
    "in_group(dest, 'G')",
    "dest = 'AA'",
    "dest = home",
    "in_group(home, 'G')",
    "t = 'acme inc'",
    "in_group(t, 'named')",
    "listed(consignee, 'two')",
    "n IS NULL",
    "m >= #",
    "m < #",
    "ratio >= #",
    "# > ratio",
    "coalesce(n, #) * 2 < m + 1",
];
const BOUNDS: [&str; 6] = ["0.3", "1", "1.6", "2.5", "5.92", "low"];

/// A test that may name clauses made before it.
fn test(dice: &mut Dice, before: &[String], depth: usize) -> String {
    match dice.below(if depth == 0 { 3 } else { 8 }) {
        0 if !before.is_empty() => before[dice.below(before.len())].clone(),
        0..=2 => dice.of(&LEAVES).replace('#', dice.of(&BOUNDS)),
        3 => format!("NOT ({})", test(dice, before, depth - 1)),
        at => {
            let word = if at < 6 { "AND" } else { "OR" };
            let parts: Vec<String> = (0..2 + dice.below(2)).map(|_| format!("({})", test(dice, before, depth - 1))).collect();
            parts.join(&format!(" {word} "))
        }
    }
}

/// The names of some clauses of a kind, as a list.
fn some(dice: &mut Dice, names: impl Iterator<Item = usize>, letter: char) -> String {
    let all: Vec<usize> = names.collect();
    let mut chosen: Vec<String> = all.iter().filter(|_| dice.below(2) == 0).map(|i| format!("\"{letter}{i}\"")).collect();
    if chosen.is_empty() {
        chosen.extend(all.first().map(|i| format!("\"{letter}{i}\"")));
    }
    format!("[{}]", chosen.join(", "))
}

/// What a kind's pages say beside `when`; how many pages of it there are.
const KINDS: [(char, &str, usize); 8] = [
    ('c', "class", 6),
    ('r', "requirement", 3),
    ('o', "condition", 3),
    ('q', "quota", 1),
    ('e', "exception", 3),
    ('v', "review", 4),
    ('p', "prohibition", 1),
    ('f', "fee", 2),
];

fn page(dice: &mut Dice, (letter, kind, count): (char, &str, usize), at: usize, before: &[String]) -> String {
    let when = test(dice, before, 3);
    let needs = |dice: &mut Dice| {
        let conditions = some(dice, 0..3, 'o');
        if dice.below(3) == 0 { conditions.replace(']', ", \"q0\"]") } else { conditions }
    };
    let mut says = match letter {
        'r' => format!("when = \"{when}\"\nreason = \"r\""),
        'o' => format!("applies = \"{when}\"\nmet = \"{}\"\nattested_by = \"x\"", test(dice, before, 2)),
        'q' => {
            let window = dice.of(&["ever", "year", "quarter"]);
            let limit = dice.of(&["2.5", "2.5", "10"]);
            format!("counts = \"{when}\"\nmeasure = \"m\"\nper = [\"t\"]\nwindow = \"{window}\"\nlimit = \"{limit}\"")
        }
        'e' => format!("when = \"{when}\"\nlifts = {}\nneeds = {}", some(dice, 0..3, 'r'), needs(dice)),
        'v' => {
            let policy = dice.of(&["approval", "case-by-case", "unstated", "denial"]);
            format!("when = \"{when}\"\nof = {}\npolicy = \"{policy}\"\nneeds = {}", some(dice, 0..3, 'r'), needs(dice))
        }
        'f' => {
            let rate = dice.of(&["0.25", "m * 0.001", "m * 0.02 / n"]);
            format!("when = \"{when}\"\nbase = \"100\"\nrate = \"{rate}\"\npayee = \"x\"\nlegal_form = \"tax\"")
        }
        _ => format!("when = \"{when}\""),
    };
    // A clause may override those of its kind that are made after it.
    if matches!(letter, 'c' | 'r' | 'e' | 'v') && at + 1 < count && dice.below(2) == 0 {
        let _ = write!(says, "\noverrides = {}", some(dice, at + 1..count, letter));
    }
    let from = dice.of(&["2020-01-01", "2020-01-01", "2020-01-01", "2022-06-01"]);
    format!("# {letter}{at}  T\n\n```toml rule\nkind = \"{kind}\"\nfrom = {from}\nby = \"A\"\n{says}\n```\n")
}

/// A regime of random pages, two of which stand under a doubt.
pub(crate) fn made_up(dice: &mut Dice) -> Law {
    let mut fields = "[units]\n\"USD\" = \"dollar\"\n\"1\" = \"a plain number\"\n".to_owned();
    for (name, entry, _) in FACTS {
        let _ = writeln!(fields, "[field.{name}]\n{entry}\nabout = \"item\"\nmeaning = \"m\"\nsource = \"s\"");
    }
    let head = "id = \"w\"\ntitle = \"W\"\nauthority = \"A\"\nside = \"exporter\"\ncurrency = \"USD\"\ncovers_from = 2000-01-01\nas_of = 2026-01-01\n";
    let scope = dice.of(&["TRUE", "TRUE", "a OR b", "k <> 'z'"]);
    let act = |id: &str| {
        let words =
            format!("kind = \"rule\"\ntitle = \"{id}\"\ncitation = \"{id}\"\npublished = 2020-01-01\nconfidence = \"P\"\n");
        format!("[[instrument]]\nid = \"{id}\"\n{words}")
    };
    let stay =
        |what: &str| format!("{{ what = \"{what}\", from = 2023-01-01, certain = false, question = \"Is {what} stayed?\" }}");
    let stays = format!("suspends = [{}, {}]\n", stay(&format!("c{}", dice.below(6))), stay(dice.of(&["e0", "v1", "r2", "o1"])));
    let group = |id: &str, of: &str, members: &str| {
        format!(
            "```toml group\nid = \"{id}\"\nof = \"{of}\"\nby = \"A\"\nfrom = 2020-01-01\nmembers = {members}\nconfidence = \"P\"\n```\n\n"
        )
    };
    let groups = group("G", "country", "[\"AA\", \"BB\"]") + &group("named", "t", "[\"Acme\", \"Beta\"]");
    let value = "```toml values\nlow = [{ from = 2020-01-01, value = 1.6, unit = \"1\", by = \"A\" }, { from = 2024-01-01, value = 2.5, unit = \"1\", by = \"A\" }]\n```\n";
    let ratio = "kind = \"quantity\"\nvalue = \"m / n\"\nunit = \"1\"\nfrom = 2020-01-01\nby = \"A\"";
    let mut pack = vec![
        ("fields.toml".to_owned(), fields),
        ("countries.csv".to_owned(), "code,name,name_zh\nAA,A,A\nBB,B,B\nCC,C,C\n".to_owned()),
        ("regimes/w/regime.toml".to_owned(), format!("{head}scope = \"{scope}\"\n")),
        ("regimes/w/instruments.toml".to_owned(), act("A") + &act("B") + &stays),
        ("regimes/w/groups.md".to_owned(), format!("# groups  G\n\n{groups}")),
        ("regimes/w/values.md".to_owned(), format!("# values  V\n\n{value}")),
        ("regimes/w/ratio.md".to_owned(), format!("# ratio  R\n\n```toml rule\n{ratio}\n```\n")),
    ];
    let mut before = Vec::new();
    for kind in KINDS {
        for at in 0..kind.2 {
            pack.push((format!("regimes/w/{}{at}.md", kind.0), page(dice, kind, at, &before)));
            match kind.0 {
                'c' => before.push(format!("class('c{at}')")),
                'r' => before.push(format!("requires('r{at}')")),
                _ => {}
            }
        }
    }
    law(&open(pack), "w", &[])
}

/// Days on both sides of every change of the regime.
pub(crate) const DAYS: [&str; 6] = ["2021-01-01", "2022-05-31", "2022-06-01", "2023-01-01", "2024-01-01", "2025-07-01"];

/// A case on one of some days in which one fact of `known` is missing.
pub(crate) fn case(law: &Law, dice: &mut Dice, days: &[&str], known: usize) -> Case {
    let mut case = Case::new(&law.dictionary, day(dice.of(days)));
    for (at, (_, _, facts)) in FACTS.iter().enumerate() {
        if dice.below(known) > 0 {
            let facts: Vec<&str> = facts.split('|').collect();
            let id = FieldId(at as u16);
            let fact = law.dictionary.parse(id, dice.of(&facts)).unwrap();
            assert_ne!(fact, Fact::Unknown);
            case.set(id, fact);
        }
    }
    case
}

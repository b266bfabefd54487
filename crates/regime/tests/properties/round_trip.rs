//! Trees print to SQL that reads back to the same trees: those of every shipped page, and many that no page holds.

use std::ops::Range;

use facts::Date;
use proptest::prelude::*;
use regime::{ClauseKind, Law, Library, Rule, Test, Version, term_sql, test_sql};
use toml::de::{DeTable, DeValue};

use crate::common::{LIBRARY, law, open, texts};
use crate::draw::config;

// ---- the shipped pages -----------------------------------------------------------------------------

/// A rule's expressions under the keys that hold them on its page.
fn spelled(law: &Law, version: &Version) -> Vec<(&'static str, String)> {
    let test = |test: &Test| test_sql(law, test);
    let term = |term| term_sql(law, term);
    match &version.rule {
        Rule::Quantity { value, .. } => vec![("value", term(value))],
        Rule::Condition { applies, met, .. } => vec![("applies", test(applies)), ("met", test(met))],
        Rule::Quota { measure, counts, limit, .. } => {
            let mut keys = vec![("measure", term(measure)), ("counts", test(counts))];
            keys.extend(limit.iter().map(|limit| ("limit", term(limit))));
            keys
        }
        Rule::Fee { when, base, rate, .. } => {
            vec![("when", test_sql(law, &unbound(law, version, when))), ("base", term(base)), ("rate", term(rate))]
        }
        Rule::Class { when, .. } => vec![("when", test(when))],
        Rule::Requirement { when, .. }
        | Rule::Exception { when, .. }
        | Rule::Review { when, .. }
        | Rule::Prohibition { when } => vec![("when", test_sql(law, &unbound(law, version, when)))],
    }
}

/// A letter's test begins with the companies that it binds; the page does not say so itself.
fn unbound(law: &Law, version: &Version, when: &Test) -> Test {
    match when {
        Test::All(parts) if !law.instrument(version.by).binds.is_empty() => match &parts[1..] {
            [one] => one.clone(),
            more => Test::All(more.to_vec()),
        },
        _ => when.clone(),
    }
}

/// The `toml rule` blocks of a page.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("```toml rule\n").map(|i| at + i + "```toml rule\n".len()) {
        let end = start + text[start..].find("```").expect("a closed block");
        found.push(start..end);
        at = end + 3;
    }
    found
}

/// A page with its expressions replaced by what the program prints of them.
fn respelled(law: &Law, path: &str, text: &str) -> String {
    let mut text = text.to_owned();
    let Some(clause) = law.clauses.iter().find(|c| c.path == path) else { return text };
    for block in blocks(&text).into_iter().rev() {
        let content = text[block.clone()].to_owned();
        let table = DeTable::parse(&content).expect("TOML");
        let from = table.get_ref().get("from").map(|from| match from.get_ref() {
            DeValue::Datetime(day) => day.to_string().parse::<Date>().expect("a day"),
            other => panic!("{path}: {other:?}"),
        });
        let version = clause.versions.iter().find(|v| from.is_none_or(|from| v.from == from)).expect("the block's version");
        let mut expressions: Vec<(Range<usize>, String)> =
            spelled(law, version).into_iter().filter_map(|(key, sql)| Some((table.get_ref().get(key)?.span(), sql))).collect();
        expressions.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        assert!(!expressions.is_empty(), "{path} has no expression");
        for (at, sql) in expressions {
            text.replace_range(block.start + at.start..block.start + at.end, &format!("'''\n{sql}\n'''"));
        }
    }
    text
}

#[test]
fn every_shipped_expression_reads_back_as_it_was() {
    let mut compared = 0;
    for id in &LIBRARY.regimes {
        let drafts = LIBRARY.draft_names(std::slice::from_ref(id));
        for overlay in std::iter::once(vec![]).chain(drafts.iter().map(|d| vec![d.as_str()])) {
            let first = law(&LIBRARY, id, &overlay);
            let again: Vec<(String, String)> = texts()
                .into_iter()
                .map(|(path, text)| {
                    let page = path.ends_with(".md") && path.starts_with(&format!("regimes/{id}/"));
                    let text = if page { respelled(&first, &path, &text) } else { text };
                    (path, text)
                })
                .collect();
            let second = law(&open(again), id, &overlay);
            for (a, b) in first.clauses.iter().zip(&second.clauses) {
                for (va, vb) in a.versions.iter().zip(&b.versions) {
                    let told = spelled(&first, va);
                    assert!(va.rule == vb.rule, "{id}: `{}` from {} reads back otherwise: {told:?}", a.id, va.from);
                    compared += told.len();
                }
            }
        }
    }
    assert!(compared > 500, "only {compared} expressions");
}

// ---- pages that nobody wrote -----------------------------------------------------------------------

/// A regime with something of every sort to name, and one class for each expression given.
fn regime_of(expressions: &[String]) -> Library {
    let shared = ["fields.toml", "countries.csv"];
    let mut pack: Vec<(String, String)> = texts().into_iter().filter(|(path, _)| shared.contains(&path.as_str())).collect();
    let mut page = |name: &str, text: String| pack.push((format!("regimes/r/{name}"), text));
    page(
        "regime.toml",
        "id = \"r\"\ntitle = \"R\"\nauthority = \"A\"\nside = \"exporter\"\ncurrency = \"USD\"\nscope = \"TRUE\"\ncovers_from = 2000-01-01\nas_of = 2026-01-01\n"
            .to_owned(),
    );
    let act = "id = \"A\"\nkind = \"rule\"\ntitle = \"A\"\ncitation = \"A\"\npublished = 2020-01-01\nconfidence = \"P\"\n";
    page("instruments.toml", format!("[[instrument]]\n{act}"));
    let dated = |value: &str, unit: &str| format!("[{{ from = 2020-01-01, value = {value}, unit = \"{unit}\", by = \"A\" }}]");
    page(
        "values.md",
        format!(
            "# values  Numbers\n\n```toml values\ntpp_top = {}\nfast = {}\nhalf = {}\n```\n",
            dated("4800", "TOPS.bit"),
            dated("6.5", "TB/s"),
            dated("50", "percent")
        ),
    );
    let group = "id = \"G\"\nof = \"country\"\nby = \"A\"\nfrom = 2020-01-01\nmembers = [\"CN\"]\n";
    let names = "id = \"N\"\nof = \"chip_family\"\nby = \"A\"\nfrom = 2020-01-01\nmembers = [\"H20\"]\n";
    page("groups.md", format!("# groups  Sets\n\n```toml group\n{group}```\n\n```toml group\n{names}```\n"));
    let rule = |id: &str, kind: &str, body: &str| {
        format!("# {id}  {id}\n\n```toml rule\nkind = \"{kind}\"\nfrom = 2020-01-01\nby = \"A\"\n{body}\n```\n")
    };
    page("a-quantity.md", rule("density", "quantity", "value = \"tpp / applicable_die_area_mm2\"\nunit = \"TOPS.bit/mm2\""));
    page("a-class.md", rule("k", "class", "when = \"datacenter\""));
    page("a-requirement.md", rule("req", "requirement", "when = \"datacenter\"\nreason = \"why\""));
    page("a-quota.md", rule("cap", "quota", "measure = \"tpp\"\ncounts = \"TRUE\"\nper = []\nwindow = \"ever\""));
    for (i, expression) in expressions.iter().enumerate() {
        page(&format!("x{i:04}.md"), rule(&format!("x{i:04}"), "class", &format!("when = '''\n{expression}\n'''")));
    }
    open(pack)
}

/// Reads expressions, prints them, reads what was printed: the same trees.
fn reads_back(expressions: &[String]) -> Result<(), TestCaseError> {
    let whens = |law: &Law| -> Vec<Test> {
        let classes = law.clauses.iter().filter(|c| c.kind == ClauseKind::Class && c.id.starts_with('x'));
        classes.map(|c| c.versions[0].rule.when().unwrap().clone()).collect()
    };
    let first = law(&regime_of(expressions), "r", &[]);
    let trees = whens(&first);
    prop_assert_eq!(trees.len(), expressions.len());
    let printed: Vec<String> = trees.iter().map(|tree| test_sql(&first, tree)).collect();
    let again = whens(&law(&regime_of(&printed), "r", &[]));
    for (((tree, again), printed), expression) in trees.iter().zip(&again).zip(&printed).zip(expressions) {
        prop_assert!(tree == again, "written  {expression}\nprinted  {printed}\nread     {tree:?}\nread again {again:?}");
    }
    Ok(())
}

/// What a number measures, so that generated sums and comparisons make sense.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Performance,
    Bandwidth,
    Nothing,
}

fn names(of: Of) -> &'static [&'static str] {
    match of {
        Of::Performance => &["tpp", "tpp_top", "total('cap')", "density * applicable_die_area_mm2"],
        Of::Bandwidth => &["memory_bandwidth_gbs", "interconnect_gbs", "fast"],
        Of::Nothing => &["half", "listed_owner_percent", "tpp / tpp_top", "transistors_billion"],
    }
}

/// Bare constants take the unit of what they stand beside, so they stand beside something.
fn constant() -> impl Strategy<Value = String> {
    const DIGITS: &[&str] =
        &["0", "4800", "5.920", "-1", "1.5e3", "0.0000000000000000000000000001", "79228162514264337593543950335"];
    prop::sample::select(DIGITS).prop_map(str::to_owned)
}

fn term(of: Of, depth: u32) -> BoxedStrategy<String> {
    let leaf = prop::sample::select(names(of)).prop_map(str::to_owned);
    if depth == 0 {
        return leaf.boxed();
    }
    let same = || term(of, depth - 1);
    let beside = || prop_oneof![3 => same(), 1 => constant()];
    let plain = || prop_oneof![3 => term(Of::Nothing, depth - 1), 1 => constant()];
    let pair = |sign: &'static str, left: BoxedStrategy<String>, right: BoxedStrategy<String>| {
        (left, right, any::<bool>()).prop_map(move |(l, r, brackets)| {
            if brackets || sign != "+" { format!("({l}) {sign} ({r})") } else { format!("{l} {sign} {r}") }
        })
    };
    let call = |name: &'static str| {
        (same(), prop::collection::vec(beside(), 0..3))
            .prop_map(move |(first, args)| format!("{name}({})", [vec![first], args].concat().join(", ")))
    };
    prop_oneof![
        leaf,
        pair("+", same(), beside().boxed()),
        pair("-", beside().boxed(), same()),
        pair("*", same(), plain().boxed()),
        pair("*", plain().boxed(), same()),
        pair("/", same(), plain().boxed()),
        same().prop_map(|t| format!("-({t})")),
        call("coalesce"),
        call("greatest"),
        call("least"),
        (same(), beside()).prop_map(|(a, b)| format!("nullif({a}, {b})")),
        (test(depth - 1), same(), beside()).prop_map(|(w, a, b)| format!("CASE WHEN {w} THEN {a} ELSE {b} END")),
        (test(depth - 1), same(), test(depth - 1), beside())
            .prop_map(|(v, a, w, b)| format!("CASE WHEN {v} THEN {a} WHEN {w} THEN {b} END")),
    ]
    .boxed()
}

const PLAIN_TESTS: &[&str] = &[
    "datacenter",
    "hbm_in_package = FALSE",
    "TRUE",
    "FALSE",
    "kind = 'export'",
    "kind <> 'export'",
    "'export' = kind",
    "kind IN ('export', 'import')",
    "kind NOT IN ('export')",
    "destination = 'China'",
    "destination IN ('CN', 'MO', 'FR')",
    "headquarters = destination",
    "headquarters <> parent_headquarters",
    "vendor = 'Maker''s \"own\", Ltd.'",
    "chip = 'none'",
    "material IS NULL",
    "tpp IS NOT NULL",
    "in_group(destination, 'G')",
    "NOT in_group(chip_family, 'N')",
    "listed(consignee, 'entity-list')",
    "class('k')",
    "requires('req')",
    "tpp IN (1, 2.5, 4800)",
];

fn test(depth: u32) -> BoxedStrategy<String> {
    let of = || prop_oneof![Just(Of::Performance), Just(Of::Bandwidth), Just(Of::Nothing)];
    let signs = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let compare = (of(), signs)
        .prop_flat_map(move |(of, sign)| {
            let other = prop_oneof![3 => term(of, depth), 1 => constant()];
            (term(of, depth), other, any::<bool>())
                .prop_map(move |(l, r, turned)| if turned { format!("{r} {sign} {l}") } else { format!("{l} {sign} {r}") })
        })
        .boxed();
    let between = (of(), any::<bool>()).prop_flat_map(move |(of, not)| {
        let not = if not { "NOT " } else { "" };
        (term(of, 0), constant(), term(of, 0)).prop_map(move |(x, a, b)| format!("({x}) {not}BETWEEN ({a}) AND ({b})"))
    });
    let leaf = prop_oneof![3 => prop::sample::select(PLAIN_TESTS).prop_map(str::to_owned), 2 => compare, 1 => between];
    if depth == 0 {
        return leaf.boxed();
    }
    let chain = |word: &'static str| {
        prop::collection::vec((test(depth - 1), any::<bool>()), 2..4).prop_map(move |parts| {
            let bracketed = |(part, brackets): (String, bool)| if brackets { format!("({part})") } else { part };
            parts.into_iter().map(bracketed).collect::<Vec<_>>().join(word)
        })
    };
    prop_oneof![leaf, chain(" AND "), chain(" OR "), test(depth - 1).prop_map(|t| format!("NOT ({t})"))].boxed()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn generated_expressions_read_back_as_they_were(expressions in prop::collection::vec(test(2), 24)) {
        reads_back(&expressions)?;
    }
}

/// A list of one number is that number.
#[test]
fn a_list_of_one_number_reads_back() {
    let lists = ["tpp IN (4800)", "datacenter AND tpp IN (4800)", "tpp NOT IN (4800)"];
    reads_back(&lists.map(str::to_owned)).unwrap();
}

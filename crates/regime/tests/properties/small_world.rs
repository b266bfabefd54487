//! A regime of eight yes-or-no facts, small enough to be asked everything: each partly known case against all that it leaves
//! open. Draws at random hardly meet what happens where conditions, overrides and exceptions hang on one missing fact.

use facts::{Case, Fact, FieldId};
use regime::{Decision, Law, Lens, Outcome, Totals, decide};

use crate::common::{day, law, open};

/// The facts, by single letters. `p` and `q` are papers: they show conditions, and nothing else asks for them.
const FACTS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "p", "q"];
const PAPERS: [usize; 2] = [6, 7];

/// Clauses that meet on the same facts: id, kind, and what the page says.
const PAGES: [(&str, &str, &str); 14] = [
    ("both", "class", "when = \"a AND b\""),
    ("strange", "class", "when = \"e AND NOT class('both')\"\noverrides = [\"plain\"]"),
    ("plain", "class", "when = \"d OR e\""),
    ("first", "requirement", "when = \"a\"\nreason = \"r\""),
    ("second", "requirement", "when = \"b AND NOT class('plain')\"\nreason = \"r\""),
    ("lift", "exception", "when = \"c\"\nlifts = [\"first\"]\nneeds = [\"shown-if\"]"),
    ("lift-all", "exception", "when = \"NOT c AND d\"\nlifts = [\"first\", \"second\"]\nneeds = [\"shown\", \"shown-if\"]"),
    ("denial", "review", "of = [\"first\", \"second\"]\nwhen = \"TRUE\"\npolicy = \"denial\""),
    (
        "merits",
        "review",
        "of = [\"first\"]\nwhen = \"e\"\npolicy = \"case-by-case\"\noverrides = [\"denial\"]\nneeds = [\"shown-if\"]",
    ),
    ("mild", "review", "of = [\"second\"]\nwhen = \"f\"\npolicy = \"approval\"\noverrides = [\"denial\"]\nneeds = [\"shown\"]"),
    ("shown", "condition", "met = \"p\"\nattested_by = \"x\""),
    ("shown-if", "condition", "applies = \"b OR class('strange')\"\nmet = \"q\"\nattested_by = \"x\""),
    ("never", "prohibition", "when = \"f AND class('both') AND NOT requires('second')\""),
    ("due", "fee", "when = \"requires('first') AND d\"\nbase = \"100\"\nrate = \"0.25\"\npayee = \"x\"\nlegal_form = \"tax\""),
];

pub(crate) fn small_world() -> Law {
    let mut fields = "[units]\n\"USD\" = \"dollar\"\n\"1\" = \"a plain number\"\n".to_owned();
    for name in FACTS {
        fields += &format!("[field.{name}]\ntype = \"bool\"\nabout = \"item\"\nmeaning = \"m\"\nsource = \"s\"\n");
    }
    let head = "id = \"w\"\ntitle = \"W\"\nauthority = \"A\"\nside = \"exporter\"\ncurrency = \"USD\"\nscope = \"TRUE\"\ncovers_from = 2000-01-01\nas_of = 2026-01-01\n";
    let act = "[[instrument]]\nid = \"A\"\nkind = \"rule\"\ntitle = \"A\"\ncitation = \"A\"\npublished = 2020-01-01\nconfidence = \"P\"\n";
    let mut pack = vec![
        ("fields.toml".to_owned(), fields),
        ("countries.csv".to_owned(), "code,name,name_zh\n".to_owned()),
        ("regimes/w/regime.toml".to_owned(), head.to_owned()),
        ("regimes/w/instruments.toml".to_owned(), act.to_owned()),
    ];
    for (id, kind, says) in PAGES {
        let rule = format!("kind = \"{kind}\"\nfrom = 2020-01-01\nby = \"A\"\n{says}\n");
        pack.push((format!("regimes/w/{id}.md"), format!("# {id}  {id}\n\n```toml rule\n{rule}```\n")));
    }
    law(&open(pack), "w", &[])
}

/// The cases as numbers to base three, a digit a fact: 0 is unknown, 1 no, 2 yes.
pub(crate) fn case(law: &Law, number: usize) -> Case {
    let mut case = Case::new(&law.dictionary, day("2024-01-01"));
    for at in 0..FACTS.len() {
        match number / 3_usize.pow(at as u32) % 3 {
            0 => {}
            digit => case.set(FieldId(at as u16), Fact::Bool(digit == 2)),
        }
    }
    case
}

fn told(law: &Law, case: &Case, decision: &Decision) -> String {
    let facts = case.canonical(&law.dictionary).replace('\n', " ");
    format!("{} ({} to {}): {facts}", decision.outcome, decision.mildest, decision.strictest)
}

#[test]
fn no_fact_that_comes_to_light_leaves_what_was_open() {
    let law = small_world();
    let epoch = law.on(day("2024-01-01"), &Lens::default());
    let cases: Vec<Case> = (0..3_usize.pow(FACTS.len() as u32)).map(|number| case(&law, number)).collect();
    let decisions: Vec<Decision> = cases.iter().map(|case| decide(&law, &epoch, case, &Totals::default())).collect();
    let (mut wrong, mut steps) = (Vec::new(), 0);
    for (number, before) in decisions.iter().enumerate() {
        for at in (0..FACTS.len()).filter(|at| !PAPERS.contains(at)) {
            let step = 3_usize.pow(at as u32);
            if !(number / step).is_multiple_of(3) {
                continue;
            }
            for more in [number + step, number + 2 * step] {
                let after = &decisions[more];
                steps += 1;
                let fees = before.fees.iter().filter(|f| f.certain).all(|f| after.fees.contains(f));
                if !(before.mildest <= after.mildest && after.strictest <= before.strictest && fees) {
                    wrong.push(format!("{}\n    {}", told(&law, &cases[number], before), told(&law, &cases[more], after)));
                }
            }
        }
    }
    assert!(steps > 20_000, "only {steps} steps");
    wrong.sort_by_key(String::len);
    assert!(wrong.is_empty(), "{} of {steps} steps, the shortest:\n{}", wrong.len(), wrong[..wrong.len().min(4)].join("\n"));
}

/// Every kind of answer comes up, and where everything is known nothing stays undetermined.
#[test]
fn the_small_world_answers_in_every_way() {
    let law = small_world();
    let epoch = law.on(day("2024-01-01"), &Lens::default());
    let mut met: Vec<Outcome> = Vec::new();
    for number in 0..3_usize.pow(FACTS.len() as u32) {
        let case = case(&law, number);
        let decision = decide(&law, &epoch, &case, &Totals::default());
        let complete = case.known().count() == FACTS.len();
        assert!(!complete || decision.outcome != Outcome::Undetermined, "{}", told(&law, &case, &decision));
        met.push(decision.outcome);
    }
    met.sort();
    met.dedup();
    assert!(met.len() >= 6, "{met:?}");
}

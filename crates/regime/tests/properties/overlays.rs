//! Drafts laid over a regime: in whichever order, one law; and two that contradict each other are refused.

use facts::Case;
use regime::{ClauseId, Law, Lens, Library, Outcome, Totals};

use crate::common::{self, LIBRARY, law, open, rendered, standard, texts};

const PARTS: [&str; 7] = ["H20 96GB", "H200 SXM", "B200", "RTX 4090", "L40", "Instinct MI308X", "Ascend 910B2"];
const PLACES: [&str; 6] = ["CN", "RU", "SA", "AE", "SG", "US"];
const DAYS: [&str; 5] = ["2025-06-01", "2025-12-15", "2026-02-01", "2026-09-30", "2026-11-20"];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for chip in PARTS {
        for to in PLACES {
            for date in DAYS {
                let facts = [("date", date), ("chip", chip), ("to", to), ("value", "1000000"), ("remote_user_country", "CN")];
                cases.push(standard(&LIBRARY, &facts[..4]));
                cases.push(standard(&LIBRARY, &facts));
            }
        }
    }
    cases
}

/// What a law says of one case.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    outcomes: [Outcome; 3],
    /// Which clauses decided. Of two that say the same the first page is named, so this hangs on the order of pages.
    deciders: Vec<String>,
    /// Needs and fees with their standing, by name.
    beside: Vec<String>,
}

impl Answer {
    fn apart_from_deciders(&self) -> ([Outcome; 3], &[String]) {
        (self.outcomes, &self.beside)
    }
}

fn answers(law: &Law, cases: &[Case]) -> Vec<Answer> {
    let decide = |case: &Case| {
        let decision = regime::decide(law, &law.on(case.day, &Lens::default()), case, &Totals::default());
        let name = |id: ClauseId| law.clause(id).id.clone();
        let mut beside: Vec<String> = decision.needs.iter().map(|n| format!("{} {}", name(n.clause), n.status.text())).collect();
        beside.extend(decision.fees.iter().map(|f| format!("{} {:?}", name(f.clause), f.minor)));
        beside.sort();
        Answer {
            outcomes: [decision.outcome, decision.mildest, decision.strictest],
            deciders: [decision.by, decision.review].into_iter().flatten().map(name).collect(),
            beside,
        }
    };
    cases.iter().map(decide).collect()
}

/// The pack with a draft made part of the regime itself, as if it had become law.
fn enacted(draft: &str) -> Library {
    let folder = format!("regimes/us-ear/drafts/{draft}/");
    let moved = texts().into_iter().filter(|(path, _)| *path != format!("{folder}draft.toml"));
    open(moved.map(|(path, text)| (path.replace(&folder, &format!("regimes/us-ear/enacted/{draft}-")), text)).collect())
}

/// Whether a shipped draft has a page that stands in for one of the regime's.
fn replaces(draft: &str) -> bool {
    LIBRARY.pack.under(&format!("regimes/us-ear/drafts/{draft}/")).any(|s| s.text.contains("\nreplaces = "))
}

/// Both at once, in either order of naming; and one after the other has become law, in either order of enactment.
#[test]
fn two_drafts_give_one_law_in_either_order() {
    let cases = cases();
    let drafts = LIBRARY.draft_names(&["us-ear".to_owned()]);
    assert!(drafts.len() >= 8, "the shipped drafts: {drafts:?}");
    let base = answers(&law(&LIBRARY, "us-ear", &[]), &cases);
    let alone: Vec<_> = drafts.iter().map(|d| answers(&law(&LIBRARY, "us-ear", &[d.as_str()]), &cases)).collect();
    for (draft, alone) in drafts.iter().zip(&alone) {
        assert!(*alone != base, "`{draft}` changes nothing that this test asks");
    }
    for (i, a) in drafts.iter().enumerate() {
        // A page that stands in for another is enacted by rewriting that one, not by moving files.
        let a_enacted = (!replaces(a)).then(|| enacted(a));
        // Which of two equally strict clauses is named follows the order of pages, and an enacted page stands elsewhere.
        if let Some(enacted) = &a_enacted {
            for (enacted, draft) in answers(&law(enacted, "us-ear", &[]), &cases).iter().zip(&alone[i]) {
                assert!(enacted.apart_from_deciders() == draft.apart_from_deciders(), "`{a}` as draft and as law");
            }
        }
        for b in &drafts[i + 1..] {
            let both = answers(&law(&LIBRARY, "us-ear", &[a.as_str(), b.as_str()]), &cases);
            let turned = answers(&law(&LIBRARY, "us-ear", &[b.as_str(), a.as_str()]), &cases);
            assert!(both == turned, "`{a}` and `{b}`, named in either order");
            let Some(a_enacted) = &a_enacted else { continue };
            let later = answers(&law(a_enacted, "us-ear", &[b.as_str()]), &cases);
            for (case, (one, other)) in cases.iter().zip(both.iter().zip(&later)) {
                let alike = one.apart_from_deciders() == other.apart_from_deciders();
                assert!(alike, "`{b}` over `{a}` enacted: {one:?}, {other:?} of {}", case.canonical(&LIBRARY.dictionary));
            }
        }
    }
}

/// The shipped pack with two drafts more, of one page each.
fn with_drafts(pages: [(&str, &str); 2]) -> Library {
    let mut all = texts();
    for (name, page) in pages {
        let folder = format!("regimes/us-ear/drafts/{name}");
        let act = format!(
            "[[instrument]]\nid = \"ACT-{name}\"\nkind = \"draft\"\ntitle = \"What if\"\ncitation = \"none\"\n\
             published = 2026-02-01\nconfidence = \"U\"\n"
        );
        all.push((format!("{folder}/draft.toml"), format!("id = \"{name}\"\ntitle = \"What if\"\nfrom = 2026-02-01\n")));
        all.push((format!("{folder}/instruments.toml"), act));
        all.push((format!("{folder}/page.md"), page.replace("{name}", name)));
    }
    open(all)
}

fn refusal(library: &Library, drafts: &[&str]) -> String {
    let mut problems = Vec::new();
    let drafts: Vec<String> = drafts.iter().map(|d| (*d).to_owned()).collect();
    library.law("us-ear", &drafts, &mut problems);
    rendered(&problems)
}

#[test]
fn two_drafts_that_replace_one_clause_are_refused_together() {
    let page = "# window-2026  A narrower window\n\n```toml rule\nkind = \"class\"\nof = \"item\"\nwhen = \"tpp < 15000\"\n\
        replaces = \"window-2026\"\nby = \"ACT-{name}\"\n```\n";
    let library = with_drafts([("narrow", page), ("narrower", page)]);
    for alone in ["narrow", "narrower"] {
        common::law(&library, "us-ear", &[alone]);
    }
    for pair in [["narrow", "narrower"], ["narrower", "narrow"]] {
        let said = refusal(&library, &pair);
        assert!(said.contains("drafts `narrow` and `narrower` both replace `window-2026`"), "{said}");
        let drafts: Vec<String> = pair.iter().map(|d| (*d).to_owned()).collect();
        assert!(library.corridor(&["us-ear".to_owned()], &drafts, Lens::default()).is_err(), "the corridor opens all the same");
    }
}

#[test]
fn two_drafts_that_add_one_clause_are_refused_together() {
    let page =
        "# new-ban  Nothing more\n\n```toml rule\nkind = \"prohibition\"\nwhen = \"tpp > 15000\"\nby = \"ACT-{name}\"\n```\n";
    let library = with_drafts([("ban", page), ("other-ban", page)]);
    for pair in [["ban", "other-ban"], ["other-ban", "ban"]] {
        let said = refusal(&library, &pair);
        assert!(said.contains("drafts `ban` and `other-ban` both state it"), "{said}");
    }
}

/// A draft that replaces a clause does so from its day on, and leaves the days before as they were.
#[test]
fn a_replaced_clause_keeps_its_past() {
    let page = "# window-2026  A narrower window\n\n```toml rule\nkind = \"class\"\nof = \"item\"\nwhen = \"tpp < 15000\"\n\
        replaces = \"window-2026\"\nby = \"ACT-{name}\"\n```\n";
    let unrelated =
        "# new-ban  Nothing more\n\n```toml rule\nkind = \"prohibition\"\nwhen = \"tpp > 15000\"\nby = \"ACT-{name}\"\n```\n";
    let library = with_drafts([("narrow", page), ("ban", unrelated)]);
    let (base, over) = (common::law(&library, "us-ear", &[]), common::law(&library, "us-ear", &["narrow"]));
    let ask = |law: &Law, date: &str| {
        let case = standard(&library, &[("date", date), ("chip", "H200 SXM"), ("to", "CN")]);
        regime::decide(law, &law.on(case.day, &Lens::default()), &case, &Totals::default()).outcome
    };
    assert_eq!(ask(&base, "2026-01-31"), ask(&over, "2026-01-31"));
    assert_eq!(ask(&base, "2026-02-01").text(), "licence, case by case");
    assert_eq!(ask(&over, "2026-02-01").text(), "licence, presumption of denial");
}

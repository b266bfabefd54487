//! Explanations of real orders under `us-ear`, whole: a page or an engine that changes what people are told shows here.
//! `pack` and `receipt` change with every edit of a page; they are blanked here and tested for what they promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{LIBRARY, corridor, open, rendered, texts};
use facts::{Case, Date, Order};
use regime::{Corridor, Explanation, Lens, Library, Totals, View, explain};

/// An order as the program's flags give it: named facts, then the standard case.
fn order(library: &Library, facts: &[(&str, &str)]) -> Case {
    let pairs: Vec<(String, String)> = facts.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let order = Order::from_pairs(&library.dictionary, &library.catalogue, "flags", &pairs);
    let mut case = order.unwrap_or_else(|problems| panic!("{}", rendered(&problems))).case;
    case.fill_standard(&library.dictionary);
    case
}

/// One order explained at the gate of `us-ear`, with nothing known of earlier shipments.
fn explained(corridor: &mut Corridor, case: &Case) -> Explanation {
    let epoch = corridor.epoch(0, case.day).cloned().expect("the law of the day");
    explain(&corridor.laws[0], &epoch, &corridor.lens, case, &Totals::default())
}

/// The explanation as JSON, without what every edit of a page changes.
fn golden(view: View, facts: &[(&str, &str)]) -> String {
    let mut corridor = corridor(&["us-ear"], Lens { view, known: None });
    let mut explanation = explained(&mut corridor, &order(&LIBRARY, facts));
    explanation.pack.clear();
    explanation.receipt.clear();
    serde_json::to_string_pretty(&explanation).expect("an explanation as JSON")
}

#[test]
fn h20_of_may_2025_to_china() {
    insta::assert_snapshot!(golden(View::Practice, &[("date", "2025-05-01"), ("chip", "H20 96GB"), ("to", "CN")]));
}

#[test]
fn h200_of_march_2026_to_china() {
    insta::assert_snapshot!(golden(View::Practice, &[("date", "2026-03-01"), ("chip", "H200 SXM"), ("to", "CN")]));
}

#[test]
fn rtx_4090_of_2024_to_china() {
    insta::assert_snapshot!(golden(View::Practice, &[("date", "2024-02-01"), ("chip", "RTX 4090"), ("to", "CN")]));
}

#[test]
fn l40s_on_the_first_day_of_the_2023_rule() {
    insta::assert_snapshot!(golden(View::Practice, &[("date", "2023-11-17"), ("chip", "L40S"), ("to", "CN")]));
}

#[test]
fn a_part_whose_die_area_is_missing() {
    let facts = [("date", "2024-03-01"), ("tpp", "2000"), ("datacenter", "yes"), ("vendor", "NVIDIA"), ("to", "CN")];
    insta::assert_snapshot!(golden(View::Practice, &facts));
}

#[test]
fn l20_to_a_half_listed_buyer_while_the_stay_is_in_doubt() {
    let facts = [("date", "2026-11-15"), ("chip", "L20"), ("to", "CN"), ("listed_owner_percent", "50")];
    insta::assert_snapshot!(golden(View::Practice, &facts));
}

#[test]
fn h100_to_brazil_by_the_text() {
    insta::assert_snapshot!(golden(View::Text, &[("date", "2025-06-01"), ("chip", "H100 SXM"), ("to", "BR")]));
}

#[test]
fn h200_imported_for_testing_and_export() {
    let facts = [
        ("date", "2026-03-01"),
        ("chip", "H200 SXM"),
        ("kind", "import"),
        ("to", "US"),
        ("ships_from", "TW"),
        ("us_use", "testing-for-export"),
        ("value_usd", "150000000"),
    ];
    insta::assert_snapshot!(golden(View::Practice, &facts));
}

/// The order that the receipts below are of.
const PLAIN: [(&str, &str); 3] = [("date", "2024-03-01"), ("chip", "H800 SXM"), ("to", "CN")];

/// Receipt and pack hash of an order under some texts and a lens.
fn receipt(library: &Library, lens: Lens, facts: &[(&str, &str)]) -> (String, String) {
    let corridor = library.corridor(&["us-ear".to_owned()], &[], lens);
    let mut corridor = corridor.unwrap_or_else(|problems| panic!("{}", rendered(&problems)));
    let explanation = explained(&mut corridor, &order(library, facts));
    (explanation.receipt, explanation.pack)
}

#[test]
fn equal_inputs_give_equal_receipts() {
    let (first, pack) = receipt(&LIBRARY, Lens::default(), &PLAIN);
    let anew = open(texts());
    assert_eq!(receipt(&anew, Lens::default(), &PLAIN), (first.clone(), pack.clone()));
    // The order in which facts are given is no input.
    let turned: Vec<(&str, &str)> = PLAIN.iter().rev().copied().collect();
    assert_eq!(receipt(&LIBRARY, Lens::default(), &turned), (first.clone(), pack.clone()));
    for hash in [first, pack] {
        assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash} is no SHA-256");
    }
}

#[test]
fn a_changed_fact_gives_another_receipt() {
    let (first, pack) = receipt(&LIBRARY, Lens::default(), &PLAIN);
    let changes: [&[(&str, &str)]; 4] = [
        &[("date", "2024-03-02"), PLAIN[1], PLAIN[2]],
        &[PLAIN[0], ("chip", "A800 SXM 80GB"), PLAIN[2]],
        &[PLAIN[0], PLAIN[1], ("to", "MO")],
        // A fact that no clause asks about is an input all the same.
        &[PLAIN[0], PLAIN[1], PLAIN[2], ("consignee", "Somebody")],
    ];
    for facts in changes {
        let (other, same_pack) = receipt(&LIBRARY, Lens::default(), facts);
        assert_ne!(other, first, "{facts:?}");
        assert_eq!(same_pack, pack);
    }
}

#[test]
fn a_changed_lens_gives_another_receipt() {
    let (first, pack) = receipt(&LIBRARY, Lens::default(), &PLAIN);
    let known: Date = "2026-01-01".parse().expect("a day");
    for lens in [Lens { view: View::Text, known: None }, Lens { view: View::Practice, known: Some(known) }] {
        let (other, same_pack) = receipt(&LIBRARY, lens, &PLAIN);
        assert_ne!(other, first);
        assert_eq!(same_pack, pack);
    }
}

#[test]
fn a_changed_page_gives_another_receipt() {
    let (first, pack) = receipt(&LIBRARY, Lens::default(), &PLAIN);
    let changed = |prefix: &str| {
        let mut files = texts();
        let page = files.iter_mut().find(|(path, _)| path.starts_with(prefix) && path.ends_with(".md")).expect("a page");
        page.1.push_str("\nOne more sentence.\n");
        open(files)
    };
    let (other, other_pack) = receipt(&changed("regimes/us-ear/"), Lens::default(), &PLAIN);
    assert_ne!(other, first);
    assert_ne!(other_pack, pack);
    // Another regime's page is no part of this one.
    assert_eq!(receipt(&changed("regimes/cn-import/"), Lens::default(), &PLAIN), (first, pack));
}

//! The page from plain data: nothing gets out of its quotes, nothing is said that is not there, gaps are gaps, bytes are bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::collections::BTreeSet;

use crate::words::Words;
use crate::*;

const BOTH: [Lang; 2] = [Lang::En, Lang::Zh];

fn page(report: &Report, lang: Lang) -> String {
    html(report, lang).unwrap()
}

// --- numbers ---------------------------------------------------------------------------------------------------------------------

#[test]
fn numbers_have_at_most_three_significant_digits() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "0"),
        (5.0, "5"),
        (5.5, "5.5"),
        (9.996, "10"),
        (-4.5, "\u{2212}4.5"),
        (0.012345, "0.0123"),
        (0.000_012_345, "0.0000123"),
        (999.6, "1,000"),
        (12_345.0, "12,300"),
        (1_234_567.8, "1,230,000"),
        (1.2e-9, "1.20e\u{2212}9"),
        (3e20, "3.00e20"),
        (f64::NAN, "–"),
        (f64::INFINITY, "–"),
    ] {
        assert_eq!(figure(value), text, "{value}");
    }
}

#[test]
fn quarters_and_shares_have_names() {
    for (time, text) in [(2024.0, "2024Q1"), (2024.25, "2024Q2"), (2024.75 - 1e-9, "2024Q4"), (2024.99, "2024Q4")] {
        assert_eq!(period(time), text, "{time}");
    }
    assert_eq!((period(f64::NAN), percent(f64::NAN), percent(0.734)), ("–".into(), "–".into(), "73%".into()));
    assert_eq!([0.0, 0.004, 0.006, 0.994, 0.996, 1.0].map(percent), ["0%", "<1%", "1%", "99%", ">99%", "100%"]);
}

#[test]
fn ticks_keep_what_tells_them_apart() {
    for (value, text) in [(1005.0, "1,005"), (0.25, "0.25"), (25_000.0, "25,000"), (1.0, "1"), (2.5, "2.5")] {
        assert_eq!(number::tick(value), text);
    }
}

#[test]
fn a_sparkline_survives_anything() {
    assert_eq!(sparkline(&[1.0, 2.0, 3.0], 10), "▁▅█");
    assert_eq!(sparkline(&[1.0, f64::NAN, 3.0], 10), "▁ █");
    assert_eq!(sparkline(&[2.0, 2.0], 10), "▅▅");
    assert_eq!(sparkline(&[0.0, 0.0, 4.0, 4.0], 2), "▁█");
    assert_eq!(sparkline(&[f64::NAN, f64::INFINITY], 10), "  ");
    assert_eq!((sparkline(&[], 10), sparkline(&[1.0], 0)), (String::new(), String::new()));
    assert_eq!(sparkline(&[f64::MIN, f64::MAX], 2), "▁█");
    assert_eq!(sparkline(&vec![1.0; 1000], 40).chars().count(), 40);
}

// --- words -----------------------------------------------------------------------------------------------------------------------

#[test]
fn both_languages_have_the_same_phrases_and_holes() {
    let read = |lang: Lang| -> Vec<(String, BTreeSet<String>)> {
        let table: toml::Table = toml::from_str(lang.text()).unwrap();
        let holes = |text: &str| text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect();
        table.iter().map(|(key, value)| (key.clone(), holes(value.as_str().unwrap()))).collect()
    };
    assert_eq!(read(Lang::En), read(Lang::Zh));
    for lang in BOTH {
        Words::read(lang).unwrap();
        assert!(!lang.text().contains("\"\""), "an empty phrase");
    }
}

#[test]
fn the_page_speaks_one_language() {
    let ascii_only = |html: &str| !html.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
    let body = |lang: Lang| page(&sample::sample(lang), lang).split_once("</style>").unwrap().1.to_owned();
    assert!(ascii_only(&body(Lang::En)));
    let chinese = body(Lang::Zh);
    for phrase in ["Contents", "Median", "worlds", "Supported", "Scenario", "Receipts"] {
        assert!(!chinese.contains(phrase), "{phrase}");
    }
    assert!(page(&sample::sample(Lang::Zh), Lang::Zh).contains("<html lang=\"zh-Hans\">"));
}

// --- page ------------------------------------------------------------------------------------------------------------------------

#[test]
fn the_same_report_is_the_same_bytes() {
    for lang in BOTH {
        let first = page(&sample::sample(lang), lang);
        assert_eq!(first, page(&sample::sample(lang), lang));
        assert!(!first.contains("kuva"), "the library's counters or stamps are on the page");
    }
}

#[test]
fn ids_are_unique_and_links_lead_somewhere() {
    let html = page(&sample::sample(Lang::En), Lang::En);
    let all =
        |before: &str| -> Vec<&str> { html.split(before).skip(1).map(|rest| rest.split(['"', ')']).next().unwrap()).collect() };
    let ids = all(" id=\"");
    let set: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), set.len(), "{ids:?}");
    let links: Vec<&str> = all("href=\"#").into_iter().chain(all("url(#")).collect();
    assert!(links.len() > 15);
    assert!(links.iter().all(|link| set.contains(link)), "{links:?} {ids:?}");
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    for lang in BOTH {
        let html = page(&sample::sample(lang), lang);
        for word in ["<script", "src=", "@import", "@font-face", "onload", "<iframe"] {
            assert!(!html.contains(word), "{word}");
        }
        assert!(!html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").contains("://"), "an address");
    }
}

#[test]
fn every_text_is_escaped_in_the_page_and_in_its_pictures() {
    let bad = "<script>alert('x')</script>\" onload=\"y & $5 to $6";
    let mut report = sample::sample(Lang::En);
    let text = || bad.to_owned();
    report.title = text();
    report.question = text();
    report.summary = vec![text()];
    report.scenarios = vec![text(), "b".into()];
    report.hashes = vec![(text(), text())];
    report.beliefs = vec![text()];
    for row in &mut report.timeline {
        (row.gate, row.part) = (text(), text());
        row.spans.iter_mut().for_each(|s| (s.label, s.by) = (text(), text()));
    }
    for fan in &mut report.fans {
        (fan.title, fan.unit) = (text(), text());
        fan.id = format!("{}{bad}", fan.id);
        fan.dots.iter_mut().for_each(|d| d.label = text());
        fan.others.iter_mut().for_each(|(name, _)| *name = text());
    }
    report.receipts.iter_mut().for_each(|b| (b.title, b.unit) = (text(), text()));
    for paths in &mut report.stances {
        paths.scenario = text();
        paths.names.iter_mut().for_each(|n| *n = text());
    }
    for row in &mut report.comparison {
        (row.metric, row.unit) = (text(), text());
        row.others.iter_mut().for_each(|(name, _, _)| *name = text());
    }
    for row in &mut report.claims {
        (row.id, row.says, row.kind, row.figures, row.source) = (text(), text(), text(), text(), text());
    }
    for row in &mut report.assumptions {
        (row.name, row.meaning, row.unit, row.low, row.central) = (text(), text(), text(), text(), text());
        (row.high, row.source, row.confidence) = (text(), text(), text());
    }
    report.backtest.iter_mut().for_each(|r| (r.observation, r.unit) = (text(), text()));
    for lang in BOTH {
        let html = page(&report, lang);
        assert!(!html.contains("<script"), "a script got out");
        assert!(!html.contains("\" onload"), "a quote got out");
        assert!(html.matches("script&gt;").count() + html.matches("script&#62;").count() > 100);
        assert!(html.contains("$5 to $6</text>"), "two dollar signs in a picture are money, not a formula");
    }
}

#[test]
fn empty_sections_are_left_out() {
    let bare = Report { title: "Bare".into(), ..Report::default() };
    let html = page(&bare, Lang::En);
    assert_eq!(html.matches("<section").count(), 1);
    assert_eq!(html.matches("<h2").count(), 1);
    assert!(html.contains("id=\"provenance\"") && !html.contains("<svg") && !html.contains("<figure"));

    let full = page(&sample::sample(Lang::En), Lang::En);
    assert_eq!(full.matches("<section").count(), 11);
    let order: Vec<usize> =
        ["answer", "timeline", "fans", "receipts", "stances", "comparison", "backtest", "claims", "assumptions", "beliefs"]
            .iter()
            .map(|id| full.find(&format!("<section id=\"{id}\"")).unwrap())
            .collect();
    assert!(order.is_sorted());

    type Empty = fn(&mut Report);
    let emptied: [(&str, Empty); 10] = [
        ("answer", |r| r.summary.clear()),
        ("timeline", |r| r.timeline.clear()),
        ("fans", |r| r.fans.clear()),
        ("receipts", |r| r.receipts.clear()),
        ("stances", |r| r.stances.clear()),
        ("comparison", |r| r.comparison.clear()),
        ("backtest", |r| r.backtest.clear()),
        ("claims", |r| r.claims.clear()),
        ("assumptions", |r| r.assumptions.clear()),
        ("beliefs", |r| r.beliefs.clear()),
    ];
    for (id, empty) in emptied {
        let mut report = sample::sample(Lang::En);
        empty(&mut report);
        let html = page(&report, Lang::En);
        assert_eq!(html.matches("<section").count(), 10, "{id}");
        assert!(!html.contains(&format!("\"{id}\"")) && !html.contains(&format!("#{id}\"")), "{id}");
    }
}

#[test]
fn missing_numbers_are_gaps_and_are_told() {
    let whole = page(&sample::sample(Lang::En), Lang::En);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut report = sample::sample(Lang::En);
        for fan in &mut report.fans {
            fan.bands[2][7] = bad;
            fan.bands[0][20] = bad;
            fan.dots.iter_mut().step_by(3).for_each(|d| d.y = bad);
        }
        report.fans[0].known_until = Some(bad);
        report.receipts[0].median[3] = bad;
        report.receipts[0].high[5] = bad;
        report.stances[0].share[1][4] = bad;
        report.timeline[0].spans[0].to = bad;
        report.comparison[0].others[0].1.low = bad;
        report.comparison[0].others[0].2 = bad;
        report.backtest[0].published = bad;
        let html = page(&report, Lang::En);
        assert_clean(&html);
        assert!(html.matches("class=\"note\"").count() > whole.matches("class=\"note\"").count());
    }
}

#[test]
fn a_report_of_nothing_but_gaps_is_still_a_page() {
    let mut report = sample::sample(Lang::En);
    for fan in &mut report.fans {
        fan.x.fill(f64::NAN);
        fan.bands.iter_mut().for_each(|b| b.fill(f64::NAN));
        fan.dots.iter_mut().for_each(|d| (d.x, d.y) = (f64::NAN, f64::NAN));
        fan.others.iter_mut().for_each(|(_, m)| m.fill(f64::NAN));
    }
    for bars in &mut report.receipts {
        (0..bars.x.len()).for_each(|at| (bars.median[at], bars.low[at], bars.high[at]) = (f64::NAN, f64::NAN, f64::NAN));
    }
    report.stances.iter_mut().flat_map(|p| &mut p.share).for_each(|s| s.fill(f64::NAN));
    report.timeline.iter_mut().flat_map(|r| &mut r.spans).for_each(|s| (s.from, s.to) = (f64::NAN, f64::NAN));
    assert_clean(&page(&report, Lang::En));
}

#[test]
fn odd_sizes_do_not_break() {
    let fan = |x: Vec<f64>, value: f64| Fan {
        id: "f".into(),
        bands: std::array::from_fn(|_| vec![value; x.len()]),
        x,
        ..Fan::default()
    };
    for value in [0.0, 1e-300, -7.0, 1e12, 1e300] {
        for x in [vec![], vec![2026.0], vec![2026.0, 2026.25], (0..400).map(|q| 2000.0 + f64::from(q) / 4.0).collect()] {
            let bars = Bars {
                x: x.clone(),
                median: vec![value; x.len()],
                low: vec![value; x.len()],
                high: vec![value; x.len()],
                ..Bars::default()
            };
            let stances =
                StancePaths { names: vec!["a".into()], share: vec![vec![1.0; x.len()]], x: x.clone(), ..StancePaths::default() };
            let timeline = vec![GateRow { spans: vec![], ..GateRow::default() }];
            let report =
                Report { fans: vec![fan(x, value)], receipts: vec![bars], stances: vec![stances], timeline, ..Report::default() };
            assert_clean(&page(&report, Lang::Zh));
        }
    }
}

#[test]
fn lists_that_do_not_fit_together_are_refused() {
    type Break = fn(&mut Report);
    let breaks: [(Break, &str); 6] = [
        (|r| r.fans[0].bands[3].truncate(2), "share: 75 % has 2 values, not 36"),
        (|r| r.fans[0].others[0].1.clear(), "Fixed lag of two generations has 0 values, not 36"),
        (|r| r.receipts[0].high.push(1.0), "high has 21 values, not 20"),
        (|r| r.stances[1].share[2].clear(), "Second tier with fee has 0 values, not 17"),
        (|r| r.stances[1].share.truncate(2), "share has 2 values, not 5"),
        (|r| r.receipts[0].x.clear(), "median has 20 values, not 0"),
    ];
    for (damage, told) in breaks {
        let mut report = sample::sample(Lang::En);
        damage(&mut report);
        let why = html(&report, Lang::En).unwrap_err().to_string();
        assert!(why.contains(told), "{why}");
    }
}

#[test]
fn a_difference_is_read_only_where_its_range_keeps_to_one_side() {
    let html = page(&sample::sample(Lang::En), Lang::En);
    let words: Vec<&str> = html
        .split("<section id=\"comparison\"")
        .nth(1)
        .unwrap()
        .split("</section>")
        .next()
        .unwrap()
        .split("class=\"reading ")
        .skip(1)
        .map(|rest| rest.split(['>', '<']).nth(1).unwrap())
        .collect();
    assert_eq!(words, ["better", "worse", "either way", "higher", "either way", "worse", "either way", "either way"]);
}

#[test]
fn the_page_is_small() {
    for lang in BOTH {
        let size = page(&sample::sample(lang), lang).len();
        assert!(size < 200_000, "{size} bytes");
    }
}

/// No number that is none reached the page.
fn assert_clean(html: &str) {
    for word in ["NaN", "inf ", "inf\"", "-inf"] {
        assert!(!html.contains(word), "{word}: {}", html.split(word).next().unwrap().chars().rev().take(200).collect::<String>());
    }
}

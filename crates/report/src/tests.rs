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

/// A unit as files write it.
fn unit(text: &str) -> Unit {
    Unit::read(text).unwrap_or_else(|| panic!("no spelling for {text}")).0
}

#[test]
fn a_number_is_written_by_its_unit() {
    // Unit, number, English, Chinese.
    let minus = '\u{2212}';
    for (of, value, en, zh) in [
        ("year", 2030.25, "2030Q2".to_owned(), "2030Q2".to_owned()),
        ("year", 2026.0, "2026Q1".into(), "2026Q1".into()),
        ("share", 0.274, "27.4 %".into(), "27.4%".into()),
        ("share", 0.93, "93 %".into(), "93%".into()),
        ("share", 0.00000827, "<0.1 %".into(), "<0.1%".into()),
        ("share", -0.00000827, format!(">{minus}0.1 %"), format!(">{minus}0.1%")),
        ("share", 0.99995, ">99.9 %".into(), ">99.9%".into()),
        ("share", 0.0, "0 %".into(), "0%".into()),
        ("share", -0.0, "0 %".into(), "0%".into()),
        ("share", 1.0, "100 %".into(), "100%".into()),
        ("percent", 28.0, "28 %".into(), "28%".into()),
        ("share/year", 1.5, "150 % a year".into(), "150%/年".into()),
        ("1/year", 0.15, "0.15 a year".into(), "0.15/年".into()),
        ("percentage points", 3.44, "3.4 percentage points".into(), "3.4 个百分点".into()),
        ("USD bn", 0.2394, "239 million USD".into(), "2.39 亿美元".into()),
        ("USD bn", 1.65, "1.65 billion USD".into(), "16.5 亿美元".into()),
        ("USD bn", 0.00000827, "8,270 USD".into(), "8,270 美元".into()),
        ("USD bn", 4.01e-8, "40 USD".into(), "40 美元".into()),
        ("USD bn", 4.01e-12, "<1 USD".into(), "<1 美元".into()),
        ("USD bn", -160.0, format!("{minus}160 billion USD"), format!("{minus}1,600 亿美元")),
        ("USD bn", 1234.0, "1.23 trillion USD".into(), "1.23 万亿美元".into()),
        ("USD bn/year", 3.2, "3.2 billion USD a year".into(), "32 亿美元/年".into()),
        ("USD k", 25.0, "25,000 USD".into(), "2.5 万美元".into()),
        ("USD bn/k", 0.0123, "12,300 USD a part".into(), "1.23 万美元/张".into()),
        ("USD per GPU-hour", 2.494, "2.49 USD an hour of a part".into(), "2.49 美元/卡时".into()),
        ("RMB bn", 1000.0, "1 trillion RMB".into(), "1 万亿元人民币".into()),
        ("thousand RMB per month", 55.0, "55,000 RMB a month".into(), "5.5 万元人民币/月".into()),
        ("k", 1.3464, "1,350 parts".into(), "1,350 张".into()),
        ("k", 1346.4, "1.35 million parts".into(), "135 万张".into()),
        ("k", 0.0000004, "<1 parts".into(), "<1 张".into()),
        ("k", 0.0126, "13 parts".into(), "13 张".into()),
        ("kH100e", 15.49, "15,500 H100 equivalents".into(), "1.55 万张 H100 当量".into()),
        ("k wafers/month", 20.0, "20,000 wafers a month".into(), "2 万片晶圆/月".into()),
        ("k stacks/quarter", 500.0, "500,000 memory stacks a quarter".into(), "50 万个存储堆栈/季度".into()),
        ("TPP", 20918.6, "20,919 TPP".into(), "20,919 TPP".into()),
        ("TPP", 336551.6, "337,000 TPP".into(), "337,000 TPP".into()),
        ("TPP", 1_530_400.0, "1.53 million TPP".into(), "153 万 TPP".into()),
        ("GB/s", 819.2, "819 GB/s".into(), "819 GB/s".into()),
        ("times", 5.694, "5.69 times".into(), "5.69 倍".into()),
        ("times", 4.0e-8, "<0.01 times".into(), "<0.01 倍".into()),
        ("number", -1.25, format!("{minus}1.25"), format!("{minus}1.25")),
        ("count", 28.0, "28".into(), "28".into()),
        ("utils", 0.5, "0.5".into(), "0.5".into()),
        ("rung", 2.0, "2".into(), "2".into()),
        ("quarters", 2.5, "2.5 quarters".into(), "2.5 个季度".into()),
        ("USD bn", f64::NAN, "–".into(), "–".into()),
        ("share", f64::INFINITY, "–".into(), "–".into()),
    ] {
        assert_eq!((unit(of).say(value, Lang::En), unit(of).say(value, Lang::Zh)), (en, zh), "{value} {of}");
    }
}

#[test]
fn rounding_does_not_stop_before_the_next_word() {
    for (of, value, text) in [
        ("USD bn", 0.9996, "1 billion"),
        ("USD bn", 0.0009996, "1 million"),
        ("k", 999.96, "1 million"),
        ("share", 0.0999, "10 %"),
        ("share", 12.345, "1,230 %"),
        ("times", 9.996, "10"),
    ] {
        assert_eq!(unit(of).amount(value, Lang::En), text, "{value} {of}");
    }
}

#[test]
fn differences_have_a_sign_and_a_unit_of_their_own() {
    let minus = '\u{2212}';
    for (of, value, text) in [
        ("share", 0.034, "+3.4 percentage points".to_owned()),
        ("share", -0.0000238, format!(">{minus}0.1 percentage points")),
        ("year", -0.5, format!("{minus}2 quarters")),
        ("year", 0.0, "0 quarters".into()),
        ("USD bn", 0.238, "+238 million".into()),
        ("k", 12.0, "+12,000".into()),
        ("USD bn", f64::NAN, "–".into()),
    ] {
        assert_eq!(unit(of).change(value, Lang::En), text, "{value} {of}");
    }
    assert_eq!(unit("USD bn").say_change(0.126, Lang::En), "+126 million USD");
    assert_eq!(unit("USD bn").range(0.0047, 11.0, Lang::En), "4.7 million to 11 billion");
    assert_eq!(unit("share").change_range(-0.01, 0.02, Lang::Zh), format!("{minus}1 至 +2"));
}

#[test]
fn a_unit_is_read_with_its_remark_and_an_unknown_one_is_not() {
    for (text, name, remark) in [
        ("percent (57-60)", "share", "(57-60)"),
        ("H100e cumulative median", "H100 equivalents", "cumulative median"),
        ("H100e per quarter (median differences)", "H100 equivalents a quarter", "(median differences)"),
        ("USD bn (implied: 201.9/1.268)", "USD", "(implied: 201.9/1.268)"),
        ("thousand wafers per month (20% of total)", "wafers a month", "(20% of total)"),
    ] {
        let (unit, rest) = Unit::read(text).unwrap();
        assert_eq!((unit.name(Lang::En).as_str(), rest), (name, remark), "{text}");
    }
    for text in ["", "kUSD", "furlongs", "USDbn", "share per fortnight", "kilo"] {
        assert_eq!(Unit::read(text), None, "{text}");
    }
    // Published figures keep their digits.
    assert_eq!(unit("USD bn").published(4.538, Lang::En), "4.538 billion USD");
    assert_eq!(unit("kH100e").published(312.843, Lang::En), "312,843 H100 equivalents");
}

#[test]
fn quarters_have_names() {
    for (time, text) in
        [(2024.0, "2024Q1"), (2024.25, "2024Q2"), (2024.75 - 1e-9, "2024Q4"), (2024.99, "2024Q4"), (f64::NAN, "–")]
    {
        assert_eq!(period(time), text, "{time}");
    }
}

#[test]
fn ticks_keep_what_tells_them_apart() {
    for (of, value, text) in [
        ("number", 1005.0, "1,005"),
        ("number", 0.25, "0.25"),
        ("number", 25_000.0, "25,000"),
        ("share", 0.25, "25 %"),
        ("USD bn", 2.5, "2.5 billion"),
        ("kH100e", 10_000.0, "10 million"),
        ("USD bn", 0.0, "0"),
    ] {
        assert_eq!(unit(of).tick(value, Lang::En), text);
    }
}

// --- score -----------------------------------------------------------------------------------------------------------------------

#[test]
fn the_score_has_one_denominator_for_each_thing_it_counts() {
    let row =
        |inside, error, last_error, scripted_error| ScoreRow { inside, error, last_error, scripted_error, ..ScoreRow::default() };
    let rows = [
        row(true, 1.0, Some(2.0), Some(0.5)),
        row(false, 3.0, Some(3.0), Some(4.0)),
        row(false, 1.0, None, None),
        row(true, -1.0, Some(-2.0), None),
    ];
    let tally = Tally::of(&rows);
    assert_eq!((tally.all, tally.inside), (4, 2));
    assert_eq!((tally.last, tally.scripted), (Null { all: 3, nearer: 2 }, Null { all: 2, nearer: 1 }));
    let said = believed(&rows, 100, Lang::En).unwrap().unwrap();
    for part in ["of 4 figures", "held 2", "in 2 of the 3 figures that have one", "in 1 of 2"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!believed(&rows, 100, Lang::Zh).unwrap().unwrap().contains('{'));
    assert_eq!(believed(&[], 100, Lang::En).unwrap(), None);
    // Of one world, or a handful, there is no band: nothing is scored then.
    for worlds in [1, FEWEST - 1] {
        for lang in BOTH {
            let said = believed(&rows, worlds, lang).unwrap().unwrap();
            assert!(said.contains(&worlds.to_string()) && said.contains("--worlds") && !said.contains('{'), "{said}");
        }
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
        fan.title = text();
        fan.id = format!("{}{bad}", fan.id);
        fan.dots.iter_mut().for_each(|d| d.label = text());
        fan.others.iter_mut().for_each(|(name, _)| *name = text());
    }
    report.receipts.iter_mut().for_each(|b| b.title = text());
    report.departures = vec![text()];
    for paths in &mut report.stances {
        paths.scenario = text();
        paths.names.iter_mut().for_each(|n| *n = text());
    }
    for row in &mut report.comparison {
        row.metric = text();
        row.others.iter_mut().for_each(|(name, _, _)| *name = text());
    }
    for row in &mut report.claims {
        (row.id, row.says, row.kind, row.figures, row.source) = (text(), text(), text(), text(), text());
    }
    for row in &mut report.assumptions {
        (row.name, row.meaning, row.unit, row.low, row.central) = (text(), text(), text(), text(), text());
        (row.high, row.source, row.confidence) = (text(), text(), text());
    }
    report.backtest.iter_mut().for_each(|r| r.observation = text());
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

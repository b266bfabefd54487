//! A made-up report, so that the page can be looked at without a simulator. No number of it says anything about the world.
#![allow(dead_code, missing_docs, unreachable_pub)]

use report::{
    Assumption, Bars, Better, ClaimRow, Comparison, Dot, Fan, GateRow, Interval, Lang, Report, ScoreRow, Span, StancePaths,
    Status, Unit, Verdict,
};

/// A unit as files write it.
fn unit(text: &str) -> Unit {
    Unit::read(text).expect("a unit with a spelling").0
}

/// Picks the text of the page's language.
pub struct Say(pub Lang);

impl Say {
    pub fn text(&self, en: &str, zh: &str) -> String {
        if self.0 == Lang::En { en } else { zh }.to_owned()
    }
}

pub fn sample(lang: Lang) -> Report {
    let say = Say(lang);
    let scenarios = vec![
        say.text("Law as it stands", "现行法规"),
        say.text("Fixed lag of two generations", "固定落后两代"),
        say.text("Closed for ever", "永久关闭"),
    ];
    Report {
        title: say.text("What a 25 % fee on H200-class chips would do", "对 H200 级芯片收取 25% 费用会怎样"),
        question: say.text(
            "If the exporter keeps the second tier open for a fee, who depends on whom in 2030, and what is collected?",
            "如果出口方以收费方式保持第二梯队开放，到 2030 年谁依赖谁，能收到多少？",
        ),
        summary: vec![
            say.text(
                "Receipts stay below USD 3 bn a quarter in nine of ten worlds: the importer's gate binds more often than the exporter's.",
                "在十分之九的世界里，每季度收入低于 30 亿美元：起约束作用的更多是进口方的关口。",
            ),
            say.text(
                "Domestic parts reach half of the market by 2029Q1 (median); a closed gate brings this forward by three quarters.",
                "国产芯片在 2029Q1（中位数）达到市场一半；关口关闭会使其提前三个季度。",
            ),
            say.text(
                "Whether the fee slows self-sufficiency cannot be told: the sign hangs on how far imports crowd out research.",
                "收费是否延缓自给无法判定：方向取决于进口对研发的挤出程度。",
            ),
        ],
        worlds: 10_000,
        quarters: 36,
        seed: 20_261_124,
        hashes: vec![
            ("us-ear".into(), "sha256:7d3c0c4c0f7f2a19c5b2e8a1d0b46f6f0f8e9d6a4a7f31d2c8e5b9a0f1c2d3e4".into()),
            ("cn-import".into(), "sha256:19ab5c7722f0b43d1e6a9c80d7f5e4b3a2918070f6e5d4c3b2a1908f7e6d5c4b".into()),
            ("scenarios/fee.toml".into(), "sha256:c0ffee11d0b46f6f0f8e9d6a4a7f31d2c8e5b9a0f1c2d3e47d3c0c4c0f7f2a19".into()),
        ],
        timeline: timeline(&say),
        fans: fans(&say, &scenarios),
        receipts: receipts(&say),
        stances: stances(&say, &scenarios),
        departures: vec![say.text(
            "“Closed for ever” is the same world up to 2027Q1; from then on the exporter's gate stands at `closed`.",
            "“永久关闭”在2027Q1以前与基准相同；自2027Q1起：出口方关口取立场 closed。",
        )],
        comparison: comparison(&say, &scenarios),
        claims: claims(&say),
        assumptions: assumptions(&say),
        beliefs: vec![
            say.text(
                "Shares and receipts up to 2027 rest on observed demand; after that the spread is mostly politics.",
                "2027 年以前的份额与收入以观测到的需求为据；其后的离散主要来自政治。",
            ),
            say.text(
                "Diversion is a guess between published extremes. Results that hang on it are marked contingent.",
                "转运量是在公开的极端值之间的猜测。取决于它的结果标为“视条件而定”。",
            ),
            say.text("No claim is made about any single company.", "不对任何一家公司作出论断。"),
        ],
        backtest: backtest(&say),
        scenarios,
    }
}

fn timeline(say: &Say) -> Vec<GateRow> {
    let us = say.text("United States: export", "美国：出口");
    let cn = say.text("China: import", "中国：进口");
    let span = |from: f64, to: f64, status: Status, en: &str, zh: &str, by: &str| Span {
        from,
        to,
        status,
        label: say.text(en, zh),
        by: by.to_owned(),
    };
    let row = |gate: &str, part: String, spans: Vec<Span>| GateRow { gate: gate.to_owned(), part, spans };
    vec![
        row(
            &us,
            "A100 80GB".into(),
            vec![
                span(2022.0, 2022.67, Status::Open, "free", "放行", "EAR99"),
                span(
                    2022.67,
                    2026.9,
                    Status::Denied,
                    "letter, then 3A090",
                    "信函，后为 3A090",
                    "letter of August 2022; 742.6(a)(6)(iii)",
                ),
            ],
        ),
        row(
            &us,
            "A800 80GB".into(),
            vec![
                span(2022.85, 2023.8, Status::Open, "free", "放行", "below the 2022 threshold"),
                span(2023.8, 2026.9, Status::Denied, "presumed denied", "推定拒绝", "88 FR 73458"),
            ],
        ),
        row(
            &us,
            "H20 96GB".into(),
            vec![
                span(2024.0, 2025.28, Status::Open, "free", "放行", "below 3A090.a"),
                span(2025.28, 2025.62, Status::Denied, "letter", "信函", "letter of April 2025"),
                span(2025.62, 2026.9, Status::Licence, "licences issued", "发放许可", "announcement of August 2025"),
            ],
        ),
        row(
            &us,
            "H200 141GB".into(),
            vec![
                span(2024.2, 2026.04, Status::Denied, "presumed denied", "推定拒绝", "742.6(a)(6)(iii)"),
                span(2026.04, 2026.9, Status::Licence, "case by case", "逐案审查", "742.6(a)(6)(iii)(A)"),
            ],
        ),
        row(
            &us,
            say.text("Newest class", "最新一代"),
            vec![span(2024.9, 2026.9, Status::Denied, "presumed denied", "推定拒绝", "3A090.a")],
        ),
        row(
            &cn,
            "H20 96GB".into(),
            vec![
                span(2024.0, 2025.58, Status::Open, "free", "放行", ""),
                span(2025.58, 2026.9, Status::Closed, "told not to buy", "要求停止采购", "guidance of August 2025"),
            ],
        ),
        row(
            &cn,
            "H200 141GB".into(),
            vec![
                span(2024.2, 2025.95, Status::Unknown, "not offered", "未供货", ""),
                span(2025.95, 2026.12, Status::Closed, "customs block", "海关拦截", "customs notice, January 2026"),
                span(2026.12, 2026.9, Status::Licence, "conditional", "附条件", "conditional approvals, 2026"),
            ],
        ),
        row(
            &cn,
            say.text("State-funded data centers, any foreign part", "国资数据中心，任何外国芯片"),
            vec![span(2025.85, 2026.9, Status::Closed, "closed", "关闭", "guidance of November 2025")],
        ),
    ]
}

fn quarters(from: f64, n: usize) -> Vec<f64> {
    (0..n).map(|q| from + q as f64 * 0.25).collect()
}

/// A fan around a middle line, whose spread grows after the fit.
fn fan(id: &str, title: String, unit: Unit, middle: impl Fn(f64) -> f64, spread: f64) -> Fan {
    let x = quarters(2022.0, 36);
    let wide = |t: f64| spread * (0.12 + (t - 2024.9).max(0.0).sqrt() * 0.42);
    let band = |z: f64| x.iter().map(|&t| middle(t) * (z * wide(t)).exp()).collect();
    let bands = [band(-1.64), band(-0.67), band(0.0), band(0.67), band(1.64)];
    Fan { id: id.to_owned(), title, unit, x, bands, known_until: Some(2026.88), ..Fan::default() }
}

fn observed(fan: &mut Fan, say: &Say, wobble: f64) {
    let middle = fan.bands[2].clone();
    for (at, &x) in fan.x.iter().enumerate().take(19) {
        let y = middle[at] * (1.0 + wobble * ((at * 7 % 5) as f64 - 2.0) / 10.0);
        fan.dots.push(Dot { x, y, label: say.text("published", "公布值"), scored: x >= 2025.0 });
    }
}

fn fans(say: &Say, scenarios: &[String]) -> Vec<Fan> {
    let logistic = |t: f64, at: f64| 1.0 / (1.0 + (-(t - at) * 0.9_f64).exp());
    let mut share = fan(
        "share",
        say.text("Domestic share of high-end compute", "国产高端算力份额"),
        unit("percent"),
        |t| 8.0 + 78.0 * logistic(t, 2028.4),
        0.35,
    );
    let mut sales = fan(
        "sales",
        say.text("Vendor's sales to the importer", "供应商对进口方的销售额"),
        unit("USD bn/quarter"),
        |t| 3.1 + 1.6 * ((t - 2022.0) * 1.9).sin() - 0.12 * (t - 2022.0),
        1.0,
    );
    let mut ratio = fan(
        "ratio",
        say.text("Installed compute, exporter's side to importer's", "已装算力之比（出口方比进口方）"),
        unit("times"),
        |t| 6.0 + (t - 2022.0) * 0.55,
        0.5,
    );
    let unmet = fan(
        "unmet",
        say.text("Unmet demand", "未满足的需求"),
        unit("kH100e"),
        |t| 120.0 + 900.0 * (-(t - 2026.3).powi(2) * 0.6).exp(),
        0.9,
    );
    // A share stays below the whole.
    share.bands.iter_mut().flatten().for_each(|v| *v = 100.0 * (1.0 - (-*v / 100.0_f64).exp()) / (1.0 - (-1.6_f64).exp()));
    for (fan, wobble) in [(&mut share, 0.5), (&mut sales, 0.9), (&mut ratio, 0.4)] {
        observed(fan, say, wobble);
    }
    let mut all = vec![share, sales, ratio, unmet];
    for fan in &mut all {
        let other = |factor: f64| {
            fan.x
                .iter()
                .zip(&fan.bands[2])
                .map(|(&t, &m)| if t < 2027.0 { f64::NAN } else { m * (1.0 + factor * (t - 2027.0)) })
                .collect()
        };
        fan.others = vec![(scenarios[1].clone(), other(-0.07)), (scenarios[2].clone(), other(0.08))];
    }
    all
}

fn receipts(say: &Say) -> Vec<Bars> {
    let x = quarters(2026.0, 20);
    let median: Vec<f64> = x.iter().map(|&t| 0.9 + 0.5 * ((t - 2026.0) * 1.3).sin() + 0.08 * (t - 2026.0)).collect();
    vec![Bars {
        title: say.text("Fee receipts, United States Treasury", "费用收入，美国财政部"),
        unit: unit("USD bn/quarter"),
        low: median.iter().map(|m| m * 0.3).collect(),
        high: median.iter().map(|m| m * 2.1).collect(),
        x,
        median,
    }]
}

fn stances(say: &Say, scenarios: &[String]) -> Vec<StancePaths> {
    let names = vec![
        say.text("Closed", "关闭"),
        say.text("Cut-down parts only", "仅限降级产品"),
        say.text("Second tier with fee", "第二梯队收费"),
        say.text("Fixed lag", "固定落后"),
        say.text("Open", "开放"),
    ];
    let x = quarters(2026.75, 17);
    let path = |tilt: f64| -> Vec<Vec<f64>> {
        let raw = |k: usize, t: f64| ((k as f64 - 2.0) * tilt * (t - 2026.75) * 0.35 - (k as f64 - 2.0).powi(2) * 0.55).exp();
        (0..5).map(|k| x.iter().map(|&t| raw(k, t) / (0..5).map(|j| raw(j, t)).sum::<f64>()).collect()).collect()
    };
    [0.4, 1.1, -0.9]
        .iter()
        .zip(scenarios)
        .map(|(&tilt, name)| StancePaths { scenario: name.clone(), x: x.clone(), names: names.clone(), share: path(tilt) })
        .collect()
}

fn comparison(say: &Say, scenarios: &[String]) -> Vec<Comparison> {
    let interval = |low, median, high| Interval { low, median, high };
    let row = |metric: String, unit: Unit, better, base, one: Interval, p: f64, two: Interval, q: f64| Comparison {
        metric,
        unit,
        better,
        base,
        others: vec![(scenarios[1].clone(), one, p), (scenarios[2].clone(), two, q)],
    };
    vec![
        row(
            say.text("Fee receipts to 2030", "至 2030 年的费用收入"),
            unit("USD bn"),
            Better::More,
            interval(6.21, 17.4, 34.8),
            interval(0.41, 2.92, 6.6),
            0.97,
            interval(-34.8, -17.4, -6.21),
            0.0,
        ),
        row(
            say.text("Domestic share in 2030", "2030 年国产份额"),
            unit("percent"),
            Better::Neither,
            interval(41.0, 63.0, 82.0),
            interval(-9.1, -3.4, 1.2),
            0.11,
            interval(1.9, 6.8, 14.1),
            0.99,
        ),
        row(
            say.text("Write-offs of the vendor", "供应商的减记"),
            unit("USD bn"),
            Better::Less,
            interval(0.9, 4.48, 11.3),
            interval(-3.7, -1.1, 0.6),
            0.08,
            interval(0.8, 2.6, 7.3),
            1.0,
        ),
        row(
            say.text("Quarter of self-sufficiency", "实现自给的季度"),
            unit("quarters"),
            Better::Neither,
            interval(9.0, 21.0, 36.0),
            interval(-2.0, 1.0, 5.0),
            0.63,
            interval(-7.0, -3.0, 0.0),
            0.04,
        ),
    ]
}

fn claims(say: &Say) -> Vec<ClaimRow> {
    let row = |id: &str, en: &str, zh: &str, verdict, figures_en: &str, figures_zh: &str| ClaimRow {
        id: id.to_owned(),
        says: say.text(en, zh),
        kind: say.text("forecast", "预测"),
        verdict,
        figures: say.text(figures_en, figures_zh),
        source: say.text("An essay of December 2025", "2025 年 12 月的一篇文章"),
    };
    vec![
        row(
            "E7",
            "A fee keeps the rival buying, and so depending.",
            "收费使对手继续购买，从而继续依赖。",
            Verdict::Contingent,
            "Holds in 58 % of worlds; hangs on software lock-in above 0.4.",
            "在 58% 的世界里成立；取决于软件锁定高于 0.4。",
        ),
        row(
            "E12",
            "The importer will not shut its own gate.",
            "进口方不会关闭自己的关口。",
            Verdict::Contradicted,
            "It was shut from August 2025 on.",
            "自 2025 年 8 月起已关闭。",
        ),
        row(
            "E16",
            "Each reversal of the rules costs trust.",
            "规则每次反复都损耗信任。",
            Verdict::Supported,
            "Sales fall after each reversal in 96 % of worlds.",
            "在 96% 的世界里，每次反复之后销售都下降。",
        ),
        row(
            "E26",
            "Receipts make the exporter loosen further.",
            "收入会使出口方进一步放松。",
            Verdict::Undetermined,
            "The sign cannot be told from six quarters.",
            "六个季度的数据不足以判定方向。",
        ),
    ]
}

fn assumptions(say: &Say) -> Vec<Assumption> {
    let row = |name: String, meaning: String, unit: String, values: [&str; 3], source: &str, confidence: &str| {
        let [low, central, high] = values.map(str::to_owned);
        Assumption { name, meaning, unit, low, central, high, source: source.to_owned(), confidence: confidence.to_owned() }
    };
    vec![
        row(
            say.text("Price elasticity", "价格弹性"),
            say.text("Change of quantity for a change of quality-adjusted price", "质量调整价格变动引起的数量变动"),
            say.text("none", "无量纲"),
            ["−2.5", "−1.4", "−0.8"],
            "Irwin & Klenow 1994; market notes, section 4",
            "C",
        ),
        row(
            say.text("Learning rate", "学习率"),
            say.text("Fall of unit cost for each doubling of output", "产量每翻一番单位成本的下降"),
            say.text("per cent", "百分比"),
            ["12", "20", "28"],
            "Goldberg et al. 2024",
            "B",
        ),
        row(
            say.text("Software lock-in", "软件锁定"),
            say.text("Share of buyers who stay with the vendor at equal price and quality", "同价同质时仍留在原供应商的买家份额"),
            say.text("share", "份额"),
            ["0.2", "0.4", "0.7"],
            "survey of 2025, 214 answers",
            "D",
        ),
    ]
}

fn backtest(say: &Say) -> Vec<ScoreRow> {
    let row = |en: &str, zh: &str, published: f64, low: f64, median: f64, high: f64, null_error: f64| ScoreRow {
        observation: say.text(en, zh),
        published,
        unit: unit("USD bn"),
        predicted: Interval { low, median, high },
        inside: (low..=high).contains(&published),
        error: (median - published).abs(),
        last_error: Some(null_error),
        scripted_error: (null_error < 5.0).then_some(null_error / 2.0),
    };
    vec![
        row("Vendor's sales, 2025Q2", "供应商销售额，2025Q2", 2.77, 1.9, 3.2, 4.6, 2.73),
        row("Vendor's sales, 2025Q3", "供应商销售额，2025Q3", 0.05, 0.4, 2.2, 4.1, 5.45),
        row("Write-off, 2025Q1", "减记，2025Q1", 4.54, 2.1, 4.0, 6.8, 4.54),
        row("Domestic maker's sales, 2025", "国产厂商销售额，2025", 11.8, 8.0, 12.6, 19.0, 4.1),
    ]
}

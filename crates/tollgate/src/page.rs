//! From worlds to the report's plain data: timeline, fans, receipts, stances, comparison, backtest, claims, assumptions.

use regime::{Library, Outcome, Policy};
use report::{
    Assumption, Bars, Better, ClaimRow, Comparison, Dot, Fan, GateRow, Interval, Lang, Report, ScoreRow, Span, StancePaths,
    Status, Tally, Verdict,
};
use study::{Answer, Evidence, Past, Plan, Plausible, Score, Series, answer, quantiles};
use world::{Factors, Levers, Scenario, Variables};

use crate::screen::Failure;
use crate::simulate::{Shown, differences, values};
use crate::worlds;

/// What the page is made of besides the runs.
pub(crate) struct Context<'a> {
    /// The packs.
    pub library: &'a Library,
    /// Published series.
    pub series: &'a [Series],
    /// What they say in the world's terms.
    pub past: &'a Past,
    /// The worlds shown.
    pub found: &'a Plausible,
    /// How they were drawn.
    pub plan: &'a Plan,
    /// How the first scenario's worlds fare on later figures.
    pub scores: &'a [Score],
    /// Whether history was left out.
    pub prior: bool,
}

/// The report on some scenarios, the first of them the one that the question is about.
pub(crate) fn report(context: &Context<'_>, shown: &[Shown], lang: Lang) -> Result<Report, Failure> {
    let Some((base, others)) = shown.split_first() else {
        return Err(Failure::Message("nothing was run".to_owned(), String::new()));
    };
    let zh = usize::from(lang == Lang::Zh);
    let scenario = &base.world.scenario;
    let pick = |texts: &[String; 2]| texts.get(zh).filter(|t| !t.is_empty()).or(texts.first()).cloned().unwrap_or_default();
    let x: Vec<f64> = (0..scenario.quarters).map(|t| scenario.quarter(t).time()).collect();
    let mut hashes = vec![
        ("packs".to_owned(), packs(context.library)),
        ("design".to_owned(), format!("{}, {} worlds", context.plan.design.name(), context.plan.worlds)),
    ];
    for s in shown {
        hashes.push((s.world.scenario.id.clone(), study::hash(&s.world.scenario.text)));
    }
    let (scored, departures) = (score_rows(context.scores, zh), departed(context.library, shown, lang));
    Ok(Report {
        title: pick(&scenario.title),
        question: pick(&scenario.question),
        summary: summary(context, base, &scored, &departures, lang)?,
        worlds: context.found.rows.len(),
        quarters: scenario.quarters,
        seed: context.plan.seed,
        hashes,
        timeline: timeline(base),
        fans: fans(context, base, others, &x, zh),
        receipts: receipts(shown, &x, zh, &pick),
        stances: stances(shown, &x, &pick),
        scenarios: shown.iter().map(|s| pick(&s.world.scenario.title)).collect(),
        departures,
        comparison: comparison(base, others, zh, &pick),
        claims: claims(context, scenario, lang)?,
        assumptions: assumptions(scenario, lang),
        beliefs: beliefs(context, zh),
        backtest: scored,
    })
}

/// A hash of every text of the packs.
fn packs(library: &Library) -> String {
    let whole: String = library.pack.sources.iter().map(|s| format!("{}\n{}\n", s.path, s.text)).collect();
    study::hash(&whole)
}

fn by_language<'a>(zh: usize, en: &'a str, other: &'a str) -> &'a str {
    if zh == 1 && !other.is_empty() { other } else { en }
}

/// What each scenario shown has otherwise than the one that it is compared with, the first than the one that it continues.
pub(crate) fn departed(library: &Library, shown: &[Shown], lang: Lang) -> Vec<String> {
    let Some((base, others)) = shown.split_first() else { return Vec::new() };
    let own =
        worlds::continued(library, &base.world.scenario).map(|parent| worlds::departed(&parent, &base.world.scenario, lang));
    own.into_iter()
        .chain(others.iter().map(|other| worlds::departed(&base.world.scenario, &other.world.scenario, lang)))
        .collect()
}

/// A sentence for each of the first metrics, on which worlds they rest, how far to believe them, and what the scenarios change.
fn summary(
    context: &Context<'_>,
    base: &Shown,
    scored: &[ScoreRow],
    departures: &[String],
    lang: Lang,
) -> Result<Vec<String>, Failure> {
    let zh = usize::from(lang == Lang::Zh);
    let mut lines = Vec::new();
    let (shown, kept, seen) = (context.found.rows.len(), context.found.kept, context.found.seen);
    lines.push(match (context.prior, zh) {
        (true, 1) => format!("基于从区间抽取的{shown}个世界，未用历史数据筛除。"),
        (true, _) => format!("On {shown} worlds drawn from the ranges, none ruled out by history."),
        (false, 1) => format!("抽取{seen}个世界，其中{kept}个未被截至2024年底的数据排除；结果据其中{shown}个得出。"),
        (false, _) => {
            format!("{kept} of {seen} worlds are not ruled out by the figures to the end of 2024; this rests on {shown} of them.")
        }
    });
    let believed = report::believed(scored, shown, lang).map_err(|e| Failure::Message(e.to_string(), String::new()))?;
    lines.extend(believed.into_iter().chain(departures.iter().cloned()));
    for metric in base.world.scenario.metrics.iter().take(8) {
        let [low, median, high] = quantiles(&values(base, metric), [0.05, 0.5, 0.95]);
        let unit = worlds::unit(&metric.unit);
        let (title, median) = (by_language(zh, &metric.title, &metric.title_zh), unit.say(median, lang));
        let range = unit.range(low, high, lang);
        lines.push(match (shown < report::FEWEST, zh) {
            (true, 1) => format!("{title}：{median}。"),
            (true, _) => format!("{title}: {median}."),
            (false, 1) => format!("{title}：{median}（5%至95%：{range}）。"),
            (false, _) => format!("{title}: {median} (5 to 95 %: {range})."),
        });
    }
    Ok(lines)
}

fn status(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Free | Outcome::Exception | Outcome::ExceptionOpen => Status::Open,
        Outcome::Licence(Policy::Denial) => Status::Denied,
        Outcome::Licence(_) => Status::Licence,
        Outcome::Prohibited => Status::Closed,
        Outcome::Undetermined => Status::Unknown,
    }
}

/// Rows of both gates; the law's last word is drawn to a year after the last known day, and not to the horizon.
fn timeline(base: &Shown) -> Vec<GateRow> {
    let scenario = &base.world.scenario;
    let last = scenario.known.plus(4).time().min(scenario.quarter(scenario.quarters.saturating_sub(1)).time());
    let day = |d: facts::Date| f64::from(d.year()) + (f64::from(d.day_of_year()) - 1.0) / 366.0;
    let mut rows: Vec<GateRow> = Vec::new();
    for standing in base.world.gates.timeline.iter().filter(|s| !s.gate.is_empty() && day(s.from) < last) {
        let span = Span {
            from: day(standing.from),
            to: day(standing.until).min(last),
            status: status(standing.outcome),
            label: standing.outcome.text().to_owned(),
            by: standing.by.clone(),
        };
        match rows.iter_mut().find(|r| r.gate == standing.gate && r.part == standing.part) {
            Some(row) => row.spans.push(span),
            None => rows.push(GateRow { gate: standing.gate.clone(), part: standing.part.clone(), spans: vec![span] }),
        }
    }
    rows.sort_by(|a, b| b.gate.cmp(&a.gate));
    rows
}

fn fans(context: &Context<'_>, base: &Shown, others: &[Shown], x: &[f64], zh: usize) -> Vec<Fan> {
    let scenario = &base.world.scenario;
    scenario
        .charts
        .iter()
        .map(|chart| {
            let (name, unit) = Variables::<f64>::NAMES.get(chart.of).copied().unwrap_or_default();
            let title = |s: &Scenario| by_language(zh, &s.title[0], &s.title[1]).to_owned();
            Fan {
                id: name.replace('_', "-"),
                title: by_language(zh, &chart.title, &chart.title_zh).to_owned(),
                unit: worlds::unit(unit),
                x: x.to_vec(),
                bands: bands(base, chart.of),
                dots: dots(context.past, chart.of),
                known_until: Some(scenario.known.time()),
                others: others
                    .iter()
                    .map(|o| {
                        let [_, _, median, _, _] = bands(o, chart.of);
                        (title(&o.world.scenario), median)
                    })
                    .collect(),
            }
        })
        .collect()
}

/// 5, 25, 50, 75 and 95 % of a variable by quarter.
fn bands(shown: &Shown, of: usize) -> [Vec<f64>; 5] {
    let mut out: [Vec<f64>; 5] = Default::default();
    for t in 0..shown.world.scenario.quarters {
        let row = quantiles(shown.run.history.row(of, t), [0.05, 0.25, 0.5, 0.75, 0.95]);
        out.iter_mut().zip(row).for_each(|(band, x)| band.push(x));
    }
    out
}

/// Published figures of a variable, per quarter; a figure of several quarters stands at their middle, shared out.
fn dots(past: &Past, of: usize) -> Vec<Dot> {
    past.targets
        .iter()
        .filter(|t| t.of.is(of))
        .filter_map(|t| Some(Dot { x: t.at, y: t.per_quarter()?, label: format!("{} {}", t.series, t.period), scored: t.scored }))
        .collect()
}

fn receipts(shown: &[Shown], x: &[f64], zh: usize, pick: &dyn Fn(&[String; 2]) -> String) -> Vec<Bars> {
    let Some(of) = Scenario::variable("fee_receipts_usd_bn") else { return Vec::new() };
    shown
        .iter()
        .filter_map(|s| {
            let [low, _, median, _, high] = bands(s, of);
            // A scenario without a fee has no picture of receipts.
            high.iter().any(|y| *y > 0.0).then(|| Bars {
                title: format!("{}: {}", by_language(zh, "Fee receipts", "收费"), pick(&s.world.scenario.title)),
                unit: Variables::<f64>::NAMES.get(of).map(|n| worlds::unit(n.1)).unwrap_or_default(),
                x: x.to_vec(),
                median,
                low,
                high,
            })
        })
        .collect()
}

fn stances(shown: &[Shown], x: &[f64], pick: &dyn Fn(&[String; 2]) -> String) -> Vec<StancePaths> {
    let Some(of) = Scenario::variable("stance") else { return Vec::new() };
    shown
        .iter()
        .filter(|s| regulator_moves(&s.world.scenario))
        .map(|s| {
            let scenario = &s.world.scenario;
            let share = |stance: usize, t: usize| {
                let row = s.run.history.row(of, t);
                row.iter().filter(|v| (**v - stance as f64).abs() < 0.5).count() as f64 / row.len().max(1) as f64
            };
            StancePaths {
                scenario: pick(&scenario.title),
                x: x.to_vec(),
                names: scenario.stances.iter().map(|s| s.id.clone()).collect(),
                share: (0..scenario.stances.len()).map(|k| (0..scenario.quarters).map(|t| share(k, t)).collect()).collect(),
            }
        })
        .collect()
}

/// Whether the exporter moves along the stances, from the start or from some change on.
fn regulator_moves(scenario: &Scenario) -> bool {
    let place = Levers::<f64>::NAMES.iter().position(|(name, _)| *name == "regulator_moves");
    let mut changed = scenario.changes.iter().flat_map(|change| &change.levers);
    scenario.levers.regulator_moves > 0.0 || changed.any(|(at, x)| Some(*at) == place && *x > 0.0)
}

fn interval(values: &[f64]) -> Interval {
    let [low, median, high] = quantiles(values, [0.05, 0.5, 0.95]);
    Interval { low, median, high }
}

fn comparison(base: &Shown, others: &[Shown], zh: usize, pick: &dyn Fn(&[String; 2]) -> String) -> Vec<Comparison> {
    base.world
        .scenario
        .metrics
        .iter()
        .map(|metric| {
            let own = values(base, metric);
            let other = |o: &Shown| {
                let difference = differences(&values(o, metric), &own);
                let finite: Vec<f64> = difference.into_iter().filter(|d| d.is_finite()).collect();
                let higher = finite.iter().filter(|d| **d > 0.0).count() as f64 / finite.len().max(1) as f64;
                (pick(&o.world.scenario.title), interval(&finite), higher)
            };
            Comparison {
                metric: by_language(zh, &metric.title, &metric.title_zh).to_owned(),
                unit: worlds::unit(&metric.unit),
                better: match metric.better {
                    world::Better::More => Better::More,
                    world::Better::Less => Better::Less,
                    world::Better::Neither => Better::Neither,
                },
                base: interval(&own),
                others: others.iter().map(other).collect(),
            }
        })
        .collect()
}

fn claims(context: &Context<'_>, scenario: &Scenario, lang: Lang) -> Result<Vec<ClaimRow>, Failure> {
    let zh = usize::from(lang == Lang::Zh);
    let Some(source) = context.library.pack.get("claims/essay.toml") else { return Ok(Vec::new()) };
    let claims = crate::worlds::claims(source)?;
    let drawn = (context.found.draws.as_slice(), context.found.rows.as_slice());
    let mut evidence =
        Evidence::new(context.library, context.series, drawn, context.plan.seed, &claims.claims).drawn_from(scenario);
    Ok(claims
        .claims
        .iter()
        .map(|claim| {
            let found = answer(&claims, claim, &mut evidence);
            let said: Vec<String> =
                found.tests.iter().filter(|t| t.answer.is_some()).map(|t| crate::claims::figures(&t.found, lang)).collect();
            let mut sources: Vec<String> = found.tests.iter().map(|t| t.source.clone()).filter(|s| !s.is_empty()).collect();
            sources.dedup();
            ClaimRow {
                id: claim.id.clone(),
                says: by_language(zh, &claim.says[0], &claim.says[1]).to_owned(),
                kind: claim.kind.text().to_owned(),
                verdict: match found.answer {
                    Answer::Supported => Verdict::Supported,
                    Answer::Contradicted => Verdict::Contradicted,
                    Answer::Contingent => Verdict::Contingent,
                    Answer::Undetermined => Verdict::Undetermined,
                },
                figures: said.join("; "),
                source: sources.join("; "),
            }
        })
        .collect())
}

fn assumptions(scenario: &Scenario, lang: Lang) -> Vec<Assumption> {
    Factors::<f64>::NAMES
        .iter()
        .zip(Factors::<f64>::MEANINGS)
        .zip(&scenario.factors)
        .map(|(((name, unit), meaning), spec)| Assumption {
            name: (*name).to_owned(),
            meaning: (*meaning).trim().to_owned(),
            unit: worlds::unit(unit).name(lang),
            low: worlds::unit(unit).exact(spec.low, lang),
            central: worlds::unit(unit).exact(spec.central, lang),
            high: worlds::unit(unit).exact(spec.high, lang),
            source: spec.source.clone(),
            confidence: spec.confidence.clone(),
        })
        .collect()
}

/// How far to believe it: what the backtest says, what is left out, what a share of worlds is.
fn beliefs(context: &Context<'_>, zh: usize) -> Vec<String> {
    let fit = context.past.targets.iter().filter(|t| !t.scored).count();
    let scored = context.past.targets.len() - fit;
    let unscored: usize = context.past.unscored.iter().map(|u| u.figures).sum();
    if zh == 1 {
        return vec![
            "世界的占比是关于模型及其区间的陈述，不是未来的概率。".to_owned(),
            format!(
                "{fit}个截至2024年底的公布数据用于排除世界，之后的{scored}个仅用于评分；另有{unscored}个数据在模型中没有对应变量。"
            ),
            "2026年10月之后的法律未知：方案假设其延续或沿立场变动。".to_owned(),
            "多数区间为判断或单一来源；每个因素都列出来源与可信度。".to_owned(),
            "进口方的关卡依据报道，并非公布的规则；设计规避阈值的芯片按最相近的目录芯片对待。".to_owned(),
        ];
    }
    vec![
        "A share of worlds is a statement about the model and its ranges, not a probability of the future.".to_owned(),
        format!(
            "{fit} published figures to the end of 2024 ruled worlds out; {scored} later ones were only scored; {unscored} more have no variable in the model."
        ),
        "The law after October 2026 is unknown: a scenario lets it go on or moves it along the stances.".to_owned(),
        "Most ranges are judgement or rest on one source; every factor is listed with its source and confidence.".to_owned(),
        "The importer's gate is as reported, since it was never published; a redesigned part is treated as the part that it resembles most."
            .to_owned(),
    ]
}

/// Scores as rows of the page: later figures beside what the worlds say, and beside the null models.
pub(crate) fn score_rows(scores: &[Score], zh: usize) -> Vec<ScoreRow> {
    scores
        .iter()
        .map(|s| {
            let [low, median, high] = s.predicted;
            ScoreRow {
                observation: format!("{}, {}", by_language(zh, &s.target.title[0], &s.target.title[1]), s.target.period),
                published: s.target.value,
                unit: worlds::unit(&s.target.of.unit()),
                predicted: Interval { low, median, high },
                inside: s.inside,
                error: s.error,
                last_error: s.last_error,
                scripted_error: s.scripted_error,
            }
        })
        .collect()
}

/// The score as numbers, and in the sentence that people read.
pub(crate) fn score_json(tally: &Tally, text: Option<&str>) -> serde_json::Value {
    let against = |of: &report::Null| serde_json::json!({ "figures": of.all, "nearer": of.nearer });
    let (last, scripted) = (against(&tally.last), against(&tally.scripted));
    serde_json::json!({ "figures": tally.all, "inside": tally.inside, "last_value": last, "scripted_buyer": scripted,
        "text": text })
}

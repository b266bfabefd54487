//! `tollgate backtest`: which worlds history rules out, and how the rest fare on what came later.

use comfy_table::Cell;
use serde_json::json;
use study::{Matched, Past, Score, Validation, matching, quantile, quantiles, scores_on};

use crate::args::{BacktestArgs, Common};
use crate::screen::{Failure, Paint, Screen};
use crate::{Exit, pack, worlds};

/// Runs the backtest.
pub(crate) fn run(screen: &Screen, common: &Common, args: &BacktestArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let world = worlds::open(&library, &args.scenario)?;
    let (_, past) = worlds::past(&library, &world.scenario)?;
    let bar = worlds::bar(screen, args.worlds * 3, "history matching");
    let matched = matching(&world, &past, args.worlds, args.seed, |n| bar.inc(n));
    bar.finish_and_clear();
    let matched = matched.map_err(|f| worlds::fault(&f))?;
    if matched.ensemble.history.worlds == 0 {
        return Err(Failure::Message(
            format!("history rules out every one of {} worlds", args.worlds),
            "draw more (--worlds): what is left is then too little to score".to_owned(),
        ));
    }
    let scores = scores_on(&world, &past, &matched.ensemble);
    if screen.json {
        screen.json(&as_json(&past, &matched, &scores))?;
    } else {
        screen.out(&text(screen, &past, &matched, &scores))?;
    }
    Ok(Exit::Done)
}

fn text(screen: &Screen, past: &Past, matched: &Matched, scores: &[Score]) -> String {
    let mut out =
        format!("{}\n", screen.paint(&format!("History matching on figures to the end of {}", past.fit_until), Paint::Strong));
    let mut waves = screen.table(&["wave", "worlds run", "worst figures spared", "worlds left", "factors narrowed"]);
    for (n, wave) in matched.waves.iter().enumerate() {
        waves.add_row([n + 1, wave.worlds, wave.spared, wave.left, wave.narrowed].map(|x| x.to_string()));
    }
    out.push_str(&format!("{waves}\n{:.1} % of the prior is ruled out by all figures together\n\n", matched.ruled_out * 100.0));
    let mut figures =
        screen.table(&["figure", "period", "published", "± (figure and model)", "prior median [5, 95 %]", "rules out alone"]);
    for (target, share) in &matched.by_figure {
        let prior = target.predicted(&matched.prior.history);
        figures.add_row([
            target.title[0].clone(),
            target.period.clone(),
            format!("{} {}", report::figure(target.value), target.of.unit()),
            report::figure(target.sd.hypot(target.discrepancy)),
            spread(&prior),
            report::percent(*share),
        ]);
    }
    out.push_str(&format!("{figures}\n"));
    if !matched.ranges.is_empty() {
        let ranges: Vec<String> =
            matched.ranges.iter().map(|(name, (a, b))| format!("{name} {:.0} to {:.0} %", a * 100.0, b * 100.0)).collect();
        out.push_str(&format!("narrowed, as parts of the prior's quantiles: {}\n", screen.wrap(&ranges.join(", "), 2)));
    }
    out.push_str(&format!("\n{}\n", screen.paint("Later figures, scored on the worlds left; none was tuned on", Paint::Strong)));
    let mut table = screen.table(&[
        "figure",
        "period",
        "published",
        "worlds: median [5, 95 %]",
        "inside",
        "error",
        "last value's",
        "scripted buyer's",
    ]);
    for s in scores {
        let [low, median, high] = s.predicted.map(report::figure);
        let [figure, period] = [&s.target.title[0], &s.target.period].map(Cell::new);
        table.add_row([
            figure,
            period,
            Cell::new(format!("{} {}", report::figure(s.target.value), s.target.of.unit())),
            Cell::new(format!("{median} [{low}, {high}]")),
            if s.inside { screen.cell("yes", Paint::Good) } else { screen.cell("no", Paint::Bad) },
            Cell::new(report::figure(s.error)),
            Cell::new(s.last_error.map_or("–".to_owned(), report::figure)),
            Cell::new(s.scripted_error.map_or("–".to_owned(), report::figure)),
        ]);
    }
    out.push_str(&format!("{table}\n{}\n\n", tally(scores)));
    out.push_str(&format!("{}\n", screen.paint("Named validations", Paint::Strong)));
    let mut table = screen.table(&["what happened", "should be", "worlds in which it did", "median ratio", "verdict"]);
    for v in &past.validations {
        let (share, median) = validated(v, matched);
        let verdict = if share >= 0.5 { screen.cell("holds", Paint::Good) } else { screen.cell("fails", Paint::Bad) };
        let should = format!("after ÷ before {} {}", if v.above { "above" } else { "below" }, v.level);
        let [what, should, share, median] =
            [v.title[0].clone(), should, report::percent(share), report::figure(median)].map(Cell::new);
        table.add_row([what, should, share, median, verdict]);
    }
    out.push_str(&format!("{table}\n\n{}\n", screen.paint("Later figures that are not scored", Paint::Strong)));
    let mut table = screen.table(&["why", "series", "figures"]);
    for u in &past.unscored {
        table.add_row([u.why[0].clone(), u.series.len().to_string(), u.figures.to_string()]);
    }
    out.push_str(&format!("{table}\n"));
    out
}

fn spread(values: &[f64]) -> String {
    let [low, median, high] = quantiles(values, [0.05, 0.5, 0.95]).map(report::figure);
    format!("{median} [{low}, {high}]")
}

/// How often the worlds were right, and nearer than the null models.
fn tally(scores: &[Score]) -> String {
    let inside = scores.iter().filter(|s| s.inside).count();
    let against = |null: &dyn Fn(&Score) -> Option<f64>| {
        let both: Vec<(f64, f64)> = scores.iter().filter_map(|s| Some((s.error, null(s)?))).collect();
        let nearer = both.iter().filter(|(own, null)| own < null).count();
        format!("{nearer} of {}", both.len())
    };
    format!(
        "{inside} of {} inside the 5 to 95 % of the worlds; the median is nearer than the last value in {}, than the scripted buyer in {}",
        scores.len(),
        against(&|s| s.last_error),
        against(&|s| s.scripted_error)
    )
}

fn validated(v: &Validation, matched: &Matched) -> (f64, f64) {
    let ratios = v.ratios(&matched.ensemble.history);
    let share = ratios.iter().filter(|r| v.holds(**r)).count() as f64 / ratios.len().max(1) as f64;
    (share, quantile(&ratios, 0.5))
}

fn as_json(past: &Past, matched: &Matched, scores: &[Score]) -> serde_json::Value {
    let waves: Vec<_> = matched
        .waves
        .iter()
        .map(|w| json!({ "worlds": w.worlds, "spared": w.spared, "left": w.left, "narrowed": w.narrowed }))
        .collect();
    let figures: Vec<_> = matched
        .by_figure
        .iter()
        .map(|(t, share)| {
            json!({ "id": t.id, "series": t.series, "period": t.period, "published": t.value, "unit": t.of.unit(), "sd": t.sd,
                "discrepancy": t.discrepancy, "rules_out": share, "source": t.source })
        })
        .collect();
    let scored: Vec<_> = scores
        .iter()
        .map(|s| {
            json!({ "id": s.target.id, "series": s.target.series, "period": s.target.period, "published": s.target.value,
                "unit": s.target.of.unit(), "predicted": s.predicted, "inside": s.inside, "error": s.error,
                "last_value_error": s.last_error, "scripted_buyer_error": s.scripted_error, "source": s.target.source })
        })
        .collect();
    let validations: Vec<_> = past
        .validations
        .iter()
        .map(|v| {
            let (share, median) = validated(v, matched);
            json!({ "id": v.id, "share": share, "median_ratio": median, "above": v.above, "level": v.level, "source": v.source })
        })
        .collect();
    let unscored: Vec<_> =
        past.unscored.iter().map(|u| json!({ "why": u.why[0], "series": u.series, "figures": u.figures })).collect();
    let ranges: serde_json::Map<_, _> = matched.ranges.iter().map(|(name, (a, b))| (name.clone(), json!([a, b]))).collect();
    json!({
        "fit_until": past.fit_until.to_string(), "cut": past.cut, "waves": waves, "ruled_out": matched.ruled_out, "figures": figures,
        "narrowed": ranges, "scores": scored, "validations": validations, "unscored": unscored,
    })
}

//! `tollgate backtest`: which worlds history rules out, and how the rest fare on what came later.

use comfy_table::Cell;
use report::{Lang, Unit};
use serde_json::json;
use study::{Matched, Past, Score, Validation, matching, quantile, quantiles, scores_on};

use crate::args::{BacktestArgs, Common};
use crate::screen::{Failure, Paint, Screen};
use crate::{Exit, pack, page, worlds};

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
        screen.json(&as_json(&past, &matched, &scores)?)?;
    } else {
        screen.out(&text(screen, &past, &matched, &scores)?)?;
    }
    Ok(Exit::Done)
}

fn text(screen: &Screen, past: &Past, matched: &Matched, scores: &[Score]) -> Result<String, Failure> {
    let mut out =
        format!("{}\n", screen.paint(&format!("History matching on figures to the end of {}", past.fit_until), Paint::Strong));
    let mut waves = screen.table(&["wave", "worlds run", "worst figures spared", "worlds left", "factors narrowed"]);
    for (n, wave) in matched.waves.iter().enumerate() {
        waves.add_row([n + 1, wave.worlds, wave.spared, wave.left, wave.narrowed].map(|x| x.to_string()));
    }
    let ruled_out = Unit::SHARE.amount(matched.ruled_out, Lang::En);
    out.push_str(&format!("{waves}\n{ruled_out} of the prior is ruled out by all figures together\n\n"));
    let mut figures =
        screen.table(&["figure", "period", "published", "± (figure and model)", "prior median [5, 95 %]", "rules out alone"]);
    for (target, share) in &matched.by_figure {
        let prior = target.predicted(&matched.prior.history);
        let unit = worlds::unit(&target.of.unit());
        figures.add_row([
            target.title[0].clone(),
            target.period.clone(),
            unit.say(target.value, Lang::En),
            unit.apart().amount(target.sd.hypot(target.discrepancy), Lang::En),
            spread(quantiles(&prior, [0.05, 0.5, 0.95]), unit),
            Unit::SHARE.amount(*share, Lang::En),
        ]);
    }
    out.push_str(&format!("{figures}\n"));
    if !matched.ranges.is_empty() {
        let ranges: Vec<String> =
            matched.ranges.iter().map(|(name, (a, b))| format!("{name} {}", Unit::SHARE.range(*a, *b, Lang::En))).collect();
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
        let unit = worlds::unit(&s.target.of.unit());
        let error = |x: Option<f64>| Cell::new(unit.apart().amount(x.unwrap_or(f64::NAN), Lang::En));
        let [figure, period] = [&s.target.title[0], &s.target.period].map(Cell::new);
        table.add_row([
            figure,
            period,
            Cell::new(unit.say(s.target.value, Lang::En)),
            Cell::new(spread(s.predicted, unit)),
            if s.inside { screen.cell("yes", Paint::Good) } else { screen.cell("no", Paint::Bad) },
            error(Some(s.error)),
            error(s.last_error),
            error(s.scripted_error),
        ]);
    }
    out.push_str(&format!("{table}\n{}\n\n", screen.wrap(&believed(matched, scores)?.unwrap_or_default(), 0)));
    out.push_str(&format!("{}\n", screen.paint("Named validations", Paint::Strong)));
    let mut table = screen.table(&["what happened", "should be", "worlds in which it did", "median ratio", "verdict"]);
    for v in &past.validations {
        let (share, median) = validated(v, matched);
        let verdict = if share >= 0.5 { screen.cell("holds", Paint::Good) } else { screen.cell("fails", Paint::Bad) };
        let times = worlds::unit("times");
        let should = format!("after ÷ before {} {}", if v.above { "above" } else { "below" }, times.exact(v.level, Lang::En));
        let (share, median) = (Unit::SHARE.amount(share, Lang::En), times.amount(median, Lang::En));
        let [what, should, share, median] = [v.title[0].clone(), should, share, median].map(Cell::new);
        table.add_row([what, should, share, median, verdict]);
    }
    out.push_str(&format!("{table}\n\n{}\n", screen.paint("Later figures that are not scored", Paint::Strong)));
    let mut table = screen.table(&["why", "series", "figures"]);
    for u in &past.unscored {
        table.add_row([u.why[0].clone(), u.series.len().to_string(), u.figures.to_string()]);
    }
    out.push_str(&format!("{table}\n"));
    Ok(out)
}

fn spread([low, median, high]: [f64; 3], unit: Unit) -> String {
    format!("{} [{}]", unit.amount(median, Lang::En), unit.range(low, high, Lang::En))
}

/// How often the worlds were right, and nearer than the null models.
fn believed(matched: &Matched, scores: &[Score]) -> Result<Option<String>, Failure> {
    report::believed(&page::score_rows(scores, 0), matched.ensemble.history.worlds, Lang::En)
        .map_err(|e| Failure::Message(e.to_string(), String::new()))
}

fn validated(v: &Validation, matched: &Matched) -> (f64, f64) {
    let ratios = v.ratios(&matched.ensemble.history);
    let share = ratios.iter().filter(|r| v.holds(**r)).count() as f64 / ratios.len().max(1) as f64;
    (share, quantile(&ratios, 0.5))
}

fn as_json(past: &Past, matched: &Matched, scores: &[Score]) -> Result<serde_json::Value, Failure> {
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
    let tally = report::Tally::of(&page::score_rows(scores, 0));
    Ok(json!({
        "fit_until": past.fit_until.to_string(), "cut": past.cut, "waves": waves, "ruled_out": matched.ruled_out, "figures": figures,
        "narrowed": ranges, "scores": scored, "validations": validations, "unscored": unscored,
        "score": page::score_json(&tally, believed(matched, scores)?.as_deref()),
    }))
}

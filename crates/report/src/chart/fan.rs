//! A fan: bands of worlds, medians of other scenarios, observations as dots, and where known law ends.

use std::ops::Range;

use kuva::plot::line::LineStyle;
use kuva::plot::{BandPlot, LinePlot, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::plots::Plot;

use super::{Picture, axes, draw, extent, known, part, picture, runs};
use crate::data::{Dot, Fan};
use crate::number::period;
use crate::unit::Unit;
use crate::words::Words;

/// How many colours and dashes the page has for other scenarios before they come round again.
pub(crate) const OTHERS: usize = 5;

/// Place of a scenario among those that are not the base, so that it has one colour all over the page.
pub(crate) fn place(name: &str, scenarios: &[String], otherwise: usize) -> usize {
    let at = scenarios.iter().position(|s| s == name).map_or(otherwise, |at| at.saturating_sub(1));
    at % OTHERS
}

fn dashes(place: usize) -> LineStyle {
    LineStyle::Custom(["7 3", "2 3", "9 3 2 3", "4 2", "12 4"].get(place).copied().unwrap_or("7 3").to_owned())
}

pub(crate) fn draw_fan(fan: &Fan, scenarios: &[String], key: &str, words: &Words) -> Picture {
    let mut gaps = false;
    let mut plots = Vec::new();
    let [p5, p25, p50, p75, p95] = &fan.bands;
    for (low, high, color) in [(p5, p95, "var(--band-wide)"), (p25, p75, "var(--band-half)")] {
        gaps |= bands(&fan.x, low, high, color, &mut plots);
    }
    for (at, (name, median)) in fan.others.iter().enumerate() {
        let place = place(name, scenarios, at);
        let look = LinePlot::new().with_color(format!("var(--other-{place})")).with_line_style(dashes(place));
        // A scenario may part from the base later than the page begins: only what is missing after that is a gap.
        let begin = median.iter().position(|v| v.is_finite()).unwrap_or(0);
        let rest = |of: &[f64]| of.get(begin..).unwrap_or_default().to_vec();
        gaps |= lines(&rest(&fan.x), &rest(median), &look.with_stroke_width(1.75), &mut plots);
    }
    gaps |= lines(&fan.x, p50, &LinePlot::new().with_color("var(--accent)").with_stroke_width(2.25), &mut plots);
    gaps |= dots(&fan.dots, false, fan.unit, words, &mut plots);
    gaps |= dots(&fan.dots, true, fan.unit, words, &mut plots);

    let (from, to) = extent(fan.x.iter().copied().chain(fan.dots.iter().map(|d| d.x)));
    // Room for half a dot at the edge.
    let from = if fan.dots.is_empty() { from } else { from - (to - from) * 0.012 };
    let mut layout = axes(&plots, (from, to), (460.0, 270.0), fan.unit, words.lang);
    let drawn =
        || fan.bands.iter().chain(fan.others.iter().map(|(_, m)| m)).flatten().copied().chain(fan.dots.iter().map(|d| d.y));
    let (least, most) = drawn().filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    // A quantity that comes near nothing is shown from nothing.
    if least >= 0.0 && least < most / 2.0 {
        layout = layout.with_y_axis_min(0.0);
    }
    if let Some(end) = fan.known_until.filter(|end| (from..=to).contains(end)) {
        layout = layout.with_reference_line(ReferenceLine::vertical(end).with_color("var(--muted)").with_dasharray("3 3"));
    }
    picture(draw(plots, layout, &fan.unit.name(words.lang)), key, label(fan, words), Vec::new(), gaps)
}

/// The band between two lists; whether it has gaps.
fn bands(x: &[f64], low: &[f64], high: &[f64], color: &str, plots: &mut Vec<Plot>) -> bool {
    let whole = runs(x.len(), |at| known(x, at) && known(low, at) && known(high, at));
    for run in &whole {
        let band = BandPlot::new(part(x, run), part(low, run), part(high, run)).with_color(color).with_opacity(1.0);
        plots.push(Plot::Band(band));
    }
    whole.iter().map(Range::len).sum::<usize>() < x.len()
}

/// A line through a list, broken at gaps; a point that stands alone is a small dot.
fn lines(x: &[f64], y: &[f64], look: &LinePlot, plots: &mut Vec<Plot>) -> bool {
    let whole = runs(x.len(), |at| known(x, at) && known(y, at));
    for run in &whole {
        let points: Vec<(f64, f64)> = part(x, run).into_iter().zip(part(y, run)).collect();
        plots.push(if points.len() == 1 {
            ScatterPlot::new().with_data(points).with_color(look.color.clone()).with_size(1.75).into()
        } else {
            look.clone().with_data(points).into()
        });
    }
    whole.iter().map(Range::len).sum::<usize>() < x.len()
}

/// Observations: full where the fit saw them, hollow where they test it.
fn dots(all: &[Dot], scored: bool, unit: Unit, words: &Words, plots: &mut Vec<Plot>) -> bool {
    let (seen, missing): (Vec<&Dot>, Vec<&Dot>) =
        all.iter().filter(|d| d.scored == scored).partition(|d| d.x.is_finite() && d.y.is_finite());
    if !seen.is_empty() {
        let points: Vec<(f64, f64)> = seen.iter().map(|d| (d.x, d.y)).collect();
        let tips = seen.iter().map(|d| format!("{} {} ({})", d.label, unit.say(d.y, words.lang), period(d.x)));
        let full = ScatterPlot::new().with_data(points.clone()).with_color("var(--dot)").with_size(3.4);
        if scored {
            plots.push(full.into());
            let hole = ScatterPlot::new().with_data(points).with_color("var(--paper)").with_size(1.9);
            plots.push(hole.with_tooltip_labels(tips).into());
        } else {
            plots.push(full.with_tooltip_labels(tips).into());
        }
    }
    !missing.is_empty()
}

fn label(fan: &Fan, words: &Words) -> String {
    let [low, _, median, _, high] = &fan.bands;
    let whole = runs(fan.x.len(), |at| known(median, at));
    let (first, last) = (whole.first().map_or(0, |run| run.start), whole.last().map_or(0, |run| run.end.saturating_sub(1)));
    let say = |values: &[f64], at: usize| fan.unit.amount(values.get(at).copied().unwrap_or(f64::NAN), words.lang);
    let when = |at: usize| period(fan.x.get(at).copied().unwrap_or(f64::NAN));
    words
        .fan_alt
        .replace("{from}", &when(first))
        .replace("{to}", &when(last))
        .replace("{first}", &say(median, first))
        .replace("{last}", &say(median, last))
        .replace("{low}", &say(low, last))
        .replace("{high}", &say(high, last))
        .replace("{unit}", &fan.unit.name(words.lang))
        .replace("{title}", &fan.title)
}

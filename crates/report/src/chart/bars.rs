//! An amount by quarter: a bar for the median, a whisker for the range.

use kuva::plot::{BandPlot, ScatterPlot};
use kuva::render::plots::Plot;

use super::{Picture, axes, draw, extent, known, picture};
use crate::data::Bars;
use crate::number::period;
use crate::words::Words;

/// A quarter is 0.25 of a year; its bar leaves a little air on both sides.
const QUARTER: f64 = 0.25;
const AIR: f64 = 0.03;

pub(crate) fn draw_bars(bars: &Bars, key: &str, words: &Words) -> Picture {
    let mut plots = Vec::new();
    let mut tips = Vec::new();
    let mut whiskers = Vec::new();
    let mut gaps = false;
    for (at, &x) in bars.x.iter().enumerate() {
        let value = |of: &[f64]| of.get(at).copied().unwrap_or(f64::NAN);
        let (low, median, high) = (value(&bars.low), value(&bars.median), value(&bars.high));
        gaps |= !(x.is_finite() && low.is_finite() && median.is_finite() && high.is_finite());
        if !x.is_finite() {
            continue;
        }
        if median.is_finite() {
            let edges = vec![x + AIR, x + QUARTER - AIR];
            let bar = BandPlot::new(edges, vec![median.min(0.0); 2], vec![median.max(0.0); 2]);
            plots.push(Plot::Band(bar.with_color("var(--bar)").with_opacity(1.0)));
            let (median, range) = (bars.unit.say(median, words.lang), bars.unit.range(low, high, words.lang));
            tips.push(format!("{} {median} ({range})", period(x)));
        }
        if low.is_finite() && high.is_finite() {
            whiskers.push((x + QUARTER / 2.0, low, high));
        }
    }
    if !whiskers.is_empty() {
        let middles = whiskers.iter().map(|&(x, low, high)| (x, low / 2.0 + high / 2.0));
        let arms = whiskers.iter().map(|&(_, low, high)| (high / 2.0 - low / 2.0, high / 2.0 - low / 2.0));
        let whisker = ScatterPlot::new().with_data(middles).with_y_err_asymmetric(arms);
        plots.push(whisker.with_color("var(--whisker)").with_size(0.0).into());
    }
    let (from, to) = extent(bars.x.iter().copied());
    let layout = axes(&plots, (from, to + QUARTER), (1000.0, 270.0), bars.unit, words.lang);
    picture(draw(plots, layout, &bars.unit.name(words.lang)), key, label(bars, words), tips, gaps)
}

fn label(bars: &Bars, words: &Words) -> String {
    let most = (0..bars.x.len())
        .filter(|&at| known(&bars.median, at))
        .filter_map(|at| Some((*bars.x.get(at)?, *bars.median.get(at)?)))
        .fold((f64::NAN, f64::NAN), |best, next| if best.1 >= next.1 { best } else { next });
    words
        .bars_alt
        .replace("{from}", &period(bars.x.first().copied().unwrap_or(f64::NAN)))
        .replace("{to}", &period(bars.x.last().copied().unwrap_or(f64::NAN)))
        .replace("{most}", &bars.unit.amount(most.1, words.lang))
        .replace("{when}", &period(most.0))
        .replace("{unit}", &bars.unit.name(words.lang))
        .replace("{title}", &bars.title)
}

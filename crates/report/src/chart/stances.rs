//! Stances over time: stacked shares of worlds, in steps, since a stance holds for a whole quarter.

use kuva::plot::StackedAreaPlot;

use super::{Picture, axes, draw, extent, known, part, picture, runs};
use crate::data::StancePaths;
use crate::number::period;
use crate::unit::Unit;
use crate::words::Words;

/// How many colours the page has for stances.
pub(crate) const STANCES: usize = 7;

const QUARTER: f64 = 0.25;

/// Colour of a stance: the ladder of colours is spread over the stances that there are.
pub(crate) fn step(at: usize, of: usize) -> usize {
    if of > STANCES {
        return at % STANCES;
    }
    if of < 2 { 0 } else { at * (STANCES - 1) / (of - 1) }
}

pub(crate) fn draw_stances(paths: &StancePaths, key: &str, words: &Words) -> Picture {
    let whole = runs(paths.x.len(), |at| known(&paths.x, at) && paths.share.iter().all(|share| known(share, at)));
    let mut plots = Vec::new();
    let mut tips = Vec::new();
    for run in &whole {
        let times = part(&paths.x, run);
        let mut area = StackedAreaPlot::new().with_x(times.iter().flat_map(|&x| [x, x + QUARTER]));
        for (at, share) in paths.share.iter().enumerate() {
            let color = format!("var(--stance-{})", step(at, paths.share.len()));
            area = area.with_series(part(share, run).into_iter().flat_map(|v| [v, v])).with_color(color);
            tips.push(paths.names.get(at).cloned().unwrap_or_default());
        }
        plots.push(area.with_strokes(false).with_fill_opacity(1.0).into());
    }
    let (from, to) = extent(paths.x.iter().copied());
    let layout = axes(&plots, (from, to + QUARTER), (460.0, 250.0), Unit::SHARE, words.lang)
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_y_tick_step(0.25);
    let gaps = whole.iter().map(|run| run.len()).sum::<usize>() < paths.x.len();
    picture(draw(plots, layout, &words.share_of_worlds), key, label(paths, words), tips, gaps)
}

fn label(paths: &StancePaths, words: &Words) -> String {
    let end = |share: &Vec<f64>| share.iter().rev().find(|v| v.is_finite()).copied().unwrap_or(f64::NAN);
    let last: Vec<f64> = paths.share.iter().map(end).collect();
    let pair = |(name, share): (&String, &f64)| {
        words.colon_pair.replace("{value}", &Unit::SHARE.amount(*share, words.lang)).replace("{name}", name)
    };
    let shares: Vec<String> = paths.names.iter().zip(&last).map(pair).collect();
    words
        .stances_alt
        .replace("{from}", &period(paths.x.first().copied().unwrap_or(f64::NAN)))
        .replace("{to}", &period(paths.x.last().copied().unwrap_or(f64::NAN)))
        .replace("{shares}", &shares.join("; "))
        .replace("{title}", &paths.scenario)
}

//! The gates over time: a row for each part, a bar for each stretch under one status.

use std::sync::Arc;

use kuva::plot::BandPlot;
use kuva::render::layout::{ComputedLayout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::TextAnchor;

use super::{Picture, axes, draw, extent, literal, picture, width_of, words_at};
use crate::data::{GateRow, Span, Status};
use crate::number::period;
use crate::unit::Unit;
use crate::words::Words;

const WIDTH: f64 = 1000.0;
const ROW: f64 = 27.0;
const WIDEST: f64 = 330.0;

/// Name of a status in the page's colours.
pub(crate) fn class(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Licence => "licence",
        Status::Denied => "denied",
        Status::Closed => "closed",
        Status::Unknown => "unknown",
    }
}

/// What all pictures of the timeline share, so that their years stand one above the other.
pub(crate) struct Scale {
    years: (f64, f64),
    left: f64,
}

impl Scale {
    pub(crate) fn of(rows: &[GateRow]) -> Self {
        let widest = rows.iter().map(|row| width_of(&fitting(&row.part))).fold(0.0, f64::max);
        let years = extent(rows.iter().flat_map(|row| &row.spans).flat_map(|span| [span.from, span.to]));
        Scale { years, left: widest.max(60.0) + 20.0 }
    }
}

/// The rows of one gate.
pub(crate) fn draw_gate(gate: &str, rows: &[&GateRow], scale: &Scale, key: &str, words: &Words) -> Picture {
    let names: Vec<String> = rows.iter().map(|row| literal(&fitting(&row.part))).collect();
    let count = names.len();
    let name = move |tick: f64| {
        let from_top = count as f64 - tick.round();
        names.get(from_top as usize).filter(|_| from_top >= 0.0).cloned().unwrap_or_default()
    };
    let (mut plots, mut tips, mut labels, mut gaps) = (Vec::new(), Vec::new(), Vec::new(), false);
    // Half a point of air at each end of a bar, in years.
    let air = (scale.years.1 - scale.years.0) / (WIDTH - scale.left) * 0.5;
    for (at, row) in rows.iter().enumerate() {
        let middle = (count - at) as f64;
        for span in &row.spans {
            if !(span.from.is_finite() && span.to.is_finite() && span.from < span.to) {
                gaps = true;
                continue;
            }
            let bar = BandPlot::new([span.from + air, span.to - air], [middle - 0.38; 2], [middle + 0.38; 2]);
            plots.push(Plot::Band(bar.with_color(format!("var(--{})", class(span.status))).with_opacity(1.0)));
            tips.push(tip(row, span, words));
            labels.push((span, middle));
        }
    }
    let height = ROW * count as f64 + 38.0;
    let layout = axes(&plots, scale.years, (WIDTH, height), Unit::NUMBER, words.lang)
        .with_y_axis_min(0.5)
        .with_y_axis_max(count as f64 + 0.5)
        .with_y_tick_step(1.0)
        .with_y_tick_format(TickFormat::Custom(Arc::new(name)))
        .with_force_margins(scale.left, 20.0)
        .with_force_margins_y(8.0, 30.0);
    let computed = ComputedLayout::from_layout(&layout);
    let mut scene = draw(plots, layout, "");
    for (span, middle) in labels {
        let (left, right) = (computed.map_x(span.from), computed.map_x(span.to));
        if width_of(&span.label) + 10.0 <= right - left {
            let color = format!("var(--on-{})", class(span.status));
            let at = ((left + right) / 2.0, computed.map_y(middle) + 4.2);
            scene.add(words_at(&span.label, at, TextAnchor::Middle, &color));
        }
    }
    let parts: Vec<&str> = rows.iter().map(|row| row.part.as_str()).collect();
    let label = words.colon_pair.replace("{value}", &parts.join(", ")).replace("{name}", gate);
    picture(scene, key, label, tips, gaps)
}

/// A name that leaves room for the bars; the table has it whole.
fn fitting(name: &str) -> String {
    let mut cut = name.to_owned();
    while width_of(&cut) > WIDEST {
        cut.pop();
    }
    if cut.len() < name.len() { format!("{}…", cut.trim_end()) } else { cut }
}

fn tip(row: &GateRow, span: &Span, words: &Words) -> String {
    let when = words.range.replace("{low}", &period(span.from)).replace("{high}", &period(span.to));
    let what = words.colon_pair.replace("{value}", words.status(span.status)).replace("{name}", &row.part);
    [what, when, span.label.clone(), span.by.clone()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ")
}

//! Still pictures by `kuva`, coloured by the page: every colour is a CSS variable, so one picture serves light, dark and paper.

pub(crate) mod bars;
pub(crate) mod difference;
pub(crate) mod fan;
pub(crate) mod stances;
pub(crate) mod timeline;

use std::ops::Range;
use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};
use kuva::render::theme::Theme;

use crate::unit::Unit;
use crate::words::Lang;

/// The inside of an `<svg>`; the page writes the element itself, with its name for those who do not see it.
pub(crate) struct Picture {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) label: String,
    pub(crate) body: String,
    /// Whether a value was missing and left as a gap.
    pub(crate) gaps: bool,
}

/// Height of the line above the axes that holds the unit.
const TOP: f64 = 26.0;
/// Height of the line below the axes that holds the years.
const BOTTOM: f64 = 30.0;
/// Size of all letters in pictures.
const LETTERS: u32 = 12;

fn theme() -> Theme {
    Theme {
        background: "none".into(),
        axis_color: "var(--axis)".into(),
        grid_color: "var(--grid)".into(),
        tick_color: "var(--axis)".into(),
        text_color: "currentColor".into(),
        ..Theme::light()
    }
}

/// Axes over years: as many year labels as fit, ticks in our own spelling, room above for the unit.
fn axes(plots: &[Plot], (from, to): (f64, f64), (width, height): (f64, f64), unit: Unit, lang: Lang) -> Layout {
    let layout = if plots.is_empty() { Layout::new((from, to), (0.0, 1.0)) } else { Layout::auto_from_plots(plots) };
    layout
        .with_theme(theme())
        .with_width(width)
        .with_height(height)
        .with_x_axis_min(from)
        .with_x_axis_max(to)
        .with_x_tick_step(years_between_ticks(to - from, width))
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Custom(Arc::new(move |value| unit.tick(value, lang))))
        .with_tick_size(LETTERS)
        .with_label_size(1)
        .with_tick_length(6.0)
        .with_force_margins_y(TOP, BOTTOM)
}

fn years_between_ticks(years: f64, width: f64) -> f64 {
    let fit = (width / 64.0).max(1.0);
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter().find(|step| years / step <= fit).unwrap_or(100.0)
}

/// First and last of the times, a little apart even where there is but one.
fn extent(times: impl Iterator<Item = f64>) -> (f64, f64) {
    let (from, to) = times
        .filter(|x| x.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (f64::min(least, x), f64::max(most, x)));
    if from > to {
        return (0.0, 1.0);
    }
    if to - from < 0.25 { (from - 0.125, to + 0.125) } else { (from, to) }
}

/// The stretches of `0..n` without a gap.
fn runs(n: usize, known: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in (0..n).filter(|&at| known(at)) {
        match found.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

fn known(values: &[f64], at: usize) -> bool {
    values.get(at).is_some_and(|v| v.is_finite())
}

/// A part of a list; nothing where it is shorter.
fn part(values: &[f64], run: &Range<usize>) -> Vec<f64> {
    values.get(run.clone()).unwrap_or_default().to_vec()
}

/// Draws plots on axes, with the unit above the upright axis.
fn draw(plots: Vec<Plot>, layout: Layout, unit: &str) -> Scene {
    let mut scene = render_multiple(plots, layout);
    scene.add(words_at(unit, (2.0, 12.0), TextAnchor::Start, "var(--muted)"));
    scene
}

fn words_at(text: &str, (x, y): (f64, f64), anchor: TextAnchor, color: &str) -> Primitive {
    let content = literal(text);
    Primitive::Text { x, y, content, size: LETTERS, anchor, rotate: None, bold: false, color: Some(color.into()) }
}

/// `kuva` reads what stands between two dollar signs as a formula; here they are money.
fn literal(text: &str) -> String {
    text.replace('$', "\\$")
}

/// Width of a text in pictures, roughly: letters of Chinese are square, others about half as wide.
fn width_of(text: &str) -> f64 {
    text.chars().map(|c| if c as u32 >= 0x2E80 { 1.0 } else { 0.56 }).sum::<f64>() * f64::from(LETTERS)
}

/// A scene as a picture. `key` names its clip on the page; `tips` become the tooltips of its filled shapes, in turn.
fn picture(mut scene: Scene, key: &str, label: String, tips: Vec<String>, gaps: bool) -> Picture {
    scene.background_color = None;
    scene.text_color = None;
    scene.font_family = None;
    scene.has_tooltips = false;
    let mut tips = tips.into_iter();
    let mut elements = Vec::with_capacity(scene.elements.len());
    for element in std::mem::take(&mut scene.elements) {
        match element {
            // The library counts clips over the whole process; the page wants the same bytes every time.
            Primitive::ClipStart { x, y, width, height, id } => {
                for def in &mut scene.defs {
                    *def = def.replace(&format!("\"{id}\""), &format!("\"clip-{key}\""));
                }
                elements.push(Primitive::ClipStart { x, y, width, height, id: format!("clip-{key}") });
            }
            Primitive::Path(path) => match tips.next() {
                Some(tip) => {
                    elements.push(Primitive::GroupStart { transform: None, title: Some(tip), extra_attrs: None });
                    elements.push(Primitive::Path(path));
                    elements.push(Primitive::GroupEnd);
                }
                None => elements.push(Primitive::Path(path)),
            },
            other => elements.push(other),
        }
    }
    scene.elements = elements;
    let (width, height) = (scene.width, scene.height);
    Picture { width, height, label, body: inside(&SvgBackend::new().render_scene(&scene)), gaps }
}

/// What stands between `<svg …>` and `</svg>`, without the library's stamp.
fn inside(svg: &str) -> String {
    let body = svg.split_once('>').map_or(svg, |(_, rest)| rest);
    let body = body.rsplit_once("</svg>").map_or(body, |(before, _)| before);
    match body.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")) {
        Some((_, rest)) => rest.to_owned(),
        None => body.to_owned(),
    }
}

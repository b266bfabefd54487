//! A small picture of one difference: its range, its median, and the upright line of no difference.

use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene};

use super::{Picture, picture};
use crate::data::Interval;
use crate::unit::Unit;
use crate::words::Words;

const WIDTH: f64 = 170.0;
const HEIGHT: f64 = 22.0;
const EDGE: f64 = 8.0;

/// Nothing where the difference is not known. `reach` is how far the scale goes to either side.
pub(crate) fn draw_difference(difference: &Interval, unit: Unit, reach: f64, key: &str, words: &Words) -> Option<Picture> {
    let Interval { low, median, high } = *difference;
    if !(low.is_finite() && median.is_finite() && high.is_finite() && reach.is_finite() && reach > 0.0) {
        return None;
    }
    let at = |value: f64| WIDTH / 2.0 + (value / reach).clamp(-1.0, 1.0) * (WIDTH / 2.0 - EDGE);
    let middle = HEIGHT / 2.0;
    let line = |x1: f64, x2: f64, half: f64, width: f64, color: &str| Primitive::Line {
        x1,
        y1: middle - half,
        x2,
        y2: middle + half,
        stroke: Color::from(color),
        stroke_width: width,
        stroke_dasharray: None,
    };
    let mut scene = Scene::new(WIDTH, HEIGHT);
    scene.add(line(at(0.0), at(0.0), HEIGHT / 2.0, 1.0, "var(--axis)"));
    scene.add(line(at(low), at(high), 0.0, 3.0, "var(--bar)"));
    scene.add(Primitive::Circle {
        cx: at(median),
        cy: middle,
        r: 4.5,
        fill: Color::from("var(--accent)"),
        fill_opacity: None,
        stroke: Some(Color::from("var(--paper)")),
        stroke_width: Some(1.5),
    });
    let (median, range) = (unit.change(median, words.lang), unit.change_range(low, high, words.lang));
    let label = words.picture_alt.replace("{median}", &median).replace("{range}", &range);
    Some(picture(scene, key, label, Vec::new(), false))
}

/// How far the scale of some differences must go.
pub(crate) fn reach<'a>(differences: impl Iterator<Item = &'a Interval>) -> f64 {
    differences.flat_map(|d| [d.low, d.median, d.high]).filter(|v| v.is_finite()).map(f64::abs).fold(0.0, f64::max)
}

//! What the default scenario says over 256 draws, to three digits. Data is still tuned: `UPDATE=1 cargo test -p world --test golden` writes it
//! anew, and the difference in version control says what a change of data or code did to every figure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fmt::Write as _;
use std::fs;

use common::{draws, world};
use world::run;

const DRAWS: usize = 256;

/// Three significant digits.
fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let decimals = (2 - x.abs().log10().floor() as i32).max(0) as usize;
    format!("{x:.decimals$}")
}

/// The order statistic at a share of the way, as a number that was seen.
fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn told() -> String {
    let world = world("h200");
    let kept = run(&world, &draws(&world.scenario, DRAWS), 0, 1, false).unwrap_or_else(|e| panic!("{e}"));
    let metrics = &world.scenario.metrics;
    let mut text = format!("h200 over {DRAWS} draws: 5 %, median, 95 %\n");
    for (m, metric) in metrics.iter().enumerate() {
        let mut values: Vec<f64> = (0..DRAWS).map(|w| kept.metrics[w * metrics.len() + m]).collect();
        let all = values.len();
        values.retain(|x| x.is_finite());
        values.sort_by(f64::total_cmp);
        let never = all - values.len();
        let figure = |share| if values.is_empty() { "-".to_owned() } else { short(at(&values, share)) };
        let _ = write!(text, "{:<18}{:>12}{:>12}{:>12}  {}", metric.id, figure(0.05), figure(0.5), figure(0.95), metric.unit);
        text += &if never > 0 { format!(", never in {never}\n") } else { "\n".to_owned() };
    }
    text
}

#[test]
fn the_default_scenario_says_what_it_said() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/h200.txt");
    let told = told();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).unwrap();
        fs::write(path, &told).unwrap();
        return;
    }
    let known = fs::read_to_string(path).unwrap_or_default();
    assert!(told == known, "--- was\n{known}--- is\n{told}UPDATE=1 writes it anew: read the difference before you keep it");
}

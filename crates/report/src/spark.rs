//! A line of blocks for the terminal.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The values as a line of at most `width` blocks, from their least to their greatest. A missing value is a space; more values than
/// `width` are averaged in turn.
pub fn sparkline(values: &[f64], width: usize) -> String {
    let cells = values.len().min(width);
    if cells == 0 {
        return String::new();
    }
    let means: Vec<Option<f64>> = (0..cells)
        .map(|cell| {
            let from = cell * values.len() / cells;
            let to = (cell + 1) * values.len() / cells;
            let known: Vec<f64> = values.get(from..to)?.iter().copied().filter(|v| v.is_finite()).collect();
            // Divided first: two values near the largest double have a mean too.
            (!known.is_empty()).then(|| known.iter().map(|v| v / known.len() as f64).sum())
        })
        .collect();
    let least = means.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    means.iter().map(|mean| mean.map_or(' ', |mean| block(mean, least, most))).collect()
}

fn block(value: f64, least: f64, most: f64) -> char {
    // Halved, so that the distance of two extremes stays finite.
    let span = most / 2.0 - least / 2.0;
    let part = if span > 0.0 { (value / 2.0 - least / 2.0) / span } else { 0.5 };
    let step = (part * (BLOCKS.len() - 1) as f64).round().clamp(0.0, 7.0);
    BLOCKS.get(step as usize).copied().unwrap_or(' ')
}

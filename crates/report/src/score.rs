//! How far to believe a study, in one sentence for terminal and page: how many later figures a band held, and how many its median was nearer
//! to than each model that knows nothing.

use crate::data::ScoreRow;
use crate::number::grouped;
use crate::page::ReportError;
use crate::words::{Lang, Words};

/// The fewest worlds of which a band of nine in ten can be read: one in twenty lies beyond either end.
pub const FEWEST: usize = 20;

/// How often a prediction was right, over figures that the fit had not seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Figures.
    pub all: usize,
    /// Of these, inside the 5 to 95 % range.
    pub inside: usize,
    /// Against the last known value.
    pub last: Null,
    /// Against a buyer who follows the script of the gates.
    pub scripted: Null,
}

/// How often the median was nearer than a null model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Null {
    /// Figures that the null model speaks of.
    pub all: usize,
    /// Of these, those to which the median was nearer.
    pub nearer: usize,
}

impl Tally {
    /// Counts rows.
    pub fn of(rows: &[ScoreRow]) -> Tally {
        let against = |null: &dyn Fn(&ScoreRow) -> Option<f64>| {
            let both: Vec<(f64, f64)> = rows.iter().filter_map(|row| Some((row.error.abs(), null(row)?.abs()))).collect();
            Null { all: both.len(), nearer: both.iter().filter(|(own, null)| own < null).count() }
        };
        Tally {
            all: rows.len(),
            inside: rows.iter().filter(|row| row.inside).count(),
            last: against(&|row| row.last_error),
            scripted: against(&|row| row.scripted_error),
        }
    }
}

/// How far to believe `worlds` worlds, in a sentence or two; nothing where no figure is scored. Too few worlds have no band to score.
///
/// # Errors
/// [`ReportError::Words`] where the phrases do not read.
pub fn believed(rows: &[ScoreRow], worlds: usize, lang: Lang) -> Result<Option<String>, ReportError> {
    let words = Words::read(lang)?;
    if worlds < FEWEST {
        return Ok(Some(words.too_few.replace("{worlds}", &worlds.to_string()).replace("{fewest}", &FEWEST.to_string())));
    }
    let tally = Tally::of(rows);
    let text = [
        ("{all}", tally.all),
        ("{inside}", tally.inside),
        ("{last}", tally.last.nearer),
        ("{last_all}", tally.last.all),
        ("{scripted}", tally.scripted.nearer),
        ("{scripted_all}", tally.scripted.all),
    ]
    .iter()
    .fold(words.believed.clone(), |text, (hole, n)| text.replace(hole, &grouped(&n.to_string())));
    Ok((tally.all > 0).then_some(text))
}

//! The desk's own numbers from `desk.toml`: clocks, validity, retention, conditions of every shipment. Dated law stays in regimes.

use facts::{Date, Pack, Problem, Source};
use jiff::ToSpan;
use serde::Deserialize;

/// What `desk.toml` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// How long records are kept from the latest event.
    pub retention: Years,
    /// How long a licence holds unless it says otherwise.
    pub validity: Years,
    /// Within how many days an application is resolved.
    pub decision: Days,
    /// Notifications with a clock.
    #[serde(default, rename = "clock")]
    pub clocks: Vec<Clock>,
    /// Conditions that every shipment shows for itself.
    #[serde(default)]
    pub each_shipment: Vec<Each>,
    /// By how much clocks may differ.
    pub clock_skew: Skew,
    /// From when on an entry is late.
    pub late: Late,
}

/// A span of years with its source.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Years {
    /// Years.
    pub years: i16,
    /// The place in the law.
    pub cite: String,
    /// How sure it is.
    pub confidence: String,
    /// Where it can be read.
    pub url: String,
}

/// A span of calendar days with its source.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// Calendar days.
    pub days: i32,
    /// The place in the law.
    pub cite: String,
    /// How sure it is.
    pub confidence: String,
    /// Where it can be read.
    pub url: String,
}

/// A notification's clock.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// The condition that the notification serves.
    pub clause: String,
    /// Calendar days from the notification on.
    pub days: i32,
    /// The fact that says whether it was confirmed.
    pub confirmed: String,
    /// The fact that says whether a shipment stays within what was notified.
    pub totals: String,
    /// The place in the law.
    pub cite: String,
    /// How sure it is.
    pub confidence: String,
    /// Where it can be read.
    pub url: String,
}

/// A condition that every shipment shows for itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The condition.
    pub clause: String,
    /// The fact by which a shipment shows it.
    pub fact: String,
    /// The place in the law.
    pub cite: String,
    /// How sure it is.
    pub confidence: String,
    /// Where it can be read.
    pub url: String,
}

/// By how much clocks may differ.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// Seconds.
    pub seconds: i64,
}

/// From when on an entry is late: it is marked, and a reason is asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// More calendar days than these lie between what happened and its entry.
    pub days: i32,
}

impl Rules {
    /// Reads `desk.toml` of a pack.
    ///
    /// # Errors
    /// The problem, with its place.
    pub fn read(pack: &Pack) -> Result<Rules, Box<Problem>> {
        let nowhere = Source { path: "desk.toml".to_owned(), text: String::new() };
        let source = pack.get("desk.toml").unwrap_or(&nowhere);
        toml::from_str(&source.text).map_err(|e| {
            let at = e.span().unwrap_or(0..0);
            Box::new(source.problem(at, e.message().to_owned()).hint("the shipped desk.toml shows every key"))
        })
    }

    /// The clock of a condition.
    pub fn clock(&self, clause: &str) -> Option<&Clock> {
        self.clocks.iter().find(|c| c.clause == clause)
    }

    /// The last day of validity of a licence from this day on.
    pub fn valid_until(&self, from: Date) -> Date {
        from.saturating_add(self.validity.years.years()).saturating_sub(1.day())
    }

    /// The first day on which records with this latest event may be destroyed.
    pub fn kept_until(&self, latest: Date) -> Date {
        latest.saturating_add(self.retention.years.years())
    }
}

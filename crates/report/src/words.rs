//! The words of the page itself, in both languages; `locales/` holds them.

use serde::Deserialize;

use crate::data::{Status, Verdict};
use crate::page::ReportError;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

impl Lang {
    /// The tag for `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Lang::En => include_str!("../locales/en.toml"),
            Lang::Zh => include_str!("../locales/zh.toml"),
        }
    }
}

fn english() -> Lang {
    Lang::En
}

macro_rules! words {
    ($($name:ident)*) => {
        /// Every phrase of the page, by key.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Words {
            #[serde(skip, default = "english")]
            pub(crate) lang: Lang,
            $(pub(crate) $name: String),*
        }
    };
}

words! {
    contents skip overline short_answer worlds quarters scenarios_compared base_mark
    timeline timeline_lead gate part from to status by as_table
    open licence denied closed unknown
    fans fans_lead fan_alt median half_band wide_band observed_fit observed_scored law_ends
    receipts receipts_lead bars_alt bar_key range_key
    stances stances_lead stances_alt share_of_worlds
    comparison comparison_lead metric unit base scenario difference picture picture_alt higher_in reading
    better worse higher lower unclear more_is_better less_is_better
    backtest backtest_lead believed too_few observation published predicted inside yes no error last_error scripted_error
    claims claims_lead claim verdict figures source supported contradicted contingent undetermined
    assumptions assumptions_lead assumption low central high confidence
    beliefs provenance provenance_lead seed hash_of hash
    missing range colon_pair
}

impl Words {
    pub(crate) fn read(lang: Lang) -> Result<Self, ReportError> {
        let words = toml::from_str(lang.text()).map_err(|why| ReportError::Words(why.to_string()))?;
        Ok(Words { lang, ..words })
    }

    pub(crate) fn status(&self, status: Status) -> &str {
        match status {
            Status::Open => &self.open,
            Status::Licence => &self.licence,
            Status::Denied => &self.denied,
            Status::Closed => &self.closed,
            Status::Unknown => &self.unknown,
        }
    }

    pub(crate) fn verdict(&self, verdict: Verdict) -> &str {
        match verdict {
            Verdict::Supported => &self.supported,
            Verdict::Contradicted => &self.contradicted,
            Verdict::Contingent => &self.contingent,
            Verdict::Undetermined => &self.undetermined,
        }
    }
}

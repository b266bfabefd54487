//! Units, and how a number of a unit is written for a reader: the one place for terminal, page and labels. Money and large counts in the words
//! that people use, shares in per cent, years as quarters, pieces whole; no digit that a range of worlds does not carry.

use serde::Serialize;

use crate::number::{MISSING, grouped, period, rounded, significant};
use crate::words::Lang;

/// What is counted, in what size, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Unit {
    /// What a number of it says.
    pub kind: Kind,
    /// How many of what a reader is told one of it is: a billion for `USD bn`.
    pub scale: f64,
    /// For each of what it is counted.
    pub per: Option<Per>,
}

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// A part of a whole: 0.5 is a half.
    Share,
    /// A difference of shares.
    Points,
    /// How many times as much.
    Times,
    /// A number without dimension: an elasticity, a weight.
    Number,
    /// Utility in a choice.
    Utility,
    /// A place on the ladder of stances.
    Rung,
    /// A moment: a year with decimals.
    Moment,
    /// A length of time in quarters.
    Quarters,
    /// Money.
    Money(Currency),
    /// Whole pieces.
    Pieces(Piece),
    /// Compute in parts of the reference.
    Compute,
    /// Performance in TPP.
    Performance,
    /// Bandwidth in GB/s.
    Bandwidth,
    /// Electric power in MW.
    Power,
}

/// A currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Currency {
    /// United States dollars.
    Usd,
    /// Renminbi.
    Rmb,
}

/// What pieces are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Piece {
    /// Anything.
    Any,
    /// Parts: accelerators.
    Part,
    /// Dies.
    Die,
    /// Packages.
    Package,
    /// Memory stacks.
    Stack,
    /// Wafers.
    Wafer,
    /// Firms.
    Firm,
    /// Jobs.
    Job,
}

/// For each of what something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Per {
    /// A year.
    Year,
    /// A quarter.
    Quarter,
    /// A month.
    Month,
    /// A part.
    Part,
    /// A kilogram.
    Kilogram,
    /// An hour of a part.
    PartHour,
}

/// Units as files write them: what stands before a slash, `per` or a remark. A longer one stands before what it begins with.
const WRITTEN: &[(&str, Kind, f64)] = &[
    ("USD bn", Kind::Money(Currency::Usd), 1e9),
    ("USD mn", Kind::Money(Currency::Usd), 1e6),
    ("USD k", Kind::Money(Currency::Usd), 1e3),
    ("USD", Kind::Money(Currency::Usd), 1.0),
    ("RMB bn", Kind::Money(Currency::Rmb), 1e9),
    ("RMB mn", Kind::Money(Currency::Rmb), 1e6),
    ("thousand RMB", Kind::Money(Currency::Rmb), 1e3),
    ("RMB", Kind::Money(Currency::Rmb), 1.0),
    ("kH100e", Kind::Compute, 1e3),
    ("H100e", Kind::Compute, 1.0),
    ("k dies", Kind::Pieces(Piece::Die), 1e3),
    ("million dies", Kind::Pieces(Piece::Die), 1e6),
    ("gross dies", Kind::Pieces(Piece::Die), 1.0),
    ("gross packages", Kind::Pieces(Piece::Package), 1.0),
    ("k stacks", Kind::Pieces(Piece::Stack), 1e3),
    ("million stacks", Kind::Pieces(Piece::Stack), 1e6),
    ("k wafers", Kind::Pieces(Piece::Wafer), 1e3),
    ("thousand wafers", Kind::Pieces(Piece::Wafer), 1e3),
    ("million", Kind::Pieces(Piece::Any), 1e6),
    ("units", Kind::Pieces(Piece::Part), 1.0),
    ("unit", Kind::Pieces(Piece::Part), 1.0),
    ("jobs", Kind::Pieces(Piece::Job), 1.0),
    ("firms", Kind::Pieces(Piece::Firm), 1.0),
    ("k", Kind::Pieces(Piece::Part), 1e3),
    ("percentage points", Kind::Points, 0.01),
    ("percent", Kind::Share, 0.01),
    ("share", Kind::Share, 1.0),
    ("times", Kind::Times, 1.0),
    ("ratio", Kind::Times, 1.0),
    ("x", Kind::Times, 1.0),
    ("count", Kind::Number, 1.0),
    ("number", Kind::Number, 1.0),
    ("0 or 1", Kind::Number, 1.0),
    ("1", Kind::Number, 1.0),
    ("utils", Kind::Utility, 1.0),
    ("rung", Kind::Rung, 1.0),
    ("year", Kind::Moment, 1.0),
    ("quarters of sales", Kind::Quarters, 1.0),
    ("quarters", Kind::Quarters, 1.0),
    ("TPP", Kind::Performance, 1.0),
    ("GB/s", Kind::Bandwidth, 1.0),
    ("MW", Kind::Power, 1.0),
];

/// What may stand after `/` or `per`, and how many of it.
const EACH: &[(&str, Per, f64)] = &[
    ("year", Per::Year, 1.0),
    ("quarter", Per::Quarter, 1.0),
    ("month", Per::Month, 1.0),
    ("kg", Per::Kilogram, 1.0),
    ("GPU-hour", Per::PartHour, 1.0),
    ("k", Per::Part, 1e3),
];

/// Digits of a number that is rounded for a reader.
const ROUNDED: usize = 3;

impl Default for Unit {
    fn default() -> Self {
        Unit::NUMBER
    }
}

impl Unit {
    /// A share of a whole.
    pub const SHARE: Unit = Unit { kind: Kind::Share, scale: 1.0, per: None };
    /// A number without dimension.
    pub const NUMBER: Unit = Unit { kind: Kind::Number, scale: 1.0, per: None };

    /// Reads a unit as the packs write it, and the remark that may follow: `H100e cumulative median`, `percent (57-60)`. Nothing where nobody
    /// has said how such a unit is spelled.
    pub fn read(text: &str) -> Option<(Unit, &str)> {
        let text = text.trim();
        // A head ends where its word ends.
        let after = |head: &str| text.strip_prefix(head).filter(|rest| rest.is_empty() || rest.starts_with([' ', '/']));
        let (kind, scale, rest) = WRITTEN.iter().find_map(|(head, kind, scale)| Some((*kind, *scale, after(head)?)))?;
        let mut unit = Unit { kind, scale, per: None };
        let each = rest.strip_prefix('/').or(rest.strip_prefix(" per "));
        let Some(each) = each else { return Some((unit, rest.trim())) };
        let (per, of, rest) = EACH.iter().find_map(|(word, per, of)| {
            let rest = each.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
            Some((*per, *of, rest))
        })?;
        (unit.per, unit.scale) = (Some(per), unit.scale / of);
        Some((unit, rest.trim()))
    }

    /// The unit of a difference: per cent differ by points, moments by quarters.
    pub fn apart(self) -> Unit {
        match self.kind {
            Kind::Share => Unit { kind: Kind::Points, ..self },
            Kind::Moment => Unit { kind: Kind::Quarters, scale: self.scale * 4.0, ..self },
            Kind::Points
            | Kind::Times
            | Kind::Number
            | Kind::Utility
            | Kind::Rung
            | Kind::Quarters
            | Kind::Money(_)
            | Kind::Pieces(_)
            | Kind::Compute
            | Kind::Performance
            | Kind::Bandwidth
            | Kind::Power => self,
        }
    }

    /// What the unit is called in a table or above an axis.
    pub fn name(self, lang: Lang) -> String {
        let [en, zh] = match self.kind {
            Kind::Share => ["share", "占比"],
            Kind::Points => ["percentage points", "个百分点"],
            Kind::Times => ["times", "倍"],
            Kind::Number => ["number", "数值"],
            Kind::Utility => ["utility", "效用"],
            Kind::Rung => ["rung of the ladder", "立场级别"],
            Kind::Moment => ["quarter", "季度"],
            Kind::Quarters => ["quarters", "个季度"],
            Kind::Money(Currency::Usd) => ["USD", "美元"],
            Kind::Money(Currency::Rmb) => ["RMB", "元人民币"],
            Kind::Pieces(Piece::Any) => ["pieces", "件"],
            Kind::Pieces(Piece::Part) => ["parts", "张"],
            Kind::Pieces(Piece::Die) => ["dies", "颗裸片"],
            Kind::Pieces(Piece::Package) => ["packages", "个封装"],
            Kind::Pieces(Piece::Stack) => ["memory stacks", "个存储堆栈"],
            Kind::Pieces(Piece::Wafer) => ["wafers", "片晶圆"],
            Kind::Pieces(Piece::Firm) => ["firms", "家企业"],
            Kind::Pieces(Piece::Job) => ["jobs", "个岗位"],
            Kind::Compute => ["H100 equivalents", "张 H100 当量"],
            Kind::Performance => ["TPP", "TPP"],
            Kind::Bandwidth => ["GB/s", "GB/s"],
            Kind::Power => ["MW", "兆瓦"],
        };
        match lang {
            Lang::En => format!("{en}{}", self.each(lang)),
            Lang::Zh => format!("{zh}{}", self.each(lang)),
        }
    }

    fn each(self, lang: Lang) -> &'static str {
        let [en, zh] = match self.per {
            None => ["", ""],
            Some(Per::Year) => [" a year", "/年"],
            Some(Per::Quarter) => [" a quarter", "/季度"],
            Some(Per::Month) => [" a month", "/月"],
            Some(Per::Part) => [" a part", "/张"],
            Some(Per::Kilogram) => [" a kilogram", "/千克"],
            Some(Per::PartHour) => [" an hour of a part", "/卡时"],
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// A number of it without its name, to three digits: `239 million`, `27.4 %`, `2030Q2`.
    pub fn amount(self, value: f64, lang: Lang) -> String {
        self.written(value, ROUNDED, lang)
    }

    /// The same with its name: `239 million USD`.
    pub fn say(self, value: f64, lang: Lang) -> String {
        self.named(self.written(value, ROUNDED, lang), lang)
    }

    /// A published number with all its digits and its name.
    pub fn published(self, value: f64, lang: Lang) -> String {
        self.named(self.exact(value, lang), lang)
    }

    /// A given number with all its digits, without its name.
    pub fn exact(self, value: f64, lang: Lang) -> String {
        self.written(value, 8, lang)
    }

    /// A tick of an axis: as many digits as tell it from its neighbours.
    pub(crate) fn tick(self, value: f64, lang: Lang) -> String {
        self.written(value, 6, lang)
    }

    /// A difference of two numbers of it, with its sign: `+1.2 billion`, `−3.4 percentage points`, `+2 quarters`.
    pub fn change(self, value: f64, lang: Lang) -> String {
        let apart = self.apart();
        let text = apart.signed(value, lang);
        if apart.kind == self.kind { text } else { apart.named(text, lang) }
    }

    /// The same with its name, whatever it is of: `+1.2 billion USD`.
    pub fn say_change(self, value: f64, lang: Lang) -> String {
        let apart = self.apart();
        apart.named(apart.signed(value, lang), lang)
    }

    fn signed(self, value: f64, lang: Lang) -> String {
        let text = self.amount(value, lang);
        if value > 0.0 && value.is_finite() && !text.starts_with('<') { format!("+{text}") } else { text }
    }

    /// Two numbers of it with a word between, without its name: `4.7 million to 11 billion`.
    pub fn range(self, low: f64, high: f64, lang: Lang) -> String {
        self.between(low, high, |unit, x| unit.amount(x, lang), lang)
    }

    /// The same of two differences: `−20.6 to +5.3`.
    pub fn change_range(self, low: f64, high: f64, lang: Lang) -> String {
        self.apart().between(low, high, |unit, x| unit.signed(x, lang), lang)
    }

    fn between(self, low: f64, high: f64, text: impl Fn(Unit, f64) -> String, lang: Lang) -> String {
        if !low.is_finite() && !high.is_finite() {
            return MISSING.to_owned();
        }
        let (low, high) = (text(self, low), text(self, high));
        match lang {
            Lang::En => format!("{low} to {high}"),
            Lang::Zh => format!("{low} 至 {high}"),
        }
    }

    /// Where the number alone does not say what it is of, its name follows.
    fn named(self, amount: String, lang: Lang) -> String {
        let plain = match self.kind {
            Kind::Share | Kind::Number | Kind::Utility | Kind::Rung | Kind::Moment | Kind::Pieces(Piece::Any) => true,
            Kind::Points
            | Kind::Times
            | Kind::Quarters
            | Kind::Money(_)
            | Kind::Pieces(_)
            | Kind::Compute
            | Kind::Performance
            | Kind::Bandwidth
            | Kind::Power => false,
        };
        if amount == MISSING {
            return amount;
        }
        match (plain, lang) {
            (true, _) => format!("{amount}{}", self.each(lang)),
            (false, Lang::En) => format!("{amount} {}", self.name(lang)),
            // A Chinese name follows a Chinese word at once; digits and Latin letters stand apart.
            (false, Lang::Zh) => {
                let name = self.name(lang);
                let joined = amount.ends_with(char::is_alphabetic) && !name.starts_with(|c: char| c.is_ascii());
                format!("{amount}{}{name}", if joined { "" } else { " " })
            }
        }
    }

    fn written(self, value: f64, digits: usize, lang: Lang) -> String {
        if !value.is_finite() {
            return MISSING.to_owned();
        }
        let value = value * self.scale;
        // What is nearly nothing is said to be less than the least that is told of its kind.
        let (least, least_text) = self.least(lang);
        if digits <= ROUNDED && value != 0.0 && value.abs() < least / 2.0 {
            return if value > 0.0 { format!("<{least_text}") } else { format!(">{}{least_text}", '\u{2212}') };
        }
        // Digits after the point, at most: all of them where a number is to stand as it was given.
        let most = |usual: usize| if digits > ROUNDED { digits } else { usual };
        match self.kind {
            Kind::Share if digits <= ROUNDED && value < 1.0 && value > 0.9995 => nearly_all(lang),
            Kind::Share => format!("{}{}", rounded(value * 100.0, digits, most(1)), if lang == Lang::En { " %" } else { "%" }),
            Kind::Points => rounded(value * 100.0, digits, most(1)),
            Kind::Times => rounded(value, digits, most(2)),
            Kind::Number | Kind::Utility => rounded(value, digits, most(3)),
            Kind::Rung | Kind::Quarters => rounded(value, digits, most(1)),
            Kind::Moment => period(value),
            Kind::Money(_) if self.is_price() => in_words(value, digits, most(2), lang),
            Kind::Money(_) | Kind::Pieces(_) | Kind::Compute => in_words(value, digits, most(0), lang),
            // Thresholds of the law have up to five digits.
            Kind::Performance | Kind::Bandwidth | Kind::Power if value.abs() < 1e5 => rounded(value, digits.max(5), 0),
            Kind::Performance | Kind::Bandwidth | Kind::Power if value.abs() < 1e6 => rounded(value, digits, 0),
            Kind::Performance | Kind::Bandwidth | Kind::Power => in_words(value, digits, 0, lang),
        }
    }

    /// Money for one piece of something, where a part of the least coin counts.
    fn is_price(self) -> bool {
        match self.per {
            Some(Per::Part | Per::Kilogram | Per::PartHour) => true,
            None | Some(Per::Year | Per::Quarter | Per::Month) => false,
        }
    }

    /// The least that is told of its kind.
    fn least(self, lang: Lang) -> (f64, &'static str) {
        match self.kind {
            Kind::Share => (0.001, if lang == Lang::En { "0.1 %" } else { "0.1%" }),
            Kind::Points => (0.001, "0.1"),
            Kind::Times => (0.01, "0.01"),
            Kind::Number | Kind::Utility => (0.001, "0.001"),
            Kind::Rung | Kind::Quarters => (0.1, "0.1"),
            Kind::Moment => (0.0, ""),
            Kind::Money(_) if self.is_price() => (0.01, "0.01"),
            Kind::Money(_) | Kind::Pieces(_) | Kind::Compute | Kind::Performance | Kind::Bandwidth | Kind::Power => (1.0, "1"),
        }
    }
}

/// What is nearly all is not said to be all.
fn nearly_all(lang: Lang) -> String {
    let text = if lang == Lang::En { ">99.9 %" } else { ">99.9%" };
    text.to_owned()
}

/// A number with the word for its size, as each language counts.
fn in_words(value: f64, digits: usize, most: usize, lang: Lang) -> String {
    const EN: &[(f64, &str)] = &[(1e12, " trillion"), (1e9, " billion"), (1e6, " million")];
    const ZH: &[(f64, &str)] = &[(1e12, " 万亿"), (1e8, " 亿"), (1e4, " 万")];
    let value = significant(value, digits);
    let words = if lang == Lang::En { EN } else { ZH };
    match words.iter().find(|(size, _)| value.abs() >= *size) {
        Some((size, word)) => format!("{}{word}", rounded(value / size, digits, digits)),
        None if most == 0 => grouped(&format!("{:.0}", value + 0.0)),
        None => rounded(value, digits, most),
    }
}

//! Scenarios as data: start, horizon, gates, vendors, stances, factors with ranges and sources, switches, levers, metrics. A scenario may
//! inherit from another and override. Checked like a regime: all problems at once, each with file, line and hint.

use std::collections::BTreeMap;
use std::ops::Range;

use facts::{Catalogue, Date, Dictionary, Found, Keys, Pack, Problem, Quarter, Source, nearest, parse_toml};
use toml::de::DeValue;

use crate::names::{Factors, Variables};

/// How a factor's uncertainty is spread between its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Most likely at the central value, straight down to the ends.
    Triangular,
    /// Alike from end to end.
    Uniform,
    /// Alike in orders of magnitude.
    LogUniform,
}

/// One thing that is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorSpec {
    /// Lowest value.
    pub low: f64,
    /// Central value.
    pub central: f64,
    /// Highest value.
    pub high: f64,
    /// How it is spread.
    pub spread: Spread,
    /// Where the range comes from.
    pub source: String,
    /// How sure it is: high, medium, low or judgement.
    pub confidence: String,
}

/// A gate, or another question to a regime.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// The regime; empty where there is no gate.
    pub regime: String,
    /// Whose gate it is.
    pub country: String,
    /// Facts of the question.
    pub facts: Vec<(String, String)>,
    /// Facts of a buyer whom the importer approved.
    pub approved: Vec<(String, String)>,
    /// Facts of a data center with state funds.
    pub state_funded: Vec<(String, String)>,
    /// The clause of the importer's regime that puts a part's security in question.
    pub security_clause: String,
}

/// A foreign vendor.
#[derive(Clone, Debug, PartialEq)]
pub struct VendorSpec {
    /// Its name in the catalogue.
    pub name: String,
    /// Its parts for the whole world that take part.
    pub parts: Vec<String>,
    /// Quarters from the announcement of a part to its sale.
    pub launch_lag: i32,
}

/// A rung of the ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct Stance {
    /// Its name.
    pub id: String,
    /// The draft that makes it; none for the law as it is.
    pub draft: Option<String>,
}

/// A figure of a run: a variable drawn together over quarters.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub id: String,
    /// What a reader sees.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
    /// Place of the variable in [`Variables::NAMES`].
    pub of: usize,
    /// How it is drawn together.
    pub over: Over,
    /// First quarter, from the start.
    pub from: usize,
    /// Last quarter.
    pub to: usize,
    /// Unit of the figure.
    pub unit: String,
    /// Whether more is better.
    pub better: Better,
}

/// Whether more of a metric is better, as the scenario says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is.
    More,
    /// Less is.
    Less,
    /// Nobody can say.
    Neither,
}

/// A variable that a reader is shown over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Place of the variable.
    pub of: usize,
    /// What a reader sees.
    pub title: String,
    /// The same in Chinese.
    pub title_zh: String,
}

/// How a metric draws quarters together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// The value in its first quarter.
    At,
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The first quarter (as a year with decimals) in which it reaches a level; not a number where it never does.
    FirstAbove(f64),
}

/// What may be turned on and off.
pub const SWITCHES: [&str; 14] = [
    "learning",
    "spillover",
    "spur",
    "crowd_out",
    "catch_up",
    "lock_in",
    "trust",
    "diversion",
    "vendor_research",
    "rare_earth",
    "allies",
    "legal_hazard",
    "domestic_makers",
    "memory_limit",
];

/// What a policy may set: name, default, meaning.
pub const LEVERS: [(&str, f64, &str); 6] = [
    ("fee_rate", -1.0, "fee as a share of the sale, in place of what the regime says; -1 leaves the regime's"),
    ("import_cap", 1.0, "the largest share of the importer's budget that may go to foreign parts"),
    ("research_floor", 0.0, "domestic research at least this share of the importer's budget"),
    ("supply", 1.0, "multiplies what both sides can supply"),
    ("importer_responds", 0.0, "1: the importer's admission moves with shortage and domestic quality after the known days"),
    ("regulator_moves", 0.0, "1: the exporter moves along the stances from `moves_from` on"),
];

/// Switches as numbers: 1 on, 0 off.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // the names are those of SWITCHES
pub struct Switches {
    pub learning: f64,
    pub spillover: f64,
    pub spur: f64,
    pub crowd_out: f64,
    pub catch_up: f64,
    pub lock_in: f64,
    pub trust: f64,
    pub diversion: f64,
    pub vendor_research: f64,
    pub rare_earth: f64,
    pub allies: f64,
    pub legal_hazard: f64,
    pub domestic_makers: f64,
    pub memory_limit: f64,
}

/// Levers as numbers; see [`LEVERS`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Levers {
    pub fee_rate: f64,
    pub import_cap: f64,
    pub research_floor: f64,
    pub supply: f64,
    pub importer_responds: f64,
    pub regulator_moves: f64,
}

/// One scenario, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub id: String,
    /// Title, in English and Chinese.
    pub title: [String; 2],
    /// The question that it asks.
    pub question: [String; 2],
    /// First quarter.
    pub start: Quarter,
    /// How many quarters.
    pub quarters: usize,
    /// Last quarter whose law is known; politics moves after it.
    pub known: Quarter,
    /// From here the regulator moves, where it does.
    pub moves_from: Quarter,
    /// Use only law that was published by this day.
    pub published_by: Option<Date>,
    /// The exporter's gate.
    pub exporter: Gate,
    /// The importer's gate.
    pub importer: Gate,
    /// How much better a part must be before a vendor designs it for a licence.
    pub design_worth: f64,
    /// Where parts are made.
    pub maker_country: String,
    /// Foreign vendors, at most two.
    pub vendors: Vec<VendorSpec>,
    /// Domestic makers' names, at most two.
    pub makers: Vec<String>,
    /// The part that compute is counted in.
    pub reference: String,
    /// Its performance in TPP, from the catalogue.
    pub reference_tpp: f64,
    /// Its memory bandwidth in GB/s.
    pub reference_bandwidth: f64,
    /// Memory stacks on their way to the importer.
    pub memory: Gate,
    /// The importer's reply: a shipment that it may stop.
    pub reply: Gate,
    /// First and last quarter in which the foreign foundry delivered.
    pub die_bank: (Quarter, Quarter),
    /// The ladder, tightest first.
    pub stances: Vec<Stance>,
    /// The stance that holds at the start.
    pub stance: usize,
    /// Parts on the timeline.
    pub shown: Vec<String>,
    /// One for each of [`Factors::NAMES`].
    pub factors: Vec<FactorSpec>,
    /// Switches.
    pub switches: Switches,
    /// Levers.
    pub levers: Levers,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// Texts that made it, base first, for the hash of a study.
    pub text: String,
}

impl Scenario {
    /// Names of the scenarios in a pack.
    pub fn names(pack: &Pack) -> Vec<String> {
        pack.under("scenarios/")
            .filter_map(|s| s.path.strip_prefix("scenarios/")?.strip_suffix(".toml").map(str::to_owned))
            .collect()
    }

    /// Reads a scenario and what it inherits.
    ///
    /// Returns none where something is wrong; every problem is then in `problems`.
    pub fn read(pack: &Pack, id: &str, library: &regime::Library, problems: &mut Vec<Problem>) -> Option<Scenario> {
        let before = problems.len();
        let mut chain = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(name) = next.take() {
            let Some(source) = pack.get(&format!("scenarios/{name}.toml")) else {
                let known = Scenario::names(pack);
                let near = nearest(&name, known.iter().map(String::as_str)).join(", ");
                let hint = if near.is_empty() { format!("known: {}", known.join(", ")) } else { format!("near it: {near}") };
                let from = chain
                    .last()
                    .map_or(Source { path: "scenarios/".to_owned(), text: String::new() }, |s: &&Source| (*s).clone());
                problems.push(from.problem(0..0, format!("no scenario `{name}`")).hint(hint));
                return None;
            };
            if chain.iter().any(|s: &&Source| s.path == source.path) {
                problems
                    .push(source.problem(0..0, format!("`{name}` inherits from itself")).hint("break the circle of `inherits`"));
                return None;
            }
            chain.push(source);
            next = inherits(source);
        }
        let mut draft = Draft::default();
        for source in chain.iter().rev() {
            draft.take(source, problems);
        }
        let last = chain.first()?;
        let scenario = draft.finish(id, last, library, problems);
        if problems.iter().skip(before).any(|p| p.severity == facts::Severity::Error) { None } else { scenario }
    }

    /// How the law is looked at.
    pub fn lens(&self) -> regime::Lens {
        regime::Lens { view: regime::View::Practice, known: self.published_by }
    }

    /// A factor's place by name.
    pub fn factor(name: &str) -> Option<usize> {
        Factors::<f64>::NAMES.iter().position(|(n, _)| *n == name)
    }

    /// A variable's place by name.
    pub fn variable(name: &str) -> Option<usize> {
        Variables::<f64>::NAMES.iter().position(|(n, _)| *n == name)
    }

    /// The draw in which every factor has its central value.
    pub fn central(&self) -> Vec<f64> {
        self.factors.iter().map(|f| f.central).collect()
    }

    /// Quarter number `at`.
    pub fn quarter(&self, at: usize) -> Quarter {
        self.start.plus(at as i32)
    }
}

/// The longest horizon in quarters.
pub const LONGEST: usize = 400;

fn inherits(source: &Source) -> Option<String> {
    let table = parse_toml(source, 0..source.text.len(), &mut Vec::new());
    Some(table.get_ref().get("inherits")?.get_ref().as_str()?.to_owned())
}

/// A text with its place.
type Placed = (String, Source, Range<usize>);

/// A scenario while its texts are read, base first.
#[derive(Default)]
struct Draft {
    texts: BTreeMap<&'static str, Placed>,
    numbers: BTreeMap<&'static str, (f64, Source, Range<usize>)>,
    lists: BTreeMap<&'static str, Vec<Placed>>,
    gates: BTreeMap<&'static str, Gate>,
    /// Where each gate, and the list of stances, was last told of.
    places: BTreeMap<&'static str, (Source, Range<usize>)>,
    stances: Vec<Stance>,
    factors: BTreeMap<usize, (Partial, Source, Range<usize>)>,
    switches: BTreeMap<usize, f64>,
    levers: BTreeMap<usize, f64>,
    metrics: Vec<(RawMetric, Source, Range<usize>)>,
    charts: Vec<Chart>,
    text: String,
}

#[derive(Clone, Default)]
struct Partial {
    low: Option<f64>,
    central: Option<f64>,
    high: Option<f64>,
    spread: Option<Spread>,
    source: String,
    confidence: String,
}

#[derive(Clone)]
struct RawMetric {
    id: String,
    title: [String; 2],
    of: String,
    over: String,
    level: Option<f64>,
    from: String,
    to: String,
    unit: String,
    better: String,
}

const TEXTS: [&str; 12] = [
    "title",
    "title_zh",
    "question",
    "question_zh",
    "start",
    "known",
    "moves_from",
    "maker_country",
    "reference",
    "stance",
    "die_bank_from",
    "die_bank_to",
];
const LISTS: [&str; 4] = ["vendors", "makers", "parts", "shown"];
const GATES: [&str; 4] = ["exporter", "importer", "memory", "reply"];
const GATE_KEYS: [&str; 6] = ["regime", "country", "security_clause", "facts", "approved", "state_funded"];

impl Draft {
    fn take(&mut self, source: &Source, problems: &mut Vec<Problem>) {
        self.text.push_str(&source.text);
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), 0..0, problems);
        keys.text("inherits");
        for key in TEXTS {
            if let Some(text) = keys.text(key) {
                self.texts.insert(key, (text.value, source.clone(), text.at));
            }
        }
        for key in ["quarters", "launch_lag", "design_worth"] {
            if let Some((number, at)) = keys.number(key) {
                self.numbers.insert(key, (to_f64(number), source.clone(), at));
            }
        }
        if let Some((day, _)) = keys.day("published_by") {
            self.texts.insert("published_by", (day.to_string(), source.clone(), 0..0));
        }
        for key in LISTS {
            if keys.get(key).is_some() {
                let list = keys.texts(key).into_iter().map(|t| (t.value, source.clone(), t.at)).collect();
                self.lists.insert(key, list);
            }
        }
        for key in GATES {
            self.gate(key, source, &mut keys);
        }
        if let Some((_, at)) = keys.get("stances") {
            self.places.insert("stances", (source.clone(), at));
        }
        let stances = keys.tables("stances", |keys| {
            let id = keys.must("id")?;
            Some(Stance { id: id.value, draft: keys.text("draft").map(|t| t.value) })
        });
        if !stances.is_empty() {
            self.stances = stances;
        }
        self.factors(source, &mut keys);
        self.numbered(&mut keys);
        let metrics = keys.tables("metric", |keys| {
            let at = keys.at();
            let word = |t: Option<facts::Text>| t.map(|t| t.value).unwrap_or_default();
            let id = keys.must("id")?.value;
            let title = [word(keys.must("title")), word(keys.text("title_zh"))];
            let (of, over) = (word(keys.must("of")), word(keys.must("over")));
            let level = keys.number("level").map(|(n, _)| to_f64(n));
            let (from, to) = (word(keys.text("from")), word(keys.text("to")));
            let (unit, better) = (word(keys.must("unit")), word(keys.must("better")));
            Some((RawMetric { id, title, of, over, level, from, to, unit, better }, at))
        });
        let charts = keys.tables("chart", |keys| {
            let of = keys.must("of")?;
            let (title, title_zh) = (keys.must("title")?.value, keys.must("title_zh")?.value);
            let place = Scenario::variable(&of.value);
            if place.is_none() {
                let near = nearest(&of.value, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
                keys.report(of.at, format!("no variable `{}`", of.value), format!("near it: {near}"));
            }
            Some(Chart { of: place?, title, title_zh })
        });
        self.charts.extend(charts);
        for (metric, at) in metrics {
            self.metrics.retain(|(other, ..)| other.id != metric.id);
            self.metrics.push((metric, source.clone(), at));
        }
        keys.finish();
    }

    fn gate(&mut self, key: &'static str, source: &Source, keys: &mut Keys<'_, '_>) {
        let Some((value, at)) = keys.get(key) else { return };
        let Some(table) = value.as_table() else {
            return keys.report(
                at,
                format!("`{key}` must be a table"),
                "as in exporter = { regime = \"us-ear\", country = \"US\" }",
            );
        };
        self.places.insert(key, (source.clone(), at.clone()));
        let mut gate = self.gates.remove(key).unwrap_or_default();
        let mut keys = keys.inner(table, at);
        for name in GATE_KEYS {
            match name {
                "facts" | "approved" | "state_funded" => {
                    let Some((value, at)) = keys.get(name) else { continue };
                    let pairs = pairs(value);
                    match (name, pairs) {
                        ("facts", Some(pairs)) => gate.facts = pairs,
                        ("approved", Some(pairs)) => gate.approved = pairs,
                        (_, Some(pairs)) => gate.state_funded = pairs,
                        (_, None) => keys.report(
                            at,
                            format!("`{name}` must be a table of facts in quotes"),
                            "as in { cn_approved = \"yes\" }",
                        ),
                    }
                }
                _ => {
                    let Some(text) = keys.text(name) else { continue };
                    match name {
                        "regime" => gate.regime = text.value,
                        "country" => gate.country = text.value,
                        _ => gate.security_clause = text.value,
                    }
                }
            }
        }
        keys.finish();
        self.gates.insert(key, gate);
    }

    fn factors(&mut self, source: &Source, keys: &mut Keys<'_, '_>) {
        let Some((value, at)) = keys.get("factor") else { return };
        let Some(table) = value.as_table() else {
            return keys.report(at, "`factor` must hold tables", "as in [factor.demand_growth]");
        };
        let mut read: Vec<(usize, Partial, Range<usize>)> = Vec::new();
        let known = &self.factors;
        keys.inner(table, at).each(|keys, name, value, at| {
            let Some(place) = Scenario::factor(&name.value) else {
                let near = nearest(&name.value, Factors::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
                return keys.report(name.at, format!("no factor `{}`", name.value), format!("near it: {near}"));
            };
            let Some(table) = value.as_table() else {
                return keys.report(at, "a factor must be a table", "as in [factor.demand_growth] with low, central, high");
            };
            let mut part = known.get(&place).map(|k| k.0.clone()).unwrap_or_default();
            let mut inner = keys.inner(table, name.at.clone());
            part.low = inner.number("low").map(|n| to_f64(n.0)).or(part.low);
            part.central = inner.number("central").map(|n| to_f64(n.0)).or(part.central);
            part.high = inner.number("high").map(|n| to_f64(n.0)).or(part.high);
            if let Some(text) = inner.text("spread") {
                match text.value.as_str() {
                    "triangular" => part.spread = Some(Spread::Triangular),
                    "uniform" => part.spread = Some(Spread::Uniform),
                    "log-uniform" => part.spread = Some(Spread::LogUniform),
                    other => inner.report(text.at, format!("no spread `{other}`"), "triangular, uniform or log-uniform"),
                }
            }
            if let Some(text) = inner.text("source") {
                part.source = text.value;
            }
            if let Some(text) = inner.text("confidence") {
                if !["high", "medium", "low", "judgement"].contains(&text.value.as_str()) {
                    inner.report(text.at, format!("no confidence `{}`", text.value), "high, medium, low or judgement");
                }
                part.confidence = text.value;
            }
            if let Some(text) = inner.text("unit") {
                let unit = Factors::<f64>::NAMES.get(place).map_or("", |n| n.1);
                if text.value != unit {
                    inner.report(text.at, format!("`{}` is counted in {unit}", name.value), format!("write unit = \"{unit}\""));
                }
            }
            inner.finish();
            read.push((place, part, name.at));
        });
        for (place, part, at) in read {
            self.factors.insert(place, (part, source.clone(), at));
        }
    }

    /// Switches and levers.
    fn numbered(&mut self, keys: &mut Keys<'_, '_>) {
        if let Some((value, at)) = keys.get("switches") {
            let Some(table) = value.as_table() else {
                return keys.report(at, "`switches` must be a table", "as in [switches] with learning = true");
            };
            let switches = &mut self.switches;
            keys.inner(table, at).each(|keys, name, value, at| match SWITCHES.iter().position(|s| *s == name.value) {
                None => keys.report(name.at, format!("no switch `{}`", name.value), format!("known: {}", SWITCHES.join(", "))),
                Some(place) => match value.as_bool() {
                    Some(on) => {
                        switches.insert(place, f64::from(u8::from(on)));
                    }
                    None => keys.report(at, "a switch is true or false", "write it without quotes"),
                },
            });
        }
        if let Some((value, at)) = keys.get("levers") {
            let Some(table) = value.as_table() else {
                return keys.report(at, "`levers` must be a table", "as in [levers] with import_cap = 0.3");
            };
            let levers = &mut self.levers;
            keys.inner(table, at).each(|keys, name, value, at| match LEVERS.iter().position(|l| l.0 == name.value) {
                None => {
                    let known: Vec<&str> = LEVERS.iter().map(|l| l.0).collect();
                    keys.report(name.at, format!("no lever `{}`", name.value), format!("known: {}", known.join(", ")));
                }
                Some(place) => match plain(value).filter(|x| x.is_finite() && (-1.0..=10.0).contains(x)) {
                    Some(x) => {
                        levers.insert(place, x);
                    }
                    None => keys.report(at, "a lever is a number from -1 to 10", LEVERS.get(place).map_or("", |l| l.2)),
                },
            });
        }
    }

    fn finish(self, id: &str, last: &Source, library: &regime::Library, problems: &mut Vec<Problem>) -> Option<Scenario> {
        let mut say = |at: Option<&(Source, Range<usize>)>, message: String, hint: String| {
            let problem = match at {
                Some((source, at)) => source.problem(at.clone(), message),
                None => last.problem(0..0, message),
            };
            problems.push(problem.hint(hint));
        };
        let text = |key: &str| self.texts.get(key).map(|t| t.0.clone()).unwrap_or_default();
        let place = |key: &str| self.texts.get(key).map(|t| (t.1.clone(), t.2.clone()));
        let mut quarter = |key: &'static str| match Quarter::parse(&text(key)) {
            Ok(quarter) => Some(quarter),
            Err(why) => {
                say(place(key).as_ref(), format!("`{key}` must be a quarter: {why}"), "as in \"2022Q1\"".to_owned());
                None
            }
        };
        let (start, known, moves_from) = (quarter("start"), quarter("known"), quarter("moves_from"));
        let die_bank = (quarter("die_bank_from"), quarter("die_bank_to"));
        let number = |key: &str| self.numbers.get(key).map(|n| n.0).unwrap_or(0.0);
        let quarters = number("quarters");
        if !(1.0..=LONGEST as f64).contains(&quarters) || quarters.fract() != 0.0 {
            let at = self.numbers.get("quarters").map(|n| (n.1.clone(), n.2.clone()));
            say(at.as_ref(), format!("`quarters` must be a whole number from 1 to {LONGEST}"), "60 is fifteen years".to_owned());
        }
        let (dictionary, catalogue) = (&*library.dictionary, &*library.catalogue);
        self.check_gates(dictionary, library, &mut say);
        let stance = self.stances.iter().position(|s| s.id == text("stance"));
        if stance.is_none() {
            let known: Vec<&str> = self.stances.iter().map(|s| s.id.as_str()).collect();
            say(place("stance").as_ref(), format!("no stance `{}`", text("stance")), format!("known: {}", known.join(", ")));
        }
        let drafts = library.draft_names(&[self.gates.get("exporter").map(|g| g.regime.clone()).unwrap_or_default()]);
        for stance in &self.stances {
            if let Some(draft) = stance.draft.as_ref().filter(|d| !drafts.contains(d)) {
                let at = self.places.get("stances");
                say(at, format!("no draft `{draft}` in the exporter's regime"), format!("known: {}", drafts.join(", ")));
            }
        }
        let list = |key: &str| self.lists.get(key).cloned().unwrap_or_default();
        for key in ["vendors", "makers"] {
            if let Some((name, source, at)) = list(key).get(2) {
                say(
                    Some(&(source.clone(), at.clone())),
                    format!("`{key}` holds more than two: `{name}`"),
                    "join the small ones".to_owned(),
                );
            }
        }
        let vendor_id = dictionary.id("vendor");
        for (name, source, at) in list("vendors").iter().chain(&list("makers")) {
            let known = catalogue.chips.iter().any(|c| {
                c.facts.iter().any(|(id, f)| Some(*id) == vendor_id && matches!(f, facts::Fact::Text(t) if **t == **name))
            });
            if !known {
                say(
                    Some(&(source.clone(), at.clone())),
                    format!("`{name}` has no part in the catalogue"),
                    "see `tollgate show chips`".to_owned(),
                );
            }
        }
        for (name, source, at) in list("shown").iter().chain(&list("parts")) {
            if !matches!(catalogue.find(name), Found::Chip(_)) {
                say(Some(&(source.clone(), at.clone())), format!("no part `{name}`"), "see `tollgate show chips`".to_owned());
            }
        }
        let reference = reference(dictionary, catalogue, &text("reference"));
        if reference.is_none() {
            say(
                place("reference").as_ref(),
                format!("no part `{}` with performance and bandwidth", text("reference")),
                "as in \"H100 SXM\"".to_owned(),
            );
        }
        let factors = self.check_factors(&mut say);
        let metrics = self.check_metrics(start, quarters as usize, &mut say);
        let switch = |at: usize| self.switches.get(&at).copied().unwrap_or(1.0);
        let lever = |at: usize| self.levers.get(&at).copied().unwrap_or(LEVERS.get(at).map_or(0.0, |l| l.1));
        let gate = |key: &str| self.gates.get(key).cloned().unwrap_or_default();
        let (reference_tpp, reference_bandwidth) = reference?;
        Some(Scenario {
            id: id.to_owned(),
            title: [text("title"), text("title_zh")],
            question: [text("question"), text("question_zh")],
            start: start?,
            quarters: quarters as usize,
            known: known?,
            moves_from: moves_from?,
            published_by: facts::parse_date(&text("published_by")).ok(),
            exporter: gate("exporter"),
            importer: gate("importer"),
            design_worth: number("design_worth").max(1.0),
            maker_country: text("maker_country"),
            vendors: vendors(&list("vendors"), &list("parts"), dictionary, catalogue, number("launch_lag") as i32),
            makers: list("makers").into_iter().map(|m| m.0).collect(),
            reference: text("reference"),
            reference_tpp,
            reference_bandwidth,
            memory: gate("memory"),
            reply: gate("reply"),
            die_bank: (die_bank.0?, die_bank.1?),
            stance: stance?,
            shown: list("shown").into_iter().map(|m| m.0).collect(),
            factors: factors?,
            switches: Switches {
                learning: switch(0),
                spillover: switch(1),
                spur: switch(2),
                crowd_out: switch(3),
                catch_up: switch(4),
                lock_in: switch(5),
                trust: switch(6),
                diversion: switch(7),
                vendor_research: switch(8),
                rare_earth: switch(9),
                allies: switch(10),
                legal_hazard: switch(11),
                domestic_makers: switch(12),
                memory_limit: switch(13),
            },
            levers: Levers {
                fee_rate: lever(0),
                import_cap: lever(1),
                research_floor: lever(2),
                supply: lever(3),
                importer_responds: lever(4),
                regulator_moves: lever(5),
            },
            metrics,
            charts: self.charts,
            stances: self.stances,
            text: self.text,
        })
    }

    fn check_gates(
        &self,
        dictionary: &Dictionary,
        library: &regime::Library,
        say: &mut impl FnMut(Option<&(Source, Range<usize>)>, String, String),
    ) {
        for key in GATES {
            let Some(gate) = self.gates.get(key) else {
                say(None, format!("`{key}` is missing"), format!("add {key} = {{ regime = …, country = … }}"));
                continue;
            };
            let at = self.places.get(key);
            let none = gate.regime.is_empty() && key != "exporter";
            if !none && !library.regimes.contains(&gate.regime) {
                say(at, format!("`{key}` names no regime: `{}`", gate.regime), format!("known: {}", library.regimes.join(", ")));
            }
            if !gate.country.is_empty() && dictionary.countries.find(&gate.country).is_none() {
                say(at, format!("`{key}` names no country: `{}`", gate.country), "a code or a name, as in \"US\"".to_owned());
            }
            for (name, value) in gate.facts.iter().chain(&gate.approved).chain(&gate.state_funded) {
                match dictionary.id(name) {
                    None => say(
                        at,
                        format!("`{key}` states an unknown fact `{name}`"),
                        format!("near it: {}", dictionary.nearest(name).join(", ")),
                    ),
                    Some(id) => {
                        if let Err(why) = dictionary.parse(id, value) {
                            say(at, format!("`{key}`: {name} = {value}: {why}"), "see `tollgate show fields`".to_owned());
                        }
                    }
                }
            }
        }
    }

    fn check_factors(&self, say: &mut impl FnMut(Option<&(Source, Range<usize>)>, String, String)) -> Option<Vec<FactorSpec>> {
        let mut factors = Vec::new();
        for (place, (name, unit)) in Factors::<f64>::NAMES.iter().enumerate() {
            let Some((part, source, at)) = self.factors.get(&place) else {
                say(
                    None,
                    format!("factor `{name}` has no range"),
                    format!("add [factor.{name}] with low, central, high in {unit}"),
                );
                continue;
            };
            let here = (source.clone(), at.clone());
            let (Some(low), Some(central), Some(high)) = (part.low, part.central, part.high) else {
                say(Some(&here), format!("factor `{name}` needs low, central and high"), format!("in {unit}"));
                continue;
            };
            if !(low <= central && central <= high) {
                say(
                    Some(&here),
                    format!("factor `{name}`: {low} ≤ {central} ≤ {high} does not hold"),
                    "low ≤ central ≤ high".to_owned(),
                );
            }
            let spread = part.spread.unwrap_or(Spread::Triangular);
            if spread == Spread::LogUniform && low <= 0.0 {
                say(
                    Some(&here),
                    format!("factor `{name}` is spread in orders of magnitude and reaches {low}"),
                    "low must be above 0".to_owned(),
                );
            }
            if part.source.is_empty() || part.confidence.is_empty() {
                say(
                    Some(&here),
                    format!("factor `{name}` needs a source and a confidence"),
                    "source = \"…\", confidence = \"judgement\"".to_owned(),
                );
            }
            let (source, confidence) = (part.source.clone(), part.confidence.clone());
            factors.push(FactorSpec { low, central, high, spread, source, confidence });
        }
        (factors.len() == Factors::<f64>::COUNT).then_some(factors)
    }

    fn check_metrics(
        &self,
        start: Option<Quarter>,
        quarters: usize,
        say: &mut impl FnMut(Option<&(Source, Range<usize>)>, String, String),
    ) -> Vec<Metric> {
        let mut metrics = Vec::new();
        for (raw, source, at) in &self.metrics {
            let here = (source.clone(), at.clone());
            let Some(of) = Scenario::variable(&raw.of) else {
                let near = nearest(&raw.of, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
                say(Some(&here), format!("metric `{}`: no variable `{}`", raw.id, raw.of), format!("near it: {near}"));
                continue;
            };
            let Some(over) = Over::read(&raw.over, raw.level) else {
                say(
                    Some(&here),
                    format!("metric `{}`: cannot draw together over `{}`", raw.id, raw.over),
                    "at, sum, mean, max, min, or first_above with a level".to_owned(),
                );
                continue;
            };
            let better = match raw.better.as_str() {
                "more" => Some(Better::More),
                "less" => Some(Better::Less),
                "neither" => Some(Better::Neither),
                _ => None,
            };
            if better.is_none() {
                say(Some(&here), format!("metric `{}`: better = `{}`", raw.id, raw.better), "more, less or neither".to_owned());
            }
            let Some(start) = start else { continue };
            match span(start, quarters, &raw.from, &raw.to) {
                Ok((from, to)) => metrics.push(Metric {
                    id: raw.id.clone(),
                    title: raw.title.first().cloned().unwrap_or_default(),
                    title_zh: raw.title.last().filter(|t| !t.is_empty()).or(raw.title.first()).cloned().unwrap_or_default(),
                    of,
                    over,
                    from,
                    to,
                    unit: raw.unit.clone(),
                    better: better.unwrap_or(Better::Neither),
                }),
                Err(why) => say(Some(&here), format!("metric `{}`: {why}", raw.id), "quarters as in \"2030Q4\"".to_owned()),
            }
        }
        metrics
    }
}

impl Over {
    /// Reads `at`, `sum`, `mean`, `max`, `min`, `first_above`.
    pub fn read(text: &str, level: Option<f64>) -> Option<Over> {
        Some(match text {
            "at" => Over::At,
            "sum" => Over::Sum,
            "mean" => Over::Mean,
            "max" => Over::Max,
            "min" => Over::Min,
            "first_above" => Over::FirstAbove(level?),
            _ => return None,
        })
    }
}

/// Places of two quarters in a horizon; an empty text stands for the end on that side, a quarter beyond the horizon for its last.
///
/// # Errors
/// A sentence that says which text is no quarter, or that the stretch lies before the start.
pub fn span(start: Quarter, quarters: usize, from: &str, to: &str) -> Result<(usize, usize), String> {
    let last = quarters.saturating_sub(1);
    let place = |text: &str, empty: usize| -> Result<usize, String> {
        if text.is_empty() {
            return Ok(empty);
        }
        let at = Quarter::parse(text)?.since(start);
        usize::try_from(at).map(|at| at.min(last)).map_err(|_| format!("{text} lies before the start"))
    };
    let from = place(from, 0)?;
    Ok((from, place(to, if to.is_empty() && from > 0 { from.max(last) } else { last })?.max(from)))
}

/// The vendors with those of the scenario's parts that are theirs.
fn vendors(
    names: &[Placed],
    parts: &[Placed],
    dictionary: &Dictionary,
    catalogue: &Catalogue,
    launch_lag: i32,
) -> Vec<VendorSpec> {
    let vendor = dictionary.id("vendor");
    let of = |part: &str, name: &str| match catalogue.find(part) {
        Found::Chip(chip) => {
            chip.facts.iter().any(|(id, f)| Some(*id) == vendor && matches!(f, facts::Fact::Text(t) if **t == *name))
        }
        _ => false,
    };
    let own = |name: &str| parts.iter().map(|p| p.0.clone()).filter(|p| of(p, name)).collect();
    names.iter().map(|(name, ..)| VendorSpec { name: name.clone(), parts: own(name), launch_lag }).collect()
}

fn reference(dictionary: &Dictionary, catalogue: &Catalogue, name: &str) -> Option<(f64, f64)> {
    let Found::Chip(chip) = catalogue.find(name) else { return None };
    let value = |field: &str| {
        let id = dictionary.id(field)?;
        chip.facts.iter().find_map(|(own, fact)| match fact {
            facts::Fact::Number(n) if *own == id => Some(n.approx()),
            _ => None,
        })
    };
    Some((value("tpp")?, value("memory_bandwidth_gbs")?))
}

fn pairs(value: &DeValue<'_>) -> Option<Vec<(String, String)>> {
    value.as_table()?.iter().map(|(key, value)| Some((key.get_ref().to_string(), value.get_ref().as_str()?.to_owned()))).collect()
}

fn plain(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(i) => i.as_str().parse().ok(),
        DeValue::Float(f) => f.as_str().parse().ok(),
        _ => None,
    }
}

fn to_f64(number: impl std::fmt::Display) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

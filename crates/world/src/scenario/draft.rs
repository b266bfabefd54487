//! A scenario while its texts are read, base first; what is missing or does not fit is told all at once.

use std::collections::BTreeMap;
use std::ops::Range;

use facts::{Catalogue, Dictionary, Found, Keys, Problem, Quarter, Source, nearest, parse_toml};
use toml::de::DeValue;

use super::{Better, Change, Chart, FactorSpec, Gate, LONGEST, Metric, Over, Scenario, Spread, Stance, VendorSpec, span};
use crate::names::{Factors, Levers, Range as Allowed, Switches, Variables};

/// A place in a text.
type Spot = (Source, Range<usize>);

/// A text with its place.
type Placed = (String, Source, Range<usize>);

/// A scenario while its texts are read, base first.
#[derive(Default)]
pub(super) struct Draft {
    texts: BTreeMap<&'static str, Placed>,
    numbers: BTreeMap<&'static str, (f64, Source, Range<usize>)>,
    lists: BTreeMap<&'static str, Vec<Placed>>,
    gates: BTreeMap<&'static str, Gate>,
    /// Where each gate, and the list of stances, was last told of.
    places: BTreeMap<&'static str, Spot>,
    stances: Vec<Stance>,
    settings: Settings,
    /// What becomes otherwise from a quarter on, in the order of the texts.
    changes: Vec<(Quarter, Spot, Settings)>,
    metrics: Vec<(RawMetric, Source, Range<usize>)>,
    charts: Vec<Chart>,
    text: String,
}

/// What a text sets for the whole history, or from a day on.
#[derive(Clone, Default)]
struct Settings {
    stance: Option<Placed>,
    factors: BTreeMap<usize, (Partial, Source, Range<usize>)>,
    switches: BTreeMap<usize, f64>,
    levers: BTreeMap<usize, f64>,
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

/// Whoever is told what is wrong.
struct Told<'a> {
    /// Where the scenario's own text is, for what is missing from it.
    last: &'a Source,
    problems: &'a mut Vec<Problem>,
}

impl Told<'_> {
    fn say(&mut self, at: Option<&Spot>, message: String, hint: impl Into<String>) {
        let problem = match at {
            Some((source, at)) => source.problem(at.clone(), message),
            None => self.last.problem(0..0, message),
        };
        self.problems.push(problem.hint(hint.into()));
    }
}

const TEXTS: [&str; 11] = [
    "title",
    "title_zh",
    "question",
    "question_zh",
    "start",
    "known",
    "moves_from",
    "maker_country",
    "reference",
    "die_bank_from",
    "die_bank_to",
];
const LISTS: [&str; 4] = ["vendors", "makers", "parts", "shown"];
const GATES: [&str; 4] = ["exporter", "importer", "memory", "reply"];
const GATE_KEYS: [&str; 6] = ["regime", "country", "security_clause", "facts", "approved", "state_funded"];

impl Draft {
    pub(super) fn take(&mut self, source: &Source, problems: &mut Vec<Problem>) {
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
        let settings = settings(source, &mut keys, &self.settings.factors);
        self.settle(settings);
        let known = &self.settings.factors;
        let changes = keys.tables("change", |keys| change(source, keys, known));
        self.changes.extend(changes);
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

    /// Sets what a text sets for the whole history. That holds against what its parents change on a day.
    fn settle(&mut self, new: Settings) {
        for (_, _, change) in &mut self.changes {
            change.stance = change.stance.take().filter(|_| new.stance.is_none());
            change.factors.retain(|place, _| !new.factors.contains_key(place));
            change.switches.retain(|place, _| !new.switches.contains_key(place));
            change.levers.retain(|place, _| !new.levers.contains_key(place));
        }
        self.settings.stance = new.stance.or(self.settings.stance.take());
        self.settings.factors.extend(new.factors);
        self.settings.switches.extend(new.switches);
        self.settings.levers.extend(new.levers);
    }

    pub(super) fn finish(
        self,
        id: &str,
        last: &Source,
        library: &regime::Library,
        problems: &mut Vec<Problem>,
    ) -> Option<Scenario> {
        let mut told = Told { last, problems };
        let told = &mut told;
        let (dictionary, catalogue) = (&*library.dictionary, &*library.catalogue);
        let [start, known, moves_from, bank_from, bank_to] =
            ["start", "known", "moves_from", "die_bank_from", "die_bank_to"].map(|key| self.quarter(key, told));
        let quarters = self.horizon(told);
        self.check_gates(dictionary, library, told);
        let stance = self.check_stances(library, told);
        self.check_names(dictionary, catalogue, told);
        let reference = self.check_reference(dictionary, catalogue, told);
        let factors = self.check_factors(told);
        let changes = self.check_changes(start, told);
        let metrics = self.check_metrics(start, quarters, told);
        let gate = |key: &str| self.gates.get(key).cloned().unwrap_or_default();
        let names = |key: &str| self.list(key).iter().map(|placed| placed.0.clone()).collect();
        let switch = |at: usize| self.settings.switches.get(&at).copied().unwrap_or(1.0);
        let mut levers = Vec::new();
        Levers::UNMOVED.each(|at, unmoved| levers.push(self.settings.levers.get(&at).copied().unwrap_or(unmoved)));
        let (reference_tpp, reference_bandwidth) = reference?;
        Some(Scenario {
            id: id.to_owned(),
            parent: super::inherits(last),
            title: [self.text("title"), self.text("title_zh")],
            question: [self.text("question"), self.text("question_zh")],
            start: start?,
            quarters,
            known: known?,
            moves_from: moves_from?,
            published_by: facts::parse_date(&self.text("published_by")).ok(),
            exporter: gate("exporter"),
            importer: gate("importer"),
            design_worth: self.number("design_worth").max(1.0),
            maker_country: self.text("maker_country"),
            vendors: vendors(self.list("vendors"), self.list("parts"), dictionary, catalogue, self.number("launch_lag") as i32),
            makers: names("makers"),
            reference: self.text("reference"),
            reference_tpp,
            reference_bandwidth,
            memory: gate("memory"),
            reply: gate("reply"),
            die_bank: (bank_from?, bank_to?),
            stance: stance?,
            shown: names("shown"),
            factors: factors?,
            switches: Switches::from_fn(switch),
            levers: Levers::from_fn(|at| levers.get(at).copied().unwrap_or_default()),
            changes,
            metrics,
            charts: self.charts,
            stances: self.stances,
            text: self.text,
        })
    }

    fn text(&self, key: &str) -> String {
        self.texts.get(key).map(|t| t.0.clone()).unwrap_or_default()
    }

    fn number(&self, key: &str) -> f64 {
        self.numbers.get(key).map_or(0.0, |n| n.0)
    }

    fn list(&self, key: &str) -> &[Placed] {
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    fn place(&self, key: &str) -> Option<Spot> {
        self.texts.get(key).map(|t| (t.1.clone(), t.2.clone()))
    }

    fn quarter(&self, key: &str, told: &mut Told<'_>) -> Option<Quarter> {
        let quarter = Quarter::parse(&self.text(key));
        if let Err(why) = &quarter {
            told.say(self.place(key).as_ref(), format!("`{key}` must be a quarter: {why}"), "as in \"2022Q1\"");
        }
        quarter.ok()
    }

    fn horizon(&self, told: &mut Told<'_>) -> usize {
        let quarters = self.number("quarters");
        if !(1.0..=LONGEST as f64).contains(&quarters) || quarters.fract() != 0.0 {
            let at = self.numbers.get("quarters").map(|n| (n.1.clone(), n.2.clone()));
            told.say(at.as_ref(), format!("`quarters` must be a whole number from 1 to {LONGEST}"), "60 is fifteen years");
        }
        quarters as usize
    }

    /// The place of the stance that holds at the start.
    fn check_stances(&self, library: &regime::Library, told: &mut Told<'_>) -> Option<usize> {
        let stance = match &self.settings.stance {
            Some(first) => self.stance(first, told),
            None => {
                told.say(None, "`stance` is missing".to_owned(), "add stance = \"law\"");
                None
            }
        };
        let drafts = library.draft_names(&[self.gates.get("exporter").map(|g| g.regime.clone()).unwrap_or_default()]);
        for draft in self.stances.iter().filter_map(|s| s.draft.as_ref()).filter(|d| !drafts.contains(d)) {
            let hint = format!("known: {}", drafts.join(", "));
            told.say(self.places.get("stances"), format!("no draft `{draft}` in the exporter's regime"), hint);
        }
        stance
    }

    /// The place of a stance on the ladder.
    fn stance(&self, (name, source, at): &Placed, told: &mut Told<'_>) -> Option<usize> {
        let place = self.stances.iter().position(|s| s.id == *name);
        if place.is_none() {
            let known: Vec<&str> = self.stances.iter().map(|s| s.id.as_str()).collect();
            let here = (source.clone(), at.clone());
            told.say(Some(&here), format!("no stance `{name}`"), format!("known: {}", known.join(", ")));
        }
        place
    }

    /// What becomes otherwise on which day, in order of days; of one day the later text has the last word.
    fn check_changes(&self, start: Option<Quarter>, told: &mut Told<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (from, spot, settings) in &self.changes {
            if start.is_some_and(|start| *from <= start) {
                let hint = "what holds from the start stands at the top, outside of [[change]]";
                told.say(Some(spot), format!("{from} is no later than the start"), hint);
            }
            let stance = settings.stance.as_ref().and_then(|named| self.stance(named, told));
            let factors =
                settings.factors.iter().filter_map(|(place, factor)| Some((*place, factor_spec(*place, factor, told)?)));
            changes.push(Change {
                from: *from,
                stance,
                levers: settings.levers.iter().map(|(place, x)| (*place, *x)).collect(),
                switches: settings.switches.iter().map(|(place, x)| (*place, *x)).collect(),
                factors: factors.collect(),
            });
        }
        changes.sort_by_key(|change| change.from);
        changes
    }

    /// Vendors, makers and parts must stand in the catalogue.
    fn check_names(&self, dictionary: &Dictionary, catalogue: &Catalogue, told: &mut Told<'_>) {
        let vendor_id = dictionary.id("vendor");
        for key in ["vendors", "makers"] {
            for (at, (name, source, place)) in self.list(key).iter().enumerate() {
                let here = (source.clone(), place.clone());
                if at == 2 {
                    told.say(Some(&here), format!("`{key}` holds more than two: `{name}`"), "join the small ones");
                }
                let own = |f: &facts::Fact| matches!(f, facts::Fact::Text(t) if **t == **name);
                if !catalogue.chips.iter().any(|c| c.facts.iter().any(|(id, f)| Some(*id) == vendor_id && own(f))) {
                    told.say(Some(&here), format!("`{name}` has no part in the catalogue"), "see `tollgate show chips`");
                }
            }
        }
        for (name, source, at) in self.list("shown").iter().chain(self.list("parts")) {
            if !matches!(catalogue.find(name), Found::Chip(_)) {
                told.say(Some(&(source.clone(), at.clone())), format!("no part `{name}`"), "see `tollgate show chips`");
            }
        }
    }

    /// Performance and bandwidth of the part that compute is counted in.
    fn check_reference(&self, dictionary: &Dictionary, catalogue: &Catalogue, told: &mut Told<'_>) -> Option<(f64, f64)> {
        let name = self.text("reference");
        let reference = reference(dictionary, catalogue, &name);
        if reference.is_none() {
            let at = self.place("reference");
            told.say(at.as_ref(), format!("no part `{name}` with performance and bandwidth"), "as in \"H100 SXM\"");
        }
        reference
    }

    fn check_gates(&self, dictionary: &Dictionary, library: &regime::Library, told: &mut Told<'_>) {
        for key in GATES {
            let Some(gate) = self.gates.get(key) else {
                told.say(None, format!("`{key}` is missing"), format!("add {key} = {{ regime = …, country = … }}"));
                continue;
            };
            let at = self.places.get(key);
            let none = gate.regime.is_empty() && key != "exporter";
            if !none && !library.regimes.contains(&gate.regime) {
                told.say(
                    at,
                    format!("`{key}` names no regime: `{}`", gate.regime),
                    format!("known: {}", library.regimes.join(", ")),
                );
            }
            if !gate.country.is_empty() && dictionary.countries.find(&gate.country).is_none() {
                told.say(at, format!("`{key}` names no country: `{}`", gate.country), "a code or a name, as in \"US\"");
            }
            for (name, value) in gate.facts.iter().chain(&gate.approved).chain(&gate.state_funded) {
                match dictionary.id(name) {
                    None => told.say(
                        at,
                        format!("`{key}` states an unknown fact `{name}`"),
                        format!("near it: {}", dictionary.nearest(name).join(", ")),
                    ),
                    Some(id) => {
                        if let Err(why) = dictionary.parse(id, value) {
                            told.say(at, format!("`{key}`: {name} = {value}: {why}"), "see `tollgate show fields`");
                        }
                    }
                }
            }
        }
    }

    fn check_factors(&self, told: &mut Told<'_>) -> Option<Vec<FactorSpec>> {
        let mut factors = Vec::new();
        for (place, (name, unit)) in Factors::<f64>::NAMES.iter().enumerate() {
            let Some(factor) = self.settings.factors.get(&place) else {
                told.say(
                    None,
                    format!("factor `{name}` has no range"),
                    format!("add [factor.{name}] with low, central, high in {unit}"),
                );
                continue;
            };
            factors.extend(factor_spec(place, factor, told));
        }
        (factors.len() == Factors::<f64>::COUNT).then_some(factors)
    }

    fn check_metrics(&self, start: Option<Quarter>, quarters: usize, told: &mut Told<'_>) -> Vec<Metric> {
        let mut metrics = Vec::new();
        for (raw, source, at) in &self.metrics {
            let here = (source.clone(), at.clone());
            let Some(of) = Scenario::variable(&raw.of) else {
                let near = nearest(&raw.of, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
                told.say(Some(&here), format!("metric `{}`: no variable `{}`", raw.id, raw.of), format!("near it: {near}"));
                continue;
            };
            let Some(over) = Over::read(&raw.over, raw.level) else {
                told.say(
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
                told.say(Some(&here), format!("metric `{}`: better = `{}`", raw.id, raw.better), "more, less or neither");
            }
            let units = units_of(of, over);
            if !units.contains(&raw.unit) {
                let unit = units.first().cloned().unwrap_or_default();
                told.say(Some(&here), format!("metric `{}` is counted in {unit}", raw.id), format!("write unit = \"{unit}\""));
            }
            // A share may be written as a bare number; its name is the variable's.
            let unit = if raw.unit.starts_with('1') { units.first().cloned().unwrap_or_default() } else { raw.unit.clone() };
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
                    unit,
                    better: better.unwrap_or(Better::Neither),
                }),
                Err(why) => told.say(Some(&here), format!("metric `{}`: {why}", raw.id), "quarters as in \"2030Q4\""),
            }
        }
        metrics
    }
}

/// A factor that is whole; what is wrong with its range is told.
fn factor_spec(place: usize, (part, source, at): &(Partial, Source, Range<usize>), told: &mut Told<'_>) -> Option<FactorSpec> {
    let (name, unit) = Factors::<f64>::NAMES.get(place).copied().unwrap_or_default();
    let here = (source.clone(), at.clone());
    let (Some(low), Some(central), Some(high)) = (part.low, part.central, part.high) else {
        told.say(Some(&here), format!("factor `{name}` needs low, central and high"), format!("in {unit}"));
        return None;
    };
    if !(low <= central && central <= high) {
        told.say(
            Some(&here),
            format!("factor `{name}`: {low} ≤ {central} ≤ {high} does not hold"),
            "low ≤ central ≤ high".to_owned(),
        );
    }
    let spread = part.spread.unwrap_or(Spread::Triangular);
    if spread == Spread::LogUniform && low <= 0.0 {
        told.say(
            Some(&here),
            format!("factor `{name}` is spread in orders of magnitude and reaches {low}"),
            "low must be above 0".to_owned(),
        );
    }
    if part.source.is_empty() || part.confidence.is_empty() {
        told.say(
            Some(&here),
            format!("factor `{name}` needs a source and a confidence"),
            "source = \"…\", confidence = \"judgement\"".to_owned(),
        );
    }
    Some(FactorSpec { low, central, high, spread, source: part.source.clone(), confidence: part.confidence.clone() })
}

/// What a text, or one of its changes, sets: stance, factors, switches, levers. `known` has the factors so far, which a text may set in part.
fn settings(source: &Source, keys: &mut Keys<'_, '_>, known: &BTreeMap<usize, (Partial, Source, Range<usize>)>) -> Settings {
    let stance = keys.text("stance").map(|t| (t.value, source.clone(), t.at));
    let mut out = Settings { stance, ..Settings::default() };
    if let Some((value, at)) = keys.get("factor") {
        match value.as_table() {
            None => keys.report(at, "`factor` must hold tables", "as in [factor.demand_growth]"),
            Some(table) => keys.inner(table, at).each(|keys, name, value, at| {
                let Some(place) = Scenario::factor(&name.value) else {
                    let near = nearest(&name.value, Factors::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
                    return keys.report(name.at, format!("no factor `{}`", name.value), format!("near it: {near}"));
                };
                let Some(table) = value.as_table() else {
                    return keys.report(at, "a factor must be a table", "as in [factor.demand_growth] with low, central, high");
                };
                let part = known.get(&place).map(|k| k.0.clone()).unwrap_or_default();
                let mut inner = keys.inner(table, name.at.clone());
                out.factors.insert(place, (factor(&mut inner, place, part), source.clone(), name.at));
                inner.finish();
            }),
        }
    }
    switches(keys, &mut out.switches);
    levers(keys, &mut out.levers);
    out
}

/// One factor, over what is known of it.
fn factor(inner: &mut Keys<'_, '_>, place: usize, mut part: Partial) -> Partial {
    let (name, unit) = Factors::<f64>::NAMES.get(place).copied().unwrap_or_default();
    for (key, end) in [("low", &mut part.low), ("central", &mut part.central), ("high", &mut part.high)] {
        let Some((number, at)) = inner.number(key) else { continue };
        let number = to_f64(number);
        let allowed = Factors::<f64>::RANGES.get(place);
        if let Some(allowed) = allowed.filter(|allowed| !allowed.holds(number)) {
            inner.report(
                at,
                format!("`{key}` of factor `{name}` cannot be {number}"),
                format!("write {} ({unit})", allowed.text()),
            );
        }
        *end = Some(number);
    }
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
    if let Some(text) = inner.text("unit")
        && text.value != unit
        && text.value != bare(unit)
    {
        inner.report(text.at, format!("`{name}` is counted in {unit}"), format!("write unit = \"{unit}\""));
    }
    part
}

/// The unit of a number without dimension as it may also be written: `1` for a share, `1/year` for a share a year.
fn bare(unit: &str) -> String {
    let (what, per) = unit.split_once('/').map_or((unit, None), |(what, per)| (what, Some(per)));
    match (what, per) {
        ("share" | "number" | "times" | "count" | "rung", None) => "1".to_owned(),
        ("share" | "number" | "times" | "count" | "rung", Some(per)) => format!("1/{per}"),
        ("k wafers", Some(per)) => format!("k/{per}"),
        _ => unit.to_owned(),
    }
}

fn switches(keys: &mut Keys<'_, '_>, switches: &mut BTreeMap<usize, f64>) {
    let Some((value, at)) = keys.get("switches") else { return };
    let Some(table) = value.as_table() else {
        return keys.report(at, "`switches` must be a table", "as in [switches] with learning = true");
    };
    keys.inner(table, at).each(|keys, name, value, at| {
        let Some(place) = Switches::<f64>::NAMES.iter().position(|s| s.0 == name.value) else {
            let known: Vec<&str> = Switches::<f64>::NAMES.iter().map(|s| s.0).collect();
            return keys.report(name.at, format!("no switch `{}`", name.value), format!("known: {}", known.join(", ")));
        };
        match value.as_bool() {
            Some(on) => _ = switches.insert(place, f64::from(u8::from(on))),
            None => keys.report(at, "a switch is true or false", "write it without quotes"),
        }
    });
}

fn levers(keys: &mut Keys<'_, '_>, levers: &mut BTreeMap<usize, f64>) {
    let Some((value, at)) = keys.get("levers") else { return };
    let Some(table) = value.as_table() else {
        return keys.report(at, "`levers` must be a table", "as in [levers] with import_cap = 0.3");
    };
    keys.inner(table, at).each(|keys, name, value, at| {
        let Some(place) = Levers::<f64>::NAMES.iter().position(|l| l.0 == name.value) else {
            let known: Vec<&str> = Levers::<f64>::NAMES.iter().map(|l| l.0).collect();
            return keys.report(name.at, format!("no lever `{}`", name.value), format!("known: {}", known.join(", ")));
        };
        let Some(allowed) = Levers::<f64>::RANGES.get(place) else { return };
        match lever(value, allowed) {
            Some(x) => _ = levers.insert(place, x),
            None => {
                let meaning = Levers::<f64>::MEANINGS.get(place).map_or("", |m| m.trim());
                keys.report(at, format!("lever `{}` must be {}", name.value, allowed.text()), meaning);
            }
        }
    });
}

/// What a lever is set to, by number or by word.
fn lever(value: &DeValue<'_>, allowed: &Allowed) -> Option<f64> {
    match value.as_str() {
        Some(word) => allowed.word(word),
        None => plain(value).filter(|x| allowed.holds(*x)),
    }
}

/// One `[[change]]`: its quarter, and what it sets.
fn change(
    source: &Source,
    keys: &mut Keys<'_, '_>,
    known: &BTreeMap<usize, (Partial, Source, Range<usize>)>,
) -> Option<(Quarter, Spot, Settings)> {
    let from = match keys.get("from") {
        None => {
            let at = keys.at();
            keys.report(at, "a change has no `from`", "add the quarter from which it holds, as in from = \"2026Q1\"");
            None
        }
        Some((value, at)) => {
            let text = match value {
                DeValue::Datetime(day) => day.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            match first_day(&text) {
                Ok(quarter) => Some((quarter, (source.clone(), at))),
                Err(why) => {
                    keys.report(at, why, "as in from = \"2026Q1\" or from = 2026-01-01");
                    None
                }
            }
        }
    };
    let settings = settings(source, keys, known);
    let (from, spot) = from?;
    Some((from, spot, settings))
}

/// The quarter that begins on a day, or has a name.
fn first_day(text: &str) -> Result<Quarter, String> {
    let Ok(day) = facts::parse_date(text) else {
        return Quarter::parse(text).map_err(|_| format!("`{text}` is neither a quarter nor a day"));
    };
    let quarter = Quarter::of(day);
    if quarter.first_day() == day {
        Ok(quarter)
    } else {
        Err(format!(
            "{day} lies within {quarter}, and a world moves by whole quarters: take the first day of {quarter} or of {}",
            quarter.plus(1)
        ))
    }
}

/// The units in which a metric may be written, its own first.
fn units_of(of: usize, over: Over) -> Vec<String> {
    let unit = Variables::<f64>::NAMES.get(of).map_or("", |n| n.1);
    match over {
        Over::FirstAbove(_) => vec!["year".to_owned()],
        Over::Mean => vec![unit.to_owned(), bare(unit), format!("{unit}/quarter")],
        Over::At | Over::Sum | Over::Max | Over::Min => vec![unit.to_owned(), bare(unit)],
    }
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

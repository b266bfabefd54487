//! Published sentences as questions: facts against series, rules asked of the regime engine, signs over ensembles of worlds.

use std::collections::HashMap;

use facts::{Keys, Order, Problem, Quarter, Source, nearest, parse_toml};
use regime::Library;
use world::{Factors, Over, Scenario, Variables, World, span};

use crate::ensemble::{Fault, redrawn, run_draws};
use crate::series::Series;

/// A claims file.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Title, in English and Chinese.
    pub title: [String; 2],
    /// Where the claims were made.
    pub source: String,
    /// From this share of worlds on a question is supported.
    pub supported: f64,
    /// Up to this share it is contradicted.
    pub contradicted: f64,
    /// Worlds that a question is asked of.
    pub worlds: u64,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// One sentence and its tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name.
    pub id: String,
    /// Where the source says it.
    pub para: String,
    /// What it says, in English and Chinese.
    pub says: [String; 2],
    /// Its main kind.
    pub kind: Kind,
    /// What no test can reach.
    pub note: [String; 2],
    /// Its tests.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What it asks.
    pub asks: Asks,
    /// What it means when it holds.
    pub shows: Shows,
    /// What it is and is not.
    pub note: [String; 2],
}

/// What a test that holds means for its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// It speaks for the claim, and against it when it fails.
    For,
    /// It speaks against the claim; when it fails it says nothing.
    Against,
    /// It only sets the scene.
    Context,
}

/// What a claim mainly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A published figure.
    Fact,
    /// What the law says.
    Rule,
    /// What follows, asked of worlds.
    Question,
}

impl Kind {
    /// As files write it.
    pub fn text(self) -> &'static str {
        match self {
            Kind::Fact => "fact",
            Kind::Rule => "rule",
            Kind::Question => "question",
        }
    }
}

/// What a test asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Asks {
    /// A published figure.
    Fact(FactTest),
    /// The regime engine.
    Rule(RuleTest),
    /// Worlds.
    Question(QuestionTest),
}

/// A figure of a series against the one claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct FactTest {
    /// The series.
    pub series: String,
    /// The period as published.
    pub period: String,
    /// How the figure should stand to the value.
    pub claimed: Figure,
    /// The value claimed.
    pub value: f64,
    /// Its unit, which must be the row's.
    pub unit: String,
}

/// How a published figure should stand to the one claimed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Near it, by a relative tolerance.
    About(f64),
    /// No less.
    AtLeast,
    /// No more.
    AtMost,
    /// Nothing.
    Zero,
}

/// A case, and what a regime should say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleTest {
    /// A regime or corridor.
    pub regime: String,
    /// Drafts laid over it.
    pub drafts: Vec<String>,
    /// Facts by name, the day among them; the standard case fills in the rest.
    pub pairs: Vec<(String, String)>,
    /// The outcome, as case tables write it.
    pub outcome: String,
    /// The total of the fees.
    pub fee: Option<String>,
}

/// A sign over worlds.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionTest {
    /// The scenario.
    pub scenario: String,
    /// Another that it is compared with.
    pub against: Option<String>,
    /// A factor that is moved, from an end to another.
    pub shift: Option<(String, String, String)>,
    /// What is measured.
    pub metric: Measure,
    /// What is claimed of it.
    pub claimed: Sign,
}

/// What a question claims.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// The difference is above zero.
    Higher,
    /// It is below zero.
    Lower,
    /// The figure is above a level.
    Above(f64),
    /// It is below one.
    Below(f64),
}

impl Sign {
    /// Whether more speaks for the claim; the level from which it counts.
    fn parts(self) -> (bool, f64) {
        match self {
            Sign::Higher => (true, 0.0),
            Sign::Lower => (false, 0.0),
            Sign::Above(level) => (true, level),
            Sign::Below(level) => (false, level),
        }
    }
}

/// A variable drawn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The variable's name.
    pub name: String,
    /// Its place among the variables.
    pub of: usize,
    /// How its quarters are drawn together.
    pub over: Over,
    /// The first quarter, as in `2030Q4`; empty where none is written.
    pub from: String,
    /// The last quarter; empty where none is written.
    pub to: String,
}

/// How a claim fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is as claimed.
    Supported,
    /// It is not.
    Contradicted,
    /// It depends.
    Contingent,
    /// It cannot be told.
    Undetermined,
}

impl Answer {
    /// As people write it.
    pub fn text(self) -> &'static str {
        match self {
            Answer::Supported => "supported",
            Answer::Contradicted => "contradicted",
            Answer::Contingent => "contingent",
            Answer::Undetermined => "undetermined",
        }
    }
}

/// What a test found.
#[derive(Clone, Debug, PartialEq)]
pub struct TestAnswer {
    /// Its answer for the claim; none where it says nothing.
    pub answer: Option<Answer>,
    /// The figures.
    pub found: Found,
    /// Where they are from.
    pub source: String,
    /// What it is and is not.
    pub note: [String; 2],
}

/// The figures behind a test's answer. How they are spelled is for whoever shows them.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A published figure.
    Figure {
        /// What was asked.
        test: FactTest,
        /// The figure.
        published: f64,
        /// Its unit as published, with a remark where there is one.
        unit: String,
    },
    /// What the law says of a case.
    Ruling(String),
    /// Worlds.
    Worlds(Box<Shares>),
    /// Why it cannot be told.
    Nothing(String),
}

/// In how many worlds a question came out as claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// What was asked.
    pub test: QuestionTest,
    /// Share of the worlds that came out as claimed.
    pub share: f64,
    /// How many worlds.
    pub worlds: usize,
    /// The median of the figure, or of its difference.
    pub median: f64,
    /// Where it depends: the factor that it hangs on most, and the shares in that factor's lower and upper half.
    pub hangs_on: Option<(&'static str, f64, f64)>,
}

/// What a claim's tests found together.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The claim.
    pub claim: Claim,
    /// The answer.
    pub answer: Answer,
    /// Its tests.
    pub tests: Vec<TestAnswer>,
}

impl Claims {
    /// Reads a claims file.
    pub fn read(source: &Source, problems: &mut Vec<Problem>) -> Claims {
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), 0..0, problems);
        let title = both(&mut keys, "title", "title_zh");
        let origin = word(keys.must("source"));
        let mut claims = Claims { title, source: origin, supported: 0.9, contradicted: 0.1, worlds: 1000, claims: Vec::new() };
        if let Some((value, at)) = keys.get("answer") {
            match value.as_table() {
                None => keys.report(at, "`answer` must be a table", "as in [answer] with supported = 0.9"),
                Some(table) => {
                    let mut keys = keys.inner(table, at);
                    claims.supported = number(&mut keys, "supported").unwrap_or(claims.supported);
                    claims.contradicted = number(&mut keys, "contradicted").unwrap_or(claims.contradicted);
                    claims.worlds = number(&mut keys, "worlds").map_or(claims.worlds, |n| n.clamp(1.0, 1e6) as u64);
                    keys.finish();
                }
            }
        }
        claims.claims = keys.tables("claim", claim);
        keys.finish();
        claims
    }
}

fn word(text: Option<facts::Text>) -> String {
    text.map(|t| t.value).unwrap_or_default()
}

fn both(keys: &mut Keys<'_, '_>, en: &'static str, zh: &'static str) -> [String; 2] {
    [word(keys.text(en)), word(keys.text(zh))]
}

fn number(keys: &mut Keys<'_, '_>, key: &'static str) -> Option<f64> {
    keys.number(key).and_then(|(n, _)| n.to_string().parse().ok())
}

fn claim(keys: &mut Keys<'_, '_>) -> Option<Claim> {
    let id = keys.must("id")?.value;
    let (para, says) = (word(keys.must("para")), both(keys, "says", "says_zh"));
    let (kind, note) = (kind(keys), both(keys, "note", "note_zh"));
    let mut tests = keys.tables("fact", fact);
    tests.extend(keys.tables("rule", rule));
    tests.extend(keys.tables("question", question));
    Some(Claim { id, para, says, kind: kind?, note, tests })
}

fn kind(keys: &mut Keys<'_, '_>) -> Option<Kind> {
    let text = keys.must("kind")?;
    let kind = [Kind::Fact, Kind::Rule, Kind::Question].into_iter().find(|k| k.text() == text.value);
    if kind.is_none() {
        keys.report(text.at, format!("a claim is no `{}`", text.value), "fact, rule or question");
    }
    kind
}

fn shows(keys: &mut Keys<'_, '_>) -> Shows {
    let Some(text) = keys.text("shows") else { return Shows::For };
    match text.value.as_str() {
        "for" => Shows::For,
        "against" => Shows::Against,
        "context" => Shows::Context,
        other => {
            keys.report(text.at, format!("a test cannot show `{other}`"), "for, against or context");
            Shows::Context
        }
    }
}

fn fact(keys: &mut Keys<'_, '_>) -> Option<Test> {
    let (series, period) = (word(keys.must("series")), word(keys.must("period")));
    let (value, unit) = (number(keys, "value").unwrap_or(0.0), word(keys.must("unit")));
    let tolerance = number(keys, "tolerance").unwrap_or(0.05);
    let (shows, note) = (shows(keys), both(keys, "note", "note_zh"));
    let text = keys.must("claimed")?;
    let claimed = match text.value.as_str() {
        "about" => Figure::About(tolerance),
        "at least" => Figure::AtLeast,
        "at most" => Figure::AtMost,
        "zero" => Figure::Zero,
        other => {
            keys.report(text.at, format!("a figure cannot be `{other}`"), "about, at least, at most or zero");
            return None;
        }
    };
    Some(Test { asks: Asks::Fact(FactTest { series, period, claimed, value, unit }), shows, note })
}

fn rule(keys: &mut Keys<'_, '_>) -> Option<Test> {
    let regime = word(keys.must("regime"));
    let drafts = keys.text("draft").into_iter().map(|t| t.value).collect();
    let on = keys.day("on")?.0;
    let mut pairs = vec![("date".to_owned(), on.to_string())];
    pairs.extend(keys.text("chip").map(|t| ("chip".to_owned(), t.value)));
    pairs.extend(keys.text("to").map(|t| ("destination".to_owned(), t.value)));
    if let Some((value, at)) = keys.get("facts") {
        match value.as_table() {
            None => keys.report(at, "`facts` must be a table of facts in quotes", "as in { value_usd = \"27000000\" }"),
            Some(table) => {
                for (key, value) in table.iter() {
                    match value.get_ref().as_str() {
                        Some(text) => pairs.push((key.get_ref().to_string(), text.to_owned())),
                        None => keys.report(
                            at.clone(),
                            format!("fact `{}` must stand in quotes", key.get_ref()),
                            "as in \"27000000\"",
                        ),
                    }
                }
            }
        }
    }
    let (outcome, fee) = (word(keys.must("outcome")), keys.text("fee").map(|t| t.value));
    let (shows, note) = (shows(keys), both(keys, "note", "note_zh"));
    Some(Test { asks: Asks::Rule(RuleTest { regime, drafts, pairs, outcome, fee }), shows, note })
}

fn question(keys: &mut Keys<'_, '_>) -> Option<Test> {
    let scenario = word(keys.must("scenario"));
    let against = keys.text("against").map(|t| t.value);
    let mut shift = None;
    if let Some((value, at)) = keys.get("shift")
        && let Some(table) = value.as_table()
    {
        let mut inner = keys.inner(table, at);
        let factor = inner.must("factor");
        let ends = (word(inner.must("from")), word(inner.must("to")));
        if let Some(name) = &factor
            && Scenario::factor(&name.value).is_none()
        {
            let near = nearest(&name.value, Factors::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
            inner.report(name.at.clone(), format!("no factor `{}`", name.value), format!("near it: {near}"));
        }
        inner.finish();
        shift = Some((factor?.value, ends.0, ends.1));
    }
    let (value, at) = keys.get("metric")?;
    let Some(table) = value.as_table() else {
        keys.report(at, "`metric` must be a table", "as in { of = \"stance\", over = \"mean\", from = \"2027Q1\" }");
        return None;
    };
    let metric = measure(&mut keys.inner(table, at));
    let level = number(keys, "level").unwrap_or(0.0);
    let (shows, note) = (shows(keys), both(keys, "note", "note_zh"));
    let text = keys.must("claimed")?;
    let claimed = match text.value.as_str() {
        "higher" => Sign::Higher,
        "lower" => Sign::Lower,
        "above" => Sign::Above(level),
        "below" => Sign::Below(level),
        other => {
            keys.report(text.at, format!("`{other}` cannot be claimed"), "higher, lower, above or below");
            return None;
        }
    };
    Some(Test { asks: Asks::Question(QuestionTest { scenario, against, shift, metric: metric?, claimed }), shows, note })
}

fn measure(keys: &mut Keys<'_, '_>) -> Option<Measure> {
    let of = keys.must("of")?;
    let place = Scenario::variable(&of.value);
    if place.is_none() {
        let near = nearest(&of.value, Variables::<f64>::NAMES.iter().map(|(n, _)| *n)).join(", ");
        keys.report(of.at.clone(), format!("no variable `{}`", of.value), format!("near it: {near}"));
    }
    let over = keys.must("over")?;
    let level = number(keys, "level");
    let way = Over::read(&over.value, level);
    if way.is_none() {
        keys.report(
            over.at,
            format!("no way to draw together `{}`", over.value),
            "at, sum, mean, max, min, or first_above with a level",
        );
    }
    let (from, to) = (word(keys.text("from")), word(keys.text("to")));
    for quarter in [&from, &to].into_iter().filter(|q| !q.is_empty()) {
        if let Err(why) = Quarter::parse(quarter) {
            keys.report(keys.at(), format!("`{quarter}` is no quarter: {why}"), "as in \"2030Q4\"");
        }
    }
    Some(Measure { name: of.value, of: place?, over: way?, from, to })
}

impl Measure {
    /// Its unit, as files write it: that of the variable, or a moment.
    pub fn unit(&self) -> &'static str {
        match self.over {
            Over::FirstAbove(_) => "year",
            Over::At | Over::Sum | Over::Mean | Over::Max | Over::Min => self.unit_of_level(),
        }
    }

    /// The unit of a level that the variable may reach.
    pub fn unit_of_level(&self) -> &'static str {
        Variables::<f64>::NAMES.get(self.of).map_or("", |n| n.1)
    }

    /// What tells it from others.
    fn key(&self) -> String {
        format!("{} {:?} {} {}", self.name, self.over, self.from, self.to)
    }
}

/// Worlds that questions are asked of: the same draws under any scenario, each run once.
pub struct Evidence<'a> {
    /// The packs.
    pub library: &'a Library,
    /// Published series.
    pub series: &'a [Series],
    /// Draws, row-major.
    pub draws: &'a [f64],
    /// The scenario whose ranges they were drawn from.
    drawn_from: Option<Scenario>,
    /// Their row numbers.
    pub rows: &'a [u64],
    /// Seed of the chances.
    pub seed: u64,
    worlds: HashMap<String, Result<World, String>>,
    /// Measures that any claim asks, so that a run is drawn together at once and not kept.
    measures: Vec<Measure>,
    /// Values by run and measure.
    known: HashMap<(String, String), Result<Vec<f64>, String>>,
}

impl<'a> Evidence<'a> {
    /// Worlds that are run when a question needs them; `claims` are all that will be asked.
    pub fn new(
        library: &'a Library,
        series: &'a [Series],
        (draws, rows): (&'a [f64], &'a [u64]),
        seed: u64,
        claims: &[Claim],
    ) -> Evidence<'a> {
        let asked = |test: &Test| match &test.asks {
            Asks::Question(question) => Some(question.metric.clone()),
            _ => None,
        };
        let mut measures: Vec<Measure> = claims.iter().flat_map(|c| c.tests.iter().filter_map(asked)).collect();
        measures.sort_by_key(Measure::key);
        measures.dedup();
        Evidence { library, series, draws, drawn_from: None, rows, seed, worlds: HashMap::new(), measures, known: HashMap::new() }
    }

    /// The same where the draws are from the ranges of a scenario: under another one with other ranges, each draw keeps its place in them.
    pub fn drawn_from(self, scenario: &Scenario) -> Evidence<'a> {
        Evidence { drawn_from: Some(scenario.clone()), ..self }
    }

    /// A measure over a scenario's worlds, with one factor moved to an end of its range where `shift` says so.
    fn values(&mut self, id: &str, shift: Option<(usize, &str)>, metric: &Measure) -> Result<Vec<f64>, String> {
        let key = format!("{id} {shift:?}");
        let place = (key.clone(), metric.key());
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let library = self.library;
        let world = self.worlds.entry(id.to_owned()).or_insert_with(|| {
            let mut problems = Vec::new();
            match Scenario::read(&library.pack, id, library, &mut problems) {
                Some(scenario) => {
                    World::new(scenario, library).map_err(|p| p.first().map(|p| p.message.clone()).unwrap_or_default())
                }
                None => Err(problems.first().map_or_else(|| format!("no scenario `{id}`"), |p| p.message.clone())),
            }
        });
        let world = world.as_ref().map_err(Clone::clone)?;
        let mut draws = match &self.drawn_from {
            Some(from) => redrawn(self.draws, from, &world.scenario),
            None => self.draws.to_vec(),
        };
        if let Some((factor, end)) = shift
            && let Some(spec) = world.scenario.factors.get(factor)
        {
            let value = match end {
                "low" => spec.low,
                "high" => spec.high,
                _ => spec.central,
            };
            draws.iter_mut().skip(factor).step_by(Factors::<f64>::COUNT).for_each(|x| *x = value);
        }
        let run = run_draws(world, &draws, self.rows, self.seed).map_err(|fault: Fault| fault.to_string())?;
        let scenario = &world.scenario;
        for measure in self.measures.iter().chain([metric]) {
            let values = span(scenario.start, scenario.quarters, &measure.from, &measure.to)
                .map(|(from, to)| run.history.metric(scenario, measure.of, measure.over, from, to));
            self.known.insert((key.clone(), measure.key()), values);
        }
        self.known.get(&place).cloned().unwrap_or_else(|| Err("the worlds were not run".to_owned()))
    }
}

/// Asks every test of a claim.
pub fn answer(claims: &Claims, claim: &Claim, evidence: &mut Evidence<'_>) -> Answered {
    let tests: Vec<TestAnswer> = claim.tests.iter().map(|test| ask(claims, test, evidence)).collect();
    let said: Vec<Answer> = tests.iter().filter_map(|t| t.answer).collect();
    let all = |answer: Answer| !said.is_empty() && said.iter().all(|a| *a == answer);
    let decided: Vec<Answer> = said.iter().copied().filter(|a| *a != Answer::Undetermined).collect();
    let answer = match decided.as_slice() {
        [] => Answer::Undetermined,
        [first, rest @ ..] if rest.iter().all(|a| a == first) => *first,
        _ => Answer::Contingent,
    };
    let answer = if all(Answer::Undetermined) { Answer::Undetermined } else { answer };
    Answered { claim: claim.clone(), answer, tests }
}

fn ask(claims: &Claims, test: &Test, evidence: &mut Evidence<'_>) -> TestAnswer {
    let (held, found, source) = match &test.asks {
        Asks::Fact(fact) => published(evidence.series, fact),
        Asks::Rule(rule) => ruled(evidence.library, rule),
        Asks::Question(question) => over_worlds(claims, question, evidence).unwrap_or_else(undetermined),
    };
    let answer = match (test.shows, held) {
        (Shows::Context, _) => None,
        (Shows::For, held) => Some(held),
        (Shows::Against, Answer::Supported) => Some(Answer::Contradicted),
        (Shows::Against, Answer::Contradicted) => None,
        (Shows::Against, held) => Some(held),
    };
    TestAnswer { answer, found, source, note: test.note.clone() }
}

fn yes(holds: bool) -> Answer {
    if holds { Answer::Supported } else { Answer::Contradicted }
}

fn undetermined(why: String) -> (Answer, Found, String) {
    (Answer::Undetermined, Found::Nothing(why), String::new())
}

fn published(all: &[Series], fact: &FactTest) -> (Answer, Found, String) {
    let FactTest { series, period, claimed, value, unit } = fact;
    let found = all.iter().find(|s| s.name == *series).and_then(|s| s.observations.iter().find(|o| o.period.text == *period));
    let Some(o) = found else { return undetermined(format!("no figure for {series} {period}")) };
    // A row may say more beside its unit: `percent (>)`.
    if o.unit != *unit && !o.unit.starts_with(&format!("{unit} ")) {
        return undetermined(format!("{series} {period} is published in {}, and claimed in {unit}", o.unit));
    }
    let holds = match claimed {
        Figure::About(tolerance) => (o.value - value).abs() <= tolerance * value.abs(),
        Figure::AtLeast => o.value >= *value,
        Figure::AtMost => o.value <= *value,
        Figure::Zero => o.value == 0.0,
    };
    let found = Found::Figure { test: fact.clone(), published: o.value, unit: o.unit.clone() };
    (yes(holds), found, format!("{} ({})", o.source, o.confidence.name()))
}

fn ruled(library: &Library, rule: &RuleTest) -> (Answer, Found, String) {
    let RuleTest { regime, drafts, pairs, outcome, fee } = rule;
    let problem = |p: &[Problem]| p.first().map_or_else(|| "the case cannot be read".to_owned(), |p| p.message.clone());
    let mut corridor = match library.corridor(
        std::slice::from_ref(regime),
        drafts,
        regime::Lens { view: regime::View::Practice, known: None },
    ) {
        Ok(corridor) => corridor,
        Err(problems) => return undetermined(problem(&problems)),
    };
    let mut case = match Order::from_pairs(&library.dictionary, &library.catalogue, "claim", pairs) {
        Ok(order) => order.case,
        Err(problems) => return undetermined(problem(&problems)),
    };
    case.fill_standard(&library.dictionary);
    let decision = corridor.decide(&case, &[]);
    let gate = decision.gates.get(decision.binding());
    let law = corridor.laws.get(decision.binding());
    let said = match (law, gate) {
        (Some(law), Some(gate)) => regime::said(law, gate),
        _ => decision.outcome.text().to_owned(),
    };
    let due: i64 = decision.gates.iter().flat_map(|g| &g.fees).filter_map(|f| f.minor).sum();
    let due = facts::money_text(due);
    let fee_holds = fee.as_ref().is_none_or(|f| f.replace(',', "") == due.replace(',', ""));
    let what = pairs.iter().map(|(k, v)| format!("{k} {v}")).collect::<Vec<_>>().join(", ");
    let fee_text = fee.as_ref().map(|f| format!(", fee {due} (claimed {f})")).unwrap_or_default();
    let by = match (law, gate.and_then(|g| g.by)) {
        (Some(law), Some(clause)) => format!("{regime}: {}", law.clause(clause).id),
        _ => regime.clone(),
    };
    (yes(said == *outcome && fee_holds), Found::Ruling(format!("{what}: {said} (claimed {outcome}){fee_text}")), by)
}

/// The fewest worlds from which a share is read.
const FEWEST: usize = 30;

fn over_worlds(claims: &Claims, asked: &QuestionTest, evidence: &mut Evidence<'_>) -> Result<(Answer, Found, String), String> {
    let (up, level) = asked.claimed.parts();
    let scenario = asked.scenario.as_str();
    let values: Vec<f64> = match (&asked.against, &asked.shift) {
        (Some(other), _) => {
            let a = evidence.values(scenario, None, &asked.metric)?;
            let b = evidence.values(other, None, &asked.metric)?;
            differences(&a, &b)
        }
        (None, Some((factor, from, to))) => {
            let place = Scenario::factor(factor).ok_or_else(|| format!("no factor `{factor}`"))?;
            let b = evidence.values(scenario, Some((place, from)), &asked.metric)?;
            let a = evidence.values(scenario, Some((place, to)), &asked.metric)?;
            differences(&a, &b)
        }
        (None, None) => {
            let values = evidence.values(scenario, None, &asked.metric)?;
            values.into_iter().map(|x| if x.is_nan() { f64::INFINITY } else { x } - level).collect()
        }
    };
    let as_claimed: Vec<bool> = values.iter().map(|x| if up { *x > 0.0 } else { *x < 0.0 }).collect();
    let all = values.len().max(1) as f64;
    let share = as_claimed.iter().filter(|x| **x).count() as f64 / all;
    let other = values.iter().filter(|x| if up { **x < 0.0 } else { **x > 0.0 }).count() as f64 / all;
    let answer = if values.len() < FEWEST || share + other < 0.05 {
        Answer::Undetermined
    } else if share >= claims.supported {
        Answer::Supported
    } else if share <= claims.contradicted {
        Answer::Contradicted
    } else {
        Answer::Contingent
    };
    let finite: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let median = crate::ensemble::quantile(&finite, 0.5) + level;
    let hangs_on = (answer == Answer::Contingent).then(|| splitting(evidence.draws, &as_claimed)).flatten();
    let shares = Shares { test: asked.clone(), share, worlds: values.len(), median, hangs_on };
    Ok((answer, Found::Worlds(Box::new(shares)), "simulated worlds".to_owned()))
}

/// `a − b` by world; what never happens counts as later than everything.
fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    let pair = |(a, b): (&f64, &f64)| match (a.is_nan(), b.is_nan()) {
        (true, true) => 0.0,
        (true, false) => f64::INFINITY,
        (false, true) => f64::NEG_INFINITY,
        (false, false) => a - b,
    };
    a.iter().zip(b).map(pair).collect()
}

/// The factor whose halves tell the two kinds of world apart best: name, share in its lower half, in its upper half.
fn splitting(draws: &[f64], as_claimed: &[bool]) -> Option<(&'static str, f64, f64)> {
    let count = Factors::<f64>::COUNT;
    let share = |worlds: &[usize]| {
        worlds.iter().filter(|w| as_claimed.get(**w).copied().unwrap_or(false)).count() as f64 / worlds.len().max(1) as f64
    };
    let mut best: Option<(&'static str, f64, f64)> = None;
    for (k, (name, _)) in Factors::<f64>::NAMES.iter().enumerate() {
        let own: Vec<f64> = draws.iter().skip(k).step_by(count).copied().collect();
        let middle = crate::ensemble::quantile(&own, 0.5);
        let (low, high): (Vec<usize>, Vec<usize>) = (0..own.len()).partition(|w| own.get(*w).is_some_and(|x| *x <= middle));
        if low.is_empty() || high.is_empty() {
            continue;
        }
        let (low, high) = (share(&low), share(&high));
        if best.is_none_or(|(_, a, b)| (high - low).abs() > f64::abs(b - a)) {
            best = Some((name, low, high));
        }
    }
    best
}

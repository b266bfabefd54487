//! The law at the desk: facts to a ruling under the adopted regimes, with what quotas count and which fees fall due.

use std::collections::BTreeMap;

use facts::{Case, Date, Exact, Fact, Number, Order, Problem, Quarter};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};
use regime::{Corridor, Epoch, Law, Lens, Library, NearNames, Outcome, Status, Totals, hex, pack_hash, quota_key, receipt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::command::{Facts, Laid};
use crate::refusal::{Differs, Refusal, Stop};
use crate::rules::Rules;
use crate::state::{Desk, State};

/// Texts of a pack that decide nothing at a desk: worlds, published figures, claims, examples.
const BESIDE: [&str; 4] = ["scenarios/", "history/", "claims/", "examples/"];

/// The texts by which a desk acts: whole regimes as they are in force and enforced. It cannot be made with a lens or a draft; what other
/// law would say is an [`Opinion`], by which nothing is done.
#[derive(Debug)]
pub struct Counsel<'a> {
    /// Dictionary and catalogue.
    pub(crate) library: &'a Library,
    /// The gates.
    pub(crate) corridor: Corridor,
    /// The desk's own numbers.
    pub(crate) rules: Rules,
    /// Everything that decides, each item with its hash.
    items: BTreeMap<String, String>,
    /// One hash over all of them.
    whole: String,
    /// Names that are nearly one that a rule asks for.
    near: NearNames,
}

/// The law as somebody chooses to look at it, with drafts, as known on a day, or by the letter: for questions only.
#[derive(Debug)]
pub struct Opinion<'a>(pub(crate) Counsel<'a>);

impl<'a> Opinion<'a> {
    /// An opinion under any law.
    ///
    /// # Errors
    /// What is wrong with `desk.toml`.
    pub fn new(library: &'a Library, corridor: Corridor) -> Result<Opinion<'a>, Vec<Problem>> {
        Counsel::of(library, corridor).map(Opinion)
    }
}

impl<'a> From<Counsel<'a>> for Opinion<'a> {
    fn from(counsel: Counsel<'a>) -> Opinion<'a> {
        Opinion(counsel)
    }
}

/// What goes where, in whole units. TPP is that of all pieces together, in thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// Its name in the catalogue; empty where none is named.
    pub part: String,
    /// Pieces.
    pub units: i64,
    /// Minor units of the currency.
    pub value: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Thousandths of TPP.
    pub tpp: i64,
    /// Destination, as its code.
    pub to: String,
    /// Who receives.
    pub consignee: String,
    /// Who sends.
    pub exporter: String,
}

/// What the law said of some facts on their day, gate by gate; gates with nothing to say are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// The day of the shipment.
    pub day: Date,
    /// The strictest of the gates, in the words of [`regime::Outcome`].
    pub outcome: String,
    /// One hash over everything by which it was decided, as the desk adopted it: [`Counsel::rules_hash`].
    #[serde(default)]
    pub rules: String,
    /// The gates that had something to say.
    pub gates: Vec<GateRuling>,
    /// What anybody should know of it: names that are nearly one that a rule asks for, gates that were read only up to a day before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// What one gate said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRuling {
    /// The regime.
    pub regime: String,
    /// Its answer.
    pub outcome: String,
    /// The clause that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The review that a licence is judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// What the permission needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NeedRuled>,
    /// SHA-256 of the regime's texts, its lists of countries and names among them.
    pub pack: String,
    /// The day up to which those lists were read.
    pub as_of: Date,
    /// The receipt of the decision, SHA-256 in hex.
    pub receipt: String,
    /// The explanation in full; sealed with applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<serde_json::Value>,
}

/// A condition or quota that the permission needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeedRuled {
    /// The condition or quota.
    pub clause: String,
    /// Met, open or failed, in the words of [`regime::Status`].
    pub status: String,
    /// Who attests it, as the clause says.
    pub attested_by: String,
}

/// What a quota counts of a shipment: the flow, thousandths of its unit, from which day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedFlow {
    /// The flow: regime, quota, and the key that it is counted by.
    pub flow: String,
    /// Thousandths of the quota's unit.
    pub amount: i64,
    /// The first day on which it counts.
    pub day: Date,
    /// Whether the quota has a limit. What has none is a yardstick, and counts only once it left.
    pub limited: bool,
}

/// A fee that fell due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeLine {
    /// The regime that asks it.
    pub regime: String,
    /// Its fee clause.
    pub clause: String,
    /// Minor units of the currency.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Who is paid.
    pub payee: String,
    /// Duty, fee, expectation…, in the regime's word.
    pub legal_form: String,
    /// Whether it was reversed since, or never assessed because the fee is struck down.
    #[serde(default)]
    pub reversed: bool,
}

/// A case as the desk takes it.
#[derive(Clone, Debug)]
pub struct Ruled {
    /// The case.
    pub case: Case,
    /// What goes where.
    pub goods: Goods,
    /// What the law says.
    pub ruling: Ruling,
    /// The outcome as a value.
    pub outcome: Outcome,
    /// What quotas count.
    pub counted: Vec<CountedFlow>,
    /// What falls due; none where nobody can say, with the clause.
    pub fees: Result<Vec<FeeLine>, String>,
}

/// A quota over its limit on a day, in thousandths of its unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The limited flow.
    pub flow: String,
    /// The quota's clause.
    pub quota: String,
    /// The key that it is counted by, as its product; empty where there is none.
    pub of: String,
    /// The first day on which more would go than may.
    pub day: Date,
    /// What may go by that day, in thousandths of the quota's unit.
    pub limit: i64,
    /// What would have gone by then, in thousandths.
    pub total: i64,
}

/// The least of a unit that quotas and TPP are kept in.
const THOUSANDTHS: i64 = 1000;
/// A total so far below zero that no limit is reached.
const ROOM: i64 = -1_000_000_000_000_000_000;
/// Greater amounts are refused, so that sums stay far from the end of what 64 bits hold.
pub const MOST: i64 = 1_000_000_000_000_000;

impl<'a> Counsel<'a> {
    /// The law of some regimes or corridors, to be adopted; the default corridor where none is named.
    ///
    /// # Errors
    /// Every problem of the regimes and of `desk.toml`.
    pub fn new(library: &'a Library, regimes: &[String]) -> Result<Counsel<'a>, Vec<Problem>> {
        Counsel::of(library, library.corridor(regimes, &[], Lens::default())?)
    }

    /// The regimes that a desk adopted, as they are read now. One that is not there any more is left out; every act that asks the law is
    /// then refused by its name.
    ///
    /// # Errors
    /// Every problem of the regimes and of `desk.toml`.
    pub fn adopted(library: &'a Library, desk: &Desk) -> Result<Counsel<'a>, Vec<Problem>> {
        let adopted = desk.items.keys().filter_map(|item| item.strip_prefix("regimes/"));
        let there: Vec<String> = adopted.filter(|id| library.regimes.iter().any(|r| r == id)).map(str::to_owned).collect();
        let none = || Ok(Corridor::of(Vec::new(), Lens::default()));
        let corridor = if there.is_empty() { none() } else { library.corridor(&there, &[], Lens::default()) };
        Counsel::of(library, corridor?)
    }

    fn of(library: &'a Library, corridor: Corridor) -> Result<Counsel<'a>, Vec<Problem>> {
        let rules = Rules::read(&library.pack).map_err(|problem| vec![*problem])?;
        let mut items: BTreeMap<String, String> =
            corridor.laws.iter().map(|law| (format!("regimes/{}", law.id), pack_hash(law).to_owned())).collect();
        let beside = |path: &str| path.starts_with("regimes/") || BESIDE.iter().any(|folder| path.starts_with(folder));
        for source in library.pack.under("").filter(|source| !beside(&source.path)) {
            items.insert(source.path.clone(), hex(&Sha256::digest(&source.text)));
        }
        // A build of the same version is the same program; whatever decides otherwise has another version.
        items.insert("program".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let whole = hex(&Sha256::digest(serde_json::to_vec(&items).unwrap_or_default()));
        let near = NearNames::of(&corridor.laws, &library.dictionary, &library.catalogue);
        Ok(Counsel { library, corridor, rules, items, whole, near })
    }

    /// Dictionary and catalogue.
    pub fn library(&self) -> &'a Library {
        self.library
    }

    /// The desk's own numbers.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Everything that decides, each item with its hash: the regimes, every other text of the pack that bears on a decision, and the
    /// program's version.
    pub fn items(&self) -> &BTreeMap<String, String> {
        &self.items
    }

    /// One hash over all items: SHA-256 in hex of their JSON text.
    pub fn rules_hash(&self) -> &str {
        &self.whole
    }

    /// What differs between what a desk adopted and what is read now, both ways.
    pub(crate) fn differs(&self, adopted: &BTreeMap<String, String>) -> Vec<(String, Differs)> {
        let changed = adopted.iter().filter_map(|(item, hash)| match self.items.get(item) {
            None => Some((item.clone(), Differs::Gone)),
            Some(now) if now != hash => Some((item.clone(), Differs::Changed)),
            Some(_) => None,
        });
        let new = self.items.keys().filter(|item| !adopted.contains_key(*item));
        changed.chain(new.map(|item| (item.clone(), Differs::New))).collect()
    }

    /// Facts by their full names, each said once by whichever of its names.
    ///
    /// # Errors
    /// A fact that is said twice.
    pub(crate) fn named(&self, facts: &Facts) -> Result<Facts, Stop> {
        let dictionary = &self.library.dictionary;
        let mut named: BTreeMap<String, (&String, &String)> = BTreeMap::new();
        for (name, value) in facts {
            let full = match (dictionary.id(name), name.as_str()) {
                (Some(id), _) => dictionary.field(id).name.clone(),
                (None, "day") => "date".to_owned(),
                (None, _) => name.clone(),
            };
            if let Some((first, _)) = named.get(&full) {
                let problems = vec![format!("{name}: said before, as `{first}`; keep one of them")];
                return Err(Refusal::BadFacts { problems }.into());
            }
            named.insert(full, (name, value));
        }
        Ok(named.into_iter().map(|(full, (_, value))| (full, value.clone())).collect())
    }

    /// Reads facts as one case.
    ///
    /// # Errors
    /// Facts that are none.
    pub(crate) fn case(&self, facts: &Laid<'_>) -> Result<Case, Stop> {
        if !facts.contains_key("date") {
            return Err(Refusal::FactNeeded { fact: "date".to_owned() }.into());
        }
        let pairs: Vec<(&str, &str)> = facts.iter().map(|(name, value)| (&**name, *value)).collect();
        let order = Order::typed(&self.library.dictionary, &self.library.catalogue, "facts", &pairs);
        let order = order.map_err(|problems| Refusal::BadFacts { problems: problems.iter().map(told).collect() })?;
        Ok(order.case)
    }

    /// What goes where, of a case.
    ///
    /// # Errors
    /// A fact that the desk needs and does not have, or an amount that is none.
    pub fn goods(&self, case: &Case) -> Result<Goods, Stop> {
        let text = |name: &str| match self.spelled(case, name) {
            Some(text) => Ok(text),
            None => Err(Stop::from(Refusal::FactNeeded { fact: name.to_owned() })),
        };
        let units = self.whole(case, "quantity", 1)?;
        let value = self.whole(case, "value_usd", 100)?;
        let tpp = self.whole(case, "tpp", THOUSANDTHS)?;
        if units == 0 {
            return Err(Refusal::OutOfRange { what: "quantity".to_owned() }.into());
        }
        let tpp = tpp.checked_mul(units).filter(|t| *t <= MOST * THOUSANDTHS);
        Ok(Goods {
            part: text("chip")?,
            units,
            value,
            currency: "USD".to_owned(),
            tpp: tpp.ok_or_else(|| Refusal::OutOfRange { what: "quantity".to_owned() })?,
            to: text("destination")?,
            consignee: text("consignee")?,
            exporter: text("exporter")?,
        })
    }

    /// Rules on facts, with running totals as the desk has them on that day and `added` to them (what a shipment had counted before is
    /// taken off so). `explained` keeps the reasons.
    ///
    /// # Errors
    /// Bad facts, or flows that were not brought along.
    pub(crate) fn rule(
        &mut self,
        state: &State,
        facts: &Laid<'_>,
        explained: bool,
        added: &[CountedFlow],
    ) -> Result<Ruled, Stop> {
        let case = self.case(facts)?;
        let goods = self.goods(&case)?;
        let totals = self.totals(state, &case, added)?;
        let decision = self.corridor.decide(&case, &totals);
        let mut notices = self.near.warnings(&self.library.dictionary, &case);
        notices.extend(self.corridor.notices(case.day, &decision));
        let mut ruling = Ruling {
            day: case.day,
            outcome: decision.outcome.text().to_owned(),
            rules: self.whole.clone(),
            gates: Vec::new(),
            notices,
        };
        let (mut counted, mut fees) = (Vec::new(), Ok(Vec::new()));
        for ((law, epoch), (own, totals)) in self.corridor.gates(case.day).zip(decision.gates.iter().zip(&totals)) {
            counted.extend(counts(law, epoch, &case, totals)?);
            if !own.in_scope {
                continue;
            }
            let name = |id: Option<regime::ClauseId>| id.map(|c| law.clause(c).id.clone());
            let pack = pack_hash(law).to_owned();
            let why = explained.then(|| regime::explain(law, epoch, &self.corridor.lens, &case, totals));
            ruling.gates.push(GateRuling {
                regime: law.id.clone(),
                outcome: own.outcome.text().to_owned(),
                by: name(own.by),
                review: name(own.review),
                needs: own.needs.iter().map(|need| need_of(law, epoch, need)).collect(),
                receipt: receipt(law, &pack, &self.corridor.lens, &case, own),
                pack,
                as_of: law.as_of,
                why: why.and_then(|w| serde_json::to_value(w).ok()),
            });
            for due in &own.fees {
                let Some((payee, legal_form)) = law.fee_terms(epoch, due.clause) else { continue };
                let clause = law.clause(due.clause).id.clone();
                let (Some(minor), true) = (due.minor, due.certain) else {
                    fees = Err(clause);
                    continue;
                };
                if let Ok(fees) = &mut fees {
                    let (regime, currency, legal_form) = (law.id.clone(), law.currency.clone(), legal_form.to_owned());
                    fees.push(FeeLine { regime, clause, minor, currency, payee, legal_form, reversed: false });
                }
            }
        }
        Ok(Ruled { case, goods, ruling, outcome: decision.outcome, counted, fees })
    }

    /// Flows of limited quotas that the permission would need, were there room in them: these bind, others only count. A quota that is
    /// full turns the answer, and the answer then no longer names it.
    ///
    /// # Errors
    /// Flows that were not brought along.
    pub fn bound(&mut self, state: &State, case: &Case, counted: &[CountedFlow]) -> Result<Vec<String>, Stop> {
        let limited: Vec<&CountedFlow> = counted.iter().filter(|c| c.limited).collect();
        if limited.is_empty() {
            return Ok(Vec::new());
        }
        let room: Vec<CountedFlow> =
            limited.iter().map(|c| CountedFlow { amount: ROOM, day: case.day, ..(*c).clone() }).collect();
        let totals = self.totals(state, case, &room)?;
        let decision = self.corridor.decide(case, &totals);
        let mut bound = Vec::new();
        for ((law, epoch), own) in self.corridor.gates(case.day).zip(&decision.gates) {
            let flows = own.needs.iter().filter_map(|n| flow_of(law, epoch, case, n.clause));
            bound.extend(flows.filter(|flow| limited.iter().any(|c| c.flow == *flow)));
        }
        Ok(bound)
    }

    /// What would settle an undetermined case.
    ///
    /// # Errors
    /// Flows that were not brought along.
    pub fn missing(&mut self, state: &State, case: &Case) -> Result<Vec<String>, Stop> {
        let totals = self.totals(state, case, &[])?;
        let decision = self.corridor.decide(case, &totals);
        let mut missing = Vec::new();
        for (gate, own) in decision.gates.iter().enumerate() {
            if own.outcome == Outcome::Undetermined
                && let Some(totals) = totals.get(gate)
            {
                // Two gates may miss the same fact.
                let own = self.corridor.missing(gate, case, totals);
                missing.extend(own.into_iter().filter(|name| !missing.contains(name)).collect::<Vec<_>>());
            }
        }
        Ok(missing)
    }

    /// Quotas over their limit from a day on, were these amounts added to the flows. Every limited quota of the case's keys is asked,
    /// on that day and on every later day on which something was counted.
    ///
    /// # Errors
    /// Flows that were not brought along.
    pub fn broken(&mut self, state: &State, case: &Case, added: &[CountedFlow]) -> Result<Vec<Broken>, Stop> {
        let Some(first) = added.iter().map(|a| a.day).min() else { return Ok(Vec::new()) };
        let mut days: Vec<Date> = added.iter().map(|a| a.day).collect();
        self.ready(case.day);
        for (law, epoch) in self.corridor.gates(case.day) {
            for quota in quotas(law) {
                if let Some(flow) = flow_of(law, epoch, case, quota)
                    && let Some(flow) = state.flow(&flow)?
                {
                    days.extend(flow.days.range(first..).map(|(day, _)| *day));
                }
            }
        }
        days.sort_unstable();
        days.dedup();
        let mut broken = Vec::new();
        for day in days {
            broken.extend(self.over(state, case, day, added)?);
        }
        Ok(broken)
    }

    /// Quotas over their limit on one day, were these amounts added.
    fn over(&mut self, state: &State, case: &Case, day: Date, added: &[CountedFlow]) -> Result<Vec<Broken>, Stop> {
        let mut then = case.clone();
        then.day = day;
        let mut broken = Vec::new();
        for standing in self.standings(state, &then, added)? {
            if standing.total > standing.limit {
                broken.push(standing);
            }
        }
        Ok(broken)
    }

    /// Limit and total of every limited quota for the case's keys on its day.
    ///
    /// # Errors
    /// Flows that were not brought along.
    pub fn standings(&mut self, state: &State, case: &Case, added: &[CountedFlow]) -> Result<Vec<Broken>, Stop> {
        let totals = self.totals(state, case, added)?;
        let mut standings = Vec::new();
        for ((law, epoch), totals) in self.corridor.gates(case.day).zip(&totals) {
            for quota in quotas(law) {
                let (Some(limit), Some(flow)) = (totals.limit(law, epoch, case, quota), flow_of(law, epoch, case, quota)) else {
                    continue;
                };
                let total = upto(state, &flow, case.day, added)?;
                // A limit in thousandths, rounded down: never more than the law leaves.
                let limit = (limit.numer() * THOUSANDTHS / limit.denom()).to_i64().unwrap_or(i64::MAX);
                let of = flow.splitn(3, '/').nth(2).unwrap_or_default().to_owned();
                standings.push(Broken { flow, quota: law.clause(quota).id.clone(), of, day: case.day, limit, total });
            }
        }
        Ok(standings)
    }

    /// Totals of every gate for a case, from the desk's flows up to its day.
    fn totals(&mut self, state: &State, case: &Case, added: &[CountedFlow]) -> Result<Vec<Totals>, Stop> {
        let mut all = Vec::new();
        self.ready(case.day);
        for (law, epoch) in self.corridor.gates(case.day) {
            let mut totals = Totals::from_start();
            for quota in quotas(law) {
                if let Some(flow) = flow_of(law, epoch, case, quota) {
                    let sum = upto(state, &flow, case.day, added)?;
                    totals.state(law, epoch, case, quota, from_thousandths(sum));
                }
            }
            all.push(totals);
        }
        Ok(all)
    }

    /// Makes the epochs of a day, so that `gates` has them.
    fn ready(&mut self, day: Date) {
        for gate in 0..self.corridor.laws.len() {
            self.corridor.epoch(gate, day);
        }
    }

    fn spelled(&self, case: &Case, name: &str) -> Option<String> {
        let id = self.library.dictionary.id(name)?;
        match case.fact(id) {
            Fact::Unknown | Fact::Absent => None,
            fact => Some(self.library.dictionary.spell(id, fact)),
        }
    }

    /// A number as a whole count of its parts: cents of a dollar, thousandths of a TOPS.bit.
    fn whole(&self, case: &Case, name: &str, parts: i64) -> Result<i64, Stop> {
        let id = self.library.dictionary.id(name);
        let Some(Fact::Number(number)) = id.map(|id| case.fact(id)) else {
            return Err(Refusal::FactNeeded { fact: name.to_owned() }.into());
        };
        whole(*number, parts).ok_or_else(|| Refusal::OutOfRange { what: name.to_owned() }.into())
    }
}

/// A problem in one line, with what to do about it.
fn told(problem: &Problem) -> String {
    if problem.hint.is_empty() { problem.message.clone() } else { format!("{} ({})", problem.message, problem.hint) }
}

/// A number as a whole count of its parts; none where it has a finer part, is negative, or beyond what is reckoned with.
fn whole(number: Number, parts: i64) -> Option<i64> {
    in_parts(&number.exact(), parts).filter(|whole| (0..=MOST).contains(whole))
}

/// A fraction as a whole count of parts; none where a finer part is left over. Reckoned without shortening fractions, which is slow.
fn in_parts(exact: &Exact, parts: i64) -> Option<i64> {
    if exact.denom().is_one() {
        return exact.numer().to_i64()?.checked_mul(parts);
    }
    let (whole, rest) = (exact.numer() * parts).div_rem(exact.denom());
    rest.is_zero().then(|| whole.to_i64()).flatten()
}

/// Thousandths as a fraction; whole ones need no shortening.
fn from_thousandths(sum: i64) -> Exact {
    match (sum / THOUSANDTHS, sum % THOUSANDTHS) {
        (whole, 0) => Exact::from_integer(whole.into()),
        _ => Exact::new(sum.into(), THOUSANDTHS.into()),
    }
}

fn quotas(law: &Law) -> impl Iterator<Item = regime::ClauseId> + '_ {
    law.clause_ids().filter(|id| law.clause(*id).kind == regime::ClauseKind::Quota)
}

/// The flow of a quota for the case's key; none where a fact of the key is missing.
fn flow_of(law: &Law, epoch: &Epoch, case: &Case, quota: regime::ClauseId) -> Option<String> {
    if law.clause(quota).kind != regime::ClauseKind::Quota {
        return None;
    }
    let key = quota_key(law, epoch, case, quota)?;
    let parts: Vec<&str> = key.split('\u{1f}').filter(|p| !p.is_empty()).collect();
    Some(format!("{}/{}/{}", law.id, law.clause(quota).id, parts.join("/")))
}

/// What a flow comes to up to a day, with amounts that are not in it yet.
fn upto(state: &State, flow: &str, day: Date, added: &[CountedFlow]) -> Result<i64, Stop> {
    let kept = state.flow(flow)?.map_or(0, |f| f.upto(day));
    let more: i64 = added.iter().filter(|a| a.flow == flow && a.day <= day).map(|a| a.amount).sum();
    Ok(kept + more)
}

/// What the quotas of one law count of a case.
fn counts(law: &Law, epoch: &Epoch, case: &Case, totals: &Totals) -> Result<Vec<CountedFlow>, Stop> {
    let mut flows = Vec::new();
    for counted in totals.counted(law, epoch, case) {
        let Some(flow) = flow_of(law, epoch, case, counted.quota) else { continue };
        let amount = in_parts(&counted.amount, THOUSANDTHS).filter(|a| (0..=MOST * THOUSANDTHS).contains(a));
        let amount = amount.ok_or_else(|| Refusal::OutOfRange { what: law.clause(counted.quota).id.clone() })?;
        let limited = matches!(epoch.version(law, counted.quota), Some((v, _)) if matches!(v.rule, regime::Rule::Quota { limit: Some(_), .. }));
        flows.push(CountedFlow { flow, amount, day: case.day, limited });
    }
    Ok(flows)
}

fn need_of(law: &Law, epoch: &Epoch, need: &regime::Need) -> NeedRuled {
    let attested_by = match epoch.version(law, need.clause).map(|(v, _)| &v.rule) {
        Some(regime::Rule::Condition { attested_by, .. }) => attested_by.clone(),
        _ => String::new(),
    };
    NeedRuled { clause: law.clause(need.clause).id.clone(), status: need.status.text().to_owned(), attested_by }
}

/// Whether a need is shown in the ruling itself.
pub(crate) fn shown(need: &NeedRuled) -> bool {
    need.status == Status::Met.text()
}

/// The quarter of a day, as in 2026Q1.
pub(crate) fn quarter_of(day: Date) -> String {
    Quarter::of(day).to_string()
}

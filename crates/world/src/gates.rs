//! What both gates say of every part in every quarter under every stance: asked of the regime once, before the run. A quarter in which
//! the law changes is weighed by days.

mod designs;

use std::collections::HashMap;

use facts::{Case, Chip, CountryId, Date, Dictionary, Fact, FieldId, Quarter};
use regime::{Corridor, Outcome, Policy, Rule, Status, standard_sale};

use crate::scenario::{Gate, Scenario};

/// What a vendor may offer, by quarter, stance and place in a list: each column is `quarter × stance × width`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offers {
    /// Places in the list.
    pub width: usize,
    /// Performance in TPP; infinite where the law sets no bound.
    pub tpp: Vec<f64>,
    /// Memory bandwidth in GB/s; infinite where the law sets no bound.
    pub bandwidth: Vec<f64>,
    /// Share of the quarter's days on which the exporter's gate is open: free, or by an exception.
    pub free: Vec<f64>,
    /// On which a licence is needed and approval presumed.
    pub approval: Vec<f64>,
    /// Review case by case.
    pub case: Vec<f64>,
    /// No policy published.
    pub unstated: Vec<f64>,
    /// Denial presumed.
    pub denial: Vec<f64>,
    /// Share of days on which the importer's gate is open to every buyer.
    pub admitted: Vec<f64>,
    /// Only to approved buyers.
    pub approved_only: Vec<f64>,
    /// Discouraged: a requirement without published policy.
    pub discouraged: Vec<f64>,
    /// Closed to data centers with state funds, whatever holds for others.
    pub state_barred: Vec<f64>,
    /// Fee on the way, as a share of the value.
    pub fee_rate: Vec<f64>,
    /// Share of that fee that is a duty.
    pub fee_duty: Vec<f64>,
    /// Cap as a share of the exporter's home sales of the part; 0 where there is none.
    pub quota: Vec<f64>,
}

/// One vendor's parts before both gates.
#[derive(Clone, Debug)]
pub struct VendorGates {
    /// Its name in the catalogue.
    pub name: String,
    /// The best part that it sells anywhere, by quarter and stance.
    pub top: Offers,
    /// The best of its world parts that may pass.
    pub best: Offers,
    /// Parts designed to a threshold, whenever that became the best.
    pub designs: Offers,
    /// Which design the law would let through best; the number of designs where none is better than a world part.
    pub wanted: Vec<f64>,
    /// What each design is: when first wanted, bounds, and the catalogue's part that it resembles.
    pub story: Vec<Design>,
}

/// A part designed to the threshold.
#[derive(Clone, Debug)]
pub struct Design {
    /// When the frontier first asked for it.
    pub from: Quarter,
    /// Under which stance.
    pub stance: String,
    /// Bound on performance in TPP; none where the law sets none.
    pub tpp: Option<f64>,
    /// Bound on memory bandwidth in GB/s.
    pub bandwidth: Option<f64>,
    /// The part of the catalogue nearest to it, by which the importer's gate knows it.
    pub like: String,
    /// The strictest answer that it met at the exporter's gate.
    pub answer: Outcome,
    chip: Chip,
}

/// Everything that the regimes say about a scenario.
#[derive(Clone, Debug)]
pub struct Gates {
    /// Quarters.
    pub quarters: usize,
    /// Stances.
    pub stances: usize,
    /// Vendors, the lead vendor first.
    pub vendors: Vec<VendorGates>,
    /// Share of days on which memory stacks pass to the importer, by quarter.
    pub memory_open: Vec<f64>,
    /// Share of days on which the importer's reply is in force.
    pub reply: Vec<f64>,
    /// Share of days on which the lead vendor's part stands under an official security question.
    pub questioned: Vec<f64>,
    /// What each gate said of each named part, for the timeline: gate, part, from, answer, clause.
    pub timeline: Vec<Standing>,
}

/// A stretch of time in which a gate gave one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The regime.
    pub gate: String,
    /// The part.
    pub part: String,
    /// First day.
    pub from: Date,
    /// Day after the last.
    pub until: Date,
    /// The answer.
    pub outcome: Outcome,
    /// The clause that gave it; empty where nothing applies.
    pub by: String,
}

/// Corridors of one stance.
struct Ladder {
    exporter: Corridor,
    name: String,
}

/// Asks the regimes everything that a run will need.
///
/// # Errors
/// Every problem of the regimes, drafts, parts and countries that the scenario names.
pub fn ask(scenario: &Scenario, library: &regime::Library) -> Result<Gates, Vec<facts::Problem>> {
    let mut asker = Asker::new(scenario, library)?;
    let mut vendors = Vec::new();
    for vendor in &scenario.vendors {
        vendors.push(asker.vendor(vendor));
    }
    let memory_open = asker.shares(&scenario.memory);
    let reply = asker.shares(&scenario.reply).into_iter().map(|open| 1.0 - open).collect();
    let questioned = asker.in_force(&scenario.importer);
    let timeline = asker.timeline();
    Ok(Gates { quarters: scenario.quarters, stances: asker.ladder.len(), vendors, memory_open, reply, questioned, timeline })
}

struct Asker<'a> {
    scenario: &'a Scenario,
    library: &'a regime::Library,
    dictionary: &'a Dictionary,
    ladder: Vec<Ladder>,
    importer: Option<Corridor>,
    exporter_country: CountryId,
    importer_country: CountryId,
    maker_country: CountryId,
    /// Days on which some law changes, in order.
    changes: Vec<Date>,
    /// Answers by part, stance and the last change of law: most quarters repeat the one before.
    known: HashMap<(String, usize, Date), Answer>,
}

/// One part on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    way: Way,
    admitted: Outcome,
    approved: Outcome,
    state: Outcome,
}

/// A way through the exporter's gate: the strictest answer on it, fee and duty as shares of the value, the cap's share.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    outcome: Outcome,
    fee: f64,
    duty: f64,
    quota: f64,
}

impl Way {
    const SHUT: Way = Way { outcome: Outcome::Prohibited, fee: 0.0, duty: 0.0, quota: 0.0 };

    /// One leg after the other.
    fn then(self, next: Way) -> Way {
        Way {
            outcome: self.outcome.max(next.outcome),
            fee: self.fee + next.fee,
            duty: self.duty + next.duty,
            quota: self.quota.max(next.quota),
        }
    }
}

impl<'a> Asker<'a> {
    fn new(scenario: &'a Scenario, library: &'a regime::Library) -> Result<Asker<'a>, Vec<facts::Problem>> {
        let dictionary = &*library.dictionary;
        let mut ladder = Vec::new();
        for stance in &scenario.stances {
            let drafts: Vec<String> = stance.draft.iter().cloned().collect();
            let exporter = library.corridor(std::slice::from_ref(&scenario.exporter.regime), &drafts, scenario.lens())?;
            ladder.push(Ladder { exporter, name: stance.id.clone() });
        }
        let importer = match scenario.importer.regime.as_str() {
            "" => None,
            regime => Some(library.corridor(&[regime.to_owned()], &[], scenario.lens())?),
        };
        let country = |code: &str| dictionary.countries.find(code).unwrap_or(CountryId(0));
        let mut changes: Vec<Date> = ladder
            .iter()
            .map(|l| &l.exporter)
            .chain(&importer)
            .flat_map(|c| c.laws.iter().flat_map(|law| law.epochs(&c.lens)))
            .map(|epoch| epoch.from)
            .collect();
        changes.sort();
        changes.dedup();
        Ok(Asker {
            scenario,
            library,
            dictionary,
            ladder,
            importer,
            exporter_country: country(&scenario.exporter.country),
            importer_country: country(&scenario.importer.country),
            maker_country: country(&scenario.maker_country),
            changes,
            known: HashMap::new(),
        })
    }

    /// The stretches of a quarter within which no law changes: first day and share of the quarter.
    fn stretches(&self, quarter: Quarter) -> Vec<(Date, f64)> {
        let (first, last) = (quarter.first_day(), quarter.last_day());
        let mut starts = vec![first];
        starts.extend(self.changes.iter().copied().filter(|day| *day > first && *day <= last));
        let ends = starts.iter().skip(1).copied().chain([last.tomorrow().unwrap_or(last)]);
        let days = f64::from(quarter.days());
        starts.iter().zip(ends).map(|(from, to)| (*from, f64::from(from.until(to).map_or(0, |s| s.get_days())) / days)).collect()
    }

    fn quarter(&self, at: usize) -> Quarter {
        self.scenario.start.plus(at as i32)
    }

    fn text(&self, case: &mut Case, field: &str, value: &str) {
        if let Some(id) = self.dictionary.id(field)
            && let Ok(fact) = self.dictionary.parse(id, value)
        {
            case.set(id, fact);
        }
    }

    /// The sale of a part by its maker, either straight from where it is made or by way of the exporter's country.
    fn sale(&self, chip: &Chip, day: Date, kind: &str, from: CountryId, to: CountryId) -> Case {
        let mut case = standard_sale(self.dictionary, chip, to, day);
        self.text(&mut case, "kind", kind);
        if let Some(id) = self.dictionary.id("ships_from") {
            case.set(id, Fact::Country(from));
        }
        self.text(&mut case, "value_usd", SAMPLE_USD);
        case
    }

    /// What the exporter's gate says of a part on a day: of the ways on which it may go, the mildest, then the cheapest.
    fn exporter(&mut self, stance: usize, chip: &Chip, day: Date) -> Way {
        let (home, away, maker) = (self.exporter_country, self.importer_country, self.maker_country);
        let straight = self.sale(chip, day, "reexport", maker, away);
        let inward = self.sale(chip, day, "import", maker, home);
        let onward = self.sale(chip, day, "export", home, away);
        let Some(ladder) = self.ladder.get_mut(stance) else { return Way::SHUT };
        let [first, import, export] = [straight, inward, onward].map(|case| one(&mut ladder.exporter, &case));
        let second = import.then(export);
        let milder = second.outcome.cmp(&first.outcome).then(second.fee.total_cmp(&first.fee)).is_lt();
        if milder { second } else { first }
    }

    /// What the importer's gate says: of any buyer, of an approved one, of a data center with state funds.
    fn importer(&mut self, chip: &Chip, day: Date) -> [Outcome; 3] {
        let base = self.sale(chip, day, "export", self.exporter_country, self.importer_country);
        let given = |facts: &[(String, String)]| {
            let mut case = base.clone();
            for (name, value) in facts {
                self.text(&mut case, name, value);
            }
            case
        };
        let cases = [base.clone(), given(&self.scenario.importer.approved), given(&self.scenario.importer.state_funded)];
        match &mut self.importer {
            None => [Outcome::Free; 3],
            Some(corridor) => cases.map(|case| strictest(corridor, &case)),
        }
    }

    /// `key` names the part among all that are asked about.
    fn answer(&mut self, stance: usize, key: &str, chip: &Chip, day: Date) -> Answer {
        let since = self.changes.iter().rev().find(|change| **change <= day).copied().unwrap_or(Date::MIN);
        let place = (key.to_owned(), stance, since);
        if let Some(answer) = self.known.get(&place) {
            return *answer;
        }
        let way = self.exporter(stance, chip, day);
        let [admitted, approved, state] = self.importer(chip, day);
        let answer = Answer { way, admitted, approved, state };
        self.known.insert(place, answer);
        answer
    }

    fn value(&self, chip: &Chip, field: &str) -> Option<f64> {
        number(chip, self.dictionary.id(field)?)
    }

    fn is(&self, chip: &Chip, field: &str, value: &str) -> bool {
        let Some(id) = self.dictionary.id(field) else { return false };
        let fact = self.dictionary.parse(id, value).unwrap_or_default();
        fact != Fact::Unknown && chip.facts.iter().any(|(own, known)| *own == id && *known == fact)
    }

    /// Share of each quarter's days on which a gate is open to a case, under the first stance that is the law itself.
    fn shares(&mut self, gate: &Gate) -> Vec<f64> {
        let Ok(mut corridor) = self.library.corridor(std::slice::from_ref(&gate.regime), &[], self.scenario.lens()) else {
            return vec![1.0; self.scenario.quarters];
        };
        let mut changes: Vec<Date> = corridor.laws.iter().flat_map(|law| law.epochs(&corridor.lens)).map(|e| e.from).collect();
        std::mem::swap(&mut changes, &mut self.changes);
        let shares = (0..self.scenario.quarters)
            .map(|at| {
                self.stretches(self.quarter(at))
                    .into_iter()
                    .map(|(day, share)| {
                        let mut case = Case::new(self.dictionary, day);
                        for (name, value) in &gate.facts {
                            self.text(&mut case, name, value);
                        }
                        case.fill_standard(self.dictionary);
                        let open = strictest(&mut corridor, &case) <= Outcome::ExceptionOpen;
                        if open { share } else { 0.0 }
                    })
                    .sum()
            })
            .collect();
        self.changes = changes;
        shares
    }

    /// Share of each quarter's days on which a named clause of the importer's regime is in force.
    fn in_force(&self, gate: &Gate) -> Vec<f64> {
        let law = self.importer.as_ref().and_then(|c| c.laws.first());
        let clause = law.and_then(|law| Some(law.clause(law.clause_id(&gate.security_clause)?)));
        (0..self.scenario.quarters)
            .map(|at| {
                let quarter = self.quarter(at);
                let Some(clause) = clause else { return 0.0 };
                let days = f64::from(quarter.days());
                let overlap = |from: Date, until: Option<Date>| {
                    let from = from.max(quarter.first_day());
                    let last = until.unwrap_or(quarter.last_day()).min(quarter.last_day());
                    if last < from { 0.0 } else { f64::from(from.until(last).map_or(0, |s| s.get_days()) + 1) }
                };
                clause.versions.iter().map(|v| overlap(v.from, v.until)).sum::<f64>() / days
            })
            .collect()
    }

    /// What each gate says of the scenario's named parts through time, under the scenario's own stance.
    fn timeline(&mut self) -> Vec<Standing> {
        let mut rows: Vec<Standing> = Vec::new();
        let last = self.quarter(self.scenario.quarters.saturating_sub(1));
        let horizon = last.last_day().tomorrow().unwrap_or(last.last_day());
        let first = self.scenario.start.first_day();
        let mut days = vec![first];
        let changes = self.scenario.changes.iter().map(|change| change.from.first_day());
        days.extend(self.changes.iter().copied().chain(changes).filter(|d| *d > first && *d < horizon));
        days.sort();
        days.dedup();
        let parts: Vec<Chip> = self.scenario.shown.iter().filter_map(|name| self.chip(name)).collect();
        for chip in &parts {
            for gate in 0..2 {
                for day in &days {
                    let (regime, outcome, by) = self.standing(gate, chip, *day);
                    match rows.last_mut() {
                        Some(row)
                            if row.part == *chip.name && row.gate == regime && row.outcome == outcome && row.until == horizon => {
                        }
                        previous => {
                            if let Some(row) = previous.filter(|r| r.part == *chip.name && r.gate == regime) {
                                row.until = *day;
                            }
                            let part = chip.name.to_string();
                            rows.push(Standing { gate: regime, part, from: *day, until: horizon, outcome, by });
                        }
                    }
                }
            }
        }
        rows
    }

    fn standing(&mut self, gate: usize, chip: &Chip, day: Date) -> (String, Outcome, String) {
        let case = self.sale(chip, day, "export", self.exporter_country, self.importer_country);
        let now = self.scenario.in_force(Quarter::of(day));
        let corridor = if gate == 0 { self.ladder.get_mut(now.stance).map(|l| &mut l.exporter) } else { self.importer.as_mut() };
        let Some(corridor) = corridor else { return (String::new(), Outcome::Free, String::new()) };
        if gate == 1 && now.levers.importer_gate == 0.0 {
            return (self.scenario.importer.regime.clone(), Outcome::Free, String::new());
        }
        let decision = corridor.decide(&case, &[]);
        let by = match (corridor.laws.first(), decision.gates.first().and_then(|g| g.by)) {
            (Some(law), Some(clause)) => law.clause(clause).id.clone(),
            _ => String::new(),
        };
        let regime = if gate == 0 { &self.scenario.exporter.regime } else { &self.scenario.importer.regime };
        (regime.clone(), decision.outcome, by)
    }

    fn chip(&self, name: &str) -> Option<Chip> {
        match self.library.catalogue.find(name) {
            facts::Found::Chip(chip) => Some(chip.clone()),
            _ => None,
        }
    }
}

/// A value that makes the fee readable as a rate.
const SAMPLE_USD: &str = "1000000.00";

/// The same in minor units.
const SAMPLE_MINOR: f64 = 1e8;

/// One case at the exporter's gate.
fn one(corridor: &mut Corridor, case: &Case) -> Way {
    let decision = corridor.decide(case, &[]);
    let (mut fee, mut duty, mut quota) = (0.0, 0.0, 0.0);
    if let (Some(law), Some(gate)) = (corridor.laws.first(), decision.gates.first()) {
        for due in &gate.fees {
            let rate = due.minor.unwrap_or(0) as f64 / SAMPLE_MINOR;
            fee += rate;
            let version =
                law.clause(due.clause).versions.iter().find(|v| v.from <= case.day && v.until.is_none_or(|u| case.day <= u));
            if let Some(Rule::Fee { legal_form, .. }) = version.map(|v| &v.rule)
                && legal_form.word() == "duty"
            {
                duty += rate;
            }
        }
        // A cap relative to other shipments: its share is the value that the quota's own page gives.
        for need in gate.needs.iter().filter(|need| law.clause(need.clause).kind == regime::ClauseKind::Quota) {
            quota = law
                .values
                .iter()
                .filter(|value| value.page == Some(need.clause))
                .flat_map(|value| value.entries.iter().filter(|e| e.from <= case.day && e.until.is_none_or(|u| case.day <= u)))
                .map(|entry| entry.number.approx())
                .fold(quota, f64::max);
        }
    }
    // An exception on conditions (a notification that may be answered with no) is a review in all but name.
    let conditional = decision.gates.first().is_some_and(|gate| gate.needs.iter().any(|need| need.status != Status::Met));
    let outcome = match strictest(corridor, case) {
        Outcome::Exception | Outcome::ExceptionOpen if conditional => Outcome::Licence(Policy::CaseByCase),
        outcome => outcome,
    };
    Way { outcome, fee, duty, quota }
}

/// The strictest answer that a gate leaves open. Days before the first one that its regime speaks of are taken as open: parts were
/// sold then, and the world has to begin somewhere. That is an assumption of the world and no statement of law.
fn strictest(corridor: &mut Corridor, case: &Case) -> Outcome {
    match corridor.epoch(0, case.day) {
        Some(epoch) if epoch.uncovered.is_some() => Outcome::Free,
        _ => corridor.decide(case, &[]).strictest,
    }
}

fn number(chip: &Chip, field: FieldId) -> Option<f64> {
    chip.facts.iter().find_map(|(id, fact)| match fact {
        Fact::Number(n) if *id == field => Some(n.approx()),
        _ => None,
    })
}

impl Offers {
    /// The columns in the order of their fields.
    #[inline(always)]
    pub fn columns(&self) -> [&[f64]; 14] {
        [
            &self.tpp,
            &self.bandwidth,
            &self.free,
            &self.approval,
            &self.case,
            &self.unstated,
            &self.denial,
            &self.admitted,
            &self.approved_only,
            &self.discouraged,
            &self.state_barred,
            &self.fee_rate,
            &self.fee_duty,
            &self.quota,
        ]
    }

    fn new(width: usize) -> Offers {
        Offers { width, ..Offers::default() }
    }

    /// Adds the answers of one quarter and stance, weighed by days.
    fn push(&mut self, tpp: f64, bandwidth: f64, answers: &[(Answer, f64)]) {
        let share = |holds: &dyn Fn(&Answer) -> bool| answers.iter().filter(|(a, _)| holds(a)).map(|(_, days)| days).sum::<f64>();
        let mean = |of: &dyn Fn(&Answer) -> f64| answers.iter().map(|(a, days)| of(a) * days).sum::<f64>();
        // A fee counts on the days on which something passes.
        let moving = share(&|a| a.way.outcome < Outcome::Licence(Policy::Denial)).max(1e-9);
        let on_moving = |of: &dyn Fn(&Answer) -> f64| {
            mean(&|a| if a.way.outcome < Outcome::Licence(Policy::Denial) { of(a) } else { 0.0 }) / moving
        };
        self.tpp.push(tpp);
        self.bandwidth.push(bandwidth);
        self.free.push(share(&|a| a.way.outcome <= Outcome::ExceptionOpen));
        self.approval.push(share(&|a| a.way.outcome == Outcome::Licence(Policy::Approval)));
        self.case.push(share(&|a| a.way.outcome == Outcome::Licence(Policy::CaseByCase)));
        self.unstated.push(share(&|a| a.way.outcome == Outcome::Licence(Policy::Unstated)));
        self.denial.push(share(&|a| a.way.outcome == Outcome::Licence(Policy::Denial)));
        self.admitted.push(share(&|a| a.admitted <= Outcome::ExceptionOpen));
        self.approved_only.push(share(&|a| a.admitted > Outcome::ExceptionOpen && a.approved <= Outcome::ExceptionOpen));
        let unstated = Outcome::Licence(Policy::Unstated);
        self.discouraged.push(share(&|a| a.admitted == unstated && a.approved > Outcome::ExceptionOpen));
        self.state_barred.push(share(&|a| a.state == Outcome::Prohibited));
        self.fee_rate.push(on_moving(&|a| a.way.fee));
        self.fee_duty.push(on_moving(&|a| a.way.duty));
        self.quota.push(on_moving(&|a| a.way.quota));
    }
}

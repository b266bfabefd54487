//! Several gates on one way: a shipment moves only when all of them open, and each gate's own decision is kept.

use std::sync::Arc;

use facts::{Case, Catalogue, Date, Dictionary, Keys, Pack, Problem, Severity, Source, nearest, parse_toml};
use rustc_hash::FxHashMap;

use crate::alike::Mark;
use crate::epoch::{Epoch, Lens};
use crate::judge::{Decision, Outcome, decide};
use crate::law::{Law, Policy};
use crate::program::Matter;
use crate::totals::Totals;
use crate::ways::missing;

/// What a pack holds, read as far as every question needs it: dictionary, catalogue, and the names of the rest.
#[derive(Clone, Debug)]
pub struct Library {
    /// The texts.
    pub pack: Arc<Pack>,
    /// The dictionary of facts.
    pub dictionary: Arc<Dictionary>,
    /// The parts.
    pub catalogue: Arc<Catalogue>,
    /// Regimes by id.
    pub regimes: Vec<String>,
    /// Corridors: id, title, regimes, whether it is the default.
    pub corridors: Vec<(String, String, Vec<String>, bool)>,
}

impl Library {
    /// Reads the parts of a pack that every question needs.
    pub fn open(pack: Arc<Pack>, problems: &mut Vec<Problem>) -> Library {
        let dictionary = Arc::new(Dictionary::read(&pack, problems));
        let catalogue = Arc::new(Catalogue::read(&pack, &dictionary, problems));
        let regimes: Vec<String> = pack
            .under("regimes/")
            .filter_map(|s| s.path.strip_prefix("regimes/")?.strip_suffix("/regime.toml").map(str::to_owned))
            .filter(|id| !id.contains('/'))
            .collect();
        let corridors = pack.get("corridors.toml").map(|s| corridors(s, &regimes, problems)).unwrap_or_default();
        Library { pack, dictionary, catalogue, regimes, corridors }
    }

    /// A regime, with drafts laid over it.
    pub fn law(&self, id: &str, drafts: &[String], problems: &mut Vec<Problem>) -> Option<Law> {
        if !self.regimes.iter().any(|r| r == id) {
            let near = nearest(id, self.regimes.iter().map(String::as_str)).join(", ");
            let known = self.regimes.join(", ");
            let hint = if near.is_empty() { format!("known: {known}") } else { format!("near it: {near}") };
            let nowhere = Source { path: "regimes/".to_owned(), text: String::new() };
            problems.push(nowhere.problem(0..0, format!("no regime `{id}`")).hint(hint));
            return None;
        }
        Law::read(&self.pack, id, &self.dictionary, drafts, problems)
    }

    /// A corridor by name, a list of regimes, or with nothing named the default one. Drafts go to the regime that has them.
    ///
    /// # Errors
    /// Every problem of the regimes concerned: a law with problems decides nothing.
    pub fn corridor(&self, names: &[String], drafts: &[String], lens: Lens) -> Result<Corridor, Vec<Problem>> {
        let mut problems = Vec::new();
        let regimes: Vec<String> = match names {
            [] => self.corridors.iter().find(|c| c.3).map_or_else(|| self.regimes.clone(), |c| c.2.clone()),
            names => names
                .iter()
                .flat_map(|name| {
                    self.corridors
                        .iter()
                        .find(|c| c.0 == *name && !self.regimes.contains(name))
                        .map_or_else(|| vec![name.clone()], |c| c.2.clone())
                })
                .collect(),
        };
        let mut laws = Vec::new();
        let mut placed: Vec<&String> = Vec::new();
        for id in &regimes {
            let own: Vec<String> = drafts.iter().filter(|d| self.has_draft(id, d)).cloned().collect();
            placed.extend(drafts.iter().filter(|d| own.contains(d)));
            laws.extend(self.law(id, &own, &mut problems));
        }
        for draft in drafts.iter().filter(|d| !placed.contains(d)) {
            let known = self.draft_names(&regimes);
            let near = nearest(draft, known.iter().map(String::as_str)).join(", ");
            let hint = if near.is_empty() { format!("known: {}", known.join(", ")) } else { format!("near it: {near}") };
            let nowhere = Source { path: "regimes/".to_owned(), text: String::new() };
            problems.push(nowhere.problem(0..0, format!("no draft `{draft}` in {}", regimes.join(", "))).hint(hint));
        }
        if problems.iter().any(|p| p.severity == Severity::Error) {
            return Err(problems);
        }
        Ok(Corridor::of(laws, lens))
    }

    fn has_draft(&self, regime: &str, draft: &str) -> bool {
        self.pack.get(&format!("regimes/{regime}/drafts/{draft}/draft.toml")).is_some()
    }

    /// Names of the drafts of some regimes.
    pub fn draft_names(&self, regimes: &[String]) -> Vec<String> {
        let mut names = Vec::new();
        for regime in regimes {
            let folder = format!("regimes/{regime}/drafts/");
            names.extend(
                self.pack
                    .under(&folder)
                    .filter_map(|s| s.path.strip_prefix(&folder)?.strip_suffix("/draft.toml"))
                    .map(str::to_owned),
            );
        }
        names
    }
}

fn corridors(source: &Source, regimes: &[String], problems: &mut Vec<Problem>) -> Vec<(String, String, Vec<String>, bool)> {
    let table = parse_toml(source, 0..source.text.len(), problems);
    let mut keys = Keys::new(source, 0, table.get_ref(), 0..0, problems);
    let read = keys.tables("corridor", |keys| {
        let id = keys.must("id");
        let title = keys.must("title");
        let default = keys.flag("default").unwrap_or(false);
        let list = keys.texts("regimes");
        for text in list.iter().filter(|t| !regimes.contains(&t.value)) {
            keys.report(text.at.clone(), format!("no regime `{}`", text.value), format!("known: {}", regimes.join(", ")));
        }
        Some((id?.value, title?.value, list.into_iter().map(|t| t.value).collect(), default))
    });
    keys.finish();
    read
}

/// Gates in a row, under one lens.
#[derive(Clone, Debug)]
pub struct Corridor {
    /// The regimes, the exporter's first.
    pub laws: Vec<Law>,
    /// How they are looked at.
    pub lens: Lens,
    epochs: Vec<Vec<Epoch>>,
    missing: FxHashMap<Kind, Vec<String>>,
}

/// What an undetermined case has in common with every case that lacks the same, since no test of the law tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind(usize, Date, Mark);

/// How many answers of [`Corridor::missing`] are kept.
const MOST_REMEMBERED: usize = 100_000;

/// What a corridor decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorridorDecision {
    /// The strictest gate's answer.
    pub outcome: Outcome,
    /// The mildest that the missing facts leave open.
    pub mildest: Outcome,
    /// The strictest that they leave open.
    pub strictest: Outcome,
    /// Each gate's own, in order of [`Corridor::laws`].
    pub gates: Vec<Decision>,
}

impl CorridorDecision {
    /// The gate that binds: the first of the strictest.
    pub fn binding(&self) -> usize {
        self.gates.iter().position(|g| g.strictest == self.strictest).unwrap_or(0)
    }
}

/// Whether a shipment was added to the running totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted(pub bool);

impl Corridor {
    /// Gates in a row.
    pub fn of(laws: Vec<Law>, lens: Lens) -> Corridor {
        Corridor { epochs: laws.iter().map(|_| Vec::new()).collect(), laws, lens, missing: FxHashMap::default() }
    }

    /// The law of a day at one gate; kept, since order books come in runs of days.
    pub fn epoch(&mut self, gate: usize, day: Date) -> Option<&Epoch> {
        let law = self.laws.get(gate)?;
        let kept = self.epochs.get_mut(gate)?;
        let at = match kept.iter().position(|e| e.holds(day)) {
            Some(at) => at,
            None => {
                kept.push(law.on(day, &self.lens));
                kept.len() - 1
            }
        };
        kept.get(at)
    }

    /// The laws with their epochs of a day, as far as [`Corridor::epoch`] or a decision made them.
    pub fn gates(&self, day: Date) -> impl Iterator<Item = (&Law, &Epoch)> {
        self.laws.iter().zip(&self.epochs).filter_map(move |(law, kept)| Some((law, kept.iter().find(|e| e.holds(day))?)))
    }

    /// Decides one case at every gate. `totals` has one entry a gate; an empty list leaves all totals unknown.
    pub fn decide(&mut self, case: &Case, totals: &[Totals]) -> CorridorDecision {
        let unknown = Totals::default();
        let mut gates = Vec::with_capacity(self.laws.len());
        for gate in 0..self.laws.len() {
            self.epoch(gate, case.day);
            let epoch = self.epochs.get(gate).and_then(|kept| kept.iter().find(|e| e.holds(case.day)));
            if let (Some(law), Some(epoch)) = (self.laws.get(gate), epoch) {
                gates.push(decide(law, epoch, case, totals.get(gate).unwrap_or(&unknown)));
            }
        }
        let mildest = gates.iter().map(|g| g.mildest).max().unwrap_or(Outcome::Free);
        let strictest = gates.iter().map(|g| g.strictest).max().unwrap_or(Outcome::Free);
        let outcome = Outcome::between(mildest, strictest);
        CorridorDecision { outcome, mildest, strictest, gates }
    }

    /// What would settle an undetermined case at one gate: the smallest set of missing facts, and doubts about the law. Orders that
    /// no test of the law tells apart share the answer, since order books repeat themselves and the search is long.
    pub fn missing(&mut self, gate: usize, case: &Case, totals: &Totals) -> Vec<String> {
        let kind = self.kind(gate, case, totals);
        if let Some(known) = kind.as_ref().and_then(|kind| self.found(kind)) {
            return known.to_vec();
        }
        let names = self.search(gate, case, totals);
        if let Some(kind) = kind {
            self.remember(kind, names.clone());
        }
        names
    }

    /// The parts of [`Corridor::missing`], for whoever searches many cases side by side: the kind of a case, as far as it has one.
    pub fn kind(&mut self, gate: usize, case: &Case, totals: &Totals) -> Option<Kind> {
        self.epoch(gate, case.day)?;
        let (law, epoch) = self.at(gate, case.day)?;
        let mark = epoch.alike(law)?.mark(Matter { law, epoch, case, totals })?;
        Some(Kind(gate, epoch.from, mark))
    }

    /// What was found for a kind before.
    pub fn found(&self, kind: &Kind) -> Option<&[String]> {
        self.missing.get(kind).map(Vec::as_slice)
    }

    /// Searches for what would settle a case of a day whose law [`Corridor::kind`] or a decision made ready; nothing where none did.
    pub fn search(&self, gate: usize, case: &Case, totals: &Totals) -> Vec<String> {
        let Some((law, epoch)) = self.at(gate, case.day) else { return Vec::new() };
        let (missing, doubts) = missing(law, epoch, case, totals);
        let mut names: Vec<String> = missing.iter().map(|id| law.dictionary.field(*id).name.clone()).collect();
        names.extend(doubts);
        names
    }

    /// Keeps what was found for a kind.
    pub fn remember(&mut self, kind: Kind, names: Vec<String>) {
        if self.missing.len() >= MOST_REMEMBERED && !self.missing.contains_key(&kind) {
            self.missing.clear();
        }
        self.missing.insert(kind, names);
    }

    /// The law of a gate with its epoch of a day, as far as that was made ready.
    fn at(&self, gate: usize, day: Date) -> Option<(&Law, &Epoch)> {
        Some((self.laws.get(gate)?, self.epochs.get(gate)?.iter().find(|epoch| epoch.holds(day))?))
    }

    /// What anybody should know of a decision for its day: gates that do not speak of the day, and those that were read only up to a day
    /// before it.
    pub fn notices(&self, day: Date, decision: &CorridorDecision) -> Vec<String> {
        self.gates(day).zip(&decision.gates).filter_map(|((law, epoch), own)| own.notice(law, epoch, day)).collect()
    }

    /// Why some gate that a decision hangs on does not speak of its day; none where every one does.
    pub fn uncovered(&self, day: Date, decision: &CorridorDecision) -> Option<String> {
        let own = |((_, epoch), own): ((&Law, &Epoch), &Decision)| epoch.uncovered.clone().filter(|_| own.in_scope);
        self.gates(day).zip(&decision.gates).find_map(own).filter(|_| decision.outcome == Outcome::Undetermined)
    }

    /// Totals for an order book that starts here.
    pub fn totals(&self) -> Vec<Totals> {
        self.laws.iter().map(|_| Totals::from_start()).collect()
    }

    /// Decides one row of an order book and adds it to the running totals, where it may move: nothing presumed
    /// denied, prohibited or undetermined is counted.
    pub fn decide_and_post(&mut self, case: &Case, totals: &mut [Totals]) -> (CorridorDecision, Posted) {
        let decision = self.decide(case, totals);
        let moves = decision.outcome < Outcome::Licence(Policy::Denial);
        if moves {
            for ((law, kept), totals) in self.laws.iter().zip(&self.epochs).zip(totals) {
                if let Some(epoch) = kept.iter().find(|e| e.holds(case.day)) {
                    totals.post(law, epoch, case);
                }
            }
        }
        (decision, Posted(moves))
    }
}

//! What a scenario changes, and from which day: levers, switches, factors and the stance of the exporter's gate may become otherwise at the
//! start of a quarter, and whatever came before stays as it was. What two scenarios differ in is told with its day.

use facts::Quarter;

use super::{FactorSpec, Scenario};
use crate::names::{Factors, Levers, Switches};

/// What becomes otherwise from the first day of a quarter on.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The quarter.
    pub from: Quarter,
    /// The stance that the exporter's gate takes.
    pub stance: Option<usize>,
    /// Levers by place.
    pub levers: Vec<(usize, f64)>,
    /// Switches by place.
    pub switches: Vec<(usize, f64)>,
    /// Factors by place.
    pub factors: Vec<(usize, FactorSpec)>,
}

/// What one scenario has otherwise than another from a quarter on.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// The quarter.
    pub from: Quarter,
    /// What is otherwise.
    pub what: Vec<Departed>,
}

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Departed {
    /// A part of the setting that no day can change: its key in the texts.
    Setting(&'static str),
    /// The exporter's gate takes this stance.
    Stance(String),
    /// A lever stands here: its place and value.
    Lever(usize, f64),
    /// A switch is on or off: its place and value.
    Switch(usize, f64),
    /// A factor has another range: its place.
    Factor(usize),
}

impl Change {
    fn apply(&self, scenario: &mut Scenario) {
        scenario.stance = self.stance.unwrap_or(scenario.stance);
        scenario.levers = set(&scenario.levers, &self.levers);
        scenario.switches = switched(&scenario.switches, &self.switches);
        for (place, spec) in &self.factors {
            if let Some(own) = scenario.factors.get_mut(*place) {
                *own = spec.clone();
            }
        }
    }
}

fn set(levers: &Levers, new: &[(usize, f64)]) -> Levers {
    let all = listed(Levers::<f64>::COUNT, |see| levers.each(see));
    Levers::from_fn(|at| latest(new, at).or(all.get(at).copied()).unwrap_or_default())
}

fn switched(switches: &Switches, new: &[(usize, f64)]) -> Switches {
    let all = listed(Switches::<f64>::COUNT, |see| switches.each(see));
    Switches::from_fn(|at| latest(new, at).or(all.get(at).copied()).unwrap_or_default())
}

fn latest(new: &[(usize, f64)], at: usize) -> Option<f64> {
    new.iter().rev().find(|(place, _)| *place == at).map(|(_, x)| *x)
}

/// The numbers of a record as a list.
fn listed(count: usize, each: impl FnOnce(&mut dyn FnMut(usize, f64))) -> Vec<f64> {
    let mut all = vec![0.0; count];
    each(&mut |at, x| {
        if let Some(place) = all.get_mut(at) {
            *place = x;
        }
    });
    all
}

impl Scenario {
    /// The scenario as it stands in a quarter, with what was changed up to it and no further change.
    pub(crate) fn in_force(&self, quarter: Quarter) -> Scenario {
        let mut now = Scenario { changes: Vec::new(), ..self.clone() };
        self.changes.iter().filter(|change| change.from <= quarter).for_each(|change| change.apply(&mut now));
        now
    }
}

/// Everything that a scenario has otherwise than another, by the quarter from which it has; nothing where both are one world. Before the first
/// of these quarters every variable of every world is the same in both, bit by bit.
pub fn departures(base: &Scenario, other: &Scenario) -> Vec<Departure> {
    let mut days = vec![base.start];
    for scenario in [base, other] {
        days.extend(scenario.changes.iter().map(|change| change.from));
        days.extend([scenario.known.plus(1), scenario.moves_from]);
    }
    days.retain(|day| *day >= base.start);
    days.sort();
    days.dedup();
    let (mut told, mut out) = (Vec::new(), Vec::new());
    for day in days {
        let mut what = if day == base.start { settings(base, other) } else { Vec::new() };
        what.extend(otherwise(&base.in_force(day), &other.in_force(day), day));
        what.retain(|one| !told.contains(one));
        if !what.is_empty() {
            told.extend(what.iter().cloned());
            out.push(Departure { from: day, what });
        }
    }
    out
}

/// What holds from the start to the end.
fn settings(a: &Scenario, b: &Scenario) -> Vec<Departed> {
    let ladder = |s: &Scenario| -> Vec<_> { s.stances.iter().map(|stance| (stance.id.clone(), stance.draft.clone())).collect() };
    let checks = [
        ("start", a.start != b.start),
        ("published_by", a.published_by != b.published_by),
        ("exporter", a.exporter != b.exporter),
        ("importer", a.importer != b.importer),
        ("design_worth", a.design_worth.to_bits() != b.design_worth.to_bits()),
        ("maker_country", a.maker_country != b.maker_country),
        ("parts", a.vendors != b.vendors),
        ("makers", a.makers != b.makers),
        ("reference", a.reference != b.reference),
        ("memory", a.memory != b.memory),
        ("reply", a.reply != b.reply),
        ("die_bank", a.die_bank != b.die_bank),
        ("stances", ladder(a) != ladder(b)),
    ];
    checks.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| Departed::Setting(key)).collect()
}

/// What is otherwise on a day.
fn otherwise(a: &Scenario, b: &Scenario, day: Quarter) -> Vec<Departed> {
    let mut what = Vec::new();
    let named = |s: &Scenario| s.stances.get(s.stance).map(|stance| stance.id.clone()).unwrap_or_default();
    if named(a) != named(b) {
        what.push(Departed::Stance(named(b)));
    }
    // Up to then the last known quarter, or the first in which the regulator moves, makes no difference.
    if (a.known < day) != (b.known < day) {
        what.push(Departed::Setting("known"));
    }
    if (a.moves_from <= day) != (b.moves_from <= day) {
        what.push(Departed::Setting("moves_from"));
    }
    let pairs = |count: usize, a: Vec<f64>, b: Vec<f64>| -> Vec<(usize, f64)> {
        (0..count).zip(a.into_iter().zip(b)).filter(|(_, (a, b))| a != b).map(|(at, (_, b))| (at, b)).collect()
    };
    let levers = |s: &Scenario| listed(Levers::<f64>::COUNT, |see| s.levers.each(see));
    let switches = |s: &Scenario| listed(Switches::<f64>::COUNT, |see| s.switches.each(see));
    what.extend(pairs(Levers::<f64>::COUNT, levers(a), levers(b)).into_iter().map(|(at, x)| Departed::Lever(at, x)));
    what.extend(pairs(Switches::<f64>::COUNT, switches(a), switches(b)).into_iter().map(|(at, x)| Departed::Switch(at, x)));
    let factors = (0..Factors::<f64>::COUNT).zip(a.factors.iter().zip(&b.factors));
    what.extend(factors.filter(|(_, (a, b))| !a.same_range(b)).map(|(at, _)| Departed::Factor(at)));
    what
}

//! Running totals of quotas: what shipments before this one add up to.

use std::collections::HashMap;
use std::sync::LazyLock;

use facts::{Case, Exact, Fact};
use num_traits::Zero;

use crate::epoch::Epoch;
use crate::exact::Val;
use crate::judge::{Judge, Tri};
use crate::law::{ClauseId, Law, Rule, Version, Window};

/// Running totals of quotas before a shipment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Whether a total that nobody stated is zero (an order book from its start) or unknown (a single case).
    pub complete: bool,
    sums: HashMap<(ClauseId, String), Exact>,
}

impl Totals {
    /// Totals of an order book that starts here.
    pub fn from_start() -> Totals {
        Totals { complete: true, sums: HashMap::new() }
    }

    /// States a total for the case's key.
    pub fn state(&mut self, law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId, total: Exact) {
        if let Some(key) = quota_key(law, epoch, case, quota) {
            self.sums.insert((quota, key), total);
        }
    }

    pub(crate) fn get(&self, law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId) -> Option<&Exact> {
        static NOTHING: LazyLock<Exact> = LazyLock::new(Exact::zero);
        let key = quota_key(law, epoch, case, quota)?;
        self.sums.get(&(quota, key)).or(self.complete.then_some(&*NOTHING))
    }

    /// Whether any total is known.
    pub(crate) fn are_stated(&self) -> bool {
        self.complete || !self.sums.is_empty()
    }

    /// Adds a shipment to every quota that counts it.
    pub fn post(&mut self, law: &Law, epoch: &Epoch, case: &Case) {
        for counted in self.counted(law, epoch, case) {
            *self.sums.entry((counted.quota, counted.key)).or_insert_with(Exact::zero) += counted.amount;
        }
    }

    /// What every quota counts of a shipment; a quota of which nobody can say whether it counts is left out.
    pub fn counted(&self, law: &Law, epoch: &Epoch, case: &Case) -> Vec<Counted> {
        let mut counted = Vec::new();
        let mut judge = Judge::new(law, epoch, case, self);
        for quota in &law.tables.quotas {
            if let Some((Version { rule: Rule::Quota { measure, counts, .. }, .. }, Tri::True)) = epoch.version(law, *quota)
                && judge.test(counts) == Tri::True
                && let (Val::Is(amount), Some(key)) = (judge.exact(measure), quota_key(law, epoch, case, *quota))
            {
                counted.push(Counted { quota: *quota, key, amount });
            }
        }
        counted
    }

    /// The limit of a quota for the case's key under these totals; none where it has none, or where nobody can say.
    pub fn limit(&self, law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId) -> Option<Exact> {
        let (Version { rule: Rule::Quota { limit: Some(limit), .. }, .. }, _) = epoch.version(law, quota)? else { return None };
        match Judge::new(law, epoch, case, self).exact(limit) {
            Val::Is(limit) => Some(limit),
            _ => None,
        }
    }
}

/// What one quota counts of one shipment.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The quota.
    pub quota: ClauseId,
    /// What its total is kept by: see [`quota_key`].
    pub key: String,
    /// The amount, in the quota's unit.
    pub amount: Exact,
}

/// What a quota's total is kept by: the `per` facts and the window that the day lies in. None where a fact is missing.
pub fn quota_key(law: &Law, epoch: &Epoch, case: &Case, quota: ClauseId) -> Option<String> {
    let (Version { rule: Rule::Quota { per, window, .. }, .. }, _) = epoch.version(law, quota)? else { return None };
    let mut key = match window {
        Window::Ever => String::new(),
        Window::Year => format!("{}", case.day.year()),
        Window::Quarter => format!("{}Q{}", case.day.year(), (case.day.month() + 2) / 3),
    };
    for field in per {
        match case.fact(*field) {
            Fact::Unknown => return None,
            fact => {
                key.push('\u{1f}');
                key.push_str(&law.dictionary.spell(*field, fact).to_lowercase());
            }
        }
    }
    Some(key)
}

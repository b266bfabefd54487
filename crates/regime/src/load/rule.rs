//! One version of a clause: its own words first, then its rule by kind, with every name resolved.

use std::sync::Arc;

use facts::{Date, Keys, Number, Problem, Source, Text, Unit, Units, nearest};

use super::tables::{cited, confidence, must_cite, word};
use crate::expr::{Names, read_term, read_test};
use crate::law::{
    ClauseId, ClauseKind, Confidence, DraftInfo, GroupId, InstrumentId, InstrumentKind, Law, LegalForm, Policy, Rule, Spot,
    ValueId, Version, Window,
};
use crate::tree::Test;

/// What every version says of itself.
pub(super) struct Head {
    pub(super) from: Date,
    pub(super) until: Option<Date>,
    pub(super) ended_by: Option<InstrumentId>,
    pub(super) by: InstrumentId,
    pub(super) binds: Vec<String>,
    pub(super) confidence: Confidence,
    pub(super) enforced_from: Option<Date>,
    pub(super) enforced_until: Option<Date>,
    pub(super) overrides: Vec<ClauseId>,
    pub(super) notice: String,
    pub(super) cite: String,
    pub(super) after_gap: Option<String>,
    pub(super) exporter: Option<facts::FieldId>,
}

pub(super) fn head(keys: &mut Keys<'_, '_>, law: &Law, kind: ClauseKind, draft: Option<&DraftInfo>) -> Option<Head> {
    keys.get("kind");
    let from = keys.day("from").map(|d| d.0).or(draft.and_then(|d| d.from));
    if from.is_none() {
        keys.missing("from");
    }
    let until = keys.day("until");
    if let (Some(from), Some((until, at))) = (from, &until)
        && *until < from
    {
        keys.report(at.clone(), format!("it ends on {until}, before it begins on {from}"), "");
    }
    let by = must_cite(keys, &law.instruments);
    let ended_by = cited(keys, "ended_by", &law.instruments);
    let confidence = confidence(keys, by, &law.instruments);
    let enforced_from = keys.day("enforced_from").map(|d| d.0);
    let enforced_until = keys.day("enforced_until").map(|d| d.0);
    let overrides = clauses(keys, "overrides", law, &[kind]);
    let notice = keys.text("notice").map(|t| t.value).unwrap_or_default();
    let cite = keys.text("cite").map(|t| t.value).unwrap_or_default();
    let after_gap = keys.text("after_gap").map(|t| t.value);
    keys.text("note");
    let act = by.and_then(|b| law.instruments.get(b.0 as usize));
    let binds = act.filter(|i| i.kind == InstrumentKind::Letter).map(|i| i.binds.clone()).unwrap_or_default();
    Some(Head {
        from: from?,
        until: until.map(|u| u.0),
        ended_by,
        by: by?,
        binds,
        confidence,
        enforced_from,
        enforced_until,
        overrides,
        notice,
        cite,
        after_gap,
        exporter: law.dictionary.id("exporter"),
    })
}

impl Head {
    /// The version; a letter's clause applies only where the exporter is one of the companies that it binds.
    pub(super) fn version(self, rule: Rule, at: Spot, draft: Option<String>) -> Version {
        let bound = |when: Test| match (self.exporter, self.binds.is_empty()) {
            (Some(exporter), false) => {
                let names = self.binds.iter().map(|n| facts::Fact::Text(Arc::from(n.as_str()))).collect();
                let mut parts = vec![Test::OneOf(exporter, names)];
                match when {
                    Test::All(more) => parts.extend(more),
                    other => parts.push(other),
                }
                Test::All(parts)
            }
            _ => when,
        };
        let rule = match rule {
            Rule::Requirement { when, reason } => Rule::Requirement { when: bound(when), reason },
            Rule::Exception { when, lifts, needs } => Rule::Exception { when: bound(when), lifts, needs },
            Rule::Review { of, when, policy, needs } => Rule::Review { of, when: bound(when), policy, needs },
            Rule::Fee { when, base, rate, payee, legal_form } => Rule::Fee { when: bound(when), base, rate, payee, legal_form },
            Rule::Prohibition { when } => Rule::Prohibition { when: bound(when) },
            other => other,
        };
        Version {
            from: self.from,
            until: self.until,
            ended_by: self.ended_by,
            by: self.by,
            confidence: self.confidence,
            enforced_from: self.enforced_from,
            enforced_until: self.enforced_until,
            overrides: self.overrides,
            notice: self.notice,
            cite: self.cite,
            after_gap: self.after_gap,
            draft,
            rule,
            at,
        }
    }
}

pub(super) fn clauses(keys: &mut Keys<'_, '_>, key: &'static str, law: &Law, kinds: &[ClauseKind]) -> Vec<ClauseId> {
    let mut found = Vec::new();
    for text in keys.texts(key) {
        match law.by_id.get(&text.value) {
            Some(id) if kinds.is_empty() || kinds.contains(&law.clause(*id).kind) => found.push(*id),
            Some(id) => {
                let wanted: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
                keys.report(
                    text.at,
                    format!("`{}` is a {}", text.value, law.clause(*id).kind),
                    format!("`{key}` names a {}", wanted.join(" or ")),
                );
            }
            None => {
                let near = nearest(&text.value, law.clauses.iter().map(|c| c.id.as_str())).join(", ");
                let hint = if near.is_empty() {
                    "a clause is named by the first word of its page's heading".to_owned()
                } else {
                    format!("near it: {near}")
                };
                keys.report(text.at, format!("no clause `{}`", text.value), hint);
            }
        }
    }
    found
}

/// The keys of a version by kind, before its expressions are read.
pub(super) enum Body {
    Quantity { value: Text, unit: Unit },
    Class { when: Text, of: String },
    Requirement { when: Text, reason: String },
    Exception { when: Text, lifts: Vec<ClauseId>, needs: Vec<ClauseId> },
    Review { of: Vec<ClauseId>, when: Text, policy: Policy, needs: Vec<ClauseId> },
    Condition { applies: Option<Text>, met: Text, attested_by: String },
    Quota { measure: Text, counts: Text, per: Vec<facts::FieldId>, window: Window, limit: Option<Text> },
    Fee { when: Text, base: Text, rate: Text, payee: String, legal_form: LegalForm },
    Prohibition { when: Text },
}

pub(super) fn body(keys: &mut Keys<'_, '_>, law: &Law, kind: ClauseKind, unit: &Unit) -> Option<Body> {
    const NEEDS: &[ClauseKind] = &[ClauseKind::Condition, ClauseKind::Quota];
    const JUDGED: &[ClauseKind] = &[ClauseKind::Requirement];
    match kind {
        ClauseKind::Quantity => {
            let value = keys.must("value");
            keys.must("unit");
            Some(Body::Quantity { value: value?, unit: unit.clone() })
        }
        ClauseKind::Class => {
            let when = keys.must("when");
            let of = keys.text("of");
            if let Some(of) = of.as_ref().filter(|of| !["item", "party", "use"].contains(&of.value.as_str())) {
                keys.report(of.at.clone(), format!("`{}` is nothing that a class is of", of.value), "item, party or use");
            }
            let of = of.map_or_else(|| "item".to_owned(), |t| t.value);
            Some(Body::Class { when: when?, of })
        }
        ClauseKind::Requirement => {
            let when = keys.must("when");
            let reason = keys.must("reason");
            Some(Body::Requirement { when: when?, reason: reason?.value })
        }
        ClauseKind::Exception => {
            let when = keys.must("when");
            let lifts = some_clauses(keys, "lifts", law, JUDGED);
            let needs = clauses(keys, "needs", law, NEEDS);
            Some(Body::Exception { when: when?, lifts, needs })
        }
        ClauseKind::Review => {
            let of = some_clauses(keys, "of", law, JUDGED);
            let when = keys.must("when");
            let policy = word(keys, "policy", Policy::ALL);
            let needs = clauses(keys, "needs", law, NEEDS);
            Some(Body::Review { of, when: when?, policy: policy?, needs })
        }
        ClauseKind::Condition => {
            let applies = keys.text("applies");
            let met = keys.must("met");
            let attested_by = keys.must("attested_by");
            Some(Body::Condition { applies, met: met?, attested_by: attested_by?.value })
        }
        ClauseKind::Quota => {
            let measure = keys.must("measure");
            let counts = keys.must("counts");
            let limit = keys.text("limit");
            let window = word(keys, "window", Window::ALL);
            let mut per = Vec::new();
            for text in keys.texts("per") {
                match law.dictionary.id(&text.value) {
                    Some(field) => per.push(field),
                    None => {
                        let near = law.dictionary.nearest(&text.value).join(", ");
                        keys.report(text.at, format!("no fact `{}`", text.value), format!("near it: {near}"));
                    }
                }
            }
            Some(Body::Quota { measure: measure?, counts: counts?, per, window: window?, limit })
        }
        ClauseKind::Fee => {
            let when = keys.must("when");
            let base = keys.must("base");
            let rate = keys.must("rate");
            let payee = keys.must("payee");
            let legal_form = word(keys, "legal_form", LegalForm::ALL);
            Some(Body::Fee { when: when?, base: base?, rate: rate?, payee: payee?.value, legal_form: legal_form? })
        }
        ClauseKind::Prohibition => Some(Body::Prohibition { when: keys.must("when")? }),
    }
}

pub(super) fn some_clauses(keys: &mut Keys<'_, '_>, key: &'static str, law: &Law, kinds: &[ClauseKind]) -> Vec<ClauseId> {
    if keys.get(key).is_none() {
        keys.missing(key);
    }
    clauses(keys, key, law, kinds)
}

impl Body {
    pub(super) fn rule(self, names: &Resolver<'_>, source: &Source, problems: &mut Vec<Problem>) -> Option<Rule> {
        Some(match self {
            Body::Quantity { value, unit } => {
                let value = names.measured(source, &value, &unit, problems)?;
                Rule::Quantity { value, unit }
            }
            Body::Class { when, of } => Rule::Class { when: names.test(source, &when, problems)?, of },
            Body::Requirement { when, reason } => Rule::Requirement { when: names.test(source, &when, problems)?, reason },
            Body::Exception { when, lifts, needs } => {
                Rule::Exception { when: names.test(source, &when, problems)?, lifts, needs }
            }
            Body::Review { of, when, policy, needs } => {
                Rule::Review { of, when: names.test(source, &when, problems)?, policy, needs }
            }
            Body::Condition { applies, met, attested_by } => {
                let applies = match applies {
                    Some(text) => names.test(source, &text, problems),
                    None => Some(Test::Is(true)),
                };
                let met = names.test(source, &met, problems);
                Rule::Condition { applies: applies?, met: met?, attested_by }
            }
            Body::Quota { measure, counts, per, window, limit } => {
                let counts = names.test(source, &counts, problems);
                let measure_read = names.term(source, &measure, problems);
                let limit = match limit {
                    Some(text) => Some(names.measured(source, &text, &measure_read.as_ref()?.1, problems)?),
                    None => None,
                };
                Rule::Quota { measure: measure_read?.0, counts: counts?, per, window, limit }
            }
            Body::Fee { when, base, rate, payee, legal_form } => {
                let when = names.test(source, &when, problems);
                let money = names.law.dictionary.units.parse(&names.law.currency).unwrap_or(Unit::none());
                let base = names.measured(source, &base, &money, problems);
                let rate = names.measured(source, &rate, &Unit::none(), problems);
                Rule::Fee { when: when?, base: base?, rate: rate?, payee, legal_form }
            }
            Body::Prohibition { when } => Rule::Prohibition { when: names.test(source, &when, problems)? },
        })
    }
}

/// What names mean, for one page of a law that is being read.
pub(super) struct Resolver<'a> {
    pub(super) law: &'a Law,
    pub(super) page: Option<ClauseId>,
}

impl Resolver<'_> {
    fn with<T>(&self, read: impl FnOnce(&Names<'_>) -> T) -> T {
        let law = self.law;
        let value = |name: &str| {
            let find = |page: Option<ClauseId>| law.values.iter().position(|v| v.name == name && v.page == page);
            let at = self.page.and_then(|p| find(Some(p))).or_else(|| find(None))?;
            Some((ValueId(at as u16), law.values.get(at)?.unit.clone()))
        };
        let clause = |name: &str| {
            let id = *law.by_id.get(name)?;
            Some((id, law.clause(id).kind, law.clause(id).unit.clone()))
        };
        let group = |name: &str| {
            let at = law.groups.iter().position(|g| g.id == name)?;
            Some((GroupId(at as u16), law.groups.get(at)?.of_countries))
        };
        read(&Names {
            dictionary: &law.dictionary,
            clause: &clause,
            clauses: &|| law.clauses.iter().map(|c| c.id.clone()).collect(),
            value: &value,
            values: &|| law.values.iter().filter(|v| v.page.is_none() || v.page == self.page).map(|v| v.name.clone()).collect(),
            group: &group,
            groups: &|| law.groups.iter().map(|g| g.id.clone()).collect(),
        })
    }

    pub(super) fn test(&self, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<Test> {
        self.with(|names| read_test(names, source, text, problems))
    }

    pub(super) fn term(&self, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<(crate::tree::Term, Unit)> {
        self.with(|names| read_term(names, source, text, problems))
    }

    /// A term in a unit that is asked for.
    fn measured(&self, source: &Source, text: &Text, unit: &Unit, problems: &mut Vec<Problem>) -> Option<crate::tree::Term> {
        let (term, own) = self.term(source, text, problems)?;
        if own.is_none() && matches!(term, crate::tree::Term::Number(_)) {
            return Some(term);
        }
        let Some(factor) = Units::conversion(&own, unit).and_then(|f| Number::from_exact(&f)) else {
            let own = if own.is_none() { "a plain number".to_owned() } else { own.to_string() };
            let wanted = if unit.is_none() { "a plain number".to_owned() } else { unit.to_string() };
            problems.push(source.problem(text.at.clone(), format!("this is in {own}, where {wanted} is needed")));
            return None;
        };
        Some(if factor == Number::from(1) { term } else { crate::tree::Term::Converted(factor, Box::new(term)) })
    }
}

//! The law split into epochs is the law of every single day, in both views and with what was known on any day.

use facts::Date;
use regime::{Clause, ClauseId, InstrumentId, InstrumentKind, Law, Lens, Version, View};

use crate::common::day;
use crate::draw::{DAYS, LAWS};

fn lenses() -> Vec<Lens> {
    let known = [None, Some("2023-10-20"), Some("2025-04-10"), Some("2025-11-01"), Some("2026-01-14")];
    let views = [View::Practice, View::Text];
    views.into_iter().flat_map(|view| known.map(|known| Lens { view, known: known.map(day) })).collect()
}

/// Nothing changes inside an epoch, and epochs follow each other without gap or overlap.
#[test]
fn every_day_has_the_law_of_its_epoch() {
    for law in LAWS.iter() {
        for lens in lenses() {
            let epochs = law.epochs(&lens);
            assert_eq!(epochs[0].from, Date::MIN, "{} {lens:?}", law.id);
            assert_eq!(epochs.last().unwrap().until, None, "{} {lens:?}", law.id);
            for pair in epochs.windows(2) {
                assert_eq!(pair[0].until.unwrap().tomorrow().unwrap(), pair[1].from, "{} {lens:?}", law.id);
            }
            let mut at = 0;
            for today in DAYS.iter() {
                while !epochs[at].holds(*today) {
                    at += 1;
                }
                assert!(law.on(*today, &lens) == epochs[at], "{} on {today} is not its epoch, {lens:?}", law.id);
            }
        }
    }
}

/// How a clause stands on a day.
#[derive(Debug)]
enum Force<'a> {
    None,
    Doubtful(&'a Version),
    Full(&'a Version),
}

fn known(law: &Law, by: InstrumentId, lens: &Lens) -> bool {
    lens.known.is_none_or(|known| law.instrument(by).published <= known)
}

fn covers(from: Date, until: Option<Date>, today: Date) -> bool {
    from <= today && until.is_none_or(|until| today <= until)
}

/// The guide's sentences about days, spelled a second time: text, practice, what was known, stays.
fn force<'a>(law: &'a Law, id: ClauseId, clause: &'a Clause, today: Date, lens: &Lens) -> Force<'a> {
    if today < law.covers_from {
        return Force::None;
    }
    let practice = lens.view == View::Practice;
    let holds = |version: &&Version| {
        let end_known = version.ended_by.is_none_or(|by| known(law, by, lens));
        known(law, version.by, lens)
            && covers(version.from, version.until.filter(|_| end_known), today)
            && (!practice || version.enforced_from.is_none_or(|from| from <= today))
            && (!practice || version.enforced_until.is_none_or(|until| today <= until))
    };
    // Where nobody knew yet that a version would end, its successor stands beside it: the later one counts.
    let Some(version) = clause.versions.iter().rfind(holds) else { return Force::None };
    let mut doubtful = false;
    for (at, instrument) in law.instruments.iter().enumerate() {
        for stay in instrument.suspends.iter().filter(|s| covers(s.from, s.until, today)) {
            let concerned = stay.what == clause.id || stay.what == law.instrument(version.by).id;
            assert_eq!(concerned, stay.clauses.contains(&id), "what `{}` stays of `{}`", instrument.id, clause.id);
            if !concerned || !known(law, InstrumentId(at as u16), lens) {
                continue;
            }
            if !stay.certain {
                doubtful = true;
            } else if practice || instrument.kind != InstrumentKind::Announcement {
                return Force::None;
            }
        }
    }
    if doubtful { Force::Doubtful(version) } else { Force::Full(version) }
}

/// Each clause on each day, against the guide's own words. Mondays do for most lenses; the default sees every day.
#[test]
fn clauses_are_in_force_when_the_guide_says_so() {
    for law in LAWS.iter() {
        for lens in lenses() {
            let step = if lens.known.is_none() { 1 } else { 7 };
            for today in DAYS.iter().step_by(step) {
                let epoch = law.on(*today, &lens);
                for id in law.clause_ids() {
                    let expected = force(law, id, law.clause(id), *today, &lens);
                    let doubtful = epoch.doubts.iter().any(|d| d.clauses.contains(&id));
                    let cited = law.citation_on(&epoch, id);
                    let agrees = match &expected {
                        Force::None => cited.is_none() && !doubtful,
                        Force::Doubtful(v) | Force::Full(v) => {
                            let act = &law.instrument(v.by).citation;
                            cited.as_ref().is_some_and(|c| c.contains(act.as_str()))
                                && doubtful == matches!(expected, Force::Doubtful(_))
                        }
                    };
                    let name = &law.clause(id).id;
                    assert!(agrees, "{}: `{name}` on {today}, {lens:?}: {expected:?}, but {cited:?}, doubt {doubtful}", law.id);
                }
            }
        }
    }
}

/// Membership on each day is that of the last change before it, and before the first list that list.
#[test]
fn groups_have_the_members_of_the_day() {
    for law in LAWS.iter() {
        for lens in lenses() {
            for today in DAYS.iter().step_by(3) {
                let epoch = law.on(*today, &lens);
                for (at, group) in law.groups.iter().enumerate().filter(|(_, g)| g.of_countries) {
                    let state = group.states.iter().rfind(|(on, by, _)| on <= today && known(law, *by, &lens));
                    let (_, _, members) = state.unwrap_or(&group.states[0]);
                    for country in law.dictionary.countries.ids() {
                        let has = epoch.has_country(regime::GroupId(at as u16), country);
                        assert_eq!(has, Some(members.has_country(country)), "{} {} on {today} {lens:?}", law.id, group.id);
                    }
                }
            }
        }
    }
}

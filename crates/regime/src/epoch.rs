//! Days between two changes: on them the law is one fixed program, namely which versions, values and members hold.

use std::sync::{Arc, OnceLock};

use facts::{CountryId, Date, Number};

use crate::alike::Alike;
use crate::docket::Docket;
use crate::judge::Tri;
use crate::law::{Clause, ClauseId, Dated, GroupId, InstrumentId, InstrumentKind, Law, Members, Suspension, ValueId, Version};
use crate::program::Program;
use crate::tree::{Piece, Term, Test};

/// Whether one asks for the letter of the law or for what is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum View {
    /// What is enforced.
    #[default]
    Practice,
    /// What is written.
    Text,
}

/// How one looks at the law.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lens {
    /// Text or practice.
    pub view: View,
    /// Only what was published by this day; none for all that the pack knows.
    pub known: Option<Date>,
}

/// Something that nobody can say about the law of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The question.
    pub question: String,
    /// The instrument that raises it.
    pub by: InstrumentId,
    /// The clauses that hang on it.
    pub clauses: Vec<ClauseId>,
}

/// The law on some days: an index into its pages, fixed and small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// First day.
    pub from: Date,
    /// Last day; none for the last epoch.
    pub until: Option<Date>,
    /// Doubts that are open on these days.
    pub doubts: Vec<Doubt>,
    /// Why the regime does not speak of these days; none where it does.
    pub uncovered: Option<String>,
    in_force: Vec<(Tri, u16)>,
    numbers: Vec<Option<(Number, u16)>>,
    members: Vec<Option<(u16, Members)>>,
    kept: Kept,
}

/// What follows from the rest of an epoch, each made when somebody first asks for it.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Follows>);

#[derive(Debug, Default)]
struct Follows {
    docket: OnceLock<Docket>,
    program: OnceLock<Option<Program>>,
    alike: OnceLock<Option<Alike>>,
    /// By doubt: the epoch if the suspension does not hold, and if it does.
    settled: OnceLock<Vec<[Arc<Epoch>; 2]>>,
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Kept {}

impl Epoch {
    /// Who acts on these days.
    pub(crate) fn docket(&self, law: &Law) -> &Docket {
        self.kept.0.docket.get_or_init(|| Docket::of(law, self))
    }

    /// The law of these days as a program; none where it would not fit one.
    pub(crate) fn program(&self, law: &Law) -> Option<&Program> {
        self.kept.0.program.get_or_init(|| Program::of(law, self)).as_ref()
    }

    /// What tells cases of these days apart; none where they have no program.
    pub(crate) fn alike(&self, law: &Law) -> Option<&Alike> {
        self.kept.0.alike.get_or_init(|| Alike::of(law, self)).as_ref()
    }

    /// What a clause needs on these days.
    pub(crate) fn needs<'a>(&self, law: &'a Law, id: ClauseId) -> &'a [ClauseId] {
        self.version(law, id).map_or(&[], |(version, _)| version.rule.needs())
    }

    /// Whether a clause is in force, and the version that is.
    pub fn version<'a>(&self, law: &'a Law, id: ClauseId) -> Option<(&'a Version, Tri)> {
        let (force, at) = self.in_force.get(id.0 as usize)?;
        if *force == Tri::False {
            return None;
        }
        Some((law.clause(id).versions.get(*at as usize)?, *force))
    }

    /// A dated value's number on these days.
    pub(crate) fn number(&self, id: ValueId) -> Option<Number> {
        self.numbers.get(id.0 as usize)?.map(|(n, _)| n)
    }

    /// A dated value's entry on these days.
    pub(crate) fn entry<'a>(&self, law: &'a Law, id: ValueId) -> Option<&'a Dated> {
        let (_, at) = self.numbers.get(id.0 as usize)?.as_ref()?;
        law.value(id).entries.get(*at as usize)
    }

    /// A group's members on these days.
    pub(crate) fn members(&self, id: GroupId) -> Option<&Members> {
        self.members.get(id.0 as usize)?.as_ref().map(|(_, m)| m)
    }

    /// The instrument under which a group has these members.
    pub(crate) fn listed_by(&self, law: &Law, id: GroupId) -> Option<(InstrumentId, Date)> {
        let (state, _) = self.members.get(id.0 as usize)?.as_ref()?;
        law.group(id).states.get(*state as usize).map(|(on, by, _)| (*by, *on))
    }

    /// Whether a country belongs to a group on these days; none where the list is not known for them.
    pub fn has_country(&self, group: GroupId, country: CountryId) -> Option<bool> {
        self.members(group).map(|m| m.has_country(country))
    }

    /// Whether a day lies in this epoch.
    pub fn holds(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// What these days have in common with others as far as some clauses go: equal marks, equal law.
    pub(crate) fn mark(&self, law: &Law, clauses: &[ClauseId]) -> Vec<u32> {
        let mut mark: Vec<u32> = Vec::new();
        for id in clauses {
            mark.push(
                self.in_force
                    .get(id.0 as usize)
                    .map_or(0, |(force, at)| if *force == Tri::False { 0 } else { 1 + u32::from(*at) }),
            );
            let Some((version, _)) = self.version(law, *id) else { continue };
            let (tests, terms) = version.rule.parts();
            let mut on = |piece: Piece<'_>| match piece {
                Piece::Term(Term::Value(v)) => {
                    mark.push(self.numbers.get(v.0 as usize).and_then(Option::as_ref).map_or(0, |(_, at)| 1 + u32::from(*at)))
                }
                Piece::Test(Test::Member(_, g)) => {
                    mark.push(self.members.get(g.0 as usize).and_then(Option::as_ref).map_or(0, |(at, _)| 1 + u32::from(*at)))
                }
                _ => {}
            };
            tests.into_iter().for_each(|t| t.walk(&mut on));
            terms.into_iter().for_each(|t| t.walk(&mut on));
        }
        mark
    }

    /// The same days with a doubt settled: the suspension holds, or it does not. None where there is no such doubt.
    pub(crate) fn settled(&self, doubt: usize, suspended: bool) -> Option<Arc<Epoch>> {
        let both = |doubt| [false, true].map(|suspended| Arc::new(self.settled_anew(doubt, suspended)));
        let all = self.kept.0.settled.get_or_init(|| (0..self.doubts.len()).map(both).collect());
        all.get(doubt).and_then(|both| both.get(usize::from(suspended))).cloned()
    }

    fn settled_anew(&self, doubt: usize, suspended: bool) -> Epoch {
        let mut epoch = Epoch { kept: Kept::default(), ..self.clone() };
        if doubt < epoch.doubts.len() {
            let gone = epoch.doubts.remove(doubt);
            for clause in gone.clauses.iter().filter(|c| suspended || !epoch.doubts.iter().any(|d| d.clauses.contains(c))) {
                if let Some(place) = epoch.in_force.get_mut(clause.0 as usize) {
                    place.0 = if suspended { Tri::False } else { Tri::True };
                }
            }
        }
        epoch
    }
}

impl Law {
    /// The law of a day.
    pub fn on(&self, day: Date, lens: &Lens) -> Epoch {
        let changes = self.changes(lens);
        let from = changes.iter().copied().filter(|c| *c <= day).max().unwrap_or(Date::MIN);
        let until = changes.iter().copied().filter(|c| *c > day).min().and_then(|next| next.yesterday().ok());
        // Days that are not covered are one epoch.
        self.epoch(if day < self.covers_from { from } else { day }, from, until, lens)
    }

    /// Every epoch, in order.
    pub fn epochs(&self, lens: &Lens) -> Vec<Epoch> {
        let mut starts = self.changes(lens);
        starts.insert(0, Date::MIN);
        starts.dedup();
        let mut epochs: Vec<Epoch> = Vec::new();
        for (i, from) in starts.iter().enumerate() {
            let until = starts.get(i + 1).and_then(|next| next.yesterday().ok());
            epochs.push(self.epoch(*from, *from, until, lens));
        }
        epochs
    }

    /// Every day on which something begins, in order.
    fn changes(&self, lens: &Lens) -> Vec<Date> {
        let mut days = Vec::new();
        let mut starts = |from: Option<Date>| days.extend(from);
        let after = |until: Option<Date>| until.and_then(|u| u.tomorrow().ok());
        for version in self.clauses.iter().flat_map(|c| &c.versions).filter(|v| self.known(v.by, lens)) {
            let (from, until) = self.span(version, lens);
            starts(Some(from));
            starts(after(until));
        }
        for entry in self.values.iter().flat_map(|v| &v.entries).filter(|e| self.known(e.by, lens)) {
            starts(Some(entry.from));
            starts(after(entry.until));
        }
        for (on, by, _) in self.groups.iter().flat_map(|g| &g.states) {
            starts(self.known(*by, lens).then_some(*on));
        }
        for (i, instrument) in self.instruments.iter().enumerate() {
            if self.known(InstrumentId(i as u16), lens) {
                for suspension in instrument.suspends.iter().filter(|s| counts(instrument.kind, s, lens)) {
                    starts(Some(suspension.from));
                    starts(after(suspension.until));
                }
            }
        }
        // Of days that are not covered nobody tells one from another.
        days.retain(|day| *day >= self.covers_from);
        days.push(self.covers_from);
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Why the regime does not speak of a day under a lens; none where it does.
    fn uncovered(&self, day: Date, lens: &Lens) -> Option<String> {
        let (id, first) = (&self.id, self.covers_from);
        if day < first {
            return Some(format!("not covered: {id} speaks of days from {first} on"));
        }
        let known = lens.known.filter(|known| *known < first)?;
        Some(format!("not covered: {id} holds nothing that was known by {known}, only what was from {first} on"))
    }

    /// What anybody should know of an answer given for a day: that the day lies after the last one for which facts were read.
    pub fn read_up_to(&self, day: Date) -> Option<String> {
        let (id, last) = (&self.id, self.as_of);
        (day > last).then(|| format!("{id} was read up to {last}; what came after is not known here"))
    }

    fn known(&self, by: InstrumentId, lens: &Lens) -> bool {
        lens.known.is_none_or(|known| self.instrument(by).published <= known)
    }

    /// First and last day of a version under a lens: an end that nobody could know of is no end, and practice may differ from text.
    fn span(&self, version: &Version, lens: &Lens) -> (Date, Option<Date>) {
        let ended = version.ended_by.is_none_or(|by| self.known(by, lens));
        let mut until = version.until.filter(|_| ended);
        let mut from = version.from;
        if lens.view == View::Practice {
            from = version.enforced_from.map_or(from, |e| e.max(from));
            until = match (until, version.enforced_until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        (from, until)
    }

    fn epoch(&self, day: Date, from: Date, until: Option<Date>, lens: &Lens) -> Epoch {
        let uncovered = self.uncovered(day, lens);
        // Where the regime does not speak nothing of it is in force, and nothing is said of what might be.
        let version = |clause| if uncovered.is_some() { (Tri::False, 0) } else { self.version_on(clause, day, lens) };
        let in_force = self.clauses.iter().map(version).collect();
        let numbers = self
            .values
            .iter()
            .map(|value| {
                let entry = value.entries.iter().enumerate().rev().find(|(_, e)| e.from <= day && self.known(e.by, lens))?;
                entry.1.until.is_none_or(|u| day <= u).then_some((entry.1.number, entry.0 as u16))
            })
            .collect();
        let members = self
            .groups
            .iter()
            .map(|group| {
                let state = group.states.iter().enumerate().rev().find(|(_, (on, by, _))| *on <= day && self.known(*by, lens));
                // The first list is used for days before it as well: it is the earliest that anybody read.
                let first = group.states.first().map(|first| (0, first));
                state.or(first).map(|(i, (_, _, members))| (i as u16, members.clone()))
            })
            .collect();
        let mut epoch = Epoch { from, until, doubts: vec![], uncovered, in_force, numbers, members, kept: Kept::default() };
        if epoch.uncovered.is_none() {
            self.suspend(&mut epoch, day, lens);
        }
        epoch
    }

    fn version_on(&self, clause: &Clause, day: Date, lens: &Lens) -> (Tri, u16) {
        let found = clause.versions.iter().enumerate().rev().find(|(_, version)| {
            let (from, until) = self.span(version, lens);
            self.known(version.by, lens) && from <= day && until.is_none_or(|u| day <= u)
        });
        found.map_or((Tri::False, 0), |(i, _)| (Tri::True, i as u16))
    }

    fn suspend(&self, epoch: &mut Epoch, day: Date, lens: &Lens) {
        for (i, instrument) in self.instruments.iter().enumerate() {
            let by = InstrumentId(i as u16);
            if !self.known(by, lens) {
                continue;
            }
            let on = |s: &&Suspension| s.from <= day && s.until.is_none_or(|u| day <= u);
            for suspension in instrument.suspends.iter().filter(on).filter(|s| counts(instrument.kind, s, lens)) {
                let standing: Vec<ClauseId> = suspension
                    .clauses
                    .iter()
                    .copied()
                    .filter(|c| {
                        // A stay of an act stays what that act made, not a later act's version of the clause.
                        let by = epoch.version(self, *c).map(|(version, _)| &self.instrument(version.by).id);
                        by.is_some_and(|by| *by == suspension.what || self.clause(*c).id == suspension.what)
                    })
                    .collect();
                let force = if suspension.certain { Tri::False } else { Tri::Unknown };
                for clause in &standing {
                    if let Some(place) = epoch.in_force.get_mut(clause.0 as usize) {
                        place.0 = force;
                    }
                }
                if !suspension.certain && !standing.is_empty() {
                    epoch.doubts.push(Doubt { question: suspension.question.clone(), by, clauses: standing });
                }
            }
        }
        let in_force = &epoch.in_force;
        for doubt in &mut epoch.doubts {
            doubt.clauses.retain(|c| in_force.get(c.0 as usize).is_some_and(|(f, _)| *f == Tri::Unknown));
        }
        epoch.doubts.retain(|d| !d.clauses.is_empty());
    }
}

/// Whether a suspension counts under a lens: an announcement stays enforcement and leaves the text, whatever else stays, stays the
/// text; an open doubt is one in both views.
fn counts(kind: InstrumentKind, suspension: &Suspension, lens: &Lens) -> bool {
    !suspension.certain || kind != InstrumentKind::Announcement || lens.view == View::Practice
}

//! The law of an epoch as a program: every fact that it asks about is looked up once in a table of what hangs on it, and the rest
//! is logic on bits. Three-valued throughout: a gate is *unmet* unless it is true, and *failed* where it is false.
//!
//! A gate is the AND of what goes into it; OR is the same by De Morgan. So every table row and every step only ever adds bits, and
//! nothing branches on a fact. `compile` makes programs; the walk of [`Judge`] is the reference.

use std::cmp::Ordering;
use std::sync::Arc;

use facts::{Case, Exact, Fact, FieldId, name_code, same_name};

use crate::compile::compile;
use crate::docket::{self, Ask};
use crate::epoch::Epoch;
use crate::exact::{Arithmetic, Near, Small, Val};
use crate::judge::{Decision, Judge, Status, Tri};
use crate::law::{ClauseId, Law};
use crate::totals::Totals;
use crate::tree::{Term, Test};

/// A program, by the number of words that its gates fill.
#[derive(Debug)]
pub(crate) enum Program {
    One(Words<1>),
    Four(Words<4>),
    Sixteen(Words<16>),
}

/// What is known of every gate, a bit each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<const W: usize> {
    /// The gates that are not true.
    pub(crate) unmet: [u64; W],
    /// The gates that are false.
    pub(crate) failed: [u64; W],
}

/// A gate or its opposite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Lit {
    pub(crate) gate: u16,
    pub(crate) not: bool,
}

/// A program whose gates fill `W` words.
#[derive(Debug)]
pub(crate) struct Words<const W: usize> {
    /// Before anything is looked up.
    pub(crate) start: Bits<W>,
    /// The facts that the case has a code for, the numbers, and all else that is asked of it.
    pub(crate) facts: Vec<(FieldId, Place)>,
    pub(crate) numbers: Vec<(Ladder, Place)>,
    pub(crate) others: Vec<(Source, Place)>,
    /// Quotas, whose totals are looked up only where something that needs them may apply.
    pub(crate) quotas: Vec<(ClauseId, Place)>,
    pub(crate) guards: Vec<Lit>,
    /// What each code of each source adds.
    pub(crate) rows: Vec<Bits<W>>,
    pub(crate) levels: Vec<Level>,
    pub(crate) quiet: Lit,
    pub(crate) scope: Lit,
    /// By clause: whether it applies (of a condition or quota: concerns the case), and whether it is available (met).
    pub(crate) clauses: Vec<[Lit; 2]>,
    /// The clauses, no conditions or quotas, of which the gates know whether they apply.
    pub(crate) known: Vec<(ClauseId, Lit)>,
}

/// Where a source's rows stand: the first, and how many follow it. The last row is for every code beyond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) first: u32,
    pub(crate) more: u16,
}

/// Gates that do not hang on one another.
#[derive(Debug, Default)]
pub(crate) struct Level {
    pub(crate) steps: Vec<Step>,
    /// Gates that are true where another is false, and false otherwise: never unknown.
    pub(crate) crisp: Vec<(Lit, u16)>,
}

/// What a word of gates adds to one other gate.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) from: u16,
    pub(crate) to: u16,
    /// The gate's place in its word.
    pub(crate) bit: u8,
    /// The gates that it turns on, and those of them that must be false.
    pub(crate) all: u64,
    pub(crate) no: u64,
}

/// Something that a case is asked once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// A fact that has a code.
    Fact(FieldId),
    /// Whether a set holds a word.
    Word(FieldId, u8),
    /// Which of these names a fact is.
    Name(FieldId, Vec<(u16, Arc<str>)>),
    /// Where a number stands among bounds.
    Number(Ladder),
    /// Any other test.
    Test(Test),
    /// Whether a quota is kept.
    Quota(ClauseId),
}

/// A number with every bound that it is compared with, in order: the doubles that each surely lies between, and without rounding.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ladder {
    pub(crate) term: Term,
    pub(crate) near: Vec<(f64, f64)>,
    pub(crate) bounds: Vec<Exact>,
}

/// What a case is decided by.
#[derive(Clone, Copy)]
pub(crate) struct Matter<'a> {
    pub(crate) law: &'a Law,
    pub(crate) epoch: &'a Epoch,
    pub(crate) case: &'a Case,
    pub(crate) totals: &'a Totals,
}

impl<'a> Matter<'a> {
    pub(crate) fn judge(self) -> Judge<'a> {
        Judge::new(self.law, self.epoch, self.case, self.totals)
    }
}

impl Program {
    /// The program of an epoch; none where its gates would fill more words than a program has.
    pub(crate) fn of(law: &Law, epoch: &Epoch) -> Option<Program> {
        compile(law, epoch)
    }

    pub(crate) fn decide(&self, matter: Matter<'_>) -> Decision {
        match self {
            Program::One(words) => words.decide(matter),
            Program::Four(words) => words.decide(matter),
            Program::Sixteen(words) => words.decide(matter),
        }
    }

    /// Everything that the gates know of a case: what its facts say by themselves (unmet, failed), and what follows for all gates
    /// (unmet; failed).
    pub(crate) fn gates(&self, matter: Matter<'_>) -> ([Vec<u64>; 2], Vec<u64>, Vec<u64>) {
        match self {
            Program::One(words) => words.gates(matter),
            Program::Four(words) => words.gates(matter),
            Program::Sixteen(words) => words.gates(matter),
        }
    }

    /// Decides a judge's case, and tells the judge which clauses apply.
    pub(crate) fn tell(&self, judge: &mut Judge<'_>) -> Decision {
        match self {
            Program::One(words) => words.tell(judge),
            Program::Four(words) => words.tell(judge),
            Program::Sixteen(words) => words.tell(judge),
        }
    }
}

impl<const W: usize> Words<W> {
    fn decide(&self, matter: Matter<'_>) -> Decision {
        let mut answers = Answers { words: self, bits: self.run(matter), matter };
        docket::decide(matter.law, matter.epoch, &mut answers)
    }

    fn tell(&self, judge: &mut Judge<'_>) -> Decision {
        let matter = Matter { law: judge.law, epoch: judge.epoch, case: judge.case, totals: judge.totals };
        let mut answers = Answers { words: self, bits: self.run(matter), matter };
        self.known.iter().for_each(|(id, lit)| judge.told(*id, answers.bits.tri(*lit)));
        docket::decide(matter.law, matter.epoch, &mut answers)
    }

    fn gates(&self, matter: Matter<'_>) -> ([Vec<u64>; 2], Vec<u64>, Vec<u64>) {
        let own = self.quotas_asked(self.own(matter), matter);
        let bits = self.settled(own);
        ([own.unmet.to_vec(), own.failed.to_vec()], bits.unmet.to_vec(), bits.failed.to_vec())
    }

    /// Everything that is asked of a case, and where its rows stand.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (Source, Place)> {
        let facts = self.facts.iter().map(|(field, place)| (Source::Fact(*field), *place));
        let numbers = self.numbers.iter().map(|(ladder, place)| (Source::Number(ladder.clone()), *place));
        let quotas = self.quotas.iter().map(|(quota, place)| (Source::Quota(*quota), *place));
        facts.chain(numbers).chain(self.others.iter().cloned()).chain(quotas)
    }

    /// What the facts say by themselves.
    #[inline(always)]
    fn own(&self, matter: Matter<'_>) -> Bits<W> {
        let mut bits =
            self.facts.iter().fold(self.start, |bits, (field, place)| bits.with(self.row(*place, matter.case.code(*field))));
        for (number, place) in &self.numbers {
            bits = bits.with(self.row(*place, number.code(matter)));
        }
        for (source, place) in &self.others {
            bits = bits.with(self.row(*place, source.code(matter)));
        }
        bits
    }

    /// What follows for all gates, with totals looked up where they may matter.
    fn run(&self, matter: Matter<'_>) -> Bits<W> {
        let bits = self.own(matter);
        if self.quotas.is_empty() {
            return self.settled(bits);
        }
        let unasked = self.quotas.iter().fold(bits, |bits, (_, place)| bits.with(self.row(*place, 0)));
        let known = self.settled(unasked);
        if self.guards.iter().all(|guard| known.tri(*guard) == Tri::False) {
            return known;
        }
        self.settled(self.quotas_asked(bits, matter))
    }

    fn quotas_asked(&self, bits: Bits<W>, matter: Matter<'_>) -> Bits<W> {
        let code = |quota: &ClauseId| Source::Quota(*quota).code(matter);
        self.quotas.iter().fold(bits, |bits, (quota, place)| bits.with(self.row(*place, code(quota))))
    }

    /// What a code adds.
    #[inline]
    fn row(&self, place: Place, code: u16) -> Bits<W> {
        self.rows.get(place.first as usize + usize::from(code.min(place.more))).copied().unwrap_or(Bits::NONE)
    }

    /// All gates, once everything is looked up. Each step is worked out in full: to branch would cost more than it spares.
    #[inline]
    fn settled(&self, mut bits: Bits<W>) -> Bits<W> {
        if bits.unmet == bits.failed {
            return self.settled_known(bits);
        }
        for level in &self.levels {
            let seen = bits;
            for step in &level.steps {
                let (unmet, failed) = (word(&seen.unmet, step.from), word(&seen.failed, step.from));
                let yes = step.all & !step.no;
                let falls = unmet & yes | !failed & step.no;
                let fails = failed & yes | !unmet & step.no;
                bits.add(step.to, u64::from(falls != 0) << step.bit, u64::from(fails != 0) << step.bit);
            }
            for (lit, gate) in &level.crisp {
                let bit = u64::from(seen.tri(*lit) != Tri::False) << (gate % 64);
                bits.add(gate / 64, bit, bit);
            }
        }
        bits
    }

    /// The same where nothing is unknown, as in most cases: what is not true is false.
    #[inline]
    fn settled_known(&self, mut bits: Bits<W>) -> Bits<W> {
        for level in &self.levels {
            let seen = bits.unmet;
            for step in &level.steps {
                let fails = (word(&seen, step.from) ^ step.no) & step.all;
                bits.add(step.to, u64::from(fails != 0) << step.bit, 0);
            }
            for (lit, gate) in &level.crisp {
                let holds = word(&seen, lit.gate / 64) >> (lit.gate % 64) & 1 == u64::from(lit.not);
                bits.add(gate / 64, u64::from(holds) << (gate % 64), 0);
            }
        }
        Bits { failed: bits.unmet, ..bits }
    }
}

/// A word of some, by a place that `compile` gave out: the remainder only spares a check.
#[inline]
#[allow(clippy::indexing_slicing)]
fn word<const W: usize>(words: &[u64; W], at: u16) -> u64 {
    words[usize::from(at) % W]
}

impl<const W: usize> Bits<W> {
    pub(crate) const NONE: Bits<W> = Bits { unmet: [0; W], failed: [0; W] };

    #[inline]
    fn with(self, other: Bits<W>) -> Bits<W> {
        let mut both = self;
        both.unmet.iter_mut().zip(other.unmet).for_each(|(bits, more)| *bits |= more);
        both.failed.iter_mut().zip(other.failed).for_each(|(bits, more)| *bits |= more);
        both
    }

    #[inline]
    #[allow(clippy::indexing_slicing)] // as above
    pub(crate) fn add(&mut self, at: u16, unmet: u64, failed: u64) {
        self.unmet[usize::from(at) % W] |= unmet;
        self.failed[usize::from(at) % W] |= failed;
    }

    #[inline]
    fn tri(&self, lit: Lit) -> Tri {
        let bit = |words: &[u64; W]| word(words, lit.gate / 64) >> (lit.gate % 64) & 1 != 0;
        match (bit(&self.unmet), bit(&self.failed)) {
            (false, _) => Tri::from(!lit.not),
            (true, true) => Tri::from(lit.not),
            (true, false) => Tri::Unknown,
        }
    }
}

impl Source {
    /// What the case answers: 0 unknown, 1 absent, and so on as the source's rows stand.
    pub(crate) fn code(&self, matter: Matter<'_>) -> u16 {
        let case = matter.case;
        match self {
            Source::Fact(field) => case.code(*field),
            Source::Word(field, at) => match case.fact(*field) {
                Fact::Unknown => 0,
                Fact::Set(bits) => 1 + u16::from(bits & (1 << at) != 0),
                _ => 1,
            },
            Source::Name(field, names) => match case.fact(*field) {
                Fact::Unknown => 0,
                Fact::Absent => 1,
                Fact::Text(text) => {
                    let code = case.code(*field);
                    let found = names.iter().position(|(c, name)| *c == code && same_name(name, text));
                    found.map_or(2, |at| 3 + at as u16)
                }
                _ => 2,
            },
            Source::Number(ladder) => ladder.code(matter),
            Source::Test(test) => tri_code(matter.judge().test(test)),
            Source::Quota(id) => tri_code(matter.judge().within(*id)),
        }
    }
}

/// The code of a fact that is no number: 0 unknown, else 1.
fn no_number(fact: &Fact) -> u16 {
    u16::from(*fact != Fact::Unknown)
}

fn tri_code(tri: Tri) -> u16 {
    match tri {
        Tri::Unknown => 0,
        Tri::False => 1,
        Tri::True => 2,
    }
}

impl Ladder {
    /// 0 unknown, 1 absent, 2 below the first bound, 3 on it, 4 above it and below the second …
    ///
    /// A fact and a quotient of two stay in registers; everything else is reckoned by the walk.
    #[inline]
    fn code(&self, matter: Matter<'_>) -> u16 {
        match &self.term {
            Term::Fact(id) => match matter.case.fact(*id) {
                Fact::Number(number) => self.place(Near::of(*number), matter),
                other => no_number(other),
            },
            Term::Quotient(over, under) => match (&**over, &**under) {
                (Term::Fact(over), Term::Fact(under)) => match (matter.case.fact(*over), matter.case.fact(*under)) {
                    (Fact::Number(over), Fact::Number(under)) => self.place(Near::ratio(*over, *under), matter),
                    (Fact::Number(_), other) | (other, Fact::Number(_)) => no_number(other),
                    (over, under) => no_number(over).max(no_number(under)),
                },
                _ => self.code_reckoned(matter),
            },
            _ => self.code_reckoned(matter),
        }
    }

    /// The code of what takes a walk to reckon.
    #[inline(never)]
    fn code_reckoned(&self, matter: Matter<'_>) -> u16 {
        match matter.judge().term::<Near>(&self.term) {
            Val::Unknown => 0,
            Val::Absent => 1,
            Val::Is(number) => self.place(number, matter),
        }
    }

    /// The code of a number.
    #[inline]
    fn place(&self, number: Near, matter: Matter<'_>) -> u16 {
        let (low, high) = number.ends();
        let (mut above, mut below) = (0, 0);
        for (from, to) in &self.near {
            above += usize::from(low > *to);
            below += usize::from(high < *from);
        }
        if above + below == self.near.len() {
            return 2 + 2 * above as u16;
        }
        self.code_exactly(matter)
    }

    #[cold]
    fn code_exactly(&self, matter: Matter<'_>) -> u16 {
        if let Val::Is(number) = matter.judge().term::<Small>(&self.term)
            && let Some(code) = self.rank(|bound| number.compare(Small::of_exact(bound)))
        {
            return code;
        }
        match matter.judge().term::<Exact>(&self.term) {
            Val::Unknown => 0,
            Val::Absent => 1,
            Val::Is(number) => self.rank(|bound| Some(number.cmp(bound))).unwrap_or(0),
        }
    }

    /// The code by an ordering to each bound; none where one of them cannot be told.
    fn rank(&self, order: impl Fn(&Exact) -> Option<Ordering>) -> Option<u16> {
        let mut code = 2;
        for bound in &self.bounds {
            match order(bound)? {
                Ordering::Less => break,
                Ordering::Equal => return Some(code + 1),
                Ordering::Greater => code += 2,
            }
        }
        Some(code)
    }
}

/// The code of a name that some test asks for.
pub(crate) fn named(name: &Arc<str>) -> (u16, Arc<str>) {
    (name_code(name), Arc::clone(name))
}

/// A case with every gate known.
struct Answers<'a, const W: usize> {
    words: &'a Words<W>,
    bits: Bits<W>,
    matter: Matter<'a>,
}

impl<const W: usize> Answers<'_, W> {
    #[inline]
    fn of(&self, id: ClauseId) -> (Tri, Tri) {
        match self.words.clauses.get(id.0 as usize) {
            Some([applies, available]) => (self.bits.tri(*applies), self.bits.tri(*available)),
            None => (Tri::False, Tri::False),
        }
    }
}

impl<const W: usize> Ask for Answers<'_, W> {
    fn scope(&mut self) -> Tri {
        self.bits.tri(self.words.scope)
    }
    fn quiet(&self) -> bool {
        self.bits.tri(self.words.quiet) == Tri::True
    }
    fn applies(&mut self, id: ClauseId) -> Tri {
        self.of(id).0
    }
    fn available(&mut self, id: ClauseId) -> Tri {
        self.of(id).1
    }
    fn status(&mut self, id: ClauseId) -> Option<Status> {
        let (concerns, met) = self.of(id);
        Status::of(concerns, met)
    }
    fn due(&mut self, base: &Term, rate: &Term) -> Option<i64> {
        self.matter.judge().due(base, rate)
    }
}

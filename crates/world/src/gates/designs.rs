//! Vendors redesign: whenever the standing of one of a vendor's parts changes, the frontier of the law says what the best part is that
//! would still pass.

use std::collections::HashMap;

use facts::{Case, Chip, Date, Fact, FieldId, Number, Quarter};
use regime::{Bound, Outcome, Policy, Question, frontier};

use super::{Answer, Asker, Design, Offers, VendorGates, number};
use crate::scenario::VendorSpec;

/// What a vendor knew under a stance when it last looked.
#[derive(Default)]
struct Board {
    /// How its parts stood, by name.
    parts: HashMap<String, Outcome>,
    /// How its designs stood.
    designs: Vec<Outcome>,
    /// The design that it wants to sell, by its place in the story.
    wanted: Option<usize>,
}

impl Board {
    /// Whether a part stands otherwise than before, or nothing was known; keeps how they stand now.
    fn changed(&mut self, sold: &[&WorldPart], standing: &[Outcome]) -> bool {
        let names = || sold.iter().map(|p| p.chip.name.to_string());
        let changed = self.parts.is_empty() || names().zip(standing).any(|(n, s)| self.parts.get(&n).is_some_and(|old| old != s));
        self.parts.extend(names().zip(standing.iter().copied()));
        changed
    }
}

impl Asker<'_> {
    /// A vendor before both gates. It goes back to the drawing board when the standing of a part changes that it had, or of an earlier
    /// design, and with its first part.
    pub(super) fn vendor(&mut self, spec: &VendorSpec) -> VendorGates {
        let mut parts = self.world_parts(spec);
        parts.sort_by(|a, b| b.quality.total_cmp(&a.quality));
        let mut out = VendorGates {
            name: spec.name.clone(),
            top: Offers::new(1),
            best: Offers::new(1),
            designs: Offers::default(),
            wanted: Vec::new(),
            story: Vec::new(),
        };
        let mut boards: Vec<Board> = self.ladder.iter().map(|_| Board::default()).collect();
        let mut wanted = Vec::new();
        for at in 0..self.scenario.quarters {
            let quarter = self.quarter(at);
            let days = self.stretches(quarter);
            let sold: Vec<&WorldPart> = parts.iter().filter(|p| p.from <= quarter).collect();
            // On the last stretch of the quarter the law stands as it will in the next.
            let day = days.last().map_or(quarter.first_day(), |(day, _)| *day);
            for (stance, board) in boards.iter_mut().enumerate() {
                let standing = self.offer(stance, &sold, &days, &mut out);
                let earlier = self.designs_now(stance, &out, day);
                if board.changed(&sold, &standing) || board.designs != earlier {
                    board.wanted = self.design(stance, spec, &sold, &standing, day, &mut out.story);
                }
                // A design from before that passes under a licence may be worth more than what is free now.
                if let Some(best) = self.best_earlier(&out.story, &earlier, board.wanted, sold.first()) {
                    board.wanted = Some(best);
                }
                board.designs = earlier;
                wanted.push(board.wanted);
            }
        }
        self.designs(&mut out, wanted);
        out
    }

    /// Adds the top part and the best that may pass in a quarter; how the parts stand at the quarter's end.
    fn offer(&mut self, stance: usize, sold: &[&WorldPart], days: &[(Date, f64)], out: &mut VendorGates) -> Vec<Outcome> {
        let asked: Vec<Vec<(Answer, f64)>> = sold
            .iter()
            .map(|p| days.iter().map(|(day, share)| (self.answer(stance, &p.chip.name, &p.chip, *day), *share)).collect())
            .collect();
        let passes = |a: &Vec<(Answer, f64)>| a.iter().any(|(x, _)| x.way.outcome < Outcome::Licence(Policy::Denial));
        let best = asked.iter().position(passes);
        let row = |at: Option<usize>| at.and_then(|i| sold.get(i).zip(asked.get(i)));
        for (offers, at) in [(&mut out.top, Some(0)), (&mut out.best, best)] {
            match row(at) {
                Some((part, answers)) => offers.push(part.tpp, part.bandwidth, answers),
                None => offers.push(0.0, 0.0, &[]),
            }
        }
        asked.iter().filter_map(|a| a.last().map(|(x, _)| x.way.outcome)).collect()
    }

    /// What the exporter's gate says today of the designs so far.
    fn designs_now(&mut self, stance: usize, out: &VendorGates, day: Date) -> Vec<Outcome> {
        let name = |number: usize| design_key(&out.name, number);
        out.story.iter().enumerate().map(|(i, d)| self.answer(stance, &name(i), &d.chip, day).way.outcome).collect()
    }

    /// An earlier design that is worth more than the one now asked for: a licence counts less than a free way.
    fn best_earlier(&self, story: &[Design], now: &[Outcome], asked: Option<usize>, top: Option<&&WorldPart>) -> Option<usize> {
        let top = top?;
        asked?;
        let worth = |at: usize, outcome: Outcome| {
            let design = story.get(at)?;
            let (x, y) =
                (design.tpp.unwrap_or(top.tpp).min(top.tpp), design.bandwidth.unwrap_or(top.bandwidth).min(top.bandwidth));
            match outcome {
                Outcome::Free | Outcome::Exception | Outcome::ExceptionOpen => Some(geometric(x, y)),
                outcome if outcome <= Outcome::Licence(Policy::CaseByCase) => Some(geometric(x, y) / self.scenario.design_worth),
                _ => None,
            }
        };
        now.iter()
            .enumerate()
            .filter_map(|(at, o)| Some((worth(at, *o)?, at)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, at)| at)
    }

    /// The best part that the law of a day would let through, where it beats the vendor's world parts; its place in the story.
    fn design(
        &mut self,
        stance: usize,
        spec: &VendorSpec,
        sold: &[&WorldPart],
        standing: &[Outcome],
        day: Date,
        story: &mut Vec<Design>,
    ) -> Option<usize> {
        // Nothing is redesigned while the top part passes freely.
        if *standing.first()? <= Outcome::ExceptionOpen {
            return None;
        }
        // The design is cut from the best part whose die is known, since thresholds on density ask for it.
        let die = self.dictionary.id("applicable_die_area_mm2")?;
        let top = sold.iter().find(|p| number(&p.chip, die).is_some()).or(sold.first())?;
        let mut found: Option<(f64, Cut, Outcome)> = None;
        for at_most in [Outcome::Free, Outcome::Licence(Policy::CaseByCase)] {
            let Some((chip, tpp, bandwidth)) = self.frontier(stance, &top.chip, day, at_most) else { continue };
            let (x, y) = (tpp.unwrap_or(top.tpp).min(top.tpp), bandwidth.unwrap_or(top.bandwidth).min(top.bandwidth));
            let quality = geometric(x, y);
            // A licence is worth a design only where it allows a much better part than the free gate.
            if found.as_ref().is_none_or(|(other, ..)| quality > other * self.scenario.design_worth) {
                found = Some((quality, (chip, tpp, bandwidth), at_most));
            }
        }
        let (quality, (chip, tpp, bandwidth), answer) = found?;
        let best = sold.iter().zip(standing).filter(|(_, s)| **s <= answer).map(|(p, _)| p.quality).fold(0.0, f64::max);
        let needed = if answer > Outcome::ExceptionOpen { self.scenario.design_worth } else { 1.0 };
        if best * needed >= quality {
            return None;
        }
        if let Some(same) = story.iter().position(|d| d.tpp == tpp && d.bandwidth == bandwidth && d.answer == answer) {
            return Some(same);
        }
        let (x, y) = (tpp.unwrap_or(top.tpp).min(top.tpp), bandwidth.unwrap_or(top.bandwidth).min(top.bandwidth));
        let (like, family) = self.like(&spec.name, x, y);
        let mut chip = chip;
        chip.family = family.as_str().into();
        if let Some(id) = self.dictionary.id("chip_family") {
            chip.facts.retain(|(field, _)| *field != id);
            chip.facts.push((id, Fact::Text(family.as_str().into())));
        }
        let from = Quarter { year: day.year(), q: ((day.month() + 2) / 3) as u8 };
        let stance = self.ladder.get(stance).map(|l| l.name.clone()).unwrap_or_default();
        story.push(Design { from, stance, tpp, bandwidth, like, answer, chip });
        Some(story.len() - 1)
    }

    /// The frontier for a part built like the vendor's top part: bounds on performance first, then on memory bandwidth.
    fn frontier(&mut self, stance: usize, top: &Chip, day: Date, at_most: Outcome) -> Option<Cut> {
        let [tpp, bandwidth, link, io] = PROPERTIES.map(|name| self.dictionary.id(name));
        let (tpp, bandwidth, link, io) = (tpp?, bandwidth?, link?, io?);
        let named: Vec<FieldId> = ["chip", "chip_family"].iter().filter_map(|n| self.dictionary.id(n)).collect();
        let mut chip = top.clone();
        chip.name = "a new part".into();
        chip.family = chip.name.clone();
        chip.facts.retain(|(id, _)| ![tpp, bandwidth, link, io].contains(id));
        for (_, fact) in chip.facts.iter_mut().filter(|(id, _)| named.contains(id)) {
            *fact = Fact::Text("a new part".into());
        }
        let mut case = self.sale(&chip, day, "reexport", self.maker_country, self.importer_country);
        [tpp, bandwidth, link, io].into_iter().for_each(|id| case.set(id, Fact::Unknown));
        if at_most > Outcome::Free {
            case = self.onward(case);
        }
        let corridor = &mut self.ladder.get_mut(stance)?.exporter;
        let step = |bound: &Bound| -> Option<Option<f64>> {
            match bound {
                Bound::Nothing => None,
                Bound::Unbounded => Some(None),
                Bound::At { limit, closed } => Some(Some(if *closed { limit.approx() } else { limit.approx() - 1.0 })),
            }
        };
        let first = frontier(corridor, &Question { case: case.clone(), at_most, free: vec![bandwidth, link, io] }, &[tpp]);
        let point = &first.best.first()?.1;
        let tpp_bound = step(&point.bound)?;
        for (id, value) in point.with.iter().filter(|(id, _)| *id != bandwidth) {
            if let Ok(fact) = self.dictionary.parse(*id, value) {
                chip.facts.push((*id, fact.clone()));
                case.set(*id, fact);
            }
        }
        let size = tpp_bound.unwrap_or(f64::INFINITY).min(number(top, tpp).unwrap_or(0.0));
        let size = Fact::Number(Number::parse(&format!("{size:.0}")).ok()?);
        case.set(tpp, size.clone());
        chip.facts.push((tpp, size));
        let second = frontier(corridor, &Question { case, at_most, free: vec![] }, &[bandwidth]);
        let bandwidth_bound = step(&second.best.first()?.1.bound)?;
        let speed = bandwidth_bound.unwrap_or(f64::INFINITY).min(number(top, bandwidth).unwrap_or(0.0));
        chip.facts.push((bandwidth, Fact::Number(Number::parse(&format!("{speed:.0}")).ok()?)));
        chip.facts.sort_by_key(|(id, _)| *id);
        Some((chip, tpp_bound, bandwidth_bound))
    }

    /// The same sale by way of the exporter's country.
    fn onward(&self, mut case: Case) -> Case {
        self.text(&mut case, "kind", "export");
        if let Some(id) = self.dictionary.id("ships_from") {
            case.set(id, Fact::Country(self.exporter_country));
        }
        case
    }

    /// The vendor's data-center part in the catalogue that is nearest in performance and bandwidth.
    fn like(&self, vendor: &str, tpp: f64, bandwidth: f64) -> (String, String) {
        let distance = |chip: &Chip| -> Option<f64> {
            let (x, y) = (self.value(chip, "tpp")?, self.value(chip, "memory_bandwidth_gbs")?);
            Some((x / tpp.max(1.0)).ln().abs() + (y / bandwidth.max(1.0)).ln().abs())
        };
        self.library
            .catalogue
            .chips
            .iter()
            .filter(|c| self.is(c, "vendor", vendor) && self.is(c, "datacenter", "yes"))
            .filter_map(|c| Some((distance(c)?, c)))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or_else(
                || ("a new part".to_owned(), "a new part".to_owned()),
                |(_, c)| (c.name.to_string(), c.family.to_string()),
            )
    }

    /// The vendor's parts for the whole world that take part, from some quarters after their announcement on.
    fn world_parts(&self, spec: &VendorSpec) -> Vec<WorldPart> {
        let chips = &self.library.catalogue.chips;
        chips
            .iter()
            .filter(|c| spec.parts.iter().any(|name| **name == *c.name))
            .filter_map(|chip| {
                let announced = self.dictionary.id("announced")?;
                let month = chip.facts.iter().find_map(|(id, fact)| match fact {
                    Fact::Text(text) if *id == announced => Some(text.clone()),
                    _ => None,
                })?;
                let from = month_quarter(&month)?.plus(spec.launch_lag);
                let (tpp, bandwidth) = (self.value(chip, "tpp")?, self.value(chip, "memory_bandwidth_gbs")?);
                Some(WorldPart { chip: chip.clone(), from, tpp, bandwidth, quality: geometric(tpp, bandwidth) })
            })
            .collect()
    }

    /// How each design fares in every quarter and under every stance.
    fn designs(&mut self, out: &mut VendorGates, wanted: Vec<Option<usize>>) {
        let count = out.story.len();
        out.wanted = wanted.into_iter().map(|w| w.unwrap_or(count) as f64).collect();
        // One place more than there are designs: no design at all.
        out.designs = Offers::new(count + 1);
        for at in 0..self.scenario.quarters {
            let days = self.stretches(self.quarter(at));
            for stance in 0..self.ladder.len() {
                for (number, design) in out.story.iter().enumerate() {
                    let key = design_key(&out.name, number);
                    let answers: Vec<(Answer, f64)> =
                        days.iter().map(|(day, share)| (self.answer(stance, &key, &design.chip, *day), *share)).collect();
                    let (tpp, bandwidth) = (design.tpp.unwrap_or(f64::INFINITY), design.bandwidth.unwrap_or(f64::INFINITY));
                    out.designs.push(tpp, bandwidth, &answers);
                }
                out.designs.push(0.0, 0.0, &[]);
            }
        }
    }
}

/// Names a design among all that is asked about.
fn design_key(vendor: &str, number: usize) -> String {
    format!("{vendor} design {number}")
}

/// Properties that a redesign may choose.
const PROPERTIES: [&str; 4] = ["tpp", "memory_bandwidth_gbs", "interconnect_gbs", "io_total_gbs"];

/// A part cut to the law: the part, its bound on performance, its bound on memory bandwidth.
type Cut = (Chip, Option<f64>, Option<f64>);

struct WorldPart {
    chip: Chip,
    from: Quarter,
    tpp: f64,
    bandwidth: f64,
    quality: f64,
}

fn geometric(tpp: f64, bandwidth: f64) -> f64 {
    (tpp * bandwidth).sqrt()
}

/// The quarter of a month written `2020-05`.
fn month_quarter(text: &str) -> Option<Quarter> {
    let (year, month) = text.get(..7)?.split_once('-')?;
    let month: u8 = month.parse().ok()?;
    (1..=12).contains(&month).then_some(())?;
    Some(Quarter { year: year.parse().ok()?, q: month.div_ceil(3) })
}

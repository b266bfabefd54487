//! The catalogue of parts, from `chips/*.csv`: unknown cells stay unknown, doubtful ones are marked.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::case::{Case, Fact};
use crate::field::{Dictionary, FieldId};
use crate::number::Number;
use crate::problem::{Pack, Problem, Source, nearest};

/// One part.
#[derive(Clone, Debug)]
pub struct Chip {
    /// Name in the catalogue.
    pub name: Arc<str>,
    /// The name that letters and the press use for several variants.
    pub family: Arc<str>,
    /// What is known of it, in dictionary order.
    pub facts: Vec<(FieldId, Fact)>,
    /// Dense rates by number format, in TOPS, as published.
    pub dense_tops: Vec<(String, Number)>,
    /// Columns that are doubtful and why; empty where none is.
    pub doubtful: String,
    /// Where the figures stand.
    pub sources: String,
    /// How sure they are.
    pub confidence: String,
}

/// Every part that the packs know.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// In the order of files and lines.
    pub chips: Vec<Chip>,
    by_name: HashMap<String, usize>,
}

/// What a name means in the catalogue.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// One part.
    Chip(&'a Chip),
    /// A family of several parts.
    Family(Vec<&'a Chip>),
    /// Nothing; these names resemble it.
    Nothing(Vec<&'a str>),
}

/// Columns that are not facts of the dictionary.
const OWN: [&str; 8] =
    ["name", "family", "die_area_mm2", "dense_tops_by_format", "max_tpp", "doubtful", "source_urls", "confidence"];

impl Catalogue {
    /// Reads every `chips/*.csv` of a pack.
    pub fn read(pack: &Pack, dictionary: &Dictionary, problems: &mut Vec<Problem>) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for source in pack.under("chips/").filter(|s| s.path.ends_with(".csv")) {
            catalogue.read_file(source, dictionary, problems);
        }
        catalogue
    }

    fn read_file(&mut self, source: &Source, dictionary: &Dictionary, problems: &mut Vec<Problem>) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source.text.as_bytes());
        let headers = match reader.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => return problems.push(source.problem(0..0, format!("not CSV: {error}"))),
        };
        for header in &headers {
            if !OWN.contains(&header) && dictionary.id(header).is_none() {
                let at = source.text.find(header).unwrap_or(0);
                let near = dictionary.nearest(header).join(", ");
                problems.push(
                    source.problem(at..at + header.len(), format!("unknown column `{header}`")).hint(format!("near it: {near}")),
                );
            }
        }
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let row = RowText { source, headers: &headers, record: &record };
                    if let Some(chip) = row.chip(dictionary, problems) {
                        self.add(chip, &row, problems);
                    }
                }
                Err(error) => {
                    let at = error.position().map_or(0, |p| p.byte() as usize);
                    problems.push(source.problem(at..at + 1, format!("not CSV: {error}")));
                }
            }
        }
    }

    fn add(&mut self, chip: Chip, row: &RowText<'_>, problems: &mut Vec<Problem>) {
        let key = folded(&chip.name);
        if self.by_name.contains_key(&key) {
            return problems.push(row.source.problem(row.at("name"), format!("`{}` stands in the catalogue twice", chip.name)));
        }
        self.by_name.insert(key, self.chips.len());
        self.chips.push(chip);
    }

    /// A part by name, or the parts of a family; case and spacing do not matter.
    pub fn find(&self, name: &str) -> Found<'_> {
        let key = folded(name);
        if let Some(chip) = self.by_name.get(&key).and_then(|i| self.chips.get(*i)) {
            return Found::Chip(chip);
        }
        let family: Vec<&Chip> = self.chips.iter().filter(|c| folded(&c.family) == key).collect();
        match family.as_slice() {
            [] => Found::Nothing(nearest(name, self.chips.iter().map(|c| &*c.name))),
            [one] => Found::Chip(one),
            _ => Found::Family(family),
        }
    }
}

impl Chip {
    /// States everything that the catalogue knows of this part.
    pub fn fill(&self, case: &mut Case) {
        for (id, fact) in &self.facts {
            case.set(*id, fact.clone());
        }
    }
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// One row of a chip table with its header.
struct RowText<'a> {
    source: &'a Source,
    headers: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl RowText<'_> {
    fn cell(&self, column: &str) -> &str {
        let at = self.headers.iter().position(|h| h == column);
        at.and_then(|i| self.record.get(i)).unwrap_or_default().trim()
    }

    /// The place of a cell's text in its row; the row's start where the text is not found.
    fn at(&self, column: &str) -> Range<usize> {
        let start = self.record.position().map_or(0, |p| p.byte() as usize);
        let cell = self.cell(column);
        let line = self.source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let offset = line.find(cell).unwrap_or(0);
        start + offset..start + offset + cell.len()
    }

    fn chip(&self, dictionary: &Dictionary, problems: &mut Vec<Problem>) -> Option<Chip> {
        if self.record.len() != self.headers.len() {
            let message = format!("{} cells under {} columns", self.record.len(), self.headers.len());
            problems.push(self.source.problem(self.at("name"), message).hint("quote cells that hold commas"));
            return None;
        }
        let name: Arc<str> = Arc::from(self.cell("name"));
        let family: Arc<str> = Arc::from(self.cell("family"));
        if name.is_empty() || family.is_empty() {
            problems.push(self.source.problem(self.at("name"), "a part needs `name` and `family`"));
            return None;
        }
        let dense_tops = self.dense_tops(problems);
        let mut facts = Vec::new();
        let mut state = |column: &str, fact: Fact| {
            if let Some(id) = dictionary.id(column)
                && fact != Fact::Unknown
            {
                facts.push((id, fact));
            }
        };
        state("chip", Fact::Text(name.clone()));
        state("chip_family", Fact::Text(family.clone()));
        for header in self.headers.iter().filter(|h| !OWN.contains(h)) {
            if let Some(id) = dictionary.id(header) {
                match dictionary.parse(id, self.cell(header)) {
                    Ok(fact) => state(header, fact),
                    Err(why) => problems.push(self.source.problem(self.at(header), format!("{header}: {why}"))),
                }
            }
        }
        state("applicable_die_area_mm2", self.die_area(dictionary, problems));
        state("tpp", self.tpp(&dense_tops, dictionary, problems));
        facts.sort_by_key(|(id, _)| *id);
        Some(Chip {
            name,
            family,
            facts,
            dense_tops,
            doubtful: self.cell("doubtful").to_owned(),
            sources: self.cell("source_urls").to_owned(),
            confidence: self.cell("confidence").to_owned(),
        })
    }

    fn dense_tops(&self, problems: &mut Vec<Problem>) -> Vec<(String, Number)> {
        let mut rates = Vec::new();
        for part in self.cell("dense_tops_by_format").split(';').filter(|p| !p.trim().is_empty()) {
            match part.split_once(':').map(|(format, rate)| (format.trim(), Number::parse(rate))) {
                Some((format, Ok(rate))) => rates.push((format.to_owned(), rate)),
                _ => problems.push(
                    self.source
                        .problem(self.at("dense_tops_by_format"), format!("`{part}` is not a rate"))
                        .hint("as in fp16:989.5;fp8:1979"),
                ),
            }
        }
        rates
    }

    /// The area counts only where the node is non-planar (Technical Notes to 3A090): a planar part has none.
    fn die_area(&self, dictionary: &Dictionary, problems: &mut Vec<Problem>) -> Fact {
        match self.cell("non_planar") {
            "no" => Fact::Absent,
            "yes" => match dictionary.id("applicable_die_area_mm2").map(|id| dictionary.parse(id, self.cell("die_area_mm2"))) {
                Some(Ok(fact)) => fact,
                Some(Err(why)) => {
                    problems.push(self.source.problem(self.at("die_area_mm2"), why));
                    Fact::Unknown
                }
                None => Fact::Unknown,
            },
            _ => Fact::Unknown,
        }
    }

    /// TPP is the greatest dense rate times its bit length; the rounded column must agree with it.
    fn tpp(&self, rates: &[(String, Number)], dictionary: &Dictionary, problems: &mut Vec<Problem>) -> Fact {
        let mut best: Option<Decimal> = None;
        for (format, rate) in rates {
            let Some((_, bits)) = dictionary.formats.iter().find(|(f, _)| f == format) else {
                let known: Vec<&str> = dictionary.formats.iter().map(|(f, _)| f.as_str()).collect();
                problems.push(
                    self.source
                        .problem(self.at("dense_tops_by_format"), format!("unknown format `{format}`"))
                        .hint(format!("known: {}", known.join(", "))),
                );
                continue;
            };
            let tpp = rate.decimal().checked_mul(bits.decimal());
            best = best.max(tpp);
        }
        let stated = self.cell("max_tpp");
        match (best, Number::parse(stated)) {
            (Some(best), Ok(stated)) => {
                let rounded = best.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
                if rounded != stated.decimal() {
                    problems.push(
                        self.source
                            .problem(self.at("max_tpp"), format!("max_tpp says {stated}, the formats give {best}"))
                            .hint("dense rate times bit length, the highest, rounded to a whole number"),
                    );
                }
                Fact::Number(Number::from(best))
            }
            (Some(best), Err(_)) => Fact::Number(Number::from(best)),
            (None, Ok(stated)) => Fact::Number(stated),
            (None, Err(_)) => Fact::Unknown,
        }
    }
}

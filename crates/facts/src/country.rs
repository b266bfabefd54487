//! Countries and territories by ISO 3166-1 code.

use std::collections::HashMap;

use crate::problem::{Problem, Source, nearest};

/// A country's place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryId(pub u16);

/// The table of countries.
#[derive(Clone, Debug, Default)]
pub struct Countries {
    rows: Vec<(String, String, String)>,
    by_code: HashMap<String, u16>,
}

impl Countries {
    /// Reads `code,name,name_zh`.
    pub fn read(source: &Source, problems: &mut Vec<Problem>) -> Countries {
        let mut countries = Countries::default();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source.text.as_bytes());
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    problems.push(source.problem(0..0, format!("not CSV: {error}")));
                    continue;
                }
            };
            let at = record.position().map_or(0, |p| p.byte() as usize);
            let cell = |i: usize| record.get(i).unwrap_or_default().trim().to_owned();
            let code = cell(0);
            if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                problems.push(
                    source.problem(at..at + 2, format!("`{code}` is not a country code")).hint("two capital letters, ISO 3166-1"),
                );
                continue;
            }
            if countries.by_code.contains_key(&code) {
                problems.push(source.problem(at..at + 2, format!("`{code}` stands here twice")));
                continue;
            }
            countries.by_code.insert(code.clone(), countries.rows.len() as u16);
            countries.rows.push((code, cell(1), cell(2)));
        }
        countries
    }

    /// A country by code, or by its English name.
    pub fn find(&self, text: &str) -> Option<CountryId> {
        let text = text.trim();
        if let Some(id) = self.by_code.get(text).or_else(|| self.by_code.get(&text.to_uppercase())) {
            return Some(CountryId(*id));
        }
        let at = self.rows.iter().position(|(_, name, _)| name.eq_ignore_ascii_case(text))?;
        Some(CountryId(at as u16))
    }

    /// Names and codes that resemble a wrong one.
    pub fn nearest(&self, wrong: &str) -> Vec<&str> {
        nearest(wrong, self.rows.iter().map(|(_, name, _)| name.as_str()))
    }

    /// The two-letter code.
    pub fn code(&self, id: CountryId) -> &str {
        self.rows.get(id.0 as usize).map_or("??", |r| &r.0)
    }

    /// The English name.
    pub fn name(&self, id: CountryId) -> &str {
        self.rows.get(id.0 as usize).map_or("??", |r| &r.1)
    }

    /// The Chinese name.
    pub fn name_zh(&self, id: CountryId) -> &str {
        self.rows.get(id.0 as usize).map_or("??", |r| &r.2)
    }

    /// Every country, in the order of the table.
    pub fn ids(&self) -> impl Iterator<Item = CountryId> + use<> {
        (0..self.rows.len() as u16).map(CountryId)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

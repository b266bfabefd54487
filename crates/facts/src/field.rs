//! The dictionary of facts: one entry a name, read from `fields.toml`; checker, readers and help texts use it.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use crate::case::Fact;
use crate::country::Countries;
use crate::names::{Names, seen};
use crate::number::Number;
use crate::problem::{Pack, Problem, Source, nearest};
use crate::text::{Keys, Text, parse_toml};
use crate::unit::{Unit, Units};

/// A field's place in the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

/// What kind of value a fact has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A decimal number.
    Number,
    /// Yes or no.
    Bool,
    /// One of the listed words.
    Choice(Vec<String>),
    /// A country.
    Country,
    /// Any text.
    Text,
    /// Any of the listed words, together.
    Set(Vec<String>),
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldType::Number => "number",
            FieldType::Bool => "bool",
            FieldType::Choice(_) => "choice",
            FieldType::Country => "country",
            FieldType::Text => "text",
            FieldType::Set(_) => "set",
        })
    }
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The thing shipped.
    Item,
    /// The shipment.
    Transaction,
    /// A party to it.
    Party,
    /// What it is for.
    Use,
    /// Something shown or attested.
    Certification,
    /// The chip table only; rules may not use it.
    Catalogue,
}

impl About {
    const ALL: [(&'static str, About); 6] = [
        ("item", About::Item),
        ("transaction", About::Transaction),
        ("party", About::Party),
        ("use", About::Use),
        ("certification", About::Certification),
        ("catalogue", About::Catalogue),
    ];

    /// The word in `fields.toml`.
    pub fn word(self) -> &'static str {
        About::ALL.iter().find(|(_, a)| *a == self).map_or("", |(w, _)| w)
    }
}

/// What the standard case takes where nothing is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Standard {
    /// Stays unknown.
    Unknown,
    /// This fact.
    Is(Fact),
    /// What another field has.
    SameAs(FieldId),
}

/// One entry of the dictionary.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name in rules and files.
    pub name: String,
    /// Other column names that files may use.
    pub columns: Vec<String>,
    /// Kind of value.
    pub kind: FieldType,
    /// Unit of a number.
    pub unit: Unit,
    /// Whether only whole numbers exist, since the unit is of things that are counted.
    pub whole: bool,
    /// Least value, and whether it is itself refused.
    pub min: Option<(Number, bool)>,
    /// Greatest value.
    pub max: Option<Number>,
    /// Whether it may be known not to exist.
    pub absent: bool,
    /// What it is about.
    pub about: About,
    /// What it means.
    pub meaning: String,
    /// Where the meaning comes from.
    pub source: String,
    /// Value in the standard case.
    pub standard: Standard,
    /// Whether it is what a screening of parties finds: the standard case can only presume it.
    pub screened: bool,
    /// Whether it names a company, so that `names.toml` says who is meant.
    pub company: bool,
}

/// Every fact that a case may state.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Fields in the order of the file.
    pub fields: Vec<Field>,
    /// Declared units.
    pub units: Units,
    /// Bit length by number format.
    pub formats: Vec<(String, Number)>,
    /// Countries.
    pub countries: Countries,
    /// Who is who.
    pub names: Names,
    by_name: HashMap<String, FieldId>,
}

impl Dictionary {
    /// Reads `fields.toml` and `countries.csv` of a pack.
    pub fn read(pack: &Pack, problems: &mut Vec<Problem>) -> Dictionary {
        let mut dictionary = Dictionary::default();
        match pack.get("countries.csv") {
            Some(source) => dictionary.countries = Countries::read(source, problems),
            None => problems.push(absent("countries.csv")),
        }
        // Without it companies are known by what rules call them.
        if let Some(source) = pack.get("names.toml") {
            dictionary.names = Names::read(source, problems);
        }
        let Some(source) = pack.get("fields.toml") else {
            problems.push(absent("fields.toml"));
            return dictionary;
        };
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), table.span(), problems);
        dictionary.read_units(&mut keys);
        let mut standards = Vec::new();
        if let Some((value, at)) = keys.get("field") {
            match value.as_table() {
                Some(fields) => {
                    let mut fields = keys.inner(fields, at);
                    fields.each(|keys, name, value, at| dictionary.read_field(keys, name, value, at, &mut standards));
                }
                None => keys.report(at, "`field` must be a table", "write [field.name]"),
            }
        }
        keys.finish();
        for (id, standard) in standards {
            dictionary.read_standard(source, id, standard, problems);
        }
        dictionary
    }

    fn read_units(&mut self, keys: &mut Keys<'_, '_>) {
        if let Some((value, at)) = keys.get("units")
            && let Some(table) = value.as_table()
        {
            let mut table = keys.inner(table, at);
            let mut derived = Vec::new();
            table.each(|keys, name, value, at| match value {
                DeValue::String(_) => self.units.base(&name.value),
                DeValue::Table(inner) => {
                    let mut inner = keys.inner(inner, at);
                    let whole = inner.flag("whole").unwrap_or(false);
                    let is = if whole { None } else { inner.must("is") };
                    inner.text("note");
                    inner.finish();
                    if whole {
                        self.units.counted(&name.value);
                    }
                    derived.extend(is.map(|is| (name.value, is)));
                }
                _ => keys.report(at, "a unit is its meaning, { is = … } or { whole = true }", ""),
            });
            for (name, is) in derived {
                if let Err(why) = self.units.derived(&name, &is.value) {
                    table.report(is.at, why, "a number and a unit that is not itself derived, as in { is = \"1000 GB\" }");
                }
            }
        }
        if let Some((value, at)) = keys.get("formats")
            && let Some(table) = value.as_table()
        {
            let mut table = keys.inner(table, at);
            table.each(|keys, name, value, at| match value.as_integer().map(|i| Number::parse(i.as_str())) {
                Some(Ok(bits)) => self.formats.push((name.value, bits)),
                _ => keys.report(at, "a format's bit length is a whole number", ""),
            });
        }
    }

    fn read_field<'a>(
        &mut self,
        keys: &mut Keys<'a, '_>,
        name: Text,
        value: &'a DeValue<'a>,
        at: Range<usize>,
        standards: &mut Vec<(FieldId, (&'a DeValue<'a>, Range<usize>))>,
    ) {
        let Some(table) = value.as_table() else {
            return keys.report(at, "a field is a table", "write [field.name]");
        };
        let mut keys = keys.inner(table, name.at.clone());
        let id = FieldId(self.fields.len() as u16);
        let values: Vec<String> = keys.texts("values").into_iter().map(|t| t.value).collect();
        let kind = match keys.must("type").as_ref().map(|t| (t.value.as_str(), t.at.clone())) {
            Some(("number", _)) => FieldType::Number,
            Some(("bool", _)) => FieldType::Bool,
            Some(("country", _)) => FieldType::Country,
            Some(("text", _)) => FieldType::Text,
            Some(("choice", at)) | Some(("set", at)) if values.is_empty() || values.len() > 32 => {
                keys.report(at, "needs `values`, 1 to 32 of them", "");
                FieldType::Text
            }
            Some(("choice", _)) => FieldType::Choice(values),
            Some(("set", _)) => FieldType::Set(values),
            Some((other, at)) => {
                keys.report(at, format!("unknown type `{other}`"), "number, bool, choice, country, text or set");
                FieldType::Text
            }
            None => FieldType::Text,
        };
        let mut whole = false;
        let unit = match keys.text("unit") {
            Some(text) => {
                whole = self.units.is_counted(&text.value);
                self.units.parse(&text.value).unwrap_or_else(|why| {
                    keys.report(text.at, why, "declare it under [units]");
                    Unit::none()
                })
            }
            None => Unit::none(),
        };
        let open = keys.flag("open_min").unwrap_or(false);
        let min = keys.number("min").map(|(n, _)| (Number::from(n), open));
        let max = keys.number("max").map(|(n, _)| Number::from(n));
        let absent = keys.flag("absent").unwrap_or(false);
        let about = keys.must("about").and_then(|t| {
            let found = About::ALL.iter().find(|(w, _)| *w == t.value).map(|(_, a)| *a);
            if found.is_none() {
                keys.report(
                    t.at,
                    format!("`{}` is not something a fact is about", t.value),
                    "item, transaction, party, use, certification or catalogue",
                );
            }
            found
        });
        let [screened, company] = ["screened", "company"].map(|flag| keys.flag(flag).unwrap_or(false));
        let columns = keys.texts("column").into_iter().map(|t| t.value).collect::<Vec<_>>();
        let meaning = keys.must("meaning").map(|t| t.value).unwrap_or_default();
        let source = keys.must("source").map(|t| t.value).unwrap_or_default();
        if let Some(standard) = keys.get("standard") {
            standards.push((id, standard));
        }
        for word in columns.iter().chain([&name.value]) {
            if self.by_name.insert(word.clone(), id).is_some() {
                keys.report(name.at.clone(), format!("`{word}` names two fields"), "");
            }
        }
        keys.finish();
        self.fields.push(Field {
            name: name.value,
            columns,
            kind,
            unit,
            whole,
            min,
            max,
            absent,
            about: about.unwrap_or(About::Item),
            meaning,
            source,
            standard: Standard::Unknown,
            screened,
            company,
        });
    }

    fn read_standard(
        &mut self,
        source: &Source,
        id: FieldId,
        (value, at): (&DeValue<'_>, Range<usize>),
        problems: &mut Vec<Problem>,
    ) {
        let standard = match value {
            DeValue::Table(table) => {
                let same = table.get("same_as").and_then(|v| v.get_ref().as_str());
                same.and_then(|name| self.id(name)).map(Standard::SameAs).ok_or("`same_as` must name a field".to_owned())
            }
            DeValue::String(s) => self.parse(id, s).map(Standard::Is),
            DeValue::Boolean(b) => self.parse(id, if *b { "yes" } else { "no" }).map(Standard::Is),
            DeValue::Integer(i) => self.parse(id, i.as_str()).map(Standard::Is),
            DeValue::Float(f) => self.parse(id, f.as_str()).map(Standard::Is),
            _ => Err("a standard value is a word, a number or { same_as = … }".to_owned()),
        };
        match standard {
            Ok(standard) => {
                if let Some(field) = self.fields.get_mut(id.0 as usize) {
                    field.standard = standard;
                }
            }
            Err(why) => problems.push(source.problem(at, why)),
        }
    }

    /// A field by name or column name.
    pub fn id(&self, name: &str) -> Option<FieldId> {
        self.by_name.get(name).copied()
    }

    /// A field by its place.
    ///
    /// # Panics
    /// Never for an id that this dictionary gave out.
    #[allow(clippy::indexing_slicing)] // ids are made only by `read`, which never removes a field
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.0 as usize]
    }

    /// Every field's place.
    pub fn ids(&self) -> impl Iterator<Item = FieldId> + use<> {
        (0..self.fields.len() as u16).map(FieldId)
    }

    /// Whether some of these facts are what only a screening of parties finds.
    pub fn any_screened(&self, ids: &[FieldId]) -> bool {
        ids.iter().any(|id| self.field(*id).screened)
    }

    /// Field names that resemble a wrong one.
    pub fn nearest(&self, wrong: &str) -> Vec<&str> {
        nearest(wrong, self.fields.iter().map(|f| f.name.as_str()))
    }

    /// Reads a fact as files spell it: empty is unknown, `none` a known absence.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    pub fn parse(&self, id: FieldId, text: &str) -> Result<Fact, String> {
        let field = self.field(id);
        let text = text.trim();
        match (text, &field.kind) {
            ("", _) => return Ok(Fact::Unknown),
            (unknown, _) if is_unknown(unknown) => return Ok(Fact::Unknown),
            ("none", FieldType::Set(_)) => return Ok(Fact::Set(0)),
            ("none", _) if field.absent => return Ok(Fact::Absent),
            ("none", _) => return Err(format!("`{}` always exists; leave the cell empty where it is not known", field.name)),
            _ => {}
        }
        match &field.kind {
            FieldType::Number => {
                let number = Number::parse(text).map_err(|why| self.helpful(id, text, why))?;
                if field.whole && !number.is_whole() {
                    return Err(format!("`{}` is a whole number; write it without decimals", field.name));
                }
                let low = field.min.is_some_and(|(min, open)| number < min || (open && number == min));
                if low || field.max.is_some_and(|max| number > max) {
                    return Err(format!("`{}` is {} {}", field.name, bounds(field), field.unit).trim_end().to_owned());
                }
                Ok(Fact::Number(number))
            }
            FieldType::Bool => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "y" | "1" => Ok(Fact::Bool(true)),
                "no" | "false" | "n" | "0" => Ok(Fact::Bool(false)),
                _ => Err("answer yes or no, or leave it empty where it is not known".to_owned()),
            },
            FieldType::Choice(words) => match words.iter().position(|w| w == text) {
                Some(at) => Ok(Fact::Choice(at as u8)),
                None => Err(one_of(words, text)),
            },
            FieldType::Country => match self.countries.find(text) {
                Some(country) => Ok(Fact::Country(country)),
                None => {
                    let near = self.countries.nearest(text);
                    let near = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
                    Err(format!("`{text}` is not a country: two letters of ISO 3166-1, or its English name{near}"))
                }
            },
            FieldType::Text => {
                let name = seen(text)?;
                if self.names.is_placeholder(&name) {
                    return Err(format!("`{text}` is no name; leave it empty or write `unknown` where it is not known"));
                }
                let company = if field.company { self.names.company(&name) } else { None };
                Ok(Fact::Text(company.map_or_else(|| Arc::from(&*name), Arc::clone)))
            }
            FieldType::Set(words) => {
                let mut bits = 0u32;
                for word in text.split([' ', ';']).filter(|w| !w.is_empty()) {
                    match words.iter().position(|w| w == word) {
                        Some(at) => bits |= 1 << at,
                        None => return Err(one_of(words, word)),
                    }
                }
                Ok(Fact::Set(bits))
            }
        }
    }

    /// Why a text is no number of a field, with no advice but such as leads to one.
    fn helpful(&self, id: FieldId, text: &str, why: String) -> String {
        match (Number::meant(text), why.split_once("; ")) {
            (Some(meant), Some((message, _))) if self.parse(id, &meant).is_err() => message.to_owned(),
            _ => why,
        }
    }

    /// Why a text such as `1.000` is refused where nothing settles how its point is meant, and whether it is a fact with decimals; none
    /// where it needs no settling.
    pub(crate) fn undecided(&self, id: FieldId, text: &str) -> Option<(String, bool)> {
        let (whole, decimal) = Number::two_readings(text).filter(|_| self.field(id).kind == FieldType::Number)?;
        let text = text.trim();
        let (whole_fits, decimal_fits) = (self.parse(id, &whole).is_ok(), self.parse(id, &decimal).is_ok());
        let why = match (whole_fits, decimal_fits) {
            (true, true) => format!("`{text}` can be read in two ways; write {whole} or {decimal}"),
            (true, false) => format!("the point in `{text}` is not before decimals; if thousands are meant, write {whole}"),
            (false, true) => format!("`{text}` can be read in two ways; write {decimal} if the point stands before decimals"),
            (false, false) => format!("`{text}` is no number that `{}` may have", self.field(id).name),
        };
        Some((why, decimal_fits))
    }

    /// A fact as files spell it; `parse` reads it back.
    pub fn spell(&self, id: FieldId, fact: &Fact) -> String {
        let mut text = String::new();
        self.spell_into(&mut text, id, fact);
        text
    }

    /// The same at the end of a text, to which writing does not fail.
    pub fn spell_into(&self, text: &mut String, id: FieldId, fact: &Fact) {
        match (fact, &self.field(id).kind) {
            (Fact::Unknown, _) => {}
            (Fact::Absent | Fact::Set(0), _) => text.push_str("none"),
            (Fact::Bool(yes), _) => text.push_str(if *yes { "yes" } else { "no" }),
            (Fact::Number(n), _) => _ = write!(text, "{n}"),
            (Fact::Choice(at), FieldType::Choice(words)) => text.push_str(words.get(*at as usize).map_or("", String::as_str)),
            (Fact::Country(c), _) => text.push_str(self.countries.code(*c)),
            (Fact::Text(t), _) => text.push_str(t),
            (Fact::Set(bits), FieldType::Set(words)) => {
                let held: Vec<&str> =
                    words.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, word)| word.as_str()).collect();
                text.push_str(&held.join(" "));
            }
            (Fact::Choice(at), _) => _ = write!(text, "{at}"),
            (Fact::Set(bits), _) => _ = write!(text, "{bits}"),
        }
    }
}

/// Whether somebody wrote that nobody knows.
pub fn is_unknown(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("unknown")
}

fn bounds(field: &Field) -> String {
    let low = field.min.map(|(min, open)| if open { format!("above {min}") } else { format!("at least {min}") });
    let high = field.max.map(|max| format!("at most {max}"));
    [low, high].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn one_of(words: &[String], wrong: &str) -> String {
    let near = nearest(wrong, words.iter().map(String::as_str));
    match near.first() {
        Some(best) => format!("`{wrong}` is not one of its words; did you mean `{best}`?"),
        None => format!("`{wrong}` is not one of {}", words.join(", ")),
    }
}

/// The problem of a text that a pack lacks.
fn absent(path: &str) -> Problem {
    let source = Source { path: path.to_owned(), text: String::new() };
    source.problem(0..0, "the pack has no such file").hint("point --data at a folder that holds it, or leave --data away")
}

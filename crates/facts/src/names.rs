//! Names of companies and parts as a reader sees them: folded where signs cannot be seen, refused where they pass for others, and who
//! is who by `names.toml`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

use crate::problem::{Problem, Source};
use crate::text::{Keys, parse_toml};

/// Who is who: the spellings of companies that rules name, and words that stand where nobody knew a name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// By key of a spelling: the name that rules use.
    companies: HashMap<String, Arc<str>>,
    placeholders: HashSet<String>,
}

impl Names {
    /// Reads `names.toml`.
    pub(crate) fn read(source: &Source, problems: &mut Vec<Problem>) -> Names {
        let mut names = Names::default();
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), table.span(), problems);
        names.placeholders = keys.texts("placeholders").into_iter().map(|word| word.value.to_lowercase()).collect();
        keys.tables("company", |keys| {
            let name = keys.must("name");
            let spellings = keys.texts("spellings");
            keys.must("source");
            keys.must("confidence");
            let name = name?;
            let canonical: Arc<str> = Arc::from(name.value.as_str());
            for text in std::iter::once(name).chain(spellings) {
                let other = names.companies.insert(key(&text.value), Arc::clone(&canonical));
                if let Some(other) = other.filter(|other| *other != canonical) {
                    keys.report(
                        text.at,
                        format!("`{}` is a spelling of {other} as well", text.value),
                        "a spelling means one company",
                    );
                }
            }
            Some(())
        });
        keys.finish();
        names
    }

    /// The name that rules use for a company; none where the file does not know the spelling.
    pub fn company(&self, name: &str) -> Option<&Arc<str>> {
        self.companies.get(&key(name))
    }

    /// Every spelling that means a company, as keys, and the company.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.companies.iter().map(|(key, name)| (key.as_str(), name))
    }

    /// Whether a text stands where nobody knew a name, as `n/a` does.
    pub(crate) fn is_placeholder(&self, text: &str) -> bool {
        !text.contains(char::is_alphanumeric) || self.placeholders.contains(&text.to_lowercase())
    }
}

/// A name as a reader sees it: wide and compatible forms as plain ones (NFKC, UAX 15), what cannot be seen left out, one space where
/// several stand, none of the signs ® ™ © ℠.
///
/// # Errors
/// Control characters; a word that passes for a Latin one by letters of another script (UTS 39, confusables).
pub(crate) fn seen(text: &str) -> Result<Cow<'_, str>, String> {
    if text.contains(|c: char| c.is_control() && c != '\t') {
        return Err("a name holds no control characters".to_owned());
    }
    if text.is_ascii() {
        let plain = !text.contains('\t') && !text.contains("  ") && text.trim() == text;
        return Ok(if plain { Cow::Borrowed(text) } else { Cow::Owned(spaced(text)) });
    }
    let signs = |c: &char| !matches!(c, '®' | '™' | '©' | '℠');
    let visible = text.chars().filter(signs).nfkc().filter(|c| !is_unseen(*c)).collect::<String>();
    let folded = spaced(&visible.nfkc().collect::<String>());
    if let Some(word) = folded.split(|c: char| !c.is_alphanumeric()).find(|word| passes_for_latin(word)) {
        let looks: String = skeleton(word).collect();
        return Err(format!("`{word}` looks like `{looks}` but holds letters of another script; write it in one script"));
    }
    Ok(Cow::Owned(folded))
}

/// Words with one space between them.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a reader sees nothing of a character: formats (soft hyphen, zero width, direction marks, tags), selectors and fillers.
fn is_unseen(c: char) -> bool {
    let filler =
        matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}');
    let selector = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    filler || selector || c.general_category() == GeneralCategory::Format
}

/// Whether a word mixes Latin letters with those of another script that look like Latin ones.
fn passes_for_latin(word: &str) -> bool {
    !word.is_ascii() && word.contains(|c: char| c.is_ascii_alphabetic()) && !word.is_single_script() && looks_latin(word)
}

fn looks_latin(word: &str) -> bool {
    skeleton(word).all(|c| c.is_ascii() || is_combining_mark(c))
}

/// What spellings of one name have in common: letters and digits in lower case without accents, and no legal form at the end.
pub(crate) fn key(name: &str) -> String {
    let seen = seen(name).unwrap_or(Cow::Borrowed(name));
    let folded: String = seen.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let mut words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|word| !word.is_empty()).collect();
    while words.len() > 1 && words.last().is_some_and(|last| is_legal_form(&bare_word(last))) {
        words.pop();
    }
    let joined: String = words.iter().map(|word| bare_word(word)).collect();
    let mut rest = joined.as_str();
    while let Some(head) = HAN_FORMS.iter().find_map(|form| rest.strip_suffix(form)).filter(|head| !head.is_empty()) {
        rest = head;
    }
    rest.to_owned()
}

fn bare_word(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether two names are one: without regard to case, to signs that cannot be seen, and to the legal form at the end ("NVIDIA" is
/// "Nvidia Corporation").
pub fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (a.contains(ENDS) || b.contains(ENDS)) && bare(a).eq_ignore_ascii_case(bare(b))
}

/// What may stand before a legal form.
const ENDS: [char; 2] = [' ', ','];

/// A name without the legal form at its end.
pub(crate) fn bare(name: &str) -> &str {
    let mut name = name.trim();
    while let Some((head, tail)) = name.trim_end_matches(['.', ',', ' ']).rsplit_once(ENDS) {
        if !is_legal_form(tail.trim_matches('.')) {
            break;
        }
        name = head.trim_end_matches([' ', ',']);
    }
    name
}

fn is_legal_form(word: &str) -> bool {
    LEGAL_FORMS.iter().any(|form| form.eq_ignore_ascii_case(word))
}

/// Words that only say how a company is constituted.
const LEGAL_FORMS: [&str; 10] = ["corporation", "corp", "inc", "incorporated", "ltd", "limited", "co", "company", "llc", "plc"];
/// The same in Chinese, the longest first.
const HAN_FORMS: [&str; 7] = ["股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "集团", "集團", "公司"];

/// Names that rules ask for, by which a near miss is told.
#[derive(Clone, Debug, Default)]
pub struct Near {
    /// Keys of names that somebody bound, and the name.
    bound: Vec<(String, Arc<str>)>,
    /// Keys of names that are plainly somebody or something else.
    others: HashSet<String>,
}

impl Near {
    /// Of names that rules ask for, in all their spellings, and of names that are known to be others.
    pub fn new<'n>(
        asked: impl IntoIterator<Item = &'n Arc<str>>,
        others: impl IntoIterator<Item = &'n str>,
        names: &Names,
    ) -> Near {
        let mut near = Near::default();
        for name in asked {
            near.bound.push((key(name), Arc::clone(name)));
            let company = names.company(name).unwrap_or(name);
            let spelled = names.spellings().filter(|(_, other)| *other == company);
            near.bound.extend(spelled.map(|(key, _)| (key.to_owned(), Arc::clone(name))));
        }
        near.bound.sort();
        near.bound.dedup();
        near.others = others.into_iter().map(key).collect();
        near
    }

    /// The name that a rule asks for and that a text is nearly, but not quite; none where it is that name, or plainly another.
    pub fn of(&self, text: &str) -> Option<&Arc<str>> {
        let own = key(text);
        if own.is_empty() || self.others.contains(&own) || self.bound.iter().any(|(key, _)| *key == own) {
            return None;
        }
        let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(key).filter(|word| !word.is_empty()).collect();
        let close = |bound: &str| {
            is_slip(&own, bound)
                || words.iter().any(|word| word == bound || is_slip(word, bound))
                || own.starts_with(bound) && is_long(bound)
                || !bound.is_ascii() && is_long(bound) && own.contains(bound)
        };
        self.bound.iter().find(|(bound, _)| close(bound)).map(|(_, name)| name)
    }
}

/// Whether a name is long enough that it is hardly found in another by chance: five letters, or two of a script of syllables or words.
fn is_long(name: &str) -> bool {
    let letters = name.chars().count();
    if name.is_ascii() { letters >= 5 } else { letters >= 2 }
}

/// Whether one name is the other but for a slip: letters that look alike, two neighbours changed about, one letter more, less or other
/// in at least four, two in at least eight (optimal string alignment).
fn is_slip(a: &str, b: &str) -> bool {
    let (long, short) = (a.chars().count().max(b.chars().count()), a.chars().count().min(b.chars().count()));
    let most = if short >= 8 { 2 } else { 1 };
    if long - short > most {
        return false;
    }
    let look = |text: &str| skeleton(&text.to_uppercase()).collect::<String>().to_lowercase();
    if look(a) == look(b) || skeleton(a).eq(skeleton(b)) {
        return true;
    }
    let distance = strsim::osa_distance(a, b);
    match short {
        0..=2 => false,
        3 => long == 3 && distance == 1 && sorted(a) == sorted(b),
        // A digit more or other names another product; a letter is a slip.
        _ => distance <= most && digits(a) == digits(b),
    }
}

fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

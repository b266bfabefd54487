//! Known answers and properties of numbers, units, days, the dictionary, the catalogue and names. Order files have their own
//! cases: `tests/orders.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::sync::OnceLock;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use proptest::prelude::*;

use crate::*;

/// The pack that ships, without the regimes.
fn real() -> &'static (Dictionary, Catalogue) {
    static REAL: OnceLock<(Dictionary, Catalogue)> = OnceLock::new();
    REAL.get_or_init(|| {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let mut texts = Vec::new();
        for name in ["fields.toml", "countries.csv"] {
            texts.push((name.to_owned(), std::fs::read_to_string(data.join(name)).unwrap()));
        }
        for entry in std::fs::read_dir(data.join("chips")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            texts.push((format!("chips/{name}"), std::fs::read_to_string(&path).unwrap()));
        }
        let pack = Pack::new(texts);
        let mut problems = Vec::new();
        let dictionary = Dictionary::read(&pack, &mut problems);
        let catalogue = Catalogue::read(&pack, &dictionary, &mut problems);
        assert!(problems.is_empty(), "the pack that ships has problems:\n{}", told(&problems));
        (dictionary, catalogue)
    })
}

fn dictionary() -> &'static Dictionary {
    &real().0
}

fn catalogue() -> &'static Catalogue {
    &real().1
}

fn field(name: &str) -> FieldId {
    dictionary().id(name).unwrap_or_else(|| panic!("no field {name}"))
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect()
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

// --- numbers ---------------------------------------------------------------------------------------------------------------------

#[test]
fn numbers_print_as_they_were_written() {
    for (text, printed) in [
        ("4800", "4800"),
        ("5.92", "5.92"),
        ("5.920", "5.92"),
        ("+7", "7"),
        ("-0.5", "-0.5"),
        (".5", "0.5"),
        ("1.5e9", "1500000000"),
        ("1E3", "1000"),
        ("25e-2", "0.25"),
        (" 20919.2 ", "20919.2"),
        ("20999.9999999999999999", "20999.9999999999999999"),
        ("0", "0"),
        ("-0", "0"),
    ] {
        assert_eq!(number(text).to_string(), printed, "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "",
        " ",
        "-",
        "+",
        ".",
        "e5",
        "1e",
        "--1",
        "1.2.3",
        "0x10",
        "NaN",
        "nan",
        "inf",
        "Infinity",
        "-inf",
        "1e400",
        "-1e400",
        "1e29",
        "1/3",
        "12TOPS",
        "١٢",
        "４８００",
        "½",
        "1e5e5",
        "99999999999999999999999999999999999",
        "none",
    ] {
        let read = Number::parse(text);
        assert!(read.is_err(), "`{text}` was read as {read:?}");
    }
}

/// More digits than a decimal holds must be refused, not rounded: an exponent must not open a way around that.
#[test]
fn digits_are_never_rounded_away() {
    let read: Vec<_> = [
        "0.12345678901234567890123456789012345",
        "4799.99999999999999999999999999999999999",
        "0.12345678901234567890123456789012345e1",
        "4799.99999999999999999999999999999999999e0",
        "1e-29",
        "1e-400",
    ]
    .into_iter()
    .filter_map(|text| Number::parse(text).ok().map(|read| (text, read)))
    .collect();
    assert!(read.is_empty(), "{read:?}");
}

#[test]
fn thousands_separators_are_refused_with_the_plain_number() {
    for text in ["4,800", "4_800", "4 800", "4\u{a0}800", "4\u{202f}800", "4'800", "4’800"] {
        let why = Number::parse(text).unwrap_err();
        assert!(why.contains("thousands") && why.ends_with("write 4800"), "{text:?}: {why}");
    }
    // A comma before other than three digits stands for a point.
    let why = Number::parse("5,92").unwrap_err();
    assert!(why.ends_with("write 5.92"), "{why}");
}

#[test]
fn a_number_is_exactly_what_was_written() {
    let ratio = |n: i64, d: i64| BigRational::new(BigInt::from(n), BigInt::from(d));
    assert_eq!(number("0.1").exact(), ratio(1, 10));
    assert_eq!(number("5.92").exact(), ratio(148, 25));
    assert_eq!(number("-1e3").exact(), ratio(-1000, 1));
    assert!(number("20999.9999999999999999") < number("21000"));
    assert_eq!(number("4800.0"), number("4.8e3"));
    // The doubles are the same, the numbers are not.
    assert_eq!(number("20999.9999999999999999").approx(), number("21000").approx());
}

#[test]
fn fractions_become_decimals_only_where_they_are_decimals() {
    let ratio = |n: i64, d: i64| BigRational::new(BigInt::from(n), BigInt::from(d));
    assert_eq!(Number::from_exact(&ratio(1, 8)), Some(number("0.125")));
    assert_eq!(Number::from_exact(&ratio(-7, 25)), Some(number("-0.28")));
    assert_eq!(Number::from_exact(&ratio(1, 3)), None);
    assert_eq!(Number::from_exact(&ratio(1, 7_000)), None);
    let tiny = BigRational::new(BigInt::from(1), num_traits::pow(BigInt::from(10), 28));
    assert_eq!(Number::from_exact(&tiny), Some(number("0.0000000000000000000000000001")));
    assert_eq!(Number::from_exact(&(tiny / BigInt::from(2))), None);
    let huge = BigRational::from_integer(num_traits::pow(BigInt::from(10), 40));
    assert_eq!(Number::from_exact(&huge), None);
}

#[test]
fn money_has_two_places() {
    for (minor, text) in [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_450, "1234.50"), (75_000_000_000, "750000000.00")] {
        assert_eq!(money_text(minor), text);
    }
    assert_eq!(money_text(i64::MIN), "-92233720368547758.08");
}

/// A decimal of up to 18 digits with up to 20 of them behind the point, as text.
fn decimals() -> impl Strategy<Value = String> {
    (any::<i64>(), 0u32..=20).prop_map(|(mantissa, scale)| {
        let digits = format!("{:021}", mantissa.unsigned_abs());
        let (whole, rest) = digits.split_at(digits.len() - scale as usize);
        let sign = if mantissa < 0 { "-" } else { "" };
        if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
    })
}

proptest! {
    #[test]
    fn numbers_round_trip(text in decimals()) {
        let read = number(&text);
        prop_assert_eq!(number(&read.to_string()), read);
        prop_assert_eq!(Number::from_exact(&read.exact()), Some(read));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = Number::parse(&text);
        let _ = parse_date(&text);
        let _ = same_name(&text, "NVIDIA");
        let _ = same_name("NVIDIA", &text);
    }

    #[test]
    fn digits_and_signs_are_read_or_refused(text in "[-+.0-9eE]{0,40}") {
        if let Ok(read) = Number::parse(&text) {
            prop_assert_eq!(number(&read.to_string()), read);
        }
    }

    #[test]
    fn numbers_are_ordered_as_their_fractions(a in decimals(), b in decimals()) {
        let (a, b) = (number(&a), number(&b));
        prop_assert_eq!(a.cmp(&b), a.exact().cmp(&b.exact()));
    }

    /// The judge allows eight units in the last place before it asks for fractions; half of them are promised here.
    #[test]
    fn the_double_beside_a_number_is_near(text in decimals()) {
        let read = number(&text);
        let near = BigRational::from_float(read.approx()).unwrap();
        let room = read.exact().abs() * BigRational::from_float(4.0 * f64::EPSILON).unwrap();
        prop_assert!((near - read.exact()).abs() <= room, "{text} is shown as {}", read.approx());
    }
}

// --- units -----------------------------------------------------------------------------------------------------------------------

#[test]
fn units_convert_exactly() {
    let units = &dictionary().units;
    let factor = |from: &str, to: &str| {
        Units::conversion(&units.parse(from).unwrap(), &units.parse(to).unwrap())
            .map(|f| Number::from_exact(&f).unwrap().to_string())
    };
    assert_eq!(factor("TB/s", "GB/s").as_deref(), Some("1000"));
    assert_eq!(factor("GB/s", "TB/s").as_deref(), Some("0.001"));
    assert_eq!(factor("percent", "1").as_deref(), Some("0.01"));
    assert_eq!(factor("MW", "W").as_deref(), Some("1000000"));
    assert_eq!(factor("TB^2/s", "GB^2/s").as_deref(), Some("1000000"));
    assert_eq!(factor("TOPS.bit/mm2", "TOPS/mm2.bit"), None);
    assert_eq!(factor("TOPS", "mm2"), None);
    assert_eq!(factor("USD", "CNY"), None, "money has no fixed rate");
}

#[test]
fn products_and_quotients_of_units() {
    let units = &dictionary().units;
    let unit = |text: &str| units.parse(text).unwrap();
    let density = unit("TOPS.bit").times(&unit("mm2"), true);
    assert!(density.same_dimension(&unit("TOPS.bit/mm2")));
    assert_eq!(density.to_string(), "TOPS.bit/mm2");
    assert!(density.times(&unit("mm2"), false).same_dimension(&unit("TOPS.bit")));
    assert!(unit("GB").times(&unit("TB"), true).is_none());
    assert_eq!(unit("s").times(&unit("s"), false).to_string(), "s^2");
    assert_eq!(Unit::none().times(&unit("s"), true).to_string(), "1/s");
    assert!(unit("percent").is_none() && unit("1").is_none() && unit("bit^0").is_none());
}

/// What a message calls a unit must be that unit: the name of a computed one reads back as the same.
#[test]
fn units_are_called_what_they_are() {
    let units = &dictionary().units;
    for text in ["TOPS.bit", "TOPS.bit/mm2", "GB/s", "TB/s", "MW", "unit", "USD"] {
        let unit = units.parse(text).unwrap();
        assert_eq!(units.parse(&unit.to_string()).unwrap(), unit, "as written");
        let product = unit.times(&Unit::none(), false);
        let read = units.parse(&product.to_string()).unwrap();
        assert_eq!(Units::conversion(&read, &unit), Some(number("1").exact()), "{text} times a plain number is called {product}");
    }
}

#[test]
fn wrong_units_are_named() {
    let units = &dictionary().units;
    assert!(units.parse("TOPS.bits").unwrap_err().starts_with("unknown unit `bits`; known: "));
    assert!(units.parse("").is_err());
    assert!(units.parse("GB//s").is_err());
    assert!(units.parse("bit^256").unwrap_err().contains("256"));
    assert!(units.parse("bit^-1").is_err());
    let mut own = Units::default();
    own.base("GB");
    assert!(own.derived("TB", "1000").is_err());
    assert!(own.derived("TB", "many GB").is_err());
    assert!(own.derived("TB", "1000 MB").is_err());
    assert!(own.derived("TB", "1000 GB").is_ok());
}

// --- days ------------------------------------------------------------------------------------------------------------------------

#[test]
fn a_day_has_one_form() {
    assert_eq!(parse_date("2024-02-29").unwrap().to_string(), "2024-02-29");
    assert_eq!(parse_date(" 2023-11-17 ").unwrap().to_string(), "2023-11-17");
    for text in [
        "",
        "2024-3-1",
        "2024/03/01",
        "01.03.2024",
        "03/01/2024",
        "20240301",
        "2024-03-01T00:00:00",
        "2024-03",
        "24-03-01",
        "2024-03-01Z",
        "+2024-03-0",
        "２０２４-03-01",
        "2024–03–01",
        "today",
        "45352",
    ] {
        let why = parse_date(text).unwrap_err();
        assert!(why.contains("YYYY-MM-DD"), "{text}: {why}");
    }
    for text in ["2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-01-00"] {
        let why = parse_date(text).unwrap_err();
        assert!(why.contains("calendar"), "{text}: {why}");
    }
}

// --- the dictionary --------------------------------------------------------------------------------------------------------------

#[test]
fn none_is_a_known_absence_only_where_there_can_be_one() {
    for id in dictionary().ids() {
        let field = dictionary().field(id);
        let read = dictionary().parse(id, "none");
        match (&field.kind, field.absent) {
            (FieldType::Set(_), _) => assert_eq!(read, Ok(Fact::Set(0)), "{}", field.name),
            (_, true) => assert_eq!(read, Ok(Fact::Absent), "{}", field.name),
            (_, false) => assert!(read.unwrap_err().contains("always exists"), "{}", field.name),
        }
        assert_eq!(dictionary().parse(id, ""), Ok(Fact::Unknown));
        assert_eq!(dictionary().parse(id, "  "), Ok(Fact::Unknown));
        assert_eq!(dictionary().parse(id, "unknown"), Ok(Fact::Unknown));
    }
}

#[test]
fn every_word_and_every_country_reads_back() {
    for id in dictionary().ids() {
        let facts: Vec<Fact> = match &dictionary().field(id).kind {
            FieldType::Bool => vec![Fact::Bool(true), Fact::Bool(false)],
            FieldType::Choice(words) => (0..words.len()).map(|i| Fact::Choice(i as u8)).collect(),
            FieldType::Set(words) => (0..1u32 << words.len()).map(Fact::Set).collect(),
            FieldType::Country => dictionary().countries.ids().map(Fact::Country).collect(),
            FieldType::Number | FieldType::Text => vec![],
        };
        for fact in facts {
            let text = dictionary().spell(id, &fact);
            assert_eq!(dictionary().parse(id, &text), Ok(fact), "{} = {text}", dictionary().field(id).name);
        }
    }
}

#[test]
fn standard_values_read_back_and_stay_in_bounds() {
    for id in dictionary().ids() {
        let field = dictionary().field(id);
        if let Standard::Is(fact) = &field.standard {
            assert_eq!(dictionary().parse(id, &dictionary().spell(id, fact)).as_ref(), Ok(fact), "{}", field.name);
        }
    }
}

#[test]
fn the_standard_case_takes_from_others_what_it_is_told_to() {
    let mut case = Case::new(dictionary(), "2024-03-01".parse().unwrap());
    case.set(field("destination"), dictionary().parse(field("destination"), "CN").unwrap());
    case.set(field("vendor"), dictionary().parse(field("vendor"), "NVIDIA").unwrap());
    let filled = case.fill_standard(dictionary());
    let spelled = |name: &str| dictionary().spell(field(name), case.fact(field(name)));
    assert_eq!(spelled("headquarters"), "CN");
    assert_eq!(spelled("parent_headquarters"), "CN", "by way of the headquarters");
    assert_eq!(spelled("exporter"), "NVIDIA");
    assert_eq!(spelled("ships_from"), "US");
    assert_eq!(spelled("consignee_lists"), "none");
    assert_eq!(spelled("tpp"), "", "stays unknown");
    assert!(filled.contains(&field("headquarters")) && !filled.contains(&field("destination")));
    let mut again = case.clone();
    assert!(again.fill_standard(dictionary()).is_empty());
    assert_eq!(again, case);
}

#[test]
fn a_case_has_one_canonical_text() {
    let mut case = Case::new(dictionary(), "2024-03-01".parse().unwrap());
    case.set(field("value_usd"), Fact::Number(number("4800.00")));
    case.set(field("destination"), dictionary().parse(field("destination"), "china").unwrap());
    case.set(field("transistors_billion"), Fact::Absent);
    let text = case.canonical(dictionary());
    assert!(text.starts_with("date=2024-03-01\n"), "{text}");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["date=2024-03-01", "destination=CN", "transistors_billion=none", "value_usd=4800"]);
}

/// `Dictionary::fields` promises the order of the file; help texts and canonical cases follow it.
#[test]
fn fields_stand_in_the_order_of_the_file() {
    let field = "type = \"bool\"\nabout = \"item\"\nmeaning = \"m\"\nsource = \"s\"\n";
    let fields = format!("[field.second]\n{field}[field.first]\n{field}[field.also]\n{field}");
    let mut problems = Vec::new();
    let read =
        Dictionary::read(&Pack::new([("fields.toml", fields.as_str()), ("countries.csv", "code,name,name_zh\n")]), &mut problems);
    assert!(problems.is_empty(), "{}", told(&problems));
    assert_eq!(read.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["second", "first", "also"]);
}

/// A standard value may come from a field that takes its own from a third, wherever the three stand.
#[test]
fn standards_may_be_taken_from_a_taken_one() {
    let field = |same: &str| format!("type = \"bool\"\nabout = \"item\"\nmeaning = \"m\"\nsource = \"s\"\n{same}\n");
    let fields = format!(
        "[field.a]\n{}[field.b]\n{}[field.c]\n{}",
        field("standard = { same_as = \"b\" }"),
        field("standard = { same_as = \"c\" }"),
        field("standard = true")
    );
    let mut problems = Vec::new();
    let read =
        Dictionary::read(&Pack::new([("fields.toml", fields.as_str()), ("countries.csv", "code,name,name_zh\n")]), &mut problems);
    assert!(problems.is_empty(), "{}", told(&problems));
    let mut case = Case::new(&read, Date::ZERO);
    case.fill_standard(&read);
    assert!(read.ids().all(|id| *case.fact(id) == Fact::Bool(true)), "{}", case.canonical(&read));
}

#[test]
fn countries_are_found_by_code_and_by_name() {
    let countries = &dictionary().countries;
    for id in countries.ids() {
        assert_eq!(countries.find(countries.code(id)), Some(id));
        assert_eq!(countries.find(&countries.code(id).to_lowercase()), Some(id));
        assert_eq!(countries.find(countries.name(id)), Some(id), "{}", countries.name(id));
        assert_eq!(countries.find(&countries.name(id).to_ascii_uppercase()), Some(id), "{}", countries.name(id));
        assert!(!countries.name_zh(id).is_empty(), "{}", countries.code(id));
    }
    assert_eq!(countries.find("XX"), None);
    assert_eq!(countries.find(""), None);
    assert!(countries.nearest("Chian").contains(&"China"));
}

#[test]
fn wrong_values_say_what_would_be_right() {
    let why = |name: &str, text: &str| dictionary().parse(field(name), text).unwrap_err();
    assert_eq!(why("quantity", "0"), "`quantity` is above 0 and at most 1000000000 unit");
    assert_eq!(why("quantity", "-3"), "`quantity` is above 0 and at most 1000000000 unit");
    assert_eq!(why("tpp", "-1"), "`tpp` is at least 0 and at most 1000000000 TOPS.bit");
    assert!(why("tpp", "1e10").contains("at most"));
    assert!(why("kind", "exprot").contains("did you mean `export`?"));
    assert!(why("kind", "Export").contains("did you mean `export`?"), "words are written as they stand");
    assert!(why("datacenter", "maybe").contains("yes or no"));
    assert!(why("destination", "Chian").contains("near it: China"));
    assert!(why("consignee_lists", "entity-list; sdn").contains("sdn"));
    assert_eq!(dictionary().parse(field("datacenter"), "TRUE"), Ok(Fact::Bool(true)));
    assert_eq!(dictionary().parse(field("consignee_lists"), "entity-list;unverified"), Ok(Fact::Set(0b10001)));
}

proptest! {
    #[test]
    fn facts_of_every_type_read_back(at in any::<prop::sample::Index>(), text in "\\PC{1,30}", digits in decimals()) {
        let id = FieldId(at.index(dictionary().fields.len()) as u16);
        for text in [text, digits] {
            if let Ok(fact) = dictionary().parse(id, &text) {
                let spelled = dictionary().spell(id, &fact);
                prop_assert_eq!(dictionary().parse(id, &spelled), Ok(fact));
            }
        }
    }
}

/// A dictionary with one mistake in each entry: all are reported, each at its place.
#[test]
fn a_wrong_dictionary_is_told_line_by_line() {
    let fields = r#"[units]
"GB" = "bytes"
"TB" = { is = "1000 MB", note = "wrong" }
[field.a]
type = "numbr"
about = "item"
meaning = "m"
source = "s"
[field.b]
type = "number"
unit = "furlong"
about = "items"
meaning = "m"
source = "s"
colour = "red"
[field.c]
type = "choice"
about = "item"
meaning = "m"
[field.d]
type = "bool"
about = "item"
meaning = "m"
source = "s"
standard = "perhaps"
column = ["a"]
"#;
    let pack = Pack::new([
        ("fields.toml", fields),
        ("countries.csv", "code,name,name_zh\nCN,China,中国\nUSA,United States,美国\nCN,China,中国\n"),
    ]);
    let mut problems = Vec::new();
    Dictionary::read(&pack, &mut problems);
    let mut lines: Vec<(String, usize)> = problems.iter().map(|p| (p.file.clone(), p.line)).collect();
    lines.sort();
    let at = |file: &str, lines: &[usize]| lines.iter().map(|l| (file.to_owned(), *l)).collect::<Vec<_>>();
    let mut expected = at("countries.csv", &[3, 4]);
    expected.extend(at("fields.toml", &[3, 5, 11, 12, 15, 16, 17, 20, 25]));
    assert_eq!(lines, expected, "\n{}", told(&problems));
}

#[test]
fn a_pack_without_its_tables_says_so() {
    let mut problems = Vec::new();
    Dictionary::read(&Pack::default(), &mut problems);
    assert_eq!(problems.iter().map(|p| p.file.as_str()).collect::<Vec<_>>(), ["countries.csv", "fields.toml"]);
}

// --- the catalogue ---------------------------------------------------------------------------------------------------------------

fn chip(name: &str) -> &'static Chip {
    match catalogue().find(name) {
        Found::Chip(chip) => chip,
        other => panic!("{name}: {other:?}"),
    }
}

fn of_chip(name: &str, fact: &str) -> String {
    let mut case = Case::new(dictionary(), "2024-03-01".parse().unwrap());
    chip(name).fill(&mut case);
    dictionary().spell(field(fact), case.fact(field(fact)))
}

#[test]
fn every_part_reads_without_a_problem() {
    assert_eq!(catalogue().chips.len(), 96);
}

#[test]
fn performance_is_the_greatest_product_and_exact() {
    assert_eq!(of_chip("Instinct MI325X", "tpp"), "20919.2");
    assert_eq!(of_chip("A100 SXM 40GB", "tpp"), "4992");
    assert_eq!(of_chip("H20 96GB", "tpp"), "2368");
    assert_eq!(of_chip("L4", "applicable_die_area_mm2"), "294");
}

#[test]
fn what_nobody_published_stays_unknown() {
    assert_eq!(of_chip("Instinct MI308X", "tpp"), "");
    for chip in &catalogue().chips {
        assert!(chip.facts.iter().all(|(_, fact)| *fact != Fact::Unknown), "{}", chip.name);
        assert!(chip.facts.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}: facts stand in order, each once", chip.name);
    }
}

#[test]
fn parts_are_found_by_name_whatever_the_case() {
    for part in &catalogue().chips {
        let shouted = format!("  {} ", part.name.to_uppercase().replace(' ', "  "));
        assert_eq!(chip(&shouted).name, part.name);
    }
}

#[test]
fn families_name_their_parts() {
    let Found::Family(parts) = catalogue().find("a100") else { panic!("A100 is a family") };
    assert!(parts.len() > 1 && parts.iter().all(|p| &*p.family == "A100"));
    for family in catalogue().chips.iter().map(|c| &c.family) {
        match catalogue().find(family) {
            Found::Chip(chip) => assert!(chip.family == *family || chip.name == *family, "{family}"),
            Found::Family(parts) => assert!(parts.iter().all(|p| p.family == *family)),
            Found::Nothing(_) => panic!("{family} is not found"),
        }
    }
}

#[test]
fn a_name_typed_wrong_finds_its_neighbours() {
    let Found::Nothing(near) = catalogue().find("H20O") else { panic!("there is no H20O") };
    assert!(near.iter().any(|n| n.starts_with("H20")), "{near:?}");
    assert!(near.len() <= 3);
    let Found::Nothing(near) = catalogue().find("zzzz") else { panic!("there is no zzzz") };
    assert!(near.is_empty(), "{near:?}");
}

const TABLE: &str = "name,family,non_planar,die_area_mm2,dense_tops_by_format,max_tpp,vendor,doubtful,source_urls,confidence\n";

fn table(rows: &str) -> (Catalogue, Vec<Problem>) {
    let mut problems = Vec::new();
    let pack = Pack::new([("chips/own.csv", format!("{TABLE}{rows}"))]);
    let catalogue = Catalogue::read(&pack, dictionary(), &mut problems);
    (catalogue, problems)
}

#[test]
fn planar_parts_have_no_area_and_parts_of_unknown_make_an_unknown_one() {
    let (catalogue, problems) = table("P,F,no,500,fp16:100,,V,,,\nQ,F,yes,500,fp16:100,,V,,,\nR,F,,500,,,V,,,\n");
    assert!(problems.is_empty(), "{}", told(&problems));
    let area = |at: usize| {
        let mut case = Case::new(dictionary(), Date::ZERO);
        catalogue.chips[at].fill(&mut case);
        case.fact(field("applicable_die_area_mm2")).clone()
    };
    assert_eq!(area(0), Fact::Absent);
    assert_eq!(area(1), Fact::Number(number("500")));
    assert_eq!(area(2), Fact::Unknown);
}

#[test]
fn a_wrong_table_of_parts_is_told_cell_by_cell() {
    for (row, message) in [
        ("P,F,yes,500,fp16:100,1700,V,,,\n", "max_tpp says 1700"),
        ("P,F,yes,500,fp17:100,,V,,,\n", "unknown format `fp17`"),
        ("P,F,yes,500,fp16=100,,V,,,\n", "is not a rate"),
        ("P,F,yes,500,fp16:many,,V,,,\n", "is not a rate"),
        ("P,F,yes,0,fp16:100,,V,,,\n", "above 0"),
        ("P,F,perhaps,500,fp16:100,,V,,,\n", "yes or no"),
        ("P,,yes,500,fp16:100,,V,,,\n", "needs `name` and `family`"),
        ("P,F,yes,500\n", "4 cells under 10 columns"),
        ("P,F,yes,500,fp16:100,,V,,,\np,F,yes,500,fp16:100,,V,,,\n", "stands in the catalogue twice"),
    ] {
        let (_, problems) = table(row);
        assert_eq!(problems.len(), 1, "{row}\n{}", told(&problems));
        assert!(problems[0].message.contains(message), "{row}\n{}", told(&problems));
        assert!(problems[0].line > 1);
    }
    let mut problems = Vec::new();
    Catalogue::read(&Pack::new([("chips/own.csv", "name,family,tdp\nP,F,3\n")]), dictionary(), &mut problems);
    assert!(told(&problems).contains("unknown column `tdp`") && told(&problems).contains("tdp_w"), "{}", told(&problems));
}

// --- names -----------------------------------------------------------------------------------------------------------------------

#[test]
fn legal_forms_do_not_make_another_company() {
    for (a, b) in [
        ("NVIDIA", "nvidia"),
        ("NVIDIA", "Nvidia Corporation"),
        ("NVIDIA", "NVIDIA Corp."),
        ("NVIDIA", "NVIDIA, Inc."),
        ("Huawei Technologies", "Huawei Technologies Co., Ltd."),
        ("AMD", "AMD Inc"),
    ] {
        assert!(same_name(a, b) && same_name(b, a), "{a} is {b}");
    }
    for (a, b) in [
        ("NVIDIA", "NVIDIAX"),
        ("NVIDIA", "NVIDIA Research"),
        ("NVIDIA", "NVIDIA Corporation of China"),
        ("NVIDIA", "AMD"),
        ("Intel", "Inteligent Corporation"),
        ("", "Corporation"),
        ("Moore", "Moore Threads"),
        ("é", "è"),
    ] {
        assert!(!same_name(a, b) && !same_name(b, a), "{a} is not {b}");
    }
}

/// Two spellings of one company's legal form are one company: a letter to "NVIDIA Corp" binds "NVIDIA Corporation".
#[test]
fn two_legal_forms_of_one_name_are_one_company() {
    assert!(same_name("NVIDIA Corp", "NVIDIA Corporation"));
    assert!(same_name("NVIDIA, Inc.", "NVIDIA Corporation"));
}

proptest! {
    #[test]
    fn sameness_of_names_is_symmetric(a in "[A-Za-z ,.é]{0,12}", b in "[A-Za-z ,.é]{0,12}") {
        prop_assert_eq!(same_name(&a, &b), same_name(&b, &a));
        prop_assert!(same_name(&a, &a));
    }
}

#[test]
fn neighbours_come_best_first_and_each_once() {
    assert_eq!(nearest("expot", ["import", "export", "transfer", "export"])[0], "export");
    assert_eq!(nearest("expot", ["export", "export"]), ["export"]);
    assert_eq!(nearest("h", ["H20", "H100", "H200", "H800", "L4"]).len(), 3);
    assert!(nearest("zzz", ["export"]).is_empty());
    assert!(nearest("", ["export"]).is_empty());
}

// --- problems and texts ----------------------------------------------------------------------------------------------------------

#[test]
fn a_problem_points_at_its_text() {
    let source = Source { path: "a.toml".to_owned(), text: "one\nzwei = drei\n".to_owned() };
    let problem = source.problem(11..15, "no number").hint("write 3");
    assert_eq!(problem.to_string(), "a.toml:2:8: error: no number\n  | zwei = drei\n  |        ^^^^\n  = write 3\n");
    assert_eq!(problem.warning().to_string().lines().next(), Some("a.toml:2:8: warning: no number"));
}

#[test]
fn a_long_line_is_shown_around_the_place() {
    let source = Source { path: "a".to_owned(), text: format!("{}ERE{}", "é".repeat(500), "x".repeat(500)) };
    let problem = source.problem(1000..1003, "here");
    assert_eq!(problem.column, 501);
    assert!(problem.excerpt.chars().count() <= 160);
    assert_eq!(problem.excerpt.chars().skip(problem.mark).take(problem.width).collect::<String>(), "ERE");
}

proptest! {
    #[test]
    fn a_problem_can_stand_anywhere(text in "[ -~é中\\n\\r\\t]{0,400}", a in 0usize..500, b in 0usize..500) {
        let source = Source { path: "a".to_owned(), text };
        let problem = source.problem(a..b, "here");
        prop_assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
        prop_assert!(problem.excerpt.chars().count() <= 160);
        prop_assert!(!problem.excerpt.contains(['\n', '\r', '\t']));
    }

    #[test]
    fn any_dictionary_is_read_or_refused(text in "[\\[\\]{}=\",.a-z0-9\\n ]{0,200}") {
        let mut problems = Vec::new();
        Dictionary::read(&Pack::new([("fields.toml", text.as_str()), ("countries.csv", text.as_str())]), &mut problems);
    }
}

#[test]
fn keys_that_nobody_asked_for_are_told() {
    let source = Source {
        path: "a.toml".to_owned(),
        text: "title = \"x\"\nform = 2023-11-17\nrate = 1e400\nday = 2023-02-30\n".to_owned(),
    };
    let mut problems = Vec::new();
    let table = parse_toml(&source, 0..source.text.len(), &mut problems);
    let mut keys = Keys::new(&source, 0, table.get_ref(), 0..0, &mut problems);
    assert_eq!(keys.text("title").map(|t| t.value).as_deref(), Some("x"));
    assert_eq!(keys.day("from"), None);
    assert_eq!(keys.number("rate"), None);
    keys.finish();
    let told = told(&problems);
    assert!(told.contains("a.toml:2:1: error: unknown key `form`") && told.contains("did you mean `from`?"), "{told}");
    assert!(told.contains("`rate` must be a finite decimal number"), "{told}");
    assert!(told.contains("unknown key `day`") || told.contains("not TOML"), "{told}");
}

#[test]
fn a_pack_gives_its_texts_by_path() {
    let pack = Pack::new([("b/x", "2"), ("a", "1"), ("b/y", "3")]);
    assert_eq!(pack.get("a").map(|s| s.text.as_str()), Some("1"));
    assert_eq!(pack.get("b"), None);
    assert_eq!(pack.under("b/").map(|s| s.path.as_str()).collect::<Vec<_>>(), ["b/x", "b/y"]);
}

/// What a name holds is printed in tables and trees: it must not steer the terminal.
#[test]
fn names_hold_no_control_characters() {
    let dictionary = dictionary();
    let consignee = dictionary.id("consignee").unwrap();
    assert!(dictionary.parse(consignee, "Buyer \u{1b}[31m").unwrap_err().contains("control"));
    assert!(dictionary.parse(consignee, "Buyer (深圳)").is_ok());
}

// --- quarters --------------------------------------------------------------------------------------------------------------------

#[test]
fn quarters_are_read_counted_and_spelt() {
    let quarter = |text: &str| Quarter::parse(text).unwrap();
    let first = quarter("2024Q1");
    assert_eq!((first.year, first.q, first.to_string().as_str()), (2024, 1, "2024Q1"));
    assert_eq!((first.first_day().to_string(), first.last_day().to_string()), ("2024-01-01".into(), "2024-03-31".into()));
    let days: Vec<i32> = ["2023Q1", "2024Q1", "2024Q2", "2024Q3", "2024Q4"].map(|t| quarter(t).days()).to_vec();
    assert_eq!(days, [90, 91, 91, 92, 92]);
    assert_eq!(quarter("2024Q4").last_day().to_string(), "2024-12-31");
    assert_eq!(first.plus(5), quarter("2025Q2"));
    assert_eq!(first.plus(-1), quarter("2023Q4"));
    assert_eq!(quarter("2026Q1").since(quarter("2022Q4")), 13);
    assert!(quarter("2023Q4") < first);
    for wrong in ["", "2024", "2024Q0", "2024Q5", "24Q1", "2024 Q1", "2024Q1e", "2024Q01", "-024Q1", "2024Q１"] {
        assert!(Quarter::parse(wrong).unwrap_err().contains("2024Q1"), "{wrong}");
    }
    // The ends of the calendar hold.
    assert_eq!(first.plus(i32::MAX).to_string(), "9999Q4");
    assert_eq!(first.plus(i32::MIN).to_string(), "0000Q1");
    assert_eq!(first.plus(i32::MAX).last_day().to_string(), "9999-12-31");
}

proptest! {
    #[test]
    fn quarters_count_back_and_forth(year in 1900i16..2100, q in 1u8..=4, n in -400i32..400) {
        let start = Quarter { year, q };
        let there = start.plus(n);
        prop_assert_eq!(there.since(start), n);
        prop_assert_eq!(there.plus(-n), start);
        prop_assert_eq!(Quarter::parse(&there.to_string()), Ok(there));
        prop_assert_eq!(there.plus(1).first_day(), there.last_day().tomorrow().unwrap());
        prop_assert_eq!(Quarter::of(there.first_day()), there);
        prop_assert_eq!(Quarter::of(there.last_day()), there);
    }
}

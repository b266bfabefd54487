//! The dictionary of facts, and cases by it.

use super::*;

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

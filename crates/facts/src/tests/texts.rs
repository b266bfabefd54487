//! Problems, and texts in packs.

use super::*;

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

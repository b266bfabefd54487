//! Days and quarters.

use super::*;

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

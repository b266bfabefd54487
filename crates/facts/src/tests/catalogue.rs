//! The catalogue of parts.

use super::*;

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

//! x
fn main() {
    static D: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/data.rs"));
    let pack = std::sync::Arc::new(facts::Pack::new(D.iter().map(|(a, b)| (*a, *b))));
    let t = std::time::Instant::now();
    let r = regime::check(pack, &mut |_| ());
    for p in &r.problems {
        eprint!("{p}");
    }
    eprintln!(
        "{} errors, {} problems, {} cases, {} clauses, {} instr {:?}",
        r.errors(),
        r.problems.len(),
        r.cases,
        r.clauses,
        r.instruments,
        t.elapsed()
    );
}

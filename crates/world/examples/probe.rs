//! probe
#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]
use std::sync::Arc;
use std::time::Instant;
use world::*;
fn texts(dir: &std::path::Path, root: &std::path::Path, out: &mut Vec<(String, String)>) {
    for e in std::fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() {
            texts(&p, root, out)
        } else if let Ok(t) = std::fs::read_to_string(&p) {
            out.push((p.strip_prefix(root).unwrap().to_string_lossy().into_owned(), t));
        }
    }
}
fn main() {
    let root = std::path::Path::new("data");
    let mut v = vec![];
    texts(root, root, &mut v);
    let mut problems = vec![];
    let library = regime::Library::open(Arc::new(facts::Pack::new(v)), &mut problems);
    let id = std::env::args().nth(1).unwrap_or("h200".into());
    let Some(sc) = Scenario::read(&library.pack, &id, &library, &mut problems) else {
        for p in problems {
            println!("{p}");
        }
        return;
    };
    let t0 = Instant::now();
    let world = match World::new(sc, &library) {
        Ok(w) => w,
        Err(ps) => {
            for p in ps {
                println!("{p}");
            }
            return;
        }
    };
    println!("gates {:?}", t0.elapsed());
    for v in &world.gates.vendors {
        for d in &v.story {
            println!("{} {} {} tpp {:?} bw {:?} like {} {:?}", v.name, d.from, d.stance, d.tpp, d.bandwidth, d.like, d.answer);
        }
    }
    let draw = world.scenario.central();
    let h = match reference(&world, &draw, 0, 1) {
        Ok(h) => h,
        Err(e) => {
            println!("BROKEN {e}");
            return;
        }
    };
    let names = [
        "lead_vendor_sales_usd_bn",
        "cut_down_sales_usd_bn",
        "foreign_units_k",
        "domestic_units_k",
        "diverted_kh100e",
        "market_usd_bn",
        "budget_usd_bn",
        "domestic_share_value",
        "domestic_share_units",
        "best_permitted_tpp",
        "best_domestic_tpp",
        "best_overall_tpp",
        "exporter_open",
        "importer_admission",
        "trust",
        "write_off_usd_bn",
        "fee_receipts_usd_bn",
        "unmet_share",
        "domestic_yield",
        "domestic_wafers_k",
        "importer_compute_kh100e",
        "exporter_compute_kh100e",
        "stance",
        "rare_earth_used",
    ];
    for n in names {
        let i = Scenario::variable(n).unwrap();
        let p = h.path(i, 0);
        print!("{n:>26}");
        for (t, x) in p.iter().enumerate() {
            if t < 24 || t % 4 == 0 {
                print!(" {}", if x.abs() >= 100.0 { format!("{x:.0}") } else { format!("{x:.2}") });
            }
        }
        println!();
    }
    let n = 2000;
    let rows: Vec<f64> = (0..n).flat_map(|_| draw.clone()).collect();
    for _ in 0..3 {
        let t = Instant::now();
        let k = run(&world, &rows, 0, 1, false).map(|k| k.metrics.len());
        let a = t.elapsed();
        let t = Instant::now();
        let k2 = run_plain(&world, &rows, 0, 1, false).map(|k| k.metrics.len());
        let b = t.elapsed();
        println!(
            "wide {a:?} plain {b:?} ratio {:.2} per world {:.1} us {k:?} {k2:?}",
            b.as_secs_f64() / a.as_secs_f64(),
            a.as_secs_f64() / n as f64 * 1e6
        );
    }
}

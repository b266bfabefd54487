//! Known answers from scipy 1.17 (and 50-digit arithmetic where scipy is the less exact), properties of designs, tables that are torn or foreign,
//! and every period of the series that ship.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use facts::{Quarter, Source};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::*;

// --- designs ---------------------------------------------------------------------------------------------------------------------

fn whole(design: Design, rows: u64, dims: usize, seed: u64) -> Vec<f64> {
    let sampler = Sampler::new(design, rows, dims, seed).unwrap();
    let mut out = Vec::new();
    assert_eq!(sampler.fill(0, usize::MAX, &mut out) as u64, rows);
    assert_eq!(out.len() as u64, rows * dims as u64);
    out
}

#[test]
fn designs_have_names() {
    for (design, name) in Design::ALL {
        assert_eq!(Design::parse(name), Ok(design));
        assert_eq!(design.name(), name);
    }
    assert_eq!(Design::parse(" Latin_Hypercube "), Ok(Design::LatinHypercube));
    let why = Design::parse("saltelli").unwrap_err();
    assert!(why.contains("monte-carlo, latin-hypercube, sobol"), "{why}");
}

#[test]
fn sobol_is_the_published_sequence() {
    // scipy.stats.qmc.Sobol(d=1000, scramble=False).random(4096)
    let dims = 1000;
    let x = whole(Design::Sobol, 4096, dims, 7);
    for (row, dim, value) in [
        (0, 0, 0.0),
        (1, 0, 0.5),
        (2, 1, 0.25),
        (3, 2, 0.75),
        (5, 4, 0.875),
        (100, 9, 0.6953125),
        (1023, 63, 0.0400390625),
        (1024, 99, 0.35791015625),
        (1500, 99, 0.23095703125),
        (2049, 499, 0.660888671875),
        (3000, 51, 0.882080078125),
        (4000, 700, 0.884033203125),
        (4095, 999, 0.308349609375),
    ] {
        assert_eq!(x[row * dims + dim], value, "row {row}, dimension {dim}");
    }
    // All four million of them, as multiples of 2⁻³² in little-endian order.
    let mut hash = Sha256::new();
    for value in &x {
        hash.update(((value * 4_294_967_296.0) as u32).to_le_bytes());
    }
    let hash: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, "0886a46938abf2994ef803cecbd0c3441f4e2caf0c8358f8e1acd44b8835ace9");
}

#[test]
fn sobol_starts_anywhere() {
    // The same with bits=32 and fast_forward(1_000_000), dimensions 0, 1, 57 and 119, times 2³².
    let sampler = Sampler::new(Design::Sobol, 1 << 32, 120, 0).unwrap();
    let mut out = Vec::new();
    assert_eq!(sampler.fill(1_000_000, 3, &mut out), 3);
    let row = |n: usize| [0, 1, 57, 119].map(|d| out[n * 120 + d] * 4_294_967_296.0);
    assert_eq!(row(0), [113709056.0, 1339682816.0, 4214296576.0, 2724728832.0]);
    assert_eq!(row(1), [2261192704.0, 3487166464.0, 2066812928.0, 577245184.0]);
    assert_eq!(row(2), [3334934528.0, 265940992.0, 993071104.0, 1650987008.0]);
    // The last row there is, and none after it.
    assert_eq!(sampler.fill((1 << 32) - 1, 5, &mut out), 1);
    assert!(out.iter().all(|v| (0.0..1.0).contains(v)));
    assert_eq!(sampler.fill(1 << 32, 5, &mut out), 0);
    assert_eq!(sampler.fill(u64::MAX, 5, &mut out), 0);
}

#[test]
fn designs_tell_what_they_cannot_do() {
    let why = |design, rows, dims| Sampler::new(design, rows, dims, 0).err().unwrap();
    assert!(why(Design::Sobol, 8, MAX_SOBOL_DIMS + 1).contains("at most 1000 dimensions, not 1001"));
    assert!(why(Design::Sobol, (1 << 32) + 1, 2).contains("4294967296 rows"));
    assert!(why(Design::LatinHypercube, (1 << 32) + 1, 2).contains("monte-carlo has no such bound"));
    assert!(why(Design::LatinHypercube, 1 << 32, usize::MAX).contains("GiB"));
    assert!(why(Design::MonteCarlo, 8, 0).contains("at least one dimension"));
    assert!(whole(Design::LatinHypercube, 0, 3, 1).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_good() {
    // A change here changes every study that was ever run: say so in the changelog.
    let first = |design| whole(design, 1000, 3, 20_221_007)[2997..].to_vec();
    assert_eq!(first(Design::MonteCarlo), [0.9502623756880169, 0.0684772976728798, 0.0806748067672367]);
    assert_eq!(first(Design::LatinHypercube), [0.4149094934731651, 0.7374843787129388, 0.8189900596305576]);
}

#[test]
fn monte_carlo_is_even_and_its_rows_and_columns_are_strangers() {
    let (rows, dims) = (20_000, 6);
    let x = whole(Design::MonteCarlo, rows as u64, dims, 3);
    let column = |d: usize| (0..rows).map(|r| x[r * dims + d] - 0.5).collect::<Vec<f64>>();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / rows as f64 * 12.0;
    // Five standard errors.
    let bound = 5.0 / (rows as f64).sqrt();
    for a in 0..dims {
        let (this, next) = (column(a), column((a + 1) % dims));
        assert!((this.iter().sum::<f64>() / rows as f64).abs() < bound * 0.29, "mean of {a}");
        assert!((product(&this, &this) - 1.0).abs() < bound * 0.9, "variance of {a}");
        assert!(product(&this, &next).abs() < bound, "{a} with the next dimension");
        assert!(product(&this[1..], &this).abs() < bound, "{a} with the next row");
    }
}

fn any_design() -> impl Strategy<Value = Design> {
    prop::sample::select(Design::ALL.map(|(design, _)| design).to_vec())
}

proptest! {
    #[test]
    fn blocks_are_the_whole(design in any_design(), rows in 1u64..400, dims in 1usize..70, seed: u64, block in 1usize..130) {
        let x = whole(design, rows, dims, seed);
        prop_assert!(x.iter().all(|v| (0.0..1.0).contains(v)));
        let sampler = Sampler::new(design, rows, dims, seed).unwrap();
        let (mut parts, mut out, mut first) = (Vec::new(), Vec::new(), 0);
        loop {
            let n = sampler.fill(first, block, &mut out);
            parts.extend_from_slice(&out);
            first += n as u64;
            if n < block {
                break;
            }
        }
        prop_assert_eq!(x, parts);
    }

    #[test]
    fn a_latin_hypercube_hits_every_stratum_once(rows in 1usize..600, dims in 1usize..9, seed: u64) {
        let x = whole(Design::LatinHypercube, rows as u64, dims, seed);
        for d in 0..dims {
            let mut hit: Vec<f64> = (0..rows).map(|r| x[r * dims + d]).collect();
            hit.sort_by(f64::total_cmp);
            for (k, value) in hit.into_iter().enumerate() {
                prop_assert!(value >= k as f64 / rows as f64 && value < (k + 1) as f64 / rows as f64, "{value} in stratum {k}");
            }
        }
    }

    #[test]
    fn seeds_differ(design in prop::sample::select(vec![Design::MonteCarlo, Design::LatinHypercube]), a: u64, b: u64) {
        prop_assume!(a != b);
        prop_assert_ne!(whole(design, 16, 4, a), whole(design, 16, 4, b));
        prop_assert_eq!(whole(design, 16, 4, a), whole(design, 16, 4, a));
    }
}

// --- shapes ----------------------------------------------------------------------------------------------------------------------

#[test]
fn quantiles_are_those_of_scipy() {
    let triangular = |low, mode, high| Shape::Triangular { low, mode, high };
    let normal = |mean, sd, low, high| Shape::Normal { mean, sd, low, high };
    for (shape, u, value) in [
        (Shape::Uniform { low: -2.0, high: 6.0 }, 0.25, 0.0),
        (triangular(0.0, 1.0, 4.0), 0.1, 0.6324555320336759),
        (triangular(0.0, 1.0, 4.0), 0.25, 1.0),
        (triangular(0.0, 1.0, 4.0), 0.9, 2.904554884989668),
        (triangular(2.0, 2.0, 5.0), 0.3, 2.4900199203977733),
        (triangular(2.0, 5.0, 5.0), 0.3, 3.6431676725154984),
        (Shape::LogUniform { low: 1e-3, high: 10.0 }, 0.25, 0.01),
        (Shape::LogUniform { low: 2.0, high: 50.0 }, 0.8, 26.26527804403768),
        (Shape::Choice(7), 0.999, 6.0),
        (Shape::Choice(7), 0.43, 3.0),
        (normal(0.0, 1.0, -2.0, 2.0), 0.1, -1.184032466693905),
        (normal(0.0, 1.0, -2.0, 2.0), 0.975, 1.6786244893350796),
        (normal(10.0, 3.0, 5.0, 20.0), 0.25, 8.302340760040836),
        (normal(10.0, 3.0, 5.0, 20.0), 0.9, 13.920986514594073),
        (normal(0.0, 1.0, 3.0, 6.0), 0.5, 3.2051547102438584),
        (normal(0.0, 1.0, -9.0, -4.0), 0.3, -4.276297260340444),
        (normal(5.0, 1.0, -95.0, 105.0), 0.001, 1.9097676938321865),
        (normal(0.0, 1.0, 8.0, 12.0), 0.7, 8.146937123182048),
        (normal(0.0, 1.0, -40.0, 40.0), 1e-10, -6.361340902404056),
        (normal(0.0, 1.0, -20.0, -18.0), 0.5, -18.03834980337782),
        (normal(0.0, 1.0, 18.0, 20.0), 0.5, 18.03834980337782),
        (normal(0.0, 1.0, -3.0, 3.0), 0.5, 0.0),
        (normal(1.0, 2.0, -5.0, 9.0), 2f64.powi(-20), -4.999570359893627),
    ] {
        assert_eq!(shape.check(), Ok(()), "{shape:?}");
        let got = shape.quantile(u);
        assert!((got - value).abs() <= 1e-14 * value.abs().max(1.0), "{shape:?} at {u}: {got}, not {value}");
    }
}

#[test]
fn shapes_that_are_none_are_told() {
    for (shape, why) in [
        (Shape::Uniform { low: 1.0, high: 1.0 }, "`low` must be below `high`"),
        (Shape::Uniform { low: 0.0, high: f64::NAN }, "`low` must be below `high`"),
        (Shape::Uniform { low: -1e308, high: 1e308 }, "both finite"),
        (Shape::Triangular { low: 0.0, mode: 3.0, high: 2.0 }, "`mode` must stand between"),
        (Shape::LogUniform { low: 0.0, high: 2.0 }, "above zero"),
        (Shape::Normal { mean: 0.0, sd: 0.0, low: -1.0, high: 1.0 }, "`sd` above zero"),
        (Shape::Normal { mean: 0.0, sd: 1.0, low: 60.0, high: 90.0 }, "nothing of the normal"),
        (Shape::Normal { mean: 0.0, sd: 1.0, low: -90.0, high: -60.0 }, "nothing of the normal"),
        (Shape::Choice(0), "at least one"),
    ] {
        assert!(shape.check().unwrap_err().contains(why), "{shape:?}");
    }
}

fn any_shape() -> impl Strategy<Value = Shape> {
    let two = (-1e6..1e6f64, 1e-3..1e6f64);
    prop_oneof![
        two.clone().prop_map(|(low, width)| Shape::Uniform { low, high: low + width }),
        (two, 0.0..=1.0f64).prop_map(|((low, width), at)| Shape::Triangular {
            low,
            mode: (low + at * width).min(low + width),
            high: low + width
        }),
        (1e-6..1e6f64, 1.001..1e6f64).prop_map(|(low, ratio)| Shape::LogUniform { low, high: low * ratio }),
        (-10.0..10.0f64, 0.1..10.0f64, -6.0..4.0f64, 0.1..8.0f64).prop_map(|(mean, sd, from, width)| Shape::Normal {
            mean,
            sd,
            low: mean + sd * from,
            high: mean + sd * (from + width)
        }),
        (1u32..50).prop_map(Shape::Choice),
    ]
}

proptest! {
    #[test]
    fn quantiles_rise_and_stay_within_bounds(shape in any_shape(), a in 0.0..1.0f64, b in 0.0..1.0f64) {
        prop_assert_eq!(shape.check(), Ok(()));
        let (low, high) = shape.bounds();
        let (least, most) = (shape.quantile(a.min(b)), shape.quantile(a.max(b)));
        prop_assert!(low <= least && most <= high);
        prop_assert!(least <= most + 1e-12 * most.abs().max(1.0), "{least} {most}");
        prop_assert!((shape.quantile(0.0) - low).abs() <= 1e-9 * low.abs().max(1.0));
    }
}

// --- tables ----------------------------------------------------------------------------------------------------------------------

fn about() -> About {
    About { study: "# a study\nseed = 7\nname = \"Zölle 关税\"\n".to_owned(), seed: u64::MAX, version: "0.1.0".to_owned() }
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("in.factor {i}")).collect()
}

fn value(row: usize, column: usize) -> f64 {
    row as f64 * 1.5 - column as f64 / 3.0
}

fn create(path: &Path, names: &[String]) -> Result<Writer, Error> {
    Writer::new(fs::File::create(path).unwrap(), path, names, about())
}

/// A table of so many rows and columns, pushed in uneven blocks.
fn written(path: &Path, rows: usize, width: usize, complete: bool) {
    let mut writer = create(path, &names(width)).unwrap();
    let mut first = 0;
    for size in [1, 7, 1000, 33].into_iter().cycle() {
        let last = rows.min(first + size);
        let block: Vec<f64> = (first..last).flat_map(|r| (0..width).map(move |c| value(r, c))).collect();
        writer.push(&block).unwrap();
        first = last;
        if first == rows {
            break;
        }
    }
    assert_eq!(writer.finish(complete).unwrap(), rows as u64);
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ensemble.parquet");
    (folder, path)
}

#[test]
fn a_table_comes_back_as_it_went() {
    // So wide that row groups have 1024 rows.
    for (rows, width, complete) in [(2500, 2100, true), (0, 3, false), (1, 1, true), (50_000, 3, false)] {
        let (_folder, path) = folder();
        written(&path, rows, width, complete);
        let table = Table::open(&path).unwrap();
        assert_eq!((table.rows(), table.names(), table.complete()), (rows as u64, &names(width)[..], complete));
        assert_eq!(table.about(), &about());
        for row in [0, 1, 1023, 1024, 2047, 2048, 2499, 49_999].into_iter().filter(|r| *r < rows) {
            let got = table.row(row as u64).unwrap();
            assert_eq!(got, (0..width).map(|c| value(row, c)).collect::<Vec<f64>>(), "row {row}");
        }
        let last = width - 1;
        let column = table.column(&format!("in.factor {last}")).unwrap();
        assert_eq!(column, (0..rows).map(|r| value(r, last)).collect::<Vec<f64>>());
        let why = table.row(rows as u64).unwrap_err().to_string();
        assert!(why.contains(&format!("there is no row {rows}")), "{why}");
        let why = table.column("in.factr 0").unwrap_err().to_string();
        assert!(why.contains("near it: in.factor 0"), "{why}");
    }
}

#[test]
fn odd_numbers_survive() {
    let (_folder, path) = folder();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, f64::MAX, 5e-324];
    let mut writer = create(&path, &["x".to_owned()]).unwrap();
    writer.push(&odd).unwrap();
    writer.finish(true).unwrap();
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    assert_eq!(bits(&Table::open(&path).unwrap().column("x").unwrap()), bits(&odd));
}

#[test]
fn the_same_rows_are_the_same_bytes_however_they_come() {
    let (_folder, path) = folder();
    written(&path, 5000, 900, true);
    let once = fs::read(&path).unwrap();
    let mut writer = create(&path, &names(900)).unwrap();
    writer.push(&(0..5000).flat_map(|r| (0..900).map(move |c| value(r, c))).collect::<Vec<f64>>()).unwrap();
    writer.finish(true).unwrap();
    assert!(once == fs::read(&path).unwrap());
}

#[test]
fn what_is_not_finished_is_no_table() {
    let (_folder, path) = folder();
    let mut writer = create(&path, &names(2)).unwrap();
    writer.push(&[1.0, 2.0]).unwrap();
    let why = writer.push(&[1.0, 2.0, 3.0]).unwrap_err().to_string();
    assert!(why.contains("3 values are no whole rows of 2 columns"), "{why}");
    drop(writer);
    assert!(matches!(Table::open(&path), Err(Error::Bad(..))));
    for wrong in [vec![], vec!["a".to_owned(), String::new()], vec!["a".to_owned(), "b".to_owned(), "a".to_owned()]] {
        assert!(matches!(create(&path, &wrong), Err(Error::Asked(_))), "{wrong:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_table_has_the_rights_of_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = folder();
    written(&path, 3, 2, true);
    let plain = folder.path().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&plain));
}

/// Opens a file and reads all of it.
fn read_all(path: &Path) -> Result<(), Error> {
    let table = Table::open(path)?;
    for name in table.names() {
        table.column(name)?;
    }
    (0..table.rows()).step_by(37).try_for_each(|n| table.row(n).map(|_| ()))
}

#[test]
fn torn_damaged_and_foreign_files_are_told() {
    let (folder, path) = folder();
    written(&path, 60, 2, true);
    read_all(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let other = folder.path().join("other");
    for length in (0..good.len()).step_by(19) {
        fs::write(&other, &good[..length]).unwrap();
        let why = read_all(&other).unwrap_err().to_string();
        assert!(why.contains("not a whole ensemble"), "{length}: {why}");
    }
    // A byte turned over is told or only changes a number; nothing panics and nothing asks for all the memory.
    let mut told = 0;
    for at in 0..good.len() {
        for flip in [0x01, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            fs::write(&other, &bad).unwrap();
            told += usize::from(read_all(&other).is_err());
        }
    }
    assert!(told > 100, "{told}");
    fs::write(&other, "order,date\n1,2024-01-01\n").unwrap();
    assert!(read_all(&other).is_err());
    assert!(read_all(folder.path()).unwrap_err().to_string().contains("folder"));
    assert!(matches!(read_all(&folder.path().join("none")), Err(Error::Io(..))));
}

proptest! {
    #[test]
    fn no_damage_breaks_the_reader(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..9), 1..6)) {
        static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
        let (_folder, path) = folder();
        let good = GOOD.get_or_init(|| {
            written(&path, 40, 2, true);
            fs::read(&path).unwrap()
        });
        let mut bytes = good.clone();
        for (place, byte, run) in places {
            let at = place.index(bytes.len());
            let end = bytes.len().min(at + 1 + run);
            bytes[at..end].fill(byte);
        }
        fs::write(&path, &bytes).unwrap();
        // Told, or only another number.
        let _ = read_all(&path);
    }
}

#[test]
fn parquet_of_another_kind_is_told() {
    use parquet::data_type::Int64Type;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let (_folder, path) = folder();
    let schema = parquet::schema::parser::parse_message_type("message m { required int64 n; }").unwrap();
    let properties = WriterProperties::builder().build();
    let mut file = SerializedFileWriter::new(fs::File::create(&path).unwrap(), schema.into(), properties.into()).unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    let why = Table::open(&path).err().unwrap().to_string();
    assert!(why.contains("no `tollgate.study`"), "{why}");
}

// --- series ----------------------------------------------------------------------------------------------------------------------

fn shipped() -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/history/series.csv");
    Source { path: "history/series.csv".to_owned(), text: fs::read_to_string(path).unwrap() }
}

#[test]
fn every_row_of_the_series_that_ship_is_read() {
    let source = shipped();
    let mut problems = Vec::new();
    let series = Series::read(&source, &mut problems);
    assert!(problems.is_empty(), "{}", problems.iter().map(|p| p.to_string()).collect::<String>());
    let all: Vec<&Observation> = series.iter().flat_map(|s| &s.observations).collect();
    assert_eq!((series.len(), all.len()), (193, source.text.lines().count() - 1));
    let mut labels: Vec<&str> = all.iter().filter(|o| o.period.span == Span::Undated).map(|o| o.period.text.as_str()).collect();
    labels.sort();
    labels.dedup();
    assert_eq!(labels, LABELS);
    let revenue = &series.iter().find(|s| s.name == "nvda_revenue_datacenter").unwrap().observations;
    let first = revenue.iter().find(|o| o.period.text == "FY23Q1").unwrap();
    assert_eq!((first.value, first.unit.as_str(), first.confidence, first.line), (3.75, "USD bn", Confidence::High, 3));
    for o in all {
        // The line is where it stands.
        let line = source.text.lines().nth(o.line - 1).unwrap();
        assert!(line.contains(&o.source) && line.contains(&o.period.text), "line {}", o.line);
        let days = o.period.days();
        assert_eq!(days.is_some(), o.period.span != Span::Undated);
        if let Some((first, last)) = days {
            assert!(first <= last);
        }
    }
}

const LABELS: [&str; 19] = [
    "1974-92",
    "2007 rule",
    "2018-23 sample",
    "2023 model",
    "2024-25",
    "2025-end",
    "2025-late",
    "2026 guide",
    "2026-04 bill",
    "2026e",
    "3-5 yr",
    "FY2026-28",
    "implied by Epoch H100e ratio 0.354",
    "implied by Epoch H100e ratio 0.768",
    "late 1980s",
    "n/a",
    "per year",
    "spec",
    "year 1",
];

fn weights(text: &str) -> String {
    let shares = Period::parse(text).weights();
    shares.into_iter().map(|(quarter, share)| format!("{quarter} {share:.4}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn periods_cover_quarters() {
    for (text, days, shares) in [
        ("2024Q1", "2024-01-01 2024-03-31", "2024Q1 1.0000"),
        ("2023H1", "2023-01-01 2023-06-30", "2023Q1 1.0000, 2023Q2 1.0000"),
        ("2026H2", "2026-07-01 2026-12-31", "2026Q3 1.0000, 2026Q4 1.0000"),
        ("2024", "2024-01-01 2024-12-31", "2024Q1 1.0000, 2024Q2 1.0000, 2024Q3 1.0000, 2024Q4 1.0000"),
        ("2025-12", "2025-12-01 2025-12-31", "2025Q4 0.3333"),
        ("2025-04-15", "2025-04-15 2025-04-15", "2025Q2 0.0110"),
        ("FY26Q1", "2025-02-01 2025-04-30", "2025Q1 0.6667, 2025Q2 0.3333"),
        ("FY26Q4", "2025-11-01 2026-01-31", "2025Q4 0.6667, 2026Q1 0.3333"),
        ("FY26", "2025-02-01 2026-01-31", "2025Q1 0.6667, 2025Q2 1.0000, 2025Q3 1.0000, 2025Q4 1.0000, 2026Q1 0.3333"),
        ("2025 9M", "2025-01-01 2025-09-30", "2025Q1 1.0000, 2025Q2 1.0000, 2025Q3 1.0000"),
        ("2024 Jan-Nov", "2024-01-01 2024-11-30", "2024Q1 1.0000, 2024Q2 1.0000, 2024Q3 1.0000, 2024Q4 0.6667"),
        ("2026 to Aug", "2026-01-01 2026-08-31", "2026Q1 1.0000, 2026Q2 1.0000, 2026Q3 0.6667"),
        ("2024 Feb-Feb", "2024-02-01 2024-02-29", "2024Q1 0.3333"),
    ] {
        let (first, last) = Period::parse(text).days().unwrap();
        assert_eq!(format!("{first} {last}"), days, "{text}");
        assert_eq!(weights(text), shares, "{text}");
    }
    for text in [
        "spec",
        "n/a",
        "year 1",
        "late 1980s",
        "2026e",
        "2026 guide",
        "2024-25",
        "2025-13",
        "2025-00",
        "2025-02-30",
        "2024Q5",
        "2024H3",
        "FY26Q5",
        "FY2026-28",
        "FY",
        "FY2",
        "1974-92",
        "2025 0M",
        "2025 13M",
        "2025 +9M",
        "2024 Nov-Jan",
        "2026 to August",
        "２０２４",
        "",
        "2024年",
    ] {
        assert_eq!(Period::parse(text), Period { text: text.to_owned(), span: Span::Undated });
        assert_eq!((Period::parse(text).days(), weights(text).as_str()), (None, ""));
    }
}

proptest! {
    #[test]
    fn no_text_of_a_period_breaks_anything(text in "(FY|20)?[0-9]{0,4}[-QHM e年]?.{0,8}") {
        let period = Period::parse(&text);
        let months: f64 = period.weights().iter().map(|(_, share)| share).sum();
        prop_assert!(months <= 5.0 + 1e-9);
        prop_assert_eq!(period.days().is_some(), !period.weights().is_empty());
        let quarters: Vec<Quarter> = period.weights().into_iter().map(|(quarter, _)| quarter).collect();
        prop_assert!(quarters.windows(2).all(|w| w[0].plus(1) == w[1]));
    }

    #[test]
    fn no_text_of_series_breaks_anything(text in "(series,period,value,unit,source_url,confidence\n)?[a,\"\n\ré0-9]{0,80}") {
        let mut problems = Vec::new();
        Series::read(&Source { path: "s.csv".to_owned(), text }, &mut problems);
        prop_assert!(problems.iter().all(|p| p.line > 0));
    }
}

#[test]
fn bad_rows_are_told_and_the_rest_goes_on() {
    let text = "series,period,value,unit,source_url,confidence\n\
        a,2024,1,USD bn,https://x.example,high\n\
        a,2024,1,USD bn,https://x.example\n\
        a,2024,1,\"USD, bn\",https://x.example,hihg\n\
        \n\
        a,2024,~5,USD bn,https://x.example,low\n\
        a,2024,NaN,USD bn,https://x.example,low\n\
        a,2024,5,,https://x.example,low\n\
        a,2024,5,USD bn,Nvidia's report,low\n\
        b,spec,-2e3,TPP,http://x.example,medium\n";
    let mut problems = Vec::new();
    let series = Series::read(&Source { path: "s.csv".to_owned(), text: text.to_owned() }, &mut problems);
    let read: Vec<(&str, f64, usize)> =
        series.iter().flat_map(|s| s.observations.iter().map(|o| (s.name.as_str(), o.value, o.line))).collect();
    assert_eq!(read, [("a", 1.0, 2), ("b", -2000.0, 10)]);
    let told: Vec<(usize, usize, &str, &str)> =
        problems.iter().map(|p| (p.line, p.column, p.message.as_str(), p.hint.as_str())).collect();
    let number = "write digits with a point, as in 8.29; remarks go to `unit`";
    assert_eq!(
        told,
        [
            (3, 17, "a row has 6 cells, not 5", "put a cell that holds a comma in double quotes"),
            (4, 38, "`hihg` is no confidence", "did you mean `high`?"),
            (6, 8, "`~5` is not a number", number),
            (7, 8, "`NaN` is not a number", number),
            (8, 10, "`unit` is empty", "a number without its name, time, unit and source is no observation"),
            (9, 17, "`Nvidia's report` is not an address", "give the page that says so, as https://…"),
        ]
    );
}

#[test]
fn a_file_without_its_columns_is_told() {
    for text in ["", "a,b\n1,2\n", "period,series,value,unit,source_url,confidence\n"] {
        let mut problems = Vec::new();
        assert!(Series::read(&Source { path: "s.csv".to_owned(), text: text.to_owned() }, &mut problems).is_empty());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].hint.contains("series,period,value,unit,source_url,confidence"));
    }
}

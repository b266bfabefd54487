//! Designs: which points of the unit cube a study asks. Any block of rows is made alone, so memory stays flat.

use rand_pcg::Pcg64Dxsm;
use rand_pcg::rand_core::Rng;
use sobol::params::JoeKuoD6;

/// How the points of an ensemble are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Design {
    /// Independent uniform draws.
    MonteCarlo,
    /// Each dimension is cut into as many strata as there are rows, and each stratum is hit exactly once (McKay, Beckman & Conover,
    /// *Technometrics* 21, 1979).
    LatinHypercube,
    /// The Sobol sequence with the direction numbers of Joe & Kuo (*SIAM J. Sci. Comput.* 30, 2008; `new-joe-kuo-6`), in Gray-code
    /// order and not scrambled: the points of `scipy.stats.qmc.Sobol(scramble=False)`, bit by bit. Row 0 is the origin; the seed
    /// changes nothing.
    Sobol,
}

impl Design {
    /// Every design, with the name that scenarios and commands use.
    pub const ALL: [(Design, &'static str); 3] =
        [(Design::MonteCarlo, "monte-carlo"), (Design::LatinHypercube, "latin-hypercube"), (Design::Sobol, "sobol")];

    /// Reads `monte-carlo`, `latin-hypercube` or `sobol`.
    ///
    /// # Errors
    /// A sentence with the names that there are.
    pub fn parse(text: &str) -> Result<Design, String> {
        let wanted = text.trim().to_lowercase().replace(['_', ' '], "-");
        Self::ALL
            .into_iter()
            .find(|(_, name)| *name == wanted)
            .map(|(design, _)| design)
            .ok_or_else(|| format!("no design has this name; there are {}", Self::ALL.map(|(_, name)| name).join(", ")))
    }

    /// The name that [`Design::parse`] reads.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(design, _)| *design == self).map_or("", |(_, name)| name)
    }
}

/// How many dimensions the Sobol sequence has here: the first thousand of Joe & Kuo's 21,201.
pub const MAX_SOBOL_DIMS: usize = 1000;

/// Bits of a Sobol point, and so the binary logarithm of the longest sequence. Points are whole multiples of 2⁻³², exact as doubles.
const BITS: usize = 32;

/// Points of one design, by row number.
pub struct Sampler {
    design: Design,
    rows: u64,
    dims: usize,
    seed: u64,
    /// Latin hypercube: the stratum of every row, one permutation after the other. Sobol: [`BITS`] direction numbers a dimension.
    tables: Vec<u32>,
}

impl Sampler {
    /// A design of `rows` points in `dims` dimensions. A Latin hypercube holds 4 bytes for every row and dimension, the others next to
    /// nothing. A Latin hypercube of another number of rows is another design; the other two only grow longer.
    ///
    /// # Errors
    /// A sentence, where there is no dimension, where Sobol is asked for more than [`MAX_SOBOL_DIMS`], where Sobol or a Latin hypercube
    /// is asked for more than 2³² rows, and where a Latin hypercube does not fit in memory.
    pub fn new(design: Design, rows: u64, dims: usize, seed: u64) -> Result<Sampler, String> {
        if dims == 0 {
            return Err("a design needs at least one dimension".to_owned());
        }
        if design != Design::MonteCarlo && rows > 1 << BITS {
            return Err(format!("{} has at most 4294967296 rows; monte-carlo has no such bound", design.name()));
        }
        let tables = match design {
            Design::MonteCarlo => Vec::new(),
            Design::LatinHypercube => permutations(rows, dims, seed)?,
            Design::Sobol => directions(dims)?,
        };
        Ok(Sampler { design, rows, dims, seed, tables })
    }

    /// How many rows the design has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many dimensions it has.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Writes up to `n` rows from number `first` (from 0) into `out`, row after row, every value in [0, 1), and says how many rows there
    /// were: fewer than `n` where the design ends. The same rows come out in whatever blocks they are asked.
    pub fn fill(&self, first: u64, n: usize, out: &mut Vec<f64>) -> usize {
        let n = usize::try_from(self.rows.saturating_sub(first)).unwrap_or(usize::MAX).min(n);
        out.clear();
        out.reserve(n.saturating_mul(self.dims));
        let rows = first..first + n as u64;
        match self.design {
            Design::MonteCarlo => {
                for row in rows {
                    let mut stream = stream(self.seed, Design::MonteCarlo, row);
                    out.extend((0..self.dims).map(|_| unit(&mut stream)));
                }
            }
            Design::LatinHypercube => rows.for_each(|row| self.latin_row(row, out)),
            Design::Sobol => self.sobol_rows(first, n, out),
        }
        n
    }

    fn latin_row(&self, row: u64, out: &mut Vec<f64>) {
        let mut stream = stream(self.seed, Design::LatinHypercube, row);
        let count = self.rows as f64;
        // Below 2^32 rows the permutation is there, so the row number fits.
        for strata in self.tables.chunks_exact(self.rows.max(1) as usize) {
            let stratum = strata.get(row as usize).map_or(0.0, |s| f64::from(*s));
            let value = (stratum + unit(&mut stream)) / count;
            // Rounding must not carry a point into the next stratum.
            out.push(value.min(((stratum + 1.0) / count).next_down()));
        }
    }

    fn sobol_rows(&self, first: u64, n: usize, out: &mut Vec<f64>) {
        let mut at: Vec<u32> = self.tables.chunks_exact(BITS).map(|v| gray(first, v)).collect();
        for row in first..first + n as u64 {
            out.extend(at.iter().map(|x| f64::from(*x) / 4_294_967_296.0));
            // The next point differs in the one direction whose bit the Gray code flips.
            let flips = (row + 1).trailing_zeros() as usize;
            for (x, v) in at.iter_mut().zip(self.tables.chunks_exact(BITS)) {
                *x ^= v.get(flips).copied().unwrap_or(0);
            }
        }
    }
}

/// The point of a row in one dimension: the exclusive or of the directions at the bits of its Gray code.
fn gray(row: u64, directions: &[u32]) -> u32 {
    let code = row ^ (row >> 1);
    directions.iter().enumerate().filter(|(bit, _)| code >> bit & 1 == 1).fold(0, |x, (_, v)| x ^ v)
}

/// Direction numbers, [`BITS`] a dimension, from the primitive polynomials and initial numbers of Joe & Kuo:
/// v(i) = m(i)·2^(32-i) for i ≤ s, then v(i) = v(i-s) ⊕ v(i-s)/2^s ⊕ a(1)·v(i-1) ⊕ … ⊕ a(s-1)·v(i-s+1).
fn directions(dims: usize) -> Result<Vec<u32>, String> {
    if dims > MAX_SOBOL_DIMS {
        return Err(format!("sobol has at most {MAX_SOBOL_DIMS} dimensions, not {dims}; latin-hypercube has no such bound"));
    }
    let published = JoeKuoD6::standard();
    let mut all: Vec<u32> = (0..BITS).map(|i| 1 << (BITS - 1 - i)).collect();
    for dim in published.dim_params.iter().take(dims.saturating_sub(1)) {
        let s = dim.m.len();
        let mut v: Vec<u32> = dim.m.iter().take(BITS).enumerate().map(|(i, m)| m << (BITS - 1 - i)).collect();
        for i in s..BITS {
            let back = |k: usize| v.get(i - k).copied().unwrap_or(0);
            let next = (1..s).filter(|k| dim.a >> (s - 1 - k) & 1 == 1).fold(back(s) ^ (back(s) >> s), |x, k| x ^ back(k));
            v.push(next);
        }
        all.extend(v);
    }
    Ok(all)
}

/// One random order of the strata for each dimension (Fisher & Yates).
fn permutations(rows: u64, dims: usize, seed: u64) -> Result<Vec<u32>, String> {
    let cells = usize::try_from(rows).ok().and_then(|n| n.checked_mul(dims));
    let mut all: Vec<u32> = Vec::new();
    if cells.is_none_or(|cells| all.try_reserve_exact(cells).is_err()) {
        let gib = rows as f64 * dims as f64 * 4.0 / f64::from(1 << 30);
        return Err(format!(
            "a latin-hypercube of {rows} rows and {dims} dimensions needs {gib:.0} GiB; monte-carlo and sobol need none"
        ));
    }
    for dim in 0..dims {
        let mut stream = stream(!seed, Design::LatinHypercube, dim as u64);
        let start = all.len();
        all.extend((0..rows).map(|row| row as u32));
        let strata = all.get_mut(start..).unwrap_or_default();
        for last in (1..strata.len()).rev() {
            strata.swap(last, below(&mut stream, last as u64 + 1) as usize);
        }
    }
    Ok(all)
}

/// The random stream of one row, or one dimension, of a design: a generator whose start is hashed from seed and number, so that each row
/// can be made again alone.
fn stream(seed: u64, design: Design, number: u64) -> Pcg64Dxsm {
    let key = mix(seed ^ mix(design as u64));
    let state = u128::from(mix(key ^ number)) << 64 | u128::from(mix(key.wrapping_add(mix(!number))));
    // PCG's default stream.
    Pcg64Dxsm::new(state, 0x0a02_bdbf_7bb3_c0a7_ac28_fa16_a64a_bf96)
}

/// A bijection of 64 bits in which every bit of the argument moves every bit of the result (the finalizer of SplitMix64; Steele, Lea &
/// Flood, *OOPSLA* 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A multiple of 2⁻⁵³ in [0, 1).
fn unit(stream: &mut Pcg64Dxsm) -> f64 {
    (stream.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A whole number below `bound`, which is at most 2³²: high bits of a 128-bit product, off by less than one in 2³². Written out rather than
/// taken from a library, whose next version may draw in another way: the same seed must give the same bytes.
fn below(stream: &mut Pcg64Dxsm, bound: u64) -> u64 {
    ((u128::from(stream.next_u64()) * u128::from(bound)) >> 64) as u64
}

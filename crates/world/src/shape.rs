//! Shapes of what is not known: from a point of the unit interval to the value of a factor.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// How a factor's values are spread. Values are in the factor's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Every value between two bounds alike.
    Uniform {
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
    /// Density rising to the mode and falling from it, in straight lines.
    Triangular {
        /// Least value.
        low: f64,
        /// The most likely value.
        mode: f64,
        /// Greatest value.
        high: f64,
    },
    /// Every ratio alike: the logarithm is uniform. Bounds above zero.
    LogUniform {
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
    /// Normal, cut off at two bounds and scaled up between them.
    Normal {
        /// Mean before it is cut.
        mean: f64,
        /// Standard deviation before it is cut.
        sd: f64,
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
    /// One of `n` alternatives, each alike: 0, 1, … n-1.
    Choice(u32),
}

impl Shape {
    /// Whether the numbers make a distribution.
    ///
    /// # Errors
    /// A sentence that says which number is wrong.
    pub fn check(&self) -> Result<(), String> {
        if let Shape::Choice(n) = self {
            return if *n == 0 { Err("a choice needs at least one alternative".to_owned()) } else { Ok(()) };
        }
        let (low, high) = self.bounds();
        if !(low.is_finite() && high.is_finite() && (high - low).is_finite() && low < high) {
            return Err(format!("`low` must be below `high`, both finite, not {low} and {high}"));
        }
        match *self {
            Shape::Triangular { mode, .. } if !(low..=high).contains(&mode) => {
                Err(format!("`mode` must stand between `low` and `high`, not at {mode}"))
            }
            Shape::LogUniform { .. } if low <= 0.0 => Err(format!("`low` must be above zero, not {low}")),
            Shape::Normal { mean, sd, .. } if !(mean.is_finite() && sd.is_finite() && sd > 0.0) => {
                Err(format!("`mean` must be finite and `sd` above zero, not {mean} and {sd}"))
            }
            Shape::Normal { mean, sd, .. } => {
                let (low, high) = ((low - mean) / sd, (high - mean) / sd);
                let within =
                    if low > 0.0 { normal_below(-low) - normal_below(-high) } else { normal_below(high) - normal_below(low) };
                // Farther out the tails run out of doubles.
                if within > 1e-200 { Ok(()) } else { Err("nothing of the normal lies between `low` and `high`".to_owned()) }
            }
            _ => Ok(()),
        }
    }

    /// Least and greatest value.
    pub fn bounds(&self) -> (f64, f64) {
        match *self {
            Shape::Uniform { low, high }
            | Shape::Triangular { low, high, .. }
            | Shape::LogUniform { low, high }
            | Shape::Normal { low, high, .. } => (low, high),
            Shape::Choice(n) => (0.0, f64::from(n.saturating_sub(1))),
        }
    }

    /// The value below which the share `u` of the distribution lies (the inverse of its cumulative distribution function), for `u` in
    /// [0, 1). Never beyond the bounds. The same bits on every machine.
    pub fn quantile(&self, u: f64) -> f64 {
        let value = match *self {
            Shape::Uniform { low, high } => low + u * (high - low),
            Shape::Triangular { low, mode, high } => {
                let (left, right, width) = (mode - low, high - mode, high - low);
                if u * width < left { low + (u * width * left).sqrt() } else { high - ((1.0 - u) * width * right).sqrt() }
            }
            Shape::LogUniform { low, high } => low * libm::exp(u * libm::log(high / low)),
            Shape::Normal { mean, sd, low, high } => mean + sd * cut_normal((low - mean) / sd, (high - mean) / sd, u),
            Shape::Choice(n) => (u * f64::from(n)).floor(),
        };
        let (low, high) = self.bounds();
        value.max(low).min(high)
    }

    /// The share of the distribution below `x`: what [`Shape::quantile`] undoes.
    pub fn share(&self, x: f64) -> f64 {
        let share = match *self {
            Shape::Uniform { low, high } => (x - low) / (high - low),
            Shape::Triangular { low, mode, high } => {
                let (left, right, width) = (mode - low, high - mode, high - low);
                if x < mode { (x - low) * (x - low) / (width * left) } else { 1.0 - (high - x) * (high - x) / (width * right) }
            }
            Shape::LogUniform { low, high } => libm::log(x / low) / libm::log(high / low),
            Shape::Normal { mean, sd, low, high } => {
                let below = |x: f64| normal_below((x - mean) / sd);
                (below(x) - below(low)) / (below(high) - below(low))
            }
            Shape::Choice(n) => (x + 0.5) / f64::from(n),
        };
        // At the mode of a triangle that has but one side, nothing is divided by nothing.
        if share.is_nan() { f64::from(u8::from(x >= self.bounds().1)) } else { share.clamp(0.0, 1.0) }
    }
}

/// Quantile of the standard normal between two bounds. Shares are counted from the nearer tail, so that none is lost in a difference from 1.
fn cut_normal(low: f64, high: f64, u: f64) -> f64 {
    let below = normal_below(low) * (1.0 - u) + normal_below(high) * u;
    if below <= 0.5 { normal_quantile(below) } else { -normal_quantile(normal_below(-low) * (1.0 - u) + normal_below(-high) * u) }
}

/// Share of the standard normal below `z`: Φ(z) = erfc(-z/√2)/2.
fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The `z` at which Φ(z) = `p`, for `p` up to about one half: the start of Abramowitz & Stegun 26.2.23 (error below 4.5·10⁻⁴), then Halley's
/// step, z ← z - e/(1 + ze/2) with e = (Φ(z) - p)/φ(z), which cubes the error each time.
fn normal_quantile(p: f64) -> f64 {
    // Least normal double: the tail ends here.
    let p = p.max(f64::MIN_POSITIVE);
    let t = (-2.0 * libm::log(p)).sqrt();
    let over = 2.515517 + t * (0.802853 + t * 0.010328);
    let under = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut z = over / under - t;
    for _ in 0..2 {
        let e = (normal_below(z) - p) * TAU.sqrt() * libm::exp(0.5 * z * z);
        z -= e / (1.0 + 0.5 * z * e);
    }
    z
}

//! Both governments and the courts: trust, stances, admission, the fee's standing. A chance of `h` a year is `1 − (1 − h)^¼` a quarter for
//! h below one and `1 − e^(−h/4)` as a rate; the latter is used throughout, since reported hazards exceed one a year.

use crate::lane::{Lane, c};
use crate::names::{Factors, Luck};
use crate::run::World;
use crate::state::State;

/// A yearly hazard as the chance of a quarter: 1 − e^(−h/4).
#[inline(always)]
pub(crate) fn chance<T: Lane>(hazard: T) -> T {
    T::one() - (-hazard * c(0.25)).exp()
}

/// Whether a chance comes true: 1 or 0.
#[inline(always)]
pub(crate) fn comes<T: Lane>(luck: T, chance: T) -> T {
    T::if_less(luck, chance, T::one(), T::zero())
}

/// Trust: D' = D·2^(−1/half-life) + shocks. A security allegation and each reversal of a gate take utility from foreign parts (essay E16).
/// The scripted allegation counts whole in the quarter in which it begins.
#[inline(always)]
pub(crate) fn trust<T: Lane>(world: &World, t: usize, f: &Factors<T>, luck: &Luck<T>, s: &mut State<T>, reversal: T) {
    let scripted = c::<T>(world.gates.questioned.get(t).copied().unwrap_or(0.0) * world.scenario.levers.importer_gate);
    let begins = T::if_less(s.questioned, scripted, T::if_less(T::zero(), s.questioned, T::zero(), T::one()), T::zero());
    s.questioned = scripted;
    let drawn = comes(luck.allegation, chance(f.security_hazard)) * c(world.after_known(t));
    let kept = (-f.trust_half_life.max(c(0.1)).pow(-T::one()) * c(std::f64::consts::LN_2)).exp();
    s.distrust = (s.distrust * kept + (begins + drawn) * f.security_shock + reversal * f.reversal_shock)
        * c(world.scenario.switches.trust);
}

/// The exporter's ladder: hazards of loosening and tightening as exponentials of what presses on it.
/// h↑ = base·exp(gap·ln(domestic ÷ permitted) + lobby·lost share + pressure·importer's leverage),
/// h↓ = base·exp(alarm·ln(starting lead ÷ lead)). E26 is the sign of `gap_coefficient`; the SCALE Act's 110 % rule is one written form.
#[inline(always)]
pub(crate) fn stance<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    luck: &Luck<T>,
    s: &mut State<T>,
    permitted: T,
    rare_earth_moves: T,
) {
    let free = c::<T>(world.regulator_moves(t));
    let gap = (s.domestic_tpp / permitted.max(c(1.0))).ln();
    let loosen = f.loosen_hazard
        * (f.gap_coefficient * gap + f.lobby_coefficient * s.lost_share + f.pressure_coefficient * importer_leverage(f, s))
            .within(-5.0, 5.0)
            .exp();
    let lead = s.exporter_compute / s.importer_compute.max(c(1e-9));
    let alarm = (s.compute_ratio_start / lead.max(c(1e-9))).ln();
    let tighten = f.tighten_hazard * (f.alarm_coefficient * alarm).within(-5.0, 5.0).exp();
    let up = T::one() - (T::one() - comes(luck.loosen, chance(loosen))) * (T::one() - rare_earth_moves);
    let down = comes(luck.tighten, chance(tighten));
    let top = c::<T>(world.gates.stances.saturating_sub(1) as f64);
    s.stance = (s.stance + (up - down) * free).plus().min(top);
}

/// What the exporter would lose if rare earths stopped: 1 − (1 − share)^(1/(σ − 1)), the gain from trade of Arkolakis, Costinot &
/// Rodríguez-Clare (2012), which is convex in the share as in Clayton, Maggiori & Schreger.
#[inline(always)]
pub(crate) fn importer_leverage<T: Lane>(f: &Factors<T>, s: &State<T>) -> T {
    loss(s.rare_earth, f.substitution)
}

/// The loss from being cut off from a supplier with a share of one's spending.
#[inline(always)]
pub(crate) fn loss<T: Lane>(share: T, substitution: T) -> T {
    let kept = (T::one() - share.within(0.0, 0.9999)).max(c(1e-4));
    T::one() - kept.pow(T::one() / (substitution - T::one()).max(c(0.1)))
}

/// The importer's own politics after the known days: a logistic pull towards what shortage asks and away from what domestic quality makes
/// needless, at a speed. A' = A + v·(1/(1 + e^(push − pull)) − A).
#[inline(always)]
pub(crate) fn admission<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &mut State<T>, permitted: T) {
    let free = c::<T>(world.scenario.levers.importer_responds * world.after_known(t));
    let near = (s.domestic_tpp / permitted.max(c(1.0))).within(0.0, 2.0);
    let target =
        T::one() / (T::one() + (f.self_reliance_push * near + s.distrust - f.shortage_pull * s.unmet).within(-30.0, 30.0).exp());
    s.admission = s.admission + (target - s.admission) * f.admission_speed * free;
}

/// The fee's standing: struck down at a hazard of its legal form, recast at another. Returns the refund due in USD bn.
#[inline(always)]
pub(crate) fn fee<T: Lane>(world: &World, t: usize, f: &Factors<T>, luck: &Luck<T>, s: &mut State<T>, duty_share: T) -> T {
    let on = c::<T>(world.scenario.switches.legal_hazard * world.after_known(t));
    let as_condition = (T::one() - duty_share) * (T::one() - s.recast);
    let hazard = f.fee_hazard * (T::one() + as_condition * (f.condition_hazard_ratio - T::one()));
    let paid = T::if_less(T::zero(), s.fee_balance, T::one(), T::zero());
    let struck = comes(luck.strike, chance(hazard)) * s.fee_alive * on * paid;
    let back = comes(luck.recast, chance(f.recast_hazard)) * (T::one() - s.fee_alive) * on;
    let refund = struck * f.refund_share * s.fee_balance;
    s.fee_balance = s.fee_balance - refund;
    s.recast = T::if_less(T::zero(), back, T::one(), s.recast);
    s.fee_alive = s.fee_alive - struck + back;
    refund
}

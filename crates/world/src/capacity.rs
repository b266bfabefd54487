//! Domestic makers: wafers, foreign dies, memory stacks, yield, the pipeline, learning, research.

use crate::lane::{Lane, both, c};
use crate::names::Factors;
use crate::run::World;
use crate::state::{FIRMS, PIPELINE, State};

/// What came out of a quarter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output<T> {
    /// Parts finished by maker (k).
    pub finished: [T; FIRMS],
    /// Mean yield.
    pub yielded: T,
    /// Memory stacks: opening + in − used − closing (k).
    pub stacks_residual: T,
    /// The same for foreign dies.
    pub dies_residual: T,
}

/// The exponent of a learning curve: b = −ln(1 − rate) ÷ ln 2 (Wright 1936).
#[inline(always)]
pub(crate) fn learning_exponent<T: Lane>(rate: T) -> T {
    -(T::one() - rate.within(0.0, 0.95)).ln() * c(std::f64::consts::LOG2_E)
}

/// Yield: the gap to the ceiling closes by the learning rate with each doubling of experience.
#[inline(always)]
pub(crate) fn yield_of<T: Lane>(f: &Factors<T>, experience: T, start: T, learning: f64) -> T {
    let ratio = (experience / start.max(c(1e-9))).max(c(1e-3));
    let closed = (-(learning_exponent(f.learning_rate) * c(learning)) * ratio.ln()).exp();
    let ceiling = f.yield_ceiling.max(f.yield_start);
    (ceiling - (ceiling - f.yield_start) * closed).within(0.01, 0.99)
}

/// Starts and finishes packages. Wafers × packages × yield and packages from foreign dies go in, as far as memory stacks suffice;
/// what was started three to four quarters ago comes out.
#[inline(always)]
pub(crate) fn produce<T: Lane>(world: &World, t: usize, f: &Factors<T>, s: &mut State<T>) -> Output<T> {
    let on = c::<T>(world.scenario.switches.domestic_makers * world.scenario.levers.supply);
    let learning = world.scenario.switches.learning;
    let yields = both(
        s.makers,
        #[inline(always)]
        |m| yield_of(f, m.experience, m.experience_start, learning),
    );
    let [first, second] = yields;
    let shares = maker_shares(world, f);
    let [a, b] = shares;
    let yielded = first * a + second * b;
    let from_wafers = s.wafers * c(3.0) * f.packages_per_wafer * yielded * on;
    let delivered = f.die_bank * c(world.die_delivery(t)) * on;
    let bank = s.dies + delivered;
    let dies_used = bank * f.die_use.within(0.0, 1.0);
    let from_dies = dies_used / f.dies_per_package.max(c(0.1));
    let open = c::<T>(world.gates.memory_open.get(t).copied().unwrap_or(0.0));
    let home = (c::<T>(world.year(t)) - f.hbm_start).plus() * c(4.0) * f.hbm_ramp;
    let stacks_in = f.hbm_inflow * open + home;
    let stacks_held = s.stacks + stacks_in;
    let wanted = from_wafers + from_dies;
    let limit = stacks_held / f.stacks_per_package.max(c(0.1));
    let made = if world.scenario.switches.memory_limit > 0.0 { wanted.min(limit) } else { wanted };
    let used = (made * f.stacks_per_package).min(stacks_held);
    let started_share = made / wanted.max(c(1e-12));
    let (stacks_before, dies_before) = (s.stacks, s.dies);
    s.stacks = (stacks_held - used).plus();
    let dies_gone = dies_used * started_share;
    s.dies = bank - dies_gone;
    let fourth = (f.pipeline - c(PIPELINE as f64 - 1.0)).within(0.0, 1.0);
    let mut finished = [T::zero(); FIRMS];
    for ((maker, share), out) in s.makers.iter_mut().zip(shares).zip(finished.iter_mut()) {
        let [one, two, three, four] = maker.started;
        *out = three * (T::one() - fourth) + four;
        // What of the third quarter is not finished yet waits for the fourth, so that nothing is lost between.
        maker.started = [made * share, one, two, three * fourth];
    }
    Output {
        finished,
        yielded,
        stacks_residual: stacks_before + stacks_in - used - s.stacks,
        dies_residual: dies_before + delivered - dies_gone - s.dies,
    }
}

/// How the wafers are shared between the makers.
#[inline(always)]
pub(crate) fn maker_shares<T: Lane>(world: &World, f: &Factors<T>) -> [T; FIRMS] {
    match world.makers {
        0 => [T::zero(); FIRMS],
        1 => [T::one(), T::zero()],
        _ => [T::one() - f.second_maker_share, f.second_maker_share],
    }
}

/// Experience grows with a maker's own output and, weighed less, with the other's (Irwin & Klenow 1994); a new generation forgets some.
#[inline(always)]
pub(crate) fn learn<T: Lane>(world: &World, f: &Factors<T>, s: &mut State<T>, finished: [T; FIRMS], doublings: T) {
    let spill = c::<T>(world.scenario.switches.spillover) / f.own_learning.max(T::one());
    let [a, b] = finished;
    let kept = (T::one() - f.generation_loss * doublings).within(0.1, 1.0);
    for (maker, gained) in s.makers.iter_mut().zip([a + b * spill, b + a * spill]) {
        maker.experience = maker.experience * kept + gained;
    }
}

/// Wafers move towards what demand asks: W' = W·(1 + v·(need ÷ W − 1)), within the yearly limit either way.
#[inline(always)]
pub(crate) fn invest<T: Lane>(f: &Factors<T>, s: &mut State<T>, wanted: T, yielded: T) {
    s.expected_domestic = s.expected_domestic + (wanted - s.expected_domestic) * f.expectation_speed;
    let need = s.expected_domestic / (c::<T>(3.0) * f.packages_per_wafer * yielded).max(c(1e-9));
    let limit = ((T::one() + f.wafer_growth).ln() * c(0.25)).exp() - T::one();
    let wish = (need / s.wafers.max(c(1e-9)) - T::one()) * f.capacity_speed;
    // As a part of the limit, so that a limit that is not a number is not passed over.
    let step = (wish / limit.max(c(1e-9))).within(-1.0, 1.0) * limit;
    s.wafers = s.wafers * (T::one() + step);
}

/// What is spent on research in the quarter (USD bn): out of sales and by the state, not below the floor that policy sets.
#[inline(always)]
pub(crate) fn research<T: Lane>(world: &World, t: usize, f: &Factors<T>, sales: T, budget: T) -> T {
    let state = f.state_research * c(0.25) * ((T::one() + f.research_burden).ln() * c(t as f64 * 0.25)).exp();
    let free = f.research_share * sales + state;
    free.max(budget * c(world.scenario.levers.research_floor)) * c(world.scenario.switches.domestic_makers)
}

/// Growth of domestic performance over the quarter, as a change of ln:
/// g·(R ÷ R*)^ψ · (1 + spur·severity) · (1 − crowding out·dependence) · (1 + catch-up·ln(frontier ÷ domestic)).
/// R* is the research that keeps growth steady while its productivity falls (Bloom, Jones, Van Reenen & Webb 2020); a blockade may spur
/// (Liu, Liu, Makarin & Wen 2025) or, with a negative factor, hinder (Cao, de Nicola, Mattoo & Timmis 2024); imports may crowd out (E14).
#[inline(always)]
pub(crate) fn progress<T: Lane>(
    world: &World,
    t: usize,
    f: &Factors<T>,
    s: &State<T>,
    research: T,
    severity: T,
    top_tpp: T,
) -> T {
    let switches = &world.scenario.switches;
    let needed = s.research_start * ((T::one() + f.research_burden).ln() * c(t as f64 * 0.25)).exp();
    let effort = (research / needed.max(c(1e-9))).within(0.01, 100.0).pow(f.research_effect);
    let spur = T::one() + f.spur * severity * c(switches.spur);
    let crowd = T::one() - f.crowd_out * s.dependence * c(switches.crowd_out);
    let behind = (top_tpp / s.domestic_tpp.max(T::one())).ln().plus();
    let catch_up = T::one() + f.catch_up * behind * c(switches.catch_up);
    let makers = if world.makers == 0 { 0.0 } else { 1.0 };
    ((T::one() + f.domestic_growth).ln() * c(0.25 * makers) * effort * spur * crowd.plus() * catch_up).within(0.0, 1.0)
}

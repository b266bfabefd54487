//! What each side could do to the other: rare earths, allies, installed compute, the bargain over opening.

use crate::lane::{Lane, c};
use crate::names::{Factors, Luck};
use crate::politics::comes;
use crate::run::World;
use crate::state::State;

/// The importer's reply. While the law is known, the regime says on which share of days it was in force; after that a tightening is
/// answered with a probability, and an answer moves the exporter with another. Returns how much it was used and whether it moved.
#[inline(always)]
pub(crate) fn reply<T: Lane>(world: &World, t: usize, f: &Factors<T>, luck: &Luck<T>, s: &State<T>) -> (T, T) {
    let on = world.scenario.switches.rare_earth;
    let scripted = c::<T>(world.gates.reply.get(t).copied().unwrap_or(0.0) * (1.0 - world.after_known(t)));
    let provoked = T::if_less(c(0.05), s.tightened, T::one(), T::zero());
    let drawn = comes(luck.reply, f.rare_earth_use) * provoked * c(world.after_known(t));
    let used = (scripted + drawn) * c(on);
    let moved = comes(luck.give_in, f.rare_earth_yield) * T::if_less(T::zero(), drawn, T::one(), T::zero()) * c(on);
    (used, moved)
}

/// The importer's share of processing falls by its decay, faster where it was used (Alfaro et al.).
#[inline(always)]
pub(crate) fn alternatives<T: Lane>(f: &Factors<T>, s: &mut State<T>, used: T) {
    let fall = f.rare_earth_decay * c(0.25) * (T::one() + (f.rare_earth_response - T::one()) * used);
    s.rare_earth = (s.rare_earth - fall).within(0.0, 0.9999);
}

/// The Nash bargain over opening with each side's loss from cut-off as its threat: ½ + ½·(importer's threat − exporter's) ÷ their sum.
#[inline(always)]
pub(crate) fn bargain<T: Lane>(exporter_leverage: T, importer_leverage: T) -> T {
    let sum = (exporter_leverage + importer_leverage).max(c(1e-9));
    c::<T>(0.5) + c::<T>(0.5) * (importer_leverage - exporter_leverage) / sum
}

/// The share of the chain outside the licensor moves with the severity and the volatility of the rules.
#[inline(always)]
pub(crate) fn allies<T: Lane>(world: &World, f: &Factors<T>, s: &mut State<T>, severity: T, volatility: T) {
    let pull = (severity + volatility).within(0.0, 1.0) * f.allied_speed * c(0.25 * world.scenario.switches.allies);
    s.allied = s.allied + pull * (T::one() - s.allied);
}

/// Installed compute: a share retires each quarter, what is bought is added (kH100e).
#[inline(always)]
pub(crate) fn install<T: Lane>(f: &Factors<T>, installed: T, added: T) -> T {
    installed * (T::one() - f.retirement * c(0.25)) + added
}

/// Accelerator spending in the exporter's country in a quarter (USD bn).
#[inline(always)]
pub(crate) fn exporter_spending<T: Lane>(world: &World, t: usize, f: &Factors<T>) -> T {
    let [a, b, d, e, g, h] = world.years_by_period(t);
    let boom = (T::one() + f.exporter_growth_boom).ln() * c(a + b + d + e);
    let then = (T::one() + f.exporter_growth).ln() * c(g) + (T::one() + f.exporter_growth_late).ln() * c(h);
    f.exporter_spend_start * c(0.25) * (boom + then).exp()
}

#[inline(always)]
pub(crate) fn exporter_leverage<T: Lane>(f: &Factors<T>, dependence: T) -> T {
    crate::politics::loss(dependence, f.substitution)
}

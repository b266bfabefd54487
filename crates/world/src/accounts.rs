//! What must balance in every quarter: nothing is created and nothing lost.

use crate::lane::Lane;
use crate::state::FIRMS;

/// Residuals of one quarter, each zero but for rounding, and the sizes that rounding is measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books<T> {
    /// Opening + arrived − sold − written off − reused − closing, by vendor (k).
    pub vendor_stock: [T; FIRMS],
    /// Opening + finished − sold − closing, by maker (k).
    pub maker_stock: [T; FIRMS],
    /// Memory stacks: opening + in − used − closing (k).
    pub stacks: T,
    /// Foreign dies: opening + delivered − used − closing (k).
    pub dies: T,
    /// Received by sellers − spent by buyers (USD bn).
    pub money: T,
    /// Fees: closing − opening − collected + refunded (USD bn).
    pub fees: T,
    /// Compute: closing − kept − added (kH100e).
    pub compute: T,
    /// Parts in the market (k), for scale.
    pub units: T,
    /// Budget (USD bn), for scale.
    pub budget: T,
    /// Installed compute (kH100e), for scale.
    pub installed: T,
}

/// What rounding may leave, relative to the size of the account.
pub(crate) const ROUNDING: f64 = 1e-9;

impl<T: Lane> Books<T> {
    /// The accounts by name, each as residual relative to its size.
    #[inline(always)]
    pub(crate) fn entries(&self) -> [(&'static str, T); 9] {
        let by = |x: T, size: T| x.abs() / (size.abs() + T::one());
        let [va, vb] = self.vendor_stock;
        let [ma, mb] = self.maker_stock;
        [
            ("stock of the lead vendor", by(va, self.units)),
            ("stock of the second vendor", by(vb, self.units)),
            ("stock of the leading maker", by(ma, self.units)),
            ("stock of the other makers", by(mb, self.units)),
            ("memory stacks", by(self.stacks, self.units * T::splat(10.0))),
            ("foreign dies", by(self.dies, self.units * T::splat(10.0))),
            ("money", by(self.money, self.budget)),
            ("fees", by(self.fees, self.budget)),
            ("compute", by(self.compute, self.installed)),
        ]
    }

    /// All residuals together: no less than the largest, and not a number where one of them is not.
    #[inline(always)]
    pub(crate) fn off(&self) -> T {
        self.entries().into_iter().fold(
            T::zero(),
            #[inline(always)]
            |sum, (_, x)| sum + x,
        )
    }
}

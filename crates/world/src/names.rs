//! The names of the model: factors that a draw sets, what a world carries from quarter to quarter, and what it reports. Each record is
//! declared once; files, tables and charts read the same names and units.

/// What a number may be: from a least to a most, only 0 or 1, or one of some words that stand for numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least.
    pub low: f64,
    /// The most.
    pub high: f64,
    /// Whether it is only 0 or 1.
    pub switch: bool,
    /// Words that a text may have in place of a number, whatever the ends.
    pub words: &'static [(&'static str, f64)],
}

impl Range {
    const SHARE: Range = Range::between(0.0, 1.0);
    const SWITCH: Range = Range { switch: true, ..Range::SHARE };
    const POSITIVE: Range = Range::between(0.0, f64::INFINITY);
    const ANY: Range = Range::between(f64::NEG_INFINITY, f64::INFINITY);

    const fn between(low: f64, high: f64) -> Range {
        Range { low, high, switch: false, words: &[] }
    }

    const fn or(self, words: &'static [(&'static str, f64)]) -> Range {
        Range { words, ..self }
    }

    /// Words alone.
    const fn one_of(words: &'static [(&'static str, f64)]) -> Range {
        Range::between(1.0, 0.0).or(words)
    }

    /// Whether a number may stand there.
    pub fn holds(&self, x: f64) -> bool {
        let within = self.low <= x && x <= self.high && (!self.switch || x.fract() == 0.0);
        x.is_finite() && (within || self.words.iter().any(|(_, number)| *number == x))
    }

    /// The number that a word stands for.
    pub fn word(&self, word: &str) -> Option<f64> {
        self.words.iter().find(|(own, _)| *own == word).map(|(_, number)| *number)
    }

    /// What may be written, in words: `a number from 0 to 1 or "regime"`.
    pub fn text(&self) -> String {
        let numbers = match (self.switch, self.low.is_finite(), self.high.is_finite()) {
            (true, ..) => "0 or 1".to_owned(),
            (_, true, true) => format!("a number from {} to {}", self.low, self.high),
            (_, true, false) => format!("a number, {} or more", self.low),
            (_, false, true) => format!("a number, {} or less", self.high),
            (_, false, false) => "a number".to_owned(),
        };
        let numbers = (self.low <= self.high).then_some(numbers);
        let words = self.words.iter().map(|(word, _)| format!("\"{word}\""));
        numbers.into_iter().chain(words).collect::<Vec<_>>().join(" or ")
    }
}

/// What a number of a unit may be where its record says nothing else.
const fn usual(unit: &str) -> Range {
    match unit.as_bytes() {
        b"share" => Range::SHARE,
        b"number" | b"utils" => Range::ANY,
        // Growth: next to all may be lost.
        b"share/year" => Range::between(-0.99, f64::INFINITY),
        b"0 or 1" => Range::SWITCH,
        _ => Range::POSITIVE,
    }
}

macro_rules! range {
    ($unit:literal) => {
        usual($unit)
    };
    ($unit:literal, $range:expr) => {
        $range
    };
}

/// A record of numbers whose names, units and ranges can be listed: `name: "unit"`, or `name: "unit" in RANGE` where the usual range of the unit
/// is not its own.
macro_rules! record {
    ($(#[$about:meta])* $name:ident { $(#[doc = $doc:literal] $field:ident: $unit:literal $(in $range:expr)?,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<T = f64> { $(#[doc = $doc] pub $field: T,)+ }

        impl<T: Copy> $name<T> {
            /// Names and units, in order.
            pub const NAMES: &[(&str, &str)] = &[$((stringify!($field), $unit),)+];

            /// What each is, in order.
            pub const MEANINGS: &[&str] = &[$($doc,)+];

            /// What each may be, in order.
            pub const RANGES: &[Range] = &[$(range!($unit $(, $range)?),)+];

            /// How many numbers there are.
            pub const COUNT: usize = Self::NAMES.len();

            /// A record whose numbers are made from their places.
            #[inline(always)]
            pub fn from_fn(mut number: impl FnMut(usize) -> T) -> Self {
                let mut at = 0..;
                $name { $($field: number(at.next().unwrap_or_default()),)+ }
            }

            /// The numbers in order.
            #[inline(always)]
            pub fn each(&self, mut see: impl FnMut(usize, T)) {
                let mut at = 0..;
                $(see(at.next().unwrap_or_default(), self.$field);)+
            }
        }
    };
}

record! {
    /// What is not known about the world: one number each a draw. Ranges, sources and confidence stand in `data/scenarios/`.
    Factors {
        /// Yearly spending of the importer's buyers on accelerators at the start.
        budget_start: "USD bn/year",
        /// Growth of that budget in the first year.
        budget_growth_2022: "share/year",
        /// In 2023.
        budget_growth_2023: "share/year",
        /// In 2024.
        budget_growth_2024: "share/year",
        /// In 2025.
        budget_growth_2025: "share/year",
        /// In 2026 to 2028.
        demand_growth: "share/year",
        /// From 2029 on.
        demand_growth_late: "share/year",
        /// Size of the own-price elasticity of demand for compute, quality-adjusted.
        price_elasticity: "number",
        /// Share of the budget for training large models.
        share_training: "share",
        /// For genomics, drug discovery and other science.
        share_science: "share",
        /// For government, finance, telecom, manufacturing.
        share_other: "share",
        /// Weight of processing performance against memory bandwidth in the quality that training sees (Cobb–Douglas).
        tpp_weight_training: "share",
        /// The same for inference.
        tpp_weight_inference: "share",
        /// Logit weight of ln quality.
        quality_weight: "utils",
        /// Logit weight of ln price.
        price_weight: "utils",
        /// Utility of staying with the lead vendor's software at the start.
        lock_in: "utils",
        /// How fast the domestic installed base wears that lock-in away (Bass-type migration).
        migration: "number",
        /// Similarity inside a nest: 1 is plain logit.
        nest: "share",
        /// Part of the sector `other` that has state funds.
        state_funded: "share",
        /// Utility of not buying.
        outside: "utils",
        /// Utility of the second foreign vendor against the lead vendor.
        second_vendor: "utils",
        /// Utility of a domestic part beside a foreign one of the same quality and price.
        home_bias: "utils",
        /// Fall of utility when a foreign part's security is officially questioned.
        security_shock: "utils",
        /// Fall of utility for a full reversal of either gate.
        reversal_shock: "utils",
        /// Half-life of lost trust.
        trust_half_life: "quarters",
        /// Chance a year of a new security allegation.
        security_hazard: "1/year",
        /// Price of a part of the reference quality at the start.
        price_start: "USD k",
        /// Yearly fall of the price of a given quality.
        price_fall: "share/year" in Range::between(-1.0, 0.99),
        /// Elasticity of price to quality.
        price_exponent: "number",
        /// Gross margin of the vendors.
        gross_margin: "share",
        /// Part of a fee that the buyer pays in a higher price.
        pass_through: "share",
        /// Stock and purchase commitments of a part made for one market.
        stock_cover: "quarters of sales",
        /// Part of a stranded stock that serves elsewhere.
        reuse: "share",
        /// From a closed gate to a redesigned part.
        design_lag: "quarters",
        /// Licences granted where review is case by case.
        case_rate: "share",
        /// Where approval is presumed.
        approval_rate: "share",
        /// Where no policy was published.
        unstated_rate: "share",
        /// Where denial is presumed.
        denial_rate: "share",
        /// Buyers whom the importer approves where its gate admits approved buyers only.
        admission_rate: "share",
        /// Purchases that go on where the importer discourages them.
        discouraged_rate: "share",
        /// Yearly growth of the frontier part's performance after the catalogue ends.
        foreign_growth: "share/year",
        /// Research that a vendor cuts for a dollar of lost sales.
        vendor_rd_cut: "share",
        /// Research of the vendors out of all their sales.
        vendor_research_share: "share",
        /// Elasticity of the frontier's growth to the vendors' research.
        vendor_rd_effect: "number",
        /// Availability of diverted parts while nothing is blocked.
        leak: "share",
        /// How a full blockade multiplies it (log change).
        leak_response: "number",
        /// Price of a diverted part above list.
        leak_premium: "share" in Range::POSITIVE,
        /// Performance of the best domestic part at the start.
        domestic_tpp_start: "TPP",
        /// Its memory bandwidth.
        domestic_bandwidth_start: "GB/s",
        /// Yearly growth of domestic performance at reference research.
        domestic_growth: "share/year",
        /// Growth of domestic bandwidth against that of performance.
        bandwidth_pace: "number",
        /// Elasticity of growth to research spending.
        research_effect: "number",
        /// Yearly growth of research that keeps growth steady (falling research productivity).
        research_burden: "share/year",
        /// Rise of domestic research output under a full blockade.
        spur: "share" in Range::between(-1.0, f64::INFINITY),
        /// Fall of it when all compute is imported.
        crowd_out: "share",
        /// Faster growth for a unit of ln(frontier ÷ domestic).
        catch_up: "number",
        /// Research of domestic makers out of sales.
        research_share: "share",
        /// Research paid by the state at the start.
        state_research: "USD bn/year",
        /// Yearly depreciation of the knowledge stock.
        depreciation: "share/year",
        /// Price of a domestic part against a foreign one of the same quality.
        domestic_discount: "share" in Range::POSITIVE,
        /// Cost of a domestic part at the start.
        domestic_cost_start: "USD k",
        /// Quality of the other makers' parts against the leader's.
        second_maker_quality: "share" in Range::POSITIVE,
        /// The other makers' part of the wafers.
        second_maker_share: "share",
        /// Wafers a month for domestic accelerators at the start.
        wafers_start: "k wafers/month",
        /// Yearly limit of their growth.
        wafer_growth: "share/year",
        /// Speed at which capacity moves to what is wanted.
        capacity_speed: "share/quarter",
        /// Gross packages from a wafer.
        packages_per_wafer: "count",
        /// Yield at the start.
        yield_start: "share",
        /// Yield that it cannot pass without the newest lithography.
        yield_ceiling: "share",
        /// Fall of the yield gap a doubling of output.
        learning_rate: "share",
        /// Weight of a maker's own output against another's.
        own_learning: "times",
        /// Experience lost a doubling of performance.
        generation_loss: "share",
        /// Dies that a foreign foundry delivered.
        die_bank: "k dies",
        /// Part of the foreign dies in hand that is used in a quarter.
        die_use: "share/quarter",
        /// Dies in a package.
        dies_per_package: "count",
        /// Memory stacks brought in a quarter while that gate is open.
        hbm_inflow: "k stacks/quarter",
        /// Memory stacks in a package.
        stacks_per_package: "count",
        /// When domestic memory stacks are made in volume.
        hbm_start: "year",
        /// Rise of their output a quarter.
        hbm_ramp: "k stacks/quarter",
        /// From wafer start to sale.
        pipeline: "quarters",
        /// Yearly chance of loosening at a gap and pressure of zero.
        loosen_hazard: "1/year",
        /// Of tightening.
        tighten_hazard: "1/year",
        /// Loosening a unit of ln(best domestic ÷ best permitted): the sign of E26.
        gap_coefficient: "number",
        /// Loosening a unit of the vendors' lost sales against their sales.
        lobby_coefficient: "number",
        /// Loosening a unit of the importer's leverage.
        pressure_coefficient: "number",
        /// Tightening a unit of ln(reference lead ÷ lead in compute).
        alarm_coefficient: "number",
        /// Pull of the importer's admission towards shortage.
        shortage_pull: "number",
        /// Push of it away from foreign parts as domestic ones near them.
        self_reliance_push: "number",
        /// Speed at which the importer's admission moves.
        admission_speed: "share/quarter",
        /// Yearly chance that a duty is struck down.
        fee_hazard: "1/year",
        /// Against it, the chance for a fee that is a condition of a licence.
        condition_hazard_ratio: "times",
        /// Yearly chance that a fee struck down comes back in another form.
        recast_hazard: "1/year",
        /// Part of past receipts that is then refunded.
        refund_share: "share",
        /// The importer's share of rare-earth processing.
        rare_earth_share: "share",
        /// Yearly fall of that share.
        rare_earth_decay: "share/year",
        /// How a use of it multiplies the fall.
        rare_earth_response: "times",
        /// Chance that a tightening is answered with it.
        rare_earth_use: "share",
        /// Chance that a use moves the exporter to loosen.
        rare_earth_yield: "share",
        /// Elasticity of substitution between suppliers.
        substitution: "number",
        /// Share of the supply chain outside the licensor at the start.
        allied_start: "share",
        /// Share that moves a year under full severity and volatility.
        allied_speed: "share/year",
        /// Speed at which expected sales follow sales.
        expectation_speed: "share/quarter",
        /// Market value for a dollar of expected yearly sales.
        value_multiple: "times",
        /// Accelerator spending in the exporter's country at the start.
        exporter_spend_start: "USD bn/year",
        /// Its growth to 2025.
        exporter_growth_boom: "share/year",
        /// From 2026 to 2028.
        exporter_growth: "share/year",
        /// From 2029 on.
        exporter_growth_late: "share/year",
        /// Part of that spending on the part that passes the gate.
        home_share: "share",
        /// Yearly share of installed compute that is retired.
        retirement: "share/year",
        /// Compute of the importer at the start.
        importer_compute_start: "kH100e",
        /// Compute of the exporter at the start.
        exporter_compute_start: "kH100e",
    }
}

record! {
    /// What a world reports each quarter.
    Variables {
        /// Fees collected, less refunds.
        fee_receipts_usd_bn: "USD bn",
        /// Fees collected as duty.
        fee_duty_usd_bn: "USD bn",
        /// Legal sales of foreign accelerators to the importer.
        vendor_sales_usd_bn: "USD bn",
        /// Of the lead vendor.
        lead_vendor_sales_usd_bn: "USD bn",
        /// Of parts designed to the threshold.
        cut_down_sales_usd_bn: "USD bn",
        /// Sales that open gates would have brought and these did not.
        lost_sales_usd_bn: "USD bn",
        /// Foreign parts sold.
        foreign_units_k: "k",
        /// Parts designed to the threshold sold.
        cut_down_units_k: "k",
        /// Domestic parts sold.
        domestic_units_k: "k",
        /// Parts diverted past the gates.
        diverted_units_k: "k",
        /// Compute of the parts diverted.
        diverted_kh100e: "kH100e",
        /// Compute of foreign parts sold.
        foreign_kh100e: "kH100e",
        /// Compute of domestic parts sold.
        domestic_kh100e: "kH100e",
        /// Domestic share of parts sold legally.
        domestic_share_units: "share",
        /// Of their value.
        domestic_share_value: "share",
        /// Of their compute.
        domestic_share_compute: "share",
        /// Lead vendor's share of value.
        lead_vendor_share_value: "share",
        /// Lead vendor's share of parts.
        lead_vendor_share_units: "share",
        /// Parts of the lead vendor sold.
        lead_vendor_units_k: "k",
        /// Parts of the leading maker sold.
        lead_maker_units_k: "k",
        /// Their value.
        lead_maker_sales_usd_bn: "USD bn",
        /// Their compute.
        lead_maker_kh100e: "kH100e",
        /// Stock written off.
        write_off_usd_bn: "USD bn",
        /// Change of the vendors' market value.
        vendor_value_change_usd_bn: "USD bn",
        /// Spending of the importer's buyers on accelerators.
        market_usd_bn: "USD bn",
        /// Budget of the importer's buyers.
        budget_usd_bn: "USD bn",
        /// Performance of the best part that passes the exporter's gate.
        best_permitted_tpp: "TPP",
        /// Of the best domestic part.
        best_domestic_tpp: "TPP",
        /// Of the best part anywhere.
        best_overall_tpp: "TPP",
        /// Installed compute of the importer.
        importer_compute_kh100e: "kH100e",
        /// Of the exporter.
        exporter_compute_kh100e: "kH100e",
        /// The exporter's against the importer's.
        compute_ratio: "times",
        /// Budget left unspent.
        unmet_share: "share",
        /// In training.
        unmet_training: "share",
        /// In inference.
        unmet_inference: "share",
        /// In science.
        unmet_science: "share",
        /// In government and other.
        unmet_other: "share",
        /// Foreign share of the compute added.
        dependence: "share",
        /// The importer's loss if foreign compute stopped.
        exporter_leverage: "share",
        /// The exporter's loss if rare earths stopped.
        importer_leverage: "share",
        /// Nash bargain over opening: 0 shut, 1 open.
        bargain: "share",
        /// Share of the supply chain outside the licensor.
        allied_share: "share",
        /// Place on the ladder of stances, 0 the tightest.
        stance: "rung",
        /// Share of foreign parts that the exporter's gate lets through.
        exporter_open: "share",
        /// Share that the importer's gate lets through.
        importer_admission: "share",
        /// Trust in foreign parts: 1 full.
        trust: "share",
        /// Research of domestic makers and the state.
        domestic_rnd_usd_bn: "USD bn",
        /// Domestic stock of knowledge.
        knowledge: "USD bn",
        /// Chance-free standing of the fee: 1 in force or not yet asked, 0 struck down.
        fee_alive: "share",
        /// Rare earths used as a reply.
        rare_earth_used: "share",
        /// Yield of domestic wafers.
        domestic_yield: "share",
        /// Domestic wafers for accelerators.
        domestic_wafers_k: "k wafers/month",
        /// Stock of parts made for the market.
        vendor_stock_k: "k",
        /// Lock-in that is left.
        lock_in_left: "utils",
    }
}

record! {
    /// Chances of one quarter: uniform numbers in [0, 1).
    Luck {
        /// Whether the exporter loosens.
        loosen: "share",
        /// Whether it tightens.
        tighten: "share",
        /// Whether the fee is struck down.
        strike: "share",
        /// Whether it is recast.
        recast: "share",
        /// Whether security is questioned.
        allegation: "share",
        /// Whether rare earths are used.
        reply: "share",
        /// Whether their use moves the exporter.
        give_in: "share",
    }
}

record! {
    /// What may be turned on and off: 1 on, 0 off.
    Switches {
        /// Costs and yields improve with output.
        learning: "0 or 1",
        /// A maker learns from the other's output.
        spillover: "0 or 1",
        /// A blockade spurs domestic research, or hinders it.
        spur: "0 or 1",
        /// Imports crowd out domestic progress.
        crowd_out: "0 or 1",
        /// Who is behind catches up faster.
        catch_up: "0 or 1",
        /// Software ties buyers to the lead vendor.
        lock_in: "0 or 1",
        /// Reversals and allegations cost trust.
        trust: "0 or 1",
        /// Parts are diverted past the gates.
        diversion: "0 or 1",
        /// Lost sales cut the vendors' research.
        vendor_research: "0 or 1",
        /// Rare earths are a reply.
        rare_earth: "0 or 1",
        /// Allies build their own chain.
        allies: "0 or 1",
        /// Courts may strike the fee down.
        legal_hazard: "0 or 1",
        /// There are domestic makers.
        domestic_makers: "0 or 1",
        /// Memory stacks limit domestic output.
        memory_limit: "0 or 1",
    }
}

record! {
    /// What a policy may set.
    Levers {
        /// Fee as a share of the sale, in place of what the regime says; `regime` leaves the regime's.
        fee_rate: "share" in Range::SHARE.or(&[("regime", -1.0)]),
        /// The largest share of the importer's budget that may go to foreign parts.
        import_cap: "share",
        /// Domestic research at least this share of the importer's budget.
        research_floor: "share",
        /// Multiplies what both sides can supply.
        supply: "times" in Range::between(0.0, 1000.0),
        /// The importer's gate: what its regime says, or no gate at all (`open`).
        importer_gate: "word" in Range::one_of(&[("regime", 1.0), ("open", 0.0)]),
        /// 1: the importer's admission moves with shortage and domestic quality after the known days.
        importer_responds: "0 or 1",
        /// 1: the exporter moves along the stances from `moves_from` on.
        regulator_moves: "0 or 1",
    }
}

impl Levers {
    /// Nobody moved any: the world as it is.
    pub const UNMOVED: Levers = Levers {
        fee_rate: -1.0,
        import_cap: 1.0,
        research_floor: 0.0,
        supply: 1.0,
        importer_gate: 1.0,
        importer_responds: 0.0,
        regulator_moves: 0.0,
    };
}

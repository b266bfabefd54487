//! The names of the model: factors that a draw sets, what a world carries from quarter to quarter, and what it reports. Each record is
//! declared once; files, tables and charts read the same names and units.

/// A record of numbers whose names and units can be listed.
macro_rules! record {
    ($(#[$about:meta])* $name:ident { $(#[doc = $doc:literal] $field:ident: $unit:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<T = f64> { $(#[doc = $doc] pub $field: T,)+ }

        impl<T: Copy> $name<T> {
            /// Names and units, in order.
            pub const NAMES: &[(&str, &str)] = &[$((stringify!($field), $unit),)+];

            /// What each is, in order.
            pub const MEANINGS: &[&str] = &[$($doc,)+];

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
        budget_growth_2022: "1/year",
        /// In 2023.
        budget_growth_2023: "1/year",
        /// In 2024.
        budget_growth_2024: "1/year",
        /// In 2025.
        budget_growth_2025: "1/year",
        /// In 2026 to 2028.
        demand_growth: "1/year",
        /// From 2029 on.
        demand_growth_late: "1/year",
        /// Size of the own-price elasticity of demand for compute, quality-adjusted.
        price_elasticity: "1",
        /// Share of the budget for training large models.
        share_training: "1",
        /// For genomics, drug discovery and other science.
        share_science: "1",
        /// For government, finance, telecom, manufacturing.
        share_other: "1",
        /// Weight of processing performance against memory bandwidth in the quality that training sees (Cobb–Douglas).
        tpp_weight_training: "1",
        /// The same for inference.
        tpp_weight_inference: "1",
        /// Logit weight of ln quality.
        quality_weight: "utils",
        /// Logit weight of ln price.
        price_weight: "utils",
        /// Utility of staying with the lead vendor's software at the start.
        lock_in: "utils",
        /// How fast the domestic installed base wears that lock-in away (Bass-type migration).
        migration: "1",
        /// Similarity inside a nest: 1 is plain logit.
        nest: "1",
        /// Part of the sector `other` that has state funds.
        state_funded: "1",
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
        price_fall: "1/year",
        /// Elasticity of price to quality.
        price_exponent: "1",
        /// Gross margin of the vendors.
        gross_margin: "1",
        /// Part of a fee that the buyer pays in a higher price.
        pass_through: "1",
        /// Stock and purchase commitments of a part made for one market.
        stock_cover: "quarters of sales",
        /// Part of a stranded stock that serves elsewhere.
        reuse: "1",
        /// From a closed gate to a redesigned part.
        design_lag: "quarters",
        /// Licences granted where review is case by case.
        case_rate: "1",
        /// Where approval is presumed.
        approval_rate: "1",
        /// Where no policy was published.
        unstated_rate: "1",
        /// Where denial is presumed.
        denial_rate: "1",
        /// Buyers whom the importer approves where its gate admits approved buyers only.
        admission_rate: "1",
        /// Purchases that go on where the importer discourages them.
        discouraged_rate: "1",
        /// Yearly growth of the frontier part's performance after the catalogue ends.
        foreign_growth: "1/year",
        /// Research that a vendor cuts for a dollar of lost sales.
        vendor_rd_cut: "1",
        /// Research of the vendors out of all their sales.
        vendor_research_share: "1",
        /// Elasticity of the frontier's growth to the vendors' research.
        vendor_rd_effect: "1",
        /// Availability of diverted parts while nothing is blocked.
        leak: "1",
        /// How a full blockade multiplies it (log change).
        leak_response: "1",
        /// Price of a diverted part above list.
        leak_premium: "1",
        /// Performance of the best domestic part at the start.
        domestic_tpp_start: "TPP",
        /// Its memory bandwidth.
        domestic_bandwidth_start: "GB/s",
        /// Yearly growth of domestic performance at reference research.
        domestic_growth: "1/year",
        /// Growth of domestic bandwidth against that of performance.
        bandwidth_pace: "1",
        /// Elasticity of growth to research spending.
        research_effect: "1",
        /// Yearly growth of research that keeps growth steady (falling research productivity).
        research_burden: "1/year",
        /// Rise of domestic research output under a full blockade.
        spur: "1",
        /// Fall of it when all compute is imported.
        crowd_out: "1",
        /// Faster growth for a unit of ln(frontier ÷ domestic).
        catch_up: "1",
        /// Research of domestic makers out of sales.
        research_share: "1",
        /// Research paid by the state at the start.
        state_research: "USD bn/year",
        /// Yearly depreciation of the knowledge stock.
        depreciation: "1/year",
        /// Price of a domestic part against a foreign one of the same quality.
        domestic_discount: "1",
        /// Cost of a domestic part at the start.
        domestic_cost_start: "USD k",
        /// Quality of the other makers' parts against the leader's.
        second_maker_quality: "1",
        /// The other makers' part of the wafers.
        second_maker_share: "1",
        /// Wafers a month for domestic accelerators at the start.
        wafers_start: "k/month",
        /// Yearly limit of their growth.
        wafer_growth: "1/year",
        /// Speed at which capacity moves to what is wanted.
        capacity_speed: "1/quarter",
        /// Gross packages from a wafer.
        packages_per_wafer: "1",
        /// Yield at the start.
        yield_start: "1",
        /// Yield that it cannot pass without the newest lithography.
        yield_ceiling: "1",
        /// Fall of the yield gap a doubling of output.
        learning_rate: "1",
        /// Weight of a maker's own output against another's.
        own_learning: "1",
        /// Experience lost a doubling of performance.
        generation_loss: "1",
        /// Dies that a foreign foundry delivered.
        die_bank: "k dies",
        /// Part of the foreign dies in hand that is used in a quarter.
        die_use: "1/quarter",
        /// Dies in a package.
        dies_per_package: "1",
        /// Memory stacks brought in a quarter while that gate is open.
        hbm_inflow: "k stacks/quarter",
        /// Memory stacks in a package.
        stacks_per_package: "1",
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
        gap_coefficient: "1",
        /// Loosening a unit of the vendors' lost sales against their sales.
        lobby_coefficient: "1",
        /// Loosening a unit of the importer's leverage.
        pressure_coefficient: "1",
        /// Tightening a unit of ln(reference lead ÷ lead in compute).
        alarm_coefficient: "1",
        /// Pull of the importer's admission towards shortage.
        shortage_pull: "1",
        /// Push of it away from foreign parts as domestic ones near them.
        self_reliance_push: "1",
        /// Speed at which the importer's admission moves.
        admission_speed: "1/quarter",
        /// Yearly chance that a duty is struck down.
        fee_hazard: "1/year",
        /// Against it, the chance for a fee that is a condition of a licence.
        condition_hazard_ratio: "1",
        /// Yearly chance that a fee struck down comes back in another form.
        recast_hazard: "1/year",
        /// Part of past receipts that is then refunded.
        refund_share: "1",
        /// The importer's share of rare-earth processing.
        rare_earth_share: "1",
        /// Yearly fall of that share.
        rare_earth_decay: "1/year",
        /// How a use of it multiplies the fall.
        rare_earth_response: "1",
        /// Chance that a tightening is answered with it.
        rare_earth_use: "1",
        /// Chance that a use moves the exporter to loosen.
        rare_earth_yield: "1",
        /// Elasticity of substitution between suppliers.
        substitution: "1",
        /// Share of the supply chain outside the licensor at the start.
        allied_start: "1",
        /// Share that moves a year under full severity and volatility.
        allied_speed: "1/year",
        /// Speed at which expected sales follow sales.
        expectation_speed: "1/quarter",
        /// Market value for a dollar of expected yearly sales.
        value_multiple: "1",
        /// Accelerator spending in the exporter's country at the start.
        exporter_spend_start: "USD bn/year",
        /// Its growth to 2025.
        exporter_growth_boom: "1/year",
        /// From 2026 to 2028.
        exporter_growth: "1/year",
        /// From 2029 on.
        exporter_growth_late: "1/year",
        /// Part of that spending on the part that passes the gate.
        home_share: "1",
        /// Yearly share of installed compute that is retired.
        retirement: "1/year",
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
        domestic_share_units: "1",
        /// Of their value.
        domestic_share_value: "1",
        /// Of their compute.
        domestic_share_compute: "1",
        /// Lead vendor's share of value.
        lead_vendor_share_value: "1",
        /// Lead vendor's share of parts.
        lead_vendor_share_units: "1",
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
        compute_ratio: "1",
        /// Budget left unspent.
        unmet_share: "1",
        /// In training.
        unmet_training: "1",
        /// In inference.
        unmet_inference: "1",
        /// In science.
        unmet_science: "1",
        /// In government and other.
        unmet_other: "1",
        /// Foreign share of the compute added.
        dependence: "1",
        /// The importer's loss if foreign compute stopped.
        exporter_leverage: "1",
        /// The exporter's loss if rare earths stopped.
        importer_leverage: "1",
        /// Nash bargain over opening: 0 shut, 1 open.
        bargain: "1",
        /// Share of the supply chain outside the licensor.
        allied_share: "1",
        /// Place on the ladder of stances, 0 the tightest.
        stance: "1",
        /// Share of foreign parts that the exporter's gate lets through.
        exporter_open: "1",
        /// Share that the importer's gate lets through.
        importer_admission: "1",
        /// Trust in foreign parts: 1 full.
        trust: "1",
        /// Research of domestic makers and the state.
        domestic_rnd_usd_bn: "USD bn",
        /// Domestic stock of knowledge.
        knowledge: "USD bn",
        /// Chance-free standing of the fee: 1 in force or not yet asked, 0 struck down.
        fee_alive: "1",
        /// Rare earths used as a reply.
        rare_earth_used: "1",
        /// Yield of domestic wafers.
        domestic_yield: "1",
        /// Domestic wafers for accelerators.
        domestic_wafers_k: "k/month",
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
        loosen: "1",
        /// Whether it tightens.
        tighten: "1",
        /// Whether the fee is struck down.
        strike: "1",
        /// Whether it is recast.
        recast: "1",
        /// Whether security is questioned.
        allegation: "1",
        /// Whether rare earths are used.
        reply: "1",
        /// Whether their use moves the exporter.
        give_in: "1",
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
        /// Fee as a share of the sale, in place of what the regime says; -1 leaves the regime's.
        fee_rate: "1",
        /// The largest share of the importer's budget that may go to foreign parts.
        import_cap: "1",
        /// Domestic research at least this share of the importer's budget.
        research_floor: "1",
        /// Multiplies what both sides can supply.
        supply: "1",
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
        importer_responds: 0.0,
        regulator_moves: 0.0,
    };
}

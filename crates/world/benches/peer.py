"""The world once more in numpy, for comparing speed: the same equations in the same order, blocks of worlds as arrays.

Called by `cargo bench -p world` with a folder that holds `meta.json` and raw little-endian doubles. Runs all worlds once, writes what they
reported to `history.f64` (variable, quarter, world), says `ready`, and then answers each line `block size` with the seconds that a run
of all worlds took, keeping what the metrics need as the compiled run does.
"""

import json
import sys
import time
from types import SimpleNamespace as Bag

import numpy as np

exp, log, where = np.exp, np.log, np.where
larger, smaller = np.maximum, np.minimum
TINY = 1e-12


def within(x, low, high):
    return smaller(larger(x, low), high)


def plus(x):
    return larger(x, 0.0)


class World:
    def __init__(self, folder):
        with open(f"{folder}/meta.json", encoding="utf-8") as file:
            self.meta = Bag(**json.load(file))
        m = self.meta
        read = lambda name: np.fromfile(f"{folder}/{name}.f64", dtype="<f8")
        self.on, self.lever = Bag(**m.switches), Bag(**m.levers)
        self.factors = np.ascontiguousarray(read("draws").reshape(m.worlds, -1).T)
        self.luck = read("luck").reshape(m.quarters, len(m.luck), m.worlds)
        self.vendors = []
        for v in range(m.vendors):
            tables = Bag(wanted=read(f"{v}-wanted").reshape(m.quarters, m.stances))
            for kind in ("top", "best", "designs"):
                # By quarter: column × (stance, place).
                raw = read(f"{v}-{kind}").reshape(14, m.quarters, -1)
                table = np.ascontiguousarray(raw.transpose(1, 0, 2))
                setattr(tables, kind, Bag(width=table.shape[2] // m.stances, table=table))
            self.vendors.append(tables)
        self.memory_open, self.reply, self.questioned = read("memory_open"), read("reply"), read("questioned")
        lead = self.vendors[0].top.table[:, 0, 0] if self.vendors else np.zeros(m.quarters)
        moved = [t for t in range(1, m.quarters) if lead[t] != lead[t - 1]]
        self.catalogue_ends = moved[-1] if moved else 0

    def index(self, t):
        return self.meta.start + t

    def year(self, t):
        return self.index(t) // 4 + self.index(t) % 4 * 0.25

    def after_known(self, t):
        return 1.0 if self.index(t) > self.meta.known else 0.0

    def spans(self, t):
        years = [0.0] * 6
        for past in range(1, t + 1):
            year = self.index(past) // 4
            period = max([k for k, first in enumerate((2022, 2023, 2024, 2025, 2026, 2029)) if first <= year], default=0)
            years[period] += 0.25
        return years

    def die_delivery(self, t):
        first, last = self.meta.die_bank
        return 1.0 / (last - first + 1) if first <= self.index(t) <= last else 0.0

    def shares(self, f):
        zero, one = np.zeros_like(f.nest), np.ones_like(f.nest)
        if self.meta.makers == 0:
            return zero, zero
        if self.meta.makers == 1:
            return one, zero
        return 1.0 - f.second_maker_share, f.second_maker_share

    # ---- start -------------------------------------------------------------------------------------

    def start(self, f):
        zero, one = np.zeros_like(f.nest), np.ones_like(f.nest)
        s = Bag()
        s.stance = one * self.meta.stance
        s.open_before, s.tightened, s.questioned, s.distrust = one, zero, 0.0, zero
        s.admission, s.admitted_before = one, one
        s.vendors = []
        for v in range(2):
            none = self.vendors[v].designs.width - 1 if v < len(self.vendors) else 0
            own = Bag(design=one * none, made_tpp=zero, made_bandwidth=zero, wait=f.design_lag, stock=zero, ordered=zero, expected=zero, open=one, stranded=zero)
            s.vendors.append(own)
        whole = f.wafers_start * 3.0 * f.packages_per_wafer * f.yield_start
        fourth = within(f.pipeline - 3.0, 0.0, 1.0)
        s.makers = []
        for share in self.shares(f):
            q = whole * share
            s.makers.append(Bag(started=[q, q, q, q * fourth], stock=zero, experience=q * 4.0, start=q * 4.0))
        s.expected_domestic, s.frontier = whole, one
        s.domestic_tpp, s.domestic_bandwidth = f.domestic_tpp_start, f.domestic_bandwidth_start
        s.knowledge = f.state_research / larger(f.depreciation, 0.01)
        s.research_start, s.wafers, s.dies, s.stacks = zero, f.wafers_start, zero, f.hbm_inflow
        s.domestic_base, s.foreign_base = f.importer_compute_start * 0.1, f.importer_compute_start
        s.importer_compute, s.exporter_compute = f.importer_compute_start, f.exporter_compute_start
        s.fee_alive, s.recast, s.fee_balance = one, zero, zero
        s.rare_earth, s.allied, s.expected_sales = f.rare_earth_share, f.allied_start, f.budget_start
        s.dependence, s.lost_share, s.unmet = one, zero, zero
        s.lead_at_start = f.exporter_compute_start / f.importer_compute_start
        s.permitted, s.duty_share = one * self.meta.reference_tpp, one
        return s

    def prepare(self, f):
        """What does not change from quarter to quarter is worked out once, as a numpy programmer would."""
        k = Bag()
        k.growth = [log(1.0 + g) for g in (f.budget_growth_2022, f.budget_growth_2023, f.budget_growth_2024,
                                           f.budget_growth_2025, f.demand_growth, f.demand_growth_late)]
        k.boom, k.then, k.late = (log(1.0 + g) for g in (f.exporter_growth_boom, f.exporter_growth, f.exporter_growth_late))
        k.price_fall, k.burden = log(1.0 - f.price_fall), log(1.0 + f.research_burden)
        k.domestic_growth, k.foreign_growth = log(1.0 + f.domestic_growth), log(1.0 + f.foreign_growth)
        k.exponent = -log(1.0 - within(f.learning_rate, 0.0, 0.95)) * np.log2(np.e)
        k.limit = exp(log(1.0 + f.wafer_growth) * 0.25) - 1.0
        k.kept = exp(-np.log(2.0) / larger(f.trust_half_life, 0.1))
        k.shares = [f.share_training, plus(1.0 - f.share_training - f.share_science - f.share_other), f.share_science, f.share_other]
        k.whole = larger(k.shares[0] + k.shares[1] + k.shares[2] + k.shares[3], 1e-9)
        middle = (f.tpp_weight_training + f.tpp_weight_inference) * 0.5
        k.weights = [f.tpp_weight_training, f.tpp_weight_inference, middle, middle]
        k.nest, k.outside = larger(f.nest, 0.05), exp(f.outside)
        k.open = exp(f.lock_in * self.on.lock_in)
        k.substitution = 1.0 / larger(f.substitution - 1.0, 0.1)
        k.makers = self.shares(f)
        k.security = self.chance(f.security_hazard)
        k.recast = self.chance(f.recast_hazard)
        k.fourth = within(f.pipeline - 3.0, 0.0, 1.0)
        return k

    @staticmethod
    def chance(hazard):
        return 1.0 - exp(-hazard * 0.25)

    def loss(self, share, k):
        kept = larger(1.0 - within(share, 0.0, 0.9999), 1e-4)
        return 1.0 - exp(log(kept) * k.substitution)

    # ---- gates -------------------------------------------------------------------------------------

    def look(self, t, f, s, offers, at):
        place = (s.stance * offers.width + at).astype(np.intp)
        (tpp, bandwidth, free, approval, case, unstated, denial, admitted, approved, discouraged, barred, fee, duty,
         quota) = np.take(offers.table[t], place, axis=1)
        lever = self.lever.fee_rate
        return Bag(
            tpp=tpp, bandwidth=bandwidth,
            open=free + approval * f.approval_rate + case * f.case_rate + unstated * f.unstated_rate + denial * f.denial_rate,
            admitted=admitted + approved * f.admission_rate + discouraged * f.discouraged_rate,
            barred=barred, fee=fee if lever < 0.0 else np.full_like(fee, lever), duty=duty / larger(fee, TINY), cap=quota,
            designed=0.0)

    def offer(self, t, f, s, v, top):
        gates, own = self.vendors[v], s.vendors[v]
        none = float(gates.designs.width - 1)
        wanted = gates.wanted[t].take(s.stance.astype(np.intp))
        asked = where((wanted < none) & ~(np.abs(wanted - own.design) < 0.5), 1.0, 0.0)
        own.wait = where(asked > 0.0, own.wait - 1.0, f.design_lag)
        ready = (own.wait < 0.5) & (asked > 0.0)
        old = self.look(t, f, s, gates.designs, own.design)
        closed = within(1.0 - old.open / larger(own.open, 0.02), 0.0, 1.0)
        own.stranded = where((old.open < 0.02) | ready, 1.0, closed)
        own.design = where(ready, wanted, own.design)
        own.made_tpp = where(ready, top.tpp, own.made_tpp)
        own.made_bandwidth = where(ready, top.bandwidth, own.made_bandwidth)
        own.wait = where(ready, f.design_lag, own.wait)
        design = self.look(t, f, s, gates.designs, own.design)
        own.open = design.open
        best = self.look(t, f, s, gates.best, 0.0)
        design.tpp, design.bandwidth = smaller(design.tpp, own.made_tpp), smaller(design.bandwidth, own.made_bandwidth)
        x = best.tpp * best.bandwidth * best.open * best.open
        y = design.tpp * design.bandwidth * design.open * design.open
        takes = x < y
        pick = lambda name: where(takes, getattr(design, name), getattr(best, name))
        return Bag(tpp=larger(pick("tpp"), 1.0), bandwidth=larger(pick("bandwidth"), 1.0), open=pick("open"),
                   admitted=pick("admitted"), barred=pick("barred"), fee=pick("fee"), duty=pick("duty"), cap=pick("cap"),
                   designed=where(takes, 1.0, 0.0))

    # ---- politics ----------------------------------------------------------------------------------

    def politics(self, t, f, k, luck, s):
        after, on = self.after_known(t), self.on
        scripted = self.reply[t] * (1.0 - after)
        drawn = where((luck.reply < f.rare_earth_use) & (s.tightened > 0.05), after, 0.0)
        used = (scripted + drawn) * on.rare_earth
        moved = where((luck.give_in < f.rare_earth_yield) & (drawn > 0.0), on.rare_earth, 0.0)

        moves = self.lever.regulator_moves if self.index(t) >= self.meta.moves_from else 0.0
        gap = log(s.domestic_tpp / larger(s.permitted, 1.0))
        press = f.gap_coefficient * gap + f.lobby_coefficient * s.lost_share + f.pressure_coefficient * self.loss(s.rare_earth, k)
        loosen = f.loosen_hazard * exp(within(press, -5.0, 5.0))
        lead = s.exporter_compute / larger(s.importer_compute, 1e-9)
        alarm = log(s.lead_at_start / larger(lead, 1e-9))
        tighten = f.tighten_hazard * exp(within(f.alarm_coefficient * alarm, -5.0, 5.0))
        up = 1.0 - where(luck.loosen < self.chance(loosen), 0.0, 1.0) * (1.0 - moved)
        down = where(luck.tighten < self.chance(tighten), 1.0, 0.0)
        s.stance = smaller(plus(s.stance + (up - down) * moves), self.meta.stances - 1.0)

        near = within(s.domestic_tpp / larger(s.permitted, 1.0), 0.0, 2.0)
        push = within(f.self_reliance_push * near + s.distrust - f.shortage_pull * s.unmet, -30.0, 30.0)
        target = 1.0 / (1.0 + exp(push))
        s.admission = s.admission + (target - s.admission) * f.admission_speed * (self.lever.importer_responds * after)

        as_condition = (1.0 - s.duty_share) * (1.0 - s.recast)
        hazard = f.fee_hazard * (1.0 + as_condition * (f.condition_hazard_ratio - 1.0))
        going = on.legal_hazard * after
        struck = where((luck.strike < self.chance(hazard)) & (s.fee_balance > 0.0), s.fee_alive * going, 0.0)
        back = where(luck.recast < k.recast, (1.0 - s.fee_alive) * going, 0.0)
        refund = struck * f.refund_share * s.fee_balance
        s.fee_balance = s.fee_balance - refund
        s.recast = where(back > 0.0, 1.0, s.recast)
        s.fee_alive = s.fee_alive - struck + back
        return used, refund

    def trust(self, t, f, k, luck, s, reversal):
        scripted = self.questioned[t]
        begins = 1.0 if s.questioned < scripted and not s.questioned > 0.0 else 0.0
        s.questioned = scripted
        drawn = where(luck.allegation < k.security, self.after_known(t), 0.0)
        s.distrust = (s.distrust * k.kept + (begins + drawn) * f.security_shock + reversal * f.reversal_shock) * self.on.trust

    # ---- market ------------------------------------------------------------------------------------

    def logs(self, tpp, bandwidth):
        a, b = log(tpp * (1.0 / self.meta.reference_tpp)), log(bandwidth * (1.0 / self.meta.reference_bandwidth))
        return a, b, (a + b) * 0.5

    def list_price(self, f, k, years, ln_quality):
        return f.price_start * exp(k.price_fall * years + f.price_exponent * ln_quality)

    def lock_in(self, f, s):
        left = s.foreign_base / larger(s.foreign_base + f.migration * s.domestic_base, TINY)
        return f.lock_in * left * self.on.lock_in

    def products(self, t, f, k, s, offers, fees, top):
        years, supply = t * 0.25, self.lever.supply
        locked = self.lock_in(f, s)
        listed = []
        for o, fee, bonus in zip(offers, fees, (locked - s.distrust, f.second_vendor - s.distrust)):
            a, b, q = self.logs(o.tpp, o.bandwidth)
            listed.append(Bag(a=a, b=b, price=self.list_price(f, k, years, q) * (1.0 + f.pass_through * fee),
                              offer=o.open * o.admitted * s.admission * min(supply, 1.0), barred=o.barred * f.state_funded,
                              bonus=bonus))
        a, b, q = self.logs(larger(top.tpp, 1.0), larger(top.bandwidth, 1.0))
        price = self.list_price(f, k, years, q)
        blocked = within(1.0 - top.open * top.admitted * s.admission, 0.0, 1.0)
        diverted = (self.on.diversion * supply) * f.leak * blocked * exp(f.leak_response * blocked)
        head = Bag(a=a, b=b, price=price, bonus=locked)
        listed.append(Bag(a=a, b=b, price=price * (1.0 + f.leak_premium),
                          offer=smaller(where(top.tpp > 1.5, diverted, 0.0), 1.0), barred=0.0, bonus=locked))
        for maker, share, quality in zip(s.makers, k.makers, (1.0, f.second_maker_quality)):
            a, b, q = self.logs(s.domestic_tpp * quality, s.domestic_bandwidth * quality)
            ratio = larger(maker.experience / larger(maker.start, 1e-9), 1e-3)
            cost = f.domestic_cost_start * exp(-(k.exponent * self.on.learning * log(ratio)))
            listed.append(Bag(a=a, b=b, price=larger(self.list_price(f, k, years, q) * f.domestic_discount, cost),
                              offer=where(share > 0.0, self.on.domestic_makers, 0.0), barred=0.0, bonus=f.home_bias))
        return listed, head

    def demand(self, t, f, k, products, top):
        ln = sum(g * years for g, years in zip(k.growth, self.spans(t)))
        total = f.budget_start * 0.25 * exp(ln)
        ln_top = log(top.price)
        ln_price = [log(p.price) for p in products]
        fixed = [p.bonus - f.price_weight * (x - ln_top) for p, x in zip(products, ln_price)]
        budgets, spends, if_open = [], [], 0.0
        for sector in range(4):
            w = k.weights[sector]
            top_quality = w * top.a + (1.0 - w) * top.b
            weight = []
            for p, rest in zip(products, fixed):
                u = f.quality_weight * (w * p.a + (1.0 - w) * p.b - top_quality) + rest
                x = exp(within(u / k.nest, -600.0, 600.0)) * p.offer
                weight.append(x * (1.0 - p.barred) if sector == 3 else x)
            foreign, domestic = weight[0] + weight[1] + weight[2] + 1e-290, weight[3] + weight[4] + 1e-290
            a, b = exp(log(foreign) * k.nest), exp(log(domestic) * k.nest)
            whole = a + b + k.outside
            whole_open = k.open + b + k.outside
            answer = within(log(whole_open / whole) * (1.0 - f.price_elasticity) / larger(f.price_weight, 0.1), -0.7, 0.4)
            budget = total * k.shares[sector] / k.whole * exp(answer)
            x, y = budget * a / whole / foreign, budget * b / whole / domestic
            budgets.append(budget)
            spends.append([weight[0] * x, weight[1] * x, weight[2] * x, weight[3] * y, weight[4] * y])
            if_open = if_open + budget * k.open / whole_open
        return budgets, spends, if_open

    # ---- capacity ----------------------------------------------------------------------------------

    def yields(self, f, k, maker):
        ratio = larger(maker.experience / larger(maker.start, 1e-9), 1e-3)
        closed = exp(-(k.exponent * self.on.learning) * log(ratio))
        ceiling = larger(f.yield_ceiling, f.yield_start)
        return within(ceiling - (ceiling - f.yield_start) * closed, 0.01, 0.99)

    def produce(self, t, f, k, s):
        on = self.on.domestic_makers * self.lever.supply
        yielded = self.yields(f, k, s.makers[0]) * k.makers[0] + self.yields(f, k, s.makers[1]) * k.makers[1]
        from_wafers = s.wafers * 3.0 * f.packages_per_wafer * yielded * on
        bank = s.dies + f.die_bank * self.die_delivery(t) * on
        dies_used = bank * within(f.die_use, 0.0, 1.0)
        home = plus(self.year(t) - f.hbm_start) * 4.0 * f.hbm_ramp
        held = s.stacks + f.hbm_inflow * self.memory_open[t] + home
        wanted = from_wafers + dies_used / larger(f.dies_per_package, 0.1)
        made = smaller(wanted, held / larger(f.stacks_per_package, 0.1)) if self.on.memory_limit > 0.0 else wanted
        used = smaller(made * f.stacks_per_package, held)
        s.stacks = plus(held - used)
        s.dies = bank - dies_used * (made / larger(wanted, TINY))
        finished = []
        for maker, share in zip(s.makers, k.makers):
            one, two, three, four = maker.started
            finished.append(three * (1.0 - k.fourth) + four)
            maker.started = [made * share, one, two, three * k.fourth]
        return finished, yielded

    # ---- trade -------------------------------------------------------------------------------------

    def stock(self, f, own, o, wanted, supply):
        opening, arrived = own.stock, own.ordered
        held = opening + arrived
        stranded = held * own.stranded
        reused = stranded * f.reuse
        left = held - stranded
        designed = o.designed > 0.0
        made_now = wanted * supply * where(designed, where(held < 1e-9, 1.0, 0.0), 1.0)
        from_stock = smaller(left, wanted)
        sold = where(designed, from_stock + smaller(wanted - from_stock, made_now), wanted * supply)
        fresh = sold - smaller(from_stock, sold)
        closing = plus(left - (sold - fresh))
        own.expected = where(own.expected < 1e-9, wanted, own.expected + (wanted - own.expected) * f.expectation_speed)
        cover = own.expected * (1.0 + f.stock_cover) - closing
        own.ordered = where(designed & ~(o.open < 0.1), plus(cover) * supply, 0.0)
        own.stock = closing
        return Bag(sold=sold, written_off=stranded - reused, closing=closing)

    def trade(self, f, s, products, offers, finished, budgets, spends, home):
        units = lambda spend, p: spend * 1000.0 / larger(products[p].price, 1e-9)
        total = lambda rows, p: rows[0][p] + rows[1][p] + rows[2][p] + rows[3][p]
        whole = budgets[0] + budgets[1] + budgets[2] + budgets[3]
        cap = smaller(whole * self.lever.import_cap / larger(total(spends, 0) + total(spends, 1), TINY), 1.0)
        domestic, got, wants = [], [], []
        for m, maker in enumerate(s.makers):
            wanted = units(total(spends, 3 + m), 3 + m)
            available = maker.stock + finished[m]
            sold = smaller(wanted, available)
            got.append(smaller(sold / larger(wanted, 1e-290), 1.0))
            domestic.append(sold)
            wants.append(wanted)
            maker.stock = available - sold
        rows = []
        for (lead, second, diverted, a, b), budget in zip(spends, budgets):
            short = a * (1.0 - got[0]) + b * (1.0 - got[1])
            more = 1.0 + short / larger(budget - a - b, TINY)
            rows.append([lead * cap * more, second * cap * more, diverted * more, a * got[0], b * got[1]])
        supply = min(self.lever.supply, 1.0)
        flows, served = [], []
        for v, o in enumerate(offers):
            asked = units(total(rows, v), v)
            limit = where(o.cap > 0.0, o.cap * units(home * f.home_share, v), 1e300)
            flow = self.stock(f, s.vendors[v], o, smaller(asked, limit), supply)
            served.append(smaller(flow.sold / larger(asked, 1e-290), 1.0))
            flows.append(flow)
        extras, last = [], []
        for (lead, second, diverted, a, b), budget in zip(rows, budgets):
            short = lead * (1.0 - served[0]) + second * (1.0 - served[1])
            rest = larger(budget - lead - second - diverted, TINY)
            extras.append(short * smaller((a + b) / rest, 1.0))
            last.append([lead * served[0], second * served[1], diverted, a, b])
        extra = extras[0] + extras[1] + extras[2] + extras[3]
        taken = smaller(units(extra, 3), s.makers[0].stock)
        s.makers[0].stock = s.makers[0].stock - taken
        domestic[0] = domestic[0] + taken
        filled = taken * products[3].price * 0.001 / larger(extra, 1e-290)
        spent = [row[0] + row[1] + row[2] + row[3] + row[4] + x * filled for row, x in zip(last, extras)]
        return Bag(flows=flows, diverted=units(total(last, 2), 2), domestic=domestic,
                   wanted=wants[0] + wants[1] + units(extra, 3), spent=spent)

    # ---- a quarter ---------------------------------------------------------------------------------

    def nobody(self, like):
        zero, one = np.zeros_like(like), np.ones_like(like)
        return Bag(tpp=one, bandwidth=one, open=zero, admitted=zero, barred=zero, fee=zero, duty=zero, cap=zero, designed=zero)

    def quarter(self, t, f, k, luck, s):
        used, refund = self.politics(t, f, k, luck, s)
        tops, offers = [], []
        for v in range(2):
            if v < len(self.vendors):
                top = self.look(t, f, s, self.vendors[v].top, 0.0)
                top.tpp, top.bandwidth = top.tpp * s.frontier, top.bandwidth * s.frontier
                tops.append(top)
                offers.append(self.offer(t, f, s, v, top))
            else:
                tops.append(self.nobody(f.nest))
                offers.append(self.nobody(f.nest))
        lead, second = offers
        before, s.open_before = s.open_before, lead.open
        admitted = lead.admitted * s.admission
        reversal = np.abs(lead.open - before) + np.abs(admitted - s.admitted_before)
        s.tightened, s.admitted_before = plus(before - lead.open), admitted
        self.trust(t, f, k, luck, s, reversal)
        fees = [within(o.fee, 0.0, 1.0) * s.fee_alive for o in offers]
        products, head = self.products(t, f, k, s, offers, fees, tops[0])
        budgets, spends, if_open = self.demand(t, f, k, products, head)
        finished, yielded = self.produce(t, f, k, s)
        x = self.spans(t)
        home = f.exporter_spend_start * 0.25 * exp(k.boom * (x[0] + x[1] + x[2] + x[3]) + k.then * x[4] + k.late * x[5])
        trade = self.trade(f, s, products, offers, finished, budgets, spends, home)

        a = trade.flows[0].sold * products[0].price * 0.001
        b = trade.flows[1].sold * products[1].price * 0.001
        sales = a + b
        collected = a * fees[0] + b * fees[1]
        duty = a * fees[0] * lead.duty + b * fees[1] * second.duty
        s.duty_share = where(collected > 0.0, duty / larger(collected, TINY), s.duty_share)
        s.fee_balance = s.fee_balance + collected
        cost = (1.0 - f.gross_margin) * 0.001
        write_off = (trade.flows[0].written_off * products[0].price + trade.flows[1].written_off * products[1].price) * cost
        lost = plus(if_open - sales)
        expected = s.expected_sales
        s.expected_sales = expected + (sales * 4.0 - expected) * f.expectation_speed
        research_lost = f.vendor_rd_cut * lost / larger(f.vendor_research_share * (home + sales), 1e-9)
        slower = 1.0 - f.vendor_rd_effect * smaller(research_lost, 1.0) * self.on.vendor_research
        if t > self.catalogue_ends:
            s.frontier = s.frontier * exp(k.foreign_growth * 0.25 * slower)

        home_a, home_b = trade.domestic
        domestic_sales = (home_a * products[3].price + home_b * products[4].price) * 0.001
        budget = budgets[0] + budgets[1] + budgets[2] + budgets[3]
        burden = exp(k.burden * (t * 0.25))
        research = larger(f.research_share * domestic_sales + f.state_research * 0.25 * burden, budget * self.lever.research_floor)
        research = research * self.on.domestic_makers
        if t == 0:
            s.research_start = larger(research, 1e-6)
        severity = within(1.0 - tops[0].open, 0.0, 1.0)
        effort = exp(log(within(research / larger(s.research_start * burden, 1e-9), 0.01, 100.0)) * f.research_effect)
        spur = 1.0 + f.spur * severity * self.on.spur
        crowd = plus(1.0 - f.crowd_out * s.dependence * self.on.crowd_out)
        behind = plus(log(tops[0].tpp / larger(s.domestic_tpp, 1.0)))
        catch_up = 1.0 + f.catch_up * behind * self.on.catch_up
        pace = 0.25 if self.meta.makers else 0.0
        growth = within(k.domestic_growth * pace * effort * spur * crowd * catch_up, 0.0, 1.0)
        s.knowledge = s.knowledge * (1.0 - f.depreciation * 0.25) + research
        grown, tpp_now = exp(growth), s.domestic_tpp
        s.domestic_tpp = tpp_now * grown
        s.domestic_bandwidth = s.domestic_bandwidth * exp(growth * f.bandwidth_pace)
        kept = within(1.0 - f.generation_loss * (growth * np.log2(np.e)), 0.1, 1.0)
        spill = self.on.spillover / larger(f.own_learning, 1.0)
        s.makers[0].experience = s.makers[0].experience * kept + finished[0] + finished[1] * spill
        s.makers[1].experience = s.makers[1].experience * kept + finished[1] + finished[0] * spill
        s.expected_domestic = s.expected_domestic + (trade.wanted - s.expected_domestic) * f.expectation_speed
        need = s.expected_domestic / larger(3.0 * f.packages_per_wafer * yielded, 1e-9)
        wish = (need / larger(s.wafers, 1e-9) - 1.0) * f.capacity_speed
        step = within(wish / larger(k.limit, 1e-9), -1.0, 1.0) * k.limit
        s.wafers = s.wafers * (1.0 + step)

        per = 1.0 / self.meta.reference_tpp
        foreign_compute = trade.flows[0].sold * (lead.tpp * per) + trade.flows[1].sold * (second.tpp * per)
        domestic_compute = (home_a + home_b * f.second_maker_quality) * (tpp_now * per)
        diverted_compute = trade.diverted * (tops[0].tpp * per)
        abroad = foreign_compute + diverted_compute
        added = abroad + domestic_compute
        s.dependence = abroad / larger(added, TINY)
        stays = 1.0 - f.retirement * 0.25
        s.importer_compute = s.importer_compute * stays + added
        s.foreign_base = s.foreign_base * stays + abroad
        s.domestic_base = s.domestic_base * stays + domestic_compute
        price = f.price_start * exp(k.price_fall * (t * 0.25))
        s.exporter_compute = s.exporter_compute * stays + home / larger(price, 1e-6) * 1000.0
        exporter_leverage, importer_leverage = self.loss(s.dependence, k), self.loss(s.rare_earth, k)
        fall = f.rare_earth_decay * 0.25 * (1.0 + (f.rare_earth_response - 1.0) * used)
        s.rare_earth = within(s.rare_earth - fall, 0.0, 0.9999)
        pull = within(severity + reversal, 0.0, 1.0) * f.allied_speed * (0.25 * self.on.allies)
        s.allied = s.allied + pull * (1.0 - s.allied)
        permitted = where(lead.open > 0.02, lead.tpp, 0.0)
        permitted = where(second.open > 0.02, larger(permitted, second.tpp), permitted)
        s.permitted = larger(permitted, 1.0)
        s.lost_share = lost / larger(lost + sales, TINY)
        spent = trade.spent[0] + trade.spent[1] + trade.spent[2] + trade.spent[3]
        s.unmet = within(1.0 - spent / larger(budget, TINY), 0.0, 1.0)

        units = trade.flows[0].sold + trade.flows[1].sold
        home_units = home_a + home_b
        legal_units, legal_value = larger(units + home_units, TINY), larger(sales + domestic_sales, TINY)
        unmet = [1.0 - x / larger(b, TINY) for x, b in zip(trade.spent, budgets)]
        threats = larger(exporter_leverage + importer_leverage, 1e-9)
        return dict(
            fee_receipts_usd_bn=collected - refund, fee_duty_usd_bn=duty, vendor_sales_usd_bn=sales,
            lead_vendor_sales_usd_bn=a, cut_down_sales_usd_bn=a * lead.designed + b * second.designed, lost_sales_usd_bn=lost,
            foreign_units_k=units,
            cut_down_units_k=trade.flows[0].sold * lead.designed + trade.flows[1].sold * second.designed,
            domestic_units_k=home_units, diverted_units_k=trade.diverted, diverted_kh100e=diverted_compute,
            foreign_kh100e=foreign_compute, domestic_kh100e=domestic_compute,
            domestic_share_units=home_units / legal_units, domestic_share_value=domestic_sales / legal_value,
            domestic_share_compute=domestic_compute / larger(foreign_compute + domestic_compute, TINY),
            lead_vendor_share_value=a / legal_value, lead_vendor_share_units=trade.flows[0].sold / legal_units,
            lead_vendor_units_k=trade.flows[0].sold, lead_maker_units_k=home_a,
            lead_maker_sales_usd_bn=home_a * products[3].price * 0.001, lead_maker_kh100e=home_a * (tpp_now * per),
            write_off_usd_bn=write_off, vendor_value_change_usd_bn=(s.expected_sales - expected) * f.value_multiple,
            market_usd_bn=sales + domestic_sales + trade.diverted * products[2].price * 0.001, budget_usd_bn=budget,
            best_permitted_tpp=permitted, best_domestic_tpp=tpp_now, best_overall_tpp=larger(tops[0].tpp, tops[1].tpp),
            importer_compute_kh100e=s.importer_compute, exporter_compute_kh100e=s.exporter_compute,
            compute_ratio=s.exporter_compute / larger(s.importer_compute, TINY), unmet_share=s.unmet, unmet_training=unmet[0],
            unmet_inference=unmet[1], unmet_science=unmet[2], unmet_other=unmet[3], dependence=s.dependence,
            exporter_leverage=exporter_leverage, importer_leverage=importer_leverage,
            bargain=0.5 + 0.5 * (importer_leverage - exporter_leverage) / threats, allied_share=s.allied, stance=s.stance,
            exporter_open=lead.open, importer_admission=admitted, trust=exp(-s.distrust), domestic_rnd_usd_bn=research,
            knowledge=s.knowledge, fee_alive=s.fee_alive, rare_earth_used=used, domestic_yield=yielded,
            domestic_wafers_k=s.wafers, vendor_stock_k=trade.flows[0].closing + trade.flows[1].closing,
            lock_in_left=self.lock_in(f, s))

    def block(self, first, last, see):
        f = Bag(**{name: self.factors[at, first:last] for at, name in enumerate(self.meta.factors)})
        k, s = self.prepare(f), self.start(f)
        for t in range(self.meta.quarters):
            luck = Bag(**{name: self.luck[t, at, first:last] for at, name in enumerate(self.meta.luck)})
            see(t, self.quarter(t, f, k, luck, s))

    def history(self):
        m = self.meta
        out = np.zeros((len(m.variables), m.quarters, m.worlds))
        for first in range(0, m.worlds, 1024):
            last = min(first + 1024, m.worlds)

            def see(t, report):
                for at, name in enumerate(m.variables):
                    out[at, t, first:last] = report[name]

            self.block(first, last, see)
        return out

    def metrics(self, size):
        """A whole run that keeps what the metrics need and draws it together."""
        m, out = self.meta, []
        for first in range(0, m.worlds, size):
            last = min(first + size, m.worlds)
            kept = {metric["of"]: np.empty((m.quarters, last - first)) for metric in m.metrics}

            def see(t, report):
                for name, rows in kept.items():
                    rows[t] = report[name]

            self.block(first, last, see)
            for metric in m.metrics:
                rows = kept[metric["of"]][metric["from"]:metric["to"] + 1]
                over = metric["over"]
                if over == "first":
                    reached = rows >= metric["level"]
                    out.append(where(reached.any(axis=0), reached.argmax(axis=0), np.nan))
                else:
                    out.append(rows[0] if over == "at" else getattr(rows, over)(axis=0))
        return out


def main():
    np.seterr(all="ignore")
    folder = sys.argv[1]
    world = World(folder)
    world.history().astype("<f8").tofile(f"{folder}/history.f64")
    print("ready", np.__version__, flush=True)
    for line in sys.stdin:
        size = int(line)
        start = time.perf_counter()
        world.metrics(size)
        print(time.perf_counter() - start, flush=True)


main()

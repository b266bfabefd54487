"""The task of `columns.rs` in engines that work on columns: numpy, polars, DuckDB and OpenFisca, one thread each.

    python peers.py FOLDER

FOLDER holds the rows as the bench wrote them. Prints a line of JSON for each engine: its name, its version, how many rows it decided,
nanoseconds of processor time a row (median), how often each of the nine answers came. Answers are compared with the expected ones row by
row. Tables are loaded before anything is timed; an answer counts once it is a column in memory.
"""

import json
import os
import sys
import time
from importlib.metadata import version

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402

TURN = 19_678
ROUNDS = 7


def by_numpy(rows):
    tpp = np.maximum(rows["fp16"] * 16.0, rows["fp8"] * 8.0)
    density = tpp / rows["die"]
    in_force = rows["day"] >= TURN
    a = in_force & ((tpp >= 4800.0) | ((tpp >= 1600.0) & (density >= 5.92)))
    middle = ((tpp >= 2400.0) & (density >= 1.6)) | ((tpp >= 1600.0) & (density >= 3.2))
    b = in_force & ~a & (density < 5.92) & middle
    listed = a | b
    denied = listed & (rows["dest"] == 3) & (rows["datacenter"] != 0)
    licence = listed & (rows["dest"] != 0) & (rows["datacenter"] != 0)
    return 3 * (a + 2 * b.astype(np.uint8)) + licence + denied.astype(np.uint8)


def with_numpy(rows):
    return np.__version__, lambda: by_numpy(rows)


def with_polars(rows):
    import polars as pl

    table = pl.DataFrame(dict(rows))
    tpp = pl.max_horizontal(pl.col("fp16") * 16.0, pl.col("fp8") * 8.0)
    low, mid, high = (pl.col("tpp") >= bound for bound in (1600.0, 2400.0, 4800.0))
    thin, some, dense = (pl.col("density") >= bound for bound in (1.6, 3.2, 5.92))
    a = high | (low & dense)
    b = ~dense & ((mid & thin) | (low & some))
    group = pl.when(pl.col("day") < TURN).then(0).when(a).then(1).when(b).then(2).otherwise(0)
    needed = (pl.col("group") != 0) & (pl.col("dest") != 0) & (pl.col("datacenter") != 0)
    answer = pl.col("group") * 3 + needed.cast(pl.Int32) + (needed & (pl.col("dest") == 3)).cast(pl.Int32)
    query = (
        table.lazy()
        .with_columns(tpp=tpp)
        .with_columns(density=pl.col("tpp") / pl.col("die"))
        .with_columns(group=group)
        .select(answer.cast(pl.UInt8).alias("answer"))
    )
    return pl.__version__, lambda: query.collect()["answer"].to_numpy()


SQL = """
with products as (select *, greatest(fp16 * 16.0, fp8 * 8.0) as tpp from task),
densities as (select *, tpp / die as density from products),
classes as (select *, case
    when day < 19678 then 0
    when tpp >= 4800 or (tpp >= 1600 and density >= 5.92::double) then 1
    when density < 5.92::double
      and ((tpp >= 2400 and density >= 1.6::double) or (tpp >= 1600 and density >= 3.2::double)) then 2
    else 0 end as class from densities)
select (class * 3 + case when class <> 0 and dest <> 0 and datacenter <> 0
    then case when dest = 3 then 2 else 1 end else 0 end)::utinyint as answer
from classes
"""


def with_duckdb(rows):
    import duckdb

    base = duckdb.connect()
    base.execute("set threads = 1")
    base.register("incoming", dict(rows))
    base.execute("create table task as select * from incoming")
    return duckdb.__version__, lambda: base.execute(SQL).fetchnumpy()["answer"]


def with_openfisca(rows):
    """One entity, dated parameters, a formula for each notion of the law.

    OpenFisca's day is an axis of the simulation, not of the row: the row's day is an input like any other, and the day from which the
    rule holds a parameter. Every round makes a new simulation, since a used one answers from its cache.
    """
    from openfisca_core.entities import build_entity
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.periods import DAY
    from openfisca_core.simulations import SimulationBuilder
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    entity = build_entity(key="export", plural="exports", label="An export", is_person=True)
    period = "2024-06-01"

    def since(value):
        return {"values": {"2023-11-17": {"value": value}}}

    bounds = {"turn": TURN, "low": 1600.0, "mid": 2400.0, "high": 4800.0, "thin": 1.6, "some": 3.2, "dense": 5.92}
    parameters = ParameterNode("", data={"rule": {name: since(value) for name, value in bounds.items()}})

    class tpp(Variable):
        value_type, definition_period, label = float, DAY, "Total processing performance"

        def formula(export, period):
            return np.maximum(export("fp16", period) * 16, export("fp8", period) * 8)

    class density(Variable):
        value_type, definition_period, label = float, DAY, "Performance density"

        def formula(export, period):
            return export("tpp", period) / export("die", period)

    class group(Variable):
        value_type, definition_period, label = int, DAY, "1 for .a, 2 for .b"

        def formula(export, period, parameters):
            p, tpp, density = parameters(period).rule, export("tpp", period), export("density", period)
            # The engine's only floats have 32 bits: bounds are compared at that precision.
            thin, some, dense = (density >= np.float32(bound) for bound in (p.thin, p.some, p.dense))
            in_force = export("day", period) >= p.turn
            a = in_force & ((tpp >= p.high) | ((tpp >= p.low) & dense))
            b = in_force & ~dense & (((tpp >= p.mid) & thin) | ((tpp >= p.low) & some))
            return np.select([a, b], [1, 2], 0)

    class licence(Variable):
        value_type, definition_period, label = int, DAY, "1 for a licence, 2 for one that is denied"

        def formula(export, period):
            dest = export("dest", period)
            needed = (export("group", period) > 0) & (dest != 0) & export("datacenter", period)
            return needed * (1 + (dest == 3))

    class answer(Variable):
        value_type, definition_period, label = int, DAY, "The answer"

        def formula(export, period):
            return export("group", period) * 3 + export("licence", period)

    def given(name, kind):
        return type(name, (Variable,), {"value_type": kind, "definition_period": DAY, "label": name})

    kinds = {"fp16": float, "fp8": float, "die": float, "datacenter": bool, "dest": int, "day": int}
    system = TaxBenefitSystem([entity])
    for variable in [*(given(name, kind) for name, kind in kinds.items()), tpp, density, group, licence, answer]:
        variable.entity = entity
        system.add_variable(variable)
    system.parameters = parameters

    def run():
        simulation = SimulationBuilder().build_default_simulation(system, count=len(rows["day"]))
        for name in kinds:
            simulation.set_input(name, period, rows[name])
        return simulation.calculate("answer", period)

    return version("openfisca-core"), run


def main():
    folder = sys.argv[1]
    kinds = {"fp16": "<f8", "fp8": "<f8", "die": "<f8", "datacenter": "u1", "dest": "u1", "day": "<i4"}
    rows = {name: np.fromfile(os.path.join(folder, name), kind) for name, kind in kinds.items()}
    expected = np.fromfile(os.path.join(folder, "expected"), "u1")
    engines = {"numpy": with_numpy, "polars": with_polars, "DuckDB": with_duckdb, "OpenFisca": with_openfisca}
    for name, start in engines.items():
        told, run = start(rows)
        answers = np.asarray(run()).astype("u1")
        assert np.array_equal(answers, expected), f"{name} gives other answers"
        times = []
        for _ in range(ROUNDS):
            began = time.process_time()
            run()
            times.append(time.process_time() - began)
        each = sorted(times)[ROUNDS // 2] / len(expected) * 1e9
        counts = np.bincount(answers, minlength=9).tolist()
        print(json.dumps({"engine": name, "version": told, "n": len(expected), "ns": each, "answers": counts}), flush=True)


if __name__ == "__main__":
    main()

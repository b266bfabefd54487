"""The task of `columns.rs` in engines that work on columns: numpy, polars and DuckDB, one thread each.

    python peers.py FOLDER

FOLDER holds the rows as the bench wrote them. Prints a line for each engine: its name, its version, nanoseconds a row (median), whether
its answers are the expected ones. Tables are loaded before anything is timed; an answer counts once it is a column in memory.
"""

import os
import sys
import time

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


def main():
    folder = sys.argv[1]
    kinds = {"fp16": "<f8", "fp8": "<f8", "die": "<f8", "datacenter": "u1", "dest": "u1", "day": "<i4"}
    rows = {name: np.fromfile(os.path.join(folder, name), kind) for name, kind in kinds.items()}
    expected = np.fromfile(os.path.join(folder, "expected"), "u1")
    for name, start in (("numpy", with_numpy), ("polars", with_polars), ("duckdb", with_duckdb)):
        version, run = start(rows)
        same = np.array_equal(run(), expected)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
        each = sorted(times)[ROUNDS // 2] / len(expected) * 1e9
        print(f"{name}\t{version}\t{each}\t{'same' if same else 'other answers'}", flush=True)


if __name__ == "__main__":
    main()

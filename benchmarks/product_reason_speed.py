"""Ten million order lines to the weekly product × reason and buyer tables: polars streaming beside DuckDB, in one run.

    python benchmarks/product_reason_speed.py [LINES] [--table buyer] [--rounds N]

Both read the same parquet files (orders and refunds, ids as text), join refunds to their lines and leave one row a
payment week, product and reason (or a week and buyer, nearly as many as lines: hard on purpose) with order lines,
refunds and refunded money. DuckDB gets the query in both shapes
(join all lines first, or count lines and join refunds apart) and is measured by its faster one. Every measurement is a
process of its own; rounds alternate; the tables must be equal. The target is at most 1.3 times DuckDB's time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

THREADS = 2
SHAPES = ("polars", "duckdb_apart", "duckdb_joined")

APART = """
with n as (
  select date_trunc('week', paid_at) as week, product_id, count(*) as lines
  from read_parquet('{orders}') group by all
), r as (
  select date_trunc('week', o.paid_at) as week, o.product_id, f.reason, count(*) as refunds, sum(f.amount) as money
  from read_parquet('{refunds}') f join read_parquet('{orders}') o using (line_id) group by all
)
select n.week::date as week, n.product_id, r.reason, n.lines, coalesce(r.refunds, 0) as refunds,
  coalesce(r.money, 0) as money
from n left join r on n.week = r.week and n.product_id = r.product_id
"""
JOINED = """
with j as (
  select date_trunc('week', o.paid_at) as week, o.product_id, f.reason, count(*) as lines,
    count(f.line_id) as refunds, sum(f.amount) as money
  from read_parquet('{orders}') o left join read_parquet('{refunds}') f using (line_id) group by all
), n as (select week, product_id, sum(lines) as lines from j group by all),
r as (select * from j where refunds > 0)
select n.week::date as week, n.product_id, r.reason, n.lines::bigint as lines, coalesce(r.refunds, 0) as refunds,
  coalesce(r.money, 0) as money
from n left join r on n.week = r.week and n.product_id = r.product_id
"""

BUYERS_APART = """
with n as (
  select date_trunc('week', paid_at) as week, buyer_key, count(*) as lines
  from read_parquet('{orders}') group by all
), r as (
  select date_trunc('week', o.paid_at) as week, o.buyer_key, count(*) as refunds, sum(f.amount) as money
  from read_parquet('{refunds}') f join read_parquet('{orders}') o using (line_id) group by all
)
select n.week::date as week, n.buyer_key, n.lines, coalesce(r.refunds, 0) as refunds, coalesce(r.money, 0) as money
from n left join r on n.week = r.week and n.buyer_key = r.buyer_key
"""
BUYERS_JOINED = """
select date_trunc('week', o.paid_at)::date as week, o.buyer_key, count(*) as lines, count(f.line_id) as refunds,
  coalesce(sum(f.amount), 0) as money
from read_parquet('{orders}') o left join read_parquet('{refunds}') f using (line_id) group by all
"""
QUERIES = {
    "reason": {"duckdb_apart": APART, "duckdb_joined": JOINED},
    "buyer": {"duckdb_apart": BUYERS_APART, "duckdb_joined": BUYERS_JOINED},
}
KEYS = {"reason": ("week", "product_id", "reason"), "buyer": ("week", "buyer_key")}


def write_shop(folder: Path, lines: int) -> None:
    """Order lines over a year, 5,000 products of very unequal sales, 8 % refunded for one of ten reasons."""
    import numpy as np
    import polars as pl

    draw = np.random.default_rng(7)
    product = np.minimum((draw.pareto(1.1, lines) * 12).clip(0, 1e9).astype(np.int64), 4999)
    orders = pl.DataFrame(
        {
            "number": draw.permutation(lines),
            "product": product,
            "second": draw.integers(0, 364 * 86400, lines),
            "buyer": draw.integers(0, max(1, lines // 5), lines),
        }
    ).select(
        line_id=pl.lit("46") + pl.col("number").cast(pl.String).str.zfill(16),
        buyer_key=pl.lit("4f0c9a1b2d3e") + pl.col("buyer").cast(pl.String).str.zfill(12),
        product_id=pl.lit("p") + pl.col("product").cast(pl.String),
        paid_at=pl.datetime(2025, 12, 1) + pl.duration(seconds=pl.col("second")),
        amount=(pl.col("number") % 30000 + 100).cast(pl.Decimal(18, 2)) / 100,
    )
    orders.write_parquet(folder / "orders.parquet")
    rows = orders.filter(pl.Series(draw.random(lines) < 0.08)).with_row_index("k")
    rows.sample(fraction=1.0, shuffle=True, seed=1).select(
        "line_id",
        reason=pl.lit("reason") + (pl.col("k") * 7 % 10).cast(pl.String),
        amount=pl.col("amount").cast(pl.Decimal(18, 2)),
    ).write_parquet(folder / "refunds.parquet")


def polars_table(folder: Path):
    """The table by polars, streaming: lines are counted and refunds looked up apart, so nothing large is held."""
    import polars as pl

    orders, refunds = (pl.scan_parquet(folder / f"{name}.parquet") for name in ("orders", "refunds"))
    # whole days over seven: truncating by calendar week costs half as much again
    week = ((pl.col("paid_at").dt.date().cast(pl.Int32) + 3) // 7).alias("week")
    lines = orders.group_by(week, "product_id").agg(lines=pl.len())
    asked = (
        orders.select("line_id", "product_id", week)
        .join(refunds, on="line_id", how="inner")
        .group_by("week", "product_id", "reason")
        .agg(refunds=pl.len(), money=pl.col("amount").sum())
    )
    return (
        lines.join(asked, on=["week", "product_id"], how="left")
        .with_columns(
            (pl.col("week") * 7 - 3).cast(pl.Date), pl.col("refunds").fill_null(0), pl.col("money").fill_null(0)
        )
        .select("week", "product_id", "reason", "lines", "refunds", "money")
        .collect(engine="streaming")
    )


def polars_buyers(folder: Path):
    """The buyer table by polars, streaming: with nearly a group a line, one join and one grouping is least work."""
    import polars as pl

    orders, refunds = (pl.scan_parquet(folder / f"{name}.parquet") for name in ("orders", "refunds"))
    week = ((pl.col("paid_at").dt.date().cast(pl.Int32) + 3) // 7).alias("week")
    return (
        orders.select("line_id", "buyer_key", week)
        .join(refunds.select("line_id", "amount"), on="line_id", how="left")
        .group_by("week", "buyer_key")
        .agg(lines=pl.len(), refunds=pl.col("amount").count(), money=pl.col("amount").sum())
        .with_columns((pl.col("week") * 7 - 3).cast(pl.Date), pl.col("money").fill_null(0))
        .collect(engine="streaming")
    )


def duckdb_table(folder: Path, sql: str) -> None:
    """The table by DuckDB, as its table ``result`` in memory."""
    import duckdb

    duckdb.execute(f"set threads to {THREADS}")
    query = sql.format(orders=folder / "orders.parquet", refunds=folder / "refunds.parquet")
    duckdb.execute(f"create table result as {query}")


def measure_once(shape: str, folder: Path, out: Path, *, asked: str) -> None:
    """Run one engine, write its table, print its seconds as JSON."""
    import duckdb
    import polars as pl

    duckdb.sql("select 1").fetchall()
    pl.LazyFrame({"a": [1]}).collect(engine="streaming")
    began = time.perf_counter()
    if shape == "polars":
        table = polars_table(folder) if asked == "reason" else polars_buyers(folder)
        seconds = time.perf_counter() - began
    else:
        duckdb_table(folder, QUERIES[asked][shape])
        seconds = time.perf_counter() - began
        duckdb.execute(f"copy result to '{out}' (format parquet)")
        table = pl.read_parquet(out)
    whole = {"lines": pl.Int64, "refunds": pl.Int64, "money": pl.Decimal(18, 2)}
    table.with_columns(pl.col(c).cast(t) for c, t in whole.items()).select(*KEYS[asked], *whole).sort(
        *KEYS[asked], nulls_last=True
    ).write_parquet(out)
    print(json.dumps({"seconds": seconds, "rows": table.height}))


def compare(lines: int, *, rounds: int, table: str = "reason") -> dict[str, float]:
    """Median seconds of each engine, polars' time over DuckDB's, and whether the tables are equal."""
    import os

    import polars as pl

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shop(folder, lines)
        spent: dict[str, list[float]] = {s: [] for s in SHAPES}
        environment = {**os.environ, "POLARS_MAX_THREADS": str(THREADS)}
        for number in range(rounds):
            for shape in SHAPES if number % 2 == 0 else SHAPES[::-1]:
                command = [sys.executable, __file__, "--measure", shape, "--folder", name, "--table", table]
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                spent[shape].append(json.loads(done.stdout)["seconds"])
        tables = [pl.read_parquet(folder / f"{s}.out") for s in SHAPES]
        equal = all(t.equals(tables[0]) for t in tables[1:])
    seconds = {s: median(v) for s, v in spent.items()}
    best = min(seconds["duckdb_apart"], seconds["duckdb_joined"])
    return {**seconds, "ratio": seconds["polars"] / best, "rows": tables[0].height, "equal": equal}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--table", choices=sorted(QUERIES), default="reason")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=SHAPES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure_once(asked.measure, asked.folder, asked.folder / f"{asked.measure}.out", asked=asked.table)
        return
    for key, value in compare(asked.lines, rounds=asked.rounds, table=asked.table).items():
        print(f"{key:14s} {value:.3f}" if isinstance(value, float) else f"{key:14s} {value}")


if __name__ == "__main__":
    main()

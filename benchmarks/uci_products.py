"""Products flagged from a wholesaler's invoices to the end of March, scored on April to June. One command:

    .venv/bin/python benchmarks/uci_products.py

UCI "Online Retail" (D. Chen), CC BY 4.0. A line is an invoice line of a product; a cancellation is a line of an invoice
whose number begins with C.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from aftersales.stats.false_discoveries import bayes_fdr
from aftersales.stats.shrinkage import WORSE, shrunk_rates

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "uci_online_retail_2010-12_2011-06.parquet"
LEAST_LINES = 30


def counts(path: Path = DATA) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and cancelled lines of each product, to the end of March and after it."""
    lines = pl.read_parquet(path).select(
        product_id=pl.col("StockCode").str.to_uppercase(),
        day=pl.col("InvoiceDate").str.slice(0, 10).str.to_date(),
        cancelled=pl.col("InvoiceNo").str.starts_with("C"),
        sold=~pl.col("InvoiceNo").str.starts_with("C") & (pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0),
    )
    # codes of products begin with five digits; postage, discounts and bank charges do not
    lines = lines.filter(pl.col("product_id").str.contains(r"^\d{5}"))
    sums = {"exposure": pl.col("sold").sum().cast(pl.Float64), "events": pl.col("cancelled").sum()}
    early = pl.col("day") < pl.date(2011, 4, 1)
    return tuple(lines.filter(part).group_by("product_id").agg(**sums).sort("product_id") for part in (early, ~early))  # type: ignore[return-value]


def lists(before: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Our list, and the three an office would make, of the same length."""
    judged = bayes_fdr(shrunk_rates(before, by=()))
    paid = bayes_fdr(shrunk_rates(before, by=()), worth="excess")
    length = int(judged["flagged"].sum())
    shop = before["events"].sum() / before["exposure"].sum()
    raw = before.filter(pl.col("exposure") > 0).with_columns(
        raw=pl.col("events") / pl.col("exposure"), more=pl.col("events") - shop * pl.col("exposure")
    )
    found = {"ours": judged.filter("flagged"), "ours, by worth": paid.filter("flagged")}
    found |= {
        "raw rate": raw.sort("raw", "exposure", descending=True).head(length),
        f"raw rate, n >= {LEAST_LINES}": raw.filter(pl.col("exposure") >= LEAST_LINES)
        .sort("raw", "exposure", descending=True)
        .head(length),
        "observed - expected": raw.sort("more", descending=True).head(length),
    }
    return found


def scored(chosen: pl.DataFrame, after: pl.DataFrame) -> dict[str, float]:
    """How a list fared afterwards: its rate against the shop's, and the cancellations it held above the shop's rate."""
    shop = after["events"].sum() / after["exposure"].sum()
    later = chosen.select("product_id").join(after, on="product_id")
    events, lines = later["events"].sum(), later["exposure"].sum()
    each = later.with_columns(rate=pl.col("events") / pl.col("exposure")).filter(pl.col("exposure") > 0)
    return {
        "products": chosen.height,
        "times_the_shop": events / lines / shop,
        "excess": events - shop * lines,
        "median_times": each["rate"].median() / shop,  # type: ignore[operator]
        "still_worse": float((each["rate"] > WORSE * shop).mean()),
    }  # type: ignore[arg-type]


def main() -> None:
    before, after = counts()
    for name, chosen in lists(before).items():
        found = scored(chosen, after)
        print(f"{name:22}", "  ".join(f"{key} {value:.2f}" for key, value in found.items()))


if __name__ == "__main__":
    main()

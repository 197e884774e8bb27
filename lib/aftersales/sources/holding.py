"""Which files are held back after an import: new ones that do not fit, those confirmed, those that fit by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import polars as pl

from aftersales.sources.crosschecks import CONFIRMED, HELD, Facts, Held, stored_facts, unfit
from aftersales.sources.records import RECORDS
from aftersales.sources.settings import Shop
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import QuestionError


def named_files(held: pl.DataFrame, confirm: Sequence[str]) -> list[str]:
    """The files held back that are to be confirmed, by name or the end of it; `QuestionError` for any other."""
    waiting = held.filter(pl.col("state") == HELD)["file"].to_list()
    found = []
    for name in confirm:
        fits = [f for f in waiting if f == name or f.rsplit("/", 1)[-1] == name.replace("\\", "/").rsplit("/", 1)[-1]]
        if len(fits) != 1:
            raise QuestionError(
                f"No file '{name}' is held back", found=", ".join(waiting) or "none is held back",
                hint="only files held back can be confirmed",
            )  # fmt: skip
        found += fits
    return found


def hold(
    store: ShopStore, now: Commit, new: Sequence[Facts], *, shop: Shop, confirm: Sequence[str], import_id: str,
    first_orders: bool,
) -> tuple[list[Held], list[str]]:  # fmt: skip
    """Bring the ``held`` table up to date; the files newly held back, and those whose rows count from now on.

    ``first_orders``: the shop's first order report came with this import, so that what stood without one is looked at.
    """
    table = store.table("held", now).collect()
    fresh = {f.file: f.sha256 for f in new}
    agreed = {
        row["file"] for row in table.iter_rows(named=True)
        if row["state"] == CONFIRMED and fresh.get(row["file"], row["sha256"]) == row["sha256"]
    } | set(confirm)  # fmt: skip
    waiting = table.filter(pl.col("state") == HELD, ~pl.col("file").is_in([*fresh, *confirm]))
    again = dict(waiting.filter(pl.col("reason") == "orders_unknown").select("file", "sha256").iter_rows())
    if first_orders:
        tables = [store.table(name, now).select("file").unique() for name in ("item_records", "refund_records")]
        files = store.table("files", now).select("file", "sha256").join(pl.concat(tables), on="file", how="semi")
        again |= {file: sha for file, sha in files.collect().iter_rows() if file not in fresh}
    asked = [f for f in [*new, *stored_facts(store, now, again)] if f.file not in agreed]
    out = unfit(store, now, asked, shop=shop)
    held = {h.file for h in out}
    rows = [{**asdict(h), "state": HELD, "import_id": import_id} for h in out]
    rows += [
        {**row, "state": CONFIRMED, "import_id": import_id}
        for row in table.iter_rows(named=True) if row["file"] in confirm
    ]  # fmt: skip
    gone = table.filter(~pl.col("file").is_in([*held, *agreed]), pl.col("file").is_in([f.file for f in asked]))
    store.upsert("held", pl.DataFrame(rows, schema=table.schema), gone=gone.select("file"))
    stood = set(table.filter(pl.col("state") == HELD)["file"])
    released = [f for f in stood & (set(again) | set(confirm)) if f not in held]
    return [h for h in out if h.file not in stood or h.file in fresh], [*released, *(held & set(again) - stood)]


def orders_of(store: ShopStore, now: Commit, files: Sequence[str]) -> pl.DataFrame:
    """The orders that files in the store speak of: order_id, month (null where only a refund or complaint names it)."""
    found = [pl.DataFrame(schema={"order_id": pl.String, "month": pl.String})]
    for name in RECORDS:
        rows = store.table(name, now, with_month=True).filter(pl.col("file").is_in(files))
        dated = name in ("order_records", "item_records")
        month = pl.col("month") if dated else pl.lit(None, dtype=pl.String)
        found.append(rows.select("order_id", month=month).unique().collect(engine="streaming"))
    return pl.concat(found)

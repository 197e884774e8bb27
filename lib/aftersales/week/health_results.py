"""What the pages on the shop's data need, each computed once: the account of the files, days, buyers, lineage."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from math import exp

import polars as pl

from aftersales.findings.finding import Finding
from aftersales.findings.health import data_health, file_account
from aftersales.measures.coverage import GAP_CHANCE, buyer_keys, empty_days, known_orders
from aftersales.week.kept import kept_frame
from aftersales.week.span import Span

# The times that say to which day a row of a table belongs; the first one known counts.
DAY_OF: dict[str, tuple[str, ...]] = {
    "orders": ("created_at", "paid_at"), "refunds": ("applied_at",), "complaints": ("filed_at",),
    "parcels": ("at",), "messages": ("sent_at",), "traffic": ("day",), "money": ("at",),
}  # fmt: skip
DATED = ("evidence", "products")  # tables a shop may add that no day can be missing from
EVERY_DAY = ("traffic",)  # one row a day whatever happens, so that a day without one is missing
# A refund, a parcel or a payout follows its order; one that begins within three weeks of the first order is no late one.
START_LAG_DAYS = 21
# exp(-20) is far below `GAP_CHANCE`: more rows a day make a silence no odder, only the count of them dearer.
ROWS_TOLD_APART = 20


class HealthResults(Span):
    """What is known of a shop's own data. Frames are in no language."""

    @cached_property
    def data_findings(self) -> list[Finding]:
        """What is missing or odd in the data, in the order of what it costs; one that says so where nothing is."""
        names = [name for name in self.tables.commit.versions if name != "lineage"]
        return data_health({name: self.tables[name] for name in names}, until=self.until)

    @kept_frame
    def files_account(self) -> pl.DataFrame:
        """What became of the rows of every file."""
        return file_account(self.tables["files"], self._aside_now)

    @property
    def _aside_now(self) -> pl.LazyFrame:
        """Rows set aside by the readings that stand; a file read again after a correction counts as read last."""
        standing = self.tables["files"].select("file", "import_id")
        return self.tables["set_aside"].join(standing, on=["file", "import_id"], how="semi")

    @kept_frame
    def aside_reasons(self) -> pl.DataFrame:
        """Why rows were set aside: reason, rows, files, file, row, column (of one example); most rows first."""
        first = pl.struct("file", "row", "column").sort_by("file", "row").first().alias("example")
        return (
            self._aside_now.group_by("reason")
            .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("file").n_unique().cast(pl.Int64).alias("files"), first)
            .unnest("example")
            .sort("rows", "reason", descending=[True, False])
            .collect()
        )

    @kept_frame
    def held(self) -> pl.DataFrame:
        """What the shop has: table, rows, first_day, last_day (null where rows bear no day), up to the report's week."""
        found = []
        for name in (*DAY_OF, *DATED):
            days = self._rows_per_day(name) if name in DAY_OF else None
            dated = days is not None and not days.is_empty()
            rows = self.tables[name].select(pl.len().cast(pl.Int64)).collect(engine="streaming").item()
            ends = (days["day"].min(), days["day"].max()) if days is not None and dated else (None, None)
            found.append((name, rows, *ends))
        kinds = {"table": pl.String, "rows": pl.Int64, "first_day": pl.Date, "last_day": pl.Date}
        return pl.DataFrame(found, schema=kinds, orient="row")

    @kept_frame
    def covered_days(self) -> pl.DataFrame:
        """Every day from the first order to the report's Sunday, for every kind of data the shop has with days.

        Columns: kind, day, rows, covered. A day without rows is covered where the kind's pace makes so long a silence
        likely (`measures.coverage.empty_days`); kinds that write a row every day are covered only by one.
        """
        orders = self._rows_per_day("orders")
        kinds = {"kind": pl.String, "day": pl.Date, "rows": pl.Int64, "covered": pl.Boolean}
        if orders.is_empty():
            return pl.DataFrame(schema=kinds)
        first: date = orders["day"].min()  # type: ignore[assignment]
        every = pl.DataFrame({"day": pl.date_range(first, self.until, "1d", eager=True)})
        parts = []
        for kind in DAY_OF:
            days = self._rows_per_day(kind).filter(pl.col("day") >= first)
            if not days.is_empty():
                missing = _missing_days(days, kind=kind, first=first, last=self.until)
                rows = every.join(days, on="day", how="left", maintain_order="left").with_columns(
                    pl.lit(kind).alias("kind"), pl.col("rows").fill_null(0),
                    covered=~pl.col("day").is_in(missing.implode()),
                )  # fmt: skip
                parts.append(rows.select(*kinds))
        return pl.concat(parts)

    def _rows_per_day(self, name: str) -> pl.DataFrame:
        table = self.tables[name]
        types = table.collect_schema()
        days = [pl.col(c) if types[c] == pl.Date else pl.col(c).dt.date() for c in DAY_OF[name]]
        return (
            table.group_by(day=pl.coalesce(days))
            .agg(rows=pl.len().cast(pl.Int64))
            .filter(pl.col("day") <= self.until)
            .collect(engine="streaming")
            .sort("day")
        )

    @kept_frame
    def weeks_lacking(self) -> pl.DataFrame:
        """Weeks with missing days: kind, week (Monday), days (missing), first_day (missing); newest week first."""
        lacking = self.covered_days.filter(~pl.col("covered"))
        return (
            lacking.group_by("kind", week=pl.col("day").dt.truncate("1w"), maintain_order=True)
            .agg(days=pl.len().cast(pl.Int64), first_day=pl.col("day").min())
            .sort("week", descending=True, maintain_order=True)
        )

    @kept_frame
    def buyer_quality(self) -> pl.DataFrame:
        """How well buyers can be told apart: quality, orders, share."""
        return buyer_keys(self.tables["orders"])

    @kept_frame
    def orders_known(self) -> pl.DataFrame:
        """Refunds and complaints by whether their order is there: table, rows, unknown, share_unknown."""
        found = [
            known_orders(self.tables[name]).select(pl.lit(name).alias("table"), pl.all())
            for name in ("refunds", "complaints")
        ]
        return pl.concat(found).filter(pl.col("rows") > 0)

    @kept_frame
    def rows_by_origin(self) -> pl.DataFrame:
        """From how many rows of how many files each table was filled: table, files, rows (read into it), merged."""
        return (
            self.tables["lineage"]
            .group_by("table")
            .agg(
                files=pl.col("file").n_unique().cast(pl.Int64), rows=pl.len().cast(pl.Int64),
                merged=pl.col("merged").sum().cast(pl.Int64),
            )
            .sort("rows", "table", descending=[True, False])
            .collect(engine="streaming")
        )  # fmt: skip

    @cached_property
    def imports(self) -> pl.DataFrame:
        """The states the store went through up to this one, newest first: commit, made_at, action, files, rows_read.

        ``action`` is import, undo or create; files and rows are those of an import, null otherwise.
        """
        pinned, zone = self.tables.commit.number, self.shop.tz
        found = []
        for commit in self.tables.store.commits():
            action = commit.action.split(" ")[0]
            read = [f for f in commit.account if not f.get("error")] if action == "import" else None
            counts = (len(read), sum(int(f["rows_read"]) for f in read)) if read is not None else (None, None)
            if commit.number <= pinned:
                found.append((commit.number, commit.made_at.astimezone(zone), action, *counts))
        kinds = {
            "commit": pl.Int64, "made_at": pl.Datetime("us", self.shop.zone), "action": pl.String, "files": pl.Int64,
            "rows_read": pl.Int64,
        }  # fmt: skip
        return pl.DataFrame(found, schema=kinds, orient="row").sort("commit", descending=True)


def _missing_days(days: pl.DataFrame, *, kind: str, first: date, last: date) -> pl.Series:
    """The days without rows, from ``first`` to ``last``, that the pace of the kind does not explain."""
    every = pl.date_range(first, last, "1d", eager=True)
    silent = every.filter(~every.is_in(days["day"].implode()))
    if kind in EVERY_DAY:
        return silent
    told = days.select(
        order_id=pl.int_ranges(pl.col("rows").clip(upper_bound=ROWS_TOLD_APART)), created_at=pl.col("day")
    )
    gaps = empty_days(told.explode("order_id"), until=last).filter("odd").select("first_day", "last_day").rows()
    begun, ended = days["day"].min(), days["day"].max()
    pace = days["rows"].sum() / ((ended - begun).days + 1)  # type: ignore[operator]
    lag = 0 if kind == "orders" else START_LAG_DAYS
    late, early = (begun - first).days - lag, (last - ended).days  # type: ignore[operator]
    if late > 0 and exp(-late * pace) < GAP_CHANCE:
        gaps.append((first, begun - timedelta(days=1)))  # type: ignore[operator]
    if early > 0 and exp(-early * pace) < GAP_CHANCE:
        gaps.append((ended + timedelta(days=1), last))  # type: ignore[operator]
    inside = pl.Series([False] * len(silent), dtype=pl.Boolean)
    for since, until in gaps:
        inside = inside | ((silent >= since) & (silent <= until))
    return silent.filter(inside)

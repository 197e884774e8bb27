"""What the pages on the shop's data need, each computed once: the account of the files, days, buyers, lineage."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.findings.damage import damages, lacking_weeks
from aftersales.findings.finding import Finding, as_frame, of_frame
from aftersales.findings.health import HEALTH_TABLES, data_health, file_account
from aftersales.measures.coverage import buyer_keys, days_covered, empty_days, known_orders
from aftersales.measures.rates import weeks_without_amounts
from aftersales.week.cache import cached_frame, whole_frame
from aftersales.week.span import Span
from aftersales.words.periods import week_label

# The times that say to which day a row of a table belongs; the first one known counts.
DAY_OF: dict[str, tuple[str, ...]] = {
    "orders": ("created_at", "paid_at"), "refunds": ("applied_at",), "complaints": ("filed_at",),
    "parcels": ("at",), "messages": ("sent_at",), "traffic": ("day",), "money": ("at",),
}  # fmt: skip
DATED = ("evidence", "products")  # tables a shop may add that no day can be missing from
# The verbs that leave a state of the store; each has a word under data_health.action.
ACTIONS = ("create", "import", "undo", "decide", "case", "erase", "withdraw", "confirm", "tidy")
EVERY_DAY = ("traffic",)  # one row a day whatever happens, so that a day without one is missing


class HealthResults(Span):
    """What is known of a shop's own data. Frames are in no language."""

    @cached_property
    def data_findings(self) -> list[Finding]:
        """What is missing or odd in the data, in the order of what it costs; one that says so where nothing is."""
        return of_frame(self.data_findings_kept)

    @cached_frame
    def data_findings_kept(self) -> pl.DataFrame:
        """The same as rows (`findings.finding.as_frame`)."""
        there = [name for name in HEALTH_TABLES if name in self.tables.commit.versions]
        tables = {name: self.tables.parts(name) if name == "orders" else self.tables[name] for name in there}
        known = {"without_orders": self.days_without_orders, "told_apart": self.buyer_quality}
        return as_frame(data_health(tables, until=self.until, market=self.shop.market, **known))

    @property
    def damage(self) -> list[Finding]:
        """Those of `data_findings` that leave nothing to be relied on in this week."""
        return damages(self.data_findings, week=self.week)

    @whole_frame
    def weeks_unsound(self) -> pl.DataFrame:
        """The weeks of each weekly measure that rest on days or amounts that the files lack."""
        found = lacking_weeks(self.data_findings)
        unknown = weeks_without_amounts(self.tables.parts("orders"), self.tables["refunds"], until=self.until)
        unknown = unknown.select(
            measure=pl.lit("refund_rate_money"), week=week_label("week"), none_left=pl.lit(value=False)
        )
        return pl.concat([found, unknown]).unique(["measure", "week"], keep="first").sort("measure", "week")

    @cached_frame
    def files_account(self) -> pl.DataFrame:
        """What became of the rows of every file."""
        return file_account(self.tables["files"], self._aside_now)

    @property
    def _aside_now(self) -> pl.LazyFrame:
        """Rows set aside by the readings that stand; a file read again after a correction counts as read last."""
        standing = self.tables["files"].select("file", "import_id")
        return self.tables["set_aside"].join(standing, on=["file", "import_id"], how="semi")

    @cached_frame
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

    @cached_frame
    def left_out(self) -> pl.DataFrame:
        """Files that are in no table: file, state (unreadable, not_export, duplicate), code, why; unreadable first."""
        order = pl.col("state").replace_strict({"unreadable": 0, "duplicate": 1, "not_export": 2}, default=3)
        rows = self.tables["left_out"].filter(pl.col("state") != "opened")
        return rows.sort(order, "file").select("file", "state", "code", "why").collect()

    @cached_frame
    def held(self) -> pl.DataFrame:
        """What the shop has: table, rows, first_day, last_day (up to the report's week, null without days)."""
        found = []
        for name in (*DAY_OF, *DATED):
            days = self._rows_per_day(name) if name in DAY_OF else None
            dated = days is not None and not days.is_empty()
            rows = self.tables[name].select(pl.len().cast(pl.Int64)).collect(engine="streaming").item()
            ends = (days["day"].min(), days["day"].max()) if days is not None and dated else (None, None)
            found.append((name, rows, *ends))
        kinds = {"table": pl.String, "rows": pl.Int64, "first_day": pl.Date, "last_day": pl.Date}
        return pl.DataFrame(found, schema=kinds, orient="row")

    @cached_frame
    def covered_days(self) -> pl.DataFrame:
        """Every day from the first order to the report's Sunday, for every kind of data the shop has with days.

        Columns: kind, then those of `measures.coverage.days_covered`; orders lack the days that the findings tell of.
        """
        orders = self._rows_per_day("orders")
        first: date = orders["day"].min() or self.until  # type: ignore[assignment]
        parts = {
            kind: days_covered(
                self._rows_per_day(kind),
                first=first,
                last=self.until,
                market=self.shop.market,
                every_day=kind in EVERY_DAY,
            ).select(pl.lit(kind).alias("kind"), pl.all())
            for kind in DAY_OF
        }
        parts["orders"] = _with_gaps(parts["orders"], self.days_without_orders.filter("odd"))
        return pl.concat(parts.values())

    @cached_frame
    def days_without_orders(self) -> pl.DataFrame:
        """Runs of days without an order, odd or not (`measures.coverage.empty_days`)."""
        return empty_days(self.tables.parts("orders"), until=self.until, market=self.shop.market)

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

    @property
    def _lacking(self) -> pl.DataFrame:
        """The days of the last sixty weeks that a kind lacks since it began."""
        return self.covered_days.filter(~pl.col("covered"), pl.col("begun"), pl.col("day") >= self.since)

    @cached_frame
    def other_gaps(self) -> pl.DataFrame:
        """Days lacking that `data_findings` does not tell: kind, days, first_day, last_day (lacking).

        The findings tell of days without orders between those with some, so that orders are here after their last day.
        """
        ends = self.covered_days.filter(pl.col("rows") > 0).group_by("kind").agg(ended=pl.col("day").max())
        return (
            self._lacking.join(ends, on="kind", how="left", maintain_order="left")
            .filter((pl.col("kind") != "orders") | (pl.col("day") > pl.col("ended")))
            .group_by("kind", maintain_order=True)
            .agg(days=pl.len().cast(pl.Int64), first_day=pl.col("day").min(), last_day=pl.col("day").max())
        )

    @cached_frame
    def weeks_lacking(self) -> pl.DataFrame:
        """Weeks that lack days, since the kind began: kind, week (Monday), days (lacking), first_day; newest first."""
        return (
            self._lacking.group_by("kind", week=pl.col("day").dt.truncate("1w"), maintain_order=True)
            .agg(days=pl.len().cast(pl.Int64), first_day=pl.col("day").min())
            .sort("week", descending=True, maintain_order=True)
        )

    @cached_frame
    def buyer_quality(self) -> pl.DataFrame:
        """How well buyers can be told apart: quality, orders, share."""
        return buyer_keys(self.tables.parts("orders"))

    @cached_frame
    def orders_known(self) -> pl.DataFrame:
        """Refunds and complaints by whether their order is there: table, rows, unknown, share_unknown."""
        found = [
            known_orders(self.tables[name]).select(pl.lit(name).alias("table"), pl.all())
            for name in ("refunds", "complaints")
        ]
        return pl.concat(found).filter(pl.col("rows") > 0)

    @cached_frame
    def rows_by_origin(self) -> pl.DataFrame:
        """From how many rows of how many files each table was filled: table, files, rows (read into it), merged."""
        return (
            self.tables["lineage"]
            .group_by("table")
            .agg(
                files=pl.col("file").n_unique().cast(pl.Int64),
                rows=pl.len().cast(pl.Int64),
                merged=pl.col("merged").sum().cast(pl.Int64),
            )
            .sort("rows", "table", descending=[True, False])
            .collect(engine="streaming")
        )

    @cached_property
    def imports(self) -> pl.DataFrame:
        """The states the store went through up to this one, newest first: commit, made_at, action, files, rows_read.

        ``action`` is the verb that made the state (`ACTIONS`), ``other`` where a newer program wrote one that is not
        known here; files and rows are those of an import, null otherwise.
        """
        pinned, zone = self.tables.commit.number, self.shop.tz
        found = []
        for commit in self.tables.store.commits():
            verb = commit.action.split(" ")[0]
            action = verb if verb in ACTIONS else "other"
            read = [f for f in commit.account if not f.get("error")] if action == "import" else None
            counts = (len(read), sum(int(f["rows_read"]) for f in read)) if read is not None else (None, None)
            if commit.number <= pinned:
                found.append((commit.number, commit.made_at.astimezone(zone), action, *counts))
        kinds: dict[str, Any] = {
            "commit": pl.Int64, "made_at": pl.Datetime("us", self.shop.zone), "action": pl.String, "files": pl.Int64,
            "rows_read": pl.Int64,
        }  # fmt: skip
        return pl.DataFrame(found, schema=kinds, orient="row").sort("commit", descending=True)


def _with_gaps(days: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """The days of orders with those gaps between days with orders, which the findings tell, and no others there."""
    told = gaps.select(day=pl.date_ranges("first_day", "last_day")).explode("day")["day"]
    inside = pl.col("day") <= pl.col("day").filter(pl.col("rows") > 0).max()
    covered = pl.when(inside).then(~pl.col("day").is_in(told.implode())).otherwise("covered")
    return days.with_columns(covered=covered)

"""What a replay leaves: its curve over the thresholds, the one chosen, and whether it is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import polars as pl

from aftersales.words.language import Language, catalogue, say

Answer = Literal["worth", "not_worth", "cannot_say"]

# The older share of the time that thresholds are chosen on; the rest is what is reported.
OLDER_SHARE = 0.7
# Fewer cases than this resample into an interval that means nothing.
LEAST_CASES = 20
# Thresholds within a tenth of the best net on the older part are equally good; among them the mildest is taken.
FLAT_WITHIN = 0.1
DAYS_A_MONTH = 30.0
MONEY_COLUMNS = ("saved", "lost", "net")
COLUMNS = {
    "threshold": pl.Float64, "bad_orders": pl.Int64, "bad_stopped": pl.Int64, "stopped_share": pl.Float64,
    "stopped_share_low": pl.Float64, "stopped_share_high": pl.Float64, "good_orders": pl.Int64,
    "good_hurt": pl.Int64, "good_hurt_share": pl.Float64, "good_hurt_a_month": pl.Float64, "reviews": pl.Int64,
    **{f"{name}{end}": pl.Float64 for name in MONEY_COLUMNS for end in ("", "_low", "_high")},
    "break_even_substitution": pl.Float64, "net_older": pl.Float64, "known_share": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Replay:
    """A rule's replay: its curve over the thresholds (``table``), the one chosen, and whether it is worth it.

    ``answer``: worth (the net's whole 90 % interval above zero), not_worth (net not above zero, or no threshold pays),
    cannot_say (the interval holds zero, or under twenty bad cases in the newest part). ``row`` is the chosen
    threshold's row; ``provinces`` are those that a restriction of regions names at it; ``since`` and ``until`` the days
    of the newest part; ``sources`` what says that orders are bad, with how many orders in the newest part each;
    ``unpriced`` the number of orders whose money is not known: they count at the mean of the others, and where there
    are no others nothing can be said.
    """

    rule: str
    answer: Answer
    threshold: float | None
    bad_cases: int
    table: pl.DataFrame = field(repr=False)
    provinces: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    sources: tuple[tuple[str, int], ...] = ()
    unpriced: int = 0

    @property
    def row(self) -> dict:
        """The row of the chosen threshold; empty where none was chosen."""
        rows = (
            self.table.filter(pl.col("threshold") == self.threshold)
            if self.threshold is not None
            else self.table.clear()
        )
        return rows.row(0, named=True) if rows.height else {}

    @property
    def shown(self) -> dict:
        """The row to show: the chosen threshold's; where none pays, the one that came nearest on the older part."""
        return self.row or nearest(self.table) or {}

    def headline(self, language: Language, *, currency: str = "CNY") -> str:
        """What the rule would have done; where it would be taken up, that abusers may go round it."""
        bad = say(f"advice.bad.{self.rule}", language)
        if self.unpriced and self.table.is_empty():
            return say("advice.replay.no_money", language, orders=self.unpriced)
        if self.bad_cases < LEAST_CASES:
            return say("advice.replay.too_few", language, cases=self.bad_cases, needed=LEAST_CASES, bad=bad)
        if not self.row:
            key = "no_threshold" if self.answer == "not_worth" else "no_threshold_cannot_say"
            return say(
                f"advice.replay.{key}",
                language,
                currency=currency,
                **{**self.shown, "bad": bad, "cases": self.bad_cases},
            )
        said = say(self._own(self.answer), language, currency=currency, **{**self.row, "bad": bad})
        if self.unpriced:
            said += say(self._own("unpriced"), language, orders=self.unpriced)
        return said if self.answer == "not_worth" else said + say(self._own("evasion"), language)

    def _own(self, words: str) -> str:
        """The rule's own words where it has some, else those of every rule."""
        own = f"advice.replay.{self.rule}.{words}"
        return own if own in catalogue() else f"advice.replay.{words}"


_RECORD: dict[str, Any] = {
    "rule": pl.String, "answer": pl.String, "chosen": pl.Float64, "bad_cases": pl.Int64,
    "provinces": pl.List(pl.String), "since": pl.Date, "until": pl.Date,
    "sources": pl.List(pl.Struct({"source": pl.String, "orders": pl.Int64})), "unpriced": pl.Int64,
}  # fmt: skip


def as_frame(replays: Mapping[str, Replay]) -> pl.DataFrame:
    """Replays as one frame, so that they can be kept: the rows of their curves, each behind its replay's own facts.

    >>> kept = as_frame({"purchase_limit": Replay("purchase_limit", "cannot_say", None, 4, with_flat(
    ...     pl.DataFrame(schema=COLUMNS)))})
    >>> of_frame(kept)["purchase_limit"].bad_cases, of_frame(kept)["purchase_limit"].table.height
    (4, 0)
    """
    facts = pl.DataFrame(
        [
            (
                r.rule,
                r.answer,
                r.threshold,
                r.bad_cases,
                list(r.provinces),
                r.since,
                r.until,
                [{"source": source, "orders": orders} for source, orders in r.sources],
                r.unpriced,
            )
            for r in replays.values()
        ],
        schema=_RECORD,
        orient="row",
    )
    rows = [r.table.select(pl.lit(r.rule).alias("rule"), pl.all()) for r in replays.values()]
    curves = pl.concat([pl.DataFrame(schema={"rule": pl.String, **COLUMNS, "flat": pl.Boolean}), *rows])
    return facts.join(curves, on="rule", how="left", maintain_order="left_right")


def of_frame(kept: pl.DataFrame) -> dict[str, Replay]:
    """The replays of `as_frame`, by rule, in their order."""
    return {
        str(rule): Replay(
            rule=row["rule"],
            answer=row["answer"],
            threshold=row["chosen"],
            bad_cases=row["bad_cases"],
            table=part.drop(_RECORD.keys()).filter(pl.col("threshold").is_not_null()),
            provinces=tuple(row["provinces"]),
            since=row["since"],
            until=row["until"],
            sources=tuple((s["source"], s["orders"]) for s in row["sources"]),
            unpriced=row["unpriced"],
        )
        for (rule,), part in kept.group_by("rule", maintain_order=True)
        for row in [part.row(0, named=True)]
    }


def with_flat(table: pl.DataFrame) -> pl.DataFrame:
    """The table with ``flat``: thresholds whose net on the older part is within a tenth of the best, if that pays."""
    best = table["net_older"].max()
    if best is None or best <= 0:  # type: ignore[operator]
        return table.with_columns(flat=pl.lit(value=False))
    return table.with_columns(flat=pl.col("net_older") >= (1 - FLAT_WITHIN) * pl.lit(best))


def nearest(table: pl.DataFrame) -> dict | None:
    """The row of the threshold that came nearest to paying on the older part, of those that stop anything."""
    if table.is_empty():
        return None
    stopping = table.filter(pl.col("bad_stopped") > 0)
    ranked = (stopping if stopping.height else table).sort("net_older", descending=True, maintain_order=True)
    return ranked.row(0, named=True)


def answer_of(table: pl.DataFrame, threshold: float | None, cases: int) -> Answer:
    """The answer of a replay with the threshold chosen (None where none pays), and the cases of the newest part.

    Where none paid on the older part, the nearest must not have paid on the newest either to be called not worth it.
    """
    if cases < LEAST_CASES:
        return "cannot_say"
    if threshold is None:
        row = nearest(table)
        return "cannot_say" if row is not None and row["net"] > 0 else "not_worth"
    row = table.filter(pl.col("threshold") == threshold).row(0, named=True)
    if row["net_low"] > 0:
        return "worth"
    return "not_worth" if row["net"] <= 0 else "cannot_say"

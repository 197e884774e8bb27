"""What carries the week's change: slices that stand out, and the exact split into volume, mix and rate."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from aftersales.findings.drivers import change_parts, told_drivers
from aftersales.findings.driving_segments import driving_segments
from aftersales.findings.standing import gone_drivers, with_driver_standing
from aftersales.measures.places import beta_prior
from aftersales.measures.rates import refund_rate
from aftersales.measures.requests import has_refund_dates
from aftersales.week.kept import kept_frame
from aftersales.week.span import Span
from aftersales.words.language import Language

# Below so many orders a cell of the province-by-courier table is too small to say anything of its own.
LEAST_CELL_ORDERS = 30


class DriverResults(Span):
    """Driver results of a shop's week."""

    @kept_frame
    def driving_segments(self) -> pl.DataFrame:
        """The slices that carry the week's rise, in numbers."""
        return driving_segments(self.tables.parts("orders"), self.tables["refunds"], week=self.week)

    @kept_frame
    def driving_segments_before(self) -> pl.DataFrame:
        """Last week's slices, computed as of then."""
        return driving_segments(self.tables.parts("orders"), self.tables["refunds"], week=self.week.shift(-1))

    def drivers(self, language: Language) -> pl.DataFrame:
        """The slices that carry the week's rise, told in that language, with how they stand against last week's."""
        return with_driver_standing(
            told_drivers(self.driving_segments, language=language), self.driving_segments_before
        )

    def drivers_gone(self, language: Language) -> pl.DataFrame:
        """Last week's slices that carry no rise any more, told as of then."""
        return told_drivers(gone_drivers(self.driving_segments, self.driving_segments_before), language=language)

    @kept_frame
    def change_by_product(self) -> pl.DataFrame:
        """The week's requests against the week before by product: volume, mix and rate sum to the whole change.

        No rows where refunds have no dates.
        """
        if not has_refund_dates(self.tables["refunds"]):
            numbers = ("events_before", "events_after", "change", "volume", "mix", "rate")
            return pl.DataFrame(schema={"product_id": pl.String} | dict.fromkeys(numbers, pl.Float64))
        return change_parts(self.tables.parts("orders"), self.tables["refunds"], week=self.week, by="product_id")

    @cached_property
    def province_courier(self) -> pl.DataFrame:
        """Refund rate by province and courier over twelve weeks, drawn to the shop's; small cells are marked few."""
        by = ["province", "courier"]
        rows = refund_rate(
            self.tables.parts("orders"), self.tables["refunds"], by=by, until=self.until, since=self.quarter
        ).drop_nulls(by)
        asked, paid = (rows[c].to_numpy().astype(float) for c in ("refund_orders", "paid_orders"))
        if not len(paid):
            return rows.with_columns(shrunk_rate=pl.lit(None, dtype=pl.Float64), few=pl.lit(True))
        alpha, beta = beta_prior(asked, paid)
        return rows.with_columns(
            shrunk_rate=pl.Series((asked + alpha) / (paid + alpha + beta)),
            few=pl.col("paid_orders") < LEAST_CELL_ORDERS,
        )

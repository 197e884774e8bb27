"""What carries the week's change, which slices have been worse for weeks, and the split into volume, mix and rate."""

from __future__ import annotations

import polars as pl

from aftersales.findings.drivers import change_parts, told_drivers, told_persistent
from aftersales.findings.driving_segments import driving_segments
from aftersales.findings.persistent_slices import persistent_slices
from aftersales.findings.standing import gone_drivers, with_driver_standing, with_persistent_standing
from aftersales.measures.places import beta_prior
from aftersales.measures.rates import refund_rate
from aftersales.measures.requests import has_refund_dates
from aftersales.week.cache import cached_frame
from aftersales.week.span import QUARTER_WEEKS, Span
from aftersales.words.language import Language
from aftersales.words.periods import Week

# Below so many orders a cell of the province-by-courier table is too small to say anything of its own.
LEAST_CELL_ORDERS = 30


class DriverResults(Span):
    """Driver results of a shop's week."""

    product_views: pl.DataFrame
    product_views_before: pl.DataFrame
    problem_products: pl.DataFrame
    order_maturity: pl.DataFrame
    orders_set_aside: pl.DataFrame | None
    costs_weekly: pl.DataFrame

    @cached_frame
    def driving_segments(self) -> pl.DataFrame:
        """The slices that carry the week's rise, in numbers."""
        return driving_segments(self.tables.parts("orders"), self.tables["refunds"], week=self.week)

    @cached_frame
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

    @cached_frame
    def persistent_slices(self) -> pl.DataFrame:
        """The slices that have been worse than expected over four to twelve weeks, in numbers."""
        _ = self.problem_products  # with it the counts of products, which these rest on too, are let go
        return self._persistent(self.week, self.product_views, self.order_maturity)

    @cached_frame
    def persistent_slices_before(self) -> pl.DataFrame:
        """The same as of the week before; delays are taken as they are known now."""
        aged = self.order_maturity.with_columns(pl.col("cohort").dt.offset_by("-1w"))
        return self._persistent(self.week.shift(-1), self.product_views_before, aged)

    def _persistent(self, week: Week, views: pl.DataFrame, maturity: pl.DataFrame) -> pl.DataFrame:
        return persistent_slices(
            self.tables.parts("orders"),
            self.tables["refunds"],
            week=week,
            market=self.shop.market,
            views=views,
            maturity=maturity,
            costs=self.costs_weekly.filter(pl.col("cohort") >= self.quarter),
            set_aside=self.orders_set_aside,
        )

    def persistent(self, language: Language) -> pl.DataFrame:
        """The slices that have been worse for weeks, told in that language, with how they stand against last week's."""
        told = told_persistent(self.persistent_slices, language=language, currency=self.shop.currency)
        return with_persistent_standing(told, self.persistent_slices_before)

    def persistent_gone(self, language: Language) -> pl.DataFrame:
        """Last week's persistent slices that are no more, told as of then."""
        gone = gone_drivers(self.persistent_slices, self.persistent_slices_before)
        return told_persistent(gone, language=language, currency=self.shop.currency)

    def all_drivers(self, language: Language) -> pl.DataFrame:
        """The rows of drivers.parquet: what carries the week's rise, then what has been worse for weeks."""
        return pl.concat([self.drivers(language), self.persistent(language)], how="diagonal")

    @cached_frame
    def change_by_product(self) -> pl.DataFrame:
        """The week's requests against the week before by product: volume, mix and rate sum to the whole change.

        No rows where refunds have no dates.
        """
        if not has_refund_dates(self.tables["refunds"]):
            numbers = ("events_before", "events_after", "change", "volume", "mix", "rate")
            return pl.DataFrame(schema={"product_id": pl.String} | dict.fromkeys(numbers, pl.Float64))
        return change_parts(self.tables.parts("orders"), self.tables["refunds"], week=self.week, by="product_id")

    def province_courier(self, *, weeks: int = QUARTER_WEEKS) -> pl.DataFrame:
        """Refund rate by province and courier over some weeks, drawn to the shop's; small cells are marked few."""
        by, since = ["province", "courier"], self.week.shift(1 - weeks).monday
        rows = refund_rate(
            self.tables.parts("orders"), self.tables["refunds"], by=by, until=self.until, since=since
        ).drop_nulls(by)
        asked, paid = (rows[c].to_numpy().astype(float) for c in ("refund_orders", "paid_orders"))
        if not len(paid):
            return rows.with_columns(shrunk_rate=pl.lit(None, dtype=pl.Float64), few=pl.lit(True))
        alpha, beta = beta_prior(asked, paid)
        return rows.with_columns(
            shrunk_rate=pl.Series((asked + alpha) / (paid + alpha + beta)),
            few=pl.col("paid_orders") < LEAST_CELL_ORDERS,
        )

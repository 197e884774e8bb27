"""What a week's product page needs, each computed once: views, the list, its weeks, what left it, what is too small."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from aftersales.findings.orders import orders_from_timing_and_keys_alone
from aftersales.findings.product_counts import ProductCounts, product_counts
from aftersales.findings.product_funnel import Funnel, product_funnel
from aftersales.findings.product_views import product_views
from aftersales.findings.product_weeks import product_weeks
from aftersales.findings.products import (
    gone_products,
    listed,
    problem_products,
    series_scopes,
    unjudged_products,
    with_of_sku,
)
from aftersales.week.cache import cached_frame, chosen_frame, whole_frame
from aftersales.week.span import HALF_YEAR_WEEKS, Span

_RULE = ("product_weeks", "worse_than", "fdr")


class ProductResults(Span):
    """Product results of a shop's week. Frames are in no language."""

    costs_weekly: pl.DataFrame
    order_evidence: pl.DataFrame
    confirmed_orders: pl.DataFrame

    @cached_property
    def product_counts(self) -> ProductCounts:
        """Orders, requests and maturity by product, SKU and batch."""
        return product_counts(
            self.tables.parts("orders"), self.tables["refunds"], week=self.week, market=self.shop.market
        )

    @cached_frame
    def order_maturity(self) -> pl.DataFrame:
        """How much of the delays has passed, by stratum, payment week and outcome (`ProductCounts.maturity`)."""
        return self.product_counts.maturity

    @whole_frame
    def orders_set_aside(self) -> pl.DataFrame:
        """Orders suspected by timing and shared keys alone, never by their refunds, so that no rate is bent by it.

        With them those of cases that the platform found for the shop: these were judged by people, not by a score.
        """
        suspected = orders_from_timing_and_keys_alone(
            self.tables["orders"], self.tables["refunds"], week=self.week, evidence=self.order_evidence
        )
        return pl.concat([suspected, self.confirmed_orders.select("order_id")]).unique().sort("order_id")

    @chosen_frame(*_RULE)
    def product_views(self) -> pl.DataFrame:
        """Every product, SKU and batch from every side, and which views fire."""
        return product_views(
            self.tables.parts("orders"),
            self.tables["refunds"],
            week=self.week,
            market=self.shop.market,
            counts=self.product_counts,
            set_aside=self.orders_set_aside,
            **self._rule,
        )

    @chosen_frame(*_RULE)
    def product_views_before(self) -> pl.DataFrame:
        """The same as of the week before, for what is new, better or gone."""
        return product_views(
            self.tables.parts("orders"),
            self.tables["refunds"],
            week=self.week.shift(-1),
            market=self.shop.market,
            set_aside=self.orders_set_aside,
            **self._rule,
        )

    @property
    def _rule(self) -> dict[str, Any]:
        """By what rule a view of a product fires."""
        chosen = self.options
        return {"weeks": chosen.product_weeks, "worse": chosen.worse_than, "target": chosen.fdr}

    @cached_property
    def product_funnel(self) -> Funnel:
        """All products against their categories, and from where on one is listed."""
        limits = self.funnel_limits
        centre = float(limits["centre"][0]) if limits.height else 0.0
        return Funnel(self.funnel_points, limits.drop("centre"), centre)

    @chosen_frame(*_RULE)
    def funnel_points(self) -> pl.DataFrame:
        """The products of the funnel."""
        return self._funnel.points

    @chosen_frame(*_RULE)
    def funnel_limits(self) -> pl.DataFrame:
        """The limits of the funnel, with ``centre``, the shop's rate."""
        return self._funnel.limits.with_columns(centre=pl.lit(self._funnel.centre))

    @cached_property
    def _funnel(self) -> Funnel:
        return product_funnel(self.product_views, worse=self.options.worse_than)

    @chosen_frame(*_RULE)
    def problem_products(self) -> pl.DataFrame:
        """The list; its headlines are written anew in each language."""
        before = self.product_views_before  # first: beside the counts of this week there is no room for a second week's
        costs = self.costs_weekly.filter(pl.col("cohort") >= self.quarter)
        found = problem_products(
            self.tables["orders"],
            self.tables["refunds"],
            week=self.week,
            market=self.shop.market,
            costs=costs,
            counts=self.product_counts,
            views=self.product_views,
            before=before,
        )
        self._let_counts_go()
        return found

    def _let_counts_go(self) -> None:
        """A large shop's counts take gigabytes: what else rests on them is computed now, and then they are not held."""
        _ = self.problem_product_weeks, self.order_maturity
        self.__dict__.pop("product_counts", None)

    @chosen_frame(*_RULE)
    def problem_product_weeks(self) -> pl.DataFrame:
        """Half a year of weeks of each listed product, or of the SKU that its story is about."""
        rows = with_of_sku(listed(self.product_views), self.product_counts)
        return product_weeks(self.product_counts, series_scopes(rows), week=self.week, weeks=HALF_YEAR_WEEKS)

    @chosen_frame(*_RULE)
    def gone_products(self) -> pl.DataFrame:
        """Products that left the list since last week."""
        return gone_products(self.product_views, self.product_views_before)

    @chosen_frame(*_RULE)
    def unjudged_products(self) -> pl.DataFrame:
        """Products too small to judge."""
        return unjudged_products(self.product_views)

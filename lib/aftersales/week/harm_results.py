"""What suspected and confirmed cases do to a shop: its indicators without them, and its visitors before and after."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from aftersales.measures.case_outcomes import members_by_outcome
from aftersales.measures.harm import indicators_without
from aftersales.measures.visitors import visitors_after, visitors_after_all
from aftersales.week.cache import cached_frame
from aftersales.week.span import Span


class HarmResults(Span):
    """Harm in a shop's week. Frames are in no language."""

    @cached_frame
    def indicators_without(self) -> pl.DataFrame:
        """Indicators of the quarter with all orders, without those of confirmed cases, and without suspected ones too.

        Confirmed is what the platform found for the shop; the orders of complaint cases are among both sets.
        """
        of = self.tables
        return indicators_without(
            of["orders"],
            of["refunds"],
            of["complaints"],
            since=self.quarter,
            until=self.until,
            aside={"without_confirmed": self._confirmed_aside, "without_suspected": self._all_aside},
        )

    @cached_frame
    def visitors_after_attacks(self) -> pl.DataFrame:
        """Visitors before and after each suspected or confirmed case of the quarter (`visitors_after`), newest first.

        With ``confirmed``: whether the platform found for the shop.
        """
        every = self._first_days
        listed = self.suspicious_orders(self.shop.language[0])  # type: ignore[attr-defined]
        won = self.confirmed_orders["case_id"].unique()  # type: ignore[attr-defined]
        mine = every.filter(
            pl.col("case_id").is_in(listed["case_id"].unique().implode()) | pl.col("case_id").is_in(won.implode()),
            pl.col("first_day").is_between(self.quarter, self.until),
        ).sort("first_day", "case_id", descending=[True, False])
        others = every.filter(~pl.col("case_id").is_in(mine["case_id"].implode()))["first_day"].to_list()
        table = visitors_after(self.tables["traffic"], mine, until=self.until, market=self.shop.market, others=others)
        return table.with_columns(confirmed=pl.col("case_id").is_in(won.implode()))

    @cached_property
    def visitors_after_all(self) -> dict[str, Any]:
        """The same over all cases ever suspected together, back to the beginning of the data."""
        days = self._first_days["first_day"].to_list()
        return visitors_after_all(self.tables["traffic"], days, until=self.until, market=self.shop.market)

    @cached_property
    def _first_days(self) -> pl.DataFrame:
        """The first day of each case ever suspected, the earliest first."""
        ever: pl.DataFrame = self.ever_suspected  # type: ignore[attr-defined]
        first_days = ever.group_by("case_id").agg(first_day=pl.col("created_at").min().dt.date())
        return first_days.sort("first_day", "case_id")

    @cached_property
    def _confirmed_aside(self) -> pl.Series:
        of = self.tables
        told = members_by_outcome(of["cases"], of["case_members"], outcome="confirmed", kind="complaint")
        named = of["complaints"].filter(pl.col("complaint_id").is_in(told["complaint_id"].implode())).select("order_id")
        orders = self.confirmed_orders["order_id"]  # type: ignore[attr-defined]
        return pl.concat([orders, named.collect()["order_id"]]).drop_nulls().unique()

    @cached_property
    def _all_aside(self) -> pl.Series:
        language = self.shop.language[0]
        orders = self.suspicious_orders(language)["order_id"]  # type: ignore[attr-defined]
        complaints = self.suspicious_complaints(language)["order_id"]  # type: ignore[attr-defined]
        return pl.concat([self._confirmed_aside, orders, complaints]).drop_nulls().unique()

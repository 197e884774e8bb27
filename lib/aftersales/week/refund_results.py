"""What a week's refund pages need, each computed once: rates by cohort, requests, reasons, kinds, places, costs."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

import polars as pl

from aftersales.findings.contract import SIGNAL_WEEKS
from aftersales.findings.estimates import weekly_estimates
from aftersales.findings.request_rate import as_estimates, as_seen, request_rate
from aftersales.findings.signals import judged
from aftersales.findings.standing import with_signal_standing
from aftersales.findings.weekly_measures import observed_measures
from aftersales.measures.cohort_shares import cohort_shares
from aftersales.measures.costs import refund_costs
from aftersales.measures.places import rate_by_place
from aftersales.measures.rates import refund_rate
from aftersales.measures.reasons import Split, mix_against_usual, refund_mix, weekly_requests
from aftersales.measures.requests import has_refund_dates
from aftersales.measures.surveillance import surveillance
from aftersales.week.cache import cached_frame
from aftersales.week.span import HALF_YEAR_WEEKS, QUARTER_WEEKS, Span
from aftersales.words.periods import week_label

COHORT_WEEKS = 10  # curves that can be told apart on one chart; older ones say the same
MONTHS_BACK = 14  # twelve on the chart, and the two that begin and end within them


class RefundResults(Span):
    """Refund results of a shop's week. Frames are in no language; columns are those of the measures they come from."""

    orders_set_aside: pl.DataFrame | None
    weeks_unsound: pl.DataFrame

    @property
    def dated(self) -> bool:
        """Whether the files say when refunds were asked for."""
        return has_refund_dates(self.tables["refunds"])

    @cached_frame
    def signals(self) -> pl.DataFrame:
        """Every weekly measure with its estimate and verdict; headlines null, as they belong to a language.

        Weeks that rest on days the files lack (column ``lacking``) are not judged, nor is any other week by them.
        """
        complaints = self.tables["complaints"] if self.has_complaints else None
        orders, refunds = self.tables.parts("orders"), self.tables["refunds"]
        seen = observed_measures(orders, refunds, complaints=complaints, week=self.week)
        market = self.shop.market
        estimates = weekly_estimates(orders, refunds, complaints=complaints, week=self.week, market=market)
        lacking = self.weeks_unsound
        if estimates.is_empty():
            return with_signal_standing(judged(seen, lacking=lacking))
        by_request = self.request_rate_weekly
        seen = pl.concat([as_seen(by_request, week=self.week), seen])
        estimates = pl.concat([as_estimates(by_request), estimates])
        estimates = estimates.with_columns(_week=week_label("week"))
        estimates = estimates.join(
            lacking, left_on=["measure", "_week"], right_on=["measure", "week"], how="anti", maintain_order="left"
        ).drop("_week")
        verdicts = surveillance(estimates, week=self.week, market=market, weeks=SIGNAL_WEEKS)
        return with_signal_standing(judged(seen, estimates=estimates, verdicts=verdicts, lacking=lacking))

    @cached_frame
    def request_rate_weekly(self) -> pl.DataFrame:
        """The refund rate by the week of asking, all weeks there are."""
        orders, refunds = self.tables.parts("orders"), self.tables["refunds"]
        return request_rate(orders, refunds, week=self.week, market=self.shop.market)

    @property
    def request_rate_monthly(self) -> pl.DataFrame:
        """The refund rate by month of asking: the weeks that begin in it, together (month, value)."""
        months = self.request_rate_weekly.group_by(month=pl.col("week").dt.truncate("1mo")).agg(
            pl.col("events", "exposure").sum()
        )
        return months.select("month", value=pl.col("events") / pl.col("exposure")).sort("month")

    @property
    def has_complaints(self) -> bool:
        """Whether any complaint is on record."""
        return self.tables["complaints"].select(pl.len()).collect().item() > 0

    @cached_frame
    def cohorts(self) -> pl.DataFrame:
        """How the refunds of the last ten payment weeks came in with age."""
        since = self.week.shift(1 - COHORT_WEEKS).monday
        return cohort_shares(self.tables.parts("orders"), self.tables["refunds"], since=since, until=self.until)

    @cached_frame
    def quarter_with_and_without(self) -> pl.DataFrame:
        """The last twelve payment weeks together: all orders, and without those set aside as suspected.

        Columns: orders ("all", "without_suspected"), paid_orders, refund_orders, rate, set_aside (how many orders).
        """
        orders, refunds = self.tables.parts("orders"), self.tables["refunds"]
        aside = self.orders_set_aside
        ids = pl.DataFrame(schema={"order_id": pl.String}) if aside is None else aside.select("order_id").unique()
        rows, rest = [], [part.join(ids.lazy(), on="order_id", how="anti") for part in orders]
        for name, kept in (("all", orders), ("without_suspected", rest)):
            weeks = refund_rate(kept, refunds, by="week", until=self.until, since=self.quarter)
            paid, asked = int(weeks["paid_orders"].sum()), int(weeks["refund_orders"].sum())
            rows.append((name, paid, asked, asked / paid if paid else None))
        found = pl.DataFrame(rows, schema=["orders", "paid_orders", "refund_orders", "rate"], orient="row")
        return found.with_columns(set_aside=pl.col("paid_orders").max() - pl.col("paid_orders"))

    @cached_frame
    def refund_rate_weekly(self) -> pl.DataFrame:
        """Refund rate by the week of payment."""
        return refund_rate(
            self.tables.parts("orders"), self.tables["refunds"], by="week", until=self.until, since=self.since
        )

    @cached_frame
    def refund_rate_monthly(self) -> pl.DataFrame:
        """Refund rate by the month of payment."""
        first = (self.until.replace(day=1) - timedelta(days=31 * (MONTHS_BACK - 1))).replace(day=1)
        return refund_rate(
            self.tables.parts("orders"), self.tables["refunds"], by="month", until=self.until, since=first
        )

    @cached_frame
    def refund_rate_daily(self) -> pl.DataFrame:
        """Refund rate by the day of payment, the last six weeks."""
        since = self.week.shift(-5).monday
        return refund_rate(self.tables.parts("orders"), self.tables["refunds"], by="day", until=self.until, since=since)

    @cached_frame
    def requests_by_phase(self) -> pl.DataFrame:
        """Refund requests by week and phase."""
        return weekly_requests(self.tables["refunds"], until=self.until, by="phase", since=self.half_year)

    @cached_frame
    def requests_by_kind(self) -> pl.DataFrame:
        """Refund requests by week and kind."""
        return weekly_requests(self.tables["refunds"], until=self.until, by="kind", since=self.half_year)

    def requests_by(self, split: Split, *, weeks: int) -> pl.DataFrame:
        """Refund requests of the last weeks, by week and phase, kind, reason …"""
        if weeks == HALF_YEAR_WEEKS and split in ("phase", "kind"):
            return self.requests_by_phase if split == "phase" else self.requests_by_kind
        since = self.week.shift(1 - weeks).monday
        return weekly_requests(self.tables["refunds"], until=self.until, by=split, since=since)

    def rate_by(self, column: str, *, weeks: int) -> pl.DataFrame:
        """Refund rate by province, courier, category … over the last weeks, small ones drawn to the shop's own rate."""
        kept = {"province": "provinces", "courier": "couriers"}.get(column)
        if kept and weeks == QUARTER_WEEKS:
            found: pl.DataFrame = getattr(self, kept)
            return found
        since = self.week.shift(1 - weeks).monday
        return rate_by_place(
            self.tables.parts("orders"), self.tables["refunds"], by=column, until=self.until, since=since
        )

    @cached_property
    def titles(self) -> dict[str, str]:
        """What each product was called last, by its id."""
        named = self.tables["orders"].select("product_id", "title", "paid_at").drop_nulls(["product_id", "title"])
        return dict(named.group_by("product_id").agg(pl.col("title").sort_by("paid_at").last()).collect().iter_rows())

    @cached_frame
    def reasons_against_usual(self) -> pl.DataFrame:
        """Requests of the week by reason, beside the six weeks before."""
        return mix_against_usual(self.tables["refunds"], by="reason", week=self.week)

    @cached_frame
    def reasons(self) -> pl.DataFrame:
        """The last twelve weeks' requests by reason."""
        return refund_mix(self.tables["refunds"], by="reason", until=self.until, since=self.quarter)

    @cached_frame
    def provinces(self) -> pl.DataFrame:
        """Refund rate by province over the last twelve weeks, small ones drawn to the shop's own rate."""
        return rate_by_place(
            self.tables.parts("orders"), self.tables["refunds"], by="province", until=self.until, since=self.quarter
        )

    @cached_frame
    def couriers(self) -> pl.DataFrame:
        """Refund rate by courier over the last twelve weeks."""
        return rate_by_place(
            self.tables.parts("orders"), self.tables["refunds"], by="courier", until=self.until, since=self.quarter
        )

    @cached_frame
    def costs_weekly(self) -> pl.DataFrame:
        """What refunds cost beside the money handed back, by week."""
        costs = self.shop.costs
        money = self.tables["money"]
        known = money.select(pl.len()).collect().item() > 0
        return refund_costs(
            self.tables["orders"],
            self.tables["refunds"],
            freight_out=costs.freight_out,
            freight_back=costs.freight_back,
            handling=costs.handling,
            share_not_resold=costs.share_not_resold,
            money=money if known else None,
            by="week",
            until=self.until,
            since=self.since,
        )
